//! Takes files apart into streams, and makes them again.
//!
//! Normative text: spec/container.md §6.3.

use std::io::{Read, Write};

/// What a file may become when it is taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of all streams together.
    pub most_plain: u64,
    /// How many transforms may stand behind one another.
    pub depth: u32,
}

/// A file that was taken apart.
#[derive(Clone, Debug)]
pub struct Split {
    /// One stream of each kind, at most.
    pub streams: Vec<Stream>,
    /// What makes the file of them.
    pub steps: Vec<Step>,
}

/// Bytes of one kind.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Their kind.
    pub kind: StreamKind,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What the bytes of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// Letters, sources, markup.
    Text,
    /// Structured binary data.
    Binary,
    /// Coded pictures.
    Jpeg,
    /// What is compressed already.
    Stored,
}

/// One transform.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its number.
    pub transform: u64,
    /// Whether only other steps use the output.
    pub hidden: bool,
    /// Bytes that it gives.
    pub output: u64,
    /// What the transform needs to know besides.
    pub parameters: Vec<u8>,
    /// What it works on.
    pub inputs: Vec<Input>,
}

/// What a transform works on.
#[derive(Clone, Copy, Debug)]
pub enum Input {
    /// Bytes of a stream.
    Stream {
        /// Which one.
        stream: usize,
        /// The first byte.
        offset: u64,
        /// Number of bytes.
        length: u64,
    },
    /// All that an earlier step gives.
    Step {
        /// Number of steps back.
        back: u64,
    },
}

/// Why a transform failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The step has a transform that this version does not know.
    #[error("unknown transform {transform}: written by a newer pear-archive; upgrade to read it")]
    UnknownTransform {
        /// Number found in the step.
        transform: u64,
    },
    /// The parameters or inputs of a step are not those that its transform takes.
    #[error("damaged {transform} step: {cause}")]
    Damaged {
        /// Name of the transform.
        transform: &'static str,
        /// What is wrong.
        cause: &'static str,
    },
    /// An output is longer than any step may give.
    #[error("an output of {found} bytes is longer than the {limit} bytes that a step may give")]
    TooLarge {
        /// Bytes that the step should give.
        found: u64,
        /// Most bytes.
        limit: u64,
    },
}

/// Returns whether a file may be worth taking apart; its first 64 KiB are enough.
pub fn is_candidate(start: &[u8]) -> bool {
    start.starts_with(b"BZh")
}

/// Takes a file apart; `None` if it does not come back exactly or is not worth it.
pub fn split(file: &[u8], limits: &Limits) -> Option<Split> {
    let level = file.get(3).filter(|level| (b'1'..=b'9').contains(level))? - b'0';
    let mut plain = Vec::new();
    let mut decoder = bzip2::bufread::BzDecoder::new(file).take(limits.most_plain + 1);
    decoder.read_to_end(&mut plain).ok()?;
    if plain.is_empty() || plain.len() as u64 > limits.most_plain {
        return None;
    }
    let output = file.len() as u64;
    let length = plain.len() as u64;
    let made = run(2, &[level], &[&plain], output).ok().filter(|made| made == file)?;
    drop(made);
    let text = plain.iter().take(1000).all(|&byte| byte >= 9);
    let kind = if text { StreamKind::Text } else { StreamKind::Binary };
    let inputs = vec![Input::Stream { stream: 0, offset: 0, length }];
    let step = Step { transform: 2, hidden: false, output, parameters: vec![level], inputs };
    Some(Split { streams: vec![Stream { kind, bytes: plain }], steps: vec![step] })
}

/// Returns the bytes of memory that a transform takes besides inputs and output.
///
/// # Errors
/// [`RecipeError::UnknownTransform`].
pub fn transform_memory(
    transform: u64,
    parameters: &[u8],
    inputs: &[u64],
    output: u64,
) -> Result<u64, RecipeError> {
    let _ = (parameters, inputs, output);
    match transform {
        0 => Ok(0),
        2 => Ok(8 << 20),
        _ => Err(RecipeError::UnknownTransform { transform }),
    }
}

/// Runs a transform.
///
/// # Errors
/// [`RecipeError`], also if the output has another length.
pub fn run(
    transform: u64,
    parameters: &[u8],
    inputs: &[&[u8]],
    output: u64,
) -> Result<Vec<u8>, RecipeError> {
    let name = transform_name(transform).ok_or(RecipeError::UnknownTransform { transform })?;
    let failed = |cause| RecipeError::Damaged { transform: name, cause };
    let made = match transform {
        0 if !parameters.is_empty() => return Err(failed("it has parameters")),
        0 => inputs.concat(),
        _ => {
            let [level @ 1..=9] = parameters else {
                return Err(failed("its parameters are not one level"));
            };
            let level = bzip2::Compression::new(u32::from(*level));
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
            let written = encoder.write_all(&inputs.concat()).and_then(|()| encoder.finish());
            written.map_err(|_| failed("the library does"))?
        }
    };
    match made.len() as u64 == output {
        true => Ok(made),
        false => Err(failed("its output has another length than stated")),
    }
}

/// Returns the name of a transform.
pub fn transform_name(transform: u64) -> Option<&'static str> {
    match transform {
        0 => Some("copy"),
        2 => Some("bzip2"),
        _ => None,
    }
}
