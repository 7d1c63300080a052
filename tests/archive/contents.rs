//! Printing many files, and files with holes.

use super::*;

/// Returns what `cat_all` writes of files, and the number of groups it decodes.
fn cat_all(archive: &Archive<&[u8]>, names: &[&str]) -> (Vec<u8>, u64) {
    let paths: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    let mut written = Vec::new();
    let done = archive.cat_all(&paths, &mut written, 2, &CONTROL).unwrap();
    (written, done.groups_decoded)
}

#[test]
fn many_files_come_in_the_order_asked_for_and_each_group_is_decoded_once() {
    let tree = TempDir::new().unwrap();
    let names: Vec<String> = (0..12).map(|number| format!("{number:02}.bin")).collect();
    for (number, name) in names.iter().enumerate() {
        // Files end within groups, so that neighbours share a group.
        fs::write(tree.path().join(name), noise(number as u64, 700 * number)).unwrap();
    }
    build_tree(&tree.path().join("t"));
    let (bytes, summary) = pack(tree.path(), &options(Codec::Store, 4096));
    let mut orders = vec![names.clone(), names.iter().rev().cloned().collect(), names.clone()];
    orders[2].sort_by_key(|name| noise(name.bytes().map(u64::from).sum(), 1));
    orders[2].extend(["t/sparse", "05.bin", "t/zero", "t/sub/linked.txt"].map(str::to_owned));
    // With little memory, everything that has to wait is put into a file.
    for memory in [Limits::default().memory, 1 << 20] {
        let limits = Limits { memory, ..Limits::default() };
        let archive = Archive::open(&bytes[..], &limits).unwrap();
        for order in &orders {
            let names: Vec<&str> = order.iter().map(String::as_str).collect();
            let wanted: Vec<u8> =
                names.iter().flat_map(|name| fs::read(tree.path().join(name)).unwrap()).collect();
            let (written, decoded) = cat_all(&archive, &names);
            assert!(written == wanted, "{names:?}");
            assert!(decoded <= summary.groups, "{decoded} of {}", summary.groups);
        }
    }
}

#[test]
fn of_a_damaged_file_cat_writes_nothing() {
    let tree = TempDir::new().unwrap();
    for (seed, name) in ["a", "b", "c"].into_iter().enumerate() {
        fs::write(tree.path().join(name), noise(seed as u64 + 1, 40_000)).unwrap();
    }
    let content = |name: &str| fs::read(tree.path().join(name)).unwrap();
    let (mut bytes, _) = pack(tree.path(), &options(Codec::Store, 4096));
    let tail = &content("b")[39_900..39_950];
    let place = bytes.windows(50).position(|window| window == tail).unwrap();
    bytes[place] ^= 1;
    // Whether the file waits in memory or is long enough to be streamed.
    for memory in [Limits::default().memory, 512 << 10] {
        let limits = Limits { memory, ..Limits::default() };
        let archive = Archive::open(&bytes[..], &limits).unwrap();
        let (paths, mut written) = ([&b"c"[..], b"b", b"a"], Vec::new());
        let done = archive.cat_all(&paths, &mut written, 1, &CONTROL).unwrap();
        assert_eq!(done.failed(ErrorKind::Integrity), 1);
        assert!(written == [content("c"), content("a")].concat());
    }
}

/// Returns the seconds of processor time that this process has used.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// A hole of 4 TiB could not be hashed in the minutes a test may take: the bounds are
/// hundreds of times what is needed.
#[test]
fn a_hole_costs_nothing_however_large_it_is() {
    const SIZE: u64 = 4 << 40;
    let tree = TempDir::new().unwrap();
    let path = tree.path().join("last");
    let file = File::create(&path).unwrap();
    if file.set_len(SIZE).is_err() {
        return; // this file system cannot hold such large files
    }
    std::os::unix::fs::FileExt::write_all_at(&file, b"island", SIZE / 2).unwrap();
    // Another file of that size, so that both are compared for equal content.
    File::create(tree.path().join("hole")).unwrap().set_len(SIZE).unwrap();
    let begun = cpu_seconds();
    let (bytes, summary) = pack(tree.path(), &options(Codec::Store, 1 << 20));
    assert!(summary.bytes < 1 << 20, "{summary:?}");
    let limits = Limits { output_bytes: u64::MAX, ..Limits::default() };
    let archive = Archive::open(&bytes[..], &limits).unwrap();
    let verified = archive.verify(1, &CONTROL).unwrap();
    assert!(verified.failures.is_empty() && verified.entries == 2, "{verified:?}");
    let to = TempDir::new().unwrap();
    let done = archive.extract(to.path(), &preserving(), &CONTROL).unwrap();
    assert!(done.failures.is_empty(), "{done:?}");
    assert_eq!(fs::metadata(to.path().join("last")).unwrap().len(), SIZE);
    let mut island = [0; 8];
    let restored = File::open(to.path().join("last")).unwrap();
    std::os::unix::fs::FileExt::read_exact_at(&restored, &mut island, SIZE / 2 - 1).unwrap();
    assert_eq!(&island, b"\0island\0");
    assert!(cpu_seconds() - begun < 60.0);
}

#[test]
fn equal_content_with_other_holes_is_kept_with_its_own() {
    let tree = TempDir::new().unwrap();
    for name in ["full", "full2"] {
        fs::write(tree.path().join(name), vec![0; 1 << 20]).unwrap();
    }
    for name in ["hole", "hole2"] {
        File::create(tree.path().join(name)).unwrap().set_len(1 << 20).unwrap();
    }
    let (bytes, summary) = pack(tree.path(), &options(Codec::Store, 1 << 22));
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    assert!(archive.verify(1, &CONTROL).unwrap().failures.is_empty());
    let holes = |name: &[u8]| match &archive.entry(name).unwrap().kind {
        Kind::File(content) => content.segments.is_some(),
        kind => panic!("{kind:?}"),
    };
    if holes(b"hole") {
        assert_eq!(summary.bytes, 1 << 20, "each content once, holes left out");
    }
    assert!(!holes(b"full") && !holes(b"full2"));
    let to = TempDir::new().unwrap();
    assert!(unpack(&bytes, to.path(), &preserving()).failures.is_empty());
    assert_same_below(tree.path(), to.path());
}
