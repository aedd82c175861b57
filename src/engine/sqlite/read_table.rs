//! Parses a `CREATE TABLE` text, as stored in `sqlite_schema`, into a [`Table`]
//! (<https://sqlite.org/lang_createtable.html>).
//!
//! Does not use the table-valued pragmas: they do not show CHECKs, collations, ON CONFLICT, DEFERRABLE,
//! AUTOINCREMENT, constraint names or generated expressions, so the text has to be parsed anyway. A test
//! compares the two.

use super::cursor::{Cursor, Read, split_commas};
use super::layout::{ColumnLayout, Layout};
use super::lexer::{Kind, Token, slice};
use super::types;
use crate::schema::{
    Check, Column, Conflict, DefaultValue, Deferrable, Explicit, Expr, ForeignKey, Generated, Ident, KeyPart, Literal, ObjectName,
    PrimaryKey, RefAction, Table, Unique,
};

/// Parses one table as written; normalization is a separate step.
pub(crate) fn read_table(sql: &str) -> Read<Table> {
    read_with_layout(sql).map(|(table, _)| table)
}

/// Parses one table and the locations of its parts.
pub(crate) fn read_with_layout(sql: &str) -> Read<(Table, Layout)> {
    let mut layout = Layout::default();
    let mut c = Cursor::new(sql);
    c.expect("CREATE")?;
    let _temporary = c.eat("TEMP") || c.eat("TEMPORARY");
    c.expect("TABLE")?;
    c.eat_all(&["IF", "NOT", "EXISTS"]);
    let mut table = Table::new(ObjectName::bare(c.object_name()?));
    if !c.eat_op("(") {
        return c.fail("(");
    }
    let mut name = None;
    loop {
        if starts_constraint(&c) {
            read_constraint(&mut c, &mut table, &mut name)?;
            layout.rule(&table, layout.items_end..c.end_of_last(), name.is_none());
        } else {
            read_column(&mut c, &mut table, &mut layout)?;
            layout.columns_end = c.end_of_last();
        }
        layout.items_end = c.end_of_last();
        if c.eat_op(")") {
            break;
        }
        // The comma between table constraints is optional.
        if c.eat_op(",") {
            name = None; // a name without a constraint ends at the comma
        } else if !starts_constraint(&c) {
            return c.fail(", or )");
        }
    }
    read_options(&mut c, &mut table)?;
    implied_not_null(&mut table);
    Ok((table, layout))
}

fn starts_constraint(c: &Cursor) -> bool {
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].iter().any(|k| c.is(k))
}

fn read_options(c: &mut Cursor, table: &mut Table) -> Read<()> {
    while c.peek().is_some() && !c.is_op(";") {
        if c.eat_all(&["WITHOUT", "ROWID"]) {
            table.without_rowid = true;
        } else if c.eat("STRICT") {
            table.strict = true;
        } else if !c.eat_op(",") {
            return c.fail("a table option");
        }
    }
    Ok(())
}

/// Marks the key columns of WITHOUT ROWID and STRICT tables, which are implicitly NOT NULL.
fn implied_not_null(table: &mut Table) {
    if !table.without_rowid && !table.strict {
        return;
    }
    for part in table.primary_key.iter().flat_map(|k| &k.parts) {
        if let Some(column) = table.columns.get_mut(&part.column) {
            column.not_null = true;
        }
    }
}

fn read_column(c: &mut Cursor, table: &mut Table, layout: &mut Layout) -> Read<()> {
    let name = c.name()?;
    let name_end = c.end_of_last();
    let declared = read_type(c)?;
    let mut column = Column::new(name, types::from_declared(&declared));
    let mut places = ColumnLayout::new(name_end..c.end_of_last());
    let mut constraint = None;
    let mut from = c.end_of_last();
    while let Some(token) = c.peek() {
        if token.is_op(c.sql, ",") || token.is_op(c.sql, ")") {
            break;
        }
        let (is_default, is_not_null) = (c.is("DEFAULT"), c.is("NOT") && c.nth_is(1, "NULL"));
        read_column_constraint(c, &mut column, table, &mut constraint)?;
        if constraint.is_none() {
            let place = from..c.end_of_last();
            places.take(is_default, is_not_null, &place);
            layout.at_column(table, place);
            from = c.end_of_last();
        }
    }
    layout.columns.insert(column.name.clone(), places);
    table.columns.insert(column.name.clone(), column);
    Ok(())
}

