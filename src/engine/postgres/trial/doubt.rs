//! What the server is certain to accept, judged by the text alone: plain columns and operators without
//! function calls. Anything else is doubtful and is tried.

use std::collections::BTreeMap;

use sqlparser::tokenizer::Token;

use super::super::{canon, types};
use crate::schema::{Check, Column, Expr, Index, IndexPart, Literal, PartKey, Schema, Table, Type};

/// Words that may precede a bracket without being a function.
const BEFORE_BRACKETS: [&str; 13] = ["and", "or", "not", "in", "any", "some", "all", "is", "like", "ilike", "between", "null", "distinct"];

/// Words that compare plain values, in addition to the comparison operators.
const COMPARES: [&str; 8] = ["and", "or", "not", "in", "is", "like", "ilike", "between"];

/// Types whose casts are the same in every session.
const PLAIN_TYPES: [&str; 9] = ["text", "varchar", "character", "varying", "bpchar", "integer", "int", "bigint", "smallint"];

/// Returns whether a B-tree over values of this type is certain to be accepted.
pub(super) fn sorts(ty: &Type) -> bool {
    !matches!(ty, Type::Json | Type::Other(_))
}

/// Returns whether the server may reject a check that it accepts as an expression: one that calls functions,
/// reads tables, or may not be boolean.
pub(super) fn check(check: &Check) -> bool {
    !is_plain_condition(&check.expr)
}

/// Returns whether the server may reject an index on columns that it can sort.
pub(super) fn index(index: &Index, table: &Table) -> bool {
    let part = |p: &IndexPart| match &p.key {
        PartKey::Column(c) => !table.columns.get(c).is_some_and(|c| sorts(&c.ty)) || p.opclass.is_some() || p.collate.is_some(),
        PartKey::Expr(_) => true,
    };
    let predicate = |e: &Expr| !(is_plain_condition(e) && is_the_same_always(e, table));
    index.method.is_some() || !index.with.is_empty() || index.predicate.as_ref().is_some_and(predicate) || index.parts.iter().any(part)
}

/// Returns whether the server may reject the default: it is an expression, or a literal that may not be a value
/// of the type.
pub(super) fn default(column: &Column, desired: &Schema) -> bool {
    match column.default.as_ref().map(|d| &d.value) {
        Some(Literal::Expr(e)) => !is_the_moment(e, &column.ty),
        Some(Literal::Number(_)) => !is_number(&column.ty) && !matches!(column.ty, Type::Real | Type::Double),
        Some(Literal::Bool(_)) => column.ty != Type::Boolean,
        Some(Literal::String(text)) => types::length(&column.ty).is_none() && !has_value(&column.ty, text, desired),
        _ => false,
    }
}

/// Returns whether the default is the current time, for a column of such a type: the most common default of
/// all.
fn is_the_moment(expr: &Expr, ty: &Type) -> bool {
    let text = expr.text.trim().to_lowercase();
    matches!(ty, Type::Timestamp | Type::TimestampTz) && ["now()", "current_timestamp"].contains(&text.as_str())
}

/// Returns whether a text is certain to be a value of the type: a value of an enum in the file, or empty
/// JSON.
fn has_value(ty: &Type, text: &str, desired: &Schema) -> bool {
    match ty {
        Type::Json | Type::Jsonb => ["{}", "[]"].contains(&text),
        Type::Other(name) => {
            let of = |e: &&crate::schema::EnumType| e.name.schema.is_none() && e.name.name.as_str() == name.as_str();
            desired.enums.values().find(of).is_some_and(|e| e.values.iter().any(|v| v == text))
        }
        _ => false,
    }
}

/// Returns whether an expression calls nothing and is boolean: columns, values and operators, and a
/// comparison outside of all brackets, which has a lower precedence than the operators beside it.
fn is_plain_condition(expr: &Expr) -> bool {
    let Some(tokens) = canon::tokens(&expr.text) else { return false };
    let tokens = canon::without_brackets(&tokens);
    let (mut depth, mut compares) = (0_i32, false);
    for (i, token) in tokens.iter().enumerate() {
        let word = word(token);
        match token {
            Token::LParen if i > 0 && is_call(tokens, i) => return false,
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            Token::Eq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => compares |= depth == 0,
            _ if ["select", "with", "values", "case", "operator"].contains(&word.as_str()) => return false,
            _ => compares |= depth == 0 && COMPARES.contains(&word.as_str()),
        }
    }
    compares
}

