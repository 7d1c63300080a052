//! Keeps decoded groups for the next call, so that a loop over the files of a group decodes
//! it once.

use super::groups::{Decoded, ends_run};
use super::index::Archive;
use crate::archive::memory::check_cost;
use crate::archive::{ArchiveError, ErrorKind};
use crate::arith::refusal;
use crate::container::ReadAt;
use lru::LruCache;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes of decoded groups that are kept unless a program asks for more.
const USUAL: u64 = 256 << 20;

/// Bytes that a kept group takes besides its own.
const NOTE: u64 = 128;

/// The groups used last. The least recently used one is dropped first.
#[derive(Debug)]
pub(super) struct GroupCache {
    kept: Mutex<Kept>,
    /// Groups decoded so far, kept or not.
    decoded: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    /// Decoded groups by number, from their first byte on.
    groups: LruCache<u64, Arc<Decoded>>,
    /// Bytes of memory that they take.
    held: u64,
    /// Most bytes they may take.
    budget: u64,
}

fn memory_of(raw_length: u64) -> u64 {
    raw_length.saturating_add(NOTE)
}

impl GroupCache {
    /// An empty cache for an archive that may take `memory` bytes in all.
    pub fn new(memory: u64) -> Self {
        let kept = Kept { groups: LruCache::unbounded(), held: 0, budget: USUAL.min(memory / 4) };
        GroupCache { kept: Mutex::new(kept), decoded: AtomicU64::new(0) }
    }

    /// Returns whether a group of this length is kept after it is decoded.
    pub fn takes(&self, raw_length: u64) -> bool {
        memory_of(raw_length) <= self.lock().budget
    }

    /// Returns a kept group if it has the first `wanted` bytes, or is known to be damaged,
    /// and marks it as used.
    pub fn get(&self, group: u64, wanted: usize) -> Option<Arc<Decoded>> {
        let mut kept = self.lock();
        let found = kept.groups.get(&group)?;
        (found.raw.len() >= wanted || found.fault.is_some()).then(|| Arc::clone(found))
    }

    /// Keeps a group if there is room for it. A failure other than damage is not kept: the
    /// next try may succeed.
    pub fn put(&self, group: u64, decoded: &Arc<Decoded>) {
        let damage = |fault: &Arc<ArchiveError>| fault.kind() == ErrorKind::Integrity;
        let length = decoded.raw.len() as u64;
        if self.takes(length) && decoded.fault.as_ref().is_none_or(damage) {
            self.lock().put(group, Arc::clone(decoded));
        }
    }

    /// Drops groups until the rest takes at most `bytes`; returns how many it takes.
    pub fn shrink(&self, bytes: u64) -> u64 {
        let mut kept = self.lock();
        kept.shrink(bytes);
        kept.held
    }

    /// Returns the most bytes that may be kept.
    pub fn budget(&self) -> u64 {
        self.lock().budget
    }

    fn set_budget(&self, budget: u64) {
        let mut kept = self.lock();
        kept.budget = budget;
        kept.shrink(budget);
    }

    /// Counts a group that is decoded.
    pub fn count(&self) {
        self.decoded.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // The state is valid whenever the lock is released, so a poisoned lock is sound.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn put(&mut self, group: u64, decoded: Arc<Decoded>) {
        self.held += memory_of(decoded.raw.len() as u64);
        if let Some(before) = self.groups.put(group, decoded) {
            self.held -= memory_of(before.raw.len() as u64);
        }
        self.shrink(self.budget);
    }

    fn shrink(&mut self, bytes: u64) {
        while self.held > bytes
            && let Some((_, oldest)) = self.groups.pop_lru()
        {
            self.held -= memory_of(oldest.raw.len() as u64);
        }
    }
}

