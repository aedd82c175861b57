//! Default values: which spellings store the same value, and how they are written.

use std::collections::BTreeSet;

use super::canon::{Scope, canon};
use super::lexer::{Kind, lex, quote_string};
use super::types::Affinity;
use crate::schema::{DefaultValue, Expr, Literal};

/// Gives a default its canonical spelling for a column of this affinity. `DEFAULT NULL` is the same as none.
pub(crate) fn normalize_default(default: DefaultValue, affinity: Affinity) -> Option<DefaultValue> {
    let numeric = matches!(affinity, Affinity::Integer | Affinity::Real | Affinity::Numeric);
    let canon = match literal_of(&default.value) {
        Literal::Null => return None,
        Literal::Bool(b) => number_canon(if b { "1" } else { "0" }, affinity),
        Literal::Number(n) => number_canon(&n, affinity),
        Literal::String(s) if numeric && looks_numeric(s.trim_ascii()) => number_canon(s.trim_ascii(), affinity),
        Literal::String(s) => format!("s:{s}"),
        // A default cannot name a column, so anything in double quotes is a string.
        Literal::Expr(e) => format!("e:{}", canon(&e.text, &Scope { columns: Some(&BTreeSet::new()), ..Scope::default() })),
    };
    Some(DefaultValue { value: default.value, canon })
}

/// Returns the literal if the expression is just a literal.
fn literal_of(value: &Literal) -> Literal {
    let Literal::Expr(expr) = value else { return value.clone() };
    let sql = expr.text.as_str();
    let mut tokens = lex(sql);
    while tokens.len() > 2 && tokens[0].is_op(sql, "(") && tokens[tokens.len() - 1].is_op(sql, ")") {
        tokens = tokens[1..tokens.len() - 1].to_vec();
    }
    match tokens.as_slice() {
        [t] if t.kind == Kind::Number => Literal::Number(t.text(sql).to_owned()),
        [sign, t] if t.kind == Kind::Number && sign.is_op(sql, "-") => Literal::Number(format!("-{}", t.text(sql))),
        [sign, t] if t.kind == Kind::Number && sign.is_op(sql, "+") => Literal::Number(t.text(sql).to_owned()),
        [t] if t.kind == Kind::String => Literal::String(t.value(sql).into_owned()),
        [t] if t.is(sql, "NULL") => Literal::Null,
        [t] if t.is(sql, "TRUE") => Literal::Bool(true),
        [t] if t.is(sql, "FALSE") => Literal::Bool(false),
        _ => Literal::Expr(expr.clone()),
    }
}

fn number_canon(text: &str, affinity: Affinity) -> String {
    let Some(number) = Decimal::parse(text) else { return format!("n:{text}") };
    match affinity {
        // Stored as the text of the number, which is certain only for an integer.
        Affinity::Text if number.is_stored_whole() => format!("s:{}", number.plain()),
        Affinity::Text | Affinity::Blob if !number.is_stored_whole() => format!("r:{}", number.canon()),
        _ => format!("n:{}", number.canon()),
    }
}

/// A number parsed exactly from its source text, never through a float.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
    integer: bool,
}

impl Decimal {
    fn parse(text: &str) -> Option<Decimal> {
        let text = text.replace('_', "");
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
        if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
            let value = u64::from_str_radix(hex, 16).ok()? as i64;
            return Some(Decimal { negative: negative != (value < 0), ..Decimal::of(&value.unsigned_abs().to_string(), "", 0, true) });
        }
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((m, e)) => (m, e.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let integer = whole.len() == unsigned.len();
        Some(Decimal { negative, ..Decimal::of(whole, fraction, exponent, integer) })
    }

    fn of(whole: &str, fraction: &str, exponent: i64, integer: bool) -> Decimal {
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let trimmed = significant.trim_end_matches('0');
        let exponent = exponent - fraction.len() as i64 + (significant.len() - trimmed.len()) as i64;
        let exponent = if trimmed.is_empty() { 0 } else { exponent };
        Decimal { negative: false, digits: trimmed.to_owned(), exponent, integer }
    }

    /// Returns true if SQLite stores the number as an integer. Beyond 64 bits it stores a float
    /// (<https://sqlite.org/lang_expr.html#literal_values_constants_>).
    fn is_stored_whole(&self) -> bool {
        self.integer && self.fits_64_bits()
    }

    fn fits_64_bits(&self) -> bool {
        // The zeros are written out only if there are few.
        (0..19).contains(&self.exponent) && self.plain().parse::<i64>().is_ok()
    }

    fn sign(&self) -> &'static str {
        if self.negative && !self.digits.is_empty() { "-" } else { "" }
    }

    fn canon(&self) -> String {
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        format!("{}{digits}e{}", self.sign(), self.exponent)
    }

    fn plain(&self) -> String {
        let zeros = "0".repeat(usize::try_from(self.exponent).unwrap_or(0));
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        format!("{}{digits}{zeros}", self.sign())
    }
}

