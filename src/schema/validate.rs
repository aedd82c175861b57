//! Checks what any database requires of a schema: columns exist, foreign keys have a target, names are
//! unique.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ident, Kind, ObjectName, Origin, PartKey, Problem, Schema, Table, nearest};

/// At most this many mistakes get a suggestion.
const SUGGESTED: usize = 200;

/// What could not be read from a schema file.
#[derive(Debug, Default)]
pub struct Unread {
    /// Tables with an error in them: their keys may be different.
    pub parts: BTreeSet<ObjectName>,
    /// Tables of which a part is missing: they may have more columns.
    pub columns: BTreeSet<ObjectName>,
    /// Whether there may be unknown tables.
    pub whole: bool,
}

impl Schema {
    /// Returns all problems with their positions. Empty for a schema that a database could hold.
    pub fn problems(&self) -> Vec<Problem> {
        self.problems_but(&Unread::default())
    }

    /// Returns the same for a schema that was read only in part, without the problems that may only follow
    /// from that.
    pub fn problems_but(&self, unread: &Unread) -> Vec<Problem> {
        let mut found = Vec::new();
        for table in self.tables.values() {
            if !unread.columns.contains(&table.name) {
                columns_exist(table, &mut found);
            }
            self.foreign_keys_lead_somewhere(table, unread, &mut found);
        }
        self.sequences_have_owners(unread, &mut found);
        self.names_are_used_once(&mut found);
        found
    }

    /// Returns whether the table, a column or the key that a foreign key references is missing.
    pub fn leads_nowhere(&self, fk: &super::ForeignKey) -> bool {
        self.tables.get(&fk.table).is_none_or(|parent| target_is_key(fk, parent).is_some())
    }

    fn foreign_keys_lead_somewhere(&self, table: &Table, unread: &Unread, found: &mut Vec<Problem>) {
        for fk in table.foreign_keys.iter().filter(|f| !f.dangling) {
            let at = fk.origin.0;
            let missing = !self.tables.contains_key(&fk.table);
            let unmanaged = || self.unmanaged.iter().any(|u| u.kind.is_table() && u.name == fk.table.to_string());
            if self.ignores(Kind::Table, &fk.table)
                || (missing && unmanaged())
                || unread.parts.contains(&fk.table)
                || (missing && unread.whole)
            {
                continue;
            }
            let Some(parent) = self.tables.get(&fk.table) else {
                // Comparing with all names is expensive, and nobody reads the suggestions for that many
                // mistakes.
                let few = found.len() < SUGGESTED;
                let near = nearest(fk.table.name.as_str(), self.tables.keys().map(|t| t.name.as_str()).filter(|_| few));
                found.push(
                    Problem::new(format!("foreign key references table `{}`, which is not in the schema", fk.table), at, "referenced here")
                        .help(did_you_mean(near, "declare the table, or add an `ignore` for it")),
                );
                continue;
            };
            if let Some(missing) = fk.to.iter().find(|c| !parent.columns.contains_key(*c)) {
                found.push(no_such_column(missing, parent, "foreign key references", at, found.len()));
            } else if let Some(problem) = target_is_key(fk, parent) {
                found.push(problem);
            }
        }
    }

    /// Checks that the columns that own sequences exist.
    fn sequences_have_owners(&self, unread: &Unread, found: &mut Vec<Problem>) {
        for sequence in self.sequences.values() {
            let Some((table, column)) = &sequence.owned_by else { continue };
            let at = table.name.origin().0.or(sequence.origin.0);
            match self.tables.get(table) {
                Some(owner) if !unread.columns.contains(table) && !owner.columns.contains_key(column) => {
                    found.push(no_such_column(column, owner, &format!("sequence `{}` is owned by", sequence.name), at, found.len()));
                }
                None if !unread.whole && !self.ignores(Kind::Table, table) => {
                    let near = nearest(table.name.as_str(), self.tables.keys().map(|t| t.name.as_str()));
                    let message = format!("sequence `{}` is owned by table `{table}`, which is not in the schema", sequence.name);
                    let help = did_you_mean(near, "declare the table, or remove owned-by=");
                    found.push(Problem::new(message, at, "referenced here").help(help));
                }
                _ => {}
            }
        }
    }

