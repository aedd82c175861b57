//! `foreign-key-without-index`: no index supports a foreign key.

use crate::kdl::project::Severity;
use crate::lint::access::{accesses, collation, foreign_key_at, foreign_keys, names};
use crate::lint::rule::{Finding, Rule, Text, everywhere};
use crate::schema::{Dialect, ForeignKey, Ident, Index, Kind, Schema, Table};

pub(super) const RULE: Rule = Rule {
    text: Text {
        code: "foreign-key-without-index",
        summary: "No index starts with the columns of a foreign key.",
        why: "Neither database creates this index automatically. Each time a parent row is deleted or its key changes, the whole child table is scanned for rows that reference it. A join from the parent table also scans the whole child table.",
        instead: "Add an index that starts with these columns. If parent rows are never deleted and the tables are not joined, add an `allow`.",
        example: r#"table posts {
    column id serial primary-key
    column author integer references="users(id)"
    index idx_posts_author author
}"#,
    },
    level: Severity::Warning,
    applies: everywhere,
    check,
};

fn check(schema: &Schema, dialect: Dialect) -> Vec<Finding> {
    let bare = foreign_keys(schema).filter(|(table, fk)| !fk.dangling && !is_served(table, fk, schema));
    bare.map(|(table, fk)| {
        let columns = names(&fk.columns);
        let message = format!("no index starts with {columns}, which references {}", fk.table);
        let words = fk.columns.iter().map(|c| crate::kdl::string_repr(c.as_str())).collect::<Vec<_>>();
        let name = crate::kdl::string_repr(&free_name(table, fk, schema));
        Finding::new(foreign_key_at(table, fk), fk.origin, message, advice((table, fk), (schema, dialect), &name, &words))
    })
    .collect()
}

/// Returns the line of the index; its parts have the collations in which the parent is compared.
fn advice((table, fk): (&Table, &ForeignKey), (schema, dialect): (&Schema, Dialect), name: &str, words: &[String]) -> String {
    let wanted: Vec<Option<&Ident>> = fk.columns.iter().map(|c| asked_in(table, fk, schema, c)).collect();
    let own = |c: &Ident| table.columns.get(c).and_then(collation);
    if fk.columns.iter().zip(&wanted).all(|(c, w)| own(c) == *w) {
        return format!("add `index {name} {}` to the table", words.join(" "));
    }
    let plain = dialect.capabilities().default_collation;
    let part = |(word, wanted): (&String, &Option<&Ident>)| match wanted {
        Some(collate) => format!("part {word} collate={}", crate::kdl::string_repr(collate.as_str())),
        None => format!("part {word} collate={plain}"),
    };
    format!("add `index {name} {{ {} }}` to the table", words.iter().zip(&wanted).map(part).collect::<Vec<_>>().join("; "))
}

/// Returns an unused name in the namespace of indexes.
fn free_name(table: &Table, fk: &ForeignKey, schema: &Schema) -> String {
    let plain = format!("idx_{}_{}", table.name.name, fk.columns.iter().map(Ident::as_str).collect::<Vec<_>>().join("_"));
    let relations = schema.heads_of(Kind::is_relation).map(|(_, head)| &head.name);
    let indexes = schema.tables.values().flat_map(|t| t.indexes.keys());
    let views = schema.materialized_views.values().flat_map(|v| v.indexes.keys());
    let taken: Vec<&Ident> = relations.map(|n| &n.name).chain(indexes).chain(views).collect();
    let numbered = (2..).map(|n| format!("{plain}_{n}"));
    let is_free = |name: &String| !taken.iter().any(|t| t.matches(name));
    std::iter::once(plain.clone()).chain(numbered).find(is_free).unwrap_or(plain)
}

/// Returns the collation in which a column is compared with the one it references: the parent's
/// (<https://sqlite.org/foreignkeys.html#fk_indexes>).
fn asked_in<'s>(table: &'s Table, fk: &ForeignKey, schema: &'s Schema, column: &Ident) -> Option<&'s Ident> {
    let Some(parent) = schema.tables.get(&fk.table) else { return table.columns.get(column).and_then(collation) };
    let key = || parent.primary_key.iter().flat_map(|k| k.parts.iter().map(|p| &p.column));
    let at = fk.columns.iter().position(|c| c == column)?;
    let to = if fk.to.is_empty() { key().nth(at) } else { fk.to.get(at) };
    to.and_then(|c| parent.columns.get(c)).and_then(collation)
}

/// Returns whether the first parts of an index, key or unique constraint are these columns, in any order.
fn is_served(table: &Table, fk: &ForeignKey, schema: &Schema) -> bool {
    accesses(table).iter().any(|access| {
        let first = access.parts.iter().take(fk.columns.len());
        let first: Vec<(&Ident, Option<&Ident>)> = first.filter_map(|p| Some((p.column()?, p.collate.as_ref()))).collect();
        let served = |c: &Ident| first.contains(&(c, asked_in(table, fk, schema, c)));
        access.index().is_none_or(|i| finds_equals(i, fk)) && fk.columns.iter().all(served)
    })
}

/// Returns whether the index finds `column = value` for all rows in which the foreign key is not NULL.
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
            ["table.posts.foreign-key.a: no index starts with a, which references users"]
        );
        for served in ["index i a", "index i a b", "unique a b", "index i a where=\"a IS NOT NULL\""] {
            assert!(at(&RULE, &posts(served)).is_empty(), "{served}");
        }
        for bare in ["index i b a", "index i a where=\"b > ''\"", "index i (sql)\"a + 0\""] {
            assert_eq!(at(&RULE, &posts(bare)).len(), 1, "{bare}");
        }
    }

    #[test]
    fn the_name_that_is_advised_is_free() {
        let kdl = format!(
            "{USERS}table posts {{\n column id serial primary-key\n column a integer references=users\n index idx_posts_a a where=\"id > 9\"\n}}\nview IDX_posts_a_2 {{ as \"SELECT 1 AS a\" }}"
        );
        assert_eq!(advised(&RULE, &kdl, Dialect::Sqlite), ["add `index idx_posts_a_3 a` to the table"]);
    }

    #[test]
    fn an_index_in_another_collation_does_not_serve() {
        let kdl = |parent: &str, own: &str, index: &str| {
            format!(
                "table p {{ column k text primary-key {parent}; }}\ntable c {{ column id serial primary-key; column k text {own} references=p; {index} }}"
            )
        };
        for (parent, own, index, wanted) in [
            ("", "", "index i k;", None),
            ("", "", "index i { part k collate=nocase; };", Some("index idx_c_k k")),
            ("collate=nocase", "collate=nocase", "index i k;", None),
            ("collate=nocase", "", "index i k;", Some("index idx_c_k { part k collate=nocase }")),
            ("collate=nocase", "", "index i { part k collate=nocase; };", None),
            ("collate=binary", "", "index i k;", None),
            ("", "collate=nocase", "index i k;", Some("index idx_c_k { part k collate=binary }")),
        ] {
            let advice = advised(&RULE, &kdl(parent, own, index), Dialect::Sqlite);
            assert_eq!(
                advice.first().map(String::as_str),
                wanted.map(|w| format!("add `{w}` to the table")).as_deref(),
                "{parent} {own} {index}"
            );
        }
    }
}
