//! `rosey.kdl`: the databases of a project and their settings, instead of flags. Reads the file and rejects
//! what it does not know; it reads no environment variable and opens no database. Its errors never show a
//! URL, as that may contain a password.

mod levels;

use std::path::PathBuf;
use std::time::Duration;

use super::mask::masked;
use super::node::{Arg, Ctx, Node};
use super::{Diagnostics, Sources, parse};
use crate::schema::{Dialect, Problem, Span};

pub use levels::{Levelled, Severity};

/// The contents of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// The settings for all environments.
    pub common: Settings,
    /// The levels of findings, by code.
    pub lint: Vec<(String, Severity)>,
    /// The environments, in the order of the file.
    pub environments: Vec<Environment>,
}

/// `env NAME { … }`: a database and its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Environment {
    /// The name.
    pub name: String,
    /// Where its URL comes from.
    pub url: UrlFrom,
    /// The settings of this environment.
    pub settings: Settings,
    /// The levels of findings there, if they differ from the common ones.
    pub lint: Vec<(String, Severity)>,
}

/// Where the URL of a database comes from.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlFrom {
    /// In the file.
    File(String),
    /// In an environment variable.
    Variable(String),
}

impl std::fmt::Debug for UrlFrom {
    /// Hides the URL, which may contain a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UrlFrom::File(_) => f.write_str("File(…)"),
            UrlFrom::Variable(name) => write!(f, "Variable({name})"),
        }
    }
}

/// What may be set for all environments or for one. Unset values come from the next source of settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The schema file or folder.
    pub schema: Option<PathBuf>,
    /// The only dialect that the schema is for.
    pub dialect: Option<Dialect>,
    /// Whether data may be destroyed; `#false` overrides every flag.
    pub allow_destructive: Option<bool>,
    /// Whether to apply without asking.
    pub auto_approve: Option<bool>,
    /// When a backup is made.
    pub backup: Option<Backup>,
    /// The folder for backups.
    pub backup_dir: Option<PathBuf>,
    /// How many backups are kept.
    pub keep_backups: Option<u32>,
    /// How long to wait for a lock held by another program.
    pub lock_timeout: Option<Duration>,
    /// PostgreSQL: whether tables with rows are changed without blocking writers.
    pub online: Option<bool>,
    /// SQLite: how tables are changed.
    pub sqlite_path: Option<SqlitePath>,
    /// How a plan counts rows.
    pub counts: Option<Counts>,
}

impl Settings {
    /// Returns these settings, with unset ones taken from `other`.
    pub fn or(self, other: Settings) -> Settings {
        Settings {
            schema: self.schema.or(other.schema),
            dialect: self.dialect.or(other.dialect),
            allow_destructive: self.allow_destructive.or(other.allow_destructive),
            auto_approve: self.auto_approve.or(other.auto_approve),
            backup: self.backup.or(other.backup),
            backup_dir: self.backup_dir.or(other.backup_dir),
            keep_backups: self.keep_backups.or(other.keep_backups),
            lock_timeout: self.lock_timeout.or(other.lock_timeout),
            online: self.online.or(other.online),
            sqlite_path: self.sqlite_path.or(other.sqlite_path),
            counts: self.counts.or(other.counts),
        }
    }
}

/// When a backup is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backup {
    /// Before a step that rebuilds or destroys.
    Auto,
    /// Before every apply that changes something.
    Always,
    /// Never.
    Never,
}

