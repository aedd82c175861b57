//! Schemas as objects with an identity besides their names, so that it is known without rosey what an edit
//! renames, drops or passes a name on to. Writes KDL; knows nothing about databases.

mod changes;
mod types;

use std::collections::BTreeSet;
use std::fmt::Write as _;

pub use types::Declared;

/// A default as KDL spells it, and what SQLite must store for it.
pub const DEFAULTS: [(&str, &str); 9] = [
    ("", "NULL"),
    ("0", "0"),
    ("1_000", "1000"),
    ("0x10", "16"),
    ("0o17", "15"),
    ("0b101", "5"),
    ("+5", "5"),
    ("1e3", "1000"),
    ("-0x1_0", "-16"),
];

const NAMES: [&str; 9] = ["p", "q", "r", "s", "u", "v", "w", "x", "y"];

#[derive(Debug, Clone)]
pub struct Column {
    pub id: u32,
    pub name: String,
    pub is_text: bool,
    pub default: usize,
    /// The enum or domain.
    pub declared: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct Index {
    pub id: u32,
    pub name: String,
    pub column: u32,
}

#[derive(Debug, Clone)]
pub struct Parent {
    pub table: u32,
    pub column: u32,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub id: u32,
    pub name: String,
    pub columns: Vec<Column>,
    pub key: u32,
    pub indexes: Vec<Index>,
    pub parent: Option<Parent>,
}

/// A view of a table's columns, or a trigger on a table or, INSTEAD OF, on a view.
#[derive(Debug, Clone)]
pub struct Body {
    pub id: u32,
    pub name: String,
    pub table: u32,
    pub columns: Vec<u32>,
    /// For a trigger: what it fires on.
    pub fires: Option<Fires>,
    /// A text that does not follow changes of what it names.
    pub stale: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub enum Fires {
    UpdateOf,
    Insert,
    Delete,
    InsteadOf(u32),
}

#[derive(Debug, Clone, Default)]
pub struct Model {
    pub tables: Vec<Table>,
    pub bodies: Vec<Body>,
    pub types: Vec<Declared>,
    next: u32,
}

/// The objects of a first schema, and edits of it, as numbers for choices.
pub type Choices = Vec<[u8; 4]>;

impl Model {
    pub fn new(tables: &Choices, bodies: &Choices) -> Self {
        let mut model = Model::default();
        model.declare_types(tables);
        for [columns, default, index, parent] in tables.iter().take(3) {
            model.add_table(*columns, *default, *index);
            let to = usize::from(*parent) % 5;
            if let Some((table, column)) = model.tables.get(to).map(|t| (t.id, t.key)) {
                let at = model.tables.len() - 1;
                model.tables[at].parent = Some(Parent { table, column });
            }
        }
        // Tables that reference each other.
        for (at, [_, _, _, parent]) in tables.iter().take(3).enumerate().filter(|(_, [_, _, _, parent])| *parent >= 128) {
            let Some((table, column)) = pick(&model.tables, *parent).map(|t| (t.id, t.key)) else { continue };
            model.tables[at].parent.get_or_insert(Parent { table, column });
        }
        for choice in bodies {
            model.add_body(*choice);
        }
        model
    }

    fn id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn add_table(&mut self, columns: u8, default: u8, index: u8) {
        let Some(name) = self.free_name(0) else { return };
        let (id, mut made) = (self.id(), Vec::new());
        for (n, letter) in ["a", "b", "c", "d"].iter().enumerate().take(2 + usize::from(columns) % 3) {
            let default = if n == 0 { 0 } else { (usize::from(default) + n) % DEFAULTS.len() };
            let is_text = n > 0 && (columns >> n) & 4 == 4;
            let declared = pick(&self.types, index / 32).filter(|_| n > 0 && (index >> (n + 3)) & 1 == 1).cloned();
            let is_text = declared.as_ref().map_or(is_text, Declared::is_enum);
            let default = if is_text || declared.is_some() { 0 } else { default };
            made.push(Column { id: self.id(), name: (*letter).to_owned(), is_text, default, declared: declared.map(|t| t.id) });
        }
        let key = made[0].id;
        let mut table = Table { id, name, columns: made, key, indexes: Vec::new(), parent: None };
        if index % 2 == 1 {
            let column = table.columns[usize::from(index / 2) % table.columns.len()].id;
            table.indexes.push(Index { id: self.id(), name: format!("i{id}"), column });
        }
        self.tables.push(table);
    }

