//! Volumes that belong to another archive.

use super::{VolumeFault, Volumes, names};
use crate::archive::{Archive, ArchiveError};
use crate::container::{
    ArchiveId, Belonging, HEADER_LENGTH, ReadAt, Section, SectionHeader, belonging, footer_of,
    preface_of,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// Returns which of the files behind volume number `run`, beyond a gap, are volumes of the
/// archive: those as long as the first volume, and those that hold a section of the archive.
/// Other files have names with numbers too. All of them count if the first volume is not there.
/// Reads each file up to the first section of the archive.
pub(super) fn beyond(paths: &BTreeMap<u64, PathBuf>, run: u64) -> io::Result<BTreeSet<u64>> {
    let mut volumes = BTreeSet::new();
    let first = paths.get(&1).map(File::open).transpose()?;
    let length = |file: &File| file.metadata().map(|metadata| metadata.len());
    let size = first.as_ref().map(length).transpose()?;
    let id = first.and_then(|file| preface_of(&file)).map(|preface| preface.archive_id);
    for (&number, path) in paths.range(run + 1..) {
        let file = File::open(path)?;
        let is_one = match (size, id) {
            (Some(size), _) if length(&file)? == size => true,
            (_, Some(id)) => belonging(file, &id)? == Belonging::Here,
            (_, None) => true,
        };
        if is_one {
            volumes.insert(number);
        }
    }
    Ok(volumes)
}

/// Returns which volumes are of another archive, or whether the last ones are missing. Reads a
/// section header of each volume; of those where that is another one, and of all volumes of a
/// damaged archive, up to the first header of the archive.
pub(super) fn strays(archive: &Archive<Volumes>) -> Vec<ArchiveError> {
    let volumes = archive.reader.source();
    let Some(name) = volumes.name() else { return Vec::new() };
    let id = archive.reader.archive_id();
    let fault = |path, fault| ArchiveError::Volume { path, to: None, fault };
    let mut strays = Vec::new();
    for part in volumes.parts.iter().filter(|part| part.place.there > 0) {
        let (start, end) = (part.place.start, part.place.start + part.place.there);
        let intact = archive.recovery().is_none().then(|| {
            let sections = &archive.reader.index().sections;
            let next = sections.partition_point(|section| section.offset < start);
            let section = sections.get(next)?;
            let inside = section.payload_offset() <= end;
            inside.then(|| is_at(volumes, section, &id))
        });
        let suspect = match intact {
            None | Some(Some(false)) => true,
            Some(Some(true) | None) => false,
        };
        let elsewhere = || File::open(&part.path).and_then(|file| belonging(file, &id));
        if suspect && elsewhere().is_ok_and(|found| found == Belonging::Elsewhere) {
            strays.push(fault(part.path.clone(), VolumeFault::Foreign));
        }
    }
    let full = volumes.parts.last().is_some_and(|last| {
        volumes.size.is_none_or(|size| last.place.there == size) && last.place.there > 0
    });
    if archive.recovery().is_some() && full && footer_of(volumes).is_none() {
        let next = volumes.parts.len() as u64 + 1;
        strays.push(fault(names::volume(name, next), VolumeFault::End));
    }
    strays
}

/// Returns whether the header of a section stands where the index says.
fn is_at(volumes: &Volumes, section: &Section, id: &ArchiveId) -> bool {
    let mut bytes = [0; HEADER_LENGTH];
    volumes.read_exact_at(&mut bytes, section.offset).is_ok()
        && SectionHeader::from_bytes(&bytes, id, section.offset)
            .is_ok_and(|header| header == section.header)
}
