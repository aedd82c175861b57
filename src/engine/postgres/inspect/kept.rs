//! The queries for what is lost with an object that is dropped and re-created, and is not part of the schema:
//! owners, privileges, settings.

use super::queries::{OWN, not_of_extension};
use crate::engine::postgres::catalog_row::catalog_row;

catalog_row! {
    /// A row of [`of_views`].
    pub(super) struct KeptRow from "what belongs to views" {
        view: i64,
        sql: String,
    }
}

/// Returns what is dropped with a view when it is re-created, as statements that restore it, in their order:
/// its owner, privileges (those that default privileges would add are revoked first), comments, privileges
/// and defaults of columns, and statistics settings.
pub(super) fn of_views() -> String {
    let to = "CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END";
    let option = "CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END";
    let views = format!("pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND {OWN}");
    let kind = "CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END";
    let name = "c.oid::regclass::text";
    format!(
        "WITH v AS (SELECT c.*, {kind} AS kind, {name} AS name FROM {views}) \
         SELECT q.oid::int8 AS view, q.sql AS sql FROM ( \
         SELECT v.oid, 1 AS place, format('ALTER %s %s OWNER TO %I', v.kind, v.name, pg_get_userbyid(v.relowner)) AS sql FROM v \
         WHERE pg_get_userbyid(v.relowner) <> current_user \
         UNION ALL SELECT DISTINCT v.oid, 2, format('REVOKE ALL ON %s FROM %s', v.name, {to}) FROM v, pg_default_acl d, aclexplode(d.defaclacl) g \
         WHERE d.defaclobjtype = 'r' AND d.defaclnamespace IN (0, v.relnamespace) AND g.grantee <> v.relowner \
         UNION ALL SELECT v.oid, 3, format('REVOKE ALL ON %s FROM %I', v.name, pg_get_userbyid(v.relowner)) FROM v \
         WHERE v.relacl IS NOT NULL AND (SELECT count(*) FROM aclexplode(v.relacl) g WHERE g.grantee = v.relowner) < 7 \
         UNION ALL SELECT v.oid, 4, format('GRANT %s ON %s TO %s%s', g.privilege_type, v.name, {to}, {option}) FROM v, aclexplode(v.relacl) g \
         WHERE v.relacl IS NOT NULL \
         UNION ALL SELECT v.oid, 5, format('GRANT %s (%I) ON %s TO %s%s', g.privilege_type, a.attname, v.name, {to}, {option}) \
         FROM v JOIN pg_attribute a ON a.attrelid = v.oid AND NOT a.attisdropped, aclexplode(a.attacl) g WHERE a.attacl IS NOT NULL \
         UNION ALL SELECT v.oid, 6, format('COMMENT ON COLUMN %s.%I IS %L', v.name, a.attname, d.description) \
         FROM v JOIN pg_attribute a ON a.attrelid = v.oid JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = v.oid \
         AND d.objsubid = a.attnum WHERE a.attnum > 0 \
         UNION ALL SELECT v.oid, 7, format('ALTER %s %s ALTER COLUMN %I SET DEFAULT %s', v.kind, v.name, a.attname, pg_get_expr(d.adbin, d.adrelid)) \
         FROM v JOIN pg_attribute a ON a.attrelid = v.oid JOIN pg_attrdef d ON d.adrelid = v.oid AND d.adnum = a.attnum \
         UNION ALL SELECT v.oid, 8, format('ALTER %s %s ALTER COLUMN %I SET STATISTICS %s', v.kind, v.name, a.attname, a.attstattarget) \
         FROM v JOIN pg_attribute a ON a.attrelid = v.oid AND NOT a.attisdropped AND a.attnum > 0 AND a.attstattarget >= 0 WHERE v.relkind = 'm' \
         UNION ALL SELECT v.oid, 8, format('ALTER %s %s ALTER COLUMN %I SET (%s)', v.kind, v.name, a.attname, array_to_string(a.attoptions, ', ')) \
         FROM v JOIN pg_attribute a ON a.attrelid = v.oid AND NOT a.attisdropped AND a.attoptions IS NOT NULL WHERE v.relkind = 'm' \
         ) q ORDER BY q.oid, q.place, q.sql"
    )
}

