//! Which objects of a live database a plan manages: those in schemas that the file or the history names.
//! Everything else remains as it is; a schema that neither names, or that contains unmanaged objects, is
//! never dropped.

use std::collections::BTreeSet;

use super::inspect::{Live, ident};
use super::kinds;
use crate::schema::{DefinedKind, Extension, Ident, Kind, Namespace, ObjectName, Schema, Unmanaged, UnmanagedKind};

/// Removes from the live schema what is not managed, and returns the names of the schemas that remain as they
/// are. `recorded` is the schema of the last apply: what it names remains managed even if the file no longer
/// names it.
pub(super) fn keep(current: &mut Schema, wanted: &mut Schema, live: &Live, recorded: &Schema) -> Vec<String> {
    let home = ident(&live.server.default_schema);
    let used = used(current, wanted);
    let declared = wanted.namespaces.values().chain(recorded.namespaces.values()).map(|n| n.name.name.clone());
    let managed: BTreeSet<Ident> = used.iter().cloned().chain(declared).chain([home.clone()]).collect();
    let mut left: BTreeSet<Ident> = schemas_of(current, |_, _| true).difference(&managed).cloned().collect();
    let named = |u: &Unmanaged| wanted.unmanaged.iter().any(|w| w.kind == u.kind && w.name == u.name);
    current.unmanaged.retain(|u| u.schema().is_none_or(|s| managed.contains(&s)) || named(u));
    retain(current, &managed, |e| wanted.extensions.contains_key(&e.name) || recorded.extensions.contains_key(&e.name));
    leave_definitions(current, wanted, live, recorded);
    // A schema with objects exists without being declared, whatever its comment is.
    for name in used.into_iter().filter(|s| *s != home) {
        let mut missing = Namespace::new(name);
        missing.comment = current.namespaces.get(&missing.name).and_then(|n| n.comment.clone());
        wanted.namespaces.entry(missing.name.clone()).or_insert(missing);
    }
    left.extend(keep_filled(current, wanted, live));
    // The default schema always exists.
    let home = ObjectName::bare(home);
    if let Some(own) = wanted.namespaces.get(&home) {
        let mut missing = own.clone();
        missing.comment = None;
        current.namespaces.entry(home).or_insert(missing);
    } else {
        current.namespaces.shift_remove(&home);
    }
    left.iter().map(ToString::to_string).collect()
}

/// Returns the schemas of the file's objects. An extension without a schema in the file remains where it is.
fn used(current: &Schema, wanted: &Schema) -> BTreeSet<Ident> {
    let unsaid = wanted.extensions.values().filter(|e| e.schema.is_none());
    let stay = unsaid.filter_map(|e| current.extensions.get(&e.name)?.schema.clone());
    schemas_of(wanted, |_, _| true).into_iter().chain(stay).collect()
}

/// Removes objects in schemas that are not managed. An extension that has been named is managed in any
/// schema.
fn retain(current: &mut Schema, managed: &BTreeSet<Ident>, named: impl Fn(&Extension) -> bool) {
    let is_managed = |schema: &Option<Ident>| schema.as_ref().is_none_or(|s| managed.contains(s));
    current.retain(|kind, head| is_managed(&head.name.schema) && (kind != Kind::Namespace || managed.contains(&head.name.name)));
    current.extensions.retain(|_, e| is_managed(&e.schema) || named(e));
}

/// Takes objects that SQL defines as a whole off the managed ones: those of kinds of which neither the file nor the last
/// apply names any, and those that the file lists as unmanaged.
fn leave_definitions(current: &mut Schema, wanted: &Schema, live: &Live, recorded: &Schema) {
    let names_any = |schema: &Schema, kind: DefinedKind| !schema.definitions.of(kind).is_empty();
    let mut left = Vec::new();
    for (kind, all) in current.objects.definitions.kinds_mut() {
        let is_managed = names_any(wanted, kind) || names_any(recorded, kind);
        all.retain(|name, definition| {
            let digest = live.definitions.get(&(kind, name.clone())).and_then(|beside| beside.digest.clone());
            let unmanaged = kinds::unmanaged(definition, digest);
            let listed = wanted.unmanaged.iter().any(|u| u.kind == kind && u.name == unmanaged.name);
            let stays = is_managed && !listed;
            left.extend((!stays).then_some(unmanaged));
            stays
        });
    }
    current.unmanaged.extend(left);
}

/// Adds those that are not managed to what belongs to their tables.
pub(super) fn stand(current: &Schema, live: &mut Live) {
    for ((kind, name), beside) in &live.definitions {
        if let Some(relation) = beside.relation.filter(|_| !current.definitions.of(*kind).contains_key(name)) {
            live.standing_on.entry(relation).or_default().push(((*kind).into(), beside.unmanaged.clone()));
        }
    }
}

/// Keeps the schemas that the file no longer names and that would not be empty without the managed objects:
/// they contain ignored objects, or objects that rosey does not manage. Returns the latter schemas.
fn keep_filled(current: &Schema, wanted: &mut Schema, live: &Live) -> Vec<Ident> {
    let ignored = schemas_of(current, |kind, name| wanted.ignores(kind, name));
    let mut filled = Vec::new();
    for namespace in current.namespaces.values() {
        let name = &namespace.name.name;
        let lies_in =
            |u: &Unmanaged| u.relation().is_none() && u.kind != UnmanagedKind::Privilege && u.schema().is_some_and(|s| s == *name);
        let holds_more = live.filled.contains(name) || current.unmanaged.iter().any(lies_in);
        if wanted.namespaces.contains_key(&namespace.name) || !(holds_more || ignored.contains(name)) {
            continue;
        }
        wanted.namespaces.insert(namespace.name.clone(), namespace.clone());
        if holds_more {
            filled.push(name.clone());
        }
    }
    filled
}

/// Returns the schemas of these objects.
fn schemas_of(schema: &Schema, is_one: impl Fn(Kind, &ObjectName) -> bool) -> BTreeSet<Ident> {
    let named = schema.heads().filter(|(kind, head)| is_one(*kind, &head.name)).filter_map(|(_, head)| head.name.schema.clone());
    let extensions = schema.extensions.values().filter(|e| is_one(Kind::Extension, &e.name)).filter_map(|e| e.schema.clone());
    named.chain(extensions).collect()
}

/// Removes properties of a live extension that the file does not specify.
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
