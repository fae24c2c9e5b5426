-- The rule that needs plpgsql_check, apart from the others: that is a module in C, which a server that
-- came without packages does not have.

-- A trigger function is checked with each table that it serves.
CREATE VIEW tap.rule_plpgsql_check AS
SELECT format('%s%s: line %s: %s: %s', f.name, ' on ' || nullif(f.relid, 0)::regclass, c.lineno,
              c.level, c.message) AS offender
FROM (
    SELECT DISTINCT f.oid, f.name, coalesce(g.tgrelid, 0)::regclass AS relid
    FROM tap.our_functions AS f
    LEFT JOIN pg_catalog.pg_trigger AS g ON g.tgfoid = f.oid
    WHERE f.language = 'plpgsql'
) AS f
CROSS JOIN LATERAL tap.plpgsql_check_function_tb(
    funcoid => f.oid,
    relid => f.relid,
    fatal_errors => false,
    other_warnings => true,
    extra_warnings => true,
    security_warnings => true,
    performance_warnings => false
) AS c;
