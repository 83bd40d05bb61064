"""Records in and out: what is written comes back, whatever it holds."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailflow.errors import NotFound, SlotTaken
from mailflow.spans import Span
from mailflow.store.blobs import keep, keep_all
from mailflow.store.columns import InstantField, ListField
from mailflow.store.queries import reserve, reserved_spans
from mailflow.store.states import Role, Standing
from mailflow.store.tables import Blob, KnownId, Participant, Reserved
from mailflow.store.unit import Unit
from tests.flow import Flow

instants = st.datetimes(timezones=st.just(UTC))


@given(instants)
def test_instants_survive_to_the_microsecond(instant: datetime) -> None:
    field = InstantField()
    assert field.python_value(field.db_value(instant)) == instant


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers()).map(tuple))
def test_lists_survive(values: tuple[Any, ...]) -> None:
    field = ListField()
    assert field.python_value(field.db_value(values)) == values


def person(unit: Unit, /, name: str, **more: Any) -> Participant:
    address = f"{name}@x.test"
    return unit.db.insert(Participant(0, "c", address, address, name, Role.CLIENT, **more))


def test_a_numbered_record_comes_back_with_its_number(flow: Flow) -> None:
    made = flow.run(person, "joe", zone="Europe/Paris")
    assert made.id > 0
    assert flow.run(lambda unit: unit.db.get(Participant, made.id)) == made


def test_many_records_come_back_each_with_its_number(flow: Flow) -> None:
    flow.run(person, "eve")
    people = [
        Participant(0, "c", f"{name}@x.test", f"{name}@x.test", name, Role.CLIENT)
        for name in ("joe", "ann", "dana")
    ]
    made = flow.run(lambda unit: unit.db.insert_all(people))
    assert [one.name for one in made] == ["joe", "ann", "dana"]
    assert flow.run(lambda unit: [unit.db.get(Participant, one.id) for one in made]) == made


def test_bytes_are_kept_once_even_of_mails_that_come_together(flow: Flow) -> None:
    flow.run(lambda unit: keep(unit.db, b"again"))
    digests = flow.run(lambda unit: keep_all(unit.db, [b"one", b"again", b"one"]))
    kept = {blob.digest: blob.content for blob in flow.run(lambda unit: unit.db.all(Blob))}
    assert [kept[digest] for digest in digests] == [b"one", b"again", b"one"]
    assert len(kept) == 2


def test_many_records_come_back_in_their_order_with_their_numbers(flow: Flow) -> None:
    ids = [KnownId(0, "dana", f"{number}@x.test", "c") for number in range(5_000)]
    made = flow.run(lambda unit: unit.db.insert_all(ids))
    assert [one.message_id for one in made] == [one.message_id for one in ids]
    assert flow.run(lambda unit: unit.db.all(KnownId)) == list(made)


def test_changes_are_written_to_the_right_columns(flow: Flow) -> None:
    made = flow.run(person, "joe")
    values: dict[str, Any] = {
        "zone": "Asia/Tokyo",
        "name": "Joe",
        "standing": Standing.LEFT,
        "address": "j@x.test",
    }
    changed = flow.run(lambda unit: unit.db.change(made, **values))
    assert flow.run(lambda unit: unit.db.get(Participant, made.id)) == changed
    assert (changed.zone, changed.name, changed.standing) == ("Asia/Tokyo", "Joe", Standing.LEFT)


def test_records_are_found_by_values_and_by_missing_ones(flow: Flow) -> None:
    joe = flow.run(person, "joe", zone="Europe/Paris")
    ann = flow.run(person, "ann")
    assert flow.run(lambda unit: unit.db.all(Participant, conversation="c")) == [joe, ann]
    assert flow.run(lambda unit: unit.db.all(Participant, zone=None)) == [ann]
    assert flow.run(lambda unit: unit.db.find(Participant, name="joe", zone="Europe/Paris")) == joe
    assert flow.run(lambda unit: unit.db.find(Participant, name="eve")) is None


@pytest.mark.parametrize("asked", [[], ["joe"], ["joe", "eve", "ann"], ["joe", "ann", "dana"] * 30])
def test_records_are_found_by_their_keys_as_far_as_they_are_there(
    flow: Flow, asked: list[str]
) -> None:
    people = {name: flow.run(person, name) for name in ("joe", "ann", "dana", "erik")}
    keys = {people[name].id if name in people else 77 for name in asked}
    found = flow.run(lambda unit: unit.db.keyed(Participant, keys))
    assert found == {one.id: one for one in people.values() if one.id in keys}


def test_a_missing_record_is_an_error_of_ours(flow: Flow) -> None:
    with pytest.raises(NotFound, match="participant '7'"):
        flow.run(lambda unit: unit.db.get(Participant, 7))


def test_deleting_takes_what_was_named(flow: Flow) -> None:
    flow.run(person, "joe")
    ann = flow.run(person, "ann")
    flow.run(lambda unit: unit.db.delete(Participant, name="joe"))
    assert flow.run(lambda unit: unit.db.all(Participant)) == [ann]


def test_what_fails_in_an_attempt_is_undone_alone(flow: Flow) -> None:
    def work(unit: Unit) -> None:
        person(unit, "joe")
        with pytest.raises(RuntimeError), unit.db.attempt():
            person(unit, "ann")
            raise RuntimeError
        person(unit, "eve")

    flow.run(work)
    names = [one.name for one in flow.run(lambda unit: unit.db.all(Participant))]
    assert names == ["joe", "eve"]


def test_bytes_are_kept_once(flow: Flow) -> None:
    content = bytes(range(256))
    assert flow.run(lambda unit: {keep(unit.db, content) for _ in range(3)}) == {
        flow.run(lambda unit: unit.db.all(Blob))[0].digest
    }
    assert [blob.content for blob in flow.run(lambda unit: unit.db.all(Blob))] == [content]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(wanted=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), max_size=30))
def test_reserved_spans_never_overlap(flow: Flow, wanted: list[tuple[int, int]]) -> None:
    def work(unit: Unit) -> None:
        unit.db.delete(Reserved)
        for number, (begin, length) in enumerate(wanted):
            start = unit.now + timedelta(minutes=begin)
            span = Span(start, start + timedelta(minutes=length))
            taken = bool(reserved_spans(unit.db, ["dana"], span))
            with pytest.raises(SlotTaken) if taken else nullcontext():
                reserve(unit.db, str(number), ["dana"], span)
            reserve(unit.db, str(number), [f"another {number}"], span)

    flow.run(work)


def test_an_id_is_known_once_to_each_conversation(flow: Flow) -> None:
    known = KnownId(0, "dana", "a@b", "c")
    flow.run(lambda unit: unit.db.insert(known))
    with pytest.raises(Exception, match=r"(?i)unique"):
        flow.run(lambda unit: unit.db.insert(known))
