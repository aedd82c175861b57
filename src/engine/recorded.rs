//! The schema as the history stores it: the live schema, plus what the database itself cannot store.

use crate::engine::guards;
use crate::kdl;
use crate::schema::Schema;

/// Returns the schema as its file contains it. A rollback has no file; in its schema, each `was=` is a
/// current name, and applying it again must not rename anything back.
pub(crate) fn as_written(desired: &Schema) -> String {
    if !desired.names_are_exact {
        return kdl::encode(desired);
    }
    let mut shown = desired.clone();
    shown.forget_old_names();
    shown.say_exchanged(&desired.renames_done);
    kdl::encode(&shown)
}

/// Returns a live schema with the guards of the desired one; `guarded` contains those of the last version.
pub(crate) fn as_recorded(live: &Schema, desired: &Schema, guarded: &Schema) -> String {
    let mut shown = live.clone();
    guards::remember(&mut shown, desired);
    guards::carry_exchanged(&mut shown, desired, guarded);
    guards::carry(&mut shown, guarded);
    kdl::encode(&shown)
}
