use super::*;
use crate::jpeg::tests::small_jpeg;
use ::bzip2::write::BzEncoder;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;
use std::io::Write;
use std::sync::LazyLock;

const LIMITS: Limits = Limits { most_plain: 1 << 26, depth: 6, transforms: u64::MAX };

/// Words in no order, the same everywhere.
fn text(length: usize, mut seed: u32) -> Vec<u8> {
    let words = ["stream ", "block ", "of ", "the ", "tokens ", "plain ", "are ", "kept.\n"];
    let mut text = Vec::new();
    while text.len() < length {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.extend_from_slice(words[(seed >> 24) as usize % words.len()].as_bytes());
    }
    text.truncate(length);
    text
}

fn noise(length: usize) -> Vec<u8> {
    let mut seed = 9u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Level 3 of the encoder used here is that of zlib.
const LEVEL: Compression = Compression::new(3);

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), LEVEL);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), LEVEL);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), ::bzip2::Compression::new(2));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Local entries of a zip, deflated or stored, without a directory.
fn zip(entries: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes, deflated) in entries {
        let data = if *deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), LEVEL);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        } else {
            bytes.to_vec()
        };
        out.extend(b"PK\x03\x04\x14\0\0\0");
        out.extend(if *deflated { 8u16 } else { 0 }.to_le_bytes());
        out.extend([0; 4]);
        out.extend(crc32fast::hash(bytes).to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend((bytes.len() as u32).to_le_bytes());
        out.extend((name.len() as u16).to_le_bytes());
        out.extend([0; 2]);
        out.extend(name.as_bytes());
        out.extend(data);
    }
    out
}

fn png(rows: &[u8], chunk: usize) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
    let mut put = |name: &[u8], data: &[u8]| {
        out.extend((data.len() as u32).to_be_bytes());
        let named = [name, data].concat();
        out.extend(&named);
        out.extend(crc32fast::hash(&named).to_be_bytes());
    };
    put(b"IHDR", &[0, 0, 0, 99, 0, 0, 0, 99, 8, 2, 0, 0, 0]);
    zlib(rows).chunks(chunk).for_each(|part| put(b"IDAT", part));
    put(b"IEND", &[]);
    out
}

