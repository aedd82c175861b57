//! `COMMENT ON` (<https://www.postgresql.org/docs/current/sql-comment.html>). Ignores what `inspect` does not
//! read: comments on columns of views, on unmanaged objects, on indexes of constraints, and on extensions,
//! which have their own.

use super::cursor::{Cursor, Read};
use super::{HOME, Reader};
use crate::engine::postgres::default_name;
use crate::engine::postgres::kinds;
use crate::schema::{DefinedKind, Dialect, Ident, IdentifiedBy, Kind, ObjectName, Of, Table, UnmanagedKind};

type Slot<'s> = Option<&'s mut Option<String>>;

impl Reader {
    /// Reads what follows `COMMENT ON`.
    pub(super) fn comment(&mut self, c: &mut Cursor) -> Read<()> {
        let at = *c;
        let passed_over = ["extension", "aggregate", "trigger", "policy", "rule", "collation"];
        let more = ["operator", "event trigger", "publication", "foreign table", "database", "role", "routine"];
        let is_managed = super::object::kinds_by_words().iter().any(|(words, _)| c.is(words));
        if !is_managed && (c.is_any(&passed_over) || c.is_any(&more)) {
            return Ok(());
        }
        let (slot, known) = if c.take("column") {
            self.column_comment(c)?
        } else if c.take("constraint") {
            self.constraint_comment(c)?
        } else if c.take("index") {
            let name = c.last_name()?;
            (self.index_comment(&name), true)
        } else if c.take("schema") {
            return self.schema_comment(c);
        } else {
            self.object_comment(c)?
        };
        match slot {
            Some(slot) => *slot = text(c)?,
            None if known => {}
            None => return at.refuse("this object does not exist yet"),
        }
        Ok(())
    }

    /// Returns the comment of a top-level object, and whether such an object is known.
    fn object_comment(&mut self, c: &mut Cursor) -> Read<(Slot<'_>, bool)> {
        let at = *c;
        const WORDS: [(&str, &[Kind]); 6] = [
            ("table", &[Kind::Table]),
            ("view", &[Kind::View]),
            ("materialized view", &[Kind::MaterializedView]),
            ("sequence", &[Kind::Sequence]),
            ("type", &[Kind::Enum, Kind::Domain]),
            ("domain", &[Kind::Enum, Kind::Domain]),
        ];
        if let Some(kind) = c.take_one(&super::object::kinds_by_words()) {
            return self.definition_comment(c, kind);
        }
        let Some(kinds) = c.take_one(&WORDS) else { return at.unknown() };
        let name = c.name()?;
        let is_type = kinds.iter().any(|k| k.is_type());
        let unmanaged = || self.schema.unmanaged.iter().any(|u| u.kind == UnmanagedKind::Type && u.name == super::table::spelled(&name));
        let known = self.hidden.contains(&name) || self.identities.contains(&name) || (is_type && unmanaged());
        let found = self.schema.heads_mut().find(|(kind, head)| kinds.contains(kind) && head.name == name);
        Ok((found.map(|(_, head)| &mut head.comment), known))
    }

    /// Returns the comment of an object that SQL defines as a whole. One that is not managed is passed over.
    fn definition_comment(&mut self, c: &mut Cursor, kind: DefinedKind) -> Read<(Slot<'_>, bool)> {
        let name = match kind.identified_by(Dialect::Postgres) {
            IdentifiedBy::Name => c.name()?,
            IdentifiedBy::Arguments => {
                let name = c.name()?;
                let types = kinds::identity(c.group()?.rest().unwrap_or_default(), HOME);
                ObjectName { of: Of::Arguments(types.unwrap_or_default().into()), ..name }
            }
            IdentifiedBy::Relation => {
                let name = c.last_name()?;
                c.expect("on")?;
                let table = c.name()?;
                ObjectName { of: Of::on(table.name), ..ObjectName::new(table.schema, name) }
            }
        };
        Ok((self.schema.definitions.of_mut(kind).get_mut(&name).map(|d| &mut d.head.comment), true))
    }

