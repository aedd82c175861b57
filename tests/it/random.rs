//! Random pairs of schemas with random rows: an apply succeeds, or refuses and changes nothing; afterwards a
//! plan is empty, values that both schemas can hold are unchanged, and the rollback converges too.
//!
//! Two generators: two schemas that share names, and one schema with edits of it (`random/edits.rs`).
//!
//! `PROPTEST_CASES=2000 cargo test --test it random::` runs more cases; `ROSEY_TEST_SEED=7`, or `random`, runs
//! others.

mod edits;
mod model;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::{Database, desired, quote};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rosey::apply::SqlitePath;
use rosey::render::{self, Style};
use rosey::schema::Normalized;

const TYPES: [&str; 12] =
    ["integer", "text", "real", "boolean", "\"varchar(9)\"", "bigint", "blob", "\"decimal(8,2)\"", "INT", "\"\"", "mood", "small"];
/// The enum and the domain of a schema.
const MOODS: [&str; 4] = ["x X \"\"", "X x", "x \"007\" gone X \"\"", "gone"];
const SMALL: [&str; 4] =
    ["integer", "integer { check \"VALUE > -10\" }", "integer not-null default=3", "text default=x { check \"length(VALUE) < 4\" }"];

#[derive(Debug, Clone)]
struct RandomColumn {
    ty: usize,
    not_null: bool,
    default: u8,
    collate: bool,
}

#[derive(Debug, Clone)]
struct RandomTable {
    columns: BTreeMap<char, RandomColumn>,
    key: u8,
    unique: Option<char>,
    check: Option<char>,
    index: Option<char>,
    partial: bool,
    generated: u8,
    points_to: Option<u8>,
    trigger: bool,
    view: bool,
}

fn column() -> impl Strategy<Value = RandomColumn> {
    (0..TYPES.len(), prop::bool::weighted(0.3), 0u8..6, prop::bool::weighted(0.2))
        .prop_map(|(ty, not_null, default, collate)| RandomColumn { ty, not_null, default, collate })
}

fn table() -> impl Strategy<Value = RandomTable> {
    let name = || prop::option::of(prop::char::range('a', 'e'));
    let columns = prop::collection::btree_map(prop::char::range('a', 'e'), column(), 1..5);
    ((columns, 0u8..6, name(), name(), name()), (any::<bool>(), 0u8..4, prop::option::weighted(0.4, 0u8..3), any::<bool>(), any::<bool>()))
        .prop_map(|((columns, key, unique, check, index), (partial, generated, points_to, trigger, view))| RandomTable {
            columns,
            key,
            unique,
            check,
            index,
            partial,
            generated,
            points_to,
            trigger,
            view,
        })
}

fn schema() -> impl Strategy<Value = BTreeMap<u8, RandomTable>> {
    prop::collection::btree_map(0u8..3, table(), 1..4)
}

fn kdl(schema: &BTreeMap<u8, RandomTable>) -> String {
    let mut out = String::new();
    let dice: usize = schema.values().map(|t| usize::from(t.key) * 4 + usize::from(t.generated)).sum();
    writeln!(out, "enum mood {}\ndomain small {}", MOODS[dice % 4], SMALL[dice / 4 % 4]).unwrap();
    for (n, table) in schema {
        writeln!(
            out,
            "table t{n} {{\n    {}",
            [
                "column id serial primary-key",
                "column id serial primary-key autoincrement",
                "",
                "column id integer not-null",
                "column id text primary-key nullable",
                "column id serial primary-key"
            ][usize::from(table.key)]
        )
        .unwrap();
        for (name, c) in &table.columns {
            let default = ["", " default=0", " default=x", " default=#true", " default=(sql)\"CURRENT_TIMESTAMP\"", " default=2.5"]
                [usize::from(c.default)];
            let (not_null, collate) = (if c.not_null { " not-null" } else { "" }, if c.collate { " collate=nocase" } else { "" });
            writeln!(out, "    column {name} {}{not_null}{default}{collate}", TYPES[c.ty]).unwrap();
        }
        let has = |c: Option<char>| c.filter(|c| table.columns.contains_key(c));
        if let (1 | 2, Some((c, _))) = (table.generated, table.columns.first_key_value()) {
            writeln!(out, "    column g text generated=\"coalesce({c}, '') || '!'\" stored=#{}", table.generated == 2).unwrap();
        }
        if let Some(to) = table.points_to.filter(|to| schema.get(to).is_some_and(|t| matches!(t.key, 0 | 1 | 5))) {
            writeln!(out, "    column parent integer references=\"t{to}(id)\" on-delete=cascade").unwrap();
        }
        if let Some(c) = has(table.unique) {
            writeln!(out, "    unique {c}").unwrap();
        }
        if let Some(c) = has(table.check) {
            writeln!(out, "    check \"{c} IS NOT 'never' /* ) */\"").unwrap();
        }
        if let Some(c) = has(table.index) {
            writeln!(out, "    index i{n} {c}{}", if table.partial { format!(" where=\"{c} IS NOT NULL\"") } else { String::new() })
                .unwrap();
        }
        out.push_str("}\n");
        let (c, _) = table.columns.first_key_value().unwrap();
        if table.view {
            writeln!(out, "view v{n} {{ as \"SELECT {c} FROM t{n}\" }}").unwrap();
        }
        if table.trigger {
            writeln!(out, "trigger r{n} {{ as \"AFTER UPDATE ON t{n} BEGIN DELETE FROM t{n} WHERE {c} = 'gone'; END\" }}").unwrap();
        }
    }
    out
}

