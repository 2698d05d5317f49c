"""Redaction: placeholders for personal data, nothing else changed, and nothing changed twice."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.pii_patterns import TYPES, find, placeholder
from assay.kernels.redaction import DEPTH, count_payload, redact, redact_payload

PIECES = [
    "jo@b.org",
    "13812345678",
    "１３８１２３４５６７８",
    "212-555-0142",
    "528 6147",
    "phone: ",
    "微信号",
    "微信：",
    "abc_123456",
    "8.8.8.8",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "110101199003070134",
    "京A12345",
    "QQ",
    "[EMAIL]",
    "[",
    "]",
    "-",
    ".",
    " ",
    "，",
    "😀",
    "\ud800",
    "1",
    "a",
    "@",
    "{",
    '"',
    ":",
    "}",
]
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))


@pytest.mark.parametrize(
    ("text", "redacted", "counts"),
    [
        ("write to jo@b.org, or jo@c.org", "write to [EMAIL], or [EMAIL]", {"email": 2}),
        (
            "手机１３８１２３４５６７８😀，QQ123456",
            "手机[CN_MOBILE]😀，QQ[CN_ACCOUNT]",
            {"cn_mobile": 1, "cn_account": 1},
        ),
        ("nothing here", "nothing here", {}),
        ("[PHONE] 5286147", "[PHONE] 5286147", {}),
        ("ask 212-555-0142 about lot 52861471", "ask [PHONE] about lot 52861471", {"phone": 1}),
        ("", "", {}),
    ],
)
def test_hits_become_placeholders(text, redacted, counts):
    assert redact(text) == (redacted, counts)


@given(TEXTS)
def test_redacting_again_changes_nothing(text):
    once, counts = redact(text)
    assert redact(once) == (once, {})
    assert find(once) == []
    assert bool(counts) == (once != text)


@given(TEXTS, st.sets(st.sampled_from(TYPES)).map(tuple))
def test_only_the_types_asked_for_go(text, types):
    once, counts = redact(text, types)
    assert set(counts) <= set(types)
    assert redact(once, types) == (once, {})


@given(st.lists(st.sampled_from(TYPES), max_size=8), st.text(" ，a1-.:微", max_size=8))
def test_placeholders_are_never_personal_data(types, between):
    assert find(between.join(placeholder(name) for name in types)) == []


@given(TEXTS)
def test_what_is_no_hit_stays(text):
    expected, at = "", 0
    for hit in find(text):
        expected += text[at : hit.start] + placeholder(hit.type)
        at = hit.end
    expected += text[at:]
    # A second hit may have been hidden by the first; then more goes, and never less.
    redacted = redact(text)[0]
    assert redacted == (expected if not find(expected) else redact(expected)[0])


def call(arguments):
    function = {"name": "book", "arguments": arguments}
    return {
        "messages": [
            {
                "role": "assistant",
                "tool_calls": [{"id": "4111111111111111", "type": "function", "function": function}],
            }
        ]
    }


def arguments_of(payload):
    return payload["messages"][0]["tool_calls"][0]["function"]["arguments"]


def test_every_kind_of_payload():
    said = [{"role": "user", "content": "我是jo@b.org"}]
    gone = [{"role": "user", "content": "我是[EMAIL]"}]
    for payload, expected in [
        ({"messages": said}, {"messages": gone}),
        (
            {"prompt": said, "chosen": "jo@b.org", "rejected": said},
            {"prompt": gone, "chosen": "[EMAIL]", "rejected": gone},
        ),
        (
            {"prompt": "p", "completion": said, "label": True},
            {"prompt": "p", "completion": gone, "label": True},
        ),
        ({"text": "8.8.8.8", "label": "jo@b.org"}, {"text": "[IP]", "label": "[EMAIL]"}),
    ]:
        new, counts = redact_payload(payload)
        assert new == expected and counts == count_payload(payload)
        assert redact_payload(new) == (new, {})


def test_a_payload_without_hits_is_the_same_object():
    payload = {"messages": [{"role": "user", "content": "2024年共10000人"}]}
    assert redact_payload(payload)[0] is payload


def test_parts_of_a_message():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,4111111111111111"}}
    parts = [{"type": "text", "text": "card 4111111111111111"}, image]
    new, _ = redact_payload({"messages": [{"role": "user", "content": parts}]})
    assert new["messages"][0]["content"] == [{"type": "text", "text": "card [BANK_CARD]"}, image]


def test_arguments_spelled_as_json_stay_json():
    before = {"phone": "5286147", "n": 13812345678, "to": ["jo@b.org", None, 1.5], "ok": True}
    new, counts = redact_payload(call(json.dumps(before)))
    after = {"phone": "[PHONE]", "n": "[CN_MOBILE]", "to": ["[EMAIL]", None, 1.5], "ok": True}
    assert json.loads(arguments_of(new)) == after
    assert counts == {"phone": 1, "cn_mobile": 1, "email": 1}
    assert arguments_of(redact_payload(call(before))[0]) == after
    tool_call = new["messages"][0]["tool_calls"][0]
    assert (tool_call["id"], tool_call["function"]["name"]) == ("4111111111111111", "book")


def test_escaped_and_nested_json():
    inner = json.dumps({"手机": "13812345678"})
    new, _ = redact_payload(call(json.dumps({"body": inner})))
    assert json.loads(json.loads(arguments_of(new))["body"]) == {"手机": "[CN_MOBILE]"}
    escaped = '{"x": "\\u0031\\u0033\\u0038\\u0031\\u0032\\u0033\\u0034\\u0035\\u0036\\u0037\\u0038"}'
    assert json.loads(arguments_of(redact_payload(call(escaped))[0])) == {"x": "[CN_MOBILE]"}


def test_the_spelling_of_json_is_kept_where_it_can_be():
    new, _ = redact_payload({"text": '{\n  "mail": "jo@b.org",\n  "ok": true\n}'})
    assert new == {"text": '{\n  "mail": "[EMAIL]",\n  "ok": true\n}'}


def test_keys_are_counted_and_stay():
    payload = call({"jo@b.org": "8.8.8.8"})
    new, counts = redact_payload(payload)
    assert arguments_of(new) == {"jo@b.org": "[IP]"}
    assert (counts, count_payload(payload), count_payload(new)) == (
        {"ip": 1},
        {"ip": 1, "email": 1},
        {"email": 1},
    )


def test_what_is_nested_too_deeply_is_counted_and_stays():
    value = "jo@b.org"
    for _ in range(10 * DEPTH):
        value = [value]
    payload = {"text": "", "tools": value}
    assert redact_payload(payload) == (payload, {})
    assert count_payload(payload) == {"email": 1}
    brackets = {"text": "[" * 50_000 + '"jo@b.org"' + "]" * 50_000}
    assert count_payload(redact_payload(brackets)[0]) == {}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab手机qQphone", max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


def shape(value):
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return None


@given(JSON, st.booleans())
def test_any_arguments_keep_their_structure(value, as_text):
    arguments = json.dumps(value) if as_text else value
    payload = call(arguments)
    new, counts = redact_payload(payload)
    assert redact_payload(new) == (new, {})
    assert count_payload(new) == {}
    assert bool(counts) == (new != payload)
    if as_text and isinstance(value, dict | list):
        assert shape(json.loads(arguments_of(new))) == shape(value)
    elif not as_text:
        assert shape(arguments_of(new)) == shape(value)
