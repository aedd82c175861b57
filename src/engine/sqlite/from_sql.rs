//! Reads the schema that an SQL file creates: hand-written DDL, or the output of `sqlite3 db .dump`.
//!
//! The definitions run in a private in-memory database that can do nothing else. Rows are not part of a
//! schema, so statements that only read or write rows are skipped. Commands of the sqlite3 shell are not SQL
//! and are refused.

use super::connection::{Connection, Error};
use super::inspect::{self, Stored, is_virtual};
use super::lexer::{Kind, Token, lex};
use super::{gate, offline, read_other};
use crate::plan::Fact;
use crate::schema::Normalized;

/// Why an SQL file does not result in a schema.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlFileError {
    /// SQLite rejects a statement.
    #[error("line {line}: {message}")]
    Statement {
        /// The line in the file.
        line: usize,
        /// The error from SQLite or rosey.
        message: String,
    },
    /// A command of the sqlite3 shell.
    #[error("line {line}: .{name} is a sqlite3 shell command, which rosey does not run")]
    ShellCommand {
        /// The line in the file.
        line: usize,
        /// The command, without its dot.
        name: String,
    },
    /// The private database failed.
    #[error(transparent)]
    Database(#[from] Error),
}

/// The result of running an SQL file.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// The schema.
    pub schema: Normalized,
    /// Other facts that a plan depends on.
    pub facts: Vec<Fact>,
}

/// Returns the schema after all statements of the file.
///
/// # Errors
/// With the line of a statement that SQLite rejects or that is not allowed here, or of a shell command.
pub async fn from_sql(text: &str) -> Result<Made, SqlFileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(at) = text.find('\0') {
        return Err(SqlFileError::Statement { line: line(text, at), message: "the SQL contains a NUL character".to_owned() });
    }
    let statements = statements(text, &lex(text))?;
    let mut memory = Connection::in_memory().await?;
    let longest = statements.iter().map(|s| s.sql.len()).max().unwrap_or_default();
    let _secluded = gate::seclude(&mut memory, longest).await?;
    let mut foreign = Vec::new();
    for statement in statements {
        let sql = match &statement.does {
            Does::Run => statement.sql,
            Does::Make(sql) => sql.as_str(),
        };
        let Err(error) = memory.execute(sql).await else { continue };
        if let Some(row) = of_unknown_module(sql, &error) {
            foreign.push(row);
            continue;
        }
        let inner = if matches!(statement.does, Does::Run) { memory.error_offset().await.unwrap_or(0) } else { 0 };
        return Err(SqlFileError::Statement { line: line(text, statement.start + inner), message: error.to_string() });
    }
    let mut live = inspect::inspect(&mut memory).await?;
    memory.close().await?;
    if !foreign.is_empty() {
        live.stored.extend(foreign);
        live = inspect::read(live.stored, live.shadows);
    }
    Ok(Made { facts: offline::facts(&live), schema: live.current })
}

/// A statement that creates or changes definitions, or that groups such statements.
struct Statement<'t> {
    start: usize,
    sql: &'t str,
    does: Does,
}

enum Does {
    /// Run the statement as written.
    Run,
    /// Create from this definition. A dump cannot write CREATE VIRTUAL TABLE without creating the shadow
    /// tables twice, so it inserts the definition itself.
    Make(String),
}

/// Splits the text as the shell does (<https://sqlite.org/c3ref/complete.html>): a trigger ends with
/// `; END ;`.
fn statements<'t>(text: &'t str, tokens: &[Token]) -> Result<Vec<Statement<'t>>, SqlFileError> {
    let mut found = Vec::new();
    let mut begin = 0;
    for at in 0..=tokens.len() {
        let ends = tokens.get(at).is_none_or(|t| t.is_op(text, ";") && !is_inside_trigger(text, &tokens[begin..at]));
        if !ends {
            continue;
        }
        found.extend(statement(text, &tokens[begin..at])?);
        begin = at + 1;
    }
    Ok(found)
}

fn is_inside_trigger(text: &str, tokens: &[Token]) -> bool {
    let is = |i: usize, words: &[&str]| tokens.get(i).is_some_and(|t| words.iter().any(|w| t.is(text, w)));
    let trigger = is(0, &["CREATE"]) && (is(1, &["TRIGGER"]) || (is(1, &["TEMP", "TEMPORARY"]) && is(2, &["TRIGGER"])));
    let ended = matches!(tokens, [.., before, end] if before.is_op(text, ";") && end.is(text, "END"));
    trigger && !ended
}

