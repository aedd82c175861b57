//! `rosey validate`.

use clap::Args;

use super::error::Failure;
use super::settings::Settings;
use super::{EnvArguments, Exit, SchemaArguments, output, schema};
use crate::kdl::{Diagnostics, Sources};
use crate::plan::counted;
use crate::schema::Dialect;

/// Checks the schema file.
#[derive(Args)]
pub(super) struct Validate {
    #[command(flatten)]
    schema: SchemaArguments,
    #[command(flatten)]
    env: EnvArguments,
    /// Check for one kind of database only; default: that of rosey.kdl, otherwise both.
    #[arg(long, value_enum)]
    dialect: Option<Dialect>,
}

impl Validate {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let settings = Settings::load(&self.env)?;
        let path = settings.schema(&self.schema)?;
        let checked = check(&schema::sources(&path)?, &settings.dialects(self.dialect))?;
        if !checked.nothing.is_empty() {
            let whom = checked.nothing.join(" and ");
            output::err(&format!("{} declares nothing for {whom}: plan and apply refuse an empty schema\n", path.display()));
        }
        if !checked.valid.is_empty() {
            output::out(&format!("{} is valid: {}\n", path.display(), checked.valid.join(", ")));
        }
        Ok(Exit::Done)
    }
}

/// A schema without mistakes.
struct Checked {
    /// The number of objects for each dialect, as text.
    valid: Vec<String>,
    /// The dialects for which it declares nothing.
    nothing: Vec<&'static str>,
}

fn check(sources: &Sources, dialects: &[Dialect]) -> Result<Checked, Failure> {
    let mut checked = Checked { valid: Vec::new(), nothing: Vec::new() };
    let mut problems = Vec::new();
    for dialect in dialects {
        match schema::problems(sources, *dialect) {
            Ok(schema) if schema.is_empty() => checked.nothing.push(dialect.word()),
            Ok(schema) => checked.valid.push(format!("{} for {}", counted(schema.len() as i64, "object"), dialect.word())),
            Err(found) => problems.extend(found.problems().iter().cloned()),
        }
    }
    if problems.is_empty() { Ok(checked) } else { Err(Diagnostics::new(sources, problems).into()) }
}

/// Returns the errors that `rosey validate` prints for a schema in one file, `schema.kdl`; none if it is valid for
/// all the dialects and declares something for each.
pub(super) fn errors(text: &str, dialects: &[Dialect]) -> Option<String> {
    let checked = schema::in_kdl(Sources::from_text("schema.kdl", text)).and_then(|sources| check(&sources, dialects));
    match checked {
        Ok(checked) if checked.nothing.is_empty() => None,
        Ok(checked) => Some(format!("schema.kdl declares nothing for {}", checked.nothing.join(" and "))),
        Err(failure) => Some(failure.to_string()),
    }
}
