//! What a dropped extension drops with it, and what blocks the drop: other objects that use its types,
//! operators or functions and that the same plan neither drops nor changes. Functions whose text calls
//! functions of the extension are listed, because PostgreSQL does not track such dependencies.

use std::collections::BTreeMap;

use super::super::connection::{Connection, Error};
use super::super::lower::{Going, What};
use super::super::names::{Names, literal, quote};
use super::super::read_type::plain_or_quoted;
use super::Dependent;
use crate::diff::{Attribute, Changes, Delta, Edit, TableChange, TableEdits};
use crate::plan::{Code, Hazard, Level, Probe, Step};
use crate::schema::{Address, Ident};

/// Returns a hazard for each extension that is still needed after the plan.
pub(super) fn stop(held: Vec<(&Going, Dependent)>, changes: &Changes, steps: &[Step], names: &Names) -> Vec<(Address, Hazard)> {
    let mut needed: BTreeMap<&Address, Vec<String>> = BTreeMap::new();
    for (going, dependent) in held {
        if !is_let_go(&dependent, changes, steps, names) {
            needed.entry(&going.by).or_default().push(dependent.told);
        }
    }
    needed.into_iter().map(|(address, by)| (address.clone(), blocked(address, &by))).collect()
}

fn blocked(address: &Address, by: &[String]) -> Hazard {
    const NAMED: usize = 10;
    let mut named = by.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if by.len() > NAMED {
        named.push_str(&format!(" and {} more", by.len() - NAMED));
    }
    let message = format!("not supported: {named} depend{} on {address}", if by.len() == 1 { "s" } else { "" });
    let advice = format!("keep `extension {}` in the schema, or change or drop these objects first", address.last());
    Hazard::new(Code::NotSupported, Level::Blocks, address.clone(), message, advice)
}

/// Returns whether the plan drops what depends on the extension, or changes it so that it no longer does.
fn is_let_go(dependent: &Dependent, changes: &Changes, steps: &[Step], names: &Names) -> bool {
    let Some((owner, kind)) = &dependent.owner else {
        // A type has no owning relation: a domain may be dropped or get another base type.
        let mut domains = changes.domains().filter_map(|d| Some((d.before()?, d)));
        return domains.any(|(before, delta)| {
            let plain = |i: &Ident| plain_or_quoted(i.as_str());
            let full = format!("type {}.{}", plain(names.schema(&before.name)), plain(&before.name.name));
            let named = dependent.told == full || dependent.told == format!("type {}", plain(&before.name.name));
            dependent.class == "pg_type"
                && named
                && (delta.after().is_none() || matches!(delta, Delta::Alter { edits, .. } if has(edits, &[Attribute::Type])))
        });
    };
    if kind == "v" || kind == "m" {
        return super::is_dropped(steps, owner, names);
    }
    let change = changes.tables().find(|c| match c {
        TableChange::Create(_) => false,
        TableChange::Drop(table) => table.name == *owner,
        TableChange::Alter(edits) => edits.live.name == *owner,
    });
    match change {
        Some(TableChange::Drop(_)) => true,
        Some(TableChange::Alter(edits)) => is_edited_away(dependent, edits, steps, names),
        Some(TableChange::Create(_)) | None => false,
    }
}

fn is_edited_away(dependent: &Dependent, edits: &TableEdits, steps: &[Step], names: &Names) -> bool {
    let runs = |start: &str| steps.iter().flat_map(|s| &s.statements).any(|s| s.sql.starts_with(start));
    let renamed = |pairs: &[(Ident, Ident)]| {
        pairs.iter().find(|(old, _)| old.matches(&dependent.name)).map_or(dependent.name.clone(), |(_, new)| new.to_string())
    };
    let column = |attributes: &[Attribute]| {
        let name = renamed(&edits.renamed_columns);
        edits.columns.iter().any(|d| match d {
            Delta::Create(_) => false,
            Delta::Drop(c) => c.name.matches(&name),
            Delta::Alter { before, edits, .. } => before.name.matches(&name) && has(edits, attributes),
        })
    };
    match dependent.class.as_str() {
        "pg_attrdef" => column(&[Attribute::Type, Attribute::Default, Attribute::Generated]),
        "pg_class" => {
            let index = renamed(&edits.renamed_indexes);
            let replaced = edits.indexes.iter().any(|d| d.before().is_some_and(|i| i.name.matches(&index)));
            column(&[Attribute::Type]) || replaced || is_built_over_retyped(edits, &index)
        }
        "pg_constraint" => runs(&format!("ALTER TABLE {} DROP CONSTRAINT {}", names.sql(&edits.live.name), quote(&dependent.name))),
        _ => false,
    }
}

