//! The URL of a PostgreSQL database, in SQLAlchemy's and libpq's spelling, completed from libpq's environment
//! variables and password file. Refuses what it would have to ignore, and never shows a password.

mod parts;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use parts::Parts;

use crate::engine::Trust;

/// Why a URL is not a PostgreSQL URL that rosey can use. Names parameters, never a value: it may be a
/// password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// Another scheme, or no `//` after it.
    #[error("a PostgreSQL URL must start with postgresql:// or postgres://")]
    Form,
    /// The user and password cannot be told apart from the rest.
    #[error("in a user name or password, write / as %2F, ? as %3F, @ as %40 and : as %3A")]
    Escape,
    /// A `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("invalid percent-encoding in the {0}; write a literal `%` as %25")]
    Percent(&'static str),
    /// Not a number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    Port,
    /// More than one host.
    #[error("multiple hosts are not supported: name only the primary")]
    ManyHosts,
    /// An unknown parameter.
    #[error("unknown parameter `{name}`{}", near(*.nearest))]
    Unknown {
        name: String,
        /// The known parameter with the most similar spelling.
        nearest: Option<&'static str>,
    },
    /// A parameter with an invalid value.
    #[error("parameter `{name}` must be {wanted}")]
    Value {
        name: String,
        /// What it accepts.
        wanted: &'static str,
    },
    /// A libpq parameter that rosey would have to ignore.
    #[error("parameter `{name}` is not supported; {instead}")]
    Unsupported {
        name: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// The driver rejects the URL.
    #[error("the driver rejects the URL or one of libpq's environment variables")]
    Driver,
}

/// Whether there is a password, and when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Password {
    /// There is no password.
    None,
    /// It is sent whenever the server asks for it.
    Sent,
    /// It is sent only if the connection is encrypted.
    OverTls,
    /// Withheld because the connection is not encrypted.
    Clear,
    /// Withheld because of the host.
    Foreign,
}

/// The address of a PostgreSQL database, and the user to connect as.
#[derive(Clone)]
pub struct Url {
    /// Whether the URL itself requests a connection without TLS and contains a password.
    asks_for_no_tls: bool,
    has_own_password: bool,
    password: Password,
    options: PgConnectOptions,
    connect_timeout: Option<Duration>,
    files: Vec<String>,
}

