from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import done, read, refused
from tests.flow import Flow


def conversation(house: Path) -> str:
    return str(read(house, "conversations")[0]["id"])


def booking(house: Path) -> Any:
    (found,) = read(house, "bookings")
    return found


def recipients(house: Path) -> list[str]:
    return [copy["recipient"] for copy in read(house, "queue")]


def test_an_offer_is_made_and_its_mails_wait(house: Path) -> None:
    ident = conversation(house)
    made = done(house, "offer", ident, "coaching").strip()
    assert read(house, "show", ident)["offers"][-1]["id"] == made
    assert sorted(recipients(house)) == ["ann@client.test", "dana@coach.test"]


def test_an_offer_of_named_times_may_break_the_hours(house: Path) -> None:
    times = ["--at", "2026-11-28T22:00", "--at", "2026-11-29T10:00+00:00"]
    ident = conversation(house)
    done(house, "offer", ident, "coaching", *times)
    offer = read(house, "show", ident)["offers"][-1]
    starts = [slot["start"] for slot in offer["slots"]]
    assert starts == ["2026-11-28T21:00:00Z", "2026-11-29T10:00:00Z"]
    assert sorted(recipients(house)) == ["ann@client.test", *["dana@coach.test"] * 2]


def test_an_offer_of_a_taken_time_is_refused(house: Path) -> None:
    said = refused(house, "offer", conversation(house), "coaching", "--at", "2026-11-23T13:50")
    assert said == "not free, or past: Monday 23 November 2026, 13:50"


def test_a_booking_moves_and_is_cancelled(house: Path) -> None:
    ident = booking(house)["id"]
    done(house, "move", ident, "2026-11-25T09:00")
    assert (booking(house)["start"], booking(house)["sequence"]) == ("2026-11-25T08:00:00Z", 1)
    done(house, "cancel", ident)
    assert (booking(house)["status"], booking(house)["sequence"]) == ("cancelled", 2)
    assert refused(house, "move", ident, "2026-11-25T09:00") == "this appointment was cancelled"
    assert len(recipients(house)) == 4


def test_a_booking_does_not_move_out_of_the_hours(house: Path) -> None:
    said = refused(house, "move", booking(house)["id"], "2026-11-28T22:00")
    assert said == "that time is not free"
    assert recipients(house) == []


@pytest.mark.parametrize("again", [["--to"], []], ids=["each-with-its-option", "one-after-another"])
def test_a_host_writes_to_clients(house: Path, again: list[str]) -> None:
    to = ["--to", "bob@client.test", *again, "cleo@client.test"]
    ident = done(
        house, "send", "dana", *to, "--subject", "Grüße", "--text", "Dear both,\n\nhello!"
    ).strip()
    found = read(house, "show", ident)
    assert [(one["address"], one["role"]) for one in found["participants"]] == [
        ("dana@coach.test", "host"),
        ("bob@client.test", "client"),
        ("cleo@client.test", "client"),
    ]
    (message,) = found["messages"]
    assert (message["kind"], message["direction"]) == ("message", "out")
    assert message["text"] == "Dear both,\n\nhello!"
    assert recipients(house) == ["bob@client.test", "cleo@client.test"]


def test_what_a_host_writes_is_a_mail_of_theirs_and_answers_come_back(tmp_path: Path) -> None:
    flow = Flow(tmp_path)
    text = ["--to", "bob@client.test", "--subject", "Hi", "--text", "Dear Bob"]
    ident = done(tmp_path, "send", "dana", *text).strip()
    flow.wait(minutes=1)
    (mail,) = flow.sent()
    assert mail["From"].startswith("Dana Coach <dana+")
    assert (mail["To"], mail["Subject"]) == ("bob@client.test", "Hi")
    assert mail["Auto-Submitted"] == ""
    assert "Dear Bob" in mail.text
    assert "Dear Bob" in mail.html
    (copy,) = flow.reply("bob@client.test", mail, "Thanks!")
    flow.close()
    assert copy.recipient == "dana@coach.test"
    assert copy["Mailflow-Conversation"] == ident


def test_nobody_writes_to_mailflow_itself(house: Path) -> None:
    text = ["--subject", "Hi", "--text", "Hi"]
    said = refused(house, "send", "dana", "--to", "erik@flow.test", *text)
    assert said == "erik@flow.test is no client's address"


def test_a_copy_is_sent_again(house: Path) -> None:
    done(house, "queue", "retry", "1")
    (copy,) = read(house, "queue")
    assert (copy["id"], copy["state"], copy["attempts"]) == (1, "queued", 0)
    assert refused(house, "queue", "retry", "999") == "there is no delivery '999'"


def test_a_held_mail_is_released(house: Path) -> None:
    done(house, "held", "release", "4")
    assert read(house, "held") == []
    (finding,) = read(house, "why", "4@client.test")
    assert finding["rule"] == "it was held, and the host said yes"
    assert refused(house, "held", "release", "4") == "no mail 4 is held"


def test_a_held_mail_is_dropped(house: Path) -> None:
    done(house, "held", "drop", "4")
    assert read(house, "held") == []
    assert read(house, "why", "4@client.test") == [
        {"state": "dropped", "rule": "the host dropped it", "conversation": None}
    ]
