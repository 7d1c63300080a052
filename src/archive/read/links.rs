//! Hard links whose file is not selected.

use crate::entry::{Entry, Kind};
use std::collections::HashMap;

/// Remembers which link stands in for which file: when some names of a file
/// are selected but not the first, the first selected one becomes the file.
#[derive(Debug, Default)]
pub(super) struct StandIns<'a>(HashMap<&'a [u8], &'a [u8]>);

impl<'a> StandIns<'a> {
    /// What a selected link to the unselected `original` becomes: the file
    /// itself, or a link to the name that already stands in.
    pub fn resolve(&mut self, link: &'a Entry, original: &'a Entry) -> Kind {
        match self.0.get(&original.path[..]) {
            Some(&path) => Kind::HardLink { target: path.to_vec() },
            None => {
                self.0.insert(&original.path, &link.path);
                original.kind.clone()
            }
        }
    }
}
