"""Nothing that a stranger writes becomes a header field, a command, a calendar's property, an element or code."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import mailflow
from tests.flow import Flow
from tests.injections import EVIL, differences, told

ROOT = Path(mailflow.__file__).parent.parent
PIECES = st.one_of(
    st.text(max_size=20), st.sampled_from(EVIL), st.sampled_from("\r\n\0\x1b\u2028=?:;,<>@")
)


def test_the_worst_of_them_change_nothing_in_what_goes_out() -> None:
    assert differences(EVIL) == []


@settings(max_examples=15)
@given(st.lists(PIECES, max_size=4).map("".join))
def test_no_text_changes_anything_in_what_goes_out(evil: str) -> None:
    # Without a letter there would be no Subject at all.
    assert differences([f"x{evil}"]) == []


def test_nor_where_assertions_are_left_out() -> None:
    done = subprocess.run(
        [sys.executable, "-O", "-m", "tests.injections"], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_nothing_that_comes_in_is_guarded_by_an_assertion() -> None:
    files = sorted((ROOT / "mailflow").rglob("*.py"))
    trees = {file: ast.parse(file.read_text("utf-8")) for file in files}
    found = [
        f"{file}:{node.lineno}"
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert len(files) > 100
    assert found == []


def test_code_comes_out_as_it_was_written(flow: Flow) -> None:
    code = "{{7*7}}{% if x %}{# y #}"
    sent = told(flow, code)
    relayed = [copy for copy in sent if copy["Mailflow-Kind"] == "relay"]
    assert all(code in copy.text for copy in relayed)
    assert not any(re.search(r"\b49\b", copy.text) for copy in sent)
