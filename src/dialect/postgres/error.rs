//! What can go wrong between rosey and a PostgreSQL server, told by SQLSTATE
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>). Shows no row's values and no password.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgSeverity};

use super::Url;
use super::url::Password;

/// What the server, or the way to it, says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The statement is not sent: the server would run a function of a user as it parses a constant in it.
    #[error("parsing a constant in it would make the server run a user-defined function")]
    NotParsed,
    /// Nobody listens there.
    #[error("could not connect to the server at {at}: {reason}")]
    NoServer {
        /// `host:port`.
        at: String,
        /// The system's reason.
        reason: String,
    },
    /// No answer in time.
    #[error("the server at {at} did not answer within {after:?}")]
    NoAnswer {
        /// `host:port`.
        at: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The host's name has no address.
    #[error("could not resolve host name {host}")]
    UnknownHost {
        /// The name.
        host: String,
    },
    /// There is no socket.
    #[error("no server socket at {path}")]
    NoSocket {
        /// Its path.
        path: String,
    },
    /// What listens there does not speak PostgreSQL's protocol, or in an unknown way.
    #[error("the server at {at} does not behave like a PostgreSQL server: {reason}")]
    NotPostgres {
        /// `host:port`.
        at: String,
        /// What was odd.
        reason: String,
    },
    /// TLS was asked for, and the server has none.
    #[error("the server at {at} does not support TLS, but the connection requires it")]
    NoTls {
        /// `host:port`.
        at: String,
    },
    /// TLS could not be agreed on, mostly over the server's certificate.
    #[error("TLS connection to the server at {at} failed: {reason}")]
    Tls {
        /// `host:port`.
        at: String,
        /// Why.
        reason: String,
    },
    /// A certificate or key cannot be read.
    #[error("could not read certificate or key {path}: {reason}")]
    Certificate {
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// 28P01.
    #[error("password authentication failed for user \"{user}\"")]
    WrongPassword {
        /// The user.
        user: String,
    },
    /// 28P01, where there was no password to send.
    #[error("the server requires a password for user \"{user}\", but none was supplied")]
    NoPassword {
        /// The user.
        user: String,
    },
    /// The password would cross the network without encryption, and nobody has asked for that.
    #[error("the password was not sent: the connection to {at} is not encrypted")]
    ClearPassword {
        /// `host:port`.
        at: String,
    },
    /// The password is the environment's, and the host is a repository's file's.
    #[error("the password was not sent: it comes from the environment, but only a file in the repository names host {host}")]
    ForeignHost {
        /// The host.
        host: String,
    },
    /// 28000: no rule of `pg_hba.conf` lets the user in, or there is no such role.
    #[error("the server rejected user \"{user}\": {message}")]
    NotAdmitted {
        /// The user.
        user: String,
        /// The server's words.
        message: String,
    },
    /// 3D000.
    #[error("database \"{name}\" does not exist on the server at {at}")]
    NoDatabase {
        /// Its name.
        name: String,
        /// `host:port`.
        at: String,
    },
    /// 53300.
    #[error("the server has no free connection slots: {0}")]
    TooManyConnections(String),
    /// 57P03: it starts, stops or recovers.
    #[error("the server is not accepting connections: {0}")]
    NotReady(String),
    /// The session ended before its work did. What was not committed is undone.
    #[error("the connection to the server was lost: {0}")]
    Lost(String),
    /// A pooler hands each transaction to another server process.
    #[error("the server at {at} is a connection pooler in transaction mode: it assigns each transaction a different server process")]
    Pooled {
        /// `host:port`.
        at: String,
    },
    /// 42501.
    #[error("insufficient privilege: {0}")]
    Privilege(String),
    /// 55P03.
    #[error("timed out waiting for a lock that another session holds")]
    LockTimeout,
    /// 40P01.
    #[error("deadlock detected; the server rolled back this session's transaction")]
    Deadlock,
    /// 57014: cancelled by somebody, or by a timeout of the server's.
    #[error("the statement was cancelled")]
    Cancelled,
    /// 53100.
    #[error("the server's disk is full: {0}")]
    DiskFull(String),
    /// 25006: a standby, or a session that may not write.
    #[error("the server does not accept writes: {0}")]
    ReadOnly(String),
    /// Any other refusal of a statement.
    #[error("{}", told(code, message, detail.as_deref()))]
    Sql {
        /// The SQLSTATE.
        code: String,
        /// The server's words. Those of class 22 may quote a row's value; the error's own text leaves the quotation out.
        message: String,
        /// More words. They may hold a row's values (`Key (email)=(a@b) already exists.`): never to be shown.
        detail: Option<Box<str>>,
        /// The server's advice.
        hint: Option<Box<str>>,
        /// Where in the statement, in characters from 1.
        position: Option<usize>,
        /// The constraint that it is about.
        constraint: Option<Box<str>>,
    },
    /// The driver's own trouble.
    #[error("the connection to the server failed: {0}")]
    Driver(String),
}

impl Error {
    /// Whether it says nothing about the statement itself: the session has ended, was told to stop, or waited in vain.
    pub(crate) fn is_no_refusal(&self) -> bool {
        matches!(self, Error::Lost(_) | Error::Pooled { .. } | Error::Cancelled | Error::LockTimeout | Error::Deadlock)
    }

    /// The same, for a statement that was evaluated over rows: nothing of the server's own words is kept, whatever the code,
    /// for a function can raise any text under any code. A constraint is named only if the statement itself names it.
    pub(crate) fn over_rows(self, statement: &str) -> Self {
        match self {
            Error::LockTimeout | Error::Deadlock | Error::Cancelled => return self,
            Error::Lost(_) => return Error::Lost("the server terminated the session".to_owned()),
            _ => {}
        }
        let (code, meaning) = meaning(&self);
        // The connection itself has ended: the system says so, and no row.
        if code.is_empty() {
            return self;
        }
        let constraint = match self {
            Error::Sql { constraint: Some(name), .. } if names(statement, &name) => Some(name),
            _ => None,
        };
        let about = constraint.as_ref().map(|c| format!(" {c}:")).unwrap_or_default();
        let message = format!("{about} {meaning} (SQLSTATE {code})").trim_start().to_owned();
        Error::Sql { message, code, detail: None, hint: None, position: None, constraint }
    }

    /// Whether a rule stood in the way that the rows, or values of them, do not meet: class 22 and 23.
    pub fn is_about_rows(&self) -> bool {
        matches!(self, Error::Sql { code, .. } if code.starts_with("22") || code.starts_with("23"))
    }
}

/// The SQLSTATE of an error, and what it means in words that hold no value. Without a code, it did not come from a statement.
pub(super) fn meaning(error: &Error) -> (String, &'static str) {
    let code = match error {
        Error::Sql { code, .. } => code.as_str(),
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

/// Whether a statement names a constraint, in quotes or without.
fn names(statement: &str, constraint: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    statement.contains(&super::names::quote(constraint)) || statement.split(|c| !is_part(c)).any(|word| word == constraint)
}

/// Data exceptions (`invalid input syntax for type integer: "…"`) quote the value that is wrong, in the quotation marks of
/// the server's language.
fn told(code: &str, message: &str, detail: Option<&str>) -> String {
    // What depends on an object is told by the detail alone, which names objects and no values.
    if let ("2BP01", Some(detail)) = (code, detail) {
        return format!("{message} ({})", detail.lines().collect::<Vec<_>>().join("; "));
    }
    if !code.starts_with("22") {
        return message.to_owned();
    }
    let (Some((first, open)), Some((last, close))) =
        (message.char_indices().find(|(_, c)| "\"“„«»‘".contains(*c)), message.char_indices().rev().find(|(_, c)| "\"“”«»’".contains(*c)))
    else {
        return message.to_owned();
    };
    format!("{}{open}…{close}{}", &message[..first], &message[(last + close.len_utf8()).max(first)..])
}

/// An error while the session is made.
pub(super) fn opening(error: sqlx::Error, url: &Url) -> Error {
    let at = url.server();
    match error {
        sqlx::Error::Io(e) if url.is_socket() && e.kind() == ErrorKind::NotFound => Error::NoSocket { path: at },
        // The driver hands on what the certificate's check says as an error of reading.
        sqlx::Error::Io(e) if e.kind() == ErrorKind::InvalidData => Error::Tls { at, reason: certificate(&e.to_string()) },
        sqlx::Error::Io(e) if e.to_string().contains("failed to lookup address") => Error::UnknownHost { host: url.host().to_owned() },
        sqlx::Error::Io(e) => Error::NoServer { at, reason: reason(&e) },
        sqlx::Error::Tls(e) if e.to_string().contains("does not support TLS") => Error::NoTls { at },
        sqlx::Error::Tls(e) => Error::Tls { at, reason: certificate(&e.to_string()) },
        // The driver appends its own source's file and line.
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

/// An error of a session that has been made.
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

/// The TLS library's words for a certificate are names of its own.
fn certificate(words: &str) -> String {
    let known = [
        ("CaUsedAsEndEntity", "the server's certificate is a CA certificate (CA:TRUE), which cannot identify a server"),
        ("UnknownIssuer", "the server's certificate is not signed by a trusted certificate authority"),
    ];
    known.iter().find(|(name, _)| words.contains(name)).map_or(words, |(_, told)| told).to_owned()
}

/// The system's words, without the number that it appends.
fn reason(error: &std::io::Error) -> String {
    if error.kind() == ErrorKind::UnexpectedEof {
        return "the server closed the connection".to_owned();
    }
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

fn refused(error: &PgDatabaseError) -> Error {
    let message = error.message().to_owned();
    // A function may raise any code, and its session goes on all the same.
    let has_ended = matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
    match error.code() {
        "53300" => Error::TooManyConnections(message),
        "57P03" => Error::NotReady(message),
        // Class 08 is the connection's own; the others end a session: an administrator, a crash, a dropped database, idleness.
        "57P01" | "57P02" | "57P04" | "57P05" | "25P03" | "25P04" if has_ended => Error::Lost(message),
        code if has_ended && code.starts_with("08") => Error::Lost(message),
        // An unnamed statement that is gone between two messages was prepared in another server process.
        "26000" => Error::Pooled { at: String::new() },
        "42501" => Error::Privilege(message),
        "55P03" => Error::LockTimeout,
        "40P01" => Error::Deadlock,
        "57014" => Error::Cancelled,
        "53100" => Error::DiskFull(message),
        "25006" => Error::ReadOnly(message),
        code => Error::Sql {
            code: code.to_owned(),
            message,
            detail: error.detail().map(Box::from),
            hint: error.hint().map(Box::from),
            position: match error.position() {
                Some(PgErrorPosition::Original(n)) => Some(n),
                // Inside a function of the server's: no place in the statement.
                _ => None,
            },
            constraint: sqlx::error::DatabaseError::constraint(error).map(Box::from),
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
            assert_eq!(told(code, message, None), wanted);
        }
    }
}
