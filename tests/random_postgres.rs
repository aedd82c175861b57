//! Random pairs of schemas with random rows, on PostgreSQL: an apply works, or refuses and leaves everything; afterwards a
//! plan is empty, values that both schemas can hold are where they were, and the way back converges too. Names are odd on
//! purpose: capitals, quotes, reserved words, other scripts.
//!
//! `PROPTEST_CASES=2000 cargo test --test random_postgres` looks further; `ROSEY_TEST_SEED=7`, or `random`, looks elsewhere.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rosey::apply::ApplyError;
use rosey::dialect::postgres::PlanError;
use rosey::schema::{Normalized, ObjectName};
use support::applied::desired;
use support::postgres::{self, Database};
use support::quote;

/// A type: its name, defaults that it takes, and whether text of it can be computed from it alone.
const TYPES: [(&str, [&str; 2], bool); 25] = [
    ("integer", ["1_000", "(sql)\"1 + 1\""], true),
    ("text", ["x", "(sql)\"lower('X')\""], true),
    ("\"varchar(9)\"", ["\"it's\"", "(sql)\"('a' || 'b')\""], true),
    ("bigint", ["-0x1F", "(sql)\"2 * 3\""], true),
    ("boolean", ["#true", "(sql)\"1 = 2\""], true),
    ("\"decimal(8,2)\"", ["\".5\"", "\"01.100\""], true),
    ("smallint", ["7", "\"07\""], true),
    ("real", ["\"+2.50\"", "\"-0\""], false),
    ("double", ["\"1E+03\"", "(sql)\"random()\""], false),
    ("timestamp", ["\"2024-01-01 00:00\"", "(sql)\"now()\""], false),
    ("timestamptz", ["(sql)\"CURRENT_TIMESTAMP\"", "(sql)\"now() + interval '1 day'\""], false),
    ("date", ["\"2024-02-29\"", "(sql)\"CURRENT_DATE\""], false),
    ("uuid", ["\"00000000-0000-0000-0000-000000000001\"", "(sql)\"gen_random_uuid()\""], false),
    ("jsonb", ["\"{}\"", "(sql)\"'[1]'\""], false),
    ("\"text[]\"", ["\"{}\"", "(sql)\"ARRAY['a', 'b']\""], false),
    ("\"integer[]\"", ["\"{1,2}\"", "(sql)\"ARRAY[1, 2]\""], false),
    ("blob", ["(sql)\"'\\\\x00'\"", "(sql)\"'a'::bytea\""], false),
    ("\"char(3)\"", ["ab", "(sql)\"'x'\""], false),
    ("mood", ["ok", "(sql)\"'ok'::mood\""], false),
    ("small", ["1", "(sql)\"2\""], false),
    ("int4range", ["\"[1,5)\"", "(sql)\"int4range(1, 3)\""], false),
    ("interval", ["\"1 day\"", "(sql)\"'1h'\""], false),
    ("select", ["on", "(sql)\"'off'::\\\"select\\\"\""], false),
    ("\"mood[]\"", ["\"{ok}\"", "(sql)\"ARRAY['ok'::mood]\""], false),
    ("\"\\\"Two Words\\\"\"", ["1", "(sql)\"2\""], false),
];

const VALUES: [&str; 16] = [
    "NULL",
    "'1'",
    "'-7'",
    "'2.5'",
    "'x'",
    "'007'",
    "''",
    "'t'",
    "'ok'",
    "'sad'",
    "'{1,2}'",
    "'{}'",
    "'2024-02-29'",
    "'[1,5)'",
    "'[3,9)'",
    "'00000000-0000-0000-0000-000000000001'",
];

const TABLES: [&str; 3] = ["t0", "Order \"x\"", "user"];
/// Names that pass between indexes, constraints, sequences and views from one schema to the other.
const SHARED: [&str; 8] = ["shared", "Shared", "ix 1", "order", "u_2", "größe", "m 0", "t0_a_key"];

