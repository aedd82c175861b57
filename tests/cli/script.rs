//! The script of a plan: where it stops, and that it stops with nothing changed.

use super::support::shell;
use super::{Place, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE_AS_TEXT, USERS_WITHOUT_NAME};

const ROWS: &str = "INSERT INTO users (name) VALUES ('ann'), ('bob')";

fn script(place: &Place, schema: &str) -> String {
    place.write("schema.kdl", schema);
    place.rosey(&["plan", "--url", "test.db", "--format", "sql"]).exits(0).out
}

/// The script stops with this message and leaves everything as it was.
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
    let head = "-- This destroys data:\n--   destroys-column: column name is dropped, with 2 values\n-- To allow it, delete the next line.\n.exit 3\n";
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
    stops(&place, &script, "the schema is not the one that this plan was made for");
}

#[test]
fn rows_that_have_come_since_stop_it() {
    let place = Place::having(USERS, ROWS);
    let script = script(&place, USERS_WITH_A_NAME);
    place.database.run("INSERT INTO users (name) VALUES (NULL)", false);
    stops(&place, &script, "rows do not fit");
}

#[test]
fn an_error_in_the_middle_leaves_everything_as_it_was() {
    let place = Place::having(USERS, ROWS);
    let script = script(&place, USERS_WITH_AGE_AS_TEXT);
    stops(&place, &script.replacen("\n-- The history.", "\nSELECT no_such;\n-- The history.", 1), "no such column: no_such");
}
