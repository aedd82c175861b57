//! Runs the rules over a schema: with levels from `rosey.kdl`, exceptions from the schema, and both dialects
//! in one list.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::rule::{Finding, Rule};
use super::{RULES, Severity, codes};
use crate::plan::{Code, Level, Plan};
use crate::schema::{Address, Allow, Allows, Dialect, Part, Problem, Schema, Span, nearest};

/// The levels of findings that have been set.
#[derive(Debug, Clone, Default)]
pub struct Levels(BTreeMap<String, Severity>);

impl Levels {
    /// Creates levels from those in `rosey.kdl`.
    pub fn new(set: impl IntoIterator<Item = (String, Severity)>) -> Levels {
        Levels(set.into_iter().collect())
    }

    /// Returns the level of a code, or `own` if none is set.
    pub fn of(&self, code: &str, own: Severity) -> Severity {
        self.0.get(code).copied().unwrap_or(own)
    }

    /// Returns whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A finding with its level.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeveledFinding {
    /// The code of its rule.
    pub code: &'static str,
    /// The level; never off.
    pub level: Severity,
    /// The finding.
    pub finding: Finding,
    /// The dialects that it applies to.
    pub dialects: Vec<Dialect>,
}

/// Returns all findings, in the order of the file. There is one schema for each dialect to lint for.
pub fn lint(schemas: &[(Dialect, Schema)], levels: &Levels) -> Vec<LeveledFinding> {
    let (mut all, mut used) = (Vec::new(), BTreeSet::new());
    for (dialect, schema) in schemas {
        let (allows, ignored) = (allows(schema), ignored(schema));
        let mut allowed_at: HashMap<(&str, &Address), Vec<Span>> = HashMap::new();
        for (addresses, allow) in &allows {
            for address in addresses {
                allowed_at.entry((allow.code.as_str(), address)).or_default().extend(allow.origin.0);
            }
        }
        for rule in RULES.iter().filter(|r| (r.applies)(dialect.capabilities())) {
            let level = levels.of(rule.code(), rule.level);
            let ours = |f: &Finding| !f.address.ancestors().any(|at| ignored.contains(&at));
            for finding in (rule.check)(schema, *dialect).into_iter().filter(ours) {
                let found: Vec<Address> = finding.address.ancestors().collect();
                let allowed: Vec<_> = found.iter().filter_map(|at| allowed_at.get(&(rule.code(), at))).collect();
                used.extend(allowed.iter().flat_map(|origins| origins.iter().copied()));
                if allowed.is_empty() && level > Severity::Off {
                    all.push(LeveledFinding { code: rule.code(), level, finding, dialects: vec![*dialect] });
                }
            }
        }
    }
    all.extend(unused(schemas, &used, levels));
    merged(all)
}

/// Returns the findings to show with a plan: warnings and errors in objects that it creates or changes. The
/// rest of the schema is unchanged and of no interest to a reader of the plan. A plan without changes is not
/// linted.
pub fn touched(plan: &Plan, schema: &Schema, levels: &Levels) -> Vec<LeveledFinding> {
    let changed: HashSet<Address> = plan.changes.pairs().into_iter().filter_map(|(_, after)| after).collect();
    if changed.is_empty() {
        return Vec::new();
    }
    let mut found = lint(&[(plan.dialect, schema.clone())], levels);
    found.retain(|f| f.level >= Severity::Warning && f.finding.address.ancestors().any(|at| changed.contains(&at)));
    found
}

/// Merges equal findings on two databases.
pub fn merged(all: Vec<LeveledFinding>) -> Vec<LeveledFinding> {
    let mut kept: Vec<LeveledFinding> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    for found in all {
        let finding = &found.finding;
        let key = (found.code, finding.address.clone(), finding.origin.0, finding.message.clone(), finding.advice.clone());
        match places.entry(key) {
            Entry::Occupied(place) => kept[*place.get()].dialects.extend(found.dialects),
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(found);
            }
        }
    }
    kept.sort_by_cached_key(|f| (f.finding.origin.0, f.code, f.finding.address.clone()));
    kept
}

/// Returns the declared objects that an `ignore` covers: no plan touches them.
fn ignored(schema: &Schema) -> HashSet<Address> {
    if schema.ignores.is_empty() {
        return HashSet::new();
    }
    let ignored = schema.heads().filter(|(kind, head)| schema.ignores(*kind, &head.name));
    ignored.map(|(kind, head)| Address::of(kind, &head.name)).collect()
}

