//! How much memory this process can still use.
//!
//! It is the minimum of three: what the machine has left, what every control group
//! around the process has left, and what the limits of the process leave.

use rustix::process::{Resource, getrlimit};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Files of one version of control groups.
struct Version {
    /// Type of the file system, as in `mountinfo`.
    file_system: &'static str,
    limits: &'static [&'static str],
    usage: &'static str,
    /// In `memory.stat`: pages of files that are reclaimed first.
    reclaimable: &'static str,
}

const VERSION_1: Version = Version {
    file_system: "cgroup",
    limits: &["memory.limit_in_bytes"],
    usage: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file",
};

const VERSION_2: Version = Version {
    file_system: "cgroup2",
    limits: &["memory.max", "memory.high"],
    usage: "memory.current",
    reclaimable: "inactive_file",
};

/// Returns the bytes of memory that this process can still use, `None` if nothing is
/// known. `root` is `/`, or a directory that replaces it.
pub fn free(root: &Path) -> Option<u64> {
    let (address_space, data) = limits(root);
    let all = [machine(root), groups(root), address_space, data];
    all.into_iter().flatten().min()
}

/// Returns what the machine has left without swapping.
fn machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Returns what RLIMIT_AS and RLIMIT_DATA leave.
fn limits(root: &Path) -> (Option<u64>, Option<u64>) {
    let text = fs::read_to_string(root.join("proc/self/statm")).unwrap_or_default();
    let pages: Vec<u64> = text.split_whitespace().map_while(|word| word.parse().ok()).collect();
    let page = rustix::param::page_size() as u64;
    let left = |resource, column: usize| {
        let limit = getrlimit(resource).current?;
        Some(limit.saturating_sub(pages.get(column).map_or(0, |pages| pages * page)))
    };
    (left(Resource::As, 0), left(Resource::Data, 5))
}

/// Returns what the control groups leave: that of the process and all above it.
fn groups(root: &Path) -> Option<u64> {
    let own = fs::read(root.join("proc/self/cgroup")).ok()?;
    let mounts = fs::read(root.join("proc/self/mountinfo")).ok()?;
    let lines = own.split(|&byte| byte == b'\n');
    let left = lines.filter_map(|line| {
        // Hierarchy, controllers, path; the path itself may contain colons.
        let mut fields = line.splitn(3, |&byte| byte == b':');
        let (number, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let memory = controllers.split(|&byte| byte == b',').any(|name| name == b"memory");
        let version = match (number, controllers) {
            (b"0", b"") => &VERSION_2,
            _ if memory => &VERSION_1,
            _ => return None,
        };
        let (top, below) = place(&mounts, version, path)?;
        least(&root.join(top.strip_prefix("/").ok()?), below, version)
    });
    left.min()
}

/// Returns where the hierarchy is mounted, and the path of the group below that.
fn place<'a>(mounts: &[u8], version: &Version, path: &'a [u8]) -> Option<(PathBuf, &'a Path)> {
    let path = Path::new(OsStr::from_bytes(path));
    mounts.split(|&byte| byte == b'\n').find_map(|line| {
        // 36 35 98:0 ROOT POINT OPTIONS … - TYPE SOURCE OPTIONS
        let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
        let dash = words.iter().position(|word| *word == b"-")?;
        let (type_, options) = (words.get(dash + 1)?, words.get(dash + 3)?);
        let memory = || options.split(|&byte| byte == b',').any(|option| option == b"memory");
        if *type_ != version.file_system.as_bytes() {
            return None;
        }
        if version.file_system == VERSION_1.file_system && !memory() {
            return None;
        }
        let mounted = unescaped(words.get(3)?);
        let point = unescaped(words.get(4)?);
        // In a container the path may be that of the host, and lead nowhere here.
        let below = path.strip_prefix(&mounted).unwrap_or(Path::new(""));
        Some((point, below))
    })
}

