//! Unmanaged objects, as one query on the catalogs: kind, name as it is written in `unmanaged`, the relation
//! that they belong to, and a digest of their definition. No digest contains an OID, which differs between
//! databases.

use super::queries::{OWN, comment, comment_on, not_of_extension};
use crate::engine::postgres::catalog_row::catalog_row;

/// The relation's name, with its schema unless that is the first of `search_path`.
const ON: &str =
    "CASE WHEN n.nspname = current_schema() THEN quote_ident(c.relname) ELSE quote_ident(n.nspname) || '.' || quote_ident(c.relname) END";

/// The role that has a privilege.
const GRANTEE: &str = "CASE WHEN g.grantee = 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(g.grantee)) END";

/// The table of an index.
const OF_INDEX: &str = "(SELECT i.indrelid::int8 FROM pg_index i WHERE i.indexrelid = c.oid)";

/// Relations with their schema.
const RELATION: &str = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace";

catalog_row! {
    /// A row of [`unmanaged`].
    pub(super) struct UnmanagedRow from "unmanaged objects" {
        kind: String,
        name: String,
        relation: Option<i64>,
        digest: Option<String>,
    }
}

/// Returns the query. `version` is the server's `server_version_num`.
pub(super) fn unmanaged(version: i64) -> String {
    let parts = [aggregates(), of_relations(), columns(version), types(), of_schemas(), text_search(), of_database(version), privileges()];
    format!("{} ORDER BY 1, 2", parts.join(" UNION ALL "))
}

/// Returns the SQL of a digest of these expressions.
fn digest(parts: &str) -> String {
    format!("left(md5(concat_ws('|', {parts})), 12)")
}

fn aggregates() -> String {
    let own = not_of_extension("pg_proc", "p.oid");
    let text = digest(&format!(
        "l.lanname, p.prosrc, p.probin, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.provolatile, \
         p.proisstrict, p.prosecdef, p.proleakproof, p.proparallel, p.procost, p.prorows, p.proconfig::text, \
         (SELECT concat_ws('|', a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggtranstype::regtype, a.agginitval) \
          FROM pg_aggregate a WHERE a.aggfnoid = p.oid), {}",
        comment("pg_proc", "p.oid")
    ));
    format!(
        "SELECT 'aggregate' AS kind, p.oid::regprocedure::text AS name, NULL::int8 AS relation, {text} AS digest \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang \
         WHERE p.prokind = 'a' AND {OWN} AND {own}"
    )
}

