//! `rosey plan`.

use std::io::{BufRead, BufReader, Read};

use insta::assert_snapshot;

use super::{Place, Run, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE, USERS_WITHOUT_NAME};

#[test]
fn it_shows_what_would_change_and_changes_nothing() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann')");
    place.write("schema.kdl", USERS_WITH_AGE);
    let before = place.snapshot();
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @r"
    $ rosey plan --url test.db
    +  create
    ~  change in place

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    +     column age integer
          # 2 unchanged columns
      }

    Plan: 0 to add, 1 to change, 0 to destroy.
    | database: test.db (from --url)
    exit 0
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn changes_are_2_with_detailed_exitcode() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(2);
    place.rosey(&["plan", "--url", "test.db"]).exits(0);
}

#[test]
fn no_changes_are_0_with_detailed_exitcode() {
    let place = Place::having(USERS, "");
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]), @r"
    $ rosey plan --url test.db --detailed-exitcode
    No changes. The database matches schema.kdl.
    | database: test.db (from --url)
    exit 0
    ");
}

#[test]
fn a_mistake_in_the_schema_is_1_with_detailed_exitcode() {
    let place = Place::with("table users");
    let run = place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(1);
    assert!(run.out.is_empty() && run.err.contains("table `users` has no columns"), "{run}");
}

#[test]
fn a_missing_database_is_planned_from_nothing_and_not_made() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @r"
    $ rosey plan --url test.db
    +  create

    # table.users will be created
    + table users {
    +     column id integer primary-key
    +     column name text
      }

    Plan: 1 to add, 0 to change, 0 to destroy.
    | database: test.db (from --url)
    | the file does not exist and will be created
    exit 0
    ");
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn a_missing_database_that_no_url_names_would_not_be_made() {
    let place = Place::with(USERS);
    place.write("config.json", r#"{ "database": "bot.db" }"#);
    let run = place.rosey(&["plan"]).exits(0);
    assert_snapshot!(run.err, @"
    database: bot.db (from config.json)
    the file does not exist; apply creates it only if --url, --env, ROSEY_DATABASE_URL or database_url in config.json names it
    ");
    assert_eq!(place.files(), ["config.json", "schema.kdl"]);
}

#[test]
fn a_schema_that_declares_nothing_is_planned_for_a_database_that_holds_nothing() {
    let place = Place::having(USERS, "DROP TABLE users");
    place.write("schema.kdl", "// soon\n");
    for format in [&[][..], &["--format", "sql"], &["--format", "json"], &["--out", "plans/"]] {
        place.rosey(&[&["plan", "--url", "test.db", "--detailed-exitcode"], format].concat()).exits(0);
    }
    place.apply(&["-q"]).exits(0);
    place.rosey(&["plan", "--url", "missing.db"]).exits(1);
}

#[test]
fn a_schema_that_declares_nothing_is_not_planned() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", "// soon\n");
    assert_snapshot!(place.rosey(&["validate"]), @"
    $ rosey validate
    | schema.kdl declares nothing for sqlite and postgres: plan and apply refuse an empty schema
    exit 0
    ");
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @r"
    $ rosey plan --url test.db
    | database: test.db (from --url)
    | error: the schema declares no objects; applying it would drop everything; nothing was changed
    |   help: declare the objects to keep in the schema file, or name another file with --schema
    exit 1
    ");
    for more in [&["--out", "plans/"][..], &["--format", "sql"], &["--format", "json"]] {
        place.rosey(&[&["plan", "--url", "test.db"][..], more].concat()).exits(1);
    }
    place.write("empty/readme.txt", "nothing");
    for command in ["plan", "apply", "validate", "lint"] {
        let run = place.rosey(&[command, "--schema", "empty"]).exits(1);
        assert!(run.err.contains("folder empty has no schema"), "{run}");
    }
    let run = place.rosey(&["fmt", "empty"]).exits(1);
    assert!(run.err.contains("has no .kdl file"), "{run}");
}

#[test]
fn a_database_in_a_folder_that_is_not_there_is_an_error() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["plan", "--url", "no/such/test.db"]), @r"
    $ rosey plan --url no/such/test.db
    | database: no/such/test.db (from --url)
    | error: no/such/test.db cannot be opened: its folder does not exist
    exit 1
    ");
}

#[test]
fn an_empty_file_is_an_empty_database() {
    let place = Place::with(USERS);
    place.write("test.db", "");
    let run = place.rosey(&["plan", "--url", "test.db"]).exits(0);
    assert_eq!(run.err, "database: test.db (from --url)\n");
    assert!(run.out.contains("1 to add"), "{run}");
}

