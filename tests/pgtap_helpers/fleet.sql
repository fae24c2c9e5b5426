-- The people, parts and stocks of the pgTAP files. Ids come from names, so that a test says
-- tap.id('captain') and needs no variable.
--
-- Yacht `yacht`       one person of each role, called as the role, and three captains whose role
--                     does not count: `dismissed` (inactive), `expired`, `future`.
-- Yacht `other yacht` `stranger`, its captain.

CREATE FUNCTION tap.fleet()
    RETURNS void
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO public.yacht_registry (yacht_id, name)
    VALUES (tap.id('yacht'), 'Yacht'),
           (tap.id('other yacht'), 'Other yacht');

    INSERT INTO public.auth_users_roles
        (user_id, yacht_id, role, is_active, valid_from, valid_until)
    SELECT tap.id(r.role), tap.id('yacht'), r.role, true, now() - interval '1 year', NULL
    FROM unnest(tap.roles()) AS r (role)
    UNION ALL
    VALUES
        (tap.id('stranger'), tap.id('other yacht'), 'captain', true,
         now() - interval '1 year', NULL::timestamptz),
        (tap.id('dismissed'), tap.id('yacht'), 'captain', false,
         now() - interval '1 year', NULL),
        (tap.id('expired'), tap.id('yacht'), 'captain', true, now() - interval '1 year', now()),
        (tap.id('future'), tap.id('yacht'), 'captain', true, now() + interval '1 second', NULL);

    INSERT INTO public.pms_part_locations (yacht_id, location_id, parent_location_id, name)
    VALUES (tap.id('yacht'), tap.id('deck'), NULL, 'Lower deck'),
           (tap.id('yacht'), tap.id('locker'), tap.id('deck'), 'Locker 1'),
           (tap.id('yacht'), tap.id('bin'), tap.id('deck'), 'Bin 2'),
           (tap.id('other yacht'), tap.id('other locker'), NULL, 'Locker 1');

    INSERT INTO public.pms_parts
        (yacht_id, part_id, part_number, name, min_level, max_level, primary_location_id)
    VALUES
        (tap.id('yacht'), tap.id('filter'), '2010PM-OR', 'Fuel filter element', 4, 12,
         tap.id('locker')),
        (tap.id('yacht'), tap.id('gasket'), '128270-01932', 'Thermostat gasket', 2, NULL,
         tap.id('bin')),
        (tap.id('yacht'), tap.id('pump'), '10-24228-01', 'Bilge pump', 0, NULL, NULL),
        (tap.id('other yacht'), tap.id('other filter'), '2010PM-OR', 'Fuel filter element', 2, 6,
         tap.id('other locker'));

    INSERT INTO public.pms_inventory_stock (yacht_id, stock_id, part_id, location_id)
    VALUES
        (tap.id('yacht'), tap.id('filter in locker'), tap.id('filter'), tap.id('locker')),
        (tap.id('yacht'), tap.id('filter in bin'), tap.id('filter'), tap.id('bin')),
        (tap.id('yacht'), tap.id('gasket in bin'), tap.id('gasket'), tap.id('bin')),
        (tap.id('other yacht'), tap.id('other filter in locker'), tap.id('other filter'),
         tap.id('other locker'));

    INSERT INTO public.pms_inventory_transactions
        (yacht_id, transaction_id, stock_id, quantity_change, transaction_type, actor_id,
         actor_role)
    VALUES
        (tap.id('yacht'), tap.id('filter opening'), tap.id('filter in locker'), 10, 'opening',
         tap.id('captain'), 'captain'),
        (tap.id('yacht'), tap.id('filter use'), tap.id('filter in locker'), -3, 'consumed',
         tap.id('crew'), 'crew'),
        (tap.id('other yacht'), tap.id('other opening'), tap.id('other filter in locker'), 5,
         'opening', tap.id('stranger'), 'captain');

    INSERT INTO private.signatures
        (yacht_id, signature_id, user_id, totp_step, action, payload_sha256, signed_at)
    VALUES
        (tap.id('yacht'), tap.id('signature'), tap.id('captain'), 57000000, 'write_off_part',
         repeat('0a', 32), now()),
        (tap.id('other yacht'), tap.id('other signature'), tap.id('stranger'), 57000000,
         'write_off_part', repeat('0b', 32), now());

    -- A table with checks still to come can be neither altered nor truncated.
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;
END
$function$;

COMMENT ON FUNCTION tap.fleet() IS
    'Two yachts with people, locations, parts, stocks and signatures; `filter in locker` holds 7 after two movements, `filter in bin` and `gasket in bin` have none.';
