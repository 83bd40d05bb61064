"""The pages of an offer, for one participant of its conversation: one slot of it, or the whole scheduler."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailflow.appointments import bookings, links
from mailflow.appointments.listing import in_utc
from mailflow.appointments.pages import forms, times
from mailflow.appointments.pages.asked import Asked
from mailflow.appointments.pages.booked import booked
from mailflow.appointments.pages.page import Page, language_for
from mailflow.appointments.pages.times import Choice, Known, Menu
from mailflow.config import AppointmentType
from mailflow.errors import InvalidForm, NotFound
from mailflow.keys import Purpose
from mailflow.phrases import said
from mailflow.post.conversations import addresses
from mailflow.store.tables import Booking, Conversation, Offer, OfferedSlot, Participant
from mailflow.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Visit:
    """A participant who looks at an offer, and at one time of it."""

    offer: Offer
    client: Participant
    kind: AppointmentType
    start: datetime | None
    url: str | None

    @property
    def known(self) -> Known:
        return Known(self.client.zone, self.client.language)


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be done with one kind of link; `read` says what such a link is about."""

    read: Callable[[Unit, Asked, str], Visit]

    def show(self, unit: Unit, asked: Asked, token: str) -> Page:
        """The chosen time and its button, or the booking that it has become; without a time, the calendar."""
        visit = self.read(unit, asked, token)
        if visit.start is None:
            standing = bookings.check_may_pick(unit, visit.offer, visit.client)
            menu = _menu(unit, asked, visit, standing)
            return times.calendar(unit, asked, menu, all_gone=_all_gone(unit, visit, standing))
        standing = bookings.check_pick(unit, visit.offer, visit.start, visit.client).standing
        menu = _menu(unit, asked, visit, standing)
        if standing is not None and standing.start == visit.start:
            return booked(unit, standing, menu)
        return times.slot(unit, asked, menu, visit.start, visit.url)

    def pick(self, unit: Unit, asked: Asked, token: str) -> str:
        """Book the chosen time, or move the participant's booking to it."""
        visit = self.read(unit, asked, token)
        if visit.start is None:
            raise InvalidForm({"start": said("Please choose a time.")})
        chosen = bookings.check_pick(unit, visit.offer, visit.start, visit.client)
        bookings.pick(
            unit,
            chosen,
            zone=asked.zone.key if asked.zone else None,
            language=language_for(unit, asked, visit.kind.hosts[0], visit.known.language),
            answers=() if chosen.standing else forms.read_answers(visit.kind, asked),
        )
        return visit.url or ""

    def taken(self, unit: Unit, asked: Asked, token: str) -> Page:
        """Other times: of this offer, or of the public page once the offer is somebody else's."""
        visit = self.read(unit, asked, token)
        standing = bookings.booking_of(unit, visit.offer)
        if standing is not None and not bookings.is_client(standing, visit.client):
            url = links.type_url(unit, visit.kind.hosts[0], visit.kind.slug)
            menu = times.menu(unit, asked, visit.kind, url, visit.known)
            return times.gone(unit, asked, menu)
        menu = _menu(unit, asked, visit, standing)
        offered = _still_offered(unit, visit, standing)
        return times.gone(unit, asked, menu, offered, all_gone=not offered)

    def expired(self, unit: Unit, asked: Asked, token: str) -> Page:
        """How to go on after an offer has ended."""
        visit = self.read(unit, asked, token)
        conversation = unit.db.get(Conversation, visit.offer.conversation)
        address = addresses(unit).conversation(conversation.host, conversation.id)
        return Page(
            "expired",
            {
                "more_url": links.type_url(unit, visit.kind.hosts[0], visit.kind.slug),
                "mailto": f"mailto:{address}",
            },
            language_for(unit, asked, conversation.host, visit.client.language),
        )


def _read_slot(unit: Unit, asked: Asked, token: str) -> Visit:
    offer_id, number, client_id = unit.keys.read_link(Purpose.SLOT, token)
    offer, client = unit.db.get(Offer, offer_id), unit.db.get(Participant, client_id)
    offered = unit.db.find(OfferedSlot, offer=offer.id, number=number)
    if offered is None:
        raise NotFound("slot", str(number))
    kind = unit.config.appointment_type(offer.type)
    url = links.slot_url(unit, offer, offered.number, client)
    return Visit(offer, client, kind, offered.start, url)


def _read_offer(unit: Unit, asked: Asked, token: str) -> Visit:
    offer_id, client_id = unit.keys.read_link(Purpose.OFFER, token)
    offer, client = unit.db.get(Offer, offer_id), unit.db.get(Participant, client_id)
    kind = unit.config.appointment_type(offer.type)
    url = links.offer_url(unit, offer, client)
    chosen = asked.link(url, start=in_utc(asked.start)) if asked.start else url
    return Visit(offer, client, kind, asked.start, chosen)


SLOT = Offered(_read_slot)
OFFER = Offered(_read_offer)


def _menu(unit: Unit, asked: Asked, visit: Visit, standing: Booking | None) -> Menu:
    url = links.offer_url(unit, visit.offer, visit.client)
    return times.menu(unit, asked, visit.kind, url, visit.known, standing)


def _all_gone(unit: Unit, visit: Visit, standing: Booking | None) -> bool:
    """Whether none of the times in the mail is left to choose."""
    return standing is None and not _still_offered(unit, visit, None)


def _still_offered(unit: Unit, visit: Visit, standing: Booking | None) -> list[Choice]:
    """The other times of the offer that are free, each with its own link."""
    return [
        Choice(one.start, links.slot_url(unit, visit.offer, one.number, visit.client))
        for one in unit.db.all(OfferedSlot, offer=visit.offer.id)
        if one.start != visit.start
        and bookings.is_pickable(unit, visit.offer, one.start, moving=standing)
    ]
