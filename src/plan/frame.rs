//! What stands around the steps in a script, so that it does what an apply does.

use super::{Code, Hazard, Level, Plan, Step};

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
    /// Behind the transaction, before the steps that are outside of it: these may be run again by themselves.
    pub tail: Vec<Piece>,
    /// Behind everything, outside the transaction.
    pub finish: Vec<Piece>,
}

/// What a script counts before it changes anything, of steps that have not been counted: what stops an apply, and the plan
/// has not found. What is dropped is dropped whatever it holds, and what the plan says it destroys has been given leave for.
pub fn counted_again<'s>(uncounted: &'s [Step], plan: &'s Plan) -> impl Iterator<Item = (&'s Step, &'s Hazard)> {
    let same = |a: &Hazard, b: &Hazard| (a.code, &a.address, &a.message) == (b.code, &b.address, &b.message);
    let found = move |h: &Hazard| plan.hazards().any(|k| same(k, h) && (k.count.is_some() || k.level == Level::Destroys));
    let is_drop = |h: &Hazard| matches!(h.code, Code::DestroysTable | Code::DestroysColumn);
    let all = uncounted.iter().flat_map(|s| s.hazards.iter().map(move |h| (s, h)));
    all.filter(move |(_, h)| h.level != Level::Warns && h.probe.is_some() && !is_drop(h) && !found(h))
}
