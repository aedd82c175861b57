//! A case on SQLite: create `before`, insert the rows, plan, snapshot, apply, plan again (nothing), compare
//! the rows, and roll back. Once with the cheapest steps, once with rebuilds only.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kdl::{KdlEntry, KdlValue};
use rosey::apply::rollback::{To, rollback_target};
use rosey::apply::{self, ApplyError, BackupMode, Desired, EngineOptions, Options, PlanOptions, Silent, SqlitePath};
use rosey::engine::PlanError;
use rosey::engine::sqlite::offline;
use rosey::plan::{Kind, Plan};
use rosey::render;
use rosey::schema::{Dialect, Normalized};

use super::script::Scripted;
use super::{Case, Row};
use crate::support::{Database, desired, quote, wait};

fn schema(case: &Case, name: &str) -> Normalized {
    desired(&case.text(name)).unwrap_or_else(|e| panic!("{name}:\n{e}"))
}

fn literal(entry: &KdlEntry) -> String {
    match entry.value() {
        KdlValue::String(s) if entry.ty().is_some() => s.clone(),
        KdlValue::String(s) => format!("'{}'", s.replace('\'', "''")),
        KdlValue::Bool(b) => i32::from(*b).to_string(),
        KdlValue::Null => "NULL".to_owned(),
        _ => entry.format().unwrap().value_repr.clone(),
    }
}

pub fn run(path: &Path) -> datatest_stable::Result<()> {
    let case = Case::read(path, Dialect::Sqlite)?;
    if case.is_for_another().is_none() {
        there_and_back(path, &case, SqlitePath::Cheapest);
        there_and_back(path, &case, SqlitePath::Rebuild);
    }
    Ok(())
}

fn there_and_back(path: &Path, case: &Case, by: SqlitePath) {
    let database = begin(case);
    let before = Before::of(&database);
    if case.has("refused") {
        return refused(case, &database, &before);
    }
    let after = schema(case, "after");
    let plan = database.plan(&after).unwrap_or_else(|e| panic!("{e:?}"));
    if by == SqlitePath::Cheapest {
        super::snapshot(path, Dialect::Sqlite, &render::text(&plan, "the schema", render::Style::default()), &render::sql(&plan));
    }
    assert_eq!(plan.is_empty(), case.has("no-changes"), "no-changes");
    is_planned_alike_without_the_database(&database, &after, by);
    if case.has("destructive") {
        let error = database.apply(&after, false).expect_err("a destructive change needs leave");
        assert!(matches!(error, ApplyError::Blocked(_)), "{error:?}");
        before.is_untouched(&database);
    }
    let scripted = Scripted::on_a_copy(&database, &after, by);
    database.apply_by(&after, case.has("destructive"), by).unwrap_or_else(|e| panic!("{e:?}"));
    if let Some(scripted) = scripted {
        scripted.is_as(&database, &after);
    }
    is_settled(&database, &after);
    before.rows_are_kept(&database, &after);
    expected_rows(case, &database);
    if !case.has("no-way-back") && !plan.is_empty() {
        goes_back(&database, &before, by);
    }
}

/// Rolls back, which must restore the schema before the change.
fn goes_back(database: &Database, before: &Before, by: SqlitePath) {
    let live = database.live();
    let target = rollback_target(&wait(live.history()).unwrap(), To::Back(1), Dialect::Sqlite).unwrap();
    let back = Desired::new(target.desired.clone(), Dialect::Sqlite).unwrap_or_else(|e| panic!("the rollback: {e:?}"));
    let plan = wait(live.plan(&back, PlanOptions { engine: EngineOptions::default().by(by), ..PlanOptions::default() }))
        .unwrap_or_else(|e| panic!("the rollback: {e:?}"))
        .plan;
    let backup = BackupMode::Never;
    let options = Options { allow_destructive: true, backup, kind: Kind::Rollback, back_to: Some(target.back_to), ..Options::default() };
    let applied = wait(live.apply(back.normalized(), &plan, &options, Arc::default(), &mut Silent));
    applied.unwrap_or_else(|e| panic!("the rollback: {e:?}\n{}", render::sql(&plan)));
    is_settled(database, &desired(&before.kdl).unwrap());
    assert_eq!(wait(live.drift()).unwrap(), None);
}

