"""From a client's first mail to a booking in everybody's calendar, and what survives a stop."""

import json
import re
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH

import httpx
import pytest

from tests.end_to_end.world import World, eventually
from tests.flow import Sent
from tests.zone_data import lay_out

JOE, DANA = "Joe Client <joe@client.test>", "Dana Coach <dana@coach.test>"


def offered(world: World, slug: str = "coaching") -> Sent:
    """Joe writes, Dana offers; the offer as Joe gets it."""
    world.send(JOE, "dana@flow.test", "Can we meet?")
    asked = world.boxes.wait("dana@coach.test", "relay")
    world.reply(DANA, asked, f"Gladly, Joe.\n/offer {slug}")
    return world.boxes.wait("joe@client.test", "offer")


def slot_links(world: World, offer: Sent) -> list[str]:
    return [world.page(url) for url in re.findall(r"https://flow\.test/slot/[\w.-]+", offer.text)]


def press(url: str, **fields: str) -> httpx.Response:
    return httpx.post(url, data=fields, headers=HOST, follow_redirects=False)


HOST = {"Host": "flow.test"}


def test_a_conversation_an_offer_and_a_booking(world: World) -> None:
    offer = offered(world)
    link = slot_links(world, offer)[1]
    for _ in range(3):
        assert httpx.get(link, headers=HOST).status_code == 200
    assert world.read("bookings") == []
    assert press(link).status_code == 303
    assert press(link).status_code == 303
    for recipient in ("joe@client.test", "dana@coach.test"):
        booked = world.boxes.wait(recipient, "booking")
        assert booked["Mailflow-Conversation"] == offer["Mailflow-Conversation"]
        assert b"method=REQUEST" in booked.raw
    (booking,) = world.read("bookings")
    assert booking["status"] == "confirmed"
    assert booking["client"] == "joe@client.test"
    assert booking["conversation"] == booking["offered_in"] == offer["Mailflow-Conversation"]
    assert len(world.boxes.of("joe@client.test", "booking")) == 1


@pytest.mark.parametrize(
    ("slug", "from_offer", "where"),
    [
        ("coaching", True, "same"),
        ("coaching", False, "new"),
        ("intake", True, "new"),
        ("intake", False, "new"),
        ("quick", True, "none"),
        ("quick", False, "none"),
    ],
)
def test_the_policy_table(world: World, slug: str, from_offer: bool, where: str) -> None:
    answer = {"question-1": "Everything"} if slug == "quick" else {}
    if from_offer:
        offer = offered(world, slug)
        assert press(slot_links(world, offer)[0], **answer).status_code == 303
        before = offer["Mailflow-Conversation"]
    else:
        (first, *_) = world.read("slots", slug)
        url = world.page(f"https://flow.test/dana/{slug}?start={first['start']}")
        person = {"name": "Joe Client", "email": "joe@client.test"}
        assert press(url, start=first["start"], **person, **answer).status_code == 303
        before = None
    booked = world.boxes.wait("joe@client.test", "booking")
    (booking,) = world.read("bookings")
    assert booking["offered_in"] == before
    if where == "same":
        assert booking["conversation"] == before
        assert booked["Subject"] == "Re: A question"
    else:
        assert booked["Subject"].startswith(world_title(slug))
        assert not booked["References"] + booked["In-Reply-To"]
        assert booking["conversation"] != before or booking["conversation"] is None
        assert (booking["conversation"] is None) == (where == "none")


def world_title(slug: str) -> str:
    titles = {"coaching": "Coaching session", "intake": "First meeting", "quick": "Quick call"}
    return f"{titles[slug]} with Dana Coach: "


def test_an_answer_to_a_booking_outside_any_conversation_opens_one(world: World) -> None:
    offer = offered(world, "quick")
    press(slot_links(world, offer)[0], **{"question-1": "Everything"})
    booked = world.boxes.wait("joe@client.test", "booking")
    world.reply(JOE, booked, "May I bring Ann?")
    passed = world.boxes.wait("dana@coach.test", "relay", 2)
    assert "May I bring Ann?" in passed.text
    (booking,) = world.read("bookings")
    assert booking["conversation"] == passed["Mailflow-Conversation"]


