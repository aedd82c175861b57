//! `table NAME FLAG… { column …; primary-key …; unique …; foreign-key …; check …; index … }`.

use indexmap::IndexMap;
use indexmap::map::Entry;

use super::node::{Ctx, Node};
use super::writer::{self, Line};
use super::{allow, check, column, exclude, index, key, meant, reference};
use crate::schema::{Ident, Index, Problem, Table};

const CHILDREN: [&str; 11] =
    ["column", "primary-key", "unique", "foreign-key", "check", "exclude", "index", "with", "was", "comment", "allow"];

const FLAGS: [(&str, Flag); 4] = [
    ("strict", Flag::Strict),
    ("without-rowid", Flag::WithoutRowid),
    ("unlogged", Flag::Unlogged),
    ("prevent-destroy", Flag::PreventDestroy),
];

#[derive(Clone, Copy)]
enum Flag {
    Strict,
    WithoutRowid,
    Unlogged,
    PreventDestroy,
}

pub(super) fn decode(mut node: Node) -> Option<Table> {
    let before = node.ctx.count();
    let mut table = Table::new(node.object_name()?);
    table.origin = node.origin();
    table.was.extend(node.prop_ident("was"));
    table.comment = node.prop_text("comment");
    for flag in meant::flags(&mut node, "table flag", &FLAGS, &["comment"]) {
        match flag {
            Flag::Strict => table.strict = true,
            Flag::WithoutRowid => table.without_rowid = true,
            Flag::Unlogged => table.unlogged = true,
            Flag::PreventDestroy => table.prevent_destroy = true,
        }
    }
    let mut nullable = Vec::new();
    for child in node.children() {
        if CHILDREN.contains(&child.name()) {
            decode_child(child, &mut table, &mut nullable);
        } else {
            node.unknown_child(&child, "node in a table:", &CHILDREN, FLAGS.map(|(word, _)| word));
        }
    }
    let may_be_without = node.ctx.dialect.capabilities().has_tables_without_columns;
    if table.columns.is_empty() && !may_be_without && node.ctx.count() == before {
        node.problem(format!("table `{}` has no columns", table.name), "here", "write `column NAME TYPE` between the braces");
    }
    key_columns_are_not_null(&mut table, &nullable);
    node.finish(&CHILDREN);
    Some(table)
}

fn decode_child(mut child: Node, table: &mut Table, nullable: &mut Vec<Ident>) {
    match child.name() {
        "column" => return column::decode(child, table, nullable),
        "primary-key" => return key::decode_primary_key(child, table),
        "unique" => return key::decode_unique(child, table),
        "foreign-key" => return reference::decode_foreign_key(child, table),
        "check" => return table.checks.extend(check::decode(child)),
        "exclude" => return table.exclusions.extend(exclude::decode(child)),
        "index" => {
            let ctx = child.ctx;
            return index::decode(child).into_iter().for_each(|i| add_index(ctx, &mut table.indexes, i));
        }
        "allow" => return table.allows.0.extend(allow::decode(child)),
        "with" => table.with.extend(child.storage_parameters()),
        "was" => table.was.extend(child.old_names()),
        "comment" => {
            table.comment = child.required("a string", "write `comment \"…\"`").and_then(|a| Some(a.text("a comment")?.to_owned()));
        }
        _ => return,
    }
    child.finish(&[]);
}

/// Adds an index to those of its table or materialized view.
pub(super) fn add_index(ctx: &Ctx, indexes: &mut IndexMap<Ident, Index>, index: Index) {
    match indexes.entry(index.name.clone()) {
        Entry::Vacant(v) => {
            v.insert(index);
        }
        Entry::Occupied(o) => ctx.problem(
            Problem::new(format!("two indexes are named `{}`", index.name), o.get().origin.0, "the first")
                .also(index.origin.0, "the second")
                .help("rename one of the two"),
        ),
    }
}

/// Makes key columns NOT NULL, except for those with `nullable`.
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
    let set = [table.strict, table.without_rowid, table.unlogged, table.prevent_destroy];
    for ((flag, _), _) in FLAGS.iter().zip(set).filter(|(_, set)| *set) {
        line = line.word(flag);
    }
    line = line.maybe_prop("schema", table.name.schema.as_ref().map(Ident::as_str));
    line = line.was(&table.was).maybe_prop("comment", table.comment.as_deref());
    out.open(line);
    for column in table.columns.values() {
        column::encode(column, table, out);
    }
    key::encode(table, out);
    reference::encode(table, out);
    table.checks.iter().for_each(|c| check::encode(c, out));
    table.exclusions.iter().for_each(|e| exclude::encode(e, out));
    for index in table.indexes.values() {
        index::encode(index, out);
    }
    writer::with(&table.with).into_iter().chain(writer::was(&table.was)).chain(allow::lines(&table.allows)).for_each(|l| out.line(l));
    out.close();
}
