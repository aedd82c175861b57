//! Tables and schemas in which other tools keep their books: no plan touches them, on any database. Knows names alone.

/// Tables in which other migrators record what they have done.
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

/// Tables of what runs or replicates a database: Cloudflare D1 and Litestream.
const SERVICES: [&str; 4] = ["_cf_metadata", "_cf_kv", "_litestream_seq", "_litestream_lock"];

/// Schemas of PostgreSQL that a migrator keeps for itself.
const SCHEMAS: [&str; 2] = ["drizzle", "pgroll"];

/// Whether another tool keeps its books in a table of this name, compared as SQLite compares names.
pub(crate) fn is_table(name: &str) -> bool {
    MIGRATORS.iter().chain(&SERVICES).any(|b| name.eq_ignore_ascii_case(b))
}

/// Whether another tool keeps a schema of this name for itself.
pub(crate) fn is_schema(name: &str) -> bool {
    SCHEMAS.contains(&name)
}
