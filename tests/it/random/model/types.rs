//! Enums and domains of a model, edits of them, and whether an edit allows fewer values.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Choices, Column, DEFAULTS, Model, pick, was};

/// The checks of an integer domain; the rows of the tests satisfy all but the last.
const CHECKS: [&str; 4] = ["", "VALUE > 0", "VALUE IS NULL OR VALUE BETWEEN -1 AND 999999", "VALUE % 3 = 1"];

#[derive(Debug, Clone)]
pub struct Declared {
    pub id: u32,
    pub name: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Enum(Vec<String>),
    /// Over integer.
    Domain {
        check: usize,
        not_null: bool,
        default: usize,
    },
}

impl Declared {
    pub fn is_enum(&self) -> bool {
        matches!(self.kind, Kind::Enum(_))
    }

    /// Returns the value of a row, in SQL.
    pub fn value(&self, row: u32) -> Option<String> {
        match &self.kind {
            Kind::Enum(values) => Some(format!("'{}'", values[row as usize % values.len()].replace('\'', "''"))),
            Kind::Domain { .. } => None,
        }
    }

    /// Returns whether some value of the previous type is not allowed in this one.
    fn is_narrower_than(&self, before: &Declared) -> bool {
        match (&self.kind, &before.kind) {
            (Kind::Enum(now), Kind::Enum(old)) => !old.iter().all(|v| now.contains(v)),
            (Kind::Domain { check, not_null, .. }, Kind::Domain { check: old_check, not_null: old_not_null, .. }) => {
                (*check != 0 && check != old_check) || (*not_null && !old_not_null)
            }
            _ => true,
        }
    }
}

impl Model {
    /// Declares an enum and a domain as types for columns.
    pub(super) fn declare_types(&mut self, tables: &Choices) {
        let [a, b, c, d] = tables.first().copied().unwrap_or_default();
        let values = ["sad", "ok", "new one", "it's", "1"];
        let values = values.iter().take(3 + usize::from(a) % 3).map(|v| (*v).to_owned()).collect();
        let id = self.id();
        self.types.push(Declared { id, name: "mood".to_owned(), kind: Kind::Enum(values) });
        let kind = Kind::Domain { check: usize::from(b) % 3, not_null: c.is_multiple_of(3), default: usize::from(d) % DEFAULTS.len() };
        let id = self.id();
        self.types.push(Declared { id, name: "small".to_owned(), kind });
    }

    pub fn declared(&self, column: &Column) -> Option<&Declared> {
        column.declared.and_then(|id| self.types.iter().find(|t| t.id == id))
    }

    /// Returns the default of every second column with an enum: its first value.
    pub fn enum_default(&self, column: &Column) -> Option<&str> {
        match &self.declared(column)?.kind {
            Kind::Enum(values) => values.first().filter(|_| column.id.is_multiple_of(2)).map(String::as_str),
            Kind::Domain { .. } => None,
        }
    }

