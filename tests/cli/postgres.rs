//! The way to a PostgreSQL server, as far as it goes without one.

use insta::assert_snapshot;

use super::{Place, Run, USERS};

/// Nobody listens there: the port is the system's own.
const NOBODY: &str = "postgresql+asyncpg://me:s3cret@127.0.0.1:1/db";

fn plan(url: &str) -> Run {
    Place::with(USERS).rosey(&["plan", "--url", url])
}

#[test]
fn where_no_server_answers_every_command_says_so() {
    let place = Place::with(USERS);
    let runs = [&["plan"][..], &["apply", "--auto-approve"], &["inspect"]]
        .map(|command| format!("{}\n", place.rosey(&[command, &["--url", NOBODY]].concat())))
        .concat();
    assert_snapshot!(runs, @"");
}

#[test]
fn where_there_is_no_socket_its_path_is_named() {
    assert_snapshot!(plan("postgresql://me@%2Fno%2Ffolder/db"), @"");
}

#[test]
fn what_the_url_leaves_out_comes_from_libpqs_variables() {
    let place = Place::with(USERS);
    let mut command = place.command(&["plan"]);
    command.env("ROSEY_DATABASE_URL", "postgresql://").env("PGHOST", "127.0.0.1").env("PGPORT", "1");
    command.env("PGUSER", "me").env("PGPASSWORD", "s3cret").env("PGDATABASE", "shop");
    assert_snapshot!(Run::of("rosey plan".to_owned(), &mut command), @"");
}

#[test]
fn a_variable_that_the_driver_would_pass_over_is_an_error() {
    let place = Place::with(USERS);
    for (name, value) in [("PGSSLMODE", "verify_full"), ("PGPORT", "5432x")] {
        let run = Run::of("rosey plan".to_owned(), place.command(&["plan", "--url", NOBODY]).env(name, value)).exits(1);
        assert!(run.err.starts_with(&format!("error: {name} is n")), "{run}");
    }
}

#[test]
fn the_config_names_a_server() {
    let place = Place::with(USERS);
    place.write("config.json", format!(r#"{{ "database_url": "{NOBODY}" }}"#));
    let run = place.rosey(&["plan"]).exits(1);
    assert!(run.err.starts_with("database: 127.0.0.1:1/db as me (from config.json)\n"), "{run}");
}

#[test]
fn a_url_that_cannot_be_obeyed_is_an_error() {
    let runs: String = [
        "postgresql://me@host/db?sslmod=require",
        "postgresql://me@host/db?sslmode=on",
        "postgresql://me@host/db?channel_binding=require",
        "postgresql://me@host:port/db",
        "postgresql://me@one,two/db",
        "postgresql://me:a/b@host/db",
        "postgresql://me:50%@host/db",
        "postgresql:db",
    ]
    .map(|url| format!("{}\n", plan(url)))
    .concat();
    assert_snapshot!(runs, @"");
}

#[test]
fn a_certificate_that_is_not_there_is_named() {
    assert_snapshot!(plan("postgresql://me@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=no.pem"), @"");
}

#[test]
fn restore_is_for_sqlite() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["restore", "--url", NOBODY, "--auto-approve"]), @"");
}
