//! Finds objects that depend on what a plan drops or changes and that none of its steps handles: functions
//! with an SQL body, policies, triggers and rules that reference a column, types based on types, foreign keys
//! of unmanaged tables. The server would refuse the change because of them, so they block the plan, under the
//! names that the server reports (<https://www.postgresql.org/docs/current/catalog-pg-depend.html>). What
//! depends on a dropped table is dropped with it.

mod bound;
mod extensions;
mod publications;
mod routines;

use super::connection::{Connection, Error};
use super::facts::Facts;
use super::inspect::{ident, not_of_extension};
use super::kinds;
use super::lower::{self, Going, What};
use super::names::{Names, literal, quote};
use super::planner::NormalizedPair;
use crate::diff::{Changes, TableChange};
use crate::engine::postgres::catalog_row::catalog_row;
use crate::plan::{Action, Code, Hazard, Level, Resource, StatementKind, Step};
use crate::schema::{Address, DefinedKind, Kind, ObjectName, Schema};

/// Adds the blocking dependents to the steps, and the columns outside the managed tables that new domain constraints affect.
/// Sends few queries, or none if nothing is dropped or changed. A
/// plan without a server cannot know the dependents: they are found when it is applied.
///
/// # Errors
/// If the connection is lost.
pub(crate) async fn stop(
    connection: &mut Connection,
    steps: &mut [Step],
    changes: &Changes,
    settled: &NormalizedPair,
    facts: &Facts,
) -> Result<(), Error> {
    bound::stop(connection, steps, changes, settled, facts).await?;
    let (current, desired) = (settled.current.schema(), settled.desired.schema());
    let names = Names::new(facts.default_schema.clone());
    let mut going = lower::going(changes, current, desired, facts);
    going.extend(views(steps, current, &names));
    routines::stop(connection, steps, changes, settled, &names).await?;
    if going.is_empty() {
        return Ok(());
    }
    let targets: Vec<String> = going.iter().enumerate().map(|(i, g)| target(i, &g.what, &names)).collect();
    let mut hazards: Vec<(Address, Hazard)> = Vec::new();
    let mut held = Vec::new();
    for row in connection.rows::<DependentRow>(&query(&targets)).await? {
        let Some(going) = usize::try_from(row.target).ok().and_then(|n| going.get(n)) else { continue };
        let dependent = Dependent::of(row, &facts.default_schema.to_string());
        if let What::Extension(_) = &going.what {
            held.push((going, dependent));
            continue;
        }
        if dependent.keeps_using(going, steps, changes, settled) {
            hazards.push((going.by.clone(), dependent.left_without(going)));
            continue;
        }
        if !dependent.is_taken_along(going, steps, (current, desired), &names) {
            hazards.push((going.by.clone(), dependent.hazard(going, desired)));
        }
    }
    hazards.extend(extensions::stop(held, changes, steps, &names));
    for (address, hazard) in hazards {
        if let Some(step) = steps.iter_mut().find(|s| s.address == address)
            && !step.hazards.iter().any(|h| h.message == hazard.message)
        {
            step.hazards.push(hazard);
        }
    }
    publications::tell(connection, steps, changes, &names).await?;
    extensions::tell(connection, steps, &going).await
}

/// Returns the views that the steps drop.
fn views(steps: &[Step], current: &Schema, names: &Names) -> Vec<Going> {
    let all = current.views.keys().map(|n| ("VIEW", n)).chain(current.materialized_views.keys().map(|n| ("MATERIALIZED VIEW", n)));
    let dropped = all.filter_map(|(kind, name)| {
        let drop = format!("DROP {kind} {}", names.sql(name));
        let step = steps.iter().find(|s| s.statements.iter().any(|st| st.sql == drop))?;
        Some(Going { what: What::Relation(name.clone()), by: step.address.clone() })
    });
    dropped.collect()
}

/// Returns a row for one target: its number, catalog, oid, column (0 is any), and which further dependents
/// count.
fn target(number: usize, what: &What, names: &Names) -> String {
    let row =
        |class: &str, oid: &str, column: &str, kind: &str| format!("({number}::int8, '{class}'::regclass, {oid}::oid, {column}, '{kind}')");
    let relation = |name: &ObjectName| format!("to_regclass({})", literal(&names.sql(name)));
    match what {
        What::Relation(name) => row("pg_class", &relation(name), "0", "relation"),
        What::RowType(name) => row("pg_type", &format!("(SELECT reltype FROM pg_class WHERE oid = {})", relation(name)), "0", "type"),
        What::Unlogged(name) => row("pg_class", &relation(name), "0", "unlogged"),
        What::Index(name) => row("pg_class", &relation(name), "0", "index"),
        What::Extension(name) => {
            let oid = format!("(SELECT oid FROM pg_extension WHERE extname = {})", literal(name.as_str()));
            row("pg_extension", &oid, "0", "extension")
        }
        What::Type(name) => row("pg_type", &format!("to_regtype({})", literal(&names.sql(name))), "0", "type"),
        What::Column { table, column, dropped } => {
            let (table, name) = (relation(table), literal(column.as_str()));
            // No column has the number -1000: a missing column matches none, not any.
            let number = format!("coalesce((SELECT attnum::int4 FROM pg_attribute WHERE attrelid = {table} AND attname = {name}), -1000)");
            row("pg_class", &table, &number, if *dropped { "dropped" } else { "retyped" })
        }
    }
}

