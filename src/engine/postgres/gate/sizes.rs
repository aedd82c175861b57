//! Estimates how large the values become while a parse tree is evaluated, and how long calls take that the
//! server cannot interrupt. Values of rows are assumed to be short: a plan cannot make them longer.
//! Everything else is an upper bound: all values of one row together are kept until the row is finished.

use super::bound::{COLUMNS, NUMERIC};
use super::builtin::{Growth, is_fixed};
use super::tree::{Node, Tree};

/// The size in bytes that a value of a row counts as.
const VALUE: u64 = 64;

/// The number of rows that a table is assumed to have if an aggregate keeps a value of each. The time limit
/// covers larger tables.
const ROWS: u64 = 100;

/// The maximum size in bytes of one row's intermediate values.
const BYTES: u64 = 1 << 28;

/// The maximum size of a value that an aggregate keeps for each row.
const LONG: u64 = 10_000;

/// The maximum number of bytes that all calls of an expression read, one after the other: a search reads the
/// whole pattern for each byte of the value.
const STEPS: u64 = 1 << 30;

/// The number of comparisons for each byte of a bit string, on both sides of a search.
const BITS: u64 = 64;

/// The types `bit` and `bit varying`.
const BIT_STRINGS: [u32; 2] = [1560, 1562];

/// The factor by which a value becomes larger as characters, and the memory for each part of a template.
const WIDE: u64 = 8;
const PICTURE: u64 = 44;

/// The factor by which the parts of a value need more memory than the value.
const PARTS: u64 = 40;

/// The factor by which a value may become longer as text.
const AS_TEXT: u64 = 2;

/// The maximum number of digits of a `numeric`, before and after its decimal point.
const DIGITS: u64 = 147_455;

/// The type of sublink that collects rows in an array, `ARRAY(SELECT …)`.
const ARRAY_SUBLINK: u32 = 6;

/// What the evaluation of a tree needs.
pub(super) struct Sizes {
    /// What could grow without limit.
    pub(super) refusal: Option<&'static str>,
    /// Whether numbers can have thousands of digits.
    pub(super) has_long_numbers: bool,
}

/// The columns of a relation or query, with the size of each, and the number of its rows.
#[derive(Debug, Clone, Default)]
struct Rows {
    columns: Vec<u64>,
    rows: u64,
}

/// Estimates the sizes in a tree; `growth` knows how the functions change them.
pub(super) fn of(tree: &Tree, growth: &dyn Fn(u32) -> Option<Growth>) -> Sizes {
    let mut walk = Walk { growth, queries: Vec::new(), total: 0, steps: 0, in_from: false, refusal: None, has_long_numbers: false };
    walk.value(tree);
    let refusal = match (walk.total > BYTES, walk.steps > STEPS) {
        (true, _) => Some("its values could grow without limit"),
        (_, true) => Some("it searches long values, which the server cannot interrupt"),
        _ => None,
    };
    Sizes { refusal: walk.refusal.or(refusal), has_long_numbers: walk.has_long_numbers }
}

struct Walk<'g> {
    growth: &'g dyn Fn(u32) -> Option<Growth>,
    /// The relations of the outer queries.
    queries: Vec<Vec<Rows>>,
    /// The sizes of all intermediate values together.
    total: u64,
    /// The number of bytes that the searches read.
    steps: u64,
    /// Whether the expression is a function in FROM.
    in_from: bool,
    refusal: Option<&'static str>,
    has_long_numbers: bool,
}

