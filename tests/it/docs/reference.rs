//! docs/commands.md is generated from the arguments; `ROSEY_WRITE_DOCS=1 cargo test --test it docs::` updates it.

use clap::{Arg, ArgAction, Command};

use super::read;

const HEAD: &str = "# Commands

<!-- Written by `ROSEY_WRITE_DOCS=1 cargo test --test it docs::` from the program's own arguments. -->

Every command with every argument, as `rosey COMMAND --help` prints them. The [README](../README.md) describes
what they are for.

Results are written to standard output; the name of the database, progress and errors to standard error. Exit
codes: 0: done, or nothing to do; 1: an error; 2: changes were found (`plan --detailed-exitcode`, `diff` and
`drift`); 3: refused, and nothing was changed; 130 (Ctrl-C) and 143 (SIGTERM): interrupted while nothing was
being changed.

These environment variables are read: `ROSEY_DATABASE_URL` (the database, if neither `--url` nor `--env` names
it), `ROSEY_CACHE_DIR` ([the cache](configuration.md#the-cache)), `NO_COLOR` (no color), PostgreSQL's `PGHOST`,
`PGPORT`, `PGUSER`, `PGPASSWORD`, `PGPASSFILE`, `PGDATABASE`, `PGSSLMODE` and others (what the URL omits), and the
variable that a `url-from` of [rosey.kdl](configuration.md) names.
";

fn reference() -> String {
    let mut command = rosey::cli::command();
    command.build();
    let mut text = HEAD.to_owned();
    describe(&command, &mut text);
    text
}

fn describe(command: &Command, text: &mut String) {
    for sub in command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help") {
        let mut sub = sub.clone();
        let usage = sub.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        text.push_str(&format!("\n## {}\n\n", usage.split(" [").next().unwrap().split(" <").next().unwrap()));
        let about = sub.get_long_about().or(sub.get_about()).map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("{}\n\n```text\n{usage}\n```\n", sentence(&about)));
        let aliases: Vec<String> = sub.get_visible_aliases().map(|a| format!("`{a}`")).collect();
        if !aliases.is_empty() {
            text.push_str(&format!("\nAlso {}.\n", aliases.join(", ")));
        }
        let arguments: Vec<&Arg> = sub.get_arguments().filter(|a| !a.is_hide_set() && !is_everywhere(a)).collect();
        if !arguments.is_empty() {
            text.push_str("\n| argument | description |\n| --- | --- |\n");
        }
        for argument in arguments {
            text.push_str(&format!("| {} | {} |\n", name(argument), what(argument)));
        }
        describe(&sub, text);
    }
}

/// `--help` and `--no-color` are options of every command.
fn is_everywhere(argument: &Arg) -> bool {
    ["help", "no_color", "version"].contains(&argument.get_id().as_str())
}

fn name(argument: &Arg) -> String {
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let names: Vec<&str> = argument.get_value_names().unwrap_or_default().iter().map(|n| n.as_str()).collect();
    let value = if takes { names.join(" ") } else { String::new() };
    let short = argument.get_short().map(|s| format!("-{s}"));
    let long = argument.get_long().map(|l| format!("--{l}"));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    let several = if matches!(argument.get_action(), ArgAction::Append) { "…" } else { "" };
    let shown = format!("{} {value}", flags.join(", "));
    format!("`{}{several}`", shown.trim()).replace('|', "\\|")
}

fn what(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = sentence(&help.replace('\n', " "));
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let values: Vec<String> = argument.get_possible_values().iter().filter(|v| !v.is_hide_set()).map(value).collect();
    if takes && !values.is_empty() {
        text.push_str(&format!(" One of {}.", values.join(", ")));
    }
    let defaults: Vec<String> = argument.get_default_values().iter().map(|v| format!("`{}`", v.to_string_lossy())).collect();
    if takes && !defaults.is_empty() {
        text.push_str(&format!(" Without it: {}.", defaults.join(", ")));
    }
    text.replace('|', "\\|")
}

fn value(value: &clap::builder::PossibleValue) -> String {
    let help = value.get_help().map(|h| format!(" ({})", h.to_string().trim_end_matches('.').to_lowercase()));
    format!("`{}`{}", value.get_name(), help.unwrap_or_default())
}

/// clap removes the full stop at the end.
fn sentence(text: &str) -> String {
    if text.is_empty() || text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

#[test]
fn docs_commands_is_the_programs_own() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let wanted = reference();
    if std::env::var_os("ROSEY_WRITE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(read(&path) == wanted, "docs/commands.md is old: run ROSEY_WRITE_DOCS=1 cargo test --test it docs::");
}

#[test]
fn every_argument_says_what_it_is() {
    fn check(command: &Command) {
        for argument in command.get_arguments().filter(|a| !a.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    let mut command = rosey::cli::command();
    command.build();
    command.debug_assert();
    check(&rosey::cli::command());
}
