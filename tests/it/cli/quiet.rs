//! What a plan without changes leaves in the cache, and that the next plan is right whatever is there.

use super::{Place, Run, USERS, USERS_WITH_AGE};

/// Plans with a cache in the working directory.
fn plan(place: &Place, arguments: &[&str]) -> Run {
    let all = [&["plan", "--url", "test.db"], arguments].concat();
    Run::of(format!("rosey {}", all.join(" ")), place.command(&all).env("ROSEY_CACHE_DIR", place.path("cache")))
}

fn remembered(place: &Place) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(place.path("cache/no-changes"));
    entries.map(|e| e.map(|e| e.unwrap().path()).collect()).unwrap_or_default()
}

/// Replaces the fingerprint that is remembered, to see whether it is used.
fn mark(place: &Place) {
    for file in remembered(place) {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        std::fs::write(&file, format!("{}\n{}\nremembered\n", lines[0], lines[1])).unwrap();
    }
}

fn is_remembered(run: &Run) -> bool {
    run.out.contains(r#""fingerprint": "remembered""#)
}

#[test]
fn a_plan_without_changes_is_remembered_until_something_changes() {
    let place = Place::having(USERS, "");
    let first = plan(&place, &["--format", "json"]).exits(0);
    mark(&place);
    let again = plan(&place, &["--format", "json"]).exits(0);
    assert!(is_remembered(&again) && !is_remembered(&first), "{again}");
    assert_eq!((first.err, first.out.len()), (again.err, again.out.len() + 64 - "remembered".len()));

    place.write("rosey.kdl", "lint { no-primary-key off }\n");
    assert!(!is_remembered(&plan(&place, &["--format", "json"]).exits(0)), "another configuration");
    std::fs::remove_file(place.path("rosey.kdl")).unwrap();
    place.write("schema.kdl", format!("// a comment\n{USERS}"));
    assert!(!is_remembered(&plan(&place, &["--format", "json"]).exits(0)), "another file");
    mark(&place);
    place.database.run("ALTER TABLE users ADD COLUMN extra INTEGER", true);
    let drifted = plan(&place, &["--format", "json"]).exits(0);
    assert!(!is_remembered(&drifted) && drifted.out.contains("extra"), "{drifted}");
}

#[test]
fn a_plan_with_changes_or_remarks_is_not_remembered() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    plan(&place, &[]).exits(0);
    place.write("schema.kdl", format!("{USERS}ignore \"other*\"\n"));
    place.database.run("CREATE TABLE users_2 (id INTEGER)", true);
    plan(&place, &[]).exits(0);
    assert_eq!(remembered(&place), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_damaged_or_unwritable_cache_does_no_harm() {
    let place = Place::having(USERS, "");
    let right = plan(&place, &[]).exits(0);
    for file in remembered(&place) {
        std::fs::write(&file, "\u{0}").unwrap();
    }
    assert_eq!(plan(&place, &[]).exits(0).out, right.out);
    std::fs::remove_dir_all(place.path("cache")).unwrap();
    place.write("cache", "a file");
    let run = plan(&place, &[]).exits(0);
    assert_eq!((run.out, run.err), (right.out, right.err));
}
