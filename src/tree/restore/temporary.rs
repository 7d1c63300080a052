//! Unfinished files: they have a temporary name and are removed if they stay
//! unfinished.

use rustix::fd::AsFd;
use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::abandon::lock_soon;
use super::super::leftover::remove_leftovers_in;
use super::super::names::{partial_name, split_last};
use super::place::Place;
use super::{Shared, TreeError};

/// Something under a temporary name, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Temporary<'a> {
    shared: &'a Shared,
    place: &'a Place,
    pub(super) name: Vec<u8>,
    /// Whether the name is gone.
    settled: bool,
}

impl Temporary<'_> {
    /// Renames it as [`Place::install`] does.
    ///
    /// # Errors
    /// As [`Place::install`].
    pub(super) fn install(mut self) -> Result<Option<Vec<u8>>, TreeError> {
        let installed = self.place.install(&self.name, self.shared.options.overwrite)?;
        self.settled = true;
        Ok(installed)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.place.remove(&self.name);
        }
        self.shared.forget(&self.place.below(&self.name));
    }
}

impl Shared {
    /// Makes something under a fresh temporary name, which is removed if the process
    /// must end. Before the first one in a directory, leftovers of killed runs are
    /// removed there.
    ///
    /// # Errors
    /// [`TreeError::Io`]: the error of `make`, unless the name is taken;
    /// [`Errno::INTR`] if the process must end.
    pub(super) fn temporary<'a, T>(
        &'a self,
        place: &'a Place,
        operation: &'static str,
        make: impl Fn(&[u8]) -> rustix::io::Result<T>,
    ) -> Result<(Temporary<'a>, T), TreeError> {
        let (name, made) = self.make_named(place, operation, make)?;
        Ok((Temporary { shared: self, place, name, settled: false }, made))
    }

    /// Does the same as [`Shared::temporary`], but the caller removes and forgets the
    /// name.
    pub(super) fn make_named<T>(
        &self,
        place: &Place,
        operation: &'static str,
        make: impl Fn(&[u8]) -> rustix::io::Result<T>,
    ) -> Result<(Vec<u8>, T), TreeError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        if self.state().swept.insert(place.directory.clone()) {
            remove_leftovers_in(place.parent.as_fd());
        }
        let (name, made) = loop {
            let name = partial_name(COUNTER.fetch_add(1, Ordering::Relaxed));
            match make(&name) {
                Ok(made) => break (name, made),
                Err(Errno::EXIST) => {} // a leftover of a killed run with our number
                Err(error) => return Err(place.failed(operation, error)),
            }
        };
        let mut state = self.state();
        if state.abandoned {
            drop(state);
            place.remove(&name);
            return Err(place.failed(operation, Errno::INTR));
        }
        state.temporaries.insert(place.below(&name));
        Ok((name, made))
    }

    /// Records that a temporary file, given by its path below the destination, no
    /// longer exists.
    pub(super) fn forget(&self, path: &[u8]) {
        self.state().temporaries.remove(path);
    }

    /// Returns whether the process must end.
    pub(super) fn is_abandoned(&self) -> bool {
        self.state().abandoned
    }

    /// Removes all unfinished files, and prevents new ones.
    pub(super) fn abandon(&self) {
        let Some(mut state) = lock_soon(&self.state) else { return };
        state.abandoned = true;
        for path in state.temporaries.drain() {
            let (parent, name) = split_last(&path);
            if let Ok(parent) = self.root.directory(parent) {
                let _ = unlinkat(parent, name, AtFlags::empty());
            }
        }
    }
}
