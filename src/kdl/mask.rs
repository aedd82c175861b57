//! Masks the URLs in a text, as they may contain passwords and a mistake is shown with the lines around it.
//! Positions do not change. Works line by line, so that the text need not be valid KDL; masks too much rather
//! than too little.

/// Returns the text with a `*` for every byte of a URL.
pub fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(veiled_line).collect()
}

fn veiled_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut done = 0;
    while let Some(secret) = secret(line, done) {
        out.push_str(&line[done..secret.start]);
        out.push_str(&"*".repeat(secret.len()));
        done = secret.end;
    }
    out.push_str(&line[done..]);
    out
}

/// Finds the next part of a line that may be a secret: what is in quotes after the word `url`, or after
/// `://`.
fn secret(line: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let rest = &line[from..];
    let scheme = rest.find("://").map(|n| from + n + "://".len());
    let start = match (behind_url(line, from), scheme) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b)?,
    };
    let end = string_end(line, start);
    if end > start { Some(start..end) } else { secret(line, start) }
}

/// Returns the first byte of the value after the next `url`.
fn behind_url(line: &str, from: usize) -> Option<usize> {
    let part_of_a_word = |c: char| c.is_alphanumeric() || "-_".contains(c);
    let starts = line[from..].match_indices("url").map(|(n, _)| from + n);
    let alone = |n: &usize| !line[..*n].ends_with(part_of_a_word) && !line[n + 3..].starts_with(part_of_a_word);
    let behind = starts.filter(alone).map(|n| n + 3).next()?;
    let value = behind + (line[behind..].len() - line[behind..].trim_start().len());
    let quotes = line[value..].len() - line[value..].trim_start_matches(['#', '"']).len();
    Some(value + quotes)
}

/// Returns where the string around `start` ends: at its quote, or else at the end of the line; a bare word
/// that cannot contain a password ends where words end.
fn string_end(line: &str, start: usize) -> usize {
    let line_end = line.trim_end().len();
    let opening = line[..start].rfind('"').filter(|n| !line[*n..start].contains(char::is_whitespace));
    let Some(opening) = opening else {
        let harmless = !line[start..].contains(['/', '@']);
        let word_end = line[start..].find([' ', '\t', ';', '}']).filter(|_| harmless);
        return word_end.map_or(line_end, |n| start + n);
    };
    if line[..opening].ends_with('#') {
        return line[start..].rfind('"').map_or(line_end, |n| start + n);
    }
    let mut escaped = false;
    for (n, c) in line[start..].char_indices() {
        match c {
            '"' if !escaped => return start + n,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    line_end
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn urls_are_hidden_and_nothing_else() {
        for (line, wanted) in [
            ("    url \"sqlite:///a.db\" // the bot's", "    url \"**************\" // the bot's"),
            ("url postgresql://me:s3cret@host/db", "url ******************************"),
            ("url \"me:s\\\"cret@host\"; schema db", "url \"***************\"; schema db"),
            ("url #\"me:s\"cret\"#", "url #\"*********\"#"),
            ("url-from PROD_URL", "url-from PROD_URL"),
            ("url-from \"x://me:s3cret@host\"\r\n", "url-from \"x://**************\"\r\n"),
            ("// was x://me:é@host", "// was x://**********"),
            ("env a { url \"a.db\" }; env b { url \"b.db\" }", "env a { url \"****\" }; env b { url \"****\" }"),
            ("env a { url a.db; backup always }", "env a { url ****; backup always }"),
            ("schema \"url\"", "schema \"url\""),
        ] {
            assert_eq!(masked(line), wanted);
            assert_eq!(masked(line).len(), line.len());
        }
    }
}
