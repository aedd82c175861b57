//! Creates a populated v0.5.0 bot database, like that of a bot that has been running for a while:
//!
//! ```text
//! cargo run --example make_bot_data -- bot_data.db [ROWS]
//! ```
//!
//! ROWS is the length of the chat history, 2000 by default; the size of the other tables follows from it. The same ROWS
//! always creates the same content. The content is deliberately awkward: counters that are NULL, names with quotes and
//! non-ASCII characters, a rank that is REAL, a sequence that is ahead of the highest id.
//!
//! It never overwrites a file. If it fails, it removes the incomplete file.

use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

const SCHEMA: &str = include_str!("../tests/bot/v0.5.0.sqlite.sql");
const USAGE: &str = "usage: cargo run --example make_bot_data -- FILE.db [ROWS]

Creates FILE.db, a v0.5.0 bot database with ROWS chat messages (default 2000).";

/// When the fictional bot was started.
const START: i64 = 1_760_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, rows) = match arguments.as_slice() {
        [path] if !path.starts_with('-') => (PathBuf::from(path), 2000),
        [path, rows] if !path.starts_with('-') => match rows.parse::<u32>() {
            Ok(rows) => (PathBuf::from(path), i64::from(rows)),
            Err(_) => return fail(&format!("`{rows}` is not a number of rows\n\n{USAGE}")),
        },
        _ => return fail(USAGE),
    };
    // Fails if the file exists; checking and creating it are one step.
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            return fail(&format!("{} already exists; choose another name, or remove it first", path.display()));
        }
        Err(e) => return fail(&format!("{} cannot be created: {e}", path.display())),
    }
    match make(&path, rows) {
        Ok(()) => {
            println!("{}: a v0.5.0 bot database with {rows} rows of chat", path.display());
            ExitCode::SUCCESS
        }
        Err(e) => {
            std::fs::remove_file(&path).ok();
            fail(&format!("{} could not be filled: {e}", path.display()))
        }
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}

fn make(path: &Path, rows: i64) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await?;
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
        fill(&mut transaction, rows).await?;
        transaction.commit().await?;
        Ok(connection.close().await?)
    })
}

async fn fill(c: &mut SqliteConnection, rows: i64) -> Result<(), sqlx::Error> {
    let mut random = Random(0x2025_1122_0BAD_B070);
    let mut users: Vec<String> = (0..(rows / 50).max(5)).map(|i| format!("User_{i}")).collect();
    users.extend(["Zoë", "O'Brien", "quo\"te", "日本"].map(str::to_owned));
    people(c, &users, rows, &mut random).await?;
    chat(c, &users, rows, &mut random).await?;
    singletons(c).await?;
    queue(c, rows).await?;
    tokens(c, &mut random).await
}

