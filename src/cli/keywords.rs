//! libpq's keyword connection strings, `host=db user=ada`, which rosey does not accept: recognized so that
//! the error can show the equivalent URL. Never reveals a password.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The bytes that are escaped in a part of a URL.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The keywords that distinguish such a string from a path.
const FIRST: [&str; 9] = ["host", "hostaddr", "port", "dbname", "user", "password", "sslmode", "service", "application_name"];

/// The form of a URL that says the same.
pub(super) const URL_FORM: &str = "postgresql://user:password@host:port/database";

/// Returns the equivalent URL, with `PASSWORD` for the password; `None` if the text is something else.
pub(super) fn as_url(text: &str) -> Option<String> {
    let pairs = pairs(text)?;
    let of = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| utf8_percent_encode(v, VALUE).to_string());
    let host = of("host").or_else(|| of("hostaddr")).unwrap_or_default();
    let mut url = "postgresql://".to_owned();
    let password = pairs.iter().any(|(name, _)| name == "password");
    match (of("user"), password) {
        (Some(user), true) => url.push_str(&format!("{user}:PASSWORD@")),
        (Some(user), false) => url.push_str(&format!("{user}@")),
        (None, true) => url.push_str("USER:PASSWORD@"),
        (None, false) => {}
    }
    let port = of("port").map(|p| format!(":{p}")).unwrap_or_default();
    url.push_str(&format!("{host}{port}/{}", of("dbname").unwrap_or_default()));
    let rest = pairs.iter().filter(|(name, _)| ["sslmode", "sslrootcert", "application_name", "connect_timeout"].contains(&name.as_str()));
    let rest: Vec<String> = rest.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, VALUE))).collect();
    if !rest.is_empty() {
        url.push_str(&format!("?{}", rest.join("&")));
    }
    Some(url)
}

/// Parses the pairs
/// (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE>).
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return if found.is_empty() { None } else { Some(found) };
        }
        let (value, after) = value(after.trim_start());
        found.push((name.to_owned(), value));
        rest = after.trim_start();
    }
    found.first().filter(|(name, _)| FIRST.contains(&name.as_str()))?;
    Some(found)
}

/// Parses a value, quoted or not, and returns the rest.
fn value(text: &str) -> (String, &str) {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => value.extend(characters.next().map(|(_, c)| c)),
            '\'' if quoted => return (value, &text[at + 1..]),
            c if c.is_whitespace() && !quoted => return (value, &text[at..]),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::as_url;

    #[test]
    fn keywords_are_shown_as_a_url() {
        for (text, wanted) in [
            ("host=db port=5433 user=ada password=s3cret dbname=chat", Some("postgresql://ada:PASSWORD@db:5433/chat")),
            ("dbname = 'a b' password = 's3\\'c ret' sslmode=require", Some("postgresql://USER:PASSWORD@/a%20b?sslmode=require")),
            ("host=/run dbname=x", Some("postgresql://%2Frun/x")),
            ("app.db", None),
            ("a=b", None),
            ("data/x=y.db", None),
        ] {
            assert_eq!(as_url(text).as_deref(), wanted, "{text}");
        }
    }
}
