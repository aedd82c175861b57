//! The step that changes a table: everything about it except foreign keys and what can be done after the
//! transaction. First it drops what would block the change; then it fills and converts rows, under the old
//! names and before columns are dropped; then names, columns, constraints and indexes get their final form.

use std::collections::BTreeSet;

use super::super::ddl;
use super::super::inspect::ident;
use super::super::names::quote;
use super::aside::untangled;
use super::tables::{Altered, needed};
use super::{LoweringContext, columns, edited, indexes, locks, logging, probes, rename, rows, rules};
use crate::diff::{Attribute, Delta, Object};
use crate::plan::{Action, Resource, Statement, Step};
use crate::schema::{Column, Ident, ObjectName, Table};

/// Returns the step, if anything must be done in the transaction.
pub(super) fn step(context: &LoweringContext<'_>, table: &Altered<'_>) -> Option<Step> {
    let mut statements = away(context, table);
    statements.extend(fill(context, table));
    statements.extend(columns::uncomputed(table));
    statements.extend(retype(table));
    statements.extend(renames(context, table));
    statements.extend(columns::gone(table));
    statements.extend(columns::constrained(context, table));
    statements.extend(columns::come(context, table));
    statements.extend(columns::settled(context, table));
    statements.extend(rules_come(table));
    statements.extend(indexes::come(context, table));
    statements.extend(options(table));
    if statements.is_empty() {
        return None;
    }
    let mut step = Step::new(table.edits.after.address(), Action::Alter, statements);
    step.reason = reason(table);
    footprint(context, table, &mut step);
    step.locks = locks::of_alter(context, table, &step.statements);
    counted(context, table, &mut step);
    Some(step)
}

/// Adds what is counted before the change to the first step of the change.
pub(super) fn counted(context: &LoweringContext<'_>, table: &Altered<'_>, step: &mut Step) {
    step.rows_of = Some(rows::new_rows(context, table));
    step.old_rows = Some(table.old.clone());
    step.bytes = context.facts.bytes(&table.edits.live.name);
    step.hazards = probes::hazards(context, table);
}

/// Returns what the step does to parts of the table that do not differ.
fn reason(table: &Altered<'_>) -> String {
    let own = |c: &Ident| table.edits.columns.iter().filter_map(Delta::after).any(|d| d.name == *c);
    let list = |names: Vec<String>, before: &str, after: &str| {
        (!names.is_empty()).then(|| format!("{before} {} {after}", names.join(", ")).trim_start().to_owned())
    };
    let carried = table.retyped.iter().filter(|r| !own(&r.column)).map(|r| r.column.to_string()).collect();
    let computed = table.recreated.iter().filter(|c| !own(c)).map(ToString::to_string).collect();
    let found = [list(carried, "the type of", "is re-created"), list(computed, "generated column", "is re-created")];
    let mut found: Vec<String> = found.into_iter().flatten().collect();
    if table.edits.is_empty() {
        let rules = &table.rules;
        let names = rules.checks.iter().filter_map(rules::Op::gone).chain(rules.exclusions.iter().filter_map(rules::Op::gone));
        let names = names.chain(rules.uniques.iter().filter_map(rules::Op::gone)).chain(rules.keys.iter().filter_map(rules::Op::gone));
        found.extend(list(names.map(str::to_owned).collect(), "constraint", "is re-created"));
        found.extend(list(indexes::recreated(table), "index", "is re-created"));
        let defaults = table.edits.after.columns.values().filter(|c| names_moved(table, c)).map(|c| c.name.to_string()).collect();
        found.extend(list(defaults, "the default of", "is set again"));
    }
    found.join("; ")
}

/// Drops constraints and indexes that are removed or would block the change, and removes serial, identity and
/// generated properties.
fn away(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let rules = &table.rules;
    let gone = rules.checks.iter().filter_map(rules::Op::gone).chain(rules.exclusions.iter().filter_map(rules::Op::gone));
    let gone = gone.chain(rules.uniques.iter().filter_map(rules::Op::gone)).chain(rules.keys.iter().filter_map(rules::Op::gone));
    let live = &table.edits.live.name;
    let drop = |name: &str| table.before(&format!("DROP CONSTRAINT {}", quote(context.constraint_now(live, name)))).on_catalog();
    let mut found: Vec<Statement> = gone.map(drop).collect();
    found.extend(indexes::away(context, table));
    found.extend(columns::loosened(context, table));
    found
}

