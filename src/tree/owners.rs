//! Names of users and groups, as the system knows them.
//!
//! The C library is asked first, because it knows directory services too. Names that it
//! does not find (a statically linked one may find none) are looked up in `/etc/passwd`
//! and `/etc/group`.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, PoisonError};

/// Both tables of this system.
#[derive(Debug)]
pub(super) struct Owners {
    pub(super) users: Table,
    pub(super) groups: Table,
}

impl Owners {
    /// Reads the files; a missing file counts as empty.
    pub(super) fn of_this_system() -> Owners {
        let users = System {
            name: |number| Some(uzers::get_user_by_uid(number)?.name().as_bytes().to_vec()),
            number: |name| Some(uzers::get_user_by_name(name)?.uid()),
        };
        let groups = System {
            name: |number| Some(uzers::get_group_by_gid(number)?.name().as_bytes().to_vec()),
            number: |name| Some(uzers::get_group_by_name(name)?.gid()),
        };
        let lines = |path| Lines::parse(&std::fs::read(path).unwrap_or_default());
        Owners {
            users: Table::new(users, lines("/etc/passwd")),
            groups: Table::new(groups, lines("/etc/group")),
        }
    }
}

/// A question for the C library.
#[derive(Debug)]
struct System {
    name: fn(u32) -> Option<Vec<u8>>,
    number: fn(&OsStr) -> Option<u32>,
}

/// Names and numbers of users, or of groups. Each question is asked only once, because
/// a directory service may take milliseconds to answer.
#[derive(Debug)]
pub(super) struct Table {
    system: System,
    lines: Lines,
    asked: Mutex<Asked>,
}

/// The answers so far.
#[derive(Debug, Default)]
struct Asked {
    names: HashMap<u32, Arc<[u8]>>,
    numbers: HashMap<Vec<u8>, Option<u32>>,
}

impl Table {
    fn new(system: System, lines: Lines) -> Table {
        Table { system, lines, asked: Mutex::default() }
    }

    /// Returns the name of a number, empty if unknown.
    pub(super) fn name(&self, number: u32) -> Arc<[u8]> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = || (self.system.name)(number).or_else(|| self.lines.names.get(&number).cloned());
        asked.names.entry(number).or_insert_with(|| ask().unwrap_or_default().into()).clone()
    }

    /// Returns the number of a name.
    pub(super) fn number(&self, name: &[u8]) -> Option<u32> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&number) = asked.numbers.get(name) {
            return number;
        }
        let number = (self.system.number)(OsStr::from_bytes(name));
        let number = number.or_else(|| self.lines.numbers.get(name).copied());
        asked.numbers.insert(name.to_vec(), number);
        number
    }
}

/// The contents of a file.
#[derive(Debug, Default)]
struct Lines {
    names: HashMap<u32, Vec<u8>>,
    numbers: HashMap<Vec<u8>, u32>,
}

impl Lines {
    /// Parses `name:password:number:…` lines; other lines are ignored. If a name or
    /// number occurs twice, the first line counts, as in the C library.
    fn parse(text: &[u8]) -> Lines {
        let mut lines = Lines::default();
        for line in text.split(|&byte| byte == b'\n') {
            let mut fields = line.split(|&byte| byte == b':');
            let (name, _, number) = (fields.next(), fields.next(), fields.next());
            let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            if let (Some(name @ [_, ..]), Some(number)) = (name, number) {
                lines.names.entry(number).or_insert_with(|| name.to_vec());
                lines.numbers.entry(name.to_vec()).or_insert(number);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_does_not_know_is_looked_up_in_the_file() {
        let text = b"root:x:0:0:root:/root:/bin/sh\n# comment\nwww:x:33:\nroot2:x:0:\n+::::\n";
        let system = System {
            name: |number| (number == 1000).then(|| b"directory".to_vec()),
            number: |name| (name == "directory").then_some(1000),
        };
        let table = Table::new(system, Lines::parse(text));
        for _ in 0..2 {
            assert_eq!(*table.name(0), *b"root");
            assert_eq!(*table.name(1), *b"");
            assert_eq!(*table.name(1000), *b"directory");
            assert_eq!(table.number(b"www"), Some(33));
            assert_eq!(table.number(b"root2"), Some(0));
            assert_eq!(table.number(b"directory"), Some(1000));
            assert_eq!(table.number(b"nobody\0"), None);
        }
    }

    #[test]
    fn the_system_knows_root() {
        let owners = Owners::of_this_system();
        assert_eq!((&*owners.users.name(0), owners.users.number(b"root")), (&b"root"[..], Some(0)));
        assert_eq!(owners.groups.number(&owners.groups.name(0)), Some(0));
        assert_eq!(owners.users.number(b"no such\0user"), None);
    }
}
