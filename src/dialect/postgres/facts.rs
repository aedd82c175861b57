//! What a plan must know of the live database beyond its schema. Plain data; inspection fills it in.

use std::collections::BTreeMap;

use super::inspect::{KeptOfColumn, Live, ident};
use crate::schema::{Ident, ObjectName};

/// What is true of the live database.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The schema of what names none: the first of `search_path`.
    pub(crate) default_schema: Ident,
    /// The live tables, by their live names.
    pub(crate) tables: BTreeMap<ObjectName, TableFacts>,
    /// What live views read.
    pub(crate) uses: Vec<Use>,
    /// The sequences behind serial and identity columns, by live table and column. Where one is missing here, it is taken
    /// to have the name that PostgreSQL gives.
    pub(crate) sequences: BTreeMap<(ObjectName, Ident), ObjectName>,
    /// What goes with a column that is added again, by live table and column.
    pub(crate) kept_columns: BTreeMap<(ObjectName, Ident), Vec<KeptOfColumn>>,
}

/// A live table.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableFacts {
    /// Bytes with indexes (`pg_total_relation_size`), where they are known.
    pub(crate) bytes: Option<i64>,
    /// Whether it holds a row at all.
    pub(crate) holds_rows: bool,
}

/// The kind of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ViewKind {
    /// A view.
    View,
    /// A materialised view.
    Materialized,
}

/// A live view reads a relation (`pg_depend` of its rule).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// The kind of what reads.
    pub(crate) kind: ViewKind,
    /// What reads.
    pub(crate) view: ObjectName,
    /// The table, view or materialised view that is read.
    pub(crate) relation: ObjectName,
    /// The column of it; none is the relation as a whole.
    pub(crate) column: Option<Ident>,
}

impl Facts {
    /// What was read of the live database, and what `of` knows of each table. What is read is in the order of names, which
    /// is the same for every database of one schema.
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
        }
    }

    /// What is known of a live table.
    pub(crate) fn table(&self, name: &ObjectName) -> Option<&TableFacts> {
        let other = match &name.schema {
            None => Some(self.default_schema.clone()),
            Some(schema) => Some(schema.clone()).filter(|s| *s != self.default_schema),
        };
        self.tables.get(name).or_else(|| self.tables.get(&ObjectName { schema: other, name: name.name.clone() }))
    }

    /// Whether a live table holds rows.
    pub(crate) fn holds_rows(&self, name: &ObjectName) -> bool {
        self.table(name).is_some_and(|t| t.holds_rows)
    }

    /// Bytes of a live table, where known.
    pub(crate) fn bytes(&self, name: &ObjectName) -> Option<i64> {
        self.table(name).and_then(|t| t.bytes)
    }
}
