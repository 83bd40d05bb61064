"""The header fields that a copy keeps from the mail that it passes on."""

import re

from mailflow.errors import UnsafeValue
from mailflow.mail.text import encoded_words
from mailflow.mail.text.charsets import decoded
from mailflow.mail.wire import header_fields, mime_parts
from mailflow.mail.wire.header_fields import Value, Verbatim
from mailflow.mail.wire.mime_encoding import has_long_line
from mailflow.mail.wire.mime_parts import Field

# All others stay behind: traces, signatures and results that the copy would belie, addresses
# that are nobody's business, and lists and receipts that would act on the copy's readers.
_TEXTS = frozenset({"subject", "thread-topic"})
_IDS = frozenset({"message-id", "in-reply-to", "references"})
_LITERALS = frozenset(
    {
        "date",
        "thread-index",
        "auto-submitted",
        "importance",
        "priority",
        "x-priority",
        "sensitivity",
    }
)
_CARRIED = _TEXTS | _IDS | _LITERALS

_ID = re.compile(r"<([^<>]+)>")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def carried_fields(raw: bytes) -> list[tuple[str, Value]]:
    """Subject, Date, ids and the like of the mail `raw`, in its order, for `writing.head`.

    Octets are kept wherever they may go out as they are; else texts are encoded anew, ids
    written plainly, and what is neither is left out. Of a field that is there twice, the first.
    """
    fields, _ = mime_parts.halves(raw)
    carried: dict[str, tuple[str, Value]] = {}
    for field in fields:
        key = field.name.lower()
        if key in _CARRIED and key not in carried:
            carried[key] = field.name, _value(field)
    return list(carried.values())


def _value(field: Field) -> Value:
    if _may_go_out(field):
        return Verbatim(field.raw)
    key = field.name.lower()
    unfolded = _unfolded(field)
    if key in _TEXTS:
        return _CONTROLS.sub(" ", unfolded)
    if key in _IDS:
        found = _ID.findall(encoded_words.decode(unfolded))
        return header_fields.ids("".join(bare.split()) for bare in found)
    return ""


def _may_go_out(field: Field) -> bool:
    # A reader that takes what an encoded word holds for header lines must find none in it.
    if field.name.lower() in _TEXTS and _CONTROLS.search(encoded_words.decode(_unfolded(field))):
        return False
    try:
        return not has_long_line(header_fields.field(field.name, Verbatim(field.raw)))
    except UnsafeValue:
        return False


def _unfolded(field: Field) -> str:
    return decoded(field.raw.replace(b"\r\n", b"")).strip()
