//! The trees of a dynamic block: as zlib makes them from the symbols of the block, and as
//! they are written (RFC 1951 §3.2.7).

use super::bits::{BitReader, BitWriter};
use super::codes::{Decoder, MOST_BITS, codes};

/// Places of the lengths of the length code, in the order they are written.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Most literal and length symbols, and distance symbols, that a tree has.
pub(super) const MOST_LITERALS: usize = 286;
pub(super) const MOST_DISTANCES: usize = 30;

/// The two trees of a dynamic block: the lengths of their codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trees {
    pub literals: Vec<u8>,
    pub distances: Vec<u8>,
}

/// Reads trees. `None` if they are not valid.
pub(super) fn read(bits: &mut BitReader) -> Option<Trees> {
    let literals = bits.take(5)? as usize + 257;
    let distances = bits.take(5)? as usize + 1;
    let written = bits.take(4)? as usize + 4;
    if literals > MOST_LITERALS || distances > MOST_DISTANCES {
        return None;
    }
    let mut lengths = [0; 19];
    for &place in &ORDER[..written] {
        lengths[place] = bits.take(3)? as u8;
    }
    let decoder = Decoder::new(&lengths)?;
    let mut all: Vec<u8> = Vec::with_capacity(literals + distances);
    while all.len() < literals + distances {
        let (value, times) = match decoder.read(bits)? {
            16 => (*all.last()?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length as u8, 1),
        };
        all.resize(all.len() + times as usize, value);
    }
    if all.len() > literals + distances {
        return None;
    }
    let distances = all.split_off(literals);
    Some(Trees { literals: all, distances })
}

/// Writes trees as zlib does.
pub(super) fn write(trees: &Trees, out: &mut BitWriter) {
    let mut symbols = runs(&trees.literals);
    symbols.extend(runs(&trees.distances));
    let mut counts = [0u16; 19];
    symbols.iter().for_each(|&(symbol, _, _)| counts[symbol as usize] += 1);
    let lengths = build(&counts, 7);
    let last = ORDER.iter().rposition(|&place| lengths[place] > 0).unwrap_or(0).max(3);
    out.put(trees.literals.len() as u32 - 257, 5);
    out.put(trees.distances.len() as u32 - 1, 5);
    out.put(last as u32 - 3, 4);
    ORDER[..=last].iter().for_each(|&place| out.put(lengths[place].into(), 3));
    let codes = codes(&lengths);
    for (symbol, extra, extra_bits) in symbols {
        let (code, length) = codes[symbol as usize];
        out.put(code.into(), length.into());
        out.put(extra, extra_bits);
    }
}

/// Lengths as symbols of the length code, with their extra bits: the runs that zlib takes.
fn runs(lengths: &[u8]) -> Vec<(u8, u32, u32)> {
    let mut symbols = Vec::with_capacity(lengths.len());
    let mut before = 0xFF;
    let mut at = 0;
    while at < lengths.len() {
        let length = lengths[at];
        let most = match (length, length == before) {
            (0, _) => 138,
            (_, true) => 6,
            (_, false) => 7,
        };
        let run = lengths[at..].iter().take(most).take_while(|&&next| next == length).count();
        at += run;
        let run = run as u32;
        match (length, length == before) {
            (0, _) if run >= 11 => symbols.push((18, run - 11, 7)),
            (0, _) if run >= 3 => symbols.push((17, run - 3, 3)),
            (0, _) => symbols.extend((0..run).map(|_| (0, 0, 0))),
            (_, true) if run >= 3 => symbols.push((16, run - 3, 2)),
            (_, true) => symbols.extend((0..run).map(|_| (length, 0, 0))),
            (_, false) if run >= 4 => symbols.extend([(length, 0, 0), (16, run - 4, 2)]),
            (_, false) => symbols.extend((0..run).map(|_| (length, 0, 0))),
        }
        before = length;
    }
    symbols
}

/// The trees that zlib makes for a block with these counts of symbols, the end of the
/// block included. Counts are at most 2^32 − 1 together.
pub(super) fn of_counts(literals: &[u32], distances: &[u32]) -> Trees {
    let tree = |counts: &[u32], least: usize, most: usize| {
        let mut lengths = build(&counts[..most], MOST_BITS);
        let end = lengths.iter().rposition(|&length| length > 0).map_or(0, |last| last + 1);
        lengths.truncate(end.max(least));
        lengths
    };
    Trees {
        literals: tree(literals, 257, MOST_LITERALS),
        distances: tree(distances, 1, MOST_DISTANCES),
    }
}

