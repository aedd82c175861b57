//! The stored objects as they are at one point of a plan, and empty in-memory copies of a part of them. SQLite reads its
//! whole schema again after each change of it, so a copy contains only what a few steps can touch.

use std::collections::{BTreeMap, BTreeSet};

use super::connection::{Connection, Error};
use super::inspect::{self, Live, Stored};
use super::lexer::quote_string;
use super::lower::words;
use super::prove::{Foreign, is_body};
use super::{compiles, gate, implied};
use crate::schema::{Address, Kind};

/// All stored objects of a database.
pub(super) struct Catalog {
    /// In order of creation, with gaps for those that have been dropped or changed.
    rows: Vec<Option<Stored>>,
    /// The shadow tables of virtual tables, in lower case.
    shadows: BTreeSet<String>,
    /// The places of the rows with this name, or on the table with this name, in lower case.
    named: BTreeMap<String, Vec<usize>>,
    /// The places of the tables whose definitions contain this word, in lower case.
    by_word: BTreeMap<String, Vec<usize>>,
}

/// What a copy has to contain.
pub(super) struct Wanted {
    /// Names of objects, in lower case.
    pub(super) names: BTreeSet<String>,
    /// Whether SQLite reads every view and trigger, as RENAME and DROP COLUMN do.
    pub(super) all_bodies: bool,
    /// The words of the statements that make SQLite rewrite definitions which name a table.
    pub(super) rewriting: BTreeSet<String>,
}

/// An empty copy of a part of a database.
pub(super) struct Copy {
    pub(super) memory: Connection,
    /// The names of what it contains, in lower case.
    pub(super) names: BTreeSet<String>,
    /// What could not be copied.
    pub(super) foreign: Vec<Foreign>,
    /// The places of the rows that it was made from, but for those that could not be copied.
    places: Vec<usize>,
    _secluded: gate::Secluded,
}

impl Catalog {
    pub(super) fn of(live: &Live) -> Catalog {
        let mut catalog = Catalog { rows: Vec::new(), shadows: live.shadows.clone(), named: BTreeMap::new(), by_word: BTreeMap::new() };
        live.stored.iter().cloned().for_each(|row| catalog.add(row));
        catalog
    }

    fn add(&mut self, row: Stored) {
        let place = self.rows.len();
        let names: BTreeSet<String> = [&row.name, &row.table].iter().map(|n| n.to_ascii_lowercase()).collect();
        names.into_iter().for_each(|name| self.named.entry(name).or_default().push(place));
        if row.kind == Kind::Table {
            let words = words(row.sql.as_deref().unwrap_or_default());
            words.into_iter().for_each(|word| self.by_word.entry(word).or_default().push(place));
        }
        self.rows.push(Some(row));
    }

    fn row(&self, place: usize) -> Option<&Stored> {
        self.rows.get(place)?.as_ref()
    }

    fn rows(&self) -> impl Iterator<Item = (usize, &Stored)> {
        self.rows.iter().enumerate().filter_map(|(place, row)| Some((place, row.as_ref()?)))
    }

