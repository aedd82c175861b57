//! A case of `rosey test`: a schema before, rows, a schema after, and what is expected of the change between
//! them.
//!
//! Its `before` and `after` contain the schema language itself; they keep their positions in the file, so
//! that mistakes are shown in place. Declarations for another dialect (`only=`) are skipped.

use std::path::PathBuf;

use ::kdl::KdlValue;

use super::arg::Arg;
use super::fmt::{Kind, lex};
use super::node::{Ctx, Node};
use super::{Diagnostics, Sources, parse};
use crate::schema::{Dialect, Problem, Span, nearest};

/// One of the two schemas of a case.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Side {
    /// Written in the case itself.
    Inline(Sources),
    /// In a file or folder, by its path relative to the folder of the case.
    File(PathBuf),
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// `#null`.
    Null,
    /// `#true` or `#false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A bare word or a string.
    Text(String),
    /// `(sql)"…"`.
    Sql(String),
}

/// A row: its table, the table's schema if given, and the values of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// PostgreSQL: the table's schema.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// Columns with their values.
    pub cells: Vec<(String, Value)>,
}

/// A case, as read for one dialect.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Case {
    /// The only dialect that it is for.
    pub only: Option<Dialect>,
    /// The schema of the database; `None` for an empty one.
    pub before: Option<Side>,
    /// The rows to insert.
    pub rows: Vec<Row>,
    /// The desired schema.
    pub after: Side,
    /// Whether the apply may destroy data.
    pub allow_destructive: bool,
    /// Texts that the plan must contain.
    pub plan: Vec<String>,
    /// Whether the plan must be empty.
    pub no_changes: bool,
    /// Hazards that must block the apply.
    pub blocked: Vec<String>,
    /// The rows that tables must contain afterwards.
    pub expected: Vec<Row>,
    /// Queries, each with the text of the single value that it must return afterwards.
    pub values: Vec<(String, String)>,
}

/// The nodes of a case.
const NODES: [&str; 10] =
    ["only", "before", "rows", "after", "allow-destructive", "expect", "expect-plan", "expect-blocked", "expect-rows", "expect-value"];

/// The only argument of `expect`.
const EXPECT: &str = "no changes";

/// Reads a case for one dialect. `name` is the name of the file, `codes` are the codes of hazards.
///
/// # Errors
/// If the file has mistakes; those inside `before` and `after` are reported when their schema is read.
pub fn read(name: &str, text: &str, dialect: Dialect, codes: &[&str]) -> Result<Case, Diagnostics> {
    let ctx = Ctx::new(0, dialect);
    let mut draft = Draft { name, text, codes, ..Draft::default() };
    let parsed = parse::parse(0, text, |start, document| {
        ctx.starts_at(start);
        document.nodes().iter().filter_map(|n| ctx.open(n)).for_each(|node| draft.take(node));
    });
    let mut problems = parsed.err().unwrap_or_default();
    problems.extend(ctx.into_problems());
    let start = Span { file: 0, start: 0, len: 0 };
    if draft.after.is_none() && problems.is_empty() {
        problems.push(
            Problem::new("the test case has no `after`", start, "in this file").help("write `after { … }` or `after schema=\"FILE\"`"),
        );
    }
    match draft.after {
        Some(after) if problems.is_empty() => Ok(Case {
            only: draft.only,
            before: draft.before,
            rows: draft.rows,
            after,
            allow_destructive: draft.allow_destructive,
            plan: draft.plan,
            no_changes: draft.no_changes,
            blocked: draft.blocked,
            expected: draft.expected,
            values: draft.values,
        }),
        _ => Err(Diagnostics::new(&Sources::from_text(name, text), problems)),
    }
}

/// A case being read.
#[derive(Default)]
struct Draft<'t> {
    name: &'t str,
    text: &'t str,
    codes: &'t [&'t str],
    only: Option<Dialect>,
    before: Option<Side>,
    rows: Vec<Row>,
    after: Option<Side>,
    allow_destructive: bool,
    plan: Vec<String>,
    no_changes: bool,
    blocked: Vec<String>,
    expected: Vec<Row>,
    values: Vec<(String, String)>,
}

