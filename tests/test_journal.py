import io
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.journal import MOST, WINDOW, log, open_journal

START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def lines(stream: io.StringIO) -> list[Any]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_a_line() -> None:
    stream = io.StringIO()
    open_journal(stream, Clock())
    log.info("mail.taken", mail=7, octets=512)
    assert stream.getvalue() == (
        '{"at": "2026-11-25T12:00:00.000+00:00", "level": "info", "event": "mail.taken",'
        ' "mail": 7, "octets": 512}\n'
    )


def test_of_an_error_its_class_and_places_are_told(journal: io.StringIO) -> None:
    try:
        int("a secret of Ann's")
    except ValueError as error:
        log.error("mail.failed", mail=7, error=error)
    (line,) = lines(journal)
    assert line["error"] == "ValueError"
    assert line["where"][-1].endswith("test_of_an_error_its_class_and_places_are_told")
    assert "secret" not in journal.getvalue()


def test_of_libraries_only_the_place_is_told(journal: io.StringIO) -> None:
    logging.getLogger("some.library").error("cannot deliver to %s", "ann@client.test")
    logging.getLogger("some.library").info("fine")
    (told,) = lines(journal)
    assert (told["event"], told["logger"], told["level"]) == ("library", "some.library", "error")
    assert "client.test" not in journal.getvalue()


def test_a_flood_is_thinned_and_counted() -> None:
    stream, clock = io.StringIO(), Clock()
    open_journal(stream, clock)
    for number in range(MOST + 50):
        log.warning("peer.refused", number=number)
    log.info("mail.taken")
    assert len(lines(stream)) == MOST + 1
    clock.now += WINDOW
    log.warning("peer.refused", number=0)
    log.warning("peer.refused", number=1)
    after = lines(stream)[MOST + 1 :]
    assert [line.get("left_out") for line in after] == [50, None]


def test_a_clock_that_is_set_back_silences_nothing() -> None:
    stream, clock = io.StringIO(), Clock()
    open_journal(stream, clock)
    for _ in range(MOST + 1):
        log.warning("peer.refused")
    clock.now -= timedelta(days=1)
    log.warning("peer.refused")
    assert len(lines(stream)) == MOST + 1


@given(st.text(), st.one_of(st.text(), st.binary(), st.datetimes(), st.none()))
def test_whatever_a_fact_is_it_stays_one_line_of_plain_ascii(event: str, fact: object) -> None:
    stream = io.StringIO()
    open_journal(stream, Clock())
    log.info(event, fact=fact)
    assert len(stream.getvalue().splitlines()) == 1
    assert stream.getvalue().isascii()
    assert lines(stream)[0]["event"] == event


def test_without_a_journal_nothing_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    log.info("mail.taken")
    assert capfd.readouterr() == ("", "")
