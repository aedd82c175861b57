//! Failures as shown to the user: what, why, and what to do about it.

use std::collections::BTreeSet;
use std::fmt;

use super::Exit;
use super::again::word;
use crate::apply::{ApplyError, HistoryError};
use crate::engine::sqlite::Error;
use crate::engine::{self, PlanError, postgres};
use crate::kdl::Diagnostics;
use crate::plan::{Allowed, Hazard, Level};
use crate::render::masked;

/// A failed command.
#[derive(Debug)]
pub(super) struct Failure {
    text: String,
    help: Vec<String>,
    exit: Exit,
    /// Whether the text is laid out already.
    whole: bool,
}

impl Failure {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Failure { text: text.into(), help: Vec::new(), exit: Exit::Error, whole: false }
    }

    /// Creates a failure from the mistakes in a file, each with its position.
    pub(super) fn mistakes(diagnostics: &Diagnostics, of: &str) -> Self {
        let n = diagnostics.problems().len();
        let count = if n == 1 { "one error".to_owned() } else { format!("{n} errors") };
        Failure { text: format!("{diagnostics}\nerror: {of} has {count}\n"), help: Vec::new(), exit: Exit::Error, whole: true }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn refused(mut self) -> Self {
        self.exit = Exit::Refused;
        self
    }

    /// Creates a failure from that of an apply; if the database did not respond, it is unchanged.
    pub(super) fn of_apply(error: ApplyError) -> Self {
        let left = match &error {
            ApplyError::Database(_) if error.is_refusal() => UNCHANGED,
            ApplyError::Database(_) => "; the database is unchanged",
            _ => "",
        };
        let mut failure = Failure::from(error);
        failure.text.push_str(left);
        failure
    }

    /// Gives it the exit code of an error instead of a refusal, for a command that changes nothing.
    pub(super) fn into_error(mut self) -> Self {
        self.exit = Exit::Error;
        self
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole {
            return f.write_str(&masked(&self.text));
        }
        writeln!(f, "error: {}", indented(&masked(&self.text)))?;
        self.help.iter().try_for_each(|help| writeln!(f, "  help: {}", indented(&masked(help))))
    }
}

/// Indents all lines but the first, so that a name with a line break in it cannot forge a message.
fn indented(text: &str) -> String {
    let text = crate::render::escape(text);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |out, line| format!("{out}\n{}{line}", if line.is_empty() || line.starts_with(' ') { "" } else { "  " }))
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Failure::mistakes(&diagnostics, "the schema")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = Failure::new(error.to_string());
        match &error {
            Error::NoFile { .. } => failure.help("check the path; `rosey apply --url …` creates a new database"),
            Error::NotADatabase { .. } => failure.help("check the path: the file exists, but does not start with the SQLite header"),
            Error::History(_) => Failure::new(format!("{error}; nothing was changed")).help(ONLY_ROSEY).refused(),
            Error::Locked => failure.help("another process is writing to it; try again when it has finished"),
            Error::ReadOnly => failure.help("rosey needs write permission on the file and on its folder, where SQLite keeps its journal"),
            Error::Full => failure.help(format!("nothing was changed; {}", room())),
            Error::DiskFull { .. } => failure.help("free disk space there and try again"),
            Error::TemporaryFull => failure.help(format!("free disk space in {}, or set SQLITE_TMPDIR to another folder", temporary())),
            Error::NotWritable { .. } => failure.help(
                "rosey writes to the file, and SQLite keeps its journal in the folder: run as a user with write permission on both, or \
                 make the mount writable",
            ),
            Error::WalUnreadable { .. } => {
                failure.help("copy the file and its -wal file to a writable folder, or get write permission on this one")
            }
            Error::TooLong { .. } => failure.help(
                "SQLite computes constant expressions of a definition when it prepares the statement: simplify those over long values, \
                 such as instr() or replace() of a zeroblob()",
            ),
            Error::PageSize { .. } => {
                failure.help("stop the applications, set `PRAGMA journal_mode = DELETE` in the database, restore, and set it back to WAL")
            }
            _ => failure,
        }
    }
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Self {
        let failure = match &error {
            postgres::Error::History { .. } => Failure::new(format!("{error}; nothing was changed")).refused(),
            _ => Failure::new(error.to_string()),
        };
        match (hint(&error), &error) {
            (Some(hint), _) => failure.help(hint),
            // The server's hint, if something depends on an object, is to drop that too.
            (None, postgres::Error::Sql { hint: Some(hint), .. }) if !hint.contains("CASCADE") => failure.help(hint.as_ref()),
            (None, postgres::Error::Sql { code, .. }) if code == "2BP01" => {
                failure.help("the dependent object is ignored or not managed by rosey: drop it first")
            }
            (None, _) => failure,
        }
    }
}

