//! `ALTER`: what pg_dump writes after `CREATE`, and what ORMs add. Refuses statements that drop or rename.

use super::Reader;
use super::cursor::{Cursor, Read};
use super::table::OF_A_FAMILY;
use crate::engine::postgres::read_type;
use crate::schema::{AnyKind, Ident, ObjectName, Table, UnmanagedKind};

/// Accepted and ignored, because `inspect` does not read it.
const SAYS_NOTHING: [&str; 6] =
    ["set tablespace", "set access method", "enable trigger", "enable always trigger", "enable replica trigger", "disable trigger"];

/// Column properties that `inspect` reports as unmanaged.
const COLUMN_PROPERTIES: [(&str, UnmanagedKind); 3] = [
    ("set statistics", UnmanagedKind::StatisticsTarget),
    ("set storage", UnmanagedKind::Storage),
    ("set compression", UnmanagedKind::Compression),
];

impl Reader {
    /// Reads what follows `ALTER`.
    pub(super) fn alter(&mut self, c: &mut Cursor) -> Read<()> {
        if c.take("table") {
            self.alter_table(c)
        } else if c.take("sequence") {
            self.alter_sequence(c)
        } else if c.take("type") {
            self.alter_type(c)
        } else if c.take("domain") {
            self.alter_domain(c)
        } else if c.take("default privileges") {
            self.default_privileges(c)
        } else if c.take("view") || c.take("materialized view") || c.take("foreign table") {
            c.take("if exists");
            let name = c.name()?;
            self.owner(c, &name)
        } else if c.take("index") {
            self.alter_index(c)
        } else if c.is_any(&[
            "schema",
            "function",
            "procedure",
            "aggregate",
            "operator",
            "collation",
            "statistics",
            "publication",
            "event trigger",
        ]) {
            self.alter_unmanaged(c)
        } else {
            c.refuse("this form of ALTER is not supported")
        }
    }

    /// Reads `OWNER TO`, which only shows whose privileges are not reported, and CLUSTER, which `inspect`
    /// reports.
    pub(super) fn owner(&mut self, c: &mut Cursor, name: &ObjectName) -> Read<()> {
        if c.take("owner to") {
            self.owners.insert(name.clone(), c.ident()?);
            return Ok(());
        }
        if c.take("cluster on") {
            let index = c.ident()?;
            self.report_unmanaged_on(UnmanagedKind::Cluster, &index, name);
            return Ok(());
        }
        let says_nothing = c.is_any(&["set logged", "set unlogged", "set (", "replica identity full", "replica identity nothing"])
            || c.is_any(&SAYS_NOTHING);
        if says_nothing || self.hidden.contains(name) { Ok(()) } else { c.refuse("this form of ALTER is not supported") }
    }

    /// Reads `ALTER INDEX`: attaching an index to that of a partitioned table, which is not managed, or
    /// statistics of an expression, which are ignored.
    fn alter_index(&mut self, c: &mut Cursor) -> Read<()> {
        c.take("if exists");
        c.name()?;
        if c.is_any(&["attach partition", "alter column", "alter", "set tablespace"]) {
            return Ok(());
        }
        c.refuse("this form of ALTER is not supported")
    }

    fn alter_table(&mut self, c: &mut Cursor) -> Read<()> {
        let if_there = c.take("if exists");
        c.take("only");
        let at = *c;
        let name = c.name()?;
        if c.is_any(&["attach partition", "inherit"]) {
            return self.joins_family(c, &name);
        }
        if self.hidden.contains(&name) {
            return Ok(());
        }
        // pg_dump writes TABLE for views and sequences too.
        let Some(table) = self.schema.tables.get(&name).cloned() else {
            let known = self.is_known(&name) || self.identities.contains(&name) || c.is("owner to");
            let passed_over = if_there && !known;
            return match known {
                true => self.owner(c, &name),
                false if passed_over => Ok(()),
                false => at.refuse(format!("table `{name}` does not exist yet")),
            };
        };
        let mut table = table;
        loop {
            self.alteration(c, &mut table)?;
            if !c.symbol(',') {
                break;
            }
        }
        c.end()?;
        self.schema.tables.insert(name, table);
        Ok(())
    }

    /// Reads `ATTACH PARTITION` and `INHERIT`: both tables take part in inheritance.
    fn joins_family(&mut self, c: &mut Cursor, name: &ObjectName) -> Read<()> {
        if c.take("inherit") {
            self.hide(&c.name()?, OF_A_FAMILY);
            self.hide(name, OF_A_FAMILY);
        } else {
            c.expect("attach partition")?;
            self.hide(&c.name()?, OF_A_FAMILY);
        }
        Ok(())
    }

