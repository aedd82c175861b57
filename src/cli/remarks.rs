//! Remarks on a plan, on standard error.

use super::output;
use crate::apply::Remarks;
use crate::plan::{Allowed, Level, Plan};
use crate::schema::Address;

pub(super) fn tell(remarks: &Remarks) {
    output::err(&told(remarks));
}

/// Reports differences that may be none.
pub(super) fn tell_unsettled(unsettled: &[Address]) {
    if !unsettled.is_empty() {
        let names: Vec<String> = unsettled.iter().map(|a| crate::render::escape(&a.to_string())).collect();
        output::err(&format!("these may not differ; only the server can compare their expressions: {}\n", names.join(", ")));
    }
}

/// Reports permissions that had no effect: everything that a used one covers has been marked.
pub(super) fn unused(allowed: &[Allowed], judged: &Plan) {
    for permission in allowed.iter().filter(|a| !judged.hazards().any(|h| (h.allowed || h.level == Level::Destroys) && a.covers(h))) {
        output::err(&format!("warning: --allow {}: nothing in the plan needs it\n", crate::render::escape(&permission.to_string())));
    }
}

fn told(remarks: &Remarks) -> String {
    let mut text = String::new();
    if !remarks.left_alone.is_empty() {
        let names: Vec<String> = remarks.left_alone.iter().map(|n| crate::render::escape(n)).collect();
        text.push_str(&format!("left unchanged because the schema file does not mention them: schema {}\n", names.join(", ")));
    }
    if remarks.unasked {
        text.push_str("the role cannot create temporary objects, so expressions are compared only by their text\n");
    }
    if remarks.history_unread {
        text.push_str("the role cannot read _rosey_history, so `prevent-destroy` guards and drift are not known\n");
    }
    if let Some(later) = &remarks.later {
        let later = crate::render::escape(later);
        text.push_str(&format!("{later}: drift is not known and apply is refused; use that version of rosey or a newer one\n"));
    }
    text
}
