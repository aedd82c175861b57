//! `table NAME FLAG… { column …; primary-key …; unique …; foreign-key …; check …; index … }`.

use indexmap::map::Entry;

use super::node::Node;
use super::writer::Line;
use super::{column, constraint, index};
use crate::schema::{Ident, Problem, Table};

const CHILDREN: [&str; 8] = ["column", "primary-key", "unique", "foreign-key", "check", "index", "was", "comment"];

pub(super) fn decode(mut node: Node) -> Option<Table> {
    let ctx = node.ctx;
    let before = ctx.count();
    let mut table = Table::new(node.object_name()?);
    table.origin = node.origin();
    table.was.extend(node.prop_ident("was"));
    table.comment = node.prop_text("comment");
    for flag in node.rest() {
        let known = [("strict", 0), ("without-rowid", 1), ("prevent-destroy", 2)];
        match flag.choice("a table's flag", &known) {
            Some(0) => table.strict = true,
            Some(1) => table.without_rowid = true,
            Some(_) => table.prevent_destroy = true,
            None => {}
        }
    }
    let mut nullable = Vec::new();
    for mut child in node.children() {
        match child.name() {
            "column" => column::decode(child, &mut table, &mut nullable),
            "primary-key" => constraint::decode_primary_key(child, &mut table),
            "unique" => constraint::decode_unique(child, &mut table),
            "foreign-key" => constraint::decode_foreign_key(child, &mut table),
            "check" => table.checks.extend(constraint::decode_check(child)),
            "index" => {
                if let Some(index) = index::decode(child) {
                    add_index(ctx, &mut table, index);
                }
            }
            "was" => {
                table.was.extend(child.old_names());
                child.finish(&[]);
            }
            "comment" => {
                table.comment = child.required("its text", "write `comment \"…\"`").and_then(|a| Some(a.text("a comment")?.to_owned()));
                child.finish(&[]);
            }
            _ => child.unknown("node in a table:", &CHILDREN),
        }
    }
    if table.columns.is_empty() && ctx.count() == before {
        node.problem(format!("table `{}` has no columns", table.name), "here", "write `column NAME TYPE` between its braces");
    }
    key_columns_are_not_null(&mut table, &nullable);
    node.finish(&CHILDREN);
    Some(table)
}

fn add_index(ctx: &super::Ctx, table: &mut Table, index: crate::schema::Index) {
    match table.indexes.entry(index.name.clone()) {
        Entry::Vacant(v) => {
            v.insert(index);
        }
        Entry::Occupied(o) => ctx.problem(
            Problem::new(format!("two indexes are called `{}`", index.name), o.get().origin.0, "the first")
                .also(index.origin.0, "the second")
                .help("rename one of the two"),
        ),
    }
}

/// Key columns are NOT NULL, but for those that say `nullable`.
fn key_columns_are_not_null(table: &mut Table, nullable: &[Ident]) {
    let Some(key) = &table.primary_key else { return };
    for part in &key.parts {
        if let Some(column) = table.columns.get_mut(&part.column).filter(|c| !nullable.contains(&c.name)) {
            column.not_null = true;
        }
    }
}

pub(super) fn encode(table: &Table, out: &mut super::writer::Writer) {
    let mut line = Line::new("table").ident(&table.name.name);
    for (flag, set) in [("strict", table.strict), ("without-rowid", table.without_rowid), ("prevent-destroy", table.prevent_destroy)] {
        if set {
            line = line.word(flag);
        }
    }
    if let Some(schema) = &table.name.schema {
        line = line.prop("schema", schema.as_str());
    }
    if let Some(comment) = &table.comment {
        line = line.prop("comment", comment);
    }
    out.open(line);
    for column in table.columns.values() {
        column::encode(column, table, out);
    }
    constraint::encode_all(table, out);
    for index in table.indexes.values() {
        index::encode(index, out);
    }
    out.close();
}
