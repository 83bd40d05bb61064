"""A mailflow that serves from a PostgreSQL server, and what its users see while that is gone."""

import smtplib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx
import pytest

from mailflow.worker import PULSE
from tests.conftest import Figure
from tests.doors.web.conftest import free_port
from tests.end_to_end.test_the_main_job import HOST, JOE, offered, press, slot_links
from tests.end_to_end.world import World
from tests.postgresql import Server

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def world(tmp_path: Path, database: str) -> Iterator[World]:
    made = World(tmp_path, database=database)
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_from_a_first_mail_to_a_booking_over_a_server_that_goes_away_and_comes_back(
    world: World, server: Server
) -> None:
    offer = offered(world)
    link = slot_links(world, offer)[1]
    assert httpx.get(link, headers=HOST).status_code == 200
    server.control("stop", "--mode=immediate")
    try:
        for answer in (httpx.get(link, headers=HOST), press(link)):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert "try again in a moment" in answer.text
        with pytest.raises(smtplib.SMTPDataError) as refused:
            world.send(JOE, "dana@flow.test", "Are you there?", Subject="While it was gone")
        assert refused.value.smtp_code == 451
    finally:
        server.control("start")
    world.send(JOE, "dana@flow.test", "Are you there?", Subject="Once it was back")
    assert press(link).status_code == 303
    assert press(link).status_code == 303
    for recipient in ("joe@client.test", "dana@coach.test"):
        world.boxes.wait(recipient, "booking")
    (booking,) = world.read("bookings")
    assert booking["conversation"] == offer["Mailflow-Conversation"]
    subjects = {one["Subject"] for one in world.boxes.of("dana@coach.test", "relay")}
    assert "Once it was back" in subjects
    assert "While it was gone" not in subjects


def test_what_one_process_takes_another_works_on_at_once(
    tmp_path: Path, database: str, figure: Figure
) -> None:
    worlds, waits = [], []
    try:
        for name, roles in (("front", "listener,web"), ("back", "worker")):
            (tmp_path / name).mkdir()
            worlds.append(World(tmp_path / name, database=database, roles=roles))
            worlds[-1].start()
        front, back = worlds
        for number in range(1, 10):
            sent = time.monotonic()
            front.send(JOE, "dana@flow.test", "Are you there?", Subject=f"Question {number}")
            back.boxes.wait("dana@coach.test", "relay", number)
            waits.append(time.monotonic() - sent)
        assert front.http
        assert (back.smtp, back.http) == (0, 0)
        assert front.boxes.mails == []
    finally:
        for world in worlds:
            world.close()
    # Each mail comes right after the other process has found nothing more to do: unless it is woken, it sleeps for
    # a pulse then.
    assert median(waits) < PULSE / 2
    figure(
        "from a mail taken by one process to its copy out of another, seconds",
        f"{median(waits):.3f}",
    )


def test_one_that_only_works_is_seen_by_the_others(tmp_path: Path, database: str) -> None:
    front = World(tmp_path, database=database, roles="listener,web")
    back = front.twin("worker")
    internal = f"127.0.0.1:{free_port()}"
    try:
        front.start(MAILFLOW_WEB__INTERNAL_LISTEN=internal)
        alone = httpx.get(f"http://{internal}/healthz")
        assert (alone.status_code, alone.text[:24]) == (503, "nobody works the queues:")
        back.start()
        assert httpx.get(f"http://{internal}/healthz").status_code == 200
        machine = socket.gethostname()
        assert f'machine="{machine}",' in httpx.get(f"http://{internal}/metrics").text
        back.end()
        assert seen(front) == [
            f"{machine} (listener, web): it serves",
            f"{machine} (worker): ended 0 minutes ago",
        ]
    finally:
        back.stop()
        front.close()


def seen(world: World) -> list[str]:
    """What `check` says of those who serve, or did."""
    return sorted(one["detail"] for one in world.read("check") if one["check"] == "nodes")


def test_commands_act_beside_it_and_are_heard_of(world: World) -> None:
    world.command("send", "dana", "--to", "joe@client.test", "--subject", "Hi", "--text", "Yes")
    sent = world.boxes.wait("joe@client.test")
    world.reply(JOE, sent, "Gladly.")
    world.boxes.wait("dana@coach.test", "relay")
    assert [one["subject"] for one in world.read("conversations", "--search", "GLÁDLY")] == ["Hi"]
    found = [one["detail"] for one in world.read("check") if one["check"] == "database"]
    assert found[0].endswith("schema 1)")
    # The tests' server is not meant to survive a power cut.
    assert [one.split(": ")[1].split()[0] for one in found[1:]] == ["fsync", "full_page_writes"]
