//! A case on PostgreSQL: create `before`, insert the rows, plan, snapshot, apply, plan again (nothing),
//! compare the rows, and roll back. Once without blocking writers and once directly, with the same result.
//! The snapshot is taken on one version; the others run without one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use kdl::{KdlEntry, KdlValue};
use rosey::apply::rollback::{To, rollback_target};
use rosey::apply::{ApplyError, Desired, Options, Silent};
use rosey::engine::PlanError;
use rosey::plan::{Kind, Plan};
use rosey::render;
use rosey::schema::{Dialect, Normalized, ObjectName};

use super::{Case, Row, without_server};
use crate::support::postgres::{Database, NULL, Server, say, versions};
use crate::support::{quote, wait};

/// The version for snapshots.
const SNAPSHOTS: u32 = 15;

pub fn run(path: &Path) -> datatest_stable::Result<()> {
    let case = Case::read(path, Dialect::Postgres)?;
    // What is created by hand uses SQLite's SQL.
    if case.has("before-sql") {
        return Ok(());
    }
    for server in versions_for(path).into_iter().filter_map(Server::shared) {
        if let Some(missing) = missing(&case, server) {
            say(&format!("SKIPPED {} on PostgreSQL {}: no {missing}", path.display(), server.version));
            continue;
        }
        let outcome = both_ways(path, &case, server);
        match (case.is_for_another(), outcome) {
            (None, outcome) => outcome.map_err(|e| format!("PostgreSQL {}: {e}", server.version))?,
            (Some(reason), Err(said)) if said.contains(&reason) => {}
            (Some(reason), Err(said)) => return Err(format!("it does not say {reason:?}:\n{said}").into()),
            (Some(_), Ok(())) => return Err("PostgreSQL can have it: take the marker out".into()),
        }
    }
    Ok(())
}

/// Returns the versions for a case: all for PostgreSQL's own cases; for the others the one with snapshots, or
/// the newest.
fn versions_for(path: &Path) -> Vec<u32> {
    let all = versions();
    if path.components().any(|c| c.as_os_str() == "postgres") {
        return all;
    }
    let kept = all.iter().find(|v| **v == SNAPSHOTS).or(all.last());
    kept.copied().into_iter().collect()
}

/// Returns what the case needs and the server lacks.
fn missing(case: &Case, server: &'static Server) -> Option<String> {
    for needs in case.nodes("needs") {
        let value = |name: &str| needs.entry(name).map(KdlEntry::value);
        if let Some(version) = value("version").and_then(KdlValue::as_integer).filter(|v| *v > i128::from(server.version)) {
            return Some(format!("version {version}"));
        }
        if value("until").and_then(KdlValue::as_integer).is_some_and(|v| v < i128::from(server.version)) {
            return Some("need of it".to_owned());
        }
        if let Some(extension) = value("extension").and_then(KdlValue::as_string) {
            let sql = format!("SELECT FROM pg_available_extensions WHERE name = '{extension}'");
            if Lent::from(server).rows(&sql).is_empty() {
                return Some(format!("extension {extension}"));
            }
        }
    }
    None
}

/// Runs both variants. If writers may be blocked the steps often differ, but the result must be the same.
fn both_ways(path: &Path, case: &Case, server: &'static Server) -> Result<(), String> {
    let keeps = server.version == SNAPSHOTS && case.is_for_another().is_none();
    let (sql, end) = there_and_back(case, &Lent::from(server), keeps.then_some(path))?;
    if sql.is_empty() {
        return Ok(());
    }
    if keeps && is_scripted(path) && super::script::is_psql_there(server) {
        scripted(case, server).map_err(|e| format!("by the script: {e}"))?;
    }
    let database = Lent::from(server);
    let work = Work { case, database: &database, online: false };
    let (direct_sql, direct) = work.there(&sql).map_err(|e| format!("directly: {e}"))?;
    if direct_sql == sql || direct == end { Ok(()) } else { Err(format!("the two ways end in\n{end}\nand\n{direct}")) }
}

/// Returns whether the script of a case is run too: for one in eight cases, because two more databases take
/// time; and for enums, whose new values are committed before the transaction.
fn is_scripted(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    name.starts_with("enum") || name.bytes().map(u32::from).sum::<u32>().is_multiple_of(8)
}