    fn add_body(&mut self, [kind, table, columns, on]: [u8; 4]) {
        let Some(table) = pick(&self.tables, table).cloned() else { return };
        let columns: Vec<u32> =
            table.columns.iter().enumerate().filter(|(n, _)| (columns >> n) & 1 == 1).map(|(_, c)| c.id).chain([table.key]).collect();
        let views: Vec<&Body> = self.bodies.iter().filter(|b| b.fires.is_none() && b.table == table.id).collect();
        let (fires, columns) = match (kind % 5, pick(&views, on)) {
            (0 | 1, _) => (None, columns),
            (2, _) => (Some(Fires::UpdateOf), columns),
            (3, Some(view)) => (Some(Fires::InsteadOf(view.id)), view.columns.clone()),
            (3, None) => (Some(Fires::Delete), columns),
            _ => (Some(Fires::Insert), columns),
        };
        let id = self.id();
        let name = if fires.is_some() { format!("t{id}") } else { format!("v{id}") };
        let columns: BTreeSet<u32> = columns.into_iter().collect();
        self.bodies.push(Body { id, name, table: table.id, columns: columns.into_iter().collect(), fires, stale: None });
    }

    /// Returns the names of tables, views and indexes, which share a namespace.
    fn taken(&self) -> BTreeSet<String> {
        let views = self.bodies.iter().filter(|b| b.fires.is_none()).map(|b| &b.name);
        let indexes = self.tables.iter().flat_map(|t| &t.indexes).map(|i| &i.name);
        self.tables.iter().map(|t| &t.name).chain(views).chain(indexes).map(|n| n.to_ascii_lowercase()).collect()
    }

    fn free_name(&self, from: u8) -> Option<String> {
        let taken = self.taken();
        let names = NAMES.iter().cycle().skip(usize::from(from) % NAMES.len()).take(NAMES.len());
        names.map(|n| (*n).to_owned()).find(|n| !taken.contains(n))
    }

    pub fn table(&self, id: u32) -> Option<&Table> {
        self.tables.iter().find(|t| t.id == id)
    }

    /// Returns whether a table or column takes the name of a dropped one: then `was=` may also mean that both
    /// exist already.
    pub fn means_two_things(&self, before: &Model) -> bool {
        let is_gone = |name: &str, id: u32, olds: &[(u32, &str)], news: &BTreeSet<u32>| {
            let is_new_name = olds.iter().any(|(o, old)| *o == id && !old.eq_ignore_ascii_case(name));
            is_new_name && olds.iter().any(|(o, old)| old.eq_ignore_ascii_case(name) && !news.contains(o))
        };
        let olds: Vec<(u32, &str)> = before.tables.iter().map(|t| (t.id, t.name.as_str())).collect();
        let news = self.tables.iter().map(|t| t.id).collect();
        self.tables.iter().any(|table| {
            let columns: BTreeSet<u32> = table.columns.iter().map(|c| c.id).collect();
            let old = before.table(table.id).map(|t| &t.columns[..]).unwrap_or_default();
            let old: Vec<(u32, &str)> = old.iter().map(|c| (c.id, c.name.as_str())).collect();
            let column = table.columns.iter().any(|c| is_gone(&c.name, c.id, &old, &columns));
            column || is_gone(&table.name, table.id, &olds, &news)
        })
    }

    /// Lets the views and triggers in `bits` keep their texts from `before`.
    pub fn leave_stale(&mut self, before: &Model, bits: u8) {
        let stale = |(n, _): &(usize, &mut Body)| (bits >> (n % 8)) & 1 == 1;
        for (_, body) in self.bodies.iter_mut().enumerate().filter(stale) {
            body.stale = before.bodies.iter().find(|b| b.id == body.id).and_then(|b| before.text(b));
        }
    }

    /// Returns the schema, with `was=` for what has another name in `before`.
    pub fn kdl(&self, before: Option<&Model>) -> String {
        let mut out = String::new();
        self.write_types(&mut out, before);
        for table in &self.tables {
            self.write_table(&mut out, table, before.and_then(|b| b.table(table.id)));
        }
        for body in &self.bodies {
            let Some(text) = body.stale.clone().or_else(|| self.text(body)) else { continue };
            let old = before.and_then(|b| b.bodies.iter().find(|o| o.id == body.id));
            let kind = if body.fires.is_some() { "trigger" } else { "view" };
            writeln!(out, "{kind} {}{} {{ as {text:?} }}", body.name, was(&body.name, old.map(|o| o.name.as_str()))).unwrap();
        }
        out
    }

