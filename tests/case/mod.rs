//! Case files, as read for one database: nodes with `only=sqlite` or `only=postgres` apply only to that one.
//!
//! | node | meaning |
//! | --- | --- |
//! | `before { … }`, `before-sql "…"` | the schema at the start, by rosey or by hand |
//! | `rows { table column=value … }` | its rows; `(schema)table` for a table in another schema |
//! | `setup "SQL"` | PostgreSQL: what is done by hand before the change |
//! | `after { … }` | the schema at the end |
//! | `expect-rows { … }`, `expect "query" "value"` | the contents at the end |
//! | `no-changes`, `destructive`, `no-way-back` | what the plan is, and that it cannot be rolled back |
//! | `refused "text"`, `without-leave` | the change must be refused; without --allow-destructive |
//! | `only sqlite "text"` | PostgreSQL cannot have it, and reports this text; `only postgres` likewise |
//! | `needs extension=… version=… until=…` | PostgreSQL: what the server must have, and its last version |

pub mod on_postgres;
pub mod on_sqlite;
mod script;
pub mod without_server;

use std::path::Path;

use kdl::{KdlDocument, KdlEntry, KdlNode};
use rosey::schema::Dialect;

/// A row: the schema of the table unless it is the default, the table, and each column with its value.
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

    /// Returns the nodes of a name that apply to this database.
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

    /// Returns the reason that this database reports, if only the other one supports the case.
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

/// Compares with the snapshot next to the case, one for each database.
pub fn snapshot(path: &Path, dialect: Dialect, text: &str, sql: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(path.parent().unwrap().canonicalize().unwrap());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = format!("{}.{}", path.file_stem().unwrap().to_string_lossy(), word(dialect));
    settings.bind(|| insta::assert_snapshot!(name, format!("{text}\n{sql}").trim_end()));
}
