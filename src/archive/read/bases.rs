//! Bases: decoded once for all groups that go on from them, and dropped when the memory is
//! needed.

use super::groups::Decoded;
use crate::archive::ErrorKind;
use crate::codec::BaseState;
use lru::LruCache;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Most bytes of states that are kept unless a single one takes more.
const USUAL: u64 = 1 << 30;

/// A base that was decoded.
pub(super) struct BaseGroup {
    /// Its bytes.
    pub decoded: Arc<Decoded>,
    /// What groups go on from; `None` if its bytes are not all right.
    pub state: Option<BaseState>,
}

impl BaseGroup {
    /// Whether another try would end in the same way.
    fn is_final(&self) -> bool {
        let fault = self.decoded.fault.as_ref();
        fault.is_none_or(|fault| fault.kind() == ErrorKind::Integrity)
    }

    fn memory(&self) -> u64 {
        self.decoded.raw.len() as u64 + self.state.as_ref().map_or(0, BaseState::memory)
    }
}

/// A base that is decoded, or will be by the first who needs it; others wait for him.
type Slot = Arc<OnceLock<Arc<BaseGroup>>>;

/// The bases used last. The least recently used one is dropped first.
pub(super) struct BaseCache(Mutex<Kept>);

struct Kept {
    slots: LruCache<u64, Slot>,
    /// Most bytes that they may take; the base used last is kept in any case.
    budget: u64,
}

impl std::fmt::Debug for BaseCache {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("BaseCache").field("held", &self.lock().held()).finish()
    }
}

impl BaseCache {
    /// An empty cache for an archive that may take `memory` bytes in all.
    pub fn new(memory: u64) -> BaseCache {
        let budget = USUAL.min(memory / 4);
        BaseCache(Mutex::new(Kept { slots: LruCache::unbounded(), budget }))
    }

    /// Returns a base; `make` decodes it if it is not there. Waits if another thread is
    /// decoding it. A failure other than damage is not kept: the next try may succeed.
    pub fn get(&self, group: u64, make: impl FnOnce() -> BaseGroup) -> Arc<BaseGroup> {
        let slot = Arc::clone(self.lock().slots.get_or_insert(group, Slot::default));
        let made = Arc::clone(slot.get_or_init(|| Arc::new(make())));
        let mut kept = self.lock();
        if !made.is_final() {
            kept.slots.pop(&group);
        }
        kept.shrink();
        made
    }

    /// Drops bases until the rest takes at most `bytes`, but never the one used last; from now
    /// on they take no more. Returns how many bytes that is: at least `least`.
    pub fn reserve(&self, bytes: u64, least: u64) -> u64 {
        let mut kept = self.lock();
        kept.budget = bytes.min(USUAL).max(least);
        kept.shrink();
        kept.budget.max(kept.held())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // The state is valid whenever the lock is released, so a poisoned lock is sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn held(&self) -> u64 {
        self.slots.iter().filter_map(|(_, slot)| slot.get()).map(|base| base.memory()).sum()
    }

    fn shrink(&mut self) {
        while self.slots.len() > 1 && self.held() > self.budget {
            self.slots.pop_lru();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::ArchiveError;

    fn base(length: usize) -> BaseGroup {
        let decoded = Decoded { raw: vec![0; length], ..Decoded::default() };
        BaseGroup { decoded: Arc::new(decoded), state: None }
    }

    fn is_kept(cache: &BaseCache, group: u64) -> bool {
        let mut made = false;
        cache.get(group, || {
            made = true;
            base(1000)
        });
        !made
    }

    #[test]
    fn a_base_is_decoded_once_whoever_asks() {
        let cache = BaseCache::new(1 << 20);
        let count = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    cache.get(3, || {
                        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        base(10)
                    })
                });
            }
        });
        assert_eq!(count.into_inner(), 1);
    }

    #[test]
    fn a_base_that_a_failing_disk_withheld_is_tried_again() {
        let cache = BaseCache::new(1 << 20);
        let faulty = |cause| {
            let fault = Some(Arc::new(cause));
            let decoded = Arc::new(Decoded { fault, ..Decoded::default() });
            BaseGroup { decoded, state: None }
        };
        cache.get(1, || faulty(ArchiveError::Interrupted));
        assert!(!is_kept(&cache, 1));
        cache.get(2, || faulty(ArchiveError::Digest));
        assert!(is_kept(&cache, 2), "damage stays");
    }

    #[test]
    fn the_base_used_last_is_kept_whatever_it_takes() {
        let cache = BaseCache::new(4 * 2500);
        assert!(!is_kept(&cache, 1) && !is_kept(&cache, 2) && is_kept(&cache, 1));
        assert!(!is_kept(&cache, 3), "2 gives way");
        assert!(is_kept(&cache, 1) && is_kept(&cache, 3) && !is_kept(&cache, 2));
        assert_eq!(cache.reserve(10, 0), 1000);
        assert!(is_kept(&cache, 2) && !is_kept(&cache, 3));
        assert_eq!(cache.reserve(10, 5000), 5000);
    }
}
