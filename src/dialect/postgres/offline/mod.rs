//! A plan for a PostgreSQL database that is not at hand: from its schema and the facts that were noted down of it. It is made
//! by the same code as one against the database, but nothing is asked: expressions are compared by their tokens, and rows
//! are not counted. Where the server might have the last word, that is said.
//!
//! What only a server can refuse is not known here: that it does not take a rule or an index, and that a function, policy or
//! trigger holds on to what goes. The apply asks for both before it begins; the steps are the same.

mod file;
mod noted;
mod places;
mod recorded;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::facts::{Facts, TableFacts};
use super::inspect::Live;
use super::planner::{self, Aligned, How, PlanError, Settled};
use crate::dialect::guards::Guards;
use crate::diff::Changes;
use crate::plan::{Counts, Fact, Level, Plan, Step};
use crate::schema::{Address, Normalized, ObjectName, Schema};

pub(crate) use file::for_file;
pub(crate) use noted::facts;
pub use noted::holding;
pub use recorded::Recorded;

/// A plan that was made without the database.
#[derive(Debug, Clone)]
pub struct OfflinePlan {
    /// The plan, with nothing counted.
    pub plan: Plan,
    /// What differs by the words of an expression, which the server might take for the same. In the order of their names.
    pub unsettled: Vec<Address>,
    /// The desired schema, in words that make the same plan without what was recorded.
    pub desired: Schema,
}

/// What was noted down of a database, as it is read again.
pub(crate) struct Noted {
    /// What a plan must know beyond the schema, which comes from elsewhere.
    pub(crate) live: Live,
    /// What the last apply guarded.
    pub(crate) guards: Guards,
    /// The tables that hold rows.
    pub(crate) holding: BTreeSet<ObjectName>,
}

/// Plans from a noted schema and its facts to the desired schema: the same changes and the same statements as against the
/// database itself, but for expressions that only the server knows to be equal. `recorded` tells those that have been
/// applied before. What would be counted is not known here, so a rule that rows may break is a warning.
///
/// # Errors
/// Where a fact is none of a PostgreSQL database, or where no plan is possible.
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
    Ok(OfflinePlan { plan: planner::made(&settled, &guards, changes, steps, &how), unsettled, desired })
}

/// What a plan is made of.
struct Made {
    settled: Settled,
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
    let Noted { live, guards, holding } = noted::read(facts, current)?;
    let (settled, unsettled) = settled(live, &guards, recorded, desired);
    let changes = settled.changes()?;
    let mut steps = Vec::new();
    if !changes.is_empty() {
        let facts = Facts::new(&settled.live, |name| TableFacts { bytes: None, holds_rows: holding.contains(name) });
        steps = planner::lowered(&settled, &guards, &changes, &facts, online)?;
    }
    Ok(Made { settled, guards, changes, steps, unsettled })
}

/// What a script of the plan is made of besides: both schemas in one spelling, what is guarded, and the steps with all that
/// is to be counted.
///
/// # Errors
/// As [`plan`].
pub(crate) fn for_script(
    current: &Schema,
    facts: &[Fact],
    recorded: Option<Recorded<'_>>,
    desired: &Normalized,
    online: bool,
) -> Result<(Settled, Guards, Vec<Step>), PlanError> {
    let made = lowered(current, facts, recorded, desired, online)?;
    Ok((made.settled, made.guards, made.steps))
}

/// Both schemas in one spelling, as far as that goes without a server, and what only it could say.
fn settled(live: Live, guards: &Guards, recorded: Option<Recorded<'_>>, desired: &Normalized) -> (Settled, BTreeSet<Address>) {
    let home = live.server.default_schema.clone();
    let Aligned { live, mut current, mut wanted, left_alone } = planner::aligned(live, desired.schema(), guards);
    if let Some(recorded) = recorded {
        recorded::take_over(&mut current, &mut wanted, recorded, &home);
    }
    let unsettled = places::unsettled(&mut current, &mut wanted);
    super::given_names::settle_all(&mut current, &mut wanted);
    let (current, desired) = (Normalized::by_dialect(current), Normalized::by_dialect(wanted));
    (Settled { live, current, desired, left_alone, unasked: true, refused: Vec::new() }, unsettled)
}

/// As [`plan`] has both schemas, for whoever has the server at hand and wants the plan to be the same.
///
/// # Errors
/// Where a fact is none of a PostgreSQL database.
pub(crate) fn settled_without_server(current: &Schema, facts: &[Fact], desired: &Normalized) -> Result<(Settled, Guards), PlanError> {
    let Noted { live, guards, .. } = noted::read(facts, current)?;
    Ok((settled(live, &guards, None, desired).0, guards))
}

/// What cannot be counted may be nothing: the apply counts it.
fn uncounted(steps: &mut [Step]) {
    let counted = steps.iter_mut().flat_map(|s| &mut s.hazards).filter(|h| h.probe.is_some());
    counted.filter(|h| h.level == Level::Blocks).for_each(|h| h.level = Level::Warns);
}
