//! Where the create calls of a kind of message are stored. The attempts of welcomes have a table of their own, which holds
//! them permanently; those of all other kinds share one, of which retention drops months. Both have the same columns, so
//! one statement serves both: [`on_heap`] runs it on the heap that an attempt is in.

use url::form_urlencoded;
use uuid::Uuid;

/// A table of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Heap {
    /// `attempts`, which statements write through the view `welcome_attempts`.
    Welcomes,
    /// `message_attempts`.
    Messages,
}

impl Heap {
    /// In the order in which one transaction locks rows of both.
    pub(crate) const ALL: [Self; 2] = [Self::Welcomes, Self::Messages];
}

/// One create call: which message it is for, and its own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AttemptRef {
    pub(crate) heap: Heap,
    pub(crate) message_id: Uuid,
    pub(crate) attempt_id: Uuid,
}

impl AttemptRef {
    /// An attempt to welcome a user. Its id is also the id of the message.
    pub(crate) const fn welcome(attempt_id: Uuid) -> Self {
        Self { heap: Heap::Welcomes, message_id: attempt_id, attempt_id }
    }

    /// An attempt to send a message of another kind.
    pub(crate) const fn of_message(message_id: Uuid, attempt_id: Uuid) -> Self {
        Self { heap: Heap::Messages, message_id, attempt_id }
    }

    /// As the address of its status callbacks names it.
    pub(crate) fn to_query(self) -> String {
        match self.heap {
            Heap::Welcomes => format!("mid={}", self.attempt_id),
            Heap::Messages => format!("mid={}&message={}", self.attempt_id, self.message_id),
        }
    }

    /// The attempt that the query of a status callback names.
    pub(crate) fn from_query(query: &str) -> Option<Self> {
        let id = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).and_then(|(_, value)| value.parse::<Uuid>().ok())
        };
        let attempt_id = id("mid")?;
        Some(match id("message") {
            Some(message_id) => Self::of_message(message_id, attempt_id),
            None => Self::welcome(attempt_id),
        })
    }
}

impl std::fmt::Display for AttemptRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.attempt_id.fmt(f)
    }
}

/// Runs one of sqlx's checked queries on the table of `heap`. The text is given in the parts before, between and after the
/// places where the table is named:
///
/// ```ignore
/// on_heap!(heap, query_scalar!["SELECT count(*) FROM ", " WHERE attempt_id = $1"](id), fetch_one(&mut *tx))
/// ```
macro_rules! on_heap {
    ($heap:expr, query_as![$row:ty: $first:literal $(, $more:literal)*]($($argument:expr),* $(,)?),
     $finish:ident($executor:expr)) => {
        match $heap {
            $crate::store::attempts::Heap::Welcomes => {
                sqlx::query_as!($row, $first $(+ "welcome_attempts" + $more)*, $($argument),*).$finish($executor).await
            }
            $crate::store::attempts::Heap::Messages => {
                sqlx::query_as!($row, $first $(+ "message_attempts" + $more)*, $($argument),*).$finish($executor).await
            }
        }
    };
    ($heap:expr, $query:ident![$first:literal $(, $more:literal)*]($($argument:expr),* $(,)?),
     $finish:ident($executor:expr)) => {
        match $heap {
            $crate::store::attempts::Heap::Welcomes => {
                sqlx::$query!($first $(+ "welcome_attempts" + $more)*, $($argument),*).$finish($executor).await
            }
            $crate::store::attempts::Heap::Messages => {
                sqlx::$query!($first $(+ "message_attempts" + $more)*, $($argument),*).$finish($executor).await
            }
        }
    };
}
pub(super) use on_heap;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_a_callback_names_its_attempt() {
        let (message_id, attempt_id) = (Uuid::now_v7(), Uuid::now_v7());
        for attempt in [AttemptRef::welcome(attempt_id), AttemptRef::of_message(message_id, attempt_id)] {
            assert_eq!(AttemptRef::from_query(&attempt.to_query()), Some(attempt));
        }
        assert_eq!(AttemptRef::from_query(""), None);
        assert_eq!(AttemptRef::from_query(&format!("message={message_id}")), None);
        let damaged = format!("mid={attempt_id}&message=x");
        assert_eq!(AttemptRef::from_query(&damaged), Some(AttemptRef::welcome(attempt_id)));
    }
}
