//! Views and materialized views: those that change, and those that are only dropped and re-created unchanged
//! because they block a change. What a view reads cannot be dropped or change its type, so the view is
//! dropped first and re-created last.

use std::collections::{BTreeMap, BTreeSet};

use super::super::facts::ViewKind;

use super::super::words::{calls, words};
use super::super::{ddl, facts::Use};
use super::tables::Altered;
use super::{LoweringContext, alter, edited, rename, view_indexes};
use crate::diff::{Attribute, Delta, Edit, TableChange};
use crate::plan::{Action, Code, Hazard, Level, Resource, Statement, StatementKind, Step, Work};
use crate::schema::{Address, Ident, Index, Kind, MaterializedView, ObjectName, View};

/// What views and materialized views have in common.
#[derive(Clone, Copy)]
pub(super) enum Body<'v> {
    View(&'v View),
    Materialized(&'v MaterializedView),
}

impl<'v> Body<'v> {
    fn kind(self) -> &'static str {
        match self {
            Body::View(_) => "VIEW",
            Body::Materialized(_) => "MATERIALIZED VIEW",
        }
    }

    pub(super) fn name(self) -> &'v ObjectName {
        match self {
            Body::View(v) => &v.name,
            Body::Materialized(v) => &v.name,
        }
    }

    fn address(self) -> Address {
        match self {
            Body::View(v) => v.address(),
            Body::Materialized(v) => v.address(),
        }
    }

    fn query(self) -> &'v str {
        match self {
            Body::View(v) => &v.query.text,
            Body::Materialized(v) => &v.query.text,
        }
    }

    fn with(self) -> &'v [(String, String)] {
        match self {
            Body::View(v) => &v.with,
            Body::Materialized(v) => &v.with,
        }
    }

    fn comment(self) -> Option<&'v str> {
        match self {
            Body::View(v) => v.comment.as_deref(),
            Body::Materialized(v) => v.comment.as_deref(),
        }
    }

    pub(super) fn indexes(self) -> Vec<&'v Index> {
        match self {
            Body::View(_) => Vec::new(),
            Body::Materialized(v) => v.indexes.values().collect(),
        }
    }
}

/// What happens to a view itself.
struct Change<'v> {
    before: Option<Body<'v>>,
    after: Option<Body<'v>>,
    edits: &'v [Edit],
}

fn change<'v, T>(delta: &'v Delta<T>, body: fn(&'v T) -> Body<'v>) -> Change<'v> {
    let edits: &[Edit] = if let Delta::Alter { edits, .. } = delta { edits } else { &[] };
    Change { before: delta.before().map(body), after: delta.after().map(body), edits }
}

pub(super) fn lower(context: &LoweringContext<'_>, alters: &[Altered<'_>]) -> Vec<Step> {
    let views = context.changes.views().map(|d| change(d, Body::View));
    let changes: Vec<Change<'_>> = views.chain(context.changes.materialized_views().map(|d| change(d, Body::Materialized))).collect();
    let uses = uses(context);
    let away = away(context, alters, &changes, &uses);
    let mut steps = Vec::new();
    let mut done = BTreeSet::new();
    for change in &changes {
        let key = change.before.map(|b| context.names.key(b.name()));
        done.extend(key.clone());
        match (change.before, change.after) {
            (Some(before), Some(after)) if !key.is_some_and(|k| away.contains(&k)) => {
                steps.push(in_place(context, before, after, change.edits));
            }
            (before, after) => {
                let action = match (before, after) {
                    (None, _) => Action::Create,
                    (_, None) => Action::Destroy,
                    _ => Action::Replace,
                };
                let address = after.or(before).map(Body::address);
                steps.extend(before.zip(address).map(|(b, a)| drop(context, b, a, action, &uses)));
                steps.extend(after.map(|a| create(context, a, action)));
            }
        }
    }
    steps.extend(carried(context, alters, &away, &done, &uses));
    steps
}

