"""Tokens: read as they were signed, for their purpose alone, in their one spelling."""

import os
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.errors import BadToken
from mailflow.keys import (
    ALPHABET,
    ID_LENGTH,
    Keyring,
    Purpose,
    id_to_number,
    new_id,
    number_to_id,
)

NEW, OLD = "n" * 40, "o" * 40
KEYS = Keyring([NEW, OLD])
idents = st.text(ALPHABET, min_size=1, max_size=20)
facts = st.lists(st.integers(0, 2**40) | idents, min_size=1, max_size=3)


@given(idents, st.sampled_from(Purpose))
def test_an_address_token_is_read_in_any_letter_case(ident: str, purpose: Purpose) -> None:
    token = KEYS.address_token(purpose, ident, "dana")
    assert KEYS.read_address_token(purpose, token.upper(), "dana") == ident


@given(idents)
def test_an_address_token_holds_for_its_purpose_and_name_alone(ident: str) -> None:
    token = KEYS.address_token(Purpose.CONVERSATION, ident, "dana")
    for purpose, name in ((Purpose.QUESTION, "dana"), (Purpose.CONVERSATION, "erik")):
        with pytest.raises(BadToken):
            KEYS.read_address_token(purpose, token, name)


def test_every_altered_letter_of_an_address_token_is_refused() -> None:
    token = KEYS.address_token(Purpose.CONVERSATION, "abcdefghijkl", "dana")
    for place, letter in enumerate(token):
        for other in ALPHABET.replace(letter, ""):
            with pytest.raises(BadToken):
                KEYS.read_address_token(
                    Purpose.CONVERSATION, token[:place] + other + token[place + 1 :], "dana"
                )


@given(facts, st.sampled_from(Purpose))
def test_a_link_is_read_as_it_was_signed(given_facts: list[str | int], purpose: Purpose) -> None:
    assert KEYS.read_link(purpose, KEYS.link(purpose, *given_facts)) == given_facts


@pytest.mark.parametrize(
    ("purpose", "other"), [pair for pair in product(Purpose, Purpose) if pair[0] is not pair[1]]
)
def test_a_link_of_one_purpose_is_refused_for_another(purpose: Purpose, other: Purpose) -> None:
    with pytest.raises(BadToken):
        KEYS.read_link(other, KEYS.link(purpose, "abcdefghijkl", 1, 2))


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_with_any_bit_of_it_turned_is_refused(purpose: Purpose) -> None:
    token = KEYS.link(purpose, "abcdefghijkl", 1, 2).encode()
    for place, bit in product(range(len(token)), range(8)):
        turned = token[:place] + bytes([token[place] ^ 1 << bit]) + token[place + 1 :]
        with pytest.raises(BadToken):
            KEYS.read_link(purpose, turned.decode("latin-1"))


def test_every_other_spelling_of_a_link_is_refused() -> None:
    token = KEYS.link(Purpose.SLOT, "abcdefghijkl", 1, 2)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    altered = [
        token[:place] + other + token[place + 1 :]
        for place, letter in enumerate(token)
        for other in letters
        if other != letter
    ]
    cut = [token[:length] for length in range(len(token))]
    for spelling in (*altered, *cut, token + "=", token + "A", " " + token, token + "é"):
        with pytest.raises(BadToken):
            KEYS.read_link(Purpose.SLOT, spelling)


@given(st.text(max_size=300))
def test_junk_is_refused(text: str) -> None:
    for read in (KEYS.read_link, KEYS.read_address_token):
        with pytest.raises(BadToken):
            read(Purpose.OFFER, text)


def test_an_older_secret_still_verifies_and_a_dropped_one_does_not() -> None:
    old = Keyring([OLD])
    link = old.link(Purpose.OFFER, "a")
    token = old.address_token(Purpose.BOUNCE, "a")
    assert KEYS.read_link(Purpose.OFFER, link) == ["a"]
    assert KEYS.read_address_token(Purpose.BOUNCE, token) == "a"
    dropped = Keyring([NEW])
    with pytest.raises(BadToken):
        dropped.read_link(Purpose.OFFER, link)
    with pytest.raises(BadToken):
        dropped.read_address_token(Purpose.BOUNCE, token)


def test_what_was_mailed_out_stays_readable() -> None:
    """Pinned: a change of the format would end every link and address that people have."""
    link = "WyJhYmNkZWZnaGlqa2wiLDJd.sixf7REh-YaIqH0fU0loh31gDdqSVECC0H1ENLS7hac"
    token = "iabcdefghijklcamzxct7po73iwmv"
    assert KEYS.link(Purpose.SLOT, "abcdefghijkl", 2) == link
    assert KEYS.address_token(Purpose.CONVERSATION, "abcdefghijkl", "dana") == token


@given(st.integers(0, 2**60))
def test_numbers_survive_as_letters(number: int) -> None:
    assert id_to_number(number_to_id(number)) == number


def test_ids_are_short_letters() -> None:
    ident = new_id(os.urandom)
    assert len(ident) == ID_LENGTH
    assert set(ident) <= set(ALPHABET)


def test_secrets_are_not_shown() -> None:
    assert NEW not in repr(KEYS) + str(vars(KEYS).keys())
