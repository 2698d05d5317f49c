"""Digests of what stands between a version and a model: what was done to the rows, and what made text of them."""

from __future__ import annotations

import hashlib
import inspect
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assay.errors import NotFound, UsageError
from assay.model.canonical import canonical_json

Transform = Mapping[str, Any] | Callable[..., Any] | Path | str
"""What was done to the rows: a configuration, a function, a file of source, or its digest ("sha256:…")."""


def transform_digest(transform: Transform) -> str:
    """SHA-256 ("sha256:…") of what was done to the rows before a model saw them.

    A map: of its canonical JSON (RFC 8785), so that the order of keys does not matter. A function or class: of its
    source text without common indentation; what it calls, and values it closes over, are not looked at. A `Path`:
    of the file's bytes, as `sha256sum` has it. A digest is given back. Raises UsageError, NotFound.
    """
    if isinstance(transform, Path):
        if not transform.is_file():
            raise NotFound(f"no file {transform} to digest", "name the file that transforms the rows")
        with transform.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    if isinstance(transform, str):
        if _is_digest(transform):
            return transform
        raise UsageError(
            "a transform is a configuration, a function, a Path, or a digest (sha256: and 64 digits)",
            "pass pathlib.Path(name) for a file",
        )
    if isinstance(transform, Mapping):
        try:
            return _sha256(canonical_json(dict(transform)))
        except ValueError as error:
            raise UsageError(
                f"the configuration of a transform is no JSON: {error}", "leave values out that are no JSON"
            ) from None
    try:
        source = inspect.getsource(transform)
    except (OSError, TypeError):
        name = getattr(transform, "__qualname__", type(transform).__name__)
        raise UsageError(
            f"the source of {name} cannot be read", "give a Path, a configuration or a digest"
        ) from None
    return _sha256(textwrap.dedent(source).encode())


def chat_template_digest(template: str | Mapping[str, str] | None) -> str | None:
    """SHA-256 ("sha256:…") of a chat template's text in UTF-8; of several by name, of their canonical JSON; None
    for none. A digest is given back."""
    if template is None:
        return None
    if isinstance(template, str):
        return template if _is_digest(template) else _sha256(template.encode())
    return _sha256(canonical_json(dict(template)))


def _sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _is_digest(text: str) -> bool:
    digits = text.removeprefix("sha256:")
    return text.startswith("sha256:") and len(digits) == 64 and not set(digits) - set("0123456789abcdef")
