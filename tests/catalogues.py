"""The sentences of code and templates, and the catalogues that have them in other languages.

Run as a program, by `.bin/words`, it brings `templates/languages/*.po` up to date: new sentences come in, for a
translator to fill in, and those that are gone go.
"""

from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from mailflow.languages import FOLDER

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted((ROOT / "templates" / FOLDER).glob("*.po"))

# Which functions take sentences, and in which of their arguments.
PYTHON = {"said": None, "counted": (2, 3)}
TEMPLATE = {"_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
# As `rendering` reads templates.
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}

HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def sentences() -> Catalog:
    """All that is to be translated, in the order of the files."""
    found = Catalog()
    for folder, method, keywords in (
        ("mailflow", "python", PYTHON),
        ("templates", "jinja2.ext:babel_extract", TEMPLATE),
    ):
        pattern = "**.py" if method == "python" else "**.*"
        for file, _, message, _, context in extract_from_dir(
            ROOT / folder, [(pattern, method)], {pattern: JINJA}, keywords=keywords
        ):
            found.add(message, locations=[(f"{folder}/{file}", 1)], context=context)
    return found


def read(file: Path) -> Catalog:
    """A catalogue, in the language that its name says."""
    with file.open("rb") as opened:
        return read_po(opened, Locale.parse(file.stem, sep="-"))


def updated(file: Path) -> str:
    """A catalogue with just the sentences that there are now; what is translated already stays."""
    catalogue = read(file)
    catalogue.update(sentences(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    written = BytesIO()
    write_po(written, catalogue, width=100, no_location=True, omit_header=True, sort_by_file=True)
    header = HEADER.format(language=file.stem, plurals=catalogue.plural_forms)
    return header + written.getvalue().decode().lstrip("\n")


def main() -> None:
    """Bring every catalogue up to date."""
    for file in CATALOGUES:
        file.write_text(updated(file), encoding="utf-8")


if __name__ == "__main__":
    main()
