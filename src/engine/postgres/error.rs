//! What can go wrong between rosey and a PostgreSQL server, classified by SQLSTATE
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>). Never shows values of rows or
//! passwords.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

use super::Url;
use super::url::Password;

/// An error from the server or from the connection to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The statement was not sent: to parse a constant in it, the server would run a user-defined function.
    #[error("parsing a constant in it would make the server run a user-defined function")]
    NotParsed,
    /// Nothing listens there.
    #[error("could not connect to the server at {at}: {reason}")]
    NoServer {
        /// `host:port`.
        at: String,
        /// The operating system's reason.
        reason: String,
    },
    /// The server did not respond in time.
    #[error("the server at {at} did not answer within {after:?}")]
    NoAnswer {
        /// `host:port`.
        at: String,
        /// How long rosey waited.
        after: Duration,
    },
    /// The host name does not resolve.
    #[error("could not resolve host name {host}")]
    UnknownHost { host: String },
    /// The socket does not exist.
    #[error("no server socket at {path}")]
    NoSocket { path: String },
    /// The program that listens there does not speak PostgreSQL's protocol, or speaks an unknown version of
    /// it.
    #[error("the server at {at} does not behave like a PostgreSQL server: {reason}")]
    NotPostgres {
        /// `host:port`.
        at: String,
        /// What was unexpected.
        reason: String,
    },
    /// TLS was required, and the server does not offer it.
    #[error("the server at {at} does not support TLS, but the connection requires it")]
    NoTls {
        /// `host:port`.
        at: String,
    },
    /// The TLS handshake failed, usually because of the server's certificate.
    #[error("TLS connection to the server at {at} failed: {reason}")]
    Tls {
        /// `host:port`.
        at: String,
        reason: String,
    },
    /// A certificate or key cannot be read.
    #[error("could not read certificate or key {path}: {reason}")]
    Certificate {
        path: String,
        /// The operating system's reason.
        reason: String,
    },
    /// 28P01: the password is wrong.
    #[error("password authentication failed for user \"{user}\"")]
    WrongPassword { user: String },
    /// 28P01, and there was no password to send.
    #[error("the server requires a password for user \"{user}\", but none was supplied")]
    NoPassword { user: String },
    /// The password would be sent unencrypted, and the user has not allowed that.
    #[error("the password was not sent: the connection to {at} is not encrypted")]
    ClearPassword {
        /// `host:port`.
        at: String,
    },
    /// The password comes from the environment, but the host comes from a file in the repository.
    #[error("the password was not sent: it comes from the environment, but only a file in the repository names host {host}")]
    ForeignHost { host: String },
    /// 28000: no line of `pg_hba.conf` admits the user, or the role does not exist.
    #[error("the server rejected user \"{user}\": {message}")]
    NotAdmitted {
        user: String,
        /// The server's message.
        message: String,
    },
    /// 3D000: the database does not exist.
    #[error("database \"{name}\" does not exist on the server at {at}")]
    NoDatabase {
        name: String,
        /// `host:port`.
        at: String,
    },
    /// 53300: there are too many connections.
    #[error("the server has no free connection slots: {0}")]
    TooManyConnections(String),
    /// 57P03: the server is starting up, shutting down or recovering.
    #[error("the server is not accepting connections: {0}")]
    NotReady(String),
    /// The session ended before its work was done. Uncommitted changes are rolled back.
    #[error("the connection to the server was lost: {0}")]
    Lost(String),
    /// The server did not stop a statement at its time limit: what runs there does not check for interrupts.
    /// rosey no longer waits for it, and the session cannot be used.
    #[error("process {pid} of the server at {at} has not stopped a statement that exceeded its time limit: no response within {after:?}")]
    NotStopped {
        /// `host:port`.
        at: String,
        /// The server process.
        pid: i32,
        /// How long rosey waited.
        after: Duration,
    },
    /// The statements of a plan with SQL from the schema file together exceeded their time limit.
    #[error(
        "the server takes longer than {limit:?} to parse the SQL of the schema file; the slowest of {statements} statements took {:.1} s: \
         {statement}",
        slowest.as_secs_f64()
    )]
    TooLong {
        /// The limit for all of them.
        limit: Duration,
        /// How many were sent.
        statements: usize,
        /// How long the slowest one took.
        slowest: Duration,
        /// The beginning of that statement.
        statement: String,
    },
    /// A connection pooler assigns another server process to each transaction.
    #[error("the server at {at} is a connection pooler in transaction mode: it assigns each transaction a different server process")]
    Pooled {
        /// `host:port`.
        at: String,
    },
    /// 42501: a privilege is missing.
    #[error("insufficient privilege: {0}")]
    Privilege(String),
    /// 55P03: another session did not release a lock in time.
    #[error("timed out waiting for a lock that another session holds")]
    LockTimeout,
    /// 40P01: deadlock.
    #[error("deadlock detected; the server rolled back this session's transaction")]
    Deadlock,
    /// 57014: canceled by a user, or by a timeout on the server.
    #[error("the statement was canceled")]
    Cancelled,
    /// 53100: the disk is full.
    #[error("the server's disk is full: {0}")]
    DiskFull(String),
    /// 25006: the server is a standby, or the session is read-only.
    #[error("the server does not accept writes: {0}")]
    ReadOnly(String),
    /// `_rosey_history` is not a table that rosey may use: code in it could run, or its owner is not trusted.
    #[error("the table {table} {fault}")]
    History {
        /// The table with its schema.
        table: String,
        /// What is wrong with it, and its owner.
        fault: String,
    },
    /// A function of the database raised the error, or was running when it occurred: a trigger, an event
    /// trigger, a function in an expression. It can raise any text with any code, so only the code is shown.
    #[error("an event trigger or function of the database raised an error: {} (SQLSTATE {code})", super::sqlstate::words(code))]
    Raised {
        /// The SQLSTATE.
        code: String,
        /// The server's message, which may contain whatever the function has read: to be shown only for a
        /// scratch database.
        message: String,
    },
    /// Any other error about a statement.
    #[error("{}", message_of(code, message, detail.as_deref(), *from_rows))]
    Sql {
        /// The SQLSTATE.
        code: String,
        /// The server's message. Those of class 22 may quote a row's value; the error's own text omits the
        /// quotation.
        message: String,
        /// Details, which may contain a row's values (`Key (email)=(a@b) already exists.`): never to be
        /// shown.
        detail: Option<Box<str>>,
        /// The server's hint.
        hint: Option<Box<str>>,
        /// The position in the statement, in characters from 1.
        position: Option<usize>,
        /// The constraint that the error is about.
        constraint: Option<Box<str>>,
        /// Whether the message may quote a row's value.
        from_rows: bool,
    },
    /// An error of the driver.
    #[error("the connection to the server failed: {0}")]
    Driver(String),
}

