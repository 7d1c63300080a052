//! What was found ⇒ streams and steps.

use super::pieces::kind_of;
use super::scan::{Packed, Part};
use crate::recipe::run::COPY;
use crate::recipe::{
    Input, MOST_DEPTH, MOST_INPUTS, MOST_OUTPUT, MOST_PARAMETERS, MOST_STEPS, Split, Step, Stream,
    StreamKind,
};
use std::iter::once;

/// Longer corrections have nothing in common with others.
const LONG_CORRECTIONS: usize = 512;

/// The streams and steps of a file. `None` if they exceed a limit of the format.
pub(super) fn build(file: &[u8], parts: &[Part]) -> Option<Split> {
    let mut build = Build::default();
    for part in parts.iter().filter(|part| !empty(part)) {
        match part {
            Part::Piece { .. } => {
                let source = build.part(file, part)?;
                build.pieces.push(source);
            }
            Part::Packed(packed) => {
                build.copy_pieces()?;
                build.packed(packed, false)?;
            }
        }
    }
    build.copy_pieces()?;
    let split = build.split;
    let total: u64 = split.steps.iter().map(|step| step.output).sum();
    (split.steps.len() <= MOST_STEPS && total <= MOST_OUTPUT).then_some(split)
}

/// An input, before it is known which step takes it.
#[derive(Clone, Copy, Debug)]
enum Source {
    Stream { stream: usize, offset: u64, length: u64 },
    Step(usize),
}

#[derive(Default)]
struct Build {
    split: Split,
    /// How many steps stand one upon another, for each step.
    depths: Vec<u32>,
    /// Pieces of the file that no step has taken.
    pieces: Vec<Source>,
}

impl Build {
    /// The source of a part of `bytes`.
    fn part(&mut self, bytes: &[u8], part: &Part) -> Option<Source> {
        match part {
            Part::Piece { range, kind } => Some(self.append(*kind, &bytes[range.clone()])),
            Part::Packed(packed) => self.packed(packed, true).map(Source::Step),
        }
    }

    /// Appends a piece to the stream of its kind.
    fn append(&mut self, kind: StreamKind, piece: &[u8]) -> Source {
        let streams = &mut self.split.streams;
        let stream = streams.iter().position(|stream| stream.kind == kind).unwrap_or_else(|| {
            streams.push(Stream { kind, bytes: Vec::new() });
            streams.len() - 1
        });
        let bytes = &mut streams[stream].bytes;
        let (offset, length) = (bytes.len() as u64, piece.len() as u64);
        bytes.extend_from_slice(piece);
        Source::Stream { stream, offset, length }
    }

    /// Makes the steps of packed data; the place of the last one.
    fn packed(&mut self, packed: &Packed, hidden: bool) -> Option<usize> {
        let sources = packed.parts.iter().filter(|part| !empty(part));
        let sources =
            sources.map(|part| self.part(&packed.plain, part)).collect::<Option<Vec<_>>>()?;
        let mut inputs = self.few(merged(sources))?;
        if let Some(corrections) = &packed.corrections {
            let short = corrections.len() <= LONG_CORRECTIONS;
            let kind = if short { StreamKind::Binary } else { kind_of(corrections) };
            inputs.push(self.append(kind, corrections));
        }
        self.step(packed.transform, packed.parameters.clone(), packed.output as u64, inputs, hidden)
    }

    /// Makes steps that copy the pieces of the file.
    fn copy_pieces(&mut self) -> Option<()> {
        let pieces = merged(std::mem::take(&mut self.pieces));
        for inputs in pieces.chunks(MOST_INPUTS) {
            self.copy(inputs, false)?;
        }
        Some(())
    }

    fn copy(&mut self, inputs: &[Source], hidden: bool) -> Option<usize> {
        let output = inputs.iter().map(|source| self.length(source)).sum();
        // A piece of no bytes needs no step.
        if output == 0 {
            return Some(0);
        }
        self.step(COPY, Vec::new(), output, inputs.to_vec(), hidden)
    }

    /// The same inputs, in hidden copies if there are too many for one step and
    /// corrections.
    fn few(&mut self, mut inputs: Vec<Source>) -> Option<Vec<Source>> {
        while inputs.len() >= MOST_INPUTS {
            let copies =
                inputs.chunks(MOST_INPUTS).map(|inputs| self.copy(inputs, true).map(Source::Step));
            inputs = copies.collect::<Option<_>>()?;
        }
        Some(inputs)
    }

    fn length(&self, source: &Source) -> u64 {
        match *source {
            Source::Stream { length, .. } => length,
            Source::Step(place) => self.split.steps[place].output,
        }
    }

    fn step(
        &mut self,
        transform: u64,
        parameters: Vec<u8>,
        output: u64,
        sources: Vec<Source>,
        hidden: bool,
    ) -> Option<usize> {
        let place = self.split.steps.len();
        let below = sources.iter().map(|source| match source {
            Source::Stream { .. } => 0,
            Source::Step(place) => self.depths[*place],
        });
        let depth = 1 + below.max().unwrap_or(0);
        (depth <= MOST_DEPTH && parameters.len() <= MOST_PARAMETERS).then_some(())?;
        let inputs = sources.into_iter().map(|source| match source {
            Source::Stream { stream, offset, length } => Input::Stream { stream, offset, length },
            Source::Step(other) => Input::Step { back: (place - other) as u64 },
        });
        let inputs = inputs.collect();
        self.split.steps.push(Step { transform, hidden, output, parameters, inputs });
        self.depths.push(depth);
        Some(place)
    }
}

fn empty(part: &Part) -> bool {
    matches!(part, Part::Piece { range, .. } if range.is_empty())
}

/// The same sources; pieces of a stream that follow one another are one.
fn merged(sources: Vec<Source>) -> Vec<Source> {
    let mut merged: Vec<Source> = Vec::with_capacity(sources.len());
    for source in sources {
        if let (
            Source::Stream { stream, offset, length: more },
            Some(Source::Stream { stream: last, offset: start, length }),
        ) = (source, merged.last_mut())
            && stream == *last
            && offset == *start + *length
        {
            *length += more;
            continue;
        }
        merged.extend(once(source));
    }
    merged
}
