//! The parts of a PostgreSQL URL as written; nothing is added from elsewhere.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::UrlError;

/// The parts of a URL; a missing part is `None`.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) host: Option<String>,
    /// The folder of a Unix socket.
    pub(super) socket: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: Option<String>,
    pub(super) ssl_mode: Option<&'static str>,
    pub(super) root_cert: Option<String>,
    pub(super) cert: Option<String>,
    pub(super) key: Option<String>,
    pub(super) options: Option<String>,
    pub(super) application_name: Option<String>,
    /// `Some(None)`: no limit.
    pub(super) connect_timeout: Option<Option<Duration>>,
}

const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Supported parameters.
pub(super) const TAKEN: [&str; 16] = [
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "database",
    "sslmode",
    "ssl",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "options",
    "application_name",
    "connect_timeout",
    "timeout",
];

/// Parameters of SQLAlchemy, its drivers and libpq that affect neither the choice of the database nor the
/// security of the connection.
const IGNORED: [&str; 28] = [
    "async_fallback",
    "client_encoding",
    "command_timeout",
    "executemany_mode",
    "fallback_application_name",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "max_cacheable_statement_size",
    "max_cached_statement_lifetime",
    "max_inactive_connection_lifetime",
    "max_overflow",
    "max_queries",
    "max_size",
    "min_size",
    "pool_pre_ping",
    "pool_recycle",
    "pool_size",
    "pool_timeout",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "sslcompression",
    "sslsni",
    "statement_cache_size",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// Parameters for something that the driver cannot do: ignoring them silently would connect elsewhere or less
/// securely.
const UNSUPPORTED: [(&str, &str); 17] = [
    ("channel_binding", "remove it, and use sslmode=verify-full to verify the server"),
    ("direct_tls", "remove it; sslmode=verify-full negotiates TLS with the server"),
    ("gssencmode", "remove it, and use sslmode=verify-full"),
    ("gsslib", "the user must authenticate with a password or a certificate"),
    ("krbsrvname", "the user must authenticate with a password or a certificate"),
    ("passfile", "set PGPASSFILE"),
    ("replication", "remove it"),
    ("require_auth", "remove it, and use sslmode=verify-full"),
    ("search_path", "use options=-csearch_path%3DNAME"),
    ("server_settings", "use options=-cSETTING%3DVALUE"),
    ("service", "put host, port, user and database in the URL"),
    ("ssl_max_protocol_version", "remove it"),
    ("ssl_min_protocol_version", "remove it; the minimum is TLS 1.2"),
    ("sslcrl", "remove it"),
    ("sslcrldir", "remove it"),
    ("sslnegotiation", "remove it"),
    ("sslpassword", "remove the passphrase from the key in sslkey"),
];

impl Parts {
    pub(super) fn parse(text: &str) -> Result<Parts, UrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Form)?;
        let (dialect, driver) = scheme.split_once('+').map_or((scheme, None), |(dialect, driver)| (dialect, Some(driver)));
        if !["postgresql", "postgres"].iter().any(|d| dialect.eq_ignore_ascii_case(d)) {
            return Err(UrlError::Form);
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let mut parts = Parts::default();
        let server = match authority.rsplit_once('@') {
            Some((who, server)) => {
                parts.who(who)?;
                server
            }
            None if unescaped(authority, path, query) => return Err(UrlError::Escape),
            None => authority,
        };
        parts.server(server)?;
        if !path.is_empty() {
            parts.database = Some(decode(path, "database")?);
        }
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // SQLAlchemy reads a `+` as a space, libpq as a plus sign.
            let value = if driver.is_some() { value.replace('+', " ") } else { value.to_owned() };
            parts.parameter(&decode(name, "query")?, decode(&value, "query")?)?;
        }
        // As in libpq: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBQ-SSL-CERTIFICATES
        if parts.root_cert.is_some() && parts.ssl_mode == Some("require") {
            parts.ssl_mode = Some("verify-ca");
        }
        Ok(parts)
    }

    fn who(&mut self, who: &str) -> Result<(), UrlError> {
        let (user, password) = who.split_once(':').map_or((who, None), |(user, password)| (user, Some(password)));
        self.user = some(decode(user, "user name")?);
        self.password = password.map(|p| decode(p, "password")).transpose()?.and_then(some);
        Ok(())
    }

    fn server(&mut self, server: &str) -> Result<(), UrlError> {
        if server.contains(',') {
            return Err(UrlError::ManyHosts);
        }
        let (host, port) = match server.strip_prefix('[').and_then(|s| s.split_once(']')) {
            Some((address, after)) if address.parse::<IpAddr>().is_ok() => (address, after.strip_prefix(':').unwrap_or(after)),
            _ => server.rsplit_once(':').unwrap_or((server, "")),
        };
        if !host.is_empty() {
            self.place(decode(host, "host")?);
        }
        if !port.is_empty() {
            self.port = Some(number(port)?);
        }
        Ok(())
    }

    /// Stores a host, or a socket's folder.
    fn place(&mut self, place: String) {
        let is_socket = place.starts_with('/');
        (self.host, self.socket) = if is_socket { (None, Some(place)) } else { (Some(place), None) };
    }

    fn parameter(&mut self, name: &str, value: String) -> Result<(), UrlError> {
        let wrong = |wanted| UrlError::Value { name: name.to_owned(), wanted };
        match name {
            "host" if value.starts_with('/') => self.place(value),
            "host" if self.host.is_some() => return Err(UrlError::ManyHosts),
            "host" if value.parse::<IpAddr>().is_ok() => self.place(value),
            "host" => self.server(&value)?,
            "hostaddr" => self.place(value.parse::<IpAddr>().map_err(|_| wrong("an IP address"))?.to_string()),
            "port" => self.port = Some(number(&value)?),
            "user" => self.user = some(value),
            "password" => self.password = some(value),
            "dbname" | "database" => self.database = some(value),
            "sslmode" => self.ssl_mode = Some(ssl_mode(&value).ok_or_else(|| wrong(SSL_MODES_SHOWN))?),
            // A parameter of asyncpg; `true` requires a valid certificate.
            "ssl" => {
                self.ssl_mode = Some(match value.to_ascii_lowercase().as_str() {
                    "true" => "verify-full",
                    "false" => "disable",
                    other => ssl_mode(other).ok_or_else(|| wrong(SSL_SHOWN))?,
                })
            }
            // The system's trusted certificates are always loaded.
            "sslrootcert" if value == "system" => self.ssl_mode = Some("verify-full"),
            "sslrootcert" => self.root_cert = some(value),
            "sslcert" => self.cert = some(value),
            "sslkey" => self.key = some(value),
            "options" => self.options = some(value),
            "application_name" => self.application_name = some(value),
            "connect_timeout" | "timeout" => self.connect_timeout = Some(seconds(&value).ok_or_else(|| wrong("a number of seconds"))?),
            _ => return other_parameter(name, &value),
        }
        Ok(())
    }
}