impl Draft<'_> {
    fn take(&mut self, mut node: Node) {
        match node.name() {
            "only" => {
                let known = Dialect::ALL.map(|d| (d.word(), d));
                let word = node.required("a dialect", "write `only sqlite` or `only postgres`");
                self.only = word.and_then(|a| a.choice("only", &known));
                node.finish(&[]);
            }
            "before" if is_first(self.before.is_none(), &node) => self.before = self.side(node),
            "after" if is_first(self.after.is_none(), &node) => self.after = self.side(node),
            "before" | "after" => {}
            "rows" => self.rows.extend(rows(node, false)),
            "expect-rows" => self.expected.extend(rows(node, true)),
            "allow-destructive" => {
                self.allow_destructive = true;
                node.finish(&[]);
            }
            "expect" => self.no_changes |= expect(node),
            "expect-plan" => self.plan.extend(words(node, "the expected plan text", 1).pop()),
            "expect-blocked" => self.blocked.extend(code(node, self.codes)),
            "expect-value" => {
                if let [query, value] = words(node, "a query and its expected value", 2).as_slice() {
                    self.values.push((query.clone(), value.clone()));
                }
            }
            _ => node.unknown("node", &NODES),
        }
    }

    /// Reads a schema: `before schema="old.kdl"`, or the text between the braces, at its position in an
    /// otherwise blank text.
    fn side(&self, mut node: Node) -> Option<Side> {
        let file = node.prop_text("schema").filter(|f| !f.is_empty()).map(PathBuf::from);
        let (inner, name) = (self.inner(&node), node.name());
        match (&file, &inner) {
            (Some(_), Some(_)) => node.problem(format!("`{name}` has both a file and a children block"), "here", "keep one of the two"),
            (None, None) => {
                node.problem(format!("`{name}` has no schema"), "here", format!("write `{name} {{ … }}` or `{name} schema=\"FILE\"`"));
            }
            _ => {}
        }
        node.finish(&["any"]);
        file.map(Side::File).or(inner.map(|text| Side::Inline(Sources::from_text(self.name, &text))))
    }

    fn inner(&self, node: &Node) -> Option<String> {
        let whole = node.whole().range();
        let tokens: Vec<_> = lex(self.text.get(whole.clone())?).into_iter().collect();
        let open = tokens.iter().find(|t| t.kind == Kind::Open)?.start + whole.start;
        let close = tokens.iter().rfind(|t| t.kind == Kind::Close)?.start + whole.start;
        let keep = |(at, c): (usize, char)| {
            let kept = (at > open && at < close) || c == '\n';
            if kept { c.to_string() } else { " ".repeat(c.len_utf8()) }
        };
        Some(self.text.char_indices().map(keep).collect())
    }
}

/// Reports a problem if it is not the first.
fn is_first(first: bool, node: &Node) -> bool {
    if !first {
        node.problem(format!("`{}` is specified twice", node.name()), "the second", "keep one of the two");
    }
    first
}

/// Reads `expect "no changes"`.
fn expect(mut node: Node) -> bool {
    let help = format!("write `expect \"{EXPECT}\"`");
    let word = node.required("a value", &help);
    let said = word.and_then(|a| a.choice("expect", &[(EXPECT, ())])).is_some();
    node.finish(&[]);
    said
}

/// Reads exactly `count` arguments; returns none if one is missing.
fn words(mut node: Node, what: &str, count: usize) -> Vec<String> {
    let help = format!("write `{}{}`", node.name(), " \"…\"".repeat(count));
    let taken: Vec<Arg> = (0..count).map_while(|_| node.required(what, &help)).collect();
    let text = |arg: &Arg| arg.number().or_else(|| arg.text(what).map(str::to_owned));
    let texts: Vec<String> = taken.iter().filter_map(text).collect();
    node.finish(&[]);
    if texts.len() == count { texts } else { Vec::new() }
}

