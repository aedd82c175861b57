//! Which objects of a live database a plan manages: those in schemas that the file or the history names. Everything else is
//! left alone; a schema that nobody named, or that holds what rosey does not manage, is never dropped.

use std::collections::BTreeSet;

use super::inspect::{Live, ident};
use crate::schema::{Extension, Ident, Namespace, ObjectName, Schema, Unmanaged};

/// Takes out of the live schema what is not managed, and returns the names of the schemas that are left alone. `recorded` is
/// the schema of the last apply: what it names stays managed though the file no longer names it.
pub(super) fn keep(current: &mut Schema, wanted: &mut Schema, live: &Live, recorded: &Schema) -> Vec<String> {
    let home = ident(&live.server.default_schema);
    let used = used(current, wanted);
    let managed: BTreeSet<Ident> =
        used.iter().chain(wanted.namespaces.keys()).chain(recorded.namespaces.keys()).cloned().chain([home.clone()]).collect();
    let mut left: BTreeSet<Ident> = schemas_of(current).difference(&managed).cloned().collect();
    let named = |u: &Unmanaged| wanted.unmanaged.iter().any(|w| w.kind == u.kind && w.name == u.name);
    current.unmanaged.retain(|u| u.schema().is_none_or(|s| managed.contains(&s)) || named(u));
    retain(current, &managed, |e| wanted.extensions.contains_key(&e.name) || recorded.extensions.contains_key(&e.name));
    // A schema that objects lie in is there without being declared; its comment is whatever it is.
    for name in used.into_iter().filter(|s| *s != home) {
        let comment = current.namespaces.get(&name).and_then(|n| n.comment.clone());
        wanted.namespaces.entry(name.clone()).or_insert_with(|| Namespace { name, comment, origin: Default::default() });
    }
    left.extend(keep_filled(current, wanted, live));
    // The schema that everything else is in is always there.
    if let Some(own) = wanted.namespaces.get(&home).cloned() {
        let missing = || Namespace { comment: None, ..own };
        current.namespaces.entry(home).or_insert_with(missing);
    } else {
        current.namespaces.shift_remove(&home);
    }
    left.iter().map(ToString::to_string).collect()
}

/// The schemas that the file's objects lie in. An extension whose schema the file does not say stays where it is.
fn used(current: &Schema, wanted: &Schema) -> BTreeSet<Ident> {
    let unsaid = wanted.extensions.values().filter(|e| e.schema.is_none());
    let stay = unsaid.filter_map(|e| current.extensions.get(&e.name)?.schema.clone());
    schemas_of(wanted).into_iter().chain(stay).collect()
}

/// Takes out what lies in schemas that are not managed. An extension that has been named is managed wherever it lies.
fn retain(current: &mut Schema, managed: &BTreeSet<Ident>, named: impl Fn(&Extension) -> bool) {
    let is_managed = |n: &ObjectName| n.schema.as_ref().is_none_or(|s| managed.contains(s));
    current.tables.retain(|n, _| is_managed(n));
    current.views.retain(|n, _| is_managed(n));
    current.materialized_views.retain(|n, _| is_managed(n));
    current.enums.retain(|n, _| is_managed(n));
    current.domains.retain(|n, _| is_managed(n));
    current.sequences.retain(|n, _| is_managed(n));
    current.extensions.retain(|_, e| e.schema.as_ref().is_none_or(|s| managed.contains(s)) || named(e));
    current.namespaces.retain(|n, _| managed.contains(n));
}

/// Keeps the schemas that the file no longer names and that are not empty without what is managed: something ignored lies
/// in them, or something that rosey does not manage. Returns the latter, which nobody asked to be kept.
fn keep_filled(current: &Schema, wanted: &mut Schema, live: &Live) -> Vec<Ident> {
    let ignored = schemas_of(&only_ignored(current, wanted));
    let mut filled = Vec::new();
    for namespace in current.namespaces.values() {
        let lies_in = |u: &Unmanaged| u.relation().is_none() && u.kind != "privilege" && u.schema().is_some_and(|s| s == namespace.name);
        let holds_more = live.filled.contains(&namespace.name) || current.unmanaged.iter().any(lies_in);
        if wanted.namespaces.contains_key(&namespace.name) || !(holds_more || ignored.contains(&namespace.name)) {
            continue;
        }
        wanted.namespaces.insert(namespace.name.clone(), namespace.clone());
        if holds_more {
            filled.push(namespace.name.clone());
        }
    }
    filled
}

/// What an `ignore` of the schema file covers.
fn only_ignored(current: &Schema, wanted: &Schema) -> Schema {
    let mut ignored = Schema::default();
    let tables = current.tables.iter().filter(|(n, _)| wanted.ignores("table", n));
    ignored.tables = tables.map(|(n, t)| (n.clone(), t.clone())).collect();
    let views = current.views.iter().filter(|(n, _)| wanted.ignores("view", n));
    ignored.views = views.map(|(n, v)| (n.clone(), v.clone())).collect();
    let materialized = current.materialized_views.iter().filter(|(n, _)| wanted.ignores("materialized-view", n));
    ignored.materialized_views = materialized.map(|(n, v)| (n.clone(), v.clone())).collect();
    ignored.enums = current.enums.iter().filter(|(n, _)| wanted.ignores("enum", n)).map(|(n, e)| (n.clone(), e.clone())).collect();
    ignored.domains = current.domains.iter().filter(|(n, _)| wanted.ignores("domain", n)).map(|(n, d)| (n.clone(), d.clone())).collect();
    let sequences = current.sequences.iter().filter(|(n, _)| wanted.ignores("sequence", n));
    ignored.sequences = sequences.map(|(n, s)| (n.clone(), s.clone())).collect();
    let extension = |n: &Ident| wanted.ignores("extension", &ObjectName::bare(n.clone()));
    let extensions = current.extensions.iter().filter(|(n, _)| extension(n));
    ignored.extensions = extensions.map(|(n, e)| (n.clone(), e.clone())).collect();
    ignored
}

/// The schemas that objects name.
fn schemas_of(schema: &Schema) -> BTreeSet<Ident> {
    let names = schema.tables.keys().chain(schema.views.keys()).chain(schema.materialized_views.keys());
    let names = names.chain(schema.enums.keys()).chain(schema.domains.keys()).chain(schema.sequences.keys());
    let extensions = schema.extensions.values().filter_map(|e| e.schema.clone());
    names.filter_map(|n| n.schema.clone()).chain(extensions).collect()
}

/// What a file need not say of an extension is as it is.
pub(super) fn take_over_unsaid(current: &mut Schema, wanted: &Schema) {
    for (name, extension) in &mut current.extensions {
        let Some(wanted) = wanted.extensions.get(name) else { continue };
        if wanted.version.is_none() {
            extension.version = None;
        }
        if wanted.schema.is_none() {
            extension.schema = None;
        }
        if wanted.comment.is_none() {
            extension.comment = None;
        }
    }
}
