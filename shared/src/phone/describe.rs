//! Describes a number: its entry in the numbering plan, and whether it would be texted.

use std::fmt;

use super::{Assessment, Region, Rejection, read};

/// The description of a text that may be a phone number.
#[derive(Clone, PartialEq, Eq)]
pub struct Description {
    /// The number in E.164 form; `None` if it is not valid.
    pub e164: Option<String>,
    /// Whether the numbering plan contains it.
    pub valid: bool,
    /// libphonenumber's name of the line type: `UNKNOWN` for a number outside the plan, empty for a text that is not a
    /// number.
    pub line_type: &'static str,
    /// Why it would not be texted. Valid numbers can have a reason too.
    pub reason: Option<Rejection>,
}

/// Does not show the number.
impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Description");
        shown.field("valid", &self.valid).field("line_type", &self.line_type);
        shown.field("reason", &self.reason).finish_non_exhaustive()
    }
}

/// Describes a text without trimming it. The result agrees with [`super::normalise`].
pub fn describe(raw: &str, region: Region) -> Description {
    let Assessment { reading, refusal } = match read(raw, region) {
        Ok(found) => found,
        Err(why) => return Description { e164: None, valid: false, line_type: "", reason: Some(why) },
    };
    let valid = reading.is_valid();
    Description {
        e164: valid.then(|| reading.e164_text()),
        valid,
        line_type: reading.line_type.as_str(),
        reason: refusal,
    }
}
