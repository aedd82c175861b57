//! `foreign-key-without-index`: no index serves a foreign key.

use crate::kdl::project::Severity;
use crate::lint::access::{accesses, foreign_key_at, foreign_keys, names};
use crate::lint::rule::{Finding, Rule, Text};
use crate::schema::{Dialect, ForeignKey, Ident, Index, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "foreign-key-without-index",
        summary: "No index begins with the columns of a foreign key.",
        why: "Neither database makes one by itself. Each time a row of the parent is deleted or its key changes, all rows of this table are read to find those that point to it, and a join from the parent reads them all too.",
        instead: "Add an index that begins with these columns. Where the parent's rows are never deleted and nobody joins, allow it.",
        example: r#"table posts {
    column id serial primary-key
    column author integer references="users(id)"
    index idx_posts_author author
}"#,
    },
    level: Severity::Warning,
    dialect: None,
    check,
};

fn check(schema: &Schema, _: Dialect) -> Vec<Finding> {
    let bare = foreign_keys(schema).filter(|(table, fk)| !fk.dangling && !is_served(table, fk));
    bare.map(|(table, fk)| {
        let columns = names(&fk.columns);
        let message = format!("no index begins with {columns}, which points to {}", fk.table);
        let words = fk.columns.iter().map(|c| crate::kdl::string_repr(c.as_str())).collect::<Vec<_>>();
        let name = format!("idx_{}_{}", table.name.name, fk.columns.iter().map(Ident::as_str).collect::<Vec<_>>().join("_"));
        let advice = format!("add `index {} {}` to the table", crate::kdl::string_repr(&name), words.join(" "));
        Finding::new(foreign_key_at(table, fk), fk.origin, message, advice)
    })
    .collect()
}

/// Whether the first parts of an index, key or unique rule are these columns, in whatever order.
fn is_served(table: &Table, fk: &ForeignKey) -> bool {
    accesses(table).iter().any(|access| {
        let first: Vec<&Ident> = access.parts.iter().take(fk.columns.len()).filter_map(|p| p.column()).collect();
        access.index.is_none_or(|i| finds_equals(i, fk)) && fk.columns.iter().all(|c| first.contains(&c))
    })
}

/// Whether the index answers `column = value` for every row that points somewhere.
fn finds_equals(index: &Index, fk: &ForeignKey) -> bool {
    let sorted = index.method.as_deref().is_none_or(|m| m == "btree" || m == "hash");
    let whole = index.predicate.as_ref().is_none_or(|p| {
        let text = p.text.replace('"', "").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        fk.columns.iter().any(|c| text == format!("{} is not null", c.as_str().to_lowercase()))
    });
    sorted && whole && !index.invalid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::tests::*;

    const USERS: &str = "table users { column id serial primary-key; }\n";

    #[test]
    fn bare_keys_only() {
        let posts = |rest: &str| {
            format!("{USERS}table posts {{\n column id serial primary-key\n column a integer references=users\n column b text\n{rest}\n}}")
        };
        assert_eq!(
            found(&RULE, &posts(""), Dialect::Postgres),
            ["table.posts.foreign-key.a: no index begins with a, which points to users"]
        );
        for served in ["index i a", "index i a b", "unique a b", "index i a where=\"a IS NOT NULL\""] {
            assert!(at(&RULE, &posts(served)).is_empty(), "{served}");
        }
        for bare in ["index i b a", "index i a where=\"b > ''\"", "index i (sql)\"a + 0\""] {
            assert_eq!(at(&RULE, &posts(bare)).len(), 1, "{bare}");
        }
    }
}
