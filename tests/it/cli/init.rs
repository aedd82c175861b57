//! `rosey init` and `inspect --write`: schema files written by rosey.

use insta::assert_snapshot;

use super::transcript::Session;
use super::{Place, USERS};
use crate::support::postgres::servers;

const LIVE: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE VIEW names AS SELECT name FROM users";

fn live(sql: &str) -> Session {
    let session = Session::on_sqlite(Place::new());
    session.place.database.run(sql, true);
    session
}

#[test]
fn without_a_database_it_writes_an_example_that_is_a_schema() {
    let place = Place::new();
    assert_snapshot!(place.rosey(&["init"]), @"
    $ rosey init
    Wrote schema.kdl with an example to start from; no database is configured yet.
    exit 0
    ");
    place.rosey(&["validate"]).exits(0);
    assert_eq!(place.files(), ["schema.kdl"]);
    let example: String = place.read("schema.kdl").lines().skip(2).map(|l| l.trim_start_matches("//").to_owned() + "\n").collect();
    place.write("schema.kdl", example);
    place.rosey(&["validate"]).exits(0);
    assert_snapshot!(place.rosey(&["init"]), @r"
    $ rosey init
    | error: schema.kdl already exists; init does not overwrite files
    |   help: name another file with --schema, or update this one from the database: rosey inspect --write
    exit 1
    ");
}

#[test]
fn from_a_live_database_it_writes_proves_and_stamps() {
    let session = live(LIVE);
    assert_snapshot!(session.run(&["init --auto-approve -m adopted", "history", "plan"]), @"
    $ rosey init --auto-approve -m adopted
    Wrote schema.kdl from the database.
    Verified: it matches the database.
    Stamped (version 1): nothing else was changed.
    exit 0
    $ rosey history
    1  TIME  stamp  ada@host  adopted
    exit 0
    $ rosey plan
    No changes. The database matches schema.kdl.
    exit 0
    ");
    assert_snapshot!(session.place.read("schema.kdl"), @r#"
    table users {
        column id serial primary-key
        column name text not-null
    }

    view names { as "SELECT name FROM users" }
    "#);
}

#[test]
fn without_a_terminal_it_does_not_stamp_and_changes_nothing() {
    let session = live(LIVE);
    let before = session.place.database.bytes();
    assert_snapshot!(session.run(&["init", "init"]), @"
    $ rosey init
    Wrote schema.kdl from the database.
    Verified: it matches the database.
    Not stamped: nothing was written to the database. Run rosey stamp to stamp it later.
    exit 0
    $ rosey init
    | error: schema.kdl already exists; init does not overwrite files
    |   help: name another file with --schema, or update this one from the database: rosey inspect --write
    exit 1
    ");
    assert_eq!(session.place.database.bytes(), before);
}

#[test]
fn where_alembic_was_its_table_is_left_alone_and_its_commands_are_told() {
    let session =
        live("CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('ab12'); CREATE TABLE t (a int)");
    assert_snapshot!(session.run(&["init --auto-approve"]), @r#"
    $ rosey init --auto-approve
    Wrote schema.kdl from the database.
    Verified: it matches the database.
    this database was also managed by Alembic: its table alembic_version is left unchanged
      alembic revision --autogenerate  edit the schema file, then rosey plan --out plans/ -m MESSAGE
      alembic upgrade head             rosey apply, or for reviewed plans: rosey apply plans/
      alembic upgrade +1               rosey apply plans/ --count 1
      alembic upgrade --sql            rosey plan --format sql
      alembic downgrade -1             rosey rollback
      alembic downgrade REV            rosey rollback --to VERSION
      alembic downgrade base           rosey rollback --to base
      alembic current                  rosey status
      alembic history                  rosey history
      alembic stamp head               rosey stamp
      alembic stamp REV                rosey stamp PLAN
      alembic show                     rosey show PLAN
      alembic check                    rosey plan --detailed-exitcode
    while you still use Alembic, exclude rosey's history from its comparison: in env.py, add to both calls of context.configure
      include_name=lambda name, type_, parents: not (type_ == "table" and name == "_rosey_history")
    otherwise `alembic check` fails, and --autogenerate writes op.drop_table('_rosey_history')
    Stamped (version 1): nothing else was changed.
    exit 0
    "#);
    assert_eq!(session.place.database.value("SELECT version_num FROM alembic_version"), "ab12");
    assert!(!session.place.read("schema.kdl").contains("alembic"));
}

#[test]
fn a_database_with_a_history_is_not_stamped_again() {
    let session = Session::on_sqlite(Place::having(USERS, ""));
    std::fs::remove_file(session.place.path("schema.kdl")).unwrap();
    assert_snapshot!(session.run(&["init --auto-approve"]), @"
    $ rosey init --auto-approve
    Wrote schema.kdl from the database.
    Verified: it matches the database.
    The history already has version 1; the database was not stamped.
    exit 0
    ");
}

const FILE: &str = "\
// head

// about users
table users {
    // the key
    column id integer primary-key
    column   name  text not-null prevent-destroy
} // tail

// odd,   and kept
table   keep   {
  column a int   }

view names { as \"select name from users\" }

table gone { column a int }
";

#[test]
fn inspect_writes_what_differs_and_keeps_the_rest_byte_for_byte() {
    let session = live(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INT); CREATE TABLE keep (a INT); CREATE TABLE more (x INT); CREATE VIEW names AS SELECT name FROM users",
    );
    session.place.write("schema.kdl", FILE);
    assert_snapshot!(session.run(&["inspect --write", "inspect --write", "plan"]), @"
    $ rosey inspect --write
    schema.kdl: table.more added
    schema.kdl: table.users rewritten
    schema.kdl: table.gone removed
    Verified: it matches the database.
    exit 0
    $ rosey inspect --write
    schema.kdl already matches the database; nothing was written.
    exit 0
    $ rosey plan
    # table.users.column.name is guarded by prevent-destroy (recorded by the next apply)

    No changes. The database matches schema.kdl.
    exit 0
    ");
    assert_snapshot!(session.place.read("schema.kdl"), @r#"
    // head

    // about users
    table users {
        column id serial primary-key
        column name text not-null prevent-destroy
        column age INT
    }

    // odd,   and kept
    table   keep   {
      column a int   }

    view names { as "select name from users" }

    table more {
        column x INT
    }
    "#);
}

#[test]
fn in_a_folder_the_file_that_declares_an_object_is_written() {
    let session = live("CREATE TABLE a (x INT, y INT); CREATE TABLE b (x INT); CREATE TABLE c (x INT)");
    session.place.write("schema/a.kdl", "// a\ntable a { column x int }\n");
    session.place.write("schema/b.kdl", "// b\ntable b { column x int }\n");
    session.quietly(&["inspect --write --schema schema"]);
    assert_eq!(session.place.read("schema/b.kdl"), "// b\ntable b { column x int }\n");
    assert_snapshot!(session.place.read("schema/a.kdl"), @r"
    // a
    table a {
        column x INT
        column y INT
    }

    table c {
        column x INT
    }
    ");
}

#[test]
fn what_says_only_is_for_a_person_and_nothing_is_written() {
    let session = live("CREATE TABLE a (x INT, y INT)");
    session.place.write("schema.kdl", "table a only=sqlite { column x int }\ntable a only=postgres { column z int }\n");
    let before = session.place.read("schema.kdl");
    assert_snapshot!(session.run(&["inspect --write"]), @r"
    $ rosey inspect --write
    | error: nothing was written, because this must be changed by hand:
    |   table.a: its node has only=
    exit 1
    ");
    assert_eq!(session.place.read("schema.kdl"), before);
}

/// The example without the comment slashes, on both databases.
#[test]
fn the_example_can_be_applied_and_its_default_is_a_time() {
    let place = Place::new();
    place.rosey(&["init"]).exits(0);
    let example: String = place.read("schema.kdl").lines().skip(2).map(|l| l.trim_start_matches("//").to_owned() + "\n").collect();
    place.write("schema.kdl", example);
    place.apply(&["-q"]).exits(0);
    place.database.run("INSERT INTO users (email) VALUES ('ada@example.org')", true);
    assert_eq!(place.database.value("SELECT datetime(created_at) > '2020' AND created_at = datetime(created_at) FROM users"), "1");
    for server in servers() {
        let database = server.database();
        place.rosey(&["apply", "--url", &database.url(), "--auto-approve"]).exits(0);
        database.sql("INSERT INTO users (email) VALUES ('ada@example.org')");
        assert_eq!(database.value("SELECT (now() - created_at < interval '1 hour')::text FROM users"), "true");
    }
}

#[test]
fn where_alembics_files_are_it_is_told_of_the_history() {
    let session = |file: &str, text: &str| {
        let session = live("CREATE TABLE t (a int)");
        std::fs::create_dir_all(session.place.path("migrations/versions")).unwrap();
        session.place.write(file, text);
        session
    };
    let filter = "include_name=lambda name, type_, parents: not (type_ == \"table\" and name == \"_rosey_history\")";
    for (file, text) in [("alembic.ini", "[alembic]\n"), ("migrations/env.py", "from alembic import context\n")] {
        let run = session(file, text).rosey(&["init", "--auto-approve"]).exits(0);
        assert!(run.out.contains(&format!("Alembic is in use here: found {file}\n")) && run.out.contains(filter), "{run}");
    }
    let other = session("migrations/env.py", "import os\n").rosey(&["init", "--auto-approve"]).exits(0);
    assert!(!other.out.contains("include_name"), "{other}");
    // Even before there is a database.
    let place = Place::new();
    place.write("alembic.ini", "[alembic]\n");
    let run = place.rosey(&["init"]).exits(0);
    assert!(run.out.contains("no database is configured yet") && run.out.contains(filter), "{run}");
}
