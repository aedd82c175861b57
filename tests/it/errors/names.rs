//! Names that are used twice, and names that cannot be used.

use insta::assert_snapshot;

use super::{mistakes, valid};

#[test]
fn two_tables_of_one_name() {
    let schema = r"
        table users {
            column id serial primary-key
        }

        table users {
            column name text
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × two tables are named `users`
       ╭─[schema.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── the first
     2 │     column id serial primary-key
       ╰────
       ╭─[schema.kdl:5:1]
     4 │
     5 │ table users {
       · ─────┬─────
       ·      ╰── the second
     6 │     column name text
       ╰────
      help: rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`

    error: the schema has one error
    ");
}

#[test]
fn two_tables_of_one_name_to_sqlite_only() {
    let schema = r"
        table users {
            column id serial primary-key
        }

        table Users {
            column name text
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × tables `users` and `Users` have the same name, because SQLite ignores case
       ╭─[schema.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── the first
     2 │     column id serial primary-key
       ╰────
       ╭─[schema.kdl:5:1]
     4 │
     5 │ table Users {
       · ─────┬─────
       ·      ╰── the second
     6 │     column name text
       ╰────
      help: rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`

    error: the schema has one error
    ");
}

#[test]
fn two_indexes_of_one_name_on_one_table() {
    let schema = r"
        table users {
            column age integer
            column name text
            index idx_users age
            index idx_users name
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × two indexes are named `idx_users`
       ╭─[schema.kdl:4:5]
     3 │     column name text
     4 │     index idx_users age
       ·     ─────────┬─────────
       ·              ╰── the first
     5 │     index idx_users name
       ·     ──────────┬─────────
       ·               ╰── the second
     6 │ }
       ╰────
      help: rename one of the two

    error: the schema has one error
    ");
}

#[test]
fn two_indexes_of_one_name_on_two_tables() {
    let schema = r"
        table users {
            column age integer
            index idx_age age
        }

        table pets {
            column age integer
            index idx_age age
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × two objects are named `idx_age`
       ╭─[schema.kdl:3:5]
     2 │     column age integer
     3 │     index idx_age age
       ·     ────────┬────────
       ·             ╰── index `idx_age`
     4 │ }
       ╰────
       ╭─[schema.kdl:8:5]
     7 │     column age integer
     8 │     index idx_age age
       ·     ────────┬────────
       ·             ╰── index `idx_age`
     9 │ }
       ╰────
      help: tables, views, sequences and indexes share one namespace: rename one of the two

    error: the schema has one error
    ");
}

#[test]
fn two_views_of_one_name() {
    let schema = r#"
        view ages { as "SELECT 1" }
        view ages { as "SELECT 2" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × two views are named `ages`
       ╭─[schema.kdl:1:1]
     1 │ view ages { as "SELECT 1" }
       · ────┬────
       ·     ╰── the first
     2 │ view ages { as "SELECT 2" }
       · ────┬────
       ·     ╰── the second
       ╰────
      help: rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`

    error: the schema has one error
    "#);
}

#[test]
fn two_triggers_of_one_name() {
    let schema = r#"
        table users {
            column age integer
        }

        trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
        trigger touch only=sqlite { as "AFTER DELETE ON users BEGIN SELECT 1; END" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × two triggers are named `touch`
       ╭─[schema.kdl:5:1]
     4 │
     5 │ trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
       · ────────────┬────────────
       ·             ╰── the first
     6 │ trigger touch only=sqlite { as "AFTER DELETE ON users BEGIN SELECT 1; END" }
       · ────────────┬────────────
       ·             ╰── the second
       ╰────
      help: rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`

    error: the schema has one error
    "#);
}

#[test]
fn two_virtual_tables_of_one_name() {
    let schema = r#"
        virtual-table docs only=sqlite { using "fts5(title)" }
        virtual-table docs only=sqlite { using "fts5(body)" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × two virtual tables are named `docs`
       ╭─[schema.kdl:1:1]
     1 │ virtual-table docs only=sqlite { using "fts5(title)" }
       · ───────────────┬──────────────
       ·                ╰── the first
     2 │ virtual-table docs only=sqlite { using "fts5(body)" }
       · ───────────────┬──────────────
       ·                ╰── the second
       ╰────
      help: rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`

    error: the schema has one error
    "#);
}

#[test]
fn a_table_and_a_view_of_one_name() {
    let schema = r#"
        table users {
            column id serial primary-key
        }

        view users { as "SELECT 1" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × two objects are named `users`
       ╭─[schema.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── table `users`
     2 │     column id serial primary-key
       ╰────
       ╭─[schema.kdl:5:1]
     4 │
     5 │ view users { as "SELECT 1" }
       · ─────┬────
       ·      ╰── view `users`
       ╰────
      help: tables, views, sequences and indexes share one namespace: rename one of the two

    error: the schema has one error
    "#);
}

#[test]
fn a_table_and_an_index_of_one_name() {
    let schema = r"
        table users {
            column id serial primary-key
            index users id
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × two objects are named `users`
       ╭─[schema.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── table `users`
     2 │     column id serial primary-key
     3 │     index users id
       ·     ───────┬──────
       ·            ╰── index `users`
     4 │ }
       ╰────
      help: tables, views, sequences and indexes share one namespace: rename one of the two

    error: the schema has one error
    ");
}

#[test]
fn a_table_and_a_virtual_table_of_one_name() {
    let schema = r#"
        table docs {
            column id serial primary-key
        }

        virtual-table docs only=sqlite { using "fts5(title)" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × two objects are named `docs`
       ╭─[schema.kdl:1:1]
     1 │ table docs {
       · ─────┬────
       ·      ╰── table `docs`
     2 │     column id serial primary-key
       ╰────
       ╭─[schema.kdl:5:1]
     4 │
     5 │ virtual-table docs only=sqlite { using "fts5(title)" }
       · ───────────────┬──────────────
       ·                ╰── virtual-table `docs`
       ╰────
      help: tables, views, sequences and indexes share one namespace: rename one of the two

    error: the schema has one error
    "#);
}

#[test]
fn two_of_one_name_for_two_databases_are_none() {
    let schema = r"
        table users only=sqlite {
            column id serial primary-key
        }

        table users only=postgres {
            column id serial primary-key
        }
    ";
    valid(schema);
}

#[test]
fn names_that_are_sqlites() {
    let schema = r#"
        table sqlite_users {
            column age integer
            index sqlite_autoindex_age age
        }

        view sqlite_ages { as "SELECT 1" }
        virtual-table sqlite_docs only=sqlite { using "fts5(title)" }
        trigger sqlite_touch only=sqlite { as "AFTER INSERT ON sqlite_users BEGIN SELECT 1; END" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the name `sqlite_users` is reserved for SQLite
       ╭─[schema.kdl:1:1]
     1 │ table sqlite_users {
       · ─────────┬────────
       ·          ╰── reserved
     2 │     column age integer
       ╰────
      help: choose another name

      × the name `sqlite_autoindex_age` is reserved for SQLite
       ╭─[schema.kdl:3:5]
     2 │     column age integer
     3 │     index sqlite_autoindex_age age
       ·     ───────────────┬──────────────
       ·                    ╰── reserved
     4 │ }
       ╰────
      help: choose another name

      × the name `sqlite_ages` is reserved for SQLite
       ╭─[schema.kdl:6:1]
     5 │
     6 │ view sqlite_ages { as "SELECT 1" }
       · ────────┬───────
       ·         ╰── reserved
     7 │ virtual-table sqlite_docs only=sqlite { using "fts5(title)" }
       ╰────
      help: choose another name

      × the name `sqlite_docs` is reserved for SQLite
       ╭─[schema.kdl:7:1]
     6 │ view sqlite_ages { as "SELECT 1" }
     7 │ virtual-table sqlite_docs only=sqlite { using "fts5(title)" }
       · ──────────────────┬──────────────────
       ·                   ╰── reserved
     8 │ trigger sqlite_touch only=sqlite { as "AFTER INSERT ON sqlite_users BEGIN SELECT 1; END" }
       ╰────
      help: choose another name

      × the name `sqlite_touch` is reserved for SQLite
       ╭─[schema.kdl:8:1]
     7 │ virtual-table sqlite_docs only=sqlite { using "fts5(title)" }
     8 │ trigger sqlite_touch only=sqlite { as "AFTER INSERT ON sqlite_users BEGIN SELECT 1; END" }
       · ────────────────┬───────────────
       ·                 ╰── reserved
       ╰────
      help: choose another name

    error: the schema has 5 errors
    "#);
}

#[test]
fn names_that_are_roseys() {
    let schema = r#"
        table _rosey_history {
            column id serial primary-key
        }

        view _Rosey { as "SELECT 1" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × the name `_rosey_history` is reserved for rosey
       ╭─[schema.kdl:1:1]
     1 │ table _rosey_history {
       · ──────────┬─────────
       ·           ╰── reserved
     2 │     column id serial primary-key
       ╰────
      help: choose another name

      × the name `_Rosey` is reserved for rosey
       ╭─[schema.kdl:5:1]
     4 │
     5 │ view _Rosey { as "SELECT 1" }
       · ─────┬─────
       ·      ╰── reserved
       ╰────
      help: choose another name

    error: the schema has 2 errors
    "#);
}

#[test]
fn the_books_of_another_migrator() {
    let schema = r#"
        table alembic_version {
            column version_num "varchar(32)" primary-key
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `alembic_version` belongs to another migration tool; rosey never changes it
       ╭─[schema.kdl:1:1]
     1 │ table alembic_version {
       · ──────────┬──────────
       ·           ╰── here
     2 │     column version_num "varchar(32)" primary-key
       ╰────
      help: remove it from the schema

    error: the schema has one error
    "#);
}

#[test]
fn control_characters_in_a_name_are_escaped() {
    let schema = r#"
        table "\u{1b}[31musers" {
            column id serial primary-key
            index idx_id "\u{7}"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × index `idx_id` uses column `\u{7}`, which does not exist in table `\u{1b}[31musers`
       ╭─[schema.kdl:3:18]
     2 │     column id serial primary-key
     3 │     index idx_id "\u{7}"
       ·                  ───┬───
       ·                     ╰── no such column
     4 │ }
       ╰────
      help: declare the column, or remove it here

    error: the schema has one error
    "#);
}
