//! Numbers: converts KDL's spellings (`1_000`, `0x1F`, `+5`) to the plain decimal that every SQL database
//! reads, digit by digit from the source and never through a float. What is not a number in SQL (`#inf`,
//! `#nan`) has no such spelling.

use ::kdl::KdlValue;

/// Returns the number in plain decimal. `source` is how it is spelled in the file. Decimals and exponents are
/// kept: `1.10` and `1e3` differ from `1.1` and `1000` if no type is declared.
pub(super) fn plain(value: &KdlValue, source: &str) -> Option<String> {
    match value {
        KdlValue::Integer(whole) => Some(whole.to_string()),
        KdlValue::Float(_) if source.contains('#') => None,
        KdlValue::Float(_) => Some(plain_fraction(source)),
        _ => None,
    }
}

fn plain_fraction(source: &str) -> String {
    let digits = source.replace('_', "");
    let (sign, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let whole = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
    let leading = unsigned[..whole].len() - unsigned[..whole].trim_start_matches('0').len();
    let leading = if leading == whole { leading.saturating_sub(1) } else { leading };
    format!("{sign}{}", &unsigned[leading..])
}

/// Returns a number in the parentheses of a type that only some databases read: `varchar(1_000)`,
/// `varchar(0x20)`.
pub(super) fn odd_size(ty: &str) -> Option<&str> {
    let sizes = ty.find(['(', '[']).map(|open| &ty[open..])?;
    let words = sizes.split(|c: char| c.is_whitespace() || "()[],".contains(c));
    words.map(|w| w.trim_start_matches(['-', '+'])).find(|w| is_odd(w))
}

/// Returns whether the text is a number that is not in plain decimal.
pub(super) fn is_odd(text: &str) -> bool {
    let (first, rest) = text.split_at(usize::from(text.starts_with(|c: char| c.is_ascii_digit())));
    let prefixed = first == "0" && rest.starts_with(['x', 'X', 'o', 'O', 'b', 'B']) && rest[1..].bytes().all(|b| b.is_ascii_hexdigit());
    !first.is_empty() && ((prefixed && rest.len() > 1) || (rest.contains('_') && rest.bytes().all(|b| b.is_ascii_digit() || b == b'_')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(source: &str) -> Option<String> {
        let document = ::kdl::KdlDocument::parse_v2(&format!("n {source}")).unwrap();
        plain(document.nodes()[0].entries()[0].value(), source)
    }

    #[test]
    fn every_spelling_becomes_plain_decimal() {
        for (source, wanted) in [
            ("1_000", "1000"),
            ("0o17", "15"),
            ("0x1F", "31"),
            ("-0x10", "-16"),
            ("0b1_01", "5"),
            ("+5", "5"),
            ("-0", "0"),
            ("007", "7"),
            ("0xFFFF_FFFF_FFFF_FFFF", "18446744073709551615"),
            ("9007199254740993", "9007199254740993"),
            ("1.10", "1.10"),
            ("+01_0.5_0", "10.50"),
            ("-00.5", "-0.5"),
            ("1e3", "1e3"),
            ("1_0E+1_0", "10E+10"),
            ("1e400", "1e400"),
            ("0.1234567890123456789012345", "0.1234567890123456789012345"),
        ] {
            assert_eq!(sql(source).as_deref(), Some(wanted), "{source}");
        }
        for source in ["#inf", "#-inf", "#nan"] {
            assert_eq!(sql(source), None, "{source}");
        }
    }

    #[test]
    fn sizes_are_plain_digits() {
        for (ty, odd) in [
            ("varchar(1_000)", Some("1_000")),
            ("numeric(0x10, 2)", Some("0x10")),
            ("integer[1_0]", Some("1_0")),
            ("decimal(10,-2)", None),
            ("geometry(Point,4326)", None),
            ("my_type_2", None),
            ("bit(8)", None),
        ] {
            assert_eq!(odd_size(ty), odd, "{ty}");
        }
    }
}
