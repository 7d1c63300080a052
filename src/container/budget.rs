//! The memory that tables take, computed before they are built.
//!
//! A table is read once without keeping anything. Its counts and lengths give the
//! memory that building it takes.

use super::columns::Columns;
use super::contents::{Again, Row, Sparse};
use super::limits::check;
use super::runs::Run;
use super::table::{ROW_MINIMUM, TABLE};
use super::{ContainerError, Limits, Part, classes, contents, recipes, runs};
use crate::entry::{Common, Content, Entry, FileDigest, Input, Kind, Recipe, Segment, Step};
use std::sync::Arc;

/// Returns the bytes that an allocation of `bytes` takes: the allocator uses a few
/// itself.
pub fn allocation(bytes: u64) -> u64 {
    match bytes {
        0 => 0,
        _ => (bytes.saturating_add(8 + 15) & !15).max(32),
    }
}

fn size<T>() -> u64 {
    size_of::<T>() as u64
}

/// Returns the bytes of memory that an entry takes, including everything it holds.
pub fn entry_memory(entry: &Entry) -> u64 {
    own_memory(entry) + common_memory(&entry.metadata)
}

/// Returns the bytes of memory that entries take, including everything they hold. What one
/// shares with the entry before is counted once.
pub fn entries_memory(entries: &[Entry]) -> u64 {
    let mut before: Option<&Arc<Common>> = None;
    let mut sum = 0u64;
    for entry in entries {
        let common = &entry.metadata.common;
        let shared = before.replace(common).is_some_and(|before| Arc::ptr_eq(before, common));
        let memory = own_memory(entry) + if shared { 0 } else { common_memory(common) };
        sum = sum.saturating_add(memory);
    }
    sum
}

/// Returns the bytes of memory that an entry takes besides what it may share.
fn own_memory(entry: &Entry) -> u64 {
    let bytes = |bytes: &Vec<u8>| allocation(bytes.len() as u64);
    let kind = match &entry.kind {
        Kind::File(Content { segments, extents, recipes, .. }) => {
            segments.as_ref().map_or(0, |segments| list_memory::<Segment>(segments.len()))
                + if extents.spilled() { allocation(size_of_val(&extents[..]) as u64) } else { 0 }
                + list_memory::<Arc<Recipe>>(recipes.len())
        }
        Kind::Symlink { target } | Kind::HardLink { target } => bytes(target),
        _ => 0,
    };
    size::<Entry>() + bytes(&entry.path) + kind
}

/// Returns the bytes of memory of a list of so many values whose length stands beside them.
pub(super) fn list_memory<T>(count: usize) -> u64 {
    match count {
        0 => 0,
        // Length and capacity stand before it.
        _ => allocation(count as u64 * size::<T>() + 2 * size::<usize>()),
    }
}

/// Returns the bytes of memory of what an entry may share with others.
fn common_memory(Common { user, group, xattrs, .. }: &Common) -> u64 {
    let bytes = |bytes: &Vec<u8>| allocation(bytes.len() as u64);
    let pairs = allocation(xattrs.len() as u64 * size::<(Vec<u8>, Vec<u8>)>());
    let texts: u64 = xattrs.iter().map(|(name, value)| bytes(name) + bytes(value)).sum();
    // It may be that no other entry has the names.
    let names = shared(user.len() as u64) + shared(group.len() as u64);
    shared(size::<Common>()) + names + pairs + texts
}

/// Returns the bytes that an allocation takes which several own: two counts stand before it.
fn shared(bytes: u64) -> u64 {
    allocation(bytes + 2 * size::<usize>())
}

/// Returns the bytes of memory that a recipe takes.
pub fn recipe_memory(recipe: &Recipe) -> u64 {
    let steps = recipe
        .steps
        .iter()
        .map(|step| step_memory(step.parameters.len() as u64, step.inputs.len() as u64));
    let parts = allocation(size_of_val(&recipe.parts[..]) as u64);
    shared(size::<Recipe>()) + parts + steps.sum::<u64>()
}

/// Returns the bytes of memory that a step takes.
pub(super) fn step_memory(parameters: u64, inputs: u64) -> u64 {
    size::<Step>() + allocation(parameters) + allocation(inputs * size::<Input>())
}

