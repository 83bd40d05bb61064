"""HTML as people read it."""

import pytest

from mailflow.mail.text.html_text import MAX_LINES, rendered


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("one<br>two<br><br>three", "one\ntwo\n\nthree"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<p> white \n\t space&nbsp; and <b>bold</b>ness </p>", "white space and boldness"),
        ("<b>one</b> <i>two</i>", "one two"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<ol><li>one<ul><li>in</ul><li>two</ol>", "1. one\n\n- in\n\n2. two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ],
)
def test_blocks_and_lines(html: str, text: str) -> None:
    assert rendered(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://a.example/x">here</a>', "here (https://a.example/x)"),
        ('<a href="https://a.example/">a.example</a>', "a.example"),
        ("<a href='https://a.example'>https://a.example/</a>", "https://a.example/"),
        ('<a href="mailto:n@a.example">n@a.example</a>', "n@a.example"),
        ('<a href="https://a.example?x=1&amp;y=2">go</a>.', "go (https://a.example?x=1&y=2)."),
        ('<a href="javascript:alert(1)">go</a>', "go"),
        ('<a href="https://a.example"><img src="cid:1"></a>', ""),
        ('<a name="top">top</a>', "top"),
        ('<a href="https://a.example/1">one<a href="https://a.example/2">two</a>',
         "onetwo (https://a.example/2)"),
    ],
)  # fmt: skip
def test_links(html: str, text: str) -> None:
    assert rendered(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "a<blockquote>b<blockquote>c</blockquote>d</blockquote>e",
            "a\n\n> b\n>\n> > c\n>\n> d\n\ne",
        ),
        ("<blockquote><p>a<p>b</blockquote>c", "> a\n>\n> b\n\nc"),
        ("<div><blockquote>a</div>b", "> a\n\nb"),
        ("<p>a<blockquote>b</p>c</blockquote>", "a\n\n> bc"),
    ],
)
def test_quotes(html: str, text: str) -> None:
    assert rendered(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<head><title>t</title><style>a<b</style></head>x", "x"),
        ("<script>if (a<b) '</p>'</script>x", "x"),
        ("<style>never closed", ""),
        ("<!-- a > b -->x<!-->y", "xy"),
        ("<!-- never closed > x", "x"),
        ("<![if !mso]>x<![endif]><?xml version='1'?>", "x"),
        ('<div style="DISPLAY: none">hidden<div>too</div></div>x', "x"),
        ("<o:p>x</o:p>", "x"),
    ],
)
def test_what_is_not_seen(html: str, text: str) -> None:
    assert rendered(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("&lt;b&gt; &amp;amp; &#228; &#xE4; &euro; &nosuch;", "<b> &amp; ä ä € &nosuch;"),
        ("&#0; &#xD800; &#99999999999;", "\ufffd \ufffd \ufffd9999;"),
        ("1 < 2 <3", "1 < 2 <3"),
        ("Nora <nora@lind.example> wrote", "Nora <nora@lind.example> wrote"),
        ("<p title='a>b'>x", "x"),
        ("<p title=Bob's>x</p> it's", "x\n\nit's"),
        ('<p title="never closed>x', 'x'),
        ("x<p", "x<p"),
        ("</nosuch></p>x", "x"),
    ],
)  # fmt: skip
def test_characters_and_broken_tags(html: str, text: str) -> None:
    assert rendered(html) == text


def test_lines_are_capped() -> None:
    assert rendered("x<br>" * (MAX_LINES + 9)).count("x") == MAX_LINES
