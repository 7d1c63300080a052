//! ENTRY sections but for their Entry_Table (§6.1 to §6.4), and the entries that follow
//! from all of them (§8).

use super::entries::{Entry, check_below, order, read_paths};
use super::recipes::Recipe;
use super::{Result, Section, Table, derived, digest, known, need, sum};
use std::collections::BTreeMap;

/// Numbers of State (§5.2).
const DEAD: u8 = 0;
const CONTENTS_ONLY: u8 = 2;

/// What files hold: the data of one row of Content_Table (§6.1), and of the rows that go
/// on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// First byte in the stream and length, for each row.
    pub extents: Vec<(u64, u64)>,
    pub size: u64,
    /// Offset and length of each data segment.
    pub segments: Vec<(u64, u64)>,
    pub file_digest: Option<[u8; 32]>,
    /// The span whose digest proves the content, if it has no File_Digest.
    pub span: Option<usize>,
    /// Whether there are no holes.
    is_dense: bool,
    /// How each row's part is made of others; empty if the data are the rows' bytes.
    pub recipes: Vec<Recipe>,
}

/// §6.4
pub struct Span {
    start: u64,
    length: u64,
    /// The contents of its whole rows; none for a fragment.
    whole: Vec<usize>,
    digest: Vec<u8>,
}

fn cut(stream: &[u8], start: u64, length: u64) -> &[u8] {
    &stream[start as usize..(start + length) as usize]
}

impl Content {
    /// The data of the file, holes left out.
    pub fn data(&self, stream: &[u8]) -> Vec<u8> {
        let extent = |&(start, length): &(u64, u64)| cut(stream, start, length).to_vec();
        self.extents.iter().flat_map(extent).collect()
    }

    /// §2.3, rule 4: the content_digest, of this data.
    pub fn digest(&self, data: &[u8]) -> [u8; 32] {
        let plain = digest(data);
        if self.is_dense {
            return plain;
        }
        let count = self.segments.len() as u64;
        let mut map = [self.size.to_le_bytes(), count.to_le_bytes()].concat();
        for (offset, length) in &self.segments {
            map.extend([offset.to_le_bytes(), length.to_le_bytes()].concat());
        }
        map.extend(plain);
        derived("sparse file", &map)
    }
}

impl Span {
    /// §6.4, the table of digests
    pub fn check(&self, contents: &[Content], stream: &[u8]) -> Result<()> {
        let of = |&row: &usize| contents[row].digest(&contents[row].data(stream));
        let whole = match &self.whole[..] {
            [] => digest(cut(stream, self.start, self.length)),
            [row] => of(row),
            rows => derived("small files", &rows.iter().flat_map(of).collect::<Vec<u8>>()),
        };
        need(whole.starts_with(&self.digest), "Span_Digest")
    }
}

/// A content that goes on in the next section.
struct Open {
    content: usize,
    following: u64,
    /// Paths of the files announced for it; none for one that is revoked.
    files: Vec<Option<Vec<u8>>>,
}

/// What all ENTRY sections together say.
#[derive(Default)]
pub struct Files {
    pub entries: Vec<Entry>,
    pub contents: Vec<Content>,
    pub spans: Vec<Span>,
    open: Option<Open>,
    /// Entries with the section that announces each, and its generation.
    by_path: BTreeMap<Vec<u8>, (Entry, usize, usize)>,
    /// For each section by its Sequence, the contents of its rows that may be named.
    named: BTreeMap<usize, Vec<Option<usize>>>,
    /// The generation that is read.
    generation: usize,
    /// Where the next batch begins in the stream.
    end: u64,
}

