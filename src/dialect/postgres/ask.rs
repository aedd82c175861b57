//! Asks the server how it spells expressions: they stand in the select list of a temporary view, and `pg_get_viewdef`
//! gives them back. Nothing is left behind, and no table is touched: a table is only the list of its columns.
//!
//! What comes from a schema file reaches the server as part of one prepared `CREATE VIEW`, which runs nothing.

use sqlparser::tokenizer::Token;

use super::canon::{self, quote};
use super::connection::{Connection, Error};

/// The columns that expressions may name, under the name of their table.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    /// What the columns may be qualified by.
    pub(crate) alias: String,
    /// Name, type and collation.
    pub(crate) columns: Vec<(String, String, Option<String>)>,
    /// The expressions: SQL, and the type that they are cast to.
    pub(crate) questions: Vec<(String, Option<String>)>,
    /// The server's spellings, once asked, or its refusals.
    pub(crate) answers: Vec<Result<Answer, Refusal>>,
}

/// Why the server does not take an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The SQLSTATE.
    pub(crate) code: String,
    /// The server's words.
    pub(crate) message: String,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Sql { code, message, .. } => Refusal { code, message },
            other => Refusal { code: String::new(), message: other.to_string() },
        }
    }
}

/// An expression in the server's spelling.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    /// What is compared.
    pub(crate) canon: String,
    /// What it can be asked about again.
    pub(crate) sql: String,
}

/// How many scopes go into one view; a view has at most 1,600 columns.
const AT_ONCE: usize = 1500;

/// Asks for all of them: one view for many scopes; where that fails, one for each, and then one for each expression.
///
/// # Errors
/// Where the connection is lost. An expression that the server refuses has no answer.
pub(crate) async fn ask(connection: &mut Connection, scopes: &mut [Scope]) -> Result<(), Error> {
    for batch in scopes.chunks_mut(AT_ONCE) {
        let whole: Vec<&Scope> = batch.iter().collect();
        if let Ok(answers) = try_view(connection, &whole).await? {
            batch.iter_mut().zip(answers).for_each(|(scope, found)| scope.answers = found.into_iter().map(Ok).collect());
            continue;
        }
        for scope in batch {
            ask_one(connection, scope).await?;
        }
    }
    Ok(())
}

async fn ask_one(connection: &mut Connection, scope: &mut Scope) -> Result<(), Error> {
    if let Ok(mut answers) = try_view(connection, &[scope]).await? {
        scope.answers = answers.pop().unwrap_or_default().into_iter().map(Ok).collect();
        return Ok(());
    }
    let mut answers = Vec::new();
    for question in &scope.questions {
        let alone = Scope { questions: vec![question.clone()], answers: Vec::new(), ..scope.clone() };
        let found = try_view(connection, &[&alone]).await?;
        answers.push(found.map(|mut a| a.pop().and_then(|mut a| a.pop()).unwrap_or_default()));
    }
    scope.answers = answers;
    Ok(())
}

/// The answers of one view, or why the server refuses it.
async fn try_view(connection: &mut Connection, scopes: &[&Scope]) -> Result<Result<Vec<Vec<Answer>>, Refusal>, Error> {
    let selects: Vec<String> = scopes.iter().enumerate().map(|(i, s)| format!("{} AS c{i}", select(s))).collect();
    let definition = viewdef_as(connection, "", &format!("SELECT {}", selects.join(", "))).await?;
    let odd = || Refusal { code: String::new(), message: "the server spells it in a form that is not understood".to_owned() };
    Ok(definition.map_err(Refusal::from).and_then(|text| read(&text, scopes).ok_or_else(odd)))
}

/// What the server makes of a query, its columns called as `list` says: the definition of a view of it, or its refusal.
pub(crate) async fn viewdef_as(connection: &mut Connection, list: &str, query: &str) -> Result<Result<String, Error>, Error> {
    connection.execute("SAVEPOINT rosey_ask").await?;
    let created = connection.execute(&format!("CREATE TEMPORARY VIEW _rosey_ask {list} AS {query}")).await;
    let outcome = match created {
        Ok(_) => {
            let sql = "SELECT pg_get_viewdef('pg_temp._rosey_ask'::regclass)";
            connection.texts(sql).await.map(|t| t.into_iter().next().unwrap_or_default())
        }
        Err(error) => Err(error),
    };
    if let Err(lost @ Error::Lost(_)) = outcome {
        return Err(lost);
    }
    connection.execute("ROLLBACK TO SAVEPOINT rosey_ask").await?;
    Ok(outcome)
}

