//! Which generation of an archive is meant. Normative text: spec/container.md §8.

use super::{ContainerError, Index};

/// A generation of an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// The newest.
    #[default]
    Newest,
    /// The one of this number, counted from 0.
    Number(u64),
    /// The newest of those dated at this time, in seconds since 1970, or before. Generations
    /// without a date are passed over.
    Date(i64),
}

impl At {
    /// Returns the number of the generation in an archive whose last index is `newest`.
    ///
    /// # Errors
    /// [`ContainerError::NoGeneration`], [`ContainerError::NoneDated`].
    pub(super) fn number_in(self, newest: &Index) -> Result<usize, ContainerError> {
        let last = newest.generations.len();
        let dates = newest.generations.iter().map(|one| one.date).chain([newest.date]);
        match self {
            At::Newest => Ok(last),
            At::Number(number) => match usize::try_from(number) {
                Ok(number) if number <= last => Ok(number),
                _ => Err(ContainerError::NoGeneration { number, newest: last as u64 }),
            },
            At::Date(until) => {
                let dates: Vec<Option<i64>> = dates.collect();
                let found = dates.iter().rposition(|date| date.is_some_and(|date| date <= until));
                found.ok_or(ContainerError::NoneDated {
                    earliest: dates.into_iter().flatten().min(),
                })
            }
        }
    }

    /// Returns whether an index is that of the generation meant, or of one before it.
    pub(super) fn reaches(self, index: &Index) -> bool {
        match self {
            At::Newest => true,
            At::Number(number) => index.generations.len() as u64 <= number,
            At::Date(until) => index.date.is_some_and(|date| date <= until),
        }
    }
}
