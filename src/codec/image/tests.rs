//! Pictures of every layout and shape come back; hostile payloads are refused.

use super::*;
use crate::codec::image::layout::find;
use crate::codec::{Choice, Codec, Coding, CodingNumbers, decode_damaged, encode_group};

/// A picture of smooth light with some noise, of `row` bytes a row.
fn pixels(row: usize, rows: usize, pixel: usize) -> Vec<u8> {
    let mut seed = 1u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 30) as usize
    };
    let place = (0..rows).flat_map(|y| (0..row).map(move |x| (x / pixel, x % pixel, y)));
    place.map(|(x, plane, y)| (x * 2 + y * 3 + plane * 40 + noise()) as u8).collect()
}

fn png(colour: u8, depth: u8, [width, rows]: [u8; 2], pixel: usize, row: usize) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0".to_vec();
    file.extend([width, 0, 0, 0, rows, depth, colour, 0, 0, 0, 1, 2, 3, 4]);
    file.extend(pixels(row, rows as usize, pixel));
    file
}

fn bmp(bits: u8, width: u8, rows: i8, palette: &[u8], row: usize) -> Vec<u8> {
    let first = 54 + palette.len() as u32;
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend(first.to_le_bytes());
    file.extend(40u32.to_le_bytes());
    file.extend((width as u32).to_le_bytes());
    file.extend((rows as i32).to_le_bytes());
    file.extend([1, 0, bits, 0]);
    file.extend([0; 24]);
    file.extend(palette);
    let count = rows.unsigned_abs() as usize;
    file.extend(pixels(row, count, (bits / 8).max(1) as usize));
    file
}

fn tiff(big: bool, bits: u16, planes: u16, width: u16, rows: u16) -> Vec<u8> {
    let row = (width * planes * bits / 8) as usize;
    let two = |x: u16| if big { x.to_be_bytes() } else { x.to_le_bytes() };
    let four = |x: u32| if big { x.to_be_bytes() } else { x.to_le_bytes() };
    let entries = [
        (256, width as u32),
        (257, rows as u32),
        (258, bits as u32),
        (259, 1),
        (262, 1),
        (273, 200),
        (277, planes as u32),
        (279, row as u32 * rows as u32),
    ];
    let mut file = if big { b"MM\0\x2A".to_vec() } else { b"II\x2A\0".to_vec() };
    file.extend(four(8));
    file.extend(two(entries.len() as u16));
    for (tag, value) in entries {
        file.extend(two(tag));
        file.extend(two(4));
        file.extend(four(1));
        file.extend(four(value));
    }
    file.resize(200, 0);
    file.extend(pixels(row, rows as usize, (planes * bits / 8) as usize));
    file
}

/// A DICOM file of 20 by 15 pixels in two frames. Its elements name their kinds or not; one of
/// them is a sequence of no stated length, in which there is a width too.
fn dicom(explicit: bool, planes: u16, bits: u16) -> Vec<u8> {
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    let mut put = |explicit: bool, tag: [u16; 2], kind: &[u8; 2], length: u32, value: &[u8]| {
        tag.map(u16::to_le_bytes).iter().for_each(|half| file.extend(half));
        match (explicit, kind) {
            (true, b"OW" | b"SQ") => {
                file.extend([kind, &[0, 0][..], &length.to_le_bytes()].concat())
            }
            (true, _) => file.extend([&kind[..], &(length as u16).to_le_bytes()].concat()),
            (false, _) => file.extend(length.to_le_bytes()),
        }
        file.extend(value);
    };
    let name = if explicit { &b"1.2.840.10008.1.2.1\0"[..] } else { b"1.2.840.10008.1.2\0" };
    put(true, [2, 0x10], b"UI", name.len() as u32, name);
    put(explicit, [8, 0x1140], b"SQ", u32::MAX, &[]);
    put(false, [0xFFFE, 0xE000], b"--", u32::MAX, &[]);
    put(explicit, [0x28, 0x11], b"US", 2, &[99, 0]);
    put(false, [0xFFFE, 0xE00D], b"--", 0, &[]);
    put(false, [0xFFFE, 0xE000], b"--", 4, b"skip");
    put(false, [0xFFFE, 0xE0DD], b"--", 0, &[]);
    put(explicit, [0x28, 2], b"US", 2, &planes.to_le_bytes());
    put(explicit, [0x28, 4], b"CS", 4, b"RGB ");
    put(explicit, [0x28, 8], b"IS", 2, b"2 ");
    put(explicit, [0x28, 0x10], b"US", 2, &[15, 0]);
    put(explicit, [0x28, 0x11], b"US", 2, &[20, 0]);
    put(explicit, [0x28, 0x100], b"US", 2, &bits.to_le_bytes());
    let pixel = (planes * bits / 8) as usize;
    let pixels = pixels(20 * pixel, 30, pixel);
    put(explicit, [0x7FE0, 0x10], b"OW", pixels.len() as u32, &pixels);
    file
}

