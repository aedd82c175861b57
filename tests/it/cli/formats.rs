//! `rosey plan --format`: the formats for programs, and the script.

use insta::assert_snapshot;
use serde_json::Value;

use super::{Place, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE, USERS_WITH_AGE_AS_TEXT, USERS_WITHOUT_NAME};
use crate::support::shell;

fn json(place: &Place) -> Value {
    serde_json::from_str(&place.rosey(&["plan", "--url", "test.db", "--format", "json"]).exits(0).out).unwrap()
}

#[test]
fn json_has_a_version_and_says_what_text_says() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), (NULL)");
    place.write("schema.kdl", USERS_WITH_A_NAME);
    let plan = json(&place);
    assert_eq!(plan["format_version"], 1);
    assert_eq!((&plan["dialect"], &plan["creates_database"]), (&Value::from("sqlite"), &Value::from(false)));
    assert_snapshot!(plan["summary"], @r#"{"add":0,"change":1,"destroy":0,"rebuilt":0,"rows_copied":0}"#);
    assert_snapshot!(serde_json::to_string_pretty(&plan["changes"]).unwrap(), @r#"
    [
      {
        "action": "change",
        "address": "table.users",
        "costs": [],
        "hazards": [
          {
            "advice": "add a backfill to the column, or set a value in these rows first",
            "allowed": false,
            "code": "breaks-not-null",
            "level": "blocks",
            "text": "`name` is NULL in 1 of 2 rows"
          },
          {
            "advice": "update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps",
            "allowed": false,
            "code": "breaks-clients",
            "level": "warns",
            "text": "running applications that insert rows without `name` will fail"
          }
        ],
        "headline": "table.users will be changed in place (definition edit: name becomes NOT NULL)",
        "lines": [
          {
            "action": "change",
            "text": "column name   nullable -> not-null"
          }
        ]
      }
    ]
    "#);
    assert_eq!(plan["steps"][0]["address"], "table.users");
}

#[test]
fn json_of_no_changes_is_json_too() {
    let plan = json(&Place::having(USERS, ""));
    assert_eq!(
        (&plan["format_version"], &plan["changes"], &plan["steps"]),
        (&Value::from(1), &serde_json::json!([]), &serde_json::json!([]))
    );
}

#[test]
fn json_of_a_missing_database_says_so() {
    assert_eq!(json(&Place::with(USERS))["creates_database"], true);
}

#[test]
fn a_script_of_no_changes_is_empty() {
    let run = Place::having(USERS, "").rosey(&["plan", "--url", "test.db", "--format", "sql"]).exits(0);
    assert_eq!(run.out, "");
}

/// Runs the script of the plan in the sqlite3 shell, after which nothing is left to plan. If there is no
/// shell, rosey applies the plan.
#[test]
fn a_script_warns_of_what_is_blocked() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), ('bob')");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    assert_snapshot!(place.rosey(&["plan", "--url", "test.db", "--format", "sql"]), @r#"
    $ rosey plan --url test.db --format sql
    -- This plan destroys data:
    --   destroys-column: drops column name (2 non-null values)
    -- To allow it, delete the lines from here to `.exit 3`.
    .print "stopped: this plan destroys data; the top of the script says how to allow it; nothing was changed"
    .print "  destroys-column: drops column name (2 non-null values)"
    .exit 3

    .bail on
    -- Foreign keys are turned off outside the transaction: inside it, the pragma has no effect.
    PRAGMA foreign_keys = OFF;
    BEGIN IMMEDIATE;

    -- Stops if the schema is not the one that the plan was made for.
    CREATE TEMP TABLE "_rosey_check" (
        "start" CONSTRAINT "the schema is not the one that the plan was made for" CHECK ("start"),
        "known" CONSTRAINT "the history was written by a newer version of rosey" CHECK ("known"),
        "found" CONSTRAINT "rows violate the new schema" CHECK ("found" = 0),
        "of",
        "filled" CONSTRAINT "a backfilled column would still contain NULL" CHECK ("filled"),
        "kept" CONSTRAINT "rows would violate a foreign key" CHECK ("kept")
    );
    CREATE TEMP TABLE "_rosey_start" (type, name, tbl_name, sql);
    INSERT INTO temp."_rosey_start" VALUES
    ('table', 'users', 'users', 'CREATE TABLE "users" (
        "id" INTEGER PRIMARY KEY,
        "name" TEXT
    )');
    INSERT INTO temp."_rosey_check" ("start") SELECT NOT EXISTS (SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE sql IS NOT NULL AND lower(substr(tbl_name, 1, 6)) <> '_rosey' EXCEPT SELECT * FROM temp."_rosey_start") AND NOT EXISTS (SELECT * FROM temp."_rosey_start" EXCEPT SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE sql IS NOT NULL AND lower(substr(tbl_name, 1, 6)) <> '_rosey');
    DROP TABLE temp."_rosey_start";

    -- Stops if a newer version of rosey has written to the history.
    CREATE TABLE IF NOT EXISTS _rosey_history (
        number INTEGER PRIMARY KEY,
        format INTEGER NOT NULL,
        plan TEXT NOT NULL,
        kind TEXT NOT NULL,
        message TEXT,
        schema_before TEXT NOT NULL,
        schema_after TEXT NOT NULL,
        renames TEXT NOT NULL,
        sql TEXT NOT NULL,
        applied_at TEXT NOT NULL,
        applied_by TEXT,
        host TEXT,
        git_commit TEXT,
        duration_ms INTEGER NOT NULL,
        rows_copied INTEGER NOT NULL,
        rosey_version TEXT NOT NULL,
        server_version TEXT NOT NULL,
        outcome TEXT NOT NULL,
        backup TEXT,
        schema_written TEXT,
        back_to INTEGER,
        digest TEXT
    );
    INSERT INTO temp."_rosey_check" ("known") SELECT coalesce(max(format), 0) <= 2 FROM _rosey_history;

    -- table.users
    -- ! destroys-column BLOCKED: drops column name (2 non-null values)
    -- ! breaks-clients: running applications that use `name` will fail
    ALTER TABLE "users" DROP COLUMN "name";

    -- Records the apply in the history.
    INSERT INTO _rosey_history (number, format, plan, kind, message, schema_before, schema_after, renames, sql, applied_at, applied_by, host, git_commit, duration_ms, rows_copied, rosey_version, server_version, outcome, backup, schema_written, back_to, digest) VALUES ((SELECT coalesce(max(number), 0) + 1 FROM _rosey_history), 2, 'ac315b80af8c99b2e22877678bfed0087c64eef6ece98b384ed95d4ad6fc55d2', 'apply', NULL, 'table users {
        column id serial primary-key
        column name text
    }
    ', 'table users {
        column id serial primary-key
    }
    ', '', 'ALTER TABLE "users" DROP COLUMN "name";', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NULL, NULL, NULL, 0, 0, '0.1.0', 'SQLite ' || sqlite_version(), 'applied', NULL, NULL, NULL, NULL);
    DROP TABLE temp."_rosey_check";

    COMMIT;
    | database: test.db (from --url)
    exit 0
    "#);
}

