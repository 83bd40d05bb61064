import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.html_rendering import MAX_QUOTE_DEPTH, RULE, render_html

TAGS = (
    "p",
    "/p",
    "br",
    "blockquote",
    "/blockquote",
    "pre",
    "/pre",
    "td",
    "hr",
    "li",
    "style",
    "/style",
)
MARKUP = st.lists(
    st.sampled_from(
        [*map("<{}>".format, TAGS), "<a href='", '">', "<!--", "-->", "x", " ", "\n", "&#99", "&"]
    )
).map("".join)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param("Hello <b>you</b>", "Hello you", id="inline"),
        pytest.param("a\n  b", "a b", id="white space"),
        pytest.param("a<br>b<br/>c", "a\nb\nc", id="breaks"),
        pytest.param("<div>a</div><div><br></div><div>b</div>", "a\n\nb", id="an empty line"),
        pytest.param("<p>a</p><p>b</p>", "a\n\nb", id="paragraphs"),
        pytest.param("<div>a<br></div><div>b</div>", "a\nb", id="break at a block's end"),
        pytest.param("<ul><li>a<li>b</ul>", "- a\n- b", id="list"),
        pytest.param("<table><tr><td>a</td><td>b</td></tr></table>", "a b", id="cells"),
        pytest.param("<pre>a\n  b</pre>", "a\n  b", id="preformatted"),
        pytest.param("a<hr>b", f"a\n{RULE}\nb", id="rule"),
        pytest.param("2&nbsp;&lt;3 &amp; &#52;", "2 <3 & 4", id="entities"),
        pytest.param("&#99999999999999999999;x", "\ufffd;x", id="a number too long"),
        pytest.param(
            "<title>no</title><style>p{}</style><script>1<2</script>yes", "yes", id="unshown"
        ),
        pytest.param("a<!-- > -->b<!doctype x>c<?xml?>d", "abcd", id="no text"),
        pytest.param("a<!-- b", "a", id="unclosed comment"),
        pytest.param("1 < 2 <", "1 < 2 <", id="loose brackets"),
        pytest.param('<p title="a > b">c', "c", id="bracket in an attribute"),
        pytest.param("<p title=it's>c</p> it's", "c\n\nit's", id="stray apostrophe"),
        pytest.param(
            'See <a href="https://x.org/a?b&amp;c">this</a>.',
            "See this <https://x.org/a?b&c>.",
            id="link",
        ),
        pytest.param('<a href="https://x.org/">https://x.org</a>', "https://x.org", id="bare link"),
        pytest.param('<a href="mailto:a@b">a@b</a>', "a@b", id="address"),
        pytest.param("<a href='javascript:x'>y</a>", "y", id="script in a link"),
    ],
)
def test_render(source: str, text: str) -> None:
    assert render_html(source) == text


def test_quotes_keep_their_structure() -> None:
    source = (
        "<div>Yes.</div><div>On Monday Ann wrote:<br></div>"
        "<blockquote><p>One</p><p>Two</p><blockquote>Deep</blockquote></blockquote>Mine"
    )
    assert render_html(source).split("\n") == [
        "Yes.",
        "On Monday Ann wrote:",
        "",
        "> One",
        ">",
        "> Two",
        ">",
        ">> Deep",
        "",
        "Mine",
    ]


def test_depth_of_quotes_is_bounded() -> None:
    assert render_html("<blockquote>" * 5_000 + "x") == ">" * MAX_QUOTE_DEPTH + " x"


MARKUP_STORMS = [
    *("<", "<a ", "<!--", "<!", "<?", "</", "<blockquote>", "<table><tr><td>", "<br>", "<style>"),
    *('<a href="', "<a href='\"'", "<a href", "= ", "x</a>", "<pre>\n", "&", "&#", " ", "\u00a0"),
]


@pytest.mark.parametrize("piece", MARKUP_STORMS)
def test_rendering_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    render_html(piece * (500_000 // len(piece)))
    assert time.process_time() - start < 2  # at most half a second on an idle machine


@given(st.one_of(st.text(max_size=200), MARKUP))
def test_any_source_has_a_text(source: str) -> None:
    assert len(render_html(source)) <= (len(source) + 1) * (MAX_QUOTE_DEPTH + 2) + len(RULE) * 50
