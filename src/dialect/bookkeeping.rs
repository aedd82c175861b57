//! The tables of other migrators, which no plan touches on any database.

/// Tables in which other migrators keep their books.
pub(crate) const BOOKKEEPING: [&str; 14] = [
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
];
