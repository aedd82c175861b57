//! `rosey graph`, and the forms of a plan that name the schema files.

use insta::assert_snapshot;

use super::{Place, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE};

#[test]
fn the_schema_file_is_drawn_without_a_database() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["graph", "--format", "mermaid"]), @r#"
    $ rosey graph --format mermaid
    erDiagram
        "users" {
            serial id PK
            text name
        }
    exit 0
    "#);
    assert_eq!(place.files(), ["schema.kdl"]);
}

#[test]
fn the_live_database_and_a_plan_are_drawn() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    let before = place.snapshot();
    assert_snapshot!(place.rosey(&["graph", "--format", "mermaid", "--live", "--url", "test.db"]), @r#"
    $ rosey graph --format mermaid --live --url test.db
    erDiagram
        "users" {
            serial id PK
            text name
        }
    | database: test.db (from --url)
    exit 0
    "#);
    assert_snapshot!(place.rosey(&["graph", "--format", "mermaid", "--plan", "--url", "test.db"]), @r#"
    $ rosey graph --format mermaid --plan --url test.db
    erDiagram
        "users"["~ users"] {
            serial id PK
            text name
            integer age "create"
        }
    | database: test.db (from --url)
    exit 0
    "#);
    assert_snapshot!(place.rosey(&["graph", "--format", "mermaid", "--order", "--url", "test.db"]), @r#"
    $ rosey graph --format mermaid --order --url test.db
    flowchart TD
        subgraph inside ["in the transaction"]
            s0["1: alter table.users (ALTER TABLE)"]
        end
    | database: test.db (from --url)
    exit 0
    "#);
    assert_eq!(place.snapshot(), before);
}

#[test]
fn a_dialect_decides_what_is_read() {
    let place = Place::with(&format!("{USERS}\ntable here only=postgres {{ column id integer primary-key }}\n"));
    assert!(!place.rosey(&["graph", "--format", "dot"]).exits(0).out.contains("here"));
    assert!(place.rosey(&["graph", "--format", "dot", "--dialect", "postgres"]).exits(0).out.contains("here"));
}

#[test]
fn a_picture_is_svg_where_nothing_else_is_asked_for() {
    let run = Place::with(USERS).rosey(&["graph"]).exits(0);
    assert!(run.out.starts_with("<svg xmlns=") && run.out.ends_with("</svg>\n") && run.err.is_empty(), "{run}");
}

#[test]
fn warnings_name_the_file_and_the_line() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES (NULL)");
    place.write("db/my schema.kdl", USERS_WITH_A_NAME);
    let args = |format| ["plan", "--url", "test.db", "--schema", "db/my schema.kdl", "--format", format];
    assert_snapshot!(place.rosey(&args("github")), @"
    $ rosey plan --url test.db --schema db/my schema.kdl --format github
    ::error file=db/my schema.kdl,line=3,col=5,title=breaks-not-null::table.users.column.name: `name` is NULL in 1 of 1 rows%0Aadd a backfill to the column, or set a value in these rows first
    ::warning file=db/my schema.kdl,line=1,col=1,title=breaks-clients::table.users: running applications that insert rows without `name` will fail%0Aupdate or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps
    ::notice title=rosey plan::Plan: 0 to add, 1 to change, 0 to destroy.
    | database: test.db (from --url)
    exit 0
    ");
    let sarif = place.rosey(&args("sarif")).exits(0).out;
    assert!(sarif.contains("\"uri\": \"db/my%20schema.kdl\"") && sarif.contains("\"startLine\": 3"), "{sarif}");
}

#[test]
fn a_comment_and_a_page_are_printed_whole() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    assert!(place.rosey(&["plan", "--url", "test.db", "--format", "markdown"]).exits(0).out.starts_with("<!-- rosey plan -->\n"));
    assert!(place.rosey(&["plan", "--url", "test.db", "--format", "html"]).exits(0).out.ends_with("</html>\n"));
}
