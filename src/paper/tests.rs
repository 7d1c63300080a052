//! Tests of the published network and its coder.

use super::parameters::splitmix64;
use super::self_test::answer;
use super::*;
use crate::arith::Isa;
use crate::arith::dense::Precision;
use std::collections::HashMap;

/// Returns the values of all lines of the trace that begin with `key`.
fn lines<'a>(trace: &'a str, key: &'a str) -> impl Iterator<Item = Vec<&'a str>> + 'a {
    let words = trace.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    words.filter(move |words| words[0] == key).map(|words| words[1..].to_vec())
}

fn numbers(trace: &str, key: &str) -> Vec<f64> {
    lines(trace, key).map(|words| words[0].parse().unwrap()).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn twelve_steps_follow_the_authors_model() {
    follow_the_trace(&Shape::PUBLISHED);
}

#[test]
fn twelve_steps_with_rounded_gradients_follow_the_authors_model() {
    let training = Training { gradients: Precision::Bfloat16, ..Training::PUBLISHED };
    follow_the_trace(&Shape::PUBLISHED.trained(training));
}

fn follow_the_trace(shape: &Shape) {
    let trace = include_str!("../../tests/vectors/pear-paper-trace.txt");
    let tensors: HashMap<&str, (u64, f64, f64)> = lines(trace, "tensor")
        .map(|words| {
            let number = |i: usize| words[i].parse::<f64>().unwrap();
            (words[0], (words[1].parse().unwrap(), number(2), number(3)))
        })
        .collect();
    let weights = |_: usize, name: &str, length: usize, _: Initial| {
        let (ordinal, base, scale) = tensors[name];
        let word = |index: u64| splitmix64(ordinal << 32 | index) >> 40;
        let element = |index| (base + (word(index) as f64 / 16_777_216.0 - 0.5) * scale) as f32;
        (0..length as u64).map(element).collect()
    };
    let lanes: Vec<_> = lines(trace, "lane").map(|words| unhex(words[0])).collect();
    let mut model = Model::with_weights(shape, lanes.len(), Isa::best(), &weights).unwrap();
    let losses = numbers(trace, "loss");
    let mut frequencies = Vec::new();
    for (step, want) in losses.iter().enumerate() {
        let contexts: Vec<u8> =
            lanes.iter().flat_map(|lane| &lane[step..step + 16]).copied().collect();
        model.predict(&contexts, &mut frequencies).unwrap();
        let logits = model.logits().unwrap();
        let close = |logits: &[f32], key: &str, tolerance: f64| {
            for (got, want) in logits.iter().zip(numbers(trace, key)) {
                assert!((f64::from(*got) - want).abs() < tolerance, "{key}: {got} {want}");
            }
        };
        if step == 0 {
            close(&logits[..256], "first", 1e-4);
        }
        if step + 1 == losses.len() {
            close(&logits[31 * 256..], "last", 2e-2);
        }
        let symbols: Vec<u8> = lanes.iter().map(|lane| lane[step + 16]).collect();
        let loss = f64::from(model.learn(&symbols).unwrap());
        assert!((loss / want - 1.0).abs() < 1e-3, "step {step}: {loss} {want}");
    }
}

/// The shape that the encoder takes for small groups.
const WARMED: Shape = Shape::SMALL.trained(Training::WARMED);

fn text(length: usize) -> Vec<u8> {
    let words = [&b"lane "[..], b"of ", b"consecutive ", b"bytes\n", b"\x00\xff", b"and "];
    let word = |i: u64| words[(splitmix64(i / 3) % 6) as usize];
    (0..length as u64).flat_map(word).copied().take(length).collect()
}

fn round_trip(raw: &[u8], lanes: usize, isa: Isa) -> Vec<u8> {
    let payload = compress(raw, &WARMED, lanes, isa).unwrap();
    let whole = (raw.len(), raw.len());
    assert_eq!(decompress(&payload, &WARMED, lanes, whole, isa).unwrap(), raw);
    payload
}

#[test]
fn every_length_comes_back() {
    // Empty, shorter than the lanes, shorter than a context, around whole steps.
    for length in [0, 1, 2, 3, 4, 15, 16, 17, 63, 64, 65, 130] {
        for lanes in [1, 3, 4] {
            round_trip(&text(length), lanes, Isa::best());
        }
    }
}

#[test]
fn every_isa_and_thread_count_gives_the_same_payload() {
    let raw = text(333);
    let want = round_trip(&raw, 5, Isa::SCALAR);
    for isa in Isa::available() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| round_trip(&raw, 5, isa)), want, "{} {threads}", isa.name());
        }
    }
}

#[test]
fn the_front_of_a_group_decodes_alone() {
    let raw = text(200);
    let payload = round_trip(&raw, 4, Isa::best());
    for wanted in [0, 1, 49, 50, 51, 199] {
        let front = decompress(&payload, &WARMED, 4, (200, wanted), Isa::best()).unwrap();
        assert_eq!(front, raw[..wanted]);
    }
}

#[test]
fn damaged_payloads_end_in_an_error_or_in_bytes() {
    let raw = text(120);
    let payload = round_trip(&raw, 3, Isa::best());
    let decode = |payload: &[u8]| decompress(payload, &WARMED, 3, (120, 120), Isa::best());
    // Zeros follow the code, so cutting it off gives other bytes, or none at all.
    for cut in 0..payload.len() {
        assert!(decode(&payload[..cut]).map_or(true, |bytes| bytes != raw), "{cut} bytes");
    }
    assert!(matches!(decode(&[&payload[..], &[1; 9]].concat()), Err(PaperError::Rest)));
    assert!(decode(&[0xff; 40]).is_err());
    for place in 0..payload.len() {
        let mut bad = payload.clone();
        bad[place] ^= 0x55;
        // The last byte of the code may change within its interval. Then the text is the
        // same, and the section's hash detects the change.
        assert!(decode(&bad).map_or(true, |bytes| bytes.len() == raw.len()), "byte {place}");
    }
}

#[test]
fn this_cpu_knows_the_answers() {
    for isa in Isa::available() {
        let warmed = |isa| answer(&WARMED, isa).unwrap();
        assert_eq!(warmed(isa), warmed(Isa::SCALAR));
        self_test(isa).unwrap_or_else(|error| panic!("{error}: {:#x}", warmed(isa)));
        let published = answer(&Shape::SMALL, isa).unwrap();
        assert_eq!(published, 0x4ebd_c8ec_d37c_1433, "{published:#x}");
    }
}

#[test]
fn the_small_shape_learns() {
    let raw = text(2400);
    let payload = round_trip(&raw, 4, Isa::best());
    assert!(payload.len() < raw.len() / 2, "{}", payload.len());
}

#[test]
fn parameters_are_counted_right() {
    for (shape, lanes) in [(Shape::SMALL, 3), (Shape::SMALL, 4)] {
        let total = std::cell::Cell::new(0);
        let count = |_: usize, _: &str, length: usize, _: Initial| {
            total.set(total.get() + length);
            vec![0.0; length]
        };
        Model::with_weights(&shape, lanes, Isa::best(), &count).unwrap();
        assert_eq!(shape.parameters(lanes), total.get());
    }
    assert_eq!(Shape::PUBLISHED.parameters(512), 17_354_012);
}
