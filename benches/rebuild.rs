//! Changes of a table with a million rows, compared with the hand-written optimum in the `sqlite3` shell, in
//! the same run.
//!
//! `cargo bench --bench rebuild [-- ROWS]`. Needs the `sqlite3` shell. The optimum is what a careful person
//! writes: create the new table, `INSERT … SELECT`, drop, rename, the indexes after the copy, the foreign key
//! check, one transaction. If rosey edits the definition there is nothing to copy; the optimum is then what a
//! rebuild would take.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const TABLE: &str =
    "id INTEGER PRIMARY KEY, name TEXT NOT NULL, qty INTEGER DEFAULT 0, price REAL, note TEXT, flag INTEGER, tag TEXT DEFAULT 'x'";

/// A change: its name, the text for the schema file, and the new table with its values for the optimum.
struct Change {
    what: &'static str,
    from: &'static str,
    to: &'static str,
    table: (&'static str, &'static str),
    values: &'static str,
}

const CHANGES: [Change; 8] = [
    Change { what: "changed default", from: "text default=x", to: "text default=y", table: ("DEFAULT 'x'", "DEFAULT 'y'"), values: "*" },
    Change { what: "dropped NOT NULL", from: "text not-null", to: "text", table: ("TEXT NOT NULL", "TEXT"), values: "*" },
    Change {
        what: "added CHECK",
        from: "index by_name",
        to: "check \"qty >= 0\"\n    index by_name",
        table: ("DEFAULT 'x'", "DEFAULT 'x', CHECK (qty >= 0)"),
        values: "*",
    },
    Change {
        what: "added NOT NULL",
        from: "column note text",
        to: "column note text not-null",
        table: ("note TEXT", "note TEXT NOT NULL"),
        values: "*",
    },
    Change {
        what: "type within one affinity",
        from: "column note text",
        to: "column note \"varchar(80)\"",
        table: ("note TEXT", "note VARCHAR(80)"),
        values: "*",
    },
    Change {
        what: "type across affinities",
        from: "column flag integer",
        to: "column flag text",
        table: ("flag INTEGER", "flag TEXT"),
        values: "*",
    },
    Change {
        what: "column dropped in the middle",
        from: "    column price real\n",
        to: "",
        table: (" price REAL,", ""),
        values: "id, name, qty, note, flag, tag",
    },
    Change {
        what: "added NOT NULL column with default",
        from: "tag text default=x",
        to: "tag text default=x\n    column extra integer not-null default=1",
        table: ("DEFAULT 'x'", "DEFAULT 'x', extra INTEGER NOT NULL DEFAULT 1"),
        values: "*, 1",
    },
];

fn main() {
    let rows: u64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a folder for the databases");
    let base = folder.path().join("base.db");
    shell(&base, &format!(
        "CREATE TABLE parent({TABLE}); CREATE INDEX by_name ON parent(name); CREATE INDEX by_qty ON parent(qty, flag);
         CREATE TABLE child(id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent(id) ON DELETE CASCADE);
         CREATE INDEX by_parent ON child(parent_id);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO parent SELECT i, 'name ' || (i * 7919 % 1000003), i % 1000, i * 0.5, 'some note text that is longer ' || i, i % 2, 'tag' || (i % 50) FROM n;
         INSERT INTO child SELECT id, id FROM parent WHERE id % 10 = 0;"
    ));
    let kdl = rosey(folder.path(), &["inspect", "--url", "base.db"]);
    println!("| {rows} rows | rosey s | peak MiB | optimum s | ratio |\n| --- | ---: | ---: | ---: | ---: |");
    for change in CHANGES {
        measure(folder.path(), &base, &kdl, &change);
    }
}

fn measure(folder: &Path, base: &Path, kdl: &str, change: &Change) {
    assert_eq!(kdl.matches(change.from).count(), 1, "{} in:\n{kdl}", change.from);
    std::fs::write(folder.join("schema.kdl"), kdl.replace(change.from, change.to)).expect("the schema file");
    let (mut best, mut peak, mut optimum) = (f64::MAX, 0.0, f64::MAX);
    let new = TABLE.replace(change.table.0, change.table.1);
    for _ in 0..2 {
        std::fs::copy(base, folder.join("a.db")).expect("a copy");
        let began = Instant::now();
        let apply = ["apply", "--url", "a.db", "--auto-approve", "--allow-destructive", "--backup", "never", "-q"];
        peak = f64::max(peak, run(folder, &apply));
        best = best.min(began.elapsed().as_secs_f64());
        std::fs::copy(base, folder.join("b.db")).expect("a copy");
        let began = Instant::now();
        shell(
            &folder.join("b.db"),
            &format!(
                "PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE; CREATE TABLE n({new}); INSERT INTO n SELECT {} FROM parent; DROP TABLE parent;
             ALTER TABLE n RENAME TO parent; CREATE INDEX by_name ON parent(name); CREATE INDEX by_qty ON parent(qty, flag);
             PRAGMA foreign_key_check; COMMIT;",
                change.values
            ),
        );
        optimum = optimum.min(began.elapsed().as_secs_f64());
    }
    println!("| {} | {best:.2} | {peak:.0} | {optimum:.2} | {:.2} |", change.what, best / optimum);
}

fn shell(database: &Path, sql: &str) {
    let status = Command::new("sqlite3").arg(database).arg(sql).stdout(Stdio::null()).status().expect("the sqlite3 shell");
    assert!(status.success(), "{sql}");
}

fn rosey(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rosey")).args(arguments).current_dir(folder).output().expect("the binary");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs the binary and returns its peak memory in MiB.
#[allow(clippy::zombie_processes)] // wait4 waits, and reports the memory as well
fn run(folder: &Path, arguments: &[&str]) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rosey"));
    let child = command.args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary");
    let mut status = 0;
    // SAFETY: plain data, filled in by wait4.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the child is ours and has not been waited for; both pointers are to live data.
    unsafe { libc::wait4(child.id() as libc::pid_t, &mut status, 0, &mut usage) };
    assert_eq!(status, 0, "{arguments:?} failed");
    usage.ru_maxrss as f64 / 1024.0
}
