//! What a project may let block an apply in addition to the built-in rules: levels in `rosey.kdl`, exceptions
//! in the schema, permissions on the command line. They apply to every command that applies.

use insta::assert_snapshot;

use super::{Place, USERS, USERS_WITHOUT_NAME};

const RENAMED: &str = "table users {\n    column id serial primary-key\n    column nick text was=name\n}\n";
const STOPS: &str = "lint {\n    breaks-clients error\n}\n";

#[test]
fn a_level_that_stops_holds_for_every_command_that_applies() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", RENAMED);
    place.rosey(&["plan", "--url", "test.db", "--out", "nick.plan.kdl"]).exits(0);
    place.write("rosey.kdl", STOPS);
    let before = place.snapshot();
    place.apply(&["-q"]).exits(3);
    assert_snapshot!(place.apply(&["-q", "nick.plan.kdl"]), @"
    $ rosey apply --url test.db --auto-approve -q nick.plan.kdl
    | database: test.db (from --url)
    | error: apply refused; nothing was changed
    |   table.users (breaks-clients): running applications that use `name` will fail
    |     update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps
    |   help: rosey.kdl makes this an error; to allow it this once, add --allow breaks-clients:table.users
    exit 3
    ");
    assert_eq!(place.snapshot(), before);
    place.apply(&["-q", "nick.plan.kdl", "--allow", "breaks-clients:table.users"]).exits(0);
    let before = place.snapshot();
    place.rosey(&["rollback", "--url", "test.db", "--auto-approve", "-q"]).exits(3);
    assert_eq!(place.snapshot(), before);
    assert_snapshot!(place.rosey(&["rollback", "--url", "test.db", "--auto-approve", "--allow", "breaks-clients:table.users"]), @"
    $ rosey rollback --url test.db --auto-approve --allow breaks-clients:table.users
    Rolling back to version 1 (undoes 2)

    ~  change in place
    !  warning

    # table.users will be changed in place
    ~ table users {
    ~     column name   was nick
          # 1 unchanged column
      }
    ! breaks-clients, allowed: running applications that use `nick` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 0 to destroy.
    Rollback complete (version 3): 0 added, 1 changed, 0 destroyed.
    | database: test.db (from --url)
    | change table.users
    | verify
    exit 0
    ");
}

#[test]
fn an_exception_in_the_schema_lifts_a_level() {
    for exception in [
        RENAMED.replace("was=name", "was=name { allow breaks-clients \"no program reads it\"; }"),
        RENAMED.replace("users {\n", "users {\n    allow breaks-clients \"no program reads it\"\n"),
    ] {
        let place = Place::having(USERS, "");
        place.write("rosey.kdl", STOPS);
        place.write("schema.kdl", &exception);
        let run = place.apply(&[]).exits(0);
        assert!(!run.out.contains("breaks-clients"), "{run}");
        place.rosey(&["lint"]).exits(0);
    }
}

#[test]
fn an_environment_has_levels_of_its_own() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", RENAMED);
    place.write("rosey.kdl", "lint { breaks-clients off; }\nenv prod {\n    url \"test.db\"\n    lint { breaks-clients error; }\n}\n");
    place.rosey(&["apply", "--env", "prod", "--auto-approve", "-q"]).exits(3);
    let run = place.apply(&[]).exits(0);
    assert!(!run.out.contains("breaks-clients"), "{run}");
}

#[test]
fn a_note_is_a_note_in_every_form() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", RENAMED);
    for (level, wanted) in [
        (
            "note",
            ["! breaks-clients note: running", "::notice ", "\"level\": \"note\"", "\"level\": \"notes\"", "ℹ️ `breaks-clients` (note)"],
        ),
        (
            "warning",
            ["! breaks-clients: running", "::warning ", "\"level\": \"warning\"", "\"level\": \"warns\"", "⚠️ `breaks-clients` in"],
        ),
    ] {
        place.write("rosey.kdl", format!("lint {{ breaks-clients {level}; }}\n"));
        for (format, wanted) in ["text", "github", "sarif", "json", "markdown"].into_iter().zip(wanted) {
            let run = place.rosey(&["plan", "--url", "test.db", "--format", format]);
            assert!(run.out.contains(wanted), "{level}, {format}: {run}");
        }
    }
}

