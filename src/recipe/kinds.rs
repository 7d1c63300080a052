//! The kind of a piece.

use super::StreamKind;
use crate::codec::{ContentKind, sniff};

/// Bytes that are looked at.
const SAMPLE: usize = 1 << 16;

/// The kind of a piece by its first bytes. Whole JPEGs are found before.
pub(super) fn kind(piece: &[u8]) -> StreamKind {
    match sniff(&piece[..piece.len().min(SAMPLE)]) {
        ContentKind::Text => StreamKind::Text,
        ContentKind::Binary => StreamKind::Binary,
        ContentKind::Image => StreamKind::Image,
        ContentKind::Audio => StreamKind::Audio,
        ContentKind::Jpeg | ContentKind::Incompressible => StreamKind::Stored,
    }
}
