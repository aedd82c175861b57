//! The columns of a table that is altered: those that are dropped or added, and the properties of the others
//! except the type.

use super::super::inspect::KeptOfColumn;
use super::super::names::{literal, quote};
use super::super::{ddl, default_name, types};
use super::ground::{ground, refuses_null};
use super::later;
use super::numbers::Numbers;
use super::retype::live_column;
use super::sequences::changed_options;
use super::tables::Altered;
use super::{LoweringContext, alter, numbers};
use crate::diff::Delta;
use crate::plan::Statement;
use crate::schema::{Case, Column, Ident, Identity, ObjectName, Table};

/// Returns whether a new column is filled before it gets its properties: by its backfill or with numbers.
pub(super) fn is_filled(table: &Altered<'_>, column: &Column) -> bool {
    let said = column.backfill.is_some() && column.generated.is_none() && column.identity.is_none();
    said || is_numbered(table, column)
}

/// Returns whether a new column numbers existing rows. They are numbered in the order of the old primary key;
/// the server would use their physical order.
pub(super) fn is_numbered(table: &Altered<'_>, column: &Column) -> bool {
    let counts = column.ty.is_serial() || column.identity.is_some();
    counts && column.backfill.is_none() && table.rows && table.edits.live.primary_key.is_some() && table.column(&column.name).is_none()
}

/// Returns the column as it is before it is filled: nullable, and neither serial nor identity.
pub(super) fn bare(column: &Column) -> Column {
    let mut bare = Column::new(column.name.clone(), types::stored(&column.ty));
    bare.collate = column.collate.clone();
    bare
}

/// Returns the same with the name that it has until the others are renamed. A domain that refuses NULL is set
/// once the column is filled.
pub(super) fn unfilled(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Column) -> Column {
    let mut unfilled = bare(column);
    unfilled.name = Ident::new(name_before(table, column), Case::Exact);
    if refuses_null(context, &column.ty) {
        unfilled.ty = ground(context, context.desired, &column.ty);
    }
    unfilled
}

/// Returns the name of a new, filled column until the others are renamed: its own name may still be in use.
pub(super) fn name_before(table: &Altered<'_>, column: &Column) -> String {
    let is_new = table.column(&column.name).is_none();
    if is_new && table.edits.live.columns.contains_key(&column.name) {
        default_name::free(&default_name::make(column.name.as_str(), None, "rosey_new"), |n| is_taken(table, n))
    } else {
        column.name.to_string()
    }
}

/// Returns whether a column of the table has the name, before or after the change.
pub(super) fn is_taken(table: &Altered<'_>, name: &str) -> bool {
    [&table.edits.live, &table.edits.after].iter().any(|t| t.columns.keys().any(|c| c.as_str() == name))
}

/// Returns the old and new names of columns to rename: live ones, and new ones whose name was not free
/// before.
pub(super) fn renamed(table: &Altered<'_>) -> Vec<((), String, String)> {
    let there = |c: &Ident| !table.recreated.contains(c) || table.column(c).is_some_and(|b| b.generated.is_none());
    let live = table.edits.renamed_columns.iter().filter(|(_, new)| there(new));
    let live = live.map(|(old, new)| ((), old.to_string(), new.to_string()));
    let new = table.edits.columns.iter().filter_map(|d| if let Delta::Create(c) = d { Some(c) } else { None });
    let new = new.filter(|c| is_filled(table, c)).map(|c| ((), name_before(table, c), c.name.to_string()));
    live.chain(new.filter(|(_, old, new)| old != new)).collect()
}

/// Removes serial, identity and generated properties of columns, before anything else changes.
pub(super) fn loosened(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    for delta in &table.edits.columns {
        let Delta::Alter { before, after, .. } = delta else { continue };
        let live = live_column(&table.edits, &after.name);
        let name = quote(live.as_str());
        if counts(before) && counts(after) && before.identity.is_some() != after.identity.is_some() {
            let sequence = context.now(&context.sequence_of(&table.edits.live.name, live));
            found.push(numbers::remember(table, after, &sequence));
        }
        if before.ty.is_serial() && !after.ty.is_serial() {
            found.push(table.before(&format!("ALTER COLUMN {name} DROP DEFAULT")).on_catalog());
            let sequence = context.sequence_of(&table.edits.live.name, live);
            found.push(Statement::of_catalog(format!("DROP SEQUENCE {}", context.now(&sequence))));
        }
        if before.identity.is_some() && after.identity.is_none() {
            found.push(table.before(&format!("ALTER COLUMN {name} DROP IDENTITY")).on_catalog());
        }
        if before.generated.as_ref().is_some_and(|g| g.stored) && after.generated.is_none() {
            found.push(table.before(&format!("ALTER COLUMN {name} DROP EXPRESSION")).on_catalog());
        }
    }
    found
}

