//! Asks the server how it spells expressions: they become the select list of a temporary view, and
//! `pg_get_viewdef` returns them. Nothing is left behind and no table is read: a table is represented by its
//! column list only.
//!
//! Text from a schema file reaches the server as part of one prepared `CREATE VIEW`, which executes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::canon::{self, quote};
use super::catalog_row::catalog_row;
use super::connection::{Connection, Error};
use super::gate;
use sqlparser::tokenizer::Token;

/// An expression to ask about, with everything that its spelling depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Question {
    /// The expression.
    pub(crate) sql: String,
    /// The type that it is cast to.
    pub(crate) cast: Option<String>,
    /// The columns that the expression may reference: name, type and collation.
    pub(crate) columns: Vec<(String, String, Option<String>)>,
    /// The qualifier that the columns may have.
    pub(crate) alias: String,
}

/// Why the server rejects an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The SQLSTATE.
    pub(crate) code: String,
    /// The server's message.
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
    /// The form to compare.
    pub(crate) canon: String,
    /// The form that can be sent to the server again.
    pub(crate) sql: String,
}

/// Asks all questions and returns the answers in the same order. They share one view; if the server rejects
/// it, each half gets its own view, until the rejected expressions are isolated. Duplicate questions are sent
/// once.
///
/// # Errors
/// If the connection is lost. An expression that the server rejects is answered with its refusal.
pub(crate) async fn ask(connection: &mut Connection, questions: &[Question]) -> Result<Vec<Result<Answer, Refusal>>, Error> {
    let different: Vec<&Question> = questions.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let mut found: BTreeMap<&Question, Result<Answer, Refusal>> = BTreeMap::new();
    let mut open = vec![different.as_slice()];
    while let Some(some) = open.pop().filter(|s| !s.is_empty()) {
        match try_view(connection, some).await? {
            Ok(answers) => found.extend(some.iter().copied().zip(answers.into_iter().map(Ok))),
            Err(refusal) if some.len() == 1 => found.extend(some.iter().map(|q| (*q, Err(refusal.clone())))),
            Err(_) => {
                let (first, second) = some.split_at(some.len() / 2);
                open.extend([second, first]);
            }
        }
    }
    Ok(questions.iter().map(|q| found.get(q).cloned().unwrap_or_else(|| Ok(Answer::default()))).collect())
}

/// Returns the answers from one view, or why the server rejects it. They are in an array because a view has
/// at most 1,600 columns.
async fn try_view(connection: &mut Connection, questions: &[&Question]) -> Result<Result<Vec<Answer>, Refusal>, Error> {
    let selects: Vec<String> = questions.iter().map(|q| select(q)).collect();
    let definition = viewdef_as(connection, "", &format!("SELECT ARRAY[{}] AS answers", selects.join(", "))).await?;
    let odd = || Refusal { code: String::new(), message: "the server returned it in a form that rosey cannot parse".to_owned() };
    Ok(definition.map_err(Refusal::from).and_then(|text| read(&text, questions).ok_or_else(odd)))
}

/// Returns the server's definition of a view of `query` with the column names in `list`, or its refusal.
pub(crate) async fn viewdef_as(connection: &mut Connection, list: &str, query: &str) -> Result<Result<String, Error>, Error> {
    connection.execute("SAVEPOINT rosey_ask").await?;
    let created = gate::execute(connection, &format!("CREATE TEMPORARY VIEW _rosey_ask {list} AS {query}")).await;
    let outcome = match created {
        Ok(()) => definition(connection).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(text) => Ok(Ok(text)),
        Err(error) if error.is_interruption() => Err(error),
        refused => {
            connection.execute("ROLLBACK TO SAVEPOINT rosey_ask").await?;
            Ok(refused)
        }
    }
}

catalog_row! {
    /// The definition of a view.
    struct Definition from "the definition of a view" {
        text: String,
    }
}

