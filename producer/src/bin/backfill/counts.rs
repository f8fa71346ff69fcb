//! The counts of users in the report, and the quota of users that may still be enqueued.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use shared::{
    domain::decision::{SkipReason, Wait},
    phone::Rejection,
    templates::Category,
};

use crate::{
    channels::{By, Message},
    plan::{Action, Expect},
};

/// Users by the reason why their number cannot be texted.
pub(crate) type ByReason = BTreeMap<Cow<'static, str>, u64>;

/// Users by the language of their welcome.
pub(crate) type ByLanguage = BTreeMap<Cow<'static, str>, u64>;

/// Processed users by action. A run stores the counts with its cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) enqueued: Enqueued,
    pub(crate) skipped: Skipped,
    /// Numbers whose E.164 form differs from the typed text.
    pub(crate) changed_by_normalising: u64,
    /// Users that WhatsApp could reach, if a template could be sent in their language.
    #[serde(default)]
    pub(crate) missing_templates: ByLanguage,
}

impl Counts {
    /// The sum of all counts.
    pub(crate) fn total(&self) -> u64 {
        self.enqueued.total + self.skipped.total
    }
}

/// Enqueued users, by the expected result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Enqueued {
    pub(crate) total: u64,
    pub(crate) welcome: u64,
    pub(crate) already_welcomed: u64,
    pub(crate) shared_phone: u64,
    pub(crate) suppressed: u64,
    pub(crate) rejected: ByReason,
    /// Users who wait for a consent.
    #[serde(default)]
    pub(crate) no_consent: u64,
    /// Users who wait for a template of WhatsApp that may be sent.
    #[serde(default)]
    pub(crate) no_template: u64,
    /// Users that no allowed channel reaches for now.
    #[serde(default)]
    pub(crate) unreachable: u64,
    /// Users who wait for room on WhatsApp.
    #[serde(default)]
    pub(crate) channel_full: u64,
    /// Segments of the messages for `welcome` that go by SMS.
    pub(crate) segments: u64,
    /// The messages for `welcome`, by channel.
    #[serde(default)]
    pub(crate) channels: Channels,
}

/// Messages by channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Channels {
    pub(crate) sms: u64,
    /// Of those, messages that go by SMS because WhatsApp takes no more people.
    pub(crate) sms_after_waiting: u64,
    pub(crate) whatsapp: u64,
    /// Those by WhatsApp, by the category of their template.
    pub(crate) whatsapp_categories: ByReason,
    /// Segments that those by WhatsApp take if none of them arrives and all go by SMS.
    pub(crate) segments_in_place: u64,
}

/// Skipped users, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Skipped {
    pub(crate) total: u64,
    pub(crate) already_welcomed: u64,
    pub(crate) shared_phone: u64,
    pub(crate) suppressed: u64,
    pub(crate) rejected: ByReason,
    pub(crate) failed: u64,
    pub(crate) scheduled: u64,
    pub(crate) queued: u64,
    pub(crate) inactive: u64,
}

impl Enqueued {
    pub(crate) fn count(&mut self, expect: Expect) {
        self.total += 1;
        match expect {
            Expect::Welcome(message) => {
                self.welcome += 1;
                self.message(message);
            }
            Expect::AlreadyWelcomed => self.already_welcomed += 1,
            Expect::SharedPhone => self.shared_phone += 1,
            Expect::Suppressed => self.suppressed += 1,
            Expect::Rejected(why) => add(&mut self.rejected, why.as_str()),
            Expect::Waits(Wait::NoTemplate) => self.no_template += 1,
            Expect::Waits(Wait::Unreachable) => self.unreachable += 1,
            Expect::Waits(Wait::ChannelFull | Wait::ChannelHeld) => self.channel_full += 1,
            Expect::Waits(Wait::NoConsent | Wait::Quiet | Wait::Conversation) => self.no_consent += 1,
        }
    }

    fn message(&mut self, message: Message) {
        let (channels, segments) = (&mut self.channels, u64::from(message.segments));
        match message.by {
            By::Sms => channels.sms += 1,
            By::SmsAfterWaiting => {
                channels.sms += 1;
                channels.sms_after_waiting += 1;
            }
            By::Whatsapp(category) => {
                channels.whatsapp += 1;
                channels.segments_in_place += segments;
                add(&mut channels.whatsapp_categories, category.map_or(OTHER, Category::as_str));
                return;
            }
        }
        self.segments += segments;
    }
}

impl Skipped {
    pub(crate) fn count(&mut self, skip: SkipReason) {
        self.total += 1;
        match skip {
            SkipReason::AlreadyWelcomed | SkipReason::InFlight => self.already_welcomed += 1,
            SkipReason::SharedPhone => self.shared_phone += 1,
            SkipReason::Suppressed => self.suppressed += 1,
            SkipReason::Rejected(why) => add(&mut self.rejected, why.as_str()),
            SkipReason::LookupInvalid => add(&mut self.rejected, "lookup_invalid"),
            SkipReason::WrongNumber => add(&mut self.rejected, "wrong_number"),
            SkipReason::Failed => self.failed += 1,
            SkipReason::Scheduled => self.scheduled += 1,
            SkipReason::Queued => self.queued += 1,
            SkipReason::Inactive => self.inactive += 1,
        }
    }
}

/// A category that this release does not know.
pub(crate) const OTHER: &str = "other";

