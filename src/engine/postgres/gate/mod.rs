//! The only gate through which SQL from a schema file reaches evaluation by a plan.
//!
//! Nothing is judged by its text. The server parses the expressions as columns of a temporary view, which
//! runs nothing, and its own parse tree (`pg_rewrite.ev_action`) shows what they call and read, however they
//! are written. A tree is admitted if all of it is: built-in functions that are IMMUTABLE, or STABLE and on
//! the list of [`admit`]; types whose functions are built in; ordinary tables, in `safe` only those that
//! rosey's own query reads. [`bound`] refuses what could use unlimited memory.
//!
//! Afterwards the view itself is run: the same tree that was judged, not a text that is parsed a second time.
//! If something in a view is not admitted, the view is re-created without it.
//!
//! Parse errors are about the file's own text and may be quoted. Runtime errors may contain values of rows:
//! of these only the SQLSTATE is kept.

mod admit;
mod bound;
mod builtin;
mod calls;
mod constants;
mod facts;
mod literals;
mod sizes;
mod tree;

use admit::Judge;
pub(crate) use admit::Scope;
use calls::Calls;
pub(crate) use constants::execute;
use facts::{Facts, Wanted};
use tree::Tree;

use super::connection::{Connection, Error};
use super::names::literal;
use crate::engine::postgres::catalog_row::catalog_row;
use crate::plan::NotCounted;

/// The maximum number of expressions in one view. Each may lock a table until the view is dropped.
pub(crate) const AT_ONCE: usize = 100;

/// The maximum length in bytes of a view's parse tree that is read.
const TREE: usize = 4 << 20;

/// The maximum number of rounds in which types lead to further types and conditions.
const ROUNDS: usize = 16;

/// The name of the view.
pub(crate) const VIEW: &str = "pg_temp._rosey_gate";

/// An expression to judge: a scalar subquery, with its brackets.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) select: String,
    pub(crate) scope: Scope,
    /// The relations that rosey's own query reads.
    pub(crate) reads: Vec<String>,
}

/// The verdict on a view of several expressions.
pub(crate) enum Judged {
    /// The server rejects it; the transaction must be rolled back to a savepoint.
    NotTaken(Error),
    /// All are admitted and the view exists: expression `n` is its column `cN`.
    Admitted,
    /// Why each expression is not run.
    Refused(Vec<Option<NotCounted>>),
}

/// What has been looked up so far.
#[derive(Default)]
pub(crate) struct Gate {
    facts: Facts,
}

impl Gate {
    /// Creates the view and judges its columns.
    ///
    /// # Errors
    /// If the connection is lost or the statement is canceled.
    pub(crate) async fn judge(&mut self, connection: &mut Connection, asked: &[&Asked]) -> Result<Judged, Error> {
        let columns: Vec<String> = asked.iter().enumerate().map(|(n, a)| format!("{}\n AS c{n}", a.select)).collect();
        let view = format!("CREATE TEMPORARY VIEW _rosey_gate AS SELECT {}", columns.join(", "));
        match execute(connection, &view).await {
            Ok(()) => {}
            Err(Error::NotParsed) => return Ok(Judged::Refused(vec![Some(not_parsed()); asked.len()])),
            Err(error) if error.is_interruption() => return Err(error),
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
        let oids_of =
            |names: &[String]| -> Vec<u32> { names.iter().filter_map(|n| Some(*oids.get(named.iter().position(|m| *m == n)?)?)).collect() };
        let judge = |tree: &Tree, calls: &Calls, scope: &Scope, own: &[u32]| {
            let judge = Judge { facts: &self.facts, view, named: own };
            judge.refusal(calls, scope).or_else(|| bound::exceeds(tree, &|f| admit::growth(&self.facts, f)))
        };
        let one = |(t, a): (&&Tree, &&Asked)| judge(t, &calls::of(t), &a.scope, &oids_of(&a.reads));
        let mut found: Vec<Option<NotCounted>> = trees.iter().zip(asked).map(one).collect();
        // If there are more columns than expressions, or calls outside of them, the text is not what it
        // appears to be.
        let beside = judge(&tree, &whole, &Scope::Tables, &oids).filter(|_| found.iter().all(Option::is_none));
        if trees.len() != asked.len() || beside.is_some() {
            let why = beside.unwrap_or_else(|| NotCounted::Unknown("it is not a single expression".to_owned()));
            found = vec![Some(why); asked.len()];
        }
        Ok(if found.iter().all(Option::is_none) { Judged::Admitted } else { Judged::Refused(found) })
    }

    /// Returns whether a relation that has been judged has an index with an operator class of a user or an
    /// extension, whose functions an index scan would call.
    pub(crate) fn must_avoid_indexes(&self) -> bool {
        self.facts.relations.values().any(|r| r.has_own_indexes)
    }

    /// Returns for each expression why it is not run, if it is not. Runs nothing and leaves no view.
    ///
    /// # Errors
    /// The errors of [`Gate::judge`].
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
                // The server does not say which one it is.
                Judged::NotTaken(_) | Judged::Refused(_) => {
                    let half = from + (to - from) / 2;
                    open.extend([(half, to), (from, half)]);
                }
            }
        }
        Ok(found)
    }

    /// Looks up everything that a tree refers to, directly and indirectly.
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

