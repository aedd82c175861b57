//! Reads the schema of a live SQLite database with one query on `sqlite_schema`, which contains all
//! definitions.
//!
//! Leaves out what is never managed: SQLite's own tables, the shadow tables of virtual tables, and the
//! bookkeeping of rosey and other migration tools. Objects that cannot be read are named and never changed.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::check::{is_type_name, known_collation};
use super::connection::{Connection, Error, Row};
use super::cursor::ident;
use super::normalize::normalize;
use super::{read_other, read_table, types};
use crate::engine::bookkeeping;
use crate::plan::add_part;
use crate::schema::{AnyKind, Check, Column, Dialect, Ident, Kind, Normalized, ObjectName, Only, Part, Schema, Table, Type, Unmanaged};

/// A row of `sqlite_schema`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) kind: AnyKind,
    pub(crate) name: String,
    pub(crate) table: String,
    /// The definition, with U+FFFD in place of what is not UTF-8.
    pub(crate) sql: Option<String>,
    /// The stored definition if it is not UTF-8: it could not be re-created.
    pub(crate) garbled: Option<Vec<u8>>,
}

impl Stored {
    /// Adds the row to a digest.
    fn add_to(&self, hash: &mut Sha256) {
        for part in [self.kind.word(), &self.name, &self.table, self.sql.as_deref().unwrap_or_default()] {
            add_part(hash, part.as_bytes());
        }
        hash.update(self.garbled.as_deref().unwrap_or_default());
    }
}

/// The definitions in a database, not yet parsed.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    /// All stored objects, in order of creation.
    stored: Vec<Stored>,
    /// The shadow tables of virtual tables, in lower case.
    shadows: BTreeSet<String>,
}

impl Definitions {
    /// Adds all of them, rosey's own included, to a digest.
    pub(crate) fn add_to(&self, hash: &mut Sha256) {
        self.stored.iter().for_each(|row| row.add_to(hash));
        self.shadows.iter().for_each(|name| add_part(hash, name.as_bytes()));
    }

    /// Returns true if there is a history table, of whatever kind.
    pub(crate) fn has_history(&self) -> bool {
        self.stored.iter().any(|r| r.name.eq_ignore_ascii_case("_rosey_history"))
    }

    /// Returns the stored objects, and the names of the shadow tables.
    pub(crate) fn into_parts(self) -> (Vec<Stored>, BTreeSet<String>) {
        (self.stored, self.shadows)
    }

    /// Parses them.
    pub(crate) fn parse(self) -> Live {
        read(self.stored, self.shadows)
    }
}

/// A live database, as read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live {
    /// The managed objects, normalized.
    pub(crate) current: Normalized,
    /// All stored objects, in order of creation.
    pub(crate) stored: Vec<Stored>,
    /// The shadow tables of virtual tables, in lower case.
    pub(crate) shadows: BTreeSet<String>,
}

impl Live {
    /// Returns the length of the longest definition.
    pub(crate) fn longest_definition(&self) -> usize {
        self.stored.iter().filter_map(|r| r.sql.as_ref()).map(String::len).max().unwrap_or_default()
    }

    /// Returns a digest of all definitions. Any change of the schema changes it, whoever made the change.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        self.stored.iter().filter(|r| !is_own(&r.table)).for_each(|row| row.add_to(&mut hash));
        format!("{:x}", hash.finalize())
    }

    /// Returns the stored definition of a table.
    pub(crate) fn table_sql(&self, name: &Ident) -> Option<&str> {
        self.stored.iter().find(|r| r.kind == Kind::Table && name.matches(&r.name))?.sql.as_deref()
    }

    /// Returns the indexes created on a table, managed or not.
    pub(crate) fn indexes_of<'l>(&'l self, table: &'l Ident) -> impl Iterator<Item = &'l Stored> {
        self.stored.iter().filter(move |r| r.kind == Part::Index && r.sql.is_some() && table.matches(&r.table))
    }

    /// Returns the view or trigger that an error names: `error in view NAME: …`,
    /// `error in trigger NAME after rename: …`.
    pub(crate) fn named_in_error(&self, message: &str) -> Option<&Stored> {
        let (kind, rest) = message.split_once("error in ")?.1.split_once(' ')?;
        let is_named = |name: &str| rest.strip_prefix(name).is_some_and(|r| r.starts_with(':') || r.starts_with(" after "));
        self.stored.iter().find(|r| r.kind.word() == kind && is_named(&r.name))
    }

    /// Returns the first of `name`, `name_2`, … that is not used in the database.
    pub(crate) fn free_name(&self, name: &str) -> String {
        let is_free = |name: &String| !self.stored.iter().any(|r| r.name.eq_ignore_ascii_case(name));
        let numbered = (2..).map(|n| format!("{name}_{n}"));
        std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
    }

    /// Returns true if the database contains a table of this name, managed or not.
    pub(crate) fn has_table(&self, name: &str) -> bool {
        self.stored.iter().any(|r| r.kind == Kind::Table && r.name.eq_ignore_ascii_case(name))
    }
}

