//! The content of the diagram: a box for each table, a row for each column, a line for each foreign key. No
//! coordinates.

use std::collections::BTreeMap;

use super::marks;
use crate::diff::{Delta, TableChange, TableEdits};
use crate::plan::Plan;
use crate::render::view::Symbol;
use crate::schema::{Column, ForeignKey, Ident, ObjectName, RefAction, Schema, Table};

/// The tables of a schema and the foreign keys between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The tables, in the order of the schema; dropped ones last.
    pub entities: Vec<Entity>,
    /// The foreign keys, in the order of their tables.
    pub relations: Vec<Relation>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// The name, with its schema.
    pub name: String,
    /// The comment on the table.
    pub comment: Option<String>,
    /// What a plan does to it.
    pub mark: Option<Symbol>,
    /// The columns.
    pub rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The name.
    pub name: String,
    /// The type, as in KDL.
    pub ty: String,
    /// The comment on the column.
    pub comment: Option<String>,
    /// Whether it is part of the primary key.
    pub key: bool,
    /// Whether it is part of a foreign key.
    pub foreign: bool,
    /// Whether it is unique by itself.
    pub unique: bool,
    /// Whether it is NOT NULL.
    pub not_null: bool,
    /// What a plan does to it.
    pub mark: Option<Symbol>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The referencing table and column.
    pub from: (usize, usize),
    /// The referenced table and column.
    pub to: (usize, usize),
    /// The columns.
    pub label: String,
    /// The whole definition in words.
    pub title: String,
    /// Whether it can be NULL.
    pub optional: bool,
    /// Whether at most one row can reference each row.
    pub single: bool,
    /// What a plan does to it.
    pub mark: Option<Symbol>,
}

impl Picture {
    /// Returns the tables of a schema. With a plan that leads to it, what the plan does to them is marked.
    pub fn of(schema: &Schema, plan: Option<&Plan>) -> Picture {
        let marks = plan.map(marks).unwrap_or_default();
        let changes: Vec<&TableChange> = plan.iter().flat_map(|p| p.changes.tables()).collect();
        let gone = changes.iter().filter_map(|c| if let TableChange::Drop(t) = *c { Some(t) } else { None });
        let tables: Vec<&Table> = schema.tables.values().chain(gone).collect();
        let edits = |t: &Table| {
            changes.iter().find_map(|c| match c {
                TableChange::Alter(e) if e.after.name == t.name => Some(&**e),
                _ => None,
            })
        };
        let entities: Vec<Entity> = tables.iter().map(|t| entity(t, edits(t), &marks)).collect();
        let mut picture = Picture { entities, relations: Vec::new() };
        for (i, table) in tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let mark = edits(table).and_then(|e| foreign_key_mark(e, key));
                picture.relations.extend(relation(&tables, i, key, mark));
            }
        }
        picture
    }
}

impl Picture {
    /// Returns the tables that a plan changes and their neighbors, and the number of tables left out. Returns
    /// all tables if the plan changes none.
    pub fn near_changes(&self) -> (Picture, usize) {
        let changed: Vec<bool> = self.entities.iter().map(|e| e.mark.is_some() || e.rows.iter().any(|r| r.mark.is_some())).collect();
        if !changed.contains(&true) {
            return (self.clone(), 0);
        }
        let mut kept = changed.clone();
        for relation in &self.relations {
            let (a, b) = (relation.from.0, relation.to.0);
            kept[a] |= changed[b] || relation.mark.is_some();
            kept[b] |= changed[a] || relation.mark.is_some();
        }
        let place = |i: usize| kept[..i].iter().filter(|k| **k).count();
        let entities: Vec<Entity> = self.entities.iter().zip(&kept).filter(|(_, k)| **k).map(|(e, _)| e.clone()).collect();
        let whole = self.relations.iter().filter(|r| kept[r.from.0] && kept[r.to.0]);
        let moved = |r: &Relation| Relation { from: (place(r.from.0), r.from.1), to: (place(r.to.0), r.to.1), ..r.clone() };
        let left_out = self.entities.len() - entities.len();
        (Picture { entities, relations: whole.map(moved).collect() }, left_out)
    }
}

