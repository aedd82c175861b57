//! Text that is not KDL.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn a_brace_that_is_never_closed() {
    let schema = r"
        table users {
            column id serial primary-key
    ";
    assert_snapshot!(mistakes(schema), @"
      × unclosed `{`
       ╭─[schema.kdl:1:13]
     1 │ table users {
       ·             ┬
       ·             ╰── here
     2 │     column id serial primary-key
       ╰────
      help: add the matching `}`

    error: the schema has one error
    ");
}

#[test]
fn a_brace_too_many() {
    let schema = r"
        table users {
            column id serial primary-key
        }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unmatched `}`
       ╭─[schema.kdl:4:1]
     3 │ }
     4 │ }
       · ┬
       · ╰── here
       ╰────
      help: remove it, or add the matching `{`

    error: the schema has one error
    ");
}

#[test]
fn a_brace_on_a_line_of_its_own() {
    let schema = r"
        table users
        {
            column id serial primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × a children block without a node
       ╭─[schema.kdl:2:1]
     1 │ table users
     2 │ {
       · ┬
       · ╰── here
     3 │     column id serial primary-key
       ╰────
      help: put it on the same line as its node: table users {

    error: the schema has one error
    ");
}

#[test]
fn braces_without_a_node() {
    let schema = r"
        { column id serial primary-key }
    ";
    assert_snapshot!(mistakes(schema), @"
      × a children block without a node
       ╭─[schema.kdl:1:1]
     1 │ { column id serial primary-key }
       · ┬
       · ╰── here
       ╰────
      help: put it on the same line as its node: table users {

    error: the schema has one error
    ");
}

#[test]
fn round_brackets_for_braces() {
    let schema = r"
        table users (
            column id serial primary-key
        )
    ";
    assert_snapshot!(mistakes(schema), @"
      × found `(` where `{` is expected
       ╭─[schema.kdl:1:13]
     1 │ table users (
       ·             ┬
       ·             ╰── here
     2 │     column id serial primary-key
       ╰────
      help: write a children block in braces

      × `)` is not a node
       ╭─[schema.kdl:3:1]
     2 │     column id serial primary-key
     3 │ )
       · ┬
       · ╰── here
       ╰────
      help: a node is a name such as `table`, followed by its arguments, properties and children block

    error: the schema has 2 errors
    ");
}

#[test]
fn more_levels_of_braces_than_a_schema_has() {
    let schema = "a {\n".repeat(65);
    assert_snapshot!(mistakes(&schema), @"
      × more than 64 levels of braces
        ╭─[schema.kdl:65:3]
     64 │ a {
     65 │ a {
        ·   ┬
        ·   ╰── here
        ╰────
      help: a schema needs only four

    error: the schema has one error
    ");
}

#[test]
fn a_string_that_is_not_closed_on_its_line() {
    let schema = r#"
        table users {
            column name text default="nobody
            column age integer
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unterminated string
       ╭─[schema.kdl:2:30]
     1 │ table users {
     2 │     column name text default="nobody
       ·                              ───┬───
       ·                                 ╰── here
     3 │     column age integer
       ╰────
      help: close it with `"`, or use `"""` for a multi-line string

    error: the schema has one error
    "#);
}

#[test]
fn a_string_of_several_lines_that_is_never_closed() {
    let schema = r#"
        view active_users {
            as """
                SELECT name FROM users
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unterminated string
       ╭─[schema.kdl:2:8]
     1 │ view active_users {
     2 │     as """
       ·        ─┬─
       ·         ╰── here
     3 │         SELECT name FROM users
       ╰────
      help: close it with `"""` on a line of its own

    error: the schema has one error
    "#);
}

#[test]
fn a_string_that_ends_before_its_text_does() {
    let schema = r#"
        table users comment="the "bot's" users" {
            column id serial primary-key
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the string ends too early
       ╭─[schema.kdl:1:21]
     1 │ table users comment="the "bot's" users" {
       ·                     ──────┬─────
       ·                           ╰── here
     2 │     column id serial primary-key
       ╰────
      help: write a `"` inside a string as `\"`

      × KDL syntax error: Expected identifier string
       ╭─[schema.kdl:1:34]
     1 │ table users comment="the "bot's" users" {
       ·                                  ───┬──
       ·                                     ╰── here
     2 │     column id serial primary-key
       ╰────
      help: A valid value was partially parsed, but was not followed by a value terminator. Did you want a space
            here?

    error: the schema has 2 errors
    "#);
}

#[test]
fn a_backslash_that_begins_no_escape() {
    let schema = r#"
        table files {
            column path text default="C:\data"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r##"
      × `\` does not start a valid escape sequence
       ╭─[schema.kdl:2:30]
     1 │ table files {
     2 │     column path text default="C:\data"
       ·                              ────┬────
       ·                                  ╰── here
     3 │ }
       ╰────
      help: write `\\`, or use a raw string: #"…"#

    error: the schema has one error
    "##);
}

#[test]
fn a_comment_that_is_never_closed() {
    let schema = r"
        table users {
            column name text /* a note
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unterminated `/*` comment
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column name text /* a note
       ·                      ─┬
       ·                       ╰── here
     3 │ }
       ╰────
      help: add the closing `*/`

    error: the schema has one error
    ");
}
