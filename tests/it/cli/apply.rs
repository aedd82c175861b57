//! `rosey apply` when it succeeds.

use insta::assert_snapshot;

use super::{Place, USERS, USERS_WITH_AGE, USERS_WITH_AGE_AS_TEXT, USERS_WITHOUT_NAME, backups};

#[test]
fn it_makes_the_database_and_what_is_in_it() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["apply", "--url", "test.db", "--auto-approve"]), @r"
    $ rosey apply --url test.db --auto-approve
    +  create

    # table.users will be created
    + table users {
    +     column id integer primary-key
    +     column name text
      }

    Plan: 1 to add, 0 to change, 0 to destroy.
    Apply complete (version 1): 1 added, 0 changed, 0 destroyed.
    | database: test.db (from --url)
    | create table.users
    | verify
    exit 0
    ");
    assert_eq!(place.files(), ["schema.kdl", "test.db"]);
    place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(0);
}

#[test]
fn nothing_to_do_needs_no_approval() {
    let place = Place::having(USERS, "");
    let before = place.snapshot();
    assert_snapshot!(place.rosey(&["apply", "--url", "test.db"]), @r"
    $ rosey apply --url test.db
    No changes. The database matches schema.kdl.
    | database: test.db (from --url)
    exit 0
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn the_default_database_is_applied_to_where_it_is_there() {
    let place = Place::with(USERS);
    place.write("bot_data.db", "");
    let run = place.rosey(&["apply", "--auto-approve"]).exits(0);
    assert!(run.err.starts_with("database: bot_data.db (from the default)\n"), "{run}");
}

#[test]
fn a_rebuild_keeps_the_rows_and_makes_a_backup() {
    let place = Place::having(USERS_WITH_AGE, "INSERT INTO users (name, age) VALUES ('ann', 30), ('bob', NULL)");
    place.write("schema.kdl", USERS_WITH_AGE_AS_TEXT);
    assert_snapshot!(place.apply(&[]), @"
    $ rosey apply --url test.db --auto-approve
    ~  change in place
    ±  rebuild
    !  warning

    # table.users will be rebuilt (type of column age changes; 2 rows copied, 4.0 KiB)
    ± table users {
    ~     column age   type integer -> text
          # 2 unchanged columns
      }
    ! breaks-clients: running applications that read `age` as a number (it becomes text) will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    # the rebuilds need about 8.0 KiB of free disk space

    Plan: 0 to add, 1 to change, 0 to destroy. 1 table rebuilt, 2 rows copied.
    Apply complete (version 2): 0 added, 1 changed, 0 destroyed; 2 rows copied.
    Backup of the database: test.db.TIME.backup
    | database: test.db (from --url)
    | back up to test.db.TIME.backup
    | rebuild table.users (2 rows)
    | verify
    exit 0
    ");
    assert_eq!(place.database.rows("SELECT id, name, quote(age) FROM users"), [["1", "ann", "'30'"], ["2", "bob", "NULL"]]);
}

#[test]
fn what_destroys_data_is_done_with_leave_and_the_backup_is_the_owners_alone() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), ('bob')");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    assert_snapshot!(place.apply(&["--allow-destructive"]), @"
    $ rosey apply --url test.db --auto-approve --allow-destructive
    ~  change in place
    -  destroy
    !  warning

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    -     column name text
          # 1 unchanged column
      }
    ! destroys-column, allowed: drops column name (2 non-null values)
      to rename it instead, add was=name to the new definition
    ! breaks-clients: running applications that use `name` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 0 to destroy (1 column, 2 values dropped).
    Apply complete (version 2): 0 added, 1 changed, 0 destroyed (1 column, 2 values dropped).
    Backup of the database: test.db.TIME.backup
    | database: test.db (from --url)
    | back up to test.db.TIME.backup
    | change table.users
    | verify
    exit 0
    ");
    let backup = backups(&place.path("")).pop().unwrap();
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&backup).unwrap().permissions()) & 0o777, 0o600);
    // The backup equals the old database.
    std::fs::copy(&backup, &place.database.path).unwrap();
    place.write("schema.kdl", USERS);
    place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(0);
    assert_eq!(place.database.rows("SELECT id, name FROM users"), [["1", "ann"], ["2", "bob"]]);
}

#[test]
fn a_backup_goes_where_it_is_told_to() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    std::fs::create_dir(place.path("backups")).unwrap();
    let run = place.apply(&["--backup", "always", "--backup-dir", "backups"]).exits(0);
    assert!(run.err.contains("back up to backups/test.db.TIME.backup\n"), "{run}");
    assert_eq!((backups(&place.path("backups")).len(), backups(&place.path("")).len()), (1, 0));
}

#[test]
fn a_change_in_place_makes_no_backup_by_itself() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    place.apply(&[]).exits(0);
    assert_eq!(place.files(), ["schema.kdl", "test.db"]);
}

#[test]
fn no_backup_is_made_where_none_is_wanted() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    place.apply(&["--allow-destructive", "--backup", "never"]).exits(0);
    assert_eq!(place.files(), ["schema.kdl", "test.db"]);
}

#[test]
fn quiet_prints_the_outcome_alone() {
    let place = Place::with(USERS);
    assert_snapshot!(place.apply(&["--quiet"]), @r"
    $ rosey apply --url test.db --auto-approve --quiet
    Apply complete (version 1): 1 added, 0 changed, 0 destroyed.
    | database: test.db (from --url)
    exit 0
    ");
}

#[test]
fn the_history_keeps_the_message() {
    let place = Place::with(USERS);
    place.apply(&["-m", "users, at last"]).exits(0);
    assert_eq!(place.database.value("SELECT message FROM _rosey_history"), "users, at last");
}

#[test]
fn prevent_destroy_is_recorded_without_approval() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS.replace("table users", "table users prevent-destroy"));
    assert_snapshot!(place.rosey(&["apply", "--url", "test.db"]), @"
    $ rosey apply --url test.db
    # table.users is guarded by prevent-destroy (recorded by the next apply)

    No changes. The database matches schema.kdl.
    Recorded (version 2):
    table.users is guarded by prevent-destroy
    | database: test.db (from --url)
    | verify
    exit 0
    ");
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_it_asks_and_takes_yes_alone() {
    for (answer, code) in [("y", 1), ("", 1), ("yes", 0)] {
        let place = Place::with(USERS);
        place.write("answer", format!("{answer}\n"));
        let ask = format!("{} apply --url test.db", env!("CARGO_BIN_EXE_rosey"));
        let mut command = place.prepared("script", &["--quiet", "--return", "--command", &ask, "/dev/null"]);
        let Ok(output) = command.stdin(std::fs::File::open(place.path("answer")).unwrap()).output() else {
            eprintln!("SKIPPED: there is no `script` here to make a terminal with");
            return;
        };
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{shown}");
        assert!(shown.contains("Only 'yes' will be accepted"), "{shown}");
        assert_eq!(shown.contains("not approved; nothing was changed"), code == 1, "{shown}");
        assert_eq!(place.database.path.exists(), code == 0);
    }
}
