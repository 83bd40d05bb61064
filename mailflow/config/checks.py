"""What must hold between the keys of a configuration.

These look at the document as it was read, so that they are told together with mistakes of single
keys, and step over what has the wrong type.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any

from mailflow.config.mistakes import Mistake, Place, shown, written
from mailflow.config.notation import did_you_mean, read_duration
from mailflow.config.values import Listener, Smarthost, Web

Document = dict[str, Any]
Found = tuple[Place, Any]

ENDPOINTS: dict[Place, str] = {  # with what stands there if the file says nothing
    ("listener", "address"): str(Listener().address),
    ("smarthost", "address"): str(Smarthost().address),
    ("web", "listen"): str(Web().listen),
    ("web", "internal_listen"): "",
}
PAIRS = (
    ("listener", "tls_certificate", "tls_key"),
    ("smarthost", "username", "password_file"),
    ("smarthost", "dkim_selector", "dkim_key_file"),
)


def check(document: Document) -> Iterator[Mistake]:
    """The mistakes that show only when keys are held against one another."""
    hosts_of_types = list(find(document, "appointment_types", "hosts"))
    yield from _repeated(find(document, "hosts", "handle"), "a handle that no other host has")
    yield from _repeated(find(document, "appointment_types", "slug"), "a slug of its own")
    yield from _repeated(_mail_of_hosts(document), "an address that no other host has")
    yield from _repeated(find(document, "hosts", "overrides", "date"), "each date once", within=2)
    yield from _repeated(hosts_of_types, "each host once", within=2)
    yield from _unknown_hosts(document, hosts_of_types)
    yield from _addresses_of_ours(document)
    yield from _shared_endpoints(document)
    yield from _halves_of_pairs(document)
    yield from _calendars_without_one_source(document)
    yield from _horizons_before_notice(document)
    yield from _header_mode_without_its_name(document)


def find(document: Document, *path: str) -> Iterator[Found]:
    """All that stands under this path of keys, with its place; lists are gone through."""
    found: list[Found] = [((), document)]
    for key in path:
        tables = [(place, table) for place, table in found if isinstance(table, dict)]
        found = [
            item
            for place, table in tables
            if key in table
            for item in _spread((*place, key), table[key])
        ]
    return iter(found)


def _spread(place: Place, value: object) -> Iterator[Found]:
    if isinstance(value, list):
        yield from (((*place, index), item) for index, item in enumerate(value))
    else:
        yield place, value


def _mail_of_hosts(document: Document) -> Iterator[Found]:
    """Addresses of hosts, one that a host has twice taken once."""
    found = chain(find(document, "hosts", "email"), find(document, "hosts", "aliases"))
    return iter({(place[1], str(value).lower()): (place, value) for place, value in found}.values())


def _repeated(found: Iterable[Found], right: str, within: int = 0) -> Iterator[Mistake]:
    """What was there before without regard to case, among places that begin with the same parts."""
    seen = set()
    for place, value in found:
        key = (place[:within], str(value).lower())
        if key in seen:
            yield Mistake(place, value, f"expected {right}")
        seen.add(key)


def _unknown_hosts(document: Document, found: Iterable[Found]) -> Iterator[Mistake]:
    handles = [str(handle) for _, handle in find(document, "hosts", "handle")]
    for place, handle in found:
        if handles and handle not in handles:
            advice = "expected the handle of a host: " + ", ".join(handles)
            yield Mistake(place, handle, advice + did_you_mean(str(handle), handles))


def _addresses_of_ours(document: Document) -> Iterator[Mistake]:
    """Addresses of people at our own domain: mail to them would come back to us, for ever."""
    domains = {f"@{domain}".lower() for _, domain in find(document, "mailflow", "domain")}
    found = chain(
        find(document, "mailflow", "postmaster"),
        _mail_of_hosts(document),
        find(document, "appointment_types", "participants"),
    )
    for place, address in found:
        if str(address).lower().endswith(tuple(domains)):
            yield Mistake(
                place, address, "expected a mailbox elsewhere, not at mailflow's own domain"
            )


def _shared_endpoints(document: Document) -> Iterator[Mistake]:
    given = {place: value for place in ENDPOINTS for _, value in find(document, *map(str, place))}
    users: dict[str, Place] = {}
    for place in sorted(ENDPOINTS, key=lambda place: place in given):
        endpoint = str(given.get(place, ENDPOINTS[place]))
        if endpoint in users:
            advice = f"expected another endpoint than {written(users[endpoint])}"
            yield Mistake(place, endpoint, advice)
        if endpoint and not endpoint.endswith(":0"):
            users[endpoint] = place


def _halves_of_pairs(document: Document) -> Iterator[Mistake]:
    for section, *pair in PAIRS:
        filled = [key for key in pair if any(value for _, value in find(document, section, key))]
        for empty in set(pair).difference(filled) if filled else ():
            yield Mistake(
                (section, empty), "", f"expected a value, as {section}.{filled[0]} has one"
            )


def _calendars_without_one_source(document: Document) -> Iterator[Mistake]:
    for place, calendar in find(document, "hosts", "calendars"):
        if isinstance(calendar, dict) and bool(calendar.get("ics")) == bool(calendar.get("caldav")):
            yield Mistake(place, calendar, "expected either ics or caldav, one of the two")


def _horizons_before_notice(document: Document) -> Iterator[Mistake]:
    for place, kind in find(document, "appointment_types"):
        if not isinstance(kind, dict):
            continue
        notice, horizon = kind.get("minimum_notice", "2h"), kind.get("horizon", "60d")
        with suppress(ValueError):
            if read_duration(horizon) <= read_duration(notice):
                advice = f"expected more than minimum_notice, {shown(notice)}"
                yield Mistake((*place, "horizon"), horizon, advice)


def _header_mode_without_its_name(document: Document) -> Iterator[Mistake]:
    modes = [mode for _, mode in find(document, "authentication", "mode")]
    names = [name for _, name in find(document, "authentication", "trusted") if name]
    if modes == ["header"] and not names:
        advice = 'expected the name of the border MTA, as mode is "header"'
        yield Mistake(("authentication", "trusted"), "", advice)
