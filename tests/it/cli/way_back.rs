//! What `rosey rollback` and `plan --to` require and warn about: values for columns that are restored, and
//! objects that no apply created.

use super::Place;
use super::alembic::everywhere;
use super::transcript::Session;

const WITH: &str = "table users {\n    column id serial primary-key\n    column name text\n    column email text not-null\n    column age integer not-null\n}\n";
const WITHOUT: &str = "table users {\n    column id serial primary-key\n    column name text\n}\n";

/// Returns the command after these words of a message, split as a shell does.
fn command_behind(text: &str, words: &str) -> Vec<String> {
    let command = text.split_once(words).unwrap_or_else(|| panic!("{words} is not in\n{text}")).1.lines().next().unwrap();
    command.split(' ').skip(1).map(|word| word.replace('"', "")).collect()
}

#[test]
fn the_command_that_a_refused_rollback_gives_fills_the_columns() {
    everywhere(|on, s, value| {
        s.applies(WITH, "with");
        s.applies(WITHOUT, "without");
        value("INSERT INTO users (name) VALUES ('ada')");
        let refused = s.rosey(&["rollback", "--auto-approve", "--backup", "never"]).exits(3);
        let said = "the recorded schema declares age NOT NULL and provides no value for existing rows; to specify one: ";
        assert!(refused.err.contains("1 of 1 rows have no age") || refused.err.contains(said), "{on}\n{refused}");
        let command = command_behind(&refused.err, said);
        assert_eq!(
            command[1..],
            ["--auto-approve", "--backup", "never", "--backfill", "users.email=''", "--backfill", "users.age=0"],
            "{on}"
        );
        s.rosey(&command.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
        assert_eq!(value("SELECT name || age || email FROM users"), "ada0", "{on}");
        s.place.write("schema.kdl", WITH);
        s.rosey(&["plan", "--detailed-exitcode"]).exits(0);
    });
}

#[test]
fn a_saved_way_back_keeps_what_fills_its_columns() {
    everywhere(|on, s, value| {
        s.applies(WITH, "with");
        s.applies(WITHOUT, "without");
        value("INSERT INTO users (name) VALUES ('ada')");
        let fill = ["--backfill", "users.email=lower(name)", "--backfill", "table.users.column.age=length(name)"];
        s.rosey(&[&["plan", "--to", "1", "--out", "back.plan.kdl"][..], &fill].concat()).exits(0);
        s.rosey(&["apply", "back.plan.kdl", "--auto-approve", "--backup", "never"]).exits(0);
        assert_eq!(value("SELECT name || age || email FROM users"), "ada3ada", "{on}");
    });
}

#[test]
fn a_backfill_that_nothing_needs_is_an_error() {
    let s = Session::on_sqlite(Place::new());
    s.applies(WITHOUT, "one");
    s.applies(WITH, "two");
    insta::assert_snapshot!(
        s.run(&["rollback --backfill users.name=1", "plan --to 1 --backfill users.nme=1", "plan --backfill users.name=1"]), @r#"
    $ rosey rollback --backfill users.name=1
    | error: --backfill users.name=1: the rollback neither adds this column nor makes it NOT NULL
    |   help: remove it; run rosey rollback to see what it changes
    exit 1
    $ rosey plan --to 1 --backfill users.nme=1
    | error: --backfill users.nme=1: the recorded schema has no such column
    |   help: write it as TABLE.COLUMN=SQL, like --backfill "users.email=''"
    exit 1
    $ rosey plan --backfill users.name=1
    | error: --backfill is only for a rollback: it requires --to
    |   help: for a plan to the schema file, write `backfill` as a child of the column
    exit 1
    "#);
}

/// Checks the warning of a rollback plan about objects that no apply created, in each format and in a saved
/// plan.
fn told_everywhere(on: &str, s: &Session, to: &str, told: &[&str]) {
    for format in ["text", "json", "sql", "markdown", "html", "sarif", "github"] {
        let shown = s.rosey(&["plan", "--to", to, "--format", format]).exits(0).out.replace("\\_", "_");
        told.iter().for_each(|t| assert!(shown.contains(t), "{on}, {format}: {t}\n{shown}"));
    }
    s.rosey(&["plan", "--to", to, "--out", "back.plan.kdl"]).exits(0);
    for command in [&["show", "back.plan.kdl"][..], &["rollback", "--to", to, "--auto-approve"]] {
        let shown = s.rosey(command).out;
        told.iter().for_each(|t| assert!(shown.contains(t), "{on}: {t}\n{shown}"));
    }
}

#[test]
fn a_rollback_warns_of_what_no_apply_created() {
    everywhere(|on, s, value| {
        s.applies(WITHOUT, "one");
        value("ALTER TABLE users ADD COLUMN by_hand integer");
        value("CREATE TABLE handmade (id integer)");
        s.quietly(&["inspect --write", "stamp -m adopted"]);
        let adopted = s.place.read("schema.kdl");
        s.applies(&adopted.replace("column by_hand integer", "column by_hand integer\n    column made integer"), "three");
        let column = "rosey did not create column by_hand: version 2 found it in the database";
        let table = "rosey did not create table handmade: version 2 found it in the database";
        told_everywhere(on, &s, "1", &["drops-adopted", column, table]);
        let shown = s.rosey(&["plan", "--to", "1"]).exits(0).out;
        assert!(!shown.contains("did not create column made"), "{on}\n{shown}");
        value("ALTER TABLE users ADD COLUMN later integer");
        let shown = s.rosey(&["plan", "--to", "2"]).exits(0).out;
        assert!(shown.contains("rosey did not create column later: it was created outside rosey after the last apply"), "{on}\n{shown}");
        assert!(!shown.contains("by_hand:"), "{on}\n{shown}");
    });
}

#[test]
fn a_rollback_warns_of_sequences_that_begin_again() {
    everywhere(|on, s, value| {
        if !on.starts_with("PostgreSQL") {
            return;
        }
        s.applies(&format!("sequence tickets\n{WITHOUT}"), "one");
        value("SELECT nextval('tickets')::text");
        s.applies(WITHOUT, "two");
        let told = "sequence tickets restarts at its start value; version 2 dropped its current value";
        told_everywhere(on, &s, "1", &["values-not-restored", told]);
    });
}

#[test]
fn a_rollback_warns_of_values_that_were_converted_and_filled_because_their_types_changed() {
    let schema = |mood: &str, short: &str, whole: &str, using: &str, fill: &str| {
        format!(
            "enum mood {mood}\ndomain short {short}\ndomain whole {whole}\ntable t {{\n    column id integer primary-key\n    \
             column d mood{using} }}\n    column b short {{ using \"left(b, 2)\" }}\n    column n whole{fill}\n}}\n"
        )
    };
    everywhere(|on, s, value| {
        if !on.starts_with("PostgreSQL") {
            return;
        }
        s.applies(&schema("sad ok", "text", "integer", " { using \"'ok'\"", ""), "one");
        value("INSERT INTO t VALUES (1, 'sad', 'abcdef', NULL)");
        let after = schema("ok", "\"varchar(2)\"", "integer not-null", " { using \"'ok'\"", " { backfill \"5\" }");
        s.applies(&after, "two");
        let kept = |column: &str, what: &str| format!("column {column} keeps the values that version 2 {what}");
        let (d, b) = (kept("d", "converted with"), kept("b", "converted with"));
        let n = kept("n", "filled in for NULL");
        told_everywhere(on, &s, "1", &["values-not-restored", &d, &b, &n]);
    });
}
