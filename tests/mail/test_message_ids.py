import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail import message_ids
from mailflow.mail.message_ids import MAX_CHAIN_IDS, MAX_CHAIN_OCTETS, MAX_REFERENCES

DIGEST = "0123456789abcdef" * 4
OWN = "mail.example.org"
IDS = st.from_regex(r"[a-zA-Z0-9.]{1,60}@[a-z.]{1,40}", fullmatch=True)
RAW = st.binary(max_size=400).map(lambda octets: octets.decode("ascii", "surrogateescape"))


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        pytest.param("a@b", "a@b", id="plain"),
        pytest.param("a@b\r\n c", "a@bc", id="folded in its middle"),
        pytest.param('"a.b"@c', "a.b@c", id="quoted local part"),
        pytest.param(r'"a\"b"@c', 'a"b@c', id="quoted pair"),
        pytest.param("A@B.example", "A@B.example", id="case is kept"),
        pytest.param("AbC@MAIL.Example.ORG", "abc@mail.example.org", id="not at our own domain"),
        pytest.param("x" * 512, "x" * 512, id="512 octets"),
        pytest.param("x" * 513, None, id="513 octets"),
        pytest.param("a\x00b@c", None, id="NUL"),
        pytest.param("a\x7fb@c", None, id="DEL"),
        pytest.param(" \t ", None, id="blank"),
        pytest.param("gr\udcc3\udcbcn@b", "grün@b", id="UTF-8"),
        pytest.param("gr\udcfcn@b", r"gr\xfcn@b", id="other octets"),
    ],
)
def test_canonical(token: str, expected: str | None) -> None:
    assert message_ids.canonical(token, OWN) == expected


def test_ids_are_compared_as_octets() -> None:
    assert message_ids.canonical("\udcfc@b") != message_ids.canonical("\udcc3\udcbc@b")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(["<a@b>"], ("a@b",), id="one"),
        pytest.param(["<a@b>", "<c@d>"], ("a@b", "c@d"), id="several headers"),
        pytest.param(["<<a@b>"], ("a@b",), id="doubled bracket"),
        pytest.param(["<abc <d@e>"], ("d@e",), id="unclosed bracket"),
        pytest.param(["=?utf-8?q?=3Ca=40b=3E?="], ("a@b",), id="encoded word"),
        pytest.param(["a@b"], ("a@b",), id="no brackets, one word"),
        pytest.param([" a@b c@d "], (f"{DIGEST[:40]}@message-id.invalid",), id="two bare words"),
        pytest.param(["<>"], (f"{DIGEST[:40]}@message-id.invalid",), id="empty brackets"),
        pytest.param([], (f"{DIGEST[:40]}@message-id.invalid",), id="none"),
    ],
)
def test_own_ids(values: list[str], expected: tuple[str, ...]) -> None:
    assert message_ids.own_ids(values, DIGEST) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(["<a@b>\r\n <c@d>"], ("a@b", "c@d"), id="folded list"),
        pytest.param(["<a@b><c@d>"], ("a@b", "c@d"), id="no blank between"),
        pytest.param(["<a@b>,<c@d>"], ("a@b", "c@d"), id="comma between"),
        pytest.param(["<a@b>", "<c@d>"], ("a@b", "c@d"), id="several headers"),
        pytest.param(["<a@b> <c@d> <a@b>"], ("a@b", "c@d"), id="doubled, the root stays first"),
        pytest.param(["a@b"], ("a@b",), id="bare word"),
        pytest.param(["a@b c@d"], (), id="bare words"),
        pytest.param(["<> <a\0@b> <c@d>"], ("c@d",), id="junk among them"),
        pytest.param(
            ["=?utf-8?q?=3Clong=2Eid=40?=\r\n =?utf-8?q?example=2Eorg=3E?="],
            ("long.id@example.org",),
            id="cut into encoded words",
        ),
    ],
)
def test_references(values: list[str], expected: tuple[str, ...]) -> None:
    assert message_ids.references(values) == expected


def test_references_keep_the_first_and_the_newest() -> None:
    found = message_ids.references([" ".join(f"<{n}@x>" for n in range(200))])
    assert found == ("0@x", *(f"{n}@x" for n in range(200 - MAX_REFERENCES, 200)))


@pytest.mark.parametrize("token", ["<{}@example.org>", "<\x01{}>", "<>", "=?{}"])
def test_a_hundred_thousand_ids_take_no_time(token: str) -> None:
    value = " ".join(token.format(n) for n in range(100_000))
    start = time.process_time()
    message_ids.references([value])
    message_ids.in_reply_to([value], [])
    assert time.process_time() - start < 0.5  # some 40 ms on an idle machine


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(["<a@b>"], "a@b", id="one"),
        pytest.param(["<a@b> <c@d>"], "c@d", id="the last of several"),
        pytest.param(["<a@b>", "<c@d>"], "c@d", id="several headers"),
        pytest.param(["Your message of 1 Jan <a@b>"], "a@b", id="old phrase before"),
        pytest.param(["Joe <joe@x.org>'s message <a@b>"], "a@b", id="address before"),
        pytest.param(["<a@b> from <JOE@x.org>"], "a@b", id="address behind"),
        pytest.param(["a@b"], None, id="bare word"),
        pytest.param(["<joe@x.org>"], None, id="address alone"),
        pytest.param(["<>"], None, id="empty brackets"),
        pytest.param([], None, id="none"),
    ],
)
def test_in_reply_to(values: list[str], expected: str | None) -> None:
    assert message_ids.in_reply_to(values, ["Joe@X.org"]) == expected


def test_new_message_id() -> None:
    made = message_ids.new_message_id(lambda size: b"\xff" * size, "K7Q2", "Mail.Example.org")
    assert made == "777777777777777777" + "7q.k7q2@mail.example.org"


@given(st.binary(min_size=12, max_size=12), st.text("abc234", max_size=80), st.integers(1, 50))
def test_new_message_ids_fit_their_line(octets: bytes, conversation: str, length: int) -> None:
    domain = "x" * length
    made = message_ids.new_message_id(lambda size: octets[:size], conversation, domain)
    assert len(f"<{made}>") <= 78
    assert message_ids.canonical(made, domain) == made


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        pytest.param((), ("root@x", "parent@x"), id="first answer's answer"),
        pytest.param(("root@x", "a@x"), ("root@x", "a@x", "parent@x"), id="chain"),
        pytest.param(("a@x", "a@x", "parent@x"), ("root@x", "a@x", "parent@x"), id="distinct"),
    ],
)
def test_reference_chain(references: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert message_ids.reference_chain("root@x", references, "parent@x") == expected


def test_an_answer_to_the_root_keeps_what_the_root_refers_to() -> None:
    assert message_ids.reference_chain("root@x", ("old@x",), "root@x") == ("old@x", "root@x")


@given(IDS, st.lists(IDS, max_size=60), IDS)
def test_reference_chains_are_bounded(root: str, references: list[str], parent: str) -> None:
    chain = message_ids.reference_chain(root, references, parent)
    assert chain[-1] == parent
    assert root in chain
    assert len(chain) == len(set(chain)) <= MAX_CHAIN_IDS
    assert len(" ".join(f"<{id_}>" for id_ in chain)) <= MAX_CHAIN_OCTETS


@given(st.lists(RAW, max_size=5))
def test_any_value_gives_storable_ids(values: list[str]) -> None:
    found = (*message_ids.own_ids(values, DIGEST), *message_ids.references(values))
    for id_ in (*found, message_ids.in_reply_to(values, []) or "x"):
        assert id_.encode()
        assert message_ids.canonical(id_) is not None
