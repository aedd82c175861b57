//! What is between rosey and a server: poolers, connections that hang or break, standbys, signals and
//! passwords. With real servers, a real pgbouncer, and a proxy of the tests.
#![cfg(unix)]

mod bouncer;
mod link;
mod lost;
mod passwords;
mod poolers;
mod signals;
mod standby;

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A table with rows, and its changes: in the transaction, and after it.
const BEFORE: &str = "CREATE TABLE t (id serial PRIMARY KEY, a integer); INSERT INTO t (a) SELECT i FROM generate_series(1, 1000) i";
const INSIDE: &str = "table t {\n    column id serial primary-key\n    column a integer\n    column b text not-null default=x\n}\n";
const STAGED: &str =
    "table t {\n    column id serial primary-key\n    column a integer\n    column b text not-null default=x\n    index by_a a\n}\n";

/// rosey as a program, in a separate folder.
struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    fn new(schema: &str) -> Program {
        let program = Program { folder: tempfile::tempdir().unwrap() };
        program.write("schema.kdl", schema);
        program
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rosey"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG") || name.starts_with("ROSEY")) {
            command.env_remove(name);
        }
        command.env("HOME", self.folder.path()).args(arguments).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.start(arguments))
    }

    fn apply(&self, url: &str, more: &[&str]) -> Run {
        self.run(&[&["apply", "--auto-approve", "--backup", "never", "-q", "--url", url], more].concat())
    }
}

/// The output and the exit code of a run.
#[derive(Debug)]
struct Run {
    said: String,
    code: Option<i32>,
}

impl Run {
    fn of(child: Child) -> Run {
        let output: Output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Run { said, code: output.status.code() }
    }

    fn ends(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.said);
        for words in said {
            assert!(self.said.contains(words), "no `{words}` in\n{}", self.said);
        }
    }

    fn never_says(&self, words: &[&str]) {
        for words in words {
            assert!(!self.said.contains(words), "`{words}` is in\n{}", self.said);
        }
    }
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
