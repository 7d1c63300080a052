//! Makes one archive of several.

use super::create::{CreateOptions, CreateSummary};
use super::plan::Node;
use super::repack::{Files, Input, Place, Stored, copied, id_of, write};
use super::together::in_order;
use crate::archive::{Archive, ArchiveError, Control};
use crate::checksum::Digest;
use crate::entry::{Content, Entry, Kind, Segment, range_below};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use thin_vec::ThinVec;

/// How archives are merged.
#[derive(Clone, Debug, Default)]
pub struct MergeOptions {
    /// How contents are coded that are not copied.
    pub create: CreateOptions,
    /// Whether what a later archive would hide is kept under another name.
    pub rename: bool,
}

/// Writes the entries of all archives, of the generations that are open, as one archive of one
/// generation, which appears whole under the name `path` or not at all. Of equal names that of
/// the later archive counts, and so does what lies in the way of another: a file of a later
/// archive hides what earlier ones have below it. With `rename`, what would be hidden of the
/// archive number N, counted from 1, gets `.~N~` behind its name, once more if that is taken; of
/// directories of equal names the later one counts all the same. Groups are copied as by
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
    options: &MergeOptions,
    control: &Control,
) -> Result<CreateSummary, ArchiveError> {
    let (archives, id) = in_order(archives);
    let mut later = Names::default();
    let mut all: Vec<Files> = Vec::new();
    for (number, archive) in archives.iter().enumerate().rev() {
        control.check()?;
        let renamed = match options.rename {
            true => Renaming::of(archive, &later, number + 1),
            false => BTreeMap::new(),
        };
        let of = |path: &'_ [u8]| renamed.get(path).cloned();
        let hidden = |entry: &Entry| of(&entry.path).is_none() && later.hide(entry);
        let mut files = Files::of(archive, |entry| !hidden(entry));
        if !renamed.is_empty() {
            files.rename(of);
        }
        all.push(files);
        later.0.extend(archive.entries().iter().map(|one| {
            let path = of(&one.path).map_or(Cow::Borrowed(&one.path[..]), Cow::Owned);
            (path, one.is_directory())
        }));
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
    write(&inputs, id, path, &options.create, control)
}

/// Names of later archives, and whether each is a directory.
#[derive(Default)]
struct Names<'a>(BTreeMap<Cow<'a, [u8]>, bool>);

impl Names<'_> {
    /// Returns whether an entry of an earlier archive cannot stand beside them.
    fn hide(&self, entry: &Entry) -> bool {
        let path = &entry.path[..];
        let mut above = memchr::memchr_iter(b'/', path).map(|end| self.0.get(&path[..end]));
        self.0.contains_key(path)
            || above.any(|directory| directory == Some(&false))
            || (!entry.is_directory() && self.has_below(path))
    }

    /// Returns whether there is something below a path.
    fn has_below(&self, path: &[u8]) -> bool {
        range_below(&self.0, path).next().is_some()
    }

    fn has(&self, path: &[u8]) -> bool {
        self.0.contains_key(path) || self.has_below(path)
    }
}

/// New names of what cannot stand beside later archives.
struct Renaming<'a> {
    later: &'a Names<'a>,
    own: Names<'a>,
    suffix: Vec<u8>,
    /// New names of files, and of directories with what is below them.
    moved: BTreeMap<&'a [u8], Vec<u8>>,
}

impl<'a> Renaming<'a> {
    /// Returns the new paths of entries of archive number `number`, by the old ones.
    fn of(archive: &'a Archive, later: &Names, number: usize) -> BTreeMap<&'a [u8], Vec<u8>> {
        let named = |one: &'a Entry| (Cow::Borrowed(&one.path[..]), one.is_directory());
        let own = Names(archive.entries().iter().map(named).collect());
        let suffix = format!(".~{number}~").into_bytes();
        let mut renaming = Renaming { later, own, suffix, moved: BTreeMap::new() };
        let all = archive.entries().iter();
        all.filter_map(|entry| Some((&entry.path[..], renaming.path(entry)?))).collect()
    }

    /// Returns the new path of an entry, if it needs one.
    fn path(&mut self, entry: &'a Entry) -> Option<Vec<u8>> {
        let path = &entry.path[..];
        for end in memchr::memchr_iter(b'/', path) {
            if self.later.0.get(&path[..end]) == Some(&false) {
                return Some([&self.moved(&path[..end])[..], &path[end..]].concat());
            }
        }
        let in_the_way = match entry.is_directory() {
            true => self.later.0.get(path) == Some(&false),
            false => self.later.has(path),
        };
        in_the_way.then(|| self.moved(path))
    }

    /// Returns a name that neither this archive nor a later one has.
    fn moved(&mut self, path: &'a [u8]) -> Vec<u8> {
        if let Some(moved) = self.moved.get(path) {
            return moved.clone();
        }
        let mut new = [path, &self.suffix].concat();
        while self.later.has(&new) || self.own.has(&new) {
            new.extend_from_slice(&self.suffix);
        }
        self.moved.insert(path, new.clone());
        new
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
