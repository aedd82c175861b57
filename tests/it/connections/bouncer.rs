//! A pgbouncer in front of a server, for the duration of a test.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use crate::support::postgres::{Database, unprivileged};
use crate::support::postgres::{in_ci, say};

const PROGRAM: &str = "/usr/sbin/pgbouncer";

pub struct Bouncer {
    process: Child,
    _folder: tempfile::TempDir,
    port: u16,
    database: String,
}

impl Bouncer {
    /// Starts one that resets nothing when a session ends. `None`, after a visible message, if pgbouncer is
    /// not installed; in CI that is a failure.
    pub fn before(database: &Database, mode: &str, more: &str) -> Option<Bouncer> {
        if !std::path::Path::new(PROGRAM).is_file() {
            assert!(!in_ci(), "CI needs pgbouncer");
            say("SKIPPED: no pgbouncer");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let server = database.server.port;
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\nserver_reset_query =\ndefault_pool_size = 8\n\
             ignore_startup_parameters = extra_float_digits\n{more}\n"
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        let mut command = Command::new(PROGRAM);
        command.arg("-q").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((uid, gid)) = unprivileged().unwrap() {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
            command.uid(uid).gid(gid);
        }
        let process = command.spawn().unwrap();
        let bouncer = Bouncer { process, _folder: folder, port, database: database.name.clone() };
        super::wait_until("pgbouncer does not start", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(bouncer)
    }

    pub fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{}", self.port, self.database)
    }

    pub fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
