//! Operations on whole archives: create, extract, cat, verify, salvage, and tars
//! imported and exported.
//!
//! Groups are coded and decoded on worker threads, but handed on in order
//! (`pool`), so the bytes written never depend on the number of workers, and
//! no more groups are held than the workers need: memory does not grow with
//! the input. What happens on the way is told to [`Events`]; every operation
//! stops between groups once [`Control::cancel`] is set.
//!
//! | module | what it decides |
//! |---|---|
//! | `pool`, `room` | threads, and what memory allows |
//! | `source` | where entries and bytes come from |
//! | `plan` | which files share a content, and their order |
//! | `pack` | where groups are cut |
//! | `create`, `output` | the archive file, whole or not at all |
//! | `replace` | what it replaces without being told to |
//! | `open`, `extract`, `cat`, `decode`, `verify` | reading through the index |
//! | `stream`, `incoming` | reading front to back, and salvage |
//! | `tarball` | tars: reading and writing them |

mod builder;
mod cache;
mod cat;
mod create;
mod data;
mod decode;
mod deliver;
mod error;
mod events;
mod extract;
mod incoming;
mod links;
mod open;
mod output;
mod pack;
mod parts;
mod plan;
mod pool;
mod reader;
mod replace;
mod room;
mod sink;
mod source;
mod stream;
mod suggest;
mod tally;
mod tarball;
mod verify;

pub use builder::Builder;
pub use create::{CreateOptions, CreateSummary, DEFAULT_GROUP_SIZE, create, create_stream};
pub use deliver::Sink;
pub use error::{ArchiveError, NAMELESS_OUTPUT};
pub use events::{Control, Event, Events, Silent};
pub use extract::{ExtractOptions, ExtractSummary};
pub use open::{Archive, GroupInfo};
pub use reader::FileReader;
pub use replace::{Written, is_replaceable};
pub use stream::{extract, extract_stream, list_stream, salvage, verify_stream};
pub use suggest::not_found;
pub use tarball::{
    ExportOptions, ImportOptions, NotKept, Tar, TarEnd, TarFault, import, import_stream,
};
pub use verify::VerifySummary;

pub use crate::container::{ErrorKind, Gone, Limits, Recovery};
