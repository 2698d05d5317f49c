"""Delta Lake, by delta-rs. What a version says of itself stands in the commit that made it (`commitInfo`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from assay.errors import MissingExtra, UsageError

try:
    from deltalake import CommitProperties, DeltaTable, write_deltalake
    from deltalake.exceptions import DeltaError
except ModuleNotFoundError:
    raise MissingExtra("Delta tables need the extra `delta`", "pip install 'assay-data[delta]'") from None


def standing(folder: Path, name: str) -> Mapping[str, str] | None:
    """What the newest commit of the table says. Raises UsageError for a table that cannot be read."""
    if not (folder / "_delta_log").is_dir():
        return None
    try:
        newest = DeltaTable(str(folder)).history(1)[0]
    except (DeltaError, OSError) as error:
        raise UsageError(
            f"the Delta table {folder} cannot be read: {error}", "name an empty folder"
        ) from None
    return {key: value for key, value in newest.items() if isinstance(value, str)}


def write(folder: Path, name: str, reader: pa.RecordBatchReader, properties: Mapping[str, str]) -> None:
    """Replace the table's rows in one commit; older versions stay readable until they are vacuumed."""
    write_deltalake(
        str(folder),
        reader,
        mode="overwrite",
        schema_mode="overwrite",
        name=name,
        commit_properties=CommitProperties(custom_metadata=dict(properties)),
    )
