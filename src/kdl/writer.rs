//! Writes KDL in the layout of `fmt`: four spaces, one node per line, bare words if possible.

use super::{column, defined, key, other, reference, sequence, space, string_repr, table, types, view};
use crate::schema::{Column, Expr, ForeignKey, Ident, Kind, ObjectName, PrimaryKey, Schema, Table, Unique, deceives};

/// Writes a whole schema in the schema language, as `inspect` prints it.
pub fn encode(schema: &Schema) -> String {
    let mut out = Writer::default();
    let mut kinds = Kind::ALL.to_vec();
    kinds.sort_by_key(|k| place(*k));
    kinds.into_iter().for_each(|k| encode_all(k, schema, &mut out));
    schema.ignores.iter().for_each(|i| other::encode_ignore(i, &mut out));
    schema.unmanaged.iter().for_each(|u| other::encode_unmanaged(u, &mut out));
    out.finish()
}

/// Returns the position of a kind in a file: types precede the tables that use them, and objects that read
/// tables follow them.
fn place(kind: Kind) -> u8 {
    match kind {
        Kind::Namespace => 0,
        Kind::Extension => 1,
        Kind::Enum => 2,
        Kind::Domain => 3,
        Kind::Sequence => 4,
        Kind::Table => 6,
        Kind::VirtualTable => 7,
        Kind::View => 8,
        Kind::MaterializedView => 9,
        Kind::Defined(kind) if Kind::from(kind).is_routine() => 5,
        Kind::Defined(_) => 10,
    }
}

/// All objects of a kind.
fn encode_all(kind: Kind, schema: &Schema, out: &mut Writer) {
    match kind {
        Kind::Namespace => out.lines(schema.namespaces.values(), space::encode_schema),
        Kind::Extension => out.lines(schema.extensions.values(), space::encode_extension),
        Kind::Enum => out.each(schema.enums.values(), types::encode_enum),
        Kind::Domain => out.each(schema.domains.values(), types::encode_domain),
        Kind::Sequence => out.each(schema.sequences.values(), sequence::encode),
        Kind::Table => out.each(schema.tables.values(), table::encode),
        Kind::VirtualTable => out.each(schema.virtual_tables.values(), other::encode_virtual),
        Kind::View => out.each(schema.views.values(), view::encode_view),
        Kind::MaterializedView => out.each(schema.materialized_views.values(), view::encode_materialized),
        Kind::Defined(kind) => out.each(schema.definitions.of(kind).values(), defined::encode),
    }
}

/// Writes one table.
pub fn encode_table(table: &Table) -> String {
    let mut out = Writer::default();
    table::encode(table, &mut out);
    out.finish()
}

/// Writes one column as a line of its own, as shown in a plan.
pub(crate) fn column_line(column: &Column, table: &Table) -> String {
    let mut out = Writer::default();
    column::encode(column, table, &mut out);
    out.finish().trim().to_owned()
}

/// Returns the constraints of the table that are written on the column: its key, its unique constraint, its
/// foreign key.
pub(crate) fn rules_of_line<'t>(column: &Column, table: &'t Table) -> (Option<&'t PrimaryKey>, Option<&'t Unique>, Option<&'t ForeignKey>) {
    let key = table.primary_key.as_ref().filter(|k| key::key_is_inline(k, table) && k.parts[0].column == column.name);
    (key, key::inline_unique(column, table), reference::inline_foreign_key(column, table))
}

/// A node's name, arguments and properties.
pub(super) struct Line(String);

impl Line {
    pub(super) fn new(node: &str) -> Self {
        Line(node.to_owned())
    }

    /// Adds a keyword.
    pub(super) fn word(mut self, word: &str) -> Self {
        self.0.push(' ');
        self.0.push_str(word);
        self
    }

    /// Starts an object: its kind, its name, its schema.
    pub(super) fn named(kind: Kind, name: &ObjectName) -> Self {
        Line::new(kind.word()).ident(&name.name).maybe_prop("schema", name.schema.as_ref().map(Ident::as_str))
    }

    /// Adds a string, bare if possible.
    pub(super) fn text(self, text: &str) -> Self {
        let repr = string_repr(text);
        self.word(&repr)
    }

    pub(super) fn ident(self, name: &Ident) -> Self {
        self.text(name.as_str())
    }

    pub(super) fn idents<'a>(self, names: impl IntoIterator<Item = &'a Ident>) -> Self {
        names.into_iter().fold(self, Line::ident)
    }

    /// Adds SQL, in quotes unless it is a single name.
    pub(super) fn sql(self, expr: &Expr) -> Self {
        self.text(&expr.text)
    }

    /// Adds a property with a string value.
    pub(super) fn prop(self, name: &str, value: &str) -> Self {
        let repr = string_repr(value);
        self.raw_prop(name, &repr)
    }

    /// Adds a property with an SQL value.
    pub(super) fn sql_prop(self, name: &str, value: &Expr) -> Self {
        self.prop(name, &value.text)
    }

    /// Adds a property with a value that is written verbatim.
    pub(super) fn raw_prop(self, name: &str, value: &str) -> Self {
        self.word(&format!("{name}={value}"))
    }

    /// Adds a property that is `#true`, or nothing.
    pub(super) fn flag_prop(self, name: &str, set: bool) -> Self {
        if set { self.raw_prop(name, "#true") } else { self }
    }

    /// Adds the old name, if there is exactly one; several are a child, [`was`].
    pub(super) fn was(self, names: &[Ident]) -> Self {
        match names {
            [one] => self.prop("was", one.as_str()),
            _ => self,
        }
    }

    /// Adds a property if there is a value.
    pub(super) fn maybe_prop(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(v) => self.prop(name, v),
            None => self,
        }
    }
}

