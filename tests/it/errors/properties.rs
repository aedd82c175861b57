//! Properties that the language does not have, or does not accept.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn a_property_of_a_table() {
    let schema = r#"
        table users commment="who writes" {
            column id serial primary-key
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown property `commment=` in `table`
       ╭─[schema.kdl:1:13]
     1 │ table users commment="who writes" {
       ·             ──────────┬──────────
       ·                       ╰── not recognized
     2 │     column id serial primary-key
       ╰────
      help: did you mean `comment=`?

    error: the schema has one error
    "#);
}

#[test]
fn a_property_of_a_column() {
    let schema = r#"
        table users {
            column id serial primary-key
            column friend integer refrences="users(id)"
            column age integer zebra=1
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown property `refrences=` in `column`
       ╭─[schema.kdl:3:27]
     2 │     column id serial primary-key
     3 │     column friend integer refrences="users(id)"
       ·                           ──────────┬──────────
       ·                                     ╰── not recognized
     4 │     column age integer zebra=1
       ╰────
      help: did you mean `references=`?

      × unknown property `zebra=` in `column`
       ╭─[schema.kdl:4:24]
     3 │     column friend integer refrences="users(id)"
     4 │     column age integer zebra=1
       ·                        ───┬───
       ·                           ╰── not recognized
     5 │ }
       ╰────
      help: expected one of: only=, comment=, collate=, was=, default=, identity=, generated=, stored=,
            on-conflict=, primary-key=, references=, on-delete=, on-update=, match=, deferrable=

    error: the schema has 2 errors
    "#);
}

#[test]
fn a_property_of_an_index() {
    let schema = r#"
        table users {
            column id serial primary-key
            index idx_id id wher="id > 0"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown property `wher=` in `index`
       ╭─[schema.kdl:3:21]
     2 │     column id serial primary-key
     3 │     index idx_id id wher="id > 0"
       ·                     ──────┬──────
       ·                           ╰── not recognized
     4 │ }
       ╰────
      help: did you mean `where=`?

    error: the schema has one error
    "#);
}

#[test]
fn a_property_of_a_foreign_key() {
    let schema = r#"
        table users {
            column id serial primary-key
            foreign-key id references="users(id)" on-delet=cascade
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown property `on-delet=` in `foreign-key`
       ╭─[schema.kdl:3:43]
     2 │     column id serial primary-key
     3 │     foreign-key id references="users(id)" on-delet=cascade
       ·                                           ────────┬───────
       ·                                                   ╰── not recognized
     4 │ }
       ╰────
      help: did you mean `on-delete=`?

    error: the schema has one error
    "#);
}

#[test]
fn a_property_given_twice() {
    let schema = r"
        table users {
            column age integer default=1 default=2
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `default=` is specified twice
       ╭─[schema.kdl:2:24]
     1 │ table users {
     2 │     column age integer default=1 default=2
       ·                        ────┬──── ────┬────
       ·                            │         ╰── the second
       ·                            ╰── the first
     3 │ }
       ╰────
      help: keep one of the two

    error: the schema has one error
    ");
}

#[test]
fn only_given_twice() {
    let schema = r"
        table users only=sqlite only=postgres {
            column id serial primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `only=` is specified twice
       ╭─[schema.kdl:1:13]
     1 │ table users only=sqlite only=postgres {
       ·             ─────┬───── ──────┬──────
       ·                  │            ╰── the second
       ·                  ╰── the first
     2 │     column id serial primary-key
       ╰────
      help: keep one of the two

    error: the schema has one error
    ");
}

#[test]
fn only_for_a_database_that_there_is_not() {
    let schema = r"
        table users only=sqlte {
            column id serial primary-key
        }

        table posts only=mysql {
            column id serial primary-key
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × invalid value `sqlte` for `only=`
       ╭─[schema.kdl:1:13]
     1 │ table users only=sqlte {
       ·             ─────┬────
       ·                  ╰── here
     2 │     column id serial primary-key
       ╰────
      help: did you mean `sqlite`?

      × invalid value `mysql` for `only=`
       ╭─[schema.kdl:5:13]
     4 │
     5 │ table posts only=mysql {
       ·             ─────┬────
       ·                  ╰── here
     6 │     column id serial primary-key
       ╰────
      help: expected one of: sqlite, postgres

    error: the schema has 2 errors
    ");
}

#[test]
fn a_property_with_a_word_that_it_does_not_know() {
    let schema = r#"
        table users {
            column id integer primary-key identity=sometimes on-conflict=explode
            column friend integer references="users(id)" on-delete=cascad
            unique friend deferrable=yes
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × invalid value `sometimes` for `identity=`
       ╭─[schema.kdl:2:35]
     1 │ table users {
     2 │     column id integer primary-key identity=sometimes on-conflict=explode
       ·                                   ─────────┬────────
       ·                                            ╰── here
     3 │     column friend integer references="users(id)" on-delete=cascad
       ╰────
      help: expected one of: always, by-default

      × invalid value `explode` for `on-conflict=`
       ╭─[schema.kdl:2:54]
     1 │ table users {
     2 │     column id integer primary-key identity=sometimes on-conflict=explode
       ·                                                      ─────────┬─────────
       ·                                                               ╰── here
     3 │     column friend integer references="users(id)" on-delete=cascad
       ╰────
      help: expected one of: rollback, abort, fail, ignore, replace

      × invalid value `cascad` for `on-delete=`
       ╭─[schema.kdl:3:50]
     2 │     column id integer primary-key identity=sometimes on-conflict=explode
     3 │     column friend integer references="users(id)" on-delete=cascad
       ·                                                  ────────┬───────
       ·                                                          ╰── here
     4 │     unique friend deferrable=yes
       ╰────
      help: did you mean `cascade`?

      × invalid value `yes` for `deferrable=`
       ╭─[schema.kdl:4:19]
     3 │     column friend integer references="users(id)" on-delete=cascad
     4 │     unique friend deferrable=yes
       ·                   ───────┬──────
       ·                          ╰── here
     5 │ }
       ╰────
      help: expected one of: initially-deferred, initially-immediate

    error: the schema has 4 errors
    "#);
}

#[test]
fn a_property_that_is_true_or_false() {
    let schema = r"
        table users {
            column age integer
            index idx_age age unique=yes
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `unique=` must be #true or #false
       ╭─[schema.kdl:3:23]
     2 │     column age integer
     3 │     index idx_age age unique=yes
       ·                       ─────┬────
       ·                            ╰── here
     4 │ }
       ╰────
      help: write #true or #false

    error: the schema has one error
    ");
}

#[test]
fn a_property_that_is_no_text() {
    let schema = r"
        table users comment=5 {
            column age integer was=1
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `comment=` must be a string
       ╭─[schema.kdl:1:13]
     1 │ table users comment=5 {
       ·             ────┬────
       ·                 ╰── not a string
     2 │     column age integer was=1
       ╰────
      help: write "5"

      × `was=` must be a string
       ╭─[schema.kdl:2:24]
     1 │ table users comment=5 {
     2 │     column age integer was=1
       ·                        ──┬──
       ·                          ╰── not a string
     3 │ }
       ╰────
      help: write "1"

    error: the schema has 2 errors
    "#);
}

#[test]
fn numbers_that_are_not_numbers_of_sql() {
    let schema = r##"
        table users {
            column id serial primary-key
            column a real default=#inf
            column b "varchar(1_000)"
            column c text default="a\u{0}b"
            index idx_b b { with fillfactor="7_0" }
        }
    "##;
    assert_snapshot!(mistakes(schema), @r#"
      × `#inf` is not a valid SQL number
       ╭─[schema.kdl:3:19]
     2 │     column id serial primary-key
     3 │     column a real default=#inf
       ·                   ──────┬─────
       ·                         ╰── here
     4 │     column b "varchar(1_000)"
       ╰────
      help: write the number in digits; for a float or numeric column in PostgreSQL, write (sql)"'Infinity'"

      × `1_000` in type `varchar(1_000)` is not a plain decimal number
       ╭─[schema.kdl:4:14]
     3 │     column a real default=#inf
     4 │     column b "varchar(1_000)"
       ·              ────────┬───────
       ·                      ╰── here
     5 │     column c text default="a\u{0}b"
       ╰────
      help: use decimal digits only, as in "varchar(1000)"

      × `default=` contains a NUL character
       ╭─[schema.kdl:5:19]
     4 │     column b "varchar(1_000)"
     5 │     column c text default="a\u{0}b"
       ·                   ────────┬────────
       ·                           ╰── no database accepts it
     6 │     index idx_b b { with fillfactor="7_0" }
       ╰────
      help: remove it

      × `fillfactor=` is not a plain decimal number
       ╭─[schema.kdl:6:26]
     5 │     column c text default="a\u{0}b"
     6 │     index idx_b b { with fillfactor="7_0" }
       ·                          ────────┬───────
       ·                                  ╰── here
     7 │ }
       ╰────
      help: use decimal digits only

    error: the schema has 4 errors
    "#);
}

#[test]
fn flags_with_a_value_and_properties_in_the_wrong_place() {
    let schema = r##"
        table users {
            strict
            column id serial primary-key
            column a text backfill="x" { default "x"; unique }
            column b text not-null=#true unique=#false
        }
    "##;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown node in a table: `strict`
       ╭─[schema.kdl:2:5]
     1 │ table users {
     2 │     strict
       ·     ───┬──
       ·        ╰── not recognized
     3 │     column id serial primary-key
       ╰────
      help: `strict` is a flag: write `strict` on the line of `table`

      × unknown property `backfill=` in `column`
       ╭─[schema.kdl:4:19]
     3 │     column id serial primary-key
     4 │     column a text backfill="x" { default "x"; unique }
       ·                   ──────┬─────
       ·                         ╰── not recognized
     5 │     column b text not-null=#true unique=#false
       ╰────
      help: write it as a child node: `{ backfill "x" }`

      × unknown node in a column: `default`
       ╭─[schema.kdl:4:34]
     3 │     column id serial primary-key
     4 │     column a text backfill="x" { default "x"; unique }
       ·                                  ───┬───
       ·                                     ╰── not recognized
     5 │     column b text not-null=#true unique=#false
       ╰────
      help: `default` is a property: write `default="x"` on the line of `column`

      × unknown node in a column: `unique`
       ╭─[schema.kdl:4:47]
     3 │     column id serial primary-key
     4 │     column a text backfill="x" { default "x"; unique }
       ·                                               ───┬──
       ·                                                  ╰── not recognized
     5 │     column b text not-null=#true unique=#false
       ╰────
      help: `unique` is a flag: write `unique` on the line of `column`

      × `not-null` is a flag and takes no value
       ╭─[schema.kdl:5:19]
     4 │     column a text backfill="x" { default "x"; unique }
     5 │     column b text not-null=#true unique=#false
       ·                   ───────┬──────
       ·                          ╰── here
     6 │ }
       ╰────
      help: write `not-null`

      × `unique` is a flag and takes no value
       ╭─[schema.kdl:5:34]
     4 │     column a text backfill="x" { default "x"; unique }
     5 │     column b text not-null=#true unique=#false
       ·                                  ──────┬──────
       ·                                        ╰── here
     6 │ }
       ╰────
      help: to turn it off, remove `unique`

    error: the schema has 6 errors
    "#);
    assert_snapshot!(mistakes("table t {\n    column a text null=#false\n}"), @"
      × unknown property `null`
       ╭─[schema.kdl:2:19]
     1 │ table t {
     2 │     column a text null=#false
       ·                   ──┬─
       ·                     ╰── here
     3 │ }
       ╰────
      help: write `not-null` to disallow NULL; by default, a column accepts NULL

    error: the schema has one error
    ");
    assert_snapshot!(mistakes("table t {\n    column a text not-null=true\n}"), @"
      × `not-null` is a flag and takes no value
       ╭─[schema.kdl:2:28]
     1 │ table t {
     2 │     column a text not-null=true
       ·                            ──┬─
       ·                              ╰── here
     3 │ }
       ╰────
      help: write `not-null`

    error: the schema has one error
    ");
}
