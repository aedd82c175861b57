//! `primary-key`, `unique`, `check`, `foreign-key`, and the same where they are written at a column.

use super::column::action;
use super::node::{Arg, Ctx, Node};
use super::writer::{Line, Writer};
use crate::schema::{
    Check, Column, Conflict, Deferrable, ForeignKey, Ident, KeyPart, ObjectName, PrimaryKey, Problem, RefAction, Table, Unique,
};

/// `abort` is the default, so it is no clause at all.
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
                .help("for a key of several columns write one node: primary-key a b"),
        );
    } else {
        table.primary_key = Some(key);
    }
}

pub(super) fn decode_primary_key(mut node: Node, table: &mut Table) {
    let name = node.prop_ident("name");
    let conflict = node.prop("on-conflict").and_then(|a| a.choice("on-conflict=", &CONFLICTS)).flatten();
    let autoincrement = node.prop_bool("autoincrement");
    let parts = decode_parts(&mut node);
    let (ctx, origin) = (node.ctx, node.origin());
    node.finish(&["part"]);
    if !parts.is_empty() {
        set_primary_key(ctx, table, PrimaryKey { name, conflict, autoincrement, origin, ..PrimaryKey::new(parts) });
    }
}

pub(super) fn decode_unique(mut node: Node, table: &mut Table) {
    let mut unique = Unique {
        name: node.prop_ident("name"),
        was: node.prop_ident("was").into_iter().collect(),
        parts: decode_parts(&mut node),
        conflict: node.prop("on-conflict").and_then(|a| a.choice("on-conflict=", &CONFLICTS)).flatten(),
        deferrable: node.prop("deferrable").and_then(|a| a.choice("deferrable=", &Deferrable::ALL)),
        nulls_not_distinct: node.prop_bool("nulls-not-distinct"),
        include: Vec::new(),
        comment: node.prop_text("comment"),
        origin: node.origin(),
    };
    for mut child in node.children() {
        if child.name() == "include" {
            unique.include.extend(child.rest_idents("an included column"));
            child.finish(&[]);
        }
    }
    node.finish(&["part", "include"]);
    if !unique.parts.is_empty() {
        table.uniques.push(unique);
    }
}

/// The columns of a key: as words, or as `part` children where one has an order or a collation of its own.
fn decode_parts(node: &mut Node) -> Vec<KeyPart> {
    let before = node.ctx.count();
    let mut parts: Vec<KeyPart> = node.rest_idents("a column").into_iter().map(KeyPart::plain).collect();
    for mut child in node.children() {
        match child.name() {
            "part" => {
                let Some(column) = child.required_name() else { continue };
                let collate = child.prop_ident("collate");
                let desc = child.prop("order").and_then(|a| a.choice("order=", &[("asc", false), ("desc", true)])).unwrap_or(false);
                child.finish(&[]);
                parts.push(KeyPart { column, collate, desc });
            }
            "include" if node.name() == "unique" => {}
            _ if node.name() == "unique" => child.unknown("node here:", &["part", "include"]),
            _ => child.unknown("node here:", &["part"]),
        }
    }
    if parts.is_empty() && node.ctx.count() == before {
        node.problem(format!("`{}` names no column", node.name()), "here", format!("write `{} COLUMN…`", node.name()));
    }
    parts
}

pub(super) fn decode_check(mut node: Node) -> Option<Check> {
    let origin = node.origin();
    let first = node.required("its condition", "write `check \"CONDITION\"` or `check NAME \"CONDITION\"`")?;
    let second = node.next();
    let (name, condition): (Option<Arg>, Arg) = match second {
        Some(condition) => (Some(first), condition),
        None => (None, first),
    };
    let name = name.and_then(|a| a.ident("a check's name"));
    let was = node.prop_ident("was").into_iter().collect();
    let expr = condition.expr("a check's condition");
    node.finish(&[]);
    Some(Check { name, was, origin, ..Check::new(expr?) })
}

