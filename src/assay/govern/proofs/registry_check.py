"""A registry's log, checked: the chain, the Merkle root, and the checkpoints it is held against."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence

from assay.govern.proofs.chain import Finding, log_name, log_number, read_chain
from assay.govern.proofs.files import Files
from assay.govern.proofs.note import Checkpoint, Key, Note, parse_checkpoint
from assay.govern.proofs.report import Report, hold

ORIGIN = "assay/registry/"
CHECKPOINTS = "checkpoints/"
_STORED = re.compile(r"checkpoints/[0-9]{8,15}-([0-9a-f]{16})\.note")
_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")
Given = Sequence[tuple[str, bytes]]  # (where it lies, bytes) of checkpoints kept elsewhere
Kept = list[tuple[str, Checkpoint, bool, tuple[Key, ...]]]


def origin_of(registry_json: bytes) -> str:
    """The origin of a registry's checkpoints, from its registry.json. Raises ValueError."""
    try:
        value = json.loads(registry_json.decode("utf-8"))
    except RecursionError:
        raise ValueError("registry.json is nested too deeply") from None
    id = value.get("id") if isinstance(value, dict) else None
    if not isinstance(id, str) or not _ID.fullmatch(id):
        raise ValueError("registry.json has no id of letters, digits and ._-")
    return ORIGIN + id


def stored_name(size: int, data: bytes) -> str:
    """Where a registry keeps a checkpoint with these bytes."""
    return f"{CHECKPOINTS}{size:08d}-{hashlib.sha256(data).hexdigest()[:16]}.note"


def check_registry(
    files: Files, keys: Sequence[Key] = (), given: Given = (), traces: Callable[[], str] = str
) -> Report:
    """Check the log under `files` against itself, its own checkpoints and those `given`; never raises on damage.

    `keys`: each given checkpoint must be signed with one of them. `traces` is asked, when the log is too short, for
    evidence beside it that it was once longer.
    """
    report = Report()
    try:
        report.origin = origin_of(files.read("registry.json"))
    except ValueError as error:
        report.add("registry", "registry.json", f"it does not say which registry this is: {error}")
    kept = _stored(report, files, keys)
    kept += read_given(report, given, keys)
    check_log(report, files, kept, traces)
    return report


def check_log(report: Report, files: Files, kept: Kept, traces: Callable[[], str]) -> None:
    """Check a log that should be whole."""
    places = {seq for name in files.names("log/") if (seq := log_number(name)) is not None}
    chain = read_chain(places, lambda seq: files.read(log_name(seq)), {one.size for _, one, _, _ in kept})
    report.entries = len(places)
    report.size, report.root = chain.sound, chain.roots.get(chain.sound, b"")
    if chain.damage:
        report.findings.append(chain.damage)
    too_short = any(one.size > chain.reach for _, one, _, _ in kept)
    hold(report, chain, kept, traces() if too_short else "")


def read_given(report: Report, given: Given, keys: Sequence[Key]) -> Kept:
    """The checkpoints that were brought along; what is wrong with one is a finding, and it counts no further."""
    kept: Kept = []
    for file, data in given:
        one = read_checkpoint(report, file, data)
        if one is None:
            continue
        signed, wrong = signers(one.note, keys)
        if wrong or (keys and not signed):
            report.findings.append(bad_signature(file, wrong))
        else:
            kept.append((file, one, True, signed))
    return kept


def read_checkpoint(report: Report, file: str, data: bytes) -> Checkpoint | None:
    """The checkpoint, when it is one of this log; otherwise a finding."""
    try:
        one = parse_checkpoint(data)
    except ValueError as error:
        report.add("checkpoint", file, str(error))
        return None
    if report.origin and one.origin != report.origin:
        report.add("origin", file, f"it is of another log: {one.origin[:80]!a}, not {report.origin}")
        return None
    return one


def signers(note: Note, keys: Sequence[Key]) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """The keys that signed, and those whose signature is there and wrong."""
    said = {key: note.signed_by(key) for key in dict.fromkeys(keys)}
    return tuple(k for k, ok in said.items() if ok), tuple(k for k, ok in said.items() if ok is False)


def bad_signature(file: str, wrong: Sequence[Key]) -> Finding:
    """The finding for a note with a wrong signature, or with none of a known key."""
    if wrong:
        return Finding(
            "signature", None, file, f"the signature of {wrong[0].name}+{wrong[0].id.hex()} is wrong"
        )
    return Finding("signature", None, file, "it is not signed with the key that was given")


def _stored(report: Report, files: Files, keys: Sequence[Key]) -> Kept:
    """The checkpoints that lie in the registry. One without a known signature still says what it says."""
    kept: Kept = []
    for name in files.names(CHECKPOINTS):
        found = _STORED.fullmatch(name)
        try:
            data = files.read(name) if found else b""
        except ValueError as error:
            report.add("checkpoint", name, str(error))
            continue
        if found is None:
            continue
        if hashlib.sha256(data).hexdigest()[:16] != found[1]:
            report.add("checkpoint", name, "its bytes are not what its name says: they changed")
            continue
        one = read_checkpoint(report, name, data)
        if one is None:
            continue
        signed, wrong = signers(one.note, keys)
        if wrong:
            report.findings.append(bad_signature(name, wrong))
        kept.append((name, one, False, signed))
    return kept
