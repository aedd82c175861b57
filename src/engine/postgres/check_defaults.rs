//! Reports defaults that are not values of their type, as far as that is known without a database: for enums
//! of the schema file and for integers. Does not look at expressions.

use super::inspect::ident;
use super::{types, words};
use crate::schema::{DefaultValue, EnumType, Literal, ObjectName, Origin, Problem, Schema, Type};

/// Reports all invalid defaults.
pub(super) fn problems(schema: &Schema, found: &mut Vec<Problem>) {
    for column in schema.tables.values().flat_map(|t| t.columns.values()) {
        let whose = || format!("column `{}`", column.name);
        found.extend(column.default.as_ref().and_then(|d| problem(schema, &column.ty, d, whose, column.origin)));
    }
    for domain in schema.domains.values() {
        let whose = || format!("domain `{}`", domain.name);
        found.extend(domain.default.as_ref().and_then(|d| problem(schema, &domain.ty, d, whose, domain.origin)));
    }
}

fn problem(schema: &Schema, ty: &Type, default: &DefaultValue, whose: impl Fn() -> String, at: Origin) -> Option<Problem> {
    match base(schema, ty)? {
        Base::Enum(of) => {
            let Literal::String(value) = &default.value else { return None };
            let message = || format!("the default `{value}` of {} is not a value of enum `{}`", whose(), of.name);
            let help = || format!("use one of its values, or add `{value}` to the enum");
            (!of.values.contains(value)).then(|| Problem::new(message(), at.0, "not a value of its type").help(help()))
        }
        Base::Whole(bytes) => {
            let (Literal::Number(number) | Literal::String(number)) = &default.value else { return None };
            let message = || format!("the default {number} of {} is out of range for its type", whose());
            let most = i128::MAX >> (128 - 8 * u32::from(bytes));
            let help = || format!("use a number from {} to {most}, or a wider type", -most - 1);
            is_outside(number.trim(), most).then(|| Problem::new(message(), at.0, "out of range").help(help()))
        }
    }
}

/// Returns whether an integer is greater than `most` or less than `-most - 1`. Fractions and exponents are
/// left to the server.
fn is_outside(number: &str, most: i128) -> bool {
    let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // A number that does not fit into 128 bits does not fit into 64 either.
    is_whole && number.parse::<i128>().map_or(true, |n| n > most || n < -most - 1)
}

/// The base type of a type.
enum Base<'s> {
    Enum(&'s EnumType),
    /// An integer of that many bytes.
    Whole(u8),
}

/// Follows domains. The schema file can nest them, but a chain longer than the number of domains would be a
/// cycle.
fn base<'s>(schema: &'s Schema, ty: &'s Type) -> Option<Base<'s>> {
    let mut ty = ty;
    for _ in 0..=schema.domains.len() {
        if let Some(bytes) = types::width(ty) {
            return Some(Base::Whole(bytes));
        }
        let Type::Other(text) = ty else { return None };
        let ((in_schema, name), behind) = words::leading_name(text.as_str())?;
        if !behind.is_empty() {
            return None;
        }
        let name = ObjectName { schema: in_schema.map(|s| ident(&s)), name: ident(&name) };
        if let Some(of) = schema.enums.get(&name) {
            return Some(Base::Enum(of));
        }
        ty = &schema.domains.get(&name)?.ty;
    }
    None
}
