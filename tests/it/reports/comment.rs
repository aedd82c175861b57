//! `--format markdown`.

use insta::assert_snapshot;
use rosey::render::{MARKER, markdown};

use super::{bot, declared, nasty};
use crate::support::Database;

/// GitHub's limit for a comment.
const LIMIT: usize = 65_536;

#[test]
fn the_bots_comment() {
    let comment = markdown(&bot().1, "schema.kdl");
    check(&comment);
    assert_snapshot!(comment);
}

#[test]
fn names_stay_in_their_places() {
    let comment = markdown(&nasty().1, "schema *x*.kdl");
    check(&comment);
    assert_snapshot!(comment);
}

/// Checks that the marker is first, every fence is closed, and outside of them there are no tags but our own.
fn check(comment: &str) {
    assert!(comment.starts_with(MARKER));
    assert!(comment.len() < LIMIT, "{}", comment.len());
    let mut fence: Option<&str> = None;
    for line in comment.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if line == open => fence = None,
            Some(open) => assert!(ticks.len() < open.len(), "{line}"),
            None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => fence = Some(ticks),
            None => check_prose(line),
        }
    }
    assert_eq!(fence, None);
}

fn check_prose(line: &str) {
    for tag in outside_code(line).split('<').skip(1) {
        let own = ["!-- -->", "!-- rosey plan -->", "details>", "/details>", "summary>", "/summary>", "span>$", "/span>"];
        assert!(own.iter().any(|t| tag.starts_with(t)), "{line}");
    }
}

/// Returns the line without what is between two runs of backticks of the same length; one after a backslash
/// does not begin a run.
fn outside_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['`', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('\\') {
            rest = &rest[2..];
            continue;
        }
        let fence = &rest[..rest.len() - rest.trim_start_matches('`').len()];
        let after = &rest[fence.len()..];
        let mut ends = after.match_indices(fence).map(|(i, _)| i);
        let alone = |i: &usize| !after[..*i].ends_with('`') && !after[i + fence.len()..].starts_with('`');
        let end = ends.find(alone).unwrap_or_else(|| panic!("code does not end: {line}"));
        rest = &after[end + fence.len()..];
    }
    out + rest
}

#[test]
fn symbols_stand_in_the_first_column() {
    let comment = markdown(&bot().1, "schema.kdl");
    let diff = comment.split_once("```diff\n").unwrap().1.split_once("\n```").unwrap().0;
    for line in diff.lines().filter(|l| !l.is_empty()) {
        assert!(["+ ", "- ", "! ", "# ", "  "].iter().any(|s| line.starts_with(s)), "{line}");
    }
}

#[test]
fn no_changes_are_one_line() {
    let declared = declared("table a { column id integer primary-key }");
    let plan = declared.plan(&Database::from_sql("CREATE TABLE a (id INTEGER PRIMARY KEY)"));
    assert_eq!(markdown(&plan, "my_schema.kdl"), format!("{MARKER}\n### No changes. The database matches my\\_schema.kdl.\n"));
}

#[test]
fn hundreds_of_objects_are_cut_by_whole_objects_and_said() {
    let mut text = String::new();
    for i in 0..600 {
        text.push_str(&format!(
            "table t{i} {{ column id integer primary-key; column name text not-null default=\"{}\" }}\n",
            "x".repeat(90)
        ));
    }
    let comment = markdown(&declared(&text).plan(&Database::new()), "schema.kdl");
    check(&comment);
    let shown = comment.matches("will be created").count();
    assert!(shown > 50 && comment.contains(&format!("{} more objects: run `rosey plan`", 600 - shown)), "{shown}");
    assert!(comment.contains("more steps: run `rosey plan --format sql`"));
    assert!(comment.ends_with("</details>\n"));
}

#[test]
fn hundreds_of_warnings_leave_room_for_the_rest() {
    let tables: String = (0..600).map(|i| format!("CREATE TABLE \"{}{i}\" (x);", "`@".repeat(40))).collect();
    let comment = markdown(&declared("table a { column id integer primary-key }").plan(&Database::from_sql(&tables)), "schema.kdl");
    check(&comment);
    assert!(comment.contains("more warnings: run `rosey plan`") && comment.contains("more objects") && comment.contains("```diff"));
}

#[test]
fn what_is_left_out_is_named() {
    let tables: String = (0..300).map(|i| format!("CREATE TABLE old{i} (x);")).collect();
    let wide: String = (0..1_900).map(|i| format!("column c{i} text not-null default=\"{}\"\n", "x".repeat(40))).collect();
    let comment = markdown(&declared(&format!("table wide {{ {wide} }}")).plan(&Database::from_sql(&tables)), "schema.kdl");
    check(&comment);
    assert!(comment.contains("# table.wide will be created") && comment.contains("more lines: run rosey plan"), "{comment:.9000}");
    let folded = comment.split("<summary>List</summary>").nth(2).unwrap();
    assert!(folded.contains("`: destroy\n"), "{folded:.500}");
    let alone = markdown(&declared(&format!("table wide {{ {wide} }}")).plan(&Database::new()), "schema.kdl");
    check(&alone);
    assert!(alone.contains("# table.wide will be created") && alone.contains("more lines"), "{alone:.500}");
}

#[test]
fn one_object_may_be_longer_than_a_comment() {
    let long = "y".repeat(70_000);
    let declared = declared(&format!("table a {{ column id integer primary-key }}\nview {long} {{ as \"SELECT '{long}' AS x\" }}\n"));
    let comment = markdown(&declared.plan(&Database::new()), &"$".repeat(9_000));
    check(&comment);
    assert!(comment.contains("+ table a {") && comment.contains("\n1 more object: run `rosey plan`"), "{comment:.3000}");
}

#[test]
fn drift_is_told_before_the_changes() {
    let (_, mut plan) = nasty();
    plan.drift = Some(rosey::plan::Drift { number: 7, changes: plan.changes.clone(), unmanaged: Vec::new() });
    let comment = markdown(&plan, "schema.kdl");
    check(&comment);
    assert!(comment.contains("#### Drift: changed outside rosey since version 7\n\n- "), "{comment}");
    assert!(comment.contains("\n- `table.one`\n"), "{comment}");
    assert!(comment.find("#### Drift") < comment.find("diff\n"));
}
