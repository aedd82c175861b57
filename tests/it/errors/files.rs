//! Schemas of several files, and with several mistakes.

use insta::assert_snapshot;

use super::Folder;

#[test]
fn mistakes_on_two_lines_of_one_file() {
    let folder = Folder::new().file(
        "schema.kdl",
        r"
            table users {
                column id serial primay-key
                column name text not_null
            }
        ",
    );
    assert_snapshot!(folder.mistakes("schema.kdl"), @"
      × unknown column flag `primay-key`
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column id serial primay-key
       ·                      ─────┬────
       ·                           ╰── here
     3 │     column name text not_null
       ╰────
      help: did you mean `primary-key`?

      × unknown column flag `not_null`
       ╭─[schema.kdl:3:22]
     2 │     column id serial primay-key
     3 │     column name text not_null
       ·                      ────┬───
       ·                          ╰── here
     4 │ }
       ╰────
      help: did you mean `not-null`?

    error: the schema has 2 errors
    ");
}

#[test]
fn mistakes_in_two_files() {
    let folder = Folder::new()
        .file(
            "schema/a.kdl",
            r"
            table users {
                column name text
                index idx_name nam
            }
        ",
        )
        .file(
            "schema/b.kdl",
            r#"
            table posts {
                column author integer references="user(id)"
            }
        "#,
        );
    assert_snapshot!(folder.mistakes("schema"), @r#"
      × index `idx_name` uses column `nam`, which does not exist in table `users`
       ╭─[schema/a.kdl:3:20]
     2 │     column name text
     3 │     index idx_name nam
       ·                    ─┬─
       ·                     ╰── no such column
     4 │ }
       ╰────
      help: did you mean `name`?

      × foreign key references table `user`, which is not in the schema
       ╭─[schema/b.kdl:2:27]
     1 │ table posts {
     2 │     column author integer references="user(id)"
       ·                           ──────────┬──────────
       ·                                     ╰── referenced here
     3 │ }
       ╰────
      help: did you mean `users`?

    error: the schema has 2 errors
    "#);
}

