//! What PostgreSQL does not accept, and what only PostgreSQL has.

use insta::assert_snapshot;
use rosey::schema::Dialect;

use super::{mistakes, mistakes_for, valid, valid_for};

#[test]
fn kinds_of_which_postgres_has_none() {
    let schema = r#"
        trigger touch { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
        virtual-table docs { using "fts5(title)" }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × the definition of trigger `touch` contains a `;`
       ╭─[schema.kdl:1:20]
     1 │ trigger touch { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
       ·                    ─────────────────────┬─────────────────────
       ·                                         ╰── expected one statement
     2 │ virtual-table docs { using "fts5(title)" }
       ╰────
      help: the databases write it differently: restrict this one to SQLite with only=sqlite, and declare
            another for PostgreSQL

      × virtual table `docs`: PostgreSQL does not have virtual tables
       ╭─[schema.kdl:2:1]
     1 │ trigger touch { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
     2 │ virtual-table docs { using "fts5(title)" }
       · ─────────┬────────
       ·          ╰── not supported on PostgreSQL
       ╰────
      help: restrict it to SQLite with only=sqlite

    error: the schema has 2 errors
    "#);
}

#[test]
fn rules_that_are_sqlites() {
    let schema = r#"
        table users {
            column name text primary-key nullable on-conflict=replace
            column alias text unique collate=nocase
            column bare ""
            unique alias bare on-conflict=ignore
        }
        table words {
            column word text
            column place integer
            primary-key {
                part word collate=nocase
                part place order=desc
            }
        }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × primary key column `name` is nullable
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column name text primary-key nullable on-conflict=replace
       ·     ────────────────────────────┬────────────────────────────
       ·                                 ╰── primary key columns are NOT NULL in PostgreSQL
     3 │     column alias text unique collate=nocase
       ╰────
      help: remove nullable, or restrict it to SQLite with only=sqlite

      × PostgreSQL does not support `on-conflict=` on a constraint
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column name text primary-key nullable on-conflict=replace
       ·     ────────────────────────────┬────────────────────────────
       ·                                 ╰── not supported on PostgreSQL
     3 │     column alias text unique collate=nocase
       ╰────
      help: restrict it to SQLite with only=sqlite

      × collation `nocase` does not exist in PostgreSQL
       ╭─[schema.kdl:3:30]
     2 │     column name text primary-key nullable on-conflict=replace
     3 │     column alias text unique collate=nocase
       ·                              ───────┬──────
       ·                                     ╰── not supported on PostgreSQL
     4 │     column bare ""
       ╰────
      help: it is a SQLite collation: restrict it to SQLite with only=sqlite; mark a collation of your own with
            only=postgres

      × column `bare` has no type
       ╭─[schema.kdl:4:17]
     3 │     column alias text unique collate=nocase
     4 │     column bare ""
       ·                 ─┬
       ·                  ╰── PostgreSQL requires a type
     5 │     unique alias bare on-conflict=ignore
       ╰────
      help: add a type, or restrict it to SQLite with only=sqlite

      × PostgreSQL does not support `on-conflict=` on a constraint
       ╭─[schema.kdl:5:5]
     4 │     column bare ""
     5 │     unique alias bare on-conflict=ignore
       ·     ──────────────────┬─────────────────
       ·                       ╰── not supported on PostgreSQL
     6 │ }
       ╰────
      help: restrict it to SQLite with only=sqlite

      × column `word` specifies a collation in a primary key
        ╭─[schema.kdl:11:14]
     10 │     primary-key {
     11 │         part word collate=nocase
        ·              ──┬─
        ·                ╰── PostgreSQL supports this only in indexes
     12 │         part place order=desc
        ╰────
      help: remove it, restrict it to SQLite with only=sqlite, or use a unique index

      × column `place` specifies a sort order in a primary key
        ╭─[schema.kdl:12:14]
     11 │         part word collate=nocase
     12 │         part place order=desc
        ·              ──┬──
        ·                ╰── PostgreSQL supports this only in indexes
     13 │     }
        ╰────
      help: remove it, restrict it to SQLite with only=sqlite, or use a unique index

    error: the schema has 7 errors
    "#);
}

#[test]
fn two_sources_of_one_value() {
    let schema = r#"
        table users {
            column id serial primary-key default=1
            column rank integer identity generated="id + 1"
        }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × column `id` has both `serial` and `default=`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column id serial primary-key default=1
       ·     ───────────────────┬──────────────────
       ·                        ╰── only one of them can supply its values
     3 │     column rank integer identity generated="id + 1"
       ╰────
      help: keep either `serial` or `default=`

      × column `rank` has both `identity` and `generated=`
       ╭─[schema.kdl:3:5]
     2 │     column id serial primary-key default=1
     3 │     column rank integer identity generated="id + 1"
       ·     ───────────────────────┬───────────────────────
       ·                            ╰── only one of them can supply its values
     4 │ }
       ╰────
      help: keep either `identity` or `generated=`

    error: the schema has 2 errors
    "#);
}

#[test]
fn names_that_would_be_cut() {
    let schema = r#"
        table users {
            column a234567890123456789012345678901234567890123456789012345678901234 integer
            check é23456789012345678901234567890123456789012345678901234567890123 "1 = 1"
        }
        enum mood a234567890123456789012345678901234567890123456789012345678901234
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × the name of column `a234567890123456789012345678901234567890123456789012345678901234` is 64 bytes long
       ╭─[schema.kdl:2:12]
     1 │ table users {
     2 │     column a234567890123456789012345678901234567890123456789012345678901234 integer
       ·            ────────────────────────────────┬───────────────────────────────
       ·                                            ╰── PostgreSQL would truncate it
     3 │     check é23456789012345678901234567890123456789012345678901234567890123 "1 = 1"
       ╰────
      help: use a name of at most 63 bytes

      × the name of check `é23456789012345678901234567890123456789012345678901234567890123` is 64 bytes long
       ╭─[schema.kdl:3:11]
     2 │     column a234567890123456789012345678901234567890123456789012345678901234 integer
     3 │     check é23456789012345678901234567890123456789012345678901234567890123 "1 = 1"
       ·           ───────────────────────────────┬───────────────────────────────
       ·                                          ╰── PostgreSQL would truncate it
     4 │ }
       ╰────
      help: use a name of at most 63 bytes

      × the name of enum value `a234567890123456789012345678901234567890123456789012345678901234` is 64 bytes
      │ long
       ╭─[schema.kdl:5:1]
     4 │ }
     5 │ enum mood a234567890123456789012345678901234567890123456789012345678901234
       · ─────────────────────────────────────┬────────────────────────────────────
       ·                                      ╰── PostgreSQL would truncate it
       ╰────
      help: use a name of at most 63 bytes

    error: the schema has 3 errors
    "#);
}

