//! `rosey rollback` and `plan --to`: the rollback to a schema in the history.

use insta::assert_snapshot;

use super::transcript::Session;
use super::{Place, USERS, USERS_WITH_AGE, USERS_WITHOUT_NAME, backups};

const LABELLED: &str = "table users {\n    column id serial primary-key\n    column label text was=name\n}\n";

/// Returns a session with three versions: a table, a renamed column, a new column.
fn three() -> Session {
    let session = Session::on_sqlite(Place::new());
    session.applies(USERS, "users");
    session.place.database.run("INSERT INTO users (name) VALUES ('ann'), ('bob')", true);
    session.applies(LABELLED, "label");
    session.applies(&LABELLED.replace("was=name\n", "\n    column age integer\n"), "age");
    session
}

fn names(session: &Session, column: &str) -> Vec<Vec<String>> {
    session.place.database.rows(&format!("SELECT {column} FROM users ORDER BY id"))
}

#[test]
fn a_renamed_column_is_renamed_back_and_keeps_its_values() {
    let session = three();
    assert_snapshot!(session.run(&["rollback -2 --auto-approve --allow-destructive --backup never", "history", "status"]), @"
    $ rosey rollback -2 --auto-approve --allow-destructive --backup never
    Rolling back to version 1 (undoes 3, 2)

    ~  change in place
    -  destroy
    !  warning

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    ~     column name   was label
    -     column age integer
          # 1 unchanged column
      }
    ! destroys-column, allowed: drops column age (0 non-null values)
    ! breaks-clients: running applications that use `label`, `age` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 0 to destroy.
    Rollback complete (version 4): 0 added, 1 changed, 0 destroyed.
    | change table.users
    | verify
    exit 0
    $ rosey history
    1  TIME  apply  ada@host  users
    2  TIME  apply  ada@host  (undone) label
    3  TIME  apply  ada@host  (undone) age
    4  TIME  rollback  ada@host  (back to version 1)
    exit 0
    $ rosey status
    Version 4: rollback, TIME by ada@host
    The schema is that of version 1.
    No drift: the database matches the recorded schema.
    exit 0
    ");
    assert_eq!(names(&session, "name"), [["ann"], ["bob"]]);
}

