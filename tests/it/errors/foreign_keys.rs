//! What foreign keys reference.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn a_foreign_key_to_a_table_that_is_not_there() {
    let schema = r#"
        table users {
            column id serial primary-key
        }

        table posts {
            column author integer references="user(id)"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key references table `user`, which is not in the schema
       ╭─[schema.kdl:6:27]
     5 │ table posts {
     6 │     column author integer references="user(id)"
       ·                           ──────────┬──────────
       ·                                     ╰── referenced here
     7 │ }
       ╰────
      help: did you mean `users`?

    error: the schema has one error
    "#);
}

#[test]
fn a_foreign_key_to_a_table_that_is_near_to_none() {
    let schema = r#"
        table posts {
            column author integer references="people(id)"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key references table `people`, which is not in the schema
       ╭─[schema.kdl:2:27]
     1 │ table posts {
     2 │     column author integer references="people(id)"
       ·                           ───────────┬───────────
       ·                                      ╰── referenced here
     3 │ }
       ╰────
      help: declare the table, or add an `ignore` for it

    error: the schema has one error
    "#);
}

#[test]
fn a_foreign_key_to_a_column_that_is_not_there() {
    let schema = r#"
        table users {
            column ident serial primary-key
        }

        table posts {
            column author integer references="users(indent)"
            column editor integer references="users.zebra"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key references column `indent`, which does not exist in table `users`
       ╭─[schema.kdl:6:27]
     5 │ table posts {
     6 │     column author integer references="users(indent)"
       ·                           ─────────────┬────────────
       ·                                        ╰── no such column
     7 │     column editor integer references="users.zebra"
       ╰────
      help: did you mean `ident`?

      × foreign key references column `zebra`, which does not exist in table `users`
       ╭─[schema.kdl:7:27]
     6 │     column author integer references="users(indent)"
     7 │     column editor integer references="users.zebra"
       ·                           ────────────┬───────────
       ·                                       ╰── no such column
     8 │ }
       ╰────
      help: declare the column, or remove it here

    error: the schema has 2 errors
    "#);
}

#[test]
fn a_foreign_key_to_a_column_that_is_no_key() {
    let schema = r#"
        table users {
            column id serial primary-key
            column name text
        }

        table posts {
            column author text references="users(name)" on-delete=cascade
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key references `users(name)`, which is not a key
       ╭─[schema.kdl:7:24]
     6 │ table posts {
     7 │     column author text references="users(name)" on-delete=cascade
       ·                        ────────────┬───────────
       ·                                    ╰── neither a primary key nor unique
     8 │ }
       ╰────
      help: add a unique constraint to table `users`, or reference its primary key

    error: the schema has one error
    "#);
}

#[test]
fn a_foreign_key_to_columns_that_are_no_key_together() {
    let schema = r#"
        table users {
            column name text unique
            column club text unique
        }

        table posts {
            column author text
            column club text
            foreign-key author club references="users(name, club)"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key references `users(name, club)`, which is not a key
        ╭─[schema.kdl:9:29]
      8 │     column club text
      9 │     foreign-key author club references="users(name, club)"
        ·                             ───────────────┬──────────────
        ·                                            ╰── neither a primary key nor unique
     10 │ }
        ╰────
      help: add a unique constraint to table `users`, or reference its primary key

    error: the schema has one error
    "#);
}

#[test]
fn a_foreign_key_to_a_table_without_a_key() {
    let schema = r"
        table users {
            column name text
        }

        table posts {
            column author text references=users
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key references table `users`, which has no primary key
       ╭─[schema.kdl:6:24]
     5 │ table posts {
     6 │     column author text references=users
       ·                        ────────┬───────
       ·                                ╰── references the primary key
     7 │ }
       ╰────
      help: specify the columns: references="users(column)"

    error: the schema has one error
    "#);
}

#[test]
fn a_foreign_key_with_too_many_columns() {
    let schema = r#"
        table users {
            column id serial primary-key
            column name text unique
        }

        table posts {
            column author integer
            column name text
            foreign-key author references="users(id, name)"
            foreign-key author name references="users(id)"
            foreign-key author name references=users
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key with 1 column references 2 columns
        ╭─[schema.kdl:9:24]
      8 │     column name text
      9 │     foreign-key author references="users(id, name)"
        ·                        ──────────────┬─────────────
        ·                                      ╰── the number of columns differs
     10 │     foreign-key author name references="users(id)"
        ╰────
      help: list the same number of columns on both sides

      × foreign key with 2 columns references 1 column
        ╭─[schema.kdl:10:29]
      9 │     foreign-key author references="users(id, name)"
     10 │     foreign-key author name references="users(id)"
        ·                             ───────────┬──────────
        ·                                        ╰── the number of columns differs
     11 │     foreign-key author name references=users
        ╰────
      help: list the same number of columns on both sides

      × foreign key with 2 columns references a primary key with 1 column
        ╭─[schema.kdl:11:29]
     10 │     foreign-key author name references="users(id)"
     11 │     foreign-key author name references=users
        ·                             ────────┬───────
        ·                                     ╰── the number of columns differs
     12 │ }
        ╰────
      help: the primary key of table `users` is: id

    error: the schema has 3 errors
    "#);
}

#[test]
fn a_target_that_is_none() {
    let schema = r#"
        table posts {
            column author integer references="users(id"
            column editor integer references="users(id) cascade"
            column reader integer references=""
            column writer integer references=5
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `users(id` is not a valid foreign key target
       ╭─[schema.kdl:2:27]
     1 │ table posts {
     2 │     column author integer references="users(id"
       ·                           ──────────┬──────────
       ·                                     ╰── cannot be parsed
     3 │     column editor integer references="users(id) cascade"
       ╰────
      help: write references="table(column, …)", references="table.column" or references="table"

      × `users(id) cascade` is not a valid foreign key target
       ╭─[schema.kdl:3:27]
     2 │     column author integer references="users(id"
     3 │     column editor integer references="users(id) cascade"
       ·                           ───────────────┬──────────────
       ·                                          ╰── cannot be parsed
     4 │     column reader integer references=""
       ╰────
      help: write references="table(column, …)", references="table.column" or references="table"

      × `` is not a valid foreign key target
       ╭─[schema.kdl:4:27]
     3 │     column editor integer references="users(id) cascade"
     4 │     column reader integer references=""
       ·                           ──────┬──────
       ·                                 ╰── cannot be parsed
     5 │     column writer integer references=5
       ╰────
      help: write references="table(column, …)", references="table.column" or references="table"

      × `references=` must be a string
       ╭─[schema.kdl:5:27]
     4 │     column reader integer references=""
     5 │     column writer integer references=5
       ·                           ──────┬─────
       ·                                 ╰── not a string
     6 │ }
       ╰────
      help: write "5"

    error: the schema has 4 errors
    "#);
}

#[test]
fn what_a_foreign_key_does_without_a_foreign_key() {
    let schema = r"
        table posts {
            column author integer on-delete=cascade
            foreign-key author
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × foreign key options without `references=`
       ╭─[schema.kdl:2:5]
     1 │ table posts {
     2 │     column author integer on-delete=cascade
       ·     ───────────────────┬───────────────────
       ·                        ╰── here
     3 │     foreign-key author
       ╰────
      help: add references="table(column)"

      × `foreign-key` is missing `references=`
       ╭─[schema.kdl:3:5]
     2 │     column author integer on-delete=cascade
     3 │     foreign-key author
       ·     ─────────┬────────
       ·              ╰── here
     4 │ }
       ╰────
      help: write `foreign-key COLUMN… references="table(column, …)"`

    error: the schema has 2 errors
    "#);
}
