//! Builds the constraints and indexes of tables from the rows of the queries.

use super::build::{Builder, columns_of};
use super::part::{expr, parameters, unquoted};
use super::queries::{ConstraintRow, IndexRow};
use super::{Relation, ident};
use crate::engine::postgres::default_name;
use crate::schema::{
    Check, Deferrable, Directives, Exclusion, ForeignKey, Ident, Index, IndexPart, KeyPart, NullsOrder, ObjectName, PartKey, PrimaryKey,
    RefAction, Table, Unique, Unmanaged, UnmanagedKind,
};

impl ConstraintRow {
    fn deferrable(&self) -> Option<Deferrable> {
        match (self.can_wait, self.waits) {
            (false, _) => None,
            (true, false) => Some(Deferrable::InitiallyImmediate),
            (true, true) => Some(Deferrable::InitiallyDeferred),
        }
    }
}

impl Builder {
    pub(super) fn constraint(&mut self, found: ConstraintRow) {
        if found.domain == 0 {
            return self.of_table(found);
        }
        let check = check(&found, &Table::new(ObjectName::bare(ident(""))));
        self.domain_check(found.domain, Check { name: Some(ident(&found.name)), ..check });
    }

    fn of_table(&mut self, found: ConstraintRow) {
        let Some(relation) = self.live.relations.get(&found.table) else { return };
        let numbered = |relation: &Relation, numbers: &Option<Vec<i64>>| columns_of(relation, numbers.as_deref().unwrap_or_default());
        let columns = numbered(relation, &found.columns);
        let parent = self.live.relations.get(&found.parent).map(|p| (p.name.clone(), numbered(p, &found.parent_columns)));
        let Some(table) = self.tables.get_mut(&found.table) else { return };
        let odd = !found.enforced || found.period || found.set_columns.as_ref().is_some_and(|c| !c.is_empty()) || found.kind == "n";
        if odd {
            let name = format!("{} on {}", found.name, table.name);
            let reason = Some("this form of constraint is not managed yet".to_owned());
            self.live.schema.unmanaged.push(Unmanaged { reason, ..Unmanaged::new(UnmanagedKind::Constraint, name) });
            // The index of a foreign key is that of the referenced key.
            self.hidden_indexes.extend(Some(found.index).filter(|_| found.kind != "f"));
            return;
        }
        match found.kind.as_str() {
            "c" => {
                let check = check(&found, table);
                table.checks.push(check);
            }
            "f" => {
                if let (Some(columns), Some((parent, Some(to)))) = (columns, parent) {
                    let fk = foreign_key(&found, table, columns, parent, to);
                    table.foreign_keys.push(fk);
                } else {
                    let reason = Some("it references a table that rosey does not manage".to_owned());
                    let name = format!("{} on {}", found.name, table.name);
                    self.live.schema.unmanaged.push(Unmanaged { reason, ..Unmanaged::new(UnmanagedKind::Constraint, name) });
                }
            }
            // Keys and exclusion constraints are read from their indexes, which contain more details.
            _ => drop(self.keys.insert(found.index, found)),
        }
    }

    pub(super) fn index(&mut self, row: IndexRow) {
        let (oid, table) = (row.oid, row.relation);
        let Some(relation) = self.live.relations.get(&table).filter(|_| !self.hidden_indexes.contains(&oid)) else { return };
        let count = usize::try_from(row.count).unwrap_or_default();
        let include = row.keys.iter().skip(count).filter_map(|n| relation.columns.get(n).cloned()).collect::<Vec<Ident>>();
        let index = Index {
            unique: row.is_unique,
            parts: row.keys.iter().take(count).enumerate().map(|(i, key)| part(&row, i, relation.columns.get(key))).collect(),
            predicate: row.predicate.map(|p| expr(&p)),
            method: Some(row.method).filter(|m| m != "btree"),
            nulls_not_distinct: row.nulls_not_distinct,
            include,
            with: parameters(&row.parameters.unwrap_or_default()),
            comment: row.comment,
            invalid: !row.valid,
            ..Index::new(ident(&row.name))
        };
        if let Some(found) = self.keys.remove(&oid) {
            self.key(found, index);
        } else if let Some(table) = self.tables.get_mut(&table) {
            table.indexes.insert(index.name.clone(), index);
        } else if let Some(view) = self.materialized.get_mut(&table) {
            view.indexes.insert(index.name.clone(), index);
        }
    }

