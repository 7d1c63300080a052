//! Cleaning up when a process must end while its work goes on.
//!
//! Destructors remove unfinished files, but a process that is told to end in
//! the middle of a long computation does not get to them. What leaves files
//! behind registers how to remove them, and whoever ends the process calls
//! [`abandon_all`] first.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

type Remove = Box<dyn Fn() + Send>;

struct Registry {
    next: u64,
    all: BTreeMap<u64, Remove>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { next: 0, all: BTreeMap::new() });

/// Keeps something registered until it is dropped.
#[derive(Debug)]
pub struct Registration(u64);

/// Registers how to remove what is unfinished. `remove` may run on any thread,
/// while the work goes on.
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

/// Removes all unfinished files of this process, which is to exit right after:
/// work that goes on fails or does nothing of use.
pub fn abandon_all() {
    // Taken out first: what runs here may drop a registration.
    let all = std::mem::take(&mut REGISTRY.lock().unwrap_or_else(PoisonError::into_inner).all);
    all.into_values().for_each(|remove| remove());
}
