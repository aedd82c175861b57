//! What there is to say besides a plan, on standard error.

use super::output;
use crate::apply::Remarks;
use crate::plan::{Allowed, Level, Plan};
use crate::schema::Address;

/// Says it.
pub(super) fn tell(remarks: &Remarks) {
    output::err(&told(remarks));
}

/// Says what may be no difference at all.
pub(super) fn tell_unsettled(unsettled: &[Address]) {
    if !unsettled.is_empty() {
        let names: Vec<String> = unsettled.iter().map(|a| crate::render::escape(&a.to_string())).collect();
        output::err(&format!("only the server can tell whether these differ at all, in their expressions: {}\n", names.join(", ")));
    }
}

/// Says which leave was given for nothing: all that is covered by one that helped has been marked.
pub(super) fn unused(allowed: &[Allowed], judged: &Plan) {
    for leave in allowed.iter().filter(|a| !judged.hazards().any(|h| (h.allowed || h.level == Level::Destroys) && a.covers(h))) {
        output::err(&format!("warning: --allow {}: the plan has nothing that needs it\n", crate::render::escape(&leave.to_string())));
    }
}

fn told(remarks: &Remarks) -> String {
    let mut text = String::new();
    if !remarks.left_alone.is_empty() {
        let names: Vec<String> = remarks.left_alone.iter().map(|n| crate::render::escape(n)).collect();
        text.push_str(&format!("left alone, because the schema file does not name them: schema {}\n", names.join(", ")));
    }
    if remarks.unasked {
        text.push_str("the server takes no temporary objects from this role, so expressions are compared by their text alone\n");
    }
    if remarks.history_unread {
        text.push_str("the role may not read _rosey_history, so what `prevent-destroy` guards and what has drifted is not known\n");
    }
    if let Some(later) = &remarks.later {
        let later = crate::render::escape(later);
        text.push_str(&format!("{later}: what has changed since is not known, and apply refuses; use that version, or a later one\n"));
    }
    text
}