/// Returns the query for objects that belong to a relation. Triggers of partitions belong to the partitioned
/// table.
fn of_relations() -> String {
    let own = not_of_extension("pg_class", "c.oid");
    let roles = "(SELECT string_agg(r, ',' ORDER BY r) FROM (SELECT CASE WHEN r = 0 THEN '' ELSE pg_get_userbyid(r)::text END AS r \
                 FROM unnest(p.polroles) r) q)";
    let policy = digest(&format!(
        "p.polcmd, p.polpermissive, {roles}, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), \
         {}",
        comment("pg_policy", "p.oid")
    ));
    let rule = digest(&format!("pg_get_ruledef(r.oid), r.ev_enabled, {}", comment("pg_rewrite", "r.oid")));
    let parameters = digest("ic.reloptions::text");
    format!(
        "SELECT 'policy', quote_ident(p.polname) || ' on ' || {ON}, c.oid::int8, {policy} \
         FROM pg_policy p JOIN {RELATION} ON c.oid = p.polrelid WHERE {OWN} AND {own} \
         UNION ALL SELECT 'row security', {ON} || CASE WHEN NOT c.relrowsecurity THEN ' forced and disabled' \
         WHEN c.relforcerowsecurity THEN ' forced' ELSE '' END, c.oid::int8, NULL \
         FROM {RELATION} WHERE (c.relrowsecurity OR c.relforcerowsecurity) AND {OWN} AND {own} \
         UNION ALL SELECT k.kind, quote_ident(ic.relname) || ' on ' || {ON}, c.oid::int8, NULL \
         FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN {RELATION} ON c.oid = i.indrelid, \
         LATERAL (VALUES ('replica identity', i.indisreplident), ('cluster', i.indisclustered)) k(kind, marked) WHERE k.marked AND {OWN} AND {own} \
         UNION ALL SELECT 'replica identity', CASE c.relreplident WHEN 'f' THEN 'full' ELSE 'nothing' END || ' on ' || {ON}, NULL, NULL \
         FROM {RELATION} WHERE c.relkind IN ('r', 'p') AND c.relreplident IN ('f', 'n') AND {OWN} AND {own} \
         UNION ALL SELECT 'rule', quote_ident(r.rulename) || ' on ' || {ON}, c.oid::int8, {rule} \
         FROM pg_rewrite r JOIN {RELATION} ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN' AND {OWN} AND {own} \
         UNION ALL SELECT 'access method', quote_ident(am.amname) || ' on ' || {ON}, CASE c.relkind WHEN 'm' THEN c.oid::int8 END, NULL \
         FROM {RELATION} JOIN pg_am am ON am.oid = c.relam WHERE c.relkind IN ('r', 'm') AND am.amname <> 'heap' AND {OWN} AND {own} \
         UNION ALL SELECT 'storage parameters', quote_ident(ic.relname) || ' on ' || {ON}, c.oid::int8, {parameters} \
         FROM pg_constraint con JOIN pg_class ic ON ic.oid = con.conindid JOIN {RELATION} ON c.oid = con.conrelid \
         WHERE con.contype IN ('p', 'u', 'x') AND ic.reloptions IS NOT NULL AND con.conparentid = 0 AND c.relkind IN ('r', 'p') AND {OWN} AND {own} \
         UNION ALL SELECT 'tablespace', quote_ident(ts.spcname) || ' on ' || {ON}, CASE c.relkind WHEN 'm' THEN c.oid::int8 ELSE {OF_INDEX} END, NULL \
         FROM {RELATION} JOIN pg_tablespace ts ON ts.oid = c.reltablespace WHERE c.relkind IN ('r', 'm', 'i', 'p') AND {OWN} AND {own} \
         UNION ALL SELECT 'unlogged sequence', {ON}, NULL, NULL \
         FROM {RELATION} WHERE c.relkind = 'S' AND c.relpersistence = 'u' AND {OWN} AND {own} AND NOT EXISTS (SELECT FROM pg_depend o \
         WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i'))"
    )
}

