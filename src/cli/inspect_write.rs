//! `rosey inspect --write`: copies into the schema file what the database has and the file does not declare.
//!
//! Only the top-level nodes that differ are written; the rest stays byte for byte the same. A node with
//! `only=` must be changed by hand: its other side cannot be seen from here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::{Failure, reading};
use super::target::Database;
use super::{fmt, output, schema};
use crate::apply::{Desired, PlanOptions};
use crate::diff::Changes;
use crate::engine::guards;
use crate::kdl::{self, NodeEdit, Sources};
use crate::render::escape;
use crate::schema::{Address, Case, Dialect, Schema, Span};

/// An object that differs: its address in the file, and its address in the database.
type Pair = (Option<Address>, Option<Address>);

/// The edits of the files.
#[derive(Default)]
struct Work {
    edits: BTreeMap<u32, Vec<NodeEdit>>,
    added: BTreeSet<String>,
    told: Vec<String>,
    by_hand: Vec<String>,
}

/// Updates the schema at `path` to match the database.
pub(super) async fn update(database: &Database, path: &Path) -> Result<(), Failure> {
    let sources = schema::sources(path)?;
    let desired = schema::desired(&sources, database.dialect())?;
    let plan_options = PlanOptions::default();
    let changes = database.plan(&desired, plan_options).await.map_err(|e| schema::failure(&sources, e))?.plan.changes;
    if changes.is_empty() {
        output::out(&format!("{} already matches the database; nothing was written.\n", shown(path)));
        return Ok(());
    }
    let live = live(database, &desired).await?;
    let work = work(&sources, &changes, desired.written(), &live, database.dialect());
    if !work.by_hand.is_empty() {
        let list: String = work.by_hand.iter().map(|w| format!("\n  {w}")).collect();
        return Err(Failure::new(format!("nothing was written, because this must be changed by hand:{list}")));
    }
    write(&sources, path, &work, &live, database.dialect())?;
    output::out(&work.told.iter().map(|line| format!("{}\n", escape(line))).collect::<String>());
    proven(database, path).await
}

/// Returns the live schema, plus declarations that a database cannot keep.
async fn live(database: &Database, desired: &Desired) -> Result<Schema, Failure> {
    let text = database.inspect().await.map_err(reading)?;
    let mut live = kdl::decode(&Sources::from_text("database", &text), database.dialect())?;
    guards::remember(&mut live, desired.written());
    Ok(live)
}

fn work(sources: &Sources, changes: &Changes, written: &Schema, live: &Schema, dialect: Dialect) -> Work {
    let mut work = Work::default();
    for (kind, name) in &changes.lacking {
        work.by_hand.push(format!("unmanaged {kind} {name}: not in the database; remove the line"));
    }
    for (declared, there) in pairs(changes) {
        let place = declared.as_ref().and_then(|a| place(written, a));
        let node = place.and_then(|span| kdl::node_at(text(sources, span.file), span.start as usize));
        let name = declared.as_ref().or(there.as_ref()).map(ToString::to_string).unwrap_or_default();
        match (place, node, there) {
            (Some(_), Some(node), _) if node.contains("only=") => work.by_hand.push(format!("{name}: its node has only=")),
            (Some(span), Some(_), there) => {
                let file = sources.files().get(span.file as usize).map(|f| f.name.as_str()).unwrap_or_default();
                work.told.push(format!("{file}: {name} {}", if there.is_some() { "rewritten" } else { "removed" }));
                let with = there.map(|a| alone(live, &BTreeSet::from([a.to_string()]), dialect));
                work.edits.entry(span.file).or_default().push(NodeEdit { at: span.start as usize, with });
            }
            (_, _, Some(there)) => drop(work.added.insert(there.to_string())),
            (_, _, None) => work.by_hand.push(format!("{name}: not in the database; remove it")),
        }
    }
    work
}

fn text(sources: &Sources, file: u32) -> &str {
    sources.files().get(file as usize).map_or("", |f| f.text.as_str())
}

fn write(sources: &Sources, path: &Path, work: &Work, live: &Schema, dialect: Dialect) -> Result<(), Failure> {
    let added = if work.added.is_empty() { String::new() } else { alone(live, &work.added, dialect) };
    let failed = |file: &Path, e: std::io::Error| Failure::new(format!("{} cannot be written: {e}", file.display()));
    for (number, file) in sources.files().iter().enumerate() {
        let edits = work.edits.get(&(number as u32)).map(Vec::as_slice).unwrap_or_default();
        let added = if number == 0 { added.as_str() } else { "" };
        if !edits.is_empty() || !added.is_empty() {
            let file_path = PathBuf::from(&file.name);
            fmt::replace(&file_path, &kdl::edited(&file.text, edits, added)).map_err(|e| failed(&file_path, e))?;
        }
    }
    if sources.files().is_empty() {
        let file = path.join("schema.kdl");
        std::fs::write(&file, &added).map_err(|e| failed(&file, e))?;
    }
    let to = sources.files().first().map_or_else(|| path.join("schema.kdl").display().to_string(), |f| f.name.clone());
    output::out(&work.added.iter().map(|name| escape(&format!("{to}: {name} added\n"))).collect::<String>());
    Ok(())
}

/// Checks that the plan for the written file is empty.
async fn proven(database: &Database, path: &Path) -> Result<(), Failure> {
    let sources = schema::sources(path)?;
    let desired = schema::desired(&sources, database.dialect())?;
    let left = database.plan(&desired, PlanOptions::default()).await.map_err(|e| schema::failure(&sources, e))?.plan.changes;
    if left.is_empty() {
        output::out("Verified: it matches the database.\n");
        return Ok(());
    }
    let names: Vec<String> = left.addresses().iter().map(ToString::to_string).collect();
    Err(Failure::new(format!("{} still differs from the database in {}", path.display(), names.join(", ")))
        .help("run rosey plan to see the difference"))
}

/// Returns the address in the file and the live one of each object that differs.
fn pairs(changes: &Changes) -> Vec<Pair> {
    changes.pairs().into_iter().map(|(before, after)| (after, before)).collect()
}

/// Returns the position at which the file declares an object.
fn place(s: &Schema, at: &Address) -> Option<Span> {
    s.heads().find(|(kind, head)| Address::of(*kind, &head.name) == *at)?.1.origin.0
}

/// Returns these objects of the schema, in the schema language.
fn alone(live: &Schema, wanted: &BTreeSet<String>, dialect: Dialect) -> String {
    let exact = dialect.case() == Case::Exact;
    let same = |a: &str, b: &str| if exact { a == b } else { a.eq_ignore_ascii_case(b) };
    let is_wanted = |a: Address| wanted.iter().any(|w| same(w, &a.to_string()));
    let mut some = live.clone();
    some.retain(|kind, head| is_wanted(Address::of(kind, &head.name)));
    some.ignores.clear();
    some.unmanaged.clear();
    kdl::encode(&some)
}

fn shown(path: &Path) -> String {
    escape(&path.display().to_string())
}
