//! The explanation of each hazard of a plan.

use super::codes::{Entry, Of};
use super::rule::Text;
use crate::plan::Code;

/// Returns the code of a hazard and its explanation.
pub(super) fn entry(code: Code) -> Entry {
    let (database, [summary, why, instead, example]) = told(code);
    let level = code.own_level().word();
    Entry { of: Of::Plan, text: Text { code: code.name(), summary, why, instead, example }, level, database }
}

type Told = (&'static str, [&'static str; 4]);

#[rustfmt::skip]
const fn told(code: Code) -> Told {
    match code {
        Code::DestroysTable => ("SQLite and PostgreSQL", [
            "A table is dropped, with all its rows.",
            "The database has a table that is not in the schema file. Dropping it deletes its rows and, on PostgreSQL, its triggers, policies and privileges. Empty tables are reported too.",
            "If the table was renamed, write `was=old_name` on the new table. If something else manages it, add an `ignore` for it. If it can be dropped, approve that with --allow-destructive, or with --allow for this table only.",
            "rosey apply --allow destroy:table.old_things",
        ]),
        Code::DestroysColumn => ("SQLite and PostgreSQL", [
            "A column is dropped, with all its values.",
            "The database has a column that is not in the schema file, or a plain column becomes a generated one. Its values are lost. Empty columns are reported too.",
            "If the column was renamed, write `was=old_name` on the new column. If its values are needed elsewhere, read them in the `backfill` or `using` of another column in the same change. If it can be dropped, approve that with --allow-destructive, or with --allow for this column only.",
            "rosey apply --allow destroys-column:table.users.column.email",
        ]),
        Code::DestroysSequence => ("PostgreSQL", [
            "A sequence is dropped, with its current value.",
            "The database has a sequence that is not in the schema file. If the sequence is created again, it starts from the beginning and returns numbers that are already in use. A sequence that is dropped together with its column is not reported separately. Neither is a materialized view, because its query can produce its rows again.",
            "If the sequence was renamed, write `was=old_name` on the new sequence. If something else manages it, add an `ignore` for it. If it can be dropped, approve that with --allow-destructive, or with --allow for this sequence only.",
            "rosey apply --allow destroy:sequence.invoice_numbers",
        ]),
        Code::DestroysExtension => ("PostgreSQL", [
            "An extension is dropped, with all objects that belong to it.",
            "An extension in a managed schema is not in the schema file. Its functions, types and operators are dropped, and its tables with all their rows. Functions that call the extension fail afterwards, because PostgreSQL does not track what a function body calls.",
            "If the extension is still used, write `extension NAME`. If something else manages it, add an `ignore` for it. If it is no longer needed, approve the drop with --allow-destructive, or with --allow for this extension only.",
            "rosey apply --allow destroy:extension.pgcrypto",
        ]),
        Code::DestroysSchema => ("PostgreSQL", [
            "A schema is dropped, with the privileges on it.",
            "The schema file declared this schema and no longer does. A schema that no schema file has declared is left alone, and so is one that contains objects that rosey does not manage.",
            "If the schema is still used, write `schema NAME`. If something else manages it, add an `ignore` for it. If it is no longer needed, approve the drop with --allow-destructive, or with --allow for this schema only.",
            "rosey apply --allow destroy:schema.audit",
        ]),
        Code::LosesValues => ("SQLite and PostgreSQL", [
            "A type change alters values in a way that cannot be reversed.",
            "'007' becomes 7, and 3.7 becomes 3. What is cut off is not stored anywhere else, and changing the type back does not restore it.",
            "Specify the conversion with `using`, or keep the type. If the change is approved (--allow-destructive, --allow), the database converts the values in its own way.",
            "column code integer { using \"CAST(code AS INTEGER)\" }",
        ]),
        Code::MisfitValues => ("SQLite", [
            "A column that becomes INTEGER contains values with a fraction.",
            "SQLite stores 3.7 unchanged in an INTEGER column, where few applications expect it.",
            "Specify the conversion with `using`. If the change is approved, the fractions are kept.",
            "column rank integer { using \"round(rank)\" }",
        ]),
        Code::TakenAsUtc => ("PostgreSQL", [
            "A column changes between timestamp and timestamptz, and its values are interpreted as UTC.",
            "PostgreSQL converts in the time zone of the session, which is UTC during an apply. If the values were local times of another zone, they are off by hours afterwards, and nothing in the data shows which values are wrong.",
            "If the values belong to another time zone, specify it with `using`. If they are UTC, nothing needs to be done; you can write `allow taken-as-utc` with the reason.",
            "column at timestamptz { using \"at AT TIME ZONE 'Europe/Berlin'\" }",
        ]),
        Code::LongerValues => ("SQLite; blocks on PostgreSQL", [
            "Text values are longer than the new type allows.",
            "SQLite does not enforce the length and keeps the values. PostgreSQL rejects them.",
            "Shorten the values, or allow a greater length.",
            "column name \"varchar(50)\" { using \"substr(name, 1, 50)\" }",
        ]),
        Code::BreaksNotNull => ("SQLite and PostgreSQL", [
            "Rows contain NULL in a column that becomes NOT NULL.",
            "The database would reject the change halfway through, so the apply does not start.",
            "Give the column a `backfill` that provides a value for every row, or fix the rows first.",
            "column lines integer not-null default=0 { backfill \"0\" }",
        ]),
        Code::BreaksCheck => ("SQLite and PostgreSQL", [
            "Rows violate a check constraint.",
            "The constraint is new, or the plan changes the values that it checks. The database would reject the change.",
            "Fix the rows first, or in the same change with `using` or `backfill`; or change the constraint.",
            "rosey plan --verbose    # shows the query that finds the rows",
        ]),
        Code::BreaksUnique => ("SQLite and PostgreSQL", [
            "Rows contain duplicates that a unique constraint does not allow.",
            "A primary key, unique constraint or unique index is new, or the plan changes the values of its columns.",
            "Change the duplicate values, or delete the duplicate rows first.",
            "rosey plan --verbose    # shows the query that finds the rows",
        ]),
        Code::BreaksForeignKey => ("SQLite and PostgreSQL", [
            "Rows reference rows that do not exist.",
            "A foreign key is new, the plan changes the values of its columns, or the referenced table or key is dropped.",
            "Fix or delete these rows first, or insert the rows that they reference.",
            "rosey plan --verbose    # shows the query that finds the rows",
        ]),
        Code::BreaksType => ("SQLite and PostgreSQL", [
            "Rows contain values that do not fit the new type.",
            "A table becomes STRICT, a column becomes the rowid, or an enum loses a value that rows still contain.",
            "Convert the values with `using`, fix the rows first, or keep the enum value.",
            "column age integer { using \"CAST(age AS INTEGER)\" }",
        ]),
        Code::LosesAutoincrement => ("SQLite", [
            "The primary key loses AUTOINCREMENT.",
            "SQLite may reuse the ids of deleted rows. An id that is stored outside the database may then refer to a different row.",
            "To keep it, write `autoincrement` after primary-key. If ids are not stored outside the database, nothing needs to be done.",
            "column id serial primary-key autoincrement",
        ]),
        Code::BrokenView => ("SQLite", [
            "A view cannot be queried.",
            "Its query names a table or column that does not exist. SQLite creates the view anyway, and every query on it fails.",
            "Correct the query.",
            "view active { as \"SELECT id FROM users\" }",
        ]),
        Code::BrokenTrigger => ("SQLite", [
            "A trigger cannot run.",
            "It names a table or column that does not exist, so every write to its table fails.",
            "Correct its SQL.",
            "trigger touch { as \"AFTER INSERT ON users BEGIN UPDATE … END\" }",
        ]),
        Code::BreaksIgnored => ("SQLite and PostgreSQL", [
            "An ignored object would stop working.",
            "A view or trigger that is covered by an `ignore` reads a column that is dropped or renamed, and rosey does not change ignored objects.",
            "Declare the view or trigger with its new definition, or drop it first.",
            "ignore \"legacy_*\"",
        ]),
        Code::PreventDestroy => ("SQLite and PostgreSQL", [
            "The plan would destroy an object that is protected by `prevent-destroy`.",
            "The last apply recorded the object with `prevent-destroy`. A column is also protected against the drop of its table, and against becoming a generated column, which loses its values. A type change is not prevented; if it alters values, it must be approved (`loses-values`).",
            "Remove the flag, keep the declaration, and apply. The next apply can then destroy the object.",
            "table users prevent-destroy { … }",
        ]),
        Code::NotSupported => ("SQLite and PostgreSQL", [
            "The plan requires something that rosey cannot do.",
            "The schema file declares an unmanaged object that does not exist in the database, or rosey cannot read or make the change. It is only a warning if an index loses a setting that rosey does not manage, such as a statistics target, because it is re-created.",
            "Create the object yourself, or remove it from the schema file.",
            "unmanaged function \"f(integer)\"",
        ]),
        Code::BreaksClients => ("SQLite and PostgreSQL", [
            "Running applications will fail.",
            "Once the change is committed, a statement fails if it uses a name that was renamed or dropped, if it inserts a row without a column that is now not-null and has no default, or if it sets a column that is now generated or `identity=always`. An application that reads a column may also fail on its new type. During a rolling deployment, old versions of the application run until the last one is replaced.",
            "Deploy in steps: first add the new column, a trigger that keeps the two columns in sync, and the values of existing rows; then update the applications; when no old version is running, drop the trigger and the old column (docs/zero-downtime.md). For a renamed table, a view with the old name is enough, and there is no warning. Alternatively, stop the applications during the apply. If no application is affected, write `allow breaks-clients` with the reason in the table or column or, if rosey.kdl makes this an error, approve it for one apply.",
            "rosey apply --allow breaks-clients:table.users",
        ]),
        Code::BlocksWriters => ("PostgreSQL", [
            "Writes to a table are blocked while its rows are read or an index is built.",
            "The lock is held until the transaction ends, and sessions that wait for it block the sessions behind them. The plan shows the lock and the size of the table. Tables smaller than 1 MiB are not reported.",
            "Leave --online at true, which builds indexes and validates constraints without that lock if possible. Otherwise, apply during a quiet period; --lock-timeout limits the wait for the lock.",
            "rosey apply --online true --lock-timeout 5s",
        ]),
        Code::RewritesTable => ("PostgreSQL", [
            "All rows of a table are rewritten while reads and writes are blocked.",
            "A type change, a stored generated column or a default that differs for each row rewrites the table and all its indexes under an ACCESS EXCLUSIVE lock, and needs the same amount of disk space again. Tables smaller than 1 MiB are not reported.",
            "Add a new nullable column, fill it in batches, and rename it later. Or apply during a quiet period.",
            "column total_new bigint    // first apply; applications fill it",
        ]),
        Code::LooksLikeRename => ("SQLite and PostgreSQL", [
            "A dropped object and an added object are similar, so this may be a rename.",
            "rosey never guesses. Without `was=`, it drops the old object with its values and adds the new one empty.",
            "If it is a rename, write the line that the plan shows.",
            "column error_message text was=last_error",
        ]),
        Code::NotRestored => ("SQLite and PostgreSQL", [
            "A rollback restores the schema, but not lost values.",
            "The history contains the schema of every apply, but no values. Values that an apply dropped, converted with `using` or filled with `backfill` stay as that apply left them. If another object uses the name now, it is kept.",
            "Restore the values from the backup that the apply made; `rosey history` shows which backup that is.",
            "ATTACH 'the.backup' AS old    -- in sqlite3, then INSERT … SELECT",
        ]),
        Code::DropsAdopted => ("SQLite and PostgreSQL", [
            "A rollback drops a table or column that rosey did not create.",
            "It was in the database before rosey, or something else added it, and a stamp or a later apply recorded it in the history. The schema that the rollback leads to does not have it.",
            "Roll back to a version that has it, or apply a schema file that declares it.",
            "rosey history 3 --schema > back.kdl    -- edit it, then rosey apply --schema back.kdl",
        ]),
    }
}
