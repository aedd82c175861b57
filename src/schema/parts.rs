//! The addresses of a table's parts, in one spelling for each kind. Constraints without a name are identified
//! by their definition; names that a database generates are not used.

use super::{Address, Check, ForeignKey, Ident, Origin, Part, Table, Unique};

impl Table {
    /// Returns `table.NAME.column.NAME`.
    pub fn column_at(&self, name: &Ident) -> Address {
        self.address().child(Part::Column, name)
    }

    /// Returns `table.NAME.index.NAME`.
    pub fn index_at(&self, name: &Ident) -> Address {
        self.address().child(Part::Index, name)
    }

    /// Returns `table.NAME.primary-key.COLUMNS`, or the address of the table if it has no key.
    pub fn key_at(&self) -> Address {
        let columns = self.primary_key.as_ref().map(|k| list(k.parts.iter().map(|p| &p.column)));
        columns.map_or_else(|| self.address(), |columns| self.address().child(Part::PrimaryKey, columns))
    }

    /// Returns `table.NAME.unique.COLUMNS`, whether it has a name or not.
    pub fn unique_at(&self, unique: &Unique) -> Address {
        self.address().child(Part::Unique, list(unique.parts.iter().map(|p| &p.column)))
    }

    /// Returns `table.NAME.foreign-key.COLUMNS`, whether it has a name or not.
    pub fn foreign_key_at(&self, key: &ForeignKey) -> Address {
        self.address().child(Part::ForeignKey, list(&key.columns))
    }

    /// Returns `table.NAME.check.NAME`, or `table.NAME.check.(CONDITION)`.
    pub fn check_at(&self, check: &Check) -> Address {
        self.address().child(Part::Check, check.label())
    }

    /// Returns the table and all its parts, each with its position in the schema file.
    pub fn parts(&self) -> Vec<(Address, Origin)> {
        let mut found = vec![(self.address(), self.origin)];
        found.extend(self.columns.values().map(|c| (self.column_at(&c.name), c.origin)));
        found.extend(self.primary_key.iter().map(|k| (self.key_at(), k.origin)));
        found.extend(self.uniques.iter().map(|u| (self.unique_at(u), u.origin)));
        found.extend(self.foreign_keys.iter().map(|k| (self.foreign_key_at(k), k.origin)));
        found.extend(self.checks.iter().map(|c| (self.check_at(c), c.origin)));
        found.extend(self.indexes.values().map(|i| (self.index_at(&i.name), i.origin)));
        found
    }
}

impl Check {
    /// Returns its name, or its condition in parentheses.
    pub fn label(&self) -> String {
        self.name.as_ref().map_or_else(|| format!("({})", self.expr.text), ToString::to_string)
    }
}

fn list<'i>(names: impl IntoIterator<Item = &'i Ident>) -> String {
    names.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
