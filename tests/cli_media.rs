//! Pictures and sounds through the program: packed, listed, extracted, printed, checked, from a
//! file and from a pipe, damaged ones too.

mod support;

use std::fs;
use std::ops::Range;
use std::path::Path;
use support::*;

/// Returns smooth numbers with some noise.
fn wave(seed: u64, count: usize) -> Vec<i16> {
    let noise = noise(seed, count);
    let mut past = [0i32; 2];
    let next = |byte: &u8| {
        let sample = (225 * past[0] - 117 * past[1]) / 128 + i32::from(*byte) - 128;
        past = [sample.clamp(-30_000, 30_000), past[0]];
        past[0] as i16
    };
    noise.iter().map(next).collect()
}

/// A WAV file of 16 bits and two channels.
fn wav(seed: u64, count: usize) -> Vec<u8> {
    let data: Vec<u8> = wave(seed, count).iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let length = data.len() as u32;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xAC\0\0\x10\xB1\x02\0\x04\0\x10\0data");
    file.extend(length.to_le_bytes());
    [file, data].concat()
}

/// An AIFF file of 16 bits and one channel.
fn aiff(seed: u64, count: usize) -> Vec<u8> {
    let data: Vec<u8> = wave(seed, count).iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let length = data.len() as u32;
    let mut file = b"FORM".to_vec();
    file.extend((46 + length).to_be_bytes());
    file.extend(b"AIFFCOMM\0\0\0\x12\0\x01");
    file.extend((count as u32).to_be_bytes());
    file.extend(b"\0\x10\x40\x0E\xAC\x44\0\0\0\0\0\0SSND");
    file.extend((8 + length).to_be_bytes());
    file.extend([0; 8]);
    [file, data].concat()
}

/// A picture of 120 by 90 pixels, as PPM.
fn ppm(seed: u64) -> Vec<u8> {
    let noise = noise(seed, 360 * 90);
    let light = |(at, byte): (usize, &u8)| (at % 360 / 2 + at / 360 + usize::from(byte >> 5)) as u8;
    let pixels = noise.iter().enumerate().map(light);
    b"P6\n120 90\n255\n".iter().copied().chain(pixels).collect()
}

/// Makes a tree of pictures, sounds and a note, and an archive of it; returns the archive.
fn archive(at: &Path) -> Vec<u8> {
    let tree = at.join("t");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("a.ppm"), ppm(1)).unwrap();
    fs::write(tree.join("b.ppm"), ppm(2)).unwrap();
    fs::write(tree.join("loud.wav"), wav(3, 20_000)).unwrap();
    fs::write(tree.join("note.txt"), "what is seen and heard\n".repeat(20)).unwrap();
    fs::write(tree.join("one.aiff"), aiff(4, 20_000)).unwrap();
    run(at, "create x.pear t", 0);
    fs::read(at.join("x.pear")).unwrap()
}

const NAMES: [&str; 5] = ["t/a.ppm", "t/b.ppm", "t/loud.wav", "t/note.txt", "t/one.aiff"];

/// Runs a line of arguments with an archive as standard input. Returns what it prints.
fn piped(at: &Path, line: &str, archive: &[u8], code: i32) -> (Vec<u8>, String) {
    let mut program = pear(at);
    let output = program.args(line.split(' ')).write_stdin(archive.to_vec()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{line}: {stderr}");
    (output.stdout, stderr)
}

#[test]
fn pictures_and_sounds_come_back_in_every_way_of_reading() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let archive = archive(at);
    let whole: u64 = NAMES.iter().map(|name| fs::metadata(at.join(name)).unwrap().len()).sum();
    assert!((archive.len() as u64) < whole * 9 / 10, "{} of {whole}", archive.len());
    let (info, _) = run(at, "info x.pear", 0);
    assert!(info.contains(" image ") && info.contains(" audio "), "{info}");
    let (info, _) = run(at, "info --json x.pear", 0);
    assert!(info.contains("\"codec\":\"image\"") && info.contains("\"codec\":\"audio\""), "{info}");
    let (list, _) = run(at, "list x.pear", 0);
    assert_eq!(list.lines().collect::<Vec<_>>(), [&["t"][..], &NAMES].concat());
    run(at, "verify x.pear", 0);
    piped(at, "verify -", &archive, 0);
    for (line, input) in [("extract x.pear -C one", false), ("extract - -C two", true)] {
        let to = at.join(line.rsplit(' ').next().unwrap());
        fs::create_dir(&to).unwrap();
        piped(at, line, if input { &archive } else { b"" }, 0);
        assert_same(&at.join("t"), &to.join("t"));
    }
    for name in NAMES {
        let expected = fs::read(at.join(name)).unwrap();
        assert!(piped(at, &format!("cat x.pear {name}"), b"", 0).0 == expected, "{name}");
        assert!(piped(at, &format!("cat - {name}"), &archive, 0).0 == expected, "{name}");
    }
    run(at, "create again.pear t -j 3", 0);
    assert!(fs::read(at.join("again.pear")).unwrap() == archive, "on any number of threads");
}

/// Returns where the payload of the group of this codec lies.
fn payload(at: &Path, codec: &str) -> Range<usize> {
    let (info, _) = run(at, "info --json x.pear", 0);
    let group = info.lines().find(|line| line.contains(&format!("\"codec\":\"{codec}\""))).unwrap();
    let group: serde_json::Value = serde_json::from_str(group).unwrap();
    let number = |name: &str| group[name].as_u64().unwrap() as usize;
    let start = number("offset") + 56;
    start..start + number("stored")
}

#[test]
fn a_damaged_group_costs_its_pictures_or_sounds_and_no_other_file() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let archive = archive(at);
    for (codec, end) in [("image", ".ppm"), ("audio", "wav aiff")] {
        let payload = payload(at, codec);
        let mut damaged = archive.clone();
        damaged[payload.start + payload.len() / 2] ^= 0x55;
        fs::write(at.join("y.pear"), &damaged).unwrap();
        let is_hit = |name: &str| end.contains(name.rsplit('.').next().unwrap());
        let (_, told) = run(at, "verify y.pear", 3);
        assert!(told.contains("damaged"), "{told}");
        for (line, to) in [("extract y.pear -C", "one"), ("extract - -C", "two")] {
            let to = at.join(format!("{codec}-{to}"));
            fs::create_dir(&to).unwrap();
            let (_, told) = piped(at, &format!("{line} {}", to.display()), &damaged, 3);
            for name in NAMES {
                match fs::read(to.join(name)) {
                    Ok(content) => assert!(content == fs::read(at.join(name)).unwrap(), "{name}"),
                    Err(_) => assert!(is_hit(name) && told.contains("damaged"), "{name}: {told}"),
                }
            }
            assert!(NAMES.iter().any(|name| !to.join(name).exists()), "{codec} is damaged");
            assert!(leftovers(&to).is_empty());
        }
    }
}

#[test]
fn too_little_memory_for_pictures_and_sounds_is_told() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    archive(at);
    for name in ["t/a.ppm", "t/loud.wav"] {
        let (_, told) = run(at, &format!("cat x.pear {name} --memory 1M"), 2);
        assert!(told.contains("--memory") && told.trim().lines().count() == 1, "{told}");
    }
}
