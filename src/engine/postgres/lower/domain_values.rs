//! Whether values fit the domains that columns get: new columns, and columns whose domain is created, replaced
//! or altered in the same plan. Columns that keep a domain are counted with the domain.

use super::super::names::quote;
use super::super::types as pg_types;
use super::LoweringContext;
use super::ground::{DomainOf, domains_of, ground, is_unchanged};
use super::rows::new_rows;
use super::tables::Altered;
use crate::plan::{Code, Hazard, Level, Probe};
use crate::schema::{Column, Part};

/// Reports the values that violate NOT NULL or the checks of their new domains.
pub(super) fn hazards(context: &LoweringContext<'_>, table: &Altered<'_>) -> Vec<Hazard> {
    let mut found = Vec::new();
    for column in table.edits.after.columns.values().filter(|c| c.generated.is_none()) {
        let is_new = table.column(&column.name).is_none();
        if !is_new && !table.retyped.iter().any(|r| r.column == column.name) {
            continue;
        }
        // Other conversions to a domain that stays as it is are counted by their cast.
        let is_computed = is_new || column.using.is_some();
        for domain in domains_of(context, context.desired, &column.ty) {
            if is_computed || !is_unchanged(context, domain.domain) {
                found.extend(of_domain(context, table, column, &domain));
            }
        }
    }
    found
}

fn of_domain(context: &LoweringContext<'_>, table: &Altered<'_>, column: &Column, of: &DomainOf<'_>) -> Vec<Hazard> {
    let name = quote(column.name.as_str());
    let DomainOf { domain, is_element } = *of;
    let base = pg_types::value_type(&ground(context, context.desired, &domain.ty));
    let rows = new_rows(context, table);
    let from = match is_element {
        true => format!("(SELECT e.value FROM {rows} AS t, unnest(t.{name}::{base}[]) AS e(value)) AS v"),
        false => format!("(SELECT {name}::{base} AS value FROM {rows} AS t) AS v"),
    };
    let at = table.edits.after.address().child(Part::Column, &column.name);
    let hazard = |code: Code, condition: &str, message: String, advice: &str| {
        let probe = format!("SELECT count(*) FILTER (WHERE {condition}), count(*) FROM {from}");
        let hazard = Hazard::new(code, Level::Blocks, at.clone(), message, advice).counted(Probe::Query(probe));
        hazard.reading([&table.old]).found_by(format!("SELECT * FROM {from} WHERE {condition}"))
    };
    let mut found = Vec::new();
    if domain.not_null {
        let message = format!("{{count}} of {{total}} values of {} are NULL, which domain {} does not allow", column.name, domain.name);
        let advice = "add a default or a backfill to the column, or set a value in these rows first";
        found.push(hazard(Code::BreaksNotNull, "value IS NULL", message, advice));
    }
    for check in domain.checks.iter().filter(|c| !c.not_valid) {
        let message =
            format!("{{count}} of {{total}} values of {} violate check ({}) of domain {}", column.name, check.expr.text, domain.name);
        let advice = "fix these values first, or change the condition";
        found.push(hazard(Code::BreaksCheck, &format!("NOT ({})", check.expr.text), message, advice));
    }
    found
}
