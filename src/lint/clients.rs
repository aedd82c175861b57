//! What a plan breaks for running applications: names, columns that an insert could omit or set, the type
//! that a column was read as. Judges only by the schema; it does not know what the applications do.

use std::collections::BTreeSet;

use crate::diff::{Change, Changes, Delta, TableChange, TableEdits};
use crate::plan::{Code, Hazard, Level};
use crate::schema::{Address, Column, Dialect, EnumType, Ident, Identity, Kind, ObjectName, Table, Type};

/// Returns a warning for each object.
pub(super) fn warnings(c: &Changes, dialect: Dialect) -> Vec<Hazard> {
    let comes = comes(c);
    let of = |change: &Change| match change {
        Change::Table(t) => table(t, dialect, &comes),
        Change::View(d) => gone(change, lost(d, |a, b| lost_columns(&a.columns, &b.columns)), &comes),
        Change::MaterializedView(d) => gone(change, lost(d, |a, b| lost_columns(&a.columns, &b.columns)), &comes),
        Change::Enum(d) => gone(change, lost(d, lost_values), &comes),
        Change::VirtualTable(_) | Change::Domain(_) | Change::Sequence(_) => gone(change, Vec::new(), &comes),
        Change::Defined(d) if Kind::from(d.object().kind).is_routine() => gone(change, Vec::new(), &comes),
        Change::Defined(_) | Change::Namespace(_) | Change::Extension(_) => None,
    };
    c.objects.iter().filter_map(of).collect()
}

/// Returns what applications can no longer use of an object that remains.
fn lost<T>(delta: &Delta<T>, of: impl Fn(&T, &T) -> Vec<String>) -> Vec<String> {
    match delta {
        Delta::Alter { before, after, .. } => of(before, after),
        Delta::Create(_) | Delta::Drop(_) => Vec::new(),
    }
}

/// Returns the names of new and renamed objects, which can be read in place of those that had these names.
fn comes(c: &Changes) -> BTreeSet<ObjectName> {
    let is_new = |change: &&Change| match change {
        Change::Table(TableChange::Alter(edits)) => edits.renamed_from.is_some(),
        _ => change.before().map(|h| &h.name) != change.after().map(|h| &h.name),
    };
    let new = c.objects.iter().filter(|c| c.kind().has_rows()).filter(is_new);
    new.filter_map(|c| c.after().map(|h| h.name.clone())).collect()
}

fn hazard(address: Address, what: Vec<String>) -> Option<Hazard> {
    let message = format!("running applications that {} will fail", what.join(" or "));
    let advice = "update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps";
    (!what.is_empty()).then(|| Hazard::new(Code::BreaksClients, Level::Warns, address, message, advice))
}

fn name(name: &ObjectName) -> String {
    format!("use `{name}`")
}

/// Returns the objects that are dropped or renamed, or that lose a part.
fn gone(change: &Change, lost: Vec<String>, comes: &BTreeSet<ObjectName>) -> Option<Hazard> {
    let old = &change.before()?.name;
    let renamed = change.after().is_none_or(|after| after.name != *old);
    let missed = Some(name(old)).filter(|_| renamed && !comes.contains(old));
    hazard(change.address(), missed.into_iter().chain(lost).collect())
}

/// Returns the columns that a view loses, as far as it lists them.
fn lost_columns(before: &[Ident], after: &[Ident]) -> Vec<String> {
    let lost: Vec<&Ident> = before.iter().filter(|c| !after.is_empty() && !after.contains(c)).collect();
    phrase("use", lost).into_iter().collect()
}

fn lost_values(before: &EnumType, after: &EnumType) -> Vec<String> {
    phrase("use", before.values.iter().filter(|v| !after.values.contains(v)).collect()).into_iter().collect()
}

fn table(change: &TableChange, dialect: Dialect, comes: &BTreeSet<ObjectName>) -> Option<Hazard> {
    match change {
        TableChange::Create(_) => None,
        TableChange::Drop(table) if comes.contains(&table.name) => None,
        TableChange::Drop(table) => hazard(table.address(), vec![name(&table.name)]),
        TableChange::Alter(edits) => hazard(edits.after.address(), altered(edits, dialect, comes)),
    }
}

