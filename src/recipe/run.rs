//! The list of transforms; a step ⇒ its output.

use super::{Input, MOST_OUTPUT, RecipeError, Split, base64, bzip2, deflate, idat, scanlines};
use crate::entry;
use std::borrow::Cow;

/// Numbers of the transforms.
pub(super) const COPY: u64 = 0;
pub(super) const DEFLATE: u64 = 1;
pub(super) const BZIP2: u64 = 2;
pub(super) const BASE64: u64 = 3;
pub(super) const SCANLINES: u64 = 4;
pub(super) const IDAT: u64 = 5;

/// Name of a transform for people; `None` if this version does not know it.
pub fn transform_name(transform: u64) -> Option<&'static str> {
    Some(match transform {
        COPY => "copy",
        DEFLATE => deflate::NAME,
        BZIP2 => bzip2::NAME,
        BASE64 => base64::NAME,
        SCANLINES => scanlines::NAME,
        IDAT => idat::NAME,
        _ => return None,
    })
}

/// Refuses an output longer than any, before anything is computed from its length.
fn check_output(output: u64) -> Result<(), RecipeError> {
    let limit = MOST_OUTPUT;
    if output > limit { Err(RecipeError::TooLarge { found: output, limit }) } else { Ok(()) }
}

/// Bytes of memory that a transform takes beside inputs and output, known before it runs.
/// `inputs` are the lengths of its inputs.
///
/// # Errors
/// [`RecipeError::UnknownTransform`], [`RecipeError::Damaged`], [`RecipeError::TooLarge`].
pub fn transform_memory(
    transform: u64,
    parameters: &[u8],
    inputs: &[u64],
    output: u64,
) -> Result<u64, RecipeError> {
    check_output(output)?;
    let total = inputs.iter().fold(0u64, |total, &input| total.saturating_add(input));
    match transform {
        COPY | BASE64 => Ok(0),
        DEFLATE => deflate::memory(parameters, total - inputs.last().unwrap_or(&0)),
        BZIP2 => Ok(bzip2::MEMORY),
        SCANLINES | IDAT => Ok(total),
        _ => Err(RecipeError::UnknownTransform { transform }),
    }
}

/// Makes the output of a step. Never panics, whatever the inputs are; takes the memory that
/// [`transform_memory`] says.
///
/// # Errors
/// All of [`RecipeError`]; [`RecipeError::Length`] if it is not `output` bytes long.
pub fn run(
    transform: u64,
    parameters: &[u8],
    inputs: &[&[u8]],
    output: u64,
) -> Result<Vec<u8>, RecipeError> {
    check_output(output)?;
    let most = output as usize;
    let made = match transform {
        COPY => copy(parameters, inputs, most),
        DEFLATE => match inputs.split_last() {
            Some((corrections, plain)) => deflate::run(parameters, plain, corrections, most),
            None => Err(RecipeError::Damaged { transform: deflate::NAME, cause: "no inputs" }),
        },
        BZIP2 => bzip2::run(parameters, inputs, most),
        BASE64 => base64::run(parameters, inputs, most),
        SCANLINES => scanlines::run(parameters, inputs, most),
        IDAT => idat::run(parameters, inputs, most),
        _ => Err(RecipeError::UnknownTransform { transform }),
    }?;
    let transform = transform_name(transform).unwrap_or_default();
    if made.len() == most {
        Ok(made)
    } else {
        Err(RecipeError::Length { transform, expected: output })
    }
}

fn copy(parameters: &[u8], inputs: &[&[u8]], output: usize) -> Result<Vec<u8>, RecipeError> {
    let damaged = |cause| RecipeError::Damaged { transform: "copy", cause };
    if !parameters.is_empty() {
        return Err(damaged("parameters that cannot be"));
    }
    let total = inputs.iter().fold(0usize, |total, input| total.saturating_add(input.len()));
    if total != output {
        return Err(RecipeError::Length { transform: "copy", expected: output as u64 });
    }
    Ok(inputs.concat())
}

/// Where an input of a step is.
#[derive(Debug)]
pub enum Source<'s> {
    /// Bytes that are there before any step runs.
    Bytes(Cow<'s, [u8]>),
    /// The whole output of the step of this number, which is an earlier one.
    Step(usize),
}

/// Runs steps and returns the outputs of those that are not hidden, in their order. `source`
/// says where an input of the step of a number is.
///
/// # Errors
/// As [`run`]; an input that is not there is [`RecipeError::Damaged`].
pub fn make<'s, I>(
    steps: &[entry::Step<I>],
    source: impl Fn(usize, &I) -> Option<Source<'s>>,
) -> Result<Vec<Vec<u8>>, RecipeError> {
    let missing = RecipeError::Damaged { transform: "recipe", cause: "an input that is not there" };
    let mut outputs: Vec<Vec<u8>> = Vec::with_capacity(steps.len());
    for (number, step) in steps.iter().enumerate() {
        let sources = step.inputs.iter().map(|input| source(number, input));
        let sources: Vec<Source> = sources.collect::<Option<_>>().ok_or_else(|| missing.clone())?;
        let mut inputs: Vec<&[u8]> = Vec::with_capacity(sources.len());
        for source in &sources {
            inputs.push(match source {
                Source::Bytes(bytes) => bytes,
                Source::Step(number) => outputs.get(*number).ok_or_else(|| missing.clone())?,
            });
        }
        outputs.push(run(step.transform, &step.parameters, &inputs, step.output)?);
    }
    let shown = steps.iter().zip(outputs).filter(|(step, _)| !step.hidden);
    Ok(shown.map(|(_, output)| output).collect())
}

/// Makes a file from its streams and steps.
///
/// # Errors
/// As [`make`].
pub fn join(split: &Split) -> Result<Vec<u8>, RecipeError> {
    let source = |number: usize, input: &Input| match *input {
        Input::Stream { stream, offset, length } => {
            let (start, end) = (offset as usize, offset.checked_add(length)? as usize);
            let bytes = split.streams.get(stream)?.bytes.get(start..end)?;
            Some(Source::Bytes(Cow::Borrowed(bytes)))
        }
        Input::Step { back } => number.checked_sub(back as usize).map(Source::Step),
    };
    Ok(make(&split.steps, source)?.concat())
}
