//! Facts that a plan made without the database needs in addition to the schema.

/// A fact about a database, as a line of a state or plan file: a word and its arguments.
///
/// The words are specific to the dialect: SQLite's stored definitions, PostgreSQL's relations that contain
/// rows. Never a value from a row, and never a number of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The kind of fact.
    pub name: String,
    /// The arguments.
    pub args: Vec<String>,
}

impl Fact {
    /// Creates a fact.
    pub fn new<S: Into<String>>(name: &str, args: impl IntoIterator<Item = S>) -> Self {
        Fact { name: name.to_owned(), args: args.into_iter().map(Into::into).collect() }
    }
}
