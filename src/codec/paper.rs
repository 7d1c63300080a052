//! Codec `pear-paper`: the published network. Normative: spec/pear-paper.md.
//!
//! A registered model id fixes the shape of the network and the number of
//! lanes, and with them all memory: `id = shape · 4096 + lanes − 1`.

use super::{Codec, CodecError, CodecOptions, Coding, EncodedGroup, Partial};
use crate::arith::Isa;
use crate::paper::{self, MAX_LANES, PaperError, Shape, Training};

const NAME: &str = "pear-paper";
/// Inputs shorter than this get the small shape: the published one would not
/// see enough steps to learn.
const SMALL_INPUT: u64 = 32 << 10;
/// As many lanes as the published program has, or more, are a most, not a wish.
const USUAL_LANES: u32 = 512;
/// Fewest bytes per lane, so that the network sees that many steps: with 512 it
/// had learnt half of what it can. With 1024 the small shape took 6 % more bytes.
const LANE: u64 = 2048;
/// Fewest bytes per lane where fewer lanes than usual are asked for.
const ASKED_LANE: u64 = 1024;
/// The registered shapes, by number.
const SHAPES: [Shape; 4] = [
    Shape::PUBLISHED,
    Shape::SMALL,
    Shape::PUBLISHED.trained(Training::WARMED),
    Shape::SMALL.trained(Training::WARMED),
];
/// Those the encoder takes: number of the published one; the small one follows.
const ENCODED: u16 = 2;

/// The model id for a group of `length` bytes.
fn choose(options: &CodecOptions, length: u64) -> u16 {
    let most = options.lanes.clamp(1, MAX_LANES as u32);
    let least = if most < USUAL_LANES { ASKED_LANE } else { LANE };
    let lanes = (length / least).clamp(1, u64::from(most)) as u16;
    let shape = ENCODED + u16::from(length < SMALL_INPUT);
    shape * MAX_LANES as u16 + lanes - 1
}

/// Shape and lanes of a registered model.
fn registered(model: u16) -> Result<(&'static Shape, usize), CodecError> {
    let (shape, lanes) = (usize::from(model) / MAX_LANES, usize::from(model) % MAX_LANES + 1);
    let shape = SHAPES.get(shape).ok_or(CodecError::UnknownModel { codec: NAME, model })?;
    Ok((shape, lanes))
}

/// Codes one group.
///
/// # Errors
/// [`CodecError::Damaged`] if the model diverged, which is a bug.
pub fn encode(raw: &[u8], options: &CodecOptions) -> Result<EncodedGroup, CodecError> {
    let model = choose(options, raw.len() as u64);
    let (shape, lanes) = registered(model)?;
    let payload = paper::compress(raw, shape, lanes, options.isa).map_err(translate)?;
    Ok(EncodedGroup { coding: Coding { codec: Codec::PearPaper as u8, filter: 0, model }, payload })
}

/// Decodes the first `wanted` bytes of a group; those that are not reached in
/// their lane are zeros. Faults are [`CodecError::UnknownModel`],
/// [`CodecError::UnknownFilter`] and [`CodecError::Damaged`].
pub fn decode(coding: Coding, payload: &[u8], raw_length: usize, wanted: usize) -> Partial {
    if coding.filter != 0 {
        return Partial::nothing(CodecError::UnknownFilter { filter: coding.filter });
    }
    let (shape, lanes) = match registered(coding.model) {
        Ok(registered) => registered,
        Err(error) => return Partial::nothing(error),
    };
    let lengths = (raw_length, wanted);
    let (raw, fault) = paper::decompress_damaged(payload, shape, lanes, lengths, Isa::best());
    Partial { raw, fault: fault.map(translate) }
}

/// Bytes of memory decoding takes beside payload and output.
///
/// # Errors
/// [`CodecError::UnknownModel`].
pub fn decode_memory(coding: Coding, _raw_length: u64) -> Result<u64, CodecError> {
    registered(coding.model).map(|(shape, lanes)| shape.memory(lanes))
}

/// Bytes of memory coding takes beside input and payload.
pub fn encode_memory(options: &CodecOptions, raw_length: u64) -> u64 {
    registered(choose(options, raw_length)).map_or(0, |(shape, lanes)| shape.memory(lanes))
}

/// Rough seconds of one core: multiply-adds forward and twice backward, and
/// the optimiser's pass over memory.
pub fn decode_seconds(coding: Coding, raw_length: u64) -> f64 {
    let Ok((shape, lanes)) = registered(coding.model) else { return 0.0 };
    let (shared, all) = (shape.parameters(0) as f64, shape.parameters(lanes) as f64);
    let step = 6.0 * shared * lanes as f64 / 130e9 + 2e-9 * all;
    raw_length.div_ceil(lanes as u64) as f64 * step
}

/// Known-answer test of the network.
///
/// # Errors
/// [`CodecError::SelfTest`].
pub fn self_test(isa: Isa) -> Result<(), CodecError> {
    let failed = CodecError::SelfTest { what: "the published network", isa: isa.name() };
    paper::self_test(isa).map_err(|_| failed)
}

fn translate(error: PaperError) -> CodecError {
    let (offset, cause) = match error {
        PaperError::Code { .. } => (0, "the code is none the encoder writes"),
        PaperError::Rest => (0, "the code goes on after the last byte"),
        PaperError::Diverged { .. } => (0, "the model diverged"),
        _ => (0, "the model failed"),
    };
    CodecError::Damaged { codec: NAME, offset, cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Choice, decode_group, encode_group};

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
    fn lanes_asked_for_are_made_where_each_has_enough_bytes() {
        let usual = CodecOptions::default();
        assert_eq!(usual.lanes, USUAL_LANES);
        let made = |lanes, length| {
            let model = choose(&CodecOptions { lanes, ..usual.clone() }, length);
            registered(model).unwrap().1
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
            let coding = Coding { codec: Codec::PearPaper as u8, filter: 0, model };
            let error = decode_group(coding, &[0], 1, 1).unwrap_err();
            assert!(matches!(error, CodecError::UnknownModel { .. }));
            assert!(decode_memory(coding, 1).is_err());
        }
    }

    #[test]
    fn the_published_model_fits_the_promised_memory() {
        for shape in [0, ENCODED] {
            let model = shape * MAX_LANES as u16 + 511;
            let published = Coding { codec: Codec::PearPaper as u8, filter: 0, model };
            assert!(decode_memory(published, 1 << 20).unwrap() <= 600 << 20);
        }
    }
}
