-- Which role counts: the helpers with explicit arguments, and the yachts of the caller.

BEGIN;
SELECT plan(29);
SELECT tap.fleet();

INSERT INTO public.auth_users_roles (user_id, yacht_id, role, is_active, valid_from, valid_until)
VALUES (tap.id('newcomer'), tap.id('yacht'), 'purser', true, now(),
        now() + interval '1 microsecond'),
       (tap.id('purser'), tap.id('other yacht'), 'manager', true, now() - interval '1 day', NULL),
       (tap.id('steward'), tap.id('yacht'), 'manager', false, now() - interval '1 day', NULL);

SELECT function_returns('private', f.name, f.arguments, 'boolean',
                        format('private.%s answers yes or no', f.name))
FROM (VALUES
    ('has_yacht_role', ARRAY['uuid', 'uuid', 'text[]']),
    ('is_operational_crew', ARRAY['uuid', 'uuid']),
    ('is_hod', ARRAY['uuid', 'uuid']),
    ('is_manager', ARRAY['uuid', 'uuid'])
) AS f (name, arguments);

SELECT results_eq(
    $$SELECT p.who,
             private.is_operational_crew(tap.id(p.who), tap.id('yacht')),
             private.is_hod(tap.id(p.who), tap.id('yacht')),
             private.is_manager(tap.id(p.who), tap.id('yacht'))
      FROM unnest(tap.roles() || ARRAY['newcomer', 'dismissed', 'expired', 'future', 'stranger',
                                       'nobody'])
           WITH ORDINALITY AS p (who, place)
      ORDER BY p.place$$,
    $$VALUES ('crew',           true,  false, false),
             ('deckhand',       true,  false, false),
             ('steward',        true,  false, false),
             ('engineer',       true,  false, false),
             ('eto',            true,  true,  false),
             ('chief_engineer', true,  true,  false),
             ('chief_officer',  true,  true,  false),
             ('chief_steward',  true,  true,  false),
             ('purser',         true,  true,  false),
             ('captain',        true,  false, false),
             ('manager',        true,  false, true),
             ('newcomer',       true,  true,  false),
             ('dismissed',      false, false, false),
             ('expired',        false, false, false),
             ('future',         false, false, false),
             ('stranger',       false, false, false),
             ('nobody',         false, false, false)$$,
    'a role counts on its yacht while it is active and within its dates');

SELECT results_eq(
    $$SELECT private.has_yacht_role(tap.id('captain'), tap.id('yacht'), ARRAY['captain']),
             private.has_yacht_role(tap.id('captain'), tap.id('yacht'), ARRAY['crew', 'captain']),
             private.has_yacht_role(tap.id('captain'), tap.id('yacht'), ARRAY['crew']),
             private.has_yacht_role(tap.id('captain'), tap.id('yacht'), '{}'),
             private.has_yacht_role(tap.id('captain'), tap.id('other yacht'), ARRAY['captain']),
             private.has_yacht_role(NULL, tap.id('yacht'), ARRAY['captain']),
             private.has_yacht_role(tap.id('captain'), NULL, ARRAY['captain'])$$,
    'VALUES (true, true, false, false, false, false, false)',
    'has_yacht_role asks for any of the roles, on that yacht, of that person');

SELECT is(
    tap.outcome(a.role, 'captain', f.call),
    '42501 permission denied for schema private',
    format('%s cannot ask for the roles of others by %s', a.role, f.name))
FROM unnest(ARRAY['authenticated', 'service_role', 'anon']) AS a (role)
CROSS JOIN (VALUES
    ('is_manager', $$SELECT private.is_manager(tap.id('manager'), tap.id('yacht'))$$),
    ('has_yacht_role',
     $$SELECT private.has_yacht_role(tap.id('manager'), tap.id('yacht'), ARRAY['manager'])$$),
    ('my_yachts', 'SELECT private.my_yachts()')
) AS f (name, call);

-- The yachts of the caller, which every policy of people asks for. In the order of their ids.
SELECT is(
    tap.answer('pms_rpc', p.who,
               format('SELECT ARRAY(SELECT y FROM unnest(private.my_yachts(%s)) AS y ORDER BY y)',
                      p.roles)),
    p.yachts::text,
    p.description)
FROM (VALUES
    ('captain', '', ARRAY[tap.id('yacht')], 'my_yachts holds the yacht of one''s role'),
    ('purser', '', (SELECT array_agg(y ORDER BY y)
                    FROM unnest(ARRAY[tap.id('yacht'), tap.id('other yacht')]) AS y),
     'my_yachts holds every yacht on which one has a role'),
    ('purser', $$ARRAY['captain', 'manager']$$, ARRAY[tap.id('other yacht')],
     'my_yachts with roles holds the yachts where one has one of them'),
    ('crew', $$ARRAY['captain', 'manager']$$, '{}'::uuid[],
     'my_yachts with roles is empty without one of them'),
    ('steward', $$ARRAY['captain', 'manager']$$, '{}', 'an inactive role adds no yacht'),
    ('dismissed', '', '{}', 'an inactive role alone gives no yacht'),
    ('expired', '', '{}', 'a role that has ended gives no yacht'),
    ('future', '', '{}', 'a role that has not begun gives no yacht'),
    ('nobody', '', '{}', 'a person without a role has no yacht'),
    (NULL, '', '{}', 'a token without a person has no yacht')
) AS p (who, roles, yachts, description);

SELECT is(
    tap.answer('pms_rpc', p.who,
               $$SELECT array_agg(m.role ORDER BY m.role) FROM private.my_roles AS m$$),
    p.roles,
    p.description)
FROM (VALUES
    ('steward', '{steward}', 'my_roles leaves an inactive role out'),
    ('newcomer', '{purser}', 'my_roles has a role from its first moment'),
    ('expired', NULL, 'my_roles leaves a role out from the moment at which it ends'),
    ('future', NULL, 'my_roles leaves a role out that has not begun')
) AS p (who, roles, description);

SELECT * FROM finish();
ROLLBACK;