/// The shared name in this place: each schema begins at another one.
fn shared(schema: &RandomSchema, place: usize) -> &'static str {
    SHARED[(place + usize::from(schema.dice[5])) % SHARED.len()]
}

const COLUMNS: [&str; 5] = ["a", "B", "select", "größe", "e \"q\" 'r'"];

/// What a schema calls its tables and columns, by their places in [`TABLES`] and [`COLUMNS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Names {
    tables: [&'static str; 3],
    columns: [&'static str; 5],
}

const FIRST_NAMES: Names = Names { tables: TABLES, columns: COLUMNS };

/// Other names for the same: two that are exchanged, a chain, a circle, and names in another case.
const OTHER_TABLES: [[&str; 3]; 6] = [
    TABLES,
    ["user", "Order \"x\"", "t0"],
    ["Order \"x\"", "user", "t0"],
    ["user", "Order \"x\"", "new one"],
    ["T0", "order \"x\"", "USER"],
    ["t0", "user", "Order \"x\""],
];
const OTHER_COLUMNS: [[&str; 5]; 6] = [
    COLUMNS,
    ["B", "a", "select", "größe", "e \"q\" 'r'"],
    ["B", "select", "größe", "e \"q\" 'r'", "a"],
    ["B", "select", "größe", "e \"q\" 'r'", "last"],
    ["A", "b", "SELECT", "Größe", "E \"q\" 'r'"],
    ["e \"q\" 'r'", "B", "größe", "select", "a"],
];

impl Names {
    fn other(dice: &Dice) -> Names {
        let tables = if one_in(2, dice[12]) { pick(&OTHER_TABLES, dice[10]) } else { TABLES };
        let columns = if one_in(2, dice[13]) { pick(&OTHER_COLUMNS, dice[11]) } else { COLUMNS };
        Names { tables, columns }
    }
}

/// A schema as text is made from: with its own names, and with the schema that it comes from, whose names it says.
struct Told<'a> {
    schema: &'a RandomSchema,
    names: Names,
    from: Option<(&'a RandomSchema, Names)>,
}

impl Told<'_> {
    /// What a table was called, where that is another name.
    fn table_was(&self, n: usize) -> String {
        let old = self.from.filter(|(schema, _)| schema.tables.contains_key(&n)).map(|(_, names)| names.tables[n]);
        was(old, self.names.tables[n])
    }

    /// What a column was called, where that is another name.
    fn column_was(&self, n: usize, c: usize) -> String {
        let has = |schema: &RandomSchema| schema.tables.get(&n).is_some_and(|t| t.columns.contains_key(&c));
        let old = self.from.filter(|(schema, _)| has(schema)).map(|(_, names)| names.columns[c]);
        was(old, self.names.columns[c])
    }
}

fn was(old: Option<&str>, new: &str) -> String {
    old.filter(|old| *old != new).map_or_else(String::new, |old| format!(" was={}", text(old)))
}

/// Dice: each shows nothing special where it shows 0, so that what fails becomes small.
type Dice = [u8; 16];

#[derive(Debug, Clone)]
struct RandomTable {
    dice: Dice,
    columns: BTreeMap<usize, Dice>,
}

#[derive(Debug, Clone)]
struct RandomSchema {
    dice: Dice,
    tables: BTreeMap<usize, RandomTable>,
}

fn dice() -> impl Strategy<Value = Dice> {
    prop::array::uniform16(any::<u8>())
}

fn schema() -> impl Strategy<Value = RandomSchema> {
    let columns = prop::collection::btree_map(0..COLUMNS.len(), dice(), 1..5);
    let table = (dice(), columns).prop_map(|(dice, columns)| RandomTable { dice, columns });
    (dice(), prop::collection::btree_map(0..TABLES.len(), table, 1..4)).prop_map(|(dice, tables)| RandomSchema { dice, tables })
}

fn one_in(n: u8, die: u8) -> bool {
    die % n == n - 1
}

fn pick<T: Copy>(from: &[T], die: u8) -> T {
    from[usize::from(die) % from.len()]
}