pub(super) fn decode_foreign_key(mut node: Node, table: &mut Table) {
    let before = node.ctx.count();
    let columns = node.rest_idents("a column");
    if columns.is_empty() && node.ctx.count() == before {
        node.problem("`foreign-key` names no column", "here", "write `foreign-key COLUMN… references=\"table(column, …)\"`");
    }
    let name = node.prop_ident("name");
    let was = node.prop_ident("was").into_iter().collect();
    let dangling = node.prop_bool("dangling");
    match decode_references(&mut node, columns) {
        Some(fk) if !fk.columns.is_empty() => table.foreign_keys.push(ForeignKey { name, was, dangling, ..fk }),
        Some(_) => {}
        None if node.ctx.count() > before => {}
        None => node.problem("`foreign-key` lacks `references=`", "here", "write `foreign-key COLUMN… references=\"table(column, …)\"`"),
    }
    node.finish(&[]);
}

/// `references=` and what goes with it. `None` where there is no (readable) `references=`.
pub(super) fn decode_references(node: &mut Node, columns: Vec<Ident>) -> Option<ForeignKey> {
    let target = node.prop("references");
    let on_delete = node.prop("on-delete").and_then(|a| a.choice("on-delete=", &RefAction::ALL));
    let on_update = node.prop("on-update").and_then(|a| a.choice("on-update=", &RefAction::ALL));
    let matching = node.prop_ident("match").filter(|m| !m.as_str().eq_ignore_ascii_case("simple"));
    let deferrable = node.prop("deferrable").and_then(|a| a.choice("deferrable=", &Deferrable::ALL));
    let Some(arg) = target else {
        if on_delete.is_some() || on_update.is_some() || matching.is_some() || (deferrable.is_some() && node.name() == "column") {
            node.problem("there is no `references=` for this to be about", "here", "add references=\"table(column)\"");
        }
        return None;
    };
    let text = arg.text("references=")?;
    let Some((table, to)) = parse_target(node.ctx, text) else {
        let problem = Problem::new(format!("`{text}` is no target of a foreign key"), arg.span(), "not understood");
        node.ctx.problem(problem.help("write references=\"table(column, …)\", references=\"table.column\" or references=\"table\""));
        return None;
    };
    let (on_delete, on_update) = (on_delete.unwrap_or_default(), on_update.unwrap_or_default());
    let origin = arg.origin();
    let to = to.into_iter().map(|c| c.at(origin)).collect();
    Some(ForeignKey { to, on_delete, on_update, matching, deferrable, origin, ..ForeignKey::new(columns, table) })
}

/// `[schema.]table(col, …)`, `table` or `table.column`; names with other characters stand in double quotes.
fn parse_target(ctx: &Ctx, text: &str) -> Option<(ObjectName, Vec<Ident>)> {
    let mut rest = text.trim();
    let mut path = vec![take_name(&mut rest)?];
    while let Some(after) = rest.strip_prefix('.') {
        rest = after;
        path.push(take_name(&mut rest)?);
    }
    let mut to = Vec::new();
    let listed = rest.trim_start().strip_prefix('(');
    if let Some(inner) = listed {
        rest = inner.trim_start();
        loop {
            to.push(ctx.ident(&take_name(&mut rest)?));
            rest = rest.trim_start();
            match rest.strip_prefix(',') {
                Some(after) => rest = after.trim_start(),
                None => break,
            }
        }
        rest = rest.strip_prefix(')')?;
    }
    if !rest.trim().is_empty() {
        return None;
    }
    let name = |n: &String| ctx.ident(n);
    match (path.as_slice(), listed.is_some()) {
        ([table], _) => Some((ObjectName::bare(name(table)), to)),
        ([schema, table], true) => Some((ObjectName { schema: Some(name(schema)), name: name(table) }, to)),
        ([table, column], false) => Some((ObjectName::bare(name(table)), vec![name(column)])),
        _ => None,
    }
}

fn take_name(rest: &mut &str) -> Option<String> {
    if let Some(inner) = rest.strip_prefix('"') {
        let mut name = String::new();
        let mut chars = inner.char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            if c != '"' {
                name.push(c);
            } else if chars.next_if(|(_, n)| *n == '"').is_some() {
                name.push('"');
            } else {
                *rest = &inner[i + 1..];
                return (!name.is_empty()).then_some(name);
            }
        }
        return None;
    }
    let end = rest.find(['.', '(', ')', ',', '"']).unwrap_or(rest.len());
    let name = rest[..end].trim_end();
    *rest = &rest[end..];
    (!name.is_empty()).then(|| name.to_owned())
}

