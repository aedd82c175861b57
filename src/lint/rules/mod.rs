//! The rules, one file each, in the order of their codes.

mod autoincrement_cost;
mod check_not_kept;
mod conflict_replaces;
mod dangling_foreign_key;
mod discouraged_type;
mod double_quoted_string;
mod duplicate_index;
mod expression_as_text;
mod float_key;
mod foreign_key_action;
mod foreign_key_circle;
mod foreign_key_type;
mod foreign_key_without_index;
mod inexact_decimal;
mod json_not_jsonb;
mod key_is_no_rowid;
mod length_not_enforced;
mod misleading_type;
mod name_needs_quotes;
mod names_differ_by_case;
mod newer_number_syntax;
mod no_primary_key;
mod null_as_text;
mod nullable_key;
mod padded_char;
mod redundant_index;
mod select_star;
mod serial_not_identity;
mod small_key;
mod timestamp_without_zone;
mod unique_with_null;
mod unlogged_table;
mod unvalidated_rule;

use super::rule::Rule;

/// All rules about schemas.
pub static RULES: &[Rule] = &[
    autoincrement_cost::RULE,
    check_not_kept::RULE,
    conflict_replaces::RULE,
    dangling_foreign_key::RULE,
    discouraged_type::RULE,
    double_quoted_string::RULE,
    duplicate_index::RULE,
    expression_as_text::RULE,
    float_key::RULE,
    foreign_key_action::RULE,
    foreign_key_circle::RULE,
    foreign_key_type::RULE,
    foreign_key_without_index::RULE,
    inexact_decimal::RULE,
    json_not_jsonb::RULE,
    key_is_no_rowid::RULE,
    length_not_enforced::RULE,
    misleading_type::RULE,
    name_needs_quotes::RULE,
    names_differ_by_case::RULE,
    newer_number_syntax::RULE,
    no_primary_key::RULE,
    null_as_text::RULE,
    nullable_key::RULE,
    padded_char::RULE,
    redundant_index::RULE,
    select_star::RULE,
    serial_not_identity::RULE,
    small_key::RULE,
    timestamp_without_zone::RULE,
    unique_with_null::RULE,
    unlogged_table::RULE,
    unvalidated_rule::RULE,
];
