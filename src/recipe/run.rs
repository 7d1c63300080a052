//! The list of transforms; a step ⇒ its output.

use super::{Input, MOST_OUTPUT, RecipeError, Split, base64, bzip2, deflate, idat, scanlines};

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

/// Makes a file from its streams and steps.
///
/// # Errors
/// As [`run`]; an input that is not there is [`RecipeError::Damaged`].
pub fn join(split: &Split) -> Result<Vec<u8>, RecipeError> {
    let missing = RecipeError::Damaged { transform: "recipe", cause: "an input that is not there" };
    let mut outputs: Vec<Vec<u8>> = Vec::with_capacity(split.steps.len());
    for step in &split.steps {
        let mut inputs = Vec::with_capacity(step.inputs.len());
        for input in &step.inputs {
            let bytes = match *input {
                Input::Stream { stream, offset, length } => {
                    split.streams.get(stream).and_then(|stream| {
                        let end = offset.checked_add(length)?;
                        stream.bytes.get(offset as usize..end as usize)
                    })
                }
                Input::Step { back } => outputs
                    .len()
                    .checked_sub(back as usize)
                    .and_then(|at| outputs.get(at))
                    .map(|out| &out[..]),
            };
            inputs.push(bytes.ok_or_else(|| missing.clone())?);
        }
        outputs.push(run(step.transform, &step.parameters, &inputs, step.output)?);
    }
    let shown = split.steps.iter().zip(&outputs).filter(|(step, _)| !step.hidden);
    Ok(shown.map(|(_, output)| &output[..]).collect::<Vec<_>>().concat())
}
