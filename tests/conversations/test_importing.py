"""A host's archive: grouped by ids in any order, twice as once, and nobody hears of it before somebody writes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from itertools import count, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailflow.conversations.archive import archived_mails
from mailflow.conversations.by_hand import offer_times
from mailflow.conversations.held import held_mails
from mailflow.conversations.importing import Candidate, Outcome, import_mails
from mailflow.conversations.showing import conversation_facts, conversation_ids
from mailflow.conversations.tracing import why
from mailflow.errors import Unreadable
from mailflow.mail.reading import read
from mailflow.post.conversations import addresses
from mailflow.store.columns import TABLES
from mailflow.store.states import Standing
from mailflow.store.tables import Conversation, Message, Participant
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.conversations.test_placing import SETS, Letter, groups
from tests.flow import START, Flow, to

NEW, SEEN, UNREADABLE = Outcome


def old(
    ident: str,
    references: Iterable[str] = (),
    parent: str | None = None,
    *,
    author: str = JOE,
    addressed: str = DANA,
    text: str = "Hello.",
    days: int = 100,
    **headers: str,
) -> bytes:
    """A mail as it lies in an archive; ids are those of client.test."""
    fields = {
        "From": author,
        "To": addressed,
        "Message-ID": f"<{ident}@client.test>",
        "Subject": f"Letter {ident}",
        "Date": format_datetime(START - timedelta(days=days)),
    }
    if references:
        fields["References"] = " ".join(f"<{one}@client.test>" for one in references)
    if parent:
        fields["In-Reply-To"] = f"<{parent}@client.test>"
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"{head}\n{text}\n".encode()


def imported(flow: Flow, *mails: bytes, handle: str = "dana") -> Counter[Outcome]:
    return flow.run(import_mails, handle, [candidate(raw) for raw in mails])


def candidate(raw: bytes) -> Candidate:
    """A mail of an archive, read here or not."""
    try:
        return Candidate(raw, read(raw, "flow.test"))
    except Unreadable as error:
        return Candidate(raw, None, f"{error.reason}: the archive")


def standings(flow: Flow) -> dict[str, str]:
    people = flow.run(lambda unit: unit.db.all(Participant))
    return {one.address: one.standing.value for one in people}


def everything(flow: Flow) -> dict[str, list[Any]]:
    return {
        kind.__name__: flow.run(lambda unit, kind=kind: unit.db.all(kind))  # type: ignore[misc]
        for kind in TABLES
    }


def united(letters: Iterable[Letter]) -> set[frozenset[str]]:
    """The groups of letters that are tied by ids, found the slow way."""
    found: list[tuple[set[str], set[str]]] = []
    for ident, references, parent in letters:
        members, ids = {ident}, {ident, *references, *([parent] if parent else [])}
        for other in [one for one in found if one[1] & ids]:
            found.remove(other)
            members, ids = members | other[0], ids | other[1]
        found.append((members, ids))
    return {frozenset(members) for members, _ in found}


@pytest.mark.parametrize("letters", SETS.values(), ids=SETS)
def test_every_order_gives_the_same_groups(tmp_path: Path, letters: list[Letter]) -> None:
    for number, order in enumerate(permutations(letters)):
        folder = tmp_path / str(number)
        folder.mkdir()
        flow = Flow(folder)
        imported(flow, *(old(*letter) for letter in order))
        assert groups(flow) == united(letters)
        flow.close()


@dataclass(frozen=True)
class Archive:
    """Letters in an order, cut into batches."""

    letters: list[Letter]
    batches: list[list[Letter]]


@st.composite
def archives(draw: st.DrawFn, numbers: Any = count()) -> Archive:  # noqa: B008 -- one count for all
    """Letters that name each other and mails that nobody has; ids are new in each archive."""
    ids = [f"{next(numbers)}-{one}" for one in range(draw(st.integers(1, 9)))]
    named = st.lists(st.sampled_from([*ids, f"{ids[0]}-lost", f"{ids[-1]}-lost"]), max_size=3)
    parents = st.none() | st.sampled_from([*ids, f"{ids[0]}-gone"])
    letters = [(one, draw(named), draw(parents)) for one in ids]
    shuffled = draw(st.permutations(letters))
    size = draw(st.integers(1, len(ids)))
    starts = range(0, len(ids), size)
    return Archive(letters, [shuffled[start : start + size] for start in starts])


@given(archives())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_archive_is_grouped_by_its_ids_alone(flow: Flow, archive: Archive) -> None:
    for batch in archive.batches:
        assert imported(flow, *(old(*letter) for letter in batch)) == {NEW: len(batch)}
    found = groups(flow)
    assert united(archive.letters) <= found
    for batch in archive.batches:
        assert imported(flow, *(old(*letter) for letter in batch)) == {SEEN: len(batch)}
    assert groups(flow) == found
    assert flow.sent() == []


@given(archives(), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_conversations_that_live_stay_apart(flow: Flow, archive: Archive, data: Any) -> None:
    live = [letter[0] for letter in archive.letters if data.draw(st.booleans())]
    for ident in live:
        flow.mail(JOE, "dana@flow.test", Message_ID=f"<{ident}@client.test>")
    for batch in archive.batches:
        imported(flow, *(old(*letter) for letter in batch if letter[0] not in live))
    found = groups(flow)
    assert all(len(group & set(live)) <= 1 for group in found)
    assert {ident for group in found for ident in group} >= {one[0] for one in archive.letters}
    assert flow.sent() == []


def test_a_repeated_import_changes_nothing(flow: Flow) -> None:
    mails = [
        old("2", ["1"], "1"),
        old("1"),
        old("1", text="Another mail under that id."),
        old("3", Message_ID=""),
        b"X: " + b"y" * 300_000,
    ]
    assert imported(flow, *mails) == {NEW: 4, UNREADABLE: 1}
    before = everything(flow)
    flow.wait(days=1)
    assert imported(flow, *mails) == {SEEN: 5}
    assert imported(flow, *reversed(mails)) == {SEEN: 5}
    assert everything(flow) == before


def test_what_has_come_by_mail_is_not_imported_again(flow: Flow) -> None:
    flow.hand_in(old("1"), ["dana@flow.test"])
    assert imported(flow, old("1")) == {SEEN: 1}
    assert flow.sent() == []


def test_copies_that_went_out_from_here_are_not_imported_again(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test"), "dana@coach.test")
    offers = flow.reply(DANA, asked, "/offer coaching")
    assert imported(flow, asked.raw, *(copy.raw for copy in offers)) == {SEEN: 3}


def test_another_mail_under_a_used_id_belongs_where_its_references_say(flow: Flow) -> None:
    imported(flow, old("1"), old("2"), old("1", ["2"], text="Another one."))
    assert sorted(map(len, groups(flow))) == [1, 2]
    assert {"1"} in groups(flow)


def test_everybody_is_in_it_and_nobody_gets_anything(flow: Flow) -> None:
    imported(
        flow,
        old("1", author=DANA, addressed=f"{JOE}, dana@flow.test"),
        old("2", ["1"], author=JOE, Cc="Kim <kim@friend.test>, erik@school.test"),
        old("3", ["1"], author="erik@school.test"),
        old("4", ["1"], author="Dana <Dana@Private.test>"),
    )
    assert flow.sent() == []
    assert standings(flow) == {
        "dana@coach.test": "active",
        "joe@client.test": "imported",
        "kim@friend.test": "imported",
        "erik@school.test": "imported",
    }


def test_who_writes_anew_gets_copies_and_nobody_else(flow: Flow) -> None:
    imported(flow, old("a", author=JOE), old("b", ["a"], author=ANN))
    (copy,) = flow.mail(JOE, "dana@flow.test", References="<a@client.test>")
    assert copy.recipient == "dana@coach.test"
    assert len(groups(flow)) == 1
    assert standings(flow)["joe@client.test"] == "active"
    assert standings(flow)["ann@friend.test"] == "imported"


def test_an_automatic_answer_is_no_word_of_theirs(flow: Flow) -> None:
    imported(flow, old("a", author=JOE))
    headers: dict[str, Any] = {"References": "<a@client.test>", "Auto_Submitted": "auto-replied"}
    flow.mail(JOE, "dana@flow.test", **headers)
    assert standings(flow)["joe@client.test"] == "imported"


def test_when_the_host_writes_everybody_gets_it(flow: Flow) -> None:
    imported(flow, old("a", author=JOE), old("b", ["a"], author=ANN))
    copies = flow.mail(DANA, "dana@flow.test", References="<a@client.test>")
    assert {copy.recipient for copy in copies} == {"joe@client.test", "ann@friend.test"}


def test_what_was_imported_is_joined_to_what_lives(flow: Flow) -> None:
    imported(flow, old("c", ["a"], author=ANN))
    asked = to(flow.mail(JOE, "dana@flow.test", References="<b@client.test>"), "dana@coach.test")
    flow.reply(DANA, asked, "Hello.")
    imported(flow, old("d", ["a", "b"], author=ANN))
    assert len(groups(flow)) == 1
    assert standings(flow)["ann@friend.test"] == "imported"
    (copy,) = flow.mail(JOE, asked.address, "And now?")
    assert (copy.recipient, copy.address) == ("dana@coach.test", asked.address)


def test_an_archive_belongs_to_one_host(flow: Flow) -> None:
    assert imported(flow, old("1")) == {NEW: 1}
    assert imported(flow, old("1"), old("2", ["1"]), handle="erik") == {NEW: 2}
    assert len(flow.run(conversation_ids)) == 2


def test_a_conversation_is_shown_in_the_order_of_its_dates(flow: Flow) -> None:
    mails = [old(str(days), ["root"], days=days) for days in (20, 40, 10, 30)]
    imported(flow, *mails, old("0", ["root"], Date="Fri, 1 Jan 2100 00:00:00 +0000"))
    (ident,) = flow.run(conversation_ids)
    facts = flow.run(conversation_facts, ident)
    assert [one["message_id"] for one in facts["messages"]] == [
        f"{one}@client.test" for one in (40, 30, 20, 10, 0)
    ]
    assert (facts["subject"], facts["created"]) == ("Letter 40", "2026-10-14T09:00:00Z")
    assert [mail.raw for mail in flow.run(archived_mails, ident)][:2] == [mails[1], mails[3]]


def test_the_name_is_the_oldest_mails_whichever_was_joined_to_which(flow: Flow) -> None:
    imported(flow, old("2", ["a"], days=20), old("3", ["b"], days=30), old("4", ["a", "b"]))
    (ident,) = flow.run(conversation_ids)
    # 4 is the oldest of all.
    assert flow.run(conversation_facts, ident)["subject"] == "Letter 4"


def test_an_imported_past_does_not_hide_the_latest_offer(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test"), "dana@coach.test")
    flow.reply(DANA, asked, "/offer coaching")
    imported(flow, old("9", ["1"]))
    sent = flow.mail(JOE, asked.address, "2")
    assert {copy["Mailflow-Kind"] for copy in sent} == {"booking"}


@pytest.mark.parametrize(
    ("author", "headers", "joined"),
    [
        ("mailer-daemon@relay.test", {}, False),
        ("nobody", {}, False),
        ("dana+abc@flow.test", {}, False),
        ("list-writer@client.test", {"Precedence": "bulk"}, True),
    ],
)
def test_authors_are_people(flow: Flow, author: str, headers: dict[str, Any], joined: bool) -> None:
    assert imported(flow, old("1", author=author, **headers)) == {NEW: 1}
    assert (author in standings(flow)) is joined


def test_a_mail_of_a_machine_is_marked_and_brings_in_nobody_else(flow: Flow) -> None:
    imported(flow, old("1", author="robot@x.test", Auto_Submitted="auto-generated", Cc=ANN))
    assert flow.run(lambda unit: unit.db.all(Message)[0].automatic)
    assert "ann@friend.test" not in standings(flow)


def test_commands_and_answers_of_old_are_only_words(flow: Flow) -> None:
    imported(flow, old("1"), old("2", ["1"], author=DANA, text="/offer coaching"))
    imported(flow, old("3", ["2"], text="/leave"))
    assert flow.sent() == []
    assert len(groups(flow)) == 1


def test_one_that_cannot_be_read_is_held_with_the_reason(flow: Flow) -> None:
    too_long = b"Message-ID: <long@x>\n" + b"X: y\n" * 2_000
    assert imported(flow, too_long) == {UNREADABLE: 1}
    (held,) = flow.run(held_mails)
    assert (held["message_id"], held["state"]) == ("long@x", "held")
    assert held["reason"].endswith(": the archive")


def test_one_that_fails_does_not_keep_the_others_out(flow: Flow) -> None:
    good, bad = candidate(old("1")), candidate(old("2"))
    assert bad.mail is not None
    unstorable = Candidate(bad.raw, replace(bad.mail, subject="\ud800"))
    assert flow.run(import_mails, "dana", [unstorable, good]) == {NEW: 1, UNREADABLE: 1}
    assert groups(flow) == {frozenset({"1"})}
    assert "UnicodeEncodeError" in flow.run(held_mails)[0]["reason"]


def test_what_is_exported_can_be_imported_elsewhere(flow: Flow, tmp_path: Path) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test"), "dana@coach.test")
    flow.reply(DANA, asked, "/offer coaching")
    flow.mail(ANN, "dana@flow.test")
    mails = [mail.raw for ident in flow.run(conversation_ids) for mail in _mails(flow, ident)]
    (tmp_path / "other").mkdir()
    other = Flow(tmp_path / "other")
    assert imported(other, *mails) == {NEW: 4}
    assert groups(other) == groups(flow)
    other.close()


def _mails(flow: Flow, ident: str) -> Sequence[Any]:
    return flow.run(archived_mails, ident)


def test_why_tells_of_an_imported_mail(flow: Flow) -> None:
    imported(flow, old("1"), old("2", ["1"]))
    (first,) = flow.run(why, "1@client.test")
    (second,) = flow.run(why, "2@client.test")
    assert first["rule"].startswith("it was imported")
    assert second["rule"].endswith("its References name 1@client.test (imported)")


def test_the_host_may_offer_by_mail_in_an_imported_conversation(flow: Flow) -> None:
    imported(flow, old("a"))
    (conversation,) = flow.run(lambda unit: unit.db.all(Conversation))
    address = flow.run(lambda unit: addresses(unit).conversation("dana", conversation.id))
    copies = flow.mail(DANA, address, "/offer coaching")
    assert to(copies, "joe@client.test")["Mailflow-Kind"] == "offer"
    assert standings(flow)["joe@client.test"] == Standing.ACTIVE


def test_the_host_may_offer_by_hand_in_an_imported_conversation(flow: Flow) -> None:
    imported(flow, old("a"))
    (ident,) = flow.run(conversation_ids)
    flow.run(offer_times, ident, "coaching", [])
    assert to(flow.sent(), "joe@client.test")["Mailflow-Kind"] == "offer"