/// Parses the declared type as written: words, then one pair of parentheses.
fn read_type(c: &mut Cursor) -> Read<String> {
    const ENDS: [&str; 12] =
        ["CONSTRAINT", "DEFAULT", "NULL", "NOT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "COLLATE", "AS", "DEFERRABLE", "ON"];
    let start = c.at;
    while let Some(token) = c.peek() {
        let ends = ENDS.iter().any(|k| token.is(c.sql, k)) || (token.is(c.sql, "GENERATED") && c.nth_is(1, "ALWAYS"));
        if ends || token.kind == Kind::Op || !matches!(token.kind, Kind::Word | Kind::Quoted | Kind::String) {
            break;
        }
        c.at += 1;
    }
    if c.at > start && c.is_op("(") {
        c.bracketed()?;
    }
    let words = &c.tokens[start..c.at];
    // A type that begins with a quote ends with it: SQLite removes the quotes and discards what follows.
    if let Some(first) = words.first().filter(|t| t.kind != Kind::Word) {
        return Ok(first.value(c.sql).into_owned());
    }
    // SQLite stores the text as written, and a comment in it affects the affinity.
    let whole = slice(c.sql, words);
    if words.windows(2).any(|w| !c.sql[w[0].end..w[1].start].trim().is_empty()) {
        return Ok(whole.to_owned());
    }
    let open = words.iter().position(|t| t.is_op(c.sql, "(")).unwrap_or(words.len());
    let (names, sizes) = words.split_at(open);
    let names = names.iter().map(|t| t.text(c.sql)).collect::<Vec<_>>().join(" ");
    let sizes = sizes.iter().map(|t| t.text(c.sql)).collect::<String>();
    Ok(names + &sizes)
}

fn read_column_constraint(c: &mut Cursor, column: &mut Column, table: &mut Table, name: &mut Option<Ident>) -> Read<()> {
    let part = || KeyPart::plain(column.name.clone());
    if c.eat("CONSTRAINT") {
        *name = Some(c.name()?);
        return Ok(());
    }
    let named = name.take();
    if c.eat("DEFAULT") {
        column.default = read_default(c)?;
    } else if c.eat_all(&["NOT", "NULL"]) {
        column.not_null = true;
        column.explicit_not_null = Explicit(true);
        column.not_null_conflict = read_conflict(c)?;
    } else if c.eat("NULL") {
        read_conflict(c)?;
    } else if c.eat_all(&["PRIMARY", "KEY"]) {
        let desc = read_desc(c);
        let conflict = read_conflict(c)?;
        let autoincrement = c.eat("AUTOINCREMENT");
        let parts = vec![KeyPart { desc, ..part() }];
        table.primary_key = Some(PrimaryKey { name: named, conflict, autoincrement, inline_desc: desc, ..PrimaryKey::new(parts) });
    } else if c.eat("UNIQUE") {
        let conflict = read_conflict(c)?;
        table.uniques.push(Unique { name: named, conflict, ..Unique::new(vec![part()]) });
    } else if c.eat("CHECK") {
        table.checks.push(read_check(c, named)?);
    } else if c.is("REFERENCES") {
        table.foreign_keys.push(read_references(c, named, vec![column.name.clone()])?);
    } else if c.eat("COLLATE") {
        column.collate = Some(c.name()?);
    } else if c.eat_all(&["GENERATED", "ALWAYS", "AS"]) || c.eat("AS") {
        let inner = c.bracketed()?;
        let stored = c.eat("STORED");
        let _virtual = !stored && c.eat("VIRTUAL");
        column.generated = Some(Generated { expr: Expr::new(slice(c.sql, &inner)), stored });
    } else if c.is("DEFERRABLE") || c.is("NOT") {
        // The clause may be separate from its REFERENCES; it applies to the last one.
        let deferrable = read_deferrable(c)?;
        if let Some(fk) = table.foreign_keys.last_mut() {
            fk.deferrable = deferrable;
        }
    } else {
        return c.fail("a column constraint");
    }
    Ok(())
}

fn read_default(c: &mut Cursor) -> Read<Option<DefaultValue>> {
    if c.is_op("(") {
        let inner = c.bracketed()?;
        return Ok(Some(DefaultValue::new(Literal::Expr(Expr::new(slice(c.sql, &inner))))));
    }
    let minus = c.is_op("-");
    if minus || c.is_op("+") {
        c.at += 1;
    }
    let Some(token) = c.peek().copied() else { return c.fail("a default") };
    c.at += 1;
    let text = token.text(c.sql);
    let literal = match token.kind {
        Kind::Number => Literal::Number(format!("{}{text}", if minus { "-" } else { "" })),
        Kind::String | Kind::Quoted => Literal::String(token.value(c.sql).into_owned()),
        Kind::Blob => Literal::Expr(Expr::new(text)),
        Kind::Word => match text.to_ascii_lowercase().as_str() {
            "null" => return Ok(None),
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            "current_time" | "current_date" | "current_timestamp" => Literal::Expr(Expr::new(text.to_ascii_uppercase())),
            // For compatibility, an unquoted word is a string.
            _ => Literal::String(text.to_owned()),
        },
        Kind::Op => return c.fail("a default"),
    };
    // `DEFAULT -'x'` and the like: a sign before something other than a number makes it an expression.
    Ok(Some(DefaultValue::new(match literal {
        Literal::String(_) | Literal::Expr(_) if minus => Literal::Expr(Expr::new(format!("-{text}"))),
        literal => literal,
    })))
}

fn read_constraint(c: &mut Cursor, table: &mut Table, name: &mut Option<Ident>) -> Read<()> {
    if c.eat("CONSTRAINT") {
        *name = Some(c.name()?);
        if !starts_constraint(c) {
            return Ok(()); // SQLite allows a name without a constraint
        }
    }
    let named = name.take();
    if c.eat_all(&["PRIMARY", "KEY"]) {
        let inner = c.bracketed()?;
        let autoincrement = inner.last().is_some_and(|t| t.is(c.sql, "AUTOINCREMENT"));
        let inner = &inner[..inner.len() - usize::from(autoincrement)];
        let parts = read_key_parts(c.sql, inner)?;
        let conflict = read_conflict(c)?;
        table.primary_key = Some(PrimaryKey { name: named, conflict, autoincrement, ..PrimaryKey::new(parts) });
    } else if c.eat("UNIQUE") {
        let inner = c.bracketed()?;
        let parts = read_key_parts(c.sql, &inner)?;
        let conflict = read_conflict(c)?;
        table.uniques.push(Unique { name: named, conflict, ..Unique::new(parts) });
    } else if c.eat("CHECK") {
        let check = read_check(c, named)?;
        table.checks.push(check);
    } else if c.eat_all(&["FOREIGN", "KEY"]) {
        let inner = c.bracketed()?;
        let columns = split_commas(c.sql, &inner).iter().filter_map(|p| Some(super::cursor::ident(&p.first()?.value(c.sql)))).collect();
        table.foreign_keys.push(read_references(c, named, columns)?);
    } else {
        return c.fail("a table constraint");
    }
    Ok(())
}

fn read_check(c: &mut Cursor, name: Option<Ident>) -> Read<Check> {
    let inner = c.bracketed()?;
    let expr = Expr::new(slice(c.sql, &inner));
    read_conflict(c)?; // parsed by SQLite, but without effect
    Ok(Check { name, ..Check::new(expr) })
}

fn read_key_parts(sql: &str, tokens: &[Token]) -> Read<Vec<KeyPart>> {
    let part = |tokens: &&[Token]| {
        let (tokens, collate, desc) = trailing(sql, tokens);
        let column = tokens.first().map(|t| super::cursor::ident(&t.value(sql)));
        column
            .map(|column| KeyPart { column, collate, desc })
            .ok_or_else(|| super::cursor::ReadError { expected: "a column".to_owned(), found: slice(sql, tokens).to_owned() })
    };
    split_commas(sql, tokens).iter().map(part).collect()
}

/// Removes `COLLATE x` and `ASC`/`DESC` from the end of an indexed column.
pub(crate) fn trailing<'t>(sql: &str, tokens: &'t [Token]) -> (&'t [Token], Option<Ident>, bool) {
    let mut tokens = tokens;
    let mut desc = false;
    if let Some((last, before)) = tokens.split_last()
        && (last.is(sql, "DESC") || last.is(sql, "ASC"))
        && !before.is_empty()
    {
        desc = last.is(sql, "DESC");
        tokens = before;
    }
    let mut collate = None;
    if let [before @ .., word, name] = tokens
        && word.is(sql, "COLLATE")
        && !before.is_empty()
    {
        collate = Some(super::cursor::ident(&name.value(sql)));
        tokens = before;
    }
    (tokens, collate, desc)
}