fn add(reasons: &mut ByReason, word: &'static str) {
    *reasons.entry(Cow::Borrowed(word)).or_default() += 1;
}

/// The label in the text report.
pub(crate) fn label(word: &str) -> &str {
    if word == Rejection::Empty.as_str() { "empty (no phone)" } else { word }
}

/// How many more users may be enqueued. None means no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    /// Users with any expected result.
    pub(crate) limit: Option<u64>,
    /// Users that the run expects to welcome.
    pub(crate) welcomes: Option<u64>,
}

impl Quota {
    /// The rest of `limit` and of `welcomes` after `enqueued`.
    pub(crate) fn of(enqueued: &Enqueued, limit: Option<u64>, welcomes: Option<u64>) -> Self {
        Self {
            limit: limit.map(|limit| limit.saturating_sub(enqueued.total)),
            welcomes: welcomes.map(|wanted| wanted.saturating_sub(enqueued.welcome)),
        }
    }

    /// How many users of a page may be handled. Users with one number count as one welcome each: a page that is
    /// cut too short is followed by another.
    pub(crate) fn fits(mut self, actions: impl Iterator<Item = Action>) -> usize {
        let mut handled = 0;
        for action in actions {
            if self.limit == Some(0) || self.welcomes == Some(0) {
                break;
            }
            if let Action::Enqueue(expect) | Action::Enqueued(expect) = action {
                self.limit = self.limit.map(|left| left - 1);
                let welcome = u64::from(matches!(expect, Expect::Welcome(_)));
                self.welcomes = self.welcomes.map(|left| left - welcome);
            }
            handled += 1;
        }
        handled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcome(by: By, segments: u32) -> Expect {
        Expect::Welcome(Message { by, segments })
    }

    #[test]
    fn parts_add_up() {
        let mut enqueued = Enqueued::default();
        for expect in [
            welcome(By::Sms, 2),
            Expect::AlreadyWelcomed,
            Expect::SharedPhone,
            Expect::Suppressed,
            Expect::Rejected(Rejection::Empty),
            Expect::Rejected(Rejection::Empty),
            Expect::Waits(Wait::NoConsent),
            Expect::Waits(Wait::NoTemplate),
            Expect::Waits(Wait::Unreachable),
            Expect::Waits(Wait::ChannelFull),
        ] {
            enqueued.count(expect);
        }
        let parts = enqueued.welcome
            + enqueued.already_welcomed
            + enqueued.shared_phone
            + enqueued.suppressed
            + enqueued.no_consent
            + enqueued.no_template
            + enqueued.unreachable
            + enqueued.channel_full
            + enqueued.rejected["empty"];
        assert_eq!((enqueued.total, parts, enqueued.segments, enqueued.rejected["empty"]), (10, 10, 2, 2));
    }

    #[test]
    fn messages_are_counted_by_channel_and_segments_for_sms_alone() {
        let mut enqueued = Enqueued::default();
        for by in [
            By::Sms,
            By::SmsAfterWaiting,
            By::Whatsapp(Some(Category::Utility)),
            By::Whatsapp(Some(Category::Utility)),
            By::Whatsapp(None),
        ] {
            enqueued.count(welcome(by, 1));
        }
        let Channels { sms, sms_after_waiting, whatsapp, whatsapp_categories, segments_in_place } =
            enqueued.channels;
        assert_eq!((sms, sms_after_waiting, whatsapp, segments_in_place), (2, 1, 3, 3));
        assert_eq!((enqueued.welcome, enqueued.segments), (5, 2));
        assert_eq!((whatsapp_categories["utility"], whatsapp_categories["other"]), (2, 1));
    }

    #[test]
    fn the_counts_of_a_run_of_the_release_before_are_read() {
        let stored = r#"{"enqueued": {"total": 2, "welcome": 2, "already_welcomed": 0, "shared_phone": 0, "suppressed": 0,
            "rejected": {}, "segments": 2}, "skipped": {"total": 0, "already_welcomed": 0, "shared_phone": 0,
            "suppressed": 0, "rejected": {}, "failed": 0, "scheduled": 0, "queued": 0, "inactive": 0},
            "changed_by_normalising": 1}"#;
        let counts: Counts = serde_json::from_str(stored).unwrap();
        assert_eq!((counts.total(), counts.enqueued.channels.clone()), (2, Channels::default()));
    }

    #[test]
    fn skips_are_counted_by_reason() {
        let mut skipped = Skipped::default();
        skipped.count(SkipReason::LookupInvalid);
        skipped.count(SkipReason::Rejected(Rejection::Landline));
        skipped.count(SkipReason::Inactive);
        assert_eq!((skipped.total, skipped.inactive, skipped.rejected.len()), (3, 1, 2));
    }

    #[test]
    fn a_page_is_cut_where_the_quota_ends() {
        let page = [
            Action::Enqueue(Expect::SharedPhone),
            Action::Skip(SkipReason::Inactive),
            Action::Enqueue(welcome(By::Sms, 1)),
            Action::Skip(SkipReason::Inactive),
            Action::Enqueue(welcome(By::Sms, 1)),
        ];
        let fits = |limit, welcomes| Quota { limit, welcomes }.fits(page.into_iter());
        assert_eq!((fits(None, None), fits(Some(9), Some(9))), (5, 5));
        assert_eq!((fits(Some(1), None), fits(Some(2), None)), (1, 3));
        assert_eq!((fits(None, Some(1)), fits(None, Some(2))), (3, 5));
    }
}
