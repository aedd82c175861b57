//! Detects index keys whose operator class is not built in. The support functions of such a class may be
//! user-defined, and the server calls some of them even to create an index on an empty table (`equalimage` of
//! a B-tree, `config` of SP-GiST, `options` of any). Reads only catalogs.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{self, Question};
use super::connection::{Connection, Error};
use super::names::literal;
use super::{types, words};
use crate::schema::{Exclusion, Index, IndexPart, PartKey, Table};

/// The access methods and operator classes that did not come with the server. OIDs below 16384 did
/// (<https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT>).
const OWN: &str = "SELECT 'method'::pg_catalog.text, amname::pg_catalog.text FROM pg_catalog.pg_am WHERE oid >= 16384 \
    UNION SELECT 'class', opcname::pg_catalog.text FROM pg_catalog.pg_opclass WHERE oid >= 16384 \
    UNION SELECT 'default', am.amname::pg_catalog.text FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am am ON am.oid = o.opcmethod \
    WHERE o.oid >= 16384 AND o.opcdefault";

/// Access methods and operator classes that did not come with the server.
#[derive(Debug, Default)]
pub(super) struct OwnClasses {
    methods: BTreeSet<String>,
    /// The names of operator classes.
    classes: BTreeSet<String>,
    /// The access methods for which one of them is the default of a type.
    with_defaults: BTreeSet<String>,
    /// The results so far for an access method and a type: most columns have one of a few types.
    known: BTreeMap<(String, String), bool>,
}

/// A key of an index: the access method, the operator class if it is given, and what is indexed.
#[derive(Debug)]
pub(super) struct IndexKey {
    method: String,
    class: Option<String>,
    value: Value,
}

#[derive(Debug)]
enum Value {
    /// A column of this type.
    Column(String),
    Expression(Question),
}

impl OwnClasses {
    /// Looks them up.
    ///
    /// # Errors
    /// If the connection is lost.
    pub(super) async fn of(connection: &mut Connection) -> Result<OwnClasses, Error> {
        let mut found = OwnClasses::default();
        for (kind, name) in connection.pairs(OWN).await? {
            match kind.as_str() {
                "method" => found.methods.insert(name),
                "class" => found.classes.insert(name),
                _ => found.with_defaults.insert(name),
            };
        }
        Ok(found)
    }

    /// Returns whether any key has an operator class that is not built in, or may have one.
    ///
    /// # Errors
    /// If the connection is lost.
    pub(super) async fn has_any(&mut self, connection: &mut Connection, keys: &[IndexKey]) -> Result<bool, Error> {
        for key in keys {
            if self.has(connection, key).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn has(&mut self, connection: &mut Connection, key: &IndexKey) -> Result<bool, Error> {
        if self.methods.contains(&key.method) {
            return Ok(true);
        }
        if let Some(class) = &key.class {
            let named = words::leading_name(class).map(|((_, name), _)| name);
            return Ok(named.is_none_or(|name| self.classes.contains(&name)));
        }
        if !self.with_defaults.contains(&key.method) {
            return Ok(false);
        }
        let oid = match &key.value {
            Value::Column(ty) => format!("pg_catalog.to_regtype({})", literal(ty)),
            Value::Expression(question) => match ask::type_of(connection, question).await? {
                Some(oid) => oid.to_string(),
                None => return Ok(true),
            },
        };
        let about = (key.method.clone(), oid);
        if let Some(known) = self.known.get(&about) {
            return Ok(*known);
        }
        let has = is_default(connection, &about.0, &about.1).await?;
        self.known.insert(about, has);
        Ok(has)
    }
}

/// Returns whether a type has a user-defined default operator class for the access method: directly, through
/// the base type of a domain, or through a cast that needs no function
/// (<https://www.postgresql.org/docs/current/indexes-opclass.html>). A type that the server cannot look up
/// counts as having one.
async fn is_default(connection: &mut Connection, method: &str, oid: &str) -> Result<bool, Error> {
    let sql = format!(
        "WITH RECURSIVE tried(oid) AS (SELECT {oid}::pg_catalog.oid UNION SELECT next.oid FROM tried, LATERAL (\
           SELECT t.typbasetype AS oid FROM pg_catalog.pg_type t WHERE t.oid = tried.oid AND t.typbasetype <> 0 \
           UNION SELECT k.casttarget FROM pg_catalog.pg_cast k WHERE k.castsource = tried.oid AND k.castmethod = 'b') AS next) \
         SELECT (bool_or(tried.oid IS NULL) OR EXISTS (SELECT 1 FROM pg_catalog.pg_opclass o \
           JOIN pg_catalog.pg_am am ON am.oid = o.opcmethod JOIN pg_catalog.pg_type t ON t.oid = o.opcintype \
           WHERE o.oid >= 16384 AND o.opcdefault AND am.amname = {} AND (t.typtype = 'p' OR o.opcintype IN (SELECT oid FROM tried)))\
         )::pg_catalog.int4::pg_catalog.int8 FROM tried",
        literal(method)
    );
    connection.own(&["SAVEPOINT rosey_class"]).await?;
    let found = connection.number(&sql).await;
    if found.as_ref().is_err_and(Error::is_interruption) {
        return found.map(|n| n != 0);
    }
    connection.own(&["ROLLBACK TO SAVEPOINT rosey_class"]).await?;
    Ok(!matches!(found, Ok(0)))
}

/// Returns the keys of an index of a table.
pub(super) fn of_index(index: &Index, table: &Table) -> Vec<IndexKey> {
    index.parts.iter().map(|p| key(index.method.as_deref(), p, table)).collect()
}

/// Returns the keys of an exclusion constraint.
pub(super) fn of_exclusion(exclusion: &Exclusion, table: &Table) -> Vec<IndexKey> {
    exclusion.parts.iter().map(|(p, _)| key(exclusion.method.as_deref(), p, table)).collect()
}

/// Returns the keys of a constraint over columns.
pub(super) fn of_columns<'c>(parts: impl IntoIterator<Item = &'c crate::schema::KeyPart>, table: &Table) -> Vec<IndexKey> {
    parts.into_iter().map(|p| key(None, &IndexPart::new(PartKey::Column(p.column.clone())), table)).collect()
}

fn key(method: Option<&str>, part: &IndexPart, table: &Table) -> IndexKey {
    let ty = |c: &crate::schema::Column| types::value_type(&c.ty);
    let value = match &part.key {
        PartKey::Column(name) => Value::Column(table.columns.get(name).map(ty).unwrap_or_default()),
        PartKey::Expr(expr) => Value::Expression(Question {
            sql: expr.text.clone(),
            cast: None,
            columns: table.columns.values().map(|c| (c.name.to_string(), ty(c), None)).collect(),
            alias: table.name.name.to_string(),
        }),
    };
    IndexKey { method: method.unwrap_or("btree").to_owned(), class: part.opclass.clone(), value }
}
