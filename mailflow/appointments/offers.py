"""Offers: a mail that lists free times of one appointment type, each to be picked by a click or an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from operator import attrgetter
from zoneinfo import ZoneInfo

from mailflow import wording
from mailflow.appointments import links, slots
from mailflow.appointments.availability import spread
from mailflow.appointments.narrowing import Narrowing
from mailflow.config import AppointmentType
from mailflow.errors import Expired, NoFreeTime
from mailflow.keys import new_id
from mailflow.mail.wire.writing import alternative, with_attachments
from mailflow.phrases import Words, said
from mailflow.post.conversations import display_name, host_writes, language_of, people
from mailflow.post.letters import Letter, post
from mailflow.spans import Span
from mailflow.store.states import Kind, OfferState, Role
from mailflow.store.tables import Booking, Conversation, Message, Offer, OfferedSlot, Participant
from mailflow.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Wish:
    """What the host asks for: an appointment type, for whom, when, and the words that go with it."""

    kind: AppointmentType
    narrowing: Narrowing = field(default_factory=Narrowing)
    only: Participant | None = None
    moves: Booking | None = None
    """The booking for which other times are offered."""
    by_host: bool = True
    """Whether the host wishes it: then it stands in the place of an earlier offer of the same type."""
    words: Words = ""
    original: bytes | None = None
    """The host's own mail, whose attachments go out with the offer."""


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One line of an offer, as one recipient sees it."""

    number: int
    start: datetime
    end: datetime
    url: str | None
    mailto: str | None


def make_offer(
    unit: Unit, conversation: Conversation, wish: Wish, *, parent: Message | None = None
) -> Offer:
    """An offer in a conversation, mailed to all in it; an earlier one of the host's of the same type ends.

    Raises `NoFreeTime` when nothing is free, or a time that the host named is taken.
    """
    chosen = _chosen(unit, wish)
    if wish.by_host:
        conversation = host_writes(unit, conversation)
        if wish.moves is None:
            withdraw(unit, conversation, wish.kind, wish.only)
    offer = Offer(
        id=new_id(unit.random),
        conversation=conversation.id,
        type=wish.kind.slug,
        message_id="",
        created=unit.now,
        expires=unit.now + wish.kind.offer_life,
        only=wish.only.id if wish.only else None,
        moves=wish.moves.id if wish.moves else None,
        explicit=bool(wish.narrowing.times),
    )
    letter = Letter(
        kind=Kind.OFFER,
        text=_text_for_record(unit, wish, chosen),
        body=lambda recipient: _body(unit, offer, wish, chosen, recipient),
        automatic=False,
    )
    message = post(unit, conversation, letter, parent=parent)
    offer = unit.db.insert(replace(offer, message_id=message.message_id))
    for number, span in enumerate(chosen, start=1):
        unit.db.insert(OfferedSlot(0, offer.id, number, span.start, span.end))
    return offer


def tell_again(
    unit: Unit, offer: Offer, recipient: Participant, *, parent: Message | None = None
) -> None:
    """An offer once more, to one participant alone; what answers this mail answers the offer."""
    wish = Wish(
        kind=unit.config.appointment_type(offer.type),
        only=unit.db.get(Participant, offer.only) if offer.only else None,
        moves=unit.db.get(Booking, offer.moves) if offer.moves else None,
    )
    offered = sorted(unit.db.all(OfferedSlot, offer=offer.id), key=attrgetter("number"))
    chosen = [Span(slot.start, slot.end) for slot in offered]
    letter = Letter(
        kind=Kind.OFFER,
        text=_text_for_record(unit, wish, chosen),
        body=lambda one: _body(unit, offer, wish, chosen, one),
    )
    conversation = unit.db.get(Conversation, offer.conversation)
    message = post(unit, conversation, letter, parent=parent, to=[recipient])
    unit.db.change(offer, repeated=(*offer.repeated, message.message_id))


def withdraw(
    unit: Unit,
    conversation: Conversation,
    kind: AppointmentType | None = None,
    only: Participant | None = None,
) -> None:
    """End the open offers of a conversation: all, or those of one type, or those of a type that are for one person."""
    for offer in unit.db.all(Offer, conversation=conversation.id, state=OfferState.OPEN):
        same_type = kind is None or offer.type == kind.slug
        if same_type and (only is None or offer.only == only.id):
            unit.db.change(offer, state=OfferState.WITHDRAWN)


def check_open(unit: Unit, offer: Offer) -> None:
    """Raises `Expired` for an offer that ran out or was withdrawn, or whose conversation was closed."""
    conversation = unit.db.get(Conversation, offer.conversation)
    if offer.state is not OfferState.OPEN or unit.now >= offer.expires or conversation.closed:
        raise Expired(said("this offer has ended"))


def _chosen(unit: Unit, wish: Wish) -> Sequence[Span]:
    kind = wish.kind
    if wish.narrowing.times:
        taken = [
            t for t in wish.narrowing.times if not slots.is_clear(unit, kind, t, moving=wish.moves)
        ]
        if taken:
            zone = unit.config.host(kind.hosts[0]).timezone
            times = partial(wording.moments, taken, zone)
            raise NoFreeTime(said("not free, or past: %(times)s", times=times))
        return [Span(time, time + kind.duration) for time in sorted(set(wish.narrowing.times))]
    within = wish.narrowing.within or Span(unit.now, unit.now + kind.horizon + kind.duration)
    free = slots.free(unit, kind, within, moving=wish.moves)
    others = [slot for slot in free if wish.moves is None or slot.start != wish.moves.start]
    found = spread(others, kind.offer_slots, unit.config.host(kind.hosts[0]).timezone)
    if not found:
        raise NoFreeTime(said("no time is free for %(title)s", title=kind.title))
    return found


def _body(
    unit: Unit, offer: Offer, wish: Wish, chosen: Sequence[Span], recipient: Participant
) -> bytes:
    choosable = recipient.role is not Role.HOST and offer.only in (None, recipient.id)
    host = unit.config.host(wish.kind.hosts[0])
    conversation = unit.db.get(Conversation, offer.conversation)
    others = [
        display_name(one)
        for one in people(unit, conversation)
        if one.id != recipient.id and one.role is not Role.HOST
    ]
    rendered = unit.templates.mail(
        "offer",
        language_of(unit, recipient, conversation.host),
        host_name=host.name,
        title=wish.kind.title,
        length=wish.kind.duration,
        location=wish.kind.location,
        description=wish.kind.description,
        words=wish.words,
        moves=wish.moves.start if wish.moves else None,
        slots=[
            _line(unit, offer, number, span, recipient if choosable else None)
            for number, span in enumerate(chosen, start=1)
        ],
        zone=ZoneInfo(recipient.zone) if recipient.zone else host.timezone,
        zone_known=recipient.zone is not None,
        clock=_clock(unit, recipient, host.timezone),
        host_zone=host.timezone,
        more_url=links.offer_url(unit, offer, recipient) if choosable else None,
        choosable=choosable,
        client_name=display_name(wish.only) if wish.only else None,
        people=others,
        expires=offer.expires,
    )
    body = alternative(rendered.text, rendered.html)
    return with_attachments(body, wish.original) if wish.original else body


def _clock(unit: Unit, recipient: Participant, shown: ZoneInfo) -> str | None:
    """What the clock of a recipient's mail program says, where their zone is not known and `shown` is another."""
    if recipient.zone is not None or recipient.clock is None:
        return None
    clock = timezone(timedelta(minutes=recipient.clock))
    if unit.now.astimezone(shown).utcoffset() == clock.utcoffset(None):
        return None
    return wording.offset(unit.now, clock)


def _line(
    unit: Unit, offer: Offer, number: int, span: Span, client: Participant | None
) -> SlotLine:
    if client is None:
        return SlotLine(number, span.start, span.end, None, None)
    url = links.slot_url(unit, offer, number, client)
    mailto = links.slot_mailto(unit, offer, number, client)
    return SlotLine(number, span.start, span.end, url, mailto)


def _text_for_record(unit: Unit, wish: Wish, chosen: Sequence[Span]) -> str:
    host = unit.config.host(wish.kind.hosts[0])
    zone = host.timezone
    lines = [
        f"{number}. {span.start.astimezone(zone):%Y-%m-%d %H:%M %Z}"
        for number, span in enumerate(chosen, start=1)
    ]
    heading = f"{wish.kind.title}:"
    words = unit.templates.languages.say(wish.words, host.language)
    return "\n".join([*([words, ""] if words else []), heading, *lines])
