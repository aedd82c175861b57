//! Where in the schema's files a risk of a plan comes from.

use crate::kdl::Sources;
use crate::plan::{Hazard, Plan, Step};
use crate::schema::{Address, Origin, Schema, Table};

/// A schema, and the files that it was read from.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'d> {
    /// As it was read, with its origins.
    pub schema: &'d Schema,
    /// The files.
    pub sources: &'d Sources,
}

/// A place in a file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Declared<'_> {
    /// Where the object of a risk is declared: it, else the object it is a part of. What goes is declared nowhere.
    pub(super) fn place(&self, step: &Step, hazard: &Hazard) -> Option<Place> {
        let origins = self.origins();
        let origin = [&hazard.address, &step.address].into_iter().find_map(|a| origins.iter().find(|(known, _)| known == a));
        let top = || origins.iter().find(|(known, _)| hazard.address.to_string().starts_with(&format!("{known}.")));
        self.find(origin.or_else(top)?.1)
    }

    fn find(&self, origin: Origin) -> Option<Place> {
        let span = origin.0?;
        let file = self.sources.files().get(span.file as usize)?;
        let before = file.text.get(..span.start as usize)?;
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Some(Place { file: file.name.clone(), line, column })
    }

    /// Everything that has an address, with its origin.
    fn origins(&self) -> Vec<(Address, Origin)> {
        let s = self.schema;
        let mut found: Vec<(Address, Origin)> = s.tables.values().flat_map(parts).collect();
        found.extend(s.views.values().map(|o| (o.address(), o.origin)));
        found.extend(s.triggers.values().map(|o| (o.address(), o.origin)));
        found.extend(s.virtual_tables.values().map(|o| (o.address(), o.origin)));
        found.extend(s.namespaces.values().map(|o| (o.address(), o.origin)));
        found.extend(s.extensions.values().map(|o| (o.address(), o.origin)));
        found.extend(s.enums.values().map(|o| (o.address(), o.origin)));
        found.extend(s.domains.values().map(|o| (o.address(), o.origin)));
        found.extend(s.sequences.values().map(|o| (o.address(), o.origin)));
        found.extend(s.materialized_views.values().map(|o| (o.address(), o.origin)));
        found.extend(s.unmanaged.iter().map(|u| (Address::top(&u.kind, &u.name), u.origin)));
        found
    }
}

fn parts(table: &Table) -> Vec<(Address, Origin)> {
    let at = table.address();
    let mut found = vec![(at.clone(), table.origin)];
    found.extend(table.columns.values().map(|c| (at.child("column", &c.name), c.origin)));
    found.extend(table.indexes.values().map(|i| (at.child("index", &i.name), i.origin)));
    found.extend(table.checks.iter().filter_map(|c| Some((at.child("check", c.name.as_ref()?), c.origin))));
    found.extend(table.uniques.iter().filter_map(|u| Some((at.child("rule", u.name.as_ref()?), u.origin))));
    found.extend(table.foreign_keys.iter().filter_map(|k| Some((at.child("foreign-key", k.name.as_ref()?), k.origin))));
    found
}

/// All risks of a plan with their steps, in the order of the steps.
pub(super) fn risks(plan: &Plan) -> impl Iterator<Item = (&Step, &Hazard)> {
    plan.steps.iter().flat_map(|s| s.hazards.iter().map(move |h| (s, h)))
}
