//! Names that are swapped or reused: plans in which nothing else differs, and their rollbacks.

use super::Place;
use super::alembic::everywhere;
use super::saved::apply;
use super::transcript::Session;
use crate::support::postgres::servers;

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
    assert_eq!(apply(&place, url, &["plans"]).exits(0).out, "No changes. plans has no plans left to apply.\n");
    place.on(url, &["plan", "--to", "1", "--out", "plans/", "-m", "back"]).exits(0);
    let run = apply(&place, url, &["plans"]).exits(0);
    assert!(run.out.starts_with("plans/0003-back.plan.kdl"), "{run}");
    assert_eq!(first(), "Lovelace");
    assert_eq!(apply(&place, url, &["plans"]).exits(0).out, "No changes. plans has no plans left to apply.\n");
}

const NAMES: &str = "table t {
    column id serial primary-key
    column a text
    column b text
}
";
const NAMES_USED_AGAIN: &str = "table u was=t {
    column id serial primary-key
    column c text was=a
    column a integer unique
    column a2 text was=b
}
table t {
    column id serial primary-key
    column z text
}
";

/// Renames a column and a table, and gives their names to new ones; one rollback restores both.
fn goes_back_over_names_that_were_used_again(session: &Session, run: &dyn Fn(&str), value: &dyn Fn(&str) -> String) -> String {
    session.applies(NAMES, "one");
    run("INSERT INTO t (a, b) VALUES ('kept', 'too')");
    session.applies(NAMES_USED_AGAIN, "two");
    run("INSERT INTO t (z) VALUES ('new')");
    run("UPDATE u SET a = 5");
    let shown = session.rosey(&["rollback", "--auto-approve"]).exits(3).to_string();
    assert!(!shown.contains("_rosey_"), "{shown}");
    session.rosey(&["rollback", "--auto-approve", "--allow-destructive", "--backup", "never"]).exits(0);
    assert_eq!(value("SELECT a || ' ' || b FROM t"), "kept too");
    session.place.write("schema.kdl", NAMES);
    session.rosey(&["plan", "--detailed-exitcode"]).exits(0);
    // The history does not treat the new names as renames that were done.
    session.applies(NAMES_USED_AGAIN, "again");
    assert_eq!(value("SELECT c || ' ' || a2 FROM u"), "kept too");
    shown
}

