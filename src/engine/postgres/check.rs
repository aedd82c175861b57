//! Reports what PostgreSQL would reject in the schema file, at its line and without a database. Does not
//! check what only the server knows (which functions, types and operators exist).

use std::collections::{BTreeMap, BTreeSet};

use super::whole;
use crate::schema::{
    Column, DefinedKind, ForeignKey, Ident, Index, IndexPart, KeyPart, Literal, ObjectName, Of, Origin, PartKey, Problem, Schema, Table,
    Type,
};

/// The maximum length of a name in bytes; PostgreSQL truncates longer names
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
const LONGEST: usize = 63;

/// Returns all problems of a schema that is meant for PostgreSQL.
pub fn problems(schema: &Schema) -> Vec<Problem> {
    let mut found = Vec::new();
    sqlite_kinds(schema, &mut found);
    for table in schema.tables.values() {
        table.columns.values().for_each(|c| column(c, table, &mut found));
        keys(table, &mut found);
        rules(table, &mut found);
        table.indexes.values().for_each(|i| index(i, &mut found));
        parameters(&table.with, table.origin, &mut found);
        table.foreign_keys.iter().for_each(|f| deferrable_key(f, schema, &mut found));
        table.foreign_keys.iter().for_each(|f| unlogged_parent(f, table, schema, &mut found));
    }
    for view in schema.views.values() {
        whole::query(&view.query, &mut found);
        parameters(&view.with, view.origin, &mut found);
    }
    for view in schema.materialized_views.values() {
        whole::query(&view.query, &mut found);
        view.indexes.values().for_each(|i| index(i, &mut found));
        parameters(&view.with, view.origin, &mut found);
    }
    let managed = schema.definitions.values().filter(|d| super::kinds::row(d.kind).is_some());
    managed.for_each(|d| whole::definition(d, &mut found));
    arguments(schema, &mut found);
    own_types(schema, &mut found);
    super::check_names::problems(schema, LONGEST, &mut found);
    super::check_defaults::problems(schema, &mut found);
    found
}

/// Checks the arguments of routines: their types are known without the server, and identify one object.
fn arguments(schema: &Schema, found: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(DefinedKind, ObjectName), Origin> = BTreeMap::new();
    for definition in schema.definitions.values() {
        let Of::Arguments(given) = &definition.name.of else { continue };
        let (kind, at) = (definition.kind, definition.origin);
        let plain = &definition.name.name;
        let Some(types) = super::kinds::identity(given, "public").filter(|types| !types.contains('%')) else {
            let message = format!("{kind} `{plain}`: the types of its arguments cannot be read");
            found.push(
                Problem::new(message, definition.body.origin.0, "here").help("write each type itself, not a reference such as t.c%TYPE"),
            );
            continue;
        };
        let name = ObjectName { of: Of::Arguments(types.into()), ..definition.name.clone() };
        if let Some(first) = seen.insert((kind, name.clone()), at) {
            let problem = Problem::new(format!("two {kind}s are named `{name}`"), first.0, "the first").also(at.0, "the second");
            found.push(problem.help("two of one name must differ in the types of their arguments"));
        }
    }
}

fn only_sqlite(message: String, origin: Origin, label: &str) -> Problem {
    Problem::new(message, origin.0, label).help("restrict it to SQLite with only=sqlite")
}

fn sqlite_kinds(schema: &Schema, found: &mut Vec<Problem>) {
    for definition in schema.definitions.values().filter(|d| super::kinds::row(d.kind).is_none()) {
        let (kind, name) = (definition.kind, &definition.name);
        let message = format!("{kind} `{}`: {kind}s are not supported on PostgreSQL yet", name.name);
        found.push(only_sqlite(message, definition.origin, "not supported on PostgreSQL"));
    }
    for table in schema.virtual_tables.values() {
        let message = format!("virtual table `{}`: PostgreSQL does not have virtual tables", table.name);
        found.push(only_sqlite(message, table.origin, "not supported on PostgreSQL"));
    }
}

