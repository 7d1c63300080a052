//! Selection of entries of an archive.

use globset::{GlobBuilder, GlobMatcher};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::TreeError;
use super::names::and_above;

/// A list of glob patterns over archive paths.
///
/// - `*` and `?` stay within a component, `**` crosses components, `[a-z]` and `{a,b}`
///   work as in a shell.
/// - A pattern that is the exact name of something always matches it, so names with
///   glob characters, or names that are not UTF-8, can be given as they are. If all
///   names are known, [`Patterns::among`] makes such a pattern match nothing else. A
///   pattern that is not a valid glob is an exact name.
/// - A pattern that matches a directory matches everything below it.
/// - Patterns start at the top: `photos/*.jpg`, `**/*.jpg`. A leading `/` or `./`
///   and a trailing `/` change nothing.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    patterns: Vec<Pattern>,
    /// Numbers of the patterns that are exact names, by name.
    exact: HashMap<Vec<u8>, Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Pattern {
    given: Vec<u8>,
    literal: Vec<u8>,
    /// `None` when the pattern is an exact name.
    glob: Option<GlobMatcher>,
}

impl Patterns {
    /// Reads patterns that select entries of an archive. A pattern that is not a valid
    /// glob is an exact name.
    ///
    /// # Errors
    /// None at present.
    pub fn selecting<P: AsRef<[u8]>>(patterns: &[P]) -> Result<Patterns, TreeError> {
        let patterns = patterns.iter().map(|pattern| {
            Pattern::new(pattern.as_ref()).unwrap_or_else(|| Pattern::exact(pattern.as_ref()))
        });
        Ok(Patterns::default().with(patterns))
    }

    /// Adds exact names. Each selects the entry of that name and everything below it.
    /// No character in it has a special meaning.
    pub fn and_names<P: AsRef<[u8]>>(self, names: &[P]) -> Patterns {
        self.with(names.iter().map(|name| Pattern::exact(name.as_ref())))
    }

    /// Returns the same patterns for the case that all names are known: a pattern that
    /// is the name of one of `paths`, or of a directory above one, is that exact name
    /// and not a glob. Cost: one look-up per component of each path.
    pub fn among<'p>(&self, paths: impl Iterator<Item = &'p [u8]>) -> Patterns {
        let globs = self.patterns.iter().filter(|pattern| pattern.glob.is_some());
        let mut there: HashMap<&[u8], bool> =
            globs.map(|pattern| (&pattern.literal[..], false)).collect();
        if there.is_empty() {
            return self.clone();
        }
        for path in paths {
            for name in and_above(path) {
                if let Some(found) = there.get_mut(name) {
                    *found = true;
                }
            }
        }
        let settled = self.patterns.iter().map(|pattern| match there.get(&pattern.literal[..]) {
            Some(true) => Pattern { glob: None, ..pattern.clone() },
            _ => pattern.clone(),
        });
        Patterns::default().with(settled)
    }

    /// Adds patterns.
    fn with(mut self, patterns: impl Iterator<Item = Pattern>) -> Patterns {
        for pattern in patterns {
            if pattern.glob.is_none() {
                let same = self.exact.entry(pattern.literal.clone()).or_default();
                same.push(self.patterns.len());
            }
            self.patterns.push(pattern);
        }
        self
    }

    /// Returns whether there are no patterns. An empty list matches nothing; the caller
    /// decides what that means (exclude nothing, select all).
    pub fn is_empty(&self) -> bool {
        self.patterns.len() == 0
    }

    /// Returns the number of patterns.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Returns the pattern with this number, as it was given.
    ///
    /// # Panics
    /// If `index` is not below [`Patterns::len`].
    pub fn given(&self, index: usize) -> &[u8] {
        &self.patterns[index].given
    }

    /// Returns the numbers of the patterns that match exactly this path. Cost: as
    /// [`Patterns::matching`], for one component.
    pub fn matching_here<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let named = self.exact.get(path).into_iter().flatten().copied();
        let globs = self.patterns.iter().enumerate().filter(|(_, pattern)| pattern.glob.is_some());
        named.chain(globs.filter(|(_, pattern)| pattern.matches_here(path)).map(|(index, _)| index))
    }

    /// Returns the numbers of the patterns that match the path or a directory above it.
    /// Cost: one look-up per component, and one glob match per component and pattern
    /// that is not an exact name.
    pub fn matching<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let named = and_above(path).filter_map(|name| self.exact.get(name)).flatten().copied();
        // Patterns without a glob were looked up above.
        let globs =
            move |(_, pattern): &(usize, &Pattern)| pattern.glob.is_some() && pattern.matches(path);
        named.chain(self.patterns.iter().enumerate().filter(globs).map(|(index, _)| index))
    }
}