    fn column_comment(&mut self, c: &mut Cursor) -> Read<(Slot<'_>, bool)> {
        let from = *c;
        let mut path = c.path()?;
        let Some(column) = path.pop() else { return from.unknown() };
        let name = from.object(&path)?;
        let composite = self.schema.unmanaged.iter().any(|u| u.kind == UnmanagedKind::Type && u.name == super::table::spelled(&name));
        let is_table = self.schema.tables.contains_key(&name);
        let known = composite || (!is_table && self.is_known(&name));
        let slot = self.schema.tables.get_mut(&name).and_then(|t| t.columns.get_mut(&column)).map(|c| &mut c.comment);
        Ok((slot, known))
    }

    fn index_comment(&mut self, name: &Ident) -> Slot<'_> {
        let of_tables = self.schema.objects.tables.values_mut().map(|t| &mut t.indexes);
        let mut all = of_tables.chain(self.schema.objects.materialized_views.values_mut().map(|v| &mut v.indexes));
        all.find_map(|indexes| indexes.get_mut(name)).map(|i| &mut i.comment)
    }

    fn constraint_comment(&mut self, c: &mut Cursor) -> Read<(Slot<'_>, bool)> {
        let name = c.ident()?;
        c.expect("on")?;
        if c.take("domain") {
            let domain = c.name()?;
            let Some(domain) = self.schema.domains.get_mut(&domain) else { return Ok((None, false)) };
            let usual = default_name::domain_check(domain);
            let mine = |given: &Option<Ident>| given.as_ref().map_or(usual.as_str(), Ident::as_str) == name.as_str();
            return Ok((domain.checks.iter_mut().find(|k| mine(&k.name)).map(|k| &mut k.comment), false));
        }
        let table = c.name()?;
        let known = self.hidden.contains(&table) || self.is_unmanaged_constraint(&name, &table);
        Ok((self.schema.tables.get_mut(&table).and_then(|t| constraint(t, &name)), known))
    }

    fn is_unmanaged_constraint(&self, name: &Ident, table: &ObjectName) -> bool {
        let full = format!("{name} on {table}");
        // A NOT NULL constraint has a name from PostgreSQL 18 on; its comment is not read.
        let not_null = name.as_str().ends_with("_not_null");
        not_null || self.schema.unmanaged.iter().any(|u| u.kind == UnmanagedKind::Constraint && u.name == full)
    }

    /// Reads the comment of a schema. `public` always exists: it becomes part of the result only if its
    /// comment is not the standard one.
    fn schema_comment(&mut self, c: &mut Cursor) -> Read<()> {
        let at = *c;
        let name = c.ident()?;
        let comment = text(c)?;
        let own = name.as_str() == HOME;
        if own && comment.as_deref().is_none_or(|c| c == "standard public schema") {
            return Ok(());
        }
        if !own && !self.schema.namespaces.contains_key(&ObjectName::bare(name.clone())) {
            return at.refuse(format!("schema `{name}` does not exist yet"));
        }
        self.namespace(name).comment = comment;
        Ok(())
    }
}

/// Reads `IS 'text'`; NULL and an empty string mean no comment.
fn text(c: &mut Cursor) -> Read<Option<String>> {
    c.expect("is")?;
    let comment = if c.take("null") { None } else { Some(c.string()?).filter(|t| !t.is_empty()) };
    c.end()?;
    Ok(comment)
}

/// Returns the comment of the constraint with that name, which may be PostgreSQL's default name.
fn constraint<'t>(table: &'t mut Table, name: &Ident) -> Slot<'t> {
    let is = |given: &Option<Ident>, usual: String| given.as_ref().map_or(usual.as_str(), Ident::as_str) == name.as_str();
    let of = &table.head.name;
    let check = table.checks.iter().position(|k| is(&k.name, default_name::check(table, k)));
    if let Some(at) = check {
        return table.checks.get_mut(at).map(|k| &mut k.comment);
    }
    if table.primary_key.as_ref().is_some_and(|k| is(&k.name, default_name::primary_key(of, k))) {
        return table.primary_key.as_mut().map(|k| &mut k.comment);
    }
    if let Some(found) = table.uniques.iter_mut().find(|u| is(&u.name, default_name::unique(of, u))) {
        return Some(&mut found.comment);
    }
    if let Some(found) = table.exclusions.iter_mut().find(|e| is(&e.name, default_name::exclusion(of, e))) {
        return Some(&mut found.comment);
    }
    table.foreign_keys.iter_mut().find(|f| is(&f.name, default_name::foreign_key(of, f))).map(|f| &mut f.comment)
}
