//! Why a step could not be run.

/// Errors of the recipe layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// The step has a transform that this version does not know.
    #[error("unknown transform {transform}: written by a newer pear-archive; upgrade to read it")]
    UnknownTransform {
        /// Number found in the step.
        transform: u64,
    },
    /// The parameters or inputs of a step are not those that its transform takes.
    #[error("damaged {transform} step: {cause}")]
    Damaged {
        /// Name of the transform.
        transform: &'static str,
        /// What is wrong.
        cause: &'static str,
    },
    /// A step gives another number of bytes than it should.
    #[error("a {transform} step gives another length than the {expected} bytes it should")]
    Length {
        /// Name of the transform.
        transform: &'static str,
        /// Bytes it should give.
        expected: u64,
    },
    /// An output is longer than any step may give.
    #[error("an output of {found} bytes is longer than the {limit} bytes that a step may give")]
    TooLarge {
        /// Bytes that the step should give.
        found: u64,
        /// Most bytes.
        limit: u64,
    },
}