/// Reads the code of a hazard and checks that it exists.
fn code(mut node: Node, codes: &[&str]) -> Option<String> {
    let arg = node.required("a hazard code", "write `expect-blocked CODE`");
    let code = arg.and_then(|a| a.text("a hazard code").map(str::to_owned));
    if let Some(code) = code.as_ref().filter(|c| !codes.contains(&c.as_str())) {
        let near = nearest(code, codes.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let help = near.unwrap_or_else(|| "`rosey explain` lists all codes".to_owned());
        node.problem(format!("unknown hazard code `{code}`"), "here", help);
    }
    node.finish(&[]);
    code
}

/// Reads rows; expected ones may name a table without values to say that it is empty.
fn rows(node: Node, expected: bool) -> Vec<Row> {
    let found: Vec<Row> = node.children().into_iter().filter_map(|n| row(n, expected)).collect();
    let same = |a: &Row, b: &Row| a.table == b.table && a.schema == b.schema;
    for empty in found.iter().filter(|r| r.cells.is_empty()) {
        if found.iter().any(|r| same(r, empty) && !r.cells.is_empty()) {
            node.problem(format!("`{}` is listed both without rows and with rows", empty.table), "here", "keep one of the two");
        }
    }
    node.finish(&["any"]);
    found
}

/// Reads `users id=1 name=Ada`; `"audit.log" id=1` is in the schema `audit`, if the database has schemas.
fn row(mut node: Node, may_be_none: bool) -> Option<Row> {
    let (name, dialect) = (node.name(), node.ctx.dialect);
    let (schema, table) = match name.split_once('.').filter(|_| dialect.capabilities().has_schemas) {
        Some((schema, table)) => (Some(schema.to_owned()), table.to_owned()),
        None => (None, name.to_owned()),
    };
    let cells: Vec<(String, Value)> =
        node.rest_props().into_iter().filter_map(|(name, arg)| Some((name.to_owned(), value(&arg)?))).collect();
    let whole = !cells.is_empty() || may_be_none;
    if !whole {
        node.problem("the row has no values", "here", format!("write `{name} COLUMN=VALUE …`"));
    }
    node.finish(&[]);
    whole.then_some(Row { schema, table, cells })
}

fn value(arg: &Arg) -> Option<Value> {
    if arg.is_sql() {
        return arg.expr("a value").map(|e| Value::Sql(e.text));
    }
    Some(match arg.value() {
        KdlValue::Null => Value::Null,
        KdlValue::Bool(b) => Value::Bool(*b),
        KdlValue::Integer(_) | KdlValue::Float(_) => Value::Number(arg.number()?),
        KdlValue::String(_) => Value::Text(arg.text("a value")?.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = r#"
before { table users { column id serial primary-key; } }
rows { users id=1 name="Ada" ; }
rows only=postgres { audit.log at=(sql)"now()" ok=#true n=1.50 x=#null; }
after schema="../schema.kdl"
expect-plan "table.users"
expect-value "SELECT 1" 1
"#;

    const CODES: [&str; 2] = ["breaks-check", "destroys-column"];

    #[test]
    fn a_case_is_read_for_one_dialect() {
        let case = read("a.kdl", CASE, Dialect::Postgres, &CODES).unwrap();
        assert_eq!((case.rows[1].schema.as_deref(), case.rows[1].table.as_str()), (Some("audit"), "log"));
        let values: Vec<&Value> = case.rows[1].cells.iter().map(|(_, v)| v).collect();
        let number = Value::Number("1.50".to_owned());
        assert_eq!(values, [&Value::Sql("now()".to_owned()), &Value::Bool(true), &number, &Value::Null]);
        assert!(matches!(&case.after, Side::File(p) if p.to_str() == Some("../schema.kdl")));
        assert_eq!(case.values, [("SELECT 1".to_owned(), "1".to_owned())]);
        assert_eq!(read("a.kdl", CASE, Dialect::Sqlite, &CODES).unwrap().rows.len(), 1);
    }

    #[test]
    fn what_is_between_the_braces_keeps_its_place() {
        let Some(Side::Inline(sources)) = read("a.kdl", CASE, Dialect::Sqlite, &CODES).unwrap().before else { panic!("no schema") };
        let text = &sources.files()[0].text;
        assert_eq!(
            (text.len(), text.find("table"), text.trim()),
            (CASE.len(), CASE.find("table"), "table users { column id serial primary-key; }")
        );
    }

    #[test]
    fn mistakes_are_told() {
        for (text, wanted) in [
            ("before { }", "the test case has no `after`"),
            ("after { }\nafter { }", "`after` is specified twice"),
            ("after", "`after` has no schema"),
            ("after schema=a { }", "has both a file and a children block"),
            ("after { }\nexpect changes", "invalid value `changes` for expect"),
            ("after { }\nexpects \"no changes\"", "unknown node `expects`"),
            ("after { }\nrows { users; }", "the row has no values"),
            ("after { }\nexpect-value \"SELECT 1\"", "is missing a query and its expected value"),
            ("after { }\nexpect-blocked destroys-colum", "did you mean `destroys-column`?"),
            ("after { }\nexpect-blocked", "is missing a hazard code"),
            ("after { }\nexpect-rows { a; a x=1; }", "`a` is listed both without rows and with rows"),
            ("after { }\nonly mysql", "invalid value `mysql` for only"),
        ] {
            let said = read("a.kdl", text, Dialect::Sqlite, &CODES).unwrap_err().to_string();
            assert!(said.contains(wanted), "{text}: {said}");
        }
    }
}