    fn write_table(&self, out: &mut String, table: &Table, old: Option<&Table>) {
        writeln!(out, "table {}{} {{", table.name, was(&table.name, old.map(|t| t.name.as_str()))).unwrap();
        for column in &table.columns {
            let before = old.and_then(|t| t.columns.iter().find(|c| c.id == column.id)).map(|c| c.name.as_str());
            let is_key = column.id == table.key;
            let default = self.enum_default(column).map_or(DEFAULTS[column.default].0.to_owned(), |v| format!("{v:?}"));
            let default = if default.is_empty() || is_key { String::new() } else { format!(" default={default}") };
            let plain = if column.is_text { "text" } else { "integer" };
            let (ty, key) = (self.declared(column).map_or(plain, |t| t.name.as_str()), if is_key { " primary-key" } else { "" });
            writeln!(out, "    column {} {ty}{key}{default}{}", column.name, was(&column.name, before)).unwrap();
        }
        if let Some(target) = table.parent.as_ref().and_then(|p| self.table(p.table)) {
            let column = target.columns.iter().find(|c| Some(c.id) == table.parent.as_ref().map(|p| p.column));
            writeln!(out, "    column parent integer references=\"{}({})\"", target.name, column.unwrap().name).unwrap();
        }
        let pointed: BTreeSet<u32> =
            self.tables.iter().filter_map(|t| t.parent.as_ref()).filter(|p| p.table == table.id).map(|p| p.column).collect();
        for column in table.columns.iter().filter(|c| c.id != table.key && pointed.contains(&c.id)) {
            writeln!(out, "    unique {}", column.name).unwrap();
        }
        for index in &table.indexes {
            let before = old.and_then(|t| t.indexes.iter().find(|i| i.id == index.id)).map(|i| i.name.as_str());
            let column = table.columns.iter().find(|c| c.id == index.column).unwrap();
            writeln!(out, "    index {} {}{}", index.name, column.name, was(&index.name, before)).unwrap();
        }
        out.push_str("}\n");
    }

    /// Returns the SQL of a view or trigger; `None` if what it refers to is dropped.
    fn text(&self, body: &Body) -> Option<String> {
        let table = self.table(body.table)?;
        let named = |c: &u32| table.columns.iter().find(|t| t.id == *c).map(|c| c.name.clone());
        let names: Vec<String> = body.columns.iter().filter_map(named).collect();
        let (t, all) = (&table.name, names.join(", "));
        let first = names.first().cloned();
        let c = first.as_deref().unwrap_or("rowid");
        Some(match body.fires {
            None if names.is_empty() => format!("SELECT 1 AS one FROM {t}"),
            None => format!("SELECT {all} FROM {t}"),
            Some(Fires::UpdateOf) if names.is_empty() => format!("AFTER UPDATE ON {t} BEGIN SELECT 1; END"),
            Some(Fires::UpdateOf) => format!("AFTER UPDATE OF {all} ON {t} BEGIN DELETE FROM {t} WHERE {c} = -old.{c}; END"),
            Some(Fires::Insert) => format!("BEFORE INSERT ON {t} BEGIN UPDATE {t} SET {c} = {c} WHERE {c} = new.{c}; END"),
            Some(Fires::Delete) => format!("AFTER DELETE ON {t} WHEN old.{c} IS NULL BEGIN SELECT {c} FROM {t}; END"),
            Some(Fires::InsteadOf(view)) => {
                let view = self.bodies.iter().find(|b| b.id == view)?;
                let c = view.columns.iter().find_map(named)?;
                format!("INSTEAD OF INSERT ON {} BEGIN UPDATE {t} SET {c} = new.{c} WHERE {c} = new.{c}; END", view.name)
            }
        })
    }
}

fn was(name: &str, old: Option<&str>) -> String {
    old.filter(|o| *o != name).map(|o| format!(" was={o}")).unwrap_or_default()
}

fn pick<T>(from: &[T], choice: u8) -> Option<&T> {
    from.get(usize::from(choice) % from.len().max(1))
}
