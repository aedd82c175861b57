//! Writers on a PostgreSQL table while an online apply changes it: none of them fails or waits long, and all
//! committed rows are present.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use crate::support::applied::desired;
use crate::support::postgres::{self, Database};
use crate::support::session::Session;
use rosey::apply::Outcome;

const ROWS: usize = 200_000;

const BEFORE: &str = "CREATE TABLE parent (id serial PRIMARY KEY, name text);
    CREATE TABLE child (id serial PRIMARY KEY, writer integer, parent_id integer, note text, n integer);
    INSERT INTO parent (name) SELECT 'name ' || i FROM generate_series(1, 1000) i;
    INSERT INTO child (writer, parent_id, note, n)
        SELECT 0, 1 + i % 1000, 'note ' || i, i % 90 FROM generate_series(1, 200000) i;";

/// Indexes, NOT NULL, a foreign key, a check, columns with a default, a unique constraint.
const AFTER: &str = r#"
table parent {
    column id serial primary-key
    column name text not-null
}
table child {
    column id serial primary-key
    column writer integer
    column parent_id integer not-null references="parent(id)" on-delete=cascade
    column note text not-null
    column n integer
    column kind text not-null default=plain
    column made timestamptz default=(sql)"now()"
    check small "n < 100"
    unique id n
    index by_note note
    index by_parent parent_id n
    index by_lower { part (sql)"lower(note)" }
}
"#;

/// What a writer did: its rows, and the duration of its longest transaction.
struct Written {
    rows: usize,
    longest: Duration,
}

/// Writes in short transactions until it is stopped. Panics on any failure.
fn write(database: &Database, number: usize, stop: &AtomicBool) -> Written {
    let mut session = Session::of(database);
    let mut written = Written { rows: 0, longest: Duration::ZERO };
    while !stop.load(SeqCst) {
        let (i, began) = (written.rows, Instant::now());
        let (parent, row) = (1 + i % 1000, 1 + (i * 7919 + number) % ROWS);
        session.run(&format!(
            "BEGIN; INSERT INTO child (writer, parent_id, note, n) VALUES ({number}, {parent}, 'new {i}', {}); \
             UPDATE child SET note = note || '.' WHERE id = {row} AND writer = 0; COMMIT",
            i % 90
        ));
        written.rows += 1;
        written.longest = written.longest.max(began.elapsed());
        std::thread::sleep(Duration::from_millis(1));
    }
    written
}

#[test]
fn nobody_waits_long_and_nothing_is_lost() {
    let after = desired(AFTER).unwrap();
    for server in postgres::servers() {
        let database = server.database();
        database.sql(BEFORE);
        let stop = AtomicBool::new(false);
        let (took, written) = std::thread::scope(|s| {
            let writers: Vec<_> = (1..=4)
                .map(|n| {
                    s.spawn({
                        let (database, stop) = (&database, &stop);
                        move || write(database, n, stop)
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(200));
            let began = Instant::now();
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| database.apply(&after, true)));
            let took = began.elapsed();
            stop.store(true, SeqCst);
            let written: Vec<Written> = writers.into_iter().map(|w| w.join().unwrap()).collect();
            assert!(matches!(outcome, Ok(Ok(Outcome::Applied(_)))), "{outcome:?}");
            (took, written)
        });
        let longest = written.iter().map(|w| w.longest).max().unwrap();
        let rows: usize = written.iter().map(|w| w.rows).sum();
        println!("PostgreSQL {}: applied in {took:?}, {rows} transactions beside it, the longest {longest:?}", server.version);
        assert!(longest < Duration::from_secs(2), "a writer waited {longest:?}");
        for (n, writer) in written.iter().enumerate() {
            assert_eq!(database.value(&format!("SELECT count(*) FROM child WHERE writer = {}", n + 1)), writer.rows.to_string());
        }
        assert_eq!(database.value("SELECT count(*) FROM child WHERE writer = 0"), ROWS.to_string());
        let dots = "SELECT sum(length(note) - length(rtrim(note, '.'))) FROM child WHERE writer = 0";
        assert_eq!(database.value(dots), rows.to_string());
        assert_eq!(database.left(&after, true), "");
    }
}
