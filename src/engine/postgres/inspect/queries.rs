//! The queries on the catalogs (<https://www.postgresql.org/docs/current/catalogs.html>): the same number for
//! five thousand tables as for one. Every value is cast to a type that the driver knows without asking the
//! server.

use super::unmanaged::of_hidden_relation;

/// Excludes the schemas of the server and of other migrators (`bookkeeping::SCHEMAS`).
pub(super) const OWN: &str = "n.nspname NOT IN ('information_schema', 'drizzle', 'pgroll') AND n.nspname !~ '^pg_'";

/// Returns the condition that no extension owns the object.
pub(in super::super) fn not_of_extension(class: &str, oid: &str) -> String {
    format!("NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{class}'::regclass AND e.objid = {oid} AND e.deptype = 'e')")
}

/// Returns the SQL for the comment on an object as a whole. The server's own functions for it are written in SQL, and
/// before PostgreSQL 14 their names are resolved when they run, by the search path.
pub(super) fn comment(class: &str, oid: &str) -> String {
    comment_on(class, oid, "0")
}

/// The same for a part of an object.
pub(super) fn comment_on(class: &str, oid: &str, part: &str) -> String {
    format!("(SELECT description FROM pg_description WHERE classoid = '{class}'::regclass AND objoid = {oid} AND objsubid = {part})")
}

/// Properties of the session and the server.
pub(super) const SERVER: &str = "SELECT current_setting('server_version_num')::int8, coalesce(current_schema()::text, 'public'), \
     pg_is_in_recovery(), has_database_privilege(current_database(), 'TEMP'), current_database()::text";

/// Tables, views, sequences and other relations with rows or columns.
pub(super) fn relations() -> String {
    let own = not_of_extension("pg_class", "c.oid");
    let family =
        "(c.relispartition OR c.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid OR h.inhparent = c.oid))";
    format!(
        "SELECT c.oid::int8, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text, \
         {family}, \
         c.reloptions::text[] || ARRAY(SELECT 'toast.' || o FROM pg_class tc, unnest(tc.reloptions) o WHERE tc.oid = c.reltoastrelid), \
         {comment}, c.relpages::int8 * 8192, \
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, c.reloftype <> 0, c.relispopulated, c.relispartition, \
         CASE WHEN {family} OR c.relkind = 'f' OR c.reloftype <> 0 THEN {} END \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND {OWN} AND {own} ORDER BY n.nspname, c.relname",
        of_hidden_relation(),
        comment = comment("pg_class", "c.oid"),
    )
}

/// Columns of tables and views, in their order. A default references no column, so it is printed without
/// looking up its table.
pub(super) fn columns() -> String {
    format!(
        "SELECT a.attrelid::int8, a.attnum::int8, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
         a.attidentity::text, a.attgenerated::text, \
         CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0) ELSE pg_get_expr(d.adbin, d.adrelid) END, \
         CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(k.collname) END, de.description, \
         kn.nspname::text \
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
         LEFT JOIN pg_collation k ON k.oid = a.attcollation LEFT JOIN pg_namespace kn ON kn.oid = k.collnamespace \
         LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = a.attrelid AND de.objsubid = a.attnum \
         WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND {OWN} ORDER BY a.attrelid, a.attnum"
    )
}

