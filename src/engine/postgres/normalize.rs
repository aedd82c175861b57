//! Brings a schema into PostgreSQL's canonical spelling, as far as it is known without the server: names,
//! types, plain defaults, and explicit values that are the default. Both sides go through the same code.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use sqlparser::tokenizer::Token;

use super::inspect::ident;
use super::inspect::part::{self, is_number, is_number_type};
use super::{canon, default_name, kinds, read_type};
use crate::schema::{
    Column, DefaultValue, Expr, ForeignKey, Ident, Index, IndexPart, Kind, Literal, NullsOrder, ObjectName, Of, PartKey, Schema, Sequence,
    Table, Type,
};

/// Normalizes a schema as it is shown: constraints with PostgreSQL's default name have no name. `home` is the
/// schema of unqualified names.
pub(crate) fn normalize(schema: &mut Schema, home: &str) {
    normalize_desired(schema, home);
    leave_out_default_names(schema);
}

/// Normalizes a desired schema: a constraint that has a name in the file must have that name.
pub(crate) fn normalize_desired(schema: &mut Schema, home: &str) {
    spell_arguments(schema, home);
    at_home(schema, home);
    mark_views(schema);
    for table in schema.tables.values_mut() {
        normalize_table(table, home);
    }
    implied_targets(schema);
    for domain in schema.domains.values_mut() {
        domain.ty = ty(&domain.ty, home);
        default(&mut domain.default, &domain.ty);
        domain.checks.iter_mut().for_each(|c| spell(&mut c.expr));
    }
    for sequence in schema.sequences.values_mut() {
        normalize_sequence(sequence, home);
    }
    schema.texts_mut().filter(|(kind, ..)| kind.is_view()).for_each(|(_, _, query)| spell(query));
    for definition in schema.definitions.values_mut() {
        definition.body.canon = canon::canon(&canon::with_empty_lines(&definition.body.text));
    }
    for view in schema.materialized_views.values_mut() {
        view.indexes.values_mut().for_each(|i| normalize_index(i, &IndexMap::new()));
    }
}

/// Notes which objects are on views: their addresses say so.
fn mark_views(schema: &mut Schema) {
    if schema.definitions.values().all(|d| d.name.on().is_none()) {
        return;
    }
    let views: BTreeSet<ObjectName> = schema.heads_of(Kind::is_view).map(|(_, head)| head.name.clone()).collect();
    schema.rename_each(|_, name| {
        let is_view = name.relation().is_some_and(|relation| views.contains(&relation));
        if let Of::Relation(on) = &mut name.of {
            on.is_view = is_view;
        }
    });
}

/// Puts the types of arguments, which identify objects, into the server's spelling.
fn spell_arguments(schema: &mut Schema, home: &str) {
    if schema.definitions.values().all(|d| !d.kind.has_arguments()) {
        return;
    }
    schema.rename_each(|_, name| {
        if let Of::Arguments(types) = &mut name.of
            && let Some(spelled) = kinds::identity(types, home)
        {
            *types = spelled.into();
        }
    });
}

/// Removes PostgreSQL's default names.
fn leave_out_default_names(schema: &mut Schema) {
    for domain in schema.domains.values_mut() {
        let default = default_name::domain_check(domain);
        domain.checks.iter_mut().for_each(|c| unname(&mut c.name, &default));
    }
    for table in schema.tables.values_mut() {
        let defaults: Vec<String> = table.checks.iter().map(|c| default_name::check(table, c)).collect();
        table.checks.iter_mut().zip(&defaults).for_each(|(c, default)| unname(&mut c.name, default));
        let name = &table.head.name;
        if let Some(key) = &mut table.primary_key {
            let default = default_name::primary_key(name, key);
            unname(&mut key.name, &default);
        }
        for unique in &mut table.uniques {
            let default = default_name::unique(name, unique);
            unname(&mut unique.name, &default);
        }
        for fk in &mut table.foreign_keys {
            let default = default_name::foreign_key(name, fk);
            unname(&mut fk.name, &default);
        }
        for exclusion in &mut table.exclusions {
            let default = default_name::exclusion(name, exclusion);
            unname(&mut exclusion.name, &default);
        }
    }
}

