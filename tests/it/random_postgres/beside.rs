//! Partitioned tables next to a random schema, which rosey does not manage: tables of the schema reference
//! one of them, and another one references a table of the schema. Whatever is applied, they must stay as they
//! are.

use std::fmt::Write as _;

use super::schema::{Dice, KEYS, RandomSchema, one_in, pick};
use crate::support::postgres::Database;

/// Tables that are partitioned in different ways, with a key to reference.
const PARTS: [&str; 4] = [
    "PARTITION BY RANGE (id); CREATE TABLE \"Parts_low\" PARTITION OF \"Parts\" FOR VALUES FROM (MINVALUE) TO (4); \
     CREATE TABLE parts_rest PARTITION OF \"Parts\" DEFAULT",
    "PARTITION BY HASH (id); CREATE TABLE p0 PARTITION OF \"Parts\" FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
     CREATE TABLE p1 PARTITION OF \"Parts\" FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    "PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF \"Parts\" FOR VALUES IN (1, 2, 3) PARTITION BY HASH (id); \
     CREATE TABLE p1_0 PARTITION OF p1 FOR VALUES WITH (MODULUS 1, REMAINDER 0); CREATE TABLE p2 PARTITION OF \"Parts\" DEFAULT",
    "PARTITION BY RANGE (id); CREATE TABLE apart (label text, id integer NOT NULL); \
     ALTER TABLE \"Parts\" ATTACH PARTITION apart FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
];

/// Which of the partitioned tables exist.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a>(pub &'a Dice);

impl Beside<'_> {
    /// Returns whether tables of the schema can reference a partitioned one.
    fn has_parts(self) -> bool {
        one_in(2, self.0[0])
    }

    /// Returns the table of the schema that a partitioned one references.
    fn target(self, schema: &RandomSchema) -> Option<usize> {
        let target = usize::from(self.0[1]) % 6;
        // A permanent table cannot reference an unlogged one.
        schema
            .tables
            .get(&target)
            .filter(|t| !KEYS[usize::from(t.dice[0]) % KEYS.len()].1.is_empty() && t.dice[14] % 4 != 3)
            .map(|_| target)
    }

    /// Writes their entries in the schema file.
    pub fn write(self, out: &mut String) {
        if self.has_parts() {
            writeln!(out, "unmanaged table \"Parts\"").unwrap();
        }
    }

    /// Writes the column of a table that references a partitioned one.
    pub fn write_reference(self, out: &mut String, table: &Dice) {
        if self.has_parts() && one_in(2, table[4] / 3) {
            let how =
                pick(&["", " on-delete=cascade", " deferrable=initially-deferred", " on-delete=set-null name=\"To Parts\""], table[5] / 4);
            writeln!(out, "    column part integer\n    foreign-key part references=\"\\\"Parts\\\"(id)\"{how}").unwrap();
        }
    }

    /// Creates what the schema references.
    pub fn make_parts(self, database: &Database) {
        if self.has_parts() {
            let kind = pick(&PARTS, self.0[2]);
            database.sql(&format!(
                "CREATE TABLE \"Parts\" (id integer PRIMARY KEY, label text) {kind}; \
                 INSERT INTO \"Parts\" SELECT n, 'p' || n FROM generate_series(-7, 8) n"
            ));
        }
    }

    /// Creates what references the schema; `name` returns the SQL name of each table.
    pub fn make_references(self, database: &Database, schema: &RandomSchema, name: impl Fn(usize) -> String) {
        let Some(target) = self.target(schema) else { return };
        let (table, ty) = (name(target), KEYS[usize::from(schema.tables[&target].dice[0]) % KEYS.len()].1);
        let how = pick(&["", " ON DELETE CASCADE", " DEFERRABLE INITIALLY DEFERRED", " ON UPDATE CASCADE"], self.0[3]);
        let (column, value) = pick(&[("", ""), ("", ""), (", state mood", ", 'ok'::mood"), (", state small", ", 1")], self.0[4]);
        database.sql(&format!(
            "CREATE TABLE \"Refs\" (ref {ty} REFERENCES {table} (id){how}, at integer{column}) PARTITION BY RANGE (at); \
             CREATE TABLE refs_1 PARTITION OF \"Refs\" FOR VALUES FROM (MINVALUE) TO (3); \
             CREATE TABLE \"refs rest\" PARTITION OF \"Refs\" DEFAULT; \
             INSERT INTO \"Refs\" SELECT id, row_number() OVER (ORDER BY id){value} FROM {table}"
        ));
    }
}

/// Returns what must not change about them: the objects, their columns and constraints, and their rows.
pub fn state(database: &Database) -> String {
    let mut state = database.value(
        "SELECT string_agg(concat_ws(' ', c.oid, c.relname, c.relfilenode, \
         (SELECT string_agg(concat_ws(' ', attname, atttypid, attnotnull), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid), \
         (SELECT string_agg(concat_ws(' ', conname, convalidated), ',' ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid)), \
         '; ' ORDER BY c.oid) FROM pg_class c WHERE c.relkind = 'p' OR c.relispartition",
    );
    for table in database.rows("SELECT oid::regclass FROM pg_class WHERE relkind = 'p' AND NOT relispartition ORDER BY oid") {
        state += &database.value(&format!("SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM {} t", table[0]));
    }
    state
}
