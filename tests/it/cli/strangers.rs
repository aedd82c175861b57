//! Untrusted input: invalid files, excessive texts, names that forge lines, and a history that somebody has
//! edited.

use super::saved::beside_sql;
use super::{Place, Run, USERS, USERS_WITH_AGE};

/// The longest time that a refusal may take.
const SOON: std::time::Duration = std::time::Duration::from_secs(20);

fn refused_soon(place: &Place, arguments: &[&str]) -> Run {
    let began = std::time::Instant::now();
    let run = place.rosey(arguments).exits(1);
    assert!(began.elapsed() < SOON, "{:?}: {run}", began.elapsed());
    assert!(run.err.len() < 100_000, "{} bytes are printed", run.err.len());
    run
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused() {
    let place = Place::new();
    assert!(std::process::Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    for schema in ["pipe", "/dev/zero", "/proc/self/environ"] {
        let run = refused_soon(&place, &["validate", "--schema", schema]);
        assert!(run.err.contains("not a regular file"), "{run}");
    }
    place.write("schema.kdl", USERS);
    let run = refused_soon(&place, &["plan", "--config", "pipe"]);
    assert!(run.err.contains("not a regular file"), "{run}");
    let run = refused_soon(&place, &["plan", "--url", "test.db", "--out", "/dev/full"]);
    assert!(run.err.contains("/dev/full already exists and is not a plan"), "{run}");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_shows_nothing_of_what_it_leads_to() {
    let (place, outside) = (Place::new(), Place::new());
    outside.write("secret", "hunter2\n");
    let secret = outside.path("secret");
    std::os::unix::fs::symlink(&secret, place.path("schema.kdl")).unwrap();
    let run = place.rosey(&["validate"]).exits(1);
    assert!(run.err.contains("a file outside the project") && !run.err.contains("hunter2"), "{run}");
    let run = place.rosey(&["fmt"]).exits(1);
    assert!(run.err.contains("out of the project") && !run.err.contains("hunter2"), "{run}");
    std::os::unix::fs::symlink(&secret, place.path("rosey.kdl")).unwrap();
    let run = place.rosey(&["validate"]).exits(1);
    assert!(run.err.contains("out of the project") && !run.err.contains("hunter2"), "{run}");
    std::fs::remove_file(place.path("rosey.kdl")).unwrap();
    place.write("rosey.kdl", format!("schema {:?}\n", secret.to_str().unwrap()));
    let run = place.rosey(&["validate"]).exits(1);
    assert!(run.err.contains("outside the project") && !run.err.contains("hunter2"), "{run}");
}

#[cfg(unix)]
#[test]
fn a_link_within_the_repository_is_a_schema_like_any_other() {
    let place = Place::new();
    std::fs::create_dir(place.path(".git")).unwrap();
    place.write("shared/schema.kdl", "tabel x\n");
    place.write("one/rosey.kdl", "schema \"schema.kdl\"\n");
    std::os::unix::fs::symlink("../shared/schema.kdl", place.path("one/schema.kdl")).unwrap();
    let run = place.rosey(&["validate", "--schema", "one/schema.kdl"]).exits(1);
    assert!(run.err.contains("unknown node `tabel`"), "{run}");
}

#[cfg(unix)]
#[test]
fn a_link_beside_the_plan_is_not_written_through() {
    let place = Place::with(USERS);
    place.write("precious", "mine");
    for name in ["p.plan.kdl", "p.plan.kdl.new"] {
        std::os::unix::fs::symlink(place.path("precious"), place.path(name)).unwrap();
    }
    place.rosey(&["plan", "--url", "test.db", "--out", "p.plan.kdl"]).exits(1);
    std::fs::remove_file(place.path("p.plan.kdl")).unwrap();
    place.rosey(&["plan", "--url", "test.db", "--out", "p.plan.kdl"]).exits(0);
    assert_eq!(place.read("precious"), "mine");
}

/// Returns texts that used to take minutes, or overflow the stack; each with its message.
fn too_much() -> Vec<(&'static str, String, &'static str)> {
    let table = |inner: &str| format!("table t {{\n    column id int primary-key\n{inner}}}\n");
    vec![
        ("slash-dashes", "/- ".repeat(1_000) + &table(""), "directly after another"),
        ("open comments", "/*".repeat(100_000), "levels of nested `/* */`"),
        ("a comment that never ends", "table t {\n/* ".to_owned() + &"x".repeat(10_000), "unterminated"),
        ("braces", "a {\n".repeat(100_000), "levels of braces"),
        ("annotations", "(".repeat(100_000), "directly after another"),
        ("properties", table(&format!("    column x int {}\n", "p=1 ".repeat(4_000))), "a node has more than"),
        ("parentheses", table(&format!("    check \"{}id > 0{}\"\n", "(".repeat(300), ")".repeat(300))), "levels of nested parentheses"),
        ("an expression", table(&format!("    check \"id > {}\"\n", "1".repeat(100_000))), "characters; the maximum is 100000"),
        ("a string", format!("table t comment=\"{}\"\n", "x".repeat(2 << 20)), "a string or number is longer than"),
        ("mistakes", table(&"    colum x int\n".repeat(3_000)), "and 2900 more"),
        ("a long line", table(&format!("    colum {}\n", "x ".repeat(1_000))), "unknown node"),
        ("syntax errors", table(&"    column a varchar(9)\n".repeat(5_000)), "errors"),
        ("syntax errors in many tables", (0..5_000).map(|n| format!("table t{n} {{ column a varchar(9); }}\n")).collect(), "errors"),
        ("semicolons", ";".repeat(100_000), "`;` in a row"),
        ("quotes", format!("table t {}", "\"".repeat(100_000)), "a node has more than"),
    ]
}

#[test]
fn what_is_too_much_is_an_error_at_its_line() {
    let place = Place::new();
    for (what, text, wanted) in too_much() {
        place.write("schema.kdl", &text);
        let run = refused_soon(&place, &["validate", "--dialect", "sqlite"]);
        assert!(run.err.contains(wanted), "{what}: {run}");
        if !["parentheses", "an expression", "mistakes", "a long line"].contains(&what) {
            let run = refused_soon(&place, &["fmt"]);
            assert!(run.err.contains(wanted), "fmt of {what}: {run}");
        }
    }
    place.write("schema.kdl", format!("// {}\n", "x".repeat(17 << 20)));
    assert!(refused_soon(&place, &["validate"]).err.contains("larger than 16 MiB"));
}

#[test]
fn long_comments_cost_nothing_and_stay_where_they_are() {
    let place = Place::with(&format!("// {}\n/* {} */\n{USERS}", "x".repeat(2 << 20), "y ".repeat(1 << 20)));
    let began = std::time::Instant::now();
    place.rosey(&["validate"]).exits(0);
    place.rosey(&["fmt"]).exits(0);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert!(place.read("schema.kdl").contains(&"y ".repeat(1 << 20)));
}

#[test]
fn a_name_forges_no_line_and_hides_nothing() {
    let name = "a\\nPlan: 0 to add, 0 to change, 0 to destroy.\\n::add-mask::x\\u{e0041}##[group]y";
    let place = Place::with(&format!("table \"{name}\" {{\n    column id int primary-key\n}}\n"));
    for format in ["text", "markdown", "html", "json", "sarif", "github"] {
        let run = place.rosey(&["plan", "--url", "test.db", "--format", format]);
        let all = format!("{}{}", run.out, run.err);
        // Statements are in a block of their own, in which names are shown unchanged.
        let forged = ["::add-mask", "Plan: 0"].into_iter().take(if ["markdown", "html"].contains(&format) { 1 } else { 2 });
        let forged: Vec<&str> = forged.collect();
        assert!(!all.lines().any(|l| forged.iter().any(|f| l.trim_start().starts_with(f))), "{format}: {run}");
        assert!(!all.contains("##[group]") && !all.contains('\u{e0041}'), "{format}: {run}");
    }
}

#[test]
fn a_row_of_the_history_that_was_edited_stops_the_rollback() {
    beside_sql(|place, url, sql| {
        for schema in [USERS, USERS_WITH_AGE] {
            place.write("schema.kdl", schema);
            place.on(url, &["apply", "--auto-approve"]).exits(0);
        }
        place.on(url, &["plan", "--to", "1"]).exits(0);
        sql("UPDATE _rosey_history SET schema_after = 'include \"other.kdl\"' WHERE number = 1");
        let run = place.on(url, &["rollback", "--auto-approve", "--allow-destructive"]).exits(3);
        assert!(run.err.contains("version 1 of the history") && run.err.contains("nothing was changed"), "{run}");
        // A row without a digest looks like one of an older rosey, and is still only a schema.
        sql("UPDATE _rosey_history SET digest = NULL");
        let run = place.on(url, &["rollback", "--to", "1", "--auto-approve", "--allow-destructive"]).exits(1);
        assert!(run.err.contains("cannot read the schema recorded as version 1"), "{run}");
    });
}

#[test]
fn a_history_that_acts_is_refused_before_anything_runs() {
    beside_sql(|place, url, sql| {
        place.write("schema.kdl", USERS);
        place.on(url, &["apply", "--auto-approve"]).exits(0);
        sql(if url.contains("://") {
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; RETURN NEW; END'; \
                 CREATE TRIGGER acts AFTER INSERT ON _rosey_history FOR EACH ROW EXECUTE FUNCTION f()"
        } else {
            "CREATE TRIGGER acts AFTER INSERT ON _rosey_history BEGIN DELETE FROM users; END"
        });
        place.write("schema.kdl", USERS_WITH_AGE);
        for command in [&["apply", "--auto-approve", "--allow-destructive"][..], &["stamp", "--force"]] {
            let run = place.on(url, command).exits(3);
            assert!(run.err.contains("the trigger acts") && run.err.contains("nothing was changed"), "{run}");
        }
    });
}