/// Returns the query for properties of columns that the schema language cannot express.
fn columns(version: i64) -> String {
    let own = not_of_extension("pg_class", "c.oid");
    let target = if version >= 170_000 { "a.attstattarget::text" } else { "nullif(a.attstattarget, -1)::text" };
    let compression = if version >= 140_000 { "nullif(a.attcompression::text, '')" } else { "NULL" };
    // Few columns have any of these, so those that do are found first.
    let odd = format!(
        "SELECT a.*, t.typstorage, {target} AS target, {compression} AS compression FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
         WHERE a.attnum > 0 AND NOT a.attisdropped \
         AND ({target} IS NOT NULL OR a.attoptions IS NOT NULL OR a.attstorage <> t.typstorage OR {compression} IS NOT NULL)"
    );
    let name = format!("quote_ident(a.attname) || ' on ' || {ON}");
    format!(
        "SELECT k.kind, {name}, CASE WHEN c.relkind = 'm' AND k.kind IN ('storage', 'compression') THEN c.oid::int8 ELSE {OF_INDEX} END, {} \
         FROM ({odd}) a JOIN {RELATION} ON c.oid = a.attrelid, \
         LATERAL (VALUES ('statistics target', a.target), ('column options', CASE WHEN c.relkind <> 'i' THEN a.attoptions::text END), \
         ('storage', CASE WHEN c.relkind IN ('r', 'm', 'p') AND a.attstorage <> a.typstorage THEN a.attstorage::text END), \
         ('compression', a.compression)) k(kind, value) \
         WHERE k.value IS NOT NULL AND c.relkind IN ('r', 'm', 'p', 'v', 'i') AND {OWN} AND {own} \
         UNION ALL SELECT 'column default', {name}, NULL, {} FROM pg_attrdef d JOIN {RELATION} ON c.oid = d.adrelid \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum WHERE c.relkind = 'v' AND NOT a.attisdropped AND {OWN} AND {own} \
         UNION ALL SELECT 'comment', {name}, NULL, {} FROM pg_description de JOIN {RELATION} ON c.oid = de.objoid \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = de.objsubid WHERE de.classoid = 'pg_class'::regclass AND de.objsubid > 0 \
         AND c.relkind IN ('v', 'm') AND NOT a.attisdropped AND {OWN} AND {own} \
         UNION ALL SELECT 'comment', 'index on ' || {ON}, NULL, {} \
         FROM pg_description de JOIN {RELATION} ON c.oid = de.objoid JOIN pg_constraint con ON con.conindid = c.oid AND con.contype IN ('p', 'u', 'x') \
         WHERE de.classoid = 'pg_class'::regclass AND de.objsubid = 0 AND c.relkind = 'i' AND {OWN}",
        digest("k.value"),
        digest("pg_get_expr(d.adbin, d.adrelid)"),
        digest("de.description"),
        digest("de.description"),
    )
}

fn types() -> String {
    let own = not_of_extension("pg_type", "t.oid");
    let text = digest(&format!(
        "t.typtype, (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod)), ',' ORDER BY a.attnum) \
         FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), \
         (SELECT concat_ws('|', r.rngsubtype::regtype, r.rngcanonical, r.rngsubdiff) FROM pg_range r WHERE r.rngtypid = t.oid), \
         CASE WHEN t.typtype = 'b' THEN concat_ws('|', t.typinput, t.typoutput, t.typlen) END, {}",
        comment("pg_type", "t.oid")
    ));
    format!(
        "SELECT 'type', t.oid::regtype::text, NULL::int8, {text} \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid \
         WHERE (t.typtype = 'r' OR (t.typtype = 'c' AND c.relkind = 'c') OR (t.typtype = 'b' AND t.typelem = 0 AND t.typcategory = 'U')) \
         AND {OWN} AND {own}"
    )
}

/// Returns the name of an object in a schema, for kinds without a `reg…` type.
fn named(column: &str) -> String {
    format!("CASE WHEN n.nspname = current_schema() THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident({column})")
}

/// Returns the query for operators, collations and other objects in schemas.
fn of_schemas() -> String {
    let operator = not_of_extension("pg_operator", "o.oid");
    let collation = not_of_extension("pg_collation", "k.oid");
    let class = not_of_extension("pg_opclass", "o.oid");
    let family = not_of_extension("pg_opfamily", "o.oid");
    let conversion = not_of_extension("pg_conversion", "o.oid");
    format!(
        "SELECT 'operator', o.oid::regoperator::text, NULL::int8, {} \
         FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE {OWN} AND {operator} \
         UNION ALL SELECT 'collation', k.oid::regcollation::text, NULL, {} \
         FROM pg_collation k JOIN pg_namespace n ON n.oid = k.collnamespace WHERE {OWN} AND {collation} \
         UNION ALL SELECT 'operator class', {} || ' using ' || quote_ident(am.amname), NULL, {} \
         FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am am ON am.oid = o.opcmethod WHERE {OWN} AND {class} \
         UNION ALL SELECT 'operator family', {} || ' using ' || quote_ident(am.amname), NULL, NULL \
         FROM pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace JOIN pg_am am ON am.oid = o.opfmethod WHERE {OWN} AND {family} \
         AND NOT EXISTS (SELECT FROM pg_opclass oc WHERE oc.opcfamily = o.oid) \
         UNION ALL SELECT 'conversion', {}, NULL, {} \
         FROM pg_conversion o JOIN pg_namespace n ON n.oid = o.connamespace WHERE {OWN} AND {conversion}",
        digest(&format!("o.oprcode, o.oprrest, o.oprjoin, o.oprcanmerge, o.oprcanhash, {}", comment("pg_operator", "o.oid"))),
        digest(&format!("to_jsonb(k) - ARRAY['oid', 'collnamespace', 'collowner', 'collversion'], {}", comment("pg_collation", "k.oid"))),
        named("o.opcname"),
        digest("o.opcdefault, o.opcintype::regtype"),
        named("o.opfname"),
        named("o.conname"),
        digest("o.conforencoding, o.contoencoding, o.conproc, o.condefault"),
    )
}

