//! What a schema contains besides tables: views, virtual tables, and what to ignore.

use wildmatch::WildMatch;

use super::{AnyKind, Expr, Head, Ident, ObjectName};

/// A view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The fields that all objects have.
    pub head: Head,
    /// Column names, if given.
    pub columns: Vec<Ident>,
    /// The query.
    pub query: Expr,
    /// PostgreSQL: `security_barrier`, `check_option` and the like.
    pub with: Vec<(String, String)>,
}

impl View {
    /// Creates a view with just its query.
    pub fn new(name: ObjectName, query: Expr) -> Self {
        View { head: Head::new(name), columns: Vec::new(), query, with: Vec::new() }
    }
}

/// A virtual table of SQLite (<https://sqlite.org/vtab.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualTable {
    /// The fields that all objects have.
    pub head: Head,
    /// The module and its arguments.
    pub using: Expr,
}

impl VirtualTable {
    /// Creates a virtual table with just its module.
    pub fn new(name: ObjectName, using: Expr) -> Self {
        VirtualTable { head: Head::new(name), using }
    }
}

/// `ignore PATTERN… kind=…`: objects that no plan touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// A glob over `name` or `schema.name`: `*` matches any run of characters, `?` any single one.
    pub pattern: String,
    /// The kind of object it is restricted to.
    pub kind: Option<AnyKind>,
}

impl Ignore {
    /// Returns whether the pattern covers the object.
    pub fn covers(&self, kind: &AnyKind, name: &ObjectName) -> bool {
        self.kind.as_ref().is_none_or(|k| k == kind)
            && (glob(&self.pattern, name.name.as_str()) || (name.schema.is_some() && glob(&self.pattern, &name.to_string())))
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    WildMatch::new_case_insensitive(pattern).matches(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, matches) in [
            ("legacy_*", "legacy_users", true),
            ("legacy_*", "legacy", false),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?b", "ab", true),
            ("*_old", "users_OLD", true),
            ("[a]_?", "[A]_é", true),
            ("[a]_?", "a_é", false),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }
}
