-- The catalogue keeps the house rules. Each rule is a view of its offenders in
-- pgtap_helpers/rules.sql; test_rules_can_fail.py breaks each and sees the offender.

BEGIN;
SELECT plan(34);

-- On an empty database every rule would pass.
SELECT isnt_empty('SELECT t.name FROM tap.our_tables AS t WHERE t.is_yacht_owned',
                  'there are tables of yachts to judge');
SELECT isnt_empty('SELECT t.name FROM tap.our_tables AS t WHERE t.relispartition',
                  'there are partitions to judge');
SELECT isnt_empty('SELECT f.name FROM tap.our_functions AS f WHERE f.prosecdef',
                  'there are definer functions to judge');
SELECT isnt_empty($$SELECT f.name FROM tap.our_functions AS f WHERE f.language = 'plpgsql'$$,
                  'there are PL/pgSQL functions to judge');
SELECT isnt_empty($$SELECT r.name FROM tap.our_relations AS r WHERE r.relkind = 'v'$$,
                  'there are views to judge');
SELECT isnt_empty('SELECT k.name FROM tap.our_foreign_keys AS k WHERE k.is_yacht_owned',
                  'there are foreign keys of yachts to judge');
SELECT isnt_empty('SELECT g.name FROM tap.our_grants AS g', 'there are grants to judge');
SELECT isnt_empty('SELECT t.name FROM tap.append_only_tables AS t',
                  'there are append-only tables to judge');

SELECT is_empty('SELECT r.offender FROM tap.rule_row_security AS r',
                'every table and partition has row security, forced on its owner too');
SELECT is_empty('SELECT r.offender FROM tap.rule_search_path AS r',
                'every function pins its search_path to pg_catalog, pg_temp');
SELECT is_empty('SELECT r.offender FROM tap.rule_definer_closed AS r',
                'neither PUBLIC nor anon may execute a definer function');
SELECT is_empty('SELECT r.offender FROM tap.rule_definer_owner AS r',
                'every definer function belongs to pms_rpc, whom policies bind');
SELECT is_empty('SELECT r.offender FROM tap.rule_relation_owner AS r',
                'every table and view belongs to pms_owner, so pms_rpc owns none');
SELECT is_empty('SELECT r.offender FROM tap.rule_roles AS r',
                'no role of ours logs in, rules or passes row security beyond its purpose');

SELECT is_empty('SELECT r.offender FROM tap.rule_api AS r',
                'the schema public holds the API and nothing else');
SELECT is_empty('SELECT r.offender FROM tap.rule_no_overload AS r',
                'no function of the API is overloaded');
SELECT is_empty('SELECT r.offender FROM tap.rule_parameters AS r',
                'API functions of people take p_yacht_id first; named parameters have defaults');
SELECT is_empty('SELECT r.offender FROM tap.rule_comment AS r',
                'every table, view and function has a comment');

SELECT is_empty('SELECT r.offender FROM tap.rule_security_invoker AS r',
                'every view runs with the rights of who reads it');
SELECT is_empty('SELECT r.offender FROM tap.rule_foreign_key_index AS r',
                'every foreign key has an index that leads with its columns');
SELECT is_empty('SELECT r.offender FROM tap.rule_foreign_key_yacht AS r',
                'every foreign key of a yacht''s row carries yacht_id');
SELECT is_empty('SELECT r.offender FROM tap.rule_foreign_key_on_delete AS r',
                'every foreign key says what happens on delete');
SELECT is_empty('SELECT r.offender FROM tap.rule_key_yacht AS r',
                'every primary and unique key of a yacht''s rows holds yacht_id');
SELECT is_empty('SELECT r.offender FROM tap.rule_primary_key AS r',
                'every table has a primary key');
SELECT is_empty('SELECT r.offender FROM tap.rule_column_type AS r',
                'columns are text, timestamptz and jsonb, and no serial');

SELECT CASE
    WHEN EXISTS (SELECT FROM pg_catalog.pg_available_extensions AS e WHERE e.name = 'plpgsql_check')
    THEN is_empty('SELECT r.offender FROM tap.rule_plpgsql_check AS r',
                  'plpgsql_check finds nothing, security warnings included')
    ELSE skip('this server has no plpgsql_check', 1)
END;

SELECT is_empty('SELECT r.offender FROM tap.rule_only_rpc_writes AS r',
                'nobody but pms_rpc may write a table, and nobody may truncate one');
SELECT is_empty('SELECT r.offender FROM tap.rule_api_roles AS r',
                'PUBLIC and anon may do nothing, service_role its RPCs alone');
SELECT is_empty('SELECT r.offender FROM tap.rule_schema AS r',
                'API roles may not use private or master, nor create in public');
SELECT is_empty('SELECT r.offender FROM tap.rule_database AS r',
                'PUBLIC may neither connect nor make temporary objects');

SELECT is_empty('SELECT r.offender FROM tap.rule_trigger_always AS r',
                'every trigger fires under session_replication_role = replica');
SELECT is_empty('SELECT r.offender FROM tap.rule_append_only AS r',
                'append-only tables and partitions refuse UPDATE, DELETE and TRUNCATE themselves');
SELECT is_empty('SELECT r.offender FROM tap.rule_trigger_name AS r',
                'every trigger is named by its firing order and task');
SELECT is_empty('SELECT r.offender FROM tap.rule_policy_name AS r',
                'every policy is for one command, named first, and for named roles');

SELECT * FROM finish();
ROLLBACK;
