"""Doing what a host's command lines say; what cannot be done is answered with help, to the host alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from mailflow import wording
from mailflow.appointments import bookings, offers
from mailflow.appointments.narrowing import Narrowing, narrow, parse_time
from mailflow.appointments.offers import Wish
from mailflow.config import AppointmentType, Host
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.commands import COMMANDS, Order, Told
from mailflow.conversations.warnings import warn
from mailflow.errors import InvalidForm, MailflowError, NotFound
from mailflow.mail.addresses import is_address, normalise
from mailflow.phrases import Words, said
from mailflow.post.conversations import display_name, people, recipients
from mailflow.post.letters import notify_in
from mailflow.store.blobs import kept
from mailflow.store.queries import coming_bookings, is_notice
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
    """The host who gave it: of several, not always the one who owns the conversation."""
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
    scene = Scene(
        conversation, message, author, _host(unit, conversation, author), arrival, told.rest
    )
    offered = False
    for order in told.orders:
        try:
            with unit.db.attempt():
                offered = _ORDERS.get(order.name, _unknown)(unit, scene, order, offered) or offered
        except MailflowError as error:
            _help(unit, scene, order, _in_words(error))
    return offered


def refuse(
    unit: Unit, conversation: Conversation, message: Message, author: Participant, told: Told
) -> None:
    """Say that commands were not obeyed, since the address that they came to was not named."""
    lines = [
        said("This was not done: %(commands)s", commands=", ".join(told.lines)),
        said(
            "A command works only where the conversation's address stands in To or Cc of the mail."
        ),
    ]
    host = _host(unit, conversation, author)
    _notify(unit, conversation, message, host, "done", lines=lines)


def answers_notice(unit: Unit, message: Message) -> bool:
    """Whether a host's mail answers a notice that went to the host alone: then it is meant for nobody else."""
    return message.in_reply_to is not None and is_notice(
        unit.db, message.conversation, message.in_reply_to
    )


def say_kept(unit: Unit, conversation: Conversation, message: Message, author: Participant) -> None:
    """Say that words which answer a notice were not passed on."""
    lines = [
        said(
            "You answered a notice that only you got."
            " What you wrote was kept, and passed on to nobody."
        ),
        said("To write to the others, answer one of their mails."),
    ]
    host = _host(unit, conversation, author)
    _notify(unit, conversation, message, host, "done", lines=lines)


def _host(unit: Unit, conversation: Conversation, author: Participant) -> Host:
    return unit.config.host(author.handle or conversation.host)


def _in_words(error: MailflowError) -> Words:
    return next(iter(error.errors.values())) if isinstance(error, InvalidForm) else error.words


