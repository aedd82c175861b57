//! Locates the declaration that a risk of a plan or a lint finding refers to in the schema files.

use crate::diff::{Delta, TableChange};
use crate::kdl::Sources;
use crate::lint::LeveledFinding;
use crate::plan::{Hazard, Plan, Step};
use crate::schema::{Address, Origin, Part, Schema};

/// A schema, the files that it was read from, and the lint findings in it.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'d> {
    /// The schema as read, with its origins.
    pub schema: &'d Schema,
    /// The files.
    pub sources: &'d Sources,
    /// The lint findings in the objects that the plan changes.
    pub found: &'d [LeveledFinding],
    /// Where and when the plan was made; unknown for a plan that is read from a file.
    pub provenance: Option<&'d Provenance>,
}

/// Where and when a plan was made, for output that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The database, without a password.
    pub database: String,
    /// The commit of the schema file's repository, if there is one.
    pub commit: Option<String>,
    /// The time in UTC, as in RFC 3339.
    pub at: String,
}

/// A position in a file. Lines and columns start at 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// Returns the position of an origin, if it is in a file.
    pub(super) fn of(sources: &Sources, origin: Origin) -> Option<Place> {
        let span = origin.0?;
        let file = sources.files().get(span.file as usize)?;
        let before = file.text.get(..span.start as usize)?;
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Some(Place { file: file.name.clone(), line, column })
    }
}

/// Every addressable object, with the position of its declaration.
pub(super) struct Places<'d> {
    sources: &'d Sources,
    origins: Vec<(Address, Origin)>,
}

impl<'d> Places<'d> {
    /// Collects those of a schema, both as written and as spelled by the plan: the address of an unnamed
    /// check contains its condition, which the database may spell differently.
    pub(super) fn of(plan: &Plan, declared: Declared<'d>) -> Places<'d> {
        let mut origins = written(declared.schema);
        for change in plan.changes.tables() {
            match change {
                TableChange::Create(table) => origins.extend(table.parts()),
                TableChange::Alter(edits) => {
                    origins.extend(edits.after.parts());
                    // A new unnamed constraint may be addressed by its own text.
                    let new = edits.checks.iter().filter_map(Delta::after);
                    origins.extend(new.map(|c| (edits.after.check_at(c), c.origin)));
                }
                TableChange::Drop(_) => {}
            }
        }
        Places { sources: declared.sources, origins }
    }

    /// Returns where the object of a risk is declared: the object itself, or else the innermost declared
    /// object that contains it. A dropped object is not declared.
    pub(super) fn find(&self, step: &Step, hazard: &Hazard) -> Option<Place> {
        [&hazard.address, &step.address].into_iter().find_map(|a| self.innermost(a))
    }

    fn innermost(&self, address: &Address) -> Option<Place> {
        let around = self.origins.iter().filter(|(known, origin)| origin.0.is_some() && address.is_within(known));
        // Of several equal ones, the first, which is as written.
        let best = around.rev().max_by_key(|(known, _)| known.depth())?;
        Place::of(self.sources, best.1)
    }
}

/// Returns where a schema file declares the object of an address, as `schema.kdl:3:5`.
pub fn declared_at(schema: &Schema, sources: &Sources, address: &str) -> Option<String> {
    let (_, origin) = written(schema).into_iter().find(|(a, _)| a.to_string() == address)?;
    Place::of(sources, origin).map(|p| format!("{}:{}:{}", p.file, p.line, p.column))
}

fn written(s: &Schema) -> Vec<(Address, Origin)> {
    let mut found: Vec<(Address, Origin)> = s.heads().map(|(kind, head)| (Address::of(kind, &head.name), head.origin)).collect();
    found.extend(s.tables.values().flat_map(|t| t.parts()));
    for view in s.materialized_views.values() {
        found.extend(view.indexes.values().map(|i| (view.address().child(Part::Index, &i.name), i.origin)));
    }
    found.extend(s.unmanaged.iter().map(|u| (Address::top(&u.kind, &u.name), u.origin)));
    found
}

/// Returns all risks of a plan with their steps, in the order of the steps.
pub(super) fn risks(plan: &Plan) -> impl Iterator<Item = (&Step, &Hazard)> {
    plan.steps.iter().flat_map(|s| s.hazards.iter().map(move |h| (s, h)))
}
