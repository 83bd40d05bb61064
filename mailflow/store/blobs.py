"""Bytes that are kept once, whatever names them: few as one row, many in pieces, which never need stand in memory."""

from collections.abc import Collection, Iterable, Iterator
from hashlib import sha256
from typing import IO

from mailflow.mail.spooled import PIECE, Content, pieces
from mailflow.store.columns import TABLES
from mailflow.store.session import Session
from mailflow.store.tables import Blob, Piece


def keep(db: Session, content: Content) -> str:
    """Keep bytes once; returns their digest."""
    return keep_all(db, [content])[0]


def keep_all(db: Session, contents: Iterable[Content]) -> list[str]:
    """Keep the bytes of each once; returns their digests."""
    digests: list[str] = []
    few: list[Blob] = []
    for content in contents:
        if isinstance(content, bytes) and len(content) <= PIECE:
            few.append(Blob(sha256(content).hexdigest(), content))
            digests.append(few[-1].digest)
        else:
            digests.append(_keep_in_pieces(db, content))
    if few:
        db.insert_all(few, once=True)
    return digests


def kept(db: Session, digest: str) -> bytes:
    """The bytes that were kept under a digest, as a whole; raises `NotFound`."""
    return b"".join(kept_pieces(db, digest))


def few_kept(db: Session, digests: Collection[str]) -> dict[str, bytes]:
    """The bytes that were kept under digests, by digest; without those that lie in pieces."""
    blobs = db.keyed(Blob, set(digests))
    return {digest: blob.content for digest, blob in blobs.items() if not blob.pieces}


def kept_pieces(db: Session, digest: str) -> Iterator[bytes]:
    """As `kept`, a piece at a time."""
    yield from _pieces(db, db.get(Blob, digest))


def beginning(db: Session, digest: str) -> tuple[bytes, bool]:
    """The first of the bytes that were kept under a digest, and whether they are all of them. Raises `NotFound`."""
    blob = db.get(Blob, digest)
    return next(_pieces(db, blob)), not blob.pieces


def write_out(db: Session, digest: str, file: IO[bytes]) -> int:
    """Write the bytes that were kept under a digest to a file; returns how many there are. Raises `NotFound`."""
    return sum(map(file.write, kept_pieces(db, digest)))


def _pieces(db: Session, blob: Blob) -> Iterator[bytes]:
    if not blob.pieces:
        yield blob.content
    piece, last = TABLES[Piece], 0
    for _ in range(blob.pieces):
        (found,) = db.select(Piece, piece.blob == blob.digest, piece.id > last, limit=1)
        yield found.content
        last = found.id


def forget(db: Session, digest: str) -> int:
    """Let go the bytes that were kept under a digest; returns how many blobs that were."""
    db.delete(Piece, blob=digest)
    return db.delete(Blob, digest=digest)


def _keep_in_pieces(db: Session, content: Content) -> str:
    hashed = sha256()
    for piece in pieces(content):
        hashed.update(piece)
    digest = hashed.hexdigest()
    if db.find(Blob, digest=digest) is None:
        _insert_pieces(db, digest, content)
    return digest


def _insert_pieces(db: Session, digest: str, content: Content) -> None:
    number = 0
    for piece in pieces(content):
        db.insert(Piece(0, digest, piece))
        number += 1
    db.insert(Blob(digest, b"", number))
