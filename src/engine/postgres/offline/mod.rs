//! Plans for a PostgreSQL database that is not reachable, from its recorded schema and facts. The code is the
//! same as for a plan against the database, but nothing is queried: expressions are compared by their tokens,
//! and rows are not counted. If the server might decide otherwise, the plan says so.
//!
//! Whatever only a server can reject is not known here: a constraint or an index that it does not accept, or
//! a function, policy or trigger that depends on a dropped object. The apply checks both before it begins;
//! the steps are the same.

mod file;
mod noted;
mod places;
mod recorded;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::facts::{Facts, TableFacts};
use super::inspect::Live;
use super::planner::{self, Aligned, How, NormalizedPair, PlanError};
use crate::diff::Changes;
use crate::engine::guards::Guards;
use crate::plan::{Counts, Fact, Level, Step};
use crate::schema::{Address, Normalized, ObjectName, Schema};

pub use crate::engine::offline::{OfflinePlan, Recorded};
pub(crate) use file::for_file;
pub(crate) use noted::facts;
pub use noted::holding;

/// The recorded facts about a database, as they are read back.
pub(crate) struct OfflineFacts {
    /// The facts beyond the schema, which comes from elsewhere.
    pub(crate) live: Live,
    /// What the last apply guarded.
    pub(crate) guards: Guards,
    /// The tables that have rows.
    pub(crate) holding: BTreeSet<ObjectName>,
}

/// Plans from a recorded schema and its facts to the desired schema: the same changes and statements as
/// against the database itself, except for expressions that only the server knows to be equal. `recorded`
/// contains those that have been applied before. Nothing can be counted here, so a constraint that rows may
/// violate is a warning.
///
/// # Errors
/// If a fact is not one of a PostgreSQL database, or if no plan is possible.
pub fn plan(
    current: &Schema,
    facts: &[Fact],
    recorded: Option<Recorded<'_>>,
    desired: &Normalized,
    online: bool,
) -> Result<OfflinePlan, PlanError> {
    let Made { settled, guards, changes, mut steps, unsettled } = lowered(current, facts, recorded, desired, online)?;
    uncounted(&mut steps);
    let changed = changes.addresses();
    let unsettled = unsettled.into_iter().filter(|a| changed.contains(a)).collect();
    let desired = for_file(&settled, &changes);
    let how = How { online, counts: Counts::default(), holding: None };
    Ok(OfflinePlan { plan: planner::made(&settled, &guards, changes, steps, &how), unsettled, desired: Some(desired) })
}

/// The parts of a plan.
struct Made {
    settled: NormalizedPair,
    guards: Guards,
    changes: Changes,
    steps: Vec<Step>,
    unsettled: BTreeSet<Address>,
}

fn lowered(
    current: &Schema,
    facts: &[Fact],
    recorded: Option<Recorded<'_>>,
    desired: &Normalized,
    online: bool,
) -> Result<Made, PlanError> {
    let OfflineFacts { live, guards, holding } = noted::read(facts, current)?;
    let (settled, unsettled) = settled(live, &guards, recorded, desired);
    let changes = settled.changes()?;
    let mut steps = Vec::new();
    if !changes.is_empty() {
        let facts = Facts::new(&settled.live, |name| TableFacts { bytes: None, holds_rows: holding.contains(name) });
        steps = planner::lowered(&settled, &guards, &changes, &facts, online)?;
    }
    Ok(Made { settled, guards, changes, steps, unsettled })
}

/// Returns what a script of the plan needs in addition: both schemas in normalized form, the guards, and the
/// steps with everything that is to be counted.
///
/// # Errors
/// The errors of [`plan`].
pub(crate) fn for_script(
    current: &Schema,
    facts: &[Fact],
    recorded: Option<Recorded<'_>>,
    desired: &Normalized,
    online: bool,
) -> Result<(NormalizedPair, Guards, Vec<Step>), PlanError> {
    let made = lowered(current, facts, recorded, desired, online)?;
    Ok((made.settled, made.guards, made.steps))
}

/// Returns both schemas in normalized form, as far as that is possible without a server, and the objects that
/// only a server could compare.
fn settled(live: Live, guards: &Guards, recorded: Option<Recorded<'_>>, desired: &Normalized) -> (NormalizedPair, BTreeSet<Address>) {
    let home = live.server.default_schema.clone();
    let Aligned { live, mut current, mut wanted, left_alone } = planner::aligned(live, desired.schema(), guards);
    if let Some(recorded) = recorded {
        recorded::take_recorded(&mut current, &mut wanted, recorded, &home);
    }
    let unsettled = places::unsettled(&mut current, &mut wanted);
    super::given_names::settle_all(&mut current, &mut wanted);
    let (current, desired) = (Normalized::by_dialect(current), Normalized::by_dialect(wanted));
    (NormalizedPair { live, current, desired, left_alone, unasked: true, refused: Vec::new() }, unsettled)
}

/// Returns both schemas as [`plan`] has them, for a caller that has the server but must get the same plan.
///
/// # Errors
/// If a fact is not one of a PostgreSQL database.
pub(crate) fn settled_without_server(
    current: &Schema,
    facts: &[Fact],
    desired: &Normalized,
) -> Result<(NormalizedPair, Guards), PlanError> {
    let OfflineFacts { live, guards, .. } = noted::read(facts, current)?;
    Ok((settled(live, &guards, None, desired).0, guards))
}

/// A hazard that cannot be counted may affect no row: the apply counts it.
fn uncounted(steps: &mut [Step]) {
    let counted = steps.iter_mut().flat_map(|s| &mut s.hazards).filter(|h| h.probe.is_some());
    counted.filter(|h| h.level == Level::Blocks).for_each(|h| h.level = Level::Warns);
}
