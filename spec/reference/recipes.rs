//! Recipes (§6.3) and the transforms of recipes.md. Deflate and JPEG are not written anew here.

use super::{Result, Table, known, need};
use std::io::Write;

/// An input of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Input {
    /// First byte in the stream, and length.
    Bytes(u64, u64),
    /// What the step of this number gives.
    Step(usize),
}

/// A step of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    transform: u64,
    hidden: bool,
    output: u64,
    parameters: Vec<u8>,
    inputs: Vec<Input>,
}

/// How a file is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe(Vec<Step>);

impl Recipe {
    /// Reads a recipe. `streams` are start and length of the rows that it may use.
    pub fn read(table: &mut Table, streams: &[Option<(u64, u64)>]) -> Result<Recipe> {
        let size = table.within(1..=u64::MAX, "Output_Length")?;
        let count = table.within(1..=65_536, "Step_Count")?;
        let (mut steps, mut depths) = (Vec::<Step>::new(), Vec::<u64>::new());
        let (mut outputs, mut taken) = (0, 0);
        for _ in 0..count {
            let transform = table.varint()?;
            let flags = table.varint()?;
            known(flags <= 1, || format!("Step_Flags {flags:#x}"))?;
            let output = table.within(1..=1 << 28, "Output")?;
            let parameters = table.counted()?;
            need(parameters.len() <= 4096, "Parameters")?;
            let (mut inputs, mut depth) = (Vec::new(), 1);
            for _ in 0..table.within(0..=4096, "Input_Count")? {
                let (source, place, length) = (table.varint()?, table.varint()?, table.varint()?);
                if source == 0 {
                    need((1..=steps.len() as u64).contains(&place), "Step_Back")?;
                    let number = steps.len() - place as usize;
                    need(steps[number].output == length, "Input_Length of a step")?;
                    depth = depth.max(depths[number] + 1);
                    inputs.push(Input::Step(number));
                } else {
                    let row = usize::try_from(source - 1).ok().and_then(|row| streams.get(row));
                    let (start, whole) = row.copied().flatten().ok_or("Source is no stream")?;
                    let end = place.checked_add(length);
                    need(end.is_some_and(|end| end <= whole), "an input beyond its stream")?;
                    inputs.push(Input::Bytes(start + place, length));
                }
                taken += length;
                need(taken <= 1 << 28, "inputs of more than 2^28 bytes")?;
            }
            need(depth <= 8, "depth")?;
            depths.push(depth);
            outputs += output;
            need(outputs <= 1 << 28, "outputs of more than 2^28 bytes")?;
            steps.push(Step { transform, hidden: flags == 1, output, parameters, inputs });
        }
        let recipe = Recipe(steps);
        need(recipe.size() == size, "Output_Length")?;
        Ok(recipe)
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.0.iter().filter(|step| !step.hidden).map(|step| step.output).sum()
    }

    /// The recipe of a batch that starts at `start` of the stream.
    pub fn at(&self, start: u64) -> Recipe {
        let mut recipe = self.clone();
        for input in recipe.0.iter_mut().flat_map(|step| &mut step.inputs) {
            if let Input::Bytes(at, _) = input {
                *at += start;
            }
        }
        recipe
    }

    /// Makes the file.
    pub fn make(&self, stream: &[u8]) -> Result<Vec<u8>> {
        let (mut outputs, mut file) = (Vec::<Vec<u8>>::new(), Vec::new());
        for step in &self.0 {
            let input = |input: &Input| match *input {
                Input::Bytes(at, length) => &stream[at as usize..(at + length) as usize],
                Input::Step(number) => &outputs[number][..],
            };
            let inputs: Vec<&[u8]> = step.inputs.iter().map(input).collect();
            let made = transform(step.transform, &step.parameters, &inputs)?;
            need(made.len() as u64 == step.output, "an output of another length")?;
            if !step.hidden {
                file.extend_from_slice(&made);
            }
            outputs.push(made);
        }
        Ok(file)
    }
}

/// Runs a transform.
fn transform(number: u64, parameters: &[u8], inputs: &[&[u8]]) -> Result<Vec<u8>> {
    match number {
        0 => {
            need(parameters.is_empty(), "Parameters of copy")?;
            Ok(inputs.concat())
        }
        2 => {
            let &[level @ 1..=9] = parameters else { return Err("Parameters of bzip2".to_owned()) };
            let level = bzip2::Compression::new(level.into());
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
            encoder.write_all(&inputs.concat()).map_err(|error| error.to_string())?;
            encoder.finish().map_err(|error| error.to_string())
        }
        other => Err(format!("unsupported: Transform {other}")),
    }
}
