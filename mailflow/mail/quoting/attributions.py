"""Lines like "On 5 May 2026 at 10:00, Ann <ann@example.org> wrote:", in any language, folded or not.

Programs differ in words and order, but all name a time or an address, end in a colon, and most say "wrote".
So the facts of up to four lines are put together, rather than matched by a pattern for each language.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mailflow.mail.quoting.languages import OPENERS, PRONOUNS, WROTE, WROTE_WITHIN
from mailflow.mail.quoting.lines import Kind, Line

MAX_FOLDED = 4  # lines that one attribution runs over
_MAX_WORDS = 40
_FEW_WORDS = 15
_MAX_LEAD = 6  # words before the verb or the address where a name comes first

_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}月\d{1,2}日|\d{1,2}월)"
)
_TIME = re.compile(r"(?<!\d)\d{1,2}(?:[:.h時时]|시 )\d{2}(?!\d)")
_ADDRESS = re.compile(r"[^\s@<>]@[\w-]+\.\w")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_OPENER = re.compile(r"([^\W\d_]+)(?![^\W\d_]|[-'\u2019])")
_COLONS = (":", "\uff1a")
_ENDS = (*_COLONS, "--")
_DECORATION = '-\u2013\u2014*_~|"\u201c\u201e«> \t'
_AFTER_COLON = '*_"\u201d» \t\u200e\u200f\u202a\u202b\u202c'


class Attribution(NamedTuple):
    """Begins at line `start`; `certain` unless only a marked quote below would prove it."""

    start: int
    certain: bool


@dataclass(frozen=True, slots=True)
class _Facts:
    wrote: bool
    by_pronoun: bool
    date: bool
    time: bool
    address: bool
    lead: int  # words before the first verb or address
    words: int
    opens: bool  # begins as attributions do: with a preposition, a weekday or a digit

    def with_next(self, line: "_Facts") -> "_Facts":
        return _Facts(
            self.wrote or line.wrote,
            self.by_pronoun or line.by_pronoun,
            self.date or line.date,
            self.time or line.time,
            self.address or line.address,
            self.lead if self.wrote or self.address else self.words + line.lead,
            self.words + line.words,
            self.opens,
        )


def attribution_at(lines: Sequence[Line], last: int, floor: int) -> Attribution | None:
    """The attribution whose last line is `last` and which does not begin before `floor`."""
    if not _may_end(lines, last):
        return None
    end = lines[last].bare.rstrip(_AFTER_COLON)
    facts = _facts(lines[last].bare)
    shortest: Attribution | None = None
    for start in range(last, max(floor, last - MAX_FOLDED + 1) - 1, -1):
        if start < last:
            if not _may_go_on(lines[start]):
                break
            facts = _facts(lines[start].bare).with_next(facts)
        certain = _is_certain(facts, end)
        if certain or _is_likely(facts, end):
            attribution = Attribution(start, certain)
            if facts.opens and (facts.date or facts.time):
                return attribution
            shortest = shortest or attribution
    return shortest


def _may_end(lines: Sequence[Line], last: int) -> bool:
    line = lines[last]
    if line.kind is Kind.DASHED:
        return "wrote" in line.bare
    if line.kind is not Kind.TEXT:
        return False
    end = line.bare.rstrip(_AFTER_COLON)
    if end.endswith(_ENDS) or end[-20:].split(" ")[-1] in WROTE:
        return True
    # Old programs closed with the address alone.
    return end.endswith(">") and (last + 1 == len(lines) or lines[last + 1].kind is not Kind.TEXT)


def _may_go_on(line: Line) -> bool:
    """Whether an attribution may continue below `line`: not below a sentence's or another's end."""
    if line.kind is not Kind.TEXT or line.bare.endswith((*_COLONS, "!", "?", "\u3002")):
        return False
    return not (line.bare.endswith(".") and line.bare[-5:-1].isalpha())


def _facts(bare: str) -> _Facts:
    folded = bare.casefold()
    words = folded.split()
    wrote = [not WROTE.isdisjoint(_WORD.findall(word)) for word in words]
    within = any(phrase in folded for phrase in WROTE_WITHIN)
    address = _ADDRESS.search(bare) is not None
    first = folded.lstrip(_DECORATION)
    inside = ">" in bare.split("<", 1)[0].rstrip(_AFTER_COLON)  # an address began on the line above
    opener = _OPENER.match(first)
    return _Facts(
        wrote=within or any(wrote),
        by_pronoun=any(f" {phrase}" in f" {folded}" for phrase in PRONOUNS),
        date=_DATE.search(bare) is not None,
        time=_TIME.search(bare) is not None,
        address=address,
        lead=next((n for n, word in enumerate(words) if wrote[n] or "@" in word), len(words)),
        words=len(words),
        opens=not inside and (first[:1].isdigit() or bool(opener and opener[1] in OPENERS)),
    )


def _is_certain(facts: _Facts, end: str) -> bool:
    """Whether the words alone make it an attribution."""
    if facts.words > _MAX_WORDS or facts.by_pronoun:
        return False
    if not end.endswith(_ENDS):
        return facts.wrote and facts.date and facts.time and facts.address
    if facts.wrote:
        return _names_a_mail(facts)
    return facts.date and facts.time and end.endswith((">:", ">\uff1a"))


def _is_likely(facts: _Facts, end: str) -> bool:
    """Whether it is an attribution if a marked quote follows."""
    if facts.words > _MAX_WORDS:
        return False
    if not end.endswith(_ENDS):
        return facts.opens and facts.date and facts.words <= _FEW_WORDS
    if facts.wrote and (_names_a_mail(facts) or 1 < facts.words <= _MAX_LEAD):
        return True
    return facts.date and (facts.address or (facts.time and facts.opens))


def _names_a_mail(facts: _Facts) -> bool:
    if facts.address:
        by_name = facts.lead <= _MAX_LEAD and facts.words <= _FEW_WORDS
        return facts.date or facts.time or by_name
    return facts.date and (facts.opens or (facts.time and facts.lead <= _MAX_LEAD))