/// Checks that the script of the plan has the same result and the same history as the apply.
fn scripted(case: &Case, server: &'static Server) -> Result<(), String> {
    let (applied, by_script) = (Lent::from(server), Lent::from(server));
    let one = Work { case, database: &applied, online: true };
    let two = Work { case, database: &by_script, online: true };
    one.begin()?;
    two.begin()?;
    let after = desired(&case.text("after"))?;
    super::script::by_psql(&by_script, &after, true)?;
    if !one.plan(&after)?.is_empty() {
        one.apply(&after, true).map_err(|e| format!("{e:?}"))?;
    }
    two.is_settled(&after)?;
    two.expected()?;
    if by_script.value("SELECT to_regclass('_rosey_history')") == NULL {
        return Ok(());
    }
    is_in_the_history_alike(&applied, &by_script)?;
    let recorded = "SELECT schema_after FROM _rosey_history ORDER BY number DESC LIMIT 1";
    let recorded = desired(&by_script.value(recorded)).map_err(|e| format!("what is recorded: {e}"))?;
    two.is_settled(&recorded).map(drop)
}

/// Compares the histories. An apply reads back how the server spells the result, and plans again after the
/// steps before the transaction: these columns may differ.
fn is_in_the_history_alike(applied: &Lent, by_script: &Lent) -> Result<(), String> {
    let early = by_script.value("SELECT count(*) FROM _rosey_history WHERE sql ~ 'ADD VALUE'") != "0";
    let columns = "number, format, kind, message, renames, outcome, rows_copied, back_to, rosey_version, server_version";
    let same = if early { "" } else { ", plan, schema_before, sql" };
    let history = format!("SELECT {columns}{same} FROM _rosey_history ORDER BY number");
    let (one, two) = (applied.rows(&history), by_script.rows(&history));
    if one == two { Ok(()) } else { Err(format!("the history is another one:\n{one:#?}\n{two:#?}")) }
}

/// An empty database from the pool.
struct Lent(Option<Database<'static>>);

static POOL: Mutex<Vec<Database<'static>>> = Mutex::new(Vec::new());

/// Empties a database, which is faster than creating one.
const EMPTY: &str = "DO $$ DECLARE it record; BEGIN \
    FOR it IN SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' LOOP EXECUTE format('DROP EXTENSION %I CASCADE', it.extname); END LOOP; \
    FOR it IN SELECT pubname FROM pg_publication LOOP EXECUTE format('DROP PUBLICATION %I', it.pubname); END LOOP; \
    FOR it IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP \
    EXECUTE format('DROP SCHEMA %I CASCADE', it.nspname); END LOOP; END $$; \
    CREATE SCHEMA public; COMMENT ON SCHEMA public IS 'standard public schema'";

impl Lent {
    fn from(server: &'static Server) -> Lent {
        let mut pool = POOL.lock().unwrap();
        let kept = pool.iter().position(|d| d.server.version == server.version).map(|at| pool.remove(at));
        drop(pool);
        if let Some(database) = &kept {
            database.sql(EMPTY);
        }
        Lent(Some(kept.unwrap_or_else(|| server.database())))
    }
}

impl std::ops::Deref for Lent {
    type Target = Database<'static>;
    fn deref(&self) -> &Database<'static> {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Ok(mut pool), Some(database)) = (POOL.lock(), self.0.take()) {
            pool.push(database);
        }
    }
}

/// Returns the statements of the change, and the resulting schema.
fn there_and_back(case: &Case, database: &Lent, keep: Option<&Path>) -> Result<(String, String), String> {
    let work = Work { case, database, online: true };
    work.begin()?;
    if case.has("refused") {
        return work.refused();
    }
    let (before, before_kdl) = (Before::of(&work), work.inspect()?);
    let after = desired(&case.text("after"))?;
    let plan = work.plan(&after)?;
    if let Some(path) = keep {
        super::snapshot(path, Dialect::Postgres, &shown(&plan), &render::sql(&plan));
    }
    without_server::is_the_same(&work.database.live(), &after, work.online, &plan)?;
    if plan.is_empty() != case.has("no-changes") {
        return Err(format!("no-changes is not as it says:\n{}", shown(&plan)));
    }
    if case.has("destructive") {
        let kdl = work.inspect()?;
        match work.apply(&after, false) {
            Err(ApplyError::Blocked(_)) => before.is_untouched(&work, &kdl)?,
            other => return Err(format!("a destructive change needs leave: {other:?}")),
        }
    }
    if !plan.is_empty() {
        work.apply(&after, case.has("destructive")).map_err(|e| format!("{e:?}\n{}", render::sql(&plan)))?;
    }
    let end = work.is_settled(&after)?;
    before.rows_are_kept(&work, &after)?;
    work.expected()?;
    if !case.has("no-way-back") && !plan.is_empty() {
        work.goes_back(&before_kdl).map_err(|e| format!("the rollback: {e}"))?;
    }
    Ok((render::sql(&plan), end))
}

