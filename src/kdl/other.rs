//! `view`, `trigger`, `virtual-table`, `ignore`, `unmanaged`.

use super::node::Node;
use super::writer::{Line, Writer};
use crate::schema::{Expr, Ignore, ObjectName, Origin, Trigger, Unmanaged, View, VirtualTable};

pub(super) fn decode_view(mut node: Node) -> Option<View> {
    let origin = node.origin();
    let name = node.object_name()?;
    let was = node.prop_ident("was").into_iter().collect();
    let columns = node.rest_idents("a column");
    if columns.iter().any(|c| c.as_str() == "prevent-destroy") {
        node.problem("a view holds no rows, so there is nothing to guard", "here", "take out prevent-destroy");
    }
    let query = sql_child(node, "as")?;
    Some(View { was, columns, origin, ..View::new(name, query) })
}

pub(super) fn decode_trigger(mut node: Node) -> Option<Trigger> {
    let origin = node.origin();
    let name = node.object_name()?;
    let was = node.prop_ident("was").into_iter().collect();
    let body = sql_child(node, "as")?;
    Some(Trigger { name, was, body, table: None, origin })
}

pub(super) fn decode_virtual(mut node: Node) -> Option<VirtualTable> {
    let origin = node.origin();
    let name = ObjectName::bare(node.required_name()?);
    let flags = node.rest();
    let prevent_destroy = flags.iter().any(|f| f.choice("a virtual table's flag", &[("prevent-destroy", ())]).is_some());
    let using = sql_child(node, "using")?;
    Some(VirtualTable { name, using, prevent_destroy, origin })
}

/// The one child that holds the object's SQL.
fn sql_child(node: Node, child_name: &'static str) -> Option<Expr> {
    let before = node.ctx.count();
    let mut sql = None;
    for child in node.children() {
        if child.name() == child_name && sql.is_none() {
            sql = Some(child.sql_word(child_name));
        } else if child.name() == child_name {
            child.problem(format!("`{child_name}` is given twice"), "the second", "keep one of the two");
        } else {
            child.unknown("node here:", &[child_name]);
        }
    }
    if sql.is_none() && node.ctx.count() == before {
        let help = format!("write `{} NAME {{ {child_name} \"SQL\" }}`", node.name());
        node.problem(format!("`{}` lacks its `{child_name}`", node.name()), "here", help);
    }
    node.finish(&["as", "using"]);
    sql.flatten()
}

/// The kinds of objects that there are, in any database.
const KINDS: [(&str, &str); 14] = [
    ("table", "table"),
    ("view", "view"),
    ("index", "index"),
    ("trigger", "trigger"),
    ("virtual-table", "virtual-table"),
    ("schema", "schema"),
    ("extension", "extension"),
    ("enum", "enum"),
    ("domain", "domain"),
    ("sequence", "sequence"),
    ("materialized-view", "materialized-view"),
    ("function", "function"),
    ("procedure", "procedure"),
    ("policy", "policy"),
];

pub(super) fn decode_include(mut node: Node) {
    let words = node.rest();
    for word in &words {
        word.text("a path");
    }
    if words.is_empty() {
        node.problem("`include` names no file", "here", "write `include \"tables/*.kdl\"`");
    }
    node.finish(&[]);
}

pub(super) fn decode_ignore(mut node: Node) -> Vec<Ignore> {
    let before = node.ctx.count();
    let kind = node.prop("kind").and_then(|a| a.choice("kind=", &KINDS)).map(str::to_owned);
    let patterns: Vec<String> = node.rest().iter().filter_map(|a| a.text("a pattern").map(str::to_owned)).collect();
    if patterns.is_empty() && node.ctx.count() == before {
        node.problem("`ignore` names no pattern", "here", "write `ignore \"legacy_*\"`");
    }
    node.finish(&[]);
    patterns.into_iter().map(|pattern| Ignore { pattern, kind: kind.clone() }).collect()
}

pub(super) fn decode_unmanaged(mut node: Node) -> Option<Unmanaged> {
    let origin: Origin = node.origin();
    let help = "write `unmanaged KIND \"NAME\"`";
    let kind = node.required("a kind", help)?.text("a kind")?.to_owned();
    let name = node.required("a name", help)?.text("a name")?.to_owned();
    let reason = node.prop_text("reason");
    node.finish(&[]);
    Some(Unmanaged { kind, name, reason, origin })
}

pub(super) fn encode_view(view: &View, out: &mut Writer) {
    out.sql_block(named("view", &view.name).idents(&view.columns), "as", &view.query.text);
}

pub(super) fn encode_trigger(trigger: &Trigger, out: &mut Writer) {
    out.sql_block(named("trigger", &trigger.name), "as", &trigger.body.text);
}

pub(super) fn encode_virtual(table: &VirtualTable, out: &mut Writer) {
    let line = named("virtual-table", &table.name);
    let line = if table.prevent_destroy { line.word("prevent-destroy") } else { line };
    out.sql_block(line, "using", &table.using.text);
}

fn named(kind: &str, name: &ObjectName) -> Line {
    let line = Line::new(kind).ident(&name.name);
    line.maybe_prop("schema", name.schema.as_ref().map(|s| s.as_str()))
}

pub(super) fn encode_ignore(ignore: &Ignore, out: &mut Writer) {
    out.line(Line::new("ignore").word(&super::quoted(&ignore.pattern)).maybe_prop("kind", ignore.kind.as_deref()));
}

pub(super) fn encode_unmanaged(unmanaged: &Unmanaged, out: &mut Writer) {
    let line = Line::new("unmanaged").text(&unmanaged.kind).word(&super::quoted(&unmanaged.name));
    out.line(line.maybe_prop("reason", unmanaged.reason.as_deref()));
}
