//! What a plan must know about a live database beyond its schema, as lines of a file, and back. No OIDs,
//! sizes or row counts. A line that is none of these is refused:
//!
//! | fact | meaning |
//! | --- | --- |
//! | `version MAJOR` | the server's major version |
//! | `home SCHEMA` | the schema of unqualified names |
//! | `digest SCHEMA DIGEST` | the contents of a schema, for a script to compare with |
//! | `relation KIND SCHEMA NAME` | a relation in other facts: `r` table, `v` view, `m` materialized view |
//! | `reads VIEW… RELATION… COLUMN` | a view reads a relation, or one column of it |
//! | `holds-rows SCHEMA NAME` | a table has rows |
//! | `sequence SCHEMA TABLE COLUMN SCHEMA NAME` | the name of a column's sequence |
//! | `stands-on KIND SCHEMA NAME KIND NAME` | an unmanaged object belongs to a relation |
//! | `kept KIND SCHEMA NAME SQL` | a statement that restores what is dropped with a view |
//! | `kept-type SCHEMA NAME SQL` | a statement that restores what is dropped with an enum or domain |
//! | `kept-definition KIND SCHEMA NAME OF SQL` | a statement that restores what is dropped with an object that SQL defines |
//! | `kept-of-column SCHEMA TABLE COLUMN CLAUSE` | a clause of `ALTER COLUMN` to restore with a column |
//! | `kept-of-column SCHEMA TABLE COLUMN PRIVILEGE TO` | a privilege to restore with a column |
//! | `unfilled SCHEMA NAME` | a materialized view that is not populated |
//! | `invalid SCHEMA RELATION INDEX` | an index whose build was not completed |
//! | `filled SCHEMA` | a schema that contains another tool's tables |
//! | `managed SCHEMA`, `managed-extension NAME`, `managed-kind KIND` | what the last apply managed |
//! | `guarded-table`, `guarded-column`, `guarded-sequence` | what the last apply guarded |
//! | `exchanged KIND NAME … OLD` | a completed rename whose old name is still in use |

use std::collections::{BTreeMap, BTreeSet};

use super::super::inspect::{KeptOfColumn, Live, Reads, Relation, Server, ident};
use super::super::kinds;
use super::super::planner::PlanError;
use super::super::{default_name, digest};
use super::OfflineFacts;
use crate::engine::guards::Guards;
use crate::plan::Fact;
use crate::schema::{
    Address, AnyKind, Column, DefinedKind, Definition, Dialect, Exchanged, Expr, Extension, Ident, IdentifiedBy, Index, Namespace,
    ObjectName, Of, Schema, Sequence, Table, Type, UnmanagedKind,
};

const HOLDS_ROWS: &str = "holds-rows";

/// Returns what a plan needs to know about a live database in addition to its schema, sorted by name.
pub(crate) fn facts(live: &Live, guards: &Guards, holding: &BTreeSet<ObjectName>) -> Vec<Fact> {
    let major = live.server.version / 10_000;
    let mut facts = vec![Fact::new("version", [major.to_string()]), Fact::new("home", [live.server.default_schema.clone()])];
    facts.extend(of_relations(live));
    let kept = live.kept_types.iter().flat_map(|(name, kept)| kept.iter().map(move |sql| (name, sql)));
    facts.extend(kept.map(|(name, sql)| Fact::new("kept-type", pair(name).into_iter().chain([sql.clone()]))));
    for ((kind, name), beside) in &live.definitions {
        let about = || std::iter::once(kind.word().to_owned()).chain(pair(name)).chain([beside_name(name)]);
        facts.extend(beside.kept.iter().map(|sql| Fact::new("kept-definition", about().chain([sql.clone()]))));
    }
    for ((table, column), kept) in &live.kept_columns {
        let about = || pair(table).into_iter().chain([column.to_string()]);
        facts.extend(kept.iter().map(|kept| match kept {
            KeptOfColumn::Privilege { privilege, to } => Fact::new("kept-of-column", about().chain([privilege.clone(), to.clone()])),
            KeptOfColumn::Clause(clause) => Fact::new("kept-of-column", about().chain([clause.clone()])),
        }));
    }
    facts.extend(holding.iter().map(|t| Fact::new(HOLDS_ROWS, pair(t))));
    facts.extend(live.sequences.iter().map(|((table, column), sequence)| {
        let args = pair(table).into_iter().chain([column.to_string()]).chain(pair(sequence));
        Fact::new("sequence", args)
    }));
    let tables = live.schema.tables.values().map(|t| (&t.name, &t.indexes));
    let with_indexes = tables.chain(live.schema.materialized_views.values().map(|v| (&v.name, &v.indexes)));
    for (name, indexes) in with_indexes {
        let invalid = indexes.values().filter(|i| i.invalid);
        facts.extend(invalid.map(|i| Fact::new("invalid", pair(name).into_iter().chain([i.name.to_string()]))));
    }
    facts.extend(live.filled.iter().map(|schema| Fact::new("filled", [schema.to_string()])));
    facts.extend(of_guards(guards.schema()));
    facts
}

