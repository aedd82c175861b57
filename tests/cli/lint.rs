//! `rosey lint` and `rosey explain`, and what the linter adds to a plan.

use insta::assert_snapshot;

use super::{Place, USERS};

const POSTS: &str = "table users {\n    column id bigint primary-key identity\n}\ntable posts {\n    column id bigint primary-key identity\n    column author bigint references=users\n    column code STRING only=sqlite\n}\n";

#[test]
fn findings_have_their_lines() {
    let place = Place::with(POSTS);
    assert_snapshot!(place.rosey(&["lint"]), @"");
    assert_snapshot!(place.rosey(&["lint", "--format", "github"]), @"");
    assert_snapshot!(place.rosey(&["lint", "--format", "json", "--dialect", "postgres"]), @"");
}

#[test]
fn a_level_decides_what_fails() {
    let place = Place::with("table logs {\n    column line text\n}\n");
    place.rosey(&["lint"]).exits(1);
    place.rosey(&["lint", "--level", "error"]).exits(0);
    place.write("rosey.kdl", "lint {\n    no-primary-key note\n}\n");
    place.rosey(&["lint"]).exits(0);
    place.rosey(&["lint", "--level", "note"]).exits(1);
    place.write("rosey.kdl", "lint {\n    no-primary-key off\n}\n");
    assert_snapshot!(place.rosey(&["lint", "--level", "note"]), @"");
}

#[test]
fn an_exception_stands_in_the_schema_with_its_reason() {
    let place = Place::with("table logs {\n    column line text\n    allow no-primary-key \"lines are only added\"\n}\n");
    place.rosey(&["lint", "--level", "note"]).exits(0);
    // It is no difference, and a plan knows nothing of it.
    place.apply(&[]).exits(0);
    place.write("schema.kdl", "table logs {\n    column line text\n}\n");
    place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(0);
    place.write("schema.kdl", "table logs {\n    column line text\n    allow no-primary-key\n    allow no-primary-kee \"x\"\n}\n");
    assert_snapshot!(place.rosey(&["lint"]), @"");
}

#[test]
fn a_schema_that_cannot_be_read_is_not_linted() {
    let place = Place::with("table logs {\n    colum line text\n}\n");
    let run = place.rosey(&["lint"]).exits(1);
    assert!(run.out.is_empty() && run.err.contains("did you mean `column`?"), "{run}");
}

#[test]
fn a_plan_warns_of_what_breaks_programs() {
    let place = Place::having(
        "table users {\n    column id serial primary-key\n    column last_error text\n    column nick text\n}\n",
        "INSERT INTO users (nick) VALUES ('a')",
    );
    place.write(
        "schema.kdl",
        "table users {\n    column id serial primary-key\n    column error_message text\n    column name text was=nick\n    column age integer not-null { backfill \"0\" }\n}\n",
    );
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"");
    place.write("rosey.kdl", "lint {\n    breaks-clients error\n    looks-like-rename off\n}\n");
    let before = place.snapshot();
    assert_snapshot!(place.apply(&["--allow-destructive", "-q"]), @"");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn leave_is_given_by_name() {
    let place =
        Place::having(&format!("{USERS}table old {{\n    column id serial primary-key\n}}\n"), "INSERT INTO users (name) VALUES ('a')");
    place.write("schema.kdl", "table users {\n    column id serial primary-key\n}\n");
    assert_snapshot!(place.apply(&["-q", "--allow", "destroy:table.old", "--allow", "destroy:table.gone"]), @"");
    place.apply(&["-q", "--allow", "destroy:table.old", "--allow", "destroys-column:table.users.column.name"]).exits(0);
    for wrong in ["destroy", "destroys-tabel:table.old", "breaks-check:table.old"] {
        place.apply(&["--allow", wrong]).exits(1);
    }
}

#[test]
fn no_leave_helps_against_a_policy() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('a')");
    place.write("rosey.kdl", "allow-destructive #false\n");
    place.write("schema.kdl", "table users {\n    column id serial primary-key\n}\n");
    place.apply(&["-q", "--allow", "destroys-column:table.users.column.name"]).exits(3);
}

#[test]
fn codes_are_explained() {
    let place = Place::new();
    assert_snapshot!(place.rosey(&["explain", "padded-char"]), @"");
    assert_snapshot!(place.rosey(&["explain", "paded-char"]), @"");
    let all = place.rosey(&["explain"]).exits(0).out;
    assert!(all.contains("destroys-table ") && all.contains("no-primary-key "), "{all}");
}

#[test]
fn the_manual_has_all_codes() {
    let place = Place::new();
    let page = place.rosey(&["explain", "--format", "markdown"]).exits(0).out;
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/codes.md")).unwrap();
    assert!(page == manual, "docs/codes.md is not what `rosey explain --format markdown` writes");
}
