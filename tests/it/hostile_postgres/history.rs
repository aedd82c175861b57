//! A relation with the name of rosey's history that could run code, or belongs to a role that is not trusted:
//! it is neither read nor written, and every command says what is wrong with it.

use std::process::Command;

use crate::support::postgres::{Database, servers};

/// What is wrong with the history: the SQL that causes it, the SQL that undoes that, and the message.
const FAULTS: [(&str, &str, &str); 12] = [
    (
        "CREATE TRIGGER t BEFORE INSERT ON _rosey_history FOR EACH ROW EXECUTE FUNCTION w.trigger()",
        "DROP TRIGGER t ON _rosey_history",
        "has the trigger t",
    ),
    ("CREATE RULE r AS ON INSERT TO _rosey_history DO ALSO SELECT w.spy('')", "DROP RULE r ON _rosey_history", "has the rule r"),
    ("CREATE POLICY p ON _rosey_history USING (w.spy(kind))", "DROP POLICY p ON _rosey_history", "has the policy p"),
    (
        "ALTER TABLE _rosey_history ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE _rosey_history DISABLE ROW LEVEL SECURITY",
        "has row-level security",
    ),
    (
        "ALTER TABLE _rosey_history ADD CONSTRAINT c CHECK (w.spy(kind))",
        "ALTER TABLE _rosey_history DROP CONSTRAINT c",
        "has the constraint c",
    ),
    (
        "ALTER TABLE _rosey_history ALTER host SET DEFAULT w.spy('')::text",
        "ALTER TABLE _rosey_history ALTER host DROP DEFAULT",
        "has a default or a generated column",
    ),
    (
        "ALTER TABLE _rosey_history ADD g boolean GENERATED ALWAYS AS (w.spy(kind)) STORED",
        "ALTER TABLE _rosey_history DROP g",
        "has a default or a generated column",
    ),
    ("ALTER TABLE _rosey_history ADD d w.checked", "ALTER TABLE _rosey_history DROP d", "has the column d of type w.checked"),
    ("CREATE INDEX i ON _rosey_history (w.spy(kind))", "DROP INDEX i", "has the index i with an expression"),
    ("CREATE INDEX i ON _rosey_history (kind) WHERE w.spy(kind)", "DROP INDEX i", "has the index i with an expression"),
    ("CREATE TABLE child () INHERITS (_rosey_history)", "DROP TABLE child", "has a child or parent table"),
    ("ALTER TABLE _rosey_history OWNER TO mallory", "ALTER TABLE _rosey_history OWNER TO postgres", "does not belong to the current role"),
];

const SET_UP: &str = "CREATE SCHEMA w; CREATE SEQUENCE w.calls; \
    CREATE FUNCTION w.spy(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('w.calls'); RETURN true; END $$; \
    CREATE FUNCTION w.trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('w.calls'); RETURN new; END $$; \
    CREATE DOMAIN w.checked AS text CHECK (w.spy(VALUE))";

/// Runs a command and returns its message if it fails.
fn refused(database: &Database<'_>, folder: &std::path::Path, command: &str) -> Option<String> {
    let mut rosey = Command::new(env!("CARGO_BIN_EXE_rosey"));
    let out = rosey.current_dir(folder).args(command.split(' ')).args(["--url", &database.url()]).output().unwrap();
    (!out.status.success()).then(|| String::from_utf8_lossy(&out.stderr).into_owned())
}

const COMMANDS: [&str; 10] = [
    "status",
    "history",
    "drift",
    "plan",
    "plan --counts none",
    "plan --format sql",
    "state pull",
    "apply --auto-approve",
    "rollback --auto-approve",
    "stamp --force",
];

#[test]
fn a_history_that_could_run_code_is_neither_read_nor_written() {
    for server in servers() {
        let database = server.database();
        server.sql("DO $$ BEGIN CREATE ROLE mallory; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        database.sql(SET_UP);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("schema.kdl"), "table a { column n integer; }\nignore w kind=schema\n").unwrap();
        assert_eq!(refused(&database, folder.path(), "apply --auto-approve"), None);
        std::fs::write(folder.path().join("schema.kdl"), "table a { column n integer; column m integer; }\nignore w kind=schema\n")
            .unwrap();
        for (wrong, right, told) in FAULTS {
            database.sql(wrong);
            database.sql("SELECT setval('w.calls', 1, false)");
            let is_last = told.starts_with("does not");
            for command in COMMANDS.iter().take(if is_last { COMMANDS.len() } else { 2 }) {
                let shown = refused(&database, folder.path(), command).unwrap_or_default();
                let wanted = format!("the table public._rosey_history {told}");
                assert!(shown.contains(&wanted), "{} {command}: {shown}\n{wanted}", server.version);
                assert!(!is_last || shown.contains("; its owner is mallory"), "{shown}");
            }
            assert_eq!(database.value("SELECT is_called FROM w.calls"), "f", "{} {wrong}", server.version);
            database.sql(right);
        }
        database.sql("ALTER TABLE _rosey_history OWNER TO mallory; GRANT CREATE ON SCHEMA public TO mallory");
        assert_eq!(refused(&database, folder.path(), "status"), None, "who owns the schema trusts this owner");
        database.sql("REVOKE CREATE ON SCHEMA public FROM mallory; GRANT CREATE ON SCHEMA public TO PUBLIC");
        assert!(refused(&database, folder.path(), "status").is_some(), "PUBLIC is everybody");
        database.sql("ALTER TABLE _rosey_history OWNER TO postgres");
        assert_eq!(refused(&database, folder.path(), "apply --auto-approve"), None);
    }
}

#[test]
fn a_view_with_the_name_of_the_history_is_not_read() {
    for server in servers() {
        let database = server.database();
        database.sql(SET_UP);
        database.sql("CREATE VIEW _rosey_history AS SELECT 1::bigint AS number, w.spy('')::text AS schema_after");
        database.sql("SELECT setval('w.calls', 1, false)");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("schema.kdl"), "table a { column n integer; }\nignore w kind=schema\n").unwrap();
        for command in COMMANDS {
            let shown = refused(&database, folder.path(), command).unwrap_or_default();
            assert!(shown.contains("the table public._rosey_history is a view; its owner is postgres"), "{command}: {shown}");
        }
        assert_eq!(database.value("SELECT is_called FROM w.calls"), "f", "{}", server.version);
    }
}
