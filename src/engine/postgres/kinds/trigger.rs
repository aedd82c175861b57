//! Triggers (<https://www.postgresql.org/docs/current/sql-createtrigger.html>). A constraint trigger and one that is
//! disabled or fires on replicas are not managed: what follows the name cannot say so.

use super::{Attempt, Catalog, Parts, Row};
use crate::schema::DefinedKind;

pub(super) const ROW: Row = Row {
    kind: DefinedKind::Trigger,
    class: "pg_trigger",
    catalog,
    // PostgreSQL 13 has no CREATE OR REPLACE TRIGGER, and a trigger has neither an owner nor privileges to lose.
    replaces: |_, _| false,
    attempt: Attempt::OnCopy,
    parts: Parts::all,
};

fn catalog(_version: i64) -> Catalog {
    Catalog {
        oid: "t.oid",
        name: "t.tgname",
        arguments: "NULL",
        relation: "t.tgrelid",
        statement: "pg_get_triggerdef(t.oid, true)",
        head: "CASE WHEN t.tgconstraint <> 0 THEN 'CREATE CONSTRAINT TRIGGER ' ELSE 'CREATE TRIGGER ' END || quote_ident(t.tgname)"
            .to_owned(),
        kept: "'{}'".to_owned(),
        reason: "CASE WHEN t.tgconstraint <> 0 THEN 'it is a constraint trigger' WHEN t.tgenabled = 'D' THEN 'it is disabled' \
                 WHEN t.tgenabled <> 'O' THEN 'it fires on replicas' END"
            .to_owned(),
        digest: "replace(pg_get_triggerdef(t.oid), ' ON ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ' ', ' ON '), \
                 t.tgenabled"
            .to_owned(),
        from: "pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND NOT EXISTS (SELECT FROM pg_depend e \
               WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')"
            .to_owned(),
    }
}