    /// Adds a constraint that has an index.
    fn key(&mut self, found: ConstraintRow, index: Index) {
        let Some(table) = self.tables.get_mut(&found.table) else { return };
        let plain: Option<Vec<KeyPart>> = index.parts.iter().map(|p| p.column().cloned().map(KeyPart::plain)).collect();
        let (deferrable, comment) = (found.deferrable(), found.comment);
        let (name, include) = (ident(&found.name), index.include.clone());
        match (found.kind.as_str(), plain) {
            ("p", Some(parts)) => {
                let key = PrimaryKey { deferrable, include, comment, ..PrimaryKey::new(parts) };
                let name = unless_default(name, &default_name::primary_key(&table.name, &key));
                table.primary_key = Some(PrimaryKey { name, ..key });
            }
            ("u", Some(parts)) => {
                let nulls_not_distinct = index.nulls_not_distinct;
                let unique = Unique { deferrable, include, nulls_not_distinct, comment, ..Unique::new(parts) };
                let name = unless_default(name, &default_name::unique(&table.name, &unique));
                table.uniques.push(Unique { name, ..unique });
            }
            _ => {
                let parts = index.parts.into_iter().zip(found.operators.unwrap_or_default()).collect();
                let directives = Directives::default();
                let (method, predicate) = (index.method, index.predicate);
                let exclusion = Exclusion { name: None, method, parts, predicate, deferrable, include, comment, directives };
                let name = unless_default(name, &default_name::exclusion(&table.name, &exclusion));
                table.exclusions.push(Exclusion { name, ..exclusion });
            }
        }
    }
}

/// Returns one part of an index: a column, or the expression at that position.
fn part(row: &IndexRow, i: usize, column: Option<&Ident>) -> IndexPart {
    let at = |list: &[Option<String>]| list.get(i).cloned().flatten();
    let key = match column {
        Some(column) => PartKey::Column(column.clone()),
        None => PartKey::Expr(expr(&at(&row.exprs).unwrap_or_default())),
    };
    let flags = row.options.get(i).copied().unwrap_or_default();
    let (desc, first) = (flags & 1 != 0, flags & 2 != 0);
    let nulls = if first { NullsOrder::First } else { NullsOrder::Last };
    let nulls = (first != desc).then_some(nulls);
    IndexPart { key, collate: at(&row.collations).map(|c| unquoted(&c)), desc, nulls, opclass: at(&row.opclasses) }
}

/// Returns the name unless it is PostgreSQL's default name.
fn unless_default(name: Ident, default: &str) -> Option<Ident> {
    Some(name).filter(|n| n.as_str() != default)
}

fn check(found: &ConstraintRow, table: &Table) -> Check {
    let expr = expr(found.expr.as_deref().unwrap_or_default());
    let check = Check { no_inherit: found.no_inherit, not_valid: !found.valid, comment: found.comment.clone(), ..Check::new(expr) };
    let name = unless_default(ident(&found.name), &default_name::check(table, &check));
    Check { name, ..check }
}

fn foreign_key(found: &ConstraintRow, table: &Table, columns: Vec<Ident>, parent: ObjectName, to: Vec<Ident>) -> ForeignKey {
    let fk = ForeignKey {
        to,
        on_delete: action(&found.on_delete),
        on_update: action(&found.on_update),
        matching: (found.matching == "f").then(|| ident("full")),
        deferrable: found.deferrable(),
        not_valid: !found.valid,
        comment: found.comment.clone(),
        ..ForeignKey::new(columns, parent)
    };
    let name = unless_default(ident(&found.name), &default_name::foreign_key(&table.name, &fk));
    ForeignKey { name, ..fk }
}

/// Reads `pg_constraint.confdeltype`.
fn action(code: &str) -> RefAction {
    match code {
        "r" => RefAction::Restrict,
        "c" => RefAction::Cascade,
        "n" => RefAction::SetNull,
        "d" => RefAction::SetDefault,
        _ => RefAction::NoAction,
    }
}
