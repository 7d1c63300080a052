//! Puts new volumes in the place of old ones.
//!
//! File systems rename one file at a time. So the new volumes are first named `NAME.002.new`,
//! …, and last `NAME.001.new`: from then on they are the archive, and every reader takes each
//! of them in place of the old volume of its number, or the volume itself if it has its final
//! name already. `NAME.001.new` is the last to get that. A run that is killed before it has
//! this name leaves the old volumes as they were, and one that is killed later is finished by
//! the next run that writes.

use super::names::{Numbers, directory, is_whole, numbers, pending, volume};
use super::stray;
use crate::tree::FileId;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Returns the paths of the volumes of the archive `name`, by their numbers.
///
/// # Errors
/// If the directory cannot be read.
pub fn volumes(name: &Path) -> io::Result<BTreeMap<u64, PathBuf>> {
    let numbers = numbers(name)?;
    let mut all: BTreeMap<u64, PathBuf> =
        numbers.there.iter().map(|&number| (number, volume(name, number))).collect();
    if is_committed(&numbers) {
        if let Some(count) = count(name, &numbers) {
            all.retain(|&number, _| number <= count);
        }
        all.extend(numbers.pending.iter().map(|&number| (number, pending(name, number))));
    }
    Ok(all)
}

/// Returns which file is the first volume; `None` if there is none.
pub fn first(name: &Path) -> Option<FileId> {
    let id = |path| File::open(path).and_then(|file| FileId::of(&file)).ok();
    id(pending(name, 1)).or_else(|| id(volume(name, 1)))
}

/// Returns whether the pending volumes are the archive.
fn is_committed(numbers: &Numbers) -> bool {
    numbers.pending.first() == Some(&1)
}

/// Returns how many volumes the pending ones make; `None` if all but the first have their final
/// names, and no old volume is left.
fn count(name: &Path, numbers: &Numbers) -> Option<u64> {
    match numbers.pending.last() {
        Some(&last) if last > 1 => Some(last),
        _ => File::open(pending(name, 1)).is_ok_and(|file| is_whole(&file)).then_some(1),
    }
}

/// Locks the directory of an archive against others that replace volumes in it, as long as the
/// result lives. File systems without locks leave that to their users.
fn lock(name: &Path) -> io::Result<File> {
    let directory = File::open(directory(name))?;
    match directory.lock() {
        Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(directory),
    }
}

/// Finishes what a killed run began, or removes what it left.
///
/// # Errors
/// What the system says.
pub fn settle(name: &Path) -> io::Result<()> {
    match numbers(name)?.pending.is_empty() {
        true => Ok(()),
        false => settle_locked(name, &lock(name)?),
    }
}

fn settle_locked(name: &Path, directory: &File) -> io::Result<()> {
    let numbers = numbers(name)?;
    if is_committed(&numbers) {
        return finish(name, directory);
    }
    numbers.pending.iter().try_for_each(|&number| step::remove_file(pending(name, number)))
}

