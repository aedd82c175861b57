//! Runs the script of a plan with the real shell on a copy: the result must be that of the apply.

use rosey::apply::{Desired, EngineOptions, Options, PlanOptions, SqlitePath};
use rosey::render;
use rosey::schema::Normalized;

use crate::support::{Database, postgres as server, shell, wait};

/// A copy of the database after the script.
pub struct Scripted {
    copy: Database,
    script: String,
}

impl Scripted {
    /// Runs it; returns `None` if there is no shell.
    pub fn on_a_copy(database: &Database, after: &Normalized, by: SqlitePath) -> Option<Scripted> {
        if !shell::is_there() {
            return None;
        }
        let (desired, plan_options) =
            (Desired::from(after.clone()), PlanOptions { engine: EngineOptions::default().by(by), ..PlanOptions::default() });
        let (planned, frame) = wait(database.live().plan_script(&desired, plan_options, &Options::default())).unwrap();
        let plan = planned.plan;
        let stopped = render::script(&plan, &frame);
        let destroys = stopped.contains("\n.exit 3\n");
        let script = stopped.replacen("\n.exit 3\n", "\n", 1);
        let copy = Database::new();
        if database.path.exists() {
            std::fs::copy(&database.path, &copy.path).unwrap();
        }
        let before = copy.bytes();
        // Stops are tested only once.
        let stops = by == SqlitePath::Cheapest;
        if destroys && stops {
            assert!(shell::run(&copy.path, &stopped).is_err(), "it destroys without leave:\n{stopped}");
            assert_eq!(copy.bytes(), before);
        }
        shell::run(&copy.path, &script).unwrap_or_else(|e| panic!("{e}\n{script}"));
        if !plan.is_empty() && stops {
            shell::run(&copy.path, &script).expect_err("it runs twice");
        }
        Some(Scripted { copy, script })
    }

    /// Compares with the database that the plan was applied to.
    pub fn is_as(&self, applied: &Database, after: &Normalized) {
        let plan = self.copy.plan(after).unwrap();
        assert!(plan.is_empty() && plan.guards.is_empty(), "the script leads elsewhere:\n{}", self.script);
        let all = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2";
        assert_eq!(self.copy.rows(all), applied.rows(all), "{}", self.script);
        for (table, columns) in applied.tables() {
            assert_eq!(self.copy.dump(&table, &columns), applied.dump(&table, &columns), "{table}:\n{}", self.script);
        }
        if applied.value("SELECT count(*) FROM sqlite_schema WHERE name = '_rosey_history'") == "1" {
            let columns = "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info('_rosey_history') \
                           WHERE name NOT IN ('applied_at', 'duration_ms', 'server_version', 'digest')";
            let row = format!("SELECT {} FROM _rosey_history ORDER BY number", applied.value(columns));
            assert_eq!(self.copy.rows(&row), applied.rows(&row), "{}", self.script);
        }
    }
}

/// Runs the script of a PostgreSQL plan with psql, if it is installed; if it is destructive, first without
/// permission.
pub fn by_psql(database: &server::Database<'_>, after: &Normalized, online: bool) -> Result<(), String> {
    let (desired, plan_options) =
        (Desired::from(after.clone()), PlanOptions { engine: EngineOptions::default().online(online), ..PlanOptions::default() });
    let planned = wait(database.live().plan_script(&desired, plan_options, &Options::default()));
    let (planned, frame) = planned.map_err(|e| format!("no plan: {e:?}"))?;
    let plan = planned.plan;
    let script = render::script(&plan, &frame);
    let destroys = !plan.blocking(false, &[]).is_empty();
    if destroys && database.psql(&script, &[]).is_ok() {
        return Err(format!("it destroys without leave:\n{script}"));
    }
    let leave = ["-v", "allow_destructive=1"];
    database.psql(&script, &leave).map_err(|e| format!("{e}\n{script}"))?;
    if !plan.is_empty() && database.psql(&script, &leave).is_ok() {
        return Err(format!("it runs twice:\n{script}"));
    }
    Ok(())
}

/// Returns whether psql is installed.
pub fn is_psql_there(server: &server::Server) -> bool {
    let there = server.tool("psql").is_some();
    if !there {
        server::skip("no psql");
    }
    there
}