/// Returns what statements can no longer do with the table.
fn altered(edits: &TableEdits, dialect: Dialect, comes: &BTreeSet<ObjectName>) -> Vec<String> {
    let mut named: Vec<String> = edits.renamed_from.iter().filter(|old| !comes.contains(*old)).map(ToString::to_string).collect();
    let may = |new: &Ident| edits.after.columns.get(new).is_some_and(is_allowed);
    let is_kept = |new: &Ident| edits.after.columns.contains_key(new);
    named.extend(edits.renamed_columns.iter().filter(|(_, new)| is_kept(new) && !may(new)).map(|(old, _)| old.to_string()));
    let (mut left_out, mut written, mut numbered, mut retyped) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let refuses = dialect.capabilities().refuses_identity_values;
    for delta in &edits.columns {
        let (before, after) = match delta {
            Delta::Drop(column) => {
                // If another column takes the name, statements that use it still work.
                let name = &edits.dropped(column).name;
                named.extend((!edits.after.columns.contains_key(name)).then(|| name.to_string()));
                continue;
            }
            Delta::Create(after) => (None, after),
            Delta::Alter { before, after, .. } => (Some(before), after),
        };
        if is_allowed(after) {
            continue;
        }
        if must_be_given(after, &edits.after, dialect) && !before.is_some_and(|b| must_be_given(b, &edits.before, dialect)) {
            left_out.push(&after.name);
        }
        let Some(before) = before else { continue };
        if after.generated.is_some() && before.generated.is_none() {
            written.push(&after.name);
        }
        if after.identity == Some(Identity::Always) && before.identity != after.identity && refuses {
            numbered.push(&after.name);
        }
        retyped.extend(taken_for(before, after));
    }
    let phrases = [
        phrase("use", named),
        phrase("insert rows without", left_out),
        phrase("write to", written),
        phrase("insert explicit values for", numbered),
    ];
    phrases.into_iter().flatten().chain(retyped).collect()
}

fn taken_for(before: &Column, after: &Column) -> Option<String> {
    let (old, new) = (family(&before.ty)?, family(&after.ty)?);
    (old != new).then(|| format!("read `{}` as {old} (it becomes {})", after.name, after.ty))
}

