//! Columns: their types, values and constraints.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn a_column_without_a_type() {
    let schema = r"
        table users {
            column id serial primary-key
            column age
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `column` is missing a type
       ╭─[schema.kdl:3:5]
     2 │     column id serial primary-key
     3 │     column age
       ·     ─────┬────
       ·          ╰── here
     4 │ }
       ╰────
      help: write `column age TYPE`, with a type such as integer, text or "varchar(50)"

    error: the schema has one error
    "#);
}

#[test]
fn a_flag_where_the_type_belongs() {
    let schema = r"
        table users {
            column id serial primary-key
            column age not-null
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × column `age` has no type
       ╭─[schema.kdl:3:5]
     2 │     column id serial primary-key
     3 │     column age not-null
       ·     ─────────┬─────────
       ·              ╰── the type must follow the name
     4 │ }
       ╰────
      help: write `column age TYPE`, with a type such as integer, text or "varchar(50)"

    error: the schema has one error
    "#);
}

#[test]
fn a_column_without_anything() {
    let schema = r"
        table users {
            column id serial primary-key
            column
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `column` is missing a name
       ╭─[schema.kdl:3:5]
     2 │     column id serial primary-key
     3 │     column
       ·     ───┬──
       ·        ╰── here
     4 │ }
       ╰────
      help: write `column NAME`

    error: the schema has one error
    ");
}

#[test]
fn a_type_that_is_no_word() {
    let schema = r"
        table users {
            column id serial primary-key
            column age 5
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × a type must be a string
       ╭─[schema.kdl:3:16]
     2 │     column id serial primary-key
     3 │     column age 5
       ·                ┬
       ·                ╰── not a string
     4 │ }
       ╰────
      help: write "5"

    error: the schema has one error
    "#);
}

#[test]
fn a_name_that_is_no_word() {
    let schema = r"
        table users {
            column id serial primary-key
            column 5 integer
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × a name must be a string
       ╭─[schema.kdl:3:12]
     2 │     column id serial primary-key
     3 │     column 5 integer
       ·            ┬
       ·            ╰── not a string
     4 │ }
       ╰────
      help: write "5"

    error: the schema has one error
    "#);
}

#[test]
fn a_name_that_is_empty() {
    let schema = r#"
        table users {
            column id serial primary-key
            column "" integer
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a name is empty
       ╭─[schema.kdl:3:12]
     2 │     column id serial primary-key
     3 │     column "" integer
       ·            ─┬
       ·             ╰── here
     4 │ }
       ╰────
      help: write a name between the quotes

    error: the schema has one error
    "#);
}