/// Returns everything that live views read, according to the catalog; or according to their queries, if the
/// catalog contains nothing.
fn uses(context: &LoweringContext<'_>) -> BTreeMap<String, Vec<Use>> {
    let mut found: BTreeMap<String, Vec<Use>> = BTreeMap::new();
    for item in &context.facts.uses {
        found.entry(context.names.key(&item.view)).or_default().push(item.clone());
    }
    let known: BTreeMap<String, (&ObjectName, Vec<&Ident>)> = relations(context);
    for body in live_bodies(context) {
        let key = context.names.key(body.name());
        if found.contains_key(&key) {
            continue;
        }
        let kind = if body.kind() == "VIEW" { ViewKind::View } else { ViewKind::Materialized };
        let named = words(body.query());
        let read = context.read_by(body.query()).into_iter().filter_map(|k| known.get(&k));
        let one = |relation: &ObjectName, column: Option<&Ident>| Use {
            kind,
            view: body.name().clone(),
            relation: relation.clone(),
            column: column.cloned(),
        };
        let all = read.flat_map(|(relation, columns)| {
            let columns = columns.iter().filter(|c| named.contains(c.as_str()) || body.query().contains('*'));
            columns.map(|c| one(relation, Some(c))).chain([one(relation, None)]).collect::<Vec<_>>()
        });
        found.insert(key, all.collect());
    }
    found
}

/// Returns all live relations that a query may read, with their columns.
fn relations<'w>(context: &'w LoweringContext<'_>) -> BTreeMap<String, (&'w ObjectName, Vec<&'w Ident>)> {
    let tables = context.current.tables.values().map(|t| (context.names.key(&t.name), (&t.name, t.columns.keys().collect())));
    let views = live_bodies(context).into_iter().map(|b| (context.names.key(b.name()), (b.name(), Vec::new())));
    tables.chain(views).collect()
}

fn live_bodies<'w>(context: &'w LoweringContext<'_>) -> Vec<Body<'w>> {
    let views = context.current.views.values().map(Body::View);
    views.chain(context.current.materialized_views.values().map(Body::Materialized)).collect()
}

