//! Tests of what is read, and of what is refused with its line. They need no server.

use super::*;
use crate::kdl;

fn read(sql: &str) -> String {
    kdl::encode(&from_sql(sql).unwrap_or_else(|e| panic!("{e:?}")))
}

fn refused(sql: &str) -> String {
    let problems = from_sql(sql).map(|s| kdl::encode(&s)).expect_err("it is taken");
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_serial_column_of_a_dump_is_one() {
    let dump = "\\restrict abc\nSET search_path = '';\nSELECT pg_catalog.set_config('search_path', '', false);
        CREATE TABLE public.t (id integer NOT NULL, at timestamp with time zone DEFAULT now());
        ALTER TABLE public.t OWNER TO postgres;
        CREATE SEQUENCE public.t_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
        ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;
        ALTER TABLE ONLY public.t ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);
        ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
        COPY public.t (id) FROM stdin;\n1 '\n\\.\n\n\\unrestrict abc\n";
    assert_eq!(read(dump), read("CREATE TABLE t (id serial PRIMARY KEY, at timestamptz DEFAULT now())"));
}

#[test]
fn what_is_not_taken_has_its_line() {
    for (sql, said) in [
        ("\n\\connect x\n", "line 2: \\connect is a psql command, which rosey does not run"),
        ("CREATE TABLE t (a int);\nDROP TABLE t;", "line 2: a schema must not drop what it creates"),
        ("CREATE TABLE t (\n a int,\n a text)", "line 3: column `a` is defined twice"),
        ("CREATE TABLE t (a int);\n\nDO $$ ; $$;", "line 3: this statement is not supported"),
        ("CREATE TABLE t (a int", "line 1: unclosed bracket"),
        ("CREATE TABLE t (a int DEFAULT 'x)", "line 1: an unterminated quoted string"),
        ("CREATE TABLE t (a int) WOBBLE", "line 1: unexpected `WOBBLE`"),
        ("SET search_path = app;", "line 1: unqualified names"),
        ("CREATE TABLE t (LIKE u)", "line 1: LIKE is not supported"),
        ("CREATE TABLE t AS SELECT 1", "line 1: unexpected `AS`"),
        ("ALTER TABLE t ADD COLUMN a int", "line 1: table `t` does not exist yet"),
        ("CREATE SERVER s FOREIGN DATA WRAPPER w", "line 1: rosey does not support this kind of object"),
        ("\n(", "line 2: this statement is not supported"),
    ] {
        let all = refused(sql);
        assert!(all.starts_with(said), "{sql}\n{all}");
    }
}

#[test]
fn what_is_managed_and_what_is_not_can_be_told_apart() {
    let sql = "CREATE FUNCTION public.f(a integer, b double precision DEFAULT 1, OUT c text, VARIADIC d varchar(3)[]) RETURNS record LANGUAGE sql AS $$ SELECT ';' $$;
        CREATE AGGREGATE public.g(a int, float8 ORDER BY text) (sfunc = f, stype = int);
        CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT OR UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION f();
        GRANT SELECT, INSERT ON TABLE t TO bob; CREATE TYPE pair AS (a int, b int);
        CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE q (a int); ALTER TABLE ONLY p ATTACH PARTITION q DEFAULT";
    let kdl = read(sql);
    for line in [
        r#"unmanaged aggregate "g(integer,double precision,text)""#,
        r#"trigger g { as "BEFORE INSERT OR UPDATE OF a ON t"#,
        r#"unmanaged privilege "SELECT on t to bob""#,
        r#"unmanaged type pair"#,
        r#"unmanaged table p "#,
        r#"unmanaged table q "#,
    ] {
        assert!(kdl.contains(line), "{line}\n{kdl}");
    }
}

#[test]
fn what_sql_defines_is_read_whole() {
    let sql = "CREATE FUNCTION public.f(a integer, OUT c text) RETURNS text LANGUAGE sql AS $$ SELECT ';' $$;
        CREATE OR REPLACE FUNCTION f(public.mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
        COMMENT ON FUNCTION public.f(integer, OUT c text) IS 'one'; CREATE TABLE t (a int, b int);
        CREATE STATISTICS IF NOT EXISTS s (mcv) ON a, b FROM public.t; COMMENT ON STATISTICS s IS 'two'; ALTER STATISTICS s OWNER TO bob";
    let kdl = read(sql);
    for text in
        ["function f comment=one { as", "(a integer, OUT c text) RETURNS text", "(public.mood) RETURNS int", "statistics s comment=two"]
    {
        assert!(kdl.contains(text), "{text}\n{kdl}");
    }
}

#[test]
fn expressions_end_where_they_end() {
    let sql = "CREATE TABLE t (a int DEFAULT CASE WHEN 1 IS NOT NULL THEN 1 ELSE 2 END NOT NULL, b text DEFAULT NULL COLLATE \"C\", \
        c int CHECK (c > 0) UNIQUE, d boolean DEFAULT 1 IS NOT DISTINCT FROM 2 NULL)";
    let kdl = read(sql);
    for line in ["CASE WHEN 1 IS NOT NULL THEN 1 ELSE 2 END", "1 IS NOT DISTINCT FROM 2\"", "collate=C"] {
        assert!(kdl.contains(line), "{line}\n{kdl}");
    }
}
