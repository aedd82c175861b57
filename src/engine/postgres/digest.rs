//! A digest of the objects in each schema, by their names and as the server describes them: identical
//! databases have the same digest, whatever their OIDs are. It shows only whether a database has changed, not
//! what differs.

use super::connection::{Connection, Error};
use super::names::literal;
use crate::plan::Fact;

/// The name of a fact that holds a digest.
pub(crate) const FACT: &str = "digest";

/// The objects in a schema, by the relation that they belong to: `{own}` says which schemas and relations
/// count. The server's descriptions depend on the session's settings, which are the same for every session of
/// rosey, and on its `search_path`, which must be empty
/// (<https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CATALOG>). OIDs, the
/// positions of dropped columns and the names of NOT NULL constraints do not count.
const LINES: &str = "\
SELECT n.nspname AS ns, jsonb_build_array('relation', c.relname, c.relkind, c.relpersistence, \
(SELECT string_agg(o, ',' ORDER BY o COLLATE \"C\") FROM unnest(c.reloptions) AS o))::text AS line \
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind NOT IN ('i', 'I') AND {own}
UNION ALL SELECT n.nspname, jsonb_build_array('column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
a.attidentity, a.attgenerated, (SELECT collname FROM pg_collation WHERE oid = a.attcollation), pg_get_expr(d.adbin, d.adrelid))::text \
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('i', 'I') AND {own}
UNION ALL SELECT n.nspname, jsonb_build_array('constraint', c.relname, k.conname, k.convalidated, pg_get_constraintdef(k.oid))::text \
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE k.contype <> 'n' AND {own}
UNION ALL SELECT n.nspname, jsonb_build_array('index', c.relname, i.indisvalid, pg_get_indexdef(i.indexrelid))::text \
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {own}
UNION ALL SELECT n.nspname, jsonb_build_array('rule', c.relname, pg_get_ruledef(r.oid))::text \
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {own}
UNION ALL SELECT n.nspname, jsonb_build_array('sequence', c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, \
s.seqmax, s.seqmin, s.seqcache, s.seqcycle)::text \
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {own}
UNION ALL SELECT n.nspname, jsonb_build_array('domain', t.typname, t.typnotnull, format_type(t.typbasetype, t.typtypmod), \
pg_get_expr(t.typdefaultbin, 0))::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND {managed}
UNION ALL SELECT n.nspname, jsonb_build_array('rule of a domain', t.typname, k.conname, k.convalidated, pg_get_constraintdef(k.oid))::text \
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE k.contype <> 'n' AND {managed}
UNION ALL SELECT n.nspname, jsonb_build_array('enum', t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder))::text \
FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {managed} GROUP BY 1, t.typname";

/// Returns the query for all schemas except these: one text with the name and digest of each schema that is
/// not empty.
pub(crate) fn query(but: &[String]) -> String {
    let but: String = but.iter().map(|n| format!(" AND n.nspname <> {}", literal(n))).collect();
    let managed = format!("n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'{but}");
    let lines = LINES.replace("{own}", "{managed} AND c.relname !~ '^_rosey'").replace("{managed}", &managed);
    format!(
        "SELECT coalesce(string_agg(ns || ' ' || digest, E'\\n' ORDER BY ns COLLATE \"C\"), '') FROM (\n\
         SELECT ns::text AS ns, md5(string_agg(line, ',' ORDER BY line COLLATE \"C\")) AS digest FROM (\n{lines}\n) AS lines GROUP BY ns\n) AS digests"
    )
}

/// Returns one fact for each schema that is not empty, and in any case one for the default schema. Must be
/// called inside a transaction.
///
/// # Errors
/// If the server does not respond.
pub(crate) async fn facts(connection: &mut Connection, home: &str) -> Result<Vec<Fact>, Error> {
    connection.execute("SAVEPOINT rosey_digest").await?;
    connection.execute("SET LOCAL search_path = ''").await?;
    let text = connection.texts(&query(&[])).await?.concat();
    connection.execute("ROLLBACK TO SAVEPOINT rosey_digest").await?;
    let fact = |line: &str| line.rsplit_once(' ').map(|(schema, digest)| Fact::new(FACT, [schema, digest]));
    let mut found: Vec<Fact> = text.lines().filter_map(fact).collect();
    if !found.iter().any(|f| f.args.first().is_some_and(|s| s == home)) {
        found.push(Fact::new(FACT, [home, ""]));
    }
    Ok(found)
}

/// Returns what [`query`] would return according to these facts, or `None` if they contain no digest, like
/// those of an older rosey.
pub(crate) fn expected(facts: &[Fact], but: &[String]) -> Option<String> {
    let digests = facts.iter().filter(|f| f.name == FACT);
    let pairs: Vec<(&String, &String)> = digests.filter_map(|f| Some((f.args.first()?, f.args.get(1)?))).collect();
    let mut kept: Vec<_> = pairs.iter().filter(|(schema, digest)| !digest.is_empty() && !but.contains(schema)).collect();
    kept.sort();
    let lines: Vec<String> = kept.iter().map(|(schema, digest)| format!("{schema} {digest}")).collect();
    (!pairs.is_empty()).then(|| lines.join("\n"))
}
