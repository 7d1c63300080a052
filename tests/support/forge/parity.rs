//! PARITY sections (container.md §10).

use super::*;
use std::ops::Range;

/// Returns the tables of a PARITY section that stands behind `bytes`, the start of an
/// archive, and protects these ranges of it.
pub fn table(bytes: &[u8], ranges: &[Range<usize>], block: usize, sets: usize) -> Table {
    let mut table = Table::default();
    table.varint("Code", 2);
    table.varint("Record", 0);
    table.varint("Place", bytes.len() as u64);
    table.varint("Block_Length", block as u64);
    table.varint("Sets", sets as u64);
    table.varint("Range_Count", ranges.len() as u64);
    let (mut end, mut protected) = (0, Vec::new());
    for range in ranges {
        table.varint("Gap", (range.start - end) as u64);
        table.varint("Range_Length", range.len() as u64);
        end = range.end;
        protected.extend(&bytes[range.clone()]);
    }
    protected.resize(protected.len().next_multiple_of(block), 0);
    let mut recovery = vec![vec![0; block]; sets];
    for (number, one) in protected.chunks(block).enumerate() {
        recovery[number % sets].iter_mut().zip(one).for_each(|(all, byte)| *all ^= byte);
    }
    table.varint("Recovery_Count", 1);
    for one in protected.chunks(block).chain(recovery.iter().map(|one| &one[..])) {
        table.put("Block_Hash", Value::Raw(digest(one)[..8].to_vec()));
    }
    table.varint("First", 0);
    table.varint("Count", sets as u64);
    recovery.into_iter().for_each(|one| table.put("Block", Value::Raw(one)));
    table
}

/// Returns an archive with a PARITY section over its ENTRY sections and INDEX.
pub fn protected(archive: &Archive, block: usize, sets: usize) -> (Archive, Table) {
    let bytes = archive.bytes();
    let places = places(&bytes).into_iter().filter(|one| matches!(one.kind, ENTRY | INDEX));
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for place in places.map(|place| place.range()) {
        match ranges.last_mut() {
            Some(last) if last.end == place.start => last.end = place.end,
            _ => ranges.push(place),
        }
    }
    let table = table(&bytes[..bytes.len() - FOOTER], &ranges, block, sets);
    let mut archive = archive.clone();
    archive.closing.push(Section::stored(PARITY, &table.bytes()));
    (archive, table)
}
