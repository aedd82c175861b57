//! Refuses changes that affect, by name, objects that could not be re-created because their definitions are
//! not UTF-8, and objects that rosey cannot create or read. Other changes are allowed.

use super::super::inspect::{Live, Stored};
use super::path::Path;
use super::words;
use crate::diff::{Changes, TableChange};
use crate::plan::{Action, Code, Hazard, Level, Step};
use crate::schema::{Address, AnyKind};

/// Returns the indexes that a change would have to re-create or would lose, with the names in their
/// definitions.
pub(super) fn indexes<'l>(changes: &'l Changes, paths: &[Path], live: &'l Live) -> Vec<&'l Stored> {
    let mut found = Vec::new();
    for (change, path) in changes.tables().zip(paths) {
        let table = match change {
            TableChange::Create(_) => continue,
            TableChange::Drop(table) => table,
            TableChange::Alter(edits) => match path {
                Path::Rebuild => &edits.live,
                Path::Native if path.disturbs(edits) => &edits.live,
                Path::Native | Path::Catalog(_) => continue,
            },
        };
        found.extend(live.indexes_of(&table.name.name).filter(|i| i.garbled.is_some()));
    }
    found
}

/// Adds a hazard for each object to the step of a table that it names, or to the first step.
pub(super) fn refuse<'l>(steps: &mut [Step], held: impl Iterator<Item = &'l Stored>) {
    for row in held {
        let mut names = words(row.sql.as_deref().unwrap_or_default());
        names.insert(row.table.to_ascii_lowercase());
        let named = steps.iter().position(|s| s.action != Action::Create && names.contains(&s.address.last().to_ascii_lowercase()));
        let Some(step) = steps.get_mut(named.unwrap_or(0)) else { continue };
        let address = Address::top(&row.kind, &row.name);
        let message = format!("not supported: {address} would have to be re-created, but its definition is not valid UTF-8");
        let advice = "drop it first, or re-create it in UTF-8";
        step.hazards.push(Hazard::new(Code::NotSupported, Level::Blocks, address, message, advice));
    }
}

/// Returns a step for an object of the schema that rosey cannot create or cannot read.
pub(super) fn lacking(kind: &AnyKind, name: &str, live: &Live) -> Step {
    let address = Address::top(kind, name);
    let mut step = Step::new(address.clone(), Action::Unsupported, Vec::new());
    let unread = live.current.schema().unmanaged.iter().find(|u| u.kind == *kind && u.name == name);
    let (message, advice) = match unread.and_then(|u| u.reason.as_deref()) {
        Some(reason) => {
            (format!("not supported: {kind} {name} exists but cannot be read: {reason}"), "remove it from the schema, or drop it yourself")
        }
        None => (
            format!("{kind} {name} does not exist, and rosey does not create objects of this kind"),
            "create it yourself, or remove it from the schema",
        ),
    };
    step.hazards.push(Hazard::new(Code::NotSupported, Level::Blocks, address, message, advice));
    step
}
