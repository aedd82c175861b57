//! A schema in the one spelling of a dialect.

use super::{Exchanged, Schema};

/// A schema that a dialect has normalised: equal means equal. `diff` takes nothing else.
#[derive(Debug, Clone, Default)]
pub struct Normalized(Schema);

impl Normalized {
    /// Only a dialect's normalisation may call this.
    pub(crate) fn by_dialect(schema: Schema) -> Self {
        Normalized(schema)
    }

    /// The same, with the renames that are known to have been done.
    pub(crate) fn with_renames_done(mut self, done: Exchanged) -> Self {
        self.0.renames_done = done;
        self
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.0
    }
}
