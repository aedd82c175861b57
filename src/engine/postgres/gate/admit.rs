//! What a plan may evaluate: built-in functions that neither change nor read anything but their arguments and
//! that the server can interrupt, over values of types whose functions are built in, and over ordinary
//! tables. The lists are allow lists: what is not listed is not run.

use super::builtin::{self, CONFIGURATION, FIRST_OF_USERS, Growth};
use super::calls::Calls;
use super::facts::{Facts, Function, Relation};
use super::tree;
use crate::plan::NotCounted;

/// What an expression may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Ordinary tables and sequences that the role can read.
    Tables,
    /// Only the relations that rosey's own query reads, and no set-returning functions.
    Named,
    /// Only the row.
    Row,
    /// Nothing: the server only folds constants, and so calls no function that is not IMMUTABLE.
    Constants,
}

/// Built-in STABLE functions that depend only on their arguments, the time and the time zone. Others depend
/// on settings, catalogs, files, sessions or statistics.
const STABLE: [&str; 56] = [
    "age",
    "anytextcat",
    "array_to_json",
    "array_to_string",
    "concat",
    "concat_ws",
    "convert",
    "convert_from",
    "convert_to",
    "date",
    "date_part",
    "date_trunc",
    "enum_first",
    "enum_last",
    "enum_range",
    "extract",
    "format",
    "in_range",
    "interval_pl_timestamptz",
    "json_build_array",
    "json_build_object",
    "json_to_tsvector",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_to_tsvector",
    "length",
    "make_timestamptz",
    "money",
    "now",
    "numeric",
    "overlaps",
    "phraseto_tsquery",
    "plainto_tsquery",
    "quote_literal",
    "quote_nullable",
    "row_to_json",
    "statement_timestamp",
    "textanycat",
    "time",
    "timestamp",
    "timestamptz",
    "timestamptz_mi_interval",
    "timestamptz_pl_interval",
    "timetz",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "transaction_timestamp",
    "websearch_to_tsquery",
    "xml",
];

/// Built-in VOLATILE functions that change and read nothing.
const VOLATILE: [&str; 5] = ["clock_timestamp", "gen_random_uuid", "random", "uuidv4", "uuidv7"];

/// Returns whether the function compares times with and without a time zone, which depends only on the
/// session's time zone.
fn compares_times(name: &str) -> bool {
    const TYPES: [&str; 3] = ["date", "timestamp", "timestamptz"];
    const HOW: [&str; 7] = ["cmp", "eq", "ge", "gt", "le", "lt", "ne"];
    let parts: Vec<&str> = name.split('_').collect();
    matches!(parts.as_slice(), [a, how, b] if TYPES.contains(a) && HOW.contains(how) && TYPES.contains(b))
}

/// Returns whether an IMMUTABLE built-in function is excluded nevertheless: it creates rows or arrays without
/// limit, or reads the server's internal state.
fn is_left_out(name: &str) -> bool {
    const NAMES: [&str; 4] = ["generate_series", "array_fill", "satisfies_hash_partition", "xmlvalidate"];
    // Comparing records runs the functions of their columns, whose types the tree does not always name.
    let compares_records = name.starts_with("record_") || name.starts_with("hash_record");
    NAMES.contains(&name) || compares_records || name.starts_with("pg_") || name.starts_with("binary_upgrade")
}

/// Types whose values are looked up in the catalogs, and privileges: converting a text reveals which objects
/// exist, by an error or by its absence.
const CATALOG: [u32; 12] = [24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191, 1033];

/// Returns what a built-in function does to the size of a value.
pub(super) fn growth(facts: &Facts, oid: u32) -> Option<Growth> {
    let function = facts.functions.get(&oid).filter(|f| f.oid < FIRST_OF_USERS)?;
    builtin::growth(&function.name)
}

/// Returns whether a text search function takes its configuration from the settings of the session, which may
/// name a user-defined one. If the configuration is an argument, [`calls`](super::calls) checks it.
fn uses_default_configuration(function: &Function) -> bool {
    const NAMES: [&str; 7] = [
        "json_to_tsvector",
        "jsonb_to_tsvector",
        "phraseto_tsquery",
        "plainto_tsquery",
        "to_tsquery",
        "to_tsvector",
        "websearch_to_tsquery",
    ];
    NAMES.contains(&function.name.as_str()) && !function.shown.contains("regconfig")
}

