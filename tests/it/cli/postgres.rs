//! Connecting to a PostgreSQL server, as far as that can be tested without one.

use insta::assert_snapshot;

use super::{Place, Run, USERS};

/// Nothing listens there: the port is reserved.
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
    assert_snapshot!(runs, @r"
    $ rosey plan --url postgresql+asyncpg://me:s3cret@127.0.0.1:1/db
    | database: 127.0.0.1:1/db as me (from --url)
    | error: could not connect to the server at 127.0.0.1:1: Connection refused
    |   help: check the host and port, and that the server is running and accepts TCP/IP connections (listen_addresses)
    exit 1
    $ rosey apply --auto-approve --url postgresql+asyncpg://me:s3cret@127.0.0.1:1/db
    | database: 127.0.0.1:1/db as me (from --url)
    | error: could not connect to the server at 127.0.0.1:1: Connection refused
    |   help: check the host and port, and that the server is running and accepts TCP/IP connections (listen_addresses)
    exit 1
    $ rosey inspect --url postgresql+asyncpg://me:s3cret@127.0.0.1:1/db
    | database: 127.0.0.1:1/db as me (from --url)
    | error: could not connect to the server at 127.0.0.1:1: Connection refused
    |   help: check the host and port, and that the server is running and accepts TCP/IP connections (listen_addresses)
    exit 1
    ");
}

#[test]
fn where_there_is_no_socket_its_path_is_named() {
    assert_snapshot!(plan("postgresql://me@%2Fno%2Ffolder/db"), @r"
    $ rosey plan --url postgresql://me@%2Fno%2Ffolder/db
    | database: /no/folder/.s.PGSQL.5432/db as me (from --url)
    | error: no server socket at /no/folder/.s.PGSQL.5432
    |   help: add the host to the URL, or the socket directory: ?host=/var/run/postgresql
    exit 1
    ");
}

#[test]
fn what_the_url_leaves_out_comes_from_libpqs_variables() {
    let place = Place::with(USERS);
    let mut command = place.command(&["plan"]);
    command.env("ROSEY_DATABASE_URL", "postgresql://").env("PGHOST", "127.0.0.1").env("PGPORT", "1");
    command.env("PGUSER", "me").env("PGPASSWORD", "s3cret").env("PGDATABASE", "shop");
    assert_snapshot!(Run::of("rosey plan".to_owned(), &mut command), @r"
    $ rosey plan
    | database: 127.0.0.1:1/shop as me (from ROSEY_DATABASE_URL)
    | error: could not connect to the server at 127.0.0.1:1: Connection refused
    |   help: check the host and port, and that the server is running and accepts TCP/IP connections (listen_addresses)
    exit 1
    ");
}

#[test]
fn a_variable_that_the_driver_would_pass_over_is_an_error() {
    let place = Place::with(USERS);
    for (name, value) in [("PGSSLMODE", "verify_full"), ("PGPORT", "5432x")] {
        let run = Run::of("rosey plan".to_owned(), place.command(&["plan", "--url", NOBODY]).env(name, value)).exits(1);
        assert!(run.err.starts_with(&format!("error: {name} must be ")), "{run}");
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
    assert_snapshot!(runs, @"
    $ rosey plan --url postgresql://me@host/db?sslmod=require
    | error: `postgresql://me@host/db`: unknown parameter `sslmod`; did you mean `sslmode`?
    |   help: known parameters: host, hostaddr, port, user, password, dbname, database, sslmode, ssl, sslrootcert, sslcert, sslkey, options, application_name, connect_timeout, timeout
    exit 1
    $ rosey plan --url postgresql://me@host/db?sslmode=on
    | error: `postgresql://me@host/db`: parameter `sslmode` must be disable, allow, prefer, require, verify-ca or verify-full
    |   help: use postgresql://user:password@host:port/database
    exit 1
    $ rosey plan --url postgresql://me@host/db?channel_binding=require
    | error: `postgresql://me@host/db`: parameter `channel_binding` is not supported; remove it, and use sslmode=verify-full to verify the server
    |   help: use postgresql://user:password@host:port/database
    exit 1
    $ rosey plan --url postgresql://me@host:port/db
    | error: `postgresql://me@host:…`: the port must be a number from 1 to 65535
    |   help: use postgresql://user:password@host:port/database
    exit 1
    $ rosey plan --url postgresql://me@one,two/db
    | error: `postgresql://me@one,two/db`: multiple hosts are not supported: name only the primary
    |   help: use postgresql://user:password@host:port/database
    exit 1
    $ rosey plan --url postgresql://me:a/b@host/db
    | error: `postgresql://me@host/db`: in a user name or password, write / as %2F, ? as %3F, @ as %40 and : as %3A
    |   help: use postgresql://user:password@host:port/database
    exit 1
    $ rosey plan --url postgresql://me:50%@host/db
    | error: `postgresql://me@host/db`: invalid percent-encoding in the password; write a literal `%` as %25
    |   help: use postgresql://user:password@host:port/database
    exit 1
    $ rosey plan --url postgresql:db
    | error: `postgresql:db`: a PostgreSQL URL must start with postgresql:// or postgres://
    |   help: use postgresql://user:password@host:port/database
    exit 1
    ");
}

#[test]
fn a_certificate_that_is_not_there_is_named() {
    assert_snapshot!(plan("postgresql://me@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=no.pem"), @r"
    $ rosey plan --url postgresql://me@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=no.pem
    | database: 127.0.0.1:1/db as me (from --url)
    | error: could not read certificate or key no.pem: No such file or directory (os error 2)
    |   help: check sslrootcert, sslcert and sslkey in the URL
    exit 1
    ");
}

#[test]
fn restore_is_for_sqlite() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["restore", "--url", NOBODY, "--auto-approve"]), @r"
    $ rosey restore --url postgresql+asyncpg://me:s3cret@127.0.0.1:1/db --auto-approve
    | database: 127.0.0.1:1/db as me (from --url)
    | error: restore works only for SQLite files; nothing was changed
    |   help: a dump contains the tables that lost values, as they were before the apply; it does not overwrite existing tables. Re-create a dropped column with `rosey rollback` (it is empty), load the dump into a scratch database with `pg_restore`, and copy the values from there with an UPDATE. See docs/deploy.md for the steps
    exit 3
    ");
}