/// Constraints of tables and domains, without PostgreSQL 18's named NOT NULL constraints, constraint
/// triggers, and those that the server creates for each partition of a table.
pub(super) fn constraints(version: i64) -> String {
    let set_columns = if version >= 150_000 { "con.confdelsetcols::int8[]" } else { "NULL::int8[]" };
    let (enforced, period) = if version >= 180_000 { ("con.conenforced", "con.conperiod") } else { ("true", "false") };
    format!(
        "SELECT con.conrelid::int8, con.contypid::int8, con.conname::text, con.contype::text, con.condeferrable, con.condeferred, \
         con.convalidated, con.connoinherit, con.conkey::int8[], con.confrelid::int8, con.confkey::int8[], con.confupdtype::text, \
         con.confdeltype::text, con.confmatchtype::text, {set_columns}, con.conindid::int8, \
         CASE WHEN con.contype = 'c' THEN pg_get_expr(con.conbin, con.conrelid) END, \
         CASE WHEN con.contype = 'x' THEN (SELECT array_agg(CASE WHEN pg_operator_is_visible(o.oid) THEN o.oprname::text \
                 ELSE 'OPERATOR(' || quote_ident(ons.nspname) || '.' || o.oprname || ')' END ORDER BY x.place) \
          FROM unnest(con.conexclop) WITH ORDINALITY x(op, place) JOIN pg_operator o ON o.oid = x.op \
          JOIN pg_namespace ons ON ons.oid = o.oprnamespace) END, \
         de.description, {enforced}, {period}, con.conislocal \
         FROM pg_constraint con JOIN pg_namespace n ON n.oid = con.connamespace \
         LEFT JOIN pg_description de ON de.classoid = 'pg_constraint'::regclass AND de.objoid = con.oid AND de.objsubid = 0 \
         WHERE (con.contype IN ('c', 'f', 'p', 'u', 'x') OR con.contype = 'n' AND con.conrelid <> 0 AND NOT (con.convalidated AND NOT con.connoinherit)) \
         AND con.conparentid = 0 AND {OWN} ORDER BY con.conrelid, con.contypid, con.conname"
    )
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
         SELECT i.indexrelid::int8, i.indrelid::int8, ic.relname::text, am.amname::text, i.indisunique, i.indisvalid, {nulls}, \
         i.indnkeyatts::int8, string_to_array(i.indkey::text, ' ')::int8[], string_to_array(i.indoption::text, ' ')::int8[], \
         CASE WHEN i.indclass::oid[] && ARRAY(SELECT oid FROM pg_opclass WHERE NOT opcdefault) \
           OR i.indexrelid IN (SELECT attrelid FROM odd WHERE options) THEN \
         ARRAY(SELECT CASE WHEN oc.opcdefault AND ia.attoptions IS NULL THEN NULL ELSE \
               CASE WHEN pg_opclass_is_visible(oc.oid) THEN '' ELSE quote_ident(on_.nspname) || '.' END || quote_ident(oc.opcname) || \
               coalesce('(' || array_to_string(ia.attoptions, ', ') || ')', '') END \
               FROM unnest(i.indclass::oid[]) WITH ORDINALITY x(op, place) JOIN pg_opclass oc ON oc.oid = x.op \
               JOIN pg_namespace on_ ON on_.oid = oc.opcnamespace \
               LEFT JOIN pg_attribute ia ON ia.attrelid = i.indexrelid AND ia.attnum = x.place ORDER BY x.place)::text[] ELSE '{{}}' END, \
         CASE WHEN i.indrelid IN (SELECT attrelid FROM odd WHERE collated) OR i.indexrelid IN (SELECT attrelid FROM odd WHERE collated) THEN \
         ARRAY(SELECT CASE WHEN x.coll <> 0 AND x.coll <> coalesce(a.attcollation, 'pg_catalog.\"default\"'::regcollation::oid) \
               AND (a.attnum IS NOT NULL OR strpos(pg_get_indexdef(i.indexrelid), \
                    pg_get_indexdef(i.indexrelid, x.place::int4, false) || ' COLLATE ') > 0) \
               THEN quote_ident(k.collname) END \
               FROM unnest(i.indcollation::oid[]) WITH ORDINALITY x(coll, place) LEFT JOIN pg_collation k ON k.oid = x.coll \
               LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[x.place - 1] AND a.attnum > 0 \
               ORDER BY x.place)::text[] ELSE '{{}}' END, \
         CASE WHEN i.indexprs IS NULL THEN '{{}}' ELSE ARRAY(SELECT CASE WHEN i.indkey[g - 1] = 0 \
               THEN pg_get_indexdef(i.indexrelid, g, false) END FROM generate_series(1, i.indnkeyatts) g ORDER BY g) END::text[], \
         pg_get_expr(i.indpred, i.indrelid), ic.reloptions::text[], de.description \
         FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid \
         JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am am ON am.oid = ic.relam \
         LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = i.indexrelid AND de.objsubid = 0 \
         WHERE c.relkind IN ('r', 'm') AND {OWN} ORDER BY i.indrelid, ic.relname"
    )
}

