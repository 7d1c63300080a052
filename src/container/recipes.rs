//! Recipes: how files are made from streams. What the transforms do is not known here.
//! Normative text: spec/container.md §6.3.

use super::ContainerError;
use super::budget::{allocation, step_memory};
use super::columns::Columns;
use super::contents::Row;
use crate::bytes::{put_bytes, put_varint};
use crate::entry::{Input, Recipe, Step};
use std::ops::Range;

/// Most bytes of a batch with recipes.
pub const BATCH_WITH_RECIPES: u64 = 1 << 26;

/// Most bytes of all outputs of a row, and of all inputs of its steps.
pub const MADE_MOST: u64 = 1 << 28;

/// Most steps of all rows of a section that this reader takes.
pub(super) const SECTION_STEPS: u64 = 1 << 20;

/// Most steps of a row.
pub const ROW_STEPS: u64 = 65_536;

/// Greatest depth of a step.
pub const STEP_DEPTH: u8 = 8;

/// Most inputs of a step.
pub const STEP_INPUTS: u64 = 4096;

/// Most bytes of the parameters of a step.
pub const STEP_PARAMETERS: u64 = 4096;

/// Least bytes of a step and of an input: one in each field that all have.
const STEP_MINIMUM: u64 = 5;
const INPUT_MINIMUM: u64 = 3;

/// Bits of Step_Flags.
const HIDDEN: u64 = 1;
const UNFINISHED: u64 = 2;

/// The rows that recipes may use.
pub(super) struct Streams<'a> {
    /// Where each row starts in the batch, and where the last ends.
    starts: Vec<u64>,
    is_stream: &'a dyn Fn(usize) -> bool,
}

impl<'a> Streams<'a> {
    /// Finds the places of rows. Refuses a batch that is too long for recipes.
    pub fn of(
        columns: &Columns,
        rows: &[Row],
        is_stream: &'a dyn Fn(usize) -> bool,
    ) -> Result<Streams<'a>, ContainerError> {
        let (mut starts, mut end) = (Vec::with_capacity(rows.len() + 1), 0u64);
        starts.push(0);
        for row in rows {
            end = end.saturating_add(row.length);
            starts.push(end);
        }
        match end > BATCH_WITH_RECIPES {
            true => Err(columns.invalid(0, "a batch with recipes is longer than 2^26 bytes")),
            false => Ok(Streams { starts, is_stream }),
        }
    }

    /// Returns where bytes of a row start in the batch.
    fn place(&self, row: u64, offset: u64, length: u64) -> Result<u64, &'static str> {
        let row = usize::try_from(row).ok().filter(|&row| row + 1 < self.starts.len());
        let row = row.ok_or("an input is not a row")?;
        if !(self.is_stream)(row) {
            return Err("an input is not a stream");
        }
        match offset.checked_add(length) {
            Some(end) if end <= self.starts[row + 1] - self.starts[row] => {
                Ok(self.starts[row] + offset)
            }
            _ => Err("an input reaches beyond the end of its stream"),
        }
    }
}

/// Makes a recipe of steps whose inputs are counted in bytes of the batch; `None` if it is
/// more than the format takes.
pub fn recipe_of(steps: Vec<Step>) -> Option<Recipe> {
    let fits = |step: &Step| {
        let (inputs, parameters) = (step.inputs.len() as u64, step.parameters.len() as u64);
        step.output > 0 && inputs <= STEP_INPUTS && parameters <= STEP_PARAMETERS
    };
    let count = 1..=ROW_STEPS;
    let fits = count.contains(&(steps.len() as u64)) && steps.iter().all(fits);
    (fits && check(&steps).is_ok()).then(|| settle(steps))
}

