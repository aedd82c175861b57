//! Sequences that are objects of their own. They are created before the columns that use them; their owner is
//! set after that column exists.

use super::super::names::{literal, quote};
use super::super::{ddl, types};
use super::numbers::{self, Numbers};
use super::{LoweringContext, alter, edited, rename};
use crate::diff::{Attribute, Delta, Edit, TableChange};
use crate::engine::advice::rename_or_ignore;
use crate::plan::{Action, Code, Hazard, Level, Probe, Resource, Statement, Step};
use crate::schema::{Column, Ident, ObjectName, Sequence, SequenceOptions, Table};

pub(super) fn lower(context: &LoweringContext<'_>) -> Vec<Step> {
    context.changes.sequences().flat_map(|delta| sequence_steps(context, delta)).collect()
}

fn sequence_steps(context: &LoweringContext<'_>, delta: &Delta<Sequence>) -> Vec<Step> {
    match delta {
        Delta::Create(s) => {
            let mut statements = vec![Statement::of_catalog(ddl::create_sequence(s, &context.names))];
            statements.extend(s.comment.as_ref().map(|_| comment(context, s)));
            let mut step = Step::new(s.address(), Action::Create, statements);
            step.footprint.creates.push(context.relation(&s.name));
            context.comes(&mut step.footprint, &s.name);
            if let Some(old) = predecessor(context, s) {
                let numbers = Numbers::with(&s.options, types::stored(&s.ty));
                step.statements.push(numbers::go_on_from(&context.names.sql(&s.name), numbers, &context.now(&old)));
                step.footprint.frees.push(context.relation(&old));
            }
            let mut steps = vec![step];
            steps.extend(s.owned_by.as_ref().map(|owner| owned(context, s, owner, Action::Create)));
            steps
        }
        Delta::Drop(s) => {
            let drop = Statement::of_catalog(format!("DROP SEQUENCE {}", context.now(&s.name)));
            let mut step = Step::new(s.address(), Action::Destroy, vec![drop]);
            step.footprint.drops.push(context.relation(&s.name));
            context.goes(&mut step.footprint, &s.name);
            step.hazards.extend(loses_its_position(context, s));
            let mut steps: Vec<Step> = s
                .owned_by
                .as_ref()
                .map(|owner| disowned(context, s, owner, Step::new(s.address(), Action::Destroy, Vec::new())))
                .into_iter()
                .collect();
            steps.push(step);
            steps
        }
        Delta::Alter { before, after, edits } => altered(context, before, after, edits),
    }
}

/// Returns the live sequence of a serial or identity column that a new sequence replaces: the new one has its name, or the
/// column takes its values from the new one.
fn predecessor(context: &LoweringContext<'_>, new: &Sequence) -> Option<ObjectName> {
    let counts = |c: &Column| c.ty.is_serial() || c.identity.is_some();
    let has_its_name = |old: &ObjectName| {
        let earlier = new.was.iter().map(|was| context.names.sibling(&new.name, was));
        std::iter::once(new.name.clone()).chain(earlier).any(|name| context.names.same(&name, old))
    };
    let uses_it = |table: &Table, column: &Column| {
        let default = column.default.as_ref().map(|d| super::super::words::words(&ddl::value(&d.value))).unwrap_or_default();
        default.contains(new.name.name.as_str()) || new.owned_by.as_ref().is_some_and(|(t, c)| *t == table.name && *c == column.name)
    };
    let mut columns = context.changes.tables().flat_map(|change| {
        let live = change.before().into_iter().flat_map(|t| t.columns.values().map(move |c| (t, c)));
        live.map(move |(table, column)| (table, column, if let TableChange::Alter(edits) = change { Some(edits) } else { None }))
    });
    columns.find_map(|(table, column, edits)| {
        let after = edits.and_then(|e| Some((&e.after, e.column_after(&column.name)?)));
        if !counts(column) || after.is_some_and(|(_, c)| counts(c)) {
            return None;
        }
        let old = context.sequence_of(&table.name, &column.name);
        (has_its_name(&old) || after.is_some_and(|(t, c)| uses_it(t, c))).then_some(old)
    })
}

/// Reports the loss of the sequence's position, which is stored nowhere else. If the owning column is dropped
/// too, its own hazard covers that.
fn loses_its_position(context: &LoweringContext<'_>, s: &Sequence) -> Option<Hazard> {
    let goes_too = |change: &TableChange, (table, column): &(ObjectName, Ident)| match change {
        TableChange::Create(_) => false,
        TableChange::Drop(t) => t.name == *table,
        TableChange::Alter(e) => {
            (e.before.name == *table || e.live.name == *table) && e.columns.iter().any(|d| matches!(d, Delta::Drop(c) if c.name == *column))
        }
    };
    let owner_goes = s.owned_by.as_ref().is_some_and(|owner| context.changes.tables().any(|t| goes_too(t, owner)));
    let message = format!("drops sequence {} and its current value", s.name);
    let advice = rename_or_ignore(&s.name.name);
    (!owner_goes).then(|| Hazard::new(Code::DestroysSequence, Level::Destroys, s.address(), message, advice))
}

fn comment(context: &LoweringContext<'_>, s: &Sequence) -> Statement {
    Statement::of_catalog(ddl::comment(&format!("SEQUENCE {}", context.names.sql(&s.name)), s.comment.as_deref()))
}

