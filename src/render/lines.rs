//! The lines of a block: additions and removals in KDL, changes as `old -> new`.

use super::view::{Line, Symbol, unchanged};
use crate::diff::{Attribute, Delta, Edit, TableChange, TableEdits};
use crate::kdl;
use crate::schema::{Column, Expr, ForeignKey, ObjectName, PrimaryKey, Table, Unique};

/// Returns a table's head and lines.
pub(super) fn table(change: &TableChange) -> (String, Vec<Line>) {
    match change {
        TableChange::Create(table) => whole(table, Symbol::Create),
        TableChange::Drop(table) => (format!("table {}", object(&table.name)), Vec::new()),
        TableChange::Alter(edits) => (format!("table {}", object(&edits.after.name)), altered(edits)),
    }
}

/// Returns a name as in KDL, with its schema.
pub(super) fn object(name: &ObjectName) -> String {
    let schema = name.schema.as_ref().map(|s| format!(" schema={}", kdl::string_repr(s.as_str()))).unwrap_or_default();
    format!("{}{schema}", kdl::string_repr(name.name.as_str()))
}

fn whole(table: &Table, symbol: Symbol) -> (String, Vec<Line>) {
    let text = kdl::encode_table(table);
    let mut rows = text.lines();
    let head = rows.next().unwrap_or_default().trim_end_matches('{').trim_end().to_owned();
    let inner = rows.map(|r| r.strip_prefix("    ").unwrap_or(r).to_owned()).collect::<Vec<_>>();
    let inner = inner.split_last().map_or(&[][..], |(_, rest)| rest);
    (head, inner.iter().map(|text| Line { symbol, text: text.clone() }).collect())
}