/// Statements without effect on definitions: they read or write rows, statistics or settings. None of them is
/// run, so none can access a file or run forever.
const PASSED_OVER: [&str; 13] =
    ["INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "SELECT", "VALUES", "EXPLAIN", "ANALYZE", "REINDEX", "VACUUM", "PRAGMA", "DETACH"];

fn statement<'t>(text: &'t str, tokens: &[Token]) -> Result<Option<Statement<'t>>, SqlFileError> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return Ok(None) };
    let start = first.start;
    if first.is_op(text, ".") {
        let name = text[first.end..].split_whitespace().next().unwrap_or_default().to_owned();
        return Err(SqlFileError::ShellCommand { line: line(text, start), name });
    }
    let sql = text.get(start..last.end).unwrap_or_default();
    if let Some(catalog) = written_catalog(text, tokens) {
        let sql = dumped_definition(text, tokens).ok_or_else(|| SqlFileError::Statement {
            line: line(text, start),
            message: format!("writes to {catalog} directly; this is allowed only for a virtual table in a dump"),
        })?;
        return Ok(Some(Statement { start, sql: "", does: Does::Make(sql) }));
    }
    let passed_over = PASSED_OVER.iter().any(|w| first.is(text, w)) || makes_own_table(text, tokens);
    Ok((!passed_over).then_some(Statement { start, sql, does: Does::Run }))
}

/// Returns true if the statement creates a table that only SQLite itself can create: the shell's `.schema`
/// lists `sqlite_sequence` and the tables of ANALYZE.
fn makes_own_table(text: &str, tokens: &[Token]) -> bool {
    let words = ["CREATE", "TABLE", "IF", "NOT", "EXISTS", "main"];
    let skipped = |t: &&Token| t.is_op(text, ".") || words.iter().any(|w| t.is(text, w));
    let creates = tokens.first().is_some_and(|t| t.is(text, "CREATE")) && tokens.get(1).is_some_and(|t| t.is(text, "TABLE"));
    let name = tokens.iter().find(|t| !skipped(t)).map(|t| t.value(text).to_ascii_lowercase());
    creates && name.is_some_and(|n| ["sqlite_sequence", "sqlite_stat1", "sqlite_stat3", "sqlite_stat4"].contains(&n.as_str()))
}

/// Returns the name of the schema table if the statement writes to it.
fn written_catalog<'t>(text: &'t str, tokens: &[Token]) -> Option<&'t str> {
    let writes = |t: &Token| ["INSERT", "REPLACE", "UPDATE", "DELETE"].iter().any(|w| t.is(text, w));
    let skipped = |t: &&Token| {
        let words = ["INSERT", "REPLACE", "UPDATE", "DELETE", "INTO", "FROM", "OR", "ABORT", "IGNORE", "FAIL", "ROLLBACK", "main"];
        t.is_op(text, ".") || words.iter().any(|w| t.value(text).eq_ignore_ascii_case(w))
    };
    let table = tokens.iter().find(|t| !skipped(t)).filter(|_| tokens.first().is_some_and(writes))?;
    let catalog = ["sqlite_schema", "sqlite_master"].iter().any(|c| table.value(text).eq_ignore_ascii_case(c));
    catalog.then(|| table.text(text))
}

/// Returns the definition in
/// `INSERT INTO sqlite_schema(…)VALUES('table','f','f',0,'CREATE VIRTUAL TABLE …')`.
fn dumped_definition(text: &str, tokens: &[Token]) -> Option<String> {
    let values = tokens.iter().position(|t| t.is(text, "VALUES"))?;
    let columns: Vec<_> = tokens[..values].iter().filter(|t| t.kind == Kind::Word).map(|t| t.text(text).to_ascii_lowercase()).collect();
    let ordered = columns.ends_with(&["type", "name", "tbl_name", "rootpage", "sql"].map(str::to_owned));
    let [open, kind, _, name, _, table, _, page, _, sql, close] = tokens.get(values + 1..)? else { return None };
    let table_kind = kind.value(text) == "table" && name.value(text) == table.value(text) && page.text(text) == "0";
    let plain = open.is_op(text, "(") && close.is_op(text, ")") && sql.kind == Kind::String;
    let sql = sql.value(text);
    (ordered && table_kind && plain && is_virtual(&sql)).then(|| sql.into_owned())
}

/// Returns a virtual table whose module rosey does not have: a live database is read from its definitions as
/// well.
fn of_unknown_module(sql: &str, error: &Error) -> Option<Stored> {
    if !is_virtual(sql) || !error.to_string().starts_with("no such module") {
        return None;
    }
    let name = read_other::read_virtual(sql).ok()?.name.name.to_string();
    Some(Stored { kind: crate::schema::Kind::Table.into(), table: name.clone(), name, sql: Some(sql.to_owned()), garbled: None })
}

