//! JPEG files are stored smaller than they are, and come back bit for bit.

#[path = "../spec/reference/decoder.rs"]
#[allow(dead_code)] // bases are tried in tests/reference_forged.rs
mod decoder;
#[path = "support/jpeg.rs"]
mod made;

use made::jpeg;
use pear_archive::archive::{Archive, Builder, Control, CreateOptions, Limits, Silent};
use pear_archive::codec::{CodecOptions, Coding, codec_name, encode_group};
use std::path::Path;
use std::sync::atomic::AtomicBool;

static GO_ON: AtomicBool = AtomicBool::new(false);
const CONTROL: Control = Control { events: &Silent, cancel: &GO_ON };
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/jpeg/jpeg-0.7.pear");

/// Returns files, most of them JPEGs.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = (0..6).map(|k| (format!("{k}.jpg"), jpeg(256, k))).collect();
    files.push(("large.jpg".to_owned(), jpeg(4096, 9)));
    // Cut short, with bytes behind the end, and arithmetic codes, which Lepton has not.
    files.push(("cut.jpg".to_owned(), jpeg(256, 7)[..2000].to_vec()));
    files.push(("more.jpg".to_owned(), [jpeg(256, 8), b"a note behind it".to_vec()].concat()));
    let mut arithmetic = jpeg(256, 10);
    let frame = arithmetic.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    arithmetic[frame + 1] = 0xC9;
    files.push(("arithmetic.jpg".to_owned(), arithmetic));
    files.push(("note.txt".to_owned(), b"what the pictures show".to_vec()));
    files.sort();
    files
}

/// Returns those of the files that are in the golden archive.
fn small() -> Vec<(String, Vec<u8>)> {
    files().into_iter().filter(|(_, content)| content.len() < 1 << 16).collect()
}

fn archive(files: &[(String, Vec<u8>)], jobs: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = CreateOptions { jobs, ..CreateOptions::default() };
    let mut builder = Builder::new(&mut bytes).options(options);
    for (name, content) in files {
        builder.append_data(name.as_str(), content).unwrap();
    }
    builder.finish().unwrap();
    bytes
}

fn contents(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let archive = Archive::open(bytes, &Limits::default()).unwrap();
    let read = |name: String| {
        let mut content = Vec::new();
        archive.cat(name.as_bytes(), &mut content, 1, &CONTROL).unwrap();
        (name, content)
    };
    archive.entries().iter().map(|entry| read(entry.display().to_string())).collect()
}

#[test]
fn jpegs_are_smaller_in_an_archive_and_come_back() {
    let files = files();
    let one = archive(&files, 1);
    assert_eq!(one, archive(&files, 4), "the same bytes on any number of threads");
    let raw: usize = files.iter().map(|(_, content)| content.len()).sum();
    assert!(one.len() < raw * 7 / 10, "{} of {raw} bytes", one.len());
    assert_eq!(contents(&one), files);
}

#[test]
fn a_jpeg_is_not_divided_and_groups_of_jpegs_are_short() {
    let files = files();
    let bytes = archive(&files, 2);
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let jpegs: Vec<_> =
        archive.groups().filter(|group| codec_name(group.coding.codec) == "jpeg").collect();
    let large = files.iter().find(|(name, _)| name == "large.jpg").unwrap().1.len() as u64;
    assert!(jpegs.len() >= 2 && jpegs.iter().any(|group| group.raw_length >= large));
    assert!(jpegs.iter().all(|group| group.raw_length < large + (1 << 20)));
}

#[test]
fn a_group_of_jpegs_is_decoded_by_the_text_alone() {
    let raw = [jpeg(64, 1), b"between".to_vec(), jpeg(256, 2), b"behind".to_vec()].concat();
    let group = encode_group(&raw, &CodecOptions::default()).unwrap();
    assert!(matches!(group.coding, Coding::Jpeg(_)) && group.payload.len() < raw.len());
    assert_eq!(decoder::decode([6, 0], 0, &group.payload, raw.len()), Ok(raw.clone()));
    for at in (0..group.payload.len()).step_by(7) {
        let mut payload = group.payload.clone();
        payload[at] ^= 4;
        let decoded =
            pear_archive::codec::decode_group(group.coding, &payload, raw.len(), raw.len());
        // A fault may hide in the scans. What the crate takes the text takes too.
        if let Ok(decoded) = decoded {
            assert_eq!(decoder::decode([6, 0], 0, &payload, raw.len()), Ok(decoded), "{at}");
        }
    }
}

#[test]
fn a_damaged_jpeg_loses_no_other_group() {
    let files = files();
    let mut bytes = archive(&files, 1);
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let hit = archive.groups().find(|group| codec_name(group.coding.codec) == "jpeg").unwrap();
    drop(archive);
    bytes[hit.offset as usize + 56 + hit.stored_length as usize / 2] ^= 0x55;
    let archive = Archive::open(&bytes[..], &Limits::default()).unwrap();
    let verified = archive.verify(1, &CONTROL).unwrap();
    assert!(!verified.failures.is_empty());
    let mut note = Vec::new();
    archive.cat(b"note.txt", &mut note, 1, &CONTROL).unwrap();
    assert_eq!(note, b"what the pictures show");
}

#[test]
fn the_golden_archive_of_jpegs_still_holds_them() {
    assert_eq!(contents(&std::fs::read(GOLDEN).unwrap()), small());
}

#[test]
#[ignore = "a deliberate act: writes the golden archive if it does not exist yet"]
fn write_golden_archives() {
    if !Path::new(GOLDEN).exists() {
        std::fs::create_dir_all(Path::new(GOLDEN).parent().unwrap()).unwrap();
        std::fs::write(GOLDEN, archive(&small(), 1)).unwrap();
    }
}