impl<S: ReadAt> Archive<S> {
    /// Sets how many bytes of decoded groups are kept for the next call, in place of
    /// 256 MiB or a quarter of the memory allowed, whichever is less. They are part of
    /// the memory allowed, and are dropped when an operation needs it.
    ///
    /// A group that is kept is decoded to its end. With 0 nothing is kept, and decoding
    /// stops after the last byte that is wanted: the right choice for a program that reads
    /// one file and ends.
    pub fn keep_groups(&self, bytes: u64) {
        self.cache.set_budget(bytes.min(self.limits.memory));
    }

    /// Returns how many times a group was decoded since the archive was opened.
    pub fn groups_decoded(&self) -> u64 {
        self.cache.decoded.load(Ordering::Relaxed)
    }

    /// Returns at least the first `wanted` bytes of a group, kept or decoded now on the
    /// calling thread.
    ///
    /// # Errors
    /// [`ArchiveError::Limit`] if decoding takes more than the memory allowed,
    /// [`ArchiveError::Memory`]. A damaged group is no error: it has a fault.
    pub(super) fn group_bytes(
        &self,
        group: u64,
        wanted: usize,
    ) -> Result<Arc<Decoded>, ArchiveError> {
        // A group that is kept ends with a span.
        if let Some(found) = self.cache.get(group, wanted) {
            return Ok(found);
        }
        let wanted = self.span_end(group, wanted);
        let section = self.group(group);
        let (cost, memory) = (self.cost(&section), self.limits.memory);
        let needed = self.tables.saturating_add(cost.whole());
        check_cost(needed, memory)?;
        let left = memory - needed;
        let states = self.bases.reserve(left / 2, cost.state).saturating_sub(cost.state);
        self.cache.shrink(left.saturating_sub(states));
        refusal::probe(cost.whole())?;
        let whole = section.header.raw_length;
        let keeps = self.cache.takes(whole);
        let wanted = if keeps { whole as usize } else { wanted };
        let decoded = refusal::attempt(|| self.decode(&section, wanted))?;
        ends_run(&decoded)?;
        if keeps {
            self.cache.put(group, &decoded);
            self.cache.shrink(memory - self.tables);
        }
        Ok(decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &GroupCache, group: u64, length: usize) {
        let decoded = Decoded { raw: vec![0; length], ..Decoded::default() };
        cache.put(group, &Arc::new(decoded));
    }

    fn has(cache: &GroupCache, group: u64, wanted: usize) -> bool {
        cache.get(group, wanted).is_some()
    }

    #[test]
    fn the_groups_used_last_are_kept_within_the_budget() {
        let cache = GroupCache::new(4 * 2 * 1128);
        for group in 0..3 {
            put(&cache, group, 1000);
            assert!(has(&cache, 0, 1000), "0 was used last");
        }
        assert!(has(&cache, 2, 1000) && !has(&cache, 1, 1));
        put(&cache, 3, 2129);
        assert!(!has(&cache, 3, 1) && has(&cache, 2, 1000), "too large to be kept");
        assert_eq!(cache.shrink(1128), 1128);
        assert!(has(&cache, 2, 1000) && !has(&cache, 0, 1));
        cache.set_budget(0);
        assert!(!has(&cache, 2, 1));
    }

    #[test]
    fn a_group_that_is_put_again_is_counted_once() {
        let cache = GroupCache::new(4 * 3 * 1128);
        put(&cache, 7, 500);
        assert!(!has(&cache, 7, 501));
        put(&cache, 7, 1000);
        put(&cache, 8, 1000);
        assert!(has(&cache, 7, 1000) && has(&cache, 8, 1000));
        assert_eq!(cache.shrink(u64::MAX), 2 * 1128);
    }

    #[test]
    fn damage_is_kept_and_a_failing_disk_is_not() {
        let cache = GroupCache::new(1 << 20);
        let faulty = |cause| Decoded { fault: Some(Arc::new(cause)), ..Decoded::default() };
        cache.put(1, &Arc::new(faulty(ArchiveError::Digest)));
        cache.put(2, &Arc::new(faulty(ArchiveError::Interrupted)));
        assert!(has(&cache, 1, 100) && !has(&cache, 2, 0));
    }
}
