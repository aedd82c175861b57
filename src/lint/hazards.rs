//! What is told of each hazard of a plan.

use super::codes::{Entry, Of};
use super::rule::Text;
use crate::plan::Code;

/// A hazard's code, and what is told of it.
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
            "A table goes, with all its rows.",
            "A live table is not in the schema file. When it is dropped, its rows are gone, and on PostgreSQL its triggers, policies and privileges too. It is said of empty tables as well.",
            "It has a new name: write `was=old_name` on the new one. It is not this file's business: `ignore` it. It may go: --allow-destructive, or --allow for this table alone.",
            "rosey apply --allow destroy:table.old_things",
        ]),
        Code::DestroysColumn => ("SQLite and PostgreSQL", [
            "A column goes, with all its values.",
            "A live column is not in the schema file, or becomes a generated one. What it holds is gone. It is said of empty columns as well.",
            "It has a new name: write `was=old_name` on the new one. Its values belong elsewhere: a `backfill` or `using` of another column may read it in the same change. It may go: --allow-destructive, or --allow for this column alone.",
            "rosey apply --allow destroys-column:table.users.column.email",
        ]),
        Code::DestroysSequence => ("PostgreSQL", [
            "A sequence goes, and with it how far it has counted.",
            "A live sequence is not in the schema file. One that is made again begins at its start, and gives out numbers that are in use. A sequence that goes with its column is part of that, and a materialized view holds nothing that its query would not give again.",
            "It has a new name: write `was=old_name` on the new one. It is not this file's business: `ignore` it. It may go: --allow-destructive, or --allow for this sequence alone.",
            "rosey apply --allow destroy:sequence.invoice_numbers",
        ]),
        Code::DestroysExtension => ("PostgreSQL", [
            "An extension is dropped, with everything that belongs to it.",
            "A live extension is not in the schema file, and lies in a schema that is managed. Its functions, types and operators go, and its tables with all their rows. Functions that call it fail afterwards, because PostgreSQL does not know what a function's text calls.",
            "It is still used: write `extension NAME`. It is not this file's business: `ignore` it. It is not needed any more: --allow-destructive, or --allow for this extension alone.",
            "rosey apply --allow destroy:extension.pgcrypto",
        ]),
        Code::DestroysSchema => ("PostgreSQL", [
            "A schema is dropped, with the privileges on it.",
            "The schema file named it, and no longer does. A schema that no schema file has named is left alone, and so is one that holds anything that rosey does not manage.",
            "It is still used: write `schema NAME`. It is not this file's business: `ignore` it. It is not needed any more: --allow-destructive, or --allow for this schema alone.",
            "rosey apply --allow destroy:schema.audit",
        ]),
        Code::LosesValues => ("SQLite and PostgreSQL", [
            "A change of type alters values, and the old type would not bring them back.",
            "'007' becomes 7, and 3.7 becomes 3: what was cut off is nowhere else.",
            "Say how values are converted with `using`, or keep the type. With leave (--allow-destructive, --allow) the database converts as it does.",
            "column code integer { using \"CAST(code AS INTEGER)\" }",
        ]),
        Code::MisfitValues => ("SQLite", [
            "Values with a fraction stand in a column that becomes an INTEGER.",
            "SQLite keeps 3.7 in an INTEGER column, where hardly any program expects it.",
            "Say what is meant with `using`. With leave the fractions stay.",
            "column rank integer { using \"round(rank)\" }",
        ]),
        Code::TakenAsUtc => ("PostgreSQL", [
            "Times without a zone become moments, or moments become times without a zone, as times of UTC.",
            "PostgreSQL converts by the zone of the session, and an apply's session has UTC. Times that were meant as those of another zone are then off by hours, and nothing tells which they were.",
            "Where they are of another zone, say so with `using`. Where they are of UTC, do nothing, or write `allow taken-as-utc` with the reason.",
            "column at timestamptz { using \"at AT TIME ZONE 'Europe/Berlin'\" }",
        ]),
        Code::LongerValues => ("SQLite; blocks on PostgreSQL", [
            "Texts are longer than the new type says.",
            "SQLite does not enforce the length and keeps them. PostgreSQL refuses them.",
            "Shorten them, or allow for more.",
            "column name \"varchar(50)\" { using \"substr(name, 1, 50)\" }",
        ]),
        Code::BreaksNotNull => ("SQLite and PostgreSQL", [
            "Rows hold NULL where it will be refused.",
            "The database would refuse the change, halfway through. So nothing is begun.",
            "Give the column a `backfill` with a value for every row, or mend the rows first.",
            "column lines integer not-null default=0 { backfill \"0\" }",
        ]),
        Code::BreaksCheck => ("SQLite and PostgreSQL", [
            "Rows do not meet a condition.",
            "The condition is new, or meets values that the change makes. The database would refuse the change.",
            "Mend the rows first, or with `using` or `backfill`; or change the condition.",
            "rosey plan --verbose    # shows the query that finds the rows",
        ]),
        Code::BreaksUnique => ("SQLite and PostgreSQL", [
            "Rows are equal where they must differ.",
            "A key, unique rule or unique index is new, or meets values that the change makes.",
            "Make them differ, or delete the doubles first.",
            "rosey plan --verbose    # shows the query that finds the rows",
        ]),
        Code::BreaksForeignKey => ("SQLite and PostgreSQL", [
            "Rows point to rows that are not there.",
            "A foreign key is new, or meets values that the change makes, or what it points to goes.",
            "Mend or delete these rows first, or add what they point to.",
            "rosey plan --verbose    # shows the query that finds the rows",
        ]),
        Code::BreaksType => ("SQLite and PostgreSQL", [
            "Rows hold values that the new type refuses.",
            "A table becomes STRICT, a column becomes the rowid, or an enum loses a value that rows have.",
            "Convert them with `using`, mend the rows first, or keep the enum's value.",
            "column age integer { using \"CAST(age AS INTEGER)\" }",
        ]),
        Code::LosesAutoincrement => ("SQLite", [
            "The key loses AUTOINCREMENT.",
            "Ids of deleted rows may be used again. What outside remembers such an id then finds another row.",
            "Keep `autoincrement` behind primary-key, or do nothing if nobody remembers ids.",
            "column id serial primary-key autoincrement",
        ]),
        Code::BrokenView => ("SQLite", [
            "A view cannot be read.",
            "Its query names a table or column that is not there. SQLite makes it all the same, and whoever reads it gets the error.",
            "Check the query.",
            "view active { as \"SELECT id FROM users\" }",
        ]),
        Code::BrokenTrigger => ("SQLite", [
            "A trigger cannot run.",
            "It names what is not there: every write to its table fails from then on.",
            "Check its SQL.",
            "trigger touch { as \"AFTER INSERT ON users BEGIN UPDATE … END\" }",
        ]),
        Code::BreaksIgnored => ("SQLite and PostgreSQL", [
            "What the schema leaves alone would no longer work.",
            "A view or trigger that an `ignore` covers reads a column that goes or is renamed, and rosey does not touch it.",
            "Declare it with its new text, or drop it first.",
            "ignore \"legacy_*\"",
        ]),
        Code::PreventDestroy => ("SQLite and PostgreSQL", [
            "The file guards an object that would go.",
            "The last apply recorded it with `prevent-destroy`. A column is guarded also where its table goes, or where it becomes a generated one and so loses its values. A change of its type is no such loss; what that alters needs leave (`loses-values`).",
            "Declare it again without the flag and apply; the next apply may destroy it.",
            "table users prevent-destroy { … }",
        ]),
        Code::NotSupported => ("SQLite and PostgreSQL", [
            "The plan needs what rosey cannot make.",
            "The file says that something unmanaged is there, and it is not; or the change cannot be read or made.",
            "Create it yourself, or take it out of the file.",
            "unmanaged function \"f(integer)\"",
        ]),
        Code::BreaksClients => ("SQLite and PostgreSQL", [
            "Programs that run meanwhile will fail.",
            "From the moment of the commit a statement fails that names what is renamed or dropped, an insert that leaves out a column which is not-null now and has no default, one that gives a value to a column which is computed or numbered now; and a program that reads a column may not take its new type. Programs of the old version run until the last one is replaced.",
            "Deploy in steps: first add the new column, a trigger that keeps both alike, and what the rows hold; then change the programs; when no old one runs, take the trigger and the old column away (docs/zero-downtime.md). For a table, a view under the old name does it, and needs no warning. Or stop the programs for the apply. Where no program minds, write `allow breaks-clients` with the reason in the table or at the column, or, where rosey.kdl makes it an error, give leave to one apply.",
            "rosey apply --allow breaks-clients:table.users",
        ]),
        Code::BlocksWriters => ("PostgreSQL", [
            "Nobody can write to a table while its rows are read or an index is built.",
            "The lock is held until the transaction ends, and whoever waits for it makes others wait behind. The plan shows the lock and the table's size; it is said of tables from 1 MiB on.",
            "Leave --online at true, which builds indexes and checks rules without that lock where there is a way. Else choose a quiet hour; --lock-timeout bounds the wait.",
            "rosey apply --online true --lock-timeout 5s",
        ]),
        Code::RewritesTable => ("PostgreSQL", [
            "All rows of a table are written anew, while nobody reads or writes it.",
            "A change of type, a stored generated column or a default that differs per row rewrites the table and all its indexes under ACCESS EXCLUSIVE, and needs as much room again. It is said of tables from 1 MiB on.",
            "Add a new nullable column instead, fill it in portions, and swap the names later. Or choose a quiet hour.",
            "column total_new bigint    // first apply; the programs fill it",
        ]),
        Code::LooksLikeRename => ("SQLite and PostgreSQL", [
            "What goes and what comes are alike: one may be the other under a new name.",
            "rosey never guesses: without `was=` it drops the one, with its values, and adds the other, empty.",
            "If it is a rename, write the line that the plan shows.",
            "column error_message text was=last_error",
        ]),
        Code::NotRestored => ("SQLite and PostgreSQL", [
            "A rollback brings a schema back, and not the values that were in it.",
            "The history knows the schema of every apply, but no values: what an apply dropped, converted with `using` or filled with `backfill` stays as that apply left it, and where something else has the name now, that is kept.",
            "Take the values from the backup that the apply made; rosey history tells which it is.",
            "ATTACH 'the.backup' AS old    -- in sqlite3, then INSERT … SELECT",
        ]),
        Code::DropsAdopted => ("SQLite and PostgreSQL", [
            "A rollback drops a table or column that rosey did not create.",
            "It was in the database before rosey, or something else added it, and a stamp or a later apply took it into the history. The schema that the rollback leads to does not have it.",
            "Roll back to a version that has it, or apply a schema file that declares it.",
            "rosey history 3 --schema > back.kdl    -- edit it, then rosey apply --schema back.kdl",
        ]),
    }
}
