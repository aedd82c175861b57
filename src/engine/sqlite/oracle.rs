//! Tests the parser against SQLite itself: it must report what the pragmas report about a table.

use sqlx::Row as _;

use super::connection::Connection;
use super::inspect;
use super::types;
use crate::schema::{RefAction, Table};

/// Definitions in every spelling that SQLite accepts.
const DDL: &str = r#"
CREATE TABLE plain(a, b INT, c "odd type"(10, 2) NOT NULL DEFAULT -1.5, [d e] text collate nocase DEFAULT 'x''y' /* c */, `f``g` BLOB);
CREATE TABLE "quo""ted" ('str' TEXT UNIQUE, [key] varchar ( 20 ) PRIMARY KEY DESC, check (length("str") > 0)) -- tail
;
create temp table if not exists gone(x);
CREATE TABLE IF NOT EXISTS main.numbered(id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, v DEFAULT (1 + 2), w DEFAULT CURRENT_TIMESTAMP, x DEFAULT bare, y DEFAULT "dq", z DEFAULT null);
CREATE TABLE quirk(id INTEGER PRIMARY KEY DESC, other UNSIGNED BIG INT);
CREATE TABLE keyed(b TEXT, a INTEGER, c, CONSTRAINT pk PRIMARY KEY (a DESC, b COLLATE NOCASE) ON CONFLICT REPLACE, CONSTRAINT u UNIQUE (c, b) UNIQUE (c) CHECK (a > 0) CONSTRAINT named CHECK (b <> ',)('));
CREATE TABLE strict_one(a INT PRIMARY KEY, b ANY, c TEXT NOT NULL) STRICT;
CREATE TABLE no_rowid(a TEXT, b INT, PRIMARY KEY (a)) WITHOUT ROWID, STRICT;
CREATE TABLE loose(a TEXT, b ANY, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE gen(a INTEGER, b GENERATED ALWAYS AS (a * 2), c INT AS (a || '),') STORED NOT NULL, d TEXT GENERATED ALWAYS AS (lower(a)) VIRTUAL UNIQUE);
CREATE TABLE child(a REFERENCES numbered, b INTEGER REFERENCES keyed(a) ON DELETE CASCADE ON UPDATE SET NULL MATCH FULL DEFERRABLE INITIALLY DEFERRED, c CONSTRAINT fk REFERENCES "quo""ted"([key]) NOT DEFERRABLE NOT NULL, d, e, FOREIGN KEY (d, e) REFERENCES keyed(a, b) ON DELETE SET DEFAULT DEFERRABLE, FOREIGN KEY(e) REFERENCES loose ON DELETE RESTRICT);
CREATE TABLE conflicts(a TEXT NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT REPLACE, b CONSTRAINT nn NOT NULL CONSTRAINT ck CHECK (b > 0), c NULL, UNIQUE (b) ON CONFLICT FAIL);
CREATE TABLE alt(a); ALTER TABLE alt ADD COLUMN b TEXT DEFAULT 'x' CHECK (b <> ''); ALTER TABLE alt RENAME COLUMN a TO "a b"; ALTER TABLE alt RENAME TO altered;
CREATE TABLE commented(a VARCHAR /* was INT */ (10), b DOUBLE -- really
 PRECISION /* behind */);
CREATE TABLE as_select AS SELECT 1 AS one, 'x' AS "two words";
CREATE UNIQUE INDEX ux ON plain (b DESC, lower(a) COLLATE NOCASE, [d e]) WHERE b IS NOT NULL;
CREATE INDEX IF NOT EXISTS main.ix ON "plain" ("a" ASC, "typo");
"#;

fn live(sql: &str) -> (Connection, inspect::Live) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut c = Connection::in_memory().await.unwrap();
        c.execute(sql).await.unwrap();
        let live = inspect::inspect(&mut c).await.unwrap();
        (c, live)
    })
}

fn rows(c: &mut Connection, sql: &str) -> Vec<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rows = runtime.block_on(c.query(sql)).unwrap();
    let text = |r: &sqlx::sqlite::SqliteRow, i| r.try_get_unchecked::<Option<String>, _>(i).unwrap().unwrap_or_default();
    rows.iter().map(|r| (0..r.len()).map(|i| text(r, i)).collect()).collect()
}

fn string(name: &str) -> String {
    super::lexer::quote_string(name)
}

