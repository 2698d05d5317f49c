"""Refs in all their forms; names that are safe for files."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.model.ref import Ref, check_label, check_name

DIGEST = "sha256:" + "ab12" * 16


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("helpdesk", Ref("helpdesk")),
        ("helpdesk:train", Ref("helpdesk", split="train")),
        ("helpdesk@v2", Ref("helpdesk", "number", "2")),
        ("helpdesk@v12:test", Ref("helpdesk", "number", "12", "test")),
        ("helpdesk@prod", Ref("helpdesk", "name", "prod")),
        ("helpdesk@vanilla", Ref("helpdesk", "name", "vanilla")),
        ("helpdesk@" + DIGEST, Ref("helpdesk", "fingerprint", DIGEST)),
        ("helpdesk@sha256:abcdef:train", Ref("helpdesk", "fingerprint", "sha256:abcdef", "train")),
        ("helpdesk@2026-11-01", Ref("helpdesk", "time", "2026-11-01")),
        ("helpdesk@2026-11-01:train", Ref("helpdesk", "time", "2026-11-01", "train")),
        ("helpdesk@2026-11-01T12:30Z:train", Ref("helpdesk", "time", "2026-11-01T12:30Z", "train")),
        ("客服@v1:训练", Ref("客服", "number", "1", "训练")),
        ("a.b-c_2", Ref("a.b-c_2")),
    ],
)
def test_every_form(text: str, expected: Ref) -> None:
    assert Ref.parse(text) == expected
    assert str(expected) == text
    assert expected.number == (int(expected.value or 0) if expected.kind == "number" else None)


@pytest.mark.parametrize(
    "text",
    [
        "", "@v1", ":train", "a@", "a:", "a@v1:", "a@v0:x:y", "a b", "a/b", "../a", "a..b", ".a", "a.", "-a",
        "a@sha256:xyz", "a@sha256:", "a@sha256:ABCDEF", "a@2026-13-01", "a@2026-02-30", "con", "NUL.txt",
        "lpt1", "_a",
        "e\u0301", "a\n", "a\x00", "a@v1@v2", "x" * 101,
    ],
)  # fmt: skip
def test_what_is_no_ref_says_why(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Ref.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["v1", "v20", "2026-11-01"])
def test_a_tag_cannot_look_like_a_version(name: str) -> None:
    assert check_name(name) == name
    with pytest.raises(UsageError):
        check_label(name)
    assert check_label(name + "-rc") == name + "-rc"


@given(st.text(max_size=12))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_ref_or_a_usage_error(text: str) -> None:
    try:
        ref = Ref.parse(text)
    except UsageError:
        return
    assert str(ref) == text
    assert not set(ref.dataset) & set('/\\:*?"<>|@ ')