/// Returns the live views that must be dropped, temporarily or for good: those whose definition changes, and
/// all that read something that is dropped or changed.
fn away(
    context: &LoweringContext<'_>,
    alters: &[Altered<'_>],
    changes: &[Change<'_>],
    uses: &BTreeMap<String, Vec<Use>>,
) -> BTreeSet<String> {
    let redefined = |c: &&Change<'_>| c.after.is_none() || edited(c.edits, Attribute::Definition) || edited(c.edits, Attribute::Columns);
    let redefined = changes.iter().filter(redefined).filter_map(|c| c.before).map(|b| context.names.key(b.name()));
    let mut gone: BTreeSet<String> = redefined.collect();
    let (types, routines) = (context.moved_names(), context.replaced_names());
    for body in live_bodies(context) {
        let named = words(body.query());
        if types.iter().any(|t| named.contains(t)) || !routines.is_disjoint(&calls(body.query())) {
            gone.insert(context.names.key(body.name()));
        }
    }
    gone.extend(grouped_by_key(context, alters, uses));
    let tables: BTreeSet<String> = context
        .changes
        .tables()
        .filter_map(|c| if let TableChange::Drop(t) = c { Some(context.names.key(&t.name)) } else { None })
        .collect();
    let disturbed: BTreeMap<String, BTreeSet<&Ident>> =
        alters.iter().map(|a| (context.names.key(&a.edits.live.name), a.disturbed())).collect();
    loop {
        let reads = |item: &Use| {
            let key = context.names.key(&item.relation);
            let stirred = || disturbed.get(&key).zip(item.column.as_ref()).is_some_and(|(columns, c)| columns.contains(c));
            gone.contains(&key) || tables.contains(&key) || stirred()
        };
        let more: Vec<String> =
            uses.iter().filter(|(view, items)| !gone.contains(*view) && items.iter().any(reads)).map(|(view, _)| view.clone()).collect();
        if more.is_empty() {
            return gone;
        }
        gone.extend(more);
    }
}

/// Returns the live views that may depend on a primary key that is dropped or replaced: a query that is
/// grouped by the key may select other columns
/// (<https://www.postgresql.org/docs/current/sql-select.html#SQL-GROUPBY>).
fn grouped_by_key(context: &LoweringContext<'_>, alters: &[Altered<'_>], uses: &BTreeMap<String, Vec<Use>>) -> BTreeSet<String> {
    let rekeyed = alters.iter().filter(|a| a.rules.keys.iter().any(|op| op.gone().is_some()));
    let rekeyed: BTreeSet<String> = rekeyed.map(|a| context.names.key(&a.edits.live.name)).collect();
    if rekeyed.is_empty() {
        return BTreeSet::new();
    }
    let bodies = live_bodies(context).into_iter().filter(|b| words(b.query()).contains("group"));
    let keys = bodies.map(|b| context.names.key(b.name()));
    let reads = |view: &String| uses.get(view).is_some_and(|items| items.iter().any(|i| rekeyed.contains(&context.names.key(&i.relation))));
    keys.filter(reads).collect()
}

/// Drops and re-creates views that do not differ but block a change.
fn carried(
    context: &LoweringContext<'_>,
    alters: &[Altered<'_>],
    away: &BTreeSet<String>,
    done: &BTreeSet<String>,
    uses: &BTreeMap<String, Vec<Use>>,
) -> Vec<Step> {
    let live: BTreeMap<String, Body<'_>> = live_bodies(context).into_iter().map(|b| (context.names.key(b.name()), b)).collect();
    let mut steps = Vec::new();
    for key in away.difference(done) {
        match live.get(key) {
            Some(before) => {
                let view = || context.desired.views.get(before.name()).map(Body::View);
                let materialized = || context.desired.materialized_views.get(before.name()).map(Body::Materialized);
                let wanted = view().or_else(materialized);
                let first = uses.get(key).and_then(|items| items.iter().find(|item| is_lost(context, alters, item)));
                // An ignored view is re-created unchanged, which is impossible if what it reads is dropped or
                // renamed.
                if let (None, Some(lost)) = (wanted, first) {
                    steps.push(unknown(lost));
                    continue;
                }
                let after = wanted.unwrap_or(*before);
                steps.push(drop(context, *before, before.address(), Action::Carry, uses));
                steps.push(create(context, after, Action::Carry));
            }
            None => steps.extend(uses.get(key).and_then(|items| items.first()).map(unknown)),
        }
    }
    steps
}

/// Returns whether what a view reads is dropped or renamed.
fn is_lost(context: &LoweringContext<'_>, alters: &[Altered<'_>], item: &Use) -> bool {
    let dropped = |c: &TableChange| matches!(c, TableChange::Drop(t) if context.names.same(&t.name, &item.relation));
    let of = alters.iter().find(|a| context.names.same(&a.edits.live.name, &item.relation));
    let changed = of.is_some_and(|a| {
        let goes = |c: &Ident| !a.edits.after.columns.contains_key(c);
        a.edits.renamed_from.is_some() || item.column.as_ref().is_some_and(goes)
    });
    let gone = |name: &ObjectName, stays: bool| !stays && context.names.same(name, &item.relation);
    let views = context.changes.views().any(|d| d.before().is_some_and(|v| gone(&v.name, d.after().is_some())));
    let materialized = context.changes.materialized_views();
    let materialized = materialized.into_iter().any(|d| d.before().is_some_and(|v| gone(&v.name, d.after().is_some())));
    changed || views || materialized || context.changes.tables().any(dropped)
}

/// Reports a view that rosey cannot re-create.
fn unknown(item: &Use) -> Step {
    let kind = if item.kind == ViewKind::View { Kind::View } else { Kind::MaterializedView };
    let address = Address::top(kind, &item.view);
    let mut step = Step::new(address.clone(), Action::Unsupported, Vec::new());
    let told = kind.word().replace('-', " ");
    let message =
        format!("{told} {} reads {}, which changes, and rosey does not re-create what the schema ignores", item.view, item.relation);
    step.hazards.push(Hazard::new(Code::BreaksIgnored, Level::Blocks, address, message, "drop it first, and re-create it afterwards"));
    step
}

/// Returns the step that drops a view; `address` is where it is shown.
fn drop(context: &LoweringContext<'_>, body: Body<'_>, address: Address, action: Action, uses: &BTreeMap<String, Vec<Use>>) -> Step {
    let sql = format!("DROP {} {}", body.kind(), context.now(body.name()));
    let mut step = Step::new(address, action, vec![Statement::new(sql).kind(StatementKind::DropsView)]);
    let own = context.relation(body.name());
    let read: BTreeSet<String> =
        uses.get(&context.names.key(body.name())).into_iter().flatten().map(|u| context.names.key(&u.relation)).collect();
    step.footprint.frees =
        read.iter().flat_map(|k| [Resource::Relation(k.to_string()), Resource::Shape(k.to_string())]).filter(|r| *r != own).collect();
    step.footprint.frees.extend(context.named_in(body.query()).into_iter().filter(|r| context.goes_away(r)));
    context.goes(&mut step.footprint, body.name());
    step.footprint.drops.extend([own, context.ty(body.name())]);
    step.footprint.drops.extend(body.indexes().iter().map(|i| context.relation(&context.names.sibling(body.name(), &i.name))));
    step
}

/// Returns the step that creates a view, with its indexes and comments.
fn create(context: &LoweringContext<'_>, body: Body<'_>, action: Action) -> Step {
    let sql = match body {
        Body::View(v) => ddl::create_view(v, &context.names),
        Body::Materialized(v) => ddl::create_materialized_view(v, &context.names),
    };
    let mut statements = vec![Statement::new(sql).kind(StatementKind::CreatesView)];
    for index in body.indexes() {
        statements.extend(view_indexes::index_statements(context, body.name(), index));
    }
    statements.extend(body.comment().map(|_| comment(context, body)));
    let mut step = Step::new(body.address(), action, statements);
    let own = context.relation(body.name());
    let read = context.read_by(body.query()).into_iter().map(|key| Resource::Relation(key.to_string()));
    step.footprint.needs = read.chain(context.named_in(body.query())).filter(|r| *r != own).collect();
    context.comes(&mut step.footprint, body.name());
    step.footprint.creates.extend([own, context.ty(body.name())]);
    step.footprint.creates.extend(body.indexes().iter().map(|i| context.relation(&context.names.sibling(body.name(), &i.name))));
    step
}

fn comment(context: &LoweringContext<'_>, body: Body<'_>) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("{} {}", body.kind(), context.names.sql(body.name())), body.comment()))
}

