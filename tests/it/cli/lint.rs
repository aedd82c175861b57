//! `rosey lint` and `rosey explain`, and what the linter adds to a plan.

use insta::assert_snapshot;

use super::{Place, USERS};

const POSTS: &str = "table users {\n    column id bigint primary-key identity\n}\ntable posts {\n    column id bigint primary-key identity\n    column author bigint references=users\n    column code STRING only=sqlite\n}\n";

#[test]
fn findings_have_their_lines() {
    let place = Place::with(POSTS);
    assert_snapshot!(place.rosey(&["lint"]), @"
    $ rosey lint
    warning[foreign-key-without-index]

      ⚠ no index starts with author, which references users
       ╭─[schema.kdl:6:26]
     5 │     column id bigint primary-key identity
     6 │     column author bigint references=users
       ·                          ────────┬───────
       ·                                  ╰── table.posts.foreign-key.author
     7 │     column code STRING only=sqlite
       ╰────
      help: add `index idx_posts_author author` to the table

    warning[misleading-type]

      ⚠ column code is declared as STRING, which SQLite interprets as NUMERIC
       ╭─[schema.kdl:7:5]
     6 │     column author bigint references=users
     7 │     column code STRING only=sqlite
       ·     ───────────────┬──────────────
       ·                    ╰── table.posts.column.code
     8 │ }
       ╰────
      help: use text (sqlite)

    schema.kdl: 2 warnings
    exit 1
    ");
    assert_snapshot!(place.rosey(&["lint", "--format", "github"]), @"
    $ rosey lint --format github
    ::warning file=schema.kdl,line=6,col=26,title=foreign-key-without-index::table.posts.foreign-key.author: no index starts with author, which references users; add `index idx_posts_author author` to the table
    ::warning file=schema.kdl,line=7,col=5,title=misleading-type::table.posts.column.code: column code is declared as STRING, which SQLite interprets as NUMERIC; use text
    exit 1
    ");
    assert_snapshot!(place.rosey(&["lint", "--format", "json", "--dialect", "postgres"]), @r#"
    $ rosey lint --format json --dialect postgres
    {
      "format_version": 1,
      "rosey_version": "0.1.0",
      "findings": [
        {
          "code": "foreign-key-without-index",
          "level": "warning",
          "address": "table.posts.foreign-key.author",
          "message": "no index starts with author, which references users",
          "advice": "add `index idx_posts_author author` to the table",
          "dialects": [
            "postgres"
          ],
          "file": "schema.kdl",
          "line": 6,
          "column": 26
        }
      ]
    }
    exit 1
    "#);
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
    assert_snapshot!(place.rosey(&["lint", "--level", "note"]), @"
    $ rosey lint --level note
    schema.kdl: no findings
    exit 0
    ");
}

#[test]
fn an_exception_stands_in_the_schema_with_its_reason() {
    let place = Place::with("table logs {\n    column line text\n    allow no-primary-key \"lines are only added\"\n}\n");
    place.rosey(&["lint", "--level", "note"]).exits(0);
    // It is not a difference, and a plan does not contain it.
    place.apply(&[]).exits(0);
    place.write("schema.kdl", "table logs {\n    column line text\n}\n");
    place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(0);
    place.write("schema.kdl", "table logs {\n    column line text\n    allow no-primary-key\n    allow no-primary-kee \"x\"\n}\n");
    assert_snapshot!(place.rosey(&["lint"]), @r#"
    $ rosey lint
    |   × `allow no-primary-key` has no reason
    |    ╭─[schema.kdl:3:5]
    |  2 │     column line text
    |  3 │     allow no-primary-key
    |    ·     ──────────┬─────────
    |    ·               ╰── here
    |  4 │     allow no-primary-kee "x"
    |    ╰────
    |   help: write `allow no-primary-key "REASON"`
    |
    | error: the schema has one error
    exit 1
    "#);
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
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db"]), @r#"
    $ rosey plan --url test.db
    +  create
    ~  change in place
    ±  rebuild
    -  destroy
    !  warning

    # table.users will be rebuilt (column age is added with a backfill; 1 row copied, 4.0 KiB)
    ± table users {
    ~     column name   was nick
    +     column error_message text
    +     column age integer not-null { backfill "0" }
    -     column last_error text
          # 1 unchanged column
      }
    ! destroys-column BLOCKED without --allow-destructive: drops column last_error (0 non-null values)
      to rename it instead, add was=last_error to the new definition
    ! breaks-clients: running applications that use `nick`, `last_error` or insert rows without `age` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps
    ! looks-like-rename: `last_error` is dropped and `error_message` is added, and they are similar
      if it is a rename, write: column error_message text was=last_error

    # the rebuilds need about 8.0 KiB of free disk space

    Plan: 0 to add, 1 to change, 0 to destroy. 1 table rebuilt, 1 row copied.
    | database: test.db (from --url)
    exit 0
    "#);
    place.write("rosey.kdl", "lint {\n    breaks-clients error\n    looks-like-rename off\n}\n");
    let before = place.snapshot();
    assert_snapshot!(place.apply(&["--allow-destructive", "-q"]), @"
    $ rosey apply --url test.db --auto-approve --allow-destructive -q
    | database: test.db (from --url)
    | error: apply refused; nothing was changed
    |   table.users (breaks-clients): running applications that use `nick`, `last_error` or insert rows without `age` will fail
    |     update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps
    |   help: rosey.kdl makes this an error; to allow it this once, add --allow breaks-clients:table.users
    exit 3
    ");
    assert_eq!(place.snapshot(), before);
}

#[test]
fn every_command_that_shows_a_plan_shows_the_linters_warnings() {
    let place = Place::new();
    place.write("old.kdl", "table a { column id integer primary-key; column name text; }");
    place.write("schema.kdl", "table a { column id integer primary-key; column full_name text; }\ntable log { column at integer; }");
    let diff = place.rosey(&["diff", "old.kdl", "schema.kdl", "--dialect", "sqlite"]);
    assert!(diff.out.contains("! breaks-clients: ") && diff.out.contains("! looks-like-rename: "), "{diff}");
    place.rosey(&["apply", "--schema", "old.kdl", "--url", "sqlite:///a.db", "--auto-approve"]).exits(0);
    let plan = place.rosey(&["plan", "--url", "sqlite:///a.db", "--out", "a.plan.kdl"]).exits(0);
    assert!(plan.out.contains("\n# 1 lint finding in the changed objects: run `rosey lint` to see it\n"), "{plan}");
    let show = place.rosey(&["show", "a.plan.kdl"]).exits(0);
    assert!(show.out.contains("! breaks-clients: ") && show.out.contains("! looks-like-rename: "), "{show}");
    let github = place.rosey(&["plan", "--url", "sqlite:///a.db", "--format", "github"]).exits(0);
    assert!(github.out.contains("::warning file=schema.kdl,line=2,col=1,title=no-primary-key::"), "{github}");
    let sarif = place.rosey(&["lint", "--format", "sarif"]).exits(1);
    assert!(sarif.out.contains("\"startLine\": 2") && sarif.out.contains("\"ruleId\": \"no-primary-key\""), "{sarif}");
}

#[test]
fn leave_is_given_by_name() {
    let place =
        Place::having(&format!("{USERS}table old {{\n    column id serial primary-key\n}}\n"), "INSERT INTO users (name) VALUES ('a')");
    place.write("schema.kdl", "table users {\n    column id serial primary-key\n}\n");
    assert_snapshot!(place.apply(&["-q", "--allow", "destroy:table.old", "--allow", "destroy:table.gone"]), @"
    $ rosey apply --url test.db --auto-approve -q --allow destroy:table.old --allow destroy:table.gone
    | database: test.db (from --url)
    | warning: --allow destroy:table.gone: nothing in the plan needs it
    | error: apply refused; nothing was changed
    |   table.users.column.name (destroys-column): drops column name (1 non-null value)
    |   help: to allow this data loss and no other, add --allow destroy:table.users.column.name
    |   help: to allow all data loss in this plan, add --allow-destructive
    exit 3
    ");
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
    assert_snapshot!(place.rosey(&["explain", "padded-char"]), @r#"
    $ rosey explain padded-char
    padded-char (warning, PostgreSQL)

    A column has the type char(n) or bpchar.

    PostgreSQL pads shorter values with spaces and stores the padding, but ignores it in comparisons,
    though not in LIKE or regular expressions. `bpchar` without a length does not pad, but compares in
    the same way. These types are neither faster nor smaller than text
    (https://www.postgresql.org/docs/current/datatype-character.html).

    Use `text`, with a check constraint if the length is fixed.

        column country text { check "length(country) = 2" }
    exit 0
    "#);
    assert_snapshot!(place.rosey(&["explain", "paded-char"]), @r"
    $ rosey explain paded-char
    | error: unknown code `paded-char`
    |   help: did you mean `padded-char`?
    exit 1
    ");
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
