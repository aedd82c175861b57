//! Recognizes command lines of other programs: Terraform's `-out=x`, Alembic's `upgrade head`, a database as
//! an argument. Each gets a hint with rosey's form. Runs nothing, and is used only if the command line is
//! invalid anyway.

use super::again::word;
use super::target::shown;

/// Commands of other migrators, and their counterparts.
const COMMANDS: [(&[&str], &str); 13] = [
    (
        &["upgrade", "migrate", "push", "up", "deploy", "sync", "update", "run"],
        "use rosey apply to bring the database to the schema in schema.kdl",
    ),
    (&["downgrade", "down", "undo", "revert", "back"], "use rosey rollback to undo the last apply"),
    (
        &["revision", "makemigrations", "generate", "new", "create", "add", "make"],
        "there are no migrations to write: edit schema.kdl, then save the plan with rosey plan --out plans/ -m MESSAGE",
    ),
    (
        &["pull", "introspect", "import", "dump", "reverse"],
        "use rosey inspect to print the live schema as KDL, or rosey init to start a project from it",
    ),
    (&["heads", "branches", "showmigrations", "info", "version"], "use rosey status to see the current version and the pending plans"),
    (&["log", "list", "ls"], "use rosey history to see what was applied, when and by whom"),
    (
        &["check", "test-plan"],
        "use rosey plan --detailed-exitcode, which exits with 2 if there are changes, or rosey validate to check only the file",
    ),
    (&["format"], "use rosey fmt to format schema files"),
    (&["destroy", "drop", "reset", "wipe"], "remove the objects from schema.kdl; rosey apply --allow-destructive then drops them"),
    (
        &["mark", "baseline", "fake", "resolve"],
        "use rosey stamp to record that the database matches the schema, without changing anything else",
    ),
    (&["studio", "visualize", "erd"], "use rosey graph to draw the schema"),
    (&["sql", "script", "sqlmigrate"], "use rosey plan --format sql to print the script"),
    (&["refresh", "taint", "untaint", "workspace"], "rosey reads the live database each time; there is no state to refresh"),
];

/// Options of other programs that have no counterpart of the same name.
const OPTIONS: [(&str, &str); 17] = [
    ("yes", "use --auto-approve to skip the question"),
    ("y", "use --auto-approve to skip the question"),
    ("force", "remove it; see --help for what can be allowed or skipped"),
    ("dry-run", "use rosey plan to see what an apply would do"),
    ("database-url", "use --url"),
    ("database", "use --url"),
    ("db", "use --url"),
    ("o", "use --out"),
    ("destroy", "remove the objects from schema.kdl; rosey apply --allow-destructive then drops them"),
    ("upgrade", "remove it: rosey init has nothing to upgrade"),
    ("reconfigure", "remove it: rosey init has no backend"),
    ("input", "use --auto-approve to skip the question"),
    ("json", "use --format json"),
    ("no-color", "use --no-color"),
    ("refresh", "remove it: rosey reads the live database each time"),
    ("lock", "remove it: an apply always takes its lock"),
    ("target", "remove it: a plan covers the whole schema; use `ignore` in schema.kdl to exclude objects"),
];

/// Returns what is wrong with the command line and what to write, if it is one of another program.
pub(super) fn hint(command: &clap::Command, words: &[String]) -> Option<(String, String)> {
    let at = words.iter().position(|w| !w.starts_with('-'))?;
    let first = words[at].as_str();
    let Some(known) = command.get_subcommands().find(|c| c.get_name() == first || c.get_all_aliases().any(|a| a == first)) else {
        return foreign_command(&words[at..]);
    };
    let rest = &words[at + 1..];
    if let Some(inner) = rest.first().filter(|w| known.get_subcommands().any(|c| c.get_name() == *w)) {
        let at = rest.iter().position(|w| w == inner)?;
        return hint(known, &rest[at..]).map(|(wrong, help)| (wrong, help.replacen("use rosey ", &format!("use rosey {first} "), 1)));
    }
    let found = rest.iter().enumerate().find_map(|(i, w)| of_option(known, w, rest.get(i + 1)));
    found.or_else(|| of_word(known, rest))
}

/// Recognizes `rosey upgrade head`, `rosey db push`.
fn foreign_command(words: &[String]) -> Option<(String, String)> {
    let group = ["db", "migration", "migrations", "schema", "alembic", "database", "terraform"];
    let name = words.iter().find(|w| !group.contains(&w.as_str())).or(words.first())?.to_lowercase();
    let (_, help) = COMMANDS.iter().find(|(names, _)| names.contains(&name.as_str()))?;
    Some((format!("rosey has no command `{}`", words[0]), (*help).to_owned()))
}

