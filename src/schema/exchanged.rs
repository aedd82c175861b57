//! Renames between names that all stay in use: two columns that swap names, or a column that takes the name
//! of a renamed one. The database does not show whether such a rename has been done, so the history records
//! it: the recorded schema has `was=` if the old name belongs to another object. The decisions are made in
//! `diff`.

use std::collections::BTreeSet;

use super::{Address, Ident, ObjectName, Part, Schema};

/// Renames, each as the address of the object with the new name, and its old name.
pub type Exchanged = BTreeSet<(Address, Ident)>;

impl Schema {
    /// Returns the renames of tables, columns and sequences whose old name is declared as well.
    pub fn exchanged(&self) -> Exchanged {
        let mut found = BTreeSet::new();
        let at = |name: &ObjectName, old: &Ident| name.renamed(old.clone());
        for (kind, head) in self.heads().filter(|(kind, _)| kind.holds_values()) {
            let olds = head.was.iter().filter(|old| self.head(kind, &at(&head.name, old)).is_some());
            found.extend(olds.map(|old| (Address::of(kind, &head.name), old.clone())));
        }
        for table in self.tables.values() {
            for column in table.columns.values() {
                let olds = column.was.iter().filter(|old| table.columns.contains_key(*old));
                found.extend(olds.map(|old| (table.address().child(Part::Column, &column.name), old.clone())));
            }
        }
        found
    }

    /// Sets `was=` on the objects of these renames, and on nothing else.
    pub(crate) fn say_exchanged(&mut self, done: &Exchanged) {
        let of =
            |address: Address| -> Vec<Ident> { done.iter().filter(|(a, _)| a.is_same(&address)).map(|(_, old)| old.clone()).collect() };
        for table in self.tables.values_mut() {
            let address = table.address();
            for column in table.columns.values_mut() {
                column.was = of(address.child(Part::Column, &column.name));
            }
        }
        for (kind, head) in self.heads_mut().filter(|(kind, _)| kind.holds_values()) {
            head.was = of(Address::of(kind, &head.name));
        }
    }
}

/// Returns whether a rename is one of those that have been done.
pub(crate) fn is_done(done: &Exchanged, address: &Address, old: &Ident) -> bool {
    done.iter().any(|(a, o)| o == old && a.is_same(address))
}
