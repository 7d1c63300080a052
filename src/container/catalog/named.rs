//! Contents of ENTRY sections that rows of later sections may name (Form 5).

use crate::container::batch::Batch;
use crate::container::runs::{Layout, Stream};
use crate::entry::{Content, Extents, FileDigest, Recipe};
use std::collections::BTreeMap;
use std::sync::Arc;
use thin_vec::ThinVec;

/// The contents of all sections so far, by Sequence.
#[derive(Debug, Default)]
pub(super) struct Contents {
    sections: BTreeMap<u64, Named>,
    /// The content that goes on: its section, and what is known of it so far.
    open: Option<(u64, Whole)>,
}

/// A content that lies in several batches.
#[derive(Clone, Debug, Default)]
struct Whole {
    extents: Extents,
    recipes: ThinVec<Arc<Recipe>>,
    digest: FileDigest,
    /// Whether a run leads to a group that is not known.
    lost: bool,
}

impl Whole {
    /// Adds what row `row` of a batch has of it.
    fn add(&mut self, layout: &Layout, row: usize) {
        let extents = layout.extents(row);
        self.lost |= extents.is_err();
        self.extents.extend(extents.unwrap_or_default());
        self.recipes.extend(layout.batch.rows[row].recipe.clone());
    }
}

#[derive(Debug)]
struct Named {
    /// Number of the first group.
    first: u64,
    batch: Arc<Batch>,
    /// What is looked up, once something is.
    places: Option<Box<Places>>,
    /// The whole of the content that it leaves open, once that has ended.
    whole: Option<Whole>,
}

#[derive(Debug)]
struct Places {
    digests: Vec<FileDigest>,
    starts: Vec<u64>,
    ends: Vec<u64>,
}

impl Contents {
    /// Adds the contents of a section.
    pub fn add(&mut self, sequence: u64, layout: &Layout, batch: &Arc<Batch>) {
        if batch.rows.is_empty() {
            return;
        }
        if let Some(open) = batch.open.filter(|open| !(batch.continued && open.row == 0)) {
            let mut whole = Whole::default();
            whole.add(layout, open.row as usize);
            self.open = Some((sequence, whole));
        }
        let first = layout.first;
        let named = Named { first, batch: Arc::clone(batch), places: None, whole: None };
        self.sections.insert(sequence, named);
    }

    /// Goes on with the content left open.
    pub fn go_on(&mut self, layout: &Layout) {
        let batch = layout.batch;
        if !batch.continued {
            self.open = None;
            return;
        }
        let Some((_, whole)) = self.open.as_mut().filter(|_| !batch.rows.is_empty()) else {
            return;
        };
        whole.add(layout, 0);
        if batch.open.is_some_and(|open| open.row == 0) {
            return;
        }
        let ended = self.open.take();
        let digest = batch.file_digest(0).map_or(FileDigest::Unknown, FileDigest::File);
        if let Some((sequence, whole)) = ended
            && let Some(named) = self.sections.get_mut(&sequence)
        {
            named.whole = Some(Whole { digest, ..whole });
        }
    }

    /// Returns the content of a row, and the bytes of memory that were taken to find it. The
    /// error is the broken rule.
    pub fn find(
        &mut self,
        sequence: u64,
        row: u64,
        stream: &Stream,
    ) -> Result<(Content, u64), &'static str> {
        let named = self.sections.get_mut(&sequence);
        let named = named.ok_or("it names a content of no earlier ENTRY section that counts")?;
        let (batch, first) = (&named.batch, named.first);
        let number = usize::try_from(row).ok().filter(|&number| number < batch.rows.len());
        let number = number.ok_or("it names a row that is not there")?;
        let found = &batch.rows[number];
        if found.again.is_some() || (batch.continued && number == 0) {
            return Err("it names a row that is no content of its section");
        }
        let mut taken = 0;
        let places = named.places.get_or_insert_with(|| {
            let (starts, ends) = (batch.row_starts(), batch.group_ends());
            let places = Places { digests: batch.row_digests(), starts, ends };
            let digests = size_of_val(&places.digests[..]);
            taken = (digests + 8 * (places.starts.len() + places.ends.len())) as u64;
            Box::new(places)
        });
        let Whole { extents, recipes, digest, lost } =
            if batch.open.is_some_and(|open| open.row == row) {
                named.whole.clone().ok_or("it names a content that has not ended")?
            } else {
                let (ends, starts) = (&places.ends, &places.starts);
                let mut whole = Whole { digest: places.digests[number], ..Whole::default() };
                whole.add(&Layout { batch, first, ends, starts, stream }, number);
                whole
            };
        if lost {
            return Err("it names a content of which a group is not known");
        }
        let data = match recipes.is_empty() {
            false => recipes.iter().map(|recipe| recipe.size()).sum(),
            true => extents.iter().map(|extent| extent.length).sum(),
        };
        let size = found.sparse.as_ref().map_or(data, |sparse| sparse.size);
        let segments = found.sparse.as_ref().map(|sparse| sparse.segments[..].into());
        Ok((Content { size, digest, segments, extents, recipes }, taken))
    }
}
