//! Extended statistics (<https://www.postgresql.org/docs/current/sql-createstatistics.html>). An object with a
//! statistics target is not managed: `CREATE STATISTICS` cannot set it.

use super::{Attempt, Catalog, Parts, Row};
use crate::schema::DefinedKind;

pub(super) const ROW: Row = Row {
    kind: DefinedKind::Statistics,
    class: "pg_statistic_ext",
    catalog,
    replaces: |_, _| false,
    attempt: Attempt::OnCopy,
    parts: Parts::all,
};

fn catalog(_version: i64) -> Catalog {
    Catalog {
        oid: "s.oid",
        name: "s.stxname",
        arguments: "NULL",
        relation: "s.stxrelid",
        statement: "pg_get_statisticsobjdef(s.oid)",
        head: "'CREATE STATISTICS ' || quote_ident(n.nspname) || '.' || quote_ident(s.stxname)".to_owned(),
        kept: "CASE WHEN pg_get_userbyid(s.stxowner) = current_user THEN '{}' \
               ELSE ARRAY[format('ALTER STATISTICS %%s OWNER TO %I', pg_get_userbyid(s.stxowner))] END"
            .to_owned(),
        reason: "CASE WHEN s.stxstattarget >= 0 THEN 'it has a statistics target' END".to_owned(),
        digest: "pg_get_statisticsobjdef(s.oid), nullif(s.stxstattarget, -1)".to_owned(),
        from: "pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE true".to_owned(),
    }
}