const VALUES: [&str; 12] = ["NULL", "1", "-7", "2.5", "'x'", "'X'", "''", "'007'", "'1.10'", "x'00ff'", "9007199254740993", "'gone'"];

/// Inserts the rows that the table accepts.
fn fill(database: &Database, seed: u64) {
    let mut state = seed | 1;
    let mut next = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for (table, columns) in database.tables() {
        let mut sql = String::new();
        for _ in 0..6 {
            let values: Vec<&str> = columns.iter().map(|_| VALUES[next(VALUES.len())]).collect();
            let names: Vec<String> = columns.iter().map(|c| quote(c)).collect();
            writeln!(sql, "INSERT OR IGNORE INTO {} ({}) VALUES ({});", quote(&table), names.join(", "), values.join(", ")).unwrap();
        }
        for statement in sql.lines() {
            database.try_run(statement);
        }
    }
}

type Rows = BTreeMap<String, Vec<Vec<String>>>;

fn rows(database: &Database, schema: &Normalized, other: &Normalized) -> Rows {
    let mut found = BTreeMap::new();
    for (name, table) in &schema.schema().tables {
        let Some(twin) = other.schema().tables.get(name) else { continue };
        let same = |c: &&rosey::schema::Column| {
            twin.columns.get(&c.name).is_some_and(|t| t.ty == c.ty && t.generated.is_none() && c.generated.is_none())
        };
        let columns: Vec<String> = table.columns.values().filter(same).map(|c| c.name.to_string()).collect();
        let mut sorted = columns.clone();
        sorted.sort();
        if !sorted.is_empty() {
            found.insert(name.to_string(), database.dump(&name.to_string(), &sorted));
        }
    }
    found
}

fn shown(database: &Database, schema: &Normalized) -> String {
    render::text(&database.plan(schema).unwrap_or_else(|e| panic!("{e:?}")), "the schema", Style::default())
}

fn step(database: &Database, from: &Normalized, to: &Normalized, by: SqlitePath) -> Result<bool, TestCaseError> {
    let before = rows(database, from, to);
    let broken = database.rows("PRAGMA foreign_key_check").len();
    let bytes = database.rows("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2");
    match database.apply_by(to, true, by) {
        Ok(_) => {
            prop_assert!(database.plan(to).unwrap().is_empty(), "not empty:\n{}", shown(database, to));
            prop_assert_eq!(rows(database, from, to), before);
            prop_assert_eq!(database.value("PRAGMA integrity_check"), "ok");
            prop_assert!(database.rows("PRAGMA foreign_key_check").len() <= broken);
            let own = desired(&database.inspect()).map_err(TestCaseError::fail)?;
            prop_assert!(database.plan(&own).unwrap().is_empty(), "inspect:\n{}", shown(database, &own));
            Ok(true)
        }
        Err(error) => {
            prop_assert!(error.is_refusal(), "no refusal: {error:?}");
            prop_assert_eq!(database.rows("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"), bytes);
            prop_assert_eq!(rows(database, from, to), before);
            Ok(false)
        }
    }
}

/// Returns the configuration. Runs are reproducible, unless another seed is set.
fn config(cases: u32) -> ProptestConfig {
    let seed = match std::env::var("ROSEY_TEST_SEED").as_deref() {
        Ok("random") => RngSeed::Random,
        Ok(seed) => RngSeed::Fixed(seed.parse().expect("ROSEY_TEST_SEED is a number or `random`")),
        Err(_) => RngSeed::Fixed(1),
    };
    // The default reads PROPTEST_CASES.
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { cases };
    ProptestConfig { cases, rng_seed: seed, failure_persistence: None, ..ProptestConfig::default() }
}

fn pair(a: &str, b: &str, seed: u64, rebuild: bool) -> Result<(), TestCaseError> {
    let by = if rebuild { SqlitePath::Rebuild } else { SqlitePath::Cheapest };
    let (from, to) = (desired(a).map_err(TestCaseError::fail)?, desired(b).map_err(TestCaseError::fail)?);
    let database = Database::new();
    database.apply(&from, false).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
    fill(&database, seed);
    if step(&database, &from, &to, by)? {
        step(&database, &to, &from, by)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(120))]

    #[test]
    fn there_and_back(a in schema(), b in schema(), seed in any::<u64>(), rebuild in any::<bool>()) {
        pair(&kdl(&a), &kdl(&b), seed, rebuild)?;
    }

    #[test]
    fn edits_there_and_back(edited in edits::edited()) {
        edits::there_and_back(&edited)?;
    }
}
