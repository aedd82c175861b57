//! `docs/plan.schema.json` describes exactly what `--format json` prints.

use rosey::render::json;
use serde_json::Value;

use super::{bot, declared, nasty};
use crate::support::{Database, project};

fn schema() -> Value {
    serde_json::from_str(&std::fs::read_to_string(project("docs/plan.schema.json")).unwrap()).unwrap()
}

/// Validates as JSON Schema does, for the keywords used in the file, and rejects fields that it does not
/// name.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) {
    for (word, wanted) in schema.as_object().unwrap() {
        match word.as_str() {
            "$ref" => check(root, root.pointer(wanted.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value, at),
            "const" => assert_eq!(value, wanted, "{at}"),
            "enum" => assert!(wanted.as_array().unwrap().contains(value), "{at}: {value}"),
            "minimum" => assert!(value.as_i64() >= wanted.as_i64(), "{at}: {value}"),
            "type" => check_type(wanted.as_str().unwrap(), value, at),
            "required" => {
                let missing = wanted.as_array().unwrap().iter().find(|k| value.get(k.as_str().unwrap()).is_none());
                assert_eq!(missing, None, "{at}");
            }
            "properties" => {
                for (key, inner) in value.as_object().unwrap() {
                    let known = wanted.get(key).unwrap_or_else(|| panic!("{at}.{key} is not in docs/plan.schema.json"));
                    check(root, known, inner, &format!("{at}.{key}"));
                }
            }
            "items" => {
                let items = value.as_array().unwrap().iter().enumerate();
                items.for_each(|(i, v)| check(root, wanted, v, &format!("{at}[{i}]")));
            }
            // Null, or what the second alternative describes.
            "anyOf" if value.is_null() => assert_eq!(wanted.pointer("/0/type"), Some(&Value::from("null")), "{at}"),
            "anyOf" => check(root, wanted.get(1).unwrap(), value, at),
            "$schema" | "$defs" | "title" | "description" => {}
            other => panic!("{other}: this test does not know the word"),
        }
    }
}

fn check_type(wanted: &str, value: &Value, at: &str) {
    let fits = match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        other => panic!("{other}: this test does not know the type"),
    };
    assert!(fits, "{at} is no {wanted}: {value}");
}

#[test]
fn every_plan_has_the_documented_shape() {
    let schema = schema();
    let none = declared("table a { column id integer primary-key }");
    let no_changes = none.plan(&Database::from_sql("CREATE TABLE a (id INTEGER PRIMARY KEY)"));
    let guarded = declared("table a prevent-destroy { column id integer primary-key }").plan(&Database::new());
    let mut drifted = bot().1;
    drifted.drift = Some(rosey::plan::Drift { number: 7, changes: drifted.changes.clone(), unmanaged: Vec::new() });
    for plan in [bot().1, drifted, nasty().1, none.plan(&Database::new()), no_changes, guarded] {
        let value: Value = serde_json::from_str(&json(&plan, "schema.kdl")).unwrap();
        check(&schema, &schema, &value, "plan");
    }
}

#[test]
#[should_panic(expected = "plan.more is not in docs/plan.schema.json")]
fn a_field_that_is_not_documented_is_found() {
    let schema = schema();
    let mut value: Value = serde_json::from_str(&json(&bot().1, "schema.kdl")).unwrap();
    value["more"] = Value::Null;
    check(&schema, &schema, &value, "plan");
}
