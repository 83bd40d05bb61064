"""Doing what a host's command lines say; what cannot be done is answered with help, to the host alone."""

from collections.abc import Callable
from dataclasses import dataclass

from mailflow.appointments import bookings, offers
from mailflow.appointments.narrowing import Narrowing, narrow, parse_time
from mailflow.appointments.offers import Wish
from mailflow.config import AppointmentType, Host
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.commands import COMMANDS, Order, Told
from mailflow.errors import MailflowError, NotFound
from mailflow.mail.addresses import is_address, normalise
from mailflow.mail.subjects import reply_subject
from mailflow.post.conversations import addresses, display_name, people
from mailflow.post.letters import Notice, notify_host
from mailflow.store.queries import coming_bookings
from mailflow.store.states import Role, Standing
from mailflow.store.tables import Booking, Conversation, Message, Participant
from mailflow.store.unit import Unit


class Misunderstood(MailflowError):
    """A command that cannot be done as it was written; the text says why, for the host."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a command was given."""

    conversation: Conversation
    message: Message
    author: Participant
    host: Host
    arrival: Arrival
    words: str
    """What was written beside the commands."""


def obey(
    unit: Unit,
    conversation: Conversation,
    message: Message,
    author: Participant,
    arrival: Arrival,
    told: Told,
) -> bool:
    """Carry out each command. Returns whether what stood beside them has gone out, at the top of an offer."""
    host = unit.config.host(conversation.host)
    scene = Scene(conversation, message, author, host, arrival, told.rest)
    offered = False
    for order in told.orders:
        try:
            with unit.db.attempt():
                offered = _ORDERS.get(order.name, _unknown)(unit, scene, order, offered) or offered
        except MailflowError as error:
            _help(unit, scene, order, str(error))
    return offered


def _offer(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    slug, _, rest = order.words.partition(" ")
    kind = _type(unit, scene.host, slug)
    only, rest = _addressee(unit, scene, rest.strip())
    if not any(one.role is not Role.HOST for one in people(unit, scene.conversation)):
        raise Misunderstood("nobody but you is in this conversation")
    wish = Wish(
        kind=kind,
        narrowing=narrow(rest, scene.host.timezone, unit.now) if rest else Narrowing(),
        only=only,
        words="" if offered else scene.words,
        original=None if offered else scene.arrival.raw,
    )
    offers.make_offer(unit, scene.conversation, wish, parent=scene.message)
    return True


def _cancel(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    bookings.cancel(unit, _coming(unit, scene, order.words), by=scene.host.name)
    return False


def _move(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    words, start = order.words, None
    for cut in range(len(words), 0, -1):
        if start := parse_time(words[-cut:], scene.host.timezone):
            words = words[:-cut].strip()
            break
    booking = _coming(unit, scene, words)
    if start is not None:
        bookings.move(unit, booking, start, by=scene.host.name, named=True)
        return False
    kind = unit.config.appointment_type(booking.type)
    offers.make_offer(unit, scene.conversation, Wish(kind, moves=booking, words=scene.words))
    return True


def _note(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    _done(unit, scene, ["Noted. It is kept in this conversation, and nobody else sees it."])
    return False


def _who(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    lines = [
        f"{display_name(one)} <{one.address}>, {one.role}, {one.standing}"
        for one in people(unit, scene.conversation)
    ]
    _done(unit, scene, ["In this conversation:", *lines])
    return False


def _close(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    offers.withdraw(unit, scene.conversation)
    unit.db.change(scene.conversation, closed=True)
    _done(unit, scene, ["This conversation is closed. A later mail opens it again."])
    return False


def _leave(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    unit.db.change(scene.author, standing=Standing.LEFT)
    _done(unit, scene, ["You get no more copies of this conversation."])
    return False


def _unknown(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    raise Misunderstood(f"There is no command /{order.name}.")


_ORDERS: dict[str, Callable[[Unit, Scene, Order, bool], bool]] = {
    "offer": _offer,
    "cancel": _cancel,
    "move": _move,
    "note": _note,
    "who": _who,
    "close": _close,
    "leave": _leave,
}


def _type(unit: Unit, host: Host, slug: str) -> AppointmentType:
    try:
        return unit.config.appointment_type(slug, host.handle)
    except NotFound:
        own = [kind.slug for kind in unit.config.appointment_types if host.handle in kind.hosts]
        said = f"There is no appointment type “{slug}”" if slug else "Which appointment type?"
        raise Misunderstood(f"{said} Yours are: {', '.join(own)}.") from None


def _addressee(unit: Unit, scene: Scene, words: str) -> tuple[Participant | None, str]:
    """The one person whom an offer names, and the words that are left."""
    first, _, rest = words.partition(" ")
    address = first.strip("<>,")
    if not is_address(address):
        return None, words
    for one in people(unit, scene.conversation):
        if one.address_key == normalise(address) and one.role is not Role.HOST:
            return one, rest.strip()
    raise Misunderstood(f"{address} is not in this conversation.")


def _coming(unit: Unit, scene: Scene, ident: str) -> Booking:
    """The booking that a command is about: the conversation's coming one, or the one of several that it names."""
    coming = coming_bookings(unit.db, scene.conversation.id, unit.now)
    chosen = [one for one in coming if ident in ("", one.id)]
    if len(chosen) == 1:
        return chosen[0]
    if not coming:
        raise Misunderstood("No appointment lies ahead in this conversation.")
    zone = scene.host.timezone
    listed = "; ".join(f"{one.id} ({one.start.astimezone(zone):%Y-%m-%d %H:%M})" for one in coming)
    raise Misunderstood(f"Which appointment? Write its name behind the command: {listed}.")


def _done(unit: Unit, scene: Scene, lines: list[str]) -> None:
    _notify(unit, scene, "done", lines=lines)


def _help(unit: Unit, scene: Scene, order: Order, problem: str) -> None:
    _notify(
        unit,
        scene,
        "help",
        line=order.line,
        problem=problem,
        nearest=None if order.known else order.nearest,
        commands=list(COMMANDS.items()),
    )


def _notify(unit: Unit, scene: Scene, template: str, **facts: object) -> None:
    conversation = scene.conversation
    notice = Notice(
        template=template,
        facts=facts,
        subject=reply_subject(conversation.subject),
        reply_to=addresses(unit).conversation(conversation.host, conversation.id),
        conversation=conversation.id,
        answers=scene.message.message_id,
    )
    notify_host(unit, scene.host, notice)
