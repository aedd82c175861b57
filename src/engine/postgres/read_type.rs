//! PostgreSQL's type names, in its own and in common spellings, and the corresponding portable types
//! (<https://www.postgresql.org/docs/current/datatype.html>).

use sqlparser::tokenizer::Token;

use super::{canon, keywords};
use crate::schema::{Type, TypeName};

/// Reads a type, as `format_type` prints it or as a schema file spells it. Names in the default schema become
/// unqualified.
pub(crate) fn read(text: &str, default_schema: &str) -> Type {
    let Some(spelled) = Spelled::of(text, default_schema) else { return Type::Other(TypeName::new(text)) };
    if spelled.dimensions == 0
        && let Some(portable) = portable(&spelled)
    {
        return portable;
    }
    Type::Other(TypeName::new(spelled.text()))
}

/// A type name in its parts: `timestamp(3) with time zone[]`.
struct Spelled {
    base: String,
    arguments: Option<String>,
    dimensions: usize,
}

impl Spelled {
    fn of(text: &str, default_schema: &str) -> Option<Spelled> {
        let tokens = canon::tokens(text)?;
        let (mut words, mut arguments, mut dimensions) = (Vec::new(), None, 0);
        let mut i = 0;
        while i < tokens.len() {
            match &tokens[i] {
                Token::Word(w) if w.quote_style.is_some() => words.push(quoted(&w.value, i > 0)),
                Token::Word(w) if w.value.eq_ignore_ascii_case("array") => dimensions += 1,
                Token::Word(w) => words.push(bare(w.value.to_lowercase(), &tokens, i)),
                Token::Period => words.push(".".to_owned()),
                Token::LParen => {
                    let end = canon::closing(&tokens, i)?;
                    arguments = Some(tokens[i + 1..end].iter().map(ToString::to_string).collect::<String>());
                    i = end;
                }
                Token::LBracket => {
                    i = canon::closing(&tokens, i)?;
                    dimensions += 1;
                }
                _ => return None,
            }
            i += 1;
        }
        let joined = words.join(" ").replace(" . ", ".");
        let own = format!("{}.", plain_or_quoted(default_schema));
        let bare = joined.strip_prefix("pg_catalog.").or(joined.strip_prefix(&own)).unwrap_or(&joined).to_owned();
        let element = match bare.as_str() {
            // Not `char`, which is another type.
            "_char" => Some("\"char\""),
            other => other.strip_prefix('_').filter(|name| ARRAY_ELEMENTS.contains(name)),
        };
        dimensions += usize::from(element.is_some());
        let base = alias(element.unwrap_or(&bare), arguments.is_some()).to_owned();
        Some(Spelled { base, arguments, dimensions }.tidy())
    }

    /// Removes modifiers that are the default.
    fn tidy(mut self) -> Spelled {
        if matches!(self.base.as_str(), "char" | "bit") && self.arguments.is_none() {
            self.arguments = Some("1".to_owned());
        }
        if self.base == "decimal" {
            self.arguments = self.arguments.map(|a| if a.contains(',') { a } else { format!("{a},0") });
        }
        if self.base == "float" {
            let bits = self.arguments.as_ref().map_or(Ok(53), |a| a.parse::<u32>());
            // The server rejects any other precision.
            if let Some(bits) = bits.ok().filter(|bits| (1..=53).contains(bits)) {
                self.arguments = None;
                self.base = if bits <= 24 { "real".to_owned() } else { "double".to_owned() };
            }
        }
        if self.base == "bpchar" && self.arguments.is_some() {
            self.base = "char".to_owned();
        }
        self
    }

    fn text(&self) -> String {
        let arguments = self.arguments.as_ref().map(|a| format!("({a})")).unwrap_or_default();
        // PostgreSQL does not distinguish numbers of dimensions.
        let array = if self.dimensions > 0 { "[]" } else { "" };
        let base = match self.base.as_str() {
            "double" => "double precision",
            "blob" => "bytea",
            "decimal" => "numeric",
            other => other,
        };
        format!("{base}{arguments}{array}")
    }
}

/// Built-in types by the names in `pg_type`: with an underscore in front, each is the name of its array type
/// (<https://www.postgresql.org/docs/current/sql-createtype.html#SQL-CREATETYPE-ARRAY>).
const ARRAY_ELEMENTS: [&str; 40] = [
    "bit",
    "bool",
    "box",
    "bpchar",
    "bytea",
    "cidr",
    "circle",
    "date",
    "daterange",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int4range",
    "int8",
    "int8range",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "line",
    "lseg",
    "macaddr",
    "money",
    "numeric",
    "numrange",
    "oid",
    "path",
    "point",
    "polygon",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsrange",
    "uuid",
    "varbit",
    "varchar",
];