/// A text of the schema file.
fn text(words: &str) -> String {
    format!("\"{}\"", words.replace('\\', "\\\\").replace('"', "\\\""))
}

fn kdl(told: &Told<'_>) -> String {
    let schema = told.schema;
    let mut out = String::new();
    let d = schema.dice;
    writeln!(out, "enum mood {}", pick(&["sad ok", "sad ok happy", "ok sad", "new sad ok", "sad ok comment=\"how one is\""], d[0]))
        .unwrap();
    let rule = pick(&["", "check \"VALUE > -10\"", "check in_range \"VALUE BETWEEN 0 AND 99\"", "check \"VALUE IN (1, 2, 3)\""], d[1]);
    writeln!(out, "domain small integer {} {{\n    {rule}\n}}", pick(&["", "default=3", "not-null"], d[2])).unwrap();
    writeln!(out, "enum select {}", pick(&["on off", "off on", "on off other"], d[6])).unwrap();
    writeln!(out, "domain \"Two Words\" {}", pick(&["integer", "bigint", "text"], d[7])).unwrap();
    if one_in(2, d[8]) {
        writeln!(out, "sequence {}", text(shared(schema, 6))).unwrap();
    }
    if one_in(2, d[9]) {
        writeln!(out, "view {} {{ as \"SELECT 1 AS one\" }}", text(shared(schema, 7))).unwrap();
    }
    if one_in(3, d[3]) {
        writeln!(out, "sequence \"Nummern\" {}", pick(&["", "integer start=5", "increment=2 cache=5 cycle=#true"], d[4])).unwrap();
    }
    for (n, table) in &schema.tables {
        write_table(&mut out, told, *n, table);
        write_views(&mut out, &told.names, *n, table);
    }
    out
}

/// Types of a key that others can point to.
const KEYS: [(&str, &str); 7] = [
    ("id serial primary-key", "integer"),
    ("id integer primary-key", "integer"),
    ("id bigserial primary-key", "bigint"),
    ("id integer primary-key identity", "integer"),
    ("id bigint primary-key identity=always", "bigint"),
    ("id uuid primary-key default=(sql)\"gen_random_uuid()\"", "uuid"),
    ("id integer not-null", ""),
];

/// The schema that a table is in: only the last one moves.
fn home(schema: &RandomSchema, n: usize) -> &'static str {
    let moves = schema.tables.get(&n).is_some_and(|t| n == 2 && one_in(3, t.dice[15]));
    if moves { "App" } else { "" }
}

fn write_table(out: &mut String, told: &Told<'_>, n: usize, table: &RandomTable) {
    let (schema, names) = (told.schema, &told.names);
    let d = table.dice;
    let in_schema = if home(schema, n).is_empty() { "" } else { " schema=App" };
    let comment = pick(&["", "", " comment=\"what 'it' is: \\\\ é\""], d[1]);
    writeln!(out, "table {}{}{in_schema}{comment}{} {{", text(names.tables[n]), told.table_was(n), pick(&["", "", "", " unlogged"], d[14]))
        .unwrap();
    writeln!(out, "    column {}", pick(&KEYS, d[0]).0).unwrap();
    for (c, dice) in &table.columns {
        write_column(out, dice, names.columns[*c], &told.column_was(n, *c));
    }
    let columns: Vec<&str> = table.columns.keys().map(|c| names.columns[*c]).collect();
    let (first, last) = (columns[0], columns[columns.len() - 1]);
    let first_type = pick(&TYPES, table.columns.values().next().unwrap()[0]);
    if one_in(4, d[2]) && first_type.2 {
        let expr = text(&format!("coalesce({}::text, '') || '!'", quote(first)));
        writeln!(out, "    column g text generated={expr} stored=#true").unwrap();
    }
    if one_in(4, d[2]) && first_type.0 == "mood" {
        let expr = text(&format!("CASE WHEN {} = 'ok' THEN 'ok'::mood END", quote(first)));
        writeln!(out, "    column h mood generated={expr} stored=#true").unwrap();
    }
    write_rules(out, told, n, table, (first, last));
    let to = usize::from(d[3]) % TABLES.len();
    if let Some(parent) = schema.tables.get(&to).filter(|_| one_in(3, d[4])) {
        let key = pick(&KEYS, parent.dice[0]).1;
        let both_logged = pick(&[0, 0, 0, 1], parent.dice[14]) == 0 || pick(&[0, 0, 0, 1], d[14]) == 1;
        if !key.is_empty() && both_logged {
            let at = if home(schema, to).is_empty() { String::new() } else { "\"App\".".to_owned() };
            let target = text(&format!("{at}{}(id)", quote(names.tables[to])));
            let how = pick(&["", " on-delete=cascade", " deferrable=initially-deferred", " on-update=cascade on-delete=set-null"], d[5]);
            writeln!(out, "    column parent {key}\n    foreign-key parent references={target}{how}").unwrap();
        }
    }
    if one_in(5, d[6]) {
        writeln!(out, "    with fillfactor=\"{}\"", pick(&["70", "80"], d[7])).unwrap();
    }
    out.push_str("}\n");
}

