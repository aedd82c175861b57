//! The saved state of a PostgreSQL database: reproducible, also for a role that may only read, and sufficient
//! for a plan. A table that was saved as empty but has rows is reported.

use crate::support::applied::desired;
use crate::support::postgres::{Database, servers};
use crate::support::wait;
use rosey::apply::{self, Desired, EngineOptions, PlanOptions};
use rosey::engine::postgres::{self, Url, offline};
use rosey::plan::{Fact, State};
use rosey::schema::Normalized;

const WAIT: std::time::Duration = std::time::Duration::from_secs(5);
const SCHEMA: &str = "
schema side
table t {
    column id serial primary-key
    column kind text not-null prevent-destroy
    check \"kind IN ('a', 'b')\"
}
table empty { column n integer }
table shut schema=side { column n integer }
view v { as \"SELECT id, kind FROM t\" }
";

fn state(database: &Database, user: &str) -> State {
    let url = database.url().replace("postgres@", &format!("{user}@"));
    wait(apply::Database::server(Url::parse(&url).unwrap()).state()).unwrap_or_else(|e| panic!("{e:?}"))
}

/// Plans without the database, and without what its history recorded.
fn without(noted: &State, desired: &Normalized, online: bool) -> rosey::plan::Plan {
    let mut bare = noted.clone();
    (bare.recorded, bare.written) = (None, None);
    wait(apply::plan_offline(
        &bare,
        &Desired::from(desired.clone()),
        PlanOptions { engine: EngineOptions::default().online(online), ..PlanOptions::default() },
    ))
    .unwrap()
    .plan
}

fn of(facts: &[Fact], name: &str) -> Vec<String> {
    facts.iter().filter(|f| f.name == name).map(|f| f.args.join(".")).collect()
}

#[test]
fn a_state_is_noted_down_and_planned_from() {
    for server in servers() {
        let database = server.database();
        let wanted = desired(SCHEMA).unwrap();
        database.apply(&wanted, false).unwrap();
        database.sql(
            "INSERT INTO t (kind) VALUES ('a'); INSERT INTO side.shut VALUES (1); GRANT SELECT ON v TO pg_monitor; \
             DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
        );
        let noted = state(&database, "postgres");
        assert_eq!(noted.facts, state(&database, "postgres").facts);
        assert_eq!(of(&noted.facts, "holds-rows"), [".t", "side.shut"]);
        assert_eq!(of(&noted.facts, "guarded-column"), [".t.kind"]);
        assert_eq!(of(&noted.facts, "managed"), ["side"]);
        assert_eq!(of(&noted.facts, "reads").len(), 2, "{:?}", noted.facts);
        assert!(of(&noted.facts, "kept").iter().any(|k| k.contains("pg_monitor")));

        // A role that cannot read a table assumes that it has rows if it takes up space.
        let seen = state(&database, "reader");
        assert_eq!(of(&seen.facts, "holds-rows"), [".t", "side.shut"]);
        assert_eq!(seen.current, noted.current);

        // Guarded objects are not dropped, and a PostgreSQL schema that the file no longer names stays
        // managed.
        let less = desired("table t { column id serial primary-key }").unwrap();
        let plan = without(&noted, &less, false);
        let with = database.plan(&less, false).unwrap();
        let sql = |p: &rosey::plan::Plan| p.statements().map(|s| s.sql.clone()).collect::<Vec<_>>();
        assert_eq!(sql(&plan), sql(&with));
        assert!(plan.hazards().any(|h| h.text().contains("prevent-destroy")));
        database.sql("DROP OWNED BY reader; DROP ROLE reader");
    }
}

#[test]
fn rows_that_came_after_are_named() {
    for server in servers() {
        let database = server.database();
        database.apply(&desired(SCHEMA).unwrap(), false).unwrap();
        let noted = state(&database, "postgres");
        let stricter = desired(&SCHEMA.replace("table empty { column n integer }", "table empty { column n integer not-null }")).unwrap();
        let url = Url::parse(&database.url()).unwrap();
        let holding = offline::holding(&noted.facts);
        let file = without(&noted, &stricter, true);
        let heads =
            |p: &rosey::plan::Plan| p.statements().filter(|s| s.sql.contains("\"empty\"")).map(|s| s.sql.clone()).collect::<Vec<_>>();
        let (same, _, none) =
            wait(postgres::plan_from_recorded_state(&url, &stricter, &holding, PlanOptions { wait: WAIT, ..PlanOptions::default() }))
                .unwrap();
        assert!(none.is_empty() && heads(&same) == heads(&file));
        database.sql("INSERT INTO empty VALUES (1)");
        let (same, _, named) =
            wait(postgres::plan_from_recorded_state(&url, &stricter, &holding, PlanOptions { wait: WAIT, ..PlanOptions::default() }))
                .unwrap();
        assert_eq!(named.iter().map(ToString::to_string).collect::<Vec<_>>(), ["empty"]);
        assert_eq!(heads(&same), heads(&file));
        assert_ne!(heads(&database.plan(&stricter, true).unwrap()), heads(&file), "with rows, writers are not stopped");
    }
}
