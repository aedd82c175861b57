//! Types, views and triggers that would become more SQL than they claim.

use insta::assert_snapshot;

use super::{mistakes, valid};

#[test]
fn a_type_with_more_than_a_type() {
    let schema = r#"
        table users {
            column a "integer); DROP TABLE users; --"
            column b "integer, c integer"
            column d "integer DEFAULT 5"
            column e "integer -- note"
            column f "varchar(50"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `integer); DROP TABLE users; --` is not a type
       ╭─[schema.kdl:2:14]
     1 │ table users {
     2 │     column a "integer); DROP TABLE users; --"
       ·              ────────────────┬───────────────
       ·                              ╰── not a single type
     3 │     column b "integer, c integer"
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

      × `integer, c integer` is not a type
       ╭─[schema.kdl:3:14]
     2 │     column a "integer); DROP TABLE users; --"
     3 │     column b "integer, c integer"
       ·              ──────────┬─────────
       ·                        ╰── not a single type
     4 │     column d "integer DEFAULT 5"
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

      × `integer DEFAULT 5` is not a type
       ╭─[schema.kdl:4:14]
     3 │     column b "integer, c integer"
     4 │     column d "integer DEFAULT 5"
       ·              ─────────┬─────────
       ·                       ╰── not a single type
     5 │     column e "integer -- note"
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

      × `integer -- note` is not a type
       ╭─[schema.kdl:5:14]
     4 │     column d "integer DEFAULT 5"
     5 │     column e "integer -- note"
       ·              ────────┬────────
       ·                      ╰── not a single type
     6 │     column f "varchar(50"
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

      × `varchar(50` is not a type
       ╭─[schema.kdl:6:14]
     5 │     column e "integer -- note"
     6 │     column f "varchar(50"
       ·              ──────┬─────
       ·                    ╰── not a single type
     7 │ }
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

    error: the schema has 5 errors
    "#);
}

#[test]
fn types_of_many_words_are_types() {
    let schema = r#"
        table users {
            column a "UNSIGNED BIG INT"
            column b "DOUBLE PRECISION"
            column c "DECIMAL(10, 2)"
            column d "text[]"
            column e "my type"
        }
    "#;
    valid(schema);
}

#[test]
fn a_view_with_a_second_statement() {
    let schema = r#"
        view ages { as "SELECT 1; DROP TABLE users" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a view must be one query
       ╭─[schema.kdl:1:16]
     1 │ view ages { as "SELECT 1; DROP TABLE users" }
       ·                ──────────────┬─────────────
       ·                              ╰── not one SELECT
       ╰────
      help: write as "SELECT …"

    error: the schema has one error
    "#);
}

#[test]
fn a_view_that_is_no_query() {
    let schema = r#"
        view ages { as "DROP TABLE users" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a view must be one query
       ╭─[schema.kdl:1:16]
     1 │ view ages { as "DROP TABLE users" }
       ·                ─────────┬────────
       ·                         ╰── not one SELECT
       ╰────
      help: write as "SELECT …"

    error: the schema has one error
    "#);
}

#[test]
fn a_view_with_a_bracket_left_open() {
    let schema = r#"
        view ages { as "SELECT (1" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a view must be one query
       ╭─[schema.kdl:1:16]
     1 │ view ages { as "SELECT (1" }
       ·                ─────┬─────
       ·                     ╰── not one SELECT
       ╰────
      help: write as "SELECT …"

    error: the schema has one error
    "#);
}

#[test]
fn a_view_with_a_comment_left_open() {
    let schema = r#"
        view ages { as "SELECT 1 /* one" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a view must be one query
       ╭─[schema.kdl:1:16]
     1 │ view ages { as "SELECT 1 /* one" }
       ·                ────────┬────────
       ·                        ╰── not one SELECT
       ╰────
      help: write as "SELECT …"

    error: the schema has one error
    "#);
}

#[test]
fn a_trigger_with_a_statement_behind_its_end() {
    let schema = r#"
        trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END; DROP TABLE users" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a trigger must end with the END of its body
       ╭─[schema.kdl:1:32]
     1 │ trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END; DROP TABLE users" }
       ·                                ──────────────────────────────┬──────────────────────────────
       ·                                                              ╰── not one complete trigger
       ╰────
      help: write everything after the name: AFTER INSERT ON table BEGIN …; END

    error: the schema has one error
    "#);
}

#[test]
fn a_trigger_with_a_tail_behind_its_end() {
    let schema = r#"
        trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END DROP TABLE users" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a trigger must end with the END of its body
       ╭─[schema.kdl:1:32]
     1 │ trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END DROP TABLE users" }
       ·                                ──────────────────────────────┬─────────────────────────────
       ·                                                              ╰── not one complete trigger
       ╰────
      help: write everything after the name: AFTER INSERT ON table BEGIN …; END

    error: the schema has one error
    "#);
}

#[test]
fn a_trigger_with_a_statement_before_its_body() {
    let schema = r#"
        trigger touch only=sqlite { as "AFTER INSERT ON users; DROP TABLE users; BEGIN SELECT 1; END" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a trigger must end with the END of its body
       ╭─[schema.kdl:1:32]
     1 │ trigger touch only=sqlite { as "AFTER INSERT ON users; DROP TABLE users; BEGIN SELECT 1; END" }
       ·                                ───────────────────────────────┬──────────────────────────────
       ·                                                               ╰── not one complete trigger
       ╰────
      help: write everything after the name: AFTER INSERT ON table BEGIN …; END

    error: the schema has one error
    "#);
}

#[test]
fn a_trigger_without_its_end() {
    let schema = r#"
        trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1;" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a trigger must end with the END of its body
       ╭─[schema.kdl:1:32]
     1 │ trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1;" }
       ·                                ───────────────────┬───────────────────
       ·                                                   ╰── not one complete trigger
       ╰────
      help: write everything after the name: AFTER INSERT ON table BEGIN …; END

    error: the schema has one error
    "#);
}

#[test]
fn a_virtual_table_with_a_second_statement() {
    let schema = r#"
        virtual-table docs only=sqlite { using "fts5(title); DROP TABLE users" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the module of a virtual table contains a `;`
       ╭─[schema.kdl:1:40]
     1 │ virtual-table docs only=sqlite { using "fts5(title); DROP TABLE users" }
       ·                                        ───────────────┬───────────────
       ·                                                       ╰── expected one expression
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn a_virtual_table_with_a_bracket_left_open() {
    let schema = r#"
        virtual-table docs only=sqlite { using "fts5(title" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the module of a virtual table is not one complete expression
       ╭─[schema.kdl:1:40]
     1 │ virtual-table docs only=sqlite { using "fts5(title" }
       ·                                        ──────┬─────
       ·                                              ╰── expected one expression
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has one error
    "#);
}

#[test]
fn semicolons_and_brackets_in_strings_and_comments_are_fine() {
    let schema = r#"
        table users {
            column name text default=(sql)"';)('"
            check "name <> ';' AND name <> ')' /* ; ( */ AND 1"
        }

        view names { as "SELECT name FROM users WHERE name <> ';';" }

        trigger touch only=sqlite {
            as """
                AFTER INSERT ON users BEGIN
                  UPDATE users SET name = CASE WHEN new.name = 'END' THEN ';' ELSE name END; -- END;
                END;
                """
        }
    "#;
    valid(schema);
}