fn write_column(out: &mut String, d: &Dice, name: &str, was: &str) {
    let (ty, defaults, _) = pick(&TYPES, d[0]);
    let default = pick(&["", "", defaults[0], defaults[1], "(sql)\"NULL\""], d[1]);
    let default = if default.is_empty() { String::new() } else { format!(" default={default}") };
    let textual = ["text", "\"varchar(9)\"", "\"char(3)\""].contains(&ty);
    let collate = if textual { pick(&["", "", " collate=C", " collate=POSIX"], d[2]) } else { "" };
    let not_null = if one_in(4, d[3]) { " not-null" } else { "" };
    let comment = pick(&["", "", " comment=short", " comment=\"o'clock\""], d[4]);
    let backfill = if one_in(3, d[5]) && !default.is_empty() && !default.contains("(sql)") && ty == "integer" {
        " { backfill \"40 + 2\" }"
    } else {
        ""
    };
    writeln!(out, "    column {} {ty}{was}{not_null}{default}{collate}{comment}{backfill}", text(name)).unwrap();
}

/// Whether values of a type can be put in order.
fn is_ordered(d: &Dice) -> bool {
    !["json"].contains(&pick(&TYPES, d[0]).0)
}

fn write_rules(out: &mut String, told: &Told<'_>, n: usize, table: &RandomTable, (first, last): (&str, &str)) {
    let (schema, names) = (told.schema, &told.names);
    let d = table.dice;
    let of = |name: &str| table.columns.iter().find(|(c, _)| names.columns[**c] == name).map(|(_, d)| d).unwrap();
    let (first_type, last_type) = (pick(&TYPES, of(first)[0]).0, pick(&TYPES, of(last)[0]).0);
    if one_in(4, d[8]) && is_ordered(of(first)) {
        let (one, other) = (format!(" name=\"One Only {n}\""), format!(" name=one_only{n} comment=why"));
        let passed = format!(" name={}", text(shared(schema, n + 3)));
        let given = format!(" name={}", text(&format!("{}_{first}_key", names.tables[n])));
        let more = pick(&["", &one, &passed, " deferrable=initially-deferred", &other, &given], d[9]);
        let two = if d[9] > 128 && first != last { format!(" {}", text(last)) } else { String::new() };
        writeln!(out, "    unique {}{two}{more}", text(first)).unwrap();
    }
    if one_in(3, d[10]) {
        let column = quote(last);
        let condition = match last_type {
            "integer" | "bigint" | "smallint" | "\"decimal(8,2)\"" => format!("{column} > -100 AND {column} <> 13"),
            "\"varchar(9)\"" | "text" | "\"char(3)\"" => format!("{column} IN ('x', '', '007', '1', 't')"),
            "mood" => format!("{column} <> 'sad'"),
            "select" => format!("{column} > 'on' OR {column} = 'on'"),
            "\"mood[]\"" => format!("'sad' <> ALL ({column})"),
            "jsonb" => format!("{column} ? 'a' OR {column} IS NOT NULL"),
            _ => format!("{column} IS NOT NULL OR true"),
        };
        let given = format!("{} ", text(&format!("{}_{last}_check", names.tables[n])));
        let name = pick(&["", "\"Is Fine\" ", "", "is_fine ", &given], d[11]);
        writeln!(out, "    check {name}{}", text(&condition)).unwrap();
    }
    write_indexes(out, schema, n, table, (first, first_type), (last, last_type));
}

