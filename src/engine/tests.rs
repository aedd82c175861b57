//! Tests both scanners with random SQL: their tokens are in order, start and end at character boundaries, and
//! skip only spaces and comments.

use proptest::prelude::*;

use super::{postgres, sqlite};

/// Pieces of SQL, valid and invalid.
const PIECES: [&str; 40] = [
    "select",
    "a",
    "\"b c\"",
    "\"b",
    "'it''s'",
    "'open",
    "E'\\\\n'",
    "E'x' 'y'",
    "$$ body $$",
    "$t$ ' $t$",
    "$t$ open",
    "$1",
    "U&\"d\\0061t\"",
    "x'1f'",
    "B'01'",
    "N'n'",
    "0x1F",
    "1_000",
    "1e-5",
    ".5",
    "--line\n",
    "/* a /* b */ c */",
    "/* open",
    "*/",
    "(",
    ")",
    "[",
    "]",
    "`q`",
    "::",
    "->>",
    "<=",
    ";",
    ",",
    "\n",
    "\t ",
    "ünï",
    "\u{2028}",
    "\u{0}",
    "\\",
];

fn sql() -> impl Strategy<Value = String> {
    let word = prop_oneof![9 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned), 1 => any::<char>().prop_map(|c| c.to_string())];
    prop::collection::vec((word, prop::sample::select(&["", " ", " "][..])), 0..40)
        .prop_map(|words| words.into_iter().map(|(word, space)| word + space).collect())
}

/// Returns true if the text between tokens is only spaces and comments.
fn is_gap(text: &str) -> bool {
    text.is_empty()
        || text.chars().all(|c| c.is_whitespace() || c == '\u{feff}' || c == '\u{0}')
        || text.contains("--")
        || text.contains("/*")
}

fn covers(sql: &str, pieces: impl Iterator<Item = (usize, usize)>) {
    let mut at = 0;
    for (start, end) in pieces {
        assert!(at <= start && start < end, "{sql:?}: a piece at {start}..{end} behind {at}");
        assert!(sql.get(start..end).is_some(), "{sql:?}: {start}..{end} cuts a character");
        assert!(is_gap(&sql[at..start]), "{sql:?}: {:?} is in no piece", &sql[at..start]);
        at = end;
    }
    assert!(is_gap(&sql[at..]), "{sql:?}: {:?} is in no piece", &sql[at..]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_cover_the_text(sql in sql()) {
        covers(&sql, sqlite::lexer::lex(&sql).iter().map(|t| (t.start, t.end)));
        if let Some(pieces) = postgres::scan::scan(&sql) {
            covers(&sql, pieces.iter().map(|p| (p.start, p.end)));
        }
    }
}
