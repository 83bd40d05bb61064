from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from mailflow import wording
from mailflow.errors import ConfigError, NotFound
from mailflow.phrases import Said
from mailflow.rendering import LINE_LENGTH, Templates, packaged_templates, safe_url, stand_in, tidy
from tests.page_samples import HEAVY, PAGES
from tests.samples import MAILS, Facts

# Gmail hides the end of a longer one.
HTML_CAP = 90_000
# A page, its style sheet and its script together: a month full of times, and the choice of all time zones, too.
PAGE_CAP = 30_000

TEMPLATES = Templates([packaged_templates()])

HOSTILE = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    "</style><svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "x onclick=alert(1)",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "https://evil.example/\"onclick='x",
    "<!-- ",
    "--> <b>x</b>",
    "<![CDATA[<b>x</b>]]>",
    "<!--[if mso]><b>x</b><![endif]-->",
    "{{7*7}}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{# x #}",
    "{{ ''.__class__.__mro__ }}",
    "${7*7} #{7*7} <%= 7*7 %>",
    "&lt;script&gt;&#60;b&#62;",
    "&quot; onclick=&quot;x",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<a href='//evil.example'>x</a><form action=//evil.example><input>",
    "\u202etxt.exe\u2066 \x00 \x1b[31m \ufeff",
    "expression(alert(1)); } * { display: none",
)
# What our own code decides, and no stranger.
OURS = {"kind", "change", "status", "zones", "name"}
LINKS = {"url", "mailto", "action"}

Sample = tuple[str, Facts]


