//! Unmanaged objects on PostgreSQL are reported: compared with a database created from the inspected file,
//! everything that pg_dump shows as missing has a line in that file; later changes are reported by plans and
//! drift, and block no rollback.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::applied::desired;
use crate::support::postgres::{Database, servers, skip};
use crate::support::wait;
use rosey::apply::rollback::{To, rollback_target};
use rosey::apply::{Desired, Options, Silent};
use rosey::diff::{UnmanagedDifference, diff, unmanaged};
use rosey::kdl::{self, Sources};
use rosey::plan::Kind;
use rosey::render::{self, Style};
use rosey::schema::{Dialect, Schema};

/// A bit of everything.
const RICH: &str = "
CREATE SCHEMA app;
CREATE TABLE par (id int PRIMARY KEY, n text NOT NULL DEFAULT 'x', doc jsonb, CHECK (n <> ''));
CREATE INDEX parx ON par (n) WITH (fillfactor = 70);
COMMENT ON INDEX par_pkey IS 'its index';
CREATE VIEW pv WITH (security_barrier = true) AS SELECT id, n FROM par WHERE id > 0 WITH CHECK OPTION;
ALTER VIEW pv ALTER COLUMN n SET DEFAULT 'q';
COMMENT ON COLUMN pv.n IS 'of a view';
CREATE MATERIALIZED VIEW mv AS SELECT id, n FROM par;
CREATE INDEX mvi ON mv (lower(n));
ALTER INDEX mvi ALTER COLUMN 1 SET STATISTICS 300;
CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE AGGREGATE agg(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE TRIGGER tt AFTER INSERT ON par FOR EACH ROW EXECUTE FUNCTION tg();
ALTER TABLE par DISABLE TRIGGER tt;
ALTER TABLE par ENABLE ROW LEVEL SECURITY;
ALTER TABLE par FORCE ROW LEVEL SECURITY;
CREATE POLICY p1 ON par FOR SELECT USING (n <> 'a');
CREATE RULE r1 AS ON DELETE TO par DO ALSO NOTHING;
CREATE TYPE comp AS (a int, b text);
CREATE TYPE rng AS RANGE (subtype = int);
CREATE STATISTICS st1 ON id, n FROM par;
CREATE TEXT SEARCH DICTIONARY dic (template = simple);
ALTER TABLE par ALTER COLUMN n SET STATISTICS 500;
ALTER TABLE par ALTER COLUMN id SET (n_distinct = -0.5);
ALTER TABLE par ALTER COLUMN doc SET STORAGE EXTERNAL;
ALTER TABLE par REPLICA IDENTITY FULL;
ALTER TABLE par CLUSTER ON parx;
GRANT SELECT ON par TO pg_monitor;
GRANT UPDATE (n) ON par TO pg_monitor;
REVOKE EXECUTE ON FUNCTION tg() FROM public;
GRANT USAGE ON SCHEMA app TO pg_monitor;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO pg_monitor;
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq);
CREATE CAST (comp AS text) WITH INOUT;
CREATE COLLATION co FROM \"C\";
CREATE FOREIGN DATA WRAPPER fdw;
CREATE SERVER srv FOREIGN DATA WRAPPER fdw;
CREATE USER MAPPING FOR postgres SERVER srv;
CREATE FOREIGN TABLE ft (a int) SERVER srv;
CREATE TABLE ph (id int, b text, PRIMARY KEY (id, b)) PARTITION BY LIST (b);
CREATE TABLE ph_a PARTITION OF ph FOR VALUES IN ('a');
CREATE TRIGGER pt AFTER INSERT ON ph FOR EACH ROW EXECUTE FUNCTION tg();
CREATE TABLE base (id int);
CREATE TABLE kid (x int) INHERITS (base);
CREATE TABLE alembic_version (v text PRIMARY KEY);
CREATE TABLE refs (v text REFERENCES alembic_version);
";

