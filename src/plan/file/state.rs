//! The state of a database as a file, which `rosey state pull` writes and `rosey plan --state` reads. Knows
//! nothing about steps.

use super::{FILE_FORMAT, FileError, NONE, block, blocks, dialect, facts, read_facts, schema, sealed, text_of, word};
use crate::kdl::document::Pen;
use crate::plan::Fact;
use crate::schema::Dialect;

/// The state of a database as stored in a file: enough to plan from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// The dialect.
    pub dialect: Dialect,
    /// The last version in its history.
    pub number: Option<i64>,
    /// The schema, as KDL, with the guards from the history.
    pub current: String,
    /// Other facts about the database.
    pub facts: Vec<Fact>,
    /// The schema after the last apply, in the database's spelling.
    pub recorded: Option<String>,
    /// The same in the schema file's spelling, if the text differs.
    pub written: Option<String>,
}

impl State {
    /// Creates a state without a history.
    pub fn new(dialect: Dialect, current: String, facts: Vec<Fact>) -> Self {
        State { dialect, number: None, current, facts, recorded: None, written: None }
    }

    /// Returns the text of a state file.
    pub fn write(&self) -> String {
        let mut pen = Pen::default();
        pen.comment("The state of a database, written by `rosey state pull`, for `rosey plan --state`.\n\n");
        pen.number("rosey-state", FILE_FORMAT);
        pen.node("dialect", &[self.dialect.word()]);
        if let Some(number) = self.number {
            pen.number("number", number);
        }
        schema(&mut pen, "current", &self.current);
        facts(&mut pen, &self.facts);
        // If the database is unchanged since the last apply, the schema is written only once.
        if let Some(recorded) = &self.recorded {
            if recorded == &self.current { pen.node("recorded-is-current", NONE) } else { schema(&mut pen, "recorded", recorded) }
        }
        if let Some(written) = &self.written {
            schema(&mut pen, "written", written);
        }
        sealed(pen)
    }

    /// Reads a state file.
    ///
    /// # Errors
    /// If it is not a state file, or was changed since it was written.
    pub fn read(text: &str) -> Result<State, FileError> {
        const WHAT: &str = "state file";
        let (blocks, _) = blocks(text, "rosey-state", WHAT)?;
        let current = text_of(&blocks, "current").ok_or(FileError::Other(WHAT))?;
        let same = block(&blocks, "recorded-is-current").map(|_| current.clone());
        Ok(State {
            dialect: dialect(&blocks, WHAT)?,
            number: word(&blocks, "number").and_then(|n| n.parse().ok()),
            facts: read_facts(&blocks),
            recorded: same.or_else(|| text_of(&blocks, "recorded")),
            written: text_of(&blocks, "written"),
            current,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::read_plan;

    fn state() -> State {
        let facts = vec![Fact::new("definition", ["table", "t", "CREATE TABLE t (\n  a -- \"\"\"\n)", ""]), Fact::new::<&str>("empty", [])];
        let text = "table t {\n    column a \"\" {\n        backfill \"\"\"\n            a\n            b\n            \"\"\"\n    }\n}\n";
        State { number: Some(3), written: Some(text.to_owned()), ..State::new(Dialect::Sqlite, text.to_owned(), facts) }
    }

    #[test]
    fn a_state_comes_back_with_other_line_ends_too() {
        let text = state().write();
        let back = State::read(&text).unwrap();
        assert_eq!((back.facts.clone(), back.number), (state().facts, Some(3)));
        assert!(back.current.contains("            a\n"), "{}", back.current);
        assert_eq!(State::read(&format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap(), back);
    }

    #[test]
    fn what_is_not_as_it_was_written_is_refused() {
        let text = state().write();
        assert_eq!(State::read(&text.replace("column a", "column b")), Err(FileError::Edited));
        assert_eq!(State::read(&text[..text.len() / 2]), Err(FileError::CutOff));
        assert_eq!(State::read(&text.replace("rosey-state 1", "rosey-state 2")), Err(FileError::Later { found: "2".to_owned() }));
        assert_eq!(State::read("table t"), Err(FileError::Other("state file")));
        assert_eq!(read_plan(&text), Err(FileError::Other("plan file")));
    }
}
