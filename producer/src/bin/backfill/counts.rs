//! The counts of users in the report, and the quota of users that may still be enqueued.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use shared::{domain::decision::SkipReason, phone::Rejection};

use crate::plan::{Action, Expect};

/// Users by the reason why their number cannot be texted.
pub(crate) type ByReason = BTreeMap<Cow<'static, str>, u64>;

/// Processed users by action. A run stores the counts with its cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) enqueued: Enqueued,
    pub(crate) skipped: Skipped,
    /// Numbers whose E.164 form differs from the typed text.
    pub(crate) changed_by_normalising: u64,
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
    /// Segments of the messages for `welcome`.
    pub(crate) segments: u64,
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
            Expect::Welcome { segments } => {
                self.welcome += 1;
                self.segments += u64::from(segments);
            }
            Expect::AlreadyWelcomed => self.already_welcomed += 1,
            Expect::SharedPhone => self.shared_phone += 1,
            Expect::Suppressed => self.suppressed += 1,
            Expect::Rejected(why) => add(&mut self.rejected, why.as_str()),
            Expect::NoConsent => self.no_consent += 1,
        }
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
                let welcome = u64::from(matches!(expect, Expect::Welcome { .. }));
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

    #[test]
    fn parts_add_up() {
        let mut enqueued = Enqueued::default();
        for expect in [
            Expect::Welcome { segments: 2 },
            Expect::AlreadyWelcomed,
            Expect::SharedPhone,
            Expect::Suppressed,
            Expect::Rejected(Rejection::Empty),
            Expect::Rejected(Rejection::Empty),
            Expect::NoConsent,
        ] {
            enqueued.count(expect);
        }
        let Enqueued {
            total,
            welcome,
            already_welcomed,
            shared_phone,
            suppressed,
            rejected,
            no_consent,
            segments,
        } = enqueued;
        let parts = welcome + already_welcomed + shared_phone + suppressed + no_consent + rejected["empty"];
        assert_eq!((total, parts, segments, rejected["empty"]), (7, 7, 2, 2));
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
            Action::Enqueue(Expect::Welcome { segments: 1 }),
            Action::Skip(SkipReason::Inactive),
            Action::Enqueue(Expect::Welcome { segments: 1 }),
        ];
        let fits = |limit, welcomes| Quota { limit, welcomes }.fits(page.into_iter());
        assert_eq!((fits(None, None), fits(Some(9), Some(9))), (5, 5));
        assert_eq!((fits(Some(1), None), fits(Some(2), None)), (1, 3));
        assert_eq!((fits(None, Some(1)), fits(None, Some(2))), (3, 5));
    }
}
