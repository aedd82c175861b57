//! Makes a plan from a live PostgreSQL database and a schema: inspect, normalize, settle, diff, lower, order,
//! count.
//!
//! Reads only: temporary objects that serve to query the server are rolled back.

use std::collections::{BTreeMap, BTreeSet};

use super::connection::{Connection, Error};
use super::facts::{Facts, TableFacts};
use super::inspect::{self, Live, ident};
use super::measure::{self, Measuring};
use super::{
    check_defaults, dependents, fragments, given_names, history, kinds, known_types, lower, managed, moved_schema, normalize,
    null_defaults, owned, renamed_types, rows, settle, standing, trial,
};
use crate::diff::{Changes, TableChange, beside, diff};
use crate::engine::PlanOptions;
use crate::engine::guards::Guards;
use crate::plan::{self, Counts, Plan, Step};
use crate::schema::{Dialect, Normalized, ObjectName, Problem, Schema, Table};

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The database does not respond.
    #[error(transparent)]
    Database(#[from] Error),
    /// The schema file contains something that PostgreSQL cannot do; each problem has its line.
    #[error("the schema is not valid for PostgreSQL")]
    Schema(Vec<Problem>),
    /// A recorded fact about a database is not valid.
    #[error("`{0}` is not a fact about a PostgreSQL database")]
    Fact(String),
    /// Steps depend on each other.
    #[error("dependency cycle: {0} depend on each other")]
    Cycle(String),
}

/// Returns the live schema as `inspect` prints it.
pub(crate) async fn current(connection: &mut Connection) -> Result<Schema, Error> {
    Ok(as_shown(&inspect::inspect(connection).await?))
}

/// Returns an inspected schema as `inspect` prints it.
pub(crate) fn as_shown(live: &Live) -> Schema {
    let mut schema = live.schema.clone();
    normalize::normalize(&mut schema, &live.server.default_schema);
    schema
}

/// Both schemas in normalized form, and what else was read.
pub(crate) struct NormalizedPair {
    pub(crate) live: Live,
    pub(crate) current: Normalized,
    pub(crate) desired: Normalized,
    /// Schemas with objects that neither the file nor the history names: they remain as they are.
    pub(crate) left_alone: Vec<String>,
    /// Whether the server could not be asked about expressions.
    pub(crate) unasked: bool,
    /// Expressions of the schema file that the server rejects.
    pub(crate) refused: Vec<Problem>,
}

impl NormalizedPair {
    /// Returns the differences.
    pub(crate) fn changes(&self) -> Result<Changes, PlanError> {
        if !self.refused.is_empty() {
            return Err(PlanError::Schema(self.refused.clone()));
        }
        let mut changes = diff(&self.current, &self.desired).map_err(PlanError::Schema)?;
        given_names::keep_given(&mut changes);
        let home = &self.live.server.default_schema;
        let mut misnamed = renamed_types::problems(&changes, self.desired.schema(), home);
        if !self.desired.schema().names_are_exact {
            misnamed.extend(moved_schema::problems(&changes, home));
        }
        if !misnamed.is_empty() {
            return Err(PlanError::Schema(misnamed));
        }
        renamed_types::follow(&mut changes, home);
        Ok(changes)
    }

    /// Returns what a change must not add, as far as that is known without the server. A rollback restores what
    /// the database had.
    fn unfit(&self, changes: &Changes) -> Vec<Problem> {
        let desired = self.desired.schema();
        let mut problems = known_types::without_virtual(self.live.server.version, changes);
        if !desired.names_are_exact {
            problems.extend(check_defaults::out_of_range(changes, desired));
        }
        problems
    }
}

/// Reads the live schema and normalizes both schemas.
pub(crate) async fn settled(connection: &mut Connection, desired: &Schema) -> Result<(NormalizedPair, Guards), Error> {
    let live = inspect::inspect(connection).await?;
    let guards = remembered(connection, &live).await?;
    Ok((settled_from(connection, live, desired, &guards).await?, guards))
}

