//! Entries of any kind, asked for in any order, change nothing outside.

use super::*;

/// One entry that an archive may ask for.
#[derive(Clone, Debug)]
struct Wish {
    kind: u8,
    path: String,
    target: String,
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let component = prop::sample::select(vec!["a", "b", "file", "link", "out", "..", ".", ""]);
    let path = || prop::collection::vec(component.clone(), 1..4).prop_map(|parts| parts.join("/"));
    let wish = (0u8..4, path(), path());
    let wish = wish.prop_map(|(kind, path, target)| Wish { kind, path, target });
    prop::collection::vec(wish, 1..8)
}

/// Returns the result for an entry, without the paths, which differ.
fn outcome<T>(result: Result<T, TreeError>) -> String {
    match result {
        Ok(_) => "fine".to_owned(),
        Err(error) if error.is_unsafe() => "unsafe".to_owned(),
        Err(TreeError::Io { operation, source, .. }) => format!("{operation}: {source}"),
        Err(TreeError::Exists { .. }) => "exists".to_owned(),
        Err(TreeError::LeftOut { .. }) => "left out".to_owned(),
        Err(error) => panic!("{error}"),
    }
}

/// Restores wishes into `at/destination`, which holds links that lead outside.
fn grant(at: &Path, wishes: &[Wish], resolution: Resolution) -> Vec<String> {
    let destination = at.join("destination");
    fs::create_dir_all(at.join("outside")).unwrap();
    fs::create_dir(&destination).unwrap();
    fs::write(at.join("outside/file"), "untouched").unwrap();
    fs::write(destination.join("file"), "before").unwrap();
    symlink("../outside", destination.join("out")).unwrap();
    symlink("../outside/file", destination.join("link")).unwrap();
    let overwrite = Overwrite::Always;
    let options = RestoreOptions { overwrite, resolution, ..RestoreOptions::default() };
    let restorer = Restorer::new(&destination, options).unwrap();
    let grant = |wish: &Wish| {
        let target = wish.target.clone().into_bytes();
        let kind = match wish.kind {
            0 => return outcome(write(&restorer, &wish.path, b"new")),
            1 => Kind::Directory,
            2 => Kind::Symlink { target },
            _ => Kind::HardLink { target },
        };
        outcome(restorer.other(&entry(&wish.path, kind)))
    };
    let mut outcomes: Vec<_> = wishes.iter().map(grant).collect();
    outcomes.extend(restorer.finish().into_iter().map(|error| outcome::<()>(Err(error))));
    outcomes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever an archive asks for, nothing outside changes, and both ways of
    /// resolving give the same result.
    #[test]
    fn nothing_outside_changes_whatever_is_asked(wishes in wishes()) {
        let seen = BOTH.map(|resolution| {
            let at = tempfile::tempdir().unwrap();
            let outcomes = grant(at.path(), &wishes, resolution);
            assert_eq!(fs::read_dir(at.path()).unwrap().count(), 2);
            assert_eq!(fs::read_dir(at.path().join("outside")).unwrap().count(), 1);
            let victim = at.path().join("outside/file");
            assert_eq!(fs::read(&victim).unwrap(), b"untouched");
            assert_eq!(fs::metadata(&victim).unwrap().nlink(), 1);
            assert!(leftovers(at.path()).is_empty());
            let tree = snapshot(&at.path().join("destination")).into_iter();
            let tree: Vec<_> =
                tree.map(|(path, seen)| (path, seen.mode, seen.content, seen.target, seen.first_name)).collect();
            (outcomes, tree)
        });
        prop_assert_eq!(&seen[0], &seen[1]);
    }
}
