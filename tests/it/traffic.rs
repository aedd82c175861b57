//! Readers and a writer that use the file between any two statements of an apply. No reader sees an
//! intermediate state, and nothing that was committed is lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::{Database, desired, wait};
use rosey::apply::{BackupMode, Observer, Options, Outcome};
use rosey::plan::{Action, Plan};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};

const SEEDED: i64 = 2000;

const SEED: &str = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000)
        INSERT INTO pairs (id, a, b) SELECT i, i, 100 - i FROM c;
    INSERT INTO tally (id, n, total) SELECT 1, count(*), sum(a) FROM pairs;";

/// Returns one of four shapes of the schema, which all have the columns that the others read and write.
fn shape(number: usize) -> String {
    let (a, b, total) = match number {
        0 | 1 => ("integer", "integer", "integer"),
        2 => ("integer not-null", "integer", "integer"),
        _ => ("integer not-null", "text", "text"),
    };
    let rest = if number > 0 { "    column note text default=none\n" } else { "" };
    let check = if number > 1 { "    check fits \"a + b = 100\"\n" } else { "" };
    let more = if number > 0 { "view sums { as \"SELECT n + total AS s FROM tally\" }\n" } else { "" };
    format!(
        "table pairs {{\n    column id serial primary-key\n    column a {a}\n    column b {b}\n{rest}{check}    index by_b b\n}}\n\
         table tally {{\n    column id serial primary-key\n    column n integer\n    column total {total}\n}}\n{more}"
    )
}

/// What the other connections have done so far.
#[derive(Default)]
struct Traffic {
    stop: AtomicBool,
    readers: [Reads; 2],
    commits: AtomicU64,
    failures: AtomicU64,
}

/// What a reader has done so far, and its last result.
#[derive(Default)]
struct Reads {
    count: AtomicU64,
    shape: Mutex<String>,
}

impl Traffic {
    /// Waits until every reader has begun and ended another read: the current one may be older.
    fn more_reads(&self) {
        self.readers.iter().for_each(|r| more(&r.count, 2));
    }
}

/// Waits until something has been done `times` more times.
fn more(count: &AtomicU64, times: u64) {
    let (wanted, began) = (count.load(SeqCst) + times, Instant::now());
    while count.load(SeqCst) < wanted {
        assert!(began.elapsed() < Duration::from_secs(20), "the others stand still");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Lets the other connections work while the apply holds the lock: readers between any two statements, and a
/// writer that must not get through.
struct Between<'t>(&'t Traffic);

impl Observer for Between<'_> {
    fn runs(&mut self, _: &str) {
        self.0.more_reads();
    }

    fn verifies(&mut self) {
        self.0.more_reads();
        let commits = self.0.commits.load(SeqCst);
        more(&self.0.failures, 1);
        assert_eq!(self.0.commits.load(SeqCst), commits, "a commit while the apply holds the lock");
    }
}

async fn connect(path: &Path, busy: Duration) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path).busy_timeout(busy)).await.unwrap()
}

/// Returns `None` if another connection holds the lock, which is the only error that is allowed.
fn unless_busy<T>(outcome: Result<T, sqlx::Error>) -> Option<T> {
    let busy = |e: &sqlx::Error| {
        e.as_database_error().and_then(|e| e.code()).and_then(|c| c.parse().ok()).is_some_and(|c: i32| [5, 6].contains(&(c & 0xff)))
    };
    match outcome {
        Err(e) if !busy(&e) => panic!("{e}"),
        other => other.ok(),
    }
}

/// Every column of every table with its type, and the name of everything else.
const SHAPE: &str = "SELECT group_concat(part, ', ') FROM (
    SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" AS part FROM sqlite_schema m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE '\\_rosey%' ESCAPE '\\'
    UNION ALL SELECT type || ' ' || name FROM sqlite_schema WHERE type <> 'table' AND name NOT LIKE '\\_rosey%' ESCAPE '\\'
    ORDER BY part)";

/// What is true after every commit, in one row: the rows match each other, the tally matches the rows, all
/// values have one type.
const SUMS: &str = "SELECT count(*) = (SELECT n FROM tally) AND sum(a) = (SELECT total + 0 FROM tally) AND sum(a + b <> 100) = 0,
    min(typeof(b)), max(typeof(b)), (SELECT typeof(total) FROM tally), count(*) FROM pairs";

/// Returns the shape of the database, which its rows must match.
async fn look(connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
    let mut snapshot = connection.begin().await?;
    let before: String = sqlx::query(SHAPE).fetch_one(&mut *snapshot).await?.get(0);
    let sums = sqlx::query(SUMS).fetch_one(&mut *snapshot).await?;
    let counted: i64 =
        sqlx::query("SELECT count(*) FROM pairs INDEXED BY by_b WHERE b > '' OR b <= ''").fetch_one(&mut *snapshot).await?.get(0);
    let after: String = sqlx::query(SHAPE).fetch_one(&mut *snapshot).await?.get(0);
    snapshot.commit().await?;
    assert_eq!(before, after, "another shape within one snapshot");
    assert!(sums.get::<bool, _>(0), "sums that do not fit, in {before}");
    assert_eq!(counted, sums.get::<i64, _>(4), "an index that does not fit its table, in {before}");
    for (column, place) in [("pairs.b", 1), ("pairs.b", 2), ("tally.total", 3)] {
        let declared = format!("{column} {}", sums.get::<String, _>(place).to_uppercase());
        assert!(before.contains(&declared), "no {declared} in {before}");
    }
    Ok(before)
}

