//! The one gate that SQL from a schema file passes before a plan evaluates it.
//!
//! Nothing is judged by its text. The server parses the expressions as columns of a temporary view, which runs nothing, and
//! its own parse tree (`pg_rewrite.ev_action`) says what they call and read, whatever their spelling. A tree is admitted if
//! all of it is: functions that come with the server and are IMMUTABLE, or STABLE and on the list of [`admit`]; types whose
//! functions come with the server; ordinary tables, in `safe` only those that rosey's own query reads. [`bound`] refuses what
//! could take memory without end.
//!
//! What is run afterwards is the view: the very tree that was judged, and not a text that is parsed a second time. A view
//! that anything in it keeps from being admitted is made again without that.
//!
//! Errors of the parse are about the file's own words and may be quoted. Errors of the run may hold values of rows: of those
//! only the SQLSTATE is kept.

mod admit;
mod bound;
mod calls;
mod constants;
mod facts;
mod literals;
mod tree;

use sqlx::Row as _;

use admit::Judge;
pub(crate) use admit::Scope;
use calls::Calls;
pub(crate) use constants::execute;
use facts::{Facts, Wanted};
use tree::Tree;

use super::connection::{Connection, Error};
use super::names::literal;
use crate::plan::NotCounted;

/// How many expressions are columns of one view. Each may lock a table until the view is gone.
pub(crate) const AT_ONCE: usize = 100;

/// How often types lead to further types and conditions.
const ROUNDS: usize = 16;

/// The view.
pub(crate) const VIEW: &str = "pg_temp._rosey_gate";

/// An expression that is to be judged: a scalar subquery, with its brackets.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) select: String,
    pub(crate) scope: Scope,
}

/// What the server says of a view of several expressions.
pub(crate) enum Judged {
    /// It does not take it; the transaction waits to be rolled back to a savepoint.
    NotTaken(Error),
    /// All of them are admitted, and the view is there: expression `n` is its column `cN`.
    Admitted,
    /// For each, why it is not run.
    Refused(Vec<Option<NotCounted>>),
}

/// What has been looked up so far.
#[derive(Default)]
pub(crate) struct Gate {
    facts: Facts,
}

impl Gate {
    /// Makes the view and judges its columns.
    ///
    /// # Errors
    /// If the connection is lost, or the session is told to stop.
    pub(crate) async fn judge(&mut self, connection: &mut Connection, asked: &[&Asked]) -> Result<Judged, Error> {
        let columns: Vec<String> = asked.iter().enumerate().map(|(n, a)| format!("{}\n AS c{n}", a.select)).collect();
        let view = format!("CREATE TEMPORARY VIEW _rosey_gate AS SELECT {}", columns.join(", "));
        match execute(connection, &view).await {
            Ok(()) => {}
            Err(Error::NotParsed) => return Ok(Judged::Refused(vec![Some(not_parsed()); asked.len()])),
            Err(error) if error.is_no_refusal() => return Err(error),
            Err(refusal) => return Ok(Judged::NotTaken(refusal)),
        }
        let named = named(asked);
        let read = read(connection, &named).await?;
        let unread = || {
            Ok(Judged::Refused(vec![
                Some(NotCounted::Unknown("the functions that it calls could not be determined".to_owned()));
                asked.len()
            ]))
        };
        let Some((tree, view, oids)) = read else { return unread() };
        let Some(query) = query_of(&tree) else { return unread() };
        let trees: Vec<&Tree> = query.nodes("targetList").filter_map(|t| t.field("expr").first()).collect();
        let whole = calls::of(&tree);
        self.look_up(connection, &whole).await?;
        let judge = |tree: &Tree, calls: &Calls, scope: &Scope| {
            let own: Vec<u32> = match scope {
                Scope::Only(names) => names.iter().filter_map(|n| Some(*oids.get(named.iter().position(|m| *m == n)?)?)).collect(),
                _ => Vec::new(),
            };
            let judge = Judge { facts: &self.facts, view, named: &own };
            judge.refusal(calls, scope).or_else(|| bound::exceeds(tree, &|f| admit::growth(&self.facts, f)))
        };
        let mut found: Vec<Option<NotCounted>> = trees.iter().zip(asked).map(|(t, a)| judge(t, &calls::of(t), &a.scope)).collect();
        // What has more columns than it was given, or calls something beside them, is not what it looks like.
        let beside = judge(&tree, &whole, &Scope::Tables).filter(|_| found.iter().all(Option::is_none));
        if trees.len() != asked.len() || beside.is_some() {
            let why = beside.unwrap_or_else(|| NotCounted::Unknown("it is not a single expression".to_owned()));
            found = vec![Some(why); asked.len()];
        }
        Ok(if found.iter().all(Option::is_none) { Judged::Admitted } else { Judged::Refused(found) })
    }