fn spell(expr: &mut Expr) {
    expr.canon = canon::canon(&expr.text);
}

/// Removes the default schema from all names.
fn at_home(schema: &mut Schema, home: &str) {
    let bare = |name: &mut ObjectName| {
        if name.schema.as_ref().is_some_and(|s| s.as_str() == home) {
            name.schema = None;
        }
    };
    if schema.heads().any(|(_, head)| head.name.schema.is_some()) {
        schema.rename_each(|_, name| bare(name));
    }
    schema.tables.values_mut().flat_map(|t| &mut t.foreign_keys).for_each(|f| bare(&mut f.table));
    schema.sequences.values_mut().filter_map(|s| s.owned_by.as_mut()).for_each(|(t, _)| bare(t));
    schema.definitions.values_mut().filter_map(|d| d.table.as_mut()).for_each(bare);
    for extension in schema.extensions.values_mut() {
        extension.schema = extension.schema.take().filter(|s| s.as_str() != home);
    }
}

/// Returns the canonical spelling of a type.
fn ty(of: &Type, home: &str) -> Type {
    match of {
        Type::Other(name) => read_type::read(name.as_str(), home),
        portable => portable.clone(),
    }
}

fn normalize_table(table: &mut Table, home: &str) {
    (table.strict, table.without_rowid) = (false, false);
    table.with.sort();
    let keys: Vec<Ident> = table.primary_key.iter().flat_map(|k| k.parts.iter().map(|p| p.column.clone())).collect();
    for column in table.columns.values_mut() {
        normalize_column(column, home);
        column.not_null |= keys.contains(&column.name);
    }
    normalize_keys(table);
    table.checks.iter_mut().for_each(|c| spell(&mut c.expr));
    for fk in &mut table.foreign_keys {
        fk.dangling = false;
        fk.matching = fk.matching.take().map(|m| ident(&m.as_str().to_lowercase())).filter(|m| m.as_str() != "simple");
    }
    let columns = std::mem::take(&mut table.columns);
    for exclusion in &mut table.exclusions {
        exclusion.method = exclusion.method.take().filter(|m| m != "btree");
        exclusion.parts.iter_mut().for_each(|(part, _)| normalize_part(part, &columns));
        exclusion.predicate.iter_mut().for_each(spell);
    }
    table.indexes.values_mut().for_each(|i| normalize_index(i, &columns));
    table.columns = columns;
}

fn normalize_column(column: &mut Column, home: &str) {
    column.ty = ty(&column.ty, home);
    column.not_null_conflict = None;
    column.not_null |= column.ty.is_serial() || column.identity.is_some();
    column.sequence = super::inspect::build::explicit_options(&super::types::stored(&column.ty), &column.sequence);
    column.collate = column.collate.take().filter(|c| c.as_str() != "default");
    default(&mut column.default, &column.ty);
    if let Some(generated) = &mut column.generated {
        spell(&mut generated.expr);
    }
}

fn normalize_keys(table: &mut Table) {
    if let Some(mut key) = table.primary_key.take() {
        (key.conflict, key.autoincrement, key.inline_desc) = (None, false, false);
        key.parts.iter_mut().for_each(|p| (p.desc, p.collate) = (false, None));
        table.primary_key = Some(key);
    }
    for unique in &mut table.uniques {
        unique.conflict = None;
        unique.parts.iter_mut().for_each(|p| (p.desc, p.collate) = (false, None));
    }
}

/// Removes a name that is PostgreSQL's default name.
fn unname(name: &mut Option<Ident>, default: &str) {
    *name = name.take().filter(|n| n.as_str() != default);
}