fn desired(text: &str) -> Result<Normalized, String> {
    crate::support::applied::desired(text)
}

/// Returns the plan without drift: what a case sets up by hand is drift, but not what it tests.
fn shown(plan: &Plan) -> String {
    let mut plan = plan.clone();
    plan.drift = None;
    render::text(&plan, "the schema", render::Style::default())
}

/// One variant of one case.
struct Work<'w> {
    case: &'w Case,
    database: &'w Lent,
    online: bool,
}

impl Work<'_> {
    fn plan(&self, desired: &Normalized) -> Result<Plan, String> {
        self.database.plan(desired, self.online).map_err(|e| format!("no plan: {e:?}"))
    }

    fn inspect(&self) -> Result<String, String> {
        wait(self.database.live().inspect()).map_err(|e| format!("inspect: {e:?}"))
    }

    fn apply(&self, desired: &Normalized, destructive: bool) -> Result<rosey::apply::Outcome, ApplyError> {
        let options = Options { allow_destructive: destructive, ..Options::default() };
        self.database.apply_as(desired, self.online, &options, &mut Silent)
    }

    fn run(&self, sql: &str) -> Result<(), String> {
        self.database.try_sql(sql).map_err(|e| format!("{e}\n{sql}"))
    }

    fn begin(&self) -> Result<(), String> {
        let before = desired(&self.case.text("before"))?;
        if !before.schema().is_empty() {
            self.apply(&before, false).map_err(|e| format!("before: {e:?}"))?;
        }
        for row in self.case.rows("rows") {
            let columns: Vec<String> = row.cells.iter().map(|(c, _)| quote(c)).collect();
            let values: Vec<String> = row.cells.iter().map(|(_, v)| literal(v)).collect();
            self.run(&format!("INSERT INTO {} ({}) VALUES ({})", name(&row), columns.join(", "), values.join(", ")))?;
        }
        for setup in self.case.nodes("setup") {
            self.run(setup.entries()[0].value().as_string().unwrap())?;
        }
        Ok(())
    }

    /// Makes the change and returns its statements and the resulting schema; only plans if the statements
    /// equal `but`.
    fn there(&self, but: &str) -> Result<(String, String), String> {
        self.begin()?;
        let after = desired(&self.case.text("after"))?;
        let sql = render::sql(&self.plan(&after)?);
        if sql == but {
            return Ok((sql, String::new()));
        }
        self.apply(&after, self.case.has("destructive")).map_err(|e| format!("{e:?}\n{sql}"))?;
        let plan = self.plan(&after)?;
        self.expected()?;
        if plan.is_empty() { Ok((sql, self.inspect()?)) } else { Err(format!("a second plan is not empty:\n{}", shown(&plan))) }
    }

    /// Rolls back, which must restore the schema before the change.
    fn goes_back(&self, before: &str) -> Result<(), String> {
        let live = self.database.live();
        let target = wait(live.history()).map(|entries| rollback_target(&entries, To::Back(1), Dialect::Postgres));
        let target = target.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        let back = Desired::new(target.desired.clone(), Dialect::Postgres).map_err(|e| format!("{e:?}"))?;
        let options = Options { allow_destructive: true, kind: Kind::Rollback, back_to: Some(target.back_to), ..Options::default() };
        self.database.apply_as(back.normalized(), self.online, &options, &mut Silent).map_err(|e| format!("{e:?}"))?;
        self.is_settled(&desired(before)?)?;
        match wait(live.drift()).map_err(|e| e.to_string())? {
            None => Ok(()),
            Some(drift) => Err(format!("there is drift: {drift:?}")),
        }
    }

    /// Checks that a new plan is empty, and returns the schema as KDL.
    fn is_settled(&self, schema: &Normalized) -> Result<String, String> {
        let plan = self.plan(schema)?;
        if !plan.is_empty() {
            return Err(format!("a second plan is not empty:\n{}\n{}", shown(&plan), self.inspect()?));
        }
        let text = self.inspect()?;
        let own = desired(&text).map_err(|e| format!("inspect's own KDL:\n{e}"))?;
        let plan = self.plan(&own)?;
        if plan.is_empty() { Ok(text) } else { Err(format!("inspect's KDL does not plan to nothing:\n{}\n{text}", shown(&plan))) }
    }

    fn refused(&self) -> Result<(String, String), String> {
        let (before, kdl) = (Before::of(self), self.inspect()?);
        let wanted = self.case.argument("refused").unwrap();
        let message = match desired(&self.case.text("after")) {
            Err(message) => message,
            Ok(after) => match self.apply(&after, !self.case.has("without-leave")) {
                Ok(_) => return Err("was not refused".to_owned()),
                Err(ApplyError::Blocked(hazards)) => hazards.iter().map(|h| format!("{} {}\n", h.address, h.text())).collect(),
                Err(ApplyError::Plan(PlanError::Schema { problems, .. })) => problems.iter().map(|p| p.message.clone()).collect(),
                Err(other) => return Err(format!("not a refusal: {other:?}")),
            },
        };
        if !message.contains(wanted) {
            return Err(format!("{message:?} does not say {wanted:?}"));
        }
        before.is_untouched(self, &kdl)?;
        Ok((String::new(), String::new()))
    }

    /// Checks the rows and values that the case expects.
    fn expected(&self) -> Result<(), String> {
        let types = types(self, "'r', 'v', 'm'");
        let mut tables: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in self.case.rows("expect-rows") {
            tables.entry(name(&row)).or_default().push(row);
        }
        for (table, rows) in tables {
            let columns: Vec<&String> = rows[0].cells.iter().map(|(c, _)| c).collect();
            let list: Vec<String> = columns.iter().map(|c| format!("{}::text", quote(c))).collect();
            let mut found = self.database.rows(&format!("SELECT {} FROM {table}", list.join(", ")));
            let wanted = |row: &Row| {
                let value = |c: &&String| {
                    let value = row.cells.iter().find(|(n, _)| n == *c).map_or(NULL.to_owned(), |(_, v)| literal(v));
                    let ty = &types[&(row.schema.clone().unwrap_or("public".into()), row.table.clone())][*c];
                    format!("({value}::{})::text", ty.split(" enum ").next().unwrap_or(ty))
                };
                self.database.rows(&format!("SELECT {}", columns.iter().map(value).collect::<Vec<_>>().join(", "))).remove(0)
            };
            let mut wanted: Vec<Vec<String>> = rows.iter().map(wanted).collect();
            found.sort();
            wanted.sort();
            if found != wanted {
                return Err(format!("{table} {columns:?}: {found:?} instead of {wanted:?}"));
            }
        }
        for expect in self.case.nodes("expect") {
            let argument = |i: usize| expect.entries()[i].value().as_string().unwrap();
            let found = self.database.value(argument(0));
            if found != argument(1) {
                return Err(format!("{}: {found:?} instead of {:?}", argument(0), argument(1)));
            }
        }
        Ok(())
    }
}