    /// Returns the names of the views, triggers and virtual tables that name one of these, or that name one that does, in
    /// lower case. They need not exist.
    pub(super) fn naming(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let bodies = self.rows().map(|(_, r)| r).filter(|r| is_body(r) || is_virtual(r));
        let mut left: Vec<(String, String, BTreeSet<String>)> =
            bodies.map(|r| (r.name.to_ascii_lowercase(), r.table.to_ascii_lowercase(), named_by(r))).collect();
        let (mut found, mut reached) = (BTreeSet::new(), names.clone());
        loop {
            let (hit, rest): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|(name, _, words)| reached.contains(name) || !words.is_disjoint(&reached));
            if hit.is_empty() {
                return found;
            }
            reached.extend(hit.iter().map(|(_, table, _)| table.clone()));
            found.extend(hit.into_iter().map(|(name, ..)| name));
            left = rest;
        }
    }

    /// Returns the relevant names: the given ones, those in the views and triggers among them, the tables of indexes, the
    /// tables that references without columns depend on, and virtual tables that name a relevant table in their arguments.
    fn touched(&self, wanted: Wanted) -> BTreeSet<String> {
        let Wanted { names, all_bodies, rewriting } = wanted;
        let is_table = |word: &String| self.at(word).any(|r| r.kind == Kind::Table && r.name.eq_ignore_ascii_case(word));
        // A rebuilt table is created under a temporary name, to which foreign keys may already refer.
        let naming =
            rewriting.iter().filter(|word| is_table(word) || inspect::is_own(word)).filter_map(|word| self.by_word.get(word)).flatten();
        let naming = naming.filter_map(|place| self.row(*place)).map(|r| r.name.to_ascii_lowercase());
        let mut left: Vec<String> = names.into_iter().chain(naming).collect();
        let mut found = BTreeSet::new();
        let bodies = self.rows().filter(|(_, r)| all_bodies && is_body(r));
        left.extend(bodies.flat_map(|(_, r)| named_by(r)));
        let virtuals = self.rows().filter(|(_, r)| is_virtual(r));
        let virtuals: Vec<(String, BTreeSet<String>)> = virtuals.map(|(_, r)| (r.name.to_ascii_lowercase(), named_by(r))).collect();
        while let Some(name) = left.pop() {
            if !found.insert(name.clone()) {
                continue;
            }
            left.extend(self.at(&name).filter(|r| r.kind != Kind::Table || is_virtual(r)).flat_map(named_by));
            left.extend(implied::parents(self.at(&name).filter(|r| r.name.eq_ignore_ascii_case(&name))));
            if self.at(&name).any(|r| r.kind == Kind::Table || r.kind == Kind::View) {
                left.extend(virtuals.iter().filter(|(_, named)| named.contains(&name)).map(|(own, _)| own.clone()));
            }
        }
        found
    }

    fn at(&self, name: &str) -> impl Iterator<Item = &Stored> {
        self.named.get(name).into_iter().flatten().filter_map(|place| self.row(*place))
    }

    /// Creates an empty copy of the relevant objects, in which only schema statements are allowed. `longest` is the length of
    /// the longest statement to be run.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub(super) async fn copy(&self, wanted: Wanted, longest: usize) -> Result<Copy, Error> {
        let all_bodies = wanted.all_bodies;
        let names = self.touched(wanted);
        // Objects that could not be re-created are not copied, except for tables, which others may name.
        let copied = |r: &Stored| r.sql.is_some() && (r.garbled.is_none() || r.kind == Kind::Table) && !inspect::is_internal(&r.name);
        let mut places: BTreeSet<usize> = names.iter().filter_map(|n| self.named.get(n)).flatten().copied().collect();
        places.extend(self.rows().filter(|(_, r)| all_bodies && is_body(r)).map(|(place, _)| place));
        places.retain(|place| self.row(*place).is_some_and(copied));
        let rows: Vec<(usize, &Stored)> = places.iter().filter_map(|place| Some((*place, self.row(*place)?))).collect();
        let mut memory = Connection::in_memory().await?;
        let (places, foreign) = create(&mut memory, &rows).await?;
        let defined = rows.iter().filter_map(|(_, r)| r.sql.as_ref()).map(String::len).max().unwrap_or_default();
        let secluded = gate::seclude(&mut memory, longest.max(defined)).await?;
        Ok(Copy { memory, names, foreign, places, _secluded: secluded })
    }

    /// Takes over what steps have changed in a copy.
    ///
    /// # Errors
    /// If SQLite cannot read its schema table.
    pub(super) async fn take(&mut self, mut copy: Copy) -> Result<(), Error> {
        let (changed, shadows) = inspect::definitions(&mut copy.memory).await?.into_parts();
        copy.memory.close().await?;
        copy.places.into_iter().for_each(|place| self.rows[place] = None);
        for row in changed.into_iter().filter(|r| !inspect::is_internal(&r.name)) {
            // A virtual table creates its shadow tables, whose old rows were not copied.
            let old = self.named.get(&row.name.to_ascii_lowercase()).into_iter().flatten().copied();
            let is_old = |place: &usize| self.row(*place).is_some_and(|r| r.kind == row.kind && r.name.eq_ignore_ascii_case(&row.name));
            for place in old.filter(is_old).collect::<Vec<_>>() {
                self.rows[place] = None;
            }
            self.add(row);
        }
        self.shadows.extend(shadows);
        Ok(())
    }

    /// Parses the objects for which `is_wanted` returns true.
    pub(super) fn parse(self, is_wanted: impl Fn(&Stored) -> bool) -> Live {
        inspect::read(self.rows.into_iter().flatten().filter(|r| is_wanted(r)).collect(), self.shadows)
    }
}

fn is_virtual(row: &Stored) -> bool {
    row.sql.as_deref().is_some_and(inspect::is_virtual)
}

/// Returns the table of an index or trigger, and what a view, a trigger or a virtual table names, in lower case.
fn named_by(row: &Stored) -> BTreeSet<String> {
    let sql = row.sql.as_deref().unwrap_or_default();
    let mut names = match () {
        () if is_virtual(row) => compiles::names_in_arguments(sql),
        () if is_body(row) => words(sql),
        () => BTreeSet::new(),
    };
    names.insert(row.table.to_ascii_lowercase());
    names
}

/// Creates objects. Returns the places of those that were created, and the tables and indexes that cannot be.
async fn create(memory: &mut Connection, rows: &[(usize, &Stored)]) -> Result<(Vec<usize>, Vec<Foreign>), Error> {
    let (mut places, mut foreign) = (Vec::new(), Vec::new());
    for (place, row) in rows {
        let Some(sql) = &row.sql else { continue };
        let Err(error) = memory.execute(sql).await else {
            places.push(*place);
            continue;
        };
        if is_body(row) {
            continue;
        }
        // The remaining shadow tables are created with their virtual table.
        let there = format!("SELECT count(*) FROM sqlite_schema WHERE name = {} COLLATE NOCASE", quote_string(&row.name));
        if memory.number(&there).await? == 0 {
            foreign.push(Foreign::new(Address::top(&row.kind, &row.name), &row.table, error.to_string()));
        } else {
            places.push(*place);
        }
    }
    Ok((places, foreign))
}
