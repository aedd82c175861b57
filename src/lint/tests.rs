//! Helpers for the tests of the rules.

use super::{RULES, Rule};
use crate::kdl::{Sources, decode};
use crate::schema::{Dialect, Schema};

pub(super) fn schema(kdl: &str, dialect: Dialect) -> Schema {
    decode(&Sources::from_text("schema.kdl", kdl), dialect).unwrap()
}

/// Returns the findings of the rule: addresses and messages.
pub(super) fn found(rule: &Rule, kdl: &str, dialect: Dialect) -> Vec<String> {
    (rule.check)(&schema(kdl, dialect), dialect).iter().map(|f| format!("{}: {}", f.address, f.message)).collect()
}

/// Returns only the addresses, without those of dialects other than the rule's.
pub(super) fn at(rule: &Rule, kdl: &str) -> Vec<String> {
    let dialect = rule.dialects().next().unwrap();
    (rule.check)(&schema(kdl, dialect), dialect).iter().map(|f| f.address.to_string()).collect()
}

/// Returns the advice of the rule.
pub(super) fn advised(rule: &Rule, kdl: &str, dialect: Dialect) -> Vec<String> {
    (rule.check)(&schema(kdl, dialect), dialect).into_iter().map(|f| f.advice).collect()
}

#[test]
fn codes_are_sorted_words() {
    let codes: Vec<&str> = RULES.iter().map(Rule::code).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    for rule in RULES {
        let t = rule.text;
        assert!(t.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", t.code);
        assert!(![t.summary, t.why, t.instead, t.example].iter().any(|s| s.is_empty()), "{}", t.code);
    }
}
