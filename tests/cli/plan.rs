//! `rosey plan`.

use std::io::{BufRead, BufReader, Read};

use insta::assert_snapshot;

use super::{Place, Run, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE, USERS_WITHOUT_NAME};

#[test]
fn it_shows_what_would_change_and_changes_nothing() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann')");
    place.write("schema.kdl", USERS_WITH_AGE);
    let before = place.snapshot();
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"");
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
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]), @"");
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
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"");
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn a_missing_database_that_nobody_named_would_not_be_made() {
    let place = Place::with(USERS);
    let run = place.rosey(&["plan"]).exits(0);
    assert_snapshot!(run.err, @"");
    assert_eq!(place.files(), ["schema.kdl"]);
}

// FAILS TODAY: it says that the file will be created, and that the database matches; apply refuses to.
#[test]
fn a_missing_database_and_an_empty_schema_are_no_match() {
    let place = Place::with("");
    let run = place.rosey(&["plan", "--url", "test.db"]).exits(0);
    assert!(!run.err.contains("will be created"), "{run}");
}

// FAILS TODAY: it says that the file will be created, which apply cannot do.
#[test]
fn a_database_in_a_folder_that_is_not_there_is_an_error() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["plan", "--url", "no/such/test.db"]), @"");
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
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"");
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
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"");
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
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"");
    for arguments in [&["plan"][..], &["plan", "--format", "json"], &["inspect"], &["apply", "--auto-approve", "--allow-destructive"]] {
        let run = place.rosey(&[arguments, &["--url", "test.db"]].concat()).exits(0);
        assert!(!run.out.contains(['\u{1b}', '\u{7}']) && !run.err.contains(['\u{1b}', '\u{7}']), "{run:?}", run = run.to_string());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::with(&(0..3000).map(|n| format!("table t{n} {{\n    column a integer\n}}\n")).collect::<String>());
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

// FAILS TODAY: it exits with 1 and says nothing.
#[test]
#[cfg(target_os = "linux")]
fn standard_output_that_cannot_be_written_is_an_error() {
    let place = Place::with(USERS);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let run = Run::of("rosey plan --url test.db > /dev/full".to_owned(), place.command(&["plan", "--url", "test.db"]).stdout(full));
    assert_snapshot!(run, @"");
}
