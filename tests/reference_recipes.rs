//! The independent transforms in spec/reference give what those of the crate give, for
//! packed files of every sort, and refuse what they refuse.

#[allow(dead_code)]
#[path = "../spec/reference/container.rs"]
mod container;
#[allow(dead_code)]
#[path = "../spec/reference/decoder.rs"]
mod decoder;
mod support;

use pear_archive::options::{Choice, Codec, CodecOptions, CreateOptions};
use pear_archive::recipe::{Front, Input, Limits, Split, join, run, split, split_front};
use pear_archive::{Builder, Entry};
use std::collections::BTreeSet;
use std::io::Write;

const LIMITS: Limits = Limits { most_plain: 1 << 26, depth: 6, transforms: u64::MAX };

/// Returns words in no order, of which no two texts have the same.
fn words(seed: u64, length: usize) -> Vec<u8> {
    let list = ["pear ", "plum ", "tree\n", "the ", "garden ", "of ", "and ", "fence, "];
    let noise = support::noise(seed, length / 2);
    let word = |byte: &u8| format!("{}{}", byte / 64, list[usize::from(byte % 8)]).into_bytes();
    let mut text: Vec<u8> = noise.iter().flat_map(word).collect();
    text.truncate(length);
    text
}

/// Text, then noise, then text with some noise.
fn mixed(seed: u64, length: usize) -> Vec<u8> {
    let mut last = words(seed + 1, length);
    let holes = support::noise(seed + 2, length / 50);
    holes.iter().enumerate().for_each(|(k, &byte)| last[50 * k] = byte);
    [words(seed, length), support::noise(seed, length / 2), last].concat()
}

fn packed<W: Write>(mut encoder: W, bytes: &[u8], finish: impl Fn(W) -> Vec<u8>) -> Vec<u8> {
    encoder.write_all(bytes).unwrap();
    finish(encoder)
}

fn level(level: u32) -> flate2::Compression {
    flate2::Compression::new(level)
}

fn gzip(bytes: &[u8], number: u32) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), level(number));
    packed(encoder, bytes, |encoder| encoder.finish().unwrap())
}

fn zlib(bytes: &[u8], number: u32) -> Vec<u8> {
    let encoder = flate2::write::ZlibEncoder::new(Vec::new(), level(number));
    packed(encoder, bytes, |encoder| encoder.finish().unwrap())
}

fn deflate(bytes: &[u8], number: u32) -> Vec<u8> {
    let encoder = flate2::write::DeflateEncoder::new(Vec::new(), level(number));
    packed(encoder, bytes, |encoder| encoder.finish().unwrap())
}

fn bz2(bytes: &[u8]) -> Vec<u8> {
    let encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(9));
    packed(encoder, bytes, |encoder| encoder.finish().unwrap())
}

/// A zip of deflated entries, with its directory.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let (data, offset) = (deflate(bytes, 6), out.len() as u32);
        let mut header = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        header.extend(crc32fast::hash(bytes).to_le_bytes());
        header.extend((data.len() as u32).to_le_bytes());
        header.extend((bytes.len() as u32).to_le_bytes());
        header.extend((name.len() as u16).to_le_bytes());
        header.extend([0; 2]);
        out.extend([b"PK\x03\x04", &header[..], name.as_bytes(), &data].concat());
        directory.extend([&b"PK\x01\x02\x14\0"[..], &header, &[0; 10]].concat());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, start) = (entries.len() as u16, out.len() as u32);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}

/// A picture whose data lie in several chunks.
fn png(rows: &[u8]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
    let mut put = |name: &[u8], data: &[u8]| {
        let named = [name, data].concat();
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(&named);
        out.extend(crc32fast::hash(&named).to_be_bytes());
    };
    put(b"IHDR", &[0, 0, 0, 99, 0, 0, 0, 99, 8, 2, 0, 0, 0]);
    zlib(rows, 9).chunks(1_000).for_each(|part| put(b"IDAT", part));
    put(b"IEND", &[]);
    out
}