/// The context in which a tree is judged.
pub(super) struct Judge<'j> {
    pub(super) facts: &'j Facts,
    /// The view that the tree belongs to: its own entries do not count as reads.
    pub(super) view: u32,
    /// The OIDs of the relations that rosey's own query reads.
    pub(super) named: &'j [u32],
}

impl Judge<'_> {
    /// Returns why a tree with these calls is not run, or `None` if it is.
    pub(super) fn refusal(&self, calls: &Calls, scope: &Scope) -> Option<NotCounted> {
        let functions = calls.functions.iter().find_map(|f| self.function(*f, scope));
        let operator = |o: &u32| match self.facts.operators.get(o) {
            Some(operator) if operator.has_own_family => Some(NotCounted::Calls("a user-defined operator family".to_owned())),
            Some(operator) => self.function(operator.function, scope),
            None => Some(unknown()),
        };
        calls
            .refused
            .clone()
            .or(functions)
            .or_else(|| calls.operators.iter().find_map(operator))
            .or_else(|| calls.converted.iter().find_map(|t| self.converted(*t, &mut Vec::new())))
            .or_else(|| calls.types.iter().find_map(|t| self.of_type(*t, &mut Vec::new())))
            .or_else(|| calls.relations.iter().find_map(|r| self.relation(*r, scope)))
            .or_else(|| (calls.has_windows && *scope != Scope::Tables).then(|| NotCounted::Reads("other rows".to_owned())))
    }

    fn function(&self, oid: u32, scope: &Scope) -> Option<NotCounted> {
        let Some(function) = self.facts.functions.get(&oid) else { return Some(unknown()) };
        let may = is_admitted(function, scope) && (!function.is_set || *scope == Scope::Tables);
        (!may).then(|| NotCounted::Calls(function.shown.clone()))
    }

    /// Checks a type that text is converted to or from: its own functions and the conditions of domains run.
    fn converted(&self, oid: u32, seen: &mut Vec<u32>) -> Option<NotCounted> {
        if seen.contains(&oid) {
            return None;
        }
        seen.push(oid);
        if let Some(refusal) = self.one_type(oid, false) {
            return Some(refusal);
        }
        let ty = self.facts.types.get(&oid)?;
        let checked = ty.checks.iter().find_map(|check| match tree::read(check) {
            Some(tree) => self.refusal(&super::calls::of(&tree), &Scope::Row),
            None => Some(unknown()),
        });
        checked.or_else(|| ty.parts.iter().find_map(|p| self.converted(*p, seen)))
    }

    /// Returns whether reading a value of the type runs a function that is not known to be safe, apart from
    /// the input functions of base types.
    pub(super) fn is_guarded(&self, oid: u32) -> bool {
        self.guarded(oid, &mut Vec::new())
    }

    fn guarded(&self, oid: u32, seen: &mut Vec<u32>) -> bool {
        if seen.contains(&oid) {
            return false;
        }
        seen.push(oid);
        let Some(ty) = self.facts.types.get(&oid) else { return true };
        let is_unsafe = |check: &String| {
            let calls = tree::read(check).map(|tree| super::calls::of(&tree));
            calls.is_none_or(|calls| self.refusal(&calls, &Scope::Row).is_some())
        };
        let own_range = matches!(ty.kind.as_str(), "r" | "m") && oid >= FIRST_OF_USERS && (ty.kind == "m" || ty.has_own_code);
        own_range || ty.checks.iter().any(is_unsafe) || ty.parts.iter().any(|p| self.guarded(*p, seen))
    }

    /// Checks a type whose values are arguments of a call.
    fn of_type(&self, oid: u32, seen: &mut Vec<u32>) -> Option<NotCounted> {
        if seen.contains(&oid) {
            return None;
        }
        seen.push(oid);
        self.one_type(oid, true).or_else(|| self.facts.types.get(&oid)?.parts.iter().find_map(|p| self.of_type(*p, seen)))
    }

    fn one_type(&self, oid: u32, is_argument: bool) -> Option<NotCounted> {
        let Some(ty) = self.facts.types.get(&oid) else { return Some(unknown()) };
        let refused = CATALOG.contains(&oid) && !(is_argument && oid == CONFIGURATION);
        let own = ty.has_own_code || (oid >= FIRST_OF_USERS && ty.kind == "m");
        (refused || own).then(|| NotCounted::Calls(format!("the functions of type {}", ty.shown)))
    }

    fn relation(&self, oid: u32, scope: &Scope) -> Option<NotCounted> {
        if oid == self.view {
            return None;
        }
        let Some(relation) = self.facts.relations.get(&oid) else { return Some(unknown()) };
        if relation.hides_rows {
            return Some(NotCounted::RowSecurity);
        }
        if relation.has_own_partition_key {
            return Some(NotCounted::Calls(format!("a user-defined operator class to find the partitions of {}", shown(relation))));
        }
        let is_named = self.named.contains(&oid);
        let outside = match scope {
            Scope::Tables => false,
            Scope::Named => !is_named,
            Scope::Row | Scope::Constants => true,
        };
        // Reading the row of a sequence changes nothing and runs nothing. Nor does reading the stored rows of a
        // materialized view, which only rosey's own queries do.
        let is_kind = matches!(relation.kind.as_str(), "r" | "p" | "S") || is_named && relation.kind == "m";
        let plain = is_kind && !relation.is_system && !relation.has_foreign_parts;
        (outside || !plain).then(|| NotCounted::Reads(shown(relation)))
    }
}

