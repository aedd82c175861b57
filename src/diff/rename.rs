//! Renames: which are meant (`was=`), and what the database makes of the rest when it does them.

use indexmap::IndexMap;

use crate::schema::{Expr, Ident, IndexPart, ObjectName, PartKey, Problem, Schema, Table};

/// The renames of one change, tables first.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// Old and new name.
    pub(super) tables: Vec<(ObjectName, ObjectName)>,
    /// The table's new name, the column's old and new one.
    pub(super) columns: Vec<(ObjectName, Ident, Ident)>,
    /// Whether objects that hold no rows get other names.
    bodies: bool,
}

impl Renames {
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.columns.is_empty() && !self.bodies
    }
}

/// The current schema with the renames done.
pub(super) fn done(before: &Schema, wanted: &Schema, renames: &Renames) -> Schema {
    let mut live = before.clone();
    apply(&mut live, renames);
    rekey(&mut live.views, wanted.views.values().map(|v| (&v.name, &v.was)));
    rekey(&mut live.triggers, wanted.triggers.values().map(|t| (&t.name, &t.was)));
    rekey(&mut live.enums, wanted.enums.values().map(|e| (&e.name, &e.was)));
    rekey(&mut live.domains, wanted.domains.values().map(|d| (&d.name, &d.was)));
    rekey(&mut live.sequences, wanted.sequences.values().map(|s| (&s.name, &s.was)));
    rekey(&mut live.materialized_views, wanted.materialized_views.values().map(|v| (&v.name, &v.was)));
    live
}

/// Finds the renames that the file asks for: OLD is live, the new name is not, and the file does not declare OLD.
pub(super) fn resolve(live: &Schema, wanted: &Schema) -> Result<Renames, Vec<Problem>> {
    let bodies = wanted.views.values().any(|v| !v.was.is_empty())
        || wanted.triggers.values().any(|t| !t.was.is_empty())
        || wanted.enums.values().any(|e| !e.was.is_empty())
        || wanted.domains.values().any(|d| !d.was.is_empty())
        || wanted.sequences.values().any(|s| !s.was.is_empty())
        || wanted.materialized_views.values().any(|v| !v.was.is_empty());
    let mut renames = Renames { bodies, ..Renames::default() };
    let mut problems = Vec::new();
    for table in wanted.tables.values() {
        let olds = table.was.iter().map(|w| ObjectName { schema: table.name.schema.clone(), name: w.clone() });
        let mut candidates = olds.filter(|old| live.tables.contains_key(old) && !wanted.tables.contains_key(old));
        let before = match (live.tables.get(&table.name), candidates.next()) {
            (Some(_), Some(old)) => {
                problems.push(both_live("table", &old.name, &table.name.name, table.origin.0));
                continue;
            }
            (Some(same), None) => same,
            (None, Some(old)) if renames.tables.iter().all(|(o, _)| *o != old) => {
                renames.tables.push((old.clone(), table.name.clone()));
                let Some(same) = live.tables.get(&old) else { continue };
                same
            }
            (None, _) => continue,
        };
        resolve_columns(before, table, &mut renames, &mut problems);
    }
    if problems.is_empty() { Ok(renames) } else { Err(problems) }
}

fn resolve_columns(before: &Table, after: &Table, renames: &mut Renames, problems: &mut Vec<Problem>) {
    for column in after.columns.values() {
        let mut olds = column.was.iter().filter(|w| before.columns.contains_key(*w) && !after.columns.contains_key(*w));
        let Some(old) = olds.next() else { continue };
        if before.columns.contains_key(&column.name) {
            problems.push(both_live("column", old, &column.name, column.origin.0));
        } else if !renames.columns.iter().any(|(t, o, _)| *t == after.name && o == old) {
            renames.columns.push((after.name.clone(), old.clone(), column.name.clone()));
        }
    }
}

fn both_live(kind: &str, old: &Ident, new: &Ident, at: Option<crate::schema::Span>) -> Problem {
    Problem::new(format!("{kind} `{new}` was `{old}`, but the database has both"), at, "cannot be a rename")
        .help(format!("take out was={old} to drop `{old}`, or declare `{old}` to keep it"))
}