    fn alteration(&mut self, c: &mut Cursor, table: &mut Table) -> Read<()> {
        if c.take("add") {
            return self.addition(c, table);
        }
        if c.take("alter") {
            c.take("column");
            return self.alter_column(c, table);
        }
        if c.take("validate constraint") {
            let name = c.ident()?;
            table.checks.iter_mut().filter(|k| k.name.as_ref() == Some(&name)).for_each(|k| k.not_valid = false);
            table.foreign_keys.iter_mut().filter(|f| f.name.as_ref() == Some(&name)).for_each(|f| f.not_valid = false);
            return Ok(());
        }
        if c.take("set logged") || c.take("set unlogged") {
            table.unlogged = !table.unlogged;
            return Ok(());
        }
        if c.take("owner to") {
            self.owners.insert(table.name.clone(), c.ident()?);
            return Ok(());
        }
        let mut ahead = *c;
        if ahead.take("set") && ahead.is_symbol('(') {
            table.with.extend(ahead.parameters()?);
            *c = ahead;
            return Ok(());
        }
        self.standing(c, &table.name)
    }

    /// Reads unmanaged properties of a table.
    fn standing(&mut self, c: &mut Cursor, table: &ObjectName) -> Read<()> {
        let row_security = super::table::spelled(table);
        if c.take("enable row level security") {
            let forced = format!("{row_security} forced");
            if !self.schema.unmanaged.iter().any(|u| u.kind == UnmanagedKind::RowSecurity && u.name == forced) {
                self.report_unmanaged(UnmanagedKind::RowSecurity, row_security, None);
            }
        } else if c.take("force row level security") {
            self.schema.unmanaged.retain(|u| !(u.kind == UnmanagedKind::RowSecurity && u.name == row_security));
            self.report_unmanaged(UnmanagedKind::RowSecurity, format!("{row_security} forced"), None);
        } else if c.take("cluster on") {
            self.report_unmanaged_on(UnmanagedKind::Cluster, &c.ident()?, table);
        } else if c.take("replica identity using index") {
            self.report_unmanaged_on(UnmanagedKind::ReplicaIdentity, &c.ident()?, table);
        } else if let Some(all) = c.take_one(&[("replica identity full", "full"), ("replica identity nothing", "nothing")]) {
            self.report_unmanaged(UnmanagedKind::ReplicaIdentity, format!("{all} on {row_security}"), None);
        } else if SAYS_NOTHING.iter().any(|words| c.take(words)) {
            while !c.done() && !c.is_symbol(',') {
                c.skip()?;
            }
        } else {
            return c.refuse("this form of ALTER is not supported");
        }
        Ok(())
    }

    /// Reports an unmanaged object that belongs to a relation.
    pub(super) fn report_unmanaged_on(&mut self, kind: impl Into<AnyKind>, what: &Ident, on: &ObjectName) {
        self.report_unmanaged(kind, format!("{} on {}", read_type::plain_or_quoted(what.as_str()), super::table::spelled(on)), None);
    }

    /// Reads what follows `ADD`.
    fn addition(&mut self, c: &mut Cursor, table: &mut Table) -> Read<()> {
        if c.is_any(&["constraint", "check", "primary key", "unique", "foreign key", "exclude"]) {
            return self.table_constraint(c, table);
        }
        c.take("column");
        if c.take("if not exists") {
            let mut ahead = *c;
            if table.columns.contains_key(&ahead.ident()?) {
                while !c.done() && !c.is_symbol(',') {
                    c.skip()?;
                }
                return Ok(());
            }
        }
        self.column(c, table)
    }

    /// Reads what follows `ALTER COLUMN`.
    fn alter_column(&mut self, c: &mut Cursor, table: &mut Table) -> Read<()> {
        let at = *c;
        let name = c.ident()?;
        let Some(column) = table.columns.get_mut(&name) else { return at.refuse(format!("column `{name}` does not exist yet")) };
        if c.take("set default") {
            column.default = Some(self.default_value(c.until(&[])?, &column.ty));
        } else if c.take("drop default") {
            column.default = None;
        } else if c.take("set not null") {
            column.not_null = true;
        } else if c.take("drop not null") {
            column.not_null = false;
        } else if c.take("add generated") {
            self.generated(c, column, &table.head.name)?;
        } else if c.take("type") || c.take("set data type") {
            column.ty = c.data_type()?;
            if c.take("collate") {
                column.collate = Some(c.last_name()?);
            }
            if c.take("using") {
                c.until(&[])?; // how the values are converted
            }
        } else if let Some(kind) = c.take_one(&COLUMN_PROPERTIES) {
            let table = table.name.clone();
            self.report_unmanaged_on(kind, &name, &table);
            while !c.done() && !c.is_symbol(',') {
                c.skip()?;
            }
        } else if is_set_of_options(c) {
            let table = table.name.clone();
            self.report_unmanaged_on(UnmanagedKind::ColumnOptions, &name, &table);
            while !c.done() && !c.is_symbol(',') {
                c.skip()?;
            }
        } else {
            return c.refuse("this form of ALTER is not supported");
        }
        Ok(())
    }
}

/// Returns whether `SET (n_distinct = 5)` or the like follows, which only affects the planner.
fn is_set_of_options(c: &Cursor) -> bool {
    let mut ahead = *c;
    ahead.take("set") && ahead.is_symbol('(')
}
