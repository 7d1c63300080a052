//! Bases that are given: bytes that are not in an archive and that its groups go on from.

use super::ArchiveError;
use super::memory::check_cost;
use crate::arith::refusal;
use crate::checksum::{Digest, digest};
use crate::codec::MOST_BYTES;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// Bytes that the model learns before it codes or decodes groups. Any bytes may be a base;
/// [`train`](super::train) makes good ones. A copy is cheap: the bytes are shared.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenBase {
    digest: Digest,
    bytes: Arc<[u8]>,
}

impl fmt::Debug for GivenBase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digest, length) = (name(&self.digest), self.bytes.len());
        formatter
            .debug_struct("GivenBase")
            .field("digest", &digest)
            .field("length", &length)
            .finish()
    }
}

impl GivenBase {
    /// Makes a base of bytes. Costs a copy and a hash of them.
    ///
    /// # Errors
    /// [`ArchiveError::NoBase`] if there are none, or 2^32 or more.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Result<GivenBase, ArchiveError> {
        let bytes = bytes.into();
        let cause = match bytes.len() {
            0 => "it is empty",
            1..=MOST_BYTES => return Ok(GivenBase { digest: digest(&bytes), bytes }),
            _ => "it has 4 GiB or more",
        };
        Err(ArchiveError::NoBase { cause })
    }

    /// Reads the file `path`. Costs its length in memory, and no more than `memory` bytes.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; [`ArchiveError::Limit`] if it has more than `memory` bytes, before
    /// they are allocated; [`ArchiveError::NoBase`]; [`ArchiveError::Memory`].
    pub fn open(path: impl AsRef<Path>, memory: u64) -> Result<GivenBase, ArchiveError> {
        let path = path.as_ref();
        let failed = |source: io::Error| {
            let path = path.to_owned();
            ArchiveError::Io { path, operation: "read", source }
        };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        // Read, and copied once.
        check_cost(length.saturating_mul(2), memory)?;
        refusal::probe(length.saturating_mul(2))?;
        let mut bytes = Vec::with_capacity(length as usize);
        // A pipe has no length.
        let most = memory / 2;
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        check_cost((bytes.len() as u64).saturating_mul(2), memory)?;
        GivenBase::new(bytes)
    }

    /// The BLAKE3 hash of its bytes, by which archives name it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Its bytes, at least one.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// The bases that a reader was given. A copy shares their bytes.
#[derive(Clone, Debug, Default)]
pub struct GivenBases(Vec<GivenBase>);

impl GivenBases {
    /// Adds a base.
    pub fn push(&mut self, base: GivenBase) {
        self.0.push(base);
    }

    /// Bytes of memory that they take.
    pub(super) fn memory(&self) -> u64 {
        self.0.iter().map(GivenBase::length).fold(0, u64::saturating_add)
    }

    /// Returns the base of this digest.
    ///
    /// # Errors
    /// [`ArchiveError::NeedsBase`] if it is not among them.
    pub(super) fn find(&self, digest: &Digest) -> Result<&GivenBase, ArchiveError> {
        let missing = || {
            let (digest, given) = (*digest, self.0.iter().map(GivenBase::digest).collect());
            ArchiveError::NeedsBase { digest, given, files: 0 }
        };
        self.0.iter().find(|base| base.digest == *digest).ok_or_else(missing)
    }

    /// Returns a base of this length: it may be the one whose digest is damaged.
    pub(super) fn of_length(&self, length: u64) -> Option<&GivenBase> {
        self.0.iter().find(|base| base.length() == length)
    }
}

impl FromIterator<GivenBase> for GivenBases {
    fn from_iter<I: IntoIterator<Item = GivenBase>>(bases: I) -> GivenBases {
        GivenBases(bases.into_iter().collect())
    }
}

/// Returns the name of a base in messages.
pub(super) fn name(digest: &Digest) -> String {
    format!("b3:{}", blake3::Hash::from_bytes(*digest).to_hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_found_by_its_digest_and_named_if_it_is_missing() {
        let base = |text: &str| GivenBase::new(text.as_bytes()).unwrap();
        let given = GivenBases::from_iter([base("one"), base("other")]);
        assert_eq!(given.find(&digest(b"other")).unwrap().bytes(), b"other");
        assert_eq!(given.memory(), 8);
        let message = given.find(&digest(b"third")).unwrap_err().to_string();
        for text in ["third", "one", "other"] {
            assert!(message.contains(&name(&digest(text.as_bytes()))), "{message}");
        }
        assert!(matches!(GivenBase::new([]), Err(ArchiveError::NoBase { .. })));
    }

    #[test]
    fn a_file_longer_than_the_memory_allowed_is_refused() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("long.base");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let refused = GivenBase::open(&path, 1 << 20).unwrap_err();
        assert!(matches!(refused, ArchiveError::Limit { field: "memory", .. }), "{refused}");
        std::fs::write(&path, "short").unwrap();
        assert_eq!(GivenBase::open(&path, 10).unwrap().bytes(), b"short");
        assert!(GivenBase::open(&path, 9).is_err());
    }
}