/// Returns why an expression that the server rejects is not run.
pub(crate) fn not_taken() -> NotCounted {
    NotCounted::Unknown("the server rejects it until the change has been made".to_owned())
}

/// Returns why an expression is not run if parsing it could run a function.
fn not_parsed() -> NotCounted {
    NotCounted::Calls("a user-defined function to parse a constant".to_owned())
}

/// Returns the relations that rosey's own queries read.
fn named<'a>(asked: &[&'a Asked]) -> Vec<&'a String> {
    let mut found: Vec<&String> = Vec::new();
    for asked in asked {
        found.extend(asked.reads.iter().filter(|n| !found.contains(n)).collect::<Vec<_>>());
    }
    found
}

catalog_row! {
    /// The tree of the view, its OID, and those of the named relations.
    struct TreeRow from "the query of a view" {
        tree: Option<String>,
        view: i64,
        named: Vec<i64>,
    }
}

/// Returns the view's tree, its OID and those of the named relations, or `None` if the tree cannot be read.
async fn read(connection: &mut Connection, named: &[&String]) -> Result<Option<(Tree, u32, Vec<u32>)>, Error> {
    let names: Vec<String> = named.iter().map(|n| literal(n)).collect();
    let sql = format!(
        "SELECT CASE WHEN pg_catalog.octet_length(r.ev_action::pg_catalog.text) OPERATOR(pg_catalog.<=) {TREE} \
         THEN r.ev_action::pg_catalog.text END AS tree, r.ev_class::pg_catalog.oid::pg_catalog.int8 AS view, \
         ARRAY(SELECT coalesce(pg_catalog.to_regclass(n)::pg_catalog.oid::pg_catalog.int8, 0) \
         FROM pg_catalog.unnest(ARRAY[{}]::pg_catalog.text[]) WITH ORDINALITY AS u(n, i) ORDER BY i) AS named \
         FROM pg_catalog.pg_rewrite r WHERE r.ev_class = '{VIEW}'::pg_catalog.regclass",
        names.join(", ")
    );
    let oid = |n: i64| u32::try_from(n).unwrap_or_default();
    let Some(TreeRow { tree: Some(text), view, named }) = connection.rows(&sql).await?.pop() else { return Ok(None) };
    Ok(tree::read(&text).map(|tree| (tree, oid(view), named.into_iter().map(oid).collect())))
}

/// Returns the only query of a view.
fn query_of(tree: &Tree) -> Option<&tree::Node> {
    match tree {
        Tree::List(parts) => match parts.as_slice() {
            [Tree::Node(query)] if query.label == "QUERY" => Some(query),
            _ => None,
        },
        _ => None,
    }
}
