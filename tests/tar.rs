//! Tars become archives and archives tars: nothing is lost on the way, nothing
//! damaged or unsafe gets in.

mod support;

use pear_archive::archive::{
    Archive, ArchiveError, Control, CreateOptions, ErrorKind, Event, Events, ExportOptions, Limits,
    Silent, Tar, TarFault, import_stream,
};
use pear_archive::codec::{Choice, Codec, CodecOptions};
use pear_archive::entry::{Content, Entry, Kind, Metadata, Segment, Timestamp, compare_paths};
use proptest::prelude::*;
use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use support::tar::{Maker, header};

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };

fn storing() -> CreateOptions {
    let codec = CodecOptions { choice: Choice::Only(Codec::Store), ..CodecOptions::default() };
    CreateOptions { codec, group_size: 5000, jobs: 2, ..CreateOptions::default() }
}

/// The archive of a tar that comes through a pipe.
fn import(tar: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    import_watched(tar, &CONTROL)
}

fn import_watched(tar: &[u8], control: &Control) -> Result<Vec<u8>, ArchiveError> {
    let tar = Tar::spool(tar, Path::new("x.tar"), &std::env::temp_dir(), control)?;
    let mut archive = Vec::new();
    import_stream(&mut archive, &tar, &Limits::default(), &storing(), control)?;
    Ok(archive)
}

fn export(archive: &[u8], jobs: usize) -> Vec<u8> {
    let options = ExportOptions { jobs, ..ExportOptions::default() };
    let mut tar = Vec::new();
    let archive = Archive::open(archive, &Limits::default()).unwrap();
    archive.export_stream(&mut tar, &options, &CONTROL).unwrap();
    tar
}

fn entries(archive: &[u8]) -> Vec<Entry> {
    Archive::open(archive, &Limits::default()).unwrap().entries().to_vec()
}

fn cat(archive: &[u8], path: &str) -> Vec<u8> {
    let archive = Archive::open(archive, &Limits::default()).unwrap();
    let mut content = Vec::new();
    archive.cat(path.as_bytes(), &mut content, 1, &CONTROL).unwrap();
    content
}

/// What went wrong, and where.
fn fault(tar: &[u8]) -> (u64, TarFault) {
    match import(tar) {
        Err(ArchiveError::Tar { offset, fault }) => (offset, fault),
        other => panic!("{:?}", other.map(|archive| entries(&archive))),
    }
}

#[derive(Default)]
struct Warnings(RefCell<Vec<String>>);

impl Events for Warnings {
    fn event(&self, event: Event<'_>) {
        if let Event::Warning(error) = event {
            self.0.borrow_mut().push(error.to_string());
        }
    }
}

/// The warnings of an import, and the names that came in.
fn warned(tar: &[u8]) -> (Vec<String>, Vec<String>) {
    let warnings = Warnings::default();
    let archive = import_watched(tar, &Control { events: &warnings, cancel: &GO_ON }).unwrap();
    let names = entries(&archive).into_iter().map(|entry| String::from_utf8(entry.path).unwrap());
    (warnings.0.into_inner(), names.collect())
}

/// A few members of each kind.
fn sample() -> Vec<u8> {
    let mut maker = Maker::default();
    maker.member(b'5', "dir/", "").file("dir/a", b"first").file("dir/b", [7; 1000]);
    maker.records(b'x', [("mtime", "12.5"), ("SCHILY.xattr.user.x", "a\nb")]);
    maker.file("c", b"").member(b'1', "d", "dir/a").member(b'2', "e", "../anywhere");
    maker.end()
}

// ---- nothing is lost