def test_a_reminder_goes_out_at_its_time_and_once(world: World) -> None:
    offer = offered(world)
    press(slot_links(world, offer)[5])
    world.boxes.wait("joe@client.test", "booking")
    (booking,) = world.read("bookings")
    start = datetime.fromisoformat(booking["start"])
    assert world.end() == 0
    world.start(MAILFLOW_NOW=(start - timedelta(hours=23)).isoformat())
    reminder = world.boxes.wait("joe@client.test", "reminder")
    assert reminder["Mailflow-Conversation"] == offer["Mailflow-Conversation"]
    world.boxes.wait("dana@coach.test", "reminder")
    assert world.end() == 0
    world.start(MAILFLOW_NOW=(start - timedelta(hours=22)).isoformat())
    world.send(JOE, "dana@flow.test", "Something else")
    world.boxes.wait("dana@coach.test", "relay", 2)
    assert len(world.boxes.of("joe@client.test", "reminder")) == 1


def test_commands_act_on_a_running_mailflow(world: World) -> None:
    offer = offered(world)
    conversation = offer["Mailflow-Conversation"]
    time = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT06:00Z")
    world.command("offer", conversation, "coaching", "--at", time)
    again = world.boxes.wait("joe@client.test", "offer", 2)
    assert len(slot_links(world, again)) == 1
    world.command(
        "send", "dana", "--to", "ann@friend.test", "--subject", "Hi", "--text", "Hello Ann"
    )
    assert "Hello Ann" in world.boxes.wait("ann@friend.test").text


def test_a_clean_stop_and_a_restart_lose_nothing(world: World) -> None:
    offer = offered(world)
    assert world.end() == 0
    world.start()
    press(slot_links(world, offer)[0])
    world.boxes.wait("joe@client.test", "booking")


def test_after_an_update_of_the_zone_data_all_are_told_what_their_clocks_will_show(
    world: World, tmp_path: Path
) -> None:
    press(slot_links(world, offered(world))[0])
    world.boxes.wait("joe@client.test", "booking")
    assert world.end() == 0
    zones = lay_out(tmp_path / "zones", {"Europe/Berlin": "Asia/Kathmandu"})
    world.start(PYTHONTZPATH=f"{zones}:{':'.join(TZPATH)}")
    again = world.boxes.wait("joe@client.test", "booking", 2)
    assert "UTC+5:45" in again.text


def test_killed_at_any_moment_nothing_that_was_answered_is_lost(world: World) -> None:
    """Five kills in a stream of mails: each mail that was answered with 250 reaches the host."""
    taken: list[str] = []
    for number in range(5):
        stop = threading.Timer(0.2 + number * 0.13, world.end, [signal.SIGKILL])
        stop.start()
        try:
            while True:
                taken.append(str(world.send(JOE, "dana@flow.test", "Hello")["Message-ID"]))
        except (OSError, AssertionError):
            stop.join()
        world.start()

    def arrived() -> bool:
        got = {mail["Message-ID"] for mail in world.boxes.of("dana@coach.test", "relay")}
        return set(taken) <= got

    assert taken
    assert eventually(arrived)
    conversations = world.read("conversations")
    assert len(conversations) >= len(taken)


def test_what_was_queued_is_sent_when_the_smarthost_is_back(world: World) -> None:
    world.boxes.close()
    world.send(JOE, "dana@flow.test", "Hello")
    eventually(lambda: [one for one in world.read("queue") if one["attempts"]])
    assert world.end() == 0
    world.boxes.open()
    world.start()
    world.boxes.wait("dana@coach.test", "relay")


def test_the_record_comes_out_again(world: World) -> None:
    offer = offered(world)
    press(slot_links(world, offer)[0])
    world.boxes.wait("joe@client.test", "booking")
    (line,) = world.command("export", "--format", "json").splitlines()
    record = json.loads(line)
    assert [one["kind"] for one in record["messages"]] == ["message", "message", "offer", "booking"]
    assert record["participants"][0]["role"] in ("host", "client")
    assert record["bookings"][0]["status"] == "confirmed"
    assert record["messages"][0]["text"] == "Can we meet?"