/// Reads the recipe of a row. `left` are the steps that the section may yet have.
pub(super) fn decode(
    columns: &mut Columns,
    row: usize,
    streams: &Streams,
    left: &mut u64,
) -> Result<Recipe, ContainerError> {
    let size = columns.varint()?;
    let count = count_steps(columns, left)?;
    let mut steps: Vec<Step> = Vec::with_capacity(count);
    for _ in 0..count {
        let transform = columns.varint()?;
        let flags = columns.flags(HIDDEN | UNFINISHED, "Step_Flags")?;
        if flags & UNFINISHED != 0 {
            let structure = "a step that goes on in another section";
            return Err(ContainerError::UnsupportedPart { structure, number: UNFINISHED });
        }
        let output = columns.varint()?;
        let parameters = parameters(columns)?.to_vec();
        let (count, mut inputs) = (count_inputs(columns)?, Vec::new());
        inputs.reserve_exact(count);
        for _ in 0..count {
            let input = decode_input(columns, &steps, streams)?;
            inputs.push(input.map_err(|cause| columns.invalid(row, cause))?);
        }
        steps.push(Step { transform, hidden: flags & HIDDEN != 0, output, parameters, inputs });
    }
    let found = check(&steps).map_err(|cause| columns.invalid(row, cause))?;
    match found == size && size > 0 && steps.iter().all(|step| step.output > 0) {
        true => Ok(settle(steps)),
        false => Err(columns.invalid(row, "Output_Length is not what the steps give")),
    }
}

/// Reads an input of the step behind `steps`. The inner error is a broken rule.
fn decode_input(
    columns: &mut Columns,
    steps: &[Step],
    streams: &Streams,
) -> Result<Result<Input, &'static str>, ContainerError> {
    let source = columns.varint()?;
    let place = columns.varint()?;
    let length = columns.varint()?;
    if source > 0 {
        let placed = streams.place(source - 1, place, length);
        return Ok(placed.map(|offset| Input::Parts { offset, length }));
    }
    let back = usize::try_from(place).ok().filter(|&back| back > 0);
    let number = back.and_then(|back| steps.len().checked_sub(back));
    Ok(match number {
        None => Err("an input is not an earlier step"),
        Some(number) if steps[number].output != length => {
            Err("an input is not as long as the step it comes from")
        }
        Some(number) => Ok(Input::Step { number }),
    })
}

fn count_steps(columns: &mut Columns, left: &mut u64) -> Result<usize, ContainerError> {
    if !(1..=ROW_STEPS).contains(&columns.clone().varint()?) {
        return Err(columns.invalid(0, "a recipe does not have 1 to 65,536 steps"));
    }
    let count = columns.count("steps of recipes", *left, STEP_MINIMUM)?;
    *left -= count as u64;
    Ok(count)
}

fn count_inputs(columns: &mut Columns) -> Result<usize, ContainerError> {
    let count = columns.count("inputs", u64::MAX, INPUT_MINIMUM)?;
    match count as u64 > STEP_INPUTS {
        true => Err(columns.invalid(0, "a step has more than 4,096 inputs")),
        false => Ok(count),
    }
}

fn parameters<'a>(columns: &mut Columns<'a>) -> Result<&'a [u8], ContainerError> {
    let length = columns.varint()?;
    match length > STEP_PARAMETERS {
        true => Err(columns.invalid(0, "the parameters of a step have more than 4,096 bytes")),
        false => columns.take(length),
    }
}

/// Returns the memory, in bytes, of building the recipe that `columns` starts with, and reads
/// over it. `left` are the steps that the section may yet have.
pub(super) fn memory(columns: &mut Columns, left: &mut u64) -> Result<u64, ContainerError> {
    columns.varint()?;
    let (mut memory, mut ranges) = (0u64, 0);
    let count = count_steps(columns, left)?;
    for _ in 0..count {
        columns.skip(3)?;
        let parameters = parameters(columns)?.len() as u64;
        let inputs = count_inputs(columns)? as u64;
        columns.skip(3 * inputs)?;
        memory = memory.saturating_add(step_memory(parameters, inputs));
        ranges += inputs;
    }
    // The parts, twice while they are sorted; depths of steps.
    let parts = 2 * allocation(ranges * size_of::<Range<u64>>() as u64);
    let recipe = allocation(size_of::<Recipe>() as u64 + 16);
    Ok(memory.saturating_add(parts + count as u64 + recipe))
}

