"""evidence: everything that proves a version, in one zip that checks itself offline."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from assay.errors import StorageFailure, UsageError
from assay.govern.card_facts import CardFacts
from assay.govern.evidence import named_objects, quoted, readme
from assay.govern.filling import Fill
from assay.govern.proofs.files import MAX_FILE
from assay.govern.proofs.note import parse_checkpoint
from assay.model.operation import Operation
from assay.registry.governing.describing import Described, describe
from assay.registry.governing.papers import FORMATS, load_fill, render_card
from assay.store.objects import object_key

if TYPE_CHECKING:
    from assay.registry import Registry

_PATHS = {
    "md": "card/card.md", "html": "card/card.html", "json": "card/card.json", "croissant": "croissant.json",
    "eu-summary": "forms/eu-summary.md", "dps": "forms/dps.md",
}  # fmt: skip
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """What a pack shall be. `key`: file of the private key that signs; `fill`: answers of a person; `notes`: people's
    reasons and comments go in as well."""

    ref: str
    to: str
    key: str | None = None
    fill: str | None = None
    notes: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceResult:
    """A pack: its files with their sizes, how many of the log's `size` entries it quotes, who signed, what is open."""

    version: str
    file: str
    files: Mapping[str, int]
    entries: int
    size: int
    signed_by: str
    open: tuple[str, ...]
    left_out: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "version": self.version, "file": self.file, "files": dict(self.files), "entries": self.entries,
            "log_size": self.size, "signed_by": self.signed_by or None, "open": list(self.open),
            "left_out": list(self.left_out),
        }  # fmt: skip


def pack(registry: Registry, request: EvidenceRequest) -> EvidenceResult:
    """Write the pack, and a new checkpoint into the registry. A dry run writes neither, and `files` lacks the proofs.

    Raises NotFound, Damaged when the log is not in order, UsageError when the file exists or a key cannot sign.
    """
    target = Path(request.to)
    if target.exists() or not target.parent.is_dir():
        why = "exists" if target.exists() else "lies in no folder"
        raise UsageError(f"{target} {why}", "name a new file in a folder that there is")
    described = describe(registry, request.ref)
    entries = quoted(registry.store.log.entries(), described.facts.dataset)
    files, left_out = _about(registry, described, entries, request.notes)
    files |= _papers(registry, described, load_fill(request.fill))
    size, signed = len(registry.store.log.entries()), ""
    if not request.dry_run:
        proven = registry.audit.evidence([one.seq for one in entries], request.key)
        checkpoint = parse_checkpoint(proven["checkpoint"])
        size, signed = checkpoint.size, ", ".join(one.name for one in checkpoint.note.signatures)
        files |= proven
    files["verify.py"] = registry.audit.verifier().encode()
    files["README.txt"] = readme(
        version=described.facts.version, fingerprint=described.facts.fingerprint, entries=len(entries),
        size=size, signed=signed, notes=request.notes,
    ).encode()  # fmt: skip
    if not request.dry_run:
        digests = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
        files["manifest"] = registry.audit.seal(digests, request.key)
        _write_zip(target, files)
    sizes = {path: len(data) for path, data in sorted(files.items())}
    left = orjson.loads(files[_PATHS["json"]])["open"]
    return EvidenceResult(
        described.facts.version, str(target), sizes, len(entries), size, signed, tuple(left), tuple(left_out)
    )


def _about(
    registry: Registry, described: Described, entries: Sequence[Operation], notes: bool
) -> tuple[dict[str, bytes], list[str]]:
    """The version's own objects, the acts on it and what they name; and what was erased or is too large."""
    facts, objects = described.facts, registry.store.objects
    files = {"version/manifest.json": objects.get(facts.manifest)}
    curation = described.version.manifest.curation
    if curation is not None:
        files["version/curation.json"] = objects.get(curation)
    files["ledger.json"] = _json(_ledger(facts))
    files["acts.json"] = _json([orjson.loads(one.as_bytes()) for one in entries])
    left_out = []
    for named in named_objects(entries, notes):
        stat = registry.store.storage.stat(object_key(named.object))
        if stat is None or stat.bytes > MAX_FILE:
            left_out.append(f"{named.path}: {'erased' if stat is None else 'too large'}")
        else:
            files[named.path] = objects.get(named.object)
    return files, left_out


def _papers(registry: Registry, described: Described, fill: Fill) -> dict[str, bytes]:
    files = {}
    for form in FORMATS:
        paper = render_card(registry, described, form, fill)
        files[_PATHS[form]] = paper.text.encode("utf-8", "backslashreplace")
        if form in ("eu-summary", "dps"):
            files[f"forms/{form}.json"] = _json(paper.document)
    return files


def _ledger(facts: CardFacts) -> dict[str, Any]:
    """The ledger in numbers; null for a version that no curation made."""
    made = facts.curated
    if made is None:
        return {"version": facts.version, "curation": None}
    value = facts.as_json()["curated"]
    kept = {
        key: value[key]
        for key in ("read", "kept", "rejected", "malformed", "malformed_codes", "recipe_digest")
    }
    return {"version": facts.version, **kept, "stages": value["steps"]}


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"


def _write_zip(target: Path, files: Mapping[str, bytes]) -> None:
    """All of it or nothing, and never over a file that exists; the same files give the same bytes."""
    part = target.with_name(f".{target.name[:80]}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(files):
                info = zipfile.ZipInfo(path, _EPOCH)
                info.external_attr = 0o644 << 16
                packed.writestr(info, files[path], zipfile.ZIP_DEFLATED)
        os.link(part, target)
    except FileExistsError:
        raise UsageError(f"{target} exists", "name a new file") from None
    except OSError as error:
        raise StorageFailure(f"cannot write {target}: {error.strerror}", "check the folder") from None
    finally:
        part.unlink(missing_ok=True)
