"""Give PostgreSQL `leads_fold(text)`: what Python's `str.casefold` returns.

Neither `lower()` nor ILIKE will do: they depend on the database's collation, and know nothing of
`ß` = `ss`. Plain ASCII, nearly all text, takes a short way that the planner can inline. For the rest
the database's own Unicode `lower()` does most of the work, and what it leaves unfolded is mended from
a table made here, by asking both sides about every character. Without ICU that table is merely longer.
"""

from django.db import migrations

ICU = '"und-x-icu"'
ASCII_ONLY = '"C"'

FOLD = """
CREATE OR REPLACE FUNCTION {schema}.leads_fold_unicode(given text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    folded text := lower(given COLLATE {collation});
BEGIN
    IF (folded COLLATE "C") ~ '[{left}]' THEN
        folded := translate(folded, '{singles}', '{targets}');
        {expansions}
    END IF;
    RETURN folded;
END
$$;

CREATE OR REPLACE FUNCTION {schema}.leads_fold(given text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(given) = char_length(given) THEN lower(given COLLATE "C")
           ELSE {schema}.leads_fold_unicode(given) END
$$;
"""


def left_unfolded(cursor, collation):
    """Return the characters, each with its fold, that `lower()` leaves as they are and casefold does not."""
    characters = [chr(code) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000]
    candidates = [character for character in characters if character.casefold() != character]
    cursor.execute(f"SELECT c, lower(c COLLATE {collation}) FROM unnest(%s::text[]) c", [candidates])
    lowered = dict(cursor.fetchall())
    return {c: c.casefold() for c in candidates if lowered[c] == c}


def create(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu')")
        collation = ICU if cursor.fetchone()[0] else ASCII_ONLY
        left = left_unfolded(cursor, collation)
        cursor.execute("SELECT quote_ident(current_schema())")
        schema = cursor.fetchone()[0]
        singles = {c: fold for c, fold in left.items() if len(fold) == 1}
        expansions = {c: fold for c, fold in left.items() if len(fold) > 1}
        cursor.execute(
            FOLD.format(
                schema=schema,
                collation=collation,
                left="".join(left),
                singles="".join(singles),
                targets="".join(singles.values()),
                expansions="\n        ".join(
                    f"folded := replace(folded, '{c}', '{fold}');" for c, fold in expansions.items()
                ),
            )
        )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION leads_fold(text); DROP FUNCTION leads_fold_unicode(text);")


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