fn read_desc(c: &mut Cursor) -> bool {
    let desc = c.eat("DESC");
    let _asc = !desc && c.eat("ASC");
    desc
}

fn read_conflict(c: &mut Cursor) -> Read<Option<Conflict>> {
    if !c.eat_all(&["ON", "CONFLICT"]) {
        return Ok(None);
    }
    let word = c.name()?.as_str().to_ascii_lowercase();
    Ok(Conflict::ALL.iter().find(|(w, _)| *w == word).map(|(_, conflict)| *conflict))
}

fn read_references(c: &mut Cursor, name: Option<Ident>, columns: Vec<Ident>) -> Read<ForeignKey> {
    c.expect("REFERENCES")?;
    let table = ObjectName::bare(c.name()?);
    let to = if c.is_op("(") {
        let inner = c.bracketed()?;
        split_commas(c.sql, &inner).iter().filter_map(|p| Some(super::cursor::ident(&p.first()?.value(c.sql)))).collect()
    } else {
        Vec::new()
    };
    let mut fk = ForeignKey { name, to, ..ForeignKey::new(columns, table) };
    loop {
        if c.eat_all(&["ON", "DELETE"]) {
            fk.on_delete = read_action(c)?;
        } else if c.eat_all(&["ON", "UPDATE"]) {
            fk.on_update = read_action(c)?;
        } else if c.eat_all(&["ON", "INSERT"]) {
            read_action(c)?;
        } else if c.eat("MATCH") {
            fk.matching = Some(c.name()?).filter(|m| !m.matches("SIMPLE"));
        } else if c.is("DEFERRABLE") || (c.is("NOT") && c.nth_is(1, "DEFERRABLE")) {
            fk.deferrable = read_deferrable(c)?;
        } else {
            return Ok(fk);
        }
    }
}

fn read_action(c: &mut Cursor) -> Read<RefAction> {
    for (word, action) in RefAction::ALL {
        let keywords: Vec<&str> = word.split('-').collect();
        if c.eat_all(&keywords) {
            return Ok(action);
        }
    }
    c.fail("a foreign key action")
}

/// `NOT DEFERRABLE …` is the default, whatever follows it.
fn read_deferrable(c: &mut Cursor) -> Read<Option<Deferrable>> {
    let not = c.eat("NOT");
    c.expect("DEFERRABLE")?;
    let deferred = c.eat_all(&["INITIALLY", "DEFERRED"]);
    let _immediate = !deferred && c.eat_all(&["INITIALLY", "IMMEDIATE"]);
    Ok(match (not, deferred) {
        (true, _) => None,
        (false, true) => Some(Deferrable::InitiallyDeferred),
        (false, false) => Some(Deferrable::InitiallyImmediate),
    })
}
