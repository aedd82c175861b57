//! Plans for a SQLite database that is not available, from the facts recorded about it.
//!
//! A plan depends only on the `sqlite_schema` of a SQLite file, so the facts are its rows, verbatim. Rosey's
//! own tables are left out, because no plan depends on them. Nothing is counted, because there are no rows.

use std::collections::BTreeSet;

use super::inspect::{self, Live, Stored};
use super::planner::{self, How, PlanError};
use crate::engine::guards::Guards;
use crate::plan::{Fact, Level, Plan};
use crate::schema::{AnyKind, Normalized, Schema};

/// A row of `sqlite_schema`: kind, name, table, and the definition if there is one.
const STORED: &str = "stored";
/// The same, if the definition is not UTF-8: its bytes in hexadecimal.
const GARBLED: &str = "stored-bytes";
/// The name of a virtual table's shadow table.
const SHADOW: &str = "shadow";

/// A fact that is not one about a SQLite database.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a fact about a SQLite database")]
pub struct FactError(String);

/// Returns the facts about a live database that a plan depends on.
pub(crate) fn facts(live: &Live) -> Vec<Fact> {
    let stored = live.stored.iter().filter(|r| !inspect::is_own(&r.table) || inspect::is_foreign(r)).map(|row| {
        let name = if row.garbled.is_some() { GARBLED } else { STORED };
        let sql = row.garbled.as_deref().map(hex).or_else(|| row.sql.clone());
        Fact::new(name, [row.kind.word().to_owned(), row.name.clone(), row.table.clone()].into_iter().chain(sql))
    });
    stored.chain(live.shadows.iter().map(|name| Fact::new(SHADOW, [name]))).collect()
}

/// Returns the database that the facts describe.
///
/// # Errors
/// If a fact is not one that [`facts`] returns.
pub(crate) fn live(facts: &[Fact]) -> Result<Live, FactError> {
    let (mut stored, mut shadows) = (Vec::new(), BTreeSet::new());
    for fact in facts {
        let unknown = || FactError(format!("{} {}", fact.name, fact.args.join(" ")));
        let row = |sql: Option<String>, garbled: Option<Vec<u8>>| {
            let [kind, name, table, ..] = fact.args.as_slice() else { return Err(unknown()) };
            Ok(Stored { kind: AnyKind::of_word(kind), name: name.clone(), table: table.clone(), sql, garbled })
        };
        match (fact.name.as_str(), fact.args.as_slice()) {
            (STORED, [_, _, _]) => stored.push(row(None, None)?),
            (STORED, [_, _, _, sql]) => stored.push(row(Some(sql.clone()), None)?),
            (GARBLED, [_, _, _, digits]) => {
                let bytes = unhex(digits).ok_or_else(unknown)?;
                stored.push(row(Some(String::from_utf8_lossy(&bytes).into_owned()), Some(bytes))?);
            }
            (SHADOW, [name]) => drop(shadows.insert(name.clone())),
            _ => return Err(unknown()),
        }
    }
    Ok(inspect::read(stored, shadows))
}

/// Returns the database that the facts describe, without the name exchanges that the last apply recorded as done.
pub(super) fn start(facts: &[Fact], guarded: &Schema) -> Result<Live, FactError> {
    let mut live = live(facts)?;
    live.current = live.current.with_renames_done(guarded.exchanged());
    Ok(live)
}

/// Returns the schema that the facts describe, as it is written in KDL.
///
/// # Errors
/// If a fact is not one about a SQLite database.
pub fn schema(facts: &[Fact]) -> Result<Schema, FactError> {
    Ok(inspect::for_display(live(facts)?.current.schema()))
}

/// Plans from recorded facts to the desired schema: the same changes and statements as against the database
/// itself. Nothing can be counted, so a constraint that rows may violate is a warning.
///
/// `guarded` is the schema that the last apply recorded: what it guards by `prevent-destroy` is not dropped.
/// [`Plan::creates_database`] is left false, because facts do not distinguish an empty database from a
/// missing one.
///
/// # Errors
/// If a fact is not one about a SQLite database, or if no plan is possible.
pub(super) async fn plan(facts: &[Fact], guarded: &Schema, desired: &Normalized, rebuild_only: bool) -> Result<Plan, PlanError> {
    let live = start(facts, guarded)?;
    let mut plan = planner::plan_from(&live, desired, How { rebuild_only, ..How::default() }).await?;
    planner::guard(&mut plan, &Guards::in_schema(guarded), desired);
    let counted = plan.steps.iter_mut().flat_map(|s| &mut s.hazards).filter(|h| h.probe.is_some());
    counted.filter(|h| h.level == Level::Blocks).for_each(|h| h.level = Level::Warns);
    Ok(plan)
}

/// Returns bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|p| if let [high, low] = p { Some(digit(high)? << 4 | digit(low)?) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, name: &str, sql: Option<&str>) -> Stored {
        let (kind, name, table) = (AnyKind::of_word(kind), name.to_owned(), name.to_owned());
        Stored { kind, name, table, sql: sql.map(str::to_owned), garbled: None }
    }

    #[test]
    fn facts_are_the_database_again() {
        let latin = b"CREATE TABLE t (n DEFAULT 'K\xf6ln')".to_vec();
        let garbled = Stored { garbled: Some(latin.clone()), ..row("table", "t", Some(&String::from_utf8_lossy(&latin))) };
        let stored = vec![
            row("table", "a", Some("CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT UNIQUE)")),
            row("index", "sqlite_autoindex_a_1", None),
            garbled,
            row("table", "f", Some("CREATE VIRTUAL TABLE f USING fts5(n)")),
            row("table", "f_data", Some("CREATE TABLE 'f_data'(id INTEGER PRIMARY KEY, block BLOB)")),
        ];
        let there = inspect::read(stored, BTreeSet::from(["f_data".to_owned()]));
        let again = live(&facts(&there)).unwrap();
        assert_eq!(again.stored, there.stored);
        assert_eq!(again.shadows, there.shadows);
        assert_eq!(again.fingerprint(), there.fingerprint());
        assert_eq!(crate::kdl::encode(again.current.schema()), crate::kdl::encode(there.current.schema()));
    }

    #[test]
    fn rosey_is_no_fact_of_the_database() {
        let there = inspect::read(vec![row("table", "_rosey_history", Some("CREATE TABLE _rosey_history (n)"))], BTreeSet::new());
        assert!(facts(&there).is_empty());
    }

    #[test]
    fn what_is_no_fact_of_sqlite_is_refused() {
        for fact in [
            Fact::new("stored", ["table", "t"]),
            Fact::new("relation", ["t"]),
            Fact::new("stored-bytes", ["table", "t", "t", "4"]),
            Fact::new("stored-bytes", ["table", "t", "t", "+1"]),
        ] {
            assert!(live(std::slice::from_ref(&fact)).is_err(), "{fact:?}");
        }
    }
}
