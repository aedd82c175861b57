//! Reads one KDL node: its arguments, properties and children. What is not read is reported as a problem.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use ::kdl::{KdlEntry, KdlNode};
use miette::SourceSpan;

pub(super) use super::arg::Arg;
use crate::schema::{Dialect, Expr, Head, Ident, ObjectName, Only, Origin, Problem, Span, nearest};

/// What reading depends on, and where it collects problems.
pub(super) struct Ctx {
    file: u32,
    /// The start of the current piece in its file.
    start: Cell<usize>,
    pub(super) dialect: Dialect,
    /// Whether `only=` may restrict a node to one dialect.
    by_dialect: bool,
    problems: RefCell<Vec<Problem>>,
    /// The number of nodes that could not be read at all.
    lost: Cell<usize>,
    /// The contents of the files that nodes name, by the file that names them and their path in it.
    texts: Texts,
}

/// The contents of files that nodes name, by the number of the file that names them and their path in it.
pub(super) type Texts = Arc<BTreeMap<(u32, String), String>>;

impl Ctx {
    pub(super) fn new(file: u32, dialect: Dialect) -> Self {
        Ctx {
            file,
            start: Cell::new(0),
            dialect,
            by_dialect: true,
            problems: RefCell::new(Vec::new()),
            lost: Cell::new(0),
            texts: Texts::default(),
        }
    }

    /// Returns the same for a file whose nodes name these files.
    pub(super) fn with_texts(self, texts: Texts) -> Self {
        Ctx { texts, ..self }
    }

    /// Returns the contents of a file that a node names.
    pub(super) fn text_of(&self, path: &str) -> Option<&str> {
        self.texts.get(&(self.file, path.to_owned())).map(String::as_str)
    }

    /// Creates a context for a file without `only=`, in which no name depends on a dialect.
    pub(super) fn without_dialects(file: u32) -> Self {
        Ctx { by_dialect: false, ..Ctx::new(file, Dialect::ALL[0]) }
    }

    /// Returns the number of nodes that could not be read at all, so that their declarations are missing.
    pub(super) fn lost(&self) -> usize {
        self.lost.get()
    }

    /// Makes positions relative to this byte of the file from now on.
    pub(super) fn starts_at(&self, start: usize) {
        self.start.set(start);
    }

    pub(super) fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Returns the number of problems so far.
    pub(super) fn count(&self) -> usize {
        self.problems.borrow().len()
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    pub(super) fn ident(&self, text: &str) -> Ident {
        Ident::new(text, self.dialect.case())
    }

    pub(super) fn span(&self, span: SourceSpan) -> Span {
        Span { file: self.file, start: (self.start.get() + span.offset()) as u32, len: span.len() as u32 }
    }

    /// Returns whether a name may be empty.
    pub(super) fn has_empty_names(&self) -> bool {
        self.by_dialect && self.dialect.capabilities().has_empty_names
    }

    /// Opens a node, unless its `only=` restricts it to another dialect.
    pub(super) fn open<'a>(&'a self, kdl: &'a KdlNode) -> Option<Node<'a>> {
        let asked = if self.by_dialect { vec!["only"] } else { Vec::new() };
        let mut node = Node { ctx: self, kdl, args: Vec::new(), props: Vec::new(), asked, only: Only::default(), single_quoted: None };
        if let Some(ty) = kdl.ty() {
            let at = node.ctx.span(ty.span());
            self.problem(Problem::new(format!("unexpected type annotation `({})` on a node", ty.value()), at, "here").help("remove it"));
        }
        for entry in kdl.entries() {
            node.take_in(entry);
        }
        if let Some((span, text)) = node.single_quoted.take() {
            node.not_quotes(span, &text);
        }
        let here = node.for_this_dialect();
        here.then_some(node)
    }
}

/// A node being read. End with [`Node::finish`], which reports what was not read.
pub(super) struct Node<'a> {
    pub(super) ctx: &'a Ctx,
    kdl: &'a KdlNode,
    args: Vec<Arg<'a>>,
    props: Vec<(&'a str, Arg<'a>)>,
    asked: Vec<&'static str>,
    /// A word that begins with a single quote, until a word ends with one.
    single_quoted: Option<(Span, String)>,
    pub(super) only: Only,
}

