//! Constants of arrays, rows and ranges over a domain: the server evaluates the domain's check when it parses
//! them. Commands that only read the database must not cause this; an apply may.

use std::process::Command;

use crate::support::postgres::{Database, Server, servers};

/// The witness is a sequence, which is not rolled back.
const SET_UP: &str = "
    CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, n integer);
    INSERT INTO users VALUES (1, 'ann', 7), (2, 'bob', 8);
    CREATE SCHEMA w;
    CREATE SEQUENCE w.witness;
    CREATE FUNCTION w.seen(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
      PERFORM nextval('w.witness'); RETURN true; END $$;
    CREATE DOMAIN w.d AS text CHECK (w.seen(VALUE));
    CREATE DOMAIN w.number AS integer CHECK (w.seen(VALUE::text));
    CREATE DOMAIN w.over AS w.d;
    CREATE DOMAIN w.many AS w.d[];
    CREATE TYPE w.pair AS (a w.d, b integer);
    CREATE TYPE w.span AS RANGE (subtype = w.number);
    CREATE TABLE w.kept (id integer PRIMARY KEY, one w.d, parts w.d[]);";

/// Lines in the table.
const LINES: [&str; 38] = [
    "check \"'{1}'::w.d[] IS NOT NULL\"",
    "check \"'{NULL}'::w.d[] IS NOT NULL\"",
    "check \"'{1}'::w.over[] IS NOT NULL\"",
    "check \"'{1}'::w.many IS NOT NULL\"",
    "check \"w._d '{1}' IS NOT NULL\"",
    "check \"CAST('{1}' AS w.d ARRAY) IS NOT NULL\"",
    "check \"'{{1}}'::w.d[][] IS NOT NULL\"",
    "check \"'[0:0]={1}'::w.d[] IS NOT NULL\"",
    "check \"'(1,2)'::w.pair IS NOT NULL\"",
    "check \"'{\\\"(1,2)\\\"}'::w.pair[] IS NOT NULL\"",
    "check \"'[1,2)'::w.span IS NOT NULL\"",
    "check \"'{\\\"[1,2)\\\"}'::w.span[] IS NOT NULL\"",
    "check \"'(1,2,)'::w.kept IS NOT NULL\"",
    "check \"ARRAY[name::w.d] = '{1}'\"",
    "check \"ARRAY['{1}']::w.many[] IS NOT NULL\"",
    "check \"ROW('{1}')::text = '{1}' AND '{1}'::w.d[] IS NULL\"",
    "check \"E'\\\\x7b1}'::w.d[] IS NOT NULL\"",
    "check \"E'\\\\173' '1}'::w.d[] IS NOT NULL OR E''\\n'\\\\x7b1}'::w.d[] IS NULL\"",
    "check \"U&'\\\\007b1}'::w.d[] IS NOT NULL\"",
    "check \"U&'!007b1}' UESCAPE '!' ::w.d[] IS NOT NULL\"",
    "check \"$${1}$$::w.d[] IS NOT NULL\"",
    "check \"$a$ {1}$a$::w.d[] IS NOT NULL\"",
    "check \"''\\n'{1}'::w.d[] IS NOT NULL\"",
    "check \"/* ' */ '{1}'::w.d[] IS NOT NULL /* ' */\"",
    "check \"n > 0 -- '\\n AND '{1}'::w.d[] IS NOT NULL -- '\\n\"",
    "check \"\\\"name\\\" = 'a''{' OR '{1}'::w.d[] IS NULL\"",
    "check \"EXISTS (SELECT FROM w.kept WHERE parts = '{1}')\"",
    "check \"n > 1) IS NULL FROM (SELECT '{1}'::w.d[] AS n) AS users), (SELECT ROW(1\"",
    "column x \"w.d[]\" default=\"{1}\"",
    "column x w.many default=\"{1}\"",
    "column x w.pair default=\"(1,2)\"",
    "column x w.span default=(sql)\"'[1,2)'\"",
    "column x \"w.d[]\" not-null { backfill \"'{1}'\" }",
    "column x text not-null { backfill \"('{1}'::w.d[])[1]::text\" }",
    "column x text stored=#true generated=\"('{1}'::w.d[])[1]::text\"",
    "index i name where=\"'{1}'::w.d[] IS NOT NULL\"",
    "index j (sql)\"(('{1}'::w.d[])[1]::text)\"",
    "exclude using=btree {\n        part (sql)\"(('{1}'::w.d[])[1]::text)\" with=\"=\"\n    }",
];

/// What is outside the table, and a line in it.
const BESIDE: [(&str, &str); 6] = [
    ("view v { as \"SELECT '{1}'::w.d[] AS a\" }", ""),
    ("view v { as \"SELECT id FROM w.kept WHERE parts = '{1}'\" }", ""),
    ("materialized-view v { as \"SELECT '(1,2)'::w.pair AS a\" }", ""),
    ("domain own text { check \"w.seen(VALUE)\" }", "column x \"own[]\" default=\"{1}\"; check \"'{1}'::own[] IS NOT NULL\""),
    ("domain own w.d", "column x \"own[]\" default=\"{1}\"; check \"'{1}'::own[] IS NOT NULL\""),
    ("domain own \"w.d[]\" default=\"{1}\" { check \"VALUE <> '{1}'\" }", "column x own; index i name where=\"'{1}'::own IS NOT NULL\""),
];

fn schema(line: &str, beside: &str, name: &str) -> String {
    format!("table users {{\n    column id integer primary-key\n    column name {name}\n    column n integer\n    {line}\n}}\n{beside}\n")
}

fn files() -> Vec<String> {
    let text = "text not-null";
    let using = "\"w.d[]\" not-null { using \"'{1}'::w.d[]\" }";
    let lines = LINES.iter().map(|line| schema(line, "", text));
    let beside = BESIDE.iter().map(|(beside, line)| schema(line, beside, text));
    lines.chain(beside).chain([schema("", "", using)]).collect()
}

fn witness(database: &Database<'_>) -> String {
    database.value("SELECT is_called::text FROM w.witness")
}

fn run(folder: &std::path::Path, args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_rosey")).current_dir(folder).args(args).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

#[test]
fn no_condition_of_a_domain_is_run_to_read_a_constant() {
    for server in servers() {
        of_server(server);
    }
}

fn of_server(server: &Server) {
    let database = server.database();
    database.sql(SET_UP);
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (n, text) in files().iter().enumerate() {
        std::fs::write(folder.path().join("schema.kdl"), text).unwrap();
        let url = database.url();
        let mut commands = vec![vec!["plan", "--url", &url]];
        // One combination for all; the others are tested with a few.
        if n % 7 == 0 {
            commands.push(vec!["plan", "--counts", "safe", "--url", &url]);
            commands.push(vec!["diff", &url, "schema.kdl"]);
            commands.push(vec!["drift", "--url", &url]);
            commands.push(vec!["lint", "--url", &url]);
        }
        for command in commands {
            let shown = run(folder.path(), &command);
            if witness(&database) == "true" {
                wrong.push(format!("{} {command:?}: {text}\n{shown}", server.version));
                database.sql("SELECT setval('w.witness', 1, false)");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    // The witness works.
    database.sql("SELECT '{1}'::w.d[]");
    assert_eq!(witness(&database), "true");
}

#[test]
fn constants_that_run_no_condition_are_read_beside_such_a_domain() {
    for server in servers() {
        let database = server.database();
        database.sql(SET_UP);
        let folder = tempfile::tempdir().unwrap();
        let line = "column tags \"text[]\" default=\"{}\"; column kinds \"text[]\" default=(sql)\"'{a,b}'\"\n    \
                    column data jsonb default=\"{}\"\n    \
                    column span int4range default=\"[1,2)\"\n    check \"name ~ '[a-z]'\"\n    \
                    check \"data @> '{}' AND kinds <> '{c}' OR span @> n\"";
        std::fs::write(folder.path().join("schema.kdl"), schema(line, "", "text not-null")).unwrap();
        let url = database.url();
        let planned = run(folder.path(), &["plan", "--url", &url]);
        assert!(!planned.contains("not counted"), "{planned}");
        let applied = run(folder.path(), &["apply", "--auto-approve", "--url", &url]);
        let again = run(folder.path(), &["plan", "--url", &url]);
        assert!(again.contains("No changes"), "{}: {applied}\n{again}", server.version);
    }
}
