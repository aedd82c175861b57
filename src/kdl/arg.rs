//! Reads one argument or value of a node, and reports a problem if it is not of the expected kind.

use ::kdl::{KdlEntry, KdlValue};

use super::limits;
use super::node::Ctx;
use super::number;
use crate::schema::{Expr, Ident, Origin, Problem, Span, nearest};

/// An argument or value of a node, with its position.
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

    /// Returns whether it is annotated `(sql)"…"`. Any other annotation is a problem.
    pub(super) fn is_sql(&self) -> bool {
        match self.entry.ty().map(|t| t.value()) {
            None => false,
            Some("sql") => true,
            Some(other) => {
                let problem = Problem::new(format!("unknown type annotation `({other})`"), self.span(), "here");
                self.ctx.problem(problem.help("the only type annotation is (sql), which marks an expression: (sql)\"CURRENT_TIMESTAMP\""));
                false
            }
        }
    }

    /// Returns it as written, with its annotation.
    pub(super) fn source(&self) -> String {
        let value = self.entry.format().map_or_else(|| self.value().to_string(), |f| f.value_repr.trim().to_owned());
        self.entry.ty().map_or_else(|| value.clone(), |ty| format!("({}){value}", ty.value()))
    }

    /// Returns a number in plain decimal, or reports a problem if SQL has no such number. Returns `None`
    /// without a problem if it is not a number.
    pub(super) fn number(&self) -> Option<String> {
        if !matches!(self.value(), KdlValue::Integer(_) | KdlValue::Float(_)) {
            return None;
        }
        let source = self.entry.format().map_or("", |f| f.value_repr.trim());
        let plain = number::plain(self.value(), source);
        if plain.is_none() {
            let problem = Problem::new(format!("`{source}` is not a valid SQL number"), self.span(), "here");
            let text = if source.contains("nan") { "'NaN'" } else { "'Infinity'" };
            let help = format!("write the number in digits; for a float or numeric column in PostgreSQL, write (sql)\"{text}\"");
            self.ctx.problem(problem.help(help));
        }
        plain
    }

    /// Returns the value of a storage parameter, as the text that the database takes.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        match self.value() {
            KdlValue::Bool(b) => Some(b.to_string()),
            KdlValue::Integer(_) | KdlValue::Float(_) => self.number(),
            _ => {
                let text = self.text(&format!("`{name}=`"))?;
                if number::is_odd(text) {
                    let problem = Problem::new(format!("`{name}=` is not a plain decimal number"), self.span(), "here");
                    self.ctx.problem(problem.help("use decimal digits only"));
                }
                Some(text.to_owned())
            }
        }
    }

    /// Returns a string, or reports a problem.
    pub(super) fn text(&self, what: &str) -> Option<&'a str> {
        if self.is_sql() {
            let problem = Problem::new(format!("{what} cannot be an expression"), self.span(), "(sql) is not allowed here");
            self.ctx.problem(problem.help("remove the (sql)"));
        }
        self.string(what)
    }

    fn string(&self, what: &str) -> Option<&'a str> {
        let text = self.value().as_string();
        if text.is_none() {
            let (sql, source) = (if self.entry.ty().is_some() { "(sql)" } else { "" }, self.source());
            let plain = self.entry.format().and_then(|f| number::plain(self.value(), f.value_repr.trim()));
            let value = plain.as_deref().unwrap_or_else(|| source.strip_prefix(sql).unwrap_or(&source));
            let message =
                if sql.is_empty() { format!("{what} must be a string") } else { "`(sql)` must be followed by a string".to_owned() };
            let problem = Problem::new(message, self.span(), "not a string");
            self.ctx.problem(problem.help(format!("write {sql}\"{value}\"")));
        }
        text.filter(|t| self.has_no_nul(what, t))
    }

    /// Returns a string that becomes a value, or reports a problem. Any text without NUL is accepted.
    pub(super) fn value_text(&self, what: &str) -> Option<&'a str> {
        self.value().as_string().filter(|t| self.has_no_nul(what, t))
    }

    fn has_no_nul(&self, what: &str, text: &str) -> bool {
        let has = text.contains('\0');
        if has {
            let problem = Problem::new(format!("{what} contains a NUL character"), self.span(), "no database accepts it");
            self.ctx.problem(problem.help("remove it"));
        }
        !has
    }

    pub(super) fn ident(&self, what: &str) -> Option<Ident> {
        let text = self.text(what)?;
        // SQLite has empty names.
        if text.is_empty() && !self.ctx.has_empty_names() {
            self.ctx.problem(Problem::new(format!("{what} is empty"), self.span(), "here").help("write a name between the quotes"));
            return None;
        }
        Some(self.ctx.ident(text).at(self.origin()))
    }

    /// Returns SQL, with or without the annotation.
    pub(super) fn expr(&self, what: &str) -> Option<Expr> {
        self.sql(what, limits::EXPRESSION)
    }

    /// Returns the SQL of a whole view or trigger.
    pub(super) fn statement(&self, what: &str) -> Option<Expr> {
        self.sql(what, limits::WORD)
    }

    fn sql(&self, what: &str, longest: usize) -> Option<Expr> {
        self.is_sql();
        let text = self.string(what)?.trim();
        if text.is_empty() {
            self.ctx
                .problem(Problem::new(format!("{what} is empty"), self.span(), "SQL expected here").help("write SQL between the quotes"));
            return None;
        }
        if let Some(why) = limits::of_sql(text, longest) {
            let help = "move long or deeply nested SQL into a function or a view";
            self.ctx.problem(Problem::new(format!("{what} {why}"), self.span(), "here").help(help));
            return None;
        }
        Some(Expr { origin: self.origin(), ..Expr::new(text) })
    }

    pub(super) fn bool(&self, what: &str) -> bool {
        self.value().as_bool().unwrap_or_else(|| {
            self.ctx.problem(Problem::new(format!("{what} must be #true or #false"), self.span(), "here").help("write #true or #false"));
            false
        })
    }

    /// Returns one of a fixed set of words, which are the values of `what`.
    pub(super) fn choice<T: Copy>(&self, what: &str, known: &[(&'static str, T)]) -> Option<T> {
        self.one_of(what, known, |text| format!("invalid value `{text}` for {what}"))
    }

    /// Returns a flag: a word without a value.
    pub(super) fn flag<T: Copy>(&self, what: &str, known: &[(&'static str, T)]) -> Option<T> {
        self.one_of(&format!("a {what}"), known, |text| format!("unknown {what} `{text}`"))
    }

    fn one_of<T: Copy>(&self, what: &str, known: &[(&'static str, T)], message: impl Fn(&str) -> String) -> Option<T> {
        let text = self.text(what)?;
        let found = known.iter().find(|(w, _)| *w == text).map(|(_, t)| *t);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(w, _)| *w).collect();
            let part = words.iter().copied().find(|w| w.split('-').any(|p| p == text));
            let help = match nearest(text, words.iter().copied()).or(part) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("expected one of: {}", words.join(", ")),
            };
            self.ctx.problem(Problem::new(message(text), self.span(), "here").help(help));
        }
        found
    }
}
