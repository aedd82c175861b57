//! Every KDL block in a document is a schema, a `rosey.kdl`, a case of `rosey test`, or a part of a table.

use rosey::kdl::case::{self, Side};
use rosey::kdl::{self, Sources, project};
use rosey::schema::Dialect;

use super::{documents, read};
use crate::support::fences;

/// Checks that a schema is valid on both databases; returns the problems on the first one that rejects it.
fn schema(text: &str) -> Result<(), String> {
    let sources = Sources::from_text("block", text);
    let of = |dialect| match kdl::decode_all(&sources, dialect) {
        (_, problems) if problems.is_empty() => Ok(()),
        (_, problems) => Err(problems.iter().map(|p| format!("{}\n", p.message)).collect::<String>()),
    };
    of(Dialect::Postgres).and_then(|()| of(Dialect::Sqlite))
}

fn is_case(text: &str) -> bool {
    [Dialect::Sqlite, Dialect::Postgres].into_iter().all(|dialect| {
        let Ok(case) = case::read("block", text, dialect, &rosey::plan::Code::ALL.map(rosey::plan::Code::name)) else { return false };
        let sides = case.before.iter().chain([&case.after]);
        sides.filter_map(|s| if let Side::Inline(sources) = s { Some(sources) } else { None }).all(|s| kdl::decode(s, dialect).is_ok())
    })
}

/// Returns whether it is lines from a table. What they name may be in lines that are not shown.
fn is_part_of_a_table(text: &str) -> bool {
    let whole = format!("table this {{\n{text}\n}}\n");
    schema(&whole)
        .err()
        .is_none_or(|why| why.lines().all(|l| l.ends_with("which is not in the schema") || l.contains(", which does not exist in table ")))
}

#[test]
fn every_block_can_be_read() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in documents() {
        for block in fences::blocks(&read(&path)).into_iter().filter(|b| b.info.split(' ').next() == Some("kdl")) {
            seen += 1;
            let Err(why) = schema(&block.text) else { continue };
            if project::read("block", &block.text, &rosey::lint::levelled()).is_ok()
                || is_case(&block.text)
                || is_part_of_a_table(&block.text)
            {
                continue;
            }
            wrong.push(format!("{}, line {}:\n{why}\n{}", path.file_name().unwrap().to_string_lossy(), block.line, block.text));
        }
    }
    assert!(seen > 10, "{seen} blocks: were they found?");
    assert!(wrong.is_empty(), "{} of {seen}\n{}", wrong.len(), wrong.join("\n"));
}
