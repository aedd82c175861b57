//! Random pairs of schemas with random rows, on PostgreSQL: an apply succeeds, or refuses and changes
//! nothing; afterwards a plan is empty, values that both schemas can hold are unchanged, and returning to the
//! first schema converges too, by another apply or by a rollback. Partitioned tables next to the schema
//! remain unchanged.
//!
//! `PROPTEST_CASES=2000 cargo test --test it random_postgres::` runs more cases; `ROSEY_TEST_SEED=7`, or `random`,
//! runs others.

mod beside;
mod schema;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::support::applied::desired;
use crate::support::postgres::{self, Database, Server};
use crate::support::{quote, wait};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rosey::apply::rollback::{To, rollback_target};
use rosey::apply::{ApplyError, BackupMode, Desired, EngineOptions, Options, PlanOptions, Silent};
use rosey::engine::PlanError;
use rosey::plan::Kind;
use rosey::schema::{Dialect, Normalized, ObjectName};

use beside::Beside;
use schema::{FIRST_NAMES, Names, RandomSchema, Told, VALUES, dice, home, kdl, schema};

/// Inserts the rows that the tables accept.
fn fill(database: &Database, seed: u64) {
    let mut state = seed | 1;
    let mut next = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let tables = database.rows(
        "SELECT a.attrelid::regclass, string_agg(quote_ident(a.attname), ', ' ORDER BY attnum), count(*) FROM pg_attribute a \
         JOIN pg_class c ON c.oid = a.attrelid WHERE c.relkind = 'r' AND attnum > 0 AND NOT attisdropped AND attgenerated = '' \
         AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)' AND relname !~ '^_rosey' GROUP BY 1 ORDER BY 1",
    );
    let mut sql = String::new();
    for table in tables {
        for row in 0..8 {
            let rest: Vec<&str> = (1..table[2].parse().unwrap()).map(|_| VALUES[next(VALUES.len())]).collect();
            // Numbers or a UUID: one of the two is rejected.
            for id in [format!("'{row}'"), format!("'00000000-0000-0000-0000-00000000000{row}'")] {
                let values: Vec<&str> = std::iter::once(id.as_str()).chain(rest.iter().copied()).collect();
                let insert = format!("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})", table[0], table[1], values.join(", "));
                writeln!(sql, "DO $$ BEGIN {insert}; SET CONSTRAINTS ALL IMMEDIATE; EXCEPTION WHEN OTHERS THEN NULL; END $$;").unwrap();
            }
        }
    }
    database.sql(&sql);
}

type Rows = BTreeMap<String, Vec<Vec<String>>>;

fn in_sql(name: &ObjectName) -> String {
    let schema = name.schema.as_ref().map_or(String::new(), |s| format!("{}.", quote(s.as_str())));
    format!("{schema}{}", quote(name.name.as_str()))
}

/// A schema with the names of its tables and columns.
struct Side {
    schema: Normalized,
    names: Names,
}

impl Side {
    /// Returns the index of a table's name in the list of all.
    fn place(&self, name: &ObjectName) -> usize {
        self.names.tables.iter().position(|n| *n == name.name.as_str()).unwrap()
    }

    /// Returns a key for a column that does not depend on names: the index of its name, or else the name
    /// itself.
    fn column_key(&self, name: &str) -> String {
        self.names.columns.iter().position(|n| *n == name).map_or_else(|| name.to_owned(), |c| c.to_string())
    }
}

/// Returns the values that both schemas can hold, by the indexes of the names of tables and columns.
fn rows(database: &Database, one: &Side, other: &Side) -> Rows {
    let mut found = BTreeMap::new();
    for (name, table) in &one.schema.schema().tables {
        let is_twin = |n: &ObjectName| n.schema == name.schema && other.place(n) == one.place(name);
        let Some((_, twin)) = other.schema.schema().tables.iter().find(|(n, _)| is_twin(n)) else { continue };
        let twin_of = |key: &str| twin.columns.values().find(|t| other.column_key(t.name.as_str()) == key);
        let same = |c: &rosey::schema::Column, t: &rosey::schema::Column| {
            t.ty == c.ty && t.generated.is_none() && c.generated.is_none() && !is_filled(c, t)
        };
        let mut columns: Vec<(String, String)> = Vec::new();
        for column in table.columns.values() {
            let key = one.column_key(column.name.as_str());
            if twin_of(&key).is_some_and(|t| same(column, t)) {
                columns.push((key, quote(column.name.as_str())));
            }
        }
        columns.sort();
        if !columns.is_empty() {
            let list: Vec<&str> = columns.iter().map(|(_, sql)| sql.as_str()).collect();
            let mut rows = database.rows(&format!("SELECT {} FROM {}", list.join(", "), in_sql(name)));
            rows.sort();
            found.insert(one.place(name).to_string(), rows);
        }
    }
    found
}

