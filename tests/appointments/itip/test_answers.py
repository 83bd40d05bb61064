from dataclasses import replace
from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.appointments.itip import Answer, read_answers
from mailflow.appointments.itip.answers import MAX_ANSWERS, MAX_CALENDAR, MAX_READ, PARTSTATS


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


REPLY = b"""BEGIN:VCALENDAR
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
VERSION:2.0
METHOD:REPLY
BEGIN:VEVENT
LAST-MODIFIED:20261120T101112Z
DTSTAMP:20261120T101112Z
UID:b7f3@flow.example.com
SUMMARY:Coaching session
ORGANIZER;CN="Dana Coach":mailto:dana+4fk2.Wq9x@flow.example.com
ATTENDEE;CN=Zoe;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:Zoe@client.test
DTSTART:20261201T090000Z
DTEND:20261201T095000Z
SEQUENCE:1
COMMENT:Fine\\, see you\\nthen
END:VEVENT
END:VCALENDAR
"""
ACCEPTED = Answer(
    method="REPLY",
    uid="b7f3@flow.example.com",
    sequence=1,
    stamp=at("2026-11-20T10:11:12"),
    attendee="zoe@client.test",
    partstat="ACCEPTED",
    start=at("2026-12-01T09:00"),
    end=at("2026-12-01T09:50"),
    organizer="dana+4fk2.wq9x@flow.example.com",
    comment="Fine, see you\nthen",
)


def without(name: bytes) -> bytes:
    return b"\n".join(line for line in REPLY.split(b"\n") if not line.startswith(name))


