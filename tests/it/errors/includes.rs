//! Includes, and files that cannot be read.

use insta::assert_snapshot;

use super::Folder;

#[test]
fn a_schema_that_is_not_there() {
    let folder = Folder::new();
    assert_snapshot!(folder.mistakes("schema.kdl"), @r"
    error: no schema at schema.kdl
      help: name it with --schema, or create one from a live database: rosey inspect --url URL > schema.kdl
    ");
}

#[test]
fn a_schema_that_is_no_text() {
    let folder = Folder::new().bytes("schema.kdl", b"\xff\xfe");
    assert_snapshot!(folder.mistakes("schema.kdl"), @r"
    error: schema.kdl is not UTF-8 text
      help: save the file as UTF-8
    ");
}

#[test]
fn an_included_file_that_is_no_text() {
    let folder = Folder::new().file("schema.kdl", r#"include "users.kdl""#).bytes("users.kdl", b"\xff\xfe");
    assert_snapshot!(folder.mistakes("schema.kdl"), @r"
    error: users.kdl is not UTF-8 text
      help: save the file as UTF-8
    ");
}

#[test]
fn an_include_that_steps_out() {
    let folder = Folder::new().file("schema/schema.kdl", r#"include "../users.kdl""#).file(
        "users.kdl",
        r"
            table users {
                column id serial primary-key
            }
        ",
    );
    assert_snapshot!(folder.mistakes("schema/schema.kdl"), @r#"
      × `../users.kdl` leads outside the schema folder
       ╭─[schema/schema.kdl:1:9]
     1 │ include "../users.kdl"
       ·         ───────┬──────
       ·                ╰── included here
       ╰────
      help: include only files in the folder of this file or below it

    error: the schema has one error
    "#);
}

#[test]
fn an_include_that_is_absolute() {
    let folder = Folder::new().file("schema.kdl", r#"include "/etc/hostname""#);
    assert_snapshot!(folder.mistakes("schema.kdl"), @r#"
      × `/etc/hostname` leads outside the schema folder
       ╭─[schema.kdl:1:9]
     1 │ include "/etc/hostname"
       ·         ───────┬───────
       ·                ╰── included here
       ╰────
      help: include only files in the folder of this file or below it

    error: the schema has one error
    "#);
}

#[test]
fn an_include_that_finds_no_file() {
    let folder = Folder::new().file("schema.kdl", r#"include "tables/*.kdl""#);
    assert_snapshot!(folder.mistakes("schema.kdl"), @r#"
      × `tables/*.kdl` does not match any file
       ╭─[schema.kdl:1:9]
     1 │ include "tables/*.kdl"
       ·         ───────┬──────
       ·                ╰── included here
       ╰────
      help: the path is relative to the file that contains the `include`

    error: the schema has one error
    "#);
}

#[test]
fn an_include_of_a_folder() {
    let folder = Folder::new().file("schema.kdl", r#"include "tables""#).file(
        "tables/users.kdl",
        r"
            table users {
                column id serial primary-key
            }
        ",
    );
    assert_snapshot!(folder.mistakes("schema.kdl"), @r#"
      × `tables` does not match any file
       ╭─[schema.kdl:1:9]
     1 │ include "tables"
       ·         ────┬───
       ·             ╰── included here
       ╰────
      help: the path is relative to the file that contains the `include`

    error: the schema has one error
    "#);
}

#[test]
fn an_include_that_is_no_pattern() {
    let folder = Folder::new().file("schema.kdl", r#"include "a[.kdl""#);
    assert_snapshot!(folder.mistakes("schema.kdl"), @r#"
      × invalid pattern `a[.kdl`: Pattern syntax error near position 1: invalid range pattern
       ╭─[schema.kdl:1:9]
     1 │ include "a[.kdl"
       ·         ────┬───
       ·             ╰── included here
       ╰────
      help: `*` matches any sequence of characters

    error: the schema has one error
    "#);
}

#[test]
#[cfg(unix)]
fn an_include_of_a_link_that_leads_out() {
    let folder = Folder::new()
        .file("schema/schema.kdl", r#"include "users.kdl""#)
        .file(
            "users.kdl",
            r"
            table users {
                column id serial primary-key
            }
        ",
        )
        .link("../users.kdl", "schema/users.kdl");
    assert_snapshot!(folder.mistakes("schema/schema.kdl"), @r#"
      × `schema/users.kdl` is a symbolic link to a file outside the schema folder
       ╭─[schema/schema.kdl:1:9]
     1 │ include "users.kdl"
       ·         ─────┬─────
       ·              ╰── included here
       ╰────
      help: put the file itself in the schema folder

    error: the schema has one error
    "#);
}

#[test]
fn an_include_of_nothing() {
    let folder = Folder::new()
        .file(
            "schema.kdl",
            r#"
            include
            include 5
            include "users.kdl" deep=#true
        "#,
        )
        .file(
            "users.kdl",
            r"
            table users {
                column id serial primary-key
            }
        ",
        );
    assert_snapshot!(folder.mistakes("schema.kdl"), @r#"
      × `include` has no path
       ╭─[schema.kdl:1:1]
     1 │ include
       · ───┬───
       ·    ╰── here
     2 │ include 5
       ╰────
      help: write `include "tables/*.kdl"`

      × a path must be a string
       ╭─[schema.kdl:2:9]
     1 │ include
     2 │ include 5
       ·         ┬
       ·         ╰── not a string
     3 │ include "users.kdl" deep=#true
       ╰────
      help: write "5"

      × unknown property `deep=` in `include`
       ╭─[schema.kdl:3:21]
     2 │ include 5
     3 │ include "users.kdl" deep=#true
       ·                     ─────┬────
       ·                          ╰── not recognized
       ╰────
      help: expected one of: only=

    error: the schema has 3 errors
    "#);
}

#[test]
fn an_include_in_a_table() {
    let folder = Folder::new().file(
        "schema.kdl",
        r#"
            table users {
                include "columns.kdl"
            }
        "#,
    );
    assert_snapshot!(folder.mistakes("schema.kdl"), @r#"
      × unknown node in a table: `include`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     include "columns.kdl"
       ·     ───┬───
       ·        ╰── not recognized
     3 │ }
       ╰────
      help: expected one of: column, primary-key, unique, foreign-key, check, exclude, index, with, was,
            comment, allow

    error: the schema has one error
    "#);
}

#[test]
fn an_included_file_with_a_mistake() {
    let folder = Folder::new().file("schema.kdl", r#"include "tables/users.kdl""#).file(
        "tables/users.kdl",
        r"
            table users {
                column id serial primay-key
            }
        ",
    );
    assert_snapshot!(folder.mistakes("schema.kdl"), @"
      × unknown column flag `primay-key`
       ╭─[tables/users.kdl:2:22]
     1 │ table users {
     2 │     column id serial primay-key
       ·                      ─────┬────
       ·                           ╰── here
     3 │ }
       ╰────
      help: did you mean `primary-key`?

    error: the schema has one error
    ");
}
