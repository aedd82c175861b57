//! What `rosey apply` refuses, with exit code 1 (it cannot) or 3 (it will not): the database is unchanged.

use insta::assert_snapshot;

use super::{Place, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE, USERS_WITHOUT_NAME};

#[test]
fn without_a_terminal_it_needs_auto_approve() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    let before = place.snapshot();
    assert_snapshot!(place.rosey(&["apply", "--url", "test.db"]), @"
    $ rosey apply --url test.db
    +  create
    ~  change in place

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    +     column age integer
          # 2 unchanged columns
      }

    Plan: 0 to add, 1 to change, 0 to destroy.
    | database: test.db (from --url)
    | error: cannot ask for approval without a terminal; nothing was changed
    |   help: add --auto-approve to skip the question
    exit 1
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn without_a_terminal_no_database_is_made() {
    let place = Place::with(USERS);
    place.rosey(&["apply", "--url", "test.db"]).exits(1);
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn the_default_database_is_never_made() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["apply", "--auto-approve"]), @r"
    $ rosey apply --auto-approve
    | error: no database: give --url, --env or ROSEY_DATABASE_URL
    |   help: for example --url bot_data.db, or --url postgresql://user@host/database
    exit 1
    ");
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn what_destroys_data_needs_leave() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), ('bob')");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    let before = place.snapshot();
    assert_snapshot!(place.apply(&[]), @"
    $ rosey apply --url test.db --auto-approve
    ~  change in place
    -  destroy
    !  warning

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    -     column name text
          # 1 unchanged column
      }
    ! destroys-column BLOCKED without --allow-destructive: drops column name (2 non-null values)
      to rename it instead, add was=name to the new definition
    ! breaks-clients: running applications that use `name` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 0 to destroy (1 column, 2 values dropped).
    | database: test.db (from --url)
    | error: apply refused; nothing was changed
    |   table.users.column.name (destroys-column): drops column name (2 non-null values)
    |   help: to allow this data loss and no other, add --allow destroy:table.users.column.name
    |   help: to allow all data loss in this plan, add --allow-destructive
    exit 3
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn rows_that_break_a_new_rule_stop_it() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), (NULL), (NULL)");
    place.write("schema.kdl", USERS_WITH_A_NAME);
    let before = place.snapshot();
    assert_snapshot!(place.apply(&["--quiet"]), @"
    $ rosey apply --url test.db --auto-approve --quiet
    | database: test.db (from --url)
    | error: apply refused; nothing was changed
    |   table.users.column.name (breaks-not-null): `name` is NULL in 2 of 3 rows
    |     add a backfill to the column, or set a value in these rows first
    exit 3
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn leave_to_destroy_is_no_leave_to_break_a_rule() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES (NULL)");
    place.write("schema.kdl", USERS_WITH_A_NAME);
    let before = place.snapshot();
    place.apply(&["--allow-destructive"]).exits(3);
    assert_eq!(place.snapshot(), before);
}

#[test]
fn an_empty_schema_would_drop_everything() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", "// nothing yet\n");
    let before = place.snapshot();
    assert_snapshot!(place.apply(&["--allow-destructive"]), @r"
    $ rosey apply --url test.db --auto-approve --allow-destructive
    | database: test.db (from --url)
    | error: the schema declares no objects; applying it would drop everything; nothing was changed
    |   help: declare the objects to keep in the schema file, or name another file with --schema
    exit 3
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn what_is_guarded_is_not_dropped() {
    let place = Place::having(&USERS.replace("name text", "name text prevent-destroy"), "");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    let before = place.snapshot();
    let run = place.apply(&["--allow-destructive", "--quiet"]);
    assert_snapshot!(run, @r"
    $ rosey apply --url test.db --auto-approve --allow-destructive --quiet
    | database: test.db (from --url)
    | error: apply refused; nothing was changed
    |   table.users.column.name (prevent-destroy): table.users.column.name is guarded by prevent-destroy
    |     apply it once without prevent-destroy; a later apply can then destroy it
    exit 3
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn what_rosey_cannot_make_must_be_there() {
    let place = Place::with(&format!("{USERS}\nunmanaged function \"f(integer)\"\n"));
    assert_snapshot!(place.apply(&["--quiet"]), @r"
    $ rosey apply --url test.db --auto-approve --quiet
    | database: test.db (from --url)
    | error: apply refused; nothing was changed
    |   function.f(integer) (not-supported): function f(integer) does not exist, and rosey does not create objects of this kind
    |     create it yourself, or remove it from the schema
    exit 3
    ");
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn a_rename_that_cannot_be_meant_is_an_error() {
    let place = Place::having(USERS_WITH_AGE, "");
    place.write("schema.kdl", USERS_WITHOUT_NAME.replace("primary-key", "primary-key\n    column age integer was=name"));
    let before = place.snapshot();
    let run = place.apply(&[]).exits(1);
    assert!(run.err.contains("column `age` is declared as a rename of `name`, but the database has both"), "{run}");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn what_sqlite_does_not_know_is_told_at_its_line() {
    let place = Place::with("table users {\n    column age integer\n    check \"adult(age)\"\n}\n");
    let run = place.apply(&[]).exits(1);
    assert!(run.err.contains("no such function: adult") && run.err.contains("[schema.kdl:3:11]"), "{run}");
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn a_backup_that_cannot_be_made_stops_it() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    let before = place.snapshot();
    let run = place.apply(&["--quiet", "--allow-destructive", "--backup-dir", "no/such/folder"]);
    assert_snapshot!(run, @r"
    $ rosey apply --url test.db --auto-approve --quiet --allow-destructive --backup-dir no/such/folder
    | database: test.db (from --url)
    | error: the backup to no/such/folder/test.db.TIME.backup failed: no/such/folder/test.db.TIME.backup cannot be opened: No such file or directory (os error 2); nothing was changed
    |   help: choose another folder with --backup-dir, or skip the backup with --backup never
    exit 1
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn a_mistake_in_the_schema_stops_it() {
    let place = Place::with("table users");
    place.apply(&[]).exits(1);
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn a_flag_that_there_is_not_is_1() {
    let place = Place::with(USERS);
    for arguments in [&["apply", "--force"][..], &["apply", "--lock-timeout", "soon"], &["plan", "--format", "yaml"], &["plam"], &[]] {
        let run = place.rosey(arguments).exits(1);
        assert!(run.out.is_empty(), "{run}");
    }
    place.rosey(&["--help"]).exits(0);
    place.rosey(&["--version"]).exits(0);
}
