//! A plan with nothing to do, and start-up: CPU and memory of the release binary on databases created here.
//!
//! `cargo bench --bench plan [-- TABLES…]` (default: 1000 and 5000). Each table has ten columns, two indexes,
//! a foreign key and a check. Numbers are those of the child process, from `wait4`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The cost of a run.
struct Cost {
    cpu_ms: f64,
    wall_ms: f64,
    peak_mib: f64,
}

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1000, 5000] } else { sizes };
    let folder = tempfile::tempdir().expect("a folder for the databases");
    println!("| what | CPU ms | wall ms | peak MiB |\n| --- | ---: | ---: | ---: |");
    report("rosey --version", &best(20, folder.path(), &["--version"]));
    for tables in sizes {
        let schema = folder.path().join(format!("{tables}.kdl"));
        std::fs::write(&schema, schema_of(tables)).expect("the schema file");
        let (schema, database) = (schema.display().to_string(), folder.path().join(format!("{tables}.db")).display().to_string());
        run(folder.path(), &["apply", "--url", &database, "--schema", &schema, "--auto-approve", "-q"]);
        let plan = ["plan", "--url", &database, "--schema", &schema, "--detailed-exitcode"];
        report(&format!("plan, {tables} tables, nothing to do"), &best(5, folder.path(), &plan));
        report(&format!("validate, {tables} tables"), &best(5, folder.path(), &["validate", "--schema", &schema, "--dialect", "sqlite"]));
        report(&format!("inspect, {tables} tables"), &best(5, folder.path(), &["inspect", "--url", &database]));
    }
}

fn report(what: &str, cost: &Cost) {
    println!("| {what} | {:.1} | {:.1} | {:.1} |", cost.cpu_ms, cost.wall_ms, cost.peak_mib);
}

fn best(times: usize, folder: &Path, arguments: &[&str]) -> Cost {
    let runs = (0..times).map(|_| run(folder, arguments));
    runs.min_by(|a, b| a.cpu_ms.total_cmp(&b.cpu_ms)).expect("at least one run")
}

/// Runs the binary and measures its cost.
#[allow(clippy::zombie_processes)] // wait4 waits, and reports the cost as well
fn run(folder: &Path, arguments: &[&str]) -> Cost {
    let began = std::time::Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_rosey"))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary");
    let mut status = 0;
    // SAFETY: plain data, filled in by wait4.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the child is ours and has not been waited for; both pointers are to live data.
    unsafe { libc::wait4(child.id() as libc::pid_t, &mut status, 0, &mut usage) };
    assert_eq!(status, 0, "{arguments:?} failed");
    let ms = |t: libc::timeval| t.tv_sec as f64 * 1e3 + t.tv_usec as f64 / 1e3;
    Cost {
        cpu_ms: ms(usage.ru_utime) + ms(usage.ru_stime),
        wall_ms: began.elapsed().as_secs_f64() * 1e3,
        peak_mib: usage.ru_maxrss as f64 / 1024.0,
    }
}

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
