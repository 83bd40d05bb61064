"""A mail from its bytes to a value: the one place that knows mail-parser."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_tz

import mailparser

from mailflow.errors import Unreadable
from mailflow.mail import message_ids, quoting, thread_index
from mailflow.mail.addresses import Person, people
from mailflow.mail.automatic import Automation, automation
from mailflow.mail.bodies import Attachment, Body, content_digest, read_body
from mailflow.mail.bounded_message import BoundedMessage, check_header_block
from mailflow.mail.text.cleaning import MAX_LINE, clean_line
from mailflow.mail.wire.body_hashes import BodyHashes, body_hashes
from mailflow.mail.wire.raw_headers import RawHeaders, raw_headers, unfold

MOST_AHEAD = 14 * 60 * 60  # seconds; no clock on Earth is further from UTC
# A date outside is a clock that was never set; the time of arrival is what counts anyway.
PLAUSIBLE_YEARS = range(1980, 2100)

_TRACE_FIELDS = frozenset({"received", "authentication-results"})


@dataclass(frozen=True, slots=True)
class TraceField:
    """A field that a server put on top: `name` in lower case, `value` unfolded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says; nothing in it is proven.

    Ids stand without brackets. `message_id` is made from `digest` if the mail has none. Neither
    `references` (oldest first) nor `in_reply_to` names the mail itself. `date` is in UTC, None if
    missing or absurd. `author` is empty where From names nobody, and `from_count` counts the
    mailboxes of all From fields. `text` is the whole text, quotes and all; `html` is as it came,
    unsafe to show, and `from_html` says that `text` is a rendering of it. `own_words` is what the author
    wrote, as far as the mail alone shows it. `trace` has the Received and Authentication-Results fields,
    topmost first. `digest` is equal for the same message on two ways. `body_hashes` are those that its
    signatures speak of, None if it has none.
    `clock` is how far ahead of UTC its Date says that its author's clock is, None if it does not say.
    """

    message_id: str
    aliases: tuple[str, ...]
    references: tuple[str, ...]
    in_reply_to: str | None
    thread_index: bytes | None
    subject: str
    date: datetime | None
    clock: timedelta | None
    author: Person
    from_count: int
    reply_to: tuple[Person, ...]
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    text: str
    html: str | None
    from_html: bool
    own_words: str
    flowed: bool
    attachments: tuple[Attachment, ...]
    calendars: tuple[bytes, ...]
    automation: Automation
    instance: str
    trace: tuple[TraceField, ...]
    digest: str
    body_hashes: BodyHashes | None

    def written(self, parents: Sequence[str] = ()) -> str:
        """What the author wrote, quotes and signature cut; `parents` are texts of what was answered, nearest first."""
        if not parents:
            return self.own_words
        return quoting.written("" if self.from_html else self.text, self.html, parents=parents)

    @property
    def automatic(self) -> bool:
        """Whether a machine wrote it: never to be answered or acted upon."""
        return self.automation is Automation.AUTOMATIC

    @property
    def received_count(self) -> int:
        """How many servers it passed: a loop shows here first (RFC 5321, section 6.3)."""
        return sum(field.name == "received" for field in self.trace)


def read(raw: bytes, own_domain: str, envelope_sender: str | None = None) -> Mail:
    """Read a mail. `envelope_sender` is empty or `<>` for the null sender, None where not known.

    Raises Unreadable beyond the limits (header 256 KiB and 1,000 lines, 500 parts, 50 levels), and
    for whatever else a parser stumbles over.
    """
    check_header_block(raw)
    try:
        message = message_from_bytes(raw, _class=BoundedMessage)
        return _mail(message, raw, own_domain, envelope_sender)
    except Unreadable:
        raise
    except Exception as error:  # what the parsers raise on hostile input is nowhere listed
        raise Unreadable(f"not parsable ({type(error).__name__})") from error


def _mail(message: Message, raw: bytes, own_domain: str, envelope_sender: str | None) -> Mail:
    headers = raw_headers(message.raw_items())
    authors, to, cc, reply_to = (
        people(headers.values(name)) for name in ("from", "to", "cc", "reply-to")
    )
    author = authors[0] if authors else Person("", "")
    sent = " ".join(headers.text("date").split())
    digest = content_digest(message, *(person.address for person in authors), sent)
    ids = _own_ids(headers, digest, own_domain)
    known = [*ids, *(person.address for person in (*authors, *to, *cc, *reply_to))]
    body: Body = read_body(message)
    content_type = message.get_content_type()
    return Mail(
        message_id=ids[0],
        aliases=ids[1:],
        references=_references(headers, ids, own_domain),
        in_reply_to=message_ids.in_reply_to(headers.values("in-reply-to"), known, own_domain),
        thread_index=thread_index.read(headers.text("thread-index")),
        subject=clean_line(headers.text("subject")),
        date=_date(headers),
        clock=_clock(headers),
        author=author,
        from_count=len(authors),
        reply_to=reply_to,
        to=to,
        cc=cc,
        text=body.text,
        html=body.html,
        from_html=body.from_html,
        # Here, since this is a fifth of all that a mail costs, and whoever writes to the database has no time for it.
        own_words=quoting.written("" if body.from_html else body.text, body.html),
        flowed=body.flowed,
        attachments=body.attachments,
        calendars=body.calendars,
        automation=automation(headers, content_type, author.address, envelope_sender),
        instance=clean_line(headers.text("mailflow-instance")),
        trace=_trace(headers),
        digest=digest,
        body_hashes=body_hashes(raw) if headers.values("dkim-signature") else None,
    )


def _own_ids(headers: RawHeaders, digest: str, own_domain: str) -> tuple[str, ...]:
    # Exchange gives a message an id of its own, and keeps here the one by which others know it.
    values = headers.values("message-id", "x-microsoft-original-message-id")
    return message_ids.own_ids(values, digest, own_domain)


def _references(headers: RawHeaders, own: Sequence[str], own_domain: str) -> tuple[str, ...]:
    named = message_ids.references(headers.values("references"), own_domain)
    return tuple(id_ for id_ in named if id_ not in own)


def _date(headers: RawHeaders) -> datetime | None:
    """The date as mail-parser reads it.

    It gets nothing else to read: it normalises all text that it sees, which takes quadratic time
    for runs of combining marks (256 KB of them: 25 seconds).
    """
    field = Message()
    field.set_raw("Date", headers.text("date")[:MAX_LINE])
    date = mailparser.MailParser(field).date
    return date if date is not None and date.year in PLAUSIBLE_YEARS else None


def _clock(headers: RawHeaders) -> timedelta | None:
    """The zone of the Date field; none for UTC, by which many say nothing at all (RFC 5322, section 3.3)."""
    parsed = parsedate_tz(headers.text("date")[:MAX_LINE])
    seconds = parsed[-1] if parsed else None
    if not seconds or abs(seconds) > MOST_AHEAD or seconds % 60:
        return None
    return timedelta(seconds=seconds)


def _trace(headers: RawHeaders) -> tuple[TraceField, ...]:
    return tuple(
        TraceField(name, unfold(raw)) for name, raw in headers.fields if name in _TRACE_FIELDS
    )
