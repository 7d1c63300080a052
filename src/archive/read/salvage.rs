//! Extracting what is left of an archive that may be damaged.

use super::extract::{ExtractOptions, ExtractSummary};
use super::index::Archive;
use crate::archive::{ArchiveError, Control, Limits};
use crate::container::ReadAt;
use std::path::Path;

/// Extracts through the index, or, if that is damaged, reports so and salvages.
///
/// # Errors
/// As [`Archive::extract`]; [`ArchiveError::Container`] if this is no archive
/// or one for a newer version.
pub fn extract(
    source: impl ReadAt + Send,
    destination: &Path,
    options: &ExtractOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let archive = Archive::open_any_at(source, limits, control, options.generation)?;
    archive.with_bases(options.bases.clone()).extract(destination, options, control)
}

/// Extracts what a search finds in an archive, without use of its footer: every
/// file whose bytes are proven by digests in ENTRY sections that are intact.
///
/// # Errors
/// As [`extract`].
pub fn salvage(
    source: impl ReadAt,
    destination: &Path,
    options: &ExtractOptions,
    limits: &Limits,
    control: &Control,
) -> Result<ExtractSummary, ArchiveError> {
    let archive = Archive::salvage(source, limits, control)?;
    archive.with_bases(options.bases.clone()).extract(destination, options, control)
}
