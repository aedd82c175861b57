//! What a schema holds beyond tables: views, triggers, virtual tables, and what is left alone.

use super::{Address, Allows, Expr, Ident, ObjectName, Origin};

/// A view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: ObjectName,
    /// Names it may have had.
    pub was: Vec<Ident>,
    /// Its columns' names, where they are given.
    pub columns: Vec<Ident>,
    /// The query.
    pub query: Expr,
    /// PostgreSQL: `security_barrier`, `check_option` and the like.
    pub with: Vec<(String, String)>,
    /// The comment that PostgreSQL stores.
    pub comment: Option<String>,
    /// What is let stand of it.
    pub allows: Allows,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl View {
    /// A view with nothing but its query.
    pub fn new(name: ObjectName, query: Expr) -> Self {
        View {
            name,
            was: Vec::new(),
            columns: Vec::new(),
            query,
            with: Vec::new(),
            comment: None,
            allows: Allows::default(),
            origin: Origin::default(),
        }
    }

    /// `view.NAME`.
    pub fn address(&self) -> Address {
        Address::top("view", &self.name)
    }
}

/// A trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: ObjectName,
    /// Names it may have had.
    pub was: Vec<Ident>,
    /// Everything after the name.
    pub body: Expr,
    /// The table or view it is on, where that has been read from the body.
    pub table: Option<Ident>,
    /// What is let stand of it.
    pub allows: Allows,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl Trigger {
    /// `trigger.NAME`.
    pub fn address(&self) -> Address {
        Address::top("trigger", &self.name)
    }
}

/// A virtual table of SQLite (<https://sqlite.org/vtab.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualTable {
    /// Its name.
    pub name: ObjectName,
    /// The module and its arguments.
    pub using: Expr,
    /// Whether a plan may drop it.
    pub prevent_destroy: bool,
    /// What is let stand of it.
    pub allows: Allows,
    /// Where it stands in the schema file.
    pub origin: Origin,
}

impl VirtualTable {
    /// `virtual-table.NAME`.
    pub fn address(&self) -> Address {
        Address::top("virtual-table", &self.name)
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