/// Finds what depends on the targets, on the row types of these tables, on the arrays of these types, and on
/// the keys of these indexes. Extended statistics are dropped silently with a column (`a`); everything else
/// would be refused (`n`).
fn query(targets: &[String]) -> String {
    format!(
        "WITH asked(n, class, obj, sub, kind) AS (VALUES {}), given AS (SELECT * FROM asked \
         UNION ALL SELECT n, m.classid, m.objid, 0, 'extension' FROM asked JOIN pg_depend m \
           ON kind = 'extension' AND m.refclassid = class AND m.refobjid = obj AND m.deptype = 'e'), \
         target AS (SELECT * FROM given \
         UNION ALL SELECT n, 'pg_type'::regclass, t.oid, 0, 'extension' FROM given JOIN pg_type t ON kind = 'extension' \
           AND ((class = 'pg_class'::regclass AND t.typrelid = obj) OR (class = 'pg_type'::regclass AND t.typelem = obj AND t.typcategory = 'A')) \
         UNION ALL SELECT n, 'pg_type'::regclass, t.oid, 0, 'type' FROM given JOIN pg_type t ON kind = 'relation' AND t.typrelid = obj \
         UNION ALL SELECT n, 'pg_type'::regclass, t.typarray, 0, 'type' FROM given JOIN pg_type t \
           ON (kind = 'type' AND t.oid = obj) OR (kind = 'relation' AND t.typrelid = obj) \
         UNION ALL SELECT n, 'pg_constraint'::regclass, c.oid, 0, kind FROM given JOIN pg_constraint c \
           ON kind = 'index' AND c.conindid = obj AND c.contype IN ('p', 'u')), \
         held AS (SELECT DISTINCT t.n, t.kind, t.obj AS refobj, d.classid, d.objid, CASE WHEN d.classid = 'pg_class'::regclass THEN d.objsubid ELSE 0 END AS sub \
           FROM target t JOIN pg_depend d ON d.refclassid = t.class AND d.refobjid = t.obj AND (t.sub = 0 OR d.refobjsubid = t.sub) \
           WHERE t.obj <> 0 AND (d.deptype = 'n' OR (d.classid = 'pg_statistic_ext'::regclass AND t.kind = 'dropped'))) \
         SELECT f.n AS target, f.class AS class, f.told AS told, n.nspname::text AS schema, oc.relname::text AS relation, \
         oc.relkind::text AS kind, f.name AS name FROM ( \
         SELECT h.n, h.classid::regclass::text AS class, pg_describe_object(h.classid, h.objid, h.sub) AS told, \
         coalesce(p.polrelid, tr.tgrelid, s.stxrelid, r.ev_class, a.adrelid, nullif(c.conrelid, 0), pr.prrelid, i.indrelid, cl.oid) AS owner, \
         coalesce(coalesce(c.conname, r.rulename, at.attname, CASE WHEN i.indexrelid IS NOT NULL THEN cl.relname END)::text, {name}) AS name \
         FROM held h LEFT JOIN pg_policy p ON h.classid = 'pg_policy'::regclass AND p.oid = h.objid \
         LEFT JOIN pg_trigger tr ON h.classid = 'pg_trigger'::regclass AND tr.oid = h.objid \
         LEFT JOIN pg_statistic_ext s ON h.classid = 'pg_statistic_ext'::regclass AND s.oid = h.objid \
         LEFT JOIN pg_rewrite r ON h.classid = 'pg_rewrite'::regclass AND r.oid = h.objid \
         LEFT JOIN pg_attrdef a ON h.classid = 'pg_attrdef'::regclass AND a.oid = h.objid \
         LEFT JOIN pg_constraint c ON h.classid = 'pg_constraint'::regclass AND c.oid = h.objid \
         LEFT JOIN pg_publication_rel pr ON h.classid = 'pg_publication_rel'::regclass AND pr.oid = h.objid \
         LEFT JOIN pg_class cl ON h.classid = 'pg_class'::regclass AND cl.oid = h.objid \
         LEFT JOIN pg_index i ON i.indexrelid = cl.oid \
         LEFT JOIN pg_attribute at ON at.attrelid = coalesce(a.adrelid, cl.oid) AND at.attnum = coalesce(a.adnum, nullif(h.sub, 0)) \
         LEFT JOIN pg_type dt ON h.classid = 'pg_type'::regclass AND dt.oid = h.objid \
         LEFT JOIN pg_constraint dc ON dc.oid = c.oid AND dc.contypid <> 0 \
         WHERE (h.kind = 'extension' OR dt.typtype IS NULL OR dt.typtype <> 'd') AND dc.oid IS NULL \
         AND NOT (h.kind = 'extension' AND EXISTS (SELECT FROM asked s JOIN pg_depend m ON m.refclassid = s.class AND m.refobjid = s.obj \
           WHERE s.n = h.n AND m.deptype = 'e' AND m.classid = h.classid AND m.objid = h.objid)) \
         AND NOT (h.kind = 'extension' AND h.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND EXISTS (SELECT FROM target s \
           JOIN pg_depend m ON m.refclassid = s.class AND m.refobjid = s.obj \
           WHERE s.n = h.n AND m.deptype IN ('i', 'a') AND m.classid = h.classid AND m.objid = h.objid)) \
         AND (h.kind <> 'unlogged' OR (c.contype = 'f' AND c.conparentid = 0 AND c.confrelid = h.refobj \
           AND EXISTS (SELECT FROM pg_class k WHERE k.oid = c.conrelid AND k.oid <> c.confrelid AND k.relpersistence = 'p'))) \
         AND (h.kind <> 'retyped' OR h.classid NOT IN ('pg_constraint'::regclass, 'pg_statistic_ext'::regclass))) f \
         LEFT JOIN pg_class oc ON oc.oid = f.owner AND {} LEFT JOIN pg_namespace n ON n.oid = oc.relnamespace ORDER BY 1, 3",
        targets.join(", "),
        not_of_extension("pg_class", "oc.oid"),
        name = own_name("h.classid", "h.objid", "h.sub")
    )
}

