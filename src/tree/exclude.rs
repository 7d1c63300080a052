//! The names that a walk leaves out: the rules of `.gitignore` files.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::TreeError;
use super::names::{and_above, split_last};

/// Patterns of names to leave out. They are read like the lines of a `.gitignore` file
/// at the top of the archived names.
///
/// - `*` and `?` stay within a component, `**` crosses components, `[a-z]` and `{a,b}`
///   work as in a shell; `\` makes the next character literal.
/// - A pattern without a `/` matches at any depth; one with a `/` in front or in
///   the middle starts at the top. A leading `./` is a leading `/`.
/// - A pattern with a trailing `/` matches directories only.
/// - A pattern with a leading `!` includes again what an earlier pattern excludes. The
///   last pattern that matches decides.
/// - If a directory is left out, so is everything below it: nothing below it is read or
///   can be included again.
/// - A pattern that is the exact name of something matches it, whatever characters it
///   has. A pattern that is not UTF-8 is an exact name and nothing else.
#[derive(Clone, Debug)]
pub struct Excludes {
    patterns: Vec<Pattern>,
    /// All patterns that are UTF-8, as globs and as exact names.
    rules: Gitignore,
    /// Number of the last pattern with a rule of this text.
    numbers: HashMap<String, usize>,
    /// Patterns that are not UTF-8, with their numbers.
    names: Vec<(usize, Name)>,
}

/// A pattern, and whether it has matched yet.
#[derive(Clone, Debug)]
struct Pattern {
    given: Vec<u8>,
    /// Its own rules; none if it is not UTF-8.
    rules: Gitignore,
    matched: bool,
}

/// A name that no glob can express.
#[derive(Clone, Debug)]
struct Name {
    name: Vec<u8>,
    includes: bool,
    only_directories: bool,
    any_depth: bool,
}

impl Default for Excludes {
    /// Leaves nothing out.
    fn default() -> Self {
        let (rules, numbers) = (Gitignore::empty(), HashMap::new());
        Excludes { patterns: Vec::new(), rules, numbers, names: Vec::new() }
    }
}

impl Excludes {
    /// Reads patterns. A leading `#` has no meaning: comments are for whoever reads the
    /// lines of a file.
    ///
    /// # Errors
    /// [`TreeError::Pattern`] if a pattern is not a valid glob, or names nothing.
    pub fn new<P: AsRef<[u8]>>(patterns: &[P]) -> Result<Excludes, TreeError> {
        let mut excludes = Excludes::default();
        let mut all = builder();
        for (number, given) in patterns.iter().map(AsRef::as_ref).enumerate() {
            let mut alone = builder();
            match std::str::from_utf8(given) {
                Ok(text) => {
                    for line in lines(text) {
                        for rules in [&mut all, &mut alone] {
                            rules.add_line(None, &line).map_err(|error| fault(given, &error))?;
                        }
                        excludes.numbers.insert(line, number);
                    }
                }
                Err(_) => excludes.names.push((number, Name::new(given))),
            }
            let rules = alone.build().map_err(|error| fault(given, &error))?;
            if rules.is_empty() && std::str::from_utf8(given).is_ok() {
                return Err(fault(given, &"it contains no name"));
            }
            excludes.patterns.push(Pattern { given: given.to_vec(), rules, matched: false });
        }
        excludes.rules = all.build().map_err(|error| fault(b"", &error))?;
        Ok(excludes)
    }

    /// Returns whether to leave out this name, provided that nothing above it is left
    /// out. Records which patterns match it. Cost: one look-up among all globs; if one
    /// matches, another for each pattern that never matched before.
    pub fn excludes(&mut self, name: &[u8], is_directory: bool) -> bool {
        let path = Path::new(OsStr::from_bytes(name));
        let rule = self.rules.matched(path, is_directory);
        let by_rule = rule.inner().map(|glob| (self.numbers[glob.original()], rule.is_ignore()));
        let named = self.names.iter().rev().find(|(_, known)| known.is(name, is_directory));
        let by_name = named.map(|(number, known)| (*number, !known.includes));
        let Some((_, excluded)) = by_rule.max(by_name) else { return false };
        for (number, known) in &self.names {
            self.patterns[*number].matched |= known.is(name, is_directory);
        }
        for pattern in self.patterns.iter_mut().filter(|pattern| !pattern.matched) {
            pattern.matched = !pattern.rules.matched(path, is_directory).is_none();
        }
        excluded
    }

    /// Returns whether to leave out this name, or a directory above it.
    pub fn excludes_or_above(&mut self, name: &[u8], is_directory: bool) -> bool {
        and_above(name).any(|part| self.excludes(part, is_directory || part.len() < name.len()))
    }

    /// Returns the patterns that matched nothing so far, as they were given.
    pub fn unmatched(&self) -> impl Iterator<Item = &[u8]> {
        self.patterns.iter().filter(|pattern| !pattern.matched).map(|pattern| &pattern.given[..])
    }
}

fn builder() -> GitignoreBuilder {
    let mut builder = GitignoreBuilder::new("");
    // A forgotten bracket is a mistake that must be reported.
    builder.allow_unclosed_class(false);
    builder
}

fn fault(given: &[u8], cause: &dyn std::fmt::Display) -> TreeError {
    let pattern = String::from_utf8_lossy(given).into_owned();
    TreeError::Pattern { pattern, cause: cause.to_string() }
}

