"""Opening a source: what it is, what shape its records have, and its records."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, TypeVar

import numpy as np
import numpy.typing as npt
import orjson

from assay.errors import BadInput, NotFound
from assay.formats.compression import Bytes, CutShort, compression_of, decompressed
from assay.formats.containers.arrow_file import read_arrow
from assay.formats.containers.delimited import read_csv, read_tsv
from assay.formats.containers.json_array import read_json_array
from assay.formats.containers.lines import in_order, read_blocks, read_text
from assay.formats.containers.parquet import read_parquet, unpacked
from assay.formats.containers.webdataset import read_webdataset
from assay.formats.shapes import Shape, detect_shape, shape_named
from assay.model.lines import Lines
from assay.model.record import Malformed, RawRecord
from assay.model.source import Source

Read = TypeVar("Read")

MAX_RECORD_BYTES: Final = 16 << 20
"""A record of more bytes is malformed: nobody trains on it, and memory stays bounded."""

_PEEK: Final = 20
_SUFFIXES: Final = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv",
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".txt": "text", ".text": "text", ".md": "text",
    ".tar": "webdataset", ".tgz": "webdataset",
}  # fmt: skip
_STREAMS: Final[dict[str, Callable[[Bytes, int], Iterator[RawRecord | Malformed]]]] = {
    "json": read_json_array, "csv": read_csv, "tsv": read_tsv, "text": read_text,
    "webdataset": read_webdataset,
}  # fmt: skip
_WHOLE: Final[dict[str, Callable[[BinaryIO | IO[bytes]], Iterator[RawRecord | Malformed]]]] = {
    "parquet": read_parquet, "arrow": read_arrow,
}  # fmt: skip
"""Read from a file that can be sought in."""
CONTAINERS: Final = ("jsonl", *_STREAMS, *_WHOLE)


class _Counted:
    """A file that knows how far it was read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.position = 0
        self.closed = False

    def close(self) -> None:
        """The file belongs to the reader, and not to who reads through this."""

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.position += len(data)
        return data

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


