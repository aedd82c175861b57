//! Finds what still uses a function or procedure that a plan drops, for good or because `CREATE OR REPLACE`
//! cannot change it. What a step drops or changes as well is no obstacle; everything else blocks the plan.

use super::super::connection::{Connection, Error};
use super::super::inspect::ident;
use super::super::kinds;
use super::super::lower;
use super::super::names::{Names, literal, quote};
use super::super::planner::NormalizedPair;
use super::{drops_definition, own_name};
use crate::diff::{Changes, TableChange};
use crate::engine::postgres::catalog_row::catalog_row;
use crate::plan::{Action, Code, Hazard, Level, Resource, Step};
use crate::schema::{Address, Kind, ObjectName};

catalog_row! {
    /// An object that uses a routine: the number of the routine, and the relation that the object belongs to.
    struct UserRow from "what uses routines" {
        target: i64,
        class: String,
        told: Option<String>,
        schema: Option<String>,
        relation: Option<String>,
        name: Option<String>,
    }
}

/// Adds a hazard to each step that drops a routine for everything that still uses it. Sends one query, or none if
/// no routine is dropped.
///
/// # Errors
/// If the connection is lost.
pub(super) async fn stop(
    connection: &mut Connection,
    steps: &mut [Step],
    changes: &Changes,
    settled: &NormalizedPair,
    names: &Names,
) -> Result<(), Error> {
    let dropped = lower::dropped_routines(changes);
    if dropped.is_empty() {
        return Ok(());
    }
    let target = |(n, gone): (usize, &lower::DroppedRoutine)| {
        let called = kinds::called(&gone.name, names);
        format!("({n}::int8, to_regprocedure({})::oid)", literal(&called))
    };
    let targets: Vec<String> = dropped.iter().enumerate().map(target).collect();
    for row in connection.rows::<UserRow>(&query(&targets)).await? {
        let Some(gone) = usize::try_from(row.target).ok().and_then(|n| dropped.get(n)) else { continue };
        let user = User { row: &row, home: names, settled };
        if user.is_handled(steps, changes) {
            continue;
        }
        let told = row.told.as_deref().unwrap_or("another object");
        let what =
            if gone.is_re_created { "must be dropped and re-created, because its arguments or its result change" } else { "is dropped" };
        let advice = "change or drop what uses it in the same plan, or keep it";
        let hazard =
            Hazard::new(Code::NotSupported, Level::Blocks, gone.by.clone(), format!("{told} uses {}, which {what}", gone.by), advice);
        if let Some(step) = steps.iter_mut().find(|s| s.address == gone.by) {
            step.hazards.push(hazard);
        }
    }
    Ok(())
}

fn query(targets: &[String]) -> String {
    format!(
        "WITH target(n, oid) AS (VALUES {}) \
         SELECT DISTINCT t.n AS target, d.classid::regclass::text AS class, pg_describe_object(d.classid, d.objid, d.objsubid) AS told, \
         n.nspname::text AS schema, oc.relname::text AS relation, \
         coalesce(coalesce(c.conname, r.rulename, at.attname, cl.relname)::text, {name}) AS name \
         FROM target t JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = t.oid AND d.deptype = 'n' \
         LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid \
         LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid \
         LEFT JOIN pg_attribute at ON at.attrelid = a.adrelid AND at.attnum = a.adnum \
         LEFT JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid \
         LEFT JOIN pg_trigger tr ON d.classid = 'pg_trigger'::regclass AND tr.oid = d.objid \
         LEFT JOIN pg_statistic_ext s ON d.classid = 'pg_statistic_ext'::regclass AND s.oid = d.objid \
         LEFT JOIN pg_class cl ON d.classid = 'pg_class'::regclass AND cl.oid = d.objid \
         LEFT JOIN pg_index i ON i.indexrelid = cl.oid \
         LEFT JOIN pg_class oc ON oc.oid = coalesce(r.ev_class, a.adrelid, nullif(c.conrelid, 0), tr.tgrelid, s.stxrelid, i.indrelid, cl.oid) \
         LEFT JOIN pg_namespace n ON n.oid = oc.relnamespace ORDER BY 1, 3",
        targets.join(", "),
        name = own_name("d.classid", "d.objid", "d.objsubid")
    )
}

/// An object that uses a routine.
struct User<'u> {
    row: &'u UserRow,
    home: &'u Names,
    settled: &'u NormalizedPair,
}

impl User<'_> {
    /// Returns the relation that it belongs to.
    fn owner(&self) -> Option<ObjectName> {
        let (schema, relation) = (self.row.schema.as_ref()?, self.row.relation.as_ref()?);
        let is_home = self.settled.live.server.default_schema == *schema;
        Some(ObjectName::new((!is_home).then(|| ident(schema)), ident(relation)))
    }

    /// Returns whether the plan drops it, or changes it so that it no longer uses the routine.
    fn is_handled(&self, steps: &[Step], changes: &Changes) -> bool {
        let name = self.row.name.as_deref().unwrap_or_default();
        let drops = |relation: &ObjectName| {
            let resource = Resource::Relation(self.home.key(relation));
            steps.iter().any(|s| s.footprint.drops.contains(&resource))
        };
        let owner = self.owner();
        if owner
            .as_ref()
            .is_some_and(|owner| steps.iter().any(|s| s.action == Action::Destroy && s.address == Address::top(Kind::Table, owner)))
        {
            return true;
        }
        match (self.row.class.as_str(), owner) {
            ("pg_rewrite", Some(view)) if name == "_RETURN" => drops(&view),
            ("pg_class", Some(table)) => drops(&table.renamed(ident(name))),
            ("pg_constraint", Some(_)) => {
                let drop = format!(" DROP CONSTRAINT {}", quote(name));
                steps.iter().any(|s| s.statements.iter().any(|st| st.sql.ends_with(&drop)))
            }
            ("pg_attrdef", Some(table)) => self.has_another_default(&table, name, changes),
            (class, _) => kinds::of_class(class).is_some_and(|kind| drops_definition(steps, kind, name)),
        }
    }

    /// Returns whether a column is dropped or gets another default or expression.
    fn has_another_default(&self, table: &ObjectName, column: &str, changes: &Changes) -> bool {
        let Some(before) = self.settled.current.schema().tables.get(table).and_then(|t| t.columns.get(&ident(column))) else {
            return false;
        };
        let edits = changes.tables().find_map(|c| match c {
            TableChange::Alter(edits) if edits.live.name == *table => Some(edits),
            _ => None,
        });
        let after = edits.map(|edits| edits.column_after(&before.name));
        after.is_some_and(|after| after.is_none_or(|after| after.default != before.default || after.generated != before.generated))
    }
}