/// Returns the SQL for the name of an object, without its schema and its table.
fn own_name(class: &str, object: &str, part: &str) -> String {
    format!("(SELECT i.object_names[cardinality(i.object_names)] FROM pg_identify_object_as_address({class}, {object}, {part}) i)")
}

catalog_row! {
    /// A row of [`query`]: the number of the target, and what depends on it.
    struct DependentRow from "dependents" {
        target: i64,
        class: String,
        told: Option<String>,
        schema: Option<String>,
        relation: Option<String>,
        kind: Option<String>,
        name: Option<String>,
    }
}

/// An object that depends on a target.
pub(super) struct Dependent {
    /// The catalog.
    class: String,
    /// The kind and name as the server describes it.
    told: String,
    /// The relation that it belongs to, and its kind (`pg_class.relkind`).
    owner: Option<(ObjectName, String)>,
    /// The name of a constraint, rule, column or index.
    name: String,
}

impl Dependent {
    fn of(row: DependentRow, home: &str) -> Dependent {
        let DependentRow { class, told, schema, relation, kind, name, .. } = row;
        let named = |schema: String, name: String| ObjectName::new((schema != home).then(|| ident(&schema)), ident(&name));
        let owner = schema.zip(relation).zip(kind).map(|((schema, name), kind)| (named(schema, name), kind));
        Dependent { class, told: told.unwrap_or_default(), owner, name: name.unwrap_or_default() }
    }

    /// Returns whether the plan or the server handles the dependent.
    fn is_taken_along(&self, going: &Going, steps: &[Step], (current, desired): (&Schema, &Schema), names: &Names) -> bool {
        if kinds::of_class(&self.class).is_some_and(|kind| drops_definition(steps, kind, &self.name)) {
            return true;
        }
        let Some((owner, kind)) = &self.owner else { return false };
        let goes = |name| steps.iter().any(|s| s.action == Action::Destroy && s.address == Address::top(Kind::Table, name));
        if goes(owner) || matches!(&going.what, What::Relation(name) if name == owner) {
            return true;
        }
        let is_table = current.tables.contains_key(owner);
        let is_view = kind == "v" || kind == "m";
        match self.class.as_str() {
            "pg_rewrite" if self.name == "_RETURN" => !matches!(going.what, What::Index(_)) || is_dropped(steps, owner, names),
            "pg_constraint" => {
                let drop = format!("ALTER TABLE {} DROP CONSTRAINT {}", names.sql(owner), quote(&self.name));
                is_table && (!desired.ignores(Kind::Table, owner) || steps.iter().any(|s| s.statements.iter().any(|st| st.sql == drop)))
            }
            "pg_class" | "pg_attrdef" => is_table || is_view,
            _ => false,
        }
    }

