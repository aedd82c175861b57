//! Objects that hold on to what a plan takes away or changes, and that no step of it takes along: functions with a body in
//! SQL, policies, triggers and rules that name a column, types over types, foreign keys of tables that are left alone. The
//! server would refuse the change for them, so they stop the plan, by the names that the server gives them
//! (<https://www.postgresql.org/docs/current/catalog-pg-depend.html>). What stands on a table that goes goes with it.

use sqlx::Row as _;

use super::connection::{Connection, Error};
use super::inspect::Live;
use super::lower::{Going, What};
use super::names::{Names, literal, quote};
use crate::plan::{Action, Code, Hazard, Level, Step};
use crate::schema::{Address, Schema};

/// Adds to the steps what stands in their way. One query, and none where nothing goes.
///
/// # Errors
/// Where the connection is lost.
pub(crate) async fn stop(
    connection: &mut Connection,
    steps: &mut [Step],
    mut going: Vec<Going>,
    live: &Live,
    schemas: (&Schema, &Schema),
) -> Result<(), Error> {
    let names = Names::new(super::inspect::ident(&live.server.default_schema));
    going.extend(views(steps, live, &names));
    let targets: Vec<String> = going.iter().enumerate().filter_map(|(i, g)| target(i, &g.what, live, &names)).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let mut hazards: Vec<(Address, Hazard)> = Vec::new();
    for row in connection.query(&query(&targets)).await? {
        let dependent = Dependent {
            target: usize::try_from(row.try_get::<i64, _>(0).unwrap_or_default()).unwrap_or_default(),
            class: row.try_get(1).unwrap_or_default(),
            told: row.try_get(2).unwrap_or_default(),
            owner: row.try_get(3).ok(),
            name: row.try_get(4).unwrap_or_default(),
        };
        let Some(going) = going.get(dependent.target) else { continue };
        if !dependent.is_taken_along(going, steps, live, schemas, &names) {
            hazards.push((going.by.clone(), dependent.hazard(going, live, schemas.1)));
        }
    }
    for (address, hazard) in hazards {
        if let Some(step) = steps.iter_mut().find(|s| s.address == address)
            && !step.hazards.iter().any(|h| h.message == hazard.message)
        {
            step.hazards.push(hazard);
        }
    }
    Ok(())
}

/// The views that the steps drop.
fn views(steps: &[Step], live: &Live, names: &Names) -> Vec<Going> {
    let mut found = Vec::new();
    for relation in live.relations.values().filter(|r| r.kind == "v" || r.kind == "m") {
        let kind = if relation.kind == "v" { "VIEW" } else { "MATERIALIZED VIEW" };
        let drop = format!("DROP {kind} {}", names.sql(&relation.name));
        let step = steps.iter().find(|s| s.statements.iter().any(|st| st.sql == drop));
        found.extend(step.map(|s| Going { what: What::Relation(relation.name.clone()), by: s.address.clone() }));
    }
    found
}

/// A row that names what goes: its number, catalog, oid, column (0 is any), and what may depend on it beyond the usual.
fn target(number: usize, what: &What, live: &Live, names: &Names) -> Option<String> {
    let row = |class: &str, oid: &str, column: i64, kind: &str| format!("({number}::int8, '{class}'::regclass, {oid}, {column}, '{kind}')");
    let relation = |name: &crate::schema::ObjectName| format!("to_regclass({})::oid", literal(&names.sql(name)));
    Some(match what {
        What::Relation(name) => row("pg_class", &relation(name), 0, "relation"),
        What::Index(name) => row("pg_class", &relation(name), 0, "index"),
        What::Type(name) => row("pg_type", &format!("to_regtype({})::oid", literal(&names.sql(name))), 0, "type"),
        What::Column { table, column, dropped } => {
            let relation = live.relations.iter().find(|(_, r)| r.name == *table && r.kind == "r")?;
            let (number, _) = relation.1.columns.iter().find(|(_, c)| *c == column)?;
            row("pg_class", &format!("{}::oid", relation.0), *number, if *dropped { "dropped" } else { "retyped" })
        }
    })
}

