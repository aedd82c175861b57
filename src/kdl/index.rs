//! `index NAME COLUMN… where="…"`, or with `part` children if a part is more than a column.

use super::allow;
use super::node::Node;
use super::writer::{self, Line, Writer};
use crate::schema::{Dialect, Ident, Index, IndexPart, NullsOrder, PartKey};

const CHILDREN: [&str; 5] = ["part", "include", "with", "was", "allow"];

pub(super) fn decode(mut node: Node) -> Option<Index> {
    let before = node.ctx.count();
    let mut index = Index::new(node.required_name()?);
    index.origin = node.origin();
    index.only = node.only;
    for arg in node.rest() {
        if arg.is_sql() {
            index.parts.extend(arg.expr("the index part").map(|e| IndexPart::new(PartKey::Expr(e))));
        } else {
            index.parts.extend(arg.ident("a column").map(|c| IndexPart::new(PartKey::Column(c))));
        }
    }
    index.was.extend(node.prop_ident("was"));
    index.unique = node.prop_bool("unique");
    index.predicate = node.prop("where").and_then(|a| a.expr("`where=`"));
    index.method = node.prop_text("using").filter(|m| m != "btree");
    index.nulls_not_distinct = node.prop_bool("nulls-not-distinct");
    index.comment = node.prop_text("comment");
    for mut child in node.children() {
        match child.name() {
            "part" => {
                index.parts.extend(decode_part(child));
                continue;
            }
            "allow" => {
                index.allows.0.extend(allow::decode(child));
                continue;
            }
            "include" => index.include.extend(child.rest_idents("an included column")),
            "was" => index.was.extend(child.old_names()),
            "with" => index.with.extend(child.storage_parameters()),
            _ => {
                child.unknown("node in an index:", &CHILDREN);
                continue;
            }
        }
        child.finish(&[]);
    }
    if index.parts.is_empty() && node.ctx.count() == before {
        node.problem(format!("index `{}` has no columns", index.name), "here", "write `index NAME COLUMN…`");
    }
    node.finish(&CHILDREN);
    Some(index)
}

pub(super) fn decode_part(mut node: Node) -> Option<IndexPart> {
    let arg = node.required("a column or an expression", "write `part COLUMN` or `part (sql)\"EXPRESSION\"`")?;
    let key = if arg.is_sql() { PartKey::Expr(arg.expr("the index part")?) } else { PartKey::Column(arg.ident("a column")?) };
    let part = IndexPart {
        key,
        collate: node.prop_ident("collate"),
        desc: node.prop("order").and_then(|a| a.choice("`order=`", &[("asc", false), ("desc", true)])).unwrap_or(false),
        nulls: node.prop("nulls").and_then(|a| a.choice("`nulls=`", &[("first", NullsOrder::First), ("last", NullsOrder::Last)])),
        opclass: node.prop_text("opclass"),
    };
    node.finish(&[]);
    Some(part)
}

pub(super) fn encode(index: &Index, out: &mut Writer) {
    let mut line = Line::new("index").ident(&index.name);
    let short = index.parts.iter().all(|p| p.column().is_some() && *p == IndexPart::new(p.key.clone()));
    if short {
        line = line.idents(index.parts.iter().filter_map(IndexPart::column));
    }
    line = line.flag_prop("unique", index.unique);
    if let Some(predicate) = &index.predicate {
        line = line.sql_prop("where", predicate);
    }
    line = line.maybe_prop("using", index.method.as_deref());
    line = line.flag_prop("nulls-not-distinct", index.nulls_not_distinct);
    line = line.maybe_prop("only", index.only.0.map(Dialect::word));
    line = line.was(&index.was).maybe_prop("comment", index.comment.as_deref());
    let mut children = Vec::new();
    if !short {
        children.extend(index.parts.iter().map(part_line));
    }
    children.extend(writer::include(&index.include).into_iter().chain(writer::with(&index.with)).chain(writer::was(&index.was)));
    children.extend(allow::lines(&index.allows));
    if children.len() == 1 && !short {
        // A single part keeps its own lines: it is what defines the index.
        out.open(line);
        children.into_iter().for_each(|c| out.line(c));
        out.close();
    } else {
        out.node(line, children);
    }
}

pub(super) fn part_line(part: &IndexPart) -> Line {
    let line = match &part.key {
        PartKey::Column(c) => Line::new("part").ident(c),
        PartKey::Expr(e) => Line::new("part").word(&format!("(sql){}", super::quoted(&e.text))),
    };
    let line = line.maybe_prop("collate", part.collate.as_ref().map(Ident::as_str));
    let line = if part.desc { line.prop("order", "desc") } else { line };
    let nulls = part.nulls.map(|n| if n == NullsOrder::First { "first" } else { "last" });
    line.maybe_prop("nulls", nulls).maybe_prop("opclass", part.opclass.as_deref())
}