/// Returns the facts about views, what they read, and what belongs to relations and is dropped with them. A
/// relation that is not listed has none of these.
fn of_relations(live: &Live) -> Vec<Fact> {
    let read = live.reads.iter().flat_map(|r| [r.view, r.relation]);
    let stood_on = live.standing_on.keys().copied().filter(|oid| managed_by_nobody(live, *oid).next().is_some());
    let unfilled = live.relations.iter().filter(|(_, r)| is_unfilled(r)).map(|(oid, _)| *oid);
    let defined_on = live.definitions.values().filter_map(|beside| beside.relation);
    let spoken_of: BTreeSet<i64> = read.chain(stood_on).chain(defined_on).chain(unfilled).chain(live.kept.keys().copied()).collect();
    let mut relations: Vec<(&i64, &Relation)> = live.relations.iter().filter(|(oid, _)| spoken_of.contains(oid)).collect();
    relations.sort_by(|(_, a), (_, b)| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    let mut facts = Vec::new();
    for (oid, relation) in &relations {
        let about = || std::iter::once(relation.kind.clone()).chain(pair(&relation.name));
        facts.push(Fact::new("relation", about()));
        facts.extend(is_unfilled(relation).then(|| Fact::new("unfilled", pair(&relation.name))));
        let standing = managed_by_nobody(live, **oid);
        facts.extend(standing.map(|(kind, name)| Fact::new("stands-on", about().chain([kind.word().to_owned(), name.clone()]))));
        let kept = live.kept.get(oid).into_iter().flatten();
        facts.extend(kept.map(|sql| Fact::new("kept", about().chain([sql.clone()]))));
    }
    let mut reads: Vec<(&ObjectName, &ObjectName, Option<i64>, Fact)> = live.reads.iter().filter_map(|r| read_fact(live, r)).collect();
    reads.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
    facts.extend(reads.into_iter().map(|(_, _, _, fact)| fact));
    facts
}

fn is_unfilled(relation: &Relation) -> bool {
    relation.kind == "m" && !relation.populated
}

/// Returns the unmanaged objects that belong to a relation and block a change to it or are dropped with it.
/// Privileges do neither: those of a view are restored.
fn managed_by_nobody(live: &Live, oid: i64) -> impl Iterator<Item = &(AnyKind, String)> {
    live.standing_on.get(&oid).into_iter().flatten().filter(|(kind, _)| *kind != UnmanagedKind::Privilege)
}

fn read_fact<'l>(live: &'l Live, read: &Reads) -> Option<(&'l ObjectName, &'l ObjectName, Option<i64>, Fact)> {
    let (view, relation) = (live.relations.get(&read.view)?, live.relations.get(&read.relation)?);
    let column = read.column.and_then(|n| relation.columns.get(&n)).map(ToString::to_string);
    let args = pair(&view.name).into_iter().chain(pair(&relation.name)).chain(column);
    Some((&view.name, &relation.name, read.column, Fact::new("reads", args)))
}

