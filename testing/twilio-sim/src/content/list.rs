//! `GET /v1/Content`, `/v1/ContentAndApprovals`, `/v1/LegacyContent`, and the v2 lists with their filters.

use std::sync::Arc;

use chrono::DateTime;
use serde_json::{Value, json};

use super::model::Content;
use super::view;
use crate::api_error::ApiError;
use crate::app::App;
use crate::form::Form;
use crate::meta_page::Listing;
use crate::server::{Call, ContentList, Reply};

const FILTERS: [&str; 9] = [
    "SortByDate",
    "SortByContentName",
    "DateCreatedAfter",
    "DateCreatedBefore",
    "ContentName",
    "Content",
    "Language",
    "ContentType",
    "ChannelEligibility",
];

/// One page of a list; filters and order apply to v2 alone.
pub(crate) fn list(app: &App, call: &Call, kind: ContentList) -> Reply {
    answer(app, call, kind).unwrap_or_else(|error| error.reply())
}

fn answer(app: &App, call: &Call, kind: ContentList) -> Result<Reply, ApiError> {
    let (now, step) = (app.clock.now_ms(), app.contents.step_ms());
    let filtered = call.path.starts_with("/v2/");
    let mut contents = app.contents.all();
    if filtered {
        let filter = Filter::read(&call.query)?;
        contents.retain(|content| filter.admits(content, now, step));
        sort(&mut contents, &call.query);
    }
    let view = |content: &Content| match kind {
        ContentList::Plain => view::content(content),
        ContentList::WithApprovals => view::with_approval(content, now, step),
        ContentList::Legacy => json!({}),
    };
    if kind == ContentList::Legacy {
        // No content of the simulator was made before the Content API.
        contents.clear();
    }
    let listing = Listing {
        host: "https://content.twilio.com",
        path: &call.path,
        key: "contents",
        default_size: 50,
        filters: if filtered { &FILTERS } else { &[] },
        items: contents.iter().map(|content| (content.sid.clone(), view(content))).collect(),
    };
    listing.page(&call.query, call.effects.page)
}

/// The filters of v2. Twilio reads `ContentName` and `Content` as regular expressions, the simulator as plain text.
struct Filter<'a> {
    after_ms: Option<i64>,
    before_ms: Option<i64>,
    name: Option<&'a str>,
    text: Option<&'a str>,
    languages: Vec<&'a str>,
    types: Vec<&'a str>,
    eligible: Vec<&'a str>,
}

impl<'a> Filter<'a> {
    fn read(query: &'a Form) -> Result<Self, ApiError> {
        let date = |name| {
            let read = |text| DateTime::parse_from_rfc3339(text).map_err(|_| ApiError::of(20001));
            query.filled(name).map(|text| read(text).map(|time| time.timestamp_millis())).transpose()
        };
        Ok(Self {
            after_ms: date("DateCreatedAfter")?,
            before_ms: date("DateCreatedBefore")?,
            name: query.filled("ContentName"),
            text: query.filled("Content"),
            languages: query.all("Language"),
            types: query.all("ContentType"),
            eligible: query.all("ChannelEligibility"),
        })
    }

    fn admits(&self, content: &Content, now_ms: i64, step_ms: i64) -> bool {
        let any = |wanted: &[&str], found: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|value| found(value))
        };
        let eligibility = format!("whatsapp:{}", content.approval.status(now_ms, step_ms));
        let body = |text: &str| Value::Object(content.types.clone()).to_string().contains(text);
        self.after_ms.is_none_or(|after| content.created_ms >= after)
            && self.before_ms.is_none_or(|before| content.created_ms <= before)
            && self.name.is_none_or(|name| content.friendly_name.contains(name))
            && self.text.is_none_or(body)
            && any(&self.languages, &|language| content.language == language)
            && any(&self.types, &|name| content.types.contains_key(name))
            && any(&self.eligible, &|wanted| eligibility == wanted)
    }
}

fn sort(contents: &mut [Arc<Content>], query: &Form) {
    let order = |name: &str| query.filled(name).map(str::to_ascii_lowercase);
    match order("SortByDate").as_deref() {
        Some("desc") => contents.sort_by_key(|content| std::cmp::Reverse(content.updated_ms)),
        Some(_) => contents.sort_by_key(|content| content.updated_ms),
        None => {}
    }
    match order("SortByContentName").as_deref() {
        Some("desc") => contents.sort_by(|one, two| two.friendly_name.cmp(&one.friendly_name)),
        Some(_) => contents.sort_by(|one, two| one.friendly_name.cmp(&two.friendly_name)),
        None => {}
    }
}
