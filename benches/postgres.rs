//! PostgreSQL: a plan with nothing to do at several sizes, compared with `pg_dump --schema-only` of the same
//! database in the same run; and how long each staged change of a large table makes a writer wait.
//!
//! `cargo bench --bench postgres [-- TABLES… [rows=N]]` (default: 10, 100, 1000 and 5000 tables, 3,000,000
//! rows). Numbers of a process are its own, from `wait4`. Queries are counted in the server's log; locks are
//! the maximum in `pg_locks`, sampled every few milliseconds.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

#[path = "../tests/support/mod.rs"]
mod support;

use support::postgres::{Database, Server, versions};
use support::session::Session;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let sizes: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10, 100, 1000, 5000] } else { sizes };
    let rows = arguments.iter().find_map(|a| a.strip_prefix("rows=")?.parse().ok()).unwrap_or(3_000_000);
    // A server that comes with pg_dump, so that both have the same version.
    let mut servers = versions().into_iter().filter_map(Server::own);
    let Some(server) = servers.rfind(|s| s.tool("pg_dump").is_some()) else { return println!("no PostgreSQL with pg_dump") };
    server.sql("ALTER SYSTEM SET max_locks_per_transaction = 1024");
    server.crash();
    let folder = tempfile::tempdir().expect("a folder for the schema files");
    println!("PostgreSQL {}\n\n| tables | plan, wall ms | its CPU ms | queries | locks | pg_dump -s, wall ms | ratio |", server.version);
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for tables in sizes {
        plans(&server, folder.path(), tables);
    }
    if rows > 0 {
        println!("\n| change of {rows} rows | apply s | longest wait of a writer ms |\n| --- | ---: | ---: |");
        for (what, change) in CHANGES {
            stall(&server, folder.path(), rows, what, change);
        }
    }
}

fn plans(server: &Server, folder: &Path, tables: usize) {
    let schema = folder.join(format!("{tables}.kdl"));
    std::fs::write(&schema, schema_of(tables)).expect("the schema file");
    let database = server.database();
    let (url, schema) = (database.url(), schema.display().to_string());
    run(folder, rosey(), &["apply", "--url", &url, "--schema", &schema, "--auto-approve", "-q"]);
    database.sql("VACUUM ANALYZE");
    let plan = ["plan", "--url", &url, "--schema", &schema, "--detailed-exitcode"];
    let dump = server.tool("pg_dump").expect("it was there a moment ago");
    let (mut own, mut other): (Vec<Cost>, Vec<Cost>) = Default::default();
    for _ in 0..if tables > 1000 { 3 } else { 7 } {
        own.push(run(folder, rosey(), &plan));
        other.push(run(folder, dump.clone(), &["--schema-only", &url]));
    }
    let (own, other) = (best(own), best(other));
    let queries = logged(server, || {
        run(folder, rosey(), &plan);
    });
    let locks = most_locks(&database, || {
        run(folder, rosey(), &plan);
    });
    let ratio = own.wall_ms / other.wall_ms;
    println!("| {tables} | {:.0} | {:.0} | {queries} | {locks} | {:.0} | {ratio:.2} |", own.wall_ms, own.cpu_ms, other.wall_ms);
}

/// Returns the number of statements that the server logs in the meantime.
fn logged(server: &Server, work: impl FnOnce()) -> usize {
    let log = server.folder.join("log");
    let set = |value: &str| {
        server.sql(&format!("ALTER SYSTEM SET log_min_duration_statement = {value}"));
        server.sql("SELECT pg_reload_conf()");
        std::thread::sleep(Duration::from_millis(300));
    };
    set("0");
    let before = std::fs::read_to_string(&log).map_or(0, |t| t.len());
    work();
    std::thread::sleep(Duration::from_millis(100));
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    set("-1");
    // A prepared statement has a log line for its parse, its bind and its execution: only the last one
    // counts.
    let is_query = |l: &&str| l.contains(" execute ") || l.contains(" statement: ");
    text[before..].lines().filter(|l| l.contains("duration:")).filter(is_query).count()
}

/// Returns the maximum number of locks that other sessions of the database hold at once during the work.
fn most_locks(database: &Database, work: impl FnOnce()) -> usize {
    let done = AtomicBool::new(false);
    std::thread::scope(|s| {
        let watcher = s.spawn(|| {
            let mut session = Session::of(database);
            let mut most = 0;
            while !done.load(SeqCst) {
                let sql = "SELECT count(*) FROM pg_locks WHERE database = (SELECT oid FROM pg_database \
                           WHERE datname = current_database()) AND pid <> pg_backend_pid()";
                most = most.max(session.number(sql));
            }
            most
        });
        work();
        done.store(true, SeqCst);
        usize::try_from(watcher.join().expect("the watcher")).unwrap_or_default()
    })
}

