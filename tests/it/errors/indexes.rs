//! Indexes and their parts.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn an_index_without_a_name() {
    let schema = r"
        table users {
            column age integer
            index
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `index` is missing a name
       ╭─[schema.kdl:3:5]
     2 │     column age integer
     3 │     index
       ·     ──┬──
       ·       ╰── here
     4 │ }
       ╰────
      help: write `index NAME`

    error: the schema has one error
    ");
}

#[test]
fn an_index_on_nothing() {
    let schema = r"
        table users {
            column age integer
            index idx_age
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × index `idx_age` has no columns
       ╭─[schema.kdl:3:5]
     2 │     column age integer
     3 │     index idx_age
       ·     ──────┬──────
       ·           ╰── here
     4 │ }
       ╰────
      help: write `index NAME COLUMN…`

    error: the schema has one error
    ");
}

#[test]
fn an_index_on_a_column_that_is_not_there() {
    let schema = r"
        table users {
            column last_seen integer
            index idx_last_seen last_sen
            index idx_zebra zebra
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × index `idx_last_seen` uses column `last_sen`, which does not exist in table `users`
       ╭─[schema.kdl:3:25]
     2 │     column last_seen integer
     3 │     index idx_last_seen last_sen
       ·                         ────┬───
       ·                             ╰── no such column
     4 │     index idx_zebra zebra
       ╰────
      help: did you mean `last_seen`?

      × index `idx_zebra` uses column `zebra`, which does not exist in table `users`
       ╭─[schema.kdl:4:21]
     3 │     index idx_last_seen last_sen
     4 │     index idx_zebra zebra
       ·                     ──┬──
       ·                       ╰── no such column
     5 │ }
       ╰────
      help: declare the column, or remove it here

    error: the schema has 2 errors
    ");
}

#[test]
fn an_index_with_commas() {
    let schema = r"
        table users {
            column first text
            column last text
            index idx_name last, first
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × index `idx_name` uses column `last,`, which does not exist in table `users`
       ╭─[schema.kdl:4:20]
     3 │     column last text
     4 │     index idx_name last, first
       ·                    ──┬──
       ·                      ╰── no such column
     5 │ }
       ╰────
      help: KDL separates arguments with spaces, not commas: write `last`

    error: the schema has one error
    ");
}

#[test]
fn an_index_with_commas_and_no_spaces() {
    let schema = r"
        table users {
            column first text
            column last text
            index idx_name last,first
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × index `idx_name` uses column `last,first`, which does not exist in table `users`
       ╭─[schema.kdl:4:20]
     3 │     column last text
     4 │     index idx_name last,first
       ·                    ─────┬────
       ·                         ╰── no such column
     5 │ }
       ╰────
      help: KDL separates arguments with spaces, not commas: write `last first`

    error: the schema has one error
    ");
}

#[test]
fn a_part_that_is_not_there() {
    let schema = r"
        table users {
            column id serial primary-key
            column last_seen integer
            index idx_last_seen {
                part id
                part last_sen order=desc
            }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × index `idx_last_seen` uses column `last_sen`, which does not exist in table `users`
       ╭─[schema.kdl:6:14]
     5 │         part id
     6 │         part last_sen order=desc
       ·              ────┬───
       ·                  ╰── no such column
     7 │     }
       ╰────
      help: did you mean `last_seen`?

    error: the schema has one error
    ");
}

#[test]
fn an_included_column_that_is_not_there() {
    let schema = r"
        table users {
            column id serial primary-key
            index idx_id id {
                include idd
            }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × index `idx_id` includes column `idd`, which does not exist in table `users`
       ╭─[schema.kdl:4:17]
     3 │     index idx_id id {
     4 │         include idd
       ·                 ─┬─
       ·                  ╰── no such column
     5 │     }
       ╰────
      help: did you mean `id`?

    error: the schema has one error
    ");
}

#[test]
fn a_part_of_nothing() {
    let schema = r"
        table users {
            column age integer
            index idx_age { part }
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `part` is missing a column or an expression
       ╭─[schema.kdl:3:21]
     2 │     column age integer
     3 │     index idx_age { part }
       ·                     ──┬─
       ·                       ╰── here
     4 │ }
       ╰────
      help: write `part COLUMN` or `part (sql)"EXPRESSION"`

    error: the schema has one error
    "#);
}

#[test]
fn an_order_that_there_is_not() {
    let schema = r"
        table users {
            column age integer
            index idx_age { part age order=descending nulls=lst }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × invalid value `descending` for `order=`
       ╭─[schema.kdl:3:30]
     2 │     column age integer
     3 │     index idx_age { part age order=descending nulls=lst }
       ·                              ────────┬───────
       ·                                      ╰── here
     4 │ }
       ╰────
      help: expected one of: asc, desc

      × invalid value `lst` for `nulls=`
       ╭─[schema.kdl:3:47]
     2 │     column age integer
     3 │     index idx_age { part age order=descending nulls=lst }
       ·                                               ────┬────
       ·                                                   ╰── here
     4 │ }
       ╰────
      help: did you mean `last`?

    error: the schema has 2 errors
    ");
}

#[test]
fn a_flag_after_the_columns_is_taken_for_a_column() {
    let schema = r"
        table users {
            column age integer
            index idx_age age unique
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × index `idx_age` uses column `unique`, which does not exist in table `users`
       ╭─[schema.kdl:3:23]
     2 │     column age integer
     3 │     index idx_age age unique
       ·                       ───┬──
       ·                          ╰── no such column
     4 │ }
       ╰────
      help: declare the column, or remove it here

    error: the schema has one error
    ");
}

#[test]
fn an_order_at_the_index_instead_of_the_part() {
    let schema = r"
        table users {
            column age integer
            index idx_age age order=desc
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unknown property `order=` in `index`
       ╭─[schema.kdl:3:23]
     2 │     column age integer
     3 │     index idx_age age order=desc
       ·                       ─────┬────
       ·                            ╰── not recognized
     4 │ }
       ╰────
      help: expected one of: only=, was=, unique=, where=, using=, nulls-not-distinct=, comment=

    error: the schema has one error
    ");
}

#[test]
fn an_expression_that_is_not_marked_as_one() {
    let schema = r#"
        table users {
            column name text
            index idx_lower "lower(name)"
            unique "lower(name)"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × index `idx_lower` uses column `lower(name)`, which does not exist in table `users`
       ╭─[schema.kdl:3:21]
     2 │     column name text
     3 │     index idx_lower "lower(name)"
       ·                     ──────┬──────
       ·                           ╰── no such column
     4 │     unique "lower(name)"
       ╰────
      help: an expression is written `(sql)"lower(name)"`

      × unique constraint uses column `lower(name)`, which does not exist in table `users`
       ╭─[schema.kdl:4:12]
     3 │     index idx_lower "lower(name)"
     4 │     unique "lower(name)"
       ·            ──────┬──────
       ·                  ╰── no such column
     5 │ }
       ╰────
      help: a constraint takes columns only; a unique index takes expressions: `index NAME (sql)"lower(name)"
            unique=#true`

    error: the schema has 2 errors
    "#);
}
