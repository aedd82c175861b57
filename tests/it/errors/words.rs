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
        aggregate purge
    ";
    assert_snapshot!(mistakes(schema), @r"
      × unknown node `aggregate`
       ╭─[schema.kdl:1:1]
     1 │ aggregate purge
       · ────┬────
       ·     ╰── not recognized
       ╰────
      help: rosey does not manage objects of this kind, and leaves those in the database alone

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
    assert_snapshot!(mistakes(schema), @r"
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
      help: expected one of: table, view, virtual-table, schema, extension, enum, domain, sequence,
            materialized-view, trigger, function, procedure, statistics, ignore, include, unmanaged

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
      help: to declare a column, write `column id integer`

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
      × unknown table flag `strct`
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
      × unknown table flag `posts`
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
      × unknown column flag `primay-key`
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column id serial primay-key
       ·                      ─────┬────
       ·                           ╰── here
     3 │     column name text zebra
       ╰────
      help: did you mean `primary-key`?

      × unknown column flag `zebra`
       ╭─[schema.kdl:3:22]
     2 │     column id serial primay-key
     3 │     column name text zebra
       ·                      ──┬──
       ·                        ╰── here
     4 │     column age integer not_null
       ╰────
      help: expected one of: not-null, primary-key, nullable, unique, autoincrement, identity, prevent-destroy

      × unknown column flag `not_null`
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
      × `primary key` is written as one word here
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column id serial primary key
       ·                      ─────┬─────
       ·                           ╰── here
     3 │ }
       ╰────
      help: write `primary-key`

    error: the schema has one error
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

#[test]
fn words_of_sql_in_place_of_those_of_the_language() {
    let schema = r##"
        table users {
            column id integer NOT NULL PRIMARY KEY
            column n integer DEFAULT 0
            column m integer null
            column at timestamp default=now()
            column r text default=r#"a"#
            # a comment
            index i(n, m)
        }
    "##;
    assert_snapshot!(mistakes(schema), @r##"
      × unknown column flag `null`
       ╭─[schema.kdl:4:22]
     3 │     column n integer DEFAULT 0
     4 │     column m integer null
       ·                      ──┬─
       ·                        ╰── here
     5 │     column at timestamp default=now()
       ╰────
      help: remove it: a column accepts NULL unless it has `not-null`

      × `now()` must be quoted
       ╭─[schema.kdl:5:33]
     4 │     column m integer null
     5 │     column at timestamp default=now()
       ·                                 ──┬──
       ·                                   ╰── here
     6 │     column r text default=r#"a"#
       ╰────
      help: write (sql)"now()" for the expression, or "now()" for the string

      × `r#` does not begin a string in KDL 2
       ╭─[schema.kdl:6:27]
     5 │     column at timestamp default=now()
     6 │     column r text default=r#"a"#
       ·                           ─┬
       ·                            ╰── here
     7 │     # a comment
       ╰────
      help: write a raw string without the r: #"…"#

      × `#` does not begin a comment in KDL
       ╭─[schema.kdl:7:5]
     6 │     column r text default=r#"a"#
     7 │     # a comment
       ·     ┬
       ·     ╰── here
     8 │     index i(n, m)
       ╰────
      help: a comment begins with `//`

      × `i(n, m)` must be quoted
       ╭─[schema.kdl:8:11]
     7 │     # a comment
     8 │     index i(n, m)
       ·           ───┬───
       ·              ╰── here
     9 │ }
       ╰────
      help: write the columns without brackets: i n m

    error: the schema has 5 errors
    "##);
    let schema = r#"
        table users {
            column id integer NOT NULL PRIMARY KEY
            column n integer DEFAULT 0
            foreign key n references="users(id)"
            view v { as "SELECT 1" }
            -- a comment
        }
        index i n
        function f { as "SELECT 1" }
        enum mood { value sad; value ok }
        view v as="SELECT 1"
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `NOT NULL` is written as one word here
       ╭─[schema.kdl:2:23]
     1 │ table users {
     2 │     column id integer NOT NULL PRIMARY KEY
       ·                       ────┬───
       ·                           ╰── here
     3 │     column n integer DEFAULT 0
       ╰────
      help: write `not-null`

      × `PRIMARY KEY` is written as one word here
       ╭─[schema.kdl:2:32]
     1 │ table users {
     2 │     column id integer NOT NULL PRIMARY KEY
       ·                                ─────┬─────
       ·                                     ╰── here
     3 │     column n integer DEFAULT 0
       ╰────
      help: write `primary-key`

      × `default` is a property
       ╭─[schema.kdl:3:22]
     2 │     column id integer NOT NULL PRIMARY KEY
     3 │     column n integer DEFAULT 0
       ·                      ────┬────
       ·                          ╰── here
     4 │     foreign key n references="users(id)"
       ╰────
      help: write `default=0`

      × unknown node in a table: `foreign`
       ╭─[schema.kdl:4:5]
     3 │     column n integer DEFAULT 0
     4 │     foreign key n references="users(id)"
       ·     ───┬───
       ·        ╰── not recognized
     5 │     view v { as "SELECT 1" }
       ╰────
      help: write `foreign-key`

      × unknown node in a table: `view`
       ╭─[schema.kdl:5:5]
     4 │     foreign key n references="users(id)"
     5 │     view v { as "SELECT 1" }
       ·     ──┬─
       ·       ╰── not recognized
     6 │     -- a comment
       ╰────
      help: `view` is not part of a table: write it outside of the braces

      × unknown node in a table: `--`
       ╭─[schema.kdl:6:5]
     5 │     view v { as "SELECT 1" }
     6 │     -- a comment
       ·     ─┬
       ·      ╰── not recognized
     7 │ }
       ╰────
      help: a comment begins with `//`

      × unknown node `index`
       ╭─[schema.kdl:8:1]
     7 │ }
     8 │ index i n
       · ──┬──
       ·   ╰── not recognized
     9 │ function f { as "SELECT 1" }
       ╰────
      help: `index` belongs to a table: write it in the braces of its `table`

      × function `f`: its SQL does not begin with its arguments
        ╭─[schema.kdl:9:17]
      8 │ index i n
      9 │ function f { as "SELECT 1" }
        ·                 ─────┬────
        ·                      ╰── here
     10 │ enum mood { value sad; value ok }
        ╰────
      help: write everything that follows the name: `function NAME { as "(…) …" }`

      × `enum` cannot contain `value`
        ╭─[schema.kdl:10:13]
      9 │ function f { as "SELECT 1" }
     10 │ enum mood { value sad; value ok }
        ·             ────┬────
        ·                 ╰── unexpected
     11 │ view v as="SELECT 1"
        ╰────
      help: write the values on the line of the enum: `enum NAME VALUE VALUE`

      × `enum` cannot contain `value`
        ╭─[schema.kdl:10:24]
      9 │ function f { as "SELECT 1" }
     10 │ enum mood { value sad; value ok }
        ·                        ────┬───
        ·                            ╰── unexpected
     11 │ view v as="SELECT 1"
        ╰────
      help: write the values on the line of the enum: `enum NAME VALUE VALUE`

      × unknown property `as=` in `view`
        ╭─[schema.kdl:11:8]
     10 │ enum mood { value sad; value ok }
     11 │ view v as="SELECT 1"
        ·        ──────┬──────
        ·              ╰── not recognized
        ╰────
      help: write it as a child node: `{ as "SELECT 1" }`

    error: the schema has 11 errors
    "#);
}
