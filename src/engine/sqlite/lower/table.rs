//! Turns the change of one table into one step, with the reason for its path.

use super::super::check::unfit_default;
use super::super::ddl;
use super::super::inspect::Live;
use super::super::lexer::{quote, quote_string};
use super::path::{Limits, Path};
use super::{ahead, indexes, name_of, native, probes, rebuild, rows, words};
use crate::diff::{Attribute, Changes, Delta, Edit, TableChange, TableEdits};
use crate::engine::advice::rename_or_ignore;
use crate::plan::{Action, Code, Hazard, Level, Probe, Resource, Statement, StatementKind, Step};
use crate::schema::{Ident, ObjectName, Part, Table};

pub(super) fn lower(change: &TableChange, path: Path, live: &Live, changes: &Changes, limits: &Limits) -> Vec<Step> {
    match change {
        TableChange::Create(table) => vec![create(table, live, limits)],
        TableChange::Drop(table) => vec![destroy(table)],
        TableChange::Alter(edits) => make_way(edits).into_iter().chain(altered(edits, path, live, changes, limits)).collect(),
    }
}

/// Gives a table whose name changes in a cycle a temporary name first, so that the others can be renamed.
fn make_way(edits: &TableEdits) -> Option<Step> {
    let (old, via) = (edits.renamed_from.as_ref()?, edits.renamed_via.as_ref()?);
    let mut step = Step::new(edits.after.address(), Action::Alter, vec![rename_table(old, via)]);
    step.footprint.creates.push(name_of(&via.name));
    step.footprint.drops.push(name_of(&old.name));
    Some(step)
}

fn altered(edits: &TableEdits, path: Path, live: &Live, changes: &Changes, limits: &Limits) -> Vec<Step> {
    match limits.indexes_first && gone_indexes(edits).next().is_some() {
        true => {
            let mut step = alter(edits, path, live, changes, limits);
            let gone: Vec<Resource> = gone_indexes(edits).map(name_of).collect();
            step.statements.retain(|s| s.kind != StatementKind::DropsIndex);
            step.footprint.drops.retain(|name| !gone.contains(name));
            let drops = gone_indexes(edits).map(drop_index).collect();
            let mut first = Step::new(step.address.clone(), Action::Alter, drops);
            first.footprint.drops = gone;
            vec![first, step]
        }
        false => vec![alter(edits, path, live, changes, limits)],
    }
}

fn create(table: &Table, live: &Live, limits: &Limits) -> Step {
    let name = &table.name.name;
    let mut first = table.clone();
    ahead::look_ahead(&mut first, live, limits);
    let mut statements = vec![Statement::new(ddl::create_table(&first, name.as_str()))];
    statements.extend(table.indexes.values().map(|i| Statement::new(ddl::create_index(i, name))));
    let mut step = Step::new(table.address(), Action::Create, statements);
    step.footprint.creates = std::iter::once(name_of(name)).chain(table.indexes.keys().map(name_of)).collect();
    step.footprint.prefers = table.foreign_keys.iter().map(|f| name_of(&f.table.name)).collect();
    for column in table.columns.values() {
        if let Some(message) = unfit_default(column, table) {
            let (address, advice) =
                (table.address().child(Part::Column, &column.name), "SQLite would reject every row that relies on the default");
            step.hazards.push(Hazard::new(Code::BreaksType, Level::Warns, address, message, advice));
        }
    }
    step
}

fn destroy(table: &Table) -> Step {
    let name = &table.name.name;
    let mut step = Step::new(table.address(), Action::Destroy, vec![Statement::new(format!("DROP TABLE {}", quote(name.as_str())))]);
    step.reason = "not declared in the schema".to_owned();
    step.footprint.drops = std::iter::once(name_of(name)).chain(table.indexes.keys().map(name_of)).collect();
    step.rows_of = Some(quote(name.as_str()));
    step.hazards.push(
        Hazard::new(
            Code::DestroysTable,
            Level::Destroys,
            table.address(),
            format!("drops table {} ({{rows}})", table.name),
            rename_or_ignore(&table.name.name),
        )
        .counted(Probe::Aggregate("count(*)".to_owned())),
    );
    step
}