/// The collation that the first question of a scope has by itself, where the server takes it: that of a view's column.
pub(crate) async fn collation(connection: &mut Connection, scope: &Scope) -> Result<Option<String>, Error> {
    let Some((sql, _)) = scope.questions.first() else { return Ok(None) };
    let view = format!("CREATE TEMPORARY VIEW _rosey_ask AS SELECT ({sql}\n) AS c FROM {}", from(scope));
    connection.execute("SAVEPOINT rosey_ask").await?;
    let found = match connection.execute(&view).await {
        Ok(_) => {
            let sql = "SELECT k.collname::text FROM pg_attribute a JOIN pg_collation k ON k.oid = a.attcollation \
                       WHERE a.attrelid = 'pg_temp._rosey_ask'::regclass";
            connection.texts(sql).await.map(|t| t.into_iter().next())?
        }
        Err(lost @ Error::Lost(_)) => return Err(lost),
        Err(_) => None,
    };
    connection.execute("ROLLBACK TO SAVEPOINT rosey_ask").await?;
    Ok(found)
}

fn select(scope: &Scope) -> String {
    let one = |(sql, cast): &(String, Option<String>)| match cast {
        Some(ty) => format!("CAST(({sql}\n) AS {ty})"),
        None => format!("({sql}\n)"),
    };
    let questions: Vec<String> = scope.questions.iter().map(one).collect();
    // A view's column cannot be a row, but can say whether one is null.
    format!("(SELECT ROW({}) IS NULL FROM {})", questions.join(", "), from(scope))
}

/// The columns of a scope as a row of NULLs.
fn from(scope: &Scope) -> String {
    let column = |(name, ty, collate): &(String, String, Option<String>)| {
        let collate = collate.as_ref().map(|c| format!(" COLLATE {}", quote(c))).unwrap_or_default();
        format!("(NULL::{ty}){collate} AS {}", quote(name))
    };
    let columns: Vec<String> = scope.columns.iter().map(column).collect();
    let columns = if columns.is_empty() { "NULL AS rosey_nothing".to_owned() } else { columns.join(", ") };
    format!("(SELECT {columns}) AS {}", quote(&scope.alias))
}

/// Takes the definition of the view apart: each select's row, by its commas.
fn read(definition: &str, scopes: &[&Scope]) -> Option<Vec<Vec<Answer>>> {
    let tokens = canon::tokens(definition)?;
    let word = |i: usize, text: &str| matches!(tokens.get(i), Some(Token::Word(w)) if w.value.eq_ignore_ascii_case(text));
    let mut found = Vec::new();
    let mut at = 1;
    while at < tokens.len() {
        if tokens[at] != Token::LParen {
            at += 1;
            continue;
        }
        let end = canon::closing(&tokens, at)?;
        let row = at + 2 + tokens[at..].iter().skip(2).take_while(|t| **t == Token::LParen).count();
        if !word(at + 1, "select") || !word(row, "row") {
            return None;
        }
        let close = canon::closing(&tokens, row + 1)?;
        let alias = scopes.get(found.len()).map_or("", |s| s.alias.as_str());
        found.push(split(&unqualified(&tokens[row + 2..close], alias)));
        at = end + 1;
    }
    let fits = found.len() == scopes.len() && found.iter().zip(scopes).all(|(f, s)| f.len() == s.questions.len());
    fits.then_some(found)
}

/// Columns without the name of their table, as a table's own expressions have them.
fn unqualified(tokens: &[Token], alias: &str) -> Vec<Token> {
    let mut left = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let own = matches!(token, Token::Word(w) if canon::name(w) == alias) && tokens.get(at + 1) == Some(&Token::Period);
        let inner = at > 0 && tokens[at - 1] == Token::Period;
        if own && !inner {
            at += 2;
            continue;
        }
        left.push(token.clone());
        at += 1;
    }
    left
}

/// What stands between commas.
fn split(tokens: &[Token]) -> Vec<Answer> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_i32;
    for token in tokens {
        match token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            _ => {}
        }
        if *token == Token::Comma && depth == 0 {
            parts.push(Vec::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(token.clone());
        }
    }
    parts.iter().map(|p| Answer { canon: canon::spelled(p), sql: canon::sql(p) }).collect()
}