/// Paths without collisions: every component says how deep it is.
fn paths() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let byte = prop_oneof![b'a'..=b'c', Just(b'\n'), Just(0xff), Just(b'%'), Just(b'=')];
    let name = (prop::collection::vec(byte, 1..5), prop_oneof![Just(0), 1..180usize])
        .prop_map(|(name, more)| [name, vec![b'z'; more]].concat());
    prop::collection::btree_set(name, 1..8).prop_map(|names| names.into_iter().collect())
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let id = || prop_oneof![0..3u32, Just(0o7777777), Just(0o10000000), Just(u32::MAX)];
    let name = || prop_oneof![Just("".into()), Just("root".into()), Just("ü".repeat(30))];
    let seconds = prop_oneof![-3..3i64, Just(8_589_934_591), Just(8_589_934_592), Just(-1 << 40)];
    let nanoseconds = prop_oneof![Just(0), Just(1), Just(500_000_000), Just(999_999_999)];
    let value = prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..40);
    let key = prop_oneof![Just("user.a"), Just("user.b=%25"), Just("user.ü %")];
    let xattrs = prop::collection::btree_map(key, value, 0..3);
    (0..=0o7777u32, id(), id(), name(), name(), seconds, nanoseconds, xattrs).prop_map(
        |(mode, uid, gid, user, group, seconds, nanoseconds, xattrs)| Metadata {
            mode,
            uid,
            gid,
            user: String::into_bytes(user),
            group: String::into_bytes(group),
            modified: Timestamp { seconds, nanoseconds },
            xattrs: xattrs.into_iter().map(|(key, value)| (key.into(), value)).collect(),
        },
    )
}

/// A kind, with the data segments of a file.
fn kind() -> impl Strategy<Value = (Kind, Option<Vec<Segment>>)> {
    let file = |size| (Kind::File(Content { size, ..Content::default() }), None);
    let sparse = prop::collection::vec((1..9u64, 1..9u64), 0..4).prop_map(move |runs| {
        let mut end = 0;
        let segments = runs.into_iter().map(|(hole, length)| {
            let offset = end + hole * 512;
            end = offset + length * 512;
            Segment { offset, length: length * 512 }
        });
        let segments: Vec<_> = segments.collect();
        (Kind::File(Content { size: end + 700, ..Content::default() }), Some(segments))
    });
    let other = |kind| (kind, None);
    let target = prop_oneof![Just("x".to_owned()), Just("../".repeat(60))];
    prop_oneof![
        prop_oneof![Just(0), 1..2000u64, Just(12_345)].prop_map(file),
        sparse,
        Just(other(Kind::Directory)),
        Just(other(Kind::Fifo)),
        target.prop_map(move |target| other(Kind::Symlink { target: target.into_bytes() })),
        (0..4096u32, 0..1u32 << 20)
            .prop_map(move |(major, minor)| other(Kind::CharacterDevice { major, minor })),
    ]
}

/// Byte `place` of the data of a file.
fn byte_of(path: &[u8], place: usize) -> u8 {
    path[place % path.len()] ^ (place / 7) as u8
}

