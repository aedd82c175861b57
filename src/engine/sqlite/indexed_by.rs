//! `INDEXED BY` names an index in a query (<https://sqlite.org/lang_indexedby.html>). SQLite neither rewrites
//! it when the index is renamed nor checks views and triggers when an index is dropped, after which they
//! would fail. The plan is therefore blocked.

use super::inspect::Live;
use super::lexer::lex;
use crate::diff::{Changes, Delta, TableChange};
use crate::plan::{Code, Hazard, Level, Step};
use crate::schema::{Address, AnyKind, DefinedKind, Ident, Kind};

/// Adds a hazard to the steps that remove an index used by a view or trigger that stays as it is.
pub(crate) fn stop(changes: &Changes, live: &Live, steps: &mut [Step]) {
    for change in changes.tables() {
        let TableChange::Alter(edits) = change else { continue };
        let gone = edits.indexes.iter().filter(|d| d.after().is_none()).filter_map(Delta::before).map(|i| &i.name);
        let names: Vec<&Ident> = gone.chain(edits.renamed_indexes.iter().map(|(old, _)| old)).collect();
        let address = edits.after.address();
        let Some(step) = steps.iter_mut().rev().find(|s| s.address == address).filter(|_| !names.is_empty()) else { continue };
        for row in
            live.stored.iter().filter(|r| (r.kind == Kind::View || r.kind == DefinedKind::Trigger) && stays(changes, &r.kind, &r.name))
        {
            let sql = row.sql.as_deref().unwrap_or_default();
            step.hazards.extend(names.iter().filter(|n| names_it(sql, n)).map(|n| hazard(&row.kind, &row.name, n)));
        }
    }
}

/// Returns true if the change neither replaces nor drops the view or trigger.
fn stays(changes: &Changes, kind: &AnyKind, name: &str) -> bool {
    let view = changes.views().filter_map(Delta::before).any(|v| v.name.name.matches(name));
    let trigger = changes.triggers().filter_map(Delta::before).any(|t| t.name.name.matches(name));
    if *kind == Kind::View { !view } else { !trigger }
}

fn names_it(sql: &str, index: &Ident) -> bool {
    let tokens = lex(sql);
    tokens.windows(3).any(|w| w[0].is(sql, "INDEXED") && w[1].is(sql, "BY") && index.matches(&w[2].value(sql)))
}

fn hazard(kind: &AnyKind, name: &str, index: &Ident) -> Hazard {
    let code = if *kind == Kind::View { Code::BrokenView } else { Code::BrokenTrigger };
    let message = format!("{kind} {name} uses INDEXED BY {index}, which would no longer exist");
    Hazard::new(code, Level::Blocks, Address::top(kind, name), message, "change its SQL in the schema, or remove INDEXED BY first")
}
