//! The attributes of each kind of object, once: what is compared is what is shown.

use super::Edit;
use crate::schema::{
    Check, Column, DefaultValue, Expr, ForeignKey, Ident, Index, Literal, PrimaryKey, Table, Trigger, Unique, View, VirtualTable,
};

/// A kind of object that can be compared.
pub trait Object: Clone {
    /// The attributes in which two states differ.
    fn edits(before: &Self, after: &Self) -> Vec<Edit>;
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
            .of("identity", &before.identity, &after.identity, |i| i.map(|i| format!("{i:?}")))
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
            .0
    }
}

impl Object for Unique {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of("columns", &before.parts, &after.parts, |p| list(p))
            .name(&before.name, &after.name)
            .of("on-conflict", &before.conflict, &after.conflict, word(crate::schema::Conflict::word))
            .of("deferrable", &before.deferrable, &after.deferrable, word(crate::schema::Deferrable::word))
            .flag("nulls-not-distinct", before.nulls_not_distinct, after.nulls_not_distinct)
            .of("include", &before.include, &after.include, |i| list(i))
            .0
    }
}

impl Object for Check {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default().of("condition", &before.expr, &after.expr, |e| Some(e.text.clone())).name(&before.name, &after.name).0
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
            .of("deferrable", &before.deferrable, &after.deferrable, word(crate::schema::Deferrable::word))
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
            .of("include", &before.include, &after.include, |i| list(i))
            .of("with", &before.with, &after.with, |w| Some(w.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")))
            .of("comment", &before.comment, &after.comment, Clone::clone)
            .0
    }
}

/// A table's own attributes; its parts are compared each as what they are.
pub(crate) fn table_options(before: &Table, after: &Table) -> Vec<Edit> {
    Edits::default()
        .flag("strict", before.strict, after.strict)
        .flag("without-rowid", before.without_rowid, after.without_rowid)
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