/// How long connecting may take if the URL does not specify it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Url {
    /// Reads a URL: `postgresql+asyncpg://user:password@host:port/database?ssl=require`, and libpq's
    /// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>). What it omits
    /// comes from PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE, PGSSLROOTCERT, PGSSLCERT,
    /// PGSSLKEY, PGOPTIONS, PGAPPNAME, and the password file in PGPASSFILE or `~/.pgpass`.
    ///
    /// # Errors
    ///
    /// [`UrlError`]. The server is not contacted.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        let parts = Parts::parse(text)?;
        let mut options = options(&parts)?;
        if options.get_database().is_none() {
            // The database defaults to the user's name; the password file is searched for the same name.
            let database = Some(options.get_username().to_owned());
            options = self::options(&Parts { database, ..parts.clone() })?;
        }
        if let Some(folder) = &parts.socket {
            options = options.socket(folder);
        }
        if options.get_application_name().is_none() {
            options = options.application_name("rosey");
        }
        if socket(&options).is_some() {
            // A socket has no TLS, and libpq does not request it there whatever sslmode is.
            options = options.ssl_mode(PgSslMode::Disable);
        }
        let (asks_for_no_tls, has_own_password) = (parts.ssl_mode == Some("disable"), parts.password.is_some());
        let files = [&parts.root_cert, &parts.cert, &parts.key].into_iter().flatten().cloned().collect();
        let connect_timeout = parts.connect_timeout.unwrap_or(Some(CONNECT_TIMEOUT));
        // Some poolers reject this parameter at startup; the session sets it later.
        let options = options.extra_float_digits(None).disable_statement_logging();
        let url = Url { asks_for_no_tls, has_own_password, password: Password::None, options, connect_timeout, files };
        Ok(url.trusted(Trust::Full))
    }

    /// Decides where the password may be sent. Unencrypted it may be sent to this machine, or anywhere if
    /// `sslmode=disable` requests that: in a URL that is trusted, in one that contains the password itself,
    /// or in PGSSLMODE. A password from the environment is never sent to a host that only a file in the
    /// repository names.
    #[must_use]
    pub fn trusted(self, trust: Trust) -> Url {
        let password = match self.text_of_password() {
            None => Password::None,
            Some(_) if self.is_here() => Password::Sent,
            Some(_) if trust == Trust::Nothing && !self.has_own_password => Password::Foreign,
            Some(_) => {
                let by_variable = !self.asks_for_no_tls && matches!(self.options.get_ssl_mode(), PgSslMode::Disable);
                let asked = self.asks_for_no_tls && (trust == Trust::Full || self.has_own_password);
                if asked || by_variable { Password::Sent } else { Password::OverTls }
            }
        };
        if password == Password::Foreign { self.without_password(password) } else { Url { password, ..self } }
    }

    /// Returns whether the host is this machine.
    fn is_here(&self) -> bool {
        let host = self.host();
        let loopback = |a: std::net::IpAddr| a.is_loopback();
        self.is_socket() || host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(loopback)
    }

    /// Returns whether and when the password is sent.
    pub(super) fn password(&self) -> Password {
        self.password
    }

    /// Returns whether nothing is sent unless the connection is encrypted.
    pub(super) fn always_encrypts(&self) -> bool {
        matches!(self.options.get_ssl_mode(), PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull)
    }

    /// Returns the same URL with encryption required.
    pub(super) fn encrypted(&self) -> Url {
        Url { options: self.options.clone().ssl_mode(PgSslMode::Require), ..self.clone() }
    }

    /// Returns the same URL without the password, and with the reason.
    pub(super) fn without_password(&self, why: Password) -> Url {
        Url { options: self.options.clone().password(""), password: why, ..self.clone() }
    }

    /// Returns the password. The driver exposes it only in a URL, and panics if a user, an address or a
    /// folder does not fit into one.
    fn text_of_password(&self) -> Option<String> {
        let lossy = self.options.clone().username("nobody").host("localhost").to_url_lossy();
        lossy.password().map(|p| parts::decode(p, "password").unwrap_or_default()).filter(|p| !p.is_empty())
    }

    pub fn port(&self) -> u16 {
        self.options.get_port()
    }

    /// Returns whether a URL's text contains the password, instead of leaving it to a variable or file.
    pub fn text_has_password(text: &str) -> bool {
        Parts::parse(text).is_ok_and(|parts| parts.password.is_some())
    }

    /// Returns `host:port/database as user`, with a socket's folder instead of host and port. Never contains
    /// a password.
    pub fn shown(&self) -> String {
        format!("{}/{} as {}", self.server(), self.database(), self.user())
    }

    /// Returns `host:port`, or the socket's path.
    pub fn server(&self) -> String {
        match socket(&self.options) {
            Some(folder) => format!("{folder}/.s.PGSQL.{}", self.options.get_port()),
            None if self.host().contains(':') => format!("[{}]:{}", self.host(), self.options.get_port()),
            None => format!("{}:{}", self.host(), self.options.get_port()),
        }
    }

    /// Returns the host name or address.
    pub fn host(&self) -> &str {
        self.options.get_host()
    }

    pub fn user(&self) -> &str {
        self.options.get_username()
    }

    /// Returns the database, which defaults to the user's name.
    pub fn database(&self) -> &str {
        self.options.get_database().unwrap_or(self.user())
    }

    /// Returns the URL of another database on the same server, as the same user.
    pub fn with_database(&self, name: &str) -> Url {
        Url { options: self.options.clone().database(name), ..self.clone() }
    }

    /// Returns whether it is reached through a Unix socket.
    pub fn is_socket(&self) -> bool {
        socket(&self.options).is_some()
    }

    /// Passes the connection parameters to PostgreSQL's own programs in their environment, where no other
    /// user sees a password.
    pub(crate) fn as_environment(&self, command: &mut std::process::Command) {
        let host = socket(&self.options).unwrap_or_else(|| self.host().to_owned());
        command.env("PGHOST", host).env("PGPORT", self.options.get_port().to_string());
        command.env("PGUSER", self.user()).env("PGDATABASE", self.database());
        let encrypted = self.password == Password::OverTls && !self.always_encrypts();
        command.env("PGSSLMODE", if encrypted { "require" } else { ssl_word(self.options.get_ssl_mode()) });
        match self.text_of_password() {
            Some(password) => drop(command.env("PGPASSWORD", password)),
            // Otherwise pg_dump would find the withheld password itself.
            None => drop(command.env_remove("PGPASSWORD").env("PGPASSFILE", "/dev/null")),
        }
    }

    /// Returns the same URL with a limit on the time that connecting may take.
    pub(super) fn within(&self, limit: Duration) -> Url {
        Url { connect_timeout: Some(self.connect_timeout.unwrap_or(limit).min(limit)), ..self.clone() }
    }

    /// Returns the driver's connect options.
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Returns how long connecting may take; `None` is unlimited.
    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    /// Returns the files of the certificates and keys that it names.
    pub(super) fn files(&self) -> &[String] {
        &self.files
    }
}

/// Asks whether another spelling was meant.
fn near(name: Option<&'static str>) -> String {
    name.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default()
}

/// Returns the supported parameters of a URL, for display.
pub fn parameters() -> String {
    parts::TAKEN.join(", ")
}

impl fmt::Debug for Url {
    /// The derived form would show the driver's options, which contain the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.shown())
    }
}

/// Returns libpq's word for the encryption mode.
fn ssl_word(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

/// Returns the folder of the socket. A host that begins with a slash is one (it may come from PGHOST).
fn socket(options: &PgConnectOptions) -> Option<String> {
    let folder = options.get_socket().map(|s| s.display().to_string());
    let folder = folder.or_else(|| options.get_host().starts_with('/').then(|| options.get_host().to_owned()))?;
    Some(folder.trim_end_matches('/').to_owned())
}

/// Returns the driver's options. The driver searches the password file and accepts `options` unchanged only
/// when it reads a URL itself; so it gets one, with every part as a parameter.
fn options(parts: &Parts) -> Result<PgConnectOptions, UrlError> {
    // In the password file, a socket's host is `localhost`
    // (https://www.postgresql.org/docs/current/libpq-pgpass.html).
    let localhost = parts.socket.is_some().then(|| "localhost".to_owned());
    let pairs = [
        ("host", parts.host.clone().or(localhost)),
        ("port", parts.port.map(|p| p.to_string())),
        ("user", parts.user.clone()),
        ("password", parts.password.clone()),
        ("dbname", parts.database.clone()),
        ("sslmode", parts.ssl_mode.map(str::to_owned)),
        ("sslrootcert", parts.root_cert.clone()),
        ("sslcert", parts.cert.clone()),
        ("sslkey", parts.key.clone()),
        ("options", parts.options.clone()),
        ("application_name", parts.application_name.clone()),
    ];
    let pairs: Vec<String> = pairs
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", utf8_percent_encode(value.as_ref()?, NON_ALPHANUMERIC))))
        .collect();
    // The driver's error may quote the URL.
    PgConnectOptions::from_str(&format!("postgres:///?{}", pairs.join("&"))).map_err(|_| UrlError::Driver)
}
