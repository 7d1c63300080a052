//! Damaged archives with recipes, and too little memory for them.

use super::*;

/// Returns where the payloads of the groups lie.
pub fn payloads(archive: &[u8]) -> Vec<std::ops::Range<usize>> {
    let opened = Archive::open(archive, &Limits::default()).unwrap();
    let payload = |group: pear_archive::archive::GroupInfo| {
        let start = group.offset as usize + 56;
        start..start + group.stored_length as usize
    };
    opened.groups().map(payload).collect()
}

#[test]
fn a_damaged_group_costs_the_files_that_are_made_of_it_and_no_others() {
    let files = files();
    let archive = pack(&files, options(Codec::Zstd, 1));
    let opened = Archive::open(&archive[..], &Limits::default()).unwrap();
    let mut lost_of_some = 0;
    for (group, payload) in payloads(&archive).into_iter().enumerate() {
        let mut damaged = archive.clone();
        damaged[payload.start + payload.len() / 2] ^= 0x55;
        let uses = |name: &str| match &opened.entry(name).unwrap().kind {
            Kind::File(content) => {
                content.extents.iter().any(|extent| extent.group == group as u64)
            }
            _ => false,
        };
        for (way, read) in WAYS {
            let to = scratch();
            let done = read(&damaged, to.path(), 1).unwrap();
            assert!(done.failed(ErrorKind::Integrity) > 0, "{way} {group}");
            let out = found(to.path());
            for (name, content) in &files {
                match out.get(name) {
                    Some(found) => assert!(found == content, "{way} {group} {name}"),
                    None => assert!(uses(name), "{way} {group}: {name} is lost"),
                }
            }
            lost_of_some += usize::from(out.len() < files.len());
        }
    }
    assert!(lost_of_some > 3, "{lost_of_some}");
}

/// Keeps warnings.
#[derive(Default)]
struct Told(RefCell<Vec<String>>);

impl Events for Told {
    fn event(&self, event: Event<'_>) {
        if let Event::Warning(error) = event {
            self.0.borrow_mut().push(error.to_string());
        }
    }
}

#[test]
fn a_damaged_file_is_kept_under_another_name_if_that_is_wanted() {
    let files = Files::from([("x.bz2".to_owned(), bz2(&text(2, 9000), 9))]);
    let archive = pack(&files, CreateOptions { group_size: 1 << 20, ..options(Codec::Zstd, 1) });
    let mut damaged = archive.clone();
    let payload = payloads(&archive)[0].clone();
    damaged[payload.start + payload.len() / 2] ^= 0x55;
    let told = Told::default();
    let control = Control { events: &told, cancel: &GO_ON };
    let keep = ExtractOptions { keep_damaged: true, ..jobs(1) };
    let ways: [&dyn Fn(&Path) -> Outcome; 2] =
        [&|to| extract(&damaged[..], to, &keep, &Limits::default(), &control), &|to| {
            extract_stream(&damaged[..], to, &keep, &Limits::default(), &control)
        }];
    for read in ways {
        let to = scratch();
        let done = read(to.path()).unwrap();
        assert_eq!(done.failed(ErrorKind::Integrity), 1);
        let out = found(to.path());
        assert_eq!(out.keys().collect::<Vec<_>>(), ["x.bz2.damaged"]);
        assert_eq!(out["x.bz2.damaged"].len(), files["x.bz2"].len());
    }
    assert_eq!(told.0.borrow().len(), 2, "one line each: {:?}", told.0.borrow());
}

#[test]
fn what_needs_more_memory_than_is_allowed_is_refused() {
    let files = files();
    let archive = pack(&files, options(Codec::Zstd, 1));
    let limits = Limits { memory: 4 << 20, ..Limits::default() };
    let to = scratch();
    let refused = extract(&archive[..], to.path(), &jobs(1), &limits, &CONTROL).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Limit);
    assert!(!refused.to_string().contains('\n'), "{refused}");
    assert!(found(to.path()).is_empty(), "nothing was written");
    let piped = extract_stream(&archive[..], to.path(), &jobs(1), &limits, &CONTROL).unwrap();
    assert!(piped.failed(ErrorKind::Limit) > 0);
    assert!(found(to.path())["a.txt"] == files["a.txt"], "others come out");
    let opened = Archive::open(&archive[..], &limits).unwrap();
    assert_eq!(opened.read("b/one.bz2").unwrap_err().kind(), ErrorKind::Limit);
    assert!(opened.read("a.txt").is_ok());
}

#[test]
fn too_little_memory_to_take_files_apart_is_told_with_what_helps() {
    let files = files();
    let build = |recipes| {
        let memory = 18 << 20;
        let options = CreateOptions { memory, recipes, ..options(Codec::Zstd, 1) };
        let mut archive = Vec::new();
        let mut builder = Builder::new(&mut archive).options(options);
        for (name, content) in &files {
            builder.append_data(Entry::file(name.clone()), content).unwrap();
        }
        builder.finish()
    };
    let told = build(Recipes::ALL).unwrap_err();
    assert_eq!(told.kind(), ErrorKind::Limit);
    let told = told.to_string();
    for part in ["18.0 MiB", "--memory", "--no-recipes", "--level", "--group-size"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains('\n'));
    build(Recipes::NONE).unwrap();
}

#[test]
fn an_archive_without_its_index_gives_its_files() {
    let files = files();
    let archive = pack(&files, options(Codec::Zstd, 1));
    let last = payloads(&archive).pop().unwrap();
    let cut = &archive[..last.end];
    for (way, read) in WAYS {
        let to = scratch();
        let done = read(cut, to.path(), 1).unwrap();
        assert!(done.failed(ErrorKind::Integrity) > 0, "{way}");
        let mut out = found(to.path());
        out.remove("link");
        assert!(out == files, "{way}: {:?}", out.keys());
    }
    // Half of a batch is all that is needed for what lies in it.
    let half = &archive[..payloads(&archive)[4].end];
    for (way, read) in WAYS {
        let to = scratch();
        read(half, to.path(), 1).unwrap();
        let out = found(to.path());
        assert!(out.iter().all(|(name, content)| files.get(name).is_none_or(|one| one == content)));
        assert!(!out.is_empty(), "{way}");
    }
}
