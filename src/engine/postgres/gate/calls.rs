//! What a parse tree calls and reads: the OIDs of functions, operators, relations and types, and anything in
//! it that is never run. Every field that contains a function or operator is collected, whatever its node; a
//! node of an unknown kind is refused by name.

use super::builtin::{CONFIGURATION, FIRST_OF_USERS};
use super::tree::{Node, Tree};
use crate::plan::NotCounted;

/// What a tree calls and reads, each once, in the order of the tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls {
    pub(super) functions: Vec<u32>,
    pub(super) operators: Vec<u32>,
    pub(super) relations: Vec<u32>,
    /// Types of values that a call accepts or returns: their own functions may be called.
    pub(super) types: Vec<u32>,
    /// Types that text is converted to or from.
    pub(super) converted: Vec<u32>,
    /// Whether a window function reads other rows.
    pub(super) has_windows: bool,
    /// The first thing in it that is never run.
    pub(super) refused: Option<NotCounted>,
}

/// Fields that contain a function.
const FUNCTIONS: [&str; 8] =
    ["funcid", "opfuncid", "aggfnoid", "winfnoid", "hashfuncid", "negfuncid", "startInRangeFunc", "endInRangeFunc"];

/// Fields that contain an operator or a list of operators.
const OPERATORS: [&str; 4] = ["opno", "opnos", "eqop", "sortop"];

/// Fields that contain the type of a value or a list of types.
const TYPES: [&str; 20] = [
    "vartype",
    "consttype",
    "paramtype",
    "funcresulttype",
    "opresulttype",
    "aggtype",
    "aggargtypes",
    "wintype",
    "resulttype",
    "element_typeid",
    "array_typeid",
    "refcontainertype",
    "refelemtype",
    "refrestype",
    "casetype",
    "coalescetype",
    "minmaxtype",
    "row_typeid",
    "typeId",
    "colTypes",
];

/// Nodes that call functions of their arguments' types.
const CALLING: [&str; 18] = [
    "FUNCEXPR",
    "OPEXPR",
    "DISTINCTEXPR",
    "NULLIFEXPR",
    "SCALARARRAYOPEXPR",
    "AGGREF",
    "WINDOWFUNC",
    "ROWCOMPARE",
    "ROWCOMPAREEXPR",
    "MINMAX",
    "MINMAXEXPR",
    "COERCEVIAIO",
    "ARRAYCOERCEEXPR",
    "COERCETODOMAIN",
    "SUBSCRIPTINGREF",
    "SETOPERATIONSTMT",
    // They convert their arguments as to_json does, which looks up casts.
    "JSONVALUEEXPR",
    "JSONCONSTRUCTOREXPR",
];

/// Nodes that call nothing themselves: structure, values and SQL's own operators.
const PLAIN: [&str; 50] = [
    "QUERY",
    "RTE",
    "RANGETBLENTRY",
    "RTEPERMISSIONINFO",
    "ALIAS",
    "FROMEXPR",
    "JOINEXPR",
    "RANGETBLREF",
    "RANGETBLFUNCTION",
    "TARGETENTRY",
    "SORTGROUPCLAUSE",
    "GROUPINGSET",
    "WINDOWCLAUSE",
    "VAR",
    "CONST",
    "PARAM",
    "GROUPINGFUNC",
    "NAMEDARGEXPR",
    "BOOLEXPR",
    "SUBLINK",
    "FIELDSELECT",
    "RELABELTYPE",
    "CONVERTROWTYPEEXPR",
    "COLLATE",
    "COLLATEEXPR",
    "CASE",
    "CASEEXPR",
    "WHEN",
    "CASEWHEN",
    "CASETESTEXPR",
    "ARRAY",
    "ARRAYEXPR",
    "ROW",
    "ROWEXPR",
    "COALESCE",
    "COALESCEEXPR",
    "SQLVALUEFUNCTION",
    "NULLTEST",
    "BOOLEANTEST",
    "COERCETODOMAINVALUE",
    "JSONISPREDICATE",
    "JSONFORMAT",
    "JSONRETURNING",
    "WINDOWFUNCRUNCONDITION",
    "INTEGER",
    "FLOAT",
    "BOOLEAN",
    "STRING",
    "BITSTRING",
    "RETURNINGOPTION",
];

/// `count(*)` and `count("any")`, which only check values for NULL.
const COUNTS: [u32; 2] = [2803, 2147];

