//! Owners, attribute sets and classes: what entries share. Normative text:
//! spec/container.md §6.5.

use super::columns::Columns;
use super::{ContainerError, Limits};
use crate::bytes::{put_bytes, put_varint};
use crate::entry::{Common, Content, Entry, Kind, Metadata, Timestamp};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

/// Minimum bytes of an owner, a set and a class.
pub(super) const MINIMUM: [u64; 3] = [4, 3, 4];

/// Uid, gid, user, group.
type Owner<N> = (u32, u32, N, N);

/// Names and values.
type Set<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Kind, mode, owner, and one more than the set, or 0.
type Class = (u8, u32, u64, u64);

/// Numbers distinct values in the order of their first use.
struct Numbers<T> {
    values: Vec<T>,
    known: HashMap<T, u64>,
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn new() -> Self {
        Numbers { values: Vec::new(), known: HashMap::new() }
    }

    fn of(&mut self, value: T) -> u64 {
        if let Some(&number) = self.known.get(&value) {
            return number;
        }
        let number = self.values.len() as u64;
        self.values.push(value.clone());
        self.known.insert(value, number);
        number
    }
}

/// Appends owners, sets, classes and the class of each entry.
pub(super) fn encode(out: &mut Vec<u8>, entries: &[Entry]) {
    let mut owners: Numbers<Owner<&[u8]>> = Numbers::new();
    let mut sets: Numbers<&[(Vec<u8>, Vec<u8>)]> = Numbers::new();
    let mut classes: Numbers<Class> = Numbers::new();
    let mut column = Vec::with_capacity(entries.len());
    for Entry { metadata, kind, .. } in entries {
        let owner =
            owners.of((metadata.uid, metadata.gid, &metadata.user[..], &metadata.group[..]));
        let set = match metadata.xattrs.is_empty() {
            true => 0,
            false => sets.of(&metadata.xattrs[..]) + 1,
        };
        column.push(classes.of((kind_number(kind), metadata.mode, owner, set)));
    }
    put_varint(out, owners.values.len() as u64);
    for (uid, gid, user, group) in owners.values {
        put_varint(out, u64::from(uid));
        put_varint(out, u64::from(gid));
        put_bytes(out, user);
        put_bytes(out, group);
    }
    put_varint(out, sets.values.len() as u64);
    for set in sets.values {
        put_varint(out, set.len() as u64);
        for (name, value) in set {
            put_bytes(out, name);
            put_bytes(out, value);
        }
    }
    put_varint(out, classes.values.len() as u64);
    out.extend(classes.values.iter().map(|class| class.0));
    classes.values.iter().for_each(|class| put_varint(out, u64::from(class.1)));
    classes.values.iter().for_each(|class| put_varint(out, class.2));
    classes.values.iter().for_each(|class| put_varint(out, class.3));
    column.into_iter().for_each(|number| put_varint(out, number));
}

/// What entries share.
pub(super) struct Shared {
    /// The kind of each class, and what its entries have in common.
    classes: Vec<(u8, Arc<Common>)>,
}

/// Reads owners, sets and classes.
pub(super) fn decode_owners_and_sets(
    columns: &mut Columns,
    limits: &Limits,
) -> Result<Shared, ContainerError> {
    let owners = decode_owners(columns, limits)?;
    let sets = decode_sets(columns, limits)?;
    let classes = decode_classes(columns, limits)?;
    let owner_numbers = classes.iter().map(|class| class.2);
    check_order(columns, owner_numbers, owners.len(), "owners are not in the order of their use")?;
    let set_numbers = classes.iter().filter_map(|class| class.3.checked_sub(1));
    check_order(columns, set_numbers, sets.len(), "sets are not in the order of their use")?;
    let common = |(kind, mode, owner, set): Class| {
        let (uid, gid, user, group) = owners[owner as usize].clone();
        let set = set.checked_sub(1).map_or(&[][..], |set| &sets[set as usize]);
        let xattrs = set.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        (kind, Arc::new(Common { mode, uid, gid, user, group, xattrs }))
    };
    Ok(Shared { classes: classes.into_iter().map(common).collect() })
}

fn decode_owners(
    columns: &mut Columns,
    limits: &Limits,
) -> Result<Vec<Owner<Arc<[u8]>>>, ContainerError> {
    let count = columns.count("entries", limits.entries, MINIMUM[0])?;
    let mut owners: Vec<Owner<&[u8]>> = Vec::with_capacity(count);
    for _ in 0..count {
        let (uid, gid) = (columns.varint_u32()?, columns.varint_u32()?);
        let user = columns.bytes("owner name", limits.path_length)?;
        owners.push((uid, gid, user, columns.bytes("owner name", limits.path_length)?));
    }
    check_distinct(columns, &owners, "an owner is listed twice")?;
    let owned = |(uid, gid, user, group): Owner<&[u8]>| (uid, gid, user.into(), group.into());
    Ok(owners.into_iter().map(owned).collect())
}

