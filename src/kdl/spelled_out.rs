//! Replaces enums and domains for a database without such types: a column gets the underlying type, and the
//! constraints of the type become those of the column. What cannot be expressed is always reported as a
//! remark. The caller knows which dialects need it.

use super::reference::parse_path;
use crate::schema::{Check, Column, DefaultValue, Directives, Domain, EnumType, Expr, Ident, Literal, NotKept, Schema, Table, Type};

/// The types that a schema declares, for a dialect without them.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// Enums, each with its schema.
    pub(super) enums: Vec<(Option<String>, EnumType)>,
    /// Domains, each with its schema.
    pub(super) domains: Vec<(Option<String>, Domain)>,
}

/// A declared type.
enum TypeRef<'d> {
    Enum(&'d EnumType),
    Domain(&'d Domain),
}

/// The deepest chain of domains over domains; PostgreSQL itself rejects cycles.
const DEEPEST: usize = 16;

impl Declared {
    /// Replaces declared types in all columns.
    pub(super) fn spell_out(&self, schema: &mut Schema) {
        if self.enums.is_empty() && self.domains.is_empty() {
            return;
        }
        let mut not_kept = Vec::new();
        for table in schema.tables.values_mut() {
            let names: Vec<Ident> = table.columns.keys().cloned().collect();
            names.iter().for_each(|name| self.column(table, name, &mut not_kept));
        }
        schema.not_kept.extend(not_kept);
    }

    fn column(&self, table: &mut Table, name: &Ident, not_kept: &mut Vec<NotKept>) {
        let address = table.column_at(name);
        for _ in 0..DEEPEST {
            let Some(column) = table.columns.get_mut(name) else { return };
            let Type::Other(written) = &column.ty else { return };
            let written = written.as_str().to_owned();
            if let Some(element) = written.trim_end().strip_suffix("[]") {
                // An array becomes text: its elements cannot be checked by a condition that both databases
                // read.
                if self.find(element).is_some() {
                    column.ty = Type::Text;
                }
                return;
            }
            match self.find(&written) {
                Some(TypeRef::Enum(ty)) => {
                    column.ty = Type::Text;
                    let check = Check {
                        directives: Directives::at(column.origin),
                        ..Check::new(Expr { origin: column.origin, ..values(name, ty) })
                    };
                    return table.checks.push(check);
                }
                Some(TypeRef::Domain(domain)) => {
                    let checks = checks_of(domain, column);
                    for (check, kept) in checks {
                        if kept {
                            table.checks.push(check);
                        } else {
                            let what = format!("the check constraint of domain {} ({})", domain.name, check.expr.text);
                            not_kept.push(NotKept { address: address.clone(), origin: domain.origin, what });
                        }
                    }
                }
                None => return,
            }
        }
    }

    /// Returns the declared type of a name, which may be quoted and qualified by its schema.
    fn find(&self, written: &str) -> Option<TypeRef<'_>> {
        let path = parse_path(written)?;
        let (name, schema) = (path.last()?, path.len().checked_sub(2).and_then(|n| path.get(n)));
        let fits = |of: &Option<String>, own: &Ident| {
            own.as_str().eq_ignore_ascii_case(name) && (schema.is_none() || of.as_ref().is_none_or(|of| Some(of) == schema))
        };
        let of_enum = self.enums.iter().find(|(of, e)| fits(of, &e.name.name)).map(|(_, e)| TypeRef::Enum(e));
        of_enum.or_else(|| self.domains.iter().find(|(of, d)| fits(of, &d.name.name)).map(|(_, d)| TypeRef::Domain(d)))
    }
}

/// Returns `"mood" IN ('sad', 'ok')`. NULL is not a value of the enum but passes, as in a column of the type.
fn values(column: &Ident, ty: &EnumType) -> Expr {
    let name = quoted_name(column);
    if ty.values.is_empty() {
        return Expr::new(format!("{name} IS NULL"));
    }
    let list: Vec<String> = ty.values.iter().map(|v| format!("'{}'", v.replace('\'', "''"))).collect();
    Expr::new(format!("{name} IN ({})", list.join(", ")))
}

fn quoted_name(name: &Ident) -> String {
    format!("\"{}\"", name.as_str().replace('"', "\"\""))
}

