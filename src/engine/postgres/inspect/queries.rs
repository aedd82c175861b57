//! The queries on the catalogs (<https://www.postgresql.org/docs/current/catalogs.html>): the same number for
//! five thousand tables as for one. Every value is cast to a type that the driver knows without asking the
//! server.

use super::unmanaged::of_hidden_relation;
use crate::engine::postgres::catalog_row::catalog_row;

/// Excludes the schemas of the server and of other migrators (`bookkeeping::SCHEMAS`).
pub(super) const OWN: &str = "n.nspname NOT IN ('information_schema', 'drizzle', 'pgroll') AND n.nspname !~ '^pg_'";

/// Returns the condition that no extension owns the object.
pub(in super::super) fn not_of_extension(class: &str, oid: &str) -> String {
    format!("NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{class}'::regclass AND e.objid = {oid} AND e.deptype = 'e')")
}

/// Returns the SQL for the comment on an object as a whole. The server's own functions for it are written in
/// SQL, and before PostgreSQL 14 names in them are resolved with the search path when they run.
pub(super) fn comment(class: &str, oid: &str) -> String {
    comment_on(class, oid, "0")
}

/// Returns the same for a part of an object.
pub(super) fn comment_on(class: &str, oid: &str, part: &str) -> String {
    format!("(SELECT description FROM pg_description WHERE classoid = '{class}'::regclass AND objoid = {oid} AND objsubid = {part})")
}

catalog_row! {
    /// A row of [`SERVER`].
    pub(super) struct ServerRow from "the server" {
        version: i64,
        default_schema: String,
        read_only: bool,
        may_temp: bool,
    }
}

/// Properties of the session and the server.
pub(super) const SERVER: &str = "SELECT current_setting('server_version_num')::int8 AS version, coalesce(current_schema()::text, 'public') AS default_schema, \
     pg_is_in_recovery() AS read_only, has_database_privilege(current_database(), 'TEMP') AS may_temp";

/// What decides how the server reads and prints expressions besides the objects in the schemas: the settings and the role,
/// and functions, operators, casts, types, and the like that users created, wherever they are. One value.
pub(super) fn surroundings() -> String {
    const CATALOGS: [&str; 13] = [
        "pg_proc",
        "pg_operator",
        "pg_cast",
        "pg_type",
        "pg_opclass",
        "pg_opfamily",
        "pg_collation",
        "pg_conversion",
        "pg_language",
        "pg_ts_config",
        "pg_am",
        "pg_namespace",
        "pg_extension",
    ];
    // A change of a row gives it another version, and OIDs below 16384 come with the server.
    let versions = CATALOGS.map(|name| format!("SELECT '{name} ' || oid || ' ' || xmin AS v FROM {name} WHERE oid >= 16384"));
    let settings = "SELECT string_agg(name || '=' || setting, '|' ORDER BY name COLLATE \"C\") FROM pg_settings WHERE source <> 'default'";
    let role = "SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user";
    let members = "SELECT string_agg(m.member || ' ' || m.roleid, ',' ORDER BY m.member, m.roleid) FROM pg_auth_members m";
    format!(
        "SELECT md5(concat_ws('|', session_user, current_user, ({settings}), ({role}), ({members}), \
         (SELECT string_agg(v, ',' ORDER BY v COLLATE \"C\") FROM ({}) AS versions))) AS digest",
        versions.join(" UNION ALL ")
    )
}

catalog_row! {
    /// A row of [`relations`].
    pub(super) struct RelationRow from "relations" {
        oid: i64,
        schema: String,
        name: String,
        kind: String,
        persistence: String,
        family: bool,
        options: Option<Vec<String>>,
        comment: Option<String>,
        bytes: i64,
        query: Option<String>,
        typed: bool,
        populated: bool,
        partition: bool,
        digest: Option<String>,
    }
}

/// Tables, views, sequences and other relations with rows or columns.
pub(super) fn relations() -> String {
    let own = not_of_extension("pg_class", "c.oid");
    let family =
        "(c.relispartition OR c.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid OR h.inhparent = c.oid))";
    format!(
        "SELECT c.oid::int8 AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, \
         c.relpersistence::text AS persistence, {family} AS family, \
         c.reloptions::text[] || ARRAY(SELECT 'toast.' || o FROM pg_class tc, unnest(tc.reloptions) o WHERE tc.oid = c.reltoastrelid) AS options, \
         {comment} AS comment, c.relpages::int8 * 8192 AS bytes, \
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS query, c.reloftype <> 0 AS typed, c.relispopulated AS populated, \
         c.relispartition AS partition, \
         CASE WHEN {family} OR c.relkind = 'f' OR c.reloftype <> 0 THEN {} END AS digest \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND {OWN} AND {own} ORDER BY n.nspname, c.relname",
        of_hidden_relation(),
        comment = comment("pg_class", "c.oid"),
    )
}

