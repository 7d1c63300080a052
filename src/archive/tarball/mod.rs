//! Tars: import into archives, and export from archives.
//!
//! docs/tar.md says how entries are mapped. Nothing here writes to a file tree.
//!
//! | module | what it knows |
//! |---|---|
//! | `block`, `fields`, `pax`, `acl`, `sparse` | parts of headers |
//! | `packed`, `unpack` | what tars are compressed with |
//! | `input`, `part` | the bytes of a tar, and of one file in it |
//! | `scan`, `behind`, `holes` | the members of a tar as they stand |
//! | `members`, `notices`, `import` | which of them an archive takes, and under which names |
//! | `write`, `layout`, `export` | an archive as a tar |

mod acl;
mod behind;
mod block;
mod export;
mod fault;
mod fields;
mod holes;
mod import;
mod input;
mod layout;
mod members;
mod notices;
mod packed;
mod part;
mod pax;
mod piped;
mod scan;
mod sparse;
mod unpack;
mod write;

pub(super) use block::begins_tar;
pub use export::ExportOptions;
pub use fault::{NotKept, TarEnd, TarFault};
pub use import::{ImportOptions, import, import_stream};
pub use input::Tar;
pub(super) use layout::MemberFile;
pub(super) use part::{OpenPart, TarPart};
pub use piped::{export_piped, export_piped_stream};
