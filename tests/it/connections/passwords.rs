//! Where a password is sent, and what is reported if there is none. The server requests it; nothing may be
//! sent unencrypted to another machine, which these tests simulate with a non-local address of this one.

use super::{BEFORE, Program, Run, STAGED};
use crate::support::postgres::{self, Server};

const SECRET: &str = "TOPSECRET";

/// Starts a server that requires passwords from this machine's own address, and returns that address.
fn server() -> Option<(Server, String)> {
    let server = postgres::versions().last().and_then(|v| Server::own(*v))?;
    let address = address()?;
    server.sql(&format!("CREATE ROLE ada LOGIN SUPERUSER PASSWORD '{SECRET}'"));
    server.listens("0.0.0.0", "host all ada all scram-sha-256");
    Some((server, address))
}

/// Returns an address of this machine that is not the loopback. No packet is sent to find it.
fn address() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    if ip.is_loopback() || ip.is_unspecified() {
        postgres::say("SKIPPED: this machine has no address but the loopback");
        return None;
    }
    Some(ip.to_string())
}

fn plan(program: &Program, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = program.command(&[&["plan"], arguments].concat());
    let run = Run::of(command.envs(environment.iter().copied()).spawn().unwrap());
    run.never_says(&[SECRET]);
    run
}

#[test]
fn a_password_is_not_sent_in_the_clear_or_to_a_host_of_the_repository() {
    let Some((server, host)) = server() else { return };
    let database = server.database();
    database.sql(BEFORE);
    let place = format!("{host}:{}/{}", server.port, database.name);
    let (url, with) = (format!("postgresql://ada@{place}"), format!("postgresql://ada:{SECRET}@{place}"));
    let program = Program::new(STAGED);
    let password = ("PGPASSWORD", SECRET);
    let clear = "the password was not sent: the connection to";
    plan(&program, &["--url", &with], &[]).ends(1, &[clear, "sslmode=disable"]);
    plan(&program, &["--url", &url], &[password]).ends(1, &[clear]);
    plan(&program, &["--url", &format!("{with}?sslmode=prefer")], &[]).ends(1, &[clear]);
    plan(&program, &["--url", &format!("{with}?sslmode=disable")], &[]).ends(0, &["by_a"]);
    plan(&program, &["--url", &url], &[password, ("PGSSLMODE", "disable")]).ends(0, &["by_a"]);
    plan(&program, &["--url", &url], &[]).ends(1, &["but none was supplied", "PGPASSWORD"]);
    plan(&program, &["--url", &format!("postgresql://ada:x{SECRET}@{place}?sslmode=disable")], &[])
        .ends(1, &["password authentication failed for user"]);
    // From a file in the repository.
    program.write("rosey.kdl", &format!("env prod {{ url \"{url}?sslmode=disable\" }}\nenv other {{ url-from PROD }}\n"));
    let foreign = "only a file in the repository names host";
    plan(&program, &["--env", "prod"], &[password]).ends(1, &[foreign, "--project"]);
    plan(&program, &["--env", "prod"], &[password, ("PGSSLMODE", "disable")]).ends(1, &[foreign]);
    plan(&program, &["--env", "prod"], &[password, ("PGHOST", &host)]).ends(1, &[clear]);
    plan(&program, &["--env", "other"], &[("PROD", &format!("{with}?sslmode=disable"))]).ends(0, &["by_a"]);
    plan(&program, &["--env", "prod", "--project", "rosey.kdl"], &[password]).ends(0, &["by_a"]);
    program.write("config.json", &format!("{{\"database_url\": \"{url}?sslmode=disable\"}}"));
    plan(&program, &[], &[password]).ends(1, &[foreign]);
    plan(&program, &["--config", "config.json"], &[password]).ends(0, &["by_a"]);
}

#[test]
fn on_this_machine_a_password_of_the_environment_is_sent() {
    let Some(server) = postgres::versions().last().and_then(|v| Server::own(*v)) else { return };
    let database = server.database();
    database.sql(BEFORE);
    server.sql(&format!("CREATE ROLE ada LOGIN SUPERUSER PASSWORD '{SECRET}'"));
    server.listens("127.0.0.1", "host all ada all scram-sha-256");
    let program = Program::new(STAGED);
    program.write("rosey.kdl", &format!("env prod {{ url \"postgresql://ada@127.0.0.1:{}/{}\" }}\n", server.port, database.name));
    plan(&program, &["--env", "prod"], &[("PGPASSWORD", SECRET)]).ends(0, &["by_a"]);
    plan(&program, &["--env", "prod"], &[]).ends(1, &["but none was supplied"]);
}
