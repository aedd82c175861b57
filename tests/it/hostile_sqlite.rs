//! SQL in a hostile schema file: whatever it tries, a plan leaves the database bit for bit unchanged, shows
//! no value of a row in any format or error, and ends in time; a failing apply shows no value either.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::support::wait;
use rosey::apply::{BackupMode, Database, Desired, Options, PlanOptions, Silent};
use rosey::engine::sqlite::CancelToken;
use rosey::kdl::{self, Sources};
use rosey::plan::{Counts, Plan};
use rosey::render::{self, Declared, Style};
use rosey::schema::Dialect;

/// Values that must not be shown. They break JSON, JSON paths, numbers, dates and patterns.
const SECRETS: [&str; 3] = ["Zebra7719", "Giraffe4402", "Okapi5518"];

const BEFORE: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, secret TEXT);
    INSERT INTO users VALUES (1, 'ann', 'Zebra7719'), (2, 'bob', '$[Giraffe4402');
    CREATE TABLE vault (pin TEXT);
    INSERT INTO vault VALUES ('{Okapi5518');";

/// The limit for one count in these tests.
const LIMIT: Duration = Duration::from_millis(400);

/// Expressions that read forbidden data, and expose it in an error or a number.
const LEAKS: [&str; 22] = [
    "json(secret)",
    "json_extract('{}', secret)",
    "json_extract(secret, '$.a')",
    "'{}' -> secret || '['",
    "json_set('{}', secret || '[', 1)",
    "json_type((SELECT pin FROM vault), '$')",
    "json_valid(secret, 99)",
    "jsonb(secret)",
    "json_group_array(json(secret)) OVER ()",
    "(SELECT json(group_concat(pin)) FROM vault)",
    "(SELECT json_extract('{}', group_concat(secret)) FROM users)",
    "(SELECT value FROM json_each((SELECT pin FROM vault)))",
    "(SELECT value FROM json_tree('{}', (SELECT pin FROM vault)))",
    "CASE WHEN (SELECT unicode(secret) FROM users LIMIT 1) > 80 THEN NULL ELSE 1 END",
    "CASE WHEN EXISTS (SELECT 1 FROM vault WHERE pin LIKE '{O%') THEN NULL ELSE 1 END",
    "abs(-9223372036854775808 + 0 * length(secret))",
    "likelihood(secret, secret)",
    "load_extension(secret)",
    "fts3_tokenizer(secret, x'00')",
    "(SELECT sql FROM sqlite_schema LIMIT 1)",
    "round(secret, unhex(secret))",
    "strftime(secret, secret, secret)",
];

/// Expressions that run other code, or that write.
const WRITES: [&str; 24] = [
    "load_extension('/tmp/x.so')",
    "load_extension /* x */ ('/tmp/x.so')",
    "\"load_extension\"('/tmp/x.so')",
    "[load_extension]('/tmp/x.so')",
    "`LOAD_EXTENSION`('/tmp/x.so')",
    "readfile('/etc/passwd')",
    "writefile('/tmp/rosey-was-here', secret)",
    "edit(secret)",
    "fts3_tokenizer('simple')",
    "1); DELETE FROM users; --",
    "1); ATTACH 'other.db' AS o; --",
    "1)); DROP TABLE users; SELECT ((1",
    "1 FROM users; DELETE FROM users; SELECT 1",
    "(DELETE FROM users RETURNING 1)",
    "(INSERT INTO vault VALUES (1) RETURNING 1)",
    "(SELECT * FROM pragma_user_version)",
    "(SELECT count(*) FROM pragma_wal_checkpoint)",
    "(SELECT * FROM pragma_journal_mode('delete'))",
    "(SELECT count(*) FROM pragma_optimize)",
    "(SELECT file FROM pragma_database_list LIMIT 1)",
    "(SELECT count(*) FROM dbstat)",
    "(SELECT count(*) FROM sqlite_dbpage)",
    "raise(ABORT, 'x')",
    "sqlite_log(1, secret)",
];

