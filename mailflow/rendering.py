"""Templates to text and HTML.

HTML is always escaped, text never; a fact that is missing is an error, not a gap.
A folder of the operator's own stands before ours, so that single files can be replaced.
"""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.runtime import Context
from markupsafe import Markup, escape

from mailflow import wording
from mailflow.errors import ConfigError, NotFound
from mailflow.languages import Languages

# RFC 5322, section 2.1.1: lines should not be longer than this.
LINE_LENGTH = 78
# RFC 3676, section 4.3: the blank at its end belongs to the signature's mark.
SIGNATURE = "-- "

_SAFE_URL = re.compile(r"(?:https?://|mailto:)[^\s<>\"\\\x00-\x20\x7f]+", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Both parts of one mail: `html` is empty where a mail has a text template alone."""

    text: str
    html: str

    def filled(self, own: Mapping[str, str]) -> "Rendered":
        """The mail of one recipient: what is theirs, where its stand-in was."""
        text, html = self.text, self.html
        for mark, value in own.items():
            text = text.replace(mark, value)
            html = html.replace(mark, escape(value))
        return Rendered(tidy(text), html)


def stand_in(*facts: object) -> str:
    """What stands in a mail about `facts` for something that is filled in later.

    It is a digest of them, so that none of them can hold it; and digits, which are a link as well as a name.
    """
    return str(int.from_bytes(sha256(repr(facts).encode()).digest()[:16], "big"))


def packaged_templates() -> Path:
    """The folder of our own templates: in the installed package, or else in the repository."""
    package = Path(__file__).resolve().parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


class Templates:
    """The templates of `folders`: an earlier one hides files of a later, and may be missing.

    Each template is compiled once and kept: a change of a file is seen after a restart.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._loader = FileSystemLoader([str(folder) for folder in folders])
        self._names = tuple(self._loader.list_templates())
        self.languages = Languages(folders)
        self._html = _environment(self._loader, self.languages, autoescape=True)
        self._text = _environment(self._loader, self.languages, autoescape=False)
        self.assets_version = self._digest_of_assets()
        self._html.globals["assets_version"] = self.assets_version
        self._inliner = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

    def mail(self, name: str, language: str, **facts: object) -> Rendered:
        """Both parts of the mail `name`, styles put onto the elements: some readers drop sheets."""
        text = self.text(name, language, **facts)
        if f"mail/{name}.html" not in self._names:
            return Rendered(text, "")
        html = self._html.get_template(f"mail/{name}.html").render(facts, locale=language)
        return Rendered(text, self._inliner.inline(html))

    def text(self, name: str, language: str, **facts: object) -> str:
        """The plain text of the mail `name` alone."""
        return tidy(self._text.get_template(f"mail/{name}.txt").render(facts, locale=language))

    def page(self, name: str, language: str, **facts: object) -> str:
        """The page `name`, one HTML document."""
        return self._html.get_template(f"web/{name}.html").render(facts, locale=language)

    def asset(self, name: str) -> str:
        """A style sheet or script of the pages, as it stands in `web`. NotFound: there is none."""
        try:
            source, _, _ = self._loader.get_source(self._html, f"web/{name}")
        except TemplateNotFound as missing:
            raise NotFound("asset", name) from missing
        return source

    def _digest_of_assets(self) -> str:
        """Changes with every change of an asset, so that a browser may keep each version for ever."""
        found = (
            name for name in self._names if name.startswith("web/") and not name.endswith(".html")
        )
        contents = "".join(self.asset(name.removeprefix("web/")) for name in sorted(found))
        return sha256(contents.encode()).hexdigest()[:12]

    def names(self) -> tuple[str, ...]:
        """Every template, as `mail/offer.txt`, in order and each once."""
        return tuple(name for name in self._names if name.endswith((".txt", ".html")))

    def check(self) -> None:
        """Compile every template. ConfigError: what is wrong, file by file, and in which line."""
        mistakes = [mistake for name in self.names() if (mistake := self._mistake(name))]
        if mistakes:
            raise ConfigError(mistakes)

    def _mistake(self, name: str) -> str:
        environment = self._html if name.endswith(".html") else self._text
        try:
            environment.get_template(name)
        except TemplateSyntaxError as mistake:
            return f"{mistake.filename or name}:{mistake.lineno}: {mistake.message}"
        except (OSError, UnicodeDecodeError) as mistake:
            return f"{name}: cannot be read: {mistake}"
        return ""


def _environment(
    loader: FileSystemLoader, languages: Languages, *, autoescape: bool
) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,  # there are a few dozen templates: all are kept
    )
    environment.filters |= {**_FILTERS, "said": _in_locale(languages.say)}
    environment.globals |= _sentences(languages)
    return environment


