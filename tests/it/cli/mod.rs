//! The program as users and pipelines see it: what it prints where, its exit codes, and which files it
//! leaves.

use std::ffi::OsStr;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod alembic;
mod apply;
mod completions;
mod exchanges;
mod files;
mod first_release;
mod fmt_command;
mod folder;
mod formats;
mod graph;
mod guards;
mod history;
mod init;
mod lint;
mod plan;
mod policy;
mod postgres;
mod quiet;
mod refused;
mod rollback;
mod saved;
mod script;
mod script_postgres;
mod secrets;
mod settings;
mod strangers;
mod target;
mod test_command;
mod transcript;
mod trouble;
mod way_back;

use crate::support::Database;

const USERS: &str = "table users {\n    column id serial primary-key\n    column name text\n}\n";
const USERS_WITH_AGE: &str = "table users {\n    column id serial primary-key\n    column name text\n    column age integer\n}\n";
const USERS_WITH_AGE_AS_TEXT: &str = "table users {\n    column id serial primary-key\n    column name text\n    column age text\n}\n";
const USERS_WITHOUT_NAME: &str = "table users {\n    column id serial primary-key\n}\n";
const USERS_WITH_A_NAME: &str = "table users {\n    column id serial primary-key\n    column name text not-null\n}\n";

/// A separate working directory, with a `test.db` that need not exist.
struct Place {
    database: Database,
}

impl Place {
    fn new() -> Self {
        Place { database: Database::new() }
    }

    /// Creates one with a schema file.
    fn with(schema: &str) -> Self {
        let place = Self::new();
        place.write("schema.kdl", schema);
        place
    }

    /// Creates one with a database that has `schema` and rows.
    fn having(schema: &str, rows: &str) -> Self {
        let place = Self::with(schema);
        place.rosey(&["apply", "--url", "test.db", "--auto-approve"]).exits(0);
        place.database.run(rows, true);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.database.path.with_file_name(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Returns the names of the files in it, in order.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Returns the program, ready to run here: without a terminal, and without the environment variables that
    /// it reads.
    fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        self.prepared(env!("CARGO_BIN_EXE_rosey"), arguments)
    }

    /// Returns another program, prepared in the same way.
    fn prepared(&self, program: &str, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.path("")).env("HOME", self.path("")).env("USER", "ada");
        command.env_remove("ROSEY_DATABASE_URL").env_remove("NO_COLOR").env("ROSEY_CACHE_DIR", "");
        for name in ["HOST", "HOSTADDR", "PORT", "USER", "PASSWORD", "DATABASE", "SSLMODE", "OPTIONS", "APPNAME", "PASSFILE"] {
            command.env_remove(format!("PG{name}"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn rosey(&self, arguments: &[&str]) -> Run {
        Run::of(format!("rosey {}", arguments.join(" ")), &mut self.command(arguments))
    }

    /// Applies the schema to `test.db`.
    fn apply(&self, arguments: &[&str]) -> Run {
        self.rosey(&[&["apply", "--url", "test.db", "--auto-approve"], arguments].concat())
    }

    /// Returns a digest of the database, byte for byte, and the files next to it.
    fn snapshot(&self) -> (u64, Vec<String>) {
        let mut hasher = DefaultHasher::new();
        self.database.bytes().hash(&mut hasher);
        (hasher.finish(), self.files())
    }
}

/// A finished run. As text: the command, standard output, standard error after bars, and the exit code.
struct Run {
    line: String,
    out: String,
    err: String,
    code: Option<i32>,
}

impl Run {
    fn of(line: String, command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| without_times(String::from_utf8(bytes).unwrap());
        Run { line, out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
    }

    fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.line)?;
        self.out.lines().try_for_each(|line| writeln!(f, "{line}"))?;
        self.err.lines().try_for_each(|line| writeln!(f, "{}", format!("| {line}").trim_end()))?;
        write!(f, "exit {}", self.code.map_or("by a signal".to_owned(), |c| c.to_string()))
    }
}

/// Removes the times from the names of backups.
fn without_times(text: String) -> String {
    const STAMP: usize = "20260101T000000000Z".len();
    let mut pieces: Vec<&str> = text.split(".backup").collect();
    let last = pieces.pop().unwrap_or_default();
    let is_stamp = |s: &str| s.ends_with('Z') && s.bytes().filter(u8::is_ascii_digit).count() == STAMP - 2;
    let cut = |p: &str| match p.len().checked_sub(STAMP).and_then(|n| p.split_at_checked(n)) {
        Some((head, stamp)) if is_stamp(stamp) => format!("{head}TIME"),
        _ => p.to_owned(),
    };
    pieces.iter().map(|p| cut(p) + ".backup").collect::<String>() + last
}

/// Returns the backups in a folder.
fn backups(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.filter(|p| p.extension().is_some_and(|e| e == "backup")).collect()
}