/// Returns the step that makes a column the owner of the sequence, under its new name.
fn owned(context: &LoweringContext<'_>, s: &Sequence, owner: &(ObjectName, Ident), action: Action) -> Step {
    let to = format!("OWNED BY {}.{}", context.names.sql(&owner.0), quote(owner.1.as_str()));
    let mut step = Step::new(s.address(), action, vec![alter("SEQUENCE", &context.names.sql(&s.name), &to)]);
    step.footprint.needs = vec![context.relation(&s.name), context.relation(&owner.0)];
    step
}

/// Adds a statement to the step so that the sequence, under its old name, has no owner: it would be dropped with the owner.
fn disowned(context: &LoweringContext<'_>, s: &Sequence, owner: &(ObjectName, Ident), mut step: Step) -> Step {
    step.statements.push(alter("SEQUENCE", &context.now(&s.name), "OWNED BY NONE"));
    step.footprint.frees = vec![context.relation(&s.name), context.shape(&owner.0), Resource::OwnedSequence(context.names.key(&s.name))];
    step
}

fn altered(context: &LoweringContext<'_>, before: &Sequence, after: &Sequence, edits: &[Edit]) -> Vec<Step> {
    let mut statements = Vec::new();
    if before.name != after.name {
        statements.push(rename("SEQUENCE", &context.now(&before.name), after.name.name.as_str()));
    }
    let name = context.names.sql(&after.name);
    let mut words = Vec::new();
    if edited(edits, Attribute::Type) {
        words.push(format!("AS {}", types::value_type(&after.ty)));
    }
    words.extend(changed_options(&before.options, &after.options));
    if !words.is_empty() {
        statements.push(alter("SEQUENCE", &name, &words.join(" ")));
    }
    statements.extend(edited(edits, Attribute::Comment).then(|| comment(context, after)));
    let mut steps = Vec::new();
    if edited(edits, Attribute::OwnedBy) {
        steps.extend(
            before.owned_by.as_ref().map(|owner| disowned(context, before, owner, Step::new(after.address(), Action::Alter, Vec::new()))),
        );
        steps.extend(after.owned_by.as_ref().map(|owner| owned(context, after, owner, Action::Alter)));
    }
    if !statements.is_empty() {
        let mut step = Step::new(after.address(), Action::Alter, statements);
        step.footprint.creates.push(context.relation(&after.name));
        step.footprint.drops.push(Resource::OwnedSequence(context.names.key(&before.name)));
        if before.name != after.name {
            step.footprint.drops.push(context.relation(&before.name));
        }
        step.hazards.extend(excludes_its_position(context, before, after));
        steps.push(step);
    }
    steps
}

/// Reports narrower bounds, which PostgreSQL refuses if the position is outside of them. The sequence is not
/// restarted, because it would return numbers that are in use somewhere.
fn excludes_its_position(context: &LoweringContext<'_>, before: &Sequence, after: &Sequence) -> Option<Hazard> {
    let bounds = |s: &Sequence| Numbers::with(&s.options, types::stored(&s.ty)).bounds();
    let ((old_min, old_max), (min, max)) = (bounds(before), bounds(after));
    if min <= old_min && max >= old_max {
        return None;
    }
    let live = context.now(&before.name);
    let message = format!("the new bounds of sequence {}, {min} to {max}, must include its current value", after.name);
    let advice =
        format!("widen the bounds, or set the current value first: SELECT setval({}, NUMBER)", literal(&context.names.sql(&before.name)));
    let count = format!("SELECT count(*) FILTER (WHERE last_value NOT BETWEEN {min} AND {max}), count(*) FROM {live}");
    let hazard = Hazard::new(Code::BreaksCheck, Level::Blocks, after.address(), message, advice);
    Some(hazard.counted(Probe::Query(count)).reading([&live]).found_by(format!("SELECT last_value FROM {live}")))
}

/// Returns the clauses that change the options; an option that is removed returns to its default.
pub(super) fn changed_options(before: &SequenceOptions, after: &SequenceOptions) -> Vec<String> {
    const WORDS: [&str; 5] = ["START WITH", "INCREMENT BY", "MINVALUE", "MAXVALUE", "CACHE"];
    // The start value is stored as a number: a sequence that does not specify it must be altered if the
    // bounds change it.
    let first = |o: &SequenceOptions| {
        let down = o.increment.is_some_and(|n| n < 0);
        o.start.unwrap_or(if down { o.max.unwrap_or(-1) } else { o.min.unwrap_or(1) })
    };
    let told = |o: &SequenceOptions| SequenceOptions { start: Some(first(o)), ..o.clone() };
    let (before, after) = (&told(before), &told(after));
    let defaults = [String::new(), "INCREMENT BY 1".into(), "NO MINVALUE".into(), "NO MAXVALUE".into(), "CACHE 1".into()];
    let pairs = before.numbers().into_iter().zip(after.numbers());
    let mut words: Vec<String> = pairs
        .zip(WORDS.iter().zip(defaults))
        .filter(|(((_, old), (_, new)), _)| old != new)
        .map(|((_, (_, new)), (word, default))| new.map_or(default, |n| format!("{word} {n}")))
        .collect();
    if before.cycle != after.cycle {
        words.push(if after.cycle { "CYCLE" } else { "NO CYCLE" }.to_owned());
    }
    words
}
