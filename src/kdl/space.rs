//! `schema` and `extension`: PostgreSQL's schemas and extensions. Read for any dialect, kept only for
//! PostgreSQL.

use super::node::Node;
use super::writer::{Line, Writer};
use crate::schema::{Directives, Extension, Head, Ident, Namespace, ObjectName};

pub(super) fn decode_schema(mut node: Node) -> Option<Namespace> {
    let origin = node.origin();
    let name = node.required_name()?;
    let comment = node.prop_text("comment");
    node.finish(&[]);
    Some(Namespace { head: Head { comment, directives: Directives::at(origin), ..Head::new(ObjectName::bare(name)) } })
}

pub(super) fn decode_extension(mut node: Node) -> Option<Extension> {
    let origin = node.origin();
    let name = node.required_name()?;
    let schema = node.prop_ident("schema");
    let version = node.prop_text("version");
    let comment = node.prop_text("comment");
    node.finish(&[]);
    let head = Head { comment, directives: Directives::at(origin), ..Head::new(ObjectName::bare(name)) };
    Some(Extension { head, schema, version })
}

pub(super) fn encode_schema(namespace: &Namespace, out: &mut Writer) {
    out.line(Line::new("schema").ident(&namespace.name.name).maybe_prop("comment", namespace.comment.as_deref()));
}

pub(super) fn encode_extension(extension: &Extension, out: &mut Writer) {
    let line = Line::new("extension").ident(&extension.name.name);
    let line = line.maybe_prop("schema", extension.schema.as_ref().map(Ident::as_str));
    out.line(line.maybe_prop("version", extension.version.as_deref()).maybe_prop("comment", extension.comment.as_deref()));
}
