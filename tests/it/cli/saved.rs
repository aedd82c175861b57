//! Saved plans: written once, and applied exactly as they are, or not at all.

use insta::assert_snapshot;

use super::{Place, Run, USERS, USERS_WITH_AGE, USERS_WITHOUT_NAME};
use crate::support::postgres::{self, Server};

/// Runs a test on a SQLite file and on every available PostgreSQL server.
pub(super) fn on_both(test: impl Fn(&Place, &str)) {
    beside_sql(|place, url, _| test(place, url));
}

/// Does the same for tests that run their own SQL.
pub(super) fn beside_sql(test: impl Fn(&Place, &str, &dyn Fn(&str))) {
    let place = Place::with(USERS);
    test(&place, "test.db", &|sql| place.database.run(sql, true));
    for version in postgres::versions() {
        let server = Server::shared(version).unwrap();
        let database = server.database();
        test(&Place::with(USERS), &database.url(), &|sql| database.sql(sql));
    }
}

impl Place {
    pub(super) fn on(&self, url: &str, arguments: &[&str]) -> Run {
        self.rosey(&[arguments, &["--url", url]].concat())
    }

    /// Saves a plan that leads to this schema.
    pub(super) fn save(&self, url: &str, schema: &str, file: &str) {
        self.write("schema.kdl", schema);
        self.on(url, &["plan", "--out", file, "-m", "a change"]).exits(0);
    }
}

const APPLY: [&str; 3] = ["apply", "--auto-approve", "--allow-destructive"];

pub(super) fn apply(place: &Place, url: &str, plans: &[&str]) -> Run {
    place.on(url, &[&APPLY[..], plans].concat())
}

#[test]
fn the_same_input_gives_the_same_bytes_and_nothing_of_the_database() {
    on_both(|place, url| {
        apply(place, url, &[]).exits(0);
        place.write("schema.kdl", USERS_WITH_AGE);
        place.on(url, &["plan", "--out", "one.plan.kdl", "-m", "age"]).exits(0);
        place.on(url, &["plan", "--out", "two.plan.kdl", "-m", "age"]).exits(0);
        let text = place.read("one.plan.kdl");
        assert_eq!(text, place.read("two.plan.kdl"));
        assert!(text.contains("\nnumber 2\nmessage age\n"), "{text}");
        let secrets = ["127.0.0.1", "password", "test.db", "/tmp"];
        assert!(secrets.iter().all(|s| !text.contains(s)), "{text}");
    });
}

#[test]
fn a_plan_goes_into_a_folder_under_its_number_and_message() {
    let place = Place::with(USERS);
    let run = place.on("test.db", &["plan", "--out", "plans/", "-m", "Add tokens: first & last!"]).exits(0);
    assert!(run.err.ends_with("saved: plans/0001-add-tokens-first-last.plan.kdl\n"), "{run}");
    apply(&place, "test.db", &[]).exits(0);
    let run = place.on("test.db", &["plan", "--out", "plans/"]).exits(0);
    assert!(run.err.ends_with("no changes; no plan was saved\n"), "{run}");
}

#[test]
fn a_folder_that_is_not_there_is_made() {
    let place = Place::with(USERS);
    let run = place.on("test.db", &["plan", "--out", "plans", "-m", "users"]).exits(0);
    assert!(run.err.ends_with("saved: plans/0001-users.plan.kdl\n"), "{run}");
    apply(&place, "test.db", &["plans"]).exits(0);
    let status = place.on("test.db", &["status"]).exits(0);
    assert!(status.out.contains("0001-users.plan.kdl  version 1  applied as version 1  users"), "{status}");
}

#[test]
fn a_plan_in_a_folder_is_written_over_where_it_is_named() {
    let place = Place::with(USERS);
    place.on("test.db", &["plan", "--out", "plans/", "-m", ""]).exits(0);
    let first = place.read("plans/0001-plan.plan.kdl");
    place.on("test.db", &["plan", "--out", "plans/", "-m", ""]).exits(0);
    let run = place.on("test.db", &["plan", "--out", "plans/", "-m", "////"]).exits(1);
    assert!(run.err.contains("plans/0001-plan.plan.kdl already contains another plan; it was left unchanged"), "{run}");
    assert!(run.err.contains("help: to overwrite it, name it: rosey plan --out plans/0001-plan.plan.kdl --url test.db\n"), "{run}");
    assert_eq!(place.read("plans/0001-plan.plan.kdl"), first);
    place.on("test.db", &["plan", "--out", "plans/0001-plan.plan.kdl", "-m", "////"]).exits(0);
    assert!(place.read("plans/0001-plan.plan.kdl").contains("\nmessage \"////\"\n"));
}