/// Returns true if the object has a name that rosey uses for temporary objects but is not rosey's: rosey
/// leaves none of them behind.
pub(crate) fn is_foreign(row: &Stored) -> bool {
    is_own(&row.name) && !row.table.eq_ignore_ascii_case("_rosey_history")
}

/// Returns true if this is a name that rosey uses for its own objects.
pub(crate) fn is_own(name: &str) -> bool {
    name.get(..6).is_some_and(|p| p.eq_ignore_ascii_case("_rosey"))
}

/// Returns true if this is a name that only SQLite's own objects have.
pub(crate) fn is_internal(name: &str) -> bool {
    name.get(..7).is_some_and(|p| p.eq_ignore_ascii_case("sqlite_"))
}

/// Returns true if no plan ever changes a table of this name.
pub(crate) fn is_reserved(name: &str) -> bool {
    is_internal(name) || is_own(name) || bookkeeping::is_table(name)
}

/// Reads the whole schema.
///
/// # Errors
/// If SQLite cannot read its schema table.
pub(crate) async fn inspect(connection: &mut Connection) -> Result<Live, Error> {
    Ok(definitions(connection).await?.parse())
}

/// Reads the whole schema without parsing it.
///
/// # Errors
/// If SQLite cannot read its schema table.
pub(crate) async fn definitions(connection: &mut Connection) -> Result<Definitions, Error> {
    let rows = connection.rows("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid").await?;
    let stored = rows.iter().map(stored).collect::<Result<Vec<Stored>, Error>>()?;
    drop(rows);
    let shadows = shadow_tables(connection, &stored).await?;
    Ok(Definitions { stored, shadows })
}

/// Reads a row. SQLite stores the bytes as given, which are not UTF-8 if, for example, an application wrote
/// Latin-1.
fn stored(row: &Row<'_>) -> Result<Stored, Error> {
    Ok(Stored {
        kind: AnyKind::of_word(&row.text("type")?),
        name: row.text("name")?,
        table: row.text("tbl_name")?,
        garbled: row.bytes("sql")?.filter(|b| std::str::from_utf8(b).is_err()),
        sql: row.maybe_text("sql")?,
    })
}

/// Returns the shadow tables, which belong to virtual tables
/// (<https://sqlite.org/vtab.html#the_xshadowname_method>).
async fn shadow_tables(connection: &mut Connection, stored: &[Stored]) -> Result<BTreeSet<String>, Error> {
    let virtuals = |r: &&Stored| r.sql.as_deref().is_some_and(is_virtual);
    if stored.iter().find(virtuals).is_none() {
        return Ok(BTreeSet::new());
    }
    let names = connection.texts("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'").await?;
    Ok(names.into_iter().map(|n| n.to_ascii_lowercase()).collect())
}

/// Returns true if this defines a virtual table.
pub(crate) fn is_virtual(sql: &str) -> bool {
    let mut words = sql.split_whitespace();
    words.next().is_some_and(|w| w.eq_ignore_ascii_case("CREATE")) && words.next().is_some_and(|w| w.eq_ignore_ascii_case("VIRTUAL"))
}