    /// Checks that names are unique. Tables, views, sequences and indexes share one namespace; types share
    /// another, which also contains the row types of tables and views
    /// (<https://www.postgresql.org/docs/current/rowtypes.html>).
    fn names_are_used_once(&self, found: &mut Vec<Problem>) {
        let of = |is_one: fn(Kind) -> bool| -> Vec<Named> {
            self.heads_of(is_one).map(|(kind, head)| (kind.word(), head.name.clone(), head.origin)).collect()
        };
        let relations = of(Kind::is_relation).into_iter().chain(self.indexes());
        used_once(relations, "tables, views, sequences and indexes share one namespace: rename one of the two", found);
        let (types, rows) = (of(Kind::is_type), of(Kind::has_rows));
        // The names of tables and views have been checked already.
        let taken: BTreeSet<&ObjectName> = types.iter().map(|(_, name, _)| name).collect();
        let rows = rows.iter().filter(|(_, name, _)| taken.contains(name));
        let mut seen = BTreeSet::new();
        let first_rows = rows.filter(|(_, name, _)| seen.insert(name)).cloned();
        let all = first_rows.chain(types.iter().cloned());
        used_once(
            all,
            "types share one namespace, and each table or view also defines a type of the same name: rename one of the two",
            found,
        );
    }

    fn indexes(&self) -> impl Iterator<Item = Named> + '_ {
        let of_tables = self.tables.values().flat_map(|t| t.indexes.values().map(|i| (&t.name.schema, i)));
        let of_views = self.materialized_views.values().flat_map(|v| v.indexes.values().map(|i| (&v.name.schema, i)));
        let named =
            |(schema, index): (&Option<Ident>, &super::Index)| ("index", ObjectName::new(schema.clone(), index.name.clone()), index.origin);
        of_tables.chain(of_views).map(named)
    }
}

