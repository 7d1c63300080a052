//! Names of users and groups.
//!
//! Read from `/etc/passwd` and `/etc/group` once, by our own hand: `getpwuid`
//! is not reachable without unsafe code, and a file is all an archiver needs.
//! Users known only to a directory service travel by number.

use std::collections::HashMap;

/// Both tables of this system.
#[derive(Debug, Default)]
pub(super) struct Owners {
    pub(super) users: Table,
    pub(super) groups: Table,
}

impl Owners {
    /// Reads the tables; a missing file is an empty table.
    pub(super) fn of_this_system() -> Owners {
        let table = |path| Table::parse(&std::fs::read(path).unwrap_or_default());
        Owners { users: table("/etc/passwd"), groups: table("/etc/group") }
    }
}

/// Names and numbers of users, or of groups.
#[derive(Debug, Default)]
pub(super) struct Table {
    names: HashMap<u32, Vec<u8>>,
    numbers: HashMap<Vec<u8>, u32>,
}

impl Table {
    /// Parses `name:password:number:…` lines; others are ignored. The first
    /// line wins where a name or number comes twice, as in the C library.
    fn parse(text: &[u8]) -> Table {
        let mut table = Table::default();
        for line in text.split(|&byte| byte == b'\n') {
            let mut fields = line.split(|&byte| byte == b':');
            let (name, _, number) = (fields.next(), fields.next(), fields.next());
            let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
            if let (Some(name @ [_, ..]), Some(number)) = (name, number) {
                table.names.entry(number).or_insert_with(|| name.to_vec());
                table.numbers.entry(name.to_vec()).or_insert(number);
            }
        }
        table
    }

    /// Name of a number, empty when unknown.
    pub(super) fn name(&self, number: u32) -> Vec<u8> {
        self.names.get(&number).cloned().unwrap_or_default()
    }

    /// Number of a name.
    pub(super) fn number(&self, name: &[u8]) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_found() {
        let text = b"root:x:0:0:root:/root:/bin/sh\n# comment\nwww:x:33:\nroot2:x:0:\n+::::\n";
        let table = Table::parse(text);
        assert_eq!(table.name(0), b"root");
        assert_eq!(table.name(1), b"");
        assert_eq!(table.number(b"www"), Some(33));
        assert_eq!(table.number(b"root2"), Some(0));
        assert_eq!(table.number(b"nobody"), None);
    }
}
