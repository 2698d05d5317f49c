"""Records as samples of a WebDataset: members of a tar archive that share their name up to its first dot.

A sample's record is its `.json`, or `{"text": …}` of its `.txt`. Media that our own export took out of a record are put
back; a member that is read by nobody is named, with its size and SHA-256, in the record's field `__members__`, and the
name of a sample that is no id of ours stands in `__key__`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from assay.formats.compression import Bytes
from assay.formats.containers.tar import Broken, TarReader
from assay.formats.json_text import Refusal, read_json, spell
from assay.formats.media import FIELD, MediaError, is_list_of_media, put_back
from assay.model.record import EXCERPT_BYTES, Malformed, RawRecord

MOST_MEMBERS: Final = 1_001
"""Members of one sample: a record and its media."""

KEY, MEMBERS = "__key__", "__members__"
_OURS: Final = re.compile("[0-9a-f]{64}")
_TEXTS: Final = ("txt", "text", "md")
_LISTED: Final = b'"media"'


@dataclass(slots=True)
class _Sample:
    key: str
    offset: int
    size: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    fault: tuple[str, str] | None = None


def read_webdataset(stream: Bytes, limit: int) -> Iterator[RawRecord | Malformed]:
    """The samples of an archive; `limit` bounds a sample's bytes. What cannot be read is malformed, with the byte of
    its first header."""
    sample: _Sample | None = None
    number = 0

    def room(name: str) -> int:
        return max(0, limit - sample.size) if sample is not None and _split(name)[0] == sample.key else limit

    for member in TarReader(stream, room).members():
        name = "" if isinstance(member, Broken) else member.name
        key, ending = _split(name)
        if sample is not None and (isinstance(member, Broken) or key != sample.key):
            number += 1
            yield _record(sample, number, limit)
            sample = None
        if isinstance(member, Broken):
            number += 1
            yield Malformed(number, member.offset, member.size, member.code, member.message, member.excerpt)
        else:
            sample = sample or _Sample(key, member.offset)
            sample.size += member.size
            if member.data is None or len(sample.files) >= MOST_MEMBERS:
                sample.fault = ("too_large", f"a sample of {sample.size:,} bytes or too many members")
            elif ending in sample.files:
                sample.fault = ("duplicate_member", "the sample has two members of one name")
            else:
                sample.files[ending] = member.data
    if sample is not None:
        yield _record(sample, number + 1, limit)


def _split(name: str) -> tuple[str, str]:
    """The key of a member's sample, and the member's name within it."""
    folder, slash, last = name.rpartition("/")
    stem, _, ending = last.partition(".")
    return folder + slash + stem, ending


def _record(sample: _Sample, number: int, limit: int) -> RawRecord | Malformed:
    fault = sample.fault
    if fault is None:
        try:
            data = _data(sample)
            if len(data) <= limit:
                return RawRecord(number, sample.offset, data)
            fault = ("too_large", f"a record of {len(data):,} bytes")
        except _Unfit as unfit:
            fault = (unfit.code, str(unfit))
    begin = next(iter(sample.files.values()), b"")[:EXCERPT_BYTES]
    return Malformed(number, sample.offset, sample.size, *fault, begin)


class _Unfit(ValueError):
    """A sample that holds no record."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _data(sample: _Sample) -> bytes:
    """The record of a sample as JSON text. Raises _Unfit."""
    others = dict(sample.files)
    text = others.pop("json", None)
    ours = _OURS.fullmatch(sample.key) is not None
    if text is not None and not others and ours and _LISTED not in text:
        return text
    record: Any = _from_text(others) if text is None else read_json(text)
    if isinstance(record, Refusal) or not isinstance(record, dict):
        assert text is not None
        return text  # whoever decodes the record says what is wrong with it
    if is_list_of_media(record.get(FIELD)):
        used = [one["name"] for one in record[FIELD]]
        try:
            record = put_back(record, others)
        except MediaError as error:
            raise _Unfit("bad_media", str(error)) from None
        others = {name: data for name, data in others.items() if name not in used}
    if others:
        record.setdefault(MEMBERS, [_described(name, data) for name, data in others.items()])
    if not ours:
        record.setdefault(KEY, _readable(sample.key))
    try:
        return spell(record)
    except RecursionError:
        raise _Unfit("too_deep", "nested too deeply") from None


def _from_text(files: dict[str, bytes]) -> dict[str, Any]:
    for name in _TEXTS:
        if name in files:
            try:
                return {"text": files.pop(name).decode("utf-8")}
            except UnicodeDecodeError as error:
                raise _Unfit("invalid_utf8", f"byte {error.start} of the text is not UTF-8") from None
    raise _Unfit("no_record", "a sample without a .json or .txt member")


def _described(name: str, data: bytes) -> dict[str, Any]:
    return {"name": _readable(name), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _readable(name: str) -> str:
    """A name with a replacement character for each byte that is not UTF-8."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
