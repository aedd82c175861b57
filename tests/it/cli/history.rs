//! `rosey status`, `history`, `drift` and `stamp`: the history of the database, and comparisons with it.

use insta::assert_snapshot;

use super::transcript::Session;
use super::{Place, USERS, USERS_WITH_AGE, USERS_WITHOUT_NAME};

/// Returns a session with two versions, the second with a message of two lines.
fn two() -> Session {
    let session = Session::on_sqlite(Place::new());
    session.applies(USERS, "users");
    session.applies(USERS_WITH_AGE, "ages\nas the survey wants them");
    session
}

const BY_HAND: &str = "ALTER TABLE users ADD COLUMN note text; CREATE TABLE extra (x integer); CREATE VIEW v AS SELECT name FROM users";

#[test]
fn a_database_without_a_history_says_so() {
    let session = Session::on_sqlite(Place::with(USERS));
    session.place.database.run("CREATE TABLE t (a integer)", true);
    assert_snapshot!(session.run(&["status", "history", "history --format json", "drift", "drift --format json", "rollback"]), @r#"
    $ rosey status
    Nothing applied: rosey has no history in this database.
    exit 0
    $ rosey history
    The history is empty: rosey has applied nothing to this database.
    exit 0
    $ rosey history --format json
    {
      "format_version": 1,
      "history": []
    }
    exit 0
    $ rosey drift
    The history is empty, so there is nothing to compare the database with.
    exit 0
    $ rosey drift --format json
    {
      "format_version": 1,
      "drift": null
    }
    exit 0
    $ rosey rollback
    | error: the history is empty; there is nothing to roll back
    |   help: run rosey stamp to start a history from the current schema
    exit 1
    "#);
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let session = Session::on_sqlite(Place::with(USERS));
    for command in ["status", "history", "drift", "stamp", "rollback"] {
        let run = session.rosey(&[command]).exits(1);
        assert!(run.err.contains("no such file"), "{run}");
    }
    assert_eq!(session.place.files(), ["schema.kdl"]);
}

#[test]
fn what_was_applied_is_listed() {
    let session = two();
    let before = session.place.snapshot();
    assert_snapshot!(session.run(&["status", "current", "history", "history --verbose"]), @r#"
    $ rosey status
    Version 2: apply, TIME by ada@host
      ages
      as the survey wants them
    No drift: the database matches the recorded schema.
    exit 0
    $ rosey current
    Version 2: apply, TIME by ada@host
      ages
      as the survey wants them
    No drift: the database matches the recorded schema.
    exit 0
    $ rosey history
    1  TIME  apply  ada@host  users
    2  TIME  apply  ada@host  ages
    exit 0
    $ rosey history --verbose
    version 1: apply
      message   users
      when      TIME
      by        ada@host
      took      SO LONG
      software  rosey 0.1.0, SQLite 3.51.3
      plan      DIGEST
      sql       CREATE TABLE "users" (
                    "id" INTEGER PRIMARY KEY,
                    "name" TEXT
                );

    version 2: apply
      message   ages
                as the survey wants them
      when      TIME
      by        ada@host
      took      SO LONG
      software  rosey 0.1.0, SQLite 3.51.3
      plan      DIGEST
      sql       ALTER TABLE "users" ADD COLUMN "age" INTEGER;
    exit 0
    "#);
    assert_eq!(session.place.snapshot(), before);
}

#[test]
fn the_history_as_json_has_a_version_and_the_columns_names() {
    let session = two();
    let run = session.rosey(&["history", "--format", "json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["format_version"], 1);
    let rows = json["history"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0]["number"].as_i64(), rows[0]["message"].as_str()), (Some(1), Some("users")));
    assert_eq!((rows[1]["applied_by"].as_str(), rows[1]["undone"].as_bool()), (Some("ada"), Some(false)));
}

#[test]
fn drift_is_shown_with_2_and_at_the_head_of_a_plan() {
    let session = two();
    session.place.database.run(BY_HAND, true);
    assert_snapshot!(session.run(&["status", "drift", "plan"]), @"
    $ rosey status
    Version 2: apply, TIME by ada@host
      ages
      as the survey wants them
    Drift: changed outside rosey: table.extra, table.users, view.v. Run rosey drift for details.
    exit 0
    $ rosey drift
    # Drift: 3 objects changed outside rosey since version 2

    # table.extra created
    + table extra {
    +     column x integer
      }

    # table.users changed
    ~ table users {
    +     column note text
          # 3 unchanged columns
      }

    # view.v created
    + view v {
    +     SELECT name FROM users
      }

    Drift since version 2: 2 added, 1 changed, 0 destroyed.
    To keep these changes: rosey inspect --write, then rosey stamp. To revert them: rosey apply.
    exit 2
    $ rosey plan
    # Drift: 3 objects changed outside rosey since version 2

    # table.extra created
    + table extra {
    +     column x integer
      }

    # table.users changed
    ~ table users {
    +     column note text
          # 3 unchanged columns
      }

    # view.v created
    + view v {
    +     SELECT name FROM users
      }

    # The plan below starts from the live schema.

    ~  change in place
    -  destroy
    !  warning

    # table.extra will be destroyed (not declared in the schema; 0 rows)
    - table extra
    ! destroys-table BLOCKED without --allow-destructive: drops table extra (0 rows)
      to rename it instead, add was=extra to the new definition; to leave it unmanaged, `ignore` it
    ! breaks-clients: running applications that use `extra` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    # view.v will be destroyed
    - view v {
    -     SELECT name FROM users
      }
    ! breaks-clients: running applications that use `v` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    -     column note text
          # 3 unchanged columns
      }
    ! destroys-column BLOCKED without --allow-destructive: drops column note (0 non-null values)
      to rename it instead, add was=note to the new definition
    ! breaks-clients: running applications that use `note` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 2 to destroy.
    exit 0
    ");
}

#[test]
fn drift_is_in_the_plans_json_and_not_in_its_sql() {
    let session = two();
    session.place.database.run(BY_HAND, true);
    let plan: serde_json::Value = serde_json::from_str(&session.rosey(&["plan", "--format", "json"]).out).unwrap();
    assert_eq!(plan["drift"]["since"], 2);
    assert_eq!(plan["drift"]["changes"].as_array().unwrap().len(), 3);
    let drift: serde_json::Value = serde_json::from_str(&session.rosey(&["drift", "--format", "json"]).exits(2).out).unwrap();
    assert_eq!(drift["drift"], plan["drift"]);
    assert!(!session.rosey(&["plan", "--format", "sql"]).out.contains("Drift"));
}

#[test]
fn without_drift_it_is_0() {
    let session = two();
    assert_snapshot!(session.run(&["drift", "drift --format json"]), @r#"
    $ rosey drift
    No drift. The database matches version 2.
    exit 0
    $ rosey drift --format json
    {
      "format_version": 1,
      "drift": null
    }
    exit 0
    "#);
    let plan: serde_json::Value = serde_json::from_str(&session.rosey(&["plan", "--format", "json"]).out).unwrap();
    assert_eq!(plan["drift"], serde_json::Value::Null);
}

#[test]
fn drift_that_the_file_says_too_is_no_change_any_more() {
    let session = two();
    session.place.database.run("ALTER TABLE users ADD COLUMN note text", true);
    session.place.write("schema.kdl", USERS_WITH_AGE.replace("integer\n}", "integer\n    column note text\n}"));
    assert_snapshot!(session.run(&["plan"]), @"
    $ rosey plan
    # Drift: 1 object changed outside rosey since version 2

    # table.users changed
    ~ table users {
    +     column note text
          # 3 unchanged columns
      }

    # The plan below starts from the live schema.

    No changes. The database matches schema.kdl.
    exit 0
    ");
}

#[test]
fn a_stamp_records_what_matches_and_refuses_what_does_not() {
    let session = Session::on_sqlite(Place::with(USERS));
    session.place.database.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'ann')", true);
    session.quietly(&["stamp -m found"]);
    session.place.write("schema.kdl", USERS_WITHOUT_NAME);
    assert_snapshot!(session.run(&["stamp", "stamp --force -m anyway", "history", "status", "drift"]), @"
    $ rosey stamp
    | error: the database differs from the schema in table.users; nothing was recorded
    |   help: run rosey plan to see the difference; add --force to record the database as it is
    exit 3
    $ rosey stamp --force -m anyway
    Stamped (version 2): the current schema was recorded; nothing else was changed.
    The database differs from the desired schema in table.users.
    exit 0
    $ rosey history
    1  TIME  stamp  ada@host  found
    2  TIME  stamp  ada@host  anyway (forced: not as desired in table.users)
    exit 0
    $ rosey status
    Version 2: stamp, TIME by ada@host
      anyway (forced: not as desired in table.users)
    No drift: the database matches the recorded schema.
    exit 0
    $ rosey drift
    No drift. The database matches version 2.
    exit 0
    ");
    assert_eq!(session.place.database.value("SELECT name FROM users"), "ann");
}

#[test]
fn what_others_keep_is_named() {
    let session = Session::on_sqlite(Place::with(USERS));
    session.place.database.run("CREATE TABLE alembic_version (version_num text); CREATE TABLE schema_migrations (version text)", true);
    assert_snapshot!(session.run(&["status"]), @"
    $ rosey status
    Nothing applied: rosey has no history in this database.
    this database was also managed by Alembic: its table alembic_version is left unchanged
    this database was also managed by another migration tool: its table schema_migrations is left unchanged
    exit 0
    ");
}

#[test]
fn saved_plans_are_listed_and_broken_ones_named() {
    let session = two();
    session.place.write("plans/0001-old.plan.kdl", "nonsense\n");
    session.place.write("plans/notes.txt", "nothing");
    assert_snapshot!(session.run(&["status", "status --plans elsewhere"]), @"
    $ rosey status
    Version 2: apply, TIME by ada@host
      ages
      as the survey wants them
    No drift: the database matches the recorded schema.

    Plans in plans:
      0001-old.plan.kdl is invalid, so apply refuses the folder: not a rosey plan file
    exit 0
    $ rosey status --plans elsewhere
    Version 2: apply, TIME by ada@host
      ages
      as the survey wants them
    No drift: the database matches the recorded schema.
    exit 0
    ");
}