/// Returns whether NULLs in a column are backfilled by the change.
fn is_filled(one: &rosey::schema::Column, other: &rosey::schema::Column) -> bool {
    one.not_null != other.not_null && (one.backfill.is_some() || other.backfill.is_some())
}

/// What a refusal must leave unchanged.
const SHAPE: &str = "SELECT string_agg(c.oid::regclass || ' ' || c.relfilenode || ' ' || coalesce(a.columns, ''), '; ' ORDER BY c.oid) \
    FROM pg_class c LEFT JOIN LATERAL (SELECT string_agg(attname || atttypid || attnotnull, ',' ORDER BY attnum) AS columns \
    FROM pg_attribute WHERE attrelid = c.oid) a ON true WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema)'";

/// Returns whether the error is about a table or column that the schema drops while another one takes its
/// name: which of the two is meant is for people to decide.
fn means_two_things(error: &ApplyError) -> bool {
    let ApplyError::Plan(PlanError::Schema { problems, .. }) = error else { return false };
    problems.iter().all(|p| p.message.contains("but the database has both"))
}

/// How to return from the second schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Apply,
    Rollback,
}

/// Undoes the last apply.
fn undo(database: &Database, online: bool) -> Result<(), ApplyError> {
    let live = database.live();
    let target = rollback_target(&wait(live.history()).unwrap(), To::Back(1), Dialect::Postgres).unwrap_or_else(|e| panic!("back: {e}"));
    let back = Desired::new(target.desired.clone(), Dialect::Postgres)?;
    let plan = wait(live.plan(&back, PlanOptions { engine: EngineOptions::default().online(online), ..PlanOptions::default() }))?.plan;
    let backup = BackupMode::Never;
    let options = Options { allow_destructive: true, backup, kind: Kind::Rollback, back_to: Some(target.back_to), ..Options::default() };
    wait(live.apply(back.normalized(), &plan, &options, Arc::default(), &mut Silent))?;
    let drift = wait(live.drift()).unwrap();
    assert!(drift.is_none(), "back, and drifted: {drift:?}");
    Ok(())
}

/// Applies, and returns whether that was possible.
fn step(database: &Database, from: &Side, to: &Side, how: How, online: bool) -> Result<bool, TestCaseError> {
    let (before, shape, beside) = (rows(database, from, to), database.value(SHAPE), beside::state(database));
    let done = match how {
        How::Apply => database.apply(&to.schema, online).map(drop),
        How::Rollback => undo(database, online),
    };
    prop_assert_eq!(beside::state(database), beside, "partitioned tables have changed: {:?}", done);
    match done {
        Ok(()) => {
            prop_assert_eq!(database.left(&to.schema, online), "", "a plan is left");
            prop_assert_eq!(rows(database, to, from), before);
            let own = desired(&database.inspect()).map_err(TestCaseError::fail)?;
            prop_assert_eq!(database.left(&own, online), "", "inspect's own text plans to something");
            prop_assert_eq!(database.value("SELECT count(*) FROM pg_constraint WHERE conname ~ '^rosey_'"), "0");
            Ok(true)
        }
        Err(error) => {
            prop_assert!(error.is_refusal() || means_two_things(&error), "no refusal: {error:?}");
            prop_assert_eq!(database.value(SHAPE), shape, "refused, and changed: {:?}", error);
            prop_assert_eq!(rows(database, from, to), before);
            Ok(false)
        }
    }
}

