"""In which language a page is, and what is kept of it."""

import re

import pytest

from mailflow.store.tables import Participant
from tests.doors.web.conftest import Pages, Seen, links
from tests.flow import to

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def language_of(pages: Pages, address: str) -> str | None:
    (one,) = pages.flow.run(lambda unit: unit.db.all(Participant, address_key=address))
    return one.language


async def test_a_page_is_in_the_browsers_language(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    german = (await pages.browser.get(slot, headers=GERMAN)).text
    assert '<html lang="de" dir="ltr">' in german
    assert "Diese Zeit buchen" in german
    assert "Montag, 23. November 2026" in german
    assert "Book this time" in (await pages.browser.get(slot)).text
    assert (
        "Book this time" in (await pages.browser.get(slot, headers={"Accept-Language": "nl"})).text
    )


async def test_the_language_that_is_chosen_stands_before_the_browsers(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    page = (await pages.browser.get(slot, headers=GERMAN)).text
    choices = re.findall(r'<a href="([^"]+)" lang="(\w+)" hreflang="\w+"', page)
    assert [language for _, language in choices] == ["de", "en", "es", "fr"]
    french = (await pages.browser.get(slot + choices[3][0], headers=GERMAN)).text
    assert "Réserver cet horaire" in french
    unknown = (await pages.browser.get(slot + "?language=../x", headers=GERMAN)).text
    assert "Diese Zeit buchen" in unknown


async def test_a_choice_goes_along_from_page_to_page(pages: Pages) -> None:
    await pages.browser.get("/dana")
    host = (await pages.browser.get("/dana?language=es")).text
    assert "¿Para qué desea una cita?" in host
    assert "/dana/coaching?language=es" in host
    scheduler = (await pages.browser.get("/dana/coaching?language=es")).text
    times = re.findall(r'href="[^"]*(/dana/coaching\?start=[^"]+)"', scheduler)
    assert times
    assert all("language=es" in url for url in times)


async def test_looking_keeps_nothing_and_booking_keeps_the_language(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    page = await pages.browser.get(slot + "?language=fr")
    assert language_of(pages, "joe@client.test") is None
    assert '<input type="hidden" name="language" value="fr">' in page.text
    assert (await pages.browser.post(slot, data={"language": "fr"})).status_code == 303
    assert language_of(pages, "joe@client.test") == "fr"
    sent = pages.flow.sent()
    assert to(sent, "joe@client.test").text.startswith("Réservé : Coaching session avec Dana")
    assert to(sent, "dana@coach.test").text.startswith("Booked: Coaching session with Dana")
    own = links(to(sent, "joe@client.test"), "booking")[0]
    assert "Ajouter à l" in (await pages.browser.get(own, headers=GERMAN)).text
    assert (await pages.browser.post(f"{own}/cancel", data={"language": "es"})).status_code == 303
    cancelled = to(pages.flow.sent(), "joe@client.test")
    assert cancelled.text.startswith("Cancelada: Coaching session con Dana")


async def test_a_public_booking_is_mailed_in_the_language_of_its_page(pages: Pages) -> None:
    start = "/dana/coaching?start=2026-11-23T12:00Z"
    fields = {"name": "Zoé", "email": "zoe@client.test", "language": "fr"}
    wrong = await pages.browser.post(start, data={**fields, "email": "zoe"})
    assert wrong.status_code == 422
    assert "Ce n" in Seen(wrong.text).text
    assert "Veuillez revoir ce point" in wrong.text
    assert (await pages.browser.post(start, data=fields)).status_code == 303
    mail = to(pages.flow.sent(), "zoe@client.test")
    assert mail["Subject"] == "Coaching session avec Dana Coach : lundi 23 novembre 2026, 13:00"
    assert mail.text.startswith("Réservé : Coaching session avec Dana Coach")


@pytest.mark.parametrize(
    ("method", "path", "heading"),
    [("GET", "/nothing/here/at/all", "Hier ist nichts"), ("PUT", "/dana", "Das geht hier nicht")],
)
async def test_what_comes_to_nothing_is_said_in_the_browsers_language(
    pages: Pages, method: str, path: str, heading: str
) -> None:
    answer = await pages.browser.request(method, path, headers=GERMAN)
    assert heading in answer.text
    assert '<html lang="de"' in answer.text
