"""What the HTML of mail programs tells: which element is a quote, which a signature."""

import re
from collections.abc import Mapping

from mailflow.mail.text.html_text import Place, hidden

# Elements that hold a quote, the line that introduces it, or both.
_QUOTES = re.compile(
    r"gmail_attr|moz-cite-prefix|moz-forward-container|yahoo_quoted|tutanota_quote|protonmail_quote"
    r"|zmail_extra|cm_quote|front-blockquote|missive_quote|messagereplysection|olk_src_body_section"
    r"|reference-message-container|reply-intro|quoted-content|bloop_original_html|airmail_on"
)
# Elements behind which everything is quoted.
_QUOTES_BEGIN = re.compile(r"divrplyfwdmsg|appendonsend|stopspelling|zwchr|originalmessage")
_SIGNATURES = re.compile(
    r"gmail_signature|moz-signature|applemailsignature|outlook-mobile-signature"
    r"|protonmail_signature_block-(?:user|proton)|(?:^|\s)signature(?:\s|$)|ydp\w*signature"
)
_QUOTE_NAME = "quote"  # GMX and web.de


def reply_place(name: str, attributes: Mapping[str, str]) -> Place:
    """Quotes and signatures by the marks that the programs leave; an indented block is no quote."""
    style = attributes.get("style", "").replace(" ", "").lower()
    marks = " ".join(attributes.get(key, "") for key in ("id", "class", "name")).lower()
    if hidden(style) or _SIGNATURES.search(marks):
        return Place.DROPPED
    if _QUOTES_BEGIN.search(marks) or _is_outlook_border(style):
        return Place.QUOTED_TO_END
    if _QUOTES.search(marks) or attributes.get("name") == _QUOTE_NAME:
        return Place.QUOTED
    if name == "blockquote" and not ("border:none" in style and "type" not in attributes):
        return Place.QUOTED
    return Place.SHOWN


def _is_outlook_border(style: str) -> bool:
    """The line that Outlook draws above "From: ..."; borders of one's own have other paddings."""
    return "border-top:solid" in style and "padding:3.0pt0" in style
