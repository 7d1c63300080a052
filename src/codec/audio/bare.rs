//! Samples without a header, by their looks: a later part of a long file, or raw PCM.
//!
//! Nothing here is normative: any segments decode.

use super::segments::Segment;

/// Shortest group that is looked at.
const LEAST: usize = 1 << 13;
/// Bytes of a part that is looked at; a multiple of every frame below.
const PART: usize = 1536;
/// Most parts that are looked at.
const PARTS: usize = 8;
/// Share of the order-0 entropy that the bits of differences may be at most.
const MOST_SHARE: f32 = 0.85;

/// Layouts to try: bytes of a sample, channels, whether big-endian, whether unsigned.
const LAYOUTS: [(usize, usize, bool, bool); 9] = [
    (2, 1, false, false),
    (2, 2, false, false),
    (2, 1, true, false),
    (2, 2, true, false),
    (1, 1, false, true),
    (1, 2, false, true),
    (1, 1, false, false),
    (3, 1, false, false),
    (3, 2, false, false),
];

/// The whole group as one segment, if most parts of it look like samples. The beginning and
/// the end of the group may cut a frame.
pub(super) fn segment(raw: &[u8]) -> Option<Segment> {
    if raw.len() < LEAST {
        return None;
    }
    let count = PARTS.min(raw.len() / (2 * PART));
    let part = |k: usize| {
        let from = raw.len() / count * k / 12 * 12;
        &raw[from..from + PART]
    };
    // The smoothest layout of the parts together, and how smooth it is.
    let entropy: f32 = (0..count).map(|k| entropy(part(k))).sum();
    let mut best = (entropy * MOST_SHARE, None);
    for (bytes, channels, big_endian, unsigned) in LAYOUTS {
        let segment = Segment { channels, bytes, big_endian, unsigned, ..Segment::default() };
        for phase in 0..segment.frame() {
            // The phase of a channel against the other cannot be seen.
            if phase >= bytes {
                break;
            }
            let cost = (0..count).map(|k| cost(&part(k)[phase..], &segment)).sum();
            if cost < best.0 {
                best = (cost, Some(Segment { gap: phase, ..segment }));
            }
        }
    }
    let mut segment = best.1?;
    segment.frames = (raw.len() - segment.gap) / segment.frame();
    Some(segment)
}

/// Bits that the differences of neighbours take, or those of the differences: the fewer.
fn cost(part: &[u8], segment: &Segment) -> f32 {
    let (mut first, mut second) = (0, 0);
    let mut last = [[0i64; 2]; 2];
    let frames = part.chunks_exact(segment.frame());
    let skipped = PART as f32 / (frames.len() * segment.frame()) as f32;
    for frame in frames {
        for (sample, last) in frame.chunks_exact(segment.bytes).zip(&mut last) {
            let sample = segment.sample(sample);
            let difference = sample - last[0];
            first += bits(difference);
            second += bits(difference - last[1]);
            *last = [sample, difference];
        }
    }
    first.min(second) as f32 / 4.0 * skipped
}

/// About the bits of a number in a code that suits such numbers, times four.
fn bits(number: i64) -> u32 {
    let size = number.unsigned_abs() as u32;
    // Quarters of an octave, from the two bits behind the highest.
    let octave = (size + 1).ilog2();
    let quarter = ((u64::from(size) + 1) << 2 >> octave) as u32 & 3;
    4 * octave + quarter + 6
}

/// Order-0 entropy of all bytes, in bits.
fn entropy(part: &[u8]) -> f32 {
    crate::codec::samples::entropy_of(part) * part.len() as f32
}