/// Checks depths and sums; returns the bytes that the steps give which are not hidden.
fn check(steps: &[Step]) -> Result<u64, &'static str> {
    let (mut depths, mut outputs, mut inputs, mut size) = (Vec::new(), 0u64, 0u64, 0u64);
    for step in steps {
        outputs = outputs.saturating_add(step.output);
        // Not hidden ones are among all, which are bounded.
        size = if step.hidden { size } else { size.saturating_add(step.output) };
        let mut depth = 1;
        for input in &step.inputs {
            inputs = inputs.saturating_add(match *input {
                Input::Parts { length, .. } => length,
                Input::Step { number } => {
                    depth = depth.max(1 + depths[number]);
                    steps[number].output
                }
            });
        }
        if depth > STEP_DEPTH {
            return Err("a step is deeper than 8");
        }
        depths.push(depth);
    }
    if outputs.max(inputs) > MADE_MOST {
        return Err("the steps give or take more than 2^28 bytes");
    }
    Ok(size)
}

/// Finds the bytes of the batch that steps use, and counts their inputs in these.
fn settle(mut steps: Vec<Step>) -> Recipe {
    let range = |input: &Input| match *input {
        Input::Parts { offset, length } if length > 0 => Some(offset..offset + length),
        _ => None,
    };
    let mut used: Vec<Range<u64>> =
        steps.iter().flat_map(|step| step.inputs.iter().filter_map(range)).collect();
    used.sort_unstable_by_key(|range| range.start);
    let mut parts: Vec<Range<u64>> = Vec::new();
    for range in used {
        match parts.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => parts.push(range),
        }
    }
    parts.shrink_to_fit();
    let before = lengths_before(&parts);
    for input in steps.iter_mut().flat_map(|step| &mut step.inputs) {
        if let Input::Parts { offset, length } = input {
            // Nothing of a part lies nowhere.
            let part = parts.partition_point(|part| part.start <= *offset).saturating_sub(1);
            *offset = if *length == 0 { 0 } else { before[part] + *offset - parts[part].start };
        }
    }
    Recipe { parts, steps }
}

/// Returns the bytes of all parts before each.
fn lengths_before(parts: &[Range<u64>]) -> Vec<u64> {
    let mut end = 0;
    let before = |part: &Range<u64>| {
        end += part.end - part.start;
        end + part.start - part.end
    };
    parts.iter().map(before).collect()
}

/// Appends the recipes of rows.
pub(super) fn encode(out: &mut Vec<u8>, rows: &[Row]) {
    let mut starts = Vec::with_capacity(rows.len());
    let mut end = 0;
    for row in rows {
        starts.push(end);
        end += row.length;
    }
    for recipe in rows.iter().filter_map(|row| row.recipe.as_deref()) {
        let before = lengths_before(&recipe.parts);
        put_varint(out, recipe.size());
        put_varint(out, recipe.steps.len() as u64);
        for (number, step) in recipe.steps.iter().enumerate() {
            put_varint(out, step.transform);
            put_varint(out, if step.hidden { HIDDEN } else { 0 });
            put_varint(out, step.output);
            put_bytes(out, &step.parameters);
            put_varint(out, step.inputs.len() as u64);
            for input in &step.inputs {
                let (source, place) = match *input {
                    Input::Step { number: from } => (0, (number - from) as u64),
                    Input::Parts { length: 0, .. } => (first_stream(rows) + 1, 0),
                    Input::Parts { offset, .. } => {
                        let part = before.partition_point(|&before| before <= offset) - 1;
                        let at = recipe.parts[part].start + offset - before[part];
                        let row = starts.partition_point(|&start| start <= at) - 1;
                        (row as u64 + 1, at - starts[row])
                    }
                };
                put_varint(out, source);
                put_varint(out, place);
                put_varint(out, recipe.length(input));
            }
        }
    }
}

/// Returns a row of which an input of no bytes is a part.
fn first_stream(rows: &[Row]) -> u64 {
    let is_stream = |row: &Row| row.recipe.is_none() && row.sparse.is_none();
    // The first row may go on with another section's.
    rows.iter().skip(1).position(is_stream).map_or(0, |row| row as u64 + 1)
}
