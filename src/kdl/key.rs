//! `primary-key` and `unique`, and when they can be flags of their column.

use super::node::{Ctx, Node};
use super::writer::{self, Line, Writer};
use crate::schema::{Column, Conflict, Deferrable, Directives, Ident, KeyPart, PrimaryKey, Problem, Table, Unique};

/// `abort` is the default, so it is the same as no clause.
pub(super) const CONFLICTS: [(&str, Option<Conflict>); 5] = [
    ("rollback", Some(Conflict::Rollback)),
    ("abort", None),
    ("fail", Some(Conflict::Fail)),
    ("ignore", Some(Conflict::Ignore)),
    ("replace", Some(Conflict::Replace)),
];

pub(super) fn set_primary_key(ctx: &Ctx, table: &mut Table, key: PrimaryKey) {
    if let Some(first) = &table.primary_key {
        ctx.problem(
            Problem::new(format!("table `{}` has two primary keys", table.name), first.origin.0, "the first")
                .also(key.origin.0, "the second")
                .help("for a multicolumn key, write one node: primary-key a b"),
        );
    } else {
        table.primary_key = Some(key);
    }
}

pub(super) fn decode_primary_key(mut node: Node, table: &mut Table) {
    let key = PrimaryKey {
        name: node.prop_ident("name"),
        conflict: node.prop("on-conflict").and_then(|a| a.choice("`on-conflict=`", &CONFLICTS)).flatten(),
        autoincrement: node.prop_bool("autoincrement"),
        deferrable: node.prop("deferrable").and_then(|a| a.choice("`deferrable=`", &Deferrable::ALL)),
        comment: node.prop_text("comment"),
        directives: Directives::at(node.origin()),
        ..PrimaryKey::new(Vec::new())
    };
    let children = Children::decode(&mut node, &["part", "include"]);
    let ctx = node.ctx;
    node.finish(&["part"]);
    if !children.parts.is_empty() {
        set_primary_key(ctx, table, PrimaryKey { parts: children.parts, include: children.include, ..key });
    }
}

pub(super) fn decode_unique(mut node: Node, table: &mut Table) {
    let mut unique = Unique {
        name: node.prop_ident("name"),
        conflict: node.prop("on-conflict").and_then(|a| a.choice("`on-conflict=`", &CONFLICTS)).flatten(),
        deferrable: node.prop("deferrable").and_then(|a| a.choice("`deferrable=`", &Deferrable::ALL)),
        nulls_not_distinct: node.prop_bool("nulls-not-distinct"),
        comment: node.prop_text("comment"),
        directives: Directives { was: node.prop_ident("was").into_iter().collect(), ..Directives::at(node.origin()) },
        ..Unique::new(Vec::new())
    };
    let children = Children::decode(&mut node, &["part", "include", "was"]);
    node.finish(&["part"]);
    unique.was.extend(children.was);
    if !children.parts.is_empty() {
        table.uniques.push(Unique { parts: children.parts, include: children.include, ..unique });
    }
}

/// What a key or unique constraint consists of: its columns, as words, or as `part` children if one has an
/// order or a collation of its own.
struct Children {
    parts: Vec<KeyPart>,
    include: Vec<Ident>,
    was: Vec<Ident>,
}

