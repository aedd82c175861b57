//! What the history knows of saved plans, and which of those that wait lead on from where the database is.
//!
//! Pure: whoever has the database at hand says of each plan whether it starts or ends there. Nothing is applied here.

use std::collections::BTreeMap;

use super::offline::read_noted;
use super::{Desired, Entry, saved};
use crate::dialect::offline::Noted;
use crate::diff::Changes;
use crate::plan::{Fact, PlanFile};
use crate::schema::Dialect;

/// What the history knows of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// Nothing.
    Never,
    /// It was applied, or stamped, under this number.
    Applied(i64),
    /// It was, and steps after its transaction are left.
    Unfinished(i64),
    /// It was, and a later way back has undone it.
    Undone {
        /// Its number.
        number: i64,
        /// The number of the way back.
        by: i64,
    },
}

/// What the history knows of the plan with this digest.
pub fn past(entries: &[Entry], digest: &str) -> Past {
    let Some(entry) = entries.iter().rfind(|e| e.plan == digest) else { return Past::Never };
    let number = entry.number;
    if entry.outcome == "running" {
        return Past::Unfinished(number);
    }
    // A way back is undone by no other: it only goes further.
    let undid = |e: &&Entry| entry.back_to.is_none() && e.number > number && e.back_to.is_some_and(|n| n < number);
    entries.iter().find(undid).map_or(Past::Applied(number), |e| Past::Undone { number, by: e.number })
}

/// Where the database is, seen from a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    /// Where the plan starts.
    Start,
    /// Where it ends.
    End,
    /// Neither.
    Elsewhere,
}

/// A plan that the history does not know.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'p> {
    /// It.
    pub file: &'p PlanFile,
    /// Where the database is.
    pub here: Here,
}

/// What is to be done with a plan that the history does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It leads on from here.
    Next,
    /// It starts where an earlier one ends that waits too: the one of this index.
    After(usize),
    /// It starts where an earlier one starts that waits too, the one of this index: one alone of the two can be applied.
    Rival(usize),
    /// The database is where it leads, or has been: it is part of another way here.
    Behind,
    /// It starts from a schema that nothing leads to.
    Stray,
}

/// The plans of a folder beside a history.
#[derive(Debug)]
pub struct Chain<'c> {
    /// The numbers of those that the history knows as applied.
    applied: Vec<i64>,
    /// The recorded schemas, each with the last number that recorded it.
    recorded: Vec<(i64, &'c str)>,
}