fn altered(edits: &TableEdits) -> Vec<Line> {
    let mut lines: Vec<Line> = edits.options.iter().map(|e| changed(&edit(e))).collect();
    lines.extend(columns(edits));
    let key = |d: &&Delta<PrimaryKey>| !at_column(edits, d, |rule, c, t| kdl::rules_of_line(c, t).0 == Some(rule));
    let unique_rule = |d: &&Delta<Unique>| !at_column(edits, d, |rule, c, t| kdl::rules_of_line(c, t).1 == Some(rule));
    let reference = |d: &&Delta<ForeignKey>| !at_column(edits, d, |rule, c, t| kdl::rules_of_line(c, t).2 == Some(rule));
    if let Some(delta) = edits.primary_key.as_ref().filter(key) {
        // A rename of a key column is shown at the column; only the rest is shown at the key.
        lines.push(rule("primary-key", delta, |k| k.parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")));
    }
    let list = |parts: &[crate::schema::KeyPart]| parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    lines.extend(
        edits
            .uniques
            .iter()
            .filter(unique_rule)
            .map(|d| rule("unique", d, |u| named(u.name.as_ref(), &format!("{}{}", list(&u.parts), unique(u))))),
    );
    lines.extend(edits.foreign_keys.iter().filter(reference).map(|d| rule("foreign-key", d, foreign_key)));
    lines.extend(edits.checks.iter().map(|d| rule("check", d, |c| named(c.name.as_ref(), &check(c)))));
    lines.extend(edits.exclusions.iter().map(|d| rule("exclude", d, exclusion)));
    for (old, new) in &edits.renamed_indexes {
        lines.push(changed(&format!("index {}   was {}", new.shown(), old.shown())));
    }
    lines.extend(edits.indexes.iter().map(|d| rule("index", d, index)));
    lines.extend(unchanged(edits.before.columns.len().saturating_sub(touched(edits)), "column"));
    lines.into_iter().map(|line| by_live_names(line, edits)).collect()
}

/// Returns a line in which a dropped column has its live name, not the temporary one under which it makes
/// room for another column.
fn by_live_names(mut line: Line, edits: &TableEdits) -> Line {
    for (live, temporary) in edits.renamed_columns.iter().filter(|(_, new)| !edits.after.columns.contains_key(new)) {
        line.text = line.text.replace(temporary.as_str(), live.as_str());
    }
    line
}

/// Returns true if the line of an added or dropped column already includes the constraint.
fn at_column<T>(edits: &TableEdits, delta: &Delta<T>, in_line: impl Fn(&T, &Column, &Table) -> bool) -> bool {
    edits.columns.iter().any(|column| match (delta, column) {
        (Delta::Create(rule), Delta::Create(c)) => in_line(rule, c, &edits.after),
        (Delta::Drop(rule), Delta::Drop(c)) => in_line(rule, c, &edits.before),
        _ => false,
    })
}

fn touched(edits: &TableEdits) -> usize {
    let differ = edits.columns.iter().filter_map(Delta::before).map(|c| &c.name);
    let renamed = edits.renamed_columns.iter().map(|(_, new)| new);
    differ.chain(renamed).collect::<std::collections::BTreeSet<_>>().len()
}

pub(super) fn changed(text: &str) -> Line {
    Line { symbol: Symbol::Change, text: text.to_owned() }
}

/// Returns the columns: changed ones, aligned with each other, then added ones, then dropped ones.
fn columns(edits: &TableEdits) -> Vec<Line> {
    let mut rows: Vec<(String, String)> = Vec::new();
    for column in edits.after.columns.values() {
        let old = edits.renamed_columns.iter().find(|(_, new)| *new == column.name).map(|(old, _)| format!("was {}", old.shown()));
        let differs = edits.columns.iter().find_map(|d| match d {
            Delta::Alter { after, edits, .. } if after.name == column.name => Some(edits),
            _ => None,
        });
        let mut words: Vec<String> = old.into_iter().collect();
        words.extend(differs.into_iter().flatten().map(edit));
        words.extend(differs.map(|d| value_words(column, d)).into_iter().flatten());
        if !words.is_empty() {
            rows.push((kdl::string_repr(column.name.as_str()), words.join(", ")));
        }
    }
    let width = rows.iter().map(|(n, _)| n.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<Line> = rows.iter().map(|(name, words)| changed(&format!("column {name:width$}   {words}"))).collect();
    for delta in &edits.columns {
        match delta {
            Delta::Create(c) => lines.push(Line { symbol: Symbol::Create, text: kdl::column_line(c, &edits.after) }),
            Delta::Drop(c) => lines.push(Line { symbol: Symbol::Destroy, text: kdl::column_line(c, &edits.before) }),
            Delta::Alter { .. } => {}
        }
    }
    lines
}

/// Returns where the values come from, if the change computes any.
fn value_words(column: &Column, edits: &[Edit]) -> Vec<String> {
    let has = |attribute: Attribute| edits.iter().any(|e| e.attribute == attribute && e.after.is_some());
    let mut words = Vec::new();
    if let Some(using) = column.using.as_ref().filter(|_| has(Attribute::Type)) {
        words.push(format!("using {}", kdl::quoted(&using.text)));
    }
    if let Some(backfill) = column.backfill.as_ref().filter(|_| has(Attribute::NotNull)) {
        words.push(format!("backfill {}", kdl::quoted(&backfill.text)));
    }
    words
}

/// Formats a change as `type integer -> boolean`, or as a flag that is set or removed.
pub(super) fn edit(edit: &Edit) -> String {
    match (edit.attribute, &edit.before, &edit.after) {
        (Attribute::Invalid, Some(_), _) => "invalid: its build did not finish".to_owned(),
        (Attribute::NotValid, Some(_), _) => "not-valid -> valid".to_owned(),
        (Attribute::NotValid, None, _) => "valid -> not-valid".to_owned(),
        (Attribute::NotNull, None, _) => "nullable -> not-null".to_owned(),
        (Attribute::NotNull, Some(_), _) => "not-null -> nullable".to_owned(),
        (Attribute::Type, Some(before), Some(after)) if before.is_empty() || after.is_empty() => {
            let word = |t: &str| if t.is_empty() { "none".to_owned() } else { t.to_owned() };
            format!("type {} -> {}", word(before), word(after))
        }
        (flag, _, Some(after)) if after.is_empty() => format!("{flag} (new)"),
        (flag, Some(before), _) if before.is_empty() => format!("{flag} (removed)"),
        (attribute, before, after) => {
            let none = || "none".to_owned();
            format!("{attribute} {} -> {}", before.clone().unwrap_or_else(none), after.clone().unwrap_or_else(none))
        }
    }
}

fn rule<T>(node: &str, delta: &Delta<T>, show: impl Fn(&T) -> String) -> Line {
    match delta {
        Delta::Create(t) => Line { symbol: Symbol::Create, text: format!("{node} {}", show(t)) },
        Delta::Drop(t) => Line { symbol: Symbol::Destroy, text: format!("{node} {}", show(t)) },
        Delta::Alter { after, edits, .. } => {
            let words: Vec<String> = edits.iter().map(edit).collect();
            changed(&format!("{node} {}   {}", show(after), words.join(", ")))
        }
    }
}

fn named(name: Option<&crate::schema::Ident>, rest: &str) -> String {
    name.map_or_else(|| rest.to_owned(), |n| format!("{} {rest}", kdl::string_repr(n.as_str())))
}

fn foreign_key(fk: &crate::schema::ForeignKey) -> String {
    let columns = fk.columns.iter().map(crate::schema::Ident::shown).collect::<Vec<_>>().join(" ");
    let mut text = format!("{columns} references={}", kdl::quoted(&kdl::target(fk)));
    let mut add = |name: &str, value: Option<String>| text.extend(value.map(|v| format!(" {name}={v}")));
    add("on-delete", kdl::action(fk.on_delete).map(str::to_owned));
    add("on-update", kdl::action(fk.on_update).map(str::to_owned));
    add("match", fk.matching.as_ref().map(ToString::to_string));
    add("deferrable", fk.deferrable.map(|d| d.word().to_owned()));
    add("name", fk.name.as_ref().map(|n| kdl::string_repr(n.as_str())));
    add("not-valid", fk.not_valid.then(|| "#true".to_owned()));
    text
}

fn check(check: &crate::schema::Check) -> String {
    let flags = [("no-inherit", check.no_inherit), ("not-valid", check.not_valid)];
    let set: String = flags.iter().filter(|f| f.1).map(|f| format!(" {}=#true", f.0)).collect();
    format!("{}{set}", kdl::quoted(&check.expr.text))
}

/// Returns the attributes of a unique constraint other than its columns.
fn unique(unique: &crate::schema::Unique) -> String {
    let nulls = if unique.nulls_not_distinct { " nulls-not-distinct=#true" } else { "" };
    let deferrable = unique.deferrable.map(|d| format!(" deferrable={}", d.word())).unwrap_or_default();
    format!("{nulls}{deferrable}")
}

fn exclusion(exclusion: &crate::schema::Exclusion) -> String {
    let parts = exclusion.parts.iter().map(|(part, with)| format!("{part} with {with}")).collect::<Vec<_>>().join(", ");
    let predicate = exclusion.predicate.as_ref().map(|p| format!(" where {}", p.text)).unwrap_or_default();
    named(exclusion.name.as_ref(), &format!("({parts}){predicate}"))
}

fn index(index: &crate::schema::Index) -> String {
    let parts = index.parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let unique = if index.unique { " unique" } else { "" };
    let predicate = index.predicate.as_ref().map(|p| format!(" where {}", p.text)).unwrap_or_default();
    format!("{} ({parts}){unique}{predicate}", kdl::string_repr(index.name.as_str()))
}

/// Returns a view, trigger or virtual table with its SQL before and after.
pub(super) fn definition<T>(node: &str, delta: &Delta<T>, parts: impl Fn(&T) -> (&ObjectName, &Expr)) -> (String, Vec<Line>) {
    let name = delta.after().or(delta.before()).map(|t| object(parts(t).0)).unwrap_or_default();
    let sql = |t: &T, symbol: Symbol| {
        let text = parts(t).1.text.clone();
        text.lines().map(|l| Line { symbol, text: l.trim_end().to_owned() }).filter(|l| !l.text.is_empty()).collect::<Vec<_>>()
    };
    let mut lines = Vec::new();
    if let Delta::Alter { before, edits, .. } = delta {
        let words = edits.iter().filter(|e| e.attribute != Attribute::Definition);
        let told = |e: &Edit| if e.attribute == Attribute::Name { format!("was {}", parts(before).0.plain().shown()) } else { edit(e) };
        lines.extend(words.map(|e| changed(&told(e))));
        if edits.iter().all(|e| e.attribute != Attribute::Definition) {
            return (format!("{node} {name}"), lines);
        }
    }
    if let (Delta::Alter { .. } | Delta::Drop(_), Some(before)) = (delta, delta.before()) {
        lines.extend(sql(before, Symbol::Destroy));
    }
    lines.extend(delta.after().map(|t| sql(t, Symbol::Create)).unwrap_or_default());
    (format!("{node} {name}"), lines)
}
