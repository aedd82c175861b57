//! All codes with what is told of them: the rules', the hazards' and the linter's own. `rosey explain` and the manual's
//! page are made of the same data.

use super::rule::{Rule, Text};
use super::{RULES, Severity, hazards};
use crate::plan::{Code, Level};
use crate::schema::nearest;

/// Said of an exception that nothing needs.
pub(super) const UNUSED_ALLOW: Text = Text {
    code: "unused-allow",
    summary: "An `allow` lets nothing stand.",
    why: "What it was written for has been mended, or stands elsewhere. Left in, it would hide the same mistake when it comes back.",
    instead: "Take it out.",
    example: r#"column id serial primary-key { allow no-primary-key "a log" }    // the table has a key by now"#,
};

/// What a code is said of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Of {
    /// A schema, by `rosey lint`.
    Schema,
    /// A plan.
    Plan,
}

/// A code, and what is told of it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Entry {
    /// What it is said of.
    pub of: Of,
    /// Its text.
    pub text: Text,
    /// Its level in words.
    pub level: &'static str,
    /// The database it is about, in words.
    pub database: &'static str,
}

impl Entry {
    /// As `rosey explain` shows it.
    pub fn shown(&self) -> String {
        let Text { code, summary, why, instead, example } = self.text;
        let example: String = example.lines().map(|l| format!("    {l}\n")).collect();
        let [summary, why, instead] = [summary, why, instead].map(|t| wrapped(t, 100));
        format!("{code} ({}, {})\n\n{summary}\n{why}\n{instead}\n{example}", self.level, self.database)
    }

    /// As a section of the manual, which markdown shows.
    pub fn markdown(&self) -> String {
        let Text { code, summary, why, instead, example } = self.text;
        let head = format!("*{}. {}.* {summary}", capital(self.level), capital(self.database));
        let [head, why, instead] = [head.as_str(), why, instead].map(|t| wrapped(t, 118));
        format!("### {code}\n\n{head}\n{why}\n{instead}\n```\n{example}\n```\n")
    }
}

/// All codes: those of schemas first, each in the order of the alphabet.
pub fn explanations() -> Vec<Entry> {
    let rules = RULES.iter().map(|r| Entry { of: Of::Schema, text: r.text, level: r.level.word(), database: database(r) });
    let unused = Entry { of: Of::Schema, text: UNUSED_ALLOW, level: Severity::Note.word(), database: "SQLite and PostgreSQL" };
    let mut schema: Vec<Entry> = rules.chain([unused]).collect();
    let mut plan: Vec<Entry> = Code::ALL.iter().map(|c| hazards::entry(*c)).collect();
    schema.sort_by_key(|e| e.text.code);
    plan.sort_by_key(|e| e.text.code);
    schema.into_iter().chain(plan).collect()
}

/// The text in lines of at most so many characters, where its words allow it.
fn wrapped(text: &str, width: usize) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

fn database(rule: &Rule) -> &'static str {
    let mut dialects = rule.dialects();
    match (dialects.next(), dialects.next()) {
        (Some(one), None) => one.capabilities().title,
        _ => "SQLite and PostgreSQL",
    }
}

/// What is told of a code.
///
/// # Errors
/// The nearest code there is, if one is near.
pub fn explain(code: &str) -> Result<Entry, Option<&'static str>> {
    let all = explanations();
    match all.iter().find(|e| e.text.code == code) {
        Some(entry) => Ok(*entry),
        None => Err(nearest(code, all.iter().map(|e| e.text.code))),
    }
}

/// All codes for `lint` in `rosey.kdl`, each with the reason where its level cannot be set: what stops an apply stops it
/// whatever the file says.
pub fn levelled() -> Vec<(&'static str, Option<&'static str>)> {
    let of_plan = |code: Code| match code.own_level() {
        Level::Destroys => {
            (code.name(), Some("what destroys data needs leave: --allow CODE:ADDRESS, or `allow-destructive` for all of it"))
        }
        Level::Blocks => (code.name(), Some("it cannot be done as things stand, whatever its level; `rosey explain` tells what helps")),
        Level::Warns | Level::Notes => (code.name(), None),
    };
    let schema = RULES.iter().map(Rule::code).chain([UNUSED_ALLOW.code]).map(|c| (c, None));
    schema.chain(Code::ALL.into_iter().map(of_plan)).collect()
}

/// The manual's page of codes.
pub fn page() -> String {
    let mut text = "# Codes\n\nMade by `rosey explain --format markdown`; change the texts in `src/lint`, not here.\n".to_owned();
    for (of, title) in [
        (Of::Schema, "Of schemas\n\n`rosey lint` finds these; see [lint.md](lint.md)."),
        (Of::Plan, "Of plans\n\nA plan says these of its steps; [hazards.md](hazards.md) tells more of those that stop an apply."),
    ] {
        text.push_str(&format!("\n## {title}\n"));
        for entry in explanations().iter().filter(|e| e.of == of) {
            text.push_str(&format!("\n{}", entry.markdown()));
        }
    }
    text
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_told_once() {
        let all = explanations();
        let mut codes: Vec<&str> = all.iter().map(|e| e.text.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all.len());
        assert!(explain("destroys-table").is_ok());
        assert_eq!(explain("destroy-table").err(), Some(Some("destroys-table")));
        assert_eq!(explain("qqqqqqqqqqqq").err(), Some(None));
    }
}
