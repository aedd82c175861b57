//! A schema in the canonical spelling of a dialect.

use super::{Exchanged, Schema};

/// A schema that a dialect has normalized, so that equivalent objects are equal. `diff` takes nothing else.
#[derive(Debug, Clone, Default)]
pub struct Normalized(Schema);

impl Normalized {
    /// Wraps a normalized schema. Only a dialect's normalization may call this.
    pub(crate) fn by_dialect(schema: Schema) -> Self {
        Normalized(schema)
    }

    /// Returns the schema with the renames that are known to have been done.
    pub(crate) fn with_renames_done(mut self, done: Exchanged) -> Self {
        self.0.renames_done = done;
        self
    }

    /// Returns the schema.
    pub fn schema(&self) -> &Schema {
        &self.0
    }
}
