//! Files of a pipe that are made by recipes: the groups of their batch are kept until it ends.

use super::announced::Announced;
use super::batches::{Current, Open};
use super::groups::Decoded;
use super::incoming::Incoming;
use super::making::{Made, Making, Piece, Proof, lack_of, making_memory};
use crate::archive::ArchiveError;
use crate::checksum::Digest;
use crate::container::{Batch, recipe_memory};
use crate::entry::Recipe;
use std::sync::Arc;

/// Files of one content, or its piece in a batch, of which everything came that they are made
/// of.
pub(super) struct Ready<'a> {
    files: Vec<Announced<'a>>,
    /// Bytes of the piece.
    size: u64,
    /// Bytes that are still to come behind it.
    following: u64,
    /// The digest of the whole file, if this is the last of several pieces.
    digest: Option<Digest>,
    /// What is to be done; taken when it is.
    pub making: Option<Making>,
    /// Bytes that are no longer held when it is made.
    release: Option<u64>,
}

/// The groups of a batch, kept to its end.
pub(super) struct KeptGroups {
    pub groups: Vec<Arc<Decoded>>,
    /// Bytes of memory charged for them.
    memory: u64,
}

impl Ready<'_> {
    /// Returns the bytes of memory that making it takes.
    pub fn cost(&self) -> u64 {
        self.making.as_ref().map_or(0, |making| making_memory(&making.recipe))
    }
}

impl<'a> Incoming<'a> {
    /// Prepares to keep the groups of a batch to its end, if files are made of them, and
    /// charges the memory.
    pub(super) fn keep(&mut self, batch: &Batch, rows: &[Vec<Announced>]) -> Option<KeptGroups> {
        let wanted = |files: &[Announced]| files.iter().any(|file| file.sink.is_some());
        let rows = batch.rows.iter().zip(rows);
        let recipes = rows.filter(|(_, files)| wanted(files)).filter_map(|(row, _)| {
            // Once more for where its parts lie, and for these pieces.
            row.recipe.as_deref().map(|recipe| 3 * recipe_memory(recipe))
        });
        let recipes = recipes.fold(None, |sum: Option<u64>, one| Some(sum.unwrap_or(0) + one))?;
        let memory = batch.length().saturating_add(recipes);
        self.unmade += 1;
        self.charge(memory);
        Some(KeptGroups { groups: Vec::new(), memory })
    }

    /// Ends the rows of a batch that are made by recipes. Files that go on in the next batch are
    /// left in their row if nothing is to be made for them.
    pub(super) fn end_recipes(&mut self, current: &mut Current<'a>) {
        let batch = Arc::clone(&current.batch);
        let kept = current.kept.take();
        let before = self.ready.len();
        for (number, row) in batch.rows.iter().enumerate() {
            let Some(recipe) = &row.recipe else { continue };
            let files = std::mem::take(&mut current.rows[number]);
            let open = batch.open.filter(|open| open.row == number as u64);
            let following = open.map_or(0, |open| open.following);
            let several = following > 0 || (batch.continued && number == 0);
            let digest = batch.file_digest(number);
            let wanted = files.iter().any(|file| file.sink.is_some());
            let left = match kept.as_ref().filter(|_| wanted) {
                None => self.end_piece(files, following, None),
                Some(kept) => match pieces(&batch, recipe, &kept.groups) {
                    Err((group, lack)) => {
                        let group = current.group(group);
                        let files = self.lack(files, recipe.size(), group, &lack);
                        self.end_piece(files, following, digest.filter(|_| several))
                    }
                    Ok(pieces) => {
                        let proof = if several { Proof::Later } else { Proof::Digest(digest) };
                        let making = Some(Making { recipe: Arc::clone(recipe), pieces, proof });
                        let (size, release) = (recipe.size(), None);
                        let digest = digest.filter(|_| several);
                        let ready = Ready { files, size, following, digest, making, release };
                        self.ready.push_back(ready);
                        Vec::new()
                    }
                },
            };
            current.rows[number] = left;
        }
        let Some(KeptGroups { memory, .. }) = kept else { return };
        match self.ready.len() > before {
            true => self.ready.back_mut().iter_mut().for_each(|last| last.release = Some(memory)),
            false => self.end_made(memory),
        }
    }

    /// Ends files, or returns them if they go on.
    fn end_piece(
        &mut self,
        files: Vec<Announced<'a>>,
        following: u64,
        digest: Option<Digest>,
    ) -> Vec<Announced<'a>> {
        if following > 0 {
            return files;
        }
        files.into_iter().for_each(|file| self.complete(file, digest));
        Vec::new()
    }

    /// Counts a batch whose files are all made.
    fn end_made(&mut self, bytes: u64) {
        self.unmade = self.unmade.saturating_sub(1);
        self.release(bytes);
    }

    /// Tells files that a piece of `size` bytes is lost.
    fn lack(
        &mut self,
        mut files: Vec<Announced<'a>>,
        size: u64,
        group: u64,
        lack: &Arc<ArchiveError>,
    ) -> Vec<Announced<'a>> {
        for file in &mut files {
            file.doubt = file.doubt.or(Some(group));
            self.write(file, size, Err(lack), None);
        }
        files
    }

    /// Gives files their bytes.
    pub(super) fn made(&mut self, ready: Ready<'a>, made: Result<Made, ArchiveError>) {
        let Ready { mut files, size, following, digest, release, .. } = ready;
        let made = made.map_err(Arc::new);
        for file in &mut files {
            match &made {
                Ok(made) => {
                    for bytes in made {
                        self.write(file, bytes.len() as u64, Ok(bytes), None);
                    }
                }
                Err(cause) => self.write(file, size, Err(cause), None),
            }
        }
        let files = self.end_piece(files, following, digest);
        if following > 0 {
            self.awaits_piece = false;
            self.leave_open(Open { files, left: following, made: true });
        }
        release.into_iter().for_each(|bytes| self.end_made(bytes));
    }
}

/// Returns the bytes that a recipe uses; the group that lacks some, and why.
fn pieces(
    batch: &Batch,
    recipe: &Recipe,
    kept: &[Arc<Decoded>],
) -> Result<Vec<Piece>, (u64, Arc<ArchiveError>)> {
    let missing = || Arc::new(ArchiveError::Missing);
    let piece = |place: crate::entry::Extent| {
        let group = kept.get(place.group as usize).ok_or_else(|| (place.group, missing()))?;
        let piece = Piece::of(group, place.offset as usize, place.length as usize);
        piece.ok_or_else(|| (place.group, lack_of(group)))
    };
    batch.places(recipe, 0).into_iter().map(piece).collect()
}
