//! What SQLite does not accept although it makes sense.

use insta::assert_snapshot;
use rosey::schema::Dialect;

use super::{mistakes, valid, valid_for};

#[test]
fn a_number_that_is_no_key() {
    let schema = r"
        table users {
            column id serial
            column rank bigserial
            column place integer identity
            column seat integer identity=always
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `serial` on column `id`, which is not the primary key
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column id serial
       ·     ────────┬───────
       ·             ╰── SQLite generates values only for the primary key
     3 │     column rank bigserial
       ╰────
      help: use `integer`, make it the primary key, or restrict it to PostgreSQL with only=postgres

      × `bigserial` on column `rank`, which is not the primary key
       ╭─[schema.kdl:3:5]
     2 │     column id serial
     3 │     column rank bigserial
       ·     ──────────┬──────────
       ·               ╰── SQLite generates values only for the primary key
     4 │     column place integer identity
       ╰────
      help: use `integer`, make it the primary key, or restrict it to PostgreSQL with only=postgres

      × `identity` on column `place`, which is not the primary key
       ╭─[schema.kdl:4:5]
     3 │     column rank bigserial
     4 │     column place integer identity
       ·     ──────────────┬──────────────
       ·                   ╰── SQLite generates values only for the primary key
     5 │     column seat integer identity=always
       ╰────
      help: use `integer`, make it the primary key, or restrict it to PostgreSQL with only=postgres

      × `identity` on column `seat`, which is not the primary key
       ╭─[schema.kdl:5:5]
     4 │     column place integer identity
     5 │     column seat integer identity=always
       ·     ─────────────────┬─────────────────
       ·                      ╰── SQLite generates values only for the primary key
     6 │ }
       ╰────
      help: use `integer`, make it the primary key, or restrict it to PostgreSQL with only=postgres

    error: the schema has 4 errors
    ");
}

#[test]
fn a_number_that_is_no_key_is_postgresqls() {
    let schema = r"
        table users {
            column id serial
        }
    ";
    valid_for(Dialect::Postgres, schema);
}

#[test]
fn types_that_a_strict_table_does_not_take() {
    let schema = r#"
        table users strict {
            column name citext
            column seen DATETIME
            column note ""
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × column `name` of strict table `users` has type `citext`
       ╭─[schema.kdl:2:17]
     1 │ table users strict {
     2 │     column name citext
       ·                 ───┬──
       ·                    ╰── not allowed in a strict table
     3 │     column seen DATETIME
       ╰────
      help: use integer, real, text, blob or any

      × column `seen` of strict table `users` has type `DATETIME`
       ╭─[schema.kdl:3:17]
     2 │     column name citext
     3 │     column seen DATETIME
       ·                 ────┬───
       ·                     ╰── not allowed in a strict table
     4 │     column note ""
       ╰────
      help: use integer, real, text, blob or any

      × column `note` of strict table `users` has no type
       ╭─[schema.kdl:4:17]
     3 │     column seen DATETIME
     4 │     column note ""
       ·                 ─┬
       ·                  ╰── not allowed in a strict table
     5 │ }
       ╰────
      help: use integer, real, text, blob or any

      × column `note` has no type
       ╭─[schema.kdl:4:17]
     3 │     column seen DATETIME
     4 │     column note ""
       ·                 ─┬
       ·                  ╰── PostgreSQL requires a type
     5 │ }
       ╰────
      help: add a type, or restrict it to SQLite with only=sqlite

    error: the schema has 4 errors
    "#);
}

#[test]
fn the_portable_types_are_fine_in_a_strict_table() {
    let schema = r#"
        table users strict {
            column id serial primary-key
            column name "varchar(50)"
            column seen timestamp
            column note ANY
        }
    "#;
    valid(schema);
}

