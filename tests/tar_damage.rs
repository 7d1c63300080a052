//! Nothing unsafe or damaged gets in through a tar, and a damaged archive gives a tar
//! of its intact files.

mod support;

use pear_archive::archive::{
    Archive, ArchiveError, Control, ErrorKind, ExportOptions, Limits, Silent, Tar, TarFault,
    import_stream,
};
use proptest::prelude::*;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use support::tar::{Maker, header};
use support::through_tar::{
    CONTROL, GO_ON, Warnings, cat, entries, export, fault, import, import_watched, sample, storing,
};

#[test]
fn a_cut_tar_is_an_error_but_between_members() {
    let tar = sample();
    let end = tar.len() - 1024;
    // If a whole number of members was read, the imported names show it.
    let whole = |length: usize| {
        let warnings = Warnings::default();
        let control = Control { events: &warnings, cancel: &GO_ON };
        let archive = import_watched(&tar[..length], &control)?;
        let warnings = warnings.0.into_inner();
        let expected = format!("the tar ends at byte {length} without an end mark");
        assert!(warnings.len() == 1 && warnings[0].starts_with(&expected), "{warnings:?}");
        Ok::<_, ArchiveError>(entries(&archive).len())
    };
    let mut seen = Vec::new();
    for length in 0..end + 512 {
        match whole(length) {
            Ok(names) => seen.push((length, names)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Integrity, "cut at {length}: {error}");
            }
        }
    }
    // The data of a member is complete from its last byte to the next header.
    let within =
        |begin: usize, names| (begin..=begin.next_multiple_of(512)).map(move |at| (at, names));
    let expected = within(512, 1)
        .chain(within(1024 + 5, 2))
        .chain(within(2048 + 1000, 3))
        .chain(within(4608, 4))
        .chain(within(5120, 5))
        .chain(within(5632, 6));
    assert_eq!(seen, expected.collect::<Vec<_>>());
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
    let cases: [(Make, u64, &str); 11] = [
        (|tar| tar.file("/etc/passwd", b""), 512, "is absolute"),
        (|tar| tar.file("a/../../b", b""), 512, "component \"..\""),
        (|tar| tar.member(b'5', "..", ""), 512, "component \"..\""),
        (|tar| tar.records(b'x', [("path", "a\0b")]).file("c", b""), 1536, "NUL"),
        (|tar| tar.file("./", b"").file(".", b""), 1024, "is empty"),
        (|tar| tar.member(b'2', "s", "/tmp").file("s/x", b""), 1024, "s is not a directory"),
        (|tar| tar.file("first/x", b""), 512, "first is not a directory"),
        (|tar| tar.member(b'1', "h", "missing"), 512, "missing, which is not an earlier file"),
        (|tar| tar.member(b'1', "h", "/first"), 512, "is absolute"),
        (|tar| tar.member(b'1', "h", "h"), 512, "h, which is not an earlier file"),
        (|tar| tar.member(b'5', "d", "").member(b'1', "h", "d"), 1024, "d, which is not an"),
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
    let uncertain = "the bytes after it may be data or the next header";
    // Data that is zeros, or the end.
    let mut maker = Maker::default();
    maker.put(sized(b'5'), &[0; 512]).file("behind", b"");
    assert!(fault(&maker.end()).1.to_string().contains(uncertain));
    // Data that is a header, or a member.
    let hidden = Maker::default().file("hidden", b"").0.clone();
    let mut maker = Maker::default();
    maker.file("first", b"").records(b'x', [("comment", "pax")]).put(sized(b'1'), &hidden);
    assert!(fault(&maker.file("behind", b"").end()).1.to_string().contains(uncertain));
    // Neither data nor a header.
    let mut maker = Maker::default();
    maker.put(sized(b'5'), &[1; 1024]).file("behind", b"");
    assert!(fault(&maker.end()).1.to_string().contains(uncertain));
    let mut maker = Maker::default();
    maker.put(sized(b'L'), &[b'n'; 512]).records(b'x', [("path", "p")]).file("m", b"");
    assert!(fault(&maker.end()).1.to_string().contains("both give the name"));
    let mut maker = Maker::default();
    maker.records(b'g', [("path", "p")]).file("m", b"");
    assert!(fault(&maker.end()).1.to_string().contains("global header"));
}

