//! Objects that SQL defines as a whole: their texts, and the files that contain them.

use insta::assert_snapshot;
use rosey::schema::Dialect;

use super::{Folder, mistakes, mistakes_for, valid, valid_for};

const TABLE: &str = "table sales {\n    column id bigint primary-key\n    column city text\n    column zip text\n}\n";

/// Returns the messages about a schema that names one SQL file.
fn with_file(schema: &str, name: &str, sql: &str) -> String {
    Folder::new().file("schema.kdl", &format!("{TABLE}{schema}")).file(name, sql).mistakes("schema.kdl")
}

#[test]
fn a_file_with_the_whole_statement() {
    let schema = format!("{TABLE}statistics place {{ from \"sql/place.sql\" }}\n");
    for sql in [
        "-- Cities and codes.\nCREATE STATISTICS IF NOT EXISTS place (mcv) ON city, zip FROM sales;\n",
        "create statistics public.\"place\" on city, zip from sales",
    ] {
        let folder = Folder::new().file("schema.kdl", &schema).file("sql/place.sql", sql);
        assert_eq!(folder.validate(&["--schema", "schema.kdl"]).0, Some(0), "{sql}");
    }
}

#[test]
fn a_file_that_creates_something_else() {
    let schema = "statistics place { from \"place.sql\" }";
    assert_snapshot!(with_file(schema, "place.sql", "CREATE STATISTICS places ON city, zip FROM sales"), @r#"
      × `place.sql` does not create statistics `place`: it creates `places`
       ╭─[schema.kdl:6:25]
     5 │ }
     6 │ statistics place { from "place.sql" }
       ·                         ─────┬─────
       ·                              ╰── read from here
       ╰────
      help: a file contains one statement: CREATE STATISTICS place …

    error: the schema has one error
    "#);
}

#[test]
fn a_file_that_is_not_there() {
    let schema = "statistics place { from \"other.sql\" }";
    assert_snapshot!(with_file(schema, "place.sql", ""), @r#"
      × other.sql: No such file or directory (os error 2)
       ╭─[schema.kdl:6:25]
     5 │ }
     6 │ statistics place { from "other.sql" }
       ·                         ─────┬─────
       ·                              ╰── named here
       ╰────
      help: the path is relative to the file that contains the node

    error: the schema has one error
    "#);
}

#[test]
fn a_file_outside_of_the_folder() {
    let folder = Folder::new().file("schema/schema.kdl", "statistics place { from \"../place.sql\" }").file("place.sql", "");
    assert_snapshot!(folder.mistakes("schema/schema.kdl"), @r#"
      × `../place.sql` leads outside the schema folder
       ╭─[schema/schema.kdl:1:25]
     1 │ statistics place { from "../place.sql" }
       ·                         ───────┬──────
       ·                                ╰── named here
       ╰────
      help: name a file in the folder of this file or below it

    error: the schema has one error
    "#);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_outside_of_the_folder() {
    let folder = Folder::new().file("schema/schema.kdl", "statistics place { from \"place.sql\" }").file("place.sql", "");
    let folder = folder.link("../place.sql", "schema/place.sql");
    assert_snapshot!(folder.mistakes("schema/schema.kdl"), @r#"
      × `schema/place.sql` is a symbolic link to a file outside the schema folder
       ╭─[schema/schema.kdl:1:25]
     1 │ statistics place { from "place.sql" }
       ·                         ─────┬─────
       ·                              ╰── named here
       ╰────
      help: put the file itself in the schema folder

    error: the schema has one error
    "#);
}

#[test]
fn neither_a_text_nor_a_file() {
    assert_snapshot!(mistakes("statistics place { from }"), @r#"
      × `from` is missing a path
       ╭─[schema.kdl:1:20]
     1 │ statistics place { from }
       ·                    ──┬─
       ·                      ╰── here
       ╰────
      help: write `from "FILE.sql"`

    error: the schema has one error
    "#);
}

#[test]
fn texts_that_are_not_one_statement() {
    let schema = r#"
        statistics a { as "ON city, zip FROM sales; DROP TABLE sales" }
        statistics b { as "ON city, (zip FROM sales" }
        statistics c { as "ON city, zip FROM 'sales" }
        statistics d { as "ON city, zip FROM sales /* not" }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × the definition of statistics `a` contains a `;`
       ╭─[schema.kdl:1:19]
     1 │ statistics a { as "ON city, zip FROM sales; DROP TABLE sales" }
       ·                   ─────────────────────┬─────────────────────
       ·                                        ╰── expected one statement
     2 │ statistics b { as "ON city, (zip FROM sales" }
       ╰────
      help: write what follows the name in one CREATE statement, and close all brackets and quotes

      × the definition of statistics `b` is not one complete statement
       ╭─[schema.kdl:2:19]
     1 │ statistics a { as "ON city, zip FROM sales; DROP TABLE sales" }
     2 │ statistics b { as "ON city, (zip FROM sales" }
       ·                   ─────────────┬────────────
       ·                                ╰── expected one statement
     3 │ statistics c { as "ON city, zip FROM 'sales" }
       ╰────
      help: write what follows the name in one CREATE statement, and close all brackets and quotes

      × the definition of statistics `c` is not one complete statement
       ╭─[schema.kdl:3:19]
     2 │ statistics b { as "ON city, (zip FROM sales" }
     3 │ statistics c { as "ON city, zip FROM 'sales" }
       ·                   ─────────────┬────────────
       ·                                ╰── expected one statement
     4 │ statistics d { as "ON city, zip FROM sales /* not" }
       ╰────
      help: write what follows the name in one CREATE statement, and close all brackets and quotes

      × the definition of statistics `d` has a comment that does not end
       ╭─[schema.kdl:4:19]
     3 │ statistics c { as "ON city, zip FROM 'sales" }
     4 │ statistics d { as "ON city, zip FROM sales /* not" }
       ·                   ────────────────┬───────────────
       ·                                   ╰── expected one statement
       ╰────
      help: write what follows the name in one CREATE statement, and close all brackets and quotes

    error: the schema has 4 errors
    "#);
}

#[test]
fn two_of_one_name() {
    assert_snapshot!(mistakes("statistics a { as \"ON b, c FROM d\"; }\nstatistics a { as \"ON b, c FROM e\"; }"), @r#"
      × two statistics are named `a`
       ╭─[schema.kdl:1:1]
     1 │ statistics a { as "ON b, c FROM d"; }
       · ──────┬─────
       ·       ╰── the first
     2 │ statistics a { as "ON b, c FROM e"; }
       · ──────┬─────
       ·       ╰── the second
       ╰────
      help: rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`

    error: the schema has one error
    "#);
}

#[test]
fn what_is_only_on_servers_does_nothing_on_sqlite() {
    valid(&format!("{TABLE}statistics place comment=\"Places\" {{ as \"ON city, zip FROM sales\" }}"));
    valid_for(Dialect::Sqlite, &format!("{TABLE}trigger t comment=\"No rows\" {{ as \"AFTER INSERT ON sales BEGIN SELECT 1; END\" }}"));
}
