//! The arguments of a routine or an aggregate: what identifies it, and what `CREATE OR REPLACE` must not
//! change (<https://www.postgresql.org/docs/current/sql-createfunction.html>). Types are put into the
//! spelling of the server; nothing else is interpreted.

use super::super::scan::{Kind, Piece, scan};
use super::super::{read_type, types};
use crate::schema::Type;

/// One argument.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    pub(crate) is_input: bool,
    pub(crate) name: Option<String>,
    /// Its type, as `format_type` prints it without modifiers.
    pub(crate) ty: String,
    pub(crate) has_default: bool,
}

/// Reads a list of arguments without its brackets. `home` is the schema of unqualified names.
pub(crate) fn read(text: &str, home: &str) -> Option<Vec<Argument>> {
    let pieces = scan(text)?;
    let pieces: Vec<Piece> = pieces.into_iter().filter(|p| p.kind != Kind::OpenComment).collect();
    let parts = split(&pieces);
    parts.into_iter().filter(|part| !part.is_empty()).map(|part| argument(text, part, home)).collect()
}

/// Returns the types of the input arguments, as `pg_proc.proargtypes` has them.
pub(crate) fn identity(text: &str, home: &str) -> Option<String> {
    let inputs = read(text, home)?.into_iter().filter(|a| a.is_input);
    Some(inputs.map(|a| a.ty).collect::<Vec<_>>().join(", "))
}

/// Splits at the commas outside of brackets.
fn split(pieces: &[Piece]) -> Vec<&[Piece]> {
    let (mut depth, mut from, mut parts) = (0_i32, 0, Vec::new());
    for (at, piece) in pieces.iter().enumerate() {
        match piece.kind {
            Kind::Symbol('(' | '[') => depth += 1,
            Kind::Symbol(')' | ']') => depth -= 1,
            Kind::Symbol(',') if depth == 0 => {
                parts.push(&pieces[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&pieces[from..]);
    parts
}

fn argument(text: &str, pieces: &[Piece], home: &str) -> Option<Argument> {
    let is_default = |p: &Piece| p.is(text, "default") || matches!(p.kind, Kind::Symbol('=' | ':'));
    let end = pieces.iter().position(is_default).unwrap_or(pieces.len());
    let mut own: Vec<Piece> = pieces[..end].to_vec();
    // The mode stands before the name or after it.
    let is_mode = |p: &Piece| ["in", "out", "inout", "variadic"].iter().any(|mode| p.is(text, mode));
    let mode = own.iter().take(2).position(is_mode).filter(|_| own.len() > 1).map(|at| own.remove(at));
    let name = name(text, &own);
    let ty = &own[usize::from(name.is_some())..];
    let ty = text.get(ty.first()?.start..ty.last()?.end)?;
    let is_input = !mode.is_some_and(|p| p.is(text, "out"));
    Some(Argument { is_input, name, ty: shown(ty, home), has_default: end < pieces.len() })
}

/// Returns the name of an argument, if it has one: a name before the type.
fn name(text: &str, pieces: &[Piece]) -> Option<String> {
    let [first, second, ..] = pieces else { return None };
    let is_name = |p: &Piece| matches!(p.kind, Kind::Word | Kind::Name);
    let word = |p: &Piece| text[p.start..p.end].to_lowercase();
    let follows = word(second);
    let is_type = match word(first).as_str() {
        "double" => follows == "precision",
        "character" | "bit" | "char" | "nchar" => follows == "varying",
        "national" => follows.starts_with("char"),
        "time" | "timestamp" => follows == "with" || follows == "without",
        "interval" => ["year", "month", "day", "hour", "minute", "second"].contains(&follows.as_str()),
        _ => false,
    };
    if !is_name(first) || !is_name(second) || is_type || follows == "array" {
        return None;
    }
    let given = &text[first.start..first.end];
    let quoted = given.strip_prefix('"').and_then(|g| g.strip_suffix('"'));
    Some(quoted.map_or_else(|| given.to_lowercase(), |q| q.replace("\"\"", "\"")))
}

/// Returns a type as `format_type` prints it, without its modifiers.
pub(crate) fn shown(text: &str, home: &str) -> String {
    let ty = read_type::read(text, home);
    let sql = types::type_sql(&ty);
    let array = if sql.ends_with("[]") { "[]" } else { "" };
    let base = sql.trim_end_matches("[]");
    let base = base.split_once('(').map_or(base, |(head, _)| head);
    let long = match (base, &ty) {
        ("varchar", _) => "character varying",
        ("char", Type::Char(_)) | ("bpchar", _) => "character",
        ("timestamp", _) => "timestamp without time zone",
        ("timestamptz", _) => "timestamp with time zone",
        ("time", _) => "time without time zone",
        ("timetz", _) => "time with time zone",
        ("varbit", _) => "bit varying",
        (other, _) => other,
    };
    format!("{long}{array}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_identifies_a_function() {
        for (text, wanted) in [
            ("", ""),
            ("a int, b varchar(3), OUT c text, VARIADIC d int[]", "integer, character varying, integer[]"),
            ("integer, double precision", "integer, double precision"),
            ("a double precision DEFAULT f(1, 2), INOUT \"My b\" public.mood = 'x'", "double precision, mood"),
            ("t timestamp(3) with time zone, timestamptz", "timestamp with time zone, timestamp with time zone"),
            ("a IN int, b OUT text", "integer"),
            ("app.\"My T\", numeric(3,2), bit varying(3)", "app.\"My T\", numeric, bit varying"),
            ("character varying, timestamp without time zone", "character varying, timestamp without time zone"),
        ] {
            assert_eq!(identity(text, "public").as_deref(), Some(wanted), "{text}");
            assert_eq!(identity(wanted, "public").as_deref(), Some(wanted), "{text}");
        }
    }
}
