//! Edits of a schema: what is renamed, dropped, added, or passes on its name. Decides only by numbers, and
//! never leaves a reference to a dropped object.

use std::collections::BTreeSet;

use super::{Body, Column, DEFAULTS, Fires, Index, Model, Table, pick};

impl Model {
    fn drop_table(&mut self, at: usize) {
        let id = self.tables.remove(at).id;
        self.tables.iter_mut().for_each(|t| t.parent = t.parent.take().filter(|p| p.table != id));
        let gone: BTreeSet<u32> = self.bodies.iter().filter(|b| b.table == id).map(|b| b.id).collect();
        self.bodies.retain(|b| !gone.contains(&b.id));
    }

    fn drop_body(&mut self, id: u32) {
        self.bodies.retain(|b| b.id != id && !matches!(b.fires, Some(Fires::InsteadOf(view)) if view == id));
    }

    pub fn edit(&mut self, [kind, x, y, z]: [u8; 4]) {
        let at = usize::from(x) % self.tables.len().max(1);
        if self.tables.is_empty() {
            return self.add_table(x, y, z);
        }
        match kind % 19 {
            0 => self.tables[at].rename_column(y, z),
            1 => self.tables[at].swap_columns(y, z),
            2 => self.tables[at].chain_columns(y),
            3 => self.tables[at].respell_column(y),
            4 => self.tables[at].drop_column(y),
            5 => {
                let id = self.id();
                let declared = pick(&self.types, z / 4).filter(|_| z.is_multiple_of(3)).map(|t| (t.id, t.is_enum()));
                self.tables[at].add_column(id, y, z, declared);
            }
            6 => self.free_name(y).into_iter().for_each(|name| self.tables[at].name = name),
            7 => self.exchange_tables(at, y),
            8 => self.tables[at].name = respelled(&self.tables[at].name),
            9 => self.drop_table(at),
            10 => self.add_table(x, y, z),
            11 => self.pass_name(at, y, z),
            12 => self.drop_or_add_body(x, y, z),
            13 => self.key_moves(at, y, z),
            14 => self.retype(at, y),
            16 => self.retype_to_declared(at, y, z),
            17 | 18 => self.edit_type([z, x, y, z / 4]),
            _ => self.rename_body(x, y),
        }
        self.mend();
    }

    /// Gives the first table the name of the second, which gets the name of the first, or a free one.
    fn exchange_tables(&mut self, at: usize, other: u8) {
        let to = usize::from(other) % self.tables.len();
        let names = (self.tables[at].name.clone(), self.tables[to].name.clone());
        let free = self.free_name(other).filter(|_| other >= 128);
        self.tables[at].name = names.1;
        if at != to {
            self.tables[to].name = free.unwrap_or(names.0);
        }
    }

    /// Gives the name of a dropped table, view or index to a new object of another kind.
    fn pass_name(&mut self, at: usize, from: u8, to: u8) {
        let views: Vec<(u32, String)> = self.bodies.iter().filter(|b| b.fires.is_none()).map(|b| (b.id, b.name.clone())).collect();
        let name = match from % 3 {
            0 if self.tables.len() > 1 => {
                let name = self.tables[at].name.clone();
                self.drop_table(at);
                name
            }
            1 if !self.tables[at].indexes.is_empty() => self.tables[at].indexes.remove(0).name,
            _ => {
                let Some((id, name)) = pick(&views, from / 3).cloned() else { return };
                self.drop_body(id);
                name
            }
        };
        let id = self.id();
        let Some(last) = self.tables.last_mut() else { return };
        match to % 4 {
            0 => last.indexes.push(Index { id, name, column: last.key }),
            1 => {
                let (table, columns) = (last.id, vec![last.key]);
                self.bodies.push(Body { id, name, table, columns, fires: None, stale: None });
            }
            2 => last.name = name,
            _ => {
                self.add_table(to, 0, 0);
                self.tables.iter_mut().rev().take(1).for_each(|t| t.name.clone_from(&name));
            }
        }
    }

    fn drop_or_add_body(&mut self, x: u8, y: u8, z: u8) {
        let picked = pick(&self.bodies, y).map(|b| b.id);
        match picked.filter(|_| z.is_multiple_of(2)) {
            Some(id) => self.drop_body(id),
            None => self.add_body([x, y, z, x]),
        }
    }

