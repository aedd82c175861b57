//! `prevent-destroy`: guarded objects remain, even if the flag is removed from the file before an apply.

use super::Place;

const KEPT: &str = "table users {\n    column id serial primary-key\n    column name text prevent-destroy\n}\n";
const OTHER: &str = "table logs {\n    column id serial primary-key\n}\n";

/// Returns why this schema is refused.
fn refused(place: &Place, schema: &str) -> String {
    place.write("schema.kdl", schema);
    let before = place.snapshot();
    let run = place.apply(&["-q", "--allow-destructive"]).exits(3);
    assert_eq!(place.snapshot(), before);
    run.err
}

#[test]
fn a_guarded_column_does_not_go_with_its_table() {
    let place = Place::having(&format!("{KEPT}{OTHER}"), "INSERT INTO users (name) VALUES ('ann')");
    let told = refused(&place, OTHER);
    assert!(told.contains("table.users.column.name (prevent-destroy)"), "{told}");
}

#[test]
fn a_guarded_column_does_not_become_a_generated_one() {
    let place = Place::having(KEPT, "INSERT INTO users (name) VALUES ('ann')");
    for flags in ["text generated=\"'x'\"", "text prevent-destroy generated=\"'x'\""] {
        let told = refused(&place, &KEPT.replace("text prevent-destroy", flags));
        assert!(told.contains("table.users.column.name (prevent-destroy)"), "{told}");
    }
    place.write("schema.kdl", KEPT.replace(" prevent-destroy", ""));
    place.apply(&["-q"]).exits(0);
    place.write("schema.kdl", KEPT.replace("text prevent-destroy", "text generated=\"'x'\""));
    place.apply(&["-q", "--allow-destructive"]).exits(0);
}

#[test]
fn what_was_ignored_meanwhile_is_guarded_still() {
    let place = Place::having(&format!("{KEPT}{OTHER}"), "INSERT INTO users (name) VALUES ('ann')");
    let more = OTHER.replace("}\n", "    column line text\n}\n");
    place.write("schema.kdl", format!("ignore users\n{more}"));
    place.apply(&["-q"]).exits(0);
    let drift = place.rosey(&["drift", "--url", "test.db"]);
    assert_eq!(drift.code, Some(0), "{drift}");
    let told = refused(&place, &more);
    assert!(told.contains("table.users.column.name (prevent-destroy)"), "{told}");
    // Declared again with the flag, it is unchanged.
    place.write("schema.kdl", format!("{KEPT}{more}"));
    let run = place.rosey(&["plan", "--url", "test.db"]);
    assert!(run.out.starts_with("No changes."), "{run}");
}
