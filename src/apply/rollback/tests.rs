use super::*;

fn entry(number: i64, kind: &str, before: &str, after: &str) -> Entry {
    let row = serde_json::json!({
        "number": number, "format": 2, "plan": "", "kind": kind, "schema_before": before, "schema_after": after, "renames": "",
        "sql": "", "applied_at": "", "duration_ms": 0, "rows_copied": 0, "rosey_version": "", "server_version": "", "outcome": "applied",
    });
    serde_json::from_value(row).unwrap()
}

fn back(number: i64, to: i64, before: &str, after: &str) -> Entry {
    Entry { back_to: Some(to), ..entry(number, "rollback", before, after) }
}

fn table(name: &str) -> String {
    format!("table {name} {{ column a integer; column b text }}")
}

fn names(target: &RollbackTarget) -> Vec<String> {
    target.desired.tables.keys().map(ToString::to_string).collect()
}

/// Returns three applies, each of which replaces the table of the one before.
fn three() -> Vec<Entry> {
    (1..=3).map(|n| entry(n, "apply", &table(&format!("t{}", n - 1)), &table(&format!("t{n}")))).collect()
}

#[test]
fn a_second_rollback_goes_one_further() {
    let mut entries = three();
    let first = rollback_target(&entries, To::Back(1), Dialect::Sqlite).unwrap();
    assert_eq!((first.back_to, names(&first), first.undone), (2, vec!["t2".to_owned()], vec![3]));
    entries.push(back(4, 2, &table("t3"), &table("t2")));
    let second = rollback_target(&entries, To::Back(1), Dialect::Sqlite).unwrap();
    assert_eq!((second.back_to, names(&second), second.undone), (1, vec!["t1".to_owned()], vec![2]));
    entries.push(entry(5, "apply", &table("t2"), &table("t5")));
    let third = rollback_target(&entries, To::Back(2), Dialect::Sqlite).unwrap();
    assert_eq!((third.back_to, names(&third), third.undone), (1, vec!["t1".to_owned()], vec![5, 2]));
}

#[test]
fn base_is_what_was_found() {
    let mut entries = vec![entry(1, "stamp", &table("found"), &table("found"))];
    entries.push(entry(2, "apply", &table("found"), &table("new")));
    for (to, number) in [(To::Base, 0), (To::Back(1), 1), (To::Number(1), 1)] {
        let target = rollback_target(&entries, to, Dialect::Sqlite).unwrap();
        assert_eq!((target.back_to, names(&target)), (number, vec!["found".to_owned()]));
    }
    let too_far = rollback_target(&entries, To::Back(2), Dialect::Sqlite).unwrap_err();
    assert_eq!(too_far, NoRollbackTarget::TooFar { left: 1, wanted: 2 });
}

#[test]
fn what_was_undone_is_on_no_way_back() {
    let mut entries = three();
    entries.push(back(4, 1, &table("t3"), &table("t1")));
    assert_eq!(rollback_target(&entries, To::Number(2), Dialect::Sqlite).unwrap_err(), NoRollbackTarget::Undone { number: 2, by: 4 });
    assert_eq!(rollback_target(&entries, To::Number(4), Dialect::Sqlite).unwrap().back_to, 1);
    assert_eq!(rollback_target(&entries, To::Number(9), Dialect::Sqlite).unwrap_err(), NoRollbackTarget::NoSuchNumber(9));
    assert_eq!(rollback_target(&[], To::Base, Dialect::Sqlite).unwrap_err(), NoRollbackTarget::Empty);
}

#[test]
fn renames_are_inverted_through_all_steps() {
    let old = "table a { column x integer; column y text }";
    let mut entries = vec![entry(1, "apply", old, "table b { column y integer; column z text }")];
    entries[0].renames = "table \"\" \"\" a b\ncolumn \"\" b y z\ncolumn \"\" b x y\n".to_owned();
    entries.push(entry(2, "apply", &entries[0].schema_after, "table c { column y2 integer; column z text }"));
    entries[1].renames = "table \"\" \"\" b c\ncolumn \"\" c y y2\n".to_owned();
    let target = rollback_target(&entries, To::Back(2), Dialect::Sqlite).unwrap();
    let table = target.desired.tables.values().next().unwrap();
    let was = |w: &[Ident]| w.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(was(&table.was), ["c"]);
    assert_eq!(table.columns.values().map(|c| was(&c.was)).collect::<Vec<_>>(), [["y2"], ["z"]]);
    assert!(target.losses.is_empty());
}

#[test]
fn what_an_apply_dropped_is_told_with_its_backup() {
    let mut entries =
        vec![entry(1, "apply", "table t { column a text; column b text }\ntable u { column a text }", "table t { column a text }")];
    entries[0].backup = Some("x.backup".to_owned());
    let target = rollback_target(&entries, To::Base, Dialect::Sqlite).unwrap();
    let told: Vec<(String, bool)> = target.losses.iter().map(|d| (d.table.to_string(), d.column.is_some())).collect();
    assert_eq!(told, [("t".to_owned(), true), ("u".to_owned(), false)]);
    assert!(target.losses.iter().all(|d| d.backup.as_deref() == Some("x.backup")));
}

