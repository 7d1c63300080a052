//! Which names are meant: globs for excluding and selecting.

use globset::{GlobBuilder, GlobMatcher};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::TreeError;

/// A list of glob patterns over archive paths.
///
/// - `*` and `?` stay within a component, `**` crosses them, `[a-z]` and
///   `{a,b}` as in a shell.
/// - A pattern that is the exact name of something always matches it, so names
///   with glob characters, or that are not UTF-8, can be given as they are.
/// - What matches a directory matches everything below it.
/// - Excluding patterns without a `/` match at any depth (`*.o`); selecting
///   ones start at the top, as `photos/*.jpg` does.
/// - A leading `/` or `./` ties a pattern to the top; a trailing `/` is
///   dropped.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug)]
struct Pattern {
    given: Vec<u8>,
    literal: Vec<u8>,
    /// Matches a single component at any depth.
    floating: bool,
    /// `None` when the pattern is not UTF-8: then only the exact name matches.
    glob: Option<GlobMatcher>,
}

impl Patterns {
    /// Patterns for leaving files out.
    ///
    /// # Errors
    /// [`TreeError::Pattern`] if one is no glob.
    pub fn excluding<P: AsRef<[u8]>>(patterns: &[P]) -> Result<Patterns, TreeError> {
        Patterns::new(patterns, true)
    }

    /// Patterns for choosing entries of an archive.
    ///
    /// # Errors
    /// [`TreeError::Pattern`] if one is no glob.
    pub fn selecting<P: AsRef<[u8]>>(patterns: &[P]) -> Result<Patterns, TreeError> {
        Patterns::new(patterns, false)
    }

    fn new<P: AsRef<[u8]>>(patterns: &[P], floats: bool) -> Result<Patterns, TreeError> {
        let patterns: Result<_, _> =
            patterns.iter().map(|pattern| Pattern::new(pattern.as_ref(), floats)).collect();
        Ok(Patterns { patterns: patterns? })
    }

    /// Whether there are none. An empty list matches nothing; what that means
    /// (exclude nothing, select all) is the caller's to say.
    pub fn is_empty(&self) -> bool {
        self.patterns.len() == 0
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// The pattern with this number, as it was given.
    ///
    /// # Panics
    /// If `index` is not below [`Patterns::len`].
    pub fn given(&self, index: usize) -> &[u8] {
        &self.patterns[index].given
    }

    /// Whether any pattern matches this very path (not a directory above it).
    /// A walk that prunes matching directories needs no more.
    pub fn matches_here(&self, path: &[u8]) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches_here(path))
    }

    /// Numbers of the patterns that match the path or a directory above it.
    /// Cost: one glob match per pattern and component.
    pub fn matching<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let numbered = self.patterns.iter().enumerate();
        numbered.filter(|(_, pattern)| pattern.matches(path)).map(|(index, _)| index)
    }
}

impl Pattern {
    fn new(given: &[u8], floats: bool) -> Result<Pattern, TreeError> {
        let tied = given.starts_with(b"/") || given.starts_with(b"./");
        let mut literal = given;
        while let Some(rest) = literal.strip_prefix(b"./").or(literal.strip_prefix(b"/")) {
            literal = rest;
        }
        while let Some(rest) = literal.strip_suffix(b"/") {
            literal = rest;
        }
        let floating = floats && !tied && !literal.contains(&b'/');
        let glob = std::str::from_utf8(literal).ok().map(|text| {
            let built = GlobBuilder::new(text).literal_separator(true).build();
            built.map(|glob| glob.compile_matcher()).map_err(|error| TreeError::Pattern {
                pattern: String::from_utf8_lossy(given).into_owned(),
                cause: error.kind().to_string(),
            })
        });
        let (given, literal) = (given.to_vec(), literal.to_vec());
        Ok(Pattern { given, literal, floating, glob: glob.transpose()? })
    }

    fn matches_here(&self, path: &[u8]) -> bool {
        let subject = if self.floating { super::names::split_last(path).1 } else { path };
        let globbed = |glob: &GlobMatcher| glob.is_match(Path::new(OsStr::from_bytes(subject)));
        subject == self.literal || self.glob.as_ref().is_some_and(globbed)
    }

    fn matches(&self, path: &[u8]) -> bool {
        let ends = path.iter().enumerate().filter(|&(_, &byte)| byte == b'/').map(|(at, _)| at);
        ends.chain([path.len()]).any(|end| self.matches_here(&path[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selects(pattern: &str, path: &[u8]) -> bool {
        Patterns::selecting(&[pattern]).unwrap().matching(path).next().is_some()
    }

    fn excludes(pattern: &str, path: &[u8]) -> bool {
        Patterns::excluding(&[pattern]).unwrap().matching(path).next().is_some()
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
    fn excluding_patterns_without_slash_match_anywhere() {
        assert!(excludes("*.o", b"a/b/c.o"));
        assert!(excludes("target", b"a/target/debug/x"));
        assert!(!excludes("/target", b"a/target"));
        assert!(excludes("/target", b"target/x"));
        assert!(excludes("a/*.o", b"a/x.o"));
        assert!(!excludes("a/*.o", b"b/a/x.o"));
    }

    #[test]
    fn exact_names_match_whatever_they_look_like() {
        assert!(selects("a[1].txt", b"a[1].txt"));
        let bytes = Patterns::selecting(&[b"caf\xe9"]).unwrap();
        assert!(bytes.matching(b"caf\xe9/x").next().is_some());
        assert!(selects("caf?", b"caf\xe9"));
    }

    #[test]
    fn a_broken_glob_is_named() {
        let error = Patterns::selecting(&["a[b"]).unwrap_err();
        assert!(error.to_string().contains("a[b"), "{error}");
    }
}
