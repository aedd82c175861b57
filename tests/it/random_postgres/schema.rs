//! Random schemas for PostgreSQL as text, from dice. Names are unusual on purpose: capitals, quotes, reserved
//! words, other scripts. Knows nothing about databases.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::beside::Beside;
use crate::support::quote;

/// A type: its name, its defaults, and whether a text can be computed from it alone.
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

pub const VALUES: [&str; 16] = [
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

/// Returns the shared name at this index: each schema begins at a different one.
fn shared(schema: &RandomSchema, place: usize) -> &'static str {
    SHARED[(place + usize::from(schema.dice[5])) % SHARED.len()]
}

const COLUMNS: [&str; 5] = ["a", "B", "select", "größe", "e \"q\" 'r'"];

/// The names of tables and columns in a schema, by their indexes in [`TABLES`] and [`COLUMNS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    pub tables: [&'static str; 3],
    pub columns: [&'static str; 5],
}

pub const FIRST_NAMES: Names = Names { tables: TABLES, columns: COLUMNS };

/// Other names for the same tables: two that are swapped, a chain, a cycle, and names in other case.
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
    pub fn other(dice: &Dice) -> Names {
        let tables = if one_in(2, dice[12]) { pick(&OTHER_TABLES, dice[10]) } else { TABLES };
        let columns = if one_in(2, dice[13]) { pick(&OTHER_COLUMNS, dice[11]) } else { COLUMNS };
        Names { tables, columns }
    }
}

/// What the text of a schema is made from: its names, and the schema that it comes from, whose names are its
/// old ones.
pub struct Told<'a> {
    pub schema: &'a RandomSchema,
    pub names: Names,
    pub from: Option<(&'a RandomSchema, Names)>,
    pub beside: Beside<'a>,
}

impl Told<'_> {
    /// Returns true if the table is in another schema than before, where it is a new one.
    fn is_elsewhere(&self, before: &RandomSchema, n: usize) -> bool {
        home(before, n) != home(self.schema, n)
    }

    /// Returns the old name of a table, if it differs.
    fn table_was(&self, n: usize) -> String {
        let has = |schema: &RandomSchema| schema.tables.contains_key(&n) && !self.is_elsewhere(schema, n);
        let old = self.from.filter(|(schema, _)| has(schema)).map(|(_, names)| names.tables[n]);
        was(old, self.names.tables[n])
    }

    /// Returns the old name of a column, if it differs.
    fn column_was(&self, n: usize, c: usize) -> String {
        let has =
            |schema: &RandomSchema| schema.tables.get(&n).is_some_and(|t| t.columns.contains_key(&c)) && !self.is_elsewhere(schema, n);
        let old = self.from.filter(|(schema, _)| has(schema)).map(|(_, names)| names.columns[c]);
        was(old, self.names.columns[c])
    }
}

fn was(old: Option<&str>, new: &str) -> String {
    old.filter(|old| *old != new).map_or_else(String::new, |old| format!(" was={}", text(old)))
}

/// Dice: each has its plainest meaning at 0, so that failures shrink.
pub type Dice = [u8; 16];

#[derive(Debug, Clone)]
pub struct RandomTable {
    pub dice: Dice,
    pub columns: BTreeMap<usize, Dice>,
}

#[derive(Debug, Clone)]
pub struct RandomSchema {
    pub dice: Dice,
    pub tables: BTreeMap<usize, RandomTable>,
}

pub fn dice() -> impl Strategy<Value = Dice> {
    prop::array::uniform16(any::<u8>())
}

pub fn schema() -> impl Strategy<Value = RandomSchema> {
    let columns = prop::collection::btree_map(0..COLUMNS.len(), dice(), 1..5);
    let table = (dice(), columns).prop_map(|(dice, columns)| RandomTable { dice, columns });
    (dice(), prop::collection::btree_map(0..TABLES.len(), table, 1..4)).prop_map(|(dice, tables)| RandomSchema { dice, tables })
}

pub fn one_in(n: u8, die: u8) -> bool {
    die % n == n - 1
}

pub fn pick<T: Copy>(from: &[T], die: u8) -> T {
    from[usize::from(die) % from.len()]
}

/// Returns a string for the schema file.
pub fn text(words: &str) -> String {
    format!("\"{}\"", words.replace('\\', "\\\\").replace('"', "\\\""))
}

pub fn kdl(told: &Told<'_>) -> String {
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
    told.beside.write(&mut out);
    out
}

/// Types of a key that others can reference.
pub const KEYS: [(&str, &str); 7] = [
    ("id serial primary-key", "integer"),
    ("id integer primary-key", "integer"),
    ("id bigserial primary-key", "bigint"),
    ("id integer primary-key identity", "integer"),
    ("id bigint primary-key identity=always", "bigint"),
    ("id uuid primary-key default=(sql)\"gen_random_uuid()\"", "uuid"),
    ("id integer not-null", ""),
];

/// Returns the PostgreSQL schema of a table: only the last table moves.
pub fn home(schema: &RandomSchema, n: usize) -> &'static str {
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
    told.beside.write_reference(out, &d);
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

/// Returns whether values of a type can be sorted.
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
        let given = format!("{}_{first}_key", names.tables[n]);
        // If another object may have that name, the constraint stays unnamed; the server would generate it.
        let given = if SHARED.contains(&given.as_str()) { String::new() } else { format!(" name={}", text(&given)) };
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

/// Writes views, one over the other, and a materialized one.
fn write_views(out: &mut String, names: &Names, n: usize, table: &RandomTable) {
    let d = table.dice;
    if n == 2 {
        return; // it may lie in a different schema
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
