//! Renames between names that all stay in use: two columns that give each other their names, a column that takes the name
//! of one that was renamed. Nothing in a database shows whether such a rename has been done, so the history keeps it: the
//! recorded schema says `was=` where the old name belongs to another object. Decides nothing; `diff` does.

use std::collections::BTreeSet;

use super::{Address, Ident, ObjectName, Schema};

/// Renames, each by the address of what has the new name and by its old name.
pub type Exchanged = BTreeSet<(Address, Ident)>;

impl Schema {
    /// The renames whose old name the schema declares as well, of everything that holds values.
    pub fn exchanged(&self) -> Exchanged {
        let mut found = BTreeSet::new();
        let at = |name: &ObjectName, old: &Ident| ObjectName { schema: name.schema.clone(), name: old.clone() };
        for (kind, head) in self.heads().filter(|(kind, _)| kind.holds_values()) {
            let olds = head.was.iter().filter(|old| self.head(kind, &at(&head.name, old)).is_some());
            found.extend(olds.map(|old| (Address::of(kind, &head.name), old.clone())));
        }
        for table in self.tables.values() {
            for column in table.columns.values() {
                let olds = column.was.iter().filter(|old| table.columns.contains_key(*old));
                found.extend(olds.map(|old| (table.address().child("column", &column.name), old.clone())));
            }
        }
        found
    }

    /// Says `was=` of what these renames gave a name, and of nothing else.
    pub(crate) fn say_exchanged(&mut self, done: &Exchanged) {
        let of =
            |address: Address| -> Vec<Ident> { done.iter().filter(|(a, _)| is_same(a, &address)).map(|(_, old)| old.clone()).collect() };
        for table in self.tables.values_mut() {
            let address = table.address();
            for column in table.columns.values_mut() {
                column.was = of(address.child("column", &column.name));
            }
        }
        for (kind, head) in self.heads_mut().filter(|(kind, _)| kind.holds_values()) {
            head.was = of(Address::of(kind, &head.name));
        }
    }
}

/// The case of a name is no difference here: where it is one, there is no second object of that name.
fn is_same(a: &Address, b: &Address) -> bool {
    let (a, b) = (a.parts(), b.parts());
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// Whether a rename is among those that have been done.
pub(crate) fn is_done(done: &Exchanged, address: &Address, old: &Ident) -> bool {
    done.iter().any(|(a, o)| o == old && is_same(a, address))
}
