//! Finds the database and says where it was named. Accepts SQLAlchemy's URLs, with their driver suffixes.

use std::path::{Path, PathBuf};

use super::config::{self, Configured};
use super::error::Failure;
use super::keywords;
use super::output;
use super::passwords::{self, Written};
use super::{TargetArguments, settings};
pub(super) use crate::apply::Database;
use crate::engine;
use crate::kdl::project::{Environment, UrlFrom};

/// The file to use if nothing names a database and it exists.
const DEFAULT: &str = "bot_data.db";

/// A database, and what named it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) database: Database,
    pub(super) source: String,
    /// Whether it was named by a URL. Only then may an apply create the file.
    pub(super) is_explicit: bool,
}

/// The result of looking for a database.
pub(super) enum Lookup {
    /// A database is named.
    Target(Target),
    /// Nothing names one. The reason is given if a config.json has one that is not used.
    Nothing(Option<String>),
}

impl Target {
    /// Finds the database.
    ///
    /// `named` says that the file of the environment was given on the command line; `choices` are the
    /// environments that could be chosen.
    ///
    /// # Errors
    /// If no database is specified, or if its specification is not valid.
    pub(super) fn find(
        arguments: &TargetArguments,
        environment: Option<&Environment>,
        named: bool,
        choices: &[String],
    ) -> Result<Target, Failure> {
        let passed_over = match Self::look(arguments, environment, named)? {
            Lookup::Target(target) => return Ok(target),
            Lookup::Nothing(passed_over) => passed_over,
        };
        let failure = Failure::new("no database: give --url, --env or ROSEY_DATABASE_URL");
        Err(match passed_over {
            _ if !choices.is_empty() => failure.help(format!("choose an environment of rosey.kdl with --env: {}", choices.join(", "))),
            Some(why) => failure.help(format!("{why}; it is ignored")),
            None => failure.help(format!("for example --url {DEFAULT}, or --url postgresql://user@host/database")),
        })
    }

    /// Looks for the database in all places that may name one, in order.
    pub(super) fn look(arguments: &TargetArguments, environment: Option<&Environment>, named: bool) -> Result<Lookup, Failure> {
        if let Some(url) = &arguments.url {
            return Ok(Lookup::Target(Target::of(url, Origin::User("--url".to_owned()))?));
        }
        if let Some(environment) = environment {
            let (url, origin) = of_environment(environment, named)?;
            return Ok(Lookup::Target(Target::of(&url, origin)?));
        }
        if let Some(url) = std::env::var("ROSEY_DATABASE_URL").ok().filter(|u| !u.is_empty()) {
            let variable = "ROSEY_DATABASE_URL".to_owned();
            return Ok(Lookup::Target(Target::of(&url, Origin::Variable { name: variable.clone(), source: variable })?));
        }
        let file = arguments.config.clone().unwrap_or_else(|| PathBuf::from("config.json"));
        let implied = |path: PathBuf, source: String| Lookup::Target(Target { database: Database::file(path), source, is_explicit: false });
        let source = file.display().to_string();
        Ok(match config::read(&file, arguments.config.is_some())? {
            Configured::Url(url) if arguments.config.is_some() => Lookup::Target(Target::of(&url, Origin::User(source))?),
            Configured::Url(url) => Lookup::Target(Target::of(&url, Origin::Repository(source))?),
            Configured::Path(path) => implied(path, source),
            Configured::Nothing(_) if Path::new(DEFAULT).is_file() => implied(PathBuf::from(DEFAULT), "the default".to_owned()),
            Configured::Nothing(passed_over) => Lookup::Nothing(passed_over),
        })
    }

    fn of(url: &str, origin: Origin) -> Result<Target, Failure> {
        Ok(Target { database: parse(url, &origin)?, source: origin.source().to_owned(), is_explicit: true })
    }

    /// Returns the database for a URL or path given as an argument.
    pub(super) fn named(url: &str) -> Result<Target, Failure> {
        Target::of(url, Origin::User("the command line".to_owned()))
    }

    /// Returns the SQLite file if it does not exist and an apply must not create it, because no URL names it.
    pub(super) fn missing_file(&self) -> Option<PathBuf> {
        (!self.is_explicit && self.database.is_missing()).then(|| PathBuf::from(self.shown()))
    }

    /// Returns its name without a password.
    pub(super) fn shown(&self) -> String {
        self.database.shown()
    }

    /// Prints its name and where that was found on standard error. Never a password.
    pub(super) fn announce(&self) {
        output::err(&crate::render::escape(&format!("database: {} (from {})\n", self.shown(), self.source)));
    }
}

/// Where the text of a URL was found.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// The command line, or a file given there.
    User(String),
    /// A variable. Its value is never shown: a file may name a variable that holds something else.
    Variable { name: String, source: String },
    /// A file in the working directory.
    Repository(String),
}

impl Origin {
    /// Returns the source, for display.
    fn source(&self) -> &str {
        match self {
            Origin::User(source) | Origin::Variable { source, .. } | Origin::Repository(source) => source,
        }
    }

    fn written(&self) -> Written {
        if matches!(self, Origin::Repository(_)) { Written::InRepository } else { Written::ByUser }
    }

    /// Returns the text as far as it may be shown.
    fn shown(&self, text: &str) -> String {
        match self {
            Origin::Variable { name, .. } => format!("the value of {name}"),
            _ => format!("`{}`", shown(text)),
        }
    }
}