const CHANGES: [(&str, &str); 6] = [
    ("index", "    index by_note note\n"),
    ("NOT NULL", "n integer not-null"),
    ("check", "    check small \"n < 100\"\n"),
    ("foreign key", "    foreign-key parent_id references=\"parent(id)\"\n"),
    ("unique", "    unique id n\n"),
    ("column with default", "    column kind text not-null default=plain\n"),
];

/// Applies one change while a writer runs, and reports how long the writer waited at most.
fn stall(server: &Server, folder: &Path, rows: usize, what: &str, change: &str) {
    let database = server.database();
    database.sql("CREATE TABLE parent (id serial PRIMARY KEY); INSERT INTO parent SELECT generate_series(1, 1000)");
    database.sql(&format!(
        "CREATE TABLE big (id serial PRIMARY KEY, parent_id integer, note text, n integer); \
         INSERT INTO big (parent_id, note, n) SELECT 1 + i % 1000, 'note ' || i, i % 90 FROM generate_series(1, {rows}) i"
    ));
    database.sql("VACUUM ANALYZE");
    let column = "n integer";
    let (column, more) = if change.starts_with(column) { (change, "") } else { (column, change) };
    let kdl = format!(
        "table parent {{\n    column id serial primary-key\n}}\ntable big {{\n    column id serial primary-key\n    \
         column parent_id integer\n    column note text\n    column {column}\n{more}}}\n"
    );
    let schema = folder.join("big.kdl");
    std::fs::write(&schema, kdl).expect("the schema file");
    let stop = AtomicBool::new(false);
    let (took, longest) = std::thread::scope(|s| {
        let writer = s.spawn(|| write(&database, &stop));
        let began = Instant::now();
        let schema = schema.display().to_string();
        run(folder, rosey(), &["apply", "--url", &database.url(), "--schema", &schema, "--auto-approve", "-q"]);
        let took = began.elapsed();
        stop.store(true, SeqCst);
        (took, writer.join().expect("the writer"))
    });
    println!("| {what} | {:.1} | {:.1} |", took.as_secs_f64(), longest.as_secs_f64() * 1e3);
}

fn write(database: &Database, stop: &AtomicBool) -> Duration {
    let mut session = Session::of(database);
    let mut longest = Duration::ZERO;
    while !stop.load(SeqCst) {
        let began = Instant::now();
        session.run("INSERT INTO big (parent_id, note, n) VALUES (1, 'new', 1)");
        longest = longest.max(began.elapsed());
        std::thread::sleep(Duration::from_micros(500));
    }
    longest
}

/// The cost of a run.
struct Cost {
    cpu_ms: f64,
    wall_ms: f64,
}

fn best(runs: Vec<Cost>) -> Cost {
    runs.into_iter().min_by(|a, b| a.wall_ms.total_cmp(&b.wall_ms)).expect("at least one run")
}

fn rosey() -> PathBuf {
    env!("CARGO_BIN_EXE_rosey").into()
}

/// Runs a program and measures its cost.
#[allow(clippy::zombie_processes)] // wait4 waits, and reports the cost as well
fn run(folder: &Path, program: PathBuf, arguments: &[&str]) -> Cost {
    let began = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().expect("the program");
    let mut status = 0;
    // SAFETY: plain data, filled in by wait4.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the child is ours and has not been waited for; both pointers are to live data.
    unsafe { libc::wait4(child.id() as libc::pid_t, &mut status, 0, &mut usage) };
    assert_eq!(status, 0, "{arguments:?} failed");
    let ms = |t: libc::timeval| t.tv_sec as f64 * 1e3 + t.tv_usec as f64 / 1e3;
    Cost { cpu_ms: ms(usage.ru_utime) + ms(usage.ru_stime), wall_ms: began.elapsed().as_secs_f64() * 1e3 }
}

/// Returns the tables of `benches/plan.rs`.
fn schema_of(tables: usize) -> String {
    let mut kdl = String::new();
    for n in 0..tables {
        let parent = n / 2;
        writeln!(
            kdl,
            "table customer_orders_{n} {{\n    column id serial primary-key\n    column name \"varchar(100)\" not-null\n    \
             column email text unique\n    column created_at timestamp not-null default=(sql)\"CURRENT_TIMESTAMP\"\n    \
             column amount \"decimal(10,2)\" not-null default=0\n    column active boolean not-null default=#true\n    \
             column note text\n    column score real\n    column payload blob\n    \
             column parent_id integer references=\"customer_orders_{parent}(id)\" on-delete=cascade\n\n    \
             check positive_amount_{n} \"amount >= 0\"\n    index idx_orders_name_{n} name\n    index idx_orders_created_{n} created_at active\n}}\n"
        )
        .expect("a string takes all");
    }
    kdl
}
