//! `--backfill TABLE.COLUMN=SQL`: values for rows that a rollback would leave without one, and the suggested
//! command. Evaluates nothing: the plan does, as it evaluates a `backfill` in a schema file.

use clap::Args;

use super::again::word;
use super::error::Failure;
use crate::diff::TableChange;
use crate::engine;
use crate::plan::{Code, Hazard, Plan};
use crate::render::masked;
use crate::schema::{Address, Column, EnumType, Expr, Part, Schema, Table, Type};

/// Backfills for a rollback.
#[derive(Args, Clone, Default)]
pub(super) struct BackfillArguments {
    /// The value for existing rows of a column that a rollback makes NOT NULL, as an SQL expression over these rows, for example users.email=lower(name). Can be repeated.
    #[arg(long, value_name = "TABLE.COLUMN=SQL")]
    backfill: Vec<String>,
}

impl BackfillArguments {
    /// Returns whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.backfill.is_empty()
    }

    /// Sets them in the schema that the rollback returns to.
    pub(super) fn fill(&self, schema: &mut Schema) -> Result<(), Failure> {
        self.backfill.iter().try_for_each(|text| fill(schema, text))
    }

    /// Refuses a backfill that the plan does not use.
    pub(super) fn check_used(&self, plan: &Plan) -> Result<(), Failure> {
        let filled: Vec<String> = filled(plan).flat_map(|(table, column)| names(table, column)).collect();
        match self.backfill.iter().find(|text| !filled.iter().any(|name| expression(text, name).is_some())) {
            None => Ok(()),
            Some(text) => Err(Failure::new(format!("--backfill {text}: the rollback neither adds this column nor makes it NOT NULL"))
                .help("remove it; run rosey rollback to see what it changes")),
        }
    }
}

fn fill(schema: &mut Schema, text: &str) -> Result<(), Failure> {
    for table in schema.tables.values_mut() {
        let owner = table.clone();
        for column in table.columns.values_mut() {
            if let Some(sql) = names(&owner, column).iter().find_map(|name| expression(text, name)) {
                column.backfill = Some(Expr::new(sql));
                return Ok(());
            }
        }
    }
    let failure = Failure::new(format!("--backfill {text}: the recorded schema has no such column"));
    Err(failure.help("write it as TABLE.COLUMN=SQL, like --backfill \"users.email=''\""))
}

/// Returns the names of a column in an argument.
fn names(table: &Table, column: &Column) -> [String; 2] {
    [format!("{}.{}", table.name, column.name), table.address().child(Part::Column, &column.name).to_string()]
}

/// Returns the expression of an argument, if it is for the column of this name.
fn expression<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let start = text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name))?;
    let sql = text.get(start.len()..)?.trim_start().strip_prefix('=')?.trim();
    (!sql.is_empty()).then_some(sql)
}

/// Returns the columns of live tables that the plan adds or makes NOT NULL.
fn filled(plan: &Plan) -> impl Iterator<Item = (&Table, &Column)> {
    let edits = plan.changes.tables().filter_map(|change| match change {
        TableChange::Alter(edits) => Some(edits),
        _ => None,
    });
    edits.flat_map(|edits| {
        let gets = |c: &&Column| edits.before.columns.get(&c.name).is_none_or(|b| c.not_null && !b.not_null);
        edits.after.columns.values().filter(gets).map(|c| (&edits.after, c))
    })
}

/// Advises how to fill each column that has no value for existing rows: with the current command plus the
/// missing options.
pub(super) fn advise(plan: &mut Plan, enums: &Schema) {
    let lacking: Vec<(Address, String)> = plan
        .hazards()
        .filter(|h| h.code == Code::BreaksNotNull)
        .filter_map(|h| filled(plan).find(|(t, c)| t.address().child(Part::Column, &c.name) == h.address))
        .map(|(t, c)| (t.address().child(Part::Column, &c.name), format!("{}={}", names(t, c)[0], example(t, c, enums))))
        .collect();
    if lacking.is_empty() {
        return;
    }
    let flags: Vec<String> = lacking.iter().map(|(_, value)| format!("--backfill {}", word(value))).collect();
    let command = format!("{} {}", called(std::env::args().skip(1)), flags.join(" "));
    for hazard in plan.steps.iter_mut().flat_map(|s| &mut s.hazards).filter(|h| lacking.iter().any(|(a, _)| *a == h.address)) {
        if hazard.code == Code::BreaksNotNull {
            let column = hazard.address.last();
            hazard.advice = format!(
                "the recorded schema declares {column} NOT NULL and provides no value for existing rows; to specify one: {command}"
            );
        }
    }
}

