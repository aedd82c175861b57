//! The settings of a command: its flags first, then those of the environment in `rosey.kdl`, then those for
//! all environments, then the defaults. This order is decided only here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::error::{self, Failure};
use super::target::{Lookup, Target};
use super::{EnvArguments, PlanningArguments, SafetyArguments, SchemaArguments, TargetArguments};
use crate::apply::{self, BackupMode, Identity, PlanOptions};
use crate::kdl::Sources;
use crate::kdl::file::{CONFIGURATION, folder_of, leads_out, read_text};
use crate::kdl::project::{self, Backup, Environment, Project, SqlitePath};
use crate::lint::{self, LeveledFinding, Levels};
use crate::plan::{Counts, Hazard, Level, Plan};
use crate::schema::{Dialect, Schema};

/// The file to look for in the working directory.
const FILE: &str = "rosey.kdl";

/// The settings from outside the command line.
pub(super) struct Settings {
    /// Those of the environment, with those for all environments as fallback.
    chosen: project::Settings,
    levels: Levels,
    environment: Option<Environment>,
    /// Whether the file was given on the command line.
    named: bool,
    /// The names of the environments that can be chosen.
    environments: Vec<String>,
    /// The text of the file; empty if there is none.
    text: String,
}

impl Settings {
    /// Reads `rosey.kdl`, if it exists, and selects the environment.
    pub(super) fn load(arguments: &EnvArguments) -> Result<Settings, Failure> {
        let file = arguments.project.clone();
        let place = file.as_deref().map_or(FILE.to_owned(), |f| f.display().to_string());
        let (project, text) = read(&place, file.is_some())?.unzip();
        let text = text.unwrap_or_default();
        let Some(wanted) = &arguments.env else {
            let Project { common, lint, environments } = project.unwrap_or_default();
            let environments = environments.into_iter().map(|e| e.name).collect();
            let levels = Levels::new(lint);
            return Ok(Settings { chosen: common, levels, environment: None, named: file.is_some(), environments, text });
        };
        let Project { common, lint, environments } = project.ok_or_else(|| no_file(wanted))?;
        match environments.iter().find(|e| e.name == *wanted) {
            Some(found) => {
                let chosen = found.settings.clone().or(common);
                let levels = Levels::new(lint.into_iter().chain(found.lint.clone()));
                let environment = Some(found.clone());
                Ok(Settings { chosen, levels, environment, named: file.is_some(), environments: Vec::new(), text })
            }
            None => Err(unknown(wanted, &environments)),
        }
    }

    /// Returns all that a plan may take from these settings, as text: the file, and which environment was selected.
    pub(super) fn as_text(&self) -> [&str; 2] {
        [&self.text, self.environment.as_ref().map_or("", |e| &e.name)]
    }

    pub(super) fn target(&self, arguments: &TargetArguments) -> Result<Target, Failure> {
        Target::find(arguments, self.environment.as_ref(), self.named, &self.environments)
    }

    /// Returns the database, if anything names one.
    pub(super) fn look_for_target(&self, arguments: &TargetArguments) -> Result<Lookup, Failure> {
        Target::look(arguments, self.environment.as_ref(), self.named)
    }

    /// Returns the schema file or folder.
    pub(super) fn schema(&self, arguments: &SchemaArguments) -> Result<PathBuf, Failure> {
        arguments.schema.clone().map_or_else(|| self.default_schema(), Ok)
    }

    /// Returns the schema file or folder if no flag names one.
    pub(super) fn default_schema(&self) -> Result<PathBuf, Failure> {
        let Some(path) = &self.chosen.schema else { return Ok(PathBuf::from("schema.kdl")) };
        // A file that does not exist has nothing to hide.
        if leads_out(path, Path::new(".")).unwrap_or(false) && !super::schema::is_right(path) {
            let message = format!("{FILE} names {} as the schema; it is outside the project and has errors", path.display());
            return Err(Failure::new(message).help("name it with --schema to see them, or move it into the project"));
        }
        Ok(path.clone())
    }

