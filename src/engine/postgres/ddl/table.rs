//! SQL for tables, their columns and constraints.

use super::super::names::{Names, list, quote, word};
use super::super::types;
use super::{deferrable, index, options, value, with};
use crate::schema::{Check, Column, Exclusion, ForeignKey, Ident, Identity, KeyPart, PrimaryKey, RefAction, Table, Unique};

/// Returns the statements for constraints that `CREATE TABLE` would not create as they are: those that are
/// not valid, which it would mark as valid (<https://www.postgresql.org/docs/current/sql-createtable.html>),
/// and unique constraints over columns that already have a key, which PostgreSQL merges if one statement
/// creates both
/// (<https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-UNIQUE-CONSTRAINTS>).
pub(crate) fn after_table(table: &Table, names: &Names) -> Vec<String> {
    let add = |name: Option<&Ident>, body: String| format!("ALTER TABLE {} ADD {}", names.sql(&table.name), named(name, &body));
    let uniques = table.uniques.iter().enumerate().filter(|(i, _)| is_doubled(table, *i));
    let uniques = uniques.map(|(_, u)| add(u.name.as_ref(), unique(u)));
    let checks = table.checks.iter().filter(|c| c.not_valid).map(|c| add(c.name.as_ref(), format!("{} NOT VALID", check(c))));
    uniques.chain(checks).collect()
}

/// Returns whether the primary key or an earlier unique constraint has the same columns.
fn is_doubled(table: &Table, at: usize) -> bool {
    let columns = |parts: &[KeyPart]| parts.iter().map(|p| p.column.clone()).collect::<Vec<_>>();
    let Some(own) = table.uniques.get(at).map(|u| columns(&u.parts)) else { return false };
    let before = table.uniques.iter().take(at).map(|u| columns(&u.parts));
    table.primary_key.iter().map(|k| columns(&k.parts)).chain(before).any(|c| c == own)
}

/// Returns `CREATE TABLE` with everything but foreign keys, indexes and [`after_table`].
pub(crate) fn create_table(table: &Table, names: &Names) -> String {
    let mut parts: Vec<String> = table.columns.values().map(column).collect();
    parts.extend(table.primary_key.iter().map(|k| named(k.name.as_ref(), &primary_key(k))));
    let uniques = table.uniques.iter().enumerate().filter(|(i, _)| !is_doubled(table, *i));
    parts.extend(uniques.map(|(_, u)| named(u.name.as_ref(), &unique(u))));
    parts.extend(table.checks.iter().filter(|c| !c.not_valid).map(|c| named(c.name.as_ref(), &check(c))));
    parts.extend(table.exclusions.iter().map(|e| named(e.name.as_ref(), &exclusion(e))));
    let unlogged = if table.unlogged { "UNLOGGED " } else { "" };
    let body = if parts.is_empty() { String::new() } else { format!("\n    {}\n", parts.join(",\n    ")) };
    format!("CREATE {unlogged}TABLE {} ({body}){}", names.sql(&table.name), with(&table.with))
}

/// Returns a column definition, as `CREATE TABLE` and `ADD COLUMN` accept it.
pub(crate) fn column(column: &Column) -> String {
    let mut words = vec![quote(column.name.as_str()), types::type_sql(&column.ty)];
    if let Some(collate) = &column.collate {
        words.push(format!("COLLATE {}", quote(collate.as_str())));
    }
    if column.not_null {
        words.push("NOT NULL".to_owned());
    }
    if let Some(default) = &column.default {
        words.push(format!("DEFAULT {}", value(&default.value)));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        words.push(format!("GENERATED ALWAYS AS ({}) {kind}", generated.expr.text));
    }
    if let Some(how) = column.identity {
        words.push(identity(how, column));
    }
    words.join(" ")
}

/// Returns `GENERATED … AS IDENTITY`.
pub(crate) fn identity(how: Identity, column: &Column) -> String {
    let word = match how {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    };
    let counting = options(&column.sequence);
    let counting = if counting.is_empty() { counting } else { format!(" ({counting})") };
    format!("GENERATED {word} AS IDENTITY{counting}")
}

/// Returns a constraint with its name, or without one, so that the server chooses it.
pub(crate) fn named(name: Option<&Ident>, body: &str) -> String {
    name.map_or_else(|| body.to_owned(), |n| format!("CONSTRAINT {} {body}", quote(n.as_str())))
}

fn include(columns: &[Ident]) -> String {
    if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", list(columns)) }
}

fn key(words: &str, parts: &[KeyPart]) -> String {
    format!("{words} ({})", list(parts.iter().map(|p| &p.column)))
}

/// Returns `PRIMARY KEY (…)`.
pub(crate) fn primary_key(primary: &PrimaryKey) -> String {
    format!("{}{}{}", key("PRIMARY KEY", &primary.parts), include(&primary.include), deferrable(primary.deferrable))
}

/// Returns `UNIQUE (…)`.
pub(crate) fn unique(unique: &Unique) -> String {
    let words = if unique.nulls_not_distinct { "UNIQUE NULLS NOT DISTINCT" } else { "UNIQUE" };
    format!("{}{}{}", key(words, &unique.parts), include(&unique.include), deferrable(unique.deferrable))
}

/// Returns `CHECK (…)`, without `NOT VALID`.
pub(crate) fn check(check: &Check) -> String {
    format!("CHECK ({}){}", check.expr.text, if check.no_inherit { " NO INHERIT" } else { "" })
}

/// Returns `EXCLUDE USING … (…)`.
pub(crate) fn exclusion(exclusion: &Exclusion) -> String {
    let parts: Vec<String> = exclusion.parts.iter().map(|(part, with)| format!("{} WITH {with}", index::part(part))).collect();
    let method = exclusion.method.as_deref().map_or_else(|| "btree".to_owned(), word);
    let predicate = exclusion.predicate.as_ref().map(|p| format!(" WHERE ({})", p.text)).unwrap_or_default();
    let include = include(&exclusion.include);
    format!("EXCLUDE USING {method} ({}){include}{predicate}{}", parts.join(", "), deferrable(exclusion.deferrable))
}

/// Returns `FOREIGN KEY (…) REFERENCES …`, without `NOT VALID`.
pub(crate) fn foreign_key(fk: &ForeignKey, names: &Names) -> String {
    let to = if fk.to.is_empty() { String::new() } else { format!(" ({})", list(&fk.to)) };
    let mut sql = format!("FOREIGN KEY ({}) REFERENCES {}{to}", list(&fk.columns), names.sql(&fk.table));
    if let Some(matching) = &fk.matching {
        sql.push_str(&format!(" MATCH {}", matching.as_str().to_uppercase()));
    }
    for (word, action) in [("DELETE", fk.on_delete), ("UPDATE", fk.on_update)] {
        if action != RefAction::NoAction {
            sql.push_str(&format!(" ON {word} {}", action.sql()));
        }
    }
    sql + deferrable(fk.deferrable)
}
