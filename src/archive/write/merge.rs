//! Makes one archive of several.

use super::create::{CreateOptions, CreateSummary};
use super::plan::Node;
use super::repack::{Files, Input, Place, Stored, copied, id_of, write};
use super::together::in_order;
use crate::archive::{Archive, ArchiveError, Control};
use crate::checksum::Digest;
use crate::entry::{Content, Entry, Kind, Segment};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use thin_vec::ThinVec;

/// Writes the entries of all archives, of the generations that are open, as one archive of one
/// generation, which appears whole under the name `path` or not at all. Of equal names that of
/// the later archive counts, and so does what lies in the way of another: a file of a later
/// archive hides what earlier ones have below it. Groups are copied as by
/// [`super::repack`]; contents that have the same digest of 32 bytes are stored once.
///
/// All shards of a plan give the same archive however many they are, in whatever order they come
/// here. Whether they are all there, [`super::check_shards`] says.
///
/// # Errors
/// As [`super::repack`].
pub fn merge(
    archives: &[Archive],
    path: &Path,
    options: &CreateOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let (archives, id) = in_order(archives);
    let mut later = Names::default();
    let mut all: Vec<Files> = Vec::new();
    for archive in archives.iter().rev() {
        control.check()?;
        all.push(Files::of(archive, |entry| !later.hide(entry)));
        later.0.extend(archive.entries().iter().map(|one| (&one.path[..], one.is_directory())));
    }
    all.reverse();
    store_once(&mut all);
    let inputs: Vec<Input> = archives
        .iter()
        .zip(all)
        .map(|(archive, files)| {
            let units = copied(archive, &files);
            Input { archive, files, units }
        })
        .collect();
    let id = id.map_or_else(|| id_of(&inputs, b""), Ok)?;
    write(&inputs, id, path, options, control)
}

/// Names of later archives, and whether each is a directory.
#[derive(Default)]
struct Names<'a>(BTreeMap<&'a [u8], bool>);

impl Names<'_> {
    /// Returns whether an entry of an earlier archive cannot stand beside them.
    fn hide(&self, entry: &Entry) -> bool {
        let path = &entry.path[..];
        let mut above = memchr::memchr_iter(b'/', path).map(|end| self.0.get(&path[..end]));
        let inside = [path, b"/"].concat();
        let below = || self.0.range(&inside[..]..).next();
        self.0.contains_key(path)
            || above.any(|directory| directory == Some(&false))
            || (!entry.is_directory() && below().is_some_and(|one| one.0.starts_with(&inside)))
    }
}

/// What tells contents apart.
type Key = (u64, Digest, Option<ThinVec<Segment>>);

/// Gives files of the same content to the first archive that has it.
fn store_once(all: &mut [Files]) {
    let mut first: HashMap<Key, (usize, Place)> = HashMap::new();
    let mut moved: Vec<(usize, Place, Vec<Node>)> = Vec::new();
    for (number, files) in all.iter_mut().enumerate() {
        for (&place, Stored { file, nodes }) in &mut files.contents {
            let Kind::File(Content { size, digest, segments, .. }) = &file.kind else { continue };
            let Some(digest) = digest.whole().filter(|_| *size > 0) else { continue };
            let key = (*size, *digest, segments.clone());
            let &mut (home, at) = first.entry(key).or_insert((number, place));
            if (home, at) != (number, place) {
                moved.push((home, at, std::mem::take(nodes)));
            }
        }
    }
    for (home, place, nodes) in moved {
        if let Some(stored) = all[home].contents.get_mut(&place) {
            stored.nodes.extend(nodes);
        }
    }
}