const SSL_MODES_SHOWN: &str = "disable, allow, prefer, require, verify-ca or verify-full";
const SSL_SHOWN: &str = "disable, allow, prefer, require, verify-ca, verify-full, true or false";

/// Handles a parameter that is not supported: ignores it or returns an error.
fn other_parameter(name: &str, value: &str) -> Result<(), UrlError> {
    let asks_nothing = ["prefer", "disable", "false"].contains(&value);
    if IGNORED.contains(&name) {
        return Ok(());
    }
    if let Some((_, instead)) = UNSUPPORTED.iter().find(|(n, _)| *n == name) {
        return if asks_nothing { Ok(()) } else { Err(UrlError::Unsupported { name: name.to_owned(), instead }) };
    }
    let known = TAKEN.iter().chain(&IGNORED).copied().chain(UNSUPPORTED.iter().map(|(n, _)| *n));
    let distance = |k: &str| strsim::osa_distance(k, &name.to_ascii_lowercase());
    let nearest = known.min_by_key(|k| distance(k)).filter(|k| distance(k) <= 2);
    if name.contains('@') {
        // The text is part of a password that contains a `?`.
        return Err(UrlError::Escape);
    }
    let plain = name.len() <= 40 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.[]".contains(c));
    Err(UrlError::Unknown { name: if plain { name.to_owned() } else { "…".to_owned() }, nearest })
}

/// Returns whether an `@` is in an invalid place because the password before it contains a `/` or `?`.
/// `host:5432/db?user=a@b` is not such a URL.
fn unescaped(authority: &str, path: &str, query: &str) -> bool {
    let port = authority.rsplit_once(':').is_none_or(|(host, port)| host.ends_with(']') || number(port).is_ok());
    path.contains('@') || (!port && query.contains('@'))
}

fn ssl_mode(text: &str) -> Option<&'static str> {
    SSL_MODES.into_iter().find(|m| m.eq_ignore_ascii_case(text))
}

fn number(text: &str) -> Result<u16, UrlError> {
    text.parse().ok().filter(|n| *n > 0).ok_or(UrlError::Port)
}

/// Reads a number of seconds; zero or less means no limit
/// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-CONNECT-TIMEOUT>).
fn seconds(text: &str) -> Option<Option<Duration>> {
    let seconds: f64 = text.trim().parse().ok()?;
    Some(if seconds > 0.0 { Some(Duration::try_from_secs_f64(seconds).ok()?) } else { None })
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Decodes `%40` to `@`. A NUL would end the text early in the protocol.
pub(super) fn decode(text: &str, what: &'static str) -> Result<String, UrlError> {
    let escaped = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    let valid = text.split('%').skip(1).all(escaped);
    let decoded = percent_decode_str(text).decode_utf8().ok().filter(|t| valid && !t.contains('\0'));
    decoded.map(Cow::into_owned).ok_or(UrlError::Percent(what))
}
