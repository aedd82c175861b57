//! Databases that no schema file can describe: bytes that are not UTF-8, functions of the application that
//! created the file, and what the schema ignores around a table that changes.

use crate::support::{Database, desired, wait};
use rosey::apply::{ApplyError, SqlitePath};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

/// Runs SQL that is not UTF-8: each `é` of the script becomes the single byte of Latin-1.
fn latin(database: &Database, script: &str) {
    wait(async {
        let mut c =
            SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&database.path).create_if_missing(true)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&mut c).await.unwrap();
        sqlx::raw_sql(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = CAST(replace(CAST(sql AS BLOB), x'c3a9', x'e9') AS TEXT) \
             WHERE sql LIKE '%é%'; PRAGMA writable_schema = RESET",
        )
        .execute(&mut c)
        .await
        .unwrap();
        c.close().await.unwrap();
    });
}

fn stored(database: &Database) -> Vec<Vec<String>> {
    database.rows("SELECT type, name, hex(sql) FROM sqlite_schema ORDER BY rowid")
}

/// Returns the text of a refusal, which must leave the database unchanged.
fn refused(database: &Database, kdl: &str) -> String {
    let before = stored(database);
    let mut text = String::new();
    for by in [SqlitePath::Cheapest, SqlitePath::Rebuild] {
        text = match database.apply_by(&desired(kdl).unwrap(), true, by) {
            Err(ApplyError::Blocked(hazards)) => hazards.iter().map(|h| format!("{} {}\n", h.code.name(), h.text())).collect(),
            other => panic!("{by:?}: not refused: {other:?}"),
        };
        assert_eq!(stored(database), before);
    }
    text
}

const T: &str = "table t { column id serial primary-key; column a text; column c INT default=5 }";

#[test]
fn what_is_not_utf8_is_not_lost() {
    for (object, what) in [
        ("CREATE UNIQUE INDEX ux ON t(a) /* é */", "index.ux"),
        ("CREATE TRIGGER tr AFTER DELETE ON t BEGIN SELECT 'é'; END", "trigger.tr"),
        ("CREATE VIEW v AS SELECT a AS 'é' FROM t", "view.v"),
        ("CREATE TABLE o(x); CREATE TRIGGER elsewhere AFTER INSERT ON o BEGIN UPDATE t SET a = 'é'; END", "trigger.elsewhere"),
    ] {
        let database = Database::new();
        latin(&database, &format!("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, c INT DEFAULT 5); {object};"));
        let other = if object.contains("TABLE o") { "\ntable o { column x \"\" }" } else { "" };
        assert!(database.inspect().contains("reason=\"its definition is not valid UTF-8\""), "{}", database.inspect());
        assert!(database.plan(&desired(&database.inspect()).unwrap()).unwrap().is_empty());
        let text = refused(&database, &(T.replace("column a text", "column a blob") + other));
        assert!(text.contains(&format!("not-supported not supported: {what} ")), "{text}");
        // A change that does not affect it is made.
        let more = T.replace("default=5", "default=5; column d text") + other;
        database.apply(&desired(&more).unwrap(), false).unwrap();
        assert_eq!(database.value("PRAGMA integrity_check"), "ok");
        assert_eq!(database.value("SELECT count(*) FROM sqlite_schema WHERE hex(sql) LIKE '%E9%'"), "1");
    }
}

#[test]
fn a_trigger_that_is_not_utf8_does_not_fire() {
    let database = Database::new();
    latin(
        &database,
        "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, 'x'); ALTER TABLE t ADD COLUMN c INT DEFAULT 5;
         CREATE TRIGGER tr AFTER UPDATE ON t BEGIN UPDATE t SET a = 'é'; END;",
    );
    assert!(refused(&database, &T.replace("default=5", "default=7")).contains("trigger.tr"));
    assert_eq!(database.value("SELECT a FROM t"), "x");
}

#[test]
fn a_table_that_cannot_be_read_is_there() {
    let database = Database::new();
    latin(
        &database,
        "CREATE TABLE t(id INTEGER PRIMARY KEY /* é */, a TEXT); CREATE TABLE u(a INT, CONSTRAINT x CONSTRAINT y CHECK (a > 0));",
    );
    let text = refused(&database, "table t { column id serial primary-key; column a text }\ntable u { column a INT }");
    assert!(text.contains("table t exists but cannot be read: its definition is not valid UTF-8"), "{text}");
    assert!(text.contains("table u exists but cannot be read"), "{text}");
}

#[test]
fn a_declared_type_that_is_none_is_left_alone() {
    let database = Database::from_sql("CREATE TABLE odd(a \"not null\")");
    assert!(database.inspect().contains("column a is declared with type `not null`"), "{}", database.inspect());
    assert!(database.plan(&desired(&database.inspect()).unwrap()).unwrap().is_empty());
}

/// Creates an index that uses an application-defined function. SQLite reads such a schema without the function.
fn with_own_function(definition: &str) -> Database {
    let database = Database::from_sql(&format!("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, c INT DEFAULT 5); {definition};"));
    database.run(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'lower', 'fold'); PRAGMA writable_schema = RESET",
        false,
    );
    database
}

#[test]
fn an_index_over_a_function_of_its_program_is_named() {
    let database = with_own_function("CREATE INDEX my_i ON t(lower(a))");
    let declared = T.replace("default=5 }", "default=6; index my_i { part (sql)\"fold(a)\" } }");
    let text = refused(&database, &declared);
    assert!(text.contains("index.my_i uses something that only its own application provides (no such function: fold)"), "{text}");
    // An ignored index only prevents writing rows.
    let ignored = format!("ignore \"my_*\"\n{}", T.replace("default=5", "default=5; column d text"));
    database.apply(&desired(&ignored).unwrap(), false).unwrap();
    assert!(refused(&database, &ignored.replace("column a text", "column a blob")).contains("index.my_i"));
}

