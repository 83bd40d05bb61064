import json
import mailbox
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mailflow.cli.exporting import mbox_entry
from mailflow.conversations.archive import ArchivedMail
from tests.cli.command import done, read

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


def test_json_is_one_conversation_a_line(past: Path) -> None:
    (line,) = done(past, "export", "--format", "json").splitlines()
    found = json.loads(line)
    assert found["host"] == "dana"
    assert found["created"] == "2026-11-23T09:00:00Z"
    assert found["bookings"] == read(past, "bookings")
    first, *_ = found["messages"]
    promised = {
        "message_id": "1@client.test",
        "from": "ann@client.test",
        "date": "2026-11-23T09:00:00Z",
        "subject": "A question",
        "kind": "message",
        "direction": "in",
        "text": "Hello,\nFrom now on?",
    }
    assert first.items() >= promised.items()
    assert [one["kind"] for one in found["messages"]] == [
        "message",
        "message",
        "offer",
        "message",
        "booking",
    ]
    assert (
        found["participants"][1].items()
        >= {
            "address": "ann@client.test",
            "name": "Ann Client",
            "role": "client",
        }.items()
    )


def test_mbox_has_every_mail(past: Path, tmp_path: Path) -> None:
    (tmp_path / "all.mbox").write_text(done(past, "export"))
    with closing(mailbox.mbox(tmp_path / "all.mbox")) as box:
        mails = list(box)
    again = "Re: A question"
    assert [one["Subject"] for one in mails] == ["A question", again, again, "A question", again]
    assert mails[0].get_payload() == "Hello,\n>From now on?\n"


def test_an_entry_begins_with_its_sender_and_date() -> None:
    entry = mbox_entry(ArchivedMail("ann@client.test", NOON, b"Subject: Hi\r\n\r\nFrom here\r\n"))
    assert entry == (
        b"From ann@client.test Tue Nov  3 12:00:00 2026\nSubject: Hi\n\n>From here\n\n"
    )


@given(st.text(max_size=50), st.binary(max_size=300).map(lambda raw: raw.replace(b"\r", b"")))
def test_an_entry_can_be_read_back(sender: str, content: bytes) -> None:
    entry = mbox_entry(ArchivedMail(sender, NOON, content))
    line, _, quoted = entry.partition(b"\n")
    assert re.fullmatch(rb"From \S+ Tue Nov  3 12:00:00 2026", line)
    assert not re.search(rb"^From ", quoted, re.MULTILINE)
    assert re.sub(rb"(?m)^>(>*From )", rb"\1", quoted).rstrip(b"\n") == content.rstrip(b"\n")