fn phrase(what: &str, names: Vec<impl ToString>) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{}`", n.to_string())).collect();
    (!quoted.is_empty()).then(|| format!("{what} {}", quoted.join(", ")))
}

/// Returns whether the schema file allows the finding at the column.
fn is_allowed(column: &Column) -> bool {
    column.allows.0.iter().any(|a| a.code == Code::BreaksClients.name())
}

/// Returns whether an insert must set the column.
fn must_be_given(column: &Column, table: &Table, dialect: Dialect) -> bool {
    let numbered = column.ty.is_serial() || column.identity.is_some() || dialect.capabilities().has_rowid && is_rowid(column, table);
    column.not_null && column.default.is_none() && column.generated.is_none() && !numbered
}

/// Returns whether it is an `INTEGER PRIMARY KEY`, which SQLite fills itself
/// (<https://sqlite.org/lang_createtable.html#rowid>).
fn is_rowid(column: &Column, table: &Table) -> bool {
    let key = table.single_key().is_some_and(|k| k.name == column.name);
    key && !table.without_rowid && column.ty == Type::Integer
}

/// Returns what applications read the values as; `None` for a type that only the database knows.
fn family(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::SmallInt | Type::Integer | Type::BigInt | Type::Serial | Type::BigSerial => "a number",
        Type::Real | Type::Double | Type::Decimal(_) => "a number",
        Type::Boolean => "a boolean",
        Type::Text | Type::VarChar(_) | Type::Char(_) => "text",
        Type::Blob => "bytes",
        Type::Date | Type::Time | Type::Timestamp | Type::TimestampTz => "a time",
        Type::Json | Type::Jsonb => "JSON",
        Type::Uuid => "a UUID",
        Type::Other(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use crate::lint::tests::schema;
    use crate::schema::Normalized;

    /// Returns the warnings about a change from one schema to another, each message after its object.
    fn said(before: &str, after: &str, dialect: Dialect) -> Vec<String> {
        let [before, after] = [before, after].map(|kdl| Normalized::by_dialect(schema(kdl, dialect)));
        let found = warnings(&diff(&before, &after).unwrap(), dialect);
        let short = |h: &Hazard| h.message.replace("running applications that ", "").replace(" will fail", "");
        found.iter().map(|h| format!("{}: {}", h.address, short(h))).collect()
    }

    /// Returns the same for the columns of one table, on PostgreSQL.
    fn of_columns(before: &str, after: &str) -> String {
        let table = |columns: &str| format!("table t {{\n column id bigint primary-key identity\n{columns}\n}}");
        said(&table(before), &table(after), Dialect::Postgres).join("; ").replace("table.t: ", "")
    }

    #[test]
    fn columns() {
        for (before, after, wanted) in [
            ("column a text", "", "use `a`"),
            ("column a text", "column b text was=a", "use `a`"),
            ("column a text", "column b text was=a { allow breaks-clients \"nobody reads it\"; }", ""),
            ("", "column a text not-null", "insert rows without `a`"),
            ("", "column a text", ""),
            ("column a text not-null default=x", "column a text not-null", "insert rows without `a`"),
            ("column a text default=x", "column a text", ""),
            ("column a text", "column a text generated=\"lower('x')\" stored=#true", "write to `a`"),
            ("column a bigint not-null", "column a bigint not-null identity=always", "insert explicit values for `a`"),
            ("column a text", "column a integer", "read `a` as text (it becomes integer)"),
            ("column a integer", "column a bigint", ""),
            ("column a text", "column a \"varchar(5)\"", ""),
        ] {
            assert_eq!(of_columns(before, after), wanted, "{before} -> {after}");
        }
    }

    #[test]
    fn a_key_is_filled_by_what_numbers_it_alone() {
        let (none, key) = ("table t { column a text; }", "table t { column a text; column k integer primary-key; }");
        assert!(said(none, key, Dialect::Sqlite).is_empty());
        assert_eq!(said(none, key, Dialect::Postgres), ["table.t: insert rows without `k`"]);
        let text = key.replace("integer", "text");
        assert_eq!(said(none, &text, Dialect::Sqlite), ["table.t: insert rows without `k`"]);
    }

    #[test]
    fn a_name_that_stays_readable_is_not_missed() {
        let (old, new) = ("table old { column a text; }", "table new was=old { column a text; }");
        assert_eq!(said(old, new, Dialect::Sqlite), ["table.new: use `old`"]);
        let view = "view old { as \"SELECT a FROM new\"; }";
        assert!(said(old, &format!("{new}\n{view}"), Dialect::Sqlite).is_empty());
        assert!(said(old, &view.replace("FROM new", ""), Dialect::Sqlite).is_empty());
        assert!(said(view, old, Dialect::Sqlite).is_empty());
    }

    #[test]
    fn other_objects() {
        for (before, after, wanted) in [
            ("enum mood sad ok", "enum mood sad", "enum.mood: use `ok`"),
            ("enum mood sad ok", "enum mood sad ok happy", ""),
            ("enum mood sad", "", "enum.mood: use `mood`"),
            ("domain d text", "", "domain.d: use `d`"),
            ("sequence s", "sequence n was=s", "sequence.n: use `s`"),
            ("view v a b { as \"SELECT 1, 2\"; }", "view v a { as \"SELECT 1\"; }", "view.v: use `b`"),
            ("materialized-view v a { as \"SELECT 1\"; }", "", "materialized-view.v: use `v`"),
        ] {
            assert_eq!(said(before, after, Dialect::Postgres).join("; "), wanted, "{before} -> {after}");
        }
        assert_eq!(said("virtual-table d { using \"fts5(a)\"; }", "", Dialect::Sqlite), ["virtual-table.d: use `d`"]);
    }
}
