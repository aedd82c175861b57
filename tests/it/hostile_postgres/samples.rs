//! The samples: SQL that a schema file may contain, its place, and what a plan must say about it. The tests
//! are elsewhere.

use rosey::plan::Plan;

/// The place of the SQL in a sample.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    Check,
    /// The backfill of a new NOT NULL column of this type.
    Backfill(&'static str),
    /// The conversion of `name` to this type.
    Using(&'static str),
    Generated(&'static str),
    IndexWhere,
    IndexOn,
    Exclusion,
    Default(&'static str),
    View,
    Materialized,
    /// The check of a new domain, which a new column has.
    Domain,
    /// A line in the table.
    Line,
    /// A node beside the table.
    Beside,
}

/// What a plan must say.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// `not counted: …`
    Not(&'static str),
    /// It is counted: the text contains these words.
    Counted(&'static str),
    /// It fails on the rows, in the plan with this SQLSTATE if there is one, and in an apply.
    Leak(&'static str),
    /// The server rejects it.
    Error,
    /// There is a plan that says nothing about the rows: neither a count nor that one was omitted.
    Quiet,
}

impl Expect {
    pub fn is_met(self, made: &Result<Plan, String>, shown: &str) -> bool {
        match self {
            Expect::Not(why) => made.is_ok() && shown.contains(&format!("not counted: {why}")),
            Expect::Counted(words) => made.is_ok() && shown.contains(words),
            Expect::Leak(code) => made.is_ok() && (code.is_empty() || shown.contains(&format!("({code})"))),
            Expect::Error => made.is_err(),
            Expect::Quiet => made.is_ok() && !shown.contains("not counted: ") && !shown.contains("of 2 rows"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub place: Place,
    pub sql: &'static str,
    pub expect: Expect,
}

impl Sample {
    /// Returns the type of `name`, a line in the table, and what is outside it.
    pub fn place(&self) -> (String, String, String) {
        let sql = format!("###\"{}\"###", self.sql);
        let text = || "text not-null".to_owned();
        let line = |line: String| (text(), line, String::new());
        match self.place {
            Place::Check => line(format!("check {sql}")),
            Place::Backfill(ty) => line(format!("column x \"{ty}\" not-null {{ backfill {sql} }}")),
            Place::Using(ty) => (format!("\"{ty}\" not-null {{ using {sql} }}"), String::new(), String::new()),
            Place::Generated(ty) => line(format!("column x \"{ty}\" stored=#true generated={sql}")),
            Place::IndexWhere => line(format!("index hostile name where={sql}")),
            Place::IndexOn => line(format!("index hostile (sql){sql} unique=#true")),
            Place::Exclusion => line(format!("exclude using=btree {{\n        part (sql){sql} with=\"=\"\n    }}")),
            Place::Default(ty) => line(format!("column x \"{ty}\" default=(sql){sql}")),
            Place::View => (text(), String::new(), format!("view hostile {{ as {sql} }}")),
            Place::Materialized => (text(), String::new(), format!("materialized-view hostile {{ as {sql} }}")),
            Place::Domain => {
                (text(), "column x hostile not-null { backfill \"name\" }".to_owned(), format!("domain hostile text {{ check {sql} }}"))
            }
            Place::Line => line(self.sql.to_owned()),
            Place::Beside => (text(), String::new(), self.sql.to_owned()),
        }
    }
}

const fn sample(place: Place, sql: &'static str, expect: Expect) -> Sample {
    Sample { place, sql, expect }
}

use Expect::{Counted, Error, Leak, Not, Quiet};
use Place::{Backfill, Beside, Check, Default, Domain, Exclusion, Generated, IndexOn, IndexWhere, Materialized, Using, View};

/// Each level doubles the value.
const NESTED_ENCODE: &str = concat!(
    "length(encode(encode(encode(encode(encode(encode(encode(encode(encode(encode(encode(encode(encode(encode(encod",
    "e(encode(encode(encode(encode(encode(repeat(name, 1000)::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex'",
    ")::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'he",
    "x')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'",
    "hex')) > 0",
);

#[rustfmt::skip]
pub const SAMPLES: &[Sample] = &[
    // Safe expressions are counted.
    sample(Check, "n > 7", Counted("1 of 2 rows violate")),
    sample(Check, "length(name) > 100 AND lower(name) LIKE 'a%'", Counted("2 of 2 rows violate")),
    sample(Check, "n OPERATOR(pg_catalog.>) 7", Counted("1 of 2 rows violate")),
    sample(Check, "born < now() - interval '100 years'", Counted("2 of 2 rows violate")),
    sample(Check, "name = ANY (ARRAY['a', 'b'])", Counted("2 of 2 rows violate")),
    sample(Check, "to_char(born, 'YYYY') = '1990'", Counted("1 of 2 rows violate")),
    sample(Backfill("integer"), "CASE WHEN n = 7 THEN n END", Counted("`x` is NULL in 1 of 2 rows")),
    sample(Backfill("text"), "lpad(n::text, 5, '0')", Quiet),
    sample(Backfill("w.mood"), "NULL", Counted("`x` is NULL in 2 of 2 rows")),
    sample(Backfill("jsonb"), "jsonb_build_object('a', n) -> 'b'", Counted("`x` is NULL in 2 of 2 rows")),
    sample(Backfill("text"), "(SELECT max(pin) FROM w.vault WHERE false)", Counted("`x` is NULL in 2 of 2 rows")),
    sample(IndexOn, "lower('a')", Counted("2 of 2 rows are duplicates")),
    // Routines and triggers of the file are not run, whatever they contain, and no library is loaded.
    sample(Beside, "function h { as \"() RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM w.f(''x''); RETURN 1; END'\" }", Quiet),
    sample(Beside, "function h schema=w { as \"() RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT w.f(''x'')'\" }", Quiet),
    sample(Beside, "function h { as \"(a boolean DEFAULT w.f('x')) RETURNS int LANGUAGE sql AS 'SELECT 1'\" }", Quiet),
    sample(Beside, "function h { as \"(a w.pair DEFAULT '(a,b)') RETURNS int LANGUAGE sql AS 'SELECT 1'\" }", Quiet),
    sample(Beside, "function h { as \"(a w.guarded[] DEFAULT '{a}') RETURNS int LANGUAGE sql AS 'SELECT 1'\" }", Quiet),
    sample(Beside, "function h { as \"() RETURNS int LANGUAGE c AS 'nowhere', 'h'\" }", Quiet),
    sample(Beside, "function h { as \"() RETURNS int LANGUAGE U&\\\"\\\\0063\\\" AS 'nowhere', 'h'\" }", Quiet),
    sample(Beside, "function h { as \"() RETURNS int LANGUAGE sql SET search_path = nothing AS 'SELECT pg_sleep(3)'\" }", Quiet),
    sample(Beside, "function h { as \"() RETURNS int LANGUAGE sql IMUTABLE AS 'SELECT 1'\" }", Error),
    sample(Beside, "trigger h { as \"BEFORE UPDATE ON users FOR EACH ROW WHEN (w.f(NEW.name)) EXECUTE FUNCTION suppress_redundant_updates_trigger()\" }", Quiet),
    sample(Beside, "trigger h { as \"BEFORE UPDATE ON users FOR EACH ROW WHEN (NEW.gone) EXECUTE FUNCTION suppress_redundant_updates_trigger()\" }", Error),
    // Sleep, settings, files, network, large objects, locks, slots, statistics.
    sample(Check, "pg_sleep(3) IS NULL", Not("calls pg_sleep")),
    sample(Check, "U&\"pg_sl\\0065ep\"(3) IS NULL", Not("calls pg_sleep")),
    sample(Check, "pg_sleep /* x */ (3) IS NULL", Not("calls pg_sleep")),
    sample(Place::Line, "check \"pg_sleep --x\\n (3) IS NULL\"", Not("calls pg_sleep")),
    sample(Place::Line, "check \"pg_sleep/**/\\n/* ( */(3) IS NULL\"", Not("calls pg_sleep")),
    sample(Check, "\"pg_sleep\"(3) IS NULL", Not("calls pg_sleep")),
    sample(Check, "PG_SLEEP(3) IS NULL", Not("calls pg_sleep")),
    sample(Check, "pg_catalog.pg_sleep(3) IS NULL", Not("calls pg_sleep")),
    sample(Check, "U&\"pg!005fcatalog\" UESCAPE '!' . \"pg_sleep\"(3) IS NULL", Not("calls pg_sleep")),
    sample(Check, "pg_sleep_for('3 s') IS NULL", Not("calls pg_sleep_for")),
    sample(Check, "(SELECT pg_sleep(3)) IS NULL", Error),
    sample(Check, "set_config('x.y', name, false) IS NULL", Not("calls set_config")),
    sample(Check, "current_setting('data_directory') IS NULL", Not("calls current_setting")),
    sample(Backfill("text"), "pg_read_file('/etc/passwd')", Not("calls pg_read_file")),
    sample(Backfill("bytea"), "pg_read_binary_file('/etc/passwd')", Not("calls pg_read_binary_file")),
    sample(Backfill("text"), "(SELECT string_agg(f, ',') FROM pg_ls_dir('/etc') f)", Not("calls pg_ls_dir")),
    sample(Backfill("text"), "pg_current_logfile()", Not("calls pg_current_logfile")),
    sample(Backfill("text"), "(pg_stat_file('/etc/passwd')).size::text", Not("calls pg_stat_file")),
    sample(Backfill("oid"), "lo_creat(-1)", Not("calls lo_creat")),
    sample(Backfill("oid"), "lo_from_bytea(0, name::bytea)", Not("calls lo_from_bytea")),
    sample(Backfill("integer"), "lo_export(1, '/tmp/rosey-hostile')", Not("calls lo_export")),
    sample(Backfill("oid"), "lo_import('/etc/passwd')", Not("calls lo_import")),
    sample(Backfill("bigint"), "nextval('w.witness')", Not("calls nextval")),
    sample(Backfill("bigint"), "setval('w.witness', 99)", Not("calls setval")),
    sample(Backfill("text"), "(pg_create_physical_replication_slot('hostile')).slot_name", Not("calls pg_create_physical_replication_slot")),
    sample(Check, "pg_advisory_lock(n) IS NULL", Not("calls pg_advisory_lock")),
    sample(Check, "pg_try_advisory_lock(n)", Not("calls pg_try_advisory_lock")),
    sample(Check, "pg_notify('a', name) IS NULL", Not("calls pg_notify")),
    sample(Check, "pg_terminate_backend(n)", Not("calls pg_terminate_backend")),
    sample(Check, "pg_cancel_backend(n)", Not("calls pg_cancel_backend")),
    sample(Check, "pg_reload_conf()", Not("calls pg_reload_conf")),
    sample(Check, "pg_rotate_logfile()", Not("calls pg_rotate_logfile")),
    sample(Check, "pg_switch_wal() IS NULL", Not("calls pg_switch_wal")),
    sample(Check, "pg_stat_get_numscans(n::oid) > 0", Not("calls pg_stat_get_numscans")),
    sample(Check, "pg_logical_emit_message(true, 'a', name) IS NULL", Not("calls pg_logical_emit_message")),
    sample(Backfill("text"), "txid_current()::text", Not("calls txid_current")),
    sample(Backfill("double precision"), "random()", Quiet),
    sample(Check, "has_table_privilege('w.vault', 'SELECT')", Not("calls has_table_privilege")),
    sample(Check, "obj_description(n::oid) IS NULL", Not("calls obj_description")),
    sample(Backfill("text"), "pg_get_viewdef('w.peek'::regclass)", Not("calls pg_get_viewdef")),
    // Queries in strings.
    sample(Backfill("text"), "query_to_xml('SELECT * FROM users', true, false, '')::text", Not("calls query_to_xml")),
    sample(Backfill("text"), "table_to_xml('w.vault', true, false, '')::text", Not("calls table_to_xml")),
    sample(Backfill("text"), "schema_to_xml('w', true, false, '')::text", Not("calls schema_to_xml")),
    sample(Backfill("text"), "database_to_xml(true, false, '')::text", Not("calls database_to_xml")),
    sample(Backfill("text"), "xmlelement(name a, name)::text", Not("calls an XML expression")),
    sample(Backfill("text"), "(SELECT word FROM ts_stat('SELECT to_tsvector(pin) FROM w.vault') LIMIT 1)", Not("calls ts_stat")),
    sample(Backfill("text"), "ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')::text", Not("calls ts_rewrite")),
    sample(Backfill("text"), "(SELECT a FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS a text) t)", Not("calls ")),
    // User-defined functions under every name and notation.
    sample(Check, "w.f(name)", Not("calls w.f(text)")),
    sample(Check, "w.f('a')", Not("calls w.f(text)")),
    sample(Check, "\"w\".\"f\"(t => name)", Not("calls w.f(text)")),
    sample(Check, "NOT w.f(name) OR w.f(name)", Not("calls w.f(text)")),
    sample(Check, "w.stable(name) IS NOT NULL", Not("calls w.stable(text)")),
    sample(Check, "w.volatile(name) IS NOT NULL", Not("calls w.volatile(text)")),
    sample(Check, "w.lower(name) <> ''", Not("calls w.lower(text)")),
    sample(Check, "coalesce(nullif(w.lower(name), ''), name) IS NOT NULL", Not("calls w.lower(text)")),
    sample(Check, "name OPERATOR(w.===) name", Not("calls w.same(text,text)")),
    sample(Check, "name OPERATOR(w.===) ANY (ARRAY['a'])", Not("calls w.same(text,text)")),
    sample(Check, "(name::w.pair).a IS NOT NULL", Not("calls w.to_pair(text)")),
    sample(Backfill("w.guarded"), "name", Not("calls w.f(text)")),
    sample(Backfill("text"), "(name::w.guarded)::text", Not("calls w.f(text)")),
    sample(Backfill("w.guarded[]"), "ARRAY[name]", Not("calls w.f(text)")),
    sample(Backfill("text"), "((ARRAY[name]::text)::w.guarded[])[1]", Not("calls w.f(text)")),
    sample(Backfill("text"), "(('(a,' || name || ')')::text::w.pair).a", Not("calls w.to_pair(text)")),
    sample(Backfill("w.plain"), "name", Quiet),
    sample(Backfill("text"), "(SELECT w.agg(name) FROM users)", Not("calls w.agg(text)")),
    sample(Backfill("text"), "(SELECT w.agg(name) OVER () FROM users LIMIT 1)", Not("calls w.agg(text)")),
    sample(Generated("text"), "w.lower(name)", Quiet),
    sample(Generated("text"), "w.lower('constant')", Quiet),
    sample(Generated("boolean"), "w.f('constant')", Quiet),
    sample(IndexWhere, "w.f('constant')", Quiet),
    sample(IndexWhere, "w.f(name)", Quiet),
    sample(IndexOn, "w.lower(name)", Not("calls w.lower(text)")),
    sample(IndexOn, "w.lower('constant')", Not("calls w.lower(text)")),
    sample(Exclusion, "w.lower('constant')", Quiet),
    sample(Default("text"), "w.lower('constant')", Quiet),
    sample(Default("boolean"), "w.f('constant')", Quiet),
    sample(Domain, "w.f(VALUE)", Not("calls w.f(text)")),
    sample(Domain, "w.f('constant')", Not("calls w.f(text)")),
    sample(View, "SELECT w.f('constant') AS a", Quiet),
    sample(View, "SELECT w.f(name) AS a, pg_sleep(3)::text AS b FROM users", Quiet),
    sample(Materialized, "SELECT w.f('constant') AS a", Quiet),
    sample(Materialized, "SELECT pg_sleep(3)::text AS a", Quiet),
    sample(Using("integer"), "length(w.volatile(name))", Not("calls w.volatile(text)")),
    // Relations that are not ordinary tables.
    sample(Backfill("text"), "(SELECT pin FROM w.peek)", Not("reads view w.peek")),
    sample(Backfill("text"), "(SELECT pin FROM w.seen)", Not("reads materialized view w.seen")),
    sample(Backfill("text"), "(SELECT passwd FROM pg_shadow LIMIT 1)", Not("reads system catalog pg_shadow")),
    sample(Backfill("text"), "(SELECT rolpassword FROM pg_catalog.pg_authid LIMIT 1)", Not("reads system catalog pg_authid")),
    sample(Backfill("text"), "(SELECT table_name FROM information_schema.tables LIMIT 1)", Not("reads system catalog information_schema.tables")),
    sample(Backfill("text"), "(SELECT pin FROM w.vault TABLESAMPLE SYSTEM (100))", Not("calls TABLESAMPLE")),
    // Values in errors.
    sample(Backfill("text"), "(SELECT string_agg(name || '=' || secret, ';') FROM users)::regproc::text", Not("calls the functions of type regproc")),
    sample(Backfill("text"), "name::regclass::text", Not("calls regclass(text)")),
    sample(Backfill("text"), "name::regtype::text", Not("calls the functions of type regtype")),
    sample(Backfill("text"), "name::regrole::text", Not("calls the functions of type regrole")),
    sample(Backfill("text"), "name::regnamespace::text", Not("calls the functions of type regnamespace")),
    sample(Backfill("text"), "name::regconfig::text", Not("calls the functions of type regconfig")),
    sample(Backfill("text"), "(ARRAY[name]::text)::regclass[]::text", Not("calls the functions of type regclass")),
    sample(Backfill("text"), "to_regclass(name)::text", Not("calls to_regclass(text)")),
    sample(Backfill("integer"), "name::integer", Leak("22P02")),
    sample(Backfill("numeric"), "name::numeric", Leak("22P02")),
    sample(Backfill("date"), "name::date", Leak("22007")),
    sample(Backfill("timestamptz"), "name::timestamptz", Leak("22007")),
    sample(Backfill("interval"), "name::interval", Leak("22007")),
    sample(Backfill("boolean"), "name::boolean", Leak("22P02")),
    sample(Backfill("uuid"), "name::uuid", Leak("22P02")),
    sample(Backfill("json"), "name::json", Leak("22P02")),
    sample(Backfill("jsonb"), "name::jsonb", Leak("22P02")),
    sample(Backfill("inet"), "name::inet", Leak("22P02")),
    sample(Backfill("point"), "name::point", Leak("22P02")),
    sample(Backfill("w.mood"), "name::w.mood", Leak("22P02")),
    sample(Backfill("integer[]"), "name::integer[]", Leak("22P02")),
    sample(Backfill("int4range"), "name::int4range", Leak("22P02")),
    sample(Backfill("bytea"), "decode(name, 'hex')", Leak("22023")),
    sample(Backfill("text"), "(ARRAY['a'])[1] || format(secret || '%z', 1)", Not("is unbounded")),
    sample(Backfill("text"), "encode(name::bytea, secret)", Leak("22023")),
    sample(Backfill("text"), "to_char(now() AT TIME ZONE name, 'YYYY')", Leak("22023")),
    sample(Backfill("text"), "(SELECT name FROM users)", Leak("21000")),
    sample(Backfill("double precision"), "date_part(name, now())", Leak("")),
    sample(Backfill("integer"), "1 / (n - n)", Leak("22012")),
    sample(Backfill("text"), "substring(name FROM secret || '(')", Leak("2201B")),
    sample(Backfill("text"), "w.leak(name || secret)", Leak("")),
    sample(Backfill("text"), "w.ends(name || secret)", Leak("")),
    sample(Check, "w.leak(name) IS NULL", Leak("")),
    sample(Check, "name::integer > 0", Leak("22P02")),
    sample(Using("integer"), "name::integer", Leak("")),
    sample(Using("integer"), "w.leak(name)::integer", Leak("")),
    sample(Using("w.mood"), "name::w.mood", Leak("")),
    sample(Generated("integer"), "name::integer", Leak("")),
    sample(Generated("text"), "w.leak(name)", Leak("")),
    sample(IndexOn, "(name::integer)", Leak("")),
    sample(IndexWhere, "w.leak(name) IS NULL", Leak("")),
    sample(Materialized, "SELECT name::integer AS a FROM users", Leak("")),
    sample(Materialized, "SELECT w.leak(string_agg(secret, ',')) AS a FROM users", Leak("")),
    sample(Materialized, "SELECT string_agg(secret, ',')::regproc::text AS a FROM users", Leak("")),
    sample(Domain, "VALUE::integer > 0", Leak("")),
    sample(Domain, "w.leak(VALUE) IS NULL", Leak("")),
    // Memory and time.
    sample(Backfill("text"), "repeat(name, 1000000000)", Not("is unbounded")),
    sample(Backfill("text"), "repeat(name, n * 100000000)", Not("is unbounded")),
    sample(Backfill("text"), "repeat(repeat(repeat(name, 1000), 1000), 1000)", Not("is unbounded")),
    sample(Backfill("text"), "lpad(name, 1000000000, 'x')", Not("is unbounded")),
    sample(Backfill("text"), "rpad(name, 1000000000)", Not("is unbounded")),
    sample(Backfill("text"), "format('%1000000000s', name)", Not("is unbounded")),
    sample(Backfill("text"), "format('%*s', 1000000000, name)", Not("is unbounded")),
    sample(Backfill("integer"), "cardinality(array_fill(1, ARRAY[100000000]))", Not("calls array_fill")),
    sample(Backfill("integer"), "(SELECT count(*)::int FROM generate_series(1, 100000000000))", Not("calls generate_series")),
    sample(Backfill("integer"), "(WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i FROM r) SELECT max(i) FROM r)", Not("is unbounded")),
    sample(Backfill("text"), "(WITH r AS (SELECT name) SELECT name FROM r)", Not("is unbounded")),
    sample(Backfill("integer"), "length((n::bit(80000000))::text || (n::bit(80000000))::text)", Not("is unbounded")),
    sample(Backfill("text"), "(SELECT string_agg(a.name, '') FROM users a, users b, users c, users d)", Not("is unbounded")),
    sample(Backfill("text[]"), "(SELECT array_agg(a.name) FROM users a, (SELECT b.id FROM users b, users c, users d) e)", Not("is unbounded")),
    sample(Backfill("text"), "(SELECT string_agg(a.name, '') FROM users a, users b WHERE false)", Counted("`x` is NULL in 2 of 2 rows")),
    sample(Check, "position('1' || lpad('', 100000, '0') in lpad(name, 500000, '0')) = 0", Not("is unbounded")),
    sample(Check, "translate(lpad('', 300000, 'a'), lpad('', 20000, 'b') || 'a', 'c') = ''", Not("is unbounded")),
    sample(Check, "replace(lpad('', 500000, '0'), '1' || lpad('', 100000, '0'), '') = ''", Not("is unbounded")),
    sample(Check, "replace(lpad(name, 500000, '0'), '0', '') <> ''", Counted("")),
    sample(
        Check,
        "(3::numeric ^ 200000 / 7::numeric ^ (70000 + n) / 7::numeric ^ 60000 / 7::numeric ^ 50000 / 7::numeric ^ 40000) > 0",
        Not("is unbounded"),
    ),
    sample(Backfill("numeric"), "round(n * (0.05 * power(1.05, n)) / (power(1.05, n) - 1), 2)", Counted("")),
    sample(Check, "string_to_array(lpad('', 7000000, ','), ',') IS NOT NULL", Not("is unbounded")),
    sample(Backfill("integer"), "(SELECT array_length(array_agg(lpad(a.name, 600000)), 1) FROM users a, users b)", Not("is unbounded")),
    sample(Backfill("integer"), "cardinality(ARRAY(SELECT lpad(a.name, 600000) FROM users a))", Not("is unbounded")),
    sample(Check, "length(encode(encode(encode(encode(encode(encode(name::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')::bytea,'hex')) > 0", Counted("")),
    sample(Check, NESTED_ENCODE, Not("is unbounded")),
    sample(
        Backfill("text"),
        "(SELECT string_agg(x, '') FROM (SELECT string_agg(y || repeat('a', 9000), '') AS x FROM (VALUES ('a'), ('b')) v(y), users, users u2, users u3) s, users u4)",
        Not("is unbounded"),
    ),
    // What the server cannot interrupt.
    sample(Check, "xpath('count(//*[count(//*)>0])', '<a><b/></a>'::xml) IS NOT NULL", Not("calls xpath(text,xml)")),
    sample(Check, "xpath_exists('//b', ('<a>' || name || '</a>')::xml)", Not("calls xpath_exists")),
    sample(Generated("boolean"), "xpath('1', '<a/>'::xml) IS NOT NULL", Quiet),
    sample(IndexWhere, "xpath('1', '<a/>'::xml) IS NOT NULL", Quiet),
    sample(Check, "normalize(repeat(chr(769) || chr(790), 60000) || name) <> ''", Not("is unbounded")),
    sample(Check, "normalize(name) <> ''", Counted("")),
    sample(Check, "(path(polygon(box(point(0, n), point(1, 1)))) <-> path(polygon(box(point(2, 2), point(3, 3))))) >= 0", Not("calls p")),
    sample(Check, "string_to_array(repeat('a,', 22000), ',') && string_to_array(repeat('b,', 22000), ',')", Not("is unbounded")),
    sample(Check, "to_date(repeat('1', 1000000), repeat('Y', 1000000)) IS NULL", Not("is unbounded")),
    sample(Check, "ts_rank(to_tsvector('simple', name), 'a'::tsquery) >= 0", Not("calls ts_rank")),
    sample(Backfill("text"), "ts_headline('simple', name, 'a'::tsquery)", Not("calls ts_headline")),
    sample(Check, "('[' || repeat('1,', 50000) || '1]')::jsonb ?| string_to_array(repeat('b,', 50000), ',')", Not("is unbounded")),
    sample(Check, "translate(repeat(repeat('a', 1000), 80000), repeat('b', 260) || 'a', '') = ''", Not("is unbounded")),
    sample(Check, "jsonb_path_exists(to_jsonb(n), '$[0,0,0,0] ? (@[0,0,0,0] == 1)')", Not("calls jsonb_path_exists")),
    sample(Check, "length(repeat(now()::text, 30000000)) > 0", Not("is unbounded")),
    sample(Check, "length(repeat((1e-16383)::text, 30000)) > 0", Not("is unbounded")),
    sample(Check, "length(repeat(round(id::numeric, 2000)::text, 300000)) > 0", Not("is unbounded")),
    sample(Check, "concat_ws(repeat('x', 5000), variadic string_to_array(repeat('a,', 100000), ',')) <> ''", Not("is unbounded")),
    sample(Check, "array_to_string(string_to_array(repeat(',', 500000), ',', ''), '', repeat('x', 1000)) <> ''", Not("is unbounded")),
    sample(Check, "cardinality(string_to_array(repeat('a,', 100000), ',')::char(5000)[]) > 0", Not("is unbounded")),
    sample(Check, "lower(repeat(repeat('a', 1000), 110000)) <> ''", Not("is unbounded")),
    sample(
        Backfill("text"),
        "repeat((select x from (select 'a'::text x union all select repeat('b', 900)) u where x like 'b%' limit 1), 1000000)",
        Not("is unbounded"),
    ),
    sample(
        Backfill("integer[]"),
        "(select array_agg(a) from unnest(string_to_array(repeat('1,', 900), ',')) a, unnest(string_to_array(repeat('1,', 900), ',')) b)",
        Not("is unbounded"),
    ),
    // What depends on the session or on a user's dictionaries.
    sample(Check, "to_tsvector(name) IS NOT NULL", Not("calls to_tsvector(text)")),
    sample(Check, "to_tsvector('simple', name) IS NOT NULL", Counted("")),
    sample(Check, "to_tsvector('w.own', name) IS NOT NULL", Not("calls a user-defined text search configuration")),
    sample(Check, "name @@ 'a'", Not("calls ts_match")),
    // Functions that the server finds by itself when it runs.
    sample(Check, "('a' || 'b'::w.grade) <> 'b'", Not("calls the functions of type w.grade")),
    sample(Check, "quote_literal('b'::w.grade) <> 'b'", Not("calls ")),
    sample(Check, "('a' || n) <> 'b'", Counted("")),
    sample(Backfill("integer"), "(SELECT 1 FROM users u WHERE u.n::money < users.n::money LIMIT 1)", Not("calls a user-defined operator family")),
    sample(Backfill("bigint"), "(SELECT count(*) FROM w.parts p)", Not("calls a user-defined operator class")),
    sample(Check, "to_jsonb('low'::w.tone) IS NOT NULL", Not("calls the functions of type w.tone")),
    sample(Check, "json_build_array(ARRAY['low'::w.tone]) IS NOT NULL", Not("calls the functions of type w.tone")),
    sample(
        Backfill("bigint"),
        "(SELECT count(DISTINCT r) FROM (SELECT ROW(v.pin) AS r FROM w.vault v) s)",
        Not("calls the functions of a record's columns"),
    ),
    sample(
        Backfill("boolean"),
        "(SELECT (SELECT ROW(v.pin) FROM w.vault v LIMIT 1) = (SELECT ROW(v.pin) FROM w.vault v LIMIT 1))",
        Not("calls "),
    ),
    // The session.
    sample(Check, "current_user = 'a'", Not("calls current_user")),
    sample(Check, "session_user = 'a' OR current_catalog = name", Not("calls current_user")),
    sample(Backfill("text"), "CASE WHEN current_schema = 'public' THEN name END", Not("calls current_user")),
    // Text that is more than one expression.
    sample(Check, "true), (SELECT 1", Error),
    sample(Check, "true); DROP TABLE users; SELECT (1", Error),
    sample(Check, "(WITH d AS (DELETE FROM users RETURNING 1) SELECT count(*) FROM d) > 0", Error),
    sample(Check, "nosuch(name)", Error),
    sample(Check, "nosuch > 0", Error),
];
