//! What a plan says on the way back to a recorded schema: what comes back without its values, and no advice to edit a
//! schema file, for none takes part. Changes nothing that the plan does.

use super::{Action, Code, Hazard, Level, Plan, Step};
use crate::schema::Address;

/// A table or column that a rollback makes again, and whose values a number of the history dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which.
    pub address: Address,
    /// The number that dropped it.
    pub by: i64,
    /// Where its values are, as far as that is known. A plan file does not say it.
    pub values: Option<String>,
}

impl Lost {
    fn hazard(&self) -> Hazard {
        let (kind, name) = (self.address.last_kind(), self.address.last());
        let message = format!("{kind} {name} comes back without its values, which number {} dropped", self.by);
        let advice = self.values.clone().unwrap_or_else(|| "rosey history tells whether that number made a backup, and where".to_owned());
        Hazard::new(Code::ComesBackEmpty, Level::Warns, self.address.clone(), message, advice)
    }
}

impl Plan {
    /// Makes of the plan one that leads back.
    pub fn lead_back(&mut self, lost: &[Lost]) {
        self.leads_back = true;
        for lost in lost {
            let makes_it = |s: &&mut Step| s.action != Action::Carry && lost.address.is_within(&s.address);
            if let Some(step) = self.steps.iter_mut().find(makes_it) {
                step.hazards.push(lost.hazard());
            }
        }
        self.steps.iter_mut().flat_map(|s| &mut s.hazards).for_each(Hazard::lead_back);
    }
}

impl Hazard {
    /// The same on the way back: what would be advised for a schema file says what can be done in the database instead.
    pub fn lead_back(&mut self) {
        let instead = match self.code {
            Code::DestroysTable | Code::DestroysColumn | Code::LosesAutoincrement => "",
            Code::BreaksNotNull => "fill these rows first",
            Code::LosesValues | Code::MisfitValues | Code::LongerValues | Code::BreaksCheck | Code::BreaksUnique | Code::BreaksType => {
                "change these rows first"
            }
            _ => return,
        };
        instead.clone_into(&mut self.advice);
    }
}
