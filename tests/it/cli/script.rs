//! The script of a plan: where it stops, and that it has changed nothing in that case.

use super::{Place, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE_AS_TEXT, USERS_WITHOUT_NAME};
use crate::support::shell;

const ROWS: &str = "INSERT INTO users (name) VALUES ('ann'), ('bob')";

fn script(place: &Place, schema: &str) -> String {
    place.write("schema.kdl", schema);
    place.rosey(&["plan", "--url", "test.db", "--format", "sql"]).exits(0).out
}

/// Checks that the script stops with this message and leaves everything unchanged.
fn stops(place: &Place, script: &str, message: &str) {
    if !shell::is_there() {
        return;
    }
    let all = "SELECT group_concat(sql) FROM sqlite_schema UNION ALL SELECT group_concat(id || coalesce(name, '-')) FROM users \
               UNION ALL SELECT count(*) FROM _rosey_history";
    let before = place.database.rows(all);
    let said = shell::run(&place.path("test.db"), script).expect_err(script);
    assert!(said.contains(message), "{said}\n{script}");
    assert_eq!(place.database.rows(all), before);
}

#[test]
fn it_says_what_it_destroys_and_stops_until_a_line_goes() {
    let place = Place::having(USERS, ROWS);
    let script = script(&place, USERS_WITHOUT_NAME);
    let head = "-- This plan destroys data:\n--   destroys-column: drops column name (2 non-null values)\n\
                -- To allow it, delete the lines from here to `.exit 3`.\n\
                .print \"stopped: this plan destroys data; the top of the script says how to allow it; nothing was changed\"\n\
                .print \"  destroys-column: drops column name (2 non-null values)\"\n.exit 3\n";
    assert!(script.starts_with(head), "{script}");
    stops(&place, &script, "3");
    if shell::is_there() {
        shell::run(&place.path("test.db"), &script.replacen(".exit 3\n", "", 1)).unwrap();
        assert_eq!(place.database.rows("SELECT * FROM users"), [["1"], ["2"]]);
    }
}

#[test]
fn it_is_for_one_schema() {
    let place = Place::having(USERS, ROWS);
    let script = script(&place, USERS_WITH_AGE_AS_TEXT);
    place.database.run("CREATE TABLE other (n)", false);
    stops(&place, &script, "the schema is not the one that the plan was made for");
}

#[test]
fn rows_that_have_come_since_stop_it() {
    let place = Place::having(USERS, ROWS);
    let script = script(&place, USERS_WITH_A_NAME);
    place.database.run("INSERT INTO users (name) VALUES (NULL)", false);
    stops(&place, &script, "rows violate the new schema");
}

#[test]
fn an_error_in_the_middle_leaves_everything_as_it_was() {
    let place = Place::having(USERS, ROWS);
    let script = script(&place, USERS_WITH_AGE_AS_TEXT);
    stops(
        &place,
        &script.replacen("\n-- Records the apply in the history.", "\nSELECT no_such;\n-- Records the apply in the history.", 1),
        "no such column: no_such",
    );
}

#[test]
fn a_saved_plan_and_a_state_give_the_whole_script() {
    let place = Place::having(USERS, ROWS);
    place.write("schema.kdl", USERS_WITH_A_NAME);
    place.write("state.kdl", place.rosey(&["state", "pull", "--url", "test.db"]).exits(0).out);
    place.rosey(&["plan", "--url", "test.db", "--out", "p.plan.kdl", "-m", "a name"]).exits(0);
    let saved = place.rosey(&["show", "p.plan.kdl", "--format", "sql"]).exits(0).out;
    let noted = place.rosey(&["plan", "--state", "state.kdl", "--format", "sql"]).exits(0).out;
    place.database.run("INSERT INTO users (id, name) VALUES (7, NULL)", false);
    for script in [&saved, &noted] {
        stops(&place, script, "rows violate the new schema");
    }
    place.database.run("DELETE FROM users WHERE id = 7", false);
    if shell::is_there() {
        shell::run(&place.path("test.db"), &saved).unwrap();
        assert_eq!(place.database.value("SELECT message FROM _rosey_history WHERE number = 2"), "a name");
        assert_eq!(place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).code, Some(0));
        stops(&place, &noted, "the schema is not the one that the plan was made for");
    }
}

#[test]
fn behind_a_row_of_a_later_rosey_there_is_no_script() {
    let place = Place::having(USERS, ROWS);
    let script = script(&place, USERS_WITH_AGE_AS_TEXT);
    place.database.run("UPDATE _rosey_history SET format = 9, rosey_version = '7.0.0'", true);
    stops(&place, &script, "the history was written by a newer version of rosey");
    for (command, code) in [("plan", 0), ("plan --format sql", 3), ("rollback --auto-approve", 3)] {
        let arguments: Vec<&str> = command.split(' ').chain(["--url", "test.db"]).collect();
        let run = place.rosey(&arguments).exits(code);
        assert!(run.err.contains("version 1 in the history was written by a newer rosey (7.0.0)"), "{run}");
    }
}

#[test]
fn the_difference_of_two_files_is_for_reading() {
    let place = Place::with(USERS);
    place.write("after.kdl", USERS_WITHOUT_NAME);
    let run = place.rosey(&["diff", "schema.kdl", "after.kdl", "--dialect", "sqlite", "--format", "sql"]).exits(2);
    assert!(
        run.out.starts_with(
            "-- For reading only: this script does not check the database it runs on and does not record itself in the history."
        ),
        "{run}"
    );
    assert!(run.out.contains(".print \"stopped: this script destroys data; nothing was changed\"\n.exit 3\n"), "{run}");
    let run = place.rosey(&["diff", "schema.kdl", "after.kdl", "--dialect", "postgres", "--format", "sql"]).exits(2);
    assert!(run.out.contains("DO $$ BEGIN RAISE 'this script destroys data'; END $$;\n"), "{run}");
}
