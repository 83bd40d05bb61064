"""What a visitor fills in: the questions of an appointment type, and on public pages who they are."""

from collections.abc import Mapping
from dataclasses import dataclass

from mailflow.appointments.bookings import Answers
from mailflow.appointments.pages.asked import Asked
from mailflow.config import AppointmentType
from mailflow.errors import InvalidForm
from mailflow.mail.addresses import Person, is_address
from mailflow.mail.text.cleaning import clean_line, clean_text
from mailflow.phrases import Words, said
from mailflow.post.conversations import addresses
from mailflow.store.unit import Unit

LONGEST_NAME = 100
"""A name stands in the From field of mails, beside the host's."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form, with what was typed and what is wrong with it."""

    name: str
    label: Words
    required: bool
    value: str
    error: Words | None
    kind: str = "text"


def question_fields(kind: AppointmentType, asked: Asked) -> list[Field]:
    """The questions of a type."""
    return [
        _field(asked, _name(number), question.label, question.required, "textarea")
        for number, question in enumerate(kind.questions, start=1)
    ]


def contact_fields(asked: Asked) -> list[Field]:
    """Who the visitor is."""
    return [
        _field(asked, "name", said("Your name"), required=True),
        _field(asked, "email", said("Your mail address"), required=True, kind="email"),
    ]


def read_answers(kind: AppointmentType, asked: Asked) -> Answers:
    """The questions that were answered, each with its answer; raises `InvalidForm`."""
    check(question_mistakes(kind, asked))
    given = [
        (question.label, clean_text(asked[_name(number)]).strip())
        for number, question in enumerate(kind.questions, start=1)
    ]
    return [(label, answer) for label, answer in given if answer]


def read_contact(asked: Asked) -> Person:
    """Who the visitor is, as they typed it."""
    return Person(clean_line(asked["name"]), asked["email"].strip())


def question_mistakes(kind: AppointmentType, asked: Asked) -> Mapping[str, Words]:
    """What is wrong with the answers, by the names of their fields."""
    return {
        _name(number): said("Please answer this question.")
        for number, question in enumerate(kind.questions, start=1)
        if question.required and not asked[_name(number)].strip()
    }


def contact_mistakes(unit: Unit, asked: Asked) -> Mapping[str, Words]:
    """What is wrong with the visitor's name and address, by the names of their fields."""
    person = read_contact(asked)
    mistakes: dict[str, Words] = {}
    if not person.name:
        mistakes["name"] = said("Please tell us your name.")
    elif len(person.name) > LONGEST_NAME:
        mistakes["name"] = said("Please use at most %(number)s characters.", number=LONGEST_NAME)
    if not person.address:
        mistakes["email"] = said("Please tell us where to send the invitation.")
    elif not is_address(person.address):
        mistakes["email"] = said("This is no mail address. Please check it.")
    elif unit.config.host_of(person.address):
        mistakes["email"] = said("This is the host's own address. Please use yours.")
    elif addresses(unit).is_own(person.address):
        mistakes["email"] = said("Please use an address of your own: this one is ours.")
    return mistakes


def check(mistakes: Mapping[str, Words]) -> None:
    """Raises `InvalidForm` if there are any mistakes."""
    if mistakes:
        raise InvalidForm(mistakes)


def _field(asked: Asked, name: str, label: Words, required: bool, kind: str = "text") -> Field:
    return Field(name, label, required, asked[name], asked.errors.get(name), kind)


def _name(number: int) -> str:
    return f"question-{number}"