/// Fills new columns from the old ones, and NULLs in columns that become NOT NULL.
fn fill(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let (mut found, mut set, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    let mut all = false;
    for column in table.edits.after.columns.values() {
        let name = quote(&columns::name_before(table, column));
        if columns::is_numbered(table, column) {
            found.push(table.before(&format!("ADD COLUMN {name} {}", super::super::types::value_type(&column.ty))));
            found.extend(super::numbers::number(table, column, &columns::name_before(table, column)));
        }
        let Some(expr) = &column.backfill else { continue };
        match table.column(&column.name) {
            None if columns::is_filled(table, column) => {
                found.push(table.before(&format!("ADD COLUMN {}", ddl::column(&columns::unfilled(context, table, column)))));
                set.push(format!("{name} = ({})", expr.text));
                all = true;
            }
            Some(before) if column.not_null && !before.not_null && !is_converted(table, before, column) => {
                let live = quote(super::retype::live_column(&table.edits, &column.name).as_str());
                set.push(format!("{live} = coalesce({live}, ({}))", expr.text));
                empty.push(format!("{live} IS NULL"));
            }
            _ => {}
        }
    }
    if !set.is_empty() {
        let which = if all { String::new() } else { format!(" WHERE {}", empty.join(" OR ")) };
        found.push(Statement::copy(format!("UPDATE {} SET {}{which}", table.now, set.join(", "))));
        found.extend(deferred_are_checked(&table.edits.live));
    }
    found
}

/// Returns whether NULLs are filled while the column is converted or re-created, and not before.
fn is_converted(table: &Altered<'_>, before: &Column, after: &Column) -> bool {
    table.stirs(&after.name) && !super::retype::is_filled_before(before, after)
}

/// Returns the statement that checks deferred constraints of a table whose rows were changed: pending checks would
/// block ALTER TABLE.
pub(super) fn deferred_are_checked(live: &Table) -> Option<Statement> {
    let defers = live.foreign_keys.iter().any(|f| f.deferrable.is_some())
        || live.primary_key.iter().any(|k| k.deferrable.is_some())
        || live.uniques.iter().any(|u| u.deferrable.is_some())
        || live.exclusions.iter().any(|e| e.deferrable.is_some());
    defers.then(|| Statement::new("SET CONSTRAINTS ALL IMMEDIATE"))
}

/// Changes all types in one statement: each expression sees the row as it was.
fn retype(table: &Altered<'_>) -> Option<Statement> {
    let mut parts = Vec::new();
    for retyped in &table.retyped {
        let (Some(before), Some(after)) = (table.column(&retyped.column), table.edits.after.columns.get(&retyped.column)) else { continue };
        let name = quote(retyped.live.as_str());
        let counts = |c: &crate::schema::Column| c.ty.is_serial();
        if before.default.is_some() && !counts(before) {
            parts.push(format!("ALTER COLUMN {name} DROP DEFAULT"));
        }
        parts.push(format!("ALTER COLUMN {name} {}", retyped.clause));
        if let Some(default) = after.default.as_ref().filter(|_| !counts(after)) {
            parts.push(format!("ALTER COLUMN {name} SET DEFAULT {}", ddl::value(&default.value)));
        }
    }
    for column in table.edits.after.columns.values().filter(|c| names_moved(table, c)) {
        let default = column.default.as_ref().map(|d| ddl::value(&d.value)).unwrap_or_default();
        let live = super::retype::live_column(&table.edits, &column.name);
        parts.push(format!("ALTER COLUMN {} SET DEFAULT {default}", quote(live.as_str())));
    }
    let sql = table.before(&parts.join(", ")).sql;
    let copies = table.retyped.iter().any(|r| r.rewrites);
    (!parts.is_empty()).then(|| if copies { Statement::copy(sql) } else { Statement::new(sql) })
}

/// Gives the table, its columns, constraints and indexes their new names.
fn renames(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    if table.edits.renamed_from.is_some() {
        found.push(rename("TABLE", &table.now, table.edits.after.name.name.as_str()));
    }
    for ((), old, new) in untangled(columns::renamed(table), |n| columns::is_taken(table, n)) {
        found.push(table.after(&format!("RENAME COLUMN {} TO {}", quote(&old), quote(&new))).on_catalog());
    }
    let mut named: Vec<_> = indexes::renamed(context, table).into_iter().map(|(old, new)| (true, old, new)).collect();
    let now = |name: &str| context.constraint_now(&table.edits.live.name, name).to_owned();
    named.extend(table.rules.renamed().into_iter().map(|(old, new)| (false, now(&old), new)));
    let is_taken = |n: &str| {
        let own = super::rules::named(&table.edits.live).iter().any(|(rule, _)| rule == n);
        own || context.is_taken(&context.names.sibling(&table.edits.after.name, &ident(n)))
    };
    for (is_index, old, new) in untangled(named, is_taken) {
        found.push(match is_index {
            true => rename("INDEX", &context.names.beside(&table.edits.after.name, &ident(&old)), &new),
            false => table.after(&format!("RENAME CONSTRAINT {} TO {}", quote(&old), quote(&new))).on_catalog(),
        });
    }
    found
}

/// Adds constraints and changes existing ones; those of a busy table are added without checking its rows.
fn rules_come(table: &Altered<'_>) -> Vec<Statement> {
    let rules = &table.rules;
    let mut found = Vec::new();
    for op in &rules.keys {
        let late = super::later::is_late(table, op);
        found.extend(rule(table, op, |k| (&k.name, &k.comment, ddl::primary_key(k)), late));
    }
    for op in &rules.uniques {
        let late = super::later::is_late(table, op);
        found.extend(rule(table, op, |u| (&u.name, &u.comment, ddl::unique(u)), late));
    }
    for op in &rules.checks {
        let body = |c: &crate::schema::Check| {
            let not_valid = if c.not_valid || table.busy { " NOT VALID" } else { "" };
            format!("{}{not_valid}", ddl::check(c))
        };
        found.extend(rule(table, op, |c| (&c.name, &c.comment, body(c)), false));
    }
    for op in &rules.exclusions {
        found.extend(rule(table, op, |e| (&e.name, &e.comment, ddl::exclusion(e)), false));
    }
    found
}

/// Returns the statements for one constraint. A `late` one is created after the transaction, with its
/// comment.
fn rule<T: Object>(
    table: &Altered<'_>,
    op: &rules::Op<T>,
    parts: impl Fn(&T) -> (&Option<Ident>, &Option<String>, String),
    late: bool,
) -> Vec<Statement> {
    match op {
        rules::Op::Drop { .. } => Vec::new(),
        _ if late => Vec::new(),
        rules::Op::Add { item } | rules::Op::Replace { item, .. } => {
            let (name, comment, body) = parts(item);
            let mut found = vec![table.after(&format!("ADD {}", ddl::named(name.as_ref(), &body)))];
            found.extend(comment.as_ref().zip(name.as_ref()).map(|(text, name)| rule_comment(table, name.as_str(), Some(text))));
            found
        }
        rules::Op::Edit { name, after, edits } => {
            let (given, comment, _) = parts(after);
            edited_rule(table, name, given.as_ref(), comment.as_deref(), edits)
        }
    }
}

/// Returns the statements that validate or comment on an existing constraint, under its new name.
pub(super) fn edited_rule(
    table: &Altered<'_>,
    name: &str,
    given: Option<&Ident>,
    comment: Option<&str>,
    edits: &[crate::diff::Edit],
) -> Vec<Statement> {
    let mut found = Vec::new();
    let now = rules::new_name(name, given, edits).map_or(name, Ident::as_str);
    if edited(edits, Attribute::NotValid) && !table.busy {
        found.push(table.after(&format!("VALIDATE CONSTRAINT {}", quote(now))));
    }
    if edited(edits, Attribute::Comment) {
        found.push(rule_comment(table, now, comment));
    }
    found
}

pub(super) fn rule_comment(table: &Altered<'_>, name: &str, comment: Option<&str>) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("CONSTRAINT {} ON {}", quote(name), table.new), comment))
}

/// Returns whether the unchanged default of a column names a type that is re-created.
fn names_moved(table: &Altered<'_>, column: &Column) -> bool {
    let before = table.column(&column.name).and_then(|b| b.default.as_ref());
    let same = column.default.is_some() && before == column.default.as_ref() && !table.stirs(&column.name);
    let words = column.default.as_ref().map(|d| super::super::words::words(&ddl::value(&d.value))).unwrap_or_default();
    same && table.moved_names.iter().any(|n| words.contains(n.as_str()))
}

fn options(table: &Altered<'_>) -> Vec<Statement> {
    let (before, after) = (&table.edits.before, &table.edits.after);
    let options = &table.edits.options;
    let mut found = Vec::new();
    if edited(options, Attribute::Unlogged) {
        found.push(Statement::copy(table.after(if after.unlogged { "SET UNLOGGED" } else { "SET LOGGED" }).sql));
    }
    if edited(options, Attribute::With) {
        found.extend(ddl::index_parameters(&before.with, &after.with).iter().map(|p| table.after(p)));
    }
    if edited(options, Attribute::Comment) {
        found.push(Statement::of_catalog(ddl::comment(&format!("TABLE {}", table.new), after.comment.as_deref())));
    }
    found
}

fn footprint(context: &LoweringContext<'_>, table: &Altered<'_>, step: &mut Step) {
    let (live, after) = (&table.edits.live, &table.edits.after);
    let f = &mut step.footprint;
    f.creates.push(context.relation(&after.name));
    f.drops.push(context.shape(&live.name));
    if table.edits.renamed_from.is_some() {
        f.creates.push(context.ty(&after.name));
        f.drops.extend([context.relation(&live.name), context.ty(&live.name)]);
    }
    let (left, taken) = names_passed(context, table);
    f.drops.extend(left.difference(&taken).cloned());
    f.creates.extend(taken.difference(&left).cloned());
    // A foreign key may reference a key that is added here.
    f.creates.push(Resource::Keys(context.names.key(&after.name)));
    f.needs = needed(context, after).into_iter().filter(|r| context.is_there_then(r)).collect();
    f.needs.extend(changed_parts(context, table));
    f.needs.extend(logging::needs(context, &table.edits));
    f.creates.extend(logging::done(context, &table.edits));
    f.needs.sort();
    f.needs.dedup();
    f.frees = needed(context, live).into_iter().filter(|r| context.dropped.contains(r)).collect();
    f.frees.extend(context.moved.keys().map(|key| Resource::OldType(key.to_string())));
    f.frees.extend(super::tables::row_types_dropped(context, live));
    f.frees.push(Resource::ExtensionsUnused);
    // A backfill that reads another table must see it before it changes.
    let read = after.columns.values().flat_map(|c| c.backfill.iter().chain(&c.using));
    let own = context.shape(&live.name);
    f.frees.extend(read.flat_map(|e| context.read_by(&e.text)).map(|key| Resource::Shape(key.to_string())).filter(|s| *s != own));
}

/// Returns the names of indexes, constraints and sequences that the step releases, and those that it takes.
fn names_passed(context: &LoweringContext<'_>, table: &Altered<'_>) -> (BTreeSet<Resource>, BTreeSet<Resource>) {
    let (live, after) = (&table.edits.live.name, &table.edits.after.name);
    let relation = |of: &ObjectName, name: &str| context.relation(&context.names.sibling(of, &ident(name)));
    let (mut left, mut taken) = (BTreeSet::new(), BTreeSet::new());
    let (indexes_left, indexes_taken) = indexes::names_passed(context, table);
    left.extend(indexes_left.iter().map(|n| relation(live, n.as_str())));
    taken.extend(indexes_taken.iter().map(|n| relation(after, n.as_str())));
    for (name, indexed) in table.rules.names_left() {
        left.insert(context.constraint(live, &name));
        left.extend(indexed.then(|| relation(live, &name)));
    }
    let late = super::later::late_names(table);
    for (name, indexed) in table.rules.names_taken().into_iter().filter(|(name, _)| !late.contains(name)) {
        taken.insert(context.constraint(after, &name));
        taken.extend(indexed.then(|| relation(after, &name)));
    }
    let counts = |c: &Column| c.ty.is_serial() || c.identity.is_some();
    for delta in &table.edits.columns {
        let (before, new) = (delta.before().filter(|c| counts(c)), delta.after().filter(|c| counts(c)));
        match (before, new) {
            (Some(old), None) => {
                let column = super::retype::live_column(&table.edits, &old.name);
                left.insert(context.relation(&context.sequence_of(live, column)));
            }
            (None, Some(new)) => {
                taken.insert(relation(after, &super::super::default_name::sequence(after, &new.name)));
            }
            _ => {}
        }
    }
    (left, taken)
}

/// Returns the resources that the changed table may need, such as an extension.
fn changed_parts(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Resource> {
    let mut footprint = crate::plan::Footprint::default();
    context.comes(&mut footprint, &table.edits.after.name);
    footprint.needs
}