#[test]
fn rows_that_break_a_new_rule_are_counted_and_blocked() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), (NULL), (NULL)");
    place.write("schema.kdl", USERS_WITH_A_NAME);
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"
    $ rosey plan --url test.db
    ~  change in place
    !  warning

    # table.users will be changed in place (definition edit: name becomes NOT NULL)
    ~ table users {
    ~     column name   nullable -> not-null
          # 1 unchanged column
      }
    ! breaks-not-null BLOCKED: `name` is NULL in 2 of 3 rows
      add a backfill to the column, or set a value in these rows first
    ! breaks-clients: running applications that insert rows without `name` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 0 to destroy.
    | database: test.db (from --url)
    exit 0
    ");
    place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(2);
}

#[test]
fn verbose_shows_the_query_that_finds_the_rows() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), (NULL)");
    place.write("schema.kdl", USERS_WITH_A_NAME);
    let run = place.rosey(&["plan", "--url", "test.db", "--verbose"]).exits(0);
    assert!(run.out.contains(r#"these rows: SELECT * FROM "users" WHERE "name" IS NULL;"#), "{run}");
}

#[test]
fn what_destroys_data_is_shown_as_blocked() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), ('bob'), (NULL)");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"
    $ rosey plan --url test.db
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
    exit 0
    ");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann')");
    place.write("schema.kdl", USERS_WITH_A_NAME);
    for format in ["text", "json", "sql"] {
        let once = || place.rosey(&["plan", "--url", "test.db", "--format", format]).exits(0).out;
        assert_eq!(once(), once());
    }
}

#[test]
fn values_are_never_shown() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('sw0rdfish'), (NULL)");
    place.write("schema.kdl", "table users {\n    column id serial primary-key\n    column name integer not-null unique\n}\n");
    for arguments in [&["plan", "--verbose"][..], &["plan", "--format", "json"], &["plan", "--format", "sql"], &["apply", "--verbose"]] {
        let run = place.rosey(&[arguments, &["--url", "test.db"]].concat());
        assert!(run.out.contains("name") && !run.to_string().contains("sw0rdfish"), "{run}");
    }
}

#[test]
fn control_characters_in_a_name_are_escaped() {
    let place = Place::with("table \"\\u{1b}[31mred\" {\n    column \"a\\u{7}b\" integer\n}\n");
    place.database.run("CREATE TABLE \"\u{1b}[32mgreen\" (a)", false);
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @r#"
    $ rosey plan --url test.db
    +  create
    -  destroy
    !  warning

    # table.\u{1b}[31mred will be created
    + table "\u{1b}[31mred" {
    +     column "a\u{7}b" integer
      }

    # table.\u{1b}[32mgreen will be destroyed (not declared in the schema; 0 rows)
    - table "\u{1b}[32mgreen"
    ! destroys-table BLOCKED without --allow-destructive: drops table \u{1b}[32mgreen (0 rows)
      to rename it instead, add was="\u{1b}[32mgreen" to the new definition; to leave it unmanaged, `ignore` it
    ! breaks-clients: running applications that use `\u{1b}[32mgreen` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    # 1 lint finding in the changed objects: run `rosey lint` to see it

    Plan: 1 to add, 0 to change, 1 to destroy.
    | database: test.db (from --url)
    exit 0
    "#);
    for arguments in [&["plan"][..], &["plan", "--format", "json"], &["inspect"], &["apply", "--auto-approve", "--allow-destructive"]] {
        let run = place.rosey(&[arguments, &["--url", "test.db"]].concat()).exits(0);
        assert!(!run.out.contains(['\u{1b}', '\u{7}']) && !run.err.contains(['\u{1b}', '\u{7}']), "{run:?}", run = run.to_string());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    // More than the buffer of a pipe.
    let place = Place::with(&(0..2000).map(|n| format!("table t{n} {{ column a integer }}\n")).collect::<String>());
    let mut child = place.command(&["plan", "--url", "test.db"]).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    drop(out);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(first, "+  create\n");
    assert_eq!(said, "database: test.db (from --url)\nthe file does not exist and will be created\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn standard_output_that_cannot_be_written_is_an_error() {
    let place = Place::with(USERS);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let run = Run::of("rosey plan --url test.db > /dev/full".to_owned(), place.command(&["plan", "--url", "test.db"]).stdout(full));
    assert_snapshot!(run, @"
    $ rosey plan --url test.db > /dev/full
    | database: test.db (from --url)
    | the file does not exist and will be created
    | error: cannot write to standard output: No space left on device (os error 28)
    exit 1
    ");
}

#[test]
fn a_default_that_sqlite_could_never_work_out_is_refused() {
    let place = Place::new();
    place.write("schema.kdl", "table t {\n    column id integer primary-key\n    column at text default=(sql)\"now()\"\n}\n");
    let run = place.rosey(&["plan", "--url", "test.db"]).exits(1);
    assert!(run.err.contains("SQLite rejects the default of column at: no such function: now"), "{run}");
}