fn name(row: &Row) -> String {
    format!("{}.{}", quote(row.schema.as_deref().unwrap_or("public")), quote(&row.table))
}

/// Returns the value as SQL: text that takes the type of its context.
fn literal(entry: &KdlEntry) -> String {
    let quoted = |s: &str| format!("'{}'", s.replace('\'', "''"));
    match entry.value() {
        KdlValue::String(s) if entry.ty().is_some() => match s.strip_prefix("x'") {
            Some(hex) => format!("'\\x{hex}::bytea"),
            None => s.clone(),
        },
        KdlValue::String(s) => quoted(s),
        KdlValue::Bool(b) => quoted(&b.to_string()),
        KdlValue::Null => "NULL".to_owned(),
        _ => quoted(&entry.format().unwrap().value_repr),
    }
}

/// Schema and name of a table.
type Key = (String, String);

/// Returns the columns of each table with their types, and each enum with its values.
fn types(work: &Work, kinds: &str) -> BTreeMap<Key, BTreeMap<String, String>> {
    let sql = format!(
        "SELECT n.nspname, c.relname, a.attname, coalesce((SELECT format_type(typbasetype, typtypmod) FROM pg_type \
               WHERE oid = a.atttypid AND typtype = 'd'), format_type(a.atttypid, a.atttypmod)) || coalesce((SELECT ' enum ' || string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = a.atttypid), '') \
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid \
               WHERE c.relkind IN ({kinds}) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname !~ '^_rosey' \
               AND a.attnum > 0 AND NOT a.attisdropped"
    );
    let mut types: BTreeMap<Key, BTreeMap<String, String>> = BTreeMap::new();
    for row in work.database.rows(&sql) {
        let [schema, table, column, ty] = <[String; 4]>::try_from(row).unwrap();
        types.entry((schema, table)).or_default().insert(column, ty);
    }
    types
}

