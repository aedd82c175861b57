//! Removes passwords from a text that quotes user input: the userinfo of URLs and libpq's `password=…`.
//! Prefers to hide too much rather than too little, and changes nothing that is already masked.

/// The replacement for a password.
const HIDDEN: &str = "…";

/// A quote inside a word that is quoted for a shell.
const SHELL_QUOTE: &str = r"'\''";

/// Words before a `=` whose value is secret: URL parameters, libpq keywords, and variables.
const SECRET: [&str; 5] = ["password", "passwd", "passphrase", "pwd", "token"];

/// Returns the text without passwords.
pub fn masked(text: &str) -> String {
    keywords(&text.split_inclusive(char::is_whitespace).map(userinfo).collect::<String>())
}

/// Returns a word without the password of its URL.
fn userinfo(word: &str) -> String {
    let has_scheme = word.contains("://");
    let (start, is_url) = match word.find("//") {
        Some(n) => (n + 2, true),
        None => (0, false),
    };
    let (front, rest) = word.split_at(start);
    let Some((who, place)) = rest.rsplit_once('@') else {
        return if has_scheme { format!("{front}{}", without_at(rest)) } else { word.to_owned() };
    };
    match who.split_once(':') {
        // The word itself is a placeholder in a format description.
        Some((_, "password" | "PASSWORD" | HIDDEN)) => word.to_owned(),
        Some((user, password)) if is_url || is_login(user, password, place) => format!("{front}{user}:{HIDDEN}@{place}"),
        _ => word.to_owned(),
    }
}

/// Returns true if a word without a scheme is `user:password@host`.
fn is_login(user: &str, password: &str, place: &str) -> bool {
    let name = user.trim_start_matches(['`', '"', '\'', '(']);
    let plain = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_alphanumeric() || "_-.%+".contains(c));
    plain(name) && !password.is_empty() && place.starts_with(|c: char| c.is_alphanumeric() || c == '[')
}

/// Masks a URL that lost its `@`: an invalid port is the beginning of a password.
fn without_at(rest: &str) -> String {
    let (authority, path) = rest.find('/').map_or((rest, ""), |n| rest.split_at(n));
    match authority.split_once(':') {
        Some((host, port))
            if !host.contains('[') && !port.starts_with(|c: char| c.is_ascii_digit() || c == '\u{2026}') && !port.trim().is_empty() =>
        {
            // The punctuation around the URL is not part of it.
            let end = rest.trim_end_matches(|c: char| c.is_whitespace() || "`'\":;,.)".contains(c)).len();
            format!("{host}:{HIDDEN}{}", &rest[end..])
        }
        _ => format!("{authority}{path}"),
    }
}

/// Returns the text without the values of `password=` and the like.
fn keywords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(value) = next_value(rest) {
        out.push_str(&rest[..value.start]);
        out.push_str(HIDDEN);
        rest = &rest[value.end..];
    }
    out + rest
}

/// Returns the range of the next secret value.
fn next_value(text: &str) -> Option<std::ops::Range<usize>> {
    text.match_indices('=').find_map(|(at, _)| {
        let before = text[..at].trim_end().to_ascii_lowercase();
        if !SECRET.iter().any(|word| before.ends_with(word)) {
            return None;
        }
        let start = at + 1 + (text[at + 1..].len() - text[at + 1..].trim_start_matches(' ').len());
        let end = start + value_length(&text[start..]);
        let value = &text[start..end];
        (!value.is_empty() && value != HIDDEN && !value.starts_with('=')).then_some(start..end)
    })
}

/// Returns the length of a value: up to its closing quote, or else to a space or `&`, without the punctuation
/// around it.
fn value_length(text: &str) -> usize {
    // A quote inside a word that is quoted for a shell.
    if let Some(inside) = text.strip_prefix(SHELL_QUOTE) {
        return inside.find(SHELL_QUOTE).map_or(text.len(), |n| n + 2 * SHELL_QUOTE.len());
    }
    if text.starts_with('\'') {
        let mut escaped = false;
        for (n, c) in text.char_indices().skip(1) {
            match c {
                '\'' if !escaped => return n + 1,
                '\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '&').unwrap_or(text.len());
    text[..end].trim_end_matches(['`', '"', '\'', ':', ';', ',', ')', '.']).len()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn passwords_are_hidden_and_nothing_else() {
        for (text, wanted) in [
            ("postgres://me:s3cret@host/db", "postgres://me:…@host/db"),
            ("`postgres://me:s3@cret@host/db`: no", "`postgres://me:…@host/db`: no"),
            ("postgres://me:s3/c?ret@host/db x", "postgres://me:…@host/db x"),
            ("postgres://me:s3cret", "postgres://me:…"),
            ("postgres://host:5432/db", "postgres://host:5432/db"),
            ("postgres://[::1]:5432/db", "postgres://[::1]:5432/db"),
            ("//me:s3cret@host/db", "//me:…@host/db"),
            ("me:s3cret@host/db: no such file", "me:…@host/db: no such file"),
            ("`host=h password=s3cret user=u`: x", "`host=h password=… user=u`: x"),
            ("`host=h password=s3cret`: x", "`host=h password=…`: x"),
            ("password = 's3 c\\'ret' host=h", "password = … host=h"),
            ("postgres://h/db?password=s3cret&x=1", "postgres://h/db?password=…&x=1"),
            (r"--url 'password='\''s3 cret'\'''", "--url 'password=…'"),
            ("PGPASSWORD=s3cret rosey", "PGPASSWORD=… rosey"),
            ("column password text", "column password text"),
            ("table t at a:b", "table t at a:b"),
            ("write postgresql://user:password@host:port/database", "write postgresql://user:password@host:port/database"),
        ] {
            assert_eq!(masked(text), wanted);
            assert_eq!(masked(wanted), wanted);
        }
    }
}
