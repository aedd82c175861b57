//! `schema.kdl` ⇄ [`Schema`]: reading with a span for every object and an error for every mistake, and writing.
//!
//! Each kind of node has one file, decode above encode. Nothing here knows a database beyond its word in `only=`;
//! nothing here guesses: what the language does not know is an error with the nearest thing it does know.

mod column;
mod constraint;
mod diagnostics;
mod fmt;
mod index;
mod node;
mod other;
mod parse;
mod source;
mod table;
mod writer;

use indexmap::IndexMap;
use indexmap::map::Entry;

use crate::schema::{Dialect, ObjectName, Origin, Problem, Schema, Unread};

pub use diagnostics::Diagnostics;
pub use fmt::format;
pub use source::{SourceFile, Sources, files_of};
pub use writer::{encode, encode_table};

pub(crate) use writer::column_line;

pub(crate) use fmt::quoted;
pub(crate) use fmt::string_repr;

use node::Ctx;

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

/// Kinds that only PostgreSQL has. On SQLite they do nothing.
const POSTGRES_ONLY: [&str; 6] = ["schema", "extension", "enum", "domain", "sequence", "materialized-view"];

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
    let here = sources.files().iter().enumerate().filter(|(_, f)| f.only.is_none_or(|only| only == dialect));
    for (file, source) in here {
        let ctx = Ctx::new(file as u32, dialect);
        let parsed = parse::parse(file as u32, &source.text, |start, document| {
            ctx.starts_at(start);
            document.nodes().iter().for_each(|node| decode_top(&ctx, node, &mut schema, &mut unread));
        });
        unread.whole |= parsed.is_err();
        problems.extend(parsed.err().unwrap_or_default());
        problems.extend(ctx.into_problems());
    }
    problems.extend(schema.problems_but(&unread));
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

fn decode_top(ctx: &Ctx, kdl: &kdl::KdlNode, schema: &mut Schema, unread: &mut Unread) {
    let (before, lost) = (ctx.count(), ctx.lost());
    let Some(node) = ctx.open(kdl) else { return };
    match node.name() {
        "table" => {
            if let Some(table) = table::decode(node) {
                if ctx.count() > before {
                    unread.parts.insert(table.name.clone());
                }
                if ctx.lost() > lost {
                    unread.columns.insert(table.name.clone());
                }
                insert(ctx, &mut schema.tables, "table", table.name.clone(), table.origin, table, |t| t.origin);
            } else {
                unread.whole = true;
            }
        }
        "view" => {
            if let Some(view) = other::decode_view(node) {
                insert(ctx, &mut schema.views, "view", view.name.clone(), view.origin, view, |v| v.origin);
            }
        }
        "trigger" => {
            if let Some(t) = other::decode_trigger(node) {
                insert(ctx, &mut schema.triggers, "trigger", t.name.clone(), t.origin, t, |t| t.origin);
            }
        }
        "virtual-table" => {
            if let Some(v) = other::decode_virtual(node) {
                insert(ctx, &mut schema.virtual_tables, "virtual-table", v.name.clone(), v.origin, v, |v| v.origin);
            }
        }
        "ignore" => schema.ignores.extend(other::decode_ignore(node)),
        "unmanaged" => schema.unmanaged.extend(other::decode_unmanaged(node)),
        "include" => other::decode_include(node), // taken in by `Sources` already
        kind if POSTGRES_ONLY.contains(&kind) => {}
        _ => {
            unread.whole = true;
            node.unknown("node", &TOP);
        }
    }
}

fn insert<T>(
    ctx: &Ctx,
    map: &mut IndexMap<ObjectName, T>,
    kind: &str,
    name: ObjectName,
    origin: Origin,
    value: T,
    at: impl Fn(&T) -> Origin,
) {
    match map.entry(name) {
        Entry::Vacant(v) => {
            v.insert(value);
        }
        Entry::Occupied(o) => ctx.problem(
            Problem::new(format!("two {kind}s are called `{}`", o.key()), at(o.get()).0, "the first")
                .also(origin.0, "the second")
                .help("rename one of the two, or keep each to one database with only=sqlite and only=postgres"),
        ),
    }
}