/// Normalizes an inspected and a desired schema, with the server's help.
pub(crate) async fn settled_from(
    connection: &mut Connection,
    live: Live,
    desired: &Schema,
    guards: &Guards,
) -> Result<NormalizedPair, Error> {
    let Aligned { live, mut current, mut wanted, left_alone } = aligned(live, desired, guards);
    let home = live.server.default_schema.clone();
    let mut refused = Vec::new();
    let unasked = live.server.read_only || !live.server.may_temp;
    if !unasked {
        refused = settle::expressions(connection, &mut current, &mut wanted).await?;
        refused.extend(settle::definitions(connection, &home, &current, &mut wanted).await?);
        refused.extend(settle::views(connection, &home, &mut current, &mut wanted).await?);
    }
    given_names::settle_all(&mut current, &mut wanted);
    let (current, desired) = (Normalized::by_dialect(current), Normalized::by_dialect(wanted));
    Ok(NormalizedPair { live, current, desired, left_alone, unasked, refused })
}

/// Both schemas in normalized form, as far as that is possible without a server.
pub(super) struct Aligned {
    /// What was read, without its schema.
    pub(super) live: Live,
    pub(super) current: Schema,
    pub(super) wanted: Schema,
    pub(super) left_alone: Vec<String>,
}

/// Normalizes both schemas, as far as that is possible without a server. The schemas that the
/// last apply named remain managed even if the file no longer names them.
pub(super) fn aligned(mut live: Live, desired: &Schema, guards: &Guards) -> Aligned {
    let home = live.server.default_schema.clone();
    let mut wanted = desired.clone();
    normalize::normalize_desired(&mut wanted, &home);
    let mut current = std::mem::take(&mut live.schema);
    current.renames_done.extend(current.exchanged());
    current.renames_done.extend(guards.schema().exchanged());
    normalize::normalize(&mut current, &home);
    let left_alone = managed::keep(&mut current, &mut wanted, &live, guards.schema());
    managed::take_over_unsaid(&mut current, &wanted);
    managed::stand(&current, &mut live);
    owned::align(&mut current, &mut wanted, &mut live.sequences);
    [&mut current, &mut wanted].into_iter().for_each(null_defaults::leave_out);
    Aligned { live, current, wanted, left_alone }
}

/// Returns what the last apply guarded, the schemas that it named, and the exchanges of names that it knew
/// about.
pub(crate) async fn remembered(connection: &mut Connection, live: &Live) -> Result<Guards, Error> {
    if !live.history {
        return Ok(Guards::default());
    }
    let Some(table) = history::readable(connection).await? else { return Ok(Guards::default()) };
    let last = format!("SELECT schema_after FROM {table} ORDER BY number DESC LIMIT 1");
    let kinds: String = kinds::managed().map(|kind| format!("|{kind}")).collect();
    let guarded = format!("SELECT schema_after FROM last WHERE schema_after ~ 'prevent-destroy| was[= ]|(^|\n)(schema|extension{kinds}) '");
    let recorded = connection.texts(&format!("WITH last AS ({last}) {guarded}")).await?;
    Ok(Guards::of(recorded.first().map_or("", String::as_str), Dialect::Postgres))
}

/// A plan, and what it was made from.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) settled: NormalizedPair,
    /// The steps as they were before they were counted.
    pub(crate) uncounted: Vec<Step>,
    /// Tables that have rows, although the plan was made as if they had none.
    pub(crate) unexpectedly_not_empty: Vec<ObjectName>,
}

/// The options of a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'h> {
    /// Whether tables with rows are changed without blocking writers.
    pub(crate) online: bool,
    /// How rows are counted.
    pub(crate) counts: Counts,
    /// The tables that are assumed to have rows; `None`: look them up.
    pub(crate) holding: Option<&'h BTreeSet<ObjectName>>,
}

