//! Archives that were made to do harm.

use super::*;

pub(super) fn entry(path: &str, kind: Kind) -> Entry {
    let metadata = Metadata { mode: 0o644, ..Metadata::default() };
    Entry { path: path.as_bytes().to_vec(), kind, metadata }
}

pub(super) fn file(content: &[u8], group: u64) -> Kind {
    let length = content.len() as u64;
    let extents = vec![Extent { group, offset: 0, length }];
    Kind::File(Content { size: length, digest: digest(content), segments: None, extents })
}

/// Makes an archive of one stored group per file, with these entries in ENTRY sections
/// and index.
pub(super) fn forge(entries: &[Entry], contents: &[&[u8]]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
    let is_file = |entry: &&Entry| matches!(entry.kind, Kind::File(_));
    let others: Vec<Entry> = entries.iter().filter(|entry| !is_file(entry)).cloned().collect();
    let files: Vec<Entry> = entries.iter().filter(is_file).cloned().collect();
    // A hard link's target must be in its table: announce links with the files.
    let links = others.iter().any(|entry| matches!(entry.kind, Kind::HardLink { .. }));
    if !others.is_empty() && !links {
        writer.write_part(&Part { entries: others, ..Part::default() }).unwrap();
    }
    for (content, file) in contents.iter().zip(files) {
        let (length, group_digest) = (content.len() as u64, digest(content));
        let (pieces, entries) = (vec![Piece { length, sparse: None }], vec![file]);
        let part = Part { group_digest, pieces, entries, file_pieces: vec![0], ..Part::default() };
        writer.write_part(&part).unwrap();
        writer.write_group((0, 0, 0), length, content).unwrap();
    }
    writer.finish(entries.to_vec()).unwrap().0
}

/// Extracts in every way into a directory inside a sealed one; nothing may appear
/// beside it.
fn stays_inside(archive: &[u8], expected: Option<ErrorKind>) {
    for read in [by_index, from_a_pipe, by_search] {
        let sealed = TempDir::new().unwrap();
        let to = sealed.path().join("to");
        fs::create_dir(&to).unwrap();
        let outcome = read(archive, &to);
        let names: Vec<_> =
            fs::read_dir(sealed.path()).unwrap().map(|item| item.unwrap().file_name()).collect();
        assert_eq!(names, ["to"], "{outcome:?}");
        if let Some(kind) = expected {
            let told = match &outcome {
                Err(error) => error.kind() == kind,
                Ok(summary) => summary.failed(kind) > 0,
            };
            assert!(told, "{outcome:?}");
        }
    }
}

#[test]
fn paths_that_leave_are_refused() {
    for path in ["../evil", "/tmp/pear-archive-evil", "a/../../evil", "./evil", "a//evil", "a/.."] {
        let archive = forge(&[entry(path, file(b"evil", 0))], &[b"evil"]);
        stays_inside(&archive, Some(ErrorKind::Unsafe));
        assert!(!Path::new("/tmp/pear-archive-evil").exists());
    }
}

#[test]
fn nothing_is_written_through_a_link_of_the_archive() {
    let link = entry("way", Kind::Symlink { target: b"..".to_vec() });
    let through = entry("way/evil", file(b"evil", 0));
    stays_inside(&forge(&[link, through], &[b"evil"]), None);
    // The same in two steps: first the link, then a file through it.
    let sealed = TempDir::new().unwrap();
    let to = sealed.path().join("to");
    fs::create_dir(&to).unwrap();
    let link = forge(&[entry("way", Kind::Symlink { target: b"..".to_vec() })], &[]);
    by_index(&link, &to).unwrap();
    assert!(to.join("way").is_symlink());
    let through = forge(&[entry("way/evil", file(b"evil", 0))], &[b"evil"]);
    for read in [by_index, from_a_pipe, by_search] {
        let done = read(&through, &to).unwrap();
        assert!(done.failed(ErrorKind::Unsafe) > 0, "{done:?}");
        assert!(!sealed.path().join("evil").exists());
    }
}

#[test]
fn a_hard_link_reaches_only_files_of_this_run() {
    let sealed = TempDir::new().unwrap();
    let to = sealed.path().join("to");
    fs::create_dir(&to).unwrap();
    fs::write(to.join("mine"), "secret").unwrap();
    let link = entry("z", Kind::HardLink { target: b"mine".to_vec() });
    // `mine` is in the archive, but exists already and is refused.
    let archive = forge(&[entry("mine", file(b"evil", 0)), link], &[b"evil"]);
    let done = by_index(&archive, &to).unwrap();
    assert!(!done.failures.is_empty());
    assert!(!to.join("z").exists());
    assert_eq!(fs::read(to.join("mine")).unwrap(), b"secret");
}

