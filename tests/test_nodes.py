"""What the processes of one database tell each other of themselves."""

from dataclasses import replace
from datetime import timedelta

from mailflow import nodes, vitals
from mailflow.store.tables import Node
from mailflow.store.tables.nodes import LOST
from tests.flow import Flow


def seen(flow: Flow, name: str, machine: str = "mx1", *roles: str) -> None:
    flow.run(lambda unit: nodes.be_seen(replace(unit, node=name), machine, roles or ("worker",)))


def leave(flow: Flow, name: str) -> None:
    flow.run(lambda unit: nodes.leave(replace(unit, node=name)))


def said(flow: Flow) -> list[str]:
    found = flow.run(vitals.look)
    return [vitals.say_node(node, found.now) for node in found.nodes]


def names(flow: Flow) -> list[str]:
    return [node.name for node in flow.run(lambda unit: unit.db.all(Node))]


def test_one_that_serves_one_that_was_killed_and_one_that_ended(flow: Flow) -> None:
    seen(flow, "1", "mx1", "listener", "web")
    seen(flow, "2", "mx2")
    seen(flow, "3", "mx3")
    leave(flow, "3")
    flow.now += LOST
    assert said(flow)[1] == "mx2 (worker): it serves"
    flow.wait(seconds=61)
    seen(flow, "1", "mx1", "listener", "web")
    assert said(flow) == [
        "mx1 (listener, web): it serves",
        "mx2 (worker): not heard of for 2 minutes, though nobody told it to end",
        "mx3 (worker): ended 2 minutes ago",
    ]


def test_whoever_starts_takes_the_place_of_its_like(flow: Flow) -> None:
    """However often a process is killed and started, or told to end, it is listed once."""
    seen(flow, "1")
    seen(flow, "other machine", "mx2")
    seen(flow, "other roles", "mx1", "web")
    seen(flow, "lives")
    flow.now += LOST
    seen(flow, "lives")
    flow.wait(seconds=1)
    seen(flow, "2")
    assert names(flow) == ["2", "lives", "other machine", "other roles"]
    leave(flow, "2")
    seen(flow, "3")
    assert names(flow) == ["3", "lives", "other machine", "other roles"]


def test_who_was_silent_for_a_day_is_forgotten(flow: Flow) -> None:
    seen(flow, "1")
    flow.now += nodes.FORGOTTEN
    seen(flow, "2", "mx2")
    assert names(flow) == ["1", "2"]
    flow.now += timedelta(seconds=1)
    seen(flow, "3", "mx3")
    assert names(flow) == ["2", "3"]


def test_who_was_forgotten_and_lives_is_there_again(flow: Flow) -> None:
    seen(flow, "1")
    flow.now += 2 * nodes.FORGOTTEN
    seen(flow, "2", "mx2")
    seen(flow, "1")
    leave(flow, "1")
    assert names(flow) == ["1", "2"]


def test_who_was_forgotten_may_end(flow: Flow) -> None:
    seen(flow, "1")
    flow.now += 2 * LOST
    seen(flow, "2")
    leave(flow, "1")
    assert names(flow) == ["2"]
