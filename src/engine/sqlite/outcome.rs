//! Computes the schema after a plan, as an inspection would return it, by running the steps on a private
//! in-memory copy. Does not look at rows.

use super::connection::{Connection, Error};
use super::cursor::ident;
use super::gate;
use super::inspect::{self, Live};
use super::lexer::quote;
use crate::plan::{StatementKind, Step};
use crate::schema::{Head, Ident, Kind, Schema};

/// Returns the schema after the steps.
///
/// # Errors
/// If SQLite cannot read its in-memory database.
pub(crate) async fn outcome(live: &Live, steps: &[Step]) -> Result<Schema, Error> {
    let mut memory = Connection::in_memory().await?;
    for row in live.stored.iter().filter(|r| !inspect::is_reserved(&r.name)) {
        // An object that depends on what only another application provides cannot be copied; no step changes
        // it either.
        if let Some(sql) = &row.sql {
            memory.execute(sql).await.ok();
        }
    }
    let longest = steps.iter().flat_map(|s| &s.statements).map(|s| s.sql.len()).max().unwrap_or_default();
    let _secluded = gate::seclude(&mut memory, longest.max(live.longest_definition())).await?;
    let copied = inspect::inspect(&mut memory).await?.current;
    for statement in steps.iter().flat_map(|s| &s.statements).filter(|s| s.kind != StatementKind::KeepsStatistics) {
        memory.execute(&statement.sql).await.ok();
    }
    let mut schema = inspect::inspect(&mut memory).await?.current.schema().clone();
    memory.close().await?;
    put_back(&mut schema, live, copied.schema(), steps);
    Ok(schema)
}

/// Adds what could not be copied, or can be read only in the copy, as it was, unless a step drops it.
fn put_back(schema: &mut Schema, live: &Live, copied: &Schema, steps: &[Step]) {
    let goes = |kind: &str, name: &Ident| {
        let drop = format!("DROP {kind} {}", quote(name.as_str()));
        steps.iter().flat_map(|s| &s.statements).any(|s| s.sql == drop)
    };
    let garbled = |name: &Ident| live.stored.iter().any(|r| r.garbled.is_some() && name.matches(&r.name));
    let current = live.current.schema();
    schema.retain(|_, head| !garbled(&head.name.name));
    let is_lost = |kind: Kind, head: &Head| copied.head(kind, &head.name).is_none() && !goes(kind.sql(), &head.name.name);
    schema.copy_missing(current, is_lost);
    for (name, table) in &current.tables {
        let had = |index: &Ident| copied.tables.get(name).is_none_or(|t| t.indexes.contains_key(index));
        let lost: Vec<_> = table.indexes.iter().filter(|(i, _)| !had(i) && !goes("INDEX", i)).collect();
        if let Some(table) = schema.tables.get_mut(name) {
            table.indexes.extend(lost.into_iter().map(|(n, i)| (n.clone(), i.clone())));
        }
    }
    let stays = |u: &&crate::schema::Unmanaged| !goes(&u.kind.word().to_ascii_uppercase(), &ident(&u.name));
    schema.unmanaged = current.unmanaged.iter().filter(stays).cloned().collect();
}
