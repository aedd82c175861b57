//! Removes from a trial the indexes and constraints whose operator classes are not built in: creating one
//! would call functions that a plan does not run.

use super::super::connection::{Connection, Error};
use super::super::operator_classes::{IndexKey, OwnClasses, of_columns, of_exclusion, of_index};
use super::Trial;

/// Keeps the indexes and constraints with built-in operator classes.
///
/// # Errors
/// If the connection is lost.
pub(super) async fn keep_built_in(connection: &mut Connection, tables: &mut [Trial]) -> Result<(), Error> {
    let mut own = OwnClasses::of(connection).await?;
    for Trial { table, indexes } in tables {
        let keys: Vec<Vec<IndexKey>> = indexes.iter().map(|i| of_index(i, table)).collect();
        keep(connection, &mut own, indexes, &keys).await?;
        let keys: Vec<Vec<IndexKey>> = table.exclusions.iter().map(|e| of_exclusion(e, table)).collect();
        keep(connection, &mut own, &mut table.exclusions, &keys).await?;
        let keys: Vec<Vec<IndexKey>> = table.uniques.iter().map(|u| of_columns(&u.parts, table)).collect();
        keep(connection, &mut own, &mut table.uniques, &keys).await?;
        let keys = table.primary_key.as_ref().map(|k| of_columns(&k.parts, table)).unwrap_or_default();
        if own.has_any(connection, &keys).await? {
            table.primary_key = None;
        }
    }
    Ok(())
}

async fn keep<T>(connection: &mut Connection, own: &mut OwnClasses, all: &mut Vec<T>, keys: &[Vec<IndexKey>]) -> Result<(), Error> {
    let mut kept = Vec::with_capacity(all.len());
    for (one, keys) in std::mem::take(all).into_iter().zip(keys) {
        if !own.has_any(connection, keys).await? {
            kept.push(one);
        }
    }
    *all = kept;
    Ok(())
}