catalog_row! {
    /// A row of [`columns`].
    pub(super) struct ColumnRow from "columns" {
        relation: i64,
        number: i64,
        name: String,
        ty: String,
        not_null: bool,
        identity: String,
        generated: String,
        sql: Option<String>,
        collate: Option<String>,
        comment: Option<String>,
    }
}

/// Columns of tables and views, in their order. A default references no column, so it is printed without
/// looking up its table.
pub(super) fn columns() -> String {
    format!(
        "SELECT a.attrelid::int8 AS relation, a.attnum::int8 AS number, a.attname::text AS name, \
         format_type(a.atttypid, a.atttypmod) AS ty, a.attnotnull AS not_null, a.attidentity::text AS identity, \
         a.attgenerated::text AS generated, \
         CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0) ELSE pg_get_expr(d.adbin, d.adrelid) END AS sql, \
         CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(k.collname) END AS collate, de.description AS comment \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         LEFT JOIN pg_collation k ON k.oid = a.attcollation \
         LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = a.attrelid AND de.objsubid = a.attnum \
         WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND {OWN} ORDER BY a.attrelid, a.attnum"
    )
}

catalog_row! {
    /// A row of [`constraints`].
    pub(super) struct ConstraintRow from "constraints" {
        table: i64,
        domain: i64,
        name: String,
        kind: String,
        can_wait: bool,
        waits: bool,
        valid: bool,
        no_inherit: bool,
        columns: Option<Vec<i64>>,
        parent: i64,
        parent_columns: Option<Vec<i64>>,
        on_update: String,
        on_delete: String,
        matching: String,
        set_columns: Option<Vec<i64>>,
        index: i64,
        expr: Option<String>,
        operators: Option<Vec<String>>,
        comment: Option<String>,
        enforced: bool,
        period: bool,
    }
}

/// Constraints of tables and domains, without PostgreSQL 18's named NOT NULL constraints, constraint
/// triggers, and those that the server creates for each partition of a table.
pub(super) fn constraints(version: i64) -> String {
    let set_columns = if version >= 150_000 { "con.confdelsetcols::int8[]" } else { "NULL::int8[]" };
    let (enforced, period) = if version >= 180_000 { ("con.conenforced", "con.conperiod") } else { ("true", "false") };
    format!(
        "SELECT con.conrelid::int8 AS table, con.contypid::int8 AS domain, con.conname::text AS name, con.contype::text AS kind, \
         con.condeferrable AS can_wait, con.condeferred AS waits, con.convalidated AS valid, con.connoinherit AS no_inherit, \
         con.conkey::int8[] AS columns, con.confrelid::int8 AS parent, con.confkey::int8[] AS parent_columns, \
         con.confupdtype::text AS on_update, con.confdeltype::text AS on_delete, con.confmatchtype::text AS matching, \
         {set_columns} AS set_columns, con.conindid::int8 AS index, \
         CASE WHEN con.contype = 'c' THEN pg_get_expr(con.conbin, con.conrelid) END AS expr, \
         CASE WHEN con.contype = 'x' THEN (SELECT array_agg(CASE WHEN pg_operator_is_visible(o.oid) THEN o.oprname::text \
                 ELSE 'OPERATOR(' || quote_ident(ons.nspname) || '.' || o.oprname || ')' END ORDER BY x.place) \
          FROM unnest(con.conexclop) WITH ORDINALITY x(op, place) JOIN pg_operator o ON o.oid = x.op \
          JOIN pg_namespace ons ON ons.oid = o.oprnamespace) END AS operators, \
         de.description AS comment, {enforced} AS enforced, {period} AS period \
         FROM pg_constraint con JOIN pg_namespace n ON n.oid = con.connamespace \
         LEFT JOIN pg_description de ON de.classoid = 'pg_constraint'::regclass AND de.objoid = con.oid AND de.objsubid = 0 \
         WHERE (con.contype IN ('c', 'f', 'p', 'u', 'x') OR con.contype = 'n' AND con.conrelid <> 0 AND NOT (con.convalidated AND NOT con.connoinherit)) \
         AND con.conparentid = 0 AND {OWN} ORDER BY con.conrelid, con.contypid, con.conname"
    )
}

