-- Rows for tests of what a row can be.

CREATE FUNCTION tap.copy_of(
    p_table   text,
    p_row     text,
    p_changes jsonb DEFAULT '{}'
)
    RETURNS text
    LANGUAGE plpgsql
    VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    v_row     jsonb;
    v_columns text;
BEGIN
    EXECUTE format('SELECT to_jsonb(t) FROM %s AS t WHERE %s LIMIT 1', p_table, p_row)
    INTO STRICT v_row;
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    INTO v_columns
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = p_table::regclass
      AND a.attnum > 0
      AND NOT a.attisdropped
      AND a.attgenerated = '';
    RETURN format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, %3$L)',
                  p_table, v_columns, v_row || p_changes);
END
$function$;

COMMENT ON FUNCTION tap.copy_of(text, text, jsonb) IS
    'The statement that inserts a copy of the row for which p_row is true, with some columns changed. No row: an error.';
