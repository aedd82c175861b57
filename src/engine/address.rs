//! The address of a database, as its URL specifies it, and how far that URL is trusted. Connects to nothing.

use crate::schema::Dialect;

use super::registry::{self, Database};

/// How far the author of a URL is trusted with a password from the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It may be sent to the URL's host, as the URL specifies.
    Full,
    /// It may be sent to the URL's host, because the environment names that host too; the URL cannot turn off
    /// encryption.
    Host,
    /// It may be sent to this machine only.
    Nothing,
}

/// The address of a server, and the user to connect as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
}

/// Why a URL does not name a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
#[non_exhaustive]
pub struct BadUrl {
    /// What is wrong with it.
    pub why: String,
    /// The same without any text from the URL, which may be a secret.
    pub why_without_text: String,
    /// What to do.
    pub help: String,
}

impl BadUrl {
    pub(crate) fn new(why: impl Into<String>, help: impl Into<String>) -> BadUrl {
        let why = why.into();
        BadUrl { why_without_text: why.clone(), why, help: help.into() }
    }
}

impl Database {
    /// Finds the database of a URL, such as `postgresql://user:password@host/database` or
    /// `sqlite:///relative.db`; text without a scheme is the path of a file. Nothing is opened, and the file
    /// need not exist.
    ///
    /// # Errors
    /// If the text does not name a database.
    pub fn open(url: &str) -> Result<Database, BadUrl> {
        let Some((scheme, rest)) = split_scheme(url) else {
            let empty = || BadUrl::new("the URL is empty", format!("use {}", url_forms()));
            return if url.is_empty() { Err(empty()) } else { Ok(Database::file(url)) };
        };
        let unknown = || BadUrl {
            why: format!("unknown URL scheme `{scheme}`"),
            ..BadUrl::new("unknown URL scheme", format!("use {}", url_forms()))
        };
        registry::database_of(dialect_of_scheme(scheme).ok_or_else(unknown)?, url, rest)
    }
}

/// Splits `scheme:rest`; a drive letter is not a scheme.
pub(crate) fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let letters = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    (scheme.len() > 1 && letters && !scheme.contains('/')).then_some((scheme, rest))
}

/// Returns the dialect of the databases whose URLs have this scheme. A driver's name may follow it, as in SQLAlchemy.
pub(crate) fn dialect_of_scheme(scheme: &str) -> Option<Dialect> {
    let name = scheme.split('+').next().unwrap_or_default().to_ascii_lowercase();
    Dialect::ALL.into_iter().find(|d| registry::product_of(*d).schemes().contains(&name.as_str()))
}

/// Returns the URL forms of all databases, for display.
pub(crate) fn url_forms() -> String {
    let forms: Vec<&str> = Dialect::ALL.iter().rev().map(|d| registry::product_of(*d).url_forms()).collect();
    forms.join(", ")
}

/// Returns whether the text is a URL that contains a password.
pub(crate) fn has_password(text: &str) -> bool {
    Dialect::ALL.into_iter().any(|d| registry::product_of(d).has_password(text))
}
