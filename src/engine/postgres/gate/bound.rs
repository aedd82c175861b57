//! Limits how large the evaluation of a parse tree can become. A server limits the time of a statement, but
//! not its memory: a short expression that could grow without limit is refused before it is planned.
//!
//! Two things grow. The planner substitutes the expressions of a subquery for each reference to them, so that
//! a few nested ones become millions of nodes. And the intermediate strings of one row are kept until the row
//! is finished, so that a long chain of concatenations takes quadratic memory.

use super::tree::{Node, Tree};
use crate::plan::NotCounted;

/// How many columns of a function in FROM are considered: as many as a table can have.
const COLUMNS: usize = 1_600;

/// The maximum number of nodes for the planner, after subqueries are substituted.
const NODES: u64 = 200_000;

/// The maximum size in bytes of one row's intermediate values, beyond the size of the row's own values.
const BYTES: u64 = 1 << 28;

/// The maximum factor by which `repeat` and `replace` may lengthen a value.
const TIMES: u64 = 100_000;

/// The maximum length in bytes of values that the expression makes by itself and then searches or aggregates.
const LONG: u64 = 10_000;

/// The maximum length in bytes of a constant that a value may be searched for, however long that value is.
const SHORT: u64 = 256;

/// The maximum number of multiplications and divisions of numbers that can have 131,072 digits. Each takes up
/// to a second, and the server cannot interrupt it.
const MULTIPLICATIONS: u64 = 8;

/// The type `numeric`.
const NUMERIC: u32 = 1700;

/// The factor by which the parts of a value need more memory than the value.
const PARTS: u64 = 40;

/// The type of sublink that collects rows in an array, `ARRAY(SELECT …)`.
const ARRAY_SUBLINK: u32 = 6;

/// Types whose values do not grow: numbers, times, booleans and the like.
const FIXED: [u32; 17] = [16, 18, 19, 20, 21, 23, 26, 700, 701, 829, 1082, 1083, 1114, 1184, 1186, 1266, 2950];

/// How a function changes the size of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// It repeats a value as often as its second argument says.
    Repeats,
    /// It pads a value to the length in its second argument.
    Fills,
    /// It replaces parts of the first argument by the third.
    Replaces,
    /// Its first argument is a format that may contain widths.
    Formats,
    /// It makes many small values of one.
    Splits,
    /// It compares one argument with another at each place, and the server cannot interrupt it.
    Searches,
    /// It makes a long number of short ones, if its result is `numeric`.
    Raises,
    /// Its time is the product of the lengths of two numbers, if its result is `numeric`.
    Multiplies,
    /// An aggregate that keeps all its input values.
    Gathers,
}

/// Returns what is unbounded in the tree; `growth` knows the functions that lengthen values.
pub(super) fn exceeds(tree: &Tree, growth: &dyn Fn(u32) -> Option<Growth>) -> Option<NotCounted> {
    let unbounded = |what: &str| Some(NotCounted::Unbounded(what.to_owned()));
    if weight(tree, &mut Vec::new()) > NODES {
        return unbounded("its subqueries multiply each other's cost");
    }
    if gathers_products(tree, growth) {
        return unbounded("it aggregates the product of several tables");
    }
    let mut sizes = Sizes { times: 1, longest: 64, growing: 0, odd: false, searches: false, gathers: false, raises: false };
    sizes.look(tree, growth);
    let multiplications = expanded(tree, &mut Vec::new(), &|node| u64::from(multiplies(node, growth)));
    // Each intermediate value may be as long as all earlier ones together.
    let all = growing(tree, &mut Vec::new()).saturating_add(sizes.growing);
    let bytes = all.saturating_mul(all).saturating_mul(sizes.longest);
    if sizes.odd || sizes.times > TIMES || bytes.saturating_mul(sizes.times) > BYTES {
        return unbounded("its values could grow without limit");
    }
    // The time of a search is the product of two lengths, and an aggregate keeps a value of each row.
    let long = sizes.longest.saturating_mul(sizes.times) > LONG;
    if multiplications > MULTIPLICATIONS && (sizes.raises || long) {
        return unbounded("it multiplies long numbers, which the server cannot interrupt");
    }
    if sizes.searches && long {
        return unbounded("it searches long values, which the server cannot interrupt");
    }
    if sizes.gathers && long {
        return unbounded("it aggregates long values");
    }
    None
}

/// How many relations a query may join if an aggregate keeps their rows: two and the junction table between
/// them.
const JOINED: usize = 3;

/// Returns whether a query collects the rows of many relations in one value. The rows of a few can still
/// multiply; the time limit covers that.
fn gathers_products(tree: &Tree, growth: &dyn Fn(u32) -> Option<Growth>) -> bool {
    match tree {
        Tree::Atom(_) => false,
        Tree::List(parts) => parts.iter().any(|p| gathers_products(p, growth)),
        Tree::Node(node) => {
            let own = node.label == "QUERY" && relations(node) > JOINED && gathers(node, growth);
            own || node.fields.iter().flat_map(|(_, v)| v).any(|v| gathers_products(v, growth))
        }
    }
}

