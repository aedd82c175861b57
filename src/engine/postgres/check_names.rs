//! Reports names that PostgreSQL would truncate, constraint names that conflict with other objects, and
//! sequences with impossible options. Needs no database.

use std::collections::BTreeMap;

use crate::schema::{Ident, Index, Kind, ObjectName, Origin, Problem, Schema, SequenceOptions, Table};

/// Reports all invalid names.
pub(super) fn problems(schema: &Schema, longest: usize, found: &mut Vec<Problem>) {
    let mut named: Vec<(&'static str, &Ident, Origin)> = Vec::new();
    named.extend(schema.heads().map(|(kind, head)| (kind.word(), &head.name.name, head.origin)));
    named.extend(schema.domains.values().flat_map(|d| d.checks.iter().filter_map(|c| Some(("check", c.name.as_ref()?, c.origin)))));
    named.extend(schema.views.values().flat_map(|v| v.columns.iter().map(|c| ("column", c, v.origin))));
    for view in schema.materialized_views.values() {
        named.extend(view.columns.iter().map(|c| ("column", c, view.origin)));
        named.extend(view.indexes.values().map(index));
    }
    schema.tables.values().for_each(|t| of_table(t, &mut named));
    for (kind, name, origin) in named {
        too_long(kind, name.as_str(), name.origin().0.map_or(origin, |_| name.origin()), longest, found);
    }
    for ty in schema.enums.values() {
        ty.values.iter().for_each(|v| too_long("enum value", v, ty.origin, longest, found));
    }
    constraints_take_names(schema, found);
}

fn too_long(kind: &str, name: &str, origin: Origin, longest: usize, found: &mut Vec<Problem>) {
    if name.len() > longest {
        let message = format!("the name of {kind} `{name}` is {} bytes long", name.len());
        found.push(Problem::new(message, origin.0, "PostgreSQL would truncate it").help(format!("use a name of at most {longest} bytes")));
    }
}

fn index(index: &Index) -> (&'static str, &Ident, Origin) {
    ("index", &index.name, index.origin)
}

fn of_table<'a>(table: &'a Table, named: &mut Vec<(&'static str, &'a Ident, Origin)>) {
    named.extend(table.columns.values().map(|c| ("column", &c.name, c.origin)));
    named.extend(table.indexes.values().map(index));
    named.extend(with_indexes(table));
    named.extend(table.checks.iter().filter_map(|c| Some(("check", c.name.as_ref()?, c.origin))));
    named.extend(table.foreign_keys.iter().filter_map(|f| Some(("foreign key", f.name.as_ref()?, f.origin))));
}

/// Returns the named constraints that are enforced by an index, which has the constraint's name.
fn with_indexes(table: &Table) -> impl Iterator<Item = (&'static str, &Ident, Origin)> {
    let key = table.primary_key.iter().filter_map(|k| Some(("primary key", k.name.as_ref()?, k.origin)));
    let uniques = table.uniques.iter().filter_map(|u| Some(("unique constraint", u.name.as_ref()?, u.origin)));
    key.chain(uniques).chain(table.exclusions.iter().filter_map(|e| Some(("exclusion constraint", e.name.as_ref()?, e.origin))))
}

/// Reports conflicts with the index of a primary key, unique constraint or exclusion constraint: it has the
/// constraint's name, so no other object may have that name.
fn constraints_take_names(schema: &Schema, found: &mut Vec<Problem>) {
    let mut taken: BTreeMap<ObjectName, (&str, Origin)> = BTreeMap::new();
    let in_schema = |name: &Ident, of: &ObjectName| of.renamed(name.clone());
    let relations = schema.heads_of(Kind::is_relation);
    taken.extend(relations.map(|(kind, head)| (head.name.clone(), (kind.word(), head.origin))));
    let of_views = schema.materialized_views.values().flat_map(|v| v.indexes.values().map(move |i| (i, v)));
    taken.extend(of_views.map(|(i, v)| (in_schema(&i.name, &v.name), ("index", i.origin))));
    let of_tables = schema.tables.values().flat_map(|t| t.indexes.values().map(move |i| (i, t)));
    taken.extend(of_tables.map(|(i, t)| (in_schema(&i.name, &t.name), ("index", i.origin))));
    for table in schema.tables.values() {
        for (kind, name, origin) in with_indexes(table) {
            let name = in_schema(name, &table.name);
            if let Some((other, first)) = taken.insert(name.clone(), (kind, origin)) {
                found.push(
                    Problem::new(format!("two objects are named `{name}`"), first.0, format!("{other} `{name}`"))
                        .also(origin.0, format!("{kind} `{name}`"))
                        .help("a primary key, unique or exclusion constraint creates an index of the same name: rename one of the two"),
                );
            }
        }
    }
}

/// Reports a sequence that could never return a value
/// (<https://www.postgresql.org/docs/current/sql-createsequence.html>).
pub(super) fn sequence(options: &SequenceOptions, origin: Origin, found: &mut Vec<Problem>) {
    let above = |one: Option<i64>, other: Option<i64>| one.zip(other).is_some_and(|(one, other)| one > other);
    let (message, help) = if options.increment == Some(0) {
        ("the increment= of a sequence must not be 0", "use another increment=")
    } else if options.cache.is_some_and(|c| c < 1) {
        ("the cache= of a sequence must be at least 1", "use cache=1 or more")
    } else if above(options.min, options.max) || (options.min.is_some() && options.min == options.max) {
        ("the min= of a sequence must be less than its max=", "change min= or max=")
    } else if above(options.min, options.start) || above(options.start, options.max) {
        ("the start= of a sequence is outside its bounds", "use a start= from min= to max=")
    } else {
        return;
    };
    found.push(Problem::new(message, origin.0, "PostgreSQL does not allow this").help(help));
}
