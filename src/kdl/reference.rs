//! `foreign-key`, and `references=` on a column.

use super::allow;
use super::column::action;
use super::node::{Ctx, Node};
use super::writer::{self, Line, Writer};
use crate::schema::{Allows, Column, Deferrable, Directives, ForeignKey, Ident, ObjectName, Problem, RefAction, Table};

pub(super) fn decode_foreign_key(mut node: Node, table: &mut Table) {
    let before = node.ctx.count();
    let columns = node.rest_idents("a column");
    if columns.is_empty() && node.ctx.count() == before {
        node.problem("`foreign-key` has no columns", "here", "write `foreign-key COLUMN… references=\"table(column, …)\"`");
    }
    let name = node.prop_ident("name");
    let mut was: Vec<Ident> = node.prop_ident("was").into_iter().collect();
    let dangling = node.prop_bool("dangling");
    let not_valid = node.prop_bool("not-valid");
    let comment = node.prop_text("comment");
    let mut allows = Allows::default();
    for mut child in node.children() {
        match child.name() {
            "allow" => allows.0.extend(allow::decode(child)),
            "was" => {
                was.extend(child.old_names());
                child.finish(&[]);
            }
            _ => child.unknown("node in a foreign key:", &["was", "allow"]),
        }
    }
    match decode_references(&mut node, columns) {
        Some(fk) if !fk.columns.is_empty() => {
            let directives = Directives { was, allows, ..fk.directives };
            table.foreign_keys.push(ForeignKey { name, dangling, not_valid, comment, directives, ..fk });
        }
        Some(_) => {}
        None if node.ctx.count() > before => {}
        None => {
            node.problem("`foreign-key` is missing `references=`", "here", "write `foreign-key COLUMN… references=\"table(column, …)\"`")
        }
    }
    node.finish(&["was"]);
}

/// Reads `references=` and the properties that belong to it. `None` if there is no readable `references=`.
pub(super) fn decode_references(node: &mut Node, columns: Vec<Ident>) -> Option<ForeignKey> {
    let target = node.prop("references");
    let on_delete = node.prop("on-delete").and_then(|a| a.choice("`on-delete=`", &RefAction::ALL));
    let on_update = node.prop("on-update").and_then(|a| a.choice("`on-update=`", &RefAction::ALL));
    let matching = node.prop_ident("match").filter(|m| !m.as_str().eq_ignore_ascii_case("simple"));
    let deferrable = node.prop("deferrable").and_then(|a| a.choice("`deferrable=`", &Deferrable::ALL));
    let Some(arg) = target else {
        if on_delete.is_some() || on_update.is_some() || matching.is_some() || (deferrable.is_some() && node.name() == "column") {
            node.problem("foreign key options without `references=`", "here", "add references=\"table(column)\"");
        }
        return None;
    };
    let text = arg.text("`references=`")?;
    let Some((table, to)) = parse_target(node.ctx, text) else {
        let problem = Problem::new(format!("`{text}` is not a valid foreign key target"), arg.span(), "cannot be parsed");
        node.ctx.problem(problem.help("write references=\"table(column, …)\", references=\"table.column\" or references=\"table\""));
        return None;
    };
    let (on_delete, on_update) = (on_delete.unwrap_or_default(), on_update.unwrap_or_default());
    let origin = arg.origin();
    let to = to.into_iter().map(|c| c.at(origin)).collect();
    Some(ForeignKey {
        to,
        on_delete,
        on_update,
        matching,
        deferrable,
        directives: Directives::at(origin),
        ..ForeignKey::new(columns, table)
    })
}