/// Returns what the last apply recorded about the schema.
fn of_guards(remembered: &Schema) -> Vec<Fact> {
    let mut facts: Vec<Fact> = remembered.namespaces.keys().map(|n| Fact::new("managed", [n.to_string()])).collect();
    let kinds = DefinedKind::ALL.iter().filter(|kind| !remembered.definitions.of(**kind).is_empty());
    facts.extend(kinds.map(|kind| Fact::new("managed-kind", [kind.word()])));
    facts.extend(remembered.extensions.keys().map(|n| Fact::new("managed-extension", [n.to_string()])));
    for table in remembered.tables.values() {
        facts.extend(table.prevent_destroy.then(|| Fact::new("guarded-table", pair(&table.name))));
        let columns = table.columns.values().filter(|c| c.prevent_destroy);
        facts.extend(columns.map(|c| Fact::new("guarded-column", pair(&table.name).into_iter().chain([c.name.to_string()]))));
    }
    for (address, old) in remembered.exchanged() {
        facts.push(Fact::new("exchanged", address.parts().map(str::to_owned).chain([old.to_string()])));
    }
    let sequences = remembered.sequences.values().filter(|s| s.prevent_destroy);
    facts.extend(sequences.map(|s| Fact::new("guarded-sequence", pair(&s.name))));
    facts
}

/// Sorts a table's constraints by name, as when they are read from a database; a file has them in another
/// order.
fn as_inspected(table: &mut Table) {
    let whole = table.clone();
    let name = |given: &Option<Ident>, usual: String| given.as_ref().map_or(usual, Ident::to_string);
    table.uniques.sort_by_cached_key(|u| name(&u.name, default_name::unique(&whole.name, u)));
    table.checks.sort_by_cached_key(|c| name(&c.name, default_name::check(&whole, c)));
    table.foreign_keys.sort_by_cached_key(|f| name(&f.name, default_name::foreign_key(&whole.name, f)));
    table.exclusions.sort_by_cached_key(|e| name(&e.name, default_name::exclusion(&whole.name, e)));
}

/// Returns schema and name; an empty schema, which PostgreSQL does not have, means none.
fn pair(name: &ObjectName) -> [String; 2] {
    [name.schema.as_ref().map(ToString::to_string).unwrap_or_default(), name.name.to_string()]
}

/// Returns what identifies an object besides its name, as text.
fn beside_name(name: &ObjectName) -> String {
    match &name.of {
        Of::Nothing => String::new(),
        Of::Arguments(types) => types.to_string(),
        Of::Relation(on) => on.relation.to_string(),
    }
}

fn named(schema: &str, name: &str) -> ObjectName {
    ObjectName::new((!schema.is_empty()).then(|| ident(schema)), ident(name))
}

/// Returns the tables that have rows according to these facts.
pub fn holding(facts: &[Fact]) -> BTreeSet<ObjectName> {
    let holding = facts.iter().filter(|f| f.name == HOLDS_ROWS);
    holding.filter_map(|f| if let [schema, name] = f.args.as_slice() { Some(named(schema, name)) } else { None }).collect()
}

/// Returns the database that these facts describe, together with its schema.
///
/// # Errors
/// [`PlanError::Fact`] if a fact is not one that [`facts`] returns.
pub(crate) fn read(facts: &[Fact], current: &Schema) -> Result<OfflineFacts, PlanError> {
    let mut reader = Reader::new(current);
    for fact in facts {
        if reader.take(fact).is_none() {
            return Err(PlanError::Fact(format!("{} {}", fact.name, fact.args.join(" ")).trim_end().to_owned()));
        }
    }
    reader.note_definitions();
    reader.live.schema.renames_done = std::mem::take(&mut reader.exchanged);
    Ok(OfflineFacts { live: reader.live, guards: Guards::in_schema(&reader.remembered), holding: holding(facts) })
}

struct Reader {
    live: Live,
    remembered: Schema,
    exchanged: Exchanged,
    /// The numbers used in place of the OIDs of relations.
    numbers: BTreeMap<ObjectName, i64>,
}

