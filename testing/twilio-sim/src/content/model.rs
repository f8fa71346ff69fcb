//! One content: a text in several forms, with placeholders.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::approval::{Approval, ApprovalOrder};

/// A content of the account, or of another one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    /// `HX` and 32 hex digits.
    pub(crate) sid: String,
    pub(crate) account_sid: String,
    pub(crate) friendly_name: String,
    pub(crate) language: String,
    /// The sample value of each placeholder.
    pub(crate) variables: BTreeMap<String, String>,
    /// The forms, such as `twilio/text`, each with its fields.
    pub(crate) types: Map<String, Value>,
    pub(crate) created_ms: i64,
    pub(crate) updated_ms: i64,
    pub(crate) approval: Approval,
}

/// The fields that a change sets; all others stay.
#[derive(Debug, Clone, Default)]
pub(crate) struct ContentChange {
    pub(crate) friendly_name: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) variables: Option<BTreeMap<String, String>>,
    pub(crate) types: Option<Map<String, Value>>,
    pub(crate) approval: ApprovalOrder,
    /// When the content is submitted for approval, in milliseconds since the Unix epoch.
    pub(crate) submitted_ms: Option<i64>,
}

impl Content {
    pub(super) fn change(&mut self, change: ContentChange, now_ms: i64) {
        if let Some(name) = change.friendly_name {
            self.friendly_name = name;
        }
        if let Some(language) = change.language {
            self.language = language;
        }
        if let Some(variables) = change.variables {
            self.variables = variables;
        }
        if let Some(types) = change.types {
            self.types = types;
        }
        self.approval.apply(change.approval);
        self.approval.submitted_ms = change.submitted_ms.or(self.approval.submitted_ms);
        self.updated_ms = now_ms;
    }
}
