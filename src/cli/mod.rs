//! The command line: arguments, exit codes, prompts, progress. The only module that prints or reads the
//! environment.

mod again;
mod apply;
mod apply_folder;
mod apply_saved;
mod backfill;
mod completions;
mod config;
mod diff;
mod drift;
mod error;
mod fmt;
mod foreign_commands;
mod graph;
mod history;
mod init;
mod inspect;
mod inspect_write;
mod interrupt;
mod keywords;
mod lint;
mod listing;
mod man;
mod migrators;
mod output;
mod passwords;
mod plan;
mod progress;
mod quiet;
mod remarks;
mod restore;
mod rollback;
mod saved;
mod schema;
mod settings;
mod show;
mod stamp;
mod state;
mod status;
mod target;
mod test;
mod validate;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::kdl::project::{Backup, SqlitePath, duration};
use crate::plan::{Allowed, Counts};
use crate::schema::Dialect;
use error::Failure;

/// The result of a command; see the exit codes in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Done = 0,
    Error = 1,
    Changes = 2,
    Refused = 3,
}

/// Declarative migrations for SQLite and PostgreSQL: one schema file, a plan to review, an apply that loses nothing.
#[derive(Parser)]
#[command(name = "rosey", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Disable colored output.
    #[arg(long, global = true, display_order = 900)]
    no_color: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Creates a schema file from a live database or from an example.
    Init(init::Init),
    /// Shows what would change. Never writes to the database.
    Plan(plan::Plan),
    /// Applies the schema to the database.
    Apply(apply::Apply),
    /// Compares two schemas: databases, schema files, SQL files, states, saved plans.
    Diff(diff::Diff),
    /// Shows a saved plan. Does not read a database.
    Show(show::Show),
    /// Saves the state of a database as a file.
    State(state::State),
    /// Draws the schema, or the steps of a plan, as a diagram.
    Graph(graph::Graph),
    /// Prints the live database's schema as KDL.
    Inspect(inspect::Inspect),
    /// Shows the current version, drift, and pending plans.
    #[command(visible_alias = "current")]
    Status(status::Status),
    /// Shows what was applied, when and by whom.
    History(history::History),
    /// Shows what was changed outside rosey since the last apply.
    Drift(drift::Drift),
    /// Rolls the database back to an earlier schema.
    Rollback(rollback::Rollback),
    /// Records that the database matches the schema, without changing anything else.
    Stamp(stamp::Stamp),
    /// Restores a backup of a SQLite file.
    ///
    /// The backup is checked first. Then the database is locked and its current contents are copied beside it; under the same lock
    /// the backup replaces it. Every row that an application has committed is therefore in the copy or in the database, and other
    /// connections see either the old database or the new one.
    ///
    /// A backup of a PostgreSQL database is a dump of the tables that lost values, and does not overwrite existing tables:
    /// re-create the table or column with `rosey rollback` (it is empty), load the dump into a scratch database with `pg_restore`,
    /// and copy the values from there with an UPDATE. See docs/deploy.md for the steps.
    Restore(restore::Restore),
    /// Checks the schema file, without a database.
    Validate(validate::Validate),
    /// Finds risks in the schema file, without a database.
    Lint(lint::Lint),
    /// Explains the code of a warning and what to do about it.
    Explain(lint::Explain),
    /// Formats schema files, keeping comments.
    Fmt(fmt::Fmt),
    /// Runs schema-change test cases in scratch databases.
    Test(test::Test),
    /// Prints a shell completion script.
    Completions(completions::Completions),
    /// Writes the manual pages into a folder.
    Man(man::Man),
}

/// Options for the schema.
#[derive(Args, Clone)]
struct SchemaArguments {
    /// The schema: a file, or a folder of `*.kdl` files; default: the one in rosey.kdl, otherwise schema.kdl.
    #[arg(long, value_name = "FILE|FOLDER")]
    schema: Option<PathBuf>,
}

