//! The attributes of each kind of object, once: what is compared is what is shown.

use super::Edit;
use crate::schema::{
    Check, Column, DefaultValue, Deferrable, Domain, EnumType, Exclusion, Expr, Extension, ForeignKey, Ident, Identity, Index, Literal,
    MaterializedView, Namespace, PrimaryKey, Sequence, SequenceOptions, Table, Trigger, Unique, View, VirtualTable,
};

/// A kind of object that can be compared.
pub trait Object: Clone {
    /// The attributes in which two states differ.
    fn edits(before: &Self, after: &Self) -> Vec<Edit>;

    /// Whether nothing differs.
    fn is_like(&self, other: &Self) -> bool {
        Self::edits(self, other).is_empty()
    }
}

/// Collects the attributes that differ.
#[derive(Default)]
struct Edits(Vec<Edit>);

impl Edits {
    /// Compares one attribute; `show` gives its words, or none where it is not set.
    fn of<T: PartialEq>(mut self, attribute: &'static str, before: &T, after: &T, show: impl Fn(&T) -> Option<String>) -> Self {
        if before != after {
            self.0.push(Edit { attribute, before: show(before), after: show(after) });
        }
        self
    }

    /// A flag.
    fn flag(self, attribute: &'static str, before: bool, after: bool) -> Self {
        self.of(attribute, &before, &after, |set| set.then(String::new))
    }

    /// Storage parameters, whose order is no difference.
    fn parameters(self, before: &[(String, String)], after: &[(String, String)]) -> Self {
        let sorted = |with: &[(String, String)]| {
            let mut with = with.to_vec();
            with.sort();
            with
        };
        self.of("with", &sorted(before), &sorted(after), |w| parameters(w))
    }

    /// A name that is only compared where the file gives one: the database names what has no name.
    fn name(self, before: &Option<Ident>, after: &Option<Ident>) -> Self {
        if after.is_none() { self } else { self.of("name", before, after, shown) }
    }
}

fn shown<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

