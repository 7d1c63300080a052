//! Tars: archives made of them, and made into them.
//!
//! docs/tar.md says what becomes of what. Nothing here writes to a file tree.
//!
//! | module | what it knows |
//! |---|---|
//! | `block`, `fields`, `pax`, `sparse` | parts of headers |
//! | `input`, `scan` | the members of a tar as they stand |
//! | `members`, `import` | which of them an archive takes, and under which names |
//! | `write`, `layout`, `export` | an archive as a tar |

mod block;
mod export;
mod fault;
mod fields;
mod import;
mod input;
mod layout;
mod members;
mod pax;
mod scan;
mod sparse;
mod write;

pub use export::ExportOptions;
pub use fault::{NotKept, TarFault};
pub use import::{import, import_stream};
pub use input::Tar;
pub(super) use input::{OpenPart, TarPart};
pub(super) use layout::MemberFile;