impl Reader {
    fn new(current: &Schema) -> Reader {
        let mut schema = current.clone();
        schema.tables.values_mut().for_each(as_inspected);
        let server = Server { version: 0, default_schema: "public".to_owned(), read_only: true, may_temp: false };
        let live = Live {
            server,
            schema,
            relations: BTreeMap::new(),
            reads: Vec::new(),
            standing_on: BTreeMap::new(),
            kept: BTreeMap::new(),
            kept_types: BTreeMap::new(),
            definitions: BTreeMap::new(),
            kept_columns: BTreeMap::new(),
            sequences: BTreeMap::new(),
            filled: BTreeSet::new(),
            history: false,
        };
        Reader { live, remembered: Schema::default(), exchanged: Exchanged::new(), numbers: BTreeMap::new() }
    }

    /// Adds one fact; returns `None` if it is not valid.
    fn take(&mut self, fact: &Fact) -> Option<()> {
        let args: Vec<&str> = fact.args.iter().map(String::as_str).collect();
        match (fact.name.as_str(), args.as_slice()) {
            ("version", [major]) => self.live.server.version = major.parse::<u16>().ok().map(|v| i64::from(v) * 10_000)?,
            ("home", [schema]) => self.live.server.default_schema = (*schema).to_owned(),
            // A plan does not depend on it.
            (digest::FACT, [_, _]) => {}
            ("relation", [kind, schema, name]) => self.relation(kind, named(schema, name)),
            ("reads", [schema, view, of_schema, relation]) => self.reads(&named(schema, view), &named(of_schema, relation), None)?,
            ("reads", [schema, view, of_schema, relation, column]) => {
                self.reads(&named(schema, view), &named(of_schema, relation), Some(column))?;
            }
            (HOLDS_ROWS, [schema, name]) if !self.numbers.contains_key(&named(schema, name)) => self.relation("r", named(schema, name)),
            (HOLDS_ROWS, [_, _]) => {}
            ("sequence", [schema, table, column, of_schema, sequence]) => {
                self.live.sequences.insert((named(schema, table), ident(column)), named(of_schema, sequence));
            }
            ("stands-on", [_, schema, name, what, called]) => {
                let on = *self.numbers.get(&named(schema, name))?;
                self.live.standing_on.entry(on).or_default().push((AnyKind::of_word(what), (*called).to_owned()));
            }
            ("kept", [_, schema, name, sql]) => {
                let on = *self.numbers.get(&named(schema, name))?;
                self.live.kept.entry(on).or_default().push((*sql).to_owned());
            }
            ("kept-type", [schema, name, sql]) => {
                self.live.kept_types.entry(named(schema, name)).or_default().push((*sql).to_owned());
            }
            ("kept-definition", [kind, schema, name, of, sql]) => {
                let kind = DefinedKind::of_word(kind)?;
                let of = match kind.identified_by(Dialect::Postgres) {
                    IdentifiedBy::Name => Of::Nothing,
                    IdentifiedBy::Arguments => Of::Arguments((*of).into()),
                    IdentifiedBy::Relation => Of::on(ident(of)),
                };
                let name = ObjectName { of, ..named(schema, name) };
                self.live.definitions.entry((kind, name)).or_default().kept.push((*sql).to_owned());
            }
            ("kept-of-column", [schema, table, column, rest @ ..]) => {
                let kept = match rest {
                    [privilege, to] => KeptOfColumn::Privilege { privilege: (*privilege).to_owned(), to: (*to).to_owned() },
                    [clause] => KeptOfColumn::Clause((*clause).to_owned()),
                    _ => return None,
                };
                self.live.kept_columns.entry((named(schema, table), ident(column))).or_default().push(kept);
            }
            ("unfilled", [schema, name]) => {
                let view = *self.numbers.get(&named(schema, name))?;
                self.live.relations.get_mut(&view)?.populated = false;
            }
            ("invalid", [schema, relation, index]) => self.index(&named(schema, relation), &ident(index))?.invalid = true,
            ("filled", [schema]) => drop(self.live.filled.insert(ident(schema))),
            _ => return self.take_guard(&fact.name, &args),
        }
        Some(())
    }

