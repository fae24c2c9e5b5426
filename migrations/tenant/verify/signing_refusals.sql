-- Verify part_lens_tenant:signing_refusals on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(e.code, ', ')
    INTO v_wrong
    FROM (VALUES
        ('signature_required', 400),
        ('invalid_signature', 403),
        ('signature_not_enrolled', 403),
        ('invalid_enrolment_code', 403),
        ('transaction_not_found', 404),
        ('already_reversed', 409),
        ('not_reversible', 409),
        ('signing_key_missing', 409),
        ('signature_locked', 423),
        ('signature_busy', 429)
    ) AS e (code, http_status)
    WHERE NOT EXISTS (
        SELECT
        FROM private.refusals AS r
        WHERE r.code = e.code
          AND r.http_status = e.http_status);
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'refusals are missing: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