/// A key that can be the flag of its column. `on-conflict=` there is the key's, so the column has no other.
pub(super) fn key_is_inline(key: &PrimaryKey, table: &Table) -> bool {
    let column = |p: &KeyPart| table.columns.get(&p.column).is_some_and(|c| c.not_null_conflict.is_none());
    key.name.is_none() && matches!(key.parts.as_slice(), [p] if p.collate.is_none() && (!p.desc || key.inline_desc) && column(p))
}

/// The unique rule that can be the flag of its column. `on-conflict=` there is the rule's, unless it is the key's.
pub(super) fn inline_unique<'a>(column: &Column, table: &'a Table) -> Option<&'a Unique> {
    let is_key = table.primary_key.as_ref().is_some_and(|k| key_is_inline(k, table) && k.parts[0].column == column.name);
    table.uniques.iter().find(|u| {
        u.name.is_none()
            && u.deferrable.is_none()
            && !u.nulls_not_distinct
            && u.include.is_empty()
            && matches!(u.parts.as_slice(), [p] if p.column == column.name && p.collate.is_none() && !p.desc)
            && column.not_null_conflict.is_none()
            && (!is_key || u.conflict.is_none())
            && !table.uniques.iter().any(|other| other.conflict != u.conflict && other.parts == u.parts)
    })
}

/// The foreign key that can be properties of its column.
pub(super) fn inline_foreign_key<'a>(column: &Column, table: &'a Table) -> Option<&'a ForeignKey> {
    let inline = |f: &&ForeignKey| f.name.is_none() && !f.dangling && f.columns.as_slice() == std::slice::from_ref(&column.name);
    table.foreign_keys.iter().find(inline)
}

pub(super) fn encode_all(table: &Table, out: &mut Writer) {
    if let Some(key) = table.primary_key.as_ref().filter(|k| !key_is_inline(k, table)) {
        let mut line = Line::new("primary-key");
        line = encode_rule(line, &key.parts, key.name.as_ref(), key.conflict);
        if key.autoincrement {
            line = line.raw_prop("autoincrement", "#true");
        }
        out.node(line, part_lines(&key.parts));
    }
    for unique in &table.uniques {
        let inline = table.columns.values().any(|c| inline_unique(c, table).is_some_and(|u| std::ptr::eq(u, unique)));
        if inline {
            continue;
        }
        let mut line = encode_rule(Line::new("unique"), &unique.parts, unique.name.as_ref(), unique.conflict);
        line = line.maybe_prop("deferrable", unique.deferrable.map(Deferrable::word));
        if unique.nulls_not_distinct {
            line = line.raw_prop("nulls-not-distinct", "#true");
        }
        let mut children = part_lines(&unique.parts);
        if !unique.include.is_empty() {
            children.push(Line::new("include").idents(&unique.include));
        }
        out.node(line, children);
    }
    for fk in &table.foreign_keys {
        let inline = fk.columns.first().and_then(|c| table.columns.get(c)).and_then(|c| inline_foreign_key(c, table));
        if !inline.is_some_and(|f| std::ptr::eq(f, fk)) {
            let line = encode_references(Line::new("foreign-key").idents(&fk.columns), fk);
            let line = line.maybe_prop("name", fk.name.as_ref().map(Ident::as_str));
            out.line(if fk.dangling { line.raw_prop("dangling", "#true") } else { line });
        }
    }
    for check in &table.checks {
        let line = check.name.iter().fold(Line::new("check"), Line::ident);
        out.line(line.sql(&check.expr));
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

pub(super) fn encode_references(line: Line, fk: &ForeignKey) -> Line {
    line.prop("references", &target(fk))
        .maybe_prop("on-delete", action(fk.on_delete))
        .maybe_prop("on-update", action(fk.on_update))
        .maybe_prop("match", fk.matching.as_ref().map(Ident::as_str))
        .maybe_prop("deferrable", fk.deferrable.map(Deferrable::word))
}

fn target(fk: &ForeignKey) -> String {
    let name = |n: &Ident| {
        let plain = n.as_str().chars().all(|c| c.is_alphanumeric() || c == '_');
        if plain { n.as_str().to_owned() } else { format!("\"{}\"", n.as_str().replace('"', "\"\"")) }
    };
    let schema = fk.table.schema.as_ref().map(|s| format!("{}.", name(s))).unwrap_or_default();
    let to: Vec<String> = fk.to.iter().map(name).collect();
    let columns = if to.is_empty() { String::new() } else { format!("({})", to.join(", ")) };
    format!("{schema}{}{columns}", name(&fk.table.name))
}