#[test]
fn the_text_tells_what_the_pragmas_tell() {
    let (mut c, live) = live(DDL);
    assert!(live.current.schema().unmanaged.is_empty(), "{:?}", live.current.schema().unmanaged);
    let tables =
        rows(&mut c, "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'");
    assert_eq!(tables.len(), live.current.schema().tables.len());
    for row in tables {
        let table = live.current.schema().tables.values().find(|t| t.name.name.as_str() == row[0]).unwrap();
        assert_eq!((table.without_rowid, table.strict), (row[1] == "1", row[2] == "1"), "{}", row[0]);
        columns(&mut c, table);
        foreign_keys(&mut c, table);
        indexes(&mut c, table);
    }
}

fn columns(c: &mut Connection, table: &Table) {
    let name = string(table.name.name.as_str());
    let found = rows(c, &format!("SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo({name}) ORDER BY cid"));
    let rowid = types::rowid_key(table).map(|c| c.name.clone());
    let read: Vec<Vec<String>> = table
        .columns
        .values()
        .map(|column| {
            let key = table.primary_key.as_ref().and_then(|k| k.parts.iter().position(|p| p.column == column.name));
            let hidden = column.generated.as_ref().map_or(0, |g| if g.stored { 3 } else { 2 });
            // For the rowid key, SQLite reports what was written, which makes no difference.
            let written = rowid.as_ref() == Some(&column.name) && found.iter().any(|f| column.name.matches(&f[0]) && f[2] == "0");
            vec![
                column.name.to_string(),
                types::declared(&column.ty, false),
                i32::from(column.not_null && !written).to_string(),
                key.map_or(0, |k| k + 1).to_string(),
                hidden.to_string(),
            ]
        })
        .collect();
    let spelled = |rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
        let tight = |t: &str| t.to_uppercase().split_whitespace().collect::<String>().replace('"', "");
        rows.into_iter()
            .map(|mut r| {
                r[1] = tight(&r[1]);
                r
            })
            .collect()
    };
    assert_eq!(spelled(read), spelled(found), "{name}");
}

fn foreign_keys(c: &mut Connection, table: &Table) {
    let name = string(table.name.name.as_str());
    let sql = format!("SELECT id, \"table\", \"from\", on_update, on_delete FROM pragma_foreign_key_list({name}) ORDER BY id DESC, seq");
    let found: Vec<Vec<String>> = rows(c, &sql).into_iter().map(|r| r[1..].to_vec()).collect();
    let action = |a: RefAction| a.sql();
    let read: Vec<Vec<String>> = table
        .foreign_keys
        .iter()
        .flat_map(|fk| {
            fk.columns.iter().map(move |from| vec![fk.table.to_string(), from.to_string(), action(fk.on_update), action(fk.on_delete)])
        })
        .collect();
    assert_eq!(read, found, "{name}");
}

fn indexes(c: &mut Connection, table: &Table) {
    let name = string(table.name.name.as_str());
    let parts = "(SELECT group_concat(coalesce(x.name, '()') || ' ' || x.desc || ' ' || x.coll, ', ') FROM pragma_index_xinfo(l.name) AS x WHERE x.key = 1)";
    let sql =
        format!("SELECT l.name, l.\"unique\", l.partial, {parts} FROM pragma_index_list({name}) AS l WHERE origin = 'c' ORDER BY l.name");
    let collation = |c: Option<&crate::schema::Ident>, column: Option<&crate::schema::Ident>| {
        let own = column.and_then(|c| table.columns[c].collate.clone());
        c.cloned().or(own).map_or("BINARY".to_owned(), |c| c.as_str().to_uppercase())
    };
    let mut read: Vec<Vec<String>> = table
        .indexes
        .values()
        .map(|i| {
            let parts = i.parts.iter().map(|p| {
                let key = p.column().map_or("()".to_owned(), |c| table.columns[c].name.to_string());
                format!("{key} {} {}", i32::from(p.desc), collation(p.collate.as_ref(), p.column()))
            });
            let parts = parts.collect::<Vec<_>>().join(", ");
            vec![i.name.to_string(), i32::from(i.unique).to_string(), i32::from(i.predicate.is_some()).to_string(), parts]
        })
        .collect();
    read.sort();
    let found: Vec<Vec<String>> = rows(c, &sql)
        .into_iter()
        .map(|mut r| {
            r[3] = r[3].replace("nocase", "NOCASE");
            r
        })
        .collect();
    assert_eq!(read, found, "{name}");
    let constraints = rows(c, &format!("SELECT count(*) FROM pragma_index_list({name}) WHERE origin = 'u'"));
    assert_eq!(constraints[0][0], table.uniques.len().to_string(), "{name}: unique rules");
}
