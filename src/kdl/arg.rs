//! Reading one word or value of a node: what it may be, and a problem where it is something else.

use ::kdl::{KdlEntry, KdlValue};

use super::limits;
use super::node::Ctx;
use crate::schema::{Expr, Ident, Origin, Problem, Span, nearest};

/// A word or value of a node, with its place.
#[derive(Clone, Copy)]
pub(super) struct Arg<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) entry: &'a KdlEntry,
}

impl<'a> Arg<'a> {
    pub(super) fn value(&self) -> &'a KdlValue {
        self.entry.value()
    }

    pub(super) fn span(&self) -> Span {
        self.ctx.span(self.entry.span())
    }

    pub(super) fn origin(&self) -> Origin {
        Origin(Some(self.span()))
    }

    /// True for `(sql)"…"`. Any other annotation is a problem.
    pub(super) fn is_sql(&self) -> bool {
        match self.entry.ty().map(|t| t.value()) {
            None => false,
            Some("sql") => true,
            Some(other) => {
                let problem = Problem::new(format!("unknown annotation `({other})`"), self.span(), "here");
                self.ctx.problem(problem.help("the only one is (sql), for an expression: (sql)\"CURRENT_TIMESTAMP\""));
                false
            }
        }
    }

    /// The source text of a number.
    pub(super) fn number(&self) -> Option<String> {
        let source = self.entry.format().map(|f| f.value_repr.trim().to_owned());
        match self.value() {
            KdlValue::Integer(i) => Some(source.filter(|s| !s.is_empty()).unwrap_or_else(|| i.to_string())),
            KdlValue::Float(_) => source,
            _ => None,
        }
    }

    /// A storage parameter's value, as the text that the database takes.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        match self.value() {
            KdlValue::Bool(b) => Some(b.to_string()),
            KdlValue::Integer(_) | KdlValue::Float(_) => self.number(),
            _ => self.text(&format!("{name}=")).map(str::to_owned),
        }
    }

    /// A string, or a problem.
    pub(super) fn text(&self, what: &str) -> Option<&'a str> {
        if self.is_sql() {
            let problem = Problem::new(format!("{what} is no expression"), self.span(), "(sql) means nothing here");
            self.ctx.problem(problem.help("take out the (sql)"));
        }
        self.string(what)
    }

    fn string(&self, what: &str) -> Option<&'a str> {
        let text = self.value().as_string();
        if text.is_none() {
            let sql = if self.entry.ty().is_some() { "(sql)" } else { "" };
            let problem = Problem::new(format!("{what} must be a word or a string"), self.span(), "not a string");
            self.ctx.problem(problem.help(format!("write {sql}\"{}\"", self.number().unwrap_or_else(|| self.value().to_string()))));
        }
        if text.is_some_and(|t| t.contains('\0')) {
            let problem = Problem::new(format!("{what} holds a NUL character"), self.span(), "no database takes that");
            self.ctx.problem(problem.help("take it out"));
            return None;
        }
        text
    }

    pub(super) fn ident(&self, what: &str) -> Option<Ident> {
        let text = self.text(what)?;
        if text.is_empty() {
            self.ctx.problem(Problem::new(format!("{what} is empty"), self.span(), "here").help("write a name between the quotes"));
            return None;
        }
        Some(self.ctx.ident(text).at(self.origin()))
    }

    /// SQL, with or without the annotation.
    pub(super) fn expr(&self, what: &str) -> Option<Expr> {
        self.sql(what, limits::EXPRESSION)
    }

    /// The SQL of a whole view or trigger.
    pub(super) fn statement(&self, what: &str) -> Option<Expr> {
        self.sql(what, limits::WORD)
    }

    fn sql(&self, what: &str, longest: usize) -> Option<Expr> {
        self.is_sql();
        let text = self.string(what)?.trim();
        if text.is_empty() {
            self.ctx
                .problem(Problem::new(format!("{what} is empty"), self.span(), "SQL is wanted here").help("write SQL between the quotes"));
            return None;
        }
        if let Some(why) = limits::of_sql(text, longest) {
            let help = "what is that long or deep belongs into a function or a view";
            self.ctx.problem(Problem::new(format!("{what} {why}"), self.span(), "here").help(help));
            return None;
        }
        Some(Expr { origin: self.origin(), ..Expr::new(text) })
    }

    pub(super) fn bool(&self, what: &str) -> bool {
        self.value().as_bool().unwrap_or_else(|| {
            self.ctx
                .problem(Problem::new(format!("{what} is neither #true nor #false"), self.span(), "here").help("write #true or #false"));
            false
        })
    }

    /// One of a fixed set of words.
    pub(super) fn choice<T: Copy>(&self, what: &str, known: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(what)?;
        let found = known.iter().find(|(w, _)| *w == text).map(|(_, t)| *t);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(w, _)| *w).collect();
            let part = words.iter().copied().find(|w| w.split('-').any(|p| p == text));
            let help = match nearest(text, words.iter().copied()).or(part) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("one of: {}", words.join(", ")),
            };
            self.ctx.problem(Problem::new(format!("{what} cannot be `{text}`"), self.span(), "here").help(help));
        }
        found
    }
}
