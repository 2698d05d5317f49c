"""An evidence pack, checked: its files against its manifest, its log entries against its checkpoint."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from assay.govern.proofs.chain import log_name, log_number
from assay.govern.proofs.files import FolderFiles, ZipFiles, is_plain
from assay.govern.proofs.merkle import check_consistency, check_inclusion, leaf_hash
from assay.govern.proofs.note import Checkpoint, Key, parse_key, parse_note
from assay.govern.proofs.registry_check import (
    CHECKPOINTS,
    Given,
    Kept,
    bad_signature,
    check_log,
    read_checkpoint,
    read_given,
    signers,
)
from assay.govern.proofs.report import Held, Report
from assay.govern.proofs.spelling import parse_entry

MANIFEST = "manifest"
MANIFEST_HEAD = "assay.evidence.v1"
CHECKPOINT = "checkpoint"
KEY = "key.pub"
_LISTED = re.compile(r"([0-9a-f]{64})  (\S+)")
_INCLUSION = re.compile(r"proofs/([0-9]{8,15})\.json")


def inclusion_name(seq: int) -> str:
    """Where a pack has the proof that entry `seq` is in the checkpoint's log."""
    return f"proofs/{seq:08d}.json"


def consistency_name(first: int, second: int) -> str:
    """Where a pack has the proof that the log of `first` entries became that of `second`."""
    return f"proofs/{first:08d}-{second:08d}.json"


def check_evidence(files: FolderFiles | ZipFiles, keys: Sequence[Key] = (), given: Given = ()) -> Report:
    """Check a pack; never raises on damage.

    `keys`: who may have signed; without any, the pack's own `key.pub` is used, and the report says so. `given`:
    checkpoints kept elsewhere.
    """
    report = Report()
    if not keys:
        keys = _own_key(report, files)
    _check_manifest(report, files, keys)
    names = files.names()
    if CHECKPOINT not in names:
        report.add(
            "checkpoint", CHECKPOINT, "the pack has no checkpoint: nothing vouches for its log entries"
        )
        return report
    head = _read(report, files, CHECKPOINT)
    if head is None:
        return report
    report.origin = head.origin
    signed, wrong = signers(head.note, keys)
    if wrong or (keys and not signed):
        report.findings.append(bad_signature(CHECKPOINT, wrong))
    kept: Kept = [(CHECKPOINT, head, False, signed)]
    for name in (name for name in names if name.startswith(CHECKPOINTS)):
        one = _read(report, files, name)
        if one is not None:
            kept.append((name, one, False, signers(one.note, keys)[0]))
    kept += read_given(report, given, keys)
    entries = [seq for name in names if (seq := log_number(name))]
    report.whole = bool(entries) and not any(_INCLUSION.fullmatch(name) for name in names)
    if report.whole:
        check_log(report, files, kept, str)
        if max(entries) > head.size:
            beyond = head.size + 1
            report.add(
                "insertion", log_name(beyond), f"no checkpoint covers the entries from {beyond} on", beyond
            )
    else:
        _check_extract(report, files, head)
        _hold_extract(report, files, head, kept)
    return report


def _own_key(report: Report, files: FolderFiles | ZipFiles) -> tuple[Key, ...]:
    if KEY not in files.names():
        return ()
    try:
        key = parse_key(files.read(KEY).decode("utf-8"))
    except ValueError as error:
        report.add("key", KEY, str(error))
        return ()
    report.own_key = True
    return (key,)


def _read(report: Report, files: FolderFiles | ZipFiles, name: str) -> Checkpoint | None:
    try:
        data = files.read(name)
    except ValueError as error:
        report.add("checkpoint", name, str(error))
        return None
    return read_checkpoint(report, name, data)


def _check_manifest(report: Report, files: FolderFiles | ZipFiles, keys: Sequence[Key]) -> None:
    try:
        note = parse_note(files.read(MANIFEST))
        listed = parse_manifest(note.text)
    except ValueError as error:
        report.add("manifest", MANIFEST, str(error))
        return
    report.manifest_signed, wrong = signers(note, keys)
    if wrong or (keys and not report.manifest_signed):
        report.findings.append(bad_signature(MANIFEST, wrong))
    present = set(files.names()) - {MANIFEST}
    for name in sorted(present - listed.keys()):
        report.add("manifest", ascii(name)[1:-1], "the manifest does not list it: it was put in")
    for name, digest in listed.items():
        try:
            if name not in present:
                report.add("manifest", name, "the manifest lists it, and it is missing")
            elif files.sha256(name) != digest:
                report.add("manifest", name, "its bytes are not those that the manifest lists: they changed")
        except ValueError as error:
            report.add("manifest", name, str(error))
    report.listed = len(listed)


