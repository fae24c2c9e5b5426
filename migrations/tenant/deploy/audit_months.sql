-- Deploy part_lens_tenant:audit_months to pg
-- requires: pms_audit_log

BEGIN;

-- Months of the audit log. Rows of a month that has no partition go to the default one, so that a
-- forgotten call costs nobody a movement.

CREATE FUNCTION private.add_audit_months(
    p_from date,
    p_to   date
)
    RETURNS integer
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_month  date;
    v_name   text;
    v_added  integer := 0;
    v_moving text;
BEGIN
    FOR v_month IN
        SELECT m::date
        FROM generate_series(date_trunc('month', p_from::timestamp),
                             p_to::timestamp, interval '1 month') AS m
    LOOP
        v_name := 'pms_audit_log_' || to_char(v_month, 'YYYY_MM');
        CONTINUE WHEN to_regclass('private.' || v_name) IS NOT NULL;

        -- What the default partition holds of the month would keep the month out: the rows are
        -- written again beside it, and the append-only table itself is only detached.
        IF to_regclass('private.pms_audit_log_default') IS NOT NULL THEN
            IF EXISTS (
                SELECT
                FROM private.pms_audit_log_default AS d
                WHERE d.created_at >= (v_month::timestamp AT TIME ZONE 'UTC')
                  AND d.created_at < ((v_month + interval '1 month') AT TIME ZONE 'UTC')
            ) THEN
                ALTER TABLE public.pms_audit_log DETACH PARTITION private.pms_audit_log_default;
                ALTER TABLE private.pms_audit_log_default RENAME TO pms_audit_log_moving;
                ALTER TABLE private.pms_audit_log_moving
                    RENAME CONSTRAINT pms_audit_log_default_pkey TO pms_audit_log_moving_pkey;
                v_moving := 'pms_audit_log_moving';
            END IF;
        END IF;

        EXECUTE format(
            'CREATE TABLE private.%I PARTITION OF public.pms_audit_log FOR VALUES FROM (%L) TO (%L)',
            v_name,
            v_month::timestamp AT TIME ZONE 'UTC',
            (v_month + interval '1 month') AT TIME ZONE 'UTC');
        PERFORM private.guard_audit_partition(v_name);
        v_added := v_added + 1;
    END LOOP;

    IF to_regclass('private.pms_audit_log_default') IS NULL THEN
        CREATE TABLE private.pms_audit_log_default PARTITION OF public.pms_audit_log DEFAULT;
        PERFORM private.guard_audit_partition('pms_audit_log_default');
    END IF;
    IF v_moving IS NOT NULL THEN
        -- By name at run time: the table is not there when the function is checked.
        EXECUTE format('INSERT INTO public.pms_audit_log
            (yacht_id, created_at, audit_id, actor_id, role, action, entity_type, entity_id, outcome,
             error_code, signature, metadata)
        SELECT
            d.yacht_id, d.created_at, d.audit_id, d.actor_id, d.role, d.action, d.entity_type,
            d.entity_id, d.outcome, d.error_code, d.signature, d.metadata
        FROM private.%I AS d', v_moving);
        EXECUTE format('DROP TABLE private.%I', v_moving);
    END IF;
    RETURN v_added;
END
$function$;

CREATE FUNCTION private.guard_audit_partition(p_name text)
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- Row triggers come with the partition, these do not.
    EXECUTE format('CREATE TRIGGER t20_append_only
                        BEFORE UPDATE OR DELETE OR TRUNCATE ON private.%I
                        FOR EACH STATEMENT
                        EXECUTE FUNCTION private.refuse_change()', p_name);
    EXECUTE format('ALTER TABLE private.%I ENABLE ALWAYS TRIGGER t20_append_only', p_name);
    EXECUTE format('ALTER TABLE private.%I ENABLE ROW LEVEL SECURITY', p_name);
    EXECUTE format('ALTER TABLE private.%I FORCE ROW LEVEL SECURITY', p_name);
    EXECUTE format('ALTER TABLE private.%I OWNER TO pms_owner', p_name);
END
$function$;

CREATE FUNCTION private.drop_audit_months(p_before date)
    RETURNS integer
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_name    text;
    v_dropped integer := 0;
BEGIN
    FOR v_name IN
        SELECT c.relname
        FROM pg_catalog.pg_inherits AS i
        JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.pms_audit_log'::regclass
          AND c.relname ~ '^pms_audit_log_\d{4}_\d{2}$'
          AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= p_before
        ORDER BY c.relname
    LOOP
        EXECUTE format('ALTER TABLE public.pms_audit_log DETACH PARTITION private.%I', v_name);
        EXECUTE format('DROP TABLE private.%I', v_name);
        v_dropped := v_dropped + 1;
    END LOOP;
    RETURN v_dropped;
END
$function$;

ALTER FUNCTION private.add_audit_months(date, date) OWNER TO pms_owner;
ALTER FUNCTION private.guard_audit_partition(text) OWNER TO pms_owner;
ALTER FUNCTION private.drop_audit_months(date) OWNER TO pms_owner;
COMMENT ON FUNCTION private.add_audit_months(date, date) IS
    'Adds the missing monthly partitions of the audit log from the month of p_from to that of p_to; returns how many. Called by the deployer.';
COMMENT ON FUNCTION private.guard_audit_partition(text) IS
    'Makes a new partition of the audit log append-only and closed, like its parent.';
COMMENT ON FUNCTION private.drop_audit_months(date) IS
    'Retention: drops the months of the audit log that ended before p_before; returns how many. Called by the deployer.';
REVOKE ALL ON FUNCTION private.add_audit_months(date, date) FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION private.guard_audit_partition(text) FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION private.drop_audit_months(date) FROM PUBLIC, anon, authenticated, service_role;

-- The months of the first three years; later ones are added by private.add_audit_months.

DO $months$
BEGIN
    PERFORM private.add_audit_months('2026-01-01', '2028-12-01');
END
$months$;

COMMIT;
