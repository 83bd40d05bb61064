"""Full text search by SQLite's FTS5.

The index holds no text of its own, and triggers keep it in step with the records, whoever writes them. It knows
messages and participants by their numbers, so a message that moves to another conversation is found there.
"""

from collections.abc import Iterable

import peewee as pw

from mailflow.store.engines.engine import INDEXED

_SCHEMA = (
    """
CREATE VIRTUAL TABLE {table}_words USING fts5(
  {columns}, content='{table}', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
)""",
    """
CREATE TRIGGER {table}_words_insert AFTER INSERT ON {table} BEGIN
  INSERT INTO {table}_words (rowid, {columns}) VALUES (NEW.id, {new});
END""",
    """
CREATE TRIGGER {table}_words_delete AFTER DELETE ON {table} BEGIN
  INSERT INTO {table}_words ({table}_words, rowid, {columns}) VALUES ('delete', OLD.id, {old});
END""",
    """
CREATE TRIGGER {table}_words_update AFTER UPDATE OF {columns} ON {table} BEGIN
  INSERT INTO {table}_words ({table}_words, rowid, {columns}) VALUES ('delete', OLD.id, {old});
  INSERT INTO {table}_words (rowid, {columns}) VALUES (NEW.id, {new});
END""",
)

_FOUND = """
SELECT conversation FROM message
WHERE id IN (SELECT rowid FROM message_words WHERE message_words MATCH ?)
UNION
SELECT conversation FROM participant
WHERE id IN (SELECT rowid FROM participant_words WHERE participant_words MATCH ?)
"""


def index() -> Iterable[str]:
    """The statements that make the index."""
    for table, columns in INDEXED.items():
        names = {
            "table": table,
            "columns": ", ".join(columns),
            "new": ", ".join(f"NEW.{column}" for column in columns),
            "old": ", ".join(f"OLD.{column}" for column in columns),
        }
        for statement in _SCHEMA:
            yield statement.format(**names)


def query(words: str, *, beginnings: bool) -> pw.SQL:
    """The conversations with these words; as a string of FTS5, in which no sign is an operator."""
    term = f'"{words}"' + "*" * beginnings
    return pw.SQL(_FOUND, (term, term))
