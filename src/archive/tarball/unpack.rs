//! Compression formats of tars: recognised by the first bytes, decoded front to back.
//!
//! The decoders are well-kept crates. Files of several concatenated streams are made by
//! `cat a.gz b.gz`, pbzip2, pigz and pzstd.

use super::TarFault;
use super::block;
use super::packed::Input;
use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes decoded at a time.
const STEP: usize = 1 << 18;

/// A compression format that is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

/// First bytes of compressed tars that are not supported.
const REFUSED: [(&[u8], &str); 4] = [
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP", "lzip"),
    (b"BZ3v1", "bzip3"),
    (b"\x1f\x9d", "compress"),
];

impl Format {
    /// Returns the compression format of a tar that begins with `start`, if there is
    /// one.
    ///
    /// # Errors
    /// [`TarFault::Compressed`] for a format that is not supported.
    pub fn of(start: &[u8]) -> Result<Option<Format>, TarFault> {
        // A name may begin with the same bytes: then the block is a header.
        if start.first_chunk().is_some_and(|bytes| block::header(bytes).is_ok()) {
            return Ok(None);
        }
        let all = [Format::Gzip, Format::Bzip2, Format::Xz, Format::Zstd];
        let refused = REFUSED.iter().find(|(magic, _)| start.starts_with(magic));
        match refused {
            Some(&(_, format)) => Err(TarFault::Compressed { format }),
            None => Ok(all.into_iter().find(|format| format.begins(start))),
        }
    }

    /// Returns whether a stream begins with these bytes.
    fn begins(self, start: &[u8]) -> bool {
        match (self, start) {
            (Format::Gzip, [0x1f, 0x8b, ..]) => true,
            (Format::Bzip2, [b'B', b'Z', b'h', b'1'..=b'9', ..]) => true,
            (Format::Xz, start) => start.starts_with(b"\xfd7zXZ\0"),
            // The second is a skippable frame.
            (Format::Zstd, [0x28, 0xb5, 0x2f, 0xfd, ..]) => true,
            (Format::Zstd, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]) => true,
            _ => false,
        }
    }

    /// Returns its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Format::Gzip => "gzip",
            Format::Bzip2 => "bzip2",
            Format::Xz => "xz",
            Format::Zstd => "zstd",
        }
    }

    fn truncated(self) -> TarFault {
        let structure = match self {
            Format::Gzip => "its gzip data",
            Format::Bzip2 => "its bzip2 data",
            Format::Xz => "its xz data",
            Format::Zstd => "its zstd data",
        };
        TarFault::Truncated { structure }
    }
}

/// Why a compressed tar was not decoded to its end. `E` is the error of whoever
/// receives the decoded bytes.
#[derive(Debug)]
pub(super) enum Failure<E> {
    /// The compressed bytes cannot be read.
    Read(io::Error),
    /// They cannot be decoded.
    Tar(TarFault),
    /// The decoded bytes were refused.
    Taken(E),
}