/// Returns whether the bracket contains the arguments of a function: a name precedes it that is not the type
/// of a cast.
fn is_call(tokens: &[Token], bracket: usize) -> bool {
    match &tokens[bracket - 1] {
        Token::Word(w) if w.quote_style.is_none() => {
            let cast = bracket > 1 && tokens[bracket - 2] == Token::DoubleColon;
            !cast && !BEFORE_BRACKETS.contains(&w.value.to_lowercase().as_str())
        }
        Token::Word(_) => true,
        _ => false,
    }
}

/// Returns whether a condition is the same in every session: columns of plain types, comparisons, arithmetic,
/// and casts to plain types.
fn is_the_same_always(expr: &Expr, table: &Table) -> bool {
    let Some(tokens) = canon::tokens(&expr.text) else { return false };
    let columns: BTreeMap<String, &Type> = table.columns.values().map(|c| (c.name.to_string(), &c.ty)).collect();
    tokens.iter().enumerate().all(|(i, token)| match token {
        Token::Word(w) => {
            let cast_to =
                i > 0 && matches!(tokens[i - 1], Token::DoubleColon | Token::Word(_)) && PLAIN_TYPES.contains(&word(token).as_str());
            let column = columns.get(&canon::name(w)).is_some_and(|ty| is_plain(ty));
            let word = word(token);
            let said = BEFORE_BRACKETS.contains(&word.as_str()) || ["true", "false", "array"].contains(&word.as_str());
            cast_to || column || said
        }
        Token::SingleQuotedString(_) | Token::Number(..) | Token::Comma | Token::DoubleColon => true,
        Token::LParen | Token::RParen | Token::LBracket | Token::RBracket => true,
        Token::Eq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => true,
        Token::Plus | Token::Minus | Token::Mul => true,
        _ => false,
    })
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::SmallInt | Type::Integer | Type::BigInt | Type::Serial | Type::BigSerial | Type::Decimal(_))
}

/// Returns whether comparisons of the type are the same in every session.
fn is_plain(ty: &Type) -> bool {
    is_number(ty) || matches!(ty, Type::Boolean | Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Uuid)
}

/// Returns an unquoted word in lower case, or an empty string for any other token.
fn word(token: &Token) -> String {
    match token {
        Token::Word(w) if w.quote_style.is_none() => w.value.to_lowercase(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdl::{self, Sources};
    use crate::schema::Dialect;

    fn table(text: &str) -> Table {
        let text = format!("table t {{\ncolumn n integer\ncolumn kind text\ncolumn gone boolean\ncolumn at timestamptz\n{text}\n}}");
        let schema = kdl::decode(&Sources::from_text("schema.kdl", &text), Dialect::Postgres).unwrap();
        schema.tables.values().next().unwrap().clone()
    }

    #[test]
    fn plain_checks_are_sure() {
        for sure in
            ["n > 5", "(kind)::text = ANY (ARRAY['a'::text])", "kind IN ('a', 'b') AND n IS NOT NULL", "(n + 1) * 2 <= 7", "NOT gone"]
        {
            assert!(!check(&table(&format!("check \"{sure}\"")).checks[0]), "{sure}");
        }
        for open in
            ["length(kind) > 5", "kind IN (SELECT 'a')", "n", "n + (n > 1)", "CASE WHEN n > 1 THEN 1 END", "\\\"lower\\\"(kind) = 'a'"]
        {
            assert!(check(&table(&format!("check \"{open}\"")).checks[0]), "{open}");
        }
    }

    #[test]
    fn plain_indexes_are_sure() {
        let doubtful = |text: &str| {
            let table = table(text);
            index(table.indexes.values().next().unwrap(), &table)
        };
        for sure in ["kind", "kind where=\"n > 5 AND kind <> 'x'::text\"", "at", "n where=\"NOT gone\""] {
            assert!(!doubtful(&format!("index by_it {sure}")), "{sure}");
        }
        for open in
            ["kind where=\"at > '2020-01-01'\"", "n where=\"kind::date = '2020-01-01'\"", "n where=\"kind || n = 'a'\"", "kind using=gin"]
        {
            assert!(doubtful(&format!("index by_it {open}")), "{open}");
        }
    }
}