/// Returns whether the query itself, not a subquery, contains an aggregate that collects values.
fn gathers(node: &Node, growth: &dyn Fn(u32) -> Option<Growth>) -> bool {
    fn inner(tree: &Tree, growth: &dyn Fn(u32) -> Option<Growth>) -> bool {
        match tree {
            Tree::Atom(_) => false,
            Tree::List(parts) => parts.iter().any(|p| inner(p, growth)),
            Tree::Node(node) => node.label != "QUERY" && gathers(node, growth),
        }
    }
    node.number("aggfnoid").or_else(|| node.number("winfnoid")).and_then(growth) == Some(Growth::Gathers)
        || node.fields.iter().flat_map(|(_, v)| v).any(|v| inner(v, growth))
}

/// Returns how many relations a query reads, including those of the subqueries in its FROM.
fn relations(query: &Node) -> usize {
    let of = |relation: &Node| match relation.node("subquery") {
        Some(subquery) => relations(subquery),
        None => usize::from(relation.number("relid").is_some_and(|r| r != 0)),
    };
    query.nodes("rtable").map(of).sum()
}

/// Returns whether the node multiplies or divides values of type `numeric`.
fn multiplies(node: &Node, growth: &dyn Fn(u32) -> Option<Growth>) -> bool {
    matches!(numeric_growth(node, growth), Some(Growth::Multiplies | Growth::Raises))
}

/// Returns what the function or operator of a node with a `numeric` result does to its arguments.
fn numeric_growth(node: &Node, growth: &dyn Fn(u32) -> Option<Growth>) -> Option<Growth> {
    let (function, result) = match node.label.as_str() {
        "FUNCEXPR" => ("funcid", "funcresulttype"),
        "OPEXPR" => ("opfuncid", "opresulttype"),
        _ => return None,
    };
    node.number(function).filter(|_| node.number(result) == Some(NUMERIC)).and_then(growth)
}

/// The weights of the columns of a query's relations.
type Scope = Vec<Vec<u64>>;

/// Returns the number of nodes of a tree after each reference to a subquery's column is replaced by the
/// column's expression.
fn weight(tree: &Tree, scopes: &mut Vec<Scope>) -> u64 {
    expanded(tree, scopes, &|_| 1)
}

/// Returns the number of calls that may return long values, after subqueries are substituted.
fn growing(tree: &Tree, scopes: &mut Vec<Scope>) -> u64 {
    expanded(tree, scopes, &|node| u64::from(makes_long_values(node)))
}

fn makes_long_values(node: &Node) -> bool {
    let of = |field: &str| node.number(field).is_none_or(|ty| !FIXED.contains(&ty));
    match node.label.as_str() {
        "FUNCEXPR" => of("funcresulttype"),
        "OPEXPR" => of("opresulttype"),
        "COERCEVIAIO" => of("resulttype"),
        "ARRAY" | "ARRAYEXPR" | "ARRAYCOERCEEXPR" | "ROW" | "ROWEXPR" => true,
        _ => false,
    }
}

