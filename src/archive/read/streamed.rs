//! Groups that came through a pipe, and their bases.

use super::bases::{BaseCache, BaseGroup};
use super::groups::{Cost, Decoded, begin, decode, learn};
use crate::archive::{ArchiveError, GivenBases};
use crate::codec::BaseState;
use crate::container::{Batch, Section};
use std::collections::HashMap;
use std::sync::Arc;

/// A group that came.
pub(super) struct StreamGroup {
    pub section: Section,
    pub payload: Vec<u8>,
    pub fault: Option<Arc<ArchiveError>>,
    pub batch: Arc<Batch>,
    /// Its place in the batch.
    pub place: usize,
}

/// A group to be decoded.
pub(super) struct StreamJob {
    pub group: Arc<StreamGroup>,
    pub wanted: bool,
    /// The base that it starts behind, if it came.
    pub base: Option<Arc<StreamGroup>>,
    pub bases: Arc<BaseCache>,
    /// Those that are not in the archive.
    pub given: GivenBases,
}

impl StreamGroup {
    /// Decodes the group, and keeps the state behind it if it is a base.
    fn decode(&self, base: Option<&BaseGroup>, given: &GivenBases) -> (Decoded, Option<BaseState>) {
        let StreamGroup { section, payload, fault, batch, place } = self;
        if section.header.is_given() {
            let (decoded, state) = learn(section, payload, fault.clone(), given);
            return (decoded.check(section, batch, *place), state);
        }
        let start = match begin(section, base) {
            Ok(start) => start,
            Err(error) => return (Decoded::nothing(section, error), None),
        };
        let (whole, keep) = (section.header.raw_length as usize, section.header.is_base());
        let fault = fault.clone();
        let (decoded, state) = decode(section, payload, fault, whole, start, keep);
        (decoded.check(section, batch, *place), state)
    }
}

impl StreamJob {
    pub fn decode(&self) -> Arc<Decoded> {
        let decode = |base: &StreamGroup| {
            self.bases
                .get(base.section.header.group, || BaseGroup::of(base.decode(None, &self.given)))
        };
        match self.group.section.header.is_base() {
            true => Arc::clone(&decode(&self.group).decoded),
            false => {
                let base = self.base.as_deref().map(decode);
                Arc::new(self.group.decode(base.as_deref(), &self.given).0)
            }
        }
    }
}

/// The bases that came.
pub(super) struct StreamBases {
    /// Their payloads: one that no selected file lies in is decoded when a group needs it.
    came: HashMap<u64, Arc<StreamGroup>>,
    /// Those that were decoded.
    pub decoded: Arc<BaseCache>,
    /// Bytes of memory that the payloads take.
    held: u64,
    /// Bytes of memory that the largest state takes.
    state: u64,
}

impl StreamBases {
    pub fn new(memory: u64) -> StreamBases {
        let decoded = Arc::new(BaseCache::new(memory));
        StreamBases { came: HashMap::new(), decoded, held: 0, state: 0 }
    }

    /// Returns the bytes of memory that a group takes which starts behind `base`.
    pub fn cost(&mut self, group: &StreamGroup, base: Option<&StreamGroup>) -> u64 {
        let before = base.map_or(0, |base| base.section.header.raw_length);
        let cost = Cost::of(&group.section, before);
        self.state = self.state.max(cost.state);
        cost.decode
    }

    /// Returns how many of `memory` bytes are left besides payloads and states.
    pub fn leave(&self, memory: u64) -> u64 {
        let left = memory.saturating_sub(self.held);
        match self.state {
            0 => left,
            state => left.saturating_sub(self.decoded.reserve(left / 4, state)),
        }
    }

    /// Keeps a group if it is a base; returns the base that it starts behind.
    pub fn of(&mut self, group: &Arc<StreamGroup>) -> Option<Arc<StreamGroup>> {
        let header = group.section.header;
        if header.is_base() {
            self.held = self.held.saturating_add(header.stored_length);
            self.came.insert(header.group, Arc::clone(group));
        }
        self.came.get(&header.base_group()?).cloned()
    }
}
