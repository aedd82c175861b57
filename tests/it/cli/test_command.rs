//! `rosey test`: cases that pass and cases that fail, on both databases, with nothing left behind.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use super::{Place, USERS, USERS_WITH_AGE, USERS_WITHOUT_NAME};
use crate::support::postgres::{Server, servers, versions};

/// Creates two schemas next to a folder of cases.
fn place(cases: &[(&str, &str)]) -> Place {
    let place = Place::with(USERS_WITH_AGE);
    place.write("old.kdl", USERS);
    place.write("tmp/.keep", "");
    for (name, text) in cases {
        place.write(&format!("tests/schema/{name}.kdl"), text);
    }
    place
}

const HEAD: &str =
    "before schema=\"../../old.kdl\"\nrows { users id=1 name=Ada; users id=2 name=\"O'Hara\"; }\nafter schema=\"../../schema.kdl\"\n";

fn case(expectations: &str) -> String {
    format!("{HEAD}{expectations}")
}

/// Runs it with a separate folder for temporary files, which must be empty afterwards.
fn test(place: &Place, arguments: &[&str]) -> super::Run {
    let arguments = [&["test"], arguments].concat();
    let mut command = place.command(&arguments);
    command.env("TMPDIR", place.path("tmp"));
    let run = super::Run::of(format!("rosey {}", arguments.join(" ")), &mut command);
    assert_eq!(std::fs::read_dir(place.path("tmp")).unwrap().count(), 1, "a scratch database is left: {run}");
    run
}

