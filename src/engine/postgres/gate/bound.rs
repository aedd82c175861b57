//! Limits the resources that the evaluation of a parse tree can use. A server limits the time of a statement,
//! but not its memory, and it interrupts a statement only between two calls: a short expression that could
//! grow without limit, or whose calls take long, is refused before it is planned.
//!
//! Two things grow. The planner substitutes the expressions of a subquery for each reference to them, so that
//! a few nested ones become millions of nodes. And the values grow: [`sizes`](super::sizes) estimates them.

use super::builtin::Growth;
use super::sizes;
use super::tree::{Node, Tree};
use crate::plan::NotCounted;

/// How many columns of a function in FROM are considered: as many as a table can have.
pub(super) const COLUMNS: usize = 1_600;

/// The maximum number of nodes for the planner, after subqueries are substituted.
const NODES: u64 = 200_000;

/// The maximum number of multiplications and divisions of numbers that can have 131,072 digits. Each takes up
/// to a second, and the server cannot interrupt it.
const MULTIPLICATIONS: u64 = 8;

/// The type `numeric`.
pub(super) const NUMERIC: u32 = 1700;

/// Returns what is unbounded in the tree; `growth` knows how the functions change the size of values.
pub(super) fn exceeds(tree: &Tree, growth: &dyn Fn(u32) -> Option<Growth>) -> Option<NotCounted> {
    let unbounded = |what: &str| Some(NotCounted::Unbounded(what.to_owned()));
    if expanded(tree, &mut Vec::new(), &|_| 1) > NODES {
        return unbounded("its subqueries multiply each other's cost");
    }
    let sizes = sizes::of(tree, growth);
    if let Some(what) = sizes.refusal {
        return unbounded(what);
    }
    let multiplications = expanded(tree, &mut Vec::new(), &|node| u64::from(multiplies(node, growth)));
    if multiplications > MULTIPLICATIONS && sizes.has_long_numbers {
        return unbounded("it multiplies long numbers, which the server cannot interrupt");
    }
    None
}

/// Returns whether the node multiplies or divides values of type `numeric`.
fn multiplies(node: &Node, growth: &dyn Fn(u32) -> Option<Growth>) -> bool {
    let (function, result) = match node.label.as_str() {
        "FUNCEXPR" => ("funcid", "funcresulttype"),
        "OPEXPR" => ("opfuncid", "opresulttype"),
        _ => return false,
    };
    let growth = node.number(function).filter(|_| node.number(result) == Some(NUMERIC)).and_then(growth);
    matches!(growth, Some(Growth::Multiplies | Growth::Raises))
}

/// The weights of the columns of a query's relations.
type Scope = Vec<Vec<u64>>;

/// Returns the sum of the weights of a tree's nodes, after each reference to a subquery's column is replaced by
/// the column's expression.
fn expanded(tree: &Tree, scopes: &mut Vec<Scope>, own: &dyn Fn(&Node) -> u64) -> u64 {
    match tree {
        Tree::Atom(_) | Tree::Bytes(_) => 0,
        Tree::List(parts) => parts.iter().fold(0, |sum, p| sum.saturating_add(expanded(p, scopes, own))),
        Tree::Node(node) if node.label == "QUERY" => {
            let (columns, rest) = of_query(node, scopes, own);
            columns.into_iter().fold(rest, u64::saturating_add)
        }
        Tree::Node(node) if node.label == "VAR" => of_var(node, scopes).max(own(node)),
        Tree::Node(node) => {
            let values = node.fields.iter().flat_map(|(_, v)| v);
            values.fold(own(node), |sum, v| sum.saturating_add(expanded(v, scopes, own)))
        }
    }
}

/// Returns the weights of a query's columns, and that of the rest of it.
fn of_query(query: &Node, scopes: &mut Vec<Scope>, own: &dyn Fn(&Node) -> u64) -> (Vec<u64>, u64) {
    scopes.push(Vec::new());
    let mut rest = 0_u64;
    for relation in query.nodes("rtable") {
        let columns = match (relation.node("subquery"), relation.field("joinaliasvars")) {
            (Some(subquery), _) => {
                let (columns, inner) = of_query(subquery, scopes, own);
                rest = rest.saturating_add(inner);
                columns
            }
            (None, [Tree::List(columns)]) if !columns.is_empty() => columns.iter().map(|c| expanded(c, scopes, own)).collect(),
            _ => of_rows(relation, scopes, own),
        };
        if let Some(scope) = scopes.last_mut() {
            scope.push(columns);
        }
    }
    let columns = query.nodes("targetList").map(|entry| entry.field("expr").iter().fold(0, |s: u64, e| s + expanded(e, scopes, own)));
    let mut columns: Vec<u64> = columns.collect();
    if query.node("setOperations").is_some() {
        // The planner substitutes every branch; the list contains the columns of the first.
        let branches = scopes.last().into_iter().flatten();
        columns = branches.fold(vec![0; columns.len()], |mut all, branch| {
            all.iter_mut().zip(branch).for_each(|(own, of): (&mut u64, &u64)| *own = own.saturating_add(*of));
            all
        });
    }
    for (name, values) in query.fields.iter().filter(|(n, _)| n != "rtable" && n != "targetList") {
        let _ = name;
        rest = values.iter().fold(rest, |sum, v| sum.saturating_add(expanded(v, scopes, own)));
    }
    scopes.pop();
    (columns, rest)
}

