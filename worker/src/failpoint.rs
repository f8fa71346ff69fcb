//! Named points at which the fault suite kills the process. Without the feature `failpoints` nothing is
//! compiled in.
//!
//! `FAILPOINT=after_claim:3` kills at the third passage of `after_claim`; `FAILPOINT=panic_in_handler:7`
//! panics at every seventh.

#[cfg(not(feature = "failpoints"))]
pub(crate) fn hit(_point: &'static str) {}

#[cfg(feature = "failpoints")]
pub(crate) use armed::hit;

#[cfg(feature = "failpoints")]
mod armed {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };

    use rustix::process::{Signal, getpid, kill_process};

    struct Armed {
        point: String,
        at: u64,
        passages: AtomicU64,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let text = std::env::var("FAILPOINT").ok()?;
        let (point, at) = text.split_once(':')?;
        Some(Armed { point: point.to_owned(), at: at.parse().ok()?, passages: AtomicU64::new(0) })
    });

    /// Ends the process here, if it was told to. SIGKILL: nothing is flushed, nobody is told.
    pub(crate) fn hit(point: &'static str) {
        let Some(armed) = ARMED.as_ref().filter(|a| a.point == point) else { return };
        let passage = armed.passages.fetch_add(1, Ordering::Relaxed) + 1;
        if point == "panic_in_handler" {
            assert!(!passage.is_multiple_of(armed.at), "told to panic");
        } else if passage == armed.at {
            let _dead = kill_process(getpid(), Signal::KILL);
        }
    }
}
