//! The meaning of an SQLSTATE in rosey's own words
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>). For statements evaluated over rows the
//! server's texts are never shown: message, detail, hint and context may contain values of the rows, and a
//! function can raise any text with any code.

/// The meanings of single codes.
const CODES: [(&str, &str); 47] = [
    ("22001", "a value is too long for its type"),
    ("22003", "a number is out of range for its type"),
    ("22007", "a value is not a valid date or time"),
    ("22008", "a date or time is out of range"),
    ("22012", "division by zero"),
    ("2201B", "a regular expression is invalid"),
    ("22023", "a parameter has an invalid value"),
    ("22P02", "a value cannot be converted"),
    ("23502", "rows contain NULL in a column that does not allow it"),
    ("23503", "rows reference rows that do not exist"),
    ("23505", "rows are duplicates under a unique constraint or index"),
    ("23514", "rows violate a check constraint"),
    ("23P01", "rows conflict under an exclusion constraint"),
    ("25006", "it would write in a read-only transaction"),
    ("2BP01", "other objects depend on it"),
    ("3F000", "a schema does not exist"),
    ("40001", "another transaction changed the same rows"),
    ("42501", "the role lacks a privilege that the statement, or a function that it calls, requires"),
    ("42601", "syntax error"),
    ("42602", "a name is invalid"),
    ("42611", "a column definition is invalid"),
    ("42622", "a name is too long"),
    ("42701", "a column is specified more than once"),
    ("42702", "a column name is ambiguous"),
    ("42703", "a column does not exist"),
    ("42704", "an object does not exist"),
    ("42710", "an object with this name already exists"),
    ("42723", "a function with this name already exists"),
    ("42725", "a function name is ambiguous"),
    ("42803", "an aggregate function is not allowed here, or GROUP BY lacks a column"),
    ("42804", "types do not match"),
    ("42809", "an object is of the wrong kind"),
    ("42830", "the referenced columns have no unique constraint"),
    ("42846", "a type cannot be cast to another"),
    ("42883", "a function or operator does not exist"),
    ("42P01", "a table does not exist"),
    ("42P06", "a schema with this name already exists"),
    ("42P07", "a table, view, sequence or index with this name already exists"),
    ("42P16", "a table definition is invalid"),
    ("42P17", "a definition is invalid, for example because a function in it is not IMMUTABLE"),
    ("42P18", "a type cannot be determined"),
    ("42P20", "window functions are not allowed here"),
    ("42P21", "collations do not match"),
    ("42P22", "a collation cannot be determined"),
    ("53100", "the server's disk is full"),
    ("53200", "the server is out of memory"),
    ("54001", "an expression is nested too deeply"),
];

/// The meanings of classes of codes.
const CLASSES: [(&str, &str); 12] = [
    ("0A", "the server does not support it"),
    ("21", "a subquery returns more than one row"),
    ("22", "a value does not fit"),
    ("23", "rows violate a constraint"),
    ("25", "the transaction state does not allow it"),
    ("42", "a name, type or syntax is invalid"),
    ("53", "the server is out of resources"),
    ("54", "a limit of the server was exceeded"),
    ("55", "an object is not in the required state"),
    ("57", "it was canceled, or the server is shutting down"),
    ("58", "system error on the server"),
    ("P0", "a function that it calls raises an error"),
];

/// Returns the meaning of a code.
pub(super) fn words(code: &str) -> &'static str {
    let exact = CODES.iter().find(|(c, _)| *c == code).map(|(_, words)| *words);
    let class = || CLASSES.iter().find(|(c, _)| code.starts_with(c)).map(|(_, words)| *words);
    exact.or_else(class).unwrap_or("the server rejects it")
}

/// Returns what to do about SQL of the schema file that the server rejects with a code.
pub(super) fn advice(code: &str) -> &'static str {
    match code {
        "42883" => "check the name and the types of its arguments; if an extension provides it, declare the extension",
        "42703" | "42P01" => "check the names that it uses",
        "42704" => "check the name; if an extension provides it, declare the extension",
        "42P17" => "use only functions that are IMMUTABLE here",
        _ if code.starts_with("22") => "write a value that the type accepts",
        _ => "correct the SQL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_before_their_classes() {
        assert_eq!(words("22P02"), "a value cannot be converted");
        assert_eq!(words("22025"), "a value does not fit");
        assert_eq!(words("P0001"), "a function that it calls raises an error");
        assert_eq!(words("ZZ999"), "the server rejects it");
    }
}
