//! Statements of hand-written changes, run on a real server: from each schema to the other and back, with and
//! without rows, online and not. The result must be the same as that of creating the schema from scratch.

mod cases;
#[allow(dead_code)] // the shared test harness, of which these tests use a part
#[path = "../../../../tests/support/postgres.rs"]
mod postgres;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::Url;
use super::super::connection::Connection;
use super::super::facts::{Facts, TableFacts};
use super::lower;
use crate::diff::diff;
use crate::kdl::{Sources, decode};
use crate::plan::{Action, Probe, Step, Transaction, order};
use crate::schema::{
    Case, Check, DefaultValue, Dialect, Domain, EnumType, Expr, Ident, Literal, MaterializedView, Normalized, ObjectName, Schema, Sequence,
    SequenceOptions, Type,
};

/// Everything in the user's schemas, as sorted lines.
const STATE: &str = r#"
SELECT line FROM (
  SELECT format('column %s.%s %s null=%s default=%s identity=%s generated=%s collate=%s comment=%s', a.attrelid::regclass, a.attname,
      format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
      a.attcollation::regcollation, col_description(a.attrelid, a.attnum)) AS line
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm')
  UNION ALL
  SELECT format('%s %s kind=%s persistence=%s options=%s comment=%s', c.relkind, c.oid::regclass, c.relkind, c.relpersistence, c.reloptions,
      obj_description(c.oid, 'pg_class')) FROM pg_class c WHERE c.relkind IN ('r', 'v', 'm', 'S', 'i')
  UNION ALL
  SELECT format('constraint %s.%s %s %s comment=%s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated,
      obj_description(k.oid, 'pg_constraint')) FROM pg_constraint k WHERE k.contype <> 'n'
  UNION ALL
  SELECT format('index %s valid=%s %s', i.indexrelid::regclass, i.indisvalid, pg_get_indexdef(i.indexrelid)) FROM pg_index i
  UNION ALL
  SELECT format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) FROM pg_class c WHERE c.relkind IN ('v', 'm')
  UNION ALL
  SELECT format('type %s %s notnull=%s base=%s default=%s %s comment=%s', t.oid::regtype, t.typtype, t.typnotnull, t.typbasetype::regtype,
      t.typdefault, (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
      obj_description(t.oid, 'pg_type')) FROM pg_type t WHERE t.typtype IN ('e', 'd')
  UNION ALL
  SELECT format('sequence %s %s %s %s %s %s %s %s', s.seqrelid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
      s.seqcache, s.seqcycle) FROM pg_sequence s
  UNION ALL
  SELECT format('schema %s %s', n.nspname, obj_description(n.oid, 'pg_namespace')) FROM pg_namespace n WHERE n.nspname !~ '^pg_'
  UNION ALL
  SELECT format('extension %s %s', e.extname, e.extnamespace::regnamespace) FROM pg_extension e
) all_lines WHERE line !~ ' (pg_|information_schema|_pg)' ORDER BY line"#;

pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Case::Exact)
}

pub(super) fn object(name: &str) -> ObjectName {
    match name.split_once('.') {
        Some((schema, name)) => ObjectName::new(Some(ident(schema)), ident(name)),
        None => ObjectName::bare(ident(name)),
    }
}

/// Parses tables and views in the schema language.
pub(super) fn kdl(text: &str) -> Schema {
    let mut schema = decode(&Sources::from_text("test", text), Dialect::Postgres).unwrap_or_else(|e| panic!("{e:?}"));
    // As after normalization: a serial or identity column is NOT NULL.
    for column in schema.tables.values_mut().flat_map(|t| t.columns.values_mut()) {
        column.not_null |= column.ty.is_serial() || column.identity.is_some();
    }
    schema
}

impl Schema {
    fn with_enum(mut self, name: &str, was: &[&str], values: &[&str]) -> Self {
        let name = object(name);
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        let mut ty = EnumType::new(name.clone(), values);
        ty.was = was.iter().map(|w| ident(w)).collect();
        ty.comment = Some("a type".into());
        self.enums.insert(name, ty);
        self
    }

    fn with_domain(mut self, name: &str, ty: &str, not_null: bool, default: Option<&str>, checks: &[(&str, &str)]) -> Self {
        let name = object(name);
        let checks = checks.iter().map(|(n, e)| Check { name: (!n.is_empty()).then(|| ident(n)), ..Check::new(Expr::new(*e)) });
        let default = default.map(|d| DefaultValue::new(Literal::Number(d.to_owned())));
        let domain = Domain { not_null, default, checks: checks.collect(), ..Domain::new(name.clone(), Type::parse(ty)) };
        self.domains.insert(name, domain);
        self
    }

    fn with_sequence(mut self, name: &str, ty: &str, options: SequenceOptions, owner: Option<(&str, &str)>) -> Self {
        let name = object(name);
        let owned_by = owner.map(|(t, c)| (object(t), ident(c)));
        let mut sequence = Sequence { options, owned_by, ..Sequence::new(name.clone(), Type::parse(ty)) };
        sequence.comment = Some("counts".into());
        self.sequences.insert(name, sequence);
        self
    }

