"""Several objects as one tar file (POSIX.1-2001 pax), made while it is sent: never whole anywhere."""

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api_server.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    path: str
    size_bytes: int
    key: str


def tar_of(store: ObjectStore, members: Sequence[Member]) -> Iterator[bytes]:
    """Yield the archive."""
    for member in members:
        header = tarfile.TarInfo(member.path)
        header.size, header.mode = member.size_bytes, 0o644
        yield header.tobuf(tarfile.PAX_FORMAT)
        yield from store.read(member.key, 0, member.size_bytes)
        yield bytes(-member.size_bytes % tarfile.BLOCKSIZE)
    yield bytes(tarfile.RECORDSIZE)