/// Returns a picture of true colors whose rows have all filters.
fn picture() -> Vec<u8> {
    let (width, height) = (60u32, 40u32);
    let pixel = |x: u32, y: u32| [(3 * x + y) as u8, (x * y / 40) as u8, (200 - 2 * y) as u8];
    let rows: Vec<u8> =
        (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    let types: Vec<u8> = (0..height as u8).map(|y| y % 5).collect();
    let output = (rows.len() + types.len()) as u64;
    let data = run(run::SCANLINES, &[0xB4, 1, 3], &[&types, &rows], output).expect("rows fit");
    let mut png = png(&data, 700);
    png[16..24].copy_from_slice(&[0, 0, 0, 60, 0, 0, 0, 40]);
    png
}

/// Lines of base64 by the transform itself.
fn base64(bytes: &[u8], line: u8, flags: u8) -> Vec<u8> {
    let letters = bytes.len().div_ceil(3) * 4;
    (letters as u64..letters as u64 * 2)
        .find_map(|output| run(run::BASE64, &[line, flags], &[bytes], output).ok())
        .expect("some length is right")
}

/// The same, taken apart, made once.
static SPLITS: LazyLock<Vec<(Vec<u8>, Split)>> = LazyLock::new(|| {
    samples().into_iter().map(|(_, file, _)| (file.clone(), taken_apart(&file))).collect()
});

fn taken_apart(file: &[u8]) -> Split {
    let split = split(file, &LIMITS).expect("something in it pays");
    assert!(join(&split).expect("own steps") == file);
    split
}

fn transforms(split: &Split) -> Vec<&'static str> {
    let mut names: Vec<_> =
        split.steps.iter().filter_map(|step| transform_name(step.transform)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn bytes_of(split: &Split, kind: StreamKind) -> &[u8] {
    split.streams.iter().find(|stream| stream.kind == kind).map_or(&[], |stream| &stream.bytes)
}

/// Files of every kind, with the transforms that make them.
fn samples() -> Vec<(&'static str, Vec<u8>, Vec<&'static str>)> {
    let (one, other) = (text(20_000, 1), text(9_000, 2));
    let jpeg = small_jpeg();
    let jar = zip(&[("a.txt", &one, true), ("b.jpg", &jpeg, false), ("c.txt", &other, true)]);
    let image = png(&text(30_000, 3), 1_000);
    let mail = [
        &b"From: a\nContent-Transfer-Encoding: base64\n\n"[..],
        &base64(&jar, 76, 0x30),
        b"\n--\n",
    ];
    let page = [&b"<img src=\"data:image/png;base64,"[..], &base64(&image, 0, 0x20), b"\">\n"];
    vec![
        ("gzip", gzip(&one), vec!["copy", "deflate"]),
        ("two members", [gzip(&one), gzip(&other)].concat(), vec!["copy", "deflate"]),
        ("zip", jar.clone(), vec!["copy", "deflate"]),
        ("zip in zip", zip(&[("x.jar", &jar, true)]), vec!["copy", "deflate"]),
        ("png", image.clone(), vec!["copy", "deflate", "idat"]),
        ("rows", picture(), vec!["copy", "deflate", "idat", "scanlines"]),
        (
            "rows in zip",
            zip(&[("x.png", &picture(), false), ("y.png", &picture(), true)]),
            vec!["copy", "deflate", "idat", "scanlines"],
        ),
        ("bzip2", bzip2(&one), vec!["bzip2"]),
        ("png in bzip2", bzip2(&image), vec!["bzip2", "deflate", "idat"]),
        ("mail", mail.concat(), vec!["base64", "copy", "deflate"]),
        ("page", page.concat(), vec!["base64", "copy", "deflate", "idat"]),
        ("zlib in noise", [noise(3_000), zlib(&one), noise(500)].concat(), vec!["copy", "deflate"]),
        ("jpeg in noise", [noise(3_000), jpeg, noise(500)].concat(), vec!["copy"]),
    ]
}

#[test]
fn files_of_every_kind_come_back() {
    for (name, file, names) in samples() {
        assert_eq!(transforms(&taken_apart(&file)), names, "{name}");
    }
}

#[test]
fn pieces_go_to_the_streams_of_their_kinds() {
    let jpeg = small_jpeg();
    let (one, packed) = (text(20_000, 1), noise(5_000));
    let file = zip(&[("a", &one, true), ("b", &jpeg, false), ("c", &packed, false)]);
    let split = taken_apart(&file);
    assert_eq!(bytes_of(&split, StreamKind::Text), one);
    assert_eq!(bytes_of(&split, StreamKind::Jpeg), jpeg);
    assert!(bytes_of(&split, StreamKind::Stored).ends_with(&packed));
}

/// Returns a tar without its end.
fn tar(members: &[&[u8]]) -> Vec<u8> {
    let mut archive = Vec::new();
    for content in members {
        let mut header = tar::Header::new_ustar();
        header.set_path("a").unwrap();
        header.set_size(content.len() as u64);
        header.set_cksum();
        archive.extend_from_slice(header.as_bytes());
        archive.extend_from_slice(content);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive
}

#[test]
fn a_later_piece_of_a_tar_is_cut_by_its_members() {
    let (one, other, packed) = (text(20_000, 1), text(9_000, 2), noise(5_000));
    let whole = tar(&[&text(3_000, 3), &packed, &one, &gzip(&other)]);
    for start in [0, 700] {
        let split = taken_apart(&whole[start..]);
        let holding = |part: &[u8]| {
            let holds = |bytes: &[u8]| bytes.windows(part.len()).any(|found| found == part);
            split.streams.iter().find(|stream| holds(&stream.bytes)).map(|stream| stream.kind)
        };
        assert_eq!(holding(&packed), Some(StreamKind::Stored), "{start}");
        let kind = holding(&one).expect("it is there");
        assert_ne!(kind, StreamKind::Stored, "{start}");
    }
}

#[test]
fn the_rows_of_pictures_follow_what_says_how_they_lie() {
    let picture = picture();
    let icon = [&[0, 0, 1, 0, 2, 0][..], &picture, b"between", &picture].concat();
    for (file, count) in [(&picture, 1), (&icon, 2)] {
        let split = taken_apart(file);
        let image = bytes_of(&split, StreamKind::Image);
        let whole = 33 + 60 * 40 * 3;
        assert_eq!(image.len(), count * whole);
        for one in image.chunks(whole) {
            assert_eq!(one[..33], picture[..33]);
            assert_eq!(one[33..36], [0, 0, 200]);
            assert_eq!(one[33 + 60 * 3..][..6], [1, 0, 198, 4, 0, 198]);
        }
    }
    // Rows that are not those of the head keep their filters.
    let mut other = picture.clone();
    other[23] = 39;
    assert!(bytes_of(&taken_apart(&other), StreamKind::Image).is_empty());
    let no_filters = Limits { transforms: !(1 << run::SCANLINES), ..LIMITS };
    let split = split(&picture, &no_filters).expect("still packed");
    assert_eq!(transforms(&split), ["copy", "deflate", "idat"]);
    let nothing = Limits { transforms: !(1 << run::DEFLATE), ..LIMITS };
    assert_eq!(super::split(&picture, &nothing), None);
}

#[test]
fn the_corrections_of_a_short_stream_are_short() {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(9));
    encoder.write_all(&text(4_000, 1)).unwrap();
    let split = taken_apart(&encoder.finish().unwrap());
    assert!(bytes_of(&split, StreamKind::Binary).len() < 24);
}

#[test]
fn what_is_not_packed_stays_as_it_is() {
    assert_eq!(split(&text(9_000, 5), &LIMITS), None);
    assert_eq!(split(&noise(100_000), &LIMITS), None);
    assert_eq!(split(&[], &LIMITS), None);
    // A right stream that a zlib header and another checksum stand around.
    let mut wrong = zlib(&text(9_000, 5));
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(split(&wrong, &LIMITS), None);
}

#[test]
fn limits_hold() {
    let file = gzip(&text(1 << 20, 1));
    let fits = Limits { most_plain: (1 << 20) + 1_000, depth: 1, ..LIMITS };
    assert!(split(&file, &fits).is_some());
    assert_eq!(split(&file, &Limits { most_plain: (1 << 20) - 1, ..fits }), None);
    let nested = (0..12).fold(text(30_000, 1), |file, _| gzip(&file));
    let split = taken_apart(&nested);
    let depth = split.steps.iter().filter(|step| step.transform == run::DEFLATE).count();
    assert!(depth <= LIMITS.depth as usize);
}

#[test]
fn many_members_become_hidden_copies() {
    let members: Vec<u8> =
        (0..3_000).flat_map(|seed| [zlib(&text(200, seed)), b"-".to_vec()].concat()).collect();
    let split = taken_apart(&gzip(&members));
    assert!(split.steps.iter().all(|step| step.inputs.len() <= MOST_INPUTS));
    assert!(split.steps.len() > 3_000);
}

#[test]
fn the_same_file_is_split_in_the_same_way() {
    for (file, again) in SPLITS.iter() {
        assert_eq!(split(file, &LIMITS).as_ref(), Some(again));
    }
}

#[test]
fn memory_is_known_before() {
    for (file, split) in SPLITS.iter() {
        for step in &split.steps {
            let lengths = vec![file.len() as u64; step.inputs.len()];
            let memory = transform_memory(step.transform, &step.parameters, &lengths, step.output);
            assert!(memory.expect("own steps") < 1 << 28);
        }
    }
    assert!(transform_memory(99, &[], &[], 1).is_err());
    assert!(transform_memory(run::COPY, &[], &[], u64::MAX).is_err());
}

#[test]
fn unknown_transforms_and_wrong_lengths_are_refused() {
    assert_eq!(run(6, &[], &[], 0), Err(RecipeError::UnknownTransform { transform: 6 }));
    assert_eq!(transform_name(6), None);
    let too_long = RecipeError::TooLarge { found: u64::MAX, limit: MOST_OUTPUT };
    assert_eq!(run(run::COPY, &[], &[], u64::MAX), Err(too_long));
    for (_, split) in SPLITS.iter() {
        let mut split = split.clone();
        for place in 0..split.steps.len() {
            for by in [-1, 1] {
                split.steps[place].output = split.steps[place].output.wrapping_add_signed(by);
                assert!(join(&split).is_err());
                split.steps[place].output = split.steps[place].output.wrapping_add_signed(-by);
            }
        }
    }
}

#[test]
fn formats_that_are_not_known_are_no_candidates() {
    for start in [&b"\xFD7zXZ\0"[..], b"7z\xBC\xAF\x27\x1C", b"\0\0\0\x20ftypisom"] {
        assert!(!is_candidate(&[start, &noise(200)].concat()));
    }
    assert!(is_candidate(&gzip(&text(5_000, 1))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// Damaged steps give bytes of the length that was asked for, or an error.
    #[test]
    fn any_step_is_run_or_refused(
        sample in 0..SPLITS.len(),
        changes in prop::collection::vec((any::<u8>(), any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let (file, mut split) = SPLITS[sample].clone();
        for (what, at, value) in changes {
            let stream = what as usize % split.streams.len();
            let step = what as usize % split.steps.len();
            match what % 4 {
                0 => {
                    let parameters = &mut split.steps[step].parameters;
                    if !parameters.is_empty() {
                        let at = at.index(parameters.len());
                        parameters[at] = value;
                    }
                }
                1 => {
                    let bytes = &mut split.streams[stream].bytes;
                    let at = cut.index(bytes.len());
                    bytes.truncate(at.max(1));
                }
                _ => {
                    let bytes = &mut split.streams[stream].bytes;
                    let at = at.index(bytes.len());
                    bytes[at] = value;
                }
            }
        }
        if let Ok(joined) = join(&split) {
            prop_assert_eq!(joined.len(), file.len());
        }
    }

    /// Corrections of any bytes, in particular those that would make blocks without end.
    #[test]
    fn any_corrections_are_run_or_refused(
        mut corrections in prop::collection::vec(any::<u8>(), 0..80),
        primer in 0..6u8,
        plain in 0..3_000usize,
    ) {
        let head = [1, (plain as u64) << 2 | 1];
        let mut bytes = Vec::new();
        head.iter().for_each(|&value| crate::bytes::put_varint(&mut bytes, value));
        bytes.push(primer);
        crate::bytes::put_varint(&mut bytes, plain as u64);
        crate::bytes::put_varint(&mut bytes, corrections.len() as u64);
        bytes.append(&mut corrections);
        let text = text(plain, 1);
        let mut parameters = Vec::new();
        crate::bytes::put_varint(&mut parameters, plain as u64);
        parameters.push(0);
        let _ = run(run::DEFLATE, &parameters, &[&text, &bytes], 2_000);
    }

    #[test]
    fn any_file_is_split_or_not(
        sample in 0..SPLITS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = SPLITS[sample].0.clone();
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Some(split) = split(&file, &LIMITS) {
            prop_assert!(join(&split).expect("own steps") == file);
        }
    }
}
