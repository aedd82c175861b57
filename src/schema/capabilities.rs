//! What differs between engines, as plain data. Code that depends on a difference checks a capability, never
//! the engine. Decides nothing.

use super::Dialect;

/// A client that runs SQL scripts. Scripts may contain its own commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shell {
    /// `sqlite3`, with commands such as `.bail`.
    Sqlite3,
    /// `psql`, with commands such as `\\set`.
    Psql,
}

/// What an engine supports, and how it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The name for display.
    pub title: &'static str,

    /// A database is a file; there is no server.
    pub lives_in_file: bool,
    /// What a URL omits is taken from libpq's environment variables, such as PGHOST.
    pub reads_libpq_environment: bool,
    /// The client that runs its scripts.
    pub shell: Shell,
    /// Tables are in schemas: `audit.log`.
    pub has_schemas: bool,
    /// There are schemas, extensions, enums, domains, sequences and materialized views.
    pub has_server_objects: bool,
    /// Rows have a rowid, of which an integer key is an alias.
    pub has_rowid: bool,
    /// A table may have no columns.
    pub has_tables_without_columns: bool,
    /// Triggers, rules and policies of different tables may have one name.
    pub has_names_per_table: bool,
    /// A name may be empty.
    pub has_empty_names: bool,
    /// A name is folded to lower case unless it is quoted.
    pub folds_case: bool,
    /// It supports `UNIQUE NULLS NOT DISTINCT`.
    pub has_nulls_not_distinct: bool,
    /// A serial or identity column has a default: the next value of its sequence.
    pub has_number_defaults: bool,
    /// An explicit value for a column `GENERATED ALWAYS AS IDENTITY` is rejected.
    pub refuses_identity_values: bool,
    /// There are domains, whose checks apply wherever they are used.
    pub has_domains: bool,
    /// Constraints specify what happens to a row that violates them (`ON CONFLICT`).
    pub has_conflict_clauses: bool,
    /// A foreign key is rejected if what it references does not exist or is not unique.
    pub checks_foreign_key_definitions: bool,
    /// A name in double quotes that matches nothing is read as a string.
    pub reads_quoted_names_as_strings: bool,
    /// A column of a primary key may hold NULL.
    pub has_nullable_keys: bool,
    /// A column holds only values of its type.
    pub enforces_types: bool,
    /// A `varchar(5)` does not hold longer text.
    pub enforces_varchar_length: bool,
    /// Decimals are stored exactly as written.
    pub has_exact_decimals: bool,
    /// Integers have 2, 4 or 8 bytes.
    pub has_integer_sizes: bool,
    /// A `char(5)` is padded with blanks.
    pub pads_char: bool,
    /// There are columns `GENERATED AS IDENTITY`.
    pub has_identity_columns: bool,
    /// There is a type `jsonb` in addition to `json`.
    pub has_jsonb: bool,
    /// There is a type `timestamptz` in addition to `timestamp`.
    pub has_timestamps_with_zone: bool,
    /// There are tables that a crash empties.
    pub has_unlogged_tables: bool,
    /// There are constraints that are `NOT VALID`: they apply only to new rows.
    pub has_unvalidated_constraints: bool,
    /// The collation of a column that specifies none.
    pub default_collation: &'static str,
    /// The first version that reads `1_000` as a number.
    pub underscores_since: &'static str,
    /// Whether numbers such as `0x1f` were added in that version too.
    pub based_numbers_are_new: bool,

    /// A plan may have steps before or after its transaction, in transactions of their own, so that writers
    /// are not blocked.
    pub steps_outside_transaction: bool,
    /// A session that waits for a lock on a table blocks all sessions behind it, so rosey waits for a short
    /// time and tries again.
    pub queues_behind_locks: bool,
    /// Rebuilds copy rows with statements that report how many rows they have copied.
    pub counts_copied_rows: bool,
    /// A backup contains the whole database; otherwise only the tables that lose data.
    pub backs_up_whole: bool,
    /// Expressions are stored in the server's spelling, so the history keeps the file's spelling as well.
    pub respells_expressions: bool,
    /// A plan depends on the text of the stored definitions.
    pub plans_from_definitions: bool,
    /// The digest of a history row is computed by the statement that inserts it.
    pub digests_history: bool,
}

const SQLITE: Capabilities = Capabilities {
    title: "SQLite",
    lives_in_file: true,
    reads_libpq_environment: false,
    shell: Shell::Sqlite3,
    has_schemas: false,
    has_server_objects: false,
    has_rowid: true,
    has_tables_without_columns: false,
    has_names_per_table: false,
    has_empty_names: true,
    folds_case: false,
    has_nulls_not_distinct: false,
    has_number_defaults: false,
    refuses_identity_values: false,
    has_domains: false,
    has_conflict_clauses: true,
    checks_foreign_key_definitions: false,
    reads_quoted_names_as_strings: true,
    has_nullable_keys: true,
    enforces_types: false,
    enforces_varchar_length: false,
    has_exact_decimals: false,
    has_integer_sizes: false,
    pads_char: false,
    has_identity_columns: false,
    has_jsonb: false,
    has_timestamps_with_zone: false,
    has_unlogged_tables: false,
    has_unvalidated_constraints: false,
    default_collation: "binary",
    underscores_since: "3.46",
    based_numbers_are_new: false,
    steps_outside_transaction: false,
    queues_behind_locks: false,
    counts_copied_rows: true,
    backs_up_whole: true,
    respells_expressions: false,
    plans_from_definitions: true,
    digests_history: false,
};

const POSTGRES: Capabilities = Capabilities {
    title: "PostgreSQL",
    lives_in_file: false,
    reads_libpq_environment: true,
    shell: Shell::Psql,
    has_schemas: true,
    has_server_objects: true,
    has_rowid: false,
    has_tables_without_columns: true,
    has_names_per_table: true,
    has_empty_names: false,
    folds_case: true,
    has_nulls_not_distinct: true,
    has_number_defaults: true,
    refuses_identity_values: true,
    has_domains: true,
    has_conflict_clauses: false,
    checks_foreign_key_definitions: true,
    reads_quoted_names_as_strings: false,
    has_nullable_keys: false,
    enforces_types: true,
    enforces_varchar_length: true,
    has_exact_decimals: true,
    has_integer_sizes: true,
    pads_char: true,
    has_identity_columns: true,
    has_jsonb: true,
    has_timestamps_with_zone: true,
    has_unlogged_tables: true,
    has_unvalidated_constraints: true,
    default_collation: "default",
    underscores_since: "16",
    based_numbers_are_new: true,
    steps_outside_transaction: true,
    queues_behind_locks: true,
    counts_copied_rows: false,
    backs_up_whole: false,
    respells_expressions: true,
    plans_from_definitions: false,
    digests_history: true,
};

impl Dialect {
    /// All dialects.
    pub const ALL: [Dialect; 2] = [Dialect::Sqlite, Dialect::Postgres];

    /// Returns what its engine supports.
    pub const fn capabilities(self) -> &'static Capabilities {
        match self {
            Dialect::Sqlite => &SQLITE,
            Dialect::Postgres => &POSTGRES,
        }
    }

    /// Returns the dialect for a word of the schema language or the command line.
    pub fn of_word(word: &str) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|d| d.word() == word)
    }
}
