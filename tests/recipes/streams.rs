//! Deflate streams that are longer than a batch are taken apart in parts.

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let end = [crc32fast::hash(bytes).to_le_bytes(), (bytes.len() as u32).to_le_bytes()].concat();
    [b"\x1F\x8B\x08\0\0\0\0\0\0\x03", &deflate(bytes)[..], &end].concat()
}

/// Returns a zip of two entries, without a directory.
fn zip(entries: [&[u8]; 2]) -> Vec<u8> {
    entries.into_iter().flat_map(zip_entry).collect()
}

/// Returns a tar of files of two kinds, among them one that is packed.
fn tar() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for number in 0..40 {
        let content = match number % 4 {
            0 => numbers(number, 30_000),
            1 => bz2(&text(number, 30_000), 9),
            _ => text(number, 50_000),
        };
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, format!("member{number}"), &content[..]).unwrap();
    }
    tar.into_inner().unwrap()
}

fn long_streams() -> Files {
    let plain = [text(1, 600_000), numbers(2, 300_000), text(3, 600_000)].concat();
    let zlib = [&b"\x78\x5E"[..], &deflate(&plain), &[0; 4]].concat();
    let mut cut = gzip(&plain);
    cut.truncate(cut.len() * 3 / 4);
    let all = [
        ("a.tar.gz", gzip(&tar())),
        ("b.zlib", zlib),
        ("c.zip", zip([&plain, &text(4, 40_000)])),
        ("d.gz", [gzip(&text(5, 1_100_000)), gzip(&plain[..1_200_000])].concat()),
        ("e-cut.gz", cut),
        ("f.gz", gzip(&text(6, 100_000))),
    ];
    all.into_iter().map(|(name, content)| (name.to_owned(), content)).collect()
}

#[test]
fn a_deflate_stream_longer_than_a_batch_is_taken_apart_in_parts() {
    let files = long_streams();
    let archive = pack(&files, in_pieces(2));
    assert!(archive == pack(&files, in_pieces(1)) && archive == pack(&files, in_pieces(5)));
    assert_eq!(made(&archive), files.keys().cloned().collect::<Vec<_>>());
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    for (name, content) in &files {
        let Kind::File(file) = &opened.entry(name).unwrap().kind else { panic!("{name}") };
        assert_eq!(file.recipes.len() > 2, name != "f.gz", "{name}");
        // Nearly all of it is unpacked, but for the block that is not whole.
        let steps = file.recipes.iter().flat_map(|recipe| &recipe.steps);
        let copied = steps.filter(|step| step.transform == 0 && !step.hidden);
        let copied = copied.map(|step| step.output).sum::<u64>();
        let share = if name == "e-cut.gz" { 10 } else { 30 };
        assert!(copied < content.len() as u64 / share, "{name}: {copied} of {}", content.len());
        assert!(opened.read(name).unwrap() == *content, "{name}");
        let mut reader = opened.reader(opened.entry(name).unwrap()).unwrap();
        for at in [content.len() * 2 / 3, 9, content.len() - 5] {
            reader.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut bytes = Vec::new();
            reader.by_ref().take(90_000).read_to_end(&mut bytes).unwrap();
            assert!(bytes == content[at..content.len().min(at + 90_000)], "{name} {at}");
        }
    }
    for (way, read) in WAYS {
        let to = scratch();
        let done = read(&archive, to.path(), 2).unwrap();
        assert!(done.failures.is_empty() || way == "by search", "{way}: {done:?}");
        assert!(found(to.path()) == files, "{way}");
    }
}

#[test]
fn packed_members_of_a_tar_in_a_long_stream_are_taken_apart() {
    let files = Files::from([("a.tar.gz".to_owned(), gzip(&tar()))]);
    let archive = pack(&files, in_pieces(2));
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    let Kind::File(file) = &opened.entry("a.tar.gz").unwrap().kind else { panic!() };
    let steps = file.recipes.iter().flat_map(|recipe| &recipe.steps);
    let members = steps.filter(|step| step.transform == 2).count();
    // Those that lie across the end of a part stay packed.
    assert!(members >= 10 - file.recipes.len() && members <= 10, "{members}");
}

#[test]
fn a_stream_that_is_damaged_in_its_middle_comes_back_too() {
    let plain = [text(1, 900_000), numbers(2, 900_000)].concat();
    for place in [30, 300_000] {
        let mut damaged = gzip(&plain);
        damaged[place] ^= 0x10;
        let files = Files::from([("a.gz".to_owned(), damaged), ("b".to_owned(), text(9, 900))]);
        let archive = pack(&files, in_pieces(2));
        for (way, read) in WAYS {
            let to = scratch();
            read(&archive, to.path(), 2).unwrap();
            assert!(found(to.path()) == files, "{way} {place}");
        }
    }
}