/// Returns the bytes of memory that a part takes.
pub fn part_memory(part: &Part) -> u64 {
    let numbers = part.file_rows.len() + part.revoked.len() + part.group_lengths.len();
    let digests = part.span_digests.len() + 32 * part.file_digests.len();
    let rows = part.rows.iter().map(row_memory);
    let entries = entries_memory(&part.entries);
    let paths = part.removed.iter().map(|path| path_memory(path)).sum::<u64>();
    entries + paths + rows.sum::<u64>() + (numbers * size_of::<u64>() + digests) as u64
}

/// Returns the bytes of memory that a row of Content_Table takes.
pub(super) fn row_memory(row: &Row) -> u64 {
    let segments = |sparse: &Sparse| allocation(size_of_val(&sparse.segments[..]) as u64);
    let sparse = |sparse: &Sparse| segments(sparse) + allocation(size::<Sparse>());
    let again = |_: &Again| allocation(size::<Again>());
    size::<Row>()
        + row.sparse.as_deref().map_or(0, sparse)
        + row.recipe.as_deref().map_or(0, recipe_memory)
        + row.again.as_deref().map_or(0, again)
        + list_memory::<Run>(row.runs.len())
}

/// Returns the bytes of memory that a path in a list takes.
pub(super) fn path_memory(path: &[u8]) -> u64 {
    allocation(path.len() as u64) + size::<Vec<u8>>()
}

/// Returns the memory, in bytes, of building the rows of Content_Table with their places;
/// `columns` starts there. Cost: one pass over them.
///
/// # Errors
/// [`ContainerError::TooLarge`] for counts and [`ContainerError::Bytes`] as in
/// [`super::decode_part`], whose other checks are not made here.
pub(super) fn contents(columns: &mut Columns, limits: &Limits) -> Result<u64, ContainerError> {
    columns.enter(contents::TABLE);
    let count = columns.count("contents", limits.entries, contents::ROW_MINIMUM)? as u64;
    if count == 0 {
        return Ok(0);
    }
    columns.varint()?;
    let forms = columns.take(count)?;
    let of = |wanted: u8| forms.iter().filter(|&&form| form == wanted).count() as u64;
    let (made, again) = (of(contents::RECIPE), of(contents::AGAIN));
    let (in_runs, sparse) = (of(contents::RUNS) + of(contents::RUNS + 1), of(1) + of(3));
    columns.skip(count - made - again)?;
    // Lengths, the fragments of a group and their spans, and what is known of digests.
    let row = 2 * size::<u64>() + size::<Row>() + 13 * size::<u64>() + size::<FileDigest>();
    let mut memory = count * row;
    let mut left = limits.extents;
    for _ in 0..in_runs {
        memory += runs::memory(columns, &mut left)?;
    }
    for _ in 0..sparse {
        columns.varint()?;
        let segments = columns.count("extents", limits.extents, 2)? as u64;
        columns.skip(2 * segments)?;
        memory += allocation(segments * size::<Segment>()) + allocation(size::<Sparse>());
    }
    let mut steps = recipes::SECTION_STEPS;
    for _ in 0..made {
        memory = memory.saturating_add(recipes::memory(columns, &mut steps)?);
    }
    columns.skip(2 * again)?;
    Ok(memory.saturating_add(again * allocation(size::<Again>())))
}

/// Returns the memory, in bytes, of building the entries; `columns` starts at Entry_Table.
/// Cost: one pass over them, and eight bytes for each row.
///
/// # Errors
/// As [`contents`].
pub(super) fn table(columns: &mut Columns, limits: &Limits) -> Result<u64, ContainerError> {
    columns.enter(TABLE);
    let count = columns.count("entries", limits.entries, ROW_MINIMUM)?;
    if count == 0 {
        return Ok(0);
    }
    let rows = count as u64;
    let row = size::<Vec<u8>>() + size::<Entry>() + 6 * size::<u64>();
    let mut memory = rows * row;
    let mut add = |bytes: u64| memory = memory.saturating_add(bytes);
    let lengths = path_lengths(columns, count, limits)?;
    lengths.iter().for_each(|&length| add(allocation(length)));
    let classes = classes(columns, limits, &mut add)?;
    let mut kinds = Vec::with_capacity(count);
    for _ in 0..count {
        let class = usize::try_from(columns.varint()?).ok();
        kinds.push(class.and_then(|class| classes.get(class)).copied().unwrap_or(0));
    }
    columns.skip(2 * rows)?; // seconds and nanoseconds
    let of = |wanted: u8| kinds.iter().filter(|&&kind| kind == wanted).count() as u64;
    columns.skip(of(0))?;
    for _ in 0..of(2) {
        add(allocation(columns.bytes("link length", limits.path_length)?.len() as u64));
    }
    for row in (0..count).filter(|&row| kinds[row] == 3) {
        let back = usize::try_from(columns.varint()?).ok();
        let target = back.and_then(|back| row.checked_sub(back));
        add(target.map_or(0, |target| allocation(lengths[target])));
    }
    Ok(memory)
}