fn column(column: &Column, table: &Table, found: &mut Vec<Problem>) {
    let at = column.origin;
    let name = &column.name;
    super::check_types::a_type(&column.ty, &format!("column `{name}`"), (column.type_origin, at), found);
    if column.not_null_conflict.is_some() {
        found.push(no_conflict(at));
    }
    if table.in_key(name) && !column.not_null {
        let message = format!("primary key column `{name}` is nullable");
        found.push(
            Problem::new(message, at.0, "primary key columns are NOT NULL in PostgreSQL")
                .help("remove nullable, or restrict it to SQLite with only=sqlite"),
        );
    }
    if let Some(collate) = column.collate.as_ref().filter(|c| is_sqlite_collation(c) && column.only.0.is_none()) {
        found.push(no_collation(collate));
    }
    sources(column, found);
    for (what, expr) in [("backfill", &column.backfill), ("using", &column.using)] {
        expr.iter().for_each(|e| whole::expression(what, e, found));
    }
    if let Some(generated) = &column.generated {
        whole::expression("generated=", &generated.expr, found);
    }
    default(column.default.as_ref().map(|d| &d.value), found);
    moment(column, found);
    super::check_names::sequence(&column.sequence, at, found);
}

/// Checks that a column has only one source of values: a sequence, an identity, a default or an expression.
fn sources(column: &Column, found: &mut Vec<Problem>) {
    let serial = column.ty.to_string();
    let all = [
        (serial.as_str(), column.ty.is_serial()),
        ("identity", column.identity.is_some()),
        ("default=", column.default.is_some()),
        ("generated=", column.generated.is_some()),
    ];
    let given: Vec<&str> = all.iter().filter(|(_, given)| *given).map(|(word, _)| *word).collect();
    // A default on a generated column is invalid in every database and has been reported already.
    if let [one, other, ..] = given.as_slice()
        && *one != "default="
    {
        let message = format!("column `{}` has both `{one}` and `{other}`", column.name);
        let help = format!("keep either `{one}` or `{other}`");
        found.push(Problem::new(message, column.origin.0, "only one of them can supply its values").help(help));
    }
}

fn default(value: Option<&Literal>, found: &mut Vec<Problem>) {
    if let Some(Literal::Expr(e)) = value {
        whole::expression("default=", e, found);
    }
}

/// Checks for `'now'` and similar values, which are evaluated once, when the default is set
/// (<https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES>).
fn moment(column: &Column, found: &mut Vec<Problem>) {
    let Some(Literal::String(word)) = column.default.as_ref().map(|d| &d.value) else { return };
    let timed = matches!(column.ty, Type::Date | Type::Time | Type::Timestamp | Type::TimestampTz);
    if timed && ["now", "today", "tomorrow", "yesterday"].contains(&word.trim().to_lowercase().as_str()) {
        let message = format!("the default `{word}` of column `{}` would be evaluated only once, at the time of the apply", column.name);
        found.push(Problem::new(message, column.origin.0, "the same value for all future rows").help("write default=(sql)\"now()\""));
    }
}

fn keys(table: &Table, found: &mut Vec<Problem>) {
    if let Some(key) = &table.primary_key {
        key.parts.iter().for_each(|p| key_part(p, "primary key", key.origin, found));
        if key.conflict.is_some() {
            found.push(no_conflict(key.origin));
        }
    }
    for unique in &table.uniques {
        unique.parts.iter().for_each(|p| key_part(p, "unique constraint", unique.origin, found));
        if unique.conflict.is_some() {
            found.push(no_conflict(unique.origin));
        }
    }
}

