//! The approval of a template for WhatsApp. It follows the clock until a test sets it.

/// The statuses that a submitted template goes through (Twilio docs, "Message template approvals and statuses").
const PROGRESS: [&str; 3] = ["received", "pending", "approved"];

/// The request for approval and its result; the default was not submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Approval {
    pub(crate) name: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`.
    pub(crate) category: String,
    pub(crate) content_type: String,
    pub(crate) allow_category_change: bool,
    /// Milliseconds since the Unix epoch; none if it was not submitted.
    pub(crate) submitted_ms: Option<i64>,
    /// A status that a test set. The clock does not change it.
    pub(crate) fixed: Option<String>,
    pub(crate) rejection_reason: String,
}

/// The fields that a change sets; all others stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ApprovalOrder {
    pub(crate) name: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) rejection_reason: Option<String>,
    pub(crate) allow_category_change: Option<bool>,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            name: String::new(),
            category: String::new(),
            content_type: String::new(),
            allow_category_change: true,
            submitted_ms: None,
            fixed: None,
            rejection_reason: String::new(),
        }
    }
}

impl Approval {
    /// The status at `now_ms`, with `step_ms` between two changes.
    pub(crate) fn status(&self, now_ms: i64, step_ms: i64) -> &str {
        if let Some(fixed) = &self.fixed {
            return fixed;
        }
        let Some(submitted) = self.submitted_ms else { return "unsubmitted" };
        let steps = (now_ms - submitted).max(0) / step_ms.max(1);
        let last = PROGRESS.len() - 1;
        PROGRESS[usize::try_from(steps).unwrap_or(last).min(last)]
    }

    /// Whether it was submitted or given a status by a test.
    pub(crate) fn is_submitted(&self) -> bool {
        self.submitted_ms.is_some() || self.fixed.as_ref().is_some_and(|status| status != "unsubmitted")
    }

    pub(crate) fn apply(&mut self, order: ApprovalOrder) {
        let set = |field: &mut String, value: Option<String>| {
            if let Some(value) = value {
                *field = value;
            }
        };
        set(&mut self.name, order.name);
        set(&mut self.category, order.category);
        set(&mut self.content_type, order.content_type);
        set(&mut self.rejection_reason, order.rejection_reason);
        self.fixed = order.status.or(self.fixed.take());
        self.allow_category_change = order.allow_category_change.unwrap_or(self.allow_category_change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_approves() {
        let mut approval = Approval::default();
        assert_eq!((approval.status(1_000, 10), approval.is_submitted()), ("unsubmitted", false));
        approval.submitted_ms = Some(1_000);
        let seen = [999, 1_000, 1_009, 1_010, 1_020, 9_999].map(|now| approval.status(now, 10).to_owned());
        assert_eq!(seen, ["received", "received", "received", "pending", "approved", "approved"]);
    }

    #[test]
    fn the_clock_keeps_a_status_that_was_set() {
        let mut approval = Approval { submitted_ms: Some(0), ..Approval::default() };
        approval.apply(ApprovalOrder { status: Some("paused".to_owned()), ..ApprovalOrder::default() });
        approval.apply(ApprovalOrder { category: Some("MARKETING".to_owned()), ..ApprovalOrder::default() });
        assert_eq!((approval.status(i64::MAX, 1), &*approval.category), ("paused", "MARKETING"));
    }
}