impl Walk<'_> {
    /// Returns the size of the value of an expression, or of all values in a list.
    fn value(&mut self, tree: &Tree) -> u64 {
        match tree {
            Tree::Atom(_) | Tree::Bytes(_) => 0,
            Tree::List(parts) => self.all(parts),
            Tree::Node(node) => self.node(node),
        }
    }

    fn all(&mut self, parts: &[Tree]) -> u64 {
        parts.iter().fold(0, |sum: u64, part| sum.saturating_add(self.value(part)))
    }

    fn fields(&mut self, node: &Node) -> u64 {
        node.fields.iter().fold(0, |sum: u64, (_, values)| sum.saturating_add(self.all(values)))
    }

    fn node(&mut self, node: &Node) -> u64 {
        match node.label.as_str() {
            "CONST" => self.constant(node),
            "VAR" => self.var(node),
            "QUERY" => self.query(node).columns.into_iter().fold(0, u64::saturating_add),
            "SUBLINK" => self.sublink(node),
            "FUNCEXPR" | "OPEXPR" | "DISTINCTEXPR" | "NULLIFEXPR" | "SCALARARRAYOPEXPR" => self.call(node),
            "AGGREF" | "WINDOWFUNC" => self.aggregate(node),
            "COERCEVIAIO" => self.through_text(node),
            "BOOLEXPR"
            | "NULLTEST"
            | "BOOLEANTEST"
            | "ROWCOMPARE"
            | "ROWCOMPAREEXPR"
            | "SQLVALUEFUNCTION"
            | "CASETESTEXPR"
            | "PARAM"
            | "COERCETODOMAINVALUE"
            | "GROUPINGFUNC" => {
                self.fields(node);
                VALUE
            }
            "ARRAY" | "ARRAYEXPR" | "ROW" | "ROWEXPR" => {
                let parts = self.fields(node).saturating_add(VALUE);
                self.made(parts)
            }
            "ARRAYCOERCEEXPR" => {
                let (array, each) = (self.all(node.field("arg")), self.all(node.field("elemexpr")));
                self.made(array.saturating_mul(each.max(1)))
            }
            "JSONCONSTRUCTOREXPR" => {
                let parts = self.fields(node).saturating_add(VALUE);
                self.made(parts.saturating_mul(6))
            }
            _ => self.fields(node),
        }
    }

    /// Counts a new value.
    fn made(&mut self, size: u64) -> u64 {
        self.total = self.total.saturating_add(size);
        size
    }

    fn constant(&mut self, node: &Node) -> u64 {
        let Some(bytes) = bytes(node) else { return VALUE };
        let digits = if node.number("consttype") == Some(NUMERIC) { digits(bytes) } else { 0 };
        self.has_long_numbers |= digits > LONG;
        digits.max(bytes.len() as u64)
    }

    fn var(&mut self, node: &Node) -> u64 {
        let number = |field: &str| node.number(field).unwrap_or(0) as usize;
        let query = self.queries.len().checked_sub(number("varlevelsup") + 1).and_then(|n| self.queries.get(n));
        let relation = query.and_then(|q| q.get(number("varno").checked_sub(1)?));
        match (relation, number("varattno")) {
            (Some(relation), 0) => relation.columns.iter().fold(VALUE, |sum, c| sum.saturating_add(*c)),
            (Some(relation), n) => relation.columns.get(n - 1).copied().unwrap_or(VALUE),
            (None, _) => VALUE,
        }
    }

    fn sublink(&mut self, node: &Node) -> u64 {
        let of_test = self.all(node.field("testexpr"));
        let Some(query) = node.node("subselect") else { return of_test };
        let found = self.query(query);
        let row = found.columns.into_iter().fold(0, u64::saturating_add);
        match node.number("subLinkType") {
            Some(ARRAY_SUBLINK) => self.gathered(row, found.rows),
            _ => row,
        }
    }

    /// Returns the value of an aggregate that keeps all its input.
    fn gathered(&mut self, each: u64, rows: u64) -> u64 {
        if each > LONG {
            self.refusal.get_or_insert("it aggregates long values");
        }
        self.made(each.saturating_add(16).saturating_mul(rows))
    }

    fn aggregate(&mut self, node: &Node) -> u64 {
        let arguments = self.fields(node);
        let function = node.number("aggfnoid").or_else(|| node.number("winfnoid"));
        let up = node.number("agglevelsup").unwrap_or(0) as usize;
        let query = self.queries.len().checked_sub(up + 1).and_then(|n| self.queries.get(n));
        let rows = query.map_or(ROWS, |relations| product_of(relations));
        match function.and_then(self.growth) {
            Some(Growth::Gathers) => self.gathered(arguments, rows),
            _ => arguments,
        }
    }

    /// Returns the size of a value that is converted through its text.
    fn through_text(&mut self, node: &Node) -> u64 {
        let argument = self.fields(node);
        match node.number("resulttype") {
            Some(ty) if is_fixed(ty) => VALUE,
            // A few letters may be a number of many digits; those of a row are assumed to be short.
            Some(NUMERIC) if !node.node("arg").is_some_and(is_of_row) => {
                self.has_long_numbers = true;
                self.made(argument.saturating_add(DIGITS))
            }
            _ => self.made(argument.saturating_mul(AS_TEXT)),
        }
    }

    fn call(&mut self, node: &Node) -> u64 {
        let arguments: Vec<&Node> = node.nodes("args").collect();
        let sizes: Vec<u64> = arguments.iter().map(|a| self.node(a)).collect();
        let function = node.number("funcid").or_else(|| node.number("opfuncid"));
        let growth = function.and_then(self.growth);
        let result = ["funcresulttype", "opresulttype"].iter().find_map(|f| node.number(f));
        self.steps = sizes.iter().fold(self.steps, |sum, size| sum.saturating_add(*size));
        if node.field("funcretset") == [Tree::Atom("true".to_owned())] && !self.in_from {
            self.refusal.get_or_insert("it returns several rows in a list of columns");
        }
        let size = self.grown(growth, &arguments, &sizes);
        self.has_long_numbers |= growth == Some(Growth::Raises) && result == Some(NUMERIC);
        if result.is_none_or(is_fixed) { VALUE } else { self.made(size.max(VALUE)) }
    }

    /// Returns the size of a function's result.
    fn grown(&mut self, growth: Option<Growth>, arguments: &[&Node], sizes: &[u64]) -> u64 {
        let sum = sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size));
        let size = |n: usize| sizes.get(n).copied().unwrap_or(0);
        let number = |n: usize| arguments.get(n).and_then(|a| integer(a));
        match growth {
            None | Some(Growth::Linear | Growth::Gathers | Growth::Multiplies) => sum,
            Some(Growth::Times(n)) => sum.saturating_mul(n),
            Some(Growth::Repeats) => number(1).map_or_else(|| self.odd(sum), |n| size(0).saturating_mul(n.max(1))),
            Some(Growth::Fills) => number(1).map_or_else(|| self.odd(sum), |n| sum.max(n)),
            Some(Growth::Replaces) => {
                self.search(arguments, sizes);
                size(0).saturating_mul(length(arguments.get(2), size(2)).max(1))
            }
            Some(Growth::Joins) => {
                let between = length(arguments.get(1), size(1)).saturating_add(length(arguments.get(2), size(2)));
                size(0).saturating_mul(between.max(1))
            }
            // With two arguments, the second may be an array of all others.
            Some(Growth::JoinsAll) => {
                let parts = if sizes.len() == 2 { size(1) } else { sizes.len() as u64 };
                sum.saturating_add(size(0).saturating_mul(parts))
            }
            Some(Growth::Pictures) => {
                self.search(arguments, sizes);
                sum.saturating_add(size(1).saturating_mul(PICTURE))
            }
            Some(Growth::Captures) => match arguments.get(1).and_then(|a| bytes(a)) {
                Some(pattern) => {
                    let groups = pattern.iter().filter(|b| **b == b'(').count() as u64;
                    sum.saturating_mul(groups.saturating_add(WIDE))
                }
                None => self.odd(sum),
            },
            Some(Growth::Wide) => {
                self.made(sum.saturating_mul(WIDE));
                sum.saturating_mul(2)
            }
            Some(Growth::Pretty) => sum.saturating_mul(sum),
            Some(Growth::Rounds) => match (arguments.len(), number(1)) {
                (0 | 1, _) => sum,
                // A cast to `numeric(p, s)` has both in one number, `p` in its upper half.
                (_, Some(n)) => sum.saturating_add(if n > 0xFFFF { n >> 16 } else { n }),
                (_, None) => self.odd(sum),
            },
            Some(Growth::Splits) => {
                self.search(arguments, sizes);
                size(0).saturating_mul(PARTS)
            }
            Some(Growth::Searches) => {
                self.search(arguments, sizes);
                sum
            }
            Some(Growth::Squares) => {
                self.steps = self.steps.saturating_add(sum.saturating_mul(sum));
                sum
            }
            Some(Growth::Raises) => {
                // The number of digits is not known before the number is computed.
                sum.saturating_add(DIGITS)
            }
            Some(Growth::Formats) => {
                let plain = |bytes: &[u8]| !bytes.iter().any(|b| b.is_ascii_digit() || *b == b'*');
                let is_plain = arguments.first().and_then(|a| bytes(a)).is_some_and(|b| plain(b.get(4..).unwrap_or_default()));
                if is_plain { sum.saturating_mul(AS_TEXT) } else { self.odd(sum) }
            }
        }
    }

    /// Returns a length that is not a constant.
    fn odd(&mut self, size: u64) -> u64 {
        self.refusal.get_or_insert("its values could grow without limit");
        size
    }

    /// Counts the comparisons of one argument with another at each position.
    fn search(&mut self, arguments: &[&Node], sizes: &[u64]) {
        let [value, sought, ..] = sizes else { return };
        let is_bits = arguments.first().is_some_and(|a| {
            ["consttype", "vartype", "funcresulttype", "opresulttype", "resulttype"]
                .iter()
                .any(|f| a.number(f).is_some_and(|ty| BIT_STRINGS.contains(&ty)))
        });
        let each = if is_bits { sought.saturating_mul(BITS) } else { *sought };
        self.steps = self.steps.saturating_add(value.saturating_mul(each.max(1)));
    }

    fn query(&mut self, query: &Node) -> Rows {
        self.queries.push(Vec::new());
        for relation in query.nodes("rtable") {
            let found = self.relation(relation);
            if let Some(relations) = self.queries.last_mut() {
                relations.push(found);
            }
        }
        let mut columns: Vec<u64> = query.nodes("targetList").map(|entry| self.all(entry.field("expr"))).collect();
        let is_set_operation = query.node("setOperations").is_some();
        if is_set_operation {
            // The list names the columns of the first branch.
            let branches = self.queries.last().into_iter().flatten();
            branches.for_each(|b| columns.iter_mut().zip(&b.columns).for_each(|(own, of)| *own = (*own).max(*of)));
        }
        for (name, values) in &query.fields {
            if name != "rtable" && name != "targetList" {
                self.all(values);
            }
        }
        let relations = self.queries.pop().unwrap_or_default();
        let rows = match is_set_operation {
            true => relations.iter().fold(0, |all: u64, r| all.saturating_add(r.rows)),
            false => product_of(&relations),
        };
        Rows { columns, rows }
    }

    fn relation(&mut self, relation: &Node) -> Rows {
        if let Some(subquery) = relation.node("subquery") {
            return self.query(subquery);
        }
        if let [Tree::List(rows)] = relation.field("values_lists") {
            return self.values(rows);
        }
        for (field, rows) in [("groupexprs", 1), ("joinaliasvars", 1)] {
            if let [Tree::List(columns)] = relation.field(field)
                && !columns.is_empty()
            {
                return Rows { columns: columns.iter().map(|c| self.value(c)).collect(), rows };
            }
        }
        if let [Tree::List(functions)] = relation.field("functions")
            && !functions.is_empty()
        {
            let before = std::mem::replace(&mut self.in_from, true);
            let size = self.all(functions);
            self.in_from = before;
            return Rows { columns: vec![size.max(VALUE); COLUMNS], rows: size.max(arguments_of(functions)).max(1) };
        }
        let is_table = relation.number("relid").is_some_and(|r| r != 0);
        Rows { columns: Vec::new(), rows: if is_table { ROWS } else { 1 } }
    }

    fn values(&mut self, rows: &[Tree]) -> Rows {
        let mut columns: Vec<u64> = Vec::new();
        for row in rows {
            let Tree::List(row) = row else { continue };
            columns.resize(columns.len().max(row.len()), 0);
            for (column, value) in columns.iter_mut().zip(row) {
                *column = (*column).max(self.value(value));
            }
        }
        Rows { columns, rows: rows.len() as u64 }
    }
}

