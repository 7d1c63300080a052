//! The layers of src/lib.rs hold: a module imports only what lies below it, siblings do
//! not import each other, and unsafe code is in `arith` alone.

use std::fs;
use std::path::{Path, PathBuf};

/// Layer of every module of the crate.
const LAYERS: &[(&str, u8)] = &[
    ("bytes", 0),
    ("checksum", 0),
    ("entry", 0),
    ("error", 0),
    ("arith", 1),
    ("coder", 2),
    ("bpe", 2),
    ("filter", 2),
    ("jpeg", 2),
    ("model", 2),
    ("paper", 2),
    ("codec", 3),
    ("container", 3),
    ("tree", 3),
    ("recipe", 4),
    ("archive", 5),
    ("cli", 6),
];

/// Intended imports within one layer: (importer, imported).
const SIBLINGS: &[(&str, &str)] = &[];

fn layer(module: &str) -> u8 {
    let found = LAYERS.iter().find(|(name, _)| *name == module);
    found.unwrap_or_else(|| panic!("{module} has no layer: add it to LAYERS")).1
}

/// Returns every source file with the module at the top of its path.
fn sources() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for item in fs::read_dir(directory).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let top = path.strip_prefix(&root).unwrap().iter().next().unwrap();
                let module = top.to_str().unwrap().trim_end_matches(".rs").to_owned();
                found.push((module, path));
            }
        }
    }
    found
}

/// Returns the code of a file without comments, with single blanks for white space.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or(""));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Returns the modules named after `crate::`; `crate::{a, b::c}` names both.
fn imports(code: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for part in code.split("crate::").skip(1) {
        let word = |text: &str| {
            let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
            text[..end.unwrap_or(text.len())].to_owned()
        };
        match part.strip_prefix('{') {
            Some(list) => {
                let list = list.split(';').next().unwrap_or("");
                modules.extend(list.split(',').map(|item| word(item.trim())));
            }
            None => modules.push(word(part)),
        }
    }
    modules.retain(|module| LAYERS.iter().any(|(name, _)| name == module));
    modules
}

#[test]
fn no_module_imports_its_layer_or_one_above() {
    for (module, path) in sources() {
        if module == "lib" || module == "main" {
            continue;
        }
        for imported in imports(&code(&path)) {
            let sibling = (module.as_str(), imported.as_str());
            let allowed = imported == module
                || layer(&imported) < layer(&module)
                || SIBLINGS.contains(&sibling);
            assert!(allowed, "{}: {module} imports {imported}", path.display());
        }
    }
}

#[test]
fn unsafe_code_is_in_arith_alone() {
    for (module, path) in sources() {
        let code = code(&path);
        let unsafe_code = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe trait", "unsafe extern"];
        let found = unsafe_code.iter().find(|form| code.contains(*form));
        assert!(module == "arith" || found.is_none(), "{}: {found:?}", path.display());
    }
}
