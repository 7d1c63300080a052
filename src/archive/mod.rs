//! Operations on whole archives: create, extract, read, verify, salvage, and tars
//! imported and exported.
//!
//! Groups are coded and decoded on worker threads, but handed on in order
//! (`pipeline`), so the bytes written never depend on the number of workers, and
//! no more groups are held than the workers need: memory does not grow with
//! the input. What happens on the way is told to [`Events`]; every operation
//! stops between groups once [`Control::cancel`] is set.
//!
//! | module | what it does |
//! |---|---|
//! | `write` | makes archives: from what is found to the file with its name |
//! | `read` | reads them: through the index, front to back, or what is left of them |
//! | `tarball` | reads tars and writes them |
//! | `volumes` | reads the files of an archive as one, and puts volumes in the place of others |
//! | `selection` | tells which entries are meant |
//! | `diff` | tells what differs between archives and directories |
//! | `given` | holds bases that are not in an archive |
//! | `pipeline`, `threads`, `memory` | run the work, within the threads and the memory allowed |
//! | `events`, `error` | tell the caller what happens, and why something failed |

mod diff;
mod error;
mod events;
mod given;
mod memory;
mod pipeline;
mod read;
mod selection;
mod tarball;
mod threads;
mod volumes;
mod write;

pub use diff::{Difference, DifferenceKind, diff_archives, diff_directory};
pub use error::{ArchiveError, NAMELESS_OUTPUT};
pub use events::{Control, Event, Events, Silent};
pub use given::{GivenBase, GivenBases};
pub use read::{
    Archive, ExtractOptions, ExtractSummary, FileReader, GenerationInfo, GroupInfo, RecipeInfo,
    Sink, VerifySummary, cat_stream, cat_stream_with, extract, extract_stream, list_stream,
    not_found, salvage, transforms, verify_stream, verify_stream_at,
};
pub use tarball::{
    ExportOptions, ImportOptions, NotKept, Tar, TarEnd, TarFault, export_piped,
    export_piped_stream, import, import_stream,
};
pub use volumes::{VolumeFault, Volumes};
pub use write::{
    Builder, CreateBase, CreateOptions, CreateSummary, DEFAULT_GROUP_SIZE, Existing, MergeOptions,
    Recipes, RenameOptions, RepackOptions, ShardFault, ShardOptions, SplitBy, SplitOptions,
    SplitPart, TrainOptions, Trained, UpdateOptions, UpdateSummary, Written, check_shards, create,
    create_resumable, create_stream, delete, is_replaceable, merge, partial_path, prune, rename,
    repack, repack_generations, split, train, train_file, update,
};

pub use crate::codec::{CodecError, CodingNumbers};
pub use crate::container::{At, ContainerError, ErrorKind, Gone, Limits, Recovery, Shard};
pub use crate::tree::TreeError;