impl Pattern {
    /// Makes a pattern from an exact name.
    fn exact(given: &[u8]) -> Pattern {
        let literal = trimmed(given).to_vec();
        Pattern { given: given.to_vec(), literal, glob: None }
    }

    /// Makes a pattern from a glob or, if it is not UTF-8, from an exact name; `None`
    /// if it is not a valid glob.
    fn new(given: &[u8]) -> Option<Pattern> {
        let literal = trimmed(given);
        let glob = std::str::from_utf8(literal).ok().map(|text| {
            let built = GlobBuilder::new(text).literal_separator(true).build();
            built.map(|glob| glob.compile_matcher()).ok()
        });
        let glob = match glob {
            Some(built) => Some(built?),
            None => None,
        };
        Some(Pattern { given: given.to_vec(), literal: literal.to_vec(), glob })
    }

    fn matches_here(&self, path: &[u8]) -> bool {
        let globbed = |glob: &GlobMatcher| glob.is_match(Path::new(OsStr::from_bytes(path)));
        path == self.literal || self.glob.as_ref().is_some_and(globbed)
    }

    fn matches(&self, path: &[u8]) -> bool {
        and_above(path).any(|name| self.matches_here(name))
    }
}

/// Returns a name without leading `/` and `./` and trailing `/`.
fn trimmed(given: &[u8]) -> &[u8] {
    let mut literal = given;
    while let Some(rest) = literal.strip_prefix(b"./").or(literal.strip_prefix(b"/")) {
        literal = rest;
    }
    while let Some(rest) = literal.strip_suffix(b"/") {
        literal = rest;
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(pattern: &str, path: &[u8]) -> bool {
        Patterns::selecting(&[pattern]).unwrap().matching(path).next().is_some()
    }

    #[test]
    fn selecting_patterns_start_at_the_top() {
        assert!(selects("photos", b"photos"));
        assert!(selects("photos/", b"photos/2019/a.jpg"));
        assert!(selects("photos/2019/**/*.txt", b"photos/2019/x/y/a.txt"));
        assert!(selects("photos/2019/**/*.txt", b"photos/2019/a.txt"));
        assert!(selects("**/*.txt", b"a.txt"));
        assert!(!selects("*.txt", b"photos/a.txt"));
        assert!(!selects("photos/*.txt", b"photos/x/a.txt"));
        assert!(!selects("photo", b"photos"));
    }

    #[test]
    fn exact_names_match_whatever_they_look_like() {
        assert!(selects("a[1].txt", b"a[1].txt"));
        let bytes = Patterns::selecting(&[b"caf\xe9"]).unwrap();
        assert!(bytes.matching(b"caf\xe9/x").next().is_some());
        assert!(selects("caf?", b"caf\xe9"));
    }

    #[test]
    fn a_broken_glob_selects_the_file_of_that_name() {
        assert!(selects("q[z", b"q[z") && selects("x{y", b"x{y/below") && !selects("q[z", b"qz"));
    }

    #[test]
    fn an_exact_name_that_is_known_matches_nothing_else() {
        let patterns = Patterns::selecting(&["a[1]", "b[1]", "a[1]/"]).unwrap();
        let matching =
            |patterns: &Patterns, path: &[u8]| patterns.matching(path).collect::<Vec<_>>();
        assert_eq!(matching(&patterns, b"a1"), [0, 2]);
        // The directory itself need not be an entry.
        let paths: [&[u8]; 3] = [b"a[1]/below", b"a1", b"b1"];
        let known = patterns.among(paths.into_iter());
        assert_eq!(matching(&known, b"a[1]/below"), [0, 2]);
        assert!(matching(&known, b"a1").is_empty());
        assert_eq!(matching(&known, b"b1"), [1]);
    }

    #[test]
    fn a_literal_name_is_no_glob() {
        let patterns = Patterns::default().and_names(&["./*/"]);
        assert!(patterns.matching(b"*/x").eq([0]) && patterns.matching(b"a").next().is_none());
    }
}