/// A picture of true colors whose rows have all filters, and its recipe takes them off.
fn picture() -> Vec<u8> {
    let mut rows = mixed(62, 6_000);
    rows.resize(60 * (1 + 60 * 3), 7);
    rows.chunks_mut(181).enumerate().for_each(|(y, row)| row[0] = y as u8 % 5);
    let mut picture = png(&rows);
    picture[16..24].copy_from_slice(&[0, 0, 0, 60, 0, 0, 0, 60]);
    picture
}

/// A mail whose attachment is in lines of 76 letters.
fn mail(bytes: &[u8], end: &str) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut letters = Vec::new();
    for group in bytes.chunks(3) {
        let mut four = [0; 4];
        four[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(four);
        let letter = |k: usize| LETTERS[(bits >> (18 - 6 * k)) as usize & 63];
        letters.extend((0..4).map(|k| if k <= group.len() { letter(k) } else { b'=' }));
    }
    let mut mail = format!("To: all{end}Content-Transfer-Encoding: base64{end}{end}").into_bytes();
    letters.chunks(76).for_each(|line| mail.extend([line, end.as_bytes()].concat()));
    [mail, format!("--end--{end}").into_bytes()].concat()
}

/// Bits of a deflate stream.
#[derive(Default)]
struct Bits(Vec<u8>, usize);

impl Bits {
    fn put(&mut self, value: usize, count: usize) {
        for bit in 0..count {
            self.0.resize(self.1 / 8 + 1, 0);
            self.0[self.1 / 8] |= ((value >> bit & 1) as u8) << (self.1 % 8);
            self.1 += 1;
        }
    }

    fn put_code(&mut self, code: usize, count: usize) {
        (0..count).rev().for_each(|bit| self.put(code >> bit, 1));
    }

    /// A member of gzip that holds these bits.
    fn member(self, plain: &[u8]) -> Vec<u8> {
        let crc = crc32fast::hash(plain).to_le_bytes();
        let head = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3];
        [&head[..], &self.0, &crc, &(plain.len() as u32).to_le_bytes()].concat()
    }
}

/// A member of gzip with trees that zlib does not make: 15 letters and the end of the block
/// have codes of 4 bits, and the lengths of codes are written without runs.
fn own_trees() -> Vec<u8> {
    let plain: Vec<u8> = support::noise(60, 5_000).iter().map(|byte| b'a' + byte % 15).collect();
    let mut bits = Bits::default();
    bits.put(0b101, 3);
    bits.put(0, 5);
    bits.put(0, 5);
    bits.put(12 - 4, 4);
    // Lengths 0 and 4, the 4th and the 12th, have codes of 1 bit.
    (1..=12).for_each(|place| bits.put(usize::from(place % 8 == 4), 3));
    let has_code = |symbol| (97..112).contains(&symbol) || symbol == 256;
    (0..258).for_each(|symbol| bits.put(usize::from(has_code(symbol)), 1));
    plain.iter().for_each(|&byte| bits.put_code(usize::from(byte - b'a'), 4));
    bits.put_code(15, 4);
    bits.member(&plain)
}

/// A member of gzip with fixed codes, without matches, in which bytes are as often as the
/// numbers of Fibonacci; with the end of the block, their tree has more than 15 levels.
fn skewed() -> Vec<u8> {
    let (mut plain, mut count, mut next) = (Vec::new(), 1, 2);
    for byte in 0..17 {
        plain.extend(vec![byte; count]);
        (count, next) = (next, count + next);
    }
    let mut bits = Bits::default();
    bits.put(0b011, 3);
    plain.iter().for_each(|&byte| bits.put_code(0x30 + usize::from(byte), 8));
    bits.put_code(0, 7);
    bits.member(&plain)
}

