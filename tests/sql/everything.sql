-- Everything that a PostgreSQL DDL file may contain, as written by people and tools.
BEGIN;
CREATE SCHEMA IF NOT EXISTS "App Two";
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'the application''s';
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'happy';
COMMENT ON TYPE mood IS 'how it goes';
CREATE TYPE app."Kind" AS ENUM ('a');
CREATE TYPE pair AS (a integer, b text);
CREATE TYPE span AS RANGE (subtype = integer);
CREATE DOMAIN email AS varchar(100) COLLATE "C" DEFAULT 'x@y' NOT NULL CONSTRAINT has_at CHECK (VALUE ~ '@') CHECK (length(VALUE) > 2);
COMMENT ON DOMAIN email IS 'an address';
COMMENT ON CONSTRAINT has_at ON DOMAIN email IS 'a sign';
CREATE SEQUENCE numbers AS smallint START 5 INCREMENT BY -2 MINVALUE -50 MAXVALUE 100 CACHE 3 CYCLE;
CREATE SEQUENCE app.loose;
COMMENT ON SEQUENCE numbers IS 'counts down';
CREATE FUNCTION twice(a integer, b timestamp with time zone DEFAULT now(), VARIADIC c character varying[] DEFAULT '{}') RETURNS integer LANGUAGE sql IMMUTABLE AS $f$ SELECT a * 2; $f$;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE PROCEDURE nothing(double precision, n numeric(3,1)) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
CREATE COLLATION app.mine FROM "C";

CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5) PRIMARY KEY, -- the key
    email email UNIQUE,
    "Display Name" varchar(50) COLLATE "C" NOT NULL DEFAULT 'it''s',
    feeling mood DEFAULT 'happy' NOT NULL,
    kinds app."Kind"[] DEFAULT '{}'::app."Kind"[],
    balance numeric(10, 2) NOT NULL DEFAULT -1.50 CHECK (balance > -100),
    active boolean DEFAULT true,
    born date, at timestamp(3) without time zone DEFAULT CURRENT_TIMESTAMP,
    wake time, data jsonb DEFAULT '{}', tags text[] DEFAULT ARRAY['a', 'b']::text[], raw bytea,
    twice integer GENERATED ALWAYS AS (length("Display Name") * 2) STORED,
    CONSTRAINT born_late CHECK (born > '1900-01-01'::date AND (active OR born IS NOT NULL)),
    UNIQUE NULLS NOT DISTINCT (born, active) DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 70, autovacuum_enabled = false);
COMMENT ON TABLE public.people IS 'All of them';
COMMENT ON COLUMN people."Display Name" IS $$what 'it' says$$;
COMMENT ON CONSTRAINT born_late ON people IS 'late';

CREATE UNLOGGED TABLE scratch (a integer);
CREATE TABLE app.notes (
    id serial, small smallserial NOT NULL, big bigserial,
    person bigint NOT NULL REFERENCES people ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE,
    a integer, b integer, place int4range,
    CONSTRAINT notes_key PRIMARY KEY (id) INCLUDE (a),
    CONSTRAINT own UNIQUE (a, b) WITH (fillfactor = 90),
    FOREIGN KEY (a, b) REFERENCES app.notes (a, b) MATCH FULL ON DELETE RESTRICT,
    EXCLUDE USING gist (place WITH &&) WHERE (a > 0)
);
ALTER TABLE app.notes ADD COLUMN body text DEFAULT 'none', ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
ALTER TABLE app.notes ALTER COLUMN b SET NOT NULL;
ALTER TABLE app.notes ALTER b SET DEFAULT 7;
CREATE TABLE counted (n integer NOT NULL DEFAULT nextval('numbers'::regclass));
ALTER SEQUENCE numbers OWNED BY counted.n;
CREATE TABLE partial_set (a integer, b integer, FOREIGN KEY (a, b) REFERENCES app.notes (a, b) ON DELETE SET NULL (a));

CREATE UNIQUE INDEX people_lower ON people USING btree (lower("Display Name") text_pattern_ops DESC NULLS LAST, born) INCLUDE (active) WITH (fillfactor = 80) WHERE active AND born IS NOT NULL;
CREATE INDEX people_data ON people USING gin (data jsonb_path_ops);
CREATE INDEX notes_expr ON app.notes ((a + b), body COLLATE "C" DESC);
COMMENT ON INDEX people_data IS 'finds things';

CREATE VIEW names ("the name", feeling) WITH (security_barrier) AS SELECT "Display Name", feeling FROM people WHERE active WITH LOCAL CHECK OPTION;
COMMENT ON VIEW names IS 'names only';
CREATE OR REPLACE VIEW app.joined AS SELECT p.id, n.body FROM public.people p JOIN app.notes n ON n.person = p.id -- why not
    WHERE p.born > now() - interval '1 day';
CREATE MATERIALIZED VIEW sums AS SELECT feeling, sum(balance) AS total FROM people GROUP BY feeling WITH NO DATA;
CREATE UNIQUE INDEX sums_feeling ON sums (feeling);
COMMENT ON MATERIALIZED VIEW sums IS 'in all';

CREATE TABLE measured (at date NOT NULL, v integer, n serial) PARTITION BY RANGE (at);
CREATE TABLE measured_old PARTITION OF measured FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE INDEX measured_at ON measured (at);
CREATE TABLE base (a integer);
CREATE TABLE derived (b integer) INHERITS (base);
CREATE TABLE typed OF pair;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL);

CREATE TRIGGER touch BEFORE UPDATE OF active OR INSERT ON people FOR EACH ROW EXECUTE FUNCTION touched();
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON people FOR SELECT USING (active);
CREATE RULE quiet AS ON DELETE TO app.notes DO INSTEAD NOTHING;
CREATE STATISTICS app.related (dependencies) ON a, b FROM app.notes;
ALTER TABLE people CLUSTER ON people_pkey;
ALTER TABLE app.notes REPLICA IDENTITY USING INDEX notes_key;
ALTER TABLE people ALTER COLUMN data SET STORAGE EXTERNAL;
GRANT SELECT ON people TO PUBLIC;
GRANT ALL ON SEQUENCE app.loose TO pg_monitor WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT ON TABLES TO pg_monitor;
INSERT INTO base VALUES (1);
COMMIT;
