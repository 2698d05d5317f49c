"""Sources to chunks: the reading end of a curation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from assay.curate.chunk import Chunk
from assay.errors import UsageError
from assay.formats.decode import decode
from assay.formats.source import SourceReader, open_source
from assay.model.lines import Lines
from assay.model.record import Malformed, Parsed, RawRecord
from assay.model.source import Source

CHUNK_BYTES = 4 << 20
GRAIN = 2 * 10**9
"""Nanoseconds for which a source must have been left alone before what was read of it is trusted: the coarsest grain of
a file system's times."""
_WORTH_PROCESSES = 16 << 20


class Sources:
    """Every source of one curation, opened and recognised before the first record is read.

    Eval sources come first: of two equal examples the earlier stays. Raises UsageError when a source is
    named twice. `uris`: path → the name under which a source goes, where that is not its path. `splits`: path → the
    split where its rows stand.
    """

    def __init__(
        self,
        paths: Sequence[str],
        eval_paths: Sequence[str],
        *,
        container: str | None,
        shape: str | None,
        uris: Mapping[str, str] | None = None,
        splits: Mapping[str, str] | None = None,
    ) -> None:
        named = [*eval_paths, *paths]
        twice = sorted({path for path in named if named.count(path) > 1})
        if twice:
            raise UsageError(f"named twice: {', '.join(twice)}", "name each source once")
        if not paths and not eval_paths:
            raise UsageError("no source was named", "name at least one file")
        self._stack = ExitStack()
        self.read: list[Source] = []
        self.index: list[list[Lines]] = []
        """For each source that was read, where its records lie, if they can be fetched again."""
        self.eval_positions = frozenset(range(len(eval_paths)))
        self.placed = {k: splits[path] for k, path in enumerate(named) if splits and path in splits}
        """Position of a source → the split where all its rows stand."""
        self.readers: list[SourceReader] = []
        try:
            for path in named:
                uri = (uris or {}).get(path, path)
                reader = open_source(path, uri=uri, container=container, shape=shape)
                self.readers.append(self._stack.enter_context(reader))
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def uris(self) -> list[str]:
        return [reader.uri for reader in self.readers]

    @property
    def suit_threads(self) -> bool:
        """Whether threads get through all sources sooner than processes: where the compiled kernel reads the first
        records whole, or there is less to read than processes take to start."""
        return self.bytes_total < _WORTH_PROCESSES or all(reader.is_plain for reader in self.readers)

    @property
    def bytes_total(self) -> int:
        return sum(reader.size for reader in self.readers)

    @property
    def bytes_read(self) -> int:
        return sum(reader.bytes_read for reader in self.readers)

    def states(self) -> list[dict[str, Any]]:
        """What tells that every source is as it was, and how it is understood; JSON values."""
        return [reader.state for reader in self.readers]

    @property
    def can_seek(self) -> bool:
        """Whether every record can be fetched again from where it lies."""
        return all(reader.can_seek for reader in self.readers)

    def at_rest(self, now: int) -> bool:
        """Whether no source changed shortly before `now` (nanoseconds since 1970, by the clock of a file system). One
        that did may change again and look the same, because times of files have a grain."""
        return all(reader.newest + GRAIN < now for reader in self.readers)

    def take_as_read(self, digests: Sequence[str]) -> None:
        """All sources as read, with these SHA-256. Raises BadInput when one changed since it was opened."""
        self.read = [
            reader.finish_known(digest) for reader, digest in zip(self.readers, digests, strict=True)
        ]

    def chunks(self, batch_rows: int) -> Iterator[Chunk]:
        """All records, in order. Raises BadInput when a source changed while it was read."""
        for position, reader in enumerate(self.readers):
            self.index.append([])
            function: Callable[[RawRecord], Parsed | Malformed] = partial(decode, shape=reader.shape)
            flat, blocks = reader.shape.flat, reader.blocks()
            made = partial(Chunk, position, reader.uri, reader.shape.name, decode=function, flat=flat)
            if blocks is None:
                yield from (
                    made(records=tuple(records)) for records in _batched(reader.records(), batch_rows)
                )
            else:
                for block in blocks:
                    self.index[-1].append(replace(block, data=b"", malformed=()))
                    yield from (made(lines=piece) for piece in block.pieces(batch_rows))
            self.read.append(reader.finish())


def _batched(records: Iterable[RawRecord | Malformed], rows: int) -> Iterator[list[RawRecord | Malformed]]:
    batch: list[RawRecord | Malformed] = []
    size = 0
    for record in records:
        batch.append(record)
        if isinstance(record, RawRecord) and isinstance(record.data, bytes):
            size += len(record.data)
        if len(batch) >= rows or size >= CHUNK_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
