//! The `.pear` container: a preface, framed sections, an index, a footer.
//!
//! ```text
//! Preface | ENTRY DATA ENTRY DATA … | INDEX | Footer
//! ```
//!
//! Every length is protected by a hash before it is used, every payload by
//! BLAKE3. Payloads of DATA sections are opaque here: this module stores the
//! numbers of their codec, filter and model and never looks inside.
//! Normative text: spec/container.md; names there are names here.

mod budget;
mod catalog;
mod columns;
mod contents;
mod error;
mod findings;
mod footer;
mod foreign;
mod index;
mod input;
mod limits;
mod part;
mod preface;
mod reader;
mod recover;
mod section;
mod stream;
mod table;
mod writer;

pub use crate::error::ErrorKind;
pub use budget::{allocation, entry_memory};
pub use catalog::Catalog;
pub use error::ContainerError;
pub use footer::{FOOTER_LENGTH, FOOTER_MAGIC, Footer};
pub use foreign::Foreign;
pub use index::{Index, decode_index, encode_index};
pub use limits::{Limits, exceeded};
pub use part::{Part, Piece, Sparse, content_digest, decode_part, encode_part};
pub use preface::{MAGIC, PREFACE_LENGTH, Preface, VERSION_MAJOR, VERSION_MINOR};
pub use reader::{NOWHERE, ReadAt, Reader};
pub use recover::{Condition, Gone, Recovery};
pub use section::{
    ANCILLARY, HEADER_LENGTH, NO_GROUP, PAYLOAD_HASH_LENGTH, SYNC, Section, SectionHeader,
    SectionType,
};
pub use stream::{StreamReader, StreamSection};
pub use writer::Writer;

/// The sixteen bytes in every section of an archive.
pub type ArchiveId = [u8; 16];

/// Byte offsets and sizes of every fixed structure, for comparison with the
/// tables of spec/container.md: (structure, field, offset, size).
pub const LAYOUT: &[(&str, &str, usize, usize)] = &[
    ("Preface", "Magic", 0, 8),
    ("Preface", "Version_Major", 8, 2),
    ("Preface", "Version_Minor", 10, 2),
    ("Preface", "Required_Features", 12, 4),
    ("Preface", "Archive_Id", 16, 16),
    ("Preface", "Preface_Hash", 32, 16),
    ("Section_Header", "Sync", 0, 8),
    ("Section_Header", "Archive_Id", 8, 16),
    ("Section_Header", "Sequence", 24, 8),
    ("Section_Header", "Type", 32, 2),
    ("Section_Header", "Flags", 34, 2),
    ("Section_Header", "Codec", 36, 1),
    ("Section_Header", "Filter", 37, 1),
    ("Section_Header", "Model", 38, 2),
    ("Section_Header", "Group", 40, 8),
    ("Section_Header", "Stored_Length", 48, 8),
    ("Section_Header", "Raw_Length", 56, 8),
    ("Section_Header", "Header_Hash", 64, 16),
    ("Footer", "Index_Offset", 0, 8),
    ("Footer", "Index_Length", 8, 8),
    ("Footer", "File_Length", 16, 8),
    ("Footer", "Section_Count", 24, 8),
    ("Footer", "Archive_Id", 32, 16),
    ("Footer", "Required_Features", 48, 4),
    ("Footer", "Reserved", 52, 4),
    ("Footer", "Index_Hash", 56, 32),
    ("Footer", "Root_Hash", 88, 32),
    ("Footer", "Footer_Hash", 120, 16),
    ("Footer", "Footer_Magic", 136, 8),
];
