-- private.words_of, private.searchable: a text taken apart, the same way for parts and for queries.

CREATE FUNCTION private.words_of(
    p_text      text,
    p_in_pieces boolean DEFAULT false
)
    RETURNS text[]
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- By code, and not by what a locale takes for a sign: databases must agree.
    c_signs constant text := $signs$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$signs$;
BEGIN
    RETURN ARRAY(
        -- Cut, because an index takes no word of any length, nor any number of them.
        SELECT DISTINCT left(w.word, 100)
        FROM regexp_split_to_table(
            CASE
                WHEN p_in_pieces THEN translate(
                    lower(left(p_text, 20000)), c_signs, repeat(' ', length(c_signs)))
                ELSE lower(left(p_text, 20000))
            END, '\s+') AS t
        CROSS JOIN LATERAL btrim(t, c_signs) AS w (word)
        WHERE w.word <> ''
    );
END
$function$;

CREATE FUNCTION private.searchable(p_text text)
    RETURNS tsvector
    LANGUAGE plpgsql
    IMMUTABLE
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN array_to_tsvector(private.words_of(p_text) || private.words_of(p_text, true));
END
$function$;

ALTER FUNCTION private.words_of(text, boolean) OWNER TO pms_rpc;
ALTER FUNCTION private.searchable(text) OWNER TO pms_rpc;
COMMENT ON FUNCTION private.words_of(text, boolean) IS
    'The words of a text in lower case, each once, without the signs around them; p_in_pieces: signs part words, as blanks do.';
COMMENT ON FUNCTION private.searchable(text) IS 'The words of a text, whole and in pieces.';
REVOKE ALL ON FUNCTION private.words_of(text, boolean)
    FROM PUBLIC, anon, authenticated, service_role;
REVOKE ALL ON FUNCTION private.searchable(text) FROM PUBLIC, anon, authenticated, service_role;