fn product_of(relations: &[Rows]) -> u64 {
    relations.iter().fold(1, |all: u64, r| all.saturating_mul(r.rows))
}

/// Returns how many parts functions in FROM can create: at most one for each byte of a constant, or of a
/// computed value.
fn arguments_of(functions: &[Tree]) -> u64 {
    functions.iter().fold(0, |sum: u64, f| sum.saturating_add(weight(f)))
}

fn weight(tree: &Tree) -> u64 {
    match tree {
        Tree::Atom(_) => 0,
        Tree::Bytes(bytes) => bytes.len() as u64,
        Tree::List(parts) => arguments_of(parts),
        Tree::Node(node) if node.label == "VAR" => VALUE,
        Tree::Node(node) => node.fields.iter().fold(0, |sum: u64, (_, v)| sum.saturating_add(arguments_of(v))),
    }
}

/// Returns whether a node is a value of a row, possibly with another type.
fn is_of_row(node: &Node) -> bool {
    match node.label.as_str() {
        "VAR" => true,
        "RELABELTYPE" => node.node("arg").is_some_and(is_of_row),
        _ => false,
    }
}

/// Returns the bytes of a constant, with the header of a value of variable length.
fn bytes(node: &Node) -> Option<&[u8]> {
    match node.field("constvalue") {
        [Tree::Bytes(bytes)] if node.label == "CONST" => Some(bytes),
        _ => None,
    }
}

/// Returns the length of the text of a constant, or the given size of another expression.
fn length(node: Option<&&Node>, size: u64) -> u64 {
    node.and_then(|n| bytes(n)).map_or(size, |b| (b.len() as u64).saturating_sub(4))
}

/// Returns the value of an `int4` constant, as a length.
fn integer(node: &Node) -> Option<u64> {
    let bytes = bytes(node).filter(|_| node.number("consttype") == Some(23))?;
    let value = i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    Some(u64::try_from(value).unwrap_or(0))
}

/// Returns how many digits a `numeric` constant has before and after its decimal point, from its weight and
/// scale
/// (<https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c>).
fn digits(bytes: &[u8]) -> u64 {
    let word = |at: usize| bytes.get(at..at + 2).map(|b| i16::from_le_bytes([b[0], b[1]]));
    let (Some(header), Some(weight)) = (word(4), word(6)) else { return VALUE * 4 };
    let is_long = header >= 0 || header & 0x4000 != 0;
    let after = u64::from(header.cast_unsigned() & 0x3FFF);
    if is_long { u64::try_from(weight).unwrap_or(0).saturating_add(1).saturating_mul(4).saturating_add(after) } else { VALUE * 4 }
}
