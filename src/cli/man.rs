//! `rosey man`: the manual pages. The options are generated from the arguments; what applies to all commands
//! (exit codes, variables, files) and the examples are here. Pages have no date: the version says how old
//! they are.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man as Page;

use super::error::Failure;
use super::{Exit, command};

/// Writes the manual pages.
#[derive(Args)]
pub(super) struct Man {
    /// The folder for `rosey.1` and one page for each command; it is created if it does not exist.
    folder: PathBuf,
}

type Told = (&'static str, &'static str);

const EXIT_STATUS: [Told; 4] = [
    ("0", "Success, or nothing to do. plan exits with 0 even if it shows a step as BLOCKED."),
    (
        "1",
        "An error, an invalid argument, or an answer other than yes; the message says what was changed, if anything. Also lint findings, files that fmt --check would change, and failed test cases.",
    ),
    ("2", "plan --detailed-exitcode, diff or drift found changes."),
    (
        "3",
        "Refused; nothing was changed: data would be destroyed without permission, rows violate a new constraint, or a saved plan does not match the database.",
    ),
];

const ENVIRONMENT: [Told; 5] = [
    ("ROSEY_DATABASE_URL", "The database, if neither --url nor --env names it."),
    ("NO_COLOR", "Disables color if it is set and not empty."),
    ("PGHOST, PGPORT, PGUSER, PGDATABASE, PGSSLMODE, …", "Defaults for what a PostgreSQL URL leaves out."),
    ("PGPASSWORD, PGPASSFILE", "The password if the URL has none, or the password file (default ~/.pgpass)."),
    ("USER", "The user recorded in the history."),
];

const FILES: [Told; 4] = [
    ("schema.kdl", "The schema, if neither --schema nor rosey.kdl names another."),
    ("rosey.kdl", "The databases and settings of the project, read from the working directory."),
    ("config.json", "Names the database if no flag or variable does."),
    ("*.plan.kdl, *.state.kdl", "Saved plans and states. They are not part of the schema in a folder."),
];

/// Example command lines; the page of a command has those that begin with its name.
const EXAMPLES: [Told; 17] = [
    ("rosey plan --url sqlite:///chat.db", "Shows what would change in a SQLite file."),
    ("rosey plan --out plans/ -m 'add tokens'", "Saves the plan for review."),
    ("rosey plan --detailed-exitcode --format markdown", "In a pipeline: exits with 2 if there are changes."),
    ("rosey apply --env prod", "Shows the plan, asks for approval, and applies it to an environment of rosey.kdl."),
    (
        "rosey apply --auto-approve --allow destroys-column:table.users.column.email",
        "Applies without asking, and allows one column to be dropped.",
    ),
    ("rosey apply plans/ --auto-approve", "Applies saved plans exactly as reviewed."),
    ("rosey inspect --url postgresql://ada@localhost/chat", "Prints the live schema as KDL."),
    ("rosey init --url postgresql://ada@localhost/chat", "Creates a schema file from a database."),
    ("rosey diff old.kdl schema.kdl --dialect sqlite", "Compares two schemas."),
    ("rosey drift --format json", "Shows what was changed outside rosey since the last apply."),
    ("rosey history --verbose", "Shows what was applied, with its SQL."),
    ("rosey rollback -2", "Undoes the last two applies."),
    ("rosey restore --auto-approve", "Restores the newest backup of a SQLite file without asking."),
    ("rosey state pull", "Prints the state of the database, for plan --state."),
    ("rosey lint --dialect postgres", "Shows the risks in the schema file."),
    ("rosey test --filter nickname", "Runs the test cases whose path contains the text."),
    ("rosey graph --format mermaid --dialect sqlite", "Draws the tables of the schema file."),
];

impl Man {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let failed = |e: std::io::Error| Failure::new(format!("cannot write the manual pages to {}: {e}", self.folder.display()));
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let mut command = command().disable_help_subcommand(true);
        command.build();
        self.write(&command).map_err(failed)?;
        Ok(Exit::Done)
    }

    /// Writes the page of a command, and those of its subcommands.
    fn write(&self, command: &clap::Command) -> std::io::Result<()> {
        let source = concat!("rosey ", env!("CARGO_PKG_VERSION"));
        let page = Page::new(command.clone()).source(source).manual("rosey commands");
        let mut text = Vec::new();
        page.render(&mut text)?;
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).replace('-', " ");
        text.extend(section("EXIT STATUS", &EXIT_STATUS).bytes());
        text.extend(section("ENVIRONMENT", &ENVIRONMENT).bytes());
        text.extend(section("FILES", &FILES).bytes());
        let own: Vec<Told> = EXAMPLES.into_iter().filter(|(line, _)| line.starts_with(&format!("{name} "))).collect();
        text.extend(section("EXAMPLES", &own).bytes());
        std::fs::write(self.folder.join(page.get_filename()), text)?;
        command.get_subcommands().filter(|c| !c.is_hide_set()).try_for_each(|c| self.write(c))
    }
}

/// Formats a list of terms with their meanings (man(7)).
fn section(title: &str, told: &[Told]) -> String {
    if told.is_empty() {
        return String::new();
    }
    let item = |(what, means): &Told| format!(".TP\n\\fB{}\\fR\n{}\n", plain(what), plain(means));
    format!(".SH \"{title}\"\n{}", told.iter().map(item).collect::<String>())
}

/// Escapes text so that roff finds no commands in it.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('…', "...");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_a_command_line() {
        for (line, _) in EXAMPLES {
            let words = line.replace("'add tokens'", "add-tokens");
            let parsed = command().try_get_matches_from(words.split(' '));
            assert!(parsed.is_ok(), "{line}: {:?}", parsed.err());
        }
    }

    #[test]
    fn roff_sees_no_command_in_a_text() {
        assert_eq!(plain(".x 'y' a\\b --z"), "\\&.x \\(aqy\\(aq a\\eb \\-\\-z");
    }
}
