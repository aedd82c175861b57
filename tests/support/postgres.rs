//! Real PostgreSQL servers for tests: one for each major version and test process, with a database for each
//! test. The server stops and its folder is removed when the process ends, however it ends. Servers that
//! others run are never used.

#[path = "postgres/installed.rs"]
mod installed;
#[path = "postgres/pool.rs"]
mod pool;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{collections::BTreeMap, thread};

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use installed::{Installed, run};
#[allow(unused_imports)] // used by some tests
pub use installed::{in_ci, say, skip};

/// What [`Database::rows`] shows for NULL.
pub const NULL: &str = "NULL";

/// Keeps one server running for the process at the other end of its standard input. When that end closes, for
/// whatever reason, the server is stopped and the folder removed. It prints `ready`, or the log if something
/// went wrong.
const KEEPER: &str = r#"
folder=$1 bin=$2 settings=$3
stop() {
    "$bin/pg_ctl" stop -D data -m immediate -s >/dev/null 2>&1
    cd / && rm -rf "$folder"
}
trap '' PIPE
trap 'exit 1' HUP INT TERM
trap stop EXIT
{
    "$bin/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync &&
        printf '%s\n' "$settings" >>data/postgresql.conf &&
        "$bin/pg_ctl" start -D data -w -s -l log
} >starting 2>&1 </dev/null || {
    cat starting log
    exit 1
}
echo ready
read -r nothing
"#;

/// Returns the major versions of PostgreSQL that tests run on, oldest first: the installed ones, one that is
/// downloaded if there is none, and in CI always 13, 15 and 18. Empty, after a visible message, if none is
/// available. `ROSEY_TEST_POSTGRES=15` selects one.
pub fn versions() -> Vec<u32> {
    let only = std::env::var("ROSEY_TEST_POSTGRES").ok();
    match installed::all() {
        Ok(all) => all.iter().map(|i| i.version).filter(|v| only.as_ref().is_none_or(|o| *o == v.to_string())).collect(),
        Err(why) => {
            installed::skip(&why);
            Vec::new()
        }
    }
}

/// Returns a running server of every version in [`versions`].
pub fn servers() -> Vec<&'static Server> {
    versions().into_iter().filter_map(Server::shared).collect()
}

/// A running server. Its superuser is `postgres`, without a password.
pub struct Server {
    pub version: u32,
    pub port: u16,
    /// The folder, which also contains its socket.
    pub folder: PathBuf,
    installed: Installed,
    keeper: Child,
    /// The port of the pool in front of it, once there is one.
    pool: OnceLock<u16>,
}