    /// Notes which objects that SQL defines as a whole belong to a relation and are dropped with it.
    fn note_definitions(&mut self) {
        for definition in self.live.schema.definitions.values() {
            let relation = definition.table.as_ref().and_then(|table| self.numbers.get(table)).copied();
            if relation.is_some() {
                let beside = self.live.definitions.entry((definition.kind, definition.name.clone())).or_default();
                (beside.relation, beside.unmanaged) = (relation, kinds::unmanaged(definition, None).name);
            }
        }
    }

    fn take_guard(&mut self, kind: &str, args: &[&str]) -> Option<()> {
        match (kind, args) {
            ("managed", [schema]) => {
                let name = ident(schema);
                self.remembered.namespaces.insert(ObjectName::bare(name.clone()), Namespace::new(name));
            }
            ("managed-kind", [kind]) => {
                let kind = DefinedKind::of_word(kind)?;
                // That the last apply named one is all that matters.
                let any = Definition::new(kind, ObjectName::bare(ident("")), Expr::default());
                self.remembered.definitions.of_mut(kind).insert(any.name.clone(), any);
            }
            ("managed-extension", [name]) => {
                let extension = Extension::new(ident(name));
                self.remembered.extensions.insert(extension.name.clone(), extension);
            }
            ("guarded-table", [schema, name]) => self.guarded(named(schema, name)).prevent_destroy = true,
            ("guarded-column", [schema, table, column]) => {
                let mut column = Column::new(ident(column), Type::Text);
                column.prevent_destroy = true;
                self.guarded(named(schema, table)).columns.insert(column.name.clone(), column);
            }
            ("guarded-sequence", [schema, name]) => {
                let name = named(schema, name);
                let mut sequence = Sequence::new(name.clone(), Type::BigInt);
                sequence.prevent_destroy = true;
                self.remembered.sequences.insert(name, sequence);
            }
            ("exchanged", [address @ .., old]) => {
                let parts: Vec<String> = address.iter().map(|p| (*p).to_owned()).collect();
                self.exchanged.insert((Address::of_parts(&parts)?, ident(old)));
            }
            _ => return None,
        }
        Some(())
    }

    fn relation(&mut self, kind: &str, name: ObjectName) {
        let number = i64::try_from(self.numbers.len()).unwrap_or(i64::MAX);
        self.numbers.insert(name.clone(), number);
        self.live.relations.insert(number, Relation { name, kind: kind.to_owned(), bytes: 0, populated: true, columns: BTreeMap::new() });
    }

    /// Columns are numbered here in the order in which they occur.
    fn reads(&mut self, view: &ObjectName, relation: &ObjectName, column: Option<&str>) -> Option<()> {
        let (view, relation) = (*self.numbers.get(view)?, *self.numbers.get(relation)?);
        let columns = &mut self.live.relations.get_mut(&relation)?.columns;
        let column = column.map(|name| {
            let next = i64::try_from(columns.len()).unwrap_or(i64::MAX).saturating_add(1);
            let known = columns.iter().find(|(_, c)| c.matches(name)).map(|(n, _)| *n);
            columns.insert(known.unwrap_or(next), ident(name));
            known.unwrap_or(next)
        });
        self.live.reads.push(Reads { view, relation, column });
        Some(())
    }

    fn index(&mut self, relation: &ObjectName, name: &Ident) -> Option<&mut Index> {
        let schema = &mut self.live.schema.objects;
        let of_table = schema.tables.get_mut(relation).map(|t| &mut t.indexes);
        let indexes = of_table.or_else(|| schema.materialized_views.get_mut(relation).map(|v| &mut v.indexes));
        indexes?.get_mut(name)
    }

    fn guarded(&mut self, name: ObjectName) -> &mut Table {
        self.remembered.tables.entry(name.clone()).or_insert_with(|| Table::new(name))
    }
}
