//! How many more users may be enqueued: `--limit`, and what the canary still lacks.

use crate::{
    report::Report,
    verdict::{Expect, Verdict},
};

/// How many more users may be enqueued; none: any number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Of any kind.
    pub(crate) limit: Option<u64>,
    /// To be welcomed.
    pub(crate) welcomes: Option<u64>,
}

impl Room {
    /// What is left of the limit and of `welcomes`.
    pub(crate) fn of(report: &Report, welcomes: Option<u64>) -> Self {
        let enqueued = &report.counts.enqueued;
        Self {
            limit: report.limit().map(|limit| limit.saturating_sub(enqueued.total)),
            welcomes: welcomes.map(|wanted| wanted.saturating_sub(enqueued.welcome)),
        }
    }

    /// How many users of a page may be handled. Who shares a phone counts as a welcome here: a page that is cut too
    /// short is followed by another.
    pub(crate) fn fits(mut self, verdicts: impl Iterator<Item = Verdict>) -> usize {
        let mut handled = 0;
        for verdict in verdicts {
            if self.limit == Some(0) || self.welcomes == Some(0) {
                break;
            }
            if let Verdict::Enqueue(expect) | Verdict::Enqueued(expect) = verdict {
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
    use shared::domain::decision::SkipReason;

    use super::*;

    #[test]
    fn a_page_is_cut_where_the_room_ends() {
        let page = [
            Verdict::Enqueue(Expect::SharedPhone),
            Verdict::Skip(SkipReason::Inactive),
            Verdict::Enqueue(Expect::Welcome { segments: 1 }),
            Verdict::Skip(SkipReason::Inactive),
            Verdict::Enqueue(Expect::Welcome { segments: 1 }),
        ];
        let fits = |limit, welcomes| Room { limit, welcomes }.fits(page.into_iter());
        assert_eq!((fits(None, None), fits(Some(9), Some(9))), (5, 5));
        assert_eq!((fits(Some(1), None), fits(Some(2), None)), (1, 3));
        assert_eq!((fits(None, Some(1)), fits(None, Some(2))), (3, 5));
    }
}