impl Server {
    /// Returns the server of a major version in this process, started at its first use. A version that is not
    /// installed is downloaded as a package. `None`, after a visible message, if it is not available; in CI
    /// that is a failure.
    pub fn shared(version: u32) -> Option<&'static Server> {
        type Shared = OnceLock<Result<&'static Server, String>>;
        static SERVERS: Mutex<BTreeMap<u32, Arc<Shared>>> = Mutex::new(BTreeMap::new());
        let slot = SERVERS.lock().unwrap_or_else(PoisonError::into_inner).entry(version).or_default().clone();
        let started = slot.get_or_init(|| installed::get(version).map(|i| &*Box::leak(Box::new(Server::start(i)))));
        started.as_ref().map_err(|why| installed::skip(why)).ok().copied()
    }

    /// Starts a server of a major version for a single test, which may do anything with it. Stops when it is
    /// dropped.
    pub fn own(version: u32) -> Option<Server> {
        installed::get(version).map_err(|why| installed::skip(&why)).ok().map(Server::start)
    }

    fn start(installed: Installed) -> Server {
        let mut said = String::new();
        for _ in 0..5 {
            match Server::try_start(&installed) {
                Ok(server) => return server,
                Err(e) => said = e,
            }
            // Another process may have taken the port after it was found free.
            if !said.contains("Address already in use") {
                break;
            }
        }
        panic!("PostgreSQL {} does not start:\n{said}", installed.version)
    }

    fn try_start(installed: &Installed) -> Result<Server, String> {
        let text = |e: std::io::Error| e.to_string();
        let folder = tempfile::Builder::new().prefix("rosey-postgres-").tempdir().map_err(text)?;
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).map_err(text)?.port();
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "sh"]).arg(folder.path()).arg(&installed.bin).arg(settings(port, &folder.path().display().to_string()));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LC_ALL", "C");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).current_dir(folder.path());
        command.process_group(0); // Ctrl-C is for the tests: the keeper still has to clean up
        if let Some((uid, gid)) = unprivileged()? {
            chown(folder.path(), Some(uid), Some(gid)).map_err(text)?;
            command.uid(uid).gid(gid);
        }
        let mut keeper = command.spawn().map_err(text)?;
        let mut output = BufReader::new(keeper.stdout.take().ok_or("the keeper has no output")?);
        let mut said = String::new();
        output.read_line(&mut said).map_err(text)?;
        if said != "ready\n" {
            output.read_to_string(&mut said).map_err(text)?;
            keeper.wait().map_err(text)?;
            return Err(said);
        }
        Ok(Server { version: installed.version, port, folder: folder.keep(), installed: installed.clone(), keeper, pool: OnceLock::new() })
    }

    /// Returns the URL of a database over TCP.
    pub fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// Creates an empty database, which is dropped at the end of the test.
    pub fn database(&self) -> Database<'_> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE DATABASE {name} TEMPLATE template0"));
        Database { name, server: self, port: self.port }
    }

    /// Creates an empty database behind a pool of sessions, for tests that plan thousands of times.
    pub fn pooled_database(&self) -> Database<'_> {
        let port = *self.pool.get_or_init(|| pool::start(self.port).unwrap());
        let mut database = self.database();
        database.port = port;
        database
    }

    /// Runs a statement that affects the whole server, such as CREATE ROLE: its names are shared by all tests
    /// of the process.
    pub fn sql(&self, sql: &str) {
        query(&self.url("postgres"), sql).unwrap_or_else(|e| panic!("{e}\n{sql}"));
    }

    /// Crashes the server, and starts it again.
    pub fn crash(&self) {
        let mut command = Command::new(self.installed.bin.join("pg_ctl"));
        command.args(["restart", "-D", "data", "-w", "-s", "-m", "immediate", "-l", "log"]).current_dir(&self.folder);
        if let Some((uid, gid)) = unprivileged().unwrap() {
            command.uid(uid).gid(gid);
        }
        assert!(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    }

    /// Makes the server listen on an address too, with one more line at the start of pg_hba.conf.
    pub fn listens(&self, address: &str, line: &str) {
        let append = |file: &str, text: &str| {
            let path = self.folder.join("data").join(file);
            let now = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, if file == "pg_hba.conf" { format!("{text}\n{now}") } else { format!("{now}\n{text}\n") }).unwrap();
        };
        append("pg_hba.conf", line);
        append("postgresql.conf", &format!("listen_addresses = '{address}'"));
        self.shell("\"$1/pg_ctl\" restart -D data -w -s -m fast -l log");
    }

    /// Starts a standby of this server, which stops when it is dropped.
    pub fn standby(&self) -> Standby {
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).unwrap().port();
        let folder = self.folder.display();
        let script = format!(
            "set -e\n\"$1/pg_ctl\" stop -D data -m fast -w -s\ncp -R data standby\n\"$1/pg_ctl\" start -D data -w -s -l log\n\
             touch standby/standby.signal\n\
             printf '%s\\n' \"port = {port}\" \"primary_conninfo = 'host={folder} port={} user=postgres'\" >>standby/postgresql.conf\n\
             \"$1/pg_ctl\" start -D standby -w -s -l standby.log",
            self.port
        );
        self.shell(&script);
        Standby { port, folder: self.folder.clone(), bin: self.installed.bin.clone() }
    }

    /// Runs a script in the folder of the server, as its user. `$1` is the folder of its programs.
    fn shell(&self, script: &str) {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(&self.installed.bin).current_dir(&self.folder);
        if let Some((uid, gid)) = unprivileged().unwrap() {
            command.uid(uid).gid(gid);
        }
        assert!(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "{script}");
    }

    /// Returns a PostgreSQL program such as `pg_dump` or `psql`, of this version or a newer one, if there is
    /// one: an older pg_dump refuses the server.
    pub fn tool(&self, name: &str) -> Option<PathBuf> {
        let newer = installed::all().unwrap_or_default().iter().filter(|i| i.version > self.version);
        std::iter::once(&self.installed).chain(newer).find_map(|i| i.tool(name))
    }
}

pub struct Standby {
    pub port: u16,
    folder: PathBuf,
    bin: PathBuf,
}

impl Drop for Standby {
    fn drop(&mut self) {
        let mut command = Command::new(self.bin.join("pg_ctl"));
        command.args(["stop", "-D", "standby", "-m", "immediate", "-s"]).current_dir(&self.folder);
        if let Ok(Some((uid, gid))) = unprivileged() {
            command.uid(uid).gid(gid);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        self.keeper.wait().ok();
    }
}

/// The database of one test.
pub struct Database<'a> {
    pub name: String,
    pub server: &'a Server,
    /// The port of the server, or of the pool in front of it.
    pub port: u16,
}

