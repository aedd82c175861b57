//! Makes SQL safe for the sqlite3 shell, which reads a line with only `/` or `go` as the end of a statement
//! (<https://sqlite.org/cli.html>). Such a word is moved to the line of its neighbor, which changes no token.

use super::lexer::{Token, lex};

/// Returns the same statement without such a line.
pub(crate) fn safe(sql: &str) -> String {
    if !sql.lines().any(is_terminator) {
        return sql.to_owned();
    }
    let tokens = lex(sql);
    let mut out = String::with_capacity(sql.len());
    let mut done = 0;
    for (i, token) in tokens.iter().enumerate().filter(|(_, t)| is_alone(sql, t)) {
        let before = i.checked_sub(1).and_then(|b| tokens.get(b)).map_or(0, |t| t.end);
        let after = tokens.get(i + 1).map_or(sql.len(), |t| t.start);
        if before >= done && is_space(sql, before, token.start) {
            out.push_str(&sql[done..before]);
            out.push(' ');
            done = token.start;
        } else if is_space(sql, token.end, after) {
            out.push_str(&sql[done..token.end]);
            out.push(' ');
            done = after;
        } else {
            out.push_str(&sql[done..token.end]);
            out.push_str(" /**/");
            done = token.end;
        }
    }
    out.push_str(&sql[done..]);
    out
}

fn is_terminator(line: &str) -> bool {
    matches!(line.trim(), "/") || line.trim().eq_ignore_ascii_case("go")
}

/// Returns true if the token is alone on its line.
fn is_alone(sql: &str, token: &Token) -> bool {
    let start = sql[..token.start].rfind('\n').map_or(0, |n| n + 1);
    let end = sql[token.end..].find('\n').map_or(sql.len(), |n| token.end + n);
    is_terminator(&sql[start..end]) && !token.text(sql).contains('\n')
}

fn is_space(sql: &str, from: usize, to: usize) -> bool {
    sql.get(from..to).is_some_and(|gap| gap.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_ends_the_statement() {
        assert_eq!(safe("SELECT a\n/\nb"), "SELECT a /\nb");
        assert_eq!(safe("SELECT a AS\n  Go  \nFROM t"), "SELECT a AS Go  \nFROM t");
        assert_eq!(safe("SELECT a -- c\n/\nb"), "SELECT a -- c\n/ b");
        assert_eq!(safe("SELECT a -- c\n/\n-- d\nb"), "SELECT a -- c\n/ /**/\n-- d\nb");
        assert_eq!(safe("SELECT a\n/\n/* */\nb"), "SELECT a /\n/* */\nb");
    }

    #[test]
    fn what_stands_in_quotes_stays() {
        for sql in ["SELECT '\n/\n'", "SELECT \"\ngo\n\"", "SELECT a /\nb", "SELECT 1 /* \n/\n */"] {
            assert_eq!(safe(sql), sql);
        }
    }
}
