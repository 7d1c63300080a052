//! Huffman codes of deflate (RFC 1951), and the trees of recipes.md §3.5.

use super::{Result, need};

/// Bases of the symbols of lengths, from 257 on, and of distances (RFC 1951 §3.2.5).
const LENGTHS: [u32; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
];
const DISTANCES: [u32; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
];
/// RFC 1951 §3.2.7
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// The end of a block.
pub const END: usize = 256;

#[derive(Clone, Copy)]
pub enum Token {
    Literal(u8),
    /// Length and distance.
    Match(u32, u32),
}

/// Bits, the lowest of a byte first; those behind the last one are 0.
#[derive(Default)]
pub struct Bits {
    pub bytes: Vec<u8>,
    pub count: usize,
}

impl Bits {
    pub fn put(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            self.bytes.resize(self.count / 8 + 1, 0);
            self.bytes[self.count / 8] |= ((value >> bit & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    pub fn append(&mut self, other: &Bits) -> Result<()> {
        let mut reader = Reader { bytes: &other.bytes, at: 0 };
        (0..other.count).try_for_each(|_| {
            self.put(reader.take(1)?, 1);
            Ok(())
        })
    }
}

pub struct Reader<'a> {
    pub bytes: &'a [u8],
    /// Bits read so far.
    pub at: usize,
}

impl Reader<'_> {
    pub fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    pub fn take(&mut self, count: usize) -> Result<u32> {
        need(count <= self.left(), "a row of bits is cut off")?;
        let bit = |at: usize| u32::from(self.bytes[at / 8] >> (at % 8) & 1);
        let value = (0..count).map(|k| bit(self.at + k) << k).sum();
        self.at += count;
        Ok(value)
    }
}

/// A Huffman code (RFC 1951 §3.2.2).
pub struct Code {
    /// Code and length of each symbol; length 0 for none.
    symbols: Vec<(u32, u8)>,
    /// Symbol of each code, at the place that is a 1 and the bits of the code.
    places: Vec<Option<usize>>,
}

impl Code {
    pub fn of(lengths: &[u8]) -> Result<Code> {
        let used = lengths.iter().filter(|&&length| length > 0).count();
        let share = |&length: &u8| if length > 0 { 1_u32 << (15 - length) } else { 0 };
        let shares: u32 = lengths.iter().map(share).sum();
        let is_single = used == 0 || (used == 1 && lengths.contains(&1));
        need(shares == 1 << 15 || is_single, "3.2: too many codes, or too few")?;
        let (mut symbols, mut places) = (vec![(0, 0); lengths.len()], vec![None; 1 << 16]);
        let mut next = 0;
        for length in 1..=15 {
            next <<= 1;
            for symbol in (0..lengths.len()).filter(|&symbol| lengths[symbol] == length) {
                symbols[symbol] = (next, length);
                places[1 << length | next as usize] = Some(symbol);
                next += 1;
            }
        }
        Ok(Code { symbols, places })
    }

    pub fn put(&self, symbol: usize, bits: &mut Bits) -> Result<()> {
        let (code, length) = self.symbols.get(symbol).copied().unwrap_or_default();
        need(length > 0, "3.2: a token that has no code")?;
        (0..length).rev().for_each(|bit| bits.put(code >> bit & 1, 1));
        Ok(())
    }

    pub fn take(&self, bits: &mut Reader) -> Result<usize> {
        let mut place = 1;
        while place < 1 << 15 {
            place = place << 1 | bits.take(1)? as usize;
            if let Some(symbol) = self.places[place] {
                return Ok(symbol);
            }
        }
        Err("a code of no symbol".to_owned())
    }
}

fn length_extra(symbol: usize) -> u32 {
    if symbol < 8 || symbol == 28 { 0 } else { symbol as u32 / 4 - 1 }
}

fn distance_extra(symbol: usize) -> u32 {
    (symbol as u32 / 2).saturating_sub(1)
}

/// The last base that is not above `value`.
fn symbol(bases: &[u32], value: u32) -> usize {
    bases.partition_point(|&base| base <= value) - 1
}

/// The two codes of a block.
pub struct Codes {
    pub literals: Code,
    pub distances: Code,
}

impl Codes {
    pub fn of(literals: &[u8], distances: &[u8]) -> Result<Codes> {
        Ok(Codes { literals: Code::of(literals)?, distances: Code::of(distances)? })
    }

