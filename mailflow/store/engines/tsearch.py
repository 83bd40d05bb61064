"""Full text search by PostgreSQL's own means, with the outcomes of SQLite's.

The index is one of an expression, so it follows the records by itself. Each column has a weight of its own: words in
a row are then found within one column alone. A text's words beyond the first 100,000 letters are not found, and rows of
words not beyond the 16,000th: what PostgreSQL keeps of one text is bounded.
"""

from collections.abc import Iterable

import peewee as pw

from mailflow.store.engines.engine import INDEXED

_WEIGHTS = "ABCD"

# Letters without accents and without case, everything else a space. A letter may take nine bytes here (Hangul),
# and an index entry has room for a megabyte.
_PLAIN = r"""
CREATE FUNCTION plain_words(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURNS NULL ON NULL INPUT
RETURN regexp_replace(
  regexp_replace(lower(normalize(left(words, 100000), NFD)), '[\u0300-\u036f]', '', 'g'),
  '[^[:alnum:]]+', ' ', 'g'
)
"""

# Words in a row: `a:A <-> b:*A` is a, then what begins with b, both in the column of weight A.
_WANTED = """
CREATE FUNCTION wanted_words(words text, ending text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT to_tsquery('simple', string_agg(
    replace(nullif(trim(plain_words(words)), ''), ' ', ':' || weight || ' <-> ') || ending || weight, ' | '
  ))
  FROM unnest('{{{weights}}}'::text[]) AS weight
)
"""

_FOUND = """
SELECT conversation FROM message WHERE {message} @@ wanted_words(%s, %s)
UNION
SELECT conversation FROM participant WHERE {participant} @@ wanted_words(%s, %s)
"""

_LONGEST = 200
"""Letters of what is looked for: a longer word has no place in an index."""


def index() -> Iterable[str]:
    """The statements that make the index."""
    yield _PLAIN
    yield _WANTED.format(weights=",".join(_WEIGHTS))
    for table in INDEXED:
        yield f"CREATE INDEX {table}_words ON {table} USING gin (({_words_of(table)}))"


def query(words: str, *, beginnings: bool) -> pw.SQL:
    """The conversations with these words."""
    ending = ":*" if beginnings or len(words) > _LONGEST else ":"
    found = _FOUND.format(message=_words_of("message"), participant=_words_of("participant"))
    return pw.SQL(found, (words[:_LONGEST], ending) * 2)


def _words_of(table: str) -> str:
    """The expression of the index: a query uses the index if it says exactly this."""
    return " || ".join(
        f"setweight(to_tsvector('simple', plain_words({column})), '{weight}')"
        for column, weight in zip(INDEXED[table], _WEIGHTS, strict=False)
    )
