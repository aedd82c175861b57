//! `misleading-type`: a declared type of SQLite that means something else there.

use crate::dialect::sqlite::types::{Affinity, affinity};
use crate::kdl::project::Severity;
use crate::lint::access::{column_at, columns};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Column, Dialect, Schema, Type};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "misleading-type",
        summary: "SQLite takes a type's name for another type than it says.",
        why: "SQLite looks for pieces of words: INT anywhere means INTEGER, so does FLOATING POINT; and a name without a known piece, like STRING or UUID, means NUMERIC (https://sqlite.org/datatype3.html#determination_of_column_affinity). Texts that look like numbers become numbers: '007' is stored as 7, and '1e5' as 100000.",
        instead: "Write `text`, `double` or `blob`.",
        example: r#"column code text        // not: column code STRING
column share double     // not: column share "FLOATING POINT""#,
    },
    level: Severity::Warning,
    dialect: Some(Dialect::Sqlite),
    check,
};

/// Pieces of names, and the type that people mean by them.
const MEANT: [(&str, Affinity); 17] = [
    ("STRING", Affinity::Text),
    ("STR", Affinity::Text),
    ("UUID", Affinity::Text),
    ("GUID", Affinity::Text),
    ("JSON", Affinity::Text),
    ("JSONB", Affinity::Text),
    ("XML", Affinity::Text),
    ("ENUM", Affinity::Text),
    ("INET", Affinity::Text),
    ("INTERVAL", Affinity::Text),
    ("URL", Affinity::Text),
    ("BINARY", Affinity::Blob),
    ("VARBINARY", Affinity::Blob),
    ("BYTEA", Affinity::Blob),
    ("BYTES", Affinity::Blob),
    ("FLOATING POINT", Affinity::Real),
    ("POINT", Affinity::Blob),
];

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (table, column) in columns(schema).filter(|(t, _)| !t.strict) {
        if let Some((is, meant)) = misleading(column) {
            let message = format!("column {} is declared {}, which SQLite takes for {is}", column.name, column.ty);
            findings.push(Finding::new(column_at(table, &column.name), column.origin, message, format!("write {meant}")));
        }
    }
    findings
}

/// What SQLite makes of the type, and what to write instead.
fn misleading(column: &Column) -> Option<(&'static str, &'static str)> {
    let Type::Other(name) = &column.ty else { return None };
    let upper = name.as_str().to_ascii_uppercase();
    let word = upper.split('(').next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, meant) = MEANT.iter().find(|(w, _)| *w == word)?;
    let is = affinity(&upper);
    (is != *meant).then(|| (shown(is), written(*meant)))
}

fn shown(affinity: Affinity) -> &'static str {
    match affinity {
        Affinity::Integer => "INTEGER",
        Affinity::Real => "REAL",
        Affinity::Numeric => "NUMERIC",
        Affinity::Text => "TEXT",
        Affinity::Blob => "BLOB",
    }
}

fn written(affinity: Affinity) -> &'static str {
    match affinity {
        Affinity::Integer => "integer",
        Affinity::Real => "double",
        Affinity::Numeric => "decimal",
        Affinity::Text => "text",
        Affinity::Blob => "blob",
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
            ("FLOATING POINT", "INTEGER"),
            ("VARBINARY(16)", "NUMERIC"),
            ("INTERVAL", "INTEGER"),
            ("uuid", ""),
            ("NVARCHAR(10)", ""),
            ("DATETIME", ""),
            ("BOOL", ""),
        ] {
            let found = found(&RULE, &format!("table t {{ column a \"{ty}\"; }}"), Dialect::Sqlite);
            assert!(
                if wanted.is_empty() { found.is_empty() } else { found[0].ends_with(&format!("takes for {wanted}")) },
                "{ty} {found:?}"
            );
        }
    }
}
