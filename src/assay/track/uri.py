"""URIs of versions for the tools of others: `assay://helpdesk@v2/train?fingerprint=sha256:…`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, unquote, urlsplit

from assay.errors import UsageError
from assay.track.receipt import Receipt

SCHEME: Final = "assay"
_FINGERPRINT: Final = re.compile(r"fingerprint=(sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class VersionUri:
    """A version, or one split of it, by name and by content: who follows the name can tell whether it is the same."""

    version: str
    fingerprint: str
    split: str | None = None

    @property
    def ref(self) -> str:
        """`helpdesk@v2:train`."""
        return f"{self.version}:{self.split}" if self.split else self.version

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """What a receipt's run learned from."""
        return cls(receipt.version, receipt.fingerprint, receipt.split)

    def __str__(self) -> str:
        dataset, _, selector = self.version.partition("@")
        split = f"/{quote(self.split, safe='')}" if self.split else ""
        version = f"@{quote(selector, safe=':')}" if selector else ""
        return f"{SCHEME}://{quote(dataset, safe='')}{version}{split}?fingerprint={self.fingerprint}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The URI that `str` spelled. Raises UsageError."""
        try:
            parts = urlsplit(text)
        except ValueError:
            raise _none_of(text) from None
        found = _FINGERPRINT.fullmatch(parts.query)
        split = unquote(parts.path.removeprefix("/"))
        if parts.scheme != SCHEME or not parts.netloc or found is None or "/" in split:
            raise _none_of(text)
        return cls(unquote(parts.netloc), found[1], split or None)


def _none_of(text: str) -> UsageError:
    return UsageError(
        f"{text[:80]!r} is no URI of a version",
        "one looks like assay://helpdesk@v2/train?fingerprint=sha256:…",
    )
