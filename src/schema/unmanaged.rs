//! Objects that exist but that no node can express yet: listed by name, compared by digest, and never
//! touched. The name is the one that the database prints; what it refers to is parsed from it here, so that
//! it follows renames.

use super::{AnyKind, Case, Ident, Kind, ObjectName, Origin, UnmanagedKind};

/// An object that exists and that rosey does not manage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmanaged {
    /// Its kind. A managed one if the object is of a form that rosey does not manage.
    pub kind: AnyKind,
    /// The name, as the database prints it.
    pub name: String,
    /// Why it cannot be managed, if the kind does not say so itself.
    pub reason: Option<String>,
    /// A digest of its definition, if that can differ while the name is the same.
    pub digest: Option<String>,
    /// The position in the schema file.
    pub origin: Origin,
}

impl Unmanaged {
    /// Creates an object of which only the name is known.
    pub fn new(kind: impl Into<AnyKind>, name: impl Into<String>) -> Self {
        Unmanaged { kind: kind.into(), name: name.into(), reason: None, digest: None, origin: Origin::default() }
    }

    /// Returns the relation that it belongs to.
    pub fn relation(&self) -> Option<ObjectName> {
        self.split().map(|(_, relation, _)| object(relation))
    }

    /// Returns the index that it belongs to: one that is named before its table, or in place of it.
    pub(crate) fn index(&self) -> Option<Ident> {
        let (what, relation, _) = self.split()?;
        let index = if self.kind.names_index() { Some(what) } else { Some(relation).filter(|_| self.kind.is_on_index()) };
        index.map(|index| object(index).name)
    }

    /// Returns the PostgreSQL schema that contains it; `None` is the first of `search_path`, or no schema at
    /// all.
    pub fn schema(&self) -> Option<Ident> {
        if let Some((_, relation, _)) = self.split() {
            return object(relation).schema;
        }
        if let Some(class) = self.privilege_of() {
            let (what, name) = class.split_once(' ')?;
            let name = token(name).0;
            return if what == "schema" { Some(object(name).name) } else { object(head(name)).schema };
        }
        if self.kind.is_of_database() {
            return None;
        }
        object(head(token(&self.name).0)).schema
    }

    /// Returns whether it is a partition, which may be added or dropped without being a difference.
    pub fn is_partition(&self) -> bool {
        self.kind == Kind::Table && self.reason.as_deref().is_some_and(|r| r.starts_with("it is a partition"))
    }

    /// Returns whether it is a property of a table or column; an apply is not refused because of it.
    pub fn is_property(&self) -> bool {
        self.kind.is_property()
    }

    /// Returns the setting that follows its name: a grant or setting is not part of the object's identity.
    pub(crate) fn setting(&self) -> &'static str {
        let settings: &[&'static str] = match self.kind {
            AnyKind::Unmanaged(UnmanagedKind::RowSecurity) => &[" forced and disabled", " forced"],
            AnyKind::Unmanaged(UnmanagedKind::Privilege) => &[" with grant option"],
            _ => &[],
        };
        settings.iter().find(|s| self.name.ends_with(**s)).copied().unwrap_or_default()
    }

    /// Returns its identity: kind and name without its setting, with relations, columns and types renamed as
    /// `renames` says.
    pub(crate) fn key(&self, renames: &impl Names) -> (AnyKind, String) {
        let text = match self.split() {
            Some((what, relation, rest)) => {
                let relation = renames.relation(&object(relation));
                format!("{} on {relation}{rest}", self.what(what, &relation, renames))
            }
            None if self.kind.has_arguments() => with_types(&self.name, renames),
            None => self.name.clone(),
        };
        let identity = text.strip_suffix(self.setting()).unwrap_or(&text);
        (self.kind.clone(), identity.to_owned())
    }

    /// Returns the part before ` on `, which may name a column, after renames.
    fn what(&self, what: &str, relation: &ObjectName, renames: &impl Names) -> String {
        let column = |name: &str| renames.column(relation, &object(name).name).to_string();
        match what.split_once(" (") {
            Some((privilege, columns)) if self.kind == UnmanagedKind::Privilege => {
                format!("{privilege} ({})", column(columns.trim_end_matches(')')))
            }
            _ if self.kind.names_column() => column(what),
            _ if self.kind.names_index() => renames.index(relation, &object(what).name).to_string(),
            _ => what.to_owned(),
        }
    }

    /// Splits the name into what it is, its relation, and the rest.
    fn split(&self) -> Option<(&str, &str, &str)> {
        if !self.kind.is_of_relation() || self.privilege_of().is_some() {
            return None;
        }
        if self.kind == UnmanagedKind::RowSecurity || self.kind == UnmanagedKind::UnloggedSequence {
            let (relation, rest) = token(&self.name);
            return Some(("", relation, rest));
        }
        let (what, behind) = self.name.rsplit_once(" on ")?;
        let (relation, rest) = if self.kind == UnmanagedKind::Privilege { token(behind) } else { (behind, "") };
        Some((what, relation, rest))
    }

    /// Returns what a privilege on something other than a relation is on: `type mood to app`.
    fn privilege_of(&self) -> Option<&str> {
        let behind = self.name.split_once(" on ").map(|(_, b)| b).filter(|_| self.kind == UnmanagedKind::Privilege)?;
        let known = ["type ", "function ", "schema "].iter().any(|k| behind.starts_with(k));
        // A table may be called `type`.
        let is_table = behind.split(' ').nth(1).is_some_and(|w| w == "to" || w == "revoked");
        (known && !is_table).then_some(behind)
    }
}