/// Returns true if numeric affinity converts the text to a number.
fn looks_numeric(text: &str) -> bool {
    !text.contains(['x', 'X', '_']) && Decimal::parse(text).is_some()
}

/// Returns true if a column of a STRICT table can store the value; `declared` is its type in upper case. For
/// an expression, this is unknown.
pub(crate) fn fits_strict(value: &Literal, declared: &str) -> bool {
    let whole = |text: &str| Decimal::parse(text).is_some_and(|n| n.fits_64_bits());
    if !["INT", "INTEGER", "REAL", "TEXT", "BLOB"].contains(&declared) {
        return true;
    }
    match (literal_of(value), declared) {
        (Literal::Expr(e), "INT" | "INTEGER" | "REAL" | "TEXT") => !is_blob(&e.text),
        (Literal::Null | Literal::Expr(_), _) | (_, "TEXT") => true,
        (_, "BLOB") => false,
        (Literal::Number(n), "INT" | "INTEGER") => whole(&n),
        (Literal::String(s), "INT" | "INTEGER") => looks_numeric(s.trim_ascii()) && whole(s.trim_ascii()),
        (Literal::String(s), _) => looks_numeric(s.trim_ascii()),
        (Literal::Bool(_) | Literal::Number(_), _) => true,
    }
}

fn is_blob(sql: &str) -> bool {
    matches!(lex(sql).as_slice(), [t] if t.kind == Kind::Blob)
}

/// Returns a default as SQL, without the keyword DEFAULT.
pub(crate) fn default_sql(value: &Literal) -> String {
    match value {
        Literal::Null => "NULL".to_owned(),
        Literal::Bool(true) => "TRUE".to_owned(),
        Literal::Bool(false) => "FALSE".to_owned(),
        Literal::Number(n) => n.clone(),
        Literal::String(s) => quote_string(s),
        Literal::Expr(e) => expr_default(e),
    }
}

fn expr_default(expr: &Expr) -> String {
    let bare = ["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"].iter().any(|k| expr.text.eq_ignore_ascii_case(k));
    if bare || is_blob(&expr.text) { expr.text.clone() } else { format!("({})", expr.text) }
}

/// Returns true if the default is a number that is stored as a float.
pub(crate) fn is_float(default: &DefaultValue) -> bool {
    matches!(literal_of(&default.value), Literal::Number(n) if Decimal::parse(&n).is_none_or(|n| !n.is_stored_whole()))
}

/// Returns true if the default is the same for every row, so that `ALTER TABLE ADD COLUMN` accepts it
/// (<https://sqlite.org/lang_altertable.html#altertabaddcol>).
pub(crate) fn is_constant(value: &Literal) -> bool {
    match value {
        Literal::Expr(e) => matches!(lex(&e.text).as_slice(), [t] if matches!(t.kind, Kind::Blob | Kind::Number | Kind::String)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: Literal, b: Literal, affinity: Affinity) -> bool {
        normalize_default(DefaultValue::new(a), affinity) == normalize_default(DefaultValue::new(b), affinity)
    }
    fn number(text: &str) -> Literal {
        Literal::Number(text.to_owned())
    }
    fn string(text: &str) -> Literal {
        Literal::String(text.to_owned())
    }
    fn expr(text: &str) -> Literal {
        Literal::Expr(Expr::new(text))
    }

    #[test]
    fn on_numeric_affinity_a_numbers_text_is_the_number() {
        assert!(same(number("0"), string("0"), Affinity::Integer));
        assert!(same(number("0"), Literal::Bool(false), Affinity::Numeric));
        assert!(same(number("1.50"), string("15e-1"), Affinity::Real));
        assert!(same(number("0x10"), expr("(16)"), Affinity::Integer));
        assert!(same(number("-0"), number("0"), Affinity::Integer));
        assert!(!same(number("1"), string("1x"), Affinity::Integer));
        assert!(!same(number("1"), number("10"), Affinity::Integer));
        assert!(!same(number("9007199254740993"), number("9007199254740992"), Affinity::Integer));
    }

    #[test]
    fn elsewhere_it_is_not() {
        assert!(same(number("7"), string("7"), Affinity::Text));
        assert!(!same(number("1.0"), string("1"), Affinity::Text));
        assert!(!same(number("1"), string("1"), Affinity::Blob));
        assert!(!same(number("1.0"), number("1"), Affinity::Blob));
        assert!(!same(number("100000000000000000000"), string("100000000000000000000"), Affinity::Text));
        assert!(same(number("-9223372036854775808"), string("-9223372036854775808"), Affinity::Text));
        assert!(same(Literal::Null, expr("NULL"), Affinity::Blob));
        assert!(same(expr("CURRENT_TIMESTAMP"), expr("(current_timestamp)"), Affinity::Text));
    }
}
