//! Random edits of random schemas: renames in swaps, chains and case, names that pass between objects, keys
//! that change under foreign keys, views and triggers that follow or do not. The expected result is
//! determined without rosey: a database created from the new schema shows which views and triggers can work,
//! and identities show where each value belongs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use rosey::apply::rollback::{To, rollback_target};
use rosey::apply::{ApplyError, BackupMode, Desired, EngineOptions, Options, PlanOptions, Silent, SqlitePath};
use rosey::engine::PlanError;
use rosey::plan::Kind;
use rosey::schema::{Dialect, Normalized};

use super::model::{Choices, DEFAULTS, Fires, Model};
use super::shown;
use crate::support::{Database, desired, quote, wait};

/// A first schema, its edits, which bodies do not follow, and how the database is changed.
#[derive(Debug, Clone)]
pub struct Edited {
    tables: Choices,
    bodies: Choices,
    edits: Choices,
    stale: u8,
    implied: bool,
    rebuild: bool,
}

pub fn edited() -> impl Strategy<Value = Edited> {
    let choices = |range| prop::collection::vec(any::<[u8; 4]>(), range);
    let stale = prop_oneof![2 => Just(0u8), 1 => any::<u8>()];
    (choices(1..4), choices(0..5), choices(1..6), stale, any::<bool>(), any::<bool>())
        .prop_map(|(tables, bodies, edits, stale, implied, rebuild)| Edited { tables, bodies, edits, stale, implied, rebuild })
}

type Outcome = Result<(), TestCaseError>;

fn read(text: &str) -> Result<Normalized, TestCaseError> {
    desired(text).map_err(TestCaseError::fail)
}

pub fn there_and_back(edited: &Edited) -> Outcome {
    let before = Model::new(&edited.tables, &edited.bodies);
    let mut after = before.clone();
    edited.edits.iter().for_each(|e| after.edit(*e));
    if after.means_two_things(&before) {
        return Ok(());
    }
    after.leave_stale(&before, edited.stale);
    let (a, b) = (before.kdl(None), after.kdl(Some(&before)));
    let by = if edited.rebuild { SqlitePath::Rebuild } else { SqlitePath::Cheapest };
    let (from, to) = (read(&a)?, read(&b)?);
    let database = made_of(&from)?;
    defaults_are_right(&database, &before)?;
    fill(&database, &before);
    if edited.implied {
        imply_keys(&database, &before);
        // A foreign key without columns follows the primary key from then on.
        prop_assert!(database.plan(&from).unwrap().is_empty(), "implied:\n{}", shown(&database, &from));
    }
    let (bytes, values) = (database.bytes(), values(&database, &before, &after, &before));
    let works = Works::of(&database);
    let alone = made_of(&to).ok().map(|d| Works::of(&d));
    let is_nothing = database.plan(&to).is_ok_and(|p| p.is_empty());
    match database.apply_by(&to, true, by) {
        Err(error) => {
            let is_mistake = matches!(error, ApplyError::Plan(PlanError::Schema { .. }));
            prop_assert!(error.is_refusal() || is_mistake, "not a refusal: {error:?}\n{a}\n{b}");
            prop_assert!(bytes == database.bytes(), "the file has changed under a refusal\n{a}\n{b}");
            is_named(&error, &works, alone.as_ref(), &before, &after).map_err(|e| TestCaseError::fail(format!("{e}\n{a}\n{b}")))
        }
        Ok(_) => {
            settled(&database, &to, &b)?;
            prop_assert_eq!(&values, &self::values(&database, &before, &after, &after), "\n{}\n{}", a, b);
            let now = Works::of(&database);
            prop_assert_eq!(Some(&now), alone.as_ref(), "\n{}\n{}", a, b);
            if let Some(name) = lost(&works, &now, &before, &after).first() {
                return Err(TestCaseError::fail(format!("{name} worked, does not, and nothing was said\n{a}\n{b}")));
            }
            if is_nothing {
                return Ok(());
            }
            if !back(&database, by, before.is_narrower_than(&after)).map_err(|e| TestCaseError::fail(format!("{e}\n{a}\n{b}")))? {
                return Ok(());
            }
            prop_assert!(database.plan(&from).unwrap().is_empty(), "back:\n{}\n{a}\n{b}", shown(&database, &from));
            prop_assert_eq!(&values, &self::values(&database, &before, &after, &before), "back\n{}\n{}", a, b);
            // A rollback undoes renames as well: the same file does them again.
            if database.apply_by(&to, true, by).is_ok() {
                settled(&database, &to, &b)?;
                prop_assert_eq!(&values, &self::values(&database, &before, &after, &after), "again\n{}\n{}", a, b);
            }
            Ok(())
        }
    }
}

