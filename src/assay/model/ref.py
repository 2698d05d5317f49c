"""How people name a version: `helpdesk`, `helpdesk@v2`, `helpdesk@prod`, `helpdesk@2026-11-01:train`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from assay.errors import UsageError
from assay.model.escape import acts_unseen

Kind = Literal["latest", "number", "fingerprint", "time", "name"]

NAME_RULE: Final = "letters of any script, digits, - _ and . (a letter or digit first, at most 100)"
_NAME: Final = re.compile(r"[^\W_][\w.-]{0,99}")
_NUMBER: Final = re.compile(r"v([1-9][0-9]{0,8})")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?")
_SELECTOR: Final = re.compile(
    r"(sha256:[^:]*|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z)?|[^:]*)(?::(.*))?",
    re.DOTALL,
)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{6,64}")
_DEVICES: Final = frozenset({"con", "prn", "aux", "nul"}) | {
    f"{d}{n}" for d in ("com", "lpt") for n in range(10)
}


@dataclass(frozen=True, slots=True)
class Ref:
    """A dataset, which of its versions, and which split of it (None: all).

    kind latest: `value` is None. number: "2". fingerprint: "sha256:" and 6 to 64 hex digits. time: a day or a
    minute in UTC, "2026-11-01" or "2026-11-01T12:30Z"; the version that was the newest at its end. name: a
    tag or a branch.
    """

    dataset: str
    kind: Kind = "latest"
    value: str | None = None
    split: str | None = None

    @classmethod
    def parse(cls, text: str) -> Ref:
        """The ref that `text` spells. Raises UsageError, saying what is wrong and what is accepted."""
        head, at, rest = text.partition("@")
        if not at:
            name, colon, split = head.partition(":")
            return cls(check_name(name), split=check_name(split, "split") if colon else None)
        dataset, found = check_name(head), _SELECTOR.fullmatch(rest)
        assert found is not None  # the last alternative accepts anything
        selector, split = found.group(1), found.group(2)
        kind, value = _selector(selector, text)
        return cls(dataset, kind, value, check_name(split, "split") if split is not None else None)

    @property
    def number(self) -> int | None:
        """The version number, when the ref states one."""
        return int(self.value) if self.kind == "number" and self.value is not None else None

    def __str__(self) -> str:
        which = {"latest": "", "number": f"@v{self.value}"}.get(self.kind, f"@{self.value}")
        return f"{self.dataset}{which}{'' if self.split is None else ':' + self.split}"


def _selector(selector: str, text: str) -> tuple[Kind, str]:
    if number := _NUMBER.fullmatch(selector):
        return "number", number.group(1)
    if selector.startswith("sha256:"):
        if not _DIGEST.fullmatch(selector):
            raise UsageError(
                f"{text!r} does not name a version: a fingerprint is sha256: and 6 to 64 digits of 0-9a-f",
                "copy the fingerprint from `assay log`",
            )
        return "fingerprint", selector
    if _TIME.fullmatch(selector):
        try:
            datetime.fromisoformat(selector) if "T" in selector else date.fromisoformat(selector)
        except ValueError as error:
            raise UsageError(f"{text!r} does not name a version: {error}", "write YYYY-MM-DD") from None
        return "time", selector
    return "name", check_name(selector, "tag or branch")


def end_of(moment: str) -> str:
    """The last instant that a day or a minute names, to be compared as text with times in RFC 3339 (UTC).

    Raises UsageError when `moment` is neither.
    """
    try:
        if not _TIME.fullmatch(moment):
            raise ValueError("it is no date")
        datetime.fromisoformat(moment) if "T" in moment else date.fromisoformat(moment)
    except ValueError as error:
        raise UsageError(
            f"{moment!r} is no moment: {error}", "write YYYY-MM-DD or YYYY-MM-DDTHH:MMZ"
        ) from None
    return moment.rstrip("Z") + "~"


def check_name(name: str, what: str = "dataset") -> str:
    """`name`, when it may name a dataset, a split, a tag or a branch; UsageError otherwise.

    Letters of any script, digits, `-`, `_` and `.`, at most 100; a letter or digit first, no dot last,
    Unicode NFC; no fillers that nobody sees, and nothing that an operating system keeps for itself. What is a
    name is also a file name.
    """
    hint = f"use {NAME_RULE}"
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a {what}", hint)
    if name.endswith(".") or ".." in name:
        raise UsageError(f"{name!r} cannot name a {what}: no dot at the end, no two dots in a row", hint)
    if acts_unseen(name):
        raise UsageError(f"{name!r} cannot name a {what}: it has characters that nobody sees", hint)
    if unicodedata.normalize("NFC", name) != name:
        raise UsageError(f"{name!r} cannot name a {what}: it is not in Unicode's composed form (NFC)", hint)
    if name.split(".")[0].lower() in _DEVICES:
        raise UsageError(f"{name!r} cannot name a {what}: Windows keeps that name for a device", hint)
    return name


def check_label(name: str, what: str = "tag") -> str:
    """`name`, when it may name a tag or a branch: a name that no version number or date looks like."""
    check_name(name, what)
    if _NUMBER.fullmatch(name) or _TIME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a {what}: it reads as a version or a date", "choose another name"
        )
    return name
