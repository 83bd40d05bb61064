"""What the pages show, as facts: months, days, zones, and fields that make no sense."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailflow.appointments.pages import Asked, Page, public
from mailflow.errors import InvalidForm, SlotTaken
from tests.flow import SETTINGS, Flow

SETTINGS_OF_PAGES = (
    SETTINGS
    + """
[[appointment_types]]
slug = "rare"
title = "Never soon"
hosts = ["dana"]
duration = "50m"
minimum_notice = "30d"
horizon = "90d"
"""
)


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    folder: Path = tmp_path_factory.mktemp("pages")
    flow = Flow(folder, SETTINGS_OF_PAGES)
    yield flow
    flow.close()


def shown(flow: Flow, slug: str = "coaching", **fields: str) -> Page:
    return flow.run(public.show, Asked(fields), handle="dana", slug=slug)


def calendar(flow: Flow, slug: str = "coaching", **fields: str) -> Mapping[str, Any]:
    page = shown(flow, slug, **fields)
    assert page.template == "scheduler"
    return page.facts


def free_days(facts: Mapping[str, Any]) -> list[int]:
    return [one.date.day for one in facts["days"] if one.url]


def test_the_first_free_day_is_chosen_already(flow: Flow) -> None:
    facts = calendar(flow)
    assert facts["month"] == date(2026, 11, 1)
    assert facts["selected"] == date(2026, 11, 23)
    assert free_days(facts) == [23, 24, 25, 30]
    assert [one.start.hour for one in facts["slots"]] == [12, 12, 13, 14]
    assert facts["slots"][0].url == ("https://flow.test/dana/coaching?start=2026-11-23T12:00:00Z")
    assert facts["previous_url"] is None
    assert facts["next_url"] == "https://flow.test/dana/coaching?month=2026-12"
    assert facts["hidden"] == {"month": "2026-11", "day": "2026-11-23"}


def test_the_first_month_with_free_times_is_shown(flow: Flow) -> None:
    facts = calendar(flow, "rare")
    assert facts["month"] == date(2026, 12, 1)
    assert facts["previous_url"] == "https://flow.test/dana/rare?month=2026-11"
    assert calendar(flow, "rare", month="2026-11")["selected"] is None


@pytest.mark.parametrize(
    ("fields", "month", "selected"),
    [
        pytest.param({"day": "2026-11-25"}, date(2026, 11, 1), date(2026, 11, 25), id="a day"),
        pytest.param({"day": "2026-11-26"}, date(2026, 11, 1), date(2026, 11, 26), id="none free"),
        pytest.param({"month": "2026-12"}, date(2026, 12, 1), date(2026, 12, 1), id="a month"),
        pytest.param(
            {"month": "2026-12", "day": "2026-11-25"},
            date(2026, 12, 1),
            date(2026, 12, 1),
            id="a day of another month",
        ),
        pytest.param({"month": "1999-01"}, date(2026, 11, 1), date(2026, 11, 23), id="long ago"),
        pytest.param({"month": "9999-12"}, date(2027, 1, 1), date(2027, 1, 4), id="far ahead"),
        pytest.param({"month": "soon"}, date(2026, 11, 1), date(2026, 11, 23), id="no month"),
        pytest.param({"day": "2026-11-31"}, date(2026, 11, 1), date(2026, 11, 23), id="no day"),
    ],
)
def test_what_is_shown(flow: Flow, fields: dict[str, str], month: date, selected: date) -> None:
    facts = calendar(flow, **fields)
    assert (facts["month"], facts["selected"]) == (month, selected)


def test_days_are_those_of_the_visitors_zone(flow: Flow) -> None:
    facts = calendar(flow, zone="Pacific/Auckland", day="2026-11-25")
    assert facts["zone"] == ZoneInfo("Pacific/Auckland")
    assert facts["slots"][0].start == datetime(2026, 11, 24, 11, 20, tzinfo=UTC)
    assert facts["slots"][0].url.endswith("T11:20:00Z&zone=Pacific/Auckland")
    assert facts["next_url"].endswith("?month=2026-12&zone=Pacific/Auckland")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "/etc/localtime", "America"])
def test_a_zone_that_is_none_is_the_hosts(flow: Flow, zone: str) -> None:
    facts = calendar(flow, zone=zone)
    assert facts["zone"] == facts["host_zone"] == ZoneInfo("Europe/Berlin")
    assert "zone=" not in facts["slots"][0].url


def test_the_form_of_a_time_keeps_what_was_typed(flow: Flow) -> None:
    asked = Asked(
        {"start": "2026-11-24T08:00Z", "name": "Joe", "question-1": "Much"},
        {"email": "Please tell us."},
    )
    page = flow.run(public.show, asked, handle="dana", slug="quick")
    assert page.template == "confirm"
    fields: Any = page.facts["fields"]
    assert [(one.name, one.value, one.error) for one in fields] == [
        ("name", "Joe", None),
        ("email", "", "Please tell us."),
        ("question-1", "Much", None),
    ]


TIMES = st.datetimes().map(lambda time: time.isoformat() + "Z")
FIELDS = st.dictionaries(
    st.sampled_from(["start", "day", "month", "zone", "name", "email", "question-1"]),
    st.text(max_size=60)
    | TIMES
    | st.dates().map(str)
    | st.from_regex(r"\d{4}-\d\d", fullmatch=True),
)


@given(FIELDS)
@settings(
    deadline=1000, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_asked_gets_a_page_or_our_own_error(flow: Flow, fields: dict[str, str]) -> None:
    try:
        page = shown(flow, **fields)
        assert flow.house.templates.page(page.template, page.language, **page.facts)
    except SlotTaken:
        gone = flow.run(public.gone, Asked(fields), handle="dana", slug="coaching")
        assert flow.house.templates.page(gone.template, gone.language, **gone.facts)
    with pytest.raises((InvalidForm, SlotTaken)):
        flow.run(public.book, Asked({**fields, "email": ""}), handle="dana", slug="quick")