/// Recognizes `-out=x`, `-auto-approve`, `-destroy`: one hyphen before a whole word.
fn of_option(command: &clap::Command, given: &str, next: Option<&String>) -> Option<(String, String)> {
    let double = given.starts_with("--");
    let bare = given.strip_prefix("--").or_else(|| given.strip_prefix('-'))?;
    let (name, value) = bare.split_once('=').map_or((bare, None), |(n, v)| (n, Some(v)));
    let name = name.replace('_', "-");
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let wrong = format!("{} has no option `{}`", command.get_name(), given.split('=').next().unwrap_or(given));
    // One letter is an option of its own, such as `-v`.
    let is_short = |a: &&clap::Arg| !double && name.len() == 1 && a.get_short().is_some_and(|s| name.starts_with(s));
    if command.get_arguments().any(|a| is_short(&a)) {
        return None;
    }
    let own = command.get_arguments().find(|a| a.get_long() == Some(name.as_str()));
    if let Some(own) = own {
        let takes = own.get_action().takes_values();
        let value = value.or_else(|| next.map(String::as_str).filter(|n| takes && !n.starts_with('-')));
        let value = value.filter(|_| takes).map(|v| format!(" {}", shell(v))).unwrap_or_default();
        // With two hyphens it is right, and the mistake is elsewhere.
        return (!double || bare.split('=').next() != Some(name.as_str())).then(|| (wrong, format!("use --{name}{value}")));
    }
    let (_, help) = OPTIONS.iter().find(|(n, _)| *n == name)?;
    // What it names must be an option of this very command.
    let lacks = |option: &str| help.contains(option) && !command.get_arguments().any(|a| option.strip_prefix("--") == a.get_long());
    if ["--auto-approve", "--url", "--out", "--format"].iter().any(|o| lacks(o)) {
        return Some((wrong, "remove it".to_owned()));
    }
    Some((wrong, (*help).to_owned()))
}

/// Recognizes `rosey plan app.db`: an argument that must be the value of an option.
fn of_word(command: &clap::Command, rest: &[String]) -> Option<(String, String)> {
    let takes = |name: &str| command.get_arguments().any(|a| a.get_long() == Some(name));
    if command.get_positionals().next().is_some_and(|a| a.get_num_args().is_some_and(|n| n.max_values() > 1)) {
        return None;
    }
    let valued = |flag: &str| {
        let own = command.get_arguments().find(|a| {
            flag.strip_prefix("--").is_some_and(|f| a.get_long() == Some(f)) || (flag.len() == 2 && a.get_short() == flag.chars().nth(1))
        });
        own.is_some_and(|a| a.get_action().takes_values())
    };
    let alone = rest.iter().enumerate().filter(|(i, w)| !w.starts_with('-') && (*i == 0 || !valued(&rest[i - 1])));
    let (_, text) = alone.into_iter().next()?;
    let name = command.get_name();
    let wrong = format!("{name} does not take the argument `{}`", shown(text));
    if names_database(text) && takes("url") {
        return Some((wrong, format!("use rosey {name} --url {}", shell(text))));
    }
    let is_schema = text.ends_with(".kdl") || text.ends_with(".sql") || text.ends_with('/') || std::path::Path::new(text).is_dir();
    if is_schema && takes("schema") {
        return Some((wrong, format!("use rosey {name} --schema {}", shell(text))));
    }
    None
}

/// Returns whether the word is a URL or path that clearly names a database.
pub(super) fn names_database(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| crate::engine::dialect_of_scheme(scheme).is_some())
        || super::config::has_database_extension(std::path::Path::new(text))
}

/// Returns a value quoted for a shell, without passwords.
pub(super) fn shell(text: &str) -> String {
    if crate::engine::has_password(text) { "URL".to_owned() } else { word(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        hint(&super::super::command(), &words).map(|(wrong, help)| format!("{wrong}: {help}")).unwrap_or_default()
    }

    #[test]
    fn other_programs_forms_get_a_hint() {
        for (line, wanted) in [
            ("plan app.db", "plan does not take the argument `app.db`: use rosey plan --url app.db"),
            ("plan -v sqlite:///x", "plan does not take the argument `sqlite:///x`: use rosey plan --url sqlite:///x"),
            ("status postgresql://a:s3cret@h/d", "status does not take the argument `postgresql://a@h/d`: use rosey status --url URL"),
            ("plan db/schema.kdl", "plan does not take the argument `db/schema.kdl`: use rosey plan --schema db/schema.kdl"),
            ("plan -out=x", "plan has no option `-out`: use --out x"),
            ("plan -out x", "plan has no option `-out`: use --out x"),
            ("apply -auto-approve", "apply has no option `-auto-approve`: use --auto-approve"),
            ("apply --auto_approve", "apply has no option `--auto_approve`: use --auto-approve"),
            ("plan -detailed-exitcode", "plan has no option `-detailed-exitcode`: use --detailed-exitcode"),
            ("apply --yes", "apply has no option `--yes`: use --auto-approve to skip the question"),
            ("apply -y", "apply has no option `-y`: use --auto-approve to skip the question"),
            ("plan --yes", "plan has no option `--yes`: remove it"),
            ("apply --dry-run", "apply has no option `--dry-run`: use rosey plan to see what an apply would do"),
            ("plan -o x", "plan has no option `-o`: use --out"),
            ("plan -v --nonsense", ""),
            ("init -upgrade", "init has no option `-upgrade`: remove it: rosey init has nothing to upgrade"),
            ("upgrade head", "rosey has no command `upgrade`: use rosey apply to bring the database to the schema in schema.kdl"),
            ("migrate", "rosey has no command `migrate`: use rosey apply to bring the database to the schema in schema.kdl"),
            ("db push", "rosey has no command `db`: use rosey apply to bring the database to the schema in schema.kdl"),
            ("downgrade -1", "rosey has no command `downgrade`: use rosey rollback to undo the last apply"),
            ("state pull app.db", "pull does not take the argument `app.db`: use rosey state pull --url app.db"),
            ("rollback app.db", "rollback does not take the argument `app.db`: use rosey rollback --url app.db"),
            ("plan --nonsense", ""),
            ("nonsense", ""),
            ("plan --url app.db --nonsense", ""),
        ] {
            assert_eq!(said(line), wanted, "{line}");
        }
        assert!(said("plan -destroy").contains("--allow-destructive"));
        assert!(said("revision --autogenerate").contains("rosey plan --out plans/"));
    }
}