/// Returns the line of a byte offset, starting with 1.
fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(sql: &str) -> Result<Made, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(from_sql(sql)).map_err(|e| e.to_string())
    }

    fn kdl(sql: &str) -> String {
        crate::kdl::encode(&inspect::for_display(made(sql).unwrap().schema.schema()))
    }

    fn refused(sql: &str, message: &str) {
        assert_eq!(made(sql).map(drop).unwrap_err(), message, "{sql}");
    }

    #[test]
    fn ddl_is_read() {
        let sql = "-- a comment\nCREATE TABLE t (n TEXT);\nALTER TABLE t ADD COLUMN m DEFAULT 'a;b';CREATE INDEX i ON t (n)";
        let kdl = kdl(sql);
        for part in ["table t", "column n text", "column m", "'a;b'", "index i n"] {
            assert!(kdl.replace('"', "'").contains(part), "{part}: {kdl}");
        }
        assert!(made("").unwrap().facts.is_empty());
        assert!(made(" ;; -- nothing").unwrap().facts.is_empty());
    }

    #[test]
    fn a_trigger_ends_with_its_end() {
        let sql = "CREATE TABLE t (n);CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET n = CASE WHEN n THEN 1 END; SELECT 1; END;\n\
                   CREATE VIEW v AS SELECT n FROM t;";
        let kdl = kdl(sql);
        assert!(kdl.contains("trigger g") && kdl.contains("view v"), "{kdl}");
    }

    #[test]
    fn a_dump_is_read() {
        let dump = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, n);\n\
                    INSERT INTO t VALUES(1,'it''s; one');\nPRAGMA writable_schema=ON;\n\
                    INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','f','f',0,'CREATE VIRTUAL TABLE f USING fts5(n)');\n\
                    CREATE TABLE IF NOT EXISTS 'f_data'(id INTEGER PRIMARY KEY, block BLOB);\nINSERT INTO f_data VALUES(1,X'');\n\
                    INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','e','e',0,'CREATE VIRTUAL TABLE e USING vec0(n)');\n\
                    DELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES('t',1);\nPRAGMA writable_schema=OFF;\nCOMMIT;\n";
        let made = made(dump).unwrap();
        let schema = made.schema.schema();
        assert_eq!(schema.tables.len(), 1);
        assert_eq!(schema.virtual_tables.len(), 2);
        assert!(made.facts.iter().any(|f| f.name == "shadow"));
    }

    #[test]
    fn what_the_shell_lists_of_sqlites_own_is_passed_over() {
        let listed = "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, n);\nCREATE TABLE sqlite_sequence(name,seq);\n\
                      CREATE TABLE sqlite_stat1(tbl,idx,stat);\nCREATE TABLE IF NOT EXISTS \"sqlite_stat4\"(tbl,idx,neq,nlt,ndlt,sample);\n\
                      CREATE VIRTUAL TABLE f USING fts5(n)\n/* f(n) */;\nCREATE TABLE IF NOT EXISTS 'f_data'(id INTEGER PRIMARY KEY, block BLOB);\n\
                      CREATE VIEW v AS SELECT n FROM t\n/* v(n) */;\n";
        let made = made(listed).unwrap();
        let schema = made.schema.schema();
        assert_eq!((schema.tables.len(), schema.virtual_tables.len(), schema.views.len()), (1, 1, 1));
        refused("CREATE TABLE sqlite_mine(n);", "line 1: object name reserved for internal use: sqlite_mine");
    }

    #[test]
    fn errors_name_their_line() {
        refused("CREATE TABLE t (n);\n\n-- here\nCREATE TABLE t (n);", "line 4: table t already exists");
        refused("CREATE TABLE t (n);\nCREATE TABLE u (\n  n,\n  m,,\n);", "line 4: near \",\": syntax error");
        refused("CREATE TABLE t (n);\n.read more.sql\n", "line 2: .read is a sqlite3 shell command, which rosey does not run");
        refused("CREATE TABLE t (n\0);", "line 1: the SQL contains a NUL character");
    }

    #[test]
    fn nothing_leaves_the_private_database() {
        refused("ATTACH 'x.db' AS x;", "line 1: not authorized");
        let load = "CREATE TABLE t AS SELECT load_extension('x');";
        assert!(made(load).unwrap_err().starts_with("line 1: not authorized"), "{:?}", made(load));
        let catalog = "line 1: writes to sqlite_master directly; this is allowed only for a virtual table in a dump";
        refused("UPDATE sqlite_master SET sql = 'x';", catalog);
        let insert = "INSERT INTO main.sqlite_master(type,name,tbl_name,rootpage,sql) VALUES ('table','t','t',1,'CREATE TABLE t (n)')";
        refused(insert, catalog);
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("copy.db");
        assert!(made(&format!("VACUUM INTO '{}';", there.display())).is_ok());
        assert!(!there.exists());
    }
}
