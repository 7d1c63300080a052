//! Repairs what is damaged in one place: a hash shows what was there.

use super::{HEADER_LENGTH, SectionHeader};
use crate::checksum::{TAG_LENGTH, Tag, digest};

/// Most damaged headers that are repaired: each repair takes milliseconds.
const HEADERS: u64 = 64;

/// Longest payload that is repaired, in bytes.
const PAYLOAD: usize = 8192;

/// Most bytes that are hashed to repair payloads: that takes seconds.
const HASHED: u64 = 4 << 30;

/// Repairs, and what they have cost.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    headers: u64,
    hashed: u64,
}

impl Repairs {
    /// Repairs a header with one wrong byte.
    pub fn header(&mut self, bytes: &[u8; HEADER_LENGTH]) -> Option<[u8; HEADER_LENGTH]> {
        self.headers += 1;
        if self.headers > HEADERS {
            return None;
        }
        let mut tried = *bytes;
        for at in 0..HEADER_LENGTH - TAG_LENGTH {
            for value in 0..=255 {
                tried[at] = value;
                if SectionHeader::parse(&tried).is_ok() {
                    return Some(tried);
                }
            }
            tried[at] = bytes[at];
        }
        repair_hash(bytes)
    }

    /// Repairs a payload with one wrong bit.
    pub fn payload(&mut self, bytes: &[u8], hash: &Tag) -> Option<Vec<u8>> {
        let cost = 8 * (bytes.len() as u64).pow(2);
        if bytes.len() > PAYLOAD || self.hashed + cost > HASHED {
            return None;
        }
        self.hashed += cost;
        let mut tried = bytes.to_vec();
        for bit in 0..8 * bytes.len() {
            tried[bit / 8] ^= 1 << (bit % 8);
            if digest(&tried)[..TAG_LENGTH] == hash[..] {
                return Some(tried);
            }
            tried[bit / 8] ^= 1 << (bit % 8);
        }
        None
    }
}

/// Repairs a header of which only the hash has a wrong byte: seven right ones of eight tell
/// it from any other header.
fn repair_hash(bytes: &[u8; HEADER_LENGTH]) -> Option<[u8; HEADER_LENGTH]> {
    let mut tried = *bytes;
    let hashed = HEADER_LENGTH - TAG_LENGTH;
    let tag = crate::checksum::tag(crate::checksum::Context::SectionHeader, &bytes[..hashed]);
    let wrong = bytes[hashed..].iter().zip(&tag).filter(|(one, other)| one != other).count();
    tried[hashed..].copy_from_slice(&tag);
    (wrong == 1 && SectionHeader::parse(&tried).is_ok()).then_some(tried)
}
