//! Access lists: as text in pax records, and as the attribute that Linux uses.
//!
//! `SCHILY.acl.access` and `SCHILY.acl.default` hold entries such as
//! `user:lisa:rw-:1001`, separated by commas or newlines. The attributes
//! `system.posix_acl_*` hold a version, then a tag, permissions and a number for each
//! entry, all little-endian.

/// The records, and the attributes with the same meaning.
pub(super) const RECORDS: [(&str, &[u8]); 2] = [
    ("SCHILY.acl.access", b"system.posix_acl_access"),
    ("SCHILY.acl.default", b"system.posix_acl_default"),
];

/// Version of the attribute.
const VERSION: u32 = 2;

/// Bytes of an entry in the attribute.
const ENTRY: usize = 8;

/// The number in entries that name no user or group.
const NOBODY: u32 = u32::MAX;

const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const OWNING_GROUP: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// Tag, number, permissions: in the order of the attribute.
type Rule = (u16, u32, u16);

/// Names with known numbers: those of the file's owner and group. The names that this
/// system uses do not matter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub user: (&'a [u8], u32),
    pub group: (&'a [u8], u32),
}

/// Converts a text to an attribute; returns `None` if the text has no entry, and for an
/// access list that says no more than the mode does. `passed_on` is set for the list
/// that a directory passes on, which no mode expresses.
///
/// # Errors
/// Why the text is not a list.
pub(super) fn attribute(
    text: &[u8],
    names: Names,
    passed_on: bool,
) -> Result<Option<Vec<u8>>, &'static str> {
    let lines = text.split(|byte| matches!(byte, b',' | b'\n'));
    // Some programs add the effective permissions after a `#`.
    let lines = lines.map(|line| line.split(|&byte| byte == b'#').next().unwrap_or(line));
    let lines = lines.map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let lines = lines.map(|line| match line.strip_prefix(b"default:") {
        Some(rest) if passed_on => rest,
        _ => line,
    });
    let rules: Result<Vec<Rule>, _> = lines.map(|line| rule(line, names)).collect();
    let mut rules = rules?;
    if rules.is_empty() {
        return Ok(None);
    }
    rules.sort_unstable();
    check(&rules)?;
    Ok((passed_on || rules.len() > 3).then(|| encode(&rules)))
}

/// Parses one entry of a text.
fn rule(line: &[u8], names: Names) -> Result<Rule, &'static str> {
    let fields: Vec<&[u8]> = line.split(|&byte| byte == b':').map(<[u8]>::trim_ascii).collect();
    let (tag, name, rights, id) = match fields[..] {
        // Solaris omits the empty name.
        [tag @ (b"mask" | b"m" | b"other" | b"o"), rights] => (tag, &b""[..], rights, None),
        [tag, name, rights] => (tag, name, rights, None),
        [tag, name, rights, id] => (tag, name, rights, Some(id)),
        _ => return Err("an entry has too few or too many fields"),
    };
    let rights = permissions(rights).ok_or("an entry has permissions other than r, w, x")?;
    let (own, named, known) = match tag {
        b"user" | b"u" => (OWNER, USER, names.user),
        b"group" | b"g" => (OWNING_GROUP, GROUP, names.group),
        b"mask" | b"m" if name.is_empty() => return Ok((MASK, NOBODY, rights)),
        b"other" | b"o" if name.is_empty() => return Ok((OTHER, NOBODY, rights)),
        _ => return Err("an entry is not for a user or a group"),
    };
    if name.is_empty() && id.is_none() {
        return Ok((own, NOBODY, rights));
    }
    let by_name = || match name {
        b"root" => Some(0),
        name => (name == known.0).then_some(known.1),
    };
    let id = id.and_then(number).or_else(|| number(name)).or_else(by_name);
    let id = id.filter(|&id| id != NOBODY);
    Ok((named, id.ok_or("it names a user or group whose number is not known")?, rights))
}

fn number(text: &[u8]) -> Option<u32> {
    super::pax::decimal(text).and_then(|number| u32::try_from(number).ok())
}

fn permissions(text: &[u8]) -> Option<u16> {
    let bit = |byte: &u8| match byte {
        b'r' => Some(4),
        b'w' => Some(2),
        b'x' => Some(1),
        b'-' => Some(0),
        _ => None,
    };
    text.iter().try_fold(0, |bits, byte| Some(bits | bit(byte)?))
}

/// Checks that sorted rules form a list that Linux accepts.
fn check(rules: &[Rule]) -> Result<(), &'static str> {
    if rules.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 == pair[1].1) {
        return Err("an entry comes twice");
    }
    let has = |tag| rules.iter().any(|rule| rule.0 == tag);
    match [OWNER, OWNING_GROUP, OTHER].into_iter().all(has)
        && (has(MASK) || !(has(USER) || has(GROUP)))
    {
        true => Ok(()),
        false => Err("an entry of the owner, the group, others or the mask is missing"),
    }
}

fn encode(rules: &[Rule]) -> Vec<u8> {
    let mut value = VERSION.to_le_bytes().to_vec();
    for &(tag, id, rights) in rules {
        value.extend(tag.to_le_bytes());
        value.extend(rights.to_le_bytes());
        value.extend(id.to_le_bytes());
    }
    value
}

/// Returns the mode of a file with this attribute. Linux shows the mask as the
/// permissions of the group; some programs write the permissions of the group instead.
pub(super) fn mode_with(attribute: &[u8], mode: u32) -> u32 {
    let entries = attribute.get(size_of::<u32>()..).unwrap_or_default();
    entries.as_chunks::<ENTRY>().0.iter().fold(mode, |mode, entry| {
        let shift = match u16::from_le_bytes([entry[0], entry[1]]) {
            OWNER => 6,
            MASK => 3,
            OTHER => 0,
            _ => return mode,
        };
        mode & !(7 << shift) | u32::from(entry[2] & 7) << shift
    })
}