#[test]
fn a_column_gets_its_name_back_from_one_that_is_newer() {
    let new = "table t { column x text; column y text }";
    let mut entries = vec![entry(1, "apply", "table t { column x text }", new)];
    entries[0].renames = "column \"\" t x y\n".to_owned();
    let target = rollback_target(&entries, To::Back(1), Dialect::Sqlite).unwrap();
    let was: Vec<String> = target.desired.tables[0].columns.values().map(|c| format!("{} was {}", c.name, c.was[0])).collect();
    assert_eq!((was, target.desired.names_are_exact), (vec!["x was y".to_owned()], true));
}

#[test]
fn names_that_were_exchanged_are_exchanged_back() {
    let both = "table t { column x text; column y text }";
    let mut entries = vec![entry(1, "apply", both, both)];
    entries[0].renames = "column \"\" t x y\ncolumn \"\" t y x\n".to_owned();
    let target = rollback_target(&entries, To::Back(1), Dialect::Sqlite).unwrap();
    let was: Vec<String> = target.desired.tables[0].columns.values().map(|c| format!("{} was {}", c.name, c.was[0])).collect();
    assert_eq!(was, ["x was y", "y was x"]);
}

#[test]
fn columns_of_tables_in_other_schemas_are_renamed_back_too() {
    let table = |c: &str| format!("table q schema=app {{ column {c} text }}");
    let mut entries = vec![entry(1, "apply", &table("u"), &table("uu"))];
    entries[0].renames = "column app q u uu\n".to_owned();
    let target = rollback_target(&entries, To::Back(1), Dialect::Postgres).unwrap();
    let column = target.desired.tables.values().flat_map(|t| t.columns.values()).next().unwrap();
    assert_eq!(column.was.iter().map(ToString::to_string).collect::<Vec<_>>(), ["uu"]);
}

/// Returns the rollback of the last of these one-table schemas, which were applied in order.
fn back_over(schemas: &[&str]) -> RollbackTarget {
    let pairs = schemas.windows(2).zip(1..);
    let entries: Vec<Entry> = pairs.map(|(pair, number)| entry(number, "apply", pair[0], pair[1])).collect();
    rollback_target(&entries, To::Back(1), Dialect::Sqlite).unwrap()
}

fn column<'w>(target: &'w RollbackTarget, name: &str) -> &'w crate::schema::Column {
    target.desired.tables.values().flat_map(|t| t.columns.values()).find(|c| c.name.as_str() == name).unwrap()
}

#[test]
fn a_using_runs_again_only_from_the_type_that_it_was_written_for() {
    let (dollars, cents) = ("table t { column p real }", "table t { column p integer { using \"p * 100\" } }");
    let stale = back_over(&[dollars, cents, "table t { column p bigint }"]);
    assert!(column(&stale, "p").using.is_none());
    let fits = back_over(&[dollars, cents, "table t { column p real { using \"p / 100.0\" } }"]);
    assert_eq!(column(&fits, "p").using.as_ref().unwrap().text, "p * 100");
    // The `using` has never run in this database, so it is unknown what it was written for.
    let unknown = back_over(&["table u { column x text }", cents, "table t { column p real }"]);
    assert!(column(&unknown, "p").using.is_none());
}

#[test]
fn a_backfill_runs_again_only_where_what_it_read_is_there() {
    let old = "table t { column revoked integer }";
    let new = "table t { column active boolean not-null default=#true { backfill \"revoked = 0\" } }";
    let gone = back_over(&[old, new, "table t { column other text }"]);
    assert!(column(&gone, "active").backfill.is_none());
    let there = back_over(&[old, new, old]);
    assert!(column(&there, "active").backfill.is_some());
    let another_type = back_over(&[old, new, "table t { column revoked text }"]);
    assert!(column(&another_type, "active").backfill.is_none());
}

#[test]
fn what_was_converted_and_filled_is_told() {
    let old = "table t { column p real; column n integer }";
    let entries =
        [entry(1, "apply", old, "table t { column p integer { using \"p * 100\" }; column n integer not-null { backfill \"0\" } }")];
    let target = rollback_target(&entries, To::Base, Dialect::Sqlite).unwrap();
    let told: Vec<_> = target.losses.iter().map(|l| (l.column.as_ref().unwrap().to_string(), l.cause.word())).collect();
    assert_eq!(told, [("p".to_owned(), "converted"), ("n".to_owned(), "filled")]);
}

#[test]
fn what_has_the_name_now_is_not_what_was_there() {
    let (with, without) = ("table t { column a text; column b text }", "table t { column a text }");
    let mut entries = vec![entry(1, "apply", with, without), entry(2, "apply", without, with)];
    entries.push(entry(3, "apply", with, "table u { column x text }"));
    entries.push(entry(4, "apply", "table u { column x text }", with));
    let causes = |to| {
        let target = rollback_target(&entries[..], to, Dialect::Sqlite).unwrap();
        target.losses.iter().map(|l| (l.column.is_some(), l.cause.word(), l.by)).collect::<Vec<_>>()
    };
    assert_eq!(causes(To::Back(2)), [(false, "replaced", 3)]);
    let two = rollback_target(&entries[..2], To::Base, Dialect::Sqlite).unwrap();
    assert_eq!(two.losses.iter().map(|l| l.cause.word()).collect::<Vec<_>>(), ["replaced"]);
}
