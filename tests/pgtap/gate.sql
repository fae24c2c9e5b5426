-- The gate opens one yacht: what the policies of pms_rpc compare with is set by open_call alone. And what
-- a client may put into the log has an end.
BEGIN;
SELECT plan(11);
SELECT tap.fleet();

SELECT tap.act_as('captain');
SELECT set_config('part_lens.yacht_id', tap.id('other yacht')::text, true);
SELECT is(
    jsonb_array_length(public.search_parts(tap.id('yacht'), 'filter')) > 0, true,
    'a call is answered whatever part_lens.yacht_id was before');
SELECT is(
    current_setting('part_lens.yacht_id'), tap.id('yacht')::text,
    'the gate opens the yacht of the call');
SELECT is(
    public.view_part_details(tap.id('yacht'), tap.id('other filter')) ->> 'code', 'part_not_found',
    'a part of another yacht does not exist inside a call');

SELECT set_config('part_lens.yacht_id', tap.id('other yacht')::text, true);
SELECT is_empty(
    $$SELECT p.part_id FROM public.pms_parts AS p WHERE p.yacht_id = tap.id('other yacht')$$,
    'part_lens.yacht_id opens nothing to a person who reads tables');
SELECT is(
    public.search_parts(tap.id('other yacht'), 'filter') ->> 'code', 'not_on_yacht',
    'part_lens.yacht_id opens no yacht to a stranger');
SELECT is(
    current_setting('part_lens.yacht_id'), '',
    'a gate that refuses leaves nothing open');

SELECT tap.act_as_superuser();
SELECT set_config('role', 'pms_rpc', true);
SELECT is_empty(
    'SELECT p.part_id FROM public.pms_parts AS p',
    'without a gate an RPC sees nothing');

SELECT tap.act_as('captain');
SELECT set_config('request.headers',
                  jsonb_build_object('x-request-id', repeat('r', 5000))::text, true);
SELECT is(
    public.view_part_details(tap.id('yacht'), tap.id('filter')) ->> 'part_id',
    tap.id('filter')::text, 'a call with a long request id is answered');
SELECT tap.act_as_superuser();
SELECT is(
    (SELECT max(length(l.metadata ->> 'request_id')) FROM public.pms_audit_log AS l), 200,
    'a request id that a client made up does not fill the log');

SELECT tap.act_as('captain');
SELECT set_config('request.headers', '{"x-note": "a\u0000b"}', true);
SELECT throws_ok(
    $$SELECT public.view_part_details(tap.id('yacht'), tap.id('filter'))$$,
    '22P05', 'A header cannot be read', 'a header that could not be put on record is sent back');
SELECT set_config('request.headers', '{"x-note": "a\\\\b"}', true);
SELECT is(
    public.view_part_details(tap.id('yacht'), tap.id('filter')) ->> 'part_id',
    tap.id('filter')::text, 'a header with backslashes is none of them');

SELECT * FROM finish();
ROLLBACK;
