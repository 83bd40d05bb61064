"""What a serving mailflow writes down of a whole story: a line for each step, and nothing of anybody's."""

import http.client
import json
import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Figure
from tests.doors.authentication.domains import RSA
from tests.end_to_end.test_the_main_job import press, slot_links
from tests.end_to_end.world import PATIENCE, World, eventually
from tests.flow import SETTINGS, Sent
from tests.postgresql import Server

CANARY = "canary"
"""Stands in everything that somebody wrote, and in every password."""

JOE, DANA = "Canary Joe <canary.joe@canary.test>", "Dana Coach <dana@canary.test>"
CALENDAR = (
    '{ caldav = "http://127.0.0.1:9/canary", username = "canary", password_file = "password" }'
)


@pytest.fixture
def world(tmp_path: Path, server: Server) -> Iterator[World]:
    """Every secret has the canary in it, or is known to the test."""
    settings = SETTINGS.replace("dana@coach.test", "dana@canary.test")
    settings = settings.replace('"erik"', f'"erik"\ncalendars = [{CALENDAR}]', 1)
    database = server.emptied().replace("tester@", "tester:canary@")
    made = World(tmp_path, settings, database)
    with made.config.open("a") as config:
        config.write('username = "canary"\npassword_file = "password"\n')
        config.write('dkim_selector = "canary"\ndkim_key_file = "key.pem"\n')
    (tmp_path / "password").write_text("canary-password")
    (tmp_path / "key.pem").write_bytes(RSA)
    made.program = "tests.end_to_end.talkative"
    try:
        with journal_of(made).open("wb") as made.stderr:
            made.start()
        yield made
    finally:
        made.close()


def journal_of(world: World) -> Path:
    return world.folder / "journal"


def story(world: World) -> None:
    """A client, a host, a stranger, a booking; then what goes wrong."""
    world.send(JOE, "dana@flow.test", "The canary sings.", Subject="A canary")
    asked = world.boxes.wait("dana@canary.test", "relay")
    world.reply(DANA, asked, "Gladly, canary.\n/offer coaching")
    offer = world.boxes.wait("canary.joe@canary.test", "offer")
    link = slot_links(world, offer)[1]
    assert press(link).status_code == 303
    world.boxes.wait("canary.joe@canary.test", "booking")
    world.send("canary@stranger.test", offer.address, "canary", Subject="canary")
    eventually(lambda: world.read("held"))
    world.boxes.close()
    world.reply(JOE, offer, "Is the canary still there?")
    eventually(lambda: "letter.deferred" in journal_of(world).read_text())
    say_nonsense(world, offer)
    world.boxes.open()


def say_nonsense(world: World, offer: Sent) -> None:
    """What strangers send to both doors, in words that programs like to repeat."""
    with smtplib.SMTP("127.0.0.1", world.smtp, timeout=PATIENCE) as client:
        client.ehlo("canary.test")
        for command in ("CANARY canary", "AUTH PLAIN Y2FuYXJ5", "MAIL FROM:<canary", "VRFY canary"):
            client.docmd(command)
        client.docmd("MAIL FROM:<canary@canary.test>")
        client.docmd(f"RCPT TO:<x{offer.address}>")
        client.docmd(f"RCPT TO:<{offer.address}>")
        client.docmd("DATA")
        client.send(b"From: canary\xff\r\n\r\ncanary\nbare\r\n.\r\n")
        client.getreply()
    for method, path in (("GET", "/slot/canary"), ("BREW", "/canary?canary=canary")):
        browser = http.client.HTTPConnection("127.0.0.1", world.http, timeout=PATIENCE)
        headers = {"Host": "canary.test", "X-Forwarded-For": "canary", "Cookie": "canary=canary"}
        browser.request(method, path, headers=headers)
        browser.getresponse().read()
        browser.close()


def secrets(world: World) -> list[str]:
    """All tokens that were mailed out, the secret that signs them, and the lines of the key that signs mail."""
    texts = "\n".join(mail.raw.decode() + mail.text + mail.sender for mail in world.boxes.mails)
    tokens = re.findall(r"\+([a-z2-7]{25,})@|/(WyJ[\w-]+\.[\w-]{43})", texts)
    key = RSA.decode().splitlines()[1:-1]
    return [*{one or other for one, other in tokens}, "s" * 40, *key]


def test_of_a_whole_story_ids_and_numbers_are_told(world: World, figure: Figure) -> None:
    story(world)
    hidden = secrets(world)
    assert world.end() == 0
    written = journal_of(world).read_text()
    lines = [json.loads(line) for line in written.splitlines()]
    figure("lines of journal of a whole story, at every level", len(lines))
    figure("tokens, secrets and words of anybody's in them", sum(map(written.count, hidden)))
    assert CANARY not in written.lower()
    assert [one for one in hidden if one in written] == []
    assert len(hidden) > 20
    events = {line["event"] for line in lines}
    assert events >= {"serve.started", "mail.taken", "mail.done", "mail.held", "host.asked"}
    assert events >= {"letter.sent", "letter.deferred", "booking.made", "serve.stopping"}
    assert "calendar.unread" in events
    levels = {line["level"] for line in lines if line["event"] == "library"}
    assert "debug" in levels