fn alter(edits: &TableEdits, path: Path, live: &Live, changes: &Changes, limits: &Limits) -> Step {
    let rebuilds = matches!(path, Path::Rebuild);
    let moves = path.disturbs(edits);
    let binds = !matches!(path, Path::Native);
    let action = if rebuilds { Action::Rebuild } else { Action::Alter };
    let how = match path {
        Path::Native if edits.changes_table() => Some("ALTER TABLE"),
        Path::Catalog(_) => Some("definition edit"),
        _ => None,
    };
    // The table may get the name of an index that is dropped.
    let is_taken = |i: &&Ident| edits.renamed_from.is_some() && **i == edits.after.name.name;
    let mut statements: Vec<Statement> = gone_indexes(edits).filter(is_taken).map(drop_index).collect();
    statements.extend(rename_statements(edits, rebuilds));
    if !rebuilds {
        // A rebuild drops all of them with the old table.
        statements.extend(gone_indexes(edits).filter(|i| !is_taken(i)).map(drop_index));
    }
    statements.extend(match path {
        Path::Native => native::statements(edits),
        Path::Catalog(statements) => statements,
        Path::Rebuild => rebuild::statements(edits, live, limits),
    });
    statements.extend(come_indexes(edits, rebuilds));
    if rebuilds {
        statements.extend(indexes::put_back(edits, live));
    }
    let mut step = Step::new(edits.after.address(), action, statements);
    let why = shortened(reasons(edits, binds));
    step.reason = how.map_or(why.clone(), |how| if why.is_empty() { how.to_owned() } else { format!("{how}: {why}") });
    footprint(&mut step, edits, changes, moves);
    step.rows_of = Some(if binds { rows::new_rows(edits) } else { quote(edits.live.name.name.as_str()) });
    step.old_rows = Some(quote(edits.live.name.name.as_str()));
    step.size_query = Some(size_query(edits));
    // The foreign keys of other tables are counted on it as well.
    step.trial = rows::trial(edits);
    step.hazards = probes::hazards(edits, binds, changes, live);
    step
}

/// Returns the query for the pages of a table and its indexes (<https://sqlite.org/dbstat.html>).
fn size_query(edits: &TableEdits) -> String {
    let name = quote_string(edits.live.name.name.as_str());
    format!(
        "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = {name} COLLATE NOCASE)"
    )
}

fn rename_statements(edits: &TableEdits, rebuilds: bool) -> Vec<Statement> {
    let new = quote(edits.after.name.name.as_str());
    let mut statements = Vec::new();
    if let Some(old) = edits.renamed_via.as_ref().or(edits.renamed_from.as_ref()) {
        statements.push(rename_table(old, &edits.after.name));
    }
    for (from, to) in edits.column_renames().iter().filter(|_| !rebuilds) {
        statements.push(
            Statement::new(format!("ALTER TABLE {new} RENAME COLUMN {} TO {}", quote(from.as_str()), quote(to.as_str())))
                .kind(StatementKind::AltersTable),
        );
    }
    statements
}

fn rename_table(old: &ObjectName, new: &ObjectName) -> Statement {
    Statement::new(format!("ALTER TABLE {} RENAME TO {}", quote(old.name.as_str()), quote(new.name.as_str())))
        .kind(StatementKind::AltersTable)
}

/// Returns the indexes that are dropped, changed or renamed.
fn gone_indexes(edits: &TableEdits) -> impl Iterator<Item = &Ident> {
    let renamed = edits.renamed_indexes.iter().map(|(old, _)| old);
    let kept_name =
        |d: &&Delta<crate::schema::Index>| d.before().is_some_and(|i| !edits.renamed_indexes.iter().any(|(_, new)| *new == i.name));
    renamed.chain(edits.indexes.iter().filter(kept_name).filter_map(Delta::before).map(|i| &i.name))
}

fn drop_index(name: &Ident) -> Statement {
    Statement::new(format!("DROP INDEX {}", quote(name.as_str()))).kind(StatementKind::DropsIndex)
}

fn come_indexes(edits: &TableEdits, rebuilds: bool) -> Vec<Statement> {
    let is_new = |name: &Ident| {
        edits.renamed_indexes.iter().any(|(_, new)| new == name) || edits.indexes.iter().any(|d| d.after().is_some_and(|i| i.name == *name))
    };
    let indexes = edits.after.indexes.values().filter(|i| rebuilds || is_new(&i.name));
    indexes.map(|i| Statement::new(ddl::create_index(i, &edits.after.name.name))).collect()
}

