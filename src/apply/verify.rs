//! What is compared before the commit: rows, references, and the schema itself.

use std::collections::BTreeSet;

use crate::dialect::sqlite::connection::{Connection, Error};
use crate::dialect::sqlite::inspect;
use crate::diff::{TableChange, diff};
use crate::plan::Plan;
use crate::schema::{Ident, Normalized, Schema};

/// The schema as it is now, if it is the desired one; else what differs.
pub(super) async fn schema(connection: &mut Connection, desired: &Normalized) -> Result<Result<Normalized, String>, Error> {
    let current = inspect::inspect(connection).await?.current;
    let left = diff(&current, desired).unwrap_or_default();
    if left.is_empty() {
        return Ok(Ok(current));
    }
    let tables = left.tables.iter().map(|t| t.table().address().to_string());
    let views = left.views.iter().filter_map(|d| d.after().or(d.before())).map(|v| v.address().to_string());
    let triggers = left.triggers.iter().filter_map(|d| d.after().or(d.before())).map(|t| t.address().to_string());
    let names: Vec<String> = tables.chain(views).chain(triggers).collect();
    Ok(Err(format!("{} still differs", names.join(", "))))
}

/// Rows that point to nothing, in the tables that the plan touches and those that point to them.
/// `None` where SQLite cannot tell, because a key that is pointed to is none.
pub(super) async fn broken_references(connection: &mut Connection, plan: &Plan, schema: &Schema) -> Result<Option<i64>, Error> {
    let touched: BTreeSet<&Ident> = plan.changes.tables.iter().flat_map(names).collect();
    let concerned = schema.tables.values().filter(|t| {
        !t.foreign_keys.is_empty() && (touched.contains(&t.name.name) || t.foreign_keys.iter().any(|f| touched.contains(&f.table.name)))
    });
    let mut broken = 0;
    for table in concerned {
        let name = table.name.name.as_str().replace('\'', "''");
        match connection.number(&format!("SELECT count(*) FROM pragma_foreign_key_check('{name}')")).await {
            Ok(n) => broken += n,
            Err(Error::Sql { code: 1, .. }) => return Ok(None),
            Err(other) => return Err(other),
        }
    }
    Ok(Some(broken))
}

fn names(change: &TableChange) -> Vec<&Ident> {
    match change {
        TableChange::Create(t) | TableChange::Drop(t) => vec![&t.name.name],
        TableChange::Alter(e) => vec![&e.live.name.name, &e.after.name.name],
    }
}