catalog_row! {
    /// A row of [`of_columns`].
    pub(super) struct KeptOfColumnRow from "what belongs to columns" {
        schema: String,
        table: String,
        column: String,
        granted: bool,
        what: String,
        tail: String,
    }
}

/// Returns what is lost when a column of a table is dropped and added again, or its type changes: table,
/// column, whether it is a privilege, the privilege or the clause of `ALTER COLUMN`, and the end of the
/// `GRANT`.
pub(super) fn of_columns(version: i64) -> String {
    let to = "CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END";
    let option = "CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END";
    let columns = format!(
        "pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND {OWN}"
    );
    let compression = " UNION ALL SELECT oid, nspname, relname, attnum, attname, false, 'SET COMPRESSION ' || CASE attcompression WHEN 'p' THEN 'pglz' ELSE 'lz4' END, '' \
         FROM a WHERE attcompression <> ''";
    let (column, compression) = if version >= 140_000 { ("a.attcompression", compression) } else { ("''", "") };
    format!(
        "WITH a AS (SELECT c.oid, n.nspname, c.relname, a.attnum, a.attname, a.attacl, a.attstattarget, a.attoptions, a.attstorage, \
         a.atttypid, {column} AS attcompression FROM {columns}) \
         SELECT q.nspname::text AS schema, q.relname::text AS table, q.attname::text AS column, q.granted AS granted, q.what AS what, \
         q.tail AS tail FROM ( \
         SELECT oid, nspname, relname, attnum, attname, true AS granted, g.privilege_type AS what, 'TO ' || {to} || {option} AS tail \
         FROM a, aclexplode(attacl) g WHERE attacl IS NOT NULL \
         UNION ALL SELECT oid, nspname, relname, attnum, attname, false, 'SET STATISTICS ' || attstattarget, '' FROM a WHERE attstattarget >= 0 \
         UNION ALL SELECT oid, nspname, relname, attnum, attname, false, 'SET (' || array_to_string(attoptions, ', ') || ')', '' \
         FROM a WHERE attoptions IS NOT NULL \
         UNION ALL SELECT a.oid, nspname, relname, attnum, attname, false, 'SET STORAGE ' || CASE attstorage \
         WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END, '' \
         FROM a JOIN pg_type t ON t.oid = atttypid WHERE attstorage <> t.typstorage{compression} \
         ) q ORDER BY q.nspname, q.relname, q.attnum, q.granted, q.what, q.tail"
    )
}

catalog_row! {
    /// A row of [`of_types`].
    pub(super) struct KeptOfTypeRow from "what belongs to types" {
        schema: String,
        name: String,
        sql: String,
    }
}

/// Returns what is dropped with a type when it is re-created, as statements that restore it, in their order:
/// its owner, and the privileges that differ from those of a new type (USAGE for everyone, and what default
/// privileges add).
pub(super) fn of_types() -> String {
    let to = "CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END";
    let own = not_of_extension("pg_type", "t.oid");
    format!(
        "WITH t AS (SELECT t.*, n.nspname, t.oid::regtype::text AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE t.typtype IN ('e', 'd') AND {OWN} AND {own}) \
         SELECT q.nspname::text AS schema, q.typname::text AS name, q.sql AS sql FROM ( \
         SELECT nspname, typname, 1 AS place, format('ALTER TYPE %s OWNER TO %I', name, pg_get_userbyid(typowner)) AS sql FROM t \
         WHERE pg_get_userbyid(typowner) <> current_user \
         UNION ALL SELECT DISTINCT nspname, typname, 2, format('REVOKE ALL ON TYPE %s FROM %s', name, {to}) \
         FROM t, pg_default_acl d, aclexplode(d.defaclacl) g \
         WHERE d.defaclobjtype = 'T' AND d.defaclnamespace IN (0, typnamespace) AND g.grantee NOT IN (typowner, 0) \
         UNION ALL SELECT nspname, typname, 2, format('REVOKE ALL ON TYPE %s FROM PUBLIC', name) FROM t WHERE typacl IS NOT NULL \
         UNION ALL SELECT nspname, typname, 3, format('GRANT %s ON TYPE %s TO %s%s', g.privilege_type, name, {to}, \
           CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM t, aclexplode(typacl) g \
         WHERE typacl IS NOT NULL AND g.grantee <> typowner \
         ) q ORDER BY q.nspname, q.typname, q.place, q.sql"
    )
}
