-- private.record_decision: a decision becomes a row; one to hold as it was held already is counted.

CREATE FUNCTION private.record_decision(
    p_flag_name text,
    p_at        timestamptz,
    p_decision  text,
    p_cause     text,
    p_before    integer,
    p_after     integer,
    p_figures   jsonb,
    p_failed    text[]  DEFAULT '{}',
    p_reason    text    DEFAULT NULL,
    p_watched   boolean DEFAULT true
)
    RETURNS private.canary_decisions
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_decision private.canary_decisions;
BEGIN
    SELECT d.*
    INTO v_decision
    FROM private.canary_decisions AS d
    WHERE d.flag_name = p_flag_name
    ORDER BY d.decision_id DESC
    LIMIT 1;

    IF p_decision = 'hold'
       AND (v_decision.decision, v_decision.cause, v_decision.percentage_after)
           = ('hold', p_cause, p_after)
    THEN
        UPDATE private.canary_decisions AS d
        SET evaluations = d.evaluations + 1,
            newest_at = p_at,
            figures = p_figures
        WHERE d.flag_name = p_flag_name
          AND d.decision_id = v_decision.decision_id
        RETURNING d.* INTO v_decision;
    ELSE
        INSERT INTO private.canary_decisions
            (flag_name, decision, cause, failed, percentage_before, percentage_after, figures,
             reason, actor, is_watched, decided_at, newest_at)
        VALUES
            (p_flag_name, p_decision, p_cause, p_failed, p_before, p_after, p_figures, p_reason,
             coalesce(
                 nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub',
                 nullif(current_setting('role'), 'none'),
                 session_user),
             p_watched, p_at, p_at)
        RETURNING * INTO v_decision;
    END IF;
    RETURN v_decision;
END
$function$;

ALTER FUNCTION private.record_decision(
    text, timestamptz, text, text, integer, integer, jsonb, text[], text, boolean) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.record_decision(
    text, timestamptz, text, text, integer, integer, jsonb, text[], text, boolean) IS
    'Records a decision about a flag and returns its row.';
REVOKE ALL ON FUNCTION private.record_decision(
    text, timestamptz, text, text, integer, integer, jsonb, text[], text, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
