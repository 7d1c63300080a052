//! Which entries are meant: one rule for every command.

use super::read::not_found;
use super::{Archive, ArchiveError};
use crate::container::ReadAt;
use crate::entry::{Entry, Kind};
use crate::tree::Patterns;

/// Patterns, and which of them have selected something. Without patterns everything is
/// selected.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    patterns: Patterns,
    used: Vec<bool>,
}

impl Selection {
    /// A selection among entries that are not known yet.
    pub fn new(patterns: &Patterns) -> Selection {
        let used = vec![false; patterns.len()];
        Selection { patterns: patterns.clone(), used }
    }

    /// A selection among `entries`: a pattern that is the exact name of one selects
    /// nothing else.
    pub fn among(patterns: &Patterns, entries: &[Entry]) -> Selection {
        Selection::new(&patterns.among(entries.iter().map(|entry| &entry.path[..])))
    }

    /// Whether a path is selected. Nothing is noted.
    pub fn has(&self, path: &[u8]) -> bool {
        self.patterns.is_empty() || self.patterns.matching(path).next().is_some()
    }

    /// Whether a path is selected. Notes the patterns that select it.
    pub fn take(&mut self, path: &[u8]) -> bool {
        let mut selected = self.patterns.is_empty();
        for pattern in self.patterns.matching(path) {
            (self.used[pattern], selected) = (true, true);
        }
        selected
    }

    /// Returns the first pattern that has selected nothing.
    pub fn unused(&self) -> Option<&[u8]> {
        self.used.iter().position(|used| !used).map(|index| self.patterns.given(index))
    }

    /// Checks that every pattern has selected something. `entries` are searched for what
    /// to propose.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for the first that has not.
    pub fn check(&self, entries: &[Entry]) -> Result<(), ArchiveError> {
        self.unused().map_or(Ok(()), |pattern| Err(not_found(pattern, entries)))
    }
}

impl<S: ReadAt> Archive<S> {
    /// The entries that patterns select, in path order; all if there are none.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a pattern that selects nothing.
    pub fn select(&self, patterns: &Patterns) -> Result<Vec<&Entry>, ArchiveError> {
        let mut selection = Selection::among(patterns, self.entries());
        let selected = self.entries().iter().filter(|entry| selection.take(&entry.path)).collect();
        selection.check(self.entries())?;
        Ok(selected)
    }

    /// Returns the paths of the files that the patterns match themselves, in the order of
    /// the patterns, those of one pattern by name. A directory does not stand for its
    /// contents, or their files would be concatenated although nobody asked for them.
    ///
    /// # Errors
    /// [`ArchiveError::NotFound`] for a pattern that matches nothing,
    /// [`ArchiveError::NotAFile`] for one that matches no file.
    pub fn select_files(&self, patterns: &Patterns) -> Result<Vec<&[u8]>, ArchiveError> {
        let Selection { patterns, mut used } = Selection::among(patterns, self.entries());
        let mut found: Vec<Vec<&[u8]>> = vec![Vec::new(); patterns.len()];
        for entry in self.entries() {
            for pattern in patterns.matching_here(&entry.path) {
                used[pattern] = true;
                if self.has_content(entry) {
                    found[pattern].push(&entry.path);
                }
            }
        }
        Selection { patterns: patterns.clone(), used }.check(self.entries())?;
        match found.iter().position(Vec::is_empty) {
            Some(index) => Err(ArchiveError::NotAFile { path: patterns.given(index).to_vec() }),
            None => Ok(found.into_iter().flatten().collect()),
        }
    }

    /// Returns whether an entry is a regular file, or a hard link to one.
    fn has_content(&self, entry: &Entry) -> bool {
        match &entry.kind {
            Kind::HardLink { target } => self.entry(target).is_some_and(Entry::is_file),
            _ => entry.is_file(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_must_select_something() {
        let entries = ["a", "a/b", "c[1]", "c1"].map(Entry::file);
        let select = |patterns: &[&str]| -> Result<Vec<&Entry>, ArchiveError> {
            let patterns = Patterns::selecting(patterns)?;
            let mut selection = Selection::among(&patterns, &entries);
            let taken = entries.iter().filter(|entry| selection.take(&entry.path)).collect();
            selection.check(&entries).map(|()| taken)
        };
        let paths = |patterns: &[&str]| -> Vec<String> {
            let selected = select(patterns).unwrap();
            selected.iter().map(|entry| entry.display().to_string()).collect()
        };
        assert_eq!(paths(&[]), ["a", "a/b", "c[1]", "c1"]);
        assert_eq!(paths(&["a"]), ["a", "a/b"]);
        assert_eq!(paths(&["c[1]"]), ["c[1]"], "the name, not the glob");
        let missing = select(&["a", "d"]).unwrap_err();
        assert!(matches!(missing, ArchiveError::NotFound { pattern, .. } if pattern == b"d"));
        // Names that come one by one can only be compared with the pattern.
        let unknown = Selection::new(&Patterns::selecting(&["c[1]"]).unwrap());
        assert!(unknown.has(b"c1") && unknown.has(b"c[1]") && !unknown.has(b"a"));
    }
}
