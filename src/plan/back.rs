//! Adapts a plan to a rollback: adds which values it cannot restore, and removes advice to edit a schema
//! file, because none is involved. Does not change what the plan does.

use super::{Action, Code, Hazard, Level, Plan, Step};
use crate::diff::{TableChange, show_default};
use crate::schema::{Address, Column, Directives, Kind};

/// What happened to values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossCause {
    /// They were dropped with their table or column, which the plan re-creates.
    Dropped,
    /// They were dropped with their table or column, and another one with that name exists now, which the
    /// plan keeps.
    Replaced,
    /// A `using` converted them.
    Converted,
    /// A `backfill` replaced NULL.
    Filled,
    /// No apply created them: their table or column was found in the database, and the plan drops it.
    Adopted,
}

impl LossCause {
    /// All causes.
    pub const ALL: [LossCause; 5] = [LossCause::Dropped, LossCause::Replaced, LossCause::Converted, LossCause::Filled, LossCause::Adopted];

    /// Returns its name in plan files.
    pub fn word(self) -> &'static str {
        match self {
            LossCause::Dropped => "dropped",
            LossCause::Replaced => "replaced",
            LossCause::Converted => "converted",
            LossCause::Filled => "filled",
            LossCause::Adopted => "adopted",
        }
    }
}

/// Values of a table or column that a version removed and that a rollback does not restore.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// The table or column.
    pub address: Address,
    /// What happened to the values.
    pub cause: LossCause,
    /// The version that did it, or that found what no apply created; 0 if there is no such version.
    pub by: i64,
    /// Where the values are, if known. Not recorded in a plan file.
    pub values: Option<String>,
}

impl Lost {
    /// Returns the message. `back` is the column as restored.
    fn text(&self, back: Option<&Column>) -> String {
        let (kind, name, by) = (self.address.last_kind(), self.address.last(), self.by);
        match (self.cause, back) {
            (LossCause::Converted, Some(Column { directives: Directives { using: Some(using), .. }, .. })) => {
                format!(
                    "version {by} converted the values of column {name}; the rollback converts them back with the recorded `using` ({})",
                    using.text
                )
            }
            (LossCause::Converted, _) => format!("column {name} keeps the values that version {by} converted with `using`"),
            (LossCause::Filled, _) => format!("column {name} keeps the values that version {by} filled in for NULL"),
            (LossCause::Replaced, _) => format!("{kind} {name} is not the original one; version {by} dropped the original with its data"),
            (LossCause::Adopted, _) if by == 0 => {
                format!("rosey did not create {kind} {name}: it was created outside rosey after the last apply")
            }
            (LossCause::Adopted, _) => format!("rosey did not create {kind} {name}: version {by} found it in the database"),
            (LossCause::Dropped, None) if *self.address.last_kind() == Kind::Sequence => {
                format!("sequence {name} restarts at its start value; version {by} dropped its current value")
            }
            (LossCause::Dropped, None) => format!("{kind} {name} is re-created empty; version {by} dropped its data"),
            (LossCause::Dropped, Some(column)) => format!("column {name} is re-created {}; version {by} dropped its values", with(column)),
        }
    }

    /// Returns the message for display, for values that no step of the plan concerns.
    pub fn note(&self) -> String {
        let values = self.values.as_ref().map(|v| format!("; {v}")).unwrap_or_default();
        format!("{}: {}{values}", self.address, self.text(None))
    }

    fn hazard(&self, back: Option<&Column>) -> Hazard {
        let message = self.text(back);
        if self.cause == LossCause::Adopted {
            let advice = "to keep it, apply a schema file that declares it instead of this rollback: rosey history N --schema prints one";
            return Hazard::new(Code::DropsAdopted, Level::Warns, self.address.clone(), message, advice);
        }
        let advice = self.values.clone().unwrap_or_else(|| "rosey history -v shows the backup of that version, if it has one".to_owned());
        Hazard::new(Code::NotRestored, Level::Warns, self.address.clone(), message, advice)
    }
}

/// Returns what an added column contains in the existing rows.
fn with(column: &Column) -> String {
    match (&column.backfill, &column.default) {
        (Some(fill), _) => format!("with the values of its backfill ({})", fill.text),
        (None, Some(default)) => format!("with its default in every row, {}", show_default(default)),
        (None, None) if column.not_null => "without values".to_owned(),
        (None, None) => "with NULL in every row".to_owned(),
    }
}

impl Plan {
    /// Turns the plan into a rollback. Returns the values that none of its steps concerns.
    pub fn mark_as_rollback<'l>(&mut self, lost: &'l [Lost]) -> Vec<&'l Lost> {
        self.is_rollback = true;
        let mut untold = Vec::new();
        for lost in lost {
            let hazard = lost.hazard(self.column(&lost.address));
            let does_it = |s: &&mut Step| s.action != Action::Carry && lost.address.is_within(&s.address);
            if let Some(step) = self.steps.iter_mut().find(does_it) {
                step.hazards.push(hazard);
            } else {
                untold.push(lost);
            }
        }
        self.steps.iter_mut().flat_map(|s| &mut s.hazards).for_each(Hazard::mark_as_rollback);
        untold
    }

    /// Returns the column at this address, as the plan changes it or adds it to an existing table.
    fn column(&self, address: &Address) -> Option<&Column> {
        let of_table = self.changes.tables().find_map(|change| match change {
            TableChange::Alter(edits) if address.is_within(&edits.after.address()) => Some(&edits.columns),
            _ => None,
        });
        of_table?.iter().filter_map(|d| d.after()).find(|c| c.name.as_str() == address.last())
    }
}

/// How to specify a conversion, which the recorded schema lacks.
const WITH_USING: &str = "write that schema to a file (`rosey history N --schema > back.kdl`), specify the conversion there \
                          (using \"EXPRESSION\"), and apply it";

impl Hazard {
    /// Adapts the hazard to a rollback: replaces advice about a schema file with what can be done in the
    /// database.
    pub fn mark_as_rollback(&mut self) {
        let instead = match self.code {
            Code::DestroysTable
            | Code::DestroysColumn
            | Code::DestroysSequence
            | Code::DestroysExtension
            | Code::DestroysSchema
            | Code::LosesAutoincrement
            | Code::TakenAsUtc => "",
            Code::BreaksNotNull => {
                "the recorded schema declares the column NOT NULL and provides no value for existing rows; to specify one, add --backfill TABLE.COLUMN=SQL to rosey rollback, or to rosey plan --to"
            }
            // The server does not convert them at all, whatever the rows contain.
            Code::LosesValues if self.level == Level::Blocks => WITH_USING,
            Code::LosesValues | Code::MisfitValues | Code::LongerValues | Code::BreaksType => {
                self.advice = format!("change these rows first, or {WITH_USING}");
                return;
            }
            Code::BreaksCheck | Code::BreaksUnique => "change these rows first",
            _ => return,
        };
        instead.clone_into(&mut self.advice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Kind;

    #[test]
    fn a_conversion_that_fails_is_led_back_through_a_file() {
        let address = Address::top(Kind::Table, "t");
        for (level, begins) in [(Level::Blocks, "write that schema to a file"), (Level::Destroys, "change these rows first, or write")] {
            let mut hazard = Hazard::new(Code::LosesValues, level, address.clone(), "told", "say how: using \"EXPRESSION\"");
            hazard.mark_as_rollback();
            assert!(hazard.advice.starts_with(begins), "{}", hazard.advice);
            assert!(hazard.advice.contains("`rosey history N --schema > back.kdl`"), "{}", hazard.advice);
        }
    }
}