/// Decodes all streams of `input` and gives the bytes to `take`. Decoding uses at most
/// about `memory` bytes. Returns the offset of data after the last stream that is
/// neither another stream nor zeros.
///
/// # Errors
/// [`Failure`].
pub(super) fn unpack<E>(
    format: Format,
    input: impl Read,
    memory: u64,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Option<u64>, Failure<E>> {
    let failed = Rc::new(RefCell::new(None));
    let mut input = Input::new(input, failed.clone());
    loop {
        let (result, rest) = decode(format, input, memory, &mut take);
        if let Some(error) = failed.take() {
            return Err(Failure::Read(error));
        }
        result?;
        input = rest;
        let end = input.position();
        let behind = input.skip_zeros().map_err(Failure::Read)?;
        let again = input.peek(6).is_ok_and(|start| format.begins(start));
        if !behind {
            return Ok(None);
        }
        // Zeros are allowed only between streams of xz.
        if !again || (input.position() != end && format != Format::Xz) {
            return Ok(Some(input.position()));
        }
    }
}

/// Decodes one stream; returns the input after it.
fn decode<R: Read, E>(
    format: Format,
    input: Input<R>,
    memory: u64,
    take: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> (Result<(), Failure<E>>, Input<R>) {
    match format {
        Format::Gzip => {
            let mut decoder = flate2::bufread::GzDecoder::new(input);
            (drain(format, &mut decoder, memory, take), decoder.into_inner())
        }
        Format::Bzip2 => {
            let mut decoder = bzip2::bufread::BzDecoder::new(input);
            (drain(format, &mut decoder, memory, take), decoder.into_inner())
        }
        Format::Xz => match liblzma::stream::Stream::new_stream_decoder(memory, 0) {
            Ok(stream) => {
                let mut decoder = liblzma::bufread::XzDecoder::new_stream(input, stream);
                (drain(format, &mut decoder, memory, take), decoder.into_inner())
            }
            Err(error) => (Err(failure(format, memory, error.into())), input),
        },
        Format::Zstd => {
            let mut decoder = match zstd::stream::read::Decoder::try_with_buffer(input) {
                Ok(decoder) => decoder.single_frame(),
                Err((input, error)) => return (Err(failure(format, memory, error)), input),
            };
            // The size of a window is a power of two; 2^31 is the largest.
            let window = decoder.window_log_max(memory.max(1).ilog2().clamp(10, 31));
            let result = match window {
                Ok(()) => drain(format, &mut decoder, memory, take),
                Err(error) => Err(failure(format, memory, error)),
            };
            (result, decoder.finish())
        }
    }
}

/// Reads a decoder to its end.
fn drain<E>(
    format: Format,
    decoder: &mut impl Read,
    memory: u64,
    take: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), Failure<E>> {
    let mut buffer = vec![0; STEP];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => take(&buffer[..length]).map_err(Failure::Taken)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failure(format, memory, error)),
        }
    }
}