/// Returns the memory, in bytes, of building `count` paths; `columns` starts at Shared.
///
/// # Errors
/// As [`contents`].
pub(super) fn paths(
    columns: &mut Columns,
    count: usize,
    limits: &Limits,
) -> Result<u64, ContainerError> {
    let lengths = path_lengths(columns, count, limits)?;
    let path = |length: u64| allocation(length) + size::<Vec<u8>>() + 2 * size::<u64>();
    Ok(lengths.into_iter().map(path).fold(0, u64::saturating_add))
}

/// Reads the columns of the paths; returns the length of each path.
fn path_lengths(
    columns: &mut Columns,
    count: usize,
    limits: &Limits,
) -> Result<Vec<u64>, ContainerError> {
    let mut lengths = columns.varints(count)?;
    let mut suffixes = 0u64;
    for length in &mut lengths {
        let suffix = columns.varint()?;
        suffixes = suffixes.saturating_add(suffix);
        *length = length.saturating_add(suffix).min(limits.path_length);
    }
    columns.take(suffixes)?;
    Ok(lengths)
}

/// Reads owners, sets and classes; returns the kind of each class.
fn classes(
    columns: &mut Columns,
    limits: &Limits,
    add: &mut impl FnMut(u64),
) -> Result<Vec<u8>, ContainerError> {
    let [owner, set, class] = classes::MINIMUM;
    let owners = columns.count("entries", limits.entries, owner)?;
    for _ in 0..owners {
        columns.skip(2)?;
        let user = columns.bytes("owner name", limits.path_length)?.len() as u64;
        let group = columns.bytes("owner name", limits.path_length)?.len() as u64;
        add(shared(user) + shared(group));
    }
    let mut sets = vec![0];
    for _ in 0..columns.count("entries", limits.entries, set)? {
        let attributes = columns.count("extended attributes", limits.extents, 2)? as u64;
        let mut bytes = allocation(attributes * size::<(Vec<u8>, Vec<u8>)>());
        for _ in 0..2 * attributes {
            let text = columns.bytes("extended attributes", limits.xattr_bytes)?;
            bytes += allocation(text.len() as u64);
        }
        sets.push(bytes);
    }
    let count = columns.count("entries", limits.entries, class)?;
    // The values themselves, and sets of them to find equal ones.
    let values = (owners + sets.len() + count) as u64;
    add(values * 16 * size::<u64>());
    let kinds = columns.take(count as u64)?;
    columns.skip(2 * count as u64)?; // modes and owners
    for _ in kinds {
        let number = usize::try_from(columns.varint()?).ok();
        let set = number.and_then(|number| sets.get(number)).copied().unwrap_or(0);
        add(shared(size::<Common>()) + set);
    }
    Ok(kinds.to_vec())
}

/// Checks the memory of a table together with the bytes that are `held` already. Returns the
/// rest of the allowed memory, in bytes.
///
/// # Errors
/// [`ContainerError::TooLarge`].
pub(super) fn check_memory(
    needed: u64,
    held: u64,
    limits: &Limits,
) -> Result<Left, ContainerError> {
    let used = needed.saturating_add(held);
    check("memory", used, limits.memory)?;
    Ok(Left { used, limit: limits.memory })
}

/// The memory that a table may take beyond what follows from its counts: files that share
/// a content have their own lists of its segments.
pub(super) struct Left {
    used: u64,
    limit: u64,
}

impl Left {
    /// Charges the memory of a file's list of segments.
    ///
    /// # Errors
    /// [`ContainerError::TooLarge`].
    pub fn unfold(&mut self, segments: usize) -> Result<(), ContainerError> {
        self.used = self.used.saturating_add(list_memory::<Segment>(segments));
        check("memory", self.used, self.limit)
    }
}
