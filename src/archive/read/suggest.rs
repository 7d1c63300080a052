//! What to try when a pattern selects nothing.

use crate::archive::ArchiveError;
use crate::entry::Entry;
use crate::tree::Patterns;
use std::collections::BTreeSet;

/// Most proposals.
const MOST: usize = 3;

/// Longest name, in bytes, that is compared letter by letter.
const COMPARED: usize = 64;

/// The error for a pattern that selects none of `entries`, with up to three patterns
/// or names that do: the same at any depth, its last component at any depth, or names
/// that differ by a few letters. Cost: a few passes over the entries.
pub fn not_found(pattern: &[u8], entries: &[Entry]) -> ArchiveError {
    let trimmed = pattern.strip_prefix(b"./").unwrap_or(pattern);
    let trimmed = trimmed.strip_prefix(b"/").unwrap_or(trimmed);
    let trimmed = trimmed.strip_suffix(b"/").unwrap_or(trimmed);
    let name = last_component(trimmed);
    let mut similar = Vec::new();
    if !name.is_empty() {
        for tried in [trimmed.to_vec(), at_any_depth(trimmed), at_any_depth(name)] {
            similar = selected_by(&tried, entries);
            if !similar.is_empty() {
                break;
            }
        }
        if similar.is_empty() {
            similar = spelt_alike(name, entries);
        }
    }
    ArchiveError::NotFound { pattern: pattern.to_vec(), similar }
}

fn at_any_depth(pattern: &[u8]) -> Vec<u8> {
    [b"**/", pattern].concat()
}

fn last_component(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// What to propose for a pattern: the few paths that it selects, or itself if they are
/// many; nothing if there are none.
fn selected_by(pattern: &[u8], entries: &[Entry]) -> Vec<Vec<u8>> {
    let Ok(patterns) = Patterns::selecting(&[pattern]) else { return Vec::new() };
    let paths = entries.iter().map(|entry| &entry.path);
    let found =
        paths.filter(|path| patterns.matching_here(path).next().is_some()).take(MOST + 1).cloned();
    let found: Vec<_> = found.collect();
    let is_glob = last_component(pattern).iter().any(|byte| b"*?[{".contains(byte));
    match found.len() > MOST || (is_glob && !found.is_empty()) {
        true => vec![pattern.to_vec()],
        false => found,
    }
}

/// The paths whose names differ least from `name`, by a third of its letters at most.
fn spelt_alike(name: &[u8], entries: &[Entry]) -> Vec<Vec<u8>> {
    let name = name.to_ascii_lowercase();
    let most = name.len() / 3;
    if name.len() > COMPARED {
        return Vec::new();
    }
    let mut nearest = BTreeSet::new();
    for entry in entries {
        let other = last_component(&entry.path);
        if other.len().abs_diff(name.len()) <= most {
            let distance = distance(&name, &other.to_ascii_lowercase());
            if distance <= most {
                nearest.insert((distance, &entry.path));
                if nearest.len() > MOST {
                    nearest.pop_last();
                }
            }
        }
    }
    nearest.into_iter().map(|(_, path)| path.clone()).collect()
}

/// Letters to insert, delete or replace to make one name the other.
fn distance(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (place, compared) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != compared);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}
