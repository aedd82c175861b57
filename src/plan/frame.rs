//! What stands around the steps in a script, so that it does what an apply does.

/// Statements with what they are for, as a comment says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What they are for.
    pub comment: String,
    /// The SQL, without closing semicolons.
    pub statements: Vec<String>,
}

impl Piece {
    /// A piece of a script.
    pub fn new<S: Into<String>>(comment: &str, statements: impl IntoIterator<Item = S>) -> Self {
        Piece { comment: comment.to_owned(), statements: statements.into_iter().map(Into::into).collect() }
    }
}

/// The pieces around the steps, by where they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Before everything, outside the transaction.
    pub head: Vec<Piece>,
    /// In the transaction, before its steps: they stop the script where the database is not as the plan needs it.
    pub begin: Vec<Piece>,
    /// In the transaction, behind its steps.
    pub end: Vec<Piece>,
    /// Behind everything, outside the transaction.
    pub finish: Vec<Piece>,
}
