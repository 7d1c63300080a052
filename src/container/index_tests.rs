use super::*;
use crate::checksum::{digest, short};
use crate::container::columns::unpack;
use crate::container::{BASE, Base, ErrorKind, Limits, SectionHeader};

/// Makes the sections of an archive: three batches, of which one is empty, a base and a group
/// behind it, and sections of other types.
fn sample() -> Index {
    let header = |section_type, codec| SectionHeader {
        section_type: section_type as u8,
        codec,
        stored_length: 10,
        raw_length: if codec == 0 { 10 } else { 100 },
        ..SectionHeader::default()
    };
    let entry = header(SectionType::Entry, 1);
    let data = SectionHeader { filter: 2, model: 0x0105, ..header(SectionType::Data, 3) };
    let base = SectionHeader { flags: BASE, capacity: 20, ..data };
    let behind = SectionHeader { base: Some(Base::Group(2)), capacity: 20, ..data };
    let shipped = Some(Base::Shipped([1, 2, 3, 4]));
    let shipped = SectionHeader { base: shipped, capacity: 12, filter: 0, ..data };
    let comment = SectionHeader { flags: 1, ..header(SectionType::Comment, 0) };
    let unknown = SectionHeader { section_type: 99, flags: 1, ..header(SectionType::Entry, 7) };
    let headers = [
        header(SectionType::Entry, 0),
        entry,
        base,
        header(SectionType::Data, 0),
        behind,
        comment,
        entry,
        shipped,
        unknown,
    ];
    let (mut offset, mut group) = (PREFACE_LENGTH as u64, 0);
    let mut sections = Vec::new();
    for (number, header) in headers.into_iter().enumerate() {
        let digest = digest(&[number as u8]);
        let (sequence, payload_hash) = (number as u64, short(&digest));
        let header = SectionHeader { sequence, group, payload_hash, ..header };
        group += u64::from(header.is(SectionType::Data));
        sections.push(Section { header, offset, digest: Some(digest) });
        offset = sections[number].end();
    }
    Index { sections, ..Index::default() }
}

fn raw_of(index: &Index) -> Vec<u8> {
    let (codec, payload, raw_length) = encode_index(index).unwrap();
    unpack(codec, &payload, raw_length, &Limits::default(), "INDEX").unwrap().into_owned()
}

fn read(raw: &[u8]) -> Result<Index, ContainerError> {
    decode_index(0, raw, raw.len() as u64, &Limits::default())
}

#[test]
fn an_index_comes_back_as_it_was() {
    let mut index = sample();
    assert_eq!(read(&raw_of(&index)).unwrap(), index);
    index.incomplete = true;
    index.date = Some(-7);
    index.shard = Some(Shard { count: 3, number: 2, plan: [9; 16] });
    let copy = b"0123456789".to_vec();
    index.sections[1].digest = Some(digest(&copy));
    index.sections[1].header.payload_hash = short(&digest(&copy));
    index.copies.insert(1, copy);
    assert_eq!(read(&raw_of(&index)).unwrap(), index);
    let mut raw = raw_of(&index);
    *raw.last_mut().unwrap() ^= 1;
    let wrong = read(&raw).unwrap();
    assert!(wrong.copies.is_empty() && wrong.check_copies().is_err(), "a wrong copy is told");
}

#[test]
fn no_changed_byte_of_an_index_panics_and_none_keeps_the_same_meaning() {
    let index = sample();
    let raw = raw_of(&index);
    for at in 0..raw.len() {
        for change in [1, 0x7F, 0x80, 0xFF] {
            let mut changed = raw.clone();
            changed[at] ^= change;
            if let Ok(other) = read(&changed) {
                assert_ne!(other, index, "byte {at} is not canonical");
                assert_eq!(read(&raw_of(&other)).unwrap(), other);
            }
        }
        assert!(read(&raw[..at]).is_err());
    }
}