fn key_part(part: &KeyPart, what: &str, origin: Origin, found: &mut Vec<Problem>) {
    let own = match (&part.collate, part.desc) {
        (Some(_), _) => "a collation",
        (None, true) => "a sort order",
        (None, false) => return,
    };
    let at = part.column.origin().0.or(origin.0);
    let message = format!("column `{}` specifies {own} in a {what}", part.column);
    let problem = Problem::new(message, at, "PostgreSQL supports this only in indexes");
    found.push(problem.help("remove it, restrict it to SQLite with only=sqlite, or use a unique index"));
}

fn rules(table: &Table, found: &mut Vec<Problem>) {
    for key in table.foreign_keys.iter().filter(|f| f.dangling) {
        found.push(only_sqlite(
            "PostgreSQL does not support `dangling` foreign keys".to_owned(),
            key.origin,
            "must reference an existing key",
        ));
    }
    table.checks.iter().for_each(|c| whole::expression("the check condition", &c.expr, found));
    for exclusion in &table.exclusions {
        method(exclusion.method.as_deref(), exclusion.origin, found);
        for (part, operator) in &exclusion.parts {
            index_part(part, true, exclusion.origin, found);
            if !whole::is_operator(operator) {
                let problem = Problem::new(format!("`{operator}` is not an operator"), exclusion.origin.0, "in with=");
                found.push(problem.help("write with=\"&&\" or with=\"OPERATOR(schema.&&)\""));
            }
        }
        exclusion.predicate.iter().for_each(|p| whole::expression("where=", p, found));
    }
}

/// Checks that a foreign key does not reference a deferrable key
/// (<https://www.postgresql.org/docs/current/sql-createtable.html>, DEFERRABLE).
fn deferrable_key(key: &ForeignKey, schema: &Schema, found: &mut Vec<Problem>) {
    let Some(parent) = schema.tables.get(&key.table) else { return };
    let primary = parent.primary_key.as_ref();
    let of = |parts: &[KeyPart]| parts.iter().map(|p| p.column.clone()).collect::<BTreeSet<_>>();
    let to: BTreeSet<Ident> = if key.to.is_empty() { of(primary.map_or(&[], |k| &k.parts)) } else { key.to.iter().cloned().collect() };
    let primary = primary.map(|k| (&k.parts, k.deferrable, k.origin));
    let uniques = parent.uniques.iter().filter(|_| !key.to.is_empty()).map(|u| (&u.parts, u.deferrable, u.origin));
    let keys: Vec<_> = primary.into_iter().chain(uniques).filter(|(parts, _, _)| of(parts) == to).collect();
    let whole = |i: &Index| {
        i.predicate.is_none() && i.parts.iter().map(|p| p.column().cloned()).collect::<Option<BTreeSet<_>>>().as_ref() == Some(&to)
    };
    let indexed = !key.to.is_empty() && parent.indexes.values().any(|i| i.unique && whole(i));
    if let Some((_, _, at)) = keys.first().filter(|_| !indexed && keys.iter().all(|(_, deferrable, _)| deferrable.is_some())) {
        let message = format!("a foreign key references a deferrable key of `{}`", parent.name);
        let problem = Problem::new(message, key.origin.0, "PostgreSQL does not allow this").also(at.0, "this key");
        found.push(problem.help("remove deferrable= from the key"));
    }
}

/// Checks that a permanent table does not reference an unlogged one, which a crash empties.
fn unlogged_parent(key: &ForeignKey, table: &Table, schema: &Schema, found: &mut Vec<Problem>) {
    let Some(parent) = schema.tables.get(&key.table).filter(|p| p.unlogged && !table.unlogged) else { return };
    let message = format!("a foreign key of table `{}` references table `{}`, which is unlogged", table.name, parent.name);
    let problem = Problem::new(message, key.origin.0, "PostgreSQL does not allow this").also(parent.origin.0, "unlogged here");
    found.push(problem.help(format!("make `{}` unlogged too, or remove unlogged from `{}`", table.name, parent.name)));
}