fn footprint(step: &mut Step, edits: &TableEdits, changes: &Changes, moves: bool) {
    let f = &mut step.footprint;
    f.creates.push(name_of(&edits.after.name.name));
    f.creates.extend(edits.indexes.iter().filter_map(Delta::after).map(|i| name_of(&i.name)));
    f.creates.extend(edits.renamed_indexes.iter().map(|(_, new)| name_of(new)));
    f.drops.extend(edits.indexes.iter().filter(|d| d.after().is_none()).filter_map(Delta::before).map(|i| name_of(&i.name)));
    f.drops.extend(edits.renamed_indexes.iter().map(|(old, _)| name_of(old)));
    match &edits.renamed_via {
        Some(via) => f.needs.push(name_of(&via.name)),
        None if moves => f.drops.push(name_of(&edits.live.name.name)),
        None => {}
    }
    // A rebuild writes all foreign keys with their new names; a later rename would be applied to them again.
    let rebuilt = edits.after.foreign_keys.iter().filter(|k| step.action == Action::Rebuild && k.table != edits.after.name);
    let written = rebuilt.chain(edits.foreign_keys.iter().filter_map(Delta::after));
    f.prefers.extend(written.map(|k| name_of(&k.table.name)));
    // A backfill that reads another table must read it as it was before the change.
    let others: Vec<&ObjectName> = changes.tables().filter_map(|c| before_of(c)).filter(|n| **n != edits.live.name).collect();
    let read = edits.after.columns.values().flat_map(|c| c.backfill.iter().chain(&c.using));
    let read: Vec<_> = read.map(|e| words(&e.text)).collect();
    f.frees.extend(
        others.into_iter().filter(|n| read.iter().any(|w| w.contains(&n.name.as_str().to_ascii_lowercase()))).map(|n| name_of(&n.name)),
    );
}

fn before_of(change: &TableChange) -> Option<&ObjectName> {
    match change {
        TableChange::Create(_) => None,
        TableChange::Drop(t) => Some(&t.name),
        TableChange::Alter(e) => Some(&e.live.name),
    }
}

/// Keeps the first reasons, which are enough: the following lines show the rest.
fn shortened(mut reasons: Vec<String>) -> String {
    const MOST: usize = 3;
    let more = reasons.len().saturating_sub(MOST);
    if more > 1 {
        reasons.truncate(MOST);
        reasons.push(format!("{more} more reasons"));
    }
    reasons.join("; ")
}

/// Returns the reasons for the path: the edits that `ALTER TABLE` cannot make.
fn reasons(edits: &TableEdits, binds: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    if !binds {
        return reasons;
    }
    for delta in &edits.columns {
        match delta {
            Delta::Create(c) if c.backfill.is_some() => reasons.push(format!("column {} is added with a backfill", c.name.shown())),
            Delta::Create(c) if edits.after.in_key(&c.name) => reasons.push(format!("primary key column {} is added", c.name.shown())),
            Delta::Create(c) if c.generated.as_ref().is_some_and(|g| g.stored) => {
                reasons.push(format!("stored generated column {} is added", c.name.shown()))
            }
            Delta::Create(c) if c.not_null && c.default.is_none() => {
                reasons.push(format!("column {} is added as NOT NULL", c.name.shown()))
            }
            Delta::Create(_) | Delta::Drop(_) => {}
            Delta::Alter { after, edits, .. } => reasons.extend(edits.iter().map(|e| column_reason(&after.name.shown(), e))),
        }
    }
    if edits.primary_key.is_some() {
        reasons.push(key_reason(edits));
    }
    for (what, n) in
        [("unique constraints", edits.uniques.len()), ("check constraints", edits.checks.len()), ("foreign keys", edits.foreign_keys.len())]
    {
        if n > 0 {
            reasons.push(format!("{what} change"));
        }
    }
    reasons.extend(edits.options.iter().map(|o| format!("{} {}", o.attribute, if o.after.is_some() { "is set" } else { "is removed" })));
    if reasons.is_empty() && !edits.changes_table() {
        reasons.push("it is renamed after a table that references it".to_owned());
    }
    if reasons.is_empty() {
        reasons.push("ALTER TABLE cannot add or drop these columns".to_owned());
    }
    reasons
}

fn column_reason(column: &str, edit: &Edit) -> String {
    match edit.attribute {
        Attribute::NotNull if edit.after.is_some() => format!("{column} becomes NOT NULL"),
        Attribute::NotNull => format!("{column} becomes nullable"),
        attribute => format!("{attribute} of column {column} changes"),
    }
}

fn key_reason(edits: &TableEdits) -> String {
    let autoincrement = |t: &Table| t.primary_key.as_ref().is_some_and(|k| k.autoincrement);
    match &edits.primary_key {
        Some(Delta::Alter { edits: changed, .. }) if changed.iter().all(|e| e.attribute == Attribute::Autoincrement) => {
            format!("autoincrement {}", if autoincrement(&edits.after) { "is set" } else { "is removed" })
        }
        Some(Delta::Create(_)) => "a primary key is added".to_owned(),
        Some(Delta::Drop(_)) => "the primary key is dropped".to_owned(),
        _ => "the primary key changes".to_owned(),
    }
}
