//! Reading archives.
//!
//! | module | what it does |
//! |---|---|
//! | `index` | opens an archive through its index, or finds what is left of it |
//! | `groups`, `cache` | decodes groups, and keeps them for the next call |
//! | `extraction`, `sink` | decodes the groups of files and hands each file its bytes |
//! | `extract`, `cat`, `file`, `deliver`, `verify` | extract to disk, print, read like a file, give to a program, check |
//! | `making`, `made` | makes files of recipes; those that come from a pipe |
//! | `generations` | lists generations, and tells what is dead |
//! | `aside` | bytes that wait in a nameless file |
//! | `links` | makes a selected link the file if its file is not selected |
//! | `stream`, `incoming`, `announced`, `batches`, `later` | reads front to back, from a pipe; what later generations change |
//! | `print` | gives out the files of a pipe: printed, or to a tar |
//! | `salvage` | extracts what is left of a damaged archive |
//! | `tally` | reports damaged groups, each in one line |
//! | `suggest` | proposes what to try if a pattern selects nothing |

mod announced;
mod aside;
mod bases;
mod batches;
mod cache;
pub(super) mod cat;
mod deliver;
pub(super) mod extract;
mod extraction;
mod file;
mod generations;
pub(super) mod groups;
mod incoming;
pub(super) mod index;
mod later;
mod links;
mod made;
mod making;
mod past;
mod print;
mod salvage;
pub(super) mod sink;
mod stream;
mod streamed;
mod suggest;
mod tally;
mod verify;

pub use deliver::Sink;
pub use extract::{ExtractOptions, ExtractSummary};
pub use file::FileReader;
pub use generations::GenerationInfo;
pub use index::{Archive, GroupInfo};
pub use making::{RecipeInfo, transforms};
pub use print::{cat_stream, cat_stream_with};
pub use salvage::{extract, salvage};
pub use stream::{extract_stream, list_stream, verify_stream, verify_stream_at};
pub use suggest::not_found;
pub use verify::VerifySummary;

pub(super) use deliver::Deliver;
pub(super) use extract::file_error;
pub(super) use file::archive_error;
pub(super) use print::{Outlet, Spool, read_piped};
pub(super) use sink::Target;