#[test]
fn names_that_were_used_again_are_given_back_by_one_rollback() {
    let session = Session::on_sqlite(Place::new());
    let database = &session.place.database;
    let shown = goes_back_over_names_that_were_used_again(&session, &|sql| database.run(sql, true), &|sql| database.value(sql));
    insta::assert_snapshot!(shown, @"
    $ rosey rollback --auto-approve
    Rolling back to version 1 (undoes 2)

    ~  change in place
    ±  rebuild
    -  destroy
    !  warning

    # table.t will be destroyed (not declared in the schema; 1 row)
    - table t
    ! destroys-table BLOCKED without --allow-destructive: drops table t (1 row)
    ! drops-adopted: rosey did not create column a: version 2 found it in the database
      to keep it, apply a schema file that declares it instead of this rollback: rosey history N --schema prints one
    ! drops-adopted: rosey did not create table t: version 2 found it in the database
      to keep it, apply a schema file that declares it instead of this rollback: rosey history N --schema prints one
    ! breaks-clients: running applications that use `u`, `c`, `a2` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    # table.t will be rebuilt (renamed from u; unique constraints change; 1 row copied, 8.0 KiB)
    ± table t {
    ~     column a   was c
    ~     column b   was a2
    -     column a integer unique
          # 1 unchanged column
      }
    ! destroys-column BLOCKED without --allow-destructive: drops column a (1 non-null value)

    # the rebuilds need about 16.0 KiB of free disk space

    Plan: 0 to add, 1 to change, 1 to destroy (1 column, 1 value, 1 row dropped). 1 table rebuilt, 1 row copied.
    | error: apply refused; nothing was changed
    |   table.t (destroys-table): drops table t (1 row)
    |   table.t.column.a (destroys-column): drops column a (1 non-null value)
    |   help: to allow this data loss and no other, add --allow destroy:table.t --allow destroy:table.t.column.a
    |   help: to allow all data loss in this plan, add --allow-destructive
    exit 3
    ");
}

#[test]
fn names_that_were_used_again_are_given_back_on_postgresql() {
    let Some(server) = servers().into_iter().next() else { return };
    let database = server.database();
    let session = Session::on_postgres(Place::new(), database.url());
    let shown = goes_back_over_names_that_were_used_again(&session, &|sql| database.sql(sql), &|sql| database.value(sql));
    insta::assert_snapshot!(shown, @"
    $ rosey rollback --auto-approve
    Rolling back to version 1 (undoes 2)

    ~  change in place
    -  destroy
    !  warning

    # sequence.t_id_seq will be changed in place
    ~ sequence t_id_seq {
    ~     owned-by u.id -> t.id
      }

    # sequence.t_id_seq1 will be destroyed
    - sequence t_id_seq1
    ! breaks-clients: running applications that use `t_id_seq1` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    # table.t will be destroyed (not declared in the schema)
    - table t
      # locks t: ACCESS EXCLUSIVE, briefly
    ! destroys-table BLOCKED without --allow-destructive: drops table t (1 row)
    ! drops-adopted: rosey did not create column a: version 2 found it in the database
      to keep it, apply a schema file that declares it instead of this rollback: rosey history N --schema prints one
    ! drops-adopted: rosey did not create table t: version 2 found it in the database
      to keep it, apply a schema file that declares it instead of this rollback: rosey history N --schema prints one
    ! breaks-clients: running applications that use `u`, `c`, `a2` will fail
      update or stop them first; `rosey explain breaks-clients` shows how to make the change in two steps

    # table.t will be changed in place (renamed from u)
    ~ table t {
    ~     column a   was c
    ~     column b   was a2
    -     column a integer unique
          # 1 unchanged column
      }
      # locks u: ACCESS EXCLUSIVE, briefly
    ! destroys-column BLOCKED without --allow-destructive: drops column a (1 non-null value)

    Plan: 0 to add, 2 to change, 2 to destroy (1 column, 1 value, 1 row dropped).
    | error: apply refused; nothing was changed
    |   table.t (destroys-table): drops table t (1 row)
    |   table.t.column.a (destroys-column): drops column a (1 non-null value)
    |   help: to allow this data loss and no other, add --allow destroy:table.t --allow destroy:table.t.column.a
    |   help: to allow all data loss in this plan, add --allow-destructive
    exit 3
    ");
}

fn exchanged_in(table: &str) -> String {
    NAMES.replace("table t", table).replace("column a text", "column a text was=b").replace("column b text", "column b text was=a")
}

#[test]
fn an_exchange_in_a_renamed_table_is_undone_and_done_again() {
    for name in ["u", "T"] {
        everywhere(|on, s, value| {
            let exchanged = exchanged_in(&format!("table {name} was=t"));
            s.applies(NAMES, "one");
            value("INSERT INTO t (a, b) VALUES ('1', '2')");
            s.applies(&exchanged, "two");
            let rows = format!("SELECT a || b FROM \"{name}\"");
            assert_eq!(value(&rows), "21", "{on}");
            s.rosey(&["rollback", "--auto-approve", "--backup", "never"]).exits(0);
            assert_eq!(value("SELECT a || b FROM t"), "12", "{on}");
            s.applies(&exchanged, "again");
            assert_eq!(value(&rows), "21", "{on}");
        });
    }
}

#[test]
fn a_rollback_knows_the_exchanges_of_the_version_that_it_restores() {
    for is_saved in [false, true] {
        everywhere(|on, s, value| {
            let exchanged = exchanged_in("table t");
            s.applies(NAMES, "one");
            value("INSERT INTO t (a, b) VALUES ('1', '2')");
            s.applies(&exchanged, "two");
            s.applies(&NAMES.replace("column b text", "column b text\n    column c text"), "three");
            let options = ["--auto-approve", "--allow-destructive", "--backup", "never"];
            if is_saved {
                s.rosey(&["plan", "--to", "2", "--out", "back.plan.kdl"]).exits(0);
                s.rosey(&[&["apply", "back.plan.kdl"][..], &options].concat()).exits(0);
            } else {
                s.rosey(&[&["rollback"][..], &options].concat()).exits(0);
            }
            s.place.write("schema.kdl", &exchanged);
            s.rosey(&["plan", "--detailed-exitcode"]).exits(0);
            assert_eq!(value("SELECT a || b FROM t"), "21", "{on}");
        });
    }
}

#[test]
fn the_schema_of_a_rollback_exchanges_nothing_when_it_is_applied() {
    everywhere(|_, s, _| {
        s.applies(NAMES, "one");
        s.applies(&exchanged_in("table t"), "two");
        s.rosey(&["rollback", "--auto-approve", "--backup", "never"]).exits(0);
        let restored = s.rosey(&["history", "3", "--schema"]).exits(0).out.clone();
        s.place.write("schema.kdl", &restored);
        s.rosey(&["plan", "--detailed-exitcode"]).exits(0);
    });
}