/// What a dump of the adopted database has and that of a database created from the file lacks, and the line
/// of the file that names it. The table of another migrator is left unchanged without a line.
const NAMED: [(&str, &str); 47] = [
    ("CREATE TABLE public.alembic_version", ""),
    ("ALTER TABLE ONLY public.alembic_version", ""),
    ("COMMENT ON INDEX public.par_pkey", "unmanaged comment \"index on par_pkey\""),
    ("ALTER COLUMN n SET DEFAULT 'q'", "unmanaged \"column default\" \"n on pv\""),
    ("COMMENT ON COLUMN public.pv.n", "unmanaged comment \"n on pv\""),
    ("ALTER INDEX public.mvi ALTER COLUMN 1 SET STATISTICS", "unmanaged \"statistics target\" \"lower on mvi\""),
    ("CREATE FUNCTION app.f(", "unmanaged function \"app.f(integer)\""),
    ("CREATE FUNCTION public.tg(", "unmanaged function \"tg()\""),
    ("CREATE AGGREGATE public.agg(", "unmanaged aggregate \"agg(integer)\""),
    ("CREATE TRIGGER tt", "unmanaged trigger \"tt on par\""),
    ("DISABLE TRIGGER tt", "unmanaged trigger \"tt on par\""),
    ("ALTER TABLE public.par ENABLE ROW LEVEL SECURITY", "unmanaged \"row security\" \"par forced\""),
    ("ALTER TABLE ONLY public.par FORCE ROW LEVEL SECURITY", "unmanaged \"row security\" \"par forced\""),
    ("CREATE POLICY p1", "unmanaged policy \"p1 on par\""),
    ("CREATE RULE r1", "unmanaged rule \"r1 on par\""),
    ("CREATE TYPE public.comp", "unmanaged type comp "),
    ("CREATE TYPE public.rng", "unmanaged type rng "),
    ("CREATE STATISTICS public.st1", "unmanaged statistics \"st1 on par\""),
    ("CREATE TEXT SEARCH DICTIONARY public.dic", "unmanaged \"text search dictionary\" dic "),
    ("ALTER COLUMN n SET STATISTICS 500", "unmanaged \"statistics target\" \"n on par\""),
    ("ALTER COLUMN id SET (n_distinct=-0.5)", "unmanaged \"column options\" \"id on par\""),
    ("ALTER COLUMN doc SET STORAGE EXTERNAL", "unmanaged storage \"doc on par\""),
    ("REPLICA IDENTITY FULL", "unmanaged \"replica identity\" \"full on par\""),
    ("CLUSTER ON parx", "unmanaged cluster \"parx on par\""),
    ("GRANT SELECT ON TABLE public.par", "unmanaged privilege \"SELECT on par to pg_monitor\""),
    ("GRANT UPDATE(n) ON TABLE public.par", "unmanaged privilege \"UPDATE (n) on par to pg_monitor\""),
    ("REVOKE ALL ON FUNCTION public.tg() FROM PUBLIC", "unmanaged privilege \"EXECUTE on function tg() revoked from public\""),
    ("GRANT USAGE ON SCHEMA app", "unmanaged privilege \"USAGE on schema app to pg_monitor\""),
    ("ALTER DEFAULT PRIVILEGES", "unmanaged \"default privilege\" \"r in app to pg_monitor: SELECT\""),
    ("CREATE OPERATOR public.===", "unmanaged operator \"===(integer,integer)\""),
    ("CREATE CAST (public.comp AS text)", "unmanaged cast \"(comp AS text)\""),
    ("CREATE COLLATION public.co", "unmanaged collation co "),
    ("CREATE FOREIGN DATA WRAPPER fdw", "unmanaged \"foreign data wrapper\" fdw "),
    ("CREATE SERVER srv", "unmanaged server srv "),
    ("CREATE USER MAPPING FOR postgres", "unmanaged \"user mapping\" \"postgres for srv\""),
    ("CREATE FOREIGN TABLE public.ft", "unmanaged foreign-table ft "),
    ("CREATE TABLE public.ph (", "unmanaged table ph "),
    ("CREATE TABLE public.ph_a (", "unmanaged table ph_a "),
    ("ATTACH PARTITION public.ph_a ", "unmanaged table ph_a "),
    ("ALTER TABLE ONLY public.ph\n", "unmanaged table ph "),
    ("ALTER TABLE ONLY public.ph_a\n", "unmanaged table ph_a "),
    ("ATTACH PARTITION public.ph_a_pkey", "unmanaged table ph_a "),
    ("CREATE TRIGGER pt", "unmanaged trigger \"pt on ph\""),
    ("CREATE TABLE public.base", "unmanaged table base "),
    ("CREATE TABLE public.kid", "unmanaged table kid "),
    ("refs_v_fkey", "unmanaged constraint \"refs_v_fkey on refs\""),
    ("INHERITS (public.base)", "unmanaged table kid "),
];

