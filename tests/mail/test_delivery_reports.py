"""Reports as the servers of the world write them, each form once."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.delivery_reports import (
    MAX_RECIPIENTS,
    Fate,
    Finding,
    Report,
    is_bad_address,
    read_report,
    status_in,
)

RETURNED = "1.abc@flow.test"

POSTFIX = b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.client.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounce+token@flow.test
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="4TbL6M0QzRz9.1700000000/mx.client.test"

This is a MIME-encapsulated message.

--4TbL6M0QzRz9.1700000000/mx.client.test
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<joe@client.test>: host mail.client.test[192.0.2.7] said: 550 5.1.1
    <joe@client.test>: Recipient address rejected: User unknown

--4TbL6M0QzRz9.1700000000/mx.client.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.client.test
X-Postfix-Queue-ID: 4TbL6M0QzRz9
Arrival-Date: Mon, 23 Nov 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; joe@client.test
Original-Recipient: rfc822;joe@client.test
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.client.test
Diagnostic-Code: smtp; 550 5.1.1 <joe@client.test>: Recipient address rejected:
    User unknown

--4TbL6M0QzRz9.1700000000/mx.client.test
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: Dana Coach <dana+token@flow.test>
To: joe@client.test
Message-ID: <1.abc@flow.test>
Subject: Re: A question

--4TbL6M0QzRz9.1700000000/mx.client.test--
"""

EXCHANGE = b"""\
From: <postmaster@client.test>
To: <bounce+token@flow.test>
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="9B095B5ADSN=_01DAEXCHANGE"
X-MS-Exchange-Message-Is-Ndr: true
Auto-Submitted: auto-replied
Subject: Undeliverable: Re: A question

--9B095B5ADSN=_01DAEXCHANGE
Content-Type: multipart/alternative; boundary="inner-part"

--inner-part
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Delivery has failed to these recipients or groups:=0D=0A=
joe@client.test<mailto:joe@client.test>=0D=0A
--inner-part
Content-Type: text/html; charset="us-ascii"

<html><body><p>Delivery has failed</p></body></html>
--inner-part--

--9B095B5ADSN=_01DAEXCHANGE
Content-Type: message/delivery-status

Reporting-MTA: dns;EX01.client.test
Received-From-MTA: dns;flow.test
Arrival-Date: Mon, 23 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822;joe@client.test
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
X-Display-Name: Joe Client


--9B095B5ADSN=_01DAEXCHANGE
Content-Type: message/rfc822

From: Dana Coach <dana+token@flow.test>
To: <joe@client.test>
Subject: Re: A question
Message-ID: <1.abc@flow.test>
Content-Type: multipart/alternative; boundary="of-the-original"

--of-the-original
Content-Type: text/plain

Gladly.
--of-the-original--

--9B095B5ADSN=_01DAEXCHANGE--
"""

EXIM = b"""\
Return-path: <>
X-Failed-Recipients: joe@client.test,
  ann@friend.test
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.client.test>
To: bounce+token@flow.test
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  joe@client.test
    host mail.client.test [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<joe@client.test>:
    550 5.1.1 <joe@client.test> User unknown

  ann@friend.test
    mailbox is full: retry timeout exceeded

------ This is a copy of the message, including all the headers. ------

Return-path: <bounce+token@flow.test>
From: Dana Coach <dana+token@flow.test>
Message-Id: <1.abc@flow.test>
Subject: Re: A question

Gladly.
"""

QMAIL = b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.client.test
To: bounce+token@flow.test
Subject: failure notice

Hi. This is the qmail-send program at mx.client.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<joe@client.test>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <bounce+token@flow.test>
From: Dana Coach <dana+token@flow.test>
Message-ID: <1.abc@flow.test>

<ann@friend.test>:
is no recipient, but the words of the mail.
"""

SENDMAIL = b"""\
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.client.test>
To: <bounce+token@flow.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="k4N8.1700000000/mx.client.test"
Subject: Returned mail: see transcript for details
Auto-Submitted: auto-generated (failure)

This is a MIME-encapsulated message

--k4N8.1700000000/mx.client.test

The original message was received at Mon, 23 Nov 2026 10:00:00 GMT

   ----- The following addresses had permanent fatal errors -----
<joe@client.test>
    (reason: 550 5.7.1 Access denied)

--k4N8.1700000000/mx.client.test
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.client.test

Final-Recipient: RFC822; <joe@client.test>
Action: FAILED
Status: 5.0.0
Diagnostic-Code: SMTP; 550 5.7.1 Access denied
Last-Attempt-Date: Mon, 23 Nov 2026 10:00:01 GMT