/// Returns whether a remaining index gets other operators with the type of a column. The index of a key is
/// not known by its columns here: the server decides.
fn is_built_over_retyped(edits: &TableEdits, index: &str) -> bool {
    let retyped = |c: &Ident| {
        edits.columns.iter().any(|d| matches!(d, Delta::Alter { before, edits, .. } if before.name == *c && has(edits, &[Attribute::Type])))
    };
    let any = || edits.columns.iter().any(|d| matches!(d, Delta::Alter { edits, .. } if has(edits, &[Attribute::Type])));
    match edits.before.indexes.values().find(|i| i.name.matches(index)) {
        Some(index) => index.parts.iter().any(|p| p.opclass.is_none() && p.column().is_some_and(retyped)),
        None => any() && !edits.before.columns.keys().any(|c| c.matches(index)),
    }
}

fn has(edits: &[Edit], attributes: &[Attribute]) -> bool {
    edits.iter().any(|e| attributes.contains(&e.attribute))
}

/// Notes for each dropped extension which of its tables contain rows and which functions seem to call it.
/// Sends one query, or none if no extension is dropped.
pub(super) async fn tell(connection: &mut Connection, steps: &mut [Step], going: &[Going]) -> Result<(), Error> {
    for one in going {
        let What::Extension(name) = &one.what else { continue };
        let found = connection.pairs(&parts(name)).await?;
        let of = |kind: &str| found.iter().filter(|(k, _)| k == kind).map(|(_, n)| n.clone()).collect::<Vec<_>>();
        let hazards = steps.iter_mut().filter(|s| s.address == one.by).flat_map(|s| &mut s.hazards);
        for hazard in hazards.filter(|h| h.code == Code::DestroysExtension) {
            with_parts(hazard, &of("table"), &of("caller"));
        }
    }
    Ok(())
}

fn with_parts(hazard: &mut Hazard, tables: &[String], callers: &[String]) {
    if !tables.is_empty() {
        let plural = if tables.len() == 1 { "" } else { "s" };
        hazard.message.push_str(&format!(", including table{plural} {} ({{rows}})", tables.join(", ")));
        let counts: Vec<String> = tables.iter().map(|t| format!("(SELECT count(*) FROM {t})")).collect();
        hazard.probe = Some(Probe::Query(format!("SELECT {}, NULL::bigint", counts.join(" + "))));
    }
    if !callers.is_empty() {
        hazard.message.push_str(&format!("; it appears to be called by {}", callers.join(", ")));
    }
}

/// Returns the query for the extension's tables, and for other functions in whose text one of its function
/// names precedes a bracket.
fn parts(extension: &Ident) -> String {
    let name = literal(extension.as_str());
    let member = |class: &str, oid: &str| {
        format!(
            "EXISTS (SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid WHERE d.refclassid = 'pg_extension'::regclass \
             AND d.classid = '{class}'::regclass AND d.objid = {oid} AND d.deptype = 'e' AND x.extname = {name})"
        )
    };
    format!(
        "SELECT * FROM (SELECT 'table' AS kind, format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND {} \
         UNION ALL SELECT 'caller', format('%s %s', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, p.oid::regprocedure) \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang \
         WHERE l.lanname NOT IN ('c', 'internal') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT {} \
         AND p.prosrc ~* (SELECT '\\m(' || string_agg(DISTINCT regexp_replace(m.proname, '\\W', '\\\\\\&', 'g'), '|') || ')\\s*\\(' \
         FROM pg_proc m WHERE {})) q ORDER BY 1, 2",
        member("pg_class", "c.oid"),
        member("pg_proc", "p.oid"),
        member("pg_proc", "m.oid"),
    )
}
