//! Entries as `list` prints them.

use jiff::tz::TimeZone;

use super::json;
use super::records::EntryRecord;
use crate::archive::transforms;
use crate::entry::{Entry, Kind, Recipe, Timestamp};
use crate::recipe;
use crate::tree::printable;
use std::sync::Arc;

/// Returns one line with mode, owner, size, time and name, like `ls -l`.
pub fn long(entry: &Entry, zone: &TimeZone) -> String {
    let metadata = &entry.metadata;
    let owner = format!(
        "{}/{}",
        owner_name(&metadata.user, metadata.uid),
        owner_name(&metadata.group, metadata.gid)
    );
    format!(
        "{}{} {owner:<13} {:>12} {} {}{}",
        letter(&entry.kind),
        permissions(metadata.mode),
        size(&entry.kind),
        local_time(metadata.modified, zone),
        printable(&entry.path),
        suffix(&entry.kind),
    )
}

/// Returns one JSON object with everything known of an entry.
pub fn json(entry: &Entry) -> String {
    json::line(&EntryRecord::of(entry))
}

/// Returns the name of a kind in a record.
pub(super) fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::File(_) => "file",
        Kind::Directory => "directory",
        Kind::Symlink { .. } => "symlink",
        Kind::HardLink { .. } => "hard_link",
        Kind::Fifo => "fifo",
        Kind::CharacterDevice { .. } => "character_device",
        Kind::BlockDevice { .. } => "block_device",
    }
}

fn letter(kind: &Kind) -> char {
    match kind {
        Kind::File(_) => '-',
        Kind::Directory => 'd',
        Kind::Symlink { .. } => 'l',
        Kind::HardLink { .. } => 'h',
        Kind::Fifo => 'p',
        Kind::CharacterDevice { .. } => 'c',
        Kind::BlockDevice { .. } => 'b',
    }
}

/// Formats a mode as `rwxr-xr-x`, with s and t for special bits (capital without x).
fn permissions(mode: u32) -> String {
    let mut text: Vec<u8> =
        (0..9).map(|bit| if mode & (0o400 >> bit) != 0 { b"rwx"[bit % 3] } else { b'-' }).collect();
    for (bit, at, letter) in [(0o4000, 2, b's'), (0o2000, 5, b's'), (0o1000, 8, b't')] {
        if mode & bit != 0 {
            text[at] = if text[at] == b'x' { letter } else { letter.to_ascii_uppercase() };
        }
    }
    text.into_iter().map(char::from).collect()
}

fn owner_name(name: &[u8], number: u32) -> String {
    if name.is_empty() { number.to_string() } else { printable(name) }
}

/// Formats the size in bytes, or the device numbers, like `ls`.
fn size(kind: &Kind) -> String {
    match kind {
        Kind::File(content) => content.size.to_string(),
        Kind::CharacterDevice { major, minor } | Kind::BlockDevice { major, minor } => {
            format!("{major},{minor}")
        }
        _ => "0".to_owned(),
    }
}

fn suffix(kind: &Kind) -> String {
    match kind {
        Kind::Directory => "/".to_owned(),
        Kind::Symlink { target } => format!(" -> {}", printable(target)),
        Kind::HardLink { target } => format!(" link to {}", printable(target)),
        Kind::File(content) if content.is_made() => {
            let of: u64 = content.extents.iter().map(|extent| extent.length).sum();
            format!(" made of {of} bytes: {}", transform_names(&content.recipes).join(", "))
        }
        _ => String::new(),
    }
}

/// Returns the names of the transforms that recipes need.
pub(super) fn transform_names(recipes: &[Arc<Recipe>]) -> Vec<&'static str> {
    transforms(recipes).into_iter().map(transform_name).collect()
}

/// Returns the name of a transform; `?` if this version has it not.
pub(super) fn transform_name(transform: u64) -> &'static str {
    recipe::transform_name(transform).unwrap_or("?")
}

fn local_time(time: Timestamp, zone: &TimeZone) -> String {
    match instant(time) {
        Some(instant) => {
            instant.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
        }
        None => format!("@{}", time.seconds),
    }
}

/// Converts a time; returns `None` outside the years -9999 to 9999.
pub(super) fn instant(time: Timestamp) -> Option<jiff::Timestamp> {
    let nanoseconds = i32::try_from(time.nanoseconds).ok()?;
    jiff::Timestamp::new(time.seconds, nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Common, Content, Extent, FileDigest, Metadata};

    fn entry(kind: Kind) -> Entry {
        let modified = Timestamp { seconds: -1, nanoseconds: 5 };
        let common = Common { mode: 0o4751, uid: 7, ..Common::default() };
        let metadata = Metadata { modified, common: common.into() };
        Entry { path: b"a\x1b/\xff".to_vec(), kind, metadata }
    }

    #[test]
    fn long_lines_are_aligned_and_escaped() {
        let content = Content { size: 12, ..Content::default() };
        assert_eq!(
            long(&entry(Kind::File(content)), &TimeZone::UTC),
            "-rwsr-x--x 7/0                     12 1969-12-31 23:59 a\\u{1b}/\\xff"
        );
        let link = long(&entry(Kind::Symlink { target: b"x\n".to_vec() }), &TimeZone::UTC);
        assert!(link.starts_with('l') && link.ends_with(" -> x\\n"), "{link}");
    }

    #[test]
    fn json_says_all() {
        let extents = [Extent { group: 1, offset: 2, length: 3 }].into();
        let digest = FileDigest::File([0x5A; 32]);
        let content = Content { size: 12, digest, extents, ..Content::default() };
        let mut entry = entry(Kind::File(content));
        entry.metadata.xattrs = vec![(b"user.x".to_vec(), b"y".to_vec())];
        let digest = "5a".repeat(32);
        assert_eq!(
            json(&entry),
            format!(
                "{}{digest}{}",
                r#"{"path_base64":"YRsv/w==","kind":"file","size":12,"data":3,"blake3":""#,
                r#"","extents":[{"group":1,"offset":2,"length":3}],"mode":"4751","uid":7,"gid":0,"user":"","group":"","modified_seconds":-1,"modified_nanoseconds":5,"modified":"1969-12-31T23:59:59.000000005Z","xattrs":[{"name":"user.x","value_base64":"eQ=="}]}"#
            )
        );
    }

    #[test]
    fn special_bits_show() {
        let cases = [(0o7777, "rwsrwsrwt"), (0o7000, "--S--S--T"), (0o640, "rw-r-----")];
        for (mode, text) in cases {
            assert_eq!(permissions(mode), text);
        }
    }
}