fn write_indexes(
    out: &mut String,
    schema: &RandomSchema,
    n: usize,
    table: &RandomTable,
    (first, first_type): (&str, &str),
    (last, last_type): (&str, &str),
) {
    let d = table.dice;
    let name = format!("ix{n} {}", first.replace(['"', '\''], ""));
    let name = if one_in(2, d[15]) { shared(schema, n).to_owned() } else { format!("{name}{}", d[0] % 7) };
    let (name, column, other) = (text(&name), text(first), text(last));
    let partial = format!(" where={}", text(&format!("{} IS NOT NULL", quote(last))));
    match d[12] % 9 {
        1 => writeln!(out, "    index {name} {column}"),
        2 if last_type == "mood" => writeln!(out, "    index {name} id where={}", text(&format!("{} <> 'sad'", quote(last)))),
        2 => writeln!(out, "    index {name} {column}{partial} comment=found"),
        3 => writeln!(out, "    index {name} {{\n        part {column} order=desc nulls=last\n        part id\n    }}"),
        4 if ["text", "\"varchar(9)\""].contains(&first_type) => {
            writeln!(out, "    index {name} {{\n        part (sql){}\n        part id\n    }}", text(&format!("lower({})", quote(first))))
        }
        5 => writeln!(out, "    index {name} id {{\n        include {other}\n    }}"),
        4 if first_type == "mood" => {
            writeln!(out, "    index {name} {{\n        part (sql){}\n        part id\n    }}", text(&format!("{} = 'ok'", quote(first))))
        }
        6 if ["\"text[]\"", "\"integer[]\"", "jsonb"].contains(&first_type) => writeln!(out, "    index {name} {column} using=gin"),
        7 if first_type == "text" => writeln!(out, "    index {name} {{\n        part {column} opclass=text_pattern_ops\n    }}"),
        8 => writeln!(out, "    index {name} {column} id unique=#true"),
        _ => Ok(()),
    }
    .unwrap();
    if one_in(3, d[13]) && last_type == "int4range" {
        writeln!(out, "    exclude using=gist {{\n        part {other} with=\"&&\"\n    }}").unwrap();
    }
}

/// Views, one over the other, and a materialised one.
fn write_views(out: &mut String, names: &Names, n: usize, table: &RandomTable) {
    let d = table.dice;
    if n == 2 {
        return; // it may lie in another schema
    }
    let column = quote(names.columns[*table.columns.keys().next().unwrap()]);
    let from = quote(names.tables[n]);
    if one_in(3, d[7]) {
        let query = text(&format!("SELECT id, {column} AS c FROM {from} WHERE id IS NOT NULL"));
        writeln!(out, "view \"V {n}\" {{ as {query} }}\nview w{n} number {{ as \"SELECT count(*) FROM \\\"V {n}\\\"\" }}").unwrap();
    }
    if one_in(5, d[7]) {
        let query = text(&format!("SELECT t.id, t.{column} FROM {from} t"));
        writeln!(out, "materialized-view m{n} {{\n    as {query}\n    index m{n}_id id\n}}").unwrap();
    }
}

/// Inserts what the tables take; what they refuse is not there.
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
            // Numbers or a uuid: one of the two is refused.
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

/// A schema with what it calls its tables and columns.
struct Side {
    schema: Normalized,
    names: Names,
}

