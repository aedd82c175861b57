//! Hostile schema files on real servers: whatever SQL they contain, a plan writes nothing, runs nothing that
//! is not known to be safe, ends in time and shows no value of a row in any format; nor does a failing apply.

mod constants;
mod event_triggers;
mod history;
mod limits;
mod samples;
mod search_path;

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::applied::desired;
use crate::support::planned;
use crate::support::postgres::{Database, servers};
use rosey::apply::{self, PlanOptions};
use rosey::engine::PlanError;
use rosey::engine::postgres::Url;
use rosey::kdl::Sources;
use rosey::plan::{Counts, Plan};
use rosey::render::{self, Declared, Style};
use rosey::schema::{Dialect, Schema};
use samples::{Expect, SAMPLES, Sample};

/// Part of every value of every row, and of no name.
const MARK: &str = "QZX";

/// How long a witness sleeps when it is called; a plan that takes that long has called one.
const SLEEP: Duration = Duration::from_millis(1_500);

/// The tables, and functions, operators and types that show when they are called: a sequence advances, and
/// time passes.
const SET_UP: &str = "
    CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL, secret text, born date, n integer);
    INSERT INTO users VALUES (1, 'QZX-ann', 'QZX-secret', '1990-01-01', 7), (2, 'QZX-bob', 'QZX-other', '1991-01-01', 8);
    CREATE SCHEMA w;
    CREATE TABLE w.vault (pin text); INSERT INTO w.vault VALUES ('QZX-1234');
    CREATE SEQUENCE w.witness;
    CREATE FUNCTION w.f(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
      PERFORM pg_sleep(1.5);
      BEGIN PERFORM nextval('w.witness'); EXCEPTION WHEN others THEN NULL; END;
      RETURN true; END $$;
    CREATE FUNCTION w.stable(t text) RETURNS text LANGUAGE sql STABLE AS 'SELECT CASE WHEN w.f(t) THEN t END';
    CREATE FUNCTION w.volatile(t text) RETURNS text LANGUAGE sql AS 'SELECT CASE WHEN w.f(t) THEN t END';
    CREATE FUNCTION w.lower(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN w.f(t) THEN t END';
    CREATE FUNCTION w.same(a text, b text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT w.f(a)';
    CREATE FUNCTION w.leak(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
      RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = t, DETAIL = t, HINT = t, CONSTRAINT = t; END $$;
    CREATE FUNCTION w.ends(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
      RAISE EXCEPTION USING ERRCODE = '57P01', MESSAGE = t; END $$;
    CREATE OPERATOR w.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = w.same);
    CREATE DOMAIN w.guarded AS text CHECK (w.f(VALUE));
    CREATE DOMAIN w.plain AS text CHECK (VALUE <> 'x');
    CREATE TYPE w.pair AS (a text, b w.guarded);
    CREATE TYPE w.mood AS ENUM ('good', 'bad');
    CREATE FUNCTION w.to_pair(t text) RETURNS w.pair LANGUAGE sql IMMUTABLE AS 'SELECT ROW(t, t)::w.pair WHERE w.f(t)';
    CREATE CAST (text AS w.pair) WITH FUNCTION w.to_pair(text);
    CREATE TYPE w.tone AS ENUM ('low', 'high');
    CREATE FUNCTION w.tone_json(t w.tone) RETURNS json LANGUAGE sql IMMUTABLE AS 'SELECT ''1''::json WHERE w.f(''tone'')';
    CREATE CAST (w.tone AS json) WITH FUNCTION w.tone_json(w.tone);
    CREATE TYPE w.grade AS ENUM ('a', 'b');
    CREATE FUNCTION w.grade_text(g w.grade) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''a'' WHERE w.f(''grade'')';
    CREATE CAST (w.grade AS text) WITH FUNCTION w.grade_text(w.grade);
    CREATE FUNCTION w.cmp(a money, b money) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT cash_cmp(a, b) WHERE w.f(''index'')';
    CREATE OPERATOR CLASS w.amounts FOR TYPE money USING btree AS OPERATOR 1 <, FUNCTION 1 w.cmp(money, money);
    CREATE TABLE w.parts (n money) PARTITION BY LIST (n w.amounts);
    CREATE TEXT SEARCH CONFIGURATION w.own (COPY = simple);
    CREATE AGGREGATE w.agg(text) (SFUNC = w.step, STYPE = text, INITCOND = '');
    CREATE VIEW w.peek AS SELECT pin FROM w.vault;
    CREATE MATERIALIZED VIEW w.seen AS SELECT pin FROM w.vault;";

const STEP: &str = "CREATE SCHEMA IF NOT EXISTS w; CREATE FUNCTION w.step(s text, t text) RETURNS text LANGUAGE sql IMMUTABLE AS \
                    'SELECT s || t'";

/// Returns the schema, without the line of a sample.
fn schema(sample: &Sample) -> String {
    let (name, line, beside) = sample.place();
    format!(
        "table users {{\n    column id integer primary-key\n    column name {name}\n    column secret text\n    column born date\n    \
         column n integer\n    {line}\n}}\n{beside}\n"
    )
}

fn set_up(database: &Database<'_>) {
    database.sql(STEP);
    database.sql(&SET_UP.replace("CREATE SCHEMA w;", ""));
}

/// Returns everything that a plan could have left behind.
fn state(database: &Database<'_>) -> Vec<Vec<String>> {
    database.rows(
        "SELECT (SELECT string_agg(oid::text || relname, ' ' ORDER BY oid) FROM pg_class WHERE relnamespace <> 99), \
         (SELECT string_agg(oid::text || proname, ' ' ORDER BY oid) FROM pg_proc WHERE oid > 16384), \
         (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_replication_slots), \
         (SELECT last_value || ' ' || is_called FROM w.witness), \
         (SELECT md5(string_agg(u::text, ' ' ORDER BY id)) FROM users u), \
         (SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE locktype = 'advisory' AND datname = current_database())",
    )
}

fn plan(database: &Database<'_>, text: &str, counts: Counts) -> Result<Plan, String> {
    let wanted = desired(text)?;
    let url = Url::parse(&database.url()).unwrap();
    match planned(&apply::Database::server(url), &wanted, PlanOptions { counts, ..PlanOptions::default() }) {
        Ok(plan) => Ok(plan),
        Err(PlanError::Schema { problems, .. }) => Err(format!("{problems:?}")),
        Err(other) => Err(other.to_string()),
    }
}

/// Returns a plan in every format.
fn formats(plan: &Plan, text: &str) -> String {
    let sources = Sources::from_text("schema.kdl", text);
    let schema: Schema = rosey::kdl::decode_all(&sources, Dialect::Postgres).0;
    let declared = || Declared { schema: &schema, sources: &sources, found: &[], provenance: None };
    let style = Style { colour: false, verbose: true };
    [
        render::text(plan, "schema.kdl", style),
        render::json(plan, "schema.kdl"),
        render::markdown(plan, "schema.kdl"),
        render::html(plan, "schema.kdl", &schema),
        render::sarif(plan, declared()),
        render::annotations(plan, "schema.kdl", declared()),
        render::for_reading(plan),
    ]
    .join("\n")
}

/// Returns whether the text shows a value of a row.
fn leaks(shown: &str) -> bool {
    shown.contains(MARK)
}

#[test]
fn a_plan_runs_nothing_that_is_not_known_to_be_safe() {
    for server in servers() {
        let database = server.database();
        set_up(&database);
        let before = state(&database);
        let mut wrong = Vec::new();
        for (n, sample) in SAMPLES.iter().enumerate() {
            let text = schema(sample);
            // `safe` evaluates part of what `full` does, and `none` nothing: a few samples are enough for
            // these.
            let evaluated = matches!(sample.expect, Expect::Counted(_) | Expect::Leak(_));
            let ways = [(Counts::Full, true), (Counts::Safe, evaluated || n % 8 == 0), (Counts::None, n % 8 == 0)];
            for counts in ways.into_iter().filter_map(|(counts, is_tried)| is_tried.then_some(counts)) {
                let began = Instant::now();
                let made = plan(&database, &text, counts);
                let took = began.elapsed();
                let shown = match &made {
                    Ok(plan) => formats(plan, &text),
                    Err(error) => error.clone(),
                };
                let mut complain = |what: &str| wrong.push(format!("{} {counts:?} {sample:?}: {what}", server.version));
                if leaks(&shown) {
                    complain("shows a value");
                }
                if took > SLEEP {
                    complain(&format!("took {took:?}"));
                }
                if counts == Counts::Full && !sample.expect.is_met(&made, &shown) {
                    complain(&format!(
                        "is not as expected:\n{}",
                        made.map(|p| render::text(&p, "s", Style::default())).unwrap_or_else(|e| e)
                    ));
                } else if counts == Counts::None && !matches!(sample.expect, Expect::Error) && shown.contains("of 2 rows") {
                    complain("is counted");
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
        assert_eq!(state(&database), before, "{}", server.version);
    }
}

#[test]
fn safe_counts_tell_no_numbers_and_read_no_other_table() {
    for server in servers() {
        let database = server.database();
        set_up(&database);
        let shown = |line: &'static str| {
            let sample = Sample { place: samples::Place::Line, sql: line, expect: Expect::Quiet };
            let text = schema(&sample);
            render::text(&plan(&database, &text, Counts::Safe).unwrap(), "schema.kdl", Style::default())
        };
        let some = shown("check \"name > 'QZX-b'\"").replace("name > 'QZX-b'", "");
        assert!(some.contains("BLOCKED: some rows violate") && !some.contains("1 of 2"), "{some}");
        assert!(!shown("check \"n > 0\"").contains("breaks-check"));
        for line in [
            "column x integer not-null { backfill \"(SELECT max(id) FROM users)\" }",
            "column x text not-null { backfill \"(SELECT pin FROM w.vault)\" }",
            "column x text not-null { backfill \"(TABLE w.vault)\" }",
            "column x boolean not-null { backfill \"n IN (VALUES (7), (8))\" }",
        ] {
            let told = shown(line);
            assert!(told.contains("not counted: ") && !told.contains("some rows"), "{line}: {told}");
        }
    }
}

#[test]
fn a_count_that_takes_too_long_is_ended() {
    let Some(server) = servers().into_iter().next_back() else { return };
    let database = server.database();
    set_up(&database);
    database.sql("INSERT INTO users SELECT i, 'n', 's', now(), i FROM generate_series(3, 3000) i");
    let endless = Sample {
        place: samples::Place::Line,
        sql: "column y integer not-null { backfill \"n + 1\" }\n    column x integer not-null { backfill \"(SELECT count(*)::int FROM users a, users b, users c WHERE a.n + b.n + c.n = users.n)\" }",
        expect: Expect::Quiet,
    };
    let began = Instant::now();
    let made = plan(&database, &schema(&endless), Counts::Full).unwrap();
    let text = render::text(&made, "schema.kdl", Style::default());
    assert!(text.contains("not counted: took longer than 10 s"), "{text}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn an_apply_that_fails_over_rows_tells_no_value() {
    let Some(server) = servers().into_iter().next_back() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for sample in SAMPLES.iter().filter(|s| matches!(s.expect, Expect::Leak(_))) {
        let database = server.database();
        set_up(&database);
        std::fs::write(folder.path().join("schema.kdl"), schema(sample)).unwrap();
        // The apply finds what the plan has found; with `none` the server is the first to find it.
        for counts in ["full", "none"] {
            let mut rosey = Command::new(env!("CARGO_BIN_EXE_rosey"));
            rosey.current_dir(folder.path()).args(["apply", "--auto-approve", "--backup", "never", "--counts", counts]);
            let out = rosey.args(["--url", &database.url()]).output().unwrap();
            let shown = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            if leaks(&shown) || out.status.success() {
                wrong.push(format!("{counts} {sample:?}: {}\n{shown}", out.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_role_plans_with_the_catalogs_alone() {
    for server in servers() {
        let database = server.database();
        set_up(&database);
        let name = database.value("SELECT current_database()");
        database.sql(&format!(
            "DROP ROLE IF EXISTS blind; CREATE ROLE blind LOGIN; REVOKE TEMP ON DATABASE \"{name}\" FROM PUBLIC; \
             DROP ROLE IF EXISTS looker; CREATE ROLE looker LOGIN; GRANT SELECT ON users TO looker; \
             ALTER TABLE w.vault ENABLE ROW LEVEL SECURITY; ALTER TABLE users ENABLE ROW LEVEL SECURITY"
        ));
        let text = schema(&Sample { place: samples::Place::Line, sql: "check \"n > 7\"", expect: Expect::Quiet });
        let wanted = desired(&text).unwrap();
        let as_role = |role: &str, counts| {
            let url = Url::parse(&database.url().replace("postgres@", &format!("{role}@"))).unwrap();
            let made = planned(&apply::Database::server(url), &wanted, PlanOptions { counts, ..PlanOptions::default() });
            let plan = made.unwrap_or_else(|e| panic!("{role} {counts:?}: {e:?}"));
            render::text(&plan, "schema.kdl", Style::default())
        };
        assert!(as_role("blind", Counts::None).contains("not counted: disabled by --counts none"));
        assert!(as_role("blind", Counts::Full).contains("not counted: "), "{}", as_role("blind", Counts::Full));
        // Without TEMP the server cannot be asked what an expression calls.
        assert!(as_role("looker", Counts::Full).contains("cannot create temporary views"), "{}", as_role("looker", Counts::Full));
        database.sql(&format!("GRANT TEMP ON DATABASE \"{name}\" TO looker"));
        assert!(as_role("looker", Counts::Full).contains("row-level security"), "{}", as_role("looker", Counts::Full));
        database.sql("ALTER TABLE users DISABLE ROW LEVEL SECURITY");
        assert!(as_role("looker", Counts::Full).contains("1 of 2 rows violate"), "{}", as_role("looker", Counts::Full));
    }
}
