-- The months of the first three years; later ones are added by private.add_audit_months.

DO $months$
BEGIN
    PERFORM private.add_audit_months('2026-01-01', '2028-12-01');
END
$months$;
