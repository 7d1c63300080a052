//! INDEX (§5).

use super::{Closed, Result, Row, Section, Table, digest, known, need};

/// §5. Returns State, without the bit of copies, for each section.
pub fn read_index(
    index: &Section,
    all: &[Section],
    rows: &[Row],
    earlier: &[Closed],
) -> Result<Vec<u8>> {
    let raw = index.tables()?;
    let mut table = Table(&raw);
    let generation = table.within(0..=1 << 20, "Generation")?;
    let flags = table.varint()?;
    known(flags <= 1, || format!("Index_Flags {flags:#x}"))?;
    if table.flag()? {
        table.signed()?;
    }
    let shards = table.within(1..=u64::MAX, "Shard_Count")?;
    if shards > 1 {
        table.within(0..=shards - 1, "Shard")?;
        table.bytes(16)?;
    }
    // §5.1
    need(generation <= raw.len() as u64, "Generation")?;
    let dated = (0..generation).map(|_| table.flag()).collect::<Result<Vec<bool>>>()?;
    dated.into_iter().filter(|dated| *dated).try_for_each(|_| table.signed().map(drop))?;
    need(generation == earlier.len() as u64, "there are not as many generations")?;
    for one in earlier {
        need(table.bytes(32)? == one.root, "Root_Hash in Generation_Table")?;
    }
    // §5.2
    need(table.varint()? == rows.len() as u64, "Section_Count")?;
    let sections: Vec<&Section> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Section(number) => Some(&all[*number]),
            Row::Footer => None,
        })
        .collect();
    let sections = || sections.iter().copied();
    let data: Vec<&Section> = sections().filter(|section| section.kind == 2).collect();
    for row in rows {
        let kind = match row {
            Row::Section(number) => all[*number].kind,
            Row::Footer => 0,
        };
        need(table.byte()? == kind, "Type")?;
    }
    for section in sections() {
        need(table.byte()? == section.flags, "Flags")?;
    }
    for section in sections() {
        need(table.byte()? == section.codec, "Codec")?;
    }
    for section in sections() {
        need(table.varint()? == section.payload.len() as u64, "Stored_Length")?;
    }
    for group in &data {
        need(table.byte()? == group.filter, "Filter")?;
        need(table.varint()? == u64::from(group.model), "Model")?;
    }
    for group in &data {
        need(table.bytes(2)? == [group.base_kind, group.capacity], "Base_Kind, Capacity")?;
    }
    for group in data.iter().filter(|group| group.base_kind != 0) {
        need(table.varint()? == u64::from(group.base), "Base")?;
    }
    let mut copied = Vec::new();
    let mut states = vec![1; sections().count()];
    let begins = earlier.last().map_or(0, |one| one.index);
    for (number, section) in sections().enumerate().filter(|(_, section)| section.kind == 1) {
        let state = table.byte()?;
        need(matches!(state, 0..=2 | 5 | 6), "State")?;
        // In the generation that INDEX ends, all are live.
        need(number < begins || state & 3 == 1, "State")?;
        states[number] = state & 3;
        if state > 3 {
            copied.push(section);
        }
    }
    for section in sections().filter(|section| section.codec != 0) {
        need(table.varint()? == u64::from(section.raw_length), "Raw_Length")?;
    }
    for section in sections() {
        need(table.bytes(32)? == digest(&section.payload), "Digest")?;
    }
    // §5.3
    for section in copied {
        need(table.bytes(section.payload.len() as u64)? == section.payload, "a copy")?;
    }
    table.end()?;
    data.iter().try_for_each(|group| group.check_base(&data))?;
    Ok(states)
}
