//! SQLite's declared types and affinities (<https://sqlite.org/datatype3.html>), and the portable types they
//! stand for.

pub(crate) use crate::engine::affinity::Affinity;
use crate::schema::{Column, Table, Type, TypeName};

/// Applies the rules of "Determination Of Column Affinity", in their order.
pub(crate) fn affinity(declared: &str) -> Affinity {
    let upper = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|w| upper.contains(w));
    if has(&["INT"]) {
        Affinity::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if upper.is_empty() || has(&["BLOB"]) {
        Affinity::Blob
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// Returns the affinity of a column; ANY has none in a STRICT table.
pub(crate) fn column_affinity(column: &Column, table: &Table) -> Affinity {
    let declared = declared(&column.ty, table.strict);
    if table.strict && declared.eq_ignore_ascii_case("ANY") { Affinity::Blob } else { affinity(&declared) }
}

/// Returns the type of a declared name: the portable type if the name is spelled exactly like it, otherwise
/// the name verbatim.
pub(crate) fn from_declared(text: &str) -> Type {
    let spelled: String = text.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let tight = spelled.replace(" (", "(").replace("( ", "(").replace(" )", ")").replace(", ", ",").replace(" ,", ",");
    match Type::parse(&tight) {
        // As declared types these are not aliases: they are names of NUMERIC affinity. Upper case
        // distinguishes them from the portable names, which are in lower case.
        Type::Serial | Type::BigSerial | Type::Uuid | Type::Json | Type::Jsonb => Type::Other(TypeName::new(text.to_ascii_uppercase())),
        // In lower case these are flags in KDL.
        Type::Other(_) if ["unique", "nullable", "identity", "autoincrement"].contains(&text) => {
            Type::Other(TypeName::new(text.to_ascii_uppercase()))
        }
        Type::Other(_) => Type::Other(TypeName::new(text)),
        portable => portable,
    }
}

/// Returns the declared type for a column.
pub(crate) fn declared(ty: &Type, strict: bool) -> String {
    if strict && !matches!(ty, Type::Other(_)) {
        return strict_type(ty).to_owned();
    }
    match ty {
        Type::Serial | Type::BigSerial => "INTEGER".to_owned(),
        Type::Uuid | Type::Json | Type::Jsonb => "TEXT".to_owned(),
        Type::Other(name) => name.as_str().to_owned(),
        portable => portable.to_string().to_ascii_uppercase(),
    }
}

/// Returns the nearest type that is allowed in a STRICT table (<https://sqlite.org/stricttables.html>).
fn strict_type(ty: &Type) -> &'static str {
    match ty {
        Type::SmallInt | Type::Integer | Type::BigInt | Type::Serial | Type::BigSerial | Type::Boolean => "INTEGER",
        Type::Real | Type::Double | Type::Decimal(_) => "REAL",
        Type::Blob => "BLOB",
        _ => "TEXT",
    }
}

/// Returns the column that is the table's rowid, if its key is one
/// (<https://sqlite.org/lang_createtable.html#rowid>).
pub(crate) fn rowid_key(table: &Table) -> Option<&Column> {
    let key = table.primary_key.as_ref()?;
    let column = table.single_key()?;
    let integer = declared(&column.ty, table.strict).eq_ignore_ascii_case("INTEGER");
    (integer && !table.without_rowid && !key.inline_desc).then_some(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinities_are_the_manuals() {
        for (declared, wanted) in [
            ("INT", Affinity::Integer),
            ("VARCHAR(255)", Affinity::Text),
            ("", Affinity::Blob),
            ("DOUBLE PRECISION", Affinity::Real),
            ("DECIMAL(10,5)", Affinity::Numeric),
            ("FLOATING POINT", Affinity::Integer),
            ("STRING", Affinity::Numeric),
            ("UUID", Affinity::Numeric),
        ] {
            assert_eq!(affinity(declared), wanted, "{declared}");
        }
    }

    #[test]
    fn only_exact_spellings_are_portable() {
        assert_eq!(from_declared("varchar ( 50 )"), Type::VarChar(50));
        assert_eq!(from_declared("Integer"), Type::Integer);
        assert_eq!(from_declared("INT"), Type::Other(TypeName::new("INT")));
        assert_eq!(from_declared("UUID"), Type::Other(TypeName::new("UUID")));
    }
}
