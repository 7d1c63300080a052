//! The values of a header's fields and of the records before it.

use super::holes::SEGMENTS;
use super::pax::{Records, parse_time};
use super::{NotKept, TarFault, acl, block};
use crate::archive::Limits;
use crate::entry::{Common, Metadata, Timestamp};
use std::sync::Arc;
use tar::Header;

/// Prefix of the records that hold extended attributes.
pub(super) const XATTR: &[u8] = b"SCHILY.xattr.";

fn malformed(cause: &'static str) -> TarFault {
    TarFault::Malformed { cause }
}

/// Returns the number of bytes of data after a header, according to the header.
pub(super) fn size(header: &Header) -> Result<u64, TarFault> {
    block::size(&header.as_old().size).ok_or(TarFault::Number { field: "size" })
}

/// Returns the name of a sparse file; the name in its header is a made-up one.
pub(super) fn sparse_name(records: &Records) -> Option<&[u8]> {
    records.get("GNU.sparse.name").or(records.get("path"))
}

/// Returns the size of a sparse file, holes included.
pub(super) fn sparse_size(records: &Records) -> Result<u64, TarFault> {
    let field = "GNU.sparse.realsize";
    let size = match records.number(field)? {
        None => records.number("GNU.sparse.size")?,
        size => size,
    };
    size.ok_or(TarFault::Number { field })
}

/// Returns a name that may be given only once besides the header.
pub(super) fn one_name(
    gnu: Option<Vec<u8>>,
    pax: Option<&[u8]>,
    old: &[u8],
) -> Result<Vec<u8>, TarFault> {
    match (gnu, pax) {
        (Some(_), Some(_)) => Err(malformed("a GNU header and a pax header both give the name")),
        (Some(name), None) => Ok(name),
        (None, Some(name)) => Ok(name.to_vec()),
        (None, None) => Ok(old.to_vec()),
    }
}

/// Returns the major and minor number.
pub(super) fn device(header: &Header, records: &Records) -> Result<(u32, u32), TarFault> {
    let (major, minor) = match (header.as_ustar(), header.as_gnu()) {
        (Some(header), _) => (&header.dev_major, &header.dev_minor),
        (_, Some(header)) => (&header.dev_major, &header.dev_minor),
        _ => return Err(malformed("a device member has no device numbers")),
    };
    let number = |key: &'static str, field: &[u8]| {
        let found = records.number(key)?.or_else(|| block::size(field));
        let found = found.and_then(|number| u32::try_from(number).ok());
        found.ok_or(TarFault::Number { field: "device number" })
    };
    Ok((number("SCHILY.devmajor", major)?, number("SCHILY.devminor", minor)?))
}

/// Returns mode, owner, time and attributes, and the access lists that are invalid.
pub(super) fn metadata(
    header: &Header,
    records: &Records,
    limits: &Limits,
) -> Result<(Metadata, Vec<NotKept>), TarFault> {
    let old = header.as_old();
    let id = |field: &'static str, bytes: &[u8]| {
        let found = records.number(field)?.or_else(|| block::size(bytes));
        found.and_then(|id| u32::try_from(id).ok()).ok_or(TarFault::Number { field })
    };
    let name = |key: &str, field: Option<&[u8]>| {
        records.get(key).or(field).map(Arc::<[u8]>::from).unwrap_or_default()
    };
    let mode = block::number(&old.mode).ok_or(TarFault::Number { field: "mode" })?;
    let modified = match records.get("mtime") {
        Some(text) => parse_time(text),
        None => block::number(&old.mtime).map(|seconds| Timestamp { seconds, nanoseconds: 0 }),
    };
    let (uid, gid) = (id("uid", &old.uid)?, id("gid", &old.gid)?);
    let user = name("uname", header.username_bytes());
    let group = name("gname", header.groupname_bytes());
    let names = acl::Names { user: (&user, uid), group: (&group, gid) };
    let mut mode = (mode & 0o7777) as u32;
    let (acls, lost) = acls(records, names, &mut mode);
    let modified = modified.ok_or(TarFault::Number { field: "mtime" })?;
    let common = Common { mode, uid, gid, xattrs: xattrs(records, acls, limits)?, user, group };
    Ok((Metadata { modified, common: common.into() }, lost))
}

