//! Which database, and where that was said. SQLAlchemy's URLs, driver suffix and all.

use std::path::{Path, PathBuf};

use super::TargetArguments;
use super::config::{self, Configured};
use super::error::Failure;
use super::output;

/// What the bot uses when nobody says anything.
const DEFAULT: &str = "sqlite+aiosqlite:///bot_data.db";

/// A database file, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) source: String,
    /// Nobody named it: then it is never created.
    pub(super) is_default: bool,
}

impl Target {
    /// Finds the database and names it, with where that came from, on standard error.
    pub(super) fn find(arguments: &TargetArguments) -> Result<Target, Failure> {
        let target = Self::of(arguments)?;
        output::err(&format!("database: {} (from {})\n", crate::render::escape(&target.path.display().to_string()), target.source));
        Ok(target)
    }

    fn of(arguments: &TargetArguments) -> Result<Target, Failure> {
        let named = |path: PathBuf, source: &str| Target { path, source: source.to_owned(), is_default: false };
        if let Some(url) = &arguments.url {
            return Ok(named(parse(url)?, "--url"));
        }
        if let Some(url) = std::env::var("ROSEY_DATABASE_URL").ok().filter(|u| !u.is_empty()) {
            return Ok(named(parse(&url)?, "ROSEY_DATABASE_URL"));
        }
        let file = arguments.config.clone().unwrap_or_else(|| PathBuf::from("config.json"));
        let source = file.display().to_string();
        match config::read(&file, arguments.config.is_some())? {
            Some(Configured::Url(url)) => Ok(named(parse(&url)?, &source)),
            Some(Configured::Path(path)) => Ok(named(path, &source)),
            None => Ok(Target { path: parse(DEFAULT)?, source: "the default".to_owned(), is_default: true }),
        }
    }
}

/// The file behind a URL or path.
fn parse(url: &str) -> Result<PathBuf, Failure> {
    let known = "sqlite:///relative.db, sqlite:////absolute.db, sqlite:path, or a path to a .db file";
    let Some((scheme, rest)) = split_scheme(url) else {
        return bare_path(url).ok_or_else(|| Failure::new(format!("`{}` names no database", shown(url))).help(format!("write {known}")));
    };
    let dialect = scheme.split('+').next().unwrap_or_default().to_ascii_lowercase();
    match dialect.as_str() {
        "sqlite" => sqlite_path(rest).map_err(|why| Failure::new(format!("`{}`: {why}", shown(url))).help(format!("write {known}"))),
        "postgres" | "postgresql" => Err(Failure::new("not supported: PostgreSQL")
            .help("this version of rosey applies schemas to SQLite; `rosey validate --dialect postgres` checks a file for PostgreSQL")),
        _ => Err(Failure::new(format!("unknown URL scheme `{scheme}`")).help(format!("write {known}"))),
    }
}

/// `scheme:rest`; a drive letter is no scheme.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let letters = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
    (scheme.len() > 1 && letters && !scheme.contains('/')).then_some((scheme, rest))
}

fn bare_path(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let known = path.extension().is_some_and(|e| ["db", "sqlite", "sqlite3"].iter().any(|k| e.eq_ignore_ascii_case(k)));
    known.then(|| path.to_path_buf())
}

/// SQLAlchemy's three slashes stand before a path that is relative to the working directory; a fourth begins an
/// absolute one. What follows a `?` is for its driver.
fn sqlite_path(rest: &str) -> Result<PathBuf, &'static str> {
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(after) => {
            after.strip_prefix('/').ok_or("after sqlite: come three slashes for a relative path and four for an absolute one")?
        }
    };
    match path {
        "" | ":memory:" => Err("a database in memory is gone with the program that made it"),
        path => Ok(PathBuf::from(path)),
    }
}

/// A URL without its password, which may stand before an `@` or behind a `?`.
fn shown(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let masked = url.rsplit_once('@').map(|(front, host)| {
        let start = front.rfind("//").map_or(0, |n| n + 2);
        let name = front[start..].split(':').next().unwrap_or_default();
        format!("{}{name}@{host}", &front[..start])
    });
    crate::render::escape(&masked.unwrap_or_else(|| url.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> Option<String> {
        parse(url).ok().map(|p| p.display().to_string())
    }

    #[test]
    fn sqlalchemys_forms() {
        for (url, wanted) in [
            ("sqlite:///bot.db", Some("bot.db")),
            ("sqlite:////var/bot.db", Some("/var/bot.db")),
            ("sqlite+aiosqlite:///data/bot.db", Some("data/bot.db")),
            ("sqlite+pysqlite:////a/b.db?timeout=5", Some("/a/b.db")),
            ("sqlite:///C:/bot/data.db", Some("C:/bot/data.db")),
            ("sqlite:bot.db", Some("bot.db")),
            ("bot.db", Some("bot.db")),
            ("./data/bot.db", Some("./data/bot.db")),
            ("C:\\bot.db", Some("C:\\bot.db")),
            ("sqlite://bot.db", None),
            ("sqlite://", None),
            ("sqlite:///:memory:", None),
            ("mysql://x/y", None),
            ("nonsense", None),
        ] {
            assert_eq!(path(url).as_deref(), wanted, "{url}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(shown("weird://me:s3cret@host/db"), "weird://me@host/db");
        let failure = parse("mysql://me:s3cret@host/db").err().map(|f| f.to_string()).unwrap_or_default();
        assert!(failure.contains("unknown URL scheme `mysql`") && !failure.contains("s3cret"), "{failure}");
    }
}
