"""A conversation from the first mail on: where each mail lands, and who gets it."""

import re
from pathlib import Path

from mailflow.conversations.accepting import NAMED_AT_ONCE
from mailflow.post.conversations import addresses
from mailflow.store.states import Taken
from mailflow.store.tables import Participant, TakenMail
from tests.flow import SETTINGS, Flow, Sent, to

DANA = "Dana Coach <dana@coach.test>"
JOE = "Joe Client <joe@client.test>"
ANN = "Ann Friend <ann@friend.test>"


def first_contact(flow: Flow, text: str = "Can we meet?") -> Sent:
    """Joe writes to Dana's front door; Dana's copy."""
    return to(flow.mail(JOE, "dana@flow.test", text), "dana@coach.test")


def test_a_clients_mail_reaches_the_host_alone(flow: Flow) -> None:
    (copy,) = flow.mail(JOE, "dana@flow.test", "Can we meet?", subject="Coaching?")
    assert copy.recipient == "dana@coach.test"
    assert copy["From"].startswith('"Joe Client (via Dana Coach)" <dana+')
    assert copy["Reply-To"].endswith(f"<{copy.address}>")
    assert copy["To"] == "Dana Coach <dana@coach.test>"
    assert copy["Subject"] == "Coaching?"
    assert copy["Message-ID"] == "<1@client.test>"
    assert copy["Mailflow-Kind"] == "relay"
    assert copy.text.strip() == "Can we meet?"
    assert re.fullmatch(r"bounce\+[a-z2-7]+@flow\.test", copy.sender)


def test_the_answer_reaches_the_client_in_the_hosts_name(flow: Flow) -> None:
    asked = first_contact(flow)
    (copy,) = flow.reply(DANA, asked, "Gladly.")
    assert copy.recipient == "joe@client.test"
    assert copy["From"] == f"Dana Coach <{asked.address}>"
    assert copy["In-Reply-To"] == "<1@client.test>"
    assert "coach.test" not in copy.raw.decode()


def test_the_next_answers_stay_in_the_conversation(flow: Flow) -> None:
    asked = first_contact(flow)
    answered = to(flow.reply(DANA, asked, "Gladly."), "joe@client.test")
    again = to(flow.reply(JOE, answered, "Good."), "dana@coach.test")
    assert again["Mailflow-Conversation"] == asked["Mailflow-Conversation"]


def test_ids_find_the_conversation_where_the_address_does_not(flow: Flow) -> None:
    asked = first_contact(flow)
    answered = to(flow.reply(DANA, asked, "Gladly."), "joe@client.test")
    by_reference = flow.mail(JOE, "dana@flow.test", "Good.", answers=answered)
    by_parent = flow.mail(
        JOE, "dana@flow.test", "Well.", In_Reply_To=answered["Message-ID"], subject="Other"
    )
    for sent in (by_reference, by_parent):
        assert (
            to(sent, "dana@coach.test")["Mailflow-Conversation"] == asked["Mailflow-Conversation"]
        )


def test_the_subject_is_no_evidence(flow: Flow) -> None:
    one = first_contact(flow)
    other = to(flow.mail(JOE, "dana@flow.test", subject="Re: A question"), "dana@coach.test")
    assert other["Mailflow-Conversation"] != one["Mailflow-Conversation"]


def test_a_mail_with_a_forged_token_is_not_for_us(flow: Flow) -> None:
    address = first_contact(flow).address
    name, _, domain = address.partition("@")
    forged = name[:-1] + ("a" if name[-1] != "a" else "b")
    own = flow.run(addresses)
    assert own.read(address.upper()) == own.read(address) is not None
    assert own.read(f"{forged}@{domain}") is None
    assert own.read(address.replace("dana+", "erik+")) is None


def test_a_mail_is_passed_on_once_however_often_it_comes(flow: Flow) -> None:
    asked = first_contact(flow)
    for count in (1, 0, 0):
        sent = flow.mail(
            DANA,
            asked.address,
            "Gladly.",
            Message_ID="<same@coach.test>",
            Date="Mon, 23 Nov 2026 10:00:00 +0100",
        )
        assert len(sent) == count


