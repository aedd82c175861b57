//! Finds the sequences that a rollback creates again: their positions are not recorded, so they restart.

use super::adopted::Recorded;
use crate::diff::Delta;
use crate::plan::{LossCause, Lost, Plan};
use crate::schema::Sequence;

/// Returns the sequences that an undone version dropped and the plan creates.
pub(super) fn lost(recorded: &[Recorded], plan: &Plan) -> Vec<Lost> {
    let created = plan.changes.sequences().filter_map(|d| if let Delta::Create(sequence) = d { Some(sequence) } else { None });
    let lost = |sequence: &Sequence| {
        let gone = |r: &&Recorded| r.before.sequences.contains_key(&sequence.name) && !r.after.sequences.contains_key(&sequence.name);
        let by = recorded.iter().rev().find(gone)?.number;
        let values = Some("set it past the values in use before anything takes a number from it: SELECT setval(…)".to_owned());
        Some(Lost { address: sequence.address(), cause: LossCause::Dropped, by, values })
    };
    created.filter_map(lost).collect()
}