/// What to do about an object that has the name of the history, or uses it.
const ONLY_ROSEY: &str = "find out who created it and drop it: only rosey may write to this table";

/// Returns where space is needed: SQLite does not say which disk is full
/// (<https://www.sqlite.org/tempfiles.html#temporary_file_storage_locations>).
fn room() -> String {
    format!(
        "free disk space for the database and for SQLite's temporary files ({}; SQLITE_TMPDIR sets another folder), then try \
         again",
        temporary()
    )
}

/// Returns the folder of SQLite's temporary files
/// (<https://sqlite.org/tempfiles.html#temporary_file_storage_locations>).
fn temporary() -> String {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].iter().find_map(|name| Some((name, std::env::var(name).ok().filter(|v| !v.is_empty())?)));
    named.map_or_else(|| "/var/tmp or /tmp".to_owned(), |(name, folder)| format!("{folder} (from {name})"))
}

/// Returns what to do about an error of a PostgreSQL server.
fn hint(error: &postgres::Error) -> Option<&'static str> {
    use postgres::Error;
    Some(match error {
        Error::NoServer { .. } => {
            "check the host and port, and that the server is running and accepts TCP/IP connections (listen_addresses)"
        }
        Error::NoAnswer { .. } => "check the host, the port and any firewalls; wait longer with ?connect_timeout=30",
        Error::UnknownHost { .. } => "check the host name in the URL or in PGHOST",
        Error::NoSocket { .. } => "add the host to the URL, or the socket directory: ?host=/var/run/postgresql",
        Error::NotPostgres { .. } => "check the host and port: another service may be listening there",
        Error::NoTls { .. } => "remove sslmode (or ssl) if the network is trusted, or enable SSL on the server",
        Error::Tls { .. } => {
            "name the CA certificate that signed the server's certificate with ?sslrootcert=FILE; sslmode=require encrypts without \
             verifying the server"
        }
        Error::Certificate { .. } => "check sslrootcert, sslcert and sslkey in the URL",
        Error::NoPassword { .. } => {
            "a password is read from the URL (write / as %2F and @ as %40), from PGPASSWORD, or from the file that PGPASSFILE \
             names or ~/.pgpass, which is ignored if others can read it (chmod 600)"
        }
        Error::ClearPassword { .. } => {
            "enable SSL on the server; if the network is trusted, allow a cleartext password with ?sslmode=disable in the URL of \
             --url or a variable, or with PGSSLMODE=disable (a rosey.kdl or config.json in the repository cannot allow it)"
        }
        Error::ForeignHost { .. } => {
            "also set the host in the environment (PGHOST, or an entry for it in the password file), give the URL with --url or \
             url-from, or use your own project file with --project FILE"
        }
        Error::WrongPassword { .. } => {
            "the password is read from the URL (write / as %2F and @ as %40), else from PGPASSWORD, else from the file that \
             PGPASSFILE names or ~/.pgpass, which is ignored if others can read it (chmod 600)"
        }
        Error::NotAdmitted { message, .. } => admission(message),
        Error::NoDatabase { .. } => "rosey does not create databases on a server: use CREATE DATABASE or createdb",
        Error::TooManyConnections(_) => "try again when other sessions have finished, or increase max_connections on the server",
        Error::NotReady(_) => "try again in a moment",
        Error::Lost(_) => "the server rolls back what was not committed; check its log and try again",
        Error::NotStopped { .. } => {
            "rosey has asked the server to terminate the process (pg_terminate_backend); if it still runs (SELECT pid FROM \
             pg_stat_activity), only a restart of the server ends it. Find the expression that the server cannot interrupt before \
             the next plan; --counts none evaluates no expression on rows"
        }
        Error::TooLong { .. } => {
            "simplify the constants that are expensive to parse, such as regular expressions with nested repetitions in a jsonpath"
        }
        Error::Privilege(message) => privilege(message),
        Error::LockTimeout => "try again when it has finished, or wait longer with --lock-timeout 60s",
        Error::Deadlock => "try again",
        Error::DiskFull(message) => full(message),
        Error::Pooled { .. } => {
            "connect to the PostgreSQL server directly, or through a pool in session mode (pgbouncer: pool_mode = session): an apply \
             needs a session that keeps its server process; plan works through any pool"
        }
        Error::ReadOnly(_) => {
            "connect to the primary; if this is the primary, turn off default_transaction_read_only for this role or database"
        }
        Error::Sql { code, .. } if code == "42501" => {
            "the role must own what it changes, and needs privileges on the schema of what it creates: GRANT USAGE, CREATE ON SCHEMA … TO …"
        }
        Error::History { .. } => {
            "rosey neither reads nor writes it: find out who created it; drop or rename it if it is not rosey's; otherwise remove what \
             is wrong, or let the owner of its schema GRANT CREATE ON SCHEMA … TO its owner"
        }
        Error::Sql { code, .. } if code == "53200" => "increase max_locks_per_transaction or the memory of the server",
        _ => return None,
    })
}

