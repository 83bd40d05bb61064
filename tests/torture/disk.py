"""A disk that fails, and a process that dies, where a test says so: disk.c is preloaded into mailflow.

The trace that it writes tells in which order data was written, synced and sent. From that the data folder is built as
a power cut at any moment would leave it: what was synced is there, of anything later some sectors, or none.
"""

import ctypes
import mmap
import os
import re
import shutil
import struct
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag
from pathlib import Path
from random import Random

import pytest

SOURCE = Path(__file__).with_name("disk.c")

needs_compiler = pytest.mark.skipif(
    shutil.which("gcc") is None and os.environ.get("CI") != "true", reason="there is no gcc here"
)

SECTOR = 512
"""Bytes that a disk writes whole or not at all."""

FOREVER = 1_000_000_000


class Call(IntFlag):
    """What a process asks of the kernel, as disk.c knows it."""

    WRITE = 1
    SYNC = 2
    SEND = 4
    CUT = 8
    NAME = 16
    OPEN = 32
    SYNCED = 64


ANY = Call.WRITE | Call.SYNC | Call.SEND | Call.CUT | Call.NAME


class _Control(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int32) for name in ("kinds", "after", "times", "error")]


class Disk:
    """The disk below one data folder; it works well until it is told otherwise."""

    def __init__(self, scratch: Path, folder: Path) -> None:
        self._library = scratch / "disk.so"
        self._file = scratch / "disk.control"
        self._folder = folder
        self.trace = scratch / "disk.trace"
        flags = ["-shared", "-fPIC", "-O2", "-ldl", "-lpthread"]
        subprocess.run(["gcc", str(SOURCE), *flags, "-o", str(self._library)], check=True)
        self._file.write_bytes(bytes(ctypes.sizeof(_Control)))
        with self._file.open("r+b") as file:
            self._control = _Control.from_buffer(mmap.mmap(file.fileno(), 0))

    def environment(self, *, traced: bool = False) -> Mapping[str, str]:
        """What a process needs to have this disk."""
        words = {
            "LD_PRELOAD": str(self._library),
            "DISK_FOLDER": str(self._folder),
            "DISK_CONTROL": str(self._file),
        }
        return {**words, "DISK_TRACE": str(self.trace)} if traced else words

    def kill(self, calls: Call, after: int) -> None:
        """Kill the process (-9) at one of these calls, once that many went well."""
        self._set(calls, after, FOREVER, 0)

    def fail(self, calls: Call, error: int, *, after: int = 0, times: int = FOREVER) -> None:
        """Let so many of these calls fail with that errno, once some went well."""
        self._set(calls, after, times, error)

    def mend(self) -> None:
        """Let everything go well again."""
        self._control.kinds = 0

    def _set(self, calls: Call, after: int, times: int, error: int) -> None:
        self._control.kinds = 0
        self._control.after, self._control.times, self._control.error = after, times, error
        self._control.kinds = calls


@dataclass(frozen=True, slots=True)
class Event:
    """One call that went well. `name` is a path below the data folder, or `ours>theirs` of a connection."""

    call: Call
    name: str
    offset: int
    """Where it was written; a sync's number."""
    length: int
    data: bytes


def read_trace(path: Path) -> list[Event]:
    """All calls, in their order."""
    content, head = path.read_bytes(), struct.Struct("=iiqq")
    events, at = [], 0
    while at < len(content):
        kind, name_length, offset, length = head.unpack_from(content, at)
        at += head.size
        name = content[at : at + name_length].decode()
        at += name_length
        has_data = kind in (Call.WRITE, Call.SEND)
        data = content[at : at + length] if has_data else b""
        at += len(data)
        events.append(Event(Call(kind), name, offset, length, data))
    return events


@dataclass(slots=True)
class _File:
    """A file on the disk, and what was asked for since."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)
    there: bool = False
    """Whether its folder was synced since it was made."""

    def apply(self, event: Event) -> None:
        if event.call is Call.CUT:
            kept = self.synced[: event.offset]
            self.synced = kept + bytes(event.offset - len(kept))
            return
        gap = event.offset - len(self.synced)
        self.synced += bytes(max(gap, 0))
        self.synced[event.offset : event.offset + len(event.data)] = event.data


class PowerCut:
    """The data folder as it is after some of the `events`.

    `lying` are ends of names of files whose syncs do nothing: a disk, or a setting, that promises what it does not do.
    """

    def __init__(self, events: Sequence[Event], lying: tuple[str, ...] = ()) -> None:
        self._files: dict[str, _File] = defaultdict(_File)
        self._begun: dict[int, dict[str, int]] = {}
        for event in events:
            is_sync = event.call in (Call.SYNC, Call.SYNCED)
            if event.call is not Call.SEND and not (is_sync and event.name.endswith(lying)):
                self._happen(event)

    def _happen(self, event: Event) -> None:
        match event.call:
            case Call.SYNC:
                self._begun[event.offset] = {n: len(f.pending) for n, f in self._files.items()}
            case Call.SYNCED if event.name:
                self._sync(event.name, self._begun.pop(event.offset).get(event.name, 0))
            case Call.SYNCED:  # the folder itself: the names of its files
                for name in self._begun.pop(event.offset).keys() & self._files.keys():
                    self._files[name].there = True
            case Call.NAME:
                self._files.pop(event.name, None)
            case _:
                self._files[event.name].pending.append(event)

    def _sync(self, name: str, until: int) -> None:
        file = self._files[name]
        for event in file.pending[:until]:
            file.apply(event)
        del file.pending[:until]
        for names in self._begun.values():  # syncs under way count from here
            names[name] = max(names.get(name, 0) - until, 0)

    def leave(self, folder: Path, chance: Random | None = None) -> None:
        """Write the files to `folder`; with `chance`, some sectors of what was not synced among them."""
        for name, file in self._files.items():
            if not file.there:
                continue
            left = _File(bytearray(file.synced))
            for event in file.pending if chance else ():
                for part in _sectors(event):
                    if chance and chance.random() < 0.5:
                        left.apply(part)
            (folder / name.lstrip("/")).write_bytes(left.synced)


def _sectors(event: Event) -> Iterator[Event]:
    """A write cut where sectors begin; anything else whole."""
    if event.call is not Call.WRITE:
        yield event
        return
    at = 0
    while at < len(event.data):
        end = min(at + SECTOR - (event.offset + at) % SECTOR, len(event.data))
        yield Event(event.call, event.name, event.offset + at, end - at, event.data[at:end])
        at = end


def sent(events: Sequence[Event]) -> dict[tuple[int, int], bytes]:
    """What was sent on each connection, by our port and theirs."""
    streams: dict[tuple[int, int], bytearray] = defaultdict(bytearray)
    for event in events:
        if event.call is Call.SEND:
            ours, theirs = event.name.split(">")
            streams[int(ours), int(theirs)] += event.data
    return {ports: bytes(stream) for ports, stream in streams.items()}


_LETTER = re.compile(rb"RCPT TO:<([^>]+)>.*?\r\nMessage-ID: <([^>]+)>.*?\r\n\.\r\n", re.S | re.I)


def letters_sent(stream: bytes) -> list[tuple[str, str]]:
    """Recipient and message id of each letter that was sent to its end."""
    return [(to.decode(), ident.decode()) for to, ident in _LETTER.findall(stream)]