/// Returns the query for text search objects
/// (<https://www.postgresql.org/docs/current/textsearch-configuration.html>).
fn text_search() -> String {
    let configuration = not_of_extension("pg_ts_config", "o.oid");
    let dictionary = not_of_extension("pg_ts_dict", "o.oid");
    let parser = not_of_extension("pg_ts_parser", "o.oid");
    let template = not_of_extension("pg_ts_template", "o.oid");
    format!(
        "SELECT 'text search configuration', {}, NULL::int8, {} \
         FROM pg_ts_config o JOIN pg_namespace n ON n.oid = o.cfgnamespace WHERE {OWN} AND {configuration} \
         UNION ALL SELECT 'text search dictionary', {}, NULL, {} \
         FROM pg_ts_dict o JOIN pg_namespace n ON n.oid = o.dictnamespace JOIN pg_ts_template x ON x.oid = o.dicttemplate WHERE {OWN} AND {dictionary} \
         UNION ALL SELECT 'text search parser', {}, NULL, {} \
         FROM pg_ts_parser o JOIN pg_namespace n ON n.oid = o.prsnamespace WHERE {OWN} AND {parser} \
         UNION ALL SELECT 'text search template', {}, NULL, {} \
         FROM pg_ts_template o JOIN pg_namespace n ON n.oid = o.tmplnamespace WHERE {OWN} AND {template}",
        named("o.cfgname"),
        digest(
            "(SELECT p.prsname FROM pg_ts_parser p WHERE p.oid = o.cfgparser), (SELECT string_agg(concat_ws(' ', m.maptokentype, \
             m.mapdict::regdictionary), ',' ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = o.oid)"
        ),
        named("o.dictname"),
        digest("x.tmplname, o.dictinitoption"),
        named("o.prsname"),
        digest("o.prsstart, o.prstoken, o.prsend, o.prsheadline, o.prslextype"),
        named("o.tmplname"),
        digest("o.tmplinit, o.tmpllexize"),
    )
}

