//! Counts for a role that cannot create temporary views, so the server cannot be asked what a query calls.
//! Only queries without SQL from the schema file get here. Does not count if a name could refer to a
//! user-defined object: a column whose type or parts have functions, operators, casts or operator classes of
//! their own, or an aggregate of the same name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::super::clock::Clock;
use super::super::connection::{Connection, Error};
use super::super::gate;
use super::super::names::{literal, quote};
use super::super::settings::statement_timeout;
use super::evaluate::{numbers, share, shares, why};
use super::{BUDGET, Counting, Outcome};
use crate::plan::NotCounted;

/// The operators in rosey's own counts.
const OPERATORS: &str = "'=', '<>', '<', '>', '<=', '>=', '<@', '-', '+', '||'";

/// Runs counts that contain nothing from a schema file.
pub(super) async fn count(connection: &mut Connection, all: &mut [&mut Counting], until: Instant) -> Result<(), Error> {
    connection.own(&["SAVEPOINT rosey_gate", "SET LOCAL transaction_read_only = on"]).await?;
    let own = Own::of(connection, all).await?;
    for counting in all {
        if let Some(why) = own.refusal(counting) {
            counting.outcome = Some(Outcome::Not(why));
            continue;
        }
        let remaining = until.saturating_duration_since(Instant::now());
        if shares(remaining) == 0 {
            counting.outcome = Some(Outcome::Not(NotCounted::NoTimeLeft(BUDGET)));
            continue;
        }
        let (limit, began) = (share(remaining, 1), Instant::now());
        connection.set_clock(Clock::counts(limit));
        connection.own(&[&statement_timeout(limit), "SAVEPOINT rosey_count"]).await?;
        let sql = format!("SELECT ARRAY[p.n, p.total]::pg_catalog.text FROM ({}\n) AS p(n, total)", counting.sql);
        counting.outcome = Some(match connection.query(&sql).await {
            Ok(rows) => match rows.first().and_then(|r| numbers(r, 0)) {
                Some((n, total)) => Outcome::Counted(n, total),
                None => Outcome::Not(gate::not_taken()),
            },
            Err(error) => Outcome::Not(why(error, began.elapsed(), limit)?),
        });
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_count"]).await?;
    }
    connection.own(&["ROLLBACK TO SAVEPOINT rosey_gate"]).await
}

/// User-defined objects that a query could call by accident.
struct Own {
    /// Functions and aggregates.
    functions: BTreeSet<String>,
    /// For each relation, as spelled in a query: the columns with such types.
    columns: BTreeMap<String, Vec<String>>,
}

impl Own {
    async fn of(connection: &mut Connection, all: &[&mut Counting]) -> Result<Own, Error> {
        let named: BTreeSet<String> = all.iter().flat_map(|c| called(&c.sql)).collect();
        let named: Vec<String> = named.iter().map(|n| literal(n)).collect();
        let sql = format!(
            "SELECT DISTINCT proname::pg_catalog.text FROM pg_catalog.pg_proc WHERE oid >= 16384 \
             AND proname = ANY (ARRAY[{}]::pg_catalog.name[])",
            named.join(", ")
        );
        let functions = connection.texts(&sql).await?.into_iter().collect();
        let relations: BTreeSet<&String> = all.iter().flat_map(|c| &c.reads).collect();
        let relations: Vec<&String> = relations.into_iter().collect();
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (number, column) in connection.pairs(&own_types(&relations)).await? {
            if let Some(relation) = number.parse::<usize>().ok().and_then(|n| relations.get(n)) {
                columns.entry((*relation).clone()).or_default().push(column);
            }
        }
        Ok(Own { functions, columns })
    }

