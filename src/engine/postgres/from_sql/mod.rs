//! The schema that an SQL file creates: hand-written DDL, or the output of `pg_dump --schema-only`. Runs
//! nothing and asks no server.
//!
//! Rows are not part of a schema: statements that write or read them are ignored, and so is what `inspect`
//! does not read: owners, statistics targets, storage, parameters of a constraint's index, the comments that
//! extensions bring. What `inspect` reports as unmanaged is reported here. Everything else is refused with
//! its line: psql commands, statements that drop or rename, `DO` blocks, objects created `AS` the result of a
//! query, and unknown statements. Unqualified names are in `public`; a file that sets another schema is
//! refused.

mod alter;
mod comment;
mod constraint;
mod cursor;
mod finish;
mod index;
mod object;
mod other;
mod privilege;
mod sequence;
mod statements;
mod table;
#[cfg(test)]
mod tests;
mod unmanaged;
mod unqualified;

use std::collections::{BTreeMap, BTreeSet};

use cursor::{Cursor, Read};

use crate::engine::postgres::inspect::part;
use crate::schema::{AnyKind, DefaultValue, Expr, Ident, Kind, ObjectName, Schema, Type, Unmanaged};

/// The schema of unqualified names.
const HOME: &str = "public";

/// Something in an SQL file that cannot be turned into a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SqlProblem {
    /// The line in the file.
    pub line: usize,
    /// What is wrong, in a sentence.
    pub message: String,
}

impl SqlProblem {
    fn at(text: &str, at: usize, message: impl Into<String>) -> Self {
        let line = 1 + text.bytes().take(at).filter(|b| *b == b'\n').count();
        SqlProblem { line, message: message.into() }
    }
}

/// Returns the schema after all statements of the file, as `inspect` would print it for the resulting
/// database, as far as that is known without the server.
///
/// # Errors
/// If something cannot be read or is not accepted: one problem with its line for each.
pub fn from_sql(text: &str) -> Result<Schema, Vec<SqlProblem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (statements, mut problems) = statements::statements(text);
    let mut reader = Reader::default();
    for pieces in &statements {
        let mut cursor = Cursor::new(text, pieces);
        if let Err(refused) = reader.statement(&mut cursor) {
            problems.push(SqlProblem::at(text, refused.at, refused.message));
        }
    }
    problems.sort();
    if problems.is_empty() { Ok(reader.finish()) } else { Err(problems) }
}

/// The schema read so far.
#[derive(Default)]
struct Reader {
    schema: Schema,
    /// Tables that exist but are not managed.
    hidden: BTreeSet<ObjectName>,
    /// Whether the file is a dump, which empties the search path and qualifies every name.
    is_dump: bool,
    /// The sequences of identity columns: they are not objects of their own.
    identities: BTreeSet<ObjectName>,
    /// The owner of each object: privileges of the owner are not reported.
    owners: BTreeMap<ObjectName, Ident>,
}

/// Statements that say nothing about a schema: transactions, rows, maintenance. `REVOKE` removes what `GRANT`
/// would have reported.
const PASSED_OVER: [&str; 17] = [
    "begin",
    "start transaction",
    "commit",
    "end",
    "insert",
    "copy",
    "update",
    "delete",
    "truncate",
    "analyze",
    "vacuum",
    "lock",
    "refresh materialized view",
    "revoke",
    "reset",
    "select pg_catalog . setval",
    "select setval",
];

impl Reader {
    fn statement(&mut self, c: &mut Cursor) -> Read<()> {
        if is_passed_over(c) {
            return Ok(());
        }
        if c.take("create") {
            self.create(c)
        } else if c.take("alter") {
            self.alter(c)
        } else if c.take("comment on") {
            self.comment(c)
        } else if c.take("grant") {
            self.grant(c)
        } else if c.take("set") {
            self.set(c)
        } else if c.take("select") {
            self.select(c)
        } else if c.is("drop") && self.schema.is_empty() {
            Ok(()) // a dump with --clean begins by dropping what it creates
        } else if c.is("drop") {
            c.refuse("a schema must not drop what it creates: remove both statements")
        } else {
            c.refuse("this statement is not supported")
        }
    }

    /// Reads `SET name = value`: the settings in a dump do not affect what it creates, except for the schema
    /// of unqualified names.
    fn set(&mut self, c: &mut Cursor) -> Read<()> {
        c.take("session");
        c.take("local");
        if c.take("standard_conforming_strings") {
            let on = c.rest()?.to_lowercase().ends_with("on");
            return if on { Ok(()) } else { c.refuse("standard_conforming_strings = off is not supported: dump with a newer pg_dump") };
        }
        if !c.take("search_path") {
            return Ok(());
        }
        if !c.symbol('=') {
            c.expect("to")?;
        }
        let from = *c;
        let path = c.rest()?.to_owned();
        self.search_path(&path, &from)
    }

    fn search_path(&mut self, path: &str, from: &Cursor) -> Read<()> {
        let words: String = path.chars().filter(|c| !c.is_whitespace() && *c != '\'' && *c != '"').collect();
        match words.strip_suffix(",pg_catalog").unwrap_or(&words) {
            "" => self.is_dump = true,
            "public" | "$user,public" => self.is_dump = false,
            _ => return from.refuse("unqualified names are taken as names in `public`: qualify every name with its schema"),
        }
        Ok(())
    }

    fn select(&mut self, c: &mut Cursor) -> Read<()> {
        if c.take("pg_catalog") {
            c.symbol('.');
        }
        if !c.take("set_config") {
            return c.refuse("a query does not define a schema");
        }
        let mut inner = c.group()?;
        let what = inner.string()?;
        inner.symbol(',');
        let from = inner;
        let value = inner.string()?;
        if what == "search_path" { self.search_path(&value, &from) } else { Ok(()) }
    }

    /// Returns an expression in the spelling that a server shows if `public` is in the search path.
    fn expr(&self, text: &str) -> Expr {
        if self.is_dump { part::expr(&unqualified::unqualified(text)) } else { part::expr(text) }
    }

    fn default_value(&self, text: &str, ty: &Type) -> DefaultValue {
        part::default(&self.expr(text).text, ty, HOME)
    }

    /// Reports something that exists and is not managed.
    fn report_unmanaged(&mut self, kind: impl Into<AnyKind>, name: impl ToString, reason: Option<&str>) {
        let unmanaged = Unmanaged { reason: reason.map(str::to_owned), ..Unmanaged::new(kind, name.to_string()) };
        if !self.schema.unmanaged.contains(&unmanaged) {
            self.schema.unmanaged.push(unmanaged);
        }
    }

    /// Removes a table that is not managed, with everything that belongs to it, and reports it.
    fn hide(&mut self, name: &ObjectName, reason: &str) {
        self.schema.tables.shift_remove(name);
        self.hidden.insert(name.clone());
        self.report_unmanaged(Kind::Table, name, Some(reason));
    }
}

fn is_passed_over(c: &Cursor) -> bool {
    let mut c = *c;
    let is = |c: &mut Cursor, words: &str| {
        words.split(' ').all(|w| if let Some(symbol) = w.chars().next().filter(|s| *s == '.') { c.symbol(symbol) } else { c.take(w) })
    };
    PASSED_OVER.iter().any(|words| {
        let mut ahead = c;
        let found = is(&mut ahead, words);
        if found {
            c = ahead;
        }
        found
    })
}
