-- Operators and functions in the schema pgroll that fit the arguments of queries on the catalogs exactly, unless a
-- built-in one does. Each advances the sequence pgroll.calls, which no
-- rollback undoes, and fails. The catalogs are written directly,
-- because a hundred thousand CREATE statements would take minutes. The schema is one that rosey leaves alone.
SET allow_system_table_mods = on;
CREATE FUNCTION pgroll.trap() RETURNS boolean LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_catalog.nextval('pgroll.calls'); RAISE 'a trap was called'; END $$;

CREATE TEMP TABLE types AS SELECT t::oid FROM unnest(string_to_array(
  'oid int2 int4 int8 name text varchar "char" bool numeric regclass regtype regproc regprocedure regnamespace oidvector int2vector '
  'text[] name[] oid[] int2[] int4[] int8[] "char"[] aclitem aclitem[] jsonb timestamptz interval xid pg_node_tree tid', ' ')::regtype[]) t;
CREATE TEMP TABLE pairs AS SELECT row_number() OVER () AS n, a.t AS l, b.t AS r FROM types a, types b;

-- IN, BETWEEN, LIKE, IS DISTINCT FROM, USING and CASE stand for operators too.
CREATE TEMP TABLE operators AS
  SELECT row_number() OVER () AS n, pairs.n AS pair, o.name, l, r
  FROM pairs, unnest('{=,<>,<,<=,>,>=,||,~,!~,~*,!~*,~~,!~~,+,-,*,/,%,&&,@>,<@,->,->>}'::name[]) o(name)
  WHERE NOT EXISTS (SELECT FROM pg_operator p WHERE p.oprname = o.name AND p.oprleft = l AND p.oprright = r);

CREATE TEMP TABLE functions AS
  WITH argument AS (SELECT t FROM types WHERE t NOT IN ('numeric'::regtype, 'timestamptz'::regtype, 'interval'::regtype, 'xid'::regtype,
    'tid'::regtype, 'jsonb'::regtype, 'int8[]'::regtype, 'int4[]'::regtype, '"char"[]'::regtype, 'name[]'::regtype)),
  signatures(arguments) AS (SELECT ARRAY[t] FROM argument UNION ALL SELECT ARRAY[a.t, b.t] FROM argument a, argument b
    UNION ALL SELECT array_fill('text'::regtype::oid, ARRAY[n]) FROM generate_series(3, 12) n)
  SELECT row_number() OVER () AS n, name, arguments FROM signatures,
  unnest('{aclexplode,array_agg,array_remove,array_to_string,cardinality,col_description,concat,concat_ws,count,current_database,
    current_setting,date_trunc,format,format_type,generate_series,has_database_privilege,has_schema_privilege,has_table_privilege,
    json_agg,json_build_object,jsonb_build_array,left,length,max,md5,min,nextval,obj_description,pg_describe_object,
    pg_get_constraintdef,pg_get_expr,pg_get_function_arguments,pg_get_function_result,pg_get_indexdef,pg_get_partkeydef,pg_get_ruledef,
    pg_get_serial_sequence,pg_get_statisticsobjdef,pg_get_triggerdef,pg_get_userbyid,pg_get_viewdef,pg_operator_is_visible,
    pg_opclass_is_visible,pg_relation_size,pg_total_relation_size,quote_ident,quote_literal,regexp_replace,replace,
    row_security_active,rtrim,set_config,setval,string_agg,string_to_array,strpos,sum,to_char,to_jsonb,to_regclass,to_regtype,unnest,
    upper}'::name[]) f(name);

INSERT INTO pg_proc SELECT f.* FROM pg_proc p, pairs, LATERAL jsonb_populate_record(p, jsonb_build_object(
  'oid', (1000000 + n)::text, 'pronargs', 2, 'proargtypes', l || ' ' || r)) f WHERE p.oid = 'pgroll.trap()'::regprocedure;
INSERT INTO pg_proc SELECT f.* FROM pg_proc p, functions, LATERAL jsonb_populate_record(p, jsonb_build_object(
  'oid', (1100000 + n)::text, 'proname', name, 'pronargs', cardinality(arguments),
  'proargtypes', array_to_string(arguments, ' '))) f WHERE p.oid = 'pgroll.trap()'::regprocedure;
INSERT INTO pg_operator (oid, oprname, oprnamespace, oprowner, oprkind, oprcanmerge, oprcanhash, oprleft, oprright, oprresult, oprcom,
  oprnegate, oprcode, oprrest, oprjoin)
  SELECT 2000000 + n, name, 'pgroll'::regnamespace, 10, 'b', false, false, l, r, 'boolean'::regtype, 0, 0, 1000000 + pair, 0, 0
  FROM operators;
