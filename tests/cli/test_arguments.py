from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from mailflow.cli.arguments import check_addresses, check_day, check_roles, check_time, check_times


@pytest.mark.parametrize("check", [check_day, check_time])
@given(text=st.text(max_size=40) | st.dates().map(str) | st.datetimes().map(str))
def test_a_text_is_taken_as_it_is_or_is_wrong_usage(
    check: Callable[[str | None], str | None], text: str
) -> None:
    try:
        assert check(text) == text
    except typer.BadParameter as error:
        assert len(str(error).splitlines()) <= 1


@pytest.mark.parametrize("check", [check_addresses, check_times])
@given(texts=st.lists(st.text(max_size=40), max_size=3))
def test_one_that_is_wrong_makes_all_wrong(check: Callable[[Any], Any], texts: list[str]) -> None:
    try:
        assert check(texts) == texts
    except typer.BadParameter:
        assert texts


@pytest.mark.parametrize("text", ["", "web,", "web, worker", "Web", "sender", "web,sender"])
def test_roles_that_are_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="none of listener, web, worker"):
        check_roles(text)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "2026-02-29", "tomorrow", ""])
def test_days_that_are_none(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        check_day(text)


def test_a_day_that_is_one() -> None:
    assert date.fromisoformat(check_day("2028-02-29") or "") == date(2028, 2, 29)