#[test]
fn a_second_rollback_goes_further() {
    let session = three();
    session.quietly(&["rollback --auto-approve --allow-destructive --backup never", "rollback --auto-approve"]);
    assert_snapshot!(session.run(&["history", "rollback --to 3", "rollback 2", "rollback 0", "rollback --to 9", "rollback 1 --to 1"]), @"
    $ rosey history
    1  TIME  apply  ada@host  users
    2  TIME  apply  ada@host  (undone) label
    3  TIME  apply  ada@host  (undone) age
    4  TIME  rollback  ada@host  (back to version 2)
    5  TIME  rollback  ada@host  (back to version 1)
    exit 0
    $ rosey rollback --to 3
    | error: version 3 was undone by version 4
    |   help: run rosey history to see the versions
    exit 1
    $ rosey rollback 2
    | error: only one apply can be rolled back; 2 were requested
    |   help: run rosey history to see the versions
    exit 1
    $ rosey rollback 0
    | error: invalid value '0' for '[N]': must be the number of applies to undo, 1 or more
    |
    | For more information, try '--help'.
    exit 1
    $ rosey rollback --to 9
    | error: the history has no version 9
    |   help: run rosey history to see the versions
    exit 1
    $ rosey rollback 1 --to 1
    | error: the argument '[N]' cannot be used with '--to <VERSION|base>'
    |
    | Usage: rosey rollback <N>
    |
    | For more information, try '--help'.
    exit 1
    ");
}

#[test]
fn base_is_what_was_there_before_the_first() {
    let session = three();
    assert_snapshot!(session.run(&["rollback --to base", "rollback --to base --auto-approve --allow-destructive --backup never", "rollback"]), @"
    $ rosey rollback --to base
    Rolling back to base (undoes 3, 2, 1)

    -  destroy
    !  warning

    # table.users will be destroyed (not declared in the schema; 2 rows)
    - table users
    ! destroys-table BLOCKED without --allow-destructive: drops table users (2 rows)
    ! breaks-clients: running applications that use `users` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 0 to change, 1 to destroy (2 rows dropped).
    | error: apply refused; nothing was changed
    |   table.users (destroys-table): drops table users (2 rows)
    |   help: to allow this data loss and no other, add --allow destroy:table.users
    |   help: to allow all data loss in this plan, add --allow-destructive
    exit 3
    $ rosey rollback --to base --auto-approve --allow-destructive --backup never
    Rolling back to base (undoes 3, 2, 1)

    -  destroy
    !  warning

    # table.users will be destroyed (not declared in the schema; 2 rows)
    - table users
    ! destroys-table, allowed: drops table users (2 rows)
    ! breaks-clients: running applications that use `users` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 0 to change, 1 to destroy (2 rows dropped).
    Rollback complete (version 4): 0 added, 0 changed, 1 destroyed (2 rows dropped).
    | destroy table.users
    | verify
    exit 0
    $ rosey rollback
    | error: there is nothing left to roll back
    |   help: run rosey history to see the versions
    exit 1
    ");
    assert!(session.place.database.tables().is_empty());
}

#[test]
fn what_was_dropped_comes_back_empty_and_its_backup_is_named() {
    let session = Session::on_sqlite(Place::having(USERS, "INSERT INTO users (name) VALUES ('ann')"));
    session.place.write("schema.kdl", USERS_WITHOUT_NAME);
    session.quietly(&["apply --auto-approve --allow-destructive"]);
    assert_snapshot!(session.run(&["rollback --auto-approve"]), @"
    $ rosey rollback --auto-approve
    Rolling back to version 1 (undoes 2)

    +  create
    ~  change in place
    !  warning

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    +     column name text
          # 1 unchanged column
      }
    ! values-not-restored: column name is re-created with NULL in every row; version 2 dropped its values
      the data is in test.db.TIME.backup

    Plan: 0 to add, 1 to change, 0 to destroy.
    Rollback complete (version 3): 0 added, 1 changed, 0 destroyed.
    | change table.users
    | verify
    exit 0
    ");
    assert_eq!(names(&session, "name"), [["NULL"]]);
    session.applies(USERS_WITHOUT_NAME, "without a backup");
    let told = "column name is re-created with NULL in every row; version 4 dropped its values\n  that version has no backup\n";
    assert!(session.rosey(&["plan", "--to", "1"]).out.contains(told));
}

#[test]
fn a_backup_that_is_gone_is_said_to_be_gone() {
    let session = Session::on_sqlite(Place::having(USERS, ""));
    session.place.write("schema.kdl", USERS_WITHOUT_NAME);
    session.quietly(&["apply --auto-approve --allow-destructive"]);
    for file in backups(&session.place.path("")) {
        std::fs::remove_file(file).unwrap();
    }
    let run = session.rosey(&["plan", "--to", "1"]).exits(0);
    assert!(run.out.contains("; version 2 dropped its values\n  the data was in test.db.TIME.backup, which no longer exists\n"), "{run}");
}

#[test]
fn plan_to_shows_the_same_and_changes_nothing() {
    let session = three();
    let before = session.place.snapshot();
    let plan = session.rosey(&["plan", "--to", "1"]).exits(0);
    assert_eq!(session.rosey(&["rollback", "--to", "1"]).exits(3).out, plan.out);
    session.rosey(&["plan", "--to", "1", "--detailed-exitcode"]).exits(2);
    session.rosey(&["plan", "--to", "3", "--detailed-exitcode"]).exits(0);
    assert_snapshot!(session.run(&["plan --to 2 --format sql", "plan --to 3", "plan --to nowhere"]), @r#"
    $ rosey plan --to 2 --format sql
    -- This plan destroys data:
    --   destroys-column: drops column age (0 non-null values)
    -- To allow it, delete the lines from here to `.exit 3`.
    .print "stopped: this plan destroys data; the top of the script says how to allow it; nothing was changed"
    .print "  destroys-column: drops column age (0 non-null values)"
    .exit 3

    .bail on
    -- Foreign keys are turned off outside the transaction: inside it, the pragma has no effect.
    PRAGMA foreign_keys = OFF;
    BEGIN IMMEDIATE;

    -- Stops if the schema is not the one that the plan was made for.
    CREATE TEMP TABLE "_rosey_check" (
        "start" CONSTRAINT "the schema is not the one that the plan was made for" CHECK ("start"),
        "known" CONSTRAINT "the history was written by a newer version of rosey" CHECK ("known"),
        "found" CONSTRAINT "rows violate the new schema" CHECK ("found" = 0),
        "of",
        "filled" CONSTRAINT "a backfilled column would still contain NULL" CHECK ("filled"),
        "kept" CONSTRAINT "rows would violate a foreign key" CHECK ("kept")
    );
    CREATE TEMP TABLE "_rosey_start" (type, name, tbl_name, sql);
    INSERT INTO temp."_rosey_start" VALUES
    ('table', 'users', 'users', 'CREATE TABLE "users" (
        "id" INTEGER PRIMARY KEY,
        "label" TEXT
    , "age" INTEGER)');
    INSERT INTO temp."_rosey_check" ("start") SELECT NOT EXISTS (SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE sql IS NOT NULL AND lower(substr(tbl_name, 1, 6)) <> '_rosey' EXCEPT SELECT * FROM temp."_rosey_start") AND NOT EXISTS (SELECT * FROM temp."_rosey_start" EXCEPT SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE sql IS NOT NULL AND lower(substr(tbl_name, 1, 6)) <> '_rosey');
    DROP TABLE temp."_rosey_start";

    -- Stops if a newer version of rosey has written to the history.
    CREATE TABLE IF NOT EXISTS _rosey_history (
        number INTEGER PRIMARY KEY,
        format INTEGER NOT NULL,
        plan TEXT NOT NULL,
        kind TEXT NOT NULL,
        message TEXT,
        schema_before TEXT NOT NULL,
        schema_after TEXT NOT NULL,
        renames TEXT NOT NULL,
        sql TEXT NOT NULL,
        applied_at TEXT NOT NULL,
        applied_by TEXT,
        host TEXT,
        git_commit TEXT,
        duration_ms INTEGER NOT NULL,
        rows_copied INTEGER NOT NULL,
        rosey_version TEXT NOT NULL,
        server_version TEXT NOT NULL,
        outcome TEXT NOT NULL,
        backup TEXT,
        schema_written TEXT,
        back_to INTEGER,
        digest TEXT
    );
    INSERT INTO temp."_rosey_check" ("known") SELECT coalesce(max(format), 0) <= 2 FROM _rosey_history;

    -- table.users
    -- ! destroys-column BLOCKED: drops column age (0 non-null values)
    -- ! breaks-clients: running applications that use `age` will fail
    ALTER TABLE "users" DROP COLUMN "age";

    -- Records the apply in the history.
    INSERT INTO _rosey_history (number, format, plan, kind, message, schema_before, schema_after, renames, sql, applied_at, applied_by, host, git_commit, duration_ms, rows_copied, rosey_version, server_version, outcome, backup, schema_written, back_to, digest) VALUES ((SELECT coalesce(max(number), 0) + 1 FROM _rosey_history), 2, '159521e4ed3db912c2dd176009abf3072d983b28a6f7aa0622616229749ee46f', 'rollback', NULL, 'table users {
        column id serial primary-key
        column label text
        column age integer
    }
    ', 'table users {
        column id serial primary-key
        column label text
    }
    ', '', 'ALTER TABLE "users" DROP COLUMN "age";', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NULL, NULL, NULL, 0, 0, '0.1.0', 'SQLite ' || sqlite_version(), 'applied', NULL, NULL, 2, NULL);
    DROP TABLE temp."_rosey_check";

    COMMIT;
    exit 0
    $ rosey plan --to 3
    Rolling back to version 3

    No changes. The database matches the schema of version 3.
    exit 0
    $ rosey plan --to nowhere
    | error: invalid value 'nowhere' for '--to <VERSION|base>': must be a version of the history, 1 or higher, or base for the schema before version 1
    |
    | For more information, try '--help'.
    exit 1
    "#);
    let json: serde_json::Value = serde_json::from_str(&session.rosey(&["plan", "--to", "base", "--format", "json"]).out).unwrap();
    assert_eq!(json["summary"]["destroy"], 1);
    assert_eq!(session.place.snapshot(), before);
}

#[test]
fn it_asks_and_without_a_terminal_needs_leave() {
    let session = Session::on_sqlite(Place::having(USERS_WITHOUT_NAME, ""));
    session.applies(USERS, "name");
    session.applies(USERS_WITH_AGE, "age");
    session.place.write("schema.kdl", "");
    session.quietly(&["rollback --auto-approve --allow-destructive -q"]);
    session.applies(USERS_WITHOUT_NAME, "without");
    let before = session.place.snapshot();
    let run = session.rosey(&["rollback"]).exits(1);
    assert!(run.err.contains("cannot ask for approval without a terminal; nothing was changed"), "{run}");
    assert_eq!(session.place.snapshot(), before);
}

#[test]
fn where_somebody_else_went_back_already_only_the_history_is_told() {
    let session = Session::on_sqlite(Place::having(USERS, ""));
    session.applies(USERS_WITH_AGE, "age");
    session.place.database.run("ALTER TABLE users DROP COLUMN age", true);
    assert_snapshot!(session.run(&["rollback --auto-approve", "history", "rollback --auto-approve -q"]), @"
    $ rosey rollback --auto-approve
    Rolling back to version 1 (undoes 2)

    # Drift: 1 object changed outside rosey since version 2

    # table.users changed
    ~ table users {
    -     column age integer
          # 2 unchanged columns
      }

    # The plan below starts from the live schema.

    No changes. The database matches the schema of version 1.
    Recorded (version 3): the database already had this schema.
    exit 0
    $ rosey history
    1  TIME  apply  ada@host
    2  TIME  apply  ada@host  (undone) age
    3  TIME  rollback  ada@host  (back to version 1)
    exit 0
    $ rosey rollback --auto-approve -q
    | error: apply refused; nothing was changed
    |   table.users (destroys-table): drops table users (0 rows)
    |   help: to allow this data loss and no other, add --allow destroy:table.users
    |   help: to allow all data loss in this plan, add --allow-destructive
    exit 3
    ");
}

#[test]
fn it_backs_up_as_apply_does() {
    let session = three();
    session.quietly(&["rollback --auto-approve --allow-destructive -q"]);
    assert_eq!(backups(&session.place.path("")).len(), 1);
}

const UNNAMED: &str = "table parents { column id serial primary-key }
table children {
    column id serial primary-key
    column n integer { check \"n > 0\" }
    column parent integer references=parents.id
    unique n
}
";

const NAMED: &str = "table parents { column id serial; primary-key id name=pk }
table items was=children {
    column id serial primary-key
    column m integer was=n
    column parent integer
    check positive \"m > 0\"
    unique m name=one
    foreign-key parent references=parents.id name=to_parent
}
";

#[test]
fn rules_without_a_name_lose_what_they_were_called() {
    super::alembic::everywhere(|on, s, _| {
        s.applies(UNNAMED, "unnamed");
        // SQLite quotes the names that it changes.
        let inspect = || s.rosey(&["inspect"]).exits(0).out.replace("\\\"n\\\"", "n");
        let before = inspect();
        s.applies(NAMED, "named");
        s.quietly(&["rollback --auto-approve --backup never"]);
        assert_eq!(inspect(), before, "{on}");
        s.applies(
            &NAMED.replace(" name=pk", "").replace("positive ", "").replace(" name=one", "").replace(" name=to_parent", ""),
            "unnamed",
        );
        let back = s.rosey(&["rollback", "--auto-approve", "--backup", "never"]).exits(0);
        assert!(!back.out.contains("-> none"), "{on}: names that nobody changed\n{back}");
        assert_eq!(inspect(), before, "{on}");
    });
}

#[test]
fn a_saved_way_back_says_what_comes_back_empty() {
    let session = Session::on_sqlite(Place::having(USERS, ""));
    session.place.write("schema.kdl", USERS_WITHOUT_NAME);
    session.quietly(&["apply --auto-approve --allow-destructive --backup never", "plan --to 1 --out back.plan.kdl"]);
    let told = "! values-not-restored: column name is re-created with NULL in every row; version 2 dropped its values\n";
    for command in [&["show", "back.plan.kdl"][..], &["apply", "back.plan.kdl", "--auto-approve"]] {
        let run = session.rosey(command).exits(0);
        assert!(run.out.contains(told), "{run}");
    }
}

#[test]
fn a_using_of_another_change_garbles_nothing() {
    super::alembic::everywhere(|on, s, value| {
        let priced = |column: &str| format!("table t {{\n    column id serial primary-key\n    column price {column}\n}}\n");
        s.applies(&priced("real"), "dollars");
        value("INSERT INTO t (price) VALUES (1.5)");
        s.applies(&priced("integer { using \"price * 100\" }"), "cents");
        s.applies(&priced("bigint"), "room");
        let back = s.rosey(&["rollback", "--auto-approve", "--backup", "never"]).exits(0);
        assert_eq!(value("SELECT CAST(price AS text) FROM t"), "150", "{on}");
        assert!(!back.out.contains("values-not-restored"), "{on}\n{back}");
        let back = s.rosey(&["rollback", "--auto-approve", "--backup", "never"]).exits(0);
        assert!(back.out.contains("column price keeps the values that version 2 converted with `using`"), "{on}\n{back}");
    });
}

#[test]
fn a_number_of_the_history_is_a_schema_file() {
    let session = three();
    assert_snapshot!(session.run(&["history 2 --schema", "history base --schema", "history 9 --schema", "history 3"]), @r#"
    $ rosey history 2 --schema
    table users {
        column id serial primary-key
        column label text
    }
    exit 0
    $ rosey history base --schema
    exit 0
    $ rosey history 9 --schema
    | error: the history has no version 9
    |   help: run rosey history to list the versions
    exit 1
    $ rosey history 3
    version 3: apply
      message   age
      when      TIME
      by        ada@host
      took      SO LONG
      software  rosey 0.1.0, SQLite 3.51.3
      plan      DIGEST
      sql       ALTER TABLE "users" ADD COLUMN "age" INTEGER;
    exit 0
    "#);
    let file = session.rosey(&["history", "1", "--schema"]).exits(0).out;
    session.place.write("old.kdl", &file);
    session.rosey(&["validate", "--schema", "old.kdl"]).exits(0);
}

#[test]
fn a_column_that_was_made_anew_is_said_to_be_another_one() {
    let session = Session::on_sqlite(Place::having(USERS, ""));
    session.applies(USERS_WITHOUT_NAME, "gone");
    session.applies(USERS, "anew");
    let run = session.rosey(&["rollback", "--to", "1", "--auto-approve"]).exits(0);
    let told = "note: table.users.column.name: column name is not the original one; version 2 dropped the original with its data; \
        that version has no backup\n";
    assert_eq!(run.err, told, "{run}");
}

#[test]
fn what_others_made_of_a_column_is_not_converted_once_more() {
    super::alembic::everywhere(|on, s, value| {
        let typed = |column: &str| format!("table t {{\n    column id integer primary-key\n    column a {column}\n}}\n");
        s.applies(&typed("text"), "text");
        value("INSERT INTO t VALUES (1, '7')");
        s.applies(&typed("integer { using \"CAST(a AS integer) * 10\" }"), "tens");
        s.applies(&typed("text { using \"CAST(a / 10 AS text)\" }"), "text again");
        if on.starts_with("PostgreSQL") {
            value("ALTER TABLE t ALTER COLUMN a TYPE bigint USING CAST(a AS bigint) * 10");
            s.rosey(&["rollback", "--auto-approve", "--allow-destructive", "--backup", "never"]).exits(0);
            assert_eq!(value("SELECT CAST(a AS text) FROM t"), "70", "{on}");
        }
    });
}

#[test]
fn a_column_that_was_made_anew_in_a_renamed_table_is_told_too() {
    let session = Session::on_sqlite(Place::having(USERS, ""));
    session.applies(USERS_WITHOUT_NAME, "gone");
    session.applies(&USERS.replace("table users", "table people was=users"), "anew");
    let run = session.rosey(&["rollback", "--to", "1", "--auto-approve", "--allow-destructive"]).exits(0);
    assert!(run.out.contains("column name is not the original one; version 2 dropped the original"), "{run}");
}
