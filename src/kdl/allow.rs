//! `allow CODE "reason"`, in any object that a lint rule can check. The reason is required; the linter checks
//! whether the code exists.

use super::node::Node;
use super::writer::Line;
use crate::schema::{Allow, Allows};

pub(super) fn decode(mut node: Node) -> Option<Allow> {
    let origin = node.origin();
    let help = "write `allow CODE \"REASON\"`";
    let code = node.required("a code", help).and_then(|a| a.ident("a code"));
    let reason = match (&code, node.next()) {
        (Some(_), Some(arg)) => reason(arg),
        (Some(code), None) => {
            node.problem(format!("`allow {code}` has no reason"), "here", format!("write `allow {code} \"REASON\"`"));
            None
        }
        (None, _) => None,
    };
    node.finish(&[]);
    Some(Allow { code: code?.as_str().to_owned(), reason: reason?, origin })
}

fn reason(arg: super::node::Arg) -> Option<String> {
    let text = arg.text("a reason")?.trim();
    if text.is_empty() {
        let problem = crate::schema::Problem::new("the reason is empty", arg.span(), "here");
        arg.ctx.problem(problem.help("write the reason between the quotes"));
        return None;
    }
    Some(text.to_owned())
}

pub(super) fn lines(allows: &Allows) -> Vec<Line> {
    let line = |a: &Allow| Line::new("allow").text(&a.code).text(&a.reason);
    allows.0.iter().map(line).collect()
}