impl<'c> Chain<'c> {
    /// Of a history, and the plans that it may know.
    pub fn new<'p>(entries: &'c [Entry], plans: impl Iterator<Item = &'p PlanFile>) -> Self {
        let applied = plans.filter(|p| matches!(past(entries, &p.digest), Past::Applied(_))).map(|p| p.number).collect();
        let mut recorded = BTreeMap::new();
        for entry in entries {
            recorded.insert(entry.schema_before.as_str(), entry.number - 1);
            recorded.insert(entry.schema_after.as_str(), entry.number);
            recorded.extend(entry.schema_written.iter().map(|w| (w.as_str(), entry.number)));
        }
        Chain { applied, recorded: recorded.into_iter().map(|(text, number)| (number, text)).collect() }
    }

    /// Whether a plan that starts where the database is would go round in a circle: a later plan of the folder has been
    /// applied, and the database has been where this one leads.
    pub fn goes_round(&self, file: &PlanFile) -> bool {
        self.applied.iter().any(|number| *number > file.number) && self.been(&Point::end(file)).is_some()
    }

    /// The places of plans that wait, given in the order in which they are applied.
    pub fn places(&self, waiting: &[Waiting<'_>]) -> Vec<Place> {
        let ends: Vec<Option<Point>> = waiting.iter().map(|w| Point::end(w.file)).collect();
        let leads = |i: usize, to: &PlanFile| ends.get(i).and_then(Option::as_ref).is_some_and(|e| e.is_start_of(to));
        let mut behind: Vec<bool> = waiting.iter().zip(&ends).map(|(w, end)| self.is_behind(*w, end)).collect();
        // What leads to where such a plan starts is part of the same way.
        let is_part = |i: usize, behind: &[bool]| {
            let elsewhere = waiting.get(i).is_some_and(|w| w.here == Here::Elsewhere);
            let mut on = waiting.iter().zip(behind).filter(|(_, behind)| **behind);
            elsewhere && on.any(|(w, _)| leads(i, w.file)) && self.been(ends.get(i).unwrap_or(&None)).is_none()
        };
        while let Some(i) = (0..waiting.len()).find(|i| behind.get(*i) == Some(&false) && is_part(*i, &behind)) {
            behind.iter_mut().skip(i).take(1).for_each(|b| *b = true);
        }
        let open = |j: &usize| behind.get(*j) == Some(&false);
        // An earlier one that starts there, with none between them that comes back to it.
        let rival = |i: usize, file: &PlanFile| {
            let last = (0..i).filter(open).rev().find(|j| leads(*j, file) || waiting.get(*j).is_some_and(|w| same_start(w.file, file)))?;
            (!leads(last, file)).then_some(last)
        };
        let place = |(i, waits): (usize, &Waiting<'_>)| {
            let before = || (0..i).filter(open).find(|j| leads(*j, waits.file)).map(Place::After);
            let place = match waits.here {
                _ if !open(&i) => return Place::Behind,
                Here::Start => Some(Place::Next),
                _ => before(),
            };
            place.map_or(Place::Stray, |place| rival(i, waits.file).map_or(place, Place::Rival))
        };
        waiting.iter().enumerate().map(place).collect()
    }

    /// Whether the database has come to where the plan leads. Where it went on from the plan's start since it was there,
    /// the plan is still to be done: it may be one that leads back.
    fn is_behind(&self, waiting: Waiting<'_>, end: &Option<Point>) -> bool {
        match waiting.here {
            Here::Start => self.goes_round(waiting.file),
            Here::End => true,
            Here::Elsewhere => self.been(end).is_some_and(|there| self.been(&Point::start(waiting.file)).is_none_or(|from| from < there)),
        }
    }

    /// The last number that recorded this schema.
    fn been(&self, point: &Option<Point>) -> Option<i64> {
        let point = point.as_ref()?;
        self.recorded.iter().filter(|(_, text)| point.is(text, &[])).map(|(number, _)| *number).max()
    }
}

/// Whether both plans start from one schema. Once one of them is applied, the other fits no more.
pub fn same_start(a: &PlanFile, b: &PlanFile) -> bool {
    Point::start(a).is_some_and(|start| start.is_start_of(b))
}

/// A schema that a plan starts from, or leads to.
struct Point {
    dialect: Dialect,
    schema: Desired,
}

impl Point {
    fn start(file: &PlanFile) -> Option<Point> {
        // As the database had it.
        let schema = saved::read_desired(&file.current, file.dialect, Some(0)).ok()?;
        Some(Point { dialect: file.dialect, schema })
    }

    fn end(file: &PlanFile) -> Option<Point> {
        let schema = saved::read_desired(&file.desired, file.dialect, file.back_to).ok()?;
        Some(Point { dialect: file.dialect, schema })
    }

    fn is_start_of(&self, file: &PlanFile) -> bool {
        file.dialect == self.dialect && self.is(&file.current, &file.facts)
    }

    /// Whether that is what a database had that was noted down: from there no plan would have anything to do.
    fn is(&self, noted: &str, facts: &[Fact]) -> bool {
        let Ok(schema) = read_noted(noted, self.dialect) else { return false };
        let wanted = self.schema.normalized();
        let noted = Noted { dialect: self.dialect, current: &schema, facts, recorded: None };
        noted.left(wanted).is_some_and(|c| Changes { lacking: Vec::new(), ..c }.is_empty())
    }
}

#[cfg(test)]
mod tests;
