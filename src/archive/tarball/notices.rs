//! What is said of a tar's members: each cause once, with the number of members.

use super::NotKept;
use crate::archive::{ArchiveError, Control, Event};

/// Most causes that are told apart: records have any keys.
const CAUSES: usize = 100;

/// A cause, the first member it is true of, and how many more there are.
struct Notice {
    what: NotKept,
    path: Vec<u8>,
    more: u64,
}

/// What was noticed so far, in the order in which it came first.
pub(super) struct Notices<'a> {
    control: &'a Control<'a>,
    all: Vec<Notice>,
}

impl<'a> Notices<'a> {
    /// Nothing yet.
    pub fn new(control: &'a Control<'a>) -> Notices<'a> {
        Notices { control, all: Vec::new() }
    }

    /// Something is true of a member.
    pub fn add(&mut self, path: &[u8], what: NotKept) {
        self.control.events.event(Event::Counted { path, what: &what });
        let is_new = !self.all.iter().any(|notice| notice.what == what);
        let what = match what {
            NotKept::Record { .. } if is_new && self.all.len() >= CAUSES => NotKept::OtherRecords,
            what => what,
        };
        match self.all.iter_mut().find(|notice| notice.what == what) {
            Some(notice) => notice.more += 1,
            None => self.all.push(Notice { what, path: path.to_vec(), more: 0 }),
        }
    }

    /// Says all of it.
    pub fn report(self) {
        for Notice { what, path, more } in self.all {
            let is_note = what.is_note();
            let error = ArchiveError::NotKept { path, more, what };
            match is_note {
                true => self.control.events.event(Event::Note(&error)),
                false => self.control.warn(error),
            }
        }
    }
}