/// Reads until it is stopped, with the same prepared statements. Returns the shapes it has seen.
fn reader(path: PathBuf, traffic: Arc<Traffic>, number: usize) -> JoinHandle<BTreeSet<String>> {
    let work = async move {
        let mut connection = connect(&path, Duration::from_secs(5)).await;
        let mut shapes = BTreeSet::new();
        loop {
            if let Some(shape) = unless_busy(look(&mut connection).await) {
                *traffic.readers[number].shape.lock().unwrap() = shape.clone();
                traffic.readers[number].count.fetch_add(1, SeqCst);
                shapes.insert(shape);
            }
            if traffic.stop.load(SeqCst) {
                return shapes;
            }
        }
    };
    std::thread::spawn(move || wait(work))
}

async fn write(connection: &mut SqliteConnection, id: i64) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("INSERT INTO pairs (id, a, b) VALUES (?1, ?1, 100 - ?1)").bind(id).execute(&mut *transaction).await?;
    sqlx::query("UPDATE pairs SET a = a + 1, b = b - 1 WHERE id = 1").execute(&mut *transaction).await?;
    sqlx::query("UPDATE tally SET n = n + 1, total = total + ? + 1").bind(id).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Writes numbered rows until it is stopped. Returns the numbers that were acknowledged as committed.
fn writer(path: PathBuf, traffic: Arc<Traffic>) -> JoinHandle<Vec<i64>> {
    let work = async move {
        let mut connection = connect(&path, Duration::from_millis(50)).await;
        let mut committed = Vec::new();
        for id in SEEDED + 1.. {
            let done = unless_busy(write(&mut connection, id).await).is_some();
            committed.extend(done.then_some(id));
            (if done { &traffic.commits } else { &traffic.failures }).fetch_add(1, SeqCst);
            if traffic.stop.load(SeqCst) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        committed
    };
    std::thread::spawn(move || wait(work))
}

/// Returns the methods that a plan uses.
fn ways(plan: &Plan) -> impl Iterator<Item = &'static str> {
    plan.steps.iter().filter_map(|s| match s.action {
        Action::Rebuild => Some("rebuild"),
        Action::Alter if s.statements.iter().any(|s| s.sql.contains("writable_schema")) => Some("edit"),
        Action::Alter => Some("alter"),
        _ => None,
    })
}

fn of_each_shape<T>(what: impl FnMut(usize) -> T) -> Vec<T> {
    (0..4).map(what).collect()
}

#[test]
fn nobody_sees_half_a_change_and_no_commit_is_lost() {
    let desired = of_each_shape(|n| desired(&shape(n)).unwrap());
    let fresh = |n: usize| {
        let database = Database::new();
        database.apply(&desired[n], false).unwrap();
        database.value(SHAPE)
    };
    let known = of_each_shape(fresh);
    for mode in ["DELETE", "WAL"] {
        let database = Database::from_sql(&format!("PRAGMA journal_mode = {mode}"));
        database.apply(&desired[0], false).unwrap();
        database.run(SEED, false);
        let traffic = Arc::new(Traffic::default());
        let readers = [0, 1].map(|n| reader(database.path.clone(), traffic.clone(), n));
        let writer = writer(database.path.clone(), traffic.clone());
        let mut taken = BTreeSet::new();
        for number in [1, 2, 3, 2, 1, 0, 3, 0] {
            let plan = database.plan(&desired[number]).unwrap();
            taken.extend(ways(&plan));
            more(&traffic.commits, 1);
            let options = Options { allow_destructive: true, backup: BackupMode::Always, ..Options::default() };
            let mut between = Between(&traffic);
            let live = database.live();
            let outcome = live.apply(&desired[number], &plan, &options, Default::default(), &mut between);
            let Outcome::Applied(report) = wait(outcome).unwrap() else { panic!("{mode}, {number}: nothing was to be done") };
            let copied = wait(async { look(&mut connect(&report.backup.unwrap(), Duration::ZERO).await).await.unwrap() });
            assert!(known.contains(&copied), "{mode}: a backup with {copied}");
            more(&traffic.commits, 1);
            traffic.more_reads();
            for reader in &traffic.readers {
                let seen = reader.shape.lock().unwrap().clone();
                assert_eq!(seen, known[number], "{mode}: not the new shape");
            }
        }
        traffic.stop.store(true, SeqCst);
        let committed = writer.join().unwrap();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), BTreeSet::from_iter(known.clone()), "{mode}");
        }
        println!(
            "{mode}: {} reads by one of two, {} commits, {} times busy",
            traffic.readers[0].count.load(SeqCst),
            committed.len(),
            traffic.failures.load(SeqCst)
        );
        assert_eq!(taken, BTreeSet::from(["alter", "edit", "rebuild"]), "{mode}");
        let ids: Vec<i64> =
            database.rows(&format!("SELECT id FROM pairs WHERE id > {SEEDED} ORDER BY id")).iter().map(|r| r[0].parse().unwrap()).collect();
        assert_eq!(ids, committed, "{mode}");
        assert_eq!(database.value("SELECT a FROM pairs WHERE id = 1"), (1 + committed.len()).to_string(), "{mode}");
        assert_eq!(database.value(SUMS), "1", "{mode}");
        assert_eq!(database.value("PRAGMA integrity_check"), "ok", "{mode}");
        assert!(database.plan(&desired[0]).unwrap().is_empty(), "{mode}");
    }
}
