"""Mails in doubt: held, the host asked at the configured address, and let through or dropped by the answer."""

import re

from mailflow.conversations.accepting import accept
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.starting import start_with_client, start_with_host
from mailflow.conversations.taking import read_again, set_aside
from mailflow.keys import new_id
from mailflow.languages import Languages
from mailflow.mail.addresses import is_address, normalise
from mailflow.mail.subjects import reply_subject
from mailflow.phrases import said
from mailflow.post.conversations import addresses, display_name, join, people
from mailflow.post.letters import Notice, notify_host
from mailflow.store.states import Doubt, Role, Taken
from mailflow.store.tables import Conversation, FurtherAddress, Participant, Question, TakenMail
from mailflow.store.unit import Unit

EXCERPT = 600
"""Letters of a held mail that the question shows."""

_ANSWER = re.compile(r"(\w+)(?:\s+<?([^\s<>]+)>?)?")


def hold(
    unit: Unit, arrival: Arrival, doubt: Doubt, handle: str, conversation: Conversation | None
) -> str:
    """Hold a mail and ask the host about it, once however often it is sent; returns the reason, in words."""
    if not _asked_already(unit, arrival, handle):
        ident = new_id(unit.random)
        within = conversation.id if conversation else None
        question = Question(ident, handle, arrival.taken, doubt, unit.now, within)
        _ask(unit, arrival, unit.db.insert(question), conversation)
        unit.tell("host.asked", mail=arrival.taken, rule=doubt, host=handle)
    who = arrival.mail.author.address or "somebody without an address"
    return _REASONS[doubt].format(who)


_REASONS = {
    Doubt.STRANGER: "{} is not in the conversation; the host was asked",
    Doubt.UNVERIFIED: "in the name of {}, which could not be verified; the host was asked",
    Doubt.FAILED: "the sender {} failed the check; the host was asked",
}


def read_answer(text: str, languages: Languages, language: str) -> tuple[str, str] | None:
    """The word of a host's answer and the address behind it (or ""), from the first line alone."""
    lines = text.strip().splitlines()
    match = _ANSWER.fullmatch(lines[0].strip().rstrip(".!")) if lines else None
    word = languages.meaning(match[1], ("yes", "no", "new"), language) if match else None
    if match is None or word is None:
        return None
    if match[2] and (word != "yes" or not is_address(match[2])):
        return None
    return word, match[2] or ""


def fits(unit: Unit, question: Question, word: str, address: str) -> bool:
    """Whether an answer can be done: the address behind `yes` must be somebody's in that conversation."""
    key = normalise(address)
    return not address or bool(
        question.conversation
        and unit.db.find(Participant, conversation=question.conversation, address_key=key)
    )


def ask_again(unit: Unit, question: Question, answer: Arrival) -> None:
    """Tell the host that an answer was not understood: the mail is still held."""
    lines = [
        said("Your answer was not understood, and the mail is still held."),
        said(
            "The first line must be one of these, and nothing else: yes, no, or new; or yes ADDRESS,"
            " with the address of somebody who is in that conversation already."
        ),
    ]
    host = unit.config.host(question.host)
    reply_to = addresses(unit).question(host.handle, question.id)
    subject = reply_subject(answer.mail.subject)
    answered = answer.mail.message_id
    notify_host(unit, host, Notice("done", {"lines": lines}, subject, reply_to, answers=answered))


def answer_question(unit: Unit, question: Question, word: str, address: str) -> None:
    """Do with a held mail what the host says; a question is answered once. Raises `HeldMailUnread`."""
    unit.db.change(question, answered=True)
    if word == "no":
        set_aside(unit, question.taken, Taken.DROPPED, "the host dropped it")
        return
    held = read_again(unit, question.taken)
    set_aside(unit, question.taken, Taken.DONE, f"the host let it through: {word}")
    conversation = (
        unit.db.find(Conversation, id=question.conversation) if question.conversation else None
    )
    host = unit.config.host(question.host)
    if word == "new":
        start_with_client(unit, host, held)
    elif unit.config.host_of(held.mail.author.address) == host:
        _host_confirmed(unit, question, held, conversation)
    elif conversation is None:
        start_with_client(unit, host, held)
    else:
        author = _admitted(unit, conversation, held, address)
        accept(unit, conversation, author, held, "the host said yes", obeyed=False)


def _host_confirmed(
    unit: Unit, question: Question, held: Arrival, conversation: Conversation | None
) -> None:
    if conversation is None:
        start_with_host(unit, unit.config.host(question.host), held)
        return
    author = next(one for one in people(unit, conversation) if one.handle == question.host)
    accept(unit, conversation, author, held, "the host said yes", obeyed=True)


def _admitted(unit: Unit, conversation: Conversation, held: Arrival, address: str) -> Participant:
    """The author as a participant from now on: a new one, or one who is known by another address."""
    key = normalise(address)
    known = unit.db.find(Participant, conversation=conversation.id, address_key=key)
    if known is None:
        return join(unit, conversation, held.mail.author, Role.PARTICIPANT)
    key = normalise(held.mail.author.address)
    if unit.db.find(FurtherAddress, host=conversation.host, address_key=key) is None:
        unit.db.insert(FurtherAddress(0, conversation.host, key, known.address_key))
    return known


def _asked_already(unit: Unit, arrival: Arrival, handle: str) -> bool:
    same = unit.db.all(TakenMail, message_id=arrival.mail.message_id, digest=arrival.mail.digest)
    return any(unit.db.find(Question, taken=mail.id, host=handle) is not None for mail in same)


def _ask(
    unit: Unit, arrival: Arrival, question: Question, conversation: Conversation | None
) -> None:
    mail = arrival.mail
    host = unit.config.host(question.host)
    everybody = people(unit, conversation) if conversation else []
    facts = {
        "kind": question.doubt.value,
        "author_name": mail.author.name,
        "author_address": mail.author.address,
        "subject": mail.subject,
        "excerpt": mail.written()[:EXCERPT],
        "received": unit.now,
        "zone": host.timezone,
        "conversation_subject": conversation.subject if conversation else None,
        "people": [display_name(one) for one in everybody],
    }
    subject = said("Held: %(subject)s", subject=mail.subject or said("a mail"))
    reply_to = addresses(unit).question(host.handle, question.id)
    notify_host(unit, host, Notice("question", facts, subject, reply_to))