impl Files {
    /// §4.2, rules 4 and 6; §8
    pub fn of(sections: &[Section], states: &[u8]) -> Result<Files> {
        let mut files = Files::default();
        let mut rest = sections.iter().enumerate().peekable();
        while let Some((number, section)) = rest.next() {
            match section.kind {
                1 => {}
                2 => return Err("a group that no ENTRY section announces".to_owned()),
                3 => {
                    need(files.open.is_none(), "a content is open at the end of a generation")?;
                    files.generation += 1;
                    continue;
                }
                _ => continue,
            }
            if states[number] == DEAD {
                while let Some((_, group)) = rest.next_if(|(_, next)| next.kind == 2) {
                    files.end = sum(files.end, group.raw_length.into())?;
                }
                continue;
            }
            let raw = section.tables()?;
            let mut part = Part::read(&raw)?;
            need(files.generation > 0 || part.removed.is_empty(), "the first generation removes")?;
            for &length in &part.groups {
                let group = rest.next().filter(|(_, section)| section.kind == 2);
                let (_, group) = group.ok_or("a group of a batch is missing")?;
                need(u64::from(group.raw_length) == length, "Group_Length")?;
            }
            if states[number] == CONTENTS_ONLY {
                (part.entries, part.removed) = Default::default();
            }
            files.remove(&part.removed);
            files.add(part, number)?;
        }
        need(files.open.is_none(), "a content is open at the end")?;
        files.check_links()?;
        let all = std::mem::take(&mut files.by_path).into_values();
        files.entries = all.map(|(entry, ..)| entry).collect();
        check_below(&files.entries)?;
        Ok(files)
    }

    /// §8, rule 3
    fn remove(&mut self, paths: &[Vec<u8>]) {
        for path in paths {
            let goes = |entry: &Entry| {
                let rest = entry.path.strip_prefix(&path[..]);
                rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
            };
            let generation = self.generation;
            self.by_path.retain(|_, (entry, _, from)| *from == generation || !goes(entry));
        }
    }

    /// §8: the target of a hard link is what its own section announced.
    fn check_links(&self) -> Result<()> {
        for (entry, section, _) in self.by_path.values().filter(|(entry, ..)| entry.kind == 3) {
            let target = self.by_path.get(&order(&entry.target));
            need(target.is_some_and(|target| target.1 == *section), "a link without its target")?;
        }
        Ok(())
    }

    /// §6.1, Again: the content of a row of an earlier section
    fn again(&self, number: usize, back: u64, row: u64) -> Result<usize> {
        let section = usize::try_from(back).ok().and_then(|back| number.checked_sub(back));
        let rows = section.and_then(|section| self.named.get(&section)).ok_or("Sequence_Back")?;
        let content = usize::try_from(row).ok().and_then(|row| *rows.get(row)?).ok_or("Row")?;
        let goes_on = self.open.as_ref().is_some_and(|open| open.content == content);
        need(!goes_on, "a row of Form 5 names a content that has not ended")?;
        Ok(content)
    }

    fn add(&mut self, part: Part, number: usize) -> Result<()> {
        let mut contents = Vec::new();
        let from = self.open.take();
        need(from.is_none() || part.continued || part.is_between(), "no section goes on")?;
        match (from, part.continued) {
            (None, true) => return Err("continued, but nothing is open".to_owned()),
            (Some(mut open), true) => {
                self.revoke(&mut open, &part.revoked)?;
                contents.push(open.content);
                self.go_on(open, &part)?;
            }
            (from, false) => self.open = from,
        }
        let mut named: Vec<Option<usize>> = vec![None; contents.len()];
        for (row_number, row) in part.rows.iter().enumerate().skip(contents.len()) {
            if let Some((back, row)) = row.again {
                contents.push(self.again(number, back, row)?);
                named.push(None);
                continue;
            }
            named.push(Some(self.contents.len()));
            contents.push(self.contents.len());
            let following = part.following(row_number);
            let data = row.data();
            let size = row.size.unwrap_or(data + following);
            let dense = [(0, size)].into_iter().filter(|_| size > 0).collect();
            self.contents.push(Content {
                extents: Vec::new(),
                size,
                segments: row.segments.clone().unwrap_or(dense),
                file_digest: None,
                span: None,
                is_dense: row.size.is_none(),
                recipes: Vec::new(),
            });
        }
        self.named.insert(number, named);
        for (row, &content) in part.rows.iter().zip(&contents) {
            if row.again.is_some() {
                continue;
            }
            let content = &mut self.contents[content];
            content.extents.extend(row.extents(self.end)?);
            content.recipes.extend(row.recipe.as_ref().map(|recipe| recipe.at(self.end)));
            content.file_digest = row.file_digest;
        }
        for span in part.spans {
            let whole: Vec<usize> = span.whole.iter().map(|&row| contents[row]).collect();
            whole.iter().for_each(|&content| self.contents[content].span = Some(self.spans.len()));
            self.spans.push(Span { start: self.end + span.start, whole, ..span });
        }
        self.end = sum(self.end, part.groups.iter().sum())?;
        if let Some((row, following)) = part.open {
            let of_row = |entry: &&Entry| entry.content == Some(row);
            let named = part.entries.iter().filter(of_row).map(|entry| Some(entry.path.clone()));
            let files = match &mut self.open {
                Some(open) if row == 0 && part.continued => std::mem::take(&mut open.files),
                _ => named.collect(),
            };
            self.open = Some(Open { content: contents[row], following, files });
        } else if part.continued {
            self.open = None;
        }
        for mut entry in part.entries {
            entry.content = entry.content.map(|row| contents[row]);
            let announced = (entry, number, self.generation);
            let clash = self.by_path.insert(order(&announced.0.path), announced);
            let replaced = clash.is_none_or(|(.., generation)| generation < self.generation);
            need(replaced, "a path is announced twice")?;
        }
        Ok(())
    }

