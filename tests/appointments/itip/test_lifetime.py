"""The life of one booking as calendars get it: pinned step by step, and read by calendars that others wrote."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import icalendar
import playwright
import pytest
import vobject

from tests.appointments.test_booking import event
from tests.conftest import Golden
from tests.conversations.test_calendar_answers import answer
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.doors.calendars.servers import radicale
from tests.flow import Flow, Sent, to

STEPS = ("made", "moved", "countered", "kept", "taken", "declined")
PEOPLE = {"client": "joe@client.test", "participant": "ann@friend.test", "host": "dana@coach.test"}

ICAL_JS_MODULE = "npm/node_modules/ical.js/dist/ical.js"
"""Where `.bin/test` puts it in the virtual environment."""


def life(flow: Flow) -> Iterator[tuple[str, list[Sent]]]:
    """What goes out at each step, from the first REQUEST to the CANCEL that a DECLINED brings."""
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    sent = flow.reply(DANA, asked, "/offer coaching 2026-12-01T10:00")
    made = flow.reply(JOE, to(sent, "joe@client.test"), "1")
    yield "made", made
    flow.wait(minutes=1)
    answer(flow, JOE, to(made, "joe@client.test"), "ACCEPTED")
    moved = flow.reply(DANA, to(made, "dana@coach.test"), "/move 2026-12-02T09:00")
    yield "moved", moved
    flow.wait(minutes=1)
    copy = to(moved, "joe@client.test")
    free = {"start": "20261202T085000Z", "end": "20261202T094000Z"}
    countered = answer(flow, JOE, copy, "TENTATIVE", "COUNTER", **free)
    yield "countered", countered
    flow.wait(minutes=1)
    copy = to(countered, "joe@client.test")
    late = {"start": "20261202T190000Z", "end": "20261202T195000Z"}
    (question,) = answer(flow, JOE, copy, "TENTATIVE", "COUNTER", **late)
    yield "kept", flow.reply(DANA, question, "no")
    copy = to(countered, "ann@friend.test")
    (question,) = answer(flow, ANN, copy, "TENTATIVE", "COUNTER", **late)
    taken = flow.reply(DANA, question, "yes")
    yield "taken", taken
    flow.wait(minutes=1)
    yield "declined", answer(flow, JOE, to(taken, "joe@client.test"), "DECLINED")


def calendar(copy: Sent) -> bytes:
    (part,) = [one for one in copy.message.walk() if one.get_content_type() == "text/calendar"]
    content: Any = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


@pytest.fixture(scope="module")
def calendars(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Each calendar of that life, by its step and whose copy it is."""
    names = {address: name for name, address in PEOPLE.items()}
    with closing(Flow(tmp_path_factory.mktemp("life"))) as flow:
        return {
            f"{step}-{names[copy.recipient]}": calendar(copy)
            for step, sent in life(flow)
            for copy in sent
        }


def test_every_step_is_pinned_for_everybody(calendars: Mapping[str, bytes], golden: Golden) -> None:
    told = [step for step in STEPS if step != "kept"]
    wanted = {f"{step}-{name}" for step in told for name in PEOPLE} | {"kept-client"}
    assert calendars.keys() == wanted
    for name, content in calendars.items():
        golden(f"lifetime/{name}.ics", content)


def test_one_life_has_one_uid_and_counts_its_changes(flow: Flow) -> None:
    seen: dict[str, list[tuple[str, int]]] = {}
    uids, sequences = set(), []
    for step, sent in life(flow):
        for copy in sent:
            found = event(copy)
            uids.add(str(found["UID"]))
            seen.setdefault(copy.recipient, []).append((step, int(found["SEQUENCE"])))
        sequences.append((step, {int(event(copy)["SEQUENCE"]) for copy in sent}))
    assert len(uids) == 1
    assert sequences == [
        ("made", {0}),
        ("moved", {1}),
        ("countered", {2}),
        ("kept", {2}),
        ("taken", {3}),
        ("declined", {4}),
    ]


def test_icalendar_reads_each_without_a_complaint(calendars: Mapping[str, bytes]) -> None:
    for content in calendars.values():
        read = icalendar.Calendar.from_ical(content)
        assert [error for part in read.walk() for error in part.errors] == []
        assert read.to_ical() == content