/// Decodes a path of `mountinfo`, in which blanks are written `\040`.
fn unescaped(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..3).filter(|_| first == b'\\');
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 8).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    PathBuf::from(OsStr::from_bytes(&bytes))
}

/// Returns the minimum that a group and those above it have left.
fn least(top: &Path, below: &Path, version: &Version) -> Option<u64> {
    let all = below.ancestors().map(|group| top.join(group));
    all.filter_map(|group| left(&group, version)).min()
}

/// Returns what one group has left; `None` without a limit.
fn left(group: &Path, version: &Version) -> Option<u64> {
    let number = |name: &str| {
        let text = fs::read_to_string(group.join(name)).ok()?;
        text.trim().parse::<u64>().ok() // "max" means no limit
    };
    let limit = version.limits.iter().filter_map(|name| number(name)).min()?;
    let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let reclaimable = stat
        .lines()
        .find_map(|line| line.strip_prefix(version.reclaimable)?.trim().parse::<u64>().ok());
    let used = number(version.usage).unwrap_or(0).saturating_sub(reclaimable.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that replaces `/`.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal:       8000000 kB\nMemAvailable:    4000000 kB\n");

    #[test]
    fn without_control_groups_the_machine_decides() {
        assert_eq!(machine(root(&[MEMINFO]).path()), Some(4_000_000 * 1024));
        assert_eq!(groups(root(&[MEMINFO]).path()), None);
        assert_eq!(machine(root(&[]).path()), None);
    }

    #[test]
    fn a_group_above_limits_those_below_in_version_2() {
        let root = root(&[
            MEMINFO,
            ("proc/self/cgroup", "0::/outer/mid dle/inner\n"),
            ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("sys/fs/cgroup/outer/memory.max", "300000000\n"),
            ("sys/fs/cgroup/outer/memory.high", "max\n"),
            ("sys/fs/cgroup/outer/memory.current", "120000000\n"),
            ("sys/fs/cgroup/outer/memory.stat", "anon 1\ninactive_file 20000000\n"),
            ("sys/fs/cgroup/outer/mid dle/memory.max", "max\n"),
            ("sys/fs/cgroup/outer/mid dle/memory.high", "500000000\n"),
            ("sys/fs/cgroup/outer/mid dle/inner/memory.max", "max\n"),
        ]);
        assert_eq!(groups(root.path()), Some(200_000_000));
        fs::write(root.path().join("sys/fs/cgroup/outer/mid dle/memory.high"), "90000000").unwrap();
        assert_eq!(groups(root.path()), Some(90_000_000));
        fs::write(root.path().join("sys/fs/cgroup/outer/memory.max"), "1000").unwrap();
        assert_eq!(groups(root.path()), Some(0));
        assert_eq!(free(root.path()), Some(0));
    }

    #[test]
    fn version_1_is_found_by_its_controller_wherever_it_is_mounted() {
        let root = root(&[
            ("proc/self/cgroup", "7:cpu:/x\n4:memory,hugetlb:/host/box\n0::/x\n"),
            (
                "proc/self/mountinfo",
                "30 23 0:26 / /cg/cpu rw - cgroup cgroup rw,cpu\n\
                 31 23 0:27 /host /cg/the\\040memory rw shared:1 - cgroup cgroup rw,memory\n",
            ),
            ("cg/the memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("cg/the memory/memory.usage_in_bytes", "5\n"),
            ("cg/the memory/box/memory.limit_in_bytes", "1000000\n"),
            ("cg/the memory/box/memory.usage_in_bytes", "400000\n"),
            ("cg/the memory/box/memory.stat", "inactive_file 9\ntotal_inactive_file 100000\n"),
        ]);
        assert_eq!(groups(root.path()), Some(700_000));
        // The path on the host, seen from inside a container.
        let inside = "30 23 0:26 /docker/abc /cg/the\\040memory/box rw - cgroup c rw,memory\n";
        fs::write(root.path().join("proc/self/mountinfo"), inside).unwrap();
        assert_eq!(groups(root.path()), Some(700_000));
    }
}
