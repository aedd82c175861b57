//! What PostgreSQL cannot take, and what only PostgreSQL has.

use insta::assert_snapshot;

use super::{mistakes, mistakes_for, valid, valid_for};

#[test]
fn kinds_of_which_postgres_has_none() {
    let schema = r#"
        trigger touch { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
        virtual-table docs { using "fts5(title)" }
    "#;
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
      × trigger `touch`: PostgreSQL's triggers are not managed yet
       ╭─[schema.kdl:1:1]
     1 │ trigger touch { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
       · ──────┬──────
       ·       ╰── means nothing to PostgreSQL
     2 │ virtual-table docs { using "fts5(title)" }
       ╰────
      help: keep it to SQLite with only=sqlite

      × PostgreSQL has no virtual tables, like `docs`
       ╭─[schema.kdl:2:1]
     1 │ trigger touch { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
     2 │ virtual-table docs { using "fts5(title)" }
       · ─────────┬────────
       ·          ╰── means nothing to PostgreSQL
       ╰────
      help: keep it to SQLite with only=sqlite

    error: the schema has 2 mistakes
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
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
      × key column `name` is nullable
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column name text primary-key nullable on-conflict=replace
       ·     ────────────────────────────┬────────────────────────────
       ·                                 ╰── PostgreSQL's key columns are NOT NULL
     3 │     column alias text unique collate=nocase
       ╰────
      help: take out nullable, or keep it to SQLite with only=sqlite

      × PostgreSQL has no `on-conflict=` on a rule
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column name text primary-key nullable on-conflict=replace
       ·     ────────────────────────────┬────────────────────────────
       ·                                 ╰── would mean something else in PostgreSQL
     3 │     column alias text unique collate=nocase
       ╰────
      help: keep it to SQLite with only=sqlite

      × PostgreSQL has no collation `nocase`
       ╭─[schema.kdl:3:30]
     2 │     column name text primary-key nullable on-conflict=replace
     3 │     column alias text unique collate=nocase
       ·                              ───────┬──────
       ·                                     ╰── not supported here
     4 │     column bare ""
       ╰────
      help: it is SQLite's: keep it to that with only=sqlite; a collation of your own with only=postgres

      × column `bare` has no type
       ╭─[schema.kdl:4:5]
     3 │     column alias text unique collate=nocase
     4 │     column bare ""
       ·     ───────┬──────
       ·            ╰── PostgreSQL needs one
     5 │     unique alias bare on-conflict=ignore
       ╰────
      help: give it a type, or keep it to SQLite with only=sqlite

      × PostgreSQL has no `on-conflict=` on a rule
       ╭─[schema.kdl:5:5]
     4 │     column bare ""
     5 │     unique alias bare on-conflict=ignore
       ·     ──────────────────┬─────────────────
       ·                       ╰── would mean something else in PostgreSQL
     6 │ }
       ╰────
      help: keep it to SQLite with only=sqlite

      × column `word` has a collation of its own in a primary key
        ╭─[schema.kdl:11:14]
     10 │     primary-key {
     11 │         part word collate=nocase
        ·              ──┬─
        ·                ╰── PostgreSQL has that in indexes only
     12 │         part place order=desc
        ╰────
      help: take it out, keep it to SQLite with only=sqlite, or write a unique index

      × column `place` has an order of its own in a primary key
        ╭─[schema.kdl:12:14]
     11 │         part word collate=nocase
     12 │         part place order=desc
        ·              ──┬──
        ·                ╰── PostgreSQL has that in indexes only
     13 │     }
        ╰────
      help: take it out, keep it to SQLite with only=sqlite, or write a unique index

    error: the schema has 7 mistakes
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
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
      × column `id` has `serial` and `default=`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     column id serial primary-key default=1
       ·     ───────────────────┬──────────────────
       ·                        ╰── both say where its values come from
     3 │     column rank integer identity generated="id + 1"
       ╰────
      help: keep one of `serial` and `default=`

      × column `rank` has `identity` and `generated=`
       ╭─[schema.kdl:3:5]
     2 │     column id serial primary-key default=1
     3 │     column rank integer identity generated="id + 1"
       ·     ───────────────────────┬───────────────────────
       ·                            ╰── both say where its values come from
     4 │ }
       ╰────
      help: keep one of `identity` and `generated=`

    error: the schema has 2 mistakes
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
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
      × column `a234567890123456789012345678901234567890123456789012345678901234` has a name of 64 bytes
       ╭─[schema.kdl:2:12]
     1 │ table users {
     2 │     column a234567890123456789012345678901234567890123456789012345678901234 integer
       ·            ────────────────────────────────┬───────────────────────────────
       ·                                            ╰── PostgreSQL would cut it
     3 │     check é23456789012345678901234567890123456789012345678901234567890123 "1 = 1"
       ╰────
      help: choose a name of at most 63 bytes

      × check `é23456789012345678901234567890123456789012345678901234567890123` has a name of 64 bytes
       ╭─[schema.kdl:3:11]
     2 │     column a234567890123456789012345678901234567890123456789012345678901234 integer
     3 │     check é23456789012345678901234567890123456789012345678901234567890123 "1 = 1"
       ·           ───────────────────────────────┬───────────────────────────────
       ·                                          ╰── PostgreSQL would cut it
     4 │ }
       ╰────
      help: choose a name of at most 63 bytes

      × value `a234567890123456789012345678901234567890123456789012345678901234` has a name of 64 bytes
       ╭─[schema.kdl:5:1]
     4 │ }
     5 │ enum mood a234567890123456789012345678901234567890123456789012345678901234
       · ─────────────────────────────────────┬────────────────────────────────────
       ·                                      ╰── PostgreSQL would cut it
       ╰────
      help: choose a name of at most 63 bytes

    error: the schema has 3 mistakes
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
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
      × `a=1) x` is no storage parameter
       ╭─[schema.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── in its `with`
     2 │     column id integer default=(sql)"1; DROP TABLE users"
       ╰────
      help: write `with fillfactor="70"`

      × default= holds a `;`
       ╭─[schema.kdl:2:23]
     1 │ table users {
     2 │     column id integer default=(sql)"1; DROP TABLE users"
       ·                       ─────────────────┬────────────────
       ·                                        ╰── one expression is wanted here
     3 │     column "age" "integer DEFAULT 1" { backfill "1) , (2" }
       ╰────
      help: brackets and quotes must close; nothing may follow

      × `integer DEFAULT 1` is no type
       ╭─[schema.kdl:3:5]
     2 │     column id integer default=(sql)"1; DROP TABLE users"
     3 │     column "age" "integer DEFAULT 1" { backfill "1) , (2" }
       ·     ────────────────┬───────────────
       ·                     ╰── not one type
     4 │     check "id > 0 --"
       ╰────
      help: a type is words, with sizes in brackets: "varchar(50)"

      × backfill is not one whole expression
       ╭─[schema.kdl:3:49]
     2 │     column id integer default=(sql)"1; DROP TABLE users"
     3 │     column "age" "integer DEFAULT 1" { backfill "1) , (2" }
       ·                                                 ────┬────
       ·                                                     ╰── one expression is wanted here
     4 │     check "id > 0 --"
       ╰────
      help: brackets and quotes must close; nothing may follow

      × a check's condition ends in a comment
       ╭─[schema.kdl:4:11]
     3 │     column "age" "integer DEFAULT 1" { backfill "1) , (2" }
     4 │     check "id > 0 --"
       ·           ─────┬─────
       ·                ╰── would swallow what comes after it
     5 │     check "E'a'\n'b\\'' ; DROP TABLE users --'"
       ╰────
      help: take the comment out; KDL's own stand behind //

      × a check's condition is not one whole expression
       ╭─[schema.kdl:5:11]
     4 │     check "id > 0 --"
     5 │     check "E'a'\n'b\\'' ; DROP TABLE users --'"
       ·           ──────────────────┬──────────────────
       ·                             ╰── one expression is wanted here
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
       ╰────
      help: brackets and quotes must close; nothing may follow

      × `int4_ops DESC` is no operator class
       ╭─[schema.kdl:6:5]
     5 │     check "E'a'\n'b\\'' ; DROP TABLE users --'"
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
       ·     ────┬────
       ·         ╰── in opclass=
     7 │     exclude using="gist (x" { part id with="= x" }
       ╰────
      help: write its name: opclass=text_pattern_ops

      × an index part is not one whole expression
       ╭─[schema.kdl:6:22]
     5 │     check "E'a'\n'b\\'' ; DROP TABLE users --'"
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
       ·                      ────────┬───────
       ·                              ╰── one expression is wanted here
     7 │     exclude using="gist (x" { part id with="= x" }
       ╰────
      help: brackets and quotes must close; nothing may follow

      × `gist (x` is no access method
       ╭─[schema.kdl:7:5]
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
     7 │     exclude using="gist (x" { part id with="= x" }
       ·     ───────────┬───────────
       ·                ╰── in using=
     8 │     with "a=1) x"=1
       ╰────
      help: write its name: using=gist

      × `= x` is no operator
       ╭─[schema.kdl:7:5]
     6 │     index idx { part (sql)"id), (age" opclass="int4_ops DESC" }
     7 │     exclude using="gist (x" { part id with="= x" }
       ·     ───────────┬───────────
       ·                ╰── in with=
     8 │     with "a=1) x"=1
       ╰────
      help: write with="&&" or with="OPERATOR(schema.&&)"

      × a view is one query
        ╭─[schema.kdl:10:16]
      9 │ }
     10 │ view ages { as "SELECT 1; DROP TABLE users" }
        ·                ──────────────┬─────────────
        ·                              ╰── not one SELECT
     11 │ domain age integer { check "VALUE > 0)" }
        ╰────
      help: write as "SELECT …"

      × a check's condition is not one whole expression
        ╭─[schema.kdl:11:28]
     10 │ view ages { as "SELECT 1; DROP TABLE users" }
     11 │ domain age integer { check "VALUE > 0)" }
        ·                            ──────┬─────
        ·                                  ╰── one expression is wanted here
        ╰────
      help: brackets and quotes must close; nothing may follow

    error: the schema has 12 mistakes
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
    assert_snapshot!(mistakes_for("sqlite", schema), @r#"
      × SQLite has no `exclude`
       ╭─[schema.kdl:3:5]
     2 │     column room integer
     3 │     exclude using=gist { part room with="=" }
       ·     ─────────┬────────
       ·              ╰── would mean something else in SQLite
     4 │ }
       ╰────
      help: keep it to PostgreSQL with only=postgres

    error: the schema has one mistake
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
    assert_snapshot!(mistakes(schema), @r"
      × two objects are called `mood`
       ╭─[schema.kdl:1:1]
     1 │ table mood { column id integer }
       · ─────┬────
       ·      ╰── table `mood`
     2 │ enum mood sad ok only=postgres
       · ───────────────┬──────────────
       ·                ╰── enum `mood`
     3 │ domain email text only=postgres
       ╰────
      help: types share one set of names, and the rows of a table or view are a type of its name: rename one of
            the two

      × two objects are called `email`
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
      help: types share one set of names, and the rows of a table or view are a type of its name: rename one of
            the two

      × two enums are called `email`
       ╭─[schema.kdl:4:1]
     3 │ domain email text only=postgres
     4 │ enum email a
       · ──────┬─────
       ·       ╰── the first
     5 │ enum email b
       · ──────┬─────
       ·       ╰── the second
       ╰────
      help: rename one of the two, or keep each to one database with only=sqlite and only=postgres

    error: the schema has 3 mistakes
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
      × two objects are called `users`
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
      help: tables, views, sequences and indexes share one set of names: rename one of the two

      × two objects are called `ages`
       ╭─[schema.kdl:4:5]
     3 │     column name text
     4 │     unique name name=ages
       ·     ──────────┬──────────
       ·               ╰── unique rule `ages`
     5 │ }
     6 │ sequence users
     7 │ materialized-view ages { as "SELECT 1"; index idx id }
       · ───────────┬──────────
       ·            ╰── materialized-view `ages`
     8 │ materialized-view sums { as "SELECT 1"; index idx id }
       ╰────
      help: a key, unique rule or exclusion has an index of its name: rename one of the two

      × two objects are called `idx`
       ╭─[schema.kdl:7:41]
     6 │ sequence users
     7 │ materialized-view ages { as "SELECT 1"; index idx id }
       ·                                         ──────┬─────
       ·                                               ╰── index `idx`
     8 │ materialized-view sums { as "SELECT 1"; index idx id }
       ·                                         ──────┬─────
       ·                                               ╰── index `idx`
       ╰────
      help: tables, views, sequences and indexes share one set of names: rename one of the two

    error: the schema has 3 mistakes
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
      × sequence `a` is owned by table `user`, which the schema does not have
       ╭─[schema.kdl:2:12]
     1 │ table users { column id integer }
     2 │ sequence a owned-by="user.id"
       ·            ─────────┬────────
       ·                     ╰── goes with it
     3 │ sequence b owned-by="users.ids"
       ╰────
      help: did you mean `users`?

      × sequence `b` is owned by column `ids`, which table `users` does not have
       ╭─[schema.kdl:3:12]
     2 │ sequence a owned-by="user.id"
     3 │ sequence b owned-by="users.ids"
       ·            ──────────┬─────────
       ·                      ╰── no such column
     4 │ sequence c owned-by=users
       ╰────
      help: did you mean `id`?

      × `users` is no column
       ╭─[schema.kdl:4:12]
     3 │ sequence b owned-by="users.ids"
     4 │ sequence c owned-by=users
       ·            ───────┬──────
       ·                   ╰── not understood
     5 │ sequence d owned-by="app.users.id"
       ╰────
      help: write owned-by="table.column" or owned-by="schema.table.column"

      × sequence `d` is owned by table `app.users`, which the schema does not have
       ╭─[schema.kdl:5:12]
     4 │ sequence c owned-by=users
     5 │ sequence d owned-by="app.users.id"
       ·            ───────────┬───────────
       ·                       ╰── goes with it
       ╰────
      help: did you mean `users`?

    error: the schema has 4 mistakes
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
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
      × primary key on column `rom`, which table `rooms` does not have
       ╭─[schema.kdl:3:32]
     2 │     column room integer
     3 │     primary-key room { include rom }
       ·                                ─┬─
       ·                                 ╰── no such column
     4 │     exclude { part rooom with="="; include during }
       ╰────
      help: did you mean `room`?

      × exclusion on column `rooom`, which table `rooms` does not have
       ╭─[schema.kdl:4:20]
     3 │     primary-key room { include rom }
     4 │     exclude { part rooom with="="; include during }
       ·                    ──┬──
       ·                      ╰── no such column
     5 │ }
       ╰────
      help: did you mean `room`?

      × exclusion on column `during`, which table `rooms` does not have
       ╭─[schema.kdl:4:44]
     3 │     primary-key room { include rom }
     4 │     exclude { part rooom with="="; include during }
       ·                                            ───┬──
       ·                                               ╰── no such column
     5 │ }
       ╰────
      help: declare the column, or take it out here

    error: the schema has 3 mistakes
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
      × `exclude` compares nothing
       ╭─[schema.kdl:3:5]
     2 │     column room integer
     3 │     exclude using=gist
       ·     ─────────┬────────
       ·              ╰── here
     4 │     exclude { part room }
       ╰────
      help: write `exclude using=gist { part COLUMN with="=" }`

      × `part` of an exclusion lacks `with=`
       ╭─[schema.kdl:4:15]
     3 │     exclude using=gist
     4 │     exclude { part room }
       ·               ────┬────
       ·                   ╰── here
     5 │     exclude { room }
       ╰────
      help: name the operator that must not hold: part COLUMN with="="

      × unknown node in an exclusion: `room`
       ╭─[schema.kdl:5:15]
     4 │     exclude { part room }
     5 │     exclude { room }
       ·               ──┬─
       ·                 ╰── not known here
     6 │ }
       ╰────
      help: known here: part, include, was

    error: the schema has 3 mistakes
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
    assert_snapshot!(mistakes(schema), @r"
      × sequence `a` has two types
       ╭─[schema.kdl:1:20]
     1 │ sequence a integer bigint
       ·                    ───┬──
       ·                       ╰── the second
     2 │ sequence b text
       ╰────
      help: keep one of the two

      × a sequence's type or flag cannot be `text`
       ╭─[schema.kdl:2:12]
     1 │ sequence a integer bigint
     2 │ sequence b text
       ·            ──┬─
       ·              ╰── here
     3 │ sequence c start=1.5 max=9223372036854775808
       ╰────
      help: one of: smallint, integer, bigint, prevent-destroy

      × start= is no whole number of 64 bits
       ╭─[schema.kdl:3:12]
     2 │ sequence b text
     3 │ sequence c start=1.5 max=9223372036854775808
       ·            ────┬────
       ·                ╰── here
     4 │ sequence d increment=0
       ╰────
      help: write start= and digits without quotes, from -9223372036854775808 to 9223372036854775807

      × max= is no whole number of 64 bits
       ╭─[schema.kdl:3:22]
     2 │ sequence b text
     3 │ sequence c start=1.5 max=9223372036854775808
       ·                      ───────────┬───────────
       ·                                 ╰── here
     4 │ sequence d increment=0
       ╰────
      help: write max= and digits without quotes, from -9223372036854775808 to 9223372036854775807

      × a sequence with increment=0 never moves
       ╭─[schema.kdl:4:1]
     3 │ sequence c start=1.5 max=9223372036854775808
     4 │ sequence d increment=0
       · ───────────┬──────────
       ·            ╰── PostgreSQL refuses it
     5 │ sequence e min=10 max=5
       ╰────
      help: write another step

      × a sequence's min= must be less than its max=
       ╭─[schema.kdl:5:1]
     4 │ sequence d increment=0
     5 │ sequence e min=10 max=5
       · ───────────┬───────────
       ·            ╰── PostgreSQL refuses it
     6 │ sequence f min=10 start=5
       ╰────
      help: write other bounds

      × a sequence's start= lies outside its bounds
       ╭─[schema.kdl:6:1]
     5 │ sequence e min=10 max=5
     6 │ sequence f min=10 start=5
       · ────────────┬────────────
       ·             ╰── PostgreSQL refuses it
     7 │ sequence g cache=0 cycle=yes
       ╰────
      help: write a start from min= to max=

      × a sequence takes at least one value at once
       ╭─[schema.kdl:7:1]
     6 │ sequence f min=10 start=5
     7 │ sequence g cache=0 cycle=yes
       · ──────────────┬─────────────
       ·               ╰── PostgreSQL refuses it
     8 │ table users { column id integer { sequence start=5 } }
       ╰────
      help: write cache=1 or more

      × cycle= is neither #true nor #false
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
      help: a column is numbered with `serial` or `identity`

    error: the schema has 10 mistakes
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
      × enum `mood` has the value `sad` twice
       ╭─[schema.kdl:1:15]
     1 │ enum mood sad sad 3
       ·               ─┬─
       ·                ╰── the second
     2 │ domain email
       ╰────
      help: keep one of the two

      × an enum's value must be a word or a string
       ╭─[schema.kdl:1:19]
     1 │ enum mood sad sad 3
       ·                   ┬
       ·                   ╰── not a string
     2 │ domain email
       ╰────
      help: write "3"

      × `domain` lacks its type
       ╭─[schema.kdl:2:1]
     1 │ enum mood sad sad 3
     2 │ domain email
       · ──────┬─────
       ·       ╰── here
     3 │ domain age not-null
       ╰────
      help: write `domain email TYPE`, with a type like integer, text, "varchar(50)"

      × domain `age` lacks its type
       ╭─[schema.kdl:3:1]
     2 │ domain email
     3 │ domain age not-null
       · ─────────┬─────────
       ·          ╰── the type comes after the name
     4 │ domain name text nullable { chek "VALUE > ''" }
       ╰────
      help: write `domain age TYPE`, with a type like integer, text, "varchar(50)"

      × a domain's flag cannot be `nullable`
       ╭─[schema.kdl:4:18]
     3 │ domain age not-null
     4 │ domain name text nullable { chek "VALUE > ''" }
       ·                  ────┬───
       ·                      ╰── here
     5 │ domain place serial
       ╰────
      help: one of: not-null

      × unknown node in a domain: `chek`
       ╭─[schema.kdl:4:29]
     3 │ domain age not-null
     4 │ domain name text nullable { chek "VALUE > ''" }
       ·                             ──┬─
       ·                               ╰── not known here
     5 │ domain place serial
       ╰────
      help: did you mean `check`?

      × domain `place` is made of `serial`
       ╭─[schema.kdl:5:1]
     4 │ domain name text nullable { chek "VALUE > ''" }
     5 │ domain place serial
       · ─────────┬─────────
       ·          ╰── a column's sequence is no type
       ╰────
      help: write integer or bigint

    error: the schema has 7 mistakes
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
      × `schema` lacks a name
       ╭─[schema.kdl:1:1]
     1 │ schema
       · ───┬──
       ·    ╰── here
     2 │ schema app owner=me
       ╰────
      help: write `schema NAME`

      × unknown property `owner=` on `schema`
       ╭─[schema.kdl:2:12]
     1 │ schema
     2 │ schema app owner=me
       ·            ────┬───
       ·                ╰── not known here
     3 │ extension pg_trgm version=1.6
       ╰────
      help: known here: only=, comment=

      × version= must be a word or a string
       ╭─[schema.kdl:3:19]
     2 │ schema app owner=me
     3 │ extension pg_trgm version=1.6
       ·                   ─────┬─────
       ·                        ╰── not a string
     4 │ extension hstore { schema app }
       ╰────
      help: write "1.6"

      × `extension` takes no `schema`
       ╭─[schema.kdl:4:20]
     3 │ extension pg_trgm version=1.6
     4 │ extension hstore { schema app }
       ·                    ─────┬────
       ·                         ╰── unexpected
       ╰────
      help: take it out

    error: the schema has 4 mistakes
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
      × `materialized-view` lacks its `as`
       ╭─[schema.kdl:1:1]
     1 │ materialized-view stats
       · ───────────┬───────────
       ·            ╰── here
     2 │ materialized-view sums { as "SELECT 1"; indx a }
       ╰────
      help: write `materialized-view NAME { as "SQL" }`

      × unknown node here: `indx`
       ╭─[schema.kdl:2:41]
     1 │ materialized-view stats
     2 │ materialized-view sums { as "SELECT 1"; indx a }
       ·                                         ──┬─
       ·                                           ╰── not known here
     3 │ materialized-view ages prevent-destroy { as "SELECT 1"; with }
       ╰────
      help: did you mean `index`?

      × what a materialized view holds can be made again, so there is nothing to guard
       ╭─[schema.kdl:3:1]
     2 │ materialized-view sums { as "SELECT 1"; indx a }
     3 │ materialized-view ages prevent-destroy { as "SELECT 1"; with }
       · ───────────────────┬──────────────────
       ·                    ╰── here
       ╰────
      help: take out prevent-destroy

      × `with` names no parameter
       ╭─[schema.kdl:3:57]
     2 │ materialized-view sums { as "SELECT 1"; indx a }
     3 │ materialized-view ages prevent-destroy { as "SELECT 1"; with }
       ·                                                         ──┬─
       ·                                                           ╰── here
       ╰────
      help: write `with NAME=VALUE`

    error: the schema has 4 mistakes
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
    valid_for("postgres", schema);
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
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
      × a foreign key points to a key of `users` that is deferrable
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
        ·                                    ╰── PostgreSQL refuses it
     10 │     column user_id integer references="users(id)"
        ╰────
      help: take deferrable= from the key

    error: the schema has one mistake
    "#);
}