/// Converts the texts of access lists to attributes, and returns the invalid lists. The
/// mode becomes that of a file with, or without, its list.
fn acls(records: &Records, names: acl::Names, mode: &mut u32) -> (Xattrs, Vec<NotKept>) {
    let (mut xattrs, mut lost) = (Vec::new(), Vec::new());
    for (key, attribute) in acl::RECORDS {
        // The attribute itself is more precise than its text.
        let itself = [XATTR, attribute].concat();
        let Some(text) = records.get(key).filter(|_| !records.has(&itself)) else { continue };
        let is_default = key == "SCHILY.acl.default";
        match acl::attribute(text, names, is_default) {
            Ok(None) => {}
            Ok(Some(value)) => {
                *mode = if is_default { *mode } else { acl::mode_with(&value, *mode) };
                xattrs.push((attribute.to_vec(), value));
            }
            Err(cause) => {
                *mode = if is_default { *mode } else { acl::mode_without(text, *mode) };
                lost.push(NotKept::Acl { key, cause });
            }
        }
    }
    (xattrs, lost)
}

/// Names and values of extended attributes.
type Xattrs = Vec<(Vec<u8>, Vec<u8>)>;

/// Returns the extended attributes, including those of access lists, sorted by name. In
/// keys `=` is written `%3D`, as GNU tar does, and `%` is `%25`.
fn xattrs(records: &Records, acls: Xattrs, limits: &Limits) -> Result<Xattrs, TarFault> {
    let mut xattrs = acls;
    let mut found: u64 = xattrs.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum();
    for (key, value) in records.iter() {
        let Some(name) = key.strip_prefix(XATTR) else { continue };
        if name.is_empty() || name.contains(&0) {
            return Err(malformed("an extended attribute without a name"));
        }
        found += (name.len() + value.len()) as u64;
        xattrs.push((decode_name(name), value.to_vec()));
    }
    let (field, limit) = ("extended attribute bytes", limits.xattr_bytes);
    if found > limit {
        return Err(TarFault::TooLarge { field, found, limit });
    }
    xattrs.sort_unstable();
    match xattrs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        true => Err(malformed("an extended attribute comes twice")),
        false => Ok(xattrs),
    }
}

fn decode_name(mut name: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    while let Some((&first, rest)) = name.split_first() {
        let (byte, rest) = match (first, rest) {
            (b'%', [b'3', b'D', rest @ ..]) => (b'=', rest),
            (b'%', [b'2', b'5', rest @ ..]) => (b'%', rest),
            _ => (first, rest),
        };
        decoded.push(byte);
        name = rest;
    }
    decoded
}

/// Records that are used, or that have nothing to keep: times of access and of change,
/// inode numbers, comments.
const KNOWN: [&str; 24] = [
    "path",
    "linkpath",
    "size",
    "uid",
    "gid",
    "uname",
    "gname",
    "mtime",
    "atime",
    "ctime",
    "comment",
    "charset",
    "hdrcharset",
    "LIBARCHIVE.creationtime",
    "SCHILY.dev",
    "SCHILY.ino",
    "SCHILY.nlink",
    "SCHILY.realsize",
    "SCHILY.devmajor",
    "SCHILY.devminor",
    "SCHILY.acl.access",
    "SCHILY.acl.default",
    // The names that were in a directory when an incremental tar was made.
    "GNU.dumpdir",
    SEGMENTS,
];

/// Records whose meaning is lost.
pub(super) fn lost(records: &Records) -> Vec<NotKept> {
    let has_xattrs = records.iter().any(|(key, _)| key.starts_with(XATTR));
    let kept = |key: &[u8]| {
        KNOWN.iter().any(|known| known.as_bytes() == key)
            || key.starts_with(XATTR)
            || key.starts_with(b"GNU.sparse.")
            // The same attributes in another encoding.
            || (has_xattrs && key.starts_with(b"LIBARCHIVE.xattr."))
    };
    let lost = records.iter().filter(|(key, value)| !value.is_empty() && !kept(key));
    lost.map(|(key, _)| NotKept::Record { key: key.to_vec() }).collect()
}

/// Encodes the name of an attribute as part of a key.
pub(super) fn encode_name(name: &[u8]) -> Vec<u8> {
    let encode = |&byte: &u8| match byte {
        b'=' => b"%3D".to_vec(),
        b'%' => b"%25".to_vec(),
        _ => vec![byte],
    };
    name.iter().flat_map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_attributes_come_back() {
        for name in [&b"user.a"[..], b"user.a=b%", b"user.%3D", b"user.100%25=\n\xff"] {
            let coded = encode_name(name);
            assert!(!coded.contains(&b'='));
            assert_eq!(decode_name(&coded), name);
        }
    }
}