    fn with_materialized(mut self, name: &str, query: &str, index: Option<(&str, &str)>) -> Self {
        let name = object(name);
        let mut view = MaterializedView::new(name.clone(), Expr::new(query));
        view.comment = Some("kept".into());
        if let Some((index, column)) = index {
            let part = crate::schema::IndexPart::new(crate::schema::PartKey::Column(ident(column)));
            view.indexes.insert(ident(index), crate::schema::Index { parts: vec![part], ..crate::schema::Index::new(ident(index)) });
        }
        self.materialized_views.insert(name, view);
        self
    }
}

pub(super) fn steps(current: &Schema, desired: &Schema, rows: &[String], online: bool) -> Vec<Step> {
    let (a, b) = (Normalized::by_dialect(current.clone()), Normalized::by_dialect(desired.clone()));
    let changes = diff(&a, &b).unwrap();
    let holds = |t: &ObjectName| TableFacts { bytes: Some(8192), holds_rows: rows.contains(&t.to_string()) };
    let facts = Facts {
        default_schema: ident("public"),
        tables: current.tables.keys().map(|t| (t.clone(), holds(t))).collect(),
        uses: Vec::new(),
        sequences: BTreeMap::new(),
        kept_columns: BTreeMap::new(),
        definitions: BTreeMap::new(),
    };
    let steps = lower(&changes, current, desired, &facts, online);
    let shown = format!("{steps:#?}");
    order(steps).unwrap_or_else(|e| panic!("circle: {e:?}\n{shown}"))
}

pub(super) fn script(steps: &[Step]) -> String {
    steps.iter().flat_map(|s| s.statements.iter().map(|t| format!("{:?}: {};\n", s.transaction, t.sql))).collect()
}

static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// Returns the URL of a server of the newest available version.
fn server() -> Option<String> {
    postgres::servers().last().map(|s| s.url("postgres"))
}

/// Creates a database and returns a session in it.
async fn database(url: &str) -> Connection {
    let name = format!("rosey_ddl_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut admin = Connection::open(&Url::parse(url).unwrap()).await.unwrap();
    admin.execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
    admin.close().await.unwrap();
    let (host, _) = url.rsplit_once('/').unwrap();
    Connection::open(&Url::parse(&format!("{host}/{name}")).unwrap()).await.unwrap()
}

async fn run(db: &mut Connection, steps: &[Step]) {
    for when in [Transaction::Before, Transaction::Inside, Transaction::After] {
        if when == Transaction::Inside {
            db.execute("BEGIN").await.unwrap();
        }
        for step in steps.iter().filter(|s| s.transaction == when) {
            for statement in &step.statements {
                if let Err(e) = db.execute(&statement.sql).await {
                    panic!("{e}\n--- {}\n--- of\n{}", statement.sql, script(steps));
                }
            }
        }
        if when == Transaction::Inside {
            db.execute("COMMIT").await.unwrap();
        }
    }
}

/// Checks that the server can run every probe.
async fn measure(db: &mut Connection, steps: &[Step]) {
    for (step, hazard) in steps.iter().flat_map(|s| s.hazards.iter().map(move |h| (s, h))) {
        let counted = match &hazard.probe {
            Some(Probe::Query(sql)) => Some(sql.clone()),
            Some(Probe::Aggregate(sql)) => Some(format!("SELECT {sql}, count(*) FROM {} AS t", step.rows_of.as_ref().unwrap())),
            None => None,
        };
        for sql in counted.into_iter().chain(hazard.find.iter().map(|f| format!("SELECT count(*) FROM ({f}) AS found"))) {
            if let Err(e) = db.query(&sql).await {
                panic!("probe: {e}\n{sql}");
            }
        }
    }
}

async fn state(db: &mut Connection) -> Vec<String> {
    let rows = db.query(STATE).await.unwrap();
    rows.iter().map(|r| sqlx::Row::try_get::<String, _>(r, 0).unwrap()).collect()
}

/// Migrates from one schema to the other, over the rows that `seed` creates.
async fn go(url: &str, current: &Schema, desired: &Schema, seed: &[&str], online: bool) {
    let empty = Schema::default();
    let mut fresh = database(url).await;
    run(&mut fresh, &steps(&empty, desired, &[], online)).await;
    let wanted = state(&mut fresh).await;
    fresh.close().await.unwrap();
    let mut db = database(url).await;
    run(&mut db, &steps(&empty, current, &[], online)).await;
    let mut rows = Vec::new();
    for sql in seed {
        db.execute(sql).await.unwrap_or_else(|e| panic!("seed: {e}\n{sql}"));
        rows.extend(sql.split('"').nth(1).map(|t| t.to_owned()));
    }
    let steps = steps(current, desired, &rows, online);
    assert!(!steps.iter().any(|s| s.action == Action::Unsupported));
    measure(&mut db, &steps).await;
    run(&mut db, &steps).await;
    let now = state(&mut db).await;
    let missing: Vec<_> = wanted.iter().filter(|l| !now.contains(l)).collect();
    let extra: Vec<_> = now.iter().filter(|l| !wanted.contains(l)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "missing {missing:#?}\nextra {extra:#?}\n{}", script(&steps));
    db.close().await.unwrap();
}

/// Migrates there and back, in all modes.
pub(super) async fn both_ways(a: &Schema, b: &Schema, there: &[&str], back: &[&str]) {
    let Some(url) = server() else { return };
    for online in [false, true] {
        go(&url, a, b, &[], online).await;
        go(&url, b, a, &[], online).await;
        go(&url, a, b, there, online).await;
        go(&url, b, a, back, online).await;
    }
}
