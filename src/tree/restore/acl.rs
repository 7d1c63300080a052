//! ACLs that a new file gets from its directory.
//!
//! A default ACL of the destination may only narrow what an entry allows: a file of
//! mode 0640 must not become readable to users that its entry does not name.

/// Name of the attribute that controls access.
pub(super) const ACCESS: &[u8] = b"system.posix_acl_access";

/// Name of the attribute that a directory passes on to new files.
pub(super) const DEFAULT: &[u8] = b"system.posix_acl_default";

/// Bytes of the version number in front.
const HEADER: usize = 4;

/// Bytes of an entry: tag, permissions, number of user or group.
const ENTRY: usize = 8;

const USER: u16 = 2;
const GROUP_OF_FILE: u16 = 4;
const GROUP: u16 = 8;

/// Returns the access ACL with no more permissions than `mode` allows, or `None` if it
/// is malformed. Named users and groups get at most the permissions of others, the
/// owning group those of the group. Owner, mask and others follow when the mode is set.
pub(super) fn narrowed(acl: &[u8], mode: u32) -> Option<Vec<u8>> {
    let mut acl = acl.to_vec();
    if acl.len() < HEADER || !(acl.len() - HEADER).is_multiple_of(ENTRY) {
        return None;
    }
    for entry in acl[HEADER..].chunks_exact_mut(ENTRY) {
        let allowed = match u16::from_le_bytes([entry[0], entry[1]]) {
            USER | GROUP => mode & 0o7,
            GROUP_OF_FILE => mode >> 3 & 0o7,
            _ => continue,
        };
        // Permissions are three bits, so the upper byte is 0.
        entry[2] &= allowed as u8;
        entry[3] = 0;
    }
    Some(acl)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let mut acl = 2u32.to_le_bytes().to_vec();
        for (tag, permissions, number) in entries {
            acl.extend(tag.to_le_bytes());
            acl.extend(permissions.to_le_bytes());
            acl.extend(number.to_le_bytes());
        }
        acl
    }

    #[test]
    fn an_acl_is_narrowed_to_the_mode() {
        let any = u32::MAX;
        let before =
            [(1, 7, any), (2, 7, 1000), (4, 7, any), (8, 3, 50), (16, 7, any), (32, 7, any)];
        let after =
            [(1, 7, any), (2, 1, 1000), (4, 5, any), (8, 1, 50), (16, 7, any), (32, 7, any)];
        assert_eq!(narrowed(&acl(&before), 0o751), Some(acl(&after)));
    }

    #[test]
    fn a_malformed_acl_is_not_taken() {
        assert_eq!(narrowed(b"", 0o777), None);
        assert_eq!(narrowed(&acl(&[(2, 7, 1)])[..11], 0o777), None);
    }
}