/// Reads the definition of the view and removes the view.
async fn definition(connection: &mut Connection) -> Result<String, Error> {
    let (read, forget) =
        ("SELECT pg_catalog.pg_get_viewdef('pg_temp._rosey_ask'::pg_catalog.regclass) AS text", "ROLLBACK TO SAVEPOINT rosey_ask");
    Ok(connection.last_row::<Definition>(&[read.to_owned(), forget.to_owned()]).await?.text)
}

/// Returns the collation that an expression has by itself, if the server accepts it: the collation of a
/// view's column.
pub(crate) async fn collation(connection: &mut Connection, question: &Question) -> Result<Option<String>, Error> {
    let sql = "SELECT k.collname::text FROM pg_attribute a JOIN pg_collation k ON k.oid = a.attcollation";
    of_column(connection, question, sql).await
}

/// Returns the OID of the type of an expression, if the server accepts it as a column of a view.
pub(crate) async fn type_of(connection: &mut Connection, question: &Question) -> Result<Option<u32>, Error> {
    let oid = of_column(connection, question, "SELECT a.atttypid::text FROM pg_catalog.pg_attribute a").await?;
    Ok(oid.and_then(|oid| oid.parse().ok()))
}

/// Returns a property of the column `a` of a view that has an expression as its only column, if the server
/// accepts it.
async fn of_column(connection: &mut Connection, question: &Question, sql: &str) -> Result<Option<String>, Error> {
    let view = format!("CREATE TEMPORARY VIEW _rosey_ask AS SELECT ({}\n) AS c FROM {}", question.sql, from(question));
    connection.execute("SAVEPOINT rosey_ask").await?;
    let found = match gate::execute(connection, &view).await {
        Ok(()) => {
            let texts = connection.texts(&format!("{sql} WHERE a.attrelid = 'pg_temp._rosey_ask'::regclass")).await?;
            texts.into_iter().next()
        }
        Err(error) if error.is_interruption() => return Err(error),
        Err(_) => None,
    };
    connection.execute("ROLLBACK TO SAVEPOINT rosey_ask").await?;
    Ok(found)
}

pub(super) fn select(question: &Question) -> String {
    let Question { sql, cast, .. } = question;
    let expression = match cast {
        Some(ty) => format!("CAST(({sql}\n) AS {ty})"),
        None => format!("({sql}\n)"),
    };
    // A column of a view cannot be a row, but it can say whether a row is null.
    format!("(SELECT ROW({expression}) IS NULL FROM {})", from(question))
}

/// Returns the columns that a question may reference, as a row of NULLs.
fn from(question: &Question) -> String {
    let column = |(name, ty, collate): &(String, String, Option<String>)| {
        let collate = collate.as_ref().map(|c| format!(" COLLATE {}", quote(c))).unwrap_or_default();
        format!("(NULL::{ty}){collate} AS {}", quote(name))
    };
    let columns: Vec<String> = question.columns.iter().map(column).collect();
    let columns = if columns.is_empty() { "NULL AS rosey_nothing".to_owned() } else { columns.join(", ") };
    format!("(SELECT {columns}) AS {}", quote(&question.alias))
}

/// Splits the definition of the view: each subselect returns a row with one value.
fn read(definition: &str, questions: &[&Question]) -> Option<Vec<Answer>> {
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
        let own = unqualified(&tokens[row + 2..close], &questions.get(found.len())?.alias);
        if is_several(&own) {
            return None;
        }
        found.push(Answer { canon: canon::spelled(&own), sql: canon::sql(&own) });
        at = end + 1;
    }
    (found.len() == questions.len()).then_some(found)
}

/// Returns the tokens without table qualifiers, as in a table's own expressions.
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

/// Returns whether there is a comma outside of all brackets.
fn is_several(tokens: &[Token]) -> bool {
    let mut depth = 0_i32;
    tokens.iter().any(|token| {
        match token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth -= 1,
            _ => {}
        }
        *token == Token::Comma && depth == 0
    })
}
