-- What stands in rows: who may run which action, and the limits of the buckets. The checks of
-- functions and views stand in the list itself.

SELECT
    'action' AS kind,
    a.action AS name,
    'roles' AS way,
    format('UPDATE private.action_registry SET roles = roles || %L::text WHERE action = %L',
           r.role, a.action) AS statement,
    NULL AS condition
FROM private.action_registry AS a
CROSS JOIN LATERAL (
    SELECT o.role
    FROM unnest(ARRAY['crew', 'eto', 'chief_engineer']) WITH ORDINALITY AS o (role, place)
    WHERE o.role <> ALL (a.roles)
    ORDER BY o.place
    LIMIT 1
) AS r
UNION ALL
SELECT 'bucket', b.id, c.what, format('UPDATE storage.buckets SET %s WHERE id = %L', c.change, b.id),
       NULL
FROM storage.buckets AS b
CROSS JOIN (VALUES
    ('public', 'public = true'),
    ('no size limit', 'file_size_limit = NULL'),
    ('any type', 'allowed_mime_types = NULL')
) AS c (what, change)
WHERE b.id LIKE 'pms-%'
