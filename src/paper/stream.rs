//! A group ⇄ its payload: lanes of consecutive bytes, in step.
//!
//! ```text
//! payload = varint length of the shortest code,
//!           varint length beyond it of the code of lane 0 … lane B−1,
//!           code of lane 0 … lane B−1
//! ```
//!
//! The first `n mod B` lanes have one byte more than the others; at that last
//! step only they are coded. A lane's context starts as zeros, so short inputs
//! and tails need no other path. Normative text: spec/pear-paper.md §2.

use super::range::{RangeDecoder, RangeEncoder};
use super::{Model, PaperError, Shape};
use crate::arith::Isa;
use crate::bytes::{Cursor, put_varint};
use rayon::prelude::*;
use std::ops::Range;

/// Where the lanes of `length` bytes lie.
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

    /// Steps of the longest lane.
    fn steps(self) -> usize {
        self.length.div_ceil(self.count)
    }

    /// Lanes that still have a byte at `step`.
    fn alive(self, step: usize) -> usize {
        if (step + 1) * self.count <= self.length { self.count } else { self.length % self.count }
    }
}

/// The last bytes of every lane, `[B, T]`, oldest first; zeros before a lane's start.
struct Contexts {
    bytes: Vec<u8>,
    each: usize,
}

impl Contexts {
    fn new(lanes: usize, each: usize) -> Self {
        Contexts { bytes: vec![0; lanes * each], each }
    }

    fn push(&mut self, symbols: &[u8]) {
        for (context, &symbol) in self.bytes.chunks_exact_mut(self.each).zip(symbols) {
            context.copy_within(1.., 0);
            context[self.each - 1] = symbol;
        }
    }
}

/// Codes `raw` in `lanes` lanes.
///
/// The codes of one step are written while the model learns from it: the
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
    let mut encoders: Vec<_> = (0..lanes.count).map(|_| RangeEncoder::new()).collect();
    let mut model = Model::new(shape, lanes.count, isa)?;
    let mut contexts = Contexts::new(lanes.count, shape.context);
    let mut frequencies = Vec::new();
    for step in 0..lanes.steps() {
        let alive = lanes.alive(step);
        let symbols: Vec<u8> = (0..alive).map(|lane| raw[lanes.range(lane).start + step]).collect();
        model.predict(&contexts.bytes, &mut frequencies)?;
        let mut write = || {
            let tables = frequencies.par_chunks(256).zip(&symbols).with_min_len(16);
            encoders.par_iter_mut().zip(tables).for_each(|(encoder, (table, &symbol))| {
                encoder.encode(table, symbol);
            });
        };
        if step + 1 == lanes.steps() {
            // Nothing is predicted any more, and lanes may be missing.
            write();
        } else {
            let (learnt, ()) = rayon::join(|| model.learn(&symbols), write);
            learnt?;
        }
        contexts.push(&symbols);
    }
    Ok(assemble(encoders))
}

/// The table of lanes, then the lanes.
fn assemble(encoders: Vec<RangeEncoder>) -> Vec<u8> {
    let codes: Vec<_> = encoders.into_iter().map(RangeEncoder::finish).collect();
    let mut payload = Vec::new();
    let shortest = codes.iter().map(Vec::len).min().unwrap_or(0);
    put_varint(&mut payload, shortest as u64);
    codes.iter().for_each(|code| put_varint(&mut payload, (code.len() - shortest) as u64));
    codes.iter().for_each(|code| payload.extend_from_slice(code));
    payload
}

/// Decodes the first `wanted` of the `length` bytes of a payload.
///
/// Only as many steps are run as the wanted bytes need; all of them once the
/// second lane is touched.
///
/// # Errors
/// [`PaperError::LaneTable`], [`PaperError::Lane`] for payloads [`compress`]
/// does not write, [`PaperError::Diverged`].
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
    assert!(wanted <= length && lanes > 0);
    let lanes = Lanes { length, count: lanes };
    let mut decoders = disassemble(payload, lanes.count)?;
    let mut model = Model::new(shape, lanes.count, isa)?;
    let mut contexts = Contexts::new(lanes.count, shape.context);
    let mut raw = vec![0; length];
    let mut frequencies = Vec::new();
    let steps = if wanted <= lanes.range(0).len() { wanted } else { lanes.steps() };
    for step in 0..steps {
        model.predict(&contexts.bytes, &mut frequencies)?;
        let alive = &mut decoders[..lanes.alive(step)];
        let symbols = read(alive, &frequencies)?;
        for (lane, &symbol) in symbols.iter().enumerate() {
            raw[lanes.range(lane).start + step] = symbol;
        }
        if step + 1 < steps {
            model.learn(&symbols)?;
        }
        contexts.push(&symbols);
    }
    let whole = steps == lanes.steps();
    match decoders.iter().position(|decoder| whole && !decoder.is_finished()) {
        Some(lane) => Err(PaperError::Lane { lane }),
        None => {
            raw.truncate(wanted);
            Ok(raw)
        }
    }
}

/// One symbol of each lane.
fn read(decoders: &mut [RangeDecoder<'_>], frequencies: &[u32]) -> Result<Vec<u8>, PaperError> {
    let tables = frequencies.par_chunks(256).with_min_len(16);
    let lanes = decoders.par_iter_mut().zip(tables).enumerate();
    lanes
        .map(|(lane, (decoder, table))| decoder.decode(table).ok_or(PaperError::Lane { lane }))
        .collect()
}

/// The decoders of a payload's lanes.
fn disassemble(payload: &[u8], lanes: usize) -> Result<Vec<RangeDecoder<'_>>, PaperError> {
    let mut cursor = Cursor::new(payload);
    let damaged = |cursor: &Cursor<'_>| PaperError::LaneTable { offset: cursor.position() };
    let shortest = cursor.varint().map_err(|_| damaged(&cursor))?;
    let mut lengths = Vec::with_capacity(lanes);
    for _ in 0..lanes {
        let length = cursor.varint().ok().and_then(|more| more.checked_add(shortest));
        lengths.push(length.ok_or_else(|| damaged(&cursor))?);
    }
    if lengths.iter().min() != Some(&shortest) {
        return Err(damaged(&cursor));
    }
    let mut decoders = Vec::with_capacity(lanes);
    for length in lengths {
        let code = cursor.take(length).map_err(|_| damaged(&cursor))?;
        decoders.push(RangeDecoder::new(code));
    }
    cursor.finish().map_err(|_| damaged(&cursor))?;
    Ok(decoders)
}
