//! The rows of a case: inserts them, and compares a table with the expected rows. The database itself
//! compares by the types of its columns, so `1.50` may be written for a number that it shows as `1.5`.

use super::TestError;
use super::scratch::Session;
use crate::engine::scanner::quote;
use crate::engine::values::{literal, named};
use crate::kdl::case::Row;
use crate::plan::counted;
use crate::schema::Dialect;

/// The table for the expected rows. It is temporary and never committed.
const EXPECTED: &str = "rosey_expected";

pub(super) async fn insert(session: &mut Session, row: &Row, dialect: Dialect) -> Result<(), TestError> {
    insert_into(session, &table(row), row, dialect).await
}

async fn insert_into(session: &mut Session, table: &str, row: &Row, dialect: Dialect) -> Result<(), TestError> {
    let columns: Vec<String> = row.cells.iter().map(|(c, _)| quote(c)).collect();
    let values: Vec<String> = row.cells.iter().map(|(_, v)| literal(v, dialect)).collect();
    session.run(&format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "))).await
}

/// Returns the tables that do not have the expected rows, each with its differences. The order of rows does
/// not matter.
pub(super) async fn differences(session: &mut Session, rows: &[Row], dialect: Dialect) -> Result<Vec<String>, TestError> {
    let mut tables: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let name = table(row);
        match tables.iter_mut().find(|(t, _)| *t == name) {
            Some((_, rows)) => rows.push(row),
            None => tables.push((name, vec![row])),
        }
    }
    let mut found = Vec::new();
    for (table, rows) in tables {
        session.run("BEGIN").await?;
        let difference = difference(session, &table, &rows, dialect).await;
        session.run("ROLLBACK").await?;
        found.extend(difference?);
    }
    Ok(found)
}

async fn difference(session: &mut Session, table: &str, rows: &[&Row], dialect: Dialect) -> Result<Option<String>, TestError> {
    if rows.iter().all(|r| r.cells.is_empty()) {
        return none_there(session, table).await;
    }
    let mut columns: Vec<&str> = Vec::new();
    for (column, _) in rows.iter().flat_map(|r| &r.cells) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let list: Vec<String> = columns.iter().map(|c| quote(c)).collect();
    session.run(&format!("CREATE TEMP TABLE {EXPECTED} AS SELECT {} FROM {table} WHERE 1 = 0", list.join(", "))).await?;
    for row in rows {
        insert_into(session, EXPECTED, row, dialect).await?;
    }
    let shown = columns.iter().map(|c| named(c, dialect)).collect::<Vec<_>>().join(" || ' ' || ");
    let mut wanted = session.texts(&format!("SELECT {shown} FROM {EXPECTED}")).await?;
    let mut there = session.texts(&format!("SELECT {shown} FROM {table}")).await?;
    wanted.sort();
    there.sort();
    Ok((wanted != there).then(|| format!("expect-rows: {table}\n{}", listed(&wanted, &there))))
}

/// Reports the number of rows if none are expected.
async fn none_there(session: &mut Session, table: &str) -> Result<Option<String>, TestError> {
    let count = session.texts(&format!("SELECT CAST(count(*) AS text) FROM {table}")).await?;
    let there = count.first().and_then(|n| n.parse().ok()).unwrap_or(0);
    Ok((there != 0).then(|| format!("expect-rows: {table}\n- no rows\n+ {}\n", counted(there, "row"))))
}

/// Merges both lists, with `-` before what is expected but missing and `+` before what is not expected.
fn listed(wanted: &[String], there: &[String]) -> String {
    let (mut left, mut right) = (wanted.iter().peekable(), there.iter().peekable());
    let mut text = String::new();
    loop {
        let (sign, line) = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if a == b => (' ', (left.next(), right.next()).0),
            (Some(a), Some(b)) if a < b => ('-', left.next()),
            (Some(_), None) => ('-', left.next()),
            (_, Some(_)) => ('+', right.next()),
            (None, None) => return text,
        };
        text.extend(line.map(|l| format!("{sign} {l}\n")));
    }
}

fn table(row: &Row) -> String {
    let schema = row.schema.as_ref().map(|s| format!("{}.", quote(s)));
    format!("{}{}", schema.unwrap_or_default(), quote(&row.table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_shown_as_one() {
        let of = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(listed(&of("a b c"), &of("b d")), "- a\n  b\n- c\n+ d\n");
        assert_eq!(listed(&of(""), &of("x")), "+ x\n");
        assert_eq!(listed(&of("x x"), &of("x")), "  x\n- x\n");
    }
}
