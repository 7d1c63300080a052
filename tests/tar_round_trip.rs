//! The contents of a tar survive an archive, and the way back into a tar.

mod support;

use pear_archive::entry::{
    Common, Content, Entry, Kind, Metadata, Segment, Timestamp, compare_paths,
};
use proptest::prelude::*;
use support::tar::{Maker, header};
use support::through_tar::{cat, entries, export, import, sample, warned};

/// Generates paths without collisions: every component contains its depth.
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
        |(mode, uid, gid, user, group, seconds, nanoseconds, xattrs)| {
            let common = Common {
                mode,
                uid,
                gid,
                user: String::into_bytes(user).into(),
                group: String::into_bytes(group).into(),
                xattrs: xattrs.into_iter().map(|(key, value)| (key.into(), value)).collect(),
            };
            Metadata { modified: Timestamp { seconds, nanoseconds }, common: common.into() }
        },
    )
}

/// Generates a kind, with the data segments of a file.
fn kind() -> impl Strategy<Value = (Kind, Option<Vec<Segment>>)> {
    let file = |size| (Kind::File(Content { size, ..Content::default() }), None);
    // Holes of any size: data begins and ends within blocks.
    let step = prop_oneof![Just(512), Just(7), Just(100)];
    let runs = prop::collection::vec((1..9u64, 1..9u64), 0..4);
    let sparse = (runs, step).prop_map(move |(runs, step)| {
        let mut end = 0;
        let segments = runs.into_iter().map(|(hole, length)| {
            let offset = end + hole * step;
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

/// Returns byte `place` of the data of a file.
fn byte_of(path: &[u8], place: usize) -> u8 {
    path[place % path.len()] ^ (place / 7) as u8
}

/// Writes an entry with everything in records.
fn put(maker: &mut Maker, entry: &Entry, segments: Option<&[Segment]>) {
    let Metadata { modified, common } = &entry.metadata;
    let Common { mode, uid, gid, user, group, xattrs } = &**common;
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
                    prop_assert_eq!(found.size, content.size);
                    prop_assert_eq!(found.segments.as_deref(), segments.as_deref());
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
fn holes_off_the_blocks_keep_their_bytes_and_their_places() {
    // An exported tar stores whole blocks, and has a record of which bytes are data.
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
    let again = import(&export(&archive, 1)).unwrap();
    assert!(cat(&again, "f") == expected && again == archive);
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
    assert_eq!(kinds[3..], [link("p"), symlink, link("s"), link("a")]);
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
fn what_no_archive_keeps_is_said_of_each_cause() {
    let mut maker = Maker::default();
    maker.put(header(b'V', b"/../volume", b""), b"").file("a", b"");
    maker.records(b'x', [("SCHILY.acl.ace", "owner@:rw-"), ("atime", "3")]).file("b", b"");
    maker.records(b'x', [("SCHILY.acl.ace", "owner@:r--")]).file("c", b"");
    let (warnings, names) = warned(&maker.end());
    assert_eq!(names, ["a", "b", "c"]);
    let expected = [
        "/../volume: skipped: an archive cannot hold members of type 'V'",
        "b and 1 more: dropped: pax record SCHILY.acl.ace",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn causes_without_number_are_not_told_apart() {
    let mut maker = Maker::default();
    for number in 0..150 {
        maker.records(b'x', [(format!("VENDOR.{number}"), "1")]).file("f", b"");
    }
    let (warnings, _) = warned(&maker.end());
    assert!(warnings.len() < 110);
    assert!(warnings.iter().any(|warning| warning.ends_with("dropped: other pax records")));
}

#[test]
fn a_posix_header_is_told_by_its_magic() {
    for version in [b"00", b"\0\0", b"  ", b"1\0"] {
        let mut made = header(b'3', b"name", b"");
        made.set_device_major(5).unwrap();
        made.set_device_minor(7).unwrap();
        let fields = made.as_ustar_mut().unwrap();
        fields.prefix[..8].copy_from_slice(b"some/dir");
        fields.uname[..2].copy_from_slice(b"me");
        fields.gname[..2].copy_from_slice(b"us");
        fields.version = *version;
        let archive = import(&Maker::default().put(made, b"").end()).unwrap();
        let [entry] = &entries(&archive)[..] else { panic!("one entry") };
        assert_eq!(entry.path, b"some/dir/name");
        assert_eq!((&entry.metadata.user[..], &entry.metadata.group[..]), (&b"me"[..], &b"us"[..]));
        assert_eq!(entry.kind, Kind::CharacterDevice { major: 5, minor: 7 });
    }
}

#[test]
fn headers_of_solaris_and_of_incremental_tars_are_understood() {
    let mut maker = Maker::default();
    maker.records(b'X', [("path", "whole")]).file("cut", b"data");
    let mut directory = header(b'D', b"dir/", b"");
    directory.set_size(9);
    maker.put(directory, b"Yfile\0\0\0\0").file("dir/file", b"");
    let (warnings, names) = warned(&maker.end());
    assert_eq!(
        (&warnings[..], names),
        (&[][..], ["dir", "dir/file", "whole"].map(str::to_owned).to_vec())
    );
    let archive = import(&maker.end()).unwrap();
    assert_eq!(entries(&archive)[0].kind, Kind::Directory);
}

#[test]
fn a_size_of_what_is_no_file_is_passed_over() {
    for (typeflag, size, data) in [(b'5', 4096, 0), (b'2', 4, 0), (b'1', 4, 0), (b'1', 600, 600)] {
        let mut made = header(typeflag, b"m", b"a");
        made.set_size(size);
        let mut maker = Maker::default();
        maker.file("a", b"data").put(made, &vec![b'x'; data]).file("z", b"data");
        let (notes, names) = warned(&maker.end());
        assert_eq!(names, ["a", "m", "z"]);
        let said = "m: not a file, but its header gives a size: the size is ignored";
        assert_eq!(notes, [said]);
    }
}

#[test]
fn the_last_member_of_a_name_counts_and_links_stay_what_they_were() {
    let mut maker = Maker::default();
    maker.file("a", b"old").member(b'1', "b", "a").member(b'1', "c", "b").file("a", b"new");
    maker.member(b'1', "d", "a").member(b'5', "e", "").member(b'5', "e", "");
    // Links in a ring, as `tar -r` makes them from two names of one file.
    maker.file("x", b"ring").member(b'1', "y", "x").member(b'1', "x", "y");
    let (notes, _) = warned(&maker.end());
    let said = "a: several members have this name: the last one is kept";
    assert_eq!(notes, [said]);
    let archive = import(&maker.end()).unwrap();
    let contents = ["a", "b", "c", "d", "x", "y"].map(|name| cat(&archive, name));
    assert_eq!(contents, ["new", "old", "old", "new", "ring", "ring"].map(str::as_bytes));
    let kinds: Vec<_> = entries(&archive).into_iter().map(|entry| entry.kind).collect();
    let link = |target: &str| Kind::HardLink { target: target.into() };
    assert!(matches!(kinds[1], Kind::File(_)), "the first of the other names is the file now");
    assert_eq!(kinds[2..4], [link("b"), link("a")]);
    assert_eq!(kinds[6], link("x"));
}

#[test]
fn access_lists_become_attributes_and_texts_again() {
    let list = "user::rw-,user:9:r-x,group::r--,mask::rwx,other::---";
    let mut maker = Maker::default();
    maker.records(b'x', [("SCHILY.acl.access", list)]).file("f", b"");
    maker.records(b'x', [("SCHILY.acl.access", "user::rw-,group::r--,other::r--")]).file("g", b"");
    let named = "user::rw-,user:eve:rwx,group::---,mask::rwx,other::---";
    maker.records(b'x', [("SCHILY.acl.access", named)]).file("h", b"");
    let (warnings, _) = warned(&maker.end());
    let cause = "it names a user or group whose number is not known";
    assert_eq!(warnings, [format!("h: dropped: SCHILY.acl.access: {cause}")]);
    let archive = import(&maker.end()).unwrap();
    let [f, g, h] = &entries(&archive)[..] else { panic!("three entries") };
    assert_eq!((f.metadata.mode, g.metadata.mode, h.metadata.mode), (0o670, 0o644, 0o604));
    let [(name, value)] = &f.metadata.xattrs[..] else { panic!("one attribute") };
    assert_eq!((&name[..], value.len()), (&b"system.posix_acl_access"[..], 4 + 5 * 8));
    assert!(g.metadata.xattrs.is_empty() && h.metadata.xattrs.is_empty());
    let tar = export(&archive, 1);
    let record = format!("SCHILY.acl.access={list}\n");
    assert!(tar.windows(record.len()).any(|bytes| bytes == record.as_bytes()));
    assert!(import(&tar).unwrap() == archive);
}

#[test]
fn what_follows_the_end_is_not_passed_over_in_silence() {
    let end = sample().len();
    let (warnings, _) = warned(&[sample(), vec![0; 5000], sample()].concat());
    let offset = end + 5000;
    let expected = format!("the tar ends before byte {offset}; the rest was not read");
    assert_eq!(warnings, [expected]);
    assert_eq!(warned(&[sample(), vec![0; 99_999]].concat()).0, [""; 0]);
}