impl Database<'_> {
    pub fn url(&self) -> String {
        url(self.port, &self.name)
    }

    /// Returns a copy of it, under a name of its own.
    pub fn copy(&self, name: &str) -> Self {
        self.server.sql(&format!("CREATE DATABASE {name} TEMPLATE {}", self.name));
        Database { name: name.to_owned(), ..*self }
    }

    /// Drops everything in all schemas, and leaves an empty `public`: faster than another database.
    pub fn empty(&self) {
        self.sql(
            "SET client_min_messages = error; DO $$ DECLARE s name; BEGIN FOR s IN SELECT nspname FROM pg_namespace \
             WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP EXECUTE format('DROP SCHEMA %I CASCADE', s); \
             END LOOP; END $$; CREATE SCHEMA public",
        );
    }

    /// Returns the URL over the socket of the server.
    pub fn socket_url(&self) -> String {
        format!("postgresql://postgres@/{}?host={}&port={}", self.name, self.server.folder.display(), self.server.port)
    }

    /// Runs a script. PostgreSQL runs several statements as one transaction, so what cannot run in one
    /// (CREATE INDEX CONCURRENTLY) must be the only statement.
    pub fn sql(&self, sql: &str) {
        self.rows(sql);
    }

    /// Runs a script that may fail.
    pub fn try_sql(&self, sql: &str) -> Result<(), sqlx::Error> {
        query(&self.url(), sql).map(drop)
    }

    /// Runs a script as `psql URL < SCRIPT` does.
    pub fn psql(&self, script: &str, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new(self.server.tool("psql").ok_or("no psql")?);
        command.args(["-X", "-q"]).args(arguments).arg(self.url());
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        // A script that stops early does not read the rest.
        std::io::Write::write_all(&mut shell.stdin.take().unwrap(), script.as_bytes()).ok();
        let output = shell.wait_with_output().map_err(|e| e.to_string())?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// Returns the rows of a query, each value as psql shows it, with [`NULL`] for nulls.
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        query(&self.url(), sql).unwrap_or_else(|e| panic!("{e}\n{sql}"))
    }

    /// Returns the first value of a query; empty if there is no row.
    pub fn value(&self, sql: &str) -> String {
        self.rows(sql).first().and_then(|r| r.first().cloned()).unwrap_or_default()
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // The test may have stopped the server, or be failing: what is left is removed with the folder of the
        // server.
        query(&self.server.url("postgres"), &format!("DROP DATABASE {} WITH (FORCE)", self.name)).ok();
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgresql://postgres@127.0.0.1:{port}/{database}")
}

/// Returns the rows of a query on the database at a URL.
pub fn ask(url: &str, sql: &str) -> Result<Vec<Vec<String>>, sqlx::Error> {
    query(url, sql)
}

/// Runs a script on a separate connection, and on a separate thread: the caller may be in async code, where a
/// second runtime cannot be started.
fn query(url: &str, sql: &str) -> Result<Vec<Vec<String>>, sqlx::Error> {
    let work = async || {
        let mut connection = PgConnection::connect(url).await?;
        // A simple query: every value is text, whatever its type.
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await;
        connection.close().await.ok();
        rows?.iter().map(|r| (0..r.len()).map(|i| text(r, i)).collect()).collect()
    };
    thread::scope(|s| s.spawn(|| wait(work())).join()).unwrap_or_else(|e| std::panic::resume_unwind(e))
}

fn text(row: &PgRow, column: usize) -> Result<String, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    value
        .as_str()
        .map(str::to_owned)
        .or_else(|e| if sqlx::ValueRef::is_null(&value) { Ok(NULL.to_owned()) } else { Err(sqlx::Error::Decode(e)) })
}

/// Returns the settings that differ from PostgreSQL's defaults: nothing here needs to survive a crash, and no
/// background work may change numbers that tests look at.
fn settings(port: u16, folder: &str) -> String {
    let folder = folder.replace('\'', "''");
    let fixed = "listen_addresses = '127.0.0.1'\nfsync = off\nfull_page_writes = off\nautovacuum = off\njit = off\ntimezone = 'UTC'";
    format!("port = {port}\nunix_socket_directories = '{folder}'\n{fixed}")
}

/// Returns the user for the server if the tests run as root, which PostgreSQL refuses: `postgres`, or else
/// `nobody`.
pub fn unprivileged() -> Result<Option<(u32, u32)>, String> {
    if !installed::is_root() {
        return Ok(None);
    }
    let id = |what: &str, name: &str| run(Command::new("id").args([what, name])).ok()?.trim().parse::<u32>().ok();
    let found = ["postgres", "nobody"].iter().find_map(|name| Some((id("-u", name)?, id("-g", name)?)));
    found.map(Some).ok_or("there is no user that the server could run as: neither postgres nor nobody".to_owned())
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