#[test]
fn defaults_that_are_not_values_of_their_type() {
    let schema = r#"
        enum "user b" a c
        domain d "\"user b\"" default=a
        enum "user" b
        table t {
            column s "\"user\"" default=a
            column e "\"user\"" default=b
            column f "\"user b\"" default=a
            column g "\"user\"[]" default="{a}"
            column i bigint default=99999999999999999999
            column j smallint default=-32769
            column k smallint default=-32768
            column l integer default="2147483648"
            column m bigint default=9223372036854775807
            column n "count" default=9223372036854775808
        }
        domain "count" bigint
    "#;
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
      × the default `a` of column `s` is not a value of enum `user`
       ╭─[schema.kdl:5:5]
     4 │ table t {
     5 │     column s "\"user\"" default=a
       ·     ──────────────┬──────────────
       ·                   ╰── not a value of its type
     6 │     column e "\"user\"" default=b
       ╰────
      help: write one of its values, or add `a` to the enum

      × the default 99999999999999999999 of column `i` is out of range for its type
        ╭─[schema.kdl:9:5]
      8 │     column g "\"user\"[]" default="{a}"
      9 │     column i bigint default=99999999999999999999
        ·     ──────────────────────┬─────────────────────
        ·                           ╰── out of range
     10 │     column j smallint default=-32769
        ╰────
      help: write a number from -9223372036854775808 to 9223372036854775807, or use a wider type

      × the default -32769 of column `j` is out of range for its type
        ╭─[schema.kdl:10:5]
      9 │     column i bigint default=99999999999999999999
     10 │     column j smallint default=-32769
        ·     ────────────────┬───────────────
        ·                     ╰── out of range
     11 │     column k smallint default=-32768
        ╰────
      help: write a number from -32768 to 32767, or use a wider type

      × the default 2147483648 of column `l` is out of range for its type
        ╭─[schema.kdl:12:5]
     11 │     column k smallint default=-32768
     12 │     column l integer default="2147483648"
        ·     ──────────────────┬──────────────────
        ·                       ╰── out of range
     13 │     column m bigint default=9223372036854775807
        ╰────
      help: write a number from -2147483648 to 2147483647, or use a wider type

      × the default 9223372036854775808 of column `n` is out of range for its type
        ╭─[schema.kdl:14:5]
     13 │     column m bigint default=9223372036854775807
     14 │     column n "count" default=9223372036854775808
        ·     ──────────────────────┬─────────────────────
        ·                           ╰── out of range
     15 │ }
        ╰────
      help: write a number from -9223372036854775808 to 9223372036854775807, or use a wider type

    error: the schema has 5 mistakes
    "#);
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
    assert_snapshot!(mistakes_for("postgres", schema), @r#"
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
       ·                                        ╰── PostgreSQL refuses it
     8 │ }
       ╰────
      help: make `visits` unlogged too, or take unlogged from `sessions`

    error: the schema has one mistake
    "#);
}