/// Writes an entry with everything in records.
fn put(maker: &mut Maker, entry: &Entry, segments: Option<&[Segment]>) {
    let Metadata { mode, uid, gid, user, group, modified, xattrs } = &entry.metadata;
    let nanoseconds =
        i128::from(modified.seconds) * 1_000_000_000 + i128::from(modified.nanoseconds);
    let (sign, nanoseconds) = (if nanoseconds < 0 { "-" } else { "" }, nanoseconds.unsigned_abs());
    let (whole, part) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    let mut records: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut record = |key: &str, value: &[u8]| records.push((key.into(), value.into()));
    record("uid", uid.to_string().as_bytes());
    record("gid", gid.to_string().as_bytes());
    record("uname", user);
    record("gname", group);
    record("mtime", format!("{sign}{whole}.{part:09}").as_bytes());
    for (key, value) in xattrs {
        let key = String::from_utf8(key.clone()).unwrap();
        let key = key.replace('%', "%25").replace('=', "%3D");
        record(&format!("SCHILY.xattr.{key}"), value);
    }
    let (mut typeflag, mut link, mut data) = (b'0', &b""[..], Vec::new());
    let mut name = "path";
    match &entry.kind {
        Kind::File(content) => {
            let whole = [Segment { offset: 0, length: content.size }];
            let runs = segments.unwrap_or(&whole);
            if segments.is_some() {
                record("GNU.sparse.size", content.size.to_string().as_bytes());
                name = "GNU.sparse.name";
                let map = runs.iter().map(|run| format!("{},{},", run.offset, run.length));
                record(
                    "GNU.sparse.map",
                    format!("{}{},0", map.collect::<String>(), content.size).as_bytes(),
                );
            }
            let length: u64 = runs.iter().map(|run| run.length).sum();
            data = (0..length as usize).map(|place| byte_of(&entry.path, place)).collect();
        }
        Kind::Directory => typeflag = b'5',
        Kind::Fifo => typeflag = b'6',
        Kind::Symlink { target } => (typeflag, link) = (b'2', target),
        Kind::CharacterDevice { .. } => typeflag = b'3',
        other => panic!("{other:?} is not made here"),
    }
    record(name, &entry.path);
    record("linkpath", link);
    maker.records(b'x', records);
    let mut made = header(typeflag, b"short", link);
    made.set_mode(*mode);
    made.set_size(data.len() as u64);
    if let Kind::CharacterDevice { major, minor } = entry.kind {
        made.set_device_major(major).unwrap();
        made.set_device_minor(minor).unwrap();
    }
    maker.put(made, &data);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn all_that_a_tar_says_comes_through_an_archive_and_back(
        paths in paths(),
        kinds in prop::collection::vec((kind(), metadata()), 8),
    ) {
        let mut maker = Maker::default();
        let mut expected = Vec::new();
        for (path, ((kind, segments), metadata)) in paths.into_iter().zip(kinds) {
            let entry = Entry { path, kind, metadata };
            put(&mut maker, &entry, segments.as_deref());
            expected.push((entry, segments));
        }
        expected.sort_by(|(left, _), (right, _)| compare_paths(&left.path, &right.path));
        let archive = import(&maker.end()).unwrap();
        let found = entries(&archive);
        prop_assert_eq!(found.len(), expected.len());
        for (found, (entry, segments)) in found.iter().zip(&expected) {
            prop_assert_eq!(&found.path, &entry.path);
            prop_assert_eq!(&found.metadata, &entry.metadata);
            match (&found.kind, &entry.kind) {
                (Kind::File(found), Kind::File(content)) => {
                    prop_assert_eq!((found.size, &found.segments), (content.size, segments));
                }
                (found, kind) => prop_assert_eq!(found, kind),
            }
        }
        let tar = export(&archive, 2);
        prop_assert!(export(&archive, 1) == tar, "the number of jobs shows");
        prop_assert!(import(&tar).unwrap() == archive, "the tar says something else");
    }
}

#[test]
fn contents_come_through_whole() {
    let long: Vec<u8> = (0..30_000u32).flat_map(u32::to_le_bytes).collect();
    let mut maker = Maker::default();
    maker.file("long", &long).file("copy", &long).file("short", b"x").member(b'1', "link", "long");
    let archive = import(&maker.end()).unwrap();
    let again = import(&export(&archive, 2)).unwrap();
    for archive in [&archive, &again] {
        assert!(cat(archive, "long") == long && cat(archive, "copy") == long);
        assert_eq!(cat(archive, "short"), b"x");
        assert!(cat(archive, "link") == long);
    }
}

#[test]
fn holes_off_the_blocks_keep_their_bytes() {
    // What an exported tar stores of a hole reads as zeros.
    let mut records = vec![("GNU.sparse.size", "4000"), ("GNU.sparse.name", "f")];
    records.push(("GNU.sparse.map", "700,512,2000,9"));
    let mut maker = Maker::default();
    maker.records(b'x', records).file("made up", [b'y'; 521]);
    let archive = import(&maker.end()).unwrap();
    let content = cat(&archive, "f");
    let mut expected = vec![0; 4000];
    expected[700..1212].fill(b'y');
    expected[2000..2009].fill(b'y');
    assert!(content == expected);
    assert!(cat(&import(&export(&archive, 1)).unwrap(), "f") == expected);
}

