//! `rosey apply FOLDER`, and what `rosey status` says of the same plans: which are applied, pending, or do
//! not fit.

use insta::assert_snapshot;

use super::saved::{apply, beside_sql, on_both};
use super::transcript::Session;
use super::{Place, USERS, USERS_WITH_AGE, USERS_WITHOUT_NAME};

/// Returns the users table with additional columns.
fn users(columns: &[&str]) -> String {
    let columns: String = columns.iter().map(|c| format!("    column {c} text\n")).collect();
    USERS.replace("    column name text\n", &format!("    column name text\n{columns}"))
}

/// Applies a schema file without keeping a plan.
fn by_schema(place: &Place, url: &str, schema: &str) {
    place.write("schema.kdl", schema);
    apply(place, url, &["--backup", "never"]).exits(0);
}

#[test]
fn a_folder_does_not_go_round_in_a_circle() {
    on_both(|place, url| {
        for (number, schema) in [(1, USERS), (2, &users(&["b"])), (3, USERS)] {
            place.save(url, schema, &format!("plans/000{number}.plan.kdl"));
            if number < 3 {
                by_schema(place, url, schema);
            }
        }
        let run = apply(place, url, &["plans", "-q"]).exits(0);
        assert_eq!(run.out.lines().filter(|l| l.contains("Apply complete")).count(), 1, "{run}");
        assert!(run.out.starts_with("plans/0003.plan.kdl: Apply complete (version 3)"), "{run}");
        for _ in 0..2 {
            assert_eq!(apply(place, url, &["plans"]).exits(0).out, "No changes. plans has no plans left to apply.\n");
        }
        // On an empty database all three are applied, each once.
        let other = Place::new();
        for file in ["plans/0001.plan.kdl", "plans/0002.plan.kdl", "plans/0003.plan.kdl"] {
            other.write(file, place.read(file));
        }
        if url == "test.db" {
            assert_eq!(apply(&other, url, &["plans"]).exits(0).out.matches("Apply complete").count(), 3);
            assert_eq!(apply(&other, url, &["plans"]).exits(0).out, "No changes. plans has no plans left to apply.\n");
        }
    });
}

#[test]
fn a_saved_way_back_is_the_end_of_the_way() {
    on_both(|place, url| {
        for (number, schema) in [(1, USERS), (2, &users(&["b"])), (3, &users(&["b", "c"]))] {
            place.save(url, schema, &format!("plans/000{number}.plan.kdl"));
            apply(place, url, &["plans"]).exits(0);
        }
        place.on(url, &["plan", "--to", "2", "--out", "plans/", "-m", "back"]).exits(0);
        let run = apply(place, url, &["plans", "--backup", "never"]).exits(0);
        assert!(run.out.starts_with("plans/0004-back.plan.kdl"), "{run}");
        let again = apply(place, url, &["plans"]).exits(0);
        assert_eq!((again.out.as_str(), again.err.contains("undone")), ("No changes. plans has no plans left to apply.\n", false));
        let status = place.on(url, &["status"]).exits(0);
        assert!(status.out.contains("applied as version 3, undone since"), "{status}");
        assert!(status.out.lines().any(|l| l.contains("applied as version 4 ") && l.ends_with(" back")), "{status}");
    });
}

#[test]
fn what_was_undone_is_left_to_whoever_names_it() {
    on_both(|place, url| {
        place.save(url, USERS, "plans/0001.plan.kdl");
        apply(place, url, &["plans"]).exits(0);
        place.save(url, USERS_WITH_AGE, "plans/0002.plan.kdl");
        apply(place, url, &["plans"]).exits(0);
        place.on(url, &["rollback", "--auto-approve", "--allow-destructive", "--backup", "never"]).exits(0);
        let run = apply(place, url, &["plans"]).exits(0);
        assert!(run.err.contains("not applied again, because version 3 undid it (it was version 2): plans/0002.plan.kdl\n"), "{run}");
        assert_eq!(run.out, "No changes. plans has no plans left to apply.\n");
        let named = apply(place, url, &["plans/0002.plan.kdl"]).exits(0);
        assert!(named.out.contains("Apply complete (version 4)"), "{named}");
        by_schema(place, url, USERS_WITHOUT_NAME);
        place.on(url, &["rollback", "--to", "1", "--auto-approve", "--allow-destructive", "--backup", "never"]).exits(0);
        by_schema(place, url, USERS_WITHOUT_NAME);
        let refused = apply(place, url, &["plans/0002.plan.kdl"]).exits(3);
        let told =
            "plans/0002.plan.kdl was applied as version 4 and undone by version 6; it starts from a schema that differs from the database";
        assert!(refused.err.contains(told), "{refused}");
    });
}