#[test]
fn duplicate_and_conflicting_names_are_refused() {
    // The writer refuses to write them, so they can come only from a pipe.
    let twice = [entry("a", file(b"1", 0)), entry("a", file(b"2", 1))];
    let part = |content: &[u8]| {
        let (length, group_digest) = (content.len() as u64, digest(content));
        let (pieces, entries) = (vec![Piece { length, sparse: None }], vec![twice[0].clone()]);
        Part { group_digest, pieces, entries, file_pieces: vec![0], ..Part::default() }
    };
    let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
    for content in [b"1", b"2"] {
        writer.write_part(&part(content)).unwrap();
        writer.write_group((0, 0, 0), 1, content).unwrap();
    }
    assert!(writer.finish(twice.to_vec()).is_err());
    let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
    for content in [b"1", b"2"] {
        writer.write_part(&part(content)).unwrap();
        writer.write_group((0, 0, 0), 1, content).unwrap();
    }
    let archive = writer.finish(twice[..1].to_vec()).unwrap().0;
    let to = TempDir::new().unwrap();
    let done = from_a_pipe(&archive, to.path()).unwrap();
    assert_eq!(done.failed(ErrorKind::Integrity), 1, "{done:?}");
    assert_eq!(fs::read(to.path().join("a")).unwrap(), b"1");
}

#[test]
fn lengths_are_refused_before_they_are_allocated() {
    let header = |stored_length, raw_length| SectionHeader {
        sequence: 0,
        section_type: 2,
        flags: 0,
        codec: 1,
        filter: 0,
        model: 0,
        group: 0,
        stored_length,
        raw_length,
    };
    let preface = Writer::new(Vec::new(), [7; 16]).unwrap();
    let start = preface.finish(Vec::new()).unwrap().0[..PREFACE_LENGTH].to_vec();
    for (stored, raw) in [(u64::MAX, 1), (1 << 62, 1 << 62), (8, u64::MAX), (1 << 19, 1 << 40)] {
        let archive = [&start[..], &header(stored, raw).to_bytes(&[7; 16]), b"payload"].concat();
        for read in [by_index, from_a_pipe, by_search] {
            let to = TempDir::new().unwrap();
            let outcome = read(&archive, to.path());
            let told = outcome.map_or(true, |summary| !summary.failures.is_empty());
            assert!(told, "{stored} {raw}");
        }
    }
}

#[test]
fn output_beyond_its_limit_is_refused() {
    let (archive, _) = sample();
    let small = Limits { output_bytes: 300, ..Limits::default() };
    let to = TempDir::new().unwrap();
    let refused = extract(&archive[..], to.path(), &one_job(), &small, &CONTROL).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Limit);
    let piped = extract_stream(&archive[..], to.path(), &one_job(), &small, &CONTROL).unwrap();
    assert!(piped.failed(ErrorKind::Limit) > 0);
}

#[test]
fn unknown_codecs_and_critical_sections_are_unsupported_and_ancillary_ones_skipped() {
    let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
    let content = b"text";
    let kind = file(content, 0);
    let pieces = vec![Piece { length: 4, sparse: None }];
    let entries = vec![entry("a", kind)];
    let part = Part { pieces, entries: entries.clone(), file_pieces: vec![0], ..Part::default() };
    writer.write_part(&part).unwrap();
    writer.write_group((200, 0, 0), 4, content).unwrap();
    let archive = writer.finish(entries).unwrap().0;
    for read in [by_index, from_a_pipe] {
        let to = TempDir::new().unwrap();
        assert_eq!(read(&archive, to.path()).unwrap().failed(ErrorKind::Unsupported), 1);
    }
    let reserved = |flags| SectionHeader {
        sequence: 0,
        section_type: 5,
        flags,
        codec: 0,
        filter: 0,
        model: 0,
        group: NO_GROUP,
        stored_length: 3,
        raw_length: 3,
    };
    for (flags, kind) in [(0, Some(ErrorKind::Unsupported)), (ANCILLARY, None)] {
        let mut writer = Writer::new(Vec::new(), [7; 16]).unwrap();
        writer.write_other(reserved(flags), b"par").unwrap();
        let archive = writer.finish(vec![entry("d", Kind::Directory)]).unwrap().0;
        let opened = Archive::open(&archive[..], &limits());
        assert_eq!(opened.err().map(|error| error.kind()), kind);
        let to = TempDir::new().unwrap();
        let piped = from_a_pipe(&archive, to.path()).unwrap();
        assert_eq!(piped.failed(ErrorKind::Unsupported) > 0, kind.is_some());
    }
}

// ---- what is left of an archive ------------------------------------------