fn list<T: ToString>(values: &[T]) -> Option<String> {
    (!values.is_empty()).then(|| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

fn word<T: Copy>(word: impl Fn(T) -> &'static str) -> impl Fn(&Option<T>) -> Option<String> {
    move |value| value.map(|v| word(v).to_owned())
}

/// Storage parameters and the like.
fn parameters(with: &[(String, String)]) -> Option<String> {
    (!with.is_empty()).then(|| with.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
}

fn counting(options: &SequenceOptions) -> Option<String> {
    Some(options.to_string()).filter(|s| !s.is_empty())
}

/// A default as people read it: strings in quotes, expressions in brackets.
pub(crate) fn show_default(default: &DefaultValue) -> String {
    match &default.value {
        Literal::Null => "null".to_owned(),
        Literal::Bool(b) => b.to_string(),
        Literal::Number(n) => n.clone(),
        Literal::String(s) => format!("'{}'", s.replace('\'', "''")),
        Literal::Expr(e) => format!("({})", e.text),
    }
}

impl Object for Column {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("type", &before.ty, &after.ty, |t| Some(t.to_string()))
            .flag("not-null", before.not_null, after.not_null)
            .of("on-conflict", &before.not_null_conflict, &after.not_null_conflict, word(crate::schema::Conflict::word))
            .of("default", &before.default, &after.default, |d| d.as_ref().map(show_default))
            .of("collate", &before.collate, &after.collate, shown)
            .of("generated", &before.generated, &after.generated, |g| g.as_ref().map(|g| g.expr.text.clone()))
            .flag("stored", before.generated.as_ref().is_some_and(|g| g.stored), after.generated.as_ref().is_some_and(|g| g.stored))
            .of("identity", &before.identity, &after.identity, word(Identity::word))
            .of("sequence", &before.sequence, &after.sequence, counting)
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for PrimaryKey {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("columns", &before.parts, &after.parts, |p| list(p))
            .name(&before.name, &after.name)
            .of("on-conflict", &before.conflict, &after.conflict, word(crate::schema::Conflict::word))
            .flag("autoincrement", before.autoincrement, after.autoincrement)
            .flag("desc", before.inline_desc, after.inline_desc)
            .of("deferrable", &before.deferrable, &after.deferrable, word(Deferrable::word))
            .of("include", &before.include, &after.include, |i| list(i))
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Unique {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("columns", &before.parts, &after.parts, |p| list(p))
            .name(&before.name, &after.name)
            .of("on-conflict", &before.conflict, &after.conflict, word(crate::schema::Conflict::word))
            .of("deferrable", &before.deferrable, &after.deferrable, word(Deferrable::word))
            .flag("nulls-not-distinct", before.nulls_not_distinct, after.nulls_not_distinct)
            .of("include", &before.include, &after.include, |i| list(i))
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Check {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("condition", &before.expr, &after.expr, |e| Some(e.text.clone()))
            .name(&before.name, &after.name)
            .flag("no-inherit", before.no_inherit, after.no_inherit)
            .flag("not-valid", before.not_valid, after.not_valid)
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for ForeignKey {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        let target = |fk: &ForeignKey| (fk.table.clone(), fk.to.clone());
        Edits::default()
            .of("columns", &before.columns, &after.columns, |c| list(c))
            .of("references", &target(before), &target(after), |(t, c)| Some(format!("{t}({})", list(c).unwrap_or_default())))
            .name(&before.name, &after.name)
            .of("on-delete", &before.on_delete, &after.on_delete, |a| Some(a.word().to_owned()))
            .of("on-update", &before.on_update, &after.on_update, |a| Some(a.word().to_owned()))
            .of("match", &before.matching, &after.matching, shown)
            .of("deferrable", &before.deferrable, &after.deferrable, word(Deferrable::word))
            .flag("not-valid", before.not_valid, after.not_valid)
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Index {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("parts", &before.parts, &after.parts, |p| list(p))
            .flag("unique", before.unique, after.unique)
            .of("where", &before.predicate, &after.predicate, |p| p.as_ref().map(|e| e.text.clone()))
            .of("using", &before.method, &after.method, Clone::clone)
            .flag("nulls-not-distinct", before.nulls_not_distinct, after.nulls_not_distinct)
            .flag("invalid", before.invalid, after.invalid)
            .of("include", &before.include, &after.include, |i| list(i))
            .parameters(&before.with, &after.with)
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

/// A table's own attributes; its parts are compared each as what they are.
pub(crate) fn table_options(before: &Table, after: &Table) -> Vec<Edit> {
    Edits::default()
        .flag("strict", before.strict, after.strict)
        .flag("without-rowid", before.without_rowid, after.without_rowid)
        .flag("unlogged", before.unlogged, after.unlogged)
        .parameters(&before.with, &after.with)
        .of("comment", &before.comment, &after.comment, Clone::clone)
        .0
}

fn sql(before: &Expr, after: &Expr) -> Edits {
    Edits::default().of("definition", before, after, |e| Some(e.text.clone()))
}

impl Object for View {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        sql(&before.query, &after.query)
            .of("name", &before.name, &after.name, |n| Some(n.to_string()))
            .of("columns", &before.columns, &after.columns, |c| list(c))
            .parameters(&before.with, &after.with)
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Trigger {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        sql(&before.body, &after.body).of("name", &before.name, &after.name, |n| Some(n.to_string())).0
    }
}

impl Object for VirtualTable {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        sql(&before.using, &after.using).0
    }
}

impl Object for Namespace {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default().of("comment", &before.comment, &after.comment, Clone::clone).0
    }
}

impl Object for Extension {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("schema", &before.schema, &after.schema, shown)
            .of("version", &before.version, &after.version, Clone::clone)
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for EnumType {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("name", &before.name, &after.name, |n| Some(n.to_string()))
            .of("values", &before.values, &after.values, |v| list(v))
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Domain {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        let mut edits = Edits::default()
            .of("name", &before.name, &after.name, |n| Some(n.to_string()))
            .of("type", &before.ty, &after.ty, |t| Some(t.to_string()))
            .flag("not-null", before.not_null, after.not_null)
            .of("default", &before.default, &after.default, |d| d.as_ref().map(show_default))
            .of("collate", &before.collate, &after.collate, shown)
            .of("comment", &before.comment, &after.comment, Clone::clone);
        if !super::pairs::rule_deltas(&before.checks, &after.checks, false).is_empty() {
            let conditions =
                |d: &Domain| (!d.checks.is_empty()).then(|| d.checks.iter().map(|c| c.expr.text.clone()).collect::<Vec<_>>().join(", "));
            edits.0.push(Edit { attribute: "checks", before: conditions(before), after: conditions(after) });
        }
        edits.0
    }
}

impl Object for Sequence {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        let owner = |o: &Option<(crate::schema::ObjectName, Ident)>| o.as_ref().map(|(t, c)| format!("{t}.{c}"));
        Edits::default()
            .of("name", &before.name, &after.name, |n| Some(n.to_string()))
            .of("type", &before.ty, &after.ty, |t| Some(t.to_string()))
            .of("options", &before.options, &after.options, counting)
            .of("owned-by", &before.owned_by, &after.owned_by, owner)
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for MaterializedView {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        let mut edits = sql(&before.query, &after.query)
            .of("name", &before.name, &after.name, |n| Some(n.to_string()))
            .of("columns", &before.columns, &after.columns, |c| list(c))
            .parameters(&before.with, &after.with)
            .of("comment", &before.comment, &after.comment, Clone::clone);
        for delta in super::delta::deltas(&before.indexes, &after.indexes) {
            let words = |index: &Index| format!("{} ({})", index.name, list(&index.parts).unwrap_or_default());
            edits.0.push(Edit { attribute: "index", before: delta.before().map(words), after: delta.after().map(words) });
        }
        edits.0
    }
}

impl Object for Exclusion {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("parts", &before.parts, &after.parts, |p| {
                Some(p.iter().map(|(part, with)| format!("{part} with {with}")).collect::<Vec<_>>().join(", "))
            })
            .name(&before.name, &after.name)
            .of("using", &before.method, &after.method, Clone::clone)
            .of("where", &before.predicate, &after.predicate, |p| p.as_ref().map(|e| e.text.clone()))
            .of("deferrable", &before.deferrable, &after.deferrable, word(Deferrable::word))
            .of("include", &before.include, &after.include, |i| list(i))
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}