fn index(index: &Index, found: &mut Vec<Problem>) {
    method(index.method.as_deref(), index.origin, found);
    index.parts.iter().for_each(|p| index_part(p, index.only.0.is_some(), index.origin, found));
    index.predicate.iter().for_each(|p| whole::expression("where=", p, found));
    parameters(&index.with, index.origin, found);
}

fn index_part(part: &IndexPart, for_postgres: bool, origin: Origin, found: &mut Vec<Problem>) {
    if let PartKey::Expr(e) = &part.key {
        whole::expression("the index part", e, found);
    }
    if let Some(collate) = part.collate.as_ref().filter(|c| is_sqlite_collation(c) && !for_postgres) {
        found.push(no_collation(collate));
    }
    if let Some(class) = part.opclass.as_ref().filter(|c| !whole::is_operator_class(c)) {
        let problem = Problem::new(format!("`{class}` is not an operator class"), origin.0, "in opclass=");
        found.push(problem.help("write a name, such as opclass=text_pattern_ops"));
    }
}

fn method(method: Option<&str>, origin: Origin, found: &mut Vec<Problem>) {
    if let Some(method) = method.filter(|m| !whole::is_plain_name(m)) {
        let problem = Problem::new(format!("`{method}` is not an access method"), origin.0, "in using=");
        found.push(problem.help("write a name, such as using=gist"));
    }
}

fn parameters(with: &[(String, String)], origin: Origin, found: &mut Vec<Problem>) {
    for (name, _) in with.iter().filter(|(name, _)| !whole::is_plain_name(name)) {
        let problem = Problem::new(format!("`{name}` is not a storage parameter"), origin.0, "in `with`");
        found.push(problem.help("write a name and a value, such as `with fillfactor=\"70\"`"));
    }
}

fn own_types(schema: &Schema, found: &mut Vec<Problem>) {
    for domain in schema.domains.values() {
        let at = (domain.type_origin, domain.origin);
        super::check_types::a_type(&domain.ty, &format!("domain `{}`", domain.name), at, found);
        if domain.ty.is_serial() {
            let message = format!("domain `{}` has type `{}`", domain.name, domain.ty);
            found.push(Problem::new(message, domain.origin.0, "serial types are only for columns").help("use integer or bigint"));
        }
        domain.checks.iter().for_each(|c| whole::expression("the check condition", &c.expr, found));
        domain.collate.iter().filter(|c| is_sqlite_collation(c)).for_each(|c| found.push(no_collation(c)));
        default(domain.default.as_ref().map(|d| &d.value), found);
    }
    for sequence in schema.sequences.values() {
        super::check_names::sequence(&sequence.options, sequence.origin, found);
        if let Some((table, _)) =
            sequence.owned_by.as_ref().filter(|(t, _)| t.schema != sequence.name.schema && schema.tables.contains_key(t))
        {
            let message = format!("sequence `{}` is owned by table `{table}`, which is in a different schema", sequence.name);
            found.push(
                Problem::new(message, table.name.origin().0.or(sequence.origin.0), "in a different schema")
                    .help("give both the same schema="),
            );
        }
    }
}

fn no_conflict(origin: Origin) -> Problem {
    only_sqlite("PostgreSQL does not support `on-conflict=` on a constraint".to_owned(), origin, "not supported on PostgreSQL")
}

/// Returns whether the name is one of SQLite's collations. A PostgreSQL collation of that name is declared
/// with `only=postgres`.
fn is_sqlite_collation(name: &Ident) -> bool {
    ["BINARY", "NOCASE", "RTRIM"].iter().any(|c| name.as_str().eq_ignore_ascii_case(c))
}

fn no_collation(name: &Ident) -> Problem {
    Problem::new(format!("collation `{name}` does not exist in PostgreSQL"), name.origin().0, "not supported on PostgreSQL")
        .help("it is a SQLite collation: restrict it to SQLite with only=sqlite; mark a collation of your own with only=postgres")
}
