//! What PostgreSQL validates in addition to the managed tables when a constraint is added to a domain: the rows of other
//! tables and of materialized views, which are counted, and columns whose types contain the domain, for which the
//! server refuses the change (<https://www.postgresql.org/docs/current/sql-alterdomain.html>). Reads only the
//! catalogs.

use super::super::connection::{Connection, Error};
use super::super::facts::Facts;
use super::super::lower::{BoundDomain, Values, bound_domains};
use super::super::names::{Names, literal};
use super::super::planner::NormalizedPair;
use crate::diff::Changes;
use crate::engine::postgres::catalog_row::catalog_row;
use crate::engine::postgres::inspect::ident;
use crate::plan::{Code, Hazard, Level, NotCounted, Step};
use crate::schema::ObjectName;

catalog_row! {
    /// A column with values of a domain.
    struct ColumnRow from "columns of a domain" {
        /// The number of the domain in the query.
        target: i64,
        schema: String,
        relation: String,
        /// The kind of the relation (`pg_class.relkind`).
        kind: String,
        name: String,
        /// Whether the domain is only a part of the column's type.
        is_part: bool,
        /// Whether the role may use the schema.
        reachable: bool,
    }
}

/// Adds hazards to the steps that change domains. Sends one query, or none if no constraint is added to a domain.
///
/// # Errors
/// If the connection is lost.
pub(super) async fn stop(
    connection: &mut Connection,
    steps: &mut [Step],
    changes: &Changes,
    settled: &NormalizedPair,
    facts: &Facts,
) -> Result<(), Error> {
    let (current, desired) = (settled.current.schema(), settled.desired.schema());
    let bound = bound_domains(changes, current, desired, facts);
    if bound.is_empty() {
        return Ok(());
    }
    let names = Names::new(facts.default_schema.clone());
    let row = |(n, domain): (usize, &BoundDomain)| format!("({n}::int8, to_regtype({})::oid)", literal(&names.sql(&domain.live)));
    let asked: Vec<String> = bound.iter().enumerate().map(row).collect();
    for row in connection.rows::<ColumnRow>(&query(&asked)).await? {
        let Some(domain) = usize::try_from(row.target).ok().and_then(|n| bound.get(n)) else { continue };
        let own = row.schema != facts.default_schema.as_str();
        let relation = ObjectName::new(own.then(|| ident(&row.schema)), ident(&row.relation));
        let is_counted = !row.is_part && current.tables.contains_key(&relation);
        if let (false, Some(step)) = (is_counted, steps.iter_mut().find(|s| s.address == domain.by)) {
            step.hazards.extend(hazards(&row, &relation, domain, &names));
        }
    }
    Ok(())
}

fn hazards(row: &ColumnRow, relation: &ObjectName, domain: &BoundDomain, names: &Names) -> Vec<Hazard> {
    let column = ident(&row.name);
    if row.is_part {
        let message =
            format!("PostgreSQL cannot add constraints to {}, because the type of column {column} of {relation} contains it", domain.by);
        let advice = match domain.not_null {
            true => "give that column another type first",
            false => "give that column another type first, or declare the check with not-valid=#true",
        };
        return vec![Hazard::new(Code::NotSupported, Level::Blocks, domain.by.clone(), message, advice)];
    }
    // The rows of a partitioned table are those of its partitions.
    let only = row.kind == "r";
    let mut found = domain.hazards(&Values { relation, sql: names.sql(relation), only, column: &column, backfill: None });
    if row.kind == "m" {
        let advice = format!("fix the rows that it reads, and run REFRESH MATERIALIZED VIEW {} first", names.sql(relation));
        found.iter_mut().for_each(|hazard| hazard.advice.clone_from(&advice));
    }
    for hazard in found.iter_mut().filter(|_| !row.reachable) {
        hazard.probe = None;
        hazard.level = Level::Warns;
        hazard.not_counted(NotCounted::NoPrivilege);
        "if such rows exist, the server rejects the change when it is applied".clone_into(&mut hazard.advice);
    }
    found
}

/// Returns the query for the stored columns of the domains and of domains over them. Partitions are counted with
/// their partitioned table. Types that contain a domain are found as the server finds them: through arrays, ranges,
/// composite types and the row types of tables and views.
fn query(asked: &[String]) -> String {
    let uses = "JOIN pg_depend x ON x.refclassid = 'pg_type'::regclass AND x.refobjid = d.oid";
    let is_type = "x.classid = 'pg_type'::regclass";
    let column = "x.classid = 'pg_class'::regclass AND x.objsubid > 0";
    format!(
        "WITH RECURSIVE asked(n, oid) AS (VALUES {}), \
         domains(n, oid) AS (SELECT n, oid FROM asked WHERE oid IS NOT NULL \
           UNION SELECT d.n, t.oid FROM domains d JOIN pg_type t ON t.typtype = 'd' AND t.typbasetype = d.oid), \
         whole(n, oid) AS (SELECT d.n, t.oid FROM domains d {uses} AND {is_type} JOIN pg_type t ON t.oid = x.objid AND t.typtype <> 'd' \
           UNION SELECT d.n, c.reltype FROM domains d {uses} AND {column} JOIN pg_class c ON c.oid = x.objid AND c.reltype <> 0), \
         containers(n, oid) AS (SELECT n, oid FROM whole \
           UNION SELECT d.n, CASE WHEN {is_type} THEN x.objid ELSE c.reltype END FROM containers d {uses} \
           LEFT JOIN pg_class c ON {column} AND c.oid = x.objid \
           WHERE {is_type} OR (c.relkind IN ('v', 'c', 'f') AND c.reltype <> 0)), \
         columns(n, relation, name, is_part) AS (\
           SELECT d.n, coalesce(pg_partition_root(c.oid)::oid, c.oid), a.attname, false FROM domains d \
           JOIN pg_attribute a ON a.atttypid = d.oid AND a.attnum > 0 AND NOT a.attisdropped \
           JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'm') AND c.relispopulated AND c.relpersistence <> 't' \
           UNION SELECT d.n, c.oid, a.attname, true FROM containers d {uses} AND {column} \
           JOIN pg_class c ON c.oid = x.objid AND c.relkind IN ('r', 'm', 'p') \
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.objsubid) \
         SELECT f.n AS target, n.nspname::text AS schema, c.relname::text AS relation, c.relkind::text AS kind, f.name::text AS name, \
         f.is_part AS is_part, has_schema_privilege(n.oid, 'USAGE') AS reachable \
         FROM columns f JOIN pg_class c ON c.oid = f.relation JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2, 3, 5, 6",
        asked.join(", ")
    )
}
