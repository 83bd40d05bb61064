"""What is told apart, by mail program and language: one file for each mail, beside what its author wrote."""

from pathlib import Path

import pytest

from mailflow.mail.quoting import written

MAILS = Path(__file__).parent / "quoting"


def mails(suffix: str) -> list[str]:
    return sorted(path.stem for path in MAILS.glob(f"*{suffix}"))


def read(name: str) -> str:
    return (MAILS / name).read_text("utf-8")


def expected(name: str) -> str:
    return read(f"{name}.expected").removesuffix("\n")


@pytest.mark.parametrize("name", mails(".txt"))
def test_text(name: str) -> None:
    assert written(read(f"{name}.txt")) == expected(name)


@pytest.mark.parametrize("name", mails(".html"))
def test_html(name: str) -> None:
    assert written("", read(f"{name}.html")) == expected(name)


@pytest.mark.parametrize("name", mails(".txt"))
def test_line_ends_make_no_difference(name: str) -> None:
    assert written(read(f"{name}.txt").replace("\n", "\r\n")) == expected(name)