class SourceReader:
    """A source that was recognised. `records` may be called once; `finish` says what was read."""

    def __init__(self, path: Path, uri: str, container: str | None, shape: str | None, limit: int) -> None:
        self.uri = uri
        self._path = path
        self._limit = limit
        try:
            self._file: BinaryIO = path.open("rb")
        except FileNotFoundError:
            raise NotFound(f"{uri} does not exist", "check the path") from None
        except OSError as error:
            raise BadInput(
                f"{uri} cannot be read: {error.strerror}", "check the file's permissions"
            ) from None
        try:
            self._stat = os.fstat(self._file.fileno())
            self.size = self._stat.st_size
            head = self._file.read(8)
            self._file.seek(0)
            self.compression = compression_of(head)
            self.container = container or self._recognise()
            if self.container not in CONTAINERS:
                raise BadInput(f"no container {self.container!r}", f"containers: {', '.join(CONTAINERS)}")
            self._counted = _Counted(self._file)
            self._unpacked: IO[bytes] | None = None
            self._blocks: Iterator[Lines] | None = None
            self.is_plain = False
            self._records = self._open()
            self.shape = self._shape(shape)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> SourceReader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        if getattr(self, "_unpacked", None) is not None:
            self._unpacked.close()  # type: ignore[union-attr]

    @property
    def bytes_read(self) -> int:
        """How far into the file, as it lies on disk, reading has come."""
        return self.size if self.container in _WHOLE else self._counted.position

    def records(self) -> Iterator[RawRecord | Malformed]:
        """All records, in order, in bounded memory."""
        return self._records

    def blocks(self) -> Iterator[Lines] | None:
        """All records as blocks of lines, in place of `records`; None where the container has no lines."""
        return self._blocks

    def finish(self) -> Source:
        """What was read. Raises BadInput when the file changed since it was opened."""
        digest = hashlib.sha256()
        with self._path.open("rb") as file:
            while data := file.read(1 << 20):
                digest.update(data)
        return self.finish_known(digest.hexdigest())

    def finish_known(self, sha256: str) -> Source:
        """`finish` where the digest of the bytes is known."""
        try:
            changed = _state(self._path.stat()) != _state(self._stat)
        except OSError:
            changed = True
        if changed:
            raise self.changed()
        return Source(self.uri, sha256, self.size, self.container, self.compression, self.shape.name)

    def changed(self) -> BadInput:
        """The error of a file that did not stay as it was."""
        return BadInput(f"{self.uri} changed while it was read", "copy it to a file that nobody writes to")

    @property
    def state(self) -> dict[str, Any]:
        """What tells that a file is as it was, without reading it, and how it is understood; JSON values.

        Whoever writes to a file moves the time of its last change (ctime), which nobody sets at will; size, inode and
        mtime are there for systems that keep none.
        """
        names = ("size", "mtime", "ctime", "inode", "device")
        return {
            "uri": self.uri,
            "path": str(self._path.absolute()),
            **dict(zip(names, _state(self._stat), strict=True)),
            "container": self.container,
            "compression": self.compression,
            "shape": self.shape.name,
        }

    @property
    def newest(self) -> int:
        """When the file last changed, as its file system says: nanoseconds since 1970."""
        return max(self._stat.st_mtime_ns, self._stat.st_ctime_ns)

    @property
    def can_seek(self) -> bool:
        """Whether `cut_out` can fetch records: lines of a file that is not compressed."""
        return self._blocks is not None and self.compression == "none"

    def cut_out(self, offset: npt.NDArray[np.int64], length: npt.NDArray[np.int64]) -> bytes:
        """Stretches of the file, one behind the other; `offset` and `length` in bytes. Raises BadInput."""
        parts = []
        try:
            with self._path.open("rb") as file:
                if _state(os.fstat(file.fileno())) != _state(self._stat):
                    raise self.changed()
                for at, size in zip(offset.tolist(), length.tolist(), strict=True):
                    file.seek(at)
                    parts.append(file.read(size))
        except OSError:
            raise self.changed() from None
        if any(len(part) != size for part, size in zip(parts, length.tolist(), strict=True)):
            raise self.changed()
        return b"".join(parts)

    def _recognise(self) -> str:
        """The container, by the name's ending and, where that leaves a choice, by the first bytes."""
        name = self._path.name.lower()
        for ending in (".gz", ".gzip", ".zst", ".zstd"):
            name = name.removesuffix(ending)
        found = _SUFFIXES.get(Path(name).suffix)
        if found not in (None, "json"):
            return found
        first = self._first_bytes()
        if first.startswith(b"PAR1"):
            return "parquet"
        if first.startswith(b"ARROW1"):
            return "arrow"
        if first[257:262] == b"ustar":
            return "webdataset"
        first = first.removeprefix(b"\xef\xbb\xbf").lstrip()
        if first.startswith(b"["):
            return "json"
        if first.startswith(b"{") or found == "json" or not first:
            return "jsonl"
        raise BadInput(
            f"cannot tell what {self.uri} holds", f"name it with --container: {', '.join(CONTAINERS)}"
        )

    def _first_bytes(self) -> bytes:
        with self._path.open("rb") as file:
            try:
                return decompressed(file, self.compression).read(4096)
            except CutShort:
                return b""

    def _open(self) -> Iterator[RawRecord | Malformed]:
        if self.container == "jsonl":
            lines = decompressed(self._counted, self.compression)  # type: ignore[arg-type]
            self._blocks = self._named(read_blocks(lines, self._limit))
            return chain.from_iterable(map(in_order, self._blocks))
        if self.container not in _WHOLE:
            stream = decompressed(self._counted, self.compression)  # type: ignore[arg-type]
            return self._named(_STREAMS[self.container](stream, self._limit))
        if self.compression == "none":
            return self._named(_WHOLE[self.container](self._file))
        self._unpacked = unpacked(decompressed(self._counted, self.compression))  # type: ignore[arg-type]
        return self._named(_WHOLE[self.container](self._unpacked))

    def _named(self, records: Iterator[Read]) -> Iterator[Read]:
        """The records; an error that ends the reading says which file it was."""
        try:
            yield from records
        except BadInput as error:
            raise BadInput(f"{self.uri}: {error.message}", error.hint) from None
        except OSError as error:
            raise BadInput(
                f"{self.uri} cannot be read: {error.strerror or error}", "check the disk"
            ) from None

    def _shape(self, name: str | None) -> Shape:
        if name is not None:
            return shape_named(name)
        peeked = self._peek()
        known = [fields for record in peeked if (fields := _fields(record)) is not None]
        if not known:
            return shape_named("text" if self.container == "text" else "input_output")
        found = detect_shape(known)
        if found is None:
            keys = ", ".join(sorted(map(str, known[0]))[:12]) or "none"
            raise BadInput(
                f"cannot tell the shape of {self.uri}; its first record has the fields: {keys}",
                "name the shape with --format; docs/formats.md lists them",
            )
        self.is_plain = found.flat is not None and all(set(fields) <= set(found.flat) for fields in known)
        return found

    def _peek(self) -> list[RawRecord | Malformed]:
        """The first records, which stay to be read."""
        if self._blocks is None:
            peeked = list(islice(self._records, _PEEK))
            self._records = chain(peeked, self._records)
            return peeked
        taken: list[Lines] = []
        for block in self._blocks:
            taken.append(block)
            if sum(map(len, taken)) >= _PEEK:
                break
        self._blocks = chain(taken, self._blocks)
        self._records = chain.from_iterable(map(in_order, self._blocks))
        return list(islice(chain.from_iterable(map(in_order, taken)), _PEEK))


def _state(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev


def _fields(record: RawRecord | Malformed) -> Mapping[str, Any] | None:
    if isinstance(record, Malformed):
        return None
    if not isinstance(record.data, bytes):
        return record.data
    try:
        value = orjson.loads(record.data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def open_source(
    path: str | Path,
    *,
    uri: str | None = None,
    container: str | None = None,
    shape: str | None = None,
    limit: int = MAX_RECORD_BYTES,
) -> SourceReader:
    """Open a file and recognise its compression, container and shape, unless they are named.

    Raises NotFound for a missing file, BadInput for a folder, a file that cannot be opened, or one whose
    container or shape cannot be told.
    """
    place = Path(path)
    if place.is_dir():
        raise BadInput(f"{path} is a folder", f"name its files, such as {place / '*.jsonl'}")
    if container is not None and container not in CONTAINERS:
        raise BadInput(f"no container {container!r}", f"containers: {', '.join(CONTAINERS)}")
    return SourceReader(place, uri or str(path), container, shape, limit)
