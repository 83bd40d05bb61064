"""A database with a long past, by plain SQL: as many messages as are asked for, ten to a conversation.

Each came in as a mail, and went out as one copy. The ids and digests are random, as they are in life, so that they
stand anywhere in their indexes; the bytes have the size that a mail of 3 kB has when it is compressed.
"""

from peewee import SQL

from mailflow.store import Unit
from tests.flow import Flow

EACH = 10
"""Messages of a conversation."""

TOGETHER = 50_000
"""Messages of one transaction."""

CACHE = 400_000
"""Kilobytes of memory: random pages of large indexes are written again and again."""

NUMBERS = "WITH RECURSIVE n(n) AS (VALUES (:first) UNION ALL SELECT n + 1 FROM n WHERE n < :last)"

STATEMENTS = (
    f"""
{NUMBERS} INSERT INTO message (conversation, host, message_id, kind, direction, at, author_name, author_address,
  subject, text, body, "references", digest, taken, evidence, automatic, date)
SELECT printf('c%011d', n / {EACH}), 'dana', lower(hex(randomblob(12))) || '@client.test', 'message', 'in',
  n * 1000000, 'Client ' || (n % 5000), 'client' || (n / {EACH}) || '@client.test', 'Question ' || (n / {EACH}),
  'Could we meet in room ' || (abs(random()) % 20000) || ' about ' || (abs(random()) % 20000) || '? Yours, Client',
  'Could we meet? ' || hex(randomblob(150)), '[]', lower(hex(randomblob(32))), n, 'its address', 0, n * 1000000 FROM n
""",
    """
INSERT INTO conversation (id, host, subject, created, last_at, host_wrote, closed, paused, thread_index)
SELECT conversation, host, subject, min(at), max(at), 1, 0, 0, randomblob(22) FROM message
WHERE id BETWEEN :first AND :last GROUP BY conversation ON CONFLICT DO NOTHING
""",
    """
INSERT INTO participant (conversation, address, address_key, name, role, standing)
SELECT conversation, author_address, author_address, author_name, 'client', 'active' FROM message
WHERE id BETWEEN :first AND :last GROUP BY conversation ON CONFLICT DO NOTHING
""",
    """
INSERT INTO participant (conversation, address, address_key, name, role, standing, handle)
SELECT DISTINCT conversation, 'dana@coach.test', 'dana@coach.test', 'Dana Coach', 'host', 'active', 'dana' FROM message
WHERE id BETWEEN :first AND :last ON CONFLICT DO NOTHING
""",
    """
INSERT INTO knownid (host, message_id, conversation, message)
SELECT host, message_id, conversation, id FROM message WHERE id BETWEEN :first AND :last
""",
    """
INSERT INTO takenmail (at, sender, recipients, peer, blob, lease, helo, state, owner, attempts, message_id, digest,
  author, subject, reason)
SELECT at, author_address, '["dana@flow.test"]', '127.0.0.1', lower(hex(randomblob(32))), at, 'client.test', 'done',
  'node', 1, message_id, digest, author_address, subject, '' FROM message WHERE id BETWEEN :first AND :last
""",
    """
INSERT INTO delivery (recipient, domain, head, body, subject, message_id, created, due, message, conversation,
  null_sender, state, owner, attempts, unknowns, detail, settled)
SELECT 'dana@coach.test', 'coach.test', randomblob(500), lower(hex(randomblob(32))), subject, message_id, at,
  253370764800000000, id, conversation, 0, 'sent', 'node', 1, 0, '250 ok', at FROM message
WHERE id BETWEEN :first AND :last
""",
    """
INSERT INTO blob (digest, content, pieces)
SELECT blob, randomblob(1200), 0 FROM takenmail WHERE id BETWEEN :first AND :last
UNION ALL SELECT body, randomblob(900), 0 FROM delivery WHERE id BETWEEN :first AND :last
""",
)


def fill(flow: Flow, messages: int) -> None:
    """Fill an empty database of SQLite."""
    flow.store.read_now(lambda unit: unit.db.execute(SQL(f"PRAGMA cache_size = -{CACHE}")))
    for first in range(1, messages + 1, TOGETHER):
        flow.run(_write, first, min(first + TOGETHER - 1, messages))
    flow.run(lambda unit: unit.db.execute(SQL("ANALYZE")))


def _write(unit: Unit, first: int, last: int) -> None:
    for statement in STATEMENTS:
        text = statement.replace(":first", str(first)).replace(":last", str(last))
        unit.db.execute(SQL(text))
