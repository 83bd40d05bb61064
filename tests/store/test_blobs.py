"""Bytes of whatever number come out as they went in, and are kept once, all or nothing."""

from collections.abc import Iterator
from io import BytesIO
from random import Random

import pytest

from mailflow.mail.spooled import PIECE, Content, Spooled
from mailflow.store.blobs import forget, keep, kept, kept_pieces
from mailflow.store.tables import Blob, Piece
from mailflow.store.unit import Unit
from tests.flow import Flow

NOISE = Random(5).randbytes(3 * PIECE)
SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE - 7]


def in_memory(content: bytes) -> Content:
    return content


def in_a_file(content: bytes) -> Content:
    return Spooled(BytesIO(b"before" + content), len(b"before"), len(content))


class Torn(Spooled):
    """A file whose disk fails."""

    def pieces(self, size: int) -> Iterator[bytes]:
        yield from list(Spooled.pieces(self, size))[:-1]
        raise OSError


@pytest.mark.parametrize("where", [in_memory, in_a_file])
@pytest.mark.parametrize("size", SIZES)
def test_all_come_out_in_their_order(flow: Flow, size: int, where: type) -> None:
    digest = flow.run(lambda unit: keep(unit.db, where(NOISE[:size])))
    assert flow.run(lambda unit: kept(unit.db, digest)) == NOISE[:size]
    pieces = flow.run(lambda unit: list(kept_pieces(unit.db, digest)))
    assert max(map(len, pieces)) <= PIECE


def test_wherever_they_are_they_are_kept_once(flow: Flow) -> None:
    def keep_all(unit: Unit) -> set[str]:
        return {keep(unit.db, where(NOISE)) for where in (in_memory, in_a_file) for _ in range(2)}

    assert len(flow.run(keep_all)) == len(flow.run(lambda unit: unit.db.all(Blob))) == 1
    assert len(flow.run(lambda unit: unit.db.all(Piece))) == 3


def test_many_are_kept_in_pieces_among_those_of_others(flow: Flow) -> None:
    others = NOISE[::-1]
    digests = flow.run(lambda unit: [keep(unit.db, NOISE), keep(unit.db, others)])
    assert flow.run(lambda unit: [kept(unit.db, one) for one in digests]) == [NOISE, others]
    assert flow.run(lambda unit: forget(unit.db, digests[0])) == 1
    assert flow.run(lambda unit: kept(unit.db, digests[1])) == others
    assert flow.run(lambda unit: forget(unit.db, digests[1])) == 1
    assert flow.run(lambda unit: (unit.db.all(Blob), unit.db.all(Piece))) == ([], [])


def test_of_what_cannot_be_read_to_its_end_nothing_is_kept(flow: Flow) -> None:
    with pytest.raises(OSError):
        flow.run(lambda unit: keep(unit.db, Torn(BytesIO(NOISE), 0, len(NOISE))))
    assert flow.run(lambda unit: (unit.db.all(Blob), unit.db.all(Piece))) == ([], [])
