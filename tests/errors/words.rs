//! Nodes and flags that the language does not have, with the closest ones that it has.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn an_unknown_node() {
    let schema = r"
        tabel users {
            column id serial primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unknown node `tabel`
       ╭─[schema.kdl:1:1]
     1 │ tabel users {
       · ──┬──
       ·   ╰── not recognized
     2 │     column id serial primary-key
       ╰────
      help: did you mean `table`?

    error: the schema has one error
    ");
}

#[test]
fn an_unknown_node_that_is_near_to_none() {
    let schema = r"
        procedure purge
    ";
    assert_snapshot!(mistakes(schema), @"
      × unknown node `procedure`
       ╭─[schema.kdl:1:1]
     1 │ procedure purge
       · ────┬────
       ·     ╰── not recognized
       ╰────
      help: expected one of: table, view, trigger, virtual-table, schema, extension, enum, domain, sequence,
            materialized-view, ignore, include, unmanaged

    error: the schema has one error
    ");
}

#[test]
fn a_node_with_a_colon() {
    let schema = r"
        table: users
    ";
    assert_snapshot!(mistakes(schema), @"
      × unknown node `table:`
       ╭─[schema.kdl:1:1]
     1 │ table: users
       · ───┬──
       ·    ╰── not recognized
       ╰────
      help: remove the colon: write `table`

    error: the schema has one error
    ");
}

#[test]
fn a_name_with_a_colon() {
    let schema = r"
        table users: {
            column id: serial primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × the name `users:` ends with a colon
       ╭─[schema.kdl:1:7]
     1 │ table users: {
       ·       ───┬──
       ·          ╰── here
     2 │     column id: serial primary-key
       ╰────
      help: remove the colon: write `users`

      × the name `id:` ends with a colon
       ╭─[schema.kdl:2:12]
     1 │ table users: {
     2 │     column id: serial primary-key
       ·            ─┬─
       ·             ╰── here
     3 │ }
       ╰────
      help: remove the colon: write `id`

    error: the schema has 2 errors
    ");
}

#[test]
fn a_node_with_an_annotation() {
    let schema = r"
        (table)users {
            column id serial primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unexpected type annotation `(table)` on a node
       ╭─[schema.kdl:1:2]
     1 │ (table)users {
       ·  ──┬──
       ·    ╰── here
     2 │     column id serial primary-key
       ╰────
      help: remove it

      × unknown node `users`
       ╭─[schema.kdl:1:8]
     1 │ (table)users {
       ·        ──┬──
       ·          ╰── not recognized
     2 │     column id serial primary-key
       ╰────
      help: expected one of: table, view, trigger, virtual-table, schema, extension, enum, domain, sequence,
            materialized-view, ignore, include, unmanaged

    error: the schema has 2 errors
    ");
}

#[test]
fn an_unknown_node_in_a_table() {
    let schema = r"
        table users {
            colum id serial primary-key
            zebra id
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unknown node in a table: `colum`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     colum id serial primary-key
       ·     ──┬──
       ·       ╰── not recognized
     3 │     zebra id
       ╰────
      help: did you mean `column`?

      × unknown node in a table: `zebra`
       ╭─[schema.kdl:3:5]
     2 │     colum id serial primary-key
     3 │     zebra id
       ·     ──┬──
       ·       ╰── not recognized
     4 │ }
       ╰────
      help: expected one of: column, primary-key, unique, foreign-key, check, exclude, index, with, was,
            comment, allow

    error: the schema has 2 errors
    ");
}

#[test]
fn a_column_without_its_node() {
    let schema = r"
        table users {
            id integer
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unknown node in a table: `id`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     id integer
       ·     ─┬
       ·      ╰── not recognized
     3 │ }
       ╰────
      help: expected one of: column, primary-key, unique, foreign-key, check, exclude, index, with, was,
            comment, allow

    error: the schema has one error
    ");
}

#[test]
fn a_flag_of_a_table() {
    let schema = r"
        table users strct {
            column id serial primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × invalid value `strct` for a table flag
       ╭─[schema.kdl:1:13]
     1 │ table users strct {
       ·             ──┬──
       ·               ╰── here
     2 │     column id serial primary-key
       ╰────
      help: did you mean `strict`?

    error: the schema has one error
    ");
}

#[test]
fn a_flag_of_a_table_that_is_near_to_none() {
    let schema = r"
        table users posts {
            column id serial primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × invalid value `posts` for a table flag
       ╭─[schema.kdl:1:13]
     1 │ table users posts {
       ·             ──┬──
       ·               ╰── here
     2 │     column id serial primary-key
       ╰────
      help: expected one of: strict, without-rowid, unlogged, prevent-destroy

    error: the schema has one error
    ");
}

#[test]
fn a_flag_of_a_column() {
    let schema = r"
        table users {
            column id serial primay-key
            column name text zebra
            column age integer not_null
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × invalid value `primay-key` for a column flag
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column id serial primay-key
       ·                      ─────┬────
       ·                           ╰── here
     3 │     column name text zebra
       ╰────
      help: did you mean `primary-key`?

      × invalid value `zebra` for a column flag
       ╭─[schema.kdl:3:22]
     2 │     column id serial primay-key
     3 │     column name text zebra
       ·                      ──┬──
       ·                        ╰── here
     4 │     column age integer not_null
       ╰────
      help: expected one of: not-null, primary-key, nullable, unique, autoincrement, identity, prevent-destroy

      × invalid value `not_null` for a column flag
       ╭─[schema.kdl:4:24]
     3 │     column name text zebra
     4 │     column age integer not_null
       ·                        ────┬───
       ·                            ╰── here
     5 │ }
       ╰────
      help: did you mean `not-null`?

    error: the schema has 3 errors
    ");
}

#[test]
fn a_flag_that_was_written_as_two_words() {
    let schema = r"
        table users {
            column id serial primary key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × invalid value `primary` for a column flag
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column id serial primary key
       ·                      ───┬───
       ·                         ╰── here
     3 │ }
       ╰────
      help: did you mean `primary-key`?

      × invalid value `key` for a column flag
       ╭─[schema.kdl:2:30]
     1 │ table users {
     2 │     column id serial primary key
       ·                              ─┬─
       ·                               ╰── here
     3 │ }
       ╰────
      help: did you mean `primary-key`?

    error: the schema has 2 errors
    ");
}

#[test]
fn a_flag_with_a_value() {
    let schema = r"
        table users {
            column name text not-null=#true unique=#true
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `not-null` is a flag and takes no value
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column name text not-null=#true unique=#true
       ·                      ───────┬──────
       ·                             ╰── here
     3 │ }
       ╰────
      help: write `not-null`

      × `unique` is a flag and takes no value
       ╭─[schema.kdl:2:37]
     1 │ table users {
     2 │     column name text not-null=#true unique=#true
       ·                                     ──────┬─────
       ·                                           ╰── here
     3 │ }
       ╰────
      help: write `unique`

    error: the schema has 2 errors
    ");
}

#[test]
fn a_flag_that_is_no_word() {
    let schema = r"
        table users {
            column age integer 5
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × a column flag must be a string
       ╭─[schema.kdl:2:24]
     1 │ table users {
     2 │     column age integer 5
       ·                        ┬
       ·                        ╰── not a string
     3 │ }
       ╰────
      help: write "5"

    error: the schema has one error
    "#);
}
