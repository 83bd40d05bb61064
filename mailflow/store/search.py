"""Conversations by the words in them: full text search, by SQLite's FTS5.

The index holds no text of its own, and triggers keep it in step with the records, whoever writes them. It knows
messages and participants by their numbers, so a message that moves to another conversation is found there.
"""

import re
from collections.abc import Iterator
from typing import Any

import peewee as pw

from mailflow.mail.cleaning import clean_line
from mailflow.store.session import Session

INDEXED = {
    "message": ("subject", "author_name", "author_address", "text"),
    "participant": ("name", "address"),
}
"""The columns whose words are found, of each table."""

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

_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')


def create_index(database: Any) -> None:
    """The index of a database whose tables are new."""
    for table, columns in INDEXED.items():
        names = {
            "table": table,
            "columns": ", ".join(columns),
            "new": ", ".join(f"NEW.{column}" for column in columns),
            "old": ", ".join(f"OLD.{column}" for column in columns),
        }
        for statement in _SCHEMA:
            database.execute_sql(statement.format(**names))


def conversations_with_words(db: Session, wanted: str) -> set[str]:
    """Ids of the conversations in which all `wanted` words stand: in a subject, a person's name or address, a text.

    A word stands for all that begin with it, words in double quotes for just these in this order; case and accents
    don't matter. Nothing else in `wanted` has a meaning; without any word nothing is found.
    """
    found = [_with_term(db, term) for term in _terms(wanted)]
    return set.intersection(*found) if found else set()


def _with_term(db: Session, term: str) -> set[str]:
    return {row[0] for row in db.execute(pw.SQL(_FOUND, (term, term))).fetchall()}


def _terms(wanted: str) -> Iterator[str]:
    """Each word and phrase as a string of FTS5, in which no sign is an operator."""
    for match in _TERM.finditer(clean_line(wanted)):
        phrase, word = match.groups()
        text = phrase or word or ""
        if any(letter.isalnum() for letter in text):
            yield f'"{text}"' if phrase else f'"{text}"*'