catalog_row! {
    /// A row of [`indexes`].
    pub(super) struct IndexRow from "indexes" {
        oid: i64,
        relation: i64,
        name: String,
        method: String,
        is_unique: bool,
        valid: bool,
        nulls_not_distinct: bool,
        count: i64,
        keys: Vec<i64>,
        options: Vec<i64>,
        opclasses: Vec<Option<String>>,
        collations: Vec<Option<String>>,
        exprs: Vec<Option<String>>,
        predicate: Option<String>,
        parameters: Option<Vec<String>>,
        comment: Option<String>,
    }
}

/// Indexes, including those of constraints. An expression has the collation of its columns: only the
/// definition shows whether it was given another one.
pub(super) fn indexes(version: i64) -> String {
    let nulls = if version >= 150_000 { "i.indnullsnotdistinct" } else { "false" };
    // Parts are examined one by one only if there is an operator class option or a collation other than the
    // database's.
    let odd_collation = "attrelid >= 16384 AND attcollation NOT IN (0, 'pg_catalog.\"default\"'::regcollation)";
    format!(
        "WITH odd AS MATERIALIZED (SELECT attrelid, attoptions IS NOT NULL AS options, {odd_collation} AS collated FROM pg_attribute \
         WHERE attoptions IS NOT NULL OR ({odd_collation})) \
         SELECT i.indexrelid::int8 AS oid, i.indrelid::int8 AS relation, ic.relname::text AS name, am.amname::text AS method, \
         i.indisunique AS is_unique, i.indisvalid AS valid, {nulls} AS nulls_not_distinct, i.indnkeyatts::int8 AS count, \
         string_to_array(i.indkey::text, ' ')::int8[] AS keys, string_to_array(i.indoption::text, ' ')::int8[] AS options, \
         CASE WHEN i.indclass::oid[] && ARRAY(SELECT oid FROM pg_opclass WHERE NOT opcdefault) \
           OR i.indexrelid IN (SELECT attrelid FROM odd WHERE options) THEN \
         ARRAY(SELECT CASE WHEN oc.opcdefault AND ia.attoptions IS NULL THEN NULL ELSE \
               CASE WHEN pg_opclass_is_visible(oc.oid) THEN '' ELSE quote_ident(on_.nspname) || '.' END || quote_ident(oc.opcname) || \
               coalesce('(' || array_to_string(ia.attoptions, ', ') || ')', '') END \
               FROM unnest(i.indclass::oid[]) WITH ORDINALITY x(op, place) JOIN pg_opclass oc ON oc.oid = x.op \
               JOIN pg_namespace on_ ON on_.oid = oc.opcnamespace \
               LEFT JOIN pg_attribute ia ON ia.attrelid = i.indexrelid AND ia.attnum = x.place ORDER BY x.place)::text[] ELSE '{{}}' END AS opclasses, \
         CASE WHEN i.indrelid IN (SELECT attrelid FROM odd WHERE collated) OR i.indexrelid IN (SELECT attrelid FROM odd WHERE collated) THEN \
         ARRAY(SELECT CASE WHEN x.coll <> 0 AND x.coll <> coalesce(a.attcollation, 'pg_catalog.\"default\"'::regcollation::oid) \
               AND (a.attnum IS NOT NULL OR strpos(pg_get_indexdef(i.indexrelid), \
                    pg_get_indexdef(i.indexrelid, x.place::int4, false) || ' COLLATE ') > 0) \
               THEN quote_ident(k.collname) END \
               FROM unnest(i.indcollation::oid[]) WITH ORDINALITY x(coll, place) LEFT JOIN pg_collation k ON k.oid = x.coll \
               LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[x.place - 1] AND a.attnum > 0 \
               ORDER BY x.place)::text[] ELSE '{{}}' END AS collations, \
         CASE WHEN i.indexprs IS NULL THEN '{{}}' ELSE ARRAY(SELECT CASE WHEN i.indkey[g - 1] = 0 \
               THEN pg_get_indexdef(i.indexrelid, g, false) END FROM generate_series(1, i.indnkeyatts) g ORDER BY g) END::text[] AS exprs, \
         pg_get_expr(i.indpred, i.indrelid) AS predicate, ic.reloptions::text[] AS parameters, de.description AS comment \
         FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid \
         JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am am ON am.oid = ic.relam \
         LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = i.indexrelid AND de.objsubid = 0 \
         WHERE c.relkind IN ('r', 'm') AND {OWN} ORDER BY i.indrelid, ic.relname"
    )
}