fn config() -> ProptestConfig {
    // The same pairs in every run, unless another seed is set, so that results are comparable.
    let seed = std::env::var("ROSEY_TEST_SEED").ok();
    let rng_seed = match seed.as_deref() {
        Some("random") => RngSeed::Random,
        seed => RngSeed::Fixed(seed.and_then(|s| s.parse().ok()).unwrap_or(1)),
    };
    // The default reads PROPTEST_CASES and PROPTEST_MAX_SHRINK_ITERS.
    let shrink = if std::env::var_os("PROPTEST_MAX_SHRINK_ITERS").is_some() { ProptestConfig::default().max_shrink_iters } else { 100 };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 30 };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: shrink, rng_seed, ..ProptestConfig::default() }
}

/// Two schemas, and the partitioned tables next to them.
#[derive(Debug, Clone)]
struct Pair {
    a: RandomSchema,
    b: RandomSchema,
    beside: schema::Dice,
    seed: u64,
    online: bool,
    rollback: bool,
}

fn pair() -> impl Strategy<Value = Pair> {
    (schema(), schema(), dice(), any::<u64>(), any::<bool>(), any::<bool>()).prop_map(|(a, b, beside, seed, online, rollback)| Pair {
        a,
        b,
        beside,
        seed,
        online,
        rollback,
    })
}

/// How many pairs use one database in turn: dropped objects leave dead rows in its catalogs, which make it
/// slow.
const TURNS: u32 = 40;

/// Does something in an empty database on a server.
fn with_database<T>(server: &'static Server, work: impl FnOnce(&Database) -> T) -> T {
    thread_local! {
        static USED: RefCell<BTreeMap<u32, (Database<'static>, u32)>> = RefCell::default();
    }
    USED.with_borrow_mut(|used| {
        let used = used.entry(server.version).or_insert_with(|| (server.pooled_database(), 0));
        if used.1 == TURNS {
            *used = (server.pooled_database(), 0);
        }
        used.0.empty();
        used.1 += 1;
        work(&used.0)
    })
}

fn there_and_back_in(database: &Database, pair: &Pair) -> Result<(), TestCaseError> {
    let Pair { a, b, online, .. } = pair;
    let (online, beside, one, other) = (*online, Beside(&pair.beside), FIRST_NAMES, Names::other(&b.dice));
    let begin = kdl(&Told { schema: a, names: one, from: None, beside });
    let there = kdl(&Told { schema: b, names: other, from: Some((a, one)), beside });
    let back = kdl(&Told { schema: a, names: one, from: Some((b, other)), beside });
    let told = |e: String| TestCaseError::fail(format!("{e}\n{begin}\n-- to --\n{there}\n-- and back --\n{back}"));
    let begin_at = desired(&begin).map_err(told)?;
    let from = Side { schema: desired(&back).map_err(told)?, names: one };
    let to = Side { schema: desired(&there).map_err(told)?, names: other };
    beside.make_parts(database);
    database.apply(&begin_at, online).map_err(|e| told(format!("{e:?}")))?;
    fill(database, pair.seed);
    beside.make_references(database, a, |n| {
        let schema = if home(a, n).is_empty() { String::new() } else { format!("{}.", quote(home(a, n))) };
        format!("{schema}{}", quote(one.tables[n]))
    });
    let version = database.server.version;
    let applies = || database.value("SELECT count(*) FROM _rosey_history");
    let at_first = applies();
    let there = step(database, &from, &to, How::Apply, online);
    let there = there.map_err(|e| told(format!("PostgreSQL {version}, online {online}: {e}")))?;
    if !there {
        return Ok(());
    }
    let how = if pair.rollback && applies() != at_first { How::Rollback } else { How::Apply };
    // After a rollback, the first file is in effect again, which knows nothing of the names in between.
    let first = Side { schema: begin_at, names: one };
    let restored = if how == How::Rollback { &first } else { &from };
    let back = step(database, &to, restored, how, online);
    let target = format!("PostgreSQL {version}, online {online}, back by {how:?} (the second is the live one)");
    if back.map_err(|e| told(format!("{target}: {e}")))? && how == How::Rollback && pair.seed.is_multiple_of(4) {
        // The rollback undid the renames as well: the same file does them again.
        let again = step(database, restored, &to, How::Apply, online);
        again.map_err(|e| told(format!("{target}, and there again: {e}")))?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn there_and_back(pair in pair(), server in any::<prop::sample::Index>()) {
        let servers = postgres::servers();
        if !servers.is_empty() {
            let server = *server.get(&servers);
            with_database(server, |database| there_and_back_in(database, &pair))?;
        }
    }
}
