//! Stand-ins for types and tables that are created or changed, for questions to the server: temporary ones that
//! hide the real ones. The caller rolls them back.

use std::collections::BTreeSet;

use sqlparser::tokenizer::Token;

use super::super::connection::{Connection, Error};
use super::super::operator_classes::{self, OwnClasses};
use super::super::{canon, ddl, gate, names, types};
use super::columns;
use crate::schema::{Column, Domain, Head, Kind, Schema, Table};

/// Returns whether the table does not exist, has other columns, or another primary key, by which a view may group.
pub(super) fn changes(table: &Table, live: &Schema) -> bool {
    let key = |t: &Table| t.primary_key.as_ref().map(|k| (k.parts.clone(), k.deferrable));
    live.tables.get(&table.name).is_none_or(|before| columns(before) != columns(table) || key(before) != key(table))
}

/// Returns the statements that create stand-ins for new and changed types, which hide the real ones.
pub(in crate::engine::postgres) fn types(live: &Schema, desired: &Schema) -> Vec<String> {
    let enums = desired.enums.values().filter(|e| live.enums.get(&e.name).is_none_or(|b| b.values != e.values)).map(|e| {
        let values: Vec<String> = e.values.iter().map(|v| canon::literal(v)).collect();
        format!("CREATE TYPE pg_temp.{} AS ENUM ({})", canon::quote(e.name.name.as_str()), values.join(", "))
    });
    let new = |d: &&Domain| d.name.schema.is_none() && live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty);
    let domains = desired.domains.values().filter(new).map(|domain| {
        let (name, ty) = (canon::quote(domain.name.name.as_str()), types::value_type(&domain.ty));
        format!("CREATE DOMAIN pg_temp.{name} AS {ty}")
    });
    enums.chain(domains).collect()
}

/// Creates the stand-ins that can be created.
pub(in crate::engine::postgres) async fn make(connection: &mut Connection, stand_ins: &[String]) -> Result<(), Error> {
    for sql in stand_ins {
        attempt(connection, sql).await?;
    }
    Ok(())
}

/// Returns the names of the types that have stand-ins.
fn type_names<'s>(live: &'s Schema, desired: &'s Schema) -> impl Iterator<Item = &'s str> {
    let enums = desired.enums.values().filter(|e| live.enums.get(&e.name).is_none_or(|b| b.values != e.values)).map(|e| &e.name);
    let domains = desired.domains.values().filter(|d| live.domains.get(&d.name).is_none_or(|b| b.ty != d.ty)).map(|d| &d.name);
    enums.chain(domains).map(|n| n.name.as_str())
}

/// Returns the names of the routines that a plan creates, which have no stand-ins.
fn routine_names<'s>(live: &'s Schema, desired: &'s Schema) -> impl Iterator<Item = &'s str> {
    let comes = |(kind, head): &(Kind, &Head)| live.head(*kind, &head.name).is_none();
    desired.heads_of(Kind::is_routine).filter(comes).map(|(_, head)| head.name.name.as_str())
}

/// Returns the names of the types that have stand-ins and of the routines that come: that the server knows no
/// function for an expression that contains one of them says nothing.
pub(in crate::engine::postgres) fn doubtful_names<'s>(live: &'s Schema, desired: &'s Schema) -> impl Iterator<Item = &'s str> {
    type_names(live, desired).chain(routine_names(live, desired))
}

/// Returns whether one of the texts contains the name of a type that has a stand-in.
pub(in crate::engine::postgres) fn names_any(stood: &BTreeSet<&str>, texts: &[String]) -> bool {
    texts.iter().any(|text| canon::names(text).iter().any(|n| stood.contains(n.as_str())))
}

/// The stand-ins that exist for tables.
pub(super) struct Stood {
    /// The names of the tables, all in the schema of unqualified names.
    pub(super) tables: BTreeSet<String>,
    /// Whether types have stand-ins too.
    pub(super) has_types: bool,
    /// The names of the routines that the plan creates.
    pub(super) routines: BTreeSet<String>,
    /// The names of tables that are created or changed and have none.
    lacking: BTreeSet<String>,
    /// The names of tables whose stand-in has no primary key although they have one.
    keyless: BTreeSet<String>,
}

impl Stood {
    /// Returns whether everything that SQL with these names may read is in its final form.
    pub(super) fn is_complete(&self, named: &BTreeSet<String>) -> bool {
        self.lacking.is_disjoint(named)
    }

