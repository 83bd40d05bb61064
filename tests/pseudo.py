"""A language that stands for any other: each sentence of ours in brackets, so that one left behind has none."""

from pathlib import Path

from mailflow.languages import FOLDER
from tests.catalogues import HEADER, sentences

OPEN, CLOSE = "⟦", "⟧"


def write_pseudo(folder: Path, language: str) -> Path:
    """A folder of templates with the catalogue of `language`: the English in brackets."""
    file = folder / FOLDER / f"{language}.po"
    file.parent.mkdir(parents=True)
    lines = [HEADER.format(language=language, plurals="nplurals=2; plural=(n != 1);")]
    for sentence in sentences():
        if sentence.context:
            lines.append(f"msgctxt {_quoted(sentence.context)}")
        if isinstance(sentence.id, str):
            said = _quoted(f"{OPEN}{sentence.id}{CLOSE}")
            lines.append(f"msgid {_quoted(sentence.id)}\nmsgstr {said}\n" if sentence.id else "")
        else:
            one, more = (_quoted(f"{OPEN}{form}{CLOSE}") for form in sentence.id)
            lines.append(f"msgid {_quoted(sentence.id[0])}\nmsgid_plural {_quoted(sentence.id[1])}")
            lines.append(f"msgstr[0] {one}\nmsgstr[1] {more}\n")
    file.write_text("\n".join(lines), encoding="utf-8")
    return folder


def outside(text: str) -> str:
    """What of a text stands in no brackets."""
    depth, left = 0, []
    for letter in text:
        depth += (letter == OPEN) - (letter == CLOSE)
        if not depth and letter != CLOSE:
            left.append(letter)
    return "".join(left)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