/// Returns the hint for a full disk: the server names the file that it could not write.
fn full(message: &str) -> &'static str {
    if message.contains("pgsql_tmp") {
        "free disk space for the server's temporary files: in the tablespaces of temp_tablespaces, otherwise in that of the database"
    } else if message.contains("pg_wal") {
        "free disk space for the server's write-ahead log (pg_wal), and check what retains it: replication slots, archiving"
    } else {
        "free disk space for the server's data directory, or for the tablespace that contains the file, and try again"
    }
}

/// Returns the hint for a refused connection: the server uses one code for a missing entry in pg_hba.conf and
/// for a missing role.
fn admission(message: &str) -> &'static str {
    if message.contains("no encryption") {
        "if the server requires SSL, add ?sslmode=require; otherwise add this user and client address to its pg_hba.conf"
    } else if message.contains("pg_hba.conf") {
        "add this user, database and client address to the server's pg_hba.conf"
    } else if message.contains("Peer") {
        "peer authentication needs an operating-system user of the same name; connect through localhost to use a password"
    } else {
        "check the user name in the URL or in PGUSER: the role must exist, and may need LOGIN"
    }
}

/// Returns the hint for a missing privilege: the message names the object; only in English does it name the
/// privilege.
fn privilege(message: &str) -> &'static str {
    if message.contains("must be owner") {
        "only the owner can change it: connect as the owner or as a member of that role, or use ALTER … OWNER TO"
    } else if message.contains("for schema") {
        "the role needs privileges on the schema: GRANT USAGE, CREATE ON SCHEMA … TO …"
    } else if message.contains("for database") {
        "the role needs privileges on the database: GRANT CREATE, TEMPORARY ON DATABASE … TO …"
    } else if message.contains("extension") {
        "only a superuser can create an extension that is not trusted: have one run CREATE EXTENSION"
    } else {
        "connect as the owner of the schema's objects, or have the owner GRANT the missing privilege"
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Sqlite(error) => error.into(),
            engine::Error::Postgres(error) => (*error).into(),
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Database(error) => error.into(),
            PlanError::Circle(_) => Failure::new(error.to_string()).help("apply one of the changes first, then the other"),
            other => Failure::new(other.to_string()),
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let refusal = error.is_refusal();
        let failure = match error {
            ApplyError::Database(error) => error.into(),
            ApplyError::Plan(error) => error.into(),
            ApplyError::Blocked(hazards) => blocked(&hazards, None),
            ApplyError::EmptySchema => Failure::new(format!("{error}{UNCHANGED}"))
                .help("declare the objects to keep in the schema file, or name another file with --schema"),
            ApplyError::Stale => Failure::new(format!("{error}{UNCHANGED}")).help("run rosey plan again and review the new plan"),
            ApplyError::Differs(_) => Failure::new(format!("{error}; nothing was recorded"))
                .help("run rosey plan to see the difference; add --force to record the database as it is"),
            ApplyError::Unreadable(_) => {
                Failure::new(format!("{error}{UNCHANGED}")).help("it may have been written by a newer rosey; upgrade rosey")
            }
            ApplyError::History(error) => Failure::from(error),
            ApplyError::NoRoom { .. } => {
                Failure::new(format!("{error}{UNCHANGED}")).help("free disk space, or put the backup on another disk with --backup-dir")
            }
            ApplyError::Backup { .. } => Failure::new(format!("{error}{UNCHANGED}"))
                .help("choose another folder with --backup-dir, or skip the backup with --backup never"),
            ApplyError::NotVerified(_) | ApplyError::BrokenReferences(_) => Failure::new(format!("{error}{ROLLED_BACK}")),
            ApplyError::Locked { .. } => {
                Failure::new(format!("{error}{UNCHANGED}")).help("try again when it has finished, or wait longer with --lock-timeout 60s")
            }
            ApplyError::Blockers { ref blockers, .. } => {
                let list: String = blockers.iter().map(|b| format!("\n  {b}")).collect();
                Failure::new(format!("{error}{ROLLED_BACK}{list}")).help("end these sessions, or wait longer with --lock-timeout 60s")
            }
            ApplyError::NoDigest => Failure::new(error.to_string()).help("re-create it: rosey plan --out FILE, or rosey state pull > FILE"),
            ApplyError::Busy { ref blockers, .. } => {
                let list: String = blockers.iter().map(|b| format!("\n  {b}")).collect();
                Failure::new(format!("{error}{UNCHANGED}{list}")).help("end that session, or try again when it has finished")
            }
            ApplyError::Statement { address, source } => statement(&address, source),
            ApplyError::Unfinished { number, left, address: None, source } => after_commit(number, left, &source),
            ApplyError::Unfinished { number, left, .. } => {
                Failure::new(format!("{error}\n  the transaction is committed (version {number}); {} left", counted_steps(left)))
                    .help("run rosey apply again to finish the rest")
            }
            ApplyError::NotVerifiedAfter(_) => {
                Failure::new(format!("{error}\n  all steps are complete and committed")).help("run rosey plan to see what differs")
            }
            ApplyError::CommitUnknown { number, .. } => Failure::new(format!(
                "{error}\n  it is not known whether version {number} was committed, because the server did not answer"
            ))
            .help("when the server is reachable again, check for that version with rosey history, and run rosey apply to finish the rest"),
            ApplyError::Early { done, source } => early(&done, *source),
            ApplyError::NoBackup(_) => Failure::new(format!("{error}{UNCHANGED}"))
                .help("install the server's version of pg_dump, or skip the backup with --backup never"),
            ApplyError::Damaged { .. } => Failure::new(format!("{error}{UNCHANGED}"))
                .help("recover the data with `sqlite3 FILE .recover`, or restore an intact backup"),
            ApplyError::NotRestored => Failure::new(format!("{error}{UNCHANGED}")).help(super::restore::ONLY_TABLES),
            ApplyError::OntoItself(_) => Failure::new(format!("{error}{UNCHANGED}")).help("name the backup: rosey restore FILE"),
            ApplyError::Interrupted => Failure::new(format!("interrupted{ROLLED_BACK}")),
        };
        if refusal { failure.refused() } else { failure }
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Database(error) => error.into(),
            HistoryError::Later { .. } => Failure::new(error.to_string()).help("use that version of rosey or a newer one"),
            HistoryError::Acts(_) => Failure::new(format!("{error}; nothing was changed")).help(ONLY_ROSEY),
            HistoryError::Damaged(_) => Failure::new(error.to_string()).help("only rosey may write to it; restore it from a backup"),
        }
    }
}

