"""Bytes are the same when they come out, and smaller meanwhile where that is worth it."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.store.blobs import keep
from mailflow.store.compression import COMPRESSED, LARGE, PLAIN, pack, unpack
from mailflow.store.tables import Blob
from tests.flow import Flow

TEXT = b"Would the afternoon suit you? I could also come by on Thursday.\r\n"


@given(st.binary(max_size=2_000), st.integers(1, 400))
def test_all_bytes_come_out_as_they_went_in(part: bytes, times: int) -> None:
    content = part * times
    assert unpack(pack(content)) == content
    assert len(pack(content)) <= len(content) + 1


@pytest.mark.parametrize(
    "content",
    [b"", TEXT, COMPRESSED + TEXT, os.urandom(5_000), base64.encodebytes(os.urandom(LARGE))],
    ids=["nothing", "little", "what looks compressed", "noise", "a large picture"],
)
def test_what_is_not_worth_it_is_stored_as_it_is(content: bytes) -> None:
    assert pack(content) == PLAIN + content


@pytest.mark.parametrize("times", [80, 40_000])
def test_text_becomes_a_fraction(times: int) -> None:
    content = TEXT * times
    assert pack(content).startswith(COMPRESSED)
    assert len(pack(content)) < len(content) / 4


def test_a_large_mail_is_judged_by_its_middle() -> None:
    picture = base64.encodebytes(os.urandom(LARGE))
    assert pack(TEXT * 100 + picture).startswith(PLAIN)
    assert pack(TEXT * 10_000 + picture).startswith(COMPRESSED)


def test_a_database_has_it_compressed(flow: Flow) -> None:
    digest = flow.run(lambda unit: keep(unit.db, TEXT * 80))
    stored = flow.store._database.execute_sql("SELECT content FROM blob").fetchone()[0]
    assert unpack(bytes(stored)) == TEXT * 80
    assert len(stored) < len(TEXT) * 4
    assert flow.run(lambda unit: unit.db.get(Blob, digest)).content == TEXT * 80
