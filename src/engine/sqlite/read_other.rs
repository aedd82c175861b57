//! Parses the stored definitions of indexes, views, triggers and virtual tables.

use super::cursor::{Cursor, Read, ident, split_commas};
use super::lexer::{Kind, slice};
use super::read_table::trailing;
use crate::schema::{DefinedKind, Definition, Expr, Ident, Index, IndexPart, ObjectName, PartKey, Table, View, VirtualTable};

/// Parses `CREATE INDEX` (<https://sqlite.org/lang_createindex.html>) into the table's name and the index.
pub(crate) fn read_index<'t>(sql: &str, table_of: impl Fn(&Ident) -> Option<&'t Table>) -> Read<(Ident, Index)> {
    let mut c = Cursor::new(sql);
    c.expect("CREATE")?;
    let unique = c.eat("UNIQUE");
    c.expect("INDEX")?;
    c.eat_all(&["IF", "NOT", "EXISTS"]);
    let mut index = Index::new(c.object_name()?);
    index.unique = unique;
    c.expect("ON")?;
    let on = c.name()?;
    let table = table_of(&on);
    let inner = c.bracketed()?;
    for tokens in split_commas(sql, &inner) {
        let (key, collate, desc) = trailing(sql, tokens);
        let column = match key {
            [one] if matches!(one.kind, Kind::Word | Kind::Quoted | Kind::String) => Some(ident(&one.value(sql))),
            _ => None,
        };
        let known = |c: &Ident| table.is_none_or(|t| t.columns.contains_key(c));
        let key = match column.filter(known) {
            Some(column) => PartKey::Column(column),
            None => PartKey::Expr(Expr::new(slice(sql, key))),
        };
        index.parts.push(IndexPart { collate, desc, ..IndexPart::new(key) });
    }
    if c.eat("WHERE") {
        index.predicate = Some(Expr::new(c.rest()));
    }
    Ok((on, index))
}

/// Parses `CREATE VIEW` (<https://sqlite.org/lang_createview.html>).
pub(crate) fn read_view(sql: &str) -> Read<View> {
    let mut c = Cursor::new(sql);
    c.expect("CREATE")?;
    let _temporary = c.eat("TEMP") || c.eat("TEMPORARY");
    c.expect("VIEW")?;
    c.eat_all(&["IF", "NOT", "EXISTS"]);
    let name = ObjectName::bare(c.object_name()?);
    let columns = if c.is_op("(") {
        let inner = c.bracketed()?;
        split_commas(sql, &inner).iter().filter_map(|p| Some(ident(&p.first()?.value(sql)))).collect()
    } else {
        Vec::new()
    };
    c.expect("AS")?;
    Ok(View { columns, ..View::new(name, Expr::new(c.rest())) })
}

/// Parses `CREATE TRIGGER` (<https://sqlite.org/lang_createtrigger.html>).
pub(crate) fn read_trigger(sql: &str) -> Read<Definition> {
    let mut c = Cursor::new(sql);
    c.expect("CREATE")?;
    let _temporary = c.eat("TEMP") || c.eat("TEMPORARY");
    c.expect("TRIGGER")?;
    c.eat_all(&["IF", "NOT", "EXISTS"]);
    let name = ObjectName::bare(c.object_name()?);
    let body = c.rest();
    Ok(Definition { table: trigger_table(body).map(ObjectName::bare), ..Definition::new(DefinedKind::Trigger, name, Expr::new(body)) })
}

/// Returns the table or view of a trigger: the name after the first ON of its head.
pub(crate) fn trigger_table(body: &str) -> Option<Ident> {
    let mut c = Cursor::new(body);
    while c.peek().is_some() && !c.eat("ON") {
        c.at += 1;
    }
    c.object_name().ok()
}

/// Parses `CREATE VIRTUAL TABLE` (<https://sqlite.org/lang_createvtab.html>).
pub(crate) fn read_virtual(sql: &str) -> Read<VirtualTable> {
    let mut c = Cursor::new(sql);
    c.expect("CREATE")?;
    c.expect("VIRTUAL")?;
    c.expect("TABLE")?;
    c.eat_all(&["IF", "NOT", "EXISTS"]);
    let name = ObjectName::bare(c.object_name()?);
    c.expect("USING")?;
    Ok(VirtualTable::new(name, Expr::new(c.rest())))
}