/// Returns packed files with the transforms that make them.
fn files() -> Vec<(String, Vec<u8>, Vec<u64>)> {
    let mut files = Vec::new();
    for (number, level) in [1, 6, 9].into_iter().enumerate() {
        let seed = 10 * number as u64 + 1;
        files.push((format!("short{level}.gz"), gzip(&words(seed, 3_000), level), vec![0, 1]));
        files.push((format!("text{level}.gz"), gzip(&words(seed, 60_000), level), vec![0, 1]));
        files.push((format!("mixed{level}.gz"), gzip(&mixed(seed, 30_000), level), vec![0, 1]));
    }
    files.push(("chunks.gz".to_owned(), gzip(&words(40, 1_200_000), 6), vec![0, 1]));
    let jar = zip(&[("one.txt", &words(50, 9_000)), ("two.bin", &mixed(51, 8_000))]);
    let nested = zip(&[("in.gz", &gzip(&words(52, 20_000), 6)), ("a", &words(53, 5_000))]);
    let image = png(&words(54, 40_000));
    files.push(("picture.png".to_owned(), image.clone(), vec![0, 1, 5]));
    files.push(("rows.png".to_owned(), picture(), vec![0, 1, 4, 5]));
    files.push(("lf.eml".to_owned(), mail(&words(55, 8_000), "\n"), vec![0, 3]));
    files.push(("crlf.eml".to_owned(), mail(&image, "\r\n"), vec![0, 1, 3, 5]));
    files.push(("two.zip".to_owned(), jar, vec![0, 1]));
    files.push(("nested.zip".to_owned(), nested, vec![0, 1]));
    files.push(("own-trees.gz".to_owned(), own_trees(), vec![0, 1]));
    files.push(("stored.gz".to_owned(), gzip(&words(57, 1_000), 0), vec![0, 1]));
    files.push(("words.bz2".to_owned(), bz2(&words(56, 9_000)), vec![2]));
    files
}

/// Those that are read in no time.
fn short_files() -> Vec<(String, Vec<u8>, Vec<u64>)> {
    files().into_iter().filter(|(_, file, _)| file.len() < 13_000).collect()
}

/// A step with what it is made of.
#[derive(Clone)]
struct Run {
    transform: u64,
    parameters: Vec<u8>,
    inputs: Vec<Vec<u8>>,
    output: u64,
}

impl Run {
    fn by_the_crate(&self) -> Option<Vec<u8>> {
        let inputs: Vec<&[u8]> = self.inputs.iter().map(|input| &input[..]).collect();
        run(self.transform, &self.parameters, &inputs, self.output).ok()
    }

    fn by_the_text(&self) -> Result<Vec<u8>, String> {
        let inputs: Vec<&[u8]> = self.inputs.iter().map(|input| &input[..]).collect();
        container::recipes::transform(self.transform, &self.parameters, &inputs, self.output)
    }
}

/// Returns the steps of a split, each with its inputs.
fn steps(split: &Split) -> Vec<Run> {
    let (mut runs, mut outputs) = (Vec::new(), Vec::<Vec<u8>>::new());
    for step in &split.steps {
        let input = |input: &Input| match *input {
            Input::Stream { stream, offset, length } => {
                let (start, end) = (offset as usize, (offset + length) as usize);
                split.streams[stream].bytes[start..end].to_vec()
            }
            Input::Step { back } => outputs[outputs.len() - back as usize].clone(),
        };
        let made = Run {
            transform: step.transform,
            parameters: step.parameters.clone(),
            inputs: step.inputs.iter().map(input).collect(),
            output: step.output,
        };
        outputs.push(made.by_the_crate().expect("own steps"));
        runs.push(made);
    }
    runs
}

/// Numbers of the forms of blocks, and the primer, that corrections name.
fn forms(mut corrections: &[u8]) -> (Vec<u64>, u8) {
    let mut varint = |skip: u64| {
        corrections = &corrections[skip as usize..];
        let end = corrections.iter().position(|&byte| byte < 128).unwrap() + 1;
        let (number, rest) = corrections.split_at(end);
        corrections = rest;
        number.iter().rev().fold(0, |value, &byte| value << 7 | u64::from(byte & 127))
    };
    let (count, mut forms, mut skip) = (varint(0), Vec::new(), 0);
    for _ in 0..count {
        forms.push(varint(skip) & 3);
        skip = if forms.ends_with(&[3]) { varint(0) } else { 0 };
    }
    (forms, corrections[skip as usize])
}