impl Backup {
    /// All values, with their keywords.
    pub const ALL: [(&'static str, Backup); 3] = [("auto", Backup::Auto), ("always", Backup::Always), ("never", Backup::Never)];
}

/// How tables of a SQLite file are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SqlitePath {
    /// By the method that copies the fewest rows.
    Cheapest,
    /// Always by a rebuild.
    Rebuild,
}

impl SqlitePath {
    /// All values, with their keywords.
    pub const ALL: [(&'static str, SqlitePath); 2] = [("cheapest", SqlitePath::Cheapest), ("rebuild", SqlitePath::Rebuild)];
}

/// What a plan may evaluate over rows, and how much of the result it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counts {
    /// Expressions may read every table that the role can read, and numbers are shown.
    #[default]
    Full,
    /// Expressions may read only the row itself, through functions that are known to be safe, and "some rows"
    /// is shown instead of a number. For a schema file from somebody else.
    Safe,
    /// Nothing is evaluated, and no table is read.
    None,
}

impl Counts {
    /// All values, with their keywords.
    pub const ALL: [(&'static str, Counts); 3] = [("full", Counts::Full), ("safe", Counts::Safe), ("none", Counts::None)];
}

const SETTINGS: [&str; 11] = [
    "schema",
    "dialect",
    "allow-destructive",
    "auto-approve",
    "backup",
    "backup-dir",
    "keep-backups",
    "lock-timeout",
    "online",
    "sqlite-path",
    "counts",
];

/// The settings for the URL of an environment.
const DATABASE: [&str; 2] = ["url", "url-from"];

/// Reads a `rosey.kdl`; `codes` are the known codes.
///
/// # Errors
/// If there are mistakes: all of them, in the order of lines, with all URLs masked.
pub fn read(name: &str, text: &str, codes: &[Levelled]) -> Result<Project, Diagnostics> {
    let problems = match decode(text, codes) {
        Ok(project) => return Ok(project),
        Err(problems) => problems,
    };
    let shown = masked(text);
    // Read again without the URLs, so that no message quotes one. If that succeeds, the mistake is in a URL.
    let problems = decode(&shown, codes).err().unwrap_or_else(|| problems.into_iter().map(about_a_url).collect());
    Err(Diagnostics::new(&Sources::from_text(name, &shown), problems))
}

fn about_a_url(problem: Problem) -> Problem {
    let labels = problem.labels.into_iter().map(|(span, _)| (span, "here".to_owned())).collect();
    let help = Some("write it in double quotes; inside them, write `\"` as `\\\"` and `\\` as `\\\\`".to_owned());
    Problem { message: "the URL is not a valid KDL string".to_owned(), labels, help }
}

fn decode(text: &str, codes: &[Levelled]) -> Result<Project, Vec<Problem>> {
    let mut project = Project::default();
    let mut problems = Vec::new();
    let ctx = Ctx::without_dialects(0);
    let (mut seen, mut names) = (Seen::default(), Seen::default());
    let parsed = parse::parse(0, text, |start, document| {
        ctx.starts_at(start);
        for node in document.nodes().iter().filter_map(|n| ctx.open(n)) {
            decode_top(node, &mut project, codes, &mut seen, &mut names);
        }
    });
    problems.extend(parsed.err().unwrap_or_default());
    problems.extend(ctx.into_problems());
    if problems.is_empty() { Ok(project) } else { Err(problems) }
}

fn decode_top(node: Node, project: &mut Project, codes: &[Levelled], seen: &mut Seen, names: &mut Seen) {
    match node.name() {
        "env" => project.environments.extend(decode_environment(node, codes, names)),
        "lint" => {
            seen.note(&node, "`lint`".to_owned());
            project.lint.extend(levels::decode(node, codes));
        }
        name if DATABASE.contains(&name) => {
            let help = format!("write `env NAME {{ {name} … }}`, and select it with --env NAME");
            node.problem(format!("`{name}` must be inside an `env`"), "here", help);
        }
        name => {
            seen.note(&node, format!("`{name}`"));
            decode_setting(node, &mut project.common, &["lint", "env"]);
        }
    }
}

fn decode_environment(mut node: Node, codes: &[Levelled], names: &mut Seen) -> Option<Environment> {
    let before = node.ctx.count();
    let name = node.required_name()?.as_str().to_owned();
    names.note(&node, format!("env `{name}`"));
    let (mut settings, mut lint, mut url, mut seen) = (Settings::default(), Vec::new(), None, Seen::default());
    for child in node.children() {
        match child.name() {
            word @ ("url" | "url-from") => {
                seen.note(&child, "the database".to_owned());
                url = decode_url(child, word).or(url);
            }
            "lint" => {
                seen.note(&child, "`lint`".to_owned());
                lint.extend(levels::decode(child, codes));
            }
            word => {
                seen.note(&child, format!("`{word}`"));
                decode_setting(child, &mut settings, &["lint", "url", "url-from"]);
            }
        }
    }
    if url.is_none() && node.ctx.count() == before {
        let help = "add `url-from VARIABLE`, or `url \"sqlite:///file.db\"`";
        node.problem(format!("env `{name}` has no database"), "here", help);
    }
    node.finish(&SETTINGS);
    Some(Environment { name, url: url?, settings, lint })
}

fn decode_url(mut node: Node, word: &str) -> Option<UrlFrom> {
    let found = if word == "url" {
        let arg = node.required("a URL", "write `url \"sqlite:///file.db\"`");
        arg.and_then(url).map(UrlFrom::File)
    } else {
        let arg = node.required("a variable name", "write `url-from VARIABLE`");
        arg.and_then(variable).map(UrlFrom::Variable)
    };
    node.finish(&[]);
    found
}

/// Reads a URL. Without quotes, `//` begins a comment, and what is left of `postgresql://host/db` names
/// another database.
fn url(arg: Arg) -> Option<String> {
    let url = filled(arg, "a URL")?;
    let cut = arg.entry.format().is_some_and(|f| f.value_repr.ends_with(':'));
    if !cut {
        return Some(url);
    }
    let problem = Problem::new("the URL is not quoted", arg.span(), "here");
    arg.ctx.problem(problem.help("write it in double quotes: without them, `//` starts a comment"));
    None
}

/// Reads the name of an environment variable.
fn variable(arg: Arg) -> Option<String> {
    let name = filled(arg, "a variable name")?;
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(known) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(name);
    }
    let problem = Problem::new("`url-from` must name an environment variable", arg.span(), "not a valid variable name");
    arg.ctx.problem(problem.help("use letters, digits and `_`, as in PROD_DATABASE_URL; write a URL itself after `url`"));
    None
}

/// Reads one setting; `others` are the other nodes allowed there.
fn decode_setting(mut node: Node, into: &mut Settings, others: &[&'static str]) {
    match node.name() {
        "schema" => into.schema = path(&mut node),
        "dialect" => into.dialect = choice(&mut node, &Dialect::ALL.map(|d| (d.word(), d))),
        "allow-destructive" => into.allow_destructive = boolean(&mut node),
        "auto-approve" => into.auto_approve = boolean(&mut node),
        "backup" => into.backup = choice(&mut node, &Backup::ALL),
        "backup-dir" => into.backup_dir = path(&mut node),
        "keep-backups" => into.keep_backups = number(&mut node),
        "lock-timeout" => into.lock_timeout = length_of_time(&mut node),
        "online" => into.online = boolean(&mut node),
        "sqlite-path" => into.sqlite_path = choice(&mut node, &SqlitePath::ALL),
        "counts" => into.counts = choice(&mut node, &Counts::ALL),
        _ => return node.unknown("setting", &[&SETTINGS, others].concat()),
    }
    node.finish(&[]);
}

fn path(node: &mut Node) -> Option<PathBuf> {
    let help = format!("write `{} \"PATH\"`", node.name());
    filled(node.required("a path", &help)?, "a path").map(PathBuf::from)
}

fn boolean(node: &mut Node) -> Option<bool> {
    let help = format!("write `{} #true` or `{0} #false`", node.name());
    let what = format!("`{}`", node.name());
    Some(node.required("a value", &help)?.bool(&what))
}

fn choice<T: Copy>(node: &mut Node, known: &[(&'static str, T)]) -> Option<T> {
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let help = format!("expected one of: {}", words.join(", "));
    let what = format!("`{}`", node.name());
    node.required("a value", &help)?.choice(&what, known)
}

fn number(node: &mut Node) -> Option<u32> {
    let help = format!("write `{} 5`, without quotes", node.name());
    let arg = node.required("a number", &help)?;
    let number = arg.value().as_integer().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    if number.is_none() {
        node.ctx.problem(Problem::new(format!("`{}` must be an integer greater than 0", node.name()), arg.span(), "here").help(help));
    }
    number
}

fn length_of_time(node: &mut Node) -> Option<Duration> {
    let help = format!("write `{} \"10s\"`", node.name());
    let arg = node.required("a duration", &help)?;
    let text = filled(arg, "a duration")?;
    let found = duration(&text);
    if let Err(why) = &found {
        arg.ctx.problem(Problem::new(format!("`{text}` is not a valid duration"), arg.span(), "here").help(why.clone()));
    }
    found.ok()
}

/// Reads a string that is not empty.
fn filled(arg: Arg, what: &str) -> Option<String> {
    let text = arg.text(what)?;
    if text.is_empty() {
        arg.ctx.problem(Problem::new(format!("{what} is empty"), arg.span(), "here").help("write a value between the quotes"));
        return None;
    }
    Some(text.to_owned())
}

/// What has been set in a block, in which each setting may occur once.
#[derive(Default)]
struct Seen(Vec<(String, Span)>);

impl Seen {
    fn note(&mut self, node: &Node, what: String) {
        match self.0.iter().find(|(w, _)| *w == what) {
            Some((_, first)) => {
                let problem = Problem::new(format!("{what} is specified twice"), *first, "the first");
                node.ctx.problem(problem.also(node.at(), "the second").help("keep one of the two"));
            }
            None => self.0.push((what, node.at())),
        }
    }
}

/// Parses a duration: `500ms`, `10s`, `2m`. The unit is required: PostgreSQL's settings of that name are in
/// milliseconds, those of other programs in seconds.
///
/// # Errors
/// If it is not a duration: what to write instead.
pub fn duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.trim().parse().map_err(|_| "write a number and a unit, such as 10s".to_owned())?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "" => return Err(format!("add a unit: {text}s for seconds, {text}ms for milliseconds")),
        "s" => number,
        "m" => number * 60.0,
        _ => return Err("the valid units are ms, s and m".to_owned()),
    };
    if seconds * 1000.0 > f64::from(i32::MAX) {
        return Err(format!("at most {}m: the databases count the time in 32-bit milliseconds", i32::MAX / 60_000));
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| "must not be negative".to_owned())
}
