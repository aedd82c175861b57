//! What a schema holds beyond tables: views, triggers, virtual tables, and what is left alone.

use super::{Expr, Head, Ident, ObjectName};

/// A view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What every object has.
    pub head: Head,
    /// Its columns' names, where they are given.
    pub columns: Vec<Ident>,
    /// The query.
    pub query: Expr,
    /// PostgreSQL: `security_barrier`, `check_option` and the like.
    pub with: Vec<(String, String)>,
}

impl View {
    /// A view with nothing but its query.
    pub fn new(name: ObjectName, query: Expr) -> Self {
        View { head: Head::new(name), columns: Vec::new(), query, with: Vec::new() }
    }
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// What every object has.
    pub head: Head,
    /// Everything after the name.
    pub body: Expr,
    /// The table or view it is on, where that has been read from the body.
    pub table: Option<Ident>,
}

impl Trigger {
    /// A trigger with nothing but its definition.
    pub fn new(name: ObjectName, body: Expr) -> Self {
        Trigger { head: Head::new(name), body, table: None }
    }
}

/// A virtual table of SQLite (<https://sqlite.org/vtab.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualTable {
    /// What every object has.
    pub head: Head,
    /// The module and its arguments.
    pub using: Expr,
}

impl VirtualTable {
    /// A virtual table with nothing but its module.
    pub fn new(name: ObjectName, using: Expr) -> Self {
        VirtualTable { head: Head::new(name), using }
    }
}

/// `ignore PATTERN… kind=…`: objects that no plan touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// A glob over `name` or `schema.name`: `*` is any run of characters, `?` any one.
    pub pattern: String,
    /// The kind of object it is kept to.
    pub kind: Option<String>,
}

impl Ignore {
    /// Whether the pattern covers the object.
    pub fn covers(&self, kind: &str, name: &ObjectName) -> bool {
        self.kind.as_deref().is_none_or(|k| k == kind)
            && (glob(&self.pattern, name.name.as_str()) || (name.schema.is_some() && glob(&self.pattern, &name.to_string())))
    }
}

/// Matches without backtracking into more than the last star, so a long pattern costs no more than its product.
fn glob(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        match p.get(i) {
            Some('*') => {
                star = Some((i, j));
                i += 1;
            }
            Some(c) if *c == '?' || c.eq_ignore_ascii_case(&t[j]) => {
                i += 1;
                j += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    i = at + 1;
                    j = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    p[i..].iter().all(|c| *c == '*')
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
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }
}
