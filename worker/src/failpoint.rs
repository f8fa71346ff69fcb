//! Named points at which the fault suite kills or holds up the process. Without the feature `failpoints` nothing
//! is compiled in.
//!
//! `FAILPOINT=after_claim:3` kills at the third passage of `after_claim`; `FAILPOINT=panic_in_handler:7`
//! panics at every seventh; `FAILPOINT=hang_in_handler:1` keeps a thread of the runtime from the first passage on;
//! `FAILPOINT=before_call:FILE` waits at every passage until that file exists.

#[cfg(not(any(test, feature = "failpoints")))]
pub(crate) fn hit(_point: &'static str) {}

#[cfg(not(any(test, feature = "failpoints")))]
pub(crate) fn hold(_point: &'static str) -> std::future::Ready<()> {
    std::future::ready(())
}

#[cfg(all(feature = "failpoints", not(test)))]
pub(crate) use armed::{hit, hold, is_armed};
#[cfg(test)]
pub(crate) use ordered::{ORDERS, Orders, hit, hold};

/// In a unit test, the actions apply to one task only.
#[cfg(test)]
mod ordered {
    use std::{
        collections::HashMap,
        sync::{Arc, Mutex, PoisonError},
    };

    use futures::{FutureExt, future::BoxFuture};

    /// The actions for the next passage of each point.
    pub(crate) type Orders = Arc<Mutex<HashMap<&'static str, BoxFuture<'static, ()>>>>;

    tokio::task_local! {
        /// The actions of this task.
        pub(crate) static ORDERS: Orders;
    }

    fn order(point: &str) -> Option<BoxFuture<'static, ()>> {
        let take = |orders: &Orders| orders.lock().unwrap_or_else(PoisonError::into_inner).remove(point);
        ORDERS.try_with(take).ok().flatten()
    }

    /// Carries out the configured action, if there is one, at once.
    pub(crate) fn hit(point: &'static str) {
        let _done = order(point).map(FutureExt::now_or_never);
    }

    /// Waits for the end of the configured action, if there is one.
    pub(crate) async fn hold(point: &'static str) {
        if let Some(order) = order(point) {
            order.await;
        }
    }
}

#[cfg(all(feature = "failpoints", not(test)))]
mod armed {
    use std::{
        path::PathBuf,
        sync::{
            LazyLock,
            atomic::{AtomicU64, Ordering},
        },
        time::Duration,
    };

    use rustix::process::{Signal, getpid, kill_process};

    enum Fault {
        At { passage: u64, passages: AtomicU64 },
        Until(PathBuf),
    }

    struct Armed {
        point: String,
        fault: Fault,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let text = std::env::var("FAILPOINT").ok()?;
        let (point, fault) = text.split_once(':')?;
        let fault = match fault.parse() {
            Ok(passage) => Fault::At { passage, passages: AtomicU64::new(0) },
            Err(_) => Fault::Until(PathBuf::from(fault)),
        };
        Some(Armed { point: point.to_owned(), fault })
    });

    fn armed(point: &str) -> Option<&'static Fault> {
        ARMED.as_ref().filter(|a| a.point == point).map(|a| &a.fault)
    }

    /// Whether anything is to happen at this point.
    pub(crate) fn is_armed(point: &str) -> bool {
        armed(point).is_some()
    }

    /// Ends the process here if configured, by SIGKILL: nothing is flushed and no cleanup runs.
    pub(crate) fn hit(point: &'static str) {
        let Some(Fault::At { passage: at, passages }) = armed(point) else { return };
        let passage = passages.fetch_add(1, Ordering::Relaxed) + 1;
        if point == "hang_in_handler" {
            while passage >= *at {
                std::thread::park();
            }
        } else if point == "panic_in_handler" {
            assert!(!passage.is_multiple_of(*at), "told to panic");
        } else if passage == *at {
            let _dead = kill_process(getpid(), Signal::KILL);
        }
    }

    /// Waits here, if configured, until its file exists.
    pub(crate) async fn hold(point: &'static str) {
        let Some(Fault::Until(file)) = armed(point) else { return };
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