fn is_admitted(function: &Function, scope: &Scope) -> bool {
    if function.oid >= FIRST_OF_USERS || function.schema != "pg_catalog" {
        return false;
    }
    match function.volatility.as_str() {
        "i" => !is_left_out(&function.name) && (function.is_fixed || builtin::growth(&function.name).is_some()),
        _ if *scope == Scope::Constants => true,
        "s" if uses_default_configuration(function) => false,
        "s" => STABLE.contains(&function.name.as_str()) || compares_times(&function.name),
        _ => VOLATILE.contains(&function.name.as_str()),
    }
}

fn shown(relation: &Relation) -> String {
    let name = &relation.shown;
    match relation.kind.as_str() {
        _ if relation.is_system => format!("system catalog {name}"),
        "r" | "p" if relation.has_foreign_parts => format!("table {name}, which has foreign tables as partitions"),
        "r" | "p" => format!("table {name}"),
        "v" => format!("view {name}"),
        "m" => format!("materialized view {name}"),
        "f" => format!("foreign table {name}"),
        _ => name.clone(),
    }
}

fn unknown() -> NotCounted {
    NotCounted::Unknown("the functions that it calls could not be looked up".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(oid: u32, name: &str, volatility: &str) -> Function {
        let text = |t: &str| t.to_owned();
        let is_fixed = name == "int4pl";
        Function {
            oid,
            shown: text(name),
            schema: text("pg_catalog"),
            name: text(name),
            volatility: text(volatility),
            is_set: false,
            is_fixed,
        }
    }

    #[test]
    fn what_is_admitted() {
        for (oid, name, volatility, wanted) in [
            (870, "lower", "i", true),
            (177, "int4pl", "i", true),
            (2931, "xpath", "i", false),
            (3739, "to_tsvector", "s", false),
            (1299, "now", "s", true),
            (2350, "date_lt_timestamptz", "s", true),
            (2077, "current_setting", "s", false),
            (2626, "pg_sleep", "v", false),
            (1067, "generate_series", "i", false),
            (2081, "pg_size_pretty", "i", false),
            (99_999, "lower", "i", false),
        ] {
            assert_eq!(is_admitted(&function(oid, name, volatility), &Scope::Row), wanted, "{name}");
        }
        assert!(is_admitted(&function(1598, "random", "v"), &Scope::Constants), "it is not called where only constants are computed");
        assert!(!is_admitted(&function(99_999, "f", "i"), &Scope::Constants));
        assert!(STABLE.is_sorted());
    }
}
