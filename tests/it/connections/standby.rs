//! A streaming standby: a plan reads, and an apply is refused with the reason.

use super::{BEFORE, Program, STAGED, wait_until};
use crate::support::postgres::{self, Server};

#[test]
fn a_plan_works_on_a_standby_and_an_apply_is_refused() {
    let Some(server) = postgres::versions().last().and_then(|v| Server::own(*v)) else { return };
    let database = server.database();
    database.sql(BEFORE);
    let standby = server.standby();
    let url = format!("postgresql://postgres@127.0.0.1:{}/{}", standby.port, database.name);
    let there = || postgres::ask(&url, "SELECT count(*) FROM t").is_ok_and(|rows| rows[0][0] == "1000");
    wait_until("the standby does not follow", there);
    let program = Program::new(&STAGED.replace("index by_a a", "index by_a a\n    check \"a > 0\""));
    program.run(&["plan", "--url", &url]).ends(0, &["column b text", "by_a", "expressions"]);
    program.run(&["inspect", "--url", &url]).ends(0, &["table t"]);
    let run = program.apply(&url, &[]);
    run.ends(3, &["it is a standby", "nothing was changed", "connect to the primary"]);
    assert_eq!(database.value("SELECT count(*) FROM pg_class WHERE relname = '_rosey_history'"), "0");
}
