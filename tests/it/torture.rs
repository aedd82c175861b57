//! The torture table: one table with everything that a SQLite table can have, with children, triggers and
//! views, through each kind of change. Afterwards everything but the change is as before.

use crate::support::{Database, desired};
use rosey::apply::SqlitePath;

const BEFORE: &str = r#"
CREATE TABLE "Ünï table" (
    "order" INTEGER PRIMARY KEY AUTOINCREMENT, -- the key
    name VARCHAR(40) NOT NULL COLLATE NOCASE DEFAULT 'it''s',
    [odd col] DECIMAL(10,2) CHECK ("odd col" >= 0) /* ) */,
    kind TEXT DEFAULT ('a' || 'b') CONSTRAINT known CHECK (kind IN ('ab', 'c,)', 'd')),
    up TEXT GENERATED ALWAYS AS (upper(name)) VIRTUAL,
    kept INTEGER AS ("order" * 2) STORED,
    parent INTEGER CONSTRAINT fk_self REFERENCES "ünï TABLE" ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    code TEXT UNIQUE ON CONFLICT REPLACE,
    payload BLOB,
    UNIQUE (name, kind) ON CONFLICT IGNORE,
    CHECK (name <> '')
);
INSERT INTO "Ünï table" ("order", name, "odd col", kind, parent, code, payload)
    VALUES (3, 'Ada', 1.5, 'ab', NULL, 'x', x'00ff'), (7, 'Zoë', 2, 'c,)', 3, '007', NULL), (90, '日本', NULL, NULL, 7, NULL, x'');
