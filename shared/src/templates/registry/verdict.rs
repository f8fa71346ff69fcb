//! Whether a mapped template may be sent now.

use std::{collections::BTreeSet, fmt};

use super::{ApprovalStatus, Content, Mapped};
use crate::templates::{Field, Language, Unfit, variables};

/// The answer for one mapping. Everything but `Sendable` holds back the messages of this template only, and ends by itself
/// when Twilio's list says so, or with a new mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be sent.
    Sendable,
    /// Twilio does not list it any more.
    Removed,
    /// Its approval has another status.
    NotApproved(ApprovalStatus),
    /// Twilio refused a message with this code about the template.
    Held(i32),
    /// Its category is not that of the mapping.
    Recategorised {
        /// At the time of the mapping.
        mapped: String,
        /// As the last walk found it.
        now: String,
    },
    /// Its language is not that of the mapping.
    OtherLanguage {
        /// At the time of the mapping.
        mapped: String,
        /// As the last walk found it.
        now: String,
    },
    /// Its placeholders are not those of the mapping.
    Misfit(Unfit),
    /// A field is not known to this release.
    UnknownField(String),
}

impl Verdict {
    /// The names of all states, as metrics have them.
    pub const STATES: [&'static str; 12] = [
        "sendable",
        "removed",
        "unsubmitted",
        "received",
        "pending",
        "rejected",
        "paused",
        "disabled",
        "unknown",
        "held",
        "recategorised",
        "changed",
    ];

    /// Judges a mapping by the content that it names.
    pub fn of(mapped: &Mapped) -> Self {
        let Content { template_language, category, status, placeholders, removed_at, held_code, .. } =
            &mapped.content;
        let status = ApprovalStatus::parse(status);
        let placeholders: BTreeSet<String> = placeholders.iter().cloned().collect();
        let unknown = mapped.variables.values().find(|field| field.parse::<Field>().is_err());
        if removed_at.is_some() {
            Self::Removed
        } else if status != ApprovalStatus::Approved {
            Self::NotApproved(status)
        } else if let Some(code) = held_code {
            Self::Held(*code)
        } else if *category != mapped.mapped_category {
            Self::Recategorised { mapped: mapped.mapped_category.clone(), now: category.clone() }
        } else if *template_language != mapped.mapped_language {
            Self::OtherLanguage { mapped: mapped.mapped_language.clone(), now: template_language.clone() }
        } else if let Err(unfit) = variables::check_names(&placeholders, mapped.variables.keys()) {
            Self::Misfit(unfit)
        } else if let Some(field) = unknown {
            Self::UnknownField(field.clone())
        } else {
            Self::Sendable
        }
    }

    /// The name of the state, one of [`Verdict::STATES`].
    pub fn state(&self) -> &'static str {
        match self {
            Self::Sendable => "sendable",
            Self::Removed => "removed",
            Self::Held(_) => "held",
            Self::Recategorised { .. } => "recategorised",
            Self::OtherLanguage { .. } | Self::Misfit(_) | Self::UnknownField(_) => "changed",
            Self::NotApproved(status) => match status {
                ApprovalStatus::Unsubmitted => "unsubmitted",
                ApprovalStatus::Received => "received",
                ApprovalStatus::Pending => "pending",
                ApprovalStatus::Rejected => "rejected",
                ApprovalStatus::Paused => "paused",
                ApprovalStatus::Disabled => "disabled",
                ApprovalStatus::Approved | ApprovalStatus::Other(_) => "unknown",
            },
        }
    }

    /// Whether it may be sent.
    pub fn is_sendable(&self) -> bool {
        *self == Self::Sendable
    }

    /// What a person can do; empty for `Sendable`.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Sendable => "",
            Self::Removed => "restore it in Twilio's console, or map another one",
            Self::NotApproved(ApprovalStatus::Unsubmitted) => "submit it for approval in Twilio's console",
            Self::NotApproved(ApprovalStatus::Received | ApprovalStatus::Pending) => {
                "wait for Meta's review, mostly under an hour"
            }
            Self::NotApproved(ApprovalStatus::Rejected) => "see the reason, make a new template, and map it",
            Self::NotApproved(ApprovalStatus::Paused) => {
                "wait: Meta ends a pause after some hours. Map a second variant with other words"
            }
            Self::NotApproved(ApprovalStatus::Disabled) => "make a new template with other words, and map it",
            Self::NotApproved(_) => "see the template in Twilio's console",
            Self::Held(_) => "wait for the next sync, or see the template in Twilio's console",
            Self::Recategorised { .. } => "map it again to send it at the new price, or appeal at Meta",
            Self::OtherLanguage { .. } | Self::Misfit(_) | Self::UnknownField(_) => "map it again",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sendable => f.write_str("sendable"),
            Self::Removed => f.write_str("removed at Twilio"),
            Self::NotApproved(status) => f.write_str(status.as_str()),
            Self::Held(code) => write!(f, "held after error {code}"),
            Self::Recategorised { mapped, now } => {
                write!(f, "category {} instead of {}", shown(now), shown(mapped))
            }
            Self::OtherLanguage { mapped, now } => {
                write!(f, "language {} instead of {}", shown(now), shown(mapped))
            }
            Self::Misfit(unfit) => unfit.fmt(f),
            Self::UnknownField(field) => write!(f, "this release does not know the field {field}"),
        }
    }
}

fn shown(word: &str) -> &str {
    if word.is_empty() { "none" } else { word }
}

/// What may happen to a text that is filed under the code of another language. `None`: it is filed under its own. Meta has
/// no code for Nepali (its list of supported languages, May 2026), so every Nepali text is filed under another language.
pub fn language_risk(language: Language, template_language: &str) -> Option<String> {
    let own = template_language.split(['_', '-']).next().unwrap_or_default();
    let risk = || {
        format!("a text in `{language}` is filed under `{}`: Meta may reject it", shown(template_language))
    };
    (own != language.as_str()).then(risk)
}

#[cfg(test)]
mod tests;