/// The names of things after renames.
pub(crate) trait Names {
    /// Returns the name of a table or view.
    fn relation(&self, name: &ObjectName) -> ObjectName;
    /// Returns the name of a column; the relation has its new name.
    fn column(&self, relation: &ObjectName, name: &Ident) -> Ident;
    /// Returns the name of an index of a table, which has its new name.
    fn index(&self, relation: &ObjectName, name: &Ident) -> Ident;
    /// Returns the name of an enum or domain.
    fn ty(&self, name: &ObjectName) -> ObjectName;
}

/// Returns the name with the types of its arguments renamed.
fn with_types(name: &str, renames: &impl Names) -> String {
    let Some((function, arguments)) = name.split_once('(') else { return name.to_owned() };
    let one = |argument: &str| {
        let (ty, array) = argument.strip_suffix("[]").map_or((argument, ""), |a| (a, "[]"));
        let (old, new) = (object(ty), renames.ty(&object(ty)));
        if old == new { argument.to_owned() } else { format!("{new}{array}") }
    };
    let arguments: Vec<String> = arguments.trim_end_matches(')').split(',').map(one).collect();
    format!("{function}({})", arguments.join(","))
}

/// Returns the text before the first parenthesis.
fn head(name: &str) -> &str {
    name.split_once('(').map_or(name, |(head, _)| head)
}

/// Returns the first word, respecting quotes, and the rest with its space.
fn token(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ' ' && !quoted
    });
    text.split_at(end.map_or(text.len(), |(at, _)| at))
}

/// Parses a name with an optional schema and optional quotes.
fn object(text: &str) -> ObjectName {
    let mut quoted = false;
    let point = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '.' && !quoted
    });
    let ident = |t: &str| {
        let inner = t.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        Ident::new(inner.map_or_else(|| t.to_owned(), |t| t.replace("\"\"", "\"")), Case::Exact)
    };
    match point {
        Some((at, _)) => ObjectName::new(Some(ident(&text[..at])), ident(&text[at + 1..])),
        None => ObjectName::bare(ident(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_refers_to() {
        for (kind, name, relation, schema) in [
            ("trigger", "t on notes", "notes", ""),
            ("trigger", "\"a on b\" on app.\"My Notes\"", "app.My Notes", "app"),
            ("privilege", "SELECT (a) on app.notes to bob with grant option", "app.notes", "app"),
            ("privilege", "USAGE on type app.mood to bob", "", "app"),
            ("privilege", "SELECT on type to bob", "type", ""),
            ("privilege", "EXECUTE on function app.f(integer, text) to bob", "", "app"),
            ("privilege", "USAGE on schema app to bob", "", "app"),
            ("row security", "notes forced", "notes", ""),
            ("function", "app.f(other.mood)", "", "app"),
            ("operator", "public.===(integer,integer)", "", "public"),
            ("table", "app.events", "", "app"),
            ("publication", "\"a.b\"", "", ""),
        ] {
            let one = Unmanaged::new(AnyKind::of_word(kind), name);
            assert_eq!(one.relation().map(|r| r.to_string()).unwrap_or_default(), relation, "{name}");
            assert_eq!(one.schema().map(|s| s.to_string()).unwrap_or_default(), schema, "{name}");
        }
    }
}
