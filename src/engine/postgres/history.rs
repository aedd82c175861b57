//! The table `_rosey_history` on a server: found by the search path, examined before each read and write, and
//! then named with its schema. Anybody who can create objects in the search path can create a relation of
//! this
//! name, and code in it would run with the privileges of the role that plans or applies; so rosey uses only a
//! plain table of an owner whom that role trusts anyway.

use super::connection::{Connection, Error};
use crate::engine::history::{TABLE, create_history, insert_history, upgrade_history};
use crate::engine::postgres::catalog_row::catalog_row;
use crate::plan::Record;
use crate::schema::Dialect;

/// What is wrong with the relation `c`, one row each. Objects that come with the server have OIDs below 16384.
const FAULTS: &str = "\
    SELECT 'is a ' || CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' \
      WHEN 'p' THEN 'partitioned table' ELSE 'relation of another kind' END WHERE c.relkind <> 'r' \
    UNION ALL SELECT 'has the trigger ' || quote_ident(tgname) FROM pg_trigger WHERE tgrelid = c.oid \
    UNION ALL SELECT 'has the rule ' || quote_ident(rulename) FROM pg_rewrite WHERE ev_class = c.oid \
    UNION ALL SELECT 'has the policy ' || quote_ident(polname) FROM pg_policy WHERE polrelid = c.oid \
    UNION ALL SELECT 'has row-level security' WHERE c.relrowsecurity OR c.relforcerowsecurity \
    UNION ALL SELECT 'has the constraint ' || quote_ident(conname) FROM pg_constraint WHERE conrelid = c.oid AND contype NOT IN ('p', 'n') \
    UNION ALL SELECT 'has a default or a generated column' FROM pg_attrdef WHERE adrelid = c.oid \
    UNION ALL SELECT 'has the column ' || quote_ident(attname) || ' of type ' || format_type(atttypid, atttypmod) \
      FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND atttypid >= 16384 \
    UNION ALL SELECT 'has the index ' || quote_ident(ic.relname) || ' with an expression, a condition, or an operator class' \
      FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL \
      OR i.indpred IS NOT NULL OR ic.relam >= 16384 OR EXISTS (SELECT FROM unnest(i.indclass::oid[]) o WHERE o >= 16384)) \
    UNION ALL SELECT 'has extended statistics' FROM pg_statistic_ext WHERE stxrelid = c.oid \
    UNION ALL SELECT 'has a child or parent table' FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent) \
    UNION ALL SELECT 'has a table access method of an extension' WHERE c.relam >= 16384";

/// Returns the SQL for whether the current role trusts a role: it is the role itself or one that it is a
/// member of, a superuser, or the owner of the database. A superuser counts as a member of every role, so
/// only recorded memberships count. Before PostgreSQL 15 any role could grant itself to others, so only those
/// count that a superuser or the owner of the database granted.
fn trusts(role: &str) -> String {
    format!(
        "(EXISTS (WITH RECURSIVE own(oid) AS (SELECT oid FROM pg_roles WHERE rolname = current_user \
         UNION SELECT m.roleid FROM pg_auth_members m JOIN own ON own.oid = m.member \
         JOIN pg_roles g ON g.oid = m.grantor AND (g.rolsuper OR EXISTS (SELECT FROM pg_database \
         WHERE datname = current_database() AND datdba = g.oid))) SELECT FROM own WHERE own.oid = {role}) \
         OR EXISTS (SELECT FROM pg_roles WHERE oid = {role} AND (rolsuper OR rolname = 'pg_database_owner')) \
         OR EXISTS (SELECT FROM pg_database WHERE datname = current_database() AND datdba = {role}))"
    )
}

/// Returns the SQL for whether the current role trusts the owner of the relation `c`: it trusts that role; or
/// it trusts the owner of the schema, and that schema's privileges let the role create objects in it.
/// Privileges of PUBLIC do not count.
fn trusts_owner() -> String {
    format!(
        "({} OR EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.oid = c.relnamespace \
         AND a.privilege_type = 'CREATE' AND a.grantee <> 0 AND pg_has_role(c.relowner, a.grantee, 'MEMBER') AND {}))",
        trusts("c.relowner"),
        trusts("n.nspowner")
    )
}

catalog_row! {
    /// The table as the check found it.
    struct Found from "the history" {
        /// The name with its schema, as SQL.
        name: String,
        /// Whether the role may read it.
        readable: bool,
        /// What is wrong with it.
        fault: Option<String>,
    }
}

/// Returns the SQL for what is wrong with the relation whose OID is `oid`, NULL if nothing is. Its names are
/// resolved correctly only if the search path contains `pg_catalog` and nothing else.
pub(crate) fn fault_of(oid: &str) -> String {
    format!("SELECT {} FROM pg_class c WHERE c.oid = {oid}", fault())
}

fn fault() -> String {
    let untrusted = "does not belong to the current role or to one that it trusts";
    let trusted = trusts_owner();
    format!(
        "(SELECT what || '; its owner is ' || quote_ident(pg_get_userbyid(c.relowner)) \
         FROM ({FAULTS} UNION ALL SELECT '{untrusted}' WHERE NOT {trusted}) AS f(what) LIMIT 1)"
    )
}

