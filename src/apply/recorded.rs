//! The schema as the history keeps it. What it holds besides the live schema is what the database itself cannot hold.

use crate::engine::guards;
use crate::kdl;
use crate::schema::Schema;

/// A live schema with the guards of the desired one; `guarded` is what the last number kept of them.
pub(super) fn as_recorded(live: &Schema, desired: &Schema, guarded: &Schema) -> String {
    let mut shown = live.clone();
    guards::remember(&mut shown, desired);
    guards::carry_exchanged(&mut shown, desired, guarded);
    guards::carry(&mut shown, guarded);
    kdl::encode(&shown)
}