/// Puts objects that hold no rows under the names they shall have, so that each is compared with its successor. The
/// object keeps its old name: that is the difference.
fn rekey<'w, T>(live: &mut IndexMap<ObjectName, T>, wanted: impl Iterator<Item = (&'w ObjectName, &'w Vec<Ident>)> + Clone) {
    let declared: Vec<&ObjectName> = wanted.clone().map(|(name, _)| name).collect();
    for (name, was) in wanted {
        let olds = was.iter().map(|w| ObjectName { schema: name.schema.clone(), name: w.clone() });
        let old = olds.into_iter().find(|old| live.contains_key(old) && !declared.contains(&old));
        if let Some(moved) = old.filter(|_| !live.contains_key(name)).and_then(|old| live.shift_remove(&old)) {
            live.insert(name.clone(), moved);
        }
    }
}

/// Does the renames to the current schema, as `ALTER TABLE … RENAME` does them: what points to a renamed thing follows.
fn apply(live: &mut Schema, renames: &Renames) {
    for (old, new) in &renames.tables {
        if let Some(mut table) = live.tables.shift_remove(old) {
            table.name = new.clone();
            live.tables.insert(new.clone(), table);
        }
        let pointing = live.tables.values_mut().flat_map(|t| &mut t.foreign_keys).filter(|f| f.table == *old);
        pointing.for_each(|f| f.table = new.clone());
        rename_in_bodies(live, &old.name, &new.name);
    }
    for (table, old, new) in &renames.columns {
        if let Some(t) = live.tables.get_mut(table) {
            rename_column(t, old, new);
        }
        let pointing = live.tables.values_mut().flat_map(|t| &mut t.foreign_keys).filter(|f| f.table == *table);
        pointing.flat_map(|f| &mut f.to).filter(|c| *c == old).for_each(|c| *c = new.clone());
    }
}

fn rename_in_bodies(live: &mut Schema, old: &Ident, new: &Ident) {
    live.views.values_mut().for_each(|v| v.query.rename(old, new));
    live.materialized_views.values_mut().for_each(|v| v.query.rename(old, new));
    for trigger in live.triggers.values_mut() {
        trigger.body.rename(old, new);
        if trigger.table.as_ref() == Some(old) {
            trigger.table = Some(new.clone());
        }
    }
}

fn rename_column(table: &mut Table, old: &Ident, new: &Ident) {
    let columns = std::mem::take(&mut table.columns);
    for (name, mut column) in columns {
        let name = if name == *old { new.clone() } else { name };
        column.name = name.clone();
        if let Some(generated) = &mut column.generated {
            generated.expr.rename(old, new);
        }
        table.columns.insert(name, column);
    }
    let swap = |c: &mut Ident| {
        if c == old {
            *c = new.clone();
        }
    };
    let swap_expr = |e: &mut Expr| e.rename(old, new);
    table.primary_key.iter_mut().flat_map(|k| &mut k.parts).for_each(|p| swap(&mut p.column));
    for unique in &mut table.uniques {
        unique.parts.iter_mut().for_each(|p| swap(&mut p.column));
        unique.include.iter_mut().for_each(swap);
    }
    table.foreign_keys.iter_mut().flat_map(|f| &mut f.columns).for_each(swap);
    if let Some(key) = &mut table.primary_key {
        key.include.iter_mut().for_each(swap);
    }
    table.checks.iter_mut().for_each(|c| swap_expr(&mut c.expr));
    let swap_part = |part: &mut IndexPart| match &mut part.key {
        PartKey::Column(c) => swap(c),
        PartKey::Expr(e) => swap_expr(e),
    };
    for exclusion in &mut table.exclusions {
        exclusion.parts.iter_mut().for_each(|(part, _)| swap_part(part));
        exclusion.predicate.iter_mut().for_each(swap_expr);
        exclusion.include.iter_mut().for_each(swap);
    }
    for index in table.indexes.values_mut() {
        index.parts.iter_mut().for_each(swap_part);
        index.predicate.iter_mut().for_each(swap_expr);
        index.include.iter_mut().for_each(swap);
    }
}