    /// §6.1, Revoked
    fn revoke(&mut self, open: &mut Open, numbers: &[u64]) -> Result<()> {
        for &number in numbers {
            let file = open.files.get_mut(number as usize).and_then(Option::take);
            let path = file.ok_or("Revoked")?;
            self.by_path.remove(&order(&path));
            let generation = self.generation;
            self.by_path.retain(|_, (entry, _, from)| {
                entry.kind != 3 || entry.target != path || *from < generation
            });
        }
        Ok(())
    }

    /// §6.1, Continued and open: the first row of `part`
    fn go_on(&mut self, open: Open, part: &Part) -> Result<()> {
        let row = part.rows.first().ok_or("a continued section without rows")?;
        need(row.size.is_none(), "the continued row has holes")?;
        let data = row.data();
        let rest = sum(data, part.following(0))?;
        let is_made = !self.contents[open.content].recipes.is_empty();
        let is_revoked = open.files.iter().all(Option::is_none);
        let fits = rest == open.following && is_made == row.recipe.is_some();
        need(is_revoked || fits, "Following")?;
        self.open = Some(open);
        Ok(())
    }
}

/// A row of Content_Table (§6.1).
pub struct Row {
    /// First byte in the batch.
    start: u64,
    length: u64,
    /// Back and Run_Length of Form 2 and 3.
    runs: Vec<(u64, u64)>,
    /// Size and segments of Form 1 and 3.
    size: Option<u64>,
    segments: Option<Vec<(u64, u64)>>,
    /// The recipe of Form 4.
    recipe: Option<Recipe>,
    /// Sequence_Back and Row of Form 5.
    again: Option<(u64, u64)>,
    file_digest: Option<[u8; 32]>,
}

impl Row {
    /// §6.1: Data
    fn data(&self) -> u64 {
        match &self.recipe {
            Some(recipe) => recipe.size(),
            None if self.runs.is_empty() => self.length,
            None => self.runs.iter().map(|run| run.1).sum(),
        }
    }

    /// §6.2: where the data lie in the stream, of which the batch begins at `batch`
    fn extents(&self, batch: u64) -> Result<Vec<(u64, u64)>> {
        if self.runs.is_empty() {
            return Ok(vec![(batch + self.start, self.length)]);
        }
        let mut own = batch + self.start;
        let mut extents = Vec::new();
        for &(back, length) in &self.runs {
            let start = if back == 0 { own } else { batch.checked_sub(back).ok_or("Back")? };
            own += if back == 0 { length } else { 0 };
            extents.push((start, length));
        }
        Ok(extents)
    }
}

