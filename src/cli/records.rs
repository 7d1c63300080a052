//! The records that `--json` prints. docs/json.md has their fields and meaning.
//!
//! A field that is `None` is left out. Text that may not be UTF-8 has two fields, of
//! which a record has exactly one: see [`text_or_base64`].

use serde::Serialize;

use super::json::{base64, hex, text_or_base64};
use super::listing::{instant, kind_name, transform_names};
use crate::archive::GroupInfo;
use crate::codec::{codec_name, filter_name};
use crate::entry::{Content, Entry, Extent, FileDigest, Kind};

mod change;

pub use change::{DifferenceRecord, GenerationRecord};

/// A line of `list --json`.
#[derive(Debug, Default, Serialize)]
pub struct EntryRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blake3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blake3_16: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sparse_blake3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sparse_blake3_16: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extents: Option<Vec<ExtentRecord>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipe: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    major: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minor: Option<u32>,
    mode: String,
    uid: u32,
    gid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_base64: Option<String>,
    modified_seconds: i64,
    modified_nanoseconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    xattrs: Vec<XattrRecord<'a>>,
}

/// A piece of a file's data in a decode group.
#[derive(Debug, Serialize)]
pub struct ExtentRecord {
    group: u64,
    offset: u64,
    length: u64,
}

/// An extended attribute.
#[derive(Debug, Serialize)]
pub struct XattrRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_base64: Option<String>,
    value_base64: String,
}

/// A line of `info --json`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum InfoRecord {
    /// The first line.
    Archive(ArchiveRecord),
    /// The lines that follow, one for each decode group.
    Group(GroupRecord),
}

/// An archive as a whole.
#[derive(Debug, Serialize)]
pub struct ArchiveRecord {
    pub entries: usize,
    pub generation: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_seconds: Option<i64>,
    pub incomplete: bool,
    pub dead: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shards: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    pub groups: usize,
    pub size: u64,
    pub stored: u64,
    pub decode_seconds: f64,
    pub decode_memory: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intact: Option<usize>,
    pub made: u64,
    pub made_size: u64,
    pub made_of: u64,
    pub deduplicated: u64,
}

/// A decode group.
#[derive(Debug, Serialize)]
pub struct GroupRecord {
    group: u64,
    offset: u64,
    size: u64,
    stored: u64,
    codec: &'static str,
    filter: &'static str,
    model: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipped_base: Option<&'static str>,
    is_base: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_blake3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decode_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decode_memory: Option<u64>,
}

impl<'a> EntryRecord<'a> {
    /// Returns everything known of an entry.
    pub fn of(entry: &'a Entry) -> EntryRecord<'a> {
        let metadata = &entry.metadata;
        let (path, path_base64) = text_or_base64(&entry.path);
        let (user, user_base64) = text_or_base64(&metadata.user);
        let (group, group_base64) = text_or_base64(&metadata.group);
        let record = EntryRecord {
            path,
            path_base64,
            kind: kind_name(&entry.kind),
            mode: format!("{:04o}", metadata.mode),
            uid: metadata.uid,
            gid: metadata.gid,
            user,
            user_base64,
            group,
            group_base64,
            modified_seconds: metadata.modified.seconds,
            modified_nanoseconds: metadata.modified.nanoseconds,
            modified: instant(metadata.modified).map(|instant| format!("{instant:.9}")),
            xattrs: metadata.xattrs.iter().map(XattrRecord::of).collect(),
            ..EntryRecord::default()
        };
        record.with_kind(&entry.kind)
    }

    /// Adds the fields that only entries of this kind have.
    fn with_kind(self, kind: &'a Kind) -> EntryRecord<'a> {
        match kind {
            Kind::File(content) => self.with_content(content),
            Kind::Symlink { target } | Kind::HardLink { target } => {
                let (target, target_base64) = text_or_base64(target);
                EntryRecord { target, target_base64, ..self }
            }
            Kind::CharacterDevice { major, minor } | Kind::BlockDevice { major, minor } => {
                EntryRecord { major: Some(*major), minor: Some(*minor), ..self }
            }
            Kind::Directory | Kind::Fifo => self,
        }
    }

    fn with_content(self, content: &Content) -> EntryRecord<'a> {
        let (whole, short) = match &content.digest {
            FileDigest::File(digest) | FileDigest::Span(digest) => (Some(hex(digest)), None),
            FileDigest::Short(start) => (None, Some(hex(start))),
            FileDigest::Shared | FileDigest::Unknown => (None, None),
        };
        // With holes the digest is not the one of `b3sum`, so it has another name.
        let holes = content.segments.is_some();
        let (blake3, sparse_blake3) = if holes { (None, whole) } else { (whole, None) };
        let (blake3_16, sparse_blake3_16) = if holes { (None, short) } else { (short, None) };
        EntryRecord {
            size: Some(content.size),
            data: Some(content.extents.iter().map(|extent| extent.length).sum()),
            blake3,
            blake3_16,
            sparse_blake3,
            sparse_blake3_16,
            extents: Some(content.extents.iter().map(ExtentRecord::of).collect()),
            recipe: content.is_made().then(|| transform_names(&content.recipes)),
            ..self
        }
    }
}

impl ExtentRecord {
    fn of(extent: &Extent) -> ExtentRecord {
        let Extent { group, offset, length } = *extent;
        ExtentRecord { group, offset, length }
    }
}

impl<'a> XattrRecord<'a> {
    fn of((name, value): &'a (Vec<u8>, Vec<u8>)) -> XattrRecord<'a> {
        let (name, name_base64) = text_or_base64(name);
        XattrRecord { name, name_base64, value_base64: base64(value) }
    }
}

impl GroupRecord {
    /// Returns everything known of a group without decoding it. `outside` is the digest of
    /// the base that it stands for, if that is not in the archive.
    pub fn of(group: &GroupInfo, outside: Option<String>) -> GroupRecord {
        GroupRecord {
            group: group.group,
            offset: group.offset,
            size: group.raw_length,
            stored: group.stored_length,
            codec: if group.is_given { "given" } else { codec_name(group.coding.codec) },
            filter: filter_name(group.coding.filter),
            model: group.coding.model,
            base: group.base,
            shipped_base: group.shipped,
            is_base: group.is_base,
            base_blake3: outside,
            decode_seconds: group.decode_seconds,
            decode_memory: group.decode_memory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Difference, DifferenceKind, GenerationInfo};
    use crate::cli::json;
    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
    use serde_json::Value;
    use std::fmt;

    const DOCUMENT: &str = include_str!("../../docs/json.md");

    /// The fields of an object, in order.
    struct Fields(Vec<(String, Value)>);

    impl<'de> Deserialize<'de> for Fields {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
            struct Collect;
            impl<'de> Visitor<'de> for Collect {
                type Value = Fields;
                fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                    out.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                    let mut fields = Vec::new();
                    while let Some(field) = map.next_entry()? {
                        fields.push(field);
                    }
                    Ok(Fields(fields))
                }
            }
            deserializer.deserialize_map(Collect)
        }
    }

