//! Tests of plans from texts alone: what the last apply recorded, what only a server could decide, and
//! invalid facts.

use super::super::planner::PlanError;
use super::{OfflinePlan, Recorded, plan};
use crate::engine::desired;
use crate::kdl::{self, Sources};
use crate::plan::{Fact, Level};
use crate::schema::{Dialect, Schema};

/// The server's spelling.
const LIVE: &str = r#"
domain email text { check shape "(VALUE ~ '@'::text)" }
table t {
    column id serial primary-key
    column kind "varchar(10)" default=(sql)"'a'::character varying"
    check "((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))"
    check few "(length((kind)::text) < 5)"
    index by_kind where="((kind)::text <> ''::text)" { part (sql)"lower((kind)::text)" }
}
view v { as " SELECT t.id AS number\n   FROM t" }
"#;

/// The same in a file's spelling.
const FILE: &str = r#"
domain email text { check shape "VALUE ~ '@'" }
table t {
    column id serial primary-key
    column kind "varchar(10)" default=a
    check "kind IN ('a', 'b')"
    check few "length(kind) < 5"
    index by_kind where="kind <> ''" { part (sql)"lower(kind)" }
}
view v number { as "SELECT id FROM t" }
"#;

fn read(text: &str) -> Schema {
    kdl::decode(&Sources::from_text("schema.kdl", text), Dialect::Postgres).unwrap()
}

fn planned(file: &str, recorded: Option<Recorded<'_>>, facts: &[Fact]) -> Result<OfflinePlan, PlanError> {
    plan(&read(LIVE), facts, recorded, &desired(read(file), Dialect::Postgres).unwrap(), true)
}

fn unsettled(plan: &OfflinePlan) -> Vec<String> {
    plan.unsettled.iter().map(ToString::to_string).collect()
}

#[test]
fn what_has_been_applied_before_is_known() {
    let (after, written) = (read(LIVE), read(FILE));
    let recorded = Recorded { after: &after, written: &written };
    let same = planned(FILE, Some(recorded), &[]).unwrap();
    assert!(same.plan.is_empty() && same.unsettled.is_empty(), "{:?}", same.plan.changes);

    let changed = FILE.replace("length(kind) < 5", "length(kind) < 9");
    let one = planned(&changed, Some(recorded), &[]).unwrap();
    let sql: Vec<&str> = one.plan.statements().map(|s| s.sql.as_str()).collect();
    assert!(sql.iter().all(|s| s.contains("few")) && !sql.is_empty(), "{sql:?}");
    assert_eq!(unsettled(&one), ["table.t"]);
}

#[test]
fn what_only_a_server_could_say_is_said() {
    let plan = planned(FILE, None, &[]).unwrap();
    assert_eq!(unsettled(&plan), ["domain.email", "table.t", "view.v"]);
}

#[test]
fn plain_values_need_no_server() {
    let file = LIVE.replace("default=(sql)\"'a'::character varying\"", "default=b");
    let file = file.replace("column id serial", "column n integer default=1\n    column id serial");
    let live = read(
        &LIVE
            .replace("column id serial", "column n integer default=2\n    column id serial")
            .replace("(sql)\"'a'::character varying\"", "a"),
    );
    let plan = plan(&live, &[], None, &desired(read(&file), Dialect::Postgres).unwrap(), false).unwrap();
    assert!(!plan.plan.is_empty() && plan.unsettled.is_empty(), "{:?}", unsettled(&plan));
}

#[test]
fn what_is_not_counted_does_not_block() {
    let facts = [Fact::new("version", ["15"]), Fact::new("home", ["public"]), Fact::new("holds-rows", ["", "t"])];
    let stricter = LIVE.replace("\"varchar(10)\"", "\"varchar(10)\" not-null");
    let stricter = planned(&stricter, None, &facts).unwrap().plan;
    let levels: Vec<Level> = stricter.hazards().map(|h| h.level).collect();
    assert_eq!(levels, [Level::Warns]);
    assert!(stricter.statements().any(|s| s.sql.contains("NOT VALID")), "a table with rows is changed without stopping writers");
    let without = planned("table other { column id serial primary-key }", None, &facts).unwrap().plan;
    assert!(without.hazards().any(|h| h.level == Level::Destroys && h.count.is_none()));
}

#[test]
fn what_was_guarded_is_guarded_without_the_database() {
    let facts = [Fact::new("guarded-column", ["", "t", "kind"])];
    let plan = planned("table t { column id serial primary-key }", None, &facts).unwrap().plan;
    assert!(plan.hazards().any(|h| h.level == Level::Blocks && h.text().contains("prevent-destroy")));
}

#[test]
fn what_is_no_fact_is_refused() {
    for fact in [
        Fact::new("stored", ["table", "t"]),
        Fact::new("version", ["fifteen"]),
        Fact::new("kept", ["v", "", "nowhere", "GRANT"]),
        Fact::new("holds-rows", ["t"]),
        Fact::new("invalid", ["", "t", "nothing"]),
    ] {
        let outcome = planned(LIVE, None, std::slice::from_ref(&fact));
        assert!(matches!(outcome, Err(PlanError::Fact(_))), "{fact:?}");
    }
}
