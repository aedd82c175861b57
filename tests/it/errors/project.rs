//! Mistakes in a `rosey.kdl`.

use insta::assert_snapshot;

use super::Folder;

/// Returns the errors of an invalid `rosey.kdl`.
fn mistakes(project: &str) -> String {
    Folder::new().file("rosey.kdl", project).mistakes("schema.kdl")
}

#[test]
fn an_unknown_setting() {
    assert_snapshot!(mistakes("lock-timout \"30s\"\n"), @r#"
      × unknown setting `lock-timout`
       ╭─[rosey.kdl:1:1]
     1 │ lock-timout "30s"
       · ─────┬─────
       ·      ╰── not recognized
       ╰────
      help: did you mean `lock-timeout`?

    error: rosey.kdl has one error
    "#);
    assert_snapshot!(mistakes("colour #true\n"), @"
      × unknown setting `colour`
       ╭─[rosey.kdl:1:1]
     1 │ colour #true
       · ───┬──
       ·    ╰── not recognized
       ╰────
      help: expected one of: schema, dialect, allow-destructive, auto-approve, backup, backup-dir, keep-backups,
            lock-timeout, online, sqlite-path, counts, lint, env

    error: rosey.kdl has one error
    ");
}

#[test]
fn an_unknown_setting_of_an_environment() {
    assert_snapshot!(mistakes("env prod {\n    url-form PROD_URL\n    keep-backup 5\n    verbose #true\n}\n"), @"
      × unknown setting `url-form`
       ╭─[rosey.kdl:2:5]
     1 │ env prod {
     2 │     url-form PROD_URL
       ·     ────┬───
       ·         ╰── not recognized
     3 │     keep-backup 5
       ╰────
      help: did you mean `url-from`?

      × unknown setting `keep-backup`
       ╭─[rosey.kdl:3:5]
     2 │     url-form PROD_URL
     3 │     keep-backup 5
       ·     ─────┬─────
       ·          ╰── not recognized
     4 │     verbose #true
       ╰────
      help: did you mean `keep-backups`?

      × unknown setting `verbose`
       ╭─[rosey.kdl:4:5]
     3 │     keep-backup 5
     4 │     verbose #true
       ·     ───┬───
       ·        ╰── not recognized
     5 │ }
       ╰────
      help: expected one of: schema, dialect, allow-destructive, auto-approve, backup, backup-dir, keep-backups,
            lock-timeout, online, sqlite-path, counts, lint, url, url-from

    error: rosey.kdl has 3 errors
    ");
}

#[test]
fn an_unknown_word() {
    assert_snapshot!(mistakes("backup allways\nsqlite-path fast\n"), @"
      × invalid value `allways` for `backup`
       ╭─[rosey.kdl:1:8]
     1 │ backup allways
       ·        ───┬───
       ·           ╰── here
     2 │ sqlite-path fast
       ╰────
      help: did you mean `always`?

      × invalid value `fast` for `sqlite-path`
       ╭─[rosey.kdl:2:13]
     1 │ backup allways
     2 │ sqlite-path fast
       ·             ──┬─
       ·               ╰── here
       ╰────
      help: expected one of: cheapest, rebuild

    error: rosey.kdl has 2 errors
    ");
}

#[test]
fn a_truth_that_is_none() {
    assert_snapshot!(mistakes("online yes\nauto-approve true\n"), @r#"
      × `true` is not a valid KDL value
       ╭─[rosey.kdl:2:14]
     1 │ online yes
     2 │ auto-approve true
       ·              ──┬─
       ·                ╰── here
       ╰────
      help: write `#true`, or "true" for the string

    error: rosey.kdl has one error
    "#);
    assert_snapshot!(mistakes("online yes\nauto-approve\n"), @"
      × `online` must be #true or #false
       ╭─[rosey.kdl:1:8]
     1 │ online yes
       ·        ─┬─
       ·         ╰── here
     2 │ auto-approve
       ╰────
      help: write #true or #false

      × `auto-approve` is missing a value
       ╭─[rosey.kdl:2:1]
     1 │ online yes
     2 │ auto-approve
       · ──────┬─────
       ·       ╰── here
       ╰────
      help: write `auto-approve #true` or `auto-approve #false`

    error: rosey.kdl has 2 errors
    ");
}

#[test]
fn a_time_that_is_none() {
    assert_snapshot!(mistakes("lock-timeout soon\nenv a { url \"a.db\"; lock-timeout \"3h\" }\nenv b { url \"b.db\"; lock-timeout 30 }\n"), @r#"
      × `soon` is not a valid duration
       ╭─[rosey.kdl:1:14]
     1 │ lock-timeout soon
       ·              ──┬─
       ·                ╰── here
     2 │ env a { url "****"; lock-timeout "3h" }
       ╰────
      help: write a number and a unit, such as 10s

      × `3h` is not a valid duration
       ╭─[rosey.kdl:2:34]
     1 │ lock-timeout soon
     2 │ env a { url "****"; lock-timeout "3h" }
       ·                                  ──┬─
       ·                                    ╰── here
     3 │ env b { url "****"; lock-timeout 30 }
       ╰────
      help: the valid units are ms, s and m

      × a duration must be a string
       ╭─[rosey.kdl:3:34]
     2 │ env a { url "****"; lock-timeout "3h" }
     3 │ env b { url "****"; lock-timeout 30 }
       ·                                  ─┬
       ·                                   ╰── not a string
       ╰────
      help: write "30"

    error: rosey.kdl has 3 errors
    "#);
}

#[test]
fn a_number_that_is_none() {
    assert_snapshot!(mistakes("keep-backups 0\nenv a { url \"a.db\"; keep-backups \"5\" }\n"), @r#"
      × `keep-backups` must be an integer greater than 0
       ╭─[rosey.kdl:1:14]
     1 │ keep-backups 0
       ·              ┬
       ·              ╰── here
     2 │ env a { url "****"; keep-backups "5" }
       ╰────
      help: write `keep-backups 5`, without quotes

      × `keep-backups` must be an integer greater than 0
       ╭─[rosey.kdl:2:34]
     1 │ keep-backups 0
     2 │ env a { url "****"; keep-backups "5" }
       ·                                  ─┬─
       ·                                   ╰── here
       ╰────
      help: write `keep-backups 5`, without quotes

    error: rosey.kdl has 2 errors
    "#);
}

#[test]
fn what_is_missing() {
    assert_snapshot!(mistakes("schema\nbackup\nkeep-backups\nlock-timeout\nbackup-dir \"\"\nenv {\n}\n"), @r#"
      × `schema` is missing a path
       ╭─[rosey.kdl:1:1]
     1 │ schema
       · ───┬──
       ·    ╰── here
     2 │ backup
       ╰────
      help: write `schema "PATH"`

      × `backup` is missing a value
       ╭─[rosey.kdl:2:1]
     1 │ schema
     2 │ backup
       · ───┬──
       ·    ╰── here
     3 │ keep-backups
       ╰────
      help: expected one of: auto, always, never

      × `keep-backups` is missing a number
       ╭─[rosey.kdl:3:1]
     2 │ backup
     3 │ keep-backups
       · ──────┬─────
       ·       ╰── here
     4 │ lock-timeout
       ╰────
      help: write `keep-backups 5`, without quotes

      × `lock-timeout` is missing a duration
       ╭─[rosey.kdl:4:1]
     3 │ keep-backups
     4 │ lock-timeout
       · ──────┬─────
       ·       ╰── here
     5 │ backup-dir ""
       ╰────
      help: write `lock-timeout "10s"`

      × a path is empty
       ╭─[rosey.kdl:5:12]
     4 │ lock-timeout
     5 │ backup-dir ""
       ·            ─┬
       ·             ╰── here
     6 │ env {
       ╰────
      help: write a value between the quotes

      × `env` is missing a name
       ╭─[rosey.kdl:6:1]
     5 │ backup-dir ""
     6 │ env {
       · ─┬─
       ·  ╰── here
     7 │ }
       ╰────
      help: write `env NAME`

    error: rosey.kdl has 6 errors
    "#);
}

#[test]
fn an_environment_without_a_database() {
    assert_snapshot!(mistakes("env prod {\n    backup always\n}\nenv dev\n"), @r#"
      × env `prod` has no database
       ╭─[rosey.kdl:1:1]
     1 │ env prod {
       · ────┬───
       ·     ╰── here
     2 │     backup always
       ╰────
      help: add `url-from VARIABLE`, or `url "sqlite:///file.db"`

      × env `dev` has no database
       ╭─[rosey.kdl:4:1]
     3 │ }
     4 │ env dev
       · ───┬───
       ·    ╰── here
       ╰────
      help: add `url-from VARIABLE`, or `url "sqlite:///file.db"`

    error: rosey.kdl has 2 errors
    "#);
}

#[test]
fn a_database_in_no_environment() {
    assert_snapshot!(mistakes("url-from PROD_URL\n"), @"
      × `url-from` must be inside an `env`
       ╭─[rosey.kdl:1:1]
     1 │ url-from PROD_URL
       · ────────┬────────
       ·         ╰── here
       ╰────
      help: write `env NAME { url-from … }`, and select it with --env NAME

    error: rosey.kdl has one error
    ");
}

#[test]
fn two_databases_in_one_environment() {
    assert_snapshot!(mistakes("env prod {\n    url-from PROD_URL\n    url \"sqlite:///prod.db\"\n}\n"), @r#"
      × the database is specified twice
       ╭─[rosey.kdl:2:5]
     1 │ env prod {
     2 │     url-from PROD_URL
       ·     ────────┬────────
       ·             ╰── the first
     3 │     url "*****************"
       ·     ───────────┬───────────
       ·                ╰── the second
     4 │ }
       ╰────
      help: keep one of the two

    error: rosey.kdl has one error
    "#);
}

#[test]
fn what_is_given_twice() {
    assert_snapshot!(mistakes("backup auto\nbackup never\nenv a { url \"a.db\" }\nenv a { url \"b.db\" }\n"), @r#"
      × `backup` is specified twice
       ╭─[rosey.kdl:1:1]
     1 │ backup auto
       · ─────┬─────
       ·      ╰── the first
     2 │ backup never
       · ──────┬─────
       ·       ╰── the second
     3 │ env a { url "****" }
       ╰────
      help: keep one of the two

      × env `a` is specified twice
       ╭─[rosey.kdl:3:1]
     2 │ backup never
     3 │ env a { url "****" }
       · ──┬──
       ·   ╰── the first
     4 │ env a { url "****" }
       · ──┬──
       ·   ╰── the second
       ╰────
      help: keep one of the two

    error: rosey.kdl has 2 errors
    "#);
}

#[test]
fn a_url_where_a_variable_belongs() {
    assert_snapshot!(mistakes("env prod {\n    url-from \"postgresql://me:s3cret@host/db\"\n}\n"), @r#"
      × `url-from` must name an environment variable
       ╭─[rosey.kdl:2:14]
     1 │ env prod {
     2 │     url-from "postgresql://*****************"
       ·              ────────────────┬───────────────
       ·                              ╰── not a valid variable name
     3 │ }
       ╰────
      help: use letters, digits and `_`, as in PROD_DATABASE_URL; write a URL itself after `url`

    error: rosey.kdl has one error
    "#);
}

#[test]
fn what_has_no_place() {
    assert_snapshot!(mistakes("schema a b\nbackup auto only=sqlite\nonline #true { x }\nenv prod backup=never { url \"a.db\" }\n"), @r#"
      × unexpected argument `b` in `schema`
       ╭─[rosey.kdl:1:10]
     1 │ schema a b
       ·          ┬
       ·          ╰── unexpected
     2 │ backup auto only=sqlite
       ╰────
      help: put a string that contains spaces in double quotes

      × unknown property `only=` in `backup`
       ╭─[rosey.kdl:2:13]
     1 │ schema a b
     2 │ backup auto only=sqlite
       ·             ─────┬─────
       ·                  ╰── not recognized
     3 │ online #true { x }
       ╰────
      help: remove it; this node does not accept properties

      × `online` cannot contain `x`
       ╭─[rosey.kdl:3:16]
     2 │ backup auto only=sqlite
     3 │ online #true { x }
       ·                ┬
       ·                ╰── unexpected
     4 │ env prod backup=never { url "****" }
       ╰────
      help: remove it

      × unknown property `backup=` in `env`
       ╭─[rosey.kdl:4:10]
     3 │ online #true { x }
     4 │ env prod backup=never { url "****" }
       ·          ──────┬─────
       ·                ╰── not recognized
       ╰────
      help: write it as a child node: `{ backup never }`

    error: rosey.kdl has 4 errors
    "#);
}

#[test]
fn a_mistake_beside_a_url_does_not_show_it() {
    assert_snapshot!(mistakes("env prod {\n    url \"postgresql://me:s3cret@host/db\"\n    backup allways\n}\n"), @r#"
      × invalid value `allways` for `backup`
       ╭─[rosey.kdl:3:12]
     2 │     url "******************************"
     3 │     backup allways
       ·            ───┬───
       ·               ╰── here
     4 │ }
       ╰────
      help: did you mean `always`?

    error: rosey.kdl has one error
    "#);
    assert_snapshot!(mistakes("env prod {\n    url postgresql://me:s3cret@host/db\n}\n"), @r#"
      × the URL is not a valid KDL string
       ╭─[rosey.kdl:2:9]
     1 │ env prod {
     2 │     url ******************************
       ·         ─────┬─────
       ·              ╰── here
     3 │ }
       ╰────
      help: write it in double quotes; inside them, write `"` as `\"` and `\` as `\\`

    error: rosey.kdl has one error
    "#);
    assert_snapshot!(mistakes("env prod {\n    url \"postgresql://me:\\q3cret@host/db\"\n}\n"), @r#"
      × the URL is not a valid KDL string
       ╭─[rosey.kdl:2:9]
     1 │ env prod {
     2 │     url "*******************************"
       ·         ────────────────┬────────────────
       ·                         ╰── here
     3 │ }
       ╰────
      help: write it in double quotes; inside them, write `"` as `\"` and `\` as `\\`

    error: rosey.kdl has one error
    "#);
}