#[test]
fn text_that_would_be_a_second_statement() {
    let schema = r#"
        table users {
            column id integer default=(sql)"1; DROP TABLE users"
            column "age" "integer DEFAULT 1" { backfill "1) , (2" }
            check "id > 0 --"
            check "E'a'\n'b\\'' ; DROP TABLE users --'"
            index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
            exclude using="gist (x" { part id with="= x" }
            with "a=1) x"=1
        }
        view ages { as "SELECT 1; DROP TABLE users" }
        domain age integer { check "VALUE > 0)" }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × `a=1) x` is not a storage parameter
       ╭─[schema.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── in `with`
     2 │     column id integer default=(sql)"1; DROP TABLE users"
       ╰────
      help: write a name and a value, such as `with fillfactor="70"`

      × default= contains a `;`
       ╭─[schema.kdl:2:23]
     1 │ table users {
     2 │     column id integer default=(sql)"1; DROP TABLE users"
       ·                       ─────────────────┬────────────────
       ·                                        ╰── expected one expression
     3 │     column "age" "integer DEFAULT 1" { backfill "1) , (2" }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × `integer DEFAULT 1` is not a type
       ╭─[schema.kdl:3:18]
     2 │     column id integer default=(sql)"1; DROP TABLE users"
     3 │     column "age" "integer DEFAULT 1" { backfill "1) , (2" }
       ·                  ─────────┬─────────
       ·                           ╰── not a single type
     4 │     check "id > 0 --"
       ╰────
      help: write a type name, with any length or precision in parentheses: "varchar(50)"

      × backfill is not one complete expression
       ╭─[schema.kdl:3:49]
     2 │     column id integer default=(sql)"1; DROP TABLE users"
     3 │     column "age" "integer DEFAULT 1" { backfill "1) , (2" }
       ·                                                 ────┬────
       ·                                                     ╰── expected one expression
     4 │     check "id > 0 --"
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × the check condition ends with a comment
       ╭─[schema.kdl:4:11]
     3 │     column "age" "integer DEFAULT 1" { backfill "1) , (2" }
     4 │     check "id > 0 --"
       ·           ─────┬─────
       ·                ╰── would comment out what follows
     5 │     check "E'a'\n'b\\'' ; DROP TABLE users --'"
       ╰────
      help: remove the comment; KDL comments start with //

      × the check condition is not one complete expression
       ╭─[schema.kdl:5:11]
     4 │     check "id > 0 --"
     5 │     check "E'a'\n'b\\'' ; DROP TABLE users --'"
       ·           ──────────────────┬──────────────────
       ·                             ╰── expected one expression
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × `int4_ops DESC` is not an operator class
       ╭─[schema.kdl:6:5]
     5 │     check "E'a'\n'b\\'' ; DROP TABLE users --'"
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
       ·     ────┬────
       ·         ╰── in opclass=
     7 │     exclude using="gist (x" { part id with="= x" }
       ╰────
      help: write a name, such as opclass=text_pattern_ops

      × the index part is not one complete expression
       ╭─[schema.kdl:6:22]
     5 │     check "E'a'\n'b\\'' ; DROP TABLE users --'"
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
       ·                      ────────┬───────
       ·                              ╰── expected one expression
     7 │     exclude using="gist (x" { part id with="= x" }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

      × `gist (x` is not an access method
       ╭─[schema.kdl:7:5]
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
     7 │     exclude using="gist (x" { part id with="= x" }
       ·     ───────────┬───────────
       ·                ╰── in using=
     8 │     with "a=1) x"=1
       ╰────
      help: write a name, such as using=gist

      × `= x` is not an operator
       ╭─[schema.kdl:7:5]
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
     7 │     exclude using="gist (x" { part id with="= x" }
       ·     ───────────┬───────────
       ·                ╰── in with=
     8 │     with "a=1) x"=1
       ╰────
      help: write with="&&" or with="OPERATOR(schema.&&)"

      × a view must be one query
        ╭─[schema.kdl:10:16]
      9 │ }
     10 │ view ages { as "SELECT 1; DROP TABLE users" }
        ·                ──────────────┬─────────────
        ·                              ╰── not one SELECT
     11 │ domain age integer { check "VALUE > 0)" }
        ╰────
      help: write as "SELECT …"

      × the check condition is not one complete expression
        ╭─[schema.kdl:11:28]
     10 │ view ages { as "SELECT 1; DROP TABLE users" }
     11 │ domain age integer { check "VALUE > 0)" }
        ·                            ──────┬─────
        ·                                  ╰── expected one expression
        ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has 12 errors
    "#);
}

#[test]
fn what_only_postgres_has_on_sqlite() {
    let schema = r#"
        table rooms {
            column room integer
            exclude using=gist { part room with="=" }
        }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Sqlite, schema), @r#"
      × SQLite does not support `exclude`
       ╭─[schema.kdl:3:5]
     2 │     column room integer
     3 │     exclude using=gist { part room with="=" }
       ·     ─────────┬────────
       ·              ╰── not supported on SQLite
     4 │ }
       ╰────
      help: restrict it to PostgreSQL with only=postgres

    error: the schema has one error
    "#);
}