/// Parses `[schema.]table(col, …)`, `table` or `table.column`; names with other characters are in double
/// quotes.
fn parse_target(ctx: &Ctx, text: &str) -> Option<(ObjectName, Vec<Ident>)> {
    let mut rest = text.trim();
    let path = take_path(&mut rest)?;
    let mut to = Vec::new();
    let listed = rest.trim_start().strip_prefix('(');
    if let Some(inner) = listed {
        rest = inner.trim_start();
        // `schema.table()` references the key of that table: without the parentheses it would be a table and
        // its column.
        if !(path.len() == 2 && rest.starts_with(')')) {
            to = take_columns(ctx, &mut rest)?;
        }
        rest = rest.strip_prefix(')')?;
    }
    if !rest.trim().is_empty() {
        return None;
    }
    let name = |n: &String| ctx.ident(n);
    match (path.as_slice(), listed.is_some()) {
        ([table], _) => Some((ObjectName::bare(name(table)), to)),
        ([schema, table], true) => Some((ObjectName::new(Some(name(schema)), name(table)), to)),
        ([table, column], false) => Some((ObjectName::bare(name(table)), vec![name(column)])),
        _ => None,
    }
}

fn take_columns(ctx: &Ctx, rest: &mut &str) -> Option<Vec<Ident>> {
    let mut columns = Vec::new();
    loop {
        columns.push(ctx.ident(&take_name(rest)?));
        *rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => *rest = after.trim_start(),
            None => return Some(columns),
        }
    }
}

/// Parses `[schema.]table.column`, the owner of a sequence.
pub(super) fn parse_path(text: &str) -> Option<Vec<String>> {
    let mut rest = text.trim();
    let path = take_path(&mut rest)?;
    rest.is_empty().then_some(path)
}

fn take_path(rest: &mut &str) -> Option<Vec<String>> {
    let mut path = vec![take_name(rest)?];
    while let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        path.push(take_name(rest)?);
    }
    Some(path)
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

/// Returns the foreign key that can be properties of its column.
pub(super) fn inline_foreign_key<'a>(column: &Column, table: &'a Table) -> Option<&'a ForeignKey> {
    let inline = |f: &&ForeignKey| {
        let plain = f.name.is_none() && f.was.is_empty() && !f.dangling && !f.not_valid && f.comment.is_none() && f.allows.0.is_empty();
        plain && f.columns.as_slice() == std::slice::from_ref(&column.name)
    };
    table.foreign_keys.iter().find(inline)
}

pub(super) fn encode(table: &Table, out: &mut Writer) {
    for fk in &table.foreign_keys {
        let inline = fk.columns.first().and_then(|c| table.columns.get(c)).and_then(|c| inline_foreign_key(c, table));
        if inline.is_some_and(|f| std::ptr::eq(f, fk)) {
            continue;
        }
        let line = encode_references(Line::new("foreign-key").idents(&fk.columns), fk);
        let line = line.maybe_prop("name", fk.name.as_ref().map(Ident::as_str));
        let line = line.flag_prop("dangling", fk.dangling).flag_prop("not-valid", fk.not_valid);
        let line = line.was(&fk.was).maybe_prop("comment", fk.comment.as_deref());
        out.node(line, writer::was(&fk.was).into_iter().chain(allow::lines(&fk.allows)).collect());
    }
}

pub(super) fn encode_references(line: Line, fk: &ForeignKey) -> Line {
    line.prop("references", &target(fk))
        .maybe_prop("on-delete", action(fk.on_delete))
        .maybe_prop("on-update", action(fk.on_update))
        .maybe_prop("match", fk.matching.as_ref().map(Ident::as_str))
        .maybe_prop("deferrable", fk.deferrable.map(Deferrable::word))
}

/// Returns the value of `references=`.
pub(crate) fn target(fk: &ForeignKey) -> String {
    let schema = fk.table.schema.as_ref().map(|s| format!("{}.", path_name(s))).unwrap_or_default();
    let to: Vec<String> = fk.to.iter().map(path_name).collect();
    // `schema.table` by itself would be read as `table.column`.
    let columns = if to.is_empty() && schema.is_empty() { String::new() } else { format!("({})", to.join(", ")) };
    format!("{schema}{}{columns}", path_name(&fk.table.name))
}

/// Returns a name for `references=` and `owned-by=`: in double quotes, unless it is a plain word.
pub(super) fn path_name(name: &Ident) -> String {
    let plain = name.as_str().chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { name.as_str().to_owned() } else { format!("\"{}\"", name.as_str().replace('"', "\"\"")) }
}