/// Enum types and domains.
pub(super) fn types() -> String {
    let own = not_of_extension("pg_type", "t.oid");
    format!(
        "SELECT t.oid::int8, n.nspname::text, t.typname::text, t.typtype::text, \
         CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END, \
         CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, t.typnotnull, \
         pg_get_expr(t.typdefaultbin, 0), CASE WHEN t.typcollation <> b.typcollation THEN quote_ident(k.collname) END, \
         {} \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_type b ON b.oid = t.typbasetype \
         LEFT JOIN pg_collation k ON k.oid = t.typcollation \
         WHERE t.typtype IN ('e', 'd') AND {OWN} AND {own} ORDER BY n.nspname, t.typname",
        comment("pg_type", "t.oid")
    )
}

/// Sequences, with the columns that own them.
pub(super) fn sequences() -> String {
    let own = not_of_extension("pg_class", "c.oid");
    format!(
        "SELECT c.oid::int8, n.nspname::text, c.relname::text, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, \
         s.seqmax, s.seqcache, s.seqcycle, d.refobjid::int8, d.refobjsubid::int8, d.deptype::text, {}, \
         c.relpersistence::text \
         FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass \
         AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') \
         WHERE {OWN} AND {own} ORDER BY n.nspname, c.relname",
        comment("pg_class", "c.oid")
    )
}

/// Schemas and extensions.
pub(super) fn spaces() -> String {
    format!(
        "SELECT 'schema', n.nspname::text, NULL::text, NULL::text, {}, NULL::text \
         FROM pg_namespace n WHERE {OWN} AND {} \
         UNION ALL SELECT 'extension', x.extname::text, n.nspname::text, x.extversion, {}, \
         (SELECT v.comment FROM pg_available_extensions v WHERE v.name = x.extname) \
         FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace WHERE x.extname <> 'plpgsql' ORDER BY 1, 2",
        comment("pg_namespace", "n.oid"),
        not_of_extension("pg_namespace", "n.oid"),
        comment("pg_extension", "x.oid"),
    )
}

/// Which view reads which column of which relation.
pub(super) fn uses() -> String {
    format!(
        "SELECT DISTINCT r.ev_class::int8, d.refobjid::int8, d.refobjsubid::int8 FROM pg_depend d \
         JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class AND {OWN} \
         ORDER BY 1, 2, 3"
    )
}

/// What is dropped with a view when it is re-created, as statements that restore it, in their order: its
/// owner, privileges (those that default privileges would add are revoked first), comments, privileges and
/// defaults of columns, and statistics settings.
pub(super) fn kept() -> String {
    let to = "CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END";
    let option = "CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END";
    let views = format!("pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND {OWN}");
    let kind = "CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END";
    let name = "c.oid::regclass::text";
    format!(
        "WITH v AS (SELECT c.*, {kind} AS kind, {name} AS name FROM {views}) \
         SELECT q.oid::int8, q.sql FROM ( \
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

/// What is lost when a column of a table is dropped and added again, or its type changes: table, column,
/// whether it is a privilege, the privilege or the clause of `ALTER COLUMN`, and the end of the `GRANT`.
pub(super) fn kept_of_columns(version: i64) -> String {
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
         SELECT q.nspname::text, q.relname::text, q.attname::text, q.granted, q.what, q.tail FROM ( \
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

/// What is dropped with a type when it is re-created, as statements that restore it, in their order: its
/// owner, and the privileges that differ from those of a new type (USAGE for everyone, and what default
/// privileges add).
pub(super) fn kept_of_types() -> String {
    let to = "CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END";
    let own = not_of_extension("pg_type", "t.oid");
    format!(
        "WITH t AS (SELECT t.*, n.nspname, t.oid::regtype::text AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
         WHERE t.typtype IN ('e', 'd') AND {OWN} AND {own}) \
         SELECT q.nspname::text, q.typname::text, q.sql FROM ( \
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