#[test]
fn dicom_files_whose_pixels_are_packed_or_not_there_are_no_pictures() {
    let file = dicom(true, 1, 16);
    let name = file.windows(20).position(|window| window == b"1.2.840.10008.1.2.1\0").unwrap();
    let mut packed = file.clone();
    packed[name + 18] = b'4';
    for file in [&packed, &file[..file.len() - 1], &file[..200], &file[..132]] {
        assert!(find(file).is_empty(), "{}", file.len());
    }
    // Bytes of which nothing is promised.
    for at in 132..file.len().min(330) {
        for value in [0, 0x7F, 0xFF] {
            let mut damaged = file.clone();
            damaged[at] = value;
            find(&damaged);
        }
    }
}

/// A file of each layout, and the shape that is found in it.
fn layouts() -> Vec<(&'static str, Vec<u8>, Shape, usize)> {
    use Samples::{Deep, Index, Light};
    let shape = |width, planes, samples| Shape { width, planes, samples };
    let pam = b"P7\nWIDTH 20\nHEIGHT 30\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n";
    let grey: Vec<u8> = (0..=255u8).flat_map(|level| [level, level, level, 0]).collect();
    let mut tga = vec![0; 18];
    (tga[2], tga[12], tga[14], tga[16]) = (2, 20, 30, 24);
    let with = |head: &[u8], row, pixel| [head, &pixels(row, 30, pixel)].concat();
    vec![
        ("PNG RGB", png(2, 8, [21, 30], 3, 63), shape(21, 3, Light), 0),
        ("PNG RGBA", png(6, 8, [21, 30], 4, 84), shape(21, 4, Light), 0),
        ("PNG grey", png(0, 8, [21, 30], 1, 21), shape(21, 1, Light), 0),
        ("PNG grey and alpha", png(4, 8, [21, 30], 2, 42), shape(21, 2, Light), 0),
        ("PNG palette", png(3, 8, [21, 30], 1, 21), shape(21, 1, Index), 0),
        ("PNG of 4 bits", png(3, 4, [41, 30], 1, 21), shape(21, 1, Index), 0),
        ("PNG of 16 bits", png(2, 16, [21, 30], 6, 126), shape(21, 3, Deep), 0),
        ("BMP of 24 bits", bmp(24, 21, 30, &[], 64), shape(21, 3, Light), 1),
        ("BMP of 32 bits", bmp(32, 21, -30, &[], 84), shape(21, 4, Light), 0),
        ("BMP with a palette", bmp(8, 21, 30, &[7; 1024], 24), shape(21, 1, Light), 3),
        ("BMP of greys", bmp(8, 21, 30, &grey, 24), shape(21, 1, Light), 3),
        ("PPM", with(b"P6\n# made\n20 30\n255\n", 60, 3), shape(20, 3, Light), 0),
        ("PGM of 16 bits", with(b"P5 20 30 4095\n", 40, 2), shape(20, 1, Deep), 0),
        ("PAM", with(pam, 40, 2), shape(20, 2, Light), 0),
        ("TGA", with(&tga, 60, 3), shape(20, 3, Light), 0),
        ("DICOM of 16 bits", dicom(true, 1, 16), shape(20, 1, Deep), 0),
        ("DICOM without kinds", dicom(false, 3, 8), shape(20, 3, Light), 0),
        ("TIFF, low byte first", tiff(false, 8, 3, 20, 30), shape(20, 3, Light), 0),
        ("TIFF, high byte first", tiff(true, 16, 1, 20, 30), shape(20, 1, Deep), 0),
    ]
}

fn options(level: u8) -> CodecOptions {
    CodecOptions { choice: Choice::Only(Codec::Image), level, ..CodecOptions::default() }
}

fn decoded(payload: &[u8], length: usize, wanted: usize) -> Partial {
    let coding = Coding::parse(CodingNumbers { codec: 7, filter: 0, model: 1 }).unwrap();
    decode_damaged(coding, payload, length, wanted)
}

