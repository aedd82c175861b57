//! The bookkeeping tables and schemas of other tools, which no plan changes on any database. Knows only
//! names.

/// Tables in which other migration tools record what they have applied.
pub(crate) const MIGRATORS: [&str; 18] = [
    "alembic_version",
    "_sqlx_migrations",
    "schema_migrations",
    "django_migrations",
    "__diesel_schema_migrations",
    "flyway_schema_history",
    "databasechangelog",
    "databasechangeloglock",
    "goose_db_version",
    "knex_migrations",
    "knex_migrations_lock",
    "_prisma_migrations",
    "ar_internal_metadata",
    "atlas_schema_revisions",
    "__drizzle_migrations",
    "seaql_migrations",
    "gorp_migrations",
    "d1_migrations",
];

/// Tables of services that run or replicate a database: Cloudflare D1 and Litestream.
const SERVICES: [&str; 4] = ["_cf_metadata", "_cf_kv", "_litestream_seq", "_litestream_lock"];

/// PostgreSQL schemas that a migration tool reserves for itself.
const SCHEMAS: [&str; 2] = ["drizzle", "pgroll"];

/// Returns true if this is the name of another tool's bookkeeping table, compared as SQLite compares names.
pub(crate) fn is_table(name: &str) -> bool {
    MIGRATORS.iter().chain(&SERVICES).any(|b| name.eq_ignore_ascii_case(b))
}

/// Returns true if another tool reserves the schema of this name.
pub(crate) fn is_schema(name: &str) -> bool {
    SCHEMAS.contains(&name)
}
