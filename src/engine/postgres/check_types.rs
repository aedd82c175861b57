//! Reports types that no PostgreSQL server accepts: text that is not a type, and sizes out of range. Does not
//! know which types exist.

use super::{read_type, whole};
use crate::schema::{Origin, Problem, Type};

/// The maximum length of a `varchar` or `char`
/// (<https://www.postgresql.org/docs/current/datatype-character.html>).
const LONGEST: u32 = 10_485_760;

/// The maximum precision of a `numeric` (<https://www.postgresql.org/docs/current/datatype-numeric.html>).
const MOST_DIGITS: u32 = 1000;

/// Checks the type of `whose`; `at` are the positions of the type and of the object.
pub(super) fn a_type(ty: &Type, whose: &str, at: (Origin, Origin), found: &mut Vec<Problem>) {
    let at = at.0.0.or(at.1.0);
    if let Type::Other(name) = ty {
        if name.as_str().is_empty() {
            let problem = Problem::new(format!("{whose} has no type"), at, "PostgreSQL requires a type");
            found.push(problem.help("add a type, or restrict it to SQLite with only=sqlite"));
            return;
        }
        if !whole::is_type(name.as_str()) {
            let problem = Problem::new(format!("`{}` is not a type", name.as_str()), at, "not a single type");
            found.push(problem.help("write a type name, with any length or precision in parentheses: \"varchar(50)\""));
            return;
        }
    }
    let (what, size, most) = match size(ty) {
        Some(size) => size,
        None => return,
    };
    if size == 0 || size > most {
        let problem = Problem::new(format!("the {what} of type `{ty}` is out of range"), at, "here");
        found.push(problem.help(format!("write a {what} from 1 to {most}")));
    }
}

/// Returns what the size of a type is called, the size, and its maximum.
fn size(ty: &Type) -> Option<(&'static str, u32, u32)> {
    let portable = if let Type::Other(name) = ty { read_type::read(name.as_str(), "") } else { ty.clone() };
    match portable {
        Type::VarChar(length) | Type::Char(length) => Some(("length", length, LONGEST)),
        Type::Decimal(Some((precision, _))) => Some(("precision", precision, MOST_DIGITS)),
        _ => None,
    }
}
