//! Alembic's commands, one by one, with their counterparts: the table in the README as a session, on both
//! databases.

use insta::assert_snapshot;

use super::Place;
use super::transcript::Session;
use crate::support;

const ONE: &str = "table users {\n    column id serial primary-key\n    column name text not-null\n}\n";
const TWO: &str =
    "table users {\n    column id serial primary-key\n    column full_name text not-null was=name\n    column email text unique\n}\n";

const LIVE: &str = "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY); \
    INSERT INTO alembic_version VALUES ('ab12cd34'); CREATE TABLE notes (id integer NOT NULL PRIMARY KEY, body text NOT NULL); \
    INSERT INTO notes VALUES (1, 'kept')";

/// Runs `work` on each database and version of the servers, with its name.
pub(super) fn everywhere(work: impl Fn(&str, Session, &dyn Fn(&str) -> String)) {
    let place = Place::new();
    let path = place.database.path.clone();
    let sqlite = move |sql: &str| at(&path, sql);
    work("SQLite", Session::on_sqlite(place), &sqlite);
    for server in support::postgres::servers() {
        let database = server.database();
        let run = |sql: &str| database.value(sql);
        work(&format!("PostgreSQL {}", server.version), Session::on_postgres(Place::new(), database.url()), &run);
    }
}

/// Returns the first value that a script returns on a SQLite file.
fn at(path: &std::path::Path, sql: &str) -> String {
    support::wait(async {
        use sqlx::{Connection as _, Row as _};
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.first().map(|r| r.get_unchecked::<String, _>(0)).unwrap_or_default()
    })
}

/// Compares with the output on SQLite; `differs` knows where servers print something else.
fn alike(run: &super::Run, wanted: &str, on: &str) {
    let shown = format!("{run}");
    for part in wanted.lines() {
        assert!(shown.contains(part), "{on}: no `{part}` in\n{run}");
    }
}

#[test]
fn a_life_with_alembics_commands() {
    everywhere(|on, s, value| {
        let rosey = |line: &str| s.rosey(&line.split(' ').collect::<Vec<_>>());
        s.place.write("schema.kdl", ONE);
        if on == "SQLite" {
            value("SELECT 1");
        }
        // revision --autogenerate
        alike(&rosey("plan").exits(0), "+ table users {\nPlan: 1 to add, 0 to change, 0 to destroy.", on);
        // current, history
        alike(&rosey("current").exits(0), "Nothing applied: rosey has no history in this database.", on);
        alike(&rosey("history").exits(0), "The history is empty", on);
        // upgrade head
        alike(&rosey("apply --auto-approve -m users").exits(0), "Apply complete (version 1): 1 added, 0 changed, 0 destroyed.", on);
        value("INSERT INTO users (name) VALUES ('ann')");
        // check
        rosey("plan --detailed-exitcode").exits(0);
        s.place.write("schema.kdl", TWO);
        rosey("plan --detailed-exitcode").exits(2);
        // upgrade head, again
        alike(&rosey("apply --auto-approve -m emails").exits(0), "Apply complete (version 2): 0 added, 1 changed, 0 destroyed", on);
        alike(
            &rosey("current").exits(0),
            "Version 2: apply, TIME by ada@host\nemails\nNo drift: the database matches the recorded schema.",
            on,
        );
        alike(&rosey("history").exits(0), "1  TIME  apply  ada@host  users\n2  TIME  apply  ada@host  emails", on);
        // downgrade -1
        let back = "rollback -1 --auto-approve --allow-destructive --backup never -m back";
        alike(&rosey(back).exits(0), "Rolling back to version 1 (undoes 2)\nwas full_name\nRollback complete (version 3)", on);
        assert_eq!(value("SELECT name FROM users"), "ann", "{on}");
        alike(
            &rosey("history").exits(0),
            "2  TIME  apply  ada@host  (undone) emails\n3  TIME  rollback  ada@host  (back to version 1) back",
            on,
        );
        alike(&rosey("current").exits(0), "The schema is that of version 1.", on);
        // what others do
        value("ALTER TABLE users ADD COLUMN by_hand integer");
        alike(
            &rosey("drift").exits(2),
            "# table.users changed\n+     column by_hand\nDrift since version 3: 0 added, 1 changed, 0 destroyed.",
            on,
        );
        alike(&rosey("status").exits(0), "Drift: changed outside rosey: table.users.", on);
        // stamp head
        alike(&rosey("stamp").exits(3), "the database differs from the schema in table.users; nothing was recorded", on);
        rosey("inspect --write").exits(0);
        alike(&rosey("stamp -m taken").exits(0), "Stamped (version 4)", on);
        rosey("drift").exits(0);
        rosey("plan --detailed-exitcode").exits(0);
        // downgrade base
        let base = "rollback --to base --auto-approve --allow-destructive --backup never -q";
        alike(&rosey(base).exits(0), "Rollback complete (version 5): 0 added, 0 changed, 1 destroyed", on);
        assert!(!rosey("inspect").exits(0).out.contains("table"), "{on}");
        // upgrade head once more: the file still declares it
        rosey("apply --auto-approve -q").exits(0);
        rosey("plan --detailed-exitcode").exits(0);
    });
}

