"""An evidence pack: which entries of the log it quotes, which objects those name, and what its reader is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from assay.model.operation import Operation
from assay.store.objects import NAME

NOTE: Final = "note"
README: Final = """An evidence pack of assay about {version}
{rule}

fingerprint  {fingerprint}
log entries  {entries} of {size}

Check it, with Python 3.11 or newer and nothing else (no network is used):

    python -I verify.py THIS.zip --key THEIR.pub

THEIR.pub is the public key of who signed, from them and not out of this file; without --key the key in here is used,
which proves only that the pack was not damaged. If you kept a checkpoint of the registry yourself, add
--checkpoint FILE: then a log that was rewritten since does not pass.
verify.py itself is in here; one that you have from elsewhere is better evidence than one that the pack brings along.

card/        the dataset card; what only a person can say is left blank and listed
croissant.json, forms/
             the same facts as Croissant 1.1, as the AI Act's summary of training content, and by the DPS
version/     the manifest of the version and the record of its curation, as the registry stores them: the log names
             the first by its SHA-256, and the first names the second
ledger.json  how many records were read, kept, rejected and malformed, by stage and reason
acts.json    who did what about this dataset, from the log
acts/        what those acts name: policies, findings, runs
log/, proofs/, checkpoint, checkpoints/
             the log's entries about this dataset and the whole registry, each with a proof that it is in the log
manifest     every file's SHA-256{signed}

What it does not prove: that the content is true or lawful; what happened outside the registry; anything before the
first checkpoint that somebody else kept. {notes}
"""

WITH_NOTES: Final = "People's notes are in here: they may hold personal data, and cannot be taken back."
WITHOUT_NOTES: Final = "People's notes (reasons, comments) are left out; the log names them by digest."


@dataclass(frozen=True, slots=True)
class Named:
    """An object that an act names: the field of the entry, and the object's name."""

    operation: int
    field: str
    object: str

    @property
    def path(self) -> str:
        """Where the pack has it."""
        field = "".join(char for char in self.field if char.isascii() and (char.isalnum() or char in "_-"))
        return f"acts/{self.operation:08d}-{field.lstrip('_-') or 'object'}.{self.object.partition('.')[2]}"


def quoted(entries: Iterable[Operation], dataset: str) -> list[Operation]:
    """The entries that a pack about a dataset quotes: its own and those of the whole registry, of no other dataset."""
    return [one for one in entries if one.dataset in (dataset, None)]


def named_objects(entries: Iterable[Operation], notes: bool) -> Iterator[Named]:
    """What acts that made no version name at the top of their bodies; people's notes only where asked for.

    Eval items and facts of examples (Parquet) are data and stay out; so do sets of ids.
    """
    for one in entries:
        made_version = "manifest" in one.body
        for field, value in sorted(one.body.items()):
            if not isinstance(value, str) or not NAME.fullmatch(value):
                continue
            if notes if field == NOTE else value.endswith(".json") and not made_version:
                yield Named(one.seq, field, value)


def readme(*, version: str, fingerprint: str, entries: int, size: int, signed: str, notes: bool) -> str:
    """The pack's README.txt. `signed`: who signed, empty for nobody."""
    title = f"An evidence pack of assay about {version}"
    return README.format(
        version=version,
        rule="=" * len(title),
        fingerprint=fingerprint,
        entries=entries,
        size=size,
        signed=f", signed by {signed}" if signed else "; nobody signed it",
        notes=WITH_NOTES if notes else WITHOUT_NOTES,
    )
