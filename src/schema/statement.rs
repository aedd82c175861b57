//! Reads as much of a `CREATE` statement as the model needs: what it creates, and what else identifies that.
//! Splits at quotes, dollar quotes, comments and brackets as all databases do. Judges nothing: the engines
//! check what they run.

use super::DefinedKind;

/// Why a text is not the statement of an object.
pub type NotCreated = String;

/// The head of a `CREATE` statement.
#[derive(Debug, PartialEq, Eq)]
pub struct Created<'s> {
    /// The schema, if the name is qualified.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
    /// Everything after the name.
    pub body: &'s str,
}

/// Reads `CREATE [OR REPLACE] [CONSTRAINT] KIND [IF NOT EXISTS] [schema.]name …`, without the semicolon at its
/// end. With `folds`, names without quotes are in lower case.
///
/// # Errors
/// If the text is not one such statement: what it is instead.
pub fn created(sql: &str, kind: DefinedKind, folds: bool) -> Result<Created<'_>, NotCreated> {
    let sql = without_end(sql);
    let mut tokens = Tokens::new(sql, folds);
    let begins = tokens.eat("create");
    if begins && tokens.eat("or") {
        tokens.eat("replace");
    }
    let start = tokens.at;
    let is_kind = begins && tokens.eat_all(kind.sql());
    if !is_kind {
        tokens.at = start;
        let found = if begins { tokens.next().map_or("nothing", |(_, text)| text).to_uppercase() } else { "another statement".to_owned() };
        return Err(format!("it contains {}{found}", if begins { "CREATE " } else { "" }));
    }
    tokens.eat_all("if not exists");
    let Some((schema, name)) = tokens.object() else { return Err("its CREATE statement has no name".to_owned()) };
    let body = sql[tokens.at..].trim_start();
    match Tokens::new(body, folds).any(|t| t.0 == Token::Symbol(';')) && !has_block(body, folds) {
        true => Err("it contains more than one statement".to_owned()),
        false => Ok(Created { schema, name, body }),
    }
}

/// Returns the text between the first brackets of a body that begins with them: the arguments of a function.
pub fn arguments(body: &str) -> Option<&str> {
    let mut tokens = Tokens::new(body, false);
    (tokens.next()?.0 == Token::Symbol('(')).then_some(())?;
    let start = tokens.at;
    let mut depth = 1;
    while let Some((token, text)) = tokens.next() {
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return body.get(start..tokens.at - text.len()).map(str::trim);
        }
    }
    None
}

/// Returns the table or view that follows a keyword, outside of brackets: `ON notes`.
pub fn relation_after(body: &str, keyword: &str, folds: bool) -> Option<(Option<String>, String)> {
    let mut tokens = Tokens::new(body, folds);
    let mut depth = 0;
    loop {
        let here = tokens.at;
        let (token, _) = tokens.next()?;
        match token {
            Token::Symbol('(') => depth += 1,
            Token::Symbol(')') => depth -= 1,
            Token::Word if depth == 0 => {
                tokens.at = here;
                if tokens.eat(keyword) {
                    tokens.eat("only");
                    return tokens.object();
                }
                tokens.next();
            }
            _ => {}
        }
    }
}

/// Returns the statement without the semicolons, spaces and comments that follow it.
fn without_end(sql: &str) -> &str {
    let (mut tokens, mut end) = (Tokens::new(sql, false), 0);
    while let Some((token, _)) = tokens.next() {
        if token != Token::Symbol(';') {
            end = tokens.at;
        }
    }
    &sql[..end]
}

/// Returns whether the body contains a block, in which semicolons end statements: a trigger of SQLite, a
/// function with `BEGIN ATOMIC`.
fn has_block(body: &str, folds: bool) -> bool {
    let mut last = None;
    let mut begins = false;
    for (token, text) in Tokens::new(body, folds) {
        begins |= token == Token::Word && text.eq_ignore_ascii_case("begin");
        last = Some(text);
    }
    begins && last.is_some_and(|text| text.eq_ignore_ascii_case("end"))
}

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// A keyword or a name without quotes.
    Word,
    /// A name in quotes.
    Name,
    /// A string.
    Text,
    /// Any other character.
    Symbol(char),
}

/// The tokens of a text, each with its text. Comments are left out.
struct Tokens<'s> {
    sql: &'s str,
    at: usize,
    folds: bool,
}

impl<'s> Iterator for Tokens<'s> {
    type Item = (Token, &'s str);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip();
        let rest = &self.sql[self.at..];
        let c = rest.chars().next()?;
        let (token, len) = match c {
            '\'' => (Token::Text, quoted(rest, '\'')),
            '"' | '`' => (Token::Name, quoted(rest, c)),
            '$' => dollar_quoted(rest).map_or((Token::Symbol(c), 1), |len| (Token::Text, len)),
            _ if c.is_alphanumeric() || c == '_' => {
                let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
                (Token::Word, len)
            }
            _ => (Token::Symbol(c), c.len_utf8()),
        };
        self.at += len;
        Some((token, &rest[..len]))
    }
}

