"""What MLflow is told of a version: name, digest, source and tags, as plain values.

MLflow keeps one entry a (name, digest) within an experiment, with the source that it was first given. The name is
therefore the whole ref: were it `helpdesk`, two splits of a version, or two versions of equal content, would share a
source. The digest is ours: MLflow's own leaves out columns that hold lists, which chats are, and rows after 10,000.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from assay.track.receipt import Receipt, tracker_digest
from assay.track.told import told
from assay.track.uri import VersionUri

SOURCE_TYPE: Final = "assay"
PREFIX: Final = "assay."
"""Tags of a run begin with it; metrics with "assay/", which MLflow's pages show as a group of their own."""
METRICS: Final = "assay/"
LONGEST_TAG: Final = 500
"""Characters that every store takes in a tag of an input, and in one of a run."""


@dataclass(frozen=True, slots=True)
class Described:
    """A version as MLflow keeps it: `source` and `profile` are JSON."""

    name: str
    digest: str
    source: str
    profile: str


def described(version: VersionUri, rows: int) -> Described:
    """The version, or the split, that `version` names, which has `rows` examples."""
    return Described(
        version.ref,
        tracker_digest(version.fingerprint),
        json.dumps({"uri": str(version)}),
        json.dumps({"num_rows": rows}),
    )


def tags(receipt: Receipt) -> dict[str, str]:
    """The tags of a run: what is told of its receipt, and the dataset's name, by which all its versions are found."""
    said = {name: str(value) for name, value in told(receipt).items()}
    said["dataset"] = receipt.version.partition("@")[0]
    return {PREFIX + name: value[:LONGEST_TAG] for name, value in sorted(said.items())}