impl<'a> Node<'a> {
    fn take_in(&mut self, entry: &'a KdlEntry) {
        let arg = Arg { ctx: self.ctx, entry };
        if self.is_single_quoted(&arg) {
            return;
        }
        let Some(name) = entry.name().map(|n| n.value()) else {
            self.args.push(arg);
            return;
        };
        if let Some((_, first)) = self.props.iter().find(|(n, _)| *n == name) {
            let problem = Problem::new(format!("`{name}=` is specified twice"), first.span(), "the first");
            self.ctx.problem(problem.also(arg.span(), "the second").help("keep one of the two"));
        } else {
            self.props.push((name, arg));
        }
    }

    /// Joins `'a b'`, which is two words in KDL, and reports it as the single string that was meant.
    fn is_single_quoted(&mut self, arg: &Arg) -> bool {
        let repr = arg.entry.format().map_or("", |f| f.value_repr.as_str());
        let (begins, ends) = (repr.starts_with('\''), repr.ends_with('\''));
        let (span, text) = match self.single_quoted.take() {
            Some((span, text)) => (Span { len: arg.span().start + arg.span().len - span.start, ..span }, format!("{text} {repr}")),
            None if begins => (arg.span(), repr.to_owned()),
            None => return false,
        };
        if ends && text.len() > 1 {
            self.not_quotes(span, &text);
        } else {
            self.single_quoted = Some((span, text));
        }
        true
    }

    fn not_quotes(&self, span: Span, text: &str) {
        let problem = Problem::new(format!("`{text}`: KDL does not use single quotes"), span, "here");
        self.ctx.problem(problem.help(format!("write \"{}\"", text.trim_matches('\''))));
    }

    fn for_this_dialect(&mut self) -> bool {
        let Some(i) = self.props.iter().position(|(n, _)| self.ctx.by_dialect && *n == "only") else { return true };
        let (_, arg) = self.props.remove(i);
        let known = Dialect::ALL.map(|d| (d.word(), d));
        self.only = Only(arg.choice("`only=`", &known));
        self.only.0.is_none_or(|d| d == self.ctx.dialect)
    }