--k4N8.1700000000/mx.client.test
Content-Type: message/rfc822

Message-ID: <1.abc@flow.test>
Subject: Re: A question

Gladly.

--k4N8.1700000000/mx.client.test--
"""

FORMS = {
    "Postfix": (POSTFIX, "5.1.1"),
    "Exchange": (EXCHANGE, "5.1.10"),
    "Exim": (EXIM, "5.1.1"),
    "qmail": (QMAIL, "5.1.1"),
    "Sendmail": (SENDMAIL, "5.7.1"),
}


def report(*blocks: str) -> Report:
    """What is read of a report with these blocks, one for each recipient."""
    body = "\n\n".join(("Reporting-MTA: dns; mx.test", *blocks))
    return read_report(
        f"Content-Type: multipart/report; boundary=b\n\n--b\n\nSorry.\n--b\n"
        f"Content-Type: message/delivery-status\n\n{body}\n\n--b--\n".encode()
    )


def block(action: str, status: str, diagnostic: str = "") -> str:
    lines = ["Final-Recipient: rfc822; joe@client.test"]
    lines += [f"Action: {action}"] if action else []
    lines += [f"Status: {status}"] if status else []
    lines += [f"Diagnostic-Code: smtp; {diagnostic}"] if diagnostic else []
    return "\n".join(lines)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("raw", "status"), FORMS.values(), ids=FORMS)
def test_every_servers_form_says_who_why_and_of_which_mail(
    raw: bytes, status: str, line_end: bytes
) -> None:
    read = read_report(raw.replace(b"\n", line_end))
    finding = read.findings[0]
    assert (finding.recipient, finding.fate, finding.status) == (
        "joe@client.test",
        Fate.FAILED,
        status,
    )
    assert read.message_id == RETURNED


def test_the_diagnostic_is_one_line_in_the_servers_words() -> None:
    assert read_report(POSTFIX).findings[0].diagnostic == (
        "550 5.1.1 <joe@client.test>: Recipient address rejected: User unknown"
    )
    assert (
        read_report(EXIM)
        .findings[0]
        .diagnostic.endswith("550 5.1.1 <joe@client.test> User unknown")
    )


def test_exim_gives_each_recipient_a_reason() -> None:
    first, second = read_report(EXIM).findings
    assert (second.recipient, second.diagnostic) == (
        "ann@friend.test",
        "mailbox is full: retry timeout exceeded",
    )
    assert second.diagnostic not in first.diagnostic


def test_qmails_copy_of_the_mail_names_no_recipients() -> None:
    assert [one.recipient for one in read_report(QMAIL).findings] == ["joe@client.test"]


def test_the_summary_has_nothing_of_the_returned_mail() -> None:
    for raw, _ in FORMS.values():
        assert "Gladly" not in read_report(raw).summary
        assert "joe@client.test: not delivered" in read_report(raw).summary


@pytest.mark.parametrize(
    ("action", "status", "fate"),
    [
        ("failed", "5.1.1", Fate.FAILED),
        ("failed", "4.4.7", Fate.FAILED),
        ("failed", "", Fate.FAILED),
        ("Failed (mailbox full)", "5.2.2", Fate.FAILED),
        ("", "5.1.1", Fate.FAILED),
        ("undeliverable", "5.1.1", Fate.FAILED),
        ("delayed", "4.4.1", Fate.DELAYED),
        ("delayed", "5.4.1", Fate.DELAYED),
        ("", "4.4.1", Fate.DELAYED),
        ("", "", Fate.DELAYED),
        ("relayed", "2.0.0", Fate.ON_ITS_WAY),
        ("delivered", "2.1.5", Fate.ON_ITS_WAY),
        ("expanded", "2.0.0", Fate.ON_ITS_WAY),
        ("", "2.0.0", Fate.ON_ITS_WAY),
    ],
)
def test_action_before_status_says_what_became_of_it(action: str, status: str, fate: Fate) -> None:
    assert report(block(action, status)).findings[0].fate is fate


@pytest.mark.parametrize(
    ("told", "diagnostic", "status"),
    [
        ("5.1.1", "550 5.7.1 no", "5.1.1"),
        ("5.0.0", "550 5.1.1 no such user", "5.1.1"),
        ("5.0.0", "451 4.7.1 later", "5.0.0"),
        ("5.0.0 (undefined)", "550 no such user", "5.0.0"),
        ("", "550-5.1.1 The account does not exist.", "5.1.1"),
        ("", "550 no such user", "5.0.0"),
        ("", "connection refused by 5.1.2.3", ""),
    ],
)
def test_the_status_is_the_most_telling_of_two(told: str, diagnostic: str, status: str) -> None:
    assert report(block("failed", told, diagnostic)).findings[0].status == status


@pytest.mark.parametrize(
    ("status", "bad"),
    [
        ("5.1.1", True),
        ("5.1.10", True),
        ("5.1.7", False),
        ("5.1.8", False),
        ("5.2.1", False),
        ("4.1.1", False),
        ("5.0.0", False),
        ("", False),
    ],
)
def test_a_bad_address_is_the_recipients(status: str, bad: bool) -> None:
    assert is_bad_address(status) is bad


def test_a_server_says_its_status_in_words() -> None:
    assert status_in("550 5.1.1 <joe@client.test>: no such user") == "5.1.1"
    assert status_in("554 refused") == "5.0.0"
    assert status_in("TimeoutError: 192.0.2.7") == ""


def test_recipients_are_told_apart() -> None:
    read = report(
        block("failed", "5.1.1"),
        block("delivered", "2.0.0").replace("joe@client.test", "ANN@friend.test"),
    )
    assert [one.fate for one in read.findings] == [Fate.FAILED, Fate.ON_ITS_WAY]
    found = read.about("ann@friend.test")
    assert found and found.fate is Fate.ON_ITS_WAY


def test_addresses_that_it_led_to_speak_for_it_only_together() -> None:
    failed, arrived = block("failed", "5.1.1"), block("delivered", "2.0.0")
    for blocks, fate in (([failed], Fate.FAILED), ([failed, arrived], Fate.ON_ITS_WAY)):
        found = report(*blocks).about("team@client.test")
        assert found and found.fate is fate


def test_a_mail_that_was_forwarded_is_found_by_its_first_address() -> None:
    forwarded = f"{block('failed', '5.2.2')}\nOriginal-Recipient: rfc822; joe@alumni.test"
    found = report(forwarded, block("relayed", "2.0.0")).about("joe@alumni.test")
    assert found and found.status == "5.2.2"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"From: joe@client.test\n\n<ann@friend.test>:\nis who I am.\n",
        b"Subject: Out of office\nAuto-Submitted: auto-replied\n\nI am away.\n",
        POSTFIX.replace(b"message/delivery-status", b"message/disposition-notification"),
        POSTFIX.replace(b"; boundary", b"; nothing").replace(b" boundary=", b" x="),
    ],
    ids=["nothing", "a person's words", "vacation", "read receipt", "no boundary"],
)
def test_what_is_no_report_has_no_findings(raw: bytes) -> None:
    assert read_report(raw) == Report()


def test_a_report_names_a_hundred_recipients_at_most() -> None:
    assert len(report(*[block("failed", "5.1.1")] * 1_000).findings) == MAX_RECIPIENTS


def test_a_finding_always_has_a_reason() -> None:
    assert Finding("joe@client.test", "", Fate.FAILED, "", "").reason


_PIECES = st.sampled_from(
    [
        *(line + b"\n" for line in POSTFIX.split(b"\n")),
        *(line + b"\n" for line in EXIM.split(b"\n")),
        *(line + b"\r\n" for line in QMAIL.split(b"\n")),
        b"\r",
        b"\xff\xfe",
        b"Content-Transfer-Encoding: base64\n",
    ]
)


@given(st.lists(_PIECES | st.binary(max_size=20), max_size=80).map(b"".join))
def test_any_octets_are_a_report_or_none(raw: bytes) -> None:
    read = read_report(raw, "flow.test")
    assert len(read.findings) <= MAX_RECIPIENTS
    assert all(one.recipient and one.reason for one in read.findings)
    read.about("joe@client.test")


@pytest.mark.parametrize(
    "raw",
    [
        EXIM.replace(b"\n  ann@", b",\n  ".join([b"a@b.test"] * 9_000) + b"@"),
        EXIM + b"  joe@client.test\n" * 200_000,
        QMAIL.replace(b"\n<joe", b"\n<joe@client.test>:\n" * 200_000 + b"\n<joe"),
        POSTFIX.replace(b"Action:", b"\n\n" * 500_000 + b"Action:"),
        POSTFIX.replace(b"Status: 5", b"Status: " + b"5.1." * 500_000 + b"5"),
        b"Message-ID:" * 300_000,
    ],
    ids=["failed", "paragraphs", "recipients", "blocks", "status", "ids"],
)
def test_the_largest_report_takes_no_time(raw: bytes) -> None:
    began = time.process_time()
    read_report(raw)
    assert time.process_time() - began < 2
