"""The README.md beside the shards that a server gives out: what `datasets` needs, and nothing that changes later.

The card of a version (`assay card`) tells more, and other things after a release or a run; under a commit there must
always be the same bytes. The wording is therefore fixed, too: a test holds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from assay.formats.hub import hub_splits
from assay.govern.header import feature, size_category
from assay.model.version import Manifest
from assay.registry.governing.describing import card_column

if TYPE_CHECKING:
    from assay.registry.export.kept_folder import KeptFolder

README = "README.md"


def hub_readme(manifest: Manifest, folder: KeptFolder) -> bytes:
    """The text, in UTF-8: splits with their files and rows, the columns, and the fingerprint."""
    splits = hub_splits(manifest.counts)
    rows = dict.fromkeys(splits.values(), 0)
    for one in folder.files():
        rows[_split_of(one.path)] += one.rows
    header: dict[str, Any] = {
        "size_categories": [size_category(sum(rows.values()))],
        "tags": ["assay"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": f"data/{name}-*.parquet"} for name in rows],
            }
        ],
        "dataset_info": {
            "features": [feature(card_column(column)) for column in folder.columns],
            "splits": [
                {"name": name, "num_bytes": folder.payload_bytes[split], "num_examples": rows[name]}
                for split, name in splits.items()
            ],
        },
    }
    spelled = yaml.safe_dump(header, sort_keys=False, allow_unicode=False, width=110)
    said = f"# {manifest.dataset}\n\n{sum(rows.values()):,} examples. Fingerprint: `{manifest.fingerprint}`\n"
    return f"---\n{spelled}---\n\n{said}".encode()


def _split_of(path: str) -> str:
    """`data/train-00000-of-00001.parquet` → `train`."""
    return path.removeprefix("data/").rsplit("-", 3)[0]
