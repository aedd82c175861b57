//! Keys, checks, foreign keys and exclusion constraints, of a column or a table
//! (<https://www.postgresql.org/docs/current/sql-createtable.html>). Constraints that `inspect` does not
//! manage (NOT ENFORCED, WITHOUT OVERLAPS, PERIOD, SET NULL for some columns) are reported as unmanaged.

use super::Reader;
use super::cursor::{Cursor, Read};
use crate::engine::postgres::default_name;
use crate::engine::postgres::read_type::plain_or_quoted;
use crate::schema::{
    Check, Deferrable, Directives, Exclusion, ForeignKey, Ident, KeyPart, PrimaryKey, RefAction, Table, Unique, UnmanagedKind,
};

/// What can follow any constraint.
#[derive(Default)]
struct Mode {
    deferrable: Option<Deferrable>,
    not_valid: bool,
    no_inherit: bool,
    /// Whether the form is not managed.
    odd: bool,
}

fn mode(c: &mut Cursor) -> Mode {
    let mut mode = Mode::default();
    loop {
        if c.take("deferrable") {
            mode.deferrable = mode.deferrable.or(Some(Deferrable::InitiallyImmediate));
        } else if c.take("initially deferred") {
            mode.deferrable = Some(Deferrable::InitiallyDeferred);
        } else if c.take("not valid") {
            mode.not_valid = true;
        } else if c.take("no inherit") {
            mode.no_inherit = true;
        } else if c.take("not enforced") {
            mode.odd = true;
        } else if !(c.take("not deferrable") || c.take("initially immediate") || c.take("enforced")) {
            return mode;
        }
    }
}

/// Reads the columns of a key, and whether WITHOUT OVERLAPS or PERIOD occurs among them.
fn key_columns(c: &mut Cursor) -> Read<(Vec<Ident>, bool)> {
    let mut inner = c.group()?;
    let (mut columns, mut odd) = (Vec::new(), false);
    loop {
        odd |= inner.take("period");
        columns.push(inner.ident()?);
        odd |= inner.take("without overlaps");
        if !inner.symbol(',') {
            inner.end()?;
            return Ok((columns, odd));
        }
    }
}

impl Reader {
    /// Reads a table constraint.
    pub(super) fn table_constraint(&mut self, c: &mut Cursor, table: &mut Table) -> Read<()> {
        let name = if c.take("constraint") { Some(c.ident()?) } else { None };
        if c.take("not null") {
            let at = *c;
            let column = c.ident()?;
            let Some(column) = table.columns.get_mut(&column) else { return at.unknown() };
            column.not_null = true;
            return if c.is_any(&["no inherit", "not valid"]) { c.unknown() } else { Ok(()) };
        }
        self.constraint(c, name, table, None)
    }

    /// Reads a constraint of a column, or of the table if `column` is `None`.
    pub(super) fn constraint(&mut self, c: &mut Cursor, name: Option<Ident>, table: &mut Table, column: Option<&Ident>) -> Read<()> {
        if c.take("check") {
            self.check(c, name, table)
        } else if c.take("primary key") {
            self.primary_key(c, name, table, column)
        } else if c.take("unique") {
            self.unique(c, name, table, column)
        } else if c.take("exclude") && column.is_none() {
            self.exclusion(c, name, table)
        } else if column.is_some() || c.take("foreign key") {
            self.foreign_key(c, name, table, column)
        } else {
            c.unknown()
        }
    }

    fn check(&mut self, c: &mut Cursor, name: Option<Ident>, table: &mut Table) -> Read<()> {
        let expr = self.expr(c.group()?.rest()?);
        let Mode { no_inherit, not_valid, odd, .. } = mode(c);
        let check = Check { name, no_inherit, not_valid, ..Check::new(expr) };
        if odd {
            let usual = default_name::check(table, &check);
            self.leave_constraint(check.name, &usual, table);
        } else {
            table.checks.push(check);
        }
        Ok(())
    }

    fn primary_key(&mut self, c: &mut Cursor, name: Option<Ident>, table: &mut Table, column: Option<&Ident>) -> Read<()> {
        let (columns, odd) = of_column_or_list(c, column)?;
        let (include, has_parameters) = index_tail(c)?;
        let key = PrimaryKey { name, include, deferrable: mode(c).deferrable, ..PrimaryKey::new(plain(&columns)) };
        let twice = table.primary_key.is_some();
        if has_parameters {
            self.leave_parameters(key.name.as_ref(), &default_name::primary_key(&table.name, &key), table);
        }
        if odd {
            let usual = default_name::primary_key(&table.name, &key);
            self.leave_constraint(key.name, &usual, table);
        } else if twice {
            return c.refuse(format!("table `{}` has more than one primary key", table.name));
        } else {
            columns.iter().for_each(|n| table.columns.get_mut(n).into_iter().for_each(|c| c.not_null = true));
            table.primary_key = Some(key);
        }
        Ok(())
    }