const GOOD: &str = "expect-plan \"table.users will be changed in place\"
expect-rows { users id=2 age=#null name=\"O'Hara\"; users id=1 name=Ada; }
expect-value \"SELECT count(*) FROM users\" 2
";

#[test]
fn a_case_that_is_as_it_says_passes() {
    let place = place(&[
        ("adds-age", &case(GOOD)),
        ("deep/for-postgres", "only postgres\nafter { }"),
        ("same", "after { }\nexpect \"no changes\""),
    ]);
    let run = test(&place, &[]).exits(0);
    insta::assert_snapshot!(run, @"
    $ rosey test
    ok      tests/schema/adds-age.kdl (sqlite)
    skipped tests/schema/deep/for-postgres.kdl (sqlite)
    ok      tests/schema/same.kdl (sqlite)
    3 cases: 2 passed, 0 failed, 1 skipped
    exit 0
    ");
    let run = test(&place, &["--filter", "age"]).exits(0);
    assert!(run.out.ends_with("1 case: 1 passed, 0 failed, 0 skipped\n"), "{run}");
    let run = test(&place, &["tests/schema/same.kdl"]).exits(0);
    assert!(run.out.ends_with("1 case: 1 passed, 0 failed, 0 skipped\n"), "{run}");
}

#[test]
fn a_case_that_is_not_fails_with_what_differs() {
    let place = place(&[(
        "wrong",
        &case(
            "expect \"no changes\"\nexpect-plan \"will be rebuilt\"\nexpect-rows { users id=1 name=Ada; users id=3 name=Eve; }\n\
             expect-value \"SELECT count(*) FROM users\" 3",
        ),
    )]);
    insta::assert_snapshot!(test(&place, &[]).exits(1), @r#"
    $ rosey test
    FAILED  tests/schema/wrong.kdl (sqlite)
        expect "no changes": the plan has changes
        +  create
        ~  change in place

        # table.users will be changed in place (ALTER TABLE)
        ~ table users {
        +     column age integer
              # 2 unchanged columns
          }

        Plan: 0 to add, 1 to change, 0 to destroy.
        expect-plan: the plan does not contain `will be rebuilt`
        +  create
        ~  change in place

        # table.users will be changed in place (ALTER TABLE)
        ~ table users {
        +     column age integer
              # 2 unchanged columns
          }

        Plan: 0 to add, 1 to change, 0 to destroy.
        expect-rows: "users"
          id=1 name='Ada'
        + id=2 name='O''Hara'
        - id=3 name='Eve'
        expect-value: SELECT count(*) FROM users
        - 3
        + 2
    1 case: 0 passed, 1 failed, 0 skipped
    exit 1
    "#);
}

#[test]
fn what_destroys_has_to_be_said() {
    let destroys = |rest: &str| {
        format!("before schema=\"../../old.kdl\"\nrows {{ users id=1 name=Ada; }}\nafter {{ {} }}\n{rest}", USERS_WITHOUT_NAME.trim())
    };
    let place = place(&[
        ("a", &destroys("expect-blocked destroys-column")),
        ("b", &destroys("allow-destructive\nexpect-rows { users id=1; }")),
        ("c", &destroys("")),
        ("d", &destroys("expect-blocked destroys-table")),
        ("e", &destroys("expect-blocked destroys-colum")),
    ]);
    let run = test(&place, &[]).exits(1);
    assert!(run.out.contains("ok      tests/schema/a.kdl") && run.out.contains("ok      tests/schema/b.kdl"), "{run}");
    assert!(run.out.contains("apply refused; add expect-blocked with the code, or allow-destructive"), "{run}");
    assert!(run.out.contains("table.users.column.name (destroys-column)"), "{run}");
    assert!(run.out.contains("expect-blocked: destroys-table does not block the plan"), "{run}");
    assert!(run.out.contains("other reasons also block the apply"), "{run}");
    assert!(run.out.contains("did you mean `destroys-column`?"), "{run}");
    assert!(run.out.ends_with("5 cases: 2 passed, 3 failed, 0 skipped\n"), "{run}");
}

#[test]
fn a_table_may_be_expected_to_be_empty() {
    let place = place(&[("a", &case("expect-rows { users; }")), ("b", "after { table t { column x text; }; }\nexpect-rows { t; }")]);
    let run = test(&place, &[]).exits(1);
    assert!(run.out.contains("ok      tests/schema/b.kdl") && run.out.contains("    - no rows\n    + 2 rows\n"), "{run}");
}

#[test]
fn mistakes_are_shown_where_they_stand() {
    let place = place(&[
        ("a", "after {\n    table users { colum id serial; }\n}"),
        ("b", "after { }\nexpects \"no changes\""),
        ("c", &case("expect-value \"SELECT x FROM nowhere\" 1")),
        ("d", "after schema=\"nowhere.kdl\""),
        ("e", "rows { users id=1; }\nafter { }"),
    ]);
    let run = test(&place, &[]).exits(1);
    for wanted in
        ["tests/schema/a.kdl:2:", "did you mean `column`?", "did you mean `expect`?", "no such table: nowhere", "nowhere.kdl: No such file"]
    {
        assert!(run.out.contains(wanted), "no {wanted:?}: {run}");
    }
    assert!(run.out.contains("INSERT INTO \"users\"") && run.out.contains("0 passed, 5 failed"), "{run}");
}

#[test]
fn what_it_would_run_on_is_made_sure_of() {
    let place = place(&[("a", "after { }\nexpect \"no changes\"")]);
    for (arguments, wanted) in [
        (&["--url", "test.db"][..], "never in the file named by --url"),
        (&["--dialect", "postgres"], "no server for the scratch databases"),
        (&["--dialect", "sqlite", "--url", "postgresql://h/d"], "but --dialect is sqlite"),
        (&["nowhere"], "no test case at nowhere"),
        (&["--filter", "zzz"], "no test cases to run"),
    ] {
        let run = test(&place, arguments).exits(1);
        assert!(run.err.contains(wanted), "{run}");
    }
    assert!(!place.path("test.db").exists());
}

fn scratches(server: &Server) -> Vec<Vec<String>> {
    server.database().rows("SELECT datname::text FROM pg_database WHERE datname LIKE 'rosey\\_test\\_%'")
}

#[test]
fn cases_run_on_a_server_in_databases_of_their_own() {
    for server in servers() {
        let bad = case("expect-rows { users id=1; }\nexpect-value \"SELECT count(*) FROM users\" 2\nexpect-value \"SELECT 1/0\" 2");
        let other = "before { schema audit; table log schema=audit { column id serial primary-key; column n \"numeric(4,2)\"; } }
            rows { audit.log id=1 n=1.5; }
            after { schema audit; table log schema=audit { column id serial primary-key; column n \"numeric(4,2)\"; column t text; } }
            expect-rows { audit.log id=1 n=1.50 t=#null; }";
        let place = place(&[("bad", &bad), ("good", &case(GOOD)), ("other", other)]);
        let run = test(&place, &["--url", &server.url("postgres")]).exits(1);
        assert!(run.out.contains("FAILED  tests/schema/bad.kdl (postgres)\n    division by zero"), "{run}");
        assert!(run.out.ends_with("3 cases: 2 passed, 1 failed, 0 skipped\n"), "{run}");
        assert_eq!(scratches(server), Vec::<Vec<String>>::new());
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let place = place(&[("a", "after { }")]);
    let run = test(&place, &["--url", "postgresql://me:s3cret@127.0.0.1:1/d"]).exits(1);
    assert!(run.out.contains("127.0.0.1:1") && !run.out.contains("s3cret") && !run.err.contains("s3cret"), "{run}");
}

#[test]
fn an_interrupt_leaves_no_scratch_database() {
    let Some(server) = versions().last().and_then(|v| Server::own(*v)) else { return };
    let place = place(&[("a", &case(GOOD)), ("slow", &case("expect-value \"SELECT pg_sleep(60)\" 1"))]);
    let mut child = place.command(&["test", "--url", &server.url("postgres")]).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let began = Instant::now();
    while server.database().value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND datname LIKE 'rosey%'")
        == "0"
    {
        assert!(began.elapsed() < Duration::from_secs(30), "the slow case does not begin");
    }
    // SAFETY: sends a signal to a child process that has not been waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(scratches(&server), Vec::<Vec<String>>::new());
}
