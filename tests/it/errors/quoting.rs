//! What KDL requires quotes for, and keywords that it does not have.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn true_false_and_null_are_written_with_a_hash() {
    let schema = r"
        table users {
            column online boolean default=true
            column banned boolean default=false
            column name text default=null
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `true` is not a valid KDL value
       ╭─[schema.kdl:2:35]
     1 │ table users {
     2 │     column online boolean default=true
       ·                                   ──┬─
       ·                                     ╰── here
     3 │     column banned boolean default=false
       ╰────
      help: write `#true`, or "true" for the string

      × `false` is not a valid KDL value
       ╭─[schema.kdl:3:35]
     2 │     column online boolean default=true
     3 │     column banned boolean default=false
       ·                                   ──┬──
       ·                                     ╰── here
     4 │     column name text default=null
       ╰────
      help: write `#false`, or "false" for the string

      × `null` is not a valid KDL value
       ╭─[schema.kdl:4:30]
     3 │     column banned boolean default=false
     4 │     column name text default=null
       ·                              ──┬─
       ·                                ╰── here
     5 │ }
       ╰────
      help: write `#null`, or "null" for the string

    error: the schema has 3 errors
    "#);
}

#[test]
fn a_word_with_a_hash_that_is_none_of_kdls() {
    let schema = r"
        table users {
            column online boolean default=#yes
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `default=#yes` does not have a valid KDL value
       ╭─[schema.kdl:2:27]
     1 │ table users {
     2 │     column online boolean default=#yes
       ·                           ──────┬─────
       ·                                 ╰── here
     3 │ }
       ╰────
      help: Available keywords in KDL are '#true', '#false', '#null', '#nan', '#inf', and '#-inf'; they are
            case-sensitive.

    error: the schema has one error
    ");
}

#[test]
fn a_number_that_is_none() {
    let schema = r"
        table users {
            column share real default=1.5.3
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `default=1.5.3` does not have a valid KDL value
       ╭─[schema.kdl:2:23]
     1 │ table users {
     2 │     column share real default=1.5.3
       ·                       ──────┬──────
       ·                             ╰── here
     3 │ }
       ╰────
      help: a value is a number, a string, #true, #false or #null

    error: the schema has one error
    ");
}

#[test]
fn not_null_as_two_words() {
    let schema = r"
        table users {
            column name text not null
        }
    ";
    assert_snapshot!(mistakes(schema), @"
      × `not null` is written as one word here
       ╭─[schema.kdl:2:26]
     1 │ table users {
     2 │     column name text not null
       ·                          ──┬─
       ·                            ╰── here
     3 │ }
       ╰────
      help: write `not-null`

    error: the schema has one error
    ");
}

#[test]
fn a_type_with_a_size_needs_quotes() {
    let schema = r"
        table users {
            column name varchar(50)
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `varchar(50)` must be quoted
       ╭─[schema.kdl:2:17]
     1 │ table users {
     2 │     column name varchar(50)
       ·                 ─────┬─────
       ·                      ╰── here
     3 │ }
       ╰────
      help: write "varchar(50)": an unquoted string cannot contain brackets

    error: the schema has one error
    "#);
}

#[test]
fn a_type_with_two_sizes_needs_quotes() {
    let schema = r"
        table prices {
            column amount decimal(10, 2)
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `decimal(10, 2)` must be quoted
       ╭─[schema.kdl:2:19]
     1 │ table prices {
     2 │     column amount decimal(10, 2)
       ·                   ───────┬──────
       ·                          ╰── here
     3 │ }
       ╰────
      help: write "decimal(10, 2)": an unquoted string cannot contain brackets

    error: the schema has one error
    "#);
}

#[test]
fn an_array_type_needs_quotes() {
    let schema = r"
        table users {
            column tags text[]
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `text[]` must be quoted
       ╭─[schema.kdl:2:17]
     1 │ table users {
     2 │     column tags text[]
       ·                 ───┬──
       ·                    ╰── here
     3 │ }
       ╰────
      help: write "text[]": an unquoted string cannot contain brackets

    error: the schema has one error
    "#);
}

#[test]
fn a_foreign_keys_target_needs_quotes() {
    let schema = r"
        table posts {
            column author integer references=users(id)
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `users(id)` must be quoted
       ╭─[schema.kdl:2:38]
     1 │ table posts {
     2 │     column author integer references=users(id)
       ·                                      ────┬────
       ·                                          ╰── here
     3 │ }
       ╰────
      help: write "users(id)": an unquoted string cannot contain brackets

    error: the schema has one error
    "#);
}

#[test]
fn sql_instead_of_kdl() {
    let schema = r"
        CREATE TABLE users (id INTEGER);
    ";
    assert_snapshot!(mistakes(schema), @r"
    error: schema.kdl is SQL; the schema must be KDL
      help: run it in an empty database (sqlite3 new.db < schema.kdl), then write the schema from that (rosey inspect --url new.db > schema.kdl); rosey diff compares SQL files directly
    ");
}

#[test]
fn single_quotes() {
    let schema = r"
        table users {
            column first text default='nobody'
            column last text default='no body'
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `'nobody'`: KDL does not use single quotes
       ╭─[schema.kdl:2:23]
     1 │ table users {
     2 │     column first text default='nobody'
       ·                       ────────┬───────
       ·                               ╰── here
     3 │     column last text default='no body'
       ╰────
      help: write "nobody"

      × `'no body'`: KDL does not use single quotes
       ╭─[schema.kdl:3:22]
     2 │     column first text default='nobody'
     3 │     column last text default='no body'
       ·                      ────────┬────────
       ·                              ╰── here
     4 │ }
       ╰────
      help: write "no body"

    error: the schema has 2 errors
    "#);
}

#[test]
fn every_syntax_error_of_a_file_is_told() {
    let schema = r"
        table users {
            column name varchar(50)
            column online boolean default=true
        }

        table posts {
            column tags text[]
        }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `varchar(50)` must be quoted
       ╭─[schema.kdl:2:17]
     1 │ table users {
     2 │     column name varchar(50)
       ·                 ─────┬─────
       ·                      ╰── here
     3 │     column online boolean default=true
       ╰────
      help: write "varchar(50)": an unquoted string cannot contain brackets

      × `true` is not a valid KDL value
       ╭─[schema.kdl:3:35]
     2 │     column name varchar(50)
     3 │     column online boolean default=true
       ·                                   ──┬─
       ·                                     ╰── here
     4 │ }
       ╰────
      help: write `#true`, or "true" for the string

      × `text[]` must be quoted
       ╭─[schema.kdl:7:17]
     6 │ table posts {
     7 │     column tags text[]
       ·                 ───┬──
       ·                    ╰── here
     8 │ }
       ╰────
      help: write "text[]": an unquoted string cannot contain brackets

    error: the schema has 3 errors
    "#);
}