fn expanded(tree: &Tree, scopes: &mut Vec<Scope>, own: &dyn Fn(&Node) -> u64) -> u64 {
    match tree {
        Tree::Atom(_) => 0,
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
    let columns: Vec<u64> = columns.collect();
    for (name, values) in query.fields.iter().filter(|(n, _)| n != "rtable" && n != "targetList") {
        let _ = name;
        rest = values.iter().fold(rest, |sum, v| sum.saturating_add(expanded(v, scopes, own)));
    }
    scopes.pop();
    (columns, rest)
}

/// Returns the weights of the columns of VALUES, or of functions in FROM: what they are computed from.
fn of_rows(relation: &Node, scopes: &mut Vec<Scope>, own: &dyn Fn(&Node) -> u64) -> Vec<u64> {
    let mut columns: Vec<u64> = Vec::new();
    if let [Tree::List(rows)] = relation.field("values_lists") {
        for row in rows {
            let Tree::List(row) = row else { continue };
            columns.resize(columns.len().max(row.len()), 0);
            columns.iter_mut().zip(row).for_each(|(column, value)| *column = (*column).max(expanded(value, scopes, own)));
        }
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

/// How constants lengthen values.
struct Sizes {
    /// The factor by which a value may be lengthened.
    times: u64,
    /// The length of the longest constant, or the longest length that a value is padded to.
    longest: u64,
    growing: u64,
    /// Whether a length is not a constant.
    odd: bool,
    /// Whether values are searched by a function that cannot be interrupted.
    searches: bool,
    /// Whether values of many rows are kept.
    gathers: bool,
    /// Whether a number can become long.
    raises: bool,
}

impl Sizes {
    fn look(&mut self, tree: &Tree, growth: &dyn Fn(u32) -> Option<Growth>) {
        match tree {
            Tree::Atom(_) => {}
            Tree::List(parts) => parts.iter().for_each(|p| self.look(p, growth)),
            Tree::Node(node) => {
                if node.label == "CONST" {
                    self.longest = self.longest.max(constant(node).map_or(0, |(length, _)| length));
                }
                let aggregate = node.number("aggfnoid").or_else(|| node.number("winfnoid")).and_then(growth);
                let into_array = node.label == "SUBLINK" && node.number("subLinkType") == Some(ARRAY_SUBLINK);
                self.gathers |= aggregate == Some(Growth::Gathers) || into_array;
                self.raises |= numeric_growth(node, growth) == Some(Growth::Raises);
                if let Some(growth) = node.number("funcid").and_then(growth) {
                    self.grow(node, growth);
                }
                node.fields.iter().flat_map(|(_, v)| v).for_each(|v| self.look(v, growth));
            }
        }
    }

    fn grow(&mut self, call: &Node, growth: Growth) {
        let arguments: Vec<&Node> = call.nodes("args").collect();
        let number = |n: usize| arguments.get(n).and_then(|a| integer(a));
        let length = |n: usize| arguments.get(n).and_then(|a| constant(a)).map(|(length, _)| length);
        match growth {
            Growth::Repeats => match number(1) {
                Some(n) => self.times = self.times.saturating_mul(n.max(1)),
                None => self.odd = true,
            },
            Growth::Fills => match number(1) {
                Some(n) => self.longest = self.longest.max(n),
                None => self.odd = true,
            },
            Growth::Splits => {
                self.times = self.times.saturating_mul(PARTS);
                self.searches = true;
            }
            Growth::Searches => self.searches |= length(1).is_none_or(|n| n > SHORT),
            Growth::Replaces => {
                self.times = self.times.saturating_mul(length(2).map_or(TIMES, |n| n.saturating_sub(4).max(1)));
                self.searches |= length(1).is_none_or(|n| n > SHORT);
            }
            // An aggregate is not a function call: `gathers_products` checks aggregates, and `multiplies` numbers.
            Growth::Gathers | Growth::Raises | Growth::Multiplies => {}
            Growth::Formats => {
                let plain = |bytes: &[u8]| !bytes.iter().any(|b| b.is_ascii_digit() || *b == b'*');
                self.odd |= !arguments.first().and_then(|a| constant(a)).is_some_and(|(_, bytes)| plain(&bytes));
            }
        }
    }
}

/// Returns the length of a constant in bytes, and its bytes without the header.
fn constant(node: &Node) -> Option<(u64, Vec<u8>)> {
    if node.label != "CONST" {
        return None;
    }
    let [Tree::Atom(length), Tree::Atom(open), bytes @ .., Tree::Atom(_)] = node.field("constvalue") else { return None };
    if open != "[" {
        return None;
    }
    let byte = |t: &Tree| if let Tree::Atom(a) = t { a.parse::<i16>().ok().map(|n| n.to_le_bytes()[0]) } else { None };
    let bytes: Vec<u8> = bytes.iter().filter_map(byte).collect();
    Some((length.parse().ok()?, bytes.get(4..).unwrap_or_default().to_vec()))
}

/// Returns the value of an `int4` constant, as a length.
fn integer(node: &Node) -> Option<u64> {
    if node.label != "CONST" || node.number("consttype") != Some(23) {
        return None;
    }
    let [_, _, bytes @ .., _] = node.field("constvalue") else { return None };
    let byte = |t: &Tree| if let Tree::Atom(a) = t { a.parse::<i16>().ok().map(|n| n.to_le_bytes()[0]) } else { None };
    let bytes: Vec<u8> = bytes.iter().filter_map(byte).collect();
    let value = i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    Some(u64::try_from(value).unwrap_or(0))
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
        let chain = |n: usize| (0..n).fold(var(1), |sum, _| format!("{{OPEXPR :opresulttype 25 :args ({sum} {})}}", var(1)));
        assert_eq!(exceeds(&read(&chain(50)).unwrap(), &none), None);
        assert!(exceeds(&read(&format!("({} {{CONST :constvalue 900000 [ 1 ]}})", chain(500))).unwrap(), &none).is_some());
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
        let long = format!("{{FUNCEXPR :funcid 1 :args ({} {{CONST :consttype 23 :constvalue 4 [ 64 -100 0 0 0 0 0 0 ]}})}}", var(1));
        let call = |f: u32, what: &str| {
            let empty = "{CONST :consttype 25 :constvalue 4 [ 16 0 0 0 ]}";
            read(&format!("{{FUNCEXPR :funcid {f} :args ({long} {what} {empty})}}")).unwrap()
        };
        for f in [2, 3] {
            assert_eq!(exceeds(&call(f, "{CONST :consttype 25 :constvalue 5 [ 20 0 0 0 97 ]}"), &growth), None);
            assert!(exceeds(&call(f, &var(1)), &growth).is_some());
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