fn entity(table: &Table, edits: Option<&TableEdits>, marks: &BTreeMap<String, Symbol>) -> Entity {
    let mut rows: Vec<Row> = table.columns.values().map(|c| row(table, c, edits.and_then(|e| column_mark(e, &c.name)))).collect();
    let dropped = edits.into_iter().flat_map(|e| e.columns.iter().map(move |d| (e, d)));
    for (edits, delta) in dropped {
        if let Delta::Drop(column) = delta {
            rows.push(row(&edits.live, edits.dropped(column), Some(Symbol::Destroy)));
        }
    }
    let mark = marks.get(&table.address().to_string()).copied();
    Entity { name: table.name.to_string(), comment: table.comment.clone(), mark, rows }
}

fn row(table: &Table, column: &Column, mark: Option<Symbol>) -> Row {
    Row {
        name: column.name.to_string(),
        ty: column.ty.to_string(),
        comment: column.comment.clone(),
        key: table.in_key(&column.name),
        foreign: table.foreign_keys.iter().any(|k| k.columns.contains(&column.name)),
        unique: is_unique(table, std::slice::from_ref(&column.name)),
        not_null: column.not_null,
        mark,
    }
}

/// Returns true if a constraint or index makes these columns unique together.
fn is_unique(table: &Table, columns: &[Ident]) -> bool {
    let same = |parts: &[&Ident]| parts.len() == columns.len() && parts.iter().all(|p| columns.contains(p));
    let key = table.primary_key.iter().map(|k| &k.parts);
    let rules = key.chain(table.uniques.iter().map(|u| &u.parts));
    let indexes = table.indexes.values().filter(|i| i.unique && i.predicate.is_none());
    rules.map(|parts| parts.iter().map(|p| &p.column).collect::<Vec<_>>()).any(|parts| same(&parts))
        || indexes.filter_map(|i| i.parts.iter().map(|p| p.column()).collect::<Option<Vec<_>>>()).any(|parts| same(&parts))
}

fn column_mark(edits: &TableEdits, name: &Ident) -> Option<Symbol> {
    let renamed = edits.renamed_columns.iter().any(|(_, new)| new == name).then_some(Symbol::Change);
    let changed = edits.columns.iter().find_map(|d| match d {
        Delta::Create(c) if c.name == *name => Some(Symbol::Create),
        Delta::Alter { after, .. } if after.name == *name => Some(Symbol::Change),
        _ => None,
    });
    changed.or(renamed)
}

fn foreign_key_mark(edits: &TableEdits, key: &ForeignKey) -> Option<Symbol> {
    edits.foreign_keys.iter().find_map(|d| match d {
        Delta::Create(k) if k.columns == key.columns && k.table == key.table => Some(Symbol::Create),
        Delta::Alter { after, .. } if after.columns == key.columns && after.table == key.table => Some(Symbol::Change),
        _ => None,
    })
}

/// Returns the line of a foreign key; `None` if the referenced table is not drawn.
fn relation(tables: &[&Table], from: usize, key: &ForeignKey, mark: Option<Symbol>) -> Option<Relation> {
    let table = tables[from];
    let to = target(tables, table, &key.table)?;
    let parent = tables[to];
    let first = key.to.first().or_else(|| parent.primary_key.as_ref()?.parts.first().map(|p| &p.column));
    let at = |t: &Table, c: Option<&Ident>| c.and_then(|c| t.columns.get_index_of(c)).unwrap_or(0);
    let list = |names: &[Ident]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut title = format!("{} ({}) references {}", table.name, list(&key.columns), parent.name);
    if !key.to.is_empty() {
        title.push_str(&format!(" ({})", list(&key.to)));
    }
    for (when, action) in [("delete", key.on_delete), ("update", key.on_update)] {
        if action != RefAction::NoAction {
            title.push_str(&format!(", on {when} {}", action.sql().to_lowercase()));
        }
    }
    let nullable = |c: &Ident| table.columns.get(c).is_none_or(|c| !c.not_null);
    Some(Relation {
        from: (from, at(table, key.columns.first())),
        to: (to, at(parent, first)),
        label: list(&key.columns),
        title,
        optional: key.columns.iter().any(nullable),
        single: is_unique(table, &key.columns),
        mark,
    })
}

/// Returns the referenced table. A name without a schema may be in the schema of the referencing table or in
/// any other.
fn target(tables: &[&Table], from: &Table, name: &ObjectName) -> Option<usize> {
    let exact = |n: &ObjectName| tables.iter().position(|t| t.name == *n);
    let beside = from.name.renamed(name.name.clone());
    exact(name).or_else(|| exact(&beside)).or_else(|| tables.iter().position(|t| t.name.name == name.name))
}