/// §6. Contents of entries and spans are row numbers, starts of spans lie in the batch.
pub struct Part {
    pub continued: bool,
    /// Open_Row and Following.
    open: Option<(usize, u64)>,
    revoked: Vec<u64>,
    /// The paths of Removed_Table.
    removed: Vec<Vec<u8>>,
    /// All lengths of groups, the last one too.
    groups: Vec<u64>,
    pub rows: Vec<Row>,
    spans: Vec<Span>,
    pub entries: Vec<Entry>,
}

impl Part {
    fn read(raw: &[u8]) -> Result<Part> {
        let mut table = Table(raw);
        let flags = table.varint()?;
        known(flags < 8, || format!("Part_Flags {flags:#x}"))?;
        let count = table.within(0..=4096, "Groups")?;
        let mut groups = table.varints((count as usize).saturating_sub(1))?;
        let continued = flags & 1 != 0;
        let open = match flags & 2 != 0 {
            true => Some((table.varint()? as usize, table.within(1..=u64::MAX, "Following")?)),
            false => None,
        };
        let mut revoked = Vec::new();
        if continued {
            let count = table.count()?;
            revoked = table.varints(count)?;
            need(revoked.is_sorted_by(|one, next| one < next), "Revoked")?;
        }
        let mut removed = Vec::new();
        if flags & 4 != 0 {
            // §6.6
            let count = table.count()?;
            need(count > 0, "Removed_Count")?;
            removed = read_paths(&mut table, count)?;
        }
        let (join, rows) = read_rows(&mut table, continued, open)?;
        need(open.is_none_or(|(row, _)| row < rows.len()), "Open_Row")?;
        need(!continued || !rows.is_empty(), "a continued section without rows")?;
        // §6.1: the last group has what the others leave.
        let batch = rows.last().map_or(0, |row| row.start + row.length);
        let others = groups.iter().try_fold(0, |all, &length| sum(all, length))?;
        need(groups.iter().all(|&length| length != 0), "Group_Length")?;
        match count {
            0 => need(batch == 0, "data without groups")?,
            _ => {
                need(others < batch, "the last group is empty")?;
                groups.push(batch - others);
            }
        }
        let (spans, entries) = (Vec::new(), Vec::new());
        let mut part = Part { continued, open, revoked, removed, groups, rows, spans, entries };
        part.read_digests(&mut table, join)?;
        part.read_entries(&mut table)?;
        table.end()?;
        Ok(part)
    }

    /// Whether the section may stand between an open one and the one that goes on.
    fn is_between(&self) -> bool {
        self.groups.is_empty() && !self.continued && self.open.is_none()
    }

    fn following(&self, row: usize) -> u64 {
        self.open.filter(|open| open.0 == row).map_or(0, |open| open.1)
    }

    fn is_continued(&self, row: usize) -> bool {
        self.continued && row == 0
    }

    /// §6.4: columns 9 and 10 of Content_Table
    fn read_digests(&mut self, table: &mut Table, join: u64) -> Result<()> {
        self.spans = self.spans(join);
        for span in &mut self.spans {
            let length = if span.length < 65_536 { 16 } else { 32 };
            span.digest = table.bytes(length)?.to_vec();
        }
        for row in 0..self.rows.len() {
            let is_whole = self.spans.iter().any(|span| span.whole.contains(&row));
            let has_recipe = self.rows[row].recipe.is_some();
            let is_other = has_recipe || !self.rows[row].runs.is_empty();
            let is_empty = self.rows[row].length == 0 && !is_other && !self.is_continued(row);
            if self.following(row) == 0 && !is_whole && !is_empty {
                let digest = table.bytes(32)?.try_into().expect("32 bytes");
                self.rows[row].file_digest = Some(digest);
            }
        }
        Ok(())
    }

