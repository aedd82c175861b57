//! What surrounds the steps in a script, so that the script does what an apply does.

use super::{Code, Hazard, Level, Plan, Step};

/// Statements and their purpose, which becomes a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The purpose.
    pub comment: String,
    /// The SQL, without terminating semicolons.
    pub statements: Vec<String>,
}

impl Piece {
    /// Creates a piece of a script.
    pub fn new<S: Into<String>>(comment: &str, statements: impl IntoIterator<Item = S>) -> Self {
        Piece { comment: comment.to_owned(), statements: statements.into_iter().map(Into::into).collect() }
    }
}

/// The pieces around the steps, by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Before everything, outside the transaction.
    pub head: Vec<Piece>,
    /// In the transaction, before its steps: they stop the script if the database is not as the plan
    /// requires.
    pub begin: Vec<Piece>,
    /// In the transaction, after its steps.
    pub end: Vec<Piece>,
    /// After the transaction, before the steps outside it, which can be run again by themselves.
    pub tail: Vec<Piece>,
    /// After everything, outside the transaction.
    pub finish: Vec<Piece>,
}

/// Returns the hazards that a script counts before it changes anything: those that stop an apply and that the
/// plan did not find. Drops are not counted again, and what the plan says it destroys has been permitted.
pub fn counted_again<'s>(uncounted: &'s [Step], plan: &'s Plan) -> impl Iterator<Item = (&'s Step, &'s Hazard)> {
    let same = |a: &Hazard, b: &Hazard| (a.code, &a.address, &a.message) == (b.code, &b.address, &b.message);
    let found = move |h: &Hazard| plan.hazards().any(|k| same(k, h) && (k.count.is_some() || k.level == Level::Destroys));
    let is_drop = |h: &Hazard| matches!(h.code, Code::DestroysTable | Code::DestroysColumn);
    let all = uncounted.iter().flat_map(|s| s.hazards.iter().map(move |h| (s, h)));
    all.filter(move |(_, h)| h.level != Level::Warns && h.probe.is_some() && !is_drop(h) && !found(h))
}