/// Returns the lines of a `.gitignore` file that a pattern stands for: the pattern
/// itself, and the exact name with every character literal.
fn lines(pattern: &str) -> impl Iterator<Item = String> {
    let (sign, rest) = match pattern.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", pattern),
    };
    let (mut slash, mut rest) = ("", rest);
    while let Some(below) = rest.strip_prefix("./") {
        (slash, rest) = ("/", below);
    }
    let mark = if sign.is_empty() && slash.is_empty() && rest.starts_with('#') { "\\" } else { "" };
    let glob = format!("{sign}{slash}{mark}{rest}");
    let exact = format!("{sign}{slash}{mark}{}", escaped(rest));
    let differs = exact != glob;
    [Some(glob), Some(exact).filter(|_| differs)].into_iter().flatten()
}

/// Returns a glob that matches exactly this text.
fn escaped(text: &str) -> String {
    let named = text.trim_end_matches('/');
    let spaces = named.len() - named.trim_end_matches(' ').len();
    let mut glob = String::new();
    for (at, character) in text.char_indices() {
        let trailing_space = character == ' ' && at >= named.len() - spaces;
        if trailing_space || "*?[]{}\\".contains(character) {
            glob.push('\\');
        }
        glob.push(character);
    }
    glob
}

impl Name {
    fn new(given: &[u8]) -> Name {
        let (includes, rest) = match given.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, given),
        };
        let (mut tied, mut name) = (false, rest);
        while let Some(below) = name.strip_prefix(b"./").or(name.strip_prefix(b"/")) {
            (tied, name) = (true, below);
        }
        let only_directories = name.ends_with(b"/");
        let name = name.strip_suffix(b"/").unwrap_or(name).to_vec();
        let any_depth = !tied && !name.contains(&b'/');
        Name { name, includes, only_directories, any_depth }
    }

    fn is(&self, name: &[u8], is_directory: bool) -> bool {
        let subject = if self.any_depth { split_last(name).1 } else { name };
        subject == self.name && (is_directory || !self.only_directories)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether patterns leave out a name; one with a trailing `/` is a directory.
    fn leaves_out(patterns: &[&str], name: &str) -> bool {
        let mut excludes = Excludes::new(patterns).unwrap();
        let path = name.trim_end_matches('/');
        excludes.excludes_or_above(path.as_bytes(), path.len() < name.len())
    }

    #[test]
    fn a_pattern_without_a_slash_matches_at_any_depth() {
        assert!(leaves_out(&["*.o"], "a/b/c.o") && leaves_out(&["*.o"], "c.o"));
        assert!(leaves_out(&["target"], "a/target/debug/x"));
        assert!(!leaves_out(&["/target"], "a/target") && leaves_out(&["/target"], "target/x"));
        assert!(!leaves_out(&["./target"], "a/target") && leaves_out(&["./target"], "target/x"));
        assert!(leaves_out(&["a/*.o"], "a/x.o") && !leaves_out(&["a/*.o"], "b/a/x.o"));
        assert!(!leaves_out(&["a/*.o"], "a/b/x.o") && leaves_out(&["a/**/*.o"], "a/b/x.o"));
    }

    #[test]
    fn a_trailing_slash_matches_directories_only() {
        assert!(leaves_out(&["build/"], "x/build/") && !leaves_out(&["build/"], "x/build"));
        assert!(leaves_out(&["build/"], "build/below"));
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        assert!(!leaves_out(&["*.log", "!keep.log"], "d/keep.log"));
        assert!(leaves_out(&["*.log", "!keep.log"], "d/other.log"));
        assert!(leaves_out(&["!keep.log", "*.log"], "d/keep.log"));
        assert!(leaves_out(&["*.log", "!keep.log", "*.log"], "d/keep.log"));
        assert!(leaves_out(&["d/", "!d/keep.log"], "d/keep.log"), "nothing below comes back");
        assert!(!leaves_out(&["d/*", "!d/keep.log"], "d/keep.log"));
    }

    #[test]
    fn an_exact_name_matches_whatever_it_looks_like() {
        for name in ["a[1].txt", "#x#", "x ", "{a,b}", "b\\c", "*"] {
            assert!(leaves_out(&[name], name), "{name}");
            assert!(leaves_out(&[name], &format!("d/{name}")), "{name}");
            assert!(leaves_out(&[&format!("{name}/")], &format!("{name}/")), "{name}");
            assert!(!leaves_out(&[name, &format!("!{name}")], name), "{name}");
        }
        assert!(leaves_out(&["\\!x"], "!x") && leaves_out(&["a[1].txt"], "a1.txt"));
    }

    #[test]
    fn a_name_that_is_not_text_matches_exactly() {
        let mut excludes = Excludes::new(&[b"caf\xe9/", b"!no\xe9".as_slice(), b"/t\xe9"]).unwrap();
        assert!(excludes.excludes(b"d/caf\xe9", true) && !excludes.excludes(b"d/caf\xe9", false));
        assert!(excludes.excludes(b"t\xe9", false) && !excludes.excludes(b"d/t\xe9", false));
        assert!(excludes.unmatched().eq([b"!no\xe9"]));
        let mut again = Excludes::new(&[b"*".as_slice(), b"!no\xe9"]).unwrap();
        assert!(again.excludes(b"x\xe9", false) && !again.excludes(b"no\xe9", false));
    }

    #[test]
    fn what_never_matched_is_known() {
        let mut excludes = Excludes::new(&["*.o", "a.o", "!b.o", "c.o/", "nothing"]).unwrap();
        assert!(excludes.excludes(b"a.o", false) && !excludes.excludes(b"b.o", false));
        assert!(excludes.excludes(b"c.o", false));
        assert!(excludes.unmatched().eq([&b"c.o/"[..], b"nothing"]));
    }

    #[test]
    fn a_pattern_that_is_no_glob_or_names_nothing_is_refused() {
        for wrong in ["a[b", "{a", "", "!", "/", "a\\"] {
            let error = Excludes::new(&["fine", wrong]).map(drop).unwrap_err().to_string();
            assert!(error.contains(wrong.trim_end_matches('\\')), "{error}");
        }
    }
}