/// Lengths of a Huffman code of at most `most_bits` bits, as zlib's `build_tree` makes
/// them: at least two symbols have codes; what is longer than `most_bits` is moved as
/// its `gen_bitlen` does.
fn build<T: Copy + Into<u32>>(counts: &[T], most_bits: usize) -> Vec<u8> {
    let symbols = counts.len();
    let mut tree = Tree::new(counts.iter().map(|&count| count.into()).collect());
    let mut heap = Heap::default();
    for symbol in (0..symbols).filter(|&symbol| tree.counts[symbol] > 0) {
        heap.nodes.push(symbol);
    }
    let mut largest = heap.nodes.last().copied();
    while heap.nodes.len() < 2 {
        // The first symbols that are not used get codes.
        let node = match largest {
            Some(symbol) if symbol >= 2 => 0,
            Some(symbol) => {
                largest = Some(symbol + 1);
                symbol + 1
            }
            None => {
                largest = Some(0);
                0
            }
        };
        tree.counts[node] = 1;
        heap.nodes.push(node);
    }
    heap.make(&tree);
    let mut order = Vec::with_capacity(2 * symbols);
    while heap.nodes.len() > 1 {
        let first = heap.pop(&tree);
        let second = heap.nodes[0];
        order.extend([first, second]);
        let parent = tree.join(first, second);
        heap.nodes[0] = parent;
        heap.sink(0, &tree);
    }
    order.push(heap.nodes[0]);
    order.reverse();
    lengths(&tree, &order, symbols, most_bits)
}

/// Lengths of the leaves; `order` has the nodes, parents before their children, the
/// more frequent ones first.
fn lengths(tree: &Tree, order: &[usize], symbols: usize, most_bits: usize) -> Vec<u8> {
    let mut all = vec![0u8; tree.counts.len()];
    let mut of_length = [0i64; MOST_BITS + 1];
    let mut overflow = 0i64;
    for &node in &order[1..] {
        let mut bits = all[tree.parents[node]] as usize + 1;
        if bits > most_bits {
            bits = most_bits;
            overflow += 1;
        }
        all[node] = bits as u8;
        if node < symbols {
            of_length[bits] += 1;
        }
    }
    if overflow > 0 {
        while overflow > 0 {
            let mut bits = most_bits - 1;
            while of_length[bits] == 0 {
                bits -= 1;
            }
            of_length[bits] -= 1;
            of_length[bits + 1] += 2;
            of_length[most_bits] -= 1;
            overflow -= 2;
        }
        let mut leaves = order.iter().rev().filter(|&&node| node < symbols);
        for bits in (1..=most_bits).rev() {
            for &leaf in leaves.by_ref().take(of_length[bits].max(0) as usize) {
                all[leaf] = bits as u8;
            }
        }
    }
    all.truncate(symbols);
    all
}

/// Leaves, then the nodes above them.
struct Tree {
    counts: Vec<u32>,
    depths: Vec<u8>,
    parents: Vec<usize>,
}

impl Tree {
    fn new(counts: Vec<u32>) -> Self {
        let nodes = counts.len();
        Tree { counts, depths: vec![0; nodes], parents: vec![0; nodes] }
    }

    fn join(&mut self, first: usize, second: usize) -> usize {
        let parent = self.counts.len();
        self.counts.push(self.counts[first].saturating_add(self.counts[second]));
        self.depths.push(self.depths[first].max(self.depths[second]).saturating_add(1));
        self.parents.push(0);
        (self.parents[first], self.parents[second]) = (parent, parent);
        parent
    }

    /// Whether a node is taken before another: the rarer, then the flatter one.
    fn smaller(&self, node: usize, other: usize) -> bool {
        let (a, b) = (self.counts[node], self.counts[other]);
        a < b || a == b && self.depths[node] <= self.depths[other]
    }
}

/// zlib's heap. Ties are broken by the places of nodes in it, so it is part of the format.
#[derive(Default)]
struct Heap {
    nodes: Vec<usize>,
}

impl Heap {
    fn make(&mut self, tree: &Tree) {
        (0..self.nodes.len() / 2).rev().for_each(|place| self.sink(place, tree));
    }

    fn sink(&mut self, mut place: usize, tree: &Tree) {
        let node = self.nodes[place];
        let count = self.nodes.len();
        while 2 * place + 1 < count {
            let mut child = 2 * place + 1;
            if child + 1 < count && tree.smaller(self.nodes[child + 1], self.nodes[child]) {
                child += 1;
            }
            if tree.smaller(node, self.nodes[child]) {
                break;
            }
            self.nodes[place] = self.nodes[child];
            place = child;
        }
        self.nodes[place] = node;
    }

    fn pop(&mut self, tree: &Tree) -> usize {
        let first = self.nodes.swap_remove(0);
        self.sink(0, tree);
        first
    }
}
