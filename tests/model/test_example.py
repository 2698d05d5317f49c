"""Ids are frozen: the same payload has the same id in every release, on every machine."""

from __future__ import annotations

import hashlib
import json
import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from assay.model.canonical import canonical_json
from assay.model.example import DOMAIN, Example, example_id, kind_of, views

# Frozen. A change here breaks every registry that exists.
# fmt: off
VECTORS = [
    (
        {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}]},
        '{"messages":[{"content":"Hello","role":"user"},{"content":"Hi.","role":"assistant"}]}',
     "d03fc914b85a3f3b0d6228fe4ae776d8fb7a7aa816e5dca5f07e00302d15aa96"),
    (
        {"prompt": "2+2=", "completion": "4", "label": True},
        '{"completion":"4","label":true,"prompt":"2+2="}',
     "d5ea9bc2a67ea2aa214ff876407f76678a68ba2fc39b869c5e60f5c24c88015c"),
    (
        {"prompt": "p", "chosen": "打印机", "rejected": "🖨"},
        '{"chosen":"打印机","prompt":"p","rejected":"🖨"}',
     "f1498794d7a12307e4edc0b7c78c0932d97a52fd65b7f84df2b9d20b73afe0df"),
    (
        {"text": 'a\u0000\u001f"\\/\u2028é\n'},
        '{"text":"a\\u0000\\u001f\\"\\\\/\u2028é\\n"}',
     "f90611d03e860c500ab367817c2a675406d25513d8e9aaab26f7bdc73879fcb0"),
    (
        {"text": "t", "label": 1e16},
        '{"label":10000000000000000,"text":"t"}',
     "877ffe8940ae8f79f1ad96415f844b0b73a89e1aa09c8f8428930422beb8a8c8"),
    (
        {"text": "t", "label": {"\ufb33": 1, "\U0001f600": 2}},
        '{"label":{"\U0001f600":2,"\ufb33":1},"text":"t"}',
     "2295d6d31cec14dace215cdff8acecc44b158a218da934f5bf76328c20cf8049"),
]
# fmt: on


@pytest.mark.parametrize(("payload", "spelled", "name"), VECTORS)
def test_frozen_vectors(payload, spelled, name):
    data = canonical_json(payload)
    assert data.decode() == spelled
    assert example_id(data).hex() == name
    assert example_id(data) == hashlib.sha256(DOMAIN + data).digest()
    assert Example.of(payload).name == name


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_canonical_json_is_that_of_the_rfc(value):
    assert canonical_json(value) == rfc8785.dumps(value)
    assert canonical_json(json.loads(canonical_json(value))) == canonical_json(value)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**53 + 1, 10**400, "\ud800", {"\udc00": 1}, {1: 2}, b"x"]
)
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(ValueError):
        canonical_json({"text": value})


def test_text_is_taken_as_it_is():
    texts = ["é", "e\u0301", "É", " é", "é ", "ｅ́"]
    assert len({Example.of({"text": text}).id for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("payload", "kind", "given", "said"),
    [
        (
            {
                "messages": [
                    {"role": "system", "content": "s"},
                    {"role": "user", "content": "u"},
                    {"role": "assistant", "content": "a"},
                ]
            },
            "messages",
            "s\nu",
            "a",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "u"}, {"type": "image_url"}]},
                    {"role": "assistant", "tool_calls": [{"id": "1"}]},
                ]
            },
            "messages",
            "u",
            '[{"id":"1"}]',
        ),
        ({"prompt": "p", "chosen": "c", "rejected": "r"}, "preference", "p", "c"),
        ({"prompt": [{"role": "user", "content": "p"}], "completion": "c"}, "completion", "p", "c"),
        ({"text": "t"}, "text", "", "t"),
        ({"text": "t", "label": "l"}, "text", "t", "l"),
        ({"text": "t", "label": 3}, "text", "t", "3"),
    ],
)
def test_views(payload, kind, given, said):
    assert (kind_of(payload), views(payload).input, views(payload).output) == (kind, given, said)


def test_a_payload_of_no_kind_is_refused():
    with pytest.raises(ValueError, match="a payload needs"):
        kind_of({"prompt": "p"})
