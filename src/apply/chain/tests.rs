//! Tests of the matching of plans and history.

use super::*;

fn entry(number: i64, plan: &str, back_to: Option<i64>, after: &str) -> Entry {
    let row = serde_json::json!({
        "number": number, "format": 2, "plan": plan, "kind": "apply", "schema_before": after, "schema_after": after, "renames": "",
        "sql": "", "applied_at": "", "duration_ms": 0, "rows_copied": 0, "rosey_version": "", "server_version": "", "outcome": "applied",
        "back_to": back_to,
    });
    serde_json::from_value(row).unwrap()
}

fn table(columns: &str) -> String {
    let columns: Vec<String> = columns.chars().map(|c| format!("column {c} integer")).collect();
    format!("table t {{ {} }}", columns.join("; "))
}

fn plan(number: i64, from: &str, to: &str) -> PlanFile {
    PlanFile {
        dialect: Dialect::Sqlite,
        number,
        message: None,
        back_to: None,
        lost: Vec::new(),
        exchanged: Exchanged::new(),
        rebuild_only: false,
        online: true,
        current: if from.is_empty() { String::new() } else { table(from) },
        facts: Vec::new(),
        desired: table(to),
        digest: format!("{from}-{to}"),
        text: String::new(),
    }
}

/// Returns a history that has recorded these schemas.
fn been(schemas: &[&str]) -> Vec<Entry> {
    schemas.iter().zip(1..).map(|(s, n)| entry(n, "", None, &table(s))).collect()
}

fn places(entries: &[Entry], plans: &[PlanFile]) -> Vec<Place> {
    let waiting: Vec<Waiting<'_>> = plans.iter().map(|file| Waiting { file, here: Here::Elsewhere }).collect();
    Chain::new(entries, plans.iter()).places(&waiting)
}

#[test]
fn a_plan_is_undone_by_what_goes_further_back() {
    let mut entries = vec![entry(1, "a", None, ""), entry(2, "b", None, ""), entry(3, "back", Some(1), "")];
    let all = |entries: &[Entry]| ["a", "b", "back", "c"].map(|d| past(entries, d));
    assert_eq!(all(&entries), [Past::Applied(1), Past::Undone { number: 2, by: 3 }, Past::Applied(3), Past::Never]);
    entries.push(Entry { outcome: "running".to_owned(), ..entry(4, "b", None, "") });
    assert_eq!(past(&entries, "b"), Past::Unfinished(4));
}

#[test]
fn another_way_here_is_behind_with_all_its_plans() {
    let plans = [plan(1, "", "o"), plan(1, "p", "q"), plan(2, "q", "r"), plan(3, "r", "ab")];
    assert_eq!(places(&been(&["ab", "abc"]), &plans), [Place::Stray, Place::Behind, Place::Behind, Place::Behind]);
}

#[test]
fn a_way_back_is_not_behind_because_the_database_comes_from_there() {
    let plans = [plan(2, "a", "ab"), plan(3, "ab", "a"), plan(4, "a", "ad")];
    assert_eq!(places(&been(&["a", "ab", "abc"]), &plans), [Place::Behind, Place::Stray, Place::After(1)]);
}

#[test]
fn a_lower_plan_leads_nowhere_the_database_has_been() {
    let mut entries = been(&["a", "ab"]);
    entries.push(entry(3, "ab-a", None, &table("a")));
    let (again, new, applied) = (plan(2, "a", "ab"), plan(2, "a", "ac"), plan(3, "ab", "a"));
    let chain = Chain::new(&entries, [&again, &new, &applied].into_iter());
    assert_eq!((chain.goes_round(&again), chain.goes_round(&new)), (true, false));
}

#[test]
fn of_plans_with_one_start_the_first_counts() {
    let plans = [plan(1, "a", "ab"), plan(1, "a", "ac"), plan(2, "ab", "abd"), plan(2, "ab", "abe")];
    let here = [Here::Start, Here::Start, Here::Elsewhere, Here::Elsewhere];
    let waiting: Vec<Waiting<'_>> = plans.iter().zip(here).map(|(file, here)| Waiting { file, here }).collect();
    let found = Chain::new(&been(&["a"]), plans.iter()).places(&waiting);
    assert_eq!(found, [Place::Next, Place::Rival(0), Place::After(0), Place::Rival(2)]);
}

#[test]
fn a_plan_behind_a_way_back_has_no_rival() {
    let plans = [plan(1, "a", "ab"), plan(2, "ab", "a"), plan(3, "a", "ac")];
    let here = [Here::Start, Here::Elsewhere, Here::Start];
    let waiting: Vec<Waiting<'_>> = plans.iter().zip(here).map(|(file, here)| Waiting { file, here }).collect();
    let found = Chain::new(&[], plans.iter()).places(&waiting);
    assert_eq!(found, [Place::Next, Place::After(0), Place::Next]);
}
