//! A block as a sequence of symbols in which pairs can be replaced in place.
//!
//! A symbol spans one or more of the block's bytes and is written at the first
//! and at the last place of its span. Its neighbours are then found without
//! pointers: the next symbol begins `length` places later, the previous one
//! ends one place before. Two [`SENTINEL`]s enclose the block.
//!
//! Every pair owns the ascending list of the places where it was seen. Lists
//! are never updated: a place that a later replacement has changed is
//! recognised when its list is read, because a symbol is never written again
//! at a place that has lost it. Each replacement lists at most two new pairs
//! and each list is read once, so all merges of a block of `n` bytes cost
//! O(n) together, as in Re-Pair (Larsson and Moffat, 1999).

use super::pairs::{Pair, Pairs};
use super::{MAX_EXPANSION, SENTINEL, SYMBOLS};

/// Marks a pair without list.
const UNLISTED: u32 = u32::MAX;

/// The symbols of one block; reused from block to block.
pub(super) struct Sequence {
    /// `[n + 2]`: the spans, between two sentinels.
    symbols: Vec<u16>,
    /// `[SYMBOLS]`: bytes each symbol spans.
    lengths: Vec<u32>,
    /// Pairs with a list; the others are never merged.
    pairs: Pairs,
    /// The lists, one behind the other.
    places: Vec<u32>,
    /// Places where the present merge replaced its pair.
    hits: Vec<u32>,
    /// Counts of the symbols before the places of the present merge.
    before: PerSymbol,
    /// Counts of the symbols behind them.
    after: PerSymbol,
}

impl Sequence {
    /// Room for blocks, not yet allocated.
    pub(super) fn new() -> Self {
        Sequence {
            symbols: Vec::new(),
            lengths: vec![1; SYMBOLS],
            pairs: Pairs::new(),
            places: Vec::new(),
            hits: Vec::new(),
            before: PerSymbol::new(),
            after: PerSymbol::new(),
        }
    }

    /// Loads a block, each byte as symbol `ids[byte]`, all below 256, and
    /// lists the pairs that are `wanted` (called with left, right and count).
    pub(super) fn load(
        &mut self,
        raw: &[u8],
        ids: &[u16; 256],
        wanted: impl FnMut(u16, u16, u32) -> bool,
    ) {
        self.lengths.fill(1);
        self.symbols.clear();
        self.symbols.push(SENTINEL);
        self.symbols.extend(raw.iter().map(|&byte| ids[byte as usize]));
        self.symbols.push(SENTINEL);
        let mut cursors = self.list_pairs(self.count_pairs(), wanted);
        for (place, pair) in (1..).zip(self.symbols[1..=raw.len()].windows(2)) {
            let cursor = &mut cursors[pair[0] as usize * 256 + pair[1] as usize];
            if *cursor != UNLISTED {
                self.places[*cursor as usize] = place;
                *cursor += 1;
            }
        }
        for index in 0..self.pairs.len() {
            let pair = self.pairs.get_mut(index);
            pair.end = cursors[pair.left as usize * 256 + pair.right as usize];
        }
    }

    /// `[256, 256]`: occurrences of every pair of literals.
    fn count_pairs(&self) -> Vec<u32> {
        let mut counts = vec![0; 1 << 16];
        let mut odd = false;
        for pair in self.symbols[1..self.symbols.len() - 1].windows(2) {
            // In a run only every second pair is free of overlap.
            odd = pair[0] == pair[1] && !odd;
            let overlaps = pair[0] == pair[1] && !odd;
            counts[pair[0] as usize * 256 + pair[1] as usize] += u32::from(!overlaps);
        }
        counts
    }

    /// Reserves the lists of the wanted pairs. Turns their counts into the
    /// starts of their lists.
    fn list_pairs(
        &mut self,
        mut counts: Vec<u32>,
        mut wanted: impl FnMut(u16, u16, u32) -> bool,
    ) -> Vec<u32> {
        self.pairs.clear();
        let mut end = 0;
        for (index, cell) in counts.iter_mut().enumerate() {
            let (left, right, count) = ((index >> 8) as u16, (index & 255) as u16, *cell);
            *cell = UNLISTED;
            if count > 0 && wanted(left, right, count) {
                *cell = end;
                self.pairs.insert(Pair { left, right, count, first: end, end });
                // A run of `r` holds `r - 1` places and `r / 2` pairs.
                end += if left == right { 2 * count } else { count };
            }
        }
        self.places.clear();
        self.places.resize(end as usize, 0);
        counts
    }

    /// The pairs listed so far; a merge adds more at the end.
    pub(super) fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// Bytes a symbol spans.
    #[inline]
    pub(super) fn length(&self, symbol: u16) -> usize {
        self.lengths[symbol as usize] as usize
    }

    /// Replaces every occurrence of a listed pair by `token`, from the front,
    /// and returns how many there were. New pairs beside the token are listed
    /// if they are `wanted` and span at most [`MAX_EXPANSION`] bytes.
    ///
    /// `token` is a symbol above all used so far. Cost: proportional to the
    /// list of the pair.
    pub(super) fn merge(
        &mut self,
        pair: usize,
        token: u16,
        wanted: impl FnMut(u16, u16, u32) -> bool,
    ) -> u32 {
        let Pair { left, right, first, end, .. } = *self.pairs.get(pair);
        self.lengths[token as usize] = self.lengths[left as usize] + self.lengths[right as usize];
        self.hits.clear();
        for index in first as usize..end as usize {
            self.replace_at(self.places[index] as usize, (left, right), token);
        }
        let Sequence { before, after, pairs, .. } = self;
        before.drain(|symbol, lost| lower_count(pairs, symbol, left, lost));
        after.drain(|symbol, lost| lower_count(pairs, right, symbol, lost));
        self.list_neighbours(token, wanted);
        self.hits.len() as u32
    }

