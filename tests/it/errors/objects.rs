//! Views, triggers, virtual tables, and what to ignore.

use insta::assert_snapshot;

use super::mistakes;

#[test]
fn a_view_without_a_name() {
    let schema = r#"
        view { as "SELECT 1" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `view` is missing a name
       ╭─[schema.kdl:1:1]
     1 │ view { as "SELECT 1" }
       · ──┬─
       ·   ╰── here
       ╰────
      help: write `view NAME`

    error: the schema has one error
    "#);
}

#[test]
fn a_view_without_its_query() {
    let schema = r"
        view ages
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `view` is missing `as`
       ╭─[schema.kdl:1:1]
     1 │ view ages
       · ────┬────
       ·     ╰── here
       ╰────
      help: write `view NAME { as "SQL" }`

    error: the schema has one error
    "#);
}

#[test]
fn a_view_with_two_queries() {
    let schema = r#"
        view ages {
            as "SELECT 1"
            as "SELECT 2"
        }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `as` is specified twice
       ╭─[schema.kdl:3:5]
     2 │     as "SELECT 1"
     3 │     as "SELECT 2"
       ·     ──────┬──────
       ·           ╰── the second
     4 │ }
       ╰────
      help: keep one of the two

    error: the schema has one error
    "#);
}

#[test]
fn a_view_with_an_unknown_child() {
    let schema = r#"
        view ages { is "SELECT 1" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown child node: `is`
       ╭─[schema.kdl:1:13]
     1 │ view ages { is "SELECT 1" }
       ·             ─┬
       ·              ╰── not recognized
       ╰────
      help: did you mean `as`?

    error: the schema has one error
    "#);
}

#[test]
fn a_view_whose_query_is_empty() {
    let schema = r#"
        view ages { as "" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `as` is empty
       ╭─[schema.kdl:1:16]
     1 │ view ages { as "" }
       ·                ─┬
       ·                 ╰── SQL expected here
       ╰────
      help: write SQL between the quotes

    error: the schema has one error
    "#);
}

#[test]
fn a_view_whose_query_is_no_text() {
    let schema = r"
        view ages { as 1 }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `as` must be a string
       ╭─[schema.kdl:1:16]
     1 │ view ages { as 1 }
       ·                ┬
       ·                ╰── not a string
       ╰────
      help: write "1"

    error: the schema has one error
    "#);
}

#[test]
fn a_view_without_sql() {
    let schema = r"
        view ages { as }
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `as` is missing its SQL
       ╭─[schema.kdl:1:13]
     1 │ view ages { as }
       ·             ─┬
       ·              ╰── here
       ╰────
      help: write `as "SQL"`

    error: the schema has one error
    "#);
}

#[test]
fn a_column_of_a_view_that_has_no_name() {
    let schema = r#"
        view ages "" { as "SELECT 1" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a column is empty
       ╭─[schema.kdl:1:11]
     1 │ view ages "" { as "SELECT 1" }
       ·           ─┬
       ·            ╰── here
       ╰────
      help: write a name between the quotes

    error: the schema has one error
    "#);
}

#[test]
fn a_trigger_without_a_body() {
    let schema = r"
        trigger touch only=sqlite
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `trigger` is missing `as`
       ╭─[schema.kdl:1:1]
     1 │ trigger touch only=sqlite
       · ────────────┬────────────
       ·             ╰── here
       ╰────
      help: write `trigger NAME { as "SQL" }`

    error: the schema has one error
    "#);
}

#[test]
fn a_trigger_with_a_property_that_there_is_not() {
    let schema = r#"
        trigger touch when="age > 0" only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown property `when=` in `trigger`
       ╭─[schema.kdl:1:15]
     1 │ trigger touch when="age > 0" only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END" }
       ·               ───────┬──────
       ·                      ╰── not recognized
       ╰────
      help: expected one of: only=, schema=, was=, comment=

    error: the schema has one error
    "#);
}

#[test]
fn a_trigger_with_two_texts() {
    let schema = r#"
        trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END" "AFTER DELETE ON users BEGIN SELECT 1; END" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unexpected argument `AFTER DELETE ON users BEGIN SELECT 1; END` in `as`
       ╭─[schema.kdl:1:76]
     1 │ trigger touch only=sqlite { as "AFTER INSERT ON users BEGIN SELECT 1; END" "AFTER DELETE ON users BEGIN SELECT 1; END" }
       ·                                                                            ─────────────────────┬─────────────────────
       ·                                                                                                 ╰── unexpected
       ╰────
      help: put a string that contains spaces in double quotes

    error: the schema has one error
    "#);
}

#[test]
fn a_virtual_table_without_its_module() {
    let schema = r"
        virtual-table docs only=sqlite
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `virtual-table` is missing `using`
       ╭─[schema.kdl:1:1]
     1 │ virtual-table docs only=sqlite
       · ───────────────┬──────────────
       ·                ╰── here
       ╰────
      help: write `virtual-table NAME { using "SQL" }`

    error: the schema has one error
    "#);
}

#[test]
fn a_flag_of_a_virtual_table() {
    let schema = r#"
        virtual-table docs prevent-destory only=sqlite { using "fts5(title)" }
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × unknown virtual table flag `prevent-destory`
       ╭─[schema.kdl:1:20]
     1 │ virtual-table docs prevent-destory only=sqlite { using "fts5(title)" }
       ·                    ───────┬───────
       ·                           ╰── here
       ╰────
      help: did you mean `prevent-destroy`?

    error: the schema has one error
    "#);
}

#[test]
fn an_ignore_without_a_pattern() {
    let schema = r"
        ignore
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × `ignore` has no pattern
       ╭─[schema.kdl:1:1]
     1 │ ignore
       · ───┬──
       ·    ╰── here
       ╰────
      help: write `ignore "legacy_*"`

    error: the schema has one error
    "#);
}

#[test]
fn an_ignore_of_no_text() {
    let schema = r"
        ignore 5
    ";
    assert_snapshot!(mistakes(schema), @r#"
      × a pattern must be a string
       ╭─[schema.kdl:1:8]
     1 │ ignore 5
       ·        ┬
       ·        ╰── not a string
       ╰────
      help: write "5"

    error: the schema has one error
    "#);
}

#[test]
fn an_ignore_of_a_kind_that_there_is_not() {
    let schema = r#"
        ignore "legacy_*" kind=veiw
        ignore "old_*" kid=view
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × invalid value `veiw` for `kind=`
       ╭─[schema.kdl:1:19]
     1 │ ignore "legacy_*" kind=veiw
       ·                   ────┬────
       ·                       ╰── here
     2 │ ignore "old_*" kid=view
       ╰────
      help: did you mean `view`?

      × unknown property `kid=` in `ignore`
       ╭─[schema.kdl:2:16]
     1 │ ignore "legacy_*" kind=veiw
     2 │ ignore "old_*" kid=view
       ·                ────┬───
       ·                    ╰── not recognized
       ╰────
      help: did you mean `kind=`?

    error: the schema has 2 errors
    "#);
}

#[test]
fn an_unmanaged_object_without_its_name() {
    let schema = r#"
        unmanaged
        unmanaged function
        unmanaged function "f(integer)" reson="plpgsql"
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × `unmanaged` is missing a kind
       ╭─[schema.kdl:1:1]
     1 │ unmanaged
       · ────┬────
       ·     ╰── here
     2 │ unmanaged function
       ╰────
      help: write `unmanaged KIND "NAME"`

      × `unmanaged` is missing a name
       ╭─[schema.kdl:2:1]
     1 │ unmanaged
     2 │ unmanaged function
       · ─────────┬────────
       ·          ╰── here
     3 │ unmanaged function "f(integer)" reson="plpgsql"
       ╰────
      help: write `unmanaged KIND "NAME"`

      × unknown property `reson=` in `unmanaged`
       ╭─[schema.kdl:3:33]
     2 │ unmanaged function
     3 │ unmanaged function "f(integer)" reson="plpgsql"
       ·                                 ───────┬───────
       ·                                        ╰── not recognized
       ╰────
      help: did you mean `reason=`?

    error: the schema has 3 errors
    "#);
}

#[test]
fn an_unmanaged_object_whose_kind_is_no_word() {
    let schema = r#"
        unmanaged 5 "f(integer)"
    "#;
    assert_snapshot!(mistakes(schema), @r#"
      × a kind must be a string
       ╭─[schema.kdl:1:11]
     1 │ unmanaged 5 "f(integer)"
       ·           ┬
       ·           ╰── not a string
       ╰────
      help: write "5"

    error: the schema has one error
    "#);
}