catalog_row! {
    /// A row of [`types`].
    pub(super) struct TypeRow from "types" {
        oid: i64,
        schema: String,
        name: String,
        kind: String,
        values: Option<Vec<String>>,
        base: Option<String>,
        not_null: bool,
        default_sql: Option<String>,
        collate: Option<String>,
        comment: Option<String>,
    }
}

/// Enum types and domains.
pub(super) fn types() -> String {
    let own = not_of_extension("pg_type", "t.oid");
    format!(
        "SELECT t.oid::int8 AS oid, n.nspname::text AS schema, t.typname::text AS name, t.typtype::text AS kind, \
         CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END AS values, \
         CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base, t.typnotnull AS not_null, \
         pg_get_expr(t.typdefaultbin, 0) AS default_sql, CASE WHEN t.typcollation <> b.typcollation THEN quote_ident(k.collname) END AS collate, \
         {} AS comment \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype \
         LEFT JOIN pg_collation k ON k.oid = t.typcollation \
         WHERE t.typtype IN ('e', 'd') AND {OWN} AND {own} ORDER BY n.nspname, t.typname",
        comment("pg_type", "t.oid")
    )
}

catalog_row! {
    /// A row of [`sequences`].
    pub(super) struct SequenceRow from "sequences" {
        schema: String,
        name: String,
        ty: String,
        start: i64,
        increment: i64,
        min: i64,
        max: i64,
        cache: i64,
        cycle: bool,
        owner: Option<i64>,
        owner_column: Option<i64>,
        dependency: Option<String>,
        comment: Option<String>,
    }
}

/// Sequences, with the columns that own them.
pub(super) fn sequences() -> String {
    let own = not_of_extension("pg_class", "c.oid");
    format!(
        "SELECT n.nspname::text AS schema, c.relname::text AS name, format_type(s.seqtypid, NULL) AS ty, s.seqstart AS start, \
         s.seqincrement AS increment, s.seqmin AS min, s.seqmax AS max, s.seqcache AS cache, s.seqcycle AS cycle, \
         d.refobjid::int8 AS owner, d.refobjsubid::int8 AS owner_column, d.deptype::text AS dependency, {} AS comment \
         FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass \
         AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') \
         WHERE {OWN} AND {own} ORDER BY n.nspname, c.relname",
        comment("pg_class", "c.oid")
    )
}

catalog_row! {
    /// A row of [`spaces`].
    pub(super) struct SpaceRow from "schemas and extensions" {
        what: String,
        name: String,
        schema: Option<String>,
        version: Option<String>,
        comment: Option<String>,
        own: Option<String>,
    }
}

/// Schemas and extensions.
pub(super) fn spaces() -> String {
    format!(
        "SELECT 'schema' AS what, n.nspname::text AS name, NULL::text AS schema, NULL::text AS version, {} AS comment, NULL::text AS own \
         FROM pg_namespace n WHERE {OWN} AND {} \
         UNION ALL SELECT 'extension', x.extname::text, n.nspname::text, x.extversion, {}, \
         (SELECT v.comment FROM pg_available_extensions v WHERE v.name = x.extname) \
         FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname <> 'plpgsql' ORDER BY 1, 2",
        comment("pg_namespace", "n.oid"),
        not_of_extension("pg_namespace", "n.oid"),
        comment("pg_extension", "x.oid"),
    )
}

catalog_row! {
    /// A row of [`uses`].
    pub(super) struct UseRow from "views" {
        view: i64,
        relation: i64,
        number: i64,
    }
}

/// Returns which view reads which column of which relation.
pub(super) fn uses() -> String {
    format!(
        "SELECT DISTINCT r.ev_class::int8 AS view, d.refobjid::int8 AS relation, d.refobjsubid::int8 AS number FROM pg_depend d \
         JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class AND {OWN} \
         AND r.rulename = '_RETURN' ORDER BY 1, 2, 3"
    )
}
