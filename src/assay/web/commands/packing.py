"""A zip that is made while it is sent: neither it nor what is in it lies anywhere as a whole."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

_PIECE: Final = 256 << 10
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class _Pipe:
    """Takes what the zip's writer writes, until it is fetched."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._held.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        held, self._held = self._held, []
        return b"".join(held)


def zipped(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """The bytes of a zip (deflate, zip64) with these files: names, and lines."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:  # type: ignore[call-overload]
        for name, lines in files:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            with made.open(info, "w", force_zip64=True) as entry:
                held, size = [], 0
                for line in lines:
                    held.append(line)
                    size += len(line)
                    if size >= _PIECE:
                        entry.write(b"".join(held))
                        held, size = [], 0
                        yield pipe.take()
                entry.write(b"".join(held))
            yield pipe.take()
    yield pipe.take()
