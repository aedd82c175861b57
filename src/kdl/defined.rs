//! Objects that SQL defines as a whole, all in one form: `trigger NAME { as "…" }`. What follows the name in
//! SQL is not read here.

use super::allow;
use super::node::Node;
use super::other::sql_child;
use super::writer::{self, Line, Writer};
use crate::schema::{Allows, DefinedKind, Definition, Directives, Head, Ident};

pub(super) fn decode(kind: DefinedKind, mut node: Node) -> Option<Definition> {
    let origin = node.origin();
    let name = node.object_name()?;
    let mut was: Vec<Ident> = node.prop_ident("was").into_iter().collect();
    let mut allows = Allows::default();
    let body = sql_child(node, "as", &["as", "was", "allow"], |mut child| {
        if child.name() == "allow" {
            return allows.0.extend(allow::decode(child));
        }
        was.extend(child.old_names());
        child.finish(&[]);
    })?;
    let head = Head { directives: Directives { was, allows, ..Directives::at(origin) }, ..Head::new(name) };
    Some(Definition { kind, head, body, table: None })
}

pub(super) fn encode(definition: &Definition, out: &mut Writer) {
    let line = Line::named(definition.kind.into(), &definition.name).was(&definition.was);
    let more = writer::was(&definition.was).into_iter().chain(allow::lines(&definition.allows)).collect();
    out.sql_block(line, "as", &definition.body.text, more);
}