/// Kind, name and position of an object.
type Named = (&'static str, ObjectName, Origin);

fn used_once(objects: impl Iterator<Item = Named>, help: &str, found: &mut Vec<Problem>) {
    let mut seen: BTreeMap<ObjectName, (&str, Origin)> = BTreeMap::new();
    for (kind, name, origin) in objects {
        if let Some((other, first)) = seen.insert(name.clone(), (kind, origin)) {
            found.push(
                Problem::new(format!("two objects are named `{name}`"), first.0, format!("{other} `{name}`"))
                    .also(origin.0, format!("{kind} `{name}`"))
                    .help(help),
            );
        }
    }
}

/// Checks that keys, constraints and indexes use columns of their table.
fn columns_exist(table: &Table, found: &mut Vec<Problem>) {
    let mut check = |what: &str, column: &Ident, origin: Origin| {
        if !table.columns.contains_key(column) {
            found.push(no_such_column(column, table, what, origin.0, found.len()));
        }
    };
    if let Some(key) = &table.primary_key {
        key.parts.iter().map(|p| &p.column).chain(&key.include).for_each(|c| check("primary key uses", c, key.origin));
    }
    for unique in &table.uniques {
        unique.parts.iter().map(|p| &p.column).chain(&unique.include).for_each(|c| check("unique constraint uses", c, unique.origin));
    }
    for fk in &table.foreign_keys {
        fk.columns.iter().for_each(|c| check("foreign key uses", c, fk.origin));
    }
    for exclusion in &table.exclusions {
        let parts = exclusion.parts.iter().filter_map(|(part, _)| part.column());
        parts.chain(&exclusion.include).for_each(|c| check("exclusion constraint uses", c, exclusion.origin));
    }
    for index in table.indexes.values() {
        for part in &index.parts {
            if let PartKey::Column(c) = &part.key {
                check(&format!("index `{}` uses", index.name), c, index.origin);
            }
        }
        index.include.iter().for_each(|c| check(&format!("index `{}` includes", index.name), c, index.origin));
    }
}

fn no_such_column(column: &Ident, table: &Table, what: &str, at: Option<super::Span>, found: usize) -> Problem {
    let near = nearest(column.as_str(), table.columns.keys().map(Ident::as_str).filter(|_| found < SUGGESTED));
    let at = column.origin().0.or(at);
    let problem = Problem::new(format!("{what} column `{column}`, which does not exist in table `{}`", table.name), at, "no such column");
    if column.as_str().contains('(') {
        return problem.help(meant_as_expression(column, what));
    }
    if column.as_str().contains(',') {
        let names: Vec<&str> = column.as_str().split(',').map(str::trim).filter(|w| !w.is_empty()).collect();
        return problem.help(format!("KDL separates arguments with spaces, not commas: write `{}`", names.join(" ")));
    }
    problem.help(did_you_mean(near, "declare the column, or remove it here"))
}

/// Returns what to write if an expression was given in place of a column.
fn meant_as_expression(column: &Ident, what: &str) -> String {
    let part = format!("(sql)\"{}\"", column.as_str().replace('\\', "\\\\").replace('"', "\\\""));
    match what {
        w if w.starts_with("index") && w.ends_with("uses") => format!("an expression is written `{part}`"),
        w if w.starts_with("exclusion") => format!("an expression is written `part {part}`"),
        w if w.starts_with("unique") => {
            format!("a constraint takes columns only; a unique index takes expressions: `index NAME {part} unique=#true`")
        }
        _ => "only columns are possible here, no expressions".to_owned(),
    }
}

fn did_you_mean(near: Option<&str>, otherwise: &str) -> String {
    near.map_or_else(|| otherwise.to_owned(), |n| format!("did you mean `{n}`?"))
}

fn columns(n: usize) -> String {
    format!("{n} column{}", if n == 1 { "" } else { "s" })
}

fn list(names: &[&Ident]) -> String {
    names.iter().map(|n| n.as_str()).collect::<Vec<_>>().join(", ")
}

/// Checks that the columns that a foreign key references are exactly a primary key or unique constraint.
fn target_is_key(fk: &super::ForeignKey, parent: &Table) -> Option<Problem> {
    let key: Vec<&Ident> = parent.primary_key.iter().flat_map(|k| k.parts.iter().map(|p| &p.column)).collect();
    let at = fk.origin.0;
    if fk.to.is_empty() {
        return match key.len() {
            0 => Some(
                Problem::new(
                    format!("foreign key references table `{}`, which has no primary key", parent.name),
                    at,
                    "references the primary key",
                )
                .help(format!("specify the columns: references=\"{}(column)\"", parent.name)),
            ),
            n if n != fk.columns.len() => Some(
                Problem::new(
                    format!("foreign key with {} references a primary key with {}", columns(fk.columns.len()), columns(n)),
                    at,
                    "the number of columns differs",
                )
                .help(format!("the primary key of table `{}` is: {}", parent.name, list(&key))),
            ),
            _ => None,
        };
    }
    if fk.to.len() != fk.columns.len() {
        let message = format!("foreign key with {} references {}", columns(fk.columns.len()), columns(fk.to.len()));
        return Some(Problem::new(message, at, "the number of columns differs").help("list the same number of columns on both sides"));
    }
    let same = |columns: &[&Ident]| columns.len() == fk.to.len() && fk.to.iter().all(|c| columns.contains(&c));
    let unique = parent.uniques.iter().any(|u| same(&u.parts.iter().map(|p| &p.column).collect::<Vec<_>>()));
    let index = parent.indexes.values().filter(|i| i.unique && i.predicate.is_none()).any(|i| {
        let columns: Option<Vec<&Ident>> = i.parts.iter().map(|p| p.column()).collect();
        columns.is_some_and(|c| same(&c))
    });
    if same(&key) || unique || index {
        return None;
    }
    let to = fk.to.iter().map(Ident::as_str).collect::<Vec<_>>().join(", ");
    Some(
        Problem::new(format!("foreign key references `{}({to})`, which is not a key", parent.name), at, "neither a primary key nor unique")
            .help(format!("add a unique constraint to table `{}`, or reference its primary key", parent.name)),
    )
}
