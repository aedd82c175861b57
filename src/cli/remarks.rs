//! What there is to say besides a plan, on standard error.

use super::output;
use crate::apply::postgres::Remarks;
use crate::plan::{Allowed, Plan};

/// Says it.
pub(super) fn tell(remarks: &Remarks) {
    output::err(&told(remarks));
}

/// Says which leave was given for nothing.
pub(super) fn unused(allowed: &[Allowed], plan: &Plan) {
    for leave in allowed.iter().filter(|a| !plan.hazards().any(|h| a.covers(h))) {
        output::err(&format!("warning: --allow {}: the plan destroys no such thing\n", crate::render::escape(&leave.to_string())));
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
    text
}
