import json
from pathlib import Path

import pytest

from tests.cli.command import done, mailflow, read, refused, run_here


def test_bookings_are_as_promised(past: Path) -> None:
    (conversation,) = read(past, "conversations")
    (booking,) = json.loads(done(past, "bookings", "--json"))
    ident = booking["id"]
    promised = {
        "id": ident,
        "uid": f"{ident}@flow.test",
        "type": "coaching",
        "status": "confirmed",
        "start": "2026-11-23T12:50:00Z",
        "end": "2026-11-23T13:40:00Z",
        "sequence": 0,
        "conversation": conversation["id"],
        "offered_in": conversation["id"],
        "client": "ann@client.test",
        "attendees": [
            {"address": "dana@coach.test", "partstat": "ACCEPTED"},
            {"address": "ann@client.test", "partstat": "NEEDS-ACTION"},
        ],
    }
    assert booking.items() >= promised.items()


def test_conversations_tell_who_and_how_much(past: Path) -> None:
    (conversation,) = read(past, "conversations")
    assert conversation["people"] == ["Dana Coach", "Ann Client"]
    assert (conversation["count"], conversation["last"]) == (5, "2026-11-23T09:00:00Z")


def test_show_tells_the_whole_story(past: Path) -> None:
    (conversation,) = read(past, "conversations")
    shown = done(past, "show", conversation["id"])
    assert "Ann Client <ann@client.test> client" in shown
    assert "From now on?" in shown
    assert "booked" in shown
    assert "confirmed coaching, 2026-11-23 13:50 CET" in shown
    assert "ann@client.test needs-action" in shown


def test_what_goes_into_a_pipe_is_one_line_each_and_plain(past: Path) -> None:
    (line,) = done(past, "bookings").splitlines()
    assert line.split("\t")[1:5] == [
        "2026-11-23 13:50 CET",
        "confirmed",
        "coaching",
        "ann@client.test",
    ]
    (line,) = done(past, "held").splitlines()
    assert "\x1b" not in line
    assert line.endswith("stranger@x.test is not in the conversation; the host was asked")


def test_held_mails_are_named(past: Path) -> None:
    (mail,) = read(past, "held")
    assert (mail["message_id"], mail["from"], mail["state"]) == (
        "4@client.test",
        "stranger@x.test",
        "held",
    )


def test_nothing_waits_in_the_queue(past: Path) -> None:
    assert read(past, "queue") == []


def test_slots_are_those_of_two_weeks_less_what_is_booked(past: Path) -> None:
    slots = read(past, "slots", "coaching")
    assert slots[0] == {"start": "2026-11-23T12:00:00Z", "end": "2026-11-23T12:50:00Z"}
    assert {slot["start"][:10] for slot in slots} == {
        *("2026-11-23", "2026-11-24", "2026-11-25"),
        *("2026-11-30", "2026-12-01", "2026-12-02"),
    }
    assert "2026-11-23T12:50:00Z" not in [slot["start"] for slot in slots]


def test_slots_of_given_days_are_shown_in_the_hosts_zone(past: Path) -> None:
    lines = done(past, "slots", "coaching", "--from", "2026-11-24", "--days", "1").splitlines()
    assert lines[0] == "Tue 2026-11-24\t09:00 CET"
    assert all(line.startswith("Tue 2026-11-24") for line in lines)


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2026-11-23T13:50", ", booking "),
        ("2026-11-23 13:50 Europe/Berlin", "Dana Coach is busy: Monday 23 November 2026, 13:50"),
        ("2026-11-23T10:00", "too soon"),
        ("2027-11-23T10:00", "too far ahead"),
        ("2026-11-26T10:00", "outside the hours of Dana Coach"),
        ("2026-11-24T10:00", "between two starts"),
    ],
)
def test_what_stands_against_a_time_is_told(past: Path, time: str, reason: str) -> None:
    found = run_here(past, "slots", "coaching", "--explain", time).stdout
    assert found.splitlines()[0].endswith("is not free:")
    assert reason in found


def test_a_time_that_is_free_is_told(past: Path) -> None:
    said = done(past, "slots", "coaching", "--explain", "2026-11-24T09:00")
    assert said == "Tuesday 24 November 2026, 09:00 (Europe/Berlin, UTC+1) is free.\n"


@pytest.mark.parametrize(
    ("message_id", "state", "rule"),
    [
        ("1@client.test", "placed", "it starts a conversation"),
        ("<2@client.test>", "placed", "it came to the address of this conversation"),
        ("4@client.test", "held", "stranger@x.test is not in the conversation"),
    ],
)
def test_why_names_the_rule(past: Path, message_id: str, state: str, rule: str) -> None:
    (finding,) = read(past, "why", message_id)
    assert finding["state"] == state
    assert rule in finding["rule"]


def test_why_knows_what_mailflow_made(past: Path) -> None:
    (conversation,) = read(past, "conversations")
    offer = read(past, "show", conversation["id"])["offers"][0]
    assert "mailflow made it: offer" in done(past, "why", offer["message_id"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nope"], "there is no conversation 'nope'"),
        (["slots", "nope"], "there is no appointment type 'nope'"),
        (["why", "nope@x.test"], "the mail nope@x.test is not known here"),
        (["export", "nope"], "there is no conversation 'nope'"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(past: Path, arguments: list[str], said: str) -> None:
    assert refused(past, *arguments) == said


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["show"],
        ["bookings", "--yaml"],
        ["slots", "coaching", "--from", "tomorrow"],
        ["slots", "coaching", "--days", "0"],
        ["slots", "coaching", "--explain", "soon"],
        ["queue", "retry", "all"],
        ["send", "dana", "--to", "nobody", "--subject", "Hi", "--text", "Hi"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(past: Path, arguments: list[str]) -> None:
    assert run_here(past, *arguments).exit_code == 2


def test_the_process_exits_2_as_well(past: Path) -> None:
    assert mailflow(past, "fly").returncode == 2
