//! The attributes of each kind of object. Comparison and display use the same list.

use super::{Attribute, Edit};
use crate::schema::{
    Check, Column, DefaultValue, Deferrable, Definition, Domain, EnumType, Exclusion, Expr, Extension, ForeignKey, Ident, Identity, Index,
    Literal, MaterializedView, Namespace, PrimaryKey, Sequence, SequenceOptions, Table, Unique, View, VirtualTable,
};

/// A kind of object that can be compared.
pub trait Object: Clone {
    /// Returns the attributes in which two versions differ.
    fn edits(before: &Self, after: &Self) -> Vec<Edit>;

    /// Returns whether nothing differs.
    fn is_like(&self, other: &Self) -> bool {
        Self::edits(self, other).is_empty()
    }
}

/// Collects the attributes that differ.
#[derive(Default)]
struct Edits(Vec<Edit>);

impl Edits {
    /// Compares one attribute; `show` returns its text, or `None` if it is not set.
    fn of<T: PartialEq>(mut self, attribute: Attribute, before: &T, after: &T, show: impl Fn(&T) -> Option<String>) -> Self {
        if before != after {
            self.0.push(Edit { attribute, before: show(before), after: show(after) });
        }
        self
    }

    /// Compares a flag.
    fn flag(self, attribute: Attribute, before: bool, after: bool) -> Self {
        self.of(attribute, &before, &after, |set| set.then(String::new))
    }

    /// Compares storage parameters, in any order.
    fn parameters(self, before: &[(String, String)], after: &[(String, String)]) -> Self {
        let sorted = |with: &[(String, String)]| {
            let mut with = with.to_vec();
            with.sort();
            with
        };
        self.of(Attribute::With, &sorted(before), &sorted(after), |w| parameters(w))
    }

    /// Compares a name if the file specifies one; otherwise the database chooses it.
    fn name(self, before: &Option<Ident>, after: &Option<Ident>) -> Self {
        if after.is_none() { self } else { self.of(Attribute::Name, before, after, shown) }
    }
}

fn shown<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

