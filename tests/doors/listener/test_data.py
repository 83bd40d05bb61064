"""The stream after DATA: one end mark, nothing smuggled, nothing lost, wherever it is cut."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailflow.doors.listener.data import FORBIDDEN, HEADER_TOO_BIG, TOO_BIG, DataStream

LIMIT = 1_000_000


def read(stream: bytes, cuts: int = 1_000_000) -> tuple[DataStream, bytes]:
    """Feeds `stream` in blocks of `cuts` bytes up to the end mark; also what was left."""
    data = DataStream(LIMIT, BytesIO())
    for start in range(0, len(stream), cuts):
        rest = data.feed(stream[start : start + cuts])
        if data.ended:
            return data, rest + stream[start + cuts :]
    return data, b""


def stuff(message: bytes) -> bytes:
    return (b"\r\n" + message).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


def test_leaves_a_full_disk_what_it_does_not_take() -> None:
    with Path("/dev/full").open("r+b") as kept:
        data = DataStream(LIMIT, kept)
        data.feed(b"Subject: a\r\n")
        data.close()

        assert kept.closed


CUTS = pytest.mark.parametrize("cuts", [1, 2, 3, 4, 5, 6, 7, 1000])


@CUTS
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param(b".\r\n", b"", id="empty"),
        pytest.param(b"a\r\n.\r\n", b"a\r\n", id="one line"),
        pytest.param(b"\r\n.\r\n", b"\r\n", id="one empty line"),
        pytest.param(b"..\r\n.\r\n", b".\r\n", id="a doubled dot"),
        pytest.param(b"a\r\n...b\r\n..\r\n.\r\n", b"a\r\n..b\r\n.\r\n", id="doubled dots"),
        pytest.param(b".a\r\n.\r\n", b"a\r\n", id="a dot that should have been doubled"),
        pytest.param(b"a\nb\n\nc\r\n.\r\n", b"a\r\nb\r\n\r\nc\r\n", id="bare LF"),
        pytest.param(b"<style>\n.a {}\r\n.\r\n", b"<style>\r\n.a {}\r\n", id="LF and a dot"),
        pytest.param(b"end.\nnext\r\n.\r\n", b"end.\r\nnext\r\n", id="a dot and LF"),
        pytest.param(b"\xff\x80\r\n.\r\n", b"\xff\x80\r\n", id="8-bit"),
    ],
)
def test_keeps_the_message(sent: bytes, kept: bytes, cuts: int) -> None:
    data, rest = read(sent + b"QUIT\r\n", cuts)

    assert (data.ended, data.refusal, data.content(), rest) == (True, None, kept, b"QUIT\r\n")


@CUTS
@pytest.mark.parametrize(
    "mark",
    [
        before + dot + after
        for before in (b"\r\n", b"\n", b"\r", b"\n\n", b"\r\r\n")
        for dot in (b".", b"\0.", b".\0")
        for after in (b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r")
        if b"\r\n.\r\n" not in before + dot + after
        if before[-1:] == b"\n" or b"\0" in dot
    ],
)
def test_other_end_marks_do_not_end_a_message_and_are_refused(mark: bytes, cuts: int) -> None:
    data, rest = read(b"a: b\r\n\r\nx" + mark + b"MAIL FROM:<a@b>\r\n.\r\nQUIT\r\n", cuts)

    assert (data.ended, data.refusal) == (True, FORBIDDEN)
    assert rest == b"QUIT\r\n"


@CUTS
@pytest.mark.parametrize("forbidden", [b"\0", b"\r", b"\r\r", b"\n\r"])
def test_refuses_what_has_no_place_in_a_mail(forbidden: bytes, cuts: int) -> None:
    data, _ = read(b"a" + forbidden + b"b\r\n.\r\n", cuts)

    assert data.refusal == FORBIDDEN


@given(
    st.lists(st.binary(max_size=12).filter(lambda b: not {0, 10, 13} & set(b)), max_size=8),
    st.integers(1, 9),
)
def test_what_was_stuffed_comes_out_again(texts: list[bytes], cuts: int) -> None:
    message = b"".join(text + b"\r\n" for text in texts)

    data, rest = read(stuff(message) + b"rest", cuts)

    assert (data.ended, data.content(), rest) == (True, message, b"rest")
    assert data.size == len(message)


@example([b"\r", b"\r\n", b".", b"\r\n"], 1)  # refused before anything is kept
@given(st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"\0", b"a"])), st.integers(1, 9))
def test_the_cuts_make_no_difference(pieces: list[bytes], cuts: int) -> None:
    stream = b"".join(pieces)
    whole, rest = read(stream)
    cut, cut_rest = read(stream, cuts)

    assert whole.ended == (b"\r\n.\r\n" in b"\r\n" + stream)
    assert (cut.ended, cut_rest) == (whole.ended, rest)
    if whole.ended:
        assert (cut.refusal, cut.content()) == (whole.refusal, whole.content())
        assert not {b"\0", b"\r", b"\n"} & set(bytes(whole.content()).replace(b"\r\n", b""))


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        pytest.param(b"a" * (LIMIT - 4) + b"\r\n\r\n", HEADER_TOO_BIG, id="all header"),
        pytest.param(b"\r\n" + b"a" * (LIMIT - 4) + b"\r\n", None, id="just so big"),
        pytest.param(b"\r\n" + b"a" * (LIMIT - 3) + b"\r\n", TOO_BIG, id="a byte more"),
        pytest.param(b"a:b\r\n" * 1000 + b"\r\n", None, id="1000 header lines"),
        pytest.param(b"a:b\r\n" * 1001 + b"\r\n", HEADER_TOO_BIG, id="1001 header lines"),
        pytest.param(b"a" * 131_072 + b"\r\n\r\nb\r\n", None, id="128 KiB of header"),
        pytest.param(b"a" * 131_073 + b"\r\n\r\nb\r\n", HEADER_TOO_BIG, id="a byte more of it"),
        pytest.param(b"a:b\r\n\r\n" + b"c\r\n" * 5000, None, id="a body of many lines"),
    ],
)
def test_limits(message: bytes, refusal: str | None) -> None:
    data, _ = read(stuff(message), 65_536)

    assert (data.ended, data.refusal) == (True, refusal)


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b".\r\n", b"..\r\n", b"\n.", b"\r", b"a"])
def test_any_shape_is_bounded(line: bytes) -> None:
    kept = BytesIO()
    data = DataStream(LIMIT, kept)
    for _ in range(20):
        data.feed(line * 50_000)

    assert len(kept.getvalue()) <= LIMIT + 2
