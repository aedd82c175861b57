//! Names that pass from one object to another. A live object whose name another object takes gets a temporary
//! name at the start of the transaction if no order of the steps would work: because the renames form a
//! cycle, or because the object is dropped only after the transaction. Its statements then use the temporary
//! name.
//!
//! Does not rename a relation that a `backfill` or `using` in the schema file reads, because that text could
//! not follow.

use std::collections::{BTreeMap, BTreeSet};

use super::super::default_name;
use super::super::inspect::ident;
use super::{LoweringContext, locks, rename};
use crate::diff::TableChange;
use crate::plan::{Action, Lock, Resource, Statement, Step, Transaction};
use crate::schema::{Address, Ident, Kind, ObjectName, Table};

/// The temporary names, by the resources of the objects.
pub(super) type Asides = BTreeMap<Resource, Ident>;

/// What holds a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// An object.
    Object(Kind),
    /// An index, or a constraint with one: renaming the index renames the constraint.
    Index,
    /// A constraint without an index.
    Constraint,
    /// An object that rosey does not manage.
    Unmanaged,
}

/// A live object that has a name.
#[derive(Debug, Clone)]
pub(super) struct Holder<'a> {
    pub(super) what: What,
    pub(super) name: ObjectName,
    /// The table that the object is or belongs to.
    pub(super) table: Option<&'a ObjectName>,
    pub(super) address: Address,
    pub(super) resources: Vec<Resource>,
}

/// Assigns temporary names to the live objects that have these names; returns whether any is new.
pub(super) fn step_aside(context: &mut LoweringContext<'_>, contended: &BTreeSet<Resource>) -> bool {
    let read = read_by_expressions(context);
    let mut found = Vec::new();
    for holder in holders(context) {
        let wanted = holder.resources.iter().any(|r| contended.contains(r) && !context.asides.contains_key(r));
        if wanted && !holder.resources.iter().any(|r| read.contains(r)) {
            let base = default_name::make(holder.name.name.as_str(), None, "rosey_aside");
            found.push((holder.resources, holder.name, base));
        }
    }
    let any = !found.is_empty();
    let mut given: BTreeSet<String> = context.asides.values().map(ToString::to_string).collect();
    for (resources, name, base) in found {
        let is_taken = |n: &str| given.contains(n) || context.is_taken(&context.names.sibling(&name, &ident(n)));
        let temporary = default_name::free(&base, is_taken);
        given.insert(temporary.clone());
        context.asides.extend(resources.into_iter().map(|r| (r, ident(&temporary))));
    }
    any
}

/// Returns the steps that set the temporary names, before all others.
pub(super) fn steps(context: &LoweringContext<'_>) -> Vec<Step> {
    holders(context).iter().filter_map(|holder| step(context, holder)).collect()
}

/// Makes a step of the transaction depend on these, and release the temporary names instead of the live ones.
pub(super) fn follow(context: &LoweringContext<'_>, step: &mut Step) {
    let footprint = &mut step.footprint;
    for resource in footprint.drops.iter_mut().chain(&mut footprint.frees).filter(|r| context.asides.contains_key(*r)) {
        *resource = Resource::Aside(Box::new(resource.clone()));
    }
    if step.transaction == Transaction::Inside {
        footprint.needs.push(Resource::NamesFree);
    }
}

fn step(context: &LoweringContext<'_>, holder: &Holder<'_>) -> Option<Step> {
    let temporary = holder.resources.iter().find_map(|r| context.asides.get(r))?;
    let (sql, to) = (context.names.sql(&holder.name), temporary.as_str());
    let statement = match holder.what {
        What::Object(kind) => rename(kind.sql(), &sql, to),
        What::Index => rename("INDEX", &sql, to),
        What::Constraint => constraint(context, holder, to)?,
        What::Unmanaged => return None,
    };
    let mut step = Step::new(holder.address.clone(), Action::Alter, vec![statement]);
    step.reason = format!("another object takes the name {}", holder.name);
    step.footprint.drops.clone_from(&holder.resources);
    step.footprint.creates.push(Resource::NamesFree);
    step.locks.extend(lock(context, holder));
    Some(step)
}

/// Renames a constraint without an index. Its table may have a temporary name already.
fn constraint(context: &LoweringContext<'_>, holder: &Holder<'_>, to: &str) -> Option<Statement> {
    let [old, new] = [holder.name.name.as_str(), to].map(super::quote);
    Some(Statement::new(format!("ALTER TABLE {} RENAME CONSTRAINT {old} TO {new}", context.now(holder.table?))))
}

fn lock(context: &LoweringContext<'_>, holder: &Holder<'_>) -> Option<Lock> {
    match holder.what {
        What::Object(Kind::Table) | What::Constraint => holder.table.map(|table| locks::exclusive(context, table)),
        What::Object(Kind::MaterializedView) => Some(locks::exclusive(context, &holder.name)),
        What::Object(_) | What::Index | What::Unmanaged => None,
    }
}

