//! Reports defaults that are not values of their type, as far as this is known without a database: for enums
//! of the schema file and for integers. Does not check expressions.

use super::inspect::ident;
use super::{types, words};
use crate::diff::{Attribute, Changes, Delta, TableChange};
use crate::schema::{Column, DefaultValue, Domain, EnumType, Literal, ObjectName, Origin, Problem, Schema, Type};

/// Reports defaults that are not values of their enum. No database accepts such a default.
pub(super) fn problems(schema: &Schema, found: &mut Vec<Problem>) {
    let columns = schema.tables.values().flat_map(|t| t.columns.values());
    found.extend(columns.filter_map(|c| Given::to_column(c)?.not_of_its_enum(schema)));
    found.extend(schema.domains.values().filter_map(|d| Given::to_domain(d)?.not_of_its_enum(schema)));
}

/// Returns the integers out of the range of their type that a change sets as defaults. PostgreSQL accepts such
/// a default and rejects every row that uses it, so a database may have one, and keeps it.
pub(super) fn out_of_range(changes: &Changes, desired: &Schema) -> Vec<Problem> {
    let mut found: Vec<Problem> = changes.tables().flat_map(set_by).filter_map(|c| Given::to_column(c)?.out_of_range(desired)).collect();
    found.extend(changes.tables().flat_map(added).filter_map(|c| Given::by_its_domain(c, desired)?.out_of_range(desired)));
    found.extend(changes.domains().filter_map(|d| Given::to_domain(given(d)?)?.out_of_range(desired)));
    found
}

/// Returns the columns that a change gives a default or another type.
fn set_by(change: &TableChange) -> Vec<&Column> {
    match change {
        TableChange::Create(table) => table.columns.values().collect(),
        TableChange::Alter(edits) => edits.columns.iter().filter_map(given).collect(),
        TableChange::Drop(_) => Vec::new(),
    }
}

/// Returns the columns that are added to an existing table: PostgreSQL evaluates their defaults at once.
fn added(change: &TableChange) -> Vec<&Column> {
    let TableChange::Alter(edits) = change else { return Vec::new() };
    edits.columns.iter().filter_map(|d| if let Delta::Create(c) = d { Some(c) } else { None }).collect()
}

/// Returns the objects that get a default or another type.
fn given<T>(delta: &Delta<T>) -> Option<&T> {
    let gives = match delta {
        Delta::Alter { edits, .. } => edits.iter().any(|e| [Attribute::Default, Attribute::Type].contains(&e.attribute)),
        Delta::Create(_) | Delta::Drop(_) => true,
    };
    delta.after().filter(|_| gives)
}

/// A default, and the column or domain that has it.
struct Given<'s> {
    ty: &'s Type,
    default: &'s DefaultValue,
    whose: String,
    at: Origin,
}

impl<'s> Given<'s> {
    fn to_column(column: &'s Column) -> Option<Self> {
        let whose = format!("column `{}`", column.name);
        Some(Given { ty: &column.ty, default: column.default.as_ref()?, whose, at: column.origin })
    }

    /// Returns the default that a column without its own has from its domain.
    fn by_its_domain(column: &'s Column, schema: &'s Schema) -> Option<Self> {
        let without = column.default.is_none() && column.generated.is_none() && column.identity.is_none();
        let domain = domains(schema, &column.ty).find(|d| d.default.is_some()).filter(|_| without)?;
        let whose = format!("domain `{}`, which column `{}` has,", domain.name, column.name);
        Some(Given { ty: &column.ty, default: domain.default.as_ref()?, whose, at: column.origin })
    }

    fn to_domain(domain: &'s Domain) -> Option<Self> {
        let whose = format!("domain `{}`", domain.name);
        Some(Given { ty: &domain.ty, default: domain.default.as_ref()?, whose, at: domain.origin })
    }

    fn not_of_its_enum(&self, schema: &Schema) -> Option<Problem> {
        let (Base::Enum(of), Literal::String(value)) = (base(schema, self.ty)?, &self.default.value) else { return None };
        let message = || format!("the default `{value}` of {} is not a value of enum `{}`", self.whose, of.name);
        let help = || format!("use one of its values, or add `{value}` to the enum");
        (!of.values.contains(value)).then(|| Problem::new(message(), self.at.0, "not a value of its type").help(help()))
    }