/// Applies a domain to the column. Returns its checks, each with whether the column's database can read it.
fn checks_of(domain: &Domain, column: &mut Column) -> Vec<(Check, bool)> {
    column.ty = domain.ty.clone();
    column.not_null |= domain.not_null;
    column.default = column.default.take().or_else(|| domain.default.clone()).filter(|d: &DefaultValue| d.value != Literal::Null);
    let known = |c: &&Ident| ["BINARY", "NOCASE", "RTRIM"].iter().any(|k| c.matches(k));
    column.collate = column.collate.take().or_else(|| domain.collate.as_ref().filter(known).cloned());
    let own = |check: &Check| {
        if !is_plain_sql(&check.expr.text) {
            return (check.clone(), false);
        }
        let expr = Expr { origin: check.origin, ..Expr::new(about_column(&check.expr.text, &column.name)) };
        (Check { name: None, expr, ..check.clone() }, true)
    };
    domain.checks.iter().map(own).collect()
}

/// Returns the condition with the name of the column in place of VALUE.
fn about_column(sql: &str, column: &Ident) -> String {
    let mut out = String::new();
    for piece in pieces(sql) {
        if piece.eq_ignore_ascii_case("value") { out.push_str(&quoted_name(column)) } else { out.push_str(piece) }
    }
    out
}

/// Returns whether a condition uses only what every SQL reads the same way: comparisons, arithmetic, and a
/// few functions.
fn is_plain_sql(sql: &str) -> bool {
    const WORDS: [&str; 21] = [
        "value", "and", "or", "not", "in", "is", "null", "between", "true", "false", "length", "lower", "upper", "trim", "ltrim", "rtrim",
        "abs", "coalesce", "nullif", "replace", "substr",
    ];
    pieces(sql).iter().all(|piece| {
        let first = piece.chars().next().unwrap_or(' ');
        match first {
            '\'' => true,
            c if c.is_ascii_digit() => piece.chars().all(|c| c.is_ascii_digit() || c == '.'),
            c if c.is_alphabetic() || c == '_' => WORDS.contains(&piece.to_ascii_lowercase().as_str()),
            c => c.is_whitespace() || "()<>=!+-*/%,.|".contains(c),
        }
    })
}

/// Splits SQL into words, strings, quoted names, and single other characters.
fn pieces(sql: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |n| n + 2),
            c if c.is_alphanumeric() || c == '_' => {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len())
            }
            c => c.len_utf8(),
        };
        found.push(&rest[..len]);
        rest = &rest[len..];
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::kdl::{Sources, decode};
    use crate::schema::{Dialect, Schema};

    fn read(kdl: &str) -> Schema {
        decode(&Sources::from_text("schema.kdl", kdl), Dialect::Sqlite).unwrap()
    }

    fn column(kdl: &str) -> (String, Vec<String>, usize) {
        let schema = read(kdl);
        let table = schema.tables.values().next().unwrap();
        let checks = table.checks.iter().map(|c| c.expr.text.clone()).collect();
        (table.columns.values().last().unwrap().ty.to_string(), checks, schema.not_kept.len())
    }

    #[test]
    fn an_enum_is_text_with_its_values() {
        let table =
            |ty: &str| format!("enum mood sad \"it's\" schema=app\ntable t {{ column id serial primary-key; column \"m\" {ty:?}; }}");
        for ty in ["mood", "app.mood", "\"mood\"", "Mood"] {
            assert_eq!(column(&table(ty)), ("text".to_owned(), vec!["\"m\" IN ('sad', 'it''s')".to_owned()], 0), "{ty}");
        }
        assert_eq!(column(&table("mood[]")), ("text".to_owned(), vec![], 0));
        assert_eq!(column(&table("moods")).0, "moods");
        assert_eq!(column("enum none\ntable t { column id serial primary-key; column m none; }").1, ["\"m\" IS NULL"]);
    }

    #[test]
    fn a_domain_is_its_type_with_its_rules() {
        let kdl = r#"
            domain zip text not-null default="0" { check ok "length(VALUE) = 5 AND VALUE <> 'VALUE'"; check "VALUE ~ '^[0-9]+$'"; }
            domain home zip { check "value > '1'"; }
            table t { column id serial primary-key; column z home; }
        "#;
        let wanted = ["\"z\" > '1'", "length(\"z\") = 5 AND \"z\" <> 'VALUE'"].map(str::to_owned).to_vec();
        assert_eq!(column(kdl), ("text".to_owned(), wanted, 1));
        let schema = read(kdl);
        let column = schema.tables.values().next().unwrap().columns.values().last().unwrap();
        assert!(column.not_null && column.default.is_some());
        assert_eq!(schema.not_kept[0].what, "the check constraint of domain zip (VALUE ~ '^[0-9]+$')");
        assert_eq!(schema.len(), 1, "a type by itself is nothing there");
    }
}
