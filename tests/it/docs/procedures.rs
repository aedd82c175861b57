//! Procedures in the documents are executed here, word for word, while applications write.

use super::workshop::{Workshop, between};
use crate::support::postgres::{self, Database};

/// Runs a test with a workshop and a database on each server whose programs are installed.
fn on_servers(test: impl Fn(&Workshop, &Database)) {
    let mut tested = false;
    for server in postgres::servers() {
        let database = server.database();
        if let Some(shop) = Workshop::on(&database) {
            test(&shop, &database);
            tested = true;
        }
    }
    if !tested {
        postgres::skip("no server has psql and pg_dump beside it");
    }
}

#[test]
fn a_rename_without_a_stop_loses_nothing() {
    let steps = between("docs/zero-downtime.md", "### Renaming a column", "### Dropping a column");
    let [add, apply, keep_both, end, take_out, drop] = steps.as_slice() else { panic!("{} steps", steps.len()) };
    on_servers(|shop, database| {
        shop.write("schema.kdl", "table outbox {\n    column id serial primary-key\n    column last_error text\n}\n");
        shop.run("rosey apply --auto-approve");
        database.sql("INSERT INTO outbox (last_error) VALUES ('before'), (''), (NULL), ('changes'), ('goes')");
        shop.follow(add);
        shop.follow(apply);
        database.sql("INSERT INTO outbox (last_error) VALUES ('between')");
        shop.follow(keep_both);
        assert!(shop.run("rosey plan").contains("No changes."), "rosey minds the trigger");
        // Applications of both versions.
        database
            .sql("INSERT INTO outbox (last_error) VALUES ('by an old one'); INSERT INTO outbox (error_message) VALUES ('by a new one')");
        database.sql("UPDATE outbox SET last_error = 'changed by an old one' WHERE last_error = 'changes'");
        database.sql("UPDATE outbox SET error_message = 'by both' WHERE last_error = 'by an old one'");
        database.sql("UPDATE outbox SET last_error = NULL WHERE last_error = 'goes'");
        let different = "SELECT count(*)::text FROM outbox WHERE last_error IS DISTINCT FROM error_message";
        assert_eq!(database.value(different), "0");
        shop.follow(end);
        database.sql("INSERT INTO outbox (error_message) VALUES ('late')");
        shop.follow(take_out);
        shop.follow(drop);
        let all = "SELECT string_agg(coalesce(error_message, 'NULL'), '|' ORDER BY id) FROM outbox";
        assert_eq!(database.value(all), "before||NULL|changed by an old one|NULL|between|by both|by a new one|late");
    });
}

const BEFORE: &str = "\
enum mood a b
table outbox {
    column id serial primary-key
    column of mood default=b
    column error_message text
}
table old_things {
    column id serial primary-key
    column name text
}
";

/// Executes the block of docs/deploy.md at `at`, after a drop.
fn way_back(shop: &Workshop, database: &Database, after: &str, at: usize) {
    shop.write("schema.kdl", BEFORE);
    shop.run("rosey apply --auto-approve");
    database.sql("INSERT INTO outbox (error_message) VALUES ('it''s'), (''), (NULL), ('two\nlines, with \"quotes\"')");
    database.sql("INSERT INTO old_things (name) VALUES ('Zoë'), ('日本')");
    shop.write("schema.kdl", after);
    shop.run("rosey apply --auto-approve --allow-destructive");
    let dump = shop.run("ls *.dump").trim().to_owned();
    let blocks = between("docs/deploy.md", "## Rolling back on PostgreSQL", "");
    let script = blocks[at].text.replace("chat.20261122T185651469Z.dump", "THE_DUMP");
    shop.run(&script.replace("chat", &database.name).replace("THE_DUMP", &dump));
}

#[test]
fn a_dropped_table_comes_back_from_the_dump() {
    on_servers(|shop, database| {
        let after = BEFORE.split("table old_things").next().unwrap();
        way_back(shop, database, after, 0);
        database.sql("INSERT INTO old_things (name) VALUES ('new')");
        assert_eq!(database.value("SELECT string_agg(id || name, ' ' ORDER BY id) FROM old_things"), "1Zoë 2日本 3new");
    });
}

#[test]
fn a_dropped_column_comes_back_from_the_dump() {
    on_servers(|shop, database| {
        way_back(shop, database, &BEFORE.replace("    column error_message text\n", ""), 1);
        let all = "SELECT string_agg(coalesce(error_message, 'NULL'), '|' ORDER BY id) FROM outbox";
        assert_eq!(database.value(all), "it's||NULL|two\nlines, with \"quotes\"");
        assert!(!shop.path("back.csv").exists());
    });
}
