//! `view` and `materialized-view`: a query and its properties.

use indexmap::IndexMap;

use super::node::Node;
use super::other::sql_child;
use super::writer::{self, Line, Writer};
use super::{allow, index, table};
use crate::schema::{Allows, Directives, Expr, Head, Ident, Kind, MaterializedView, View};

pub(super) fn decode_view(mut node: Node) -> Option<View> {
    let origin = node.origin();
    let name = node.object_name()?;
    let mut was: Vec<Ident> = node.prop_ident("was").into_iter().collect();
    let comment = node.prop_text("comment");
    let columns = decode_columns(&mut node);
    let (mut with, mut allows) = (Vec::new(), Allows::default());
    let query = sql_child(node, "as", &["as", "with", "was", "allow"], |mut child| {
        match child.name() {
            "allow" => return allows.0.extend(allow::decode(child)),
            "with" => with.extend(child.storage_parameters()),
            _ => was.extend(child.old_names()),
        }
        child.finish(&[]);
    });
    let query = without_semicolon(query?);
    let directives = Directives { was, allows, ..Directives::at(origin) };
    let head = Head { comment, directives, ..Head::new(name) };
    Some(View { head, columns, query, with })
}

pub(super) fn decode_materialized(mut node: Node) -> Option<MaterializedView> {
    let origin = node.origin();
    let ctx = node.ctx;
    let name = node.object_name()?;
    let mut was: Vec<Ident> = node.prop_ident("was").into_iter().collect();
    let comment = node.prop_text("comment");
    let columns = decode_columns(&mut node);
    let (mut with, mut indexes, mut allows) = (Vec::new(), IndexMap::new(), Allows::default());
    let query = sql_child(node, "as", &["as", "index", "with", "was", "allow"], |mut child| {
        match child.name() {
            "allow" => return allows.0.extend(allow::decode(child)),
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
    let directives = Directives { was, allows, ..Directives::at(origin) };
    let head = Head { comment, directives, ..Head::new(name) };
    Some(MaterializedView { head, columns, query, indexes, with })
}

/// Removes the end of a query that was copied as a statement.
fn without_semicolon(query: Expr) -> Expr {
    let text = query.text.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    Expr { origin: query.origin, ..Expr::new(text) }
}

fn decode_columns(node: &mut Node) -> Vec<Ident> {
    let columns = node.rest_idents("a column");
    if columns.iter().any(|c| c.as_str() == "prevent-destroy") {
        let message = match node.name() {
            "view" => "a view does not store rows, so `prevent-destroy` does not apply to it",
            _ => "a materialized view can be rebuilt from its query, so `prevent-destroy` does not apply to it",
        };
        node.problem(message, "here", "remove `prevent-destroy`");
    }
    columns
}

/// Returns the children other than the query.
fn more(with: &[(String, String)], was: &[Ident], allows: &Allows) -> Vec<Line> {
    writer::with(with).into_iter().chain(writer::was(was)).chain(allow::lines(allows)).collect()
}

pub(super) fn encode_view(view: &View, out: &mut Writer) {
    let line = Line::named(Kind::View, &view.name).idents(&view.columns);
    let line = line.was(&view.was).maybe_prop("comment", view.comment.as_deref());
    let more = more(&view.with, &view.was, &view.allows);
    out.sql_block(line, "as", &view.query.text, more);
}

pub(super) fn encode_materialized(view: &MaterializedView, out: &mut Writer) {
    let line = Line::named(Kind::MaterializedView, &view.name).idents(&view.columns);
    let line = line.was(&view.was).maybe_prop("comment", view.comment.as_deref());
    let more = more(&view.with, &view.was, &view.allows);
    if view.indexes.is_empty() {
        return out.sql_block(line, "as", &view.query.text, more);
    }
    out.open(line);
    out.sql_child("as", &view.query.text);
    more.into_iter().for_each(|l: Line| out.line(l));
    view.indexes.values().for_each(|i| index::encode(i, out));
    out.close();
}