/// Returns the step that changes a view whose definition remains.
fn in_place(context: &LoweringContext<'_>, before: Body<'_>, after: Body<'_>, edits: &[Edit]) -> Step {
    let mut statements = Vec::new();
    if before.name() != after.name() {
        statements.push(rename(before.kind(), &context.now(before.name()), after.name().name.as_str()));
    }
    let name = context.names.sql(after.name());
    if edited(edits, Attribute::With) {
        statements.extend(ddl::index_parameters(before.with(), after.with()).iter().map(|p| alter(after.kind(), &name, p)));
    }
    let indexes = view_indexes::index_changes(context, before, after);
    let builds = indexes.iter().any(|s| s.kind == StatementKind::CreatesIndex);
    statements.extend(indexes);
    statements.extend(edited(edits, Attribute::Comment).then(|| comment(context, after)));
    let mut step = Step::new(after.address(), Action::Alter, statements);
    step.footprint.creates.push(context.relation(after.name()));
    if builds {
        step.locks.push(super::locks::writers(context, before.name(), Work::Build));
    }
    if before.name() != after.name() {
        step.footprint.drops.extend([context.relation(before.name()), context.ty(before.name())]);
        step.footprint.creates.push(context.ty(after.name()));
    }
    let indexes = |body: Body<'_>| -> BTreeSet<Resource> {
        body.indexes().iter().map(|i| context.relation(&context.names.sibling(body.name(), &i.name))).collect()
    };
    let (old, new) = (indexes(before), indexes(after));
    step.footprint.drops.extend(old.difference(&new).cloned());
    step.footprint.creates.extend(new.difference(&old).cloned());
    context.comes(&mut step.footprint, after.name());
    step
}
