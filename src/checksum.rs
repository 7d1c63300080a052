//! Digests of the format: BLAKE3, plain for content, derived for structure.
//!
//! Content and payloads are hashed plainly, so that `b3sum` gives the same digest; a
//! file with holes is the exception (`container::content_digest`). Hashes of the
//! container's own structures are derived from a context (BLAKE3 `derive_key`), so that
//! no structure can be mistaken for another. Hashes detect damage; they do not prove
//! who wrote an archive. Normative text: spec/container.md §2.3.

/// Bytes in a [`Digest`].
pub const DIGEST_LENGTH: usize = 32;

/// Bytes in a [`Tag`].
pub const TAG_LENGTH: usize = 8;

/// A whole BLAKE3 hash.
pub type Digest = [u8; DIGEST_LENGTH];

/// The first 8 bytes of a BLAKE3 hash: against damage, before anything is decoded.
pub type Tag = [u8; TAG_LENGTH];

/// The subject of a derived hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// The preface.
    Preface,
    /// A section header.
    SectionHeader,
    /// The footer.
    Footer,
    /// Preface and INDEX section.
    Root,
    /// The archived input; gives the archive id.
    ArchiveId,
    /// The map and the data of a file with holes.
    SparseFile,
    /// The digests of small files that share one.
    SmallFiles,
}

impl Context {
    /// Returns the context string of `derive_key`, part of the format.
    pub const fn text(self) -> &'static str {
        match self {
            Context::Preface => "pear-archive 2026 preface",
            Context::SectionHeader => "pear-archive 2026 section header",
            Context::Footer => "pear-archive 2026 footer",
            Context::Root => "pear-archive 2026 root",
            Context::ArchiveId => "pear-archive 2026 archive id",
            Context::SparseFile => "pear-archive 2026 sparse file",
            Context::SmallFiles => "pear-archive 2026 small files",
        }
    }
}

/// Computes the BLAKE3 hash of `bytes`.
pub fn digest(bytes: &[u8]) -> Digest {
    *blake3::hash(bytes).as_bytes()
}

/// Returns the tag of a digest: its first 8 bytes.
pub fn short(digest: &Digest) -> Tag {
    let mut tag = [0; TAG_LENGTH];
    tag.copy_from_slice(&digest[..TAG_LENGTH]);
    tag
}

/// Computes the tag of a structure: the first 8 bytes of its derived hash.
pub fn tag(context: Context, bytes: &[u8]) -> Tag {
    let mut hasher = Hasher::derived(context);
    hasher.update(bytes);
    hasher.tag()
}

/// A hash of bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Starts a plain hash.
    pub fn new() -> Self {
        Hasher::default()
    }

    /// Starts a hash derived from `context`.
    pub fn derived(context: Context) -> Self {
        Hasher(blake3::Hasher::new_derive_key(context.text()))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the hash of all bytes so far.
    pub fn digest(&self) -> Digest {
        *self.0.finalize().as_bytes()
    }

    /// Returns the first 8 bytes of the hash so far.
    pub fn tag(&self) -> Tag {
        short(&self.digest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_differ_from_each_other_and_from_plain_hashes() {
        assert_ne!(tag(Context::Preface, b"x"), tag(Context::Footer, b"x"));
        assert_ne!(tag(Context::Preface, b"x"), digest(b"x")[..TAG_LENGTH]);
    }
}
