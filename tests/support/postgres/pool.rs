//! A pool of sessions in front of a server, for tests that open thousands of them: a new PostgreSQL session
//! reads most of the catalogs before it answers, a reused one has them cached. Each client has a server
//! process of its own from its first message to its last, reset by `DISCARD ALL`. Only sessions of the last
//! used database are kept.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The codes in place of a protocol version:
/// <https://www.postgresql.org/docs/current/protocol-message-formats.html>
const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// A session on the server that waits for its next client.
struct Session {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    /// What the server sent at the start, up to the first ReadyForQuery.
    greeting: Vec<u8>,
}

/// The idle sessions, by the startup message that each began with. All are of one database.
type Resting = BTreeMap<Vec<u8>, Vec<Session>>;

type Shared = Arc<Mutex<Resting>>;

/// Returns the database in a startup message.
fn database(startup: &[u8]) -> Option<&[u8]> {
    let mut words = startup.get(8..)?.split(|byte| *byte == 0);
    words.find(|word| *word == b"database")?;
    words.next()
}

/// Starts a pool in front of the server at a port, and returns its own port. It runs until the process ends.
pub fn start(server: u16) -> io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let resting = Shared::default();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let resting = resting.clone();
            // A client that disconnects in the middle has simply ended.
            thread::spawn(move || serve(client, server, &resting).ok());
        }
    });
    Ok(port)
}

fn serve(mut client: TcpStream, server: u16, resting: &Shared) -> io::Result<()> {
    client.set_nodelay(true)?;
    let startup = loop {
        let message = first_message(&mut client)?;
        match u32::from_be_bytes(message[4..8].try_into().unwrap()) {
            SSL | GSS => client.write_all(b"N")?,
            CANCEL => return TcpStream::connect(("127.0.0.1", server))?.write_all(&message),
            _ => break message,
        }
    };
    let Some(session) = session(&startup, server, resting, &mut client)? else { return Ok(()) };
    client.write_all(&session.greeting)?;
    let (mut to_server, ended) = (session.stream.try_clone()?, Arc::new(AtomicBool::new(false)));
    let (answers_to, ended_too, resting) = (client.try_clone()?, ended.clone(), resting.clone());
    thread::spawn(move || answer(session, answers_to, &ended_too, &startup, &resting).ok());
    let mut requests = BufReader::new(client);
    while let Ok((kind, message)) = read(&mut requests) {
        if kind == b'X' {
            break;
        }
        to_server.write_all(&message)?;
    }
    ended.store(true, Ordering::SeqCst);
    // Whatever was going on: ends an extended query, then a transaction.
    to_server.write_all(&[&[b'S', 0, 0, 0, 4][..], &query("ROLLBACK"), &query("DISCARD ALL")].concat())
}

/// Returns an idle session, or a new one; none if the server rejects it, which the client has been told.
fn session(startup: &[u8], server: u16, resting: &Shared, client: &mut TcpStream) -> io::Result<Option<Session>> {
    {
        let mut resting = resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|other, _| database(other) == database(startup));
        if let Some(session) = resting.entry(startup.to_vec()).or_default().pop() {
            return Ok(Some(session));
        }
    }
    let mut stream = TcpStream::connect(("127.0.0.1", server))?;
    stream.set_nodelay(true)?;
    stream.write_all(startup)?;
    let (mut reader, mut greeting) = (BufReader::new(stream.try_clone()?), Vec::new());
    loop {
        let (kind, message) = read(&mut reader)?;
        greeting.extend(message);
        match kind {
            b'Z' => return Ok(Some(Session { stream, reader, greeting })),
            b'E' => return client.write_all(&greeting).map(|()| None),
            _ => {}
        }
    }
}

/// Forwards the answers of the server until the client has ended and the session has been reset.
fn answer(mut session: Session, mut client: TcpStream, ended: &AtomicBool, startup: &[u8], resting: &Shared) -> io::Result<()> {
    let (mut waiting, mut is_new) = (Vec::new(), false);
    loop {
        let Ok((kind, message)) = read(&mut session.reader) else {
            client.write_all(&waiting)?;
            return client.shutdown(Shutdown::Both);
        };
        if !ended.load(Ordering::SeqCst) {
            waiting.extend(message);
            if session.reader.buffer().is_empty() {
                client.write_all(&waiting).ok();
                waiting.clear();
            }
            continue;
        }
        is_new |= kind == b'C' && message[5..].starts_with(b"DISCARD ALL");
        if is_new && kind == b'Z' {
            let mut resting = resting.lock().unwrap_or_else(PoisonError::into_inner);
            // The pool has switched to another database: this session ends.
            if let Some(sessions) = resting.get_mut(startup) {
                sessions.push(session);
            }
            return Ok(());
        }
    }
}

/// Reads a message: its kind, and the whole message.
fn read(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    Ok((head[0], rest(from, &head, 1)?))
}

/// Reads the first message of a client, which has no kind.
fn first_message(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = [0; 8];
    from.read_exact(&mut head)?;
    rest(from, &head, 0)
}

/// Reads the rest of a message that begins with `head`, with its length at `at`.
fn rest(from: &mut impl Read, head: &[u8], at: usize) -> io::Result<Vec<u8>> {
    let length = u32::from_be_bytes(head[at..at + 4].try_into().unwrap()) as usize + at;
    let mut message = head.to_vec();
    message.resize(length.max(head.len()), 0);
    from.read_exact(&mut message[head.len()..])?;
    Ok(message)
}

fn query(sql: &str) -> Vec<u8> {
    let length = u32::try_from(sql.len() + 5).unwrap().to_be_bytes();
    [&b"Q"[..], &length, sql.as_bytes(), b"\0"].concat()
}
