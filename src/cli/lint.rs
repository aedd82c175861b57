//! `rosey lint` and `rosey explain`.

use clap::{Args, ValueEnum};

use super::error::Failure;
use super::settings::Settings;
use super::{EnvArguments, Exit, SchemaArguments, output, schema};
use crate::kdl::Diagnostics;
use crate::lint::{self, Severity};
use crate::render;
use crate::schema::Dialect;

/// Finds what is risky in the schema.
#[derive(Args)]
pub(super) struct Lint {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    env: EnvArguments,
    /// Check for one kind of database only; default: that of rosey.kdl, otherwise both.
    #[arg(long, value_enum)]
    dialect: Option<Dialect>,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Exit with 1 if there are findings of this level or higher.
    #[arg(long, value_enum, default_value = "warning")]
    level: Threshold,
}

/// An output format for findings.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For code scanning.
    Sarif,
    /// GitHub annotations.
    Github,
}

/// The lowest level that fails.
#[derive(Clone, Copy, ValueEnum)]
enum Threshold {
    Error,
    Warning,
    Note,
}

impl From<Threshold> for Severity {
    fn from(threshold: Threshold) -> Severity {
        match threshold {
            Threshold::Error => Severity::Error,
            Threshold::Warning => Severity::Warning,
            Threshold::Note => Severity::Note,
        }
    }
}

impl Lint {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.env)?;
        let path = settings.schema(&self.schema)?;
        let sources = schema::sources(&path)?;
        let (mut schemas, mut problems) = (Vec::new(), Vec::new());
        for dialect in settings.dialects(self.dialect) {
            match schema::problems(&sources, dialect) {
                Ok(schema) => schemas.push((dialect, schema)),
                Err(found) => problems.extend(found.problems().iter().cloned()),
            }
        }
        if !problems.is_empty() {
            return Err(Diagnostics::new(&sources, problems).into());
        }
        let found = lint::lint(&schemas, settings.levels());
        output::out(&match self.format {
            Format::Text => render::findings_text(&found, &sources, &path.display().to_string()),
            Format::Json => render::findings_json(&found, &sources),
            Format::Sarif => render::findings_sarif(&found, &sources),
            Format::Github => render::findings_github(&found, &sources),
        });
        let fails = Severity::from(self.level);
        Ok(if found.iter().any(|f| f.level >= fails) { Exit::Error } else { Exit::Done })
    }
}

/// Explains a code.
#[derive(Args)]
pub(super) struct Explain {
    /// The code, as shown by a plan or by `rosey lint`; default: list all codes.
    code: Option<String>,
    /// Output format of the list.
    #[arg(long, value_enum, default_value = "text", conflicts_with = "code")]
    format: Page,
}

/// An output format for the list of codes.
#[derive(Clone, Copy, ValueEnum)]
enum Page {
    /// One line per code.
    Text,
    /// The page for the manual.
    Markdown,
}

impl Explain {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match (self.code, self.format) {
            (Some(code), _) => output::out(&lint::explain(&code).map_err(|near| unknown(&code, near))?.shown()),
            (None, Page::Markdown) => output::out(&lint::page()),
            (None, Page::Text) => output::out(&list()),
        }
        Ok(Exit::Done)
    }
}

fn unknown(code: &str, near: Option<&str>) -> Failure {
    let help = near.map_or_else(|| "run `rosey explain` to list all codes".to_owned(), |near| format!("did you mean `{near}`?"));
    Failure::new(format!("unknown code `{code}`")).help(help)
}

fn list() -> String {
    let all = lint::explanations();
    let width = all.iter().map(|e| e.text.code.len()).max().unwrap_or(0);
    all.iter().map(|e| format!("{:width$}  {:8}  {}\n", e.text.code, e.level, e.text.summary)).collect()
}
