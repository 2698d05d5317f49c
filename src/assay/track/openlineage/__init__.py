"""OpenLineage as a tracker, and versions as its datasets; only posting needs the extra `openlineage`."""