    /// Returns name and type of each field that the document lists under a heading, in
    /// order.
    fn documented(heading: &str) -> Vec<(String, String)> {
        let (_, section) = DOCUMENT.split_once(&format!("\n## {heading}\n")).expect(heading);
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.map(|row| {
            let (name, row) = row.split_once("` |").unwrap();
            (name.to_owned(), row.split('|').next().unwrap().trim().to_owned())
        })
        .collect()
    }

    /// Compares a record that has all of its fields with the document.
    fn compare(heading: &str, record: &impl Serialize) {
        let Fields(fields) = serde_json::from_str(&json::line(record)).unwrap();
        let found = fields.into_iter().map(|(name, value)| {
            let kind = match value {
                Value::String(_) => "text",
                Value::Bool(_) => "boolean",
                Value::Number(number) if number.is_f64() => "number",
                Value::Number(_) => "integer",
                Value::Array(_) => "list",
                other => panic!("{name} is {other}"),
            };
            (name, kind.to_owned())
        });
        assert_eq!(found.collect::<Vec<_>>(), documented(heading), "{heading}");
    }

    fn text() -> Option<String> {
        Some(String::new())
    }

    /// An entry with all fields, as none has.
    fn full_entry() -> EntryRecord<'static> {
        EntryRecord {
            path: Some(""),
            path_base64: text(),
            kind: "",
            size: Some(0),
            data: Some(0),
            blake3: text(),
            blake3_16: text(),
            sparse_blake3: text(),
            sparse_blake3_16: text(),
            extents: Some(Vec::new()),
            recipe: Some(Vec::new()),
            target: Some(""),
            target_base64: text(),
            major: Some(0),
            minor: Some(0),
            mode: String::new(),
            uid: 0,
            gid: 0,
            user: Some(""),
            user_base64: text(),
            group: Some(""),
            group_base64: text(),
            modified_seconds: 0,
            modified_nanoseconds: 0,
            modified: text(),
            xattrs: Vec::new(),
        }
    }

    #[test]
    fn the_document_lists_the_fields_of_list() {
        compare("Entry", &full_entry());
        compare("Extent", &ExtentRecord { group: 0, offset: 0, length: 0 });
        let (name_base64, value_base64) = (text(), String::new());
        let xattr = XattrRecord { name: Some(""), name_base64, value_base64 };
        compare("Extended attribute", &xattr);
    }

    #[test]
    fn the_document_lists_the_fields_of_info() {
        let archive = ArchiveRecord {
            entries: 0,
            generation: 2,
            date_seconds: Some(0),
            incomplete: false,
            dead: 5,
            shard: Some(1),
            shards: Some(2),
            plan: text(),
            groups: 0,
            size: 0,
            stored: 0,
            decode_seconds: 0.5,
            decode_memory: 0,
            root_hash: text(),
            intact: Some(0),
            made: 0,
            made_size: 0,
            made_of: 0,
            deduplicated: 0,
        };
        compare("Archive", &InfoRecord::Archive(archive));
        let group = GroupRecord {
            group: 0,
            offset: 0,
            size: 0,
            stored: 0,
            codec: "",
            filter: "",
            model: 0,
            base: Some(0),
            shipped_base: Some(""),
            is_base: false,
            base_blake3: text(),
            decode_seconds: Some(0.5),
            decode_memory: Some(0),
        };
        compare("Group", &InfoRecord::Group(group));
    }

    #[test]
    fn the_document_lists_the_fields_of_generations_and_differences() {
        let (number, added, root_hash) = (0, 0, [0; 32]);
        let (date, entries, dead) = (Some(0), Some(0), Some(0));
        let incomplete = false;
        let info = GenerationInfo { number, date, entries, added, dead, root_hash, incomplete };
        compare("Generation", &GenerationRecord::of(&info));
        let how = DifferenceKind::Changed(vec!["mode"]);
        let difference = Difference { path: b"a".to_vec(), how };
        let record = DifferenceRecord { path_base64: text(), ..DifferenceRecord::of(&difference) };
        compare("Difference", &record);
    }

    #[test]
    fn the_document_lists_the_kinds_of_entries() {
        let kinds = ["file", "directory", "symlink", "hard_link", "fifo"];
        for kind in kinds.iter().chain(&["character_device", "block_device"]) {
            assert!(DOCUMENT.contains(&format!("`\"{kind}\"`")), "{kind}");
        }
    }
}