impl Error {
    /// Returns whether the error says nothing about the statement itself: the session ended, the statement was
    /// canceled or has no time left, or it could not get its locks.
    pub(crate) fn is_interruption(&self) -> bool {
        let ended = matches!(self, Error::Lost(_) | Error::NotStopped { .. } | Error::Pooled { .. });
        ended || matches!(self, Error::Cancelled | Error::TooLong { .. } | Error::LockTimeout | Error::Deadlock)
    }

    /// Returns the error for a statement that was evaluated over rows: no text from the server is kept,
    /// whatever the code, because a function can raise any text with any code. Only what the statement itself
    /// contains is named: the constraint, and the names that the message quotes or that are at its position.
    pub(crate) fn over_rows(self, statement: &str) -> Self {
        match self {
            Error::LockTimeout | Error::Deadlock | Error::Cancelled | Error::Raised { .. } => return self,
            Error::Lost(_) => return Error::Lost("the server terminated the session".to_owned()),
            _ => {}
        }
        let (code, meaning) = meaning(&self);
        // The connection itself has ended: the reason comes from the operating system, not from a row.
        if code.is_empty() {
            return self;
        }
        let constraint = match &self {
            Error::Sql { constraint: Some(name), .. } if names(statement, name) => Some(name.clone()),
            _ => None,
        };
        let about = constraint.as_ref().map(|c| format!(" {c}:")).unwrap_or_default();
        let named = if constraint.is_none() { super::names_in_errors::found(&self, statement) } else { String::new() };
        let message = format!("{about} {meaning}{named} (SQLSTATE {code})").trim_start().to_owned();
        Error::Sql { message, code, detail: None, hint: None, position: None, constraint, from_rows: true }
    }

    /// Returns the error for a statement that evaluates nothing: what it quotes is the statement's own.
    pub(crate) fn without_rows(self) -> Self {
        match self {
            Error::Sql { code, message, detail, hint, position, constraint, .. } => {
                Error::Sql { code, message, detail, hint, position, constraint, from_rows: false }
            }
            other => other,
        }
    }