/// Returns the weights of the columns of VALUES, of the expressions in GROUP BY (from PostgreSQL 18 on), or
/// of functions in FROM: those of the expressions that they are computed from.
fn of_rows(relation: &Node, scopes: &mut Vec<Scope>, own: &dyn Fn(&Node) -> u64) -> Vec<u64> {
    let mut columns: Vec<u64> = Vec::new();
    if let [Tree::List(rows)] = relation.field("values_lists") {
        for row in rows {
            let Tree::List(row) = row else { continue };
            columns.resize(columns.len().max(row.len()), 0);
            columns.iter_mut().zip(row).for_each(|(column, value)| *column = (*column).max(expanded(value, scopes, own)));
        }
    }
    if let [Tree::List(groups)] = relation.field("groupexprs") {
        return groups.iter().map(|g| expanded(g, scopes, own)).collect();
    }
    let functions = relation.field("functions").iter().fold(0, |sum: u64, f| sum.saturating_add(expanded(f, scopes, own)));
    if functions > 0 {
        columns.resize(columns.len().max(COLUMNS), functions);
    }
    columns
}

fn of_var(var: &Node, scopes: &[Scope]) -> u64 {
    let up = var.number("varlevelsup").unwrap_or(0) as usize;
    let place = |field: &str| var.number(field).unwrap_or(0) as usize;
    let relation = scopes.len().checked_sub(up + 1).and_then(|n| scopes.get(n)).and_then(|s| s.get(place("varno").checked_sub(1)?));
    match (relation, place("varattno")) {
        // A whole-row reference.
        (Some(columns), 0) => columns.iter().fold(0, |sum, c| sum.saturating_add(*c)),
        (Some(columns), n) => columns.get(n - 1).copied().unwrap_or(0),
        (None, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::read;
    use super::*;

    fn var(rel: u32) -> String {
        format!("{{VAR :varno {rel} :varattno 1 :varlevelsup 0}}")
    }

    fn concat(arg: &str) -> String {
        format!("{{OPEXPR :opno 654 :opfuncid 1258 :opresulttype 25 :args ({arg} {arg})}}")
    }

    /// `SELECT s || s FROM (SELECT s || s FROM (…))`.
    fn nested(levels: usize) -> String {
        let mut query =
            "{QUERY :rtable () :targetList ({TARGETENTRY :expr {CONST :consttype 25 :constvalue 5 [ 20 0 0 0 97 ]}})}".to_owned();
        for _ in 0..levels {
            let relation = format!("{{RTE :rtekind 1 :subquery {query}}}");
            query = format!("{{QUERY :rtable ({relation}) :targetList ({{TARGETENTRY :expr {}}})}}", concat(&var(1)));
        }
        query
    }

    #[test]
    fn nested_subqueries_multiply() {
        let none = |_| None;
        assert_eq!(exceeds(&read(&nested(3)).unwrap(), &none), None);
        assert!(exceeds(&read(&nested(40)).unwrap(), &none).is_some());
    }

    #[test]
    fn long_chains_grow_by_their_square() {
        let none = |_| None;
        let chain = |of: &str, n: usize| (0..n).fold(of.to_owned(), |sum, _| format!("{{OPEXPR :opresulttype 25 :args ({sum} {of})}}"));
        assert_eq!(exceeds(&read(&chain(&var(1), 50)).unwrap(), &none), None);
        let long = format!("{{FUNCEXPR :funcid 1 :funcresulttype 25 :args ({} {})}}", var(1), int(100_000));
        let fills = |f| (f == 1).then_some(Growth::Fills);
        assert_eq!(exceeds(&read(&chain(&long, 5)).unwrap(), &fills), None);
        assert!(exceeds(&read(&chain(&long, 500)).unwrap(), &fills).is_some());
    }

    #[test]
    fn factors_multiply_along_nesting() {
        let encodes = |f| (f == 1).then_some(Growth::Times(2));
        let nested = |n: usize| (0..n).fold(var(1), |of, _| format!("{{FUNCEXPR :funcid 1 :funcresulttype 25 :args ({of})}}"));
        assert_eq!(exceeds(&read(&nested(5)).unwrap(), &encodes), None);
        assert!(exceeds(&read(&nested(26)).unwrap(), &encodes).is_some());
    }

    #[test]
    fn what_is_grouped_is_computed_once_more_by_each_reference() {
        let none = |_| None;
        let mut query = nested(1);
        for _ in 0..25 {
            let inner = format!("{{RTE :rtekind 1 :subquery {query}}}");
            let group = format!("{{RTE :rtekind 9 :groupexprs ({})}}", var(1));
            query = format!("{{QUERY :rtable ({inner} {group}) :targetList ({{TARGETENTRY :expr {}}})}}", concat(&var(2)));
        }
        assert!(exceeds(&read(&query).unwrap(), &none).is_some());
    }

    #[test]
    fn an_aggregate_keeps_a_value_of_each_row() {
        let gathers = |f| (f == 1).then_some(Growth::Gathers);
        let over = |tables: usize| {
            let tables = "{RTE :rtekind 0 :relid 99}".repeat(tables);
            let call = format!("{{AGGREF :aggfnoid 1 :args ({{TARGETENTRY :expr {}}})}}", var(1));
            read(&format!("{{QUERY :rtable ({tables}) :targetList ({{TARGETENTRY :expr {call}}})}}")).unwrap()
        };
        assert_eq!(exceeds(&over(3), &gathers), None);
        assert!(exceeds(&over(4), &gathers).is_some());
    }

    fn int(n: i32) -> String {
        let bytes: Vec<String> = i64::from(n).to_le_bytes().iter().map(|b| b.cast_signed().to_string()).collect();
        format!("{{CONST :consttype 23 :constvalue 4 [ {} ]}}", bytes.join(" "))
    }

    #[test]
    fn long_numbers_are_multiplied_a_few_times_only() {
        let growth = |f| match f {
            1 => Some(Growth::Raises),
            2 => Some(Growth::Multiplies),
            _ => None,
        };
        let power = format!("{{FUNCEXPR :funcid 1 :funcresulttype 1700 :args ({} {})}}", var(1), var(1));
        let chain = |first: &str, n: usize, ty: u32| {
            (0..n).fold(first.to_owned(), |sum, _| format!("{{OPEXPR :opfuncid 2 :opresulttype {ty} :args ({sum} {})}}", var(1)))
        };
        assert_eq!(exceeds(&read(&chain(&power, 5, 1700)).unwrap(), &growth), None);
        assert!(exceeds(&read(&chain(&power, 50, 1700)).unwrap(), &growth).is_some());
        assert_eq!(exceeds(&read(&chain(&power, 50, 701)).unwrap(), &growth), None, "double precision has a fixed size");
        assert_eq!(exceeds(&read(&chain(&var(1), 50, 1700)).unwrap(), &growth), None, "numbers of ordinary length");
    }

    #[test]
    fn a_long_value_is_searched_for_a_short_constant_only() {
        let growth = |f| match f {
            1 => Some(Growth::Fills),
            2 => Some(Growth::Searches),
            3 => Some(Growth::Replaces),
            _ => None,
        };
        let long = |n| format!("{{FUNCEXPR :funcid 1 :funcresulttype 25 :args ({} {})}}", var(1), int(n));
        let (long, sought) = (long(500_000), long(100_000));
        let call = |f: u32, what: &str| {
            let empty = "{CONST :consttype 25 :constvalue 4 [ 16 0 0 0 ]}";
            read(&format!("{{FUNCEXPR :funcid {f} :funcresulttype 25 :args ({long} {what} {empty})}}")).unwrap()
        };
        for f in [2, 3] {
            assert_eq!(exceeds(&call(f, "{CONST :consttype 25 :constvalue 5 [ 20 0 0 0 97 ]}"), &growth), None);
            assert!(exceeds(&call(f, &sought), &growth).is_some());
        }
    }

    #[test]
    fn lengths_are_constants() {
        let repeats = |f| (f == 1).then_some(Growth::Repeats);
        let call = |n: &str| read(&format!("{{FUNCEXPR :funcid 1 :funcresulttype 25 :args ({} {n})}}", var(1))).unwrap();
        assert_eq!(exceeds(&call("{CONST :consttype 23 :constvalue 4 [ 3 0 0 0 0 0 0 0 ]}"), &repeats), None);
        assert!(exceeds(&call("{CONST :consttype 23 :constvalue 4 [ 0 -54 -102 59 0 0 0 0 ]}"), &repeats).is_some());
        assert!(exceeds(&call(&var(1)), &repeats).is_some());
    }
}
