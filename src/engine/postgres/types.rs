//! PostgreSQL's names of types, and the cost of changing one into another
//! (<https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>).

use super::names::Names;
use super::words::leading_name;
use crate::schema::Type;

/// Returns the type as `CREATE TABLE` and `ADD COLUMN` accept it, including `serial`.
pub(crate) fn type_sql(ty: &Type) -> String {
    match ty {
        Type::Double => "double precision".to_owned(),
        Type::Decimal(None) => "numeric".to_owned(),
        Type::Decimal(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        Type::Blob => "bytea".to_owned(),
        other => other.to_string(),
    }
}

/// Returns the type of the stored values: a serial column contains integers.
pub(crate) fn stored(ty: &Type) -> Type {
    match ty {
        Type::Serial => Type::Integer,
        Type::BigSerial => Type::BigInt,
        other => other.clone(),
    }
}

/// Returns the type as casts and `ALTER COLUMN … TYPE` accept it.
pub(crate) fn value_type(ty: &Type) -> String {
    type_sql(&stored(ty))
}

/// Returns the name of a type and its suffix: `[]` for an array. `None` for a portable type.
pub(crate) fn named(ty: &Type, names: &Names) -> Option<(String, String)> {
    let Type::Other(name) = ty else { return None };
    let ((schema, name), rest) = leading_name(name.as_str())?;
    Some((names.key_of(schema.as_deref(), &name), rest))
}

/// Returns whether a type has a modifier: a length, a precision, the fields of an interval.
pub(crate) fn has_modifier(ty: &Type) -> bool {
    match ty {
        Type::VarChar(_) | Type::Char(_) | Type::Decimal(Some(_)) => true,
        Type::Other(name) => {
            let name = name.as_str();
            !name.starts_with('"') && (name.contains('(') || name == "bit" || name.starts_with("interval "))
        }
        _ => false,
    }
}

/// Returns the width of an integer type in bytes.
pub(super) fn width(ty: &Type) -> Option<u8> {
    match ty {
        Type::SmallInt => Some(2),
        Type::Integer | Type::Serial => Some(4),
        Type::BigInt | Type::BigSerial => Some(8),
        _ => None,
    }
}

/// Returns whether values are known to have different lengths: only columns of such types have a choice of
/// storage and compression (<https://www.postgresql.org/docs/current/storage-toast.html>).
pub(crate) fn is_of_variable_length(ty: &Type) -> bool {
    match ty {
        Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Blob | Type::Decimal(_) | Type::Json | Type::Jsonb => true,
        Type::Other(name) => name.as_str().trim_end().ends_with("[]"),
        _ => false,
    }
}

/// Returns the maximum length of a text type; `None` is another type, `u32::MAX` any length.
pub(crate) fn length(ty: &Type) -> Option<u32> {
    match ty {
        Type::Text => Some(u32::MAX),
        Type::VarChar(n) | Type::Char(n) => Some(*n),
        _ => None,
    }
}

/// Returns whether a time type has a time zone; `None` if it is not a time type.
pub(crate) fn has_zone(ty: &Type) -> Option<bool> {
    let name = value_type(ty).to_lowercase();
    if name.ends_with(']') {
        return None;
    }
    let zoned = name.starts_with("timestamptz") || (name.starts_with("timestamp") && name.contains(" with time zone"));
    (zoned || name == "date" || name.starts_with("timestamp")).then_some(zoned)
}

/// Returns whether a change of type rewrites all rows.
pub(crate) fn rewrites(before: &Type, after: &Type) -> bool {
    let (before, after) = (stored(before), stored(after));
    match (&before, &after) {
        _ if before == after => false,
        (Type::Text | Type::VarChar(_), Type::Text) => false,
        (Type::VarChar(old), Type::VarChar(new)) => new < old,
        (Type::Decimal(Some(_)), Type::Decimal(None)) => false,
        (Type::Decimal(Some((p, s))), Type::Decimal(Some((q, t)))) => s != t || q < p,
        _ => true,
    }
}

/// Returns whether the change keeps every value: none is rejected, and converting back returns the same
/// value.
pub(crate) fn keeps_values(before: &Type, after: &Type) -> bool {
    let (before, after) = (stored(before), stored(after));
    if let (Some(old), Some(new)) = (width(&before), width(&after)) {
        return new >= old;
    }
    match (&before, &after) {
        (_, Type::Text) => true,
        (Type::VarChar(old), Type::VarChar(new)) => new >= old,
        (old, Type::Decimal(None)) => width(old).is_some() || matches!(old, Type::Decimal(_)),
        (Type::Decimal(Some((p, s))), Type::Decimal(Some((q, t)))) => t >= s && (q - t.min(q)) >= (p - s.min(p)),
        (Type::Real, Type::Double) | (Type::Date, Type::Timestamp) | (Type::Jsonb, Type::Json) => true,
        _ => before == after,
    }
}

/// Returns whether PostgreSQL converts without an explicit cast, as an `INSERT` does. Such a conversion
/// rejects a text that is too long; `::varchar(5)` would truncate it.
pub(crate) fn assignable(before: &Type, after: &Type) -> bool {
    let number = |t: &Type| width(t).is_some() || matches!(t, Type::Real | Type::Double | Type::Decimal(_));
    let day = |t: &Type| matches!(t, Type::Date | Type::Timestamp | Type::TimestampTz);
    let json = |t: &Type| matches!(t, Type::Json | Type::Jsonb);
    length(after).is_some()
        || stored(before) == stored(after)
        || (number(before) && number(after))
        || (day(before) && day(after))
        || (json(before) && json(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs() {
        let t = Type::parse;
        for (before, after, rewrite, keeps) in [
            ("varchar(5)", "varchar(9)", false, true),
            ("varchar(9)", "varchar(5)", true, false),
            ("varchar(9)", "text", false, true),
            ("text", "varchar(9)", true, false),
            ("decimal(5,2)", "decimal(7,2)", false, true),
            ("decimal(5,2)", "decimal(5,3)", true, false),
            ("decimal(5,2)", "decimal(8,3)", true, true),
            ("integer", "serial", false, true),
            ("serial", "bigserial", true, true),
            ("bigint", "integer", true, false),
        ] {
            assert_eq!(rewrites(&t(before), &t(after)), rewrite, "{before} {after}");
            assert_eq!(keeps_values(&t(before), &t(after)), keeps, "{before} {after}");
        }
        assert_eq!(type_sql(&t("decimal(8,3)")), "numeric(8,3)");
        assert_eq!(value_type(&t("bigserial")), "bigint");
    }
}