    /// Returns the dialects that a schema is checked for if no database is used.
    pub(super) fn dialects(&self, flag: Option<Dialect>) -> Vec<Dialect> {
        match flag.or(self.chosen.dialect) {
            Some(one) => vec![one],
            None => Dialect::ALL.to_vec(),
        }
    }

    /// Returns how tables are changed.
    pub(super) fn plan_options(&self, arguments: &PlanningArguments, wait: Duration) -> PlanOptions {
        let path = match arguments.sqlite_path.or(self.chosen.sqlite_path) {
            None | Some(SqlitePath::Cheapest) => apply::SqlitePath::Cheapest,
            Some(SqlitePath::Rebuild) => apply::SqlitePath::Rebuild,
        };
        let online = arguments.online.or(self.chosen.online).unwrap_or(true);
        let engine = apply::EngineOptions::default().by(path).online(online);
        PlanOptions { engine, wait, counts: self.counts(arguments.counts), ..PlanOptions::default() }
    }

    pub(super) fn counts(&self, flag: Option<Counts>) -> Counts {
        flag.or(self.chosen.counts).unwrap_or_default()
    }

    /// Returns the options of an apply.
    pub(super) fn options(&self, arguments: &SafetyArguments, message: Option<String>, identity: Identity) -> apply::Options {
        let allowed = self.chosen.allow_destructive;
        apply::Options {
            allow_destructive: allowed != Some(false) && (arguments.allow_destructive || allowed == Some(true)),
            allowed: arguments.allow.iter().filter(|a| allowed != Some(false) || !a.destroys()).cloned().collect(),
            backup: match arguments.backup.or(self.chosen.backup) {
                None | Some(Backup::Auto) => BackupMode::Auto,
                Some(Backup::Always) => BackupMode::Always,
                Some(Backup::Never) => BackupMode::Never,
            },
            backup_dir: self.backup_dir(arguments.backup_dir.as_deref()),
            keep_backups: arguments.keep_backups.or(self.chosen.keep_backups).map(|n| n as usize),
            lock_timeout: self.lock_timeout(arguments.lock_timeout),
            message,
            identity,
            ..apply::Options::default()
        }
    }

    pub(super) fn backup_dir(&self, flag: Option<&Path>) -> Option<PathBuf> {
        flag.map(Path::to_path_buf).or_else(|| self.chosen.backup_dir.clone())
    }

    /// Returns how long to wait for a lock of another program.
    pub(super) fn lock_timeout(&self, flag: Option<Duration>) -> Duration {
        flag.or(self.chosen.lock_timeout).unwrap_or(Duration::from_secs(10))
    }

    /// Returns whether to proceed without asking.
    pub(super) fn auto_approve(&self, flag: bool) -> bool {
        flag || self.chosen.auto_approve == Some(true)
    }

    /// Returns the levels of findings.
    pub(super) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Returns the lint findings in what a plan changes.
    pub(super) fn found(&self, plan: &Plan, schema: &Schema) -> Vec<LeveledFinding> {
        lint::touched(plan, schema, &self.levels)
    }

    /// Returns the plan with the linter's warnings. `sources` are the schema files, if there are any.
    pub(super) fn linted(&self, plan: &Plan, sources: &Sources) -> Plan {
        let mut plan = plan.clone();
        lint::annotate(&mut plan, &self.levels, sources, &[]);
        plan
    }

    /// Returns the plan as it is judged: with the linter's warnings, the levels of the project, and the given
    /// permissions. Both what is shown and what blocks an apply follow from it.
    pub(super) fn judged(&self, plan: &Plan, sources: &Sources, options: &apply::Options) -> Plan {
        let mut plan = plan.clone();
        lint::annotate(&mut plan, &self.levels, sources, &options.allowed);
        plan.grant_permission(options.allow_destructive, &options.allowed);
        plan
    }

    /// Returns the plan as it is shown. If a policy forbids destroying data, destructive steps stay blocked.
    pub(super) fn shown(&self, judged: &Plan) -> Plan {
        let mut plan = judged.clone();
        if self.chosen.allow_destructive == Some(false) {
            let hazards = plan.steps.iter_mut().flat_map(|s| &mut s.hazards);
            hazards.filter(|h| h.level == Level::Destroys).for_each(|h| h.level = Level::Blocks);
        }
        plan
    }