DELETE FROM "Ünï table" WHERE "order" = 90;
ALTER TABLE "Ünï table" ADD COLUMN late TEXT DEFAULT 'old';
INSERT INTO "Ünï table" ("order", name, kind, late) VALUES (20, 'New', 'd', 'new');
CREATE INDEX partial ON "Ünï table" (lower(name), "odd col" DESC) WHERE kind IS NOT NULL;
CREATE UNIQUE INDEX collated ON "Ünï table" (code COLLATE NOCASE DESC);
CREATE TABLE child (id INTEGER PRIMARY KEY, unit INTEGER REFERENCES "Ünï table"("order") ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO child VALUES (1, 3), (2, 7), (3, 20), (4, NULL);
CREATE TABLE log (what TEXT) STRICT;
CREATE TABLE pairs (b TEXT, a INTEGER, note TEXT, PRIMARY KEY (a DESC, b COLLATE NOCASE)) WITHOUT ROWID;
INSERT INTO pairs VALUES ('x', 1, 'n'), ('y', 1, NULL);
CREATE VIEW units AS SELECT "order", up, kept FROM "Ünï table" WHERE kind IS NOT NULL;
CREATE VIEW over_units(id, text) AS SELECT "order", up FROM units;
CREATE TRIGGER on_delete BEFORE DELETE ON "Ünï table" WHEN old.name <> 'free' BEGIN SELECT raise(ABORT, 'kept'); END;
CREATE TRIGGER on_update AFTER UPDATE OF name, late ON "Ünï table" BEGIN INSERT INTO log VALUES ('update ' || new."order"); END;
CREATE TRIGGER into_view INSTEAD OF INSERT ON over_units BEGIN INSERT INTO "Ünï table"(name) VALUES (new.text); END;
CREATE TRIGGER elsewhere AFTER INSERT ON child BEGIN UPDATE "Ünï table" SET payload = NULL WHERE "order" = -new.unit; END;
CREATE VIRTUAL TABLE search USING fts5(name, content='Ünï table', content_rowid='order');
INSERT INTO search(search) VALUES ('rebuild');
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
INSERT INTO boxes VALUES (1, 0.0, 2.0);
CREATE TABLE alembic_version (version_num TEXT);
INSERT INTO alembic_version VALUES ('abc');
PRAGMA user_version = 42;
ANALYZE;
"#;

/// What an application sees, whatever the text of the definitions.
const SEEN: [&str; 13] = [
    r#"SELECT quote("order"), quote(name), quote("odd col"), quote(parent), quote(code), quote(payload), quote(kept) FROM "Ünï table" ORDER BY 1"#,
    "SELECT quote(id), quote(unit) FROM child ORDER BY id",
    "SELECT quote(a), quote(b), quote(note) FROM pairs ORDER BY a DESC, b",
    "SELECT name, seq FROM sqlite_sequence WHERE name <> 'log'",
    "SELECT rowid FROM search WHERE search MATCH 'zoë'",
    "SELECT id, x0, x1 FROM boxes",
    "SELECT version_num FROM alembic_version",
    "SELECT * FROM over_units ORDER BY 1",
    "PRAGMA user_version",
    "SELECT count(*) FROM log",
    "SELECT tbl, idx, stat FROM sqlite_stat1 WHERE idx IN ('partial', 'collated') ORDER BY 2",
    "SELECT name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') AND name NOT LIKE '\\_rosey%' ESCAPE '\\' ORDER BY 1",
    "SELECT count(*) FROM pragma_foreign_key_check",
];

fn seen(database: &Database) -> Vec<Vec<Vec<String>>> {
    // For views and triggers only the words count, not the quotes around their names.
    let plain = |rows: Vec<Vec<String>>| rows.into_iter().map(|r| r.into_iter().map(|v| v.replace('"', "")).collect()).collect();
    SEEN.iter().map(|q| plain(database.rows(q))).collect()
}

/// A change of the inspected schema: its name, the text to replace, and the replacement.
const CHANGES: [(&str, &str, &str); 12] = [
    ("a default", "default=\"it's\"", "default=other"),
    ("a default under short rows", "column late text default=old", "column late text default=later"),
    ("a default that goes", "column late text default=old", "column late text"),
    ("NOT NULL", "column late text default=old", "column late text not-null default=old"),
    ("NOT NULL that goes", "\"varchar(40)\" not-null default", "\"varchar(40)\" default"),
    ("a type in one affinity", "\"varchar(40)\"", "text"),
    ("a type across affinities", "column late text default=old", "column late blob default=old"),
    ("a check that goes", "check known \"kind IN ('ab', 'c,)', 'd')\"", ""),
    ("a check that comes", "check known", "check longer \"length(name) < 100\"\n    check known"),
    ("a foreign key's action", "on-delete=set-null", "on-delete=cascade"),
    ("a column that comes", "column payload blob", "column payload blob\n    column fresh integer not-null default=5"),
    ("a column with a backfill", "column payload blob", "column payload blob\n    column filled text { backfill \"name || late\" }"),
];

fn changed(kdl: &str, old: &str, new: &str) -> String {
    assert_eq!(kdl.matches(old).count(), 1, "{old:?} stands once in:\n{kdl}");
    kdl.replace(old, new)
}

#[test]
fn everything_but_the_change_is_as_it_was() {
    for by in [SqlitePath::Cheapest, SqlitePath::Rebuild] {
        for (what, old, new) in CHANGES {
            let database = Database::from_sql(BEFORE);
            let kdl = database.inspect();
            let (before, schema) = (seen(&database), desired(&kdl).unwrap_or_else(|e| panic!("{e}")));
            assert!(database.plan(&schema).unwrap().is_empty(), "inspect's own KDL plans to nothing");
            let late = database.rows(r#"SELECT "order", late FROM "Ünï table" ORDER BY 1"#);
            let after = desired(&changed(&kdl, old, new)).unwrap_or_else(|e| panic!("{what}: {e}"));
            database.apply_by(&after, false, by).unwrap_or_else(|e| panic!("{what}, {by:?}: {e:?}"));
            assert!(database.plan(&after).unwrap().is_empty(), "{what}, {by:?}: a second plan is empty");
            assert_eq!(seen(&database), before, "{what}, {by:?}");
            assert_eq!(database.rows(r#"SELECT "order", late FROM "Ünï table" ORDER BY 1"#), late, "{what}, {by:?}: short rows");
            assert_eq!(database.value("PRAGMA integrity_check"), "ok", "{what}, {by:?}");
            database.apply_by(&schema, true, by).unwrap_or_else(|e| panic!("{what}, {by:?}, back: {e:?}"));
            assert!(database.plan(&schema).unwrap().is_empty(), "{what}, {by:?}: the way back");
            assert_eq!(seen(&database), before, "{what}, {by:?}, back");
        }
    }
}
