//! Codec jpeg, written from codec.md §2.4 alone. The JPEGs themselves are decoded by the
//! crate that the text names.

use lepton_jpeg::{EnabledFeatures, SingleThreadPool, decode_lepton};

type Result<T> = std::result::Result<T, String>;

fn need(kept: bool, rule: &str) -> Result<()> {
    if kept { Ok(()) } else { Err(rule.to_owned()) }
}

/// Takes `count` bytes from the front.
fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    need(count <= bytes.len(), "2.4: cut short")?;
    let (front, rest) = bytes.split_at(count);
    *bytes = rest;
    Ok(front)
}

/// A varint in its shortest form.
fn varint(bytes: &mut &[u8]) -> Result<usize> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            need(byte != 0 || shift == 0, "varint: not in its shortest form")?;
            return Ok(value as usize);
        }
    }
    Err("varint: too long".to_owned())
}

/// The `length` bytes of a group.
pub fn decode(payload: &[u8], length: usize) -> Result<Vec<u8>> {
    let mut left = payload;
    let count = varint(&mut left)?;
    let mut segments = Vec::new();
    let (mut given, mut named, mut headers) = (0, 0, 0);
    for _ in 0..count {
        let head = varint(&mut left)?;
        let raw = head >> 1;
        need(raw > 0 && raw <= length - given, "2.4: segments longer than the group")?;
        given += raw;
        let jpeg = match head & 1 {
            0 => None,
            _ => Some((varint(&mut left)?, varint(&mut left)?)),
        };
        if let Some((header, _)) = jpeg {
            need(raw <= 1 << 26 && header <= raw + 1024, "2.4: a JPEG or header too long")?;
            headers += header;
            need(headers <= length + 4096, "2.4: headers too long")?;
        }
        named += jpeg.map_or(raw, |(header, _)| header);
        segments.push((raw, jpeg));
    }
    need(given == length, "2.4: segments shorter than the group")?;
    let frame = varint(&mut left)?;
    let frame = take(&mut left, frame)?;
    let rest = zstd::bulk::decompress(frame, named).map_err(|error| error.to_string())?;
    need(rest.len() == named, "2.4: Rest")?;
    let mut rest = &rest[..];
    let mut out = Vec::new();
    for (raw, jpeg) in segments {
        match jpeg {
            None => out.extend_from_slice(take(&mut rest, raw)?),
            Some((header, scan)) => {
                let header = take(&mut rest, header)?;
                out.extend(decoded(header, take(&mut left, scan)?, raw)?);
            }
        }
    }
    need(left.is_empty(), "2.4: bytes behind the last Scan")?;
    Ok(out)
}

/// A JPEG of `raw` bytes, by way of the file that the text shows.
fn decoded(header: &[u8], scan: &[u8], raw: usize) -> Result<Vec<u8>> {
    use std::io::Write;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(header).map_err(|error| error.to_string())?;
    let zlib = zlib.finish().map_err(|error| error.to_string())?;
    let number = |length: usize| (length as u32).to_le_bytes();
    let mut file = vec![0xCF, 0x84, 0x01, 0x5A, 0x01, 0, 0, 0, 0x4D, 0x53];
    file.extend(number(header.len()));
    file.extend([0x83, 0x3A, 0, 0, 0, 0]);
    file.extend(number(raw));
    file.extend(number(zlib.len()));
    file.extend(zlib);
    file.extend(b"CMP");
    file.extend(scan);
    file.extend(number(file.len() + 4));
    let features = EnabledFeatures {
        max_jpeg_width: 1 << 16,
        max_jpeg_height: 1 << 16,
        max_partitions: 1,
        max_processor_threads: 1,
        ..EnabledFeatures::compat_lepton_vector_write()
    };
    let mut out = Vec::new();
    decode_lepton(&mut &file[..], &mut out, &features, &SingleThreadPool::default())
        .map_err(|error| error.to_string())?;
    need(out.len() == raw, "2.4: length of a JPEG")?;
    Ok(out)
}
