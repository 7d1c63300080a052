//! ENTRY sections and what they announce (container.md §6).

use super::{Table, Value, derived, digest};

/// The holes of a file: its size, and offset and length of each data segment.
pub type Map = (u64, Vec<(u64, u64)>);

/// Returns the content_digest of a file with this data.
pub fn content_digest(data: &[u8], map: Option<&Map>) -> [u8; 32] {
    let Some((size, segments)) = map else { return digest(data) };
    let mut bytes = [size.to_le_bytes(), (segments.len() as u64).to_le_bytes()].concat();
    for (offset, length) in segments {
        bytes.extend([offset.to_le_bytes(), length.to_le_bytes()].concat());
    }
    bytes.extend(digest(data));
    derived("sparse file", &bytes)
}

/// A step of a recipe. An input is Source, Offset or Step_Back, and Input_Length.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub transform: u64,
    pub flags: u64,
    pub output: u64,
    pub parameters: Vec<u8>,
    pub inputs: Vec<[u64; 3]>,
}

/// A row of Content_Table of Form 0, of Form 2 if there are runs, of 1 more if there is a map,
/// of Form 4 if there are steps, of Form 5 if there is `again`.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub length: u64,
    pub map: Option<Map>,
    /// File_Digest of the content that goes on in this row, and ends in it, or is made.
    pub ends: Option<[u8; 32]>,
    pub steps: Vec<Step>,
    /// Back and Run_Length.
    pub runs: Vec<(u64, u64)>,
    /// Sequence_Back and Row.
    pub again: Option<(u64, u64)>,
}

impl Row {
    /// A row that names the content of another.
    pub fn again(back: u64, row: u64) -> Row {
        Row { again: Some((back, row)), ..Row::default() }
    }

    fn form(&self) -> u8 {
        match (self.again, &self.steps[..]) {
            (Some(_), _) => 5,
            (None, []) => u8::from(self.map.is_some()) + if self.runs.is_empty() { 0 } else { 2 },
            _ => 4,
        }
    }

    pub fn of(length: usize) -> Row {
        Row { length: length as u64, ..Row::default() }
    }

    /// A row of these runs, of a file with this content.
    pub fn in_runs(runs: &[(u64, u64)], content: &[u8]) -> Row {
        let own = runs.iter().filter(|run| run.0 == 0).map(|run| run.1).sum();
        let (runs, ends) = (runs.to_vec(), Some(digest(content)));
        Row { length: own, runs, ends, ..Row::default() }
    }

