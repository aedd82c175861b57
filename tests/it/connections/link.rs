//! A connection to a server that hangs or breaks when the test says so: a TCP proxy.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// What to do with the first COMMIT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AtCommit {
    Nothing,
    /// It does not reach the server, and both sides lose the connection.
    CutBefore,
    /// It does not reach the server, which keeps its side of the connection.
    Swallow,
    /// The server receives it, and its response is lost.
    CutAfter,
}

pub struct Link {
    port: u16,
    hangs: Arc<AtomicBool>,
    commits: Arc<AtomicUsize>,
}

impl Link {
    pub fn to(port: u16, at_commit: AtCommit) -> Link {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let link = Link { port: listener.local_addr().unwrap().port(), hangs: Arc::default(), commits: Arc::new(AtomicUsize::new(0)) };
        let (hangs, commits) = (link.hangs.clone(), link.commits.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                let (hangs, commits) = (hangs.clone(), commits.clone());
                let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let hangs_too = hangs.clone();
                std::thread::spawn(move || copy(&mut from, &mut to, &hangs_too));
                std::thread::spawn(move || forward(client, server, &hangs, &commits, at_commit));
            }
        });
        link
    }

    /// Forwards nothing any more, without closing a connection.
    pub fn hang(&self) {
        self.hangs.store(true, SeqCst);
    }

    /// Returns the number of COMMITs seen.
    pub fn commits(&self) -> usize {
        self.commits.load(SeqCst)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}?connect_timeout=1", self.port)
    }
}

fn hang_on(hangs: &AtomicBool) {
    while hangs.load(SeqCst) {
        std::thread::park_timeout(std::time::Duration::from_secs(1));
    }
}

fn copy(from: &mut TcpStream, to: &mut TcpStream, hangs: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n) = from.read(&mut buffer) {
        hang_on(hangs);
        if n == 0 || to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Both).ok();
}

fn forward(mut client: TcpStream, mut server: TcpStream, hangs: &AtomicBool, commits: &AtomicUsize, at_commit: AtCommit) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n) = client.read(&mut buffer) {
        hang_on(hangs);
        if n == 0 {
            break;
        }
        // This message prepares the statement; the next one runs it.
        let prepares = buffer[..n].windows(6).any(|w| w == b"COMMIT");
        if prepares && commits.fetch_add(1, SeqCst) == 0 && at_commit != AtCommit::Nothing {
            return cut(client, server, &buffer[..n], at_commit);
        }
        if server.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    server.shutdown(Shutdown::Both).ok();
}

fn cut(mut client: TcpStream, mut server: TcpStream, prepares: &[u8], how: AtCommit) {
    match how {
        AtCommit::Nothing => {}
        AtCommit::CutBefore => drop(server.shutdown(Shutdown::Both)),
        AtCommit::Swallow => {
            client.shutdown(Shutdown::Both).ok();
            // The server still believes that its client is connected.
            std::thread::park_timeout(std::time::Duration::from_secs(120));
        }
        AtCommit::CutAfter => {
            // From here on the client receives nothing: the other thread reads the answers but cannot write
            // them.
            server.write_all(prepares).ok();
            let mut runs = vec![0; 4096];
            if let Ok(n) = client.read(&mut runs) {
                client.shutdown(Shutdown::Write).ok();
                server.write_all(&runs[..n]).ok();
            }
        }
    }
    client.shutdown(Shutdown::Both).ok();
}