    /// Returns what is stored for the default of a column: an SQL string, or an expression of the number.
    pub fn stored_default(&self, column: &Column) -> Result<String, &'static str> {
        if let Some(value) = self.enum_default(column) {
            return Ok(format!("'{}'", value.replace('\'', "''")));
        }
        Err(match self.declared(column).map(|t| &t.kind) {
            Some(Kind::Domain { default, .. }) => DEFAULTS[*default].1,
            _ => DEFAULTS[column.default].1,
        })
    }

    /// Gives a column a declared type, or removes it.
    pub(super) fn retype_to_declared(&mut self, at: usize, column: u8, ty: u8) {
        let Some(ty) = pick(&self.types, ty).cloned() else { return };
        let (table, id) = (&self.tables[at], self.tables[at].id);
        let Some(column) = pick(&table.columns, column).map(|c| c.id).filter(|c| *c != table.key) else { return };
        if self.tables.iter().filter_map(|t| t.parent.as_ref()).any(|p| p.table == id && p.column == column) {
            return;
        }
        for c in self.tables[at].columns.iter_mut().filter(|c| c.id == column) {
            c.declared = if c.declared.is_some() { None } else { Some(ty.id) };
            (c.is_text, c.default) = (if c.declared.is_some() { ty.is_enum() } else { c.is_text }, 0);
        }
    }

    pub(super) fn edit_type(&mut self, [kind, x, y, z]: [u8; 4]) {
        if self.types.is_empty() {
            return;
        }
        let at = usize::from(x) % self.types.len();
        match kind % 4 {
            0 => {
                let free = ["mood", "Small", "kind", "text2", "SMALL"].map(str::to_owned);
                let is_free = |n: &&String| !self.types.iter().any(|t| t.name.eq_ignore_ascii_case(n));
                free.iter()
                    .cycle()
                    .skip(usize::from(y) % 5)
                    .take(5)
                    .find(is_free)
                    .into_iter()
                    .for_each(|n| self.types[at].name.clone_from(n));
            }
            1 => {
                let other = usize::from(y) % self.types.len();
                let name = self.types[at].name.clone();
                self.types[at].name = std::mem::replace(&mut self.types[other].name, name);
            }
            _ => self.types[at].kind.change(y, z),
        }
    }

    /// Returns whether a column holds texts: by itself, or as an enum.
    fn is_text(&self, column: &Column) -> bool {
        self.declared(column).map_or(column.is_text, |ty| matches!(ty.kind, Kind::Enum(_)))
    }

    /// Returns whether a column allows fewer values than before, so that rows may violate it. What is dropped
    /// and added again under its name counts as the same.
    pub fn is_narrower_than(&self, before: &Model) -> bool {
        let kept: BTreeSet<u32> = self.tables.iter().flat_map(|t| t.columns.iter().map(|c| c.id).chain([t.id])).collect();
        let was = |id: u32, name: &str, old_id: u32, old: &str| id == old_id || (name.eq_ignore_ascii_case(old) && !kept.contains(&old_id));
        self.tables.iter().any(|table| {
            let old = before.tables.iter().filter(|t| was(table.id, &table.name, t.id, &t.name)).flat_map(|t| &t.columns);
            let old: Vec<&Column> = old.collect();
            // The rowid key only accepts integers, whatever its type allowed before.
            let key = table.columns.iter().find(|c| c.id == table.key && !self.is_text(c));
            if key.is_some_and(|k| old.iter().any(|c| was(k.id, &k.name, c.id, &c.name) && before.is_text(c))) {
                return true;
            }
            table.columns.iter().filter_map(|c| Some((c, self.declared(c)?))).any(|(column, ty)| {
                let mut twins = old.iter().filter(|c| was(column.id, &column.name, c.id, &c.name)).peekable();
                let is_free = |d: &Declared| matches!(d.kind, Kind::Domain { check: 0, not_null: false, .. } | Kind::Enum(_));
                let is_new = twins.peek().is_none();
                (is_new && !old.is_empty() && !is_free(ty)) || twins.any(|c| before.declared(c).is_none_or(|old| ty.is_narrower_than(old)))
            })
        })
    }

    pub(super) fn write_types(&self, out: &mut String, before: Option<&Model>) {
        for ty in &self.types {
            let old = before.and_then(|b| b.types.iter().find(|o| o.id == ty.id)).map(|t| t.name.as_str());
            let was = was(&ty.name, old);
            match &ty.kind {
                Kind::Enum(values) => {
                    let values: Vec<String> = values.iter().map(|v| format!("{v:?}")).collect();
                    writeln!(out, "enum {} {}{was}", ty.name, values.join(" ")).unwrap();
                }
                Kind::Domain { check, not_null, default } => {
                    let not_null = if *not_null { " not-null" } else { "" };
                    let default = if *default == 0 { String::new() } else { format!(" default={}", DEFAULTS[*default].0) };
                    let check = if *check == 0 { String::new() } else { format!(" {{ check {:?} }}", CHECKS[*check]) };
                    writeln!(out, "domain {} integer{not_null}{default}{was}{check}", ty.name).unwrap();
                }
            }
        }
    }
}

impl Kind {
    fn change(&mut self, y: u8, z: u8) {
        match self {
            Kind::Enum(values) if y.is_multiple_of(2) && values.len() > 1 => {
                values.remove(usize::from(z) % values.len());
            }
            Kind::Enum(values) => {
                let new = ["added", "Ok", "2", "a,b"].iter().find(|v| !values.iter().any(|o| o == *v));
                let at = usize::from(z) % (values.len() + 1);
                new.into_iter().for_each(|v| values.insert(at, (*v).to_owned()));
            }
            Kind::Domain { check, not_null, default } => match y % 3 {
                0 => *check = usize::from(z) % CHECKS.len(),
                1 => *not_null = !*not_null,
                _ => *default = usize::from(z) % DEFAULTS.len(),
            },
        }
    }
}
