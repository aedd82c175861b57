//! What a plan that is made without the database has to know of it besides its schema.

/// One such fact, as a line of a state or plan file: a word, and what it says.
///
/// The words are a dialect's own: the texts of SQLite's definitions, PostgreSQL's relations that hold rows. Never a row's
/// value, and never how many rows there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Which kind of fact.
    pub name: String,
    /// What it says.
    pub args: Vec<String>,
}

impl Fact {
    /// A fact.
    pub fn new<S: Into<String>>(name: &str, args: impl IntoIterator<Item = S>) -> Self {
        Fact { name: name.to_owned(), args: args.into_iter().map(Into::into).collect() }
    }
}