    /// Returns the plan as it is shown by a command that does not apply it.
    pub(super) fn under_policy(&self, plan: &Plan, sources: &Sources) -> Plan {
        let allow_destructive = self.chosen.allow_destructive == Some(true);
        self.shown(&self.judged(plan, sources, &apply::Options { allow_destructive, ..apply::Options::default() }))
    }

    /// Refuses a plan that is blocked.
    pub(super) fn refuse(&self, judged: &Plan) -> Result<(), Failure> {
        let stops: Vec<Hazard> = judged.hazards().filter(|h| h.stops()).cloned().collect();
        if stops.is_empty() { Ok(()) } else { Err(self.refusal(&stops)) }
    }

    /// Returns the refusal of an apply.
    pub(super) fn refusal(&self, hazards: &[Hazard]) -> Failure {
        error::blocked(hazards, self.policy().as_deref()).refused()
    }

    /// Returns what forbids destroying data.
    fn policy(&self) -> Option<String> {
        let own = self.environment.as_ref().filter(|e| e.settings.allow_destructive.is_some());
        let place = own.map_or(FILE.to_owned(), place);
        (self.chosen.allow_destructive == Some(false)).then_some(place)
    }
}

/// Returns the name of an environment with its file.
pub(super) fn place(environment: &Environment) -> String {
    format!("{FILE}, env {}", environment.name)
}

/// Reads the project file, and returns its text too. One given on the command line must exist.
fn read(file: &str, named: bool) -> Result<Option<(Project, String)>, Failure> {
    let text = match read_text(Path::new(file), CONFIGURATION) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => return Ok(None),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
            return Err(Failure::new(format!("{file} is not UTF-8 text")).help("save the file as UTF-8"));
        }
        Err(e) => return Err(Failure::new(format!("{file} cannot be read: {e}"))),
    };
    let project = project::read(file, &text, &lint::levelled()).map_err(|mistakes| {
        let path = Path::new(file);
        if leads_out(path, &folder_of(path)).unwrap_or(true) {
            return Failure::new(format!("{file} is a symbolic link out of the project, and its target has errors"))
                .help("replace the link with the file itself");
        }
        Failure::mistakes(&mistakes, file)
    })?;
    Ok(Some((project, text)))
}

fn no_file(wanted: &str) -> Failure {
    Failure::new(format!("unknown environment `{wanted}`: there is no {FILE} in the working directory"))
        .help("run rosey in the folder that contains it, or name the database with --url")
}

fn unknown(wanted: &str, known: &[Environment]) -> Failure {
    let names: Vec<&str> = known.iter().map(|e| e.name.as_str()).collect();
    let near = crate::schema::nearest(wanted, names.iter().copied()).map(|near| format!("did you mean `{near}`? "));
    let help = match names.as_slice() {
        [] => format!("it declares no environment; add `env {wanted} {{ url-from VARIABLE }}`"),
        _ => format!("{}available: {}", near.unwrap_or_default(), names.join(", ")),
    };
    Failure::new(format!("{FILE} has no environment `{wanted}`")).help(help)
}

impl ValueEnum for Backup {
    fn value_variants<'a>() -> &'a [Self] {
        &[Backup::Auto, Backup::Always, Backup::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Backup::ALL.iter().find(|(_, value)| value == self).map(|(word, _)| PossibleValue::new(*word))
    }
}

impl ValueEnum for SqlitePath {
    fn value_variants<'a>() -> &'a [Self] {
        &[SqlitePath::Cheapest, SqlitePath::Rebuild]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        SqlitePath::ALL.iter().find(|(_, value)| value == self).map(|(word, _)| PossibleValue::new(*word))
    }
}

impl ValueEnum for Counts {
    fn value_variants<'a>() -> &'a [Self] {
        &[Counts::Full, Counts::Safe, Counts::None]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Counts::ALL.iter().find(|(_, value)| value == self).map(|(word, _)| PossibleValue::new(*word))
    }
}
