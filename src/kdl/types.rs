//! `enum NAME VALUE…` and `domain NAME TYPE … { check … }`. Read for any dialect, kept only for PostgreSQL.

use super::node::{Arg, Node};
use super::writer::{self, Line, Writer};
use super::{allow, check, column, meant, number};
use crate::schema::{Directives, Domain, EnumType, Head, Ident, Origin, Problem, Type};

const DOMAIN_CHILDREN: [&str; 3] = ["check", "was", "allow"];

pub(super) fn decode_enum(mut node: Node) -> Option<EnumType> {
    let origin = node.origin();
    let name = node.object_name()?;
    let was = node.prop_ident("was").into_iter().collect();
    let directives = Directives { was, ..Directives::at(origin) };
    let mut head = Head { comment: node.prop_text("comment"), directives, ..Head::new(name.clone()) };
    let mut values: Vec<String> = Vec::new();
    for arg in node.rest() {
        let Some(value) = arg.text("an enum value") else { continue };
        if values.iter().any(|v| v == value) {
            let problem = Problem::new(format!("enum `{name}` lists the value `{value}` twice"), arg.span(), "the second");
            node.ctx.problem(problem.help("keep one of the two"));
        } else {
            values.push(value.to_owned());
        }
    }
    node.old_names_and_allows(&mut head);
    node.finish(&["was", "allow"]);
    Some(EnumType { head, values })
}

pub(super) fn decode_domain(mut node: Node) -> Option<Domain> {
    let origin = node.origin();
    let name = node.object_name()?;
    let (ty, type_origin) = decode_type(&mut node, &name.name)?;
    let not_null = meant::flags(&mut node, "domain flag", &[("not-null", true)], &["default", "collate", "comment"]).contains(&true);
    let was = node.prop_ident("was").into_iter().collect();
    let default = node.prop("default").and_then(column::decode_default);
    let collate = node.prop_ident("collate");
    let directives = Directives { was, type_origin, ..Directives::at(origin) };
    let head = Head { comment: node.prop_text("comment"), directives, ..Head::new(name) };
    let mut domain = Domain { head, ty, not_null, default, collate, checks: Vec::new() };
    for mut child in node.children() {
        match child.name() {
            "check" => domain.checks.extend(check::decode(child)),
            "allow" => domain.allows.0.extend(allow::decode(child)),
            "was" => {
                domain.was.extend(child.old_names());
                child.finish(&[]);
            }
            _ => child.unknown("node in a domain:", &DOMAIN_CHILDREN),
        }
    }
    node.flags_with_values(["not-null"].into_iter());
    node.finish(&DOMAIN_CHILDREN);
    Some(domain)
}

fn decode_type(node: &mut Node, name: &Ident) -> Option<(Type, Origin)> {
    let help = format!("write `domain {name} TYPE`, with a type such as integer, text or \"varchar(50)\"");
    let arg = node.required("a type", &help)?;
    let text = arg.text("a type")?;
    if text == "not-null" {
        node.problem(format!("domain `{name}` has no type"), "the type must follow the name", help);
        return None;
    }
    Some((parse(&arg, text)?, Origin(Some(arg.span()))))
}

/// Reads a type, or reports a problem if its size is a number that only some databases read.
pub(super) fn parse(arg: &Arg, text: &str) -> Option<Type> {
    if let Some(size) = number::odd_size(text) {
        let problem = Problem::new(format!("`{size}` in type `{text}` is not a plain decimal number"), arg.span(), "here");
        arg.ctx.problem(problem.help("use decimal digits only, as in \"varchar(1000)\""));
        return None;
    }
    Some(Type::parse(text))
}

pub(super) fn encode_enum(ty: &EnumType, out: &mut Writer) {
    let line = ty.values.iter().fold(Line::new("enum").ident(&ty.name.name), |line, value| line.text(value));
    let line = line.maybe_prop("schema", ty.name.schema.as_ref().map(Ident::as_str));
    let line = line.was(&ty.was).maybe_prop("comment", ty.comment.as_deref());
    out.node(line, writer::was(&ty.was).into_iter().chain(allow::lines(&ty.allows)).collect());
}

pub(super) fn encode_domain(domain: &Domain, out: &mut Writer) {
    let mut line = Line::new("domain").ident(&domain.name.name).text(&domain.ty.to_string());
    if domain.not_null {
        line = line.word("not-null");
    }
    line = line.maybe_prop("schema", domain.name.schema.as_ref().map(Ident::as_str));
    if let Some(default) = &domain.default {
        line = line.raw_prop("default", &column::literal(&default.value));
    }
    line = line.maybe_prop("collate", domain.collate.as_ref().map(Ident::as_str));
    line = line.was(&domain.was).maybe_prop("comment", domain.comment.as_deref());
    let more = writer::was(&domain.was).into_iter().chain(allow::lines(&domain.allows));
    if domain.checks.is_empty() {
        return out.node(line, more.collect());
    }
    out.open(line);
    more.for_each(|l| out.line(l));
    domain.checks.iter().for_each(|c| check::encode(c, out));
    out.close();
}
