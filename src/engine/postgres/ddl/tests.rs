//! Tests of the SQL as it is sent.

use super::super::names::Names;
use super::*;
use crate::schema::{Case, Column, DefaultValue, Expr, Ident, Identity, KeyPart, ObjectName, PrimaryKey, Table, Type};

fn ident(name: &str) -> Ident {
    Ident::new(name, Case::Exact)
}

#[test]
fn a_table() {
    let names = Names::new(ident("public"));
    let mut table = Table::new(ObjectName::new(Some(ident("app")), ident("U s\"er")));
    let mut id = Column::new(ident("id"), Type::BigInt);
    (id.identity, id.not_null, id.sequence.start) = (Some(Identity::Always), true, Some(5));
    let mut name = Column::new(ident("name"), Type::VarChar(9));
    name.default = Some(DefaultValue::new(Literal::String("it's".into())));
    name.collate = Some(ident("C"));
    let mut at = Column::new(ident("at"), Type::TimestampTz);
    at.default = Some(DefaultValue::new(Literal::Expr(Expr::new("now()"))));
    table.columns = [id, name, at].into_iter().map(|c| (c.name.clone(), c)).collect();
    table.primary_key = Some(PrimaryKey { name: Some(ident("pk")), ..PrimaryKey::new(vec![KeyPart::plain(ident("id"))]) });
    table.with = vec![("fillfactor".into(), "70".into()), ("toast.autovacuum_enabled".into(), "false".into())];
    table.unlogged = true;
    let expected = "CREATE UNLOGGED TABLE \"app\".\"U s\"\"er\" (
    \"id\" bigint NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 5),
    \"name\" varchar(9) COLLATE \"C\" DEFAULT 'it''s',
    \"at\" timestamptz DEFAULT (now()),
    CONSTRAINT \"pk\" PRIMARY KEY (\"id\")
) WITH (fillfactor='70', toast.autovacuum_enabled='false')";
    assert_eq!(create_table(&table, &names), expected);
}
