//! `schema.kdl` ⇄ [`Schema`]: reads it, with a span for every object and an error for every mistake, and
//! writes it.
//!
//! Each kind of node has one file, with decoding before encoding. Nothing here depends on a database except
//! for its keyword in `only=`, and nothing is guessed: an unknown word is an error, which suggests the
//! closest known one.

mod allow;
mod arg;
pub mod case;
mod check;
mod column;
mod defined;
mod diagnostics;
pub(crate) mod document;
mod edit;
mod excerpt;
mod exclude;
pub mod file;
mod fmt;
mod index;
mod key;
mod limits;
mod mask;
mod meant;
mod node;
mod number;
mod old_name;
mod other;
mod parse;
pub mod project;
mod reference;
mod sequence;
mod source;
mod space;
mod spelled_out;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod view;
mod writer;

use indexmap::map::Entry;

use crate::schema::{Body, DefinedKind, Dialect, Kind, Problem, Schema, Unread};

pub use diagnostics::{Diagnostics, Remarks};
pub use edit::{NodeEdit, edited, node_at};
pub use fmt::format;
pub use mask::masked;
pub use old_name::line_with_old_name;
pub use source::{SourceFile, Sources, files_of};
pub use writer::{encode, encode_table};

pub(crate) use writer::{column_line, rules_of_line};

pub(crate) use column::action;
pub(crate) use fmt::quoted;
pub(crate) use fmt::string_repr;
pub(crate) use reference::target;

use node::{Ctx, Node};
use spelled_out::Declared;

/// The nodes that are allowed at the top of a schema file and declare no object.
const NO_OBJECTS: [&str; 3] = ["ignore", "include", "unmanaged"];

/// Reads the schema that the sources declare for one dialect.
///
/// # Errors
/// If there are mistakes: every one in every file, in the order of files and lines.
pub fn decode(sources: &Sources, dialect: Dialect) -> Result<Schema, Diagnostics> {
    let (schema, problems) = decode_all(sources, dialect);
    if problems.is_empty() { Ok(schema) } else { Err(Diagnostics::new(sources, problems)) }
}

/// Reads as much of the schema as possible, with all problems found: a dialect may add others.
pub fn decode_all(sources: &Sources, dialect: Dialect) -> (Schema, Vec<Problem>) {
    let mut schema = Schema::default();
    let mut problems = sources.problems().to_vec();
    let mut unread = Unread { whole: !problems.is_empty(), ..Unread::default() };
    let mut declared = Declared::default();
    let here = sources.files().iter().enumerate().filter(|(_, f)| f.only.is_none_or(|only| only == dialect));
    for (file, source) in here {
        let ctx = Ctx::new(file as u32, dialect).with_texts(sources.texts());
        let parsed = parse::parse(file as u32, &source.text, |start, document| {
            ctx.starts_at(start);
            for node in document.nodes() {
                if sources.are_loose() && node.name().value() == "include" {
                    ctx.problem(no_include(&ctx, node));
                }
                if sources.are_loose() && DefinedKind::ALL.iter().any(|kind| kind.word() == node.name().value()) {
                    defined::files(node).for_each(|file| ctx.problem(no_file(&ctx, file)));
                }
                decode_top(&ctx, node, &mut schema, &mut unread, &mut declared);
            }
        });
        unread.whole |= parsed.is_err();
        problems.extend(parsed.err().unwrap_or_default());
        problems.extend(ctx.into_problems());
    }
    problems.extend(schema.problems_but(&unread));
    declared.spell_out(&mut schema);
    schema.tables.retain(|name, _| !unread.parts.contains(name));
    (schema, problems)
}

/// Checks that the sources are KDL, without interpreting them.
///
/// # Errors
/// If a file is not valid KDL: the syntax errors of all files.
pub fn check_syntax(sources: &Sources) -> Result<(), Diagnostics> {
    let files = sources.files().iter().enumerate();
    let problems: Vec<Problem> = files.flat_map(|(i, f)| parse::parse(i as u32, &f.text, |_, _| {}).err().unwrap_or_default()).collect();
    if problems.is_empty() { Ok(()) } else { Err(Diagnostics::new(sources, problems)) }
}

/// Reports an `include` in a recorded or embedded schema, which has no files.
fn no_include(ctx: &Ctx, node: &kdl::KdlNode) -> Problem {
    let at = ctx.span(node.name().span());
    Problem::new("`include` in a text that is not a file", at, "includes nothing").help("put what it includes in its place")
}

