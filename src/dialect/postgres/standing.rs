//! What stands on a view and would go with it when the view is made anew: privileges are given again, everything else
//! stops the plan by name.

use super::inspect::Live;
use super::names::Names;
use crate::plan::{Action, Code, Hazard, Level, Statement, Step};
use crate::schema::Address;

/// Adds to the steps what keeps that.
pub(crate) fn keep(steps: &mut [Step], live: &Live) {
    let gone = |s: &&mut Step| s.action == Action::Destroy && s.address.kind() == "table";
    for step in steps.iter_mut().filter(gone) {
        goes_along(step, live);
    }
    let names = Names::new(super::inspect::ident(&live.server.default_schema));
    for (oid, standing) in &live.standing_on {
        let Some(relation) = live.relations.get(oid).filter(|r| r.kind == "v" || r.kind == "m") else { continue };
        let kind = if relation.kind == "v" { "view" } else { "materialized-view" };
        let address = Address::top(kind, &relation.name);
        let made = format!("{} AS ", names.sql(&relation.name));
        let again = |s: &&mut Step| {
            s.address == address
                && matches!(s.action, Action::Carry | Action::Replace | Action::Alter)
                && s.statements.iter().any(|st| st.sql.starts_with("CREATE ") && creates(&st.sql, &made, &names.sql(&relation.name)))
        };
        let Some(step) = steps.iter_mut().find(again) else { continue };
        for (kind, name) in standing {
            match given_again(kind, name, &names.sql(&relation.name)) {
                Some(sql) => step.statements.push(Statement::new(sql)),
                None => step.hazards.push(in_the_way(&address, kind, name)),
            }
        }
    }
}

/// A dropped table takes what stands on it along: that is said.
fn goes_along(step: &mut Step, live: &Live) {
    let table = live.relations.iter().find(|(_, r)| r.kind == "r" && Address::top("table", &r.name) == step.address);
    let Some(standing) = table.and_then(|(oid, _)| live.standing_on.get(oid)) else { return };
    let told: Vec<String> = standing.iter().filter(|(kind, _)| kind != "privilege").map(|(kind, name)| format!("{kind} {name}")).collect();
    if !told.is_empty() {
        step.reason = format!("{}; with it go {}", step.reason, told.join(", "));
    }
}

fn creates(sql: &str, made: &str, name: &str) -> bool {
    sql.contains(made) || sql.contains(&format!("{name} ("))
}

/// `SELECT on t to bob` as a statement.
fn given_again(kind: &str, name: &str, relation: &str) -> Option<String> {
    if kind != "privilege" {
        return None;
    }
    let (privilege, rest) = name.split_once(" on ")?;
    let (_, to) = rest.rsplit_once(" to ")?;
    let (to, option) = to.strip_suffix(" with grant option").map_or((to, ""), |t| (t, " WITH GRANT OPTION"));
    let to = if to == "public" { "PUBLIC".to_owned() } else { to.to_owned() };
    Some(format!("GRANT {privilege} ON {relation} TO {to}{option}"))
}

fn in_the_way(address: &Address, kind: &str, name: &str) -> Hazard {
    let message = format!("not supported: {kind} {name} stands on {address}, which would have to be made anew");
    let advice = "drop it before and create it again after: rosey does not manage it".to_owned();
    Hazard::new(Code::NotSupported, Level::Blocks, address.clone(), message, advice)
}