#[test]
fn alembics_own_database_is_adopted_and_its_table_stays() {
    everywhere(|on, s, value| {
        value(LIVE);
        let init = s.rosey(&["init", "--auto-approve", "-m", "from alembic"]).exits(0);
        alike(&init, "Verified: it matches the database.\nthis database was also managed by Alembic\nStamped (version 1)", on);
        alike(&s.rosey(&["current"]).exits(0), "Version 1: stamp\nNo drift\nthis database was also managed by Alembic", on);
        let schema = s.place.read("schema.kdl");
        assert!(schema.contains("table notes") && !schema.contains("alembic"), "{on}: {schema}");
        s.place.write("schema.kdl", schema.replace("column body text not-null", "column text text not-null was=body"));
        s.rosey(&["apply", "--auto-approve", "-q"]).exits(0);
        assert_eq!(value("SELECT text FROM notes"), "kept", "{on}");
        s.rosey(&["rollback", "--to", "base", "--auto-approve", "-q"]).exits(0);
        assert_eq!(value("SELECT body FROM notes"), "kept", "{on}");
        assert_eq!(value("SELECT version_num FROM alembic_version"), "ab12cd34", "{on}");
    });
}

#[test]
fn who_may_only_read_sees_where_the_database_is() {
    for server in support::postgres::servers() {
        let database = server.database();
        let s = Session::on_postgres(Place::with(ONE), database.url());
        s.quietly(&["apply --auto-approve -q"]);
        database.sql("ALTER TABLE users ADD COLUMN by_hand integer");
        let role = format!("reader_{}", database.name);
        server.sql(&format!("CREATE ROLE {role} LOGIN"));
        database.sql(&format!(
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC",
            database.name
        ));
        let reader = Session::on_postgres(Place::with(ONE), database.url().replace("postgres@", &format!("{role}@")));
        alike(&reader.rosey(&["status"]).exits(0), "Version 1: apply\ntable.users. Run rosey drift for details.", "a reader");
        reader.rosey(&["history", "--verbose"]).exits(0);
        reader.rosey(&["drift"]).exits(2);
        reader.rosey(&["plan", "--to", "1"]).exits(0);
        let refused = reader.rosey(&["stamp", "--force"]);
        assert_ne!(refused.code, Some(0), "{refused}");
        database.sql(&format!("DROP OWNED BY {role}"));
    }
}

#[test]
fn an_apply_that_is_not_finished_is_said_to_be() {
    for server in support::postgres::servers().into_iter().take(1) {
        let database = server.database();
        let s = Session::on_postgres(Place::with(ONE), database.url());
        s.quietly(&["apply --auto-approve -q"]);
        database.sql("UPDATE _rosey_history SET outcome = 'running'");
        assert_snapshot!(s.run(&["status", "drift", "history"]), @"
        $ rosey status
        Version 1: apply, TIME by ada@host
        It is not finished: steps after its transaction are left. Run rosey apply to finish them.
        exit 0
        $ rosey drift
        | error: version 1 is not finished, so the database cannot be compared with it
        |   help: run rosey apply to finish it
        exit 1
        $ rosey history
        1  TIME  apply  ada@host  (not finished)
        exit 0
        ");
    }
}
