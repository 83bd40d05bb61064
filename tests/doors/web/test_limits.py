"""Who tries too often has to wait; whoever honestly books does not notice."""

from pathlib import Path
from typing import Any

import pytest

from mailflow.appointments.confirming import MOST_A_DAY
from mailflow.doors.web.limits import BOOKINGS, FAILURES, POSTS
from tests.doors.web.conftest import Pages, Seen, links
from tests.doors.web.test_guard import served
from tests.flow import SETTINGS, Flow

AT = "/dana/coaching?start=2026-11-24T08:00:00Z"


def via(address: str) -> dict[str, str]:
    """The header of a proxy on this machine, which is believed."""
    return {"X-Forwarded-For": address}


async def post(pages: Pages, path: str, address: str, times: int = 1, **form: Any) -> list[int]:
    answers = [
        await pages.browser.post(path, headers=via(address), data=form) for _ in range(times)
    ]
    return [answer.status_code for answer in answers]


async def test_an_address_has_so_many_tries_a_minute(pages: Pages) -> None:
    assert set(await post(pages, AT, "192.0.2.1", POSTS)) == {422}
    refused = await pages.browser.post(AT, headers=via("192.0.2.1"))
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["cache-control"] == "no-store"
    assert "try again in 1 minute" in Seen(refused.text).text
    assert (await pages.browser.get(AT, headers=via("192.0.2.1"))).status_code == 200
    assert await post(pages, AT, "192.0.2.2") == [422]
    pages.flow.wait(seconds=60)
    assert await post(pages, AT, "192.0.2.1") == [422]


async def test_an_address_has_so_many_public_bookings_an_hour(pages: Pages) -> None:
    mail = pages.offer("/offer coaching 2026-11-30T14:00")
    page = Seen((await pages.browser.get("/dana/quick?day=2026-11-25")).text)
    times = [one for one in page.links if "start=" in one]

    async def book(number: int, address: str) -> int:
        form = {"name": "Sam", "email": f"sam{number}@elsewhere.test", "question-1": "Tea"}
        (status,) = await post(pages, times[number], address, 1, **form)
        return status

    for number in range(BOOKINGS):
        assert await book(number, "192.0.2.1") == 303
        pages.flow.wait(seconds=10)
    assert await book(BOOKINGS, "192.0.2.1") == 429
    assert await book(BOOKINGS, "192.0.2.2") == 303
    assert await post(pages, links(mail, "slot")[0], "192.0.2.1") == [303], "a link of their own"
    pages.flow.wait(hours=1)
    assert await book(BOOKINGS + 1, "192.0.2.1") == 303


async def test_an_ipv6_network_is_one_visitor(pages: Pages) -> None:
    for number in range(POSTS):
        assert await post(pages, AT, f"2001:db8::{number:x}") == [422]
    assert await post(pages, AT, "2001:db8::ffff:1") == [429]
    assert await post(pages, AT, "2001:db8:0:1::1") == [422]


async def test_a_program_on_this_machine_may_try_as_often_as_it_likes(pages: Pages) -> None:
    for _ in range(POSTS + 1):
        assert (await pages.browser.post(AT)).status_code == 422


async def test_a_header_that_names_this_machine_exempts_nobody(pages: Pages) -> None:
    assert (await post(pages, AT, "127.0.0.1", POSTS + 1))[-1] == 429


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param("198.51.100.{}, 192.0.2.1", id="an address before the proxy's own"),
        pytest.param("nobody-{}", id="no address"),
        pytest.param("[2001:db8::{}", id="half an address"),
    ],
)
async def test_a_forged_header_makes_nobody_another_visitor(pages: Pages, forged: str) -> None:
    for number in range(POSTS):
        assert await post(pages, AT, forged.format(number)) == [422]
    assert await post(pages, AT, forged.format(POSTS)) == [429]


async def test_who_is_no_proxy_names_nobody(tmp_path: Path) -> None:
    web = '[web]\nlisten = "127.0.0.1:0"\ntrusted_proxies = ["192.0.2.7"]\n'
    async with served(Flow(tmp_path, SETTINGS + web)) as browser:
        answers = [
            await browser.post(AT, headers=via(f"198.51.100.{number}"))
            for number in range(POSTS + 1)
        ]
    assert [one.status_code for one in answers] == [422] * POSTS + [429]


async def test_a_link_that_comes_to_nothing_is_not_pressed_for_ever(pages: Pages) -> None:
    joe, ann = (pages.offer(client=f"{name}@client.test") for name in ("joe", "ann"))
    await pages.browser.post(links(joe, "slot")[0])
    gone, free = links(ann, "slot")[:2]
    for number in range(FAILURES):
        assert await post(pages, gone, f"192.0.2.{number}") == [409]
    assert await post(pages, gone, "192.0.2.99") == [429]
    assert await post(pages, free, "192.0.2.99") == [303], "another link"


async def test_the_button_of_a_booked_slot_always_gives_the_same_answer(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    for number in range(3 * FAILURES):
        assert await post(pages, slot, f"192.0.2.{number}") == [303]


@pytest.mark.parametrize("path", ["/slot/nothing", "/booking/nothing/move", "/confirm/nothing"])
async def test_a_guessed_link_is_not_found_however_often(pages: Pages, path: str) -> None:
    for number in range(FAILURES + 1):
        assert await post(pages, path, f"192.0.2.{number}") == [404]


async def test_a_mailbox_is_named_so_often_a_day(pages: Pages) -> None:
    form = {"name": "Joe", "email": "joe@client.test"}
    starts = [
        f"2026-11-{day}T{hour:02}:{minute:02}:00Z"
        for day in (24, 25)
        for hour, minute in ((8, 0), (8, 50), (9, 40), (10, 30), (11, 20))
    ]
    for start in starts[:MOST_A_DAY]:
        assert (await pages.browser.post(f"/dana/coaching?start={start}", data=form)).is_redirect
    mails = len(pages.flow.sent())
    later = "/dana/coaching?start=2026-12-01T08:00:00Z"
    refused = await pages.browser.post(later, data=form)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "86400"
    assert "in 24 hours" in Seen(refused.text).text
    assert pages.flow.sent() == []
    assert mails == 2 * MOST_A_DAY
    again = await pages.browser.post(f"/dana/coaching?start={starts[0]}", data=form)
    assert again.is_redirect, "what was booked stays so"
    pages.flow.mail("joe@client.test", "dana@flow.test", "Hello.")
    assert (await pages.browser.post(later, data=form)).is_redirect, "a client of the host"