#[test]
fn a_name_that_may_be_cut_short_refuses_the_tar() {
    let long = "n".repeat(100);
    for (typeflag, name, link) in [(b'?', &long[..], ""), (b'A', "n", &long), (b'N', "n", "")] {
        let mut maker = Maker::default();
        maker.member(typeflag, "extension", "").member(b'2', name, &format!("{link}x"));
        let (offset, fault) = fault(&maker.end());
        assert_eq!((offset, fault.kind()), (512, ErrorKind::Unsafe));
        assert!(
            fault.to_string().starts_with(&format!("{name}: unsafe member refused")),
            "{fault}"
        );
    }
    // A name that another record gives is complete.
    let mut maker = Maker::default();
    maker.member(b'A', "extension", "").records(b'x', [("path", "whole")]).file(&long, b"");
    maker.member(b'V', "label", "").file(&long, b"");
    assert_eq!(entries(&import(&maker.end()).unwrap()).len(), 2);
}

#[test]
fn what_lay_below_a_file_for_a_time_is_refused() {
    let link = |maker: &mut Maker| {
        maker.member(b'2', "s", "/tmp").file("s/x", b"").member(b'5', "s", "");
        maker.end()
    };
    let (offset, fault) = fault(&link(&mut Maker::default()));
    assert!(matches!(fault, TarFault::Below { .. }) && offset == 512, "{fault}");
    // It does not matter once the directory is there, and before the link was.
    let mut maker = Maker::default();
    maker.member(b'2', "s", "/tmp").member(b'5', "s", "").file("s/x", b"");
    assert_eq!(entries(&import(&maker.end()).unwrap()).len(), 2);
    let mut maker = Maker::default();
    maker.member(b'5', "s", "").file("s/x", b"").member(b'2', "s", "/tmp");
    assert!(import(&maker.end()).is_err());
}

