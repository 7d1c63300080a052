//! Cleanup when a process must end while its work goes on.
//!
//! Destructors remove unfinished files, but they do not run if a process must end in
//! the middle of a long computation. So every unfinished file has a registered cleanup,
//! and whoever ends the process first calls [`abandon_all`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

type Remove = Box<dyn Fn() + Send>;

struct Registry {
    next: u64,
    all: BTreeMap<u64, Remove>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { next: 0, all: BTreeMap::new() });

/// A registered cleanup; it ends when this is dropped.
#[derive(Debug)]
pub struct Registration(u64);

/// Registers how to remove something unfinished. `remove` may run on any thread, while
/// the work goes on.
pub fn register(remove: impl Fn() + Send + 'static) -> Registration {
    let mut registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
    let number = registry.next;
    registry.next += 1;
    registry.all.insert(number, Box::new(remove));
    Registration(number)
}

impl Drop for Registration {
    fn drop(&mut self) {
        REGISTRY.lock().unwrap_or_else(PoisonError::into_inner).all.remove(&self.0);
    }
}

/// Removes all unfinished files of this process. The process must exit right after:
/// work that goes on fails or does nothing useful.
pub fn abandon_all() {
    // Taken out first, because a cleanup may drop a registration.
    let all = lock_soon(&REGISTRY).map(|mut registry| std::mem::take(&mut registry.all));
    all.into_iter().flatten().for_each(|(_, remove)| remove());
}

/// Waits for a lock, but not forever: if memory is refused, the thread that ends the
/// process may be the one that holds it.
pub(super) fn lock_soon<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    for _ in 0..50 {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_this_thread_holds_is_not_waited_for_for_ever() {
        let mutex = Mutex::new(7);
        let held = mutex.lock().unwrap();
        assert!(lock_soon(&mutex).is_none());
        drop(held);
        assert_eq!(lock_soon(&mutex).as_deref(), Some(&7));
    }
}
