//! Recipes (§6.3) and the transforms of recipes.md.

#[path = "deflate.rs"]
mod deflate;

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
            let made = transform(step.transform, &step.parameters, &inputs, step.output)?;
            if !step.hidden {
                file.extend_from_slice(&made);
            }
            outputs.push(made);
        }
        Ok(file)
    }
}

/// Runs a transform, which gives `output` bytes. Section numbers are those of recipes.md.
pub fn transform(number: u64, parameters: &[u8], inputs: &[&[u8]], output: u64) -> Result<Vec<u8>> {
    let made = match number {
        0 => {
            need(parameters.is_empty(), "2.1: Parameters of copy")?;
            inputs.concat()
        }
        1 => deflate::run(parameters, inputs)?,
        2 => bzip2(parameters, &inputs.concat())?,
        3 => base64(parameters, &inputs.concat())?,
        4 => scanlines(parameters, inputs)?,
        5 => idat(parameters, &inputs.concat(), output)?,
        other => return Err(format!("unsupported: Transform {other}")),
    };
    need(made.len() as u64 == output, "1: an output of another length")?;
    Ok(made)
}

/// §2.2
fn bzip2(parameters: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let &[level @ 1..=9] = parameters else { return Err("2.2: Parameters of bzip2".to_owned()) };
    let level = bzip2::Compression::new(level.into());
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
    encoder.write_all(plain).map_err(|error| error.to_string())?;
    encoder.finish().map_err(|error| error.to_string())
}

/// §2.3
fn base64(parameters: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let letters: Vec<u8> =
        (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/").collect();
    let mut table = Table(parameters);
    let (line, layout) = (table.varint()?, table.byte()?);
    table.end()?;
    need(layout < 64, "2.3: Layout")?;
    let end: &[u8] = match layout & 15 {
        0 => b"\n",
        1 => b"\r\n",
        2 => b"\\n",
        other => return Err(format!("2.3: Line_End {other}")),
    };
    let mut text = Vec::new();
    for group in plain.chunks(3) {
        let byte = |k| group.get(k).map_or(0, |&byte| usize::from(byte));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.extend((0..=group.len()).map(|k| letters[bits >> (18 - 6 * k) & 63]));
    }
    if layout & 32 != 0 {
        text.resize(text.len().next_multiple_of(4), b'=');
    }
    let line = if line == 0 { usize::MAX } else { usize::try_from(line).unwrap_or(usize::MAX) };
    let mut text = text.chunks(line).collect::<Vec<_>>().join(end);
    if layout & 16 != 0 {
        text.extend(end);
    }
    Ok(text)
}

/// §2.5
fn scanlines(parameters: &[u8], inputs: &[&[u8]]) -> Result<Vec<u8>> {
    let mut table = Table(parameters);
    let row = table.within(1..=u64::MAX, "2.5: Row_Length")? as usize;
    let distance = table.within(1..=u64::MAX, "2.5: Distance")? as usize;
    table.end()?;
    let (types, rows) = inputs.split_first().ok_or("2.5: no inputs")?;
    let rows = rows.concat();
    need(row.checked_mul(types.len()) == Some(rows.len()), "2.5: filter types and rows")?;
    let mut data = Vec::new();
    for (y, &kind) in types.iter().enumerate() {
        need(kind <= 4, "2.5: a filter type")?;
        data.push(kind);
        for x in 0..row {
            // A byte of this row or of the one above, 0 outside.
            let byte = |up: usize, left: usize| match (y >= up, x >= left) {
                (true, true) => i32::from(rows[(y - up) * row + x - left]),
                _ => 0,
            };
            let (left, above, corner) = (byte(0, distance), byte(1, 0), byte(1, distance));
            let sum = left + above - corner;
            let nearest = [left, above, corner].into_iter().min_by_key(|&one| (sum - one).abs());
            let foretold = match kind {
                0 => 0,
                1 => left,
                2 => above,
                3 => (left + above) / 2,
                _ => nearest.unwrap_or(0),
            };
            data.push((byte(0, 0) - foretold) as u8);
        }
    }
    Ok(data)
}

/// §2.4
fn idat(parameters: &[u8], data: &[u8], output: u64) -> Result<Vec<u8>> {
    let (mut table, mut left, mut chunks) = (Table(parameters), data, Vec::new());
    while table.end().is_err() {
        let (length, count) = (table.varint()?, table.varint()?);
        for _ in 0..count {
            need(length <= left.len() as u64, "2.4: chunks longer than the data")?;
            let (chunk, rest) = left.split_at(length as usize);
            left = rest;
            let named = [b"IDAT", chunk].concat();
            chunks.extend((length as u32).to_be_bytes());
            chunks.extend(&named);
            chunks.extend(crc32fast::hash(&named).to_be_bytes());
            need(chunks.len() as u64 <= output, "2.4: an output of another length")?;
        }
    }
    need(left.is_empty(), "2.4: chunks shorter than the data")?;
    Ok(chunks)
}