#[test]
fn a_map_of_segments_that_hides_bytes_is_refused() {
    let with = |map: &str, data: &[u8]| {
        let mut maker = Maker::default();
        maker.records(b'x', [("PEAR.segments", map)]).file("f", data);
        import(&maker.end()).map(|archive| cat(&archive, "f"))
    };
    assert_eq!(with("1,2", b"\0ab\0").unwrap(), b"\0ab\0");
    for (map, data) in [("1,2", b"zab\0"), ("1,2", b"\0abz"), ("3,2", b"\0\0\0z"), ("0,4", b"abcd")]
    {
        assert_eq!(with(map, data).unwrap_err().kind(), ErrorKind::Integrity, "{map}");
    }
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
    let tar = Tar::spool(
        &sample()[..],
        Path::new("x"),
        &std::env::temp_dir(),
        &Limits::default(),
        &CONTROL,
    )
    .unwrap();
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
    let tar = Tar::spool(
        &maker.end()[..],
        Path::new("x"),
        &std::env::temp_dir(),
        &Limits::default(),
        &CONTROL,
    );
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
    // Long enough that none shares a digest.
    let content = |name: &str| name.repeat(9000);
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

/// Makes a tar, and the places of its headers: every kind of member and of extension.
fn rich() -> Maker {
    let mut maker = Maker::default();
    maker.records(b'g', [("comment", "for all"), ("mtime", "1.5")]).member(b'5', "dir/", "");
    maker.records(b'x', [("path", "dir/long"), ("SCHILY.xattr.user.x", "a\nb"), ("uid", "7")]);
    maker.file("short", b"first").member(b'1', "link", "dir/long").member(b'2', "s", "dir");
    maker.member(b'3', "null", "").member(b'6', "fifo", "");
    let mut name = header(b'L', b"long", b"");
    name.set_size(3);
    maker.put(name, b"gnu").file("cut", [9; 700]);
    maker.records(b'x', [("GNU.sparse.size", "4000"), ("GNU.sparse.map", "512,512,2048,9")]);
    maker.file("sparse", [1; 521]);
    let records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")];
    maker.records(b'x', records.into_iter().chain([("GNU.sparse.realsize", "4000")]));
    let mut map = b"1\n1024\n600\n".to_vec();
    map.resize(512 + 600, 0);
    maker.file("sparse too", map);
    maker.records(b'x', [("PEAR.segments", "1,2,5,1"), ("SCHILY.acl.access", "u::r,g::w,o::x")]);
    maker.file("exact", b"\0ab\0\0c\0");
    let mut old = tar::Header::new_gnu();
    old.set_entry_type(tar::EntryType::GNUSparse);
    old.set_size(600);
    old.set_mode(0o600);
    old.set_uid(1);
    old.set_gid(2);
    let gnu = old.as_gnu_mut().unwrap();
    gnu.name[..3].copy_from_slice(b"old");
    gnu.sparse[0].set_offset(512);
    gnu.sparse[0].set_length(512);
    gnu.sparse[1].set_offset(2048);
    gnu.sparse[1].set_length(88);
    gnu.realsize.copy_from_slice(b"00000007640\0");
    maker.put(old, &[3; 600]);
    maker
}

#[test]
fn the_rich_tar_is_a_right_one() {
    let archive = import(&rich().end()).unwrap();
    assert_eq!(entries(&archive).len(), 11);
    assert_eq!(cat(&archive, "old").len(), 4000);
    assert_eq!(cat(&archive, "sparse too")[1023..1025], [0, 0]);
}

proptest! {
    /// Bytes are changed and the checksums are corrected.
    #[test]
    fn what_a_forged_tar_gives_is_refused_or_sound(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..512usize, forged()), 1..4),
    ) {
        let Maker(mut tar, headers) = rich();
        for (header, place, bytes) in changes {
            let start = headers[header.index(headers.len())];
            // Headers and what follows them: names, records, maps.
            let place = start + place * 2;
            let end = tar.len().min(place + bytes.len());
            let length = end.saturating_sub(place);
            tar[end - length..end].copy_from_slice(&bytes[..length]);
        }
        for &start in &headers {
            let block = &mut tar[start..start + 512];
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        }
        tar.extend([0; 1024]);
        let limits = Limits { output_bytes: 1 << 24, ..Limits::default() };
        let tar = Tar::spool(&tar[..], Path::new("x"), &std::env::temp_dir(), &Limits::default(), &CONTROL).unwrap();
        let mut archive = Vec::new();
        if import_stream(&mut archive, &tar, &limits, &storing(), &CONTROL).is_ok() {
            let summary = Archive::open(&archive[..], &limits).unwrap().verify(1, &CONTROL).unwrap();
            prop_assert!(summary.failures.is_empty());
            let again = import(&export(&archive, 1)).unwrap();
            let count = entries(&archive).len() - lost_devices(&archive);
            prop_assert_eq!(entries(&again).len(), count);
        }
    }
}

/// Counts the entries that a tar cannot hold.
fn lost_devices(archive: &[u8]) -> usize {
    use pear_archive::entry::Kind;
    let is_lost = |kind: &Kind| match *kind {
        Kind::CharacterDevice { major, minor } | Kind::BlockDevice { major, minor } => {
            major.max(minor) >= 1 << 21
        }
        _ => false,
    };
    entries(archive).iter().filter(|entry| is_lost(&entry.kind)).count()
}

/// Returns what a forger may write.
fn forged() -> impl Strategy<Value = Vec<u8>> {
    let digits = prop::collection::vec(prop_oneof![b'0'..=b'9', Just(0), Just(b'\n')], 1..12);
    let typeflag = prop::sample::select(&b"01234567xgLKSVMXDNA\0"[..]).prop_map(|byte| vec![byte]);
    let name = prop_oneof![Just("../"), Just("/"), Just("dir/long"), Just("a=b\n"), Just("\0\0")];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 1..9),
        digits,
        typeflag,
        name.prop_map(|name| name.as_bytes().to_vec()),
    ]
}
