//! The access paths to the rows of a table, however declared: its key, its unique constraints, its indexes.

use crate::schema::{
    Address, Column, ForeignKey, Ident, Index, IndexPart, KeyPart, Origin, PartKey, PrimaryKey, Schema, Table, Type, Unique,
};

/// A sorted access path.
pub(super) struct Access<'t> {
    /// What messages call it.
    pub(super) name: String,
    /// What it is sorted by, with the effective collation.
    pub(super) parts: Vec<IndexPart>,
    /// Whether it is unique.
    pub(super) unique: bool,
    /// Whether uniqueness may be checked only at the end of the transaction: no `ON CONFLICT` and no foreign
    /// key can rely on it.
    pub(super) deferrable: bool,
    /// What it was declared as.
    pub(super) kind: Kind<'t>,
}

/// What an access path was declared as.
#[derive(Clone, Copy)]
pub(super) enum Kind<'t> {
    Key(&'t PrimaryKey),
    Unique(&'t Unique),
    Index(&'t Index),
}

impl<'t> Access<'t> {
    /// Returns the index, if it was created as one.
    pub(super) fn index(&self) -> Option<&'t Index> {
        if let Kind::Index(index) = self.kind { Some(index) } else { None }
    }

    /// Returns its INCLUDE columns.
    pub(super) fn include(&self) -> &'t [Ident] {
        match self.kind {
            Kind::Key(key) => &key.include,
            Kind::Unique(unique) => &unique.include,
            Kind::Index(index) => &index.include,
        }
    }
}

/// Returns all access paths of a table: the key first, the indexes last.
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

/// Returns the access paths of each table and each materialized view, with its address.
pub(super) fn relations(schema: &Schema) -> impl Iterator<Item = (Address, Vec<Access<'_>>)> {
    let tables = schema.tables.values().map(|t| (t.address(), accesses(t)));
    let views = schema.materialized_views.values();
    tables.chain(views.map(|v| (v.address(), v.indexes.values().map(|i| of_index(i, i.parts.clone())).collect())))
}

fn part(key: &KeyPart) -> IndexPart {
    IndexPart { collate: key.collate.clone(), desc: key.desc, ..IndexPart::new(PartKey::Column(key.column.clone())) }
}

/// Returns the part with the column's collation, if it has none of its own.
fn collated(part: IndexPart, table: &Table) -> IndexPart {
    let of_column = || part.column().and_then(|c| table.columns.get(c)).and_then(|c| c.collate.clone());
    let collate = part.collate.clone().or_else(of_column).filter(|c| !is_default(c));
    IndexPart { collate, ..part }
}

/// Returns whether it is the default collation of a column: SQLite's, or PostgreSQL's.
fn is_default(collation: &Ident) -> bool {
    collation.as_str().eq_ignore_ascii_case("binary") || collation.as_str() == "default"
}

/// Returns the collation in which a column's values are compared, if it is not the default.
pub(super) fn collation(column: &Column) -> Option<&Ident> {
    column.collate.as_ref().filter(|c| !is_default(c))
}

/// Joins names with commas.
pub(super) fn names<'i>(names: impl IntoIterator<Item = &'i Ident>) -> String {
    names.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Returns all columns, with their tables.
pub(super) fn columns(schema: &Schema) -> impl Iterator<Item = (&Table, &Column)> {
    schema.tables.values().flat_map(|t| t.columns.values().map(move |c| (t, c)))
}

/// Returns `table.NAME.column.NAME`.
pub(super) fn column_at(table: &Table, column: &Ident) -> Address {
    table.column_at(column)
}

/// Returns all foreign keys, with their tables.
pub(super) fn foreign_keys(schema: &Schema) -> impl Iterator<Item = (&Table, &ForeignKey)> {
    schema.tables.values().flat_map(|t| t.foreign_keys.iter().map(move |f| (t, f)))
}

/// Returns `table.NAME.foreign-key.COLUMNS`.
pub(super) fn foreign_key_at(table: &Table, fk: &ForeignKey) -> Address {
    table.foreign_key_at(fk)
}

/// Returns the position of the key in the file, or else that of its table.
pub(super) fn key_origin(table: &Table) -> Origin {
    table.primary_key.as_ref().map_or(table.origin, |k| k.origin)
}

/// Returns whether it is a text type, of whatever length.
pub(super) fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_))
}