/// Does the same for what an apply found under its lock.
pub(super) fn as_planned(hazards: &mut [Hazard], plan: &Plan) {
    for hazard in hazards {
        let planned = plan.hazards().find(|h| h.code == hazard.code && h.address == hazard.address);
        if let Some(planned) = planned.filter(|h| h.code == Code::BreaksNotNull) {
            hazard.advice.clone_from(&planned.advice);
        }
    }
}

/// Returns an example value for the column; a placeholder if every row needs a different value, or if the
/// type is unknown.
fn example(table: &Table, column: &Column, schema: &Schema) -> String {
    let one = std::slice::from_ref(&column.name);
    let is_unique = table.uniques.iter().any(|u| u.parts.iter().all(|p| one.contains(&p.column)))
        || table.indexes.values().any(|i| i.unique && i.parts.iter().all(|p| p.column().is_some_and(|c| one.contains(c))));
    if is_unique || table.in_key(&column.name) || table.foreign_keys.iter().any(|f| f.columns.contains(&column.name)) {
        return "EXPRESSION".to_owned();
    }
    let value = match &column.ty {
        Type::SmallInt | Type::Integer | Type::BigInt | Type::Real | Type::Double | Type::Decimal(_) => "0",
        Type::Boolean => "false",
        Type::Text | Type::VarChar(_) | Type::Char(_) => "''",
        Type::Date => "CURRENT_DATE",
        Type::Time => "CURRENT_TIME",
        Type::Timestamp | Type::TimestampTz => "CURRENT_TIMESTAMP",
        Type::Json | Type::Jsonb => "'{}'",
        Type::Other(name) => {
            let of = |e: &&EnumType| e.name.to_string() == name.as_str();
            let first = schema.enums.values().find(of).and_then(|e| e.values.first());
            return first.map_or_else(|| "EXPRESSION".to_owned(), |v| format!("'{}'", v.to_string().replace('\'', "''")));
        }
        _ => "EXPRESSION",
    };
    value.to_owned()
}

/// Returns the current command line without passwords.
fn called(arguments: impl Iterator<Item = String>) -> String {
    let shown = |text: String| {
        let (flag, value) = text.split_once('=').filter(|(f, _)| *f == "--url").map_or((None, text.as_str()), |(f, v)| (Some(f), v));
        let secret = engine::has_password(value) || masked(value) != value;
        let value = if secret { "URL" } else { value };
        word(&flag.map_or_else(|| value.to_owned(), |f| format!("{f}={value}")))
    };
    std::iter::once("rosey".to_owned()).chain(arguments.map(shown)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_for_one_column() {
        assert_eq!(expression("users.email = lower(name)", "users.email"), Some("lower(name)"));
        assert_eq!(expression("USERS.Email=a = b", "users.email"), Some("a = b"));
        assert_eq!(expression("users.email2=''", "users.email"), None);
        assert_eq!(expression("users.email=", "users.email"), None);
    }

    #[test]
    fn the_command_is_repeated_without_its_secrets() {
        let called = |words: &[&str]| called(words.iter().map(|w| (*w).to_owned()));
        assert_eq!(called(&["rollback", "2", "--backfill", "t.a='x'"]), "rosey rollback 2 --backfill \"t.a='x'\"");
        assert_eq!(called(&["rollback", "--url", "postgresql://ada:s3cret@h/d"]), "rosey rollback --url URL");
        assert_eq!(called(&["rollback", "--url=postgresql://ada:s3cret@h/d", "-m", "a b"]), "rosey rollback --url=URL -m 'a b'");
    }
}
