"""`import` and `conversations --search`, as people type them."""

from pathlib import Path

import pytest

from tests.cli.command import done, mailflow, read, refused, run_here
from tests.flow import Flow

ENTRY = """From joe@client.test Tue Nov  3 12:00:00 2020
From: Joe <joe@client.test>
To: dana@coach.test
Message-ID: <{ident}@x>
References: <root@x>
Date: Tue, 3 Nov 2020 12:00:00 +0000
Subject: Letter {ident}

>From here to the river.

"""


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    Flow(tmp_path).close()
    return tmp_path


def box(folder: Path, name: str, mails: range) -> str:
    (folder / name).write_text("".join(ENTRY.format(ident=ident) for ident in mails))
    return str(folder / name)


def test_an_archive_comes_in_once(empty: Path) -> None:
    one, two = box(empty, "one.mbox", range(300)), box(empty, "two", range(299, 301))
    assert done(empty, "import", "dana", one, two) == "301 new, 1 seen before\n"
    assert done(empty, "import", "Dana", one) == "0 new, 300 seen before\n"
    (conversation,) = read(empty, "conversations")
    assert (conversation["count"], conversation["host"]) == (301, "dana")
    shown = read(empty, "show", conversation["id"])
    assert shown["messages"][0]["text"] == "From here to the river."
    assert read(empty, "queue") == []


def test_what_cannot_be_read_is_counted_and_held(empty: Path) -> None:
    (empty / "bad.eml").write_bytes(b"Subject: x\n" + b"X: y\n" * 2_000)
    said = "0 new, 0 seen before, 1 unreadable: see `mailflow held`\n"
    assert done(empty, "import", "dana", str(empty / "bad.eml")) == said
    (held,) = read(empty, "held")
    assert "bad.eml" in held["reason"]


def test_a_large_archive_says_how_far_it_is(empty: Path) -> None:
    result = mailflow(empty, "import", "dana", box(empty, "large", range(2_100)))
    assert (result.returncode, result.stdout) == (0, "2100 new, 0 seen before\n")
    assert result.stderr == "2000 mails …\n"


def test_mistakes_are_said_in_one_line_before_anything_is_done(empty: Path) -> None:
    good = box(empty, "good.mbox", range(1))
    missing = str(empty / "nothing")
    assert refused(empty, "import", "dana", good, missing).startswith(f"{missing}: No such file")
    assert refused(empty, "import", "nobody", good) == "there is no host 'nobody'"
    assert "neither an mbox nor a mail" in refused(
        empty, "import", "dana", str(empty / "data" / "mailflow.db")
    )
    assert read(empty, "conversations") == []
    assert run_here(empty, "import", "dana").exit_code == 2


def test_conversations_are_found_by_their_words(empty: Path) -> None:
    done(empty, "import", "dana", box(empty, "one.mbox", range(2)))
    (conversation,) = read(empty, "conversations")
    assert read(empty, "conversations", "--search", 'joe "the river"') == [conversation]
    assert read(empty, "conversations", "--search", "ocean") == []
    result = mailflow(empty, "conversations", "--search", "ocean")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "No conversation has these words.\n"
