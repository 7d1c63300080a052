//! What suits a group, judged by samples of it: the same on every machine.
//!
//! Nothing here is normative: any choice decodes.

use super::{Codec, ContentKind};
use crate::model::Contexts;

/// Length of one sample.
const SAMPLE: usize = 1 << 14;

/// See [`super::sniff`].
pub(super) fn sniff(sample: &[u8]) -> ContentKind {
    let counts = count(sample);
    if sample.len() >= 1024 && entropy(&counts, sample.len()) > 7.9 - 300.0 / sample.len() as f32 {
        return ContentKind::Incompressible;
    }
    let control = counts[..9].iter().chain(&counts[14..32]).sum::<u32>() as usize;
    if control * 50 > sample.len() { ContentKind::Binary } else { ContentKind::Text }
}

/// Whether data starts as a JPEG does: SOI, and another marker.
pub fn is_jpeg(data: &[u8]) -> bool {
    data.starts_with(&[0xFF, 0xD8, 0xFF])
}

/// The codec of [`super::Choice::Auto`]: zstd (which stores what it cannot shrink) if
/// all samples look random, else pear. JPEGs are looked for before.
pub(super) fn codec(raw: &[u8]) -> Codec {
    let mut samples = samples(raw).peekable();
    if samples.peek().is_some()
        && samples.all(|sample| sniff(sample) == ContentKind::Incompressible)
    {
        Codec::Zstd
    } else {
        Codec::Pear
    }
}

/// The model contexts that suit the majority of the samples.
pub(super) fn contexts(raw: &[u8]) -> Contexts {
    let (mut text, mut all) = (0, 0);
    for sample in samples(raw) {
        text += (sniff(sample) == ContentKind::Text) as usize;
        all += 1;
    }
    if 2 * text >= all { Contexts::Text } else { Contexts::Binary }
}

/// Sixteen samples spread over the group; all of a small one.
fn samples(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let count = (raw.len() / SAMPLE).clamp(1, 16);
    let step = raw.len() / count;
    (0..count).map(move |k| &raw[k * step..(k * step + SAMPLE).min(raw.len())])
}

fn count(sample: &[u8]) -> [u32; 256] {
    let mut counts = [0u32; 256];
    sample.iter().for_each(|&byte| counts[byte as usize] += 1);
    counts
}

/// Order-0 entropy of a sample in bits per byte.
pub(super) fn entropy_of(sample: &[u8]) -> f32 {
    entropy(&count(sample), sample.len())
}

/// Order-0 entropy in bits per byte.
fn entropy(counts: &[u32; 256], total: usize) -> f32 {
    let bits = |&count: &u32| count as f32 * log2(total as f32 / count as f32);
    counts.iter().filter(|&&count| count > 0).map(bits).sum::<f32>() / total as f32
}

/// log2 to about 0.01, from the float's exponent and a parabola. No library function,
/// so the choice is the same everywhere.
fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    let mantissa = f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000);
    let fraction = (-0.344_845 * mantissa + 2.024_658) * mantissa - 1.674_877;
    (bits >> 23) as f32 - 127.0 + fraction
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bytes that look random and are the same everywhere.
    pub fn noise(length: usize) -> Vec<u8> {
        let mut seed = 1u32;
        let mut next = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn noise_is_incompressible_and_prose_is_text() {
        assert_eq!(sniff(&noise(1 << 16)), ContentKind::Incompressible);
        assert_eq!(sniff(&b"What is kept for decades ".repeat(1000)), ContentKind::Text);
        assert_eq!(codec(&noise(1 << 20)), Codec::Zstd);
        assert_eq!(codec(b""), Codec::Pear);
    }

    #[test]
    fn text_between_noise_keeps_the_model() {
        let mut mixed = noise(1 << 18);
        mixed.extend(b"words and more words, ".repeat(8000));
        assert_eq!(codec(&mixed), Codec::Pear);
    }
}
