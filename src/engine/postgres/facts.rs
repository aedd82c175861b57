//! What a plan must know about the live database beyond its schema. Plain data; inspection fills it in.

use std::collections::BTreeMap;

use super::inspect::{BesideDefinition, KeptOfColumn, Live, ident};
use crate::schema::{DefinedKind, Ident, ObjectName};

/// Facts about the live database.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The schema of unqualified names: the first of `search_path`.
    pub(crate) default_schema: Ident,
    /// The live tables, by their live names.
    pub(crate) tables: BTreeMap<ObjectName, TableFacts>,
    /// What live views read.
    pub(crate) uses: Vec<Use>,
    /// The sequences of serial and identity columns, by live table and column. One that is missing here is
    /// assumed to have PostgreSQL's default name.
    pub(crate) sequences: BTreeMap<(ObjectName, Ident), ObjectName>,
    /// What is dropped with a column and must be restored when the column is re-created, by live table and
    /// column.
    pub(crate) kept_columns: BTreeMap<(ObjectName, Ident), Vec<KeptOfColumn>>,
    /// What belongs to objects that SQL defines as a whole, by kind and live name.
    pub(crate) definitions: BTreeMap<(DefinedKind, ObjectName), BesideDefinition>,
}

/// A live table.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableFacts {
    /// Size in bytes with indexes (`pg_total_relation_size`), if known.
    pub(crate) bytes: Option<i64>,
    /// Whether the table has at least one row.
    pub(crate) holds_rows: bool,
}

/// The kind of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ViewKind {
    View,
    Materialized,
}

/// A relation that a live view reads (`pg_depend` of its rule).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// The kind of the view.
    pub(crate) kind: ViewKind,
    /// The view that reads.
    pub(crate) view: ObjectName,
    /// The table, view or materialized view that is read.
    pub(crate) relation: ObjectName,
    /// The column that is read; `None` is the relation as a whole.
    pub(crate) column: Option<Ident>,
}

impl Facts {
    /// Combines what was read from the live database with what `of` returns for each table. The uses are
    /// sorted by name, so that the order is the same in every database with the same schema.
    pub(crate) fn new(live: &Live, of: impl Fn(&ObjectName) -> TableFacts) -> Facts {
        let tables = live.relations.values().filter(|r| r.kind == "r" || r.kind == "m").map(|r| (r.name.clone(), of(&r.name)));
        let used = live.reads.iter().filter_map(|read| {
            let (view, relation) = (live.relations.get(&read.view)?, live.relations.get(&read.relation)?);
            let kind = if view.kind == "m" { ViewKind::Materialized } else { ViewKind::View };
            let column = read.column.and_then(|n| relation.columns.get(&n)).cloned();
            Some((Use { kind, view: view.name.clone(), relation: relation.name.clone(), column }, read.column))
        });
        let mut used: Vec<(Use, Option<i64>)> = used.collect();
        used.sort_by(|(a, m), (b, n)| (&a.view, &a.relation, m).cmp(&(&b.view, &b.relation, n)));
        let uses = used.into_iter().map(|(u, _)| u).collect();
        Facts {
            default_schema: ident(&live.server.default_schema),
            tables: tables.collect(),
            uses,
            sequences: live.sequences.clone(),
            kept_columns: live.kept_columns.clone(),
            definitions: live.definitions.clone(),
        }
    }

    /// Returns the facts about a live table.
    pub(crate) fn table(&self, name: &ObjectName) -> Option<&TableFacts> {
        let other = match &name.schema {
            None => Some(self.default_schema.clone()),
            Some(schema) => Some(schema.clone()).filter(|s| *s != self.default_schema),
        };
        self.tables.get(name).or_else(|| self.tables.get(&ObjectName::new(other, name.name.clone())))
    }

    /// Returns whether a live table has rows.
    pub(crate) fn holds_rows(&self, name: &ObjectName) -> bool {
        self.table(name).is_some_and(|t| t.holds_rows)
    }

    /// Returns the size of a live table in bytes, if known.
    pub(crate) fn bytes(&self, name: &ObjectName) -> Option<i64> {
        self.table(name).and_then(|t| t.bytes)
    }
}
