"""Tables without the libraries for them: the extra is named."""

import sys

import pytest

from assay.errors import MissingExtra

LIBRARIES = [("delta", "deltalake"), ("lance", "lance"), ("iceberg", "pyiceberg.catalog.sql")]


@pytest.mark.parametrize(("format", "library"), LIBRARIES)
def test_without_the_library_the_extra_is_named(registry, write, tmp_path, monkeypatch, format, library):
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"assay.formats.tables.{format}", raising=False)
    registry.import_("a", [write("a.jsonl", [{"text": "a"}])])
    with pytest.raises(MissingExtra, match=f"extra `{format}`") as error:
        registry.export("a", str(tmp_path / "t"), format=format)
    assert f"assay-data[{format}]" in error.value.hint and not (tmp_path / "t").exists()