impl<'h> How<'h> {
    /// As the options say.
    pub(crate) fn in_way(plan_options: PlanOptions) -> How<'h> {
        How { online: plan_options.engine.postgres.online, counts: plan_options.counts, holding: None }
    }

    /// Returns the options of an approved plan.
    pub(crate) fn of(approved: &'h Plan) -> How<'h> {
        How { online: approved.online, counts: approved.counts, holding: approved.holding.as_ref() }
    }
}

/// Plans from the live schema to the desired one, in the caller's transaction. Also returns the guards of the
/// last apply.
pub(crate) async fn plan_as(connection: &mut Connection, desired: &Normalized, how: &How<'_>) -> Result<(Planned, Guards), PlanError> {
    let (settled, guards) = settled(connection, desired.schema()).await?;
    is_possible(connection, &settled, &settled.changes()?).await?;
    Ok((plan_from(connection, settled, &guards, how).await?, guards))
}

/// Plans from settled schemas whose changes have been found possible, and counts.
pub(crate) async fn plan_from(
    connection: &mut Connection,
    settled: NormalizedPair,
    guards: &Guards,
    how: &How<'_>,
) -> Result<Planned, PlanError> {
    let changes = settled.changes()?;
    let (mut steps, mut uncounted) = (Vec::new(), Vec::new());
    let mut unexpectedly_not_empty = Vec::new();
    if !changes.is_empty() {
        let touched = touched(&settled.live, &changes, settled.current.schema());
        let sizes = rows::holding(connection, &settled.live, &touched, how.counts).await?;
        let known = |name: &ObjectName| how.holding.map_or_else(|| sizes.contains_key(name), |known| known.contains(name));
        let estimate: BTreeMap<&ObjectName, i64> = settled.live.relations.values().map(|r| (&r.name, r.bytes)).collect();
        // A size reveals the number of rows.
        let may_tell = how.counts == Counts::Full;
        let bytes = |name: &ObjectName| sizes.get(name).or_else(|| estimate.get(name)).copied().filter(|_| may_tell);
        let facts = Facts::new(&settled.live, |name| TableFacts { bytes: bytes(name), holds_rows: known(name) });
        unexpectedly_not_empty = sizes.keys().filter(|name| !known(name)).cloned().collect();
        steps = lowered(&settled, guards, &changes, &facts, how.online)?;
        dependents::stop(connection, &mut steps, &changes, &settled, &facts).await?;
        uncounted.clone_from(&steps);
        measure::measure(connection, &mut steps, &measuring(&settled, &changes, how.counts)).await?;
    }
    Ok(Planned { plan: made(&settled, guards, changes, steps, how), settled, uncounted, unexpectedly_not_empty })
}

/// Returns what a count may contain from the schema file: the expressions and types of what changes.
fn measuring(settled: &NormalizedPair, changes: &Changes, counts: Counts) -> Measuring {
    let mut fragments: Vec<String> = changes
        .tables()
        .filter_map(|c| if let TableChange::Alter(e) = c { Some(&e.after) } else { None })
        .flat_map(fragments::of_table)
        .collect();
    fragments.extend(changes.domains().filter_map(|d| d.after()).flat_map(fragments::of_domain));
    // The columns of a changed type may be filled or converted, although their tables do not differ.
    if changes.domains().next().is_some() || changes.enums().next().is_some() {
        let columns = settled.desired.schema().tables.values().flat_map(|t| t.columns.values());
        fragments.extend(columns.flat_map(|c| c.backfill.iter().chain(&c.using)).map(|e| e.text.clone()));
    }
    let server = &settled.live.server;
    Measuring { counts, may_ask: server.may_temp && !server.read_only, fragments }
}

