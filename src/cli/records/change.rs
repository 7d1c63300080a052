//! The records of commands that list generations and differences.

use serde::Serialize;

use crate::archive::{Difference, DifferenceKind, GenerationInfo};
use crate::cli::json::{hex, text_or_base64};
use crate::cli::listing::instant;
use crate::entry::Timestamp;

/// A line of `generations --json`.
#[derive(Debug, Serialize)]
pub struct GenerationRecord {
    generation: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u64>,
    added: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead: Option<u64>,
    root_hash: String,
    incomplete: bool,
}

impl GenerationRecord {
    pub fn of(info: &GenerationInfo) -> GenerationRecord {
        let GenerationInfo { number, date, entries, added, dead, root_hash, incomplete } = *info;
        let time = date.and_then(|seconds| instant(Timestamp { seconds, nanoseconds: 0 }));
        GenerationRecord {
            generation: number,
            date_seconds: date,
            date: time.map(|time| time.to_string()),
            entries,
            added,
            dead,
            root_hash: hex(&root_hash),
            incomplete,
        }
    }
}

/// A line of `diff --json`.
#[derive(Debug, Serialize)]
pub struct DifferenceRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path_base64: Option<String>,
    pub(super) difference: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) what: Option<Vec<&'static str>>,
}

impl DifferenceRecord<'_> {
    pub fn of(difference: &Difference) -> DifferenceRecord<'_> {
        let (path, path_base64) = text_or_base64(&difference.path);
        let (difference, what) = match &difference.how {
            DifferenceKind::Removed => ("removed", None),
            DifferenceKind::Added => ("added", None),
            DifferenceKind::Changed(what) => ("changed", Some(what.clone())),
        };
        DifferenceRecord { path, path_base64, difference, what }
    }
}
