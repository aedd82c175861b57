//! Column types: the portable names of the schema language, and anything else verbatim.

use std::fmt;

/// A column's type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// 16-bit integer.
    SmallInt,
    /// 32-bit integer (64-bit on SQLite).
    Integer,
    /// 64-bit integer.
    BigInt,
    /// An integer with a sequence; on SQLite the rowid.
    Serial,
    /// The same with 64 bits.
    BigSerial,
    /// True or false.
    Boolean,
    /// 32-bit float (64-bit on SQLite).
    Real,
    /// 64-bit float.
    Double,
    /// Exact decimal, with precision and scale if given.
    Decimal(Option<(u32, u32)>),
    /// Text of any length.
    Text,
    /// Text of at most n characters.
    VarChar(u32),
    /// Text of exactly n characters.
    Char(u32),
    /// Bytes.
    Blob,
    /// Calendar date.
    Date,
    /// Time of day.
    Time,
    /// Date and time without time zone.
    Timestamp,
    /// Date and time with time zone.
    TimestampTz,
    /// JSON text.
    Json,
    /// PostgreSQL's binary JSON.
    Jsonb,
    /// A UUID.
    Uuid,
    /// A name that only the database knows. Empty for SQLite columns without a type.
    Other(TypeName),
}

/// A type name that is passed to the database unchanged. Compared without case or spaces.
#[derive(Debug, Clone)]
pub struct TypeName {
    text: String,
    key: String,
}

impl TypeName {
    /// Creates a type name as written.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let key = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect();
        TypeName { text, key }
    }

    /// Returns the name as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
impl PartialEq for TypeName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for TypeName {}

/// The portable names without arguments.
const PLAIN: [(&str, Type); 18] = [
    ("smallint", Type::SmallInt),
    ("integer", Type::Integer),
    ("bigint", Type::BigInt),
    ("serial", Type::Serial),
    ("bigserial", Type::BigSerial),
    ("boolean", Type::Boolean),
    ("real", Type::Real),
    ("double", Type::Double),
    ("decimal", Type::Decimal(None)),
    ("text", Type::Text),
    ("blob", Type::Blob),
    ("date", Type::Date),
    ("time", Type::Time),
    ("timestamp", Type::Timestamp),
    ("timestamptz", Type::TimestampTz),
    ("json", Type::Json),
    ("jsonb", Type::Jsonb),
    ("uuid", Type::Uuid),
];

impl Type {
    /// Parses a type of the schema language. A portable name in lower case is that type; anything else is
    /// kept verbatim.
    pub fn parse(text: &str) -> Type {
        if let Some((_, t)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return t.clone();
        }
        let sized = text.strip_suffix(')').and_then(|s| s.split_once('('));
        if let Some((name, args)) = sized {
            let numbers: Option<Vec<u32>> = args.split(',').map(|a| parse_size(a.trim())).collect();
            match (name, numbers.as_deref()) {
                ("varchar", Some([n])) => return Type::VarChar(*n),
                ("char", Some([n])) => return Type::Char(*n),
                ("decimal", Some([p, s])) => return Type::Decimal(Some((*p, *s))),
                _ => {}
            }
        }
        Type::Other(TypeName::new(text))
    }

    /// Returns whether it is `serial` or `bigserial`.
    pub fn is_serial(&self) -> bool {
        matches!(self, Type::Serial | Type::BigSerial)
    }
}

/// Parses a size without sign or leading zero, so that it is written back as it was read.
fn parse_size(text: &str) -> Option<u32> {
    let canonical = !text.starts_with('+') && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::VarChar(n) => write!(f, "varchar({n})"),
            Type::Char(n) => write!(f, "char({n})"),
            Type::Decimal(Some((p, s))) => write!(f, "decimal({p},{s})"),
            Type::Other(name) => f.write_str(name.as_str()),
            plain => {
                let name = PLAIN.iter().find(|(_, t)| t == plain).map_or("", |(n, _)| n);
                f.write_str(name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_parsed_is_written_back() {
        let words = ["integer", "varchar(50)", "decimal(10,2)", "citext", "VARCHAR(50)", "INT", "text[]", "", "varchar(05)"];
        for text in words {
            assert_eq!(Type::parse(text).to_string(), text);
        }
        assert_eq!(Type::parse("decimal(10, 2)"), Type::Decimal(Some((10, 2))));
    }

    #[test]
    fn verbatim_names_compare_without_case_or_spaces() {
        assert_eq!(Type::parse("Unsigned  Big INT"), Type::parse("UNSIGNED BIG int"));
        assert_ne!(Type::parse("INT"), Type::parse("INTEGER "));
    }
}
