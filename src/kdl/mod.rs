//! `schema.kdl` ⇄ [`Schema`]: reading with a span for every object and an error for every mistake, and writing.
//!
//! Each kind of node has one file, decode above encode. Nothing here knows a database beyond its word in `only=`;
//! nothing here guesses: what the language does not know is an error with the nearest thing it does know.

mod allow;
mod arg;
pub mod case;
mod check;
mod column;
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
mod veil;
mod view;
mod writer;

use std::fmt::Display;
use std::hash::Hash;

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::schema::{Dialect, Origin, Problem, Schema, Unread};

pub use diagnostics::{Diagnostics, Remarks};
pub use edit::{NodeEdit, edited, node_at};
pub use fmt::format;
pub use old_name::line_with_old_name;
pub use source::{SourceFile, Sources, files_of};
pub use veil::veiled;
pub use writer::{encode, encode_table};

pub(crate) use writer::{column_line, rules_of_line};

pub(crate) use column::action;
pub(crate) use fmt::quoted;
pub(crate) use fmt::string_repr;

use node::{Ctx, Node};
use spelled_out::Declared;

/// The nodes that may stand at the top of a schema file.
const TOP: [&str; 13] = [
    "table",
    "view",
    "trigger",
    "virtual-table",
    "ignore",
    "include",
    "unmanaged",
    "schema",
    "extension",
    "enum",
    "domain",
    "sequence",
    "materialized-view",
];

/// Reads the schema that the sources declare for one dialect.
///
/// # Errors
/// Every mistake of every file, in the order of files and lines.
pub fn decode(sources: &Sources, dialect: Dialect) -> Result<Schema, Diagnostics> {
    let (schema, problems) = decode_all(sources, dialect);
    if problems.is_empty() { Ok(schema) } else { Err(Diagnostics::new(sources, problems)) }
}

/// Reads as much of the schema as can be read, with every problem found on the way: a dialect may have more to say.
pub fn decode_all(sources: &Sources, dialect: Dialect) -> (Schema, Vec<Problem>) {
    let mut schema = Schema::default();
    let mut problems = sources.problems().to_vec();
    let mut unread = Unread { whole: !problems.is_empty(), ..Unread::default() };
    let mut declared = Declared::default();
    let here = sources.files().iter().enumerate().filter(|(_, f)| f.only.is_none_or(|only| only == dialect));
    for (file, source) in here {
        let ctx = Ctx::new(file as u32, dialect);
        let parsed = parse::parse(file as u32, &source.text, |start, document| {
            ctx.starts_at(start);
            for node in document.nodes() {
                if sources.are_loose() && node.name().value() == "include" {
                    ctx.problem(no_include(&ctx, node));
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

/// Finds what is no KDL, whatever it means.
///
/// # Errors
/// The syntax errors of all files.
pub fn check_syntax(sources: &Sources) -> Result<(), Diagnostics> {
    let files = sources.files().iter().enumerate();
    let problems: Vec<Problem> = files.flat_map(|(i, f)| parse::parse(i as u32, &f.text, |_, _| {}).err().unwrap_or_default()).collect();
    if problems.is_empty() { Ok(()) } else { Err(Diagnostics::new(sources, problems)) }
}

/// A recorded schema, or one that a program carries with it, is a schema and names no files.
fn no_include(ctx: &Ctx, node: &kdl::KdlNode) -> Problem {
    let at = ctx.span(node.name().span());
    Problem::new("`include` in a text that is not a file", at, "includes nothing").help("put what it includes in its place")
}

fn decode_top(ctx: &Ctx, kdl: &kdl::KdlNode, schema: &mut Schema, unread: &mut Unread, declared: &mut Declared) {
    let before = ctx.count();
    let Some(node) = ctx.open(kdl) else { return };
    match node.name() {
        "table" => decode_table(node, before, schema, unread),
        "view" => insert(ctx, &mut schema.views, "view", view::decode_view(node), |v| (v.name.clone(), v.origin)),
        "trigger" => insert(ctx, &mut schema.triggers, "trigger", other::decode_trigger(node), |t| (t.name.clone(), t.origin)),
        "virtual-table" => {
            insert(ctx, &mut schema.virtual_tables, "virtual-table", other::decode_virtual(node), |v| (v.name.clone(), v.origin));
        }
        "ignore" => schema.ignores.extend(other::decode_ignore(node)),
        "unmanaged" => schema.unmanaged.extend(other::decode_unmanaged(node)),
        "include" => other::decode_include(node), // taken in by `Sources` already
        "schema" | "extension" | "enum" | "domain" | "sequence" | "materialized-view" => decode_for_postgres(node, schema, declared),
        _ => {
            unread.whole = true;
            node.unknown("node", &TOP);
        }
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
    insert(ctx, &mut schema.tables, "table", Some(table), |t| (t.name.clone(), t.origin));
}

/// Kinds that only PostgreSQL has: their mistakes are mistakes everywhere. Elsewhere types are spelled out where columns
/// have them, and the rest does nothing.
fn decode_for_postgres(node: Node, schema: &mut Schema, declared: &mut Declared) {
    let ctx = node.ctx;
    let (kind, own) = (node.name(), node.schema_text());
    let is_postgres = ctx.dialect == Dialect::Postgres;
    let mut unused = Schema::default();
    let into = if is_postgres { schema } else { &mut unused };
    match kind {
        "schema" => insert(ctx, &mut into.namespaces, kind, space::decode_schema(node), |n| (n.name.clone(), n.origin)),
        "extension" => insert(ctx, &mut into.extensions, kind, space::decode_extension(node), |e| (e.name.clone(), e.origin)),
        "enum" => insert(ctx, &mut into.enums, kind, types::decode_enum(node), |e| (e.name.clone(), e.origin)),
        "domain" => insert(ctx, &mut into.domains, kind, types::decode_domain(node), |d| (d.name.clone(), d.origin)),
        "sequence" => insert(ctx, &mut into.sequences, kind, sequence::decode(node), |s| (s.name.clone(), s.origin)),
        _ => insert(ctx, &mut into.materialized_views, kind, view::decode_materialized(node), |v| (v.name.clone(), v.origin)),
    }
    if !is_postgres {
        declared.enums.extend(unused.enums.into_values().map(|e| (own.clone(), e)));
        declared.domains.extend(unused.domains.into_values().map(|d| (own.clone(), d)));
    }
}

/// Adds what was read, unless there is one of its name.
fn insert<K: Hash + Eq + Display, T>(ctx: &Ctx, map: &mut IndexMap<K, T>, kind: &str, value: Option<T>, of: impl Fn(&T) -> (K, Origin)) {
    let Some(value) = value else { return };
    let (name, origin) = of(&value);
    match map.entry(name) {
        Entry::Vacant(v) => {
            v.insert(value);
        }
        Entry::Occupied(o) => ctx.problem(
            Problem::new(format!("two {kind}s are called `{}`", o.key()), of(o.get()).1.0, "the first")
                .also(origin.0, "the second")
                .help("rename one of the two, or keep each to one database with only=sqlite and only=postgres"),
        ),
    }
}