async fn find(connection: &mut Connection) -> Result<Option<Found>, Error> {
    let sql = format!(
        "SELECT format('%I.%I', n.nspname, c.relname) AS name, has_table_privilege(c.oid, 'SELECT') AS readable, {} AS fault \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass('{TABLE}')",
        fault()
    );
    Ok(connection.rows(&sql).await?.pop())
}

/// Returns the name of the table, with its schema, or `None` if there is none.
///
/// # Errors
/// [`Error::History`] if it is not a table that rosey may use.
pub(crate) async fn table(connection: &mut Connection) -> Result<Option<String>, Error> {
    find(connection).await?.map(usable).transpose()
}

/// Returns the name of the table, or `None` if the role may not read it: then guards and drift are unknown.
///
/// # Errors
/// The errors of [`table`], for a table that the role could read.
pub(crate) async fn readable(connection: &mut Connection) -> Result<Option<String>, Error> {
    find(connection).await?.filter(|found| found.readable).map(usable).transpose()
}

fn usable(found: Found) -> Result<String, Error> {
    match found.fault {
        Some(fault) => Err(Error::History { table: found.name, fault }),
        None => Ok(found.name),
    }
}

/// What a plan takes from the history.
pub(super) enum Recorded {
    /// There is no table, or it is empty.
    Nothing,
    /// The role may not read the table.
    Unread,
    /// The last row as a JSON object.
    Last(String),
}

/// Reads what a plan takes from the history.
///
/// # Errors
/// The errors of [`table`], for a table that the role could read.
pub(super) async fn recorded(connection: &mut Connection) -> Result<Recorded, Error> {
    let Some(found) = find(connection).await? else { return Ok(Recorded::Nothing) };
    if !found.readable {
        return Ok(Recorded::Unread);
    }
    let last = rows_of(connection, &usable(found)?, true).await?;
    Ok(last.into_iter().next().map_or(Recorded::Nothing, Recorded::Last))
}

/// Returns the rows as JSON objects, the first or only the last one; none if the table does not exist.
///
/// # Errors
/// The errors of [`table`].
pub(crate) async fn rows(connection: &mut Connection, last_only: bool) -> Result<Vec<String>, Error> {
    match table(connection).await? {
        Some(table) => rows_of(connection, &table, last_only).await,
        None => Ok(Vec::new()),
    }
}

async fn rows_of(connection: &mut Connection, table: &str, last_only: bool) -> Result<Vec<String>, Error> {
    let order = if last_only { "ORDER BY number DESC LIMIT 1" } else { "ORDER BY number" };
    connection.texts(&format!("SELECT to_jsonb(h)::text FROM {table} h {order}")).await
}

/// Returns the last version; 0 if there is none.
///
/// # Errors
/// The errors of [`table`].
pub(crate) async fn last_number(connection: &mut Connection) -> Result<i64, Error> {
    match table(connection).await? {
        Some(table) => connection.number(&format!("SELECT max(number) FROM {table}")).await,
        None => Ok(0),
    }
}

/// Writes a row, into a table that is created or upgraded if necessary, and returns its version.
///
/// # Errors
/// The errors of [`table`].
pub(super) async fn write(connection: &mut Connection, record: &Record) -> Result<i64, Error> {
    let table = match table(connection).await? {
        Some(table) => {
            upgrade(connection, &table).await?;
            table
        }
        None => create(connection).await?,
    };
    connection.catalog_command(&insert_history(Dialect::Postgres, &table, record)).await?;
    connection.number(&format!("SELECT max(number) FROM {table}")).await
}

/// Adds the columns that the table of an older rosey lacks.
async fn upgrade(connection: &mut Connection, table: &str) -> Result<(), Error> {
    let columns = "SELECT attname::text FROM pg_attribute WHERE attnum > 0 AND attrelid = to_regclass";
    let there = connection.texts(&format!("{columns}({})", super::names::literal(table))).await?;
    for sql in upgrade_history(Dialect::Postgres, table, &there) {
        connection.catalog_command(&sql).await?;
    }
    Ok(())
}

/// Creates the table in the default schema. Another session may have created one in the meantime, so the
/// result is examined too.
async fn create(connection: &mut Connection) -> Result<String, Error> {
    connection.execute(&create_history(Dialect::Postgres)).await?;
    table(connection).await?.ok_or_else(|| Error::Driver(format!("the table {TABLE} was dropped while it was created")))
}

/// Marks versions that are recorded as running as applied; returns whether there were any.
///
/// # Errors
/// The errors of [`table`].
pub(super) async fn finish(connection: &mut Connection) -> Result<bool, Error> {
    let Some(table) = table(connection).await? else { return Ok(false) };
    let sql = format!("UPDATE {table} SET outcome = 'applied' WHERE outcome = 'running'");
    Ok(connection.catalog_command(&sql).await? > 0)
}
