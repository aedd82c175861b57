//! Random schemas, valid or almost valid, as input for everything that reads untrusted text: the KDL reader,
//! `fmt`, saved plans and SQL files. Nothing panics or takes long, valid text is read as intended, and edited
//! text is refused or means the same.
//!
//! `PROPTEST_CASES=20000 cargo test --test it fuzz::` runs more cases; `ROSEY_TEST_SEED=7`, or `random`, runs
//! others.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::wait;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rosey::apply::PlanOptions;
use rosey::apply::saved::{self, Label};
use rosey::engine::{postgres, sqlite};
use rosey::kdl::{Sources, check_syntax, decode, decode_all, encode, format};
use rosey::plan::{FileKind, Plan, State};
use rosey::render::{Style, text};
use rosey::schema::Dialect;
use sha2::{Digest as _, Sha256};

/// The limit for any text of this size, on a slow machine with other work.
const LONG: Duration = Duration::from_secs(20);

fn config(cases: u32) -> ProptestConfig {
    let rng_seed = match std::env::var("ROSEY_TEST_SEED").ok().as_deref() {
        Some("random") => RngSeed::Random,
        seed => RngSeed::Fixed(seed.and_then(|s| s.parse().ok()).unwrap_or(1)),
    };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { cases };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, rng_seed, ..ProptestConfig::default() }
}

/// Names that need quotes, escapes, or nothing.
const NAMES: [&str; 12] = [
    "a",
    "b2",
    "user",
    "order",
    "\"two words\"",
    "\"q\\\"uote\"",
    "#\"raw\"name\"#",
    "größe",
    "\"l\\nf\"",
    "\"\\u{202e}x\"",
    "not-null",
    "\"table\"",
];
const TYPES: [&str; 8] = ["int", "text", "bigint", "bool", "\"varchar(9)\"", "\"decimal(8,2)\"", "real", "timestamp"];
const EXTRAS: [&str; 8] = [
    "",
    " not-null",
    " default=7",
    " default=\"it's\"",
    " default=(sql)\"1 + 1\"",
    " default=#\"a\\b\"#",
    " comment=\"// no { comment\"",
    " /* c */ not-null",
];
/// What may occur between nodes.
const GAPS: [&str; 9] =
    ["\n", "\n\n", ";\n", " // end\n", "\r\n", "\n/* block\n   comment */\n", "\n/- off \"x\" {\n y\n}\n", "\n// line\n", "  \n"];

/// A column: the indexes of its name, type, options and gap in their lists.
type Column = (usize, usize, usize, usize);

/// Generates a table: the index of its name, its columns, and whether it has a check and an index.
fn table() -> impl Strategy<Value = (usize, Vec<Column>, bool, bool)> {
    let column = (0..NAMES.len(), 0..TYPES.len(), 0..EXTRAS.len(), 0..GAPS.len());
    (0..NAMES.len(), prop::collection::vec(column, 1..6), any::<bool>(), any::<bool>())
}

/// Generates a valid schema: names are unique where they must be.
fn schema() -> impl Strategy<Value = String> {
    prop::collection::vec(table(), 0..5).prop_map(|tables| {
        let (mut out, mut names) = (String::new(), Vec::new());
        for (name, columns, check, index) in tables {
            if names.contains(&name) {
                continue;
            }
            names.push(name);
            let _ = write!(out, "table {} {{{}", NAMES[name], GAPS[columns[0].3].trim_start_matches(';'));
            let mut seen = Vec::new();
            for (column, ty, extra, gap) in columns {
                // A number is not a default for text, nor text one for a number.
                let extra = if TYPES[ty] == "text" || !EXTRAS[extra].contains("default") { extra } else { 0 };
                if !seen.contains(&column) {
                    seen.push(column);
                    let _ = write!(
                        out,
                        "  column {} {}{}{}",
                        NAMES[column],
                        TYPES[ty],
                        EXTRAS[extra].replace("default=7", "default=\"7\""),
                        GAPS[gap]
                    );
                }
            }
            let first = NAMES[seen[0]];
            let _ = writeln!(
                out,
                "{}{}}}",
                if check { "  check \"1 > (0)\"\n" } else { "" },
                if index { format!("  index ix_{name} {first}\n") } else { String::new() }
            );
        }
        out
    })
}

/// A change to a text.
#[derive(Debug, Clone)]
enum Mutation {
    Insert(prop::sample::Index, &'static str),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize, usize),
    Replace(prop::sample::Index, char),
}

const INSERTED: [&str; 24] = [
    "{",
    "}",
    "(",
    ")",
    "\"",
    "\"\"\"",
    "#\"",
    "/*",
    "*/",
    "//",
    "/-",
    "\\",
    "\n",
    ";",
    "=",
    "include \"*\"\n",
    "\u{feff}",
    "\u{202e}",
    "\u{0}",
    "only=sqlite ",
    "was=a ",
    "'",
    "--",
    "$$",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), prop::sample::select(&INSERTED[..])).prop_map(|(at, what)| Mutation::Insert(at, what)),
        (at(), 1usize..40).prop_map(|(at, len)| Mutation::Remove(at, len)),
        (at(), 1usize..20, 2usize..200).prop_map(|(at, len, times)| Mutation::Repeat(at, len, times)),
        (at(), any::<char>()).prop_map(|(at, c)| Mutation::Replace(at, c)),
    ]
}

