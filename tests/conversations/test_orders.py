"""What a host's command lines do, and what is said to wrong ones."""

import pytest

from mailflow.conversations.commands import read_commands
from mailflow.post.conversations import join_host
from mailflow.store.tables import Booking, Conversation
from mailflow.store.unit import Unit
from tests.conversations.test_conversation import ANN, DANA, JOE, first_contact
from tests.flow import Flow, to


def test_an_offer_goes_to_all_with_the_hosts_words_on_top(flow: Flow) -> None:
    asked = first_contact(flow)
    sent = flow.reply(DANA, asked, "Gladly, Joe.\n/offer coaching\nSee you soon.")
    assert {copy.recipient for copy in sent} == {"joe@client.test", "dana@coach.test"}
    offer = to(sent, "joe@client.test")
    assert offer["Mailflow-Kind"] == "offer"
    assert offer.text.startswith("Gladly, Joe.\nSee you soon.")
    assert "/offer coaching" not in offer.text + offer.html
    assert offer.text.count("https://flow.test/slot/") == 6
    assert "https://flow.test/offer/" in offer.text


def test_the_hosts_own_copy_has_no_links(flow: Flow) -> None:
    own = to(flow.reply(DANA, first_contact(flow), "/offer coaching"), "dana@coach.test")
    assert "/slot/" not in own.text + own.html
    assert "mailto:book" not in own.html


def test_an_offer_to_one_of_several(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    sent = flow.reply(DANA, asked, "/offer coaching ann@friend.test")
    assert "/slot/" in to(sent, "ann@friend.test").text
    assert "/slot/" not in to(sent, "joe@client.test").text


def test_words_narrow_an_offer(flow: Flow) -> None:
    offer = to(
        flow.reply(DANA, first_contact(flow), "/offer coaching 2026-12-01"), "joe@client.test"
    )
    assert "1 December 2026" in offer.text
    assert "2 December" not in offer.text


def test_explicit_times_may_break_hours(flow: Flow) -> None:
    command = "/offer coaching 2026-12-05T20:00 2026-12-06T07:15"
    offer = to(flow.reply(DANA, first_contact(flow), command), "joe@client.test")
    assert "20:00" in offer.text
    assert "07:15" in offer.text
    booked = flow.reply(JOE, offer, "1")
    assert {copy["Mailflow-Kind"] for copy in booked} == {"booking"}


def test_a_host_is_told_which_named_times_break_which_rule(flow: Flow) -> None:
    command = "/offer coaching 2026-12-05T20:00 2026-12-01T10:00 2026-11-23T11:00"
    sent = flow.reply(DANA, first_contact(flow), command)
    (warning,) = [copy for copy in sent if copy["Mailflow-Kind"] == "notice"]
    assert warning.recipient == "dana@coach.test"
    text = " ".join(warning.text.split())
    assert "Saturday 5 December 2026, 20:00: outside the hours of Dana Coach" in text
    assert "Monday 23 November 2026, 11:00: too soon" in text
    assert "1 December" not in text


def test_named_times_by_the_rules_need_no_warning(flow: Flow) -> None:
    sent = flow.reply(DANA, first_contact(flow), "/offer coaching 2026-12-01T10:00")
    assert {copy["Mailflow-Kind"] for copy in sent} == {"offer"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/ofer coaching", "/offer TYPE"),
        ("/offer couching", "coaching"),
        ("/offer", "coaching"),
        ("/offer coaching nobody@client.test", "nobody@client.test"),
        ("/offer coaching someday", "someday"),
        ("/offer coaching 2026-12-25 2020", "2020"),
        ("/offer coaching 2026-11-22", "no time is free"),
        ("/cancel", "No appointment"),
        ("/move", "No appointment"),
        ("/note", "/note TEXT"),
        ("/dance", "no command /dance"),
    ],
)
def test_a_wrong_command_is_answered_to_the_host_alone(flow: Flow, line: str, said: str) -> None:
    (answer,) = flow.reply(DANA, first_contact(flow), line)
    assert answer.recipient == "dana@coach.test"
    assert answer["Mailflow-Kind"] == "notice"
    assert said in answer.text
    assert line in answer.text


def test_what_stands_beside_a_wrong_command_is_passed_on_without_it(flow: Flow) -> None:
    sent = flow.reply(DANA, first_contact(flow), "Hello Joe.\n/dance")
    assert to(sent, "joe@client.test").text.strip() == "Hello Joe."


