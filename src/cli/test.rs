//! `rosey test`: finds the cases, runs each in a scratch database, and reports the results.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::Failure;
use super::target::{self, Database};
use super::{Exit, output};
use crate::kdl::files_of;
use crate::plan::counted;
use crate::render::escape;
use crate::schema::Dialect;
use crate::testing::{self, Verdict};

/// The default folder.
const FOLDER: &str = "tests/schema";

/// Runs schema-change cases in scratch databases.
#[derive(Args)]
pub(super) struct Test {
    /// Cases, or folders in which every `*.kdl` file is a case; default: tests/schema.
    #[arg(value_name = "FOLDER|FILE")]
    cases: Vec<PathBuf>,
    /// A PostgreSQL server for scratch databases, with a role that may CREATE DATABASE; the database that the URL names is not
    /// touched. Without --url the cases run on SQLite, in temporary files.
    #[arg(long)]
    url: Option<String>,
    /// The kind of database; default: PostgreSQL if --url names a server, otherwise SQLite.
    #[arg(long, value_enum)]
    dialect: Option<Dialect>,
    /// Run only the cases whose path contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// The number of cases by result.
#[derive(Default)]
struct Count {
    passed: i64,
    failed: i64,
    skipped: i64,
}

impl Test {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        super::interrupt::enter(super::interrupt::Phase::Changing);
        let place = self.place()?;
        let dialect = place.dialect();
        let cases = self.cases()?;
        let mut count = Count::default();
        for case in &cases {
            let verdict = testing::run(case, &place, super::apply::interrupted()).await;
            if verdict == Verdict::Interrupted {
                return Err(Failure::new("interrupted; the scratch database was removed"));
            }
            output::out(&told(case, dialect, &verdict, &mut count));
        }
        output::out(&count.told());
        Ok(if count.failed > 0 { Exit::Error } else { Exit::Done })
    }

    /// Returns the database beside which scratch databases are created.
    fn place(&self) -> Result<Database, Failure> {
        let dialect = self.dialect;
        let Some(url) = &self.url else {
            if dialect.is_none_or(|d| d.capabilities().lives_in_file) {
                return Ok(Database::file(std::env::temp_dir().join("scratch.db")));
            }
            return Err(Failure::new("no server for the scratch databases")
                .help("name one with --url and a role that may CREATE DATABASE; existing databases are not touched"));
        };
        let database = target::parse(url, &target::Origin::User("--url".to_owned()))?;
        let own = database.dialect();
        if own.capabilities().lives_in_file {
            return Err(Failure::new("cases run in scratch databases, never in the file named by --url")
                .help("remove --url: it is only for a PostgreSQL server"));
        }
        match dialect.filter(|said| *said != own) {
            Some(said) => Err(Failure::new(format!("--url names a {} server, but --dialect is {}", own.capabilities().title, said.word()))
                .help("remove one of the two")),
            None => Ok(database),
        }
    }

    /// Returns the files of the cases, in order.
    fn cases(&self) -> Result<Vec<PathBuf>, Failure> {
        let named = if self.cases.is_empty() { vec![PathBuf::from(FOLDER)] } else { self.cases.clone() };
        let mut files = Vec::new();
        for path in &named {
            let failed = |e: std::io::Error| Failure::new(format!("{} cannot be read: {e}", path.display()));
            if path.is_dir() {
                files.extend(files_of(path).map_err(failed)?);
            } else if path.exists() {
                files.push(path.clone());
            } else {
                let help = format!("name a case or a folder of cases; the default is {FOLDER}");
                return Err(Failure::new(format!("no test case at {}", path.display())).help(help));
            }
        }
        let wanted = |p: &PathBuf| self.filter.as_ref().is_none_or(|f| p.display().to_string().contains(f.as_str()));
        files.retain(wanted);
        if files.is_empty() {
            return Err(Failure::new("no test cases to run").help("check the folder and --filter"));
        }
        Ok(files)
    }
}

fn told(case: &Path, dialect: Dialect, verdict: &Verdict, count: &mut Count) -> String {
    let (word, failures) = match verdict {
        Verdict::Passed => {
            count.passed += 1;
            ("ok     ", [].as_slice())
        }
        Verdict::Skipped => {
            count.skipped += 1;
            ("skipped", [].as_slice())
        }
        Verdict::Failed(failures) => {
            count.failed += 1;
            ("FAILED ", failures.as_slice())
        }
        Verdict::Interrupted => ("stopped", [].as_slice()),
    };
    let mut text = format!("{word} {} ({})\n", escape(&case.display().to_string()), dialect.word());
    for line in failures.iter().flat_map(|f| f.lines()) {
        text.push_str(format!("    {}", escape(line)).trim_end());
        text.push('\n');
    }
    text
}

impl Count {
    fn told(&self) -> String {
        let all = counted(self.passed + self.failed + self.skipped, "case");
        format!("{all}: {} passed, {} failed, {} skipped\n", self.passed, self.failed, self.skipped)
    }
}
