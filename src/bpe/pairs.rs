//! The pairs that may be merged, found by their two symbols.

/// A pair of symbols and where it occurs.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) left: u16,
    pub(super) right: u16,
    /// Occurrences that do not overlap.
    pub(super) count: u32,
    /// Its list of places: `first..end` of the sequence's `places`.
    pub(super) first: u32,
    /// End of the list.
    pub(super) end: u32,
}

/// Marks an empty slot.
const EMPTY: u32 = u32::MAX;

/// Pairs in the order they were added, with a hash table over them.
pub(super) struct Pairs {
    entries: Vec<Pair>,
    /// Indices into `entries`; a power of two, at most half full.
    slots: Vec<u32>,
}

impl Pairs {
    pub(super) fn new() -> Self {
        Pairs { entries: Vec::new(), slots: vec![EMPTY; 1 << 10] }
    }

    /// Forgets all pairs.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.slots.fill(EMPTY);
    }

    /// Number of pairs added.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The pair added as number `index`.
    #[inline]
    pub(super) fn get(&self, index: usize) -> &Pair {
        &self.entries[index]
    }

    /// The same, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, index: usize) -> &mut Pair {
        &mut self.entries[index]
    }

    /// The slot where a pair is or would be.
    #[inline]
    fn slot(&self, left: u16, right: u16) -> usize {
        let mask = self.slots.len() - 1;
        let key = u32::from(left) << 16 | u32::from(right);
        // Fibonacci hashing: the high bits of a product with 2^32 / phi.
        let mut slot = (key.wrapping_mul(0x9E37_79B1) >> 8) as usize & mask;
        while let Some(pair) = self.entries.get(self.slots[slot] as usize) {
            if (pair.left, pair.right) == (left, right) {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// The number of a pair, if it was added.
    #[inline]
    pub(super) fn find(&self, left: u16, right: u16) -> Option<usize> {
        let index = self.slots[self.slot(left, right)];
        (index != EMPTY).then_some(index as usize)
    }

    /// Adds a pair that is not there yet and returns its number.
    pub(super) fn insert(&mut self, pair: Pair) -> usize {
        if (self.entries.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let index = self.entries.len();
        let slot = self.slot(pair.left, pair.right);
        self.slots[slot] = index as u32;
        self.entries.push(pair);
        index
    }

    fn grow(&mut self) {
        let length = self.slots.len() * 4;
        self.slots.clear();
        self.slots.resize(length, EMPTY);
        for index in 0..self.entries.len() {
            let Pair { left, right, .. } = self.entries[index];
            let slot = self.slot(left, right);
            self.slots[slot] = index as u32;
        }
    }
}
