//! `exclude [NAME] using=gist { part COLUMN with="=" … }`: PostgreSQL's exclusion constraints.

use super::index;
use super::node::Node;
use super::writer::{self, Line, Writer};
use crate::schema::{Deferrable, Directives, Exclusion, IndexPart};

const CHILDREN: [&str; 3] = ["part", "include", "was"];

pub(super) fn decode(mut node: Node) -> Option<Exclusion> {
    let before = node.ctx.count();
    let mut exclusion = Exclusion {
        name: node.next().and_then(|a| a.ident("an exclusion constraint name")),
        directives: Directives { was: node.prop_ident("was").into_iter().collect(), ..Directives::at(node.origin()) },
        method: node.prop_text("using").filter(|m| m != "btree"),
        parts: Vec::new(),
        predicate: node.prop("where").and_then(|a| a.expr("`where=`")),
        deferrable: node.prop("deferrable").and_then(|a| a.choice("`deferrable=`", &Deferrable::ALL)),
        include: Vec::new(),
        comment: node.prop_text("comment"),
    };
    for mut child in node.children() {
        match child.name() {
            "part" => {
                exclusion.parts.extend(decode_part(child));
                continue;
            }
            "include" => exclusion.include.extend(child.rest_idents("an included column")),
            "was" => exclusion.was.extend(child.old_names()),
            _ => {
                child.unknown("node in an exclusion constraint:", &CHILDREN);
                continue;
            }
        }
        child.finish(&[]);
    }
    if exclusion.parts.is_empty() && node.ctx.count() == before {
        node.problem("`exclude` has no parts", "here", "write `exclude using=gist { part COLUMN with=\"=\" }`");
    }
    node.finish(&CHILDREN);
    (!exclusion.parts.is_empty()).then_some(exclusion)
}

fn decode_part(mut node: Node) -> Option<(IndexPart, String)> {
    let operator = node.prop("with");
    if operator.is_none() {
        node.problem(
            "a `part` of an exclusion constraint is missing `with=`",
            "here",
            "specify the operator to compare with: part COLUMN with=\"=\"",
        );
    }
    let operator = operator.and_then(|a| a.text("`with=`").map(str::to_owned));
    let part = index::decode_part(node)?;
    Some((part, operator?))
}

pub(super) fn encode(exclusion: &Exclusion, out: &mut Writer) {
    let mut line = exclusion.name.iter().fold(Line::new("exclude"), Line::ident);
    line = line.maybe_prop("using", exclusion.method.as_deref());
    if let Some(predicate) = &exclusion.predicate {
        line = line.sql_prop("where", predicate);
    }
    line = line.maybe_prop("deferrable", exclusion.deferrable.map(Deferrable::word));
    line = line.was(&exclusion.was).maybe_prop("comment", exclusion.comment.as_deref());
    out.open(line);
    for (part, operator) in &exclusion.parts {
        out.line(index::part_line(part).prop("with", operator));
    }
    writer::include(&exclusion.include).into_iter().chain(writer::was(&exclusion.was)).for_each(|l| out.line(l));
    out.close();
}
