//! `rosey fmt`.

use insta::assert_snapshot;

use super::{Place, USERS, USERS_WITH_AGE};

const UNTIDY: &str =
    "// Who writes.\ntable   users{\ncolumn id   serial  primary-key // counted\n\n\n\n/* old */ column name text;column age integer\n}";

#[test]
fn it_writes_one_layout_and_keeps_comments() {
    let place = Place::with(UNTIDY);
    assert_snapshot!(place.rosey(&["fmt"]), @r"
    $ rosey fmt
    schema.kdl
    exit 0
    ");
    assert_snapshot!(place.read("schema.kdl"), @r"
    // Who writes.
    table users {
        column id serial primary-key  // counted

        /* old */ column name text
        column age integer
    }
    ");
}

#[test]
fn twice_is_as_once() {
    let place = Place::with(UNTIDY);
    place.rosey(&["fmt"]).exits(0);
    let once = place.read("schema.kdl");
    let again = place.rosey(&["fmt"]).exits(0);
    assert_eq!((again.out.as_str(), place.read("schema.kdl")), ("", once));
}

#[test]
fn check_names_the_file_and_changes_nothing() {
    let place = Place::with(UNTIDY);
    assert_snapshot!(place.rosey(&["fmt", "--check"]), @r"
    $ rosey fmt --check
    schema.kdl
    exit 1
    ");
    assert_eq!(place.read("schema.kdl"), UNTIDY);
}

#[test]
fn check_of_tidy_files_is_0() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["fmt", "--check"]), @r"
    $ rosey fmt --check
    exit 0
    ");
}

#[test]
fn files_and_folders_may_be_named() {
    let place = Place::new();
    for name in ["schema/a.kdl", "schema/deeper/b.kdl", "c.kdl", "untouched.kdl"] {
        place.write(name, UNTIDY);
    }
    assert_eq!(place.rosey(&["fmt", "schema", "c.kdl"]).exits(0).out, "schema/a.kdl\nschema/deeper/b.kdl\nc.kdl\n");
    assert_eq!(place.read("untouched.kdl"), UNTIDY);
}

#[test]
fn a_file_that_is_not_there() {
    assert_snapshot!(Place::new().rosey(&["fmt"]), @r"
    $ rosey fmt
    | error: schema.kdl cannot be read: No such file or directory (os error 2)
    exit 1
    ");
}

#[test]
fn a_file_that_is_no_text() {
    let place = Place::new();
    place.write("schema.kdl", b"table \xff");
    assert_snapshot!(place.rosey(&["fmt"]), @r"
    $ rosey fmt
    | error: schema.kdl is not UTF-8 text
    |   help: save the file as UTF-8
    exit 1
    ");
}

#[test]
fn a_file_that_is_no_kdl() {
    let place = Place::with("table users {\n");
    assert_snapshot!(place.rosey(&["fmt"]), @"
    $ rosey fmt
    |   × unclosed `{`
    |    ╭─[schema.kdl:1:13]
    |  1 │ table users {
    |    ·             ┬
    |    ·             ╰── here
    |    ╰────
    |   help: add the matching `}`
    |
    | error: the schema has one error
    exit 1
    ");
}

#[test]
fn a_file_that_is_no_kdl_leaves_all_others_as_they_are() {
    let place = Place::new();
    place.write("a.kdl", UNTIDY);
    place.write("b.kdl", "table users {\n");
    place.rosey(&["fmt", "a.kdl", "b.kdl"]).exits(1);
    place.rosey(&["fmt", "--check", "a.kdl", "b.kdl"]).exits(1);
    assert_eq!(place.read("a.kdl"), UNTIDY);
    assert_eq!(place.files(), ["a.kdl", "b.kdl"]);
}

#[test]
#[cfg(unix)]
fn a_files_mode_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with(UNTIDY);
    std::fs::set_permissions(place.path("schema.kdl"), std::fs::Permissions::from_mode(0o640)).unwrap();
    place.rosey(&["fmt"]).exits(0);
    assert_eq!(std::fs::metadata(place.path("schema.kdl")).unwrap().permissions().mode() & 0o777, 0o640);
}

/// A different layout has a different digest, and the file would no longer be accepted.
#[test]
fn saved_plans_and_states_stay_as_they_are() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    place.rosey(&["plan", "--url", "test.db", "--out", "next.plan.kdl"]).exits(0);
    place.write("now.state.kdl", place.rosey(&["state", "pull", "--url", "test.db"]).exits(0).out);
    let before = (place.read("next.plan.kdl"), place.read("now.state.kdl"));
    assert_snapshot!(place.rosey(&["fmt", "next.plan.kdl", "now.state.kdl"]), @"
    $ rosey fmt next.plan.kdl now.state.kdl
    | next.plan.kdl is a saved plan; it was left unchanged
    | now.state.kdl is a state; it was left unchanged
    exit 0
    ");
    place.rosey(&["fmt", "--check", "."]).exits(0);
    assert_eq!((place.read("next.plan.kdl"), place.read("now.state.kdl")), before);
    place.rosey(&["apply", "next.plan.kdl", "--url", "test.db", "--auto-approve"]).exits(0);
}

#[test]
fn a_plan_is_no_schema() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    place.rosey(&["plan", "--url", "test.db", "--out", "next.plan.kdl"]).exits(0);
    place.write("now.state.kdl", place.rosey(&["state", "pull", "--url", "test.db"]).exits(0).out);
    let of = |words: &str| format!("{}\n", place.rosey(&words.split(' ').collect::<Vec<_>>()));
    assert_snapshot!(of("validate --schema next.plan.kdl") + &of("plan --url test.db --schema now.state.kdl"), @r"
    $ rosey validate --schema next.plan.kdl
    | error: next.plan.kdl is a saved plan, not a schema
    |   help: use rosey show to print and check it, or rosey apply to apply it
    exit 1
    $ rosey plan --url test.db --schema now.state.kdl
    | error: now.state.kdl is a state, not a schema
    |   help: use it in place of a database with rosey plan --state
    exit 1
    ");
}