def parse_manifest(text: str) -> dict[str, str]:
    """Path → SHA-256 (hex) of a manifest's text. Raises ValueError."""
    lines = text.split("\n")[:-1]
    if lines[:1] != [MANIFEST_HEAD]:
        raise ValueError(f"not a manifest: its first line is {MANIFEST_HEAD}")
    found: dict[str, str] = {}
    for line in lines[1:]:
        match = _LISTED.fullmatch(line)
        if match is None or not is_plain(match[2]) or match[2] in found or match[2] == MANIFEST:
            raise ValueError(f"not a manifest line: {line[:100]!a}")
        found[match[2]] = match[1]
    return found


def _check_extract(report: Report, files: FolderFiles | ZipFiles, head: Checkpoint) -> None:
    """Every entry must be whole and proven; entries that are neighbours must be chained."""
    names = set(files.names())
    report.size, report.root = head.size, head.root
    for name in sorted(name for name in names if _INCLUSION.fullmatch(name)):
        seq = int(name[7:-5])
        if log_name(seq) not in names:
            report.add("deletion", log_name(seq), f"entry {seq} has a proof and is missing", seq)
    before: tuple[int, bytes] | None = None
    for seq in sorted(filter(None, map(log_number, names))):
        name = log_name(seq)
        try:
            data = files.read(name)
            value = parse_entry(data)
        except ValueError as error:
            report.add("bit_flip", name, f"the bytes of entry {seq} were changed: {error}", seq)
            continue
        report.entries += 1
        problem = _unproven(files, head, seq, data)
        if value["seq"] != seq:
            report.add("reordering", name, f"the file holds entry {value['seq']}", seq)
        elif problem:
            report.add(
                "proof", inclusion_name(seq), f"entry {seq} is not shown to be in the log: {problem}", seq
            )
        elif before and before[0] == seq - 1 and value["prev"] != _hash(before[1]):
            report.add("rewrite", name, f"entry {seq} does not follow entry {seq - 1}", seq)
        before = (seq, data)


def _unproven(files: FolderFiles | ZipFiles, head: Checkpoint, seq: int, data: bytes) -> str:
    """Why entry `seq` is not proven; nothing when it is."""
    try:
        path = _path(files, inclusion_name(seq))
    except ValueError as error:
        return str(error)
    return "" if check_inclusion(seq - 1, head.size, leaf_hash(data), path, head.root) else "the proof fails"


def _hold_extract(report: Report, files: FolderFiles | ZipFiles, head: Checkpoint, kept: Kept) -> None:
    """Hold the checkpoint against the others: the same root, or a proof that one became the other."""
    for file, one, outside, signed in kept:
        old, new = sorted((one, head), key=lambda point: point.size)
        problem = ""
        if old.size == new.size:
            problem = "" if old.root == new.root else "another root for the same size"
        else:
            try:
                path = _path(files, consistency_name(old.size, new.size))
                if not check_consistency(old.size, new.size, old.root, new.root, path):
                    problem = "the proof fails"
            except ValueError as error:
                report.add(
                    "proof", file, f"nothing here leads from {old.size} to {new.size} entries: {error}"
                )
                report.checkpoints.append(Held(file, one, outside, signed, "unreached"))
                continue
        if problem:
            report.add(
                "fork", file, f"the log of {new.size:,} entries did not grow out of {old.size:,}: {problem}"
            )
        report.checkpoints.append(Held(file, one, outside, signed, "fork" if problem else "holds"))


def _path(files: FolderFiles | ZipFiles, name: str) -> list[bytes]:
    """The hashes of a proof file. Raises ValueError."""
    try:
        value: Any = json.loads(files.read(name).decode("utf-8"))
        path = value["path"]
        if not isinstance(path, list) or len(path) > 128:
            raise ValueError(f"{name} is not a proof")
        return [bytes.fromhex(part) for part in path]
    except (KeyError, TypeError, RecursionError):
        raise ValueError(f"{name} is not a proof") from None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
