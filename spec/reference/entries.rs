//! Entry_Table (§6.5).

use super::contents::Part;
use super::{Result, Table, known, need};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    pub uid: u64,
    pub gid: u64,
    pub user: Vec<u8>,
    pub group: Vec<u8>,
}

/// A row of Entry_Table (§6.5), extra columns left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub path: Vec<u8>,
    pub kind: u8,
    pub mode: u64,
    pub owner: Owner,
    pub seconds: i64,
    pub nanoseconds: u64,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Text of a symbolic link, path of a hard link's target.
    pub target: Vec<u8>,
    /// Major and Minor.
    pub device: (u64, u64),
    /// For a file, which of the contents of the archive is its own.
    pub content: Option<usize>,
}

/// §2.4: bytes that are ordered as paths are
pub fn order(path: &[u8]) -> Vec<u8> {
    path.iter().map(|&byte| if byte == b'/' { 0 } else { byte }).collect()
}

fn check_path(path: &[u8]) -> Result<()> {
    let safe = |part: &[u8]| !matches!(part, b"" | b"." | b"..") && !part.contains(&0);
    need(path.split(|&byte| byte == b'/').all(safe), "unsafe path")
}

/// §6.5: nothing lies below an entry that is not a directory. `entries` are ordered.
pub fn check_below(entries: &[Entry]) -> Result<()> {
    let mut above: Vec<&Entry> = Vec::new();
    for entry in entries {
        let lies_in = |one: &Entry| {
            let rest = entry.path.strip_prefix(&one.path[..]);
            rest.is_some_and(|rest| rest.starts_with(b"/"))
        };
        while above.last().is_some_and(|last| !lies_in(last)) {
            above.pop();
        }
        need(above.iter().all(|one| one.kind == 1), "an entry below one that is no directory")?;
        above.push(entry);
    }
    Ok(())
}

/// Numbers count from 0 in the order of their first use, and each is used.
fn check_use(numbers: impl Iterator<Item = u64>, count: usize, what: &str) -> Result<()> {
    let mut next = 0;
    for number in numbers {
        need(number <= next, what)?;
        next += u64::from(number == next);
    }
    need(next == count as u64, what)
}

fn check_different<T: Ord>(rows: &[T], what: &str) -> Result<()> {
    let all: std::collections::BTreeSet<&T> = rows.iter().collect();
    need(all.len() == rows.len(), what)
}

const U32: std::ops::RangeInclusive<u64> = 0..=u32::MAX as u64;

/// A row of the classes (§6.5, column 7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    kind: u8,
    mode: u64,
    owner: u64,
    set: u64,
}

impl Part {
    /// §6.5
    pub fn read_entries(&mut self, table: &mut Table) -> Result<()> {
        let count = table.count()?;
        if count == 0 {
            return Ok(());
        }
        let paths = read_paths(table, count)?;
        let owners = read_owners(table)?;
        let sets = read_sets(table)?;
        let classes = read_classes(table, owners.len(), sets.len())?;
        let rows = table.varints(count)?;
        check_use(rows.iter().copied(), classes.len(), "Class")?;
        for (path, row) in paths.into_iter().zip(rows) {
            let class = classes[row as usize];
            let owner = owners[class.owner as usize].clone();
            let owner = Owner { uid: owner.0, gid: owner.1, user: owner.2, group: owner.3 };
            let xattrs = match class.set {
                0 => Vec::new(),
                set => sets[set as usize - 1].clone(),
            };
            let Class { kind, mode, .. } = class;
            self.entries.push(Entry { path, kind, mode, owner, xattrs, ..Entry::default() });
        }
        let (seconds, nanoseconds) = read_times(table, count)?;
        for (entry, (seconds, nanoseconds)) in
            self.entries.iter_mut().zip(seconds.into_iter().zip(nanoseconds))
        {
            (entry.seconds, entry.nanoseconds) = (seconds, nanoseconds);
        }
        self.read_kinds(table)?;
        check_below(&self.entries)?;
        read_extras(table, count)
    }

    /// §6.5, columns 11 to 14
    fn read_kinds(&mut self, table: &mut Table) -> Result<()> {
        let mut next = 0i64;
        for entry in self.entries.iter_mut().filter(|entry| entry.kind == 0) {
            let row = next.checked_add(table.signed()?).and_then(|row| usize::try_from(row).ok());
            let row = row.filter(|&row| row < self.rows.len()).ok_or("Content")?;
            need(!(self.continued && row == 0), "Content is the continued row")?;
            entry.content = Some(row);
            next = row as i64 + 1;
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.kind == 2) {
            entry.target = table.counted()?;
            need(!entry.target.is_empty() && !entry.target.contains(&0), "Target")?;
        }
        for row in 0..self.entries.len() {
            if self.entries[row].kind == 3 {
                let back = table.within(1..=row as u64, "Link")?;
                let target = &self.entries[row - back as usize];
                need(!matches!(target.kind, 1 | 3), "Link")?;
                self.entries[row].target = target.path.clone();
            }
        }
        for entry in self.entries.iter_mut().filter(|entry| matches!(entry.kind, 5 | 6)) {
            entry.device = (table.within(U32, "Major")?, table.within(U32, "Minor")?);
        }
        Ok(())
    }
}