/// Returns the query for objects outside of schemas. Those that come with the server have OIDs below 16384.
fn of_database(version: i64) -> String {
    let own = |class: &str| format!("o.oid >= 16384 AND {}", not_of_extension(class, "o.oid"));
    let schemas = "(SELECT string_agg(r.pnnspid::regnamespace::text, ',' ORDER BY r.pnnspid::regnamespace::text) \
                   FROM pg_publication_namespace r WHERE r.pnpubid = o.oid)";
    let schemas = if version >= 150_000 { schemas } else { "NULL" };
    let parts = if version >= 150_000 { ", r.prattrs::text, pg_get_expr(r.prqual, r.prrelid)" } else { "" };
    format!(
        "SELECT 'event trigger', quote_ident(o.evtname), NULL::int8, {} FROM pg_event_trigger o WHERE {} \
         UNION ALL SELECT 'publication', quote_ident(o.pubname), NULL, {} FROM pg_publication o WHERE {} \
         UNION ALL SELECT 'subscription', quote_ident(o.subname), NULL, NULL FROM pg_subscription o \
         WHERE o.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         UNION ALL SELECT 'cast', format('(%s AS %s)', o.castsource::regtype, o.casttarget::regtype), NULL, {} FROM pg_cast o WHERE {} \
         UNION ALL SELECT 'transform', format('for %s language %s', o.trftype::regtype, l.lanname), NULL, NULL FROM pg_transform o \
         JOIN pg_language l ON l.oid = o.trflang WHERE {} \
         UNION ALL SELECT 'language', quote_ident(o.lanname), NULL, NULL FROM pg_language o WHERE {} \
         UNION ALL SELECT 'access method', quote_ident(o.amname), NULL, NULL FROM pg_am o WHERE {} \
         UNION ALL SELECT 'foreign data wrapper', quote_ident(o.fdwname), NULL, {} FROM pg_foreign_data_wrapper o WHERE {} \
         UNION ALL SELECT 'server', quote_ident(o.srvname), NULL, {} FROM pg_foreign_server o WHERE {} \
         UNION ALL SELECT 'user mapping', format('%s for %I', usename, srvname), NULL, NULL FROM pg_user_mappings \
         UNION ALL SELECT 'security label', format('%s on %s', o.provider, pg_describe_object(o.classoid, o.objoid, o.objsubid)), NULL, {} \
         FROM pg_seclabel o",
        digest(&format!("o.evtevent, o.evtfoid::regproc, o.evtenabled, o.evttags::text, {}", comment("pg_event_trigger", "o.oid"))),
        own("pg_event_trigger"),
        digest(&format!(
            "to_jsonb(o) - ARRAY['oid', 'pubowner'], (SELECT string_agg(concat_ws(' ', r.prrelid::regclass::text{parts}), ',' \
             ORDER BY r.prrelid::regclass::text) FROM pg_publication_rel r WHERE r.prpubid = o.oid), {schemas}"
        )),
        own("pg_publication"),
        digest("CASE WHEN o.castfunc <> 0 THEN o.castfunc::regprocedure END, o.castcontext, o.castmethod"),
        // A range type has a cast to its multirange.
        own("pg_cast").replace("= 'e'", "IN ('e', 'i')"),
        own("pg_transform"),
        own("pg_language"),
        own("pg_am"),
        digest("o.fdwoptions::text"),
        own("pg_foreign_data_wrapper"),
        digest("o.srvtype, o.srvversion, o.srvoptions::text"),
        own("pg_foreign_server"),
        digest("o.label"),
    )
}

