use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex of the throttle. A panic while it was held leaves values behind that are still good.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