    /// RFC 1951 §3.2.6
    pub fn fixed() -> Codes {
        let literals = [&[8; 144][..], &[9; 112], &[7; 24], &[8; 8]].concat();
        Codes::of(&literals, &[5; 32]).expect("complete codes")
    }

    pub fn put(&self, token: Token, bits: &mut Bits) -> Result<()> {
        let (length, distance) = match token {
            Token::Literal(byte) => return self.literals.put(byte.into(), bits),
            Token::Match(length, distance) => (length, distance),
        };
        let number = symbol(&LENGTHS, length);
        self.literals.put(END + 1 + number, bits)?;
        bits.put(length - LENGTHS[number], length_extra(number));
        let number = symbol(&DISTANCES, distance);
        self.distances.put(number, bits)?;
        bits.put(distance - DISTANCES[number], distance_extra(number));
        Ok(())
    }

    /// Reads a token; none at the end of the block.
    pub fn take(&self, bits: &mut Reader) -> Result<Option<Token>> {
        let number = self.literals.take(bits)?;
        if number <= END {
            return Ok(u8::try_from(number).ok().map(Token::Literal));
        }
        let number = number - END - 1;
        let base = LENGTHS.get(number).ok_or("3.3: a length that cannot be")?;
        let length = base + bits.take(length_extra(number) as usize)?;
        need(length < 258 || number == 28, "3.3: a length that cannot be")?;
        let number = self.distances.take(bits)?;
        let base = DISTANCES.get(number).ok_or("3.3: a distance that cannot be")?;
        Ok(Some(Token::Match(length, base + bits.take(distance_extra(number) as usize)?)))
    }
}

/// RFC 1951 §3.2.7
pub fn read_trees(bits: &mut Reader) -> Result<Codes> {
    let literals = bits.take(5)? as usize + 257;
    let distances = bits.take(5)? as usize + 1;
    need(literals <= 286 && distances <= 30, "3.2: HLIT or HDIST")?;
    let (mut lengths, count) = ([0; 19], bits.take(4)? as usize + 4);
    for &place in &ORDER[..count] {
        lengths[place] = bits.take(3)? as u8;
    }
    let code = Code::of(&lengths)?;
    let mut all = Vec::new();
    while all.len() < literals + distances {
        let (length, times) = match code.take(bits)? {
            16 => (*all.last().ok_or("3.2: no length to repeat")?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length as u8, 1),
        };
        all.extend((0..times).map(|_| length));
    }
    need(all.len() == literals + distances, "3.2: too many lengths")?;
    Codes::of(&all[..literals], &all[literals..])
}

/// §3.5: the lengths of both codes of these tokens
pub fn zlib_trees(tokens: &[Token]) -> (Vec<u8>, Vec<u8>) {
    let (mut literals, mut distances) = ([0; 286], [0; 30]);
    literals[END] = 1;
    for token in tokens {
        match *token {
            Token::Literal(byte) => literals[byte as usize] += 1,
            Token::Match(length, distance) => {
                literals[END + 1 + symbol(&LENGTHS, length)] += 1;
                distances[symbol(&DISTANCES, distance)] += 1;
            }
        }
    }
    let tree = |counts: &[u64], least: usize| {
        let mut lengths = zlib_tree(counts, 15);
        while lengths.len() > least && lengths.last() == Some(&0) {
            lengths.pop();
        }
        lengths
    };
    (tree(&literals, 257), tree(&distances, 1))
}

#[derive(Clone, Copy, Default)]
struct Node {
    count: u64,
    depth: u32,
    parent: usize,
}

/// §3.5, items 1 to 3: the tree of these counts, and item 4, its lengths of at most `most`.
fn zlib_tree(counts: &[u64], most: usize) -> Vec<u8> {
    let mut nodes: Vec<Node> =
        counts.iter().map(|&count| Node { count, ..Node::default() }).collect();
    let mut heap: Vec<usize> = (0..counts.len()).filter(|&symbol| counts[symbol] > 0).collect();
    while heap.len() < 2 {
        let added = match heap.iter().max() {
            None => 0,
            Some(largest @ (0 | 1)) => largest + 1,
            Some(_) => 0,
        };
        nodes[added].count = 1;
        heap.push(added);
    }
    (0..heap.len() / 2).rev().for_each(|place| sink(&mut heap, place, &nodes));
    let mut list = Vec::new();
    while heap.len() > 1 {
        let first = heap.swap_remove(0);
        sink(&mut heap, 0, &nodes);
        let (second, parent) = (heap[0], nodes.len());
        list.extend([first, second]);
        nodes.push(Node {
            count: nodes[first].count + nodes[second].count,
            depth: 1 + nodes[first].depth.max(nodes[second].depth),
            parent: 0,
        });
        nodes[first].parent = parent;
        nodes[second].parent = parent;
        heap[0] = parent;
        sink(&mut heap, 0, &nodes);
    }
    zlib_lengths(&nodes, &list, counts.len(), most)
}

/// §3.5, item 2
fn sink(heap: &mut [usize], mut place: usize, nodes: &[Node]) {
    let is_before = |one: usize, other: usize| {
        (nodes[one].count, nodes[one].depth) <= (nodes[other].count, nodes[other].depth)
    };
    while 2 * place + 1 < heap.len() {
        let (left, right) = (2 * place + 1, 2 * place + 2);
        let takes_right = right < heap.len() && is_before(heap[right], heap[left]);
        let child = if takes_right { right } else { left };
        if is_before(heap[place], heap[child]) {
            return;
        }
        heap.swap(place, child);
        place = child;
    }
}

/// §3.5, item 4
fn zlib_lengths(nodes: &[Node], list: &[usize], symbols: usize, most: usize) -> Vec<u8> {
    let (mut lengths, mut overflow) = (vec![0; nodes.len()], 0);
    let mut leaves = [0_usize; 16];
    for &node in list.iter().rev() {
        let length = lengths[nodes[node].parent] + 1;
        overflow += i32::from(length > most);
        lengths[node] = length.min(most);
        leaves[lengths[node]] += usize::from(node < symbols);
    }
    if overflow > 0 {
        while overflow > 0 {
            let longest = (1..most).rev().find(|&length| leaves[length] > 0);
            let longest = longest.expect("a leaf of fewer bits");
            leaves[longest] -= 1;
            leaves[longest + 1] += 2;
            leaves[most] -= 1;
            overflow -= 2;
        }
        let mut rest = list.iter().filter(|&&node| node < symbols);
        for length in (1..=most).rev() {
            rest.by_ref().take(leaves[length]).for_each(|&leaf| lengths[leaf] = length);
        }
    }
    lengths[..symbols].iter().map(|&length| length as u8).collect()
}

/// §3.5: trees as zlib writes them
pub fn written(literals: &[u8], distances: &[u8]) -> Result<Bits> {
    let symbols = [runs(literals), runs(distances)].concat();
    let mut counts = [0; 19];
    symbols.iter().for_each(|&(symbol, _, _)| counts[symbol] += 1);
    let lengths = zlib_tree(&counts, 7);
    let count = ORDER.iter().rposition(|&place| lengths[place] > 0).map_or(0, |last| last + 1);
    let (count, code, mut bits) = (count.max(4), Code::of(&lengths)?, Bits::default());
    bits.put(literals.len() as u32 - 257, 5);
    bits.put(distances.len() as u32 - 1, 5);
    bits.put(count as u32 - 4, 4);
    ORDER[..count].iter().for_each(|&place| bits.put(lengths[place].into(), 3));
    for (symbol, extra, extra_bits) in symbols {
        code.put(symbol, &mut bits)?;
        bits.put(extra, extra_bits);
    }
    Ok(bits)
}

/// The symbols of a tree's lengths, each with a number and its bits.
fn runs(lengths: &[u8]) -> Vec<(usize, u32, u32)> {
    let (mut symbols, mut rest, mut before) = (Vec::new(), lengths, None);
    while let Some(&length) = rest.first() {
        let is_again = before == Some(length);
        let most = match (length, is_again) {
            (0, _) => 138,
            (_, true) => 6,
            (_, false) => 7,
        };
        let run = rest.iter().take(most).take_while(|&&next| next == length).count();
        (rest, before) = (&rest[run..], Some(length));
        let mut left = run as u32;
        if length > 0 && !is_again && left >= 4 {
            symbols.push((length.into(), 0, 0));
            left -= 1;
        }
        match (length, left) {
            (0, 11..) => symbols.push((18, left - 11, 7)),
            (0, 3..) => symbols.push((17, left - 3, 3)),
            // A run of 3 that is not one of the length before is not 4 with its first.
            (1.., 3..) if is_again || run >= 4 => symbols.push((16, left - 3, 2)),
            _ => symbols.extend((0..left).map(|_| (length.into(), 0, 0))),
        }
    }
    symbols
}