/// Runs the script of the plan, in the sqlite3 shell if there is one, after which nothing is left to plan.
fn script_leads_there(place: &Place) {
    let script = place.rosey(&["plan", "--url", "test.db", "--format", "sql"]).exits(0).out;
    if shell::is_there() {
        shell::run(&place.path("test.db"), &script).unwrap_or_else(|e| panic!("{e}\n{script}"));
    } else {
        place.rosey(&["apply", "--url", "test.db", "--auto-approve"]).exits(0);
    }
    let run = place.rosey(&["plan", "--url", "test.db", "--detailed-exitcode"]).exits(0);
    assert!(run.out.contains("\nNo changes.") || run.out.starts_with("No changes."), "{run}");
}

#[test]
fn the_script_makes_a_database() {
    let place = Place::with(USERS);
    script_leads_there(&place);
}

#[test]
fn the_script_rebuilds_a_table_and_keeps_its_rows() {
    let place = Place::having(USERS_WITH_AGE, "INSERT INTO users (name, age) VALUES ('ann', 30), ('bob', NULL)");
    place.write("schema.kdl", USERS_WITH_AGE_AS_TEXT);
    script_leads_there(&place);
    assert_eq!(place.database.rows("SELECT id, name, quote(age) FROM users"), [["1", "ann", "'30'"], ["2", "bob", "NULL"]]);
}

#[test]
fn the_script_sets_a_new_rule() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann'), ('bob')");
    place.write("schema.kdl", USERS_WITH_A_NAME);
    script_leads_there(&place);
    assert_eq!(place.database.rows("SELECT id, name FROM users"), [["1", "ann"], ["2", "bob"]]);
}

#[test]
fn the_script_keeps_views_triggers_indexes_and_references() {
    let schema = r#"
table users {
    column id serial primary-key
    column name text
    index idx_name name where="name <> ';'"
}

table posts {
    column id serial primary-key
    column author integer references="users(id)" on-delete=cascade
}

view names {
    as """
        SELECT name FROM users -- all of them;
        """
}

trigger touch { as "AFTER INSERT ON users BEGIN UPDATE users SET name = ';' WHERE id = new.id AND name IS NULL; END" }
"#;
    let place = Place::with(schema);
    place.write("schema.kdl", schema.replace("-- all of them;\n", "\n"));
    script_leads_there(&place);
    place.database.run("INSERT INTO users (name) VALUES ('ann'), (NULL); INSERT INTO posts (author) VALUES (1), (2)", true);
    place.write("schema.kdl", schema.replace("-- all of them;\n", "\n").replace("name text", "name text not-null"));
    script_leads_there(&place);
    assert_eq!(place.database.value("SELECT group_concat(name) FROM names"), "ann,;");
    assert_eq!(place.database.value("SELECT count(*) FROM posts"), "2");
}

#[test]
fn a_comment_at_the_end_of_a_view_does_not_break_the_script() {
    let place = Place::with(&format!("{USERS}\nview names {{ as \"SELECT name FROM users -- all of them\" }}\n"));
    script_leads_there(&place);
}
