//! `view` and `materialized-view`: a query, and what goes with it.

use indexmap::IndexMap;

use super::node::Node;
use super::other::sql_child;
use super::writer::{self, Line, Writer};
use super::{index, table};
use crate::schema::{Expr, Ident, MaterializedView, View};

pub(super) fn decode_view(mut node: Node) -> Option<View> {
    let origin = node.origin();
    let name = node.object_name()?;
    let mut was: Vec<Ident> = node.prop_ident("was").into_iter().collect();
    let comment = node.prop_text("comment");
    let columns = decode_columns(&mut node);
    let mut with = Vec::new();
    let query = sql_child(node, "as", &["as", "with", "was"], |mut child| {
        if child.name() == "with" {
            with.extend(child.storage_parameters());
        } else {
            was.extend(child.old_names());
        }
        child.finish(&[]);
    });
    let query = without_semicolon(query?);
    Some(View { was, columns, with, comment, origin, ..View::new(name, query) })
}

pub(super) fn decode_materialized(mut node: Node) -> Option<MaterializedView> {
    let origin = node.origin();
    let ctx = node.ctx;
    let name = node.object_name()?;
    let mut was: Vec<Ident> = node.prop_ident("was").into_iter().collect();
    let comment = node.prop_text("comment");
    let columns = decode_columns(&mut node);
    let (mut with, mut indexes) = (Vec::new(), IndexMap::new());
    let query = sql_child(node, "as", &["as", "index", "with", "was"], |mut child| {
        match child.name() {
            "index" => {
                index::decode(child).into_iter().for_each(|i| table::add_index(ctx, &mut indexes, i));
                return;
            }
            "with" => with.extend(child.storage_parameters()),
            _ => was.extend(child.old_names()),
        }
        child.finish(&[]);
    });
    let query = without_semicolon(query?);
    Some(MaterializedView { name, was, columns, query, indexes, with, comment, origin })
}

/// The end of a query that was copied as a statement.
fn without_semicolon(query: Expr) -> Expr {
    let text = query.text.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    Expr { origin: query.origin, ..Expr::new(text) }
}

fn decode_columns(node: &mut Node) -> Vec<Ident> {
    let columns = node.rest_idents("a column");
    if columns.iter().any(|c| c.as_str() == "prevent-destroy") {
        let message = match node.name() {
            "view" => "a view holds no rows, so there is nothing to guard",
            _ => "what a materialized view holds can be made again, so there is nothing to guard",
        };
        node.problem(message, "here", "take out prevent-destroy");
    }
    columns
}

pub(super) fn encode_view(view: &View, out: &mut Writer) {
    let line = Line::named("view", &view.name).idents(&view.columns);
    let line = line.was(&view.was).maybe_prop("comment", view.comment.as_deref());
    let more = writer::with(&view.with).into_iter().chain(writer::was(&view.was)).collect();
    out.sql_block(line, "as", &view.query.text, more);
}

pub(super) fn encode_materialized(view: &MaterializedView, out: &mut Writer) {
    let line = Line::named("materialized-view", &view.name).idents(&view.columns);
    let line = line.was(&view.was).maybe_prop("comment", view.comment.as_deref());
    let more = writer::with(&view.with).into_iter().chain(writer::was(&view.was)).collect();
    if view.indexes.is_empty() {
        return out.sql_block(line, "as", &view.query.text, more);
    }
    out.open(line);
    out.sql_child("as", &view.query.text);
    more.into_iter().for_each(|l: Line| out.line(l));
    view.indexes.values().for_each(|i| index::encode(i, out));
    out.close();
}
