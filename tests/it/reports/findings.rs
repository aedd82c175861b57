//! `--format sarif` and `--format github`: each risk at its line.

use insta::assert_snapshot;
use rosey::render::{annotations, sarif};
use serde_json::Value;

use super::{declared, nasty};
use crate::support::Database;

const DESIRED: &str =
    "// first\n\ntable users {\n    column id integer primary-key\n    column name text not-null\n    check named \"name <> ''\"\n}\n";

fn risky() -> (super::Declared, rosey::plan::Plan) {
    let database = Database::from_sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER); INSERT INTO users VALUES (1, NULL, 3), (2, '', 4);
         CREATE TABLE gone (x);",
    );
    let declared = declared(DESIRED);
    let plan = declared.plan(&database);
    (declared, plan)
}

#[test]
fn annotations_stand_at_the_lines() {
    let (declared, plan) = risky();
    assert_snapshot!(annotations(&plan, "schema.kdl", declared.places()), @"
    ::warning file=schema.kdl,line=3,col=1,title=destroys-column::table.users.column.age: drops column age (2 non-null values) (BLOCKED without --allow-destructive)%0Ato rename it instead, add was=age to the new definition
    ::error file=schema.kdl,line=5,col=5,title=breaks-not-null::table.users.column.name: `name` is NULL in 1 of 2 rows%0Aadd a backfill to the column, or set a value in these rows first
    ::error file=schema.kdl,line=6,col=5,title=breaks-check::table.users.check.named: 1 of 2 rows violate check named%0Afix these rows first, or change the condition
    ::warning title=destroys-table::table.gone: drops table gone (0 rows) (BLOCKED without --allow-destructive)%0Ato rename it instead, add was=gone to the new definition; to leave it unmanaged, `ignore` it
    ::notice title=rosey plan::Plan: 0 to add, 1 to change, 1 to destroy (1 column, 2 values dropped). 1 table rebuilt, 2 rows copied.
    ");
}

/// Constraints of all kinds that rows violate, most of them without a name.
const RULES: &str = "table p { column id integer primary-key; }
table a {
    column id integer primary-key
    column x integer unique
    column y integer
    column z integer
    check \"y > 5\"
    unique y
    foreign-key z references=\"p(id)\"
    index ux x y unique=#true
    index log y
}
";

#[test]
fn every_kind_of_rule_has_its_address_and_its_line() {
    let database = Database::from_sql(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE a (id INTEGER PRIMARY KEY, x INTEGER, y INTEGER, z INTEGER);
         INSERT INTO a VALUES (1, 1, 1, 9), (2, 1, 1, 9);",
    );
    let declared = declared(RULES);
    let text = annotations(&declared.plan(&database), "schema.kdl", declared.places());
    let places: Vec<&str> = text.lines().filter_map(|l| l.split(": ").next()).filter(|l| l.contains("file=")).collect();
    assert_snapshot!(places.join("\n"), @r"
    ::error file=schema.kdl,line=7,col=5,title=breaks-check::table.a.check.(y > 5)
    ::error file=schema.kdl,line=4,col=5,title=breaks-unique::table.a.unique.x
    ::error file=schema.kdl,line=8,col=5,title=breaks-unique::table.a.unique.y
    ::error file=schema.kdl,line=9,col=19,title=breaks-foreign-key::table.a.foreign-key.z
    ::error file=schema.kdl,line=10,col=5,title=breaks-unique::table.a.index.ux
    ");
}

#[test]
fn findings_of_the_linter_are_results_with_their_rules() {
    let declared = declared("table p { column a text; }");
    let schemas = [(rosey::schema::Dialect::Sqlite, declared.schema.clone())];
    let found = rosey::lint::lint(&schemas, &rosey::lint::Levels::default());
    let plan = declared.plan(&Database::new());
    let places = rosey::render::Declared { found: &found, ..declared.places() };
    for text in [rosey::render::findings_sarif(&found, &declared.sources), sarif(&plan, places)] {
        let report: Value = serde_json::from_str(&text).unwrap();
        let run = &report["runs"][0];
        assert_eq!((&run["results"][0]["ruleId"], &run["results"][0]["level"]), (&"no-primary-key".into(), &"warning".into()));
        let rule = &run["tool"]["driver"]["rules"][0];
        assert!(rule["shortDescription"]["text"].as_str().unwrap().ends_with('.'), "{rule}");
        assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("### no-primary-key"), "{rule}");
    }
    assert!(annotations(&plan, "s", places).contains("file=schema.kdl,line=1,col=1,title=no-primary-key::"));
}

#[test]
fn a_name_ends_no_annotation() {
    let (declared, plan) = nasty();
    let text = annotations(&plan, "a\n::error::b", declared.places());
    for line in text.lines() {
        assert!(line.starts_with("::error ") || line.starts_with("::warning ") || line.starts_with("::notice "), "{line}");
        assert_eq!(line.split("::").next(), Some(""), "{line}");
    }
    assert_snapshot!(text, @r#"
    ::warning file=schema.kdl,line=1,col=1,title=destroys-column::table.a"b<script>alert(1)</script>`````.column.gone, %250A::error::: drops column gone, %250A::error:: (1 non-null value) (BLOCKED without --allow-destructive)%0Ato rename it instead, add was="gone, %250A::error::" to the new definition
    ::error file=schema.kdl,line=3,col=5,title=breaks-not-null::table.a"b<script>alert(1)</script>`````.column.-->]]>&amp;: `-->]]>&amp;` is NULL in 1 of 1 rows%0Aadd a backfill to the column, or set a value in these rows first
    ::warning file=schema.kdl,line=1,col=1,title=loses-autoincrement::table.a"b<script>alert(1)</script>`````: a"b<script>alert(1)</script>````` loses AUTOINCREMENT: the ids of deleted rows may be reused%0Ato keep it, write `autoincrement` after `primary-key`
    ::warning title=destroys-table::table.www.gone.example https://gone.example/: drops table www.gone.example https://gone.example/ (0 rows) (BLOCKED without --allow-destructive)%0Ato rename it instead, add was="www.gone.example https://gone.example/" to the new definition; to leave it unmanaged, `ignore` it
    ::notice title=rosey plan::Plan: 2 to add, 1 to change, 1 to destroy (1 column, 1 value dropped). 1 table rebuilt, 1 row copied.
    "#);
}

#[test]
fn the_report_has_what_code_scanning_asks_for() {
    let (declared, plan) = risky();
    let report: Value = serde_json::from_str(&sarif(&plan, declared.places())).unwrap();
    assert_eq!(report["version"], "2.1.0");
    let run = &report["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
    }
    let found = |r: &Value| {
        let place = &r["locations"][0]["physicalLocation"];
        format!("{} {} {}:{}", r["level"], r["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"])
    };
    let results: Vec<String> = run["results"].as_array().unwrap().iter().map(found).collect();
    assert_snapshot!(results.join("\n"), @r#"
    "warning" "destroys-column" "schema.kdl":3
    "error" "breaks-not-null" "schema.kdl":5
    "error" "breaks-check" "schema.kdl":6
    "warning" "destroys-table" "schema.kdl":1
    "#);
}

#[test]
fn a_plan_without_risks_has_an_empty_report() {
    let declared = declared("table a { column id integer primary-key }");
    let report: Value = serde_json::from_str(&sarif(&declared.plan(&Database::new()), declared.places())).unwrap();
    assert_eq!(report["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(report["runs"][0]["tool"]["driver"]["rules"], serde_json::json!([]));
}