    /// Returns whether a remaining column still uses a relation that the plan drops, or must not change
    /// because of it: by its default, which takes numbers from a sequence, or by its type, which is a table's
    /// row type.
    fn keeps_using(&self, going: &Going, steps: &[Step], changes: &Changes, settled: &NormalizedPair) -> bool {
        let (current, desired) = (settled.current.schema(), settled.desired.schema());
        let is_relation = matches!(going.what, What::Relation(_) | What::RowType(_));
        let (true, Some((owner, _))) = (is_relation && ["pg_attrdef", "pg_class"].contains(&self.class.as_str()), &self.owner) else {
            return false;
        };
        let goes = steps.iter().any(|s| s.action == Action::Destroy && s.address == Address::top(Kind::Table, owner));
        let own = matches!(&going.what, What::Relation(name) | What::RowType(name) if name == owner);
        let Some(before) = current.tables.get(owner).and_then(|t| t.columns.get(&ident(&self.name))).filter(|_| !goes && !own) else {
            return false;
        };
        let edits = changes.tables().find_map(|c| match c {
            TableChange::Alter(edits) if edits.live.name == *owner => Some(edits),
            _ => None,
        });
        let after = match edits {
            Some(edits) => edits.column_after(&before.name),
            None => desired.tables.get(owner).and_then(|t| t.columns.get(&before.name)),
        };
        after.is_some_and(|after| if self.class == "pg_class" { after.ty == before.ty } else { after.default == before.default })
    }

    fn left_without(&self, going: &Going) -> Hazard {
        let (told, by) = (&self.told, &going.by);
        let (message, advice) = match &going.what {
            What::RowType(table) => (
                format!("PostgreSQL cannot change {by} in this way, because {told} has the row type of table {table}"),
                "give that column another type first, or leave out the new default or type".to_owned(),
            ),
            What::Relation(name) if self.class == "pg_attrdef" => (
                format!("{told} uses {name}, which is dropped with {by}"),
                format!("declare `sequence {name}` to keep it, or change the default"),
            ),
            _ => (
                format!("{told} has the row type of {by}, which is dropped"),
                "change the type of that column, or keep the table".to_owned(),
            ),
        };
        Hazard::new(Code::NotSupported, Level::Blocks, by.clone(), message, advice)
    }

    fn hazard(&self, going: &Going, desired: &Schema) -> Hazard {
        let ignored = self.owner.as_ref().is_some_and(|(name, _)| desired.ignores(Kind::Table, name));
        let (told, by) = (&self.told, &going.by);
        if ignored && ["pg_constraint", "pg_attrdef"].contains(&self.class.as_str()) {
            let message = format!("{told} depends on {by}, which changes, but its table is not managed");
            let advice = "drop it first, and re-create it afterwards";
            return Hazard::new(Code::BreaksIgnored, Level::Blocks, by.clone(), message, advice);
        }
        let message = format!("not supported: {told} depends on {by}, which changes");
        let is_view = self.class == "pg_rewrite" && self.name == "_RETURN";
        let advice = match is_view {
            true => "it depends on the key itself (GROUP BY): apply once without the view in the file, and then with it",
            false => "rosey does not manage it: drop it before the change and re-create it afterwards",
        };
        Hazard::new(Code::NotSupported, Level::Blocks, by.clone(), message, advice)
    }
}

/// Returns whether a step drops an object of this name that SQL defines as a whole.
pub(super) fn drops_definition(steps: &[Step], kind: DefinedKind, name: &str) -> bool {
    // What else identifies the object follows the name.
    let ends = |rest: &str| rest.is_empty() || rest.starts_with('(') || rest.starts_with(" on ");
    let is_it = |key: &str| key.split_once('.').and_then(|(_, own)| own.strip_prefix(name)).is_some_and(ends);
    let resource = |r: &Resource| matches!(r, Resource::Defined { kind: of, key } if *of == kind && is_it(key));
    steps.iter().any(|step| step.footprint.drops.iter().any(resource))
}

/// Returns whether a step drops the view.
fn is_dropped(steps: &[Step], view: &ObjectName, names: &Names) -> bool {
    let own = Resource::Relation(names.key(view));
    let drops = |step: &Step| {
        let resource = |r: &Resource| *r == own || matches!(r, Resource::Aside(live) if **live == own);
        step.footprint.drops.iter().any(resource) && step.statements.iter().any(|s| s.kind == StatementKind::DropsView)
    };
    steps.iter().any(drops)
}