impl<'s> Tokens<'s> {
    fn new(sql: &'s str, folds: bool) -> Self {
        Tokens { sql, at: 0, folds }
    }

    /// Moves past spaces and comments.
    fn skip(&mut self) {
        loop {
            let rest = &self.sql[self.at..];
            let spaces = rest.len() - rest.trim_start().len();
            let comment = match &rest[spaces..] {
                line if line.starts_with("--") => line.find('\n').unwrap_or(line.len()),
                block if block.starts_with("/*") => block_comment(block),
                _ => 0,
            };
            self.at += spaces + comment;
            if comment == 0 {
                return;
            }
        }
    }

    /// Moves past a word, if it is the next one.
    fn eat(&mut self, word: &str) -> bool {
        let here = self.at;
        let found = self.next().is_some_and(|(token, text)| token == Token::Word && text.eq_ignore_ascii_case(word));
        if !found {
            self.at = here;
        }
        found
    }

    /// Moves past several words, if they follow. A trigger may be a constraint trigger.
    fn eat_all(&mut self, words: &str) -> bool {
        let here = self.at;
        let found = words.split(' ').all(|word| self.eat(word));
        if !found {
            self.at = here;
        }
        found
    }

    /// Reads `[schema.]name`.
    fn object(&mut self) -> Option<(Option<String>, String)> {
        let first = self.name()?;
        let here = self.at;
        if self.next().is_some_and(|(token, _)| token == Token::Symbol('.')) {
            return Some((Some(first), self.name()?));
        }
        self.at = here;
        Some((None, first))
    }

    fn name(&mut self) -> Option<String> {
        match self.next()? {
            (Token::Word, text) if self.folds => Some(text.to_lowercase()),
            (Token::Word, text) => Some(text.to_owned()),
            (Token::Name, text) => {
                let quote = text.chars().next()?;
                let inner = text.get(1..text.len().saturating_sub(1))?;
                Some(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
            }
            _ => None,
        }
    }
}

/// Returns the length of what is quoted at the beginning of the text; a doubled quote does not end it.
fn quoted(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(next) = text[at..].find(quote) {
        at += next + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Returns the length of a string such as `$$…$$` or `$body$…$body$` at the beginning of the text.
fn dollar_quoted(text: &str) -> Option<usize> {
    let end = text[1..].find('$')? + 2;
    let mark = &text[..end];
    let is_mark = mark[1..end - 1].chars().all(|c| c.is_alphanumeric() || c == '_');
    is_mark.then(|| text[end..].find(mark).map_or(text.len(), |at| end + at + mark.len()))
}

/// Returns the length of a `/* */` comment, which may contain others.
fn block_comment(text: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let Some(next) = text[at..].find(['/', '*']) else { return text.len() };
        at += next;
        match text.get(at..at + 2) {
            Some("/*") => (depth, at) = (depth + 1, at + 2),
            Some("*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_creates() {
        let body = "BEFORE UPDATE ON notes EXECUTE FUNCTION f();";
        for (sql, found) in [
            (format!("CREATE TRIGGER Touch {body}"), Ok((None, "touch"))),
            (format!("-- first\ncreate or replace trigger /* no */ \"Touch it\" {body}\n-- end\n"), Ok((None, "Touch it"))),
            (format!("CREATE TRIGGER IF NOT EXISTS app.touch {body}"), Ok((Some("app"), "touch"))),
            (format!("CREATE TABLE touch {body}"), Err("it contains CREATE TABLE")),
            ("SELECT 1".to_owned(), Err("it contains another statement")),
            (format!("CREATE TRIGGER touch {body} DROP TABLE t;"), Err("it contains more than one statement")),
        ] {
            let read = created(&sql, DefinedKind::Trigger, true);
            let read = read.as_ref().map(|c| (c.schema.as_deref(), c.name.as_str())).map_err(String::as_str);
            assert_eq!(read, found, "{sql}");
        }
        let sql = "CREATE TRIGGER t AFTER INSERT ON n BEGIN DELETE FROM a; DELETE FROM b; END;";
        assert!(created(sql, DefinedKind::Trigger, false).is_ok_and(|c| c.body.ends_with("END")));
    }

    #[test]
    fn what_identifies_an_object() {
        assert_eq!(arguments("(a text DEFAULT ')', b numeric(3, 2)) RETURNS int"), Some("a text DEFAULT ')', b numeric(3, 2)"));
        assert_eq!(arguments("() RETURNS int"), Some(""));
        assert_eq!(arguments("RETURNS int"), None);
        let on = |body| relation_after(body, "on", true);
        assert_eq!(on("BEFORE UPDATE OF a, b ON App.\"My Notes\" EXECUTE"), Some((Some("app".into()), "My Notes".into())));
        assert_eq!(on("BEFORE UPDATE /* ON x */ ON ONLY notes"), Some((None, "notes".into())));
        assert_eq!(on("BEFORE UPDATE"), None);
    }
}