/// Checks that a plan from facts makes the same changes with the same statements.
fn is_planned_alike_without_the_database(database: &Database, after: &Normalized, by: SqlitePath) {
    let (desired, plan_options) =
        (Desired::from(after.clone()), PlanOptions { engine: EngineOptions::default().by(by), ..PlanOptions::default() });
    let noted = wait(database.live().plan_with_snapshot(&desired, plan_options)).unwrap();
    let (live, state) = (noted.plan, noted.state);
    let offline = wait(apply::plan_offline(&state, &desired, plan_options)).unwrap().plan;
    assert_eq!(offline.changes, live.changes);
    let work = |p: &Plan| p.steps.iter().map(|s| (s.address.to_string(), s.action, s.statements.clone())).collect::<Vec<_>>();
    assert_eq!(work(&offline), work(&live));
    assert_eq!((&offline.fingerprint, &offline.guards), (&live.fingerprint, &live.guards));
    assert!(offline.hazards().all(|h| h.count.is_none() && !h.text().contains("number of an unknown")));
    if database.path.exists() {
        assert_eq!(rosey::kdl::encode(&offline::schema(&state.facts).unwrap()), database.inspect());
    }
}

fn begin(case: &Case) -> Database {
    let database = Database::new();
    if let Some(sql) = case.argument("before-sql") {
        database.run(sql, false);
        // The schema of any database, as KDL, must plan to nothing.
        is_settled(&database, &desired(&database.inspect()).unwrap());
    } else if !case.text("before").trim().is_empty() {
        let before = schema(case, "before");
        if !before.schema().is_empty() {
            database.apply(&before, false).unwrap_or_else(|e| panic!("before: {e:?}"));
            is_settled(&database, &before);
        }
    }
    for Row { table, cells, .. } in case.rows("rows") {
        let columns: Vec<String> = cells.iter().map(|(c, _)| quote(c)).collect();
        let values: Vec<String> = cells.iter().map(|(_, v)| literal(v)).collect();
        database.run(&format!("INSERT INTO {} ({}) VALUES ({})", quote(&table), columns.join(", "), values.join(", ")), true);
    }
    database
}

fn is_settled(database: &Database, schema: &Normalized) {
    let plan = database.plan(schema).unwrap_or_else(|e| panic!("{e:?}"));
    assert!(plan.is_empty(), "a second plan is not empty:\n{}", render::text(&plan, "the schema", render::Style::default()));
    assert_eq!(database.value("PRAGMA integrity_check"), "ok");
    let own = desired(&database.inspect()).unwrap_or_else(|e| panic!("inspect's own KDL:\n{e}"));
    let plan = database.plan(&own).unwrap();
    assert!(plan.is_empty(), "inspect's KDL does not plan to nothing:\n{}", render::text(&plan, "it", render::Style::default()));
}

fn refused(case: &Case, database: &Database, before: &Before) {
    let wanted = case.argument("refused").unwrap();
    let message = match desired(&case.text("after")) {
        Err(message) => message,
        Ok(after) => match database.apply(&after, !case.has("without-leave")) {
            Ok(_) => panic!("was not refused"),
            Err(ApplyError::Blocked(hazards)) => hazards.iter().map(|h| format!("{} {}\n", h.address, h.text())).collect(),
            Err(ApplyError::Plan(PlanError::Schema { problems, .. })) => problems.iter().map(|p| p.message.clone()).collect(),
            Err(other) => panic!("not a refusal: {other:?}"),
        },
    };
    assert!(message.contains(wanted), "{message:?} does not say {wanted:?}");
    before.is_untouched(database);
}

/// Backup of the database.
struct Before {
    kdl: String,
    schema: Vec<Vec<String>>,
    tables: BTreeMap<String, (Vec<String>, Vec<Vec<String>>)>,
    types: BTreeMap<(String, String), String>,
}

impl Before {
    fn of(database: &Database) -> Self {
        let tables = database.tables();
        let dump = |(t, c): (String, Vec<String>)| (t.clone(), (c.clone(), database.dump(&t, &c)));
        Before {
            kdl: database.inspect(),
            schema: database
                .rows("SELECT type, name, sql FROM sqlite_schema WHERE tbl_name NOT LIKE '\\_rosey%' ESCAPE '\\' ORDER BY 1, 2"),
            types: types(database),
            tables: tables.into_iter().map(dump).collect(),
        }
    }

