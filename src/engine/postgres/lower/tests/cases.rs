//! Pairs of schemas for the tests of statements.

use super::*;
use crate::schema::{Extension, Namespace};

#[tokio::test]
async fn columns() {
    let a = kdl(r#"table t comment="one" {
        column id integer primary-key
        column a integer
        column b text default="x" comment="b"
        column c "varchar(10)"
        column d serial
        column e integer identity=always not-null
        column f integer generated="a + 1" stored=#true
        column g integer default=7
        column old text
        column gone text
        column h "decimal(8,2)" not-null default=1
        check "a > 0"
        check named "c <> ''"
        unique a
        index by_b b
        index by_lower { part (sql)"lower(c)" order=desc nulls=last }
        index by_f f
    }"#);
    let b = kdl(r#"table t comment="two" {
        column id bigserial primary-key
        column a bigint
        column b integer default=3 { using "length(b)" }
        column c "varchar(5)" not-null { backfill "gone" }
        column d bigserial
        column e integer
        column f integer generated="a + 2" stored=#true
        column g integer not-null identity=by-default
        column new text was=old
        column h "decimal(10,2)"
        column fresh text not-null { backfill "old || gone" }
        column plain integer not-null default=5
        column counted serial
        check "a > 0"
        check named "c <> 'no'"
        unique a
        unique fresh name=uq
        index by_b b
        index by_lower2 was=by_lower { part (sql)"lower(c)" order=desc nulls=last }
        index by_f f
    }"#);
    let there = [r#"INSERT INTO "t" (id, a, b, c, g, old, gone) VALUES (4, 1, 'x', NULL, 9, 'o', 'g'), (5, 2, 'yy', 'c', 10, 'p', 'h')"#];
    let back = [r#"INSERT INTO "t" (id, a, b, c, new, fresh, e, h) VALUES (1, 1, 2, 'c', 'n', 'f', 1, 2)"#];
    both_ways(&a, &b, &there, &back).await;
}

#[tokio::test]
async fn keys_and_references() {
    let a = kdl(r#"table p { column id integer primary-key; column x text unique }
        table c { column id integer primary-key; column p integer references="p(id)" on-delete=cascade; column x text references="p(x)" }
        table one { column id integer primary-key; column two integer references="two(id)" }
        table two { column id integer primary-key; column one integer references="one(id)" }"#);
    let there = [r#"INSERT INTO "p" VALUES (1, 'a')"#, r#"INSERT INTO "c" VALUES (1, 1, 'a')"#];
    let Some(url) = server() else { return };
    for online in [false, true] {
        go(&url, &a, &kdl(""), &[], online).await;
    }
    let c = kdl(r#"table p { column id bigint primary-key; column x "varchar(20)"; column y text default="y"; unique x }
        table c was=child { column id integer; column p bigint; column x "varchar(20)" references="p(x)"
            primary-key id
            foreign-key p references="p(id)" name=fk deferrable=initially-deferred }"#);
    let d = kdl(r#"table p { column id integer primary-key; column x text unique }
        table c { column id integer primary-key; column p integer references="p(id)" on-delete=cascade; column x text references="p(x)" }"#);
    both_ways(&d, &c, &there, &there).await;
    let two = [r#"INSERT INTO "p" VALUES (1)"#, r#"INSERT INTO "c" VALUES (1, 1)"#];
    let named = |s: &str| {
        kdl(&format!(
            r#"table p {{ column id integer primary-key }}
            table {s} {{ column id integer; column {} ; primary-key id name=key; foreign-key {} references="p(id)" name=fk
                check ck "{} > 0"; index i {} }}"#,
            if s == "c" { "p integer" } else { "q integer was=p" },
            if s == "c" { "p" } else { "q" },
            if s == "c" { "p" } else { "q" },
            if s == "c" { "p" } else { "q was=i" },
        ))
    };
    let mut later = named("child was=c");
    later.tables.get_mut(&object("child")).unwrap().foreign_keys[0].deferrable = Some(crate::schema::Deferrable::InitiallyDeferred);
    for online in [false, true] {
        go(&url, &named("c"), &later, &two, online).await;
    }
    // A key and what references it, both new, over existing rows.
    let e = kdl(r#"table p { column id integer }
        table c { column p integer }"#);
    let f = kdl(r#"table p { column id integer primary-key }
        table c { column p integer references="p(id)" }"#);
    let rows = [r#"INSERT INTO "p" VALUES (1)"#, r#"INSERT INTO "c" VALUES (1)"#];
    let mut g = f.clone();
    let fk = &mut g.tables.get_mut(&object("c")).unwrap().foreign_keys[0];
    (fk.not_valid, fk.comment) = (true, Some("later".into()));
    let not_null = |s: &mut Schema| s.tables.get_mut(&object("p")).unwrap().columns[0].not_null = true;
    let mut e2 = e.clone();
    not_null(&mut e2);
    both_ways(&e2, &f, &rows, &rows).await;
    both_ways(&f, &g, &rows, &rows).await;
    go(&url, &e, &f, &rows, true).await;
}

#[tokio::test]
async fn types() {
    let tables = r#"table t { column id integer primary-key; column m mood default="ok"; column ms "mood[]"; column d dom; column e over
            check "m <> 'sad'"
            index by_m { part m; } 
            index sad id where="m = 'sad'" }
        view v { as "SELECT id, m FROM t WHERE m = 'ok'" }"#;
    let fixed = |s: Schema| s.with_domain("over", "mood", false, None, &[]);
    let a = fixed(kdl(tables).with_enum("mood", &[], &["sad", "ok"]).with_domain("dom", "integer", false, None, &[("", "VALUE > 0")]));
    let b = fixed(kdl(tables).with_enum("mood", &[], &["great", "sad", "fine", "ok", "happy"]).with_domain(
        "dom",
        "integer",
        true,
        Some("4"),
        &[("", "VALUE > 0"), ("most", "VALUE < 100")],
    ));
    let c =
        fixed(kdl(&tables.replace("ok", "happy")).with_enum("mood", &[], &["happy", "sad"]).with_domain("dom", "bigint", false, None, &[]));
    let rows = [r#"INSERT INTO "t" (id, m, ms, d, e) VALUES (1, NULL, ARRAY['sad']::mood[], 5, 'sad')"#];
    both_ways(&a, &b, &rows, &rows).await;
    both_ways(&a, &c, &rows, &rows).await;
    both_ways(&b, &c, &rows, &rows).await;
    both_ways(&a, &kdl(""), &rows, &[]).await;
    let renamed = kdl(&tables.replace("mood", "feeling"))
        .with_enum("feeling", &["mood"], &["sad", "ok", "new"])
        .with_domain("dom", "integer", false, None, &[("", "VALUE > 0")])
        .with_domain("over", "feeling", false, None, &[]);
    let Some(url) = server() else { return };
    for online in [false, true] {
        go(&url, &a, &renamed, &rows, online).await;
    }
}

#[tokio::test]
async fn views() {
    let a = kdl(r#"table t { column id integer primary-key; column a integer; column b text }
        view v { as "SELECT id, a FROM t" }
        view w { as "SELECT a FROM v" }
        view x { as "SELECT b FROM t" }"#)
    .with_materialized("m", "SELECT a AS k FROM w", Some(("m_k", "k")));
    let mut b = kdl(r#"table t { column id integer primary-key; column a text; column c integer default=1 }
        view v { as "SELECT id, a FROM t" }
        view w { as "SELECT a FROM v" }
        view z { as "SELECT c FROM t" }
        table x { column id integer }"#)
    .with_materialized("m", "SELECT a AS k FROM w", Some(("m_k2", "k")));
    b.views.get_mut(&object("w")).unwrap().comment = Some("said".into());
    b.views.get_mut(&object("v")).unwrap().with = vec![("security_barrier".into(), "true".into())];
    let mut c = b.clone();
    let w = c.views.get_mut(&object("w")).unwrap();
    (w.comment, w.with) = (None, vec![("check_option".into(), "local".into())]);
    c.views.get_mut(&object("z")).unwrap().query = Expr::new("SELECT a, c, id FROM t");
    c.materialized_views.clear();
    c = c.with_materialized("m", "SELECT a AS k FROM w", None);
    let rows = [r#"INSERT INTO "t" VALUES (1, 1)"#];
    both_ways(&a, &b, &rows, &rows).await;
    both_ways(&b, &c, &rows, &rows).await;
}

#[tokio::test]
async fn everything_else() {
    let namespace = |comment: &str| {
        let mut namespace = Namespace::new(ident("app"));
        namespace.comment = Some(comment.into());
        namespace
    };
    let extension = |schema: &str| Extension { schema: Some(ident(schema)), ..Extension::new(ident("btree_gist")) };
    let mut a = kdl(r#"table t { column id integer default=(sql)"nextval('s')"; column x int4range; column n integer }"#).with_sequence(
        "s",
        "integer",
        SequenceOptions { start: Some(5), cycle: true, ..SequenceOptions::default() },
        Some(("t", "id")),
    );
    a.extensions.insert(object("btree_gist"), extension("public"));
    let mut b = kdl(r#"table t { column id integer; column x int4range; column n integer
            index by_n n { include id; with fillfactor=70 } }
        table other schema=app comment="there" { column id integer default=(sql)"nextval('app.q')"; column n integer unique }"#)
    .with_sequence("app.q", "bigint", SequenceOptions { increment: Some(-2), ..SequenceOptions::default() }, Some(("app.other", "id")))
    .with_sequence("s", "bigint", SequenceOptions { start: Some(7), cache: Some(3), ..SequenceOptions::default() }, None);
    b.namespaces.insert(object("app"), namespace("the app"));
    b.extensions.insert(object("btree_gist"), extension("app"));
    let t = b.tables.get_mut(&object("t")).unwrap();
    (t.unlogged, t.with) = (true, vec![("fillfactor".into(), "80".into())]);
    let part = |c: &str| crate::schema::IndexPart::new(crate::schema::PartKey::Column(ident(c)));
    t.exclusions.push(crate::schema::Exclusion {
        name: None,
        method: Some("gist".into()),
        parts: vec![(part("x"), "&&".into())],
        predicate: Some(Expr::new("n > 0")),
        deferrable: None,
        include: Vec::new(),
        comment: Some("no two".into()),
        directives: Default::default(),
    });
    let rows = [r#"INSERT INTO "t" (id, x, n) VALUES (1, '[1,2]', 1)"#];
    both_ways(&a, &b, &rows, &rows).await;
    let mut c = b.clone();
    c.namespaces.insert(object("app"), namespace("another"));
    let t = c.tables.get_mut(&object("t")).unwrap();
    t.exclusions[0].predicate = None;
    t.with = vec![("autovacuum_enabled".into(), "false".into())];
    t.indexes[0].with = Vec::new();
    t.indexes[0].comment = Some("by n".into());
    both_ways(&b, &c, &rows, &rows).await;
}

/// The server gives the names that `default_name` predicts.
#[tokio::test]
async fn default_names() {
    use crate::engine::postgres::default_name as names;
    let Some(url) = server() else { return };
    let long = |c: &str, n: usize| c.repeat(n);
    let (table, first, second) = (long("t", 47), long("a", 41), long("é", 26));
    let mut schema = kdl(&format!(
        r#"table {table} {{ column {first} integer; column {second} integer; column c text
            primary-key {first}
            unique {first} {second}
            unique {second} {{ include {second} c; }}
            check "{first} > 0"
            check "{first} > {second} AND c <> ''"
            foreign-key {first} {second} references="{table}({first}, {second})" }}"#
    ));
    let t = schema.tables.get_mut(&object(&table)).unwrap();
    let expr = |e: &str| crate::schema::IndexPart::new(crate::schema::PartKey::Expr(Expr::new(e)));
    let parts = ["lower(c)", "a || 'x'", "c || 'y'", "upper(lower(c))"].map(|e| (expr(&e.replace("a ", "c ")), "=".to_owned()));
    t.exclusions.push(crate::schema::Exclusion {
        name: None,
        method: None,
        parts: parts.to_vec(),
        predicate: None,
        deferrable: None,
        include: vec![ident("c")],
        comment: None,
        directives: Default::default(),
    });
    let mut foretold: Vec<String> = t.primary_key.iter().map(|k| names::primary_key(&t.name, k)).collect();
    foretold.extend(t.uniques.iter().map(|u| names::unique(&t.name, u)));
    foretold.extend(t.checks.iter().map(|c| names::check(t, c)));
    foretold.extend(t.exclusions.iter().map(|e| names::exclusion(&t.name, e)));
    for fk in &mut t.foreign_keys {
        foretold.push(names::foreign_key(&t.head.name, fk));
    }
    let mut db = database(&url).await;
    run(&mut db, &steps(&Schema::default(), &schema, &[], false)).await;
    let rows = db.query("SELECT conname::text FROM pg_constraint WHERE conrelid > 16000 AND contype <> 'n' ORDER BY 1").await.unwrap();
    let given: Vec<String> = rows.iter().map(|r| sqlx::Row::try_get::<String, _>(r, 0).unwrap()).collect();
    foretold.sort();
    let mut sorted = given.clone();
    sorted.sort();
    assert_eq!(sorted, foretold);
    db.close().await.unwrap();
}
