//! Primary keys, and the columns of keys of all kinds.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn two_primary_keys_at_columns() {
    let schema = r"
        table members {
            column user integer primary-key
            column club integer primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × table `members` has two primary keys
       ╭─[schema.kdl:2:5]
     1 │ table members {
     2 │     column user integer primary-key
       ·     ───────────────┬───────────────
       ·                    ╰── the first
     3 │     column club integer primary-key
       ·     ───────────────┬───────────────
       ·                    ╰── the second
     4 │ }
       ╰────
      help: for a multicolumn key, write one node: primary-key a b

    error: the schema has one error
    ");
}

#[test]
fn a_primary_key_at_a_column_and_one_as_a_node() {
    let schema = r"
        table members {
            column user integer primary-key
            column club integer
            primary-key user club
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × table `members` has two primary keys
       ╭─[schema.kdl:2:5]
     1 │ table members {
     2 │     column user integer primary-key
       ·     ───────────────┬───────────────
       ·                    ╰── the first
     3 │     column club integer
     4 │     primary-key user club
       ·     ──────────┬──────────
       ·               ╰── the second
     5 │ }
       ╰────
      help: for a multicolumn key, write one node: primary-key a b

    error: the schema has one error
    ");
}

#[test]
fn keys_that_name_no_column() {
    let schema = r#"
        table users {
            column id integer
            primary-key
            unique
            foreign-key references="users(id)"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `primary-key` has no columns
       ╭─[schema.kdl:3:5]
     2 │     column id integer
     3 │     primary-key
       ·     ─────┬─────
       ·          ╰── here
     4 │     unique
       ╰────
      help: write `primary-key COLUMN…`

      × `unique` has no columns
       ╭─[schema.kdl:4:5]
     3 │     primary-key
     4 │     unique
       ·     ───┬──
       ·        ╰── here
     5 │     foreign-key references="users(id)"
       ╰────
      help: write `unique COLUMN…`

      × `foreign-key` has no columns
       ╭─[schema.kdl:5:5]
     4 │     unique
     5 │     foreign-key references="users(id)"
       ·     ─────────────────┬────────────────
       ·                      ╰── here
     6 │ }
       ╰────
      help: write `foreign-key COLUMN… references="table(column, …)"`

    error: the schema has 3 errors
    "#);
}

#[test]
fn a_primary_key_on_a_column_that_is_not_there() {
    let schema = r"
        table users {
            column ident integer
            primary-key indent
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × primary key uses column `indent`, which does not exist in table `users`
       ╭─[schema.kdl:3:17]
     2 │     column ident integer
     3 │     primary-key indent
       ·                 ───┬──
       ·                    ╰── no such column
     4 │ }
       ╰────
      help: did you mean `ident`?

    error: the schema has one error
    ");
}

#[test]
fn a_unique_rule_on_a_column_that_is_not_there() {
    let schema = r"
        table users {
            column last_seen integer
            unique last_sen
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unique constraint uses column `last_sen`, which does not exist in table `users`
       ╭─[schema.kdl:3:12]
     2 │     column last_seen integer
     3 │     unique last_sen
       ·            ────┬───
       ·                ╰── no such column
     4 │ }
       ╰────
      help: did you mean `last_seen`?

    error: the schema has one error
    ");
}

#[test]
fn a_part_of_a_unique_rule_that_is_not_there() {
    let schema = r"
        table users {
            column last_seen integer
            unique {
                part last_sen order=desc
                include zebra
            }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unique constraint uses column `last_sen`, which does not exist in table `users`
       ╭─[schema.kdl:4:14]
     3 │     unique {
     4 │         part last_sen order=desc
       ·              ────┬───
       ·                  ╰── no such column
     5 │         include zebra
       ╰────
      help: did you mean `last_seen`?

      × column `last_sen` specifies a sort order in a unique constraint
       ╭─[schema.kdl:4:14]
     3 │     unique {
     4 │         part last_sen order=desc
       ·              ────┬───
       ·                  ╰── PostgreSQL supports this only in indexes
     5 │         include zebra
       ╰────
      help: remove it, restrict it to SQLite with only=sqlite, or use a unique index

      × unique constraint uses column `zebra`, which does not exist in table `users`
       ╭─[schema.kdl:5:17]
     4 │         part last_sen order=desc
     5 │         include zebra
       ·                 ──┬──
       ·                   ╰── no such column
     6 │     }
       ╰────
      help: declare the column, or remove it here

    error: the schema has 3 errors
    ");
}

#[test]
fn a_foreign_key_on_a_column_that_is_not_there() {
    let schema = r#"
        table users {
            column id serial primary-key
            column friend integer
            foreign-key freind references="users(id)"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key uses column `freind`, which does not exist in table `users`
       ╭─[schema.kdl:4:17]
     3 │     column friend integer
     4 │     foreign-key freind references="users(id)"
       ·                 ───┬──
       ·                    ╰── no such column
     5 │ }
       ╰────
      help: did you mean `friend`?

    error: the schema has one error
    "#);
}

#[test]
fn commas_between_the_columns_of_a_key() {
    let schema = r"
        table members {
            column user integer
            column club integer
            primary-key user, club
            unique club,user
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × primary key uses column `user,`, which does not exist in table `members`
       ╭─[schema.kdl:4:17]
     3 │     column club integer
     4 │     primary-key user, club
       ·                 ──┬──
       ·                   ╰── no such column
     5 │     unique club,user
       ╰────
      help: KDL separates arguments with spaces, not commas: write `user`

      × unique constraint uses column `club,user`, which does not exist in table `members`
       ╭─[schema.kdl:5:12]
     4 │     primary-key user, club
     5 │     unique club,user
       ·            ────┬────
       ·                ╰── no such column
     6 │ }
       ╰────
      help: KDL separates arguments with spaces, not commas: write `club user`

    error: the schema has 2 errors
    ");
}

#[test]
fn an_order_of_a_primary_key_that_there_is_not() {
    let schema = r"
        table posts {
            column id integer primary-key=asc
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × invalid value `asc` for `primary-key=`
       ╭─[schema.kdl:2:23]
     1 │ table posts {
     2 │     column id integer primary-key=asc
       ·                       ───────┬───────
       ·                              ╰── here
     3 │ }
       ╰────
      help: expected one of: desc

    error: the schema has one error
    ");
}