/// Built-in types whose names are keywords: quoted they are the same types.
const BUILT_IN: [&str; 7] = ["bit", "interval", "json", "numeric", "time", "timestamp", "varchar"];

/// Returns a quoted name, without the quotes if it does not need them.
fn quoted(name: &str, follows: bool) -> String {
    if !follows && BUILT_IN.contains(&name) { name.to_owned() } else { plain_or_quoted(name) }
}

/// Returns an unquoted word. A reserved one can only be a user-defined type, so it is quoted as the server
/// does it.
fn bare(word: String, tokens: &[Token], at: usize) -> String {
    let qualified = at.checked_sub(1).and_then(|i| tokens.get(i)) == Some(&Token::Period);
    let alone = at == 0 && !matches!(tokens.get(1), Some(Token::Word(_)));
    let built_in = at > 1 && matches!(tokens.get(at - 2), Some(Token::Word(w)) if w.value.eq_ignore_ascii_case("pg_catalog"));
    let quotes = if qualified { !built_in && plain_or_quoted(&word) != word } else { alone && keywords::is_reserved(&word) };
    if quotes { canon::quote(&word) } else { word }
}

/// Returns a name, in quotes only if it needs them.
pub(crate) fn plain_or_quoted(name: &str) -> String {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let plain = first && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !keywords::needs_quotes(name) { name.to_owned() } else { canon::quote(name) }
}

/// Returns the canonical one of the names of a type.
fn alias(name: &str, has_arguments: bool) -> &str {
    match name {
        "int" | "int4" => "integer",
        "int2" => "smallint",
        "int8" => "bigint",
        "serial4" => "serial",
        "serial8" => "bigserial",
        "bool" => "boolean",
        "float4" => "real",
        "float8" | "double precision" => "double",
        "numeric" | "dec" => "decimal",
        "character varying" | "char varying" | "nchar varying" | "national character varying" | "national char varying" => "varchar",
        "character" | "nchar" | "national character" | "national char" => "char",
        "bytea" => "blob",
        "bit varying" => "varbit",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "bpchar" if has_arguments => "char",
        other => other,
    }
}

fn portable(spelled: &Spelled) -> Option<Type> {
    let text = match &spelled.arguments {
        Some(arguments) => format!("{}({arguments})", spelled.base),
        None => spelled.base.clone(),
    };
    match Type::parse(&text) {
        Type::Other(_) => None,
        portable => Some(portable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_type_are_one() {
        for (text, wanted) in [
            ("character varying(50)", "varchar(50)"),
            ("character varying", "varchar"),
            ("character(3)", "char(3)"),
            ("character", "char(1)"),
            ("\"char\"", "\"char\""),
            ("bpchar", "bpchar"),
            ("numeric", "decimal"),
            ("numeric(10)", "decimal(10,0)"),
            ("numeric(10,2)", "decimal(10,2)"),
            ("double precision", "double"),
            ("double precision[]", "double precision[]"),
            ("float8[]", "double precision[]"),
            ("timestamp(3) without time zone", "timestamp(3)"),
            ("timestamp with time zone", "timestamptz"),
            ("timestamptz(3)", "timestamptz(3)"),
            ("time with time zone", "timetz"),
            ("INT4", "integer"),
            ("text[][]", "text[]"),
            ("character varying(20)[]", "varchar(20)[]"),
            ("public.mood", "mood"),
            ("app.\"Mood\"", "app.\"Mood\""),
            ("interval day to second", "interval day to second"),
            ("bit(3)", "bit(3)"),
            ("bit", "bit(1)"),
            ("bit[]", "bit(1)[]"),
            ("pg_catalog.bit", "bit(1)"),
            ("_text", "text[]"),
            ("_int4", "integer[]"),
            ("_bpchar", "bpchar[]"),
            ("_bit", "bit(1)[]"),
            ("_char", "\"char\"[]"),
            ("_mood", "_mood"),
            ("nchar varying(3)", "varchar(3)"),
            ("national char(3)", "char(3)"),
            ("national character(3)", "char(3)"),
            ("national char varying(3)", "varchar(3)"),
            ("national character varying(3)", "varchar(3)"),
            ("bytea", "blob"),
            ("bytea[]", "bytea[]"),
            ("\"user\"", "\"user\""),
            ("user", "\"user\""),
            ("select[]", "\"select\"[]"),
            ("public.\"order\"[]", "\"order\"[]"),
            ("app.user", "app.\"user\""),
            ("\"integer\"", "\"integer\""),
            ("\"timestamp\"", "timestamp"),
            ("app.\"time\"", "app.\"time\""),
            ("\"a.b\"", "\"a.b\""),
            ("\"it's \"\"so\"\"\"[]", "\"it's \"\"so\"\"\"[]"),
            ("\"größe\"", "\"größe\""),
        ] {
            assert_eq!(read(text, "public").to_string(), wanted, "{text}");
        }
    }
}