    /// A row that is made by these steps, of this content.
    pub fn made(steps: Vec<Step>, content: &[u8]) -> Row {
        Row { ends: Some(digest(content)), steps, ..Row::default() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file with the content of a row.
    File(usize),
    Directory,
    Symlink(&'static [u8]),
    /// A link to an entry this number of rows before.
    HardLink(u64),
    Fifo,
    Character(u64, u64),
    Block(u64, u64),
}

/// A row of Entry_Table.
#[derive(Clone, Debug)]
pub struct Item {
    pub path: Vec<u8>,
    pub kind: Kind,
    pub mode: u64,
    pub owner: (u64, u64, &'static [u8], &'static [u8]),
    pub time: (i64, u64),
    pub set: Vec<(&'static [u8], &'static [u8])>,
}

impl Item {
    pub fn new(path: impl AsRef<[u8]>, kind: Kind) -> Item {
        let path = path.as_ref().to_vec();
        Item { path, kind, mode: 0o644, owner: (0, 0, b"", b""), time: (0, 0), set: Vec::new() }
    }
}

/// What one ENTRY section announces, and the bytes of its groups.
#[derive(Clone, Debug)]
pub struct Batch {
    pub groups: Vec<Vec<u8>>,
    pub join: u64,
    pub rows: Vec<Row>,
    /// Open_Row and Following.
    pub open: Option<(u64, u64)>,
    /// The revoked files, if the section is continued.
    pub revoked: Option<Vec<u64>>,
    /// Paths of Removed_Table.
    pub removed: Vec<&'static str>,
    pub items: Vec<Item>,
    /// Extra_Id and column.
    pub extras: Vec<(u64, Vec<u8>)>,
}

impl Default for Batch {
    fn default() -> Batch {
        Batch {
            groups: Vec::new(),
            join: 8192,
            rows: Vec::new(),
            open: None,
            revoked: None,
            removed: Vec::new(),
            items: Vec::new(),
            extras: Vec::new(),
        }
    }
}

impl Batch {
    /// Makes a batch of one group that holds these files, which are in the order of
    /// their paths.
    pub fn of_files(files: &[(&str, &[u8])]) -> Batch {
        let item = |(row, (path, _)): (usize, &(&str, &[u8]))| Item::new(path, Kind::File(row));
        let raw: Vec<u8> = files.iter().flat_map(|(_, content)| content.to_vec()).collect();
        Batch {
            groups: if raw.is_empty() { Vec::new() } else { vec![raw] },
            rows: files.iter().map(|(_, content)| Row::of(content.len())).collect(),
            items: files.iter().enumerate().map(item).collect(),
            ..Batch::default()
        }
    }

    /// Makes a batch of entries that need no data.
    pub fn of_items(items: Vec<Item>) -> Batch {
        Batch { items, ..Batch::default() }
    }

    /// Returns the tables of the ENTRY section.
    pub fn table(&self) -> Table {
        let mut table = Table::default();
        let flags = u64::from(self.revoked.is_some()) | u64::from(self.open.is_some()) << 1;
        let flags = flags | u64::from(!self.removed.is_empty()) << 2;
        table.varint("Part_Flags", flags);
        table.varint("Groups", self.groups.len() as u64);
        for group in self.groups.iter().rev().skip(1).rev() {
            table.varint("Group_Length", group.len() as u64);
        }
        if let Some((row, following)) = self.open {
            table.varint("Open_Row", row);
            table.varint("Following", following);
        }
        if let Some(revoked) = &self.revoked {
            table.varint("Revoked_Count", revoked.len() as u64);
            revoked.iter().for_each(|&number| table.varint("Revoked", number));
        }
        if !self.removed.is_empty() {
            table.varint("Removed_Count", self.removed.len() as u64);
            put_paths(
                &mut table,
                &self.removed.iter().map(|path| path.as_bytes()).collect::<Vec<_>>(),
            );
        }
        self.put_contents(&mut table);
        self.put_entries(&mut table);
        table
    }

    fn put_contents(&self, table: &mut Table) {
        table.varint("Content_Count", self.rows.len() as u64);
        if !self.rows.is_empty() {
            table.varint("Join", self.join);
        }
        self.rows.iter().for_each(|row| table.byte("Form", row.form()));
        let with_length = self.rows.iter().filter(|row| row.form() < 4);
        table.differences("Length", with_length.map(|row| row.length));
        for runs in self.rows.iter().map(|row| &row.runs).filter(|runs| !runs.is_empty()) {
            table.varint("Run_Count", runs.len() as u64);
            for (back, length) in runs {
                table.varint("Back", *back);
                table.varint("Run_Length", *length);
            }
        }
        for (size, segments) in self.rows.iter().filter_map(|row| row.map.as_ref()) {
            table.varint("Size", *size);
            table.varint("Segment_Count", segments.len() as u64);
            let mut end = 0;
            for (offset, length) in segments {
                table.varint("Gap", offset.wrapping_sub(end));
                table.varint("Segment_Length", *length);
                end = offset.wrapping_add(*length);
            }
        }
        self.rows.iter().filter(|row| !row.steps.is_empty()).for_each(|row| put_recipe(table, row));
        for (back, row) in self.rows.iter().filter_map(|row| row.again) {
            table.varint("Sequence_Back", back);
            table.varint("Row", row);
        }
        self.put_digests(table);
    }

    /// Writes the digests of all spans, then those of files.
    fn put_digests(&self, table: &mut Table) {
        let data = self.groups.concat();
        // First and last byte of each row and group.
        let ranges = |lengths: Vec<usize>| {
            let mut end = 0;
            let range = move |length| {
                end += length;
                end - length..end
            };
            lengths.into_iter().map(range).collect::<Vec<_>>()
        };
        let rows = ranges(self.rows.iter().map(|row| row.length as usize).collect());
        let mut is_proved = vec![false; rows.len()];
        for group in ranges(self.groups.iter().map(Vec::len).collect()) {
            // Digests and bytes of the small rows that wait for more.
            let (mut small, mut waiting) = (Vec::new(), 0);
            let mut put = |digest: [u8; 32], bytes: usize| {
                let kept = if bytes < 65_536 { 16 } else { 32 };
                table.put("Span_Digest", Value::Raw(digest[..kept].to_vec()));
            };
            let together = |small: &mut Vec<[u8; 32]>| match &std::mem::take(small)[..] {
                [one] => *one,
                several => derived("small files", &several.concat()),
            };
            for (number, row) in rows.iter().enumerate() {
                let part = row.start.max(group.start)..row.end.min(group.end);
                if part.is_empty() {
                    continue;
                }
                let is_cut = part != *row
                    || !self.rows[number].runs.is_empty()
                    || (number == 0 && self.revoked.is_some())
                    || self.open.is_some_and(|open| open.0 == number as u64);
                let bytes = &data[part];
                is_proved[number] = !is_cut;
                if is_cut || bytes.len() as u64 >= self.join {
                    if waiting > 0 {
                        put(together(&mut small), std::mem::take(&mut waiting));
                    }
                    let map = self.rows[number].map.as_ref().filter(|_| !is_cut);
                    put(content_digest(bytes, map), bytes.len());
                } else {
                    small.push(content_digest(bytes, self.rows[number].map.as_ref()));
                    waiting += bytes.len();
                    if waiting as u64 >= self.join {
                        put(together(&mut small), std::mem::take(&mut waiting));
                    }
                }
            }
            if waiting > 0 {
                put(together(&mut small), waiting);
            }
        }
        for (number, row) in self.rows.iter().enumerate() {
            let is_continued = number == 0 && self.revoked.is_some();
            let is_open = self.open.is_some_and(|open| open.0 == number as u64);
            let has_data = row.length > 0 || !row.steps.is_empty() || !row.runs.is_empty();
            let is_empty = !has_data && !is_continued;
            if is_open || is_proved[number] || is_empty {
                continue;
            }
            let own = || content_digest(&data[rows[number].clone()], row.map.as_ref());
            table.put("File_Digest", Value::Raw(row.ends.unwrap_or_else(own).to_vec()));
        }
    }

    fn put_entries(&self, table: &mut Table) {
        table.varint("Entry_Count", self.items.len() as u64);
        if self.items.is_empty() {
            return;
        }
        put_paths(table, &self.items.iter().map(|item| &item.path[..]).collect::<Vec<_>>());
        self.put_classes(table);
        table.differences("Seconds", self.items.iter().map(|item| item.time.0 as u64));
        let mut before = 0;
        for item in &self.items {
            table.varint("Nanoseconds", (1_000_000_000 + item.time.1 - before) % 1_000_000_000);
            before = item.time.1;
        }
        self.put_kinds(table);
        table.varint("Extra_Count", self.extras.len() as u64);
        for (id, column) in &self.extras {
            table.varint("Extra_Id", *id);
            table.counted("Extra", column);
        }
    }

    fn put_classes(&self, table: &mut Table) {
        let (mut owners, mut sets, mut classes) = (Vec::new(), Vec::new(), Vec::new());
        let mut rows = Vec::new();
        for item in &self.items {
            let owner = number_of(&mut owners, item.owner);
            let set = match &item.set[..] {
                [] => 0,
                set => number_of(&mut sets, set.to_vec()) + 1,
            };
            rows.push(number_of(&mut classes, (item.kind_number(), item.mode, owner, set)));
        }
        table.varint("Owner_Count", owners.len() as u64);
        for (uid, gid, user, group) in owners {
            table.varint("Uid", uid);
            table.varint("Gid", gid);
            table.counted("User", user);
            table.counted("Group", group);
        }
        table.varint("Set_Count", sets.len() as u64);
        for set in sets {
            table.varint("Attribute_Count", set.len() as u64);
            for (name, value) in set {
                table.counted("Name", name);
                table.counted("Value", value);
            }
        }
        table.varint("Class_Count", classes.len() as u64);
        classes.iter().for_each(|class| table.byte("Kind", class.0));
        classes.iter().for_each(|class| table.varint("Mode", class.1));
        classes.iter().for_each(|class| table.varint("Class_Owner", class.2));
        classes.iter().for_each(|class| table.varint("Class_Set", class.3));
        rows.into_iter().for_each(|row| table.varint("Class", row));
    }

    fn put_kinds(&self, table: &mut Table) {
        let mut next = 0;
        for item in &self.items {
            if let Kind::File(row) = item.kind {
                table.put("Content", Value::Signed(row as i64 - next));
                next = row as i64 + 1;
            }
        }
        for item in &self.items {
            if let Kind::Symlink(target) = item.kind {
                table.counted("Target", target);
            }
        }
        for item in &self.items {
            if let Kind::HardLink(back) = item.kind {
                table.varint("Link", back);
            }
        }
        for item in &self.items {
            if let Kind::Character(major, minor) | Kind::Block(major, minor) = item.kind {
                table.varint("Major", major);
                table.varint("Minor", minor);
            }
        }
    }
}

impl Item {
    fn kind_number(&self) -> u8 {
        match self.kind {
            Kind::File(_) => 0,
            Kind::Directory => 1,
            Kind::Symlink(_) => 2,
            Kind::HardLink(_) => 3,
            Kind::Fifo => 4,
            Kind::Character(..) => 5,
            Kind::Block(..) => 6,
        }
    }
}

/// Writes Shared, Suffix_Length and the suffixes of paths.
fn put_paths(table: &mut Table, paths: &[&[u8]]) {
    let mut before: &[u8] = b"";
    let mut shared = Vec::new();
    for path in paths {
        shared.push(before.iter().zip(*path).take_while(|(one, two)| one == two).count());
        before = path;
    }
    let suffixes: Vec<&[u8]> =
        paths.iter().zip(&shared).map(|(path, &shared)| &path[shared..]).collect();
    shared.iter().for_each(|&shared| table.varint("Shared", shared as u64));
    suffixes.iter().for_each(|suffix| table.varint("Suffix_Length", suffix.len() as u64));
    suffixes.iter().for_each(|suffix| table.put("Suffix", Value::Raw(suffix.to_vec())));
}

/// Writes the recipe of a row.
fn put_recipe(table: &mut Table, row: &Row) {
    let visible = row.steps.iter().filter(|step| step.flags & 1 == 0);
    table.varint("Output_Length", visible.map(|step| step.output).sum());
    table.varint("Step_Count", row.steps.len() as u64);
    for step in &row.steps {
        table.varint("Transform", step.transform);
        table.varint("Step_Flags", step.flags);
        table.varint("Output", step.output);
        table.counted("Parameters", &step.parameters);
        table.varint("Input_Count", step.inputs.len() as u64);
        for [source, place, length] in &step.inputs {
            table.varint("Source", *source);
            table.varint("Place", *place);
            table.varint("Input_Length", *length);
        }
    }
}

/// Returns the number of a value in the order of first use.
fn number_of<T: PartialEq>(all: &mut Vec<T>, value: T) -> u64 {
    let number = all.iter().position(|one| *one == value).unwrap_or_else(|| {
        all.push(value);
        all.len() - 1
    });
    number as u64
}
