//! Names that are exchanged or used again: plans that differ in nothing else, and the way back over them.

use super::Place;
use super::saved::apply;
use super::transcript::Session;

const PEOPLE: &str = "table people {\n    column id serial primary-key\n    column first text\n    column last text\n}\n";
const EXCHANGED: &str =
    "table people {\n    column id serial primary-key\n    column first text was=last\n    column last text was=first\n}\n";

#[test]
fn a_saved_exchange_of_names_is_applied_once_and_undone_once() {
    let (place, url) = (Place::new(), "test.db");
    place.save(url, PEOPLE, "plans/0001.plan.kdl");
    apply(&place, url, &["plans"]).exits(0);
    place.database.run("INSERT INTO people (first, last) VALUES ('Lovelace', 'Ada')", true);
    let first = || place.database.value("SELECT first FROM people");
    place.save(url, EXCHANGED, "plans/0002.plan.kdl");
    let run = apply(&place, url, &["plans"]).exits(0);
    assert!(run.out.starts_with("plans/0002.plan.kdl"), "{run}");
    assert_eq!(first(), "Ada");
    assert_eq!(apply(&place, url, &["plans"]).exits(0).out, "No changes. No plan in plans is left to apply.\n");
    place.on(url, &["plan", "--to", "1", "--out", "plans/", "-m", "back"]).exits(0);
    let run = apply(&place, url, &["plans"]).exits(0);
    assert!(run.out.starts_with("plans/0003-back.plan.kdl"), "{run}");
    assert_eq!(first(), "Lovelace");
    assert_eq!(apply(&place, url, &["plans"]).exits(0).out, "No changes. No plan in plans is left to apply.\n");
}

#[test]
fn a_name_that_was_used_again_in_one_apply_is_given_back_in_two() {
    let session = Session::on_sqlite(Place::new());
    session.applies("table t {\n    column id serial primary-key\n    column a text\n}\n", "one");
    session.place.database.run("INSERT INTO t (a) VALUES ('kept')", true);
    let renamed = "table t {\n    column id serial primary-key\n    column b text was=a\n}\n";
    session.applies(&renamed.replace("was=a\n", "was=a\n    column a text\n"), "two");
    let back = ["rollback", "--auto-approve", "--allow-destructive", "--backup", "never"];
    let run = session.place.on("test.db", &back).exits(3);
    assert!(run.err.contains("column t.a cannot get its name back: something that is new since has it"), "{run}");
    assert!(run.err.contains("apply a schema without the new column t.a, or with another name for it"), "{run}");
    session.applies(&renamed.replace(" was=a", ""), "three");
    session.place.on("test.db", &[&back[..], &["2"]].concat()).exits(0);
    assert_eq!(session.place.database.value("SELECT a FROM t"), "kept");
}