#[test]
fn a_message_goes_where_something_holds_it() {
    let place = Place::with(USERS);
    apply(&place, "test.db", &[]).exits(0);
    place.write("schema.kdl", USERS_WITH_AGE);
    let script = place.on("test.db", &["plan", "--format", "sql", "-m", "by hand"]).exits(0);
    assert!(script.out.contains("'by hand'"), "{script}");
    let run = place.on("test.db", &["plan", "-m", "by hand"]).exits(1);
    assert!(run.err.contains("-m has no effect: no plan is saved\n"), "{run}");
}

#[test]
fn json_of_a_saved_plan_says_what_its_file_says() {
    let place = Place::having(USERS, "INSERT INTO users VALUES (1, 'ann')");
    place.write("schema.kdl", USERS.replace("column name text", "column name integer"));
    place.on("test.db", &["plan", "--sqlite-path", "rebuild", "--out", "p.plan.kdl", "-m", "numbers"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&place.rosey(&["show", "p.plan.kdl", "--format", "json"]).exits(0).out).unwrap();
    let saved = json.get("saved").unwrap();
    assert_eq!((saved["number"].as_i64(), saved["message"].as_str(), saved["back_to"].as_i64()), (Some(2), Some("numbers"), None));
    assert_eq!(saved["digest"].as_str().map(str::len), Some(64));
    assert_eq!((json["summary"]["rebuilt"].as_i64(), json["summary"]["rows_copied"].is_null()), (Some(1), true));
}

#[test]
fn the_system_knows_who_it_is_where_no_variable_says() {
    let place = Place::with(USERS);
    let mut command = place.command(&["apply", "--auto-approve", "--url", "test.db"]);
    command.env_remove("USER").env_remove("USERNAME").env_remove("LOGNAME");
    Run::of("rosey apply".to_owned(), &mut command).exits(0);
    let user = std::process::Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap();
    assert_eq!(place.database.value("SELECT applied_by FROM _rosey_history"), user.trim());
}

#[test]
fn a_saved_plan_is_applied_once_and_then_there_is_nothing_to_do() {
    on_both(|place, url| {
        place.save(url, USERS, "p.plan.kdl");
        // The schema file is not used.
        place.write("schema.kdl", "nonsense");
        let run = apply(place, url, &["p.plan.kdl"]).exits(0);
        assert!(run.out.contains("Apply complete (version 1): 1 added, 0 changed, 0 destroyed."), "{run}");
        let run = apply(place, url, &["p.plan.kdl"]).exits(0);
        assert_eq!(run.out, "p.plan.kdl: already applied as version 1.\n");
        let history = place.on(url, &["history"]).exits(0);
        assert!(history.out.contains("a change"), "{history}");
    });
}

#[test]
fn of_two_branches_the_second_one_is_planned_again() {
    on_both(|place, url| {
        apply(place, url, &[]).exits(0);
        place.save(url, USERS_WITH_AGE, "plans/0002-a.plan.kdl");
        place.save(url, &USERS.replace("name text", "name text not-null default=x"), "plans/0002-b.plan.kdl");
        let run = apply(place, url, &["plans"]).exits(3);
        assert!(
            run.err.contains(
                "one plan was not applied because it starts from a schema that differs from the database; the others were applied\n"
            ),
            "{run}"
        );
        assert!(run.err.contains("\n  plans/0002-b.plan.kdl\n    table.users: differs, and the plan changes it\n"), "{run}");
        assert!(run.out.contains("plans/0002-a.plan.kdl: a change\n"), "{run}");
        let refused = apply(place, url, &["plans/0002-b.plan.kdl"]).exits(3);
        assert!(
            refused.err.contains("plans/0002-b.plan.kdl starts from a schema that differs from the database; nothing was changed"),
            "{refused}"
        );
        assert!(refused.err.contains("\n  table.users: differs, and the plan changes it\n"), "{refused}");
        assert!(refused.err.contains("plan it again: rosey plan --out plans/0002-b.plan.kdl"), "{refused}");
        place.save(url, &USERS_WITH_AGE.replace("name text", "name text not-null default=x"), "plans/0002-b.plan.kdl");
        apply(place, url, &["plans"]).exits(0);
        place.on(url, &["plan", "--detailed-exitcode"]).exits(0);
        let again = apply(place, url, &["plans"]).exits(0);
        assert_eq!(again.out, "No changes. plans has no plans left to apply.\n");
    });
}

#[test]
fn a_folder_is_a_chain_of_which_so_many_are_applied() {
    beside_sql(|place, url, sql| {
        place.save(url, USERS, "plans/0001.plan.kdl");
        let other = Place::new();
        other.write("plans/0001.plan.kdl", place.read("plans/0001.plan.kdl"));
        apply(place, url, &["plans"]).exits(0);
        place.save(url, USERS_WITH_AGE, "plans/0002.plan.kdl");
        apply(place, url, &["plans", "--count", "1"]).exits(0);
        place.save(url, USERS_WITHOUT_NAME, "plans/0003.plan.kdl");
        place.write("schema.kdl", USERS);
        let forget = || {
            place.on(url, &["rollback", "--to", "base", "--auto-approve", "--allow-destructive"]).exits(0);
            sql("DROP TABLE _rosey_history");
        };
        forget();
        for (number, done) in [(1, "0001"), (2, "0002"), (3, "0003")] {
            let run = apply(place, url, &["plans", "--count", "1"]).exits(0);
            assert!(run.out.starts_with(&format!("plans/{done}.plan.kdl: a change\n")), "{number}: {run}");
            assert_eq!(run.out.matches("Apply complete").count(), 1, "{run}");
        }
        forget();
        let all = apply(place, url, &["plans"]).exits(0);
        assert_eq!(all.out.matches("Apply complete").count(), 3, "{all}");
    });
}

#[test]
fn what_differs_is_named_and_whether_the_plan_touches_it() {
    on_both(|place, url| {
        apply(place, url, &[]).exits(0);
        place.save(url, USERS_WITH_AGE, "p.plan.kdl");
        place.write("other.kdl", format!("{USERS}table other {{ column id serial primary-key }}\n"));
        apply(place, url, &["--schema", "other.kdl"]).exits(0);
        let run = apply(place, url, &["p.plan.kdl"]).exits(3);
        assert!(run.err.contains("\n  table.other: differs; the plan does not change it\n"), "{run}");
    });
}

/// Returns a plan file for the users table, to be damaged.
fn planned() -> (Place, String) {
    let place = Place::with(USERS);
    place.save("test.db", USERS, "p.plan.kdl");
    let text = place.read("p.plan.kdl");
    (place, text)
}

#[test]
fn a_file_that_is_not_as_it_was_written_is_refused() {
    let (place, text) = planned();
    let spoilt = [
        ("edited", text.replace("column name text", "column name blob")),
        ("cut off", text[..text.len() / 2].to_owned()),
        ("later", text.replace("rosey-plan 1", "rosey-plan 2")),
        ("other", USERS.to_owned()),
        ("empty", String::new()),
    ];
    let runs = spoilt.map(|(_, text)| {
        place.write("p.plan.kdl", text);
        format!("{}\n", apply(&place, "test.db", &["p.plan.kdl"]))
    });
    place.write("p.plan.kdl", b"rosey-plan 1\n\xff\n");
    let refused = apply(&place, "test.db", &["p.plan.kdl"]).exits(3);
    assert!(refused.err.contains("p.plan.kdl: damaged: not UTF-8 text; nothing was changed"), "{refused}");
    assert!(!place.database.path.exists());
    assert_snapshot!(runs.concat(), @r"
    $ rosey apply --auto-approve --allow-destructive p.plan.kdl --url test.db
    | database: test.db (from --url)
    | error: p.plan.kdl: edited or damaged: the content does not match the digest in its last line; nothing was changed
    |   help: restore the original from version control, or plan it again: rosey plan --out p.plan.kdl --url test.db
    exit 3
    $ rosey apply --auto-approve --allow-destructive p.plan.kdl --url test.db
    | database: test.db (from --url)
    | error: p.plan.kdl: truncated: the last line, the digest, is missing; nothing was changed
    |   help: restore the original from version control, or plan it again: rosey plan --out p.plan.kdl --url test.db
    exit 3
    $ rosey apply --auto-approve --allow-destructive p.plan.kdl --url test.db
    | database: test.db (from --url)
    | error: p.plan.kdl: written by a newer rosey: its format is 2, and this rosey supports 1; nothing was changed
    |   help: use that version of rosey or a newer one
    exit 3
    $ rosey apply --auto-approve --allow-destructive p.plan.kdl --url test.db
    | database: test.db (from --url)
    | error: p.plan.kdl: not a rosey plan file; nothing was changed
    |   help: save one with rosey plan --out FILE
    exit 3
    $ rosey apply --auto-approve --allow-destructive p.plan.kdl --url test.db
    | database: test.db (from --url)
    | error: p.plan.kdl: not a rosey plan file; nothing was changed
    |   help: save one with rosey plan --out FILE
    exit 3
    ");
}

#[test]
fn steps_that_do_not_follow_are_refused_though_the_digest_is_right() {
    use sha2::{Digest as _, Sha256};
    let (place, text) = planned();
    let (content, _) = text.trim_end().rsplit_once('\n').unwrap();
    let content = format!("{}\n", content.replacen("CREATE TABLE", "DROP TABLE x; CREATE TABLE", 1));
    let digest: String = Sha256::digest(content.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    place.write("p.plan.kdl", format!("{content}digest \"{digest}\"\n"));
    let run = apply(&place, "test.db", &["p.plan.kdl"]).exits(3);
    assert!(run.err.contains("its steps do not match its schemas (line"), "{run}");
    place.rosey(&["show", "p.plan.kdl"]).exits(1);
    assert!(!place.database.path.exists());
}

#[test]
fn a_head_that_says_something_else_is_refused_though_the_digest_is_right() {
    use sha2::{Digest as _, Sha256};
    let (place, text) = planned();
    let (content, _) = text.trim_end().rsplit_once('\n').unwrap();
    for (from, to) in [("// Plan: 1 to add", "// Plan: 0 to add"), ("\nrosey-plan 1\n", "\n// Approved.\nrosey-plan 1\n")] {
        let content = format!("{}\n", content.replacen(from, to, 1));
        assert_ne!(content.trim_end(), text.trim_end().rsplit_once('\n').unwrap().0);
        let digest: String = Sha256::digest(content.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
        place.write("p.plan.kdl", format!("{content}digest \"{digest}\"\n"));
        let run = apply(&place, "test.db", &["p.plan.kdl"]).exits(3);
        assert!(run.err.contains("its header does not match its steps (line"), "{run}");
        place.rosey(&["show", "p.plan.kdl"]).exits(1);
    }
    assert!(!place.database.path.exists());
}

#[test]
fn line_ends_of_another_system_do_no_harm() {
    let (place, text) = planned();
    place.write("p.plan.kdl", text.replace('\n', "\r\n"));
    apply(&place, "test.db", &["p.plan.kdl"]).exits(0);
}

#[test]
fn a_plan_for_another_kind_of_database_is_refused_and_in_a_folder_skipped() {
    let (place, _) = planned();
    for version in postgres::versions() {
        let server = Server::shared(version).unwrap();
        let database = server.database();
        let run = apply(&place, &database.url(), &["p.plan.kdl"]).exits(3);
        assert!(run.err.contains("p.plan.kdl is a plan for SQLite, but the database is PostgreSQL; nothing was changed"), "{run}");
        place.save(&database.url(), USERS, "plans/0001-pg.plan.kdl");
        place.write("plans/0001-sqlite.plan.kdl", place.read("p.plan.kdl"));
        let run = apply(&place, &database.url(), &["plans"]).exits(0);
        assert!(run.out.starts_with("plans/0001-pg.plan.kdl"), "{run}");
    }
    apply(&place, "test.db", &["p.plan.kdl"]).exits(0);
}

#[test]
fn what_is_blocked_is_saved_shown_and_not_applied() {
    on_both(|place, url| {
        apply(place, url, &[]).exits(0);
        place.save(url, USERS_WITHOUT_NAME, "p.plan.kdl");
        let shown = place.rosey(&["show", "p.plan.kdl"]).exits(0);
        assert!(shown.out.contains("! destroys-column BLOCKED without --allow-destructive"), "{shown}");
        place.on(url, &["apply", "--auto-approve", "p.plan.kdl"]).exits(3);
        apply(place, url, &["p.plan.kdl"]).exits(0);
    });
}

#[test]
fn a_way_back_can_be_saved_reviewed_and_applied() {
    on_both(|place, url| {
        apply(place, url, &[]).exits(0);
        place.write("schema.kdl", USERS_WITH_AGE);
        apply(place, url, &[]).exits(0);
        place.on(url, &["plan", "--to", "1", "--out", "back.plan.kdl"]).exits(0);
        apply(place, url, &["back.plan.kdl"]).exits(0);
        let run = place.on(url, &["rollback", "--auto-approve", "--allow-destructive"]).exits(0);
        assert!(run.out.contains("undoes 1"), "a second rollback goes one further back: {run}");
    });
}

#[test]
fn a_state_plans_as_its_database_does() {
    on_both(|place, url| {
        apply(place, url, &[]).exits(0);
        let pulled = place.on(url, &["state", "pull"]).exits(0);
        place.write("rosey.state.kdl", &pulled.out);
        for schema in [USERS, USERS_WITH_AGE, &USERS.replace("name text", "name text not-null")] {
            place.write("schema.kdl", schema);
            let live = place.on(url, &["plan", "--out", "live.plan.kdl"]).exits(0);
            let offline = place.rosey(&["plan", "--state", "rosey.state.kdl", "--out", "offline.plan.kdl"]).exits(0);
            if live.out.starts_with("No changes") {
                assert_eq!(live.out, offline.out);
            } else {
                assert_eq!(place.read("live.plan.kdl"), place.read("offline.plan.kdl"));
            }
        }
    });
}

#[test]
fn two_schemas_are_compared_wherever_they_are_written_down() {
    let place = Place::with(USERS);
    apply(&place, "test.db", &[]).exits(0);
    let pulled = place.on("test.db", &["state", "pull"]).exits(0);
    place.write("old.state.kdl", &pulled.out);
    place.save("test.db", USERS_WITH_AGE, "p.plan.kdl");
    place.write("old.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO users VALUES (1, 'x');\n");
    place.write("old.kdl", USERS);
    for from in ["test.db", "sqlite:///test.db", "old.state.kdl", "old.sql", "old.kdl"] {
        for to in ["schema.kdl", "p.plan.kdl"] {
            let run = place.rosey(&["diff", from, to, "--dialect", "sqlite"]).exits(2);
            assert!(run.out.contains("+     column age integer"), "{run}");
            assert!(run.out.ends_with("Plan: 0 to add, 1 to change, 0 to destroy.\n"), "{run}");
        }
    }
    for (from, to) in [("old.sql", "test.db"), ("test.db", "old.state.kdl"), ("old.kdl", "old.sql"), ("p.plan.kdl", "schema.kdl")] {
        place.rosey(&["diff", from, to, "--dialect", "sqlite"]).exits(0);
    }
    let run = place.rosey(&["diff", "old.kdl", "schema.kdl"]).exits(1);
    assert!(run.err.contains("neither side determines the dialect"), "{run}");
}

#[test]
fn a_plan_is_written_over_an_older_plan_alone() {
    let place = Place::with(USERS);
    apply(&place, "test.db", &[]).exits(0);
    place.write("schema.kdl", USERS_WITH_AGE);
    place.write("notes.txt", "mine");
    for target in ["test.db", "schema.kdl", "notes.txt"] {
        let before = std::fs::read(place.path(target)).unwrap();
        let run = place.on("test.db", &["plan", "--out", target]).exits(1);
        assert!(run.err.contains(&format!("{target} already exists and is not a plan; it was left unchanged")), "{run}");
        assert_eq!(std::fs::read(place.path(target)).unwrap(), before);
    }
}

#[test]
fn what_was_undone_waits_again() {
    let place = Place::with(USERS);
    place.save("test.db", USERS, "plans/0001.plan.kdl");
    apply(&place, "test.db", &["plans"]).exits(0);
    place.save("test.db", USERS_WITH_AGE, "plans/0002.plan.kdl");
    apply(&place, "test.db", &["plans"]).exits(0);
    place.on("test.db", &["rollback", "--auto-approve", "--allow-destructive"]).exits(0);
    let status = place.on("test.db", &["status"]).exits(0);
    assert!(status.out.contains("applied as version 1 ") && status.out.contains("applied as version 2, undone since"), "{status}");
}

#[test]
fn a_database_that_is_not_there_is_no_side_of_a_comparison() {
    let run = Place::with(USERS).rosey(&["diff", "nope.db", "schema.kdl"]).exits(1);
    assert!(run.err.contains("error: nope.db: no such file"), "{run}");
}