    /// Returns whether all these tables have their final primary key.
    pub(super) fn has_keys(&self, named: &BTreeSet<String>) -> bool {
        self.is_complete(named) && self.keyless.is_disjoint(named)
    }

    /// Returns the SQL with the schema of unqualified names removed from tables that have a stand-in, which
    /// could not be found otherwise.
    pub(super) fn reached(&self, home: &str, sql: &str) -> String {
        let Some(mut tokens) = canon::tokens(sql).filter(|_| !self.tables.is_empty()) else { return sql.to_owned() };
        let name = |token: &Token| if let Token::Word(w) = token { Some(canon::name(w)) } else { None };
        let is_own = |at: usize, tokens: &[Token]| {
            let qualified = at > 0 && tokens[at - 1] == Token::Period;
            let schema = name(&tokens[at]).is_some_and(|n| n == home) && tokens.get(at + 1) == Some(&Token::Period);
            schema && !qualified && tokens.get(at + 2).and_then(name).is_some_and(|n| self.tables.contains(&n))
        };
        let own: Vec<usize> = (0..tokens.len()).filter(|at| is_own(*at, &tokens)).collect();
        for at in &own {
            tokens[*at] = Token::make_word("pg_temp", None);
        }
        if own.is_empty() { sql.to_owned() } else { canon::sql(&tokens) }
    }
}

/// Creates stand-ins for types and tables that are not in their final form yet. What cannot be created is
/// left out.
pub(super) async fn of_tables(connection: &mut Connection, live: &Schema, desired: &Schema) -> Result<Stood, Error> {
    make(connection, &types(live, desired)).await?;
    // A table with unchanged column names still has another type if one of its types has a stand-in.
    let stood_in: BTreeSet<&str> = type_names(live, desired).collect();
    let typed =
        |t: &Table| t.columns.values().any(|c| canon::names(&types::value_type(&c.ty)).iter().any(|n| stood_in.contains(n.as_str())));
    let routines = routine_names(live, desired).map(str::to_owned).collect();
    let mut stood =
        Stood { tables: BTreeSet::new(), has_types: !stood_in.is_empty(), routines, lacking: BTreeSet::new(), keyless: BTreeSet::new() };
    let mut own = OwnClasses::of(connection).await?;
    for table in desired.tables.values().filter(|t| changes(t, live) || typed(t)) {
        let key = table.primary_key.as_ref().map(|k| operator_classes::of_columns(&k.parts, table)).unwrap_or_default();
        let has_key = !key.is_empty() && !own.has_any(connection, &key).await?;
        let name = table.name.name.to_string();
        if !key.is_empty() && !has_key {
            stood.keyless.insert(name.clone());
        }
        // A stand-in in another schema would hide the table of the same name.
        let made = table.name.schema.is_none() && attempt(connection, &temporary(table, has_key)).await?.is_none();
        if made {
            stood.tables.insert(name)
        } else {
            stood.lacking.insert(name)
        };
    }
    Ok(stood)
}

/// Returns the statement for a stand-in, with its primary key if that has built-in operator classes: a view may group
/// by it.
pub(super) fn temporary(table: &Table, has_key: bool) -> String {
    let column = |c: &Column| {
        let collate = c.collate.as_ref().map(|c| format!(" COLLATE {}", canon::quote(c.as_str()))).unwrap_or_default();
        format!("{} {}{collate}", canon::quote(c.name.as_str()), types::value_type(&c.ty))
    };
    let mut parts: Vec<String> = table.columns.values().map(column).collect();
    if let Some(key) = table.primary_key.as_ref().filter(|_| has_key) {
        let deferrable = ddl::deferrable(key.deferrable);
        parts.push(format!("PRIMARY KEY ({}){deferrable}", names::list(key.parts.iter().map(|p| &p.column))));
    }
    format!("CREATE TEMPORARY TABLE {} ({})", canon::quote(table.name.name.as_str()), parts.join(", "))
}

/// Runs a statement that may fail, and returns the server's error if it does.
pub(super) async fn attempt(connection: &mut Connection, sql: &str) -> Result<Option<Error>, Error> {
    connection.execute("SAVEPOINT rosey_try").await?;
    match gate::execute(connection, sql).await {
        Ok(()) => {
            connection.execute("RELEASE SAVEPOINT rosey_try").await?;
            Ok(None)
        }
        Err(error) if error.is_interruption() => Err(error),
        Err(refusal) => {
            connection.execute("ROLLBACK TO SAVEPOINT rosey_try").await?;
            Ok(Some(refusal))
        }
    }
}