#[test]
fn files_that_are_applied_are_no_ops_in_any_number() {
    on_both(|place, url| {
        place.save(url, USERS, "plans/0001.plan.kdl");
        apply(place, url, &["plans/0001.plan.kdl"]).exits(0);
        place.save(url, USERS_WITH_AGE, "plans/0002.plan.kdl");
        apply(place, url, &["plans/0001.plan.kdl", "plans/0002.plan.kdl"]).exits(0);
        let run = apply(place, url, &["plans/0001.plan.kdl", "plans/0002.plan.kdl"]).exits(0);
        assert_eq!(run.out, "plans/0001.plan.kdl: already applied as version 1.\nplans/0002.plan.kdl: already applied as version 2.\n");
    });
}

#[test]
fn a_plan_that_comes_late_is_told_and_planned_again_as_it_is_said() {
    on_both(|place, url| {
        place.save(url, USERS, "plans/0001.plan.kdl");
        apply(place, url, &["plans"]).exits(0);
        place.write("schema.kdl", users(&["c"]));
        place.on(url, &["plan", "--out", "late/", "-m", "add c"]).exits(0);
        for (number, columns) in [(2, &["b"][..]), (3, &["b", "d"])] {
            place.save(url, &users(columns), &format!("plans/000{number}.plan.kdl"));
            apply(place, url, &["plans"]).exits(0);
        }
        place.write("plans/0002-add-c.plan.kdl", place.read("late/0002-add-c.plan.kdl"));
        let status = place.on(url, &["status"]).exits(0);
        assert!(status.out.contains("version 2  starts from a different schema: plan it again  add c"), "{status}");
        let run = apply(place, url, &["plans"]).exits(3);
        assert!(
            run.err
                .contains("one plan was not applied because it starts from a schema that differs from the database; nothing was changed\n"),
            "{run}"
        );
        assert!(run.err.contains("\n  plans/0002-add-c.plan.kdl\n    table.users: differs, and the plan changes it\n"), "{run}");
        let command = format!("help: plan it again: rosey plan --out plans/0002-add-c.plan.kdl --url {url}\n");
        assert!(run.err.contains(&command) || url != "test.db", "{run}");
        place.write("schema.kdl", users(&["b", "d", "c"]));
        let planned = place.on(url, &["plan", "--out", "plans/0002-add-c.plan.kdl"]).exits(0);
        assert!(planned.err.contains("saved: plans/0002-add-c.plan.kdl, keeping its message: add c\n"), "{planned}");
        assert!(place.on(url, &["status"]).exits(0).out.contains("version 4  pending"), "it waits now");
        let run = apply(place, url, &["plans"]).exits(0);
        assert!(run.out.starts_with("plans/0002-add-c.plan.kdl: add c\n"), "{run}");
        assert!(place.on(url, &["history"]).exits(0).out.ends_with("add c\n"));
        let nothing = place.on(url, &["plan", "--out", "plans/0002-add-c.plan.kdl"]).exits(0);
        let told = "no changes; no plan was saved; plans/0002-add-c.plan.kdl was left unchanged and is no longer needed\n";
        assert!(nothing.err.ends_with(told), "{nothing}");
    });
}

#[test]
fn another_way_to_where_the_database_is_is_no_failure() {
    let (place, url) = (Place::new(), "test.db");
    let old = Place::with(&users(&["old"]));
    apply(&old, url, &[]).exits(0);
    old.save(url, &users(&["b"]), "plans/0001-from-old.plan.kdl");
    by_schema(&old, url, &users(&["b"]));
    old.save(url, &users(&["b", "c"]), "plans/0002.plan.kdl");
    place.save(url, &users(&["b", "c"]), "plans/0001-from-empty.plan.kdl");
    for file in ["plans/0001-from-old.plan.kdl", "plans/0002.plan.kdl"] {
        place.write(file, old.read(file));
    }
    for _ in 0..2 {
        apply(&place, url, &["plans"]).exits(0);
        place.save(url, &users(&["b", "c", "d"]), "plans/0009.plan.kdl");
    }
}