/// Returns the exceptions in a schema, with the addresses that they apply to. What is written on a column
/// belongs to it.
pub(super) fn allows(schema: &Schema) -> Vec<(Vec<Address>, &Allow)> {
    let mut all: Vec<(Vec<Address>, &Allows)> = Vec::new();
    let mut add = |at: Vec<Address>, allows| all.push((at, allows));
    schema.heads().for_each(|(kind, head)| add(vec![Address::of(kind, &head.name)], &head.allows));
    for table in schema.tables.values() {
        let here = table.address();
        for column in table.columns.values() {
            let rules = [Part::Column, Part::ForeignKey, Part::Unique, Part::PrimaryKey].map(|kind| here.child(kind, &column.name));
            add(rules.to_vec(), &column.allows);
        }
        table.indexes.values().for_each(|i| add(vec![here.child(Part::Index, &i.name)], &i.allows));
        table.foreign_keys.iter().for_each(|f| add(vec![super::access::foreign_key_at(table, f)], &f.allows));
    }
    for view in schema.materialized_views.values() {
        view.indexes.values().for_each(|i| add(vec![view.address().child(Part::Index, &i.name)], &i.allows));
    }
    all.into_iter().flat_map(|(at, allows)| allows.0.iter().map(move |a| (at.clone(), a))).collect()
}

/// Returns the exceptions that nothing needs any more. If only one database is linted, those for the other
/// are skipped.
fn unused(schemas: &[(Dialect, Schema)], used: &BTreeSet<Span>, levels: &Levels) -> Vec<LeveledFinding> {
    let level = levels.of(codes::UNUSED_ALLOW.code, Severity::Note);
    let both = schemas.len() > 1;
    let mut found = Vec::new();
    for (dialect, schema) in schemas.iter().filter(|_| level > Severity::Off) {
        let ignored = ignored(schema);
        let ours = |at: &[Address]| !at.iter().any(|a| a.ancestors().any(|a| ignored.contains(&a)));
        for (at, allow) in allows(schema).into_iter().filter(|(at, _)| ours(at)) {
            let known = RULES.iter().find(|r| r.code() == allow.code);
            let judged = known.is_some_and(|r| both || r.dialects().eq([*dialect]));
            if let (true, Some(address)) = (judged && allow.origin.0.is_none_or(|o| !used.contains(&o)), at.into_iter().next()) {
                let message = format!("`allow {}` has no effect here", allow.code);
                let finding = Finding::new(address, allow.origin, message, "remove it");
                found.push(LeveledFinding { code: codes::UNUSED_ALLOW.code, level, finding, dialects: vec![*dialect] });
            }
        }
    }
    found
}

/// Returns problems for exceptions with an unknown code, or with one that a schema file cannot allow.
pub fn unknown_allows(schema: &Schema) -> Vec<Problem> {
    allows(schema).into_iter().filter_map(|(at, allow)| problem(allow, at.first()?)).collect()
}