    /// Returns why a query is not run.
    fn refusal(&self, counting: &Counting) -> Option<NotCounted> {
        let cannot = |what: String| Some(NotCounted::Unknown(format!("{what}, and the role cannot create temporary views")));
        if counting.reads.is_empty() {
            return cannot("it is not known which columns it reads".to_owned());
        }
        if let Some(name) = called(&counting.sql).into_iter().find(|n| self.functions.contains(n)) {
            return cannot(format!("it may call a user-defined function {name}"));
        }
        let reads_all = counting.sql.replace("count(*)", "").contains('*');
        let columns = counting.reads.iter().filter_map(|r| self.columns.get(r)).flatten();
        let mut read = columns.filter(|c| reads_all || counting.sql.contains(&quote(c)));
        read.next().and_then(|column| cannot(format!("the type of column {column} is not built in")))
    }
}

/// Returns the words before an opening bracket.
fn called(sql: &str) -> BTreeSet<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let ends = sql.match_indices('(').map(|(at, _)| sql[..at].trim_end());
    ends.map(|before| before.rsplit(|c| !is_word(c)).next().unwrap_or_default().to_lowercase()).filter(|w| !w.is_empty()).collect()
}

/// Returns the query for the columns of these relations, by their index in the list, whose types or parts of
/// types are not built in: base types, ranges, and types that have an operator, a cast or a default operator
/// class of their own. Otherwise an enum, a domain or a composite type has the server's functions. Types to
/// which a cast without a function leads count as parts.
fn own_types(relations: &[&String]) -> String {
    let each: Vec<String> = relations.iter().enumerate().map(|(n, r)| format!("({n}, {})", literal(r))).collect();
    format!(
        "WITH RECURSIVE asked(n, name) AS (VALUES (-1, ''), {each}), \
         parts(n, attname, oid) AS (SELECT asked.n, a.attname, a.atttypid FROM asked \
           JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(nullif(asked.name, ''))::pg_catalog.oid \
           WHERE a.attnum > 0 AND NOT a.attisdropped \
         UNION SELECT parts.n, parts.attname, next.oid FROM parts JOIN pg_catalog.pg_type t ON t.oid = parts.oid \
           LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid, LATERAL (\
             SELECT t.typelem AS oid UNION SELECT t.typbasetype UNION SELECT r.rngsubtype \
             UNION SELECT b.atttypid FROM pg_catalog.pg_attribute b WHERE t.typtype = 'c' AND b.attrelid = t.typrelid AND b.attnum > 0 \
               AND NOT b.attisdropped \
             UNION SELECT k.casttarget FROM pg_catalog.pg_cast k WHERE k.castsource = t.oid AND k.castmethod = 'b') AS next \
           WHERE next.oid <> 0) \
         SELECT DISTINCT parts.n::pg_catalog.text, parts.attname::pg_catalog.text FROM parts \
         JOIN pg_catalog.pg_type t ON t.oid = parts.oid LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid \
         WHERE (t.oid >= 16384 AND (t.typtype IN ('r', 'm') OR (t.typtype = 'b' AND t.typcategory <> 'A'))) \
         OR EXISTS (SELECT 1 FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_type i ON i.oid = o.opcintype \
           WHERE o.oid >= 16384 AND o.opcdefault AND (i.oid = t.oid OR i.typtype = 'p')) \
         OR EXISTS (SELECT 1 FROM pg_catalog.pg_operator o WHERE o.oid >= 16384 AND t.oid IN (o.oprleft, o.oprright) \
           AND (t.oid >= 16384 OR o.oprname IN ({OPERATORS}))) \
         OR EXISTS (SELECT 1 FROM pg_catalog.pg_cast k WHERE k.castsource = t.oid AND k.castfunc >= 16384)",
        each = if each.is_empty() { "(-2, '')".to_owned() } else { each.join(", ") },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_before_brackets_may_be_functions() {
        let sql = "SELECT coalesce(sum(n), 0)::bigint, (SELECT count(*) FROM \"t\") FROM (SELECT 1) AS x GROUP BY \"c\"";
        assert_eq!(called(sql).into_iter().collect::<Vec<_>>().join(" "), "coalesce count from sum");
    }
}