fn mutated(text: &str, mutations: &[Mutation]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for mutation in mutations {
        if chars.is_empty() {
            break;
        }
        let len = chars.len();
        let span = |at: &prop::sample::Index, n: usize| at.index(len)..(at.index(len) + n).min(len);
        match mutation {
            Mutation::Insert(at, what) => drop(chars.splice(at.index(len)..at.index(len), what.chars())),
            Mutation::Remove(at, n) => drop(chars.drain(span(at, *n))),
            Mutation::Repeat(at, n, times) => {
                let piece: Vec<char> = chars[span(at, *n)].repeat(*times);
                drop(chars.splice(at.index(len)..at.index(len), piece));
            }
            Mutation::Replace(at, c) => chars[at.index(len)] = *c,
        }
    }
    chars.into_iter().collect()
}

/// Returns the number of occurrences of each kind of comment.
fn comments(text: &str) -> Vec<usize> {
    ["// end", "/* block", "// line", "/* c */", "/- off"].iter().map(|c| text.matches(c).count()).collect()
}

/// Does everything that is done first with any text.
fn read(text: &str) {
    let began = Instant::now();
    let sources = Sources::from_text("schema.kdl", text);
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let (schema, problems) = decode_all(&sources, dialect);
        if problems.is_empty() {
            let again = decode(&Sources::from_text("again.kdl", &encode(&schema)), dialect).unwrap();
            assert_eq!(encode(&again), encode(&schema), "{text}");
        } else if let Err(error) = decode(&sources, dialect) {
            let told = error.to_string();
            assert!(told.len() < 300_000 && !told.contains('\u{202e}'), "{} bytes", told.len());
        }
    }
    if let Ok(printed) = format(text) {
        assert_eq!(format(&printed).unwrap(), printed, "fmt of:\n{text}");
    } else {
        assert!(check_syntax(&sources).is_err(), "fmt alone refuses:\n{text}");
    }
    assert!(began.elapsed() < LONG, "{:?} for:\n{text}", began.elapsed());
}

fn shown(plan: &Plan) -> String {
    text(plan, "the schema", Style::default())
}

fn sealed(content: &str) -> String {
    let digest: String = Sha256::digest(content.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    format!("{content}digest \"{digest}\"\n")
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn what_is_valid_is_read_and_laid_out(source in schema()) {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let schema = decode(&Sources::from_text("schema.kdl", &source), dialect).map_err(|e| TestCaseError::fail(format!("{e}\n{source}")))?;
            let printed = format(&source).unwrap();
            let again = decode(&Sources::from_text("schema.kdl", &printed), dialect).unwrap();
            prop_assert_eq!(encode(&again), encode(&schema));
            prop_assert_eq!(comments(&printed), comments(&source), "{}", printed);
        }
        read(&source);
    }

    #[test]
    fn what_is_nearly_valid_is_read_or_refused(source in schema(), mutations in prop::collection::vec(mutation(), 1..6)) {
        read(&mutated(&source, &mutations));
    }

    #[test]
    fn files_of_sql_are_read_or_refused(source in schema(), mutations in prop::collection::vec(mutation(), 0..5)) {
        let Ok(schema) = decode(&Sources::from_text("schema.kdl", &source), Dialect::Sqlite) else { return Ok(()) };
        let Ok(desired) = rosey::apply::Desired::new(schema, Dialect::Sqlite) else { return Ok(()) };
        let empty = State::new(Dialect::Sqlite, String::new(), Vec::new());
        let Ok(made) = wait(rosey::apply::plan_offline(&empty, &desired, PlanOptions::default())) else { return Ok(()) };
        let sql: String = made.plan.statements().map(|s| format!("{};\n", s.sql)).collect();
        let sql = mutated(&sql, &mutations);
        wait(sqlite::from_sql(&sql)).ok();
        postgres::from_sql(&sql).ok();
    }
}

proptest! {
    #![proptest_config(config(60))]

    /// The digest is recomputed, as an attacker would do: the steps and the header still match the rest.
    #[test]
    fn an_edited_plan_is_refused_or_means_the_same(source in schema(), mutations in prop::collection::vec(mutation(), 1..3)) {
        let empty = State::new(Dialect::Sqlite, String::new(), Vec::new());
        let made = wait(saved::save_state(&empty, &source, Label { message: Some("why"), ..Label::default() }, PlanOptions::default(), &shown));
        let Ok(made) = made else { return Ok(()) };
        prop_assert_eq!(FileKind::of(&made.text), Some(FileKind::Plan));
        let (content, _) = made.text.trim_end().rsplit_once('\n').unwrap();
        let content = content.to_owned() + "\n";
        let edited = mutated(&content, &mutations);
        let with_the_old_digest = format!("{edited}{}", &made.text[content.len()..]);
        prop_assert!(edited == content || wait(saved::open(&with_the_old_digest, &shown)).is_err());
        let Ok(opened) = wait(saved::open(&sealed(&edited), &shown)) else { return Ok(()) };
        if opened.differs_at.is_none() {
            let sql = |plan: &Plan| plan.statements().map(|s| s.sql.clone()).collect::<Vec<_>>();
            prop_assert!(sealed(&edited).contains(&shown(&opened.plan).lines().last().unwrap_or_default().to_owned()));
            // A plan for another schema is a different plan, consistent in all its parts; a plan for this
            // schema is this plan.
            if opened.file.desired == saved_desired(&made.text) && opened.file.current.trim().is_empty() && !opened.file.rebuild_only {
                prop_assert_eq!(sql(&opened.plan), sql(&made.plan));
            }
        }
    }
}

fn saved_desired(text: &str) -> String {
    rosey::plan::read_plan(text).unwrap().desired
}
