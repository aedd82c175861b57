//! How the rows that a plan affects are counted, and why a hazard was not counted. Plain data; the dialects
//! count.

use std::time::Duration;

use super::{Level, Step};
pub use crate::kdl::project::Counts;

/// Why a hazard was not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotCounted {
    /// The option `--counts none`.
    NotAsked,
    /// It calls something that a plan never runs: a function, such as `f(text)`, or something that runs one,
    /// such as `the type t`.
    Calls(String),
    /// It reads something that a plan must not read in this mode: `table users`, `view v`, `a subquery`.
    Reads(String),
    /// It could take unlimited memory or time: `a recursive query`.
    Unbounded(String),
    /// It is unknown what it calls, because the database could not be asked: the reason.
    Unknown(String),
    /// It exceeded the time limit of one count.
    TookLonger(Duration),
    /// The counts before it used up the time limit of all counts of a plan.
    NoTimeLeft(Duration),
    /// It exceeded the memory limit of a count, in bytes.
    TooMuchMemory(u64),
    /// The role has no privilege to read the rows.
    NoPrivilege,
    /// Row-level security would hide rows from the role.
    RowSecurity,
    /// The evaluation fails on the rows: the SQLSTATE or SQLite's code, and its meaning.
    Fails {
        /// The code.
        code: String,
        /// The meaning, in words that contain no value.
        meaning: String,
    },
}

impl std::fmt::Display for NotCounted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotCounted::NotAsked => f.write_str("disabled by --counts none"),
            NotCounted::Calls(what) => write!(f, "calls {what}"),
            NotCounted::Reads(what) => write!(f, "reads {what}"),
            NotCounted::Unbounded(what) => write!(f, "is unbounded: {what}"),
            NotCounted::Unknown(why) => f.write_str(why),
            NotCounted::TookLonger(limit) => write!(f, "took longer than {}", seconds(*limit)),
            NotCounted::NoTimeLeft(limit) => write!(f, "the counts of the plan took longer than {} in total", seconds(*limit)),
            NotCounted::TooMuchMemory(limit) => {
                write!(f, "needs more memory than {}", super::bytes(i64::try_from(*limit).unwrap_or(i64::MAX)))
            }
            NotCounted::NoPrivilege => f.write_str("the role lacks the privilege to read the rows"),
            NotCounted::RowSecurity => f.write_str("row-level security would hide rows from the role"),
            NotCounted::Fails { code, meaning } => write!(f, "{meaning} ({code})"),
        }
    }
}

/// Marks every hazard that would be counted as not requested. A possible violation then becomes a warning:
/// the database checks it when the plan is applied.
pub fn leave_uncounted(steps: &mut [Step]) {
    let counted = steps.iter_mut().flat_map(|s| &mut s.hazards).filter(|h| h.probe.is_some());
    counted.for_each(|h| {
        h.not_counted(NotCounted::NotAsked);
        if h.level == Level::Blocks {
            h.level = Level::Warns;
        }
    });
}

/// Formats a duration as `10 s`, `1.5 s`.
fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{:.1} s", time.as_secs_f64()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_short_clauses() {
        assert_eq!(NotCounted::Calls("f(text)".to_owned()).to_string(), "calls f(text)");
        assert_eq!(NotCounted::TookLonger(Duration::from_secs(10)).to_string(), "took longer than 10 s");
        assert_eq!(NotCounted::TookLonger(Duration::from_millis(1500)).to_string(), "took longer than 1.5 s");
        assert_eq!(NotCounted::TooMuchMemory(64 << 20).to_string(), "needs more memory than 64.0 MiB");
    }
}
