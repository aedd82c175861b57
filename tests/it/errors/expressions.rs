//! Expressions that would become more SQL than they claim.

use insta::assert_snapshot;
use rosey::schema::Dialect;

use super::{mistakes, mistakes_for, valid};

#[test]
fn a_check_with_a_second_statement() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "age > 0; DROP TABLE users"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition contains a `;`
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "age > 0; DROP TABLE users"
       ·           ─────────────┬─────────────
       ·                        ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn a_check_that_closes_a_bracket_it_did_not_open() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "age > 0), CHECK (age < 0"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition is not one complete expression
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "age > 0), CHECK (age < 0"
       ·           ─────────────┬────────────
       ·                        ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn a_check_with_a_bracket_left_open() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "(age > 0"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition is not one complete expression
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "(age > 0"
       ·           ─────┬────
       ·                ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn a_check_with_a_quote_left_open() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "name > 'x"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition is not one complete expression
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "name > 'x"
       ·           ─────┬─────
       ·                ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn a_check_with_a_quoted_name_left_open() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "name > [x"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition is not one complete expression
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "name > [x"
       ·           ─────┬─────
       ·                ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn a_check_that_is_two() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "age > 0, age integer"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition is more than one expression
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "age > 0, age integer"
       ·           ───────────┬──────────
       ·                      ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn a_check_that_ends_in_a_comment() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "age > 0 -- grown up"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition ends with a comment
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "age > 0 -- grown up"
       ·           ──────────┬──────────
       ·                     ╰── would comment out what follows
     5 │ }
       ╰────
      help: remove the comment; KDL comments start with //

    error: the schema has one error
    "#);
}

#[test]
fn a_check_with_a_comment_left_open() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "age > 0 /* grown up"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition ends with a comment
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "age > 0 /* grown up"
       ·           ──────────┬──────────
       ·                     ╰── would comment out what follows
     5 │ }
       ╰────
      help: remove the comment; KDL comments start with //

    error: the schema has one error
    "#);
}

#[test]
fn a_check_of_a_comment_alone() {
    let schema = r#"
        table users {
            column name text
            column age integer
            check "-- nothing"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the check condition contains no SQL
       ╭─[schema.kdl:4:11]
     3 │     column age integer
     4 │     check "-- nothing"
       ·           ──────┬─────
       ·                 ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn defaults_with_more_than_a_value() {
    let schema = r#"
        table users {
            column a integer default=(sql)"0; DROP TABLE users"
            column b integer default=(sql)"0) CHECK (1"
            column c integer default=(sql)"0, d integer"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × default= contains a `;`
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column a integer default=(sql)"0; DROP TABLE users"
       ·                      ─────────────────┬────────────────
       ·                                       ╰── expected one expression
     3 │     column b integer default=(sql)"0) CHECK (1"
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × default= is not one complete expression
       ╭─[schema.kdl:3:22]
     2 │     column a integer default=(sql)"0; DROP TABLE users"
     3 │     column b integer default=(sql)"0) CHECK (1"
       ·                      ─────────────┬────────────
       ·                                   ╰── expected one expression
     4 │     column c integer default=(sql)"0, d integer"
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × default= is more than one expression
       ╭─[schema.kdl:4:22]
     3 │     column b integer default=(sql)"0) CHECK (1"
     4 │     column c integer default=(sql)"0, d integer"
       ·                      ─────────────┬─────────────
       ·                                   ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has 3 errors
    "#);
}

#[test]
fn a_literal_default_is_a_value_whatever_it_holds() {
    let schema = r#"
        table users {
            column name text default="'); DROP TABLE users; --"
        }
    "#;
    valid(schema);
}

#[test]
fn expressions_of_a_column_with_more_than_a_value() {
    let schema = r#"
        table users {
            column a integer { backfill "0; DELETE FROM users" }
            column b integer { using "1, c" }
            column c integer generated="a) STORED, d integer AS (b"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × backfill contains a `;`
       ╭─[schema.kdl:2:33]
     1 │ table users {
     2 │     column a integer { backfill "0; DELETE FROM users" }
       ·                                 ───────────┬──────────
       ·                                            ╰── expected one expression
     3 │     column b integer { using "1, c" }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × using is more than one expression
       ╭─[schema.kdl:3:30]
     2 │     column a integer { backfill "0; DELETE FROM users" }
     3 │     column b integer { using "1, c" }
       ·                              ───┬──
       ·                                 ╰── expected one expression
     4 │     column c integer generated="a) STORED, d integer AS (b"
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × generated= is not one complete expression
       ╭─[schema.kdl:4:22]
     3 │     column b integer { using "1, c" }
     4 │     column c integer generated="a) STORED, d integer AS (b"
       ·                      ───────────────────┬──────────────────
       ·                                         ╰── expected one expression
     5 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has 3 errors
    "#);
}

#[test]
fn expressions_of_an_index_with_more_than_a_value() {
    let schema = r#"
        table users {
            column name text
            index idx_a name where="name <> ''; DROP TABLE users"
            index idx_b {
                part (sql)"lower(name)) WHERE (1"
            }
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × where= contains a `;`
       ╭─[schema.kdl:3:22]
     2 │     column name text
     3 │     index idx_a name where="name <> ''; DROP TABLE users"
       ·                      ──────────────────┬─────────────────
       ·                                        ╰── expected one expression
     4 │     index idx_b {
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × the index part is not one complete expression
       ╭─[schema.kdl:5:14]
     4 │     index idx_b {
     5 │         part (sql)"lower(name)) WHERE (1"
       ·              ──────────────┬─────────────
       ·                            ╰── expected one expression
     6 │     }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has 2 errors
    "#);
}

#[test]
fn an_operator_without_a_side() {
    let schema = r#"
        table users {
            column id serial primary-key
            column n integer default=(sql)"1 +" { check "n > " }
            index idx_n n where="AND n > 0"
        }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Sqlite, schema), @r#"
      × default= is not a complete expression: nothing follows `+`
       ╭─[schema.kdl:3:22]
     2 │     column id serial primary-key
     3 │     column n integer default=(sql)"1 +" { check "n > " }
       ·                      ─────────┬────────
       ·                               ╰── here
     4 │     index idx_n n where="AND n > 0"
       ╰────
      help: an operator needs an expression on each side

      × the check condition is not a complete expression: nothing follows `>`
       ╭─[schema.kdl:3:49]
     2 │     column id serial primary-key
     3 │     column n integer default=(sql)"1 +" { check "n > " }
       ·                                                 ───┬──
       ·                                                    ╰── here
     4 │     index idx_n n where="AND n > 0"
       ╰────
      help: an operator needs an expression on each side

      × where= is not a complete expression: nothing precedes `AND`
       ╭─[schema.kdl:4:19]
     3 │     column n integer default=(sql)"1 +" { check "n > " }
     4 │     index idx_n n where="AND n > 0"
       ·                   ────────┬────────
       ·                           ╰── here
     5 │ }
       ╰────
      help: an operator needs an expression on each side

    error: the schema has 3 errors
    "#);
    assert_eq!(mistakes_for(Dialect::Postgres, schema), mistakes_for(Dialect::Sqlite, schema));
}
