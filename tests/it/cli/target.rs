//! Which database is used, and what named it.

use insta::assert_snapshot;

use super::{Place, Run, USERS};

/// Returns the line that names the database.
fn named(run: &Run) -> &str {
    run.err.lines().next().unwrap_or_default()
}

#[test]
fn the_url_comes_before_all_else() {
    let place = Place::with(USERS);
    place.write("config.json", r#"{ "database_url": "sqlite:///config.db" }"#);
    let plan = ["plan", "--url", "sqlite:///url.db"];
    let run = Run::of(plan.join(" "), place.command(&plan).env("ROSEY_DATABASE_URL", "sqlite:///environment.db"));
    assert_eq!(named(&run), "database: url.db (from --url)");
}

#[test]
fn the_environment_comes_before_the_config() {
    let place = Place::with(USERS);
    place.write("config.json", r#"{ "database_url": "sqlite:///config.db" }"#);
    let run = Run::of("plan".to_owned(), place.command(&["plan"]).env("ROSEY_DATABASE_URL", "sqlite:///environment.db"));
    assert_eq!(named(&run), "database: environment.db (from ROSEY_DATABASE_URL)");
}

#[test]
fn an_empty_variable_names_nothing() {
    let place = Place::with(USERS);
    place.write("bot_data.db", "");
    let run = Run::of("plan".to_owned(), place.command(&["plan"]).env("ROSEY_DATABASE_URL", ""));
    assert_eq!(named(&run), "database: bot_data.db (from the default)");
}

#[test]
fn the_config_names_it_by_url_or_path() {
    let place = Place::with(USERS);
    place.write("bot_data.db", "");
    for (config, wanted) in [
        (r#"{ "database_url": "sqlite+aiosqlite:///url.db", "database": "path.db" }"#, "url.db (from config.json)"),
        (r#"{ "database_url": null, "database": "path.db" }"#, "path.db (from config.json)"),
        (r#"{ "database": "data/path.db" }"#, "data/path.db (from config.json)"),
        (r#"{ "database": { "path": "object.db", "pool": 5 } }"#, "object.db (from config.json)"),
        (r#"{ "token": "s3cret" }"#, "bot_data.db (from the default)"),
        ("{}", "bot_data.db (from the default)"),
    ] {
        place.write("config.json", config);
        assert_eq!(named(&place.rosey(&["plan"])), format!("database: {wanted}"), "{config}");
    }
}

#[test]
fn without_anything_it_is_the_default_where_that_exists() {
    let place = Place::with(USERS);
    assert_snapshot!(place.rosey(&["plan"]), @r"
    $ rosey plan
    | error: no database: give --url, --env or ROSEY_DATABASE_URL
    |   help: for example --url bot_data.db, or --url postgresql://user@host/database
    exit 1
    ");
    place.write("bot_data.db", "");
    assert_eq!(named(&place.rosey(&["plan"])), "database: bot_data.db (from the default)");
}

#[test]
fn another_programs_config_names_no_database() {
    let place = Place::with(USERS);
    place.write("config.json", r#"{ "name": "web", "database": "myapp", "host": "db.internal" }"#);
    assert_snapshot!(place.rosey(&["apply", "--auto-approve"]), @r"
    $ rosey apply --auto-approve
    | error: no database: give --url, --env or ROSEY_DATABASE_URL
    |   help: `database` in config.json is `myapp`, which is neither an existing SQLite file nor a path that ends in .db, .sqlite or .sqlite3; it is ignored
    exit 1
    ");
    assert_eq!(place.files(), ["config.json", "schema.kdl"]);
    for command in ["plan", "status", "history", "drift", "inspect", "stamp", "rollback"] {
        let run = place.rosey(&[command]);
        assert!(run.code == Some(1) && run.err.starts_with("error: no database: give --url"), "{run}");
    }
    for config in [r#"{ "database": 5 }"#, r#"{ "database": {} }"#, r#"{ "database": { "path": 5 } }"#, r#"{ "database": ["a.db"] }"#] {
        place.write("config.json", config);
        let run = place.rosey(&["plan"]);
        assert!(run.code == Some(1) && run.err.starts_with("error: no database"), "{config}\n{run}");
        assert!(run.err.contains("`database` in config.json is neither a path"), "{config}\n{run}");
    }
    place.write("config.json", r#"{ "database": "postgres://ada:s3cret@host/db" }"#);
    assert!(!place.rosey(&["plan"]).err.contains("s3cret"));
}

#[test]
fn a_path_in_the_config_counts_where_it_is_a_sqlite_file() {
    let place = Place::having(USERS, "");
    std::fs::rename(place.path("test.db"), place.path("data")).unwrap();
    place.write("config.json", r#"{ "database": "data" }"#);
    assert_eq!(named(&place.rosey(&["plan"])), "database: data (from config.json)");
    std::fs::write(place.path("data"), "no database at all").unwrap();
    assert!(named(&place.rosey(&["plan"])).starts_with("error: no database"));
}

#[test]
fn a_path_in_the_config_is_never_created() {
    let place = Place::with(USERS);
    place.write("config.json", r#"{ "database": "bot.db" }"#);
    assert_snapshot!(place.rosey(&["apply", "--auto-approve"]), @r"
    $ rosey apply --auto-approve
    | database: bot.db (from config.json)
    | error: bot.db does not exist; apply creates a database file only if a URL names it; nothing was changed
    |   help: to create it: rosey apply --url bot.db
    exit 1
    ");
    assert_eq!(place.files(), ["config.json", "schema.kdl"]);
    place.write("config.json", r#"{ "database_url": "sqlite:///bot.db" }"#);
    place.rosey(&["apply", "--auto-approve"]).exits(0);
    assert_eq!(place.files(), ["bot.db", "config.json", "schema.kdl"]);
}

#[test]
fn other_programs_command_lines_get_the_right_form() {
    let place = Place::with(USERS);
    let lines =
        ["plan test.db", "plan -out=x", "apply test.db", "apply schema.kdl", "upgrade head", "init -upgrade", "apply --lock-timeout 10"];
    let runs: String = lines.map(|line| format!("{}\n", place.rosey(&line.split(' ').collect::<Vec<_>>()))).concat();
    assert_snapshot!(runs, @"
    $ rosey plan test.db
    | error: plan does not take the argument `test.db`
    |   help: use rosey plan --url test.db
    exit 1
    $ rosey plan -out=x
    | error: plan has no option `-out`
    |   help: use --out x
    exit 1
    $ rosey apply test.db
    | error: test.db is a database; apply takes saved plans as arguments
    |   help: use rosey apply --url test.db
    exit 1
    $ rosey apply schema.kdl
    | error: schema.kdl is not a saved plan
    |   help: to apply a schema: rosey apply --schema schema.kdl
    exit 1
    $ rosey upgrade head
    | error: rosey has no command `upgrade`
    |   help: use rosey apply to bring the database to the schema in schema.kdl
    exit 1
    $ rosey init -upgrade
    | error: init has no option `-upgrade`
    |   help: remove it: rosey init has nothing to upgrade
    exit 1
    $ rosey apply --lock-timeout 10
    | error: invalid value '10' for '--lock-timeout <TIME>': add a unit: 10s for seconds, 10ms for milliseconds
    |
    | For more information, try '--help'.
    exit 1
    ");
}

#[test]
fn a_path_counts_from_the_configs_folder_and_a_url_from_the_working_directory() {
    let place = Place::with(USERS);
    let run = |config: &str| {
        place.write("etc/bot.json", config);
        named(&place.rosey(&["plan", "--config", "etc/bot.json"])).to_owned()
    };
    assert_eq!(run(r#"{ "database": "bot.db" }"#), "database: etc/bot.db (from etc/bot.json)");
    assert_eq!(run(r#"{ "database": { "path": "bot.db" } }"#), "database: etc/bot.db (from etc/bot.json)");
    assert_eq!(run(r#"{ "database_url": "sqlite:///bot.db" }"#), "database: bot.db (from etc/bot.json)");
}

#[test]
fn a_config_that_names_nothing_is_an_error_where_it_was_named() {
    let place = Place::with(USERS);
    place.write("bot.json", "{}");
    assert_snapshot!(place.rosey(&["plan", "--config", "bot.json"]), @r#"
    $ rosey plan --config bot.json
    | error: bot.json does not name a database
    |   help: add "database_url", or "database" with the path of a SQLite file
    exit 1
    "#);
    assert_snapshot!(place.rosey(&["plan", "--config", "no.json"]), @r"
    $ rosey plan --config no.json
    | error: no.json cannot be read: No such file or directory (os error 2)
    exit 1
    ");
}

#[test]
fn a_config_that_is_no_json_is_an_error() {
    let place = Place::with(USERS);
    place.write("config.json", "{");
    assert_snapshot!(place.rosey(&["plan"]), @r"
    $ rosey plan
    | error: config.json is not JSON: EOF while parsing an object at line 1 column 1
    exit 1
    ");
}

#[test]
fn a_config_that_names_the_database_in_another_way_is_an_error() {
    let place = Place::with(USERS);
    for config in [r#"{ "database_url": 5 }"#, "[]"] {
        place.write("config.json", config);
        let run = place.rosey(&["plan"]);
        assert!(run.code == Some(1) && run.err.starts_with("error: config.json"), "{config}\n{run}");
    }
}

#[test]
fn sqlalchemys_urls_and_bare_paths_name_a_file() {
    let place = Place::with(USERS);
    let folder = place.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    for (url, wanted) in [
        ("sqlite:///relative.db", "relative.db"),
        ("sqlite:////absolute/file.db", "/absolute/file.db"),
        ("sqlite+aiosqlite:///data/file.db", "data/file.db"),
        ("sqlite+pysqlite:///file.db?timeout=5", "file.db"),
        ("SQLite:///file.db", "file.db"),
        ("sqlite:///C:/bot/file.db", "C:/bot/file.db"),
        ("sqlite:file.db", "file.db"),
        ("sqlite:///file", "file"),
        ("file.db", "file.db"),
        ("./data/file.sqlite3", "./data/file.sqlite3"),
        (&format!("{folder}/file.db"), &format!("{folder}/file.db")),
    ] {
        assert_eq!(named(&place.rosey(&["plan", "--url", url])), format!("database: {wanted} (from --url)"), "{url}");
    }
}

#[test]
fn what_names_no_database_is_an_error_with_the_forms_that_do() {
    let place = Place::with(USERS);
    let runs: String = ["mysql://host/db", "nonsense", "", "sqlite://file.db", "sqlite://", "sqlite:///:memory:"]
        .map(|url| format!("{}\n", place.rosey(&["plan", "--url", url])))
        .concat();
    assert_snapshot!(runs, @"
    $ rosey plan --url mysql://host/db
    | error: unknown URL scheme `mysql`
    |   help: use postgresql://user:password@host:port/database, sqlite:///relative.db, sqlite:////absolute.db, sqlite:path, or a path to a .db file
    exit 1
    $ rosey plan --url nonsense
    | error: `nonsense` does not name a database
    |   help: use postgresql://user:password@host:port/database, sqlite:///relative.db, sqlite:////absolute.db, sqlite:path, or a path to a .db file
    exit 1
    $ rosey plan --url 
    | error: the URL from --url is empty
    |   help: use postgresql://user:password@host:port/database, sqlite:///relative.db, sqlite:////absolute.db, sqlite:path, or a path to a .db file
    exit 1
    $ rosey plan --url sqlite://file.db
    | error: `sqlite://file.db`: use three slashes after sqlite: for a relative path, and four for an absolute path
    |   help: use sqlite:///relative.db, sqlite:////absolute.db, sqlite:path, or a path to a .db file
    exit 1
    $ rosey plan --url sqlite://
    | error: `sqlite://`: use three slashes after sqlite: for a relative path, and four for an absolute path
    |   help: use sqlite:///relative.db, sqlite:////absolute.db, sqlite:path, or a path to a .db file
    exit 1
    $ rosey plan --url sqlite:///:memory:
    | error: `sqlite:///:memory:`: an in-memory database is lost when rosey exits
    |   help: use sqlite:///relative.db, sqlite:////absolute.db, sqlite:path, or a path to a .db file
    exit 1
    ");
}

#[test]
fn a_password_is_never_printed() {
    let place = Place::with(USERS);
    for url in [
        "mysql://me:s3cret@host/db",
        "weird+driver://me:s3cret@host/db",
        "postgresql://me:s3cret@127.0.0.1:1/db",
        "postgresql+asyncpg://me:s3?cret@host/db",
        "postgresql://me:s3/s3cret@host/db",
        "postgresql://host/db?pasword=s3cret",
        "postgresql://me@host:s3cret/db",
        "postgresql://me:p@ss:s3cret@127.0.0.1:1/db?sslmode=require",
        "sqlite://me:s3cret@host/file.db",
        "mysql:me:s3cret@host",
        "me:s3cret@host/db",
        "//me:s3cret@host/db",
        "host/db?user=me&password=s3cret",
        "sqlite://host/file.db?password=s3cret",
        "sqlite:///file.db?key=s3cret",
    ] {
        let check = |run: Run| assert!(!format!("{}{}", run.out, run.err).contains("cret"), "{url}\n{run}");
        for command in ["plan", "apply", "inspect"] {
            check(place.rosey(&[command, "--url", url]));
        }
        check(Run::of("plan".to_owned(), place.command(&["plan"]).env("ROSEY_DATABASE_URL", url)));
        place.write("bot.json", format!(r#"{{ "database_url": "{url}" }}"#));
        check(place.rosey(&["plan", "--config", "bot.json"]));
    }
}

#[test]
fn standard_output_does_not_name_the_database() {
    let place = Place::having(USERS, "");
    for arguments in [&["plan"][..], &["plan", "--format", "json"], &["inspect"], &["apply"]] {
        let run = place.rosey(&[arguments, &["--url", "test.db"]].concat()).exits(0);
        assert!(!run.out.contains("test.db") && run.err.contains("test.db"), "{run}");
    }
}
