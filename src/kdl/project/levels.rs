//! `lint { CODE LEVEL }`: the levels of findings. The caller knows which codes exist.

use super::{Seen, choice};
use crate::kdl::node::Node;
use crate::schema::{Problem, nearest};

/// The level of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It is not reported.
    Off,
    /// Worth knowing.
    Note,
    /// Most likely a mistake that will cause problems.
    Warning,
    /// It cannot work.
    Error,
}

impl Severity {
    /// All values, with their keywords.
    pub const ALL: [(&'static str, Severity); 4] =
        [("error", Severity::Error), ("warning", Severity::Warning), ("note", Severity::Note), ("off", Severity::Off)];

    /// Returns its name in files and JSON.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, s)| *s == self).map_or("", |(w, _)| w)
    }
}

/// A code, and the reason if its level cannot be set.
pub type Levelled<'c> = (&'c str, Option<&'c str>);

/// Reads the block; `known` are the existing codes.
pub(super) fn decode(node: Node, known: &[Levelled]) -> Vec<(String, Severity)> {
    let (mut levels, mut seen) = (Vec::new(), Seen::default());
    for mut child in node.children() {
        let code = child.name();
        if known.iter().all(|(c, why)| *c != code || why.is_some()) {
            refused(&child, known);
            continue;
        }
        seen.note(&child, format!("`{code}`"));
        levels.extend(choice(&mut child, &Severity::ALL).map(|level| (code.to_owned(), level)));
        child.finish(&[]);
    }
    if levels.is_empty() && node.children().is_empty() {
        node.problem("`lint` does not set a level", "here", "write `lint { CODE off }`; the levels are error, warning, note and off");
    }
    node.finish(&["code"]);
    levels
}

fn refused(child: &Node, known: &[Levelled]) {
    let name = child.name();
    if let Some((_, Some(why))) = known.iter().find(|(c, _)| *c == name) {
        let problem = Problem::new(format!("the level of `{name}` cannot be set"), child.at(), "here");
        return child.ctx.problem(problem.help(*why));
    }
    let settable = known.iter().filter(|(_, why)| why.is_none()).map(|(c, _)| *c);
    let help = match nearest(name, settable) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`rosey explain` lists all codes".to_owned(),
    };
    let problem = Problem::new(format!("unknown code `{name}`"), child.at(), "not recognized");
    child.ctx.problem(problem.help(help));
}