/// `LOCALTIMESTAMP(n)`, the last time in `SQLValueFunctionOp`; after it come names of the session
/// (<https://github.com/postgres/postgres/blob/master/src/include/nodes/primnodes.h>).
const LAST_OF_TIMES: u32 = 8;

/// Returns what a tree calls and reads.
pub(super) fn of(tree: &Tree) -> Calls {
    let mut found = Calls::default();
    walk(tree, false, &mut found);
    found
}

/// Collects the types of the constants in a tree that are not NULL.
pub(super) fn types_of_constants(tree: &Tree, found: &mut Vec<u32>) {
    match tree {
        Tree::Atom(_) | Tree::Bytes(_) => {}
        Tree::List(parts) => parts.iter().for_each(|p| types_of_constants(p, found)),
        Tree::Node(node) => {
            if node.label == "CONST" && node.field("constisnull") != [Tree::Atom("true".to_owned())] {
                add(found, node.field("consttype"));
            }
            node.fields.iter().flat_map(|(_, v)| v).for_each(|v| types_of_constants(v, found));
        }
    }
}

fn walk(tree: &Tree, called: bool, found: &mut Calls) {
    match tree {
        Tree::Atom(_) | Tree::Bytes(_) => {}
        Tree::List(parts) => parts.iter().for_each(|p| walk(p, called, found)),
        Tree::Node(node) => of_node(node, called, found),
    }
}

fn of_node(node: &Node, called: bool, found: &mut Calls) {
    let label = node.label.as_str();
    let counts = label == "AGGREF" && node.number("aggfnoid").is_some_and(|f| COUNTS.contains(&f));
    let counts_all = counts && node.field("aggdistinct") == [Tree::Atom("<>".to_owned())];
    let is_known = CALLING.contains(&label);
    let calling = is_known && !counts_all;
    if !is_known && !PLAIN.contains(&label) {
        refuse(found, named(label));
    }
    if label == "SQLVALUEFUNCTION" && node.number("op").is_none_or(|op| op > LAST_OF_TIMES) {
        refuse(found, NotCounted::Calls("current_user or a similar function".to_owned()));
    }
    found.has_windows |= label == "WINDOWFUNC";
    if is_own_configuration(node) {
        refuse(found, NotCounted::Calls("a user-defined text search configuration".to_owned()));
    }
    if called && hides_types(node) {
        refuse(found, NotCounted::Calls("the functions of a record's columns".to_owned()));
    }
    for (name, values) in &node.fields {
        let name = name.as_str();
        if FUNCTIONS.contains(&name) {
            add(&mut found.functions, values);
        } else if OPERATORS.contains(&name) {
            add(&mut found.operators, values);
        } else if name == "relid" {
            add(&mut found.relations, values);
        } else if TYPES.contains(&name) && (called || calling) {
            add(&mut found.types, values);
        }
    }
    if matches!(label, "COERCEVIAIO" | "COERCETODOMAIN") {
        let own = node.field("resulttype");
        add(&mut found.converted, own);
        let argument = node.node("arg").and_then(value_type);
        add(&mut found.converted, argument.unwrap_or_default());
    }
    let compares = label == "QUERY" && ["groupClause", "distinctClause", "sortClause", "windowClause"].iter().any(|c| is_some(node, c));
    for (name, values) in &node.fields {
        let inner = (called || calling) && !counts_all;
        let inner = inner || compares && name == "targetList";
        // The result of a subquery is checked where it is read: its parts do not belong to the surrounding
        // call.
        let inner = inner && label != "SUBLINK" || compares && name == "targetList";
        values.iter().for_each(|v| walk(v, inner, found));
    }
}

/// Returns whether the node is a constant that names a user-defined text search configuration: its
/// dictionaries are functions.
fn is_own_configuration(node: &Node) -> bool {
    match node.field("constvalue") {
        [Tree::Bytes(bytes)] if node.number("consttype") == Some(CONFIGURATION) => {
            bytes.get(..4).and_then(|b| b.try_into().ok()).is_none_or(|b| u32::from_le_bytes(b) >= FIRST_OF_USERS)
        }
        _ => false,
    }
}

/// The types `record` and `record[]`.
const RECORDS: [u32; 2] = [2249, 2287];