    /// Returns whether the server rejects the definition of an object: syntax and names (class 42), what it does
    /// not support, and values that a type does not accept.
    pub(crate) fn is_about_definition(&self) -> bool {
        let classes = ["42", "0A", "22"];
        matches!(self, Error::Sql { code, .. } if code != "42501" && classes.iter().any(|class| code.starts_with(class)))
    }

    /// Returns whether the rows, or values in them, violate a constraint or cannot be converted: classes 22
    /// and 23.
    pub fn is_about_rows(&self) -> bool {
        matches!(self, Error::Sql { code, from_rows: true, .. } | Error::Raised { code, .. }
            if code.starts_with("22") || code.starts_with("23"))
    }
}

/// Returns the SQLSTATE of an error and its meaning, in words that contain no value. The code is empty if the
/// error did not come from a statement.
pub(super) fn meaning(error: &Error) -> (String, &'static str) {
    let code = match error {
        Error::Sql { code, .. } | Error::Raised { code, .. } => code.as_str(),
        Error::Privilege(_) => "42501",
        Error::ReadOnly(_) => "25006",
        Error::TooManyConnections(_) => "53300",
        Error::NotReady(_) => "57P03",
        Error::DiskFull(_) => "53100",
        Error::Cancelled => "57014",
        _ => "",
    };
    (code.to_owned(), super::sqlstate::words(code))
}

/// Returns whether a statement contains a name, quoted or unquoted.
pub(super) fn names(statement: &str, constraint: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    statement.contains(&super::names::quote(constraint)) || statement.split(|c| !is_part(c)).any(|word| word == constraint)
}

/// Returns the message without the values that data exceptions quote (`invalid input syntax for type integer:
/// "…"`), whatever quotation marks the server's language uses.
fn message_of(code: &str, message: &str, detail: Option<&str>, from_rows: bool) -> String {
    // Only the detail lists the dependent objects; it contains names and no values.
    if let ("2BP01", Some(detail)) = (code, detail) {
        return format!("{message} ({})", detail.lines().collect::<Vec<_>>().join("; "));
    }
    if !from_rows || !code.starts_with("22") {
        return message.to_owned();
    }
    let (Some((first, open)), Some((last, close))) =
        (message.char_indices().find(|(_, c)| "\"“„«»‘".contains(*c)), message.char_indices().rev().find(|(_, c)| "\"“”«»’".contains(*c)))
    else {
        return message.to_owned();
    };
    format!("{}{open}…{close}{}", &message[..first], &message[(last + close.len_utf8()).max(first)..])
}

/// Returns the error for a failure to open the session.
pub(super) fn opening(error: sqlx::Error, url: &Url) -> Error {
    let at = url.server();
    match error {
        sqlx::Error::Io(e) if url.is_socket() && e.kind() == ErrorKind::NotFound => Error::NoSocket { path: at },
        // The driver reports a failed certificate check as a read error.
        sqlx::Error::Io(e) if e.kind() == ErrorKind::InvalidData => Error::Tls { at, reason: certificate(&e.to_string()) },
        sqlx::Error::Io(e) if e.to_string().contains("failed to lookup address") => Error::UnknownHost { host: url.host().to_owned() },
        sqlx::Error::Io(e) => Error::NoServer { at, reason: reason(&e) },
        sqlx::Error::Tls(e) if e.to_string().contains("does not support TLS") => Error::NoTls { at },
        sqlx::Error::Tls(e) => Error::Tls { at, reason: certificate(&e.to_string()) },
        // The driver appends a file name and line of its own source.
        sqlx::Error::Protocol(e) => Error::NotPostgres { at, reason: e.split(" (sqlx").next().unwrap_or_default().to_owned() },
        sqlx::Error::Database(e) => match e.code().as_deref() {
            Some("28P01") => match url.password() {
                Password::Sent | Password::OverTls => Error::WrongPassword { user: url.user().to_owned() },
                Password::None => Error::NoPassword { user: url.user().to_owned() },
                Password::Clear => Error::ClearPassword { at },
                Password::Foreign => Error::ForeignHost { host: url.host().to_owned() },
            },
            Some("28000") => Error::NotAdmitted { user: url.user().to_owned(), message: e.message().to_owned() },
            Some("3D000") => Error::NoDatabase { name: url.database().to_owned(), at },
            _ => running(sqlx::Error::Database(e)),
        },
        other => running(other),
    }
}

