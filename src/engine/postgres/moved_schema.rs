//! A `was=` that names an object in another schema, which PostgreSQL renames with `SET SCHEMA` and rosey does not: the plan
//! would drop the object and create an empty one.

use super::inspect::ident;
use super::names::Names;
use crate::diff::{Change, Changes};
use crate::schema::{Head, Ident, Kind, ObjectName, Problem};

/// Returns a problem for each new object whose old name is that of a dropped object of its kind in another schema.
pub(super) fn problems(changes: &Changes, home: &str) -> Vec<Problem> {
    let names = Names::new(ident(home));
    let new = changes.objects.iter().filter(|c| c.before().is_none()).filter_map(|c| Some((c.kind(), c.after()?)));
    new.filter_map(|(kind, head)| problem(changes, kind, head, &names)).collect()
}

fn problem(changes: &Changes, kind: Kind, head: &Head, names: &Names) -> Option<Problem> {
    let is_gone = |c: &&Change| c.kind() == kind && c.after().is_none();
    let gone = || changes.objects.iter().filter(is_gone).filter_map(Change::before).map(|head| &head.name);
    let old = head.was.iter().find_map(|was| gone().find(|name| is_named(name, was, names)))?;
    if names.schema(old) == names.schema(&head.name) {
        return None;
    }
    let (what, schema) = (kind.word().replace('-', " "), names.schema(&head.name));
    let message = format!(
        "{what} `{}` in schema {schema} is declared as a rename of `{}.{}`, which is in another schema",
        head.name.name,
        names.schema(old),
        old.name
    );
    let to = names.qualified(&ObjectName { schema: Some(schema.clone()), ..ObjectName::bare(old.name.clone()) });
    let rename = if old.name == head.name.name { String::new() } else { format!("; rosey then renames {to}") };
    let sql = format!("ALTER {} {} SET SCHEMA {}", kind.sql(), names.qualified(old), super::names::quote(schema.as_str()));
    let help = format!(
        "rosey does not move objects between schemas: run `{sql}` first{rename}; to drop `{}` and create an empty {what}, remove `was`",
        old.name
    );
    Some(Problem::new(message, head.origin.0, "here").help(help))
}

/// Returns whether an old name is that of the object, with its schema or without one.
fn is_named(object: &ObjectName, was: &Ident, names: &Names) -> bool {
    was == &object.name || *was.as_str() == format!("{}.{}", names.schema(object), object.name)
}
