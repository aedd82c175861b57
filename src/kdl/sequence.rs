//! `sequence NAME [TYPE] start=… increment=…`, at the top or as the child of a serial or identity column.
//! Read for any dialect, kept only for PostgreSQL.

use super::node::Node;
use super::writer::{self, Line, Writer};
use super::{allow, reference};
use crate::schema::{Directives, Head, Ident, ObjectName, Problem, Sequence, SequenceOptions, Type};

#[derive(Clone, Copy, PartialEq)]
enum Word {
    SmallInt,
    Integer,
    BigInt,
    PreventDestroy,
}

const WORDS: [(&str, Word); 4] =
    [("smallint", Word::SmallInt), ("integer", Word::Integer), ("bigint", Word::BigInt), ("prevent-destroy", Word::PreventDestroy)];

pub(super) fn decode(mut node: Node) -> Option<Sequence> {
    let origin = node.origin();
    let name = node.object_name()?;
    let was = node.prop_ident("was").into_iter().collect();
    let (options, owned_by) = (decode_options(&mut node), decode_owner(&mut node));
    let directives = Directives { was, ..Directives::at(origin) };
    let head = Head { comment: node.prop_text("comment"), directives, ..Head::new(name) };
    let mut sequence = Sequence { head, ty: Type::BigInt, options, owned_by };
    let mut typed = false;
    for arg in node.rest() {
        let ty = match arg.flag("sequence type or flag", &WORDS) {
            Some(Word::PreventDestroy) => {
                sequence.prevent_destroy = true;
                continue;
            }
            Some(Word::SmallInt) => Type::SmallInt,
            Some(Word::Integer) => Type::Integer,
            Some(Word::BigInt) => Type::BigInt,
            None => continue,
        };
        if std::mem::replace(&mut typed, true) {
            let problem = Problem::new(format!("sequence `{}` has two types", sequence.name), arg.span(), "the second");
            node.ctx.problem(problem.help("keep one of the two"));
        }
        sequence.ty = ty;
    }
    node.old_names_and_allows(&mut sequence.head);
    node.flags_with_values(["prevent-destroy"].into_iter());
    node.finish(&["was", "allow"]);
    Some(sequence)
}

/// Reads `owned-by="[schema.]table.column"`.
fn decode_owner(node: &mut Node) -> Option<(ObjectName, Ident)> {
    let arg = node.prop("owned-by")?;
    let text = arg.text("`owned-by=`")?;
    let ident = |name: &String| node.ctx.ident(name).at(arg.origin());
    match reference::parse_path(text).as_deref() {
        Some([table, column]) => Some((ObjectName::bare(ident(table)), ident(column))),
        Some([schema, table, column]) => Some((ObjectName::new(Some(ident(schema)), ident(table)), ident(column))),
        _ => {
            let problem = Problem::new(format!("`{text}` is not a valid column reference"), arg.span(), "cannot be parsed");
            node.ctx.problem(problem.help("write owned-by=\"table.column\" or owned-by=\"schema.table.column\""));
            None
        }
    }
}

/// Reads the child of a column.
pub(super) fn decode_child(mut node: Node) -> SequenceOptions {
    let options = decode_options(&mut node);
    node.finish(&[]);
    options
}

fn decode_options(node: &mut Node) -> SequenceOptions {
    SequenceOptions {
        start: node.prop_integer("start"),
        increment: node.prop_integer("increment"),
        min: node.prop_integer("min"),
        max: node.prop_integer("max"),
        cache: node.prop_integer("cache"),
        cycle: node.prop_bool("cycle"),
    }
}

pub(super) fn encode(sequence: &Sequence, out: &mut Writer) {
    let mut line = Line::new("sequence").ident(&sequence.name.name);
    if sequence.ty != Type::BigInt {
        line = line.text(&sequence.ty.to_string());
    }
    if sequence.prevent_destroy {
        line = line.word("prevent-destroy");
    }
    line = line.maybe_prop("schema", sequence.name.schema.as_ref().map(Ident::as_str));
    line = encode_options(line, &sequence.options);
    if let Some((table, column)) = &sequence.owned_by {
        let path: Vec<String> = table.schema.iter().chain([&table.name, column]).map(reference::path_name).collect();
        line = line.prop("owned-by", &path.join("."));
    }
    line = line.was(&sequence.was).maybe_prop("comment", sequence.comment.as_deref());
    out.node(line, writer::was(&sequence.was).into_iter().chain(allow::lines(&sequence.allows)).collect());
}

/// Writes the child of a column, if an option is set.
pub(super) fn encode_child(options: &SequenceOptions) -> Option<Line> {
    (*options != SequenceOptions::default()).then(|| encode_options(Line::new("sequence"), options))
}

fn encode_options(line: Line, options: &SequenceOptions) -> Line {
    let number = |line: Line, (word, number): (&str, Option<i64>)| match number {
        Some(n) => line.raw_prop(word, &n.to_string()),
        None => line,
    };
    options.numbers().into_iter().fold(line, number).flag_prop("cycle", options.cycle)
}