#[test]
fn sections_that_break_a_rule_are_refused() {
    type Change = fn(&mut SectionHeader);
    let refused = |row: usize, change: Change| {
        let mut index = sample();
        change(&mut index.sections[row].header);
        read(&raw_of(&index)).map(|_| row).unwrap_err().kind()
    };
    let changes: [(usize, Change); 12] = [
        (0, |header| header.flags = 1),
        (0, |header| header.codec = 2),
        (2, |header| header.flags = 4 | BASE),
        (2, |header| header.flags = 0),
        (2, |header| header.capacity = 11),
        (2, |header| header.capacity = 21),
        (2, |header| header.model = 1),
        (3, |header| header.capacity = 20),
        (4, |header| header.base = Some(Base::Group(1))),
        (4, |header| header.base = Some(Base::Group(3))),
        (4, |header| header.raw_length = u64::from(u32::MAX)),
        (5, |header| header.section_type = SectionType::Parity as u8),
    ];
    for (number, (row, change)) in changes.into_iter().enumerate() {
        assert_eq!(refused(row, change), ErrorKind::Integrity, "{number}");
    }
    let critical = refused(8, |header| header.flags = 0);
    assert_eq!(critical, ErrorKind::Unsupported);
}

#[test]
fn what_is_not_built_yet_is_refused_by_its_name() {
    let mut raw = raw_of(&sample());
    raw[1] = 2;
    assert_eq!(read(&raw).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn limits_of_an_index_are_checked_before_allocating() {
    let (codec, payload, raw_length) = encode_index(&sample()).unwrap();
    let limits = [
        Limits { extents: 3, ..Limits::default() },
        Limits { index_bytes: 10, ..Limits::default() },
        Limits { memory: 100, ..Limits::default() },
    ];
    for limits in limits {
        let error = decode_index(codec, &payload, raw_length, &limits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
    }
}

/// Makes the index of a third generation: the second is closed twice, with PARITY between.
fn third() -> Index {
    use SectionType::*;
    let kinds = [Entry, Data, Index, Entry, Index, Parity, Entry];
    // Behind how many sections footers stand.
    let footers = vec![3, 5, 6];
    let (mut offset, mut group, mut sections) = (PREFACE_LENGTH as u64, 0, Vec::new());
    for (number, kind) in kinds.into_iter().enumerate() {
        let digest = digest(&[number as u8]);
        let header = SectionHeader {
            sequence: number as u64,
            section_type: kind as u8,
            flags: u8::from(kind == Parity),
            group,
            stored_length: 10,
            raw_length: 10,
            payload_hash: short(&digest),
            ..SectionHeader::default()
        };
        group += u64::from(kind == Data);
        let before = footers.iter().filter(|&&before| before == number as u64).count();
        offset += (before * FOOTER_LENGTH) as u64;
        sections.push(Section { header, offset, digest: Some(digest) });
        offset = sections[number].end();
    }
    let generation = |date, byte| Generation { date, root_hash: [byte; 32] };
    let generations = vec![generation(None, 1), generation(Some(-5), 2)];
    let states = BTreeMap::from([(0, State::Contents), (3, State::Dead)]);
    super::Index { generations, sections, footers, states, ..super::Index::default() }
}

#[test]
fn an_index_of_a_later_generation_comes_back_as_it_was() {
    let index = third();
    assert_eq!(read(&raw_of(&index)).unwrap(), index);
    let (first, footer) = (index.sections[2].end(), FOOTER_LENGTH as u64);
    assert_eq!(index.ends(), [first + footer, index.sections[5].end() + footer]);
    assert_eq!(index.end(), index.sections[6].end());
    assert_eq!(index.dead().collect::<Vec<_>>(), [(3, 1)]);
    let mut ended = index.clone();
    ended.sections.pop();
    assert_eq!(ended.end(), ended.sections[5].end() + footer);
    assert_eq!(read(&raw_of(&ended)).unwrap(), ended);
}

#[test]
fn generations_that_do_not_end_where_the_rows_say_are_refused() {
    type Change = fn(&mut super::Index);
    let changes: [Change; 9] = [
        |index| index.generations.truncate(1),
        |index| index.generations.push(index.generations[0]),
        |index| index.footers = vec![5, 6],
        |index| index.footers.truncate(2),
        |index| index.footers[0] = 0,
        |index| index.footers[0] = 2,
        |index| index.footers.push(7),
        |index| index.states.extend([(6, State::Dead)]),
        |index| index.sections[4].header.section_type = SectionType::Entry as u8,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut index = third();
        change(&mut index);
        let error = read(&raw_of(&index)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{number}");
    }
}
