//! The statuses a message goes through. They follow from the clock, so they are not updated.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::faults::{Ending, FailedStatus};
use crate::time::millis;

/// A message status of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Accepted,
    Queued,
    Sent,
    Delivered,
    Read,
    Undelivered,
    Failed,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
        }
    }
}

/// One change of status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Milliseconds since the message was created.
    pub(crate) after_ms: i64,
    pub(crate) status: Status,
    pub(crate) error_code: Option<u32>,
}

/// The whole life of one message, decided when it is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifecycle {
    pub(crate) with_service: bool,
    pub(crate) ending: Ending,
    pub(crate) pace: Duration,
}

impl Lifecycle {
    /// The status of the 201.
    pub(crate) fn first(&self) -> Status {
        if self.with_service { Status::Accepted } else { Status::Queued }
    }

    /// All later changes in order; each is worth a callback.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut changes = Vec::with_capacity(4);
        let refused = matches!(self.ending, Ending::Failed(FailedStatus::Failed, _));
        if self.with_service && !refused {
            changes.push((Status::Queued, None));
        }
        if !refused {
            changes.push((Status::Sent, None));
        }
        let (delivered, read) = ((Status::Delivered, None), (Status::Read, None));
        let failed = |code| (Status::Failed, Some(code));
        match self.ending {
            Ending::Delivered => changes.push(delivered),
            Ending::Read => changes.extend([delivered, read]),
            Ending::ReadFirst => changes.extend([read, delivered]),
            Ending::SentLast => {}
            Ending::Failed(FailedStatus::Failed, code) | Ending::SentThenFailed(code) => {
                changes.push(failed(code));
            }
            Ending::Failed(FailedStatus::Undelivered, code) => {
                changes.push((Status::Undelivered, Some(code)));
            }
            Ending::FailedThenDelivered(code) => changes.extend([failed(code), delivered]),
            Ending::DeliveredThenFailed(code) => changes.extend([delivered, failed(code)]),
        }
        let pace = millis(self.pace);
        let step =
            |(index, (status, error_code)): (i64, _)| Step { after_ms: pace * index, status, error_code };
        (1..).zip(changes).map(step).collect()
    }

    /// The change before all others.
    pub(crate) fn start(&self) -> Step {
        Step { after_ms: 0, status: self.first(), error_code: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(with_service: bool, ending: Ending) -> Lifecycle {
        Lifecycle { with_service, ending, pace: Duration::from_millis(10) }
    }

    fn statuses(life: Lifecycle) -> Vec<Status> {
        life.steps().into_iter().map(|step| step.status).collect()
    }

    #[test]
    fn with_a_service() {
        let delivered = life(true, Ending::Delivered);
        assert_eq!(delivered.first(), Status::Accepted);
        assert_eq!(statuses(delivered), [Status::Queued, Status::Sent, Status::Delivered]);
        assert_eq!(statuses(life(true, Ending::SentLast)), [Status::Queued, Status::Sent]);
        assert_eq!(statuses(life(true, Ending::Failed(FailedStatus::Failed, 21610))), [Status::Failed]);
    }

    #[test]
    fn with_a_sender() {
        let lost = life(false, Ending::Failed(FailedStatus::Undelivered, 30003));
        assert_eq!(lost.first(), Status::Queued);
        assert_eq!(statuses(lost), [Status::Sent, Status::Undelivered]);
        assert_eq!(lost.steps()[1].error_code, Some(30003));
    }

    #[test]
    fn receipts_in_every_order() {
        for (ending, expected) in [
            (Ending::Read, [Status::Sent, Status::Delivered, Status::Read]),
            (Ending::ReadFirst, [Status::Sent, Status::Read, Status::Delivered]),
            (Ending::FailedThenDelivered(63024), [Status::Sent, Status::Failed, Status::Delivered]),
            (Ending::DeliveredThenFailed(63024), [Status::Sent, Status::Delivered, Status::Failed]),
        ] {
            assert_eq!(statuses(life(false, ending)), expected);
            assert!(ending.reaches());
        }
        assert_eq!(statuses(life(false, Ending::SentThenFailed(63024))), [Status::Sent, Status::Failed]);
    }

    #[test]
    fn the_clock_moves_it() {
        let delivered = life(true, Ending::Delivered);
        let after: Vec<i64> = delivered.steps().into_iter().map(|step| step.after_ms).collect();
        assert_eq!((delivered.start().after_ms, after), (0, vec![10, 20, 30]));
    }
}