fn problem(allow: &Allow, at: &Address) -> Option<Problem> {
    let known = || RULES.iter().map(Rule::code).chain(Code::WARNS.into_iter().map(Code::name));
    let code = allow.code.as_str();
    if known().any(|c| c == code) {
        return None;
    }
    let (message, help) = match Code::of_name(code).map(Code::own_level) {
        Some(Level::Destroys) => (
            format!("`allow {code}`: data loss cannot be approved in a schema file"),
            format!("remove it; approve it for one apply on the command line: --allow {code}:{at}"),
        ),
        Some(_) => (
            format!("`allow {code}`: this hazard always blocks an apply and cannot be approved"),
            format!("remove it; `rosey explain {code}` describes how to resolve it"),
        ),
        None => match nearest(code, known()) {
            Some(near) => (format!("`allow {code}`: unknown code"), format!("did you mean `{near}`?")),
            None => (format!("`allow {code}`: unknown code"), "`rosey explain` lists all codes".to_owned()),
        },
    };
    Some(Problem::new(message, allow.origin.0, "here").help(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::schema;

    fn linted(kdl: &str, dialects: &[Dialect]) -> Vec<String> {
        let schemas: Vec<_> = dialects.iter().map(|d| (*d, schema(kdl, *d))).collect();
        let shown = |f: &LeveledFinding| format!("{} {} {}", f.level.word(), f.code, f.finding.address);
        lint(&schemas, &Levels::default()).iter().map(shown).collect()
    }

    const BOTH: [Dialect; 2] = [Dialect::Sqlite, Dialect::Postgres];

    #[test]
    fn what_both_find_is_told_once() {
        let kdl = "table t { column a text; }";
        assert_eq!(linted(kdl, &BOTH), ["warning no-primary-key table.t"]);
        let found = lint(
            &[(Dialect::Sqlite, schema(kdl, Dialect::Sqlite)), (Dialect::Postgres, schema(kdl, Dialect::Postgres))],
            &Levels::default(),
        );
        assert_eq!(found[0].dialects, BOTH);
    }

    #[test]
    fn an_exception_covers_its_object_and_what_is_written_there() {
        let users = "table users { column id bigint primary-key identity; }\n";
        let kdl = |at: &str| {
            format!("{users}table t {{\n column id bigint primary-key identity\n column u bigint references=users {{ {at} }}\n}}")
        };
        let reason = "allow foreign-key-without-index \"users are never deleted\"";
        assert_eq!(linted(&kdl(""), &BOTH), ["warning foreign-key-without-index table.t.foreign-key.u"]);
        assert!(linted(&kdl(reason), &BOTH).is_empty());
        let whole = format!(
            "{users}table t {{\n {reason}\n column id bigint primary-key identity\n column u bigint\n foreign-key u references=users\n}}"
        );
        assert!(linted(&whole, &BOTH).is_empty());
        assert_eq!(linted(&kdl("allow no-primary-key \"x\""), &BOTH)[0], "warning foreign-key-without-index table.t.foreign-key.u");
    }

    #[test]
    fn an_exception_that_nothing_needs() {
        let kdl = "table t { allow no-primary-key \"a log\"; column a text primary-key; }";
        assert_eq!(linted(kdl, &BOTH), ["note unused-allow table.t"]);
        assert!(linted(kdl, &[Dialect::Sqlite]).is_empty(), "it may be for the other database");
    }

    #[test]
    fn what_is_ignored_is_not_looked_at() {
        let kdl = "table t { column a text; allow padded-char \"x\"; }\ntable u { column a text; }\n";
        assert_eq!(linted(&format!("{kdl}ignore t"), &BOTH), ["warning no-primary-key table.u"]);
        assert_eq!(linted(&format!("{kdl}ignore \"*\" kind=view"), &BOTH).len(), 3);
    }

    #[test]
    fn exceptions_of_all_kinds() {
        let allow = "allow name-needs-quotes \"as the old program has it\"";
        for (kdl, dialect) in [
            (format!("virtual-table \"a b\" {{ {allow}; using \"fts5(x)\"; }}"), Dialect::Sqlite),
            (format!("enum Mood a b {{ {allow}; }}"), Dialect::Postgres),
            (format!("domain Mood text {{ {allow}; }}"), Dialect::Postgres),
            (format!("sequence Mood {{ {allow}; }}"), Dialect::Postgres),
        ] {
            let found = linted(&kdl, &[dialect]);
            assert!(found.is_empty(), "{kdl} {found:?}");
        }
        let kdl = "table t { column a text primary-key; }\ntrigger g only=sqlite { allow double-quoted-string \"x\"; as \"AFTER INSERT ON t BEGIN UPDATE t SET a = \\\"x\\\"; END\"; }";
        assert!(linted(kdl, &[Dialect::Sqlite]).is_empty());
    }

    #[test]
    fn levels_are_set() {
        let schemas = [(Dialect::Sqlite, schema("table t { column a text; }", Dialect::Sqlite))];
        let set = |level| Levels::new([("no-primary-key".to_owned(), level)]);
        assert!(lint(&schemas, &set(Severity::Off)).is_empty());
        assert_eq!(lint(&schemas, &set(Severity::Error))[0].level, Severity::Error);
    }

    #[test]
    fn an_exception_from_no_rule() {
        let problems = |code: &str| unknown_allows(&schema(&format!("table t {{ allow {code} \"x\"; column a text; }}"), Dialect::Sqlite));
        assert_eq!(problems("no-primary-kee")[0].help.as_deref(), Some("did you mean `no-primary-key`?"));
        assert!(problems("breaks-clients").is_empty());
        assert!(problems("destroys-table")[0].help.as_deref().unwrap().ends_with("--allow destroys-table:table.t"));
        assert!(problems("breaks-check")[0].message.contains("cannot be approved"));
        assert!(problems("no-primary-key").is_empty());
    }
}