def _sentences(languages: Languages) -> Mapping[str, Callable[..., str]]:
    """`_("…")` and its kin, in the language of the fact `locale`; what they are given is escaped, they are not.

    The extension of Jinja for that goes through three calls for each sentence, and a mail has dozens.
    """

    def filled(context: Context, sentence: str, facts: Mapping[str, object]) -> str:
        return (Markup(sentence) if context.eval_ctx.autoescape else sentence) % facts

    @pass_context
    def gettext(context: Context, message: str, **facts: object) -> str:
        return filled(context, languages.of(context["locale"]).gettext(message), facts)

    @pass_context
    def ngettext(context: Context, singular: str, plural: str, number: int, **facts: object) -> str:
        said = languages.of(context["locale"]).ngettext(singular, plural, number)
        return filled(context, said, {"num": number, **facts})

    @pass_context
    def pgettext(context: Context, meaning: str, message: str, **facts: object) -> str:
        return filled(context, languages.of(context["locale"]).pgettext(meaning, message), facts)

    return {"_": gettext, "ngettext": ngettext, "pgettext": pgettext}


def tidy(text: str) -> str:
    """Plain text in lines of at most LINE_LENGTH, but for longer words; no two lines are empty.

    What a wrapped line begins with, in blanks, its continuations begin with as well.
    """
    lines = (wrapped for line in text.splitlines() for wrapped in _wrap(line))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"


def _wrap(line: str) -> list[str]:
    if len(line) <= LINE_LENGTH:
        return [line if line == SIGNATURE else line.rstrip()]
    if line.split() == [line]:
        return [line]
    indent = line[: min(len(line) - len(line.lstrip()), LINE_LENGTH // 2)]
    return textwrap.wrap(
        line.strip(),
        LINE_LENGTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def safe_url(value: str) -> str:
    """`value` where it is an http, https or mailto link, else nothing.

    Escaping alone would not stop `javascript:`.
    """
    return value if _SAFE_URL.fullmatch(value) else ""


def line_breaks(value: str) -> Markup:
    """`value`, escaped, with its line breaks kept as elements."""
    return Markup("<br>").join(escape(line) for line in value.splitlines())


def _in_locale(words: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that says `words` in the language of the fact `locale`."""

    @pass_context
    def said(context: Context, *values: object) -> object:
        return words(*values, context["locale"])

    return said


_FILTERS: dict[str, Callable[..., Any]] = {
    "by_day": wording.by_day,
    "date": _in_locale(wording.date_in_words),
    "day": _in_locale(wording.day),
    "direction": wording.direction,
    "duration": _in_locale(wording.duration),
    "line_breaks": line_breaks,
    "month": _in_locale(wording.month),
    "name": _in_locale(wording.name),
    "names": _in_locale(wording.names),
    "offset": wording.offset,
    "safe_url": safe_url,
    "short_weekday": _in_locale(wording.short_weekday),
    "span": _in_locale(wording.span),
    "there": _in_locale(wording.there),
    "time": _in_locale(wording.time),
    "weekday": _in_locale(wording.weekday),
    "weeks": _in_locale(wording.weeks),
    "when": _in_locale(wording.when),
    "zone": wording.zone_name,
}
