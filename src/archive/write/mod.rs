//! Making archives.
//!
//! | module | what it decides |
//! |---|---|
//! | `builder` | what a program or a command wants archived |
//! | `source`, `data` | where entries and bytes come from: a tree, a tar, a program |
//! | `plan` | which names are one file, which files share a content, and their order |
//! | `alike` | which contents are alike, and stand together |
//! | `arrange` | which contents make a family, and which of them its base |
//! | `boundary` | where a group ends: near its share, between contents that are not alike |
//! | `base` | learning a base that the user gives |
//! | `train` | making a base of files |
//! | `sample` | which contents share most with the others |
//! | `pack` | where groups are cut |
//! | `apart` | which packed files are taken apart, and the groups of what is in them |
//! | `announce` | what each ENTRY section says |
//! | `coding` | coding groups in parallel, behind their bases, and writing them |
//! | `create` | all of it |
//! | `shard`, `together` | one of several archives of a plan; whether several are all of one |
//! | `amend` | another generation behind an archive, in place |
//! | `changed` | what is on disk that an archive has not |
//! | `update`, `rename` | the changes of a generation: by what is on disk, by names |
//! | `repack`, `keep`, `merge`, `split` | an archive of what is live in another, in generations of it, or in several; several of one |
//! | `destination`, `output`, `replace` | the archive file, or its volumes, whole or not at all, and what it may replace |
//! | `tail` | what is written behind the end of an archive |
//! | `resume` | an archive with checkpoints, and what goes on from one |

mod alike;
mod amend;
mod announce;
mod apart;
mod arrange;
mod base;
mod boundary;
mod builder;
pub(super) mod changed;
mod coding;
pub(super) mod create;
mod data;
pub(super) mod destination;
mod keep;
mod merge;
pub(super) mod output;
mod pack;
pub(super) mod plan;
mod rename;
mod repack;
mod repeats;
mod replace;
mod resume;
mod sample;
mod shard;
pub(super) mod source;
mod split;
mod tail;
mod together;
mod train;
mod update;

pub use apart::Recipes;
pub use builder::Builder;
pub use create::{
    CreateBase, CreateOptions, CreateSummary, DEFAULT_GROUP_SIZE, create, create_stream,
};
pub use keep::repack_generations;
pub use merge::{MergeOptions, merge};
pub use rename::{RenameOptions, delete, rename};
pub use repack::{RepackOptions, prune, repack};
pub use replace::{Written, is_replaceable};
pub use resume::{create_resumable, partial_path};
pub use shard::ShardOptions;
pub use split::{SplitBy, SplitOptions, SplitPart, split};
pub use together::{ShardFault, check_shards};
pub use train::{TrainOptions, Trained, train, train_file};
pub use update::{Existing, UpdateOptions, UpdateSummary, update};