/// Returns the query for privileges beyond the default ones of a new object, and for default ones that were
/// revoked.
fn privileges() -> String {
    let relation = not_of_extension("pg_class", "c.oid");
    let ty = not_of_extension("pg_type", "t.oid");
    let function = not_of_extension("pg_proc", "p.oid");
    let schema = not_of_extension("pg_namespace", "n.oid");
    let option = "CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END";
    let first =
        "(SELECT i.initprivs FROM pg_init_privs i WHERE i.classoid = 'pg_namespace'::regclass AND i.objoid = n.oid AND i.objsubid = 0)";
    format!(
        "SELECT 'privilege', g.privilege_type || ' on ' || {ON} || ' to ' || {GRANTEE} || {option}, c.oid::int8, NULL \
         FROM {RELATION}, aclexplode(c.relacl) g \
         WHERE c.relacl IS NOT NULL AND g.grantee <> c.relowner AND {OWN} AND {relation} AND c.relname !~ '^_rosey' \
         UNION ALL SELECT 'privilege', format('%s (%I) on ', g.privilege_type, a.attname) || {ON} || ' to ' || {GRANTEE} || {option}, c.oid::int8, NULL \
         FROM pg_attribute a JOIN {RELATION} ON c.oid = a.attrelid, aclexplode(a.attacl) g \
         WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND g.grantee <> c.relowner AND {OWN} AND {relation} \
         UNION ALL SELECT 'privilege', g.privilege_type || ' on type ' || t.oid::regtype || ' to ' || {GRANTEE}, NULL, NULL \
         FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace, aclexplode(t.typacl) g \
         WHERE t.typacl IS NOT NULL AND g.grantee <> t.typowner AND {OWN} AND {ty} \
         UNION ALL SELECT 'privilege', g.privilege_type || ' on function ' || p.oid::regprocedure || ' to ' || {GRANTEE} || {option}, NULL, NULL \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(p.proacl) g \
         WHERE p.proacl IS NOT NULL AND g.grantee NOT IN (0, p.proowner) AND {OWN} AND {function} \
         UNION ALL SELECT 'privilege', 'EXECUTE on function ' || p.oid::regprocedure || ' revoked from public', NULL, NULL \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
         WHERE p.proacl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) g WHERE g.grantee = 0) AND {OWN} AND {function} \
         UNION ALL SELECT 'privilege', g.privilege_type || ' on schema ' || quote_ident(n.nspname) || ' to ' || {GRANTEE} || {option}, NULL, NULL \
         FROM pg_namespace n, aclexplode(n.nspacl) g WHERE n.nspacl IS NOT NULL AND g.grantee <> n.nspowner AND {OWN} AND {schema} \
         AND NOT EXISTS (SELECT FROM aclexplode({first}) f WHERE f.grantee = g.grantee AND f.privilege_type = g.privilege_type) \
         UNION ALL SELECT 'privilege', g.privilege_type || ' on schema ' || quote_ident(n.nspname) || ' revoked from ' || {GRANTEE}, NULL, NULL \
         FROM pg_namespace n, aclexplode({first}) g WHERE n.nspacl IS NOT NULL AND g.grantee <> n.nspowner AND {OWN} \
         AND NOT EXISTS (SELECT FROM aclexplode(n.nspacl) f WHERE f.grantee = g.grantee AND f.privilege_type = g.privilege_type) \
         UNION ALL SELECT 'default privilege', d.defaclobjtype::text || coalesce(' in ' || quote_ident(n.nspname), '') || ' to ' || {GRANTEE} || \
         ': ' || g.privilege_type, NULL, NULL \
         FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) g \
         WHERE g.grantee <> d.defaclrole"
    )
}

/// Returns the SQL of the digest of an unmanaged relation: a partitioned table, a partition, a table that
/// takes part in inheritance, a foreign table. What is inherited counts for the parent only.
pub(super) fn of_hidden_relation() -> String {
    digest(&format!(
        "c.relkind, c.relpersistence, c.reloptions::text, {}, pg_get_expr(c.relpartbound, c.oid), \
         CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END, \
         (SELECT string_agg(h.inhparent::regclass::text, ',' ORDER BY h.inhseqno) FROM pg_inherits h WHERE h.inhrelid = c.oid), \
         (SELECT concat_ws('|', s.srvname, f.ftoptions::text) FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver \
          WHERE f.ftrelid = c.oid), \
         (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, \
          pg_get_expr(d.adbin, d.adrelid), a.attfdwoptions::text, {}), ',' ORDER BY a.attname) \
          FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
         (SELECT string_agg(concat_ws(' ', k.conname, pg_get_constraintdef(k.oid)), ',' ORDER BY k.conname) \
          FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conparentid = 0 AND k.conislocal AND k.contype NOT IN ('n', 't')), \
         (SELECT string_agg(pg_get_indexdef(i.indexrelid), ',' ORDER BY i.indexrelid::regclass::text) FROM pg_index i \
          WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid))",
        comment("pg_class", "c.oid"),
        comment_on("pg_class", "c.oid", "a.attnum")
    ))
}