#[test]
fn types_of_one_name() {
    let schema = r"
        table mood { column id integer }
        enum mood sad ok only=postgres
        domain email text only=postgres
        enum email a
        enum email b
    ";
    assert_snapshot!(mistakes(schema), @"
      × two objects are named `mood`
       ╭─[schema.kdl:1:1]
     1 │ table mood { column id integer }
       · ─────┬────
       ·      ╰── table `mood`
     2 │ enum mood sad ok only=postgres
       · ───────────────┬──────────────
       ·                ╰── enum `mood`
     3 │ domain email text only=postgres
       ╰────
      help: types share one namespace, and each table or view also defines a type of the same name: rename one
            of the two

      × two objects are named `email`
       ╭─[schema.kdl:3:1]
     2 │ enum mood sad ok only=postgres
     3 │ domain email text only=postgres
       · ───────────────┬───────────────
       ·                ╰── domain `email`
     4 │ enum email a
       · ──────┬─────
       ·       ╰── enum `email`
     5 │ enum email b
       ╰────
      help: types share one namespace, and each table or view also defines a type of the same name: rename one
            of the two

      × two enums are named `email`
       ╭─[schema.kdl:4:1]
     3 │ domain email text only=postgres
     4 │ enum email a
       · ──────┬─────
       ·       ╰── the first
     5 │ enum email b
       · ──────┬─────
       ·       ╰── the second
       ╰────
      help: rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`

    error: the schema has 3 errors
    ");
}

#[test]
fn relations_of_one_name() {
    let schema = r#"
        table users {
            column id integer
            column name text
            unique name name=ages
        }
        sequence users
        materialized-view ages { as "SELECT 1"; index idx id }
        materialized-view sums { as "SELECT 1"; index idx id }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × two objects are named `users`
       ╭─[schema.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── table `users`
     2 │     column id integer
       ╰────
       ╭─[schema.kdl:6:1]
     5 │ }
     6 │ sequence users
       · ───────┬──────
       ·        ╰── sequence `users`
     7 │ materialized-view ages { as "SELECT 1"; index idx id }
       ╰────
      help: tables, views, sequences and indexes share one namespace: rename one of the two

      × two objects are named `ages`
       ╭─[schema.kdl:4:5]
     3 │     column name text
     4 │     unique name name=ages
       ·     ──────────┬──────────
       ·               ╰── unique constraint `ages`
     5 │ }
     6 │ sequence users
     7 │ materialized-view ages { as "SELECT 1"; index idx id }
       · ───────────┬──────────
       ·            ╰── materialized-view `ages`
     8 │ materialized-view sums { as "SELECT 1"; index idx id }
       ╰────
      help: a primary key, unique or exclusion constraint creates an index of the same name: rename one of the
            two

      × two objects are named `idx`
       ╭─[schema.kdl:7:41]
     6 │ sequence users
     7 │ materialized-view ages { as "SELECT 1"; index idx id }
       ·                                         ──────┬─────
       ·                                               ╰── index `idx`
     8 │ materialized-view sums { as "SELECT 1"; index idx id }
       ·                                         ──────┬─────
       ·                                               ╰── index `idx`
       ╰────
      help: tables, views, sequences and indexes share one namespace: rename one of the two

    error: the schema has 3 errors
    "#);
}

#[test]
fn an_owner_that_is_not_there() {
    let schema = r#"
        table users { column id integer }
        sequence a owned-by="user.id"
        sequence b owned-by="users.ids"
        sequence c owned-by=users
        sequence d owned-by="app.users.id"
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × sequence `a` is owned by table `user`, which is not in the schema
       ╭─[schema.kdl:2:12]
     1 │ table users { column id integer }
     2 │ sequence a owned-by="user.id"
       ·            ─────────┬────────
       ·                     ╰── referenced here
     3 │ sequence b owned-by="users.ids"
       ╰────
      help: did you mean `users`?

      × sequence `b` is owned by column `ids`, which does not exist in table `users`
       ╭─[schema.kdl:3:12]
     2 │ sequence a owned-by="user.id"
     3 │ sequence b owned-by="users.ids"
       ·            ──────────┬─────────
       ·                      ╰── no such column
     4 │ sequence c owned-by=users
       ╰────
      help: did you mean `id`?

      × `users` is not a valid column reference
       ╭─[schema.kdl:4:12]
     3 │ sequence b owned-by="users.ids"
     4 │ sequence c owned-by=users
       ·            ───────┬──────
       ·                   ╰── cannot be parsed
     5 │ sequence d owned-by="app.users.id"
       ╰────
      help: write owned-by="table.column" or owned-by="schema.table.column"

      × sequence `d` is owned by table `app.users`, which is not in the schema
       ╭─[schema.kdl:5:12]
     4 │ sequence c owned-by=users
     5 │ sequence d owned-by="app.users.id"
       ·            ───────────┬───────────
       ·                       ╰── referenced here
       ╰────
      help: did you mean `users`?

    error: the schema has 4 errors
    "#);
}

#[test]
fn columns_of_an_exclusion_and_a_key() {
    let schema = r#"
        table rooms {
            column room integer
            primary-key room { include rom }
            exclude { part rooom with="="; include during }
        }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × primary key uses column `rom`, which does not exist in table `rooms`
       ╭─[schema.kdl:3:32]
     2 │     column room integer
     3 │     primary-key room { include rom }
       ·                                ─┬─
       ·                                 ╰── no such column
     4 │     exclude { part rooom with="="; include during }
       ╰────
      help: did you mean `room`?

      × exclusion constraint uses column `rooom`, which does not exist in table `rooms`
       ╭─[schema.kdl:4:20]
     3 │     primary-key room { include rom }
     4 │     exclude { part rooom with="="; include during }
       ·                    ──┬──
       ·                      ╰── no such column
     5 │ }
       ╰────
      help: did you mean `room`?

      × exclusion constraint uses column `during`, which does not exist in table `rooms`
       ╭─[schema.kdl:4:44]
     3 │     primary-key room { include rom }
     4 │     exclude { part rooom with="="; include during }
       ·                                            ───┬──
       ·                                               ╰── no such column
     5 │ }
       ╰────
      help: declare the column, or remove it here

    error: the schema has 3 errors
    "#);
}

#[test]
fn an_exclusion_that_says_too_little() {
    let schema = r"
        table rooms {
            column room integer
            exclude using=gist
            exclude { part room }
            exclude { room }
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `exclude` has no parts
       ╭─[schema.kdl:3:5]
     2 │     column room integer
     3 │     exclude using=gist
       ·     ─────────┬────────
       ·              ╰── here
     4 │     exclude { part room }
       ╰────
      help: write `exclude using=gist { part COLUMN with="=" }`

      × a `part` of an exclusion constraint is missing `with=`
       ╭─[schema.kdl:4:15]
     3 │     exclude using=gist
     4 │     exclude { part room }
       ·               ────┬────
       ·                   ╰── here
     5 │     exclude { room }
       ╰────
      help: specify the operator to compare with: part COLUMN with="="

      × unknown node in an exclusion constraint: `room`
       ╭─[schema.kdl:5:15]
     4 │     exclude { part room }
     5 │     exclude { room }
       ·               ──┬─
       ·                 ╰── not recognized
     6 │ }
       ╰────
      help: expected one of: part, include, was

    error: the schema has 3 errors
    "#);
}

#[test]
fn a_sequence_that_cannot_be() {
    let schema = r"
        sequence a integer bigint
        sequence b text
        sequence c start=1.5 max=9223372036854775808
        sequence d increment=0
        sequence e min=10 max=5
        sequence f min=10 start=5
        sequence g cache=0 cycle=yes
        table users { column id integer { sequence start=5 } }
    ";
    assert_snapshot!(mistakes(schema), @"
      × sequence `a` has two types
       ╭─[schema.kdl:1:20]
     1 │ sequence a integer bigint
       ·                    ───┬──
       ·                       ╰── the second
     2 │ sequence b text
       ╰────
      help: keep one of the two

      × unknown sequence type or flag `text`
       ╭─[schema.kdl:2:12]
     1 │ sequence a integer bigint
     2 │ sequence b text
       ·            ──┬─
       ·              ╰── here
     3 │ sequence c start=1.5 max=9223372036854775808
       ╰────
      help: expected one of: smallint, integer, bigint, prevent-destroy

      × `start=` must be a 64-bit integer
       ╭─[schema.kdl:3:12]
     2 │ sequence b text
     3 │ sequence c start=1.5 max=9223372036854775808
       ·            ────┬────
       ·                ╰── here
     4 │ sequence d increment=0
       ╰────
      help: write it without quotes, between -9223372036854775808 and 9223372036854775807

      × `max=` must be a 64-bit integer
       ╭─[schema.kdl:3:22]
     2 │ sequence b text
     3 │ sequence c start=1.5 max=9223372036854775808
       ·                      ───────────┬───────────
       ·                                 ╰── here
     4 │ sequence d increment=0
       ╰────
      help: write it without quotes, between -9223372036854775808 and 9223372036854775807

      × the increment= of a sequence must not be 0
       ╭─[schema.kdl:4:1]
     3 │ sequence c start=1.5 max=9223372036854775808
     4 │ sequence d increment=0
       · ───────────┬──────────
       ·            ╰── PostgreSQL does not allow this
     5 │ sequence e min=10 max=5
       ╰────
      help: use another increment=

      × the min= of a sequence must be less than its max=
       ╭─[schema.kdl:5:1]
     4 │ sequence d increment=0
     5 │ sequence e min=10 max=5
       · ───────────┬───────────
       ·            ╰── PostgreSQL does not allow this
     6 │ sequence f min=10 start=5
       ╰────
      help: change min= or max=

      × the start= of a sequence is outside its bounds
       ╭─[schema.kdl:6:1]
     5 │ sequence e min=10 max=5
     6 │ sequence f min=10 start=5
       · ────────────┬────────────
       ·             ╰── PostgreSQL does not allow this
     7 │ sequence g cache=0 cycle=yes
       ╰────
      help: use a start= from min= to max=

      × the cache= of a sequence must be at least 1
       ╭─[schema.kdl:7:1]
     6 │ sequence f min=10 start=5
     7 │ sequence g cache=0 cycle=yes
       · ──────────────┬─────────────
       ·               ╰── PostgreSQL does not allow this
     8 │ table users { column id integer { sequence start=5 } }
       ╰────
      help: use cache=1 or more

      × `cycle=` must be #true or #false
       ╭─[schema.kdl:7:20]
     6 │ sequence f min=10 start=5
     7 │ sequence g cache=0 cycle=yes
       ·                    ────┬────
       ·                        ╰── here
     8 │ table users { column id integer { sequence start=5 } }
       ╰────
      help: write #true or #false

      × column `id` has no sequence
       ╭─[schema.kdl:8:35]
     7 │ sequence g cache=0 cycle=yes
     8 │ table users { column id integer { sequence start=5 } }
       ·                                   ────────┬───────
       ·                                           ╰── here
       ╰────
      help: remove `sequence`, or declare the column with `serial` or `identity`

    error: the schema has 10 errors
    ");
}

#[test]
fn types_that_cannot_be() {
    let schema = r#"
        enum mood sad sad 3
        domain email
        domain age not-null
        domain name text nullable { chek "VALUE > ''" }
        domain place serial
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × enum `mood` lists the value `sad` twice
       ╭─[schema.kdl:1:15]
     1 │ enum mood sad sad 3
       ·               ─┬─
       ·                ╰── the second
     2 │ domain email
       ╰────
      help: keep one of the two

      × an enum value must be a string
       ╭─[schema.kdl:1:19]
     1 │ enum mood sad sad 3
       ·                   ┬
       ·                   ╰── not a string
     2 │ domain email
       ╰────
      help: write "3"

      × `domain` is missing a type
       ╭─[schema.kdl:2:1]
     1 │ enum mood sad sad 3
     2 │ domain email
       · ──────┬─────
       ·       ╰── here
     3 │ domain age not-null
       ╰────
      help: write `domain email TYPE`, with a type such as integer, text or "varchar(50)"

      × domain `age` has no type
       ╭─[schema.kdl:3:1]
     2 │ domain email
     3 │ domain age not-null
       · ─────────┬─────────
       ·          ╰── the type must follow the name
     4 │ domain name text nullable { chek "VALUE > ''" }
       ╰────
      help: write `domain age TYPE`, with a type such as integer, text or "varchar(50)"

      × unknown domain flag `nullable`
       ╭─[schema.kdl:4:18]
     3 │ domain age not-null
     4 │ domain name text nullable { chek "VALUE > ''" }
       ·                  ────┬───
       ·                      ╰── here
     5 │ domain place serial
       ╰────
      help: expected one of: not-null

      × unknown node in a domain: `chek`
       ╭─[schema.kdl:4:29]
     3 │ domain age not-null
     4 │ domain name text nullable { chek "VALUE > ''" }
       ·                             ──┬─
       ·                               ╰── not recognized
     5 │ domain place serial
       ╰────
      help: did you mean `check`?

      × domain `place` has type `serial`
       ╭─[schema.kdl:5:1]
     4 │ domain name text nullable { chek "VALUE > ''" }
     5 │ domain place serial
       · ─────────┬─────────
       ·          ╰── serial types are only for columns
       ╰────
      help: use integer or bigint

    error: the schema has 7 errors
    "#);
}

#[test]
fn schemas_and_extensions() {
    let schema = r"
        schema
        schema app owner=me
        extension pg_trgm version=1.6
        extension hstore { schema app }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `schema` is missing a name
       ╭─[schema.kdl:1:1]
     1 │ schema
       · ───┬──
       ·    ╰── here
     2 │ schema app owner=me
       ╰────
      help: write `schema NAME`

      × unknown property `owner=` in `schema`
       ╭─[schema.kdl:2:12]
     1 │ schema
     2 │ schema app owner=me
       ·            ────┬───
       ·                ╰── not recognized
     3 │ extension pg_trgm version=1.6
       ╰────
      help: expected one of: only=, comment=

      × `version=` must be a string
       ╭─[schema.kdl:3:19]
     2 │ schema app owner=me
     3 │ extension pg_trgm version=1.6
       ·                   ─────┬─────
       ·                        ╰── not a string
     4 │ extension hstore { schema app }
       ╰────
      help: write "1.6"

      × `extension` cannot contain `schema`
       ╭─[schema.kdl:4:20]
     3 │ extension pg_trgm version=1.6
     4 │ extension hstore { schema app }
       ·                    ─────┬────
       ·                         ╰── unexpected
       ╰────
      help: remove it

    error: the schema has 4 errors
    "#);
}

#[test]
fn a_materialized_view_that_says_too_little() {
    let schema = r#"
        materialized-view stats
        materialized-view sums { as "SELECT 1"; indx a }
        materialized-view ages prevent-destroy { as "SELECT 1"; with }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `materialized-view` is missing `as`
       ╭─[schema.kdl:1:1]
     1 │ materialized-view stats
       · ───────────┬───────────
       ·            ╰── here
     2 │ materialized-view sums { as "SELECT 1"; indx a }
       ╰────
      help: write `materialized-view NAME { as "SQL" }`

      × unknown child node: `indx`
       ╭─[schema.kdl:2:41]
     1 │ materialized-view stats
     2 │ materialized-view sums { as "SELECT 1"; indx a }
       ·                                         ──┬─
       ·                                           ╰── not recognized
     3 │ materialized-view ages prevent-destroy { as "SELECT 1"; with }
       ╰────
      help: did you mean `index`?

      × a materialized view can be rebuilt from its query, so `prevent-destroy` does not apply to it
       ╭─[schema.kdl:3:1]
     2 │ materialized-view sums { as "SELECT 1"; indx a }
     3 │ materialized-view ages prevent-destroy { as "SELECT 1"; with }
       · ───────────────────┬──────────────────
       ·                    ╰── here
       ╰────
      help: remove `prevent-destroy`

      × `with` has no parameters
       ╭─[schema.kdl:3:57]
     2 │ materialized-view sums { as "SELECT 1"; indx a }
     3 │ materialized-view ages prevent-destroy { as "SELECT 1"; with }
       ·                                                         ──┬─
       ·                                                           ╰── here
       ╰────
      help: write `with NAME=VALUE`

    error: the schema has 4 errors
    "#);
}

#[test]
fn what_does_nothing_on_the_other_database_is_fine() {
    let schema = r#"
        schema app comment="What there is"
        extension pg_trgm schema=app
        enum mood sad ok schema=app
        domain email text not-null { check "VALUE ~ '@'" }
        sequence ids integer start=100 owned-by="users.id"

        table users strict unlogged {
            column id serial primary-key autoincrement { sequence start=5 }
            column name text unique
            unique name deferrable=initially-deferred comment=Twice { include id }
            check "name <> ';'" no-inherit=#true not-valid=#true
            with fillfactor=70
        }

        materialized-view names schema=app { as "SELECT name FROM users;"; index idx_names name }
        view ages { as "SELECT 1"; with security_barrier=#true }
    "#;
    valid(schema);
}

#[test]
fn what_only_means_something_on_one_database_is_kept_to_it() {
    let schema = r#"
        table rooms {
            column room integer
            column name text collate=german only=postgres
            column name text collate=nocase only=sqlite
            exclude using=gist only=postgres { part room with="=" }
            index idx_name only=sqlite { part name collate=nocase }
        }

        trigger touch only=sqlite { as "AFTER INSERT ON rooms BEGIN SELECT 1; END" }
    "#;
    valid(schema);
}

#[test]
fn two_schemas_may_hold_objects_of_one_name() {
    let schema = r#"
        enum mood sad schema=a
        enum mood ok schema=b
        table mood { column id integer }
    "#;
    valid_for(Dialect::Postgres, schema);
    valid(schema);
}

#[test]
fn a_foreign_key_to_a_deferrable_key() {
    let schema = r#"
        table users {
            column id integer
            column email text
            primary-key id
            unique email deferrable=initially-deferred
        }
        table posts {
            column id integer primary-key
            column author text references="users(email)"
            column user_id integer references="users(id)"
        }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × a foreign key references a deferrable key of `users`
        ╭─[schema.kdl:5:5]
      4 │     primary-key id
      5 │     unique email deferrable=initially-deferred
        ·     ─────────────────────┬────────────────────
        ·                          ╰── this key
      6 │ }
      7 │ table posts {
      8 │     column id integer primary-key
      9 │     column author text references="users(email)"
        ·                        ────────────┬────────────
        ·                                    ╰── PostgreSQL does not allow this
     10 │     column user_id integer references="users(id)"
        ╰────
      help: remove deferrable= from the key

    error: the schema has one error
    "#);
}

#[test]
fn defaults_that_are_not_values_of_their_enum() {
    let schema = r#"
        enum "user b" a c
        domain d "\"user b\"" default=a
        enum "user" b
        table t {
            column s "\"user\"" default=a
            column e "\"user\"" default=b
            column f "\"user b\"" default=a
            column g "\"user\"[]" default="{a}"
        }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × the default `a` of column `s` is not a value of enum `user`
       ╭─[schema.kdl:5:5]
     4 │ table t {
     5 │     column s "\"user\"" default=a
       ·     ──────────────┬──────────────
       ·                   ╰── not a value of its type
     6 │     column e "\"user\"" default=b
       ╰────
      help: use one of its values, or add `a` to the enum

    error: the schema has one error
    "#);
}

/// A database may have such a default: only a plan knows whether the schema adds it.
#[test]
fn defaults_out_of_range_are_valid() {
    valid_for(
        Dialect::Postgres,
        "
        table t {
            column i bigint default=99999999999999999999
            column j smallint default=-32769
        }
        domain d smallint default=70000
        ",
    );
}

#[test]
fn permanent_tables_that_reference_unlogged_ones() {
    let schema = r#"
        table sessions unlogged {
            column id integer primary-key
            column before integer references="sessions(id)"
        }
        table visits {
            column id integer primary-key
            column session integer references="sessions(id)"
        }
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × a foreign key of table `visits` references table `sessions`, which is unlogged
       ╭─[schema.kdl:1:1]
     1 │ table sessions unlogged {
       · ───────────┬───────────
       ·            ╰── unlogged here
     2 │     column id integer primary-key
       ╰────
       ╭─[schema.kdl:7:28]
     6 │     column id integer primary-key
     7 │     column session integer references="sessions(id)"
       ·                            ────────────┬────────────
       ·                                        ╰── PostgreSQL does not allow this
     8 │ }
       ╰────
      help: make `visits` unlogged too, or remove unlogged from `sessions`

    error: the schema has one error
    "#);
}

#[test]
fn sizes_of_types_out_of_range() {
    let schema = r#"
        table users {
            column name "varchar(0)"
            column code "char(10485761)"
            column n "numeric(5000)"
            column tags "varchar(10)[]"
        }
        domain big "decimal(1001, 2)"
    "#;
    assert_snapshot!(mistakes_for(Dialect::Postgres, schema), @r#"
      × the length of type `varchar(0)` is out of range
       ╭─[schema.kdl:2:17]
     1 │ table users {
     2 │     column name "varchar(0)"
       ·                 ──────┬─────
       ·                       ╰── here
     3 │     column code "char(10485761)"
       ╰────
      help: write a length from 1 to 10485760

      × the length of type `char(10485761)` is out of range
       ╭─[schema.kdl:3:17]
     2 │     column name "varchar(0)"
     3 │     column code "char(10485761)"
       ·                 ────────┬───────
       ·                         ╰── here
     4 │     column n "numeric(5000)"
       ╰────
      help: write a length from 1 to 10485760

      × the precision of type `numeric(5000)` is out of range
       ╭─[schema.kdl:4:14]
     3 │     column code "char(10485761)"
     4 │     column n "numeric(5000)"
       ·              ───────┬───────
       ·                     ╰── here
     5 │     column tags "varchar(10)[]"
       ╰────
      help: write a precision from 1 to 1000

      × the precision of type `decimal(1001,2)` is out of range
       ╭─[schema.kdl:7:12]
     6 │ }
     7 │ domain big "decimal(1001, 2)"
       ·            ─────────┬────────
       ·                     ╰── here
       ╰────
      help: write a precision from 1 to 1000

    error: the schema has 4 errors
    "#);
}