#[test]
fn what_points_to_a_table_is_looked_at_whoever_manages_it() {
    let database = Database::from_sql(
        "CREATE TABLE p(id INTEGER PRIMARY KEY, code TEXT UNIQUE); CREATE TABLE my_c(x TEXT REFERENCES p(code));
         INSERT INTO p VALUES (1, 'a'); INSERT INTO my_c VALUES ('a');",
    );
    let text = refused(&database, "ignore \"my_*\"\ntable p { column id serial primary-key; column code text }");
    assert!(text.contains("breaks-ignored"), "{text}");
    assert!(refused(&database, "ignore \"my_*\"\ntable q { column id serial primary-key }").contains("breaks-ignored"));
}

/// Checks that it is refused at the end, and rolled back.
fn rolled_back(sql: &str, kdl: &str, wanted: &str) {
    for by in [SqlitePath::Cheapest, SqlitePath::Rebuild] {
        let database = Database::from_sql(sql);
        let before = stored(&database);
        match database.apply_by(&desired(kdl).unwrap(), true, by) {
            Err(error @ ApplyError::BrokenReferences(_)) => {
                assert!(error.is_refusal() && error.to_string().contains(wanted), "{error}");
            }
            other => panic!("{by:?}: not rolled back: {other:?}"),
        }
        assert_eq!(stored(&database), before);
    }
}

#[test]
fn one_row_mended_does_not_hide_one_that_breaks() {
    let kdl = "table p { column code \"varchar(9)\" primary-key nullable { using \"upper(code)\" } }\n";
    rolled_back(
        "CREATE TABLE p(code TEXT PRIMARY KEY); INSERT INTO p VALUES ('a'); CREATE TABLE c(x TEXT REFERENCES p(code)); INSERT INTO c VALUES ('a'), ('A');",
        &format!("{kdl}table c {{ column x text references=\"p(code)\" }}"),
        "rows of c would reference missing rows",
    );
    rolled_back(
        "CREATE TABLE p(code TEXT PRIMARY KEY); INSERT INTO p VALUES ('a'); CREATE TABLE c(x TEXT REFERENCES p(code)); INSERT INTO c VALUES ('a');",
        &format!("{kdl}table d was=c {{ column x text references=\"p(code)\" }}"),
        "rows of d would reference missing rows",
    );
}

#[test]
fn short_rows_are_written_out_whatever_the_conditions_say() {
    let database = Database::from_sql(
        "CREATE TABLE sensors (id INTEGER PRIMARY KEY, level INT); INSERT INTO sensors VALUES (1, 0), (2, 3);
         ALTER TABLE sensors ADD COLUMN mode TEXT DEFAULT 'old'; PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'level INT', 'level INT CHECK (level > 0 AND mode <> ''old'')') WHERE name = 'sensors';
         PRAGMA writable_schema = RESET",
    );
    let after = desired("table sensors { column id serial primary-key; column level INT; column mode text default=new }").unwrap();
    database.apply(&after, false).unwrap();
    assert_eq!(database.rows("SELECT level, mode FROM sensors ORDER BY id"), [["0", "old"], ["3", "old"]]);
    assert_eq!(database.value("PRAGMA integrity_check"), "ok");
}

/// Existing broken references do not hide new ones: of another key over the same columns, of a table without
/// rowids, of a table with a foreign key that references no key.
#[test]
fn what_is_broken_already_hides_nothing() {
    let parent =
        "CREATE TABLE p(id INTEGER PRIMARY KEY, code TEXT UNIQUE, other TEXT UNIQUE); INSERT INTO p VALUES (1, 'a', 'x'), (2, 'b', 'A');";
    for child in [
        "CREATE TABLE c(x TEXT REFERENCES p(code) REFERENCES p(other)); INSERT INTO c VALUES ('a');",
        "CREATE TABLE c(k TEXT PRIMARY KEY, x TEXT REFERENCES p(code)) WITHOUT ROWID; INSERT INTO c VALUES ('1', 'a'), ('2', 'A');",
        "CREATE TABLE c(y TEXT REFERENCES c(x), x TEXT REFERENCES p(code)); INSERT INTO c VALUES ('n', 'a');",
    ] {
        let database = Database::from_sql(&format!("{parent} {child}"));
        let changed = "ignore c\ntable p { column id serial primary-key; column code \"varchar(9)\" { using \"upper(code)\" }; column other text; \
                       unique code; unique other }";
        match database.apply(&desired(changed).unwrap(), true) {
            Err(ApplyError::BrokenReferences(_)) => {}
            other => panic!("{child}: {other:?}"),
        }
    }
}

#[test]
fn values_longer_than_a_count_makes_are_counted_where_the_database_holds_them() {
    let database = Database::from_sql("CREATE TABLE t (a TEXT, b TEXT); INSERT INTO t VALUES (printf('%*d', 70000000, 1), NULL)");
    let schema = "table t { column a text; column b text; column x text not-null { backfill \"nullif(a, a)\" }; }";
    let plan = database.plan(&desired(schema).unwrap()).unwrap();
    let told: Vec<String> = plan.hazards().map(|h| h.text()).collect();
    assert!(told.iter().any(|t| t.starts_with("`x` is NULL in 1 of 1 rows")), "{told:?}");
}