    fn out_of_range(&self, schema: &Schema) -> Option<Problem> {
        let Base::Whole(bytes) = base(schema, self.ty)? else { return None };
        let (Literal::Number(number) | Literal::String(number)) = &self.default.value else { return None };
        let message = || format!("the default {number} of {} is out of range for its type", self.whose);
        let most = i128::MAX >> (128 - 8 * u32::from(bytes));
        let help = || format!("use a number from {} to {most}, or a wider type", -most - 1);
        is_outside(number.trim(), most).then(|| Problem::new(message(), self.at.0, "out of range").help(help()))
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

fn base<'s>(schema: &'s Schema, ty: &'s Type) -> Option<Base<'s>> {
    let ty = domains(schema, ty).last().map_or(ty, |d| &d.ty);
    if let Some(bytes) = types::width(ty) {
        return Some(Base::Whole(bytes));
    }
    schema.enums.get(&own_type(ty)?).map(Base::Enum)
}

/// Returns the domain that a type is, and the domains that it is based on. A chain longer than the number of
/// domains would be a cycle, which only a schema file can contain.
fn domains<'s>(schema: &'s Schema, ty: &'s Type) -> impl Iterator<Item = &'s Domain> {
    let domain = |ty: &Type| schema.domains.get(&own_type(ty)?);
    std::iter::successors(domain(ty), move |d| domain(&d.ty)).take(schema.domains.len())
}

/// Returns the name of a type that the schema may declare.
fn own_type(ty: &Type) -> Option<ObjectName> {
    let Type::Other(text) = ty else { return None };
    let ((in_schema, name), behind) = words::leading_name(text.as_str())?;
    behind.is_empty().then(|| ObjectName::new(in_schema.map(|s| ident(&s)), ident(&name)))
}

#[cfg(test)]
mod tests {
    use super::out_of_range;
    use crate::diff::diff;
    use crate::kdl::{Sources, decode};
    use crate::schema::{Dialect, Normalized};

    /// Returns what a change sets out of range.
    fn found(before: &str, after: &str) -> Vec<String> {
        let schema = |kdl: &str| Normalized::by_dialect(decode(&Sources::from_text("s.kdl", kdl), Dialect::Postgres).unwrap());
        let (before, after) = (schema(before), schema(after));
        out_of_range(&diff(&before, &after).unwrap(), after.schema()).into_iter().map(|p| p.message).collect()
    }

    #[test]
    fn bounds_of_the_integer_types() {
        for (ty, value, is_outside) in [
            ("bigint", "99999999999999999999", true),
            ("bigint", "-9223372036854775808", false),
            ("smallint", "-32769", true),
            ("smallint", "-32768", false),
            ("integer", "\"2147483648\"", true),
            ("integer", "2147483647", false),
            ("count", "9223372036854775808", true),
            ("count", "9223372036854775807", false),
            ("decimal", "99999999999999999999", false),
        ] {
            let kdl = format!("domain count bigint\ntable t {{ column c {ty} default={value}; }}");
            assert_eq!(!found("domain count bigint", &kdl).is_empty(), is_outside, "{ty} {value}");
        }
        assert_eq!(found("", "domain d smallint default=70000"), ["the default 70000 of domain `d` is out of range for its type"]);
    }

    #[test]
    fn what_the_database_has_stays() {
        let with = |column: &str| format!("domain d smallint default=70000\ntable t {{ column id integer; column {column}; }}");
        let before = with("c smallint default=70000");
        assert!(found(&before, &before).is_empty());
        assert!(found(&before, &with("c smallint default=70000 not-null comment=\"x\"")).is_empty());
        assert!(found(&before, &with("e smallint was=c default=70000")).is_empty());
        assert!(found(&before, &with("c bigint default=70000")).is_empty());
        assert_eq!(found(&before, &with("c smallint default=70000; column e d default=1")), [""; 0]);
        let of_domain = ["the default 70000 of domain `d`, which column `e` has, is out of range for its type"];
        assert_eq!(found(&before, &with("c smallint default=70000; column e d")), of_domain);
        assert_eq!(found(&before, &with("c smallint default=80000")).len(), 1);
        assert_eq!(found(&with("c integer default=70000"), &before).len(), 1);
    }
}