    /// Says of each expression why it is not run, where it is not. Nothing is run, and no view is left.
    ///
    /// # Errors
    /// As [`Gate::judge`].
    pub(crate) async fn verdicts(&mut self, connection: &mut Connection, asked: &[&Asked]) -> Result<Vec<Option<NotCounted>>, Error> {
        let mut found: Vec<Option<NotCounted>> = vec![None; asked.len()];
        let mut open: Vec<(usize, usize)> = (0..asked.len()).step_by(AT_ONCE).map(|n| (n, (n + AT_ONCE).min(asked.len()))).rev().collect();
        while let Some((from, to)) = open.pop() {
            connection.execute("SAVEPOINT rosey_gate").await?;
            let judged = self.judge(connection, &asked[from..to]).await?;
            connection.execute("ROLLBACK TO SAVEPOINT rosey_gate").await?;
            match judged {
                Judged::Admitted => {}
                Judged::NotTaken(_) if to - from == 1 => found[from] = Some(not_taken()),
                Judged::Refused(each) if to - from == 1 || each.iter().any(Option::is_none) => {
                    each.into_iter().enumerate().for_each(|(n, why)| found[from + n] = why);
                }
                // Which one it is, is not told.
                Judged::NotTaken(_) | Judged::Refused(_) => {
                    let half = from + (to - from) / 2;
                    open.extend([(half, to), (from, half)]);
                }
            }
        }
        Ok(found)
    }

    /// Looks up all that a tree names, and what that leads to.
    async fn look_up(&mut self, connection: &mut Connection, calls: &Calls) -> Result<(), Error> {
        let mut wanted = Wanted {
            functions: calls.functions.clone(),
            operators: calls.operators.clone(),
            types: calls.types.iter().chain(&calls.converted).copied().collect(),
            relations: calls.relations.clone(),
        };
        for _ in 0..ROUNDS {
            if !self.facts.look_up(connection, &wanted).await? {
                break;
            }
            let operators = wanted.operators.iter().filter_map(|o| self.facts.operators.get(o));
            let functions: Vec<u32> = operators.map(|o| o.function).collect();
            let types: Vec<_> = wanted.types.iter().filter_map(|t| self.facts.types.get(t)).cloned().collect();
            wanted = Wanted { functions, ..Wanted::default() };
            for ty in types {
                wanted.types.extend(&ty.parts);
                for check in ty.checks.iter().filter_map(|c| tree::read(c)) {
                    let inner = calls::of(&check);
                    wanted.functions.extend(inner.functions);
                    wanted.operators.extend(inner.operators);
                    wanted.types.extend(inner.types.into_iter().chain(inner.converted));
                    wanted.relations.extend(inner.relations);
                }
            }
        }
        Ok(())
    }
}

/// Why an expression that the server does not take is not run.
pub(crate) fn not_taken() -> NotCounted {
    NotCounted::Unknown("the server rejects it until the change has been made".to_owned())
}

/// Why an expression is not run that could run a function as it is parsed.
fn not_parsed() -> NotCounted {
    NotCounted::Calls("a user-defined function to parse a constant".to_owned())
}

/// The relations that the scopes name.
fn named<'a>(asked: &[&'a Asked]) -> Vec<&'a String> {
    let mut found: Vec<&String> = Vec::new();
    for asked in asked {
        if let Scope::Only(names) = &asked.scope {
            found.extend(names.iter().filter(|n| !found.contains(n)).collect::<Vec<_>>());
        }
    }
    found
}

/// The view's tree, its OID, and those of the named relations; nothing if the tree cannot be read.
async fn read(connection: &mut Connection, named: &[&String]) -> Result<Option<(Tree, u32, Vec<u32>)>, Error> {
    let names: Vec<String> = named.iter().map(|n| literal(n)).collect();
    let sql = format!(
        "SELECT r.ev_action::pg_catalog.text AS tree, r.ev_class::pg_catalog.oid::pg_catalog.int8 AS view, \
         ARRAY(SELECT coalesce(pg_catalog.to_regclass(n)::pg_catalog.oid::pg_catalog.int8, 0) \
         FROM pg_catalog.unnest(ARRAY[{}]::pg_catalog.text[]) WITH ORDINALITY AS u(n, i) ORDER BY i) AS named \
         FROM pg_catalog.pg_rewrite r WHERE r.ev_class = '{VIEW}'::pg_catalog.regclass",
        names.join(", ")
    );
    let rows = connection.query(&sql).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let oid = |n: i64| u32::try_from(n).unwrap_or_default();
    let (Ok(text), Ok(view), Ok(named)) =
        (row.try_get::<String, _>("tree"), row.try_get::<i64, _>("view"), row.try_get::<Vec<i64>, _>("named"))
    else {
        return Ok(None);
    };
    Ok(tree::read(&text).map(|tree| (tree, oid(view), named.into_iter().map(oid).collect())))
}

/// The one query of a view.
fn query_of(tree: &Tree) -> Option<&tree::Node> {
    match tree {
        Tree::List(parts) => match parts.as_slice() {
            [Tree::Node(query)] if query.label == "QUERY" => Some(query),
            _ => None,
        },
        _ => None,
    }
}