/// Expressions that would use up time or memory.
const BOMBS: [&str; 16] = [
    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)",
    "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n ORDER BY random())",
    "(SELECT count(*) FROM (WITH RECURSIVE n(i) AS (VALUES (1) UNION SELECT i + 1 FROM n) SELECT i FROM n))",
    "hex(randomblob(400000000))",
    "printf('%*d', unicode(secret) * 100000000, 1)",
    "zeroblob(unicode(secret) * 100000000)",
    "hex(zeroblob(900000000))",
    "length(printf('%*d', 999999999, 1))",
    "length(replace(hex(zeroblob(30000000)), '0', '000000000'))",
    "length(hex(hex(hex(hex(randomblob(9000000))))))",
    "(SELECT count(*) FROM json_each('[' || replace(hex(zeroblob(3000000)), '0', '1,') || '1]') a, json_each('[1,1,1,1,1,1,1,1,1]') b, json_each('[1,1,1,1,1,1,1,1,1]'))",
    "(WITH RECURSIVE n(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM n) SELECT max(length(s)) FROM n)",
    "(WITH RECURSIVE n(i, s) AS (SELECT 1, hex(randomblob(9000000)) UNION ALL SELECT i + 1, hex(randomblob(9000000)) FROM n) SELECT count(DISTINCT s) FROM n)",
    "max(hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), \
     hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), \
     hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), \
     hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)), hex(randomblob(15000000)))",
    "hex(zeroblob(30000000)) LIKE replace(hex(zeroblob(20000)), '0', '%0')",
    "(SELECT count(*) FROM users a, users b, users c, users d, users e, users f, users g, users h, users i, users j, users k, users l, users m, \
     users n, users o, users p, users q, users r, users s, users t, users u, users v, users w, users x, users y, users z, users aa, users ab, \
     users ac, users ad, users ae, users af, users ag, users ah, users ai, users aj, users ak, users al, users am, users an)",
];

/// A place for an expression in the schema file: lines in `users`, and lines outside it.
const PLACES: [(&str, &str, &str); 10] = [
    ("backfill", "column x text not-null { backfill EXPR }", ""),
    ("backfill of a column that may be NULL", "column x text { backfill EXPR }", ""),
    ("using", "column secret2 integer was=secret { using EXPR }", ""),
    ("check", "check c EXPR", ""),
    ("generated", "column x text generated=EXPR not-null", ""),
    ("stored", "column x text generated=EXPR stored=#true not-null", ""),
    ("index expression", "index i unique=#true { part (sql)EXPR }", ""),
    ("index condition", "column x text\n index i x where=EXPR unique=#true", ""),
    ("default", "column x text not-null default=(sql)EXPR", ""),
    ("view", "", "view v { as VIEW }"),
];

/// Objects outside the table: triggers and virtual tables.
const OBJECTS: [&str; 14] = [
    "virtual-table f only=sqlite { using \"fts5(secret, content='users', content_rowid='id')\"; }",
    "virtual-table f only=sqlite { using \"fts5(pin, content='vault')\"; }",
    "virtual-table f only=sqlite { using \"fts5vocab('users', 'row')\"; }",
    "virtual-table f only=sqlite { using \"fts4(content='users', secret)\"; }",
    "virtual-table f only=sqlite { using \"fts5(a, tokenize='Okapi')\"; }",
    "virtual-table f only=sqlite { using \"csv(filename='/etc/passwd')\"; }",
    "virtual-table f only=sqlite { using \"dbstat(main)\"; }",
    "virtual-table f only=sqlite { using \"rtree(id, a, b); DELETE FROM users; --\"; }",
    "virtual-table f only=sqlite { using \"rtree(id, a, b)\"; }",
    "virtual-table f only=sqlite { using \"pragma_user_version\"; }",
    "trigger g { as \"AFTER INSERT ON users BEGIN DELETE FROM vault; END\"; }",
    "trigger g { as \"AFTER INSERT ON users BEGIN SELECT raise(ABORT, (SELECT pin FROM vault)); END\"; }",
    "trigger g { as \"AFTER INSERT ON users BEGIN SELECT 1; END; DELETE FROM users\"; }",
    "view v { as \"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT json(pin), i FROM vault, n\"; }",
];

fn schema(in_table: &str, beside: &str) -> String {
    let secret = if in_table.contains("was=secret") { "" } else { "column secret text" };
    format!(
        "table users {{\n column id serial primary-key\n column name text not-null\n {secret}\n {in_table}\n}}\ntable vault {{ column pin text; }}\n{beside}\n"
    )
}

fn in_place(place: (&str, &str, &str), expr: &str) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let put = |text: &str| text.replace("VIEW", &quoted(&format!("SELECT {expr} AS x FROM users"))).replace("EXPR", &quoted(expr));
    schema(&put(place.1), &put(place.2))
}

/// Returns a plan in all formats.
fn shown(plan: &Plan, desired: &Desired, sources: &Sources) -> String {
    let declared = Declared { schema: desired.written(), sources, found: &[], provenance: None };
    let style = Style { colour: false, verbose: true };
    [
        render::text(plan, "schema.kdl", style),
        render::markdown(plan, "schema.kdl"),
        render::html(plan, "schema.kdl", desired.written()),
        render::json(plan, "schema.kdl"),
        render::for_reading(plan),
        render::sarif(plan, declared),
        render::annotations(plan, "schema.kdl", declared),
    ]
    .concat()
}

struct Attack {
    database: crate::support::Database,
    files: Vec<String>,
    image: Vec<u8>,
}

