//! Tries the domains that are created or changed, as temporary ones: the server reads their types, defaults and
//! conditions. Runs none of them.

use std::collections::BTreeSet;

use super::super::connection::{Connection, Error};
use super::super::names::Names;
use super::super::settle::stand_ins;
use super::super::{ddl, fragments};
use super::{Refused, UNDEFINED_FUNCTION, nearer, tried};
use crate::diff::{Changes, Delta};
use crate::schema::{Case, Check, Domain, Ident, Literal, ObjectName, Origin};

/// Returns the domains that are created or changed.
pub(super) fn changed(changes: &Changes) -> impl Iterator<Item = &Domain> {
    changes.domains().filter_map(Delta::after)
}

/// Returns what the server rejects.
///
/// # Errors
/// If the connection is lost.
pub(super) async fn refused(connection: &mut Connection, domains: &[&Domain], stood: &BTreeSet<&str>) -> Result<Vec<Refused>, Error> {
    let names = Names::new(Ident::new("pg_catalog", Case::Exact));
    let mut found = Vec::new();
    for domain in domains {
        let whole = temporary(domain);
        connection.own(&["SAVEPOINT rosey_trial_of"]).await?;
        if tried(connection, &ddl::create_domain(&whole, &names)).await?.is_some() {
            let is_sure = !stand_ins::names_any(stood, &fragments::of_domain(&whole));
            let refused = by_parts(connection, &whole, &names).await?;
            found.extend(refused.into_iter().filter(|r| is_sure || r.code != UNDEFINED_FUNCTION));
        }
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_trial_of"]).await?;
    }
    Ok(found)
}

/// Returns the domain under a name that hides no type. Its checks are unnamed, because their names could
/// conflict.
fn temporary(domain: &Domain) -> Domain {
    let mut whole = domain.clone();
    whole.name = ObjectName::new(Some(Ident::new("pg_temp", Case::Exact)), Ident::new("_rosey_domain", Case::Exact));
    whole.checks = whole.checks.iter().map(|c| Check { name: None, not_valid: false, ..c.clone() }).collect();
    whole
}

/// Tries the type, the collation, the default and each check.
async fn by_parts(connection: &mut Connection, whole: &Domain, names: &Names) -> Result<Vec<Refused>, Error> {
    let bare = Domain { collate: None, default: None, checks: Vec::new(), ..whole.clone() };
    if let Some(error) = tried(connection, &ddl::create_domain(&bare, names)).await? {
        return Ok(super::refused(error, nearer(whole.type_origin, whole.origin)).into_iter().collect());
    }
    let mut parts: Vec<(Domain, Origin)> = Vec::new();
    if let Some(collate) = &whole.collate {
        parts.push((Domain { collate: Some(collate.clone()), ..bare.clone() }, collate.origin()));
    }
    if let Some(default) = &whole.default {
        let at = if let Literal::Expr(e) = &default.value { e.origin } else { Origin::default() };
        parts.push((Domain { default: Some(default.clone()), ..bare.clone() }, at));
    }
    for check in &whole.checks {
        parts.push((Domain { checks: vec![check.clone()], ..bare.clone() }, nearer(check.expr.origin, check.origin)));
    }
    let mut found = Vec::new();
    for (part, at) in parts {
        connection.own(&["ROLLBACK TO SAVEPOINT rosey_trial_of"]).await?;
        found.extend(tried(connection, &ddl::create_domain(&part, names)).await?.and_then(|e| super::refused(e, nearer(at, whole.origin))));
    }
    Ok(found)
}