def test_another_mail_under_a_used_id_is_kept_as_its_own(flow: Flow) -> None:
    asked = first_contact(flow)
    flow.mail(DANA, asked.address, "Gladly.", Message_ID="<same@coach.test>")
    (copy,) = flow.mail(DANA, asked.address, "Or rather not.", Message_ID="<same@coach.test>")
    assert copy["Message-ID"] != "<same@coach.test>"
    assert "rather not" in copy.text


def test_the_same_words_under_two_used_ids_are_two_messages(flow: Flow) -> None:
    asked = first_contact(flow)
    for ident in ("<1@used.test>", "<2@used.test>"):
        flow.mail(JOE, asked.address, "Hello?", Message_ID=ident)
    for ident in ("<1@used.test>", "<2@used.test>"):
        (copy,) = flow.mail(DANA, asked.address, "Yes.", Message_ID=ident)
        assert copy.recipient == "joe@client.test"


def test_two_recipients_of_one_conversation_are_one_message(flow: Flow) -> None:
    asked = first_contact(flow)
    sent = flow.mail(
        JOE,
        ["dana@flow.test", asked.address],
        "Hello?",
        envelope_to=["dana@flow.test", asked.address],
    )
    assert [copy.recipient for copy in sent] == ["dana@coach.test"]


def test_two_hosts_get_a_conversation_each(flow: Flow) -> None:
    sent = flow.mail(JOE, ["dana@flow.test", "erik@flow.test"], "Hello both.")
    assert {copy.recipient for copy in sent} == {"dana@coach.test", "erik@school.test"}
    assert len({copy["Mailflow-Conversation"] for copy in sent}) == 2


def test_who_has_the_mail_already_gets_no_copy(flow: Flow) -> None:
    asked = first_contact(flow)
    flow.reply(DANA, asked, "Ann joins us.", cc="ann@friend.test")
    sent = flow.mail(
        JOE, [asked.address, "ann@friend.test"], "Hi Ann.", envelope_to=[asked.address]
    )
    assert [copy.recipient for copy in sent] == ["dana@coach.test"]


def test_people_named_by_a_client_wait_for_the_host(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc="ann@friend.test"), "dana@coach.test")
    again = flow.mail(JOE, asked.address, "Are you there?")
    assert [copy.recipient for copy in again] == ["dana@coach.test"]
    answered = flow.reply(DANA, asked, "I am.")
    assert {copy.recipient for copy in answered} == {"joe@client.test", "ann@friend.test"}


def test_who_is_named_twice_or_is_ours_becomes_nobody_new(flow: Flow) -> None:
    named = [JOE.upper(), ANN, "ANN@Friend.Test", "Dana@FLOW.test", "dana+any@flow.test"]
    named += ["nobody@flow.test", "Dana <DANA@private.test>"]
    asked = to(flow.mail(JOE, "dana@flow.test", cc=named), "dana@coach.test")
    answered = flow.reply(DANA, asked, "I am here.", cc="joe@CLIENT.test, DANA@coach.test")
    assert [copy.recipient for copy in answered] == ["ann@friend.test"]
    assert len(flow.run(lambda unit: unit.db.all(Participant))) == 3


def test_a_mail_brings_in_twenty_people_at_most(flow: Flow) -> None:
    crowd = [f"{number}@crowd.test" for number in range(500)]
    asked = to(flow.mail(JOE, "dana@flow.test", cc=crowd), "dana@coach.test")
    assert len(flow.reply(DANA, asked, "I am here.")) == 1 + NAMED_AT_ONCE
    flow.mail("eve@evil.test", asked.address, cc=["more@crowd.test"])
    assert len(flow.reply(DANA, asked, "Who else?")) == 1 + NAMED_AT_ONCE