/// Returns whether the column takes its values from a sequence of its own.
fn counts(column: &Column) -> bool {
    column.ty.is_serial() || column.identity.is_some()
}

/// Returns the columns that are dropped for good or re-created, under their new names.
fn going<'t>(table: &'t Altered<'_>) -> impl Iterator<Item = &'t Column> {
    let dropped = table.edits.columns.iter().filter_map(|d| if let Delta::Drop(c) = d { Some(c) } else { None });
    table.recreated.iter().filter_map(|c| table.edits.before.columns.get(c)).chain(dropped)
}

/// Drops generated columns first: the columns that they are computed from could not change their type
/// otherwise.
pub(super) fn uncomputed(table: &Altered<'_>) -> Vec<Statement> {
    let computed = going(table).filter(|c| c.generated.is_some());
    computed.map(|c| table.before(&format!("DROP COLUMN {}", quote(live_column(&table.edits, &c.name).as_str()))).on_catalog()).collect()
}

/// Drops the other columns, which nothing reads any more.
pub(super) fn gone(table: &Altered<'_>) -> Vec<Statement> {
    let plain = going(table).filter(|c| c.generated.is_none());
    plain.map(|c| table.after(&format!("DROP COLUMN {}", quote(c.name.as_str()))).on_catalog()).collect()
}

/// Gives columns that have been filled their domains that refuse NULL: generated columns that read them come later.
pub(super) fn constrained(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let new = table.edits.columns.iter().filter_map(|d| if let Delta::Create(c) = d { Some(c) } else { None });
    let refusing = new.filter(|c| is_filled(table, c) && refuses_null(context, &c.ty));
    refusing.map(|c| table.after(&format!("ALTER COLUMN {} TYPE {}", quote(c.name.as_str()), types::value_type(&c.ty)))).collect()
}

/// Adds the columns that need not be filled, generated ones last.
pub(super) fn come(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let new = table.edits.columns.iter().filter_map(|d| if let Delta::Create(c) = d { Some(c) } else { None });
    let again = table.recreated.iter().filter_map(|c| table.edits.after.columns.get(c));
    let mut all: Vec<&Column> = new.filter(|c| !is_filled(table, c)).chain(again).collect();
    all.sort_by_key(|c| c.generated.is_some());
    let mut found = Vec::new();
    for column in all {
        found.push(table.after(&format!("ADD COLUMN {}", ddl::column(column))));
        found.extend(serial_option(context, &table.edits.after, column));
        if column.comment.is_some() {
            found.push(comment(table, column));
        }
        found.extend(kept(context, table, column, true));
    }
    found
}

/// Returns statements that restore the properties of a live column that are not in its definition. A change
/// of type keeps everything except the storage settings.
fn kept(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Column, again: bool) -> Vec<Statement> {
    let live = live_column(&table.edits, &column.name);
    if !again && table.column(&column.name).is_none() || again && !table.recreated.contains(&column.name) {
        return Vec::new();
    }
    let name = quote(column.name.as_str());
    let stored = |clause: &str| clause.starts_with("SET STORAGE ") || clause.starts_with("SET COMPRESSION ");
    let same_type = table.column(&column.name).is_some_and(|b| types::value_type(&b.ty) == types::value_type(&column.ty));
    let variable =
        table.column(&column.name).is_some_and(|b| types::is_of_variable_length(&b.ty) && types::is_of_variable_length(&column.ty));
    let statement = |kept: &KeptOfColumn| match kept {
        KeptOfColumn::Privilege { privilege, to } => {
            again.then(|| Statement::new(format!("GRANT {privilege} ({name}) ON {} {to}", table.new)))
        }
        KeptOfColumn::Clause(clause) if stored(clause) && (same_type || variable) || again && !stored(clause) => {
            Some(table.after(&format!("ALTER COLUMN {name} {clause}")))
        }
        KeptOfColumn::Clause(_) => None,
    };
    let known = context.facts.kept_columns.get(&(table.edits.live.name.clone(), live.clone()));
    known.into_iter().flatten().filter_map(statement).collect()
}

