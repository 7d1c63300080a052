//! The tables of spec/container.md and the constants of the code are the same.

use pear_archive::container::{
    FOOTER_LENGTH, FOOTER_MAGIC, HEADER_LENGTH, LAYOUT, MAGIC, PREFACE_LENGTH, SYNC, VERSION_MAJOR,
    VERSION_MINOR,
};

const SPEC: &str = include_str!("../spec/container.md");

struct Row {
    structure: &'static str,
    offset: usize,
    size: usize,
    field: &'static str,
    value: &'static str,
}

/// Returns every row `| offset | size | field | value |` below a heading that names a
/// structure.
fn rows() -> Vec<Row> {
    let mut structure = "";
    let mut rows = Vec::new();
    for line in SPEC.lines() {
        if line.starts_with('#') {
            let name = line.trim_start_matches('#').split_whitespace().nth(1);
            structure = name.unwrap_or("");
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, offset, size, field, value, _] = cells[..]
            && let (Ok(offset), Ok(size)) = (offset.parse(), size.parse())
        {
            rows.push(Row { structure, offset, size, field, value });
        }
    }
    rows
}

#[test]
fn the_tables_of_the_spec_are_the_layout_of_the_code() {
    let spec: Vec<_> =
        rows().iter().map(|row| (row.structure, row.field, row.offset, row.size)).collect();
    assert_eq!(spec, LAYOUT);
}

#[test]
fn structures_have_no_gaps_and_the_stated_length() {
    let lengths =
        [("Preface", PREFACE_LENGTH), ("Section_Header", HEADER_LENGTH), ("Footer", FOOTER_LENGTH)];
    for (structure, length) in lengths {
        let mut end = 0;
        for row in rows().iter().filter(|row| row.structure == structure) {
            assert_eq!(row.offset, end, "{structure} {}", row.field);
            end += row.size;
        }
        assert_eq!(end, length, "{structure}");
        let stated = SPEC.lines().find(|line| {
            line.starts_with('#') && line.contains(structure) && line.ends_with(" bytes")
        });
        let stated = stated.and_then(|line| line.split_whitespace().nth_back(1));
        assert_eq!(stated, Some(length.to_string().as_str()), "{structure}");
    }
}

#[test]
fn the_magic_bytes_of_the_spec_are_those_of_the_code() {
    let hex = |byte: &u8| format!("{byte:02X}");
    let all: [(&str, &[u8]); 3] =
        [("Magic", &MAGIC), ("Sync", &SYNC), ("Footer_Magic", &FOOTER_MAGIC)];
    for (field, bytes) in all {
        let bytes = bytes.iter().map(hex).collect::<Vec<_>>().join(" ");
        let row = rows().into_iter().find(|row| row.field == field).unwrap();
        assert_eq!(row.value, bytes, "{field}");
    }
}

#[test]
fn the_version_of_the_spec_is_that_of_the_code() {
    for (field, version) in [("Version_Major", VERSION_MAJOR), ("Version_Minor", VERSION_MINOR)] {
        let row = rows().into_iter().find(|row| row.field == field).unwrap();
        assert_eq!(row.value, version.to_string(), "{field}");
    }
    let title = format!("# The .pear container, version {VERSION_MAJOR}.{VERSION_MINOR}");
    assert_eq!(SPEC.lines().next(), Some(&title[..]));
}