#[test]
fn pictures_are_found_by_their_headers() {
    for (name, file, shape, padding) in layouts() {
        let found = find(&file);
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(
            (found[0].shape, found[0].padding, found[0].rows),
            (shape, padding, 30),
            "{name}"
        );
        // One file behind the other, and behind something else.
        let many = [b"something else".to_vec(), file.clone(), file.clone(), vec![0; 99]].concat();
        let least = if name == "TGA" { 0 } else { 2 };
        assert!(find(&many).len() >= least, "{name}");
    }
}

#[test]
fn files_of_every_layout_come_back_at_every_level_and_get_smaller() {
    let mut all = Vec::new();
    for (name, file, ..) in layouts() {
        all.extend(&file);
        for level in [1, 5] {
            let group = encode_group(&file, &options(level)).unwrap();
            assert_eq!(group.coding.codec(), Codec::Image, "{name}");
            let back = group.coding.decode(&group.payload, file.len(), file.len());
            assert!(back.fault.is_none() && back.raw == file, "{name}");
        }
        // A palette or a header may count for more than the pixels: then all is left to the other
        // model.
        let few = ["BMP with a palette", "BMP of greys", "DICOM of 16 bits", "DICOM without kinds"];
        if !few.contains(&name) {
            let auto = encode_group(&file, &CodecOptions::default()).unwrap();
            assert_eq!(auto.coding.codec(), Codec::Image, "{name}");
        }
    }
    let group = encode_group(&all, &options(1)).unwrap();
    for wanted in [0, 1, 100, all.len() / 2, all.len() - 1, all.len()] {
        let back = group.coding.decode(&group.payload, all.len(), wanted);
        assert!(back.fault.is_none() && back.raw == all[..wanted], "{wanted} bytes");
    }
}

#[test]
fn any_bytes_come_back() {
    for raw in [&b""[..], b"a", b"BM", b"P6 1", &[0x89; 5000], &b"no picture at all ".repeat(600)] {
        for level in [1, 5] {
            let group = encode_group(raw, &options(level)).unwrap();
            let back = group.coding.decode(&group.payload, raw.len(), raw.len());
            assert!(back.fault.is_none() && back.raw == raw);
        }
    }
}

#[test]
fn instruction_sets_agree_and_give_the_known_answer() {
    for isa in Isa::available() {
        Image::self_test(isa).unwrap();
    }
}

#[test]
fn damaged_payloads_are_refused_and_give_what_comes_before() {
    let (raw, segments) = sample();
    let model = Model::of_id(1).unwrap();
    let (_, payload) = encode(raw.clone(), &segments, model, Isa::best());
    assert!(decoded(&payload, raw.len(), raw.len()).fault.is_none());
    // The end may have one byte or four: without its last three it may still be one.
    for length in 0..payload.len() - 4 {
        let cut = decoded(&payload[..length], raw.len(), raw.len());
        // Other bytes may end where the code does; digests find them.
        assert!(cut.fault.is_some() || cut.raw.len() == raw.len() && cut.raw != raw);
    }
    let half = decoded(&payload[..payload.len() / 2], raw.len(), raw.len());
    let same = half.raw.iter().zip(&raw).take_while(|(a, b)| a == b).count();
    assert!(same > raw.len() / 4, "{same}");
    let longer = [&payload[..], &[0; 9]].concat();
    assert!(decoded(&longer, raw.len(), raw.len()).fault.is_some());
    assert!(decoded(&payload, raw.len() - 11, raw.len() - 11).fault.is_some());
}

#[test]
fn lists_that_are_wrong_are_refused_before_anything_is_allocated() {
    let mut most = vec![1];
    for number in [0u64, 0, 4, 1 << 40, 0, 1] {
        crate::bytes::put_varint(&mut most, number);
    }
    let lists: [&[u8]; 9] = [
        &[],
        &[2, 0, 0, 3, 5, 0, 1],
        &[1, 0, 4, 1, 5, 0, 1],
        &[1, 0, 0, 5, 5, 0, 1],
        &[1, 0, 1, 2, 5, 0, 1],
        &[1, 0, 0, 3, 0, 0, 1],
        &[1, 0, 0, 3, 5, 0, 0],
        &[1, 90, 0, 3, 5, 0, 1],
        &most,
    ];
    for list in lists {
        let partial = decoded(list, 100, 100);
        assert!(partial.raw.is_empty() && partial.fault.is_some(), "{list:?}");
    }
    assert_eq!(segments::read(&[1, 85, 0, 3, 5, 0, 1], 100).unwrap().0[0].rows, 1);
}
