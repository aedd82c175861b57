//! What would be lost with an object that is dropped or re-created: a view's owner, privileges, and comments
//! and defaults of its columns are restored, as are a type's owner and privileges; unmanaged objects block
//! the plan, or are named.

use super::inspect::{Live, Relation};
use super::lower::{Going, What};
use crate::diff::{Changes, TableChange};
use crate::plan::{Action, Code, Hazard, Level, Statement, StatementKind, Step};
use crate::schema::{Address, AnyKind, Kind, Unmanaged, UnmanagedKind};

/// Adds statements and hazards for that to the steps. `going` is what they drop.
pub(crate) fn keep(steps: &mut [Step], changes: &Changes, live: &Live, going: &[Going]) {
    keep_types(steps, going, live);
    let gone = |s: &&mut Step| s.action == Action::Destroy && *s.address.kind() == Kind::Table;
    for step in steps.iter_mut().filter(gone) {
        goes_along(step, live);
    }
    for (oid, relation) in live.relations.iter().filter(|(_, r)| r.kind == "v" || r.kind == "m") {
        let Some(step) = making(steps, relation) else { continue };
        if relation.kind == "m" && !relation.populated {
            stays_empty(step);
        }
        step.statements.extend(live.kept.get(oid).into_iter().flatten().map(|sql| Statement::of_catalog(sql.clone())));
        for (kind, name) in live.standing_on.get(oid).into_iter().flatten().filter(|(kind, _)| *kind != UnmanagedKind::Privilege) {
            step.hazards.push(lost(&step.address, kind, name));
        }
    }
    for going in going {
        of_index(going, changes, steps, live);
    }
}

/// Returns the step that re-creates the view, if there is one.
fn making<'s>(steps: &'s mut [Step], relation: &Relation) -> Option<&'s mut Step> {
    let name = relation.name.to_string();
    let is_it = |at: &Address| at.kind().object().is_some_and(Kind::is_view) && at.depth() == 1 && at.last() == name;
    let creates = |s: &&mut Step| is_it(&s.address) && s.statements.iter().any(|st| st.kind == StatementKind::CreatesView);
    steps.iter_mut().find(creates)
}

/// Keeps a materialized view unpopulated if it was not populated before it is re-created.
fn stays_empty(step: &mut Step) {
    for statement in step.statements.iter_mut().filter(|s| s.kind == StatementKind::CreatesView) {
        statement.sql.push_str("\nWITH NO DATA");
    }
}

/// Adds statements that restore the owner and the privileges of types that are re-created.
fn keep_types(steps: &mut [Step], going: &[Going], live: &Live) {
    for going in going {
        let What::Type(name) = &going.what else { continue };
        let anew = |s: &&mut Step| s.address == going.by && s.action == Action::Replace;
        if let Some((kept, step)) = live.kept_types.get(name).zip(steps.iter_mut().find(anew)) {
            step.statements.extend(kept.iter().map(|sql| Statement::of_catalog(sql.clone())));
        }
    }
}

/// Returns whether a statement restores the owner of a re-created view or type. The role that creates it owns
/// it already: if that is the previous owner, the statement would change nothing and is left out.
pub(crate) fn gives_back(sql: &str) -> bool {
    let made = ["ALTER VIEW ", "ALTER MATERIALIZED VIEW ", "ALTER TYPE "].iter().any(|a| sql.starts_with(a));
    made && sql.contains(" OWNER TO ") && !sql.contains('\n')
}

/// Lists what is dropped together with a table.
fn goes_along(step: &mut Step, live: &Live) {
    let table = live.relations.iter().find(|(_, r)| r.kind == "r" && Address::top(Kind::Table, &r.name) == step.address);
    let Some(standing) = table.and_then(|(oid, _)| live.standing_on.get(oid)) else { return };
    let told: Vec<String> =
        standing.iter().filter(|(kind, _)| *kind != UnmanagedKind::Privilege).map(|(kind, name)| format!("{kind} {name}")).collect();
    if !told.is_empty() {
        step.reason = format!("{}; also drops {}", step.reason, told.join(", "));
    }
}

/// Reports the properties of an index, or of the index of a constraint, that are not part of its definition
/// and that it loses because it is dropped or re-created.
fn of_index(going: &Going, changes: &Changes, steps: &mut [Step], live: &Live) {
    let What::Index(index) = &going.what else { return };
    let altered =
        changes.tables().find_map(|c| if let TableChange::Alter(e) = c { Some(e).filter(|e| e.after.address() == going.by) } else { None });
    let table = altered.and_then(|edits| live.relations.iter().find(|(_, r)| r.name == edits.live.name && r.kind == "r"));
    let Some((standing, step)) = table.and_then(|(oid, _)| live.standing_on.get(oid)).zip(steps.iter_mut().find(|s| s.address == going.by))
    else {
        return;
    };
    let of_this = |(kind, name): &&(AnyKind, String)| Unmanaged::new(kind, name.as_str()).index().is_some_and(|i| i == index.name);
    step.hazards.extend(standing.iter().filter(of_this).map(|(kind, name)| lost(&going.by, kind, name)));
}

/// Returns the hazard for what an object loses when it is dropped or re-created. Settings that only affect
/// speed and space do not block the change.
fn lost(address: &Address, kind: &AnyKind, name: &str) -> Hazard {
    if ![UnmanagedKind::StatisticsTarget, UnmanagedKind::StorageParameters, UnmanagedKind::Tablespace].iter().any(|k| kind == k) {
        let message = format!("not supported: {kind} {name} depends on {address}, which changes");
        let advice = "rosey does not manage it: drop it before the change and re-create it afterwards";
        return Hazard::new(Code::NotSupported, Level::Blocks, address.clone(), message, advice);
    }
    let message = format!("loses {kind} {name} with an index that is dropped or re-created");
    let advice = "rosey does not manage it: if the index is re-created, set it again after the apply";
    Hazard::new(Code::NotSupported, Level::Warns, address.clone(), message, advice)
}
