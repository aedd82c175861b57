//! `check "CONDITION"`, `check NAME "CONDITION"`, of a table, a column or a domain.

use super::node::{Arg, Node};
use super::writer::{self, Line, Writer};
use crate::schema::{Check, Directives, Ident};

pub(super) fn decode(mut node: Node) -> Option<Check> {
    let origin = node.origin();
    let first = node.required("a condition", "write `check \"CONDITION\"` or `check NAME \"CONDITION\"`")?;
    let second = node.next();
    let (name, condition): (Option<Arg>, Arg) = match second {
        Some(condition) => (Some(first), condition),
        None => (None, first),
    };
    let name = name.and_then(|a| a.ident("a check name"));
    let mut was: Vec<Ident> = node.prop_ident("was").into_iter().collect();
    let no_inherit = node.prop_bool("no-inherit");
    let not_valid = node.prop_bool("not-valid");
    let comment = node.prop_text("comment");
    let expr = condition.expr("a check condition");
    node.only_old_names(&mut was);
    node.finish(&["was"]);
    Some(Check { name, no_inherit, not_valid, comment, directives: Directives { was, ..Directives::at(origin) }, ..Check::new(expr?) })
}

pub(super) fn encode(check: &Check, out: &mut Writer) {
    let line = check.name.iter().fold(Line::new("check"), Line::ident).sql(&check.expr);
    let line = line.flag_prop("no-inherit", check.no_inherit).flag_prop("not-valid", check.not_valid);
    let line = line.was(&check.was).maybe_prop("comment", check.comment.as_deref());
    out.node(line, writer::was(&check.was).into_iter().collect());
}