fn made_of(schema: &Normalized) -> Result<Database, TestCaseError> {
    let database = Database::new();
    database.apply(schema, false).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
    Ok(database)
}

fn settled(database: &Database, schema: &Normalized, text: &str) -> Outcome {
    let plan = database.plan(schema).map_err(|e| TestCaseError::fail(format!("{e:?}\n{text}")))?;
    let record = || database.value("SELECT schema_after FROM _rosey_history ORDER BY number DESC LIMIT 1");
    prop_assert!(plan.is_empty(), "not empty:\n{}\n{text}\nrecorded:\n{}", shown(database, schema), record());
    prop_assert_eq!(database.value("PRAGMA integrity_check"), "ok");
    prop_assert!(database.rows("PRAGMA foreign_key_check").is_empty(), "\n{}", text);
    let own = read(&database.inspect())?;
    prop_assert!(database.plan(&own).unwrap().is_empty(), "inspect:\n{}", shown(database, &own));
    Ok(())
}

/// Checks that each default is stored as the value that its spelling means.
fn defaults_are_right(database: &Database, model: &Model) -> Outcome {
    for table in &model.tables {
        for column in table.columns.iter().filter(|c| c.id != table.key) {
            let stored =
                format!("SELECT coalesce(dflt_value, 'NULL') FROM pragma_table_info('{}') WHERE name = '{}'", table.name, column.name);
            match model.stored_default(column) {
                Ok(text) => prop_assert_eq!(database.value(&stored), text),
                Err(number) => {
                    let sql = format!("SELECT CAST(({}) AS INTEGER) IS {number}", database.value(&stored));
                    prop_assert_eq!(database.value(&sql), "1", "{}", DEFAULTS[column.default].0);
                }
            }
        }
    }
    Ok(())
}

/// Inserts three rows into each table; each value is unique, and keys are referenced row by row.
fn fill(database: &Database, model: &Model) {
    let mut sql = String::new();
    for table in &model.tables {
        for row in 1..=3 {
            let mut names: Vec<String> = table.columns.iter().map(|c| quote(&c.name)).collect();
            let number = |id: u32| (id * 100 + row).to_string();
            let of_type = |c| model.declared(c).and_then(|t| t.value(row));
            let mut values: Vec<String> = table.columns.iter().map(|c| of_type(c).unwrap_or(number(c.id))).collect();
            if let Some(parent) = &table.parent {
                names.push("parent".to_owned());
                values.push(number(parent.column));
            }
            writeln!(sql, "INSERT INTO {} ({}) VALUES ({});", quote(&table.name), names.join(", "), values.join(", ")).unwrap();
        }
    }
    // Triggers are only to be preserved, not to be run.
    let triggers = database.rows("SELECT sql FROM sqlite_schema WHERE type = 'trigger'");
    let names = database.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger'");
    let drops: String = names.iter().map(|n| format!("DROP TRIGGER {};\n", quote(&n[0]))).collect();
    let makes: String = triggers.iter().map(|t| format!("{};\n", t[0])).collect();
    database.run(&format!("BEGIN;{drops}{sql}{makes}COMMIT;"), false);
}

