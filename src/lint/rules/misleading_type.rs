//! `misleading-type`: a declared type that means something else on SQLite.

use crate::engine::affinity::Affinity;
use crate::engine::product_of;
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::lint::types::declared;
use crate::schema::{Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "misleading-type",
        summary: "SQLite interprets the name of a type as a different type.",
        why: "SQLite derives the affinity of a column from parts of the type name: INT anywhere means INTEGER, even in POINT and FLOATING POINT, and a name without a known part, such as STRING, EMAIL or UUID, means NUMERIC (https://sqlite.org/datatype3.html#determination_of_column_affinity). Text that looks like a number becomes a number: '007' is stored as 7, and '1e5' as 100000.",
        instead: "Use `text`, `double` or `blob`. If PostgreSQL needs a specific type, declare the column once for each database, with only=sqlite and only=postgres.",
        example: r#"column code text        // not: column code STRING
column share double     // not: column share "FLOATING POINT""#,
    },
    level: Severity::Warning,
    applies: |engine| !engine.enforces_types,
    check,
};

/// Names without a part that SQLite recognizes that people understand as numbers or times.
const NUMBERS: [&str; 26] = [
    "BIT",
    "BOOL",
    "BOOLEAN",
    "BYTE",
    "DATE",
    "DATETIME",
    "DATETIME2",
    "DATETIMEOFFSET",
    "DEC",
    "DECIMAL",
    "FIXED",
    "LONG",
    "NUM",
    "NUMBER",
    "NUMERIC",
    "SERIAL",
    "BIGSERIAL",
    "SHORT",
    "SIGNED",
    "SMALLDATETIME",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "TIMETZ",
    "UNSIGNED",
    "YEAR",
];

/// Parts of names whose values are bytes.
const BYTES: [&str; 4] = ["BINARY", "BYTEA", "BYTES", "IMAGE"];

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (table, column) in columns(schema).filter(|(t, _)| !t.strict) {
        let Type::Other(name) = &column.ty else { continue };
        if let Some(is) = accident(name.as_str(), dialect) {
            let message = format!("column {} is declared as {}, which SQLite interprets as {is}", column.name, column.ty);
            findings.push(Finding::new(column_at(table, &column.name), column.origin, message, advice(name.as_str())));
        }
    }
    findings
}

/// Returns the affinity that SQLite derives by accident: from a part inside a longer word, or because it
/// recognizes no part of the name.
fn accident(name: &str, dialect: Dialect) -> Option<&'static str> {
    let (words, _) = declared(name);
    let says = |meant: fn(&str) -> bool| words.iter().any(|w| meant(w));
    let (is, said) = match product_of(dialect).affinity_of(name)? {
        Affinity::Integer => ("INTEGER", says(is_integer)),
        Affinity::Text => ("TEXT", says(is_text)),
        Affinity::Real => ("REAL", says(is_real)),
        Affinity::Numeric => ("NUMERIC", words.first().is_some_and(|w| NUMBERS.contains(&w.as_str()))),
        Affinity::Blob => return None,
    };
    (!said).then_some(is)
}

/// Returns whether it is INT or INTEGER, with a size before or after it: `BIGINT`, `UINT`, `INT8`.
fn is_integer(word: &str) -> bool {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let sized = stem.strip_suffix("INTEGER").or(stem.strip_suffix("INT"));
    sized.is_some_and(|size| ["", "U", "TINY", "SMALL", "MEDIUM", "BIG", "LONG", "SHORT"].contains(&size))
}

/// Returns whether CHAR, TEXT or CLOB is at the end of a word: `NVARCHAR`, `CITEXT`.
fn is_text(word: &str) -> bool {
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    ["CHAR", "CHARACTER", "CHARACTERS", "TEXT", "CLOB"].iter().any(|end| stem.ends_with(end))
}

fn is_real(word: &str) -> bool {
    ["REAL", "FLOAT", "DOUBLE"].contains(&word.trim_end_matches(|c: char| c.is_ascii_digit()))
}

fn advice(name: &str) -> &'static str {
    let (words, _) = declared(name);
    let has = |pieces: &[&str]| words.iter().any(|w| pieces.iter().any(|p| w.ends_with(p)));
    if has(&BYTES) {
        "use blob"
    } else if has(&["FLOATING", "DOUBLE"]) {
        "use double"
    } else if has(&["MONEY", "CURRENCY"]) {
        "use an integer in the smallest unit, or text"
    } else if has(&["STRING", "STR", "EMAIL", "URL"]) {
        "use text"
    } else {
        "use text, with only=sqlite if PostgreSQL has this type"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    #[test]
    fn names_that_lie() {
        for (ty, wanted) in [
            ("STRING", "NUMERIC"),
            ("EMAIL", "NUMERIC"),
            ("MONEY", "NUMERIC"),
            ("UNIQUEIDENTIFIER", "NUMERIC"),
            ("JSON", "NUMERIC"),
            ("ANY", "NUMERIC"),
            ("VARBINARY(16)", "NUMERIC"),
            ("FLOATING POINT", "INTEGER"),
            ("POINT", "INTEGER"),
            ("FINGERPRINT", "INTEGER"),
            ("CHARINT", "INTEGER"),
            ("INTERVAL", "INTEGER"),
            ("int4range", "INTEGER"),
            ("CHARGE", "TEXT"),
            ("SURREAL", "REAL"),
        ] {
            let found = found(&RULE, &format!("table t {{ column a \"{ty}\"; }}"), Dialect::Sqlite);
            assert!(found.len() == 1 && found[0].ends_with(&format!("interprets as {wanted}")), "{ty} {found:?}");
        }
    }

    #[test]
    fn names_that_say_what_they_are() {
        for ty in [
            "uuid",
            "NVARCHAR(10)",
            "CITEXT",
            "CHARACTER VARYING(9)",
            "VARCHAR2(9)",
            "NATIVE CHARACTER(70)",
            "DATETIME",
            "BOOL",
            "TIMESTAMP WITH TIME ZONE",
            "NUMERIC(10)",
            "INT",
            "INT8",
            "UNSIGNED BIG INT",
            "TINYINT(1)",
            "UINT32",
            "MEDIUMINT",
            "DOUBLE PRECISION",
            "FLOAT8",
            "BLOB",
            "TINYBLOB",
            "text[]",
            "",
        ] {
            assert!(at(&RULE, &format!("table t {{ column a \"{ty}\"; }}")).is_empty(), "{ty}");
        }
        assert!(at(&RULE, "table t strict { column a \"ANY\"; }").is_empty());
    }

    #[test]
    fn what_to_write() {
        let advice = |ty: &str| advised(&RULE, &format!("table t {{ column a \"{ty}\"; }}"), Dialect::Sqlite).concat();
        assert_eq!(
            ["VARBINARY(16)", "FLOATING POINT", "STRING", "mood"].map(advice),
            ["use blob", "use double", "use text", "use text, with only=sqlite if PostgreSQL has this type"]
        );
    }
}