/// Builds the schema from the definitions.
pub(crate) fn read(stored: Vec<Stored>, shadows: BTreeSet<String>) -> Live {
    let mut schema = Schema::default();
    let hidden = |r: &&Stored| !is_reserved(&r.table) && !is_reserved(&r.name) && !shadows.contains(&r.table.to_ascii_lowercase());
    let mut unread: Vec<Unmanaged> = Vec::new();
    let mut fail = |row: &Stored, reason: String| {
        let text = row.garbled.as_deref().or(row.sql.as_ref().map(String::as_bytes));
        let digest = text.map(|t| Sha256::digest(t).iter().take(6).map(|b| format!("{b:02x}")).collect());
        unread.push(Unmanaged { reason: Some(reason), digest, ..Unmanaged::new(&row.kind, row.name.as_str()) });
    };
    let (visible, garbled): (Vec<&Stored>, Vec<&Stored>) = stored.iter().filter(hidden).partition(|r| r.garbled.is_none());
    for row in garbled {
        fail(row, "its definition is not valid UTF-8".to_owned());
    }
    for row in visible.iter().filter(|r| r.kind == Kind::Table) {
        let sql = row.sql.as_deref().unwrap_or_default();
        let outcome = if is_virtual(sql) {
            read_other::read_virtual(sql).map(|v| drop(schema.virtual_tables.insert(v.name.clone(), v)))
        } else {
            read_table::read_table(sql).map(|mut t| match odd_type(&t) {
                Some(reason) => fail(row, reason),
                None => {
                    t.name.name = ident(&row.name);
                    schema.tables.insert(t.name.clone(), t);
                }
            })
        };
        outcome.unwrap_or_else(|e| fail(row, e.to_string()));
    }
    for row in visible.iter().filter(|r| r.kind != Kind::Table) {
        let Some(sql) = row.sql.as_deref() else { continue };
        let outcome = match row.kind {
            AnyKind::Part(Part::Index) => read_other::read_index(sql, |t| columns_of(&schema, t)).map(|(on, mut index)| {
                index.name = ident(&row.name);
                if let Some(table) = schema.tables.get_mut(&ObjectName::bare(on)) {
                    table.indexes.insert(index.name.clone(), index);
                }
            }),
            AnyKind::Object(Kind::View) => read_other::read_view(sql).map(|v| drop(schema.views.insert(v.name.clone(), v))),
            _ => read_other::read_trigger(sql).map(|t| drop(schema.definitions.of_mut(t.kind).insert(t.name.clone(), t))),
        };
        outcome.unwrap_or_else(|e| fail(row, e.to_string()));
    }
    schema.unmanaged = unread;
    schema.hidden_names = stored.iter().filter(|r| is_foreign(r)).map(|r| r.name.to_ascii_lowercase()).collect();
    Live { current: normalize(schema), stored, shadows }
}

/// Returns a declared type that is valid only in quotes, which a schema file cannot express.
fn odd_type(table: &Table) -> Option<String> {
    let odd = |c: &&Column| matches!(&c.ty, Type::Other(name) if !is_type_name(name.as_str()));
    let column = table.columns.values().find(odd)?;
    Some(format!("column {} is declared with type `{}`", column.name, types::declared(&column.ty, false)))
}

fn columns_of<'s>(schema: &'s Schema, name: &Ident) -> Option<&'s Table> {
    schema.tables.get(&ObjectName::bare(name.clone()))
}

/// Returns the schema for KDL, ordered by name, because a rebuild moves a table to the end: with `serial` for
/// auto-incrementing keys, and with dangling foreign keys marked.
pub(crate) fn for_display(schema: &Schema) -> Schema {
    let mut shown = schema.clone();
    for table in shown.tables.values_mut() {
        let rowid = types::rowid_key(table).map(|c| c.name.clone());
        if let Some(name) = rowid {
            let pinned = table.checks.iter().any(|c| pins(c, &name));
            if let Some(column) = table.columns.get_mut(&name).filter(|c: &&mut Column| c.ty == Type::Integer && !pinned) {
                column.ty = Type::Serial;
            }
        }
    }
    mark_own_collations(&mut shown);
    mark_dangling(&mut shown);
    shown.sort();
    shown
}

/// Restricts a collation that only the application defines to SQLite.
fn mark_own_collations(schema: &mut Schema) {
    let own = |c: &Option<Ident>| c.as_ref().is_some_and(|c| !known_collation(c));
    for table in schema.tables.values_mut() {
        for column in table.columns.values_mut().filter(|c| own(&c.collate)) {
            column.only = Only(Some(Dialect::Sqlite));
        }
        for index in table.indexes.values_mut().filter(|i| i.parts.iter().any(|p| own(&p.collate))) {
            index.only = Only(Some(Dialect::Sqlite));
        }
    }
}

fn mark_dangling(schema: &mut Schema) {
    let problems: BTreeSet<(usize, usize)> = schema
        .tables
        .values()
        .enumerate()
        .flat_map(|(i, t)| t.foreign_keys.iter().enumerate().filter(|(_, fk)| schema.leads_nowhere(fk)).map(move |(j, _)| (i, j)))
        .collect();
    for (i, j) in problems {
        if let Some((_, table)) = schema.tables.get_index_mut(i) {
            table.foreign_keys[j].dangling = true;
        }
    }
}

/// Returns true if a CHECK allows only one fixed value, as in single-row tables.
fn pins(check: &Check, column: &Ident) -> bool {
    let sql = check.expr.canon.as_str();
    let name = format!("\"{}\"", column.as_str().to_ascii_lowercase());
    let rest = sql.strip_prefix(&name).map(str::trim_start);
    let value = rest.and_then(|r| r.strip_prefix('=').or_else(|| r.strip_prefix("in (")));
    value.is_some_and(|v| v.trim().trim_end_matches(')').split(',').all(|n| n.trim().parse::<i64>().is_ok()))
}
