//! `rosey.kdl` and `--env`: the settings in the file, what overrides them, and mistakes.

use insta::assert_snapshot;

use super::trouble::while_locked;
use super::{Place, Run, USERS, USERS_WITH_A_NAME, USERS_WITH_AGE, USERS_WITHOUT_NAME, backups};

/// Returns a place with this `rosey.kdl`, a schema and no database.
fn project(text: &str) -> Place {
    let place = Place::with(USERS);
    place.write("rosey.kdl", text);
    place
}

/// Returns the line that names the database.
fn named(run: &Run) -> &str {
    run.err.lines().next().unwrap_or_default()
}

#[test]
fn an_environment_names_its_database_by_url_or_variable() {
    let place = project("env dev { url \"sqlite:///dev.db\" }\nenv prod { url-from PROD_URL }\n");
    assert_eq!(named(&place.rosey(&["plan", "--env", "dev"])), "database: dev.db (from rosey.kdl, env dev)");
    let run = Run::of("plan".to_owned(), place.command(&["plan", "--env", "prod"]).env("PROD_URL", "sqlite:///prod.db"));
    assert_eq!(named(&run), "database: prod.db (from rosey.kdl, env prod (PROD_URL))");
}

#[test]
fn the_url_flag_comes_before_the_environment_and_that_before_all_else() {
    let place = project("env dev { url \"sqlite:///dev.db\" }\nenv prod { url-from PROD_URL }\n");
    place.write("config.json", r#"{ "database_url": "sqlite:///config.db" }"#);
    let run = |arguments: &[&str]| {
        let run = Run::of("plan".to_owned(), place.command(arguments).env("ROSEY_DATABASE_URL", "sqlite:///variable.db"));
        named(&run).to_owned()
    };
    assert_eq!(run(&["plan", "--env", "prod", "--url", "flag.db"]), "database: flag.db (from --url)");
    assert_eq!(run(&["plan", "--env", "dev"]), "database: dev.db (from rosey.kdl, env dev)");
    assert_eq!(run(&["plan", "--env", "dev", "--config", "config.json"]), "database: dev.db (from rosey.kdl, env dev)");
    assert_eq!(run(&["plan"]), "database: variable.db (from ROSEY_DATABASE_URL)");
}

#[test]
fn every_command_that_takes_a_database_takes_an_environment() {
    let place = project("env dev { url \"test.db\"; auto-approve #true; backup always }\n");
    place.rosey(&["apply", "--env", "dev"]).exits(0);
    place.write("schema.kdl", USERS_WITH_AGE);
    for arguments in [&["plan", "--env", "dev"][..], &["apply", "--env", "dev"], &["restore", "--env", "dev"], &["inspect", "--env", "dev"]]
    {
        let run = place.rosey(arguments).exits(0);
        assert_eq!(named(&run), "database: test.db (from rosey.kdl, env dev)", "{run}");
    }
}

#[test]
fn an_environment_that_is_not_there_is_an_error_that_names_those_that_are() {
    let place = project("env dev { url \"dev.db\" }\nenv prod { url-from PROD_URL }\n");
    assert_snapshot!(place.rosey(&["plan", "--env", "prd"]), @"
    $ rosey plan --env prd
    | error: rosey.kdl has no environment `prd`
    |   help: did you mean `prod`? available: dev, prod
    exit 1
    ");
    assert_snapshot!(place.rosey(&["plan", "--env", "staging"]), @"
    $ rosey plan --env staging
    | error: rosey.kdl has no environment `staging`
    |   help: available: dev, prod
    exit 1
    ");
    place.write("rosey.kdl", "backup always\n");
    assert_snapshot!(place.rosey(&["plan", "--env", "staging"]), @r"
    $ rosey plan --env staging
    | error: rosey.kdl has no environment `staging`
    |   help: it declares no environment; add `env staging { url-from VARIABLE }`
    exit 1
    ");
}

#[test]
fn an_environment_without_the_file_is_an_error() {
    assert_snapshot!(Place::with(USERS).rosey(&["plan", "--env", "prod"]), @r"
    $ rosey plan --env prod
    | error: unknown environment `prod`: there is no rosey.kdl in the working directory
    |   help: run rosey in the folder that contains it, or name the database with --url
    exit 1
    ");
}

#[test]
fn the_file_is_looked_for_in_the_working_directory_only() {
    let place = project("env dev { url \"dev.db\" }\n");
    place.write("deeper/schema.kdl", USERS);
    let mut command = place.command(&["plan", "--env", "dev"]);
    let run = Run::of("plan".to_owned(), command.current_dir(place.path("deeper"))).exits(1);
    assert!(run.err.contains("there is no rosey.kdl in the working directory"), "{run}");
}

#[test]
fn a_variable_that_is_not_set_is_named() {
    let place = project("env prod { url-from PROD_URL }\n");
    assert_snapshot!(place.rosey(&["plan", "--env", "prod"]), @r"
    $ rosey plan --env prod
    | error: env prod in rosey.kdl takes its database from PROD_URL, which is not set
    |   help: set it to the URL of the database, or name the database with --url
    exit 1
    ");
    let run = Run::of("rosey plan --env prod".to_owned(), place.command(&["plan", "--env", "prod"]).env("PROD_URL", ""));
    assert_snapshot!(run, @r"
    $ rosey plan --env prod
    | error: env prod in rosey.kdl takes its database from PROD_URL, which is empty
    |   help: set it to the URL of the database, or name the database with --url
    exit 1
    ");
    assert_eq!(named(&place.rosey(&["plan", "--env", "prod", "--url", "test.db"])), "database: test.db (from --url)");
}

#[test]
fn settings_for_all_hold_without_an_environment_too_and_an_environments_own_go_first() {
    let place = project("schema \"db/all.kdl\"\nenv dev { url \"dev.db\"; schema \"db/dev.kdl\" }\nenv prod { url \"prod.db\" }\n");
    place.write("db/all.kdl", USERS);
    place.write("db/dev.kdl", USERS_WITH_AGE);
    for (arguments, wanted) in [
        (&["validate"][..], "db/all.kdl is valid"),
        (&["validate", "--env", "prod"], "db/all.kdl is valid"),
        (&["validate", "--env", "dev"], "db/dev.kdl is valid"),
        (&["validate", "--env", "dev", "--schema", "schema.kdl"], "schema.kdl is valid"),
    ] {
        let run = place.rosey(arguments).exits(0);
        assert!(run.out.starts_with(wanted), "{run}");
    }
    assert!(!place.rosey(&["plan", "--url", "test.db"]).exits(0).out.contains("age"));
    assert!(place.rosey(&["plan", "--env", "dev"]).exits(0).out.contains("age"));
}

#[test]
fn fmt_without_a_path_formats_the_schema_that_is_named() {
    let place = project("schema   \"db\"\n");
    place.write("db/users.kdl", "table  users{\ncolumn id integer\n}\n");
    assert_snapshot!(place.rosey(&["fmt"]), @r"
    $ rosey fmt
    db/users.kdl
    exit 0
    ");
    assert_eq!(place.read("rosey.kdl"), "schema   \"db\"\n");
    assert_snapshot!(place.rosey(&["fmt", "rosey.kdl"]), @r"
    $ rosey fmt rosey.kdl
    rosey.kdl
    exit 0
    ");
    assert_eq!(place.read("rosey.kdl"), "schema db\n");
}

#[test]
fn a_mistake_in_the_file_stops_every_command_but_its_formatting() {
    let place = project("bakup always\n");
    for arguments in [&["plan"][..], &["apply"], &["inspect"], &["restore"], &["validate"], &["fmt"]] {
        let run = place.rosey(arguments).exits(1);
        assert!(run.out.is_empty() && run.err.contains("did you mean `backup`?"), "{run}");
    }
    place.rosey(&["fmt", "rosey.kdl", "schema.kdl"]).exits(0);
}

#[test]
fn what_is_no_file_of_text_is_an_error() {
    let place = Place::with(USERS);
    place.write("rosey.kdl", b"\xff");
    assert_snapshot!(place.rosey(&["plan"]), @r"
    $ rosey plan
    | error: rosey.kdl is not UTF-8 text
    |   help: save the file as UTF-8
    exit 1
    ");
    std::fs::remove_file(place.path("rosey.kdl")).unwrap();
    std::fs::create_dir(place.path("rosey.kdl")).unwrap();
    assert_snapshot!(place.rosey(&["plan"]), @r"
    $ rosey plan
    | error: rosey.kdl cannot be read: it is a folder, not a regular file
    exit 1
    ");
}

#[test]
fn backups_are_made_as_the_file_says_unless_a_flag_says_otherwise() {
    let place = Place::having(USERS, "");
    place.write(
        "rosey.kdl",
        "backup always\nbackup-dir \"kept\"\nkeep-backups 1\nauto-approve #true\nenv dev { url \"test.db\"; backup never }\n",
    );
    std::fs::create_dir(place.path("kept")).unwrap();
    place.write("schema.kdl", USERS_WITH_AGE);
    place.rosey(&["apply", "--env", "dev"]).exits(0);
    assert_eq!(backups(&place.path("kept")).len(), 0);
    for schema in [USERS, USERS_WITH_AGE] {
        place.write("schema.kdl", schema);
        place.rosey(&["apply", "--url", "test.db", "--allow-destructive"]).exits(0);
        assert_eq!(backups(&place.path("kept")).len(), 1);
    }
    place.write("schema.kdl", USERS);
    place.rosey(&["apply", "--url", "test.db", "--allow-destructive", "--backup-dir", ".", "--keep-backups", "9"]).exits(0);
    assert_eq!((backups(&place.path("kept")).len(), backups(&place.path("")).len()), (1, 1));
    place.rosey(&["restore", "--url", "test.db"]).exits(0);
    assert_eq!(backups(&place.path("kept")).len(), 2);
}

#[test]
fn auto_approve_that_is_false_asks_and_a_flag_comes_before_it() {
    let place = project("auto-approve #true\nenv prod { url \"test.db\"; auto-approve #false }\n");
    let run = place.rosey(&["apply", "--env", "prod"]).exits(1);
    assert!(run.err.contains("cannot ask for approval without a terminal"), "{run}");
    place.rosey(&["apply", "--env", "prod", "--auto-approve"]).exits(0);
}

#[test]
fn the_way_a_table_is_changed_comes_from_the_file() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_A_NAME);
    place.write("rosey.kdl", "sqlite-path rebuild\n");
    assert!(place.rosey(&["plan", "--url", "test.db"]).exits(0).out.contains("will be rebuilt"));
    assert!(!place.rosey(&["plan", "--url", "test.db", "--sqlite-path", "cheapest"]).exits(0).out.contains("will be rebuilt"));
}

#[test]
fn the_time_to_wait_for_a_lock_comes_from_the_file() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    place.write("rosey.kdl", "lock-timeout \"20ms\"\n");
    for (flag, wanted) in [(&[][..], "20ms"), (&["--lock-timeout", "30ms"], "30ms")] {
        let run = while_locked(&place, "BEGIN IMMEDIATE", || place.apply(flag)).exits(1);
        assert!(run.err.contains(&format!("within {wanted}")), "{run}");
    }
}

#[test]
fn a_policy_holds_against_the_flag() {
    let place = Place::having(USERS, "INSERT INTO users (name) VALUES ('ann')");
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    place.write("rosey.kdl", "env prod { url \"test.db\"; allow-destructive #false }\n");
    let before = place.snapshot();
    assert_snapshot!(place.rosey(&["apply", "--env", "prod", "--auto-approve", "--allow-destructive"]), @"
    $ rosey apply --env prod --auto-approve --allow-destructive
    ~  change in place
    -  destroy
    !  warning

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    -     column name text
          # 1 unchanged column
      }
    ! destroys-column BLOCKED: drops column name (1 non-null value)
      to rename it instead, add was=name to the new definition
    ! breaks-clients: running applications that use `name` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 0 to destroy (1 column, 1 value dropped).
    | database: test.db (from rosey.kdl, env prod)
    | error: apply refused; nothing was changed
    |   table.users.column.name (destroys-column): drops column name (1 non-null value)
    |   help: rosey.kdl, env prod: allow-destructive #false forbids destroying data, whatever the flags
    exit 3
    ");
    assert_eq!(place.snapshot(), before);
    assert_snapshot!(place.rosey(&["plan", "--env", "prod"]), @"
    $ rosey plan --env prod
    ~  change in place
    -  destroy
    !  warning

    # table.users will be changed in place (ALTER TABLE)
    ~ table users {
    -     column name text
          # 1 unchanged column
      }
    ! destroys-column BLOCKED: drops column name (1 non-null value)
      to rename it instead, add was=name to the new definition
    ! breaks-clients: running applications that use `name` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    Plan: 0 to add, 1 to change, 0 to destroy (1 column, 1 value dropped).
    | database: test.db (from rosey.kdl, env prod)
    exit 0
    ");
    place.write("rosey.kdl", "allow-destructive #false\nenv dev { url \"test.db\"; allow-destructive #true }\n");
    let run = place.apply(&["--allow-destructive"]).exits(3);
    assert!(run.err.contains("help: rosey.kdl: allow-destructive #false forbids destroying data"), "{run}");
    place.rosey(&["apply", "--env", "dev", "--auto-approve"]).exits(0);
}

#[test]
fn a_policy_lets_pass_what_destroys_nothing() {
    let place = Place::having(USERS, "");
    place.write("schema.kdl", USERS_WITH_AGE);
    place.write("rosey.kdl", "allow-destructive #false\n");
    place.apply(&["--allow-destructive"]).exits(0);
}

#[test]
fn a_password_in_the_file_is_warned_about() {
    let place = project("env prod { url \"postgresql://me:s3cret@127.0.0.1:1/db\" }\nenv dev { url \"postgresql://me@127.0.0.1:1/db\" }\n");
    assert_snapshot!(place.rosey(&["plan", "--env", "prod"]), @"
    $ rosey plan --env prod
    | rosey.kdl contains a password; use url-from to keep it out of the repository
    | database: 127.0.0.1:1/db as me (from rosey.kdl, env prod)
    | error: could not connect to the server at 127.0.0.1:1: Connection refused
    |   help: check the host and port, and that the server is running and accepts TCP/IP connections (listen_addresses)
    exit 1
    ");
    assert!(!place.rosey(&["plan", "--env", "dev"]).err.contains("password"));
}

#[test]
fn a_password_in_the_file_is_never_printed() {
    for text in [
        "env prod { url \"postgresql://me:s3cret@127.0.0.1:1/db\" }",
        "env prod { url \"mysql://me:s3cret@host/db\" }",
        "env prod { url \"me:s3cret@host/db\" }",
        "env prod { url \"postgresql://me:s3cret@host/db\" backp always }",
        "env prod {\n    backp always\n    url \"postgresql://me:s3cret@host/db\"\n}",
        "env prod {\n    url postgresql://me:s3cret@host/db\n}",
        "env prod {\n    url me:s3cret@host/db\n}",
        "env prod {\n    url me:s3\"cret@host\n}",
        "env prod {\n    url \"postgresql://me:\\q3cret@host/db\"\n}",
        "env prod {\n    url \"postgresql://me:s3cret@host/db\n}",
        "env prod {\n    url-from \"postgresql://me:s3cret@host/db\"\n}",
        "env prod {\n    url=\"postgresql://me:s3cret@host/db\"\n}",
        "env prod url=\"postgresql://me:s3cret@host/db\"",
        "env prod {\n    url \"a\" \"postgresql://me:s3cret@host/db\"\n}",
        "env prod {\n    url 's3cret'\n}",
        "url \"postgresql://me:s3cret@host/db\"",
        "env prod { url #\"postgresql://me:s3\"cret@host/db\"# }",
        "env prod { url \"\"; url \"postgresql://me:s3cret@host/db\" }",
    ] {
        let place = project(text);
        for arguments in [&["plan", "--env", "prod"][..], &["inspect", "--env", "prod"], &["fmt", "rosey.kdl"], &["plan"]] {
            let run = place.rosey(arguments);
            assert!(!format!("{}{}", run.out, run.err).contains("cret"), "{text}\n{run}");
        }
    }
}

/// The examples in the documentation are valid.
#[test]
fn the_examples_of_the_documentation_are_taken() {
    let text = include_str!("../../../docs/configuration.md");
    let blocks: Vec<&str> = text.split("```kdl\n").skip(1).filter_map(|b| b.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let place = project(block);
        let run = place.rosey(&["validate", "--schema", "schema.kdl"]);
        assert!(run.code == Some(0), "{block}\n{run}");
        place.rosey(&["fmt", "--check", "rosey.kdl"]).exits(0);
    }
}

/// A schema for one database need not be valid for the other.
#[test]
fn a_project_for_one_database_says_so() {
    const LEGACY: &str = "table users {\n    column name text primary-key nullable\n}\n";
    let place = Place::with(LEGACY);
    place.rosey(&["validate"]).exits(1);
    place.write("rosey.kdl", "dialect sqlite\nenv prod {\n    url-from PROD_URL\n    dialect postgres\n}\n");
    assert_eq!(place.rosey(&["validate"]).exits(0).out, "schema.kdl is valid: 1 object for sqlite\n");
    place.rosey(&["lint", "--level", "error"]).exits(0);
    place.rosey(&["validate", "--env", "prod"]).exits(1);
    place.rosey(&["validate", "--dialect", "postgres"]).exits(1);
    place.write("rosey.kdl", "dialect oracle\n");
    let run = place.rosey(&["validate"]).exits(1);
    assert!(run.err.contains("one of: sqlite, postgres"), "{run}");
}

/// The history has absolute paths, and a folder that has moved is searched as well.
#[test]
fn the_newest_backup_is_found_from_every_folder() {
    let place = Place::having(USERS, "INSERT INTO users VALUES (1, 'Ada')");
    std::fs::create_dir(place.path("copies")).unwrap();
    place.write("schema.kdl", USERS_WITHOUT_NAME);
    place.apply(&["--allow-destructive", "--backup-dir", "copies"]).exits(0);
    let elsewhere = tempfile::tempdir().unwrap();
    let database = place.path("test.db");
    let restore = || {
        let arguments = ["restore", "--auto-approve", "--discard-current", "--url", database.to_str().unwrap()];
        Run::of("rosey restore".to_owned(), place.command(&arguments).current_dir(elsewhere.path()))
    };
    let only = backups(&place.path("copies")).remove(0);
    let away = elsewhere.path().join("x");
    std::fs::rename(&only, &away).unwrap();
    let run = restore().exits(1);
    assert!(run.err.contains("the backup recorded in the history does not exist: /") && run.err.contains("copies/test.db."), "{run}");
    let beside = place.path("").join(only.file_name().unwrap());
    std::fs::rename(&away, &beside).unwrap();
    restore().exits(0);
    assert_eq!(place.database.value("SELECT name FROM users"), "Ada");
    place.apply(&["--allow-destructive", "--backup-dir", "copies"]).exits(0);
    restore().exits(0);
    assert_eq!(place.database.value("SELECT name FROM users"), "Ada");
}
