//! What a plan says on the way back to a recorded schema: which values no plan can bring back, and no advice to edit a
//! schema file, for none takes part. Changes nothing that the plan does.

use super::{Action, Code, Hazard, Level, Plan, Step};
use crate::diff::{TableChange, show_default};
use crate::schema::{Address, Column};

/// What became of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// They went with their table or column, and the plan makes it again.
    Dropped,
    /// They went with their table or column, and another of that name is there, which the plan keeps.
    Replaced,
    /// A `using` made other ones of them.
    Converted,
    /// A `backfill` took the place of NULL.
    Filled,
    /// No apply created them: the history found their table or column in the database, and the plan drops it.
    Adopted,
}

impl Fate {
    /// All of them.
    pub const ALL: [Fate; 5] = [Fate::Dropped, Fate::Replaced, Fate::Converted, Fate::Filled, Fate::Adopted];

    /// Its word in plan files.
    pub fn word(self) -> &'static str {
        match self {
            Fate::Dropped => "dropped",
            Fate::Replaced => "replaced",
            Fate::Converted => "converted",
            Fate::Filled => "filled",
            Fate::Adopted => "adopted",
        }
    }
}

/// Values of a table or column that a number of the history took away, and that a rollback does not bring back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lost {
    /// Whose.
    pub address: Address,
    /// What became of them.
    pub fate: Fate,
    /// The number that did it, or that found what no apply created; 0 if no number did.
    pub by: i64,
    /// Where they are, as far as that is known. A plan file does not say it.
    pub values: Option<String>,
}

impl Lost {
    /// What is said of it. `back`: the column as it comes back.
    fn text(&self, back: Option<&Column>) -> String {
        let (kind, name, by) = (self.address.last_kind(), self.address.last(), self.by);
        match (self.fate, back) {
            (Fate::Converted, Some(Column { using: Some(using), .. })) => {
                format!(
                    "version {by} converted the values of column {name}; the rollback converts them back with the recorded `using` ({})",
                    using.text
                )
            }
            (Fate::Converted, _) => format!("column {name} keeps the values that version {by} converted with `using`"),
            (Fate::Filled, _) => format!("column {name} keeps the values that version {by} filled in for NULL"),
            (Fate::Replaced, _) => format!("{kind} {name} is not the original one; version {by} dropped the original with its data"),
            (Fate::Adopted, _) if by == 0 => format!("rosey did not create {kind} {name}: it was created outside rosey after the last apply"),
            (Fate::Adopted, _) => format!("rosey did not create {kind} {name}: version {by} found it in the database"),
            (Fate::Dropped, None) => format!("{kind} {name} is re-created empty; version {by} dropped its data"),
            (Fate::Dropped, Some(column)) => format!("column {name} is re-created {}; version {by} dropped its values", with(column)),
        }
    }

    /// The same for people, where no step of the plan is about it.
    pub fn note(&self) -> String {
        let values = self.values.as_ref().map(|v| format!("; {v}")).unwrap_or_default();
        format!("{}: {}{values}", self.address, self.text(None))
    }

    fn hazard(&self, back: Option<&Column>) -> Hazard {
        let message = self.text(back);
        if self.fate == Fate::Adopted {
            let advice = "to keep it, apply a schema file that declares it instead of this rollback: rosey history N --schema prints one";
            return Hazard::new(Code::DropsAdopted, Level::Warns, self.address.clone(), message, advice);
        }
        let advice = self.values.clone().unwrap_or_else(|| "rosey history -v shows the backup of that version, if it has one".to_owned());
        Hazard::new(Code::NotRestored, Level::Warns, self.address.clone(), message, advice)
    }
}

/// What a column that is added holds in the rows that are there.
fn with(column: &Column) -> String {
    match (&column.backfill, &column.default) {
        (Some(fill), _) => format!("with the values of its backfill ({})", fill.text),
        (None, Some(default)) => format!("with its default in every row, {}", show_default(default)),
        (None, None) if column.not_null => "without values".to_owned(),
        (None, None) => "with NULL in every row".to_owned(),
    }
}

impl Plan {
    /// Makes of the plan one that leads back. Gives those values that no step of it is about.
    pub fn lead_back<'l>(&mut self, lost: &'l [Lost]) -> Vec<&'l Lost> {
        self.leads_back = true;
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
        self.steps.iter_mut().flat_map(|s| &mut s.hazards).for_each(Hazard::lead_back);
        untold
    }

    /// The column of this address, as the plan makes it of or adds it to a table that is there.
    fn column(&self, address: &Address) -> Option<&Column> {
        let of_table = self.changes.tables().find_map(|change| match change {
            TableChange::Alter(edits) if address.is_within(&edits.after.address()) => Some(&edits.columns),
            _ => None,
        });
        of_table?.iter().filter_map(|d| d.after()).find(|c| c.name.as_str() == address.last())
    }
}

/// How a conversion back is given, which the schema of the history does not have.
const WITH_USING: &str = "write that schema to a file (`rosey history N --schema > back.kdl`), specify the conversion there \
                          (using \"EXPRESSION\"), and apply it";

impl Hazard {
    /// The same on the way back: what would be advised for a schema file says what can be done in the database instead.
    pub fn lead_back(&mut self) {
        let instead = match self.code {
            Code::DestroysTable
            | Code::DestroysColumn
            | Code::DestroysSequence
            | Code::DestroysExtension
            | Code::DestroysSchema
            | Code::LosesAutoincrement
            | Code::TakenAsUtc => "",
            Code::BreaksNotNull => {
                "the recorded schema has the column as NOT NULL, and nothing that fills it. Give these rows a value: add --backfill TABLE.COLUMN=SQL to rosey rollback, or to rosey plan --to"
            }
            // The server does not convert them at all, whatever the rows hold.
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

    #[test]
    fn a_conversion_that_fails_is_led_back_through_a_file() {
        let address = Address::top("table", "t");
        for (level, begins) in [(Level::Blocks, "write that schema to a file"), (Level::Destroys, "change these rows first, or write")] {
            let mut hazard = Hazard::new(Code::LosesValues, level, address.clone(), "told", "say how: using \"EXPRESSION\"");
            hazard.lead_back();
            assert!(hazard.advice.starts_with(begins), "{}", hazard.advice);
            assert!(hazard.advice.contains("`rosey history N --schema > back.kdl`"), "{}", hazard.advice);
        }
    }
}
