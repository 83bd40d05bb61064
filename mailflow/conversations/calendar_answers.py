"""What people's calendars answer to an invite (RFC 5546, section 3.2): a person's word, though a program wrote it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import chain

from mailflow import wording
from mailflow.appointments import bookings
from mailflow.appointments.announcing import tell_again
from mailflow.appointments.itip import Answer, read_answers
from mailflow.appointments.uids import booking_of_uid
from mailflow.conversations.accepting import keep
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.proposals import put_to_host
from mailflow.errors import SlotTaken, TooLate
from mailflow.mail.addresses import normalise
from mailflow.mail.own_addresses import FrontDoor, ToConversation
from mailflow.mail.subjects import reply_subject
from mailflow.phrases import Words, said
from mailflow.post.conversations import addresses
from mailflow.post.letters import Notice, notify_host
from mailflow.store.states import Role, Status
from mailflow.store.tables import Attendee, Booking, Conversation, FurtherAddress
from mailflow.store.unit import Unit

REFRESH_AFTER = timedelta(hours=1)

MOST_CALENDARS = 3
"""Of one mail that are read for answers, each in up to half a second; a real one has one, perhaps in two encodings."""

ACCEPTED, TENTATIVE, DECLINED = "ACCEPTED", "TENTATIVE", "DECLINED"
DELEGATED = "DELEGATED"


def take_calendar_answers(
    unit: Unit, arrival: Arrival, destination: ToConversation | FrontDoor
) -> bool:
    """Do what the calendar answers in a mail say; False if it has none that counts here.

    One counts for the booking of its UID, and for the attendee who is the mail's author. It opens no conversation.
    """
    taken = False
    for answer in _answers(arrival):
        found = _attendee(unit, arrival, destination, answer)
        if found is None:
            continue
        booking, attendee = found
        conversation = unit.db.find(Conversation, id=booking.thread)
        if (
            taken
            or conversation is None
            or keep(unit, conversation, arrival, "a calendar's answer")
        ):
            _METHODS[answer.method](unit, booking, attendee, answer)
        taken = True
    return taken


def is_calendar_answer(arrival: Arrival) -> bool:
    """Whether a mail is a calendar's answer, to whatever it may be."""
    return next(_answers(arrival), None) is not None


def _answers(arrival: Arrival) -> Iterator[Answer]:
    """Each answer once: Thunderbird sends the same calendar as a part and as an attachment."""
    calendars = arrival.mail.calendars[:MOST_CALENDARS]
    return iter(dict.fromkeys(chain.from_iterable(map(read_answers, calendars))))


def _attendee(
    unit: Unit, arrival: Arrival, destination: ToConversation | FrontDoor, answer: Answer
) -> tuple[Booking, Attendee] | None:
    """The booking that an answer is about, and its author there; None for a stranger, or another's name."""
    booking = booking_of_uid(unit, answer.uid)
    if booking is None or not _belongs(booking, destination):
        return None
    own = _addresses_of(unit, booking, normalise(arrival.mail.author.address))
    if normalise(answer.attendee) not in own:
        return None
    found = (unit.db.find(Attendee, booking=booking.id, address_key=key) for key in own)
    attendee = next((one for one in found if one is not None), None)
    return (booking, attendee) if attendee else None


def _belongs(booking: Booking, destination: ToConversation | FrontDoor) -> bool:
    if isinstance(destination, ToConversation):
        return booking.thread == destination.conversation
    return booking.host == destination.handle


def _addresses_of(unit: Unit, booking: Booking, key: str) -> list[str]:
    """The addresses that are known to be one person's, for comparison."""
    further = unit.db.find(FurtherAddress, host=booking.host, address_key=key)
    host = unit.config.host_of(key)
    return [
        key,
        *([further.known_key] if further else []),
        *([normalise(host.email)] if host else []),
    ]