impl Children {
    fn decode(node: &mut Node, known: &[&'static str]) -> Children {
        let before = node.ctx.count();
        let parts = node.rest_idents("a column").into_iter().map(KeyPart::plain).collect();
        let mut all = Children { parts, include: Vec::new(), was: Vec::new() };
        for mut child in node.children() {
            match child.name() {
                "part" => {
                    all.parts.extend(decode_part(child));
                    continue;
                }
                "include" => all.include.extend(child.rest_idents("an included column")),
                "was" if known.contains(&"was") => all.was.extend(child.old_names()),
                _ => {
                    child.unknown("child node:", known);
                    continue;
                }
            }
            child.finish(&[]);
        }
        if all.parts.is_empty() && node.ctx.count() == before {
            node.problem(format!("`{}` has no columns", node.name()), "here", format!("write `{} COLUMN…`", node.name()));
        }
        all
    }
}

fn decode_part(mut node: Node) -> Option<KeyPart> {
    let column = node.required_name()?;
    let collate = node.prop_ident("collate");
    let desc = node.prop("order").and_then(|a| a.choice("`order=`", &[("asc", false), ("desc", true)])).unwrap_or(false);
    node.finish(&[]);
    Some(KeyPart { column, collate, desc })
}

/// Returns whether a key can be a flag of its column. `on-conflict=` then belongs to the key, so the column
/// has no other.
pub(super) fn key_is_inline(key: &PrimaryKey, table: &Table) -> bool {
    let column = |p: &KeyPart| table.columns.get(&p.column).is_some_and(|c| c.not_null_conflict.is_none());
    key.name.is_none()
        && key.deferrable.is_none()
        && key.include.is_empty()
        && key.comment.is_none()
        && matches!(key.parts.as_slice(), [p] if p.collate.is_none() && (!p.desc || key.inline_desc) && column(p))
}

/// Returns the unique constraint that can be a flag of its column. `on-conflict=` then belongs to the
/// constraint, unless it is the key's.
pub(super) fn inline_unique<'a>(column: &Column, table: &'a Table) -> Option<&'a Unique> {
    let is_key = table.primary_key.as_ref().is_some_and(|k| key_is_inline(k, table) && k.parts[0].column == column.name);
    table.uniques.iter().find(|u| {
        u.name.is_none()
            && u.deferrable.is_none()
            && !u.nulls_not_distinct
            && u.include.is_empty()
            && u.comment.is_none()
            && u.was.is_empty()
            && matches!(u.parts.as_slice(), [p] if p.column == column.name && p.collate.is_none() && !p.desc)
            && column.not_null_conflict.is_none()
            && (!is_key || u.conflict.is_none())
            && !table.uniques.iter().any(|other| other.conflict != u.conflict && other.parts == u.parts)
    })
}

pub(super) fn encode(table: &Table, out: &mut Writer) {
    if let Some(key) = table.primary_key.as_ref().filter(|k| !key_is_inline(k, table)) {
        let line = encode_rule(Line::new("primary-key"), &key.parts, key.name.as_ref(), key.conflict);
        let line = line.flag_prop("autoincrement", key.autoincrement);
        let line = line.maybe_prop("deferrable", key.deferrable.map(Deferrable::word)).maybe_prop("comment", key.comment.as_deref());
        out.node(line, part_lines(&key.parts).into_iter().chain(writer::include(&key.include)).collect());
    }
    for unique in &table.uniques {
        let inline = table.columns.values().any(|c| inline_unique(c, table).is_some_and(|u| std::ptr::eq(u, unique)));
        if inline {
            continue;
        }
        let line = encode_rule(Line::new("unique"), &unique.parts, unique.name.as_ref(), unique.conflict);
        let line = line.maybe_prop("deferrable", unique.deferrable.map(Deferrable::word));
        let line = line.flag_prop("nulls-not-distinct", unique.nulls_not_distinct);
        let line = line.was(&unique.was).maybe_prop("comment", unique.comment.as_deref());
        let more = writer::include(&unique.include).into_iter().chain(writer::was(&unique.was));
        out.node(line, part_lines(&unique.parts).into_iter().chain(more).collect());
    }
}

fn plain(parts: &[KeyPart]) -> bool {
    parts.iter().all(|p| p.collate.is_none() && !p.desc)
}

fn encode_rule(line: Line, parts: &[KeyPart], name: Option<&Ident>, conflict: Option<Conflict>) -> Line {
    let line = if plain(parts) { line.idents(parts.iter().map(|p| &p.column)) } else { line };
    line.maybe_prop("name", name.map(Ident::as_str)).maybe_prop("on-conflict", conflict.map(Conflict::word))
}

fn part_lines(parts: &[KeyPart]) -> Vec<Line> {
    if plain(parts) {
        return Vec::new();
    }
    let line = |p: &KeyPart| {
        let line = Line::new("part").ident(&p.column).maybe_prop("collate", p.collate.as_ref().map(Ident::as_str));
        if p.desc { line.prop("order", "desc") } else { line }
    };
    parts.iter().map(line).collect()
}
