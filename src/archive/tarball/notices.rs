//! Messages about a tar's members: each cause once, with the number of members.

use super::NotKept;
use crate::archive::{ArchiveError, Control, Event};

/// Most causes that are listed one by one, because records may have any keys.
const CAUSES: usize = 100;

/// A cause, the first member it applies to, and how many others there are.
struct Notice {
    what: NotKept,
    path: Vec<u8>,
    more: u64,
}

/// The messages so far, in the order of their first occurrence.
pub(super) struct Notices<'a> {
    control: &'a Control<'a>,
    all: Vec<Notice>,
}

impl<'a> Notices<'a> {
    /// Starts without messages.
    pub fn new(control: &'a Control<'a>) -> Notices<'a> {
        Notices { control, all: Vec::new() }
    }

    /// Adds a message about a member.
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

    /// Reports all messages.
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