#[test]
fn a_table_without_columns() {
    let schema = r"
        table users
    ";
    assert_snapshot!(mistakes(schema), @"
      × table `users` has no columns
       ╭─[schema.kdl:1:1]
     1 │ table users
       · ─────┬─────
       ·      ╰── here
       ╰────
      help: write `column NAME TYPE` between the braces

    error: the schema has one error
    ");
}

#[test]
fn a_table_without_a_name() {
    let schema = r"
        table
    ";
    assert_snapshot!(mistakes(schema), @"
      × `table` is missing a name
       ╭─[schema.kdl:1:1]
     1 │ table
       · ──┬──
       ·   ╰── here
       ╰────
      help: write `table NAME`

    error: the schema has one error
    ");
}

#[test]
fn a_column_with_something_wrong_does_not_make_its_table_empty() {
    let schema = r"
        table users {
            column id
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `column` is missing a type
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column id
       ·     ────┬────
       ·         ╰── here
     3 │ }
       ╰────
      help: write `column id TYPE`, with a type such as integer, text or "varchar(50)"

    error: the schema has one error
    "#);
}

#[test]
fn an_annotation_that_is_not_sql() {
    let schema = r#"
        table users {
            column seen integer default=(sq)"unixepoch()"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown type annotation `(sq)`
       ╭─[schema.kdl:2:25]
     1 │ table users {
     2 │     column seen integer default=(sq)"unixepoch()"
       ·                         ────────────┬────────────
       ·                                     ╰── here
     3 │ }
       ╰────
      help: the only type annotation is (sql), which marks an expression: (sql)"CURRENT_TIMESTAMP"

    error: the schema has one error
    "#);
}

#[test]
fn an_expression_that_is_no_text() {
    let schema = r"
        table users {
            column seen integer default=(sql)5
            column age integer { backfill 0 }
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `(sql)` must be followed by a string
       ╭─[schema.kdl:2:25]
     1 │ table users {
     2 │     column seen integer default=(sql)5
       ·                         ───────┬──────
       ·                                ╰── not a string
     3 │     column age integer { backfill 0 }
       ╰────
      help: write (sql)"5"

      × `backfill` must be a string
       ╭─[schema.kdl:3:35]
     2 │     column seen integer default=(sql)5
     3 │     column age integer { backfill 0 }
       ·                                   ┬
       ·                                   ╰── not a string
     4 │ }
       ╰────
      help: write "0"

    error: the schema has 2 errors
    "#);
}

#[test]
fn an_expression_that_is_empty() {
    let schema = r#"
        table users {
            column seen integer default=(sql)""
            column age integer { backfill "" }
            check ""
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `default=` is empty
       ╭─[schema.kdl:2:25]
     1 │ table users {
     2 │     column seen integer default=(sql)""
       ·                         ───────┬───────
       ·                                ╰── SQL expected here
     3 │     column age integer { backfill "" }
       ╰────
      help: write SQL between the quotes

      × `backfill` is empty
       ╭─[schema.kdl:3:35]
     2 │     column seen integer default=(sql)""
     3 │     column age integer { backfill "" }
       ·                                   ─┬
       ·                                    ╰── SQL expected here
     4 │     check ""
       ╰────
      help: write SQL between the quotes

      × a check condition is empty
       ╭─[schema.kdl:4:11]
     3 │     column age integer { backfill "" }
     4 │     check ""
       ·           ─┬
       ·            ╰── SQL expected here
     5 │ }
       ╰────
      help: write SQL between the quotes

    error: the schema has 3 errors
    "#);
}

#[test]
fn a_child_without_its_sql() {
    let schema = r"
        table users {
            column age integer { using }
            check
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `using` is missing its SQL
       ╭─[schema.kdl:2:26]
     1 │ table users {
     2 │     column age integer { using }
       ·                          ──┬──
       ·                            ╰── here
     3 │     check
       ╰────
      help: write `using "SQL"`

      × `check` is missing a condition
       ╭─[schema.kdl:3:5]
     2 │     column age integer { using }
     3 │     check
       ·     ──┬──
       ·       ╰── here
     4 │ }
       ╰────
      help: write `check "CONDITION"` or `check NAME "CONDITION"`

    error: the schema has 2 errors
    "#);
}

#[test]
fn autoincrement_without_a_primary_key() {
    let schema = r"
        table users {
            column id integer autoincrement
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `autoincrement` requires `primary-key`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column id integer autoincrement
       ·     ───────────────┬───────────────
       ·                    ╰── here
     3 │ }
       ╰────
      help: write `primary-key autoincrement`

    error: the schema has one error
    ");
}

#[test]
fn nullable_and_not_null() {
    let schema = r"
        table users {
            column age integer nullable not-null
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × a column cannot be both `nullable` and `not-null`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column age integer nullable not-null
       ·     ──────────────────┬─────────────────
       ·                       ╰── here
     3 │ }
       ╰────
      help: keep one of the two

    error: the schema has one error
    ");
}

#[test]
fn on_conflict_without_a_rule() {
    let schema = r"
        table users {
            column age integer on-conflict=ignore
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `on-conflict=` has no constraint to apply to
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column age integer on-conflict=ignore
       ·     ──────────────────┬──────────────────
       ·                       ╰── here
     3 │ }
       ╰────
      help: use it with primary-key, unique or not-null

    error: the schema has one error
    ");
}

#[test]
fn stored_without_generated() {
    let schema = r"
        table users {
            column age integer stored=#true
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `stored=` requires `generated=`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column age integer stored=#true
       ·     ───────────────┬───────────────
       ·                    ╰── here
     3 │ }
       ╰────
      help: write generated="EXPRESSION" stored=#true

    error: the schema has one error
    "#);
}

#[test]
fn a_generated_column_with_a_default() {
    let schema = r#"
        table users {
            column born integer
            column age integer generated="2025 - born" default=0
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a generated column cannot have a default
       ╭─[schema.kdl:3:5]
     2 │     column born integer
     3 │     column age integer generated="2025 - born" default=0
       ·     ──────────────────────────┬─────────────────────────
       ·                               ╰── both are specified
     4 │ }
       ╰────
      help: keep one of `generated=` and `default=`

    error: the schema has one error
    "#);
}

#[test]
fn two_columns_of_one_name() {
    let schema = r#"
        table users {
            column id serial primary-key
            column name text
            column age integer
            column name "varchar(50)"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × two columns are named `name`
       ╭─[schema.kdl:3:5]
     2 │     column id serial primary-key
     3 │     column name text
       ·     ────────┬───────
       ·             ╰── the first
     4 │     column age integer
     5 │     column name "varchar(50)"
       ·     ────────────┬────────────
       ·                 ╰── the second
     6 │ }
       ╰────
      help: rename one of the two

    error: the schema has one error
    "#);
}

#[test]
fn a_number_in_the_place_of_sql_is_shown_in_plain_digits() {
    for (written, plain) in [("2_000", "2000"), ("0x10", "16"), ("-1_0.5_0", "-10.50")] {
        let told = mistakes(&format!("table t {{ column a integer {{ backfill {written}; }}; }}"));
        assert!(told.contains(&format!("help: write \"{plain}\"")), "{told}");
    }
}
