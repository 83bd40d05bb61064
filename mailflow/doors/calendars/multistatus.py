"""The XML that WebDAV servers answer with (RFC 4918 section 13), read without building a tree of it."""

from dataclasses import dataclass, field
from xml.parsers import expat

from mailflow.errors import UnreadableCalendar

DAV = "DAV:"
CALDAV = "urn:ietf:params:xml:ns:caldav"
SERVER = "http://calendarserver.org/ns/"

MAX_DEPTH = 20  # a property lies five deep


@dataclass(slots=True)
class Resource:
    """One response: `texts` has what stands in each element within it, by `namespace name`."""

    texts: dict[str, str] = field(default_factory=dict)

    def get(self, namespace: str, name: str) -> str:
        """The text of an element, "" where there is none."""
        return self.texts.get(f"{namespace} {name}", "").strip()

    def has(self, namespace: str, name: str) -> bool:
        """Whether there is such an element."""
        return f"{namespace} {name}" in self.texts


def read_multistatus(body: bytes) -> list[Resource]:
    """The responses of a multistatus. Raises `UnreadableCalendar`."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse  # without it there are no entities to blow up
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise UnreadableCalendar("its answer is no multistatus (RFC 4918)") from error
    if not reader.is_multistatus:
        raise UnreadableCalendar("its answer is no multistatus (RFC 4918)")
    return reader.resources


class _Reader:
    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self.is_multistatus = False
        self._path: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) == 1:
            self.is_multistatus = name == f"{DAV} multistatus"
        elif len(self._path) > MAX_DEPTH:
            raise ValueError("too deep")
        elif len(self._path) == 2:  # noqa: PLR2004 -- a child of the root
            self.resources.append(Resource())
        else:
            self.resources[-1].texts.setdefault(name, "")

    def end(self, name: str) -> None:
        self._path.pop()

    def text(self, text: str) -> None:
        if len(self._path) > 2:  # noqa: PLR2004 -- within a response
            self.resources[-1].texts[self._path[-1]] += text

    def refuse(self, *declaration: object) -> None:
        raise ValueError("a document type")
