"""The log: one file an operation, chained by digests; putting the next is the only way to change anything."""

from __future__ import annotations

from collections.abc import Callable

from assay.errors import Conflict, Damaged, NotFound, StorageFailure
from assay.model.operation import Operation, digest
from assay.store.storage import Storage

PREFIX = "log/"


def log_key(seq: int) -> str:
    """Where an operation lies: "log/00000001.json"."""
    return f"{PREFIX}{seq:08d}.json"


class Log:
    """The operations of a storage, in order. What was read once in this process is not read again."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._entries: list[Operation] = []
        self._head: str | None = None
        self._listed = False

    @property
    def whole(self) -> Log:
        """The log with all its operations: itself, unless it is one as of a moment."""
        return self

    def entries(self) -> list[Operation]:
        """All operations so far. Raises Damaged, naming the first file missing or out of the chain."""
        self._refresh()
        return list(self._entries)

    def head(self) -> tuple[int, str | None]:
        """Sequence number and digest of the newest operation; (0, None) for an empty log."""
        self._refresh()
        return len(self._entries), self._head

    def since(self, seq: int) -> list[Operation]:
        """The operations after number `seq`."""
        self._refresh()
        return self._entries[seq:]

    def try_append(self, build: Callable[[int, str | None], Operation]) -> Operation | None:
        """One attempt: `build(seq, prev)` makes the operation; None when somebody else was first."""
        self._refresh()
        seq, prev = len(self._entries) + 1, self._head
        operation = build(seq, prev)
        if (operation.seq, operation.prev) != (seq, prev):
            raise ValueError("build must use the sequence number and digest it is given")
        data = operation.as_bytes()
        try:
            won = self.storage.put_if_absent(log_key(seq), data)
        except StorageFailure as error:
            raise self._doubtful(error, seq, data) from error
        if not won:
            return None
        self._entries.append(operation)
        self._head = digest(data)
        return operation

    def append(self, build: Callable[[int, str | None], Operation]) -> Operation:
        """Append until it is ours. `build` is called anew each time and may raise to give up."""
        while True:
            before = len(self._entries)
            done = self.try_append(build)
            if done is not None:
                return done
            self._refresh()
            if len(self._entries) == before:
                raise Conflict(f"{log_key(before + 1)} exists but cannot be read", "run the command again")

    def _doubtful(self, error: StorageFailure, seq: int, data: bytes) -> StorageFailure:
        """After a failed write: say so when the entry nevertheless stands."""
        try:
            stands = self.storage.get(log_key(seq)) == data
        except (NotFound, StorageFailure):
            return error
        if not stands:
            return error
        return StorageFailure(
            f"{error.message}; operation {seq} is in the log, but a power cut now may lose it",
            "look at `assay log` before doing it again",
        )

    def _refresh(self) -> None:
        last = 0
        if not self._listed:
            # A gap is told from the end of the log only by what lies beyond it.
            last = max((_number(s.key) for s in self.storage.list(PREFIX)), default=0)
            self._listed = True
        while True:
            seq = len(self._entries) + 1
            key = log_key(seq)
            try:
                data = self.storage.get(key)
            except NotFound:
                if seq <= last:
                    self._listed = False
                    raise Damaged(f"{key} is missing", "restore it from a copy of the registry") from None
                return
            try:
                operation = check_entry(data, seq, self._head)
            except Damaged:
                self._listed = False
                raise
            self._entries.append(operation)
            self._head = digest(data)


def check_entry(data: bytes, seq: int, prev: str | None) -> Operation:
    """The operation in `data`, which must be number `seq` and follow the entry with digest `prev`."""
    key, hint = log_key(seq), "restore it from a copy of the registry"
    try:
        operation = Operation.from_bytes(data)
    except ValueError as error:
        raise Damaged(f"{key} is damaged: {error}", hint) from None
    if operation.seq != seq:
        raise Damaged(f"{key} holds operation {operation.seq}", hint)
    if operation.prev != prev:
        raise Damaged(f"{key} does not follow the entry before it: one of them was changed", hint)
    return operation


def _number(key: str) -> int:
    stem = key.removeprefix(PREFIX).removesuffix(".json")
    return int(stem) if stem.isascii() and stem.isdigit() else 0