fn files(path: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl Attack {
    fn new() -> Attack {
        let database = crate::support::Database::from_sql(BEFORE);
        Attack { files: files(&database.path), image: database.bytes(), database }
    }

    fn at(&self) -> Database {
        self.database.live()
    }

    /// Returns the plan in all formats, or its error.
    fn plans(&self, text: &str, counts: Counts) -> (String, Option<(Desired, Plan)>) {
        let sources = Sources::from_text("schema.kdl", text);
        let desired = match kdl::decode(&sources, Dialect::Sqlite) {
            Ok(schema) => schema,
            Err(mistakes) => return (mistakes.to_string(), None),
        };
        let desired = match Desired::new(desired, Dialect::Sqlite) {
            Ok(desired) => desired,
            Err(error) => return (format!("{error} {error:?}"), None),
        };
        let plan_options = PlanOptions { counts, count_limit: LIMIT, ..PlanOptions::default() };
        match wait(self.at().plan(&desired, plan_options)) {
            Ok(planned) => (shown(&planned.plan, &desired, &sources), Some((desired, planned.plan))),
            Err(error) => (format!("{error} {error:?}"), None),
        }
    }

    fn try_plan(&self, text: &str, counts: Counts) -> Option<(Desired, Plan)> {
        let began = Instant::now();
        let (said, made) = self.plans(text, counts);
        let took = began.elapsed();
        // Six limits, the overrun of one operation, and the trial in memory.
        assert!(took < LIMIT * 6 + Duration::from_secs(12), "{took:?} for {counts:?}:\n{text}");
        self.tells_nothing(text, &said);
        assert!(self.database.bytes() == self.image && files(&self.database.path) == self.files, "{counts:?} wrote:\n{text}");
        made
    }

    fn tells_nothing(&self, text: &str, said: &str) {
        for secret in SECRETS.iter().filter(|s| !text.contains(**s)) {
            assert!(!said.contains(secret), "{secret} is told:\n{text}\n{said}");
        }
    }

    /// Applies to a copy, and stops after a while.
    fn try_apply(&self, text: &str, desired: &Desired, plan: &Plan) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        std::fs::write(&path, &self.image).unwrap();
        let cancel_token = Arc::new(CancelToken::default());
        let stop = cancel_token.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700));
            stop.cancel.store(true, Relaxed);
        });
        let options = Options { allow_destructive: true, backup: BackupMode::Never, ..Options::default() };
        let outcome = wait(Database::file(&path).apply(desired.normalized(), plan, &options, cancel_token, &mut Silent));
        if let Err(error) = outcome {
            self.tells_nothing(text, &format!("{error} {error:?}"));
            assert!(std::fs::read(&path).unwrap() == self.image, "an apply that failed has written:\n{text}");
        }
        assert_eq!(files(&path), ["test.db"], "{text}");
    }

    fn try_all(&self, text: &str, applies: bool) {
        for counts in [Counts::None, Counts::Safe, Counts::Full] {
            let made = self.try_plan(text, counts);
            if let Some((desired, plan)) = made.filter(|_| applies && counts == Counts::Full) {
                self.try_apply(text, &desired, &plan);
            }
        }
    }
}

#[test]
fn no_expression_tells_a_value() {
    let attack = Attack::new();
    for place in PLACES {
        for expr in LEAKS {
            attack.try_all(&in_place(place, expr), true);
        }
    }
}

#[test]
fn no_expression_writes_or_runs_code() {
    let attack = Attack::new();
    for place in PLACES {
        for expr in WRITES {
            attack.try_all(&in_place(place, expr), true);
        }
    }
    assert!(!Path::new("/tmp/rosey-was-here").exists());
}

#[test]
fn no_object_beside_the_table_tells_or_writes() {
    let attack = Attack::new();
    for beside in OBJECTS {
        attack.try_all(&schema("", beside), true);
    }
}

#[test]
fn no_expression_takes_all_time_or_memory() {
    let attack = Attack::new();
    for place in [PLACES[0], PLACES[3], PLACES[9]] {
        for expr in BOMBS {
            attack.try_all(&in_place(place, expr), false);
        }
    }
}

