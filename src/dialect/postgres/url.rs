//! The URL of a PostgreSQL database, in SQLAlchemy's spelling and in libpq's, completed from libpq's environment variables
//! and password file. Refuses what it would have to leave out, and shows a password to nobody.

mod parts;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use parts::Parts;

/// Why a URL is no PostgreSQL URL that rosey can use. Names parameters, never a value: it may be a password.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// Another scheme, or no `//` behind it.
    #[error("a PostgreSQL URL begins with postgresql:// or postgres://")]
    Form,
    /// The user and password cannot be told from the rest.
    #[error("in a user name or password, write / as %2F, ? as %3F, @ as %40 and : as %3A")]
    Escape,
    /// A `%` without two hexadecimal digits, or bytes that are no UTF-8.
    #[error("the {0} has a `%` that no two hexadecimal digits of UTF-8 follow; a `%` itself is written %25")]
    Percent(&'static str),
    /// Not a number from 1 to 65535.
    #[error("the port is no number from 1 to 65535")]
    Port,
    /// More than one host.
    #[error("it names several hosts, and a schema is applied to one: name the primary")]
    ManyHosts,
    /// A parameter that nobody knows.
    #[error("unknown parameter `{name}`; did you mean `{nearest}`?")]
    Unknown {
        /// The parameter.
        name: String,
        /// The one that is spelled most like it.
        nearest: &'static str,
    },
    /// A parameter with a value that it does not take.
    #[error("the parameter `{name}` takes {wanted}")]
    Value {
        /// The parameter.
        name: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// A parameter of libpq that would be disobeyed silently.
    #[error("not supported: the parameter `{name}`; {instead}")]
    Unsupported {
        /// The parameter.
        name: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// The driver does not take it.
    #[error("the driver refuses the URL or one of libpq's environment variables")]
    Driver,
}

/// Where a PostgreSQL database is, and as whom to go there.
#[derive(Clone)]
pub struct Url {
    options: PgConnectOptions,
    connect_timeout: Option<Duration>,
    files: Vec<String>,
}

/// How long a connection may take to be made, where the URL does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Url {
    /// Reads a URL: `postgresql+asyncpg://user:password@host:port/database?ssl=require`, and libpq's
    /// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>). What it leaves out comes from
    /// PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY, PGOPTIONS, PGAPPNAME,
    /// and the password file that PGPASSFILE names or `~/.pgpass`.
    ///
    /// # Errors
    ///
    /// [`UrlError`]. The server is not asked.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        let parts = Parts::parse(text)?;
        let mut options = options(&parts)?;
        if options.get_database().is_none() {
            // The server takes the user's name then; the password file is asked for the same name.
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
            // There is no TLS on a socket, and libpq does not ask for it there whatever sslmode says.
            options = options.ssl_mode(PgSslMode::Disable);
        }
        let files = [&parts.root_cert, &parts.cert, &parts.key].into_iter().flatten().cloned().collect();
        let connect_timeout = parts.connect_timeout.unwrap_or(Some(CONNECT_TIMEOUT));
        // Some poolers refuse this parameter at the start; the session sets it later.
        let options = options.extra_float_digits(None).disable_statement_logging();
        Ok(Url { options, connect_timeout, files })
    }

    /// Whether a URL has the password in its text, and does not leave it to a variable or file.
    pub fn text_has_password(text: &str) -> bool {
        Parts::parse(text).is_ok_and(|parts| parts.password.is_some())
    }

    /// `host:port/database as user`; a socket's folder stands for host and port. Never a password.
    pub fn shown(&self) -> String {
        format!("{}/{} as {}", self.server(), self.database(), self.user())
    }

    /// `host:port`, or the socket's path.
    pub fn server(&self) -> String {
        match socket(&self.options) {
            Some(folder) => format!("{folder}/.s.PGSQL.{}", self.options.get_port()),
            None if self.host().contains(':') => format!("[{}]:{}", self.host(), self.options.get_port()),
            None => format!("{}:{}", self.host(), self.options.get_port()),
        }
    }

    /// The host's name or address.
    pub fn host(&self) -> &str {
        self.options.get_host()
    }

    /// The user.
    pub fn user(&self) -> &str {
        self.options.get_username()
    }

    /// The database.
    pub fn database(&self) -> &str {
        self.options.get_database().unwrap_or(self.user())
    }

    /// Another database of the same server, as the same user.
    pub fn with_database(&self, name: &str) -> Url {
        Url { options: self.options.clone().database(name), ..self.clone() }
    }

    /// Whether it is reached by a Unix socket.
    pub fn is_socket(&self) -> bool {
        socket(&self.options).is_some()
    }

    /// Gives PostgreSQL's own programs what they connect with: by their environment, where no other user sees a password.
    pub(crate) fn as_environment(&self, command: &mut std::process::Command) {
        // The driver gives the password in a URL alone, and panics over a user, an address or a folder that fits in none.
        let lossy = self.options.clone().username("nobody").host("localhost").to_url_lossy();
        let host = socket(&self.options).unwrap_or_else(|| self.host().to_owned());
        command.env("PGHOST", host).env("PGPORT", self.options.get_port().to_string());
        command.env("PGUSER", self.user()).env("PGDATABASE", self.database());
        command.env("PGSSLMODE", ssl_word(self.options.get_ssl_mode()));
        if let Some(password) = lossy.password() {
            command.env("PGPASSWORD", parts::decode(password, "password").unwrap_or_default());
        }
    }

    /// What the driver connects with.
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// How long a connection may take to be made; no limit where there is none.
    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        self.connect_timeout
    }

    /// The certificates and keys that it names.
    pub(super) fn files(&self) -> &[String] {
        &self.files
    }
}

impl fmt::Debug for Url {
    /// The driver's own form of its options holds the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.shown())
    }
}

/// libpq's word for how the connection is encrypted.
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

/// The folder of the socket. A host that begins with a slash is one (it may come from PGHOST).
fn socket(options: &PgConnectOptions) -> Option<String> {
    let folder = options.get_socket().map(|s| s.display().to_string());
    let folder = folder.or_else(|| options.get_host().starts_with('/').then(|| options.get_host().to_owned()))?;
    Some(folder.trim_end_matches('/').to_owned())
}

/// The driver's options. Only its own reading of a URL asks the password file, and takes `options` as they are; so it gets
/// one, with every part as a parameter.
fn options(parts: &Parts) -> Result<PgConnectOptions, UrlError> {
    // In the password file a socket is called localhost (https://www.postgresql.org/docs/current/libpq-pgpass.html).
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
    let pairs: Vec<String> = pairs.iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(value.as_ref()?)))).collect();
    // The driver's error may quote the URL.
    PgConnectOptions::from_str(&format!("postgres:///?{}", pairs.join("&"))).map_err(|_| UrlError::Driver)
}

fn encode(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