fn normalize_index(index: &mut Index, columns: &IndexMap<Ident, Column>) {
    index.method = index.method.take().filter(|m| m != "btree");
    index.parts.iter_mut().for_each(|p| normalize_part(p, columns));
    index.predicate.iter_mut().for_each(spell);
}

/// Operator classes that are a type's default for every access method that has them
/// (<https://www.postgresql.org/docs/current/indexes-opclass.html>).
const DEFAULT_OPCLASSES: [&str; 27] = [
    "array_ops",
    "bit_ops",
    "bool_ops",
    "bpchar_ops",
    "bytea_ops",
    "date_ops",
    "enum_ops",
    "float4_ops",
    "float8_ops",
    "int2_ops",
    "int4_ops",
    "int8_ops",
    "interval_ops",
    "jsonb_ops",
    "macaddr_ops",
    "money_ops",
    "name_ops",
    "numeric_ops",
    "oid_ops",
    "range_ops",
    "text_ops",
    "time_ops",
    "timestamp_ops",
    "timestamptz_ops",
    "timetz_ops",
    "tsvector_ops",
    "uuid_ops",
];

fn normalize_part(part: &mut IndexPart, columns: &IndexMap<Ident, Column>) {
    let usual = if part.desc { NullsOrder::First } else { NullsOrder::Last };
    part.nulls = part.nulls.filter(|n| *n != usual);
    part.opclass = part.opclass.take().filter(|o| o != "varchar_ops" && !DEFAULT_OPCLASSES.contains(&o.as_str()));
    let own = part.column().and_then(|c| columns.get(c)).and_then(|c| c.collate.clone());
    part.collate = part.collate.take().filter(|c| Some(c) != own.as_ref() && (own.is_some() || c.as_str() != "default"));
    if let PartKey::Expr(e) = &mut part.key {
        spell(e);
        // A column in brackets is the column itself.
        let name = e.canon.strip_prefix('"').and_then(|n| n.strip_suffix('"')).map(|n| ident(&n.replace("\"\"", "\"")));
        if let Some(name) = name.filter(|n| columns.contains_key(n)) {
            part.key = PartKey::Column(name);
        }
    }
}

fn normalize_sequence(sequence: &mut Sequence, home: &str) {
    sequence.ty = ty(&sequence.ty, home);
    sequence.options = super::inspect::build::explicit_options(&sequence.ty, &sequence.options);
}

/// Adds the referenced columns to foreign keys without any: those of the primary key.
fn implied_targets(schema: &mut Schema) {
    let keys: BTreeMap<ObjectName, Vec<Ident>> = schema
        .tables
        .values()
        .filter_map(|t| Some((t.name.clone(), t.primary_key.as_ref()?.parts.iter().map(|p| p.column.clone()).collect())))
        .collect();
    let open = |f: &&mut ForeignKey| f.to.is_empty();
    for fk in schema.tables.values_mut().flat_map(|t| &mut t.foreign_keys).filter(open) {
        fk.to = keys.get(&fk.table).cloned().unwrap_or_default();
    }
}

/// Brings a default into the form of the column's type. NULL means no default.
pub(super) fn default(slot: &mut Option<DefaultValue>, ty: &Type) {
    let Some(mut default) = slot.take() else { return };
    default.value = fitting(default.value, ty);
    default.canon = match &mut default.value {
        Literal::Null => return,
        Literal::Bool(b) => format!("b:{b}"),
        Literal::Number(n) => format!("n:{}", plain_number(n)),
        Literal::String(s) => format!("s:{s}"),
        Literal::Expr(e) => {
            spell(e);
            if is_null(&e.text) { NULL.to_owned() } else { format!("e:{}", e.canon) }
        }
    };
    *slot = Some(default);
}

/// The canonical form of a NULL default, however it is written.
pub(super) const NULL: &str = "null";