/// Returns the statements of `pg_dump --schema-only`, without the settings of the session.
fn dumped(database: &Database, tool: &std::path::Path) -> BTreeSet<String> {
    let arguments = ["--schema-only", "--no-owner", "--exclude-table=_rosey_history", "-d"];
    let output = Command::new(tool).args(arguments).arg(database.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let told = |l: &&str| !l.starts_with("--") && !l.starts_with('\\') && !l.starts_with("SET ") && !l.starts_with("SELECT pg_catalog.");
    let lines: Vec<&str> = text.lines().filter(told).collect();
    lines.join("\n").split(";\n").map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
}

fn inspected(database: &Database) -> String {
    database.inspect()
}

/// Returns the unmanaged differences of a plan, in short.
fn named(differences: &[UnmanagedDifference]) -> Vec<String> {
    differences.iter().map(|d| format!("{} {} {}", d.difference.word(), d.kind, d.name)).collect()
}

#[test]
fn nothing_in_a_dump_differs_without_a_line() {
    let mut compared = false;
    for server in servers() {
        let (adopted, made) = (server.database(), server.database());
        adopted.sql(RICH);
        let file = inspected(&adopted);
        let plan = adopted.plan(&desired(&file).unwrap(), true).unwrap();
        assert!(plan.is_empty() && plan.unmanaged.is_empty(), "{} {:?}\n{file}", server.version, plan.unmanaged);
        let managed: Vec<&str> = file.lines().filter(|l| !l.starts_with("unmanaged ")).collect();
        made.apply(&desired(&managed.join("\n")).unwrap(), true).unwrap();
        let Some(tool) = server.tool("pg_dump") else { continue };
        compared = true;
        let (there, again) = (dumped(&adopted, &tool), dumped(&made, &tool));
        assert_eq!(again.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new());
        for statement in there.difference(&again) {
            let line = NAMED.iter().find(|(part, _)| statement.contains(part)).map(|(_, line)| line);
            let line = line.unwrap_or_else(|| panic!("{}: no line names\n{statement}", server.version));
            assert!(line.is_empty() || file.contains(line), "{}: {line} for\n{statement}\n{file}", server.version);
        }
    }
    if !compared {
        skip("no pg_dump");
    }
}

#[test]
fn what_changes_later_is_named_and_is_no_change() {
    for server in servers() {
        let database = server.database();
        database.sql(RICH);
        let file = inspected(&database);
        let wanted = desired(&file).unwrap();
        let live = database.live();
        let stamped = Desired::new(wanted.schema().clone(), Dialect::Postgres).unwrap();
        wait(live.stamp(&stamped, false, &Options::default())).unwrap();
        database.sql(
            "CREATE OR REPLACE AGGREGATE agg(int) (sfunc = int4pl, stype = int, initcond = '1'); \
             ALTER TABLE par ENABLE TRIGGER tt; ALTER POLICY p1 ON par USING (true); ALTER TABLE ph ADD COLUMN z int; \
             ALTER TABLE par ALTER COLUMN n SET STATISTICS 400; ALTER TABLE par ALTER COLUMN doc SET STORAGE EXTENDED; \
             CREATE TABLE ph_b PARTITION OF ph FOR VALUES IN ('b'); CREATE AGGREGATE more(int) (sfunc = int4pl, stype = int); \
             CREATE SCHEMA theirs; CREATE FUNCTION theirs.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        );
        let plan = database.plan(&wanted, true).unwrap();
        assert!(plan.is_empty(), "{:?}", plan.changes);
        let differences = [
            "changed aggregate agg(integer)",
            "changed policy p1 on par",
            "changed statistics target n on par",
            "changed table ph",
            "changed table ph_a",
            "changed trigger tt on par",
            "undeclared aggregate more(integer)",
            "missing storage doc on par",
        ];
        assert_eq!(named(&plan.unmanaged), differences, "{}", server.version);
        let text = render::text(&plan, "schema.kdl", Style::default());
        assert!(text.contains("# unmanaged: aggregate more(integer) not in the schema file\n"), "{text}");
        assert!(render::json(&plan, "schema.kdl").contains("\"difference\": \"undeclared\""));
        assert!(render::markdown(&plan, "schema.kdl").contains("aggregate more(integer) not in the schema file"));

        assert_eq!(wait(live.drift()).unwrap(), None);
        let last = wait(live.history()).unwrap().pop().unwrap();
        let recorded = desired(&last.schema_after).unwrap();
        let drift = wait(live.drift_since(last.number, recorded.schema())).unwrap();
        assert!(drift.changes.is_empty());
        assert_eq!(named(&drift.unmanaged), differences, "{}", server.version);
    }
}

#[test]
fn a_rollback_names_what_it_does_not_bring_back() {
    for server in servers() {
        let database = server.database();
        let before = desired("table kept { column id integer primary-key; }\ntable foo { column id integer primary-key; }").unwrap();
        database.apply(&before, true).unwrap();
        database.sql(
            "CREATE FUNCTION tg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
             CREATE TRIGGER tt AFTER INSERT ON foo FOR EACH ROW EXECUTE FUNCTION tg()",
        );
        database.apply(&desired("table kept { column id integer primary-key; }").unwrap(), true).unwrap();
        let live = database.live();
        let target = rollback_target(&wait(live.history()).unwrap(), To::Back(1), Dialect::Postgres).unwrap();
        let back = Desired::new(target.desired.clone(), Dialect::Postgres).unwrap();
        let plan = database.plan(back.normalized(), true).unwrap();
        assert_eq!(named(&plan.unmanaged), ["missing trigger tt on foo"]);
        let options = Options { kind: Kind::Rollback, back_to: Some(target.back_to), ..Options::default() };
        database.apply_as(back.normalized(), true, &options, &mut Silent).unwrap_or_else(|e| panic!("{e:?}"));
        assert_eq!(database.value("SELECT to_regclass('foo')"), "foo");
    }
}

fn schema(kdl: &str) -> Schema {
    kdl::decode(&Sources::from_text("schema.kdl", kdl), Dialect::Postgres).unwrap()
}

fn told(live: &str, wanted: &str) -> (Vec<String>, Vec<String>) {
    let (live, wanted) = (schema(live), schema(wanted));
    let normalized = |s: &Schema| rosey::engine::desired(s.clone(), Dialect::Postgres).unwrap();
    let lacking = diff(&normalized(&live), &normalized(&wanted)).unwrap().lacking;
    let differences = unmanaged(&live, &wanted);
    let differences = differences.iter().map(|d| format!("{} {} {}", d.difference.word(), d.kind, d.name));
    (lacking.into_iter().map(|(kind, name)| format!("{kind} {name}")).collect(), differences.collect())
}

const TABLE: &str = "table foo { column id integer primary-key; }\n";

#[test]
fn lines_follow_a_renamed_table() {
    let live = format!("{TABLE}unmanaged trigger \"t on foo\"\nunmanaged privilege \"SELECT (id) on foo to bob\"");
    for (table, column) in [("foo", "id"), ("bar", "id"), ("foo", "key"), ("bar", "key")] {
        let wanted = "table bar was=foo { column key integer was=id primary-key; }";
        let lines = format!("unmanaged trigger \"t on {table}\"\nunmanaged privilege \"SELECT ({column}) on {table} to bob\"");
        assert_eq!(told(&live, &format!("{wanted}\n{lines}")), (vec![], vec![]), "{table} {column}");
        let after = live.replace("foo", "bar").replace("(id)", "(key)").replace("column id", "column key");
        assert_eq!(told(&after, &format!("{wanted}\n{lines}")), (vec![], vec![]), "{table} {column}");
    }
}

#[test]
fn lines_follow_a_renamed_index() {
    let side = |table: &str, index: &str| {
        format!("table {table} {{ column id integer; index {index} {{ part (sql)\"id + 1\"; }}; unique id name=u; }}")
    };
    let line = |name: &str| format!("unmanaged \"statistics target\" \"expr on {name}\"\nunmanaged \"replica identity\" \"{name} on foo\"");
    let live = format!("{}\n{}", side("foo", "old"), line("old"));
    let wanted = |name: &str| format!("{}\n{}", side("foo", "new was=old"), line(name));
    assert_eq!(told(&live, &wanted("old")), (vec![], vec![]));
    assert_eq!(told(&live.replace("old", "new"), &wanted("old")), (vec![], vec![]));
    assert_eq!(told(&live, &wanted("new")), (vec![], vec![]));
    let constraint = "unmanaged \"storage parameters\" \"u on foo\"";
    let live = format!("{}\n{constraint}", side("foo", "i"));
    assert_eq!(told(&live, &format!("{}\n{constraint}", side("bar was=foo", "i").replace("name=u", "name=v was=u"))), (vec![], vec![]));
}

#[test]
fn lines_go_with_a_dropped_table() {
    let live = format!("{TABLE}unmanaged trigger \"t on foo\"");
    let wanted = "table other { column id integer primary-key; }\nunmanaged trigger \"t on foo\"";
    assert_eq!(told(&live, wanted), (vec![], vec![]));
    let gone = "table other { column id integer primary-key; }";
    assert_eq!(told(gone, wanted), (vec![], vec!["missing trigger t on foo".to_owned()]));
}

#[test]
fn definitions_are_compared_where_both_are_known() {
    let live = format!("{TABLE}unmanaged function \"f()\" digest=aa\nunmanaged function \"g()\" digest=bb");
    let wanted = format!("{TABLE}unmanaged function \"f()\" digest=ab\nunmanaged function \"g()\"\nunmanaged function \"h()\"");
    let differences = vec!["changed function f()".to_owned(), "missing function h()".to_owned()];
    assert_eq!(told(&live, &wanted), (vec!["function h()".to_owned()], differences));
    let one = vec!["undeclared function f()".to_owned()];
    assert_eq!(told(&live, &format!("{TABLE}unmanaged function \"g()\"")), (vec![], one));
}

#[test]
fn another_setting_is_a_change_and_nothing_that_lacks() {
    let lines = [
        ("\"row security\" foo", "\"row security\" \"foo forced\""),
        ("privilege \"SELECT on foo to bob\"", "privilege \"SELECT on foo to bob with grant option\""),
        ("privilege \"USAGE on schema app to bob\"", "privilege \"USAGE on schema app to bob with grant option\""),
    ];
    let side = |lines: &[&str]| lines.iter().fold(TABLE.to_owned(), |all, line| format!("{all}unmanaged {line}\n"));
    for (plain, more) in lines {
        for (live, wanted) in [(plain, more), (more, plain)] {
            let differences = vec![format!("changed {}", live.replace('"', ""))];
            assert_eq!(told(&side(&[live]), &side(&[wanted])), (vec![], differences), "{live}");
            assert_eq!(told(&side(&[live]), &side(&[live])), (vec![], vec![]), "{live}");
        }
        // Two roles can grant the same privilege; one of the two grants is lost.
        let differences = vec![format!("changed {}", plain.replace('"', ""))];
        assert_eq!(told(&side(&[plain]), &side(&[plain, more])), (vec![], differences), "{plain}");
        assert_eq!(told(&side(&[plain, more]), &side(&[plain, more])), (vec![], vec![]), "{plain}");
    }
}

#[test]
fn a_definition_is_not_compared_while_a_column_that_it_may_name_is_renamed() {
    let side =
        |column: &str, digest: &str| format!("table foo {{ column {column} integer; }}\nunmanaged policy \"p on foo\" digest={digest}");
    assert_eq!(told(&side("name", "bb"), &side("title was=name", "aa")), (vec![], vec![]));
    // After the apply the line is outdated.
    let after = vec!["changed policy p on foo".to_owned()];
    assert_eq!(told(&side("title", "bb"), &side("title was=name", "aa")), (vec![], after));
}

#[test]
fn partitions_come_and_go() {
    let parted = "unmanaged table events reason=\"it is partitioned\"\n";
    let part = |n: u32| format!("unmanaged table events_{n} reason=\"it is a partition\"\nunmanaged trigger \"t on events_{n}\"\n");
    let (live, wanted) = (format!("{parted}{}", part(2)), format!("{parted}unmanaged table events_1 reason=\"it is a partition\""));
    assert_eq!(told(&live, &wanted), (vec![], vec![]));
}

#[test]
fn a_type_of_an_argument_is_renamed() {
    let live = "enum mood sad\nunmanaged function \"f(integer,mood[])\"";
    let wanted = "enum feeling sad was=mood\nunmanaged function \"f(integer,mood[])\"";
    assert_eq!(told(live, wanted), (vec![], vec![]));
    assert_eq!(told(&live.replace("mood", "feeling"), wanted), (vec![], vec![]));
}

/// The index of a constraint that the language cannot express belongs to the constraint: the server would
/// refuse to drop it.
#[test]
fn the_index_of_an_unmanaged_constraint_is_not_listed_apart() {
    let Some(server) = servers().into_iter().find(|s| s.version >= 18) else { return skip("PostgreSQL 18") };
    let database = server.database();
    database.sql(
        "CREATE TABLE rooms (id int4range, during tstzrange, n int4range, PRIMARY KEY (id, during WITHOUT OVERLAPS), \
         CONSTRAINT once UNIQUE (n, during WITHOUT OVERLAPS)); CREATE INDEX own ON rooms (n); \
         CREATE TABLE bookings (id int4range, during tstzrange, \
         FOREIGN KEY (id, PERIOD during) REFERENCES rooms (id, PERIOD during))",
    );
    let text = database.inspect();
    for name in ["rooms_pkey on rooms", "once on rooms", "bookings_id_during_fkey on bookings"] {
        assert_eq!(text.matches(name).count(), 1, "{name}: {text}");
    }
    assert_eq!(text.matches("index ").count(), 1, "{text}");
    assert!(text.contains("index own n"), "{text}");
    let wanted = desired(&text).unwrap();
    let plan = database.plan(&wanted, true).unwrap();
    assert!(plan.is_empty(), "{}", render::text(&plan, "schema.kdl", Style::default()));
}
