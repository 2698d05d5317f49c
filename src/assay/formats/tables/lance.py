"""Lance, by pylance. What a version says of itself stands in the metadata of its schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from assay.errors import MissingExtra, UsageError

try:
    import lance
except ModuleNotFoundError:
    raise MissingExtra("Lance tables need the extra `lance`", "pip install 'assay-data[lance]'") from None


def standing(folder: Path, name: str) -> Mapping[str, str] | None:
    """What the schema of the newest version says. Raises UsageError for a table that cannot be read."""
    if not (folder / "_versions").is_dir():
        return None
    try:
        metadata = lance.dataset(str(folder)).schema.metadata or {}
    except (ValueError, OSError) as error:
        raise UsageError(
            f"the Lance table {folder} cannot be read: {error}", "name an empty folder"
        ) from None
    return {key.decode(): value.decode("utf-8", "replace") for key, value in metadata.items()}


def write(folder: Path, name: str, reader: pa.RecordBatchReader, properties: Mapping[str, str]) -> None:
    """Replace the table's rows in one version; older versions stay readable until they are cleaned up."""
    metadata = {
        **(reader.schema.metadata or {}),
        **{key.encode(): value.encode() for key, value in properties.items()},
    }
    schema = reader.schema.with_metadata(metadata)
    batches = (batch.replace_schema_metadata(metadata) for batch in reader)
    mode = "overwrite" if (folder / "_versions").is_dir() else "create"
    lance.write_dataset(pa.RecordBatchReader.from_batches(schema, batches), str(folder), mode=mode)
