//! Generates SQL for SQLite's objects. Names are always quoted; what the schema leaves out is not written.

use super::lexer::quote;
use super::{types, value};
use crate::schema::{
    Check, Column, Conflict, Deferrable, Definition, ForeignKey, Ident, Index, IndexPart, KeyPart, PartKey, PrimaryKey, RefAction, Table,
    Unique, View, VirtualTable,
};

/// Returns `CREATE TABLE` under the given name: a rebuild creates the new table beside the old one.
pub(crate) fn create_table(table: &Table, name: &str) -> String {
    let mut parts: Vec<String> = table.columns.values().map(|c| column(c, table)).collect();
    if let Some(key) = table.primary_key.as_ref().filter(|_| inline_key(table).is_none()) {
        parts.push(primary_key(key));
    }
    parts.extend(table.uniques.iter().map(unique));
    parts.extend(table.foreign_keys.iter().map(foreign_key));
    parts.extend(table.checks.iter().map(|c| check(c, table)));
    let options: Vec<&str> =
        [(table.without_rowid, "WITHOUT ROWID"), (table.strict, "STRICT")].iter().filter(|o| o.0).map(|o| o.1).collect();
    let tail = if options.is_empty() { String::new() } else { format!(" {}", options.join(", ")) };
    format!("CREATE TABLE {} (\n    {}\n){tail}", quote(name), parts.join(",\n    "))
}

/// Returns the primary key if it must be written at its column: AUTOINCREMENT is allowed nowhere else, and
/// the plain rowid key reads best there.
fn inline_key(table: &Table) -> Option<&PrimaryKey> {
    let key = table.primary_key.as_ref()?;
    let plain = matches!(key.parts.as_slice(), [p] if p.collate.is_none() && (!p.desc || key.inline_desc));
    plain.then_some(key)
}

/// Returns a column definition, for `CREATE TABLE` and `ADD COLUMN`.
pub(crate) fn column(column: &Column, table: &Table) -> String {
    let mut words = vec![quote(column.name.as_str())];
    let declared = types::declared(&column.ty, table.strict);
    if !declared.is_empty() {
        words.push(declared);
    }
    let key = inline_key(table).filter(|k| k.parts[0].column == column.name);
    let rowid = types::rowid_key(table).is_some_and(|c| c.name == column.name);
    if let Some(key) = key {
        words.push(format!("{}PRIMARY KEY{}", constraint_name(key.name.as_ref()), if key.inline_desc { " DESC" } else { "" }));
        words.extend(conflict(key.conflict));
        if key.autoincrement {
            words.push("AUTOINCREMENT".to_owned());
        }
    }
    // NOT NULL has no effect on the rowid key, but tools that compare the output of `PRAGMA table_info` see
    // it.
    if column.not_null && (!rowid || column.explicit_not_null.0) {
        words.push("NOT NULL".to_owned());
        words.extend(conflict(column.not_null_conflict));
    }
    if let Some(default) = &column.default {
        words.push(format!("DEFAULT {}", value::default_sql(&default.value)));
    }
    if let Some(collate) = &column.collate {
        words.push(format!("COLLATE {}", quote(collate.as_str())));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        words.push(format!("GENERATED ALWAYS AS ({}) {kind}", generated.expr.text));
    }
    words.join(" ")
}

fn constraint_name(name: Option<&Ident>) -> String {
    name.map(|n| format!("CONSTRAINT {} ", quote(n.as_str()))).unwrap_or_default()
}

fn conflict(conflict: Option<Conflict>) -> Option<String> {
    conflict.map(|c| format!("ON CONFLICT {}", c.word().to_uppercase()))
}

