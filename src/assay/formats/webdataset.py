"""A version as a WebDataset: tar shards with one sample an example, the same bytes for the same rows."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final

from assay.errors import UsageError
from assay.formats.export import ExportRow
from assay.formats.json_text import spell
from assay.formats.media import FIELD, listed, take_out

SHARD_BYTES: Final = 256 << 20
"""A shard ends with the sample that reaches this size."""

STATED: Final = ("origin", "generator", "licence", "created", "depth")
"""Columns of provenance that stand beside the payload, as a record states them."""

_END: Final = bytes(2 * tarfile.BLOCKSIZE)


def write_shards(
    folder: Path, splits: Iterable[tuple[str, Iterable[ExportRow]]], shard_bytes: int = SHARD_BYTES
) -> dict[str, int]:
    """Write `{split}-000000.tar`, … under `folder`; each shard's name and its samples.

    A sample is `{id}.json`, the payload with the provenance that is known, and a file for each medium that the payload
    holds as a `data:` URL: `{id}.0.png`, named in the JSON's list `media` with its SHA-256. No shard takes its name
    before all are whole. Raises UsageError when the folder holds other shards, which would be read with these.
    """
    written: dict[str, int] = {}
    with ExitStack() as stack:
        shards: list[tuple[Path, Path]] = []
        for split, rows in splits:
            for number, samples in enumerate(_shards(rows, shard_bytes)):
                name = f"{split}-{number:06d}.tar"
                temporary = folder / f".{name}.{os.getpid()}.part"
                stack.callback(temporary.unlink, missing_ok=True)
                with temporary.open("wb") as file:
                    written[name] = _write(file, samples)
                    file.flush()
                    os.fsync(file.fileno())
                shards.append((temporary, folder / name))
        strange = sorted(path.name for path in folder.glob("*.tar") if path.name not in written)
        if strange:
            raise UsageError(
                f"{folder} holds {strange[0]}, which is not of this export and would be read with it",
                "name an empty folder",
            )
        for temporary, path in shards:
            temporary.replace(path)
    return written


def _shards(rows: Iterable[ExportRow], shard_bytes: int) -> Iterator[Iterator[list[tuple[str, bytes]]]]:
    """The samples of a split, a shard at a time; at least one shard. Each must be read before the next."""
    samples = map(sample, rows)
    rest: list[list[tuple[str, bytes]]] = []

    def one() -> Iterator[list[tuple[str, bytes]]]:
        size = 0
        while size < shard_bytes:
            found = rest.pop() if rest else next(samples, None)
            if found is None:
                return
            yield found
            size += sum(len(_header(name, data)) + len(data) + -len(data) % 512 for name, data in found)

    yield one()
    while (found := next(samples, None)) is not None:
        rest.append(found)
        yield one()


def sample(row: ExportRow) -> list[tuple[str, bytes]]:
    """The members of an example's sample: its record, then its media."""
    payload, media = take_out(row.payload)
    known = {name: row.provenance[name] for name in STATED if row.provenance.get(name) is not None}
    record: dict[str, Any] = {**payload, **known}
    if media:
        record[FIELD] = listed(media)
    key = row.id.hex()
    return [(f"{key}.json", spell(record)), *((f"{key}.{one.name}", one.data) for one in media)]


def _write(file: BinaryIO, samples: Iterable[list[tuple[str, bytes]]]) -> int:
    count = 0
    for members in samples:
        for name, data in members:
            file.write(_header(name, data))
            file.write(data)
            file.write(bytes(-len(data) % tarfile.BLOCKSIZE))
        count += 1
    file.write(_END)
    return count


def _header(name: str, data: bytes) -> bytes:
    """A header of POSIX.1-1988: no owner, no time, nothing that depends on the machine."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), 0, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT)
