//! The ways to the rows of a table, whoever made them: its key, its unique rules, its indexes.

use crate::schema::{
    Address, Column, ForeignKey, Ident, Index, IndexPart, KeyPart, Origin, PartKey, PrimaryKey, Schema, Table, Type, Unique,
};

/// A sorted way to the rows.
pub(super) struct Access<'t> {
    /// What it is called in a message.
    pub(super) name: String,
    /// What it is sorted by, in the collation that counts.
    pub(super) parts: Vec<IndexPart>,
    /// Whether equal keys are refused.
    pub(super) unique: bool,
    /// Whether they may be refused at the end of the transaction alone: no `ON CONFLICT` and no foreign key can rely on it.
    pub(super) deferrable: bool,
    /// What it was declared as.
    pub(super) kind: Kind<'t>,
}

/// What a way to the rows was declared as.
#[derive(Clone, Copy)]
pub(super) enum Kind<'t> {
    Key(&'t PrimaryKey),
    Unique(&'t Unique),
    Index(&'t Index),
}

impl<'t> Access<'t> {
    /// The index, where it was created as one.
    pub(super) fn index(&self) -> Option<&'t Index> {
        if let Kind::Index(index) = self.kind { Some(index) } else { None }
    }

    /// Columns that it holds besides.
    pub(super) fn include(&self) -> &'t [Ident] {
        match self.kind {
            Kind::Key(key) => &key.include,
            Kind::Unique(unique) => &unique.include,
            Kind::Index(index) => &index.include,
        }
    }
}

/// All of a table: the key first, the indexes last.
pub(super) fn accesses(table: &Table) -> Vec<Access<'_>> {
    let plain = |parts: &[KeyPart]| parts.iter().map(|p| collated(part(p), table)).collect();
    let key = table.primary_key.iter().map(|k| Access {
        name: "the primary key".to_owned(),
        parts: plain(&k.parts),
        unique: true,
        deferrable: k.deferrable.is_some(),
        kind: Kind::Key(k),
    });
    let uniques = table.uniques.iter().map(|u| Access {
        name: format!("the unique constraint on {}", names(u.parts.iter().map(|p| &p.column))),
        parts: plain(&u.parts),
        unique: true,
        deferrable: u.deferrable.is_some(),
        kind: Kind::Unique(u),
    });
    let indexes = table.indexes.values().map(|i| of_index(i, i.parts.iter().map(|p| collated(p.clone(), table)).collect()));
    key.chain(uniques).chain(indexes).collect()
}

fn of_index(index: &Index, parts: Vec<IndexPart>) -> Access<'_> {
    Access { name: format!("index {}", index.name), parts, unique: index.unique, deferrable: false, kind: Kind::Index(index) }
}

/// The ways to the rows of each table and each materialised view, with its address.
pub(super) fn relations(schema: &Schema) -> impl Iterator<Item = (Address, Vec<Access<'_>>)> {
    let tables = schema.tables.values().map(|t| (t.address(), accesses(t)));
    let views = schema.materialized_views.values();
    tables.chain(views.map(|v| (v.address(), v.indexes.values().map(|i| of_index(i, i.parts.clone())).collect())))
}

fn part(key: &KeyPart) -> IndexPart {
    IndexPart { collate: key.collate.clone(), desc: key.desc, ..IndexPart::new(PartKey::Column(key.column.clone())) }
}

/// With the column's collation, where it has none of its own.
fn collated(part: IndexPart, table: &Table) -> IndexPart {
    let of_column = || part.column().and_then(|c| table.columns.get(c)).and_then(|c| c.collate.clone());
    let collate = part.collate.clone().or_else(of_column).filter(|c| !is_default(c));
    IndexPart { collate, ..part }
}

/// Whether it is the collation that a column has where none is written: SQLite's, or PostgreSQL's.
fn is_default(collation: &Ident) -> bool {
    collation.as_str().eq_ignore_ascii_case("binary") || collation.as_str() == "default"
}

/// The collation that a column's values are compared in, where it is not the default.
pub(super) fn collation(column: &Column) -> Option<&Ident> {
    column.collate.as_ref().filter(|c| !is_default(c))
}

/// Names with commas.
pub(super) fn names<'i>(names: impl IntoIterator<Item = &'i Ident>) -> String {
    names.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// All columns, with their tables.
pub(super) fn columns(schema: &Schema) -> impl Iterator<Item = (&Table, &Column)> {
    schema.tables.values().flat_map(|t| t.columns.values().map(move |c| (t, c)))
}

/// `table.NAME.column.NAME`.
pub(super) fn column_at(table: &Table, column: &Ident) -> Address {
    table.column_at(column)
}

/// All foreign keys, with their tables.
pub(super) fn foreign_keys(schema: &Schema) -> impl Iterator<Item = (&Table, &ForeignKey)> {
    schema.tables.values().flat_map(|t| t.foreign_keys.iter().map(move |f| (t, f)))
}

/// `table.NAME.foreign-key.COLUMNS`.
pub(super) fn foreign_key_at(table: &Table, fk: &ForeignKey) -> Address {
    table.foreign_key_at(fk)
}

/// Where the key stands in the file, else its table.
pub(super) fn key_origin(table: &Table) -> Origin {
    table.primary_key.as_ref().map_or(table.origin, |k| k.origin)
}

/// Whether it is a text, of whatever length.
pub(super) fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_))
}
