//! `virtual-table`, `ignore`, `unmanaged`.

use super::allow;
use super::node::Node;
use super::writer::{Line, Writer};
use crate::schema::{Allows, AnyKind, Directives, Expr, Head, Ignore, Kind, ObjectName, Origin, Unmanaged, VirtualTable};

pub(super) fn decode_virtual(mut node: Node) -> Option<VirtualTable> {
    let origin = node.origin();
    let name = ObjectName::bare(node.required_name()?);
    let flags = node.rest();
    let prevent_destroy = flags.iter().any(|f| f.flag("virtual table flag", &[("prevent-destroy", ())]).is_some());
    let mut allows = Allows::default();
    let using = sql_child(node, "using", &["using", "allow"], |child| allows.0.extend(allow::decode(child)))?;
    let directives = Directives { prevent_destroy, allows, ..Directives::at(origin) };
    Some(VirtualTable { head: Head { directives, ..Head::new(name) }, using })
}

/// Reads the only child that contains the object's SQL. `other` reads the other children that are `known`.
pub(super) fn sql_child<'a>(
    node: Node<'a>,
    child_name: &'static str,
    known: &[&'static str],
    mut other: impl FnMut(Node<'a>),
) -> Option<Expr> {
    let before = node.ctx.count();
    let mut sql = None;
    for child in node.children() {
        if child.name() == child_name && sql.is_none() {
            sql = Some(child.statement(child_name));
        } else if child.name() == child_name {
            child.problem(format!("`{child_name}` is specified twice"), "the second", "keep one of the two");
        } else if known.contains(&child.name()) {
            other(child);
        } else {
            child.unknown("child node:", known);
        }
    }
    if sql.is_none() && node.ctx.count() == before && !node.has_prop(child_name) {
        let help = format!("write `{} NAME {{ {child_name} \"SQL\" }}`", node.name());
        node.problem(format!("`{}` is missing `{child_name}`", node.name()), "here", help);
    }
    node.finish(known);
    sql.flatten()
}

pub(super) fn decode_include(mut node: Node) {
    let words = node.rest();
    for word in &words {
        word.text("a path");
    }
    if words.is_empty() {
        node.problem("`include` has no path", "here", "write `include \"tables/*.kdl\"`");
    }
    node.finish(&[]);
}

pub(super) fn decode_ignore(mut node: Node) -> Vec<Ignore> {
    let before = node.ctx.count();
    let kinds: Vec<(&str, &str)> = AnyKind::ignorable().map(|word| (word, word)).collect();
    let kind = node.prop("kind").and_then(|a| a.choice("`kind=`", &kinds)).map(AnyKind::of_word);
    let patterns: Vec<String> = node.rest().iter().filter_map(|a| a.text("a pattern").map(str::to_owned)).collect();
    if patterns.is_empty() && node.ctx.count() == before {
        node.problem("`ignore` has no pattern", "here", "write `ignore \"legacy_*\"`");
    }
    node.finish(&[]);
    patterns.into_iter().map(|pattern| Ignore { pattern, kind: kind.clone() }).collect()
}

pub(super) fn decode_unmanaged(mut node: Node) -> Option<Unmanaged> {
    let origin: Origin = node.origin();
    let help = "write `unmanaged KIND \"NAME\"`";
    let kind = AnyKind::of_word(node.required("a kind", help)?.text("a kind")?);
    let name = node.required("a name", help)?.text("a name")?.to_owned();
    let reason = node.prop_text("reason");
    let digest = node.prop_text("digest");
    node.finish(&[]);
    Some(Unmanaged { kind, name, reason, digest, origin })
}

pub(super) fn encode_virtual(table: &VirtualTable, out: &mut Writer) {
    let line = Line::named(Kind::VirtualTable, &table.name);
    let line = if table.prevent_destroy { line.word("prevent-destroy") } else { line };
    out.sql_block(line, "using", &table.using.text, allow::lines(&table.allows));
}

pub(super) fn encode_ignore(ignore: &Ignore, out: &mut Writer) {
    out.line(Line::new("ignore").text(&ignore.pattern).maybe_prop("kind", ignore.kind.as_ref().map(AnyKind::word)));
}

pub(super) fn encode_unmanaged(unmanaged: &Unmanaged, out: &mut Writer) {
    let line = Line::new("unmanaged").text(unmanaged.kind.word()).text(&unmanaged.name);
    out.line(line.maybe_prop("digest", unmanaged.digest.as_deref()).maybe_prop("reason", unmanaged.reason.as_deref()));
}
