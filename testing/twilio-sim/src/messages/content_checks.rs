//! The checks of `ContentSid` and `ContentVariables` that Twilio makes at once.

use crate::api_error::ApiError;
use crate::content::{Contents, Variables};
use crate::form::Form;

use super::checks::Chosen;

/// The content that a create call names. Errors 21655, 21656 and 21658, in the order of the error pages' numbers;
/// the true order is not documented.
pub(super) fn choose(contents: &Contents, form: &Form) -> Result<Option<Chosen>, ApiError> {
    let Some(sid) = form.filled("ContentSid") else { return Ok(None) };
    let content = contents.get(sid).ok_or_else(|| ApiError::of(21655))?;
    let variables = match form.filled("ContentVariables") {
        Some(text) => Variables::read(text).map_err(ApiError::of)?,
        None => Variables::default(),
    };
    let late_error = variables.late_error(&content);
    let values = variables.with_samples(&content);
    Ok(Some(Chosen { content, values, late_error }))
}