def _reply(unit: Unit, booking: Booking, attendee: Attendee, answer: Answer) -> None:
    if _is_older(booking, attendee, answer):
        return
    unit.db.change(
        attendee, partstat=answer.partstat, answered=answer.stamp, sequence=answer.sequence
    )
    if booking.status is Status.CANCELLED or answer.partstat == attendee.partstat:
        return
    name = attendee.name or attendee.address
    if answer.partstat == DECLINED:
        _declined(unit, booking, attendee)
    elif answer.partstat == DELEGATED:
        _tell_host(unit, booking, _delegated(name, answer))
    elif answer.partstat not in (ACCEPTED, TENTATIVE) or answer.comment:
        told = said(
            "%(name)s answered in a calendar: %(answer)s", name=name, answer=answer.partstat.lower()
        )
        _tell_host(unit, booking, [told, *([answer.comment] if answer.comment else [])])


def _is_older(booking: Booking, attendee: Attendee, answer: Answer) -> bool:
    """Whether an answer is to an earlier state of the booking, or was overtaken by a later one."""
    if answer.sequence < booking.sequence:
        return True
    if attendee.answered is None or answer.sequence > attendee.sequence:
        return False
    return answer.stamp is None or answer.stamp < attendee.answered


def _declined(unit: Unit, booking: Booking, attendee: Attendee) -> None:
    name = attendee.name or attendee.address
    if attendee.role is Role.HOST:
        asked = said(
            "You declined this appointment in your calendar. To cancel it for all, answer: /cancel"
        )
        _tell_host(unit, booking, [asked])
    elif attendee.role is not Role.CLIENT:
        _tell_host(
            unit,
            booking,
            [said("%(name)s declined the appointment; it stands for all others.", name=name)],
        )
    else:
        try:
            bookings.check_changeable(unit, booking)
        except TooLate:
            asked = said(
                "%(name)s declined the appointment, past the time for it."
                " To cancel it, answer: /cancel",
                name=name,
            )
            _tell_host(unit, booking, [asked])
        else:
            bookings.cancel(unit, booking, by=name)


def _delegated(name: str, answer: Answer) -> list[Words]:
    """Who sends whom: nobody else is invited by that, since it is the host who says who is in a conversation."""
    told = said(
        "%(name)s does not come, and sends somebody else: %(delegates)s.",
        name=name,
        delegates=", ".join(answer.delegates) or "?",
    )
    how = said("To have them here, answer a mail of this conversation with their address in Cc.")
    return [told, *([answer.comment] if answer.comment else []), how]


def _counter(unit: Unit, booking: Booking, attendee: Attendee, answer: Answer) -> None:
    """Another time, proposed: it moves the booking if the client proposes one that is free, else the host decides."""
    name = attendee.name or attendee.address
    if answer.start is None or booking.status is Status.CANCELLED:
        _tell_host(
            unit,
            booking,
            [said("%(name)s proposed another time, which could not be read.", name=name)],
        )
        return
    if attendee.role is Role.CLIENT:
        try:
            with unit.db.attempt():
                bookings.check_changeable(unit, booking)
                bookings.move(unit, booking, answer.start, by=name)
            return
        except (SlotTaken, TooLate):
            pass
    put_to_host(unit, booking, attendee, answer.start)


def _refresh(unit: Unit, booking: Booking, attendee: Attendee, answer: Answer) -> None:
    """The invite again, to the one who lost it; at most once an hour."""
    if attendee.refreshed is None or unit.now - attendee.refreshed >= REFRESH_AFTER:
        unit.db.change(attendee, refreshed=unit.now)
        tell_again(unit, booking, attendee)


_METHODS: dict[str, Callable[[Unit, Booking, Attendee, Answer], None]] = {
    "REPLY": _reply,
    "COUNTER": _counter,
    "REFRESH": _refresh,
}


def _tell_host(unit: Unit, booking: Booking, lines: Sequence[Words]) -> None:
    host = unit.config.host(booking.host)
    about = said(
        "It is about %(subject)s, %(when)s.",
        subject=booking.subject,
        when=partial(wording.when, booking.start, host.timezone),
    )
    notice = Notice(
        template="done",
        facts={"lines": [*lines, about]},
        subject=reply_subject(booking.subject),
        reply_to=addresses(unit).conversation(booking.host, booking.thread),
        conversation=booking.thread,
        answers=booking.announced[-1] if booking.announced else None,
    )
    notify_host(unit, host, notice)