#[test]
fn one_table_in_two_files() {
    let folder = Folder::new()
        .file(
            "schema/a.kdl",
            r"
            table users {
                column id serial primary-key
            }
        ",
        )
        .file(
            "schema/b.kdl",
            r"
            // once more
            table users {
                column id serial primary-key
            }
        ",
        );
    assert_snapshot!(folder.mistakes("schema"), @"
      × two tables are named `users`
       ╭─[schema/a.kdl:1:1]
     1 │ table users {
       · ─────┬─────
       ·      ╰── the first
     2 │     column id serial primary-key
       ╰────
      help: rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`
            the second: schema/b.kdl, line 2

    error: the schema has one error
    ");
}

#[test]
fn one_index_name_in_two_files() {
    let folder = Folder::new()
        .file(
            "schema/a.kdl",
            r"
            table users {
                column age integer
                index idx_age age
            }
        ",
        )
        .file(
            "schema/b.kdl",
            r"
            table pets {
                column age integer
                index idx_age age
            }
        ",
        );
    assert_snapshot!(folder.mistakes("schema"), @"
      × two objects are named `idx_age`
       ╭─[schema/a.kdl:3:5]
     2 │     column age integer
     3 │     index idx_age age
       ·     ────────┬────────
       ·             ╰── index `idx_age`
     4 │ }
       ╰────
      help: tables, views, sequences and indexes share one namespace: rename one of the two
            index `idx_age`: schema/b.kdl, line 3

    error: the schema has one error
    ");
}

#[test]
fn what_is_no_kdl_hides_no_other_file() {
    let folder = Folder::new()
        .file(
            "schema/a.kdl",
            r"
            table users {
                column online boolean default=true
            }
        ",
        )
        .file(
            "schema/b.kdl",
            r"
            table posts {
                column id serial primay-key
            }
        ",
        );
    assert_snapshot!(folder.mistakes("schema"), @r#"
      × `true` is not a valid KDL value
       ╭─[schema/a.kdl:2:35]
     1 │ table users {
     2 │     column online boolean default=true
       ·                                   ──┬─
       ·                                     ╰── here
     3 │ }
       ╰────
      help: write `#true`, or "true" for the string

      × unknown column flag `primay-key`
       ╭─[schema/b.kdl:2:22]
     1 │ table posts {
     2 │     column id serial primay-key
       ·                      ─────┬────
       ·                           ╰── here
     3 │ }
       ╰────
      help: did you mean `primary-key`?

    error: the schema has 2 errors
    "#);
}

#[test]
fn mistakes_of_every_kind_come_in_one_run() {
    let folder = Folder::new()
        .file(
            "schema/a.kdl",
            r"
            table users {
                column online boolean default=true
            }
        ",
        )
        .file(
            "schema/b.kdl",
            r#"
            include "../c.kdl"

            table posts {
                column id serial primay-key
            }
        "#,
        )
        .file(
            "schema/c.kdl",
            r"
            table pets {
                column name text
                index idx_name nam
            }
        ",
        )
        .file(
            "schema/d.kdl",
            r#"
            table clubs {
                column name text
                check "name > 0; SELECT 1"
            }
        "#,
        );
    assert_snapshot!(folder.mistakes("schema"), @r#"
      × `true` is not a valid KDL value
       ╭─[schema/a.kdl:2:35]
     1 │ table users {
     2 │     column online boolean default=true
       ·                                   ──┬─
       ·                                     ╰── here
     3 │ }
       ╰────
      help: write `#true`, or "true" for the string

      × `../c.kdl` leads outside the schema folder
       ╭─[schema/b.kdl:1:9]
     1 │ include "../c.kdl"
       ·         ─────┬────
       ·              ╰── included here
     2 │
       ╰────
      help: include only files in the folder of this file or below it

      × unknown column flag `primay-key`
       ╭─[schema/b.kdl:4:22]
     3 │ table posts {
     4 │     column id serial primay-key
       ·                      ─────┬────
       ·                           ╰── here
     5 │ }
       ╰────
      help: did you mean `primary-key`?

      × index `idx_name` uses column `nam`, which does not exist in table `pets`
       ╭─[schema/c.kdl:3:20]
     2 │     column name text
     3 │     index idx_name nam
       ·                    ─┬─
       ·                     ╰── no such column
     4 │ }
       ╰────
      help: did you mean `name`?

      × the check condition contains a `;`
       ╭─[schema/d.kdl:3:11]
     2 │     column name text
     3 │     check "name > 0; SELECT 1"
       ·           ──────────┬─────────
       ·                     ╰── expected one expression
     4 │ }
       ╰────
      help: close all brackets and quotes; nothing may follow the expression

    error: the schema has 5 errors
    "#);
}

#[test]
fn what_follows_from_another_mistake_is_not_told() {
    let folder = Folder::new().file(
        "schema.kdl",
        r#"
            table users {
                column id serial primay-key
                column name
                index idx_name name
            }

            table posts {
                column author text references="users(name)"
                column club text references="clubs(id)"
            }

            tabel clubs {
                column id serial primary-key
            }
        "#,
    );
    assert_snapshot!(folder.mistakes("schema.kdl"), @r#"
      × unknown column flag `primay-key`
       ╭─[schema.kdl:2:22]
     1 │ table users {
     2 │     column id serial primay-key
       ·                      ─────┬────
       ·                           ╰── here
     3 │     column name
       ╰────
      help: did you mean `primary-key`?

      × `column` is missing a type
       ╭─[schema.kdl:3:5]
     2 │     column id serial primay-key
     3 │     column name
       ·     ─────┬─────
       ·          ╰── here
     4 │     index idx_name name
       ╰────
      help: write `column name TYPE`, with a type such as integer, text or "varchar(50)"

      × unknown node `tabel`
        ╭─[schema.kdl:12:1]
     11 │
     12 │ tabel clubs {
        · ──┬──
        ·   ╰── not recognized
     13 │     column id serial primary-key
        ╰────
      help: did you mean `table`?

    error: the schema has 3 errors
    "#);
}

#[test]
fn what_both_databases_refuse_is_told_once() {
    let folder = Folder::new().file(
        "schema.kdl",
        r#"
            table users {
                column user integer
                column club integer
                foreign-key usr clb references="users(user, club)"
            }
        "#,
    );
    assert_snapshot!(folder.mistakes("schema.kdl"), @r#"
      × foreign key uses column `usr`, which does not exist in table `users`
       ╭─[schema.kdl:4:17]
     3 │     column club integer
     4 │     foreign-key usr clb references="users(user, club)"
       ·                 ─┬─
       ·                  ╰── no such column
     5 │ }
       ╰────
      help: did you mean `user`?

      × foreign key uses column `clb`, which does not exist in table `users`
       ╭─[schema.kdl:4:21]
     3 │     column club integer
     4 │     foreign-key usr clb references="users(user, club)"
       ·                     ─┬─
       ·                      ╰── no such column
     5 │ }
       ╰────
      help: did you mean `club`?

      × foreign key references `users(user, club)`, which is not a key
       ╭─[schema.kdl:4:25]
     3 │     column club integer
     4 │     foreign-key usr clb references="users(user, club)"
       ·                         ───────────────┬──────────────
       ·                                        ╰── neither a primary key nor unique
     5 │ }
       ╰────
      help: add a unique constraint to table `users`, or reference its primary key

    error: the schema has 3 errors
    "#);
}