/// Returns the URL of an environment, and where it was found.
fn of_environment(environment: &Environment, named: bool) -> Result<(String, Origin), Failure> {
    let place = settings::place(environment);
    match &environment.url {
        UrlFrom::File(url) => {
            if engine::has_password(url) {
                output::err("rosey.kdl contains a password; use url-from to keep it out of the repository\n");
            }
            Ok((url.clone(), if named { Origin::User(place) } else { Origin::Repository(place) }))
        }
        UrlFrom::Variable(name) => {
            let failure =
                |what: &str| Failure::new(format!("env {} in rosey.kdl takes its database from {name}, which {what}", environment.name));
            let help = "set it to the URL of the database, or name the database with --url";
            match std::env::var(name) {
                Ok(url) if !url.is_empty() => Ok((url, Origin::Variable { name: name.clone(), source: format!("{place} ({name})") })),
                Ok(_) => Err(failure("is empty").help(help)),
                Err(std::env::VarError::NotPresent) => Err(failure("is not set").help(help)),
                Err(std::env::VarError::NotUnicode(_)) => Err(failure("is not UTF-8 text").help(help)),
            }
        }
    }
}

/// Parses a URL or path of a database.
pub(super) fn parse(url: &str, origin: &Origin) -> Result<Database, Failure> {
    let all = || format!("use {}", engine::url_forms());
    let wrong = |why: &str| Failure::new(format!("{}: {why}", origin.shown(url)));
    let is_variable = matches!(origin, Origin::Variable { .. });
    let Some((scheme, rest)) = engine::split_scheme(url) else {
        if let Some(form) = keywords::as_url(url) {
            let help = if is_variable { keywords::URL_FORM.to_owned() } else { form };
            return Err(wrong("this is a libpq keyword/value string; rosey takes a URL").help(format!("use {help}")));
        }
        if url.is_empty() {
            return Err(Failure::new(format!("the URL from {} is empty", origin.source())).help(all()));
        }
        let path = bare_path(url).ok_or_else(|| Failure::new(format!("{} does not name a database", origin.shown(url))).help(all()))?;
        return Ok(Database::file(path));
    };
    let Some(dialect) = engine::dialect_of_scheme(scheme) else {
        let unknown = if is_variable { wrong("unknown URL scheme") } else { Failure::new(format!("unknown URL scheme `{scheme}`")) };
        return Err(unknown.help(all()));
    };
    if dialect.capabilities().reads_libpq_environment {
        libpq_variables()?;
    }
    let unfit = |bad: engine::BadUrl| wrong(if is_variable { &bad.why_without_text } else { &bad.why }).help(bad.help);
    let database = engine::database_of(dialect, url, rest).map_err(unfit)?;
    Ok(match database.address().map(|address| passwords::trust(&address, origin.written())) {
        Some(trust) => database.trusted(trust),
        None => database,
    })
}

/// Refuses values of these variables that the driver would ignore, and then connect elsewhere or without TLS.
fn libpq_variables() -> Result<(), Failure> {
    let wrong = |name: &str, takes: fn(&str) -> bool| std::env::var(name).is_ok_and(|v| !takes(&v));
    if wrong("PGPORT", |v| v.parse::<u16>().is_ok_and(|n| n > 0)) {
        return Err(Failure::new("PGPORT must be a number from 1 to 65535"));
    }
    const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    if wrong("PGSSLMODE", |v| MODES.contains(&v)) {
        return Err(Failure::new(format!("PGSSLMODE must be one of {}", MODES.join(", "))));
    }
    Ok(())
}

fn bare_path(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    config::has_database_extension(path).then(|| path.to_path_buf())
}

/// Returns a URL without its password, which may be before an `@` or after a `?`, and may itself contain a
/// `/` or `?`.
pub(super) fn shown(url: &str) -> String {
    if !url.contains("://") {
        return crate::render::escape(&crate::render::masked(url));
    }
    let place = url.split('?').next().unwrap_or_default();
    let start = place.find("//").map_or(0, |n| n + 2);
    let shown = match place.rsplit_once('@') {
        Some((front, host)) => {
            let start = front.rfind("//").map_or(0, |n| n + 2);
            // An invalid port may be the end of a password that contains an `@`.
            let host = match host.rsplit_once(':') {
                Some((name, port)) if !port.starts_with(|c: char| c.is_ascii_digit()) && !port.ends_with(']') => format!("{name}:…"),
                _ => host.to_owned(),
            };
            format!("{}{}@{host}", &front[..start], front[start..].split(':').next().unwrap_or_default())
        }
        None => match place[start..].split_once(':') {
            // What precedes the `?` may be the beginning of a password.
            Some((name, _)) if start > 0 && url.contains('@') => format!("{}{name}:…", &place[..start]),
            _ => place.to_owned(),
        },
    };
    crate::render::escape(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> Option<String> {
        match parse(url, &Origin::User("--url".to_owned())) {
            Ok(database) => Some(database.shown()),
            Err(_) => None,
        }
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
        for (url, wanted) in [
            ("weird://me:s3cret@host/db", "weird://me@host/db"),
            ("weird://me:s3?cret@host/db", "weird://me:…"),
            ("weird://me:s3/cret@host/db", "weird://me@host/db"),
            ("weird://me:p@ss:cret/db", "weird://me@ss:…"),
            ("weird://me:s3cret@[::1]/db", "weird://me@[::1]/db"),
            ("weird://host:5432/db?password=s3cret", "weird://host:5432/db"),
            ("weird://host:5432/db?user=me@corp", "weird://host:…"),
        ] {
            assert_eq!(shown(url), wanted);
        }
        let failure =
            parse("mysql://me:s3cret@host/db", &Origin::User("--url".to_owned())).err().map(|f| f.to_string()).unwrap_or_default();
        assert!(failure.contains("unknown URL scheme `mysql`") && !failure.contains("s3cret"), "{failure}");
    }
}