/// Users and their actions. The counters of v0.5.0 allow NULL, and old rows contain it.
async fn people(c: &mut SqliteConnection, users: &[String], rows: i64, random: &mut Random) -> Result<(), sqlx::Error> {
    let stats = (0..).zip(users).map(|(i, user)| {
        let lines = if i % 17 == 3 { Value::Null } else { Value::Int(random.below(5000)) };
        let time = if i % 23 == 5 { Value::Null } else { Value::Int(random.below(1_000_000)) };
        let session = if i % 3 == 0 { Value::Int(START + random.below(1_000_000)) } else { Value::Null };
        vec![text(user), Value::Int(START), Value::Int(START + random.below(1_000_000)), lines, time, session]
    });
    let columns = "username, first_seen, last_seen, total_chat_lines, total_time_connected, current_session_start";
    insert(c, "user_stats", columns, stats.collect()).await?;
    let actions = (0..rows / 4).map(|i| {
        let details = if i % 4 == 0 { text(r#"{"cmd": "say 'hi'"}"#) } else { Value::Null };
        vec![Value::Int(START + i), text(random.one_of(users)), text(random.one_of(&["pm_command", "kick", "ban"])), details]
    });
    insert(c, "user_actions", "timestamp, username, action_type, details", actions.collect()).await
}

/// The chat history. Its last ten messages are deleted, so that the sequence is ahead of the highest id.
async fn chat(c: &mut SqliteConnection, users: &[String], rows: i64, random: &mut Random) -> Result<(), sqlx::Error> {
    let counts = (0..rows / 2).map(|i| {
        let chatting = random.below(40);
        vec![Value::Int(START + 300 * i), Value::Int(chatting), Value::Int(chatting + random.below(15))]
    });
    insert(c, "user_count_history", "timestamp, chat_users, connected_users", counts.collect()).await?;
    let messages = (0..rows).map(|i| {
        let words = "lorem ipsum ".repeat(random.below(7) as usize + 1);
        vec![Value::Int(START + i), text(random.one_of(users)), Value::Text(format!("message {i}: {words}"))]
    });
    insert(c, "recent_chat", "timestamp, username, message", messages.collect()).await?;
    sqlx::query("DELETE FROM recent_chat WHERE id > (SELECT max(id) - 10 FROM recent_chat)").execute(c).await?;
    Ok(())
}

/// The two tables with a single row. The rank is REAL in v0.5.0.
async fn singletons(c: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let at = || Value::Int(START);
    let stats = vec![Value::Int(1), Value::Int(42), at(), Value::Int(57), at(), at()];
    let columns = "id, max_users, max_users_timestamp, max_connected, max_connected_timestamp, last_updated";
    insert(c, "channel_stats", columns, vec![stats]).await?;
    let status = vec![Value::Int(1), text("Rosey"), Value::Real(3.0), Value::Int(0), at()];
    insert(c, "current_status", "id, bot_name, bot_rank, bot_afk, last_updated", vec![status]).await
}

/// Messages that are pending, sent or failed.
async fn queue(c: &mut SqliteConnection, rows: i64) -> Result<(), sqlx::Error> {
    let messages = (0..rows / 10).map(|i| {
        let sent = i % 3 != 0;
        let sent_at = if sent { Value::Int(START + i + 1) } else { Value::Null };
        let (tries, error) = if i % 11 == 0 { (3, text("timeout: 'peer' gone")) } else { (0, Value::Null) };
        vec![Value::Int(START + i), Value::Text(format!("out {i}")), Value::Int(sent.into()), sent_at, Value::Int(tries), error]
    });
    let columns = "timestamp, message, sent, sent_timestamp, retry_count, last_error";
    insert(c, "outbound_messages", columns, messages.collect()).await
}

async fn tokens(c: &mut SqliteConnection, random: &mut Random) -> Result<(), sqlx::Error> {
    let tokens = (0..12).map(|i| {
        let token = format!("tok-{:016x}{:016x}", random.next(), random.next());
        vec![Value::Text(token), Value::Text(format!("token {i}")), Value::Int(START), Value::Null, Value::Int((i % 5 == 0).into())]
    });
    insert(c, "api_tokens", "token, description, created_at, last_used, revoked", tokens.collect()).await
}

enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Inserts many rows with each statement: one statement per row would take several times as long.
async fn insert(c: &mut SqliteConnection, table: &str, columns: &str, rows: Vec<Vec<Value>>) -> Result<(), sqlx::Error> {
    for chunk in rows.chunks(200) {
        let places = vec!["?"; columns.split(',').count()].join(", ");
        let places = vec![format!("({places})"); chunk.len()].join(", ");
        // Only names and placeholders of this file; the values are bound.
        let mut query = sqlx::query(AssertSqlSafe(format!("INSERT INTO {table} ({columns}) VALUES {places}")));
        for value in chunk.iter().flatten() {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Int(n) => query.bind(*n),
                Value::Real(n) => query.bind(*n),
                Value::Text(t) => query.bind(t.as_str()),
            };
        }
        query.execute(&mut *c).await?;
    }
    Ok(())
}

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled"): enough for a test.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Returns a number from 0 up to, but not including, `end`.
    fn below(&mut self, end: u32) -> i64 {
        (self.next() % u64::from(end)) as i64
    }

    fn one_of<'a, T: AsRef<str>>(&mut self, all: &'a [T]) -> &'a str {
        all[self.next() as usize % all.len()].as_ref()
    }
}
