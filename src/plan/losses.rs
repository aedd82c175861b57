//! Totals of what a plan loses irreversibly, for its last line and its JSON. Only adds up the counts of the
//! hazards.

use super::{Code, Hazard, Level, counted};

/// Totals of what is lost. A number is `None` if one of its parts was not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// Dropped columns that contain values, in tables that remain.
    pub columns: usize,
    /// The values in these columns.
    pub values: Option<i64>,
    /// The rows of dropped tables.
    pub rows: Option<i64>,
    /// Values that a conversion does not preserve.
    pub converted: Option<i64>,
}

impl Losses {
    /// Adds up the hazards; returns `None` if no data is lost.
    pub fn of<'h>(hazards: impl Iterator<Item = &'h Hazard>) -> Option<Losses> {
        let mut losses = Losses { columns: 0, values: Some(0), rows: Some(0), converted: Some(0) };
        let mut found = false;
        // A guard or a policy turns a hazard that destroys data into one that blocks; the lost data is the
        // same.
        for hazard in hazards.filter(|h| matches!(h.level, Level::Destroys | Level::Blocks) && h.count != Some(0)) {
            let total = match hazard.code {
                Code::DestroysColumn => {
                    losses.columns += 1;
                    &mut losses.values
                }
                Code::DestroysTable => &mut losses.rows,
                Code::LosesValues => &mut losses.converted,
                _ => continue,
            };
            *total = total.zip(hazard.count).map(|(sum, n)| sum.saturating_add(n));
            found = true;
        }
        found.then_some(losses)
    }
}

impl std::fmt::Display for Losses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |n: Option<i64>, noun: &str| match n {
            Some(n) => counted(n, noun),
            None => format!("an unknown number of {noun}s"),
        };
        let mut dropped = Vec::new();
        if self.columns > 0 {
            dropped.push(counted(self.columns as i64, "column"));
            dropped.push(number(self.values, "value"));
        }
        if self.rows != Some(0) {
            dropped.push(number(self.rows, "row"));
        }
        let mut clauses = Vec::new();
        if !dropped.is_empty() {
            clauses.push(format!("{} dropped", dropped.join(", ")));
        }
        if self.converted != Some(0) {
            clauses.push(format!("{} lost in a conversion", number(self.converted, "value")));
        }
        f.write_str(&clauses.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Address;
    use crate::schema::Kind;

    fn hazard(code: Code, level: Level, count: Option<i64>) -> Hazard {
        let mut hazard = Hazard::new(code, level, Address::top(Kind::Table, "t"), "", "");
        hazard.count = count;
        hazard
    }

    fn text(hazards: &[Hazard]) -> Option<String> {
        Losses::of(hazards.iter()).map(|l| l.to_string())
    }

    #[test]
    fn what_is_lost_is_added_up() {
        use Level::{Blocks, Destroys, Warns};
        let (column, table) = (Code::DestroysColumn, Code::DestroysTable);
        let both = [hazard(column, Destroys, Some(30)), hazard(column, Blocks, Some(20))];
        assert_eq!(text(&both).unwrap(), "2 columns, 50 values dropped");
        let all = [hazard(table, Destroys, Some(1204)), hazard(column, Destroys, Some(1)), hazard(Code::LosesValues, Destroys, Some(3))];
        assert_eq!(text(&all).unwrap(), "1 column, 1 value, 1,204 rows dropped; 3 values lost in a conversion");
        let unknown = [hazard(column, Destroys, Some(30)), hazard(column, Destroys, None)];
        assert_eq!(text(&unknown).unwrap(), "2 columns, an unknown number of values dropped");
        let nothing =
            [hazard(column, Destroys, Some(0)), hazard(Code::LosesValues, Warns, Some(3)), hazard(Code::BreaksCheck, Blocks, Some(3))];
        assert_eq!(text(&nothing), None);
    }
}