/// Returns the relations that expressions of the schema file read as they are now.
fn read_by_expressions(context: &LoweringContext<'_>) -> BTreeSet<Resource> {
    let tables = context.changes.tables().filter(|c| !matches!(c, TableChange::Drop(_))).map(TableChange::table);
    let texts = tables.flat_map(|t| t.columns.values()).flat_map(|c| c.backfill.iter().chain(&c.using));
    texts.flat_map(|e| context.read_by(&e.text)).map(Resource::Relation).collect()
}

/// Returns every object that has a name now.
pub(super) fn holders<'a>(context: &LoweringContext<'a>) -> Vec<Holder<'a>> {
    let mut found = Vec::new();
    for table in context.current.tables.values() {
        of_table(context, table, &mut found);
    }
    for (kind, head) in context.current.heads() {
        let resources = match kind {
            Kind::View | Kind::MaterializedView => vec![context.relation(&head.name), context.ty(&head.name)],
            Kind::Sequence => vec![context.relation(&head.name)],
            Kind::Enum | Kind::Domain => vec![context.ty(&head.name)],
            // Tables have been handled with their parts; no other kind shares its names.
            Kind::Table | Kind::Defined(_) | Kind::VirtualTable | Kind::Namespace | Kind::Extension => continue,
        };
        let (name, address) = (head.name.clone(), Address::of(kind, &head.name));
        found.push(Holder { what: What::Object(kind), name, table: None, address, resources });
    }
    for view in context.current.materialized_views.values() {
        for name in view.indexes.keys().map(|i| context.names.sibling(&view.name, i)) {
            let resources = vec![context.relation(&name)];
            found.push(Holder { what: What::Index, name, table: None, address: view.address(), resources });
        }
    }
    found
}

fn of_table<'a>(context: &LoweringContext<'_>, table: &'a Table, found: &mut Vec<Holder<'a>>) {
    let mut add = |what, name: ObjectName, resources| {
        found.push(Holder { what, name, table: Some(&table.name), address: table.address(), resources });
    };
    add(What::Object(Kind::Table), table.name.clone(), vec![context.relation(&table.name), context.ty(&table.name)]);
    let beside = |name: &Ident| context.names.sibling(&table.name, name);
    for index in table.indexes.keys().map(beside) {
        let relation = context.relation(&index);
        add(What::Index, index, vec![relation]);
    }
    for (name, indexed) in super::rules::named(table) {
        let constraint = context.constraint(&table.name, &name);
        let name = beside(&ident(&name));
        match indexed {
            true => {
                let relation = context.relation(&name);
                add(What::Index, name, vec![relation, constraint]);
            }
            false => add(What::Constraint, name, vec![constraint]),
        }
    }
    for column in table.columns.values().filter(|c| c.ty.is_serial() || c.identity.is_some()) {
        let sequence = context.sequence_of(&table.name, &column.name);
        let relation = context.relation(&sequence);
        add(What::Object(Kind::Sequence), sequence, vec![relation]);
    }
}

/// Orders renames in one namespace so that each name is free when it is taken; a cycle is broken with a free
/// temporary name. `renames` are the kind of object, the old and the new name.
pub(super) fn untangled<K: Copy>(mut renames: Vec<(K, String, String)>, is_taken: impl Fn(&str) -> bool) -> Vec<(K, String, String)> {
    let mut ordered = Vec::new();
    while !renames.is_empty() {
        let free = |(_, _, new): &(K, String, String)| !renames.iter().any(|(_, old, _)| old == new);
        match renames.iter().position(free) {
            Some(i) => ordered.push(renames.remove(i)),
            None => {
                let named = |n: &str| renames.iter().any(|(_, old, new)| old == n || new == n);
                let Some(base) = renames.first().map(|(_, old, _)| default_name::make(old, None, "rosey_aside")) else { break };
                let temporary = default_name::free(&base, |n| is_taken(n) || named(n));
                let Some((kind, old, _)) = renames.first_mut() else { break };
                ordered.push((*kind, std::mem::replace(old, temporary.clone()), temporary));
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::untangled;

    fn in_order(renames: &[(&str, &str)]) -> String {
        let renames = renames.iter().map(|(old, new)| ((), (*old).to_owned(), (*new).to_owned())).collect();
        untangled(renames, |n| n == "taken_rosey_aside")
            .into_iter()
            .map(|((), old, new)| format!("{old}>{new}"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_name_is_free_before_it_is_taken() {
        assert_eq!(in_order(&[("a", "b"), ("b", "c")]), "b>c a>b");
        assert_eq!(in_order(&[("a", "b"), ("b", "a")]), "a>a_rosey_aside b>a a_rosey_aside>b");
        assert_eq!(in_order(&[("taken", "b"), ("b", "taken")]), "taken>taken_rosey_aside1 b>taken taken_rosey_aside1>b");
        assert_eq!(in_order(&[("a", "b"), ("b", "c"), ("c", "a"), ("x", "y")]), "x>y a>a_rosey_aside c>a b>c a_rosey_aside>b");
    }
}