#[test]
fn every_transform_gives_what_that_of_the_crate_gives() {
    let (mut all_forms, mut primers) = (BTreeSet::new(), BTreeSet::new());
    for (name, file, transforms) in files() {
        let steps = steps(&split(&file, &LIMITS).unwrap_or_else(|| panic!("{name} is left")));
        let used: BTreeSet<u64> = steps.iter().map(|step| step.transform).collect();
        assert!(used.into_iter().eq(transforms), "{name}");
        for (number, step) in steps.iter().enumerate() {
            let made = step.by_the_text().unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(Some(made) == step.by_the_crate(), "{name}, step {number}");
            if step.transform == 1 {
                let (forms, primer) = forms(step.inputs.last().unwrap());
                all_forms.extend(forms);
                primers.insert(primer);
            }
        }
    }
    // All forms of blocks and all primers are in the files.
    assert_eq!((all_forms, primers), ((0..4).collect(), (0..5).collect()));
}

#[test]
fn trees_as_zlib_makes_them_are_cut_to_15_bits_alike() {
    let steps = steps(&split(&skewed(), &LIMITS).unwrap());
    let mut step = steps.into_iter().find(|step| step.transform == 1).unwrap();
    let corrections = step.inputs.last_mut().unwrap();
    assert_eq!((corrections[0], corrections[1] & 3), (1, 1));
    corrections[1] ^= 3;
    // Some output is as long as the one that the changed form gives.
    let made = (step.output / 4..step.output / 2).find_map(|output| {
        step.output = output;
        step.by_the_crate()
    });
    assert!(step.by_the_text().unwrap() == made.unwrap());
}

/// Returns a step with each of its parameters, and some bytes of its corrections, changed.
fn damaged(step: &Run) -> Vec<Run> {
    // All of the first bytes, some behind them.
    let places = |length: usize| (0..length.min(24)).chain((24..length).step_by(length / 4 + 1));
    let change = |byte: &u8, place: usize| byte ^ [1, 0x80, 0xFF][place % 3];
    let mut all = Vec::new();
    for place in places(step.parameters.len()) {
        let mut one = step.clone();
        one.parameters[place] = change(&one.parameters[place], place);
        all.push(one);
    }
    if step.transform == 4 {
        let mut one = step.clone();
        one.inputs[0][1] = 5;
        all.push(one);
    }
    // Bytes of other inputs say nothing of how they are read.
    if let (1, Some(corrections)) = (step.transform, step.inputs.last()) {
        for place in places(corrections.len()) {
            let mut one = step.clone();
            one.inputs.last_mut().unwrap()[place] = change(&corrections[place], place);
            all.push(one);
        }
    }
    let cut = Run { parameters: step.parameters[1..].to_vec(), ..step.clone() };
    let longer = Run { parameters: [&step.parameters[..], &[0]].concat(), ..step.clone() };
    let less = Run { inputs: step.inputs[1..].to_vec(), ..step.clone() };
    all.extend([cut, longer, less, Run { output: step.output + 1, ..step.clone() }]);
    all
}

#[test]
fn damaged_steps_are_refused_or_give_what_those_of_the_crate_give() {
    let (mut refused, mut given) = (0, 0);
    for (name, file, _) in short_files() {
        let steps = steps(&split(&file, &LIMITS).unwrap());
        for (number, step) in steps.iter().enumerate().filter(|(_, step)| step.transform != 0) {
            for (damage, step) in damaged(step).iter().enumerate() {
                let (theirs, ours) = (step.by_the_crate(), step.by_the_text());
                refused += usize::from(theirs.is_none());
                given += usize::from(theirs.is_some());
                let lengths = (theirs.as_ref().map(Vec::len), ours.as_ref().map(Vec::len));
                let is_same = theirs == ours.as_ref().ok().cloned();
                assert!(is_same, "{name}, step {number}, damage {damage}: {lengths:?}");
            }
        }
    }
    assert!(refused > 100 && given > 10, "{refused} refused, {given} given");
}

/// Two letters as literals in a block of fixed codes, and all that can be said of them.
#[test]
fn corrections_of_noise_are_read_alike() {
    let (mut refused, mut given) = (0, 0);
    for (number, noise) in support::noise(61, 1_500).chunks(5).enumerate() {
        let noise = &noise[..number % 5 + 1];
        let corrections = [&[1, 2 << 2 | 1, 1, 2, noise.len() as u8], noise].concat();
        let inputs = vec![b"xy".to_vec(), corrections];
        let step = Run { transform: 1, parameters: vec![2, 0], inputs, output: 4 };
        let (theirs, ours) = (step.by_the_crate(), step.by_the_text());
        refused += usize::from(theirs.is_none());
        given += usize::from(theirs.is_some());
        assert!(theirs == ours.as_ref().ok().cloned(), "{noise:x?}: {theirs:?}, {ours:?}");
    }
    assert!(refused > 10 && given > 10, "{refused} refused, {given} given");
}

