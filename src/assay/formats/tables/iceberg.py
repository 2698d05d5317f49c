"""Iceberg, by PyIceberg, with a catalog of its own: `catalog.db` (SQLite) in the folder, the table `assay.NAME` in it.

What a version says of itself stands in the summary of its snapshot. The catalog holds absolute paths: a folder that is
moved must be exported again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from assay.errors import MissingExtra, UsageError

try:
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.exceptions import NoSuchTableError, ResolveError, ValidationError
    from pyiceberg.table import Table
except ModuleNotFoundError:
    raise MissingExtra(
        "Iceberg tables need the extra `iceberg`", "pip install 'assay-data[iceberg]'"
    ) from None

CATALOG, NAMESPACE = "catalog.db", "assay"


def identifier(name: str) -> tuple[str, str]:
    """The table of a dataset: its name with `_` for what is no letter, digit or `_`."""
    return NAMESPACE, re.sub(r"[^A-Za-z0-9_]", "_", name)


def standing(folder: Path, name: str) -> Mapping[str, str] | None:
    """What the summary of the newest snapshot says. Raises UsageError for a table that cannot be read."""
    if not (folder / CATALOG).is_file():
        return None
    with closing(_catalog(folder)) as catalog:
        try:
            snapshot = catalog.load_table(identifier(name)).current_snapshot()
        except NoSuchTableError:
            return None
        except (OSError, ValueError) as error:
            said = f"the Iceberg table in {folder} cannot be read: {error}"
            raise UsageError(
                said, "a folder that was moved must be exported anew: name an empty folder"
            ) from None
    if snapshot is None or snapshot.summary is None:
        return {}
    return dict(snapshot.summary.additional_properties)


def write(folder: Path, name: str, reader: pa.RecordBatchReader, properties: Mapping[str, str]) -> None:
    """Replace the table's rows; the last snapshot has the properties. Raises UsageError when a column of the table
    would change its type."""
    with closing(_catalog(folder)) as catalog:
        catalog.create_namespace_if_not_exists(NAMESPACE)
        schema = reader.schema.remove_metadata()
        table = catalog.create_table_if_not_exists(identifier(name), schema)
        _evolve(table, schema, folder)
        table.overwrite(reader, snapshot_properties=dict(properties))


def _evolve(table: Table, schema: pa.Schema, folder: Path) -> None:
    try:
        with table.update_schema() as update:
            update.union_by_name(schema)
    except (ValueError, ValidationError, ResolveError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UsageError(
            f"a column has another type than in the Iceberg table in {folder}: {reason}",
            "name an empty folder",
        ) from None


def _catalog(folder: Path) -> SqlCatalog:
    place = folder.absolute()
    return SqlCatalog(NAMESPACE, uri=f"sqlite:///{place / CATALOG}", warehouse=place.as_uri())
