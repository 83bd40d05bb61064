"""Delivery reports: what one does to the copy that it is about, and to whom that copy was for."""

from collections.abc import Iterator
from dataclasses import replace

from mailflow.conversations.accepting import accept, keep
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.entering import author_in
from mailflow.conversations.merging import current
from mailflow.conversations.pausing import keep_back
from mailflow.mail.automatic import Automation
from mailflow.mail.delivery_reports import Fate, Finding, Report, is_about, read_report
from mailflow.post.failures import give_up, tell_undelivered
from mailflow.store.queries import known_ids
from mailflow.store.states import Sending
from mailflow.store.tables import Conversation, Delivery
from mailflow.store.unit import Unit

BY_ENVELOPE = "the envelope sender of a delivery"


def take_report(unit: Unit, arrival: Arrival, ident: int) -> str | None:
    """A mail to the envelope sender of a copy of ours; returns why it is held, if it is.

    A report marks the copy and is told to the host in words; anything else is automatic mail of the conversation.
    """
    delivery = unit.db.find(Delivery, id=ident)
    if delivery is None:
        return "for a mail that we did not send"
    arrival, report = _read(unit, arrival)
    conversation = _conversation(unit, delivery)
    finding = report.about(delivery.recipient)
    if finding is None:
        return _take_answer(unit, arrival, conversation)
    if conversation is None or keep(unit, conversation, arrival, BY_ENVELOPE):
        _act(unit, delivery, finding)
    return None


def take_stray_report(unit: Unit, arrival: Arrival, handle: str) -> str | None:
    """A report that came to another address, placed by the id of the mail that it returns, else held.

    Nothing shows that it is genuine: the host is told, but no copy is marked, and nobody is left out.
    """
    arrival, report = _read(unit, arrival)
    returned = report.message_id
    known = known_ids(unit.db, handle, [returned] if returned else [])
    for conversation in (unit.db.get(Conversation, one.conversation) for one in known):
        if keep(unit, conversation, arrival, f"it returns {returned}"):
            for delivery, finding in _copies(unit, conversation, report):
                _tell(unit, delivery, finding)
    return None if known else "a delivery report about no mail of ours"


def is_report(arrival: Arrival) -> bool:
    """Whether a mail is a delivery report, wherever it came to."""
    return arrival.mail.automatic and bool(read_report(arrival.raw).findings)


def _read(unit: Unit, arrival: Arrival) -> tuple[Arrival, Report]:
    """The report, and the mail as it is recorded: automatic, and without the words of the mail that it returns."""
    report = read_report(arrival.raw, unit.config.mailflow.domain)
    mail = replace(arrival.mail, automation=Automation.AUTOMATIC)
    if report.findings:
        words = report.summary
        mail = replace(mail, text=words, own_words=words, html=None, from_html=False)
    return replace(arrival, mail=mail), report


def _take_answer(unit: Unit, arrival: Arrival, conversation: Conversation | None) -> str | None:
    """A vacation answer, for instance."""
    if conversation is None:
        return "an automatic answer to a mail outside any conversation"
    author = author_in(unit, conversation, arrival)
    if reason := keep_back(unit, conversation, author, arrival):
        return reason
    accept(unit, conversation, author, arrival, BY_ENVELOPE, obeyed=False)
    return None


def _act(unit: Unit, delivery: Delivery, finding: Finding) -> None:
    if finding.fate is Fate.FAILED:
        give_up(unit, delivery, finding.reason, finding.status)
    else:
        _tell(unit, delivery, finding)


def _tell(unit: Unit, delivery: Delivery, finding: Finding) -> None:
    """Say that a mail is late or lost, unless that was said; what arrived, or is on its way, is no news."""
    if finding.fate is not Fate.ON_ITS_WAY and delivery.state is not Sending.FAILED:
        permanent = finding.fate is Fate.FAILED
        tell_undelivered(unit, delivery, finding.reason, permanent=permanent)


def _copies(
    unit: Unit, conversation: Conversation, report: Report
) -> Iterator[tuple[Delivery, Finding]]:
    for delivery in unit.db.all(
        Delivery, conversation=conversation.id, message_id=report.message_id
    ):
        for finding in report.findings:
            if is_about(finding, delivery.recipient):
                yield delivery, finding


def _conversation(unit: Unit, delivery: Delivery) -> Conversation | None:
    if delivery.conversation is None:
        return None
    found = unit.db.find(Conversation, id=delivery.conversation)
    return current(unit, found) if found else None