/// Converts an error of a decoder.
fn failure<E>(format: Format, memory: u64, error: io::Error) -> Failure<E> {
    use liblzma::stream::Error as Xz;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Xz>());
    let needs_memory = match format {
        Format::Xz => matches!(inner, Some(Xz::MemLimit | Xz::Mem)),
        // Its errors are texts.
        Format::Zstd => error.to_string().contains("memory"),
        Format::Gzip | Format::Bzip2 => false,
    };
    Failure::Tar(match error.kind() {
        _ if needs_memory => TarFault::Memory { format: format.name(), limit: memory },
        io::ErrorKind::UnexpectedEof => format.truncated(),
        _ => TarFault::Packed { format: format.name(), cause: error.to_string() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::io::Write;

    const ALL: [Format; 4] = [Format::Gzip, Format::Bzip2, Format::Xz, Format::Zstd];

    fn pack(format: Format, bytes: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        match format {
            Format::Gzip => {
                let level = flate2::Compression::new(6);
                let mut encoder = flate2::write::GzEncoder::new(&mut packed, level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap();
            }
            Format::Bzip2 => {
                let level = bzip2::Compression::new(1);
                let mut encoder = bzip2::write::BzEncoder::new(&mut packed, level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap();
            }
            Format::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(&mut packed, 1);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap();
            }
            Format::Zstd => {
                let mut encoder = zstd::Encoder::new(&mut packed, 1).unwrap();
                encoder.include_checksum(true).unwrap();
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap();
            }
        }
        packed
    }

    /// A reader that gives one byte at a time, as a slow pipe may.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    type Unpacked = Result<(Option<u64>, Vec<u8>), Failure<Infallible>>;

    fn unpacked(format: Format, input: impl Read, memory: u64) -> Unpacked {
        let mut bytes = Vec::new();
        let behind = unpack(format, input, memory, |more| {
            bytes.extend_from_slice(more);
            Ok(())
        })?;
        Ok((behind, bytes))
    }

    fn content() -> Vec<u8> {
        (0..200_000u32).flat_map(|number| (number / 7).to_le_bytes()).collect()
    }

    #[test]
    fn every_compression_is_told_and_decoded() {
        for format in ALL {
            let packed = pack(format, &content());
            assert_eq!(Format::of(&packed).unwrap(), Some(format));
            assert_eq!(unpacked(format, &packed[..], 1 << 30).unwrap(), (None, content()));
            assert_eq!(unpacked(format, Slow(&packed), 1 << 30).unwrap(), (None, content()));
        }
        assert_eq!(Format::of(b"\x50\x2a\x4d\x18").unwrap(), Some(Format::Zstd));
        assert_eq!(Format::of(b"BZhello").unwrap(), None);
        assert!(Format::of(b"LZIP").is_err());
    }

    #[test]
    fn streams_behind_each_other_are_one() {
        for format in ALL {
            let twice = [pack(format, b"one "), pack(format, b""), pack(format, b"two")].concat();
            let (behind, bytes) = unpacked(format, &twice[..], 1 << 30).unwrap();
            assert_eq!((behind, &bytes[..]), (None, &b"one two"[..]), "{format:?}");
        }
        let padded = [pack(Format::Xz, b"one "), vec![0; 8], pack(Format::Xz, b"two")].concat();
        assert_eq!(unpacked(Format::Xz, &padded[..], 1 << 30).unwrap().1, b"one two");
    }

    #[test]
    fn what_follows_is_found_and_zeros_are_nothing() {
        for format in ALL {
            let packed = pack(format, b"content");
            let zeros = [packed.clone(), vec![0; 300_000]].concat();
            assert_eq!(unpacked(format, &zeros[..], 1 << 30).unwrap().0, None, "{format:?}");
            let rest = [packed.clone(), vec![0; 9], b"rest".to_vec()].concat();
            let (behind, bytes) = unpacked(format, &rest[..], 1 << 30).unwrap();
            assert_eq!((behind, &bytes[..]), (Some(packed.len() as u64 + 9), &b"content"[..]));
        }
    }

    #[test]
    fn cut_and_changed_data_are_damage() {
        for format in ALL {
            let packed = pack(format, &content());
            for cut in [1, 7, packed.len() / 2, packed.len() - 1] {
                let result = unpacked(format, &packed[..cut], 1 << 30);
                let Err(Failure::Tar(fault)) = result else { panic!("{format:?} cut at {cut}") };
                assert_eq!(fault.kind(), crate::container::ErrorKind::Integrity, "{fault}");
            }
            let mut changed = packed.clone();
            changed[packed.len() / 2] ^= 0x10;
            assert!(unpacked(format, &changed[..], 1 << 30).is_err(), "{format:?}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let far = vec![7; 9 << 20];
        let xz = pack(Format::Xz, &far);
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(23).unwrap();
        encoder.write_all(&far).unwrap();
        let zstd = encoder.finish().unwrap();
        for (format, packed) in [(Format::Xz, xz), (Format::Zstd, zstd)] {
            let result = unpacked(format, &packed[..], 1 << 18);
            let Err(Failure::Tar(fault)) = result else { panic!("{format:?}") };
            assert!(matches!(fault, TarFault::Memory { .. }), "{fault}");
            assert!(unpacked(format, &packed[..], 1 << 26).is_ok());
        }
    }

    #[test]
    fn a_failure_of_reading_is_no_damage() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the cable"))
            }
        }
        for format in ALL {
            let packed = pack(format, &content());
            let result = unpacked(format, (&packed[..packed.len() / 2]).chain(Broken), 1 << 30);
            let Err(Failure::Read(error)) = result else { panic!("{format:?}") };
            assert_eq!(error.to_string(), "the cable");
        }
    }
}