fn key_parts(parts: &[KeyPart]) -> String {
    let part = |p: &KeyPart| {
        let collate = p.collate.as_ref().map(|c| format!(" COLLATE {}", quote(c.as_str()))).unwrap_or_default();
        format!("{}{collate}{}", quote(p.column.as_str()), if p.desc { " DESC" } else { "" })
    };
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn rule(name: Option<&Ident>, words: &str, parts: &[KeyPart], on: Option<Conflict>) -> String {
    let tail = conflict(on).map(|c| format!(" {c}")).unwrap_or_default();
    format!("{}{words} ({}){tail}", constraint_name(name), key_parts(parts))
}

/// Returns `PRIMARY KEY (…)`.
pub(crate) fn primary_key(key: &PrimaryKey) -> String {
    rule(key.name.as_ref(), "PRIMARY KEY", &key.parts, key.conflict)
}

/// Returns `UNIQUE (…)`.
pub(crate) fn unique(unique: &Unique) -> String {
    rule(unique.name.as_ref(), "UNIQUE", &unique.parts, unique.conflict)
}

/// Returns `CHECK (…)`.
pub(crate) fn check(check: &Check, table: &Table) -> String {
    format!("{}CHECK ({})", constraint_name(check.name.as_ref()), without_qualifier(&check.expr.text, table))
}

/// Replaces `a.x` in the definition of `a` with `x`, which means the same and stays valid under any name of
/// the table.
fn without_qualifier(sql: &str, table: &Table) -> String {
    let tokens = super::lexer::lex(sql);
    let mut out = String::with_capacity(sql.len());
    let mut done = 0;
    for window in tokens.windows(3) {
        let [name, dot, _] = window else { continue };
        let word = matches!(name.kind, super::lexer::Kind::Word | super::lexer::Kind::Quoted);
        if word && dot.is_op(sql, ".") && table.name.name.matches(&name.value(sql)) && name.start >= done {
            out.push_str(&sql[done..name.start]);
            done = dot.end;
        }
    }
    out.push_str(&sql[done..]);
    out
}

/// Returns `FOREIGN KEY (…) REFERENCES …`.
pub(crate) fn foreign_key(fk: &ForeignKey) -> String {
    let columns = names(&fk.columns);
    let to = if fk.to.is_empty() { String::new() } else { format!(" ({})", names(&fk.to)) };
    let mut sql = format!("{}FOREIGN KEY ({columns}) REFERENCES {}{to}", constraint_name(fk.name.as_ref()), quote(fk.table.name.as_str()));
    for (word, action) in [("DELETE", fk.on_delete), ("UPDATE", fk.on_update)] {
        if action != RefAction::NoAction {
            sql.push_str(&format!(" ON {word} {}", action.sql()));
        }
    }
    if let Some(matching) = &fk.matching {
        sql.push_str(&format!(" MATCH {}", matching.as_str().to_uppercase()));
    }
    match fk.deferrable {
        Some(Deferrable::InitiallyDeferred) => sql.push_str(" DEFERRABLE INITIALLY DEFERRED"),
        Some(Deferrable::InitiallyImmediate) => sql.push_str(" DEFERRABLE INITIALLY IMMEDIATE"),
        None => {}
    }
    sql
}

fn names(columns: &[Ident]) -> String {
    columns.iter().map(|c| quote(c.as_str())).collect::<Vec<_>>().join(", ")
}

/// Returns `CREATE INDEX`.
pub(crate) fn create_index(index: &Index, table: &Ident) -> String {
    let parts: Vec<String> = index.parts.iter().map(index_part).collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let predicate = index.predicate.as_ref().map(|p| format!(" WHERE {}", p.text)).unwrap_or_default();
    format!("CREATE {unique}INDEX {} ON {} ({}){predicate}", quote(index.name.as_str()), quote(table.as_str()), parts.join(", "))
}

fn index_part(part: &IndexPart) -> String {
    let key = match &part.key {
        PartKey::Column(c) => quote(c.as_str()),
        PartKey::Expr(e) => e.text.clone(),
    };
    let collate = part.collate.as_ref().map(|c| format!(" COLLATE {}", quote(c.as_str()))).unwrap_or_default();
    format!("{key}{collate}{}", if part.desc { " DESC" } else { "" })
}

/// Returns `CREATE VIEW`.
pub(crate) fn create_view(view: &View) -> String {
    let columns = if view.columns.is_empty() { String::new() } else { format!(" ({})", names(&view.columns)) };
    format!("CREATE VIEW {}{columns} AS {}", quote(view.name.name.as_str()), view.query.text)
}

/// Returns `CREATE TRIGGER`.
pub(crate) fn create_trigger(trigger: &Definition) -> String {
    format!("CREATE TRIGGER {} {}", quote(trigger.name.name.as_str()), trigger.body.text)
}

/// Returns `CREATE VIRTUAL TABLE`.
pub(crate) fn create_virtual(table: &VirtualTable) -> String {
    format!("CREATE VIRTUAL TABLE {} USING {}", quote(table.name.name.as_str()), table.using.text)
}
