//! How a database interprets the declared type of a column, in any of its spellings. All rules use it; it
//! does not know user-defined types.

use crate::engine::read_type;
use crate::schema::Type;

/// A PostgreSQL type, in parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant {
    /// The portable type, or the name in the server's spelling.
    pub(super) ty: Type,
    /// The name without sizes, in the spelling of the schema language or else of the server.
    pub(super) base: String,
    /// What is in parentheses.
    pub(super) size: Option<String>,
    pub(super) array: bool,
}

/// Parses a type as SQL names it: `TIMESTAMP(3) WITHOUT TIME ZONE[]` is an array of `timestamp`.
pub(super) fn meant(ty: &Type) -> Meant {
    let ty = match ty {
        Type::Other(name) => read_type::read(name.as_str(), "public"),
        portable => portable.clone(),
    };
    let text = ty.to_string();
    let (text, array) = text.strip_suffix("[]").map_or((text.as_str(), false), |item| (item, true));
    let sized = text.strip_suffix(')').and_then(|t| t.split_once('('));
    let (base, size) = sized.map_or((text, None), |(base, size)| (base, Some(size.to_owned())));
    let base = match base {
        "double precision" => "double",
        "numeric" => "decimal",
        "bytea" => "blob",
        other => other,
    };
    Meant { base: base.to_owned(), size, array, ty: ty.clone() }
}

/// Parses a type as SQLite does, in capitals: its words, and the sizes in parentheses.
pub(super) fn declared(name: &str) -> (Vec<String>, Vec<u32>) {
    let (words, rest) = name.split_once('(').unwrap_or((name, ""));
    let sizes = rest.split(')').next().unwrap_or_default();
    let words = words.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_uppercase).collect();
    (words, sizes.split(',').filter_map(|n| n.trim().parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_are_one() {
        for (text, base, size, array) in [
            ("timestamp", "timestamp", None, false),
            ("TIMESTAMP(3)", "timestamp", Some("3"), false),
            ("timestamp without time zone[]", "timestamp", None, true),
            ("timetz(3)", "timetz", Some("3"), false),
            ("character(3)", "char", Some("3"), false),
            ("bpchar", "bpchar", None, false),
            ("json[]", "json", None, true),
            ("double precision", "double", None, false),
            ("FLOAT", "double", None, false),
            ("numeric(10)", "decimal", Some("10,0"), false),
            ("mood", "mood", None, false),
            ("\"char\"", "\"char\"", None, false),
        ] {
            let found = meant(&Type::parse(text));
            assert_eq!((found.base.as_str(), found.size.as_deref(), found.array), (base, size, array), "{text}");
        }
        assert_eq!(meant(&Type::parse("int8")).ty, Type::BigInt);
        assert_eq!(declared("unsigned big int (10, 2)"), (vec!["UNSIGNED".into(), "BIG".into(), "INT".into()], vec![10, 2]));
    }
}
