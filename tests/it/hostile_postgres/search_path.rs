//! A schema in the search path contains operators and functions that match the arguments of rosey's own
//! queries better than the built-in ones: none of them is called, and the output of every command is the same
//! as in a database without them.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::postgres::{Database, servers};

/// Creates the operators and functions in the schema `pgroll`.
const TRAPS: &str = include_str!("traps.sql");

const FIRST: &str = "
schema app
enum mood good bad odd
domain short text { check \"length(VALUE) < 20\" }
sequence numbers
table users {
    column id serial primary-key
    column name \"varchar(20)\" not-null
    column mood mood default=\"good\"
    column note text comment=\"a note\"
    column n integer default=3
    column at timestamptz default=(sql)\"now()\"
    check positive \"n > 0\"
    index by_name name
    index by_lower (sql)\"lower(name)\" where=\"n > 1\"
    unique name n
}
table posts schema=app {
    column id bigint primary-key identity=always
    column user integer references=users
    column short short
}
view busy { as \"SELECT id, name FROM users WHERE n > 2\" }
";

const ROWS: &str =
    "INSERT INTO users (name, mood, n) VALUES ('ann', 'good', 3), ('bob', 'bad', 4); INSERT INTO app.posts (\"user\") VALUES (1)";

/// What changes between the two versions of the schema: each takes another path through rosey.
const CHANGES: [(&str, &str); 6] = [
    ("enum mood good bad odd", "enum mood bad good"),
    ("\"varchar(20)\"", "\"varchar(10)\""),
    (
        "column n integer default=3",
        "column n bigint default=4\n    column place bigserial\n    column extra text not-null { backfill \"'x'\" }",
    ),
    ("check positive \"n > 0\"", "check positive \"n > 2\""),
    ("index by_name name\n", "index by_name name n\n"),
    ("column user integer references=users", "column user bigint references=users"),
];

/// A command, and which version of the schema is in the file.
const COMMANDS: [(usize, &str); 25] = [
    (0, "plan"),
    (0, "apply --auto-approve"),
    (0, "inspect"),
    (1, "plan --counts full"),
    (1, "plan --counts safe"),
    (1, "plan --counts none"),
    (1, "plan --format json"),
    (1, "plan --online true"),
    (1, "plan --out saved.plan"),
    (1, "state pull"),
    (1, "drift"),
    (1, "apply --auto-approve --allow-destructive --backup auto"),
    (1, "plan"),
    (1, "status"),
    (1, "history"),
    (1, "history 2"),
    (1, "drift"),
    (0, "diff schema.kdl URL"),
    (1, "rollback --auto-approve --allow-destructive --backup never"),
    (0, "plan"),
    (1, "stamp --force"),
    (1, "apply --auto-approve --allow-destructive --backup always"),
    (1, "drift"),
    (1, "history"),
    (1, "inspect"),
];

fn versions() -> [String; 2] {
    let second = CHANGES.iter().fold(FIRST.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    [FIRST.to_owned(), second]
}

fn rosey(database: &Database<'_>, folder: &Path, command: &str) -> Output {
    let url = database.url();
    let mut rosey = Command::new(env!("CARGO_BIN_EXE_rosey"));
    rosey.current_dir(folder).args(command.split(' ').map(|a| if a == "URL" { &url } else { a }));
    if !command.contains("URL") {
        rosey.args(["--url", &url]);
    }
    rosey.output().unwrap()
}

/// Returns the output of a command, without what differs from run to run.
fn said(database: &Database<'_>, folder: &Path, command: &str) -> String {
    let out = rosey(database, folder, command);
    let text = format!("{}\n{}{}", out.status, String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let (url, year) = (database.url(), database.value("SELECT pg_catalog.to_char(pg_catalog.now(), 'YYYY-'::pg_catalog.text)"));
    let differs = |line: &str| [year.as_str(), "duration", "digest", "  took ", ".dump"].iter().any(|w| line.contains(w));
    let name = url.rsplit('/').next().unwrap_or_default();
    text.replace(name, "DATABASE").lines().filter(|l| !differs(l)).collect::<Vec<_>>().join("\n")
}

#[test]
fn operators_and_functions_of_the_search_path_are_not_called() {
    for server in servers() {
        let (plain, trapped) = (server.database(), server.database());
        for database in [&plain, &trapped] {
            let name = database.value("SELECT current_database()");
            database.sql(&format!(
                "CREATE SCHEMA pgroll; CREATE SEQUENCE pgroll.calls; ALTER DATABASE \"{name}\" SET search_path = public, pgroll"
            ));
        }
        trapped.sql(TRAPS);
        assert!(trapped.try_sql("SELECT FROM pg_class WHERE oid >= 16384").is_err(), "the traps do not work");
        trapped.sql("SELECT pg_catalog.setval('pgroll.calls', 1, false)");
        let (beside, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let both = [(&plain, beside.path()), (&trapped, folder.path())];
        let schemas = versions();
        for (n, (version, command)) in COMMANDS.into_iter().enumerate() {
            let [wanted, got] = both.map(|(database, folder)| {
                std::fs::write(folder.join("schema.kdl"), &schemas[version]).unwrap();
                said(database, folder, command)
            });
            // A saved plan does not ask the server, so it counts nothing if a user-defined function has the
            // name of one that the count would call.
            if !command.contains("--out") {
                assert_eq!(got, wanted, "{}: rosey {command}", server.version);
            }
            assert!(!got.starts_with("exit status: 1"), "{}: rosey {command}: {got}", server.version);
            if n == 2 {
                both.iter().for_each(|(database, _)| database.sql(ROWS));
            }
        }
        if server.tool("psql").is_some() {
            std::fs::write(folder.path().join("schema.kdl"), FIRST.replace("enum mood good bad odd", "enum mood bad good")).unwrap();
            let script = rosey(&trapped, folder.path(), "plan --format sql");
            trapped.psql(&String::from_utf8_lossy(&script.stdout), &["-v", "ON_ERROR_STOP=1", "-v", "allow_destructive=1"]).unwrap();
        }
        assert_eq!(trapped.value("SELECT is_called FROM pgroll.calls"), "f", "{}", server.version);
    }
}