/// Checks that the server knows all types of new columns, and accepts what is added to tables.
///
/// # Errors
/// [`PlanError::Schema`] with what it rejects.
pub(crate) async fn is_possible(connection: &mut Connection, settled: &NormalizedPair, changes: &Changes) -> Result<(), PlanError> {
    let mut problems = known_types::problems(connection, changes, settled.desired.schema()).await?;
    problems.extend(settled.unfit(changes));
    if problems.is_empty() && !settled.unasked {
        problems = trial::problems(connection, changes, settled.current.schema(), settled.desired.schema()).await?;
    }
    if problems.is_empty() { Ok(()) } else { Err(PlanError::Schema(problems)) }
}

/// Returns the steps in execution order, not yet counted.
pub(super) fn lowered(
    settled: &NormalizedPair,
    guards: &Guards,
    changes: &Changes,
    facts: &Facts,
    online: bool,
) -> Result<Vec<Step>, PlanError> {
    let unfit = settled.unfit(changes);
    if !unfit.is_empty() {
        return Err(PlanError::Schema(unfit));
    }
    let mut steps = lower::lower(changes, settled.current.schema(), settled.desired.schema(), facts, online);
    let taken = lower::taken_names(&steps, changes, settled.current.schema(), settled.desired.schema(), facts);
    if !taken.is_empty() {
        return Err(PlanError::Schema(taken));
    }
    let going = lower::going(changes, settled.current.schema(), settled.desired.schema(), facts);
    standing::keep(&mut steps, changes, &settled.live, &going);
    guards.stop(changes, &mut steps);
    plan::order(steps).map_err(|stuck| PlanError::Cycle(stuck.join(" and ")))
}

/// Returns the plan of these steps.
pub(super) fn made(settled: &NormalizedPair, guards: &Guards, changes: Changes, steps: Vec<Step>, how: &How<'_>) -> Plan {
    Plan {
        dialect: Dialect::Postgres,
        unmanaged: beside(&changes, settled.current.schema(), settled.desired.schema()),
        changes,
        steps,
        fingerprint: fingerprint(settled.current.schema()),
        guards: guards.changes(settled.desired.schema()),
        rebuild_only: false,
        creates_database: false,
        is_rollback: false,
        drift: None,

        holding: None,
        online: how.online,
        counts: how.counts,
    }
}

/// Returns a digest of the live schema in rosey's own spelling.
fn fingerprint(schema: &Schema) -> String {
    plan::digest(&crate::kdl::encode(schema))
}

/// Returns the live tables that change, or whose types do: the lowering needs to know whether they have rows.
fn touched(live: &Live, changes: &Changes, current: &Schema) -> Vec<ObjectName> {
    let touched = changes.tables().filter_map(|c| match c {
        TableChange::Create(_) => None,
        TableChange::Drop(t) => Some(t.name.clone()),
        TableChange::Alter(e) => Some(e.live.name.clone()),
    });
    let names = super::names::Names::new(ident(&live.server.default_schema));
    let domains = changes.domains().filter_map(|d| d.before()).map(|d| &d.name);
    let changed = domains.chain(changes.enums().filter_map(|d| d.before()).map(|e| &e.name));
    let types: BTreeSet<String> = changed.flat_map(|ty| lower::types_over(&names, current, ty).into_keys()).collect();
    let has_type = |t: &&Table| t.columns.values().any(|c| super::types::named(&c.ty, &names).is_some_and(|(key, _)| types.contains(&key)));
    let typed = current.tables.values().filter(has_type).map(|t| t.name.clone());
    // A foreign key to a table whose key or columns change may be re-created.
    let rekeyed = |t: &ObjectName| {
        let alters = changes.tables().filter_map(|c| if let TableChange::Alter(e) = c { Some(e) } else { None });
        alters.filter(|e| e.changes_table() || !e.indexes.is_empty()).any(|e| names.same(&e.live.name, t))
    };
    let keyed = current.tables.values().filter(|t| t.foreign_keys.iter().any(|f| rekeyed(&f.table))).map(|t| t.name.clone());
    touched.chain(typed).chain(keyed).collect::<BTreeSet<_>>().into_iter().collect()
}
