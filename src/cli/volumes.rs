//! Volumes that a shell names one by one: `list photos.pear.*` is `list photos.pear.001`.
//!
//! Behind an argument that is read as an archive and has the number of a volume, files of the
//! same name with other numbers are its other volumes, and are left out. An entry that has
//! such a name is meant if the archive is named without a number.

use clap::{ArgAction, Command, CommandFactory};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::args::Arguments;
use crate::archive::Volumes;

/// Commands whose archive is written, not read.
const WRITERS: [&str; 2] = ["create", "import"];

/// Names of the arguments that are archives to read.
const ARCHIVES: [&str; 3] = ["archive", "archives", "other"];

/// Returns the arguments of the process without those that name further volumes of an archive.
pub fn without_volumes(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let root = Arguments::command();
    let mut kept: Vec<OsString> = Vec::new();
    let mut command = None;
    // The archive before, and how many arguments without a name there were.
    let (mut archive, mut place) = (None::<OsString>, 0);
    let (mut is_value, mut ended) = (true, false);
    for argument in arguments {
        // The first is the name of the program.
        let positional = !is_value && (ended || !is_option(&argument));
        let known = command.unwrap_or(&root);
        is_value = !is_value && !positional && takes_value(&argument, known, &root);
        ended = ended || (argument == "--" && !positional);
        if positional && command.is_none() {
            command = root.find_subcommand(&argument);
        } else if positional {
            if archive.as_ref().is_some_and(|archive| is_volume_of(&argument, archive)) {
                continue;
            }
            archive = is_archive(known, place).then(|| argument.clone());
            place += 1;
        }
        kept.push(argument);
    }
    kept
}

fn is_option(argument: &OsStr) -> bool {
    argument.as_bytes().starts_with(b"-") && argument != "-"
}

/// Returns whether the argument behind an option is its value.
fn takes_value(option: &OsStr, command: &Command, root: &Command) -> bool {
    let all = || command.get_arguments().chain(root.get_arguments());
    let takes =
        |argument: &clap::Arg| matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let text = option.to_string_lossy();
    if let Some(name) = text.strip_prefix("--") {
        return all().any(|one| one.get_long() == Some(name) && takes(one));
    }
    // Of several letters, one that takes a value takes those behind it.
    let letters: Vec<char> = text.chars().skip(1).collect();
    let valued = |letter: char| all().any(|one| one.get_short() == Some(letter) && takes(one));
    letters.iter().position(|&letter| valued(letter)).is_some_and(|at| at + 1 == letters.len())
}

/// Returns whether the argument without a name at this place is an archive that is read.
fn is_archive(command: &Command, place: usize) -> bool {
    let names: Vec<&str> =
        command.get_positionals().map(|argument| argument.get_id().as_str()).collect();
    let name = names.get(place).or(names.last());
    !WRITERS.contains(&command.get_name()) && name.is_some_and(|name| ARCHIVES.contains(name))
}

/// Returns whether an argument is a file that has the name of an archive with another number.
fn is_volume_of(argument: &OsStr, archive: &OsStr) -> bool {
    let (path, archive) = (Path::new(argument), Path::new(archive));
    let name = Volumes::without_number(path);
    name != path && archive != name && Volumes::without_number(archive) == name && path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_behind_an_archive_are_left_out_and_nothing_else() {
        let at = tempfile::tempdir().unwrap();
        for name in ["a.001", "a.002", "a.003", "b.001", "b.002", "a"] {
            std::fs::write(at.path().join(name), "").unwrap();
        }
        let here = at.path().to_str().unwrap().to_owned() + "/";
        let kept = |line: &str| {
            let words = line.split(' ').map(|word| word.replace('@', &here).into());
            let kept = without_volumes(words);
            let kept = kept.iter().map(|word| word.to_str().unwrap().replace(&here, "@"));
            kept.collect::<Vec<_>>().join(" ")
        };
        for (given, expected) in [
            ("p list @a.001 @a.002 @a.003 x", "p list @a.001 x"),
            ("p --color never ls -l @a.002 @a.001", "p --color never ls -l @a.002"),
            ("p extract -vC @a.001 @a.001 @a.002", "p extract -vC @a.001 @a.001"),
            ("p x -C@a.001 @a.001 @a.002", "p x -C@a.001 @a.001"),
            ("p cat -- @a.001 @a.002 @b.002", "p cat -- @a.001 @b.002"),
            ("p merge o @a.001 @a.002 @b.001 @b.002", "p merge o @a.001 @b.001"),
            ("p diff @a.001 @a.002 @b.001 @b.002", "p diff @a.001 @b.001"),
            ("p update @a.001 @a.002 @b.001 @b.002", "p update @a.001 @b.001 @b.002"),
            // What is no file, no volume, or behind an archive without a number.
            ("p list @a.001 @a.004 @a.002", "p list @a.001 @a.004 @a.002"),
            ("p list @a @a.001 @a.002", "p list @a @a.001 @a.002"),
            ("p create @a.001 @a.002", "p create @a.001 @a.002"),
            ("p create @c --base @a.001 @a.002 @a.003", "p create @c --base @a.001 @a.002 @a.003"),
            ("p nonsense @a.001 @a.002", "p nonsense @a.001 @a.002"),
            ("p", "p"),
        ] {
            assert_eq!(kept(given), expected);
        }
    }
}