FORMS = {
    "LF": REPLY,
    "CRLF": REPLY.replace(b"\n", b"\r\n"),
    "CR": REPLY.replace(b"\n", b"\r"),
    "CR CR LF": REPLY.replace(b"\n", b"\r\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + REPLY,
    "leading blanks": b"\r\n  " + REPLY,
    "no end of the last line": REPLY.rstrip(),
    "empty lines between": REPLY.replace(b"\n", b"\n\n"),
    "names and method in lower case": REPLY.replace(b"METHOD:REPLY", b"method:Reply")
    .replace(b"BEGIN:VEVENT", b"begin:vevent")
    .replace(b"ATTENDEE;", b"attendee;"),
    "mailto in capitals": REPLY.replace(b"mailto:", b"MAILTO:"),
    "folded in a name": REPLY.replace(b"ATTENDEE", b"ATTE\n NDEE"),
    "folded with a tab": REPLY.replace(b"Zoe@", b"Zo\n\te@"),
    "folded inside a letter": REPLY.replace(b"CN=Zoe", b"CN=Zo\xc3\r\n \xab"),
    "a text whose fold was lost": REPLY.replace(b"Coaching session", b"Coaching\nsession: x"),
    "broken properties that we don't need": REPLY.replace(
        b"SUMMARY", b"GEO:x\nDUE:x\nX-A;;:\nRECURRENCE-ID:x\nRRULES\nSUMMARY"
    ),
    "Latin-1": REPLY.replace(b"CN=Zoe", b"CN=Zo\xeb"),
    "an alarm": REPLY.replace(
        b"END:VEVENT",
        b"BEGIN:VALARM\nTRIGGER:-PT5M\nATTENDEE:mailto:x@y.test\nEND:VALARM\nEND:VEVENT",
    ),
}


@pytest.mark.parametrize("calendar", FORMS.values(), ids=FORMS)
def test_an_answer_is_read_in_the_forms_it_comes_in(calendar: bytes) -> None:
    assert read_answers(calendar) == (ACCEPTED,)


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        (without(b"ORGANIZER"), replace(ACCEPTED, organizer=None)),
        (without(b"SEQUENCE"), replace(ACCEPTED, sequence=0)),
        (without(b"DTSTAMP"), replace(ACCEPTED, stamp=None)),
        (without(b"COMMENT"), replace(ACCEPTED, comment="")),
        (without(b"DTSTART"), replace(ACCEPTED, start=None)),
        (REPLY.replace(b"PARTSTAT=ACCEPTED;", b""), replace(ACCEPTED, partstat="NEEDS-ACTION")),
        (REPLY.replace(b"=ACCEPTED", b"=X-MAYBE"), replace(ACCEPTED, partstat="NEEDS-ACTION")),
        (REPLY.replace(b"=ACCEPTED", b"=declined"), replace(ACCEPTED, partstat="DECLINED")),
        (REPLY.replace(b":REPLY", b":REFRESH"), replace(ACCEPTED, method="REFRESH")),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_what_an_answer_leaves_out(calendar: bytes, expected: Answer) -> None:
    assert read_answers(calendar) == (expected,)


def test_a_delegation_names_both() -> None:
    delegate = b"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ann@client.test\nSEQUENCE"
    calendar = REPLY.replace(b"=ACCEPTED", b'=DELEGATED;DELEGATED-TO="mailto:ann@client.test"')
    assert read_answers(calendar.replace(b"SEQUENCE", delegate)) == (
        replace(ACCEPTED, partstat="DELEGATED", delegates=("ann@client.test",)),
        replace(ACCEPTED, partstat="NEEDS-ACTION", attendee="ann@client.test"),
    )


NO_ANSWERS = {
    "nothing": b"",
    "blanks": b" \n \n",
    "no calendar": b"Hello, I can't come.\n",
    "an invitation": REPLY.replace(b":REPLY", b":REQUEST"),
    "no method": without(b"METHOD"),
    "no UID": without(b"UID"),
    "an empty UID": REPLY.replace(b"UID:b7f3@flow.example.com", b"UID:"),
    "no attendee": without(b"ATTENDEE"),
    "a task": REPLY.replace(b"VEVENT", b"VTODO"),
    "no end": without(b"END"),
    "no beginning": without(b"BEGIN"),
    "an end too many": b"END:VCALENDAR\n" + REPLY,
    "a sequence that is no number": REPLY.replace(b"SEQUENCE:1", b"SEQUENCE:one"),
    "a negative sequence": REPLY.replace(b"SEQUENCE:1", b"SEQUENCE:-1"),
    "a sequence that is no INTEGER": REPLY.replace(b"SEQUENCE:1", b"SEQUENCE:2147483648"),
    "UTF-16": REPLY.decode().encode("utf-16"),
    "too large": REPLY + b" " * MAX_CALENDAR,
    "too much to read": REPLY.replace(b"Fine", b"x" * MAX_READ),
    "too many components": REPLY.replace(
        b"END:VEVENT", b"BEGIN:VALARM\nEND:VALARM\n" * 19 + b"END:VEVENT"
    ),
}


@pytest.mark.parametrize("calendar", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer(calendar: bytes) -> None:
    assert read_answers(calendar) == ()


EUROPEAN_RULES = (
    b"RRULE:FREQ=YEARLY;WKST=MO;INTERVAL=1;BYMONTH=10;BYDAY=-1SU",
    b"RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=-1SU;BYMONTH=3;UNTIL=20990101T000000Z",
)


def zone(tzid: bytes, *rules: bytes, first: bytes = b"16010101T020000") -> bytes:
    observances = b"".join(
        b"BEGIN:%(kind)b\nDTSTART:%(first)b\n%(rule)b\nTZOFFSETFROM:%(before)b\n"
        b"TZOFFSETTO:%(after)b\nEND:%(kind)b\n"
        % {
            b"kind": b"DAYLIGHT" if number % 2 else b"STANDARD",
            b"first": first,
            b"rule": rule,
            b"before": b"+0100" if number % 2 else b"+0200",
            b"after": b"+0200" if number % 2 else b"+0100",
        }
        for number, rule in enumerate(rules)
    )
    return b"BEGIN:VTIMEZONE\nTZID:%b\n%bEND:VTIMEZONE\n" % (tzid, observances)


def counter(times: bytes, zones: bytes = b"") -> bytes:
    calendar = (
        without(b"DT").replace(b":REPLY", b":COUNTER").replace(b"SEQUENCE", times + b"SEQUENCE")
    )
    return calendar.replace(b"BEGIN:VEVENT", zones + b"BEGIN:VEVENT")


TIMES = {
    "UTC": b"DTSTART:20270701T080000Z\nDTEND:20270701T085000Z\n",
    "a duration": b"DTSTART:20270701T080000Z\nDURATION:PT50M\n",
    "IANA": b"DTSTART;TZID=Europe/Berlin:20270701T100000\n"
    b"DTEND;TZID=America/New_York:20270701T045000\n",
    "Windows": b'DTSTART;TZID="W. Europe Standard Time":20270701T100000\nDURATION:PT50M\n',
    "its own zone": b"DTSTART;TZID=Our Zone:20270701T100000\nDTEND;TZID=Our Zone:20270701T105000\n",
    "a vendor's zone": b"DTSTART;TZID=/example.org/Europe/Berlin:20270701T100000\nDURATION:PT50M\n",
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
@pytest.mark.filterwarnings("ignore::icalendar.error.GloballyUniqueTZIDGuessed")
def test_the_time_a_counter_proposes(times: bytes) -> None:
    (answer,) = read_answers(counter(times, zone(b"Our Zone", *EUROPEAN_RULES)))
    assert answer.method == "COUNTER"
    assert (answer.start, answer.end) == (at("2027-07-01T08:00"), at("2027-07-01T08:50"))


NO_INSTANTS = {
    "floating": b"DTSTART:20270701T100000\nDTEND:20270701T105000\n",
    "a zone nobody knows": b"DTSTART;TZID=Mars/Base:20270701T100000\nDURATION:PT50M\n",
    "a path": b"DTSTART;TZID=../../etc/localtime:20270701T100000\n",
    "a day": b"DTSTART;VALUE=DATE:20270701\nDTEND;VALUE=DATE:20270702\n",
    "UTC and a zone": b"DTSTART;TZID=Europe/Berlin:20270701T100000Z\nDURATION:PT50M\n",
    "no such day": b"DTSTART:20270231T100000Z\nDTEND:20270231T110000Z\n",
    "no date": b"DTSTART:next week\nDTEND:\n",
    "a year out of reach": b"DTSTART:99991231T235959Z\nDTEND:00010101T000000Z\n",
    "a period": b"DTSTART:20270701T100000Z/PT1H\n",
    "missing": b"",
}


@pytest.mark.parametrize("times", NO_INSTANTS.values(), ids=NO_INSTANTS)
def test_what_is_no_instant_is_none(times: bytes) -> None:
    (answer,) = read_answers(counter(times))
    assert (answer.start, answer.end) == (None, None)


def test_one_calendar_s_zone_means_nothing_in_the_next() -> None:
    zoned = b"DTSTART;TZID=Our Zone:20270701T100000\n"
    (defined,) = read_answers(counter(zoned, zone(b"Our Zone", *EUROPEAN_RULES)))
    (undefined,) = read_answers(counter(zoned))
    assert (defined.start, undefined.start) == (at("2027-07-01T08:00"), None)


def test_a_known_zone_is_not_redefined() -> None:
    redefined = zone(b"Europe/Berlin", b"COMMENT:always +0100").replace(b"+0100", b"-0900")
    (answer,) = read_answers(counter(TIMES["IANA"], redefined))
    assert answer.start == at("2027-07-01T08:00")


ZONED = b"DTSTART;TZID=Bomb:21001231T100000\n"


@pytest.mark.parametrize(
    ("rule", "is_read"),
    [
        (b"BYMONTH=10;BYDAY=-1SU", True),
        (b"BYMONTH=3;BYDAY=SU;BYMONTHDAY=25,26,27,28,29,30,31", True),
        (b"BYMONTH=9;BYMONTHDAY=30", True),
        (b"BYMONTH=2;BYMONTHDAY=29", True),
        (b"BYMONTHDAY=-1", True),
        (b"WKST=MO", True),
        (b"BYMONTH=2;BYMONTHDAY=30", False),
        (b"BYMONTH=4;BYMONTHDAY=31", False),
        (b"BYMONTH=3;BYDAY=5SU;BYMONTHDAY=1", False),
        (b"BYMONTH=3;BYDAY=6SU", False),
        (b"BYMONTH=13", False),
        (b"BYMONTH=1;BYMONTH=2;BYMONTHDAY=30", False),
        (b"BYDAY=MO", False),
    ],
)
def test_a_zone_changes_its_clocks_on_days_that_come(rule: bytes, is_read: bool) -> None:
    calendar = counter(ZONED, zone(b"Bomb", b"RRULE:FREQ=YEARLY;" + rule))
    assert bool(read_answers(calendar)) is is_read


FILL = 200_000  # octets, within the limit
BOMBS = {
    "a zone of each second": counter(ZONED, zone(b"Bomb", b"RRULE:FREQ=SECONDLY")),
    "each second by other words": counter(
        ZONED,
        zone(b"Bomb", b"RRULE:FREQ=YEARLY;BYSECOND=%b" % b",".join(b"%d" % s for s in range(60))),
    ),
    "rules that never hold": counter(
        ZONED,
        zone(
            b"Bomb", *[b"RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"] * 10, first=b"00010101T000000"
        ),
    ),
    "rules older than clocks that change": counter(
        ZONED, zone(b"Bomb", *[b"RRULE:FREQ=YEARLY"] * 10, first=b"00010101T000000")
    ),
    "too many rules": counter(ZONED, zone(b"Bomb", *[b"RRULE:FREQ=YEARLY"] * 11)),
    "changes of the clock": counter(
        ZONED, zone(b"Bomb", b"RDATE:" + b",".join([b"19700101T000000"] * (FILL // 16)))
    ),
    "components in components": b"BEGIN:VEVENT\n" * (FILL // 13),
    "ends": b"END:VEVENT\n" * (FILL // 11),
    "folds": REPLY.replace(b"Fine", b"\n x" * (FILL // 3)),
    "line ends": REPLY.replace(b"SEQUENCE", b"\n" * FILL + b"SEQUENCE"),
    "attendees and a long comment": REPLY.replace(
        b"SEQUENCE", b"ATTENDEE:mailto:a@b\n" * (FILL // 40) + b"SEQUENCE"
    ).replace(b"Fine", b"x" * (FILL // 2)),
    "parameters": REPLY.replace(b"CN=Zoe", b"X=1;" * (FILL // 4)),
    "parameters with a name each": REPLY.replace(
        b"CN=Zoe", b";".join(b"X%d=1" % number for number in range(FILL // 10))
    ),
    "a parameter's values": REPLY.replace(b"CN=Zoe", b"X=" + b"1," * (FILL // 2)),
    "quotation marks": REPLY.replace(b"CN=Zoe", b"CN=" + b'"' * FILL),
    "backslashes": REPLY.replace(b"CN=Zoe", b"CN=" + b"\\" * FILL),
    "blanks": REPLY.replace(b"mailto:Zoe", b" " * FILL + b"mailto:Zoe"),
    "a long number": REPLY.replace(b"SEQUENCE:1", b"SEQUENCE:" + b"9" * FILL),
    "a long zone": counter(b"DTSTART;TZID=/" + b"a/" * (FILL // 2) + b":20270701T100000\n"),
    "a long time": counter(b"DTSTART:20270701T100000Z\nDURATION:P" + b"9" * FILL + b"D\n"),
    "offsets": counter(ZONED, zone(b"Bomb", b"X-A:b").replace(b"+0100", b"+" + b"9" * (FILL // 2))),
}


@pytest.mark.parametrize("calendar", BOMBS.values(), ids=BOMBS)
def test_a_bomb_does_not_go_off(calendar: bytes) -> None:
    assert len(calendar) <= MAX_CALENDAR
    start = process_time()
    assert len(read_answers(calendar)) <= MAX_ANSWERS
    assert process_time() - start < 2  # seconds of computing


fragments = st.sampled_from(
    [
        *REPLY.splitlines(keepends=True),
        *zone(b"Our Zone", *EUROPEAN_RULES).splitlines(keepends=True),
    ]
    + [line + b"\n" for times in (TIMES | NO_INSTANTS).values() for line in times.splitlines()]
)


@given(
    st.one_of(
        st.binary(),
        st.lists(fragments | st.binary(max_size=20)).map(b"".join),
        st.lists(fragments | st.binary(max_size=20)).map(
            lambda lines: REPLY.replace(b"SEQUENCE", b"".join(lines) + b"SEQUENCE")
        ),
    )
)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_gives_answers_or_none(calendar: bytes) -> None:
    for answer in read_answers(calendar):
        assert answer.uid
        assert answer.partstat in PARTSTATS
        assert "\n" not in answer.uid + answer.attendee
        times = (answer.stamp, answer.start, answer.end)
        assert all(time is None or time.tzinfo is UTC for time in times)
