"""The YAML header of a Hugging Face card: what the hub and `datasets` read of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from assay.govern.card_facts import CardFacts, Column, Split
from assay.govern.filling import Fill
from assay.model.escape import spelled

SIZES: Final = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"),
                (10**7, "1M<n<10M"), (10**8, "10M<n<100M"), (10**9, "100M<n<1B"))  # fmt: skip

HEADER_KEYS: Final = ("pretty_name", "license", "annotations_creators", "source_datasets")
"""Keys of the header that no fact decides, or not always."""


def header(facts: CardFacts, fill: Fill) -> dict[str, Any]:
    """The header as plain values; keys that neither facts nor a person tell are absent."""
    found: dict[str, Any] = {
        "pretty_name": fill.text("pretty_name"),
        "license": fill.text("license"),
        "language": list(facts.told_languages),
        "size_categories": [size_category(facts.rows)],
        "task_categories": task_categories(facts),
        "annotations_creators": list(annotations_creators(facts, fill)),
        "source_datasets": list(fill.all("source_datasets")),
        "tags": tags(facts),
        **data_header(facts.splits, facts.columns),
    }
    return {key: value for key, value in found.items() if value}


def data_header(splits: Sequence[Split], columns: Sequence[Column]) -> dict[str, Any]:
    """What of the header says where the rows of each split lie and which types their columns have."""
    files = [{"split": split.files, "path": f"data/{split.files}-*.parquet"} for split in splits]
    sizes = [{"name": split.files, "num_bytes": split.bytes, "num_examples": split.rows} for split in splits]
    return {
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {"features": [_feature(column) for column in columns], "splits": sizes},
    }


def spelled_header(facts: CardFacts, fill: Fill) -> str:
    """The header between its two lines of dashes."""
    return between_dashes(header(facts, fill))


def between_dashes(value: Mapping[str, Any]) -> str:
    """A header as YAML between two lines of dashes."""
    text = yaml.safe_dump(dict(value), sort_keys=False, allow_unicode=True, width=110)
    if any(spelled(line, len(line)) != " ".join(line.split()) for line in text.splitlines()):
        text = yaml.safe_dump(
            dict(value), sort_keys=False, width=110
        )  # what hides or reorders is spelled as an escape
    return f"---\n{text}---\n"


def size_category(rows: int) -> str:
    """The hub's class of size."""
    return next((name for limit, name in SIZES if rows < limit), "n>1B")


def task_categories(facts: CardFacts) -> list[str]:
    """What follows from the payloads: answers and texts are generated, labelled texts are classified."""
    found = set()
    if facts.labelled:
        found.add("text-classification")
    if facts.rows > facts.labelled:
        found.add("text-generation")
    return sorted(found)


def annotations_creators(facts: CardFacts, fill: Fill) -> tuple[str, ...]:
    """What a person said, or what origins say: synthetic rows were made by machines, logs and web pages were found.

    Human rows name nobody: whether experts or a crowd wrote them is no fact of the registry.
    """
    told = fill.all("annotations_creators")
    if told:
        return told
    origins = set(facts.tally("origin").names)
    found = {"machine-generated"} if facts.synthetic else set()
    if origins & {"log", "web"}:
        found.add("found")
    return tuple(sorted(found))


def tags(facts: CardFacts) -> list[str]:
    """Kinds of payload that people search for, and whether there is anything synthetic."""
    named = {"preference": "preference", "messages": "conversational"}
    found = [tag for kind, tag in named.items() if facts.kinds.get(kind)]
    return found + (["synthetic"] if facts.synthetic else []) + ["croissant", "assay"]


_DTYPES: Final = {"string": "string", "bool": "bool", "int64": "int64", "float64": "float64", "json": "json"}


def _feature(column: Column) -> dict[str, Any]:
    if column.type == "messages":
        return {"name": column.name, "list": [_feature(inner) for inner in column.fields]}
    return {"name": column.name, "dtype": _DTYPES[column.type]}
