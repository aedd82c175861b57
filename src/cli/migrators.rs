//! What there is to say of a database that another migrator has managed. Its tables are left alone.

use crate::render::escape;

/// Alembic's commands, and what takes their place.
const ALEMBIC: [(&str, &str); 13] = [
    ("alembic revision --autogenerate", "edit the schema file, then rosey plan --out plans/ -m MESSAGE"),
    ("alembic upgrade head", "rosey apply, or what was reviewed: rosey apply plans/"),
    ("alembic upgrade +1", "rosey apply plans/ --count 1"),
    ("alembic upgrade --sql", "rosey plan --format sql"),
    ("alembic downgrade -1", "rosey rollback"),
    ("alembic downgrade REV", "rosey rollback --to NUMBER"),
    ("alembic downgrade base", "rosey rollback --to base"),
    ("alembic current", "rosey status"),
    ("alembic history", "rosey history"),
    ("alembic stamp head", "rosey stamp"),
    ("alembic stamp REV", "rosey stamp PLAN"),
    ("alembic show", "rosey show PLAN"),
    ("alembic check", "rosey plan --detailed-exitcode"),
];

/// What Alembic has to be told while it is still in use: else it drops rosey's history.
const INCLUDE_NAME: &str = "\
while Alembic is in use, keep rosey's history out of its comparison: in env.py, add to both calls of context.configure
  include_name=lambda name, type_, parents: not (type_ == \"table\" and name == \"_rosey_history\")
without it `alembic check` fails, and --autogenerate writes op.drop_table('_rosey_history')
";

/// A line for each table that another migrator keeps.
pub(super) fn named(tables: &[String]) -> String {
    let line = |table: &String| match migrator(table) {
        Some(name) => format!("{name} has managed this database too: its table {} is left alone\n", escape(table)),
        None => format!("another migrator has managed this database too: its table {} is left alone\n", escape(table)),
    };
    tables.iter().map(line).collect()
}

/// Whose table it is, where that is known by its name alone.
fn migrator(table: &str) -> Option<&'static str> {
    Some(match table.to_ascii_lowercase().as_str() {
        "alembic_version" => "Alembic",
        "_sqlx_migrations" => "sqlx",
        "django_migrations" => "Django",
        "__diesel_schema_migrations" => "Diesel",
        "flyway_schema_history" => "Flyway",
        "databasechangelog" | "databasechangeloglock" => "Liquibase",
        "goose_db_version" => "goose",
        "knex_migrations" | "knex_migrations_lock" => "Knex",
        "_prisma_migrations" => "Prisma",
        "atlas_schema_revisions" => "Atlas",
        _ => return None,
    })
}

/// How Alembic's commands are called here, where Alembic has been at work.
pub(super) fn alembics_commands(tables: &[String]) -> String {
    if !tables.iter().any(|t| t.eq_ignore_ascii_case("alembic_version")) {
        return String::new();
    }
    let width = ALEMBIC.iter().map(|(theirs, _)| theirs.len()).max().unwrap_or(0);
    let commands: String = ALEMBIC.iter().map(|(theirs, ours)| format!("  {theirs:width$}  {ours}\n")).collect();
    commands + INCLUDE_NAME
}
