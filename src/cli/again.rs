//! The command that makes a saved plan again, with the options of the current command. It contains no
//! password.

use std::borrow::Cow;
use std::path::Path;

use super::{SchemaArguments, TargetArguments};
use crate::engine;
use crate::plan::PlanFile;
use crate::render::masked;

/// How to make a plan again.
#[derive(Debug, Clone, Default)]
pub(super) struct Again {
    flags: Vec<String>,
}

impl Again {
    /// Starts with the same database.
    pub(super) fn on(target: &TargetArguments) -> Again {
        let mut flags = Vec::new();
        let mut say = |flag: &str, value: Option<String>| flags.extend(value.map(|v| format!("{flag} {}", word(&v))));
        let url = |url: &String| if engine::has_password(url) || masked(url) != *url { "URL".to_owned() } else { url.clone() };
        say("--url", target.url.as_ref().map(url));
        say("--env", target.env.env.clone());
        say("--project", target.env.project.as_ref().map(|p| p.display().to_string()));
        say("--config", target.config.as_ref().map(|c| c.display().to_string()));
        Again { flags }
    }

    /// Adds the same schema.
    pub(super) fn to(mut self, schema: &SchemaArguments) -> Again {
        self.flags.extend(schema.schema.as_ref().map(|s| format!("--schema {}", word(&s.display().to_string()))));
        self
    }

    /// Returns the command. If the plan can be read, the command has the options that it was made with.
    pub(super) fn command(&self, path: &Path, plan: Option<&PlanFile>) -> String {
        let mut words = vec!["rosey plan".to_owned()];
        if let Some(number) = plan.and_then(|p| p.back_to) {
            words.push(format!("--to {}", if number == 0 { "base".to_owned() } else { number.to_string() }));
        }
        if plan.is_some_and(|p| p.rebuild_only) {
            words.push("--sqlite-path rebuild".to_owned());
        }
        if plan.is_some_and(|p| p.dialect.capabilities().steps_outside_transaction && !p.online) {
            words.push("--online false".to_owned());
        }
        words.push(format!("--out {}", word(&path.display().to_string())));
        words.extend(self.flags.iter().cloned());
        words.join(" ")
    }
}

/// Quotes a word for a shell. One such as `users.age=0` needs no quotes: `=` is special in the first word only.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    shlex::Quoter::new().allow_nul(true).quote(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::EnvArguments;

    #[test]
    fn a_password_is_left_to_whoever_knows_it() {
        let on = |url: &str| TargetArguments { url: Some(url.to_owned()), env: EnvArguments { env: None, project: None }, config: None };
        let command = |url| Again::on(&on(url)).command(Path::new("plans/a b.plan.kdl"), None);
        assert_eq!(command("postgresql://ada:s3cret@host/chat"), "rosey plan --out 'plans/a b.plan.kdl' --url URL");
        assert_eq!(
            command("postgresql://ada@host/chat?host=/run"),
            "rosey plan --out 'plans/a b.plan.kdl' --url 'postgresql://ada@host/chat?host=/run'"
        );
    }
}
