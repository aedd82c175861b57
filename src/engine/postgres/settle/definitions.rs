//! Settles the definitions of objects that SQL defines as a whole with the server's help: what differs from
//! the live definition by its tokens is created as a temporary object, and the server shows how it spells it.
//! Everything is rolled back. Creates nothing on a real table, and runs nothing of a text.

use super::super::ask::Refusal;
use super::super::connection::{Connection, Error};
use super::super::kinds::{self, Attempt, Row};
use super::super::names::{self, quote};
use super::super::read_type::plain_or_quoted;
use super::super::scan::{Kind, scan};
use super::super::{canon, gate};
use super::stand_ins::Stood;
use super::{problem_of, stand_ins, unknowable};
use crate::engine::postgres::catalog_row::catalog_row;
use crate::schema::{Definition, ObjectName, Problem, Schema};

/// The name of a temporary object.
const NAME: &str = "_rosey_definition";

/// Settles the definitions, and returns those of the schema file that the server rejects. `home` is the schema
/// of unqualified names.
///
/// # Errors
/// If the connection is lost.
pub(in crate::engine::postgres) async fn definitions(
    connection: &mut Connection,
    home: &str,
    live: &Schema,
    desired: &mut Schema,
) -> Result<Vec<Problem>, Error> {
    let open = open(live, desired);
    if open.is_empty() {
        return Ok(Vec::new());
    }
    connection.execute("SAVEPOINT rosey_definitions").await?;
    let stood = stand_ins::of_tables(connection, live, desired).await?;
    // A validator then reads nothing of the text of a routine.
    connection.execute("SET LOCAL check_function_bodies = off").await?;
    let mut problems = Vec::new();
    for (row, after) in open {
        match spelled(connection, home, row, &after, (desired, &stood)).await? {
            None => {}
            Some(Ok(text)) => {
                if let Some(after) = desired.definitions.of_mut(row.kind).get_mut(&after.name) {
                    after.body.canon = canon::canon(&canon::with_empty_lines(&text));
                }
            }
            Some(Err(refusal)) if waits(&refusal, &after, live, desired) => {}
            Some(Err(refusal)) => problems.extend(problem_of(&refusal, after.body.origin)),
        }
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_definitions").await?;
    Ok(if unknowable(live, desired) { Vec::new() } else { problems })
}

/// Returns whether the server may accept the definition once the plan has created the routines that it names.
fn waits(refusal: &Refusal, after: &Definition, live: &Schema, desired: &Schema) -> bool {
    let named = canon::names(&after.body.text);
    let comes = |d: &&Definition| !live.definitions.of(d.kind).contains_key(&d.name) && named.iter().any(|n| d.name.name.matches(n));
    refusal.code == "42883" && desired.definitions.values().filter(comes).any(|d| d.name != after.name)
}

/// Returns the desired definitions that are new or spelled differently.
fn open(live: &Schema, desired: &Schema) -> Vec<(&'static Row, Definition)> {
    let is_open = |after: &&Definition| live.definitions.of(after.kind).get(&after.name).is_none_or(|before| before.body != after.body);
    let open = desired.definitions.values().filter(is_open);
    open.filter_map(|after| Some((kinds::row(after.kind)?, after.clone()))).collect()
}

catalog_row! {
    /// A definition as the server spells it.
    struct Spelled from "a definition" {
        text: Option<String>,
    }
}

/// Returns the definition as the server spells it, or why it rejects it; `None` if the server cannot be asked.
async fn spelled(
    connection: &mut Connection,
    home: &str,
    row: &Row,
    after: &Definition,
    (desired, stood): (&Schema, &Stood),
) -> Result<Option<Result<String, Refusal>>, Error> {
    match row.attempt {
        Attempt::Temporary(may) => {
            let body = &after.body.text;
            if !may(body) {
                return Ok(None);
            }
            tried(connection, row, &[], &format!("CREATE {} pg_temp.{NAME}{body}", after.kind.sql())).await
        }
        Attempt::OnCopy => {
            let Some((relation, keyword)) = after.table.as_ref().zip(after.kind.relation_keyword()) else { return Ok(None) };
            let Some(needs) = copy_of(relation, home, desired, stood) else { return Ok(None) };
            let copy = format!("pg_temp.{}", quote(relation.name.as_str()));
            let Some(body) = on(&after.body.text, keyword, &copy) else { return Ok(None) };
            // The schema of a trigger is that of its table.
            let name = if after.name.relation().is_some() { NAME.to_owned() } else { format!("pg_temp.{NAME}") };
            let create = format!("CREATE {} {name} {body}", after.kind.sql());
            let told = tried(connection, row, &needs, &create).await?;
            Ok(told.map(|told| told.map(|text| on(&text, keyword, &shown(relation, home)).unwrap_or(text))))
        }
    }
}

/// Returns the statements for an empty temporary copy of a table or view; none if it has a stand-in already.
fn copy_of(relation: &ObjectName, home: &str, desired: &Schema, stood: &Stood) -> Option<Vec<String>> {
    if let Some(table) = desired.tables.get(relation) {
        let is_there = stood.tables.contains(table.name.name.as_str());
        return Some((!is_there).then(|| stand_ins::temporary(table, false)).into_iter().collect());
    }
    let view = desired.views.get(relation)?;
    let list = if view.columns.is_empty() { String::new() } else { format!(" ({})", names::list(&view.columns)) };
    let query = stood.reached(home, &view.query.text);
    Some(vec![format!("CREATE TEMPORARY VIEW {}{list} AS {query}", quote(relation.name.as_str()))])
}

/// Creates a temporary object after what it needs, reads its definition, and rolls all of it back.
async fn tried(connection: &mut Connection, row: &Row, needs: &[String], create: &str) -> Result<Option<Result<String, Refusal>>, Error> {
    connection.execute("SAVEPOINT rosey_definition").await?;
    let mut outcome = None;
    let mut has_all = true;
    for sql in needs {
        has_all = has_all && stand_ins::attempt(connection, sql).await?.is_none();
    }
    if has_all {
        outcome = match gate::execute(connection, create).await {
            Ok(()) => {
                let version = i64::from(connection.server_version());
                let rows = connection.rows::<Spelled>(&kinds::temporary(row, version, NAME)).await?;
                rows.into_iter().next().and_then(|row| row.text).map(Ok)
            }
            Err(error) if error.is_interruption() => return Err(error),
            Err(error) => Some(Err(Refusal::from(error))),
        };
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_definition").await?;
    Ok(outcome)
}

/// Returns the name of a relation as the server shows it.
fn shown(name: &ObjectName, home: &str) -> String {
    let schema = name.schema.as_ref().filter(|s| s.as_str() != home).map(|s| format!("{}.", plain_or_quoted(s.as_str())));
    format!("{}{}", schema.unwrap_or_default(), plain_or_quoted(name.name.as_str()))
}

/// Returns the text with another relation after a keyword that is outside of brackets. The scanner ends strings
/// where the server does, so that no other relation can be hidden from it.
fn on(text: &str, keyword: &str, relation: &str) -> Option<String> {
    let pieces = scan(text)?;
    let mut depth = 0_i32;
    let at = pieces.iter().position(|p| {
        match p.kind {
            Kind::Symbol('(') => depth += 1,
            Kind::Symbol(')') => depth -= 1,
            _ => {}
        }
        depth == 0 && p.is(text, keyword)
    })?;
    let is_name = |i: usize| pieces.get(i).is_some_and(|p| matches!(p.kind, Kind::Word | Kind::Name));
    let is_point = |i: usize| pieces.get(i).is_some_and(|p| p.kind == Kind::Symbol('.'));
    let only = pieces.get(at + 1).is_some_and(|p| p.is(text, "only")) && is_name(at + 2);
    let first = at + 1 + usize::from(only);
    let last = if is_name(first) && is_point(first + 1) && is_name(first + 2) { first + 2 } else { first };
    let (start, end) = (pieces.get(first).filter(|_| is_name(first))?.start, pieces.get(last)?.end);
    Some(format!("{}{relation}{}", &text[..start], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relation_is_replaced_where_the_server_reads_it() {
        for (text, wanted) in [
            ("(ndistinct) ON a, (f(b, 'from x')) FROM app.\"My t\"", Some("(ndistinct) ON a, (f(b, 'from x')) FROM t")),
            ("ON a, b FROM ONLY n -- FROM m", Some("ON a, b FROM ONLY t -- FROM m")),
            ("ON a, $$ FROM x $$ from n", Some("ON a, $$ FROM x $$ from t")),
            ("ON a FROM (SELECT 1)", None),
            ("ON a, 'b FROM n", None),
        ] {
            assert_eq!(on(text, "from", "t").as_deref(), wanted, "{text}");
        }
    }
}
