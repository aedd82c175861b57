//! A folder in which the blocks of a document are executed as a reader would: KDL becomes the schema file,
//! scripts run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::read;
use crate::support::fences::{self, Block};
use crate::support::postgres::{self, Server};

pub struct Workshop {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    path: Vec<PathBuf>,
}

impl Workshop {
    /// Creates one with rosey on the PATH.
    pub fn new() -> Workshop {
        let rosey = Path::new(env!("CARGO_BIN_EXE_rosey")).parent().unwrap().to_path_buf();
        Workshop { folder: tempfile::tempdir().unwrap(), variables: Vec::new(), path: vec![rosey] }
    }

    /// Creates one that also has PostgreSQL's programs, which find this database by themselves. `None` if one
    /// is missing.
    pub fn on(database: &postgres::Database) -> Option<Workshop> {
        let mut shop = Workshop::new();
        for program in ["psql", "pg_dump", "pg_restore", "createdb", "dropdb"] {
            shop.path.push(database.server.tool(program)?.parent().unwrap().to_path_buf());
        }
        let Server { port, .. } = database.server;
        let variables = [("PGHOST", "127.0.0.1"), ("PGPORT", &port.to_string()), ("PGUSER", "postgres"), ("PGDATABASE", &database.name)];
        shop.variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        shop.variables.push(("ROSEY_DATABASE_URL".to_owned(), database.url()));
        Some(shop)
    }

    /// Adds an environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Workshop {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Runs a script, in which every line must succeed.
    pub fn run(&self, script: &str) -> String {
        let (out, code) = self.said(&format!("set -e\n{script}"));
        assert!(code == Some(0), "{script}\n{out}");
        out
    }

    /// Returns the output of a script, from both streams, and its exit code.
    pub fn said(&self, script: &str) -> (String, Option<i32>) {
        let mut path = self.path.clone();
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new("bash");
        command.arg("-c").arg(format!("exec 2>&1\n{script}")).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("PATH", std::env::join_paths(path).unwrap()).env("HOME", self.folder.path()).env("USER", "ada");
        command.env_remove("ROSEY_DATABASE_URL").env("PGCONNECT_TIMEOUT", "20");
        let output = command.envs(self.variables.iter().cloned()).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    }

    /// Executes a block.
    pub fn follow(&self, block: &Block) {
        match block.info.as_str() {
            "kdl" => self.write("schema.kdl", &block.text),
            "sh" => drop(self.run(&block.text)),
            "sql" => {
                self.write("script.sql", &block.text);
                self.run("psql -q -v ON_ERROR_STOP=1 -f script.sql");
            }
            other => panic!("nobody follows a block of {other}"),
        }
    }
}

/// Returns the blocks of a document between two of its lines.
pub fn between(document: &str, from: &str, to: &str) -> Vec<Block> {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(document));
    let at = text.find(from).unwrap_or_else(|| panic!("{document} has no `{from}`"));
    let rest = &text[at..];
    let end = if to.is_empty() { rest.len() } else { rest.find(to).unwrap_or_else(|| panic!("{document} has no `{to}`")) };
    fences::blocks(&rest[..end])
}
