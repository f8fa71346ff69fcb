//! `worker templates list`

use std::{collections::BTreeMap, process::ExitCode};

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::cli::{
    Failure,
    output::{self, Output, Record},
};
use sqlx::PgPool;

use crate::{
    store::templates::{self, Content, Mapped},
    templates::Verdict,
};

pub(super) async fn run(pool: &PgPool, output: Output) -> Result<ExitCode, Failure> {
    let mapped = templates::mapped(pool).await.map_err(Failure::statement)?;
    let unmapped = templates::unmapped(pool).await.map_err(Failure::statement)?;
    let mut rows: Vec<Row> = mapped.into_iter().map(Row::of_mapped).collect();
    rows.extend(unmapped.into_iter().map(Row::of_content));
    output::print(&output::records("templates/1", &rows, output)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The field names are a published schema: add to it, never rename. The first five are null for a template that is not
/// mapped.
#[derive(Serialize)]
struct Row {
    kind: Option<&'static str>,
    slot: Option<&'static str>,
    language: Option<&'static str>,
    channel: Option<&'static str>,
    variant: Option<&'static str>,
    content_sid: String,
    name: String,
    /// Meta's language code.
    template_language: String,
    category: String,
    /// As Twilio writes it.
    status: String,
    /// Whether it may be sent, or why not; `not_mapped` for a template that is not mapped.
    state: &'static str,
    /// The field of each placeholder; null for a placeholder that has none.
    variables: BTreeMap<String, Option<String>>,
    rejection_reason: String,
    changed_at: DateTime<Utc>,
    mapped_at: Option<DateTime<Utc>>,
}

impl Row {
    fn of_mapped(mapped: Mapped) -> Self {
        let (state, place) = (Verdict::of(&mapped).state(), mapped.place);
        let mut row = Self {
            kind: Some(place.kind.as_str()),
            slot: Some(place.slot.as_str()),
            language: Some(place.language.as_str()),
            channel: Some(place.channel.as_str()),
            variant: Some(place.variant.as_str()),
            state,
            mapped_at: Some(mapped.mapped_at),
            ..Self::of_content(mapped.content)
        };
        row.variables.extend(mapped.variables.into_iter().map(|(name, field)| (name, Some(field))));
        row
    }

    fn of_content(content: Content) -> Self {
        Self {
            kind: None,
            slot: None,
            language: None,
            channel: None,
            variant: None,
            content_sid: content.content_sid,
            name: content.friendly_name,
            template_language: content.template_language,
            category: content.category,
            status: content.status,
            state: "not_mapped",
            variables: content.placeholders.into_iter().map(|name| (name, None)).collect(),
            rejection_reason: content.rejection_reason,
            changed_at: content.changed_at,
            mapped_at: None,
        }
    }

    fn variables(&self) -> String {
        let each = self.variables.iter().map(|(name, field)| match field {
            Some(field) => format!("{name}={field}"),
            None => name.clone(),
        });
        each.collect::<Vec<_>>().join(" ")
    }
}

impl Record for Row {
    const COLUMNS: &'static [&'static str] = &[
        "kind",
        "slot",
        "language",
        "variant",
        "content_sid",
        "name",
        "template_language",
        "category",
        "status",
        "state",
        "variables",
    ];

    fn cells(&self) -> Vec<String> {
        let place = [self.kind, self.slot, self.language, self.variant];
        let mut cells: Vec<String> = place.map(|word| word.unwrap_or("-").to_owned()).to_vec();
        let texts = [&self.content_sid, &self.name, &self.template_language, &self.category, &self.status];
        cells.extend(texts.into_iter().cloned());
        cells.extend([self.state.to_owned(), self.variables()]);
        cells
    }
}
