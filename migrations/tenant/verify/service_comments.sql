-- Verify part_lens_tenant:service_comments on pg

BEGIN;

DO $verify$
DECLARE
    v_wrong text;
BEGIN
    SELECT string_agg(f.function::text, ', ')
    INTO v_wrong
    FROM (VALUES
        ('public.canary_state'::regproc),
        ('public.evaluate_canary'::regproc),
        ('public.reconcile'::regproc),
        ('public.release_readiness'::regproc),
        ('public.report_canary_window'::regproc),
        ('public.set_canary'::regproc),
        ('public.signature_compliance'::regproc)
    ) AS f (function)
    WHERE obj_description(f.function, 'pg_proc') IS NULL
       OR obj_description(f.function, 'pg_proc') NOT LIKE E'%\nAnswers 200 %'
       -- Who may call it is as before.
       OR has_function_privilege('authenticated', f.function, 'EXECUTE')
       OR NOT has_function_privilege('service_role', f.function, 'EXECUTE');
    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'functions are not described as planned: %', v_wrong;
    END IF;
END
$verify$;

ROLLBACK;