#[test]
fn what_others_changed_is_named_and_stops_only_what_waits() {
    beside_sql(|place, url, sql| {
        place.save(url, USERS, "plans/0001.plan.kdl");
        apply(place, url, &["plans"]).exits(0);
        sql("CREATE TABLE by_hand (id integer)");
        let run = apply(place, url, &["plans"]).exits(0);
        let told =
            "plans has no plans left to apply. Changed outside rosey since the last apply: table.by_hand. Run rosey drift for details.\n";
        assert_eq!(run.out, told);
        sql("DROP TABLE by_hand");
        place.save(url, &users(&["b"]), "plans/0002.plan.kdl");
        let other = Place::new();
        other.write("plans/0001.plan.kdl", place.read("plans/0001.plan.kdl"));
        by_schema(place, url, &users(&["b"]));
        place.save(url, &users(&["b", "c"]), "plans/0003.plan.kdl");
        place.on(url, &["rollback", "--auto-approve", "--allow-destructive", "--backup", "never"]).exits(0);
        sql("CREATE TABLE by_hand (id integer)");
        let status = place.on(url, &["status"]).exits(0);
        assert!(status.out.contains("0003.plan.kdl  version 3  pending, after 0002.plan.kdl"), "{status}");
        let run = apply(place, url, &["plans"]).exits(3);
        assert!(run.err.contains("error: plans were not applied because they start from a schema that differs"), "{run}");
        assert!(run.err.contains("\n  plans/0002.plan.kdl\n    table.by_hand: differs; the plan does not change it\n"), "{run}");
        assert!(run.err.contains("\n  plans/0003.plan.kdl\n    waits for plans/0002.plan.kdl\n"), "{run}");
        sql("DROP TABLE by_hand");
        assert_eq!(apply(place, url, &["plans"]).exits(0).out.matches("Apply complete").count(), 2);
    });
}

#[test]
fn a_plan_that_was_cut_off_after_its_transaction_is_finished() {
    beside_sql(|place, url, sql| {
        let schema = USERS_WITH_AGE.replace("column age integer\n", "column age integer\n    index idx_age age\n");
        place.save(url, USERS, "plans/0001.plan.kdl");
        apply(place, url, &["plans"]).exits(0);
        place.save(url, &schema, "plans/0002.plan.kdl");
        for argument in ["plans", "plans/0002.plan.kdl"] {
            apply(place, url, &[argument]).exits(0);
            sql("DROP INDEX idx_age");
            sql("UPDATE _rosey_history SET outcome = 'running' WHERE number = (SELECT max(number) FROM _rosey_history)");
            let status = place.on(url, &["status"]).exits(0);
            assert!(status.out.contains("not finished"), "{status}");
            let run = apply(place, url, &[argument]).exits(0);
            assert!(run.out.contains("idx_age") && run.out.contains("Apply complete"), "{run}");
            place.on(url, &["plan", "--detailed-exitcode"]).exits(0);
        }
    });
}

fn transcript(session: &Session) -> String {
    session.place.save(&session.url, USERS, "plans/0001-users.plan.kdl");
    session.quietly(&["apply plans --auto-approve"]);
    session.place.save(&session.url, USERS_WITH_AGE, "plans/0002-age.plan.kdl");
    session.place.save(&session.url, &users(&["mail"]), "plans/0002-mail.plan.kdl");
    session.place.write("plans/0003-broken.plan.kdl", "");
    let mut text = session.run(&["status"]);
    std::fs::remove_file(session.place.path("plans/0003-broken.plan.kdl")).unwrap();
    session.place.write("schema.kdl", USERS_WITH_AGE);
    session.quietly(&["apply --auto-approve -q"]);
    text += &session.run(&[
        "stamp plans/0002-mail.plan.kdl",
        "stamp plans/0002-age.plan.kdl",
        "stamp plans/0002-age.plan.kdl",
        "stamp",
        "status",
        "apply plans --auto-approve",
        "stamp --force plans/0002-mail.plan.kdl",
        "stamp --force plans/0002-mail.plan.kdl -m meant",
        "history",
        "apply plans --auto-approve",
    ]);
    text
}

