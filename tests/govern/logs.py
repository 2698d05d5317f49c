"""Logs made for tests: the bytes of chained entries, and ways to seal what was forged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.govern.proofs.chain import log_name
from assay.model.operation import Operation, digest

ID = "0123456789abcdef0123456789abcdef"
ORIGIN = f"assay/registry/{ID}"
REGISTRY = b'{"id":"%s"}' % ID.encode()


def entry(seq: int, prev: str | None, word: str = "") -> bytes:
    """One entry, properly sealed."""
    body = {"version": seq, "message": f"第{seq}版 {word}", "share": seq / 7}
    return Operation(
        seq, prev, f"2026-11-01T00:00:{seq % 60:02d}Z", "mira", "commit", "help", body
    ).as_bytes()


def chained(count: int, after: Sequence[bytes] = (), word: str = "") -> list[bytes]:
    """`after` and so many entries more."""
    made = list(after)
    for _ in range(count):
        made.append(entry(len(made) + 1, digest(made[-1]) if made else None, word))
    return made


class Memory:
    """Files in a dict, as the checks read them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)

    @classmethod
    def of(cls, entries: Sequence[bytes]) -> Memory:
        return cls({"registry.json": REGISTRY, **{log_name(n): data for n, data in enumerate(entries, 1)}})

    def names(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self.files if name.startswith(prefix))

    def read(self, name: str) -> bytes:
        try:
            return self.files[name]
        except KeyError:
            raise ValueError(f"{name} is missing") from None