/// Creates the failure of a command that only reads, which need not say that nothing was changed.
pub(super) fn reading(error: ApplyError) -> Failure {
    match error {
        ApplyError::Database(error) => error.into(),
        other => other.into(),
    }
}

/// A statement of the transaction that failed.
fn statement(address: &str, source: engine::Error) -> Failure {
    let text = format!("{address}: {source}{ROLLED_BACK}");
    match source {
        engine::Error::Sqlite(full @ (Error::Full | Error::DiskFull { .. } | Error::TemporaryFull)) => {
            let failure = Failure::from(full);
            Failure { text: format!("{}{ROLLED_BACK}", failure.text), ..failure }
        }
        engine::Error::Sqlite(Error::ReadOnly) => Failure {
            text: "the database is read-only; the apply was rolled back and nothing was changed".to_owned(),
            ..Error::ReadOnly.into()
        },
        engine::Error::Sqlite(_) => Failure::new(text),
        engine::Error::Postgres(error) => Failure { text, ..(*error).into() },
    }
}

/// Creates a failure for what failed after the commit: after all, or all but `left` steps.
fn after_commit(number: i64, left: usize, source: &engine::Error) -> Failure {
    let rest = match left {
        0 => "all steps are complete and committed".to_owned(),
        n => format!("the transaction is committed; {} left", counted_steps(n)),
    };
    let help = match left {
        0 => "run rosey apply again to verify the database and complete the history entry",
        _ => "run rosey apply again to finish the rest",
    };
    Failure::new(format!("{source}\n  version {number}: {rest}")).help(help)
}