fn comment(table: &Altered<'_>, column: &Column) -> Statement {
    let on = format!("COLUMN {}.{}", table.new, quote(column.name.as_str()));
    Statement::of_catalog(ddl::comment(&on, column.comment.as_deref()))
}

/// Returns the statements that set the sequence options of a new table's serial columns.
pub(super) fn serial_options(context: &LoweringContext<'_>, table: &Table) -> Vec<Statement> {
    table.columns.values().filter_map(|c| serial_option(context, table, c)).collect()
}

fn serial_option(context: &LoweringContext<'_>, table: &Table, column: &Column) -> Option<Statement> {
    let options = Some(ddl::options(&column.sequence)).filter(|o| column.ty.is_serial() && !o.is_empty())?;
    let sequence = context.names.beside(&table.name, &Ident::new(default_name::sequence(&table.name, &column.name), Case::Exact));
    Some(alter("SEQUENCE", &sequence, &restarted(&options, column)))
}

/// Adds a restart at the new start value, because the sequence has not been used yet.
fn restarted(options: &str, column: &Column) -> String {
    column.sequence.start.map_or_else(|| options.to_owned(), |n| format!("{options} RESTART WITH {n}"))
}

/// Sets the properties, except the type, of columns that remain or have just been filled.
pub(super) fn settled(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Statement> {
    let mut found = Vec::new();
    let stays = |c: &&Column| !table.recreated.contains(&c.name) && table.stirs(&c.name);
    for column in table.edits.after.columns.values().filter(stays) {
        found.extend(kept(context, table, column, false));
    }
    for delta in &table.edits.columns {
        match delta {
            Delta::Create(c) if is_filled(table, c) => {
                found.extend(settle(context, table, &bare(c), c));
            }
            Delta::Alter { before, after, .. } if !table.recreated.contains(&after.name) => {
                found.extend(settle(context, table, before, after));
            }
            _ => {}
        }
    }
    found
}

fn settle(context: &LoweringContext<'_>, table: &Altered<'_>, before: &Column, after: &Column) -> Vec<Statement> {
    let name = quote(after.name.as_str());
    let column = |what: &str| table.after(&format!("ALTER COLUMN {name} {what}"));
    let mut found = Vec::new();
    let retyped = table.retyped.iter().any(|r| r.column == after.name);
    if before.default != after.default && !retyped && !after.ty.is_serial() {
        match &after.default {
            Some(default) => found.push(column(&format!("SET DEFAULT {}", ddl::value(&default.value)))),
            None if before.ty.is_serial() => {}
            None => found.push(column("DROP DEFAULT")),
        }
    }
    if after.not_null && !before.not_null {
        found.push(match later::not_null_name(table, before, after) {
            Some(rule) => table.after(&format!("ADD CONSTRAINT {} CHECK ({name} IS NOT NULL) NOT VALID", quote(&rule))),
            None => column("SET NOT NULL"),
        });
    } else if before.not_null && !after.not_null {
        found.push(column("DROP NOT NULL"));
    }
    found.extend(counting(context, table, before, after));
    if before.comment != after.comment {
        found.push(comment(table, after));
    }
    found
}

/// Changes serial and identity columns: a new sequence starts after the highest value.
fn counting(context: &LoweringContext<'_>, table: &Altered<'_>, before: &Column, after: &Column) -> Vec<Statement> {
    let column = |what: &str| table.after(&format!("ALTER COLUMN {} {what}", quote(after.name.as_str())));
    match (before.identity, after.identity) {
        (None, Some(how)) => {
            let words = ddl::identity(how, after);
            return vec![column(&format!("ADD {words}")), went_on(table, after, &owned(table, after))];
        }
        (Some(old), Some(new)) => {
            let mut found = Vec::new();
            if old != new {
                found.push(column(if new == Identity::Always { "SET GENERATED ALWAYS" } else { "SET GENERATED BY DEFAULT" }));
            }
            let options = changed_options(&before.sequence, &after.sequence);
            if !options.is_empty() {
                let set: Vec<String> = options.iter().map(|o| format!("SET {o}")).collect();
                // The new bounds may exclude the sequence's current value: it restarts after the existing
                // values.
                let again = !table.rows || Numbers::of(before) != Numbers::of(after);
                found.push(column(&format!("{}{}", set.join(" "), if again { " RESTART" } else { "" })));
                if again && table.rows {
                    found.push(numbers::past_highest(table, after, &owned(table, after)));
                }
            }
            return found;
        }
        _ => {}
    }
    if !after.ty.is_serial() {
        return Vec::new();
    }
    if !before.ty.is_serial() {
        return serial(context, table, after);
    }
    let sequence = context.now(&context.sequence_of(&table.edits.live.name, live_column(&table.edits, &after.name)));
    let mut words = changed_options(&before.sequence, &after.sequence);
    if before.ty != after.ty {
        words.insert(0, format!("AS {}", types::value_type(&after.ty)));
    }
    if words.is_empty() {
        return Vec::new();
    }
    // The new bounds may exclude the sequence's current value: it restarts after the existing values.
    let again = table.rows && Numbers::of(before) != Numbers::of(after);
    let mut found = vec![alter("SEQUENCE", &sequence, &format!("{}{}", words.join(" "), if again { " RESTART" } else { "" }))];
    found.extend(again.then(|| numbers::past_highest(table, after, &literal(&sequence))));
    found
}

/// Creates a sequence for a column that has none.
fn serial(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Column) -> Vec<Statement> {
    let after = &table.edits.after.name;
    let base = default_name::sequence(after, &column.name);
    let ident = |n: &str| Ident::new(n, Case::Exact);
    // The sequence that this column drops releases its name.
    let live = live_column(&table.edits, &column.name);
    let own = context.sequence_of(&table.edits.live.name, live);
    let counted = table.column(&column.name).is_some_and(|c| c.ty.is_serial() || c.identity.is_some());
    let taken = |n: &str| {
        let name: ObjectName = context.names.sibling(after, &ident(n));
        context.is_taken(&name) && !(counted && context.names.same(&name, &own))
    };
    let name = context.names.beside(after, &ident(&default_name::free(&base, taken)));
    let options = ddl::options(&column.sequence);
    let options = if options.is_empty() { options } else { format!(" {options}") };
    let owner = format!("{}.{}", table.new, quote(column.name.as_str()));
    let ty = types::value_type(&column.ty);
    let default = format!("ALTER COLUMN {} SET DEFAULT pg_catalog.nextval({})", quote(column.name.as_str()), literal(&name));
    vec![
        Statement::of_catalog(format!("CREATE SEQUENCE {name} AS {ty}{options} OWNED BY {owner}")),
        table.after(&default),
        went_on(table, column, &literal(&name)),
    ]
}

/// Returns the sequence of an identity column, as an argument of `setval`.
fn owned(table: &Altered<'_>, column: &Column) -> String {
    format!("pg_catalog.pg_get_serial_sequence({}, {})", literal(&table.new), literal(column.name.as_str()))
}

/// Makes the sequence of a column that becomes serial or identity continue after the existing values, and after the position
/// of its old sequence.
fn went_on(table: &Altered<'_>, column: &Column, sequence: &str) -> Statement {
    if is_numbered(table, column) {
        numbers::after_numbered(table, column, sequence)
    } else if table.column(&column.name).is_some_and(counts) {
        numbers::past_remembered(table, column, sequence)
    } else {
        numbers::past_highest(table, column, sequence)
    }
}

/// Returns the commented constraints of a new table, with the names that they get.
pub(super) fn rule_comments(table: &Table) -> Vec<(String, Option<String>)> {
    let name = |given: &Option<Ident>, default: String| given.as_ref().map_or(default, ToString::to_string);
    let keys = table.primary_key.iter().map(|k| (name(&k.name, default_name::primary_key(&table.name, k)), k.comment.clone()));
    let uniques = table.uniques.iter().map(|u| (name(&u.name, default_name::unique(&table.name, u)), u.comment.clone()));
    let checks = table.checks.iter().map(|c| (name(&c.name, default_name::check(table, c)), c.comment.clone()));
    let exclusions = table.exclusions.iter().map(|e| (name(&e.name, default_name::exclusion(&table.name, e)), e.comment.clone()));
    keys.chain(uniques).chain(checks).chain(exclusions).filter(|(_, comment)| comment.is_some()).collect()
}
