//! The PostgreSQL servers of the tests: each version responds, databases are separate, and nothing is left
//! when a process ends.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::postgres::{self, Server};

#[test]
fn each_version_answers() {
    for version in postgres::versions() {
        let Some(server) = Server::shared(version) else { continue };
        let database = server.database();
        let number: u32 = database.value("SHOW server_version_num").parse().unwrap();
        assert_eq!((number / 10_000, server.version), (version, version));
        assert_eq!(database.value("SHOW server_encoding"), "UTF8");
    }
}

#[test]
fn values_are_text_whatever_their_type() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql("CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE t (m mood, n numeric, a int[], b bool, x text)");
        database.sql("INSERT INTO t VALUES ('glad', 1.10, '{1,2}', true, NULL)");
        assert_eq!(database.rows("SELECT * FROM t"), [["glad", "1.10", "{1,2}", "t", postgres::NULL]]);
        assert!(database.try_sql("SELECT 1/0").unwrap_err().to_string().contains("division by zero"));
    }
}

#[test]
fn databases_do_not_see_each_other() {
    for server in postgres::servers() {
        let (one, two) = (server.database(), server.database());
        one.sql("CREATE TABLE t (a int)");
        assert_eq!(one.value("SELECT to_regclass('t')"), "t");
        assert_eq!(two.value("SELECT to_regclass('t')"), postgres::NULL);
        let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", one.name);
        assert_eq!(two.value(&count), "1");
        drop(one);
        assert_eq!(two.value(&count), "0", "the database is still there");
    }
}

#[test]
fn the_tools_know_the_server() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql("CREATE TABLE t (a int)");
        for url in [database.url(), database.socket_url()] {
            let Some(dump) = server.tool("pg_dump") else { continue };
            let out = Command::new(dump).args(["--schema-only", &url]).output().unwrap();
            assert!(String::from_utf8_lossy(&out.stdout).contains("CREATE TABLE public.t"), "{out:?}");
        }
    }
}

#[test]
fn a_server_of_ones_own_stops_when_it_is_dropped() {
    let Some(version) = postgres::versions().pop() else { return };
    let Some(server) = Server::own(version) else { return };
    let database = server.database();
    assert_eq!(database.value("SELECT 1"), "1");
    drop(database);
    let folder = server.folder.clone();
    assert!(folder.join("data/postmaster.pid").exists());
    drop(server);
    assert!(!folder.exists());
}

/// Runs in a separate process, which the next test kills.
#[test]
#[ignore = "started by nothing_is_left_after_a_kill"]
fn a_process_that_waits_for_its_end() {
    let Some(version) = postgres::versions().pop() else { return };
    let Some(server) = Server::shared(version) else { return };
    println!("serving {} {}", server.port, server.folder.display());
    std::io::stdin().lines().next();
}

#[test]
fn nothing_is_left_after_a_kill() {
    if postgres::versions().is_empty() {
        return;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "servers::a_process_that_waits_for_its_end", "--ignored", "--nocapture"]);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    // The test harness prints the name of the test before its output.
    let line = lines.find_map(|l| l.split_once("serving ").map(|(_, rest)| rest.to_owned())).unwrap();
    let (port, folder) = line.split_once(' ').unwrap();
    let (port, folder) = (port.parse().unwrap(), Path::new(folder));
    assert!(answers(port) && folder.exists());

    process.kill().unwrap();
    process.wait().unwrap();
    let start = Instant::now();
    while (answers(port) || folder.exists()) && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The folder is removed last, after which its process ends.
    assert_eq!((answers(port), folder.exists()), (false, false));
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