/// Creates a failure that lists what was committed before the transaction.
fn early(done: &[String], source: ApplyError) -> Failure {
    let lost = matches!(source, ApplyError::Database(_));
    let failure = Failure::from(source);
    let text = failure.text.replace(ROLLED_BACK, "").replace(UNCHANGED, "");
    let rest = if lost { "nothing else was committed" } else { "everything else was rolled back" };
    let text = format!("{text}\n  already committed before the transaction: {}; {rest}", done.join(", "));
    Failure { text, ..failure }.help("run rosey plan to see what is left, and rosey apply to finish it")
}

/// What is true after an apply whose transaction was rolled back.
const ROLLED_BACK: &str = "; rolled back; the database is unchanged";
/// What is true after an apply that changed nothing.
const UNCHANGED: &str = "; nothing was changed";

fn counted_steps(n: usize) -> String {
    if n == 1 { "one step is".to_owned() } else { format!("{n} steps are") }
}

/// Creates the refusal of an apply; `policy` names what forbids destroying data, whatever the flags.
pub(super) fn blocked(hazards: &[Hazard], policy: Option<&str>) -> Failure {
    let mut text = "apply refused; nothing was changed".to_owned();
    for hazard in hazards {
        text.push_str(&format!("\n  {} ({}): {}", hazard.address, hazard.code.name(), hazard.text()));
        if hazard.level == Level::Blocks && !hazard.advice.is_empty() {
            text.push_str(&format!("\n    {}", hazard.advice));
        }
    }
    let mut failure = Failure::new(text);
    let destroys = || hazards.iter().filter(|h| h.level == Level::Destroys);
    if destroys().next().is_some() {
        failure = match (policy, leave(destroys().map(Allowed::to_destroy))) {
            (Some(place), _) => failure.help(format!("{place}: allow-destructive #false forbids destroying data, whatever the flags")),
            (None, Some(flags)) => failure
                .help(format!("to allow this data loss and no other, add {flags}"))
                .help("to allow all data loss in this plan, add --allow-destructive"),
            (None, None) => failure.help("to allow this data loss, add --allow-destructive"),
        };
    }
    match leave(hazards.iter().filter(|h| h.raised).map(Allowed::exactly)) {
        Some(flags) => failure.help(format!("rosey.kdl makes this an error; to allow it this once, add {flags}")),
        None => failure,
    }
}

/// The number of flags that fit on a readable line.
const FEW: usize = 4;

/// Returns the flags that allow exactly these hazards, if they are few.
fn leave(allowed: impl Iterator<Item = Allowed>) -> Option<String> {
    let flags: BTreeSet<String> = allowed.map(|a| format!("--allow {}", word(&a.to_string()))).collect();
    (!flags.is_empty() && flags.len() <= FEW).then(|| flags.into_iter().collect::<Vec<_>>().join(" "))
}