def test_others_are_told_by_name_at_the_end(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    copy = to(flow.reply(DANA, asked, "I am here."), "joe@client.test")
    assert "Ann Friend" in copy.text.split("I am here.")[1]
    assert "friend.test" not in copy.raw.decode()


def test_the_host_begins_a_conversation_that_the_client_has_already(flow: Flow) -> None:
    assert (
        flow.mail(DANA, "joe@client.test", "Shall we talk?", cc="dana@flow.test", subject="Us")
        == []
    )
    (copy,) = flow.mail(
        JOE, "dana@flow.test", "Yes.", In_Reply_To="<1@client.test>", References="<1@client.test>"
    )
    assert copy.recipient == "dana@coach.test"
    (back,) = flow.reply(DANA, copy, "Good.")
    assert back.recipient == "joe@client.test"


def test_an_alias_of_the_host_is_the_host(flow: Flow) -> None:
    asked = first_contact(flow)
    (copy,) = flow.mail("Dana <dana@private.test>", asked.address, "From my phone.")
    assert copy.recipient == "joe@client.test"
    assert copy["From"].startswith("Dana Coach <")
    assert "private.test" not in copy.raw.decode()


def test_a_reply_before_its_parent_ends_up_with_it(flow: Flow) -> None:
    child = flow.mail(
        JOE,
        "dana@flow.test",
        "And one more thing.",
        References="<first@client.test>",
        subject="Re: Hi",
    )
    parent = flow.mail(JOE, "dana@flow.test", "Hi.", Message_ID="<first@client.test>", subject="Hi")
    conversations = {copy["Mailflow-Conversation"] for copy in (*child, *parent)}
    assert len(conversations) == 1


def test_automatic_mail_reaches_the_host_alone_and_is_never_answered(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc="ann@friend.test"), "dana@coach.test")
    answered = to(flow.reply(DANA, asked, "/offer coaching"), "joe@client.test")
    sent = flow.reply(JOE, answered, "2", Auto_Submitted="auto-replied")
    assert [copy.recipient for copy in sent] == ["dana@coach.test"]
    assert sent[0].sender == ""


def test_a_mail_that_was_here_before_goes_nowhere(flow: Flow) -> None:
    asked = first_contact(flow)
    back = asked.raw.replace(b"To: ", b"X-To: ", 1)
    assert flow.hand_in(back, [asked.address]) == []


def test_personal_links_that_a_reply_quotes_are_inert(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc="ann@friend.test"), "dana@coach.test")
    offered = to(flow.reply(DANA, asked, "/offer coaching"), "joe@client.test")
    link = re.search(r"https://flow\.test/slot/\S+", offered.text)
    assert link
    quoted = "\n".join(f"> {line}" for line in offered.text.splitlines())
    copies = flow.reply(JOE, offered, f"Which one?\n\n{quoted}")
    assert {copy.recipient for copy in copies} == {"dana@coach.test", "ann@friend.test"}
    for copy in copies:
        assert "Which one?" in copy.text
        assert link[0].rpartition("/")[2] not in copy.raw.decode()
        assert "book+" not in copy.text


def test_mail_to_the_postmaster_reaches_the_operator(flow: Flow) -> None:
    (copy,) = flow.mail(JOE, "postmaster@flow.test", "Your mail bounces.")
    assert (copy.recipient, copy.sender) == ("ops@example.com", "")


def test_where_the_envelope_is_rewritten_the_header_tells_the_recipient(tmp_path: Path) -> None:
    folder = tmp_path / "behind"
    folder.mkdir()
    listener = '[listener]\nrecipient_headers = ["X-Original-To"]\n'
    flow = Flow(folder, SETTINGS.replace("[authentication]", f"{listener}[authentication]"))
    mail = b"From: joe@client.test\r\nMessage-ID: <%d@x>\r\nX-Original-To: %s\r\n\r\nHello\r\n"
    (copy,) = flow.hand_in(mail % (1, b"dana@flow.test"), ["catch-all@inner.test"])
    assert copy.recipient == "dana@coach.test"
    assert flow.hand_in(mail % (2, b"nobody@flow.test"), ["catch-all@inner.test"]) == []
    (held,) = flow.run(lambda unit: unit.db.all(TakenMail, state=Taken.HELD))
    assert held.reason == "it names none of our addresses"
    flow.close()
