//! A value that is asked for at most once in a while, however many look at it.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

/// A value and when it was made.
pub(crate) struct Cached<T> {
    keep: Duration,
    value: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> Cached<T> {
    /// Empty; a value is kept for so long.
    pub(crate) fn new(keep: Duration) -> Self {
        Self { keep, value: Mutex::new(None) }
    }

    /// The kept value, or a new one. Those who come meanwhile wait for it.
    pub(crate) async fn get<E>(&self, make: impl AsyncFnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut kept = self.value.lock().await;
        if let Some((made, value)) = &*kept
            && made.elapsed() < self.keep
        {
            return Ok(value.clone());
        }
        let value = make().await?;
        *kept = Some((Instant::now(), value.clone()));
        Ok(value)
    }

    /// Drops the kept value after a change. The next request makes a new one.
    pub(crate) async fn forget(&self) {
        *self.value.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_value_is_made_once_in_its_time() {
        let cached = Cached::new(Duration::from_secs(5));
        let get = async |value: i32| cached.get(async || Ok::<_, ()>(value)).await.unwrap();
        assert_eq!((get(1).await, get(2).await), (1, 1));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(get(3).await, 3);
        cached.forget().await;
        assert_eq!(get(4).await, 4);
    }
}
