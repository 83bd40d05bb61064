"""Signed tokens: the short ones that stand in mail addresses, and those of links.

A token says which row it is about and nothing else; what it may do is decided by the row. Each purpose has a key of its
own, so that a token of one purpose is refused for every other. Of several secrets the first signs and all verify.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from enum import StrEnum

from itsdangerous import BadData, URLSafeSerializer

from mailflow.errors import BadToken

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
"""RFC 4648 section 6, in lower case: survives every upstream that changes the case of a local part."""

ID_LENGTH = 12
"""60 random bits: a million ids collide once in two million such sets, and then the transaction is tried again."""

MAC_BYTES = 10
"""80 bits, which base32 writes in 16 letters with no bit left over: one MAC has one spelling."""

LINK_SHAPE = re.compile(r"WyJ[\w-]{8,}\.[\w-]{43}(?![\w-])")
"""A link token, as it stands in any text: a list that begins with an id, and the signature of 32 octets."""

LONGEST_LINK = 512
"""Longer than any link token of ours; what is longer is not looked at."""


class Purpose(StrEnum):
    """What a token is for."""

    CONVERSATION = "conversation"
    QUESTION = "question"
    SLOT_ADDRESS = "slot-address"
    BOUNCE = "bounce"
    SLOT = "slot"
    OFFER = "offer"
    BOOKING = "booking"
    VIEW = "view"
    CONFIRM = "confirm"


def new_id(random: Callable[[int], bytes]) -> str:
    """A fresh id of `ID_LENGTH` base32 letters; `random(n)` gives n random bytes."""
    return _base32(random(8))[:ID_LENGTH]


def number_to_id(number: int) -> str:
    """A row number, written in the letters of an id."""
    digits = ""
    while True:
        number, digit = divmod(number, 32)
        digits = ALPHABET[digit] + digits
        if not number:
            return digits


def id_to_number(letters: str) -> int:
    """The row number that `number_to_id` wrote."""
    number = 0
    for letter in letters:
        number = number * 32 + ALPHABET.index(letter)
    return number


class Keyring:
    """Signs and reads tokens with the secrets of this house, newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._letters = {secret: _key_letter(secret) for secret in self._secrets}
        self._serializers = {
            purpose: URLSafeSerializer(
                # The library signs with its last key; ours come newest first.
                list(reversed(self._secrets)),
                salt=f"mailflow/{purpose}",
                signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
            )
            for purpose in Purpose
        }

    def __repr__(self) -> str:
        return f"Keyring({len(self._secrets)} secrets)"

    def address_token(self, purpose: Purpose, ident: str, name: str = "") -> str:
        """`ident` (letters of `ALPHABET`) as a token for a local part: key letter, ident, 16 letters of MAC.

        It holds only behind `name`, the part of the address before it.
        """
        secret = self._secrets[0]
        return self._letters[secret] + ident + _mac(secret, purpose, ident, name)

    def read_address_token(self, purpose: Purpose, token: str, name: str = "") -> str:
        """The ident of a token in any letter case; raises `BadToken`."""
        token = token.lower()
        ident, mac = token[1:-16], token[-16:]
        if not ident or not set(token) <= set(ALPHABET):
            raise BadToken("no token of ours")
        for secret in self._secrets:
            right = hmac.compare_digest(mac, _mac(secret, purpose, ident, name))
            if right and token[0] == self._letters[secret]:
                return ident
        raise BadToken("no token of ours")

    def link(self, purpose: Purpose, *facts: str | int) -> str:
        """A token for the path of a link, about the row that `facts` name."""
        text = self._serializers[purpose].dumps(list(facts))
        return text if isinstance(text, str) else text.decode()

    def read_link(self, purpose: Purpose, token: str) -> list[str | int]:
        """The facts of a link token, in its one right spelling; raises `BadToken`."""
        if len(token) > LONGEST_LINK:
            raise BadToken("no link of ours")
        try:
            facts: list[str | int] = self._serializers[purpose].loads(token)
        except BadData:
            raise BadToken("no link of ours") from None
        if not token.isascii() or "=" in token or not self._spelled_right(purpose, token, facts):
            raise BadToken("no link of ours")
        return facts

    def _spelled_right(self, purpose: Purpose, token: str, facts: list[str | int]) -> bool:
        # base64 leaves spare bits at its end, so that one signature has further spellings that verify.
        serializer = self._serializers[purpose]
        payload = serializer.dump_payload(facts)
        signer = serializer.make_signer(serializer.salt)
        keys = [signer.derive_key(secret) for secret in self._secrets]
        signatures = [
            base64.urlsafe_b64encode(signer.algorithm.get_signature(key, payload)).rstrip(b"=")
            for key in keys
        ]
        return token.encode() in [payload + b"." + signature for signature in signatures]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().lower().rstrip("=")


def _key_letter(secret: bytes) -> str:
    return _base32(hashlib.sha256(b"mailflow/key-id" + secret).digest())[0]


def _mac(secret: bytes, purpose: Purpose, ident: str, name: str) -> str:
    message = f"mailflow/{purpose}\0{name}\0{ident}".encode()
    return _base32(hmac.digest(secret, message, "sha256")[:MAC_BYTES])