/// Returns the parts of a stream that is too long for one step, each with its step.
fn parts(mut file: &[u8]) -> Vec<Run> {
    let whole = file;
    let (mut parts, mut midway) = (Vec::new(), None);
    let mut again = Vec::new();
    while !file.is_empty() {
        let limits = Limits { most_plain: file.len() as u64 + 150_000, ..LIMITS };
        let front = Front { bytes: usize::MAX, plain: 60_000 };
        let Some(piece) = split_front(file, &limits, front, midway.as_ref()) else { break };
        let deflated = |run: &Run| run.transform == 1;
        parts.extend(steps(&piece.split).into_iter().filter(deflated));
        again.extend(join(&piece.split).unwrap());
        (file, midway) = (&file[piece.length..], piece.midway);
    }
    assert!([&again[..], file].concat() == whole);
    parts
}

#[test]
fn parts_of_a_stream_are_made_alike_and_refused_alike() {
    for level in [3, 6, 9] {
        let file = gzip(&mixed(70, 160_000), level);
        let parts = parts(&file);
        assert!(parts.len() > 1, "{level}: {}", parts.len());
        for part in &parts {
            assert!(part.by_the_text().ok() == part.by_the_crate(), "{level}");
        }
        let contexts = parts.iter().filter(|part| part.parameters.ends_with(&[0x80, 0x80, 2]));
        assert_eq!(contexts.count(), parts.len() - 1, "of 32,768 bytes");
        let part = &parts[1];
        let at = part.parameters.len() - 5;
        let (begin, lead) = (part.parameters[at], part.parameters[at + 1]);
        let with = |begin: u8, lead: u8, context: &[u8]| {
            let parameters = [&part.parameters[..at], &[begin, lead], context].concat();
            Run { parameters, ..part.clone() }
        };
        let refused = [
            with(begin | 16, lead, &[0x80, 0x80, 2]),
            with(begin, 1 << (begin & 7), &[0x80, 0x80, 2]),
            with(begin, lead, &[0x81, 0x80, 2]),
            with(begin, lead, &[0xFF, 0xFF, 1]),
            with(begin, lead, &[0]),
        ];
        for (number, run) in refused.iter().enumerate() {
            assert_eq!(run.by_the_crate(), None, "{level}, {number}");
            assert!(run.by_the_text().is_err(), "{level}, {number}");
        }
        for run in damaged(part) {
            assert!(run.by_the_crate() == run.by_the_text().ok(), "{level}");
        }
    }
}

#[test]
fn an_archive_of_packed_files_is_read_by_the_texts_alone() {
    let codec = CodecOptions { choice: Choice::Only(Codec::Pear), level: 1, ..Default::default() };
    let options = CreateOptions { codec, jobs: 1, ..CreateOptions::default() };
    let mut bytes = Vec::new();
    let mut builder = Builder::new(&mut bytes).options(options);
    let mut files = short_files();
    files.sort();
    for (name, file, _) in &files {
        builder.append_data(Entry::file(name.clone()), file.clone()).unwrap();
    }
    builder.finish().unwrap();
    let archive = container::read(&bytes).unwrap();
    let mut stream = Vec::new();
    for group in &archive.groups {
        let (coding, length) = ([group.codec, group.filter], group.raw_length as usize);
        let start = decoder::Start::Anew;
        let (raw, _) =
            decoder::decode_from(coding, group.model, &group.payload, length, start).unwrap();
        stream.extend(raw);
    }
    archive.check(&stream).unwrap();
    let made = archive.contents.iter().filter(|content| !content.recipes.is_empty()).count();
    assert_eq!(made, files.len());
    for (entry, (name, file, _)) in archive.entries.iter().zip(&files) {
        assert_eq!(entry.path, name.as_bytes());
        assert!(archive.content(entry, &stream).unwrap() == *file, "{name}");
    }
}