    /// Replaces the pair at `place` if it is still there.
    #[inline]
    fn replace_at(&mut self, place: usize, (left, right): (u16, u16), token: u16) {
        let middle = place + self.length(left);
        if self.symbols[place] != left || self.symbols[middle] != right {
            return;
        }
        let end = middle + self.length(right);
        let (before, after) = (self.symbols[place - 1], self.symbols[end]);
        // If a token is before, this loss was counted as that token's `after`.
        if before == left {
            self.shorten_run(left, place - 1, |at, span| at - span);
        } else if before != token {
            self.before.add(before);
        }
        if after != right {
            self.after.add(after);
        } else if left != right {
            self.shorten_run(right, end, |at, span| at + span);
        }
        self.symbols[middle] = SENTINEL;
        self.symbols[place] = token;
        self.symbols[end - 1] = token;
        self.hits.push(place as u32);
    }

    /// Takes a symbol off the end of its run. The run goes on at `next`, if at
    /// all, and from there in the direction of `step`. The pairs of a run are
    /// half its length, so one is lost only if the length was even.
    ///
    /// Cost: the length of the run. A merge reads a run at most once from
    /// either end, and has at least as many occurrences as the run has pairs.
    fn shorten_run(&mut self, symbol: u16, next: usize, step: impl Fn(usize, usize) -> usize) {
        let span = self.length(symbol);
        let mut length = 1;
        let mut at = next;
        while self.symbols[at] == symbol {
            length += 1;
            at = step(at, span);
        }
        if length % 2 == 0 {
            lower_count(&mut self.pairs, symbol, symbol, 1);
        }
    }

    /// Counts and lists the pairs beside the tokens just written.
    fn list_neighbours(&mut self, token: u16, mut wanted: impl FnMut(u16, u16, u32) -> bool) {
        let span = self.length(token);
        let mut doubles = 0;
        let mut odd = false;
        for &hit in &self.hits {
            let before = self.symbols[hit as usize - 1];
            let after = self.symbols[hit as usize + span];
            // A pair of two tokens is listed once, by the first of them.
            if before != token {
                self.before.add(before);
            }
            self.after.add(after);
            odd = after == token && !odd;
            doubles += u32::from(odd);
        }
        let Sequence { before, after, pairs, places, lengths, .. } = self;
        let mut reserve = |left: u16, right: u16, count: u32, room: u32| {
            let length = lengths[left as usize] + lengths[right as usize];
            let is_inner = left != SENTINEL && right != SENTINEL;
            if !is_inner || length as usize > MAX_EXPANSION || !wanted(left, right, count) {
                return UNLISTED;
            }
            let first = places.len() as u32;
            places.resize((first + room) as usize, 0);
            pairs.insert(Pair { left, right, count, first, end: first + room });
            first
        };
        before.replace(|symbol, count| reserve(symbol, token, count, count));
        after.replace(|symbol, room| {
            reserve(token, symbol, if symbol == token { doubles } else { room }, room)
        });
        self.fill_lists(token, span);
    }

    /// Writes the hits into the lists whose starts `before` and `after` hold.
    fn fill_lists(&mut self, token: u16, span: usize) {
        for &hit in &self.hits {
            let before = self.symbols[hit as usize - 1];
            let after = self.symbols[hit as usize + span];
            let cursor = &mut self.before.cells[before as usize];
            if before != token && *cursor != UNLISTED {
                self.places[*cursor as usize] = hit - self.lengths[before as usize];
                *cursor += 1;
            }
            let cursor = &mut self.after.cells[after as usize];
            if *cursor != UNLISTED {
                self.places[*cursor as usize] = hit;
                *cursor += 1;
            }
        }
        self.before.drain(|_, _| ());
        self.after.drain(|_, _| ());
    }

    /// Calls `visit` with every symbol of the block, in order.
    pub(super) fn for_each(&self, mut visit: impl FnMut(u16)) {
        let mut at = 1;
        while at + 1 < self.symbols.len() {
            let symbol = self.symbols[at];
            visit(symbol);
            at += self.length(symbol);
        }
    }
}

/// Lowers the count of a pair, if it has a list.
fn lower_count(pairs: &mut Pairs, left: u16, right: u16, lost: u32) {
    if let Some(index) = pairs.find(left, right) {
        pairs.get_mut(index).count -= lost;
    }
}

/// A number per symbol, and which of them are in use.
struct PerSymbol {
    /// `[SYMBOLS]`
    cells: Vec<u32>,
    seen: Vec<u16>,
}

impl PerSymbol {
    fn new() -> Self {
        PerSymbol { cells: vec![0; SYMBOLS], seen: Vec::new() }
    }

    /// Counts `symbol`.
    #[inline]
    fn add(&mut self, symbol: u16) {
        let cell = &mut self.cells[symbol as usize];
        if *cell == 0 {
            self.seen.push(symbol);
        }
        *cell += 1;
    }

    /// Replaces each number in use by what `value` makes of it.
    fn replace(&mut self, mut value: impl FnMut(u16, u32) -> u32) {
        for &symbol in &self.seen {
            let cell = &mut self.cells[symbol as usize];
            *cell = value(symbol, *cell);
        }
    }

    /// Hands out and forgets all numbers.
    fn drain(&mut self, mut take: impl FnMut(u16, u32)) {
        for symbol in self.seen.drain(..) {
            take(symbol, std::mem::take(&mut self.cells[symbol as usize]));
        }
    }
}
