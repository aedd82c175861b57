//! The ways to the rows of a table, whoever made them: its key, its unique rules, its indexes.

use crate::schema::{Address, ForeignKey, Ident, Index, IndexPart, KeyPart, Origin, PartKey, Schema, Table};

/// A sorted way to the rows.
pub(super) struct Access<'t> {
    /// What it is called in a message.
    pub(super) name: String,
    /// What it is sorted by.
    pub(super) parts: Vec<IndexPart>,
    /// Whether equal keys are refused.
    pub(super) unique: bool,
    /// The index behind it, where it was created as one.
    pub(super) index: Option<&'t Index>,
}

/// All of them: the key first, the indexes last.
pub(super) fn accesses(table: &Table) -> Vec<Access<'_>> {
    let plain = |parts: &[KeyPart]| parts.iter().map(part).collect();
    let rule = |name: String, parts: &[KeyPart]| Access { name, parts: plain(parts), unique: true, index: None };
    let key = table.primary_key.iter().map(|k| rule("the primary key".to_owned(), &k.parts));
    let uniques = table.uniques.iter().map(|u| rule(format!("the unique rule of {}", names(u.parts.iter().map(|p| &p.column))), &u.parts));
    let indexes = table.indexes.values().map(|i| Access {
        name: format!("index {}", i.name),
        parts: i.parts.clone(),
        unique: i.unique,
        index: Some(i),
    });
    key.chain(uniques).chain(indexes).collect()
}

fn part(key: &KeyPart) -> IndexPart {
    IndexPart { collate: key.collate.clone(), desc: key.desc, ..IndexPart::new(PartKey::Column(key.column.clone())) }
}

/// Names with commas.
pub(super) fn names<'i>(names: impl IntoIterator<Item = &'i Ident>) -> String {
    names.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// All columns, with their tables.
pub(super) fn columns(schema: &Schema) -> impl Iterator<Item = (&Table, &crate::schema::Column)> {
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