/// Whoever depends on these, on the row types of these tables, on the arrays of these types, and on the keys of these
/// indexes. Extended statistics go silently with a column (`a`), everything else would be refused (`n`).
fn query(targets: &[String]) -> String {
    format!(
        "WITH given(n, class, obj, sub, kind) AS (VALUES {}), target AS (SELECT * FROM given \
         UNION ALL SELECT n, 'pg_type'::regclass, t.oid, 0, 'type' FROM given JOIN pg_type t ON kind = 'relation' AND t.typrelid = obj \
         UNION ALL SELECT n, 'pg_type'::regclass, t.typarray, 0, 'type' FROM given JOIN pg_type t \
           ON (kind = 'type' AND t.oid = obj) OR (kind = 'relation' AND t.typrelid = obj) \
         UNION ALL SELECT n, 'pg_constraint'::regclass, c.oid, 0, kind FROM given JOIN pg_constraint c \
           ON kind = 'index' AND c.conindid = obj AND c.contype IN ('p', 'u')), \
         held AS (SELECT DISTINCT t.n, t.kind, d.classid, d.objid, CASE WHEN d.classid = 'pg_class'::regclass THEN d.objsubid ELSE 0 END AS sub \
           FROM target t JOIN pg_depend d ON d.refclassid = t.class AND d.refobjid = t.obj AND (t.sub = 0 OR d.refobjsubid = t.sub) \
           WHERE t.obj <> 0 AND (d.deptype = 'n' OR (d.classid = 'pg_statistic_ext'::regclass AND t.kind = 'dropped'))) \
         SELECT h.n, h.classid::regclass::text, pg_describe_object(h.classid, h.objid, h.sub), \
         coalesce(p.polrelid, tr.tgrelid, s.stxrelid, r.ev_class, a.adrelid, nullif(c.conrelid, 0), pr.prrelid, i.indrelid, cl.oid)::int8, \
         coalesce(c.conname, r.rulename)::text \
         FROM held h LEFT JOIN pg_policy p ON h.classid = 'pg_policy'::regclass AND p.oid = h.objid \
         LEFT JOIN pg_trigger tr ON h.classid = 'pg_trigger'::regclass AND tr.oid = h.objid \
         LEFT JOIN pg_statistic_ext s ON h.classid = 'pg_statistic_ext'::regclass AND s.oid = h.objid \
         LEFT JOIN pg_rewrite r ON h.classid = 'pg_rewrite'::regclass AND r.oid = h.objid \
         LEFT JOIN pg_attrdef a ON h.classid = 'pg_attrdef'::regclass AND a.oid = h.objid \
         LEFT JOIN pg_constraint c ON h.classid = 'pg_constraint'::regclass AND c.oid = h.objid \
         LEFT JOIN pg_publication_rel pr ON h.classid = 'pg_publication_rel'::regclass AND pr.oid = h.objid \
         LEFT JOIN pg_class cl ON h.classid = 'pg_class'::regclass AND cl.oid = h.objid \
         LEFT JOIN pg_index i ON i.indexrelid = cl.oid \
         LEFT JOIN pg_type dt ON h.classid = 'pg_type'::regclass AND dt.oid = h.objid \
         LEFT JOIN pg_constraint dc ON dc.oid = c.oid AND dc.contypid <> 0 \
         WHERE (dt.typtype IS NULL OR dt.typtype <> 'd') AND dc.oid IS NULL \
         AND (h.kind <> 'retyped' OR h.classid NOT IN ('pg_constraint'::regclass, 'pg_statistic_ext'::regclass)) ORDER BY 1, 3",
        targets.join(", ")
    )
}

/// What holds on.
struct Dependent {
    target: usize,
    /// Its catalog.
    class: String,
    /// Its kind and name in the server's words.
    told: String,
    /// The relation that it belongs to.
    owner: Option<i64>,
    /// The name of a constraint or rule.
    name: String,
}

impl Dependent {
    /// Whether the plan knows what to do with it, or the server does.
    fn is_taken_along(&self, going: &Going, steps: &[Step], live: &Live, (current, desired): (&Schema, &Schema), names: &Names) -> bool {
        let Some(owner) = self.owner.and_then(|oid| live.relations.get(&oid)) else { return false };
        let goes = |name| steps.iter().any(|s| s.action == Action::Destroy && s.address == Address::top("table", name));
        if goes(&owner.name) || matches!(&going.what, What::Relation(name) if *name == owner.name) {
            return true;
        }
        let is_table = current.tables.contains_key(&owner.name);
        let is_view = owner.kind == "v" || owner.kind == "m";
        match self.class.as_str() {
            "pg_rewrite" if self.name == "_RETURN" => !matches!(going.what, What::Index(_)) || is_dropped(steps, owner, names),
            "pg_constraint" => {
                let drop = format!("ALTER TABLE {} DROP CONSTRAINT {}", names.sql(&owner.name), quote(&self.name));
                is_table && (!desired.ignores("table", &owner.name) || steps.iter().any(|s| s.statements.iter().any(|st| st.sql == drop)))
            }
            "pg_class" | "pg_attrdef" => is_table || is_view,
            _ => false,
        }
    }

    fn hazard(&self, going: &Going, live: &Live, desired: &Schema) -> Hazard {
        let owner = self.owner.and_then(|oid| live.relations.get(&oid));
        let ignored = owner.is_some_and(|r| desired.ignores("table", &r.name));
        let (told, by) = (&self.told, &going.by);
        if ignored && ["pg_constraint", "pg_attrdef"].contains(&self.class.as_str()) {
            let message = format!("{told} depends on what changes in {by}, and its table is left alone");
            let advice = "drop it first, and make it again afterwards";
            return Hazard::new(Code::BreaksIgnored, Level::Blocks, by.clone(), message, advice);
        }
        let message = format!("not supported: {told} stands in the way of changing {by}");
        let advice = "drop it before and create it again after: rosey does not manage it";
        Hazard::new(Code::NotSupported, Level::Blocks, by.clone(), message, advice)
    }
}

/// Whether a step drops the view.
fn is_dropped(steps: &[Step], view: &super::inspect::Relation, names: &Names) -> bool {
    let ends = format!("VIEW {}", names.sql(&view.name));
    steps.iter().any(|s| s.statements.iter().any(|st| st.sql.starts_with("DROP ") && st.sql.ends_with(&ends)))
}
