//! The `.pear` container: a preface, framed sections, an index, a footer.
//!
//! ```text
//! Preface | ENTRY DATA… ENTRY DATA… … | INDEX | PARITY… | Footer
//! ```
//!
//! Every length is protected by a hash before it is used, every payload by
//! BLAKE3. Payloads of DATA sections are opaque here: this module stores the
//! numbers of their codec, filter and model and never looks inside.
//! Normative text: spec/container.md; names there are names here.

mod bases;
mod batch;
mod belonging;
mod budget;
mod catalog;
mod chunks;
mod classes;
mod columns;
mod contents;
mod error;
mod findings;
mod footer;
mod foreign;
mod generation;
mod index;
mod input;
mod limits;
mod parity;
mod part;
mod preface;
mod reader;
mod recipes;
mod recover;
mod runs;
mod section;
mod source;
mod spans;
mod stream;
mod table;
mod tables;
mod writer;

pub use crate::error::ErrorKind;
pub use bases::Base;
pub use batch::Batch;
pub use belonging::{Belonging, belonging, footer_of, preface_of};
pub use budget::{allocation, entries_memory, entry_memory, part_memory, recipe_memory};
pub use catalog::{Catalog, Contents, Counted, Origin, Placed, SectionUse};
pub use chunks::{Chunk, decode_chunks, encode_chunks};
pub use error::ContainerError;
pub use footer::{FOOTER_LENGTH, FOOTER_MAGIC, Footer};
pub use foreign::Foreign;
pub use generation::At;
pub use index::{Generation, Index, Shard, State, decode_index, encode_index};
pub use limits::{Limits, MEMORY_OF_RECIPES, exceeded};
pub use part::{
    Again, BATCH_GROUPS, Open, Part, Row, Sparse, content_digest, decode_part, encode_part,
};
pub use preface::{MAGIC, PREFACE_LENGTH, Preface, VERSION_MAJOR, VERSION_MINOR};
pub use reader::{NOWHERE, Reader};
pub use recipes::{
    BATCH_WITH_RECIPES, MADE_MOST, ROW_STEPS, STEP_DEPTH, STEP_INPUTS, STEP_PARAMETERS, recipe_of,
};
pub use recover::{Condition, Gone, LostBatch, Recovery};
pub use runs::Run;
pub use section::{
    ANCILLARY, BASE, CODEC_GIVEN, HEADER_LENGTH, SECTION_MOST, SYNC, Section, SectionHeader,
    SectionType,
};
pub use source::{MissingBytes, ReadAt};
pub use spans::{Fragment, JOIN, Span, digest_group};
pub use stream::{StreamReader, StreamSection};
pub use writer::{GroupCoding, Writer};

/// The bytes in every section of an archive that tell it from others.
pub type ArchiveId = crate::checksum::Tag;

/// Byte offsets and sizes of every fixed structure, for comparison with the
/// tables of spec/container.md: (structure, field, offset, size).
pub const LAYOUT: &[(&str, &str, usize, usize)] = &[
    ("Preface", "Magic", 0, 8),
    ("Preface", "Version_Major", 8, 2),
    ("Preface", "Version_Minor", 10, 2),
    ("Preface", "Required_Features", 12, 4),
    ("Preface", "Archive_Id", 16, 8),
    ("Preface", "Preface_Hash", 24, 8),
    ("Section_Header", "Sync", 0, 4),
    ("Section_Header", "Archive_Id", 4, 8),
    ("Section_Header", "Sequence", 12, 4),
    ("Section_Header", "Type", 16, 1),
    ("Section_Header", "Flags", 17, 1),
    ("Section_Header", "Codec", 18, 1),
    ("Section_Header", "Filter", 19, 1),
    ("Section_Header", "Model", 20, 2),
    ("Section_Header", "Base_Kind", 22, 1),
    ("Section_Header", "Capacity", 23, 1),
    ("Section_Header", "Base", 24, 4),
    ("Section_Header", "Group", 28, 4),
    ("Section_Header", "Stored_Length", 32, 4),
    ("Section_Header", "Raw_Length", 36, 4),
    ("Section_Header", "Payload_Hash", 40, 8),
    ("Section_Header", "Header_Hash", 48, 8),
    ("Footer", "Index_Offset", 0, 8),
    ("Footer", "File_Length", 8, 8),
    ("Footer", "Archive_Id", 16, 8),
    ("Footer", "Root_Hash", 24, 32),
    ("Footer", "Footer_Hash", 56, 8),
    ("Footer", "Footer_Magic", 64, 8),
];