/// SQLite computes a constant default when it prepares a statement, where no progress handler is called.
#[test]
fn a_constant_that_is_computed_while_a_statement_is_prepared_takes_no_longer_than_a_trial_may() {
    let attack = Attack::new();
    let one = "instr(hex(zeroblob(450000)), hex(zeroblob(225000)) || '1')";
    let several = vec![one; 40].join(" + ");
    for counts in [Counts::None, Counts::Full] {
        let began = Instant::now();
        let (said, made) = attack.plans(&in_place(PLACES[8], &several).replace("column x text not-null", "column x integer"), counts);
        assert!(made.is_none() && said.contains("SQLite needs longer than 30s to try a statement"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(45), "{:?}", began.elapsed());
    }
    let longer = in_place(PLACES[8], "instr(hex(zeroblob(4000000)), hex(zeroblob(3000000)) || '1')");
    let began = Instant::now();
    attack.plans(&longer, Counts::None);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_plan_keeps_no_writer_waiting() {
    use sqlx::ConnectOptions as _;
    for mode in ["DELETE", "TRUNCATE", "WAL"] {
        let database = crate::support::Database::from_sql(&format!("PRAGMA journal_mode = {mode}; {BEFORE}"));
        let attack = Attack { files: Vec::new(), image: Vec::new(), database };
        let text = schema(&format!("column x text not-null {{ backfill \"{}\" }}", BOMBS[0]), "");
        let sources = Sources::from_text("schema.kdl", &text);
        let desired = Desired::new(kdl::decode(&sources, Dialect::Sqlite).unwrap(), Dialect::Sqlite).unwrap();
        let planner = {
            let at = attack.at();
            std::thread::spawn(move || {
                let plan_options = PlanOptions { count_limit: Duration::from_secs(3), ..PlanOptions::default() };
                wait(at.plan(&desired, plan_options)).unwrap().plan
            })
        };
        let mut written = 0;
        wait(async {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&attack.database.path).busy_timeout(Duration::from_secs(1));
            let mut writer = options.connect().await.unwrap();
            while !planner.is_finished() {
                let done = sqlx::raw_sql("INSERT INTO vault VALUES ('more')").execute(&mut writer).await;
                done.unwrap_or_else(|e| panic!("{mode}, after {written} rows: {e}"));
                written += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let plan = planner.join().unwrap();
        let why: Vec<String> = plan.hazards().filter_map(|h| h.why_uncounted()).collect();
        assert!(why.iter().any(|w| w.contains("took longer than 3 s") || w.contains("other connections keep writing")), "{mode}: {why:?}");
        assert!(written > 10, "{mode}: {written}");
    }
}

/// Returns the first line about a breaking hazard in a plan.
fn says(attack: &Attack, line: &str, counts: Counts) -> String {
    attack.plans(&schema(line, ""), counts).0.lines().filter(|l| l.starts_with("! breaks")).take(1).collect()
}

#[test]
fn what_is_not_counted_says_why() {
    let attack = Attack::new();
    let backfill = |expr: &str| format!("column x text not-null {{ backfill \"{expr}\" }}");
    for (line, counts, wanted) in [
        (backfill(BOMBS[0]), Counts::Full, "not counted: took longer than 0.4 s"),
        (backfill("hex(randomblob(400000000))"), Counts::Full, "SQLITE_TOOBIG"),
        (backfill("json(secret)"), Counts::Full, "not counted: an expression fails on the rows (SQLITE_ERROR)"),
        (backfill("(SELECT pin FROM vault)"), Counts::Safe, "not counted: reads table vault"),
        (backfill("nullif(random(), 1)"), Counts::Safe, "not counted: calls random()"),
        (backfill("nullif(name, 'ann')"), Counts::Safe, "`x` is NULL in some rows"),
        (backfill("nullif(name, 'ann')"), Counts::Full, "`x` is NULL in 1 of 2 rows"),
        (backfill("nullif(name, 'ann')"), Counts::None, "not counted: disabled by --counts none"),
        ("check c \"name <> 'ann'\"".to_owned(), Counts::Safe, "some rows"),
        ("check c \"length(hex(secret)) < 20\"".to_owned(), Counts::Full, "1 of 2 rows"),
    ] {
        let said = says(&attack, &line, counts);
        assert!(said.contains(wanted), "{line} {counts:?}: {said}");
    }
}

#[test]
fn a_name_that_rosey_needs_for_a_while_may_be_taken() {
    let rebuild = "table t { column a integer; }";
    let edit = "table t { column a text not-null; }";
    for (taken, file) in [
        ("CREATE TABLE _rosey_new_t (a)", rebuild),
        ("CREATE VIEW _rosey_new_t AS SELECT 1", rebuild),
        ("CREATE TABLE _ROSEY_NEW_T (a)", rebuild),
        ("CREATE VIEW _rosey_edit AS SELECT 1", edit),
    ] {
        let database = crate::support::Database::from_sql(&format!("CREATE TABLE t (a TEXT); {taken}"));
        let desired = crate::support::desired(file).unwrap();
        database.apply(&desired, true).unwrap_or_else(|e| panic!("{taken}: {e}"));
        assert!(database.plan(&desired).unwrap().is_empty(), "{taken}");
        let left = "SELECT count(*) FROM sqlite_schema WHERE lower(name) IN ('_rosey_new_t', '_rosey_edit')";
        assert_eq!(database.value(left), "1", "{taken}");
    }
}
