//! Describes differences in words, for messages about an outcome that is not as desired.

use std::fmt::Display;

use super::{Change, Changes, Delta, Edit, TableChange, TableEdits};

/// How many differences a message names.
const SHOWN: usize = 5;

/// Returns the differences between the outcome and the desired schema: each object with its parts and
/// attributes.
pub(crate) fn in_words(left: &Changes) -> String {
    let lacking = left.lacking.iter().map(|(kind, name)| format!("{kind}.{name} (missing)"));
    let all: Vec<String> = left.objects.iter().flat_map(of_change).chain(lacking).collect();
    let more = all.len().saturating_sub(SHOWN);
    let shown = all.into_iter().take(SHOWN).collect::<Vec<_>>().join("; ");
    if more > 0 { format!("{shown}; and {more} more") } else { shown }
}

fn of_change(change: &Change) -> Vec<String> {
    let address = change.address();
    match (change.before(), change.after(), change) {
        (None, _, _) => vec![format!("{address} (missing)")],
        (_, None, _) => vec![format!("{address} (not declared)")],
        (_, _, Change::Table(TableChange::Alter(edits))) => of_table(edits).iter().map(|what| format!("{address}: {what}")).collect(),
        _ => vec![format!("{address}{}", attributes(change.edits()))],
    }
}

fn of_table(edits: &TableEdits) -> Vec<String> {
    let mut found: Vec<String> = edits.columns.iter().map(|d| part("column", d, |c| c.name.to_string())).collect();
    let name = |name: &Option<_>| name.as_ref().map(ToString::to_string).unwrap_or_default();
    found.extend(edits.primary_key.iter().map(|d| part("primary key", d, |_| String::new())));
    found.extend(edits.uniques.iter().map(|d| part("unique constraint", d, |u| name(&u.name))));
    found.extend(
        edits.checks.iter().map(|d| part("check", d, |c| c.name.as_ref().map_or_else(|| c.expr.text.clone(), ToString::to_string))),
    );
    found.extend(edits.foreign_keys.iter().map(|d| part("foreign key", d, |f| name(&f.name))));
    found.extend(edits.exclusions.iter().map(|d| part("exclusion constraint", d, |e| name(&e.name))));
    found.extend(edits.indexes.iter().map(|d| part("index", d, |i| i.name.to_string())));
    if !edits.options.is_empty() {
        found.push(attributes(&edits.options).trim_start().to_owned());
    }
    found
}

fn part<T>(kind: &str, delta: &Delta<T>, name: impl Fn(&T) -> String) -> String {
    let named = |object: &T| format!("{kind} {}", name(object)).trim_end().to_owned();
    match delta {
        Delta::Create(object) => format!("{} (missing)", named(object)),
        Delta::Drop(object) => format!("{} (not declared)", named(object)),
        Delta::Alter { after, edits, .. } => format!("{}{}", named(after), attributes(edits)),
    }
}

/// Returns the attributes with both values, preceded by a space.
fn attributes(edits: &[Edit]) -> String {
    let value = |v: &Option<String>| v.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    let all: Vec<String> = edits.iter().map(|e| pair(&e.attribute, &value(&e.before), &value(&e.after))).collect();
    if all.is_empty() { String::new() } else { format!(" {}", all.join(", ")) }
}

fn pair(attribute: &impl Display, is: &str, wanted: &str) -> String {
    format!("{attribute} is {is}, not {wanted}")
}
