//! Conversion between a group and its payload: lanes of consecutive bytes, in step.
//!
//! The payload is one code: step after step, in each step lane after lane. Predicting a
//! byte takes 80 million operations and coding it next to none, so one coder serves all
//! lanes. The published program has one for each, which costs about two bytes each: a
//! length and an end.
//!
//! The first `n mod B` lanes have one byte more than the others; in the last step only
//! they are coded. A lane's context starts as zeros, so short inputs and ends of lanes
//! are no special cases. Normative text: spec/pear-paper.md §2.

use super::range::{RangeDecoder, RangeEncoder};
use super::{Model, PaperError, Shape};
use crate::arith::Isa;
use std::ops::Range;

/// The division of `length` bytes into lanes.
#[derive(Clone, Copy)]
struct Lanes {
    length: usize,
    count: usize,
}

impl Lanes {
    fn range(self, lane: usize) -> Range<usize> {
        let (each, more) = (self.length / self.count, self.length % self.count);
        let start = lane * each + lane.min(more);
        start..start + each + usize::from(lane < more)
    }

    /// Returns the number of steps of the longest lane.
    fn steps(self) -> usize {
        self.length.div_ceil(self.count)
    }

    /// Returns the number of lanes that still have a byte at `step`.
    fn alive(self, step: usize) -> usize {
        if (step + 1) * self.count <= self.length { self.count } else { self.length % self.count }
    }
}

/// The last bytes of every lane, `[B, T]`, oldest first; zeros before a lane's start.
struct LaneContexts {
    bytes: Vec<u8>,
    each: usize,
}

impl LaneContexts {
    fn new(lanes: usize, each: usize) -> Self {
        LaneContexts { bytes: vec![0; lanes * each], each }
    }

    fn push(&mut self, symbols: &[u8]) {
        for (context, &symbol) in self.bytes.chunks_exact_mut(self.each).zip(symbols) {
            context.copy_within(1.., 0);
            context[self.each - 1] = symbol;
        }
    }
}

/// Encodes `raw` in `lanes` lanes.
///
/// The bytes of one step are coded while the model learns from it: the
/// published system's parallel encoding.
///
/// # Errors
/// [`PaperError::Diverged`].
///
/// # Panics
/// If `lanes` is zero.
pub fn compress(raw: &[u8], shape: &Shape, lanes: usize, isa: Isa) -> Result<Vec<u8>, PaperError> {
    assert!(lanes > 0);
    let lanes = Lanes { length: raw.len(), count: lanes };
    let mut encoder = RangeEncoder::new();
    let mut model = Model::new(shape, lanes.count, isa)?;
    let mut contexts = LaneContexts::new(lanes.count, shape.context);
    let mut frequencies = Vec::new();
    for step in 0..lanes.steps() {
        let alive = lanes.alive(step);
        let symbols: Vec<u8> = (0..alive).map(|lane| raw[lanes.range(lane).start + step]).collect();
        model.predict(&contexts.bytes, &mut frequencies)?;
        let mut write = || {
            for (table, &symbol) in frequencies.chunks_exact(256).zip(&symbols) {
                encoder.encode(table, symbol);
            }
        };
        if step + 1 == lanes.steps() {
            // No prediction follows, and some lanes may have no byte.
            write();
        } else {
            let (learned, ()) = rayon::join(|| model.learn(&symbols), write);
            learned?;
        }
        contexts.push(&symbols);
    }
    Ok(encoder.finish())
}

/// Decodes the first `wanted` of the `length` bytes of a payload.
///
/// Runs only as many steps as the wanted bytes need: all of them if the bytes reach into
/// the second lane.
///
/// # Errors
/// [`PaperError::Code`], [`PaperError::Rest`], [`PaperError::Diverged`] for payloads that
/// [`compress`] does not write.
///
/// # Panics
/// If `wanted > length` or `lanes` is zero.
pub fn decompress(
    payload: &[u8],
    shape: &Shape,
    lanes: usize,
    (length, wanted): (usize, usize),
    isa: Isa,
) -> Result<Vec<u8>, PaperError> {
    let (raw, fault) = decompress_damaged(payload, shape, lanes, (length, wanted), isa);
    fault.map_or(Ok(raw), Err)
}

/// As [`decompress`], but returns what was decoded before a fault, too: bytes that
/// were not reached in their lane are zeros.
///
/// # Panics
/// If `wanted > length` or `lanes` is zero.
pub fn decompress_damaged(
    payload: &[u8],
    shape: &Shape,
    lanes: usize,
    (length, wanted): (usize, usize),
    isa: Isa,
) -> (Vec<u8>, Option<PaperError>) {
    assert!(wanted <= length && lanes > 0);
    let mut raw = vec![0; length];
    let lanes = Lanes { length, count: lanes };
    let fault = decode_steps(payload, shape, lanes, wanted, isa, &mut raw).err();
    raw.truncate(wanted);
    (raw, fault)
}

fn decode_steps(
    payload: &[u8],
    shape: &Shape,
    lanes: Lanes,
    wanted: usize,
    isa: Isa,
    raw: &mut [u8],
) -> Result<(), PaperError> {
    let mut decoder = RangeDecoder::new(payload);
    let mut model = Model::new(shape, lanes.count, isa)?;
    let mut contexts = LaneContexts::new(lanes.count, shape.context);
    let mut frequencies = Vec::new();
    let steps = if wanted <= lanes.range(0).len() { wanted } else { lanes.steps() };
    for step in 0..steps {
        model.predict(&contexts.bytes, &mut frequencies)?;
        let tables = frequencies.chunks_exact(256).take(lanes.alive(step)).enumerate();
        let symbols: Vec<u8> = tables
            .map(|(lane, table)| decoder.decode(table).ok_or(PaperError::Code { step, lane }))
            .collect::<Result<_, _>>()?;
        for (lane, &symbol) in symbols.iter().enumerate() {
            raw[lanes.range(lane).start + step] = symbol;
        }
        if step + 1 < steps {
            model.learn(&symbols)?;
        }
        contexts.push(&symbols);
    }
    if steps == lanes.steps() && !decoder.is_finished() {
        return Err(PaperError::Rest);
    }
    Ok(())
}
