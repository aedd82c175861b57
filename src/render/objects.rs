//! The lines of what is neither a table nor SQL text: schemas, extensions, types, sequences, materialised views.

use super::lines::{changed, edit};
use super::view::{Line, Symbol};
use crate::diff::{Changes, Delta};
use crate::kdl;
use crate::schema::{Address, Schema};

/// Head and lines of the object at the address, if it is one of these.
pub(super) fn body(changes: &Changes, at: &Address) -> Option<(String, Vec<Line>)> {
    let c = changes;
    of(&c.namespaces, at, |o| o.address(), |o, s| drop(s.namespaces.insert(o.name.clone(), o.clone())))
        .or_else(|| of(&c.extensions, at, |o| o.address(), |o, s| drop(s.extensions.insert(o.name.clone(), o.clone()))))
        .or_else(|| of(&c.enums, at, |o| o.address(), |o, s| drop(s.enums.insert(o.name.clone(), o.clone()))))
        .or_else(|| of(&c.domains, at, |o| o.address(), |o, s| drop(s.domains.insert(o.name.clone(), o.clone()))))
        .or_else(|| of(&c.sequences, at, |o| o.address(), |o, s| drop(s.sequences.insert(o.name.clone(), o.clone()))))
        .or_else(|| {
            let put = |o: &crate::schema::MaterializedView, s: &mut Schema| drop(s.materialized_views.insert(o.name.clone(), o.clone()));
            of(&c.materialized_views, at, |o| o.address(), put)
        })
}

fn of<T>(deltas: &[Delta<T>], at: &Address, address: impl Fn(&T) -> Address, put: impl Fn(&T, &mut Schema)) -> Option<(String, Vec<Line>)> {
    let delta = deltas.iter().find(|d| d.after().or(d.before()).is_some_and(|o| address(o) == *at))?;
    let head = format!("{} {}", at.kind(), kdl::string_repr(at.last()));
    Some(match delta {
        Delta::Create(object) => written(object, put),
        Delta::Drop(_) => (head, Vec::new()),
        Delta::Alter { edits, .. } => (head, edits.iter().map(|e| changed(&edit(e))).collect()),
    })
}

/// The object in the schema language.
fn written<T>(object: &T, put: impl Fn(&T, &mut Schema)) -> (String, Vec<Line>) {
    let mut alone = Schema::default();
    put(object, &mut alone);
    let text = kdl::encode(&alone);
    let mut rows = text.lines();
    let first = rows.next().unwrap_or_default();
    let Some(head) = first.strip_suffix('{') else { return (first.to_owned(), Vec::new()) };
    let inner: Vec<&str> = rows.map(|r| r.strip_prefix("    ").unwrap_or(r)).collect();
    let inner = inner.split_last().map_or(&[][..], |(_, rest)| rest);
    (head.trim_end().to_owned(), inner.iter().map(|text| Line { symbol: Symbol::Create, text: (*text).to_owned() }).collect())
}