/// Removes the columns from `REFERENCES parent(key)`, so that the reference follows the primary key.
fn imply_keys(database: &Database, model: &Model) {
    for target in &model.tables {
        let key = target.columns.iter().find(|c| c.id == target.key).unwrap();
        let named = format!("REFERENCES {} ({})", quote(&target.name), quote(&key.name));
        database.run(
            &format!(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '{named}', 'REFERENCES {}') WHERE type = 'table'; \
                 PRAGMA writable_schema = RESET; PRAGMA schema_version;",
                quote(&target.name)
            ),
            false,
        );
    }
}

/// Returns the rows of the columns that both models share, by their names in `named`.
fn values(database: &Database, before: &Model, after: &Model, named: &Model) -> BTreeMap<u32, Vec<Vec<String>>> {
    let mut found = BTreeMap::new();
    for table in &named.tables {
        let (Some(old), Some(new)) = (before.table(table.id), after.table(table.id)) else { continue };
        let same = |id: u32| {
            let (old, new) = (old.columns.iter().find(|c| c.id == id), new.columns.iter().find(|c| c.id == id));
            old.zip(new).is_some_and(|(o, n)| o.is_text == n.is_text)
        };
        let mut kept: Vec<_> = table.columns.iter().filter(|c| same(c.id)).collect();
        kept.sort_by_key(|c| c.id);
        let names: Vec<String> = kept.iter().map(|c| c.name.clone()).collect();
        found.insert(table.id, database.dump(&table.name, &names));
    }
    found
}

/// What fails among reads of views and writes to tables with triggers, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Works {
    views: BTreeSet<String>,
    writes: BTreeSet<(String, &'static str)>,
}

impl Works {
    fn of(database: &Database) -> Works {
        let fails = |sql: String| wait(compile(database, &sql)).is_err();
        let names = |sql: &str| database.rows(sql).into_iter().map(|r| r[0].clone()).collect::<Vec<_>>();
        let views = names("SELECT name FROM sqlite_schema WHERE type = 'view'");
        let views = views.into_iter().filter(|v| fails(format!("EXPLAIN SELECT * FROM {}", quote(v)))).map(|v| v.to_lowercase());
        let mut writes = BTreeSet::new();
        for target in names("SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type = 'trigger'") {
            // SQLite cannot tell the columns of a view that cannot be read.
            let unread = fails(format!("EXPLAIN SELECT * FROM {}", quote(&target)));
            let columns = if unread { Vec::new() } else { names(&format!("SELECT name FROM pragma_table_xinfo('{target}')")) };
            let set: Vec<String> = columns.iter().map(|c| format!("{0} = {0}", quote(c))).collect();
            let to = quote(&target);
            let own = format!("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{target}'");
            let own = names(&own).join("\n");
            for (event, sql) in [
                ("INSERT ON", format!("EXPLAIN INSERT INTO {to} DEFAULT VALUES")),
                ("UPDATE", format!("EXPLAIN UPDATE {to} SET {}", set.join(", "))),
                ("DELETE ON", format!("EXPLAIN DELETE FROM {to}")),
            ] {
                if own.contains(event) && !(set.is_empty() && event == "UPDATE") && fails(sql) {
                    writes.insert((target.to_lowercase(), event));
                }
            }
        }
        Works { views: views.collect(), writes }
    }
}

async fn compile(database: &Database, sql: &str) -> Result<(), sqlx::Error> {
    use sqlx::{AssertSqlSafe, Connection as _, sqlite::SqliteConnectOptions, sqlite::SqliteConnection};
    let options = SqliteConnectOptions::new().filename(&database.path).foreign_keys(false);
    let mut c = SqliteConnection::connect_with(&options).await?;
    sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut c).await.map(drop)
}