/// Returns the child for several old names.
pub(super) fn was(names: &[Ident]) -> Option<Line> {
    (names.len() > 1).then(|| Line::new("was").idents(names))
}

/// Returns the child for the INCLUDE columns of an index.
pub(super) fn include(columns: &[Ident]) -> Option<Line> {
    (!columns.is_empty()).then(|| Line::new("include").idents(columns))
}

/// Returns the child for storage parameters.
pub(super) fn with(parameters: &[(String, String)]) -> Option<Line> {
    let one = |line: Line, (name, value): &(String, String)| line.prop(&string_repr(name), value);
    (!parameters.is_empty()).then(|| parameters.iter().fold(Line::new("with"), one))
}

/// The document being written.
#[derive(Default)]
pub(super) struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    fn indent(&mut self) {
        self.text.push_str(&"    ".repeat(self.depth));
    }

    /// Writes a node without children.
    pub(super) fn line(&mut self, line: Line) {
        self.indent();
        self.text.push_str(&line.0);
        self.text.push('\n');
    }

    /// Begins a node with children.
    pub(super) fn open(&mut self, line: Line) {
        self.line(line.word("{"));
        self.depth += 1;
    }

    /// Ends the children. A node that has none is written without braces.
    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if let Some(head) = self.text.strip_suffix(" {\n").map(str::len) {
            self.text.truncate(head);
            return self.text.push('\n');
        }
        self.indent();
        self.text.push_str("}\n");
    }

    /// Writes a node with few children: on one line if there is only one and it fits.
    pub(super) fn node(&mut self, line: Line, children: Vec<Line>) {
        match children.as_slice() {
            [] => self.line(line),
            [one] if line.0.chars().count() + one.0.chars().count() + self.depth * 4 + 5 <= 120 => {
                let text = format!("{} {{ {} }}", line.0, one.0);
                self.line(Line(text));
            }
            _ => {
                self.open(line);
                children.into_iter().for_each(|c| self.line(c));
                self.close();
            }
        }
    }

    /// Writes a node whose first child is SQL that may have several lines.
    pub(super) fn sql_block(&mut self, line: Line, child: &str, sql: &str, more: Vec<Line>) {
        if more.is_empty() && !keeps_lines(sql) {
            return self.node(line, vec![Line::new(child).text(sql)]);
        }
        self.open(line);
        self.sql_child(child, sql);
        more.into_iter().for_each(|m| self.line(m));
        self.close();
    }

    /// Writes a child that is SQL.
    pub(super) fn sql_child(&mut self, child: &str, sql: &str) {
        if !keeps_lines(sql) {
            return self.line(Line::new(child).text(sql));
        }
        let raw = hashes(sql);
        self.line(Line::new(child).word(&format!("{raw}\"\"\"")));
        self.depth += 1;
        for row in sql.split('\n') {
            if !row.is_empty() {
                self.indent();
                self.text.push_str(row);
            }
            self.text.push('\n');
        }
        self.indent();
        self.text.push_str(&format!("\"\"\"{raw}\n"));
        self.depth -= 1;
    }

    /// Writes objects of one kind, each on one line, with an empty line around the group.
    fn lines<'a, T: 'a>(&mut self, objects: impl Iterator<Item = &'a T>, encode: impl Fn(&T, &mut Writer)) {
        self.blank();
        objects.for_each(|object| encode(object, self));
    }

    /// Writes objects of one kind, separated by empty lines.
    fn each<'a, T: 'a>(&mut self, objects: impl Iterator<Item = &'a T>, encode: impl Fn(&T, &mut Writer)) {
        self.blank();
        for object in objects {
            encode(object, self);
            self.blank();
        }
    }

    /// Writes an empty line before what follows, unless there is one.
    pub(super) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn finish(mut self) -> String {
        while self.text.ends_with("\n\n") {
            self.text.pop();
        }
        self.text
    }
}

/// Returns whether the text can be written in a `"""` string and is the same when read back.
fn keeps_lines(sql: &str) -> bool {
    let blank_line = sql.lines().any(|l| !l.is_empty() && l.trim().is_empty());
    let control = |c: char| c.is_control() && c != '\n' && c != '\t' || deceives(c);
    sql.contains('\n') && !blank_line && !sql.contains('\r') && !sql.chars().any(control)
}

/// Returns the `#` around a raw `"""` string, or nothing if the text contains nothing that has to be escaped.
fn hashes(sql: &str) -> String {
    if !sql.contains('\\') && !sql.contains("\"\"\"") {
        return String::new();
    }
    let counts = (1..).map(|n| "#".repeat(n));
    counts.into_iter().find(|raw| !sql.contains(&format!("\"\"\"{raw}"))).unwrap_or_default()
}
