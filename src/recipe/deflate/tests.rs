use super::*;
use flate2::{Compression, write::DeflateEncoder};
use std::io::Write;

fn text() -> Vec<u8> {
    let words = ["stream", "block", "of", "the", "tokens", "a", "plain", "are", "kept", ".\n"];
    let mut seed = 7u32;
    let mut text = Vec::new();
    while text.len() < 3_000_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.extend_from_slice(words[(seed >> 16) as usize % words.len()].as_bytes());
        if seed >> 30 == 0 {
            text.push((seed >> 8) as u8);
        }
    }
    text
}

fn deflate(text: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Bytes of the corrections, if the crate finds parameters; whatever it finds must give
/// the stream again.
fn round_trip(stream: &[u8]) -> Option<usize> {
    let Ok(inflated) = Inflated::new(stream, 1 << 26) else { panic!("a valid stream") };
    assert_eq!(inflated.used(), stream.len());
    let (parameters, corrections) = inflated.corrections(Wrapper::Bare)?;
    let plain = inflated.plain();
    let middle = plain.len() / 3;
    let again = run(&parameters, &[&plain[..middle], &plain[middle..]], &corrections, stream.len());
    assert!(again == Ok(stream.to_vec()));
    Some(corrections.len())
}

#[test]
fn streams_of_every_level_come_back() {
    let text = text();
    for level in [0, 1, 2, 3, 6, 9] {
        for length in [0, 1, 100, 70_000, 400_000] {
            let stream = deflate(&text[..length], level);
            let corrections = round_trip(&stream);
            // Other levels of this encoder are not those of zlib.
            if [0, 2, 3].contains(&level) {
                assert!(corrections.expect("parameters are found") < 64 + stream.len() / 1000);
            }
        }
    }
}

#[test]
fn a_flushed_stream_comes_back() {
    let text = text();
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    for part in text[..200_000].chunks(30_000) {
        encoder.write_all(part).unwrap();
        encoder.flush().unwrap();
    }
    let stream = encoder.finish().unwrap();
    assert!(round_trip(&stream).is_none_or(|corrections| corrections < stream.len() / 8));
}

#[test]
fn primers_tell_the_parameters_of_zlib() {
    for (number, nice, chain, window) in
        [(1, 128, 128, 13), (2, 258, 4_096, 13), (3, 128, 128, 15), (4, 258, 4_096, 15)]
    {
        let parameters = guess::parameters(number);
        assert_eq!(parameters.nice_length, nice);
        assert_eq!(parameters.max_chain, chain);
        assert_eq!(parameters.window_bits, window);
        assert_eq!(usize::from(parameters.max_token_count), primer::BLOCK);
        assert_eq!(parameters.max_dist_3_matches, 4_095);
        assert!(parameters.zlib_compatible && !parameters.matches_to_start_detected);
        assert_eq!(format!("{:?}", parameters.add_policy), "AddAll");
    }
}
