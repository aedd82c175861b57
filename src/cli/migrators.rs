//! Notes about a database that another migration tool has managed. Its tables are left unchanged.

use std::fs;
use std::path::{Path, PathBuf};

use crate::render::escape;

/// Alembic's commands, and their counterparts.
const ALEMBIC: [(&str, &str); 13] = [
    ("alembic revision --autogenerate", "edit the schema file, then rosey plan --out plans/ -m MESSAGE"),
    ("alembic upgrade head", "rosey apply, or for reviewed plans: rosey apply plans/"),
    ("alembic upgrade +1", "rosey apply plans/ --count 1"),
    ("alembic upgrade --sql", "rosey plan --format sql"),
    ("alembic downgrade -1", "rosey rollback"),
    ("alembic downgrade REV", "rosey rollback --to VERSION"),
    ("alembic downgrade base", "rosey rollback --to base"),
    ("alembic current", "rosey status"),
    ("alembic history", "rosey history"),
    ("alembic stamp head", "rosey stamp"),
    ("alembic stamp REV", "rosey stamp PLAN"),
    ("alembic show", "rosey show PLAN"),
    ("alembic check", "rosey plan --detailed-exitcode"),
];

/// The configuration that Alembic needs while it is still in use: otherwise it drops rosey's history.
const INCLUDE_NAME: &str = "\
while you still use Alembic, exclude rosey's history from its comparison: in env.py, add to both calls of context.configure
  include_name=lambda name, type_, parents: not (type_ == \"table\" and name == \"_rosey_history\")
otherwise `alembic check` fails, and --autogenerate writes op.drop_table('_rosey_history')
";

/// Returns a line for each table of another migrator.
pub(super) fn named(tables: &[String]) -> String {
    let line = |table: &String| match migrator(table) {
        Some(name) => format!("this database was also managed by {name}: its table {} is left unchanged\n", escape(table)),
        None => format!("this database was also managed by another migration tool: its table {} is left unchanged\n", escape(table)),
    };
    tables.iter().map(line).collect()
}

/// Returns the migration tool that owns the table, if its name is sufficient to tell.
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

/// Returns the counterparts of Alembic's commands and the configuration it needs, if Alembic has been used:
/// its table is in the database, or its files are next to the schema.
pub(super) fn alembics_commands(tables: &[String], folders: &[&Path]) -> String {
    let file = folders.iter().find_map(|folder| alembics_file(folder));
    let found = match (tables.iter().any(|t| t.eq_ignore_ascii_case("alembic_version")), file) {
        (true, _) => String::new(),
        (false, Some(file)) => format!("Alembic is in use here: found {}\n", escape(&file.display().to_string())),
        (false, None) => return String::new(),
    };
    let width = ALEMBIC.iter().map(|(theirs, _)| theirs.len()).max().unwrap_or(0);
    let commands: String = ALEMBIC.iter().map(|(theirs, ours)| format!("  {theirs:width$}  {ours}\n")).collect();
    found + &commands + INCLUDE_NAME
}

/// Returns a file that shows that Alembic is in use: its configuration, or its `env.py` in the folder or one
/// level below, where `alembic init` creates it.
fn alembics_file(folder: &Path) -> Option<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let shown = |path: PathBuf| path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path);
    let own = folder.join("alembic.ini");
    if own.is_file() {
        return Some(shown(own));
    }
    let is_environment = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("alembic"));
    let below = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir());
    let mut files: Vec<PathBuf> = below.map(|path| path.join("env.py")).chain([folder.join("env.py")]).collect();
    files.sort();
    files.into_iter().find(is_environment).map(shown)
}