    fn is_untouched(&self, database: &Database) {
        let now = Before::of(database);
        assert_eq!(now.schema, self.schema);
        assert_eq!(now.tables, self.tables);
    }

    /// Checks that every value of every column in both schemas, by its name or its old one, is unchanged,
    /// except in columns that the change converts or backfills.
    fn rows_are_kept(&self, database: &Database, after: &Normalized) {
        let now = types(database);
        for table in after.schema().tables.values() {
            let name = table.name.name.as_str();
            let old = |n: &str, was: &[rosey::schema::Ident], has: &dyn Fn(&str) -> bool| {
                was.iter().map(ToString::to_string).chain([n.to_owned()]).find(|n| has(n))
            };
            let has = |n: &str| self.tables.keys().any(|t| t.eq_ignore_ascii_case(n));
            let Some(old_table) = old(name, &table.was, &has) else { continue };
            if table.was.is_empty() && after.schema().tables.values().any(|t| t.was.contains(&table.name.name)) {
                continue; // Another object now has its name, and this table is new.
            }
            let (key, (columns, _)) = self.tables.iter().find(|(t, _)| t.eq_ignore_ascii_case(&old_table)).unwrap();
            let mut pairs = Vec::new();
            for column in table.columns.values().filter(|c| c.generated.is_none() && c.using.is_none() && c.backfill.is_none()) {
                let has = |n: &str| columns.iter().any(|c| c.eq_ignore_ascii_case(n));
                let Some(from) = old(column.name.as_str(), &column.was, &has) else { continue };
                if column.was.is_empty() && table.columns.values().any(|c| c.was.contains(&column.name) && c.backfill.is_none()) {
                    continue;
                }
                let from = columns.iter().find(|c| c.eq_ignore_ascii_case(&from)).unwrap().clone();
                let same_type = self.types[&(key.to_lowercase(), from.to_lowercase())]
                    == now[&(name.to_lowercase(), column.name.as_str().to_lowercase())];
                if same_type {
                    pairs.push((from, column.name.to_string()));
                }
            }
            let (from, to): (Vec<String>, Vec<String>) = pairs.into_iter().unzip();
            let picked =
                |row: &Vec<String>| from.iter().map(|f| row[columns.iter().position(|c| c == f).unwrap()].clone()).collect::<Vec<_>>();
            let mut wanted: Vec<Vec<String>> = self.tables[key].1.iter().map(picked).collect();
            wanted.sort();
            if !from.is_empty() {
                assert_eq!(database.dump(name, &to), wanted, "{name}: the values of {to:?}");
            }
        }
    }
}

fn types(database: &Database) -> BTreeMap<(String, String), String> {
    let of = |table: &str| {
        let sql = format!("SELECT name, upper(type) FROM pragma_table_xinfo('{}')", table.replace('\'', "''"));
        database.rows(&sql).into_iter().map(move |r| ((table.to_lowercase(), r[0].to_lowercase()), r[1].clone())).collect::<Vec<_>>()
    };
    database.tables().iter().flat_map(|(t, _)| of(t)).collect()
}

fn expected_rows(case: &Case, database: &Database) {
    let mut tables: BTreeMap<String, Vec<Vec<(String, String)>>> = BTreeMap::new();
    for Row { table, cells, .. } in case.rows("expect-rows") {
        tables.entry(table).or_default().push(cells.iter().map(|(c, v)| (c.clone(), literal(v))).collect());
    }
    for (table, rows) in tables {
        let columns: Vec<&String> = rows[0].iter().map(|(c, _)| c).collect();
        let list: Vec<String> = columns.iter().map(|c| format!("quote({})", quote(c))).collect();
        let mut found = database.rows(&format!("SELECT {} FROM {}", list.join(", "), quote(&table)));
        let shown = |cells: &Vec<(String, String)>| {
            let value = |c: &&String| cells.iter().find(|(n, _)| n == *c).map_or("NULL", |(_, v)| v.as_str());
            let literals: Vec<String> = columns.iter().map(|c| format!("quote({})", value(c))).collect();
            database.rows(&format!("SELECT {}", literals.join(", "))).remove(0)
        };
        let mut wanted: Vec<Vec<String>> = rows.iter().map(shown).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{table} {columns:?}");
    }
}
