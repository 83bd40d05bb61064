"""Another time that somebody's calendar proposed: put to the host as a question, and what the host answers."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from mailflow import wording
from mailflow.appointments import bookings, explaining
from mailflow.appointments.announcing import tell_kept
from mailflow.appointments.narrowing import parse_time
from mailflow.conversations.arrival import Arrival
from mailflow.errors import MailflowError
from mailflow.keys import new_id
from mailflow.mail.addresses import Person
from mailflow.mail.subjects import reply_subject
from mailflow.phrases import Said, Words, said
from mailflow.post.conversations import addresses, display_name
from mailflow.post.letters import Notice, notify_host
from mailflow.store.states import Status
from mailflow.store.tables import Attendee, Booking, Proposal
from mailflow.store.unit import Unit

_MOVE = re.compile(r"/move\s+(\S.*)", re.IGNORECASE)

Deed = Callable[[], object]


def put_to_host(unit: Unit, booking: Booking, attendee: Attendee, start: datetime) -> None:
    """Ask the host whether the booking shall be at a time that an attendee proposed."""
    made = Proposal(new_id(unit.random), booking.id, attendee.id, start, unit.now)
    proposal = unit.db.insert(made)
    kind = unit.config.appointment_type(booking.type)
    zone = unit.config.host(booking.host).timezone
    asked = said(
        "%(name)s proposes another time: %(when)s, in place of %(now)s.",
        name=display_name(Person(attendee.name, attendee.address)),
        when=partial(wording.when, start, zone),
        now=partial(wording.when, booking.start, zone),
    )
    against = explaining.why_not(unit, kind, start, moving=booking)
    _tell(unit, proposal, booking, [asked, *against, _how(unit, proposal, booking)])


def answer_proposal(unit: Unit, proposal: Proposal, arrival: Arrival) -> None:
    """Do what the first line of the host's answer says; one that cannot be done leaves the question open."""
    if proposal.answered or arrival.mail.automatic:
        return
    booking = unit.db.get(Booking, proposal.booking)
    deed = _deed(unit, proposal, booking, arrival.mail.written())
    answered = arrival.mail.message_id
    if deed is None:
        lines = [said("Your answer was not understood."), _how(unit, proposal, booking)]
        _tell(unit, proposal, booking, lines, answers=answered)
        return
    try:
        with unit.db.attempt():
            deed()
            unit.db.change(proposal, answered=True)
    except MailflowError as error:
        lines = [said("That was not done: %(why)s.", why=str(error))]
        _tell(unit, proposal, booking, [*lines, _how(unit, proposal, booking)], answers=answered)


def _deed(unit: Unit, proposal: Proposal, booking: Booking, text: str) -> Deed | None:
    """What a host's answer asks for; None for anything else."""
    host = unit.config.host(booking.host)
    first = next(iter(text.strip().splitlines()), "").strip()
    known = ("yes", "no", "/cancel")
    match unit.templates.languages.meaning(first, known, host.language):
        case "yes":
            start = proposal.start
        case "no":
            return partial(_decline, unit, booking, proposal)
        case "/cancel":
            return partial(bookings.cancel, unit, booking, by=host.name)
        case _:
            command = _MOVE.fullmatch(first)
            named = parse_time(command[1], host.timezone) if command else None
            if named is None:
                return None
            start = named
    return partial(bookings.move, unit, booking, start, by=host.name, named=True)


def _decline(unit: Unit, booking: Booking, proposal: Proposal) -> None:
    if booking.status is Status.CONFIRMED:
        tell_kept(unit, booking, unit.db.get(Attendee, proposal.attendee))


def _how(unit: Unit, proposal: Proposal, booking: Booking) -> Said:
    zone = unit.config.host(booking.host).timezone
    return said(
        "Answer this mail with one line: yes takes the proposed time, no keeps the appointment as it"
        " is, %(move)s takes another time, /cancel cancels it.",
        move=f"/move {proposal.start.astimezone(zone):%Y-%m-%dT%H:%M}",
    )


def _tell(
    unit: Unit,
    proposal: Proposal,
    booking: Booking,
    lines: Sequence[Words],
    *,
    answers: str | None = None,
) -> None:
    host = unit.config.host(booking.host)
    notice = Notice(
        template="done",
        facts={"lines": lines},
        subject=reply_subject(booking.subject),
        reply_to=addresses(unit).question(host.handle, proposal.id),
        conversation=booking.thread,
        answers=answers or (booking.announced[-1] if booking.announced else None),
    )
    notify_host(unit, host, notice)
