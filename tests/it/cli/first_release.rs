//! A history of the first release: it is read unchanged, and upgraded by the next write.

use insta::assert_snapshot;

use super::transcript::Session;
use super::{Place, USERS};

/// The table of the first release, with two rows: the second has renamed a column.
const FIRST: &str = "
    CREATE TABLE _rosey_history (
        number INTEGER PRIMARY KEY, format INTEGER NOT NULL, plan TEXT NOT NULL, kind TEXT NOT NULL, message TEXT,
        schema_before TEXT NOT NULL, schema_after TEXT NOT NULL, renames TEXT NOT NULL, sql TEXT NOT NULL, applied_at TEXT NOT NULL,
        applied_by TEXT, host TEXT, git_commit TEXT, duration_ms INTEGER NOT NULL, rows_copied INTEGER NOT NULL,
        rosey_version TEXT NOT NULL, server_version TEXT NOT NULL, outcome TEXT NOT NULL, backup TEXT
    );
    INSERT INTO _rosey_history VALUES (1, 1, 'ab', 'apply', 'users', '', 'table users {
    column id integer primary-key
    column label text
}
', '', 'CREATE TABLE users (id INTEGER PRIMARY KEY, label TEXT);', '2026-01-02T03:04:05.678Z', 'ada', NULL, NULL, 3, 0, '0.1.0', 'SQLite 3.50.0', 'applied', NULL);
    INSERT INTO _rosey_history VALUES (2, 1, 'cd', 'apply', NULL, 'table users {
    column id integer primary-key
    column label text
}
', 'table users {
    column id integer primary-key
    column name text
}
', 'table.users.column.label -> table.users.column.name', 'ALTER TABLE users RENAME COLUMN label TO name;', '2026-01-03T03:04:05.678Z', 'ada', NULL, NULL, 3, 0, '0.1.0', 'SQLite 3.50.0', 'applied', NULL);
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO users VALUES (1, 'ann');
";

fn session() -> Session {
    let session = Session::on_sqlite(Place::with(USERS));
    session.place.database.run(FIRST, true);
    session
}

fn columns(session: &Session) -> usize {
    session.place.database.rows("SELECT name FROM pragma_table_info('_rosey_history')").len()
}

#[test]
fn it_is_read_as_it_is() {
    let session = session();
    let before = session.place.database.bytes();
    assert_snapshot!(session.run(&["status", "history", "drift", "plan --to 1"]), @"
    $ rosey status
    Version 2: apply, TIME by ada
    No drift: the database matches the recorded schema.
    exit 0
    $ rosey history
    1  TIME  apply  ada  users
    2  TIME  apply  ada
    exit 0
    $ rosey drift
    No drift. The database matches version 2.
    exit 0
    $ rosey plan --to 1
    Rolling back to version 1 (undoes 2)

    ~  change in place
    !  warning

    # table.users will be changed in place
    ~ table users {
    ~     column label   was name
          # 1 unchanged column
      }
    ! breaks-clients: running applications that use `name` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 0 to destroy.
    exit 0
    ");
    assert_eq!(session.place.database.bytes(), before);
    assert_eq!(columns(&session), 19);
}

#[test]
fn its_renames_are_turned_round_and_its_table_is_brought_up_to_date() {
    let session = session();
    session.quietly(&["rollback --auto-approve"]);
    assert_eq!(session.place.database.value("SELECT label FROM users"), "ann");
    assert_eq!(columns(&session), 22);
    assert_snapshot!(session.run(&["history"]), @"
    $ rosey history
    1  TIME  apply  ada  users
    2  TIME  apply  ada  (undone)
    3  TIME  rollback  ada@host  (back to version 1)
    exit 0
    ");
}

#[test]
fn the_next_apply_and_a_stamp_bring_it_up_to_date() {
    for command in ["apply --auto-approve -q", "stamp"] {
        let session = session();
        if command != "stamp" {
            session.place.write("schema.kdl", super::USERS_WITH_AGE);
        }
        session.quietly(&[command]);
        assert_eq!(columns(&session), 22);
        assert_eq!(session.place.database.value("SELECT max(number) FROM _rosey_history"), "3");
    }
}

#[test]
fn behind_a_row_of_a_later_rosey_nothing_is_written() {
    let place = Place::with(USERS);
    place.apply(&[]).exits(0);
    place.database.run("UPDATE _rosey_history SET format = 9, rosey_version = '7.0.0'", true);
    place.write("schema.kdl", super::USERS_WITH_AGE);
    let run = place.apply(&[]).exits(3);
    assert!(run.err.contains("version 1 in the history was written by a newer rosey (7.0.0)"), "{run}");
    assert_eq!(place.database.value("SELECT count(*) FROM _rosey_history"), "1");
    place.rosey(&["history", "--url", "test.db"]).exits(1);
}