    /// Makes another column the key of a parent; children keep theirs, which is still unique, or follow.
    fn key_moves(&mut self, at: usize, to: u8, follow: u8) {
        let table = &mut self.tables[at];
        let Some(column) = pick(&table.columns, to).filter(|c| !c.is_text && c.declared.is_none()).map(|c| c.id) else { return };
        table.key = column;
        let id = table.id;
        let parents = self.tables.iter_mut().filter_map(|t| t.parent.as_mut());
        parents.filter(|p| p.table == id && follow.is_multiple_of(3)).for_each(|p| p.column = column);
    }

    fn retype(&mut self, at: usize, column: u8) {
        let (table, id) = (&self.tables[at], self.tables[at].id);
        let Some(column) = pick(&table.columns, column).map(|c| c.id).filter(|c| *c != table.key) else { return };
        if self.tables.iter().filter_map(|t| t.parent.as_ref()).any(|p| p.table == id && p.column == column) {
            return;
        }
        let found = self.tables[at].columns.iter_mut().find(|c| c.id == column);
        found.into_iter().for_each(|c| (c.is_text, c.default, c.declared) = (!c.is_text, 0, None));
    }

    fn rename_body(&mut self, x: u8, y: u8) {
        let Some(id) = pick(&self.bodies, x).map(|b| b.id) else { return };
        let free = self.free_name(y);
        let body = self.bodies.iter_mut().find(|b| b.id == id);
        body.into_iter()
            .for_each(|b| b.name = if y.is_multiple_of(2) { respelled(&b.name) } else { free.clone().unwrap_or(b.name.clone()) });
    }

    /// Removes references to dropped columns.
    fn mend(&mut self) {
        let columns: BTreeSet<u32> = self.tables.iter().flat_map(|t| &t.columns).map(|c| c.id).collect();
        for table in &mut self.tables {
            table.indexes.retain(|i| columns.contains(&i.column));
            table.parent = table.parent.take().filter(|p| columns.contains(&p.column));
        }
        self.bodies.iter_mut().for_each(|b| b.columns.retain(|c| columns.contains(c)));
    }
}

impl Table {
    fn free_column(&self, from: u8) -> Option<String> {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let is_free = |n: &&&str| !self.columns.iter().any(|c| c.name.eq_ignore_ascii_case(n));
        names.iter().cycle().skip(usize::from(from) % 7).take(7).find(is_free).map(|n| (*n).to_owned())
    }

    fn at(&self, x: u8) -> usize {
        usize::from(x) % self.columns.len()
    }

    fn rename_column(&mut self, x: u8, to: u8) {
        let at = self.at(x);
        self.free_column(to).into_iter().for_each(|name| self.columns[at].name = name);
    }

    fn swap_columns(&mut self, x: u8, y: u8) {
        let (x, y) = (self.at(x), self.at(y));
        let name = self.columns[x].name.clone();
        self.columns[x].name = std::mem::replace(&mut self.columns[y].name, name);
    }

    /// Gives each column the name of the one before it, and the first one a free name.
    fn chain_columns(&mut self, to: u8) {
        let Some(mut name) = self.free_column(to) else { return };
        self.columns.iter_mut().for_each(|c| std::mem::swap(&mut c.name, &mut name));
    }

    fn respell_column(&mut self, x: u8) {
        let at = self.at(x);
        self.columns[at].name = respelled(&self.columns[at].name);
    }

    fn drop_column(&mut self, x: u8) {
        let at = self.at(x);
        if self.columns[at].id != self.key {
            self.columns.remove(at);
        }
    }

    /// Adds a column, under a free name or under one that another column frees.
    fn add_column(&mut self, id: u32, x: u8, default: u8, declared: Option<(u32, bool)>) {
        let Some(mut name) = self.free_column(x) else { return };
        if x >= 128 {
            let at = self.at(default);
            std::mem::swap(&mut self.columns[at].name, &mut name);
        }
        let default = if declared.is_some() { 0 } else { usize::from(default) % DEFAULTS.len() };
        let is_text = declared.is_some_and(|(_, is_enum)| is_enum);
        self.columns.push(Column { id, name, is_text, default, declared: declared.map(|(ty, _)| ty) });
    }
}

fn respelled(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    if upper == name { name.to_ascii_lowercase() } else { upper }
}