/// §6.5, columns 2 to 4
pub fn read_paths(table: &mut Table, count: usize) -> Result<Vec<Vec<u8>>> {
    let (shared, suffixes) = (table.varints(count)?, table.varints(count)?);
    let mut paths: Vec<Vec<u8>> = Vec::new();
    for (&shared, &suffix) in shared.iter().zip(&suffixes) {
        let before = paths.last().cloned().unwrap_or_default();
        need(shared <= before.len() as u64, "Shared")?;
        let (same, other) = before.split_at(shared as usize);
        let suffix = table.bytes(suffix)?;
        let is_most = other.is_empty() || other.first() != suffix.first();
        need(is_most, "Shared is not the most there are")?;
        let path = [same, suffix].concat();
        check_path(&path)?;
        need(paths.is_empty() || order(&before) < order(&path), "paths are not in order")?;
        paths.push(path);
    }
    Ok(paths)
}

type OwnerRow = (u64, u64, Vec<u8>, Vec<u8>);

fn read_owners(table: &mut Table) -> Result<Vec<OwnerRow>> {
    let mut owners = Vec::new();
    for _ in 0..table.count()? {
        let (uid, gid) = (table.within(U32, "Uid")?, table.within(U32, "Gid")?);
        owners.push((uid, gid, table.counted()?, table.counted()?));
    }
    check_different(&owners, "equal owners")?;
    Ok(owners)
}

type Set = Vec<(Vec<u8>, Vec<u8>)>;

fn read_sets(table: &mut Table) -> Result<Vec<Set>> {
    let mut sets = Vec::new();
    for _ in 0..table.count()? {
        let mut set = Set::new();
        let count = table.count()?;
        need(count > 0, "Attribute_Count")?;
        for _ in 0..count {
            let (name, value) = (table.counted()?, table.counted()?);
            need(!name.is_empty() && !name.contains(&0), "Name")?;
            need(set.last().is_none_or(|last| last.0 < name), "names do not ascend")?;
            set.push((name, value));
        }
        sets.push(set);
    }
    check_different(&sets, "equal sets")?;
    Ok(sets)
}

fn read_classes(table: &mut Table, owners: usize, sets: usize) -> Result<Vec<Class>> {
    let count = table.count()?;
    let kinds = table.bytes(count as u64)?;
    kinds.iter().try_for_each(|kind| known(*kind <= 6, || format!("Kind {kind}")))?;
    let columns = [table.varints(count)?, table.varints(count)?, table.varints(count)?];
    let class = |row: usize| {
        let [mode, owner, set] = [0, 1, 2].map(|column: usize| columns[column][row]);
        Class { kind: kinds[row], mode, owner, set }
    };
    let classes: Vec<Class> = (0..count).map(class).collect();
    need(classes.iter().all(|class| class.mode <= 0o7777), "Mode")?;
    check_use(classes.iter().map(|class| class.owner), owners, "Class_Owner")?;
    let sets_used = classes.iter().filter(|class| class.set > 0).map(|class| class.set - 1);
    check_use(sets_used, sets, "Class_Set")?;
    check_different(&classes, "equal classes")?;
    Ok(classes)
}

/// §6.5, columns 9 and 10
fn read_times(table: &mut Table, count: usize) -> Result<(Vec<i64>, Vec<u64>)> {
    let seconds = table.differences(count)?.into_iter().map(|value| value as i64).collect();
    let (mut nanoseconds, mut before) = (Vec::new(), 0);
    for _ in 0..count {
        before = (before + table.within(0..=999_999_999, "Nanoseconds")?) % 1_000_000_000;
        nanoseconds.push(before);
    }
    Ok((seconds, nanoseconds))
}

/// §6.5, column 15: known columns are checked, none is given out.
fn read_extras(table: &mut Table, rows: usize) -> Result<()> {
    let mut last = 0;
    for _ in 0..table.within(0..=16, "Extra_Count")? {
        let id = table.within(last + 1..=u64::MAX, "Extra_Id")?;
        last = id;
        let extra = table.counted()?;
        let mut extra = Table(&extra);
        match id {
            2 => {
                let mut born = 0;
                for _ in 0..rows {
                    born += usize::from(extra.flag()?);
                }
                read_times(&mut extra, born)?;
                extra.end()?;
            }
            4 => {
                for _ in 0..rows {
                    extra.within(U32, "inode flags")?;
                }
                extra.end()?;
            }
            id => known(id % 2 == 0, || format!("Extra_Id {id}"))?,
        }
    }
    Ok(())
}