def _offer(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    slug, _, rest = order.words.partition(" ")
    kind = _type(unit, unit.config.host(scene.conversation.host), slug)
    only, rest = _addressee(unit, scene, rest.strip())
    if not any(one.role is not Role.HOST for one in people(unit, scene.conversation)):
        raise Misunderstood(said("nobody but you is in this conversation"))
    wish = Wish(
        kind=kind,
        narrowing=narrow(rest, scene.host.timezone, unit.now) if rest else Narrowing(),
        only=only,
        words="" if offered else scene.words,
        original=None if offered else kept(unit.db, scene.arrival.blob),
    )
    offers.make_offer(unit, scene.conversation, wish, parent=scene.message)
    times, answered = wish.narrowing.times, scene.message.message_id
    warn(unit, scene.conversation, scene.host, kind, times, answers=answered)
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
    if not order.words:
        raise Misunderstood(said("A note stands on the line of the command itself: /note TEXT"))
    _done(unit, scene, [said("Noted. It is kept in this conversation, and nobody else sees it.")])
    return False


def _who(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    lines = [
        said(
            "%(name)s <%(address)s>, %(role)s, %(standing)s",
            name=display_name(one),
            address=one.address,
            role=_ROLES[one.role],
            standing=_STANDINGS[one.standing],
        )
        for one in people(unit, scene.conversation)
    ]
    _done(unit, scene, [said("In this conversation:"), *lines])
    return False


def _close(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    offers.withdraw(unit, scene.conversation)
    unit.db.change(scene.conversation, closed=True)
    _done(unit, scene, [said("This conversation is closed. A later mail opens it again.")])
    return False


def _leave(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    others = [one for one in recipients(unit, scene.conversation) if one.id != scene.author.id]
    if not any(one.role is Role.HOST for one in others):
        raise Misunderstood(
            said("Nobody else would read what clients write. When it is done: /close")
        )
    unit.db.change(scene.author, standing=Standing.LEFT)
    _done(unit, scene, [said("You get no more copies of this conversation.")])
    return False


def _unknown(unit: Unit, scene: Scene, order: Order, offered: bool) -> bool:
    raise Misunderstood(said("There is no command %(command)s.", command=f"/{order.name}"))


_ORDERS: dict[str, Callable[[Unit, Scene, Order, bool], bool]] = {
    "offer": _offer,
    "cancel": _cancel,
    "move": _move,
    "note": _note,
    "who": _who,
    "close": _close,
    "leave": _leave,
}


_ROLES = {
    Role.HOST: said("host"),
    Role.CLIENT: said("client"),
    Role.PARTICIPANT: said("participant"),
}
_STANDINGS = {
    Standing.ACTIVE: said("gets copies"),
    Standing.WAITING: said("gets copies once you have written"),
    Standing.IMPORTED: said("gets copies once you or they have written anew"),
    Standing.LEFT: said("has left"),
    Standing.SUPPRESSED: said("gets no copies: the address does not work"),
}


def _type(unit: Unit, host: Host, slug: str) -> AppointmentType:
    try:
        return unit.config.appointment_type(slug, host.handle)
    except NotFound:
        types = unit.config.appointment_types
        own = ", ".join(kind.slug for kind in types if host.handle in kind.hosts)
        wrong = (
            said(
                "There is no appointment type “%(type)s”. Yours are: %(types)s.",
                type=slug,
                types=own,
            )
            if slug
            else said("Which appointment type? Yours are: %(types)s.", types=own)
        )
        raise Misunderstood(wrong) from None


def _addressee(unit: Unit, scene: Scene, words: str) -> tuple[Participant | None, str]:
    """The one person whom an offer names, and the words that are left."""
    first, _, rest = words.partition(" ")
    address = first.strip("<>,")
    if not is_address(address):
        return None, words
    for one in people(unit, scene.conversation):
        if one.address_key == normalise(address) and one.role is not Role.HOST:
            return one, rest.strip()
    raise Misunderstood(said("%(address)s is not in this conversation.", address=address))


def _coming(unit: Unit, scene: Scene, which: str) -> Booking:
    """The booking that a command is about: the conversation's coming one, or that of several whose number it has."""
    coming = coming_bookings(unit.db, scene.conversation.id, unit.now)
    numbered = {str(number): one for number, one in enumerate(coming, start=1)}
    if not coming:
        raise Misunderstood(said("No appointment lies ahead in this conversation."))
    if which in numbered:
        return numbered[which]
    if not which and len(coming) == 1:
        return coming[0]
    raise Misunderstood(
        said(
            "Which appointment? %(numbered)s. Write its number behind the command,"
            " as in /cancel 1 or /move 1 TIME.",
            numbered=partial(_numbered, coming, scene.host.timezone),
        )
    )


def _numbered(coming: Sequence[Booking], zone: ZoneInfo, language: str) -> str:
    return "; ".join(
        f"{number}: {wording.when(one.start, zone, language)}"
        for number, one in enumerate(coming, start=1)
    )


def _done(unit: Unit, scene: Scene, lines: Sequence[Words]) -> None:
    _notify(unit, scene.conversation, scene.message, scene.host, "done", lines=lines)


def _help(unit: Unit, scene: Scene, order: Order, problem: Words) -> None:
    _notify(
        unit,
        scene.conversation,
        scene.message,
        scene.host,
        "help",
        line=order.line,
        problem=problem,
        nearest=None if order.known else order.nearest,
        commands=list(COMMANDS.items()),
    )


def _notify(
    unit: Unit,
    conversation: Conversation,
    message: Message,
    host: Host,
    template: str,
    **facts: object,
) -> None:
    notify_in(unit, conversation, template, facts, host=host, answers=message.message_id)