/// Returns whether the SQL is `NULL`, possibly with a cast such as `NULL::varchar`.
fn is_null(sql: &str) -> bool {
    let Some(tokens) = canon::tokens(sql) else { return false };
    let null = matches!(tokens.first(), Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("null"));
    null && tokens.get(1).is_none_or(|t| *t == Token::DoubleColon)
}

/// Returns the value that a column of that type gets: `0` is false for a boolean, `'0'` is 0 for an integer.
fn fitting(value: Literal, ty: &Type) -> Literal {
    match (value, ty) {
        (Literal::Number(n), Type::Boolean) if n == "0" || n == "1" => Literal::Bool(n == "1"),
        (Literal::String(s), Type::Boolean) => match s.to_lowercase().as_str() {
            "0" | "f" | "false" | "n" | "no" | "off" => Literal::Bool(false),
            "1" | "t" | "true" | "y" | "yes" | "on" => Literal::Bool(true),
            _ => Literal::String(s),
        },
        (Literal::Bool(b), number) if is_number_type(number) => Literal::Number(i32::from(b).to_string()),
        (Literal::String(s), number) if is_number_type(number) && (is_number(s.trim()) || written_out(s.trim()).is_some()) => {
            Literal::Number(s.trim().to_owned())
        }
        (Literal::Number(n), ty) if is_text(ty) => Literal::String(n),
        (Literal::Expr(e), ty) => match part::value(&e.text, ty, "public") {
            Some(Literal::Bool(b)) => Literal::Bool(b),
            Some(Literal::String(s)) => fitting(Literal::String(s), ty),
            Some(Literal::Number(n)) if is_number_type(ty) => Literal::Number(n),
            // The server returns `5` for a text column as it is written, and means `'5'`.
            Some(Literal::Number(n)) if is_text(ty) && keeps_its_digits(&n) => Literal::String(n),
            _ => Literal::Expr(e),
        },
        (value, _) => value,
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_))
}

/// Returns whether the server prints a numeric constant as it is written, including zeros at its end.
fn keeps_its_digits(number: &str) -> bool {
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let whole = unsigned.split_once('.').map_or(unsigned, |(whole, _)| whole);
    is_number(unsigned) && !unsigned.ends_with('.') && (whole == "0" || !whole.is_empty() && !whole.starts_with(['0', '+', '-']))
}

/// Writes a number without an exponent: `1.5e3` is `1500`.
fn written_out(text: &str) -> Option<String> {
    let (number, exponent) = text.split_once(['e', 'E'])?;
    let exponent = exponent.parse::<isize>().ok().filter(|n| n.abs() <= 400 && is_number(number))?;
    let (sign, unsigned) = number.split_at(number.len() - number.trim_start_matches(['-', '+']).len());
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let point = exponent.saturating_add_unsigned(whole.len());
    let before = usize::try_from(-point).unwrap_or_default();
    let digits = format!("{}{whole}{fraction}", "0".repeat(before));
    let point = usize::try_from(point).unwrap_or_default();
    let digits = format!("{digits}{}", "0".repeat(point.saturating_sub(digits.len())));
    let (whole, fraction) = digits.split_at(point);
    Some(format!("{sign}{whole}.{fraction}"))
}

/// Returns the shortest form of a number such as `+1`, `007`, `1_000`, `1.50`, `1e3`.
fn plain_number(text: &str) -> String {
    let text = text.replace('_', "");
    let text = written_out(&text).unwrap_or(text);
    if !is_number(&text) {
        return text;
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let number = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    if number == "0" { number } else { format!("{sign}{number}") }
}

#[cfg(test)]
mod tests {
    use super::plain_number;

    #[test]
    fn a_number_has_one_spelling() {
        for (given, plain) in [
            ("1e3", "1000"),
            ("-1.5E-5", "-0.000015"),
            ("1.25e1", "12.5"),
            ("+0_07.50", "7.5"),
            ("0e9", "0"),
            ("12e+2", "1200"),
            ("1e-2", "0.01"),
        ] {
            assert_eq!(plain_number(given), plain, "{given}");
        }
    }
}
