//! Children that the language does not have, or does not accept.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn a_child_of_a_column() {
    let schema = r#"
        table users {
            column age integer { backfil "0" }
            column name text { zebra "0" }
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown node in a column: `backfil`
       ╭─[schema.kdl:2:26]
     1 │ table users {
     2 │     column age integer { backfil "0" }
       ·                          ───┬───
       ·                             ╰── not recognized
     3 │     column name text { zebra "0" }
       ╰────
      help: did you mean `backfill`?

      × unknown node in a column: `zebra`
       ╭─[schema.kdl:3:24]
     2 │     column age integer { backfil "0" }
     3 │     column name text { zebra "0" }
       ·                        ──┬──
       ·                          ╰── not recognized
     4 │ }
       ╰────
      help: expected one of: backfill, using, check, sequence, was, allow

    error: the schema has 2 errors
    "#);
}

#[test]
fn a_child_of_an_index() {
    let schema = r"
        table users {
            column age integer
            index idx_age { prt age }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unknown node in an index: `prt`
       ╭─[schema.kdl:3:21]
     2 │     column age integer
     3 │     index idx_age { prt age }
       ·                     ─┬─
       ·                      ╰── not recognized
     4 │ }
       ╰────
      help: did you mean `part`?

    error: the schema has one error
    ");
}

#[test]
fn a_child_of_a_key() {
    let schema = r"
        table users {
            column age integer
            unique age { prt age }
            primary-key age { include age }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × unknown child node: `prt`
       ╭─[schema.kdl:3:18]
     2 │     column age integer
     3 │     unique age { prt age }
       ·                  ─┬─
       ·                   ╰── not recognized
     4 │     primary-key age { include age }
       ╰────
      help: did you mean `part`?

    error: the schema has one error
    ");
}

#[test]
fn a_child_where_none_belongs() {
    let schema = r#"
        table users {
            column age integer
            check "age > 0" { note }
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `check` cannot contain `note`
       ╭─[schema.kdl:3:23]
     2 │     column age integer
     3 │     check "age > 0" { note }
       ·                       ──┬─
       ·                         ╰── unexpected
     4 │ }
       ╰────
      help: remove it

    error: the schema has one error
    "#);
}

#[test]
fn a_word_too_many() {
    let schema = r#"
        table users {
            column age integer
            check old_enough "age > 17" adults
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unexpected argument `adults` in `check`
       ╭─[schema.kdl:3:33]
     2 │     column age integer
     3 │     check old_enough "age > 17" adults
       ·                                 ───┬──
       ·                                    ╰── unexpected
     4 │ }
       ╰────
      help: put a string that contains spaces in double quotes

    error: the schema has one error
    "#);
}

#[test]
fn a_child_given_twice() {
    let schema = r#"
        table users {
            column age integer {
                backfill "0"
                backfill "1"
                using "2"
                using "3"
            }
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `backfill` is specified twice
       ╭─[schema.kdl:3:18]
     2 │     column age integer {
     3 │         backfill "0"
       ·                  ─┬─
       ·                   ╰── the first
     4 │         backfill "1"
       ·         ──────┬─────
       ·               ╰── the second
     5 │         using "2"
       ╰────
      help: keep one of the two

      × `using` is specified twice
       ╭─[schema.kdl:5:15]
     4 │         backfill "1"
     5 │         using "2"
       ·               ─┬─
       ·                ╰── the first
     6 │         using "3"
       ·         ────┬────
       ·             ╰── the second
     7 │     }
       ╰────
      help: keep one of the two

    error: the schema has 2 errors
    "#);
}

#[test]
fn an_old_name_that_is_missing() {
    let schema = r"
        table users {
            column age integer { was }
            was
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `was` is missing a name
       ╭─[schema.kdl:2:26]
     1 │ table users {
     2 │     column age integer { was }
       ·                          ─┬─
       ·                           ╰── here
     3 │     was
       ╰────
      help: write `was OLD_NAME`

      × `was` is missing a name
       ╭─[schema.kdl:3:5]
     2 │     column age integer { was }
     3 │     was
       ·     ─┬─
       ·      ╰── here
     4 │ }
       ╰────
      help: write `was OLD_NAME`

    error: the schema has 2 errors
    ");
}