    fn unique(&mut self, c: &mut Cursor, name: Option<Ident>, table: &mut Table, column: Option<&Ident>) -> Read<()> {
        let nulls_not_distinct = c.take("nulls not distinct");
        c.take("nulls distinct");
        let (columns, odd) = of_column_or_list(c, column)?;
        let (include, has_parameters) = index_tail(c)?;
        let deferrable = mode(c).deferrable;
        let unique = Unique { name, nulls_not_distinct, include, deferrable, ..Unique::new(plain(&columns)) };
        if has_parameters {
            self.leave_parameters(unique.name.as_ref(), &default_name::unique(&table.name, &unique), table);
        }
        if odd {
            let usual = default_name::unique(&table.name, &unique);
            self.leave_constraint(unique.name, &usual, table);
        } else {
            table.uniques.push(unique);
        }
        Ok(())
    }

    fn exclusion(&mut self, c: &mut Cursor, name: Option<Ident>, table: &mut Table) -> Read<()> {
        let method = if c.take("using") { Some(c.ident()?.to_string()) } else { None };
        let mut inner = c.group()?;
        let mut parts = Vec::new();
        loop {
            let part = self.index_part(&mut inner)?;
            inner.expect("with")?;
            let operator = inner.until(&[])?.to_owned();
            parts.push((part, if self.is_dump { super::unqualified::unqualified(&operator) } else { operator }));
            if !inner.symbol(',') {
                break;
            }
        }
        inner.end()?;
        let (include, has_parameters) = index_tail(c)?;
        let predicate = if c.take("where") { Some(self.expr(c.group()?.rest()?)) } else { None };
        let (comment, directives) = (None, Directives::default());
        let deferrable = mode(c).deferrable;
        let exclusion = Exclusion { name, method, parts, predicate, deferrable, include, comment, directives };
        if has_parameters {
            self.leave_parameters(exclusion.name.as_ref(), &default_name::exclusion(&table.name, &exclusion), table);
        }
        table.exclusions.push(exclusion);
        Ok(())
    }

    fn foreign_key(&mut self, c: &mut Cursor, name: Option<Ident>, table: &mut Table, column: Option<&Ident>) -> Read<()> {
        let (columns, mut odd) = of_column_or_list(c, column)?;
        c.expect("references")?;
        let mut fk = ForeignKey { name, ..ForeignKey::new(columns, c.name()?) };
        if c.is_symbol('(') {
            let (to, period) = key_columns(c)?;
            (fk.to, odd) = (to, odd || period);
        }
        loop {
            if c.take("match") {
                fk.matching = Some(c.ident()?);
            } else if c.take("on delete") {
                fk.on_delete = action(c)?;
                if c.is_symbol('(') {
                    c.group()?;
                    odd = true;
                }
            } else if c.take("on update") {
                fk.on_update = action(c)?;
            } else {
                break;
            }
        }
        let mode = mode(c);
        (fk.deferrable, fk.not_valid) = (mode.deferrable, mode.not_valid);
        if odd || mode.odd {
            let usual = default_name::foreign_key(&table.name, &fk);
            self.leave_constraint(fk.name, &usual, table);
        } else {
            table.foreign_keys.push(fk);
        }
        Ok(())
    }

    /// Reports the storage parameters of a constraint's index, as inspection does.
    fn leave_parameters(&mut self, name: Option<&Ident>, usual: &str, table: &Table) {
        let name = plain_or_quoted(name.map_or(usual, Ident::as_str));
        self.report_unmanaged(UnmanagedKind::StorageParameters, format!("{name} on {}", super::table::spelled(&table.name)), None);
    }

    fn leave_constraint(&mut self, name: Option<Ident>, usual: &str, table: &Table) {
        let name = name.map_or_else(|| usual.to_owned(), |n| n.to_string());
        self.report_unmanaged(
            UnmanagedKind::Constraint,
            format!("{name} on {}", table.name),
            Some("this form of constraint is not managed yet"),
        );
    }
}

fn plain(columns: &[Ident]) -> Vec<KeyPart> {
    columns.iter().cloned().map(KeyPart::plain).collect()
}

fn of_column_or_list(c: &mut Cursor, column: Option<&Ident>) -> Read<(Vec<Ident>, bool)> {
    match column {
        Some(column) => Ok((vec![column.clone()], false)),
        None if c.is("using index") => c.refuse("USING INDEX is not supported: list the columns instead"),
        None => key_columns(c),
    }
}

/// Reads what follows the columns of a constraint with an index: returns the included columns, and whether
/// there are storage parameters.
fn index_tail(c: &mut Cursor) -> Read<(Vec<Ident>, bool)> {
    let include = if c.take("include") { c.names()? } else { Vec::new() };
    let has_parameters = c.take("with");
    if has_parameters {
        c.parameters()?;
    }
    if c.take("using index tablespace") {
        c.ident()?;
    }
    Ok((include, has_parameters))
}

fn action(c: &mut Cursor) -> Read<RefAction> {
    let words = [
        ("no action", RefAction::NoAction),
        ("restrict", RefAction::Restrict),
        ("cascade", RefAction::Cascade),
        ("set null", RefAction::SetNull),
        ("set default", RefAction::SetDefault),
    ];
    c.take_one(&words).map_or_else(|| c.unknown(), Ok)
}