    pub(super) fn name(&self) -> &'a str {
        self.kdl.name().value()
    }

    /// Returns the first line of the node: from its name to its last argument, without the children.
    pub(super) fn at(&self) -> Span {
        let name = self.ctx.span(self.kdl.name().span());
        let end = self.kdl.entries().iter().map(|e| self.ctx.span(e.span())).map(|s| s.start + s.len).max();
        Span { len: end.map_or(name.len, |e| e - name.start), ..name }
    }

    /// Returns the whole node, with its children.
    pub(super) fn whole(&self) -> Span {
        self.ctx.span(self.kdl.span())
    }

    pub(super) fn origin(&self) -> Origin {
        Origin(Some(self.at()))
    }

    pub(super) fn problem(&self, message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) {
        self.ctx.problem(Problem::new(message, self.at(), label).help(help));
    }

    /// Returns the next argument, if there is one.
    pub(super) fn next(&mut self) -> Option<Arg<'a>> {
        (!self.args.is_empty()).then(|| self.args.remove(0))
    }

    /// Returns the next argument, or reports that it is missing.
    pub(super) fn required(&mut self, what: &str, help: &str) -> Option<Arg<'a>> {
        let arg = self.next();
        if arg.is_none() {
            self.problem(format!("`{}` is missing {what}", self.name()), "here", help);
        }
        arg
    }

    /// Returns the name of the object, or reports that it is missing.
    pub(super) fn required_name(&mut self) -> Option<Ident> {
        let help = format!("write `{} NAME`", self.name());
        let arg = self.required("a name", &help)?;
        let bare = arg.entry.format().is_some_and(|f| f.value_repr.ends_with(':'));
        if let Some(name) = arg.value().as_string().and_then(|n| n.strip_suffix(':')).filter(|_| bare) {
            let problem = Problem::new(format!("the name `{name}:` ends with a colon"), arg.span(), "here");
            self.ctx.problem(problem.help(format!("remove the colon: write `{name}`")));
            return Some(self.ctx.ident(name).at(arg.origin()));
        }
        arg.ident("a name")
    }

    /// Returns whether it has this property, which may be unknown.
    pub(super) fn has_prop(&self, name: &str) -> bool {
        self.props.iter().any(|(n, _)| *n == name)
    }

    /// Returns the remaining arguments without reading them.
    pub(super) fn arguments(&self) -> &[Arg<'a>] {
        &self.args
    }

    /// Returns all remaining arguments.
    pub(super) fn rest(&mut self) -> Vec<Arg<'a>> {
        std::mem::take(&mut self.args)
    }

    /// Returns all remaining properties.
    pub(super) fn rest_props(&mut self) -> Vec<(&'a str, Arg<'a>)> {
        std::mem::take(&mut self.props)
    }

    /// Returns all remaining arguments, as names.
    pub(super) fn rest_idents(&mut self, what: &str) -> Vec<Ident> {
        self.rest().iter().filter_map(|a| a.ident(what)).collect()
    }

    /// Returns the names of a `was` node.
    pub(super) fn old_names(&mut self) -> Vec<Ident> {
        if self.args.is_empty() {
            self.problem("`was` is missing a name", "here", "write `was OLD_NAME`");
        }
        self.rest_idents("an old name")
    }

    pub(super) fn prop(&mut self, name: &'static str) -> Option<Arg<'a>> {
        self.asked.push(name);
        let i = self.props.iter().position(|(n, _)| *n == name)?;
        Some(self.props.remove(i).1)
    }

    pub(super) fn prop_text(&mut self, name: &'static str) -> Option<String> {
        self.prop(name)?.text(&format!("`{name}=`")).map(str::to_owned)
    }

    pub(super) fn prop_ident(&mut self, name: &'static str) -> Option<Ident> {
        self.prop(name)?.ident(&format!("`{name}=`"))
    }

    pub(super) fn prop_bool(&mut self, name: &'static str) -> bool {
        self.prop(name).is_some_and(|a| a.bool(&format!("`{name}=`")))
    }

    /// Returns a 64-bit integer, such as the options of a sequence.
    pub(super) fn prop_integer(&mut self, name: &'static str) -> Option<i64> {
        let arg = self.prop(name)?;
        let number = arg.value().as_integer().and_then(|n| i64::try_from(n).ok());
        if number.is_none() {
            let problem = Problem::new(format!("`{name}=` must be a 64-bit integer"), arg.span(), "here");
            self.ctx.problem(problem.help(format!("write it without quotes, between {} and {}", i64::MIN, i64::MAX)));
        }
        number
    }

    /// Returns the name of a top-level object, with its `schema=`.
    pub(super) fn object_name(&mut self) -> Option<ObjectName> {
        let schema = self.prop_ident("schema").filter(|_| self.ctx.dialect.capabilities().has_schemas);
        Some(ObjectName::new(schema, self.required_name()?))
    }

    /// Returns the text of its `schema=`, for any dialect and without marking it as read.
    pub(super) fn schema_text(&self) -> Option<String> {
        self.kdl.get("schema").and_then(|v| v.as_string()).map(str::to_owned)
    }

    /// Returns the children for this dialect.
    pub(super) fn children(&self) -> Vec<Node<'a>> {
        self.kdl.children().map_or(&[][..], |c| c.nodes()).iter().filter_map(|n| self.ctx.open(n)).collect()
    }

    /// Adds the old names in `was` children, in a node that has no other children.
    pub(super) fn only_old_names(&self, was: &mut Vec<Ident>) {
        for mut child in self.children() {
            if child.name() == "was" {
                was.extend(child.old_names());
                child.finish(&[]);
            } else {
                self.no_child(&child);
            }
        }
    }

    /// Adds the old names and the allowed findings, in a node that has no other children.
    pub(super) fn old_names_and_allows(&self, head: &mut Head) {
        for mut child in self.children() {
            match child.name() {
                "allow" => head.allows.0.extend(super::allow::decode(child)),
                "was" => {
                    head.was.extend(child.old_names());
                    child.finish(&[]);
                }
                _ => self.no_child(&child),
            }
        }
    }

    fn no_child(&self, child: &Node) {
        let message = format!("`{}` cannot contain `{}`", self.name(), child.name());
        let help = if self.name() == "enum" { "write the values on the line of the enum: `enum NAME VALUE VALUE`" } else { "remove it" };
        self.ctx.problem(Problem::new(message, child.at(), "unexpected").help(help));
    }

    /// Reports that this node does not belong where it is.
    pub(super) fn unknown(&self, what: &str, known: &[&'static str]) {
        self.ctx.lost.set(self.ctx.lost.get() + 1);
        let at = self.ctx.span(self.kdl.name().span());
        let name = self.name();
        let help = if let Some(bare) = name.strip_suffix(':').filter(|b| known.contains(b)) {
            format!("remove the colon: write `{bare}`")
        } else if let Some(meant) = super::meant::node(self, known) {
            meant
        } else if let Some(near) = nearest(name, known.iter().copied()).filter(|n| *n != name && (name, *n) != ("include", "exclude")) {
            format!("did you mean `{near}`?")
        } else {
            format!("expected one of: {}", known.join(", "))
        };
        self.ctx.problem(Problem::new(format!("unknown {what} `{name}`"), at, "not recognized").help(help));
    }

    /// Reports a child that does not belong in this node, with a hint if it is a property or a flag of the
    /// node.
    pub(super) fn unknown_child(&self, child: &Node, what: &str, known: &[&'static str], flags: impl IntoIterator<Item = &'static str>) {
        let name = child.name();
        let here = format!("on the line of `{}`", self.name());
        let help = if flags.into_iter().any(|flag| flag == name) {
            format!("`{name}` is a flag: write `{name}` {here}")
        } else if self.asked.contains(&name) {
            let value = child.args.first().map_or_else(|| "…".to_owned(), |arg| arg.source());
            format!("`{name}` is a property: write `{name}={value}` {here}")
        } else {
            return child.unknown(what, known);
        };
        self.ctx.lost.set(self.ctx.lost.get() + 1);
        let at = self.ctx.span(child.kdl.name().span());
        self.ctx.problem(Problem::new(format!("unknown {what} `{name}`"), at, "not recognized").help(help));
    }

    /// Reports flags that were given a value.
    pub(super) fn flags_with_values(&mut self, flags: impl Iterator<Item = &'static str>) {
        for flag in flags {
            if let Some(i) = self.props.iter().position(|(n, _)| *n == flag) {
                let arg = self.props.remove(i).1;
                let off = matches!(arg.value(), ::kdl::KdlValue::Bool(false) | ::kdl::KdlValue::Null);
                let help = if off { format!("to turn it off, remove `{flag}`") } else { format!("write `{flag}`") };
                self.ctx.problem(Problem::new(format!("`{flag}` is a flag and takes no value"), arg.span(), "here").help(help));
            }
        }
    }

    /// Returns the SQL that is the only argument of the node.
    pub(super) fn sql_word(self, what: &str) -> Option<Expr> {
        self.only_word(|arg| arg.expr(&format!("`{what}`")))
    }

    /// Returns the statement that is the only argument of the node.
    pub(super) fn statement(self, what: &str) -> Option<Expr> {
        self.only_word(|arg| arg.statement(&format!("`{what}`")))
    }

    fn only_word(mut self, read: impl FnOnce(&Arg<'a>) -> Option<Expr>) -> Option<Expr> {
        let (what, form) = if self.name() == "from" { ("a path", "FILE.sql") } else { ("its SQL", "SQL") };
        let arg = self.required(what, &format!("write `{} \"{form}\"`", self.name()))?;
        let expr = read(&arg);
        self.finish(&[]);
        expr
    }

    /// Ends reading: remaining arguments and properties are problems; so are children if none are known.
    pub(super) fn finish(self, known_children: &[&'static str]) {
        for arg in &self.args {
            let shown = arg.value().as_string().map_or_else(|| arg.value().to_string(), str::to_owned);
            let problem = Problem::new(format!("unexpected argument `{shown}` in `{}`", self.name()), arg.span(), "unexpected");
            self.ctx.problem(match arg.value().as_string().and_then(|s| nearest(s, self.asked.iter().copied())) {
                Some(near) => problem.help(format!("did you mean `{near}=`?")),
                None => problem.help("put a string that contains spaces in double quotes"),
            });
        }
        for (name, arg) in &self.props {
            let help = match nearest(name, self.asked.iter().copied()) {
                _ if known_children.contains(name) => format!("write it as a child node: `{{ {name} {} }}`", arg.source()),
                Some(near) => format!("did you mean `{near}=`?"),
                None if self.asked.is_empty() => "remove it; this node does not accept properties".to_owned(),
                None => format!("expected one of: {}", self.asked.iter().map(|a| format!("{a}=")).collect::<Vec<_>>().join(", ")),
            };
            let message = format!("unknown property `{name}=` in `{}`", self.name());
            self.ctx.problem(Problem::new(message, arg.span(), "not recognized").help(help));
        }
        if known_children.is_empty() {
            self.children().iter().for_each(|child| self.no_child(child));
        }
    }
}

impl Node<'_> {
    /// Reads `with fillfactor=70 …`: any properties, as text.
    pub(super) fn storage_parameters(&mut self) -> Vec<(String, String)> {
        let props = self.rest_props();
        if props.is_empty() {
            self.problem("`with` has no parameters", "here", "write `with NAME=VALUE`");
        }
        props.into_iter().filter_map(|(name, arg)| Some((name.to_owned(), arg.parameter(name)?))).collect()
    }
}
