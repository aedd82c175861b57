//! Matches saved plans with the history and finds which pending plans can be applied to the database as it is
//! now.
//!
//! Pure: the caller, which has access to the database, determines for each plan whether the database is at
//! its start or its end. Nothing is applied here.

use std::collections::BTreeMap;

use super::offline::read_noted;
use super::{Desired, Entry, saved};
use crate::diff::Changes;
use crate::engine::offline::RecordedState;
use crate::engine::product_of;
use crate::plan::{Fact, PlanFile};
use crate::schema::{Dialect, Exchanged};

/// The status of a plan in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// The history does not contain the plan.
    Never,
    /// The plan was applied or stamped as this version.
    Applied(i64),
    /// The plan was applied, but steps that run after its transaction are unfinished.
    Unfinished(i64),
    /// The plan was applied and later undone by a rollback.
    Undone {
        /// The version that applied it.
        number: i64,
        /// The version of the rollback.
        by: i64,
    },
}

/// Returns the status of the plan with this digest.
pub fn past(entries: &[Entry], digest: &str) -> Past {
    let Some(entry) = entries.iter().rfind(|e| e.plan == digest) else { return Past::Never };
    let number = entry.number;
    if entry.outcome == "running" {
        return Past::Unfinished(number);
    }
    // A rollback is never undone by another rollback; a later one only rolls back further.
    let undid = |e: &&Entry| entry.back_to.is_none() && e.number > number && e.back_to.is_some_and(|n| n < number);
    entries.iter().find(undid).map_or(Past::Applied(number), |e| Past::Undone { number, by: e.number })
}

/// The position of the database relative to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    /// At the start of the plan.
    Start,
    /// At the end of the plan.
    End,
    /// At neither.
    Elsewhere,
}

/// A plan that is not in the history.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'p> {
    /// The plan.
    pub file: &'p PlanFile,
    /// The position of the database.
    pub here: Here,
}

/// The position of a pending plan among the plans of its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It can be applied to the database now.
    Next,
    /// It starts where another pending plan ends, the one at this index.
    After(usize),
    /// It starts where an earlier pending plan starts, the one at this index; only one of the two can be
    /// applied.
    Rival(usize),
    /// The database is or was already at the plan's end, or the plan is part of another path to the current
    /// state.
    Behind,
    /// No plan leads to the schema that it starts from.
    Stray,
}

/// The plans of a directory and the history of a database.
#[derive(Debug)]
pub struct Chain<'c> {
    /// The numbers of the plans that are applied according to the history.
    applied: Vec<i64>,
    /// The recorded schemas, each with the last version that recorded it.
    recorded: Vec<(i64, &'c str)>,
}

impl<'c> Chain<'c> {
    /// Builds the chain from a history and the plans of a directory.
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

    /// Returns true if a plan that starts at the current schema would lead in a circle: a later plan of the
    /// directory has been applied, and the database has already been at this plan's end.
    pub fn goes_round(&self, file: &PlanFile) -> bool {
        self.applied.iter().any(|number| *number > file.number) && self.been(&Point::end(file)).is_some()
    }

    /// Returns the positions of pending plans, which are given in the order in which they are applied.
    pub fn places(&self, waiting: &[Waiting<'_>]) -> Vec<Place> {
        let ends: Vec<Option<Point>> = waiting.iter().map(|w| Point::end(w.file)).collect();
        let leads = |i: usize, to: &PlanFile| ends.get(i).and_then(Option::as_ref).is_some_and(|e| e.is_start_of(to));
        let mut behind: Vec<bool> = waiting.iter().zip(&ends).map(|(w, end)| self.is_behind(*w, end)).collect();
        // A plan that leads to the start of a plan already passed is part of the same path.
        let is_part = |i: usize, behind: &[bool]| {
            let elsewhere = waiting.get(i).is_some_and(|w| w.here == Here::Elsewhere);
            let mut on = waiting.iter().zip(behind).filter(|(_, behind)| **behind);
            elsewhere && on.any(|(w, _)| leads(i, w.file)) && self.been(ends.get(i).unwrap_or(&None)).is_none()
        };
        while let Some(i) = (0..waiting.len()).find(|i| behind.get(*i) == Some(&false) && is_part(*i, &behind)) {
            behind.iter_mut().skip(i).take(1).for_each(|b| *b = true);
        }
        let open = |j: &usize| behind.get(*j) == Some(&false);
        // An earlier plan with the same start, if no plan between the two returns to that start.
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

    /// Returns true if the database has already reached the plan's end. If it was at the plan's start again
    /// after that, the plan is still pending: it may be one that leads back.
    fn is_behind(&self, waiting: Waiting<'_>, end: &Option<Point>) -> bool {
        match waiting.here {
            Here::Start => self.goes_round(waiting.file),
            Here::End => true,
            Here::Elsewhere => self.been(end).is_some_and(|there| self.been(&Point::start(waiting.file)).is_none_or(|from| from < there)),
        }
    }

    /// Returns the last version that recorded this schema.
    fn been(&self, point: &Option<Point>) -> Option<i64> {
        let point = point.as_ref()?;
        self.recorded.iter().filter(|(_, text)| point.is(text, &[])).map(|(number, _)| *number).max()
    }
}

/// Returns true if both plans start from the same schema. Once one is applied, the other no longer fits.
pub fn same_start(a: &PlanFile, b: &PlanFile) -> bool {
    Point::start(a).is_some_and(|start| start.is_start_of(b))
}

/// The schema at the start or the end of a plan.
struct Point {
    dialect: Dialect,
    schema: Desired,
}

impl Point {
    fn start(file: &PlanFile) -> Option<Point> {
        // As the database reported it.
        let schema = saved::read_desired(&file.current, file.dialect, Some(0), &Exchanged::new()).ok()?;
        Some(Point { dialect: file.dialect, schema })
    }

    fn end(file: &PlanFile) -> Option<Point> {
        let schema = saved::read_desired(&file.desired, file.dialect, file.back_to, &file.exchanged).ok()?;
        Some(Point { dialect: file.dialect, schema })
    }

    fn is_start_of(&self, file: &PlanFile) -> bool {
        file.dialect == self.dialect && self.is(&file.current, &file.facts)
    }

    /// Returns true if `noted` is this schema, that is, if a plan from it to this schema would be empty.
    fn is(&self, noted: &str, facts: &[Fact]) -> bool {
        let Ok(schema) = read_noted(noted, self.dialect) else { return false };
        let wanted = self.schema.normalized();
        let noted = RecordedState { current: &schema, facts, recorded: None, number: 0 };
        product_of(self.dialect).left(noted, wanted).is_some_and(|c| Changes { lacking: Vec::new(), ..c }.is_empty())
    }
}

#[cfg(test)]
mod tests;
