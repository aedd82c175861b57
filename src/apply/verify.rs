//! What is compared before the commit: rows, references, and the schema itself.

use std::collections::{BTreeMap, BTreeSet};

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
    let names: Vec<String> = left.addresses().iter().map(ToString::to_string).collect();
    Ok(Err(format!("{} still differs", names.join(", "))))
}

/// Rows that point to nothing, for each of the tables that the plan touches and those that point to them. A table is
/// left out where SQLite cannot tell, because a key that is pointed to is none.
pub(super) async fn broken_references(connection: &mut Connection, plan: &Plan, schema: &Schema) -> Result<BTreeMap<String, i64>, Error> {
    let touched: BTreeSet<&Ident> = plan.changes.tables.iter().flat_map(names).collect();
    let concerned = schema.tables.values().filter(|t| {
        !t.foreign_keys.is_empty() && (touched.contains(&t.name.name) || t.foreign_keys.iter().any(|f| touched.contains(&f.table.name)))
    });
    let mut broken = BTreeMap::new();
    for table in concerned {
        let name = table.name.name.as_str();
        match connection.number(&format!("SELECT count(*) FROM pragma_foreign_key_check('{}')", name.replace('\'', "''"))).await {
            Ok(n) => drop(broken.insert(name.to_ascii_lowercase(), n)),
            Err(Error::Sql { code: 1, .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(broken)
}

/// The table that has more of them than before, if there is one. What could not be told before is not held against it.
pub(super) fn newly_broken(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> Option<String> {
    after.iter().find(|(table, n)| before.get(*table).is_some_and(|old| *n > old)).map(|(table, _)| table.clone())
}

fn names(change: &TableChange) -> Vec<&Ident> {
    match change {
        TableChange::Create(t) | TableChange::Drop(t) => vec![&t.name.name],
        TableChange::Alter(e) => vec![&e.live.name.name, &e.after.name.name],
    }
}
