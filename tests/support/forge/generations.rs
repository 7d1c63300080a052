//! Archives of several generations (container.md §5.1, §8).

use super::{
    Batch, DATA, FOOTER, Footer, Header, INDEX, PREFACE, Section, Table, Value, derived, digest,
    section_columns, sections, tag,
};

/// What one run of a writer appends.
#[derive(Clone, Debug, Default)]
pub struct Generation {
    pub sections: Vec<Section>,
    pub date: Option<i64>,
    /// State of ENTRY sections before it that are not live, by Sequence.
    pub states: Vec<(usize, u8)>,
    /// Changes INDEX before it is written.
    pub forged: Option<fn(&mut Table)>,
    /// What stands between INDEX and the footer.
    pub closing: Vec<Section>,
    pub footer: Footer,
}

impl Generation {
    pub fn of(batches: &[Batch]) -> Generation {
        Generation { sections: sections(batches), ..Generation::default() }
    }
}

/// A row of Section_Table.
#[derive(Clone, Debug)]
enum Row {
    Section(Section),
    Footer,
}

pub const ID: [u8; 8] = *b"golden\0\0";

/// Returns the archive of these generations.
pub fn archive(generations: &[Generation]) -> Vec<u8> {
    let mut bytes = b"\xF0PEAR\r\n\x1A\0\0\x07\0\0\0\0\0".to_vec();
    bytes.extend(ID);
    bytes.extend(tag("preface", &bytes));
    assert_eq!(bytes.len(), PREFACE);
    let (mut rows, mut roots) = (Vec::new(), Vec::new());
    let (mut sequence, mut groups) = (0, 0);
    for generation in generations {
        let mut put = |bytes: &mut Vec<u8>, rows: &mut Vec<Row>, section: &Section| {
            let header = Header::of(section, ID, sequence, groups).bytes();
            bytes.extend([&header, &section.payload[..]].concat());
            sequence += 1;
            groups += u32::from(section.kind == DATA);
            rows.push(Row::Section(section.clone()));
            header
        };
        generation.sections.iter().for_each(|section| drop(put(&mut bytes, &mut rows, section)));
        let mut table = index(&rows, &roots, generation);
        generation.forged.into_iter().for_each(|forge| forge(&mut table));
        let (section, offset) = (Section::stored(INDEX, &table.bytes()), bytes.len() as u64);
        let header = put(&mut bytes, &mut rows, &section);
        let root = [&bytes[..PREFACE], &header, &digest(&section.payload)].concat();
        let root = derived("root", &root);
        for section in &generation.closing {
            put(&mut bytes, &mut rows, section);
        }
        let end = (bytes.len() + FOOTER) as u64;
        let Footer { index_offset, file_length, archive_id, root: forged } = generation.footer;
        let mut footer = index_offset.unwrap_or(offset).to_le_bytes().to_vec();
        footer.extend(file_length.unwrap_or(end).to_le_bytes());
        footer.extend(archive_id.unwrap_or(ID));
        footer.extend(forged.unwrap_or(root));
        footer.extend(tag("footer", &footer));
        footer.extend(b"\x1A\n\rRAEP\xF0");
        bytes.extend(footer);
        rows.push(Row::Footer);
        roots.push((generation.date, root));
    }
    bytes
}

/// Returns the tables of INDEX.
fn index(rows: &[Row], roots: &[(Option<i64>, [u8; 32])], generation: &Generation) -> Table {
    let mut table = Table::default();
    let date = |date: Option<i64>| match date {
        None => vec![0],
        Some(date) => [&[1][..], &Value::Signed(date).bytes()].concat(),
    };
    table.varint("Generation", roots.len() as u64);
    table.varint("Index_Flags", 0);
    table.put("Dated", Value::Raw(date(generation.date)));
    table.varint("Shard_Count", 1);
    roots.iter().for_each(|(date, _)| table.byte("Dated_Row", date.is_some().into()));
    roots.iter().filter_map(|one| one.0).for_each(|date| table.put("Date", Value::Signed(date)));
    roots.iter().for_each(|(_, root)| table.put("Root_Hash", Value::Raw(root.to_vec())));
    table.varint("Section_Count", rows.len() as u64);
    for row in rows {
        table.byte("Type", if let Row::Section(section) = row { section.kind } else { 0 });
    }
    let sections: Vec<&Section> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Section(section) => Some(section),
            Row::Footer => None,
        })
        .collect();
    let state = |number: usize| {
        let state = generation.states.iter().find(|state| state.0 == number);
        state.map_or(1, |state| state.1)
    };
    section_columns(&mut table, &sections, state);
    table
}
