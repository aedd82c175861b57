//! What the server's catalogs say about the functions, operators, types and relations in parse trees. There
//! is one query per round, however many there are; nothing is looked up twice.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::connection::{Connection, Error};
use crate::engine::postgres::catalog_row::catalog_row;

/// A function or aggregate.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Function {
    pub(super) oid: u32,
    /// `f(text)`, with its schema if the search path does not find it.
    pub(super) shown: String,
    pub(super) schema: String,
    pub(super) name: String,
    /// `i`mmutable, `s`table or `v`olatile.
    pub(super) volatility: String,
    /// Whether it returns a set of rows.
    pub(super) is_set: bool,
    /// Whether its arguments and its result are of types whose values do not grow.
    pub(super) is_fixed: bool,
}

/// An operator.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Operator {
    oid: u32,
    /// The function that implements it.
    pub(super) function: u32,
    /// Whether it belongs to a user-defined operator family for B-trees or hashes: the server takes the
    /// functions of a sort, a hash or a merge join from any family that contains the operator.
    pub(super) has_own_family: bool,
}

/// A type, with the parts whose own functions run when its values are created or compared.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Type {
    pub(super) oid: u32,
    pub(super) shown: String,
    /// `b`ase, `c`omposite, `d`omain, `e`num, `p`seudo, `r`ange, `m`ultirange.
    pub(super) kind: String,
    /// Element, base type, columns, subtype.
    pub(super) parts: Vec<u32>,
    /// The conditions of a domain, as parse trees.
    pub(super) checks: Vec<String>,
    /// Whether users have created functions or operator classes for it.
    pub(super) has_own_code: bool,
}

/// A relation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Relation {
    pub(super) oid: u32,
    pub(super) shown: String,
    /// `r` for a table, `p` for a partitioned one, and so on (`pg_class.relkind`).
    pub(super) kind: String,
    pub(super) is_system: bool,
    /// Whether one of its partitions or child tables is a foreign table.
    pub(super) has_foreign_parts: bool,
    /// Whether row-level security would hide rows from the role.
    pub(super) hides_rows: bool,
    /// Whether one of its indexes has an operator class of a user or of an extension.
    pub(super) has_own_indexes: bool,
    /// Whether a partition key has a user-defined operator class, whose functions determine which partitions
    /// are read.
    pub(super) has_own_partition_key: bool,
}

/// Everything that has been looked up.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) functions: BTreeMap<u32, Function>,
    pub(super) operators: BTreeMap<u32, Operator>,
    pub(super) types: BTreeMap<u32, Type>,
    pub(super) relations: BTreeMap<u32, Relation>,
}

catalog_row! {
    /// The row of [`query`].
    struct FactsRow from "functions, operators, types and relations" {
        facts: String,
    }
}

#[derive(Deserialize)]
struct Answer {
    functions: Vec<Function>,
    operators: Vec<Operator>,
    types: Vec<Type>,
    relations: Vec<Relation>,
}

/// What is still to be looked up.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) functions: Vec<u32>,
    pub(super) operators: Vec<u32>,
    pub(super) types: Vec<u32>,
    pub(super) relations: Vec<u32>,
}

impl Facts {
    /// Looks up what is wanted and not known yet; returns whether there was anything.
    ///
    /// # Errors
    /// If the server does not respond.
    pub(super) async fn look_up(&mut self, connection: &mut Connection, wanted: &Wanted) -> Result<bool, Error> {
        let open = |all: &[u32], known: &dyn Fn(&u32) -> bool| {
            let mut open: Vec<String> = all.iter().filter(|o| !known(o)).map(ToString::to_string).collect();
            open.sort();
            open.dedup();
            open.join(",")
        };
        let functions = open(&wanted.functions, &|o| self.functions.contains_key(o));
        let operators = open(&wanted.operators, &|o| self.operators.contains_key(o));
        let types = open(&wanted.types, &|o| self.types.contains_key(o));
        let relations = open(&wanted.relations, &|o| self.relations.contains_key(o));
        if [&functions, &operators, &types, &relations].iter().all(|o| o.is_empty()) {
            return Ok(false);
        }
        let rows: Vec<FactsRow> = connection.rows(&query(&functions, &operators, &types, &relations)).await?;
        let text = rows.first().map_or("", |r| r.facts.as_str());
        let answer: Answer =
            serde_json::from_str(text).map_err(|e| Error::Driver(format!("unexpected contents of the system catalogs: {e}")))?;
        let before = self.known();
        self.functions.extend(answer.functions.into_iter().map(|f| (f.oid, f)));
        self.operators.extend(answer.operators.into_iter().map(|o| (o.oid, o)));
        self.types.extend(answer.types.into_iter().map(|t| (t.oid, t)));
        self.relations.extend(answer.relations.into_iter().map(|r| (r.oid, r)));
        Ok(self.known() > before)
    }

    fn known(&self) -> usize {
        self.functions.len() + self.operators.len() + self.types.len() + self.relations.len()
    }
}