/// Returns whether the node's value is a record whose column types are not in the node: a column or the result
/// of a subquery.
fn hides_types(node: &Node) -> bool {
    let is_record = |node: &Node| TYPES.iter().any(|t| node.number(t).is_some_and(|ty| RECORDS.contains(&ty)));
    match node.label.as_str() {
        "VAR" | "PARAM" => is_record(node),
        "SUBLINK" => {
            let first = node.node("subselect").and_then(|query| query.nodes("targetList").next().and_then(|entry| entry.node("expr")));
            first.is_some_and(is_record)
        }
        _ => false,
    }
}

/// Returns whether the field is a list that is not empty.
fn is_some(node: &Node, field: &str) -> bool {
    matches!(node.field(field), [Tree::List(parts)] if !parts.is_empty())
}

/// Returns the field with the type of a node's value.
fn value_type(node: &Node) -> Option<&[Tree]> {
    TYPES.iter().map(|t| node.field(t)).find(|v| !v.is_empty())
}

fn add(to: &mut Vec<u32>, values: &[Tree]) {
    let mut oids = Vec::new();
    values.iter().for_each(|v| v.numbers(&mut oids));
    for oid in oids {
        if oid != 0 && !to.contains(&oid) {
            to.push(oid);
        }
    }
}

fn refuse(found: &mut Calls, why: NotCounted) {
    found.refused.get_or_insert(why);
}

/// Returns why a node of a kind that is never run is refused.
fn named(label: &str) -> NotCounted {
    let calls = |what: &str| NotCounted::Calls(what.to_owned());
    match label {
        "XMLEXPR" => calls("an XML expression"),
        "TABLEFUNC" => calls("XMLTABLE or JSON_TABLE"),
        "JSONEXPR" => calls("JSON_EXISTS, JSON_QUERY or JSON_VALUE"),
        "TABLESAMPLECLAUSE" => calls("TABLESAMPLE"),
        "NEXTVALUEEXPR" => calls("nextval"),
        "COMMONTABLEEXPR" => NotCounted::Unbounded("a WITH query".to_owned()),
        other => calls(&format!("something that this version of rosey does not know ({other})")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::read;
    use super::*;

    fn found(text: &str) -> Calls {
        of(&read(text).unwrap())
    }

    #[test]
    fn every_spelling_of_a_call_is_one() {
        let all = found(
            "{OPEXPR :opno 96 :opfuncid 65 :args ({FUNCEXPR :funcid 2626 :args ()} {SCALARARRAYOPEXPR :opno 98 :opfuncid 67 \
             :hashfuncid 9 :negfuncid 0} {ROWCOMPARE :opnos (o 97 664) :largs ()})}",
        );
        assert_eq!((all.functions, all.operators), (vec![65, 2626, 67, 9], vec![96, 98, 97, 664]));
    }

    #[test]
    fn a_value_that_is_only_looked_at_is_not_called() {
        let var = "{VAR :vartype 99999}";
        assert!(found(&format!("{{NULLTEST :arg {var}}}")).types.is_empty());
        let counted = format!("{{AGGREF :aggfnoid 2147 :aggargtypes (o 99999) :aggdistinct <> :args ({var})}}");
        assert!(found(&counted).types.is_empty());
        assert_eq!(found(&format!("{{AGGREF :aggfnoid 2147 :aggdistinct ({{SORTGROUPCLAUSE :eqop 1}}) :args ({var})}}")).types, [99999]);
        assert_eq!(found(&format!("{{FUNCEXPR :funcid 1 :args ({{NULLTEST :arg {var}}})}}")).types, [99999]);
        let grouped = format!("{{QUERY :groupClause ({{SORTGROUPCLAUSE :eqop 1}}) :targetList ({{TARGETENTRY :expr {var}}})}}");
        assert_eq!(found(&grouped).types, [99999]);
    }

    #[test]
    fn conversions_through_text_are_collected() {
        let all = found("{COERCEVIAIO :arg {VAR :vartype 25} :resulttype 24}");
        assert_eq!(all.converted, [24, 25]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(found("{XMLEXPR :op 1}").refused, Some(NotCounted::Calls("an XML expression".to_owned())));
        assert!(found("{QUERY :cteList ({COMMONTABLEEXPR :ctename a})}").refused.is_some());
        assert!(found("{NEWNODE}").refused.is_some());
        assert!(found("{SQLVALUEFUNCTION :op 10}").refused.is_some());
        assert!(found("{SQLVALUEFUNCTION :op 3}").refused.is_none());
    }
}
