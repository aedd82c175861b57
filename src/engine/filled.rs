//! Decides whether a new column has a value in every row, from the text of its definition alone. In case of
//! doubt the answer is no, and the rows are counted.

use crate::schema::{Column, Literal, Type};

/// Returns true if a new column has a value in every row: its backfill, or else its default, is a constant
/// that its type accepts.
pub(crate) fn is_filled(column: &Column) -> bool {
    match (&column.backfill, column.default.as_ref().map(|d| &d.value)) {
        (Some(backfill), _) => is_value(backfill.text.trim(), &column.ty),
        (None, Some(Literal::Number(_) | Literal::String(_) | Literal::Bool(_))) => true,
        (None, _) => false,
    }
}

/// Returns true if the text is a non-NULL constant that the type certainly accepts.
fn is_value(sql: &str, ty: &Type) -> bool {
    match ty {
        Type::SmallInt | Type::Integer | Type::BigInt | Type::Real | Type::Double | Type::Decimal(None) => sql.parse::<i16>().is_ok(),
        Type::Boolean => ["true", "false"].contains(&sql.to_lowercase().as_str()),
        Type::Text => {
            let inner = sql.strip_prefix('\'').and_then(|s| s.strip_suffix('\''));
            inner.is_some_and(|s| !s.contains(['\'', '\0']))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_that_a_type_surely_takes() {
        for (sql, ty) in [("0", Type::Integer), (" -1 ".trim(), Type::BigInt), ("'a'", Type::Text), ("TRUE", Type::Boolean)] {
            assert!(is_value(sql, &ty), "{sql}");
        }
        for (sql, ty) in [
            ("NULL", Type::Integer),
            ("n", Type::Integer),
            ("99999", Type::SmallInt),
            ("'a'", Type::Integer),
            ("'a' || NULL || 'b'", Type::Text),
            ("'", Type::Text),
            ("1", Type::parse("d")),
        ] {
            assert!(!is_value(sql, &ty), "{sql}");
        }
    }
}