#[test]
fn stamps_and_status_of_saved_plans() {
    let session = Session::on_sqlite(Place::new());
    let text = transcript(&session);
    assert_snapshot!(text, @"
    $ rosey status
    Version 1: apply, TIME by ada@host
      a change
    No drift: the database matches the recorded schema.

    Plans in plans:
      0001-users.plan.kdl  version 1  applied as version 1                       a change
      0002-age.plan.kdl    version 2  pending                                    a change
      0002-mail.plan.kdl   version 2  pending, alternative to 0002-age.plan.kdl  a change
    Only one of the plans that start from the same schema can be applied: delete the others, apply the one that is left, and plan again: rosey plan --out FOLDER
      0003-broken.plan.kdl is invalid, so apply refuses the folder: not a rosey plan file
    exit 0
    $ rosey stamp plans/0002-mail.plan.kdl
    | error: the database differs from the schema in table.users; nothing was recorded
    |   help: run rosey diff DATABASE plans/0002-mail.plan.kdl to see the difference; add --force to record the database as it is
    exit 3
    $ rosey stamp plans/0002-age.plan.kdl
    Stamped (version 3): the current schema was recorded; nothing else was changed.
    exit 0
    $ rosey stamp plans/0002-age.plan.kdl
    Already recorded as version 3; nothing was written.
    exit 0
    $ rosey stamp
    Already recorded as version 3; nothing was written.
    exit 0
    $ rosey status
    Version 3: stamp, TIME by ada@host
      a change
    No drift: the database matches the recorded schema.

    Plans in plans:
      0001-users.plan.kdl  version 1  applied as version 1                           a change
      0002-age.plan.kdl    version 2  stamped as version 3                           a change
      0002-mail.plan.kdl   version 2  starts from a different schema: plan it again  a change
    exit 0
    $ rosey apply plans --auto-approve
    | error: one plan was not applied because it starts from a schema that differs from the database; nothing was changed
    |   plans/0002-mail.plan.kdl
    |     table.users: differs, and the plan changes it
    |     starts from the same schema as plans/0002-age.plan.kdl, which has been applied: only one of the two can be applied
    |   help: another plan was applied in the meantime, or the database was changed outside rosey; run rosey status for details
    |   help: plan it again: rosey plan --out plans/0002-mail.plan.kdl
    exit 3
    $ rosey stamp --force plans/0002-mail.plan.kdl
    Stamped (version 4): the current schema was recorded; nothing else was changed.
    The database differs from the desired schema in table.users.
    exit 0
    $ rosey stamp --force plans/0002-mail.plan.kdl -m meant
    Stamped (version 5): the current schema was recorded; nothing else was changed.
    The database differs from the desired schema in table.users.
    exit 0
    $ rosey history
    1  TIME  apply  ada@host  a change
    2  TIME  apply  ada@host
    3  TIME  stamp  ada@host  a change
    4  TIME  stamp  ada@host  a change (forced: not as desired in table.users)
    5  TIME  stamp  ada@host  meant (forced: not as desired in table.users)
    exit 0
    $ rosey apply plans --auto-approve
    No changes. plans has no plans left to apply.
    exit 0
    ");
    for version in crate::support::postgres::versions() {
        let server = crate::support::postgres::Server::shared(version).unwrap();
        let database = server.database();
        assert_eq!(transcript(&Session::on_postgres(Place::new(), database.url())), text);
    }
}

#[test]
fn a_plan_that_no_way_leads_to_any_more_does_not_stop_the_others() {
    on_both(|place, url| {
        place.save(url, USERS, "plans/0001.plan.kdl");
        apply(place, url, &["plans"]).exits(0);
        let renamed = USERS.replace("column name text", "column title text was=name");
        place.save(url, &renamed, "plans/0002-title.plan.kdl");
        by_schema(place, url, &users(&["title"]));
        place.save(url, &users(&["title", "c"]), "plans/0003.plan.kdl");
        let run = apply(place, url, &["plans"]).exits(3);
        assert!(run.out.starts_with("plans/0003.plan.kdl") && run.out.contains("Apply complete"), "{run}");
        assert!(run.err.contains("the others were applied\n  plans/0002-title.plan.kdl\n    table.users: differs"), "{run}");
    });
}

#[test]
fn of_two_plans_from_one_schema_only_one_is_applied() {
    on_both(|place, url| {
        by_schema(place, url, USERS);
        place.save(url, &users(&["b"]), "plans/0002-b.plan.kdl");
        place.save(url, &users(&["c"]), "plans/0002-c.plan.kdl");
        let status = place.on(url, &["status"]).exits(0);
        assert!(status.out.contains("0002-b.plan.kdl  version 2  pending  "), "{status}");
        assert!(status.out.contains("0002-c.plan.kdl  version 2  pending, alternative to 0002-b.plan.kdl  a change\n"), "{status}");
        assert!(
            status.out.contains("delete the others, apply the one that is left, and plan again: rosey plan --out FOLDER\n"),
            "{status}"
        );
        let run = apply(place, url, &["plans", "-q"]).exits(3);
        let rival = "starts from the same schema as plans/0002-b.plan.kdl, which has been applied: only one of the two can be applied\n";
        assert!(run.out.starts_with("plans/0002-b.plan.kdl: Apply complete") && run.err.contains(rival), "{run}");
    });
}
