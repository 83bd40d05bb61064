"""The addresses of this house: what each form is for, how one is written, and what a recipient means."""

from dataclasses import dataclass

from mailflow.config import Config
from mailflow.errors import BadToken
from mailflow.keys import ID_LENGTH, Keyring, Purpose, id_to_number, number_to_id

NUMBER_LETTERS = 2
"""A slot's number within its offer: two base32 letters, up to 1,023."""


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """`HANDLE@`: a mail to it starts a conversation, or answers one by its ids."""

    handle: str


@dataclass(frozen=True, slots=True)
class ToConversation:
    """`HANDLE+TOKEN@`: one conversation."""

    handle: str
    conversation: str


@dataclass(frozen=True, slots=True)
class ToQuestion:
    """`HANDLE+TOKEN@` with a token of its own: the host's answer to one question."""

    handle: str
    question: str


@dataclass(frozen=True, slots=True)
class ToSlot:
    """`book+TOKEN@`: one slot of one offer for one participant."""

    offer: str
    number: int
    participant: int


@dataclass(frozen=True, slots=True)
class ToBounce:
    """`bounce+TOKEN@`: the envelope sender of one delivery."""

    delivery: int


@dataclass(frozen=True, slots=True)
class ToPostmaster:
    """`postmaster@`: the operator (RFC 5321, section 4.5.1)."""


Destination = FrontDoor | ToConversation | ToQuestion | ToSlot | ToBounce | ToPostmaster


class OwnAddresses:
    """Writes and reads the addresses at our domain."""

    def __init__(self, config: Config, keys: Keyring) -> None:
        self._domain = config.mailflow.domain
        self._handles = {host.handle for host in config.hosts}
        self._keys = keys

    def front_door(self, handle: str) -> str:
        return f"{handle}@{self._domain}"

    def conversation(self, handle: str, conversation: str) -> str:
        token = self._keys.address_token(Purpose.CONVERSATION, conversation, handle)
        return f"{handle}+{token}@{self._domain}"

    def question(self, handle: str, question: str) -> str:
        token = self._keys.address_token(Purpose.QUESTION, question, handle)
        return f"{handle}+{token}@{self._domain}"

    def slot(self, offer: str, number: int, participant: int) -> str:
        ident = offer + number_to_id(number).rjust(NUMBER_LETTERS, "a") + number_to_id(participant)
        return f"book+{self._keys.address_token(Purpose.SLOT_ADDRESS, ident)}@{self._domain}"

    def bounce(self, delivery: int) -> str:
        token = self._keys.address_token(Purpose.BOUNCE, number_to_id(delivery))
        return f"bounce+{token}@{self._domain}"

    def is_own(self, address: str) -> bool:
        """Whether an address is at our domain, in whatever form."""
        return address.rpartition("@")[2].lower() == self._domain

    def read(self, address: str) -> Destination | None:
        """What an address at our domain is for, in any letter case; None if we have no such address."""
        local, _, domain = address.lower().rpartition("@")
        if domain != self._domain:
            return None
        name, plus, token = local.partition("+")
        if not plus:
            return self._named(name)
        try:
            return self._signed(name, token)
        except BadToken:
            return None

    def _named(self, name: str) -> Destination | None:
        if name == "postmaster":
            return ToPostmaster()
        return FrontDoor(name) if name in self._handles else None

    def _signed(self, name: str, token: str) -> Destination | None:
        if name == "bounce":
            return ToBounce(id_to_number(self._keys.read_address_token(Purpose.BOUNCE, token)))
        if name == "book":
            ident = self._keys.read_address_token(Purpose.SLOT_ADDRESS, token)
            numbers = ident[ID_LENGTH:]
            return ToSlot(
                ident[:ID_LENGTH],
                id_to_number(numbers[:NUMBER_LETTERS]),
                id_to_number(numbers[NUMBER_LETTERS:]),
            )
        if name not in self._handles:
            return None
        try:
            ident = self._keys.read_address_token(Purpose.CONVERSATION, token, name)
            return ToConversation(name, ident)
        except BadToken:
            return ToQuestion(name, self._keys.read_address_token(Purpose.QUESTION, token, name))