fn dump(work: &Work, (schema, table): &Key, columns: &[String]) -> Vec<Vec<String>> {
    let list: Vec<String> = columns.iter().map(|c| format!("{}::text", quote(c))).collect();
    let mut rows = work.database.rows(&format!("SELECT {} FROM {}.{}", list.join(", "), quote(schema), quote(table)));
    rows.sort();
    rows
}

/// Backup of the database.
struct Before {
    types: BTreeMap<Key, BTreeMap<String, String>>,
    rows: BTreeMap<Key, Vec<Vec<String>>>,
}

impl Before {
    fn of(work: &Work) -> Self {
        let types = types(work, "'r'");
        let all = |(key, columns): (&Key, &BTreeMap<String, String>)| {
            (key.clone(), dump(work, key, &columns.keys().cloned().collect::<Vec<_>>()))
        };
        Before { rows: types.iter().map(all).collect(), types }
    }

    fn is_untouched(&self, work: &Work, kdl: &str) -> Result<(), String> {
        if work.inspect()? == kdl && Before::of(work).rows == self.rows { Ok(()) } else { Err("it is not as it was".to_owned()) }
    }

    /// Checks that every value of every column in both schemas, by its name or its old one, is unchanged,
    /// except in columns that the change converts or backfills.
    fn rows_are_kept(&self, work: &Work, after: &Normalized) -> Result<(), String> {
        let now = types(work, "'r'");
        for table in after.schema().tables.values() {
            let key = |n: &ObjectName| (n.schema.as_ref().map_or("public".to_owned(), ToString::to_string), n.name.to_string());
            let new = key(&table.name);
            let olds = table.was.iter().map(|w| (new.0.clone(), w.to_string())).chain([new.clone()]);
            if table.was.is_empty() && after.schema().tables.values().any(|t| t.was.contains(&table.name.name)) {
                continue; // Another object now has its name, and this table is new.
            }
            let Some(old) = olds.into_iter().find(|k| self.types.contains_key(k)) else { continue };
            let mut pairs = Vec::new();
            for column in table.columns.values().filter(|c| c.generated.is_none() && c.using.is_none() && c.backfill.is_none()) {
                let olds = column.was.iter().chain([&column.name]).map(ToString::to_string);
                if column.was.is_empty() && table.columns.values().any(|c| c.was.contains(&column.name) && c.backfill.is_none()) {
                    continue;
                }
                let Some(from) = olds.into_iter().find(|c| self.types[&old].contains_key(c)) else { continue };
                if self.types[&old][&from] == now[&new][column.name.as_str()] {
                    pairs.push((self.types[&old].keys().position(|c| *c == from).unwrap(), column.name.to_string()));
                }
            }
            let (from, to): (Vec<usize>, Vec<String>) = pairs.into_iter().unzip();
            let mut wanted: Vec<Vec<String>> = self.rows[&old].iter().map(|row| from.iter().map(|i| row[*i].clone()).collect()).collect();
            wanted.sort();
            let found = dump(work, &new, &to);
            if !to.is_empty() && found != wanted {
                return Err(format!("{}: the values of {to:?} are {found:?} instead of {wanted:?}", new.1));
            }
        }
        Ok(())
    }
}