/// Returns the views in both models that could be read before and cannot now.
fn lost(works: &Works, now: &Works, before: &Model, after: &Model) -> Vec<String> {
    let mut found = Vec::new();
    for view in after.bodies.iter().filter(|b| b.fires.is_none()) {
        let Some(old) = before.bodies.iter().find(|b| b.id == view.id) else { continue };
        if now.views.contains(&view.name.to_lowercase()) && !works.views.contains(&old.name.to_lowercase()) {
            found.push(view.name.clone());
        }
    }
    for trigger in after.bodies.iter().filter(|b| before.bodies.iter().any(|o| o.id == b.id)) {
        let event = match trigger.fires {
            Some(Fires::Insert) => "INSERT ON",
            Some(Fires::Delete) => "DELETE ON",
            _ => continue,
        };
        // A text that does not follow still names the old table, or the one that has its name now.
        let old = before.table(trigger.table).map(|t| t.name.to_lowercase()).unwrap_or_default();
        let fails = now.writes.contains(&(old.clone(), event));
        if fails && trigger.stale.is_some() && !works.writes.contains(&(old, event)) {
            found.push(trigger.name.clone());
        }
    }
    found
}

/// Checks that an error names a view or trigger that can no longer work; without one, there must be another
/// reason for the refusal.
fn is_named(error: &ApplyError, works: &Works, alone: Option<&Works>, before: &Model, after: &Model) -> Result<(), String> {
    let said = match error {
        // Nothing of the first schema remains.
        ApplyError::EmptySchema => return Ok(()),
        ApplyError::Blocked(hazards) => hazards.iter().map(|h| format!("{} {}\n", h.address, h.text())).collect(),
        ApplyError::Plan(PlanError::Schema { problems, .. }) => problems.iter().map(|p| format!("{}\n", p.message)).collect::<String>(),
        other => return Err(format!("refused in another way: {other:?}")),
    };
    let Some(alone) = alone else { return Ok(()) };
    let lost = lost(works, alone, before, after);
    match lost.iter().find(|name| !said.to_lowercase().contains(&name.to_lowercase())) {
        Some(name) => Err(format!("{name} cannot work any more, and is not named in:\n{said}")),
        // A reference that follows its parent's key to another column finds other values there.
        None if said.contains("have a value of `parent` that") => Ok(()),
        // Rows may hold values that the new type no longer allows.
        None if after.is_narrower_than(before) => Ok(()),
        None if after.bodies.iter().all(|b| b.stale.is_none()) => Err(format!("refused though all texts follow:\n{said}")),
        None => Ok(()),
    }
}

/// Undoes the last apply, unless a restored column would need values that the rows do not have.
fn back(database: &Database, by: SqlitePath, is_narrower: bool) -> Result<bool, String> {
    let live = database.live();
    let target = rollback_target(&wait(live.history()).unwrap(), To::Back(1), Dialect::Sqlite).map_err(|e| format!("back: {e}"))?;
    let back = Desired::new(target.desired.clone(), Dialect::Sqlite).map_err(|e| format!("back: {e:?}"))?;
    let plan = wait(live.plan(&back, PlanOptions { engine: EngineOptions::default().by(by), ..PlanOptions::default() }))
        .map_err(|e| format!("back: {e:?}"))?
        .plan;
    let backup = BackupMode::Never;
    let options = Options { allow_destructive: true, backup, kind: Kind::Rollback, back_to: Some(target.back_to), ..Options::default() };
    let applied = wait(live.apply(back.normalized(), &plan, &options, Arc::default(), &mut Silent));
    if is_narrower && matches!(applied, Err(ApplyError::Blocked(_))) {
        return Ok(false);
    }
    applied.map_err(|e| format!("back: {e:?}\n{}", rosey::render::sql(&plan)))?;
    match wait(live.drift()).unwrap() {
        None => Ok(true),
        Some(drift) => Err(format!("back, and drifted: {drift:?}")),
    }
}