fn decode_sets<'a>(
    columns: &mut Columns<'a>,
    limits: &Limits,
) -> Result<Vec<Set<'a>>, ContainerError> {
    let count = columns.count("entries", limits.entries, MINIMUM[1])?;
    let mut sets = Vec::with_capacity(count);
    for row in 0..count {
        let (mut left, mut set) = (limits.xattr_bytes, Set::new());
        let attributes = columns.count("extended attributes", limits.extents, 2)?;
        for _ in 0..attributes {
            let name = columns.bytes("extended attributes", left)?;
            left -= name.len() as u64;
            let value = columns.bytes("extended attributes", left)?;
            left -= value.len() as u64;
            let after = set.last().is_none_or(|(before, _)| *before < name);
            if name.is_empty() || name.contains(&0) || !after {
                return Err(columns.invalid(row, "attribute names are empty or out of order"));
            }
            set.push((name, value));
        }
        if set.is_empty() {
            return Err(columns.invalid(row, "a set of attributes is empty"));
        }
        sets.push(set);
    }
    check_distinct(columns, &sets, "a set of attributes is listed twice")?;
    Ok(sets)
}

fn decode_classes(columns: &mut Columns, limits: &Limits) -> Result<Vec<Class>, ContainerError> {
    let count = columns.count("entries", limits.entries, MINIMUM[2])?;
    let kinds = columns.take(count as u64)?;
    let mut classes: Vec<Class> = kinds.iter().map(|&kind| (kind, 0, 0, 0)).collect();
    for (row, class) in classes.iter_mut().enumerate() {
        class.1 = columns.varint_u32()?;
        if class.1 > 0o7777 {
            return Err(columns.invalid(row, "Mode has more than twelve bits"));
        }
    }
    for class in &mut classes {
        class.2 = columns.varint()?;
    }
    for class in &mut classes {
        class.3 = columns.varint()?;
    }
    check_distinct(columns, &classes, "a class is listed twice")?;
    Ok(classes)
}

/// Reads the class of each entry.
pub(super) fn decode_column(
    columns: &mut Columns,
    classes: usize,
    count: usize,
) -> Result<Vec<u64>, ContainerError> {
    let numbers = columns.varints(count)?;
    let cause = "classes are not in the order of their use";
    check_order(columns, numbers.iter().copied(), classes, cause)?;
    Ok(numbers)
}

/// Checks that numbers below `count` come in the order of their first use, and all of them.
fn check_order(
    columns: &Columns,
    numbers: impl Iterator<Item = u64>,
    count: usize,
    cause: &'static str,
) -> Result<(), ContainerError> {
    let mut used = 0;
    for number in numbers {
        if number > used || number >= count as u64 {
            return Err(columns.invalid(0, cause));
        }
        used = used.max(number + 1);
    }
    if used == count as u64 { Ok(()) } else { Err(columns.invalid(0, cause)) }
}

fn check_distinct<T: Eq + Hash>(
    columns: &Columns,
    values: &[T],
    cause: &'static str,
) -> Result<(), ContainerError> {
    let distinct = values.iter().collect::<HashSet<_>>().len();
    if distinct == values.len() { Ok(()) } else { Err(columns.invalid(0, cause)) }
}

impl Shared {
    /// Returns the number of classes.
    pub fn count(&self) -> usize {
        self.classes.len()
    }

    /// Returns the kind, its fields empty, and the metadata of an entry of a class, without
    /// times.
    pub fn unfold(&self, class: u64) -> Result<(Kind, Metadata), ContainerError> {
        let (kind, common) = &self.classes[class as usize];
        let metadata = Metadata { modified: Timestamp::default(), common: Arc::clone(common) };
        Ok((empty_kind(*kind)?, metadata))
    }
}

pub(super) fn kind_number(kind: &Kind) -> u8 {
    match kind {
        Kind::File(_) => 0,
        Kind::Directory => 1,
        Kind::Symlink { .. } => 2,
        Kind::HardLink { .. } => 3,
        Kind::Fifo => 4,
        Kind::CharacterDevice { .. } => 5,
        Kind::BlockDevice { .. } => 6,
    }
}

/// Returns a kind by its number, with its fields not yet read.
fn empty_kind(number: u8) -> Result<Kind, ContainerError> {
    Ok(match number {
        0 => Kind::File(Content::default()),
        1 => Kind::Directory,
        2 => Kind::Symlink { target: Vec::new() },
        3 => Kind::HardLink { target: Vec::new() },
        4 => Kind::Fifo,
        5 => Kind::CharacterDevice { major: 0, minor: 0 },
        6 => Kind::BlockDevice { major: 0, minor: 0 },
        _ => {
            let structure = "an unknown Kind";
            return Err(ContainerError::UnsupportedPart { structure, number: number.into() });
        }
    })
}