def test_a_note_is_kept_and_not_passed_on(flow: Flow) -> None:
    sent = flow.reply(DANA, first_contact(flow), "Thanks.\n/note pays late")
    assert "pays late" not in to(sent, "joe@client.test").raw.decode()
    assert "Noted" in to(sent, "dana@coach.test").text


def test_who_names_everybody(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    (answer,) = flow.reply(DANA, asked, "/who")
    assert "joe@client.test" in answer.text
    assert "ann@friend.test" in answer.text


def test_a_command_works_only_where_its_address_is_named(flow: Flow) -> None:
    asked = first_contact(flow)
    (notice,) = flow.mail(DANA, "joe@client.test", "/offer coaching", envelope_to=[asked.address])
    assert (notice.recipient, notice["Mailflow-Kind"]) == ("dana@coach.test", "notice")


def test_a_client_commands_nothing(flow: Flow) -> None:
    asked = first_contact(flow)
    answered = to(flow.reply(DANA, asked, "Hello."), "joe@client.test")
    (copy,) = flow.reply(JOE, answered, "/offer coaching")
    assert copy["Mailflow-Kind"] == "relay"


def test_commands_stand_among_the_first_ten_lines() -> None:
    told = read_commands("\n" * 9 + "/who\n/close")
    assert [order.name for order in told.orders] == ["who"]
    assert told.rest == "/close"


@pytest.mark.parametrize(
    "text", ["/home/dana/file", "and /offer coaching", "// no", "/ offer", "/1"]
)
def test_other_lines_are_text(text: str) -> None:
    told = read_commands(text)
    assert told.orders == []
    assert told.rest == text


def test_a_second_host_is_answered_and_named_as_themselves(flow: Flow) -> None:
    settings = flow.config.host("erik")
    asked = first_contact(flow)

    def join_erik(unit: Unit) -> None:
        (conversation,) = unit.db.all(Conversation)
        join_host(unit, conversation, settings)

    flow.run(join_erik)
    (answer,) = flow.mail("Erik <erik@school.test>", asked.address, "/who")
    assert answer.recipient == "erik@school.test"
    (answer,) = flow.mail("Erik <erik@school.test>", asked.address, "/leave")
    assert answer.recipient == "erik@school.test"


def test_the_only_host_cannot_leave(flow: Flow) -> None:
    (answer,) = flow.reply(DANA, first_contact(flow), "/leave")
    assert "/close" in answer.text


def test_one_of_several_appointments_is_named_by_its_number(flow: Flow) -> None:
    asked = first_contact(flow)
    for time in ("2026-12-01T10:00", "2026-12-02T10:00"):
        offer = to(flow.reply(DANA, asked, f"/offer coaching {time}"), "joe@client.test")
        flow.reply(JOE, offer, "1")
    (question,) = flow.reply(DANA, asked, "/cancel")
    assert "2: Wednesday 2 December 2026, 10:00" in " ".join(question.text.split())
    flow.reply(DANA, question, "/cancel 2")
    states = [one.status for one in flow.run(lambda unit: unit.db.all(Booking))]
    assert sorted(states) == ["cancelled", "confirmed"]


def test_what_answers_a_notice_is_passed_on_to_nobody(flow: Flow) -> None:
    (notice,) = flow.reply(DANA, first_contact(flow), "/who")
    (kept,) = flow.reply(DANA, notice, "Hm, Joe is a pain.")
    assert kept.recipient == "dana@coach.test"
    assert "passed on to nobody" in " ".join(kept.text.split())


def test_a_notice_stands_in_the_thread(flow: Flow) -> None:
    asked = first_contact(flow)
    first = asked["Message-ID"]
    flow.reply(DANA, asked, "Hello.")
    (notice,) = flow.reply(DANA, asked, "/who")
    assert notice["References"].split()[0] == first
    assert notice["In-Reply-To"] == notice["References"].split()[-1]


def test_a_host_begins_with_an_offer_where_the_front_door_is_named(flow: Flow) -> None:
    sent = flow.mail(DANA, ["joe@client.test", "dana@flow.test"], "Hello Joe.\n/offer coaching")
    assert {copy["Mailflow-Kind"] for copy in sent} == {"offer"}
    hidden = flow.mail(
        DANA, "ann@friend.test", "Hello Ann.\n/offer coaching", envelope_to=["dana@flow.test"]
    )
    assert {copy["Mailflow-Kind"] for copy in hidden} == {"notice"}