/// Options for the environment.
#[derive(Args, Clone)]
struct EnvArguments {
    /// The environment in rosey.kdl whose database and settings to use.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// The project file; default: rosey.kdl in the working directory. A file named here is trusted like the command line: a job for pull requests should name one that the pull request cannot change.
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

/// Options for the database.
#[derive(Args, Clone)]
struct TargetArguments {
    /// The database: postgresql://user:password@host:port/database, sqlite:///relative.db, sqlite:////absolute.db or a path to a .db file.
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    env: EnvArguments,
    /// The config.json that names the database, if --url, --env and ROSEY_DATABASE_URL do not.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Options for the safety of data.
#[derive(Args, Clone)]
struct SafetyArguments {
    /// Allow destroying data: dropped tables and columns, conversions that lose values.
    #[arg(long)]
    allow_destructive: bool,
    /// Allow destroying data at one object, for example destroy:table.old_things or destroys-column:table.users.column.email; or allow a warning that rosey.kdl has made an error, for example breaks-clients:table.users. Can be repeated.
    #[arg(long, value_name = "CODE:ADDRESS", value_parser = Allowed::parse)]
    allow: Vec<Allowed>,
    /// When to make a backup first; auto, the default: before a step that rebuilds or destroys.
    #[arg(long, value_enum)]
    backup: Option<Backup>,
    /// Where to put backups; default: beside the SQLite file, or in the working directory for PostgreSQL.
    #[arg(long, value_name = "FOLDER")]
    backup_dir: Option<PathBuf>,
    /// Keep this many backups, including the new one, and delete older ones; default: keep all.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    keep_backups: Option<u32>,
    /// How long to wait for a lock held by another process, for example 500ms, 10s (the default) or 2m.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lock_timeout: Option<Duration>,
}

/// Options for how tables are changed.
#[derive(Args, Clone)]
struct PlanningArguments {
    /// SQLite: how to change tables; cheapest, the default, picks ALTER TABLE, a definition edit, or a rebuild.
    #[arg(long, value_enum, value_name = "PATH")]
    sqlite_path: Option<SqlitePath>,
    /// PostgreSQL: change tables that have rows without blocking writers, the default; false runs everything in one transaction.
    #[arg(long, value_name = "BOOLEAN")]
    online: Option<bool>,
    /// What is read to count the rows that a change affects: full, the default, reads everything that the role can read; safe evaluates only expressions over the row itself with safe functions, and shows no numbers; none reads no table.
    #[arg(long, value_enum, value_name = "COUNTS")]
    counts: Option<Counts>,
}

impl ValueEnum for Dialect {
    fn value_variants<'a>() -> &'a [Self] {
        &Dialect::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.word()))
    }
}

/// Returns the definition of the command line, from which completions, the manual and docs/commands.md are
/// generated. Not a stable interface.
#[doc(hidden)]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Returns the errors that `rosey validate` prints for the text of a schema, if there are any. Not a stable
/// interface.
#[doc(hidden)]
pub fn errors_in_schema(text: &str, dialects: &[Dialect]) -> Option<String> {
    validate::errors(text, dialects)
}

/// Runs the program and returns its exit code. Panics are caught here: an apply that one interrupts has not
/// committed, so SQLite rolls it back.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return wrong_arguments(&error),
    };
    std::panic::set_hook(Box::new(|info| {
        let info = crate::render::masked(&info.to_string());
        output::err(&format!("error: internal error in rosey: {info}\n  help: {}\n", interrupt::after_a_panic()));
    }));
    let outcome = std::panic::catch_unwind(move || run(arguments));
    interrupt::give_way();
    let exit = match outcome {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            output::err(&failure.to_string());
            failure.exit()
        }
        Err(_) => Exit::Error,
    };
    ExitCode::from(exit as u8)
}

/// Prints the requested help or version, or the error in the command line.
fn wrong_arguments(error: &clap::Error) -> ExitCode {
    let (plain, safe) = (error.render().to_string(), crate::render::masked(&error.render().to_string()));
    let print = || match plain == safe {
        true => drop(error.print()),
        false if error.use_stderr() => output::err(&safe),
        false => output::out(&safe),
    };
    if !error.use_stderr() {
        print();
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = std::env::args_os().skip(1).map(|w| w.to_string_lossy().into_owned()).collect();
    use clap::error::ErrorKind::{InvalidSubcommand, UnknownArgument, ValueValidation};
    let unknown = matches!(error.kind(), UnknownArgument | InvalidSubcommand | ValueValidation);
    match foreign_commands::hint(&command(), &words).filter(|_| unknown) {
        Some((wrong, help)) => output::err(&Failure::new(wrong).help(help).to_string()),
        None => print(),
    }
    ExitCode::from(1)
}

fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let colour = output::colour(arguments.no_color);
    match arguments.command {
        Command::Init(command) => block_on(command.run()),
        Command::Plan(command) => block_on(command.run(colour)),
        Command::Apply(command) => block_on(command.run(colour)),
        Command::Diff(command) => block_on(command.run(colour)),
        Command::Show(command) => block_on(command.run(colour)),
        Command::State(command) => block_on(command.run()),
        Command::Graph(command) => block_on(command.run()),
        Command::Inspect(command) => block_on(command.run()),
        Command::Status(command) => block_on(command.run()),
        Command::History(command) => block_on(command.run()),
        Command::Drift(command) => block_on(command.run(colour)),
        Command::Rollback(command) => block_on(command.run(colour)),
        Command::Stamp(command) => block_on(command.run()),
        Command::Restore(command) => block_on(command.run()),
        Command::Validate(command) => command.run(),
        Command::Lint(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Fmt(command) => command.run(),
        Command::Test(command) => block_on(command.run()),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    }
}

/// Runs a future on a single thread, which is enough: the database driver has its own.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    interrupt::watch();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Failure::new(format!("cannot start the event loop: {e}")))?.block_on(future)
}