#[test]
fn names_of_one_file_stay_names_of_one_file() {
    let mut maker = Maker::default();
    maker.file("m", b"content").member(b'1', "a", "./m").member(b'1', "z", "a");
    maker
        .member(b'2', "s", "m")
        .member(b'1', "t", "s")
        .member(b'6', "p", "")
        .member(b'1', "q", "p");
    let archive = import(&maker.end()).unwrap();
    let kinds: Vec<_> = entries(&archive).into_iter().map(|entry| entry.kind).collect();
    let link = |target: &str| Kind::HardLink { target: target.into() };
    let symlink = Kind::Symlink { target: b"m".to_vec() };
    // The first in the order of the paths is the file.
    assert!(matches!(kinds[0], Kind::File(_)));
    assert_eq!(kinds[1..3], [link("a"), Kind::Fifo]);
    assert_eq!(kinds[3..], [link("p"), symlink.clone(), symlink, link("a")]);
    assert_eq!(entries(&import(&export(&archive, 1)).unwrap()), entries(&archive));
}

#[test]
fn a_tar_of_a_directory_itself_has_the_names_below_it() {
    let mut maker = Maker::default();
    maker.member(b'5', "./", "").member(b'5', "./a/", "").file("./a//b", b"").file("c/", b"");
    let (warnings, names) = warned(&maker.end());
    assert_eq!(names, ["a", "a/b", "c"]);
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn global_records_are_for_all_that_follow() {
    let mut maker = Maker::default();
    maker.file("a", b"").records(b'g', [("comment", "of a commit"), ("mtime", "5.25")]);
    maker.file("b", b"").records(b'x', [("mtime", "7")]).file("c", b"");
    maker.records(b'g', [("mtime", "")]).file("d", b"");
    let archive = import(&maker.end()).unwrap();
    let times: Vec<_> = entries(&archive).iter().map(|entry| entry.metadata.modified).collect();
    let time = |seconds, nanoseconds| Timestamp { seconds, nanoseconds };
    let header = time(1_000_000_000, 0);
    assert_eq!(times, [header, time(5, 250_000_000), time(7, 0), header]);
}

#[test]
fn what_no_archive_keeps_is_said_of_each_member() {
    let mut maker = Maker::default();
    maker.put(header(b'V', b"volume", b""), b"").file("a", b"");
    maker.records(b'x', [("SCHILY.acl.access", "user::rw-"), ("atime", "3")]).file("b", b"");
    let (warnings, names) = warned(&maker.end());
    assert_eq!(names, ["a", "b"]);
    let expected = [
        "volume: left out: members of type 'V' have no place in an archive",
        "b: not kept: pax record SCHILY.acl.access",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn what_follows_the_end_is_not_passed_over_in_silence() {
    let end = sample().len();
    let (warnings, _) = warned(&[sample(), vec![0; 5000], sample()].concat());
    let offset = end + 5000;
    let expected = format!("the tar ends before byte {offset}; what follows was not read");
    assert_eq!(warnings, [expected]);
    assert_eq!(warned(&[sample(), vec![0; 99_999]].concat()).0, [""; 0]);
}

// ---- nothing unsafe or damaged gets in

#[test]
fn a_cut_tar_is_an_error_wherever_it_is_cut() {
    let tar = sample();
    let end = tar.len() - 1024;
    for length in 0..end + 512 {
        let error = import(&tar[..length]).expect_err("a part of it is missing");
        assert_eq!(error.kind(), ErrorKind::Integrity, "cut at {length}: {error}");
    }
    import(&tar[..end + 512]).expect("one block of zeros is an end");
}

#[test]
fn a_changed_byte_of_a_header_is_an_error() {
    let tar = sample();
    for place in 0..512 * 2 {
        let mut changed = tar.clone();
        changed[place] ^= 0x55;
        let (offset, fault) = fault(&changed);
        let expected = if place < 512 { TarFault::NotATar } else { TarFault::Checksum };
        assert_eq!((offset, fault), (place as u64 / 512 * 512, expected), "byte {place}");
    }
}

#[test]
fn no_changed_byte_is_a_panic() {
    let tar = sample();
    for place in 0..tar.len() {
        for bits in [0x01, 0x80, 0xff] {
            let mut changed = tar.clone();
            changed[place] ^= bits;
            if let Ok(archive) = import(&changed) {
                Archive::open(&archive[..], &Limits::default()).expect("what is written is sound");
            }
        }
    }
}

#[test]
fn unsafe_members_refuse_the_whole_tar() {
    type Make = fn(&mut Maker) -> &mut Maker;
    let cases: [(Make, u64, &str); 13] = [
        (|tar| tar.file("/etc/passwd", b""), 512, "is absolute"),
        (|tar| tar.file("a/../../b", b""), 512, "component \"..\""),
        (|tar| tar.member(b'5', "..", ""), 512, "component \"..\""),
        (|tar| tar.records(b'x', [("path", "a\0b")]).file("c", b""), 1536, "NUL"),
        (|tar| tar.file("./", b"").file(".", b""), 1024, "is empty"),
        (|tar| tar.file("first", b"again"), 512, "comes twice"),
        (|tar| tar.member(b'5', "./first", ""), 512, "comes twice"),
        (|tar| tar.member(b'2', "s", "/tmp").file("s/x", b""), 1024, "s is not a directory"),
        (|tar| tar.file("first/x", b""), 512, "first is not a directory"),
        (|tar| tar.member(b'1', "h", "missing"), 512, "missing, which is no file"),
        (|tar| tar.member(b'1', "h", "/first"), 512, "is absolute"),
        (|tar| tar.member(b'1', "h", "h"), 512, "h, which is no file"),
        (|tar| tar.member(b'5', "d", "").member(b'1', "h", "d"), 1024, "d, which is no file"),
    ];
    for (make, at, message) in cases {
        let mut maker = Maker::default();
        maker.file("first", b"");
        let tar = make(&mut maker).end();
        let (offset, fault) = fault(&tar);
        assert!(fault.to_string().contains(message), "{fault}: not {message}");
        assert_eq!((offset, fault.kind()), (at, ErrorKind::Unsafe), "{message}");
    }
}

#[test]
fn headers_that_programs_read_differently_are_refused() {
    let sized = |typeflag| {
        let mut header = header(typeflag, b"m", b"first");
        header.set_size(512);
        header
    };
    let mut maker = Maker::default();
    maker.put(sized(b'5'), &[0; 512]);
    assert!(fault(&maker.end()).1.to_string().contains("no file has data"));
    let mut maker = Maker::default();
    maker.file("first", b"").put(sized(b'1'), &[0; 512]);
    assert!(fault(&maker.end()).1.to_string().contains("no file has data"));
    let mut maker = Maker::default();
    maker.put(sized(b'L'), &[b'n'; 512]).records(b'x', [("path", "p")]).file("m", b"");
    assert!(fault(&maker.end()).1.to_string().contains("both give a name"));
    let mut maker = Maker::default();
    maker.records(b'g', [("path", "p")]).file("m", b"");
    assert!(fault(&maker.end()).1.to_string().contains("global header"));
}

#[test]
fn sizes_no_tar_has_are_refused_before_memory_is_taken() {
    for size in [1 << 40, (1 << 62) - 1] {
        for typeflag in [b'0', b'V'] {
            let mut made = header(typeflag, b"huge", b"");
            made.set_size(size);
            let mut maker = Maker::default();
            let (_, fault) = fault(&maker.put(made, b"").end());
            assert!(matches!(fault, TarFault::Truncated { .. }), "{fault}");
        }
        let mut made = header(b'x', b"huge", b"");
        made.set_size(size);
        let (_, fault) = fault(&Maker::default().put(made, b"").end());
        assert_eq!(fault.kind(), ErrorKind::Limit, "{fault}");
    }
    let mut maker = Maker::default();
    maker.records(b'x', [("size", "18446744073709551615")]).file("huge", b"");
    assert!(matches!(fault(&maker.end()).1, TarFault::Truncated { .. }));
}

#[test]
fn names_and_members_are_bounded() {
    let tar = Tar::spool(&sample()[..], Path::new("x"), &std::env::temp_dir(), &CONTROL).unwrap();
    let usual = Limits::default();
    let bounds = [
        ("entries", Limits { entries: 3, ..usual.clone() }),
        ("path length", Limits { path_length: 4, ..usual.clone() }),
        ("path depth", Limits { path_depth: 1, ..usual.clone() }),
        ("link length", Limits { path_length: 5, ..usual.clone() }),
        ("extended attribute bytes", Limits { xattr_bytes: 4, ..usual.clone() }),
        ("bytes of files", Limits { output_bytes: 1004, ..usual.clone() }),
        ("bytes of names and attributes", Limits { index_bytes: 20, ..usual }),
    ];
    for (name, limits) in bounds {
        let mut archive = Vec::new();
        let error = import_stream(&mut archive, &tar, &limits, &storing(), &CONTROL).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.to_string().contains(name), "{error}: not {name}");
        assert!(archive.is_empty());
    }
}

#[test]
fn links_do_not_multiply_attributes_without_bound() {
    let mut maker = Maker::default();
    maker.records(b'x', [("SCHILY.xattr.user.x", vec![b'v'; 100_000])]).file("f", b"");
    for number in 0..50 {
        maker.member(b'1', &format!("link{number}"), "f");
    }
    let tar = Tar::spool(&maker.end()[..], Path::new("x"), &std::env::temp_dir(), &CONTROL);
    let limits = Limits { index_bytes: 4_000_000, ..Limits::default() };
    let error = import_stream(Vec::new(), &tar.unwrap(), &limits, &storing(), &CONTROL);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn an_interrupt_stops_import_and_export() {
    let stop = AtomicBool::new(true);
    let control = Control { events: &Silent, cancel: &stop };
    let error = import_watched(&sample(), &control).unwrap_err();
    assert!(matches!(error, ArchiveError::Interrupted));
    let archive = import(&sample()).unwrap();
    let archive = Archive::open(&archive[..], &Limits::default()).unwrap();
    let exported = archive.export_stream(Vec::new(), &ExportOptions::default(), &control);
    assert!(matches!(exported.unwrap_err(), ArchiveError::Interrupted));
}

#[test]
fn a_damaged_archive_gives_a_tar_of_what_is_undamaged() {
    let mut maker = Maker::default();
    let content = |name: &str| name.repeat(2000);
    for name in ["a", "b", "c", "d"] {
        maker.file(name, content(name));
    }
    maker.member(b'1', "e", "b").file("f", b"").member(b'5', "g", "");
    let archive = import(&maker.end()).unwrap();
    let place = archive.windows(8).position(|bytes| bytes == b"bbbbbbbb").unwrap();
    let mut damaged = archive.clone();
    damaged[place] ^= 1;
    let warnings = Warnings::default();
    let control = Control { events: &warnings, cancel: &GO_ON };
    let opened = Archive::open(&damaged[..], &Limits::default()).unwrap();
    let mut tar = Vec::new();
    let summary = opened.export_stream(&mut tar, &ExportOptions::default(), &control).unwrap();
    let lost = summary.failed(ErrorKind::Integrity);
    let warnings = warnings.0.into_inner();
    assert_eq!(lost as usize, warnings.len());
    let rescued = import(&tar).unwrap();
    let names: Vec<_> = entries(&rescued).into_iter().map(|entry| entry.path).collect();
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        let named = warnings.iter().any(|warning| warning.starts_with(&format!("{name}: ")));
        assert_eq!(names.contains(&name.as_bytes().to_vec()), !named, "{name}: {warnings:?}");
    }
    assert!(warnings.len() >= 2 && warnings.iter().any(|warning| warning.starts_with("e: ")));
    for entry in entries(&rescued) {
        let name = String::from_utf8(entry.path).unwrap();
        if ["a", "c", "d"].contains(&&name[..]) {
            assert_eq!(cat(&rescued, &name), content(&name).as_bytes());
        }
    }
}
