"""The processes that serve from one database, as each tells the others of itself."""

from collections.abc import Sequence
from datetime import timedelta

from mailflow.store.migrations import newest
from mailflow.store.tables import Node
from mailflow.store.unit import Unit

BEAT = timedelta(seconds=20)
"""How often a process says that it lives."""

FORGOTTEN = timedelta(days=1)


def be_seen(unit: Unit, machine: str, roles: Sequence[str]) -> None:
    """Say that this process lives; at first it takes the place of those like it on its machine that are gone."""
    known = unit.db.find(Node, name=unit.node)
    if known is None:
        _forget(unit, machine, tuple(roles))
        unit.db.insert(Node(unit.node, machine, tuple(roles), newest(), unit.now, unit.now))
    else:
        unit.db.change(known, seen=unit.now)


def leave(unit: Unit) -> None:
    """Say that this process ends; one that hung for long may be forgotten already."""
    known = unit.db.find(Node, name=unit.node)
    if known is not None:
        unit.db.change(known, seen=unit.now, ended=unit.now)


def _forget(unit: Unit, machine: str, roles: tuple[str, ...]) -> None:
    for node in unit.db.all(Node):
        gone = node.ended is not None or node.is_lost(unit.now)
        alike = (node.machine, node.roles) == (machine, roles)
        if (gone and alike) or unit.now - node.seen > FORGOTTEN:
            unit.db.delete(Node, name=node.name)