#[test]
fn an_order_of_nulls() {
    let schema = r"
        table users {
            column age integer
            index idx_age {
                part age nulls=last
            }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × SQLite does not support `nulls=`
       ╭─[schema.kdl:4:14]
     3 │     index idx_age {
     4 │         part age nulls=last
       ·              ─┬─
       ·               ╰── not supported on SQLite
     5 │     }
       ╰────
      help: restrict it to PostgreSQL with only=postgres

    error: the schema has one error
    ");
}

#[test]
fn an_access_method() {
    let schema = r"
        table users {
            column tags text
            index idx_tags tags using=gin
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × SQLite does not support `using=gin`
       ╭─[schema.kdl:3:5]
     2 │     column tags text
     3 │     index idx_tags tags using=gin
       ·     ──────────────┬──────────────
       ·                   ╰── not supported on SQLite
     4 │ }
       ╰────
      help: restrict it to PostgreSQL with only=postgres

    error: the schema has one error
    ");
}

#[test]
fn nulls_that_are_not_distinct() {
    let schema = r"
        table users {
            column age integer
            column name text
            index idx_age age nulls-not-distinct=#true
            unique name nulls-not-distinct=#true
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × SQLite does not support `nulls-not-distinct`
       ╭─[schema.kdl:4:5]
     3 │     column name text
     4 │     index idx_age age nulls-not-distinct=#true
       ·     ─────────────────────┬────────────────────
       ·                          ╰── not supported on SQLite
     5 │     unique name nulls-not-distinct=#true
       ╰────
      help: restrict it to PostgreSQL with only=postgres

      × SQLite does not support `nulls-not-distinct`
       ╭─[schema.kdl:5:5]
     4 │     index idx_age age nulls-not-distinct=#true
     5 │     unique name nulls-not-distinct=#true
       ·     ──────────────────┬─────────────────
       ·                       ╰── not supported on SQLite
     6 │ }
       ╰────
      help: restrict it to PostgreSQL with only=postgres

    error: the schema has 2 errors
    ");
}

#[test]
fn what_only_postgresql_knows_is_fine_where_it_says_so() {
    let schema = r"
        table users {
            column tags text
            index idx_tags only=postgres using=gin {
                part tags nulls=last opclass=gin_trgm_ops
            }
        }
    ";
    valid(schema);
}

#[test]
fn a_collation_that_sqlite_does_not_have() {
    let schema = r"
        table users {
            column name text collate=german
            index idx_name {
                part name collate=french
            }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × collation `german` does not exist in SQLite
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column name text collate=german
       ·                      ───────┬──────
       ·                             ╰── not supported on SQLite
     3 │     index idx_name {
       ╰────
      help: SQLite has binary, nocase and rtrim; restrict others to PostgreSQL with only=postgres

      × collation `french` does not exist in SQLite
       ╭─[schema.kdl:4:19]
     3 │     index idx_name {
     4 │         part name collate=french
       ·                   ───────┬──────
       ·                          ╰── not supported on SQLite
     5 │     }
       ╰────
      help: SQLite has binary, nocase and rtrim; restrict others to PostgreSQL with only=postgres

    error: the schema has 2 errors
    ");
}

#[test]
fn a_collation_in_a_key_that_sqlite_does_not_have() {
    let schema = r"
        table users {
            column name text
            column club text
            primary-key { part name collate=german }
            unique { part club collate=french }
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × column `name` specifies a collation in a primary key
       ╭─[schema.kdl:4:24]
     3 │     column club text
     4 │     primary-key { part name collate=german }
       ·                        ──┬─
       ·                          ╰── PostgreSQL supports this only in indexes
     5 │     unique { part club collate=french }
       ╰────
      help: remove it, restrict it to SQLite with only=sqlite, or use a unique index

      × collation `german` does not exist in SQLite
       ╭─[schema.kdl:4:29]
     3 │     column club text
     4 │     primary-key { part name collate=german }
       ·                             ───────┬──────
       ·                                    ╰── not supported on SQLite
     5 │     unique { part club collate=french }
       ╰────
      help: SQLite has binary, nocase and rtrim; restrict others to PostgreSQL with only=postgres

      × column `club` specifies a collation in a unique constraint
       ╭─[schema.kdl:5:19]
     4 │     primary-key { part name collate=german }
     5 │     unique { part club collate=french }
       ·                   ──┬─
       ·                     ╰── PostgreSQL supports this only in indexes
     6 │ }
       ╰────
      help: remove it, restrict it to SQLite with only=sqlite, or use a unique index

      × collation `french` does not exist in SQLite
       ╭─[schema.kdl:5:24]
     4 │     primary-key { part name collate=german }
     5 │     unique { part club collate=french }
       ·                        ───────┬──────
       ·                               ╰── not supported on SQLite
     6 │ }
       ╰────
      help: SQLite has binary, nocase and rtrim; restrict others to PostgreSQL with only=postgres

    error: the schema has 4 errors
    ");
}

#[test]
fn autoincrement_of_a_key_that_is_no_integer() {
    let schema = r"
        table users {
            column name text primary-key autoincrement
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `autoincrement` on a key that is not a single integer column
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column name text primary-key autoincrement
       ·     ─────────────────────┬────────────────────
       ·                          ╰── SQLite does not allow this
     3 │ }
       ╰────
      help: write `column id serial primary-key autoincrement`

    error: the schema has one error
    ");
}

#[test]
fn autoincrement_without_a_rowid() {
    let schema = r"
        table users without-rowid {
            column id integer primary-key autoincrement
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `autoincrement` in a table without rowid
       ╭─[schema.kdl:2:5]
     1 │ table users without-rowid {
     2 │     column id integer primary-key autoincrement
       ·     ─────────────────────┬─────────────────────
       ·                          ╰── SQLite does not allow this
     3 │ }
       ╰────
      help: keep either `autoincrement` or `without-rowid`

    error: the schema has one error
    ");
}

#[test]
fn a_table_with_neither_rowid_nor_key() {
    let schema = r"
        table users without-rowid {
            column id integer
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × table `users` is without rowid, but has no primary key
       ╭─[schema.kdl:1:1]
     1 │ table users without-rowid {
       · ────────────┬────────────
       ·             ╰── a primary key is required
     2 │     column id integer
       ╰────
      help: add primary-key, or remove without-rowid

    error: the schema has one error
    ");
}

#[test]
fn a_table_of_generated_columns() {
    let schema = r#"
        table users {
            column one integer generated="1"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × all columns of table `users` are generated
       ╭─[schema.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── at least one column must not be generated
     2 │     column one integer generated="1"
       ╰────
      help: add a column without generated=

    error: the schema has one error
    "#);
}

#[test]
fn a_key_that_is_generated() {
    let schema = r#"
        table users {
            column name text
            column id integer generated="length(name)" primary-key
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × generated column `id` is part of the primary key
       ╭─[schema.kdl:3:5]
     2 │     column name text
     3 │     column id integer generated="length(name)" primary-key
       ·     ───────────────────────────┬──────────────────────────
       ·                                ╰── SQLite does not allow this
     4 │ }
       ╰────
      help: use another column as the key, or remove generated=

    error: the schema has one error
    "#);
}

#[test]
fn sizes_that_are_no_numbers() {
    let schema = r#"
        table users {
            column name "varchar(x)"
            column mood "enum('a', 'b')"
            column n "decimal(10, 2, 3)"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `varchar(x)` is not a type
       ╭─[schema.kdl:2:17]
     1 │ table users {
     2 │     column name "varchar(x)"
       ·                 ──────┬─────
       ·                       ╰── not a single type
     3 │     column mood "enum('a', 'b')"
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

      × `enum('a', 'b')` is not a type
       ╭─[schema.kdl:3:17]
     2 │     column name "varchar(x)"
     3 │     column mood "enum('a', 'b')"
       ·                 ────────┬───────
       ·                         ╰── not a single type
     4 │     column n "decimal(10, 2, 3)"
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

      × `decimal(10, 2, 3)` is not a type
       ╭─[schema.kdl:4:14]
     3 │     column mood "enum('a', 'b')"
     4 │     column n "decimal(10, 2, 3)"
       ·              ─────────┬─────────
       ·                       ╰── not a single type
     5 │ }
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

    error: the schema has 3 errors
    "#);
}
