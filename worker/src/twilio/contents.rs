//! The templates of the account with their approvals: one walk over `ContentAndApprovals`
//! (Twilio's OpenAPI document, content_v1). The Content API has no other call that returns all approvals.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use shared::{
    json::Object,
    templates::{ContentSid, placeholders},
};

use super::answer::parse_object;
use super::client::Client;
use super::fault::ReadFault;
use super::loose::Loose;
use super::meter::Operation;
use shared::templates::registry::ApprovalStatus;

/// The largest page that Twilio gives.
const PAGE_SIZE: u16 = 1_000;
/// Twilio approves at most 6,000 templates of an account (Twilio docs, "Content template limits"). Others may stand beside
/// them. A longer list has no end.
const MOST_PAGES: usize = 50;
/// A thousand contents of two types, whose texts are written with escapes, stay below.
const PAGE_LIMIT: usize = 32 * 1024 * 1024;
/// Characters of a name or of a reason that are kept.
const LONGEST_TEXT: usize = 512;

/// A template, and whether WhatsApp approved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentRecord {
    pub(crate) sid: ContentSid,
    pub(crate) friendly_name: String,
    /// Meta's code, such as `hi` or `en_GB`.
    pub(crate) language: String,
    /// In capitals, such as `UTILITY`; empty before a submission.
    pub(crate) category: String,
    pub(crate) status: ApprovalStatus,
    /// Meta's word and a text; empty unless it was rejected.
    pub(crate) rejection_reason: String,
    /// Of the texts of all types. The samples may lack some.
    pub(crate) placeholders: BTreeSet<String>,
    /// The longest body of all types.
    pub(crate) body: String,
    pub(crate) updated_at: Option<DateTime<Utc>>,
}

/// A walk did not reach the end of the list, so it proves nothing about what it did not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WalkFault {
    #[error(transparent)]
    Read(#[from] ReadFault),
    #[error("Twilio returned the same page of templates twice")]
    Repeated,
    #[error("Twilio's list of templates did not end after {MOST_PAGES} pages")]
    Endless,
    #[error("the walk over the templates did not end within the time limit")]
    TooSlow,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    contents: Vec<Object<RawContent<'a>>>,
    meta: Object<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    /// Null on the last page. A page without it is not complete.
    #[serde(deserialize_with = "present")]
    next_page_url: Option<String>,
}

/// Null or a text, but not absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

#[derive(Deserialize)]
struct RawContent<'a> {
    #[serde(borrow, default)]
    sid: Loose<'a>,
    #[serde(borrow, default)]
    friendly_name: Loose<'a>,
    #[serde(borrow, default)]
    language: Loose<'a>,
    #[serde(default)]
    types: Value,
    #[serde(borrow, default)]
    approval_requests: Option<Object<RawApproval<'a>>>,
    #[serde(borrow, default)]
    date_updated: Loose<'a>,
}

#[derive(Default, Deserialize)]
struct RawApproval<'a> {
    #[serde(borrow, default)]
    category: Loose<'a>,
    #[serde(borrow, default)]
    status: Loose<'a>,
    #[serde(borrow, default)]
    rejection_reason: Loose<'a>,
}

impl RawContent<'_> {
    /// `None` for a content without a SID: the page is damaged.
    fn read(self) -> Option<ContentRecord> {
        let approval = self.approval_requests.map_or_else(RawApproval::default, |Object(approval)| approval);
        let mut texts = Vec::new();
        collect_texts(&self.types, &mut texts);
        let names = texts.into_iter().flat_map(placeholders::names_in).map(clean);
        Some(ContentRecord {
            sid: self.sid.as_str()?.parse().ok()?,
            friendly_name: text(&self.friendly_name),
            language: text(&self.language),
            category: text(&approval.category).to_uppercase(),
            status: ApprovalStatus::parse(approval.status.as_str().unwrap_or_default()),
            rejection_reason: text(&approval.rejection_reason),
            placeholders: names.collect(),
            body: longest_body(&self.types).replace('\0', "\u{fffd}"),
            updated_at: self.date_updated.as_str().and_then(date),
        })
    }
}

fn text(loose: &Loose<'_>) -> String {
    clean(loose.as_str().unwrap_or_default().trim())
}

/// The beginning of a text, without NUL, which Postgres cannot hold.
fn clean(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

/// Every text inside a value.
fn collect_texts<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| collect_texts(field, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn longest_body(types: &Value) -> String {
    let types = types.as_object().into_iter().flat_map(serde_json::Map::values);
    let bodies = types.filter_map(|content| content.get("body")?.as_str());
    bodies.max_by_key(|body| body.chars().count()).unwrap_or_default().to_owned()
}

/// RFC 3339 as in all examples, or RFC 2822 as the schema says (Twilio's OpenAPI document, content_v1).
fn date(text: &str) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text));
    date.ok().map(|date| date.with_timezone(&Utc))
}

impl Client {
    /// All templates of the account, by their SIDs. Fails unless the walk reached the end of the list.
    pub(crate) async fn walk_contents(&self) -> Result<Vec<ContentRecord>, WalkFault> {
        let mut found: BTreeMap<ContentSid, ContentRecord> = BTreeMap::new();
        let mut asked = HashSet::new();
        let mut next = Some(self.endpoints.contents(PAGE_SIZE));
        while let Some(url) = next {
            if asked.len() == MOST_PAGES {
                return Err(WalkFault::Endless);
            }
            if !asked.insert(url.clone()) {
                return Err(WalkFault::Repeated);
            }
            let body = self.read_large(Operation::Contents, url, PAGE_LIMIT).await?;
            let page: Page<'_> = parse_object(&body).ok_or(ReadFault::Unreadable)?;
            let records: Option<Vec<_>> = page.contents.into_iter().map(|Object(raw)| raw.read()).collect();
            let records = records.ok_or(ReadFault::Unreadable)?;
            // A content that was added meanwhile moves one across the border of two pages. A page of which all are known
            // was returned twice.
            if !records.is_empty() && records.iter().all(|record| found.contains_key(&record.sid)) {
                return Err(WalkFault::Repeated);
            }
            found.extend(records.into_iter().map(|record| (record.sid.clone(), record)));
            let Object(meta) = page.meta;
            next = match meta.next_page_url {
                Some(uri) => Some(self.endpoints.next_contents(&uri).ok_or(ReadFault::ForeignPage)?),
                None => None,
            };
        }
        Ok(found.into_values().collect())
    }
}