impl Side {
    /// Where a table's name stands in the list of all.
    fn place(&self, name: &ObjectName) -> usize {
        self.names.tables.iter().position(|n| *n == name.name.as_str()).unwrap()
    }

    /// A column that does not depend on the names: the place of its name, or the name itself.
    fn column_key(&self, name: &str) -> String {
        self.names.columns.iter().position(|n| *n == name).map_or_else(|| name.to_owned(), |c| c.to_string())
    }
}

/// The values that both schemas can hold, by the places of the names of tables and columns.
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

/// Whether NULLs of a column are to be filled on the way.
fn is_filled(one: &rosey::schema::Column, other: &rosey::schema::Column) -> bool {
    one.not_null != other.not_null && (one.backfill.is_some() || other.backfill.is_some())
}

/// What a refusal must leave as it was.
const SHAPE: &str = "SELECT string_agg(c.oid::regclass || ' ' || c.relfilenode || ' ' || coalesce(a.columns, ''), '; ' ORDER BY c.oid) \
    FROM pg_class c LEFT JOIN LATERAL (SELECT string_agg(attname || atttypid || attnotnull, ',' ORDER BY attnum) AS columns \
    FROM pg_attribute WHERE attrelid = c.oid) a ON true WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema)'";

/// A table or column that the schema drops, while another one that it keeps is to be given its name or to give it: which of
/// the two is meant is for people to say.
fn means_two_things(error: &ApplyError) -> bool {
    let ApplyError::PostgresPlan(PlanError::Schema(problems)) = error else { return false };
    problems.iter().all(|p| p.message.contains("but the database has both"))
}

/// Applies, and says whether that was possible.
fn step(database: &Database, from: &Side, to: &Side, online: bool) -> Result<bool, TestCaseError> {
    let (before, shape) = (rows(database, from, to), database.value(SHAPE));
    match database.apply(&to.schema, online) {
        Ok(_) => {
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
    // The same pairs in every run, unless asked: a change is judged by what it changes.
    let seed = std::env::var("ROSEY_TEST_SEED").ok();
    let rng_seed = match seed.as_deref() {
        Some("random") => RngSeed::Random,
        seed => RngSeed::Fixed(seed.and_then(|s| s.parse().ok()).unwrap_or(1)),
    };
    // PROPTEST_CASES and PROPTEST_MAX_SHRINK_ITERS are read by the default.
    let shrink = if std::env::var_os("PROPTEST_MAX_SHRINK_ITERS").is_some() { ProptestConfig::default().max_shrink_iters } else { 100 };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 30 };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: shrink, rng_seed, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn there_and_back(a in schema(), b in schema(), seed in any::<u64>(), online in any::<bool>(), server in any::<prop::sample::Index>()) {
        let servers = postgres::servers();
        if servers.is_empty() {
            return Ok(());
        }
        let (one, other) = (FIRST_NAMES, Names::other(&b.dice));
        let begin = kdl(&Told { schema: &a, names: one, from: None });
        let there = kdl(&Told { schema: &b, names: other, from: Some((&a, one)) });
        let back = kdl(&Told { schema: &a, names: one, from: Some((&b, other)) });
        let told = |e: String| TestCaseError::fail(format!("{e}\n{begin}\n-- to --\n{there}\n-- and back --\n{back}"));
        let begin_at = desired(&begin).map_err(told)?;
        let from = Side { schema: desired(&back).map_err(told)?, names: one };
        let to = Side { schema: desired(&there).map_err(told)?, names: other };
        let database = server.get(&servers).database();
        database.apply(&begin_at, online).map_err(|e| told(format!("{e:?}")))?;
        fill(&database, seed);
        let version = database.server.version;
        let there = step(&database, &from, &to, online);
        let there = there.map_err(|e| told(format!("PostgreSQL {version}, online {online}: {e}")))?;
        if there {
            let back = step(&database, &to, &from, online);
            back.map_err(|e| told(format!("PostgreSQL {version}, online {online}, the way back (the second is the live one): {e}")))?;
        }
    }
}