fn list<T: ToString>(values: &[T]) -> Option<String> {
    (!values.is_empty()).then(|| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

fn names(values: &[Ident]) -> Option<String> {
    (!values.is_empty()).then(|| values.iter().map(Ident::shown).collect::<Vec<_>>().join(", "))
}

fn word<T: Copy>(word: impl Fn(T) -> &'static str) -> impl Fn(&Option<T>) -> Option<String> {
    move |value| value.map(|v| word(v).to_owned())
}

/// Shows storage parameters and the like.
fn parameters(with: &[(String, String)]) -> Option<String> {
    (!with.is_empty()).then(|| with.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
}

fn counting(options: &SequenceOptions) -> Option<String> {
    Some(options.to_string()).filter(|s| !s.is_empty())
}

/// Formats a default for display: strings in quotes, expressions in parentheses.
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
            .of(Attribute::Type, &before.ty, &after.ty, |t| Some(t.to_string()))
            .flag(Attribute::NotNull, before.not_null, after.not_null)
            .of(Attribute::OnConflict, &before.not_null_conflict, &after.not_null_conflict, word(crate::schema::Conflict::word))
            .of(Attribute::Default, &before.default, &after.default, |d| d.as_ref().map(show_default))
            .of(Attribute::Collate, &before.collate, &after.collate, shown)
            .of(Attribute::Generated, &before.generated, &after.generated, |g| g.as_ref().map(|g| g.expr.text.clone()))
            .flag(
                Attribute::Stored,
                before.generated.as_ref().is_some_and(|g| g.stored),
                after.generated.as_ref().is_some_and(|g| g.stored),
            )
            .of(Attribute::Identity, &before.identity, &after.identity, word(Identity::word))
            .of(Attribute::Sequence, &before.sequence, &after.sequence, counting)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for PrimaryKey {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of(Attribute::Columns, &before.parts, &after.parts, |p| list(p))
            .name(&before.name, &after.name)
            .of(Attribute::OnConflict, &before.conflict, &after.conflict, word(crate::schema::Conflict::word))
            .flag(Attribute::Autoincrement, before.autoincrement, after.autoincrement)
            .flag(Attribute::Desc, before.inline_desc, after.inline_desc)
            .of(Attribute::Deferrable, &before.deferrable, &after.deferrable, word(Deferrable::word))
            .of(Attribute::Include, &before.include, &after.include, |i| names(i))
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Unique {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of(Attribute::Columns, &before.parts, &after.parts, |p| list(p))
            .name(&before.name, &after.name)
            .of(Attribute::OnConflict, &before.conflict, &after.conflict, word(crate::schema::Conflict::word))
            .of(Attribute::Deferrable, &before.deferrable, &after.deferrable, word(Deferrable::word))
            .flag(Attribute::NullsNotDistinct, before.nulls_not_distinct, after.nulls_not_distinct)
            .of(Attribute::Include, &before.include, &after.include, |i| names(i))
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Check {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of(Attribute::Condition, &before.expr, &after.expr, |e| Some(e.text.clone()))
            .name(&before.name, &after.name)
            .flag(Attribute::NoInherit, before.no_inherit, after.no_inherit)
            .flag(Attribute::NotValid, before.not_valid, after.not_valid)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for ForeignKey {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        let target = |fk: &ForeignKey| (fk.table.clone(), fk.to.clone());
        Edits::default()
            .of(Attribute::Columns, &before.columns, &after.columns, |c| names(c))
            .of(Attribute::References, &target(before), &target(after), |(t, c)| {
                Some(format!("{}({})", t.shown(), names(c).unwrap_or_default()))
            })
            .name(&before.name, &after.name)
            .of(Attribute::OnDelete, &before.on_delete, &after.on_delete, |a| Some(a.word().to_owned()))
            .of(Attribute::OnUpdate, &before.on_update, &after.on_update, |a| Some(a.word().to_owned()))
            .of(Attribute::Match, &before.matching, &after.matching, shown)
            .of(Attribute::Deferrable, &before.deferrable, &after.deferrable, word(Deferrable::word))
            .flag(Attribute::NotValid, before.not_valid, after.not_valid)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Index {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of(Attribute::Parts, &before.parts, &after.parts, |p| list(p))
            .flag(Attribute::Unique, before.unique, after.unique)
            .of(Attribute::Where, &before.predicate, &after.predicate, |p| p.as_ref().map(|e| e.text.clone()))
            .of(Attribute::Using, &before.method, &after.method, Clone::clone)
            .flag(Attribute::NullsNotDistinct, before.nulls_not_distinct, after.nulls_not_distinct)
            .flag(Attribute::Invalid, before.invalid, after.invalid)
            .of(Attribute::Include, &before.include, &after.include, |i| names(i))
            .parameters(&before.with, &after.with)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

/// Compares the table's own attributes; its parts are compared separately.
pub(crate) fn table_options(before: &Table, after: &Table) -> Vec<Edit> {
    Edits::default()
        .flag(Attribute::Strict, before.strict, after.strict)
        .flag(Attribute::WithoutRowid, before.without_rowid, after.without_rowid)
        .flag(Attribute::Unlogged, before.unlogged, after.unlogged)
        .parameters(&before.with, &after.with)
        .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
        .0
}

fn sql(before: &Expr, after: &Expr) -> Edits {
    Edits::default().of(Attribute::Definition, before, after, |e| Some(e.text.clone()))
}

impl Object for View {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        sql(&before.query, &after.query)
            .of(Attribute::Name, &before.name, &after.name, |n| Some(n.shown()))
            .of(Attribute::Columns, &before.columns, &after.columns, |c| names(c))
            .parameters(&before.with, &after.with)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Definition {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        sql(&before.body, &after.body)
            .of(Attribute::Name, &before.name, &after.name, |n| Some(n.shown()))
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for VirtualTable {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        sql(&before.using, &after.using).0
    }
}

impl Object for Namespace {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default().of(Attribute::Comment, &before.comment, &after.comment, Clone::clone).0
    }
}

impl Object for Extension {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of(Attribute::Schema, &before.schema, &after.schema, shown)
            .of(Attribute::Version, &before.version, &after.version, Clone::clone)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for EnumType {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of(Attribute::Name, &before.name, &after.name, |n| Some(n.shown()))
            .of(Attribute::Values, &before.values, &after.values, |v| list(v))
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for Domain {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        let mut edits = Edits::default()
            .of(Attribute::Name, &before.name, &after.name, |n| Some(n.shown()))
            .of(Attribute::Type, &before.ty, &after.ty, |t| Some(t.to_string()))
            .flag(Attribute::NotNull, before.not_null, after.not_null)
            .of(Attribute::Default, &before.default, &after.default, |d| d.as_ref().map(show_default))
            .of(Attribute::Collate, &before.collate, &after.collate, shown)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone);
        if !super::pairs::rule_deltas(&before.checks, &after.checks, false).is_empty() {
            let conditions =
                |d: &Domain| (!d.checks.is_empty()).then(|| d.checks.iter().map(|c| c.expr.text.clone()).collect::<Vec<_>>().join(", "));
            edits.0.push(Edit { attribute: Attribute::Checks, before: conditions(before), after: conditions(after) });
        }
        edits.0
    }
}

impl Object for Sequence {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        let owner = |o: &Option<(crate::schema::ObjectName, Ident)>| o.as_ref().map(|(t, c)| format!("{}.{}", t.shown(), c.shown()));
        Edits::default()
            .of(Attribute::Name, &before.name, &after.name, |n| Some(n.shown()))
            .of(Attribute::Type, &before.ty, &after.ty, |t| Some(t.to_string()))
            .of(Attribute::Options, &before.options, &after.options, counting)
            .of(Attribute::OwnedBy, &before.owned_by, &after.owned_by, owner)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}

impl Object for MaterializedView {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        let mut edits = sql(&before.query, &after.query)
            .of(Attribute::Name, &before.name, &after.name, |n| Some(n.shown()))
            .of(Attribute::Columns, &before.columns, &after.columns, |c| names(c))
            .parameters(&before.with, &after.with)
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone);
        for delta in super::delta::deltas(&before.indexes, &after.indexes) {
            let words = |index: &Index| format!("{} ({})", index.name.shown(), list(&index.parts).unwrap_or_default());
            edits.0.push(Edit { attribute: Attribute::Index, before: delta.before().map(words), after: delta.after().map(words) });
        }
        edits.0
    }
}

impl Object for Exclusion {
    fn edits(before: &Self, after: &Self) -> Vec<Edit> {
        Edits::default()
            .of(Attribute::Parts, &before.parts, &after.parts, |p| {
                Some(p.iter().map(|(part, with)| format!("{part} with {with}")).collect::<Vec<_>>().join(", "))
            })
            .name(&before.name, &after.name)
            .of(Attribute::Using, &before.method, &after.method, Clone::clone)
            .of(Attribute::Where, &before.predicate, &after.predicate, |p| p.as_ref().map(|e| e.text.clone()))
            .of(Attribute::Deferrable, &before.deferrable, &after.deferrable, word(Deferrable::word))
            .of(Attribute::Include, &before.include, &after.include, |i| names(i))
            .of(Attribute::Comment, &before.comment, &after.comment, Clone::clone)
            .0
    }
}
