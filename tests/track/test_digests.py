"""Digests of transforms and chat templates, and the environment of a run."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import NotFound, UsageError
from assay.track.digests import chat_template_digest, transform_digest
from assay.track.environment import environment, environment_here

_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def shout(row: dict[str, str]) -> dict[str, str]:
    return {"text": row["text"].upper()}


def whisper(row: dict[str, str]) -> dict[str, str]:
    return {"text": row["text"].lower()}


@given(st.dictionaries(st.text(max_size=5), _values, max_size=5))
def test_the_order_of_keys_changes_nothing(config: dict[str, object]) -> None:
    turned = dict(reversed(config.items()))
    assert transform_digest(config) == transform_digest(turned)
    assert transform_digest(config | {"模板": 1}) != transform_digest(config | {"模板": 2})


def test_a_function_is_its_source_and_a_file_is_its_bytes(tmp_path: Path) -> None:
    assert transform_digest(shout) == transform_digest(shout) != transform_digest(whisper)
    file = tmp_path / "转换.py"
    file.write_bytes(b"rows = rows\n")
    assert transform_digest(file) == "sha256:" + hashlib.sha256(b"rows = rows\n").hexdigest()
    assert transform_digest(transform_digest(file)) == transform_digest(file)


@pytest.mark.parametrize("given", [len, "upper-case", "sha256:12", {"a": float("nan")}])
def test_what_has_no_digest_is_refused(given: object) -> None:
    with pytest.raises(UsageError) as error:
        transform_digest(given)  # type: ignore[arg-type]
    assert error.value.hint
    with pytest.raises(NotFound):
        transform_digest(Path("no/such/file.py"))


def test_a_chat_template_is_the_text_that_sha256sum_would_see() -> None:
    template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}。{% endfor %}"
    assert chat_template_digest(template) == "sha256:" + hashlib.sha256(template.encode()).hexdigest()
    assert chat_template_digest(None) is None
    several = chat_template_digest({"default": template, "tool_use": "x"})
    assert several == chat_template_digest({"tool_use": "x", "default": template}) != template


def test_the_environment_names_what_is_installed_and_nothing_else() -> None:
    def version_of(name: str) -> str:
        if name in ("torch", "assay-data"):
            return "1.2"
        raise PackageNotFoundError(name)

    found = environment(version_of, python="3.11.7", system="linux x86_64", accelerator="cpu")
    assert found == {
        "python": "3.11.7",
        "platform": "linux x86_64",
        "assay": "1.2",
        "torch": "1.2",
        "accelerator": "cpu",
    }
    assert {"python", "platform", "assay"} <= environment_here().keys()