    /// §6.4: the spans, without digests
    fn spans(&self, join: u64) -> Vec<Span> {
        let (mut spans, mut start) = (Vec::<Span>::new(), 0);
        for length in &self.groups {
            let end = start + length;
            // Whether the last span takes another small row.
            let mut gathers = false;
            for (number, row) in self.rows.iter().enumerate() {
                let (from, to) = (row.start.max(start), (row.start + row.length).min(end));
                if from >= to {
                    continue;
                }
                let is_whole = to - from == row.length
                    && row.runs.is_empty()
                    && !self.is_continued(number)
                    && self.following(number) == 0;
                let is_small = is_whole && row.length < join;
                match spans.last_mut() {
                    Some(last) if is_small && gathers => {
                        last.length += row.length;
                        last.whole.push(number);
                    }
                    _ => {
                        let whole = is_whole.then_some(number).into_iter().collect();
                        let digest = Vec::new();
                        spans.push(Span { start: from, length: to - from, whole, digest });
                    }
                }
                gathers = is_small && spans.last().is_some_and(|last| last.length < join);
            }
            start = end;
        }
        spans
    }
}

/// §6.1, columns 1 to 8: Join and the rows
fn read_rows(
    table: &mut Table,
    continued: bool,
    open: Option<(usize, u64)>,
) -> Result<(u64, Vec<Row>)> {
    let count = table.count()?;
    let join = if count > 0 { table.within(1..=65_536, "Join")? } else { 1 };
    let forms = table.bytes(count as u64)?;
    let goes_on = |row| (continued && row == 0) || open.is_some_and(|open| open.0 == row);
    for (row, form) in forms.iter().enumerate() {
        need(*form != 5 || !goes_on(row), "a content of another section goes on")?;
        known(*form <= 5, || format!("Form {form}"))?;
    }
    let (mut rows, mut start) = (Vec::new(), 0);
    let with_length = forms.iter().filter(|form| **form < 4).count();
    let mut lengths = table.differences(with_length)?.into_iter();
    for &form in forms {
        let length = if form >= 4 { 0 } else { lengths.next().expect("as many as counted") };
        let end = sum(start, length)?;
        let (runs, size, segments, recipe, again, file_digest) = Default::default();
        rows.push(Row { start, length, runs, size, segments, recipe, again, file_digest });
        start = end;
    }
    for number in (0..count).filter(|&row| matches!(forms[row], 2 | 3)) {
        let (count, mut own, mut all) = (table.count()?, 0, 0);
        need(count > 0, "Run_Count")?;
        for _ in 0..count {
            let (back, length) = (table.varint()?, table.within(1..=u64::MAX, "Run_Length")?);
            need(back == 0 || back >= length, "a run that ends within the batch")?;
            all = sum(all, length)?;
            own += if back == 0 { length } else { 0 };
            rows[number].runs.push((back, length));
        }
        need(own == rows[number].length, "runs and Length differ")?;
    }
    for number in (0..count).filter(|&row| matches!(forms[row], 1 | 3)) {
        let following = open.filter(|open| open.0 == number).map_or(0, |open| open.1);
        let (size, count) = (table.varint()?, table.count()?);
        let (mut segments, mut end, mut data) = (Vec::new(), 0, 0);
        for segment in 0..count {
            let (gap, length) = (table.varint()?, table.varint()?);
            need(length > 0 && (gap > 0 || segment == 0), "a data segment")?;
            let offset = sum(end, gap)?;
            (end, data) = (sum(offset, length)?, data + length);
            segments.push((offset, length));
        }
        need(end <= size && data < size, "no hole, or a segment beyond Size")?;
        need(data == sum(rows[number].data(), following)?, "segments and data differ")?;
        rows[number].size = Some(size);
        rows[number].segments = Some(segments);
    }
    let streams: Vec<Option<(u64, u64)>> = (0..count)
        .map(|row| (forms[row] == 0 && !goes_on(row)).then(|| (rows[row].start, rows[row].length)))
        .collect();
    for row in (0..count).filter(|&row| forms[row] == 4) {
        need(start <= 1 << 26, "a batch with recipes of more than 2^26 bytes")?;
        rows[row].recipe = Some(Recipe::read(table, &streams)?);
    }
    for row in (0..count).filter(|&row| forms[row] == 5) {
        rows[row].again = Some((table.within(1..=u64::MAX, "Sequence_Back")?, table.varint()?));
    }
    if let Some((row, following)) = open {
        let row = rows.get(row).ok_or("Open_Row")?;
        sum(row.data(), following)?;
    }
    Ok((join, rows))
}