/// Returns the mode of a file without its list. The group bits of the mode may be the
/// mask, which allows more than the group has.
pub(super) fn mode_without(text: &[u8], mode: u32) -> u32 {
    let lines = text.split(|byte| matches!(byte, b',' | b'\n')).map(<[u8]>::trim_ascii);
    let group = lines.filter_map(|line| line.strip_prefix(b"group::")?.get(..3)).next();
    match group.and_then(permissions) {
        Some(rights) => mode & (!0o070 | u32::from(rights) << 3),
        None => mode,
    }
}

/// Converts an attribute to the text that tar programs read; returns `None` if the
/// attribute is malformed.
pub(super) fn text(value: &[u8]) -> Option<Vec<u8>> {
    let (version, entries) = value.split_first_chunk()?;
    if u32::from_le_bytes(*version) != VERSION || !entries.len().is_multiple_of(ENTRY) {
        return None;
    }
    let mut text = Vec::new();
    for entry in entries.as_chunks::<ENTRY>().0 {
        let [tag, rights] = [0, 2].map(|at| u16::from_le_bytes([entry[at], entry[at + 1]]));
        let id = u32::from_le_bytes([entry[4], entry[5], entry[6], entry[7]]);
        let name = match tag {
            OWNER => "user:".to_owned(),
            USER => format!("user:{id}"),
            OWNING_GROUP => "group:".to_owned(),
            GROUP => format!("group:{id}"),
            MASK => "mask:".to_owned(),
            OTHER => "other:".to_owned(),
            _ => return None,
        };
        let letter = |bit, letter| if rights & bit != 0 { letter } else { '-' };
        let (read, write, run) = (letter(4, 'r'), letter(2, 'w'), letter(1, 'x'));
        let comma = if text.is_empty() { "" } else { "," };
        text.extend(format!("{comma}{name}:{read}{write}{run}").bytes());
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = Names { user: (b"lisa", 1001), group: (b"staff", 50) };

    #[test]
    fn what_programs_write_is_one_attribute() {
        let texts: [&[u8]; 4] = [
            b"user::rw-,user:lisa:r-x,group::r--,group:7:-w-,mask::rwx,other::---",
            b"user::rw-\nuser:1001:r-x\t#effective:r-x\ngroup::r--\ngroup:7:-w-\nmask::rwx\nother::---\n",
            b"user::rw-,user:somebody:r-x:1001,group::r--,group:grp:-w-:7,mask::rwx,other::---,",
            b"other:---,mask:rwx,g:7:-w-,g::r--,u:lisa:r-x,u::rw-",
        ];
        let mut expected = vec![2, 0, 0, 0];
        let none = [0xff; 4];
        for (tag, rights, id) in [
            (1u8, 6u8, none),
            (2, 5, [0xe9, 3, 0, 0]),
            (4, 4, none),
            (8, 2, [7, 0, 0, 0]),
            (16, 7, none),
            (32, 0, none),
        ] {
            expected.extend([tag, 0, rights, 0]);
            expected.extend(id);
        }
        for given in texts {
            assert_eq!(
                attribute(given, NAMES, false),
                Ok(Some(expected.clone())),
                "{}",
                given.escape_ascii()
            );
        }
        let written = text(&expected).unwrap();
        assert_eq!(written, b"user::rw-,user:1001:r-x,group::r--,group:7:-w-,mask::rwx,other::---");
        assert_eq!(attribute(&written, NAMES, false), Ok(Some(expected)));
    }

    #[test]
    fn what_the_mode_says_is_no_attribute_but_for_what_is_passed_on() {
        let plain = b"user::rwx,group::r-x,other::r-x";
        assert_eq!(attribute(plain, NAMES, false), Ok(None));
        assert_eq!(attribute(plain, NAMES, true).unwrap().unwrap().len(), 4 + 3 * 8);
        let long = b"default:user::rwx\ndefault:group::r-x\ndefault:other::r-x";
        assert_eq!(attribute(long, NAMES, true), attribute(plain, NAMES, true));
    }

    #[test]
    fn the_group_of_a_mode_is_the_mask_and_without_a_list_the_group() {
        let list = b"user::rw-,user:7:rwx,group::r--,mask::rwx,other::---";
        let value = attribute(list, NAMES, false).unwrap().unwrap();
        assert_eq!(mode_with(&value, 0o4644), 0o4670);
        assert_eq!(mode_without(list, 0o4670), 0o4640);
        assert_eq!(mode_without(b"nothing", 0o670), 0o670);
        assert_eq!(mode_with(b"", 0o670), 0o670);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let base = "user::rw-,group::r--,other::r--,mask::r--,";
        let bad = [
            "user:eve:rw-",
            "user:4294967295:rw-",
            "group:99999999999:rw-",
            "user::rw-",
            "user:1:rq-",
            "user",
            "owner@:rwx",
            "mask:1:rwx",
            "a:b:c:d:e",
        ];
        for more in bad {
            assert!(attribute(format!("{base}{more}").as_bytes(), NAMES, false).is_err(), "{more}");
        }
        assert!(
            attribute(b"user::rw-,group::r--,other::r--,user:1:r--", NAMES, false).is_err(),
            "no mask"
        );
        assert!(attribute(b"user::rw-,group::r--", NAMES, false).is_err());
        assert_eq!(text(b""), None);
        assert_eq!(text(&[2, 0, 0, 0, 1]), None);
        assert_eq!(text(&[2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
