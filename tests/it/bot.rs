//! The database of the bot: every value of v0.5.0 is in its place in v0.6.0, and the plans in `plans/` are up
//! to date.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::support::postgres::{self, Server};
use crate::support::{Database, applied, desired, project, wait};
use rosey::apply::rollback::{To, rollback_target};
use rosey::apply::{ApplyError, BackupMode, Desired, Options, PlanOptions, Silent};
use rosey::plan::{Kind, LossCause};
use rosey::render::{self, Style};
use rosey::schema::{Dialect, Normalized};

fn schema() -> Normalized {
    desired(&std::fs::read_to_string(project("schema.kdl")).unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

fn sql(name: &str) -> String {
    std::fs::read_to_string(project("tests/bot").join(name)).unwrap()
}

/// Returns a v0.5.0 database with all kinds of rows that a bot writes.
fn populated() -> Database {
    let database = Database::from_sql(&sql("v0.5.0.sqlite.sql"));
    database.run(
        "INSERT INTO user_stats VALUES ('Zoë', 1, 9, NULL, 7, NULL), ('O''Brien', 2, 8, 5, NULL, 3), ('quo\"te', 3, 7, 0, 0, 4);
         INSERT INTO user_actions (id, timestamp, username, action_type, details) VALUES (5, 1, 'Zoë', 'kick', NULL), (9, 2, 'x', 'ban', '{}');
         INSERT INTO channel_stats VALUES (1, NULL, 11, 57, 12, NULL);
         INSERT INTO user_count_history VALUES (1, 5, 3, 4), (7, 6, 0, 0);
         INSERT INTO recent_chat (id, timestamp, username, message) VALUES (1, 1, 'Zoë', 'hi'), (50, 2, 'x', 'bye'), (60, 3, 'x', 'gone');
         DELETE FROM recent_chat WHERE id = 60;
         INSERT INTO current_status (id, bot_name, bot_rank, bot_afk, current_chat_users, bot_connected, last_updated)
             VALUES (1, 'Rosey', 3.0, 1, 12, 1, 77);
         INSERT INTO outbound_messages VALUES (1, 1, 'a', 0, NULL, 0, NULL), (2, 2, 'b', 1, 3, 2, 'timeout'), (4, 3, 'c', NULL, NULL, NULL, 'x');
         INSERT INTO api_tokens VALUES ('tok-b', 'second', 1, NULL, 1), ('tok-a', 'first', 2, 5, 0), ('tok-c', NULL, 3, NULL, NULL);",
        true,
    );
    database
}

/// What v0.6.0 must contain: pairs of a query on the old database and one on the new, which return the same
/// rows.
const MOVED: [(&str, &str); 8] = [
    (
        "SELECT username, first_seen, last_seen, coalesce(total_chat_lines, 0), coalesce(total_time_connected, 0), current_session_start FROM user_stats",
        "SELECT username, first_seen, last_seen, total_chat_lines, total_time_connected, current_session_start FROM user_stats",
    ),
    (
        "SELECT rowid, id, timestamp, username, action_type, details FROM user_actions",
        "SELECT rowid, id, timestamp, username, action_type, details FROM user_actions",
    ),
    (
        "SELECT id, coalesce(max_users, 0), max_users_timestamp, max_connected, max_connected_timestamp, coalesce(last_updated, max_users_timestamp) FROM channel_stats",
        "SELECT id, max_users, max_users_timestamp, max_connected, max_connected_timestamp, last_updated FROM channel_stats",
    ),
    (
        "SELECT id, timestamp, chat_users, connected_users FROM user_count_history",
        "SELECT id, timestamp, chat_users, connected_users FROM user_count_history",
    ),
    ("SELECT id, timestamp, username, message FROM recent_chat", "SELECT id, timestamp, username, message FROM recent_chat"),
    (
        "SELECT id, bot_name, CAST(bot_rank AS INTEGER), bot_afk, channel_name, current_chat_users, current_connected_users, playlist_items, bot_connected, last_updated FROM current_status",
        "SELECT id, bot_name, bot_rank, bot_afk, channel_name, current_chat_users, current_connected_users, playlist_items, bot_connected, last_updated FROM current_status",
    ),
    (
        "SELECT id, timestamp, message, coalesce(sent, 0) <> 0, sent_timestamp, coalesce(retry_count, 0), last_error FROM outbound_messages",
        "SELECT id, timestamp, message, sent, sent_timestamp, retry_count, error_message FROM outbound_messages",
    ),
    (
        "SELECT rowid, token, description, created_at, last_used, coalesce(revoked, 0) = 0 FROM api_tokens",
        "SELECT id, token, description, created_at, last_used, is_active FROM api_tokens",
    ),
];

fn quoted(query: &str) -> String {
    let (columns, from) = query.strip_prefix("SELECT ").unwrap().rsplit_once(" FROM ").unwrap();
    let mut depth = 0;
    let parts = columns.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    let list: Vec<String> = parts.map(|p| format!("quote({})", p.trim())).collect();
    format!("SELECT {} FROM {from} ORDER BY 1, 2", list.join(", "))
}

#[test]
fn v0_5_0_moves_to_v0_6_0_without_losing_a_value() {
    let database = populated();
    let before: Vec<_> = MOVED.iter().map(|(old, _)| database.rows(&quoted(old))).collect();
    database.apply(&schema(), true).unwrap_or_else(|e| panic!("{e:?}"));
    for ((_, new), before) in MOVED.iter().zip(before) {
        assert_eq!(database.rows(&quoted(new)), before, "{new}");
    }
    assert_eq!(database.value("PRAGMA integrity_check"), "ok");
    assert!(database.rows("PRAGMA foreign_key_check").is_empty());
    assert!(database.plan(&schema()).unwrap().is_empty());
}

/// Everything except the values for which v0.6.0 has no column, and a rollback that knows the renames.
#[test]
fn v0_6_0_goes_back_to_v0_5_0_and_keeps_every_error() {
    let database = populated();
    let errors = "SELECT id, message, last_error FROM outbound_messages";
    let (before, found) = (database.rows(&quoted(errors)), database.inspect());
    database.apply(&schema(), true).unwrap_or_else(|e| panic!("{e:?}"));
    database.run("INSERT INTO outbound_messages (timestamp, message, error_message) VALUES (9, 'new', 'since')", true);
    let live = database.live();
    let target = rollback_target(&wait(live.history()).unwrap(), To::Base, Dialect::Sqlite).unwrap();
    let back = Desired::new(target.desired.clone(), Dialect::Sqlite).unwrap();
    let plan = wait(live.plan(&back, PlanOptions::default())).unwrap().plan;
    let lost: Vec<String> = target.lost(&plan).into_iter().map(|l| l.address.to_string()).collect();
    let dropped = target.lost(&plan).into_iter().filter(|l| l.cause == LossCause::Dropped).map(|l| l.address.to_string());
    assert_eq!(dropped.collect::<Vec<_>>(), ["table.api_tokens.column.revoked"]);
    assert!(lost.contains(&"table.user_stats.column.total_chat_lines".to_owned()), "0 stands where NULL was: {lost:?}");
    let options =
        Options { allow_destructive: true, backup: BackupMode::Never, kind: Kind::Rollback, back_to: Some(0), ..Options::default() };
    wait(live.apply(back.normalized(), &plan, &options, Arc::default(), &mut Silent)).unwrap_or_else(|e| panic!("{e:?}"));
    let after = database.rows(&quoted(errors));
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.last().unwrap().last().unwrap(), "'since'");
    assert!(database.plan(&desired(&found).unwrap()).unwrap().is_empty(), "it is v0.5.0's schema");
    assert!(wait(live.plan(&back, PlanOptions::default())).unwrap().plan.is_empty(), "its rules have the names that they had, or none");
    assert_eq!(wait(live.drift()).unwrap(), None);
}

#[test]
fn the_one_column_that_goes_needs_leave_and_is_counted() {
    let database = populated();
    let before = database.bytes();
    let Err(ApplyError::Blocked(hazards)) = database.apply(&schema(), false) else { panic!("revoked goes") };
    let texts: Vec<String> = hazards.iter().map(|h| h.text()).collect();
    assert_eq!(texts, ["drops column revoked (2 non-null values)"]);
    assert_eq!(database.bytes(), before, "the file is bit for bit as it was");
}

#[test]
fn without_its_backfill_a_null_counter_stops_the_change() {
    let text = std::fs::read_to_string(project("schema.kdl")).unwrap();
    let (head, tail) = text.split_at(text.find("column total_chat_lines").unwrap());
    let without = format!("{head}{}", tail.replacen("backfill \"0\"", "", 1));
    let database = populated();
    let before = database.bytes();
    let Err(ApplyError::Blocked(hazards)) = database.apply(&desired(&without).unwrap(), true) else { panic!("one is NULL") };
    let texts: Vec<String> = hazards.iter().map(|h| h.text()).collect();
    assert_eq!(texts, ["`total_chat_lines` is NULL in 1 of 3 rows"]);
    assert_eq!(database.bytes(), before);
}

#[test]
fn what_the_orm_makes_of_v0_6_0_plans_to_nothing() {
    let database = Database::from_sql(&sql("v0.6.0.sqlite.sql"));
    let plan = database.plan(&schema()).unwrap();
    assert!(plan.is_empty(), "{}", render::text(&plan, "schema.kdl", Style::default()));
}

#[test]
fn what_rosey_makes_from_nothing_plans_to_nothing_and_equals_the_orms() {
    let database = Database::new();
    database.apply(&schema(), false).unwrap();
    assert!(database.plan(&schema()).unwrap().is_empty());
    let own = desired(&Database::from_sql(&sql("v0.6.0.sqlite.sql")).inspect()).unwrap();
    let plan = database.plan(&own).unwrap();
    assert!(plan.is_empty(), "{}", render::text(&plan, "the ORM's", Style::default()));
}

/// Saves the plan from a database to the schema of the project, as users do.
fn save(url: &str, message: &str, to: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rosey"));
    command.args(["plan", "--url", url, "-m", message, "--out"]).arg(to).current_dir(project("."));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Compares a kept plan with the one made now. `UPDATE_PLANS=1 cargo test --test it bot::` updates it.
fn is_kept(url: &str, message: &str, name: &str) {
    let path = project("plans").join(name);
    if std::env::var_os("UPDATE_PLANS").is_some() {
        save(url, message, &path);
    }
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.plan.kdl");
    save(url, message, &made);
    let (kept, made) = (std::fs::read_to_string(&path).unwrap_or_default(), std::fs::read_to_string(made).unwrap());
    assert!(kept == made, "{} no longer follows from schema.kdl: UPDATE_PLANS=1 cargo test --test it bot::", path.display());
}

#[test]
fn the_kept_plans_follow_from_the_schema() {
    let path = |database: &Database| database.path.display().to_string();
    is_kept(&path(&Database::new()), "v0.6.0 from nothing", "sqlite/0001-from-empty.plan.kdl");
    let old = Database::from_sql(&sql("v0.5.0.sqlite.sql"));
    is_kept(&path(&old), "v0.5.0 to v0.6.0", "sqlite/0001-from-v0.5.0.plan.kdl");
    if let Some(server) = Server::shared(15) {
        is_kept(&server.database().url(), "v0.6.0 from nothing", "postgres/0001-from-empty.plan.kdl");
    }
}

/// Applies the kept plans in a folder, and returns the output.
fn apply_kept(url: &str, folder: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rosey"));
    command.args(["apply", folder, "--url", url, "--auto-approve", "--allow-destructive"]).current_dir(project("."));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_kept_plans_lead_to_the_schema_from_where_a_database_is() {
    for database in [Database::new(), populated()] {
        let url = database.path.display().to_string();
        let first = apply_kept(&url, "plans/sqlite");
        assert_eq!(first.matches("Apply complete").count(), 1, "{first}");
        assert!(database.plan(&schema()).unwrap().is_empty());
        assert!(apply_kept(&url, "plans").starts_with("No changes."));
    }
    for server in postgres::servers() {
        let database = server.database();
        assert_eq!(apply_kept(&database.url(), "plans/postgres").matches("Apply complete").count(), 1);
        assert!(apply_kept(&database.url(), "plans/postgres").starts_with("No changes."));
    }
}

fn for_postgres() -> Normalized {
    applied::desired(&std::fs::read_to_string(project("schema.kdl")).unwrap()).unwrap_or_else(|e| panic!("{e}"))
}

/// Returns the statements of a dump, sorted, with the lines of tables sorted too: their order has no meaning.
/// rosey's own table is left out.
fn dumped(server: &Server, database: &postgres::Database) -> Option<Vec<String>> {
    let mut command = std::process::Command::new(server.tool("pg_dump")?);
    let out = command.args(["--schema-only", "--exclude-table=_rosey_history", &database.url()]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let is_said = |l: &&str| !l.is_empty() && !l.starts_with("--") && !l.starts_with('\\');
    let lines: Vec<&str> = text.lines().filter(is_said).collect();
    let sorted = |statement: &str| {
        let mut lines: Vec<&str> = statement.lines().map(|l| l.trim().trim_end_matches(',')).filter(|l| !l.is_empty()).collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    let mut statements: Vec<String> = lines.join("\n").split(";\n").map(sorted).collect();
    statements.sort();
    Some(statements)
}

#[test]
fn what_the_orm_makes_of_v0_6_0_on_postgresql_plans_to_nothing() {
    for server in postgres::servers() {
        let database = server.database();
        database.sql(&sql("v0.6.0.postgres.sql"));
        assert_eq!(database.left(&for_postgres(), true), "", "PostgreSQL {}", server.version);
    }
}

#[test]
fn what_rosey_makes_on_postgresql_is_what_the_orm_makes() {
    for server in postgres::servers() {
        let (orms, own) = (server.database(), server.database());
        orms.sql(&sql("v0.6.0.postgres.sql"));
        own.apply(&for_postgres(), true).unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(own.left(&for_postgres(), true), "", "PostgreSQL {}", server.version);
        if let (Some(orms), Some(own)) = (dumped(server, &orms), dumped(server, &own)) {
            assert!(orms.len() > 50, "{orms:#?}");
            assert_eq!(own, orms, "PostgreSQL {}", server.version);
        }
    }
}

/// The output of `rosey inspect` on SQLite can be applied to PostgreSQL, after which nothing is left to plan.
#[test]
fn the_bot_moves_over_to_postgresql() {
    let kdl = Database::from_sql(&sql("v0.6.0.sqlite.sql")).inspect();
    let moved = applied::desired(&kdl).unwrap_or_else(|e| panic!("{e}"));
    for server in postgres::servers() {
        let database = server.database();
        database.apply(&moved, true).unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(database.left(&moved, true), "", "PostgreSQL {}", server.version);
    }
}