/// Returns the error for a failure in an open session.
pub(super) fn running(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Io(e) => Error::Lost(reason(&e)),
        sqlx::Error::Database(e) => match e.try_downcast_ref::<PgDatabaseError>() {
            Some(e) => refused(e),
            None => Error::Driver(e.message().to_owned()),
        },
        other => Error::Driver(other.to_string()),
    }
}

/// Rewords the TLS library's certificate errors, which are identifiers of the library.
fn certificate(words: &str) -> String {
    let known = [
        ("CaUsedAsEndEntity", "the server's certificate is a CA certificate (CA:TRUE), which cannot identify a server"),
        ("UnknownIssuer", "the server's certificate is not signed by a trusted certificate authority"),
    ];
    known.iter().find(|(name, _)| words.contains(name)).map_or(words, |(_, told)| told).to_owned()
}

/// Returns the operating system's message without the number that it appends.
fn reason(error: &std::io::Error) -> String {
    if error.kind() == ErrorKind::UnexpectedEof {
        return "the server closed the connection".to_owned();
    }
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Returns whether the error ended the session. A function can raise any code, but then the session
/// continues.
fn has_ended(error: &PgDatabaseError) -> bool {
    matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
}

/// Returns whether a function of the database raised the error, or was running when it occurred: the server
/// then reports a context. A JSON value that cannot be parsed has a context too, of one line.
fn is_from_a_function(error: &PgDatabaseError) -> bool {
    let is_json = error.file().is_some_and(|file| file.ends_with("jsonfuncs.c"));
    error.r#where().is_some_and(|context| !(context.is_empty() || is_json && context.lines().count() == 1))
}

fn refused(error: &PgDatabaseError) -> Error {
    match error.code() {
        "55P03" => return Error::LockTimeout,
        "40P01" => return Error::Deadlock,
        "57014" => return Error::Cancelled,
        code if is_from_a_function(error) && !has_ended(error) => {
            return Error::Raised { code: code.to_owned(), message: error.message().to_owned() };
        }
        _ => {}
    }
    let message = error.message().to_owned();
    let has_ended = has_ended(error);
    match error.code() {
        "53300" => Error::TooManyConnections(message),
        "57P03" => Error::NotReady(message),
        // Class 08 is the connection's own; the others end a session: an administrator, a crash, a dropped
        // database, an idle timeout.
        "57P01" | "57P02" | "57P04" | "57P05" | "25P03" | "25P04" if has_ended => Error::Lost(message),
        code if has_ended && code.starts_with("08") => Error::Lost(message),
        // If an unnamed statement is missing in the next message, it was prepared in another server process.
        "26000" => Error::Pooled { at: String::new() },
        "42501" => Error::Privilege(message),
        "53100" => Error::DiskFull(message),
        "25006" => Error::ReadOnly(message),
        code => Error::Sql {
            code: code.to_owned(),
            message,
            detail: error.detail().map(Box::from),
            hint: error.hint().map(Box::from),
            position: match error.position() {
                Some(PgErrorPosition::Original(n)) => Some(n),
                // Inside a function on the server: no position in the statement.
                _ => None,
            },
            constraint: sqlx::error::DatabaseError::constraint(error).map(Box::from),
            from_rows: true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rows_value_is_not_told() {
        for (code, message, wanted) in [
            ("22P02", "invalid input syntax for type integer: \"a\"b\"", "invalid input syntax for type integer: \"…\""),
            ("22003", "value \"99999\" is out of range for type smallint", "value \"…\" is out of range for type smallint"),
            ("22P02", "ungültige Eingabesyntax für Typ integer: »abc«", "ungültige Eingabesyntax für Typ integer: »…«"),
            ("22P02", "invalid input syntax for type json: \"", "invalid input syntax for type json: \"…\""),
            ("22001", "value too long for type character varying(3)", "value too long for type character varying(3)"),
            ("42P01", "relation \"users\" does not exist", "relation \"users\" does not exist"),
        ] {
            assert_eq!(message_of(code, message, None, true), wanted);
        }
        let own = "extension \"x\" has no update path for version \"9\"";
        assert_eq!(message_of("22023", own, None, false), own, "a statement that evaluates nothing quotes only itself");
    }
}
