//! `rosey inspect` and `rosey validate`, and invalid input for all commands.

use insta::assert_snapshot;

use super::{Place, USERS};

#[test]
fn inspect_prints_the_schema() {
    let place = Place::having(USERS, "");
    assert_snapshot!(place.rosey(&["inspect", "--url", "test.db"]), @r"
    $ rosey inspect --url test.db
    table users {
        column id serial primary-key
        column name text
    }
    | database: test.db (from --url)
    exit 0
    ");
}

#[test]
fn what_inspect_prints_plans_to_nothing() {
    let place = Place::new();
    place.database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'it''s' COLLATE nocase);
         CREATE TABLE \"odd name\" (\"a b\" UNSIGNED BIG INT, user REFERENCES users ON DELETE CASCADE, CHECK (\"a b\" > 0));
         CREATE INDEX idx ON \"odd name\" (\"a b\" DESC, lower(user)) WHERE user IS NOT NULL;
         CREATE VIEW names AS SELECT name FROM users;
         CREATE TRIGGER touch AFTER INSERT ON users BEGIN SELECT CASE WHEN 1 THEN 2 END; END;",
        false,
    );
    place.write("schema.kdl", place.rosey(&["inspect", "--url", "test.db"]).exits(0).out);
    place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(0);
    place.rosey(&["fmt", "--check"]).exits(0);
}

#[test]
fn inspect_of_a_missing_database_is_an_error_and_makes_none() {
    let place = Place::new();
    assert_snapshot!(place.rosey(&["inspect", "--url", "test.db"]), @r"
    $ rosey inspect --url test.db
    | database: test.db (from --url)
    | error: test.db: no such file
    |   help: check the path; `rosey apply --url …` creates a new database
    exit 1
    ");
    assert!(place.files().is_empty());
}

#[test]
fn validate_says_for_which_databases() {
    let place = Place::with(&format!("{USERS}\ntable logs only=postgres {{\n    column note text\n}}\n"));
    assert_snapshot!(place.rosey(&["validate"]), @r"
    $ rosey validate
    schema.kdl is valid: 1 object for sqlite, 2 objects for postgres
    exit 0
    ");
    assert_snapshot!(place.rosey(&["validate", "--dialect", "sqlite"]), @r"
    $ rosey validate --dialect sqlite
    schema.kdl is valid: 1 object for sqlite
    exit 0
    ");
}

#[test]
fn validate_exits_with_1_for_a_mistake_of_either_database() {
    let place = Place::with("table users {\n    column id serial\n}\n");
    place.rosey(&["validate"]).exits(1);
    place.rosey(&["validate", "--dialect", "sqlite"]).exits(1);
    place.rosey(&["validate", "--dialect", "postgres"]).exits(0);
}

#[test]
fn validate_needs_no_database_and_no_config() {
    let place = Place::with(USERS);
    place.write("config.json", "{");
    place.rosey(&["validate"]).exits(0);
}

#[test]
fn a_schema_may_be_a_folder() {
    let place = Place::new();
    place.write("schema/users.kdl", USERS);
    place.write("schema/deeper/logs.kdl", "table logs {\n    column note text\n}\n");
    for other in ["schema/rosey.kdl", "schema/next.plan.kdl", "schema/live.state.kdl", "schema/notes.txt"] {
        place.write(other, "this is no schema {");
    }
    assert_snapshot!(place.rosey(&["validate", "--schema", "schema"]), @r"
    $ rosey validate --schema schema
    schema is valid: 2 objects for sqlite, 2 objects for postgres
    exit 0
    ");
}

#[test]
fn a_schema_that_is_not_there() {
    let place = Place::new();
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @r"
    $ rosey plan --url test.db
    | error: no schema at schema.kdl
    |   help: name it with --schema, or create one from a live database: rosey inspect --url URL > schema.kdl
    exit 1
    ");
    place.rosey(&["apply", "--url", "test.db", "--auto-approve"]).exits(1);
    assert!(place.files().is_empty());
}

#[test]
fn a_schema_that_is_no_text() {
    let place = Place::new();
    place.write("schema.kdl", b"table \xff");
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @r"
    $ rosey plan --url test.db
    | error: schema.kdl is not UTF-8 text
    |   help: save the file as UTF-8
    exit 1
    ");
}

#[test]
fn a_database_that_is_none() {
    let place = Place::with(USERS);
    place.write("test.db", "This is a text, and a text of some length, but a database it is not.\n".repeat(50));
    let before = place.snapshot();
    let said = "database: test.db (from --url)\n\
                error: test.db is not a SQLite database\n  \
                help: check the path: the file exists, but does not start with the SQLite header\n";
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["inspect"]] {
        let run = place.rosey(&[command, &["--url", "test.db"]].concat()).exits(1);
        assert_eq!((run.out.as_str(), run.err.as_str()), ("", said));
    }
    assert_eq!(place.snapshot(), before);
}

#[test]
fn a_database_that_is_a_folder() {
    let place = Place::with(USERS);
    std::fs::create_dir(place.path("test.db")).unwrap();
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["inspect"]] {
        let run = place.rosey(&[command, &["--url", "test.db"]].concat()).exits(1);
        assert_eq!(run.err, "database: test.db (from --url)\nerror: test.db cannot be opened: it is a folder\n");
    }
}

#[test]
fn a_database_in_a_folder_that_is_not_there() {
    let place = Place::with(USERS);
    let run = place.rosey(&["apply", "--url", "no/such/test.db", "--auto-approve"]).exits(1);
    assert_snapshot!(run.err, @r"
    database: no/such/test.db (from --url)
    error: no/such/test.db cannot be opened: its folder does not exist
    ");
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn a_database_that_is_cut_off() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann')");
    let whole = place.database.bytes();
    place.write("test.db", &whole[..whole.len() / 2]);
    place.write("schema.kdl", USERS.replace("name text", "name text not-null"));
    let before = place.snapshot();
    let run = place.apply(&[]).exits(1);
    assert!(run.err.contains("error: ") && !run.err.contains("a mistake in rosey"), "{run}");
    assert_eq!(place.snapshot(), before);
}

/// Writes files that are longer than a piece for the parser.
fn many_tables(last: &str) -> Place {
    let tables: String = (0..3000).map(|n| format!("table t{n} {{\n    column a integer\n}}\n")).collect();
    Place::with(&(tables + last))
}

#[test]
fn a_long_schema_is_a_schema() {
    let run = many_tables("").rosey(&["validate"]).exits(0);
    assert_eq!(run.out, "schema.kdl is valid: 3,000 objects for sqlite, 3,000 objects for postgres\n");
}

#[test]
fn a_mistake_far_down_a_long_schema_is_told_at_its_line() {
    assert_snapshot!(many_tables("\ntabel users\n").rosey(&["validate"]), @"
    $ rosey validate
    |   × unknown node `tabel`
    |       ╭─[schema.kdl:9002:1]
    |  9001 │
    |  9002 │ tabel users
    |       · ──┬──
    |       ·   ╰── not recognized
    |       ╰────
    |   help: did you mean `table`?
    |
    | error: the schema has one error
    exit 1
    ");
}