/// Gives files, whose bytes are durable, the names of the volumes of an archive, in their
/// order. Until the first of them has its pending name, the archive is as it was. `old` is the
/// first of the volumes that they replace.
///
/// # Errors
/// Of kind `WouldBlock` if others have replaced the volumes meanwhile; what the system says.
pub fn replace(name: &Path, files: &[&Path], old: Option<FileId>) -> io::Result<()> {
    let directory = lock(name)?;
    settle_locked(name, &directory)?;
    if first(name) != old {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let numbered = || (1..).zip(files);
    let named =
        numbered().skip(1).try_for_each(|(number, file)| step::rename(file, pending(name, number)));
    let named = named.and_then(|()| directory.sync_all());
    let named = named.and_then(|()| match files.first() {
        Some(first) => step::rename(first, pending(name, 1)),
        None => Ok(()),
    });
    if named.is_err() {
        numbered().for_each(|(number, _)| drop(step::remove_file(pending(name, number))));
        return named;
    }
    directory.sync_all()?;
    finish(name, &directory)
}

/// Gives pending volumes their final names: the last and the first of them at the end, because
/// they tell how many there are. Old volumes with higher numbers are removed before that.
fn finish(name: &Path, directory: &File) -> io::Result<()> {
    let numbers = numbers(name)?;
    let last = count(name, &numbers);
    let rename = |number| step::rename(pending(name, number), volume(name, number));
    for &number in numbers.pending.iter().filter(|&&number| number > 1 && Some(number) < last) {
        rename(number)?;
    }
    if let Some(last) = last {
        for number in surplus(name, &numbers, last)?.into_iter().rev() {
            step::remove_file(volume(name, number))?;
        }
        if last > 1 {
            directory.sync_all()?;
            rename(last)?;
        }
    }
    directory.sync_all()?;
    rename(1)?;
    directory.sync_all()
}

/// Returns the numbers of the old volumes behind the last new one, ascending. Beyond a gap those
/// count of which it is known that they are volumes.
fn surplus(name: &Path, numbers: &Numbers, last: u64) -> io::Result<Vec<u64>> {
    let old: BTreeMap<u64, PathBuf> =
        numbers.there.iter().map(|&number| (number, volume(name, number))).collect();
    let run = (last + 1..).take_while(|number| old.contains_key(number)).last().unwrap_or(last);
    let beyond = match old.contains_key(&1) {
        true => stray::beyond(&old, run)?,
        false => BTreeSet::new(),
    };
    Ok((last + 1..=run).chain(beyond).collect())
}

/// The two steps of which everything here is made.
#[cfg(not(test))]
use std::fs as step;

/// The same, which fail from some step on, as if the run had been killed there.
#[cfg(test)]
mod step {
    use std::cell::Cell;
    use std::path::Path;
    use std::{fs, io};

    thread_local! {
        pub static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    fn left() -> io::Result<()> {
        let left = LEFT.get().checked_sub(1).ok_or_else(|| io::Error::other("killed"))?;
        LEFT.set(left);
        Ok(())
    }

    pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
        left().and_then(|()| fs::rename(from, to))
    }

    pub fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
        left().and_then(|()| fs::remove_file(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::{GroupCoding, Writer};
    use std::fs;

    fn archive(fill: u8, length: usize) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), [fill; 8]).unwrap();
        let raw = vec![fill; length];
        writer.write_group(GroupCoding::default(), length as u64, &raw).unwrap();
        writer.finish().unwrap().0
    }

    /// Writes the pieces of an archive under the names that `path` gives for their numbers.
    fn cut(bytes: &[u8], size: usize, path: impl Fn(u64) -> PathBuf) -> Vec<PathBuf> {
        let written = (1..).zip(bytes.chunks(size)).map(|(number, piece)| {
            fs::write(path(number), piece).unwrap();
            path(number)
        });
        written.collect()
    }

    fn read(name: &Path) -> Vec<u8> {
        volumes(name).unwrap().into_values().flat_map(|path| fs::read(path).unwrap()).collect()
    }

    /// Replaces `old` pieces by `new` ones, and is killed after `steps`. Returns whether it
    /// came to its end.
    fn killed(at: &Path, old: &[u8], new: &[u8], sizes: (usize, usize), steps: usize) -> bool {
        let name = at.join("x");
        cut(old, sizes.0, |number| volume(&name, number));
        let files = cut(new, sizes.1, |number| at.join(format!("temporary-{number}")));
        let files: Vec<&Path> = files.iter().map(|path| &**path).collect();
        step::LEFT.set(steps);
        let replaced = replace(&name, &files, first(&name));
        step::LEFT.set(usize::MAX);
        replaced.is_ok()
    }

    #[test]
    fn whenever_it_is_killed_the_old_volumes_or_the_new_ones_are_the_archive() {
        let (old, new) = (archive(1, 900), archive(2, 1000));
        for sizes in [(400, 300), (300, 600), (300, 4000), (4000, 300), (4000, 4000), (500, 500)] {
            for (old, is_there) in [(&old[..], true), (&[][..], false)] {
                let mut seen = Vec::new();
                for steps in 0.. {
                    let at = tempfile::tempdir().unwrap();
                    let name = at.path().join("x");
                    let done = killed(at.path(), old, &new, sizes, steps);
                    let found = read(&name);
                    // Of one volume too many, the rest is bytes behind the archive's end.
                    let is_new = found.starts_with(&new);
                    assert!(is_new || found == old, "{sizes:?}, {steps} steps, {is_there}");
                    assert!(!done || found == new, "{sizes:?}");
                    settle(&name).unwrap();
                    let settled = read(&name);
                    assert!(settled == if is_new { &new[..] } else { old }, "{sizes:?} {steps}");
                    assert!(numbers(&name).unwrap().pending.is_empty());
                    seen.push(is_new);
                    if done {
                        break;
                    }
                }
                assert!(seen.is_sorted(), "once new, always new: {seen:?}");
                assert!(!seen[0] && seen[seen.len() - 1]);
            }
        }
    }

    #[test]
    fn files_beyond_a_gap_are_removed_only_if_they_are_volumes() {
        let at = tempfile::tempdir().unwrap();
        let name = at.path().join("x");
        fs::write(volume(&name, 2026), "a diary").unwrap();
        assert!(killed(at.path(), &archive(1, 3000), &archive(2, 10), (500, 500), usize::MAX));
        let there = numbers(&name).unwrap().there;
        assert_eq!(there, [1, 2026]);
        // So too if volumes in between were lost.
        cut(&archive(3, 3000), 500, |number| volume(&name, number));
        fs::remove_file(volume(&name, 3)).unwrap();
        let file = at.path().join("one");
        fs::write(&file, archive(4, 10)).unwrap();
        replace(&name, &[&file], first(&name)).unwrap();
        assert_eq!(numbers(&name).unwrap().there, [1, 2026]);
    }
}