#[test]
fn leave_is_shown_as_what_it_is() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann')");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    for leave in [&["--allow-destructive"][..], &["--allow", "destroy:table.users"]] {
        let run = place.rosey(&[&["apply", "--url", "test.db"], leave].concat()).exits(1);
        assert!(run.out.contains("! destroys-column, allowed: drops column name (1 non-null value)\n"), "{run}");
    }
    place.write("rosey.kdl", "allow-destructive #true\n");
    let run = place.rosey(&["plan", "--url", "test.db"]).exits(0);
    assert!(run.out.contains("! destroys-column, allowed:"), "{run}");
    let script = place.rosey(&["plan", "--url", "test.db", "--format", "sql"]).exits(0).out;
    assert!(script.contains("To allow it, delete the lines from here"), "{script}");
}

#[test]
fn leave_that_a_refusal_names_is_enough() {
    let odd = "table \"old things\" {\n    column id serial primary-key\n}\n";
    let place = Place::having(&format!("{USERS}{odd}"), "INSERT INTO users (name) VALUES ('ann')");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    let run = place.apply(&["-q"]).exits(3);
    assert!(run.err.contains("add --allow 'destroy:table.old things' --allow destroy:table.users.column.name\n"), "{run}");
    place.apply(&["-q", "--allow", "destroy:table.old things", "--allow", "destroy:table.users.column.name"]).exits(0);
}

#[test]
fn what_no_file_can_allow() {
    let place = Place::having(USERS, "");
    place.write("rosey.kdl", "lint {\n    destroys-table off\n    breaks-check note\n    breaks-client off\n}\n");
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @"
    $ rosey plan --url test.db
    |   × the level of `destroys-table` cannot be set
    |    ╭─[rosey.kdl:2:5]
    |  1 │ lint {
    |  2 │     destroys-table off
    |    ·     ─────────┬────────
    |    ·              ╰── here
    |  3 │     breaks-check note
    |    ╰────
    |   help: data loss must be approved with --allow CODE:ADDRESS, or with `allow-destructive` for everything
    |
    |   × the level of `breaks-check` cannot be set
    |    ╭─[rosey.kdl:3:5]
    |  2 │     destroys-table off
    |  3 │     breaks-check note
    |    ·     ────────┬────────
    |    ·             ╰── here
    |  4 │     breaks-client off
    |    ╰────
    |   help: this hazard blocks an apply at any level; `rosey explain` describes how to resolve it
    |
    |   × unknown code `breaks-client`
    |    ╭─[rosey.kdl:4:5]
    |  3 │     breaks-check note
    |  4 │     breaks-client off
    |    ·     ────────┬────────
    |    ·             ╰── not recognized
    |  5 │ }
    |    ╰────
    |   help: did you mean `breaks-clients`?
    |
    | error: rosey.kdl has 3 errors
    exit 1
    ");
    place.write("rosey.kdl", "");
    place.write(
        "schema.kdl",
        USERS.replace("{\n    column id", "{\n    allow destroys-column \"x\"\n    allow breaks-check \"x\"\n    column id"),
    );
    assert_snapshot!(place.rosey(&["lint"]), @r#"
    $ rosey lint
    |   × `allow destroys-column`: data loss cannot be approved in a schema file
    |    ╭─[schema.kdl:2:5]
    |  1 │ table users {
    |  2 │     allow destroys-column "x"
    |    ·     ────────────┬────────────
    |    ·                 ╰── here
    |  3 │     allow breaks-check "x"
    |    ╰────
    |   help: remove it; approve it for one apply on the command line: --allow destroys-column:table.users
    |
    |   × `allow breaks-check`: this hazard always blocks an apply and cannot be approved
    |    ╭─[schema.kdl:3:5]
    |  2 │     allow destroys-column "x"
    |  3 │     allow breaks-check "x"
    |    ·     ───────────┬──────────
    |    ·                ╰── here
    |  4 │     column id serial primary-key
    |    ╰────
    |   help: remove it; `rosey explain breaks-check` describes how to resolve it
    |
    | error: the schema has 2 errors
    exit 1
    "#);
}