def test_vobject_reads_each(calendars: Mapping[str, bytes]) -> None:
    for name, content in calendars.items():
        read = vobject.readOne(content.decode())
        read.validate(raiseException=True)
        assert read.vevent.dtstart.value.utcoffset().total_seconds() == 0
        assert read.vevent.attendee.value == f"mailto:{PEOPLE[name.partition('-')[2]]}"


# Strict is how ical.js reads unless told otherwise: what it cannot make sense of is an error.
ICAL_JS = """
import { readFileSync } from "node:fs";
import ICAL from "%s";

const calendars = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(calendars.map((text) => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const component = calendar.getFirstSubcomponent("vevent");
  const event = new ICAL.Event(component, { strictExceptions: true });
  return {
    method: calendar.getFirstPropertyValue("method"),
    uid: event.uid,
    sequence: event.sequence,
    start: event.startDate.toJSDate(),
    end: event.endDate.toJSDate(),
    summary: event.summary,
    description: event.description,
    organizer: event.organizer,
    attendees: event.attendees.map((one) => one.getFirstValue()),
    status: component.getFirstPropertyValue("status"),
  };
})));
"""


def ical_js(calendars: Sequence[bytes]) -> Any:
    """What ical.js, by which Thunderbird reads calendars, makes of these; in Playwright's Node.js."""
    node = Path(playwright.__file__).parent / "driver" / "node"
    script = ICAL_JS % (Path(sys.prefix) / ICAL_JS_MODULE).as_uri()
    run = subprocess.run(
        [node, "--input-type=module", "--eval", script],
        input=json.dumps([one.decode() for one in calendars]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.skipif(
    not (Path(sys.prefix) / ICAL_JS_MODULE).exists(), reason="there is no ical.js here"
)
def test_ical_js_reads_in_each_what_icalendar_reads(calendars: Mapping[str, bytes]) -> None:
    for found, (name, content) in zip(
        ical_js(list(calendars.values())), calendars.items(), strict=True
    ):
        whole = icalendar.Calendar.from_ical(content)
        wanted: Any = whole.walk("VEVENT")[0]
        person = PEOPLE[name.partition("-")[2]]
        assert found == {
            "method": whole["METHOD"],
            "uid": wanted["UID"],
            "sequence": wanted["SEQUENCE"],
            "start": f"{wanted.start:%Y-%m-%dT%H:%M:%S.000Z}",
            "end": f"{wanted.end:%Y-%m-%dT%H:%M:%S.000Z}",
            "summary": wanted["SUMMARY"],
            "description": wanted["DESCRIPTION"],
            "organizer": wanted["ORGANIZER"],
            "attendees": [f"mailto:{person}"],
            "status": wanted["STATUS"],
        }


def test_radicale_keeps_each(calendars: Mapping[str, bytes], tmp_path: Path) -> None:
    with radicale(tmp_path) as server:
        for person in PEOPLE:
            for content in (one for name, one in calendars.items() if name.endswith(person)):
                # Programs keep an invite without its METHOD (RFC 4791, section 4.1).
                kept = re.sub(rb"METHOD:\w+\r\n", b"", content, count=1)
                put = server.ask("PUT", "invite.ics", kept)
                assert put.is_success, put.text
                got = icalendar.Calendar.from_ical(server.ask("GET", "invite.ics").content)
                assert got == icalendar.Calendar.from_ical(kept)
            assert server.ask("DELETE", "invite.ics").is_success


def test_khal_takes_each_and_shows_the_last(calendars: Mapping[str, bytes], tmp_path: Path) -> None:
    config = khal_config(tmp_path)
    for name, content in calendars.items():
        file = tmp_path / f"{name}.ics"
        file.write_bytes(content)
        khal(config, "import", "--batch", str(file))
    listed = khal(config, "list", "--format", "{start-time} {title} {status}", "2026-12-02", "1d")
    assert listed.split("\n")[1:2] == ["20:00 Coaching session with Dana Coach CANCELLED "]


def khal_config(folder: Path) -> Path:
    file = folder / "khal.conf"
    file.write_text(
        f"[calendars]\n[[home]]\npath = {folder / 'home'}\n"
        "[locale]\nlocal_timezone = Europe/Berlin\ndefault_timezone = Europe/Berlin\n"
        "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
        "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        f"[sqlite]\npath = {folder / 'khal.db'}\n"
    )
    return file


def khal(config: Path, *words: str) -> str:
    program = Path(sys.executable).with_name("khal")
    run = subprocess.run(
        [program, "--config", config, *words], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
