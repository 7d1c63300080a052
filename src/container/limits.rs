//! What a reader accepts before it allocates.

use super::ContainerError;
use crate::bytes::show_size;

/// Bounds on what an archive may demand of its reader. Each one is checked before
/// memory is allocated or output is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of entries in the index.
    pub entries: u64,
    /// Bytes in one path, and in the text of one link.
    pub path_length: u64,
    /// Components in one path.
    pub path_depth: u64,
    /// Bytes of all extended attributes of one entry, names and values.
    pub xattr_bytes: u64,
    /// Decoded bytes of the index, and of one ENTRY section.
    pub index_bytes: u64,
    /// Number of extents and data segments of all entries together.
    pub extents: u64,
    /// Bytes in memory for one group: its payload, its raw bytes, or what its codec
    /// needs.
    pub memory: u64,
    /// Bytes that one extraction writes.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            entries: 10_000_000,
            path_length: 65_536,
            // As deep as a path of that length can be, because everything that a walk can
            // archive must be restorable.
            path_depth: 32_768,
            xattr_bytes: 1 << 20,
            index_bytes: 1 << 30,
            extents: 1 << 24,
            memory: 4 << 30,
            output_bytes: 16 << 40,
        }
    }
}

/// Checks one value against its limit.
pub(crate) fn check(field: &'static str, found: u64, limit: u64) -> Result<(), ContainerError> {
    if found > limit { Err(ContainerError::TooLarge { field, found, limit }) } else { Ok(()) }
}

/// The name of the limit that is exceeded when packed files are to be taken apart.
pub const MEMORY_OF_RECIPES: &str = "memory to take packed files apart";

/// Says that a limit is exceeded: what is needed, what is allowed, and the option that
/// allows more, if there is one.
pub fn exceeded(field: &str, found: u64, limit: u64) -> String {
    let sizes = |what, option| {
        let (found, limit) = (show_size(found), show_size(limit));
        format!("this needs {found} of {what}; the limit is {limit} (raise it with {option})")
    };
    let without = "--memory, or use --no-recipes, a lower --level or a smaller --group-size";
    let option = match field {
        "memory" => return sizes("memory", "--memory"),
        MEMORY_OF_RECIPES => return sizes(MEMORY_OF_RECIPES, without),
        "output bytes" => return sizes("disk space", "--max-output"),
        "entries" => " (raise it with --max-entries)",
        "path length" => " (raise it with --max-name)",
        "path depth" => " (raise it with --max-depth)",
        _ => "",
    };
    format!("{field}: {found} is over the limit of {limit}{option}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_names_the_option_that_raises_it() {
        let memory = exceeded("memory", 47 << 20, 30 << 20);
        let expected =
            "this needs 47.0 MiB of memory; the limit is 30.0 MiB (raise it with --memory)";
        assert_eq!(memory, expected);
        let entries = exceeded("entries", 11, 10);
        let expected = "entries: 11 is over the limit of 10 (raise it with --max-entries)";
        assert_eq!(entries, expected);
    }
}