/// Returns one query for everything. `regprocedure` and `format_type` provide the names; nothing in it comes
/// from a schema file.
fn query(functions: &str, operators: &str, types: &str, relations: &str) -> String {
    let among = |column: &str, oids: &str| format!("{column} = ANY ('{{{oids}}}'::pg_catalog.oid[])");
    format!(
        "SELECT pg_catalog.json_build_object(\
         'functions', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(\
            'oid', p.oid::pg_catalog.int8, 'shown', p.oid::pg_catalog.regprocedure::pg_catalog.text, 'schema', n.nspname, \
            'name', p.proname, 'volatility', p.provolatile, 'is_set', p.proretset, 'is_fixed', {fixed})), '[]') \
            FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE {functions}), \
         'operators', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(\
            'oid', o.oid::pg_catalog.int8, 'function', o.oprcode::pg_catalog.oid::pg_catalog.int8, 'has_own_family', {of_family})), '[]') \
            FROM pg_catalog.pg_operator o WHERE {operators}), \
         'types', (SELECT coalesce(pg_catalog.json_agg({of_type}), '[]') \
            FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid WHERE {types}), \
         'relations', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(\
            'oid', c.oid::pg_catalog.int8, 'shown', c.oid::pg_catalog.regclass::pg_catalog.text, 'kind', c.relkind, \
            'is_system', n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast'), \
            'has_foreign_parts', EXISTS (WITH RECURSIVE parts(oid) AS (SELECT c.oid UNION \
               SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN parts ON i.inhparent = parts.oid) \
               SELECT 1 FROM parts JOIN pg_catalog.pg_class f ON f.oid = parts.oid WHERE f.relkind NOT IN ('r', 'p', 'S', 'm')), \
            'hides_rows', pg_catalog.row_security_active(c.oid), {of_choices})), '[]') \
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {relations})\
         )::pg_catalog.text AS facts",
        of_type = of_type(),
        of_choices = of_choices(),
        of_family = OF_FAMILY,
        fixed = is_fixed(),
        functions = among("p.oid", functions),
        operators = among("o.oid", operators),
        types = among("t.oid", types),
        relations = among("c.oid", relations),
    )
}

/// Returns the SQL that says whether a function has only arguments and results that do not grow.
fn is_fixed() -> String {
    let fixed: Vec<String> = super::builtin::FIXED.iter().map(ToString::to_string).collect();
    let fixed = format!("'{{{}}}'::pg_catalog.oid[]", fixed.join(","));
    format!(
        "p.prorettype OPERATOR(pg_catalog.=) ANY ({fixed}) AND NOT EXISTS (\
         SELECT 1 FROM pg_catalog.unnest(p.proargtypes::pg_catalog.oid[]) AS a(t) WHERE a.t OPERATOR(pg_catalog.<>) ALL ({fixed}))"
    )
}

/// The SQL for whether an operator belongs to a user-defined operator family for B-trees or hashes.
const OF_FAMILY: &str = "EXISTS (SELECT 1 FROM pg_catalog.pg_amop f JOIN pg_catalog.pg_am m ON m.oid OPERATOR(pg_catalog.=) f.amopmethod \
    WHERE f.amopopr OPERATOR(pg_catalog.=) o.oid AND f.amopfamily OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid \
    AND m.amname OPERATOR(pg_catalog.=) ANY ('{btree,hash}'::pg_catalog.name[]))";

/// Returns the SQL for the parts of a relation's JSON object that concern what the server chooses by itself: an
/// index, and the partitions that a condition excludes.
fn of_choices() -> String {
    let has_own = |catalog: &str, relation: &str, classes: &str| {
        format!(
            "EXISTS (WITH RECURSIVE parts(oid) AS (SELECT c.oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i \
             JOIN parts ON i.inhparent OPERATOR(pg_catalog.=) parts.oid) \
             SELECT 1 FROM parts JOIN pg_catalog.{catalog} x ON x.{relation} OPERATOR(pg_catalog.=) parts.oid, \
             pg_catalog.unnest(x.{classes}::pg_catalog.oid[]) AS k(class) WHERE k.class OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid)"
        )
    };
    format!(
        "'has_own_indexes', {}, 'has_own_partition_key', {}",
        has_own("pg_index", "indrelid", "indclass"),
        has_own("pg_partitioned_table", "partrelid", "partclass")
    )
}

/// Returns the SQL for a type as a JSON object. Objects that come with the server have OIDs below 16384
/// (<https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT>).
fn of_type() -> String {
    "pg_catalog.json_build_object(\
     'oid', t.oid::pg_catalog.int8, 'shown', pg_catalog.format_type(t.oid, NULL), 'kind', t.typtype, \
     'parts', (SELECT coalesce(pg_catalog.json_agg(part::pg_catalog.int8), '[]') FROM (\
        SELECT t.typelem AS part UNION SELECT t.typbasetype UNION SELECT r.rngsubtype UNION \
        SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 \
        AND NOT a.attisdropped) AS parts WHERE part <> 0), \
     'checks', (SELECT coalesce(pg_catalog.json_agg(k.conbin::pg_catalog.text), '[]') FROM pg_catalog.pg_constraint k \
        WHERE k.contypid = t.oid AND k.conbin IS NOT NULL), \
     'has_own_code', greatest(t.typinput::pg_catalog.oid, t.typoutput::pg_catalog.oid, t.typmodin::pg_catalog.oid, \
        coalesce(r.rngcanonical::pg_catalog.oid, 0), coalesce(r.rngsubdiff::pg_catalog.oid, 0)) >= 16384 \
        OR coalesce(r.rngsubopc, 0) >= 16384 \
        OR EXISTS (SELECT 1 FROM pg_catalog.pg_opclass oc JOIN pg_catalog.pg_am am ON am.oid = oc.opcmethod WHERE oc.oid >= 16384 \
           AND oc.opcintype = t.oid AND oc.opcdefault AND am.amname IN ('btree', 'hash')) \
        OR EXISTS (SELECT 1 FROM pg_catalog.pg_cast k WHERE k.castsource = t.oid AND k.castfunc >= 16384 \
           AND k.casttarget < 16384))"
        .to_owned()
}