class Tags(HTMLParser):
    """Each start tag of a document, with its attributes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.found]

    def values(self, *attributes: str) -> list[str]:
        return [
            found[name] or "" for _, found in self.found for name in attributes if name in found
        ]


def is_link(name: str) -> bool:
    return name in LINKS or name.endswith("_url")


def filled(name: str, value: Any, text: str, wanted: Callable[[str], bool]) -> Any:
    """`value` with `text` for each string in it that has a wanted name."""
    if isinstance(value, str):
        return text if wanted(name) else value
    if isinstance(value, dict):
        return {key: filled(name, each, text, wanted) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(filled(name, each, text, wanted) for each in value)
    if isinstance(value, Said):  # the sentence is ours, its facts may be anybody's
        return replace(value, facts=filled("facts", value.facts, text, wanted))
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(
            value, **{key: filled(key, each, text, wanted) for key, each in parts.items()}
        )
    return value


def with_text(facts: Facts, text: str) -> dict[str, Any]:
    def wanted(name: str) -> bool:
        return name not in OURS and not is_link(name)

    return {name: filled(name, value, text, wanted) for name, value in facts.items()}


def with_link(facts: Facts, link: str) -> dict[str, Any]:
    return {name: filled(name, value, link, is_link) for name, value in facts.items()}


def documents(text: str) -> list[tuple[str, str]]:
    """All our HTML of all samples, with `text` for whatever strangers may have written."""
    mails = [
        (f"mail {n}", TEMPLATES.mail(t, "en", **with_text(f, text)).html)
        for n, (t, f) in MAILS.items()
    ]
    pages = [
        (f"page {n}", TEMPLATES.page(t, "en", **with_text(f, text))) for n, (t, f) in PAGES.items()
    ]
    return mails + pages


every_mail = pytest.mark.parametrize("sample", MAILS.values(), ids=MAILS.keys())
every_page = pytest.mark.parametrize("sample", PAGES.values(), ids=PAGES.keys())


@pytest.mark.parametrize("name", MAILS)
def test_mails_go_out_as_agreed(name: str, golden: Callable[[str, bytes], None]) -> None:
    template, facts = MAILS[name]
    rendered = TEMPLATES.mail(template, "en", **facts)
    golden(f"{name}.txt", rendered.text.encode())
    if rendered.html:
        golden(f"{name}.html", rendered.html.encode())


def test_every_template_compiles_and_has_a_sample() -> None:
    TEMPLATES.check()
    shared = {"mail/base.html", "mail/parts.html", "mail/parts.txt", "mail/answers.txt"}
    shared |= {"web/base.html", "web/parts.html"}
    shown = {f"web/{template}.html" for template, _ in PAGES.values()}
    sent = {f"mail/{template}.{part}" for template, _ in MAILS.values() for part in ("txt", "html")}
    assert set(TEMPLATES.names()) == shared | shown | (
        sent - {"mail/relay_footer.html", "mail/invite.html"}
    )


@every_mail
def test_text_says_all_that_the_html_links_to(sample: Sample) -> None:
    rendered = TEMPLATES.mail(sample[0], "en", **sample[1])
    for link in Tags(rendered.html).values("href"):
        assert link.removeprefix("mailto:") in rendered.text


@every_mail
def test_mails_stay_in_bounds(sample: Sample) -> None:
    rendered = TEMPLATES.mail(sample[0], "en", **sample[1])
    assert len(rendered.html.encode()) < HTML_CAP
    assert all(len(line) <= LINE_LENGTH for line in rendered.text.splitlines())
    assert not Tags(rendered.html).values("src", "background", "onclick")


@every_mail
def test_every_fact_is_needed_to_render_a_mail(sample: Sample) -> None:
    with pytest.raises(UndefinedError):
        TEMPLATES.mail(sample[0], "en")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_strangers_words_add_no_element(hostile: str) -> None:
    for (name, benign), (_, attacked) in zip(documents("words"), documents(hostile), strict=True):
        assert Tags(attacked).shape() == Tags(benign).shape(), name


def test_strangers_words_are_no_template() -> None:
    code, words = "{{7*7}}", "seventy"
    for (name, attacked), (_, benign) in zip(documents(code), documents(words), strict=True):
        assert attacked.replace(code, words) == benign, name
    for template, facts in MAILS.values():
        attacked = TEMPLATES.mail(template, "en", **with_text(facts, code)).text
        assert (
            attacked.replace(code, words)
            == TEMPLATES.mail(template, "en", **with_text(facts, words)).text
        )


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " javascript:x", "data:text/html,x", "//evil.example"]
)
def test_links_go_to_the_web_or_to_mail_alone(link: str) -> None:
    rendered = [TEMPLATES.mail(t, "en", **with_link(f, link)).html for t, f in MAILS.values()]
    rendered += [TEMPLATES.page(t, "en", **with_link(f, link)) for t, f in PAGES.values()]
    for document in rendered:
        assert link not in Tags(document).values("href", "action")


@every_page
def test_pages_keep_to_their_content_security_policy(sample: Sample) -> None:
    tags = Tags(TEMPLATES.page(sample[0], "en", **sample[1]))
    names = {name for _, attributes in tags.found for name in attributes}
    assert "style" not in names
    assert not any(name.startswith("on") for name in names)
    assert not any(tag == "style" for tag, _ in tags.found)
    assert [a.get("src") for tag, a in tags.found if tag == "script"] == [
        f"/assets/zone.js?v={TEMPLATES.assets_version}"
    ]


@every_page
def test_pages_have_one_heading_one_main_and_a_label_for_each_field(sample: Sample) -> None:
    tags = Tags(TEMPLATES.page(sample[0], "en", **sample[1])).found
    names = [tag for tag, _ in tags]
    assert (names.count("h1"), names.count("main")) == (1, 1)
    ids = {attributes["id"] for _, attributes in tags if "id" in attributes}
    labelled = {
        attributes["for"] for tag, attributes in tags if tag == "label" and "for" in attributes
    }
    asked = {
        a["id"]
        for tag, a in tags
        if tag in {"input", "textarea", "select"} and a.get("type") != "hidden"
    }
    assert asked == labelled
    assert {a["aria-describedby"] for _, a in tags if "aria-describedby" in a} <= ids


def test_a_form_with_mistakes_keeps_what_was_typed() -> None:
    template, facts = PAGES["confirm-mistakes"]
    page = TEMPLATES.page(template, "en", **facts)
    assert 'value="joe@"' in page
    assert ">\nMy talk</textarea>" in page
    assert '<p class="error" id="address-error">This address has no end.</p>' in page


def test_no_page_is_heavy() -> None:
    assets = len((TEMPLATES.asset("mailflow.css") + TEMPLATES.asset("zone.js")).encode())
    pages = {n: TEMPLATES.page(t, "en", **f) for n, (t, f) in {**PAGES, **HEAVY}.items()}
    assert {n for n, page in pages.items() if len(page.encode()) + assets >= PAGE_CAP} == set()


@pytest.mark.parametrize("name", ["nothing.css", "../mail/base.html", "/etc/passwd", ""])
def test_an_asset_that_is_not_there_is_not_found(name: str) -> None:
    with pytest.raises(NotFound):
        TEMPLATES.asset(name)


def test_the_operators_file_stands_before_ours(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "not_found.html").write_text("gone fishing {{ 6 * 7 }}")
    templates = Templates([tmp_path, packaged_templates()])
    assert templates.page("not_found", "en") == "gone fishing 42"
    assert templates.names() == TEMPLATES.names()


def test_a_folder_may_be_missing(tmp_path: Path) -> None:
    assert Templates([tmp_path / "none", packaged_templates()]).names() == TEMPLATES.names()


def test_check_names_file_and_line_of_every_mistake(tmp_path: Path) -> None:
    for folder, name, text in [
        ("mail", "offer.txt", b"Hello\n{% if %}"),
        ("web", "slot.html", b"{{ title | shout }}"),
        ("web", "host.html", b"\xff"),
    ]:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        Templates([tmp_path, packaged_templates()]).check()
    offer, host, slot = caught.value.mistakes
    assert offer.startswith(f"{tmp_path}/mail/offer.txt:2: ")
    assert host.startswith("web/host.html: cannot be read: ")
    assert slot.startswith(f"{tmp_path}/web/slot.html:1: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("\n\na\n\n\n\nb  \n\n", "a\n\nb\n", id="empty-lines"),
        pytest.param("a\n-- \nb", "a\n-- \nb\n", id="signature-mark"),
        pytest.param(
            "  " + "word " * 20,
            "  " + "word " * 14 + "word\n  " + "word " * 4 + "word\n",
            id="indent",
        ),
        pytest.param(
            "see https://a.example/" + "b" * 80,
            "see\nhttps://a.example/" + "b" * 80 + "\n",
            id="link",
        ),
        pytest.param("", "\n", id="nothing"),
    ],
)
def test_text_is_tidied(text: str, expected: str) -> None:
    assert tidy(text) == expected


@given(st.text(st.sampled_from("ab -\n\t\u2003é"), max_size=400))
def test_tidied_text_keeps_its_words_and_the_line_length(text: str) -> None:
    tidied = tidy(text)
    assert tidied.split() == text.split()
    assert "\n\n\n" not in tidied
    for line in tidied.splitlines():
        assert len(line) <= LINE_LENGTH or " " not in line.strip()


@pytest.mark.parametrize("language", TEMPLATES.languages.tags)
@given(people=st.lists(st.text("Aé<&>א -", min_size=1), min_size=1, max_size=9))
def test_a_draft_that_is_filled_in_is_the_mail_itself(language: str, people: list[str]) -> None:
    names, page = stand_in("names"), f"https://{stand_in('page')}"
    template, facts = MAILS["booking-made"]
    draft = TEMPLATES.mail(template, language, **{**facts, "people": [names], "page_url": page})
    own = {page: "https://flow.example.com/b/1?a&b", names: wording.names(people, language)}
    mail = TEMPLATES.mail(template, language, **{**facts, "people": people, "page_url": own[page]})
    assert draft.filled(own) == mail


@pytest.mark.parametrize(
    "text", [" " * 200_000 + "x", "x" * 200_000, "x " * 100_000, "\n" * 200_000, "\t" * 200_000]
)
def test_large_text_is_tidied_in_bounds(text: str) -> None:
    assert len(tidy(text)) <= len(text) * 2


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("https://meet.example.com/dana?a=1&b=2", True),
        ("HTTP://meet.example.com", True),
        ("mailto:book+abc@flow.example.com", True),
        ("javascript:alert(1)", False),
        ("https:evil", False),
        ("https://a b", False),
        ("https://a\n", False),
        ('https://a"b', False),
        ("//evil.example", False),
        ("/assets", False),
        ("12 Long Lane", False),
        ("", False),
    ],
)
def test_only_web_and_mail_addresses_are_links(value: str, safe: bool) -> None:
    assert safe_url(value) == (value if safe else "")
