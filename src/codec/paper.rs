//! Codec `pear-paper`: the published network. Normative text: spec/pear-paper.md.
//!
//! A registered model id fixes the shape of the network and the number of
//! lanes, and with them all memory: `id = shape · 4096 + lanes − 1`.

use super::codecs::{Encoded, GroupCodec};
use super::{CodecError, CodecOptions, Partial};
use crate::arith::Isa;
use crate::paper::{self, MAX_LANES, PaperError, Shape, Training};
use std::borrow::Cow;

/// Codec `pear-paper`: the PEAR network as published.
#[derive(Clone, Copy, Debug)]
pub struct PearPaper {
    /// Number of the registered shape.
    shape: usize,
    lanes: usize,
}

/// Groups shorter than this get the small shape: the published one would have too few
/// steps to learn from.
const SMALL_INPUT: u64 = 32 << 10;
/// The lanes of the published program. Whoever asks for fewer wants that number; this
/// number and more are an upper limit.
const USUAL_LANES: u32 = 512;
/// Fewest bytes per lane, which is the number of steps that the network learns from.
/// With 512 it reached half of its gain; with 1024 the small shape took 6 % more bytes.
const LANE: u64 = 2048;
/// Fewest bytes per lane if fewer lanes than usual are asked for.
const ASKED_LANE: u64 = 1024;
/// The registered shapes, by number.
const SHAPES: [Shape; 4] = [
    Shape::PUBLISHED,
    Shape::SMALL,
    Shape::PUBLISHED.trained(Training::WARMED),
    Shape::SMALL.trained(Training::WARMED),
];
/// The shapes of the encoder: number of the published one; the small one follows.
const ENCODED: usize = 2;

impl PearPaper {
    /// The model for a group of `length` bytes.
    fn for_group(options: &CodecOptions, length: u64) -> PearPaper {
        let most = options.lanes.clamp(1, MAX_LANES as u32);
        let least = if most < USUAL_LANES { ASKED_LANE } else { LANE };
        let lanes = (length / least).clamp(1, u64::from(most)) as usize;
        PearPaper { shape: ENCODED + usize::from(length < SMALL_INPUT), lanes }
    }

    fn shape(self) -> &'static Shape {
        &SHAPES[self.shape]
    }
}

impl GroupCodec for PearPaper {
    const NUMBER: u8 = 4;
    const NAME: &'static str = "pear-paper";
    const ABOUT: &'static str = "The PEAR network as published: very slow, for study";

    fn parse(filter: u8, model: u16) -> Result<Self, CodecError> {
        let (shape, lanes) = (usize::from(model) / MAX_LANES, usize::from(model) % MAX_LANES + 1);
        match (filter, shape < SHAPES.len()) {
            (0, true) => Ok(PearPaper { shape, lanes }),
            (0, false) => Err(CodecError::UnknownModel { codec: Self::NAME, model }),
            _ => Err(CodecError::UnknownFilter { filter }),
        }
    }

    fn model(self) -> u16 {
        (self.shape * MAX_LANES + self.lanes - 1) as u16
    }

    /// # Errors
    /// [`CodecError::Damaged`] if the model diverged, which is a bug.
    fn encode(raw: Cow<'_, [u8]>, options: &CodecOptions) -> Result<Encoded<Self>, CodecError> {
        let coding = PearPaper::for_group(options, raw.len() as u64);
        let payload = paper::compress(&raw, coding.shape(), coding.lanes, options.isa);
        Ok(Encoded::Payload(coding, payload.map_err(translate)?))
    }

    /// Decodes all lanes in step. Bytes that are not reached in their lane are zeros.
    fn decode(self, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
        let (lengths, isa) = ((raw_length, wanted), Isa::best());
        let (raw, fault) =
            paper::decompress_damaged(payload, self.shape(), self.lanes, lengths, isa);
        Partial { raw, fault: fault.map(translate) }
    }

    fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64 {
        PearPaper::for_group(options, raw_length).decode_memory(raw_length)
    }

    fn decode_memory(self, _: u64) -> u64 {
        self.shape().memory(self.lanes)
    }

    /// Multiply-adds forward and twice backward, and the optimiser's pass over memory.
    fn decode_seconds(self, raw_length: u64) -> f64 {
        let (shared, all) = (self.shape().parameters(0), self.shape().parameters(self.lanes));
        let step = 6.0 * shared as f64 * self.lanes as f64 / 130e9 + 2e-9 * all as f64;
        raw_length.div_ceil(self.lanes as u64) as f64 * step
    }

    fn self_test(isa: Isa) -> Result<(), CodecError> {
        let failed = CodecError::SelfTest { what: "the published network", isa: isa.name() };
        paper::self_test(isa).map_err(|_| failed)
    }
}

fn translate(error: PaperError) -> CodecError {
    let cause = match error {
        PaperError::Code { .. } => "not a code of the encoder",
        PaperError::Rest => "bytes left over after the last symbol",
        PaperError::Diverged { .. } => "the network diverged",
        _ => "the network failed",
    };
    CodecError::Damaged { codec: PearPaper::NAME, offset: 0, cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Choice, Codec, Coding, CodingNumbers, decode_group, encode_group};

    #[test]
    fn groups_of_every_small_size_come_back() {
        let options =
            CodecOptions { choice: Choice::Only(Codec::PearPaper), lanes: 3, ..Default::default() };
        for length in [0usize, 1, 511, 1024, 2000] {
            let raw: Vec<u8> = (0..length).map(|i| (i * i / 7 % 11) as u8).collect();
            let group = encode_group(&raw, &options).unwrap();
            assert_eq!(decode_group(group.coding, &group.payload, length, length).unwrap(), raw);
            let none = decode_group(group.coding, &group.payload, length + 1, 0).unwrap();
            assert!(none.is_empty());
        }
    }

    #[test]
    fn lanes_asked_for_are_made_if_each_has_enough_bytes() {
        let usual = CodecOptions::default();
        assert_eq!(usual.lanes, USUAL_LANES);
        let made = |lanes, length| {
            PearPaper::for_group(&CodecOptions { lanes, ..usual.clone() }, length).lanes
        };
        assert_eq!(made(128, 250_000), 128);
        assert_eq!(made(128, 128 << 10), 128);
        assert_eq!(made(128, (128 << 10) - 1), 127);
        assert_eq!(made(512, 250_000), 122);
        assert_eq!(made(512, 1 << 20), 512);
        assert_eq!((made(0, 1 << 20), made(128, 0)), (1, 1));
    }

    #[test]
    fn models_that_are_not_registered_are_refused() {
        for model in [4 * 4096, u16::MAX] {
            let numbers = CodingNumbers { codec: PearPaper::NUMBER, filter: 0, model };
            let error = Coding::parse(numbers).unwrap_err();
            assert!(matches!(error, CodecError::UnknownModel { .. }));
        }
    }

    #[test]
    fn the_published_model_fits_the_promised_memory() {
        for shape in [0, ENCODED] {
            let published = PearPaper { shape, lanes: 512 };
            assert!(published.decode_memory(1 << 20) <= 600 << 20);
        }
    }
}