/// Reports a `from` in a recorded or embedded schema, which has no files.
fn no_file(ctx: &Ctx, file: &kdl::KdlEntry) -> Problem {
    let at = ctx.span(file.span());
    Problem::new("`from` in a text that is not a file", at, "cannot be read").help("write what follows the name in `as`")
}

fn decode_top(ctx: &Ctx, kdl: &kdl::KdlNode, schema: &mut Schema, unread: &mut Unread, declared: &mut Declared) {
    let before = ctx.count();
    let Some(node) = ctx.open(kdl) else { return };
    match (Kind::of_word(node.name()), node.name()) {
        (Some(Kind::Table), _) => decode_table(node, before, schema, unread),
        (Some(kind), _) if kind.does_nothing_in(ctx.dialect) => pass_over(kind, node, declared),
        (Some(kind), _) => decode_object(kind, node, schema),
        (None, "ignore") => schema.ignores.extend(other::decode_ignore(node)),
        (None, "unmanaged") => schema.unmanaged.extend(other::decode_unmanaged(node)),
        (None, "include") => other::decode_include(node), // taken in by `Sources` already
        (None, _) => {
            unread.whole = true;
            node.unknown("node", &Kind::ALL.iter().map(|k| k.word()).chain(NO_OBJECTS).collect::<Vec<_>>());
        }
    }
}

/// Reads an object of any kind except a table.
fn decode_object(kind: Kind, node: Node, schema: &mut Schema) {
    let ctx = node.ctx;
    match kind {
        Kind::Table => insert(ctx, schema, table::decode(node)),
        Kind::View => insert(ctx, schema, view::decode_view(node)),
        Kind::VirtualTable => insert(ctx, schema, other::decode_virtual(node)),
        Kind::Namespace => insert(ctx, schema, space::decode_schema(node)),
        Kind::Extension => insert(ctx, schema, space::decode_extension(node)),
        Kind::Enum => insert(ctx, schema, types::decode_enum(node)),
        Kind::Domain => insert(ctx, schema, types::decode_domain(node)),
        Kind::Sequence => insert(ctx, schema, sequence::decode(node)),
        Kind::MaterializedView => insert(ctx, schema, view::decode_materialized(node)),
        Kind::Defined(kind) => insert(ctx, schema, defined::decode(kind, node)),
    }
}

fn decode_table(node: Node, before: usize, schema: &mut Schema, unread: &mut Unread) {
    let ctx = node.ctx;
    let lost = ctx.lost();
    let Some(table) = table::decode(node) else {
        unread.whole = true;
        return;
    };
    if ctx.count() > before {
        unread.parts.insert(table.name.clone());
    }
    if ctx.lost() > lost {
        unread.columns.insert(table.name.clone());
    }
    insert(ctx, schema, Some(table));
}

/// Reads an object that has no effect in this database: a mistake in it is an error everywhere. Types are
/// kept, so that columns can get the underlying types.
fn pass_over(kind: Kind, node: Node, declared: &mut Declared) {
    let own = node.schema_text();
    let mut unused = Schema::default();
    decode_object(kind, node, &mut unused);
    declared.enums.extend(unused.objects.enums.into_values().map(|e| (own.clone(), e)));
    declared.domains.extend(unused.objects.domains.into_values().map(|d| (own.clone(), d)));
}

/// Adds an object, unless there is one of that name.
fn insert<T: Body>(ctx: &Ctx, schema: &mut Schema, object: Option<T>) {
    let Some(object) = object else { return };
    match object.peers_in(schema).entry(object.name.clone()) {
        Entry::Vacant(v) => {
            v.insert(object);
        }
        Entry::Occupied(o) => {
            let kind = object.kind().to_string().replace('-', " ");
            let kinds = if kind.ends_with('s') { kind } else { format!("{kind}s") };
            let (first, second) = (o.key(), &object.name);
            let message = match first.to_string() == second.to_string() {
                true => format!("two {kinds} are named `{first}`"),
                false => format!("{kinds} `{first}` and `{second}` have the same name, because SQLite ignores case"),
            };
            let problem = Problem::new(message, o.get().origin.0, "the first").also(object.origin.0, "the second");
            ctx.problem(problem.help("rename one of the two, or restrict each to one database with `only=sqlite` and `only=postgres`"));
        }
    }
}
