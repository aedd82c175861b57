//! Small pieces in the catalogs' spelling: defaults, storage parameters, names that may be quoted.

use sqlparser::tokenizer::Token;

use super::super::{canon, read_type};
use super::ident;
use crate::schema::{DefaultValue, Expr, Ident, Literal, Type};

/// Returns a default as `pg_get_expr` prints it: as a literal if it is one of the column's type, otherwise as
/// an expression.
pub(in super::super) fn default(text: &str, ty: &Type, default_schema: &str) -> DefaultValue {
    DefaultValue::new(value(text, ty, default_schema).unwrap_or_else(|| Literal::Expr(Expr::new(text))))
}

/// Returns an expression as a literal of a column's type if it is one, in the server's spelling or another
/// one.
pub(in super::super) fn value(text: &str, ty: &Type, default_schema: &str) -> Option<Literal> {
    let tokens = canon::tokens(text)?;
    let tokens = within_brackets(&tokens);
    let (tokens, cast) = match tokens.iter().position(|t| *t == Token::DoubleColon) {
        Some(at) => {
            let name: Vec<String> = tokens[at + 1..].iter().map(ToString::to_string).collect();
            (&tokens[..at], Some(read_type::read(&name.join(" ").replace(" . ", "."), default_schema)))
        }
        None => (tokens, None),
    };
    // A cast to an integer type would round.
    let exact = |cast: &Type| matches!(cast, Type::Decimal(None)) && is_number_type(ty);
    match within_brackets(tokens) {
        [Token::Number(n, _)] if cast.as_ref().is_none_or(exact) => Some(Literal::Number(n.clone())),
        [Token::Minus, Token::Number(n, _)] if cast.as_ref().is_none_or(exact) => Some(Literal::Number(format!("-{n}"))),
        [Token::Word(w)] if cast.is_none() && w.quote_style.is_none() => match w.value.to_lowercase().as_str() {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            _ => None,
        },
        [Token::SingleQuotedString(s)] if cast.as_ref().is_none_or(|c| same_base(c, ty)) => {
            Some(if is_number_type(ty) && is_number(s) { Literal::Number(s.clone()) } else { Literal::String(s.clone()) })
        }
        _ => None,
    }
}

/// Returns the tokens without brackets around all of them.
fn within_brackets(tokens: &[Token]) -> &[Token] {
    match tokens {
        [Token::LParen, inner @ .., Token::RParen] if canon::closing(tokens, 0) == Some(tokens.len() - 1) => within_brackets(inner),
        tokens => tokens,
    }
}

/// Returns whether two types differ only in their modifiers.
fn same_base(a: &Type, b: &Type) -> bool {
    let base = |t: &Type| {
        let sql = super::super::types::type_sql(t);
        let (head, tail) = sql.split_once('(').map_or((sql.as_str(), ""), |(h, t)| (h, t.split_once(')').map_or("", |(_, t)| t)));
        let head = if head.trim() == "bpchar" { "char" } else { head.trim() };
        format!("{head}{}", tail.trim())
    };
    base(a) == base(b) || (is_number_type(a) && is_number_type(b))
}

/// Returns whether values of the type are numbers.
pub(in super::super) fn is_number_type(ty: &Type) -> bool {
    matches!(
        ty,
        Type::SmallInt | Type::Integer | Type::BigInt | Type::Serial | Type::BigSerial | Type::Real | Type::Double | Type::Decimal(_)
    )
}

/// Returns whether the text is a decimal number.
pub(in super::super) fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    !unsigned.is_empty() && (!whole.is_empty() || !fraction.is_empty()) && whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
}

/// Returns an expression without the outer brackets that the server adds.
pub(in super::super) fn expr(text: &str) -> Expr {
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    let Some(tokens) = canon::tokens(text) else { return Expr::new(text) };
    let whole = tokens.first() == Some(&Token::LParen) && canon::closing(&tokens, 0) == Some(tokens.len() - 1);
    Expr::new(inner.filter(|_| whole).unwrap_or(text))
}

/// Splits `name=value` pairs.
pub(super) fn parameters(options: &[String]) -> Vec<(String, String)> {
    let pair = |o: &String| o.split_once('=').map_or((o.clone(), String::new()), |(k, v)| (k.to_owned(), v.to_owned()));
    options.iter().map(pair).collect()
}

/// Reads a name that `quote_ident` printed.
pub(super) fn unquoted(text: &str) -> Ident {
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    ident(&inner.map_or_else(|| text.to_owned(), |t| t.replace("\"\"", "\"")))
}
