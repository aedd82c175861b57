//! What a case file says, read for one database: a node with `only=sqlite` or `only=postgres` counts for that one alone.
//!
//! | node | what it says |
//! | --- | --- |
//! | `before { … }`, `before-sql "…"` | the schema at the start, by rosey or by hand |
//! | `rows { table column=value … }` | the rows in it; `(schema)table` for a table of another schema |
//! | `setup "SQL"` | PostgreSQL: what is done by hand before the change |
//! | `after { … }` | the schema at the end |
//! | `expect-rows { … }`, `expect "query" "value"` | what is there then |
//! | `no-changes`, `destructive`, `no-way-back` | what the plan is, and that there is no way back from it |
//! | `refused "text"`, `without-leave` | the change must be refused; nobody allowed to destroy |
//! | `only sqlite "text"` | PostgreSQL cannot have it, and says so with this text; `only postgres` likewise |
//! | `needs extension=… version=… until=…` | PostgreSQL: what the server must have, and its last version |

pub mod on_postgres;
pub mod on_sqlite;
mod script;
pub mod without_server;

use std::path::Path;

use kdl::{KdlDocument, KdlEntry, KdlNode};
use rosey::schema::Dialect;

/// A row: the table's schema where it is not the usual one, the table, and each column with its value.
pub struct Row {
    pub schema: Option<String>,
    pub table: String,
    pub cells: Vec<(String, KdlEntry)>,
}

/// One case, for one database.
pub struct Case {
    document: KdlDocument,
    dialect: Dialect,
}

impl Case {
    pub fn read(path: &Path, dialect: Dialect) -> datatest_stable::Result<Case> {
        Ok(Case { document: KdlDocument::parse_v2(&std::fs::read_to_string(path)?)?, dialect })
    }

    /// The nodes of a name that count for this database.
    pub fn nodes(&self, name: &str) -> Vec<&KdlNode> {
        let counts = |n: &KdlNode| n.entry("only").and_then(|e| e.value().as_string()).is_none_or(|o| o == word(self.dialect));
        self.document.nodes().iter().filter(|n| n.name().value() == name && counts(n)).collect()
    }

    fn node(&self, name: &str) -> Option<&KdlNode> {
        self.nodes(name).first().copied()
    }

    pub fn has(&self, name: &str) -> bool {
        self.node(name).is_some()
    }

    pub fn text(&self, name: &str) -> String {
        self.node(name).and_then(KdlNode::children).map(ToString::to_string).unwrap_or_default()
    }

    pub fn argument(&self, name: &str) -> Option<&str> {
        self.node(name)?.entries().first()?.value().as_string()
    }

    /// What the other database alone can have: the reason that this one gives.
    pub fn is_for_another(&self) -> Option<String> {
        let node = self.node("only")?;
        let argument = |i: usize| node.entries().get(i).and_then(|e| e.value().as_string());
        (argument(0) != Some(word(self.dialect))).then(|| argument(1).unwrap_or_default().to_owned())
    }

    pub fn rows(&self, name: &str) -> Vec<Row> {
        let nodes = self.node(name).and_then(KdlNode::children).map_or(&[][..], KdlDocument::nodes);
        let row = |n: &KdlNode| Row {
            schema: n.ty().map(|t| t.value().to_owned()),
            table: n.name().value().to_owned(),
            cells: n.entries().iter().map(|e| (e.name().unwrap().value().to_owned(), e.clone())).collect(),
        };
        nodes.iter().map(row).collect()
    }
}

fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "sqlite",
        _ => "postgres",
    }
}

/// Compares with the snapshot beside the case, one for each database.
pub fn snapshot(path: &Path, dialect: Dialect, text: &str, sql: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(path.parent().unwrap().canonicalize().unwrap());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = format!("{}.{}", path.file_stem().unwrap().to_string_lossy(), word(dialect));
    settings.bind(|| insta::assert_snapshot!(name, format!("{text}\n{sql}").trim_end()));
}
